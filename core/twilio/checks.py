# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a check of a Twilio account, its sender or our address says.

Codes and facts, without words for people: ``fsm.confirmation.check.words`` makes the
sentences.
"""

import enum
from dataclasses import dataclass, field


class Level(enum.Enum):
    """How good or bad what a check says is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Check:
    """What a check of one thing says."""

    subject: str  # address, account, sender, webhook or registration
    code: str  # what it says, a key of the sentences
    level: Level
    facts: dict = field(default_factory=dict)  # name -> str, for the sentence


@dataclass(frozen=True, slots=True)
class Change:
    """One thing to set at Twilio so that replies come to this Odoo."""

    kind: str  # number or service
    sid: str
    label: str  # the number, or the service's name
    current: str = ""  # where replies go now; "" for nowhere
    application: str = ""  # SID of the application that overrides a number's address
    foreign: bool = False  # somebody uses what it replaces: ask first


@dataclass(slots=True)
class Report:
    """What checks say about a sender, and what would have to be changed."""

    checks: list = field(default_factory=list)
    changes: list = field(default_factory=list)

    def add(self, subject, code, level, **facts):
        self.checks.append(Check(subject, code, level, facts))
