# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import babel_locale_parse
from odoo.tools.misc import get_lang

from ...core import status
from ...core.formatting import format_date, format_time_range
from ...tools.export import harmless_columns
from ..levels import check_may_edit
from ..xmlids import READ_GROUP

RESPONSES = [
    ("confirmed", "Confirmed"),
    ("declined", "Declined"),
    ("opted_out", "Opted out"),
    ("unrecognized", "Unrecognized"),
]
CONFIRMATION_STATUS = [
    ("not_sent", "Not sent"),
    ("awaiting", "Awaiting response"),
    *RESPONSES,
    ("reconfirm", "Ask again"),
]


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

    confirmation_note = fields.Text(
        "Customer's Note",
        compute="_compute_confirmation_note",
        compute_sudo=False,
        help="What the customer added to the answer that counts. Also for the "
        "technician who goes there.",
    )

    @api.depends("confirmation_ids.customer_note", "confirmation_status", "person_id")
    @api.depends_context("uid")
    def _compute_confirmation_note(self):
        # Of what is stored: nobody becomes the technician by a change on a screen.
        stored = self._origin
        notes = stored._get_appointment_order()._find_notes_sudo()
        for appointment in self:
            lines = [
                appointment._format_note(noted, notes[noted])
                for noted in appointment._origin._get_noted_appointments()
                if noted in notes and noted._may_see_note()
            ]
            appointment.confirmation_note = "\n".join(lines) or False

    def _get_noted_appointments(self):
        """The appointments whose notes are shown here."""
        return [self]

    def _format_note(self, _noted, note):
        return note

    def _may_see_note(self):
        """Whether the user has a level, or is the technician who goes there."""
        if self.env.su or self.env.user.has_group(READ_GROUP):
            return True
        order = self._get_appointment_order()
        person_sudo = self.sudo().person_id or order.sudo().person_id
        return self.env.user in person_sudo.partner_id.user_ids

    def _get_appointment_order(self):
        """The ``fsm.order`` that this appointment belongs to."""
        raise NotImplementedError

    def _get_appointment_confirmations_sudo(self, domain=()):
        """Confirmations about exactly this appointment, newest first.

        :param domain: only those; all of them without one
        """
        raise NotImplementedError

    @api.model
    def _format_date_in(self, zone, start):
        """:param zone: name of a time zone; :param start: naive UTC datetime"""
        if not start:
            return ""
        locale = babel_locale_parse(get_lang(self.env).code)
        return format_date(start, zone, locale, fields.Datetime.now())

    @api.model
    def _format_time_in(self, zone, start, end=False):
        """:param zone: name of a time zone; :param start, end: naive UTC datetimes"""
        if not start:
            return ""
        lang = get_lang(self.env)
        locale = babel_locale_parse(lang.code)
        return format_time_range(start, end, zone, locale, lang.time_format)

    def _is_appointment_closed(self):
        """Whether the work is done or canceled, so that no answer matters."""
        self.ensure_one()
        stage = self._get_appointment_order().stage_id
        return stage.id in stage._get_closed_ids()

    def _is_appointment_upcoming(self):
        """Whether it is still to come: with a window, until that ends."""
        self.ensure_one()
        start, end = self.scheduled_date_start, self.scheduled_date_end or None
        now = fields.Datetime.now()
        return bool(start) and not status.has_passed(start, now, end)

    def _get_facts(self):
        """What the rules have to know: :class:`~...core.status.Appointment`."""
        self.ensure_one()
        return status.Appointment(
            start=self.scheduled_date_start or None,
            is_closed=self._is_appointment_closed(),
            end=self.scheduled_date_end or None,
        )

    def _set_confirmation_status_sudo(self, value):
        """Set the status because of an answer, not by hand.

        The answer itself is in the history, so this change is not tracked again.
        """
        changed_sudo = self.sudo().filtered(
            lambda rec: rec.confirmation_status != value
        )
        changed_sudo.with_context(
            tracking_disable=True, job_confirmation_automatic=True
        ).write({"confirmation_status": value})

    def _stop_waiting_sudo(self):
        """A question is gone: without another one nobody waits for an answer."""
        for appointment_sudo in self.sudo():
            if appointment_sudo.confirmation_status == "awaiting":
                appointment_sudo._set_confirmation_status_sudo(
                    appointment_sudo._get_known_status_sudo()
                )

    def _get_known_status_sudo(self):
        """What the messages that reached the customer tell."""
        self.ensure_one()
        messages_sudo = self._get_appointment_confirmations_sudo()
        numbers = messages_sudo.filtered(lambda rec: rec.response == "opted_out")
        # An opt-out may be over by now.
        opted_out = self.env["phone.blacklist"]._job_confirmation_find_sudo(
            numbers.mapped("mobile")
        )
        return status.appointment_status(
            [
                status.Asked(
                    state=record.state,
                    response=record.response,
                    is_open=record.is_open,
                    stale=record._get_stale_reason(),
                    opted_out=record.mobile in opted_out,
                )
                for record in messages_sudo
            ]
        )

    def _check_may_set_status(self, vals):
        """:raises AccessError: the status is set by somebody without Edit"""
        if "confirmation_status" in vals and not self.env.su:
            check_may_edit(self.env)

    @api.model
    def default_get(self, fields):
        # A stored default, which any user may set, is nobody's answer. Cards that are
        # grouped by the status give a new one its column's.
        values = super().default_get(fields)
        name = "confirmation_status"
        if name in values:
            values[name] = self.env.context.get(f"default_{name}") or "not_sent"
        return values

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        rows = super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)
        return harmless_columns(rows, fields, ("confirmation_note",))

    @api.model_create_multi
    def create(self, vals_list):
        name = "confirmation_status"
        default = self.env.context.get(f"default_{name}")
        for vals in vals_list:
            if (vals.get(name, default) or "not_sent") != "not_sent":
                self._check_may_set_status({name: True})
        return super().create(vals_list)

    def _with_trace(self, vals):
        """Have the history say who sets it, whatever a client's context says."""
        if self.env.su or "confirmation_status" not in vals:
            return self
        return self.with_context(
            job_confirmation_automatic=False, mail_notrack=False, tracking_disable=False
        )

    def write(self, vals):
        self._check_may_set_status(vals)
        if (
            vals.keys() == {"confirmation_status"}
            and not self.env.su
            and not self.has_access("write")
        ):
            # Edit sets the status with no right beyond reading Work Orders.
            self.check_access("read")
            return self.sudo().write(vals)
        watched = "scheduled_date_start" in vals
        before = {rec: rec.scheduled_date_start for rec in self} if watched else {}
        by_hand = self.browse()
        value = vals.get("confirmation_status")
        if value and not self.env.context.get("job_confirmation_automatic"):
            by_hand = self.filtered(lambda rec: rec.sudo().confirmation_status != value)
        result = super().write(vals)
        by_hand._on_status_set_by_hand(value)
        if watched:
            moved = self.filtered(lambda rec: rec.scheduled_date_start != before[rec])
            moved._on_appointment_moved()
        return result

    def _on_status_set_by_hand(self, value):
        """A person set the status: what the answer asked for is done, or changes."""
        responses = self.env["fsm.confirmation.response"]
        for appointment in self:
            asked_sudo = appointment._get_appointment_confirmations_sudo(
                [("activity_id", "!=", False)]
            )
            for record_sudo in asked_sudo:
                if record_sudo.activity_id.active:
                    responses._update_activity(record_sudo, value)

    def _on_appointment_moved(self):
        """The date changed: what the customer was asked is no longer true."""
        for appointment in self:
            confirmations_sudo = appointment._get_appointment_confirmations_sudo()
            if not confirmations_sudo:
                continue
            confirmations_sudo._close_sudo("moved")
            # Another date was agreed on; what else was to be done stays.
            responses = self.env["fsm.confirmation.response"]
            responses._close_activities(
                confirmations_sudo.filtered(
                    lambda rec: rec.response == "declined" and not rec.needs_reading
                )
            )
            moved_status = status.status_after_move(
                appointment.sudo().confirmation_status
            )
            appointment._set_confirmation_status_sudo(moved_status)
            if moved_status == "reconfirm":
                # Moved back, maybe: what reached the customer last decides.
                reached_sudo = confirmations_sudo.filtered(
                    lambda rec: rec.response or rec._may_have_arrived()
                )
                responses._restore(reached_sudo[:1])

    def _on_appointment_closed(self):
        """The work was canceled or completed: nobody waits for an answer now."""
        for appointment in self:
            confirmations_sudo = appointment._get_appointment_confirmations_sudo()
            confirmations_sudo._close_sudo("closed")
            responses = self.env["fsm.confirmation.response"]
            responses._close_activities(confirmations_sudo)
