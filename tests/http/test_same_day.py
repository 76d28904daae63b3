# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several appointments of one customer on one day are asked about in one text."""

from datetime import timedelta

from odoo.tests import tagged

from ..common import ConfirmationHttpCase

HOUR = timedelta(hours=1)


@tagged("post_install", "-at_install")
class TestSameDay(ConfirmationHttpCase):
    """Planner, outbox, simulator, reply."""

    def setUp(self):
        super().setUp()
        self.other = self._make_order(self.start + 5 * HOUR)
        self.orders = self.order + self.other

    def _plan(self, number=72, now=None):
        """Ask by a plan; returns the new questions, the earliest first."""
        known = self.env["fsm.confirmation"].search([])
        plans = self.env["fsm.confirmation.plan"]
        if not plans.search(
            [("company_id", "=", self.company.id), ("enabled", "=", 1)]
        ):
            step = {"unit": "hours", "number": number}
            plans.create(
                {
                    "name": "Hours",
                    "company_id": self.company.id,
                    "enabled": True,
                    "step_ids": [(0, 0, step)],
                }
            )
        while self.env["fsm.confirmation.planner"]._plan_batch(self.company, now):
            pass
        found = self.env["fsm.confirmation"].search([]) - known
        return found.sorted("appointment_start")

    def _ask(self):
        found = self._plan()
        self._run_outbox()
        return found

    def _statuses(self):
        return self.orders.mapped("confirmation_status")

    def test_one_text_asks_about_both(self):
        first, second = self._ask()
        [text] = self.twilio.sent()
        self.assertEqual((first + second).mapped("state"), ["delivered"] * 2)
        self.assertEqual(first.body, second.body)
        self.assertEqual(text["body"], first.body)
        self.assertEqual(first.twilio_sid, second.twilio_sid)
        self.assertEqual(second.carrier_id, first)
        for record in first + second:
            self.assertIn(f"{record.code}: ", record.body)
            self.assertIn(record.job_name, record.body)
            self.assertIn(record.name, self._history(record.order_id))
        self.assertEqual(self._history(self.customer).count("Text message to"), 1)
        self.assertEqual(second.segment_count, 0)
        self.assertEqual(self._statuses(), ["awaiting"] * 2)
        self.assertFalse(self._plan())

    def test_answered_together(self):
        self._ask()
        self._customer_says("yes to both")
        self.assertEqual(self._statuses(), ["confirmed"] * 2)

    def test_as_the_text_says(self):
        self._ask()
        self._customer_says("YES ALL")
        self.assertEqual(self._statuses(), ["confirmed"] * 2)

    def test_declined_as_the_text_says(self):
        self._ask()
        self._customer_says("NO ALL")
        self.assertEqual(self._statuses(), ["declined"] * 2)

    def test_answered_one_by_one(self):
        first, second = self._ask()
        self._customer_says(f"YES {first.code} NO {second.code}")
        self.assertEqual(self._statuses(), ["confirmed", "declined"])

    def test_answered_by_the_hour(self):
        self._ask()
        self._customer_says("9 am yes, 2 pm no")
        self.assertEqual(self._statuses(), ["confirmed", "declined"])

    def test_answered_by_the_order(self):
        self._ask()
        self._customer_says("yes to the second one")
        self.assertEqual(self._statuses(), ["awaiting", "confirmed"])

    def test_a_single_yes_is_asked_back(self):
        first, second = self._ask()
        result = self._customer_says("Yes")
        self.assertEqual(self._statuses(), ["awaiting"] * 2)
        for record in first + second:
            self.assertIn(record.code, result["replies"][0])
        self._customer_says(f"Yes {second.code}")
        self.assertEqual(self._statuses(), ["awaiting", "confirmed"])

    def test_a_like_may_mean_each(self):
        first, _second = self._ask()
        result = self._customer_says(f"Liked “{first.body}”")
        self.assertEqual(self._statuses(), ["awaiting"] * 2)
        self.assertIn("which appointment", result["replies"][0])

    def test_many_sent_by_a_person(self):
        batch = self.env["fsm.confirmation.batch"].with_user(self.dispatcher)
        batch = batch.create({"order_ids": self.orders.ids})
        self.assertEqual(batch.ready_count, 1)
        done = batch.action_send()
        self.assertEqual(done["params"]["message"], "Messages sent: 1")
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), 1)
        self.assertEqual(self._statuses(), ["awaiting"] * 2)

    def test_visits_of_one_work_order(self):
        visit = self._make_visit(self.order, 0)
        second = self._make_visit(self.order, 0, scheduled_date_start=self.start + HOUR)
        self.other.action_cancel()
        records = self._ask()
        self.assertEqual(records.visit_id, visit + second)
        self.assertEqual(len(self.twilio.sent()), 1)
        for record in records:
            self.assertIn(record.visit_id.name, record.body)
        self.assertEqual(self._history(self.order).count("Text message to"), 1)

    def test_other_days_and_other_customers_are_asked_apart(self):
        self.other.unlink()
        self._make_order(scheduled_date_start=self.start - 24 * HOUR)
        neighbor = self._make_contact("Paul Neighbor", "+12125550188")
        place = self._make_location(neighbor)
        self._make_order(location_id=place.id)
        self._ask()
        self.assertEqual(len(self.twilio.sent()), 3)

    def test_what_is_due_later_that_day_is_asked_with_the_first(self):
        now = self.start - 72 * HOUR
        self._plan(number=70, now=now)
        self.assertEqual(len(self._plan(now=self.start - 70 * HOUR)), 2)

    def _check_moved_before_it_leaves(self, moved, left):
        records = self._plan()
        moved.scheduled_date_start = self.start + 10 * 24 * HOUR
        self._run_outbox()
        self.assertEqual(records.mapped("state"), ["canceled"] * 2)
        [text] = self.twilio.sent()
        self.assertIn(left.name, text["body"])
        self.assertNotIn(moved.name, text["body"])
        again = left.confirmation_ids[:1]
        self.assertEqual((again.state, again.is_open), ("delivered", True))
        self.assertEqual(again.step_id.number, 72)
        self.assertEqual(left.confirmation_status, "awaiting")
        self.assertEqual(moved.confirmation_status, "not_sent")
        self.assertFalse(self._plan())

    def test_the_first_moved_before_it_leaves(self):
        self._check_moved_before_it_leaves(self.order, self.other)

    def test_the_second_moved_before_it_leaves(self):
        self._check_moved_before_it_leaves(self.other, self.order)

    def test_what_twilio_refuses_is_refused_for_both(self):
        self.twilio.set_customer(self.customer._phone_format(), kind="landline")
        records = self._ask()
        self.assertEqual(records.mapped("state"), ["failed"] * 2)
        self.assertEqual(records.mapped("closed_reason"), ["failed"] * 2)
        self.assertEqual(self._statuses(), ["not_sent"] * 2)

    def test_a_call_that_never_came_back(self):
        records = self._plan()
        self.twilio.add_fault("500", count=1)
        self._run_outbox()
        self.assertEqual(records.mapped("state"), ["sending"] * 2)
        self._age_claims(records, minutes=20)
        self._run_outbox()
        self._run_outbox()
        self.assertEqual(records.mapped("state"), ["delivered"] * 2)
        self.assertEqual(len(self.twilio.sent()), 1)

    def test_a_carrier_that_is_deleted(self):
        first, second = self._plan()
        first.unlink()
        self._run_outbox()
        self.assertEqual(second.state, "delivered")
        self.assertEqual(len(self.twilio.sent()), 1)
        self.assertFalse(second.carrier_id)

    def test_stop_answers_both(self):
        records = self._ask()
        self._customer_says("STOP")
        self.assertEqual(records.mapped("response"), ["opted_out"] * 2)

    def test_one_text_is_one_of_the_day(self):
        self.company.job_confirmation_daily_limit = 1
        self.assertEqual(len(self._plan()), 2)
