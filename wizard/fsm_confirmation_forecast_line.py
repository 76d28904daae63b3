# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta
from heapq import heapify, heappop, heappush
from uuid import uuid4

from odoo import api, fields, models

from ..core import planning
from ..core.alerts import first_for_many
from ..core.formatting import localize
from ..models.levels import check_may_edit

DAYS_AHEAD = 7
MAX_LINES = 5000  # the soonest appointments

_OUTCOMES = [
    ("leaves", "Goes out"),
    ("held", "Held"),
    ("left_out", "Skipped"),
    ("answered", "Answered"),
]
_HELD = {"held", "step_held"}
# What the planner puts in one text when it is about one customer's day.
_TOGETHER = ("", "later", "hours", "daily_limit")
_ANSWERED = {"confirmed", "declined", "opted_out", "unrecognized"}


class FsmConfirmationForecastLine(models.TransientModel):
    """The next automatic text about an appointment, as far as it is known now.

    Nothing is sent and nothing planned by it: the planner decides anew when a step is
    due.
    """

    _name = "fsm.confirmation.forecast.line"
    _description = "Forecast of Automatic Texts"
    _order = "leaves_date, id"

    batch = fields.Char(index=True, readonly=True)
    # A line says nothing without its appointment.
    order_id = fields.Many2one(
        "fsm.order", string="Work Order", readonly=True, ondelete="cascade"
    )
    visit_id = fields.Many2one("fsm.visit", readonly=True, ondelete="cascade")
    appointment_start = fields.Datetime(readonly=True)
    appointment_text = fields.Char("Appointment", compute="_compute_appointment_text")
    company_id = fields.Many2one("res.company", readonly=True)
    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True)
    step_id = fields.Many2one("fsm.confirmation.plan.step", readonly=True)
    plan_id = fields.Many2one("fsm.confirmation.plan", readonly=True)
    leaves_date = fields.Datetime("Goes Out", readonly=True)
    text_count = fields.Integer(
        "Texts",
        readonly=True,
        help="Appointments of one customer on one day are asked about in one text.",
    )
    outcome = fields.Selection(_OUTCOMES, readonly=True)
    reason = fields.Char("What Happens", readonly=True)
    cause = fields.Char("Reason", readonly=True, help="The same for all it concerns.")
    is_held = fields.Boolean(compute="_compute_is_held")

    @api.depends("order_id", "visit_id")
    def _compute_is_held(self):
        for line in self:
            line.is_held = line._get_appointment().sudo()._is_held()

    @api.depends("order_id", "visit_id")
    @api.depends_context("uid", "tz", "lang")
    def _compute_appointment_text(self):
        for line in self:
            line.appointment_text = line._get_appointment().appointment_text

    def _get_appointment(self):
        return self.visit_id or self.order_id

    # ------------------------------------------------------------------
    # Make
    # ------------------------------------------------------------------

    @api.model
    def action_open(self):
        """Show what will be sent in the next days in the user's company."""
        self.check_access("read")
        return self._open(self.env.company)

    @api.model
    def _open(self, company, plan=None):
        """The action that shows the forecast.

        :param plan: ``fsm.confirmation.plan`` that is looked at as if it were on
        """
        lines = self._make(company, plan)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fieldservice_job_confirmation.fsm_confirmation_forecast_action"
        )
        action["domain"] = [("batch", "=", lines[:1].batch or "none")]
        return action

    @api.model
    def _make(self, company, plan=None):
        """New lines: the appointments of the next days that the user may see."""
        now = fields.Datetime.now()
        findings = self._find(company, plan, now)
        allowed = self._get_readable(findings)
        batch = uuid4().hex
        rows = [
            {**row, "batch": batch}
            for row in self._prepare_lines(findings)
            if row["order_id"] in allowed
        ]
        return self.sudo().create(rows).sudo(False)

    @api.model
    def _get_readable(self, findings):
        orders = self.env["fsm.order"].browse(
            {finding.order.id for finding in findings}
        )
        return set(orders._filtered_access("read").ids)

    @api.model
    def _find(self, company, plan, now):
        """Findings of the planner about what may be sent in the next days."""
        plans_sudo = self.env["fsm.confirmation.plan"]._find_enabled_sudo(company)
        if plan:
            plans_sudo = (plans_sudo | plan.sudo()).sorted()
        until = now + timedelta(days=DAYS_AHEAD)
        steps = [step._to_core() for step in plans_sudo.step_ids]
        windows = company._get_texting_windows()
        horizon = planning.find_horizon(steps, windows, until.date())
        appointments = self._search_appointments(company, now, until + horizon)
        findings = self._look_ahead(appointments, plans_sudo, now)
        # What a person has answered is of no interest here, nor what comes later.
        return [
            finding
            for finding in findings
            if finding.decision.reason not in ("no_plan", "no_step_left", "confirmed")
            and (not finding.decision.at or finding.decision.at <= until)
        ]

    @api.model
    def _look_ahead(self, appointments, plans_sudo, now):
        """Findings of the planner about appointments, with who gets the texts."""
        planner = self.env["fsm.confirmation.planner"]
        findings = planner._look(appointments, plans_sudo, now)
        until = now + timedelta(days=DAYS_AHEAD)

        def is_coming(finding):
            decision = finding.decision
            return decision.reason == "too_late" or bool(
                decision.at and decision.at <= until
            )

        planner._check_due(findings, now, is_coming)
        self._keep_to_limit(findings, now)
        return findings

    @api.model
    def _keep_to_limit(self, findings, now):
        """Put off what is more than a number may get on the day when it would leave.

        :param findings: list of the planner's ``Finding``, which are changed
        """
        planner = self.env["fsm.confirmation.planner"]
        leaving = [finding for finding in findings if self._is_leaving(finding)]
        counts = planner._count_today([finding.draft for finding in leaving], now)
        queue = [
            (finding.decision.at, finding.facts.start, index)
            for index, finding in enumerate(leaving)
        ]
        heapify(queue)
        counted = set()
        while queue:
            at, start, index = heappop(queue)
            finding = leaving[index]
            text = planner._get_text_key(finding)
            line = (finding.draft.address, localize(at, finding.facts.zone).date())
            limit = finding.order.company_id.job_confirmation_daily_limit
            if text in counted:
                continue
            if counts[line] < limit:
                counts[line] += 1
                counted.add(text)
                continue
            finding.put_off(at)
            if finding.decision.at:
                heappush(queue, (finding.decision.at, start, index))

    @api.model
    def _is_leaving(self, finding):
        """Whether a text leaves at a time, as far as known."""
        decision, draft = finding.decision, finding.draft
        if not draft or not decision.at or decision.reason not in planning.WAITING:
            return False
        return not first_for_many(draft.alerts, is_again=True)

    @api.model
    def _search_appointments(self, company, now, until):
        """The open appointments of a company in time: list."""
        domain = [
            ("company_id", "=", company.id),
            ("scheduled_date_start", ">", now),
            ("scheduled_date_start", "<=", until),
            ("confirmation_status", "in", planning.LOOKED_AT),
        ]
        options = {"order": "scheduled_date_start, id", "limit": MAX_LINES}
        orders_sudo = self.env["fsm.order"].sudo()
        orders_sudo = orders_sudo.search(
            [*domain, ("visit_ids", "=", False), ("stage_id.is_closed", "=", False)],
            **options,
        )
        visits_sudo = self.env["fsm.visit"].sudo()
        visits_sudo = visits_sudo.search(
            [*domain, ("order_id.stage_id.is_closed", "=", False)], **options
        )
        both = [*orders_sudo, *visits_sudo]
        return sorted(both, key=lambda each: each.scheduled_date_start)[:MAX_LINES]

    @api.model
    def _prepare_lines(self, findings):
        """Field values of a line for each; what is asked together is one text."""
        rows = [self._prepare_line(finding) for finding in findings]
        leaving = {
            id(finding.draft): (finding, row)
            for finding, row in zip(findings, rows, strict=True)
            if row["text_count"] and finding.decision.reason in _TOGETHER
        }
        for finding, _row in leaving.values():
            finding.draft.step = finding.step
        drafts = [finding.draft for finding, _row in leaving.values()]
        for draft in self.env["fsm.confirmation.same.day"]._put_together(drafts):
            if draft.together:
                row, first = leaving[id(draft)][1], draft.together[0]
                mine = [leaving[id(each)][1] for each in draft.together]
                row["leaves_date"] = min(each["leaves_date"] for each in mine)
                if draft is not first:
                    row["text_count"] = 0
                    row["reason"] = self.env._("In the text about %s", first.order.name)
        return rows

    @api.model
    def _prepare_line(self, finding):
        """Field values of a line, as if nothing else were asked about."""
        decision, draft = finding.decision, finding.draft
        visit = finding.appointment
        alert = draft and first_for_many(draft.alerts, is_again=True)
        outcome = _find_outcome(decision.reason, alert)
        if decision.reason in ("", "later") and not alert:
            reason = finding.step.name  # The line says when.
        else:
            reason = self.env["fsm.confirmation.plan.words"]._describe(finding)
        return {
            "order_id": finding.order.id,
            "visit_id": visit.id if visit._name == "fsm.visit" else False,
            "appointment_start": finding.facts.start,
            "company_id": finding.order.company_id.id,
            "partner_id": draft.partner.id if draft else False,
            "plan_id": finding.plan.id,
            "step_id": finding.step.id,
            "leaves_date": decision.at if outcome == "leaves" else False,
            "text_count": int(outcome == "leaves"),
            "outcome": outcome,
            "reason": reason,
            "cause": alert.summary if alert else reason,
        }

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_hold(self):
        """Hold the appointment's texts back, or release them."""
        check_may_edit(self.env)
        self.check_access("read")
        for line in self:
            line._get_appointment().action_hold_confirmation()
            line._refresh()

    def _refresh(self):
        """Work out anew what the list says of this customer."""
        now = fields.Datetime.now()
        lines = self.search(
            [("batch", "=", self.batch), ("partner_id", "=", self.partner_id.id)]
        )
        plans_sudo = self.env["fsm.confirmation.plan"]._find_enabled_sudo(
            self.company_id
        )
        plans_sudo = (plans_sudo | lines.plan_id.sudo()).sorted()
        line_of = {line._get_appointment().sudo(): line for line in self | lines}
        findings = self._look_ahead(list(line_of), plans_sudo, now)
        for row, line in zip(
            self._prepare_lines(findings), line_of.values(), strict=True
        ):
            # Who is held is not looked for.
            row["partner_id"] = line.partner_id.id
            line.sudo().write(row)

    def action_open_order(self):
        """Open the Work Order."""
        self.ensure_one()
        self.check_access("read")
        return self.order_id._get_records_action(context={})


def _find_outcome(reason, alert):
    """The outcome of the next text, a key of ``outcome``."""
    if reason in _HELD:
        return "held"
    if reason in _ANSWERED:
        return "answered"
    return "leaves" if reason in planning.WAITING and not alert else "left_out"
