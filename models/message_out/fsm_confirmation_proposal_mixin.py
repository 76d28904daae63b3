# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...tools.dialogs import open_dialog


class FsmConfirmationProposalMixin(models.AbstractModel):
    """The other time that a customer proposed in reply to a message."""

    _name = "fsm.confirmation.proposal.mixin"
    _inherit = ["fsm.technical.fields.mixin"]
    _description = "Time Proposed in Reply to a Confirmation"

    proposed_date = fields.Datetime(
        "Proposed Time",
        readonly=True,
        help="Another time that the customer proposed, for a person to decide.",
    )
    proposed_text = fields.Char(
        "Customer Proposes",
        compute="_compute_proposed_text",
        help="Where the work happens.",
    )
    has_proposed_hour = fields.Boolean(
        readonly=True,
        help="The customer named an hour, not only a day.",
        technical=True,
    )

    times_text = fields.Char(
        "Proposed Times (text)",
        compute="_compute_times_text",
        groups="base.group_system",
        technical=True,
    )

    @api.depends("order_id", "timezone")
    @api.depends_context("lang", "confirmation_times")
    def _compute_times_text(self):
        """The times that are being proposed, with their letters, for the template."""
        starts = self.env.context.get("confirmation_times") or ()
        for record in self:
            reader = record.partner_id.sudo().tz or None
            order_sudo = record.order_id.sudo()
            # As the place is now, which is where they are for.
            zone = order_sudo and order_sudo._get_appointment_timezone()
            record.times_text = order_sudo._describe_times(zone, starts, reader)

    @api.depends("proposed_date", "has_proposed_hour")
    @api.depends_context("uid", "tz", "lang")
    def _compute_proposed_text(self):
        reader = self.env["fsm.order"]._get_reader_timezone()
        for record in self:
            start = record.proposed_date
            order_sudo = record.order_id.sudo()
            if not start or not order_sudo:
                record.proposed_text = False
                continue
            zone = record._get_timezone()
            parts = [order_sudo._format_date_in(zone, start)]
            if record.has_proposed_hour:
                parts.append(order_sudo._format_time_in(zone, start, reader=reader))
            record.proposed_text = ", ".join(parts)

    def action_move_as_proposed(self):
        """Open the dialog that moves the appointment to what the customer proposed."""
        self.ensure_one()
        self.check_access("write")
        return open_dialog(
            self.env._("Set the Proposed Time"),
            "fsm.confirmation.settle",
            default_action="move",
            default_confirmation_id=self.id,
            default_scheduled_date_start=self.proposed_date,
        )

    def action_reschedule(self):
        """Open the dialog that moves the appointment to another date."""
        action = self.action_move_as_proposed()
        action["name"] = self.env._("Set a New Date")
        appointment_sudo = self._get_appointment_sudo()
        start = appointment_sudo and appointment_sudo.scheduled_date_start
        action["context"]["default_scheduled_date_start"] = start
        return action
