# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import concurrent.futures
import logging
import time
from collections import Counter

from odoo import api, fields, models
from odoo.tools import SQL

from ...core import delivery
from ...core.alerts import SETUP
from ...core.kinds import SMS
from ...core.twilio.client import OVERRIDES, Outcome, SendResult
from ...tools.log_redaction import describe, private_queries, where
from ...tools.retry import CONFLICTS, commit_with_retries

_logger = logging.getLogger(__name__)

# Calls to Twilio side by side; one sender with a slow account leaves room for others.
_CONCURRENT_CALLS = 40
CONCURRENT_PER_SENDER = 20
_LONGEST_PAUSE = 0.5  # seconds


class FsmConfirmationOutbox(models.AbstractModel):
    """Sends waiting texts to Twilio: claim, call, record the result.

    What a result means is found in :class:`FsmConfirmationDelivery`.
    """

    _name = "fsm.confirmation.outbox"
    _description = "Outbox of Confirmations"

    @api.model
    @private_queries()
    def _cron_send(self):
        """Send what waits, and ask Twilio about texts without a final report."""
        self.env["fsm.confirmation.email"]._record_outcomes()
        self._send_waiting()
        lookups = self.env["fsm.confirmation.lookup"]
        lookups._resolve_lost_claims()
        lookups._check_reported()

    @api.model
    def _wake(self, messages, at=None):
        """Have waiting texts sent soon, or at a time; an override point.

        :param messages: ``fsm.confirmation`` records that wait
        :param at: naive UTC datetime, None for as soon as possible
        """
        # The scheduled action, and the copies of it that send beside it.
        crons_sudo = self.env["ir.cron"].sudo()
        own = [("model_id", "=", self.env["ir.model"]._get_id(self._name))]
        for cron_sudo in crons_sudo.search_fetch(own, ["active"]):
            cron_sudo._trigger(at)

    @api.model
    @private_queries()
    def _send_waiting(self, sender=None):
        """Send waiting texts until none is left or the cron's time is over.

        Any number of processes may do so side by side. Claim (committed), call, result
        (committed): a crash in between leaves a row in ``sending``, which is never sent
        again before Twilio was asked about it. Calls run side by side; this thread
        alone talks to the database.

        :param sender: only texts from this sender
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
                    claimed_sudo, pause = self._claim(in_flight, sender)
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
                _note_working(working, results)
                seconds_left = cron._commit_progress(
                    len(done), remaining=self._count_waiting(sender)
                )
        self.env["fsm.confirmation.sender"]._forget_problems_sudo(working)

    @api.model
    def _count_waiting(self, sender=None):
        """How many texts are due, counted up to 1,000."""
        domain = self._get_due_domain()
        if sender:
            domain = [("sender", "=", sender), *domain]
        return self.env["fsm.confirmation"].sudo().search_count(domain, limit=1000)

    @api.model
    def _get_due_domain(self):
        return [
            ("state", "=", "outgoing"),
            ("channel", "=", SMS),
            ("carrier_id", "=", False),
            "|",
            ("next_attempt_date", "=", False),
            ("next_attempt_date", "<=", fields.Datetime.now()),
        ]

    @api.model
    def _claim(self, in_flight=None, sender=None):
        """Take waiting rows for this process; others skip what is locked.

        :param in_flight: dict sender -> number of calls that run in this process
        :param sender: only texts from this sender
        :return: (claimed records with sudo, pause): the pause in seconds after which
            a sender whose rate is used up may send again, None when nothing waits
        """
        try:
            # Another process may be faster with the same rows: then look again.
            return commit_with_retries(
                self.env, lambda: self._claim_now(in_flight or {}, sender), attempts=20
            )
        except CONFLICTS:
            return self.env["fsm.confirmation"].browse(), _LONGEST_PAUSE

    @api.model
    def _claim_now(self, in_flight, only_sender):
        self.env.flush_all()
        # What other processes changed meanwhile has to be seen before a text is sent.
        self.env.invalidate_all()
        now = fields.Datetime.now()
        due = SQL(
            "state = 'outgoing' AND channel = %s AND carrier_id IS NULL"
            " AND (next_attempt_date IS NULL OR next_attempt_date <= %s)",
            SMS,
            now,
        )
        if only_sender:
            due = SQL("%s AND sender = %s", due, only_sender)
        self._defer_until_hours(due, now)
        rate = self.env["fsm.confirmation.rate"]
        free = _CONCURRENT_CALLS - sum(in_flight.values())
        ids = []
        pauses = []
        for sender, count, company_ids in self._find_waiting(due):
            room = min(
                count,
                free - len(ids),
                CONCURRENT_PER_SENDER - in_flight.get(sender, 0),
            )
            if room <= 0:
                pauses.append(_LONGEST_PAUSE)
                continue
            companies_sudo = self.env["res.company"].sudo().browse(company_ids)
            allowed, pause = rate._take_share_sudo(sender, companies_sudo, room)
            if pause:
                pauses.append(pause)
            if allowed:
                ids += self._claim_rows(due, sender, allowed, now)
        if ids:
            self.env["fsm.confirmation.same.day"]._claim(ids)
        self.env.invalidate_all()
        # The caller commits: the claim must be visible to everybody before the call.
        claimed_sudo = self.env["fsm.confirmation"].sudo().browse(sorted(ids))
        return claimed_sudo, min(pauses, default=None)

    @api.model
    def _find_waiting(self, due):
        """What waits at each sender, of the 1,000 texts that have waited longest.

        :param due: SQL condition of what may be claimed
        :return: list of (sender, number of texts, their company ids)
        """
        return self.env.execute_query(
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

    @api.model
    def _claim_rows(self, due, sender, limit, now):
        """Mark the next texts of a sender as being sent; others skip locked rows.

        :param due: SQL condition of what may be claimed
        :return: their ids
        """
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE fsm_confirmation
                   SET state = 'sending', claimed_date = %s, error_code = 0,
                       lookup_failed_since = NULL, check_count = 0,
                       twilio_sid = NULL,
                       attempt_count = COALESCE(attempt_count, 0) + 1
                 WHERE id IN (SELECT id FROM fsm_confirmation
                               WHERE %s AND sender IS NOT DISTINCT FROM %s
                               ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
             RETURNING id
                """,
                now,
                due,
                sender,
                limit,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _defer_until_hours(self, due, now):
        """Make due texts wait for the texting hours at the place of work.

        Except texts that a person has just sent, on their first attempt.

        :param due: SQL condition of what may be claimed
        """
        deferrable = SQL(
            "%s AND NOT (COALESCE(attempt_count, 0) = 0"
            " AND COALESCE(at_once_until >= %s, FALSE))",
            due,
            now,
        )
        places = self.env.execute_query(
            SQL(
                "SELECT DISTINCT company_id, timezone FROM fsm_confirmation WHERE %s",
                deferrable,
            )
        )
        for company_id, zone in places:
            company_sudo = self.env["res.company"].sudo().browse(company_id)
            departure = company_sudo._get_next_departure(now, zone)
            if departure == now:
                continue
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT id FROM fsm_confirmation
                     WHERE %s AND company_id = %s AND timezone IS NOT DISTINCT FROM %s
                       FOR UPDATE SKIP LOCKED
                    """,
                    deferrable,
                    company_id,
                    zone,
                )
            )
            waiting_sudo = self.env["fsm.confirmation"].sudo()
            waiting_sudo = waiting_sudo.browse([row[0] for row in rows])
            self.env["fsm.confirmation.delivery"]._defer(waiting_sudo, departure)
            self.env.flush_all()

    @api.model
    def _start_calls(self, claimed_sudo, pool, apis):
        """Send the claimed rows to Twilio, except those that must not be sent any more.

        :param pool: the executor that runs the calls
        :param apis: dict company -> ``TwilioApi``, filled here: one session each
        :return: dict future of a ``SendResult`` -> record
        """
        calls = {}
        deadline = time.time() + delivery.CALL_WITHIN.total_seconds()
        departures = self.env["fsm.confirmation.departure"]
        same_day = self.env["fsm.confirmation.same.day"]
        stops = self._find_stops(claimed_sudo)
        for record_sudo in claimed_sudo:
            company = record_sudo.company_id
            if record_sudo in stops:
                self._record_safely(record_sudo, same_day._stop, stops[record_sudo])
                continue
            if company not in apis:
                apis[company] = company._twilio_api_sudo(
                    connections=CONCURRENT_PER_SENDER
                )
            call = pool.submit(
                _send_in_time,
                apis[company],
                deadline,
                record_sudo.mobile,
                record_sudo.body,
                record_sudo.sender,
                self._get_report_url(record_sudo),
                departures._get_validity(record_sudo),
            )
            calls[call] = record_sudo
        return calls

    @api.model
    def _find_stops(self, records_sudo):
        """What of these texts, and of what they carry, must not be sent.

        :return: dict record -> dict as of ``same.day._stop``, without those that may
        """
        same_day = self.env["fsm.confirmation.same.day"]
        alerts = self.env["fsm.confirmation.alert"]._get_departure_alerts(
            same_day._get_all(records_sudo)
        )
        found = {}
        for record_sudo in records_sudo:
            stops = {
                one: self._get_stop(alerts[one][0])
                for one in same_day._get_all(record_sudo)
                if one in alerts
            }
            if stops:
                found[record_sudo] = stops
        return found

    @api.model
    def _stop_untrue(self, waiting_sudo):
        """Stop those of these texts now that the outbox would stop when they leave.

        :param waiting_sudo: ``fsm.confirmation`` records that wait
        """
        carried_sudo = waiting_sudo.filtered("carrier_id")
        texts_sudo = (waiting_sudo - carried_sudo) | carried_sudo.carrier_id
        texts_sudo = texts_sudo.filtered(lambda rec: rec.state == "outgoing")
        for record_sudo, stops in self._find_stops(texts_sudo).items():
            self.env["fsm.confirmation.same.day"]._stop(record_sudo, stops)

    @api.model
    def _get_stop(self, alert):
        """The transition of a claimed text that must not be sent.

        :param alert: the first :class:`~...core.alerts.Alert` of the text
        :return: :class:`~...core.delivery.Transition`
        """
        if alert.code in SETUP:
            return delivery.Transition("failed", failure="setup", reason=alert.text)
        # What came too late is too late for its step as well.
        is_void = alert.code != "past"
        return delivery.Transition("canceled", reason=alert.text, is_void=is_void)

    @api.model
    def _get_report_url(self, record):
        """The URL to which Twilio reports the delivery of this text."""
        base = record.company_id.get_base_url()
        return f"{base}/job_confirmation/twilio/status/{record.uuid}{OVERRIDES}"

    # ------------------------------------------------------------------
    # Results
    # ------------------------------------------------------------------

    @api.model
    def _record_results(self, results):
        """Record the results of calls together, which costs little more than one.

        :param results: list of (record with sudo, ``SendResult``)
        """
        deliveries = self.env["fsm.confirmation.delivery"]
        # Read together what each of them needs.
        records_sudo = self.env["fsm.confirmation"].sudo()
        records_sudo = records_sudo.browse([record.id for record, _result in results])
        pairs = list(
            zip(records_sudo, (result for _record, result in results), strict=True)
        )

        def apply():
            for record_sudo, result in pairs:
                deliveries._apply_result(record_sudo, result)

        if len(pairs) > 1:
            try:
                commit_with_retries(self.env, apply, attempts=2)
                return
            except Exception as error:
                self.env.cr.rollback()
                self.env.transaction.clear()
                _logger.info("Results are recorded one by one: %s", describe(error))
        for record_sudo, result in pairs:
            self._record_safely(record_sudo, deliveries._apply_result, result)

    @api.model
    def _record_safely(self, record, method, *arguments):
        """Run a method about one record and commit; a conflict is tried again.

        A result must not be lost because a delivery report wrote the same row at the
        same time.
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


def _note_working(senders, results):
    """Remember the senders whose latest text Twilio accepted."""
    for record_sudo, result in results:
        if result.outcome is Outcome.ACCEPTED:
            senders.add(record_sudo.sender)
        elif result.outcome is Outcome.REJECTED:
            senders.discard(record_sudo.sender)


def _send_in_time(api, deadline, *arguments):
    """Call Twilio, unless the claim is too old.

    :param deadline: as of ``time.time()``
    :return: :class:`~...core.twilio.client.SendResult`
    """
    if time.time() > deadline:
        return SendResult(Outcome.UNKNOWN, reason="not called: the claim is too old")
    return api.send(*arguments)
