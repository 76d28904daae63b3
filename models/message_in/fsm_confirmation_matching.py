# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

from odoo import api, models
from odoo.fields import Domain

from ...core import matching, talk
from ...core.kinds import TIMES
from ..connection.res_company import NEEDED_FOR_REPLIES

CLOCK_DIFFERENCE = timedelta(seconds=5)
# What is fetched of messages and Work Orders: by itself Odoo would read every column, a
# hundred of a Work Order, which takes longer than everything else about a reply.
NEEDED_OF_MESSAGES = (
    "activity_id",
    "appointment_end",
    "appointment_start",
    "body",
    "carrier_id",
    "claimed_date",
    "closed_reason",
    "code",
    "company_id",
    "contact_name",
    "create_date",
    "customer_note",
    "failure_type",
    "from_number",
    "indicator",
    "is_open",
    "job_name",
    "kind",
    "lang",
    "location_id",
    "mobile",
    "name",
    "needs_reading",
    "order_id",
    "owner_id",
    "partner_id",
    "person_id",
    "read_after",
    "reply_body",
    "reply_date",
    "resolved_date",
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
    "confirmation_user_id",
    "location_id",
    "name",
    "scheduled_date_end",
    "scheduled_date_start",
    "stage_id",
)
# What a person may have set on a Work Order or visit, beside the message.
SET_ON_APPOINTMENTS = ("confirmed", "declined")


