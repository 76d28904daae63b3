# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import functools
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models

from ...core.delivery import Failure, failure_class
from ...core.formatting import localize
from ...core.twilio.client import Outcome
from ...tools.retry import CONFLICTS, commit_with_retries

# More answers than this to one number in an hour look like two machines talking.
MAX_ANSWERS_PER_HOUR = 6
# A reply that could not be worked on at once is answered as a text of its own.
LATE_ANSWER_WITHIN = timedelta(hours=24)
ANSWER_AT_ONCE_WITHIN = timedelta(minutes=15)
# The hours in which a text that nobody sends knowingly may arrive, local time.
DAY = (8, 21)


class FsmConfirmationReply(models.Model):
    """What the customer gets back, at once or as a text of its own."""

    _inherit = "fsm.confirmation.reply"

    def _may_answer(self, reading, earlier):
        """Whether an answer is allowed: switched on, not to machines, not too many."""
        if not reading.company.job_confirmation_auto_reply:
            return False
        if reading.understanding.automatic or self.opt_out_type:
            return False
        if self.env["phone.blacklist"]._job_confirmation_find_sudo([self.mobile]):
            return False
        hour_ago = fields.Datetime.now() - timedelta(hours=1)
        answered = earlier.filtered(
            lambda reply: reply.answer_body and reply.received_date > hour_ago
        )
        return len(answered) < MAX_ANSWERS_PER_HOUR

    def _text(self, company, kind, confirmation=None, choices="", partner=None):
        """One short text in the contact's language.

        :param kind: a response, a stale reason, ``unclear``, ``which`` or ``help``
        :param partner: who gets it, where it is about no message
        """
        lang = self._get_customer_lang(company, confirmation, partner)
        company = company.with_context(lang=lang)
        known = {
            "company": company.name,
            "choices": choices,
            "phone": company.phone or "",
        }
        if confirmation:
            known.update(confirmation.with_context(lang=lang)._describe_appointment())
        return company._get_job_confirmation_text(kind, known)

    def _get_customer_lang(self, company, confirmation=None, partner=None):
        """The language in which the customer is answered."""
        if confirmation:
            partner = confirmation.partner_id
        return (
            (confirmation and confirmation.lang)
            or (partner and partner.lang)
            or company.partner_id.lang
            or self.env.lang
            or "en_US"
        )

    # ------------------------------------------------------------------
    # Answers that no webhook waits for any more
    # ------------------------------------------------------------------

    def _prepare_late_answer(self, reading):
        """Values that have our answer leave as a text of its own, or not at all.

        The customer who has just written may be answered at any hour; later only in
        the day, where the work happens, and after a day not at all.
        """
        now = fields.Datetime.now()
        age = now - self.received_date
        if age > LATE_ANSWER_WITHIN:
            return {"answer_body": ""}
        after = now
        if age >= ANSWER_AT_ONCE_WITHIN:
            order = reading.linked[:1].order_id
            after = self._next_daytime(now, order, reading.company)
        return {"answer_state": "outgoing", "answer_after": after}

    @api.model
    def _next_daytime(self, moment, order, company):
        """The same moment, or the next morning where the customer is, as far as known.

        :param moment: naive UTC datetime
        """
        name = (
            order._get_appointment_timezone()
            if order
            else company.partner_id.tz or "UTC"
        )
        zone = pytz.timezone(name)
        local = localize(moment, name)
        if DAY[0] <= local.hour < DAY[1]:
            return moment
        day = local.date() + timedelta(days=1 if local.hour >= DAY[1] else 0)
        morning = datetime.combine(day, time(DAY[0]))
        return zone.localize(morning).astimezone(pytz.utc).replace(tzinfo=None)

    @api.model
    def _send_late_answers(self):
        """Send answers to replies that were worked on late, each at most once.

        An answer whose call gave no clear result is not sent again: a customer who
        gets none can ask, one who gets two is confused.
        """
        now = fields.Datetime.now()
        inbox_sudo = self.sudo()
        inbox_sudo.search(
            [
                ("answer_state", "=", "sending"),
                ("write_date", "<", now - timedelta(hours=1)),
            ]
        ).write({"answer_state": "failed"})
        waiting_sudo = inbox_sudo.search(
            [("answer_state", "=", "outgoing"), ("answer_after", "<=", now)],
            order="id",
            limit=200,
        )
        cron = self.env["ir.cron"]
        if not cron._commit_progress():
            return
        for reply_sudo in waiting_sudo:
            try:
                claimed = commit_with_retries(self.env, reply_sudo._claim_answer)
            except CONFLICTS:
                continue
            if claimed:
                result = reply_sudo._call_answer()
                commit_with_retries(
                    self.env, functools.partial(reply_sudo._apply_answer_result, result)
                )
            if not cron._commit_progress():
                return

    def _claim_answer(self):
        """Take the answer for this process; the caller commits.

        :return: whether it is to be sent
        """
        waiting = self.try_lock_for_update().filtered_domain(
            [("answer_state", "=", "outgoing")]
        )
        if not waiting:
            return False
        number = [self.mobile]
        newer = [
            reply
            for reply in self._get_newest_replies(self.mobile) - self
            if (reply.received_date, reply.id) > (self.received_date, self.id)
        ]
        if newer:
            # The customer wrote again: only that is answered.
            self.write({"answer_state": False, "answer_body": False})
            return False
        allowed = (
            self.company_id.job_confirmation_enabled
            and self.company_id._job_confirmation_ready()
            and not self.env["phone.blacklist"]._job_confirmation_find_sudo(number)
        )
        self.write({"answer_state": "sending" if allowed else "failed"})
        return allowed

    def _call_answer(self):
        """Hand the answer to Twilio.

        :return: :class:`~...core.twilio.client.SendResult`
        """
        return self.company_id._twilio_api_sudo().send(
            self.mobile, self.answer_body, self.service_sid or self.recipient
        )

    def _apply_answer_result(self, result):
        if result.outcome is Outcome.ACCEPTED:
            self.write({"answer_state": "sent"})
        elif (
            result.outcome is Outcome.REJECTED
            and failure_class(result.code) is Failure.RETRY
            and fields.Datetime.now() - self.received_date < LATE_ANSWER_WITHIN
        ):
            again = fields.Datetime.now() + timedelta(minutes=5)
            self.write({"answer_state": "outgoing", "answer_after": again})
        else:
            self.write({"answer_state": "failed"})
        self._notify_changed()
