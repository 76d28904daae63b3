# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...core.twilio.client import describe_error
from ...tools.log_redaction import private_queries
from ...tools.retry import commit_with_retries

_logger = logging.getLogger(__name__)

# Twilio's list can lag minutes behind, so every window begins before the last end.
_OVERLAP = timedelta(minutes=30)
# Texts that wait longer without a reason are stuck.
_STUCK_AFTER = timedelta(minutes=10)
# What may leave at once after a pause, in seconds' worth of the rate.
_BURST = 0.2
# Countries that are not allowed, and numbers that a trial account has not verified.
_CODES_OF_RECIPIENTS = (21408, 21608)
_LOCKED_PAUSE = 0.05  # seconds
# An administrator is notified again after so long, if it is still there.
_NOTIFY_AGAIN = timedelta(hours=12)


class FsmConfirmationSender(models.Model):
    """What is known of a number or Messaging Service that we text from.

    One row a sender, made when there is something to remember: how much of its rate
    is used up, how far its missed replies were fetched, and what is wrong with it.
    """

    _name = "fsm.confirmation.sender"
    _description = "Confirmation Sender"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _rec_name = "sender"
    _order = "sender"

    sender = fields.Char(
        required=True, readonly=True, help="E.164 number, or Messaging Service SID."
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    tokens = fields.Float(readonly=True, help="Texts that may leave at once.")
    tokens_time = fields.Float(readonly=True, help="Database clock, in seconds.")
    fetched_until = fields.Datetime(
        "Replies Fetched Until",
        readonly=True,
        help="Replies that Twilio had until then are in the Message Center.",
    )
    fetch_error = fields.Char("Last Fetch Failed", readonly=True)
    problem = fields.Char(readonly=True)
    problem_code = fields.Integer("Twilio Error", readonly=True)
    problem_date = fields.Datetime("Since", readonly=True)

    _sender_unique = models.UniqueIndex("(sender, company_id)")

    # ------------------------------------------------------------------
    # Rate
    # ------------------------------------------------------------------

    @api.model
    def _take_sudo(self, sender, companies_sudo, wanted):
        """Take a share of the sender's rate, for every process of this database.

        The row lock makes processes wait for their turn; the caller commits at once.

        :param companies_sudo: ``res.company`` records that send from it now
        :param wanted: how many texts are to leave
        :return: (how many may leave now, pause): seconds until the next may leave, or
            None when all may
        """
        rates = [
            company.job_confirmation_rate
            for company in companies_sudo
            if company.job_confirmation_rate > 0
        ]
        if not rates:
            return wanted, None
        rate = min(rates)
        # One row, also for a number that several companies share.
        row_sudo = self.sudo().search([("sender", "=", sender)], order="id", limit=1)
        row_sudo = row_sudo or self._get_or_create_sudo(sender, companies_sudo[0])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT tokens, tokens_time, EXTRACT(EPOCH FROM clock_timestamp())::float
                  FROM fsm_confirmation_sender WHERE id = %s FOR UPDATE SKIP LOCKED
                """,
                row_sudo.id,
            )
        )
        if not rows:
            return 0, _LOCKED_PAUSE  # Another process takes its share right now.
        tokens, since, now = rows[0]
        burst = max(1.0, rate * _BURST)
        tokens = min(burst, (tokens or 0.0) + rate * (now - (since or 0.0)))
        allowed = min(wanted, int(tokens))
        row_sudo.write({"tokens": tokens - allowed, "tokens_time": now})
        row_sudo.flush_recordset()
        if allowed == wanted:
            return allowed, None
        return allowed, max((1 - (tokens - allowed)) / rate, 0.001)

    @api.model
    def _get_or_create_sudo(self, sender, company):
        """The row of a sender, with sudo."""
        row_sudo = self.sudo().search(
            [("sender", "=", sender), ("company_id", "=", company.id)], limit=1
        )
        if row_sudo:
            return row_sudo
        quiet_sudo = self.sudo().with_context(tracking_disable=True)
        return quiet_sudo.create({"sender": sender, "company_id": company.id})

    # ------------------------------------------------------------------
    # Problems
    # ------------------------------------------------------------------

    @api.model
    def _report_problem_sudo(self, sender, company, code, text):
        """Twilio refuses what only an administrator can fix: notify one.

        :param code: Twilio's error code, 0 for none
        :param text: one sentence for the administrator
        """
        row_sudo = self._get_or_create_sudo(sender or "-", company)
        now = fields.Datetime.now()
        same = row_sudo.problem and row_sudo.problem_code == code
        if same and row_sudo.problem_date > now - _NOTIFY_AGAIN:
            return
        row_sudo.write({"problem": text, "problem_code": code, "problem_date": now})
        user_sudo = row_sudo._get_administrator_sudo()
        kind = "fieldservice_job_confirmation.mail_activity_type_set_up"
        if user_sudo and not row_sudo.activity_ids:
            row_sudo.with_context(mail_activity_quick_update=True).activity_schedule(
                kind, note=text, user_id=user_sudo.id
            )

    @api.model
    def _forget_problems_sudo(self, senders):
        """These senders could send: what was wrong with them is fixed.

        :param senders: list of sender names
        """
        fixed_sudo = self.sudo().search(
            [
                ("sender", "in", list(senders)),
                ("problem", "!=", False),
                # That another country's number was taken says nothing about these.
                ("problem_code", "not in", _CODES_OF_RECIPIENTS),
            ]
        )
        for row_sudo in fixed_sudo:
            row_sudo.write({"problem": False, "problem_code": 0, "problem_date": False})
            row_sudo.activity_ids.action_feedback(
                feedback=self.env._("Sending resumed.")
            )

    def _get_administrator_sudo(self):
        """Who is notified: a Message Center administrator of the company."""
        self.ensure_one()
        group = self.env.ref("fieldservice_job_confirmation.group_message_center_admin")
        users_sudo = group.sudo().all_user_ids.filtered(
            lambda user: (
                user.active
                and not user.share
                and user.id != self.env.ref("base.user_root").id
                and self.company_id in user.company_ids
            )
        )
        system_sudo = users_sudo.filtered(lambda user: user._is_system())
        return (system_sudo or users_sudo)[:1]

    @api.model
    def _watch_queues_sudo(self):
        """Notify an administrator when texts wait although nothing keeps them."""
        for sender, company_id, count in self._find_stuck_sudo():
            company_sudo = self.env["res.company"].sudo().browse(company_id)
            text = self.env._(
                "%(count)s text(s) have waited for more than %(minutes)s minutes. "
                "Check that Odoo's scheduled jobs run.",
                count=count,
                minutes=int(_STUCK_AFTER.total_seconds() // 60),
            )
            self._report_problem_sudo(sender, company_sudo, 0, text)

    @api.model
    def _find_stuck_sudo(self, company_ids=None):
        """Texts that are due and don't leave.

        With a rate of texts a second they may rightly wait, so these count later.

        :param company_ids: only of these companies; None for all
        :return: list of (sender, company id, number of texts)
        """
        now = fields.Datetime.now()
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT message.sender, message.company_id, count(*)
                  FROM fsm_confirmation AS message
                  JOIN res_company AS company ON company.id = message.company_id
                 WHERE message.state = 'outgoing'
                   AND COALESCE(message.next_attempt_date, message.create_date)
                       < CASE WHEN company.job_confirmation_rate > 0
                              THEN %s ELSE %s END
              GROUP BY message.sender, message.company_id
                """,
                now - 6 * _STUCK_AFTER,
                now - _STUCK_AFTER,
            )
        )
        return [row for row in rows if company_ids is None or row[1] in company_ids]

    # ------------------------------------------------------------------
    # Replies that did not arrive
    # ------------------------------------------------------------------

    @api.model
    @private_queries()
    def _cron_fetch_missed_replies(self):
        """Fetch replies that Twilio could not deliver, for example while Odoo was down.

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
        done = set()
        for company_sudo in companies_sudo:
            account = company_sudo.sms_twilio_account_sid
            for number in self._get_numbers_sudo(company_sudo):
                if (account, number) in done:
                    continue
                done.add((account, number))
                row_sudo = self._get_or_create_sudo(number, company_sudo)
                row_sudo._fetch_missed_replies()
                if not cron._commit_progress():
                    return

    @api.model
    def _get_numbers_sudo(self, company_sudo):
        """Numbers (E.164) at which customers may answer this company."""
        numbers = company_sudo._get_twilio_numbers_sudo()
        # A Messaging Service's numbers are known from what was sent.
        rows_sudo = self.sudo().search(
            [("company_id", "=", company_sudo.id), ("sender", "=like", "+%")]
        )
        return list(dict.fromkeys(numbers + rows_sudo.mapped("sender")))

    def _fetch_missed_replies(self):
        """Fetch what came for this number since the last time, in order, once.

        A problem leaves the window where it was, so that nothing is left out.
        """
        self.ensure_one()
        number = self.sender
        company_sudo = self.company_id
        api = company_sudo._twilio_api_sudo()
        begun = fields.Datetime.now()
        since = (self.fetched_until or self.create_date) - _OVERLAP
        # Nothing is locked while Twilio is asked.
        self.env.cr.commit()  # pylint: disable=invalid-commit
        try:
            messages = api.list_messages(to=number, since=since, limit=None)
        except Exception as error:
            reason = describe_error(error)
            _logger.warning("Missed replies could not be fetched: %s", reason)
            self._remember_fetch({"fetch_error": reason})
            return
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
                received_date=_received(message),
            )
        self._remember_fetch({"fetched_until": begun, "fetch_error": False})

    def _remember_fetch(self, values):
        commit_with_retries(self.env, lambda: self.write(values))


def _received(message):
    """When Twilio got a text, naive UTC; now if it does not say."""
    return message.date_sent or message.date_created or fields.Datetime.now()
