# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Connect, Check and the test text: every failure in words, on a real simulator."""

import os
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import BaseCase, tagged
from odoo.tools import mute_logger

from ...core.twilio.address import classify_address
from ...core.twilio.client import API_URL_VARIABLE
from ..common import OUR_NUMBER, WEBHOOK_LOG
from ..setup_common import ELSEWHERE, INBOUND, OVERRIDES, PublicAddress, SetupCase

SERVICE = "MG" + "a" * 32


@tagged("post_install", "-at_install")
class TestAddress(BaseCase):
    def test_form(self):
        known = {
            "https://odoo.example.com": "ok",
            "https://odoo.example.com:8443/base": "ok",
            "https://8.8.8.8": "ok",
            "http://odoo.example.com": "not_https",
            "http://localhost:8069": "private",
            "https://localhost": "private",
            "https://127.0.0.1": "private",
            "https://192.168.1.5": "private",
            "https://10.0.0.1": "private",
            "https://[::1]": "private",
            "https://[fd00::1]": "private",
            "https://169.254.169.254": "private",
            "https://127.1": "private",
            "https://0177.0.0.1": "private",
            "https://0x7f.1": "private",
            "https://2130706433": "private",
            "https://127.0.0.1.": "private",
            "https://0": "private",
            "https://0xa9fea9fe": "private",
            "https://[::ffff:127.0.0.1]": "private",
            "https://[::ffff:7f00:1]": "private",
            "https://[64:ff9b::7f00:1]": "private",
            "https://[2002:7f00:1::]": "private",
            "https://[fe80::1%25eth0]": "private",
            "https://localhost.": "private",
            "https://LOCALHOST": "private",
            "https://user:secret@odoo.example.com": "empty",
            "https://odoo.example.com@127.0.0.1": "empty",
            "https://[nonsense": "empty",
            "https://odoo.example.com.": "ok",
            "https://odoo": "private",
            "https://odoo.local": "private",
            "ftp://odoo.example.com": "empty",
            "": "empty",
            "odoo.example.com": "empty",
        }
        with patch.dict(os.environ, {API_URL_VARIABLE: ""}):
            for address, expected in known.items():
                self.assertEqual(classify_address(address + INBOUND), expected, address)
        with patch.dict(os.environ, {API_URL_VARIABLE: "http://127.0.0.1:1"}):
            # With a simulator of Twilio this machine is good enough, no other is.
            self.assertEqual(classify_address("http://127.0.0.1:8069"), "ok")
            self.assertEqual(classify_address("http://192.168.1.5"), "private")


