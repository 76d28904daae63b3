# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Faults that API requests run into, for tests: slow, silent, broken or refusing."""

import re

from .state import ConfigError

# What each does, and with which options: see the README.
KINDS = "slow timeout accept_no_answer 429 500 503 html half reset error".split()
OPTIONS = set(
    "kind count skip rate match delay accepted body retry_after http_status code"
    " message max_seconds".split()
)
MATCH = {"method", "path", "operation", "to", "from", "body"}


class Fault:
    """One rule: which requests, how often, and what happens to them."""

    def __init__(self, values):
        self.kind, match = values.get("kind"), values.get("match") or {}
        if self.kind not in KINDS:
            raise ConfigError(f"A fault needs a kind out of: {', '.join(KINDS)}")
        unknown = set(values) - OPTIONS | set(match) - MATCH
        if unknown:
            raise ConfigError(f"Unknown in a fault: {sorted(unknown)}")
        self.values, self.hits = values, 0
        self.left, self.skip = values.get("count"), values.get("skip", 0)
        takes = self.kind in ("accept_no_answer", "half")
        self.accepted = bool(values.get("accepted", takes))
        try:
            self.patterns = {k: re.compile(v, re.IGNORECASE) for k, v in match.items()}
        except (re.error, TypeError) as error:
            raise ConfigError(f"Not a regular expression in match: {error}") from error

    def public(self):
        """Return the fault as the control API shows it."""
        return {**self.values, "hits": self.hits, "left": self.left}

    def hits_now(self, facts, dice):
        """Whether it concerns this request; counts it if so."""
        found = (p.search(facts.get(k) or "") for k, p in self.patterns.items())
        if self.left == 0 or not all(found):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        rate = self.values.get("rate", 1)
        if rate < 1 and dice.random() >= rate:
            return False
        self.hits += 1
        self.left = self.left and self.left - 1
        return True


def draw(faults, facts, dice):
    """Return (seconds to wait, the fault that decides the answer or None).

    :param facts: method, path, operation, to, from and body of the request
    :param dice: a random.Random, for faults with a rate
    """
    delay = 0.0
    for fault in faults:
        if fault.hits_now(facts, dice):
            if fault.kind != "slow":
                return delay, fault
            delay += fault.values.get("delay", 1.0)
    return delay, None
