# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What users do, in a real browser."""

from datetime import timedelta

from odoo.tests import tagged

from ..common import MODULE, ConfirmationHttpCase
from .browser import SharedBrowserMixin

MESSAGES = f"/odoo/action-{MODULE}.fsm_confirmation_action"


@tagged("post_install", "-at_install")
class TestTours(SharedBrowserMixin, ConfirmationHttpCase):
    browser_size = "1400x900"

    def _order_url(self):
        return f"/odoo/action-fieldservice.action_fsm_operation_order/{self.order.id}"

    def _tour(self, name, url, level="edit"):
        self.start_tour(url, name, login=self.users[level].login)
        self.env.invalidate_all()

    def _sent(self, answer=None):
        record = self._send()
        self._run_outbox()
        if answer:
            self._customer_says(answer)
        return record

    def test_send(self):
        self._tour("fsm_confirmation_send", self._order_url())
        record = self.order.confirmation_ids
        self.assertEqual(record.state, "outgoing")
        self.assertEqual(record.user_id, self.dispatcher)
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), 1)

    def test_read(self):
        self._sent("Yes, thank you")
        self._tour("fsm_confirmation_read", MESSAGES)

    def test_read_only(self):
        self._sent("Yes, thank you")
        self._tour("fsm_confirmation_read_only", MESSAGES, level="read")

    def test_refused(self):
        self._sent("STOP")
        self._tour("fsm_confirmation_refused", self._order_url())

    def test_visits(self):
        for days, hours in ((1, 0), (2, 6)):
            visit = self._make_visit(self.order, days)
            visit.scheduled_date_end += timedelta(hours=hours)
            visit.scheduled_date_start += timedelta(hours=hours)
        self._tour("fsm_confirmation_visits", self._order_url())
        self.assertEqual(self.order.confirmation_ids.visit_id.name, "Visit 2")


@tagged("post_install", "-at_install")
class TestToursPhone(TestTours):
    """The same on a phone-sized screen."""

    browser_size = "390x844"
    touch_enabled = True
