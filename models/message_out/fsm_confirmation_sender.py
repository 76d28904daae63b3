# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...core.phones import hide_numbers
from ..xmlids import ADMIN_GROUP, SETUP_ACTIVITY

# Texts that wait longer without a reason are stuck.
_STUCK_AFTER = timedelta(minutes=10)
# Countries that are not allowed, and numbers that a trial account has not verified.
_CODES_OF_RECIPIENTS = (21408, 21608)
# When to notify an administrator again of a problem that persists.
_NOTIFY_AGAIN = timedelta(hours=12)


class FsmConfirmationSender(models.Model):
    """A number or Messaging Service that we text from, and what is known of it.

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
        """Notify an administrator: Twilio refuses what only they can fix.

        :param code: Twilio's error code, 0 for none
        :param text: one sentence for the administrator
        """
        # It outlives the texts, so it must not hold a customer's number.
        text = hide_numbers(text)
        row_sudo = self._get_or_create_sudo(sender or "-", company)
        now = fields.Datetime.now()
        same = row_sudo.problem and row_sudo.problem_code == code
        if same and row_sudo.problem_date > now - _NOTIFY_AGAIN:
            return
        row_sudo.write({"problem": text, "problem_code": code, "problem_date": now})
        user_sudo = row_sudo._get_administrator_sudo()
        if user_sudo and not row_sudo.activity_ids:
            row_sudo.with_context(mail_activity_quick_update=True).activity_schedule(
                SETUP_ACTIVITY, note=text, user_id=user_sudo.id
            )

    @api.model
    def _forget_problems_sudo(self, senders):
        """Forget the problems of senders that work again.

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
        """The Message Center administrator of the company who is notified."""
        self.ensure_one()
        group = self.env.ref(ADMIN_GROUP)
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
                "Texts that have waited for more than %(minutes)s minutes: %(count)s. "
                "Check that Odoo's scheduled actions run.",
                count=count,
                minutes=int(_STUCK_AFTER.total_seconds() // 60),
            )
            self._report_problem_sudo(sender, company_sudo, 0, text)

    @api.model
    def _find_stuck_sudo(self, company_ids=None):
        """Texts that are due and aren't being sent.

        At the sender's rate texts may have to wait, so these count only later.

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
                 WHERE message.state = 'outgoing' AND message.channel = 'sms'
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
