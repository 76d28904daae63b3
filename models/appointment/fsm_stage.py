# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models, tools


class FsmStage(models.Model):
    """Which stages end a Work Order: needed for every reply."""

    _name = "fsm.stage"
    _inherit = ["fsm.stage", "fsm.confirmation.cached.mixin"]

    confirmation_canceled = fields.Boolean(
        "Canceled",
        compute="_compute_confirmation_canceled",
        store=True,
        readonly=False,
        help="Work Orders in this stage won't take place. Customers who were asked "
        "about them are told, if Notices of Change say so.",
    )
    confirmation_on_my_way = fields.Boolean(
        "Send “On my way”",
        help="When a Work Order scheduled for today enters this stage, its customer is "
        "told that the technician is on the way.",
    )

    def _compute_confirmation_canceled(self):
        canceled = self.env.ref("fieldservice.fsm_stage_cancelled", False)
        for stage in self:
            stage.confirmation_canceled = stage == canceled

    @api.model
    def _is_kept(self, names):
        return bool({"is_closed", "confirmation_canceled"} & set(names))

    def _is_canceled(self):
        """Whether Work Orders in this stage don't take place."""
        return self.id in self._get_canceled_ids()

    @api.model
    @tools.ormcache()
    def _get_canceled_ids(self):
        stages_sudo = self.sudo().with_context(active_test=False)
        canceled = [("confirmation_canceled", "=", True), ("is_closed", "=", True)]
        return frozenset(stages_sudo.search(canceled).ids)

    @api.model
    @tools.ormcache()
    def _get_closed_ids(self):
        """Ids of the stages in which nobody comes any more, as a frozenset."""
        stages_sudo = self.sudo().with_context(active_test=False)
        return frozenset(stages_sudo.search([("is_closed", "=", True)]).ids)
