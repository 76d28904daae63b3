# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class FsmTextingHoursMixin(models.AbstractModel):
    """Records that texting hours are made of: after a change, steps have other times.

    The planner remembers when it looks at an appointment again, and forgets it then.
    """

    _name = "fsm.texting.hours.mixin"
    _description = "Part of Texting Hours"

    def _get_texting_companies_sudo(self):
        """``res.company`` records whose texting hours follow from these."""
        raise NotImplementedError

    def _forget_outlooks(self):
        companies_sudo = self._get_texting_companies_sudo()
        if companies_sudo:
            outlooks = self.env["fsm.confirmation.outlook"]
            outlooks._forget_companies_sudo(companies_sudo)

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._forget_outlooks()
        return records

    def write(self, vals):
        # Those that they belonged to until now, as well.
        self._forget_outlooks()
        result = super().write(vals)
        self._forget_outlooks()
        return result

    def unlink(self):
        self._forget_outlooks()
        return super().unlink()
