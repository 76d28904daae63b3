# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import concurrent.futures
import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools.twilio_api import Failure, Outcome, failure_class

_logger = logging.getLogger(__name__)

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
_RANK = {"outgoing": 0, "sending": 1, "sent": 2, "delivered": 3, "failed": 3}
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
    """The outbox: claim, call Twilio, record the result; then the delivery reports."""

    _inherit = "fsm.confirmation"

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
