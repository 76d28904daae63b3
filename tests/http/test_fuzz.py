# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whatever anybody posts to the two routes: no error 500, and no row for strangers.

The environment variable ``JOB_CONFIRMATION_FUZZ`` sets how many examples are tried of
each kind; a larger number tries other ones in each run.
"""

import os
import re
import socket
import unittest
from urllib.parse import parse_qsl, quote_from_bytes, urlencode, urlsplit

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import OUR_NUMBER, WEBHOOK_LOG, ConfirmationHttpCase

try:
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis import strategies as st
except ImportError:
    st = None

INBOUND = "/job_confirmation/twilio/inbound"
STATUS = "/job_confirmation/twilio/status/"
EXAMPLES = int(os.environ.get("JOB_CONFIRMATION_FUZZ") or 0)
# Names that mean something to Twilio, to Odoo, to Python, or to nobody.
NAMES = (
    "MessageSid SmsSid AccountSid From To Body NumMedia MediaUrl0 OptOutType"
    " MessageStatus SmsStatus ErrorCode MessagingServiceSid RawDlrDoneDate"
    " self uuid env cr context debug db csrf_token session_id kwargs _params __class__"
).split()
VALUES = [
    "",
    "\x00",
    "YES\x00NO",
    "²",
    "-1",
    "9" * 400,
    "x" * 60_000,
    "\u202egnirts\u202c",
    "\ud800",
    "👍🏽" * 50,
    "'; DROP TABLE fsm_confirmation; --",
    "<Response><Message>x</Message></Response>",
    "%00%ff",
    "{{7*7}}${7*7}",
    "STOP",
    "Yes 427 no 512 " * 300,
    "\r\nX-Odd: 1",
]


def _bytes_of(text):
    return text.encode("utf-8", "surrogatepass")


def _encode(pairs):
    return "&".join(
        f"{quote_from_bytes(_bytes_of(name))}={quote_from_bytes(_bytes_of(value))}"
        for name, value in pairs
    ).encode()


if st:
    profile = settings(
        max_examples=EXAMPLES or 80,
        deadline=None,
        database=None,
        derandomize=not EXAMPLES,
        suppress_health_check=list(HealthCheck),
        # A failure is shown as it is: to make it smaller takes many requests.
        phases=(Phase.explicit, Phase.generate),
    )
    names = st.sampled_from(NAMES) | st.text(max_size=12)
    values = st.sampled_from(VALUES) | st.text(max_size=60)
    pairs = st.lists(st.tuples(names, values), max_size=8)
    line = st.binary(max_size=40).map(lambda data: re.sub(rb"[\r\n]", b"", data))
    long_line = st.sampled_from([b"x" * 2000, b"x" * 70_000, b"\xff\xfe", b"", b"%"])
    word = line.map(lambda data: re.sub(rb"[\s]", b"", data))
    methods = st.sampled_from([b"POST"] * 6 + b"GET PUT HEAD OPTIONS DELETE X".split())
    content_types = (
        st.sampled_from(
            [
                b"application/x-www-form-urlencoded",
                b"application/x-www-form-urlencoded; charset=utf-16",
                b"application/x-www-form-urlencoded; charset=nonsense",
                b"application/json",
                b"application/xml",
                b"multipart/form-data",
                b"multipart/form-data; boundary=x",
                b"multipart/form-data; boundary=",
                b"text/plain; charset=\xff",
                b"",
            ]
        )
        | line
    )
    bodies = st.one_of(
        pairs.map(_encode),
        st.binary(max_size=300),
        st.sampled_from(
            [
                b"{}",
                b'{"jsonrpc": "2.0", "method": "call", "params": {"a": 1}}',
                b"[" * 3000,
                b"--x\r\nContent-Disposition: form-data; name=Body\r\n\r\nYes\r\n--x--",
                b"--x\r\nContent-Disposition: form-data\r\n\r\n",
                b"&" * 5000,
                b"a=1&" * 2000,
                b"%" * 100,
                b"x" * 150_000,
                b"",
            ]
        ),
    )
    extra_headers = st.lists(
        st.tuples(
            st.sampled_from(
                [
                    b"Cookie",
                    b"Accept-Language",
                    b"Transfer-Encoding",
                    b"Content-Encoding",
                    b"X-Forwarded-Host",
                    b"X-Forwarded-For",
                    b"X-Forwarded-Proto",
                    b"X-Odoo-Database",
                    b"User-Agent",
                    b"Origin",
                    b"Authorization",
                    b"If-Modified-Since",
                    b"Expect",
                    b"X-Long",
                ]
            ),
            st.sampled_from([b"chunked", b"gzip", b"session_id=x", b"100-continue"])
            | line
            | long_line,
        ),
        max_size=3,
    )
    signatures = st.none() | line | long_line | st.just(b"fUq2BqGS6hRwq8yJ3LIkSw5AtRE=")
    lengths = st.sampled_from([None] * 8 + [b"-1", b"abc", b"99999999999", b"0", b""])


@tagged("post_install", "-at_install")
@unittest.skipUnless(st, "the Python package hypothesis is not installed")
class TestFuzz(ConfirmationHttpCase):
    def setUp(self):
        super().setUp()
        self.confirmation = self._send().sudo()
        self.confirmation.write({"state": "sent", "twilio_sid": "SM" + "1" * 32})
        self.env.flush_all()
        self.counter = 0

    @mute_logger(WEBHOOK_LOG)
    def _request(self, method, target, headers, body, length=None):
        """Send raw bytes; returns the status, or None when the server hung up."""
        address = urlsplit(self.base_url())
        length = str(len(body)).encode() if length is None else length
        lines = [method + b" " + target + b" HTTP/1.1", b"Host: " + _host(address)]
        lines += [name + b": " + value for name, value in headers]
        lines += [b"Content-Length: " + length, b"Connection: close", b"", b""]
        with self.allow_requests(all_requests=True):
            with socket.create_connection((address.hostname, address.port), 30) as sock:
                try:
                    sock.sendall(b"\r\n".join(lines) + body)
                    # Whoever announced more than came does not wait for it.
                    sock.shutdown(socket.SHUT_WR)
                    answer = sock.recv(64)
                except OSError:
                    return None
        found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
        return int(found[1]) if found else None

    def _rows(self):
        self.env.invalidate_all()
        replies = self.env["fsm.confirmation.reply"].sudo()
        return replies.search_count([]), self.confirmation.read(
            ["state", "response", "twilio_sid", "error_code", "from_number"]
        )

    def _assert_no_error(self, status, example):
        # 501 is the server's own word for methods that it does not know.
        self.assertTrue(status is None or status < 500 or status == 501, example)

    def test_strangers(self):
        before = self._rows()
        real = STATUS + self.confirmation.uuid
        known = [INBOUND, real, INBOUND + "/", "/" + INBOUND, STATUS, STATUS + "%00"]
        known += [INBOUND + "?Body=Yes&self=1", real + "/..", real.upper(), real + ";a"]
        targets = st.one_of(
            st.sampled_from([INBOUND, real, *known]).map(str.encode),
            st.builds(
                lambda path, tail: path.encode() + b"?" + tail,
                *[st.sampled_from([INBOUND, real]), word],
            ),
            word.map(lambda tail: STATUS.encode() + tail),
            long_line.map(lambda tail: STATUS.encode() + tail[:60_000]),
        )

        @profile
        @given(
            methods, targets, content_types, signatures, extra_headers, bodies, lengths
        )
        def post(method, target, content_type, signature, headers, body, length):
            headers = [(b"Content-Type", content_type), *headers]
            if signature is not None:
                headers.append((b"X-Twilio-Signature", signature))
            status = self._request(method, target, headers, body, length)
            example = (method, target[:200], headers, body[:200], length, status)
            self._assert_no_error(status, example)
            if status == 200:
                # Only HEAD, OPTIONS and pages that are not ours answer so.
                self.assertNotEqual(method, b"POST", example)

        post()
        self.assertEqual(self._rows(), before)
        # It still works for those who may.
        self.assertEqual(self._signed(INBOUND, []), 200)

    def _signed(self, path, extra, signature=None):
        """Post with the right signature: parameters as Twilio's, and odd ones."""
        self.counter += 1
        base = [
            ("MessageSid", f"SM{self.counter:032d}"),
            ("AccountSid", self.simulator.DEFAULT_ACCOUNT_SID),
            ("From", "+12125550123"),
            ("To", OUR_NUMBER),
            ("Body", "Yes"),
        ]
        given_names = {name for name, _value in extra} - {"AccountSid"}
        params = [pair for pair in base if pair[0] not in given_names] + list(extra)
        body = _encode(params)
        # What a server reads in it.
        seen = parse_qsl(body.decode(), keep_blank_values=True, errors="replace")
        url = self.base_url() + path
        signature = signature or self.simulator.sign(
            url, seen, self.simulator.DEFAULT_AUTH_TOKEN
        )
        return self._request(
            b"POST",
            path.encode(),
            [
                (b"Content-Type", b"application/x-www-form-urlencoded"),
                (b"X-Twilio-Signature", signature.encode()),
            ],
            body,
        )

    def test_signed_replies(self):
        @profile
        @given(pairs)
        def post(extra):
            count = self._rows()[0]
            status = self._signed(INBOUND, extra)
            self.assertIn(status, _expected(200, extra), extra)
            self.assertLessEqual(self._rows()[0], count + 1, extra)

        post()

    def test_signed_reports(self):
        statuses = st.sampled_from(
            "queued sent delivered undelivered failed read canceled scheduled".split()
        )
        numbers = st.sampled_from(["", "30003", "30006", "21610", "0", "x", "-5"])
        uuids = st.sampled_from([self.confirmation.uuid] * 3 + ["f" * 32, "%00", "é"])

        @profile
        @given(uuids, statuses | values, numbers | values, pairs)
        def post(uuid, state, code, extra):
            path = STATUS + quote_from_bytes(_bytes_of(uuid), safe="%")
            extra = [("MessageStatus", state), ("ErrorCode", code), *extra]
            status = self._signed(path, extra)
            self.assertIn(status, _expected(204, extra), (uuid, extra))

        post()

    def test_almost_signed(self):
        """Right parameters under a signature that is a little wrong."""
        before = self._rows()
        token = self.simulator.DEFAULT_AUTH_TOKEN
        account = self.simulator.DEFAULT_ACCOUNT_SID
        right = {"AccountSid": account, "From": "+12125550123", "Body": "Yes"}
        url = self.base_url() + INBOUND
        good = self.simulator.sign(url, right, token)
        wrong = [
            good[:-2] + "A=",
            good.lower(),
            good + "=",
            good[:10],
            " " + good[::-1],
            self.simulator.sign(url + "/", right, token),
            self.simulator.sign(url, {**right, "Body": "yes"}, token),
            self.simulator.sign(url, right, token + " "),
            self.simulator.sign(url, right, ""),
        ]
        for signature in wrong:
            self.assertEqual(self._signed(INBOUND, [], signature), 403, signature)
        encoded = urlencode({**right, "X": "1"}).encode()
        headers = [
            (b"Content-Type", b"application/x-www-form-urlencoded"),
            (b"X-Twilio-Signature", good.encode()),
        ]
        status = self._request(b"POST", INBOUND.encode(), headers, encoded)
        self.assertEqual(status, 403)
        self.assertEqual(self._rows(), before)


def _expected(status, extra):
    """The statuses that a rightly signed request may get."""
    encoded = _encode(extra)
    if len(encoded) > 99_000:
        return (403, 413)
    if b"%ED%A" in encoded.upper() or b"%ED%B" in encoded.upper():
        # Half a character: each side may read it in its own way.
        return (status, 403)
    return (status,)


def _host(address):
    return address.netloc.encode()
