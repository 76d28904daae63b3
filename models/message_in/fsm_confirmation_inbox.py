# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import contextlib
import dataclasses
import functools
import logging
import re
from datetime import timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models

from ...core import matching, talk
from ...core.phones import normal_form, ways_to_write
from ...core.twilio.client import to_int
from ...tools.log_redaction import describe, private_queries, where
from ...tools.retry import CONFLICTS, LOCK_WAIT, commit_with_retries, retries
from ..xmlids import PROCESS_CRON

_logger = logging.getLogger(__name__)

# The space of the advisory locks by number, and how long one is waited for, in
# milliseconds: much less than the 15 seconds that Twilio waits.
_TURN = 1_517_830
_TURN_WAIT = 5000

MAX_BODY = 10000  # characters; Twilio's limit is 1600
MAX_ATTEMPTS = 10
# A younger pending reply may still be with its webhook.
LEFT_TO_WEBHOOK = timedelta(seconds=10)
# NUL and lone surrogates can't be stored; other control characters can.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _read(data, name):
    """One of Twilio's parameters, as it can be stored; "" without it."""
    return _UNSTORABLE.sub("", data.get(name) or "")


@dataclasses.dataclass(slots=True)
class Case:
    """One text being processed: what is known, what is decided, and the outcome."""

    text: matching.Inbound
    decision: matching.MatchDecision
    messages: object  # ``fsm.confirmation`` that it may be about, newest first
    company: object  # ``res.company`` with sudo
    partner: object  # ``res.partner`` with sudo
    linked: object  # the ``fsm.confirmation`` that it belongs to
    several: object  # the ``fsm.confirmation`` of which the customer has to choose one
    # How it is understood: (the ``fsm.confirmation`` that it belongs to, intent).
    links: list = dataclasses.field(default_factory=list)
    # What the customer is told: (kind, the ``fsm.confirmation`` it is about).
    said: list = dataclasses.field(default_factory=list)


