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
# The hours in which somebody comes to a place far from where the hours are set.
DAY = (7, 20)
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


def find_full(spans, capacity):
    """Return the spans in which at least ``capacity`` of the given ones overlap."""
    # Where one ends as another begins, both have room.
    ends = sorted(
        [(begin, 1) for begin, _close in spans]
        + [(close, -1) for _begin, close in spans]
    )
    found, count, full_from = [], 0, None
    for moment, step in ends:
        count += step
        if count >= capacity and full_from is None:
            full_from = moment
        elif count < capacity and full_from is not None:
            found.append((full_from, moment))
            full_from = None
    return found


def find_starts(windows, busy, length, earliest, limit):
    """The first free starts, some hours apart.

    What takes a day or more begins with a window, whatever comes behind it.

    :param windows: spans of working time
    :param earliest: naive UTC datetime
    :return: list of naive UTC datetimes, in time
    """
    found = []
    windows = sorted(windows)
    if length >= timedelta(days=1):
        return _find_long_starts(windows, busy, length, earliest, limit)
    for begin, close in windows:
        start = _on_grid(max(begin, earliest))
        while start + length <= close and len(found) < limit:
            if is_free(start, length, None, busy):
                found.append(start)
                start += max(_on_grid_length(length), APART)
            else:
                start += GRID
    return found[:limit]


def _find_long_starts(windows, busy, length, earliest, limit):
    found = []
    for begin, _close in windows:
        is_apart = not found or begin - found[-1] >= length
        if begin >= earliest and is_apart and is_free(begin, length, None, busy):
            found.append(begin)
    return found[:limit]


def by_day(windows, zone):
    """What is left of spans in the daytime of a place, in which one may come.

    :param zone: name of the time zone there
    """
    place = pytz.timezone(zone)
    left = []
    for begin, close in windows:
        day = pytz.utc.localize(begin).astimezone(place).date()
        while (morning := _at(place, day, DAY[0])) < close:
            part = max(begin, morning), min(close, _at(place, day, DAY[1]))
            left += [part] if part[0] < part[1] else []
            day += timedelta(days=1)
    return left


def _at(place, day, hour):
    there = place.localize(datetime.combine(day, time(hour)))
    return there.astimezone(pytz.utc).replace(tzinfo=None)


def day_spans(days, zone):
    """Whole days as spans, on which nobody comes.

    :param days: ``date`` each, as the clocks show it where the work happens
    :param zone: name of the time zone there
    """
    place = pytz.timezone(zone)
    return [
        (_at(place, day, 0), _at(place, day + timedelta(days=1), 0)) for day in days
    ]


def _on_grid(moment):
    return _EPOCH - (_EPOCH - moment) // GRID * GRID


def _on_grid_length(length):
    return -(-length // GRID) * GRID