@tagged("post_install", "-at_install")
class TestConnect(SetupCase):
    def setUp(self):
        super().setUp()
        self.address = self.base_url() + INBOUND

    def _at(self, url=""):
        self.twilio.set_number(OUR_NUMBER, sms_url=url)

    def test_one_click(self):
        self._at("")
        dialog = self._click("action_connect")
        self.assertEqual(dialog.headline_level, "ok", dialog.checks)
        self.assertFalse(dialog.question)
        number = self._number_at_twilio()
        self.assertEqual(number["sms_url"], self.address + OVERRIDES)
        self.assertEqual(number["sms_method"], "POST")
        self.assertEqual(number["sms_fallback_url"], self.address + OVERRIDES)
        self.assertEqual(number["sms_fallback_method"], "POST")
        self.assertTrue(dialog.is_connected)
        self.assertTrue(self.connection.connected_date)
        # And it is true: a reply arrives.
        record = self._send()
        self._run_outbox()
        self.assertEqual(self._customer_says("Yes")["status"], 200)
        self.assertEqual(record.response, "confirmed")

    def test_again_changes_nothing(self):
        self._click("action_connect")
        before = len(self.twilio.requests(operation="UpdateIncomingPhoneNumber"))
        dialog = self._click("action_connect")
        self.assertEqual(dialog.headline_level, "ok")
        after = len(self.twilio.requests(operation="UpdateIncomingPhoneNumber"))
        self.assertEqual(before, after)

    def test_check_changes_nothing(self):
        self._at("")
        dialog = self._click("action_check")
        self.assertEqual(self._found(dialog)["webhook_unset"], "problem")
        self.assertFalse(dialog.is_connected)
        self.assertEqual(self._number_at_twilio()["sms_url"], "")
        methods = {entry["method"] for entry in self.twilio.requests()}
        self.assertEqual(methods, {"GET"})

    def test_sample_address_of_a_new_number_is_nobodys(self):
        self._at("https://demo.twilio.com/welcome/sms/reply")
        self.assertEqual(self._click("action_connect").headline_level, "ok")

    def test_elsewhere_asks_first(self):
        self._at(ELSEWHERE)
        dialog = self._click("action_connect")
        self.assertEqual(dialog.headline_level, "warning")
        self.assertIn(ELSEWHERE, dialog.question_text)
        self.assertIn(ELSEWHERE, self._text(dialog, "webhook_elsewhere"))
        self.assertEqual(self._number_at_twilio()["sms_url"], ELSEWHERE)
        self._click("action_connect_agreed", dialog)
        self.assertEqual(dialog.headline_level, "ok", dialog.checks)
        self.assertFalse(dialog.question_text)
        self.assertEqual(self._number_at_twilio()["sms_url"], self.address + OVERRIDES)

    def test_only_what_was_asked_about_is_changed(self):
        self._at(ELSEWHERE)
        dialog = self._click("action_connect")
        self._at("https://other.example.com/sms")
        self._click("action_connect_agreed", dialog)
        self.assertIn("other.example.com", dialog.question_text)
        self.assertEqual(
            self._number_at_twilio()["sms_url"], "https://other.example.com/sms"
        )

    def test_fallback_of_somebody_else_asks_first(self):
        self.twilio.set_number(OUR_NUMBER, sms_url="", sms_fallback_url=ELSEWHERE)
        dialog = self._click("action_connect")
        self.assertIn(ELSEWHERE, dialog.question_text)

    def test_method_get_is_fixed(self):
        self.twilio.set_number(OUR_NUMBER, sms_url=self.address, sms_method="GET")
        found = self._found(self._click("action_check"))
        self.assertEqual(found["webhook_method"], "problem")
        self.assertEqual(self._click("action_connect").headline_level, "ok")
        self.assertEqual(self._number_at_twilio()["sms_method"], "POST")

    def test_application_overrides(self):
        self.twilio.set_number(
            OUR_NUMBER, sms_url=self.address, sms_application_sid="AP" + "1" * 32
        )
        dialog = self._click("action_connect")
        self.assertEqual(self._found(dialog)["webhook_application"], "problem")
        self.assertIn("AP" + "1" * 32, dialog.question_text)
        self._click("action_connect_agreed", dialog)
        self.assertEqual(dialog.headline_level, "ok", dialog.checks)
        self.assertFalse(self._number_at_twilio()["sms_application_sid"])

    def test_set_by_hand_without_retries(self):
        self._at(self.address)
        dialog = self._click("action_check")
        self.assertEqual(self._found(dialog)["webhook_once"], "warning")
        self.assertTrue(dialog.is_connected)
        self.assertTrue(dialog.can_connect)
        self._click("action_connect", dialog)
        self.assertEqual(dialog.headline_level, "ok")
        self.assertFalse(dialog.can_connect)
        self.assertEqual(self._number_at_twilio()["sms_url"], self.address + OVERRIDES)

    def test_set_by_hand_with_retries(self):
        """As the README says it, and as dev/demo sets the simulator up."""
        self._at(self.address + OVERRIDES)
        dialog = self._click("action_check")
        self.assertEqual(self._found(dialog)["webhook_ok"], "ok")
        self.assertFalse(dialog.can_connect)

    def test_all_numbers_of_the_company(self):
        self.env["sms.twilio.number"].create(
            {
                "company_id": self.company.id,
                "number": "+1 (202) 555-0142",
                "country_id": self.env.ref("base.us").id,
            }
        )
        self._at("")
        self.twilio.set_number("+12025550142", sms_url="")
        self.assertEqual(self._click("action_connect").headline_level, "ok")
        for phone in (OUR_NUMBER, "+12025550142"):
            self.assertEqual(
                self._number_at_twilio(phone)["sms_url"], self.address + OVERRIDES
            )

    def test_connection_is_for_this_address_and_sender(self):
        self._click("action_connect")
        self.assertTrue(self.connection._is_connected())
        param = self.env["ir.config_parameter"].sudo()
        param.set_param("web.base.url", "https://new.example.com")
        self.assertFalse(self.connection._is_connected())
        param.set_param("web.base.url", self.base_url())
        self.assertTrue(self.connection._is_connected())
        self.company.job_confirmation_service_sid = SERVICE
        self.assertFalse(self.connection._is_connected())

    # What hinders it

    def test_no_account(self):
        self.company.write(
            {"sms_twilio_account_sid": False, "sms_twilio_auth_token": False}
        )
        dialog = self._click("action_connect")
        self.assertEqual(dialog.headline_level, "problem")
        found = self._found(dialog)
        self.assertIn("account_empty", found)
        # Our own request can't be signed, but it comes here.
        self.assertEqual(found["address_ok"], "ok")
        self.assertEqual(self.twilio.requests(), [])

    def test_bad_credentials(self):
        self.company.sms_twilio_auth_token = "b" * 32
        self._at("")
        dialog = self._click("action_connect")
        self.assertEqual(dialog.headline_level, "problem")
        self.assertIn("20003", self._text(dialog, "account_credentials"))
        self.assertEqual(self._number_at_twilio()["sms_url"], "")
        self.assertNotIn("b" * 32, str(dialog.read()))

    def test_unknown_account(self):
        self.company.sms_twilio_account_sid = "AC" + "9" * 32
        self.assertIn("account_credentials", self._found(self._click("action_check")))

    def test_suspended_and_trial(self):
        account = {"sid": self.simulator.DEFAULT_ACCOUNT_SID}
        self.twilio.configure(accounts=[{**account, "type": "Trial"}])
        dialog = self._click("action_connect")
        self.assertEqual(self._found(dialog)["account_trial"], "warning")
        self.assertEqual(dialog.headline_level, "ok")
        self.twilio.configure(accounts=[{**account, "status": "suspended"}])
        dialog = self._click("action_connect")
        self.assertIn("suspended", self._text(dialog, "account_inactive"))
        self.assertEqual(dialog.headline_level, "problem")

    def test_number_of_somebody_else(self):
        self.company.sms_twilio_number_ids.number = "+12025550177"
        dialog = self._click("action_connect")
        self.assertIn("+1 202-555-0177", self._text(dialog, "sender_not_owned"))
        self.assertEqual(dialog.headline_level, "problem")

    def test_number_that_cannot_text(self):
        self.twilio.set_number(OUR_NUMBER, capabilities={"sms": False})
        dialog = self._click("action_connect")
        self.assertEqual(self._found(dialog)["sender_no_texts"], "problem")
        self.assertFalse(dialog.is_connected)
        self.twilio.set_number(OUR_NUMBER, capabilities={"sms": True})
        self.assertTrue(self._click("action_connect", dialog).is_connected)
        self.twilio.set_number(OUR_NUMBER, capabilities={"sms": False})
        self.assertFalse(self._click("action_check", dialog).is_connected)

    def test_no_sender(self):
        self.company.sms_twilio_number_ids.unlink()
        dialog = self._click("action_connect")
        self.assertIn("sender_empty", self._found(dialog))
        self.assertEqual(dialog.headline_level, "problem")

    def test_numbers_are_loaded(self):
        self.company.sms_twilio_number_ids.unlink()
        self.twilio.set_number("+12025550199", capabilities={"sms": False})
        dialog = self._click("action_check")
        self.assertTrue(dialog.can_load_numbers)
        self._click("action_load_numbers", dialog)
        self.assertFalse(dialog.can_load_numbers)
        self.assertEqual(
            self.company.sms_twilio_number_ids.mapped("number"), [OUR_NUMBER]
        )
        self.assertEqual(self.company.sms_twilio_number_ids.country_id.code, "US")
        self.company.sms_twilio_number_ids.unlink()
        for fault, words in (("500", "did not answer"), ("error", "20003")):
            self.twilio.clear_faults()
            self.twilio.add_fault(fault, http_status=401, code=20003, message="No")
            with self.assertRaisesRegex(UserError, words):
                self._click("action_load_numbers")
        self.twilio.clear_faults()
        self.twilio.set_number(OUR_NUMBER, capabilities={"sms": False})
        with self.assertRaisesRegex(UserError, "Buy one"):
            self._click("action_load_numbers")

    def test_twilio_does_not_answer(self):
        for fault in ("500", "503", "429", "html", "half", "reset"):
            with self.subTest(fault=fault):
                self.twilio.clear_faults()
                self.twilio.add_fault(fault)
                dialog = self._click("action_connect")
                self.assertEqual(dialog.headline_level, "problem")
                self.assertIn("account_unavailable", self._found(dialog))
        self.twilio.clear_faults()
        for operation in ("ListIncomingPhoneNumber", "ListService"):
            with self.subTest(operation=operation):
                self.twilio.clear_faults()
                self.twilio.add_fault("500", match={"operation": operation})
                dialog = self._click("action_connect")
                self.assertIn("sender_unavailable", self._found(dialog))
        self.twilio.clear_faults()
        self._at("")
        self.twilio.add_fault("500", match={"operation": "UpdateIncomingPhoneNumber"})
        dialog = self._click("action_connect")
        self.assertEqual(dialog.headline_level, "problem")
        self.assertIn("webhook_unavailable", self._found(dialog))
        self.assertFalse(dialog.is_connected)

    def test_nobody_at_twilio(self):
        with patch.dict(os.environ, {API_URL_VARIABLE: "http://127.0.0.1:9"}):
            dialog = self._click("action_connect")
        self.assertIn("account_unavailable", self._found(dialog))

    # The address

    def _set_base(self, url):
        self.env["ir.config_parameter"].sudo().set_param("web.base.url", url)

    def test_bad_addresses_are_not_given_to_twilio(self):
        self._at("")
        for url, key in {
            "http://odoo.example.com": "address_not_https",
            "https://192.168.1.10": "address_private",
        }.items():
            with self.subTest(key=key):
                self._set_base(url)
                dialog = self._click("action_connect")
                self.assertEqual(dialog.headline_level, "problem")
                self.assertEqual(self._found(dialog)[key], "problem")
                self.assertIn("web.base.url", self._text(dialog, key))
                self.assertEqual(self._number_at_twilio()["sms_url"], "")

    def test_what_answers_at_the_address(self):
        redirect = {"Location": "https://www.example.com/web/login?x=1"}
        for options, key, words in [
            ({"status": 404}, "address_not_found", "dbfilter"),
            ({"status": 403}, "address_blocked", "firewall"),
            (
                {"status": 403, "headers": {"X-Job-Confirmation": "refused"}},
                "address_signature",
                "another database",
            ),
            ({"status": 301, "headers": redirect}, "address_redirected", "/web/login"),
            ({"status": 500}, "address_odd", "500"),
            (
                {"headers": {"Content-Type": "text/html"}, "body": "<html/>"},
                "address_odd",
                "200",
            ),
            ({"tls": True}, "address_certificate", "not valid"),
        ]:
            with self.subTest(key=key), PublicAddress(**options) as place:
                self._set_base(place.url)
                self._at("")
                dialog = self._click("action_connect")
                self.assertEqual(dialog.headline_level, "problem")
                self.assertEqual(self._found(dialog)[key], "problem")
                self.assertIn(words, self._text(dialog, key))
                self.assertEqual(self._number_at_twilio()["sms_url"], "")

    def test_server_that_cannot_call_itself(self):
        # Nobody listens there; that may be so from here only, so it is no obstacle.
        self._set_base("http://127.0.0.1:9")
        self._at("")
        dialog = self._click("action_connect")
        self.assertEqual(self._found(dialog)["address_unreachable"], "warning")
        self.assertEqual(dialog.headline_level, "ok")

    def test_our_own_request_carries_no_message(self):
        with PublicAddress() as place:
            self._set_base(place.url)
            self._click("action_check")
        ((path, body),) = place.requests
        self.assertEqual(path, INBOUND)
        self.assertNotIn("MessageSid", body)
        self.assertNotIn(self.simulator.DEFAULT_AUTH_TOKEN, body)

    def test_our_own_request_stores_nothing(self):
        replies = self.env["fsm.confirmation.reply"].search_count([])
        dialog = self._click("action_check")
        self.assertEqual(self._found(dialog)["address_ok"], "ok")
        self.assertEqual(self.env["fsm.confirmation.reply"].search_count([]), replies)
        self.assertFalse(self.connection.refused_count)

    def test_address_that_odoo_may_change(self):
        self.env["ir.config_parameter"].sudo().set_param("web.base.url.freeze", False)
        with patch(
            "odoo.addons.fieldservice_job_confirmation.core.twilio.address.may_be_local",
            return_value=False,
        ):
            self.assertTrue(self.connection._is_address_loose())
        self._click("action_keep_address")
        self.assertEqual(
            self.env["ir.config_parameter"].sudo().get_param("web.base.url.freeze"),
            "True",
        )


