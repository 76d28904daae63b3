# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
from collections import defaultdict
from datetime import timedelta

from markupsafe import Markup

from odoo import api, fields, models

from ...core import planning
from ...core.kinds import QUESTION
from ...tools.log_redaction import private_queries
from ...tools.retry import commit_unless_done
from ..xmlids import CALL_ACTIVITY, MODULE

_logger = logging.getLogger(__name__)

_LINK = Markup('<a href="/odoo/to-call">%s</a>')


class FsmConfirmationCallList(models.Model):
    """The customers that a dispatcher has to call as time runs out: a plan's last step.

    One row per dispatcher and company, with one activity, however many they are.
    Settled ones are removed, and nobody is notified twice of the others.
    """

    _name = "fsm.confirmation.call.list"
    _description = "Customers to Call"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "id"

    name = fields.Char(compute="_compute_name")
    user_id = fields.Many2one("res.users", "Dispatcher", required=True, readonly=True)
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    order_ids = fields.Many2many("fsm.order", string="Work Orders", readonly=True)
    visit_ids = fields.Many2many("fsm.visit", string="Visits", readonly=True)
    activity_id = fields.Many2one("mail.activity", readonly=True, ondelete="set null")

    # Two processes that find somebody's first customer make one row.
    _user_unique = models.UniqueIndex("(company_id, user_id)")

    @api.depends("order_ids", "visit_ids")
    @api.depends_context("lang")
    def _compute_name(self):
        for row in self:
            count = len(row.order_ids) + len(row.visit_ids)
            if count == 1:
                row.name = self.env._("1 appointment to call about")
            else:
                row.name = self.env._("%s appointments to call about", count)

    # ------------------------------------------------------------------
    # Keep up to date
    # ------------------------------------------------------------------

    @api.model
    @private_queries()
    def _cron_list(self):
        """Bring the lists of every company up to date."""
        companies_sudo = self.env["fsm.confirmation.planner"]._find_companies_sudo()
        # Including those in which no plan is on any more.
        companies_sudo |= self.sudo().search([("activity_id", "!=", False)]).company_id
        for company in companies_sudo:
            commit_unless_done(self.env, lambda each=company: self._update(each))

    @api.model
    def _update(self, company, now=None):
        """Bring the lists of a company up to date, without committing.

        :param now: naive UTC datetime
        """
        self.env.flush_all()
        # What other processes did meanwhile has to be seen.
        self.env.invalidate_all()
        found = self._find(company, now or fields.Datetime.now())
        rows_sudo = self.sudo().search([("company_id", "=", company.id)])
        new_sudo = self.sudo().create(
            [
                {"user_id": user.id, "company_id": company.id}
                for user in found
                if user not in rows_sudo.user_id
            ]
        )
        for row_sudo in rows_sudo | new_sudo:
            row_sudo._set_appointments(found.get(row_sudo.user_id, []))

    def _set_appointments(self, appointments):
        """Have the dispatcher call about these, and about no others.

        :param appointments: list of ``fsm.order`` and ``fsm.visit``
        """
        listed = {*self.order_ids, *self.visit_ids}
        if listed == set(appointments):
            return
        self.write(
            {
                name: [fields.Command.set(self._get_ids(appointments, model))]
                for name, model in (
                    ("order_ids", "fsm.order"),
                    ("visit_ids", "fsm.visit"),
                )
            }
        )
        self._set_activity(is_new=bool(set(appointments) - listed))

    @api.model
    def _get_ids(self, appointments, model):
        return [each.id for each in appointments if each._name == model]

    def _set_activity(self, is_new):
        """Bring the activity up to date with the list.

        :param is_new: whether there are appointments that nobody was told of yet
        """
        is_open = self.activity_id.active
        today = fields.Date.context_today(self.with_context(tz=self.user_id.tz))
        # Respect a later date that the dispatcher has set.
        day = max(today, self.activity_id.date_deadline or today)
        if not (self.order_ids or self.visit_ids):
            if is_open:
                self.activity_id.action_feedback(
                    feedback=self.env._("No one is left to call.")
                )
        elif is_open or (is_new and self.activity_id.date_deadline == day):
            self.activity_id.write({**self._prepare_words(), "date_deadline": day})
        elif is_new:
            self.activity_id = self.with_context(
                mail_activity_quick_update=True
            ).activity_schedule(
                CALL_ACTIVITY,
                today,
                user_id=self.user_id.id,
                **self._prepare_words(),
            )

    def _prepare_words(self):
        """What the activity says, in the dispatcher's language: field values."""
        row = self.with_context(lang=self.user_id.lang)
        return {
            "active": True,
            "summary": row.name,
            "note": _LINK % row.env._("Open the list"),
        }

    # ------------------------------------------------------------------
    # Who is to be called
    # ------------------------------------------------------------------

    @api.model
    def _find(self, company, now):
        """Appointments whose customers have to be called, by dispatcher.

        From what the planner found about each, so that nothing is worked out twice.

        :return: dict ``res.users`` -> list of ``fsm.order`` and ``fsm.visit``
        """
        found = defaultdict(list)
        outlooks_sudo = self._find_outlooks_sudo(company, now)
        messages_sudo = self._find_questions_sudo(outlooks_sudo)
        plans = {plan: plan._to_core() for plan in outlooks_sudo.plan_id}
        for outlook_sudo in outlooks_sudo:
            order_sudo = outlook_sudo.order_id
            message_sudo = messages_sudo.get((order_sudo, outlook_sudo.visit_id))
            if planning.needs_call(
                outlook_sudo._to_core(),
                plans[outlook_sudo.plan_id],
                # Now, if the text is still to be sent.
                message_sudo and (message_sudo.sent_date or now),
                outlook_sudo.reason or "",
                now,
            ):
                user = self._get_dispatcher(message_sudo, order_sudo)
                found[user].append(outlook_sudo.visit_id or order_sudo)
        found.pop(self.env["res.users"], None)
        return found

    @api.model
    def _find_outlooks_sudo(self, company, now):
        """What the planner found about appointments that start soon, with sudo."""
        outlooks_sudo = self.env["fsm.confirmation.outlook"].sudo()
        plans_sudo = self.env["fsm.confirmation.plan"]._find_enabled_sudo(company)
        longest = max(plans_sudo.mapped("call_hours"), default=0)
        if not longest or not company.job_confirmation_enabled:
            return outlooks_sudo
        outlooks_sudo = outlooks_sudo.search(
            [
                ("company_id", "=", company.id),
                ("plan_id", "in", plans_sudo.ids),
                ("appointment_start", ">", now),
                ("appointment_start", "<=", now + timedelta(hours=longest)),
                "|",
                ("visit_id", "!=", False),
                ("order_id.confirmation_status", "in", planning.ASKED_ABOUT),
            ]
        )
        names = ["scheduled_date_start", "confirmation_status"]
        outlooks_sudo.order_id.fetch([*names, "stage_id", "create_uid", "visit_ids"])
        outlooks_sudo.visit_id.fetch(names)
        return outlooks_sudo.filtered(lambda outlook: outlook._is_current())

    @api.model
    def _find_questions_sudo(self, outlooks_sudo):
        """The newest question about each: dict (order, visit) -> message with sudo."""
        messages_sudo = self.env["fsm.confirmation"].sudo()
        messages_sudo = messages_sudo.search_fetch(
            [
                ("order_id", "in", outlooks_sudo.order_id.ids),
                ("kind", "=", QUESTION),
                ("state", "!=", "canceled"),
            ],
            ["order_id", "visit_id", "user_id", "company_id", "state", "sent_date"],
            order="id",
        )
        return {
            (message.order_id, message.visit_id): message for message in messages_sudo
        }

    @api.model
    def _get_dispatcher(self, message_sudo, order_sudo):
        """The user who has to call: the one who would read the reply, or none."""
        return self.env["fsm.confirmation.activity"]._get_responsible_user(
            message_sudo or self.env["fsm.confirmation"], order_sudo
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_open(self):
        """Open the Day Board with exactly these appointments."""
        self.ensure_one()
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"{MODULE}.fsm_appointment_action_calls"
        )
        action["context"] = {
            "search_default_group_day": 1,
            "search_default_call_user_id": self.user_id.id,
        }
        return action
