# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.exceptions import UserError

from .fsm_confirmation_matching import RESPONSE_OF_INTENT


class FsmConfirmationReply(models.Model):
    """What a person does about a reply."""

    _inherit = "fsm.confirmation.reply"

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
                "state": "matched",
                "partner_id": confirmation.sudo().partner_id.id,
            }
        )
        reply_sudo._log_reply(confirmation.sudo())
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
