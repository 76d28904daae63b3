# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import dataclasses
import functools
import logging
import re
from datetime import datetime, time, timedelta

import psycopg2
import pytz
from markupsafe import Markup

from odoo import SUPERUSER_ID, Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from ..tools import reply as reply_tools
from ..tools.conflicts import CONFLICTS, commit_with_retries
from ..tools.export import harmless_rows
from ..tools.private_log import describe, private_queries, where
from ..tools.twilio_api import Failure, Outcome, failure_class, to_int
from .fsm_confirmation_history import HISTORY_NOTE
from .fsm_order import localize

_logger = logging.getLogger(__name__)

# Replies that say nothing: no need for a person to read them after a clear answer.
IDLE_REASONS = ("no_answer", "no_words", "reaction")
RESPONSE_OF_INTENT = {"confirm": "confirmed", "decline": "declined"}
INTENT_OF_OPT_OUT_TYPE = {"STOP": "opt_out", "START": "opt_in", "HELP": "help"}
MAX_BODY = 10000  # characters; Twilio's limit is 1600
MAX_ATTEMPTS = 10
CLOCK_DIFFERENCE = timedelta(seconds=5)
# A phone quotes at least so many characters of a text.
QUOTE_LENGTH = 80
# More answers than this to one number in an hour look like two machines talking.
MAX_ANSWERS_PER_HOUR = 6
# So many replies of a number say what was asked and answered. If all of them came in so
# short a time, further ones are stored and not worked on.
OTHER_REPLIES = 30
FLOOD_WITHIN = timedelta(minutes=10)
CRON = "fieldservice_job_confirmation.ir_cron_process_replies"
# So young a pending reply may still be in its webhook's hands.
LEFT_TO_WEBHOOK = timedelta(seconds=10)
# A reply that could not be worked on at once is answered as a text of its own.
LATE_ANSWER_WITHIN = timedelta(hours=24)
ANSWER_AT_ONCE_WITHIN = timedelta(minutes=15)
# The hours in which a text that nobody sends knowingly may arrive, local time.
DAY = (8, 21)
# NUL can't be stored; other control characters can.
_NUL = re.compile("[\x00\ud800-\udfff]")
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

    understanding: object  # of the words, see :func:`~..tools.reply.understand`
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
            "confirmation_ids": [Command.link(record.id) for record in self.linked],
        }