class FsmConfirmationMatching(models.AbstractModel):
    """Gathers what a customer's text may be about, as plain data.

    What follows from it is decided in :mod:`~...core.matching`.
    """

    _name = "fsm.confirmation.matching"
    _description = "Messages a Text May Be About"

    def _gather(self, text, earlier):
        """Read what was sent to a number, and what was said, as plain data.

        :return: ``fsm.confirmation`` records, newest first; for each of them a
            :class:`~...core.matching.Candidate`; the conversation as a list of
            :class:`~...core.reply.Said`, newest last
        """
        messages = self._find_messages(text)
        self._fetch_details(messages)
        # A reply that reached us late may have reached Twilio in time.
        at = text.received_date
        stale = {
            message.id: message._get_stale_reason(at) if message._asks() else ""
            for message in messages
        }
        newer = self._find_newer(messages)
        times = self._find_times(messages)
        candidates = [
            replace(
                self._prepare_candidate(text, message, stale[message.id], newer),
                times=times.get(message.id, ()),
            )
            for message in messages
        ]
        conversation = self._prepare_conversation(text, candidates, earlier)
        return messages, talk.only_answerable(candidates), conversation

    def _find_times(self, messages):
        """Proposed times, in order: dict id -> tuple of (letter, start, end)."""
        proposing = messages.filtered(lambda rec: rec.kind == TIMES)
        found = {}
        if not proposing:
            return found
        slots_sudo = self.env["fsm.confirmation.slot"].sudo()
        for slot in slots_sudo.search([("confirmation_id", "in", proposing.ids)]):
            time = (slot.letter, slot.date_start, slot.date_end)
            id_ = slot.confirmation_id.id
            found[id_] = (*found.get(id_, ()), time)
        return found

    def _fetch_details(self, messages):
        """Read what a customer may repeat of appointments, in a query per model."""
        messages.order_id.fetch(NEEDED_OF_ORDERS)
        places, people = messages.order_id.sudo().location_id, messages.person_id.sudo()
        places.fetch(["owner_id", "partner_id"])
        people.fetch(["partner_id"])
        partners = places.partner_id | people.partner_id | messages.partner_id.sudo()
        partners.fetch(["city", "name", "street", "tz"])

    def _find_messages(self, text):
        """Messages sent lately to this number from the number that was answered.

        Newest first, of every company that sends from that number and of no other.
        """
        # By the number alone, which is indexed; the rest is filtered here.
        found = self.env["fsm.confirmation"].search_fetch(
            [("mobile", "=", text.mobile)], NEEDED_OF_MESSAGES, limit=100
        )
        found.company_id.fetch(NEEDED_FOR_REPLIES)
        return found.filtered(
            lambda record: (
                self._is_of_our_account(text, record)
                and record._may_have_arrived()
                and self._is_from_our_number(text, record)
                and self._had_left(text, record)
            )
        )[:50]

    def _is_of_our_account(self, text, message):
        """Whether a message was sent by the Twilio account that this text came to."""
        company_sudo = self.env["res.company"].sudo().browse(text.company_id)
        account = company_sudo.sms_twilio_account_sid
        if account:
            return message.company_id.sms_twilio_account_sid == account
        return message.company_id == company_sudo

    def _is_from_our_number(self, text, message):
        """Whether this text was sent to the number that a message came from.

        All numbers of a Messaging Service are one: it chooses among them.
        """
        if message.sender and message.sender == text.service_sid:
            return True
        return text.recipient in (message.from_number, message.sender)

    def _had_left(self, text, message):
        """Whether a message had been sent when the customer wrote this.

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
        # A deleted appointment is the same as no other.
        about = appointment_sudo or message
        return matching.Candidate(
            id=message.id,
            appointment=(about._name, about.id),
            is_about_none=message._is_about_none(),
            kind=message.kind,
            carrier=message.carrier_id.id or message.id,
            body=message.body or "",
            asked_date=message.sent_date or message.claimed_date or None,
            resolved_date=message.resolved_date or None,
            code=message.code or "",
            is_open=message.is_open or (message.closed_reason == "past" and not stale),
            stale=stale,
            response=self._get_response(message, appointment_sudo, stale),
            # Of no matter for a stale one, and it costs two queries.
            answered_later=not stale and self._was_answered_later(text, message),
            newer=successor and self._prepare_candidate(text, successor),
            details=self._get_details(message),
        )

    def _get_response(self, message, appointment_sudo, stale):
        """The response of an appointment: as a person set it, or as answered."""
        if message.closed_reason == "wrong_number":
            return message.closed_reason
        status = not stale and appointment_sudo.confirmation_status
        return status if status in SET_ON_APPOINTMENTS else message.response or ""

    def _get_details(self, message):
        """What a customer may repeat; see :attr:`~...core.matching.Candidate.details`.

        An override point.
        """
        place_sudo = message.order_id.sudo().location_id.partner_id
        return {
            "start": message.appointment_start or None,
            "end": message.appointment_end or None,
            "zone": message._get_timezone(),
            "lang": message.lang or "",
            "job": message.job_name or "",
            "street": place_sudo.street or "",
            "city": place_sudo.city or "",
            "technician": message.person_id.sudo().partner_id.name or "",
            "company": message.company_id.name,
            "contacts": tuple(filter(None, [message.contact_name])),
        }

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

    def _prepare_conversation(self, text, candidates, earlier):
        """What was said to and by a number before a text, newest last.

        :param candidates: list of :class:`~...core.matching.Candidate`
        :param earlier: the number's newest other ``fsm.confirmation.reply``
        :return: list of :class:`~...core.reply.Said`
        """
        said = []
        texts = defaultdict(list)
        for asked in reversed(candidates):
            texts[asked.carrier].append(asked)
        for first, *others in texts.values():
            said += talk.get_said(first, others)
        appointments = {one.id: one.appointment for one in candidates}
        mine = (text.received_date, text.id or float("inf"))
        for reply in reversed(earlier):
            # What another company said with this number is no part of it.
            is_ours = reply.confirmation_id.id in appointments or (
                reply._is_to_line_of(text)
            )
            if is_ours and (reply.received_date, reply.id) < mine:
                said += reply._prepare_said(appointments)
        # In one second, what we said to a reply counts as the last: no new question
        # is answered by what may have been meant for us before.
        return sorted((one for one in said if one.time), key=lambda one: one.time)

    # ------------------------------------------------------------------
    # Where a person attaches a reply
    # ------------------------------------------------------------------

    @api.model
    def _find_likeliest(self, reply):
        """The message that a reply answers, if it can only be one.

        :return: ``fsm.confirmation``, maybe empty
        """
        asked = self._find_open(reply)
        current = asked.filtered(lambda rec: rec._is_current())
        return current if len(current) == 1 else current.browse()

    @api.model
    def _find_open(self, reply):
        """The open questions to the number of a reply."""
        return self.env["fsm.confirmation"].search(
            [
                ("mobile", "=", reply.mobile),
                ("company_id", "=", reply.company_id.id),
                ("is_open", "=", True),
            ]
        )

    @api.model
    def _get_likely_domains(self, reply):
        """Domains of the messages that a reply may answer, the likeliest first.

        :return: list of ``Domain``, which may overlap
        """
        mine = Domain("company_id", "=", reply.company_id.id)
        of_number = mine & Domain("mobile", "=", reply.mobile)
        partners_sudo = reply.partner_id.sudo()
        partners_sudo |= (
            self.env["fsm.confirmation"].search(of_number).partner_id.sudo()
        )
        customer_ids = partners_sudo.commercial_partner_id.ids
        of_customer = Domain("partner_id.commercial_partner_id", "in", customer_ids)
        return [of_number, mine & of_customer, mine]
