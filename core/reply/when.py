# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Find the days and hours that a text names, and compare them with an appointment.

A customer writes "Tues 9-11", "12/2", "mañana a las 10" or "alle dieci". What is read
is kept as constraints, all of which must hold: an ambiguous "12/2" is both the 2nd of
December and the 12th of February, and is right if one of them is.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from . import calendar_words as cw
from .text import BREAK, DASH, JOINT, NUMBER, WORD

_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
# An hour without a.m. or p.m. is one in which people work.
_FIRST_HOUR = 7
_MAX_JOINERS = 3
_NOON = frozenset("noon midday midi mittag mediodia mezzogiorno meiodia".split())
# What "tarde" is never the afternoon after: "más tarde", "mais tarde".
_LATER = frozenset("mas mais muy muito demasiado".split())
_SHORT_DAYS = frozenset("mo di mi do fr sa ma wo vr za".split())
_PREDICATES = frozenset("works is yes no ok good fine doesnt isnt".split())
_BEFORE_PART = frozenset("la a da de na the in am im le il al por pela this".split())


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


# Finding --------------------------------------------------------------------------


def find_times(tokens, lang=""):
    """Return ``(start, end, When)`` of every time in ``tokens``.

    :param lang: the language in which we write to the customer, for words that mean
        a day in one language only
    """
    if not any(token.kind == NUMBER or _is_time_word(token) for token in tokens):
        return []
    reader = _Reader(tokens, lang)
    found = []
    start = 0
    while start < len(tokens):
        end, when = reader.read(start)
        if end == start:
            start += 1
        else:
            found.append((start, end, when))
            start = end
    return found


def _is_time_word(token):
    key = token.key
    return key in cw.WORDS or key in cw.WEEK or key in _NOON or key in cw.CLOCK


