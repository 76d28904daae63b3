# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import time

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import format_time

from ...core import planning
from ...core.hours import next_departure
from ..levels import check_may_edit

_MOST_DAYS = 90
_MOST_HOURS = 14 * 24


class FsmConfirmationPlanStep(models.Model):
    """One step of a plan: when, who is asked, with which text."""

    _name = "fsm.confirmation.plan.step"
    _description = "Step of a Confirmation Plan"
    _order = "plan_id, unit, number desc, hour, id"

    name = fields.Char("Step", compute="_compute_name")
    plan_id = fields.Many2one(
        "fsm.confirmation.plan", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(
        related="plan_id.company_id", store=True, index=True, precompute=True
    )
    number = fields.Integer("Days or Hours Before", default=1, required=True)
    unit = fields.Selection(
        [("days", "days before"), ("hours", "hours before")],
        default="days",
        required=True,
    )
    hour = fields.Float(
        "At",
        default=9.0,
        help="On the clock of the place of work. On a closed day it is the last open "
        "day before.",
    )
    audience = fields.Selection(
        [
            ("unconfirmed", "customers who have not confirmed"),
            ("not_asked", "customers who have not been asked yet"),
            ("unanswered", "customers who have not answered"),
            ("confirmed", "customers who have confirmed, as a reminder"),
        ],
        "To",
        default="unconfirmed",
        required=True,
        help="A customer who has answered, even unclearly, is not asked again "
        "automatically.",
    )
    template_id = fields.Many2one(
        "sms.template",
        string="Text",
        domain=[("model", "=", "fsm.order")],
        ondelete="restrict",
        help="Empty: the company's confirmation text, or its reminder.",
    )
    is_held = fields.Boolean("Held", help="Nothing is sent for this step.")
    preview = fields.Text(compute="_compute_preview")
    warning = fields.Char(compute="_compute_warning")

    @api.depends("number", "unit", "hour", "audience", "template_id.name", "is_held")
    @api.depends_context("lang")
    def _compute_name(self):
        audiences = dict(self._fields["audience"]._description_selection(self.env))
        for step in self:
            parts = {
                "when": step._describe_time(),
                "audience": audiences.get(step.audience, ""),
                "text": step.template_id.sudo().name,
            }
            if step.template_id:
                name = self.env._(
                    "%(when)s, to %(audience)s, with the text “%(text)s”", **parts
                )
            else:
                name = self.env._("%(when)s, to %(audience)s", **parts)
            step.name = self.env._("%s (held)", name) if step.is_held else name

    def _describe_time(self):
        """Say when it is sent."""
        if self.unit == "hours":
            if self.number == 1:
                return self.env._("1 hour before")
            return self.env._("%s hours before", self.number)
        minutes = round(self.hour * 60) % (24 * 60)
        clock = format_time(
            self.env, time(minutes // 60, minutes % 60), time_format="short"
        )
        if not self.number:
            return self.env._("On the day at %s", clock)
        if self.number == 1:
            return self.env._("1 day before at %s", clock)
        return self.env._(
            "%(days)s days before at %(clock)s", days=self.number, clock=clock
        )

    @api.depends("template_id", "audience", "plan_id.company_id")
    def _compute_preview(self):
        words = self.env["fsm.confirmation.plan.words"]
        for step in self:
            company = step.plan_id.company_id or self.env.company
            step.preview = words._render_example(company, step)

    @api.depends("number", "unit", "hour", "plan_id.company_id")
    def _compute_warning(self):
        for step in self:
            company = step.plan_id.company_id or self.env.company
            windows = company._get_texting_windows()
            now = fields.Datetime.now()
            if next_departure(now, "UTC", windows) is None:
                text = self.env._("There are no texting hours: nothing is ever sent.")
            elif step.unit == "days" and not step._is_in_hours(windows):
                text = self.env._(
                    "Outside the texting hours: it is sent when they begin, or an hour "
                    "before they end."
                )
            else:
                text = False
            step.warning = text

    def _is_in_hours(self, windows):
        """Whether the hour lies in the texting hours of any day of this week."""
        week = planning.get_week(fields.Date.today())
        return any(
            begin <= self.hour < end for day in week for begin, end in windows(day)
        )

    @api.constrains("number", "unit", "hour")
    def _check_time(self):
        for step in self:
            least = 0 if step.unit == "days" else 1
            most = _MOST_DAYS if step.unit == "days" else _MOST_HOURS
            if not least <= step.number <= most:
                raise ValidationError(
                    self.env._("Enter %(least)s to %(most)s.", least=least, most=most)
                )
            if not 0 <= step.hour < 24:
                raise ValidationError(self.env._("The hour is 0:00 to 23:59."))

    @api.constrains("template_id")
    def _check_template(self):
        self.template_id.sudo()._check_for_work_orders()

    @api.model_create_multi
    def create(self, vals_list):
        steps = super().create(vals_list)
        steps.plan_id._on_changed()
        return steps

    def write(self, vals):
        plans = self.plan_id
        result = super().write(vals)
        (plans | self.plan_id)._on_changed()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_last(self):
        for plan in self.plan_id.filtered("enabled"):
            if not plan.step_ids - self:
                raise UserError(
                    self.env._("“%s” is on: switch it off first.", plan.name)
                )

    def unlink(self):
        self.plan_id._on_changed()
        self._stop_waiting()
        return super().unlink()

    def _stop_waiting(self):
        """Cancel what waits, as without a step nobody would know it was automatic."""
        self.write({"is_held": True})
        self.env["fsm.confirmation.planner"]._stop_held([("step_id", "in", self.ids)])

    def _in_time(self):
        """These steps, the earliest first, as far as it does not depend on the day."""
        return self.sorted(
            lambda step: (
                -step.number * 24 + step.hour
                if step.unit == "days"
                else -step.number + 12
            )
        )

    def _to_core(self):
        """The step as :class:`~...core.planning.Step`."""
        in_days = self.unit == "days"
        return planning.Step(
            id=self.id,
            audience=self.audience,
            days=self.number if in_days else None,
            hour=self.hour,
            hours=0 if in_days else self.number,
            held=self.is_held,
        )

    def action_hold(self):
        """Hold the step back, or release it.

        :raises AccessError: the user's level is below Edit
        """
        self.ensure_one()
        check_may_edit(self.env)
        self.check_access("read")
        self.sudo().write({"is_held": not self.is_held})
