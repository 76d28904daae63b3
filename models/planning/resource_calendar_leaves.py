# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class ResourceCalendarLeaves(models.Model):
    """Closed days, maybe of texting hours."""

    _name = "resource.calendar.leaves"
    _inherit = ["resource.calendar.leaves", "fsm.texting.hours.mixin"]

    def _get_texting_companies_sudo(self):
        # Somebody's vacation closes nothing.
        closed = self.filtered(lambda leave: not leave.resource_id)
        of_all_sudo = closed.filtered(lambda leave: not leave.calendar_id).sudo()
        companies_sudo = closed.calendar_id._get_texting_companies_sudo()
        return companies_sudo | of_all_sudo.company_id
