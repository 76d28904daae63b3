# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whether a customer has to be told that an appointment has changed."""

from dataclasses import dataclass
from datetime import datetime

MOVED = "moved"
CANCELED = "canceled"
TECHNICIAN = "technician"
CHANGES = (MOVED, CANCELED, TECHNICIAN)
# How the company tells of a change.
OFF, BY_HAND, AUTOMATIC = "off", "hand", "auto"


@dataclass(frozen=True)
class Known:
    """An appointment as the customer knows it, or as it is."""

    start: datetime | None = None  # naive UTC
    technician: object = None  # whatever can be compared; None: nobody, or not told
    is_canceled: bool = False


def get_change(told, now_is, *, has_moved, now):
    """What the customer has to be told, with the last state alone counting.

    :param told, now_is: :class:`Known`
    :param has_moved: whether the new date is none that the customer was told of
        or confirmed
    :param now: naive UTC datetime
    :return: one of :data:`CHANGES`, or None when there is nothing to tell
    """
    if now_is.is_canceled:
        # Nobody waits any more for what is over.
        is_over = told.start is None or told.start <= now
        return None if told.is_canceled or is_over else CANCELED
    if not now_is.start or now_is.start <= now:
        return None
    if has_moved or told.is_canceled:
        return MOVED
    known = told.technician and now_is.technician
    return TECHNICIAN if known and told.technician != now_is.technician else None
