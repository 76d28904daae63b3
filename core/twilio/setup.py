# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Connecting a Twilio account with an Odoo: looking, judging, changing.

Pure Python without words for people: every function returns :class:`Finding` codes
with facts, which ``fsm.confirmation.health`` puts into sentences.
"""

import base64
import enum
import hashlib
import hmac
import ipaddress
import re
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .client import TwilioApi, api_url_override

# Connection overrides of Twilio: try again up to five times, after any failure. They
# stand behind the #, which is not signed.
OVERRIDES = "#rc=5&rp=all"
# What Twilio sets on a new number: a text that nobody misses.
SAMPLE_HOSTS = ("demo.twilio.com",)
PRIVATE_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home", ".test")
# A number may be in a Messaging Service, whose settings then count. Looking for it
# takes one call for each service.
SERVICE_LIMIT = 20
SERVICE_SECONDS = 20
REFUSED_HEADER = "X-Job-Confirmation"
PROBE_TIMEOUT = 10  # seconds, to connect and to be answered; Twilio gives 5 and 15
_MAX_ANSWER = 4096  # bytes
_STATUS_IN_TEXT = re.compile(r"\bHTTP (\d{3})\b")


class Level(enum.Enum):
    """How good or bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str  # address, account, sender, webhook or registration
    code: str  # what was found, a key of the sentences
    level: Level
    facts: dict = field(default_factory=dict)  # name -> str, for the sentence


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to set at Twilio so that replies come to this Odoo."""

    kind: str  # number or service
    sid: str
    label: str  # the number, or the service's name
    current: str = ""  # where replies go now; "" for nowhere
    application: str = ""  # SID of the application that overrides a number's address
    foreign: bool = False  # somebody uses what it replaces: ask first


@dataclass(slots=True)
class Report:
    """What was found about a sender, and what would have to be changed."""

    findings: list = field(default_factory=list)
    changes: list = field(default_factory=list)

    def add(self, subject, code, level, **facts):
        self.findings.append(Finding(subject, code, level, facts))

    @property
    def has_problem(self):
        return any(finding.level is Level.PROBLEM for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the account, as far as texts go."""

    sid: str
    phone: str
    sms: bool
    url: str
    method: str
    fallback_url: str
    application: str


@dataclass(frozen=True, slots=True)
class Service:
    """A Messaging Service, as far as replies go."""

    sid: str
    name: str
    url: str
    method: str
    defers: bool  # to the addresses of its numbers
    registered: bool  # for texts to the United States


class SetupApi(TwilioApi):
    """Looking at an account, and pointing its replies somewhere.

    Every method raises what the SDK or the network raises; see :func:`error_code`.
    """

    def fetch_account(self):
        """:return: (status, type), like ``("active", "Trial")``"""
        account = self._rest().api.v2010.accounts(self.account_sid).fetch()
        return str(account.status or ""), str(account.type or "")

    def find_number(self, phone):
        """The account's :class:`Number` for an E.164 number, or None."""
        for entry in self._rest().incoming_phone_numbers.list(
            phone_number=phone, limit=20
        ):
            if entry.phone_number == phone:
                return Number(
                    sid=entry.sid,
                    phone=phone,
                    sms=bool(_capability(entry.capabilities, "sms")),
                    url=entry.sms_url or "",
                    method=entry.sms_method or "POST",
                    fallback_url=entry.sms_fallback_url or "",
                    application=entry.sms_application_sid or "",
                )
        return None

    def list_numbers(self):
        """E.164 numbers of the account that can text."""
        return [
            entry.phone_number
            for entry in self._rest().incoming_phone_numbers.list(limit=400)
            if _capability(entry.capabilities, "sms")
        ]

    def point_number(self, sid, address):
        """Have a number's texts posted to ``address``."""
        self._rest().incoming_phone_numbers(sid).update(
            sms_url=address,
            sms_method="POST",
            sms_fallback_url=address,
            sms_fallback_method="POST",
            sms_application_sid="",
        )

    def fetch_service(self, sid):
        """The :class:`Service` with this SID."""
        return _service(self._rest().messaging.v1.services(sid).fetch())

    def list_services(self):
        """The first :class:`Service` objects of the account."""
        services = self._rest().messaging.v1.services.list(limit=SERVICE_LIMIT)
        return [_service(entry) for entry in services]

    def list_service_numbers(self, sid):
        """E.164 numbers in a Messaging Service."""
        numbers = self._rest().messaging.v1.services(sid).phone_numbers
        return [entry.phone_number for entry in numbers.list(limit=400)]

    def point_service(self, sid, address):
        """Have the texts to all numbers of a service posted to ``address``."""
        self._rest().messaging.v1.services(sid).update(
            inbound_request_url=address,
            inbound_method="POST",
            fallback_url=address,
            fallback_method="POST",
            use_inbound_webhook_on_number=False,
        )

    def fetch_status(self, message_sid):
        """:return: (MessageStatus, error code or 0) of a text"""
        message = self._rest().messages(message_sid).fetch()
        return str(message.status or ""), int(message.error_code or 0)


