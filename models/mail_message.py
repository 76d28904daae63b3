# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.fields import Domain

from .fsm_appointment_mixin import READ_GROUP

SUBTYPE = "fieldservice_job_confirmation.mt_confirmation"


class MailMessage(models.Model):
    """Keeps texts and replies in the histories from users without a level.

    They stand in the history of Work Orders and contacts, which such users may read.
    """

    _inherit = "mail.message"

    def _hides_confirmations(self):
        return not self.env.su and not self.env.user.has_group(READ_GROUP)

    def _search(self, domain, *args, bypass_access=False, **kwargs):
        if not bypass_access and self._hides_confirmations():
            subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(SUBTYPE)
            domain = Domain(domain) & Domain("subtype_id", "!=", subtype_id)
        return super()._search(domain, *args, bypass_access=bypass_access, **kwargs)

    def _get_forbidden_access(self, operation):
        forbidden = super()._get_forbidden_access(operation)
        # Nobody changes what was written to a customer or by one.
        changes = operation in ("write", "unlink") and not self.env.su
        if changes or self._hides_confirmations():
            subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(SUBTYPE)
            forbidden |= self.filtered(
                lambda message: message.sudo().subtype_id.id == subtype_id
            )
        return forbidden
