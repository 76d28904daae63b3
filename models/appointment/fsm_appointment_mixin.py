# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models

from ...core import status
from ...core.board import CUSTOMERS_TURN
from ...core.formatting import localize
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
    ("no_answer", "No response"),
]
# What a person may decide; the rest follows from what was sent.
SET_BY_HAND = ("confirmed", "declined", "opted_out", "unrecognized", "reconfirm")
# What the customer is asked about: when it changes, an answer may no longer hold.
_WATCHED = ("scheduled_date_start", "scheduled_date_end", "person_id", "location_id")
# What other users' open Day Boards show of an appointment.
SHOWN_ON_BOARD = {
    "confirmation_status",
    "scheduled_date_start",
    "scheduled_date_end",
    "person_id",
    "location_id",
    "stage_id",
}


class FsmAppointmentMixin(models.AbstractModel):
    """What a customer can be asked to confirm: a Work Order or one of its Visits."""

    _name = "fsm.appointment.mixin"
    _inherit = [
        "fsm.appointment.time.mixin",
        "fsm.planned.appointment.mixin",
        "fsm.on.my.way.mixin",
    ]
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
    confirmation_user_id = fields.Many2one(
        "res.users",
        "Response Set By",
        readonly=True,
        copy=False,
        groups=READ_GROUP,
        help="Who set the status by hand; empty where a text or reply did.",
    )

    confirmation_canceled = fields.Boolean(
        compute="_compute_confirmation_canceled",
        help="It doesn't take place, whatever the customer answered.",
    )
    confirmation_times_pending = fields.Boolean(
        compute="_compute_confirmation_times_pending",
        compute_sudo=False,
        groups=READ_GROUP,
        help="Times were proposed to the customer, who has yet to choose.",
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
        # Stored values: an unsaved change must not make anybody the technician.
        stored = self._origin
        notes = stored._get_appointment_order()._find_notes_sudo()
        for appointment in self:
            lines = [
                appointment._format_note(noted, notes[noted])
                for noted in appointment._origin._get_shown_appointments()
                if noted in notes and noted._may_see_note()
            ]
            appointment.confirmation_note = "\n".join(lines) or False

    @api.depends("confirmation_status")
    def _compute_confirmation_times_pending(self):
        orders = self._origin._get_appointment_order()
        proposals = self.env["fsm.confirmation.proposal"]
        undecided = proposals._find_undecided_sudo(orders)
        found = {visit or order for order, visit in undecided}
        for appointment in self:
            current = appointment.confirmation_status
            # A Work Order shows the status of one of its visits.
            appointment.confirmation_times_pending = current in CUSTOMERS_TURN and any(
                shown in found and shown.confirmation_status == current
                for shown in appointment._origin._get_shown_appointments()
            )

    @api.depends(lambda self: [self._get_stage_path()])
    def _compute_confirmation_canceled(self):
        for appointment in self:
            stage = appointment._get_appointment_order().stage_id
            appointment.confirmation_canceled = stage._is_canceled()

    def _get_shown_appointments(self):
        """The appointments whose status and notes are shown here."""
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

    @api.model
    def _get_stage_path(self):
        """The field that leads to the Work Order's stage."""
        return "stage_id"

    def _get_about_domain(self):
        """What finds the records about exactly this appointment, by their
        ``order_id`` and ``visit_id``."""
        raise NotImplementedError

    def _get_appointment_confirmations_sudo(self, domain=()):
        """Questions about exactly this appointment, newest first.

        :param domain: only those; all of them without one
        """
        raise NotImplementedError

    def action_propose_times(self):
        """Open the dialog in which times are proposed to the customer.

        :raises AccessError: the user's level is below Edit
        """
        self.ensure_one()
        return self.env["fsm.confirmation.proposal"]._open(self)

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

    def _get_local_day(self):
        """The day on which it begins where the work happens, None without a date."""
        self.ensure_one()
        zone = self._get_appointment_order()._get_appointment_timezone()
        start = self.scheduled_date_start
        return localize(start, zone).date() if start else None

    def _get_schedule(self):
        """This appointment as :class:`~...core.status.Schedule`, for the rules."""
        self.ensure_one()
        return status.Schedule(
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
        quiet = {"tracking_disable": True, "job_confirmation_automatic": True}
        changed_sudo.with_context(**quiet).write({"confirmation_status": value})
        by_hand_sudo = self.sudo().filtered("confirmation_user_id")
        by_hand_sudo.with_context(**quiet).write({"confirmation_user_id": False})

    def _set_by_hand_sudo(self):
        """Remember that this user decided what the status is."""
        decided_sudo = self.sudo().filtered(
            lambda rec: rec.confirmation_status in SET_BY_HAND and rec._has_own_status()
        )
        decided_sudo.write({"confirmation_user_id": self.env.uid})

    def _stop_waiting_sudo(self, was_sent=True):
        """A question is gone: without another one nobody awaits an answer.

        :param was_sent: False if it never reached the customer, who then need not be
            asked *again*
        """
        gone = ("awaiting",) if was_sent else ("awaiting", "reconfirm")
        for appointment_sudo in self.sudo():
            if appointment_sudo.confirmation_status in gone:
                if not was_sent:
                    # What was asked before it may be what is so now.
                    messages_sudo = (
                        appointment_sudo._get_appointment_confirmations_sudo()
                    )
                    newest_sudo = self._find_newest_that_arrived(messages_sudo)
                    self.env["fsm.confirmation.response"]._restore(newest_sudo)
                appointment_sudo._set_confirmation_status_sudo(
                    appointment_sudo._get_known_status_sudo()
                )

    def _get_known_status_sudo(self):
        """The status according to the messages that reached the customer."""
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
        # A stored default, which any user may set, is nobody's answer. A card that is
        # created in a column gets the column's status.
        values = super().default_get(fields)
        values.pop("confirmation_user_id", None)
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
            if not self.env.su:
                vals.pop("confirmation_user_id", None)  # The server's to say.
            value = vals.get(name, default) or "not_sent"
            if value != "not_sent":
                self._check_may_set_status({name: value})
        appointments = super().create(vals_list)
        appointments._notify_boards()
        return appointments

    def unlink(self):
        self._notify_boards()
        return super().unlink()

    def _notify_boards(self):
        """Have open Day Boards reload what they show of these."""
        chatter = self.env["fsm.confirmation.chatter"]
        orders = self._get_appointment_order().sudo()
        for company, group in orders.grouped("company_id").items():
            chatter._notify_screens(company, (), group.ids)

    def _with_trace(self, vals):
        """Track who sets the status, whatever a client's context says."""
        if self.env.su or "confirmation_status" not in vals:
            return self
        return self.with_context(
            job_confirmation_automatic=False, mail_notrack=False, tracking_disable=False
        )

    def write(self, vals):
        if not self.env.su and "confirmation_user_id" in vals:
            # The server's to say.
            vals = {key: vals[key] for key in vals if key != "confirmation_user_id"}
        self._check_may_set_status(vals)
        if (
            vals.keys() == {"confirmation_status"}
            and not self.env.su
            and not self.has_access("write")
        ):
            # Edit sets the status with no right beyond reading Work Orders.
            self.check_access("read")
            by_hand = self.sudo().with_context(job_confirmation_automatic=False)
            return by_hand.write(vals)
        watched = [name for name in _WATCHED if name in vals and name in self._fields]
        before = {rec: {name: rec[name] for name in watched} for rec in self if watched}
        statuses = self._get_statuses_before(vals)
        result = super().write(vals)
        if vals.keys() & SHOWN_ON_BOARD:
            self._notify_boards()
        for appointment, old_status in statuses.items():
            appointment._on_status_set_by_hand(old_status)
        for appointment, old in before.items():
            changed = {name for name in old if appointment[name] != old[name]}
            appointment._on_appointment_changed(changed)
        return result

    def _get_statuses_before(self, vals):
        """The appointments whose status a person is about to change.

        :return: dict appointment -> the status until now
        """
        value = vals.get("confirmation_status")
        # A client may put anything into the context.
        automatic = self.env.su and self.env.context.get("job_confirmation_automatic")
        if not value or automatic:
            return {}
        return {
            rec: old_status
            for rec in self
            if (old_status := rec.sudo().confirmation_status) != value
        }

    def _on_status_set_by_hand(self, before):
        """A person set the status: it is the answer to what was asked.

        :param before: the status until now
        """
        self.env["fsm.confirmation.response"]._settle(self, before)
        self._set_by_hand_sudo()

    # ------------------------------------------------------------------
    # Changes of what the customer was asked about
    # ------------------------------------------------------------------

    def _get_length(self):
        """How long it takes (``timedelta``, 0 when that is not known)."""
        self.ensure_one()
        start, end = self.scheduled_date_start, self.scheduled_date_end
        return end - start if start and end else timedelta()

    def _with_moved_end(self, vals):
        """The values, with the end moved along with the start."""
        self.ensure_one()
        length = self._get_length()
        if not (length or self.scheduled_date_end):
            return vals
        start = fields.Datetime.to_datetime(vals["scheduled_date_start"])
        return {**vals, "scheduled_date_end": start + length}

    def _on_appointment_changed(self, changed):
        """Something changed that the customer may have been asked about.

        :param changed: set of names of fields
        """
        self.ensure_one()
        before = self.sudo().confirmation_status
        if changed & {"scheduled_date_start", "location_id"}:
            self.sudo().confirmation_moved_date = fields.Datetime.now()
        if "scheduled_date_start" in changed:
            self._on_appointment_moved()
            self.env["fsm.confirmation.proposal"]._withdraw(self.sudo())
        if "location_id" in changed:
            self._on_place_changed()
        after = self.sudo().confirmation_status
        if before == after == "confirmed" and self._has_own_status():
            self._log_kept_answer(changed)
        if changed & {"scheduled_date_start", "person_id"}:
            self._note_change()

    def _note_change(self):
        """Remember a change that the customer doesn't know of yet."""
        self.env["fsm.confirmation.change"]._note_sudo(self)

    def _get_person(self):
        """The technician who comes."""
        self.ensure_one()
        return self.person_id or self._get_appointment_order().person_id

    def _has_own_status(self):
        """Whether its status is its own, not a summary of others."""
        return True

    def _log_kept_answer(self, changed):
        """Tell staff what the customer did not know when confirming."""
        order = self._get_appointment_order()
        zone = order._get_appointment_timezone()
        start, end = self.scheduled_date_start, self.scheduled_date_end
        sentences = {
            "scheduled_date_start": lambda: self.env._(
                "It starts at %s now, within the time that the customer confirmed: "
                "the response stays.",
                self._format_time_in(zone, start),
            ),
            "scheduled_date_end": lambda: self.env._(
                "It ends at %s now: the customer's response stays.",
                self._format_time_in(zone, end),
            ),
            "person_id": lambda: self.env._(
                "The technician is %s now: the customer's response stays.",
                self.sudo().person_id.name or self.env._("nobody"),
            ),
        }
        if "scheduled_date_start" in changed:
            changed = changed - {"scheduled_date_end"}  # It follows the start.
        chatter = self.env["fsm.confirmation.chatter"]
        for name in sentences.keys() & changed:
            if self[name] or name == "person_id":
                chatter._log([order], sentences[name](), order.company_id)

    def _on_place_changed(self):
        """It is at another place, or of another customer, or asked from another number.

        What is over stays as it was.
        """
        for appointment_sudo in self.sudo():
            proposals = self.env["fsm.confirmation.proposal"]
            proposals._withdraw_from_others(appointment_sudo)
        self.filtered(
            lambda rec: rec._is_appointment_upcoming()
        )._on_appointment_moved()

    def _on_appointment_moved(self):
        """What the customer was asked may not be true any more."""
        for appointment in self:
            messages_sudo = appointment._get_appointment_confirmations_sudo()
            outdated_sudo = messages_sudo.filtered(lambda rec: rec._get_change())
            for reason, group in outdated_sudo.grouped(
                lambda rec: (
                    "number" if rec.closed_reason == "number" else rec._get_change()
                )
            ).items():
                group._close_sudo(reason)
            # Another date was agreed on; other activities stay.
            activities = self.env["fsm.confirmation.activity"]
            activities._close(
                outdated_sudo.filtered(
                    lambda rec: rec.response == "declined" and not rec.needs_reading
                )
            )
            if appointment._has_own_status():
                appointment._update_moved_status_sudo(messages_sudo, outdated_sudo)

    def _update_moved_status_sudo(self, messages_sudo, outdated_sudo):
        """Ask again, unless the customer was asked about exactly that.

        :param messages_sudo: all ``fsm.confirmation`` about this, newest first
        :param outdated_sudo: those of them that are about something else now
        """
        self.ensure_one()
        old_status = self.sudo().confirmation_status
        # What reached the customer last decides.
        newest_sudo = self._find_newest_that_arrived(messages_sudo)
        if (newest_sudo - outdated_sudo).response == old_status == "confirmed" and (
            newest_sudo.closed_reason not in status.OUTDATED
        ):
            return
        moved = status.status_after_move(old_status, was_asked=bool(newest_sudo))
        self._set_confirmation_status_sudo(moved)
        if moved == "reconfirm":
            self.env["fsm.confirmation.response"]._restore(newest_sudo)

    @api.model
    def _find_newest_that_arrived(self, messages_sudo):
        """What customers answer, of ``fsm.confirmation`` records, newest first."""
        return messages_sudo.filtered(
            lambda rec: (
                rec.response or (rec._may_have_arrived() and not rec._waits_in_vain())
            )
        )[:1]

    def _on_appointment_closed(self):
        """The work was canceled or completed: nobody waits for an answer now."""
        for appointment in self:
            messages_sudo = appointment._get_appointment_confirmations_sudo()
            messages_sudo._close_sudo("closed")
            activities = self.env["fsm.confirmation.activity"]
            activities._close(messages_sudo)
            appointment._stop_waiting_sudo()
            self.env["fsm.confirmation.proposal"]._withdraw(appointment.sudo())
        self._note_change()

    def _on_appointment_reopened(self):
        """There is work to do after all: what was true before is true again."""
        activities = self.env["fsm.confirmation.activity"]
        for appointment_sudo in self.sudo():
            messages_sudo = appointment_sudo._get_appointment_confirmations_sudo()
            for record_sudo in messages_sudo:
                if record_sudo.closed_reason == "closed" and (
                    record_sudo._may_have_arrived()
                ):
                    record_sudo._reopen()
                    record_sudo._notify_changed()
            activities._renew(messages_sudo[:1])
            if appointment_sudo.confirmation_status in ("no_answer", "not_sent"):
                appointment_sudo._set_confirmation_status_sudo(
                    appointment_sudo._get_known_status_sudo()
                )
        self._note_change()
