# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""In which time zone a place lies."""

from datetime import datetime
from unittest import TestCase

import pytz
from core.zones import _ZONES, is_same_time, zone_of_place

NOW = datetime(2026, 3, 2)
NEW_YORK, LOS_ANGELES = "America/New_York", "America/Los_Angeles"


class TestZones(TestCase):
    def test_places(self):
        for country, state, entered, expected in (
            # A web client enters the zone of who makes the record.
            ("US", "CA", NEW_YORK, LOS_ANGELES),
            ("US", "CA", "", LOS_ANGELES),
            ("US", "CA", "US/Pacific", "US/Pacific"),
            ("US", "AZ", "America/Denver", "America/Phoenix"),
            # A state in two zones.
            ("US", "TN", NEW_YORK, NEW_YORK),
            ("US", "TN", LOS_ANGELES, "America/Chicago"),
            # A country in several, without a state or with one that says nothing.
            ("US", "", LOS_ANGELES, LOS_ANGELES),
            ("US", "", "Europe/Berlin", ""),
            ("BR", "SP", "America/Sao_Paulo", "America/Sao_Paulo"),
            ("BR", "SP", NEW_YORK, ""),
            ("DE", "BY", NEW_YORK, "Europe/Berlin"),
            ("FR", "", "", "Europe/Paris"),
            ("CA", "BC", NEW_YORK, "America/Vancouver"),
            ("AU", "WA", "Australia/Sydney", "Australia/Perth"),
            ("", "", NEW_YORK, ""),
            ("XX", "YY", "nonsense", ""),
        ):
            found = zone_of_place(country, state, entered, NOW)
            self.assertEqual(found, expected, (country, state, entered))

    def test_every_zone_is_one(self):
        for zones in _ZONES.values():
            self.assertLessEqual(set(zones), pytz.all_timezones_set)
        states = [state for country, state in _ZONES if country == "US"]
        self.assertEqual(len(states), 56)

    def test_the_same_time(self):
        summer = datetime(2026, 7, 1)
        self.assertTrue(is_same_time("America/Phoenix", "America/Denver", NOW))
        self.assertFalse(is_same_time("America/Phoenix", "America/Denver", summer))
