# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The Twilio client's own decisions."""

import os
from unittest import TestCase
from unittest.mock import patch

from core.delivery import Failure, failure_class
from core.twilio.client import (
    API_URL_VARIABLE,
    Outcome,
    TwilioApi,
    api_url_override,
)

LOGGER = "core.twilio.client"


class TestTwilioApi(TestCase):
    def _override(self, address):
        with patch.dict(os.environ, {API_URL_VARIABLE: address}):
            return api_url_override()

    def test_address_for_tests_is_honored_on_loopback_only(self):
        for address in (
            "http://127.0.0.1:8070",
            "http://localhost:8070",
            "http://[::1]:8070",
            "http://127.8.8.8",
        ):
            self.assertEqual(self._override(address), address)
        with self.assertLogs(LOGGER, "WARNING"):
            for address in (
                "http://10.0.0.1:8070",
                "https://api.example.com",
                "http://127.0.0.1@example.com",
                "http://user@127.0.0.1",
                "http://127.0.0.1.example.com",
                "ftp://127.0.0.1",
                "127.0.0.1:8070",
                "nonsense",
            ):
                self.assertIsNone(self._override(address), address)
        self.assertIsNone(self._override(""))

    def test_no_connection_is_no_doubt(self):
        # Nobody listens there: the text certainly did not leave.
        with patch.dict(os.environ, {API_URL_VARIABLE: "http://127.0.0.1:9"}):
            result = TwilioApi("AC" + "1" * 32, "x").send(
                "+12125550123", "Hi", "+12025550100", "http://127.0.0.1/"
            )
        self.assertIs(result.outcome, Outcome.REJECTED)
        self.assertIs(failure_class(result.code), Failure.RETRY)

    def test_nothing_secret_in_its_name(self):
        api = TwilioApi("AC" + "1" * 32, "very-secret")
        self.assertNotIn("very-secret", repr(api))
        self.assertNotIn("1" * 32, repr(api))
