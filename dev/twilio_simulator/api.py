# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The calls of api.twilio.com and messaging.twilio.com that the simulator answers."""

import base64
import binascii
import hmac
import json
import re
import time
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlencode

from .errors import TwilioError, refuse
from .openapi import ParameterError
from .state import E164, MAGIC_FROM, Message, new_sid
from .texting import API_VERSION
from .webhooks import valid_url

MAX_BODY = 1600
MAX_MEDIA = 10
SCHEDULE_LIMITS = (300, 35 * 86400)  # seconds from now
TRIAL_PREFIX = "Sent from your Twilio trial account - "

# Parameters of a number's or a service's update that are addresses.
URL_PARAMETERS = (
    "SmsUrl",
    "SmsFallbackUrl",
    "StatusCallback",
    "VoiceUrl",
    "VoiceFallbackUrl",
    "InboundRequestUrl",
    "FallbackUrl",
)


class Answer:
    """An answer to a request: HTTP status, JSON value or bytes, and headers."""

    def __init__(self, status, value=None, content_type="application/json", headers=()):
        self.status = status
        self.content_type = content_type
        self.headers = dict(headers)
        if value is None:
            self.body = b""
        elif isinstance(value, bytes):
            self.body = value
        else:
            self.body = json.dumps(value).encode()


def rfc2822(seconds):
    """Return a time as Twilio's 2010 API writes it, or None."""
    if seconds is None:
        return None
    return format_datetime(datetime.fromtimestamp(int(seconds), UTC))


