# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Customers are asked by themselves."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import psycopg2

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import mute_logger

from ..common import LEVELS, MODULE, ConfirmationTransactionCase

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class PlannerCase(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The hours are those of core's tests; here it may be night.
        cls.env["ir.config_parameter"].set_param(
            "job_confirmation.texting_hours", "0-24"
        )
        cls.plans = cls.env["fsm.confirmation.plan"]
        cls.now = fields.Datetime.now()
        cls.soon = cls._make_plan("Soon", [{"unit": "hours", "number": 72}])

    @classmethod
    def _make_plan(cls, name, steps, enabled=True, **values):
        return cls.plans.create(
            {
                "name": name,
                "company_id": cls.company.id,
                "enabled": enabled,
                "step_ids": [(0, 0, step) for step in steps],
                **values,
            }
        )

    def _plan(self, now=None):
        """What the scheduled action does; returns the new texts."""
        known = self.env["fsm.confirmation"].search([])
        while self.env["fsm.confirmation.planner"]._plan_batch(self.company, now):
            pass
        return self.env["fsm.confirmation"].search([]) - known

    def _outlook(self, appointment=None):
        appointment = appointment or self.order
        outlook = self.env["fsm.confirmation.outlook"].sudo()
        return outlook.search(
            [("order_id", "=", appointment._get_appointment_order().id)]
        )


class TestPlanner(PlannerCase):
    def test_what_is_due_is_asked_once(self):
        text = self._plan()
        self.assertEqual(text.order_id, self.order)
        self.assertEqual(text.step_id, self.soon.step_ids)
        self.assertEqual(text.state, "outgoing")
        self.assertFalse(text.at_once_until)
        self.assertEqual(text.body, self.order._render_confirmation_body(self.customer))
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self.assertIn(text.name, self._history(self.order))
        self.assertFalse(self._plan())
        self.env["fsm.confirmation.outlook"].search([]).unlink()
        self.assertFalse(self._plan())
        self.assertEqual(
            self._outlook().step_id, self.env["fsm.confirmation.plan.step"]
        )

    def test_nothing_leaves_without_a_plan_that_is_on(self):
        self.soon.action_switch_off()
        self.assertFalse(self._plan())
        self.soon.enabled = True
        self.company.job_confirmation_enabled = False
        planner = self.env["fsm.confirmation.planner"]
        self.assertNotIn(self.company, planner._find_companies_sudo())

    def test_steps_follow_until_the_answer(self):
        self.soon.enabled = False
        steps = [{"unit": "hours", "number": 72}, {"unit": "hours", "number": 20}]
        plan = self._make_plan("Two steps", steps)
        first = self._plan()
        self.assertEqual(first.step_id.number, 72)
        self.assertFalse(self._plan(self.start - 21 * HOUR))
        second = self._plan(self.start - 20 * HOUR)
        self.assertEqual(second.step_id.number, 20)
        self.assertEqual(first.closed_reason, "replaced")
        self.assertEqual(plan.step_ids, (first + second).step_id)

        other = self._make_order(self.start + HOUR)
        asked = self._plan()
        self.assertEqual(asked.order_id, other)
        self._reply(f"Yes {asked.code}")
        self.assertEqual(other.confirmation_status, "confirmed")
        self.assertFalse(self._plan(self.start - 19 * HOUR))

    def test_who_has_confirmed_is_reminded(self):
        steps = [
            {"unit": "hours", "number": 72},
            {"unit": "hours", "number": 20, "audience": "confirmed"},
        ]
        self.soon.enabled = False
        plan = self._make_plan("With a reminder", steps)
        self.assertIn("confirmed, as a reminder", plan.steps_text)
        reminder = plan.step_ids.filtered(lambda step: step.number == 20)
        self.assertIn("a reminder of", reminder.preview)
        asked = self._plan()
        self._reply("Yes")
        self.assertFalse(self._plan(self.start - 21 * HOUR))
        text = self._plan(self.start - 20 * HOUR)
        self.assertEqual((text.step_id, text.kind), (reminder, "reminder"))
        self.assertIn(f"a reminder of {self.order.name}", text.body)
        self.assertNotIn("YES", text.body)
        self.assertFalse(text.is_open)
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertEqual(asked.response, "confirmed")
        self.assertFalse(self._plan(self.start - 19 * HOUR))

    def test_a_late_reminder_helps_nobody(self):
        steps = [{"unit": "hours", "number": 20, "audience": "confirmed"}]
        self._make_plan("Reminder", steps, sequence=1)
        self.order._set_confirmation_status_sudo("confirmed")
        self.assertFalse(self._plan(self.start - 15 * HOUR))

    def test_a_moved_date_is_asked_about_anew(self):
        """Once it has settled: a date that is dragged several times makes one text."""
        self._plan()
        for hours in (3, 2, 1):
            self.order.scheduled_date_start = self.start + hours * HOUR
            self.assertFalse(self._plan(self.now + 5 * MINUTE))
        order = self.order.with_user(self.dispatcher)
        self.assertIn("Changed a short while ago", order.confirmation_plan_info)
        moved = self._plan(self.now + 20 * MINUTE)
        self.assertEqual(moved.appointment_start, self.start + HOUR)
        self.order.scheduled_date_start = self.start + 30 * DAY
        self.assertFalse(self._plan(self.now + 40 * MINUTE))

    def test_a_date_that_came_back_is_asked_about_anew(self):
        """The customer was told of another one meanwhile."""
        first = self._plan()
        self._mark_sent(first)
        self.order.scheduled_date_start = self.start + HOUR
        self.order.scheduled_date_start = self.start
        self.assertFalse(self._plan(self.now + 20 * MINUTE))
        self.order.scheduled_date_start = self.start + HOUR
        second = self._plan(self.now + 20 * MINUTE)
        self._mark_sent(second)
        self.order.scheduled_date_start = self.start
        third = self._plan(self.now + 20 * MINUTE)
        self.assertEqual(third.appointment_start, self.start)
        self.assertEqual(third.step_id, first.step_id)
        self.assertFalse(self._plan(self.now + 40 * MINUTE))

    def test_a_date_that_came_back_before_another_was_told(self):
        """What was too late to tell of the other date told nobody of it."""
        self._mark_sent(self._plan())
        self.order.scheduled_date_start = self.start + HOUR
        second = self._plan(self.now + 20 * MINUTE)
        self.env["fsm.confirmation.delivery"]._defer(second, None)
        self.assertEqual((second.state, bool(second.step_id)), ("canceled", True))
        self.order.scheduled_date_start = self.start
        self.assertFalse(self._plan(self.now + 20 * MINUTE))

    def test_a_moved_date_is_told_and_asked_about_in_one_text(self):
        self.company.job_confirmation_notice_moved = "auto"
        self._mark_sent(self._plan())
        self.order.scheduled_date_start = self.start + HOUR
        changes = self.env["fsm.confirmation.change"].sudo()
        self.assertTrue(changes.search([("order_id", "=", self.order.id)]))
        text = self._plan(self.now + 20 * MINUTE)
        self.assertEqual((text.tells_change, text.kind), ("moved", "question"))
        self.assertIn("YES", text.body)
        self.assertFalse(changes.search([("order_id", "=", self.order.id)]))

    def test_another_place_is_asked_about_anew(self):
        self._mark_sent(self._plan())
        self.order.location_id = self._make_location(self.customer)
        text = self._plan(self.now + 20 * MINUTE)
        self.assertEqual(text.order_id, self.order)
        self.assertFalse(self._plan(self.now + 40 * MINUTE))

    def test_a_reminder_does_not_follow_ten_minutes(self):
        steps = [{"unit": "hours", "number": 20, "audience": "confirmed"}]
        self.soon.enabled = False
        self._make_plan("Reminder", steps)
        self._send()
        self._reply("Yes")
        at = self.start - 20 * HOUR
        reminder = self._plan(at)
        self.assertEqual(reminder.kind, "reminder")
        self._mark_sent(reminder)
        self.order.scheduled_date_start = self.start + 10 * MINUTE
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertFalse(self._plan(at + 30 * MINUTE))

    def test_what_was_called_off_in_time_was_not_asked(self):
        """A text that never left as it was no longer so: it is recorded again."""
        moved = {"scheduled_date_start": self.start + 30 * DAY}
        back = {"scheduled_date_start": self.start}
        stages = self.order.stage_id
        canceled = self.env["fsm.stage"].search(
            [("stage_type", "=", "order"), ("is_closed", "=", True)], limit=1
        )
        new_number = {"phone": "+12125550177"}
        for case, record, away, home in (
            ("dragged away and back", self.order, moved, back),
            (
                "canceled, and not",
                self.order,
                {"stage_id": canceled},
                {"stage_id": stages},
            ),
            ("number corrected", self.customer, new_number, {}),
            ("opted out, and in", None, None, None),
        ):
            text = self._plan(self.now + 20 * MINUTE)
            self.assertEqual(text.order_id, self.order, case)
            if record:
                record.write(away)
            else:
                blacklist = self.env["phone.blacklist"].sudo()
                blacklist._add([text.mobile])
                self._claim_and_stop(text)
                blacklist._remove([text.mobile])
            self.env.flush_all()
            self.assertEqual(text.state, "canceled", case)
            self.assertFalse(text.step_id, case)
            if record:
                record.write(home)
        text = self._plan(self.now + 40 * MINUTE)
        self.assertEqual(text.mobile, "+12125550177")
        self.assertFalse(self._plan())

    def test_what_came_too_late_is_not_made_again(self):
        text = self._plan()
        self.deliveries._defer(text.sudo(), None)
        self.assertEqual(text.state, "canceled")
        self.assertTrue(text.step_id)
        self._outlook().unlink()
        self.assertFalse(self._plan())

    def _claim_and_stop(self, text):
        """What the outbox does with a claimed text that must not be sent any more."""
        text.sudo().state = "sending"
        stops = self.outbox._find_stops(text.sudo())[text]
        self.env["fsm.confirmation.same.day"]._stop(text.sudo(), stops)

    def test_visits_are_asked_about_each(self):
        first, second = self._make_visit(self.order, 0), self._make_visit(self.order, 9)
        self.assertEqual(self._plan().visit_id, first)
        self.assertEqual(self._plan(second.scheduled_date_start - DAY).visit_id, second)

    def test_who_cannot_be_texted_is_looked_at_again(self):
        self.customer.phone = False
        self.assertFalse(self._plan())
        self.assertEqual(self._outlook().reason, "number_missing")
        self.customer.phone = "+12125550123"
        self.assertFalse(self._plan())
        self.assertTrue(self._plan(self.now + HOUR))

    def test_who_opted_out_or_was_canceled_is_not_asked(self):
        self.env["phone.blacklist"].sudo()._add([self.customer.phone_sanitized])
        self.assertFalse(self._plan())
        self.assertEqual(self._outlook().reason, "opted_out")
        other = self._make_order()
        other.action_cancel()
        self.assertFalse(self._plan(self.now + HOUR))

    def test_hold_and_let_go(self):
        order = self.order.with_user(self.dispatcher)
        order.action_hold_confirmation()
        self.assertFalse(self._plan())
        self.assertIn("held", order.confirmation_plan_info)
        order.action_hold_confirmation()
        self.soon.step_ids.action_hold()
        self.assertFalse(self._plan())
        self.assertIn("step is held", order.confirmation_plan_info)
        self.soon.step_ids.action_hold()
        self.assertEqual(self._plan().order_id, self.order)

    def test_what_waits_is_held_as_well(self):
        """A text that was recorded and waits for the morning stays, and says why."""
        order = self.order.with_user(self.dispatcher)
        plan, step = self.soon, self.soon.step_ids
        for case, hold, release in (
            ("order", order.action_hold_confirmation, order.action_hold_confirmation),
            (
                "by another way",
                lambda: self.order.write({"confirmation_hold": True}),
                lambda: self.order.write({"confirmation_hold": False}),
            ),
            ("step", step.action_hold, step.action_hold),
            ("plan off", plan.action_switch_off, lambda: plan.write({"enabled": True})),
            ("archived", plan.action_archive, plan.action_unarchive),
            ("deleted", plan.unlink, lambda: None),
        ):
            with self.subTest(case):
                text = self._plan()
                self.assertEqual(text.order_id, self.order)
                hold()
                # It doesn't leave even if that is found as it leaves.
                self.env["fsm.confirmation.planner"]._stop_held()
                self.assertEqual(text.state, "canceled")
                self.assertIn("held", text.failure_reason)
                self.assertEqual(self.order.confirmation_status, "not_sent")
                self.assertFalse(self._plan())
                release()

    def test_what_is_held_does_not_leave(self):
        """Whatever was found before: the outbox asks as it leaves."""
        text = self._plan()
        self.env.cr.execute(
            "UPDATE fsm_confirmation_plan_step SET is_held = TRUE WHERE id = %s",
            [text.step_id.id],
        )
        self.env.invalidate_all()
        self._claim_and_stop(text)
        self.assertEqual(text.state, "canceled")
        self.assertIn("held", text.failure_reason)

    def test_of_one_text_about_a_day_a_part_is_held(self):
        second = self._make_order(self.start + HOUR)
        texts = self._plan()
        self.assertEqual(texts.order_id, self.order + second)
        second.with_user(self.dispatcher).action_hold_confirmation()
        self.assertEqual(set(texts.mapped("state")), {"canceled"})
        left = self.env["fsm.confirmation"].search([("state", "=", "outgoing")])
        self.assertEqual(left.order_id, self.order)
        self.assertEqual(left.step_id, self.soon.step_ids)

    def test_a_held_work_order_holds_its_visits(self):
        """Those that are added later as well."""
        order = self.order.with_user(self.dispatcher)
        order.action_hold_confirmation()
        visit = self._make_visit(self.order, 0)
        self.assertFalse(self._plan())
        self.assertIn("held", order.confirmation_plan_info)
        with self.assertRaises(UserError):
            visit.with_user(self.dispatcher).action_hold_confirmation()
        order.action_hold_confirmation()
        text = self._plan()
        self.assertEqual(text.visit_id, visit)
        order.action_hold_confirmation()
        self.assertEqual(text.state, "canceled")
        second = self._make_visit(self.order, 0)
        self.assertFalse(self._plan())
        order.action_hold_confirmation()
        visit.with_user(self.dispatcher).action_hold_confirmation()
        self.assertEqual(self._plan().visit_id, second)
        # What holds a visit alone ends with "Resume" for all of it.
        order.action_hold_confirmation()
        order.action_hold_confirmation()
        self.assertFalse(visit.confirmation_hold)

    def test_the_first_plan_that_fits_counts(self):
        tag = self.env["fsm.tag"].create({"name": "VIP", "company_id": self.company.id})
        steps = [{"unit": "hours", "number": 72}]
        first = self._make_plan("VIP", steps, sequence=1, tag_ids=tag.ids)
        never = self._make_plan("Never", [{"unit": "hours", "number": 1}], sequence=2)
        self.assertFalse(self._plan())
        self.order.tag_ids = tag
        self.assertEqual(self._plan().step_id.plan_id, first)
        never.enabled = False
        other = self._make_order()
        self.assertEqual(self._plan().order_id, other)

    def test_a_step_has_a_text_of_its_own(self):
        template = self.env["sms.template"].create(
            {
                "name": "Short",
                "model_id": self.env["ir.model"]._get("fsm.order").id,
                "body": "Coming {{ object.confirmation_date }}? "
                "{{ object.confirmation_answer }}",
            }
        )
        step = self.soon.step_ids
        step.template_id = template
        self.assertIn("Short", step.name)
        text = self._plan()
        self.assertTrue(text.body.startswith("Coming "))
        self.assertEqual(step.preview, text.body)
        template.body = "{{ object.name.nonsense }}"
        self._make_order()
        with mute_logger(
            "odoo.addons.fieldservice_job_confirmation.models.planning"
            ".fsm_confirmation_planner"
        ):
            self.assertFalse(self._plan())

    def test_a_number_gets_only_so_many_a_day(self):
        self.company.job_confirmation_daily_limit = 1
        self._make_order(self.start - DAY)
        self.assertEqual(len(self._plan()), 1)
        self.assertEqual(len(self._plan(self.now + DAY)), 1)

    def test_the_limit_holds_within_a_batch(self):
        """Reminders have nothing in common, and each is a text."""
        self.soon.enabled = False
        steps = [{"unit": "hours", "number": 72, "audience": "confirmed"}]
        self._make_plan("Reminders", steps)
        self.company.job_confirmation_daily_limit = 1
        for order in self.order + self._make_order():
            order._set_confirmation_status_sudo("confirmed")
        self.assertEqual(len(self._plan(self.start - 72 * HOUR)), 1)

    def test_an_answer_that_a_person_took_back_stays_with_people(self):
        self._plan()
        self._reply("No")
        self.order.with_user(self.dispatcher).confirmation_status = "not_sent"
        self.env["fsm.confirmation.outlook"].search([]).unlink()
        self.assertFalse(self._plan(self.now + DAY))

    def test_the_reminder_goes_to_who_was_asked(self):
        other = self._make_contact(
            "Neighbor", "+12125550188", service_location_id=self.location.id
        )
        self._send(partner_id=other.id)
        self.assertFalse(self._plan())
        steps = [{"unit": "hours", "number": 20}]
        self._make_plan("Remind", steps, sequence=1)
        self.assertEqual(self._plan(self.start - 20 * HOUR).partner_id, other)

    def test_the_database_is_the_judge(self):
        text = self._plan()
        with (
            mute_logger("odoo.sql_db"),
            self.assertRaises(psycopg2.errors.UniqueViolation),
            self.env.cr.savepoint(),
        ):
            draft = self.env["fsm.confirmation.composer"]._draft(
                self.order, self.env["fsm.visit"], self.customer
            )
            draft.step = text.step_id
            self.env["fsm.confirmation.composer"]._record([draft], self.env.user)

    def test_the_work_per_batch_is_bounded(self):
        """Ten times as many customers take as many queries, whatever is due."""
        planner = self.env["fsm.confirmation.planner"]

        def count(orders, now):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self.assertEqual(planner._plan_batch(self.company, now), orders)
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        reminder = {"unit": "hours", "number": 4, "audience": "confirmed"}
        self.soon.step_ids = [
            (0, 0, {"unit": "hours", "number": 30}),
            (0, 0, reminder),
        ]
        self._plan()
        self.order.scheduled_date_start = self.start + 30 * DAY
        counts = {}
        for many in (2, 4, 40):  # What is kept in memory is there after the first.
            orders = self._make_many(many, many)
            counts[many] = [count(many, self.now)]
            counts[many].append(count(many, self.start - 30 * HOUR))
            orders._set_confirmation_status_sudo("confirmed")
            counts[many].append(count(many, self.start - 4 * HOUR))
            orders.unlink()
        self.assertEqual(counts[4], counts[40])

    def test_many_due_at_one_moment_are_asked_once_each(self):
        """As 5,000 at 9:00 are, in batches: see dev/bench for so many."""
        self._make_many(11)
        planner = self.env["fsm.confirmation.planner"]
        orders = self.env["fsm.order"].search([("company_id", "=", self.company.id)])
        looked_at = []
        while count := planner._plan_batch(self.company, self.now, limit=5):
            looked_at.append(count)
        self.assertEqual(looked_at, [5, 5, 2])
        texts = self.env["fsm.confirmation"].search([("order_id", "in", orders.ids)])
        self.assertEqual(sorted(texts.order_id.ids), sorted(orders.ids))
        self.assertEqual(len(texts), 12)

    def test_after_two_days_down_one_text_says_it(self):
        self.soon.enabled = False
        steps = [{"unit": "hours", "number": number} for number in (40, 20, 8)]
        self._make_plan("Three steps", steps)
        text = self._plan(self.start - 6 * HOUR)
        self.assertEqual(text.step_id.number, 8)
        self.assertFalse(self._plan(self.start - 5 * HOUR))
        other = self._make_order(self.start - 30 * HOUR)
        self.assertFalse(self._plan(self.start - 29 * HOUR))
        self.assertEqual(other.confirmation_status, "not_sent")

    def test_a_plan_switched_on_at_noon(self):
        """Its step was at 9:00: it is said at once, as long as it helps."""
        self.soon.enabled = False
        noon = self._local_time("America/New_York", 1, 12)
        plan = self._make_plan("The day before", [{"number": 1}], enabled=False)
        soon = self._make_order(noon + 3 * HOUR)
        self.assertFalse(self._plan(noon))
        plan.enabled = True
        text = self._plan(noon)
        self.assertEqual(text.order_id, self.order)
        self.assertEqual(self._outlook(soon).reason, "too_late")

    def test_recurring_orders_a_year_ahead_wait_for_their_time(self):
        far = self._make_order(self.start + 365 * DAY)
        self._plan()
        self.assertFalse(self._outlook(far))
        self.assertFalse(self._plan(far.scheduled_date_start - 73 * HOUR))
        text = self._plan(far.scheduled_date_start - 72 * HOUR)
        self.assertEqual(text.order_id, far)

    def test_a_closed_day_and_the_night_the_clocks_change(self):
        """9:00 stays 9:00 there, on the last open day before."""
        self.company.job_confirmation_calendar_id = self._make_calendar("01234")
        self.soon.enabled = False
        self._make_plan("The day before", [{"number": 1}])
        # Monday, March 9, 2037; the clocks change on Sunday, and Sunday is closed.
        monday = self._make_order(datetime(2037, 3, 9, 14))
        tuesday = self._make_order(datetime(2037, 3, 10, 14))
        friday_at_nine = datetime(2037, 3, 6, 14)
        self.assertFalse(self._plan(friday_at_nine - timedelta(minutes=1)))
        self.assertEqual(self._plan(friday_at_nine).order_id, monday)
        monday_at_nine = datetime(2037, 3, 9, 13)
        self.assertFalse(self._plan(monday_at_nine - timedelta(minutes=1)))
        self.assertEqual(self._plan(monday_at_nine).order_id, tuesday)

    def test_a_day_that_is_closed_after_the_planner_looked(self):
        """What it remembers was found with the hours as they were."""
        calendar = self._make_calendar("01234")
        self.company.job_confirmation_calendar_id = calendar
        self.soon.enabled = False
        self._make_plan("The day before", [{"number": 1}])
        monday_at_ten, wednesday = datetime(2037, 3, 9, 14), datetime(2037, 3, 11, 14)
        tuesday = calendar.attendance_ids.filtered(lambda row: row.dayofweek == "1")
        leaves = self.env["resource.calendar.leaves"]
        leave = leaves.create(
            {
                "name": "Other day",
                "calendar_id": calendar.id,
                "date_from": datetime(2037, 3, 12, 4),
                "date_to": datetime(2037, 3, 13, 3, 59),
            }
        )
        on_tuesday = {
            "date_from": datetime(2037, 3, 10, 4),
            "date_to": datetime(2037, 3, 11, 3, 59),
        }
        of_all = {"name": "Holiday", "company_id": self.company.id, **on_tuesday}
        other = self._make_calendar("0234")
        for case, change in {
            "another calendar": lambda: self.company.write(
                {"job_confirmation_calendar_id": other.id}
            ),
            "a closed day that is moved": lambda: leave.write(on_tuesday),
            "one of all calendars": lambda: leaves.create(
                {**of_all, "calendar_id": False}
            ),
            "no hours": lambda: tuesday.unlink(),
        }.items():
            with self.subTest(case), self.env.cr.savepoint() as savepoint:
                order = self._make_order(wednesday)
                self.assertFalse(self._plan(monday_at_ten))
                change()
                text = self._plan(monday_at_ten + timedelta(minutes=1))
                self.assertEqual(text.order_id, order)
                savepoint.rollback()
                self.env.invalidate_all()

    def test_an_open_day_again_and_a_place_in_another_zone(self):
        calendar = self._make_calendar("01234")
        self.company.job_confirmation_calendar_id = calendar
        leave = self.env["resource.calendar.leaves"].create(
            {
                "name": "Tuesday",
                "calendar_id": calendar.id,
                "date_from": datetime(2037, 3, 10, 4),
                "date_to": datetime(2037, 3, 11, 3, 59),
            }
        )
        self.soon.enabled = False
        self._make_plan("The day before", [{"number": 1}])
        order = self._make_order(datetime(2037, 3, 11, 14))
        monday_at_nine = datetime(2037, 3, 9, 13)
        self.assertFalse(self._plan(monday_at_nine - HOUR))
        leave.unlink()
        self.assertFalse(self._plan(monday_at_nine))
        # It was to be asked at 9:00 on Tuesday: that is earlier in London.
        self.location.tz = "Europe/London"
        tuesday_at_nine = datetime(2037, 3, 10, 9)
        self.assertEqual(self._plan(tuesday_at_nine).order_id, order)

    def _make_calendar(self, days):
        hours = {"hour_from": 8, "hour_to": 20}
        return self.env["resource.calendar"].create(
            {
                "name": "Texting hours",
                "company_id": self.company.id,
                "tz": "America/New_York",
                "attendance_ids": [
                    (0, 0, {**hours, "name": day, "dayofweek": day}) for day in days
                ],
            }
        )

    def _make_many(self, count, first=0):
        orders = self.order.browse()
        for number in range(first, first + count):
            contact = self._make_contact(f"C{number}", f"+1212555{3000 + number}")
            orders += self._make_order(location_id=self._make_location(contact).id)
        return orders

    def test_why(self):
        order = self.order.with_user(self.users["read"])
        self.assertIn("Sends now", order.confirmation_plan_info)
        self.order.scheduled_date_start = self.start + 10 * DAY
        self.assertIn("Next on", order.confirmation_plan_info)
        self.customer.phone = False
        order.invalidate_recordset()
        self.assertIn("mobile number", order.confirmation_plan_info)
        # Late or not, that is why.
        self.soon.least_notice = 1000
        self.order.scheduled_date_start = self.start - HOUR
        self.assertIn("mobile number", order.confirmation_plan_info)
        self.soon.least_notice = 4
        self.order.scheduled_date_start = False
        self.assertIn("no date", order.confirmation_plan_info)
        self.order.scheduled_date_start = self.start + 10 * DAY
        contact = self.customer.with_user(self.users["read"])
        contact = contact.with_context(allowed_company_ids=self.company.ids)
        self.assertIn(self.order.name, contact.confirmation_plan_info)
        self.soon.enabled = False
        self.env.invalidate_all()
        self.assertFalse(order.confirmation_plan_info)
        self.assertFalse(contact.confirmation_plan_info)


class TestPlans(PlannerCase):
    def test_sentences(self):
        plan = self._make_plan(
            "Sentences",
            [
                {"number": 2, "hour": 9.5, "audience": "unanswered"},
                {"number": 1},
                {"number": 0, "hour": 8},
                {"number": 3, "unit": "hours", "is_held": True},
            ],
        )
        self.assertEqual(
            [name.replace("\u202f", " ") for name in plan.steps_text.splitlines()],
            [
                "2 days before at 9:30 AM, to customers who have not answered",
                "1 day before at 9:00 AM, to customers who have not confirmed",
                "On the day at 8:00 AM, to customers who have not confirmed",
                "3 hours before, to customers who have not confirmed (held)",
            ],
        )

    def test_what_is_refused(self):
        step = self.soon.step_ids
        for values in (
            {"number": 0},
            {"number": 1000},
            {"unit": "days", "number": -1},
            {"hour": 24},
        ):
            with self.assertRaises(ValidationError), self.env.cr.savepoint():
                step.write(values)
        with self.assertRaises(ValidationError), self.env.cr.savepoint():
            self._make_plan("Empty", [])
        with self.assertRaises(UserError), self.env.cr.savepoint():
            step.unlink()

    def test_hours_outside_the_texting_hours_are_said(self):
        self.env["ir.config_parameter"].set_param(
            "job_confirmation.texting_hours", "8-20"
        )
        step = self._make_plan("Late", [{"number": 1, "hour": 22}]).step_ids
        self.assertIn("Outside", step.warning)
        step.hour = 10
        self.assertFalse(step.warning)

    def test_every_company_begins_with_the_ready_made_plans(self):
        company = self._make_company("New", number="+12025550177")
        plans = self.plans.with_company(company).search(
            [("company_id", "=", company.id)]
        )
        self.assertEqual(len(plans), 3)
        self.assertFalse(any(plans.mapped("enabled")))
        self.assertEqual(
            [sorted(plan.step_ids.mapped("number")) for plan in plans],
            [[1], [1, 3], [1, 2, 7]],
        )
        self.plans._make_ready_made()
        self.assertEqual(self.plans.search_count([("company_id", "=", company.id)]), 3)

    def test_switching_on_says_what_leaves(self):
        self.soon.enabled = False
        self.customer.phone = False
        other = self._make_contact("Other", "+12125550144")
        self._make_order(location_id=self._make_location(other).id)
        later = self._make_contact("Later", "+12125550145")
        self._make_order(
            self.start + 4 * DAY, location_id=self._make_location(later).id
        )
        action = self.soon.action_switch_on()
        admin = self.users["admin"]
        wizard = self.env[action["res_model"]].with_user(admin)
        wizard = wizard.with_context(**action["context"]).create({})
        self.assertEqual(
            (wizard.now_count, wizard.coming_count, wizard.left_out_count), (1, 1, 1)
        )
        self.assertIn("mobile number", wizard.left_out_info)
        self.assertFalse(self.env["fsm.confirmation"].search([]))
        wizard.action_switch_on()
        self.assertTrue(self.soon.enabled)
        self.assertEqual(len(self._plan()), 1)

    def test_a_plan_that_never_counts_is_said(self):
        """When it is switched on: an earlier one fits every Work Order."""
        tag = self.env["fsm.tag"].create({"name": "VIP"})
        later = self._make_plan("Later", [{"number": 1}], enabled=False, sequence=20)
        switches = self.env["fsm.confirmation.plan.switch"].with_user(
            self.users["admin"]
        )
        self.assertIn("Soon", switches.create({"plan_id": later.id}).problem)
        self.soon.tag_ids = tag
        self.assertFalse(switches.create({"plan_id": later.id}).problem)
        self.soon.tag_ids = False
        later.sequence = 1
        self.assertFalse(switches.create({"plan_id": later.id}).problem)

    def test_who_is_left_out_is_said_while_the_hours_are_waited_for(self):
        self.customer.phone = False
        closed = self.env["resource.calendar"].create(
            {
                "name": "Tomorrow",
                "company_id": self.company.id,
                "attendance_ids": [
                    (
                        0,
                        0,
                        {"name": day, "dayofweek": day, "hour_from": 0, "hour_to": 24},
                    )
                    for day in "0123456"
                    if int(day) != self._local_time("America/New_York", 0, 9).weekday()
                ],
            }
        )
        self.company.job_confirmation_calendar_id = closed
        info = self.order.with_user(self.dispatcher).confirmation_plan_info
        self.assertIn("Not asked on", info)
        self.assertIn("mobile number", info)

    def test_forecast(self):
        other = self._make_contact("Other", "+12125550144")
        coming = self._make_order(
            self.start + 2 * DAY, location_id=self._make_location(other).id
        )
        lines = self.env["fsm.confirmation.forecast.line"].with_user(self.dispatcher)
        lines = lines.with_context(allowed_company_ids=self.company.ids)
        found = lines.search(lines.action_open()["domain"])
        self.assertEqual(found.order_id, self.order + coming)
        self.assertEqual(set(found.mapped("outcome")), {"leaves"})
        self.assertEqual(found.partner_id, self.customer + other)
        self.assertFalse(self.env["fsm.confirmation"].search([]))
        found[0].action_hold()
        self.assertTrue(found[0].is_held)
        self.assertEqual(found[0].outcome, "held")
        self.assertFalse(found[0].leaves_date)
        found[0].action_hold()
        self.assertEqual((found[0].outcome, found[0].text_count), ("leaves", 1))
        found[0].action_hold()
        again = lines.search(lines.action_open()["domain"])
        self.assertEqual(len(again), 2)
        outcomes = {line.order_id: line.outcome for line in again}
        self.assertEqual(outcomes, {found[0].order_id: "held", coming: "leaves"})
        self.assertEqual(self._plan().order_id, self.env["fsm.order"])

    def test_the_forecast_after_a_deletion(self):
        coming = self._make_order(self.start + 2 * DAY)
        lines = self.env["fsm.confirmation.forecast.line"].with_user(self.dispatcher)
        lines = lines.with_context(allowed_company_ids=self.company.ids)
        found = lines.search(lines.action_open()["domain"])
        self.assertEqual(found.order_id, self.order + coming)
        coming.unlink()
        self.env.invalidate_all()
        left = found.exists()
        self.assertEqual(left.order_id, self.order)
        left.action_hold()
        self.assertTrue(left.is_held)

    def test_the_forecast_counts_texts(self):
        """Appointments of one customer on one day are asked about in one text."""
        self.soon.step_ids.number = 40
        contact = self._make_contact("Other", "+12125550144")
        other = self._make_order(location_id=self._make_location(contact).id)
        second = self._make_order(self.start + 3 * HOUR)
        lines = self.env["fsm.confirmation.forecast.line"].with_user(self.dispatcher)
        lines = lines.with_context(allowed_company_ids=self.company.ids)
        found = lines.search(lines.action_open()["domain"])
        counts = {line.order_id: line.text_count for line in found}
        self.assertEqual(counts, {self.order: 1, second: 0, other: 1})
        one, two = (
            found.filtered(lambda line, order=order: line.order_id == order)
            for order in (self.order, second)
        )
        self.assertIn(self.order.name, two.reason)
        self.assertEqual(one.leaves_date, two.leaves_date)
        self.soon.enabled = False
        admin = self.users["admin"]
        switch = self.env["fsm.confirmation.plan.switch"].with_user(admin)
        wizard = switch.create({"plan_id": self.soon.id})
        self.assertEqual(wizard.now_count + wizard.coming_count, 2)
        self.assertIn("3 appointments", wizard.now_info or wizard.coming_info)
        self.soon.enabled = True
        texts = self._plan(max(found.mapped("leaves_date")))
        self.assertEqual(len(texts.filtered(lambda text: not text.carrier_id)), 2)

    def test_the_forecast_keeps_to_the_daily_limit(self):
        """What is more than a number may get leaves on the days after."""
        self.company.job_confirmation_daily_limit = 1
        self.soon.step_ids.write({"unit": "days", "number": 20})
        for days in (4, 8, 12):
            self._make_order(self.start + days * DAY)
        lines = self.env["fsm.confirmation.forecast.line"].with_user(self.dispatcher)
        lines = lines.with_context(allowed_company_ids=self.company.ids)
        found = lines.search(lines.action_open()["domain"])
        self.assertEqual(len(found), 4)
        days = [
            line.leaves_date.replace(tzinfo=UTC)
            .astimezone(ZoneInfo("America/New_York"))
            .date()
            for line in found.sorted("appointment_start")
        ]
        self.assertEqual(days, [days[0] + number * DAY for number in range(4)])

    def test_a_calendar_says_when_texts_leave(self):
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Texting",
                "company_id": self.company.id,
                "tz": "America/New_York",
                "attendance_ids": [
                    (0, 0, {**hours, "name": day, "dayofweek": day})
                    for day in "01234"
                    for hours in (
                        {"hour_from": 9, "hour_to": 12, "day_period": "morning"},
                        {"hour_from": 13, "hour_to": 18, "day_period": "afternoon"},
                    )
                ],
            }
        )
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Holiday",
                "calendar_id": calendar.id,
                "company_id": self.company.id,
                "date_from": "2026-07-03 04:00:00",
                "date_to": "2026-07-04 03:59:59",
            }
        )
        self.company.job_confirmation_calendar_id = calendar
        windows = self.company._get_texting_windows()
        self.assertEqual(windows(date(2026, 7, 2)), ((9, 12), (13, 18)))
        self.assertEqual(windows(date(2026, 7, 3)), ())  # the holiday, a Friday
        self.assertEqual(windows(date(2026, 7, 4)), ())
        saturday = datetime(2026, 7, 4, 15)
        departure = self.company._get_next_departure(saturday, "America/Los_Angeles")
        self.assertEqual(departure, datetime(2026, 7, 6, 16))
        settings = self.env["res.config.settings"].create({})
        self.assertFalse(settings.job_confirmation_hours_warning)
        calendar.attendance_ids.unlink()
        settings.invalidate_recordset()
        self.assertTrue(settings.job_confirmation_hours_warning)

    def test_settings_without_texting_hours(self):
        # An empty calendar is no warning, and the default is told as people write it.
        self.company.job_confirmation_calendar_id = False
        self.env["ir.config_parameter"].set_param(
            "job_confirmation.texting_hours", "8-20"
        )
        settings = self.env["res.config.settings"].create({})
        self.assertIs(settings.job_confirmation_hours_warning, False)
        hours = settings.job_confirmation_default_hours.replace("\u202f", " ")
        self.assertEqual(hours, "8:00 AM to 8:00 PM every day")

    def test_levels(self):
        for level in LEVELS:
            plan = self.soon.with_user(self.users[level])
            if level == "admin":
                plan.name = "Mine"
                continue
            with self.assertRaises(AccessError):
                plan.name = "Mine"
            with self.assertRaises(AccessError):
                plan.action_switch_on()
            step = self.soon.step_ids.with_user(self.users[level])
            with self.assertRaises(AccessError):
                step.is_held = True
            if level == "edit":
                step.action_hold()
                self.assertTrue(step.is_held)
            else:
                order = self.order.with_user(self.users[level])
                for hold in (order.action_hold_confirmation, step.action_hold):
                    with self.assertRaises(AccessError):
                        hold()
        self.assertEqual(self.soon.name, "Mine")
        self.assertTrue(self.env.ref(f"{MODULE}.ir_cron_plan").active)
