# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, api, fields, models
from odoo.fields import Domain

from ...core.kinds import QUESTION
from ...core.phones import ways_to_write


class FsmConfirmationOptOut(models.AbstractModel):
    """What follows when a customer opts out, or in again."""

    _name = "fsm.confirmation.opt.out"
    _description = "Opting Out and In"

    @api.model
    def _opt_out_sudo(self, number, records, source, words="", company=None):
        """Opt a number out: list it, close its open questions, log it.

        :param number: E.164
        :param records: ``fsm.confirmation`` records that this opt-out answers
        :param source: a key of ``phone.blacklist.opt_out_source``
        :param company: ``res.company`` when it answers no message
        :return: the entry of the blacklist, with sudo
        """
        company = company or records.sudo().company_id
        entry_sudo = self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
            number, source, words, company
        )
        values = {
            "response": "opted_out",
            "is_open": False,
            "closed_reason": "answered",
        }
        if source == "user":
            values.update(
                resolved_date=fields.Datetime.now(),
                needs_reading=False,
                read_after=False,
            )
        else:
            values["reply_date"] = fields.Datetime.now()
        records_sudo = records.sudo()
        responses = self.env["fsm.confirmation.response"]
        for record_sudo in records_sudo:
            # What a person enters isn't the customer's text.
            said = words if source != "user" else ""
            responses._store_response(record_sudo, values, said or None)
            self.env["fsm.confirmation.activity"]._update(record_sudo, "opted_out")
        company = company or records_sudo.company_id
        partners_sudo = records_sudo.partner_id or self._find_partners_sudo(
            number, company
        )
        self._log_opt_out(entry_sudo, partners_sudo, company)
        self.env["fsm.confirmation.proposal"]._withdraw_from(number, company)
        # What waited to be asked about again can't be asked about now.
        for record_sudo in self._find_newest_sudo(number, company, "reconfirm"):
            self._on_opt_out_without_question(record_sudo)
        return entry_sudo

    @api.model
    def _opt_out_by_hand(self, number, record_sudo, appointment=None):
        """Opt a number out because a person knows of it: the same as by text.

        :param number: E.164
        :param record_sudo: the ``fsm.confirmation`` that this answers, maybe none
        :param appointment: whose status says so already
        """
        about = record_sudo.order_id or appointment._get_appointment_order()
        company = record_sudo.company_id or about.sudo().company_id
        open_sudo = record_sudo.search(
            [
                ("mobile", "=", number),
                ("company_id", "=", company.id),
                ("is_open", "=", True),
            ]
        )
        words = record_sudo.reply_body or ""
        self._opt_out_sudo(number, record_sudo | open_sudo, "user", words, company)

    @api.model
    def _opt_out_blocked_sudo(self, numbers):
        """Stop waiting for answers from numbers that take no more texts.

        :param numbers: E.164
        """
        open_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search([("mobile", "in", list(numbers)), ("is_open", "=", True)])
        )
        for number, records_sudo in open_sudo.grouped("mobile").items():
            self._opt_out_sudo(number, records_sudo, "user")

    @api.model
    def _opt_out_contact(self, partner, number, reason):
        """Opt a contact out because a person knows of it, whether asked or not.

        :param number: E.164
        """
        companies = self.env.companies
        open_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    ("mobile", "=", number),
                    ("company_id", "in", companies.ids),
                    ("is_open", "=", True),
                ]
            )
        )
        company = open_sudo.company_id | self.env.company
        self._opt_out_sudo(number, open_sudo, "user", company=company)
        if reason:
            note = self.env._("Reason for opting out: %s", reason)
            self.env["fsm.confirmation.chatter"]._log([partner], note, self.env.company)

    @api.model
    def _on_lifted(self, number, partners, note):
        """React to a person who allowed texts to a number again.

        :param number: E.164
        :param partners: ``res.partner`` whose histories say so
        :param note: what they say
        """
        chatter = self.env["fsm.confirmation.chatter"]
        chatter._log(partners, note, self.env.company)
        self.env["fsm.confirmation.activity"]._close(
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    ("mobile", "=", number),
                    ("response", "=", "opted_out"),
                    ("activity_id", "!=", False),
                ]
            )
        )
        self._opt_in_sudo(number, lifted_by=self.env.companies)

    @api.model
    def _log_opt_out(self, entry_sudo, partners, companies):
        """Write into contacts' histories when and how they opted out.

        Each company reads its own note: only one of them knows the words.
        """
        for company in companies:
            opt_out = entry_sudo._job_confirmation_describe(company)
            self.env["fsm.confirmation.chatter"]._log(partners, opt_out, company)

    @api.model
    def _find_partners_sudo(self, number, company):
        """Contacts with a number, of a company or of all."""
        partners_sudo = self.env["res.partner"].sudo()
        company_ids = [False, *(company.ids if company else [])]
        return partners_sudo.search(
            [
                ("phone_sanitized", "in", ways_to_write(number)),
                ("company_id", "in", company_ids),
            ],
            limit=10,
        )

    @api.model
    def _on_opt_out_without_question(self, record):
        """Have a person call a customer who opted out while nothing was asked.

        An appointment that waits to be asked about again can't be asked about now.
        """
        self.env["fsm.confirmation.activity"]._update(record, "opted_out")
        appointment_sudo = record._get_appointment_sudo()
        if appointment_sudo.confirmation_status == "reconfirm":
            appointment_sudo._set_confirmation_status_sudo("opted_out")
        record._notify_changed()

    @api.model
    def _opt_in_sudo(self, number, lifted_by=()):
        """Allow texts to a number again, and reopen what its opt-out took back.

        The list of numbers is shared by all companies, so this holds for all of them.

        :param number: E.164
        :param lifted_by: ``res.company`` records whose user has just done it, and needs
            no reminder
        """
        companies_sudo = self.env["res.company"].sudo().search([])
        for record_sudo in self._find_newest_sudo(number, companies_sudo, "opted_out"):
            appointment_sudo = record_sudo._get_appointment_sudo()
            appointment_sudo._set_confirmation_status_sudo("reconfirm")
            is_own = record_sudo.company_id in lifted_by
            # Another company needn't know who lifted it.
            env = (self if is_own else self.with_user(SUPERUSER_ID)).env
            note = self.env._(
                "The customer opted back in: send %s again.",
                record_sudo.name,
            )
            env["fsm.confirmation.response"]._log(record_sudo, note)
            wanted = "resolved" if is_own else "ask_again"
            env["fsm.confirmation.activity"]._update(record_sudo, wanted)
            record_sudo._notify_changed()
        for appointment_sudo in self._find_opted_out_unasked_sudo(
            number, companies_sudo
        ):
            appointment_sudo._set_confirmation_status_sudo("not_sent")

    @api.model
    def _find_opted_out_unasked_sudo(self, number, companies):
        """Appointments of a number that a person opted out before anything was asked.

        :return: list of ``fsm.order`` and ``fsm.visit``, with sudo
        """
        ways = ways_to_write(number)
        whose = Domain.OR(
            [(f"location_id.{name}.phone_sanitized", "in", ways)]
            for name in ("contact_id", "owner_id", "partner_id")
        )
        opted_out = Domain("confirmation_status", "=", "opted_out")
        opted_out &= Domain("confirmation_ids", "=", False)
        opted_out &= Domain("company_id", "in", companies.ids)
        orders_sudo = self.env["fsm.order"].sudo()
        visits_sudo = self.env["fsm.visit"].sudo()
        found_sudo = orders_sudo.search(
            opted_out & whose & Domain("visit_ids", "=", False)
        )
        of_visits = Domain("order_id", "any", whose)
        return [*found_sudo, *visits_sudo.search(opted_out & of_visits)]

    @api.model
    def _find_newest_sudo(self, number, companies, status):
        """The newest message to a number about each coming appointment of a status.

        :param number: E.164
        :param status: a key of ``confirmation_status``
        """
        found_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    ("mobile", "=", number),
                    ("company_id", "in", companies.ids),
                    ("kind", "=", QUESTION),
                ],
                limit=100,
            )
        )
        newest = {}
        for record_sudo in found_sudo:
            newest.setdefault(record_sudo._get_appointment_sudo(), record_sudo.id)
        return found_sudo.browse(
            id_
            for appointment_sudo, id_ in newest.items()
            if appointment_sudo
            and appointment_sudo.confirmation_status == status
            and appointment_sudo.company_id in companies
            and appointment_sudo._is_appointment_upcoming()
            and not appointment_sudo._is_appointment_closed()
        )
