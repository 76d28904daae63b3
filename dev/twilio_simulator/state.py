# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everything the simulator knows: its configuration, texts, blocks and logs.

One thread works on it all, so nothing here is locked.
"""

import copy
import json
import os
import random
import re
import secrets
import time
from collections import deque
from dataclasses import dataclass, field, fields
from pathlib import Path

from .errors import CATALOG

# Clearly fake, and the same everywhere, so that a demo needs no setup.
DEFAULT_ACCOUNT_SID = "AC" + "5" * 28 + "fa4e"
DEFAULT_AUTH_TOKEN = "fa4e" + "0" * 28
DEFAULT_NUMBER = "+12025550100"

E164 = re.compile(r"\+[1-9]\d{6,14}\Z")

# What an account, number, service, customer has, and each setting: see the README.
DEFAULTS = json.loads(Path(__file__).with_name("defaults.json").read_text("utf-8"))
CUSTOMER = DEFAULTS["customer"]
# What becomes of a text to a customer's number of this kind: its last status
# ("refused": at create; "sent", "queued": it stays there) and the error code.
KINDS = CATALOG["kinds"]


LOG_SIZE = 20_000
KEPT = ("blocks", "customers", "numbers", "services")  # beside the messages


class ConfigError(Exception):
    """A configuration or control request can't be used; the text says why."""


