# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The days and hours that a text names, compared with an appointment.

A customer writes "Tues 9-11", "12/2", "mañana a las 10" or "alle dieci". What is read
is kept as constraints, all of which must hold: an ambiguous "12/2" is both the 2nd of
December and the 12th of February, and is right if one of them is.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from . import calendar_words as cw

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
# An hour without a.m. or p.m. is one in which people work.
_FIRST_HOUR = 7


@dataclass(slots=True)
class When:
    """What one expression says about a time; None where it says nothing."""

    weekday: int | None = None
    offset: int | None = None  # days from today
    week: int | None = None  # 0 this week, 1 the next one
    coming: str | None = None  # "this" or "next" before a weekday
    day: int | None = None
    month: int | None = None
    dates: tuple = ()  # (day, month), one of which is meant
    loose: list = field(default_factory=list)  # a day or an hour
    hour: int | None = None
    minute: int = 0
    half: int | None = None  # 0 a.m., 12 p.m.
    end: tuple | None = None  # (hour, minute)
    part: str | None = None

    def is_empty(self):
        return self == When()

    def has_day(self):
        return bool(
            self.weekday is not None
            or self.offset is not None
            or self.week is not None
            or self.day
            or self.dates
            or self.month
        )

    def matches(self, start, end, today):
        """Tell whether all that is said is true of an appointment, in local time."""
        return (
            self._matches_day(start.date(), today)
            and all(n in (start.day, start.hour, start.hour % 12) for n in self.loose)
            and (
                self.hour is None
                or self._is_hour(self.hour, self.minute, start, self.half)
            )
            and (self.end is None or self._is_hour(*self.end, end))
            and (self.part is None or self.part in parts_of(start))
        )

    def _matches_day(self, day, today):
        return (
            (self.weekday is None or self.weekday == day.weekday())
            and (self.offset is None or today + self.offset * _DAY == day)
            and (self.week is None or self.week == _weeks_between(today, day))
            and (self.day is None or self.day == day.day)
            and (self.month is None or self.month == day.month)
            and (not self.dates or (day.day, day.month) in self.dates)
            and (self.coming is None or self._is_coming(day, today))
        )

    def _is_coming(self, day, today):
        """Tell whether "next Friday" is this day: also the first one to come."""
        weeks = _weeks_between(today, day)
        if self.coming == "next":
            return weeks == 1
        return _DAY <= day - today <= _WEEK or day == today

    @staticmethod
    def _is_hour(hour, minute, moment, half=None):
        if minute != moment.minute:
            return False
        if half is not None:
            return hour % 12 + half == moment.hour
        return hour == moment.hour or (hour <= 12 and hour % 12 == moment.hour % 12)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A day that a customer proposes, with an hour or a part of the day, or neither."""

    day: date
    at: time | None = None
    part: str | None = None  # "morning", "afternoon", "evening"

    def __str__(self):
        if self.at:
            return datetime.combine(self.day, self.at).isoformat("T", "minutes")
        return f"{self.day} {self.part}" if self.part else str(self.day)


def parts_of(moment):
    """Return the parts of the day that an hour may be called."""
    parts = []
    if moment.hour < 12:
        parts.append(cw.MORNING)
    if 12 <= moment.hour < 18:
        parts.append(cw.AFTERNOON)
    if moment.hour >= 17:
        parts.append(cw.EVENING)
    return parts


def _weeks_between(today, day):
    monday = today - today.weekday() * _DAY
    return (day - monday).days // 7


# Proposals ------------------------------------------------------------------------


def propose(when, start, today, *, same_time=False):
    """Return the :class:`Proposal` that ``when`` is, or None; it is never in the past.

    :param start: the local start of the appointment that is refused
    :param today: the local date
    :param same_time: the hour of the appointment is proposed
    """
    day = _proposed_day(when, start.date(), today)
    if day is None or day < today:
        return None
    hour = when.hour
    if hour is None and when.loose and when.has_day():
        hour = when.loose[-1] if when.day or when.loose[-1] <= 12 else None
    if hour is not None and hour < 24:
        return Proposal(day, time(_hour_of_work(hour, when), when.minute))
    if same_time:
        return Proposal(day, start.time())
    return Proposal(day, part=when.part)


def _hour_of_work(hour, when):
    if when.half is not None:
        return hour % 12 + when.half
    late = when.part in (cw.AFTERNOON, cw.EVENING) and hour < 12
    return hour + 12 if late or hour < _FIRST_HOUR else hour


def _proposed_day(when, appointed, today):
    if when.dates or when.day:
        dates = when.dates or ((when.day, when.month),)
        found = [_next_date(day, month, today) for day, month in dates]
        found = sorted(day for day in found if day)
        return found[0] if found else None
    if when.offset is not None:
        return today + when.offset * _DAY
    if when.weekday is not None:
        return _next_weekday(when, appointed, today)
    if when.hour is not None and when.week is None and when.month is None:
        return appointed
    return None


def _next_date(day, month, today):
    """Return the next such date; without a month the next such day of a month."""
    for offset in range(13):
        months = today.month - 1 + offset
        year, candidate = today.year + months // 12, months % 12 + 1
        if month not in (None, candidate):
            continue
        try:
            found = date(year, candidate, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def _next_weekday(when, appointed, today):
    if when.week is not None or when.coming == "next":
        after = appointed if when.week is None else today
        monday = today - today.weekday() * _DAY
        day = monday + (when.week or 1) * _WEEK + when.weekday * _DAY
        while when.week is None and day <= after:
            day += _WEEK
        return day
    # The nearest one to the appointment that is refused, of those to come.
    day = appointed - _WEEK + (when.weekday - appointed.weekday()) % 7 * _DAY
    days = [day + weeks * _WEEK for weeks in range(4)]
    coming = [d for d in days if d > today and d != appointed]
    return min(coming, key=lambda d: (abs(d - appointed), d < appointed), default=None)
