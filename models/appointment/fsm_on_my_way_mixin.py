# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import replace

from odoo import api, fields, models

from ...core.alerts import first_block
from ...core.formatting import localize
from ...core.kinds import ON_MY_WAY
from ...tools.dialogs import open_dialog
from ..xmlids import EDIT_GROUP


class FsmOnMyWayMixin(models.AbstractModel):
    """The technician of an appointment is about to leave: its customer is told."""

    _name = "fsm.on.my.way.mixin"
    _description = "Appointment With a Technician on the Way"

    can_send_on_my_way = fields.Boolean(
        compute="_compute_can_send_on_my_way",
        help="It is today, its customer was not told yet, and the user goes there or "
        "may text customers.",
    )

    @api.depends("scheduled_date_start", "person_id")
    @api.depends_context("uid")
    def _compute_can_send_on_my_way(self):
        may_send = self.env.user.has_group(EDIT_GROUP)
        for appointment_sudo in self._origin.sudo():
            order_sudo = appointment_sudo._get_appointment_order()
            # What costs a query comes last: few appointments are for today.
            self.browse(appointment_sudo.id).can_send_on_my_way = (
                order_sudo.company_id.job_confirmation_enabled
                and not appointment_sudo._find_way_problem()
                and (may_send or appointment_sudo._has_technician(self.env.user))
            )
        (self - self._origin).can_send_on_my_way = False

    def _has_technician(self, user):
        """Whether a user is the technician who comes."""
        return user in self.sudo()._get_person().partner_id.user_ids

    def _find_way_problem(self):
        """Why nobody can be on the way to it now, "" if one can."""
        self.ensure_one()
        order_sudo = self._get_appointment_order().sudo()
        start = self.scheduled_date_start
        if self._is_appointment_closed():
            return self.env._("The Work Order is completed or canceled.")
        zone = order_sudo._get_appointment_timezone()
        now = fields.Datetime.now()
        if not start or localize(start, zone).date() != localize(now, zone).date():
            return self.env._("The appointment isn't today.")
        told = self.env["fsm.confirmation"].sudo()
        if told.search_count(self._get_way_domain(), limit=1):
            return self.env._("The customer has already been notified.")
        return ""

    def _get_way_domain(self):
        """What finds the text that told that the technician is on the way."""
        return [
            *self._get_about_domain(),
            ("appointment_start", "=", self.scheduled_date_start),
            ("kind", "=", ON_MY_WAY),
            ("state", "not in", ("failed", "canceled")),
        ]

    def _draft_on_my_way(self, arrival=None):
        """The text to who knows of the appointment, with its alerts.

        :param arrival: naive UTC datetime, None when it is not known
        :return: :class:`~...fsm_confirmation_composer.Draft`
        """
        self.ensure_one()
        order = self._get_appointment_order()
        told_sudo = self.env["fsm.confirmation.change"]._find_told_sudo(self.sudo())
        partner_sudo = told_sudo.partner_id or self.env[
            "fsm.confirmation.recipient"
        ]._choose(order.sudo()).get(order.sudo())
        visit = self if self != order else self.env["fsm.visit"]
        draft = self.env["fsm.confirmation.composer"]._draft(order, visit, partner_sudo)
        company_sudo = order.sudo().company_id
        draft = replace(
            draft,
            kind=ON_MY_WAY,
            template=company_sudo._get_text_templates_sudo(ON_MY_WAY)[:1],
            arrival=arrival,
            is_recipient=True,
        )
        self.env["fsm.confirmation.alert"]._check([draft])
        return draft

    def _is_hour_to_text(self):
        """Whether one may text now where the work happens."""
        order_sudo = self._get_appointment_order().sudo()
        departures = self.env["fsm.confirmation.departure"]
        zone = order_sudo._get_appointment_timezone()
        now, departure = departures._find_in(zone, order_sudo.company_id)
        return departure == now

    def _tell_on_my_way(self):
        """Work Orders entered a stage that says so: tell today's customers, once.

        At night nobody is woken by it.
        """
        drafts = []
        for appointment in self:
            if not appointment._find_way_problem() and appointment._is_hour_to_text():
                draft = appointment._draft_on_my_way()
                if not first_block(draft.alerts):
                    drafts.append(draft)
        self.env["fsm.confirmation.composer"]._record(drafts, self.env.user)

    def action_on_my_way(self):
        """Open the dialog that tells the customer."""
        self.ensure_one()
        order = self._get_appointment_order()
        return open_dialog(
            self.env._("On My Way"),
            "fsm.confirmation.on.my.way",
            default_order_id=order.id,
            default_visit_id=self.id if self != order else False,
        )
