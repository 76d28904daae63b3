# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Faults that API requests run into, for tests: slow, silent, broken or refusing."""

import itertools
import random
import re
import threading

KINDS = (
    "slow",  # answers after ``delay`` seconds
    "timeout",  # never answers; the request counts only with ``accepted``
    "accept_no_answer",  # the request counts, but is never answered
    "429",
    "500",
    "503",
    "html",  # 200 with a web page
    "half",  # the request counts, but only half of the JSON arrives
    "reset",  # the connection is cut, without an answer
    "error",  # any ``http_status``, ``code`` and ``message``
)

FIELDS = {
    "kind",
    "count",
    "skip",
    "rate",
    "seed",
    "match",
    "delay",
    "accepted",
    "body",
    "retry_after",
    "http_status",
    "code",
    "message",
    "max_seconds",
}

MATCH_FIELDS = {"method", "path", "operation", "to", "from", "body"}


class FaultError(Exception):
    """A fault that can't be understood; the text says why."""


class Fault:
    """One rule: which requests, how often, and what happens to them."""

    def __init__(self, number, values):
        if not isinstance(values, dict) or values.get("kind") not in KINDS:
            raise FaultError(f"A fault needs a kind out of: {', '.join(KINDS)}")
        unknown = set(values) - FIELDS
        if unknown:
            raise FaultError(f"Unknown in a fault: {sorted(unknown)}")
        match = values.get("match") or {}
        unknown = set(match) - MATCH_FIELDS
        if unknown:
            raise FaultError(f"Unknown in match: {sorted(unknown)}")
        self.number = number
        self.kind = values["kind"]
        self.values = values
        self.left = values.get("count")
        self.skip = values.get("skip", 0)
        self.rate = values.get("rate", 1)
        self.hits = 0
        self.random = random.Random(values["seed"]) if "seed" in values else None
        default = self.kind in ("accept_no_answer", "half")
        self.accepted = bool(values.get("accepted", default))
        try:
            self.patterns = {k: re.compile(v, re.IGNORECASE) for k, v in match.items()}
        except (re.error, TypeError) as error:
            raise FaultError(f"Not a regular expression in match: {error}") from error

    def public(self):
        """Return the fault as the control API shows it."""
        return {**self.values, "id": self.number, "hits": self.hits, "left": self.left}


class Faults:
    """The rules in force, asked for every API request."""

    def __init__(self):
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._faults = []

    def add(self, values):
        """Add a rule and return it.

        :raises FaultError: it can't be understood
        """
        with self._lock:
            fault = Fault(next(self._numbers), values)
            self._faults.append(fault)
            return fault.public()

    def list(self):
        """Return the rules, also those that are used up."""
        with self._lock:
            return [fault.public() for fault in self._faults]

    def clear(self, number=None):
        """Remove one rule, or all."""
        with self._lock:
            self._faults = [f for f in self._faults if number and f.number != number]

    def draw(self, facts, dice):
        """Return (seconds to wait, the fault that decides the answer or None).

        :param facts: method, path, operation, to, from and body of the request
        :param dice: the random.Random for faults without a seed of their own
        """
        delay = 0.0
        with self._lock:
            for fault in self._faults:
                if fault.left == 0 or not all(
                    pattern.search(facts.get(name) or "")
                    for name, pattern in fault.patterns.items()
                ):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                if fault.rate < 1 and (fault.random or dice).random() >= fault.rate:
                    continue
                fault.hits += 1
                if fault.left is not None:
                    fault.left -= 1
                if fault.kind != "slow":
                    return delay, fault
                delay += fault.values.get("delay", 1.0)
        return delay, None
