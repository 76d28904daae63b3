# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whether a customer is asked now, by which step, or why not."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from unittest import TestCase

from core.hours import DEFAULT_WINDOWS, every_day
from core.planning import (
    GRACE,
    REST,
    Plan,
    PlannedAppointment,
    Recipient,
    Step,
    Text,
    decide,
    find_holding,
    find_horizon,
    find_time,
    needs_call,
)

ZONE = "America/New_York"
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
# Tuesday, March 3, 2026, 10:00 in New York
START = datetime(2026, 3, 3, 15)
WEEK = Step(id=7, days=7, audience="not_asked")
TWO = Step(id=2, days=2)
ONE = Step(id=1, days=1)
PLAN = Plan((WEEK, TWO, ONE))
# 9:00 in New York
ONE_AT = datetime(2026, 3, 2, 14)
TWO_AT = ONE_AT - DAY
WEEK_AT = ONE_AT - 6 * DAY


class TestDecide(TestCase):
    def decide(self, now, status="not_sent", asked=(), plan=PLAN, **known):
        recipient = known.pop("recipient", None)
        windows = known.pop("windows", DEFAULT_WINDOWS)
        known = {"start": START, "zone": ZONE, **known}
        appointment = PlannedAppointment(status=status, **known)
        texts = [Text(moment, known["start"]) for moment in asked]
        return decide(appointment, texts, plan, windows, now, recipient)

    def assert_due(self, decision, step):
        self.assertEqual((decision.step, decision.reason), (step, ""))
        self.assertTrue(decision.is_due)

    def assert_not(self, decision, reason, at=None):
        self.assertEqual((decision.reason, decision.at), (reason, at))
        self.assertFalse(decision.is_due)

    def test_each_step_at_its_time(self):
        self.assert_not(self.decide(WEEK_AT - HOUR), "later", WEEK_AT)
        self.assert_due(self.decide(WEEK_AT), WEEK)
        asked = [WEEK_AT + timedelta(seconds=20)]
        self.assert_not(self.decide(WEEK_AT + HOUR, "awaiting", asked), "later", TWO_AT)
        self.assert_due(self.decide(TWO_AT, "awaiting", asked), TWO)
        asked.append(TWO_AT + timedelta(seconds=20))
        self.assert_due(self.decide(ONE_AT, "awaiting", asked), ONE)
        asked.append(ONE_AT + timedelta(seconds=20))
        self.assert_not(self.decide(ONE_AT + HOUR, "awaiting", asked), "no_step_left")

    def test_who_has_answered_is_left_to_people(self):
        for status in ("confirmed", "declined", "opted_out", "unrecognized"):
            self.assert_not(self.decide(ONE_AT, status, [TWO_AT]), status)

    def test_what_cannot_be_asked_about(self):
        self.assert_not(self.decide(ONE_AT, start=None), "undated")
        self.assert_not(self.decide(ONE_AT, is_closed=True), "closed")
        self.assert_not(self.decide(START), "past")
        self.assert_not(self.decide(ONE_AT, plan=None), "no_plan")
        self.assert_not(self.decide(ONE_AT, plan=Plan(())), "no_plan")
        self.assert_not(self.decide(ONE_AT, held=True), "held")

    def test_a_date_that_came_back_is_asked_about_anew(self):
        """What was said before another date was told does not hold any more."""
        now, a, b = ONE_AT + HOUR, START, START + DAY
        appointment = PlannedAppointment(start=a, zone=ZONE, status="reconfirm")
        first = Text(ONE_AT - 3 * DAY, a, ONE.id, id=1)
        told = Text(ONE_AT - 2 * DAY, b, TWO.id, id=2)
        again = Text(now, a, ONE.id, id=3)
        for texts, is_due, known in (
            ([first], False, 0),
            ([first, told], True, 2),
            ([first, told, again], False, 2),
            # It was canceled, and is not any more.
            ([first, Text(now - HOUR, None, id=2)], True, 2),
            # What never reached the customer told nothing.
            ([first, replace(told, arrived=False)], False, 0),
        ):
            decision = decide(appointment, texts, Plan((ONE,)), DEFAULT_WINDOWS, now)
            self.assertEqual(decision.is_due, is_due, texts)
            holding, after = find_holding(texts, appointment)
            self.assertEqual(after, known)
            self.assertEqual(again in holding, again in texts)

    def test_who_was_reminded_is_not_reminded_of_ten_minutes(self):
        """A start within the window that the customer confirmed is no news."""
        reminder = Step(id=9, days=1, audience="confirmed")
        said = Text(ONE_AT, START, reminder.id, end=START + 2 * HOUR)
        for minutes, reason in ((10, "no_step_left"), (119, "no_step_left"), (121, "")):
            start = START + timedelta(minutes=minutes)
            decision = decide(
                PlannedAppointment(start=start, zone=ZONE, status="confirmed"),
                [said],
                Plan((reminder,)),
                DEFAULT_WINDOWS,
                ONE_AT + HOUR / 2,
            )
            self.assertEqual(decision.reason, reason, minutes)
        # Who has not confirmed is asked about the new time.
        moved = START + timedelta(minutes=10)
        appointment = PlannedAppointment(start=moved, zone=ZONE, status="reconfirm")
        decision = decide(
            appointment,
            [replace(said, step=ONE.id)],
            Plan((ONE,)),
            DEFAULT_WINDOWS,
            ONE_AT + HOUR,
        )
        self.assert_due(decision, ONE)

    def test_a_date_settles_before_it_is_asked_about(self):
        """A date that is dragged several times makes one text."""
        now = ONE_AT + 3 * HOUR
        settled = now + timedelta(minutes=15)
        self.assert_not(self.decide(now, settled=settled), "settling", settled)
        self.assert_due(self.decide(settled, settled=settled), ONE)
        # If there would be too little time left then, it is asked about at once.
        soon = now + 4 * HOUR + timedelta(minutes=5)
        self.assert_due(self.decide(now, start=soon, settled=settled), ONE)
        # Whether a reminder is useful then counts as well.
        reminder = Step(id=9, days=1, audience="confirmed")
        for late, reason in ((timedelta(), "settling"), (GRACE, "")):
            now = ONE_AT + late
            decision = self.decide(
                now,
                "confirmed",
                plan=Plan((reminder,)),
                settled=now + timedelta(minutes=15),
            )
            self.assertEqual(decision.reason, reason)

    def test_what_stands_in_the_way_is_looked_at_again(self):
        for block in ("opted_out", "number_missing", "no_contact", "not_ready"):
            decision = self.decide(ONE_AT, recipient=Recipient(3, block=block))
            self.assertEqual((decision.step, decision.reason), (ONE, block))
            self.assertEqual(decision.at, ONE_AT + HOUR / 2)

    def test_a_plan_switched_on_at_noon(self):
        noon = ONE_AT + 3 * HOUR
        self.assert_due(self.decide(noon), ONE)
        # Of those in two days, the latest step that is due; not the one of a week ago.
        self.assert_due(self.decide(noon, start=START + DAY), TWO)
        # What is in an hour is too near.
        self.assert_not(self.decide(noon, start=noon + HOUR), "too_late")

    def test_one_made_or_moved_inside_a_steps_time(self):
        now = START + DAY + 3 * HOUR
        start = now + 5 * HOUR
        self.assert_due(self.decide(now, start=start), ONE)
        plan = Plan(PLAN.steps, notice=timedelta(hours=6))
        self.assert_not(self.decide(now, start=start, plan=plan), "too_late")
        # The old date was asked about: that was another question.
        appointment = PlannedAppointment(start=start, zone=ZONE, status="reconfirm")
        texts = [Text(TWO_AT, START - DAY)]
        self.assert_due(decide(appointment, texts, PLAN, DEFAULT_WINDOWS, now), ONE)

    def test_a_server_that_was_down_for_two_days(self):
        # Two steps were missed: one text makes up for both.
        now = ONE_AT + HOUR * 5
        self.assert_due(self.decide(now, "awaiting", [WEEK_AT]), ONE)
        self.assert_not(
            self.decide(now + HOUR, "awaiting", [WEEK_AT, now]), "no_step_left"
        )

    def test_a_step_is_done_whatever_the_clocks_say(self):
        appointment = PlannedAppointment(start=START, zone=ZONE, status="awaiting")
        texts = [Text(ONE_AT - HOUR, START, ONE.id)]
        now = ONE_AT + 13 * HOUR
        decision = decide(appointment, texts, PLAN, DEFAULT_WINDOWS, now)
        self.assert_not(decision, "no_step_left")

    def test_an_earlier_step_never_follows_a_later_one(self):
        plan = Plan((TWO, Step(id=1, days=1, audience="not_asked")))
        now = ONE_AT + 2 * HOUR
        self.assert_not(self.decide(now, "awaiting", [ONE_AT], plan), "no_step_left")

    def test_who_was_just_asked_rests(self):
        # Booked a day ahead, asked at once: nobody gets the next one an hour later.
        asked = ONE_AT - HOUR
        decision = self.decide(ONE_AT, "awaiting", [asked])
        self.assertEqual((decision.step, decision.reason), (ONE, "too_late"))
        early = Plan((Step(id=3, hours=8),))
        start = datetime(2026, 3, 3, 23)
        asked = start - 9 * HOUR
        decision = self.decide(
            start - 8 * HOUR, "awaiting", [asked], early, start=start
        )
        self.assert_not(decision, "too_late")
        start = datetime(2026, 3, 5, 15)
        plan = Plan((Step(id=3, hours=40),), notice=2 * HOUR)
        asked = start - 41 * HOUR
        decision = self.decide(
            start - 40 * HOUR, "awaiting", [asked], plan, start=start
        )
        self.assert_not(decision, "asked_lately", datetime(2026, 3, 4, 13))

    def test_the_night_waits_for_the_texting_hours(self):
        night = datetime(2026, 3, 2, 5)  # midnight in New York
        decision = self.decide(night, start=START, plan=Plan((TWO,)))
        self.assert_not(decision, "hours", datetime(2026, 3, 2, 13))
        self.assert_due(self.decide(decision.at, plan=Plan((TWO,))), TWO)
        # By then it would be too late for one that begins in the morning.
        decision = self.decide(night, plan=Plan((TWO,)), start=night + 10 * HOUR)
        self.assert_not(decision, "too_late")

    def test_recurring_orders_made_a_year_ahead(self):
        now = START - timedelta(days=365)
        decision = self.decide(now)
        self.assert_not(decision, "later", WEEK_AT)
        for steps, least in (
            (PLAN.steps, START - WEEK_AT),
            ([Step(id=1, hours=48)], 48 * HOUR),
        ):
            horizon = find_horizon(steps, DEFAULT_WINDOWS, now.date())
            self.assertGreaterEqual(horizon, least)

    def test_held(self):
        held = Step(id=1, days=1, held=True)
        plan = Plan((TWO, held))
        # Its turn has come: no earlier one leaves in its place.
        self.assert_not(self.decide(ONE_AT, plan=plan), "step_held")
        # Let go later, it leaves as one that is late.
        self.assert_due(self.decide(ONE_AT + 5 * HOUR, plan=Plan((TWO, ONE))), ONE)

    def test_a_number_gets_only_so_many_a_day(self):
        full = Recipient(3, texts_today=3)
        decision = self.decide(ONE_AT - 6 * DAY, recipient=full)
        self.assert_not(decision, "daily_limit", ONE_AT - 5 * DAY - HOUR)
        self.assert_due(self.decide(ONE_AT, recipient=Recipient(3, texts_today=2)), ONE)

    def test_the_limit_holds_a_text_until_it_is_too_late(self):
        """A person calls at once: the next day is past the start, or too close."""
        full = Recipient(3, texts_today=3)
        for start in (START, START - 3 * HOUR):
            at = find_time(ONE, start, ZONE, DEFAULT_WINDOWS)
            decision = self.decide(at, start=start, recipient=full)
            self.assert_not(decision, "over_limit")
        # It may still leave in the morning.
        decision = self.decide(ONE_AT, start=START + 2 * HOUR, recipient=full)
        self.assert_not(decision, "daily_limit", ONE_AT + 23 * HOUR)
        # A later step may be on time.
        late = Step(id=6, hours=1)
        decision = self.decide(ONE_AT, plan=Plan((ONE, late)), recipient=full)
        self.assert_not(decision, "later", START - HOUR)

    def test_an_unanswered_only_step_asks_nobody_for_the_first_time(self):
        only = Step(id=5, days=1, audience="unanswered")
        self.assert_not(self.decide(ONE_AT, plan=Plan((only,))), "no_step_left")
        self.assert_due(self.decide(ONE_AT, "awaiting", [TWO_AT], Plan((only,))), only)
        # Who came too late for the first step is asked by it.
        self.assert_due(self.decide(ONE_AT, plan=Plan((TWO, only))), TWO)

    def test_a_step_on_time_needs_no_notice(self):
        plan = Plan((Step(id=4, hours=2),), notice=4 * HOUR)
        start = datetime(2026, 3, 3, 20)
        self.assert_due(
            self.decide(start - 2 * HOUR, start=start, plan=plan), plan.steps[0]
        )
        late = start - 2 * HOUR + GRACE + timedelta(minutes=1)
        self.assert_not(self.decide(late, start=start, plan=plan), "too_late")
        self.assertGreater(REST, GRACE)


