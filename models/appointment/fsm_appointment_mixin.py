# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError

READ_GROUP = "fieldservice_job_confirmation.group_message_center_read"
EDIT_GROUP = "fieldservice_job_confirmation.group_message_center_edit"

CONFIRMATION_STATUS = [
    ("not_sent", "Not sent"),
    ("awaiting", "Awaiting answer"),
    ("confirmed", "Confirmed"),
    ("declined", "Declined"),
    ("opted_out", "Opted out"),
    ("unrecognized", "Unrecognized"),
    ("reconfirm", "Ask again"),
]
# A Work Order with several upcoming visits shows the first of these that occurs.
URGENCY = (
    "declined",
    "opted_out",
    "unrecognized",
    "reconfirm",
    "awaiting",
    "not_sent",
    "confirmed",
)


class FsmAppointmentMixin(models.AbstractModel):
    """What a customer can be asked to confirm: a Work Order or one of its Visits."""

    _name = "fsm.appointment.mixin"
    _description = "Appointment"

    confirmation_status = fields.Selection(
        CONFIRMATION_STATUS,
        default="not_sent",
        required=True,
        copy=False,
        tracking=True,
        index=True,
        groups=READ_GROUP,
        help="What the customer answered about this appointment.",
    )

    def _get_appointment_order(self):
        """The ``fsm.order`` that this appointment belongs to."""
        raise NotImplementedError

    def _get_appointment_confirmations_sudo(self, domain=()):
        """Confirmations about exactly this appointment, newest first.

        :param domain: only those; all of them without one
        """
        raise NotImplementedError

    def _is_appointment_closed(self):
        """Whether the work is done or canceled, so that no answer matters."""
        self.ensure_one()
        stage = self._get_appointment_order().stage_id
        return stage.id in stage._get_closed_ids()

    def _is_appointment_upcoming(self):
        """Whether it is still to come."""
        self.ensure_one()
        start = self.scheduled_date_start
        return bool(start and start > fields.Datetime.now())

    def _set_confirmation_status_sudo(self, status):
        """Set the status because of an answer, not by hand.

        The answer itself is in the history, so this change is not tracked again.
        """
        changed_sudo = self.sudo().filtered(
            lambda rec: rec.confirmation_status != status
        )
        changed_sudo.with_context(
            tracking_disable=True, job_confirmation_automatic=True
        ).write({"confirmation_status": status})

    def _stop_waiting_sudo(self):
        """A question is gone: without another one nobody waits for an answer."""
        for appointment_sudo in self.sudo():
            if appointment_sudo.confirmation_status == "awaiting":
                appointment_sudo._set_confirmation_status_sudo(
                    appointment_sudo._get_known_status_sudo()
                )

    def _get_known_status_sudo(self):
        """What the messages that reached the customer tell, the newest first.

        Who has confirmed the old date, and was not reached about the new one, is to be
        asked again and not "not asked".
        """
        self.ensure_one()
        messages_sudo = self._get_appointment_confirmations_sudo()
        if any(messages_sudo.mapped("is_open")):
            return "awaiting"
        for message_sudo in messages_sudo:
            response = message_sudo.response
            if not response and message_sudo.state in ("failed", "canceled"):
                continue
            stale = message_sudo._get_stale_reason()
            if stale == "moved":
                return "reconfirm"
            if not stale and response == "opted_out":
                return message_sudo._get_opt_out_status()
            if not stale and response in ("confirmed", "declined", "unrecognized"):
                return response
        return "not_sent"

    def _check_may_settle(self, vals):
        """:raises AccessError: the status is set by somebody without Edit"""
        if (
            "confirmation_status" in vals
            and not self.env.su
            and not self.env.user.has_group(EDIT_GROUP)
        ):
            raise AccessError(
                self.env._(
                    "Only users with the Message Center level Edit can change the "
                    "confirmation status. Ask an administrator for it."
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        # Cards that are grouped by the status give a new one its column's.
        name = "confirmation_status"
        default = self.env.context.get(f"default_{name}")
        for vals in vals_list:
            status = vals.get(name, default)
            if status and status != "not_sent":
                self._check_may_settle({name: status})
        return super().create(vals_list)

    def write(self, vals):
        self._check_may_settle(vals)
        if (
            vals.keys() == {"confirmation_status"}
            and not self.env.su
            and not self.has_access("write")
        ):
            # Edit settles answers with no right beyond reading Work Orders.
            self.check_access("read")
            return self.sudo().write(vals)
        watched = "scheduled_date_start" in vals
        before = {rec: rec.scheduled_date_start for rec in self} if watched else {}
        by_hand = self.browse()
        status = vals.get("confirmation_status")
        if status and not self.env.context.get("job_confirmation_automatic"):
            by_hand = self.filtered(
                lambda rec: rec.sudo().confirmation_status != status
            )
        result = super().write(vals)
        by_hand._on_status_set_by_hand(status)
        if watched:
            moved = self.filtered(lambda rec: rec.scheduled_date_start != before[rec])
            moved._on_appointment_moved()
        return result

    def _on_status_set_by_hand(self, status):
        """A person settled the answer here: what it asked for is done, or changes."""
        for appointment in self:
            asked_sudo = appointment._get_appointment_confirmations_sudo(
                [("activity_id", "!=", False)]
            )
            for record_sudo in asked_sudo:
                if record_sudo.activity_id.active:
                    record_sudo._update_activity(status)

    def _on_appointment_moved(self):
        """The date changed: what the customer was asked is no longer true."""
        for appointment in self:
            confirmations_sudo = appointment._get_appointment_confirmations_sudo()
            if not confirmations_sudo:
                continue
            confirmations_sudo._close_sudo("moved")
            # Another date was agreed on; what else was to be done stays.
            confirmations_sudo.filtered(
                lambda rec: rec.response == "declined" and not rec.needs_reading
            )._close_activities()
            status = appointment.sudo().confirmation_status
            if status in ("awaiting", "confirmed", "declined", "unrecognized"):
                appointment._set_confirmation_status_sudo("reconfirm")
                status = "reconfirm"
            if status == "reconfirm":
                # Moved back, maybe: what reached the customer last decides.
                reached_sudo = confirmations_sudo.filtered(
                    lambda rec: rec.response or rec._may_have_arrived()
                )
                reached_sudo[:1]._take_up_again()

    def _on_appointment_closed(self):
        """The work was canceled or completed: nobody waits for an answer now."""
        for appointment in self:
            confirmations_sudo = appointment._get_appointment_confirmations_sudo()
            confirmations_sudo._close_sudo("closed")
            confirmations_sudo._close_activities()
