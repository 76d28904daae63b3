# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How dates, times and details stand in a text message."""

from datetime import datetime, timedelta
from unittest import TestCase

import pytest
from babel import Locale
from core.formatting import (
    MAX_DETAIL,
    MAX_TEXT,
    choose_language,
    format_date,
    format_hour,
    format_time_range,
    is_whole_day,
    localize,
    plain_reason,
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
    def _range(self, start, end, locale=US, time_format=US_TIME, **known):
        return format_time_range(start, end, NEW_YORK, locale, time_format, **known)

    def test_as_each_language_writes_it(self):
        start, end = datetime(2026, 3, 10, 13, 0), datetime(2026, 3, 10, 19, 30)
        self.assertEqual(self._range(start, end), "9:00 AM - 3:30 PM")
        self.assertEqual(self._range(start, end, FRENCH, FRENCH_TIME), "09:00 - 15:30")
        self.assertEqual(self._range(start, end, US, "%-I:%M %p"), "9:00 AM - 3:30 PM")

    def test_an_hour_by_itself(self):
        shown = [format_hour(hour, US, US_TIME) for hour in (0, 9, 12, 21)]
        self.assertEqual(shown, ["12 AM", "9 AM", "12 PM", "9 PM"])
        self.assertEqual(format_hour(9, US, "%-I:%M %p"), "9 AM")
        self.assertEqual(format_hour(9, FRENCH, FRENCH_TIME), "09:00")

    def test_an_end_that_would_mislead_is_left_out(self):
        start = datetime(2026, 3, 10, 13, 0)
        for end in (False, start, datetime(2026, 3, 11, 12, 0)):
            self.assertEqual(self._range(start, end), "9:00 AM")

    def test_an_hour_that_comes_twice(self):
        change = datetime(2026, 11, 1, 6, 0)  # UTC; from 2:00 back to 1:00.
        for before, after, expected in (
            (15, 30, "1:45 AM EDT - 1:30 AM EST"),
            (60, 30, "1:00 AM EDT - 1:30 AM EST"),
            (-15, 45, "1:15 AM - 1:45 AM EST"),
            (-120, 180, "3:00 AM - 4:00 AM"),
        ):
            start = change - timedelta(minutes=before)
            end = change + timedelta(minutes=after)
            self.assertEqual(self._range(start, end), expected)
        self.assertEqual(
            self._range(change - timedelta(minutes=15), False), "1:45 AM EDT"
        )

    def test_the_zone_is_named_for_who_is_elsewhere(self):
        start, end = datetime(2026, 3, 10, 13, 0), datetime(2026, 3, 10, 15, 0)
        for reader, expected in (
            (None, "9:00 AM - 11:00 AM"),
            (NEW_YORK, "9:00 AM - 11:00 AM"),
            ("America/Toronto", "9:00 AM - 11:00 AM"),
            ("Europe/Paris", "9:00 AM - 11:00 AM EDT"),
            ("", "9:00 AM - 11:00 AM EDT"),
        ):
            self.assertEqual(self._range(start, end, reader=reader), expected)
        text = format_time_range(
            start, False, "America/Sao_Paulo", US, US_TIME, reader=NEW_YORK
        )
        self.assertEqual(text, "10:00 AM UTC-0300")

    def test_whole_days(self):
        midnight = datetime(2026, 3, 10, 4, 0)  # In New York.
        for hours, expected in ((24, True), (72, True), (12, False), (0, False)):
            end = midnight + timedelta(hours=hours)
            self.assertEqual(is_whole_day(midnight, end, NEW_YORK), expected)
        last_minute = midnight + timedelta(hours=23, minutes=59)
        self.assertTrue(is_whole_day(midnight, last_minute, NEW_YORK))
        self.assertFalse(is_whole_day(midnight, False, NEW_YORK))
        self.assertFalse(is_whole_day(midnight, last_minute, "America/Chicago"))


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


@pytest.mark.parametrize(
    "texts, wanted, found",
    [
        ({"en_US": "Hi", "de_DE": "Tag"}, ["de_DE"], "de_DE"),
        ({"en_US": "Hi", "de_DE": "Tag"}, ["pl_PL", "de_DE"], "de_DE"),
        ({"en_US": "Hi", "de_DE": "Tag"}, ["pl_PL", "en_US"], "en_US"),
        ({"en_US": "Hi", "de_DE": "Tag"}, ["en_GB", "de_DE"], "en_GB"),
        ({"en_US": "Hi", "es_ES": "Hola"}, ["es_MX", "en_US"], "es_ES"),
        ({"en_US": "Hi"}, [], "en_US"),
        # Written by somebody who uses Odoo in German.
        ({"en_US": "Tag", "de_DE": "Tag"}, ["de_DE"], "de_DE"),
        ({"en_US": "Tag", "de_DE": "Tag"}, ["de_AT"], "de_AT"),
        ({"en_US": "Tag", "de_DE": "Tag"}, ["en_US"], "de_DE"),
        ({"en_US": "Tag", "de_DE": "Tag", "pl_PL": "Tag"}, ["pl_PL"], "de_DE"),
    ],
)
def test_choose_language(texts, wanted, found):
    assert choose_language(texts, wanted) == found


class TestReasons(TestCase):
    def test_a_reason_has_a_letter_or_a_digit(self):
        for reason in ("", None, False, " ", "\u00a0", "\u200b", "\u2060", ".", "?!"):
            self.assertEqual(plain_reason(reason), "", ascii(reason))
        for reason in ("Burst pipe", "911", "水漏れ", "x"):
            self.assertEqual(plain_reason(f" {reason}\u00a0"), reason)
