# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ...core import status
from ...core.kinds import QUESTION, SMS, asks
from ...core.segments import count_segments
from ...tools.domains import search_in_all
from ...tools.export import harmless_rows
from ..appointment.fsm_appointment_mixin import RESPONSES
from ..message_center.fsm_confirmation_name_index import MAX_NAME
from .fsm_confirmation_change import CHANGES

_logger = logging.getLogger(__name__)

# A name stays as it was when the contact or Work Order is deleted. The search bar looks
# into several columns at once: one without an index of this kind would have PostgreSQL
# read every message.
_KEPT_NAME = {"store": True, "precompute": True, "readonly": True, "index": "trigram"}
# What a user with Edit may write; everything else is written by the server alone.
_RESOLVE_FIELDS = {"response", "message_follower_ids"}


class FsmConfirmation(models.Model):
    """One text to one contact about one appointment: a row of the Message Center.

    Its rows are the queue of ``fsm.confirmation.outbox``: recorded and committed before
    Twilio is called, so that a crash neither loses a text nor sends it twice.
    """

    _name = "fsm.confirmation"
    _description = "Job Confirmation"
    _inherit = [
        "mail.thread",
        "fsm.confirmation.delivery.mixin",
        "fsm.confirmation.question.mixin",
        "fsm.confirmation.proposal.mixin",
        "fsm.confirmation.screen.mixin",
        "fsm.confirmation.search.mixin",
    ]
    _order = "id desc"
    _rec_names_search = ["name", "contact_name", "job_name", "mobile"]

    name = fields.Char(
        "Message ID", required=True, readonly=True, copy=False, index="trigram"
    )
    order_id = fields.Many2one(
        "fsm.order", string="Work Order", readonly=True, index=True, ondelete="set null"
    )
    visit_id = fields.Many2one(
        "fsm.visit", readonly=True, index="btree_not_null", ondelete="set null"
    )
    partner_id = fields.Many2one(
        "res.partner", string="Contact", readonly=True, index=True, ondelete="set null"
    )
    contact_name = fields.Char(
        compute="_compute_contact_name", size=MAX_NAME, **_KEPT_NAME
    )
    person_id = fields.Many2one(
        "fsm.person",
        string="Technician",
        readonly=True,
        index="btree_not_null",
        ondelete="set null",
        help="Who was to come when the customer was asked.",
    )
    company_name = fields.Char(
        "Customer Company",
        compute="_compute_company_name",
        size=MAX_NAME,
        **_KEPT_NAME,
    )
    channel = fields.Selection(
        [("sms", "Text"), ("email", "E-mail")],
        default="sms",
        required=True,
        readonly=True,
    )
    mobile = fields.Char(readonly=True, index="trigram")
    email = fields.Char("E-mail Address", readonly=True, index="trigram")
    job_name = fields.Char("Job ID", compute="_compute_job_name", **_KEPT_NAME)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    kind = fields.Selection(
        [
            ("question", "Question"),
            ("staff", "Written by hand"),
            ("notice", "Notice of a change"),
            ("on_my_way", "On my way"),
            ("times", "Proposed times"),
            ("reminder", "Reminder"),
        ],
        default="question",
        required=True,
        readonly=True,
        help="Only a question waits for a response, and counts for the appointment.",
    )
    tells_change = fields.Selection(
        CHANGES, "Tells of a Change", readonly=True, technical=True
    )
    user_id = fields.Many2one("res.users", string="Sent By", readonly=True)
    body = fields.Text("Message", required=True, readonly=True)
    code = fields.Char(readonly=True, help="Distinguishes open messages to one number.")

    response = fields.Selection(RESPONSES, tracking=True)
    reply_body = fields.Text("Customer's Words", readonly=True, index="trigram")
    reply_date = fields.Datetime("Answered On", readonly=True)
    customer_note = fields.Text(
        "Customer's Note",
        readonly=True,
        help="What the customer added to a clear response.",
    )
    read_after = fields.Datetime(
        "To Be Read From",
        readonly=True,
        help="From then on a person reads the unclear reply that the customer was "
        "asked to clarify.",
        technical=True,
    )
    is_wrong_number = fields.Boolean(
        readonly=True,
        help="Who answered said that the number is not the contact's.",
        technical=True,
    )
    resolved_date = fields.Datetime(
        technical=True,
        readonly=True,
        help="When a person last set the response by hand.",
    )
    # A text that answers several messages ("YES 427 NO 512") is kept with the first.
    own_reply_ids = fields.One2many(
        "fsm.confirmation.reply",
        "confirmation_id",
        "Own Replies",
        readonly=True,
        technical=True,
    )
    shared_reply_ids = fields.Many2many(
        "fsm.confirmation.reply",
        "fsm_confirmation_reply_rel",
        "confirmation_id",
        "reply_id",
        string="Shared Replies",
        readonly=True,
        technical=True,
    )
    reply_ids = fields.Many2many(
        "fsm.confirmation.reply",
        string="Replies",
        compute="_compute_reply_ids",
        search="_search_reply_ids",
    )
    needs_reading = fields.Boolean(
        "Unread Reply",
        readonly=True,
        help="There is something to read: a note, or a later reply that changed "
        "nothing.",
    )
    previous_id = fields.Many2one(
        "fsm.confirmation",
        string="Sent Again For",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
    )
    step_id = fields.Many2one(
        "fsm.confirmation.plan.step",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="Of the plan by which it left by itself.",
    )
    step_after = fields.Integer(
        readonly=True,
        technical=True,
        aggregator=None,
        help="The id of the newest text before it that told another date: a date that "
        "comes back is asked about anew.",
    )
    carrier_id = fields.Many2one(
        "fsm.confirmation",
        "Sent With",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        help="The text that asks or tells this one as well, of the same day.",
    )
    carried_ids = fields.One2many(
        "fsm.confirmation", "carrier_id", "Asked in Its Text", technical=True
    )
    next_ids = fields.One2many(
        "fsm.confirmation", "previous_id", string="Sent Again As"
    )
    indicator = fields.Selection(
        [
            *RESPONSES,
            ("moved", "Changed since"),
            ("awaiting", "Awaiting response"),
            ("no_answer", "No response"),
            ("failed", "Not delivered"),
            ("canceled", "Not sent"),
            ("outgoing", "Waiting"),
            ("sent", "Sent"),
            ("delivered", "Delivered"),
        ],
        string="Status",
        compute="_compute_indicator",
        store=True,
        precompute=True,
        help="Green: confirmed. Yellow: declined, to be rescheduled. Red: opted out. "
        "Of a text that asks nothing: how far it got.",
    )
    # Indexed, because each ``mail.message`` that is deleted is looked up here.
    order_message_id = fields.Many2one(
        "mail.message",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        technical=True,
    )
    partner_message_id = fields.Many2one(
        "mail.message",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        technical=True,
    )
    # Of a question by e-mail: its mail until that is sent, and the key of its page. The
    # token itself is only in the mail.
    mail_id = fields.Many2one(
        "mail.mail",
        readonly=True,
        copy=False,
        ondelete="set null",
        index="btree_not_null",
        groups="base.group_system",
        technical=True,
    )
    answer_key = fields.Char(
        readonly=True,
        copy=False,
        groups="base.group_system",
        help="SHA-256 of the token in the link.",
        technical=True,
    )
    activity_id = fields.Many2one(
        "mail.activity",
        readonly=True,
        ondelete="set null",
        index="btree_not_null",
        technical=True,
    )

    # For delivery reports, which tell nothing new about a delivered text. Random values
    # are the costliest to index: each goes to a page of its own.
    _uuid_unique = models.UniqueIndex("(uuid) WHERE state != 'delivered'")
    # Two people who send to one number at the same time: the database decides. One
    # open question may do without a code. A reply is matched by this index as well.
    _code_unique = models.UniqueIndex(
        "(mobile, sender, (COALESCE(code, ''))) WHERE is_open IS TRUE"
    )
    # An automatic text is sent once for an appointment, step and start, until another
    # start is told.
    _step_unique = models.UniqueIndex(
        "(order_id, (COALESCE(visit_id, 0)), step_id, appointment_start,"
        " (COALESCE(step_after, 0)))"
        " WHERE step_id IS NOT NULL"
    )
    _answer_key_unique = models.UniqueIndex("(answer_key) WHERE answer_key IS NOT NULL")
    _has_address = models.Constraint(
        "CHECK (mobile IS NOT NULL OR (channel = 'email' AND email IS NOT NULL))",
        "A message goes to a number or to an e-mail address.",
    )
    # A customer is told once that the technician is on the way.
    _way_unique = models.UniqueIndex(
        "(order_id, (COALESCE(visit_id, 0)), appointment_start)"
        " WHERE kind = 'on_my_way' AND state NOT IN ('failed', 'canceled')"
    )
    _mobile_index = models.Index("(mobile, id)")
    _waiting_index = models.Index("(id) WHERE state IN ('outgoing', 'sending')")
    # Texts without a final delivery report.
    _unreported_index = models.Index("(claimed_date) WHERE state = 'sent'")
    # Most messages are questions; the others are searched by their kind.
    _kind_index = models.Index(
        "(kind, id) INCLUDE (company_id) WHERE kind != 'question'"
    )
    # Whatever writes it: only a question has a response.
    _only_questions_answered = models.Constraint(
        "CHECK (kind = 'question' OR (is_open IS NOT TRUE AND response IS NULL))",
        "Only a question can be answered.",
    )
    _company_index = models.Index("(company_id, id)")
    # The tiles and filters of the Message Center, at any number of messages. The
    # company is included, and doesn't come first: with several companies chosen the
    # order would be lost. See doc/performance.md for what each one serves.
    _indicator_index = models.Index("(indicator, id) INCLUDE (company_id)")
    _sent_date_index = models.Index("(sent_date, id) INCLUDE (company_id, indicator)")
    _appointment_index = models.Index(
        "(appointment_start, id)"
        " INCLUDE (company_id, indicator, closed_reason, needs_reading,"
        " appointment_end)"
    )
    _user_index = models.Index("(user_id, id) INCLUDE (company_id)")
    # Part of a name is searched in fsm.confirmation.name.index, and messages then by
    # the whole name.
    _contact_index = models.Index("(contact_name, id) INCLUDE (company_id)")
    _customer_index = models.Index("(company_name, id) INCLUDE (company_id)")
    _failed_index = models.Index(
        "(id) INCLUDE (company_id, closed_reason, indicator) WHERE state = 'failed'"
    )
    # Worded as Odoo words the condition: else PostgreSQL doesn't use the index.
    _needs_reading_index = models.Index(
        "(id) INCLUDE (company_id) WHERE needs_reading IS TRUE"
    )
    _read_after_index = models.Index("(read_after) WHERE read_after IS NOT NULL")
    _wrong_number_index = models.Index(
        "(mobile, partner_id) WHERE is_wrong_number IS TRUE"
    )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    # Doesn't depend on the contact's name: fsm.confirmation.rename updates thousands.
    @api.depends("partner_id")
    def _compute_contact_name(self):
        for record in self:
            partner_sudo = record.partner_id.sudo()
            record.contact_name = partner_sudo.name or record.contact_name

    @api.depends("partner_id", "order_id.location_id.owner_id")
    def _compute_company_name(self):
        for record in self:
            owner_sudo = record.order_id.sudo().location_id.owner_id
            record.company_name = (
                record.partner_id.sudo().commercial_company_name
                or (owner_sudo.is_company and owner_sudo.name)
                or record.company_name
            )

    @api.depends("order_id.name")
    def _compute_job_name(self):
        for record in self:
            record.job_name = record.order_id.sudo().name or record.job_name

    @api.depends("own_reply_ids", "shared_reply_ids")
    def _compute_reply_ids(self):
        for record in self:
            replies = record.own_reply_ids | record.shared_reply_ids
            record.reply_ids = replies.sorted("id", reverse=True)

    def _search_reply_ids(self, operator, value):
        return search_in_all(("own_reply_ids", "shared_reply_ids"), operator, value)

    @api.depends("response", "state", "is_open", "closed_reason", "kind")
    def _compute_indicator(self):
        for record in self:
            record.indicator = status.indicator(
                record.response,
                record.state,
                record.is_open,
                record.closed_reason,
                record.kind,
            )

    # ------------------------------------------------------------------
    # Create, write, delete
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        nameless = [vals for vals in vals_list if not vals.get("name")]
        shortcuts = self.env["fsm.confirmation.shortcuts"]
        names = shortcuts._draw_names(len(nameless))
        for vals, name in zip(nameless, names, strict=True):
            vals["name"] = name
        for vals in vals_list:
            if not asks(vals.get("kind", QUESTION)):
                vals["is_open"] = False
            is_text = vals.get("channel", SMS) == SMS
            size = count_segments(vals.get("body", "")).count
            vals["segment_count"] = size if is_text else 0
            order = self.env["fsm.order"].browse(vals.get("order_id") or [])
            visit = self.env["fsm.visit"].browse(vals.get("visit_id") or [])
            if "appointment_end" not in vals:
                self._keep_window(vals, visit or order)
            if "person_id" not in vals:
                vals["person_id"] = (visit.person_id or order.person_id).id
            if order:
                partner = self.env["res.partner"].browse(vals.get("partner_id") or [])
                vals["lang"] = partner._get_wanted_langs(order.company_id)[0]
                vals["timezone"] = order._get_appointment_timezone()
                location_sudo = order.sudo().location_id
                vals["location_id"] = location_sudo.id
                vals["owner_id"] = location_sudo.owner_id.id
        quiet = self.with_context(mail_create_nolog=True, mail_create_nosubscribe=True)
        records = super(FsmConfirmation, quiet).create(vals_list)
        return records.with_env(self.env)

    @api.model
    def _keep_window(self, vals, appointment):
        """Add the end of the window that the customer is told to a message's values.

        It is not known any more once the appointment was moved or deleted.
        """
        start = fields.Datetime.to_datetime(vals.get("appointment_start"))
        appointment_sudo = appointment.sudo()
        if start and appointment_sudo.scheduled_date_start == start:
            vals["appointment_end"] = appointment_sudo.scheduled_date_end

    def write(self, vals):
        # Also not with sudo: an automation's code is no way around it either.
        if "body" in vals:
            raise UserError(
                self.env._("The text that was sent can't be changed by anyone.")
            )
        if "reply_body" in vals or "customer_note" in vals:
            raise UserError(self.env._("A customer's words can't be changed."))
        if not self.env.su:
            if vals.keys() - _RESOLVE_FIELDS:
                raise AccessError(
                    self.env._(
                        "You can only change a message's response and add notes."
                    )
                )
            if "response" in vals:
                self.check_access("write")
                for record in self:
                    self.env["fsm.confirmation.response"]._resolve(
                        record, vals["response"]
                    )
                vals = {key: val for key, val in vals.items() if key != "response"}
                if not vals:
                    return True
        result = super().write(vals)
        # In one UPDATE with the fields it depends on: each UPDATE costs an entry in
        # every index.
        self._recompute_recordset(["indicator"])
        return result

    def _write_words(self, words, values=None):
        """Show what the customer wrote.

        No other way leads to ``reply_body`` and ``customer_note``.

        :param values: further values, written with it
        """
        # The reply itself is in the histories: its response isn't tracked as well.
        quiet = self.with_context(tracking_disable=True)
        values = {**(values or {}), "reply_body": words}
        result = super(FsmConfirmation, quiet).write(values)
        self._recompute_recordset(["indicator"])
        return result

    def _forget_words(self, words):
        """A reply is deleted: show nothing of it on the row."""
        note_lines = (self.customer_note or "").splitlines()
        noted = any(line in words for line in note_lines if line)
        shown = bool(words) and self.reply_body == words
        if noted or shown:
            note = False if noted else self.customer_note
            body = "-" if shown else self.reply_body
            self._write_words(body, {"customer_note": note})

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        rows = super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)
        return harmless_rows(rows)

    def message_post(self, **kwargs):
        # Nobody can delete what the server logs here. A colleague's remark is no such
        # note, whatever message type a client gives it.
        if kwargs.get("message_type") != "email":
            kwargs["message_type"] = "comment"
        return super().message_post(**kwargs)

    def copy(self, default=None):  # pylint: disable=method-required-super
        raise UserError(
            self.env._("A message can't be duplicated. Use Send Confirmation instead.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_sending(self):
        for record in self.sudo():
            if record.state == "sending":
                raise UserError(
                    self.env._("%s is being sent right now. Try again.", record.name)
                )

    def unlink(self):
        self.check_access("unlink")
        activities_sudo = self.sudo().activity_id
        asked = [
            record._get_appointment_sudo() for record in self.sudo() if record.is_open
        ]
        self.env["fsm.confirmation.same.day"]._hand_over(self.sudo())
        # Replies that belong to no other message go with it.
        replies_sudo = self.sudo().reply_ids
        replies_sudo = replies_sudo.filtered(lambda rec: rec.confirmation_ids <= self)
        retention = self.env["fsm.confirmation.retention"]
        retention._erase_traces_sudo(self, replies_sudo.browse())
        replies_sudo.unlink()
        result = super().unlink()
        activities_sudo.unlink()
        for appointment_sudo in asked:
            appointment_sudo._stop_waiting_sudo()
        return result

    def _message_receive_bounce(self, email, partner):
        self.env["fsm.confirmation.email"]._on_bounced(self)
        return super()._message_receive_bounce(email, partner)

    def message_update(self, msg_dict, update_vals=None):
        # The customer replied to the e-mail instead of clicking. Nobody else than the
        # mail gateway may say what they wrote: see ``mail.thread``.
        if self.env.su:
            self.env["fsm.confirmation.email"]._on_replied(self, msg_dict)
        return super().message_update(msg_dict, update_vals)
