# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The control API below ``/_simulator/``: for tests, and for the phone page."""

import copy
import itertools
import threading
import time
from dataclasses import asdict

from .api import Answer
from .faults import FaultError
from .segments import count_segments
from .state import E164, KINDS, ConfigError, Message, new_sid

PREFIX = "/_simulator/"

# As many conversations as the page can show; the newest first.
MAX_CONVERSATIONS = 500
MAX_REPEAT = 1000


class ControlError(Exception):
    """A control request that can't be done; ``status`` is the HTTP status."""

    def __init__(self, message, status=400):
        super().__init__(message)
        self.status = status


class Control:
    """Answers control requests; ``handle`` is the way in."""

    def __init__(self, state, scheduler, texting, faults):
        self.state, self.scheduler = state, scheduler
        self.texting, self.faults = texting, faults

    def handle(self, method, name, query, body):
        """Return the Answer of a control request.

        :param name: the path behind ``/_simulator/``
        :param query: the query string as a dict
        :param body: the JSON body, or {}
        """
        function = getattr(self, f"{method.lower()}_{name.replace('-', '_')}", None)
        if not function:
            return Answer(404, {"error": f"There is no {method} {PREFIX}{name}"})
        try:
            return Answer(200, function({**query, **body}))
        except ControlError as error:
            return Answer(error.status, {"error": str(error)})
        except (ConfigError, FaultError) as error:
            return Answer(400, {"error": str(error)})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            text = f"The request is not as it should be: {type(error).__name__} {error}"
            return Answer(400, {"error": text})

    # Set-up

    def get_health(self, _values):
        """Return that the simulator is up."""
        return {"ok": True, "pending": self.scheduler.pending}

    def post_reset(self, _values):
        """Forget everything that happened since the start."""
        self.scheduler.reset()
        self.faults.clear()
        with self.state.lock:
            self.texting.reset()
            self.state.reset()
        return {"ok": True}

    def get_config(self, _values):
        """Return accounts (without secrets), customers and settings."""
        state = self.state
        with state.lock:
            accounts = []
            for account in state.accounts.values():
                accounts.append(
                    {
                        **account,
                        "auth_token": "redacted",
                        "api_keys": sorted(account["api_keys"]),
                        "numbers": [
                            _plain(n)
                            for n in state.numbers.values()
                            if n["account_sid"] == account["sid"]
                        ],
                        "services": [
                            _plain(s)
                            for s in state.services.values()
                            if s["account_sid"] == account["sid"]
                        ],
                    }
                )
            return copy.deepcopy(
                {
                    "accounts": accounts,
                    "customers": list(state.customers.values()),
                    "settings": state.settings,
                    "kinds": sorted(KINDS),
                    "blocks": [list(key) for key in state.blocks],
                }
            )

    def post_config(self, values):
        """Add or change accounts, customers and settings."""
        self.state.configure(values)
        return self.get_config({})

    def get_faults(self, _values):
        return {"faults": self.faults.list()}

    def post_faults(self, values):
        """Add one fault, or several given as ``faults``."""
        many = values.get("faults", [values])
        return {"faults": [self.faults.add(fault) for fault in many]}

    def delete_faults(self, values):
        """Remove the fault ``id``, or all."""
        self.faults.clear(int(values["id"]) if values.get("id") else None)
        return self.get_faults({})

    def post_blocks(self, values):
        """Set (``blocked`` true, the default) or lift Twilio's block."""
        state = self.state
        with state.lock:
            key = state.block_key(values["customer"], values["ours"])
            if values.get("blocked", True):
                state.blocks[key] = time.time()
            else:
                state.blocks.pop(key, None)
            state.touch()
            return {"blocks": [list(key) for key in state.blocks]}

    # What happened

    def get_messages(self, values):
        """Return all messages, oldest first; filters: sid, to, from, direction,
        status, origin, body (a part of it), since (seconds since 1970)."""
        since, part = float(values.get("since", 0)), values.get("body", "")
        with self.state.lock:
            messages = [m.public() for m in self.state.messages.values()]
        filters = ("sid", "to", "from", "direction", "status", "origin")
        return {
            "messages": [
                m
                for m in messages
                if m["created"] >= since
                and part in m["body"]
                and all(values.get(f) in (None, "", m[f]) for f in filters)
            ]
        }

    def get_requests(self, values):
        """Return the API requests, oldest first; filters: method, path, operation."""
        with self.state.lock:
            requests = list(self.state.requests)
            count = self.state.request_count
        return {
            "count": count,
            "requests": [
                r
                for r in requests
                if values.get("path", "") in r["path"]
                and values.get("method") in (None, "", r["method"])
                and values.get("operation") in (None, "", r["operation"])
            ],
        }

    def get_debugger(self, _values):
        """Return what Twilio's debugger would list: errors and warnings."""
        with self.state.lock:
            return {"entries": list(self.state.debugger)}

    def post_wait(self, values):
        """Wait until no step, callback or webhook is left; ``timeout`` in seconds."""
        idle = self.scheduler.wait_idle(min(float(values.get("timeout", 5)), 300))
        return {"idle": idle, "pending": self.scheduler.pending}

    # The customers' phones

    def post_customers(self, values):
        """Add or change a customer's phone: number, name, kind, error_code."""
        return dict(self.state.configure_customer(values))

    def get_conversations(self, values):
        """Return the list of conversations, or one with its texts (customer, ours)."""
        state = self.state
        with state.lock:
            numbers = [
                {"number": n["phone_number"], "name": n["friendly_name"]}
                for n in state.numbers.values()
            ]
            if values.get("customer"):
                return self._conversation(values["customer"], values.get("ours", ""))
            newest = sorted(
                state.conversations.items(), key=lambda c: c[1].created, reverse=True
            )
            rows = [
                self._row(customer, ours, last)
                for (customer, ours), last in newest[:MAX_CONVERSATIONS]
            ]
            known = {row["customer"] for row in rows}
            for customer in itertools.islice(state.customers, MAX_CONVERSATIONS):
                if customer not in known and numbers:
                    rows.append(self._row(customer, numbers[0]["number"], None))
            return {"version": state.version, "numbers": numbers, "conversations": rows}

    def _row(self, customer, ours, last):
        """Return a conversation as the list shows it; the lock is held."""
        phone = self.state.customers.get(customer, {})
        return {
            "customer": customer,
            "name": phone.get("name", ""),
            "kind": phone.get("kind", "mobile"),
            "ours": ours,
            "last": last and _bubble(last),
            "blocked": self.state.block_key(customer, ours) in self.state.blocks,
        }

    def _conversation(self, customer, ours):
        texts = [
            _bubble(message)
            for message in self.state.by_number.get(customer, ())
            if message.customer == customer and message.ours == ours
        ]
        texts.sort(key=lambda text: text["time"])
        return {
            **self._row(customer, ours, None),
            "version": self.state.version,
            "texts": texts,
        }

    def post_inbound(self, values):
        """Text from a customer's phone: from, to, body and more (see the README)."""
        message, known = self._inbound_message(values)
        options = values.get("signature", "valid"), values.get("headers")
        if not known:
            self.texting.receive(
                message, values.get("opt_out_type"), values.get("params")
            )
        repeat = int(values.get("repeat", 1))
        if not 1 <= repeat <= MAX_REPEAT:
            raise ControlError(f"repeat must be between 1 and {MAX_REPEAT}")
        if not values.get("wait", True):
            for _number in range(repeat):
                self.scheduler.submit(self.texting.deliver, message, *options)
            return {"sid": message.sid, "deliveries": []}

        def deliver():
            return self.texting.deliver(message, *options)

        deliveries = _repeat(deliver, repeat, values.get("parallel"))
        first = deliveries[0] or {}
        return {
            "sid": message.sid,
            "hint": message.webhook["hint"],
            "status": first.get("status"),
            "headers": first.get("headers", {}),
            "body": first.get("body", ""),
            "error": first.get("error"),
            "replies": first.get("replies", []),
            "deliveries": [d for d in deliveries if d],
        }

    def _inbound_message(self, values):
        """Return (message, whether it was there already: the same SID again)."""
        state = self.state
        sid = values.get("sid")
        with state.lock:
            if sid in state.messages:
                return state.messages[sid], True
            sender, ours = values.get("from"), values.get("to")
            if not ours:
                ours = next(iter(state.numbers), None)
            number = state.numbers.get(ours)
            if not number:
                raise ControlError(f"{ours} is no number of any account", 404)
            if not isinstance(sender, str) or not E164.match(sender):
                raise ControlError(f"{sender!r} is no number: + and 7 to 15 digits")
        media = list(values.get("media", ()))
        for index in range(len(media), int(values.get("num_media", 0))):
            media.append(
                {
                    "url": f"https://api.twilio.com/2010-04-01/Accounts/"
                    f"{number['account_sid']}/Messages/{sid}/Media/ME{index:032x}",
                    "content_type": "image/jpeg",
                }
            )
        message = Message(
            sid=sid or new_sid("MM" if media else "SM"),
            account_sid=number["account_sid"],
            direction="inbound",
            from_=sender,
            to=ours,
            body=values.get("body", ""),
            status="received",
            created=time.time(),
            sent=time.time(),
            origin="phone",
            media=media,
        )
        if not isinstance(message.body, str):
            raise ControlError("body must be a text")
        return message, False

    def post_status(self, values):
        """Send one status callback by hand: sid, status, error_code and more."""
        state = self.state
        with state.lock:
            message = state.messages.get(values.get("sid"))
            known = message is not None
            if not known:
                message = self._unknown_message(values)
            status, code = values["status"], values.get("error_code")
            params = dict(self.texting.status_params(message, status, code))
            params.update({k: str(v) for k, v in values.get("params", {}).items()})
            if known and values.get("update"):
                message.status, message.error_code = status, code
                message.history.append([time.time(), status])
                state.touch()
        url = values.get("url") or message.status_callback
        if not url:
            raise ControlError("The message has no status callback: give a url")

        def post():
            return self.texting.post_status(
                message,
                list(params.items()),
                url,
                values.get("signature", "valid"),
                values.get("headers"),
            )

        repeat = int(values.get("repeat", 1))
        if not 1 <= repeat <= MAX_REPEAT:
            raise ControlError(f"repeat must be between 1 and {MAX_REPEAT}")
        if not values.get("wait", True):
            for _number in range(repeat):
                self.scheduler.submit(post)
            return {"sid": message.sid, "deliveries": []}
        deliveries = _repeat(post, repeat, values.get("parallel"))
        return {"sid": message.sid, "deliveries": deliveries, **deliveries[0]}

    def _unknown_message(self, values):
        """Return a message that was never sent, for a callback about it."""
        account = values.get("account_sid") or next(iter(self.state.accounts), None)
        if account not in self.state.accounts:
            raise ControlError(f"{account} is no account", 404)
        return Message(
            sid=values.get("sid") or new_sid("SM"),
            account_sid=account,
            direction="outbound-api",
            from_=values.get("from", next(iter(self.state.numbers), "")),
            to=values.get("to", "+12025550199"),
            body="",
            status=values["status"],
            created=time.time(),
            origin="api",
            messaging_service_sid=values.get("messaging_service_sid"),
            num_segments=count_segments(""),
        )


def _plain(entry):
    """Return a number or service without what only the simulator needs."""
    return {name: value for name, value in entry.items() if name != "configured"}


def _repeat(function, times, parallel):
    """Call a function that returns a Delivery; return what came out as dicts."""
    results = [None] * times

    def run(index):
        delivery = function()
        results[index] = delivery and asdict(delivery)

    if parallel:
        threads = [threading.Thread(target=run, args=(i,)) for i in range(times)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        for index in range(times):
            run(index)
    return results


def _bubble(message):
    """Return a message as the phone page shows it."""
    return {
        "sid": message.sid,
        "mine": message.inbound,
        "body": message.body,
        "media": len(message.media),
        "time": message.created,
        "status": message.status,
        "error_code": message.error_code,
        "error_message": message.error_message,
        "origin": message.origin,
        "webhook": message.webhook,
    }
