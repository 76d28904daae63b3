# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import concurrent.futures
import logging
import re
import secrets
import uuid
from datetime import timedelta

import psycopg2
from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..tools.segments import count_segments
from ..tools.twilio_api import Failure, Outcome, failure_class
from .mail_message import SUBTYPE

_logger = logging.getLogger(__name__)

STATES = [
    ("outgoing", "Waiting"),
    ("sending", "Sending"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("canceled", "Canceled"),
]
RESPONSES = [
    ("confirmed", "Confirmed"),
    ("declined", "Declined"),
    ("opted_out", "Opted out"),
    ("unrecognized", "Unrecognized"),
]
FAILURE_TYPES = [
    ("number", "This number can't be texted"),
    ("landline", "A landline"),
    ("consent", "Opted out"),
    ("setup", "Set-up problem"),
    ("filtered", "Blocked by the carrier"),
    ("unreachable", "Phone not reachable"),
    ("temporary", "Twilio not available"),
    ("unknown", "Not known whether it was sent"),
    ("other", "Refused by Twilio"),
]
_FAILURE_OF_CLASS = {
    Failure.RETRY: "temporary",
    Failure.RETRY_LATER: "temporary",
    Failure.UNREACHABLE: "unreachable",
    Failure.NUMBER: "number",
    Failure.LANDLINE: "landline",
    Failure.CONSENT: "consent",
    Failure.SETUP: "setup",
    Failure.FILTERED: "filtered",
    Failure.OTHER: "other",
}
# Message states of Twilio in ours. Others (scheduled, read, ...) change nothing.
_STATE_OF_TWILIO = {
    "accepted": "sending",
    "queued": "sending",
    "sending": "sending",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
}
# A blockquote would be folded away by the chatter as a quoted mail.
HISTORY_NOTE = (
    "<p>{title} {link}</p>"
    '<div class="border-start border-2 ps-2 my-1">{body}</div>'
    '<p class="text-muted">{state}</p>'
)
_RANK = {"outgoing": 0, "sending": 1, "sent": 2, "delivered": 3, "failed": 3}
# What a user with Edit may write; everything else is written by the server alone.
_SETTLE_FIELDS = {"response", "message_follower_ids"}
_RETRY_MINUTES = (1, 2, 5, 15, 30, 60)
_RETRY_LATER_HOURS = (4, 24)
_CLAIM_LOST_AFTER = timedelta(minutes=2)
# Twilio's list of messages can lag minutes behind.
_UNKNOWN_UNTIL = timedelta(minutes=15)
_CONCURRENT_CALLS = 10
_SERIALIZATION = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)


