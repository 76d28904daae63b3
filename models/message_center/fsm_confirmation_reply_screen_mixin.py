# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...core import matching
from ...core.reply import Said
from ...core.reply import read as read_reply
from ...tools.dialogs import open_dialog


class FsmConfirmationReplyScreenMixin(models.AbstractModel):
    """What the screens show of a reply, and what a person does about it there."""

    _name = "fsm.confirmation.reply.screen.mixin"
    _inherit = ["fsm.technical.fields.mixin", "fsm.confirmation.talk.mixin"]
    _description = "Screens of Replies to Confirmations"

    # In the national format of the company's country.
    mobile_display = fields.Char("Number", compute="_compute_mobile_display")
    intent_text = fields.Char("Understood As (text)", compute="_compute_intent_text")
    reason_text = fields.Char("Why", compute="_compute_reason_text")
    can_detach = fields.Boolean(
        compute="_compute_can_detach",
        technical=True,
        help="It was attached by hand, and nothing came after it.",
    )

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
            "context": self.env._("Answers something other than the question"),
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

    # ------------------------------------------------------------------
    # What a person does about a reply
    # ------------------------------------------------------------------

    def _attach(self, message, response=False):
        """Link an unmatched reply to a message, with the answer a person reads in it.

        :param response: a key of ``fsm.confirmation.response``, or False for none
        """
        self.ensure_one()
        if not message:
            raise UserError(self.env._("Choose the message this reply belongs to."))
        message.check_access("write")
        if self.confirmation_id:
            raise UserError(self.env._("This reply belongs to a message already."))
        if message.company_id != self.company_id:
            raise UserError(self.env._("That message belongs to another company."))
        reply_sudo, message_sudo = self.sudo(), message.sudo()
        undo = self.env["fsm.confirmation.undo"]
        before = undo._snapshot(message, self)
        reply_sudo.write(
            {
                "confirmation_id": message.id,
                "state": "matched",
                "partner_id": message_sudo.partner_id.id,
            }
        )
        reply_chatter = self.env["fsm.confirmation.reply.chatter"]
        reply_chatter._log_texts(reply_sudo, [(message_sudo, self.intent)])
        responses = self.env["fsm.confirmation.response"]
        responses._keep_words(message_sudo, reply_sudo)
        note = self.env._("%s: a reply was attached by hand.", message.name)
        author = self.env.user.partner_id
        message_sudo._message_log(body=note, author_id=author.id)
        chatter = self.env["fsm.confirmation.chatter"]
        chatter._log([message_sudo.order_id], note, message_sudo.company_id)
        if response:
            responses._resolve(message, response)
        undo._keep(message, before, self)
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
        return open_dialog(
            self.env._("Reply"), self._name, self.id, confirmation_write_back=True
        )

    def action_attach(self):
        """Open the dialog in which this reply is attached to a message."""
        self.ensure_one()
        self.check_access("write")
        likeliest = self.env["fsm.confirmation.matching"]._find_likeliest(self)
        return open_dialog(
            self.env._("Attach to a Message"),
            "fsm.confirmation.settle",
            default_action="attach",
            default_reply_id=self.id,
            default_confirmation_id=likeliest.id,
            default_response=self._get_understood_response(),
        )

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