def _capability(capabilities, name):
    if isinstance(capabilities, dict):
        return capabilities.get(name)
    return getattr(capabilities, name, False)


def _service(entry):
    return Service(
        sid=entry.sid,
        name=entry.friendly_name or entry.sid,
        url=entry.inbound_request_url or "",
        method=entry.inbound_method or "POST",
        defers=bool(entry.use_inbound_webhook_on_number),
        registered=bool(entry.us_app_to_person_registered),
    )


def error_code(error):
    """What an exception out of the SDK or the network means for a setup.

    :return: ``credentials``, ``forbidden``, ``missing`` or ``unavailable``
    """
    status = getattr(error, "status", None)
    if not isinstance(status, int):
        # Lists raise an exception that has its status in the text only.
        found = _STATUS_IN_TEXT.search(str(error))
        status = int(found[1]) if found else 0
    if status == 401 or getattr(error, "code", None) == 20003:
        return "credentials"
    return {403: "forbidden", 404: "missing"}.get(status, "unavailable")


# ----------------------------------------------------------------------
# The address
# ----------------------------------------------------------------------


def may_be_local():
    """Whether addresses of this machine are fine: with a simulator of Twilio only."""
    return api_url_override() is not None


def judge_address(address):
    """Whether Twilio could reach an address at all, by its form.

    :return: ``ok``, ``empty``, ``not_https`` or ``private``
    """
    parts = urlsplit(address)
    host = (parts.hostname or "").rstrip(".").lower()
    if not host or parts.scheme not in ("http", "https"):
        return "empty"
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        loopback = host == "localhost"
        private = loopback or "." not in host or host.endswith(PRIVATE_SUFFIXES)
    else:
        loopback, private = ip.is_loopback, not ip.is_global
    if loopback and may_be_local():
        return "ok"
    if private:
        return "private"
    return "ok" if parts.scheme == "https" else "not_https"


