# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models, tools


class FsmStage(models.Model):
    """Which stages end a Work Order; asked for with every reply."""

    _name = "fsm.stage"
    _inherit = ["fsm.stage", "fsm.confirmation.cached.mixin"]

    @api.model
    def _is_kept(self, names):
        return "is_closed" in names

    @api.model
    @tools.ormcache()
    def _get_closed_ids(self):
        """Ids of the stages in which nobody comes any more, as a frozenset."""
        stages_sudo = self.sudo().with_context(active_test=False)
        return frozenset(stages_sudo.search([("is_closed", "=", True)]).ids)
