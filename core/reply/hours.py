# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read the hours of a text: "9:00", "2pm", "9-11", "halb acht", "las tres y media"."""

from . import calendar_words as cw
from .text import NUMBER

NOON = frozenset("noon midday midi mittag mediodia mezzogiorno meiodia".split())
_DURATIONS = frozenset(
    "min mins minutes minuten minutos minuti hours hrs stunden horas ore day days "
    "weeks times".split()
)
HOURS_LONG = frozenset("ore horas hrs hs".split())
# From then on "horas" behind a number is an hour, before it may be how many.
_FIRST_HOUR = 7
HALVES = ("am", "pm")
_MARKS = ("oclock", "uhr", "uur", "h", "clock")
# After these a number counts doors or floors: "number 17 is the blue one".
_COUNTED = frozenset(
    "number num no nr unit apt apartment house flat suite room door gate code floor "
    "level casa puerta porta appartement wohnung haus huis kamer".split()
)


class HourReader:
    """Read the hour that a token begins, into a :class:`~.when.When`."""

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

    def _part_of_hour(self, index, when):
        """Read "half past three", "halb acht", "kwart voor negen", "quarter to 4"."""
        part = cw.PARTS_OF_HOUR.get(self.key(index))
        if part is None or when.hour is not None:
            return index
        sign = cw.PAST_OR_TO.get(self.key(index + 1))
        end = index + 1 + (sign is not None)
        hour = cw.NUMBERS.get(self.key(end), self.number(end))
        if hour is None or not 0 < hour <= 24:
            return index
        if sign is None and part != 30:
            return index
        if sign is None:
            back = self.key(index) == "halb" or self.lang in ("nl", "de")
            sign = -1 if back else 1
        when.hour = hour if sign > 0 else hour - 1 or 12
        when.minute = part if sign > 0 else 60 - part
        return self._after_clock(end + 1, when)

    def _minutes_behind(self, index):
        """Return the minutes that follow an hour, and where they end: "y media"."""
        for words, minutes in cw.MINUTES_BEHIND.items():
            end = index + len(words)
            if all(self.key(index + n) == word for n, word in enumerate(words)):
                return minutes, end
        return 0, index

    def _is_at_word(self, index):
        before = self.key(index - 1)
        if before == "las" and self.key(index - 2) not in ("a", "de"):
            return False  # "las dos": both of them
        return before in cw.AT and before != "a"

    def _hour(self, index, value, when):
        """Read "9:00", "14h30", "2pm", "9-11", "at 10", "8 Uhr", "ore 14"."""
        if value > 24 or when.hour is not None:
            return index
        minute, end = self._minute(index + 1)
        if end == index + 1:
            minute, end = self._minute_after_date(index, when)
        marked = end > index + 1
        if self.key(end) in cw.CLOCK and self._is_clock(index, end):
            marked, end = True, end + 1
        elif self.key(end) in HOURS_LONG and self._is_late(index, when):
            marked, end = True, end + 1
        marked = marked or self._minutes_behind(end)[1] > end
        half = self.key(end) in HALVES
        certain = marked or half or self._is_at(index, end, value, marked)
        limit, after = self._range_end(end + half)
        leads = certain or self.key(index - 1) in cw.FROM
        if limit and not self._is_range(end, after, when, leads):
            limit = None
        if not (certain or limit) or self._is_duration(after):
            return index
        when.hour, when.minute = value, minute
        if half or limit is None:
            end = self._after_hour(end, when)
        return end if limit is None else self._after_range(after, limit, when)

    def _is_at(self, index, end, value, marked):
        """Tell an hour by what stands beside the number: "at 9", "9 is fine"."""
        before = self.key(index - 1)
        if before in cw.AT and before not in ("a", "la"):
            return True
        if before == "a" and self.lang == "fr" and marked:
            return True
        if before in _COUNTED:
            return False
        return self.key(end) in ("is", "works", "suits") and value > 5

    def _is_range(self, end, after, when, certain):
        """Tell "9 to 11" from "vendredi 4 à 8h"."""
        if self.key(end) in ("a", "al", "alle") and not certain:
            return False
        return (
            certain
            or when.weekday is not None
            or when.offset is not None
            or self.key(end) == "-"
            or self.key(after) in cw.CLOCK
            or self.key(after) in HALVES
            or self.key(after - 1) in NOON
        )

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

    def _minute_after_date(self, index, when):
        """Read the minutes of "2. September 10.15", "alle 8 e 30"."""
        minute = self.number(index + 2)
        if minute is None or len(self.key(index + 2)) != 2 or minute >= 60:
            return 0, index + 1
        joined = self.key(index + 1) in cw.AND_MINUTES and not minute % 15
        dotted = self.key(index + 1) == "." and when.day and when.month
        if dotted or (joined and self.key(index - 1) in cw.AT):
            return minute, index + 3
        return 0, index + 1

    def _is_late(self, index, when):
        """Tell the hour of "mañana 9 hs" from "2 horas"."""
        value = cw.NUMBERS.get(self.key(index), self.number(index))
        return when.has_day() and value is not None and value >= _FIRST_HOUR

    def _is_clock(self, index, end):
        """Tell an hour from a duration: "10 horas" is one after "a las" only."""
        if self.key(end) in ("uhr", "uur", "h", "oclock", "u", "clock"):
            return True
        return self.key(index - 1) in cw.AT or self.key(end) in ("heures", "heure")

    def _range_end(self, index):
        """Return the (hour, minute) behind "-" or "to", and where it ends."""
        if self.key(index) in cw.TO and self.key(index + 1) in NOON:
            return (12, 0), index + 2
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
        return self.key(index) in _DURATIONS

    def _after_hour(self, end, when):
        """Read what may stand behind an hour: "am", "Uhr", "y media"."""
        end = self._after_clock(end, when)
        minutes, after = self._minutes_behind(end)
        if after == end:
            return end
        when.minute = minutes
        if minutes > 30:
            when.hour, when.minute = when.hour - 1 or 12, minutes
        return self._after_clock(after, when)

    def _after_clock(self, end, when):
        if self.key(end) in HALVES:
            when.half = cw.HALVES[self.key(end)]
            return end + 1
        return end + 1 if self.key(end) in (*_MARKS, *cw.HOURS) else end