@tagged("post_install", "-at_install")
class TestMessagingService(SetupCase):
    def setUp(self):
        super().setUp()
        self.address = self.base_url() + INBOUND
        self.company.job_confirmation_service_sid = SERVICE

    def _service(self, **values):
        self.twilio.set_service(
            SERVICE, friendly_name="Reminders", **{"numbers": [OUR_NUMBER], **values}
        )

    def test_missing(self):
        dialog = self._click("action_connect")
        self.assertIn(SERVICE, self._text(dialog, "sender_service_missing"))
        self.assertEqual(dialog.headline_level, "problem")

    def test_empty(self):
        self._service(numbers=[])
        dialog = self._click("action_connect")
        self.assertIn("Sender Pool", self._text(dialog, "sender_service_empty"))

    def test_drops_replies(self):
        self._service(inbound_request_url=None)
        dialog = self._click("action_check")
        self.assertEqual(self._found(dialog)["webhook_service_drops"], "problem")
        self._click("action_connect", dialog)
        self.assertEqual(dialog.headline_level, "ok", dialog.checks)
        service = self._service_at_twilio(SERVICE)
        self.assertEqual(service["inbound_request_url"], self.address + OVERRIDES)
        self.assertEqual(service["inbound_method"], "POST")
        record = self._send()
        self._run_outbox()
        self._customer_says("Yes")
        self.assertEqual(record.response, "confirmed")

    def test_elsewhere_asks_first(self):
        self._service(inbound_request_url=ELSEWHERE)
        dialog = self._click("action_connect")
        self.assertIn(ELSEWHERE, dialog.question_text)
        self.assertIn("Reminders", dialog.question_text)
        self._click("action_connect_agreed", dialog)
        self.assertEqual(dialog.headline_level, "ok", dialog.checks)

    def test_defers_to_its_numbers(self):
        self._service(use_inbound_webhook_on_number=True)
        self.twilio.set_number(OUR_NUMBER, sms_url="")
        dialog = self._click("action_connect")
        self.assertEqual(dialog.headline_level, "ok", dialog.checks)
        self.assertEqual(self._number_at_twilio()["sms_url"], self.address + OVERRIDES)
        self.assertFalse(self._service_at_twilio(SERVICE)["inbound_request_url"])

    def test_registration(self):
        self._service(
            inbound_request_url=self.address, us_app_to_person_registered=False
        )
        dialog = self._click("action_connect")
        self.assertEqual(self._found(dialog)["registration_service"], "warning")
        self.assertEqual(dialog.headline_level, "ok")

    def test_number_that_a_service_took_over(self):
        """A number's own address is ignored while it is in a service."""
        self.company.job_confirmation_service_sid = False
        self._service(inbound_request_url=ELSEWHERE)
        dialog = self._click("action_connect")
        self.assertIn("Reminders", self._text(dialog, "sender_in_service"))
        self.assertIn(ELSEWHERE, dialog.question_text)
        self._click("action_connect_agreed", dialog)
        self.assertEqual(dialog.headline_level, "ok", dialog.checks)
        self._send()
        self._run_outbox()
        self.assertEqual(self._customer_says("Yes")["status"], 200)


