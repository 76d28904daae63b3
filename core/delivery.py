# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What becomes of a text, by its state and by what is heard of it.

Four things are heard: the result of our call to Twilio, a delivery report, what Twilio
says when it is asked about a text that it has, and its list of messages, which is asked
after a call that never came back. For each there is one function: (the text now, what
was heard) -> :class:`Transition`, or None when it changes nothing.

States are those of ``fsm.confirmation.state``, failures those of its ``failure_type``.
"""

import enum
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from difflib import SequenceMatcher

from .twilio.client import UNREADABLE, Outcome

# Message statuses of Twilio as our states. Others say nothing.
_STATE_OF_STATUS = {
    "scheduled": "sending",
    "accepted": "sending",
    "queued": "sending",
    "sending": "sending",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "partially_delivered": "sent",
    "undelivered": "failed",
    "failed": "failed",
    "canceled": "failed",  # by somebody, at Twilio
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
    # 30036: it waited at Twilio until its validity period was over.
    Failure.RETRY: (429, 20429, 21611, 30001, 30017, 30022, 30036),
    Failure.RETRY_LATER: (63038, 30023, 30027, 63018),
    Failure.UNREACHABLE: (30003, 30008),
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
LIST_COMPLETE_AFTER = timedelta(minutes=15)
# While Twilio can't be asked, nothing is known; then a person has to know.
_ASK_UNTIL = timedelta(hours=1)
# A text of ours may have an earlier time in Twilio's list than our claim, although the
# clocks are compared: several hosts send, and clocks are set.
_CLOCK_DOUBT = timedelta(minutes=15)
# How long before a claim Twilio's list is searched: it need not be in order.
LIST_BEFORE = timedelta(hours=1)
# From this similarity on, a text may be another one that Twilio has changed.
_ALIKE = 0.75
# Twilio puts this before the texts of a trial account.
_TRIAL_PREFIX = "Sent from your Twilio trial account"
# The ages at which Twilio is asked about a text that it has sent no final report of; at
# the first of them, only one whose call never came back. Twilio keeps a text for ten
# hours at most; "sent" may be the last that it knows.
CHECK_AFTER = tuple(timedelta(minutes=value) for value in (2, 10, 60, 6 * 60, 24 * 60))
# A process that slept longer after its claim must not call any more: the others begin
# to look for its texts at Twilio a minute later.
CALL_WITHIN = timedelta(minutes=1)
CLAIM_LOST_AFTER = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Transition:
    """The next state of a text."""

    state: str  # from now on
    accepted: bool = False  # Twilio has the text
    failure: str = ""  # why, when it failed
    code: int = 0  # Twilio's error code
    reason: str = ""  # a few words for staff, mostly Twilio's
    pause: timedelta | None = None  # before the next attempt
    # It never left, as it was not so any more: for its step nothing was said.
    is_void: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What Twilio says about the delivery of one text."""

    status: str  # its MessageStatus
    sid: str = ""  # its MessageSid
    code: int = 0  # its ErrorCode, 0 for none
    from_number: str = ""  # from which it sent the text, E.164


GIVEN_UP = Transition("failed", failure="unknown")


