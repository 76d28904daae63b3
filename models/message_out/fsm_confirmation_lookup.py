# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import concurrent.futures
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...core import delivery
from .fsm_confirmation_outbox import CONCURRENT_PER_SENDER

_logger = logging.getLogger(__name__)

# How many texts Twilio is asked about in one run.
_ASKED_ABOUT = 500
# Texts of an earlier version, which nobody asked about, are left as they are.
_CHECK_UNTIL = timedelta(days=7)


class FsmConfirmationLookup(models.AbstractModel):
    """Asks Twilio what became of texts of which nothing, or nothing final, was heard.

    What its answer means is found in :class:`FsmConfirmationDelivery`.
    """

    _name = "fsm.confirmation.lookup"
    _description = "Look-ups of Confirmations at Twilio"

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
                    ("carrier_id", "=", False),
                    ("twilio_sid", "=", False),
                    (
                        "claimed_date",
                        "<",
                        fields.Datetime.now() - delivery.CLAIM_LOST_AFTER,
                    ),
                ],
                order="claimed_date",
                limit=_ASKED_ABOUT,
            )
        )
        calls = []
        # A list for each number: many texts to one may be lost at once.
        for (_company, mobile), records in lost_sudo.grouped(
            lambda rec: (rec.company_id, rec.mobile)
        ).items():
            since = min(records.mapped("claimed_date")) - delivery.LIST_BEFORE
            calls.append((records, _list_newest, (mobile, since)))
        self._ask(calls, self.env["fsm.confirmation.delivery"]._apply_lookup)

    # ------------------------------------------------------------------
    # Texts that Twilio has
    # ------------------------------------------------------------------

    @api.model
    def _check_reported(self):
        """Ask Twilio about texts that it accepted but sent no final report of."""
        checked_sudo = (
            self.env["fsm.confirmation"].sudo().browse(self._find_unchecked())
        )
        calls = [(rec, _fetch, (rec.twilio_sid,)) for rec in checked_sudo]
        self._ask(calls, self.env["fsm.confirmation.delivery"]._apply_check)

    @api.model
    def _find_unchecked(self):
        """Ids of the texts to ask about now, more rarely as they grow older."""
        self.env.flush_all()
        now = fields.Datetime.now()
        oldest = SQL("LEAST(claimed_date, sent_date)")
        wanted = SQL(" + ").join(
            SQL("(%s <= %s)::int", oldest, now - after)
            for after in delivery.CHECK_AFTER
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT id FROM fsm_confirmation
                 WHERE (state = 'sending' OR (state = 'sent' AND claimed_date > %s
                                              AND %s <= %s))
                   AND twilio_sid IS NOT NULL AND carrier_id IS NULL
                   AND %s > COALESCE(check_count, 0)
                 ORDER BY check_count NULLS FIRST, id LIMIT %s
                """,
                now - _CHECK_UNTIL,
                oldest,
                now - delivery.CHECK_AFTER[1],
                wanted,
                _ASKED_ABOUT,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _ask(self, calls, apply):
        """Ask Twilio, several calls side by side, and record what it says.

        :param calls: list of (records with sudo of one company, function that takes a
            ``TwilioApi``, its further arguments)
        :param apply: method that takes a record and what that function returned
        """
        companies = {records[0].company_id for records, _ask, _arguments in calls}
        apis = {
            company: company._twilio_api_sudo(connections=CONCURRENT_PER_SENDER)
            for company in companies
        }
        outbox = self.env["fsm.confirmation.outbox"]
        # Nothing is locked while Twilio is asked: a delivery report may come.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        cron = self.env["ir.cron"]
        with concurrent.futures.ThreadPoolExecutor(CONCURRENT_PER_SENDER) as pool:
            asked = {
                pool.submit(ask, apis[records[0].company_id], *arguments): records
                for records, ask, arguments in calls
            }
            for call in concurrent.futures.as_completed(asked):
                for record in asked[call]:
                    outbox._record_safely(record, apply, call.result())
                if not cron._commit_progress():
                    pool.shutdown(cancel_futures=True)
                    break


def _list_newest(api, number, since):
    """The newest texts to a number, or None when Twilio could not be asked.

    :param api: :class:`~...core.twilio.client.TwilioApi`
    :param since: naive UTC datetime
    :return: :class:`~...core.twilio.client.Listing`
    """
    try:
        return api.list_newest(number, since)
    except Exception as error:
        _logger.warning("Twilio's message list: %s", type(error).__name__)
        return None


def _fetch(api, sid):
    """A text that Twilio has, or None when it could not be asked.

    :param api: :class:`~...core.twilio.client.TwilioApi`
    :return: :class:`~...core.twilio.client.Message`
    """
    try:
        return api.fetch_message(sid)
    except Exception as error:
        _logger.warning("A text at Twilio: %s", type(error).__name__)
        return None