@tagged("post_install", "-at_install")
class TestSignals(SetupCase):
    """What our own database knows: replies, signatures, missing registration."""

    def _knock(self, account=None, path=INBOUND):
        with mute_logger(WEBHOOK_LOG):
            answer = self.url_open(
                path,
                data={
                    "AccountSid": account or self.simulator.DEFAULT_ACCOUNT_SID,
                    "MessageSid": "SM" + "1" * 32,
                    "From": "+12125550123",
                },
                headers={"X-Twilio-Signature": "bm90IHRoZSByaWdodCBvbmU="},
            )
        self.env.invalidate_all()
        self.assertEqual(answer.status_code, 403)

    def test_refusals_are_counted_at_most_once_a_minute(self):
        for _time in range(5):
            self._knock()
        self.assertEqual(self.connection.refused_count, 1)
        self.assertEqual(self.connection.refused_address, self.base_url() + INBOUND)
        for minutes, count in ((2, 2), (60 * 24 * 6, 3), (60 * 24 * 8, 1)):
            moment = fields.Datetime.now() - timedelta(minutes=minutes)
            self.connection.refused_date = moment
            self._knock()
            self.assertEqual(self.connection.refused_count, count)

    def test_nothing_is_written_for_unknown_accounts(self):
        before = self.env["fsm.confirmation.connection"].search_count([])
        self._knock(account="AC" + "9" * 32)
        self._knock(account="nonsense")
        self.assertEqual(
            self.env["fsm.confirmation.connection"].search_count([]), before
        )
        self.assertFalse(self.connection.refused_count)

    def test_odd_paths(self):
        self._knock(path="/job_confirmation/twilio/status/%0a%3Cb%3E?x=secret")
        address = self.connection.refused_address
        self.assertNotIn("secret", address)
        self.assertTrue(address.isprintable())

    def test_shown_with_the_way_out(self):
        self._knock()
        dialog = self._click("action_check")
        self.assertEqual(self._found(dialog)["signature_refused"], "warning")
        self.connection.refused_count = 3
        self._click("action_check", dialog)
        self.assertEqual(self._found(dialog)["signature_refused"], "problem")
        text = self._text(dialog, "signature_refused")
        for words in (self.base_url() + INBOUND, "web.base.url", "Auth Token"):
            self.assertIn(words, text)
        self._send()
        self._run_outbox()
        self.connection.refused_date = fields.Datetime.now() - timedelta(minutes=5)
        self._customer_says("Yes")
        found = self._found(self._click("action_check"))
        self.assertEqual(found["signature_past"], "warning")
        self.assertEqual(found["reply_ok"], "ok")

    def test_old_refusals_are_no_news(self):
        self._knock()
        self.connection.refused_date = fields.Datetime.now() - timedelta(days=8)
        found = self._found(self._click("action_check"))
        self.assertEqual(found["signature_ok"], "ok")

    def test_missing_registration(self):
        record = self._send()
        self.twilio.set_number(OUR_NUMBER, a2p_registered=False)
        self._run_outbox()
        self.assertEqual(record.error_code, 30034)
        dialog = self._click("action_check")
        self.assertIn("30034", self._text(dialog, "registration_missing"))
        self.twilio.set_number(OUR_NUMBER, a2p_registered=True)
        self._send()
        self._run_outbox()
        found = self._found(self._click("action_check"))
        self.assertNotIn("registration_missing", found)


