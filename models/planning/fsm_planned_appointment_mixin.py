# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError

from ...core.planning import LOOKED_AT
from ..levels import check_may_edit
from ..xmlids import EDIT_GROUP, READ_GROUP

# Which plan an appointment has depends on these, besides its date and status.
_DECIDING = {
    "company_id",
    "confirmation_hold",
    "location_id",
    "order_id",
    "tag_ids",
    "team_id",
    "type",
}


class FsmPlannedAppointmentMixin(models.AbstractModel):
    """An appointment whose customer may be asked automatically."""

    _name = "fsm.planned.appointment.mixin"
    _description = "Appointment of a Plan"

    confirmation_hold = fields.Boolean(
        "Hold Automatic Texts",
        copy=False,
        groups=EDIT_GROUP,
        help="The customer is not asked automatically; a person can still send.",
    )
    confirmation_moved_date = fields.Datetime(
        "Appointment Changed On",
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="When its date or place last changed: both may change once more.",
    )
    confirmation_plan_info = fields.Text(
        "Asked Automatically",
        compute="_compute_confirmation_plan_info",
        compute_sudo=False,
        groups=READ_GROUP,
        help="When the customer is asked next, or why not.",
    )

    # The planner looks for what is due by these.
    _plan_index = models.Index(
        f"(company_id, scheduled_date_start) WHERE confirmation_status IN {LOOKED_AT}"
    )

    @api.depends("confirmation_status", "scheduled_date_start", "confirmation_hold")
    @api.depends_context("uid", "tz", "lang")
    def _compute_confirmation_plan_info(self):
        words = self.env["fsm.confirmation.plan.words"]
        # Odoo evaluates paths as superuser, where the field's groups don't hold.
        user = self.env.user
        shown = self.env.uid == SUPERUSER_ID or user.has_group(READ_GROUP)
        described = words._describe_appointments(self._origin) if shown else {}
        for appointment in self:
            appointment.confirmation_plan_info = described.get(appointment._origin)

    def _get_planned_appointments(self):
        """The appointments of this record that can be asked about: list."""
        return [self]

    @api.model
    def default_get(self, fields):
        # Any user may store a default, but only Edit may hold texts.
        values = super().default_get(fields)
        values.pop("confirmation_hold", None)
        return values

    def write(self, vals):
        if "confirmation_hold" in vals and not self.env.su:
            check_may_edit(self.env)
        result = super().write(vals)
        if vals.keys() & _DECIDING:
            outlooks = self.env["fsm.confirmation.outlook"]
            orders = self._get_appointment_order()
            outlooks._forget_sudo(orders)
            if vals.get("confirmation_hold"):
                about = [("order_id", "in", orders.ids)]
                self.env["fsm.confirmation.planner"]._stop_held(about)
        return result

    def _get_settled_date(self):
        """From when on its date is asked about after a change, None without one."""
        moved = self.sudo().confirmation_moved_date
        company = self._get_appointment_order().company_id
        minutes = company.job_confirmation_notice_minutes
        return moved + timedelta(minutes=minutes) if moved else None

    def _is_held(self):
        """Whether automatic texts about it are held: a Work Order holds its visits."""
        order = self._get_appointment_order()
        return self.confirmation_hold or order.confirmation_hold

    def _set_held_sudo(self, held):
        self.sudo().confirmation_hold = held

    def action_hold_confirmation(self):
        """Hold automatic texts about the appointment back, or release them.

        :raises UserError: the Work Order of a visit is held
        """
        check_may_edit(self.env)
        self.check_access("read")
        for appointment in self:
            held = not appointment.sudo().confirmation_hold
            order = appointment._get_appointment_order()
            if appointment != order and order.sudo().confirmation_hold:
                raise UserError(
                    self.env._("All of %s is held: resume it there.", order.name)
                )
            appointment._set_held_sudo(held)
            sentence = (
                self.env._("Automatic texts are held.")
                if held
                else self.env._("Automatic texts are sent again.")
            )
            chatter = self.env["fsm.confirmation.chatter"]
            chatter._log([order], sentence, order.sudo().company_id)
