# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...core import planning
from ...core.alerts import first_for_many
from ...core.delivery import may_have_arrived
from ...core.formatting import localize
from ...core.kinds import ON_MY_WAY, QUESTION, REMINDER
from ...core.notices import CANCELED
from ...tools.log_redaction import private_queries
from ...tools.retry import commit_unless_done

_logger = logging.getLogger(__name__)

_BATCH = 200  # appointments looked at in one transaction
# Of a text about the appointment, to see whether it still holds.
_NEEDED_OF_TEXTS = [
    "appointment_end",
    "appointment_start",
    "closed_reason",
    "create_date",
    "failure_type",
    "order_id",
    "state",
    "step_id",
    "tells_change",
    "twilio_sid",
    "visit_id",
]
# Reasons for which a question was closed that was about something else.
_OTHER = ("changed", "number")


@dataclass(slots=True)
class Finding:
    """What the planner found about one appointment."""

    appointment: object  # ``fsm.order`` or ``fsm.visit`` with sudo
    plan: object  # ``fsm.confirmation.plan`` with sudo, maybe empty
    facts: planning.PlannedAppointment
    texts: list  # of ``planning.Text``
    windows: object  # see ``core.hours``
    decision: planning.PlanDecision
    draft: object = None  # of the composer, when it was looked at who gets the text

    @property
    def order(self):
        return self.appointment._get_appointment_order()

    @property
    def step(self):
        """``fsm.confirmation.plan.step`` with sudo, maybe empty."""
        wanted = self.decision.step and self.decision.step.id
        return self.plan.step_ids.filtered(lambda step: step.id == wanted)

    def decide(self, now, recipient=None):
        """Decide, with who gets the text when it is known."""
        self.decision = planning.decide(
            self.facts, self.texts, self.plan._to_core(), self.windows, now, recipient
        )

    def put_off(self, at):
        """The number has got too many texts on the day of ``at`` already."""
        self.decision = planning.put_off(
            self.decision.step, at, self.facts, self.plan._to_core(), self.windows
        )