def iso8601(seconds):
    """Return a time as Twilio's newer APIs write it."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def snake(name):
    """Return the field that a parameter sets: SmsUrl -> sms_url."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Api:
    """Answers API requests out of the state; ``handle`` is the way in."""

    def __init__(self, state, description, texting):
        self.state, self.description, self.texting = state, description, texting

    def handle(self, request, operation, path):
        """Return the Answer of a request.

        :param operation: what ``Description.find`` found for it
        :param path: the SIDs in the path
        """
        try:
            account = self._authenticate(request)
            if operation is None:
                raise refuse(20404, path=request.path)
            method = getattr(self, _METHODS.get(operation and operation.name, ""), None)
            if not operation or not method:
                raise refuse(20004)
            account = self._reach(account, request, operation, path)
            try:
                values = operation.check(
                    request.query, request.form, self.state.settings["strict"]
                )
            except ParameterError as error:
                raise refuse(20001, str(error)) from error
            with self.state.lock:
                value = method(account, path, values, request)
            return Answer(operation.status, value)
        except TwilioError as error:
            headers = {}
            if error.status == 401:
                headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
            return Answer(error.status, error.body(), headers=headers)

    # Who asks

    def _authenticate(self, request):
        """Return the account whose credentials the request carries."""
        kind, _space, value = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic":
            raise refuse(20003, "Authentication Error - No credentials provided")
        try:
            user, _colon, password = base64.b64decode(value).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError) as error:
            raise refuse(20003) from error
        with self.state.lock:
            account = self.state.accounts.get(user)
            expected = account["auth_token"] if account else None
            if not account:
                for account in self.state.accounts.values():
                    expected = account["api_keys"].get(user)
                    if expected:
                        break
        same = expected and hmac.compare_digest(expected.encode(), password.encode())
        if not same:
            raise refuse(20003)
        request.key = user if user.startswith("SK") else None
        return account

    def _reach(self, account, request, operation, path):
        """Return the account that a request is about, if these credentials reach it."""
        sid = path.get("AccountSid")
        if operation.name in ("FetchAccount", "UpdateAccount"):
            sid = path["Sid"]
            if request.key:  # standard API keys don't reach /Accounts
                raise refuse(20003)
        if sid and sid != account["sid"]:
            other = self.state.accounts.get(sid)
            if not other:
                raise refuse(20404, path=request.path)
            if other["owner_account_sid"] != account["sid"]:
                raise refuse(20003)
            account = other
        if account["status"] != "active" and request.method != "GET":
            raise refuse(20005)
        return account

    # Accounts

    def _account(self, account):
        sid = account["sid"]
        base = f"/{API_VERSION}/Accounts/{sid}"
        return self.description.build(
            self.description.schemas["api.v2010.account"],
            {
                # Twilio gives it to its owner; here nobody needs it.
                "auth_token": "redacted",
                "date_created": rfc2822(account["created"]),
                "date_updated": rfc2822(account["created"]),
                "friendly_name": account["friendly_name"],
                "owner_account_sid": account["owner_account_sid"],
                "sid": sid,
                "status": account["status"],
                "subresource_uris": {
                    "incoming_phone_numbers": f"{base}/IncomingPhoneNumbers.json",
                    "messages": f"{base}/Messages.json",
                },
                "type": account["type"],
                "uri": f"{base}.json",
            },
        )

    def fetch_account(self, account, path, values, request):
        return self._account(account)

    def update_account(self, account, path, values, request):
        for name, value in values.items():
            account[snake(name)] = value
        return self._account(account)

    # Messages

    def _message(self, message):
        base = f"/{API_VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}"
        return self.description.build(
            self.description.schemas["api.v2010.account.message"],
            {
                "account_sid": message.account_sid,
                "api_version": API_VERSION,
                "body": message.body,
                "date_created": rfc2822(message.created),
                "date_sent": rfc2822(message.sent),
                "date_updated": rfc2822(message.updated),
                "direction": message.direction,
                "error_code": message.error_code,
                "error_message": message.error_message,
                "from": message.from_,
                "messaging_service_sid": message.messaging_service_sid,
                "num_media": str(len(message.media)),
                # A service splits the text only when it has chosen the number.
                "num_segments": str(message.num_segments if message.from_ else 0),
                "price": message.price,
                "price_unit": "USD",
                "sid": message.sid,
                "status": message.status,
                "subresource_uris": {"media": f"{base}/Media.json"},
                "to": message.to,
                "uri": f"{base}.json",
            },
        )

    def _find_message(self, account, path, request):
        message = self.state.messages.get(path["Sid"])
        if not message or message.account_sid != account["sid"] or message.hidden:
            raise refuse(20404, path=request.path)
        return message

    def fetch_message(self, account, path, values, request):
        return self._message(self._find_message(account, path, request))

    def update_message(self, account, path, values, request):
        message = self._find_message(account, path, request)
        if "Status" in values:
            if message.status not in ("scheduled", "accepted"):
                raise refuse(30409)
            message.status, message.updated = "canceled", time.time()
            message.history.append([message.updated, "canceled"])
        if "Body" in values:
            if values["Body"]:
                raise refuse(20001, "Body can only be made empty")
            message.body = ""
        self.state.touch()
        return self._message(message)

    def delete_message(self, account, path, values, request):
        self.state.delete(self._find_message(account, path, request))

    def create_message(self, account, path, values, request):
        to, body = values.get("To"), values.get("Body", "")
        sender, service_sid = values.get("From"), values.get("MessagingServiceSid")
        media = [
            {"url": url, "content_type": "application/octet-stream"}
            for url in values.get("MediaUrl", ())
        ]
        if not to:
            raise refuse(21604)
        if not sender and not service_sid:
            raise refuse(21603)
        if not body and not media and not values.get("ContentSid"):
            raise refuse(21602)
        if not E164.match(to) or not _possible(to):
            raise refuse(21211, to=to)
        if to == sender:
            raise refuse(21266, to=to)
        self._check_limits(values, body, media)
        service = self._check_sender(account, sender, service_sid, to)
        self._check_recipient(account, to, sender, service)
        send_at = self._send_at(values)
        if account["type"] == "Trial":
            body = TRIAL_PREFIX + body
        status = "queued" if sender else "accepted"
        message = Message(
            sid=new_sid("MM" if media else "SM"),
            account_sid=account["sid"],
            direction="outbound-api",
            from_=sender or None,
            to=to,
            body=body,
            status="scheduled" if send_at else status,
            created=time.time(),
            origin="api",
            messaging_service_sid=service_sid or None,
            media=media,
            status_callback=values.get("StatusCallback")
            or (service or {}).get("status_callback")
            or "",
            params=dict(request.form),
        )
        self.texting.send(message, send_at)
        return self._message(message)

    def _check_limits(self, values, body, media):
        if len(body) > MAX_BODY:
            raise refuse(21617)
        if len(media) > MAX_MEDIA:
            raise refuse(21623)
        callback = values.get("StatusCallback")
        if callback and not valid_url(callback):
            raise refuse(21609, url=callback)
        if not 1 <= values.get("ValidityPeriod", 1) <= 36_000:
            raise refuse(20001, "'ValidityPeriod' must be between 1 and 36000")

    def _check_sender(self, account, sender, service_sid, to):
        """Return the Messaging Service, if one is used; refuse a wrong sender."""
        service = None
        if service_sid:
            service = self.state.services.get(service_sid)
            if not service or service["account_sid"] != account["sid"]:
                raise refuse(21701)
            if sender and sender not in service["numbers"]:
                raise refuse(21712, from_=sender)
            if not self.texting.choose_number(service, to):
                raise refuse(21703)
        if sender:
            if sender in MAGIC_FROM:
                raise refuse(MAGIC_FROM[sender], from_=sender)
            if not re.fullmatch(r"\+\d{5,15}|\d{5,6}", sender):
                raise refuse(21212, from_=sender)
            number = self.state.numbers.get(sender)
            if (
                not number
                or number["account_sid"] != account["sid"]
                or not number["capabilities"]["sms"]
            ):
                raise refuse(21606, from_=sender)
        return service

    def _check_recipient(self, account, to, sender, service):
        fate, code = self.state.fate(to)
        if fate == "refused":
            raise refuse(code, to=to, from_=sender or "")
        if account["type"] == "Trial" and to not in account["verified"]:
            raise refuse(21608, to=to)
        key = self.state.block_key(to, sender) if sender else (to, service["sid"])
        if key in self.state.blocks:
            raise refuse(21610)

    def _send_at(self, values):
        """Return when a scheduled message is to leave (seconds since 1970), or None."""
        when = values.get("SendAt")
        if not when and not values.get("ScheduleType"):
            return None
        if not values.get("MessagingServiceSid"):
            raise refuse(35118)
        if not isinstance(when, datetime):
            raise refuse(35114)
        soonest, latest = SCHEDULE_LIMITS
        if not soonest <= when.timestamp() - time.time() <= latest:
            raise refuse(35114)
        return when.timestamp()

    def list_messages(self, account, path, values, request):
        state = self.state
        now, settings = time.time(), state.settings
        keys = [values[name] for name in ("To", "From") if values.get(name)]
        if keys:
            candidates = min(
                (state.by_number.get(key, ()) for key in keys), key=len, default=()
            )
        else:
            candidates = state.messages.values()
        first, last = _date_bounds(values)
        dated = any(name.startswith("DateSent") for name in values)

        def shown(message):
            when = message.sent
            # Without a date filter nothing is left out for having no date.
            if when is None and not (dated and settings["list_hides_unsent"]):
                when = message.created
            return (
                message.account_sid == account["sid"]
                and not message.hidden
                and now - message.created >= settings["list_lag"]
                and when is not None
                and first <= int(when) <= last
                and values.get("To") in (None, "", message.to)
                and values.get("From") in (None, "", message.from_)
            )

        messages = [message for message in candidates if shown(message)]
        messages.sort(key=lambda m: m.created, reverse=True)
        return self._page_2010(
            "messages", messages, self._message, values, request, lambda m: m.sid
        )

    # Pages

    def _page_2010(self, key, items, show, values, request, sid):
        """Return one page of a list in the form of the 2010 API."""
        page, start, chosen, following = _slice(items, values, sid)
        size = values.get("PageSize", 50)

        def uri(number, token=None):
            pairs = [
                (name, value)
                for name, value in request.query
                if name not in ("Page", "PageToken", "PageSize")
            ]
            pairs += [("PageSize", size), ("Page", number)]
            if token:
                pairs.append(("PageToken", token))
            return f"{request.path}?{urlencode(pairs)}"

        return {
            "end": start + max(0, len(chosen) - 1),
            "first_page_uri": uri(0),
            "next_page_uri": uri(page + 1, "PA" + sid(chosen[-1]))
            if following
            else None,
            "page": page,
            "page_size": size,
            "previous_page_uri": uri(page - 1) if page else None,
            "start": start,
            "uri": uri(page, values.get("PageToken")),
            key: [show(item) for item in chosen],
        }

    def _page_v1(self, key, items, show, values, request):
        """Return one page of a list in the form of the newer APIs."""
        page, _start, chosen, following = _slice(items, values, lambda i: i["sid"])
        size = values.get("PageSize", 50)

        def url(number, token=None):
            pairs = [("PageSize", size), ("Page", number)]
            if token:
                pairs.append(("PageToken", token))
            return f"https://messaging.twilio.com{request.path}?{urlencode(pairs)}"

        return {
            key: [show(item) for item in chosen],
            "meta": {
                "first_page_url": url(0),
                "key": key,
                "next_page_url": url(page + 1, "PA" + chosen[-1]["sid"])
                if following
                else None,
                "page": page,
                "page_size": size,
                "previous_page_url": url(page - 1) if page else None,
                "url": url(page, values.get("PageToken")),
            },
        }

    # Numbers

    def _number(self, number):
        base = f"/{API_VERSION}/Accounts/{number['account_sid']}/IncomingPhoneNumbers"
        fields = self.description.schemas["api.v2010.account.incoming_phone_number"]
        values = {k: v for k, v in number.items() if k in fields["properties"]}
        values.update(
            address_requirements="none",
            api_version=API_VERSION,
            beta=False,
            date_created=rfc2822(number["created"]),
            date_updated=rfc2822(number["updated"]),
            emergency_address_status="unregistered",
            origin="twilio",
            status="in-use",
            uri=f"{base}/{number['sid']}.json",
        )
        return self.description.build(fields, values)

    def _find_number(self, account, path, request):
        for number in self.state.numbers.values():
            if number["sid"] == path["Sid"] and (
                number["account_sid"] == account["sid"]
            ):
                return number
        raise refuse(20404, path=request.path)

    def list_numbers(self, account, path, values, request):
        numbers = [
            number
            for number in self.state.numbers.values()
            if number["account_sid"] == account["sid"]
            and _like(values.get("PhoneNumber"), number["phone_number"])
            and values.get("FriendlyName") in (None, "", number["friendly_name"])
            and not values.get("Beta")
        ]
        return self._page_2010(
            "incoming_phone_numbers",
            numbers,
            self._number,
            values,
            request,
            lambda n: n["sid"],
        )

    def fetch_number(self, account, path, values, request):
        return self._number(self._find_number(account, path, request))

    def update_number(self, account, path, values, request):
        number = self._find_number(account, path, request)
        target = values.pop("AccountSid", number["account_sid"])
        if target != number["account_sid"]:
            raise refuse(20001, "The simulator doesn't move numbers between accounts")
        values.pop("ApiVersion", None)
        self._update(number, values)
        return self._number(number)

    def _update(self, entry, values):
        """Set the fields that an update names."""
        for name in URL_PARAMETERS:
            if values.get(name) and not valid_url(values[name]):
                raise refuse(21402, url=values[name])
        for name, value in values.items():
            entry[snake(name)] = value
        entry["updated"] = time.time()
        self.state.touch()

    # Messaging Services

    def _service(self, service):
        fields = self.description.schemas["messaging.v1.service"]
        values = {k: v for k, v in service.items() if k in fields["properties"]}
        url = f"https://messaging.twilio.com/v1/Services/{service['sid']}"
        values.update(
            date_created=iso8601(service["created"]),
            date_updated=iso8601(service["updated"]),
            url=url,
            links={
                "phone_numbers": f"{url}/PhoneNumbers",
                "short_codes": f"{url}/ShortCodes",
                "alpha_senders": f"{url}/AlphaSenders",
                "messages": f"{url}/Messages",
                "us_app_to_person": f"{url}/Compliance/Usa2p",
            },
        )
        return self.description.build(fields, values)

    def _find_service(self, account, sid, request):
        service = self.state.services.get(sid)
        if not service or service["account_sid"] != account["sid"]:
            raise refuse(20404, path=request.path)
        return service

    def list_services(self, account, path, values, request):
        services = [
            service
            for service in self.state.services.values()
            if service["account_sid"] == account["sid"]
        ]
        return self._page_v1("services", services, self._service, values, request)

    def fetch_service(self, account, path, values, request):
        return self._service(self._find_service(account, path["Sid"], request))

    def update_service(self, account, path, values, request):
        service = self._find_service(account, path["Sid"], request)
        self._update(service, values)
        return self._service(service)

    def _service_numbers(self, account, path, request):
        service = self._find_service(account, path["ServiceSid"], request)
        return [self.state.numbers[phone] for phone in service["numbers"]]

    def _service_number(self, number, service_sid):
        names = {"voice": "Voice", "sms": "SMS", "mms": "MMS"}
        return self.description.build(
            self.description.schemas["messaging.v1.service.phone_number"],
            {
                "sid": number["sid"],
                "account_sid": number["account_sid"],
                "service_sid": service_sid,
                "date_created": iso8601(number["created"]),
                "date_updated": iso8601(number["updated"]),
                "phone_number": number["phone_number"],
                "country_code": "US" if number["phone_number"][:2] == "+1" else "",
                "capabilities": [
                    label
                    for name, label in names.items()
                    if number["capabilities"][name]
                ],
                "url": "https://messaging.twilio.com/v1/Services/"
                f"{service_sid}/PhoneNumbers/{number['sid']}",
            },
        )

    def list_service_numbers(self, account, path, values, request):
        return self._page_v1(
            "phone_numbers",
            self._service_numbers(account, path, request),
            lambda number: self._service_number(number, path["ServiceSid"]),
            values,
            request,
        )

    def fetch_service_number(self, account, path, values, request):
        for number in self._service_numbers(account, path, request):
            if number["sid"] == path["Sid"]:
                return self._service_number(number, path["ServiceSid"])
        raise refuse(20404, path=request.path)


