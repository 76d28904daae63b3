# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking about many appointments at once, with few queries however many they are."""

from collections import Counter, defaultdict
from dataclasses import dataclass

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.log_redaction import private_queries
from .fsm_order import MAX_TEXT, plain_spaces


@dataclass(slots=True)
class Plan:
    """One appointment that is to be asked about, or why it can't be."""

    order: object  # ``fsm.order``
    visit: object  # ``fsm.visit``, empty without visits
    partner: object = None  # ``res.partner`` with sudo
    mobile: str = ""  # E.164
    sender: str = ""  # our number, or a Messaging Service
    reason: str = ""  # one sentence why it can't be asked about; empty: it can

    @property
    def appointment(self):
        """The visit, or the Work Order without visits."""
        return self.visit or self.order

    @property
    def line(self):
        """Messages on one line wait for answers together."""
        return self.mobile, self.sender


class FsmOrder(models.Model):
    """Who is to be asked about which appointment."""

    _inherit = "fsm.order"

    def _plan_confirmations(self):
        """What asking about all these Work Orders comes to.

        The same rules as in the dialog for one of them, with one query each for all.
        What needs a person's decision there is left out here, with the reason.

        :return: list of :class:`Plan`, in the order of the records
        """
        plans = []
        # With sudo, as a dispatcher need not read every contact's record.
        for order in self.sudo():
            visit = order._get_next_visit()
            plan = Plan(order, visit)
            plan.reason = order._find_batch_obstacle(visit)
            if not plan.reason:
                order._choose_batch_contact(plan)
            plans.append(plan)
        self._check_plan_numbers([plan for plan in plans if not plan.reason])
        self._check_plan_answers([plan for plan in plans if not plan.reason])
        return plans

    def _find_batch_obstacle(self, visit):
        """Why this appointment can't be asked about whoever is texted, or ""."""
        self.ensure_one()
        company = self.company_id
        if not company.job_confirmation_enabled:
            return self.env._("Job confirmations are not enabled for %s", company.name)
        if not company._job_confirmation_ready():
            return self.env._("Twilio is not set up for %s", company.name)
        if self.stage_id.is_closed:
            return self.env._("The Work Order is %s", self.stage_id.name)
        if self.visit_ids and not visit:
            return self.env._("All visits are in the past")
        appointment = visit or self
        if not appointment.scheduled_date_start:
            return self.env._("It has no date")
        if not appointment._is_appointment_upcoming():
            return self.env._("The appointment is in the past")
        return ""

    def _choose_batch_contact(self, plan):
        """The first of the main contacts with a number that can be texted."""
        location = self.location_id
        # Not their union: each of them is read together with all other plans'.
        for partner in (location.contact_id, location.owner_id, location.partner_id):
            if not partner:
                continue
            number, verdict = partner._get_confirmation_number(self.company_id)
            if verdict == "ok":
                plan.partner, plan.mobile = partner, number
                plan.sender = self.company_id._job_confirmation_sender(number)
                return
        plan.reason = self.env._("No usual contact has a mobile number")

    @api.model
    def _check_plan_numbers(self, plans):
        """Leave out numbers that opted out, or that turned out to be landlines."""
        numbers = {plan.mobile for plan in plans}
        opted_out = self.env["phone.blacklist"]._job_confirmation_find_sudo(numbers)
        landlines = set(
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [("mobile", "in", list(numbers)), ("failure_type", "=", "landline")]
            )
            .mapped("mobile")
        )
        for plan in plans:
            if plan.mobile in opted_out:
                plan.reason = self.env._("%s opted out of texts", plan.partner.name)
            elif plan.mobile in landlines:
                plan.reason = self.env._("The number is a landline")

    @api.model
    def _check_plan_answers(self, plans):
        """Leave out appointments that were asked about as they are now."""
        reasons = {
            "confirmed": self.env._("Confirmed already"),
            "declined": self.env._("Declined: agree on another date first"),
            "unrecognized": self.env._("Answered, but not clearly: read the reply"),
            False: self.env._("Asked already, no answer yet"),
        }
        orders = {plan.order.id for plan in plans}
        asked = (
            self.env["fsm.confirmation"]
            .sudo()
            .search([("order_id", "in", list(orders)), ("state", "!=", "canceled")])
            .grouped(lambda record: (record.order_id, record.visit_id))
        )
        nothing = self.env["fsm.confirmation"]
        for plan in plans:
            earlier = asked.get((plan.order, plan.visit), nothing)
            for record in earlier._without_taken_back():
                same = record.appointment_start == plan.appointment.scheduled_date_start
                counts = (
                    record.response in reasons if record.response else (record.is_open)
                )
                if same and counts and record.closed_reason != "moved":
                    plan.reason = reasons[record.response]
                    break


