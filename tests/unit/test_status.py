# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a message and an appointment show."""

import itertools
import sqlite3
from datetime import datetime, timedelta
from unittest import TestCase

from core.kinds import KINDS
from core.status import (
    OUTDATED,
    Asked,
    Noted,
    Schedule,
    appointment_status,
    find_noted,
    has_passed,
    indicator,
    indicator_sql,
    most_urgent,
    stale_reason,
    status_after_move,
)

NOW = datetime(2026, 3, 2, 15, 0)
HOUR = timedelta(hours=1)


class TestIndicator(TestCase):
    def test_indicator(self):
        for response, state, is_open, closed_reason, expected in (
            ("confirmed", "delivered", False, "answered", "confirmed"),
            ("confirmed", "delivered", False, "moved", "moved"),
            ("opted_out", "delivered", False, "moved", "opted_out"),
            ("unrecognized", "sent", True, None, "unrecognized"),
            ("declined", "failed", False, "failed", "declined"),
            (None, "failed", False, "failed", "failed"),
            (False, "canceled", False, "closed", "canceled"),
            (False, "outgoing", True, False, "awaiting"),
            (None, "delivered", False, "past", "no_answer"),
        ):
            facts = (response, state, is_open, closed_reason)
            self.assertEqual(indicator(*facts), expected, facts)

    def test_what_asks_nothing_shows_its_delivery(self):
        for kind in KINDS[1:]:
            for state, shown in (
                ("outgoing", "outgoing"),
                ("sending", "outgoing"),
                ("sent", "sent"),
                ("delivered", "delivered"),
                ("failed", "failed"),
                ("canceled", "canceled"),
            ):
                self.assertEqual(indicator(False, state, False, False, kind), shown)

    def test_sql_says_the_same(self):
        """As far as SQL is SQL: PostgreSQL is asked beside the ORM's fields."""
        database = sqlite3.connect(":memory:")
        responses = (None, "confirmed", "declined", "opted_out", "unrecognized")
        states = ("outgoing", "sending", "sent", "delivered", "failed", "canceled")
        reasons = (None, "answered", *OUTDATED, "past", "replaced", "failed")
        database.execute(
            "CREATE TABLE message (response, state, is_open, closed_reason, kind)"
        )
        for facts in itertools.product(
            responses, states, (True, False, None), reasons, ("question", "staff")
        ):
            database.execute("DELETE FROM message")
            database.execute("INSERT INTO message VALUES (?, ?, ?, ?, ?)", facts)
            [(found,)] = database.execute(f"SELECT {indicator_sql()} FROM message")
            self.assertEqual(found, indicator(*facts), facts)
            closed = indicator_sql("message.", is_open="FALSE")
            [(found,)] = database.execute(f"SELECT {closed} FROM message")
            response, state, _is_open, reason, kind = facts
            known = indicator(response, state, False, reason, kind)
            self.assertEqual(found, known, facts)


