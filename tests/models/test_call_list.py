# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The last step of a plan is to people: one list, and one activity per dispatcher."""

from odoo.exceptions import AccessError, ValidationError
from odoo.tests.common import new_test_user

from ..common import LEVELS
from .test_planner import DAY, HOUR, PlannerCase


class TestCallList(PlannerCase):
    def setUp(self):
        super().setUp()
        self.lists = self.env["fsm.confirmation.call.list"]
        self.late = self.start - 5 * HOUR

    def _update(self, now=None):
        """What the scheduled action does at that time; returns the list."""
        now = now or self.late
        self._plan(now)
        self.lists._update(self.company, now)
        return self.lists.search([("company_id", "=", self.company.id)])

    def _ask(self, order=None):
        message = self._send(order)
        self._mark_sent(message)
        return message

    def _make_customers(self, count):
        orders = self.env["fsm.order"]
        for number in range(count):
            contact = self._make_contact(f"C{number}", f"+1212555{3000 + number}")
            orders += self._make_order(location_id=self._make_location(contact).id)
        return orders

    def _activities(self):
        return self.env["mail.activity"].search(
            [("res_model", "=", self.lists._name), ("active", "in", [True, False])]
        )

    def test_one_activity_however_many(self):
        orders = self.order + self._make_customers(7)
        for order in orders:
            self._ask(order)
        row = self._update()
        self.assertEqual(row.user_id, self.dispatcher)
        self.assertEqual(row.order_ids, orders)
        activity = self._activities()
        self.assertEqual(len(activity), 1)
        self.assertEqual(activity.user_id, self.dispatcher)
        self.assertEqual(activity.summary, "8 appointments to call about")
        self.assertIn("/odoo/to-call", activity.note)
        self._reply("Yes")
        self._update()
        self.assertEqual(activity.summary, "7 appointments to call about")
        self.assertEqual(self._activities(), activity)

    def test_the_board_shows_exactly_these(self):
        other = self._make_customers(1)
        self._make_order(self.start + 9 * DAY)
        visit = self._make_visit(other, 0)
        self._ask()
        self._send(other, visit_id=visit.id)
        row = self._update(self.start - 3 * HOUR).with_user(self.dispatcher)
        self.assertEqual((row.order_ids, row.visit_ids), (self.order, visit))
        action = row.action_open()
        appointments = self.env["fsm.appointment"].with_user(self.dispatcher)
        user = action["context"]["search_default_call_user_id"]
        found = appointments.search([("call_user_id", "=", user)])
        self.assertEqual(found.order_id, self.order + other)
        self.assertEqual(found.visit_id, visit)
        rest = appointments.search([("call_user_id", "!=", user)])
        self.assertFalse(rest & found)
        self.assertTrue(rest)

    def test_it_closes_itself(self):
        self._ask()
        self._update()
        activity = self._activities()
        self._reply("Yes")
        row = self._update()
        self.assertFalse(activity.active)
        self.assertFalse(row.order_ids)
        self.assertEqual(self._activities(), activity)

    def test_what_is_added_the_same_day_opens_it_again(self):
        first, second = self._make_customers(2)
        self._ask(first)
        self._update()
        activity = self._activities()
        activity.with_user(self.dispatcher).action_feedback(feedback="Called")
        self._update()
        self.assertFalse(activity.active)
        self._ask(second)
        self._update()
        self.assertEqual(self._activities(), activity)
        self.assertTrue(activity.active)
        self.assertEqual(activity.summary, "2 appointments to call about")

    def test_another_day_has_another_task(self):
        first, second = self._make_customers(2)
        self._ask(first)
        self._update()
        done = self._activities()
        done.action_feedback()
        done.date_deadline -= DAY
        self._ask(second)
        self._update()
        self.assertEqual(len(self._activities()), 2)
        self.assertFalse(done.active)

    def test_an_open_one_goes_on_the_next_day(self):
        first, second = self._make_customers(2)
        self._ask(first)
        self._update()
        activity = self._activities()
        today = activity.date_deadline
        activity.date_deadline -= DAY
        self._ask(second)
        self._update()
        self.assertEqual(self._activities(), activity)
        self.assertEqual(activity.date_deadline, today)

    def test_each_dispatcher_has_one(self):
        first, second = self._make_customers(2)
        colleague = self.users["admin"]
        self._ask(first)
        self._mark_sent(self._send(second, user=colleague))
        rows = self._update()
        self.assertEqual(rows.user_id, self.dispatcher + colleague)
        self.assertEqual(len(self._activities()), 2)

    def test_who_asked_lately_is_waited_for(self):
        message = self._ask()
        soon = self.start - 20 * HOUR
        message.sent_date = soon - HOUR
        self.assertFalse(self._update(soon).order_ids)
        message.sent_date = soon - 2 * HOUR
        self.assertEqual(self._update(soon).order_ids, self.order)

    def test_what_leaves_by_itself_is_waited_for(self):
        self.soon.enabled = False
        self._make_plan("Coming", [{"unit": "hours", "number": 6}])
        self.assertFalse(self._update(self.start - 10 * HOUR))

    def test_who_cannot_be_asked_is_called(self):
        self.customer.phone = False
        row = self._update(self.start - 20 * HOUR)
        self.assertEqual(row.order_ids, self.order)

    def test_what_a_person_holds_is_on_the_list(self):
        self.order.with_user(self.dispatcher).action_hold_confirmation()
        self.assertEqual(self._update().order_ids, self.order)

    def test_what_has_an_activity_of_its_own_or_is_settled_is_not(self):
        orders = self._make_customers(3)
        statuses = ("declined", "unrecognized", "opted_out")
        for order, status in zip(orders, statuses, strict=True):
            order._set_confirmation_status_sudo(status)
        self.order.action_cancel()
        self.assertFalse(self._update())

    def test_a_moved_or_canceled_appointment_leaves_it(self):
        first, second = self._make_customers(2)
        self._ask(first)
        self._ask(second)
        self._update()
        first.scheduled_date_start += 3 * DAY
        second.action_cancel()
        self.assertFalse(self._update().order_ids)
        self.assertFalse(self._activities().active)

    def test_off(self):
        self._ask()
        row = self._update()
        self.soon.call_hours = 0
        self._update()
        self.assertFalse(row.order_ids)
        self.soon.call_hours = 24
        self.assertTrue(self._update().order_ids)
        self.soon.enabled = False
        self._update()
        self.assertFalse(row.order_ids)
        with self.assertRaises(ValidationError):
            self.soon.call_hours = -1

    def test_only_whoever_may_edit(self):
        self._ask()
        (self.users["edit"] | self.users["admin"]).active = False
        self.assertFalse(self._update())
        self.assertFalse(self._activities())

    def test_levels(self):
        self._ask()
        row = self._update()
        stranger = new_test_user(self.env, "stranger", "base.group_user")
        for level in LEVELS:
            mine = row.with_user(self.users[level])
            if level == "none":
                with self.assertRaises(AccessError):
                    mine.read(["name"])
                continue
            mine = mine.with_context(allowed_company_ids=self.company.ids)
            self.assertEqual(mine.name, "1 appointment to call about")
            with self.assertRaises(AccessError):
                mine.write({"order_ids": False})
        activities = self.env["mail.activity"].with_user(stranger)
        self.assertFalse(activities.search([("res_model", "=", row._name)]))
