# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import concurrent.futures
import logging
import time
from collections import Counter
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...core.twilio.client import (
    UNREADABLE,
    Failure,
    Outcome,
    SendResult,
    failure_class,
)
from ...tools.log_redaction import describe, private_queries, where
from ...tools.retry import CONFLICTS, commit_with_retries

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
# A process that slept longer after its claim must not call any more: the others have
# begun to look for its texts at Twilio.
_CALL_WITHIN = 60  # seconds
_CLAIM_LOST_AFTER = timedelta(minutes=2)
# Twilio's list of messages can lag minutes behind; later it is complete.
_UNKNOWN_UNTIL = timedelta(minutes=15)
# While Twilio can't be asked, nothing is known; then a person has to know.
_ASK_UNTIL = timedelta(hours=1)
# Calls to Twilio side by side; one sender with a slow account leaves room for others.
_CONCURRENT_CALLS = 40
_CONCURRENT_PER_SENDER = 20
# So many newest texts to one number are looked through for one that was lost.
_LOOKUP_MESSAGES = 100
_LONGEST_PAUSE = 0.5  # seconds


class FsmConfirmation(models.Model):
    """The outbox: claim, call Twilio, record the result; then the delivery reports."""

    _inherit = "fsm.confirmation"

    # ------------------------------------------------------------------
    # Sending: the outbox
    # ------------------------------------------------------------------

    @api.model
    @private_queries()
    def _cron_send(self):
        """Send what waits, and find out about calls that never came back."""
        self._send_waiting()
        self._resolve_lost_claims()

    @api.model
    def _send_waiting(self):
        """Send waiting texts until none is left or the cron's time is over.

        Claim (committed), call, result (committed): a crash in between leaves a row
        in ``sending``, which is never sent again before Twilio was asked about it.
        Calls run side by side; this thread alone talks to the database.
        """
        cron = self.env["ir.cron"]
        seconds_left = float("inf")
        calls = {}
        apis = {}
        mended = set()
        with concurrent.futures.ThreadPoolExecutor(_CONCURRENT_CALLS) as pool:
            while True:
                pause = None
                if seconds_left > 0 and len(calls) <= _CONCURRENT_CALLS // 2:
                    in_flight = Counter(rec.sender for rec in calls.values())
                    claimed_sudo, pause = self._claim(in_flight)
                    calls.update(claimed_sudo._start_calls(pool, apis))
                    if claimed_sudo:
                        continue
                if not calls:
                    if pause is None:
                        break
                    # The sender's rate is used up: its next texts are due soon.
                    time.sleep(min(pause, _LONGEST_PAUSE))
                    seconds_left = cron._commit_progress()
                    continue
                done, _rest = concurrent.futures.wait(
                    calls, return_when=concurrent.futures.FIRST_COMPLETED
                )
                results = [(calls.pop(call), call.result()) for call in done]
                self._record_results(results)
                for record_sudo, result in results:
                    if result.outcome is Outcome.ACCEPTED:
                        mended.add(record_sudo.sender)
                    elif result.outcome is Outcome.REJECTED:
                        mended.discard(record_sudo.sender)
                seconds_left = cron._commit_progress(
                    len(done), remaining=self._count_waiting()
                )
        self.env["fsm.confirmation.sender"]._forget_problems_sudo(mended)

    @api.model
    def _count_waiting(self):
        """How many texts are due, as far as it matters (at most 1,000)."""
        return self.sudo().search_count(self._get_due_domain(), limit=1000)

    @api.model
    def _get_due_domain(self):
        return [
            ("state", "=", "outgoing"),
            "|",
            ("next_attempt_date", "=", False),
            ("next_attempt_date", "<=", fields.Datetime.now()),
        ]

    @api.model
    def _claim(self, in_flight=None):
        """Take waiting rows for this process; others skip what is locked.

        :param in_flight: dict sender -> number of calls that run in this process
        :return: (claimed records with sudo, pause): the pause in seconds after which
            a sender whose rate is used up may send again, None when nothing waits
        """
        try:
            # Another process may be faster with the same rows: then look again.
            return commit_with_retries(
                self.env, lambda: self._claim_now(in_flight or {}), attempts=20
            )
        except CONFLICTS:
            return self.sudo().browse(), _LONGEST_PAUSE

    @api.model
    def _claim_now(self, in_flight):
        self.env.flush_all()
        # What other processes changed meanwhile has to be seen before a text leaves.
        self.env.invalidate_all()
        now = fields.Datetime.now()
        due = SQL(
            "state = 'outgoing' AND (next_attempt_date IS NULL OR next_attempt_date"
            " <= %s)",
            now,
        )
        waiting = self.env.execute_query(
            SQL(
                """
                SELECT sender, count(*), array_agg(DISTINCT company_id)
                  FROM (SELECT sender, company_id FROM fsm_confirmation WHERE %s
                         ORDER BY id LIMIT 1000) AS due
              GROUP BY sender
                """,
                due,
            )
        )
        senders = self.env["fsm.confirmation.sender"]
        free = _CONCURRENT_CALLS - sum(in_flight.values())
        ids = []
        pauses = []
        for sender, count, company_ids in waiting:
            room = min(
                count,
                free - len(ids),
                _CONCURRENT_PER_SENDER - in_flight.get(sender, 0),
            )
            if room <= 0:
                pauses.append(_LONGEST_PAUSE)
                continue
            companies_sudo = self.env["res.company"].sudo().browse(company_ids)
            allowed, pause = senders._take_sudo(sender, companies_sudo, room)
            if pause:
                pauses.append(pause)
            if not allowed:
                continue
            rows = self.env.execute_query(
                SQL(
                    """
                    UPDATE fsm_confirmation
                       SET state = 'sending', claimed_date = %s, error_code = 0,
                           asked_date = NULL,
                           attempt_count = COALESCE(attempt_count, 0) + 1
                     WHERE id IN (SELECT id FROM fsm_confirmation
                                   WHERE %s AND sender IS NOT DISTINCT FROM %s
                                   ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
                 RETURNING id
                    """,
                    now,
                    due,
                    sender,
                    allowed,
                )
            )
            ids += [row[0] for row in rows]
        self.env.invalidate_all()
        # The caller commits: the claim must be visible to everybody before the call.
        return self.sudo().browse(sorted(ids)), min(pauses, default=None)

    def _start_calls(self, pool, apis):
        """Hand the claimed rows to Twilio, except those that must not leave any more.

        :param pool: the executor that runs the calls
        :param apis: dict company -> ``TwilioApi``, filled here: one session each
        :return: dict future of a ``SendResult`` -> record
        """
        calls = {}
        deadline = time.time() + _CALL_WITHIN
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
            if company not in apis:
                apis[company] = company._twilio_api_sudo(
                    connections=_CONCURRENT_PER_SENDER
                )
            call = pool.submit(
                _send_in_time,
                apis[company],
                deadline,
                record.mobile,
                record.body,
                record.sender,
                record._get_status_callback_url(),
            )
            calls[call] = record
        return calls

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
        if self.state == "failed" and self._was_asked_since():
            self._mark_replaced_sudo()
        if was_open:
            self._get_appointment_sudo()._stop_waiting_sudo()

    @api.model
    def _record_results(self, results):
        """Record what calls came to: together, which costs little more than one.

        :param results: list of (record with sudo, ``SendResult``)
        """
        # Read together what each of them needs.
        records_sudo = self.sudo().browse([record.id for record, _result in results])

        def apply():
            for record_sudo, (_record, result) in zip(
                records_sudo, results, strict=True
            ):
                record_sudo._apply_send_result(result)

        if len(results) > 1:
            try:
                commit_with_retries(self.env, apply, attempts=2)
                return
            except Exception as error:
                self.env.cr.rollback()
                self.env.transaction.clear()
                _logger.info("Results are recorded one by one: %s", describe(error))
        for record_sudo, result in results:
            record_sudo._record_safely(record_sudo._apply_send_result, result)

    def _record_safely(self, method, *arguments):
        """Run one record's method and commit; a conflict is tried again.

        A result must not be lost because a delivery report wrote the same row at the
        same moment.
        """
        try:
            commit_with_retries(self.env, lambda: method(*arguments))
        except Exception as error:
            # One row must not hold up all others; it is looked up again later.
            self.env.cr.rollback()
            self.env.transaction.clear()
            _logger.error(
                "Result of message %s could not be recorded: %s\n%s",
                self.id,
                describe(error),
                where(error),
            )

    def _get_status_callback_url(self):
        """Where Twilio reports the delivery of this text."""
        self.ensure_one()
        base = self.company_id.get_base_url()
        return f"{base}/job_confirmation/twilio/status/{self.uuid}"

    def _apply_send_result(self, result):
        """Record what a call came to.

        :param result: :class:`~...core.twilio.client.SendResult`
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

        :param kind: :class:`~...core.twilio.client.Failure`, or None when unknown
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
        if failure in ("setup", "temporary"):
            self.env["fsm.confirmation.sender"]._report_problem_sudo(
                self.sender, self.company_id, code, self.failure_reason
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
        """Ask Twilio about texts whose call never came back."""
        lost_sudo = self.sudo().search(
            [
                ("state", "=", "sending"),
                ("twilio_sid", "=", False),
                ("claimed_date", "<", fields.Datetime.now() - _CLAIM_LOST_AFTER),
            ],
            order="claimed_date",
            limit=200,
        )
        apis = {
            company: company._twilio_api_sudo(connections=_CONCURRENT_PER_SENDER)
            for company in lost_sudo.company_id
        }
        # Nothing is locked while Twilio is asked: a delivery report may come.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        cron = self.env["ir.cron"]
        with concurrent.futures.ThreadPoolExecutor(_CONCURRENT_PER_SENDER) as pool:
            calls = {
                pool.submit(_list_newest, apis[rec.company_id], rec.mobile): rec
                for rec in lost_sudo
            }
            for call in concurrent.futures.as_completed(calls):
                record_sudo = calls[call]
                record_sudo._record_safely(record_sudo._apply_lookup, call.result())
                if not cron._commit_progress():
                    pool.shutdown(cancel_futures=True)
                    break

    def _apply_lookup(self, messages):
        """Record what Twilio's list said about a text whose call never came back.

        :param messages: the number's newest :class:`~...core.twilio.client.Message`, or
            None when Twilio could not be asked
        """
        self.ensure_one()
        if self.state != "sending" or self.twilio_sid:
            return  # A delivery report was faster.
        age = fields.Datetime.now() - self.claimed_date
        message = self._find_in_list(messages or [])
        if message:
            self.write(
                {
                    "twilio_sid": message.sid,
                    "state": "sent",
                    "sent_date": self.claimed_date,
                    "failure_reason": False,
                    "error_code": 0,
                }
            )
            if not self._apply_status(message.status, error_code=message.error_code):
                self._show_change()
        elif messages is not None and age > _UNKNOWN_UNTIL:
            # Twilio's list is complete by now, and no delivery report came: it does
            # not have the text.
            if (
                self.error_code != UNREADABLE
                and self.attempt_count <= len(_RETRY_MINUTES)
                and not self._get_late_obstacle()
            ):
                self.write(
                    {
                        "state": "outgoing",
                        "next_attempt_date": False,
                        "failure_reason": self.env._(
                            "Twilio was asked and does not have this text; sending it "
                            "again."
                        ),
                    }
                )
            else:
                self._fail(None)
            self._show_change()
        elif messages is None and not self.asked_date:
            self.asked_date = fields.Datetime.now()
        elif messages is None and self.asked_date < fields.Datetime.now() - _ASK_UNTIL:
            self._fail(None)
            self._show_change()

    def _find_in_list(self, messages):
        """The message in Twilio's list that carries this text, or None.

        :param messages: list of :class:`~...core.twilio.client.Message`
        """
        since = self.claimed_date - timedelta(minutes=1)
        likely = [
            message
            for message in messages
            if message.body == self.body
            and message.direction != "inbound"
            and (message.date_created is None or message.date_created >= since)
        ]
        known = set(
            self.sudo()
            .search(
                [
                    ("mobile", "=", self.mobile),
                    ("twilio_sid", "in", [message.sid for message in likely]),
                ]
            )
            .mapped("twilio_sid")
        )
        return next((mess for mess in likely if mess.sid not in known), None)

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
            if self.sender != from_number:
                # One of the service's numbers: replies to it may be missed as well.
                self.env["fsm.confirmation.sender"]._get_or_create_sudo(
                    from_number, self.company_id
                )
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
                    # The report may be late: a reply may have come before it.
                    values["sent_date"] = self.claimed_date or now
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


def _send_in_time(api, deadline, *arguments):
    """Call Twilio, unless the claim is too old.

    :param deadline: as of ``time.time()``
    :return: :class:`~...core.twilio.client.SendResult`
    """
    if time.time() > deadline:
        return SendResult(Outcome.UNKNOWN, reason="not called: the claim is too old")
    return api.send(*arguments)


def _list_newest(api, number):
    """The newest texts to a number, or None when Twilio could not be asked.

    Without a date filter: a text that still waits at Twilio has no sent date.

    :param api: :class:`~...core.twilio.client.TwilioApi`
    """
    try:
        return api.list_messages(to=number, limit=_LOOKUP_MESSAGES)
    except Exception as error:
        _logger.warning("Twilio's message list: %s", type(error).__name__)
        return None