class TestAppointment(TestCase):
    def test_has_passed(self):
        self.assertFalse(has_passed(None, NOW))
        self.assertFalse(has_passed(NOW + HOUR, NOW))
        self.assertTrue(has_passed(NOW, NOW))

    def test_a_window_has_passed_when_it_ends(self):
        self.assertFalse(has_passed(NOW - HOUR, NOW, NOW + HOUR))
        self.assertTrue(has_passed(NOW - HOUR, NOW, NOW))
        self.assertTrue(has_passed(NOW - HOUR, NOW, NOW - 2 * HOUR))
        began = Schedule(NOW - HOUR, False, end=NOW + HOUR)
        self.assertEqual(stale_reason(NOW - HOUR, began, None, NOW), "")

    def test_stale(self):
        start = NOW + HOUR
        for appointment, deadline, expected in (
            (None, None, "deleted"),
            (Schedule(start, False), None, ""),
            (Schedule(start, True), None, "closed"),
            (Schedule(start + HOUR, False), None, "moved"),
            (Schedule(None, False), None, "moved"),
            # What is over is over, wherever it was moved to.
            (Schedule(NOW - HOUR, True), None, "past"),
            (Schedule(start, False), NOW - HOUR, "late"),
            (Schedule(start, False), NOW, ""),
        ):
            found = stale_reason(start, appointment, deadline, NOW)
            self.assertEqual(found, expected, (appointment, deadline))

    def test_a_start_within_the_confirmed_window(self):
        start, end = NOW + HOUR, NOW + 3 * HOUR
        for moved, expected in (
            (start, ""),
            (start + HOUR, ""),
            (end, "moved"),
            (start - timedelta(minutes=1), "moved"),
        ):
            appointment = Schedule(moved, False, end=moved + HOUR)
            facts = (start, appointment, None, NOW)
            self.assertEqual(stale_reason(*facts, confirmed_end=end), expected)
        within = Schedule(start + HOUR, False)
        self.assertEqual(stale_reason(start, within, None, NOW), "moved")

    def test_another_place_or_number(self):
        start = NOW + HOUR
        for appointment, expected in (
            (Schedule(start, False), "changed"),
            (Schedule(start + HOUR, False), "changed"),
            (Schedule(start, True), "closed"),
            (Schedule(NOW - HOUR, False), "past"),
        ):
            found = stale_reason(start, appointment, None, NOW, is_elsewhere=True)
            self.assertEqual(found, expected)

    def _asked(self, response="", state="delivered", stale="", **values):
        values = {"is_open": False, "opted_out": False, **values}
        return Asked(state=state, response=response, stale=stale, **values)

    def test_status(self):
        asked = self._asked
        for messages, expected in (
            ([], "not_sent"),
            ([asked(is_open=True), asked("confirmed")], "awaiting"),
            ([asked("declined"), asked("confirmed")], "declined"),
            # A text that did not reach the customer takes nothing back.
            ([asked(state="failed"), asked("confirmed")], "confirmed"),
            ([asked(state="failed"), asked("confirmed", stale="moved")], "reconfirm"),
            ([asked("confirmed", stale="changed")], "reconfirm"),
            # What is over stays as it was answered.
            ([asked("confirmed", stale="past")], "confirmed"),
            ([asked(stale="past")], "no_answer"),
            ([asked(stale="closed")], "no_answer"),
            ([asked(state="canceled", stale="closed")], "not_sent"),
            ([asked("opted_out", opted_out=True)], "opted_out"),
            ([asked("opted_out")], "reconfirm"),
        ):
            self.assertEqual(appointment_status(messages), expected, messages)

    def test_move(self):
        for status in (
            "awaiting",
            "no_answer",
            "confirmed",
            "declined",
            "unrecognized",
        ):
            self.assertEqual(status_after_move(status, True), "reconfirm")
        for status in ("not_sent", "opted_out", "reconfirm"):
            self.assertEqual(status_after_move(status, True), status)
            self.assertEqual(status_after_move(status, False), status)
        # Nothing had left: the customer is not asked again, but asked.
        self.assertEqual(status_after_move("awaiting", False), "not_sent")
        self.assertEqual(status_after_move("confirmed", False), "reconfirm")

    def test_most_urgent(self):
        self.assertEqual(most_urgent({"confirmed", "awaiting"}), "awaiting")
        self.assertEqual(most_urgent({"opted_out", "declined"}), "declined")
        self.assertIsNone(most_urgent(set()))


class TestNotes(TestCase):
    def test_which_note_counts(self):
        yes, gate = Noted("confirmed", ""), Noted("confirmed", "gate code")
        old_gate = Noted("confirmed", "gate code", is_outdated=True)
        no, old_no = Noted("declined", "ill"), Noted("declined", "ill", True)
        for answers, expected in (
            ([], None),
            ([yes], None),
            ([gate], gate),
            ([old_gate], old_gate),
            ([yes, old_gate], old_gate),
            ([Noted("unrecognized", ""), gate], gate),
            ([no, gate], no),
            ([Noted("declined", ""), gate], None),
            ([old_no], None),
            ([old_no, old_gate], old_gate),
            ([Noted("opted_out", "", True), old_gate], None),
        ):
            with self.subTest(answers=answers):
                self.assertIs(find_noted(answers), expected)
