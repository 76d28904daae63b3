# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import dataclasses
from datetime import timedelta

from odoo import Command, api, models
from odoo.fields import Domain

from ...core import reply as reply_tools

# Replies that say nothing: no need for a person to read them after a clear answer.
IDLE_REASONS = ("no_answer", "no_words", "reaction")
RESPONSE_OF_INTENT = {"confirm": "confirmed", "decline": "declined"}
INTENT_OF_OPT_OUT_TYPE = {"STOP": "opt_out", "START": "opt_in", "HELP": "help"}
CLOCK_DIFFERENCE = timedelta(seconds=5)
# A longer reply may quote some text that was sent earlier.
PLAIN_LENGTH = 40
# A phone quotes at least so many characters of a text.
QUOTE_LENGTH = 80
# So many replies of a number say what was asked and answered. If all of them came in so
# short a time, further ones are stored and not worked on.
OTHER_REPLIES = 30
FLOOD_WITHIN = timedelta(minutes=10)
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


@dataclasses.dataclass(slots=True)
class Reading:
    """What is made of one reply; it becomes field values of it in the end."""

    understanding: object  # of the words, see :func:`~...core.reply.understand`
    intent: str
    reason: str
    recent: object  # ``fsm.confirmation`` that it may belong to, newest first
    live: object  # those of them that wait for an answer
    linked: object  # those that it does belong to
    several: object  # those of which the customer has to choose one
    company: object  # ``res.company`` with sudo
    partner: object  # ``res.partner`` with sudo

    def get_values(self):
        """Field values of the reply."""
        return {
            "intent": self.intent,
            "reason": self.reason,
            "state": "matched" if self.linked else "unmatched",
            "error": False,
            "company_id": self.company.id,
            "partner_id": self.partner.id,
            "confirmation_id": self.linked[:1].id,
            "further_confirmation_ids": [
                Command.link(record.id) for record in self.linked[1:]
            ],
        }


