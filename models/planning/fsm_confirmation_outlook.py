# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...core import planning

# How long after an appointment one can see why its customer was not asked.
_KEPT = timedelta(days=60)


class FsmConfirmationOutlook(models.Model):
    """The planner's last finding about an appointment, and when it looks again.

    The planner keeps it so that it needn't look at every appointment each minute:
    without it, the results would be the same.
    """

    _name = "fsm.confirmation.outlook"
    _description = "Outlook of an Appointment"
    _order = "appointment_start, id"
    _log_access = False

    order_id = fields.Many2one("fsm.order", required=True, ondelete="cascade")
    visit_id = fields.Many2one("fsm.visit", ondelete="cascade", index="btree_not_null")
    company_id = fields.Many2one("res.company", required=True, ondelete="cascade")
    appointment_start = fields.Datetime(required=True)
    plan_id = fields.Many2one("fsm.confirmation.plan", ondelete="cascade", index=True)
    step_id = fields.Many2one("fsm.confirmation.plan.step", ondelete="set null")
    reason = fields.Char(help="Why nothing left; empty: the text of the step did.")
    next_date = fields.Datetime(required=True)

    _appointment_unique = models.UniqueIndex("(order_id, (COALESCE(visit_id, 0)))")
    _company_index = models.Index("(company_id)")
    _step_index = models.Index("(step_id)")
    _start_index = models.Index("(appointment_start)")

    def _is_current(self):
        """Whether it is about the appointment as it is."""
        appointment = self.visit_id or self.order_id
        if appointment.scheduled_date_start != self.appointment_start:
            return False
        return bool(self.visit_id) or not self.order_id.visit_ids

    def _to_core(self):
        """What is known of it as :class:`~...core.planning.PlannedAppointment`."""
        return planning.PlannedAppointment(
            start=self.appointment_start,
            zone="",
            status=(self.visit_id or self.order_id).confirmation_status,
            is_closed=self.order_id.stage_id.is_closed,
        )

    @api.model
    def _remember_sudo(self, rows):
        """Record findings, replacing earlier ones.

        :param rows: list of dict of field values
        """
        names = (
            "order_id",
            "visit_id",
            "company_id",
            "appointment_start",
            "plan_id",
            "step_id",
            "reason",
            "next_date",
        )
        if not rows:
            return
        self.env.execute_query(
            SQL(
                """
                INSERT INTO fsm_confirmation_outlook (%s) VALUES %s
                ON CONFLICT (order_id, (COALESCE(visit_id, 0))) DO UPDATE SET %s
                  RETURNING id
                """,
                SQL(", ").join(map(SQL.identifier, names)),
                SQL(", ").join(
                    SQL("%s", tuple(row[name] or None for name in names))
                    for row in rows
                ),
                SQL(", ").join(
                    SQL("%s = EXCLUDED.%s", SQL.identifier(name), SQL.identifier(name))
                    for name in names
                ),
            )
        )
        self.invalidate_model()

    @api.model
    def _forget_companies_sudo(self, companies):
        """Have the planner look at all appointments of companies again."""
        self._expire_sudo(SQL("company_id = ANY(%s)", companies.ids))

    @api.model
    def _forget_sudo(self, orders):
        """Have the planner look at Work Orders again, and at their visits."""
        if orders:
            self._expire_sudo(SQL("order_id = ANY(%s)", orders.ids))

    @api.model
    def _forget_locations_sudo(self, locations):
        """Have the planner look at all appointments at places again."""
        mine = SQL(
            "order_id IN (SELECT id FROM fsm_order WHERE location_id = ANY(%s))",
            locations.ids,
        )
        self._expire_sudo(mine)

    @api.model
    def _expire_sudo(self, condition):
        """What was found stays until the planner has looked: others read it as well."""
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                "UPDATE fsm_confirmation_outlook SET next_date = 'epoch'"
                " WHERE next_date > 'epoch' AND %s",
                condition,
            )
        )
        self.invalidate_model()

    @api.autovacuum
    def _gc_old(self):
        limit = fields.Datetime.now() - _KEPT
        self.sudo().search([("appointment_start", "<", limit)], limit=10000).unlink()
