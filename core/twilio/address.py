# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whether Twilio can reach our public address."""

import base64
import hashlib
import hmac
import ipaddress
import socket
from urllib.parse import urlsplit

from .checks import Check, Level
from .client import api_url_override

PRIVATE_SUFFIXES = (".local", ".localhost", ".internal", ".lan", ".home", ".test")
REFUSED_HEADER = "X-Job-Confirmation"
PROBE_TIMEOUT = 10  # seconds, to connect and to be answered; Twilio gives 5 and 15
_MAX_RESPONSE = 4096  # bytes
_NAT64 = ipaddress.ip_network("64:ff9b::/96")


def may_be_local():
    """Whether addresses of this machine are fine: with a simulator of Twilio only."""
    return api_url_override() is not None


def classify_address(address):
    """Whether Twilio could reach an address at all, by its form.

    :return: ``ok``, ``empty``, ``not_https`` or ``private``
    """
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:  # Brackets that hold no IPv6 address.
        return "empty"
    # Browsers and Twilio read a name before an "@" as a login, not as a place.
    if not host or parts.scheme not in ("http", "https") or "@" in parts.netloc:
        return "empty"
    ip = read_ip(host)
    if ip is None:
        loopback = host == "localhost"
        private = loopback or "." not in host or host.endswith(PRIVATE_SUFFIXES)
    else:
        loopback, private = ip.is_loopback, not ip.is_global
    if loopback and may_be_local():
        return "ok"
    if private:
        return "private"
    return "ok" if parts.scheme == "https" else "not_https"


def read_ip(host):
    """The IP address that a host is, in any way of writing it, or None for a name.

    The system's own resolver also reads ``127.1``, ``0177.0.0.1``, ``0x7f.1`` and
    ``2130706433``. An IPv4 address within an IPv6 one counts as what it is.
    """
    try:
        ip = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        try:
            return ipaddress.IPv4Address(socket.inet_aton(host))
        except OSError:
            return None
    if ip.version == 4:
        return ip
    inner = ip.ipv4_mapped or ip.sixtofour
    if not inner and ip in _NAT64:
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return inner or ip


def leads_inside(address):
    """Whether this server takes the address's name for a private address or itself."""
    host = urlsplit(address).hostname or ""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    ips = [read_ip(place[0]) for *_kind, place in found]
    return any(ip is not None and not ip.is_global for ip in ips)


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
            ) as response,
        ):
            text = response.raw.read(_MAX_RESPONSE, decode_content=True) or b""
    except requests.exceptions.SSLError:
        return "certificate", {}
    except requests.exceptions.ReadTimeout:
        return "slow", {"seconds": str(PROBE_TIMEOUT)}
    except requests.exceptions.RequestException as error:
        unknown = "NameResolution" in repr(error) or "getaddrinfo" in repr(error)
        return ("unknown_host" if unknown else "unreachable"), {}
    except HTTPError:  # while the body is read
        return "unreachable", {}
    return _read_response(response, text)


def _read_response(response, text):
    status = response.status_code
    kind = response.headers.get("Content-Type", "")
    if status == 200 and kind.startswith("text/xml") and b"<Response" in text:
        return "ok", {}
    if status == 403:
        ours = response.headers.get(REFUSED_HEADER) == "refused"
        return ("signature" if ours else "blocked"), {"status": "403"}
    if status == 404:
        return "not_found", {}
    if 300 <= status < 400:
        place = urlsplit(response.headers.get("Location", ""))
        target = f"{place.scheme}://{place.netloc}{place.path}" if place.netloc else ""
        return "redirected", {"target": (target or place.path)[:200]}
    return "odd", {"status": str(status)}


def _sign(address, params, auth_token):
    """Twilio's signature; an empty token makes one that nobody accepts."""
    text = address + "".join(name + params[name] for name in sorted(params))
    digest = hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def check_address(address, account_sid, auth_token):
    """Checks of our public inbound address.

    :param address: without overrides
    """
    facts = {"address": address}
    form = classify_address(address)
    if form != "ok":
        return [Check("address", form, Level.PROBLEM, facts)]
    code, more = probe(address, account_sid, auth_token)
    if code == "ok" and not may_be_local() and leads_inside(address):
        # It answers from here; from outside it may not, or somebody else may.
        code = "inside"
    if code == "signature" and not auth_token:
        code = "ok"  # Refused by our own controller, and rightly.
    level = {
        "ok": Level.OK,
        # Many a server can't call itself by its public name.
        "unreachable": Level.WARNING,
        "inside": Level.WARNING,
        "slow": Level.WARNING,
    }.get(code, Level.PROBLEM)
    return [Check("address", code, level, {**facts, **more})]
