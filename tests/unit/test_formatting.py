# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How dates, times and details stand in a text message."""

from datetime import datetime
from unittest import TestCase

from babel import Locale

from core.formatting import (
    MAX_DETAIL,
    MAX_TEXT,
    format_date,
    format_time_range,
    localize,
    plain_spaces,
    shorten,
    with_instruction,
)

NOW = datetime(2026, 1, 5, 12, 0)
NEW_YORK = "America/New_York"
US, FRENCH = Locale.parse("en_US"), Locale.parse("fr_FR")
US_TIME, FRENCH_TIME = "%I:%M:%S %p", "%H:%M:%S"


class TestDates(TestCase):
    def test_the_day_is_the_one_where_the_work_happens(self):
        late = datetime(2026, 3, 11, 2, 30)  # UTC; the evening before in New York.
        self.assertEqual(format_date(late, NEW_YORK, US, NOW), "Tue, Mar 10")
        self.assertEqual(format_date(late, "Europe/Paris", FRENCH, NOW), "mer. 11 mars")

    def test_the_year_is_named_when_it_is_another_one(self):
        start = datetime(2027, 3, 10, 15, 0)
        self.assertEqual(format_date(start, NEW_YORK, US, NOW), "Wed, Mar 10, 2027")
        new_year = datetime(2027, 1, 1, 3, 0)  # Still 2026 in New York.
        self.assertEqual(format_date(new_year, NEW_YORK, US, NOW), "Thu, Dec 31")

    def test_both_sides_of_a_daylight_saving_change(self):
        for day, hour in ((7, 9), (8, 10)):
            start = datetime(2026, 3, day, 14, 0)
            self.assertEqual(localize(start, NEW_YORK).hour, hour)


class TestTimes(TestCase):
    def _range(self, start, end, locale=US, time_format=US_TIME):
        return format_time_range(start, end, NEW_YORK, locale, time_format)

    def test_as_each_language_writes_it(self):
        start, end = datetime(2026, 3, 10, 13, 0), datetime(2026, 3, 10, 19, 30)
        self.assertEqual(self._range(start, end), "9:00 AM - 3:30 PM")
        self.assertEqual(self._range(start, end, FRENCH, FRENCH_TIME), "09:00 - 15:30")
        self.assertEqual(self._range(start, end, US, "%-I:%M %p"), "9:00 AM - 3:30 PM")

    def test_an_end_that_would_mislead_is_left_out(self):
        start = datetime(2026, 3, 10, 13, 0)
        for end in (False, start, datetime(2026, 3, 11, 12, 0)):
            self.assertEqual(self._range(start, end), "9:00 AM")


class TestText(TestCase):
    def test_spaces_are_plain(self):
        self.assertEqual(
            plain_spaces(" 9:00\u202fAM\n at\u00a0home "), "9:00 AM at home"
        )

    def test_long_details_are_cut(self):
        self.assertEqual(shorten("Main St"), "Main St")
        self.assertFalse(shorten(False))
        cut = shorten("x" * 500)
        self.assertEqual(len(cut), MAX_DETAIL)
        self.assertTrue(cut.endswith("..."))

    def test_the_code_is_never_lost(self):
        instruction = "Reply YES 427 or NO 427."
        said = "Job 427. reply yes 427 or no 427. Bye"
        self.assertEqual(with_instruction(said, instruction), said)
        added = with_instruction("Job 427.", instruction)
        self.assertEqual(added, f"Job 427. {instruction}")
        long = with_instruction("x" * 2000, instruction)
        self.assertEqual(len(long), MAX_TEXT)
        self.assertTrue(long.endswith(instruction))
