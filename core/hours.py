# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When a text may be sent: in the texting hours of the place of work.

Windows are a function from a day (``datetime.date``) to its pairs of hours on the
clock of that place, like ``(8, 20)`` or ``(8.5, 24)``; a closed day has none.
"""

from datetime import datetime, time, timedelta

import pytz

from .formatting import localize

# How long an action counts as just done: who has just pressed Send, or has just written
# to us, is not woken by what comes of it.
JUST_NOW = timedelta(minutes=15)
# How far ahead to look for hours; a company that never opens sends nothing.
LONGEST_CLOSED = 366  # days


def every_day(*windows):
    """The same windows every day, as a function of the day."""
    return lambda _day: windows


DEFAULT_WINDOWS = every_day((8, 20))


def may_leave(moment, zone, windows):
    """Whether a text may be sent at a naive UTC datetime.

    :param zone: name of the time zone of the place of work
    :param windows: see above
    """
    local = localize(moment, zone)
    hour = local.hour + local.minute / 60 + local.second / 3600
    return any(begin <= hour < end for begin, end in windows(local.date()))


def next_departure(earliest, zone, windows):
    """The first time from ``earliest`` on at which a text may be sent.

    :param earliest: naive UTC datetime
    :param zone: see :func:`may_leave`
    :param windows: see above
    :return: naive UTC datetime, ``earliest`` itself inside a window; None when the
        hours never come
    """
    if may_leave(earliest, zone, windows):
        return earliest
    today = localize(earliest, zone).date()
    for ahead in range(LONGEST_CLOSED):
        day = today + timedelta(days=ahead)
        openings = (
            to_utc(day, begin, zone) for begin, end in windows(day) if begin < end
        )
        coming = [opening for opening in openings if opening > earliest]
        if coming:
            return min(coming)
    return None


def leaves_until(moment, zone, windows, longest):
    """Until when a text that may be sent now may still be sent.

    :param moment, zone, windows: see :func:`may_leave`
    :param longest: ``timedelta`` after which it does not matter
    :return: naive UTC datetime, ``moment`` itself outside the windows
    """
    end = moment
    while end < moment + longest and (closing := _find_closing(end, zone, windows)):
        end = closing
    return min(end, moment + longest)


def _find_closing(moment, zone, windows):
    """The end of the window in which a moment lies, None outside."""
    day = localize(moment, zone).date()
    for begin, end in windows(day):
        if to_utc(day, begin, zone) <= moment < to_utc(day, end, zone):
            return to_utc(day, end, zone)
    return None


def to_utc(day, hour, zone):
    """An hour on a place's clock as a naive UTC datetime.

    One that the clock leaves out in spring is an hour later, one that it shows twice in
    autumn the second one.
    """
    wall = datetime.combine(day, time()) + timedelta(hours=hour)
    aware = pytz.timezone(zone).localize(wall, is_dst=False)
    return aware.astimezone(pytz.utc).replace(tzinfo=None)


def are_narrow(windows, today, enough=4):
    """Whether no day of the next two weeks has ``enough`` texting hours.

    :param today: ``datetime.date``
    """
    days = (today + timedelta(days=ahead) for ahead in range(14))
    return all(
        sum(end - begin for begin, end in windows(day) if begin < end) < enough
        for day in days
    )
