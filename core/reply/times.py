# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Find the days and hours that a text names: "Tues 9-11", "mañana a las 10"."""

from . import calendar_words as cw
from .hours import HALVES, HOURS_LONG, NOON, HourReader
from .text import BREAK, DASH, JOINT, LINE, NUMBER, SYMBOL, WORD
from .when import When

_MAX_JOINERS = 3
# What "tarde" is never the afternoon after: "más tarde", "mais tarde".
_LATER = frozenset("mas mais muy muito demasiado".split())
_SHORT_DAYS = frozenset("mo di mi do fr sa ma wo vr za".split())
_ENGLISH_DAYS = frozenset("mon sat sun".split())
_PREDICATES = frozenset(
    "works is yes no ok okay good fine doesnt isnt only please instead wont".split()
)
_BEFORE_PART = frozenset("la a da de na the in am im le il al por pela this".split())

_ANDS = ("and", "e", "y", "et", "und", "en", "al")
_MAX_CLOCK = 12
# No hours when they stand alone: also articles, and "at the".
_ARTICLES = frozenset("one una une ein een uma un".split())
# These end the number of a floor in some languages as well: "2 o", "3 e".
_WEAK_ENDS = ("a", "o", "e", "de", "ste", "er", "eme", "ieme")
# A text without one of these, and without a number, names no time.
_TIME_WORDS = frozenset(NOON).union(
    cw.WORDS,
    cw.WEEK,
    cw.CLOCK,
    cw.PARTS_OF_HOUR,
    cw.ORDINALS,
    cw.NUMBERS,
    cw.COMPOUNDS,
)
# What an expression of time may begin with.
_FIRST_WORDS = _TIME_WORDS.union(
    cw.PHRASE_STARTS, cw.NEXT, cw.THIS, ("twenty", "thirty")
)


def find_times(tokens, lang=""):
    """Return ``(start, end, When)`` of every time in ``tokens``.

    :param lang: the language in which we write to the customer, for words that mean
        a day in one language only
    """
    if not any(t.kind == NUMBER or t.key in _TIME_WORDS for t in tokens):
        return []
    reader = _Reader(tokens, lang)
    found = []
    start = 0
    while start < len(tokens):
        end, when = reader.read_at(start)
        if end == start:
            start += 1
        else:
            found.append((start, end, when))
            start = end
    return found


