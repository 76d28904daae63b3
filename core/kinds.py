# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a text of ours is: each rule about kinds of texts once.

A question asks about an appointment: it is open until it is answered, and counts for
the appointment's status. The others only tell something.
"""

from dataclasses import dataclass
from datetime import timedelta

from .reply.decision import NOTICE as SAID_NOTICE
from .reply.decision import QUESTION as SAID_QUESTION
from .reply.decision import STAFF as SAID_STAFF
from .reply.decision import TIMES as SAID_TIMES

QUESTION = "question"
STAFF = "staff"  # a person's own words, or a prepared text
NOTICE = "notice"  # tells of a change: date, technician, canceled
ON_MY_WAY = "on_my_way"
TIMES = "times"  # proposes other times
REMINDER = "reminder"  # to customers who have confirmed; asks nothing
KINDS = (QUESTION, STAFF, NOTICE, ON_MY_WAY, TIMES, REMINDER)

# The texts that staff may choose in a conversation: about an appointment, about none.
PREPARED_TEXTS = ("staff", "staff_reply")

# The ways in which a customer is asked.
SMS, EMAIL = "sms", "email"

# What each is in the conversation, see :mod:`.reply.context`.
SAID_AS = {
    QUESTION: SAID_QUESTION,
    STAFF: SAID_STAFF,
    NOTICE: SAID_NOTICE,
    ON_MY_WAY: SAID_NOTICE,
    TIMES: SAID_TIMES,
    REMINDER: SAID_NOTICE,
}
# Those that are of no use any more once the appointment has begun.
_ABOUT_IT = (QUESTION, REMINDER, NOTICE, ON_MY_WAY)
# Why a question is stale that an answer still counts to, if a person wants it.
_STILL_TRUE = ("", "late")
# How long a technician is on the way.
ON_MY_WAY_FOR = timedelta(minutes=30)


def asks(kind):
    """Whether an answer to it counts: it is open or closed, and has a response."""
    return kind == QUESTION


def ends_with_appointment(kind):
    """Whether a text that waits is of no use any more once the appointment begins."""
    return kind in _ABOUT_IT


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text that waits to be sent, compared with the appointment as it is."""

    kind: str
    stale: str = ""  # see :func:`~.status.stale_reason`
    is_open: bool = True  # of a question: it is still asked
    tells_canceled: bool = False
    is_canceled: bool = False  # the appointment does not take place
    same_technician: bool = True  # as when it was written
    same_address: bool = True  # of the contact: the number, or e-mail address
    age: timedelta = timedelta()
    times_are_reserved: bool = True  # those that it proposes, and none has begun


def is_outdated(text):
    """Whether what a text says is not true, or not asked, any more.

    What a person has written is sent, whatever has changed.

    :param text: :class:`Waiting`
    """
    if text.kind == STAFF:
        return False
    if text.kind == TIMES:
        # Of an appointment that was missed, other times are proposed as well.
        return text.stale not in (*_STILL_TRUE, "past") or not text.times_are_reserved
    if asks(text.kind):
        return not text.is_open or text.stale not in _STILL_TRUE
    if text.tells_canceled:
        is_so = text.is_canceled if text.stale == "closed" else text.stale == "deleted"
        return not (is_so and text.same_address)
    names_technician = text.kind in (NOTICE, ON_MY_WAY)
    return (
        text.stale not in _STILL_TRUE
        or not text.same_address
        or (names_technician and not text.same_technician)
        or (text.kind == ON_MY_WAY and text.age > ON_MY_WAY_FOR)
    )
