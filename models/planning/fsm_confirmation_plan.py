# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models, tools
from odoo.exceptions import ValidationError

from ...core import planning
from ...tools.dialogs import open_dialog
from ..xmlids import MODULE

# The plans that each company begins with, switched off.
_READY_MADE = ("plan_1_day", "plan_3_1_days", "plan_7_2_1_days")
_MOST_CALL_HOURS = 7 * 24
# What a plan may be limited to.
_LIMITS = ("team_ids", "type_ids", "tag_ids", "territory_ids", "location_ids")


class FsmConfirmationPlan(models.Model):
    """The steps in which customers are asked automatically, for some Work Orders.

    If several plans fit a Work Order, the first one counts. What follows from the steps
    is decided in :mod:`core.planning`.
    """

    _name = "fsm.confirmation.plan"
    _inherit = ["fsm.confirmation.cached.mixin"]
    _description = "Confirmation Plan"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    sequence = fields.Integer(default=10)
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company, index=True
    )
    enabled = fields.Boolean(
        "On", copy=False, help="Customers are asked automatically as the plan says."
    )
    step_ids = fields.One2many(
        "fsm.confirmation.plan.step", "plan_id", string="Steps", copy=True
    )
    steps_text = fields.Text("When", compute="_compute_steps_text")
    least_notice = fields.Float(
        "Minimum Notice",
        default=4.0,
        help="Hours. When an appointment is booked or moved after a step was due, its "
        "customer is asked right away if at least this much time is left.",
    )
    call_hours = fields.Integer(
        "Hand Over to Dispatchers",
        default=24,
        help="Hours. Customers whose appointment starts this soon and isn't confirmed "
        "go on one list for each dispatcher, with one activity. 0: never.",
    )
    team_ids = fields.Many2many("fsm.team", string="Teams")
    type_ids = fields.Many2many("fsm.order.type", string="Types")
    tag_ids = fields.Many2many("fsm.tag", string="Tags")
    territory_ids = fields.Many2many("res.territory", string="Territories")
    location_ids = fields.Many2many("fsm.location", string="Locations")

    _company_index = models.Index("(company_id, sequence, id) WHERE enabled IS TRUE")

    @api.depends("step_ids.name")
    def _compute_steps_text(self):
        for plan in self:
            names = [step.name for step in plan.step_ids._in_time()]
            plan.steps_text = "\n".join(names) or self.env._("No steps yet")

    @api.constrains("least_notice", "call_hours")
    def _check_hours(self):
        for plan in self:
            if plan.least_notice < 0 or plan.call_hours < 0:
                raise ValidationError(self.env._("Hours can't be negative."))
            if plan.call_hours > _MOST_CALL_HOURS:
                raise ValidationError(
                    self.env._(
                        "Enter %(least)s to %(most)s.", least=0, most=_MOST_CALL_HOURS
                    )
                )

    @api.constrains("enabled", "step_ids")
    def _check_steps(self):
        for plan in self:
            if plan.enabled and not plan.step_ids:
                raise ValidationError(
                    self.env._("“%s” has no step: add one first.", plan.name)
                )

    @api.model_create_multi
    def create(self, vals_list):
        plans = super().create(vals_list)
        plans._on_changed()
        return plans

    def write(self, vals):
        self._on_changed()
        result = super().write(vals)
        if "company_id" in vals and not self.env.su:
            # Odoo looks at where a record was, not at where it is put.
            self.flush_recordset()
            self.invalidate_recordset()
            self.check_access("write")
        self._on_changed()
        return result

    def unlink(self):
        self._on_changed()
        self.step_ids._stop_waiting()
        return super().unlink()

    def _on_changed(self):
        """Forget the planner's findings: they were made with the plans as they were."""
        self.env["fsm.confirmation.outlook"]._forget_companies_sudo(self.company_id)

    # ------------------------------------------------------------------
    # Which plan, which steps
    # ------------------------------------------------------------------

    @api.model
    def _find_enabled_sudo(self, company):
        """The company's plans that are on, the first to look at first, with sudo."""
        return self.sudo().browse(self._get_enabled_ids(company.id))

    @api.model
    def _is_on_sudo(self, company_sudo):
        """Whether customers of a company are asked automatically."""
        return bool(
            self._get_enabled_ids(company_sudo.id)
            and company_sudo.job_confirmation_enabled
        )

    @api.model
    @tools.ormcache("company_id")
    def _get_enabled_ids(self, company_id):
        """Cached, because every form of a Work Order or contact asks for it."""
        domain = [("company_id", "=", company_id), ("enabled", "=", True)]
        return tuple(self.sudo().search(domain).ids)

    @api.model
    def _is_kept(self, names):
        return bool({"active", "company_id", "enabled", "sequence"} & set(names))

    def _find_for(self, order):
        """The first of these plans that fits a Work Order, maybe empty."""
        order_sudo = order.sudo()
        return next((plan for plan in self if plan._fits(order_sudo)), self.browse())

    def _fits(self, order_sudo):
        """Whether the Work Order belongs to what the plan is limited to."""
        limits = (
            (self.team_ids, order_sudo.team_id),
            (self.type_ids, order_sudo.type),
            (self.tag_ids, order_sudo.tag_ids),
            (self.territory_ids, order_sudo.territory_id),
            (self.location_ids, order_sudo.location_id),
        )
        return all(not wanted or wanted & actual for wanted, actual in limits)

    def _find_covering(self):
        """The plan that is on and leaves no Work Order to this one, maybe empty."""
        plans_sudo = (self._find_enabled_sudo(self.company_id) | self.sudo()).sorted()
        earlier_sudo = plans_sudo[: plans_sudo.ids.index(self.id)]
        return earlier_sudo.filtered(lambda plan: not any(plan[x] for x in _LIMITS))[:1]

    def _to_core(self):
        """The plan as :class:`~...core.planning.Plan`, None when there is none."""
        if not self:
            return None
        self.ensure_one()
        return planning.Plan(
            tuple(step._to_core() for step in self.step_ids),
            notice=timedelta(hours=self.least_notice),
            to_people=timedelta(hours=self.call_hours),
        )

    # ------------------------------------------------------------------
    # Ready-made plans
    # ------------------------------------------------------------------

    @api.model
    def _make_ready_made(self, companies=None):
        """Give companies without any plan the ready-made ones, switched off.

        :param companies: ``res.company``, None for all
        """
        everybody = companies is None
        companies = (companies or self.env["res.company"]).sudo()
        if everybody:
            companies = companies.search([])
        plans_sudo = self.sudo().with_context(active_test=False)
        equipped = plans_sudo.search([("company_id", "in", companies.ids)]).company_id
        found = (
            self.env.ref(f"{MODULE}.{name}", raise_if_not_found=False)
            for name in _READY_MADE
        )
        originals_sudo = self.sudo().concat(*(plan for plan in found if plan))
        for company in companies - equipped:
            for plan_sudo in originals_sudo:
                plan_sudo.copy({"company_id": company.id, "name": plan_sudo.name})

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_switch_on(self):
        """Open the dialog that says what will be sent, and asks for confirmation."""
        self.ensure_one()
        self.check_access("write")
        return open_dialog(
            self.env._("Switch On"),
            "fsm.confirmation.plan.switch",
            default_plan_id=self.id,
        )

    def action_switch_off(self):
        """Stop sending anything with this plan."""
        self.write({"enabled": False})

    def action_forecast(self):
        """Show what will be sent with this plan; it sends nothing."""
        self.ensure_one()
        self.check_access("read")
        forecasts = self.env["fsm.confirmation.forecast.line"]
        return forecasts._open(self.company_id, self)
