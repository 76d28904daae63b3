# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which texts leave after they have waited."""

from datetime import timedelta
from unittest import TestCase

from core.kinds import KINDS, ON_MY_WAY_FOR, STAFF, Waiting, is_outdated

GONE = ("moved", "changed", "closed", "deleted", "past")


class TestOutdated(TestCase):
    def _outdated(self, **known):
        """The kinds of texts that don't leave any more."""
        found = {kind for kind in KINDS if is_outdated(Waiting(kind, **known))}
        return " ".join(kind for kind in KINDS if kind in found)

    def test_as_it_was(self):
        self.assertEqual(self._outdated(), "")
        self.assertEqual(self._outdated(stale="late"), "")

    def test_not_as_it_was(self):
        for stale in GONE:
            outdated = self._outdated(stale=stale).split()
            expected = [kind for kind in KINDS if kind != STAFF]
            if stale == "past":
                expected.remove("times")
            self.assertEqual(outdated, expected, stale)

    def test_what_each_says(self):
        self.assertEqual(self._outdated(is_open=False), "question")
        self.assertEqual(self._outdated(times_are_reserved=False), "times")
        self.assertEqual(self._outdated(same_technician=False), "notice on_my_way")
        same_address = self._outdated(same_address=False)
        self.assertEqual(same_address, "notice on_my_way reminder")
        self.assertEqual(self._outdated(age=2 * ON_MY_WAY_FOR), "on_my_way")
        self.assertEqual(self._outdated(age=timedelta(minutes=1)), "")

    def test_a_cancellation(self):
        def leaves(**known):
            return not is_outdated(Waiting("notice", tells_canceled=True, **known))

        self.assertTrue(leaves(stale="closed", is_canceled=True))
        self.assertTrue(leaves(stale="deleted"))
        # Completed, on again, over, or somebody else's number by now.
        self.assertFalse(leaves(stale="closed"))
        self.assertFalse(leaves())
        self.assertFalse(leaves(stale="past", is_canceled=True))
        self.assertFalse(leaves(stale="closed", is_canceled=True, same_address=False))
