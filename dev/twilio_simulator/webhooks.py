# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Signed HTTP requests to the addon, as Twilio makes them, and reading the answer."""

import base64
import hmac
import http.client
import socket
import ssl
import time
import uuid
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit
from xml.etree import ElementTree

# Twilio reads no more of an answer than this (error 11750).
MAX_ANSWER = 64 * 1024

XML_TYPES = ("text/xml", "application/xml")


def sign(url, params, token):
    """Return the ``X-Twilio-Signature`` of a request.

    :param url: the URL as it was given to Twilio; its fragment isn't signed
    :param params: the POST parameters: a dict, or (name, value) pairs
    :param token: the account's primary auth token
    """
    pairs = params.items() if hasattr(params, "items") else params
    # Repeated parameters: each value once, sorted (RequestValidator does the same).
    text = strip(url) + "".join(
        name + value for name, value in sorted({(n, str(v)) for n, v in pairs})
    )
    digest = hmac.new(token.encode(), text.encode("utf-8", "replace"), "sha1").digest()
    return base64.b64encode(digest).decode()


def strip(url):
    """Return a URL without fragment and without user:password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, parts.query, ""))


def valid_url(url):
    """Whether Twilio would accept this as the address of a webhook."""
    try:
        parts = urlsplit(url)
        _port = parts.port
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in url


@dataclass
class Overrides:
    """Twilio's connection overrides: ``#rc=5&rp=all`` in the fragment of a URL.

    By default one more attempt is made, and only if the connection failed.
    """

    attempts: int = 2
    retry_on: frozenset = frozenset({"ct"})
    connect_timeout: float = 5.0
    read_timeout: float = 15.0
    total_timeout: float = 15.0

    @classmethod
    def parse(cls, url, connect_timeout=5.0, total_timeout=15.0):
        """Return the overrides of a URL; what can't be read keeps its default."""
        overrides = cls(
            connect_timeout=connect_timeout,
            read_timeout=total_timeout,
            total_timeout=total_timeout,
        )
        for name, value in parse_qsl(urlsplit(url).fragment):
            if name == "rp":
                overrides.retry_on = frozenset(value.split(","))
            elif value.isdigit():
                number = int(value)
                if name == "rc" and number <= 5:
                    overrides.attempts = number + 1
                elif name == "ct" and 100 <= number <= 10_000:
                    overrides.connect_timeout = number / 1000
                elif name == "rt" and 100 <= number <= 15_000:
                    overrides.read_timeout = number / 1000
        return overrides

    def retries(self, delivery):
        """Whether this outcome is one that is tried again."""
        if delivery.status is None:
            kind = "rt" if delivery.connected else "ct"
        else:
            kind = f"{delivery.status // 100}xx"
        return kind in self.retry_on or (
            "all" in self.retry_on and kind in ("ct", "rt", "4xx", "5xx")
        )


