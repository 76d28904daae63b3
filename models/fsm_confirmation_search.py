# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import copy

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.orm.domains import DomainCondition, DomainOr
from odoo.tools import SQL

from .fsm_confirmation_name import NAME_FIELDS

# So many messages are sorted faster than one walks through all to meet the newest.
FEW = 5000


class FsmConfirmation(models.Model):
    """Searching that an index answers, at any number of messages."""

    _inherit = "fsm.confirmation"

    message_search = fields.Char(
        "Contact, Company, Number or Job",
        search="_search_message_search",
        store=False,
        compute=False,
    )

    def _search_message_search(self, operator, value):
        """The one search bar: a name, a company, a number, a job, a Message ID.

        Each alternative has an index of its own; one without would mean that every
        message is looked at.
        """
        if operator == "in":
            return Domain.OR(self._search_message_search("ilike", val) for val in value)
        if operator != "ilike":
            return NotImplemented
        text = str(value or "").strip()
        return Domain.OR(
            [
                Domain("name", "in", list({text, text.upper()})),
                Domain("contact_name", "ilike", text),
                Domain("company_name", "ilike", text),
                Domain("job_name", "ilike", text),
                Domain("mobile_search", "ilike", text),
            ]
        )

    @api.model
    def _find_by_whole_names(self, domain):
        """Ask for whole names instead of a part of one: these are found much faster.

        :return: (the domain, whether it has several names for one part)
        """
        found = {}

        def is_text(condition):
            return (
                condition.operator == "ilike"
                and isinstance(condition.value, str)
                and condition.value.strip()
            )

        def open_search_bar(condition):
            if condition.field_expr == "message_search" and is_text(condition):
                return self._search_message_search("ilike", condition.value)
            return condition

        def ask_for_names(condition):
            field_name, text = condition.field_expr, condition.value
            if field_name not in NAME_FIELDS or not is_text(condition):
                return condition
            if text not in found:
                self.flush_model(NAME_FIELDS)
                found[text] = self.env["fsm.confirmation.name"]._find_sudo(text)
            if found[text] is None:
                return condition
            return Domain(field_name, "in", found[text][field_name])

        domain = Domain(domain).map_conditions(open_search_bar)
        domain = domain.map_conditions(ask_for_names)
        lists = [texts for names in found.values() if names for texts in names.values()]
        return domain, any(len(texts) > 1 for texts in lists)

    @api.model
    def _are_few(self, query):
        """Whether a query without its limit finds few messages."""
        every = copy.copy(query)
        every.order = None
        every.offset = None
        every.limit = FEW + 1
        return len(every) <= FEW

    @api.readonly
    def web_read(self, specification):
        """A page shows the names of users; Odoo reads all there is about each."""
        if len(self) > 1 and "user_id" in specification:
            users_sudo = self.user_id.sudo()
            users_sudo.fetch(["partner_id"])
            users_sudo.partner_id.fetch(["name"])
        return super().web_read(specification)

    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """Newest first also means: of the days that are looked at, in an index's order.

        Ids and dates go hand in hand, which PostgreSQL does not know: for a week of
        last year it would walk through everything that was sent since.
        """
        domain, several = self._find_by_whole_names(domain)
        newest_first = limit and order == self._order
        if newest_first:
            order = self._get_order_for_days(domain) or order
        query = super()._search(domain, offset, limit, order, **kwargs)
        if newest_first and order == self._order and several and self._are_few(query):
            # PostgreSQL takes them for more than they are, and would walk.
            query.order = SQL("%s + 0 DESC", SQL.identifier(self._table, "id"))
        return query

    @api.model
    def _get_order_for_days(self, domain):
        """:return: the order for a range of days, or "" when there is none"""
        conditions = [domain, *getattr(domain, "children", ())]
        bounds = {
            (condition.field_expr, condition.operator[0])
            for condition in conditions
            if isinstance(condition, DomainCondition)
            and condition.operator in ("<", "<=", ">", ">=")
        }
        if isinstance(domain, DomainOr):
            return ""
        if ("appointment_start", ">") in bounds:
            return "appointment_start, id"  # As the day will go.
        if ("appointment_start", "<") in bounds:
            return "appointment_start desc, id desc"
        if bounds & {("sent_date", "<"), ("sent_date", ">")}:
            return "sent_date desc, id desc"
        return ""
