# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...core import planning
from ...core.alerts import first_for_many
from ...core.kinds import REMINDER

_ORDERS_SHOWN = 5  # of a contact


class FsmConfirmationPlanWords(models.AbstractModel):
    """Says when customers are asked next automatically, or why they aren't.

    The facts come from :class:`FsmConfirmationPlanner`.
    """

    _name = "fsm.confirmation.plan.words"
    _description = "What Is Told of Plans"

    @api.model
    def _describe_appointments(self, appointments):
        """Say when customers are asked next automatically, or why they aren't.

        :param appointments: ``fsm.order`` or ``fsm.visit`` records; a Work Order with
            visits tells of those to come
        :return: dict record -> str, without those of which there is nothing to say
        """
        now = fields.Datetime.now()
        planner = self.env["fsm.confirmation.planner"]
        plans = self.env["fsm.confirmation.plan"]
        parts = {
            record: [each.sudo() for each in record._get_planned_appointments()]
            for record in appointments
            if record.id and plans._is_on_sudo(record.sudo().company_id)
        }
        every = list(dict.fromkeys(each for mine in parts.values() for each in mine))
        findings = {}
        for company in {each.company_id for each in every}:
            mine = [each for each in every if each.company_id == company]
            found = planner._look(mine, plans._find_enabled_sudo(company), now)
            planner._check_due(found, now, self._is_coming)
            findings.update({finding.appointment: finding for finding in found})
        return {
            record: "\n".join(
                self._describe_one(record, findings[each])
                for each in mine
                if each in findings
            )
            for record, mine in parts.items()
        }

    @api.model
    def _describe_contact(self, partner):
        """Say what is sent next about the Work Orders of a contact, or why nothing is.

        :return: a line for each of the next Work Orders that the user may see
        """
        orders = self.env["fsm.order"]
        if not partner.id or not orders.has_access("read"):
            return False
        plans = self.env["fsm.confirmation.plan"]
        if not any(map(plans._get_enabled_ids, self.env.companies.ids)):
            return False
        now = fields.Datetime.now()
        place = Domain("location_id.contact_id", "=", partner.id)
        place |= Domain("location_id.owner_id", "=", partner.id)
        place |= Domain("location_id.partner_id", "=", partner.id)
        coming = Domain("scheduled_date_start", ">", now)
        coming |= Domain("visit_ids.scheduled_date_start", ">", now)
        orders = orders.search(
            place & coming & Domain("company_id", "in", self.env.companies.ids),
            order="scheduled_date_start",
            limit=_ORDERS_SHOWN,
        )
        described = self._describe_appointments(orders)
        lines = [
            f"{order.name}: {text}"
            for order in orders
            for text in (described.get(order) or "").splitlines()
        ]
        return "\n".join(lines) or False

    @api.model
    def _is_coming(self, finding):
        # Who can't be texted anyway is not late.
        return bool(finding.decision.at) or finding.decision.reason == "too_late"

    @api.model
    def _describe_one(self, record, finding):
        text = self._describe(finding)
        if finding.appointment._name == record._name:
            return text
        return f"{finding.appointment.name}: {text}"

    @api.model
    def _describe(self, finding):
        """Say what is sent next about an appointment, or why nothing is: a sentence."""
        decision = finding.decision
        when = self._format_there(finding, decision.at) if decision.at else ""
        step = finding.step.name or ""
        alert = finding.draft and first_for_many(finding.draft.alerts, is_again=True)
        if alert and decision.at and alert.code != decision.reason:
            return self.env._(
                "Not asked on %(when)s, unless it changes: %(reason)s",
                when=when,
                reason=alert.summary or alert.text,
            )
        words = {
            "": lambda: self.env._("Sends now: %s", step),
            "later": lambda: self.env._(
                "Next on %(when)s: %(step)s", when=when, step=step
            ),
            "settling": lambda: self.env._(
                "Changed a short while ago; next on %(when)s: %(step)s",
                when=when,
                step=step,
            ),
            "hours": lambda: self.env._(
                "Waits for the texting hours, until %(when)s: %(step)s",
                when=when,
                step=step,
            ),
            "asked_lately": lambda: self.env._(
                "Asked a short while ago; next on %(when)s: %(step)s",
                when=when,
                step=step,
            ),
            "daily_limit": lambda: self.env._(
                "The number got as many texts as it may today; next on %s", when
            ),
        }
        if decision.reason in words:
            return words[decision.reason]()
        return self._describe_reason(finding)

    @api.model
    def _describe_reason(self, finding):
        """Say why nothing is sent."""
        reason = finding.decision.reason
        known = {
            "closed": lambda: self.env._("Not asked: the work is done or canceled."),
            "past": lambda: self.env._("Not asked: the appointment has begun."),
            "undated": lambda: self.env._("Not asked: it has no date."),
            "no_plan": lambda: self.env._("Not asked: no plan that is on fits it."),
            "held": lambda: self.env._("Not asked: automatic texts are held."),
            "step_held": lambda: self.env._("Not asked: the step is held."),
            "too_late": lambda: self.env._("Not asked: not enough time is left."),
            "no_hours": lambda: self.env._(
                "Not asked: there are no texting hours left before it."
            ),
            "over_limit": lambda: self.env._(
                "Not asked: the number got as many texts as it may today, and later is"
                " too late."
            ),
            "no_step_left": lambda: self.env._("No more automatic texts."),
            "no_text": lambda: self.env._("Not asked: the text can't be used."),
            "confirmed": lambda: self.env._("No further text: confirmed."),
            "declined": lambda: self.env._("No further text: declined, for a person."),
            "opted_out": lambda: self.env._("No further text: opted out."),
            "unrecognized": lambda: self.env._(
                "No further text: a person reads the reply."
            ),
        }
        alert = finding.draft and first_for_many(finding.draft.alerts, is_again=True)
        if alert and reason in (alert.code, "too_late"):
            return self.env._("Not asked: %s", alert.summary or alert.text)
        return known[reason]() if reason in known else self.env._("Not asked.")

    @api.model
    def _format_there(self, finding, moment):
        """Date and time where the work happens, with the zone when it is another."""
        zone = finding.facts.zone
        order = finding.order
        text = ", ".join(
            (order._format_date_in(zone, moment), order._format_time_in(zone, moment))
        )
        return text if zone == self.env.user.tz else f"{text} ({zone})"

    @api.model
    def _render_example(self, company, step):
        """Render what a customer gets, for the company's next Work Order, as str."""
        orders_sudo = self.env["fsm.order"].sudo()
        order_sudo = orders_sudo.search(
            [
                ("company_id", "=", company.id),
                ("scheduled_date_start", ">", fields.Datetime.now()),
            ],
            order="scheduled_date_start",
            limit=1,
        )
        if not order_sudo:
            return self.env._("Shown as soon as there is a Work Order to come.")
        composer = self.env["fsm.confirmation.composer"]
        recipients = self.env["fsm.confirmation.recipient"]
        partner = recipients._choose(order_sudo)[order_sudo]
        draft = composer._draft(order_sudo, order_sudo._get_next_visit(), partner)
        draft.template = step.template_id.sudo()
        if step.audience == planning.REMINDED:
            draft.kind = REMINDER
        try:
            return composer._render([draft])[0]
        except UserError as error:
            return str(error)
