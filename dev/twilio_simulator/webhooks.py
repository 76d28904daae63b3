# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Signed HTTP requests to the addon, as Twilio makes them, and reading the answer."""

import asyncio
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from xml.etree import ElementTree

import aiohttp
from multidict import MultiDict
from twilio.request_validator import RequestValidator
from yarl import URL

from .errors import CATALOG

# Twilio reads no more of an answer than this (error 11750).
MAX_ANSWER = 64 * 1024
XML_TYPES = ("text/xml", "application/xml")


def sign(url, params, token):
    """Return the ``X-Twilio-Signature`` of a request.

    :param url: the URL as it was given to Twilio; its fragment isn't signed
    :param params: the POST parameters: a dict, or (name, value) pairs
    :param token: the account's primary auth token
    """
    return RequestValidator(token).compute_signature(strip(url), MultiDict(params))


def strip(url):
    """Return a URL without fragment and without user:password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def valid_url(url):
    """Whether Twilio would accept this as the address of a webhook."""
    try:
        parts = URL(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.host) and " " not in url


def read_overrides(url):
    """Return Twilio's connection overrides: ``#rc=5&rp=all`` in the fragment of a URL.

    :return: (attempts, on what one more is made: ct, rt, 4xx, 5xx)
    """
    values = dict(parse_qsl(urlsplit(url).fragment))
    count, reasons = values.get("rc", "1"), values.get("rp", "ct")
    reasons = reasons.replace("all", "ct,rt,4xx,5xx").split(",")
    return int(count) + 1 if count in list("012345") else 2, reasons


@dataclass
class Delivery:
    """What came of one webhook: the answer, or why there is none."""

    url: str
    status: int | None = None
    headers: dict = field(default_factory=dict)
    body: str = ""
    error: str | None = None
    connected: bool = True
    attempts: int = 0
    replies: list = field(default_factory=list)
    code: int | None = None  # Twilio's error code, when something is wrong

    @property
    def ok(self):
        """Whether the webhook answered with a success."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def outcome(self):
        """The outcome as overrides name it: 2xx, 4xx, rt, ct..."""
        if self.status is None:
            return "rt" if self.connected else "ct"
        return f"{self.status // 100}xx"

    @property
    def content_type(self):
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def hint(self):
        """What is wrong with the answer, in words for a person; empty if nothing."""
        if self.ok:
            return ""
        if self.status is None:
            # Without the fragment and user:password, which may be secret.
            return f"Odoo could not be reached at {strip(self.url)}: {self.error}."
        reason = CATALOG["webhook_hints"].get(str(self.status), "")
        return f"Odoo answered {self.status}{reason and f': {reason}'}."


class Poster:
    """Sends webhooks, with the timeouts and retries of Twilio."""

    TIME = 15.0  # seconds for all attempts together

    def __init__(self):
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def post(self, url, method, params, token):
        """Send a signed request, again if Twilio would; return the Delivery.

        :param params: (name, value) pairs
        """
        attempts, reasons = read_overrides(url)
        deadline = time.monotonic() + self.TIME
        target, body, headers = self._request(url, method, params, token)
        attempt = 0
        while True:
            attempt += 1
            delivery = Delivery(url=url, attempts=attempt)
            left = deadline - time.monotonic()
            timeout = aiohttp.ClientTimeout(total=left, sock_connect=5)
            try:
                await self._send(delivery, method, target, body, headers, timeout)
            except (aiohttp.ClientError, OSError, ValueError) as error:
                _explain(delivery, error)
            if not delivery.ok:
                delivery.code = 11200 if delivery.connected else 11205
            again = attempt < attempts and delivery.outcome in reasons
            if not again or time.monotonic() + 0.1 * attempt >= deadline:
                return delivery
            await asyncio.sleep(0.1 * attempt)

    def _request(self, url, method, params, token):
        """Return (URL to call, body, headers) with the signature."""
        # What can't be written as UTF-8 becomes a question mark, in body and signature.
        params = [(n, str(v).encode("utf-8", "replace").decode()) for n, v in params]
        target, body = strip(url), None
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
        }
        if method == "GET":
            target += ("&" if urlsplit(target).query else "?") + urlencode(params)
            headers["X-Twilio-Signature"] = sign(target, (), token)
        else:
            body = urlencode(params).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
            headers["X-Twilio-Signature"] = sign(target, params, token)
        user, colon, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
        if user or colon:
            headers["Authorization"] = aiohttp.encode_basic_auth(user, password)
        return target, body, headers

    async def _send(self, delivery, method, target, body, headers, timeout):
        async with self.session.request(
            method,
            URL(target, encoded=True),  # as it was signed
            data=body,
            headers=headers,
            timeout=timeout,
            allow_redirects=False,
        ) as answer:
            data = b""
            async for chunk in answer.content.iter_chunked(MAX_ANSWER):
                data += chunk
                if len(data) > MAX_ANSWER:
                    delivery.code = 11750
                    break
            delivery.headers = {k.lower(): v for k, v in answer.headers.items()}
            delivery.body = data.decode("utf-8", "replace")
            delivery.status = answer.status


def _explain(delivery, error):
    """Note in words why a webhook got no answer, and whether a connection was made."""
    failed = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)
    delivery.connected = not isinstance(error, failed)
    reasons = {
        TimeoutError: "no answer in time",
        aiohttp.ClientConnectorDNSError: "the host name is unknown",
        aiohttp.ClientSSLError: "no secure connection",
        aiohttp.ClientConnectorError: "nobody listens there",
        aiohttp.ServerDisconnectedError: "the connection was cut",
        ConnectionError: "the connection was cut",
    }
    words = (text for kind, text in reasons.items() if isinstance(error, kind))
    delivery.error = next(words, str(error) or type(error).__name__)


def read_twiml(delivery):
    """Return (texts, problem) of a webhook's answer.

    The problem is a pair of Twilio's code and an explanation, or None.
    """
    texts, body, kind = [], delivery.body.strip(), delivery.content_type
    if delivery.code == 11750:
        return texts, (11750, f"more than {MAX_ANSWER} bytes")
    if delivery.status == 204 or (not body and kind in (*XML_TYPES, "text/plain", "")):
        return texts, None
    if kind == "text/plain":
        # Really so: the customer gets whatever a text/plain answer says.
        return [body], None
    if kind not in XML_TYPES:
        return texts, (12300, f"the answer is {kind or 'of no type'}, not text/xml")
    try:
        root = ElementTree.fromstring(body.encode())
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        return texts, (12100, f"the answer is no XML: {error}")
    if root.tag != "Response":
        return texts, (12100, f"the answer is <{root.tag}>, not <Response>")
    for verb in root:
        if verb.tag not in ("Message", "Sms"):
            return texts, (12200, f"<{verb.tag}> is no verb the simulator knows")
        parts = [verb.text or "", *(part.text or "" for part in verb.findall("Body"))]
        text = "".join(part.strip() for part in parts)
        if not 0 < len(text) <= 1600:
            return texts, (14103, f"<Message> has {len(text)} characters")
        texts.append(text)
    return texts, None
