# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is known when a text comes in, and what is decided, as plain values."""

from dataclasses import dataclass, field
from datetime import datetime

import pytz

from .when import Proposal

CONFIRMED, DECLINED = "confirmed", "declined"

# Kinds of what we say.
QUESTION = "question"
CHOOSE = "choose"  # asks which of several appointments is meant
ASK_BACK = "ask_back"
THANKS_CONFIRMED = "thanks_confirmed"
WILL_CONTACT = "will_contact"
NOTICE = "notice"
HELP = "help"
OPTED_OUT = "opted_out"
OPTED_IN = "opted_in"
STAFF = "staff"  # free text of a person
TIMES = "times"  # proposes times, each with a letter
STALE = "stale"  # the appointment was moved, canceled or is over
SET_BY_HAND = "set_by_hand"  # staff entered an answer; no text

US, CUSTOMER, STAFF_HAND = "us", "customer", "staff_hand"


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said to, or by, a number; a conversation is newest last."""

    by: str  # "us", "customer" or "staff_hand"
    kind: str = ""  # of ours: see above; of the customer's: ""
    text: str = ""
    about: tuple = ()  # ids of appointments
    time: datetime | None = None
    # of proposed times, in time: each as an :class:`Appointment` whose id is its letter
    options: tuple = ()


@dataclass(frozen=True, slots=True)
class Appointment:
    """An appointment that this number was asked about."""

    id: object
    start: datetime  # aware, or local to the place of work
    end: datetime
    zone: str = ""  # of the place of work, e.g. "Europe/Berlin"
    lang: str = ""  # in which we write, e.g. "en_US"
    code: str = ""
    job: str = ""
    street: str = ""
    city: str = ""
    technician: str = ""
    company: str = ""
    contacts: tuple = ()  # names of the customer
    # "open" and "unrecognized" wait for an answer; "confirmed", "declined"; all else,
    # as "stale" or "opted_out", can't be answered any more
    state: str = "open"
    text: str = ""  # the question as it was sent
    local_start: datetime = field(init=False, repr=False)
    local_end: datetime = field(init=False, repr=False)

    def __post_init__(self):
        object.__setattr__(self, "local_start", self._local(self.start))
        object.__setattr__(self, "local_end", self._local(self.end))

    def _local(self, moment):
        if moment.tzinfo is None:
            return moment
        # As elsewhere here: a system may lack older names, such as US/Eastern.
        zone = pytz.timezone(self.zone) if self.zone else moment.tzinfo
        return moment.astimezone(zone).replace(tzinfo=None)

    def today(self, now):
        """Return the date that ``now`` is at the place of work."""
        return self._local(now).date()

    @property
    def is_open(self):
        return self.state in ("open", "unrecognized")


# Outcomes.
ANSWERED = "answered"
COURTESY = "courtesy"  # changes nothing, is not answered, bothers nobody
UNRECOGNIZED = "unrecognized"  # ask back; a person reads it if nothing clear follows
PERSON = "person"  # a person reads it; nothing is sent
ASK_WHICH = "ask_which"
OPT_OUT = "opt_out"
OPT_IN = "opt_in"
ASK_HELP = "help"
WRONG_NUMBER = "wrong_number"
AUTOMATIC = "automatic"  # no person wrote it; changes nothing, is never answered
OUTCOMES = (
    ANSWERED,
    COURTESY,
    UNRECOGNIZED,
    PERSON,
    ASK_WHICH,
    OPT_OUT,
    OPT_IN,
    ASK_HELP,
    WRONG_NUMBER,
    AUTOMATIC,
)


@dataclass(frozen=True, slots=True)
class Decision:
    """What a text means in its conversation."""

    outcome: str  # one of OUTCOMES
    answers: tuple = ()  # (appointment id, "confirmed" or "declined")
    note: str = ""  # what the customer added to a clear answer
    proposed: Proposal | None = None
    reason: str = ""  # stable key, for staff and tests
    detail: str = ""  # the words that decided
    about: tuple = ()  # ids of the appointments that the text belongs to
    mark_to_read: tuple = ()  # ids whose earlier answer a person has to look at
    automatic: bool = False  # no person wrote it: never answer
    chosen: str = ""  # the letter of the proposed time that a person may set
    # what the words mean by themselves, see :class:`~.understanding.Understanding`
    intent: str = "unrecognized"