class FsmConfirmationReply(models.Model):
    """What is made of a reply: understood, matched, acted on."""

    _inherit = "fsm.confirmation.reply"

    def _process(self):
        """Work on a reply that is stored already."""
        self.ensure_one()
        earlier = self._get_newest_replies(self.mobile) - self
        self.write(self._work_out(earlier))

    def _work_out(self, earlier):
        """Understand the reply, match it, act on it, and decide what to answer.

        Changes everything but the reply itself, which may not be stored yet.

        :param earlier: see :meth:`_get_newest_replies`, without this one
        :return: dict of field values for the reply
        """
        if self._is_flood(earlier) and not self._is_new_opt_out(earlier):
            return {"state": "unmatched", "reason": "flood", "error": False}
        reading = self._read(earlier)
        understanding = reading.understanding
        act = getattr(self, f"_act_on_{understanding.intent}")
        answer = act(reading) or ""
        if understanding.answers and reading.reason != "ambiguous":
            earlier._settle_questions(self.recipient)
        if answer and not self._may_answer(reading, earlier):
            answer = ""
        values = {**reading.get_values(), "answer_body": answer}
        if answer and self.env.context.get("job_confirmation_processed_later"):
            values.update(self._prepare_late_answer(reading))
        if reading.linked:
            reading.linked._notify_changed()
        else:
            self._log_unmatched(reading)
            self._tell_of_unmatched(reading.partner)
        return values

    def _read(self, earlier):
        """Understand the words, and find what they may be about.

        :return: :class:`Reading`
        """
        # Nearly every reply is a plain yes or no to the only question.
        recent = live = self._get_live(self._get_recent_confirmations(open_only=True))
        understanding = len(live) == 1 and self._understand(live, live, earlier)
        if not (understanding and self._is_plain_answer(understanding)):
            recent = self._get_recent_confirmations()
            live = self._get_live(recent)
            if len(live) > 1:
                # "Yes to both" answers each by its code.
                self.env["fsm.confirmation.composer"]._ensure_codes(live)
            understanding = self._understand(recent, live, earlier)
        first = (live or recent)[:1]
        return Reading(
            understanding=understanding,
            intent=understanding.intent,
            reason=understanding.reason,
            recent=recent,
            live=live,
            linked=recent.browse(),
            several=recent.browse(),
            company=first.company_id or self.company_id,
            partner=first.partner_id if first else self._find_partner(),
        )

    def _is_flood(self, earlier):
        """Whether this number has sent so much lately that somebody plays with us.

        Each text that is worked on costs much more than one that is stored.
        """
        oldest = earlier[OTHER_REPLIES - 1 : OTHER_REPLIES]
        return bool(oldest) and (
            oldest.received_date > self.received_date - FLOOD_WITHIN
        )

    def _is_new_opt_out(self, earlier):
        """Whether this text opts a number out that has not opted out yet.

        That is obeyed whatever came before.
        """
        nothing = self.env["fsm.confirmation"]
        understanding = self._understand(nothing, nothing, earlier)
        return understanding.intent == "opt_out" and not (
            self.env["phone.blacklist"]._job_confirmation_find_sudo([self.mobile])
        )

    def _get_recent_confirmations(self, open_only=False):
        """What was sent lately to this number from the number that was answered.

        Newest first, of every company that sends from that number and of no other.

        :param open_only: leave out what is answered or closed
        """
        # By the number alone, which an index answers; the rest is looked at here.
        domain = Domain("mobile", "=", self.mobile)
        if open_only:
            domain &= Domain("is_open", "=", True)
        found = self.env["fsm.confirmation"].search_fetch(
            domain, NEEDED_OF_MESSAGES, limit=100
        )
        found.company_id.fetch(["sms_twilio_account_sid"])
        return found.filtered(
            lambda record: (
                self._is_of_our_account(record)
                and record._may_have_arrived()
                and self._is_from_our_number(record)
                and self._had_left(record)
            )
        )[:50]

    def _is_of_our_account(self, record):
        """Whether a text left by the Twilio account that this reply came to."""
        account = self.company_id.sms_twilio_account_sid
        if account:
            return record.company_id.sms_twilio_account_sid == account
        return record.company_id == self.company_id

    def _is_from_our_number(self, record):
        """Whether a text came from the number that this reply was sent to."""
        if record.from_number:
            return record.from_number == self.recipient
        return bool(record.sender) and record.sender in (
            self.recipient,
            self.service_sid,
        )

    @api.model
    def _get_newest_replies(self, mobile):
        """A number's newest replies, of every company, newest first."""
        return self.search_fetch(
            [("mobile", "=", mobile)],
            [
                "answer_body",
                "is_done",
                "reason",
                "received_date",
                "recipient",
                "state",
                "twilio_sid",
            ],
            limit=OTHER_REPLIES + 1,
        )

    @api.model
    def _get_live(self, recent):
        """Those messages that an answer counts for."""
        # By itself Odoo would read every column of these Work Orders, some hundred,
        # which takes longer than everything else that a reply causes.
        recent.order_id.fetch(NEEDED_OF_ORDERS)
        return recent.filtered(lambda rec: rec.is_open and not rec._get_stale_reason())

    def _is_plain_answer(self, understanding):
        """Whether the reply is a short yes or no without code or quotation.

        It is about the only open question then, whatever else was ever sent.
        """
        answers = understanding.answers
        return (
            len(answers) == 1
            and not answers[0].code
            and len(self.body) <= PLAIN_LENGTH
            and not reply_tools.has_quotation(self.body)
        )

    def _had_left(self, confirmation):
        """Whether a text was on its way when the customer wrote this.

        Nobody answers a text that still waits to be sent, or that was sent later.
        """
        left = (
            confirmation.state != "outgoing" and confirmation.claimed_date
        ) or confirmation.sent_date
        return bool(left) and left <= self.received_date + CLOCK_DIFFERENCE

    def _find_partner(self):
        """The only contact with this number, or none: nothing is guessed."""
        partners = self.env["res.partner"].search(
            [
                ("phone_sanitized", "=", self.mobile),
                ("company_id", "in", (False, self.company_id.id)),
            ],
            limit=2,
        )
        return partners if len(partners) == 1 else partners.browse()

    def _understand(self, recent, live, earlier):
        """What the words mean; see :func:`~...core.reply.understand`."""
        answered = earlier.filtered("answer_body")[:5]
        understanding = reply_tools.understand(
            self.body or "",
            lexicon=self.env["fsm.confirmation.word"]._lexicon(),
            codes=[code for code in live.mapped("code") if code],
            prompts=recent[:10].mapped("body") + answered.mapped("answer_body"),
        )
        # With Advanced Opt-Out Twilio has decided, also by keywords of its own.
        intent = INTENT_OF_OPT_OUT_TYPE.get(self.opt_out_type)
        if intent:
            return dataclasses.replace(understanding, intent=intent, answers=())
        return understanding

    def _is_phone_number(self):
        """Whether the sender can be texted: no short code, name or other channel."""
        return self.mobile.startswith("+") and bool(
            self.env["res.partner"]._phone_format(number=self.mobile)
        )

    def _act_on_opt_out(self, reading):
        if not self._is_phone_number():
            return ""
        recent = reading.recent
        # Also what waits to be sent, and what another number of the company asked.
        companies = recent.company_id or self.company_id
        targets = self.env["fsm.confirmation"].search(
            [
                ("mobile", "=", self.mobile),
                ("company_id", "in", companies.ids),
                ("is_open", "=", True),
            ]
        )
        targets = targets or self._get_changeable(recent)[:1]
        self.env["fsm.confirmation.response"]._opt_out_sudo(
            self.mobile,
            targets,
            "reply",
            self.body or self.opt_out_type,
            reading.company,
        )
        if targets or recent:
            self._link(reading, targets or recent[:1])
        if recent and not targets:
            responses = self.env["fsm.confirmation.response"]
            responses._on_opt_out_without_question(recent[0])
        return ""  # Twilio has answered, and the law forbids more.

    def _act_on_opt_in(self, reading):
        if not self._is_phone_number():
            return ""
        recent, live = reading.recent, reading.live
        note = self.env._("Opted in again by text: “%s”", self.body)
        self.env["phone.blacklist"]._job_confirmation_opt_in_sudo(
            self.mobile, note, by_hand=False
        )
        chatter = self.env["fsm.confirmation.chatter"]
        chatter._log([reading.partner], note, reading.company)
        responses = self.env["fsm.confirmation.response"]
        responses._close_activities(
            recent.filtered(lambda rec: rec.response == "opted_out")
        )
        if recent:
            self._link(reading, (live or recent)[:1])
        companies = recent.company_id or self.company_id
        responses._opt_in_sudo(self.mobile, companies)
        return ""

    def _act_on_help(self, reading):
        recent, live = reading.recent, reading.live
        if recent:
            self._link(reading, (live or recent)[:1])
        return self._text(reading.company, "help", partner=reading.partner)

    def _act_on_unrecognized(self, reading):
        recent, live = reading.recent, reading.live
        understanding = reading.understanding
        if len(live) == 1:
            self._link(reading, live)
            if self._has_newer_answer(live):
                self.env["fsm.confirmation.response"]._flag(live, self)
                return ""
            self.env["fsm.confirmation.response"]._apply(live, "unrecognized", self)
            return self._text(live.company_id, "unclear", live)
        if len(live) > 1:
            return self._ask_which(reading, live)
        # A "thanks" after a clear answer changes nothing and needs no answer.
        idle = understanding.automatic or understanding.reason in IDLE_REASONS
        changeable = self._get_changeable(recent)
        if len(changeable) > 1 and not idle:
            return self._ask_which(reading, changeable)
        target = (changeable or recent)[:1]
        if target:
            self._link(reading, target)
        if target and not idle:
            self.env["fsm.confirmation.response"]._flag(target, self)
            if changeable:
                return self._text(target.company_id, "unclear", target)
        return ""

    def _act_on_confirm(self, reading):
        return self._act_on_answers(reading)

    _act_on_decline = _act_on_confirm

    def _act_on_answers(self, reading):
        """Apply every clear answer to the message it belongs to, and to no other."""
        recent, live = reading.recent, reading.live
        understanding = reading.understanding
        texts = []
        unknown = False
        several = len(understanding.answers) > 1
        for answer in understanding.answers:
            target = self._find_target(answer, recent, live)
            if target is None:
                return self._ask_which(reading, live)
            if not target:
                unknown = True
                continue
            response = RESPONSE_OF_INTENT[answer.intent]
            texts.append(self._answer(reading, target, response, brief=several))
        still_open = live.filtered("is_open")
        if unknown and still_open:
            texts.append(self._ask_which(reading, still_open))
        elif unknown and recent and not texts:
            self._link(reading, recent[:1])
            self.env["fsm.confirmation.response"]._flag(recent[:1], self)
        return " ".join(dict.fromkeys(text for text in texts if text))

    def _settle_questions(self, recipient):
        """Replies that could belong to several messages are settled now."""
        self.filtered(
            lambda reply: (
                reply.recipient == recipient
                and reply.state == "unmatched"
                and reply.reason == "ambiguous"
                and not reply.is_done
            )
        ).write({"is_done": True})

    def _find_target(self, answer, recent, live):
        """The message that an answer is about.

        :return: one ``fsm.confirmation``; an empty one when there is none; None when
            there are several and the customer has to say which
        """
        if answer.code:
            coded = recent.filtered(lambda rec: rec.code == answer.code)
            return (coded & live or coded)[:1]
        quoted = self._find_quoted(recent)
        if quoted is None or quoted:
            return quoted
        if len(live) == 1:
            return live
        if live:
            return None
        changeable = self._get_changeable(recent)
        if len(changeable) > 1:
            same = {RESPONSE_OF_INTENT[answer.intent]}
            # "Yes" once more, when all are confirmed already, changes nothing.
            if {record.response for record in changeable} != same:
                return None
        return (changeable or recent)[:1]

    def _find_quoted(self, recent):
        """The message whose text this reply quotes or reacts to.

        A like of an old text is no answer to the new question.

        :return: one ``fsm.confirmation``, an empty one when nothing is quoted, None
            when it could be several
        """

        def plain(text):
            return " ".join((text or "").split()).casefold()

        words = plain(self.body)
        quoted = recent.filtered(lambda rec: rec.body and plain(rec.body) in words)
        if not quoted:
            # Phones shorten what they quote.
            quoted = recent.filtered(
                lambda rec: rec.body and plain(rec.body)[:QUOTE_LENGTH] in words
            )
        appointments = {rec._get_appointment_sudo() for rec in quoted}
        return None if len(appointments) > 1 else quoted[:1]

    def _get_changeable(self, recent):
        """The newest message of each appointment that an answer may still be about."""
        seen = set()
        ids = []
        for record in recent:
            appointment = record._get_appointment_sudo()
            if appointment in seen:
                continue
            seen.add(appointment)
            if not record._get_stale_reason():
                ids.append(record.id)
        return recent.browse(ids)

    def _answer(self, reading, target, response, brief=False):
        """Apply a clear answer to one message.

        :param brief: one of several answers in a text: name the appointment
        :return: what to tell the customer
        """
        self._link(reading, target)
        stale = target._get_stale_reason()
        newer = target.closed_reason == "replaced" and target._get_newer_open()
        if newer and not stale:
            # The same question about the same date, asked twice.
            self._link(reading, newer)
            target = newer
        if stale:
            if stale == "moved":
                reading.reason = stale
            self.env["fsm.confirmation.response"]._flag(target, self)
            return self._text(target.company_id, stale, target)
        if self._has_newer_answer(target):
            self.env["fsm.confirmation.response"]._flag(target, self)
            return ""
        self.env["fsm.confirmation.response"]._apply(target, response, self)
        kind = f"{response}_brief" if brief else response
        return self._text(target.company_id, kind, target)

    def _has_newer_answer(self, target):
        """Whether the customer answered again while this reply was waiting."""
        if not target.reply_date:
            return False
        # One that is not stored yet is the newest.
        mine = (self.received_date, self.id or float("inf"))
        return any(
            (reply.received_date, reply.id) > mine
            and reply.intent in ("confirm", "decline", "answers", "opt_out")
            for reply in target.reply_ids - self
        )

    def _ask_which(self, reading, live):
        """Several messages are open: list them with their codes, guess nothing."""
        several = live or self._get_changeable(reading.recent)
        if not several:
            return ""
        self.env["fsm.confirmation.composer"]._ensure_codes(several)
        reading.several = several
        reading.intent, reading.reason = "unrecognized", "ambiguous"
        self.env["fsm.confirmation.response"]._update_activity(several[0], "read")
        lang = self._get_customer_lang(several[0].company_id, several[0])
        lines = [
            record.env._(
                "%(code)s: %(date)s, %(time)s",
                code=record.code,
                **record._describe_appointment(),
            )
            for record in several.with_context(lang=lang).sorted("appointment_start")
        ]
        return self._text(several[0].company_id, "which", several[0], "; ".join(lines))

    def _link(self, reading, confirmations):
        """This reply belongs to messages; it is written into their histories."""
        if not reading.linked:
            reading.partner = confirmations[0].partner_id
            reading.company = confirmations[0].company_id
        reading.linked |= confirmations
        self._log_reply(confirmations, reading.intent)

    def _log_reply(self, confirmations, intent=""):
        """Write this reply into the histories of messages it belongs to.

        :param intent: how it was understood, while it is not stored yet
        """
        intent = intent or self.intent
        labels = dict(self._fields["intent"]._description_selection(self.env))
        chatter = self.env["fsm.confirmation.chatter"]
        for record in confirmations:
            body = chatter._format_text(
                title=self._describe_origin(record),
                body=self.body or self.env._("(picture)"),
                state=self.env._("Understood as: %s", labels.get(intent, "")),
                record=record,
            )
            author = record.partner_id if self.mobile == record.mobile else None
            targets = [record.order_id, record.partner_id]
            chatter._log_text(record, targets, body, author, record.company_id)

    def _log_unmatched(self, reading):
        """Write a reply that belongs to no message into the histories it concerns."""
        chatter = self.env["fsm.confirmation.chatter"]
        parts = [
            (company, [*records.order_id, *records.partner_id])
            for company, records in reading.several.grouped("company_id").items()
        ] or [(reading.company, [reading.partner])]
        state = self.env._("Belongs to no message")
        if reading.several:
            state = self.env._("Several appointments wait for an answer")
        body = chatter._format_text(
            title=self.env._("Text from %s", self.mobile),
            body=self.body or self.env._("(picture)"),
            state=state,
            record=None,
        )
        for company, targets in parts:
            author = reading.partner
            chatter._log_text(None, targets, body, author, company)

    def _describe_origin(self, record):
        """Who wrote: the contact, or another number whose reply a person attached."""
        if self.mobile != record.mobile:
            return self.env._("Reply by text from the number %s to", self.mobile)
        return self.env._(
            "Reply by text from %(contact)s (%(number)s) to",
            contact=record.contact_name or "",
            number=self.mobile,
        )

    def _notify_changed(self):
        """Tell open screens that this reply changed."""
        if self.confirmation_id:
            self.confirmation_id._notify_changed()
        else:
            self._tell_of_unmatched(self.partner_id)

    @api.model
    def _tell_of_unmatched(self, partner):
        """Tell open screens of a reply that belongs to no message."""
        chatter = self.env["fsm.confirmation.chatter"]
        chatter._notify_screens([0], partner_ids=partner.ids)
