# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What becomes of a text, by its state and by what is heard of it.

Three things are heard: the result of our call to Twilio, a delivery report, and
Twilio's list of messages, which is asked after a call that never came back. For each
there is one function: (the text now, what was heard) -> :class:`Transition`, or None
when it changes nothing.

States are those of ``fsm.confirmation.state``, failures those of its ``failure_type``.
"""

import enum
from dataclasses import dataclass
from datetime import timedelta

from .twilio.client import UNREADABLE, Outcome

# Message statuses of Twilio as our states. Others (scheduled, read, ...) say nothing.
_STATE_OF_STATUS = {
    "accepted": "sending",
    "queued": "sending",
    "sending": "sending",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "failed",
    "failed": "failed",
}
# Reports come late, twice and out of order: a state never goes backwards.
_RANK = {"outgoing": 0, "sending": 1, "sent": 2, "delivered": 3, "failed": 3}


class Failure(enum.Enum):
    """Classes of Twilio errors, by what is to be done about them."""

    RETRY = "retry"  # temporary: again, with growing pauses
    RETRY_LATER = "retry_later"  # temporary: again in hours
    UNREACHABLE = "unreachable"  # the phone is off or out of reach
    NUMBER = "number"  # this number can't be texted
    LANDLINE = "landline"  # a landline
    CONSENT = "consent"  # the customer has opted out
    SETUP = "setup"  # the administrator has to fix something
    FILTERED = "filtered"  # a carrier refused it; never again by itself
    OTHER = "other"


# Source: Twilio's error dictionary, https://www.twilio.com/docs/api/errors
_CODES = {
    Failure.RETRY: (429, 20429, 21611, 30001, 30017, 30022),
    Failure.RETRY_LATER: (63038, 30023, 30027, 63018),
    Failure.UNREACHABLE: (30003, 30008, 30036),
    Failure.NUMBER: (21211, 21612, 21614, 21635, 30005),
    Failure.LANDLINE: (30006,),
    Failure.CONSENT: (21610,),
    Failure.SETUP: (
        20003,
        20404,
        21408,
        21603,
        21606,
        21608,
        21609,
        21617,
        21703,
        30002,
        30032,
        30034,
    ),
    Failure.FILTERED: (30004, 30007, 30450),
}
_CLASS_OF_CODE = {code: kind for kind, codes in _CODES.items() for code in codes}
_RETRY_PAUSES = {
    Failure.RETRY: [timedelta(minutes=value) for value in (1, 2, 5, 15, 30, 60)],
    Failure.RETRY_LATER: [timedelta(hours=value) for value in (4, 24)],
}
_MOST_ATTEMPTS = len(_RETRY_PAUSES[Failure.RETRY])
# Twilio's list of messages can lag minutes behind; later it is complete.
_LIST_COMPLETE_AFTER = timedelta(minutes=15)
# While Twilio can't be asked, nothing is known; then a person has to know.
_ASK_UNTIL = timedelta(hours=1)
# A text of ours may have an earlier time in Twilio's list than our claim.
_TWILIO_CLOCK_BEHIND = timedelta(minutes=1)
# A process that slept longer after its claim must not call any more: the others begin
# to look for its texts at Twilio a minute later.
CALL_WITHIN = timedelta(minutes=1)
CLAIM_LOST_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Transition:
    """How a text goes on."""

    state: str  # from now on
    accepted: bool = False  # Twilio has the text
    failure: str = ""  # why, when it failed
    code: int = 0  # Twilio's error code
    reason: str = ""  # a few words for staff, mostly Twilio's
    pause: timedelta | None = None  # before the next attempt


@dataclass(frozen=True, slots=True)
class Report:
    """What Twilio says about the delivery of one text."""

    status: str  # its MessageStatus
    sid: str = ""  # its MessageSid
    code: int = 0  # its ErrorCode, 0 for none
    from_number: str = ""  # from which it sent the text, E.164


GIVEN_UP = Transition("failed", failure="unknown")


def failure_class(code):
    """The :class:`Failure` of a Twilio error code (int), ``OTHER`` if not listed."""
    return _CLASS_OF_CODE.get(code, Failure.OTHER)


def failure_type(code):
    """The ``failure_type`` of a text that failed with a Twilio error code (int)."""
    kind = failure_class(code)
    return "temporary" if kind in _RETRY_PAUSES else kind.value


def after_call(state, attempts, result):
    """What the result of our call changes.

    :param attempts: number of calls for this text, this one included
    :param result: :class:`~.twilio.client.SendResult`
    """
    if state != "sending":
        return None  # A delivery report was faster, and told more.
    if result.outcome is Outcome.ACCEPTED:
        return Transition("sent", accepted=True)
    if result.outcome is Outcome.UNKNOWN:
        return Transition("sending", code=result.code, reason=result.reason)
    return after_rejection(attempts, result.code, result.reason)


def after_rejection(attempts, code, reason):
    """Twilio does not have the text: wait and try again, or give up.

    :param attempts: as of :func:`after_call`
    """
    pauses = _RETRY_PAUSES.get(failure_class(code), [])
    attempt = max(attempts, 1)
    if attempt <= len(pauses):
        return Transition(
            "outgoing", code=code, reason=reason, pause=pauses[attempt - 1]
        )
    return Transition("failed", failure=failure_type(code), code=code, reason=reason)


def after_report(state, failure, report):
    """What a delivery report changes.

    :param failure: the ``failure_type`` of a text that failed
    :param report: :class:`Report`
    """
    reported = _STATE_OF_STATUS.get(report.status)
    forward = _RANK.get(reported, -1) > _RANK.get(state, 9)
    # What was given up as "not known" is known again.
    known_again = (state, failure) == ("failed", "unknown") and reported != "failed"
    if not reported or not (forward or known_again):
        return None
    if reported == "failed":
        failure = failure_type(report.code)
        return Transition("failed", failure=failure, code=report.code)
    return Transition(reported, accepted=True)


def find_in_list(messages, body, claimed_date, known):
    """The message in Twilio's list that carries a text of ours, or None.

    :param messages: list of :class:`~.twilio.client.Message`, all of one number
    :param claimed_date: when we were about to call, naive UTC
    :param known: MessageSids of this number's other texts
    """
    since = claimed_date - _TWILIO_CLOCK_BEHIND
    return next(
        (
            message
            for message in messages
            if message.body == body
            and message.sid not in known
            and message.direction != "inbound"
            and (message.date_created is None or message.date_created >= since)
        ),
        None,
    )


def after_missing_in_list(age, attempts, code, may_leave):
    """Twilio's list does not have a text whose call never came back.

    :param age: timedelta since we were about to call
    :param attempts: number of calls for this text
    :param code: what that call came to, as far as known
    :param may_leave: whether it would still be of use
    """
    if age <= _LIST_COMPLETE_AFTER:
        return None
    # No delivery report came either: Twilio does not have it. A 2xx that could not be
    # read says that it has.
    if may_leave and code != UNREADABLE and attempts <= _MOST_ATTEMPTS:
        return Transition("outgoing")
    return GIVEN_UP


def after_failed_lookup(unanswered):
    """Twilio could not be asked about a text whose call never came back.

    :param unanswered: timedelta since that is so
    """
    return GIVEN_UP if unanswered > _ASK_UNTIL else None
