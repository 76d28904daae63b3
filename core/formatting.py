# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Dates, times and details as they are written in a text message."""

import re
from datetime import time

import pytz
from babel.dates import format_date as _babel_date
from babel.dates import format_time as _babel_time

MAX_TEXT = 1600  # characters, Twilio's limit
# A detail as long as this says enough. Longer ones would push out of the text how to
# answer and how to opt out, which stand at its end.
MAX_DETAIL = 200
# strftime's directives in the time formats of Odoo's languages, as babel writes them.
_BABEL_OF_STRFTIME = {
    ":%S": "",  # Seconds say nothing here; Odoo's own formats always have them.
    ".%S": "",
    "%H": "HH",
    "%-I": "h",
    "%I": "h",
    "%M": "mm",
    "%p": "a",
}


def localize(utc, zone):
    """A naive UTC datetime as an aware one in a time zone, given by its name."""
    return pytz.utc.localize(utc).astimezone(pytz.timezone(zone))


def choose_language(texts, wanted):
    """The language in which somebody gets a text that isn't in every language.

    Dates in one language don't go into a text of another.

    :param texts: dict of a language's code to the text in it; the one of ``en_US`` is
        there always, and is a copy if the text was first written in another language
    :param wanted: codes of languages, the most wanted first
    """
    original = texts.get("en_US")
    copied = [code for code in texts if code[:2] != "en" and texts[code] == original]
    source = copied[0] if copied else "en_US"
    for code in wanted:
        related = sorted(each for each in texts if each[:2] == code[:2])
        for each in (code, *related):
            if each[:2] == source[:2] or texts.get(each, original) != original:
                return each
    return source


def shorten(text):
    """A name or address with a length that leaves room for the rest of the text."""
    if not text or len(text) <= MAX_DETAIL:
        return text
    return text[: MAX_DETAIL - 3].rstrip() + "..."


def plain_spaces(text):
    """One ordinary space wherever there was any white space.

    Languages put no-break spaces into dates and times; a single one of them would
    more than halve the room in a text message.
    """
    return re.sub(r"\s+", " ", text).strip()


def plain_reason(text):
    """What a person gave as a reason, "" when it says nothing: no letter, no digit."""
    text = plain_spaces(text or "")
    return text if any(char.isalnum() for char in text) else ""


def format_date(start, zone, locale, now, weekday="E"):
    """Weekday and date; the year only when it is not the current one.

    :param start: naive UTC datetime
    :param zone: name of the time zone to write it in
    :param locale: ``babel.Locale`` of the language to write it in
    :param now: naive UTC datetime
    :param weekday: "" leaves it out
    """
    local = localize(start, zone)
    year = "" if local.year == localize(now, zone).year else "y"
    known = locale.datetime_skeletons
    pattern = known.get(f"{year}MMM{weekday}d") or "EEE, d MMM y"
    return plain_spaces(_babel_date(local.date(), pattern, locale=locale))


def is_whole_day(start, end, zone):
    """Tell whether an appointment takes whole days where the work happens.

    :param start, end: naive UTC datetimes, or False
    """
    if not start or not end or end <= start:
        return False
    first, last = localize(start, zone).time(), localize(end, zone).time()
    return first == time(0) and (last == time(0) or last >= time(23, 59))


def format_time_range(start, end, zone, locale, time_format, reader=None):
    """Start and end time, like "9:00 AM - 11:00 AM".

    An end on another day is left out: "9:00 AM - 8:00 AM" would mislead. The time zone
    is named where the reader lives by other clocks, and where an hour comes twice.

    :param start: naive UTC datetime
    :param end: naive UTC datetime, or False
    :param zone: name of the time zone to write them in
    :param locale: ``babel.Locale`` of the language to write them in
    :param time_format: strftime's format, as Odoo's languages have it
    :param reader: name of the reader's time zone, "" when it is not known; None for
        a reader who is where the work happens
    """
    pattern = _babel_pattern(time_format)
    shown = [localize(start, zone)]
    if end and end > start and localize(end, zone).date() == shown[0].date():
        shown.append(localize(end, zone))
    texts = [
        plain_spaces(_babel_time(local.timetz(), pattern, locale=locale))
        for local in shown
    ]
    is_elsewhere = reader is not None and is_other_time(start, zone, reader)
    if is_elsewhere or any(_comes_twice(local) for local in shown):
        names = [_name_zone(local) for local in shown]
        if names[0] == names[-1]:
            return f"{' - '.join(texts)} {names[0]}"
        texts = [f"{text} {name}" for text, name in zip(texts, names, strict=True)]
    return " - ".join(texts)


def format_hour(hour, locale, time_format):
    """An hour of the day as the language writes it: "9 AM", "09:00".

    :param hour: 0 to 23
    :param locale, time_format: see :func:`format_time_range`
    """
    pattern = _babel_pattern(time_format)
    if "a" in pattern:
        pattern = re.sub("[:.]?mm", "", pattern.replace("hh", "h"))
    return plain_spaces(_babel_time(time(hour), pattern, locale=locale))


def _babel_pattern(time_format):
    for directive, field in _BABEL_OF_STRFTIME.items():
        time_format = time_format.replace(directive, field)
    return time_format


def _name_zone(local):
    """Return the usual short name of an aware datetime's zone, or its distance."""
    name = local.tzname() or ""
    return name if name.isalpha() else f"UTC{local.strftime('%z')}"


def _comes_twice(local):
    """Tell whether the clock shows this time a second time on that day."""
    zone = local.tzinfo.zone
    naive = local.replace(tzinfo=None)
    try:
        pytz.timezone(zone).localize(naive, is_dst=None)
    except pytz.AmbiguousTimeError:
        return True
    return False


def is_other_time(start, zone, reader):
    """Tell whether the reader's clock shows another time than that of a place.

    :param start: naive UTC datetime
    :param zone: name of the place's time zone
    :param reader: name of the reader's, "" when it is not known
    """
    if reader not in pytz.all_timezones_set:
        return True
    return localize(start, reader).utcoffset() != localize(start, zone).utcoffset()


def with_instruction(text, instruction):
    """The text with the instruction at its end, unless it says so already.

    A template without the placeholder must not lose the code of a question. The bare
    code proves nothing: a Job ID may hold the same digits.
    """
    if plain_spaces(instruction).casefold() in text.casefold():
        return text
    return f"{text[: MAX_TEXT - len(instruction) - 1]} {instruction}"
