# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.orm.domains import DomainAnd

from ...core.board import MAX_EXAMINED
from ...core.phones import digits_to_find


class FsmAppointmentSearchMixin(models.AbstractModel):
    """How appointments are found: by name, number, job, tile or list of calls."""

    _name = "fsm.appointment.search.mixin"
    _description = "Search of Appointments"

    # For searching only, like the field of messages.
    appointment_search = fields.Char(
        "Name, Number or Job",
        search="_search_appointment_search",
        store=False,
        compute=False,
        exportable=False,
    )
    call_user_id = fields.Many2one(
        "res.users",
        "To Call By",
        search="_search_call_user_id",
        store=False,
        compute=False,
        exportable=False,
        help="The dispatcher who has it on the list of customers to call.",
    )

    def _search_appointment_search(self, operator, value):
        """The one search bar: a name, a company, a number or a job."""
        if operator == "in":
            return Domain.OR(
                self._search_appointment_search("ilike", each) for each in value
            )
        if operator != "ilike":
            return NotImplemented
        text = str(value or "").strip()
        names = ("contact_name", "company_name", "location_id", "job_name")
        found = Domain.OR(Domain(name, "ilike", text) for name in names)
        digits = digits_to_find(text)
        return found | Domain("mobile", "like", digits) if digits else found

    def _search_call_user_id(self, operator, value):
        """Those on the lists that the planner keeps for dispatchers."""
        if operator == "any":
            # With the user's rights: with sudo it would tell of all that a path leads
            # to from there.
            operator, value = "in", self.env["res.users"].search(value).ids
        if operator != "in":
            return NotImplemented
        lists_sudo = self.env["fsm.confirmation.call.list"].sudo()
        lists_sudo = lists_sudo.search(
            [
                ("user_id", operator, value),
                ("company_id", "in", self.env.companies.ids),
            ]
        )
        orders = Domain("order_id", "in", lists_sudo.order_ids.ids)
        orders &= Domain("visit_id", "=", False)
        return orders | Domain("visit_id", "in", lists_sudo.visit_ids.ids)

    def _search_board_state(self, _operator, _value):
        """Never called by a search: :meth:`_search` replaces the condition."""
        return NotImplemented

    def _search(self, domain, *args, **kwargs):
        return super()._search(self._find_states(Domain(domain)), *args, **kwargs)

    @api.model
    @api.readonly
    def web_search_read(self, domain, *args, **kwargs):
        # Rows and their count share one domain, so that states are computed once.
        domain = self._find_states(Domain(domain))
        return super().web_search_read(domain, *args, **kwargs)

    @api.model
    def _find_states(self, domain):
        """Replace conditions on ``board_state`` by ids of appointments.

        States are computed for all that the rest of the domain finds: usually a day.

        :raises UserError: the rest of the domain finds too many
        """

        def is_state(condition):
            return condition.field_expr == "board_state"

        def asks(part):
            return any(is_state(condition) for condition in part.iter_conditions())

        if not asks(domain):
            return domain
        parts = domain.children if isinstance(domain, DomainAnd) else [domain]
        rest = Domain.AND(part for part in parts if not asks(part))
        examined = self._examine_all(rest)

        def replace(condition):
            if not is_state(condition):
                return condition
            value = condition.value
            wanted = {value} if isinstance(value, str) else set(value or ())
            ids = [rec.id for rec, found in examined.items() if found.state in wanted]
            found = Domain("id", "in", ids)
            return ~found if condition.operator in ("!=", "not in") else found

        return domain.map_conditions(replace)

    @api.model
    def _examine_all(self, domain):
        """:return: dict ``fsm.appointment`` -> ``Examined``, of all that are found

        :raises UserError: there are too many
        """
        appointments = self.search(domain, limit=MAX_EXAMINED + 1)
        if len(appointments) > MAX_EXAMINED:
            raise UserError(
                self.env._(
                    "There are more than %s appointments here. Choose a day first.",
                    MAX_EXAMINED,
                )
            )
        return self.env["fsm.day.board"]._examine(appointments)
