# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The calls of api.twilio.com and messaging.twilio.com that the simulator answers."""

import base64
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import urlencode

from .errors import TwilioError, refuse
from .state import E164
from .texting import API_VERSION
from .webhooks import valid_url

MAX_BODY = 1600
MAX_MEDIA = 10
TRIAL_PREFIX = "Sent from your Twilio trial account - "
MESSAGING_URL = "https://messaging.twilio.com"


@dataclass
class Call:
    """One request. ``query`` and ``form`` are (name, value) pairs."""

    method: str
    path: str
    query: list
    form: list
    authorization: str
    # Filled in while it is worked on:
    sids: dict = None  # of the path
    values: dict = None  # all parameters, checked
    account: dict = None


def rfc2822(seconds):
    """Return a time as Twilio's 2010 API writes it, or None."""
    return seconds and format_datetime(datetime.fromtimestamp(int(seconds), UTC))


def iso8601(seconds):
    """Return a time as Twilio's newer APIs write it."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Api:
    """Answers API requests out of the state; ``handle`` is the way in."""

    def __init__(self, state, description, texting):
        self.state, self.description, self.texting = state, description, texting

    def handle(self, call, operation):
        """Return (HTTP status, JSON value) of a call.

        :param operation: what ``Description.find`` found for it
        """
        try:
            call.account = self._authenticate(call)
            if operation is None:
                raise refuse(20404, path=call.path)
            if not operation or operation.name not in CALLS:
                raise refuse(20004)
            self._check_account(call)
            call.values = operation.check(call.query, call.form)
            return operation.status, CALLS[operation.name](self, call)
        except TwilioError as error:
            return error.status, error.body()

    def _authenticate(self, call):
        """Return the account whose credentials the request carries."""
        kind, _space, value = call.authorization.partition(" ")
        try:
            user, _colon, password = base64.b64decode(value).decode().partition(":")
        except ValueError as error:
            raise refuse(20003) from error
        account = self.state.accounts.get(user)
        expected = account["auth_token"] if account else ""
        same = hmac.compare_digest(expected.encode(), password.encode())
        if kind.lower() != "basic" or not account or not same:
            raise refuse(20003)
        return account

    def _check_account(self, call):
        """Refuse another account than that of the credentials, and a closed one."""
        sids = [sid for sid in call.sids.values() if sid.startswith("AC")]
        for sid in set(sids) - {call.account["sid"]}:
            raise refuse(20003 if sid in self.state.accounts else 20404, path=call.path)
        if call.account["status"] != "active" and call.method != "GET":
            raise refuse(20005)

    def _own(self, entry, call):
        """Return an entry of the account that asks; refuse any other one."""
        if not entry or entry["account_sid"] != call.account["sid"]:
            raise refuse(20404, path=call.path)
        return entry

    def _show(self, schema, entry, **values):
        """Return an entry as an answer of that schema has it.

        :param values: what is not in the entry, or otherwise
        """
        form = iso8601 if schema.startswith("messaging") else rfc2822
        times = {f"date_{name}": form(entry[name]) for name in ("created", "updated")}
        values = {"api_version": API_VERSION, **entry, **times, **values}
        return self.description.build(schema, values)

    def fetch_account(self, call):
        uri = f"/{API_VERSION}/Accounts/{call.account['sid']}.json"
        # Twilio gives the token to its owner; here nobody needs it.
        values = {"auth_token": "redacted", "uri": uri}
        return self._show("api.v2010.account", call.account, **values)

    # Messages

    def _message(self, message):
        base = f"/{API_VERSION}/Accounts/{message.account_sid}/Messages/{message.sid}"
        values = {
            "date_sent": rfc2822(message.sent),
            "from": message.from_,
            "num_media": str(len(message.media)),
            # A service splits the text only when it has chosen the number.
            "num_segments": str(message.num_segments if message.from_ else 0),
            "price_unit": "USD",
            "uri": f"{base}.json",
        }
        return self._show("api.v2010.account.message", vars(message), **values)

    def _find_message(self, call):
        message = self.state.messages.get(call.sids["Sid"])
        self._own(message and vars(message), call)
        if message.hidden:
            raise refuse(20404, path=call.path)
        return message

    def fetch_message(self, call):
        return self._message(self._find_message(call))

    def create_message(self, call):
        values, account = call.values, call.account
        to, body = values.get("To"), values.get("Body", "")
        sender, service_sid = values.get("From"), values.get("MessagingServiceSid")
        media = [{"url": u, "content_type": ""} for u in values.get("MediaUrl", ())]
        callback, period = values.get("StatusCallback"), values.get("ValidityPeriod", 1)
        refusals = {
            21604: not to,
            21603: not sender and not service_sid,
            21602: not body and not media and not values.get("ContentSid"),
            21211: not _possible(to or ""),
            21266: to == sender,
            21617: len(body) > MAX_BODY,
            21623: len(media) > MAX_MEDIA,
            21609: callback and not valid_url(callback),
            20001: not 1 <= period <= 36_000,
            20004: "SendAt" in values,
        }
        for code, applies in refusals.items():
            if applies:
                raise refuse(code, to=to, url=callback)
        service = self._check_sender(account, sender, service_sid, to)
        self._check_recipient(account, to, sender, service)
        if account["type"] == "Trial":
            body = TRIAL_PREFIX + body
        message = self.state.new_message(
            account_sid=account["sid"],
            direction="outbound-api",
            from_=sender or None,
            to=to,
            body=body,
            status="queued" if sender else "accepted",
            origin="api",
            messaging_service_sid=service_sid or None,
            media=media,
            status_callback=callback or (service or {}).get("status_callback") or "",
            params=dict(call.form),
        )
        self.texting.send(message)
        return self._message(message)

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
            if not re.fullmatch(r"\+\d{5,15}|\d{5,6}", sender):
                raise refuse(21212, from_=sender)
            number = self.state.numbers.get(sender)
            owner = number and number["account_sid"]
            if owner != account["sid"] or not number["capabilities"]["sms"]:
                raise refuse(21606, from_=sender)
        return service

    def _check_recipient(self, account, to, sender, service):
        fate, code = self.state.fate(to)
        if fate == "refused":
            raise refuse(code, to=to, from_=sender or "")
        if account["type"] == "Trial" and not {to, "*"} & set(account["verified"]):
            raise refuse(21608, to=to)
        sender = sender or self.texting.choose_number(service, to)
        if self.state.block_key(to, sender) in self.state.blocks:
            raise refuse(21610)

    def list_messages(self, call):
        values, settings = call.values, self.state.settings
        newest = self.state.now() - settings["list_lag"]
        first, last = _date_bounds(values)
        dated = any(name.startswith("DateSent") for name in values)

        def shown(message):
            when = message.sent
            # Without a date filter nothing is left out for having no date.
            if when is None and not (dated and settings["list_hides_unsent"]):
                when = message.created
            return (
                message.account_sid == call.account["sid"]
                and not message.hidden
                and message.created <= newest
                and when is not None
                and first <= int(when) <= last
                and values.get("To") in (None, "", message.to)
                and values.get("From") in (None, "", message.from_)
            )

        messages = [vars(m) for m in self.state.messages.values() if shown(m)]
        messages.sort(key=lambda message: message["created"], reverse=True)

        def show(values):
            return self._message(self.state.messages[values["sid"]])

        return self._page(call, "messages", messages, show)

    def _page(self, call, key, items, show):
        """Return one page of a list, in the form of the 2010 or of the newer APIs.

        A page token names the last item of the page before, so nothing is shown twice
        or left out when new items arrive meanwhile.

        :param items: dicts with a SID
        :param show: function that returns an item as the answer has it
        """
        size, page = call.values.get("PageSize", 50), call.values.get("Page", 0)
        size = min(size, self.state.settings["page_limit"])
        token, start = call.values.get("PageToken"), page * size
        if token:
            tokens = ["PA" + item["sid"] for item in items]
            if token not in tokens:
                raise refuse(20001, "'PageToken' is not valid")
            start = tokens.index(token) + 1
        chosen = items[start : start + size]
        new = call.path.startswith("/v1/")

        def link(number, token=None):
            names = ("Page", "PageToken", "PageSize")
            pairs = [(name, value) for name, value in call.query if name not in names]
            pairs += [("PageSize", size), ("Page", number)]
            pairs += [("PageToken", token)] if token else []
            return f"{MESSAGING_URL if new else ''}{call.path}?{urlencode(pairs)}"

        more = start + size < len(items)
        suffix = "url" if new else "uri"
        meta = {
            f"first_page_{suffix}": link(0),
            f"next_page_{suffix}": link(page + 1, "PA" + chosen[-1]["sid"])
            if more
            else None,
            f"previous_page_{suffix}": link(page - 1) if page else None,
            suffix: link(page, token),
            "page": page,
            "page_size": size,
        }
        rows = {key: [show(item) for item in chosen]}
        if new:
            return {**rows, "meta": {**meta, "key": key}}
        return {**rows, **meta, "start": start, "end": start + max(0, len(chosen) - 1)}

    # Numbers

    def _number(self, number):
        base = f"/{API_VERSION}/Accounts/{number['account_sid']}/IncomingPhoneNumbers"
        values = {
            "address_requirements": "none",
            "beta": False,
            "emergency_address_status": "unregistered",
            "origin": "twilio",
            "status": "in-use",
            "uri": f"{base}/{number['sid']}.json",
        }
        schema = "api.v2010.account.incoming_phone_number"
        return self._show(schema, number, **values)

    def list_numbers(self, call):
        # A * in the filter stands for a digit.
        pattern = re.escape(call.values.get("PhoneNumber", "")).replace(r"\*", r"\d")
        numbers = [
            number
            for number in self.state.numbers.values()
            if number["account_sid"] == call.account["sid"]
            and re.search(pattern, number["phone_number"])
            and call.values.get("FriendlyName") in (None, "", number["friendly_name"])
        ]
        return self._page(call, "incoming_phone_numbers", numbers, self._number)

    def update_number(self, call):
        numbers = {number["sid"]: number for number in self.state.numbers.values()}
        number = self._own(numbers.get(call.sids["Sid"]), call)
        return self._number(self._update(number, call.values))

    def _update(self, entry, values):
        """Set the fields that an update names, and return the entry."""
        for name, value in values.items():
            is_url = name.endswith("Url") or name == "StatusCallback"
            if is_url and value and not valid_url(value):
                raise refuse(21402, url=value)
            # SmsUrl -> sms_url
            entry[re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()] = value
        entry["updated"] = self.state.now()
        self.state.touch()
        return entry

    # Messaging Services

    def _service(self, service):
        url = f"{MESSAGING_URL}/v1/Services/{service['sid']}"
        return self._show("messaging.v1.service", service, url=url)

    def list_services(self, call):
        sid, services = call.account["sid"], self.state.services.values()
        services = [service for service in services if service["account_sid"] == sid]
        return self._page(call, "services", services, self._service)

    def fetch_service(self, call):
        service = self.state.services.get(call.sids["Sid"])
        return self._service(self._own(service, call))

    def update_service(self, call):
        service = self._own(self.state.services.get(call.sids["Sid"]), call)
        return self._service(self._update(service, call.values))

    def list_service_numbers(self, call):
        service = self._own(self.state.services.get(call.sids["ServiceSid"]), call)
        url = f"{MESSAGING_URL}/v1/Services/{service['sid']}/PhoneNumbers"
        labels = {"voice": "Voice", "sms": "SMS", "mms": "MMS"}

        def show(number):
            phone, able = number["phone_number"], number["capabilities"]
            values = {
                "service_sid": service["sid"],
                "country_code": "US" if phone[:2] == "+1" else "",
                "capabilities": [labels[name] for name in labels if able[name]],
                "url": f"{url}/{number['sid']}",
            }
            return self._show("messaging.v1.service.phone_number", number, **values)

        numbers = [self.state.numbers[phone] for phone in service["numbers"]]
        return self._page(call, "phone_numbers", numbers, show)


# Operations of the descriptions that are answered; the other ones are refused with
# 20004 (buying and releasing numbers).
CALLS = {
    "FetchAccount": Api.fetch_account,
    "FetchMessage": Api.fetch_message,
    "CreateMessage": Api.create_message,
    "ListMessage": Api.list_messages,
    "ListIncomingPhoneNumber": Api.list_numbers,
    "UpdateIncomingPhoneNumber": Api.update_number,
    "ListService": Api.list_services,
    "FetchService": Api.fetch_service,
    "UpdateService": Api.update_service,
    "ListServicePhoneNumber": Api.list_service_numbers,
}


def _possible(phone):
    """Whether a number can exist: North American ones have a fixed form."""
    form = r"\+1[2-9]\d\d[2-9]\d{6}" if phone[:2] == "+1" else E164
    return re.fullmatch(form, phone) is not None


def _date_bounds(values):
    """Return the first and last second (inclusive) that the DateSent filters allow."""
    first, last = 0, 2**40
    for name in ("DateSent", "DateSent>", "DateSent<"):
        if name not in values:
            continue
        start = end = int(values[name].timestamp())
        if name == "DateSent" or start % 86400 == 0:
            # A day; the twilio package turns it into its first second.
            start -= start % 86400
            end = start + 86399
        first = first if name == "DateSent<" else max(first, start)
        last = last if name == "DateSent>" else min(last, end)
    return first, last