class FsmConfirmationReply(models.Model):
    """One text received from a customer: the inbox.

    It is stored before anything is made of it, and understood, matched and answered
    afterwards; what fails stays ``pending`` and is tried again.
    """

    _name = "fsm.confirmation.reply"
    _description = "Customer Reply"
    _order = "id desc"
    _rec_name = "body"

    confirmation_id = fields.Many2one(
        "fsm.confirmation", string="Message", index=True, ondelete="set null"
    )
    confirmation_ids = fields.Many2many(
        "fsm.confirmation",
        "fsm_confirmation_reply_rel",
        "reply_id",
        "confirmation_id",
        string="Messages",
        readonly=True,
        help="Every message that this text answers.",
    )
    order_id = fields.Many2one(related="confirmation_id.order_id", string="Work Order")
    partner_id = fields.Many2one(
        "res.partner", string="Contact", readonly=True, index="btree_not_null"
    )
    mobile = fields.Char(required=True, readonly=True)
    recipient = fields.Char("Sent To", readonly=True, help="Our number.")
    body = fields.Text("Customer's Words", readonly=True)
    service_sid = fields.Char(
        "Messaging Service", readonly=True, help="The service that was answered."
    )
    media_count = fields.Integer("Pictures", readonly=True)
    intent = fields.Selection(
        [
            ("confirm", "Yes"),
            ("decline", "No"),
            ("answers", "Several answers"),
            ("opt_out", "Opt out"),
            ("opt_in", "Opt in again"),
            ("help", "Help"),
            ("unrecognized", "Unrecognized"),
        ],
        string="Understood As",
        readonly=True,
    )
    reason = fields.Char("Reason Key", readonly=True, help="Why it was understood so.")
    state = fields.Selection(
        [
            ("pending", "Not worked on yet"),
            ("matched", "Matched"),
            ("unmatched", "Unmatched"),
        ],
        default="pending",
        required=True,
        readonly=True,
    )
    twilio_sid = fields.Char("Twilio SID", readonly=True)
    received_date = fields.Datetime(
        "Received On", required=True, readonly=True, default=fields.Datetime.now
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    answer_body = fields.Text("Our Answer", readonly=True)
    # An answer to a webhook leaves with it. One found later is a text of its own.
    answer_state = fields.Selection(
        [
            ("outgoing", "Waiting"),
            ("sending", "Sending"),
            ("sent", "Sent"),
            ("failed", "Failed"),
        ],
        "Late Answer",
        readonly=True,
    )
    answer_after = fields.Datetime("Answer Not Before", readonly=True)
    is_done = fields.Boolean(
        "Done", readonly=True, help="A person has read it, or a later reply settled it."
    )
    reason_text = fields.Char("Why", compute="_compute_reason_text")
    opt_out_type = fields.Char(readonly=True, help="Twilio's OptOutType.")
    error = fields.Char("Last Problem", readonly=True)
    attempt_count = fields.Integer(readonly=True)

    # A replayed or repeated webhook must not become a second reply.
    _twilio_sid_unique = models.UniqueIndex("(twilio_sid)")
    _mobile_index = models.Index("(mobile, id)")
    _answer_index = models.Index("(id) WHERE answer_state = 'outgoing'")
    _pending_index = models.Index("(id) WHERE state = 'pending'")
    # Written as Odoo writes the condition of the tile and of the filter.
    _unmatched_index = models.Index(
        "(id) INCLUDE (company_id) WHERE state != 'matched' AND is_done IS NOT TRUE"
    )

    @api.depends("body", "media_count")
    def _compute_display_name(self):
        for reply in self:
            words = (reply.body or "").strip() or self.env._("(picture)")
            reply.display_name = words if len(words) <= 60 else f"{words[:59]}…"

    def _describe_pictures(self):
        """How many pictures came, which stay at Twilio, or ""."""
        self.ensure_one()
        if not self.media_count:
            return ""
        if self.media_count == 1:
            return self.env._("1 picture, kept at Twilio and not shown here")
        return self.env._(
            "%s pictures, kept at Twilio and not shown here", self.media_count
        )

    @api.depends("reason")
    def _compute_reason_text(self):
        sentences = {
            "ambiguous": self.env._("Several appointments wait for an answer"),
            "condition": self.env._("Has a condition or doubt"),
            "question": self.env._("Is a question"),
            "contradiction": self.env._("Says yes and no"),
            "unknown_words": self.env._("Has words that nobody taught us"),
            "time": self.env._("Names a day or time"),
            "number": self.env._("Has a number"),
            "negation": self.env._("Negates something"),
            "unclear": self.env._("Can be read in two ways"),
            "excuse": self.env._("Gives a reason, no answer"),
            "quoted_prompt": self.env._("Quotes our own text"),
            "reaction": self.env._("Is a reaction of the phone"),
            "auto_reply": self.env._("Is an automatic reply"),
            "code_only": self.env._("Has a code but no answer"),
            "no_answer": self.env._("Holds no answer"),
            "no_words": self.env._("Holds no words"),
            "empty": self.env._("Is empty"),
            "too_long": self.env._("Is too long"),
            "flood": self.env._("One of very many texts in a few minutes"),
            "moved": self.env._("Came after the appointment had moved"),
        }
        for reply in self:
            reply.reason_text = sentences.get(reply.reason, "")

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            if vals.get("confirmation_id") and not vals.get("confirmation_ids"):
                vals["confirmation_ids"] = [Command.link(vals["confirmation_id"])]
        return super().create(vals_list)

    def write(self, vals):
        # Also not with sudo: an automation's code is no way around it either.
        if "body" in vals:
            raise UserError(self.env._("A customer's words can't be changed."))
        if not self.env.su:
            if vals.keys() - {"confirmation_id"}:
                raise AccessError(
                    self.env._("A reply can only be linked to a message.")
                )
            self.check_access("write")
            for reply in self:
                reply._attach(
                    self.env["fsm.confirmation"].browse(vals.get("confirmation_id"))
                )
            return True
        return super().write(vals)

    def copy(self, default=None):  # pylint: disable=method-required-super
        raise UserError(self.env._("A reply can't be duplicated."))

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        rows = super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)
        return harmless_rows(rows)

    # ------------------------------------------------------------------
    # Receive
    # ------------------------------------------------------------------

    @api.model
    def _receive_and_commit_sudo(self, companies_sudo, data, received_date=None):
        """Store one inbound text, once, work on it, and commit.

        When this returns, the text is in the database: only then may Twilio be told
        so. Work that fails, or that other transactions keep disturbing, is left to the
        cron.

        :param companies_sudo: ``res.company`` records that use the Twilio account
        :param data: Twilio's parameters (mapping of str), already verified
        :param received_date: when Twilio got it, naive UTC; now when it is None
        :return: what to answer the customer, "" for nothing
        :raises psycopg2.Error: the text could not be stored
        """
        text = (companies_sudo, data, received_date)
        problem = ""
        try:
            return commit_with_retries(
                self.env,
                functools.partial(self._store_and_process_sudo, *text),
                attempts=5,
            )
        except CONFLICTS:
            _logger.info("A reply is worked on later: others want the same rows")
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            raise  # The connection is gone: Twilio has to call again.
        except psycopg2.errors.UniqueViolation:
            # The same webhook at the same moment, most likely: it is known then.
            self.env.cr.rollback()
            self.env.transaction.clear()
        except Exception as error:
            self.env.cr.rollback()
            self.env.transaction.clear()
            problem = describe(error)
            _logger.error(
                "A reply could not be worked on: %s\n%s", problem, where(error)
            )
        store = functools.partial(self._store_sudo, *text, problem=problem)
        commit_with_retries(self.env, store)
        return ""

    @api.model
    def _store_and_process_sudo(self, companies_sudo, data, received_date):
        """Receive one text in as few queries as possible, as nearly all can be.

        :return: what to answer the customer, "" for nothing
        :raises Exception: anything; roll back and call :meth:`_store_sudo` then
        """
        values = self._prepare_reply_values(companies_sudo, data, received_date)
        inbox_sudo = self._inbox_sudo(companies_sudo)
        earlier_sudo = inbox_sudo._get_newest_replies(values["mobile"])
        if values["twilio_sid"] in earlier_sudo.mapped("twilio_sid"):
            return ""
        # Worked on before it is stored, as it then stays: its row and its indexes are
        # written once. Both are in the database after the same commit.
        draft_sudo = inbox_sudo.new(values)
        values.update(draft_sudo._work_out(earlier_sudo))
        # Read before the commit, which empties the cache.
        return inbox_sudo.create(values).answer_body or ""

    @api.model
    def _store_sudo(self, companies_sudo, data, received_date=None, problem=""):
        """Store one text and leave the work to the cron, soon.

        :param problem: what came in the way, "" for other transactions
        """
        reply_sudo = self._receive_sudo(companies_sudo, data, received_date, work=False)
        if reply_sudo:
            if problem:
                reply_sudo.write({"error": problem, "attempt_count": 1})
            soon = fields.Datetime.now() + LEFT_TO_WEBHOOK + timedelta(seconds=1)
            self.env.ref(CRON).sudo()._trigger(at=soon)

    @api.model
    def _receive_sudo(self, companies_sudo, data, received_date=None, work=True):
        """Store one inbound text, once, and work on it, within this transaction.

        :param companies_sudo: ``res.company`` records that use the Twilio account
        :param data: Twilio's parameters (mapping of str), already verified
        :param received_date: when Twilio got it, naive UTC; now when it is None
        :param work: False leaves the reply ``pending``, for the cron
        :return: the reply with sudo, or None when this MessageSid is known already
        """
        values = self._prepare_reply_values(companies_sudo, data, received_date)
        inbox_sudo = self._inbox_sudo(companies_sudo)
        if inbox_sudo.search_count(
            [("twilio_sid", "=", values["twilio_sid"])], limit=1
        ):
            return None
        try:
            with self.env.cr.savepoint():
                reply_sudo = inbox_sudo.create(values)
                reply_sudo.flush_recordset()
        except psycopg2.errors.UniqueViolation:
            return None
        if work:
            reply_sudo._process_safely()
        return reply_sudo

    @api.model
    def _inbox_sudo(self, companies_sudo):
        """This model as the superuser, in the companies that a text came for."""
        inbox_sudo = self.with_user(SUPERUSER_ID).sudo()
        return inbox_sudo.with_context(allowed_company_ids=companies_sudo.ids)

    @api.model
    def _prepare_reply_values(self, companies_sudo, data, received_date=None):
        """Field values of a reply out of Twilio's parameters."""

        def value(name, length=64):
            return _NUL.sub("", data.get(name) or "")[:length]

        recipient = value("To")
        return {
            "twilio_sid": value("MessageSid") or value("SmsSid"),
            "mobile": value("From"),
            "recipient": recipient,
            "service_sid": value("MessagingServiceSid"),
            "body": value("Body", MAX_BODY),
            "media_count": to_int(value("NumMedia"), 100),
            "opt_out_type": value("OptOutType", 16),
            "company_id": self._guess_company(companies_sudo, recipient).id,
            "received_date": received_date or fields.Datetime.now(),
        }

    @api.model
    def _guess_company(self, companies_sudo, recipient):
        """The company that owns the number that was answered, else the first one."""
        if len(companies_sudo) == 1:
            return companies_sudo
        for company_sudo in companies_sudo:
            if recipient in company_sudo._get_twilio_numbers_sudo():
                return company_sudo
        return companies_sudo[:1]

    def _process_safely(self):
        """Work on the reply; a problem keeps it ``pending`` and is noted on it.

        :raises psycopg2.Error: a conflict with another transaction: to be run again
        """
        self.ensure_one()
        if self.state != "pending":
            return
        try:
            with self.env.cr.savepoint():
                self._process()
                self.env.flush_all()
        except (psycopg2.OperationalError, psycopg2.InterfaceError):
            raise  # A conflict, or the connection is gone.
        except Exception as error:
            _logger.error(
                "Reply %s could not be worked on: %s\n%s",
                self.id,
                describe(error),
                where(error),
            )
            self.env.transaction.clear()
            self.write(
                {
                    "error": describe(error),
                    "attempt_count": self.attempt_count + 1,
                }
            )

    @api.model
    @private_queries()
    def _cron_process(self):
        """Work on replies that could not be worked on when they came."""
        pending_sudo = self.sudo().search(
            [
                ("state", "=", "pending"),
                ("attempt_count", "<", MAX_ATTEMPTS),
                # A webhook may still be at work on younger ones.
                ("create_date", "<", fields.Datetime.now() - LEFT_TO_WEBHOOK),
            ],
            order="received_date, id",
            limit=500,
        )
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(pending_sudo))
        for reply_sudo in pending_sudo:
            later_sudo = reply_sudo.with_context(job_confirmation_processed_later=True)
            try:
                commit_with_retries(self.env, later_sudo._process_if_pending)
            except CONFLICTS:
                _logger.warning("Reply %s is worked on later", reply_sudo.id)
            if not cron._commit_progress(1):
                return
        self._send_late_answers()
        self.env["fsm.confirmation.sender"]._watch_queues_sudo()

    def _process_if_pending(self):
        """Work on the reply unless another process is at it, or has been."""
        pending = self.try_lock_for_update().filtered_domain(
            [("state", "=", "pending")]
        )
        if pending:
            pending._process_safely()

    # ------------------------------------------------------------------
    # Understand, match, act
    # ------------------------------------------------------------------

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
        recent = self._get_recent_confirmations()
        self._read_ahead(recent)
        live = recent.filtered(lambda rec: rec.is_open and not rec._get_stale_reason())
        if len(live) > 1:
            live._ensure_code_sudo()  # "Yes to both" answers each by its code.
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

    def _get_recent_confirmations(self):
        """What was sent lately to this number from the number that was answered.

        Newest first, of every company that sends from that number and of no other.
        """
        # By the number alone, which an index answers; the rest is looked at here.
        found = self.env["fsm.confirmation"].search_fetch(
            [("mobile", "=", self.mobile)], NEEDED_OF_MESSAGES, limit=100
        )
        found.company_id.fetch(["sms_twilio_account_sid"])
        return found.filtered(
            lambda record: (
                record.state != "canceled"
                and self._is_of_our_account(record)
                and self._may_have_arrived(record)
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

    def _may_have_arrived(self, record):
        """Also a text that failed may have arrived: the reply shows it."""
        return (
            record.state != "failed"
            or bool(record.twilio_sid)
            or record.failure_type == "unknown"
        )

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
    def _read_ahead(self, recent):
        """Read what an answer has to know of the appointments.

        By itself Odoo would read every column of each of these records, some hundred,
        which takes longer than everything else that a reply causes.
        """
        recent.order_id.fetch(NEEDED_OF_ORDERS)

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
        """What the words mean; see :func:`~..tools.reply.understand`."""
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
        self.env["fsm.confirmation"]._opt_out_sudo(
            self.mobile,
            targets,
            "reply",
            self.body or self.opt_out_type,
            reading.company,
        )
        if targets or recent:
            self._link(reading, targets or recent[:1])
        if recent and not targets:
            recent[0]._on_opt_out_without_question()
        return ""  # Twilio has answered, and the law forbids more.

    def _act_on_opt_in(self, reading):
        if not self._is_phone_number():
            return ""
        recent, live = reading.recent, reading.live
        note = self.env._("Opted in again by text: “%s”", self.body)
        self.env["phone.blacklist"]._job_confirmation_opt_in_sudo(
            self.mobile, note, by_hand=False
        )
        recent._log_notes([reading.partner], note, company=reading.company)
        recent.filtered(lambda rec: rec.response == "opted_out")._close_activities()
        if recent:
            self._link(reading, (live or recent)[:1])
        companies = recent.company_id or self.company_id
        recent._on_opt_in_sudo(self.mobile, companies)
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
                live._flag_reply(self)
                return ""
            live._apply_answer("unrecognized", self)
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
            target._flag_reply(self)
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
            recent[:1]._flag_reply(self)
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
            target._flag_reply(self)
            return self._text(target.company_id, stale, target)
        if self._has_newer_answer(target):
            target._flag_reply(self)
            return ""
        target._apply_answer(response, self)
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
        several._ensure_code_sudo()
        reading.several = several
        reading.intent, reading.reason = "unrecognized", "ambiguous"
        several[0]._update_activity("read")
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
        for record in confirmations:
            body = Markup(HISTORY_NOTE).format(
                title=self._describe_origin(record),
                link=record._link_to_message(),
                body=self.body or self.env._("(picture)"),
                state=self.env._("Understood as: %s", labels.get(intent, "")),
            )
            author = record.partner_id if self.mobile == record.mobile else None
            targets = [record.order_id, record.partner_id]
            record._log_notes(targets, body, author, by_text=bool(author))

    def _log_unmatched(self, reading):
        """Write a reply that belongs to no message into the histories it concerns."""
        messages = self.env["fsm.confirmation"]
        parts = [
            (company, [*records.order_id, *records.partner_id])
            for company, records in reading.several.grouped("company_id").items()
        ] or [(reading.company, [reading.partner])]
        state = self.env._("Belongs to no message")
        if reading.several:
            state = self.env._("Several appointments wait for an answer")
        body = Markup(HISTORY_NOTE).format(
            title=self.env._("Text from %s", self.mobile),
            link="",
            body=self.body or self.env._("(picture)"),
            state=state,
        )
        for company, targets in parts:
            author = reading.partner
            messages._log_notes(targets, body, author, bool(author), company)

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
        self.env["fsm.confirmation"]._tell_screens((), partner_ids=partner.ids)

    # ------------------------------------------------------------------
    # What the customer gets back
    # ------------------------------------------------------------------

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

        :return: :class:`~..tools.twilio_api.SendResult`
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

    # ------------------------------------------------------------------
    # By hand
    # ------------------------------------------------------------------

    def _attach(self, confirmation, response=False):
        """Link an unmatched reply to a message, with the answer a person reads in it.

        :param response: a key of ``fsm.confirmation.response``, or False for none
        """
        self.ensure_one()
        if not confirmation:
            raise UserError(self.env._("Choose the message this reply belongs to."))
        confirmation.check_access("write")
        if self.confirmation_id:
            raise UserError(self.env._("This reply belongs to a message already."))
        if confirmation.company_id != self.company_id:
            raise UserError(self.env._("That message belongs to another company."))
        reply_sudo = self.sudo()
        reply_sudo.write(
            {
                "confirmation_id": confirmation.id,
                "confirmation_ids": [Command.link(confirmation.id)],
                "state": "matched",
                "partner_id": confirmation.sudo().partner_id.id,
            }
        )
        reply_sudo._log_reply(confirmation.sudo())
        confirmation.sudo()._keep_words(reply_sudo)
        note = self.env._("%s: a reply was attached by hand.", confirmation.name)
        author = self.env.user.partner_id
        confirmation.sudo()._message_log(body=note, author_id=author.id)
        confirmation._log_note(confirmation.sudo().order_id, note, author)
        if response:
            confirmation._settle(response)
        reply_sudo._notify_changed()

    def action_done(self):
        """Mark unmatched replies as read: nothing is to be done about them."""
        self.check_access("write")
        self.sudo().write({"is_done": True})

    def action_attach(self):
        """Open the dialog in which this reply is attached to a message."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Attach to a Message"),
            "res_model": "fsm.confirmation.settle",
            "view_mode": "form",
            "target": "new",
            "context": {
                "default_action": "attach",
                "default_reply_id": self.id,
                "default_response": RESPONSE_OF_INTENT.get(self.intent, "unrecognized"),
            },
        }

    def action_open_message(self):
        """Open the message this reply belongs to."""
        self.ensure_one()
        return self.confirmation_id.action_open_details()
