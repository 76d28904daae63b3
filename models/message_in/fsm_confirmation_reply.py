# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import dataclasses

import psycopg2

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from ...core import matching
from ...core.reply import Said
from ...core.reply import read as read_reply
from ...tools.domains import search_in_all
from ...tools.export import harmless_rows


class FsmConfirmationReply(models.Model):
    """One text received from a customer.

    ``fsm.confirmation.inbox`` processes it; a text that couldn't be processed stays
    ``pending`` and is tried again.
    """

    _name = "fsm.confirmation.reply"
    _inherit = ["fsm.technical.fields.mixin", "fsm.confirmation.talk.mixin"]
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
        technical=True,
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
    mobile = fields.Char(readonly=True, help="None: answered on the e-mail's page.")
    # In the national format of the company's country.
    mobile_display = fields.Char("Number", compute="_compute_mobile_display")
    recipient = fields.Char("Sent To", readonly=True, help="Our number.")
    body = fields.Text("Customer's Words", readonly=True)
    service_sid = fields.Char(
        "Messaging Service",
        readonly=True,
        help="The service that was answered.",
        technical=True,
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
            ("wrong_number", "Wrong number"),
            ("courtesy", "Courtesy"),
            ("chosen", "Chose a time"),
            ("unrecognized", "Unrecognized"),
        ],
        string="Understood As",
        readonly=True,
    )
    reason = fields.Char(
        "Reason Key", readonly=True, help="Why it was understood so.", technical=True
    )
    state = fields.Selection(
        [
            ("pending", "Not processed yet"),
            ("matched", "Matched"),
            ("unmatched", "Unmatched"),
        ],
        default="pending",
        required=True,
        readonly=True,
    )
    twilio_sid = fields.Char("Twilio SID", readonly=True, technical=True)
    received_date = fields.Datetime(
        "Received On", required=True, readonly=True, default=fields.Datetime.now
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    auto_reply_body = fields.Text("Auto-Reply", readonly=True)
    auto_reply_kind = fields.Char(
        "Auto-Reply Kind",
        readonly=True,
        help="What was said, see core/matching.py.",
        technical=True,
    )
    # A webhook's response carries it. One found later is a text of its own.
    auto_reply_state = fields.Selection(
        [
            ("outgoing", "Waiting"),
            ("sending", "Sending"),
            ("sent", "Sent"),
            ("failed", "Failed"),
        ],
        "Late Auto-Reply",
        readonly=True,
    )
    auto_reply_after = fields.Datetime(
        "Auto-Reply Not Before", readonly=True, technical=True
    )
    is_done = fields.Boolean(
        "Done",
        readonly=True,
        help="A person has read it, or a later reply resolved it.",
    )
    answers = fields.Json(
        readonly=True,
        technical=True,
        help="Of several different answers: the response of each message, by its id.",
    )
    intent_text = fields.Char("Understood As (text)", compute="_compute_intent_text")
    can_detach = fields.Boolean(
        compute="_compute_can_detach",
        technical=True,
        help="It was attached by hand, and nothing came after it.",
    )
    reason_text = fields.Char("Why", compute="_compute_reason_text")
    opt_out_type = fields.Char(
        readonly=True, help="Twilio's OptOutType.", technical=True
    )
    error = fields.Char("Last Error", readonly=True)
    attempt_count = fields.Integer(readonly=True, technical=True)

    # A replayed or repeated webhook must not become a second reply.
    _twilio_sid_unique = models.UniqueIndex("(twilio_sid)")
    _mobile_index = models.Index("(mobile, id)")
    _auto_reply_index = models.Index("(id) WHERE auto_reply_state = 'outgoing'")
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

    @api.depends("intent", "answers")
    @api.depends_context("lang")
    def _compute_intent_text(self):
        labels = dict(self._fields["intent"]._description_selection(self.env))
        for reply in self:
            label = labels.get(reply.intent, "")
            answers = reply.answers or {}
            messages = reply.confirmation_ids.filtered(
                lambda rec, answers=answers: str(rec.id) in answers
            )
            parts = [
                self.env._(
                    "%(appointment)s: %(answer)s",
                    appointment=record._name_appointment(among=messages),
                    answer=labels[matching.INTENT_OF_RESPONSE[answers[str(record.id)]]],
                )
                for record in messages.sorted("id")
            ]
            reply.intent_text = f"{label} ({'; '.join(parts)})" if parts else label

    @api.depends("mobile", "company_id")
    def _compute_mobile_display(self):
        partners = self.env["res.partner"]
        for reply in self:
            company = reply.company_id or self.env.company
            reply.mobile_display = reply.mobile and partners._format_number_for_people(
                reply.mobile, company
            )

    @api.depends("confirmation_id")
    def _compute_can_detach(self):
        undo = self.env["fsm.confirmation.undo"]
        for reply in self:
            message = reply.confirmation_id
            mine = bool(message) and undo._find_sudo(message).reply_id == reply
            reply.can_detach = mine and undo._can_undo(message)

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

    @api.model
    def _get_reasons(self):
        """:return: dict reason -> how a text was understood, in words for staff"""
        return {
            "ambiguous": self.env._("Several appointments are awaiting a response"),
            "condition": self.env._("Has a condition or doubt"),
            "question": self.env._("Is a question"),
            "contradiction": self.env._("Says yes and no"),
            "unknown_words": self.env._("Contains unknown words"),
            "time": self.env._("Names a day or time"),
            "number": self.env._("Has a number"),
            "negation": self.env._("Negates something"),
            "unclear": self.env._("Can be read in two ways"),
            "excuse": self.env._("Gives a reason but no answer"),
            "quoted_prompt": self.env._("Quotes our own text"),
            "reaction": self.env._("Is a reaction of the phone"),
            "auto_reply": self.env._("Is an automatic reply"),
            "code_only": self.env._("Has a code but no answer"),
            "no_answer": self.env._("Contains no answer"),
            "no_words": self.env._("Contains no words"),
            "empty": self.env._("Is empty"),
            "too_long": self.env._("Is too long"),
            "flood": self.env._("Too many texts within minutes"),
            "moved": self.env._("Came after the appointment had moved"),
            "changed": self.env._("Came after the place, customer or number changed"),
            "context": self.env._("Answers something else than the question"),
            "page": self.env._("Answered on the page that the e-mail links to"),
            "chosen": self.env._("Chooses a proposed time"),
        }

    @api.depends("reason", "state")
    def _compute_reason_text(self):
        sentences = self._get_reasons()
        no_question = self.env._(
            "No appointment is awaiting a response from this number"
        )
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

    def unlink(self):
        self.check_access("unlink")
        retention = self.env["fsm.confirmation.retention"]
        # One of a list may be gone with its message.
        present = self.exists()
        retention._erase_traces_sudo(present.confirmation_id.browse(), present)
        return super().unlink()

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        rows = super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)
        return harmless_rows(rows)

    # ------------------------------------------------------------------
    # Store, and read as plain data
    # ------------------------------------------------------------------

    @api.model
    def _store_once(self, values):
        """Store a reply, unless its MessageSid is known already.

        :return: whether it was not known
        """
        if self.search_count([("twilio_sid", "=", values["twilio_sid"])], limit=1):
            return False
        try:
            with self.env.cr.savepoint():
                self.create(values).flush_recordset()
        except psycopg2.errors.UniqueViolation:
            return False
        return True

    @api.model
    def _get_newest(self, mobile):
        """A number's newest replies, of every company, newest first."""
        return self.search_fetch(
            [("mobile", "=", mobile)],
            [
                "auto_reply_body",
                "auto_reply_kind",
                "body",
                "confirmation_id",
                "intent",
                "is_done",
                "reason",
                "received_date",
                "recipient",
                "service_sid",
                "state",
                "twilio_sid",
            ],
            limit=matching.REPLIES_READ + 1,
        )

    @api.model
    def _prepare_inbound(self, values):
        """A text as plain data.

        :param values: dict of field values, of a reply that may not be stored yet
        :return: :class:`~...core.matching.Inbound`
        """
        names = ("mobile", "recipient", "service_sid", "body", "opt_out_type")
        return matching.Inbound(
            received_date=values["received_date"],
            company_id=values["company_id"],
            id=values.get("id", 0),
            **{name: values[name] or "" for name in names},
        )

    def _to_inbound(self):
        """This reply as plain data; see :meth:`_prepare_inbound`."""
        names = [field.name for field in dataclasses.fields(matching.Inbound)]
        [values] = self.read(names, load=None)
        return self._prepare_inbound(values)

    def _prepare_said(self, appointments):
        """What this reply said, and what was said to it.

        :param appointments: dict ``fsm.confirmation`` id -> what it asks about
        :return: list of :class:`~...core.reply.Said`
        """
        about = appointments.get(self.confirmation_id.id)
        known = {"about": (about,) if about else (), "time": self.received_date}
        said = [Said("customer", "", self.body or "", **known)]
        kind = self.auto_reply_kind or matching.SAID_BY_TWILIO.get(self.intent, "")
        if self.auto_reply_body and not kind:
            kind = matching.SAID_TO_INTENT.get(self.intent, "")
        if kind or self.auto_reply_body:
            text = self.auto_reply_body or ""
            said.append(Said("us", kind, text, **known))
        return said

    def _has_opted_since(self, text):
        """Whether one of these, written after a text, opts out or in again.

        :param text: :class:`~...core.matching.Inbound`, which comes late to us
        """
        # One that is not stored yet is the newest of its second.
        mine = (text.received_date, text.id or float("inf"))
        return any(
            reply.intent in ("opt_out", "opt_in")
            and (reply.received_date, reply.id) > mine
            for reply in self
        )

    def _is_to_line_of(self, text):
        """Whether this went to the same number or Messaging Service as another text.

        :param text: :class:`~...core.matching.Inbound`
        """
        service = text.service_sid
        return self.recipient == text.recipient or (
            bool(service) and self.service_sid == service
        )

    def _resolve_questions(self, text, messages):
        """Replies that could belong to several messages are resolved now.

        :param text: :class:`~...core.matching.Inbound` that says which one is meant
        :param messages: the ``fsm.confirmation`` that it is about
        """
        resolved = self.filtered(
            lambda reply: (
                reply._is_to_line_of(text)
                and reply.state == "unmatched"
                and reply.reason == "ambiguous"
                and not reply.is_done
            )
        )
        values = {"is_done": True}
        if messages:
            values.update(
                state="matched",
                confirmation_id=messages[0].id,
                further_confirmation_ids=[Command.set(messages[1:].ids)],
            )
        resolved.write(values)

    # ------------------------------------------------------------------
    # Histories and open screens
    # ------------------------------------------------------------------

    def _log_reply(self, messages):
        """Write this reply, and its auto-reply, into the histories of its messages."""
        histories = self.env["fsm.confirmation.reply.chatter"]
        histories._log_texts(self, [(messages, self.intent)], self.auto_reply_body)

    @api.model
    def _notify_unmatched(self, company, partner):
        """Tell open screens of a reply that belongs to no message."""
        chatter = self.env["fsm.confirmation.chatter"]
        chatter._notify_screens(company, [0], partner_ids=partner.ids)

    def _notify_changed(self):
        """Tell open screens that this reply changed."""
        if self.confirmation_id:
            self.confirmation_id._notify_changed()
        else:
            self._notify_unmatched(self.company_id, self.partner_id)

    # ------------------------------------------------------------------
    # What a person does about a reply
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
        undo = self.env["fsm.confirmation.undo"]
        before = undo._snapshot(confirmation, self)
        reply_sudo.write(
            {
                "confirmation_id": confirmation.id,
                "state": "matched",
                "partner_id": confirmation.sudo().partner_id.id,
            }
        )
        histories = self.env["fsm.confirmation.reply.chatter"]
        histories._log_texts(reply_sudo, [(confirmation.sudo(), self.intent)])
        responses = self.env["fsm.confirmation.response"]
        responses._keep_words(confirmation.sudo(), reply_sudo)
        note = self.env._("%s: a reply was attached by hand.", confirmation.name)
        author = self.env.user.partner_id
        confirmation.sudo()._message_log(body=note, author_id=author.id)
        order_sudo = confirmation.sudo().order_id
        chatter = self.env["fsm.confirmation.chatter"]
        chatter._log([order_sudo], note, confirmation.sudo().company_id)
        if response:
            responses._resolve(confirmation, response)
        undo._keep(confirmation, before, self)
        reply_sudo._notify_changed()

    def _get_talk(self):
        self.ensure_one()
        return self.confirmation_id or self

    def action_done(self):
        """Mark unmatched replies as read: nothing is to be done about them."""
        self.check_access("write")
        replies_sudo = self.sudo()
        replies_sudo.write({"is_done": True})
        for reply_sudo in replies_sudo:
            reply_sudo._notify_changed()

    def action_open_conversation(self):
        """Open what was said with this number in a dialog, ready to write back."""
        self.ensure_one()
        self.check_access("read")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reply"),
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
            "target": "new",
            "context": {"confirmation_write_back": True},
        }

    def action_attach(self):
        """Open the dialog in which this reply is attached to a message."""
        self.ensure_one()
        self.check_access("write")
        likeliest = self.env["fsm.confirmation.matching"]._find_likeliest(self)
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Attach to a Message"),
            "res_model": "fsm.confirmation.settle",
            "views": [(False, "form")],
            "target": "new",
            "context": {
                "default_action": "attach",
                "default_reply_id": self.id,
                "default_confirmation_id": likeliest.id,
                "default_response": self._get_understood_response(),
            },
        }

    def action_detach(self):
        """Take back that this reply was attached to a message by hand.

        :raises UserError: it was not, or something came after it
        """
        self.ensure_one()
        self.check_access("write")
        message = self.confirmation_id
        undo = self.env["fsm.confirmation.undo"]
        if not message or undo._find_sudo(message).reply_id != self:
            raise UserError(
                self.env._(
                    "This reply can't be detached: it wasn't attached by hand, or "
                    "something came after it."
                )
            )
        undo._undo(message)

    def _get_understood_response(self):
        """The response that this reply was understood as, or False.

        For one that could belong to several messages, what its words say.
        """
        intent = self.intent
        if self.reason == "ambiguous":
            asked = self.env["fsm.confirmation.matching"]._find_open(self)
            words = self.env["fsm.confirmation.word"]._lexicon()
            said = [Said("us", "question", text) for text in asked.mapped("body")]
            intent = read_reply(self.body, said, lexicon=words).intent
        if intent == "opt_out":
            return "opted_out"
        return matching.RESPONSE_OF_INTENT.get(intent, False)

    def action_open_message(self):
        """Open the message this reply belongs to."""
        self.ensure_one()
        return self.confirmation_id.action_open_details()
