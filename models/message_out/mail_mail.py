# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class MailMail(models.Model):
    _inherit = "mail.mail"

    def _postprocess_sent_message(self, *args, **kwargs):
        """Have the outcome of our e-mails recorded, in a transaction of its own.

        Not in this one: if somebody worked on the appointment at this moment, the
        conflict would have Odoo send the mail again.
        """
        mine = self.filtered(lambda mail: mail.model == "fsm.confirmation")
        result = super()._postprocess_sent_message(*args, **kwargs)
        if mine:
            self.env["fsm.confirmation.email"]._wake()
        return result