@dataclass
class Delivery:
    """What came of one webhook: the answer, or why there is none."""

    url: str
    status: int | None = None
    headers: dict = field(default_factory=dict)
    body: str = ""
    error: str | None = None
    connected: bool = False
    attempts: int = 0
    seconds: float = 0.0
    replies: list = field(default_factory=list)
    code: int | None = None  # Twilio's error code, when something is wrong

    @property
    def ok(self):
        """Whether the webhook answered with a success."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def content_type(self):
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Poster:
    """Sends webhooks, with the time-outs and retries of Twilio."""

    def __init__(self, settings):
        """:param settings: function that returns the settings (see state.SETTINGS)"""
        self._settings = settings

    def post(self, url, method, params, token, signature="valid", headers=None):
        """Send a signed request, again if Twilio would; return the Delivery.

        :param params: (name, value) pairs
        :param signature: "valid", "wrong" or "none", to test how it is checked
        :param headers: further headers, over the configured ones
        """
        settings = self._settings()
        overrides = Overrides.parse(
            url, settings["connect_timeout"], settings["total_timeout"]
        )
        started = time.monotonic()
        deadline = started + overrides.total_timeout
        # The same in every attempt: it is how a retry is recognised.
        token_header = str(uuid.uuid4())
        attempt = 0
        while True:
            attempt += 1
            delivery = Delivery(url=url, attempts=attempt)
            try:
                request = self._request(url, method, params, token, signature)
                request[3].update(settings["webhook_headers"])
                request[3].update(headers or {})
                request[3]["I-Twilio-Idempotency-Token"] = token_header
                self._send(delivery, request, overrides, deadline, settings["url_map"])
            except (OSError, http.client.HTTPException, ValueError) as error:
                delivery.error = _describe(error)
            delivery.seconds = time.monotonic() - started
            if (
                attempt >= overrides.attempts
                or not overrides.retries(delivery)
                or time.monotonic() >= deadline
            ):
                return delivery
            time.sleep(min(0.1 * attempt, max(0, deadline - time.monotonic())))

    def _request(self, url, method, params, token, signature):
        """Return (URL to call, method, body, headers) with the signature."""
        target, body = strip(url), None
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "Connection": "close",
        }
        encoded = urlencode(list(params), errors="replace")
        if method == "GET":
            target += ("&" if urlsplit(target).query else "?") + encoded
            value = sign(target, (), token)
        else:
            body = encoded.encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
            value = sign(target, params, token)
        if signature == "wrong":
            value = sign(target, (), "not the token")
        if signature != "none":
            headers["X-Twilio-Signature"] = value
        userinfo = urlsplit(url).netloc.rpartition("@")[0]
        if userinfo:
            basic = base64.b64encode(userinfo.encode()).decode()
            headers["Authorization"] = f"Basic {basic}"
        return target, method, body, headers

    def _send(self, delivery, request, overrides, deadline, url_map):
        target, method, body, headers = request
        public = urlsplit(target)
        for start, real in url_map.items():
            if target.startswith(start):
                target = real + target[len(start) :]
                # As a reverse proxy would say it.
                headers["Host"] = public.netloc
                headers["X-Forwarded-Host"] = public.netloc
                headers["X-Forwarded-Proto"] = public.scheme
                headers["X-Forwarded-For"] = "203.0.113.7"
                break
        parts = urlsplit(target)
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        options = {"timeout": min(overrides.connect_timeout, left)}
        kind = http.client.HTTPConnection
        if parts.scheme == "https":
            kind = http.client.HTTPSConnection
            options["context"] = ssl.create_default_context()
        connection = kind(parts.hostname, parts.port, **options)
        try:
            connection.connect()
            delivery.connected = True
            limit = min(deadline, time.monotonic() + overrides.read_timeout)
            connection.sock.settimeout(max(0.01, limit - time.monotonic()))
            path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=~")
            if parts.query:
                path += "?" + quote(parts.query, safe="/%:@!$&'()*+,;=~?")
            connection.request(method, path, body, headers)
            sock = connection.sock
            answer = connection.getresponse()
            status = answer.status
            data = b""
            # An answer without a body has closed the socket already.
            while len(data) <= MAX_ANSWER and not answer.isclosed():
                left = limit - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                sock.settimeout(left)
                chunk = answer.read1(16 * 1024)
                if not chunk:
                    break
                data += chunk
            delivery.headers = {k.lower(): v for k, v in answer.getheaders()}
            charset = answer.headers.get_content_charset("utf-8")
            try:
                delivery.body = data.decode(charset, "replace")
            except LookupError:
                delivery.body = data.decode("utf-8", "replace")
            if len(data) > MAX_ANSWER:
                delivery.code = 11750
            delivery.status = status
        finally:
            connection.close()


def _describe(error):
    """Return in words why a webhook got no answer."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nobody listens there"
    if isinstance(error, socket.gaierror):
        return "the host name is unknown"
    if isinstance(error, ssl.SSLError):
        return f"no secure connection ({error.reason or error})"
    if isinstance(error, ConnectionError | http.client.RemoteDisconnected):
        return "the connection was cut"
    return str(error) or type(error).__name__


def read_twiml(delivery):
    """Return (texts, problems) that a webhook's answer asks for.

    Texts are dicts: body, to, from, media, status_callback. Problems are
    (Twilio's code, explanation) pairs, for the debugger.
    """
    if delivery.code == 11750:
        return [], [(11750, f"more than {MAX_ANSWER} bytes")]
    body, kind = delivery.body.strip(), delivery.content_type
    if delivery.status == 204 or (not body and kind in (*XML_TYPES, "text/plain", "")):
        return [], []
    if kind == "text/plain":
        # Really so: the customer gets whatever a text/plain answer says.
        return [{"body": body}], []
    if kind not in XML_TYPES:
        return [], [(12300, f"the answer is {kind or 'of no type'}, not text/xml")]
    try:
        root = ElementTree.fromstring(body.encode())
    except (ElementTree.ParseError, LookupError, ValueError) as error:
        return [], [(12100, f"the answer is no XML: {error}")]
    if root.tag != "Response":
        return [], [(12100, f"the answer is <{root.tag}>, not <Response>")]
    texts, problems = [], []
    for verb in root:
        if verb.tag not in ("Message", "Sms"):
            problems.append((12200, f"<{verb.tag}> is no verb the simulator knows"))
            continue
        parts = [verb.text or "", *(b.text or "" for b in verb.findall("Body"))]
        text = "".join(part.strip() for part in parts)
        media = [m.text.strip() for m in verb.findall("Media") if m.text]
        if not text and not media:
            problems.append((14103, "<Message> has neither a text nor media"))
        elif len(text) > 1600:
            problems.append((14103, "<Message> has more than 1600 characters"))
        else:
            texts.append(
                {
                    "body": text,
                    "media": media,
                    "to": verb.get("to"),
                    "from": verb.get("from"),
                    "status_callback": verb.get("statusCallback")
                    or verb.get("action")
                    or "",
                }
            )
    return texts, problems


def hint_for_status(status):
    """Return what an HTTP status of the webhook most likely means, for a person."""
    hints = {
        301: "it sends on to another address",
        302: "it sends on to another address, perhaps to a login page",
        303: "it sends on to another address, perhaps to a login page",
        307: "it sends on to another address",
        308: "it sends on to another address",
        400: "the request was refused",
        401: "it asks for a login",
        403: "the signature was refused",
        404: "there is no such page: is the addon installed, in this database?",
        405: "this address takes no such request",
        429: "too many requests",
        500: "an error inside Odoo: look at its log",
        502: "the proxy doesn't reach Odoo",
        503: "Odoo is not ready",
    }
    return hints.get(status, "")