class FsmConfirmation(models.Model):
    """One text to one contact about one appointment: a row of the Message Center.

    It is also the outbox: the text is recorded and committed here before Twilio is
    called, so that a crash can neither lose nor double it.
    """

    _name = "fsm.confirmation"
    _description = "Job Confirmation"
    _inherit = ["mail.thread"]
    _order = "id desc"
    _rec_names_search = ["name", "contact_name", "job_name", "mobile"]

    name = fields.Char(
        "Message ID", required=True, readonly=True, copy=False, index=True
    )
    order_id = fields.Many2one(
        "fsm.order", string="Work Order", readonly=True, index=True, ondelete="set null"
    )
    visit_id = fields.Many2one(
        "fsm.visit",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="Contact",
        readonly=True,
        index=True,
        ondelete="set null",
    )
    contact_name = fields.Char(
        compute="_compute_contact_name", store=True, readonly=True, index="trigram"
    )
    person_id = fields.Many2one(
        "fsm.person",
        string="Technician",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Who was to come when the customer was asked.",
    )
    company_name = fields.Char(
        "Customer Company",
        compute="_compute_company_name",
        store=True,
        readonly=True,
        index="trigram",
    )
    mobile = fields.Char(required=True, readonly=True, index="trigram")
    mobile_search = fields.Char(
        "Mobile Number", search="_search_mobile_search", store=False, compute=False
    )
    job_name = fields.Char(
        "Job ID",
        compute="_compute_job_name",
        store=True,
        readonly=True,
        index="trigram",
    )
    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    user_id = fields.Many2one("res.users", string="Sent By", readonly=True, index=True)
    body = fields.Text("Message", required=True, readonly=True)
    code = fields.Char(readonly=True, help="Distinguishes open messages to one number.")
    appointment_start = fields.Datetime(
        "Appointment", readonly=True, help="The date the customer was asked about."
    )

    state = fields.Selection(
        STATES, "Delivery", default="outgoing", required=True, readonly=True, index=True
    )
    sent_date = fields.Datetime("Sent On", readonly=True)
    delivered_date = fields.Datetime("Delivered On", readonly=True)
    failed_date = fields.Datetime("Failed On", readonly=True)
    failure_type = fields.Selection(FAILURE_TYPES, readonly=True)
    failure_reason = fields.Char(readonly=True)
    error_code = fields.Integer("Twilio Error", readonly=True)
    segment_count = fields.Integer("SMS Segments", readonly=True, aggregator="sum")
    sender = fields.Char(
        "Sent From", readonly=True, help="Our number, or the Messaging Service."
    )
    from_number = fields.Char(
        readonly=True, help="The number Twilio chose from the service."
    )
    twilio_sid = fields.Char("Twilio SID", readonly=True, copy=False)
    uuid = fields.Char(
        readonly=True, copy=False, required=True, default=lambda self: uuid.uuid4().hex
    )
    claimed_date = fields.Datetime(readonly=True)
    attempt_count = fields.Integer(readonly=True)
    next_attempt_date = fields.Datetime(readonly=True)

    response = fields.Selection(RESPONSES, tracking=True, index=True)
    reply_body = fields.Text("Customer's Words", readonly=True)
    reply_date = fields.Datetime("Answered On", readonly=True)
    # One text can answer several messages ("YES 427 NO 512").
    reply_ids = fields.Many2many(
        "fsm.confirmation.reply",
        "fsm_confirmation_reply_rel",
        "confirmation_id",
        "reply_id",
        string="Replies",
        readonly=True,
    )
    needs_reading = fields.Boolean(
        "Reply to Read",
        readonly=True,
        help="The customer wrote something later that changes nothing by itself.",
    )
    is_open = fields.Boolean("Waits for an Answer", readonly=True, default=True)
    closed_reason = fields.Selection(
        [
            ("answered", "Answered"),
            ("moved", "Appointment moved"),
            ("closed", "Work Order completed or canceled"),
            ("deleted", "Appointment deleted"),
            ("past", "Appointment has passed"),
            ("replaced", "Asked again"),
            ("failed", "Not delivered"),
        ],
        readonly=True,
    )
    appointment_text = fields.Char(
        "Appointment Asked About",
        compute="_compute_appointment_text",
        help="Date and time where the work happens, as the customer was asked.",
    )
    previous_id = fields.Many2one(
        "fsm.confirmation",
        string="Sent Again For",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    next_ids = fields.One2many(
        "fsm.confirmation", "previous_id", string="Sent Again As"
    )
    indicator = fields.Selection(
        [
            *RESPONSES,
            ("moved", "Date moved since"),
            ("awaiting", "Awaiting answer"),
            ("no_answer", "No answer"),
            ("failed", "Not delivered"),
            ("canceled", "Not sent"),
        ],
        string="Status",
        compute="_compute_indicator",
        help="Green: confirmed. Yellow: declined, to be rescheduled. Red: opted out.",
    )
    can_send_again = fields.Boolean(compute="_compute_can_send_again")
    order_message_id = fields.Many2one(
        "mail.message", readonly=True, ondelete="set null"
    )
    partner_message_id = fields.Many2one(
        "mail.message", readonly=True, ondelete="set null"
    )
    activity_id = fields.Many2one(
        "mail.activity", readonly=True, ondelete="set null", index="btree_not_null"
    )

    _uuid_unique = models.UniqueIndex("(uuid)")
    _twilio_sid_index = models.Index("(twilio_sid) WHERE twilio_sid IS NOT NULL")
    # Two people who send to one number at the same moment: the database decides.
    _code_unique = models.UniqueIndex(
        "(mobile, sender, code) WHERE is_open AND code IS NOT NULL"
    )
    _single_without_code = models.UniqueIndex(
        "(mobile, sender) WHERE is_open AND code IS NULL"
    )
    _mobile_index = models.Index("(mobile, id)")
    _waiting_index = models.Index("(id) WHERE state IN ('outgoing', 'sending')")
    _company_index = models.Index("(company_id, id)")

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    # Names stay as they were when a contact or Work Order is deleted.

    @api.depends("partner_id.name")
    def _compute_contact_name(self):
        for record in self:
            partner_sudo = record.partner_id.sudo()
            record.contact_name = partner_sudo.name or record.contact_name

    @api.depends("partner_id.commercial_company_name", "order_id.location_id.owner_id")
    def _compute_company_name(self):
        for record in self:
            owner_sudo = record.order_id.sudo().location_id.owner_id
            record.company_name = (
                record.partner_id.sudo().commercial_company_name
                or (owner_sudo.is_company and owner_sudo.name)
                or record.company_name
            )

    @api.depends("order_id.name")
    def _compute_job_name(self):
        for record in self:
            record.job_name = record.order_id.sudo().name or record.job_name

    def _search_mobile_search(self, operator, value):
        """Find a number however it is typed: only its digits are compared."""
        if operator not in ("ilike", "like", "="):
            return NotImplemented
        value = str(value or "")
        if re.search(r"[^\W\d_]", value):
            return Domain.FALSE  # Letters: a name or a job, no number.
        digits = re.sub(r"\D", "", value)
        # 00 and a national 0 stand for what E.164 leaves out.
        digits = digits.removeprefix("00").lstrip("0")
        if len(digits) < 3:
            return Domain.FALSE
        return Domain("mobile", "like", digits)

    @api.depends("response", "state", "is_open", "closed_reason")
    def _compute_indicator(self):
        for record in self:
            answered = record.response in ("confirmed", "declined", "unrecognized")
            if answered and record.closed_reason == "moved":
                record.indicator = "moved"
            elif record.response:
                record.indicator = record.response
            elif record.state in ("failed", "canceled"):
                record.indicator = record.state
            else:
                record.indicator = "awaiting" if record.is_open else "no_answer"

    @api.depends("appointment_start", "order_id")
    def _compute_appointment_text(self):
        for record in self:
            known = record._describe_appointment()
            text = ", ".join(known[key] for key in ("date", "time") if known[key])
            zone = record.order_id.sudo() and (
                record.order_id.sudo()._get_appointment_timezone()
            )
            record.appointment_text = f"{text} ({zone})" if text and zone else text

    @api.depends("name", "contact_name", "job_name", "appointment_start")
    @api.depends_context("confirmation_details")
    def _compute_display_name(self):
        """Where a message is chosen: with whom and what it was about."""
        for record in self:
            parts = [record.name]
            if self.env.context.get("confirmation_details"):
                parts += [record.contact_name, record.job_name]
                parts.append(record._describe_appointment()["date"])
            record.display_name = ", ".join(part for part in parts if part)

    @api.depends("state", "failure_type", "next_ids")
    def _compute_can_send_again(self):
        for record in self:
            record.can_send_again = (
                record.state == "failed"
                and record.failure_type != "consent"
                and not record.next_ids
                and bool(record.order_id)
            )

    # ------------------------------------------------------------------
    # Create, write, delete
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        sequence_sudo = self.env["ir.sequence"].sudo()
        for vals in vals_list:
            if not vals.get("name"):
                vals["name"] = sequence_sudo.next_by_code("fsm.confirmation")
            vals["segment_count"] = count_segments(vals.get("body", "")).count
            if "person_id" not in vals:
                visit = self.env["fsm.visit"].browse(vals.get("visit_id") or [])
                order = self.env["fsm.order"].browse(vals.get("order_id") or [])
                vals["person_id"] = (visit.person_id or order.person_id).id
        quiet = self.with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
        records = super(FsmConfirmation, quiet).create(vals_list)
        return records.with_env(self.env)

    def write(self, vals):
        if "body" in vals and not self._is_anonymizing():
            raise UserError(
                self.env._("The text that was sent can't be changed by anyone.")
            )
        if not self.env.su:
            if vals.keys() - _SETTLE_FIELDS:
                raise AccessError(
                    self.env._(
                        "Only the answer of a message can be changed, and notes added."
                    )
                )
            if "response" in vals:
                self.check_access("write")
                for record in self:
                    record._settle(vals["response"])
                vals = {key: val for key, val in vals.items() if key != "response"}
                if not vals:
                    return True
        return super().write(vals)

    def _is_anonymizing(self):
        """Whether the server itself is making old texts anonymous."""
        return self.env.su and self.env.context.get("job_confirmation_anonymize")

    def copy(self, default=None):  # pylint: disable=method-required-super
        raise UserError(
            self.env._("A message can't be duplicated. Use Send Confirmation instead.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sending(self):
        for record in self.sudo():
            if record.state == "sending":
                raise UserError(
                    self.env._("%s is being sent right now. Try again.", record.name)
                )

    def unlink(self):
        activities_sudo = self.sudo().activity_id
        result = super().unlink()
        activities_sudo.unlink()
        return result

    # ------------------------------------------------------------------
    # Sending: record
    # ------------------------------------------------------------------

    @api.model
    def _record_sudo(self, order, visit, partner, mobile, user, previous=None, code=""):
        """Record one text, ready to leave when this transaction is committed.

        The caller has checked that the user may send and that nothing stands in the
        way. The text is rendered here and nowhere else.

        :param mobile: E.164
        :param previous: the ``fsm.confirmation`` that this one is sent again for
        :param code: the code shown in the preview, used if one is needed and it is free
        :return: the new ``fsm.confirmation``, with sudo
        """
        company = order.company_id
        sender = company._job_confirmation_sender(mobile)
        appointment = visit or order
        confirmations_sudo = self.sudo()
        confirmations_sudo._close_expired_sudo(mobile, sender)
        asked_sudo = appointment._get_appointment_confirmations_sudo()
        asked_sudo.filtered(
            lambda rec: rec.is_open and rec.mobile == mobile and rec.sender == sender
        )._close_sudo("replaced")
        # Asking again is what a person does about an earlier answer.
        asked_sudo._close_activities()
        values = {
            "order_id": order.id,
            "visit_id": visit.id if visit else False,
            "partner_id": partner.id,
            "mobile": mobile,
            "company_id": company.id,
            "user_id": user.id,
            "sender": sender,
            "appointment_start": appointment.scheduled_date_start,
            "previous_id": previous.id if previous else False,
        }
        record_sudo = confirmations_sudo._insert_with_code(
            values,
            lambda chosen: order._render_confirmation_body(partner, visit, chosen),
            code,
        )
        appointment._set_confirmation_status_sudo("awaiting")
        record_sudo._log_sent()
        record_sudo._notify_changed()
        self.env.ref(
            "fieldservice_job_confirmation.ir_cron_send_confirmations"
        ).sudo()._trigger()
        return record_sudo

    def _insert_with_code(self, values, render, wanted=""):
        """Create the row with a code that no other open message of the number has.

        A single open message has none. Whether it is single, and whether a code is
        free, is decided by unique indexes: a look beforehand would race.

        :param render: function code -> body
        :param wanted: the code to begin with, when one is needed
        """
        open_sudo = self._search_open_sudo(values["mobile"], values["sender"])
        code = (wanted or self._choose_code(values)) if open_sudo else False
        for _attempt in range(20):
            try:
                with self.env.cr.savepoint():
                    record = self.create(
                        {**values, "code": code, "body": render(code or "")}
                    )
                    record.flush_recordset()
                    return record
            except psycopg2.errors.UniqueViolation:
                code = self._choose_code(values)
        raise UserError(
            self.env._("Too many open messages to this number. Wait for an answer.")
        )

    def _choose_code(self, values):
        """Three digits that this number has not seen lately."""
        recent = self.search(
            [("mobile", "=", values["mobile"]), ("code", "!=", False)], limit=200
        )
        used = set(recent.mapped("code"))
        free = [str(number) for number in range(100, 1000) if str(number) not in used]
        return secrets.choice(free or [str(number) for number in range(100, 1000)])

    def _ensure_code_sudo(self):
        """Give open messages a code afterwards, so that they can be told apart."""
        for record_sudo in self.sudo().filtered(lambda rec: not rec.code):
            values = {"mobile": record_sudo.mobile, "sender": record_sudo.sender}
            record_sudo.code = record_sudo._choose_code(values)

    @api.model
    def _close_expired_sudo(self, mobile, sender):
        """Close open messages of a number whose appointment is over."""
        now = fields.Datetime.now()
        self._search_open_sudo(mobile, sender).filtered(
            lambda rec: rec.appointment_start and rec.appointment_start <= now
        )._close_sudo("past")

    @api.model
    def _search_open_sudo(self, mobile, sender):
        """Messages to a number, sent from ``sender``, that wait for an answer.

        An answer from that number to that sender can be about any of these.
        """
        return self.sudo().search(
            [
                ("mobile", "=", mobile),
                ("sender", "=", sender),
                ("is_open", "=", True),
            ]
        )

    def _close_sudo(self, reason):
        """No answer is awaited any more; a text that waits to be sent stays here.

        :param reason: a key of ``closed_reason``
        """
        open_sudo = self.sudo().filtered("is_open")
        if reason in ("moved", "deleted"):
            # Their answers were about another date, or about nothing any more.
            self.sudo().filtered(
                lambda rec: (
                    not rec.is_open
                    and (reason == "deleted" or rec.closed_reason == "answered")
                )
            ).write({"closed_reason": reason})
        waiting_sudo = open_sudo.filtered(lambda rec: rec.state == "outgoing")
        open_sudo.write({"is_open": False, "closed_reason": reason})
        if waiting_sudo and reason != "answered":
            waiting_sudo.write({"state": "canceled"})
            waiting_sudo._refresh_history()
        if open_sudo:
            open_sudo.flush_recordset(["is_open"])
            open_sudo._notify_changed()

    # ------------------------------------------------------------------
    # Sending: the outbox
    # ------------------------------------------------------------------

    @api.model
    def _cron_send(self):
        """Send what waits, and find out about calls that never came back."""
        self._send_waiting()
        self._resolve_lost_claims()

    @api.model
    def _send_waiting(self, batch_size=2 * _CONCURRENT_CALLS):
        """Send waiting texts until none is left or the cron's time is over.

        Claim (committed), call, result (committed): a crash in between leaves a row
        in ``sending``, which is never sent again before Twilio was asked about it.
        """
        while True:
            claimed_sudo, remaining = self._claim(batch_size)
            if not claimed_sudo:
                break
            claimed_sudo._call_twilio()
            left = self.env["ir.cron"]._commit_progress(
                len(claimed_sudo), remaining=remaining
            )
            if not left:
                break

    @api.model
    def _claim(self, limit):
        """Take waiting rows for this process; others skip what is locked.

        :return: (claimed records with sudo, number still waiting)
        """
        for _attempt in range(20):
            try:
                return self._claim_now(limit)
            except _SERIALIZATION:
                # Another process was faster with the same rows: look again.
                self.env.cr.rollback()
                self.env.invalidate_all()
        return self.sudo().browse(), 0

    @api.model
    def _claim_now(self, limit):
        self.flush_model()
        now = fields.Datetime.now()
        due = SQL(
            "state = 'outgoing' AND (next_attempt_date IS NULL OR next_attempt_date"
            " <= %s)",
            now,
        )
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE fsm_confirmation
                   SET state = 'sending', claimed_date = %s,
                       attempt_count = COALESCE(attempt_count, 0) + 1
                 WHERE id IN (SELECT id FROM fsm_confirmation WHERE %s
                               ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
             RETURNING id
                """,
                now,
                due,
                limit,
            )
        )
        self.invalidate_model(["state", "claimed_date", "attempt_count"])
        remaining = self.env.execute_query(
            SQL("SELECT count(*) FROM fsm_confirmation WHERE %s", due)
        )[0][0]
        # The claim must be visible to everybody before Twilio is called.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        return self.sudo().browse(sorted(row[0] for row in rows)), remaining

    def _call_twilio(self):
        """Hand the claimed rows to Twilio, several at once, and record each result."""
        apis = {
            company: company._twilio_api_sudo() for company in self.mapped("company_id")
        }
        with concurrent.futures.ThreadPoolExecutor(_CONCURRENT_CALLS) as pool:
            calls = {}
            for record in self:
                company = record.company_id
                if not (
                    record.sender
                    and company.job_confirmation_enabled
                    and company._job_confirmation_ready()
                ):
                    reason = self.env._("not set up for %s", company.name)
                    record._record_safely(record._fail_setup, reason)
                    continue
                obstacle = record._get_late_obstacle()
                if obstacle:
                    record._record_safely(record._cancel_claimed, obstacle)
                    continue
                call = pool.submit(
                    apis[record.company_id].send,
                    record.mobile,
                    record.body,
                    record.sender or "",
                    record._get_status_callback_url(),
                )
                calls[call] = record
            for call in concurrent.futures.as_completed(calls):
                record = calls[call]
                record._record_safely(record._apply_send_result, call.result())

    def _get_late_obstacle(self):
        """A sentence why this text must not leave any more, or ""."""
        self.ensure_one()
        if self.env["phone.blacklist"]._job_confirmation_find_sudo([self.mobile]):
            return self.env._("The customer opted out before the text left.")
        if self.appointment_start and self.appointment_start <= fields.Datetime.now():
            return self.env._("The appointment passed before the text left.")
        if not self.is_open or not self._is_current():
            return self.env._("The appointment changed before the text left.")
        return ""

    def _cancel_claimed(self, reason):
        self.write({"state": "canceled", "failure_reason": reason})
        self._close_unsent()
        self._show_change()

    def _fail_setup(self, reason):
        self._fail(Failure.SETUP, reason=reason)
        self._show_change()

    def _close_unsent(self):
        """The customer was not asked after all, unless another message asks."""
        was_open = self.is_open
        self._close_sudo("failed")
        appointment = self._get_appointment_sudo()
        if not was_open or appointment.confirmation_status != "awaiting":
            return
        if not appointment._get_appointment_confirmations_sudo().filtered("is_open"):
            appointment._set_confirmation_status_sudo("not_sent")

    def _record_safely(self, method, *arguments):
        """Run and commit one record's result; a conflict is tried again.

        A result must not be lost because a delivery report wrote the same row at the
        same moment.
        """
        for attempt in range(10):
            try:
                with self.env.cr.savepoint():
                    method(*arguments)
                self.env.cr.commit()  # pylint: disable=invalid-commit
                return
            except _SERIALIZATION:
                self.env.cr.rollback()
                self.env.invalidate_all()
                _logger.info("Result of message %s: conflict %s", self.id, attempt + 1)
            except Exception:
                # One row must not hold up all others; it is looked up again later.
                self.env.cr.rollback()
                self.env.invalidate_all()
                _logger.exception("Result of message %s could not be recorded", self.id)
                return
        _logger.error("Result of message %s could not be recorded", self.id)

    def _get_status_callback_url(self):
        """Where Twilio reports the delivery of this text."""
        self.ensure_one()
        base = self.company_id.get_base_url()
        return f"{base}/job_confirmation/twilio/status/{self.uuid}"

    def _apply_send_result(self, result):
        """Record what a call came to.

        :param result: :class:`~..tools.twilio_api.SendResult`
        """
        self.ensure_one()
        if result.outcome is Outcome.ACCEPTED:
            values = {"twilio_sid": result.sid}
            if result.segments:
                values["segment_count"] = result.segments
            if self.state == "sending":
                # A delivery report may have been faster.
                values.update(state="sent", sent_date=fields.Datetime.now())
            self.write(values)
        elif self.state != "sending":
            return  # A delivery report already told more.
        elif result.outcome is Outcome.UNKNOWN:
            self.write(
                {
                    "error_code": result.code,
                    "failure_reason": self.env._(
                        "Twilio did not answer clearly (%s); asking it what became "
                        "of this text.",
                        result.reason,
                    ),
                }
            )
        else:
            self._apply_rejection(result.code, result.reason)
        self._show_change()

    def _apply_rejection(self, code, reason):
        """Twilio does not have the text: wait and try again, or give up."""
        kind = failure_class(code)
        pauses = {
            Failure.RETRY: [timedelta(minutes=value) for value in _RETRY_MINUTES],
            Failure.RETRY_LATER: [
                timedelta(hours=value) for value in _RETRY_LATER_HOURS
            ],
        }.get(kind, [])
        attempt = max(self.attempt_count, 1)
        if attempt <= len(pauses):
            pause = pauses[attempt - 1]
            self.write(
                {
                    "state": "outgoing",
                    "next_attempt_date": fields.Datetime.now() + pause,
                    "error_code": code,
                    "failure_reason": self.env._(
                        "Twilio can't take it now (%(code)s); next try in %(minutes)s "
                        "minutes.",
                        code=code,
                        minutes=int(pause.total_seconds() // 60),
                    ),
                }
            )
            return
        self._fail(kind, code, reason)

    def _fail(self, kind, code=0, reason=""):
        """The text did not reach the customer, and will not by itself.

        :param kind: :class:`~..tools.twilio_api.Failure`, or None when unknown
        """
        self.ensure_one()
        failure = _FAILURE_OF_CLASS.get(kind, "unknown")
        self.write(
            {
                "state": "failed",
                "failure_type": failure,
                "failure_reason": self._explain_failure(failure, code, reason),
                "error_code": code,
                "failed_date": fields.Datetime.now(),
            }
        )
        if failure == "consent":
            others = self.search(
                [
                    ("mobile", "=", self.mobile),
                    ("company_id", "=", self.company_id.id),
                    ("is_open", "=", True),
                ]
            )
            self._opt_out_sudo(self.mobile, self | others, "twilio")
            return
        self._close_unsent()

    def _explain_failure(self, failure, code, reason):
        """One sentence for staff: what went wrong and what to do."""
        sentences = {
            "number": self.env._("This number can't get texts. Correct it and retry."),
            "landline": self.env._("This is a landline. Choose a mobile number."),
            "consent": self.env._("The customer opted out of texts. Call instead."),
            "setup": self.env._("Twilio refuses this account's set-up. Tell an admin."),
            "filtered": self.env._("The carrier blocked this text. Call instead."),
            "unreachable": self.env._("The phone is off or out of reach."),
            "temporary": self.env._("Twilio could not take it after several tries."),
            "unknown": self.env._(
                "It is not known whether this text left. Ask the customer before "
                "sending it again."
            ),
            "other": self.env._("Twilio refused it."),
        }
        detail = ": ".join(str(part) for part in (code or "", reason or "") if part)
        return f"{sentences[failure]} ({detail})" if detail else sentences[failure]

    @api.model
    def _resolve_lost_claims(self):
        """Ask Twilio about texts whose call never came back, one after the other."""
        lost_sudo = self.sudo().search(
            [
                ("state", "=", "sending"),
                ("twilio_sid", "=", False),
                ("claimed_date", "<", fields.Datetime.now() - _CLAIM_LOST_AFTER),
            ],
            order="id",
            limit=50,
        )
        for record_sudo in lost_sudo:
            # Nothing is locked while Twilio is asked: a delivery report may come.
            self.env.cr.commit()  # pylint: disable=invalid-commit
            found = record_sudo._find_at_twilio()
            record_sudo._record_safely(record_sudo._apply_lookup, found)

    def _find_at_twilio(self):
        """The message in Twilio's list that carries this text.

        :return: :class:`~..tools.twilio_api.Message`, None when there is none, False
            when Twilio could not be asked
        """
        self.ensure_one()
        api = self.company_id._twilio_api_sudo()
        try:
            messages = api.list_messages(
                to=self.mobile, since=self.claimed_date - timedelta(minutes=1)
            )
        except Exception as error:
            _logger.warning("Twilio's message list: %s", type(error).__name__)
            return False
        known = set(
            self.sudo()
            .search([("twilio_sid", "in", [message.sid for message in messages])])
            .mapped("twilio_sid")
        )
        return next(
            (
                message
                for message in messages
                if message.body == self.body
                and message.sid not in known
                and message.direction != "inbound"
            ),
            None,
        )

    def _apply_lookup(self, message):
        """Record what Twilio's list said about a lost text.

        :param message: see :meth:`_find_at_twilio`
        """
        if self.state != "sending" or self.twilio_sid:
            return
        if message:
            self.write(
                {
                    "twilio_sid": message.sid,
                    "state": "sent",
                    "sent_date": self.claimed_date,
                    "failure_reason": False,
                }
            )
            if not self._apply_status(message.status, error_code=message.error_code):
                self._show_change()
        elif self.claimed_date < fields.Datetime.now() - _UNKNOWN_UNTIL:
            self._fail(None)
            self._show_change()

    # ------------------------------------------------------------------
    # Delivery reports
    # ------------------------------------------------------------------

    def _apply_status(self, status, sid="", error_code=0, from_number=""):
        """Apply one delivery report; a state never goes backwards.

        :param status: Twilio's MessageStatus
        :param sid: MessageSid
        :param error_code: Twilio's ErrorCode, 0 for none
        :return: whether anything changed
        """
        self.ensure_one()
        values = {}
        if sid and not self.twilio_sid:
            values["twilio_sid"] = sid
        if from_number and not self.from_number:
            values["from_number"] = from_number
        state = _STATE_OF_TWILIO.get(status)
        # A text given up as "not known" is known again.
        unknown = self.state == "failed" and self.failure_type == "unknown"
        forward = _RANK.get(state, -1) > _RANK.get(self.state, 9)
        if state and (forward or (unknown and state != "failed")):
            now = fields.Datetime.now()
            if state == "failed":
                if values:
                    self.write(values)
                self._fail(failure_class(error_code), error_code)
                values = {}
            else:
                values["state"] = state
                if not self.sent_date:
                    values["sent_date"] = now
                if state == "delivered":
                    values["delivered_date"] = now
                if unknown:
                    values.update(failure_type=False, failed_date=False)
                    self._reopen()
                values["failure_reason"] = False
        elif not values:
            return False
        if values:
            self.write(values)
        self._show_change()
        return True

    # ------------------------------------------------------------------
    # Answers
    # ------------------------------------------------------------------

    def _get_appointment_sudo(self):
        """The visit or Work Order asked about, with sudo; empty when it is gone."""
        self.ensure_one()
        if self.visit_id or self.closed_reason == "deleted":
            return self.visit_id.sudo()
        return self.order_id.sudo()

    def _get_stale_reason(self):
        """Why an answer to this message can't count any more, or "".

        :return: ``moved``, ``closed``, ``deleted``, ``past`` or ``late``
        """
        self.ensure_one()
        appointment_sudo = self._get_appointment_sudo()
        if not appointment_sudo:
            return "deleted"
        moved = appointment_sudo.scheduled_date_start != self.appointment_start
        if not moved and not appointment_sudo._is_appointment_upcoming():
            return "past"
        if appointment_sudo._is_appointment_closed():
            return "closed"
        if moved:
            return "moved"
        hours = self.company_id.job_confirmation_reply_hours
        asked = self.sent_date or self.create_date
        if hours and asked + timedelta(hours=hours) < fields.Datetime.now():
            return "late"
        return ""

    def _is_current(self):
        """Whether the appointment is still as the customer was asked about it."""
        return self._get_stale_reason() in ("", "late")

    def _get_newer_open(self):
        """A newer message about the same appointment that waits for an answer."""
        return (
            self._get_appointment_sudo()
            ._get_appointment_confirmations_sudo()
            .filtered(lambda rec: rec.id > self.id and rec.is_open)[:1]
        )

    def _describe_appointment(self):
        """Date and time for texts: as asked, and as they are now.

        :return: dict with ``job``, ``date``, ``time``, ``new_date``, ``new_time``
        """
        self.ensure_one()
        appointment_sudo = self._get_appointment_sudo()
        order_sudo = self.order_id.sudo()
        known = {"job": self.job_name or "", "new_date": "", "new_time": ""}
        if not order_sudo:
            return {**known, "date": "", "time": ""}
        asked = appointment_sudo.new(
            {
                "scheduled_date_start": self.appointment_start,
                "scheduled_date_end": False,
            },
            origin=appointment_sudo,
        )
        known["date"] = order_sudo._format_appointment_date(asked)
        same = appointment_sudo.scheduled_date_start == self.appointment_start
        known["time"] = order_sudo._format_appointment_time(
            appointment_sudo if same else asked
        )
        if appointment_sudo:
            known["new_date"] = order_sudo._format_appointment_date(appointment_sudo)
            known["new_time"] = order_sudo._format_appointment_time(appointment_sudo)
        return known

    def _reopen(self):
        """The customer was asked after all: wait for an answer again."""
        if self.response or self._get_stale_reason():
            return
        others = self._search_open_sudo(self.mobile, self.sender)
        if others and not self.code:
            self._ensure_code_sudo()
        if self.code in others.mapped("code"):
            return
        self.write({"is_open": True, "closed_reason": False})
        appointment_sudo = self._get_appointment_sudo()
        if appointment_sudo.confirmation_status == "not_sent":
            appointment_sudo._set_confirmation_status_sudo("awaiting")

    def _keep_words(self, reply_sudo):
        """Show a reply's words on the row, unless later ones stand there."""
        if not self.reply_date or self.reply_date <= reply_sudo.received_date:
            self.with_context(tracking_disable=True).write(
                {
                    "reply_body": reply_sudo.body,
                    "reply_date": reply_sudo.received_date,
                }
            )

    def _apply_answer(self, response, reply_sudo):
        """The customer answered this message.

        :param response: a key of ``response``
        :param reply_sudo: the ``fsm.confirmation.reply``
        """
        self.ensure_one()
        values = {
            "response": response,
            "reply_body": reply_sudo.body,
            "reply_date": reply_sudo.received_date,
            "needs_reading": False,
        }
        if response != "unrecognized":
            values.update(is_open=False, closed_reason="answered")
        self._write_response(values)
        self._update_activity(response)
        if response != "unrecognized":
            (self._get_siblings_sudo() - self)._close_activities()

    def _get_siblings_sudo(self):
        """Every message about the same appointment."""
        appointment_sudo = self._get_appointment_sudo()
        if not appointment_sudo:
            return self.sudo()
        return appointment_sudo._get_appointment_confirmations_sudo()

    def _flag_reply(self, reply_sudo):
        """A reply that changes nothing by itself, but that a person should read."""
        self.ensure_one()
        self.write({"needs_reading": True})
        self._keep_words(reply_sudo)
        self._update_activity("read")
        self._notify_changed()

    def _write_response(self, values):
        """Write the answer, and show it on the appointment."""
        self.with_context(tracking_disable=True).write(values)
        appointment_sudo = self._get_appointment_sudo()
        if appointment_sudo and values.get("response") and self._is_current():
            appointment_sudo._set_confirmation_status_sudo(values["response"])
        self._notify_changed()

    @api.model
    def _opt_out_sudo(self, number, confirmations, source, words="", company=None):
        """A number opted out: remember it, answer its open messages, tell the contact.

        :param number: E.164
        :param confirmations: ``fsm.confirmation`` records that this opt-out answers
        :param source: a key of ``phone.blacklist.opt_out_source``
        """
        entry_sudo = self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
            number, source, words
        )
        now = fields.Datetime.now()
        for record_sudo in confirmations.sudo():
            values = {
                "response": "opted_out",
                "is_open": False,
                "closed_reason": "answered",
                "reply_date": now,
            }
            if words:
                values["reply_body"] = words
            record_sudo._write_response(values)
            record_sudo._update_activity("opted_out")
        partners_sudo = confirmations.sudo().partner_id
        company_ids = [False, *(company.ids if company else [])]
        if not partners_sudo:
            partners_sudo = (
                self.env["res.partner"]
                .sudo()
                .search(
                    [
                        ("phone_sanitized", "=", number),
                        ("company_id", "in", company_ids),
                    ],
                    limit=10,
                )
            )
        note = entry_sudo._job_confirmation_describe()
        for partner_sudo in partners_sudo:
            self._log_note(partner_sudo, note)
        return entry_sudo

    def _on_opt_out_without_question(self):
        """The customer opted out while nothing was asked: a person has to call.

        An appointment that waits to be asked about again can't be asked about now.
        """
        self._update_activity("opted_out")
        appointment_sudo = self._get_appointment_sudo()
        if appointment_sudo.confirmation_status == "reconfirm":
            appointment_sudo._set_confirmation_status_sudo("opted_out")
        self._notify_changed()

    def _settle(self, response, reason=""):
        """Correct the answer by hand; who did it and why is in the history.

        :param response: a key of ``response``, or False
        """
        self.ensure_one()
        if self.response == response and not reason:
            return
        record_sudo = self.sudo()
        labels = dict(self._fields["response"]._description_selection(self.env))
        old = labels.get(record_sudo.response) or self.env._("no answer")
        new = labels.get(response) or self.env._("no answer")
        values = {"response": response, "needs_reading": False}
        if response in ("confirmed", "declined", "opted_out"):
            values.update(is_open=False, closed_reason="answered")
        record_sudo.with_context(tracking_disable=True).write(values)
        appointment_sudo = record_sudo._get_appointment_sudo()
        if not response:
            record_sudo._reopen()
        if appointment_sudo and record_sudo._is_current():
            appointment_sudo._set_confirmation_status_sudo(response or "awaiting")
        if response == "opted_out":
            entry_sudo = self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
                record_sudo.mobile, "user", record_sudo.reply_body
            )
            note = entry_sudo._job_confirmation_describe()
            self._log_note(record_sudo.partner_id, note, self.env.user.partner_id)
        note = self.env._(
            "%(message)s: answer changed from %(old)s to %(new)s.",
            message=self.name,
            old=old,
            new=new,
        )
        if reason:
            note += " " + self.env._("Reason: %s", reason)
        author = self.env.user.partner_id
        record_sudo._message_log(body=note, author_id=author.id)
        for target_sudo in (record_sudo.order_id, record_sudo.partner_id):
            self._log_note(target_sudo, note, author)
        record_sudo._update_activity(response)
        record_sudo._notify_changed()

    # ------------------------------------------------------------------
    # Activities
    # ------------------------------------------------------------------

    def _update_activity(self, response, note=""):
        """Have a person act on an answer that needs one; a settled one closes it.

        :param response: the answer; ``read`` asks a person to read the reply
        """
        self.ensure_one()
        xmlids = {
            "declined": "mail_activity_type_reschedule",
            "opted_out": "mail_activity_type_call",
            "unrecognized": "mail_activity_type_read",
            "read": "mail_activity_type_read",
        }
        record_sudo = self.sudo()
        # A done activity is archived, and stays as it is.
        old_sudo = record_sudo.activity_id.filtered("active")
        name = xmlids.get(response)
        order_sudo = record_sudo.order_id
        if not name or not order_sudo:
            if old_sudo:
                record_sudo.activity_id = False
                old_sudo.action_feedback(feedback=self.env._("Settled"))
            return
        kind = self.env.ref(f"fieldservice_job_confirmation.{name}")
        if old_sudo.activity_type_id == kind:
            return
        old_sudo.unlink()
        record_sudo.activity_id = order_sudo.activity_schedule(
            activity_type_id=kind.id,
            note=note or self._link_to_message(),
            user_id=self._get_responsible_user().id,
        )

    def _close_activities(self):
        """What a person was asked to do about these messages is done."""
        for record_sudo in self.sudo().filtered("activity_id"):
            record_sudo._update_activity("settled")

    def _get_responsible_user(self):
        """Who acts on an answer: the sender, else who made the Work Order."""
        order_sudo = self.sudo().order_id
        users = self.sudo().user_id | order_sudo.create_uid
        active = users.filtered(lambda user: user.active and not user.share)
        return active[:1] or self.env.ref("base.user_admin")

    # ------------------------------------------------------------------
    # History and live update
    # ------------------------------------------------------------------

    def _link_to_message(self):
        return Markup('<a href="#" data-oe-model="%s" data-oe-id="%s">%s</a>') % (
            self._name,
            self.id,
            self.name,
        )

    def _history_body(self):
        """The note about this text, with its delivery state, as Markup."""
        self.ensure_one()
        states = dict(self._fields["state"]._description_selection(self.env))
        delivery = states[self.state]
        if self.state in ("failed", "canceled") and self.failure_reason:
            delivery = f"{delivery}: {self.failure_reason}"
        return Markup(HISTORY_NOTE).format(
            title=self.env._(
                "Text message to %(contact)s (%(number)s)",
                contact=self.contact_name or "",
                number=self.mobile,
            ),
            link=self._link_to_message(),
            body=self.body,
            state=self.env._("Delivery: %s", delivery),
        )

    @api.model
    def _log_note(self, target, body, author=None):
        """Write a note into the history of a Work Order or contact.

        Its subtype keeps it from users without a Message Center level.

        :return: the ``mail.message`` with sudo
        """
        if not target:
            return self.env["mail.message"]
        note_sudo = target._message_log(body=body, author_id=author and author.id)
        note_sudo.subtype_id = self.env.ref(SUBTYPE)
        return note_sudo

    def _log_sent(self):
        """Write the text into the histories of Work Order and contact."""
        self.ensure_one()
        author = self.user_id.partner_id
        body = self._history_body()
        self.order_message_id = self._log_note(self.order_id, body, author)
        self.partner_message_id = self._log_note(self.partner_id, body, author)

    def _refresh_history(self):
        """Bring the delivery state in the histories up to date."""
        for record in self:
            messages_sudo = (record.order_message_id | record.partner_message_id).sudo()
            if messages_sudo:
                messages_sudo.write({"body": record._history_body()})

    def _show_change(self):
        """Bring histories and open screens up to date."""
        self._refresh_history()
        self._notify_changed()

    def _notify_changed(self):
        """Tell open screens to read these records again; ids only, no content."""
        if not self:
            return
        group = self.env.ref("fieldservice_job_confirmation.group_message_center_read")
        group.sudo()._bus_send(
            "fsm_confirmation/changed",
            {
                "ids": self.ids,
                "order_ids": self.order_id.ids,
                "partner_ids": self.partner_id.ids,
            },
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_open_details(self):
        """Open the message with all its replies in a dialog."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.name,
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
        }

    def action_open_order(self):
        """Open the Work Order."""
        self.ensure_one()
        if not self.order_id:
            raise UserError(self.env._("This Work Order was deleted."))
        return {
            "type": "ir.actions.act_window",
            "res_model": "fsm.order",
            "res_id": self.order_id.id,
            "views": [(False, "form")],
            "target": "current",
        }

    def action_send_again(self):
        """Open the dialog to send a failed message again."""
        self.ensure_one()
        if not self.can_send_again:
            raise UserError(
                self.env._(
                    "%s can't be sent again: only a failed message whose reason can be "
                    "mended, once.",
                    self.name,
                )
            )
        action = self.order_id.action_send_confirmation()
        action["context"] = {
            "default_order_id": self.order_id.id,
            "default_visit_id": self.visit_id.id,
            "default_partner_id": self.partner_id.id,
            "default_previous_id": self.id,
        }
        return action

    def action_settle(self):
        """Open the dialog in which an answer is corrected by hand."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Correct the Answer"),
            "res_model": "fsm.confirmation.settle",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_action": "settle",
                "default_confirmation_id": self.id,
                "default_response": self.response,
            },
        }
