# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a text of ours is: each rule about kinds of texts once.

A question asks about an appointment: it is open until it is answered, and counts for
the appointment's status. The others only tell something.
"""

from .reply.decision import NOTICE as SAID_NOTICE
from .reply.decision import QUESTION as SAID_QUESTION
from .reply.decision import STAFF as SAID_STAFF
from .reply.decision import TIMES as SAID_TIMES

QUESTION = "question"
STAFF = "staff"  # a person's own words, or a prepared text
NOTICE = "notice"  # tells of a change: date, technician, canceled
ON_MY_WAY = "on_my_way"
TIMES = "times"  # proposes other times
REMINDER = "reminder"  # to who has confirmed; asks nothing
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
# Those that are not true any more when the appointment has changed or is over.
_ABOUT_IT_AS_IT_IS = (QUESTION, REMINDER)


def asks(kind):
    """Whether an answer to it counts: it is open or closed, and has a response."""
    return kind == QUESTION


def ends_with_appointment(kind):
    """Whether a text that waits does not leave once its appointment has changed."""
    return kind in _ABOUT_IT_AS_IT_IS