class _Reader(HourReader):
    """Read expressions of time, one atom after the other."""

    def read_at(self, start):
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
        return token.key in cw.JOINERS and token.kind in (WORD, BREAK, SYMBOL)

    def _atom(self, index, when):
        """Read one atom into ``when``; return where the next one may begin."""
        if index >= self.size:
            return index
        token = self.tokens[index]
        if token.kind == NUMBER:
            return self._number(index, when)
        if token.kind != WORD or token.key not in _FIRST_WORDS:
            return index
        for read in (
            self._days_ahead,
            self._coming,
            self._ordinal_in_words,
            self._part_of_hour,
            self._word,
            self._hour_in_words,
        ):
            end = read(index, when)
            if end != index:
                return end
        return index

    # Words ------------------------------------------------------------------------

    def _days_ahead(self, index, when):
        """Read "the day after tomorrow", "pasado mañana", "a primera hora"."""
        if self.key(index) not in cw.PHRASE_STARTS:
            return index
        for words in cw.EARLY:
            if when.part is None and self._has(index, words):
                when.part = cw.MORNING
                return index + len(words)
        for words, days in cw.DAYS_AHEAD.items():
            end = index + len(words)
            if when.offset is None and self._has(index, words):
                when.offset = days
                return end
        return index

    def _has(self, index, words):
        return all(self.key(index + n) == word for n, word in enumerate(words))

    def _ordinal_in_words(self, index, when):
        """Read "Monday the fifteenth", "the twenty first of March"."""
        tens = {"twenty": 20, "thirty": 30}.get(self.key(index), 0)
        end = index + 1 + bool(tens)
        value = tens + cw.ORDINALS.get(self.key(end - 1), 0) if end else 0
        if not tens < value <= 31 or when.day is not None:
            return index
        month = self._meaning(end + (self.key(end) == "of"))
        if not (when.has_day() or (month and month.kind == "month")):
            return index
        when.day = value
        return end + (self.key(end) == "of")

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
        if key in NOON:
            when.hour = 12
            return self._after_hour(index + 1, when)
        compound = cw.COMPOUNDS.get(key)
        if compound and when.weekday is None and when.part is None:
            when.weekday, when.part = compound
            return index + 1
        if meaning is None:
            return index
        kind, value = meaning.kind, meaning.value
        if key in cw.BOTH_TOMORROW_AND_MORNING and self._means_morning(index, when):
            kind, value = "part", cw.MORNING
        if kind == "offset" and key == "tonight":
            when.part = cw.EVENING
        said = getattr(when, kind)
        if said is not None and (said != value or (kind == "month" and when.day)):
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
        meanings = cw.WORDS.get(self.key(index))
        if not meanings or self.tokens[index].surface.lower() == "we'd":
            return None
        meaning = next((m for m in meanings if m.lang == self.lang), meanings[0])
        if meaning.lang != self.lang and self.key(index) in cw.NUMBERS:
            return None  # "dez" is ten in Portuguese
        if meaning.weak and self.lang and meaning.lang != self.lang:
            if not self._is_plain_short(index):
                return None
        if meaning.kind == "part":
            return meaning if self._is_part(index, meaning) else None
        if self._is_ordinal_elsewhere(index, meaning):
            return None
        if meaning.weak and not self._is_beside_number(index):
            return meaning if self._is_plain_short(index) else None
        return meaning

    def _is_ordinal_elsewhere(self, index, meaning):
        """Tell whether "segunda" may be the second one in Spanish."""
        key = self.key(index)
        if meaning.lang != "pt" or meaning.kind != "weekday" or len(cw.WORDS[key]) > 1:
            return False
        feira = "feira" in (self.key(index + 1), key[-5:])
        return self.lang != "pt" and not feira

    def _is_part(self, index, meaning):
        """Tell whether a word is a part of the day here, and no "later"."""
        key, before = self.key(index), self.key(index - 1)
        if key == "tarde":
            return before in _BEFORE_PART and before not in _LATER
        if meaning.weak:
            return any(m.kind != "part" for m in cw.WORDS.get(before, ()))
        if key == "sera" and self.lang != "it":
            return bool(self._meaning(index - 1))
        return True

    def _is_beside_number(self, index):
        beside = [self.number(index + step) for step in (-1, 1)]
        return (
            any(n is not None and n <= 31 for n in beside)
            or self.key(index - 1) in ("de", "of", "di")
            or self._is_ordinal_before(index)
        )

    def _is_ordinal_before(self, index):
        return (
            self.key(index - 1) in cw.ORDINAL_ENDS
            and self.number(index - 2) is not None
        )

    def _is_plain_short(self, index):
        """Tell whether a short form is written as a day: "Sat", "Di" in German."""
        surface = self.tokens[index].surface
        if self.lang == "en" and self.key(index) in _ENGLISH_DAYS:
            if self.key(index + 1) in _PREDICATES:
                return True
        if surface[:1].isupper() and self.lang in ("de", "nl"):
            return self.key(index) in _SHORT_DAYS
        return surface in ("Mon", "Sat", "Sun") and self.lang != "fr"

    def _hour_in_words(self, index, when):
        """Read "at nine", "one o'clock", "nine to eleven", "alle dieci"."""
        value = cw.NUMBERS.get(self.key(index))
        if value is None or when.hour is not None:
            return index
        end = index + 1
        if value > _MAX_CLOCK and self._meaning(index - 1) and not self._is_timed(end):
            when.loose.append(value)  # "viernes trece"
            return end
        limit = cw.NUMBERS.get(self.key(end + 1))
        limit = 12 if self.key(end + 1) in NOON else limit
        ranged = self.key(end) in cw.TO and limit is not None
        if not (ranged or self._is_hour_word(index, when)):
            return index
        when.hour = value
        between = self.key(index - 1) in cw.BETWEEN
        if ranged and (between or self.key(end) not in _ANDS):
            when.end = (limit, 0)
            end += 2
        return self._after_hour(end, when)

    def _is_timed(self, index):
        """Tell whether what stands at ``index`` makes the number before an hour."""
        key, after = self.key(index), self.key(index + 1)
        if key in cw.TO:
            return after in cw.NUMBERS or self.number(index + 1) is not None
        return key in cw.CLOCK or key in HOURS_LONG or key in HALVES

    def _is_hour_word(self, index, when):
        """Tell the hour of "at nine", "one o'clock", "nove e meia", "Monday nine"."""
        end = index + 1
        if self.key(end) in HOURS_LONG:
            return self._is_at_word(index) or self._is_late(index, when)  # "due ore"
        if self.key(end) in cw.CLOCK or self.key(end) in HALVES:
            return True
        if self._is_at_word(index) or self._minutes_behind(end)[1] > end:
            return True
        if self.key(index) in _ARTICLES or self._is_duration(end):
            return False
        meaning = self._meaning(end)
        return when.has_day() or bool(meaning and meaning.kind in ("offset", "weekday"))

    # Numbers ----------------------------------------------------------------------

    def _number(self, index, when):
        value = self.number(index)
        if value is None:
            return index
        if self.key(index - 1) == "dia" and when.day is None and 0 < value <= 31:
            when.day = value  # "dia 4"
            return max(self._date_with_month(index, value, when), index + 1)
        for read in (self._date, self._ordinal, self._hour, self._loose):
            end = read(index, value, when)
            if end != index:
                return end
        return index

    def _date(self, index, value, when):
        """Read "12/2", "13.12.", "Dec 15", "4 de diciembre", "15 December 2026"."""
        if not 0 < value <= 31:
            return index
        if when.month and when.day is None:
            when.day = value
            return self._year(self._ordinal_end(index + 1))
        end = self._date_in_numbers(index, value, when)
        return end if end != index else self._date_with_month(index, value, when)

    def _date_in_numbers(self, index, value, when):
        separator, other = self.key(index + 1), self.number(index + 2)
        dotted = separator == "." and self.key(index + 3) not in cw.CLOCK
        if other is None or when.dates or not (separator == "/" or dotted):
            return index
        if dotted and (when.day or other > 12):
            return index  # "2. September 10.15"
        dates = tuple(
            (day, month)
            for day, month in ((value, other), (other, value))
            if 0 < day <= 31 and 0 < month <= 12
        )
        if not dates or len(self.key(index + 2)) > 2:
            return index
        when.dates = dates[:1] if dotted else dates
        return self._date_end(index + 3, separator)

    def _date_with_month(self, index, value, when):
        end = self._ordinal_end(index + 1)
        while self.key(end) in ("de", "of", ".", "di"):
            end += 1
        meaning = self._meaning(end)
        if not meaning or meaning.kind != "month":
            return index
        when.day, when.month = value, meaning.value
        return self._year(end + 1)

    def _ordinal_end(self, index):
        return index + 1 if self.key(index) in ("st", "nd", "rd", "th") else index

    def _year(self, index):
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
        if self.key(index + 1) in _WEAK_ENDS:
            return index
        end = index + 2
        if not (when.has_day() or self._is_lone_day(index, end)):
            return index
        if when.day is not None:
            return index
        when.day = value
        return end

    def _is_lone_day(self, index, end):
        """Tell whether "the 14th" is a day though nothing else says so."""
        predicate = self.key(end) in _PREDICATES
        if self.key(index - 1) == "the":
            ends = end >= self.size or self.tokens[end].kind in (BREAK, DASH, LINE)
            return ends or predicate or self.key(end) in cw.AT
        begins = index == 0 or self.tokens[index - 1].kind in (BREAK, LINE)
        return begins and predicate

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
