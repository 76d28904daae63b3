# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError

# As the file of a dashboard names the models that show customers' words.
_SHOWN = ('"fsm.confirmation', '"fsm.appointment')


class SpreadsheetDashboardShare(models.Model):
    _inherit = "spreadsheet.dashboard.share"

    @api.model_create_multi
    def create(self, vals_list):
        """Publish no copy of messages: it would outlast them, and know no levels."""
        shares = super().create(vals_list)
        for dashboard_sudo in shares.sudo().dashboard_id:
            data = dashboard_sudo.spreadsheet_data or ""
            if any(model in data for model in _SHOWN):
                raise UserError(
                    self.env._(
                        "This dashboard shows customers' names and what they wrote, so "
                        "it can't be shared by a public link."
                    )
                )
        return shares