class FsmConfirmation(models.Model):
    """Recording many texts at once."""

    _inherit = "fsm.confirmation"

    @api.model
    def _record_batch_sudo(self, plans, user):
        """Record many texts, ready to leave when this transaction is committed.

        What :meth:`_record_sudo` does for one, with a number of queries that does not
        grow with theirs. A number that needs a code, because it has another open
        question or is asked about several appointments here, goes there.

        :param plans: list of :class:`Plan` without a reason
        :param user: ``res.users`` who sends
        :return: ``fsm.confirmation`` records with sudo
        """
        messages_sudo = self.sudo()
        busy = messages_sudo._find_busy_lines(plans)
        counts = Counter(plan.line for plan in plans)
        alone = [
            plan for plan in plans if counts[plan.line] == 1 and plan.line not in busy
        ]
        records_sudo = messages_sudo._insert_plans(alone, user)
        done = set(records_sudo.order_id.ids)
        for plan in plans:
            if plan.order.id not in done:
                records_sudo |= messages_sudo._record_sudo(
                    plan.order, plan.visit, plan.partner, plan.mobile, user
                )
        return records_sudo

    def _find_busy_lines(self, plans):
        """(number, sender) pairs with an open question; expired ones are closed."""
        open_sudo = self.search(
            [("mobile", "in", [plan.mobile for plan in plans]), ("is_open", "=", True)]
        )
        now = fields.Datetime.now()
        expired_sudo = open_sudo.filtered(
            lambda rec: rec.appointment_start and rec.appointment_start <= now
        )
        expired_sudo._close_sudo("past")
        return {(rec.mobile, rec.sender) for rec in open_sudo - expired_sudo}

    def _insert_plans(self, plans, user):
        """Create rows without codes.

        :return: the records; none when somebody else asked one of them just now
        """
        if not plans:
            return self.browse()
        bodies = self._render_plans(plans)
        values = [
            {
                "order_id": plan.order.id,
                "visit_id": plan.visit.id,
                "partner_id": plan.partner.id,
                "person_id": (plan.visit.person_id or plan.order.person_id).id,
                "mobile": plan.mobile,
                "company_id": plan.order.company_id.id,
                "user_id": user.id,
                "sender": plan.sender,
                "appointment_start": plan.appointment.scheduled_date_start,
                "code": False,
                "body": body,
            }
            for plan, body in zip(plans, bodies, strict=True)
        ]
        try:
            with private_queries(), self.env.cr.savepoint():
                records = self.create(values)
                records.flush_recordset()
        except psycopg2.errors.UniqueViolation:
            return self.browse()
        orders = self.env["fsm.order"].browse([plan.order.id for plan in plans])
        # Asking again is what a person does about an earlier answer, or a failure.
        earlier = self.search(
            Domain("order_id", "in", orders.ids)
            & (
                Domain("activity_id", "!=", False)
                | Domain("state", "=", "failed")
                | Domain("response", "in", ("declined", "opted_out"))
            )
        )
        self.env["fsm.confirmation.response"]._close_activities(earlier)
        asked = {record._get_appointment_sudo() for record in records}
        earlier.filtered(
            lambda rec: rec._get_appointment_sudo() in asked
        )._mark_replaced_sudo()
        visits = records.visit_id
        visits._set_confirmation_status_sudo("awaiting")
        (orders - visits.order_id)._set_confirmation_status_sudo("awaiting")
        self.env["fsm.confirmation.chatter"]._log_sent(records)
        records._notify_changed()
        self.env.ref(
            "fieldservice_job_confirmation.ir_cron_send_confirmations"
        ).sudo()._trigger()
        return records

    @api.model
    def _render_plans(self, plans):
        """The texts, rendered together where template and language are the same."""
        groups = defaultdict(list)
        for plan in plans:
            lang = plan.order._get_confirmation_lang(plan.partner)
            groups[plan.order.company_id, lang].append(plan)
        bodies = {}
        for (company, lang), members in groups.items():
            template_sudo = company._job_confirmation_template().with_context(
                confirmation_visit_id=tuple(
                    plan.visit.id for plan in members if plan.visit
                ),
                confirmation_code="",
            )
            ids = [plan.order.id for plan in members]
            bodies.update(template_sudo._render_field("body", ids, set_lang=lang))
        texts = [plain_spaces(str(bodies[plan.order.id]))[:MAX_TEXT] for plan in plans]
        for plan, text in zip(plans, texts, strict=True):
            if not text:
                raise UserError(plan.order._describe_template_problem())
        return texts
