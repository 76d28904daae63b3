# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The control API below ``/_simulator/``: for tests, and for the phone page."""

import asyncio
import time
from dataclasses import asdict
from datetime import UTC, datetime

from .faults import Fault
from .state import CUSTOMER, E164, KINDS, ConfigError

PREFIX = "/_simulator/"


class Control:
    """Answers control requests; ``handle`` is the way in.

    Each method gets the query string and the JSON body as one dict.
    """

    def __init__(self, state, texting, faults):
        self.state, self.texting, self.faults = state, texting, faults

    async def handle(self, method, name, values):
        """Return (HTTP status, JSON value) of a control request.

        :param name: the path behind ``/_simulator/``
        """
        function = CALLS.get((method, name))
        if not function:
            return 404, {"error": f"There is no {method} {PREFIX}{name}"}
        try:
            answer = function(self, values)
            return 200, await answer if asyncio.iscoroutine(answer) else answer
        except (ConfigError, KeyError, TypeError, ValueError, AttributeError) as error:
            text = str(error) if isinstance(error, ConfigError) else repr(error)
            return 400, {"error": text}

    # Setup

    def health(self, _values):
        return {"ok": True, "pending": len(self.texting.pending)}

    def reset(self, _values):
        """Forget everything that happened since the start."""
        self.faults.clear()
        self.texting.reset()
        self.state.reset()
        return {"ok": True}

    def config(self, _values):
        """Return accounts (without secrets), customers, settings and blocks."""
        state, accounts = self.state, []
        for sid, account in state.accounts.items():
            own = {"auth_token": "redacted"}
            for name in ("numbers", "services"):
                entries = getattr(state, name).values()
                own[name] = [e for e in entries if e["account_sid"] == sid]
            accounts.append({**account, **own})
        return {
            "accounts": accounts,
            "customers": list(state.customers.values()),
            "settings": state.settings,
            "blocks": list(state.blocks),
        }

    def configure(self, values):
        """Add or change accounts, customers and settings."""
        self.state.configure(values)
        return self.config({})

    def block(self, values):
        """Set (``blocked`` true, the default) or lift Twilio's block."""
        blocks = self.state.blocks
        key = self.state.block_key(values["customer"], values["ours"])
        if values.get("blocked", True):
            blocks[key] = self.state.now()
        else:
            blocks.pop(key, None)
        self.state.touch()
        return {"blocks": list(blocks)}

    def clock(self, values):
        """Move Twilio's clock (``skew``, ``by``, ``at``); return what it shows."""
        skew = values.get("skew", self.state.settings["clock_skew"])
        if "at" in values:
            # Without a zone it is meant in that of this machine.
            skew = datetime.fromisoformat(values["at"]).timestamp() - time.time()
        skew += values.get("by", 0)
        self.state.configure({"settings": {"clock_skew": skew}})
        now = self.state.now()
        shown = datetime.fromtimestamp(now, UTC).isoformat(timespec="seconds")
        return {"now": now, "at": shown, "skew": skew}

    # Faults

    def list_faults(self, _values):
        return {"faults": [fault.public() for fault in self.faults]}

    def add_fault(self, values):
        self.faults.append(Fault(values))
        return self.list_faults({})

    def clear_faults(self, _values):
        """Remove all faults."""
        self.faults.clear()
        return {"faults": []}

    # What happened

    def messages(self, values):
        """Return all messages, oldest first, filtered by any of their fields."""
        messages = [message.public() for message in self.state.messages.values()]
        return {"messages": _filter(messages, values)}

    def requests(self, values):
        """Return the API requests, oldest first, filtered by any of their fields."""
        return {"requests": _filter(self.state.requests, values)}

    async def wait(self, values):
        """Wait until no step, callback or webhook is left; ``timeout`` in seconds."""
        return {"idle": await self.texting.wait_idle(float(values.get("timeout", 5)))}

    # The customers' phones

    def conversations(self):
        """Return our numbers and the conversations, the latest one first."""
        state, found = self.state, {}
        for message in sorted(state.messages.values(), key=lambda m: -m.created):
            if message.ours:
                key = message.customer, message.ours
                found.setdefault(key, []).insert(0, _bubble(message))
        known = {customer for customer, _ours in found}
        first = next(iter(state.numbers), "")
        found |= {(c, first): [] for c in state.customers if c not in known}
        phones = state.numbers.values()
        return {
            "numbers": {n["phone_number"]: n["friendly_name"] for n in phones},
            "conversations": [self._show(*key, texts) for key, texts in found.items()],
        }

    def _show(self, customer, ours, texts):
        phone = self.state.customers.get(customer, CUSTOMER)
        return {
            "customer": customer,
            "ours": ours,
            "name": phone["name"],
            "kind_text": KINDS[phone["kind"]]["text"],
            "blocked": self.state.block_key(customer, ours) in self.state.blocks,
            "texts": texts,
        }

    async def inbound(self, values):
        """Text from a customer's phone: from, to, body and more (see the README)."""
        message = self.state.messages.get(values.get("sid"))
        if not message:
            message = self._inbound_message(values)
            extra = values.get("opt_out_type"), values.get("params")
            self.texting.receive(message, *extra)
        return {
            "sid": message.sid,
            **await self._repeat(lambda: self.texting.deliver(message), values),
            "hint": message.webhook["hint"],
        }

    def _inbound_message(self, values):
        numbers = self.state.numbers
        sender, ours = values["from"], values.get("to") or next(iter(numbers), None)
        if ours not in numbers:
            raise ConfigError(f"{ours} is no number of any account")
        if not E164.match(sender):
            raise ConfigError(f"{sender!r} is no number: + and 7 to 15 digits")
        some = {"url": "https://api.twilio.com/Media", "content_type": "image/jpeg"}
        media = values.get("media", [some] * values.get("num_media", 0))
        return self.state.new_message(
            sid=values.get("sid"),
            account_sid=numbers[ours]["account_sid"],
            direction="inbound",
            from_=sender,
            to=ours,
            body=values.get("body", ""),
            status="received",
            sent=self.state.now(),
            origin="phone",
            media=media,
        )

    async def status(self, values):
        """Send one status callback by hand: sid, status, error_code and more."""
        message = self.state.messages.get(values.get("sid"))
        status, code = values["status"], values.get("error_code")
        if message and values.get("update"):
            self.state.change(message, status, code)
        if not message:  # one that was never sent
            accounts, numbers = self.state.accounts, self.state.numbers
            message = self.state.new_message(
                sid=values.get("sid"),
                account_sid=values.get("account_sid") or next(iter(accounts)),
                direction="outbound-api",
                from_=next(iter(numbers), ""),
                to="+12025550199",
                body="",
                status=status,
                origin="api",
            )
        url = values.get("url") or message.status_callback
        if not url:
            raise ConfigError("The message has no status callback: give a url")
        params = self.texting.status_params(message, status, code)
        params |= values.get("params", {})

        def post():
            return self.texting.post_status(message, params, url)

        return {"sid": message.sid, **await self._repeat(post, values)}

    async def _repeat(self, post, values):
        """Send a webhook once or ``repeat`` times, ``parallel`` or in turn.

        :param post: function that returns a coroutine that returns a Delivery or None
        :return: the first Delivery as a dict, all of them as ``deliveries``; nothing
            with ``wait`` false
        """
        times = int(values.get("repeat", 1))
        if not values.get("wait", True):
            for _number in range(times):
                self.texting.start(post())
            return {"deliveries": []}
        if values.get("parallel"):
            found = await asyncio.gather(*(post() for _number in range(times)))
        else:
            found = [await post() for _number in range(times)]
        found = [asdict(delivery) for delivery in found if delivery]
        none = {"status": None, "headers": {}, "body": "", "error": None, "replies": []}
        return {**(found[0] if found else none), "deliveries": found}


CALLS = {
    ("GET", "health"): Control.health,
    ("POST", "reset"): Control.reset,
    ("GET", "config"): Control.config,
    ("POST", "config"): Control.configure,
    ("POST", "blocks"): Control.block,
    ("POST", "clock"): Control.clock,
    ("GET", "faults"): Control.list_faults,
    ("POST", "faults"): Control.add_fault,
    ("DELETE", "faults"): Control.clear_faults,
    ("GET", "messages"): Control.messages,
    ("GET", "requests"): Control.requests,
    ("POST", "wait"): Control.wait,
    ("POST", "inbound"): Control.inbound,
    ("POST", "status"): Control.status,
}


def _filter(rows, values):
    return [row for row in rows if all(row[k] == v for k, v in values.items())]


def _bubble(message):
    """Return a message as the phone page shows it."""
    names = "sid body status error_code error_message origin webhook".split()
    return {
        **{name: getattr(message, name) for name in names},
        "mine": message.inbound,
        "media": len(message.media),
        "time": message.created,
    }
