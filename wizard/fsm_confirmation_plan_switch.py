# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter

from odoo import api, fields, models

from ..models.xmlids import PLAN_CRON
from ..tools.notification import CLOSE

_REASONS_SHOWN = 8


class FsmConfirmationPlanSwitch(models.TransientModel):
    """Says what a plan will send before it is switched on."""

    _name = "fsm.confirmation.plan.switch"
    _inherit = ["fsm.confirmation.reference.mixin"]
    _description = "Switch On a Confirmation Plan"

    plan_id = fields.Many2one("fsm.confirmation.plan", required=True, readonly=True)
    steps_text = fields.Text(related="plan_id.steps_text")
    now_count = fields.Integer("Texts Now", compute="_compute_counts")
    now_info = fields.Char(compute="_compute_counts")
    coming_count = fields.Integer("Texts in the Next 7 Days", compute="_compute_counts")
    coming_info = fields.Char(compute="_compute_counts")
    left_out_count = fields.Integer("Skipped", compute="_compute_counts")
    left_out_info = fields.Text("Reasons", compute="_compute_counts")
    problem = fields.Char(compute="_compute_counts")

    @api.depends("plan_id")
    def _compute_counts(self):
        now = fields.Datetime.now()
        lines = self.env["fsm.confirmation.forecast.line"]
        for wizard in self:
            company = wizard.plan_id.company_id
            findings = lines._find(company, wizard.plan_id, now)
            mine = lines._prepare_lines(
                [finding for finding in findings if finding.plan == wizard.plan_id]
            )
            leaving = [row for row in mine if row["outcome"] == "leaves"]
            at_once = [row for row in leaving if row["leaves_date"] <= now]
            coming = [row for row in leaving if row["leaves_date"] > now]
            left_out = [row for row in mine if row["outcome"] == "left_out"]
            wizard.now_count = sum(row["text_count"] for row in at_once)
            wizard.now_info = self._describe_appointments(at_once)
            wizard.coming_count = sum(row["text_count"] for row in coming)
            wizard.coming_info = self._describe_appointments(coming)
            wizard.left_out_count = len(left_out)
            wizard.left_out_info = self._describe(left_out)
            wizard.problem = self._find_problem(wizard.plan_id)

    @api.model
    def _describe_appointments(self, rows):
        """About how many appointments, when that is another number than of texts."""
        if len(rows) == sum(row["text_count"] for row in rows):
            return False
        return self.env._("about %s appointments", len(rows))

    @api.model
    def _describe(self, left_out):
        """A line for each reason, the most frequent first."""
        reasons = Counter(row["cause"] for row in left_out)
        return "\n".join(
            f"{reason}: {count}"
            for reason, count in reasons.most_common(_REASONS_SHOWN)
        )

    @api.model
    def _find_problem(self, plan):
        """Why nothing is sent although the plan is on, False when something is."""
        company = plan.company_id
        if not plan.step_ids:
            return self.env._("The plan has no step: add one first.")
        if not company.job_confirmation_enabled:
            return self.env._(
                "Job confirmations are not enabled for %s: nothing is sent until then.",
                company.name,
            )
        first = plan._find_covering()
        if first:
            return self.env._(
                "“%s” comes first and fits every Work Order: nothing is sent by this"
                " plan. Drag it above, or limit the other one.",
                first.name,
            )
        return False

    def action_switch_on(self):
        """Switch the plan on."""
        self.ensure_one()
        self.plan_id.write({"enabled": True})
        cron = self.env.ref(PLAN_CRON)
        cron.sudo()._trigger()
        return CLOSE

    def action_forecast(self):
        """Show each appointment."""
        self.ensure_one()
        return self.plan_id.action_forecast()
