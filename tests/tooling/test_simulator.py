# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The Twilio simulator itself, asked by Twilio's own package; without Odoo's data."""

import base64
import http.client
import http.server
import json
import tempfile
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import requests
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from odoo.tests import BaseCase, tagged

from ..common import simulator_module

CUSTOMER = "+12025550123"
SERVICE = "MG" + "1" * 32


class Redirected(TwilioHttpClient):
    """Leads the calls of Twilio's package to the simulator."""

    def __init__(self, address):
        super().__init__(timeout=5)
        self.address = address

    def request(self, method, url, *args, **options):
        path = url.partition(".twilio.com")[2]
        return super().request(method, self.address + path, *args, **options)


class Webhooks(http.server.BaseHTTPRequestHandler):
    """Notes what arrives, and answers with ``server.answer`` (status, type, body)."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        params = dict(parse_qsl(body, keep_blank_values=True))
        url = f"http://{self.headers['Host']}{self.path}"
        signature = self.headers["X-Twilio-Signature"]
        valid = self.server.validator.validate(url, params, signature)
        self.server.received.append((self.path, valid, params))
        status, kind, answer = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", len(answer))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *_args):
        """Nobody reads it."""


@tagged("post_install", "-at_install")
class TestSimulator(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.module = simulator_module()
        cls.simulator = cls.enterClassContext(cls.module.SimulatorProcess())
        cls.number = cls.module.DEFAULT_NUMBER
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Webhooks)
        cls.addClassCleanup(cls.server.server_close)
        cls.addClassCleanup(cls.server.shutdown)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.server.validator = RequestValidator(cls.module.DEFAULT_AUTH_TOKEN)
        cls.address = f"http://127.0.0.1:{cls.server.server_port}"
        cls.twilio = cls._client(cls.module.DEFAULT_AUTH_TOKEN)

    @classmethod
    def _client(cls, token):
        address = cls.simulator.url
        account = cls.module.DEFAULT_ACCOUNT_SID
        return Client(account, token, http_client=Redirected(address))

    def setUp(self):
        super().setUp()
        self.simulator.reset()
        self.simulator.configure(delay=0)
        self.simulator.set_number(self.number, sms_url=f"{self.address}/in")
        self.server.received = []
        self.server.answer = (200, "text/xml", "<Response/>")

    def _create(self, body="Hello", to=CUSTOMER, **values):
        if "messaging_service_sid" not in values:
            values.setdefault("from_", self.number)
        values.setdefault("status_callback", f"{self.address}/status")
        return self.twilio.messages.create(to=to, body=body, **values)

    def _sent(self, *args, **values):
        """Send a text and return it as it is in the end."""
        message = self._create(*args, **values)
        self.assertTrue(self.simulator.wait(10))
        return message.fetch()

    def _reports(self):
        return [params["MessageStatus"] for _path, _ok, params in self.server.received]

    def _refused(self, code, *args, **values):
        with self.assertRaises(TwilioRestException) as caught:
            self._create(*args, **values)
        self.assertEqual(caught.exception.code, code)

    def test_delivered_and_reported_with_signatures(self):
        message = self._sent("Grüße")
        self.assertEqual((message.status, message.num_segments), ("delivered", "1"))
        self.assertEqual(self._reports(), ["sent", "delivered"])
        self.assertTrue(all(valid for _path, valid, _params in self.server.received))

    def test_the_customer_answers(self):
        answer = "<Response><Message>Thanks</Message></Response>"
        self.server.answer = (200, "text/xml", answer)
        result = self.simulator.inbound(CUSTOMER, "Yes \N{THUMBS UP SIGN}")
        self.assertEqual((result["status"], result["replies"]), (200, ["Thanks"]))
        [(path, valid, params)] = self.server.received
        self.assertEqual((path, valid), ("/in", True))
        self.assertEqual(params["Body"], "Yes \N{THUMBS UP SIGN}")
        self.assertEqual((params["FromCountry"], params["ToCity"]), ("US", ""))
        self.assertTrue(self.simulator.wait())
        [thanks, yes] = self.twilio.messages.list()
        self.assertEqual((thanks.body, thanks.direction), ("Thanks", "outbound-reply"))
        self.assertEqual(yes.direction, "inbound")

    def test_webhook_that_fails(self):
        for answer, hint in (
            ((403, "text/plain", ""), "the signature was refused"),
            ((200, "text/html", "<html>"), "12300"),
            ((200, "text/xml", "<Response>"), "12100"),
        ):
            self.server.answer = answer
            self.assertIn(hint, self.simulator.inbound(CUSTOMER, "Yes")["hint"])
        self.simulator.set_number(self.number, sms_url="http://127.0.0.1:9/")
        result = self.simulator.inbound(CUSTOMER, "Yes")
        self.assertIn("nobody listens there", result["hint"])
        self.assertEqual(result["deliveries"][0]["attempts"], 2)
        fallback = f"{self.address}/fallback"
        self.simulator.set_number(self.number, sms_fallback_url=fallback)
        self.server.answer = (200, "text/xml", "<Response/>")
        self.assertFalse(self.simulator.inbound(CUSTOMER, "Yes")["hint"])
        self.assertEqual(self.server.received[-1][2]["ErrorCode"], "11205")

    def test_retries_are_those_of_the_address(self):
        self.server.answer = (503, "text/plain", "")
        url = f"{self.address}/in#rc=2&rp=all"
        self.simulator.set_number(self.number, sms_url=url)
        result = self.simulator.inbound(CUSTOMER, "Yes")
        self.assertEqual(result["deliveries"][0]["attempts"], 3)
        self.assertTrue(all(valid for _path, valid, _params in self.server.received))

    def test_stop_and_start(self):
        for word, blocked in (("Stop", True), ("yes", False), ("STOPALL", True)):
            self.simulator.inbound(CUSTOMER, word)
            self.assertEqual(bool(self.simulator.config()["blocks"]), blocked, word)
        self._refused(21610)
        self.simulator.set_service(SERVICE, numbers=[self.number])
        self.simulator.inbound(CUSTOMER, "STOP")
        self._refused(21610, messaging_service_sid=SERVICE)

    def test_refusals(self):
        self._refused(21211, to="12")
        self._refused(21606, from_="+12025550199")
        self._refused(21617, "x" * 1601)
        self._refused(21609, status_callback="ftp://example.com")
        self._refused(21701, messaging_service_sid=SERVICE)
        self._refused(20001, validity_period=99_999)
        self.simulator.set_customer(CUSTOMER, kind="invalid")
        self._refused(21211)
        with self.assertRaises(TwilioRestException) as caught:
            self._client("0" * 32).messages("SM" + "1" * 32).fetch()
        self.assertEqual((caught.exception.status, caught.exception.code), (401, 20003))
        # What Twilio's description doesn't know is refused, and named.
        account = self.module.DEFAULT_ACCOUNT_SID
        url = f"{self.simulator.url}/2010-04-01/Accounts/{account}/Messages.json"
        login = (account, self.module.DEFAULT_AUTH_TOKEN)
        answer = requests.post(url, {"Too": CUSTOMER}, auth=login, timeout=5)
        self.assertEqual(answer.status_code, 400)
        self.assertIn("'Too'", answer.json()["message"])

    def test_faults(self):
        for kind, taken in (
            ("500", False),
            ("html", False),
            ("half", True),
            ("reset", False),
            ("timeout", False),
            ("accept_no_answer", True),
        ):
            self.simulator.add_fault(kind, count=1, max_seconds=0.1)
            with self.assertRaises((TwilioException, OSError, ValueError), msg=kind):
                self._create(kind)
            self.assertEqual(len(self.simulator.sent(body=kind)), taken, kind)
        self.simulator.clear_faults()
        for number in range(3):
            self.simulator.add_fault("503", skip=number, count=1, match={"to": "99$"})
        self.assertTrue(self._create())
        self._refused(20503, to="+12025550199")
        hits = [fault["hits"] for fault in self.simulator.faults()]
        self.assertEqual(hits, [1, 0, 0])

    def test_many_at_once(self):
        """While 200 calls wait for their answers, one more is answered."""
        self.simulator.add_fault("accept_no_answer", match={"to": CUSTOMER[1:]})
        account = self.module.DEFAULT_ACCOUNT_SID
        token = f"{account}:{self.module.DEFAULT_AUTH_TOKEN}".encode()
        headers = {
            "Authorization": f"Basic {base64.b64encode(token).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode({"To": CUSTOMER, "From": self.number, "Body": "Hello"})
        for _number in range(200):
            call = http.client.HTTPConnection(urlsplit(self.simulator.url).netloc)
            self.addCleanup(call.close)
            path = f"/2010-04-01/Accounts/{account}/Messages.json"
            call.request("POST", path, body, headers)
        self.assertTrue(self._create(to="+12025550124").sid)
        self._wait_for(lambda: len(self.simulator.sent()) == 201)

    def test_pages_of_the_list(self):
        for number in range(7):
            self._create(str(number))
        self.simulator.configure(page_limit=3)
        messages = self.twilio.messages
        bodies = [message.body for message in messages.list(page_size=1000)]
        self.assertEqual(bodies, list("6543210"))
        self.assertEqual(len(list(messages.page(page_size=1000))), 3)
        self._create("to another", to="+12025550124")
        self.assertEqual(len(messages.list(to=CUSTOMER)), 7)

    def test_list_that_lags(self):
        self._create()
        self.simulator.configure(list_lag=60)
        self.assertEqual(self.twilio.messages.list(), [])
        self.simulator.clock(by=61)
        self.assertEqual(len(self.twilio.messages.list()), 1)

    def test_clock_that_differs(self):
        self.simulator.configure(clock_skew=-150)
        now = datetime.now(UTC)
        message = self._sent()
        for when in (message.date_created, message.date_sent):
            self.assertAlmostEqual((now - when).total_seconds(), 150, delta=30)
        since = self.twilio.messages.list(date_sent_after=now - timedelta(seconds=100))
        self.assertEqual(since, [])
        date = requests.get(self.simulator.url, timeout=5).headers["Date"]
        date = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
        self.assertAlmostEqual((now - date).total_seconds(), 150, delta=30)

    def test_clock_that_is_moved(self):
        clock = self.simulator.clock(at="2031-03-04T20:55:00+00:00")
        self.assertEqual(clock["at"], "2031-03-04T20:55:00+00:00")
        self.assertEqual(self._create().date_created.year, 2031)
        self.simulator.clock(by=3600)
        self.assertEqual(self._create().date_created.hour, 21)
        self.assertEqual(self.simulator.clock(skew=0)["skew"], 0)

    def test_validity_period(self):
        self.simulator.set_customer(CUSTOMER, kind="stuck")
        message = self._sent(validity_period=600)
        self.assertEqual(message.status, "queued")
        self.simulator.clock(by=601)
        self._wait_for(lambda: message.fetch().status == "failed")
        self.assertEqual(message.fetch().error_code, 30036)

    def _wait_for(self, condition):
        for _number in range(200):
            if condition():
                return
            threading.Event().wait(0.1)
        self.fail("It did not happen.")

    def test_steps_of_a_messaging_service(self):
        self.simulator.set_service(SERVICE, numbers=[self.number])
        self.simulator.configure(steps=["queued", "sending", "sent"])
        message = self._create(messaging_service_sid=SERVICE)
        self.assertEqual((message.status, message.from_), ("accepted", None))
        self.assertTrue(self.simulator.wait(10))
        self.assertEqual(self._reports(), ["queued", "sending", "sent", "delivered"])
        self.assertEqual(message.fetch().from_, self.number)
        self.simulator.set_customer(CUSTOMER, kind="stuck", status="sending")
        self.assertEqual(self._sent(messaging_service_sid=SERVICE).status, "sending")

    def test_reports_that_get_lost(self):
        self.simulator.configure(callback_missing=["delivered"])
        self.assertEqual(self._sent().status, "delivered")
        self.assertEqual(self._reports(), ["sent"])
        self.simulator.configure(callback_missing=1)
        self.assertEqual(self._sent().status, "delivered")
        self.assertEqual(self._reports(), ["sent"])

    def test_reports_out_of_order(self):
        self.simulator.configure(callback_order="reversed", callback_repeat=2)
        self._sent()
        self.assertEqual(self._reports(), ["delivered"] * 2 + ["sent"] * 2)

    def test_texts_that_twilio_changes(self):
        account = {"sid": self.module.DEFAULT_ACCOUNT_SID, "type": "Trial"}
        self.simulator.configure(accounts=[account])
        self._refused(21608)
        self.simulator.configure(accounts=[{**account, "verified": ["*"]}])
        self.assertEqual(
            self._create().body, "Sent from your Twilio trial account - Hello"
        )
        self.simulator.configure(accounts=[{**account, "type": "Full"}], trim_body=True)
        self.assertEqual(self._create(" Hello \n").body, "Hello")
        self.simulator.set_service(SERVICE, numbers=[self.number])
        message = self._create("“Joe’s” – 5", messaging_service_sid=SERVICE)
        self.assertEqual(message.body, '"Joe\'s" - 5')

    def test_state_over_a_restart(self):
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "state.json"
            process = self.module.SimulatorProcess(args=["--state", str(file)])
            with process as simulator:
                simulator.set_number(self.number, sms_url=f"{self.address}/other")
                simulator.block(CUSTOMER)
                simulator.inbound(CUSTOMER, "Hello")
            with process as simulator:
                [message] = simulator.messages(direction="inbound")
                self.assertEqual(message["body"], "Hello")
                self.assertTrue(simulator.config()["blocks"])
                simulator.inbound(CUSTOMER, "Again")
                self.assertEqual(self.server.received[-1][0], "/other")
            file.write_text(json.dumps({"something": "else"}))
            with self.assertRaises(self.module.SimulatorError):
                process.start()

    def test_page_and_control_are_for_this_machine(self):
        url = self.simulator.url
        for path in ("/", "/phone.js", "/phone.css", "/icon.svg"):
            self.assertEqual(requests.get(url + path, timeout=5).status_code, 200, path)
            answer = requests.get(url + path, headers={"Host": "a.example"}, timeout=5)
            self.assertEqual(answer.status_code, 403, path)
        answer = requests.post(f"{url}/_simulator/reset", data="{}", timeout=5)
        self.assertEqual(answer.status_code, 415)
        with self.assertRaises(self.module.SimulatorError):
            self.simulator.configure(nonsense=1)
