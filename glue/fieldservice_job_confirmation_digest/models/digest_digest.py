# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain

from odoo.addons.fieldservice_job_confirmation.models.xmlids import MODULE, READ_GROUP

_ACTION = f"{MODULE}.fsm_appointment_action_analysis"


class DigestDigest(models.Model):
    _inherit = "digest.digest"

    kpi_fsm_appointment_confirmed = fields.Boolean("Appointments Confirmed (%)")
    kpi_fsm_appointment_confirmed_value = fields.Integer(
        compute="_compute_kpi_fsm_appointment_confirmed_value"
    )
    kpi_fsm_appointment_unanswered = fields.Boolean("Appointments Unanswered")
    kpi_fsm_appointment_unanswered_value = fields.Integer(
        compute="_compute_kpi_fsm_appointment_unanswered_value"
    )
    kpi_fsm_appointment_declined = fields.Boolean("Appointments Declined")
    kpi_fsm_appointment_declined_value = fields.Integer(
        compute="_compute_kpi_fsm_appointment_declined_value"
    )

    def _compute_kpi_fsm_appointment_confirmed_value(self):
        name = "kpi_fsm_appointment_confirmed_value"
        self._count_appointments(name, [])
        totals = {digest: digest[name] for digest in self}
        self._count_appointments(name, [("confirmation_status", "=", "confirmed")])
        for digest, total in totals.items():
            digest[name] = 100 * digest[name] // total if total else 0

    def _compute_kpi_fsm_appointment_unanswered_value(self):
        self._count_appointments(
            "kpi_fsm_appointment_unanswered_value",
            [("confirmation_status", "in", ("awaiting", "no_answer"))],
        )

    def _compute_kpi_fsm_appointment_declined_value(self):
        self._count_appointments(
            "kpi_fsm_appointment_declined_value",
            [("confirmation_status", "=", "declined")],
        )

    def _count_appointments(self, name, domain):
        """Count appointments that begin in the period.

        :raises AccessError: the digest leaves the figure out for this user
        """
        if not self.env.user.has_group(READ_GROUP):
            raise AccessError(self.env._("You have no access to the Message Center."))
        self._calculate_company_based_kpi(
            "fsm.appointment",
            name,
            date_field="scheduled_date_start",
            additional_domain=Domain(domain),
        )

    def _compute_kpis_actions(self, company, user):
        actions = super()._compute_kpis_actions(company, user)
        menu = self.env.ref(f"{MODULE}.menu_message_center")
        link = f"{_ACTION}?menu_id={menu.id}"
        for name in ("confirmed", "unanswered", "declined"):
            actions[f"kpi_fsm_appointment_{name}"] = link
        return actions
