# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What can be configured: accounts, numbers, services, customers, settings."""

import copy
import json
import random
import re
import time
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


class ConfigError(Exception):
    """A configuration or control request can't be used; the text says why."""


class Config:
    """The configured entries, each a dict by its SID or number."""

    def __init__(self, config):
        self.settings = copy.deepcopy(DEFAULTS["settings"])
        self.accounts, self.numbers, self.services = {}, {}, {}
        self.customers = {}
        self.random = random.Random()
        self.configure(config)

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
            self.configure_customer(customer)

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

    def configure_customer(self, values):
        """Add or change the phone of a customer: number, name, kind and more.

        :raises ConfigError: the number or the kind can't be used
        """
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
