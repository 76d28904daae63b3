# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The customer is told, once, that the technician is on the way."""

from psycopg2.errors import UniqueViolation

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from ..common import MODULE, ConfirmationHttpCase, new_user


@tagged("post_install", "-at_install")
class TestOnMyWay(ConfirmationHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        today = cls._local_time("America/New_York", days=0, hour=23, minute=30)
        cls.today = cls._make_order(today, hours=0.25)
        cls.worker = new_user(
            cls.env,
            "on_my_way_worker",
            groups="base.group_user,fieldservice.group_fsm_user_own",
            company_id=cls.company.id,
            company_ids=cls.company.ids,
            tz="America/New_York",
        )
        cls.today.person_id = cls.technician
        cls.worker.partner_id = cls.technician.partner_id

    def _dialog(self, user=None, order=None, **values):
        order = order or self.today
        dialogs = self.env["fsm.confirmation.on.my.way"].with_user(
            user or self.dispatcher
        )
        dialogs = dialogs.with_context(allowed_company_ids=self.company.ids)
        return dialogs.create({"order_id": order.id, **values})

    def _told(self, order=None):
        order = order or self.today
        return order.confirmation_ids.filtered(lambda rec: rec.kind == "on_my_way")

    def test_once(self):
        self.assertTrue(self.today.with_user(self.dispatcher).can_send_on_my_way)
        dialog = self._dialog(minutes="45")
        self.assertIn("Bob Ray is on the way to you. ETA about", dialog.body)
        dialog.action_send()
        told = self._told()
        self.assertEqual((len(told), told.is_open), (1, False))
        self.assertEqual(told.body, dialog.body)
        self._run_outbox()
        self.assertEqual(told.state, "delivered")
        self.env.invalidate_all()
        self.assertFalse(self.today.with_user(self.dispatcher).can_send_on_my_way)
        with self.assertRaises(UserError):
            self._dialog().action_send()
        self.assertEqual(self._told(), told)
        self.assertEqual(self.today.confirmation_status, "not_sent")

    def test_my_day(self):
        """The technician's own work of today, without any level."""
        start = self.today.scheduled_date_start
        other = self._make_order(start, person_id=False)
        visited = self._make_order(start, person_id=False)
        self._make_visit(visited, 0, person_id=self.technician.id)
        action = self.env.ref(f"{MODULE}.fsm_order_action_my_day").sudo()
        domain = safe_eval(action.domain, {"uid": self.worker.id})
        found = self.env["fsm.order"].with_user(self.worker).search(domain)
        self.assertEqual(found & (self.today | other | visited), self.today | visited)
        view = self.env.ref(f"{MODULE}.fsm_order_view_kanban_my_day")
        orders = self.env["fsm.order"].with_user(self.worker)
        arch = orders.get_view(view.id, "kanban")["arch"]
        self.assertNotIn("confirmation_status", arch)
        self.assertIn("confirmation_note", arch)

    def test_two_at_the_same_time(self):
        first, second = self._dialog(), self._dialog(self.worker)
        draft = second._draft()
        first.action_send()
        composer = self.env["fsm.confirmation.composer"]
        with self.assertRaises(UniqueViolation):
            composer._record([draft], self.worker)

    def test_without_a_time(self):
        self.assertNotIn("Expected", self._dialog(minutes="0").body)

    def test_the_worker_tells_the_customers_of_his_own_jobs(self):
        self.assertTrue(self.today.with_user(self.worker).can_send_on_my_way)
        self._dialog(self.worker).action_send()
        self.assertEqual(self._told().user_id, self.worker)
        other = self._make_order(self.today.scheduled_date_start, hours=0.25)
        other.person_id = self.env["fsm.person"].create({"name": "Ann"})
        self.assertFalse(other.with_user(self.worker).can_send_on_my_way)
        for level in ("read", "none"):
            with self.assertRaises(AccessError):
                self._dialog(self.users[level], other).action_send()
        with self.assertRaises(AccessError):
            self._dialog(self.worker, other).action_send()
        self.assertFalse(self._told(other))

    def test_only_today(self):
        self.assertFalse(self.order.with_user(self.dispatcher).can_send_on_my_way)
        with self.assertRaises(UserError):
            self._dialog(order=self.order).action_send()

    def test_a_visit_of_another_work_order(self):
        later = self._make_order()
        visit = self._make_visit(later, 1)
        with self.assertRaises(UserError):
            self._dialog(visit_id=visit.id).action_send()

    def test_a_visit(self):
        order = self._make_order()
        visit = self._make_visit(order, 1)
        visit.write(
            {
                "scheduled_date_start": self.today.scheduled_date_start,
                "scheduled_date_end": self.today.scheduled_date_end,
            }
        )
        self.assertTrue(visit.with_user(self.dispatcher).can_send_on_my_way)
        self._dialog(order=order, visit_id=visit.id).action_send()
        self.assertEqual(self._told(order).visit_id, visit)

    def test_entering_a_stage(self):
        stage = self.env["fsm.stage"].create(
            {
                "name": "Under way",
                "stage_type": "order",
                "sequence": 77,
                "confirmation_on_my_way": True,
            }
        )
        (self.today | self.order).stage_id = stage
        self.assertEqual(len(self._told()), 1)
        self.assertFalse(self._told(self.order))
        self.today.stage_id = self.env.ref("fieldservice.fsm_stage_new")
        self.today.stage_id = stage
        self.assertEqual(len(self._told()), 1)

    def test_who_opted_out_is_not_told(self):
        self.env["phone.blacklist"].sudo().create({"number": "+12125550123"})
        with self.assertRaises(UserError):
            self._dialog().action_send()
        self.assertFalse(self._told())

    def test_a_plan_asks_nobody_whom_somebody_is_on_the_way_to(self):
        planner = self.env["fsm.confirmation.planner"]
        today = self.today.sudo()
        self.assertFalse(planner._find_texts([today])[today])
        self._dialog().action_send()
        self.assertEqual(len(planner._find_texts([today])[today]), 1)