class TestNeedsCall(TestCase):
    """The last step is to people."""

    def needs_call(self, left, status="awaiting", asked=3, reason="no_step_left"):
        """:param left: hours until the start; :param asked: hours ago, None: never"""
        now = START - left * HOUR
        appointment = PlannedAppointment(start=START, zone=ZONE, status=status)
        plan = Plan((ONE,), to_people=DAY)
        return needs_call(
            appointment,
            plan,
            None if asked is None else now - asked * HOUR,
            reason,
            now,
        )

    def test_not_before_its_time_and_not_after_the_start(self):
        self.assertTrue(self.needs_call(24))
        self.assertFalse(self.needs_call(25))
        self.assertFalse(self.needs_call(0))

    def test_who_was_asked_has_time_to_answer(self):
        self.assertFalse(self.needs_call(20, asked=1))
        self.assertTrue(self.needs_call(20, asked=2))
        self.assertTrue(self.needs_call(4, asked=1))

    def test_what_leaves_by_itself_comes_first(self):
        for reason in ("", "later", "hours", "daily_limit"):
            self.assertFalse(self.needs_call(20, "not_sent", None, reason))
            self.assertTrue(self.needs_call(4, "not_sent", None, reason))
        for reason in ("too_late", "over_limit", "held", "number_missing"):
            self.assertTrue(self.needs_call(20, "reconfirm", None, reason))

    def test_what_is_settled_needs_none(self):
        for status in ("confirmed", "declined", "opted_out", "unrecognized"):
            self.assertFalse(self.needs_call(3, status))

    def test_off(self):
        appointment = PlannedAppointment(start=START, zone=ZONE)
        plan = Plan((ONE,))
        self.assertFalse(needs_call(appointment, plan, None, "held", START - HOUR))


