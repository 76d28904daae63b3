# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everything the simulator knows: accounts, numbers, phones, messages, blocks, logs.

One lock guards it all. Whatever the phone page shows notifies ``changed``.
"""

import copy
import json
import os
import random
import re
import secrets
import threading
import time
from collections import defaultdict, deque
from dataclasses import dataclass, field, fields

# Clearly fake, and the same everywhere, so that a demo needs no set-up.
DEFAULT_ACCOUNT_SID = "AC" + "5" * 28 + "fa4e"
DEFAULT_AUTH_TOKEN = "fa4e" + "0" * 28
DEFAULT_NUMBER = "+12025550100"

E164 = re.compile(r"\+[1-9]\d{6,14}\Z")
TOLL_FREE = re.compile(r"\+18(00|33|44|55|66|77|88)\d{7}\Z")

SETTINGS = {
    # Seconds between two steps of a message's life (queued, sent, delivered).
    "delay": 0.4,
    # Seconds that every API answer takes, to measure against a realistic Twilio.
    "latency": 0.0,
    # Seconds until a new message shows in the message list.
    "list_lag": 0.0,
    # Whether a list by date leaves out messages that have not been sent yet.
    "list_hides_unsent": False,
    # Refuse parameters that Twilio's description doesn't know.
    "strict": True,
    # False: messages stay queued, every status comes by hand (control API).
    "auto_deliver": True,
    # Added to every webhook request, like a Cookie that chooses the database.
    "webhook_headers": {},
    # Start of a public address -> where to really connect. Signed is the public one.
    "url_map": {},
    # Status callbacks: normal, reversed or shuffled; how often; how many seconds
    # late; which are missing (a list of statuses, or a share between 0 and 1).
    "callback_order": "normal",
    "callback_repeat": 1,
    "callback_delay": 0.0,
    "callback_missing": [],
    # Seconds a webhook may take to connect, and in all.
    "connect_timeout": 5.0,
    "total_timeout": 15.0,
    # Makes the random faults the same in every run.
    "seed": None,
}

# What becomes of a text to a customer's number of this kind: None = delivered,
# "refused" = refused at create, else the final status and its error code.
KINDS = {
    "mobile": None,
    "landline": ("undelivered", 30006),
    "unreachable": ("undelivered", 30003),
    "unknown": ("undelivered", 30005),
    "carrier_filtered": ("undelivered", 30007),
    "blocked": ("undelivered", 30004),
    "invalid": ("refused", 21211),
    "not_mobile": ("refused", 21614),
    "region_blocked": ("refused", 21408),
    "no_route": ("refused", 21612),
    # Stays at "sent" for ever, as with carriers that report nothing.
    "silent": ("sent", None),
    "stuck": ("queued", None),
    # Any code, given as ``error_code`` (and ``status``, default "undelivered").
    "error": ("undelivered", 30008),
}

# Twilio's magic numbers for test credentials behave like this everywhere.
MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM = {
    "+15005550001": 21212,
    "+15005550007": 21606,
    "+15005550008": 21611,
}

NUMBER_DEFAULTS = {
    "friendly_name": None,
    "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
    "sms_url": "",
    "sms_method": "POST",
    "sms_fallback_url": "",
    "sms_fallback_method": "POST",
    "sms_application_sid": "",
    "status_callback": "",
    "status_callback_method": "POST",
    "voice_url": None,
    "voice_method": "POST",
    "voice_fallback_url": None,
    "voice_fallback_method": "POST",
    "voice_application_sid": "",
    "voice_caller_id_lookup": False,
    "trunk_sid": None,
    "identity_sid": None,
    "address_sid": None,
    "bundle_sid": None,
    "emergency_status": "Inactive",
    "emergency_address_sid": None,
    "voice_receive_mode": "voice",
    # False: texts to US numbers end as undelivered 30034.
    "a2p_registered": True,
    "city": "",
    "state": "",
    "zip": "",
}

SERVICE_DEFAULTS = {
    "friendly_name": "Messaging Service",
    "numbers": [],
    "inbound_request_url": None,
    "inbound_method": "POST",
    "fallback_url": None,
    "fallback_method": "POST",
    "status_callback": None,
    "sticky_sender": True,
    "mms_converter": True,
    "smart_encoding": True,
    "scan_message_content": "inherit",
    "fallback_to_long_code": True,
    "area_code_geomatch": True,
    "synchronous_validation": False,
    "validity_period": 36000,
    "usecase": "notifications",
    "us_app_to_person_registered": True,
    "use_inbound_webhook_on_number": False,
    # Advanced Opt-Out: webhooks carry OptOutType, the answers can be set.
    "advanced_opt_out": False,
    "opt_out_texts": {},
}

# Fields that the addon may set through the API, kept over a restart.
WEBHOOK_FIELDS = {
    "number": (
        "sms_url",
        "sms_method",
        "sms_fallback_url",
        "sms_fallback_method",
        "sms_application_sid",
        "status_callback",
        "status_callback_method",
    ),
    "service": (
        "inbound_request_url",
        "inbound_method",
        "fallback_url",
        "fallback_method",
        "status_callback",
        "use_inbound_webhook_on_number",
    ),
}

LOG_SIZE = 20_000


class ConfigError(Exception):
    """The configuration can't be used; the text says why."""


