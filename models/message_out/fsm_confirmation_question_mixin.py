# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models

from ...core import status
from ...core.delivery import may_have_arrived
from ...core.kinds import EMAIL, asks

# Details in words, for templates. They tell the current date of the appointment, which
# not everybody who sees the message may see.
TEXT_FIELDS = [
    "date_text",
    "time_text",
    "new_date_text",
    "new_time_text",
    "choices_text",
    "technician_text",
]
_TEXT = {"compute": "_compute_texts", "groups": "base.group_system", "technical": True}


class FsmConfirmationQuestionMixin(models.AbstractModel):
    """The question that a message asks: about which appointment, whether it is open.

    The part of :class:`FsmConfirmation` that says what an answer to it still means.
    """

    _name = "fsm.confirmation.question.mixin"
    _inherit = ["fsm.technical.fields.mixin"]
    _description = "Question of a Confirmation"

    appointment_start = fields.Datetime(
        "Appointment", readonly=True, help="The date the customer was asked about."
    )
    appointment_end = fields.Datetime(
        readonly=True,
        help="Of the window that the customer was asked about, if there was one.",
    )
    appointment_text = fields.Char(
        "Appointment Asked About",
        compute="_compute_appointment_text",
        help="Date and time where the work happens, as the customer was asked.",
    )
    appointment_local = fields.Char(
        compute="_compute_appointment_local",
        technical=True,
        help="Date and time where the work happens, if its clocks differ from the "
        "user's.",
    )
    location_id = fields.Many2one(
        "fsm.location",
        "Place Asked About",
        readonly=True,
        ondelete="set null",
        technical=True,
    )
    owner_id = fields.Many2one(
        "res.partner",
        "Customer Asked",
        readonly=True,
        ondelete="set null",
        help="Whose place it was when the customer was asked.",
        technical=True,
    )
    date_text = fields.Char("Date Asked About (text)", **_TEXT)
    time_text = fields.Char("Time Asked About (text)", **_TEXT)
    new_date_text = fields.Char("Date Now (text)", **_TEXT)
    new_time_text = fields.Char("Time Now (text)", **_TEXT)
    technician_text = fields.Char(
        "Technician Now (text)",
        compute="_compute_technician_text",
        groups="base.group_system",
        technical=True,
    )
    choices_text = fields.Char(
        "Open Questions (text)",
        compute="_compute_choices_text",
        groups="base.group_system",
        technical=True,
    )
    # The language that the contact wanted when they were asked, and not always that of
    # the text: each text of the conversation chooses the best one that it exists in.
    lang = fields.Char("Language", readonly=True, technical=True)
    timezone = fields.Char(
        "Time Zone", readonly=True, help="Where the work happens.", technical=True
    )
    is_open = fields.Boolean("Awaits a Response", readonly=True, default=True)
    closed_reason = fields.Selection(
        [
            ("answered", "Answered"),
            ("moved", "Appointment moved"),
            ("changed", "Place or customer changed"),
            ("number", "The contact's number or address changed"),
            ("reset", "To be asked again"),
            ("closed", "Work Order completed or canceled"),
            ("deleted", "Appointment deleted"),
            ("past", "Appointment has passed"),
            ("replaced", "Asked again, or resolved by hand"),
            ("failed", "Not delivered"),
            ("company", "Work Order moved to another company"),
            ("wrong_number", "Not the contact's number"),
        ],
        readonly=True,
    )

    def _asks(self):
        """Whether it is a question at all, see :mod:`~...core.kinds`."""
        self.ensure_one()
        return asks(self.kind)

    def _get_kind_label(self):
        """What kind of text it is, in words; "" for a question, as most are."""
        self.ensure_one()
        if self._asks():
            return ""
        return dict(self._fields["kind"]._description_selection(self.env))[self.kind]

    @api.depends("appointment_start", "appointment_end", "order_id")
    @api.depends_context("uid", "tz", "lang")
    def _compute_appointment_text(self):
        reader = self.env["fsm.order"]._get_reader_timezone()
        for record in self:
            details = record._describe_appointment(reader)
            text = ", ".join(details[key] for key in ("date", "time") if details[key])
            record.appointment_text = text

    @api.depends("appointment_start", "timezone")
    @api.depends_context("uid", "tz", "lang")
    def _compute_appointment_local(self):
        orders = self.env["fsm.order"]
        reader = orders._get_reader_timezone()
        for record in self:
            record.appointment_local = orders._format_elsewhere(
                record.timezone, record.appointment_start, reader
            )

    @api.depends("appointment_start", "order_id")
    @api.depends_context("lang")
    def _compute_texts(self):
        for record in self:
            # The customer reads it.
            details = record._describe_appointment(record.partner_id.sudo().tz or None)
            record.date_text = details["date"]
            record.time_text = details["time"]
            record.new_date_text = details["new_date"]
            record.new_time_text = details["new_time"]

    @api.depends("order_id", "visit_id")
    def _compute_technician_text(self):
        for record in self:
            appointment_sudo = record._get_appointment_sudo()
            person_sudo = appointment_sudo and appointment_sudo._get_person()
            record.technician_text = person_sudo.name if person_sudo else ""

    @api.depends("code", "appointment_start", "order_id")
    @api.depends_context("lang", "confirmation_choices")
    def _compute_choices_text(self):
        """The appointments that the customer may choose from, with their codes.

        A template is rendered for one record: which others it names is in the context;
        without it, all that wait for an answer.
        """
        chosen = self.browse(self.env.context.get("confirmation_choices") or ())
        for record in self:
            choices = chosen or self._search_open_sudo(record.mobile, record.sender)
            record.choices_text = "; ".join(
                choice.env._(
                    "%(code)s: %(date)s, %(time)s",
                    code=choice.code,
                    date=choice.date_text,
                    time=choice.time_text,
                )
                for choice in choices.sorted("appointment_start")
            )

    # ------------------------------------------------------------------
    # The appointment
    # ------------------------------------------------------------------

    def _get_timezone(self):
        """Name of the time zone that the text used, "" when it isn't known."""
        self.ensure_one()
        if self.timezone:
            return self.timezone
        # Recorded by a version that didn't keep it.
        order_sudo = self.order_id.sudo()
        return order_sudo._get_appointment_timezone() if order_sudo else ""

    def _describe_appointment(self, reader=None):
        """Date and time for texts: as asked about, and as they are now.

        :param reader: the time zone of who reads it; None: the same
        :return: dict with ``job``, ``date``, ``time``, ``new_date``, ``new_time``
        """
        self.ensure_one()
        appointment_sudo = self._get_appointment_sudo()
        order_sudo = self.order_id.sudo()
        details = {"job": self.job_name or "", "new_date": "", "new_time": ""}
        zone = self._get_timezone()
        if not zone:
            return {**details, "date": "", "time": ""}
        start = self.appointment_start
        # It's still known when the Work Order is deleted.
        same = appointment_sudo and appointment_sudo.scheduled_date_start == start
        end = appointment_sudo.scheduled_date_end if same else self.appointment_end
        details["date"] = order_sudo._format_date_in(zone, start)
        details["time"] = order_sudo._format_time_in(zone, start, end, reader)
        if same:
            details.update(new_date=details["date"], new_time=details["time"])
        elif appointment_sudo:
            details["new_date"] = order_sudo._format_appointment_date(appointment_sudo)
            details["new_time"] = order_sudo._format_appointment_time(
                appointment_sudo, reader
            )
        return details

    def _name_appointment(self, among):
        """What tells this appointment apart from those of other messages.

        :param among: ``fsm.confirmation`` records
        """
        self.ensure_one()
        visit_name = self.visit_id.sudo().name or ""
        several_jobs = len(set(among.mapped("job_name"))) > 1
        parts = [self.job_name if several_jobs or not visit_name else "", visit_name]
        return " ".join(filter(None, parts))

    def _get_appointment_sudo(self):
        """The visit or Work Order asked about, with sudo; empty when it is gone."""
        self.ensure_one()
        if self.visit_id or self.closed_reason == "deleted":
            return self.visit_id.sudo()
        return self.order_id.sudo()

    def _is_about_none(self):
        """Whether it was never about an appointment, but just sent to a number."""
        self.ensure_one()
        return not self.order_id and not self.job_name

    def _get_stale_reason(self, at=None):
        """Why an answer to this message can't count any more, or "".

        :param at: when the customer wrote it, naive UTC; None for now
        :return: see :func:`~...core.status.stale_reason`
        """
        self.ensure_one()
        appointment_sudo = self._get_appointment_sudo()
        hours = self.company_id.job_confirmation_reply_hours
        asked = self.sent_date or self.create_date
        return status.stale_reason(
            self.appointment_start or None,
            appointment_sudo._get_schedule() if appointment_sudo else None,
            deadline=asked + timedelta(hours=hours) if hours else None,
            now=at or fields.Datetime.now(),
            **self._get_change_facts(),
        )

    def _get_change(self):
        """How the appointment now differs from what was asked about, if it does.

        :return: see :func:`~...core.status.change_reason`
        """
        return status.change_reason(
            self.appointment_start or None,
            self._get_appointment_sudo().scheduled_date_start or None,
            **self._get_change_facts(),
        )

    def _has_moved(self):
        """Whether the date is none that the customer was told of or has confirmed."""
        facts = {**self._get_change_facts(), "is_elsewhere": False}
        start = self._get_appointment_sudo().scheduled_date_start or None
        asked_start = self.appointment_start or None
        return bool(status.change_reason(asked_start, start, **facts))

    def _get_change_facts(self):
        """:return: arguments of :func:`~...core.status.change_reason`"""
        return {
            "confirmed_end": (
                self.response == "confirmed" and self.appointment_end or None
            ),
            "is_elsewhere": self.closed_reason == "number" or self._is_elsewhere(),
        }

    def _is_elsewhere(self):
        """Whether the Work Order now has another location, or another customer."""
        self.ensure_one()
        if not self.location_id:
            return False  # Recorded by a version that didn't keep it.
        location_sudo = self.order_id.sudo().location_id
        return location_sudo != self.location_id or (
            bool(self.owner_id) and location_sudo.owner_id != self.owner_id
        )

    def _is_of_another_customer(self):
        """Whether the Work Order now belongs to another customer than was asked."""
        customer_sudo = self.owner_id.sudo().commercial_partner_id
        owner_sudo = self.order_id.sudo().location_id.owner_id
        return bool(customer_sudo) and owner_sudo.commercial_partner_id != customer_sudo

    def _is_outdated(self):
        """Whether a response to it was about something else than what is so now."""
        return self.closed_reason in status.OUTDATED or bool(self._get_change())

    def _describe_old_response(self):
        """The response to what isn't so any more, in words; "" without one."""
        self.ensure_one()
        if not self._is_outdated() or self.closed_reason == "reset":
            return ""
        if self._has_moved():
            words = {
                "confirmed": self.env._("Confirmed for the old time, %s"),
                "declined": self.env._("Declined the old time, %s"),
            }
            text = words.get(self.response, "")
            return text and text % self.appointment_text
        words = {
            "confirmed": self.env._("Confirmed before the change"),
            "declined": self.env._("Declined before the change"),
        }
        return words.get(self.response, "")

    def _get_noted(self):
        """:return: :class:`~...core.status.Noted`"""
        self.ensure_one()
        return status.Noted(
            self.response, self.customer_note, self._is_outdated(), self
        )

    def _get_note_text(self):
        """The customer's note, with the date for which it was given if that moved."""
        self.ensure_one()
        if not self._has_moved():
            return self.customer_note
        return self.env._(
            "%(note)s (given for %(date)s)",
            note=self.customer_note,
            date=self._describe_appointment()["date"],
        )

    def _has_passed(self):
        """Whether what was asked about is over."""
        self.ensure_one()
        now = fields.Datetime.now()
        start, end = self.appointment_start or None, self.appointment_end or None
        if not status.has_passed(start, now, end):
            return False
        appointment_sudo = self._get_appointment_sudo()
        if not appointment_sudo or appointment_sudo.scheduled_date_start != start:
            return True
        # It may end later than the customer was told.
        return status.has_passed(
            start, now, appointment_sudo.scheduled_date_end or None
        )

    def _is_current(self, at=None):
        """Whether the appointment is still as the customer was asked about it.

        :param at: see :meth:`_get_stale_reason`
        """
        return self._get_stale_reason(at) in ("", "late")

    def _was_asked_since(self):
        """Whether a newer text about the same appointment was sent, or will be."""
        appointment_sudo = self._get_appointment_sudo()
        if not appointment_sudo:
            return False
        newer_sudo = appointment_sudo._get_appointment_confirmations_sudo(
            [("id", ">", self.id), ("state", "not in", ("failed", "canceled"))]
        )
        return not all(record_sudo._waits_in_vain() for record_sudo in newer_sudo)

    def _waits_in_vain(self):
        """Whether it waits to be sent, and the outbox will stop it: it isn't so now."""
        self.ensure_one()
        alerts = self.env["fsm.confirmation.alert"]
        return self.state == "outgoing" and alerts._is_outdated(self.sudo())

    def _is_held(self):
        """Whether it is an automatic text that a person keeps back."""
        self.ensure_one()
        step_sudo = self.step_id.sudo()
        if not step_sudo:
            return False
        plan_sudo = step_sudo.plan_id
        return (
            step_sudo.is_held
            or not (plan_sudo.enabled and plan_sudo.active)
            or (self.visit_id or self.order_id).sudo()._is_held()
        )

    # ------------------------------------------------------------------
    # What reached the customer
    # ------------------------------------------------------------------

    def _may_have_arrived(self):
        """Whether the customer may have got this text, even if it failed."""
        return may_have_arrived(self.state, self.failure_type, self.twilio_sid)

    def _without_taken_back(self):
        """These messages, newest first, without what an opt-out took back.

        That is the opt-out's own message, and what the same number answered before.
        """
        opted_out = set()
        kept = []
        for record in self:
            if record.response == "opted_out":
                opted_out.add(record.mobile)
            if record.mobile not in opted_out:
                kept.append(record.id)
        return self.browse(kept)

    # ------------------------------------------------------------------
    # Open and closed
    # ------------------------------------------------------------------

    @api.model
    def _search_open_sudo(self, mobile, sender):
        """Messages to a number, sent from ``sender``, that wait for an answer.

        An answer from that number to that sender can be about any of these.

        :param mobile: E.164; without one, as for an e-mail, none are found
        """
        if not mobile:
            return self.sudo().browse()
        return self.sudo().search(
            [
                ("mobile", "=", mobile),
                ("sender", "=", sender),
                ("is_open", "=", True),
            ]
        )

    def _get_line(self):
        """Of the questions on one line, the newer replaces the older.

        :return: tuple, as ``Draft.line``
        """
        self.ensure_one()
        if self.channel == EMAIL:
            return self.email, EMAIL
        return self.mobile, self.sender

    def _get_address(self):
        """Where it went: the number, or the e-mail address."""
        self.ensure_one()
        return (self.email if self.channel == EMAIL else self.mobile) or ""

    def _get_address_now(self):
        """The number, or e-mail address, that its contact has now; or ""."""
        self.ensure_one()
        if self.channel == EMAIL:
            return self.env["fsm.confirmation.email"]._get_address(self.partner_id)
        return self.partner_id._get_confirmation_number(self.company_id)[0]

    def _close_sudo(self, reason):
        """Stop waiting for an answer, and cancel texts that haven't been sent yet.

        :param reason: a key of ``closed_reason``
        """
        open_sudo = self.sudo().filtered("is_open")
        if reason in ("company", "deleted"):
            # Other customers may have the times that were proposed.
            proposals = self.env["fsm.confirmation.proposal"]
            proposals._get_slots_sudo(self)._release_sudo()
        if reason in (*status.OUTDATED, "deleted"):
            # Their answers were about something else, or about nothing any more.
            self.sudo().filtered(
                lambda rec: (
                    not rec.is_open
                    and (reason == "deleted" or rec.closed_reason == "answered")
                )
            ).write({"closed_reason": reason})
        # One that carries others is left to the outbox, which asks those again.
        waiting_sudo = open_sudo.filtered(
            lambda rec: rec.state == "outgoing" and not (rec.code and rec.carried_ids)
        )
        open_sudo.write({"is_open": False, "closed_reason": reason})
        if waiting_sudo and reason != "answered":
            sentence = self._describe_cancellation(reason)
            # What replaces a text stands for its step as well.
            waiting_sudo._cancel_waiting_sudo(sentence, reason != "replaced")
        if open_sudo:
            open_sudo.flush_recordset(["is_open"])
            open_sudo._notify_changed()

    def _cancel_waiting_sudo(self, reason, is_void=True):
        """Take these texts, which wait to be sent, out of the queue.

        One that the outbox has claimed gets a ``Transition`` instead.

        :param reason: one sentence for staff
        :param is_void: nothing was said for their steps, see ``Transition``
        """
        values = {"state": "canceled", "failure_reason": reason}
        if is_void:
            values["step_id"] = False
            self.env["fsm.confirmation.outlook"]._forget_sudo(self.order_id)
        self.sudo().write(values)
        self.sudo().mail_id.cancel()
        self.env["fsm.confirmation.chatter"]._refresh(self)

    @api.model
    def _describe_cancellation(self, reason):
        """Why a waiting text isn't sent, in one sentence.

        :param reason: a key of ``closed_reason``
        """
        return {
            "moved": self.env._("The date was changed before the text was sent."),
            "closed": self.env._(
                "The Work Order was completed or canceled before the text was sent."
            ),
            "deleted": self.env._("The appointment was deleted before it was sent."),
            "past": self.env._("The appointment passed before the text was sent."),
            "replaced": self.env._(
                "It was asked again, or resolved by hand, before the text was sent."
            ),
            "changed": self.env._(
                "The place or the customer was changed before the text was sent."
            ),
            "number": self.env._(
                "The contact's number or address was changed before it was sent."
            ),
            "reset": self.env._("It is to be asked again."),
            "company": self.env._("The Work Order was moved to another company."),
            "wrong_number": self.env._("The number is not the contact's."),
        }.get(reason, "")

    def _reopen(self):
        """The customer was asked after all: wait for an answer again."""
        resolved = self.response and self.response != "unrecognized"
        if resolved or not self._asks() or self._get_stale_reason():
            return
        composer = self.env["fsm.confirmation.composer"]
        composer._lock([self.order_id])
        if self._was_asked_since():
            # The newer question is the one that is answered.
            self.write({"closed_reason": "replaced"})
            return
        others = self._search_open_sudo(self.mobile, self.sender) - self
        if others and not self.code:
            self.env["fsm.confirmation.code"]._ensure(self)
        if self.code in others.mapped("code"):
            return
        self.write({"is_open": True, "closed_reason": False})
        appointment_sudo = self._get_appointment_sudo()
        if appointment_sudo.confirmation_status in ("not_sent", "no_answer"):
            appointment_sudo._set_confirmation_status_sudo("awaiting")

    def _mark_replaced_sudo(self):
        """Mark messages as replaced: their appointments were asked about again."""
        self.sudo().filtered(
            lambda rec: (
                rec.closed_reason in ("answered", "failed")
                and (
                    rec.response in ("declined", "opted_out")
                    or (rec.state == "failed" and not rec.response)
                )
            )
        ).write({"closed_reason": "replaced"})
