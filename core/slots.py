# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When somebody is free: working time without what is planned in it.

Spans are pairs of naive UTC datetimes, the end not included.
"""

from datetime import datetime, time, timedelta

import pytz

# Appointments begin at the full or half hour.
GRID = timedelta(minutes=30)
# How far apart proposed times are, so that customers have a choice.
APART = timedelta(hours=4)
_EPOCH = datetime(2000, 1, 1)


def is_free(start, length, windows, busy):
    """Whether an appointment has room in the working time.

    :param windows: spans of working time; None: any time is
    :param busy: spans that are taken
    """
    end = start + length
    works = windows is None or any(
        begin <= start and end <= close for begin, close in windows
    )
    return works and not any(begin < end and start < close for begin, close in busy)


def find_starts(windows, busy, length, earliest, limit):
    """The first free starts, some hours apart.

    :param windows: spans of working time
    :param earliest: naive UTC datetime
    :return: list of naive UTC datetimes, in time
    """
    found = []
    for begin, close in sorted(windows):
        start = _on_grid(max(begin, earliest))
        while start + length <= close and len(found) < limit:
            if is_free(start, length, None, busy):
                found.append(start)
                start += max(_on_grid_length(length), APART)
            else:
                start += GRID
    return found[:limit]


def day_spans(days, zone):
    """Whole days as spans, on which nobody comes.

    :param days: ``date`` each, as the clocks show it where the work happens
    :param zone: name of the time zone there
    """
    place = pytz.timezone(zone)

    def midnight(day):
        there = place.localize(datetime.combine(day, time.min))
        return there.astimezone(pytz.utc).replace(tzinfo=None)

    return [(midnight(day), midnight(day + timedelta(days=1))) for day in days]


def _on_grid(moment):
    return _EPOCH - (_EPOCH - moment) // GRID * GRID


def _on_grid_length(length):
    return -(-length // GRID) * GRID