def new_sid(prefix):
    """Return a new SID: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


def sid_for(prefix, text):
    """Return a SID that is always the same for ``text`` (a configured number)."""
    return prefix + random.Random(f"{prefix}:{text}").randbytes(16).hex()


@dataclass
class Message:
    """One text, to or from a customer. Times are seconds since 1970."""

    sid: str
    account_sid: str
    direction: str  # inbound, outbound-api or outbound-reply
    from_: str | None
    to: str
    body: str
    status: str
    created: float
    origin: str  # api, phone, twiml (a webhook's answer), twilio (its own answer)
    sent: float | None = None
    updated: float = 0.0
    messaging_service_sid: str | None = None
    media: list = field(default_factory=list)  # {"url", "content_type"}
    num_segments: int = 1
    error_code: int | None = None
    error_message: str | None = None
    price: str | None = None
    status_callback: str = ""
    # Create parameters, of an API message; webhook parameters, of an inbound one.
    params: dict = field(default_factory=dict)
    history: list = field(default_factory=list)  # [time, status]
    # What the webhook of an inbound message came to: state, status, hint.
    webhook: dict | None = None
    # Dropped by a Messaging Service: only the phone knows of it.
    hidden: bool = False

    def public(self):
        """Return the message as the control API shows it."""
        values = {**vars(self), "history": list(self.history)}
        values["from"] = values.pop("from_")
        return values

    @property
    def inbound(self):
        return self.direction == "inbound"

    @property
    def customer(self):
        """The customer's number."""
        return self.from_ if self.inbound else self.to

    @property
    def ours(self):
        """The account's number; empty while a service hasn't chosen one."""
        return (self.to if self.inbound else self.from_) or ""