# Operations of the descriptions that are answered; the other ones are refused with
# 20004 (buying and releasing numbers).
_METHODS = {
    "FetchAccount": "fetch_account",
    "UpdateAccount": "update_account",
    "CreateMessage": "create_message",
    "ListMessage": "list_messages",
    "FetchMessage": "fetch_message",
    "UpdateMessage": "update_message",
    "DeleteMessage": "delete_message",
    "ListIncomingPhoneNumber": "list_numbers",
    "FetchIncomingPhoneNumber": "fetch_number",
    "UpdateIncomingPhoneNumber": "update_number",
    "ListService": "list_services",
    "FetchService": "fetch_service",
    "UpdateService": "update_service",
    "ListServicePhoneNumber": "list_service_numbers",
    "FetchServicePhoneNumber": "fetch_service_number",
}


def _possible(phone):
    """Whether a number can exist: North American ones have a fixed form."""
    if phone[:2] != "+1" or phone.startswith("+1500555"):
        return True
    return re.fullmatch(r"\+1[2-9]\d\d[2-9]\d{6}", phone) is not None


def _like(pattern, phone):
    """Whether a number matches Twilio's PhoneNumber filter (* stands for a digit)."""
    if not pattern:
        return True
    return re.search(re.escape(pattern).replace(r"\*", r"\d"), phone) is not None