class FsmConfirmationInbox(models.AbstractModel):
    """What customers text: received, understood, matched, acted on.

    A text is plain data (:class:`~...core.matching.Inbound`) all the way, as it is
    stored together with what came of it.
    """

    _name = "fsm.confirmation.inbox"
    _description = "Inbox of Customers' Texts"

    # ------------------------------------------------------------------
    # Receive
    # ------------------------------------------------------------------

    @api.model
    def _receive_and_commit_sudo(self, companies_sudo, data, received_date=None):
        """Store one inbound text, once, process it, and commit.

        When this returns, the text is in the database: only then may Twilio be told so.
        What fails, or keeps conflicting with other transactions, is left to the cron.

        :param companies_sudo: ``res.company`` records that use the Twilio account
        :param data: Twilio's parameters (mapping of str), already verified
        :param received_date: when Twilio got it, naive UTC; None for a webhook, which
            takes the auto-reply back
        :return: the auto-reply, "" for none
        :raises psycopg2.Error: the text could not be stored
        """
        with self._in_turn(self._read_number(data)):
            return self._receive_in_turn_sudo(companies_sudo, data, received_date)

    @contextlib.contextmanager
    def _in_turn(self, number):
        """Have the texts of one number processed one after the other, as they came.

        :param number: see :meth:`_read_number`

        "No" and "ok thanks" a second later would be a yes in the other order. The lock
        is the session's: one of a transaction that had to wait for it would read what
        was there before it waited.
        """
        taken = self._take_turn(number)
        try:
            yield
        except psycopg2.Error:
            with contextlib.suppress(psycopg2.Error):
                self._forget_transaction()
            raise
        finally:
            # A connection that is gone takes its locks with it.
            with contextlib.suppress(psycopg2.Error):
                if taken:
                    self.env.cr.execute(
                        "SELECT pg_advisory_unlock(%s, hashtext(%s))", taken
                    )

    @api.model
    def _take_turn(self, number):
        """Wait for the lock of a number; return what it is released by.

        :return: its key; None if another text takes very long. Whoever reads what
            that one changes then starts again.
        """
        key = (_TURN, number)
        try:
            self.env.cr.execute(
                "SET LOCAL lock_timeout = %s;"
                " SELECT pg_advisory_lock(%s, hashtext(%s))",
                (_TURN_WAIT, *key),
            )
            self.env.cr.commit()  # pylint: disable=invalid-commit
        except CONFLICTS:
            self._forget_transaction()
            return None
        return key

    @api.model
    def _receive_in_turn_sudo(self, companies_sudo, data, received_date):
        """See :meth:`_receive_and_commit_sudo`."""
        problem = auto_reply = ""
        try:
            for transaction in retries(self.env, 5, LOCK_WAIT):
                with transaction:
                    reply_sudo = self._receive_sudo(companies_sudo, data, received_date)
                    # Read before the commit, which empties the cache.
                    auto_reply = (reply_sudo and reply_sudo.auto_reply_body) or ""
            return auto_reply
        except CONFLICTS:
            _logger.info("A reply is processed later: others want the same rows")
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            raise  # The connection is gone: Twilio has to call again.
        except psycopg2.errors.UniqueViolation:
            # The same webhook at the same moment, most likely: it is known then.
            self._forget_transaction()
        except Exception as error:
            self._forget_transaction()
            problem = describe(error)
            _logger.error(
                "A reply could not be processed: %s\n%s", problem, where(error)
            )
        store = functools.partial(
            self._store_pending_sudo, companies_sudo, data, received_date, problem
        )
        commit_with_retries(self.env, store, 6, LOCK_WAIT)
        return ""

    def _forget_transaction(self):
        self.env.cr.rollback()
        self.env.transaction.clear()

    @api.model
    def _receive_sudo(self, companies_sudo, data, received_date=None):
        """Process one text and store it with what came of it, unless it is known.

        Its row and its indexes are written once, and all of it in one transaction.

        :param received_date: see :meth:`_receive_and_commit_sudo`
        :return: the ``fsm.confirmation.reply`` with sudo, or None when this MessageSid
            is known already
        :raises Exception: anything; roll back and call :meth:`_store_pending_sudo` then
        """
        values = self._prepare_reply_values(companies_sudo, data, received_date)
        inbox_sudo = self._in_companies_sudo(companies_sudo)
        replies_sudo = inbox_sudo.env["fsm.confirmation.reply"]
        earlier_sudo = replies_sudo._get_newest(values["mobile"])
        if values["twilio_sid"] in earlier_sudo.mapped("twilio_sid"):
            return None
        text = replies_sudo._prepare_inbound(values)
        case = inbox_sudo._decide(text, earlier_sudo)
        # Fetched later, not brought by a webhook that waits for the auto-reply.
        is_late = received_date is not None
        values.update(inbox_sudo._apply(case, earlier_sudo, is_late))
        return replies_sudo.create(values)

    @api.model
    def _store_pending_sudo(self, companies_sudo, data, received_date=None, problem=""):
        """Store one text, unless it is known, and leave the work to the cron, soon.

        :param problem: what went wrong, "" for a conflict
        """
        values = self._prepare_reply_values(companies_sudo, data, received_date)
        if problem:
            values.update(error=problem, attempt_count=1)
        inbox_sudo = self._in_companies_sudo(companies_sudo)
        if inbox_sudo.env["fsm.confirmation.reply"]._store_once(values):
            soon = fields.Datetime.now() + LEFT_TO_WEBHOOK + timedelta(seconds=1)
            self.env.ref(PROCESS_CRON).sudo()._trigger(at=soon)

    @api.model
    def _in_companies_sudo(self, companies_sudo):
        """This service as the superuser, in the companies that a text came for."""
        inbox_sudo = self.with_user(SUPERUSER_ID).sudo()
        return inbox_sudo.with_context(allowed_company_ids=companies_sudo.ids)

    @api.model
    def _prepare_reply_values(self, companies_sudo, data, received_date=None):
        """Field values of a reply, from Twilio's parameters."""

        def value(name, length=64):
            return _read(data, name)[:length]

        recipient = value("To")
        return {
            "twilio_sid": value("MessageSid") or value("SmsSid"),
            "mobile": self._read_number(data),
            "recipient": recipient,
            "service_sid": value("MessagingServiceSid"),
            "body": value("Body", MAX_BODY),
            "media_count": to_int(value("NumMedia"), 100),
            "opt_out_type": value("OptOutType", 16),
            "company_id": self._guess_company(companies_sudo, recipient).id,
            "received_date": received_date or fields.Datetime.now(),
        }

    @api.model
    def _read_number(self, data):
        """Who wrote: the same for all forms of one number, see :mod:`~...core.phones`.

        :param data: Twilio's parameters
        """
        written = _read(data, "From")[:64]
        return normal_form(written) or written

    @api.model
    def _guess_company(self, companies_sudo, recipient):
        """The company that owns the number that was answered, else the first one."""
        if len(companies_sudo) == 1:
            return companies_sudo
        for company_sudo in companies_sudo:
            if recipient in company_sudo._get_twilio_numbers_sudo():
                return company_sudo
        return companies_sudo[:1]

    # ------------------------------------------------------------------
    # Process later what could not be processed at once
    # ------------------------------------------------------------------

    @api.model
    @private_queries()
    def _cron_process(self):
        """Process replies that could not be processed when they came."""
        pending_sudo = (
            self.env["fsm.confirmation.reply"]
            .sudo()
            .search(
                [
                    ("state", "=", "pending"),
                    ("attempt_count", "<", MAX_ATTEMPTS),
                    # A webhook may still be at work on younger ones.
                    ("create_date", "<", fields.Datetime.now() - LEFT_TO_WEBHOOK),
                ],
                order="received_date, id",
                limit=500,
            )
        )
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(pending_sudo))
        for reply_sudo in pending_sudo:
            try:
                commit_with_retries(
                    self.env, functools.partial(self._process_pending, reply_sudo)
                )
            except CONFLICTS:
                _logger.warning("Reply %s is processed later", reply_sudo.id)
            if not cron._commit_progress(1):
                return
        self.env["fsm.confirmation.response"]._flag_still_unclear()
        self.env["fsm.confirmation.auto.reply"]._send_late()
        self.env["fsm.confirmation.sender"]._watch_queues_sudo()

    @api.model
    def _process_pending(self, reply_sudo):
        """Process a stored reply, unless another process is at it, or has been.

        A problem keeps it ``pending`` and is noted on it.

        :raises psycopg2.Error: a conflict with another transaction: to be run again
        """
        reply_sudo = reply_sudo.try_lock_for_update().filtered_domain(
            [("state", "=", "pending")]
        )
        if not reply_sudo:
            return
        try:
            with self.env.cr.savepoint():
                earlier_sudo = reply_sudo._get_newest(reply_sudo.mobile) - reply_sudo
                case = self._decide(reply_sudo._to_inbound(), earlier_sudo)
                reply_sudo.write(self._apply(case, earlier_sudo, is_late=True))
                self.env.flush_all()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            raise  # A conflict, or the connection is gone.
        except Exception as error:
            problem = describe(error)
            _logger.error(
                "Reply %s could not be processed: %s\n%s",
                reply_sudo.id,
                problem,
                where(error),
            )
            self.env.transaction.clear()
            attempts = reply_sudo.attempt_count + 1
            reply_sudo.write({"error": problem, "attempt_count": attempts})

    # ------------------------------------------------------------------
    # Understand and decide
    # ------------------------------------------------------------------

    @api.model
    def _decide(self, text, earlier):
        """Find out what a text is about, and what is to be done. It changes nothing.

        :param text: :class:`~...core.matching.Inbound`
        :param earlier: the number's newest other ``fsm.confirmation.reply``
        :return: :class:`Case`
        """
        messages, decision = self.env["fsm.confirmation"], matching.FLOOD
        if not self._is_flood(text, earlier):
            gather = self.env["fsm.confirmation.matching"]._gather
            messages, candidates, conversation = gather(text, earlier)
            found = self._read(text, candidates, conversation)
            decision = matching.decide(found, candidates, conversation)
            if earlier._has_opted_since(text):
                decision = matching.without_opting(decision)
        about = messages.browse(decision.about or [])
        is_stranger = decision is not matching.FLOOD and not about
        company_sudo = self.env["res.company"].sudo().browse(text.company_id)
        return Case(
            text=text,
            decision=decision,
            messages=messages,
            company=about.company_id or company_sudo,
            partner=self._find_partner(text) if is_stranger else about.partner_id,
            linked=messages.browse(),
            several=messages.browse(),
        )

    def _read(self, text, candidates, conversation):
        """What a text means in its conversation; an override point.

        :param text: :class:`~...core.matching.Inbound`
        :param candidates: list of :class:`~...core.matching.Candidate`, newest first
        :param conversation: list of :class:`~...core.reply.Said`, newest last
        :return: :class:`~...core.reply.Decision`
        """
        return talk.read(
            text,
            candidates,
            conversation,
            lexicon=self.env["fsm.confirmation.word"]._lexicon(),
            is_blocked=text.opt_out_type == "START" and self._is_blocked(text),
        )

    def _is_blocked(self, text):
        """Whether the number of a text has opted out."""
        blacklist = self.env["phone.blacklist"]
        return bool(blacklist._job_confirmation_find_sudo([text.mobile]))

    def _is_flood(self, text, earlier):
        """Whether a text is only stored, because so many came before it.

        The opt-out of a number that is not blocked yet always counts.
        """
        received = earlier.mapped("received_date")
        if not matching.is_flood(received, text.received_date):
            return False
        gathering = self.env["fsm.confirmation.matching"]
        conversation = gathering._prepare_conversation(text, [], earlier)
        found = self._read(text, [], conversation)
        return found.outcome != "opt_out" or self._is_blocked(text)

    def _find_partner(self, text):
        """The only contact with this number, or none: nothing is guessed.

        An override point.
        """
        partners = self.env["res.partner"].search(
            [
                ("phone_sanitized", "in", ways_to_write(text.mobile)),
                ("company_id", "in", (False, text.company_id)),
            ],
            limit=2,
        )
        return partners if len(partners) == 1 else partners.browse()

    # ------------------------------------------------------------------
    # Act
    # ------------------------------------------------------------------

    @api.model
    def _apply(self, case, earlier, is_late):
        """Do what was decided: everything but the reply itself, which may not be
        stored yet.

        :param earlier: the number's newest other ``fsm.confirmation.reply``
        :param is_late: no webhook waits for the auto-reply any more
        :return: dict of field values for the reply
        """
        actions = self._get_actions()
        for effect in case.decision.effects:
            messages = case.messages.browse(effect.messages)
            if effect.say:
                case.said.append((effect.say, messages))
            actions[effect.kind](case, messages, effect)
        if case.decision.resolves_questions:
            earlier._resolve_questions(case.text, case.linked)
        auto_reply = self.env["fsm.confirmation.auto.reply"]
        values = auto_reply._prepare_values(case, earlier, is_late)
        self._flag_unclear(case, is_asked_back=bool(values["auto_reply_body"]))
        # A late one is noted when it is sent.
        is_said = "auto_reply_state" not in values
        self._notify(case, values["auto_reply_body"] if is_said else "")
        return {**self._prepare_outcome(case), **values}

    def _get_actions(self):
        """The methods that carry out a decision: kind of effect -> method that takes a
        :class:`Case`, ``fsm.confirmation`` records and the
        :class:`~...core.matching.Effect`.

        An override point.
        """
        return {
            matching.LINK: self._link,
            matching.RESPOND: self._respond,
            matching.READ: self._flag_for_reading,
            matching.CHOOSE: self._ask_which,
            matching.OPT_OUT: self._opt_out,
            matching.OPT_IN: self._opt_in,
            matching.HELP: self._link,
            matching.WRONG_NUMBER: self._report_wrong_number,
        }

    def _link(self, case, messages, effect=None):
        """Link the reply to messages, and have it written into their histories."""
        if not messages:
            return
        if not case.linked:
            case.partner = messages[0].partner_id
            case.company = messages[0].company_id
        case.linked |= messages
        intent = case.decision.intent
        if intent == "answers" and effect:
            # Of several answers, the one to this message.
            intent = matching.INTENT_OF_RESPONSE.get(effect.response, intent)
        case.links.append((messages, intent))

    def _respond(self, case, messages, effect):
        """Apply the customer's answer, clear or not."""
        self._link(case, messages, effect)
        responses = self.env["fsm.confirmation.response"]
        responses._respond(messages, effect, case.text)

    def _flag_for_reading(self, case, messages, effect):
        """Flag a reply that changes nothing by itself for a person to read."""
        self._link(case, messages)
        self.env["fsm.confirmation.response"]._flag_for_reading(
            messages, effect, case.text
        )

    def _ask_which(self, case, messages, _effect):
        """Ask the customer which appointment is meant, by its code."""
        self.env["fsm.confirmation.code"]._ensure(messages)
        case.several = messages
        self.env["fsm.confirmation.activity"]._update(messages[0], "read")

    def _flag_unclear(self, case, is_asked_back):
        """Flag an unclear reply for a person: later, if the customer was asked back."""
        for effect in case.decision.effects:
            if effect.response == "unrecognized":
                messages = case.messages.browse(effect.messages)
                responses = self.env["fsm.confirmation.response"]
                responses._flag_unclear(messages, is_asked_back)

    def _report_wrong_number(self, case, messages, _effect):
        """Close the number's questions: it isn't the contact's."""
        self._link(case, messages)
        self.env["fsm.confirmation.response"]._apply_wrong_number(messages, case.text)

    def _opt_out(self, case, messages, _effect):
        """Opt the number out of texts from anybody."""
        text = case.text
        if not self._is_phone_number(text.mobile):
            return
        # Including questions that wait to be sent, or came from another of our numbers.
        companies = case.messages.company_id or case.company
        targets = case.messages.search(
            [
                ("mobile", "=", text.mobile),
                ("company_id", "in", companies.ids),
                ("is_open", "=", True),
            ]
        )
        targets = targets or messages
        words = text.body or text.opt_out_type
        opt_outs = self.env["fsm.confirmation.opt.out"]
        opt_outs._opt_out_sudo(text.mobile, targets, "reply", words, case.company)
        newest = case.messages[:1]
        self._link(case, targets or newest)
        if newest and not targets:
            opt_outs._on_opt_out_without_question(newest)

    def _opt_in(self, case, messages, _effect):
        """Allow texts to this number again."""
        text = case.text
        if not self._is_phone_number(text.mobile):
            return
        note = self.env._("Opted in again by text: “%s”", text.body)
        self.env["phone.blacklist"]._job_confirmation_opt_in_sudo(
            text.mobile, note, by_hand=False, company=case.company
        )
        chatter = self.env["fsm.confirmation.chatter"]
        chatter._log([case.partner], note, case.company)
        opted_out = case.messages.filtered(lambda rec: rec.response == "opted_out")
        activities = self.env["fsm.confirmation.activity"]
        activities._close(opted_out)
        self._link(case, messages)
        self.env["fsm.confirmation.opt.out"]._opt_in_sudo(text.mobile)

    def _notify(self, case, auto_reply):
        """Notify open screens and write the histories, also for an unmatched reply.

        :param auto_reply: what the customer gets back, "" for nothing
        """
        reply_chatter = self.env["fsm.confirmation.reply.chatter"]
        reply_chatter._log_texts(case.text, case.links, auto_reply)
        if case.linked:
            case.linked._notify_changed()
        elif case.decision is not matching.FLOOD:
            reply_chatter._log_unmatched(
                case.text, case.several, case.company, case.partner, auto_reply
            )
            replies = self.env["fsm.confirmation.reply"]
            replies._notify_unmatched(case.company, case.partner)
            case.several._notify_changed()

    @api.model
    def _is_phone_number(self, mobile):
        """Whether it can be texted: no short code, name or other channel."""
        return mobile.startswith("+") and bool(
            self.env["res.partner"]._phone_format(number=mobile)
        )

    def _prepare_outcome(self, case):
        """Field values of the reply: how it was understood, and whose it is."""
        return {
            "intent": case.decision.intent,
            "reason": case.decision.reason,
            "state": "matched" if case.linked else "unmatched",
            # Nobody has to read a thank-you for what staff wrote to a number.
            "is_done": case.decision.intent == "courtesy" and not case.linked,
            "error": False,
            "company_id": case.company.id,
            "partner_id": case.partner.id,
            "answers": self._get_answers(case),
            "confirmation_id": case.linked[:1].id,
            "further_confirmation_ids": [
                fields.Command.link(record.id) for record in case.linked[1:]
            ],
        }

    def _get_answers(self, case):
        """Of several different answers, which message got which; else False."""
        if case.decision.intent != "answers":
            return False
        return {
            str(id_): effect.response
            for effect in case.decision.effects
            if effect.response in matching.INTENT_OF_RESPONSE
            for id_ in effect.messages
        }