def may_have_arrived(state, failure, sid):
    """Whether the customer may have got a text, even if it failed.

    :param failure: its ``failure_type``
    :param sid: its ``twilio_sid``
    """
    if state == "failed":
        return bool(sid) or failure == "unknown"
    return state != "canceled"


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

    :param attempts: see :func:`after_call`
    """
    pauses = _RETRY_PAUSES.get(failure_class(code), [])
    attempt = max(attempts, 1)
    if attempt <= len(pauses):
        return Transition(
            "outgoing", code=code, reason=reason, pause=pauses[attempt - 1]
        )
    return Transition("failed", failure=failure_type(code), code=code, reason=reason)


def may_retry(report):
    """Whether a report tells of a failure that passes, so that sending again helps."""
    failed = _STATE_OF_STATUS.get(report.status) == "failed"
    return failed and failure_class(report.code) in _RETRY_PAUSES


def is_about_another(report, sid, refused):
    """Whether a report is about another attempt at the same text, and changes nothing.

    One that reached the customer after all counts.

    :param sid: MessageSid of the text, "" when not known
    :param refused: MessageSids of its attempts that failed
    """
    if not report.sid or _STATE_OF_STATUS.get(report.status) == "delivered":
        return False
    return report.sid in refused or bool(sid and report.sid != sid)


def after_report(state, failure, report, attempts=1, is_still_useful=False):
    """What a delivery report changes.

    :param failure: the ``failure_type`` of a text that failed
    :param report: :class:`Report`
    :param attempts: number of calls for this text
    :param is_still_useful: whether it would still be of use, if :func:`may_retry`
    """
    reported = _STATE_OF_STATUS.get(report.status)
    is_unknown = (state, failure) == ("failed", "unknown")
    if reported == "failed":
        if not is_unknown and _RANK.get(state, 9) >= _RANK["failed"]:
            return None
        reason = "canceled at Twilio" if report.status == "canceled" else ""
        if is_still_useful and not is_unknown and may_retry(report):
            return after_rejection(attempts, report.code, reason)
        failure = failure_type(report.code)
        return Transition("failed", failure=failure, code=report.code, reason=reason)
    forward = _RANK.get(reported, -1) > _RANK.get(state, 9)
    # A text that was given up as unknown, or canceled, was sent after all.
    known_again = is_unknown or state == "canceled"
    if not reported or not (forward or known_again):
        return None
    return Transition(reported, accepted=True)


def count_checks(age):
    """How often a text of that age should have been asked about."""
    return sum(age >= after for after in CHECK_AFTER)


def after_check(state, report, age):
    """Twilio was asked about a text that it has, and told no more than a report.

    "Sent" stays so: a carrier need not tell more, and Twilio may forget a text.

    :param report: :class:`Report`; without a status Twilio told nothing
    :param age: timedelta since our call
    """
    reached = _STATE_OF_STATUS.get(report.status, state)
    waits = reached == "sending" and state in ("sending", "sent")
    return GIVEN_UP if waits and age > CHECK_AFTER[-1] else None


def find_in_list(listing, body, sender, claimed_date, known, others=()):
    """The message in Twilio's list that carries a text of ours.

    Twilio may have changed it: a prefix, a space, characters that cost more.

    :param listing: :class:`~.twilio.client.Listing` of the number
    :param sender: our number, or the Messaging Service
    :param claimed_date: when we were about to call, naive UTC
    :param known: MessageSids of this number's other texts
    :param others: further texts to this number whose calls never came back
    :return: (:class:`~.twilio.client.Message` or None, whether none means that Twilio
        does not have it)
    """
    since = claimed_date + listing.clock_ahead - _CLOCK_DOUBT
    mine = _to_letters(body)
    lost = {_to_plain(other) for other in others} - {_to_plain(body)}
    taken = {_to_letters(other) for other in lost} - {mine}
    same, possible = [], []
    for message in listing.messages:
        if message.sid in known or not _may_be_ours(message, sender, since):
            continue
        letters = _to_letters(message.body)
        if letters == mine:
            same.append(message)
        elif letters not in taken:
            possible.append(letters)
    # Texts without letters, like a thumb up, are told apart by what they are.
    same.sort(key=lambda message: _to_plain(message.body) != _to_plain(body))
    for message in same:
        if _to_plain(message.body) not in lost:
            return message, True
    return None, listing.is_whole and not any(_is_like(mine, one) for one in possible)


def _may_be_ours(message, sender, since):
    """Whether a message was sent by an API call from ``sender`` since then."""
    origins = {message.sender, message.service_sid} - {""}
    return (
        message.direction not in ("inbound", "outbound-reply")
        and (not origins or sender in origins)
        and (message.date_created is None or message.date_created >= since)
    )


def _to_plain(text):
    """A text without what Twilio puts before it, or cuts off."""
    plain = text.strip()
    if plain.startswith(_TRIAL_PREFIX):
        plain = plain.removeprefix(_TRIAL_PREFIX).lstrip(" -")
    return plain


def _to_letters(text):
    """What stays of a text, whatever Twilio does to it: letters and digits."""
    plain = unicodedata.normalize("NFKD", _to_plain(text))
    return "".join(char for char in plain if char.isalnum()).casefold()


def _is_like(mine, other):
    """Whether a text may be another one, changed; an empty one was made unreadable."""
    return not other or SequenceMatcher(None, mine, other, False).ratio() >= _ALIKE


def after_missing_in_list(age, attempts, code, is_certain, block):
    """Twilio's list does not have a text whose call never came back.

    :param age: timedelta since we were about to call
    :param attempts: number of calls for this text
    :param code: what that call came to, as far as known
    :param is_certain: see :func:`find_in_list`
    :param block: why it must no longer be sent, "" if it may
    """
    if age <= LIST_COMPLETE_AFTER:
        return None
    # A 2xx that could not be read says that Twilio has it. When in doubt a person
    # decides: a second text is worse than none.
    if not is_certain or code == UNREADABLE:
        return GIVEN_UP
    # No delivery report came either: Twilio does not have it.
    if block:
        return Transition("canceled", reason=block, is_void=True)
    if attempts > _MOST_ATTEMPTS:
        return Transition("failed", failure="temporary", code=code)
    return Transition("outgoing")


def after_failed_lookup(unanswered):
    """Twilio could not be asked about a text whose call never came back.

    :param unanswered: timedelta for which that has been so
    """
    return GIVEN_UP if unanswered > _ASK_UNTIL else None