@dataclass(eq=False)
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
        values = dict(vars(self))
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
    """The simulator's whole memory. What is configured is dicts by SID or number."""

    def __init__(self, config):
        self.start_config = config
        self.version = 0  # counts the changes that the phone page shows
        self.reset()

    def reset(self):
        """Forget everything and start again from the configuration."""
        self.messages = {}
        self.blocks = {}  # customer and number or service SID -> time
        self.sticky = {}  # (customer, service SID) -> number
        self.requests = deque(maxlen=LOG_SIZE)
        self.settings = copy.deepcopy(DEFAULTS["settings"])
        self.accounts, self.numbers, self.services = {}, {}, {}
        self.customers = {}
        self.random = random.Random()
        self.configure(self.start_config)

    def touch(self):
        """Say that something changed that the phone page shows or a file keeps."""
        self.version += 1

    def block_key(self, customer, ours):
        """Return the key of a block: opting out counts for the whole service."""
        service = self.service_of(ours)
        return f"{customer} {service['sid'] if service else ours}"

    def new_message(self, **values):
        """Return a new text, which nobody knows yet; see ``Message`` for the values."""
        prefix = "MM" if values.get("media") else "SM"
        sid = values.pop("sid", None) or prefix + secrets.token_hex(16)
        return Message(sid=sid, created=self.now(), **values)

    def add(self, message):
        """Keep a message and show it on the phone."""
        self.messages[message.sid] = message
        message.updated = message.created
        message.history.append([message.created, message.status])
        self.touch()

    def change(self, message, status, code=None, text=None):
        """Set a message's status, and the error that it ended with."""
        message.status, message.updated = status, self.now()
        message.history.append([message.updated, status])
        if status in ("sent", "failed") and not message.sent:
            message.sent = message.updated
        if code:
            message.error_code, message.error_message = code, text
        self.touch()

    def save(self, path):
        """Write the file, whole or not at all.

        :raises OSError: it can't be written
        """
        data = {name: getattr(self, name) for name in KEPT}
        data["messages"] = [vars(message) for message in self.messages.values()]
        draft = Path(f"{path}.{os.getpid()}.tmp")
        try:
            draft.write_text(json.dumps(data), encoding="utf-8")
            draft.replace(path)
        except OSError as error:
            error.filename = str(path)  # what the user knows, not the draft
            raise
        finally:
            draft.unlink(missing_ok=True)

    def load(self, path):
        """Read the file back; what the configuration gives wins over the file.

        :raises OSError: it can't be read
        :raises ConfigError: it isn't a file of the simulator
        """
        known = {entry.name for entry in fields(Message)}
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
            for values in data["messages"]:
                message = Message(**{k: v for k, v in values.items() if k in known})
                self.messages[message.sid] = message
            for name in KEPT:
                getattr(self, name).update(data[name])
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"{path} is not a state file of the simulator; remove it to start anew."
            ) from error
        self.configure(self.start_config)

    # What can be configured

    def now(self):
        """Return the time on Twilio's clock, in seconds since 1970."""
        return time.time() + self.settings["clock_skew"]

    def configure(self, config):
        """Add or change accounts, customers and settings.

        :raises ConfigError: something unknown, or not of the right form
        """
        known = {"accounts", "customers", "settings"}
        if not isinstance(config, dict) or set(config) - known:
            raise ConfigError(f"The configuration may hold only {sorted(known)}.")
        self._configure_settings(config.get("settings", {}))
        for account in config.get("accounts", ()):
            self._configure_account(account)
        for customer in config.get("customers", ()):
            self._configure_customer(customer)
        self.touch()

    def _configure_settings(self, settings):
        for name, value in settings.items():
            number = isinstance(DEFAULTS["settings"].get(name), float)
            wrong = number and not isinstance(value, int | float)
            if name not in self.settings or wrong:
                raise ConfigError(f"Setting {name} can't be {value!r}.")
        self.settings.update(copy.deepcopy(settings))

    def _entry(self, what, key, form, values, **fixed):
        """Add or change one entry and return it."""
        if not form.match(key or ""):
            raise ConfigError(f"{key!r} can't be used: it must match {form.pattern}")
        defaults = DEFAULTS[what]
        unknown = set(values) - set(defaults) - set(fixed)
        if unknown:
            raise ConfigError(f"Unknown in {what} {key}: {sorted(unknown)}")
        now = self.now()
        new = {**copy.deepcopy(defaults), "created": now, "updated": now}
        entry = getattr(self, f"{what}s").setdefault(key, new)
        # Only what is given changes, so {"sms": false} keeps the other capabilities.
        values = copy.deepcopy(values)
        entry.get("capabilities", {}).update(values.pop("capabilities", {}))
        entry.update(values, **fixed)
        return entry

    def _configure_account(self, values):
        sid = values.get("sid", DEFAULT_ACCOUNT_SID)
        form = re.compile(r"AC[0-9a-fA-F]{32}\Z")
        own = {k: v for k, v in values.items() if k not in ("numbers", "services")}
        self._entry("account", sid, form, own, sid=sid, owner_account_sid=sid)
        for number in values.get("numbers", ()):
            number = {"phone_number": number} if isinstance(number, str) else number
            self._configure_number(sid, number)
        for service in values.get("services", ()):
            self._configure_service(sid, service)

    def _configure_number(self, account_sid, values):
        phone = values.get("phone_number")
        number = self._entry(
            "number",
            phone,
            E164,
            values,
            sid=_sid_for("PN", phone),
            phone_number=phone,
            account_sid=account_sid,
            type="local",
        )
        number["friendly_name"] = number["friendly_name"] or phone

    def _configure_service(self, account_sid, values):
        sid = values.get("sid") or _sid_for("MG", account_sid)
        form = re.compile(r"MG[0-9a-fA-F]{32}\Z")
        fixed = {"sid": sid, "account_sid": account_sid}
        service = self._entry("service", sid, form, values, **fixed)
        for phone in service["numbers"]:
            if phone not in self.numbers:
                raise ConfigError(f"Service {sid} names an unknown number {phone}.")

    def _configure_customer(self, values):
        if values.get("kind", "mobile") not in KINDS:
            raise ConfigError(f"Unknown kind; known: {', '.join(KINDS)}.")
        phone = values.get("number")
        return self._entry("customer", phone, E164, values, number=phone)

    def fate(self, phone):
        """Return (last status or "refused", error code) of texts to a number."""
        customer = self.customers.get(phone, CUSTOMER)
        kind = KINDS[customer["kind"]]
        code = customer["error_code"] or kind["error_code"]
        return customer["status"] or kind["status"], code

    def service_of(self, phone):
        """Return the Messaging Service that a number is in, or None."""
        found = (s for s in self.services.values() if phone in s["numbers"])
        return next(found, None)


def _sid_for(prefix, text):
    """Return a SID that is always the same for ``text`` (a configured number)."""
    return prefix + random.Random(f"{prefix}:{text}").randbytes(16).hex()
