# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, models
from odoo.fields import Domain

_MAX_OTHERS = 200  # of a Work Order, besides the usual ones


class FsmConfirmationRecipient(models.AbstractModel):
    """Whom a text about a Work Order can go to.

    Contacts are looked at with sudo: a dispatcher need not read every one of them.
    """

    _name = "fsm.confirmation.recipient"
    _description = "Job Confirmation Recipient"

    @api.model
    def _get_all(self, order):
        """Contacts of this customer or location, the usual one first, textable or not.

        An override point.

        :return: ``res.partner`` with sudo
        """
        nobody = self.env["res.partner"].sudo()
        self._read_usual(order)
        others = self._find_others([order])[order]
        return nobody.concat(*self._get_usual(order), *others)

    @api.model
    def _read_usual(self, orders):
        """Read the usual contacts of Work Orders in one query, of whatever field."""
        locations_sudo = orders.sudo().location_id
        partners_sudo = locations_sudo.contact_id | locations_sudo.owner_id
        (partners_sudo | locations_sudo.partner_id).mapped("active")

    @api.model
    def _get_usual(self, order):
        """The location's contact, its owner and the location itself, if active.

        :return: list, so that each is prefetched with those of other orders
        """
        found = self._get_usual_with_archived(order)
        return [partner for partner in found if partner.active]

    @api.model
    def _get_archived(self, order):
        """The usual contacts who are archived, so no longer proposed or texted.

        :return: ``res.partner`` with sudo
        """
        found = self._get_usual_with_archived(order)
        archived = [partner for partner in found if not partner.active]
        return self.env["res.partner"].sudo().concat(*archived)

    @api.model
    def _get_usual_with_archived(self, order):
        """:return: list of the usual contacts, archived ones too"""
        location_sudo = order.sudo().location_id
        found = (
            location_sudo.contact_id,
            location_sudo.owner_id,
            location_sudo.partner_id,
        )
        partners = dict.fromkeys(partner for partner in found if partner)
        return [partner for partner in partners if self._is_of_company(partner, order)]

    @api.model
    def _is_of_company(self, partner, order):
        """Whether a contact is everybody's, or of the order's company or one above."""
        company = partner.company_id
        return not company or company in order.company_id.sudo().parent_ids

    @api.model
    def _find_others(self, orders):
        """Further contacts of the customers and locations, in one query.

        :param orders: ``fsm.order`` records
        :return: dict order -> list of ``res.partner`` with sudo
        """
        found_sudo = self._search_others(orders)
        position = {partner: index for index, partner in enumerate(found_sudo)}
        at_location = found_sudo.grouped("service_location_id")
        below = defaultdict(list)
        for partner in found_sudo:
            parent = partner
            while parent:
                below[parent].append(partner)
                parent = parent.parent_id
        others = {}
        for order in orders:
            location_sudo = order.sudo().location_id
            owner_sudo = location_sudo.owner_id.commercial_partner_id
            mine = {*at_location.get(location_sudo, ()), *below[owner_sudo]}
            mine -= set(self._get_usual(order))
            mine = (partner for partner in mine if self._is_of_company(partner, order))
            others[order] = sorted(mine, key=position.get)[:_MAX_OTHERS]
        return others

    @api.model
    def _search_others(self, orders):
        """The contacts of all these customers and locations, with sudo."""
        locations_sudo = self.env["fsm.location"].sudo()
        locations_sudo = locations_sudo.concat(
            *(order.sudo().location_id for order in orders)
        )
        company_ids = {
            id_ for order in orders for id_ in order.company_id.sudo().parent_ids.ids
        }
        return (
            self.env["res.partner"]
            .sudo()
            .search(
                [
                    "|",
                    ("service_location_id", "in", locations_sudo.ids),
                    (
                        "id",
                        "child_of",
                        locations_sudo.owner_id.commercial_partner_id.ids,
                    ),
                    ("company_id", "in", [False, *company_ids]),
                    ("active", "=", True),
                ],
                limit=2 * _MAX_OTHERS * len(orders),
            )
        )

    @api.model
    def _choose(self, orders):
        """The first contact with a number that can be texted, the usual ones first.

        Without any, the first usual one: the alerts say what is wrong with it.

        :param orders: ``fsm.order`` records
        :return: dict order -> ``res.partner`` with sudo, maybe empty
        """
        self._read_usual(orders)
        usual = {order: self._get_usual(order) for order in orders}
        chosen = self._choose_textable(usual)
        rest = [order for order in orders if order not in chosen]
        if rest:
            chosen.update(self._choose_textable(self._find_others(rest)))
        return {
            order: chosen.get(order) or self._choose_untextable(order, usual[order])
            for order in orders
        }

    @api.model
    def _choose_untextable(self, order, partners):
        """Whom to propose although nobody can be texted: the alert is about them.

        Not the location itself when its contact is archived.

        :param partners: list of ``res.partner``, the usual contacts
        """
        if self._get_archived(order):
            partners = [partner for partner in partners if partner.phone]
        return next(iter(partners), self.env["res.partner"].sudo())

    @api.model
    def _choose_textable(self, candidates):
        """The first of each order's contacts that can be texted.

        :param candidates: dict order -> list of ``res.partner``
        :return: dict order -> ``res.partner``, without the orders that have none
        """
        textable = self._find_textable(
            (partner, order.company_id)
            for order, partners in candidates.items()
            for partner in partners
        )
        chosen = {}
        for order, partners in candidates.items():
            mine = [each for each in partners if (each, order.company_id) in textable]
            if mine:
                chosen[order] = mine[0]
        return chosen

    @api.model
    def _choose_another(self, order, known_id):
        """The first contact that can be texted, when a known one is of no use.

        :param known_id: id of the ``res.partner``
        :return: ``res.partner`` with sudo, maybe empty
        """
        company = order.company_id
        others = self._filter_textable(self._get_all(order), company)
        numbers = {
            partner: partner._get_confirmation_number(company)[0]
            for partner in others
            if partner.id != known_id
        }
        opted_out = self.env["phone.blacklist"]._job_confirmation_find_sudo(
            numbers.values()
        )
        free = (each for each, number in numbers.items() if number not in opted_out)
        return next(free, others.browse())

    @api.model
    def _filter_textable(self, partners, company):
        """Those with a mobile number, as far as it and earlier texts tell.

        :param company: ``res.company`` whose country a bare number belongs to
        """
        textable = self._find_textable((partner, company) for partner in partners)
        return partners.filtered(lambda partner: (partner, company) in textable)

    @api.model
    def _find_textable(self, pairs):
        """:param pairs: (``res.partner``, ``res.company``); :return: set of those"""
        numbers = {}
        for partner, company in pairs:
            if not partner.active:
                continue
            number, verdict = partner._get_confirmation_number(company)
            if verdict == "ok":
                numbers[partner, company] = number
        landlines, wrong = self._find_unreachable_sudo(numbers.values())
        return {
            (partner, company)
            for (partner, company), number in numbers.items()
            if number not in landlines and (partner, company, number) not in wrong
        }

    @api.model
    def _find_unreachable_sudo(self, numbers):
        """What earlier texts told of numbers, in one query.

        A carrier said that it is a landline; or who answered said that it is not the
        contact's, which stays so until the contact has another number or a person
        decides otherwise.

        :param numbers: E.164
        :return: set of numbers that are landlines; set of (``res.partner``,
            ``res.company``, number) of wrong ones
        """
        numbers = list(set(filter(None, numbers)))
        if not numbers:
            return set(), set()
        found = (
            self.env["fsm.confirmation"]
            .sudo()
            ._read_group(
                Domain("mobile", "in", numbers)
                & (
                    Domain("failure_type", "=", "landline")
                    | Domain("is_wrong_number", "=", True)
                ),
                ["mobile", "partner_id", "company_id"],
                ["failure_type:array_agg_distinct", "is_wrong_number:bool_or"],
            )
        )
        return (
            {
                mobile
                for mobile, *_who, failures, _wrong in found
                if "landline" in failures
            },
            {(*who, mobile) for mobile, *who, _failures, wrong in found if wrong},
        )

    @api.model
    def _is_recipient(self, order, partner):
        """Whether a text can go to a contact: one of :meth:`_get_all`.

        The usual ones are, which needs no look at all others.
        """
        return partner in self._get_usual(order) or partner in self._get_all(order)
