# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models


class ResourceCalendarAttendance(models.Model):
    """Hours of one weekday, maybe of texting hours."""

    _name = "resource.calendar.attendance"
    _inherit = ["resource.calendar.attendance", "fsm.texting.hours.mixin"]

    def _get_texting_companies_sudo(self):
        return self.calendar_id._get_texting_companies_sudo()
