# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a message and an appointment show: each rule once, whoever asks.

The values are those of ``fsm.confirmation`` (``indicator``, ``response``, ``state``,
``closed_reason``) and of ``confirmation_status`` on Work Orders and Visits.
"""

from dataclasses import dataclass
from datetime import datetime

from .kinds import KINDS, QUESTION, asks

_ANSWERS = ("confirmed", "declined", "unrecognized")
# Reasons for which what a customer has answered does not count any more. The last one:
# a person decided that the customer is to be asked again.
OUTDATED = ("moved", "changed", "number", "reset")
# What a text that asks nothing shows: its delivery, and nothing else.
_DELIVERY = {
    "outgoing": "outgoing",
    "sending": "outgoing",
    "sent": "sent",
    "delivered": "delivered",
    "failed": "failed",
    "canceled": "canceled",
}
_TOLD = tuple(kind for kind in KINDS if not asks(kind))
# (what has to be so, indicator); the first line that fits counts.
_INDICATORS = (
    *(
        ({"kind": _TOLD, "state": (state,)}, shown)
        for state, shown in _DELIVERY.items()
    ),
    ({"response": _ANSWERS, "closed_reason": OUTDATED}, "moved"),
    *(({"response": (value,)}, value) for value in (*_ANSWERS, "opted_out")),
    *(({"state": (value,)}, value) for value in ("failed", "canceled")),
    ({"is_open": (True,)}, "awaiting"),
    ({}, "no_answer"),
)
# Reasons why nobody waits for an answer any more.
_OVER = ("past", "closed")
# A Work Order with several upcoming visits shows the first of these that occurs.
_URGENCY = (
    "declined",
    "opted_out",
    "unrecognized",
    "reconfirm",
    "awaiting",
    "not_sent",
    "no_answer",
    "confirmed",
)


# ----------------------------------------------------------------------
# Messages
# ----------------------------------------------------------------------


def indicator(response, state, is_open, closed_reason, kind=QUESTION):
    """What a message shows at a glance.

    :param kind: one of :data:`~.kinds.KINDS`
    """
    facts = {
        "kind": kind,
        "response": response,
        "state": state,
        "is_open": is_open,
        "closed_reason": closed_reason,
    }
    return next(
        shown
        for wanted, shown in _INDICATORS
        if all(facts[name] in values for name, values in wanted.items())
    )


def indicator_sql(prefix="", **expressions):
    """The same rule in SQL, for many rows at once.

    :param prefix: goes before the columns, like ``m.``
    :param expressions: SQL for those columns that are about to change
    :return: an SQL expression (str) out of nothing but constants
    """
    cases = []
    for wanted, shown in _INDICATORS:
        conditions = [
            f"{expressions.get(name, prefix + name)} IN ({_literals(values)})"
            for name, values in wanted.items()
        ]
        cases.append(f"WHEN {' AND '.join(conditions) or 'TRUE'} THEN '{shown}'")
    return f"CASE {' '.join(cases)} END"


def _literals(values):
    return ", ".join("TRUE" if value is True else f"'{value}'" for value in values)


# ----------------------------------------------------------------------
# Appointments
# ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Schedule:
    """When an appointment takes place, as scheduled now."""

    start: datetime | None  # naive UTC; None without a date
    is_closed: bool  # the work is done or canceled
    end: datetime | None = None  # of the window in which somebody comes


@dataclass(frozen=True, slots=True)
class Asked:
    """What one message tells of its appointment."""

    state: str
    response: str  # "" or False without one
    is_open: bool
    stale: str  # see :func:`stale_reason`
    opted_out: bool  # its number takes no texts now


@dataclass(frozen=True, slots=True)
class Noted:
    """One answer of a customer, with what was said beside it."""

    response: str
    note: str  # "" or False without one
    is_outdated: bool = False  # given to another date
    source: object = None  # the caller's


def has_passed(start, now, end=None):
    """Whether an appointment is over (naive UTC datetimes; no start: it is not).

    With a window it is when the window ends: until then somebody may come.
    """
    return bool(start) and max(start, end or start) <= now


def change_reason(asked_start, start, confirmed_end=None, is_elsewhere=False):
    """Whether an appointment is not any more what the customer was asked about.

    :param asked_start: the date the customer was asked about
    :param start: the date now, None without one
    :param confirmed_end: end of the window that the customer has confirmed: a start
        within it is still what was confirmed
    :param is_elsewhere: it is about another place, customer or number by now
    :return: ``moved``, ``changed`` or ""
    """
    if is_elsewhere:
        return "changed"
    if start == asked_start:
        return ""
    if start and asked_start and confirmed_end and asked_start < start < confirmed_end:
        return ""
    return "moved"


def stale_reason(asked_start, appointment, deadline, now, **facts):
    """Why an answer to a message can't count any more, "" when it can.

    :param asked_start: the date the customer was asked about
    :param appointment: :class:`Schedule`, None when it was deleted
    :param deadline: until when an answer counts, None for no limit
    :param facts: further arguments of :func:`change_reason`
    :return: ``moved``, ``changed``, ``closed``, ``deleted``, ``past``, ``late`` or ""
    """
    if appointment is None:
        return "deleted"
    if has_passed(appointment.start, now, appointment.end):
        return "past"  # Also when it was moved to a date that is over.
    if appointment.is_closed:
        return "closed"
    if change := change_reason(asked_start, appointment.start, **facts):
        return change
    return "late" if deadline and deadline < now else ""


def appointment_status(messages):
    """What the messages that reached the customer tell about an appointment.

    Who has confirmed the old date, and was not reached about the new one, is to be
    asked again and not "not asked".

    :param messages: list of :class:`Asked`, newest first
    :return: a ``confirmation_status``
    """
    if any(message.is_open for message in messages):
        return "awaiting"
    for message in messages:
        response = message.response
        if not response and message.state in ("failed", "canceled"):
            continue
        if message.stale in ("moved", "changed"):
            return "reconfirm"
        # What is over stays as it was answered in time.
        if message.stale in _OVER and not response:
            return "no_answer"
        if message.stale not in ("", *_OVER):
            continue
        if response == "opted_out":
            return "opted_out" if message.opted_out else "reconfirm"
        if response in _ANSWERS:
            return response
    return "not_sent"


def status_after_move(status, was_asked):
    """The ``confirmation_status`` of an appointment whose date has changed.

    :param was_asked: whether a message may have reached the customer
    """
    if status == "awaiting" and not was_asked:
        return "not_sent"
    return "reconfirm" if status in ("awaiting", "no_answer", *_ANSWERS) else status


def find_noted(answers):
    """The answer whose note is shown with an appointment.

    What is said beside a yes (the gate code, the dog) is about the place, and outlives
    the date. What is said beside a no goes with it.

    :param answers: iterable of :class:`Noted` about one place, newest first
    :return: one of them, None without a note that counts
    """
    for answer in answers:
        if answer.note and (answer.response == "confirmed" or not answer.is_outdated):
            return answer
        refused = answer.response == "declined" and not answer.is_outdated
        if refused or answer.response == "opted_out":
            return None
    return None


def most_urgent(statuses):
    """The one that a Work Order shows of its upcoming visits, None without any."""
    return next((status for status in _URGENCY if status in statuses), None)
