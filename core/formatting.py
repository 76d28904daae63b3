# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Dates, times and details as they stand in a text message."""

import re

import pytz
from babel.dates import format_date as _babel_date
from babel.dates import format_time as _babel_time
from babel.dates import get_timezone_name

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


def format_date(start, zone, locale, now):
    """Weekday and date; the year only when it is not the current one.

    :param start: naive UTC datetime
    :param zone: name of the time zone to write it in
    :param locale: ``babel.Locale`` of the language to write it in
    :param now: naive UTC datetime
    """
    local = localize(start, zone)
    skeleton = "MMMEd" if local.year == localize(now, zone).year else "yMMMEd"
    pattern = locale.datetime_skeletons.get(skeleton) or "EEE, d MMM y"
    return plain_spaces(_babel_date(local.date(), pattern, locale=locale))


def format_time_range(start, end, zone, locale, time_format):
    """Start and end time, like "9:00 AM - 11:00 AM".

    An end on another day is left out: "9:00 AM - 8:00 AM" would mislead.

    :param start: naive UTC datetime
    :param end: naive UTC datetime, or False
    :param zone: name of the time zone to write them in
    :param locale: ``babel.Locale`` of the language to write them in
    :param time_format: strftime's format, as Odoo's languages have it
    """
    pattern = time_format
    for directive, field in _BABEL_OF_STRFTIME.items():
        pattern = pattern.replace(directive, field)
    local = localize(start, zone)
    text = plain_spaces(_babel_time(local.timetz(), pattern, locale=locale))
    if not end or end <= start or localize(end, zone).date() != local.date():
        return text
    last = plain_spaces(
        _babel_time(localize(end, zone).timetz(), pattern, locale=locale)
    )
    return f"{text} - {last}"


def zone_name(start, zone, locale):
    """A time zone in short, like "PST" or "GMT-8", as it is at a naive UTC datetime."""
    return plain_spaces(
        get_timezone_name(localize(start, zone), width="short", locale=locale)
    )


def with_instruction(text, instruction):
    """The text with the instruction at its end, unless it says so already.

    A template without the placeholder must not lose the code of a question. The bare
    code proves nothing: a Job ID may hold the same digits.
    """
    if plain_spaces(instruction).casefold() in text.casefold():
        return text
    return f"{text[: MAX_TEXT - len(instruction) - 1]} {instruction}"
