# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models, tools


class ResCountry(models.Model):
    """Country: the country of a place is needed for every Work Order."""

    _inherit = "res.country"

    @api.model
    @tools.ormcache("country_id", cache="stable")
    def _job_confirmation_code(self, country_id):
        """The code of a country, as Odoo keeps its calling code; False for none."""
        return self.sudo().browse(country_id or ()).code
