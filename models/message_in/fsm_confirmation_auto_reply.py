# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import functools
import logging
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...core import talk
from ...core.delivery import Failure, failure_class
from ...core.formatting import plain_spaces
from ...core.hours import JUST_NOW
from ...core.twilio.client import Outcome
from ...tools.retry import CONFLICTS, commit_with_retries
from ..message_out.fsm_confirmation_question_mixin import TEXT_FIELDS

_logger = logging.getLogger(__name__)

# More auto-replies than this to one number in an hour look like two machines talking.
MAX_PER_HOUR = 6
# How long after the customer wrote a late auto-reply may be sent.
LATE_WITHIN = timedelta(hours=24)


class FsmConfirmationAutoReply(models.AbstractModel):
    """Answers a customer's reply, in the webhook's response or as a text of its own."""

    _name = "fsm.confirmation.auto.reply"
    _description = "Auto-Replies to Customers"

    @api.model
    def _prepare_values(self, case, earlier, is_late):
        """Field values of a reply: the auto-reply to it, and when it is sent.

        :param case: :class:`~.fsm_confirmation_inbox.Case`, applied
        :param earlier: the number's newest other ``fsm.confirmation.reply``
        :param is_late: no webhook waits for it any more
        """
        if not case.said:
            return {"auto_reply_body": ""}
        # Kept even if nothing is said: the customer's next text is read the same way.
        said_kind = talk.get_kind(kind for kind, _messages in case.said)
        if not self._may_say(case, earlier):
            return {"auto_reply_body": "", "auto_reply_kind": said_kind}
        texts = [self._compose(case, kind, messages) for kind, messages in case.said]
        values = {
            "auto_reply_body": " ".join(dict.fromkeys(filter(None, texts))),
            "auto_reply_kind": said_kind,
        }
        if is_late:
            values.update(self._prepare_late(case))
        return values

    def _may_say(self, case, earlier):
        """Whether an auto-reply is allowed: switched on, not to machines, not too many.

        An override point.
        """
        text = case.text
        if not case.company.job_confirmation_auto_reply:
            return False
        # Twilio itself answers what it takes for STOP, START or HELP.
        by_twilio = talk.OUTCOME_OF_OPT_OUT_TYPE.get(text.opt_out_type)
        if case.decision.automatic or case.decision.intent == by_twilio:
            return False
        if self.env["phone.blacklist"]._job_confirmation_find_sudo([text.mobile]):
            return False
        hour_ago = fields.Datetime.now() - timedelta(hours=1)
        answered = earlier.filtered(
            lambda reply: reply.auto_reply_body and reply.received_date > hour_ago
        )
        return len(answered) < MAX_PER_HOUR

    def _compose(self, case, kind, messages):
        """One of the texts of an auto-reply.

        :param messages: the ``fsm.confirmation`` it is about, several to choose from
        """
        if kind == "help":
            lang = self._get_auto_reply_lang(case.company, partner=case.partner)
            return self._render(kind, case.company, case.company, lang)
        return self._render_about(kind, messages)

    @api.model
    def _render_about(self, kind, messages):
        """A text about messages, in the language that the customer wanted when asked.

        :param messages: the ``fsm.confirmation`` it is about, several to choose from
        """
        # The appointment may have changed since these fields were computed.
        messages.invalidate_recordset(TEXT_FIELDS, flush=False)
        about = messages[0]
        lang = self._get_auto_reply_lang(about.company_id, about)
        return self._render(kind, about, about.company_id, lang, messages)

    @api.model
    def _render(self, kind, record, company, lang, choices=()):
        """One short text in a language that is wanted; an override point.

        :param kind: a response (``..._brief`` as well), a stale reason, ``unclear``,
            ``which`` or ``help``; of texts that are no auto-replies, ``times``,
            ``time_set`` or ``notice_...``
        :param record: the ``fsm.confirmation`` it is about; the company for ``help``
        :param choices: the ``fsm.confirmation`` records that the customer has to
            choose from
        :return: "" where no template can be rendered
        """
        template_kind = self._get_template_kind(kind, record)
        for body, found in self._get_bodies(company, template_kind, lang):
            record = record.with_context(
                lang=found, confirmation_choices=[choice.id for choice in choices]
            )
            templates_sudo = record.env["sms.template"].sudo()
            try:
                texts = templates_sudo._render_template(body, record._name, record.ids)
            except UserError:
                # A customer's reply must not fail because of an administrator's slip.
                _logger.warning(
                    "Auto-reply %s of company %s fails", template_kind, company.id
                )
                continue
            text = plain_spaces(texts[record.id])
            if kind == "which" and record.choices_text not in text:
                text = f"{text} {record.choices_text}"  # Nobody could answer without.
            if kind == "times" and record.times_text not in text:
                text = f"{text} {record.times_text}"
            return text
        return ""

    def _get_bodies(self, company, kind, lang):
        """Texts of a kind with their languages: the wanted one, else the company's."""
        templates = self.env["sms.template"]
        bodies = templates._get_auto_reply_bodies(company.id, kind, (lang,))
        if any(found != lang for _body, found in bodies):
            wanted = lang, company.sudo().partner_id.lang or lang
            return templates._get_auto_reply_bodies(company.id, kind, wanted)
        return bodies

    def _get_template_kind(self, kind, record):
        """Which kind of ``sms.template`` says this."""
        if kind == "deleted":
            return "closed"
        if kind == "changed":
            return "closed" if record._is_of_another_customer() else "late"
        if kind == "moved" and not record.new_date_text:
            return "moved_undated"
        return kind

    def _get_auto_reply_lang(self, company, message=None, partner=None):
        """The language that the customer wants, as it was when they were asked.

        :return: a code, ``en_US`` when that one isn't installed
        """
        if message:
            partner = message.partner_id
        wanted = message and message.lang
        lang = wanted or partner._get_wanted_langs(company)[0]
        return lang if self.env["res.lang"]._get_data(code=lang) else "en_US"

    # ------------------------------------------------------------------
    # Auto-replies that no webhook waits for any more
    # ------------------------------------------------------------------

    def _prepare_late(self, case):
        """Values that have an auto-reply sent as a text of its own, or not at all.

        The customer who has just written may be answered at any hour; later only in
        the texting hours where the work happens, and after a day not at all.
        """
        now, received = fields.Datetime.now(), case.text.received_date
        after = self._get_departure(now, received, case.linked[:1], case.company)
        is_over = case.linked and all(rec._has_passed() for rec in case.linked)
        if not after or is_over:
            return {"auto_reply_body": ""}
        return {"auto_reply_state": "outgoing", "auto_reply_after": after}

    @api.model
    def _get_departure(self, now, received, message, company):
        """When an auto-reply may be sent, None for never.

        :param received: when the customer wrote, naive UTC
        :param message: the ``fsm.confirmation`` that it answers, or none
        """
        if now - received < JUST_NOW:
            return now
        zone = message._get_timezone() if message else ""
        departure = company._get_next_departure(now, zone)
        in_time = departure and departure - received <= LATE_WITHIN
        return departure if in_time else None

    @api.model
    def _send_late(self):
        """Send auto-replies to replies that were processed late, each at most once.

        One whose call gave no clear result is not sent again: a customer who gets none
        can ask, one who gets two is confused.
        """
        now = fields.Datetime.now()
        replies_sudo = self.env["fsm.confirmation.reply"].sudo()
        replies_sudo.search(
            [
                ("auto_reply_state", "=", "sending"),
                ("write_date", "<", now - timedelta(hours=1)),
            ]
        ).write({"auto_reply_state": "failed"})
        waiting_sudo = replies_sudo.search(
            [("auto_reply_state", "=", "outgoing"), ("auto_reply_after", "<=", now)],
            order="id",
            limit=200,
        )
        cron = self.env["ir.cron"]
        if not cron._commit_progress():
            return
        for reply_sudo in waiting_sudo:
            claim = functools.partial(self._claim, reply_sudo)
            try:
                claimed = commit_with_retries(self.env, claim)
            except CONFLICTS:
                continue
            if claimed:
                result = self._call(reply_sudo)
                apply = functools.partial(self._apply_result, reply_sudo, result)
                commit_with_retries(self.env, apply)
            if not cron._commit_progress():
                return

    def _claim(self, reply_sudo):
        """Take an auto-reply for this process; the caller commits.

        :return: whether it is to be sent
        """
        waiting_sudo = reply_sudo.try_lock_for_update().filtered_domain(
            [("auto_reply_state", "=", "outgoing")]
        )
        if not waiting_sudo:
            return False
        number = reply_sudo.mobile
        newer = [
            other
            for other in reply_sudo._get_newest(number) - reply_sudo
            if (other.received_date, other.id)
            > (reply_sudo.received_date, reply_sudo.id)
        ]
        if newer:
            # The customer wrote again: only that is answered.
            reply_sudo.write(
                {
                    "auto_reply_state": False,
                    "auto_reply_body": False,
                    "auto_reply_kind": False,
                }
            )
            return False
        now, company = fields.Datetime.now(), reply_sudo.company_id
        received, message_sudo = reply_sudo.received_date, reply_sudo.confirmation_id
        departure = self._get_departure(now, received, message_sudo, company)
        if departure and departure > now:
            # It was held up until the night.
            reply_sudo.auto_reply_after = departure
            return False
        alerts = self.env["fsm.confirmation.alert"]
        allowed = departure and not alerts._find_number_alert_codes(company, number)
        reply_sudo.write({"auto_reply_state": "sending" if allowed else "failed"})
        return allowed

    def _call(self, reply_sudo):
        """Hand an auto-reply to Twilio.

        :return: :class:`~...core.twilio.client.SendResult`
        """
        return reply_sudo.company_id._twilio_api_sudo().send(
            reply_sudo.mobile,
            reply_sudo.auto_reply_body,
            reply_sudo.service_sid or reply_sudo.recipient,
        )

    def _apply_result(self, reply_sudo, result):
        if result.outcome is Outcome.ACCEPTED:
            reply_sudo.write({"auto_reply_state": "sent"})
            reply_chatter = self.env["fsm.confirmation.reply.chatter"]
            reply_chatter._log_late_auto_reply(reply_sudo)
        elif (
            result.outcome is Outcome.REJECTED
            and failure_class(result.code) is Failure.RETRY
            and fields.Datetime.now() - reply_sudo.received_date < LATE_WITHIN
        ):
            again = fields.Datetime.now() + timedelta(minutes=5)
            reply_sudo.write(
                {"auto_reply_state": "outgoing", "auto_reply_after": again}
            )
        else:
            reply_sudo.write({"auto_reply_state": "failed"})
        reply_sudo._notify_changed()
