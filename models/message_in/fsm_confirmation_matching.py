# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import models
from odoo.fields import Domain

from ...core import matching

CLOCK_DIFFERENCE = timedelta(seconds=5)
# What is read of messages and Work Orders: by itself Odoo would read every column,
# some hundred of a Work Order, which takes longer than all else that a reply causes.
NEEDED_OF_MESSAGES = (
    "activity_id",
    "appointment_start",
    "body",
    "claimed_date",
    "closed_reason",
    "code",
    "company_id",
    "contact_name",
    "create_date",
    "failure_type",
    "from_number",
    "indicator",
    "is_open",
    "job_name",
    "lang",
    "mobile",
    "name",
    "needs_reading",
    "order_id",
    "partner_id",
    "reply_body",
    "reply_date",
    "response",
    "sender",
    "sent_date",
    "state",
    "timezone",
    "twilio_sid",
    "user_id",
    "visit_id",
)
NEEDED_OF_ORDERS = (
    "company_id",
    "confirmation_status",
    "location_id",
    "name",
    "scheduled_date_end",
    "scheduled_date_start",
    "stage_id",
)


class FsmConfirmationMatching(models.AbstractModel):
    """What a customer's text may be about, gathered as plain data.

    What follows from it is decided in :mod:`~...core.matching`.
    """

    _name = "fsm.confirmation.matching"
    _description = "Messages a Text May Be About"

    def _gather(self, text, earlier, open_only=False):
        """What was sent to a number and said with it, as plain data.

        :param open_only: leave out what no answer is awaited for
        :return: ``fsm.confirmation`` records, newest first; for each of them a
            :class:`~...core.matching.Candidate`; the conversation as a list of
            :class:`~...core.matching.Said`, newest last
        """
        messages = self._find_messages(text, open_only)
        messages.order_id.fetch(NEEDED_OF_ORDERS)
        stale = {message.id: message._get_stale_reason() for message in messages}
        live = messages.filtered(lambda rec: rec.is_open and not stale[rec.id])
        if open_only:
            messages = live
        elif len(live) > 1:
            # "Yes to both" answers each by its code.
            self.env["fsm.confirmation.composer"]._ensure_codes(live)
        newer = self._find_newer(messages)
        candidates = [
            self._prepare_candidate(text, message, stale[message.id], newer)
            for message in messages
        ]
        return messages, candidates, self._prepare_conversation(candidates, earlier)

    def _find_messages(self, text, open_only):
        """What was sent lately to this number from the number that was answered.

        Newest first, of every company that sends from that number and of no other.
        """
        # By the number alone, which an index answers; the rest is looked at here.
        domain = Domain("mobile", "=", text.mobile)
        if open_only:
            domain &= Domain("is_open", "=", True)
        found = self.env["fsm.confirmation"].search_fetch(
            domain, NEEDED_OF_MESSAGES, limit=100
        )
        found.company_id.fetch(["sms_twilio_account_sid"])
        return found.filtered(
            lambda record: (
                self._is_of_our_account(text, record)
                and record._may_have_arrived()
                and self._is_from_our_number(text, record)
                and self._had_left(text, record)
            )
        )[:50]

    def _is_of_our_account(self, text, message):
        """Whether a message left by the Twilio account that this text came to."""
        company_sudo = self.env["res.company"].sudo().browse(text.company_id)
        account = company_sudo.sms_twilio_account_sid
        if account:
            return message.company_id.sms_twilio_account_sid == account
        return message.company_id == company_sudo

    def _is_from_our_number(self, text, message):
        """Whether a message came from the number that this text was sent to."""
        if message.from_number:
            return message.from_number == text.recipient
        return bool(message.sender) and message.sender in (
            text.recipient,
            text.service_sid,
        )

    def _had_left(self, text, message):
        """Whether a message was on its way when the customer wrote this.

        Nobody answers one that still waits to be sent, or that was sent later.
        """
        left = (
            message.state != "outgoing" and message.claimed_date
        ) or message.sent_date
        return bool(left) and left <= text.received_date + CLOCK_DIFFERENCE

    def _find_newer(self, messages):
        """The open questions that replaced messages, maybe to another contact.

        :return: dict ``fsm.confirmation`` id -> the newest open ``fsm.confirmation``
        """
        replaced = messages.filtered(lambda rec: rec.closed_reason == "replaced")
        if not replaced.order_id:
            return {}
        open_messages = messages.search(
            [("order_id", "in", replaced.order_id.ids), ("is_open", "=", True)]
        )
        newest = {}
        for message in open_messages:
            newest.setdefault(message._get_appointment_sudo(), message)
        found = {rec.id: newest.get(rec._get_appointment_sudo()) for rec in replaced}
        return {id_: newer for id_, newer in found.items() if newer and newer.id > id_}

    def _prepare_candidate(self, text, message, stale="", newer=None):
        """A message as a :class:`~...core.matching.Candidate`.

        :param newer: see :meth:`_find_newer`
        """
        successor = (newer or {}).get(message.id)
        appointment_sudo = message._get_appointment_sudo()
        return matching.Candidate(
            id=message.id,
            appointment=(appointment_sudo._name, appointment_sudo.id),
            body=message.body or "",
            asked_date=message.sent_date or message.claimed_date or None,
            code=message.code or "",
            is_open=message.is_open,
            stale=stale,
            response=message.response or "",
            answered_later=self._was_answered_later(text, message),
            newer=successor and self._prepare_candidate(text, successor),
        )

    def _was_answered_later(self, text, message):
        """Whether the customer answered again while this text was waiting."""
        if not message.reply_date:
            return False
        # One that is not stored yet is the newest.
        mine = (text.received_date, text.id or float("inf"))
        return any(
            (reply.received_date, reply.id) > mine
            and reply.intent in ("confirm", "decline", "answers", "opt_out")
            for reply in message.reply_ids
            if reply.id != text.id
        )

    def _prepare_conversation(self, candidates, earlier):
        """What was said to and by a number, newest last.

        :param candidates: list of :class:`~...core.matching.Candidate`
        :param earlier: the number's newest other ``fsm.confirmation.reply``
        :return: list of :class:`~...core.matching.Said`
        """
        said = [
            matching.Said(
                "us", "question", one.body, (one.appointment,), one.asked_date
            )
            for one in reversed(candidates)
        ]
        appointments = {one.id: one.appointment for one in candidates}
        for reply in reversed(earlier):
            said += reply._prepare_said(appointments)
        return sorted(said, key=lambda one: one.time)
