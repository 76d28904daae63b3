# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..xmlids import ADMIN_GROUP, MODULE

MENUS = (f"{MODULE}.menu_message_center", f"{MODULE}.menu_fsm_message_center")


class IrUiMenu(models.Model):
    """Shows the Message Center's menus only where the feature is switched on."""

    _inherit = "ir.ui.menu"

    def _filter_visible_menus(self):
        menus = super()._filter_visible_menus()
        if self._shows_message_center():
            return menus
        hidden = [
            self.env["ir.model.data"]._xmlid_to_res_id(xmlid, raise_if_not_found=False)
            for xmlid in MENUS
        ]
        return menus.filtered(
            lambda menu: (
                not any(
                    str(menu_id) in (menu.parent_path or "").split("/")
                    for menu_id in hidden
                    if menu_id
                )
            )
        )

    def _shows_message_center(self):
        """Whether any company of the user has it on, or the user is to set it up.

        Menus are loaded once for all companies that the user may choose from, and
        kept in a cache that ``res.company`` clears.
        """
        user = self.env.user
        if user.has_group(ADMIN_GROUP):
            return True
        return any(user.sudo().company_ids.mapped("job_confirmation_enabled"))
