# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import functools
import logging
import re
from datetime import timedelta

import psycopg2

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError, UserError

from ...core.twilio.client import to_int
from ...tools.domains import search_in_all
from ...tools.export import harmless_rows
from ...tools.log_redaction import describe, private_queries, where
from ...tools.retry import CONFLICTS, commit_with_retries

_logger = logging.getLogger(__name__)

MAX_BODY = 10000  # characters; Twilio's limit is 1600
MAX_ATTEMPTS = 10
CRON = "fieldservice_job_confirmation.ir_cron_process_replies"
# So young a pending reply may still be in its webhook's hands.
LEFT_TO_WEBHOOK = timedelta(seconds=10)
# NUL can't be stored; other control characters can.
_NUL = re.compile("[\x00\ud800-\udfff]")


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
    # Nearly every text answers one message, which needs no row in a second table.
    further_confirmation_ids = fields.Many2many(
        "fsm.confirmation",
        "fsm_confirmation_reply_rel",
        "reply_id",
        "confirmation_id",
        string="Further Messages",
        readonly=True,
    )
    confirmation_ids = fields.Many2many(
        "fsm.confirmation",
        string="Messages",
        compute="_compute_confirmation_ids",
        search="_search_confirmation_ids",
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

    @api.depends("confirmation_id", "further_confirmation_ids")
    def _compute_confirmation_ids(self):
        for reply in self:
            reply.confirmation_ids = (
                reply.confirmation_id | reply.further_confirmation_ids
            )

    def _search_confirmation_ids(self, operator, value):
        names = ("confirmation_id", "further_confirmation_ids")
        return search_in_all(names, operator, value)

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

    @api.depends("reason", "state")
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
        no_question = self.env._("No appointment waits for an answer of this number")
        for reply in self:
            unmatched = reply.state == "unmatched"
            reply.reason_text = sentences.get(
                reply.reason, no_question if unmatched else ""
            )

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
