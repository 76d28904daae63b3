# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.orm.domains import DomainCondition, DomainOr


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
        if limit and order == self._order:
            order = self._get_order_for_days(Domain(domain)) or order
        return super()._search(domain, offset, limit, order, **kwargs)

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
