# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What can be configured: accounts, numbers, services, customers, settings."""

import copy
import random
import re
import time

from .errors import CATALOG

# Clearly fake, and the same everywhere, so that a demo needs no setup.
DEFAULT_ACCOUNT_SID = "AC" + "5" * 28 + "fa4e"
DEFAULT_AUTH_TOKEN = "fa4e" + "0" * 28
DEFAULT_NUMBER = "+12025550100"

E164 = re.compile(r"\+[1-9]\d{6,14}\Z")
TOLL_FREE = re.compile(r"\+18(00|33|44|55|66|77|88)\d{7}\Z")

SETTINGS = {
    # Seconds between two steps of a message's life (queued, sent, delivered).
    "delay": 0.4,
    # Statuses on the way to the last one; a Messaging Service at Twilio really
    # reports "queued", "sending" and "sent".
    "steps": ["sent"],
    # False: messages stay as they are, every status comes by hand (control API).
    "auto_deliver": True,
    # Seconds that every API answer takes, to measure against a realistic Twilio.
    "latency": 0.0,
    # Seconds by which Twilio's clock is ahead of this machine's (behind: negative).
    "clock_skew": 0.0,
    # Seconds until a new message shows in the message list.
    "list_lag": 0.0,
    # Whether a list by date leaves out messages that have not been sent yet.
    "list_hides_unsent": False,
    # The most that one page of a list holds, whatever is asked for.
    "page_limit": 1000,
    # Whether spaces around a text are cut off.
    "trim_body": False,
    # Added to every webhook request, like a Cookie that chooses the database.
    "webhook_headers": {},
    # Status callbacks: normal, reversed or shuffled; how often; how many seconds
    # late; which are missing (a list of statuses, or a share between 0 and 1).
    "callback_order": "normal",
    "callback_repeat": 1,
    "callback_delay": 0.0,
    "callback_missing": [],
    # Makes the random faults the same in every run.
    "seed": None,
}

# What becomes of a text to a customer's number of this kind: its last status
# ("refused": at create; "sent", "queued": it stays there) and the error code.
KINDS = CATALOG["kinds"]

ACCOUNT = {
    "auth_token": DEFAULT_AUTH_TOKEN,
    "friendly_name": "Simulator account",
    "status": "active",
    # Trial: texts only to numbers in ``verified`` ("*": to all), with a prefix.
    "type": "Full",
    "verified": [],
}

NUMBER = {
    "friendly_name": None,
    "capabilities": {"voice": True, "sms": True, "mms": True, "fax": False},
    "sms_url": "",
    "sms_method": "POST",
    "sms_fallback_url": "",
    "sms_fallback_method": "POST",
    "sms_application_sid": "",
    "status_callback": "",
    "status_callback_method": "POST",
    # False: texts to US numbers end as undelivered 30034.
    "a2p_registered": True,
    "city": "",
    "state": "",
    "zip": "",
}

SERVICE = {
    "friendly_name": "Messaging Service",
    "numbers": [],
    "inbound_request_url": None,
    "inbound_method": "POST",
    "fallback_url": None,
    "fallback_method": "POST",
    "status_callback": None,
    # Typographic characters are replaced by plain ones, so that a text stays short.
    "smart_encoding": True,
    "validity_period": 36000,
    "usecase": "notifications",
    "us_app_to_person_registered": True,
    "use_inbound_webhook_on_number": False,
    # Advanced Opt-Out: webhooks carry OptOutType, the answers can be set.
    "advanced_opt_out": False,
    "opt_out_texts": {},
}

CUSTOMER = {
    "name": "",
    "kind": "mobile",
    "error_code": None,
    "status": None,
    "city": "",
    "state": "",
    "zip": "",
}

DEFAULTS = dict(account=ACCOUNT, number=NUMBER, service=SERVICE, customer=CUSTOMER)
ORDERS = ("normal", "reversed", "shuffled")


class ConfigError(Exception):
    """A configuration or control request can't be used; the text says why."""


class Config:
    """The configured entries, each a dict by its SID or number."""

    def __init__(self, config):
        self.settings = copy.deepcopy(SETTINGS)
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
            number = isinstance(SETTINGS.get(name), float)
            if name not in SETTINGS or (number and not isinstance(value, int | float)):
                raise ConfigError(f"Setting {name} can't be {value!r}.")
        if settings.get("callback_order", "normal") not in ORDERS:
            raise ConfigError(f"callback_order must be one of {ORDERS}.")
        self.settings.update(copy.deepcopy(settings))
        if "seed" in settings:
            self.random.seed(settings["seed"])

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
            type="toll-free" if TOLL_FREE.match(phone or "") else "local",
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
        for service in self.services.values():
            if phone in service["numbers"]:
                return service
        return None


def _sid_for(prefix, text):
    """Return a SID that is always the same for ``text`` (a configured number)."""
    return prefix + random.Random(f"{prefix}:{text}").randbytes(16).hex()
