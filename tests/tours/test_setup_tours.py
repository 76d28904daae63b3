# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""An administrator sets it up in a real browser."""

from odoo.tests import tagged

from ..common import OUR_NUMBER
from ..setup_common import ELSEWHERE, INBOUND, OVERRIDES, PublicAddress, SetupCase
from .browser import SharedBrowserMixin

SETTINGS = "/odoo/action-fieldservice.action_fsm_config"


@tagged("post_install", "-at_install")
class TestSetupTours(SharedBrowserMixin, SetupCase):
    browser_size = "1400x900"

    def _tour(self, name, sms_url=""):
        """Run a tour; returns where the replies go at Twilio after it."""
        self.twilio.set_number(OUR_NUMBER, sms_url=sms_url)
        # A test's server works on one request at a time: it can't call itself.
        with PublicAddress() as place:
            param = self.env["ir.config_parameter"].sudo()
            param.set_param("web.base.url", place.url)
            self.start_tour(SETTINGS, name, login=self.system.login)
            self.env.invalidate_all()
            self.expected = place.url + INBOUND + OVERRIDES
        return self._number_at_twilio()["sms_url"]

    def test_connect(self):
        self.assertEqual(self._tour("fsm_confirmation_setup_connect"), self.expected)
        self.assertTrue(self.connection.connected_date)
        (sent,) = self.twilio.sent()
        self.assertEqual(sent["to"], "+12125550188")

    def test_elsewhere(self):
        url = self._tour("fsm_confirmation_setup_elsewhere", ELSEWHERE)
        self.assertEqual(url, self.expected)

    def test_check(self):
        self.company.sms_twilio_auth_token = "b" * 32
        url = self._tour("fsm_confirmation_setup_check", ELSEWHERE)
        self.assertEqual(url, ELSEWHERE)


@tagged("post_install", "-at_install")
class TestSetupToursPhone(TestSetupTours):
    """The same on a phone-sized screen."""

    browser_size = "390x844"
    touch_enabled = True