class State:
    """The simulator's whole memory; ``lock`` guards every attribute."""

    def __init__(self, config=None):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.config = copy.deepcopy(config or {})
        self.version = 0
        self.dirty = False
        self.reset()

    def reset(self):
        """Forget everything and start again from the configuration."""
        with self.lock:
            self.settings = copy.deepcopy(SETTINGS)
            self.accounts, self.numbers, self.services = {}, {}, {}
            self.customers = {}
            self.messages = {}
            self.by_number = defaultdict(list)  # number -> messages, both ways
            self.conversations = {}  # (customer, ours) -> last message
            self.blocks = {}  # (customer, number or service SID) -> time
            self.sticky = {}  # (customer, service SID) -> number
            self.debugger = deque(maxlen=LOG_SIZE)
            self.requests = deque(maxlen=LOG_SIZE)
            self.request_count = 0
            self.random = random.Random()
            self.started = time.time()
            self.configure(self.config)
            self.touch()

    def touch(self):
        """Say that something changed that the phone page shows or a file keeps."""
        with self.changed:
            self.version += 1
            self.dirty = True
            self.changed.notify_all()

    # Configuration

    def configure(self, config):
        """Add or change accounts, customers and settings.

        :raises ConfigError: something unknown, or not of the right form
        """
        if not isinstance(config, dict):
            raise ConfigError("The configuration must be a JSON object.")
        unknown = set(config) - {"accounts", "customers", "settings"}
        if unknown:
            raise ConfigError(f"Unknown in the configuration: {sorted(unknown)}")
        with self.lock:
            self._configure_settings(config.get("settings", {}))
            for account in config.get("accounts", ()):
                self._configure_account(account)
            for customer in config.get("customers", ()):
                self.configure_customer(customer)
            self.touch()

    def _configure_settings(self, settings):
        unknown = set(settings) - set(SETTINGS)
        if unknown:
            raise ConfigError(f"Unknown settings: {sorted(unknown)}")
        for name, value in settings.items():
            default = SETTINGS[name]
            if isinstance(default, bool | dict) and not isinstance(
                value, type(default)
            ):
                raise ConfigError(f"Setting {name} must be {type(default).__name__}")
            if isinstance(default, float | int) and not isinstance(
                value, float | int | bool
            ):
                raise ConfigError(f"Setting {name} must be a number")
        order = settings.get("callback_order", "normal")
        if order not in ("normal", "reversed", "shuffled"):
            raise ConfigError(f"Unknown callback_order {order!r}")
        self.settings.update(copy.deepcopy(settings))
        if "seed" in settings:
            self.random.seed(settings["seed"])

    def _configure_account(self, values):
        values = copy.deepcopy(values)
        sid = values.get("sid", DEFAULT_ACCOUNT_SID)
        if not re.fullmatch(r"AC[0-9a-fA-F]{32}", sid):
            raise ConfigError(f"{sid!r} is no account SID: AC and 32 hex digits")
        numbers = values.pop("numbers", [])
        services = values.pop("services", [])
        account = self.accounts.setdefault(
            sid,
            {
                "sid": sid,
                "auth_token": DEFAULT_AUTH_TOKEN,
                "friendly_name": "Simulator account",
                "status": "active",
                "type": "Full",
                "owner_account_sid": sid,
                "api_keys": {},
                "verified": [],
                "created": self.started,
            },
        )
        unknown = set(values) - set(account)
        if unknown:
            raise ConfigError(f"Unknown in account {sid}: {sorted(unknown)}")
        account.update(values)
        for number in numbers:
            self._configure_number(account, number)
        for service in services:
            self._configure_service(account, service)

    def _configure_number(self, account, values):
        if isinstance(values, str):
            values = {"phone_number": values}
        phone = values.get("phone_number", "")
        if not E164.match(phone):
            raise ConfigError(f"{phone!r} is no number: + and 7 to 15 digits")
        number = self.numbers.setdefault(
            phone,
            {
                **copy.deepcopy(NUMBER_DEFAULTS),
                "sid": sid_for("PN", phone),
                "phone_number": phone,
                "type": "toll-free" if TOLL_FREE.match(phone) else "local",
                "created": self.started,
                "updated": self.started,
                "configured": set(),
            },
        )
        unknown = set(values) - set(number)
        if unknown:
            raise ConfigError(f"Unknown in number {phone}: {sorted(unknown)}")
        values = copy.deepcopy(values)
        # Only what is given changes, so {"sms": false} keeps the other ones.
        number["capabilities"].update(values.pop("capabilities", {}))
        number.update(values, account_sid=account["sid"])
        number["friendly_name"] = number["friendly_name"] or phone
        number["configured"] |= set(values)

    def _configure_service(self, account, values):
        sid = values.get("sid") or sid_for("MG", account["sid"])
        if not re.fullmatch(r"MG[0-9a-fA-F]{32}", sid):
            raise ConfigError(f"{sid!r} is no service SID: MG and 32 hex digits")
        service = self.services.setdefault(
            sid,
            {
                **copy.deepcopy(SERVICE_DEFAULTS),
                "sid": sid,
                "created": self.started,
                "updated": self.started,
                "configured": set(),
            },
        )
        unknown = set(values) - set(service)
        if unknown:
            raise ConfigError(f"Unknown in service {sid}: {sorted(unknown)}")
        service.update(copy.deepcopy(values), account_sid=account["sid"])
        service["configured"] |= set(values)
        for phone in service["numbers"]:
            if phone not in self.numbers:
                raise ConfigError(f"Service {sid} names an unknown number {phone}")

    def configure_customer(self, values):
        """Add or change the phone of a customer: number, name, kind and more.

        :raises ConfigError: the number or the kind can't be used
        """
        phone = values.get("number", "")
        if not isinstance(phone, str) or not E164.match(phone):
            raise ConfigError(f"{phone!r} is no number: + and 7 to 15 digits")
        kind = values.get("kind", "mobile")
        if kind not in KINDS:
            raise ConfigError(f"Unknown kind {kind!r}; known: {', '.join(KINDS)}")
        with self.lock:
            customer = self.customers.setdefault(
                phone,
                {
                    "number": phone,
                    "name": "",
                    "kind": "mobile",
                    "error_code": None,
                    "status": None,
                    "city": "",
                    "state": "",
                    "zip": "",
                    "country": None,
                },
            )
            unknown = set(values) - set(customer)
            if unknown:
                raise ConfigError(f"Unknown in customer {phone}: {sorted(unknown)}")
            customer.update(values)
            self.touch()
            return customer

    def fate(self, phone):
        """Return (final status or "refused", error code) of texts to a number."""
        if phone in MAGIC_TO:
            return "refused", MAGIC_TO[phone]
        customer = self.customers.get(phone)
        outcome = KINDS[customer["kind"]] if customer else None
        if not outcome:
            return "delivered", None
        status, code = outcome
        return customer["status"] or status, customer["error_code"] or code

    # Numbers and services

    def service_of(self, phone):
        """Return the Messaging Service that a number is in, or None."""
        for service in self.services.values():
            if phone in service["numbers"]:
                return service
        return None

    def block_key(self, customer, ours):
        """Return the key of a block: opting out counts for the whole service."""
        service = self.service_of(ours)
        return customer, service["sid"] if service else ours

    # Messages

    def add(self, message):
        """Keep a message and show it on the phone."""
        with self.lock:
            self.messages[message.sid] = message
            message.updated = message.updated or message.created
            message.history.append([message.created, message.status])
            for phone in {message.from_, message.to} - {None, ""}:
                self.by_number[phone].append(message)
            self.place(message)

    def place(self, message):
        """Put a message into its conversation, once it is known with which number."""
        if message.ours:
            key = message.customer, message.ours
            last = self.conversations.get(key)
            if not last or last.created <= message.created:
                self.conversations[key] = message
        self.touch()

    def delete(self, message):
        """Remove a message, as Twilio's API can."""
        with self.lock:
            self.messages.pop(message.sid, None)
            for messages in self.by_number.values():
                if message in messages:
                    messages.remove(message)
            key = message.customer, message.ours
            if self.conversations.get(key) is message:
                del self.conversations[key]
                for other in self.by_number.get(message.customer, ()):
                    self.place(other)
            self.touch()

    def warn(self, code, message, **details):
        """Add an entry to the debugger, the list of Twilio's errors and warnings."""
        with self.lock:
            self.debugger.append(
                {"time": time.time(), "code": code, "message": message, **details}
            )

    # The file

    def snapshot(self):
        """Return what a file keeps, as JSON-ready data."""
        with self.lock:
            self.dirty = False
            # A shallow copy under the lock; turning it into text takes longer.
            return {
                "version": 1,
                "messages": [
                    {**vars(m), "history": list(m.history)}
                    for m in self.messages.values()
                ],
                "blocks": [[*key, when] for key, when in self.blocks.items()],
                "customers": [dict(c) for c in self.customers.values()],
                "numbers": {
                    phone: {name: number[name] for name in WEBHOOK_FIELDS["number"]}
                    for phone, number in self.numbers.items()
                },
                "services": {
                    sid: {name: service[name] for name in WEBHOOK_FIELDS["service"]}
                    for sid, service in self.services.items()
                },
            }

    def save(self, path):
        """Write the file, whole or not at all.

        :raises OSError: it can't be written
        """
        text = json.dumps(self.snapshot(), ensure_ascii=True)
        draft = f"{path}.{os.getpid()}.tmp"
        try:
            with open(draft, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, path)
        except OSError as error:
            error.filename = str(path)  # what the user knows, not the draft
            raise
        finally:
            if os.path.exists(draft):
                os.unlink(draft)

    def load(self, path):
        """Read the file back; what the configuration gives wins over the file.

        :raises OSError: it can't be read
        :raises ConfigError: it isn't a file of the simulator
        """
        try:
            with open(path, encoding="utf-8") as file:
                data = json.load(file)
            messages = [
                Message(**{f.name: m[f.name] for f in fields(Message)})
                for m in data["messages"]
            ]
            blocks = {(a, b): when for a, b, when in data["blocks"]}
            customers = data["customers"]
            saved = data["numbers"], data["services"]
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path} is not a state file of the simulator; remove it to start anew."
            ) from error
        with self.lock:
            for target, values in zip(
                (self.numbers, self.services), saved, strict=True
            ):
                for key, kept in values.items():
                    entry = target.get(key)
                    for name, value in kept.items() if entry else ():
                        if name not in entry["configured"]:
                            entry[name] = value
            for customer in customers:
                if customer["number"] not in self.customers:
                    self.configure_customer(customer)
            for message in messages:
                history = message.history
                message.history = []
                self.add(message)
                message.history = history
            self.blocks.update(blocks)
