# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Twilio's Messaging API as this addon uses it: one funnel for every call.

Pure Python. The ``twilio`` SDK is imported where it is used, because importing it
costs 0.2 s and 22 MB that a worker which never sends need not pay.
"""

import datetime
import enum
import ipaddress
import json
import logging
import os
import threading
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

_logger = logging.getLogger(__name__)

# Connection overrides of Twilio: call an address of ours again up to five times, after
# any failure. They stand behind the #, which is not signed.
OVERRIDES = "#rc=5&rp=all"
CONNECT_TIMEOUT = 5  # seconds
READ_TIMEOUT = 15  # seconds
# SendResult.code when Twilio said 2xx, but not in a way that could be read.
UNREADABLE = 200
# How many messages of a list are searched for a lost text.
_PAGE_SIZE = 1000
_MOST_LISTED = 5000
API_URL_VARIABLE = "JOB_CONFIRMATION_TWILIO_API_URL"


class Outcome(enum.Enum):
    """What is known about a text after a call."""

    ACCEPTED = "accepted"  # Twilio has it
    REJECTED = "rejected"  # Twilio does not have it and said why
    UNKNOWN = "unknown"  # it may or may not have it


def to_int(text, limit):
    """A number out of a parameter: 0 for anything odd, at most ``limit``."""
    known = text.isascii() and text.isdigit() and len(text) <= 9
    return min(int(text), limit) if known else 0


@dataclass(frozen=True, slots=True)
class SendResult:
    """What one call to Twilio's create-message resource came to."""

    outcome: Outcome
    sid: str = ""  # MessageSid, when accepted
    segments: int = 0  # SMS parts, when Twilio said so
    code: int = 0  # Twilio's error code, or the HTTP status without one
    reason: str = ""  # Twilio's words, for staff


@dataclass(frozen=True, slots=True)
class Message:
    """One row of Twilio's message list."""

    sid: str
    to: str
    sender: str
    body: str
    direction: str
    status: str
    date_created: object  # naive UTC datetime or None
    error_code: int
    date_sent: object = None  # naive UTC datetime or None
    media_count: int = 0
    service_sid: str = ""


@dataclass(frozen=True, slots=True)
class Listing:
    """The newest messages to a number, as Twilio lists them."""

    messages: list  # of :class:`Message`
    is_whole: bool  # it goes back as far as was asked
    clock_ahead: datetime.timedelta  # of Twilio's clock, against this machine's


def api_url_override():
    """Where calls go instead of Twilio, for tests and the demo; usually None.

    Honored for loopback addresses only, and never taken from the database: whoever
    could change it would be sent the auth token.
    """
    address = os.environ.get(API_URL_VARIABLE, "").strip().rstrip("/")
    if not address:
        return None
    parts = urlsplit(address)
    host = parts.hostname or ""
    try:
        loopback = ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = host == "localhost"
    if parts.scheme not in ("http", "https") or not loopback or parts.username:
        _logger.warning("%s is ignored: not a loopback address", API_URL_VARIABLE)
        return None
    return address


def _http_client(connections, on_date):
    """The SDK's HTTP client with timeouts, and room for concurrent calls.

    :param on_date: called with the ``Date`` header of every answer
    """
    from requests.adapters import HTTPAdapter
    from twilio.http.http_client import TwilioHttpClient

    override = api_url_override()

    class _Client(TwilioHttpClient):
        # The SDK logs every request with its body and answer at INFO: numbers and
        # texts are none of the log's business.
        def log_request(self, kwargs):
            pass

        def log_response(self, status_code, response):
            pass

        def request(self, method, url, *args, **kwargs):
            if override:
                parts = urlsplit(url)
                url = override + parts.path + (f"?{parts.query}" if parts.query else "")
            response = super().request(method, url, *args, **kwargs)
            on_date((response.headers or {}).get("Date"))
            return response

    class _Adapter(HTTPAdapter):
        # The SDK takes one number; connecting and reading deserve one each.
        def send(self, request, **kwargs):
            kwargs["timeout"] = (CONNECT_TIMEOUT, READ_TIMEOUT)
            return super().send(request, **kwargs)

    client = _Client(timeout=READ_TIMEOUT)
    adapter = _Adapter(pool_maxsize=connections, max_retries=0)
    client.session.mount("https://", adapter)
    client.session.mount("http://", adapter)
    if override:
        client.session.trust_env = False
    return client


