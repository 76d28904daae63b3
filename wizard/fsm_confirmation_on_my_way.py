# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core.alerts import first_block
from ..models.levels import check_may_edit
from ..models.xmlids import EDIT_GROUP
from ..tools.notification import CLOSE


class FsmConfirmationOnMyWay(models.TransientModel):
    """The technician is on the way: tells the customer who comes, and when."""

    _name = "fsm.confirmation.on.my.way"
    _inherit = ["fsm.confirmation.reference.mixin", "fsm.confirmation.hours.mixin"]
    _description = "On My Way"

    order_id = fields.Many2one("fsm.order", required=True, readonly=True)
    visit_id = fields.Many2one("fsm.visit", readonly=True)
    minutes = fields.Selection(
        [
            ("10", "10 minutes"),
            ("20", "20 minutes"),
            ("30", "30 minutes"),
            ("45", "45 minutes"),
            ("60", "1 hour"),
            ("90", "1½ hours"),
            ("0", "Not known"),
        ],
        "Arrives In",
        default="30",
        required=True,
    )
    contact_name = fields.Char("To", compute="_compute_text")
    body = fields.Text("Message", compute="_compute_text")
    problem = fields.Char(compute="_compute_text")

    @api.depends("order_id", "visit_id")
    def _compute_is_outside_hours(self):
        for wizard in self:
            appointment = wizard._get_appointment()
            wizard.is_outside_hours = appointment and not appointment._is_hour_to_text()

    @api.depends("order_id", "visit_id", "minutes", "send_now", "at_once_reason")
    @api.depends_context("uid")
    def _compute_text(self):
        for wizard in self:
            wizard.contact_name = wizard.body = wizard.problem = False
            if not wizard.order_id:
                continue
            try:
                wizard._check_may_tell()
            except (AccessError, UserError) as error:
                wizard.problem = str(error)
                continue
            draft = wizard._draft()
            composer = self.env["fsm.confirmation.composer"]
            wizard.contact_name = draft.partner.name
            wizard.body = composer._render([draft])[0]
            wizard.problem = wizard._find_problem(draft)

    def _get_appointment(self):
        return self.visit_id or self.order_id

    def _check_may_tell(self):
        """:raises AccessError: the user neither has Edit nor is the technician
        :raises UserError: the visit is another Work Order's
        """
        self._check_references()
        if self.visit_id and self.visit_id.order_id != self.order_id:
            raise UserError(self.env._("The visit belongs to another Work Order."))
        technician_sudo = self._get_appointment().sudo()._get_person()
        if self.env.user not in technician_sudo.partner_id.user_ids:
            check_may_edit(self.env)

    def _draft(self):
        """:return: :class:`~...fsm_confirmation_composer.Draft`, with its alerts"""
        minutes = int(self.minutes)
        arrival = minutes and fields.Datetime.now() + timedelta(minutes=minutes)
        draft = self._get_appointment().sudo()._draft_on_my_way(arrival or None)
        draft.at_once_reason = self._get_at_once_reason()
        return draft

    def _find_problem(self, draft):
        """Why the customer can't be told, "" if nothing stands in the way."""
        block = first_block(draft.alerts)
        return (
            draft.appointment._find_way_problem()
            or (block.text if block else "")
            or self._find_hours_problem()
        )

    def _find_hours_problem(self):
        """Why it can't be sent now: it can't wait, so the user has to give a reason."""
        if not self.is_outside_hours:
            return ""
        if not self.env.user.has_group(EDIT_GROUP):
            return self.env._("It's outside the texting hours at the job site: call.")
        if self.send_now:
            return ""  # Send asks for the reason.
        return self.env._(
            "It's outside the texting hours at the job site. Call, or send it now "
            "with a reason."
        )

    def action_send(self):
        """Send it, once for each appointment.

        :raises UserError: the customer can't be told, or knows it already
        """
        self.ensure_one()
        self._check_may_tell()
        self._check_reason()
        draft = self._draft()
        if problem := self._find_problem(draft):
            raise UserError(problem)
        try:
            self.env["fsm.confirmation.composer"]._record([draft], self.env.user)
        except psycopg2.errors.UniqueViolation as error:
            raise UserError(
                self.env._("The customer has already been notified.")
            ) from error
        return CLOSE
