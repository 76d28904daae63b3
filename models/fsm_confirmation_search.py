# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

_BOUNDS = (">", ">=", "<", "<=")


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
    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """Newest first within a range of sent dates: by the index of the dates.

        By id it would begin with the newest message and walk to the range.
        """
        if limit and order == self._order and self._is_sent_range(domain):
            order = "sent_date desc, id desc"
        return super()._search(
            domain, offset=offset, limit=limit, order=order, **kwargs
        )

    @api.model
    def _is_sent_range(self, domain):
        """Whether only messages within a range of sent dates can match."""
        terms = list(Domain(domain))
        if "|" in terms or "!" in terms:
            return False
        conditions = [term for term in terms if term != "&"]
        return any(
            name == "sent_date" and operator in _BOUNDS
            for name, operator, _value in conditions
        )
