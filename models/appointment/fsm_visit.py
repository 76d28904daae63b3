# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter

from odoo import api, fields, models
from odoo.exceptions import AccessError, ValidationError

from ...core.kinds import QUESTION
from ..levels import may_edit
from ..xmlids import READ_GROUP


class FsmVisit(models.Model):
    """One scheduled visit of a Work Order that needs several."""

    _name = "fsm.visit"
    _description = "Field Service Visit"
    _inherit = ["mail.thread", "fsm.appointment.mixin"]
    _order = "order_id, scheduled_date_start, sequence, id"

    _scheduled_index = models.Index("(scheduled_date_start)")

    order_id = fields.Many2one(
        "fsm.order", string="Work Order", required=True, ondelete="cascade", index=True
    )
    name = fields.Char("Visit", required=True, help="Empty: it is numbered by itself.")
    sequence = fields.Integer(default=10)
    scheduled_date_start = fields.Datetime("Start", required=True)
    scheduled_date_end = fields.Datetime("End")
    person_id = fields.Many2one(
        "fsm.person", string="Technician", index="btree_not_null"
    )
    company_id = fields.Many2one(
        related="order_id.company_id", store=True, index=True, precompute=True
    )
    confirmation_ids = fields.One2many(
        "fsm.confirmation", "visit_id", string="Confirmations", groups=READ_GROUP
    )

    is_upcoming = fields.Boolean(
        compute="_compute_is_upcoming",
        help="Still to come, on a Work Order that is not closed.",
    )
    job_confirmation_enabled = fields.Boolean(
        related="order_id.job_confirmation_enabled"
    )

    @api.depends("scheduled_date_start", "order_id.stage_id")
    def _compute_is_upcoming(self):
        for visit in self:
            visit.is_upcoming = (
                visit._is_appointment_upcoming() and not visit._is_appointment_closed()
            )

    @api.depends("name", "scheduled_date_start", "scheduled_date_end", "person_id.name")
    @api.depends_context("uid", "tz", "lang")
    def _compute_display_name(self):
        for visit in self:
            order = visit.order_id
            # What tells visits apart comes first: a phone shows no more.
            parts = []
            if visit.scheduled_date_start and order:
                parts.append(visit.appointment_text)
            if visit.person_id:
                parts.append(visit.person_id.sudo().name)
            parts.append(visit.name)
            visit.display_name = ", ".join(part for part in parts if part)

    @api.constrains("scheduled_date_start", "scheduled_date_end")
    def _check_dates(self):
        for visit in self:
            end = visit.scheduled_date_end
            if end and visit.scheduled_date_start > end:
                raise ValidationError(
                    self.env._("The visit “%s” ends before it starts.", visit.name)
                )

    @api.model_create_multi
    def create(self, vals_list):
        added = Counter()
        for vals in vals_list:
            vals.pop("company_id", None)  # It's the Work Order's.
            if not vals.get("name"):
                order = self.env["fsm.order"].browse(vals.get("order_id"))
                added[order] += 1
                number = len(order.visit_ids) + added[order]
                vals["name"] = self.env._("Visit %s", number)
        quiet = self.with_context(mail_create_nolog=True)
        visits = super(FsmVisit, quiet).create(vals_list)
        visits._check_order()
        visits._sum_up(visits.order_id)
        return visits.with_context(mail_create_nolog=False)

    def write(self, vals):
        vals = {name: value for name, value in vals.items() if name != "company_id"}
        orders = self.order_id
        if "order_id" in vals:
            self._check_may_take_along()
        if vals.get("scheduled_date_start") and "scheduled_date_end" not in vals:
            # A visit that is moved stays as long as it was.
            for visit in self:
                visit_traced = visit._with_trace(vals)
                super(FsmVisit, visit_traced).write(visit._with_moved_end(vals))
            result = True
        else:
            result = super(FsmVisit, self._with_trace(vals)).write(vals)
        if "order_id" in vals:
            self._check_order()
            self._take_messages_along()
            self._sum_up(orders | self.order_id)
        elif vals.keys() & {"confirmation_status", "scheduled_date_start"}:
            orders._update_status_from_visits_sudo()
        return result

    def _check_order(self):
        """:raises AccessError: the user may not read the Work Order, whatever type its
        id came in"""
        if not self.env.su:
            self.flush_recordset()
            self.invalidate_recordset(["order_id"])
            self.order_id.check_access("read")

    @api.model
    def _sum_up(self, orders):
        """Have Work Orders show what their visits do, as some came or went.

        Without Edit nobody changes that by planning: what a Work Order showed stays.
        """
        if not may_edit(self.env):
            return
        orders._update_status_from_visits_sudo()
        for order_sudo in orders.sudo():
            if not order_sudo._get_upcoming_visits():
                status = order_sudo._get_known_status_sudo()
                order_sudo._set_confirmation_status_sudo(status)

    def _take_messages_along(self):
        """What was said about a visit goes with it to another Work Order.

        At another place, or of another customer, it has to be asked about again.
        """
        for visit_sudo in self.sudo():
            order_sudo = visit_sudo.order_id
            messages_sudo = visit_sudo.confirmation_ids.filtered(
                lambda rec, order_sudo=order_sudo: rec.order_id != order_sudo
            )
            foreign_sudo = messages_sudo.filtered(
                lambda rec, order_sudo=order_sudo: (
                    rec.company_id != order_sudo.company_id
                )
            )
            if foreign_sudo:
                self.env["fsm.confirmation.transfer"]._detach(foreign_sudo)
                visit_sudo._set_confirmation_status_sudo("not_sent")
            (messages_sudo - foreign_sudo).write({"order_id": order_sudo.id})
            visit_sudo._on_place_changed()

    def _check_may_take_along(self):
        """Without Edit nobody moves or deletes a visit, and with it what was answered.

        :raises AccessError: a customer was asked about one of them
        """
        if may_edit(self.env):
            return
        for visit in self:
            if visit.sudo().confirmation_status != "not_sent":
                raise AccessError(
                    self.env._(
                        "The customer was asked about “%s”. Only users with the "
                        "Message Center level Edit can delete it, or move it to "
                        "another Work Order.",
                        visit.display_name,
                    )
                )

    @api.onchange("scheduled_date_start")
    def _onchange_scheduled_date_start(self):
        before = self._origin
        if before.scheduled_date_end and self.scheduled_date_start:
            self.scheduled_date_end = self.scheduled_date_start + before._get_length()

    def unlink(self):
        orders = self.order_id
        self._check_may_take_along()
        self.env["fsm.confirmation.change"]._note_deleted_sudo(self)
        for visit in self:
            messages_sudo = visit.sudo().confirmation_ids
            messages_sudo._close_sudo("deleted")
            activities = self.env["fsm.confirmation.activity"]
            activities._close(messages_sudo)
        result = super().unlink()
        self._sum_up(orders.exists())
        return result

    def _get_appointment_order(self):
        return self.order_id

    @api.model
    def _get_stage_path(self):
        return "order_id.stage_id"

    def _get_about_domain(self):
        return [("visit_id", "=", self.id)]

    def _get_appointment_confirmations_sudo(self, domain=()):
        self.ensure_one()
        messages_sudo = self.env["fsm.confirmation"].sudo()
        return messages_sudo.search(
            [*self._get_about_domain(), ("kind", "=", QUESTION), *domain]
        )

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def action_send_confirmation(self):
        """Open the Send Confirmation dialog for this visit."""
        self.ensure_one()
        action = self.order_id.action_send_confirmation()
        action["context"]["default_visit_id"] = self.id
        return action