def _date_bounds(values):
    """Return the first and last second (inclusive) that the DateSent filters allow."""
    first, last = 0, 2**40
    for name in ("DateSent", "DateSent>", "DateSent<"):
        value = values.get(name)
        if value is None:
            continue
        if isinstance(value, datetime) and name == "DateSent":
            # The twilio package turns a day into its first second: mean the day.
            value = value.date()
        if isinstance(value, datetime):
            start = end = int(value.timestamp())
        else:
            start = int(_midnight(value).timestamp())
            end = int(_midnight(value + timedelta(days=1)).timestamp()) - 1
        if name != "DateSent<":
            first = max(first, start)
        if name != "DateSent>":
            last = min(last, end)
    return first, last


def _midnight(day: date):
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _slice(items, values, sid):
    """Return (page number, start, the page's items, whether more follow).

    A page token names the last item of the page before, so nothing is shown twice or
    left out when new items arrive meanwhile.
    """
    size, page = values.get("PageSize", 50), values.get("Page", 0)
    start = page * size
    token = values.get("PageToken")
    if token:
        for index, item in enumerate(items):
            if "PA" + sid(item) == token:
                start = index + 1
                break
        else:
            raise refuse(20001, "'PageToken' is not valid")
    chosen = items[start : start + size]
    return page, start, chosen, start + size < len(items)
