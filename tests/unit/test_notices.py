# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, timedelta
from unittest import TestCase

from core.notices import CANCELED, MOVED, TECHNICIAN, Known, get_change

NOW = datetime(2026, 12, 1, 15)
TOMORROW, LATER = NOW + timedelta(days=1), NOW + timedelta(days=3)
YESTERDAY = NOW - timedelta(days=1)


class TestNotices(TestCase):
    def test_what_is_told(self):
        told = Known(TOMORROW, "Bob")
        for now_is, has_moved, change in [
            (told, False, None),
            (Known(LATER, "Bob"), True, MOVED),
            # The last state counts: another technician comes at another time.
            (Known(LATER, "Ann"), True, MOVED),
            (Known(TOMORROW, "Ann"), False, TECHNICIAN),
            (Known(TOMORROW, "Bob", True), False, CANCELED),
            (Known(LATER, "Ann", True), True, CANCELED),
            # Nothing is known yet that could be told.
            (Known(None, "Bob"), True, None),
            (Known(TOMORROW, None), False, None),
            (Known(YESTERDAY, "Bob"), True, None),
        ]:
            found = get_change(told, now_is, has_moved=has_moved, now=NOW)
            self.assertEqual(found, change, now_is)

    def test_what_was_told_last_counts(self):
        canceled = Known(TOMORROW, "Bob", True)
        for told, now_is, change in [
            (canceled, canceled, None),
            # It takes place after all.
            (canceled, Known(TOMORROW, "Bob"), MOVED),
            (Known(TOMORROW), Known(TOMORROW, "Bob"), None),
            (Known(YESTERDAY, "Bob"), Known(YESTERDAY, "Bob", True), None),
            (Known(None, "Bob"), Known(None, "Bob", True), None),
        ]:
            found = get_change(told, now_is, has_moved=False, now=NOW)
            self.assertEqual(found, change, now_is)
