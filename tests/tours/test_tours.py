# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What users do, in a real browser."""

from datetime import timedelta

from odoo.tests import tagged

from .browser import MESSAGES, TourCase


@tagged("post_install", "-at_install")
class TestTours(TourCase):
    def test_send(self):
        self._tour("fsm_confirmation_send")
        record = self.order.confirmation_ids
        self.assertEqual(record.state, "outgoing")
        self.assertEqual(record.user_id, self.dispatcher)
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), 1)

    def test_read(self):
        self._asked("Yes, thank you")
        self._tour("fsm_confirmation_read", MESSAGES)

    def test_read_only(self):
        self._asked("Yes, thank you")
        self._tour("fsm_confirmation_read_only", MESSAGES, level="read")

    def test_refused(self):
        self._asked("STOP")
        self._tour("fsm_confirmation_refused")

    def test_visits(self):
        for days, hours in ((1, 0), (2, 6)):
            visit = self._make_visit(self.order, days)
            visit.scheduled_date_end += timedelta(hours=hours)
            visit.scheduled_date_start += timedelta(hours=hours)
        self._tour("fsm_confirmation_visits")
        self.assertEqual(self.order.confirmation_ids.visit_id.name, "Visit 2")


@tagged("post_install", "-at_install")
class TestToursPhone(TestTours):
    """The same on a phone-sized screen."""

    browser_size = "390x844"
    touch_enabled = True
