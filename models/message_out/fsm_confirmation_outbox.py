# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import concurrent.futures
import logging
import time
from collections import Counter
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...core import delivery, status
from ...core.twilio.client import Outcome, SendResult
from ...tools.log_redaction import describe, private_queries, where
from ...tools.retry import CONFLICTS, commit_with_retries

_logger = logging.getLogger(__name__)

# A process that slept longer after its claim must not call any more: the others have
# begun to look for its texts at Twilio.
_CALL_WITHIN = 60  # seconds
_CLAIM_LOST_AFTER = timedelta(minutes=2)
# Calls to Twilio side by side; one sender with a slow account leaves room for others.
_CONCURRENT_CALLS = 40
_CONCURRENT_PER_SENDER = 20
# So many newest texts to one number are looked through for one that was lost.
_LOOKUP_MESSAGES = 100
_LONGEST_PAUSE = 0.5  # seconds


class FsmConfirmationOutbox(models.AbstractModel):
    """Texts on their way: claim, call Twilio, record the result, hear of delivery.

    What a result, a report or a look-up means is decided in :mod:`...core.delivery`.
    """

    _name = "fsm.confirmation.outbox"
    _description = "Outbox of Confirmations"

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
        working = set()
        with concurrent.futures.ThreadPoolExecutor(_CONCURRENT_CALLS) as pool:
            while True:
                pause = None
                if seconds_left > 0 and len(calls) <= _CONCURRENT_CALLS // 2:
                    in_flight = Counter(rec.sender for rec in calls.values())
                    claimed_sudo, pause = self._claim(in_flight)
                    calls.update(self._start_calls(claimed_sudo, pool, apis))
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
                        working.add(record_sudo.sender)
                    elif result.outcome is Outcome.REJECTED:
                        working.discard(record_sudo.sender)
                seconds_left = cron._commit_progress(
                    len(done), remaining=self._count_waiting()
                )
        self.env["fsm.confirmation.sender"]._forget_problems_sudo(working)

    @api.model
    def _count_waiting(self):
        """How many texts are due, as far as it matters (at most 1,000)."""
        messages_sudo = self.env["fsm.confirmation"].sudo()
        return messages_sudo.search_count(self._get_due_domain(), limit=1000)

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
            return self.env["fsm.confirmation"].browse(), _LONGEST_PAUSE

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
        claimed_sudo = self.env["fsm.confirmation"].sudo().browse(sorted(ids))
        return claimed_sudo, min(pauses, default=None)

    @api.model
    def _start_calls(self, claimed_sudo, pool, apis):
        """Hand the claimed rows to Twilio, except those that must not leave any more.

        :param pool: the executor that runs the calls
        :param apis: dict company -> ``TwilioApi``, filled here: one session each
        :return: dict future of a ``SendResult`` -> record
        """
        calls = {}
        deadline = time.time() + _CALL_WITHIN
        for record_sudo in claimed_sudo:
            company = record_sudo.company_id
            stopped = self._check_claimed(record_sudo)
            if stopped:
                self._record_safely(record_sudo, self._apply, stopped)
                continue
            if company not in apis:
                apis[company] = company._twilio_api_sudo(
                    connections=_CONCURRENT_PER_SENDER
                )
            call = pool.submit(
                _send_in_time,
                apis[company],
                deadline,
                record_sudo.mobile,
                record_sudo.body,
                record_sudo.sender,
                self._get_report_url(record_sudo),
            )
            calls[call] = record_sudo
        return calls

    @api.model
    def _check_claimed(self, record):
        """What becomes of a claimed text that must not leave, None when it may.

        :return: :class:`~...core.delivery.Transition`
        """
        company = record.company_id
        if not (
            record.sender
            and company.job_confirmation_enabled
            and company._job_confirmation_ready()
        ):
            reason = self.env._("not set up for %s", company.name)
            return delivery.Transition("failed", failure="setup", reason=reason)
        alert = self._get_late_alert(record)
        return delivery.Transition("canceled", reason=alert) if alert else None

    @api.model
    def _get_late_alert(self, record):
        """A sentence why this text must not leave any more, or "".

        An override point.
        """
        if self.env["phone.blacklist"]._job_confirmation_find_sudo([record.mobile]):
            return self.env._("The customer opted out before the text left.")
        if status.has_passed(record.appointment_start, fields.Datetime.now()):
            return self.env._("The appointment passed before the text left.")
        if not record.is_open or not record._is_current():
            return self.env._("The appointment changed before the text left.")
        return ""

    @api.model
    def _get_report_url(self, record):
        """Where Twilio reports the delivery of this text."""
        base = record.company_id.get_base_url()
        return f"{base}/job_confirmation/twilio/status/{record.uuid}"

    # ------------------------------------------------------------------
    # Results
    # ------------------------------------------------------------------

    @api.model
    def _record_results(self, results):
        """Record what calls came to: together, which costs little more than one.

        :param results: list of (record with sudo, ``SendResult``)
        """
        # Read together what each of them needs.
        records_sudo = self.env["fsm.confirmation"].sudo()
        records_sudo = records_sudo.browse([record.id for record, _result in results])
        pairs = [
            (record_sudo, result)
            for record_sudo, (_record, result) in zip(
                records_sudo, results, strict=True
            )
        ]

        def apply():
            for record_sudo, result in pairs:
                self._apply_result(record_sudo, result)

        if len(pairs) > 1:
            try:
                commit_with_retries(self.env, apply, attempts=2)
                return
            except Exception as error:
                self.env.cr.rollback()
                self.env.transaction.clear()
                _logger.info("Results are recorded one by one: %s", describe(error))
        for record_sudo, result in pairs:
            self._record_safely(record_sudo, self._apply_result, result)

    @api.model
    def _record_safely(self, record, method, *arguments):
        """Run a method about one record and commit; a conflict is tried again.

        A result must not be lost because a delivery report wrote the same row at the
        same moment.
        """
        try:
            commit_with_retries(self.env, lambda: method(record, *arguments))
        except Exception as error:
            # One row must not hold up all others; it is looked up again later.
            self.env.cr.rollback()
            self.env.transaction.clear()
            _logger.error(
                "Result of message %s could not be recorded: %s\n%s",
                record.id,
                describe(error),
                where(error),
            )

    @api.model
    def _apply_result(self, record, result):
        """Record what a call came to.

        :param result: :class:`~...core.twilio.client.SendResult`
        """
        values = {}
        if result.sid:
            values["twilio_sid"] = result.sid
        if result.segments:
            values["segment_count"] = result.segments
        step = delivery.after_call(record.state, record.attempt_count, result)
        self._apply(record, step, values)

    @api.model
    def _receive_report_sudo(self, companies_sudo, uuid, report):
        """Apply a delivery report to the text that it is about, if there is one.

        :param companies_sudo: ``res.company`` records of the account that reports
        :param uuid: of the text, out of the address that Twilio called
        :param report: :class:`~...core.delivery.Report`
        """
        messages_sudo = self.env["fsm.confirmation"].sudo()
        record_sudo = messages_sudo.search(
            [
                ("uuid", "=", uuid),
                ("state", "!=", "delivered"),  # As the index of them has it.
                ("company_id", "in", companies_sudo.ids),
            ]
        )
        # Of a delivered or deleted message, or another account: nothing to do.
        if record_sudo:
            self._apply_report(record_sudo, report)

    @api.model
    def _apply_report(self, record, report):
        """Apply one delivery report.

        :param report: :class:`~...core.delivery.Report`
        """
        values = {}
        if report.sid and not record.twilio_sid:
            values["twilio_sid"] = report.sid
        if report.from_number and not record.from_number:
            values["from_number"] = report.from_number
            if record.sender != report.from_number:
                # One of the service's numbers: replies to it may be missed as well.
                self.env["fsm.confirmation.sender"]._get_or_create_sudo(
                    report.from_number, record.company_id
                )
        step = delivery.after_report(record.state, record.failure_type, report)
        self._apply(record, step, values)

    @api.model
    def _apply(self, record, step, values=None):
        """Have a text go on, with all that follows from it.

        :param step: :class:`~...core.delivery.Transition`, None when its state stays
        :param values: further field values, written along
        """
        if not (step or values):
            return
        record._store_delivery(step, self._describe_step(step), values or {})
        if step and step.state == "failed":
            self._on_failed(record)
        elif step and step.state == "canceled":
            self._close_unsent(record)
        self.env["fsm.confirmation.chatter"]._refresh(record)
        record._notify_changed()

    @api.model
    def _on_failed(self, record):
        """The text did not reach the customer, and will not by itself."""
        if record.failure_type in ("setup", "temporary"):
            self.env["fsm.confirmation.sender"]._report_problem_sudo(
                record.sender,
                record.company_id,
                record.error_code,
                record.failure_reason,
            )
        if record.failure_type != "consent":
            self._close_unsent(record)
            return
        others = record.search(
            [
                ("mobile", "=", record.mobile),
                ("company_id", "=", record.company_id.id),
                ("is_open", "=", True),
            ]
        )
        self.env["fsm.confirmation.response"]._opt_out_sudo(
            record.mobile, record | others, "twilio"
        )

    @api.model
    def _close_unsent(self, record):
        """The customer was not asked after all, unless another message asks."""
        was_open = record.is_open
        record._close_sudo("failed")
        if record.state == "failed" and record._was_asked_since():
            record._mark_replaced_sudo()
        if was_open:
            record._get_appointment_sudo()._stop_waiting_sudo()

    @api.model
    def _describe_step(self, step):
        """One sentence for staff: what keeps a text, "" when nothing does.

        :param step: see :meth:`_apply`
        """
        if not step or step.accepted:
            return ""
        if step.state == "canceled":
            return step.reason
        if step.state == "failed":
            return self._describe_failure(step.failure, step.code, step.reason)
        if step.state == "sending":
            return self.env._(
                "Twilio did not answer clearly (%s); asking it what became of this "
                "text.",
                step.reason,
            )
        if not step.pause:
            return self.env._(
                "Twilio was asked and does not have this text; sending it again."
            )
        return self.env._(
            "Twilio can't take it now (%(code)s); next try in %(minutes)s minutes.",
            code=step.code,
            minutes=int(step.pause.total_seconds() // 60),
        )

    @api.model
    def _describe_failure(self, failure, code, reason):
        """One sentence for staff: what went wrong and what to do.

        :param failure: a key of ``failure_type``
        """
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

    # ------------------------------------------------------------------
    # Calls that never came back
    # ------------------------------------------------------------------

    @api.model
    def _resolve_lost_claims(self):
        """Ask Twilio about texts whose call never came back."""
        lost_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    ("state", "=", "sending"),
                    ("twilio_sid", "=", False),
                    ("claimed_date", "<", fields.Datetime.now() - _CLAIM_LOST_AFTER),
                ],
                order="claimed_date",
                limit=200,
            )
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
                self._record_safely(calls[call], self._apply_lookup, call.result())
                if not cron._commit_progress():
                    pool.shutdown(cancel_futures=True)
                    break

    @api.model
    def _apply_lookup(self, record, messages):
        """Record what Twilio's list said about a text whose call never came back.

        :param messages: the number's newest :class:`~...core.twilio.client.Message`, or
            None when Twilio could not be asked
        """
        if record.state != "sending" or record.twilio_sid:
            return  # A delivery report was faster.
        if messages is None:
            self._apply_failed_lookup(record)
            return
        message = self._find_in_list(record, messages)
        if message:
            found = delivery.Transition("sent", accepted=True)
            self._apply(record, found, {"twilio_sid": message.sid})
            report = delivery.Report(message.status, code=message.error_code)
            self._apply_report(record, report)
            return
        step = delivery.after_missing_in_list(
            age=fields.Datetime.now() - record.claimed_date,
            attempts=record.attempt_count,
            code=record.error_code,
            may_leave=not self._get_late_alert(record),
        )
        self._apply(record, step)

    @api.model
    def _apply_failed_lookup(self, record):
        """Twilio could not be asked, maybe not for the first time."""
        now = fields.Datetime.now()
        if not record.asked_date:
            record.asked_date = now
            return
        self._apply(record, delivery.after_failed_lookup(now - record.asked_date))

    @api.model
    def _find_in_list(self, record, messages):
        """The message in Twilio's list that carries this text, or None."""
        others = record.search(
            [
                ("mobile", "=", record.mobile),
                ("twilio_sid", "in", [message.sid for message in messages]),
            ]
        )
        known = set(others.mapped("twilio_sid"))
        return delivery.find_in_list(messages, record.body, record.claimed_date, known)


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