class TwilioApi:
    """One account. Safe to use from several threads at once."""

    def __init__(self, account_sid, auth_token, connections=10):
        """:param connections: how many calls may run at the same time"""
        self.account_sid = account_sid
        self._auth_token = auth_token
        self._connections = connections
        self._lock = threading.Lock()
        self._client = None
        # Twilio's clock against ours, as its newest answer tells.
        self.clock_ahead = datetime.timedelta()

    def __repr__(self):
        return f"<TwilioApi {self.account_sid[:6]}...>"

    def _rest(self):
        with self._lock:
            if self._client is None:
                from twilio.rest import Client

                self._client = Client(
                    self.account_sid,
                    self._auth_token,
                    http_client=_http_client(self._connections, self._read_clock),
                    environment={},
                )
        return self._client

    def _read_clock(self, date):
        """:param date: an HTTP date, or None"""
        try:
            there = parsedate_to_datetime(date)
            ahead = there - datetime.datetime.now(datetime.UTC)
        except (TypeError, ValueError):
            return  # What it said before still holds.
        seconds = round(ahead.total_seconds())
        # The header has whole seconds, and was on its way for some.
        seconds = seconds if abs(seconds) > CONNECT_TIMEOUT else 0
        self.clock_ahead = datetime.timedelta(seconds=seconds)

    def send(self, to, body, sender, status_callback=None, validity=None):
        """Hand one text to Twilio. Never raises: a failure is a result.

        :param to: E.164 number
        :param sender: E.164 number, or a Messaging Service SID (``MG...``)
        :param status_callback: absolute URL for delivery reports, None for none
        :param validity: how many seconds Twilio may keep it, None: as long as it will
        :rtype: SendResult
        """
        origin = (
            {"messaging_service_sid": sender}
            if sender.startswith("MG")
            else {"from_": sender}
        )
        if status_callback:
            origin["status_callback"] = status_callback
        if validity:
            origin["validity_period"] = validity
        try:
            message = self._rest().messages.create(to=to, body=body, **origin)
            if not message.sid:
                return SendResult(
                    Outcome.UNKNOWN, code=UNREADABLE, reason="answer without a SID"
                )
            segments = to_int(str(message.num_segments or ""), 100)
            return SendResult(Outcome.ACCEPTED, sid=message.sid, segments=segments)
        except Exception as error:
            return _explain(error)

    def list_messages(self, *, to=None, sender=None, since=None, limit=1000):
        """Messages of the account, newest first.

        :param since: naive UTC datetime; the SDK ignores a tzinfo. Twilio compares the
            date sent, which a text that still waits there has not.
        :param limit: only this many, the newest; None for all
        :return: list of :class:`Message`
        :raises Exception: whatever the SDK or the network raises
        """
        filters = {"limit": limit, "page_size": min(limit or 1000, 1000)}
        if to:
            filters["to"] = to
        if sender:
            filters["from_"] = sender
        if since:
            filters["date_sent_after"] = since
        return [_to_message(row) for row in self._rest().messages.list(**filters)]

    def list_newest(self, to, since):
        """The messages to a number from a time on, and some more.

        Without a date filter: a text that still waits at Twilio has no sent date.

        :param since: naive UTC datetime of our clock
        :return: :class:`Listing`
        :raises Exception: whatever the SDK or the network raises
        """
        found = []
        rows = self._rest().messages.stream(to=to, page_size=_PAGE_SIZE)
        for row in rows:
            message = _to_message(row)
            found.append(message)
            created = message.date_created
            if created and created < since + self.clock_ahead:
                break
            if len(found) >= _MOST_LISTED:
                return Listing(found, False, self.clock_ahead)
        return Listing(found, True, self.clock_ahead)

    def fetch_message(self, sid):
        """One :class:`Message`, without a status when Twilio has forgotten it.

        :raises Exception: whatever the SDK or the network raises
        """
        try:
            return _to_message(self._rest().messages(sid).fetch())
        except Exception as error:
            if getattr(error, "status", None) == 404:
                return Message(sid, "", "", "", "", "", None, 0)
            raise


def _to_message(row):
    """The SDK's message as a :class:`Message`."""
    return Message(
        sid=row.sid,
        to=row.to or "",
        sender=row.from_ or "",
        body=row.body or "",
        direction=row.direction or "",
        status=str(row.status or ""),
        date_created=_naive(row.date_created),
        error_code=int(row.error_code or 0),
        date_sent=_naive(row.date_sent),
        media_count=int(row.num_media or 0),
        service_sid=row.messaging_service_sid or "",
    )


def describe_error(error):
    """A few words for an exception out of the SDK or the network, nothing personal."""
    result = _explain(error)
    parts = [str(result.code or ""), result.reason or type(error).__name__]
    return ": ".join(part for part in parts if part)[:200]


def _naive(aware):
    """An aware datetime (or None) as a naive one in UTC, as Odoo keeps them."""
    if aware and aware.tzinfo:
        return aware.astimezone(datetime.UTC).replace(tzinfo=None)
    return aware


def _explain(error):
    """The :class:`SendResult` of an exception out of the SDK or the network."""
    status = getattr(error, "status", None)
    code = getattr(error, "code", None)
    if status is None and len(error.args) == 2:
        # The SDK's bare exception of a list call: (sentence, response).
        status = getattr(error.args[1], "status_code", None)
        code = _code_in(getattr(error.args[1], "text", ""))
    if isinstance(status, int):
        # Both TwilioRestException and TwilioServiceException carry these.
        number = int(code or status)
        reason = str(getattr(error, "msg", "") or getattr(error, "detail", "") or "")
        if 400 <= status < 500 and status != 408:
            return SendResult(Outcome.REJECTED, code=number, reason=reason)
        return SendResult(Outcome.UNKNOWN, code=number, reason=f"HTTP {status}")
    if isinstance(error, ValueError | TypeError | AttributeError | LookupError):
        # Not JSON, or not what was expected, although Twilio said 2xx: it most likely
        # has the text.
        return SendResult(Outcome.UNKNOWN, code=UNREADABLE, reason="no JSON")
    if _never_left(error):
        return SendResult(Outcome.REJECTED, code=429, reason=type(error).__name__)
    return SendResult(Outcome.UNKNOWN, reason=type(error).__name__)


def _code_in(text):
    """Twilio's error code in the JSON of an error, 0 when there is none."""
    try:
        return int(json.loads(text)["code"])
    except (ValueError, TypeError, KeyError):
        return 0


def _never_left(error):
    """Whether the request certainly did not reach Twilio (no connection made)."""
    from requests import exceptions
    from urllib3 import exceptions as low

    if isinstance(error, exceptions.ConnectTimeout):
        return True
    if isinstance(error, exceptions.ConnectionError) and error.args:
        cause = getattr(error.args[0], "reason", None)
        return isinstance(cause, low.NewConnectionError | low.ConnectTimeoutError)
    return False