@tagged("post_install", "-at_install")
class TestTestText(SetupCase):
    phone = "+12125550188"

    def _test(self, number=None):
        return self._click("action_send_test", test_number=number or self.phone)

    def test_delivered(self):
        messages = self.env["fsm.confirmation"].search_count([])
        dialog = self._test("(212) 555-0188")
        self.assertEqual(dialog.test_level, "ok", dialog.test_text)
        for words in ("Delivered to +1 212-555-0188", "+1 202-555-0100", "parts: 1"):
            self.assertIn(words, dialog.test_text)
        (sent,) = self.twilio.sent()
        self.assertEqual(sent["to"], self.phone)
        self.assertIn("Acme Services: this is a test", sent["body"])
        self.assertIn("Reply STOP to opt out", sent["body"])
        self.assertEqual(self.env["fsm.confirmation"].search_count([]), messages)
        self.assertTrue(self.connection.test_date)

    def test_works_before_it_is_switched_on(self):
        self.company.job_confirmation_enabled = False
        self.assertEqual(self._test().test_level, "ok")

    def test_opted_out(self):
        self.env["phone.blacklist"].sudo()._add([self.phone])
        with self.assertRaisesRegex(UserError, "opted out"):
            self._test()
        self.assertEqual(self.twilio.sent(), [])

    def test_no_number(self):
        for number in ("nonsense", "12"):
            with self.assertRaisesRegex(UserError, "isn't a phone number"):
                self._test(number)
        with self.assertRaisesRegex(UserError, "has an extension"):
            self._test("202-555-0143 x12")

    def test_not_set_up(self):
        self.company.sms_twilio_auth_token = False
        with self.assertRaisesRegex(UserError, "Enter the Twilio account"):
            self._test()

    def test_failures_in_words(self):
        for kind, code, words in [
            ("landline", None, "landline"),
            ("invalid", None, "does not exist"),
            ("region_blocked", None, "Geo permissions"),
            ("error", 30034, "A2P"),
            ("error", 30007, "30007"),
        ]:
            with self.subTest(kind=kind, code=code):
                self.twilio.set_customer(self.phone, kind=kind, error_code=code)
                dialog = self._test()
                self.assertEqual(dialog.test_level, "problem")
                self.assertIn(words, dialog.test_text)
                self.assertFalse(self.connection.test_date)

    def test_stopped_at_twilio(self):
        self.twilio.block(self.phone)
        self.assertIn("Text START", self._test().test_text)

    def test_trial(self):
        self.twilio.configure(
            accounts=[{"sid": self.simulator.DEFAULT_ACCOUNT_SID, "type": "Trial"}]
        )
        self.assertIn("trial account", self._test().test_text)

    def test_on_its_way(self):
        self.twilio.set_customer(self.phone, kind="stuck")
        dialog = self._test()
        self.assertEqual(dialog.test_level, "ok")
        self.assertIn("Twilio took it", dialog.test_text)

    def test_unclear_answer_is_not_tried_again(self):
        self.twilio.add_fault("500", accepted=True, match={"operation": "CreateMess"})
        dialog = self._test()
        self.assertEqual(dialog.test_level, "warning")
        self.assertEqual(len(self.twilio.sent()), 1)

    def test_sends_with_the_service(self):
        self.company.job_confirmation_service_sid = SERVICE
        self.twilio.set_service(SERVICE, numbers=[OUR_NUMBER])
        self.assertEqual(self._test().test_level, "ok")
        self.assertEqual(self.twilio.sent()[0]["messaging_service_sid"], SERVICE)
