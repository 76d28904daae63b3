# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Datetime


class FsmConfirmationOutbox(models.AbstractModel):
    _inherit = "fsm.confirmation.outbox"

    @api.model
    def _wake(self, messages, at=None):
        """One job per sender: as many senders as the channel allows send side by side.

        The scheduled action stays as the net for what a job left, for example because
        its process was killed; it isn't triggered any more.
        """
        superuser = self.sudo().with_user(self.env.ref("base.user_root"))
        for sender in sorted(set(messages.mapped("sender"))):
            superuser.with_delay(
                eta=at,
                description=self.env._("Send confirmations from %s", sender),
                # A job that runs already doesn't count: it may have looked before.
                identity_key=f"{self._name}:{sender}:{Datetime.to_string(at) or ''}",
            )._send_waiting(sender)