class FsmConfirmationPlanner(models.AbstractModel):
    """Asks customers automatically, as the plans say.

    Each appointment is looked at when one of its steps may be due. What is due is
    recorded by the composer, like a text that a person sends. Row locks keep processes
    apart, and a unique index on appointment, step and start decides.
    """

    _name = "fsm.confirmation.planner"
    _description = "Planner of Confirmations"

    # ------------------------------------------------------------------
    # The scheduled action
    # ------------------------------------------------------------------

    @api.model
    @private_queries()
    def _cron_plan(self):
        """Ask about everything that is due, in batches."""
        cron = self.env["ir.cron"]
        while cron._commit_progress() and commit_unless_done(
            self.env, lambda: self._stop_held(limit=_BATCH)
        ):
            pass
        companies_sudo = self._find_companies_sudo()
        for company_sudo in companies_sudo:
            seconds_left = cron._commit_progress()
            while seconds_left:
                count = self._run_batch(company_sudo)
                seconds_left = cron._commit_progress(count)
                if not count:
                    break

    @api.model
    def _find_companies_sudo(self):
        """Companies in which a plan is on, with sudo."""
        plans_sudo = self.env["fsm.confirmation.plan"].sudo()
        found = plans_sudo._read_group([("enabled", "=", True)], ["company_id"])
        companies_sudo = plans_sudo.company_id.concat(*(each for (each,) in found))
        return companies_sudo.filtered("job_confirmation_enabled")

    @api.model
    def _run_batch(self, company):
        """Look at the next appointments and commit.

        :return: how many were looked at
        """
        # Whatever another process did first shows up on the next run.
        return commit_unless_done(self.env, lambda: self._plan_batch(company)) or 0

    @api.model
    def _plan_batch(self, company, now=None, limit=_BATCH):
        """Record what is due of the next appointments, without committing.

        :param now: naive UTC datetime
        :return: how many were looked at
        """
        self.env.flush_all()
        # What other processes did meanwhile has to be seen.
        self.env.invalidate_all()
        now = now or fields.Datetime.now()
        plans_sudo = self.env["fsm.confirmation.plan"]._find_enabled_sudo(company)
        appointments = self._lock_next(company, plans_sudo, now, limit)
        findings = self._look(appointments, plans_sudo, now)
        self._check_due(findings, now)
        findings += self._find_companions(findings, plans_sudo, now)
        self._record_due(findings, now)
        self._remember(findings, now)
        return len(findings)

    @api.model
    def _stop_held(self, about=(), limit=None):
        """Cancel automatic texts that wait and are held by now, so that staff see it.

        The outbox looks as well, as they leave. Released in time, they are recorded
        again.

        :param about: domain of ``fsm.confirmation``, all of them without one
        :return: how many were canceled
        """
        held = Domain("step_id.is_held", "=", True)
        held |= Domain("step_id.plan_id.enabled", "=", False)
        held |= Domain("step_id.plan_id.active", "=", False)
        held |= Domain("order_id.confirmation_hold", "=", True)
        held |= Domain("visit_id.confirmation_hold", "=", True)
        waiting = Domain("state", "=", "outgoing") & Domain("step_id", "!=", False)
        texts_sudo = self.env["fsm.confirmation"].sudo()
        texts_sudo = texts_sudo.with_context(active_test=False)
        held_sudo = texts_sudo.search(waiting & held & Domain(about), limit=limit)
        self.env["fsm.confirmation.outbox"]._stop_untrue(held_sudo)
        return len(held_sudo.filtered(lambda text: text.state == "canceled"))

    # ------------------------------------------------------------------
    # What may be due
    # ------------------------------------------------------------------

    @api.model
    def _lock_next(self, company, plans_sudo, now, limit):
        """Lock the next appointments to look at; other transactions skip them.

        :return: list of ``fsm.order`` and ``fsm.visit`` with sudo, the next one first
        """
        steps = [step._to_core() for step in plans_sudo.step_ids]
        windows = company._get_texting_windows()
        until = now + planning.find_horizon(steps, windows, now.date())
        statuses = planning.ASKED_ABOUT
        if any(step.is_reminder for step in steps):
            statuses = planning.LOOKED_AT
        found = []
        for name in ("fsm.order", "fsm.visit"):
            rows = self.env.execute_query(
                SQL(
                    "%s LIMIT %s FOR NO KEY UPDATE OF a SKIP LOCKED",
                    self._select(name, company, now, until, statuses),
                    limit,
                )
            )
            records_sudo = self.env[name].sudo().browse([row[0] for row in rows])
            found += records_sudo
        return found[:limit]

    @api.model
    def _select(self, name, company, now, until, statuses):
        """SQL for coming appointments whose outlook has expired, or that have none."""
        is_visit = name == "fsm.visit"
        closed = list(self.env["fsm.stage"]._get_closed_ids())
        return SQL(
            """
            SELECT a.id FROM %(table)s a %(join)s
             WHERE a.company_id = %(company)s
               AND a.confirmation_status IN %(indexed)s
               AND a.confirmation_status = ANY(%(statuses)s)
               AND a.scheduled_date_start > %(now)s
               AND a.scheduled_date_start <= %(until)s
               AND (o.stage_id = ANY(%(closed)s)) IS NOT TRUE
               AND %(alone)s
               AND NOT EXISTS (
                   SELECT FROM fsm_confirmation_outlook k
                    WHERE k.order_id = o.id AND COALESCE(k.visit_id, 0) = %(visit)s
                      AND k.appointment_start = a.scheduled_date_start
                      AND k.next_date > %(now)s)
          ORDER BY a.scheduled_date_start, a.id
            """,
            table=SQL("fsm_visit") if is_visit else SQL("fsm_order"),
            join=SQL("JOIN fsm_order o ON o.id = a.order_id")
            if is_visit
            else SQL("CROSS JOIN LATERAL (SELECT a.id, a.stage_id) o"),
            company=company.id,
            indexed=planning.LOOKED_AT,  # As the condition of the index has it.
            statuses=list(statuses),
            now=now,
            until=until,
            closed=closed,
            alone=SQL("TRUE")
            if is_visit
            else SQL("NOT EXISTS (SELECT FROM fsm_visit v WHERE v.order_id = a.id)"),
            visit=SQL("a.id") if is_visit else SQL("0"),
        )

    # ------------------------------------------------------------------
    # Look and decide
    # ------------------------------------------------------------------

    @api.model
    def _look(self, appointments, plans_sudo, now):
        """Decide about appointments by their dates, without looking at who is texted.

        :param appointments: list of ``fsm.order`` and ``fsm.visit`` with sudo
        :return: list of :class:`Finding`
        """
        texts = self._find_texts(appointments)
        windows = {}
        findings = []
        for appointment in appointments:
            order = appointment._get_appointment_order()
            company = order.company_id
            if company not in windows:
                windows[company] = company._get_texting_windows()
            finding = Finding(
                appointment,
                plans_sudo._find_for(order),
                self._get_facts(appointment, order),
                texts[appointment],
                windows[company],
                planning.PlanDecision(),
            )
            finding.decide(now)
            findings.append(finding)
        return findings

    @api.model
    def _get_facts(self, appointment, order):
        return planning.PlannedAppointment(
            start=appointment.scheduled_date_start or None,
            zone=order._get_appointment_timezone(),
            status=appointment.confirmation_status,
            is_closed=appointment._is_appointment_closed(),
            held=appointment._is_held(),
            settled=appointment._get_settled_date(),
        )

    @api.model
    def _find_texts(self, appointments):
        """The texts about appointments.

        :return: dict appointment -> list of ``Text``, the oldest first
        """
        orders = {appointment._get_appointment_order() for appointment in appointments}
        rows = (
            self.env["fsm.confirmation"]
            .sudo()
            .search_read(
                [
                    ("order_id", "in", [order.id for order in orders]),
                    # What never left said nothing, unless it was too late to.
                    "|",
                    ("state", "!=", "canceled"),
                    ("step_id", "!=", False),
                    "|",
                    "|",
                    # Nobody is asked once somebody is on the way.
                    ("kind", "in", (QUESTION, ON_MY_WAY)),
                    ("tells_change", "=", CANCELED),
                    ("step_id", "!=", False),
                ],
                _NEEDED_OF_TEXTS,
                order="id",
                load=None,
            )
        )
        found = defaultdict(list)
        for row in rows:
            key = row["order_id"], row["visit_id"] or 0
            found[key].append(self._to_text(row))
        return {appointment: found[_key(appointment)] for appointment in appointments}

    @api.model
    def _to_text(self, row):
        """A row of ``fsm.confirmation`` as :class:`~...core.planning.Text`."""
        # Told of another place, at another number, or that it is canceled.
        is_other = row["tells_change"] == CANCELED or row["closed_reason"] in _OTHER
        return planning.Text(
            row["create_date"],
            None if is_other else row["appointment_start"] or None,
            row["step_id"] or None,
            end=row["appointment_end"] or None,
            arrived=may_have_arrived(
                row["state"], row["failure_type"], row["twilio_sid"]
            ),
            id=row["id"],
        )

    @api.model
    def _check_due(self, findings, now, also=lambda finding: False):
        """Look at who gets the texts that are due, and whether they can be texted.

        :param also: function: whether a finding that is not due is looked at as well
        """
        wanted = [each for each in findings if each.decision.is_due or also(each)]
        composer = self.env["fsm.confirmation.composer"]
        partners = self._choose_partners(wanted)
        for finding in wanted:
            visit = finding.appointment
            if visit._name != "fsm.visit":
                visit = self.env["fsm.visit"]
            partner = partners[finding.appointment]
            finding.draft = composer._draft(finding.order, visit, partner)
            if finding.decision.step and finding.decision.step.is_reminder:
                finding.draft.kind = REMINDER
            finding.draft.is_recipient = True
        drafts = [finding.draft for finding in wanted]
        self.env["fsm.confirmation.alert"]._check(drafts)
        self.env["fsm.confirmation.composer"]._ask_by_email(
            [draft for draft in drafts if draft.company._asks_by_email_itself()]
        )
        # A notice of change would say the same in another text.
        self.env["fsm.confirmation.change"]._add_news_of_move(
            [draft for draft in drafts if draft.asks]
        )
        counts = self._count_today(drafts, now)
        counted = set()
        for finding in wanted:
            alert = first_for_many(finding.draft.alerts, is_again=True)
            line = (finding.draft.address, localize(now, finding.facts.zone).date())
            # What is asked in one text counts once.
            text = self._get_text_key(finding)
            recipient = planning.Recipient(
                daily_limit=finding.order.company_id.job_confirmation_daily_limit,
                block=alert.code if alert else "",
                texts_today=counts[line] - (text in counted),
            )
            finding.decide(now, recipient)
            if finding.decision.is_due and text not in counted:
                counts[line] += 1
                counted.add(text)

    @api.model
    def _get_text_key(self, finding):
        """A key that findings share if they are asked about in one text."""
        key = self.env["fsm.confirmation.same.day"]._get_key(finding.draft)
        return key or id(finding.draft), finding.decision.step

    @api.model
    def _find_companions(self, findings, plans_sudo, now):
        """Find what can go in one text with what is due, though it isn't due itself.

        Appointments of the same customers on the same days whose same step is due or
        coming: those of an hourly step become due one after the other.

        :return: list of further :class:`Finding`, due as well
        """
        due = [finding for finding in findings if finding.decision.is_due]
        wanted = {self._get_text_key(finding) for finding in due}
        finding_of = {finding.appointment: finding for finding in findings}
        appointments = self._search_companions(due) if due else []
        others = self._look(
            self._lock(each for each in appointments if each not in finding_of),
            plans_sudo,
            now,
        )
        found = [finding_of[each] for each in appointments if each in finding_of]
        coming = [
            finding
            for finding in [*others, *found]
            if finding.decision.reason in ("", "later") and finding not in due
        ]
        self._check_due(coming, now, lambda finding: True)
        joined = []
        for finding in coming:
            blocked = first_for_many(finding.draft.alerts, is_again=True)
            if self._get_text_key(finding) in wanted and not blocked:
                finding.decision = planning.PlanDecision(finding.decision.step, at=now)
                joined.append(finding)
        return [finding for finding in joined if finding in others]

    @api.model
    def _search_companions(self, due):
        """Appointments of the customers of these findings, around their days.

        :return: list of ``fsm.order`` and ``fsm.visit`` with sudo
        """
        day = timedelta(days=1)
        starts = [finding.facts.start for finding in due]
        orders_sudo = self.env["fsm.order"].sudo()
        orders_sudo = orders_sudo.concat(*{finding.order for finding in due})
        partners = [finding.draft.partner.id for finding in due]
        place = Domain("location_id", "in", orders_sudo.location_id.ids)
        for name in ("contact_id", "owner_id"):
            place |= Domain(f"location_id.{name}", "in", partners)
        when = (
            Domain("company_id", "=", due[0].order.company_id.id)
            & Domain("confirmation_status", "in", planning.ASKED_ABOUT)
            & Domain("scheduled_date_start", ">", min(starts) - day)
            & Domain("scheduled_date_start", "<", max(starts) + day)
        )
        found_sudo = orders_sudo.search(when & place & Domain("visit_ids", "=", False))
        visits_sudo = self.env["fsm.visit"].sudo()
        visits_sudo = visits_sudo.search(when & Domain("order_id", "any", place))
        return [*found_sudo, *visits_sudo]

    @api.model
    def _lock(self, appointments):
        """Those of the appointments that no other process looks at now: list."""
        appointments = list(appointments)
        locked = set()
        for name in ("fsm.order", "fsm.visit"):
            ids = [each.id for each in appointments if each._name == name]
            mine = self.env[name].sudo().browse(ids)
            locked.update(mine.try_lock_for_update(allow_referencing=True))
        return [each for each in appointments if each in locked]

    @api.model
    def _choose_partners(self, findings):
        """Choose who gets the texts: who was asked before, else the dialog's default.

        :return: dict appointment -> ``res.partner`` with sudo
        """
        recipients = self.env["fsm.confirmation.recipient"]
        orders = self.env["fsm.order"].sudo()
        orders = orders.concat(*{finding.order for finding in findings})
        usual = recipients._choose(orders) if orders else {}
        asked_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search([("order_id", "in", orders.ids), ("is_open", "=", True)])
        )
        asked = {
            (message.order_id.id, message.visit_id.id or 0): message.partner_id
            for message in reversed(asked_sudo)
            if message.partner_id.active
        }
        return {
            finding.appointment: asked.get(_key(finding.appointment))
            or usual[finding.order]
            for finding in findings
        }

    @api.model
    def _count_today(self, drafts, now):
        """Automatic texts of today: Counter of (number, day at the place of work)."""
        messages_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search_fetch(
                [
                    "|",
                    ("mobile", "in", [each.mobile for each in drafts if each.mobile]),
                    ("email", "in", [each.email for each in drafts if each.email]),
                    ("step_id", "!=", False),
                    ("carrier_id", "=", False),
                    ("create_date", ">", now - timedelta(days=2)),
                ],
                ["mobile", "email", "create_date", "timezone"],
            )
        )
        return Counter(
            (
                message.email or message.mobile,
                localize(message.create_date, message._get_timezone()).date(),
            )
            for message in messages_sudo
        )

    # ------------------------------------------------------------------
    # Record
    # ------------------------------------------------------------------

    @api.model
    def _record_due(self, findings, now):
        """Record the texts that are due, except for steps whose template fails.

        :return: the new ``fsm.confirmation`` records with sudo
        """
        records_sudo = self.env["fsm.confirmation"].sudo()
        due = [finding for finding in findings if finding.decision.is_due]
        steps = {finding.step for finding in due}
        for step_sudo in sorted(steps, key=lambda step: step.id):
            mine = [finding for finding in due if finding.step == step_sudo]
            for finding in mine:
                finding.draft.step = step_sudo
                _holding, after = planning.find_holding(finding.texts, finding.facts)
                finding.draft.step_after = after
            try:
                with self.env.cr.savepoint():
                    records_sudo += self._record([finding.draft for finding in mine])
            except UserError as error:
                _logger.warning("Step %s: %s", step_sudo.id, error)
                for finding in mine:
                    finding.decision = planning.PlanDecision(
                        finding.decision.step, "no_text", now + planning.LOOK_AGAIN
                    )
        return records_sudo

    @api.model
    def _record(self, drafts):
        user = self.env["res.users"].browse(SUPERUSER_ID)
        return self.env["fsm.confirmation.composer"]._record(drafts, user)

    @api.model
    def _remember(self, findings, now):
        """Note when each appointment is looked at again."""
        rows = []
        for finding in findings:
            decision = finding.decision
            if decision.is_due:
                self._move_on(finding, now)
            start = finding.facts.start
            latest = planning.find_latest_look(
                finding.plan._to_core(), finding.facts, finding.windows, now
            )
            order_id, visit_id = _key(finding.appointment)
            rows.append(
                {
                    "order_id": order_id,
                    "visit_id": visit_id,
                    "company_id": finding.order.company_id.id,
                    "appointment_start": start,
                    "plan_id": finding.plan.id,
                    "step_id": decision.step and decision.step.id,
                    "reason": decision.reason,
                    "next_date": min(finding.decision.at or start, latest),
                }
            )
        self.env["fsm.confirmation.outlook"]._remember_sudo(rows)

    @api.model
    def _move_on(self, finding, now):
        """A text was recorded: decide what comes after it."""
        text = planning.Text(now, finding.facts.start, finding.decision.step.id)
        finding.texts = [*finding.texts, text]
        if finding.draft.asks:
            finding.facts = replace(finding.facts, status="awaiting")
        finding.decide(now)


def _key(appointment):
    """(id of the Work Order, id of the visit or 0)"""
    if appointment._name == "fsm.visit":
        return appointment.order_id.id, appointment.id
    return appointment.id, 0
