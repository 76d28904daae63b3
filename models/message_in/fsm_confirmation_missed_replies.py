# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from odoo import api, fields, models

from ...core.twilio.client import describe_error
from ...tools.log_redaction import private_queries
from ...tools.retry import commit_with_retries

_logger = logging.getLogger(__name__)

# Twilio's list can lag minutes behind, so every window begins before the last end.
_OVERLAP = timedelta(minutes=30)


class FsmConfirmationMissedReplies(models.AbstractModel):
    """Fetches replies that Twilio could not deliver, for example while Odoo was
    down."""

    _name = "fsm.confirmation.missed.replies"
    _description = "Missed Replies to Confirmations"

    @api.model
    @private_queries()
    def _cron_fetch(self):
        """Fetch missed replies, for every number at which customers may answer.

        A window for each number, overlapping the one before; what is here already is
        left out, by its MessageSid.
        """
        companies_sudo = (
            self.env["res.company"]
            .sudo()
            .search([("job_confirmation_enabled", "=", True)])
            .filtered(lambda company: company._job_confirmation_ready())
        )
        cron = self.env["ir.cron"]
        senders = self.env["fsm.confirmation.sender"]
        done = set()
        for company_sudo in companies_sudo:
            account = company_sudo.sms_twilio_account_sid
            for number in self._get_numbers_sudo(company_sudo):
                if (account, number) in done:
                    continue
                done.add((account, number))
                self._fetch(senders._get_or_create_sudo(number, company_sudo))
                if not cron._commit_progress():
                    return

    @api.model
    def _get_numbers_sudo(self, company_sudo):
        """Numbers (E.164) at which customers may answer this company."""
        numbers = company_sudo._get_twilio_numbers_sudo()
        # A Messaging Service's numbers are known from what was sent.
        rows_sudo = (
            self.env["fsm.confirmation.sender"]
            .sudo()
            .search([("company_id", "=", company_sudo.id), ("sender", "=like", "+%")])
        )
        return list(dict.fromkeys(numbers + rows_sudo.mapped("sender")))

    @api.model
    def _fetch(self, row_sudo):
        """Fetch what came for a number since the last time, in order, once.

        After a problem, the next fetch starts from the same time, so nothing is missed.

        :param row_sudo: ``fsm.confirmation.sender`` of the number
        """
        company_sudo = row_sudo.company_id
        api = company_sudo._twilio_api_sudo()
        begun = fields.Datetime.now()
        since = (row_sudo.fetched_until or row_sudo.create_date) - _OVERLAP
        # Nothing is locked while Twilio is asked.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        try:
            messages = api.list_messages(to=row_sudo.sender, since=since, limit=None)
        except Exception as error:
            reason = describe_error(error)
            _logger.warning("Missed replies could not be fetched: %s", reason)
            self._remember_fetch(row_sudo, {"fetch_error": reason})
            return
        self._receive(company_sudo, messages, api.clock_ahead)
        self._remember_fetch(row_sudo, {"fetched_until": begun, "fetch_error": False})

    @api.model
    def _receive(self, company_sudo, messages, clock_ahead=timedelta()):
        """Receive the texts of customers among messages, except those known already.

        :param messages: list of :class:`~...core.twilio.client.Message`, newest first
        :param clock_ahead: of Twilio's clock, against ours, by which an answer has to
            come after its question
        """
        inbound = [message for message in messages if message.direction == "inbound"]
        inbox = self.env["fsm.confirmation.inbox"]
        known = set(
            self.env["fsm.confirmation.reply"]
            .sudo()
            .search([("twilio_sid", "in", [message.sid for message in inbound])])
            .mapped("twilio_sid")
        )
        # Twilio lists the newest first.
        for message in sorted(reversed(inbound), key=_received):
            if message.sid in known:
                continue
            inbox._receive_and_commit_sudo(
                company_sudo._get_account_companies_sudo(),
                {
                    "MessageSid": message.sid,
                    "From": message.sender,
                    "To": message.to,
                    "Body": message.body,
                    "NumMedia": str(message.media_count),
                    "MessagingServiceSid": message.service_sid,
                },
                received_date=_received(message) - clock_ahead,
            )

    @api.model
    def _remember_fetch(self, row_sudo, values):
        commit_with_retries(self.env, lambda: row_sudo.write(values))


def _received(message):
    """When Twilio got a text, naive UTC; now if it does not say."""
    return message.date_sent or message.date_created or fields.Datetime.now()