def probe(address, account_sid, auth_token):
    """Call our own inbound address from outside, signed as Twilio signs.

    It carries no message, so nothing is stored. This finds a proxy that changes the
    path, a database filter that leads elsewhere, a bad certificate.

    :param address: without overrides
    :return: (code, facts): ``ok``; ``signature``, ``blocked``, ``not_found``,
        ``redirected``, ``certificate``, ``unknown_host`` or ``odd`` when Twilio will
        fail as well; ``unreachable`` or ``slow`` when it may be this server only
    """
    import requests
    from urllib3.exceptions import HTTPError

    params = {"AccountSid": account_sid, "ApiVersion": "2010-04-01"}
    headers = {"X-Twilio-Signature": _sign(address, params, auth_token)}
    session = requests.Session()
    if may_be_local():
        session.trust_env = False
    try:
        with (
            session,
            session.post(
                address,
                data=params,
                headers=headers,
                timeout=PROBE_TIMEOUT,
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            text = answer.raw.read(_MAX_ANSWER, decode_content=True) or b""
    except requests.exceptions.SSLError:
        return "certificate", {}
    except requests.exceptions.ReadTimeout:
        return "slow", {"seconds": str(PROBE_TIMEOUT)}
    except requests.exceptions.RequestException as error:
        unknown = "NameResolution" in repr(error) or "getaddrinfo" in repr(error)
        return ("unknown_host" if unknown else "unreachable"), {}
    except HTTPError:  # while the body is read
        return "unreachable", {}
    return _judge_answer(answer, text)


def _judge_answer(answer, text):
    status = answer.status_code
    kind = answer.headers.get("Content-Type", "")
    if status == 200 and kind.startswith("text/xml") and b"<Response" in text:
        return "ok", {}
    if status == 403:
        ours = answer.headers.get(REFUSED_HEADER) == "refused"
        return ("signature" if ours else "blocked"), {"status": "403"}
    if status == 404:
        return "not_found", {}
    if 300 <= status < 400:
        place = urlsplit(answer.headers.get("Location", ""))
        target = f"{place.scheme}://{place.netloc}{place.path}" if place.netloc else ""
        return "redirected", {"target": (target or place.path)[:200]}
    return "odd", {"status": str(status)}


def _sign(address, params, auth_token):
    """Twilio's signature; an empty token makes one that nobody accepts."""
    text = address + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def check_address(address, account_sid, auth_token):
    """Findings about our public inbound address.

    :param address: without overrides
    """
    facts = {"address": address}
    form = judge_address(address)
    if form != "ok":
        return [Finding("address", form, Level.PROBLEM, facts)]
    code, more = probe(address, account_sid, auth_token)
    if code == "signature" and not auth_token:
        code = "ok"  # Refused by our own controller, and rightly.
    level = {
        "ok": Level.OK,
        # Many a server can't call itself by its public name.
        "unreachable": Level.WARNING,
        "slow": Level.WARNING,
    }.get(code, Level.PROBLEM)
    return [Finding("address", code, level, {**facts, **more})]


# ----------------------------------------------------------------------
# The account and its sender
# ----------------------------------------------------------------------


def check_account(api):
    """Findings about the account itself: does Twilio let us in, may it send."""
    try:
        status, kind = api.fetch_account()
    except Exception as error:
        code = error_code(error)
        # An account that isn't there is a wrong SID.
        code = "credentials" if code in ("missing", "forbidden") else code
        return [Finding("account", code, Level.PROBLEM)]
    if status != "active":
        return [Finding("account", "inactive", Level.PROBLEM, {"status": status})]
    if kind == "Trial":
        return [Finding("account", "trial", Level.WARNING)]
    return [Finding("account", "ok", Level.OK)]


def same_address(url, address):
    """Whether two addresses are one, but for what stands behind the #."""
    return url.partition("#")[0].strip() == address.partition("#")[0].strip()


def check_numbers(api, phones, address):
    """Look at every number that texts may be sent from.

    :param phones: E.164 numbers
    :param address: where their replies should go
    :rtype: Report
    """
    report = Report()
    try:
        services = _services_of_numbers(api, set(phones))
        for phone in phones:
            number = api.find_number(phone)
            if not number:
                report.add("sender", "not_owned", Level.PROBLEM, number=phone)
            elif not number.sms:
                report.add("sender", "no_texts", Level.PROBLEM, number=phone)
            else:
                report.add("sender", "ok", Level.OK, number=phone)
                service = services.get(phone)
                if service and not service.defers:
                    _judge_service(report, service, address, phone)
                else:
                    _judge_number(report, number, address)
    except Exception as error:
        report.add("sender", error_code(error), Level.PROBLEM, number="")
    return report


def _services_of_numbers(api, phones):
    """:return: dict number -> the :class:`Service` that it is in"""
    found = {}
    until = time.monotonic() + SERVICE_SECONDS
    try:
        for service in api.list_services():
            if time.monotonic() > until:
                break
            for phone in phones.intersection(api.list_service_numbers(service.sid)):
                found[phone] = service
    except Exception as error:
        # A key without a right to see services: then only the number is judged.
        if error_code(error) == "unavailable":
            raise
    return found


def check_service(api, sid, address):
    """Look at the Messaging Service that texts are sent with.

    :param sid: ``MG...``
    :param address: where replies should go
    :rtype: Report
    """
    report = Report()
    try:
        service = api.fetch_service(sid)
        phones = api.list_service_numbers(sid)
    except Exception as error:
        report.add("sender", f"service_{error_code(error)}", Level.PROBLEM, sid=sid)
        return report
    if not phones:
        report.add("sender", "service_empty", Level.PROBLEM, name=service.name)
        return report
    facts = {"name": service.name, "count": str(len(phones))}
    report.add("sender", "service_ok", Level.OK, **facts)
    if not service.registered and any(phone.startswith("+1") for phone in phones):
        report.add("registration", "service", Level.WARNING, name=service.name)
    if not service.defers:
        _judge_service(report, service, address)
        return report
    try:
        for phone in phones:
            number = api.find_number(phone)
            if number and number.sms:
                _judge_number(report, number, address)
            else:
                report.add("sender", "no_texts", Level.WARNING, number=phone)
    except Exception as error:
        report.add("sender", error_code(error), Level.PROBLEM, number="")
    return report


def _is_unused(url):
    return not url or urlsplit(url).hostname in SAMPLE_HOSTS


def _judge_number(report, number, address):
    """Where a number's replies go, and what to change so that they come here."""
    facts = {"number": number.phone, "url": number.url.partition("#")[0]}
    change = {"kind": "number", "sid": number.sid, "label": number.phone}
    here = same_address(number.url, address)
    fallback = number.fallback_url  # of somebody else
    if _is_unused(fallback) or same_address(fallback, address):
        fallback = ""
    if number.application:
        facts["application"] = number.application
        report.add("webhook", "application", Level.PROBLEM, **facts)
        report.changes.append(
            Change(**change, application=number.application, foreign=True)
        )
    elif here and number.method == "POST":
        # A fallback address of ours is one try more, which Connect adds; without it
        # Twilio tries again all the same.
        if number.url != address and not fallback:
            # Set by hand, without the retries: nobody minds when they are added.
            report.add("webhook", "once", Level.WARNING, **facts)
            report.changes.append(Change(**change, current=number.url))
        else:
            report.add("webhook", "ok", Level.OK, **facts)
    elif here or _is_unused(number.url):
        code = "method" if here else "unset"
        report.add("webhook", code, Level.PROBLEM, **facts)
        change["current"] = fallback
        report.changes.append(Change(**change, foreign=bool(fallback)))
    else:
        report.add("webhook", "elsewhere", Level.PROBLEM, **facts)
        report.changes.append(Change(**change, current=number.url, foreign=True))


def _judge_service(report, service, address, phone=""):
    """Where a service's replies go; ``phone``: the number that is in it."""
    facts = {"name": service.name, "url": service.url.partition("#")[0]}
    if phone:
        facts["number"] = phone
        report.add("sender", "in_service", Level.OK, **facts)
    change = {"kind": "service", "sid": service.sid, "label": service.name}
    if any(known.sid == service.sid for known in report.changes):
        return
    if same_address(service.url, address) and service.method == "POST":
        if service.url != address:
            report.add("webhook", "service_once", Level.WARNING, **facts)
            report.changes.append(Change(**change, current=service.url))
        else:
            report.add("webhook", "service_ok", Level.OK, **facts)
    elif _is_unused(service.url) or same_address(service.url, address):
        code = "service_method" if service.url else "service_drops"
        report.add("webhook", code, Level.PROBLEM, **facts)
        report.changes.append(Change(**change))
    else:
        report.add("webhook", "service_elsewhere", Level.PROBLEM, **facts)
        report.changes.append(Change(**change, current=service.url, foreign=True))


def apply_changes(api, changes, address):
    """Point everything in ``changes`` to ``address``.

    :return: (labels that are done, error code or "")
    """
    done = []
    for change in changes:
        try:
            if change.kind == "service":
                api.point_service(change.sid, address)
            else:
                api.point_number(change.sid, address)
        except Exception as error:
            return done, error_code(error)
        done.append(change.label)
    return done, ""