class TestFindTime(TestCase):
    def test_summer_and_winter_time(self):
        # In the night before March 8, 2026 the clocks go forward in New York.
        start = datetime(2026, 3, 9, 14)
        for days, hour in ((1, 13), (2, 14)):
            at = find_time(Step(id=1, days=days), start, ZONE, DEFAULT_WINDOWS)
            self.assertEqual(at, datetime(2026, 3, 9 - days, hour))
        all_day = every_day((0, 24))
        step = Step(id=1, days=1, hour=2.5)
        # 2:30 does not exist on that day; 1:30 on November 1 comes twice.
        at = find_time(step, start, ZONE, all_day)
        self.assertEqual(at, datetime(2026, 3, 8, 7, 30))
        start = datetime(2026, 11, 2, 15)
        at = find_time(Step(id=1, days=1, hour=1.5), start, ZONE, all_day)
        self.assertEqual(at, datetime(2026, 11, 1, 6, 30))
        at = find_time(Step(id=1, hours=24), start, ZONE, all_day)
        self.assertEqual(at, start - DAY)

    def test_a_closed_day(self):
        closed = {date(2026, 3, 1), date(2026, 3, 2)}

        def windows(day):
            return () if day in closed else ((8, 20),)

        at = find_time(ONE, START, ZONE, windows)
        self.assertEqual(at, datetime(2026, 2, 28, 14))
        at = find_time(Step(id=1, hours=24), START, ZONE, windows)
        self.assertEqual(at, datetime(2026, 3, 1, 0))  # 19:00 on the last open day
        self.assertIsNone(find_time(ONE, START, ZONE, lambda _day: ()))

    def test_three_closed_weeks(self):
        """Who comes in them, or right after, is asked on the last open day before."""
        first, last = date(2026, 3, 3), date(2026, 3, 23)

        def windows(day):
            return () if first <= day <= last else ((8, 20),)

        after = datetime(2026, 3, 24, 15)
        for start in (START + 10 * DAY, after):
            appointment = PlannedAppointment(start=start, zone=ZONE)
            plan = Plan((ONE,))
            for now, expected in (
                (ONE_AT - HOUR, ("later", ONE_AT)),
                (ONE_AT, ("", ONE_AT)),
            ):
                decision = decide(appointment, [], plan, windows, now)
                self.assertEqual((decision.reason, decision.at), expected)
            horizon = find_horizon(plan.steps, windows, ONE_AT.date())
            self.assertGreater(ONE_AT + horizon, start)
        # Made in those weeks there is no time at which to ask, and that is said.
        appointment = PlannedAppointment(start=START + 10 * DAY, zone=ZONE)
        decision = decide(appointment, [], Plan((ONE,)), windows, START + 5 * DAY)
        self.assertEqual(decision.reason, "no_hours")
        # Neither is one without any hours at all.
        decision = decide(appointment, [], Plan((ONE,)), lambda _day: (), START)
        self.assertEqual((decision.reason, decision.at), ("no_hours", None))
        # With hours every day there is not much to look at.
        horizon = find_horizon([ONE], DEFAULT_WINDOWS, ONE_AT.date())
        self.assertLessEqual(horizon, 5 * DAY)

    def test_outside_the_texting_hours(self):
        for hour, expected in ((6, 13), (9, 14), (22, 24)):
            at = find_time(Step(id=1, days=1, hour=hour), START, ZONE, DEFAULT_WINDOWS)
            self.assertEqual(at, datetime(2026, 3, 2) + timedelta(hours=expected))
        # 4 hours before 10:00 is night: the evening before.
        at = find_time(Step(id=1, hours=4), START, ZONE, DEFAULT_WINDOWS)
        self.assertEqual(at, datetime(2026, 3, 3, 0))
        siesta = every_day((8, 12), (16, 20))
        at = find_time(Step(id=1, days=1, hour=14), START, ZONE, siesta)
        self.assertEqual(at, datetime(2026, 3, 2, 21))

    def test_the_clock_of_the_place_counts(self):
        for zone, hour in (("Asia/Tokyo", 0), ("America/Los_Angeles", 17)):
            at = find_time(ONE, START, zone, DEFAULT_WINDOWS)
            self.assertEqual(at.hour, hour)