class _Reader:
    """Read expressions of time, one atom after the other."""

    def __init__(self, tokens, lang):
        self.tokens = tokens
        self.lang = lang
        self.size = len(tokens)

    def key(self, index):
        return self.tokens[index].key if 0 <= index < self.size else ""

    def number(self, index):
        """Return the number at ``index`` if it may be of a date or an hour."""
        if 0 <= index < self.size and self.tokens[index].kind == NUMBER:
            key = self.tokens[index].key
            if len(key) <= 4 and key.isdecimal():
                return int(key)
        return None

    def read(self, start):
        """Return the end of the expression at ``start``, and its :class:`When`."""
        when = When()
        end = self._atom(start, when)
        if end == start:
            return start, when
        while True:
            index = end
            while index < self.size and index - end < _MAX_JOINERS:
                if self._is_joiner(index) and self._atom(index, When()) == index:
                    index += 1
                else:
                    break
            before = len(when.loose)
            following = self._atom(index, when)
            if following == index:
                return end, when
            if index - end > 1 and len(when.loose) > before and not when.has_day():
                return end, when
            end = following

    def _is_joiner(self, index):
        token = self.tokens[index]
        return token.key in cw.JOINERS and token.kind in (WORD, BREAK, "symbol")

    def _atom(self, index, when):
        """Read one atom into ``when``; return where the next one may begin."""
        if index >= self.size:
            return index
        token = self.tokens[index]
        if token.kind == NUMBER:
            return self._number(index, when)
        if token.kind != WORD:
            return index
        for read in (self._coming, self._word, self._hour_in_words):
            end = read(index, when)
            if end != index:
                return end
        return index

    # Words ------------------------------------------------------------------------

    def _coming(self, index, when):
        """Read "next week", "this Friday", "semana que viene"."""
        key, after = self.key(index), self.key(index + 1)
        if key in cw.WEEK:
            for reach in (1, 2):
                if self.key(index + reach) in cw.NEXT:
                    when.week = 1
                    return index + reach + 1
            return index
        if key not in cw.NEXT and key not in cw.THIS:
            return index
        if after in cw.WEEK:
            when.week = int(key in cw.NEXT)
            return index + 2
        skip = 1 if after in cw.NEXT | cw.THIS else 0  # "this coming Monday"
        meaning = self._meaning(index + 1 + skip)
        if meaning and meaning.kind == "weekday":
            when.coming = "next" if key in cw.NEXT else "this"
            return index + 1 + skip
        return index

    def _word(self, index, when):
        meaning = self._meaning(index)
        key = self.key(index)
        if key in _NOON:
            when.hour = 12
            return index + 1
        if meaning is None:
            return index
        kind, value = meaning.kind, meaning.value
        if key in cw.BOTH_TOMORROW_AND_MORNING and self._means_morning(index, when):
            kind, value = "part", cw.MORNING
        if kind == "offset" and key == "tonight":
            when.part = cw.EVENING
        if getattr(when, kind) not in (None, value) or (kind == "month" and when.day):
            if kind != "month" or when.month is not None:
                return index  # another day begins
        setattr(when, kind, value)
        end = index + 1
        if kind == "weekday" and self.key(end) == "feira":
            end += 1
        return end

    def _means_morning(self, index, when):
        """Tell "por la mañana" and "Montag Morgen" from tomorrow."""
        before = self.key(index - 1)
        return when.has_day() or (
            self.key(index) == "manana" and before in ("la", "de")
        )

    def _meaning(self, index):
        """Return what the word at ``index`` says about time, if it does here."""
        key = self.key(index)
        meanings = cw.WORDS.get(key)
        if not meanings:
            return None
        meaning = next((m for m in meanings if m.lang == self.lang), meanings[0])
        if meaning.weak and self.lang and meaning.lang != self.lang:
            if not self._is_plain_short(index):
                return None
        if meaning.kind == "weekday" and meaning.lang == "pt" and len(meanings) == 1:
            # "segunda" is the second one in Spanish.
            feira = self.key(index + 1) == "feira" or key.endswith("feira")
            return meaning if self.lang == "pt" or feira else None
        if meaning.kind == "part" and meaning.weak and key != "tarde":
            before = cw.WORDS.get(self.key(index - 1), ())
            return meaning if any(m.kind != "part" for m in before) else None
        if meaning.kind == "part" and key == "tarde":
            before = self.key(index - 1)
            return meaning if before in _BEFORE_PART and before not in _LATER else None
        if key == "sera" and self.lang != "it" and not self._meaning(index - 1):
            return None  # "will be" in French
        if meaning.weak or meaning.kind == "month":
            beside = [self.number(index + step) for step in (-1, 1)]
            numbers = any(n is not None and n <= 31 for n in beside)
            if self.key(index - 1) in ("de", "of", "di") or self._is_ordinal_before(
                index
            ):
                numbers = True
            if meaning.weak and not numbers and not self._is_plain_short(index):
                return None
        return meaning

    def _is_ordinal_before(self, index):
        return (
            self.key(index - 1) in cw.ORDINAL_ENDS
            and self.number(index - 2) is not None
        )

    def _is_plain_short(self, index):
        """Tell whether a short form is written as a day: "Sat", "Di" in German."""
        surface = self.tokens[index].surface
        if surface[:1].isupper() and self.lang in ("de", "nl"):
            return self.key(index) in _SHORT_DAYS
        return surface in ("Mon", "Sat", "Sun") and self.lang != "fr"

    def _hour_in_words(self, index, when):
        """Read "at nine", "one o'clock", "nine to eleven", "alle dieci"."""
        value = cw.NUMBERS.get(self.key(index))
        at = self.key(index - 1) in cw.AT and self.key(index - 1) != "a"
        if self.key(index - 1) == "las" and self.key(index - 2) not in ("a", "de"):
            at = False  # "las dos": both of them
        if value is None or when.hour is not None:
            return index
        end = index + 1
        ranged = self.key(end) in cw.TO and self.key(end + 1) in cw.NUMBERS
        clock = self.key(end) in cw.CLOCK or self.key(end) in ("am", "pm")
        if not (at or ranged or clock):
            return index
        when.hour = value
        if ranged and self.key(end) not in ("and", "e", "y", "et", "und", "en", "al"):
            when.end = (cw.NUMBERS[self.key(end + 1)], 0)
            end += 2
        return self._after_hour(end, when)

    # Numbers ----------------------------------------------------------------------

    def _number(self, index, when):
        value = self.number(index)
        if value is None:
            return index
        for read in (self._date, self._ordinal, self._hour, self._loose):
            end = read(index, value, when)
            if end != index:
                return end
        return index

    def _date(self, index, value, when):
        """Read "12/2", "13.12.", "Dec 15", "4 de diciembre", "15 December 2026"."""
        separator, other = self.key(index + 1), self.number(index + 2)
        if when.month and when.day is None and 0 < value <= 31:
            when.day = value
            return self._year(self._ordinal_end(index + 1), when)
        dotted = separator == "." and self.key(index + 3) not in cw.CLOCK
        if other is not None and (separator == "/" or dotted):
            dates = tuple(
                (day, month)
                for day, month in ((value, other), (other, value))
                if 0 < day <= 31 and 0 < month <= 12
            )
            if dates and not when.dates and len(self.key(index + 2)) <= 2:
                when.dates = dates[:1] if dotted else dates
                return self._date_end(index + 3, separator)
        end = self._ordinal_end(index + 1)
        while self.key(end) in ("de", "of", ".", "di"):
            end += 1
        meaning = self._meaning(end)
        if meaning and meaning.kind == "month" and 0 < value <= 31:
            when.day, when.month = value, meaning.value
            return self._year(end + 1, when)
        return index

    def _ordinal_end(self, index):
        return index + 1 if self.key(index) in ("st", "nd", "rd", "th") else index

    def _year(self, index, when):
        year = self.number(index)
        if year is None and self.key(index) in (",", "de"):
            year = self.number(index + 1)
            return index + 2 if year is not None and year > 2000 else index
        return index + 1 if year is not None and year > 2000 else index

    def _date_end(self, index, separator):
        if self.key(index) == separator:
            year = self.number(index + 1)
            if year is not None and (year > 2000 or 20 <= year < 40):
                return index + 2
            return index + 1 if separator == "." else index
        return index

    def _ordinal(self, index, value, when):
        """Read "the 14th" beside another word for a time, or alone: "on the 14th"."""
        if self.key(index + 1) not in cw.ORDINAL_ENDS or not 0 < value <= 31:
            return index
        if self.key(index + 1) in ("a", "o", "e", "de", "ste", "er", "eme", "ieme"):
            return index
        end = index + 2
        ends = end >= self.size or self.tokens[end].kind in (BREAK, DASH, "line")
        alone = self.key(index - 1) == "the" and (
            ends or self.key(end) in cw.AT or self.key(end) in _PREDICATES
        )
        begins = index == 0 or self.tokens[index - 1].kind in (BREAK, "line")
        alone = alone or (begins and self.key(end) in _PREDICATES)
        if not (when.has_day() or alone) or when.day is not None:
            return index
        when.day = value
        return end

    def _hour(self, index, value, when):
        """Read "9:00", "14h30", "2pm", "9-11", "at 10", "8 Uhr", "ore 14"."""
        if value > 24 or when.hour is not None:
            return index
        minute, end = self._minute(index + 1)
        marked = end > index + 1
        if self.key(end) in cw.CLOCK and self._is_clock(index, end):
            marked, end = True, end + 1
        at = self.key(index - 1) in cw.AT and self.key(index - 1) not in ("a", "la")
        at = at or (self.key(index - 1) == "a" and self.lang in ("fr",) and marked)
        half = self.key(end) in ("am", "pm")
        # "9 is fine"
        at = at or (self.key(end) in ("is", "works", "suits") and value > 5)
        limit, after = self._range_end(end + half)
        if self.key(end) in ("a", "al", "alle") and not (marked or half or at):
            limit = None  # "vendredi 4 à 8h"
        ranged = limit is not None and (
            half
            or marked
            or at
            or when.weekday is not None
            or when.offset is not None
            or self.key(end) == "-"
            or self.key(after) in cw.CLOCK | {"am", "pm"}
        )
        if not (marked or at or half or ranged) or self._is_duration(after):
            return index
        when.hour, when.minute = value, minute
        if half:
            end = self._after_hour(end, when)
        if limit is not None and (ranged or half):
            return self._after_range(after, limit, when)
        return end if half else self._after_hour(end, when)

    def _after_range(self, end, limit, when):
        """Keep the end of "9-11am", whose half of the day is that of 11 only."""
        hour, minute = limit
        if self.key(end) in ("am", "pm"):
            hour = hour % 12 + cw.HALVES[self.key(end)]
            end += 1
        elif self.key(end) in ("uhr", "uur", "h"):
            end += 1
        when.end = (hour, minute)
        return end

    def _minute(self, index):
        minute = self.number(index + 1)
        two = minute is not None and len(self.key(index + 1)) == 2 and minute < 60
        if two and self.key(index) in (":", "h"):
            return minute, index + 2
        if two and self.key(index) == "." and self.key(index + 2) in cw.CLOCK:
            return minute, index + 2
        return 0, index

    def _is_clock(self, index, end):
        """Tell an hour from a duration: "10 horas" is one after "a las" only."""
        if self.key(end) in ("uhr", "uur", "h", "oclock", "u", "clock"):
            return True
        return self.key(index - 1) in cw.AT or self.key(end) in ("heures", "heure")

    def _range_end(self, index):
        """Return the (hour, minute) behind "-" or "to", and where it ends."""
        if self.key(index) not in cw.TO or self.number(index + 1) is None:
            return None, index
        value = self.number(index + 1)
        if value > 24:
            return None, index
        minute, end = self._minute(index + 2)
        if self.key(end) in ("uhr", "uur", "h"):
            end += 1
        return (value, minute), end

    def _is_duration(self, index):
        return self.key(index) in (
            "min mins minutes minuten minutos minuti hours hrs stunden horas ore "
            "day days weeks times".split()
        )

    def _after_hour(self, end, when):
        if self.key(end) in ("am", "pm"):
            when.half = cw.HALVES[self.key(end)]
            end += 1
        elif self.key(end) in ("oclock", "uhr", "uur", "h", "clock"):
            end += 1
            if self.key(end - 1) == "clock" or self.key(end) == "clock":
                end += self.key(end) == "clock"
        return end

    def _loose(self, index, value, when):
        """Read the number after a day: "lunes 7", "Monday 10"."""
        day = when.weekday is not None or when.offset is not None
        after = self.tokens[index + 1] if index + 1 < self.size else None
        ends = after is None or after.kind not in (NUMBER, JOINT)
        if day and ends and value <= 31 and not self._is_duration(index + 1):
            if self.key(index - 1) in cw.AT - {"a", "la"}:
                when.hour = value
            else:
                when.loose.append(value)
            return index + 1
        return index
