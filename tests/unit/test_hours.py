# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When a text may leave."""

from datetime import date, datetime, timedelta
from unittest import TestCase

from core.hours import (
    DEFAULT_WINDOWS,
    every_day,
    leaves_until,
    may_leave,
    next_departure,
)

NEW_YORK, PHOENIX = "America/New_York", "America/Phoenix"


class TestHours(TestCase):
    def _check(self, windows, zone, cases):
        for now, expected in cases:
            now, expected = (
                value and datetime.fromisoformat(value) for value in (now, expected)
            )
            self.assertEqual(next_departure(now, zone, windows), expected, now)
            self.assertEqual(may_leave(now, zone, windows), expected == now, now)

    def test_every_day_from_8_to_20(self):
        self._check(
            DEFAULT_WINDOWS,
            PHOENIX,  # UTC-7 all year
            (
                ("2026-03-02 15:00:00", "2026-03-02 15:00:00"),  # 8:00
                ("2026-03-02 14:59:59", "2026-03-02 15:00:00"),
                ("2026-03-03 02:59:59", "2026-03-03 02:59:59"),  # 19:59:59
                ("2026-03-03 03:00:00", "2026-03-03 15:00:00"),  # 20:00
                ("2026-03-03 07:00:00", "2026-03-03 15:00:00"),  # midnight
            ),
        )

    def test_until_when(self):
        lunch = every_day((8, 12), (13, 20))
        for windows, now, expected in (
            (DEFAULT_WINDOWS, "2026-03-02 15:00:00", "2026-03-03 01:00:00"),  # 10 hours
            (DEFAULT_WINDOWS, "2026-03-03 02:59:00", "2026-03-03 03:00:00"),
            (DEFAULT_WINDOWS, "2026-03-03 03:00:00", "2026-03-03 03:00:00"),  # night
            (lunch, "2026-03-02 18:30:00", "2026-03-02 19:00:00"),
            (every_day((0, 24)), "2026-03-03 02:00:00", "2026-03-03 12:00:00"),
            (
                every_day((8, 12), (12, 20)),
                "2026-03-02 18:30:00",
                "2026-03-03 03:00:00",
            ),
        ):
            now, expected = map(datetime.fromisoformat, (now, expected))
            found = leaves_until(now, PHOENIX, windows, timedelta(hours=10))
            self.assertEqual(found, expected, now)

    def test_daylight_saving(self):
        self._check(
            DEFAULT_WINDOWS,
            NEW_YORK,
            (
                ("2026-03-08 01:30:00", "2026-03-08 12:00:00"),  # a short night
                ("2026-11-01 00:30:00", "2026-11-01 13:00:00"),  # a long one
            ),
        )

    def test_an_hour_that_the_clock_leaves_out_or_shows_twice(self):
        self._check(
            every_day((2.5, 4)),
            NEW_YORK,
            (
                ("2026-03-08 06:00:00", "2026-03-08 07:30:00"),  # 1:00, opens at 3:30
                ("2026-11-01 04:30:00", "2026-11-01 07:30:00"),
            ),
        )
        self._check(
            every_day((1.5, 4)),
            NEW_YORK,
            (
                ("2026-11-01 05:45:00", "2026-11-01 05:45:00"),  # the first 1:45
                ("2026-11-01 05:15:00", "2026-11-01 06:30:00"),  # the second 1:30
            ),
        )

    def test_several_windows_and_closed_days(self):
        def windows(day):
            if day == date(2026, 12, 25) or day.weekday() == 6:
                return ()
            return ((9, 12.5), (13.5, 24))

        self._check(
            windows,
            "UTC",
            (
                ("2026-12-24 08:00:00", "2026-12-24 09:00:00"),
                ("2026-12-24 12:30:00", "2026-12-24 13:30:00"),
                ("2026-12-24 23:59:59", "2026-12-24 23:59:59"),
                ("2026-12-25 00:00:00", "2026-12-26 09:00:00"),
                ("2026-12-27 10:00:00", "2026-12-28 09:00:00"),  # Sunday
            ),
        )

    def test_hours_that_never_come(self):
        for windows in (every_day(), every_day((20, 8)), every_day((8, 8))):
            self.assertIsNone(next_departure(datetime(2026, 3, 2), "UTC", windows))

    def test_always(self):
        now = datetime(2026, 3, 2, 3, 4)
        self.assertEqual(next_departure(now, "UTC", every_day((0, 24))), now)
