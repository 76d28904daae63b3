# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which tile of the Day Board an appointment is in, and who needs a call."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# Above this many appointments, their tiles aren't worked out.
MAX_EXAMINED = 2000
# What starts this soon is near, however recently the customer was asked.
SOON = timedelta(hours=4)
# Within NEAR of the start, a customer who hasn't answered for PATIENCE needs a call.
NEAR = timedelta(hours=24)
PATIENCE = timedelta(hours=2)

# In the order of the board's tiles: every appointment is in exactly one of them.
STATES = (
    "not_asked",
    "cant_ask",
    "awaiting",
    "near",
    "declined",
    "to_read",
    "confirmed",
    "passed",
)
# Those in which somebody picks up the phone.
TO_CALL = ("cant_ask", "near", "declined")
# It is the customer's turn then, once somebody has written back.
CUSTOMERS_TURN = ("unrecognized", "declined", "reconfirm", "not_sent")
_SETTLED = {
    "confirmed": "confirmed",
    "declined": "declined",
    "unrecognized": "to_read",
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of an appointment. Datetimes are naive UTC."""

    status: str  # ``confirmation_status``
    start: datetime | None
    asked: datetime | None  # when the newest text was sent, or will be
    has_passed: bool = False
    needs_reading: bool = False  # The customer wrote something later.
    is_blocked: bool = False  # An alert keeps a text from being sent.
    is_canceled: bool = False  # It doesn't take place, whatever was answered.
    # Somebody has written back, or proposed times, since the customer's last answer.
    is_written_back: bool = False


def board_state(standing, now):
    """:return: one of :data:`STATES`"""
    if standing.is_canceled or (standing.has_passed and standing.status != "confirmed"):
        return "passed"
    if standing.needs_reading:
        return "to_read"
    waits = (
        standing.is_written_back
        and standing.status in CUSTOMERS_TURN
        and not standing.is_blocked
    )
    if standing.status in _SETTLED and not waits:
        return _SETTLED[standing.status]
    if standing.status == "awaiting" or waits:
        return "near" if is_near(standing, now) else "awaiting"
    if standing.status == "opted_out" or standing.is_blocked:
        return "cant_ask"
    return "not_asked"


def may_need_text(status):
    """Whether it matters if something keeps a text from being sent."""
    return status not in (*_SETTLED, "awaiting")


def is_near(standing, now):
    """Whether it is time to call whoever was asked and has not answered."""
    if not standing.start:
        return False
    left = standing.start - now
    waited = now - (standing.asked or now)
    return left <= SOON or (left <= NEAR and waited >= PATIENCE)


def confirmed_percent(counts):
    """How many of the appointments are confirmed, 0 to 100.

    Rounded down: 100 means every one of them.

    :param counts: dict state -> number of appointments
    """
    total = sum(counts.values())
    return 100 * counts.get("confirmed", 0) // total if total else 0
