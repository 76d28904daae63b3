# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..xmlids import READ_GROUP

# Beside a company: who is told that its messages changed.
SCREENS_CHANNEL = "fsm_confirmation"


class IrWebsocket(models.AbstractModel):
    """Tells screens of the changes of the user's own companies."""

    _inherit = "ir.websocket"

    def _build_bus_channel_list(self, channels):
        channels = super()._build_bus_channel_list(channels)
        user = self.env.user
        if user.has_group(READ_GROUP):
            channels.extend(
                (company_sudo, SCREENS_CHANNEL)
                for company_sudo in user.sudo().company_ids
            )
        return channels
