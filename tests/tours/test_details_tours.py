# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From one message to the next, opting out, and what a text would mean."""

from odoo.tests import tagged

from ..common import MODULE
from .browser import MESSAGES, TourCase

WORDS = f"/odoo/action-{MODULE}.fsm_confirmation_word_action"


@tagged("post_install", "-at_install")
class TestDetailsTours(TourCase):
    def test_previous_and_next(self):
        self._asked("Yes from Maria")
        contact = self._make_contact("Zoe Last", "+12125550166")
        location = self._make_location(contact)
        self._send(self._make_order(location_id=location.id))
        self._run_outbox()
        self._customer_says("Yes from Zoe", number="+12125550166")
        for level in ("edit", "read"):
            self._tour("fsm_details_pager", MESSAGES, level=level)

    def test_opt_out(self):
        url = f"/odoo/action-base.action_partner_form/{self.customer.id}"
        self._tour("fsm_details_opt_out", url)
        self.assertTrue(self.customer.confirmation_opt_out)
        self.assertIn("Wants calls only", self._history(self.customer))

    def test_what_a_text_would_mean(self):
        self.env["fsm.confirmation.word"]._lexicon()  # The first one takes seconds.
        self._tour("fsm_details_word_trial", WORDS, level="admin")
        self.assertFalse(self.env["fsm.confirmation.reply"].search([]))


@tagged("post_install", "-at_install")
class TestDetailsToursPhone(TestDetailsTours):
    """The same on a phone-sized screen."""

    browser_size = "390x844"
    touch_enabled = True
