# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models, tools


class FsmStage(models.Model):
    """Which stages end a Work Order; asked for with every reply."""

    _inherit = "fsm.stage"

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        if "is_closed" in vals:
            self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    @tools.ormcache()
    def _get_closed_ids(self):
        """Ids of the stages in which nobody comes any more, as a frozenset."""
        stages_sudo = self.sudo().with_context(active_test=False)
        return frozenset(stages_sudo.search([("is_closed", "=", True)]).ids)
