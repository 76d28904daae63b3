# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from odoo.addons.fieldservice_job_confirmation.tests.common import (
    STATUSES,
    ConfirmationTransactionCase,
)

KPI = "kpi_fsm_appointment_"
NAMES = ("confirmed", "unanswered", "declined")


@tagged("post_install", "-at_install")
class TestDigest(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order.unlink()
        yesterday = fields.Datetime.now() - timedelta(hours=20)
        for status in STATUSES:
            cls._make_asked(status, yesterday)
        cls._make_asked("declined", yesterday - timedelta(days=90))
        cls.digest = cls.env["digest.digest"].create(
            {
                "name": "Digest",
                "company_id": cls.company.id,
                **{KPI + name: True for name in NAMES},
            }
        )

    def _figures(self, user, company=None, digest=None):
        """What the mail says to a user of the last 24 hours: name -> value."""
        found = (digest or self.digest)._compute_kpis(company or self.company, user)
        return {
            kpi["kpi_name"].removeprefix(KPI): kpi["kpi_col1"]["value"]
            for kpi in found
            if kpi["kpi_name"].startswith(KPI)
        }

    def test_figures(self):
        # Three of seven: rounded down.
        expected = {"confirmed": 42, "unanswered": 2, "declined": 1}
        for level in ("read", "edit", "admin"):
            self.assertEqual(self._figures(self.users[level]), expected)

    def test_who_has_no_level_gets_none(self):
        user = self.users["none"]
        self.assertEqual(self._figures(user), {})
        for name in NAMES:
            with self.assertRaises(AccessError):
                self.digest.with_user(user).read([f"{KPI}{name}_value"])

    def test_each_company_has_its_own(self):
        other = self._make_company("Other", number="+12025550177")
        user = self.users["read"]
        user.sudo().company_ids |= other
        digest = self.digest.copy({"company_id": other.id})
        figures = self._figures(user, other, digest)
        self.assertEqual(figures, dict.fromkeys(NAMES, 0))

    def test_a_click_leads_to_the_analysis(self):
        found = self.digest._compute_kpis(self.company, self.users["read"])
        actions = {kpi["kpi_name"]: kpi["kpi_action"] for kpi in found}
        for name in NAMES:
            action = actions[KPI + name].partition("?")[0]
            self.assertEqual(self.env.ref(action).res_model, "fsm.appointment")

    def test_the_mail(self):
        self.digest.user_ids = self.users["read"]
        self.digest.action_send_manual()
        mail = self.env["mail.mail"].search([], order="id desc", limit=1)
        self.assertIn("Appointments Confirmed (%)", mail.body_html)
