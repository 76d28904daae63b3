# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.fields import Domain

from ...tools.fields import VisibleOne2many


class MailThread(models.AbstractModel):
    """Keeps from users that a record has notes which they may not see."""

    _inherit = "mail.thread"

    message_ids = VisibleOne2many()

    def _compute_has_message(self):
        if self.env.su:
            super()._compute_has_message()
            return
        found = self.filtered_domain(self._search_has_message("in", [True]))
        for record in self:
            record.has_message = record in found

    def _search_has_message(self, operator, value):
        if self.env.su or operator != "in":
            return super()._search_has_message(operator, value)
        # As superuser: what a user may see of these records is asked of the records.
        messages_sudo = self.env["mail.message"].sudo()
        hidden = self.env["mail.message"]._get_hidden_confirmations_domain()
        query = messages_sudo._search(Domain("model", "=", self._name) & ~hidden)
        found = Domain("id", "in", query.subselect("res_id"))
        return found if True in value else ~found
