# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Phone numbers as people type them, and in the one form they are compared in."""

import functools
import re
import unicodedata
from typing import NamedTuple

import phonenumbers

_FEWEST_DIGITS = 3
# With this many digits it is a number from its start, and no part of one.
_WHOLE_NUMBER = 7


def digits_to_find(text):
    """The digits to look for in E.164 numbers, "" when no number is meant.

    >>> digits_to_find("+44 (0)7400 123456")
    '447400123456'
    >>> digits_to_find("0123")
    '0123'
    >>> digits_to_find("Maria 2")
    ''
    """
    if re.search(r"[^\W\d_]", text):
        return ""  # Letters: a name or a job, no number.
    # +44 (0)7400 is written for +44 7400.
    text = re.sub(r"(?<=\d)\s*\(0\)", "", text)
    # Digits of other scripts, and full-width ones, count as well.
    digits = "".join(str(unicodedata.digit(char)) for char in text if char.isdigit())
    # 00 and a national 0 stand for what E.164 leaves out; a few digits are a part of a
    # number, in which a 0 is a 0.
    national = digits.removeprefix("00").lstrip("0")
    if len(national) >= _WHOLE_NUMBER:
        digits = national
    return digits if len(digits) >= _FEWEST_DIGITS else ""


def hide_numbers(text):
    """A sentence without the phone numbers in it, as Twilio writes them.

    >>> hide_numbers("21608: The number +12025550123 is unverified.")
    '21608: The number +… is unverified.'
    """
    return re.sub(r"\+\d{7,15}", "+…", text)


# Normal form ----------------------------------------------------------------------

# Channels that Twilio writes before a number.
_CHANNEL = re.compile(r"^\s*(?:rcs|whatsapp|sms|tel|messenger):\s*", re.IGNORECASE)
_E164 = re.compile(r"\+[1-9]\d{6,14}")
_MEXICO, _ARGENTINA, _BRAZIL = 52, 54, 55
# Countries whose mobile numbers are written in two ways.
_TWO_WAYS = ("+52", "+54", "+55")
EXTENSION, INVALID = "extension", "invalid"


class Number(NamedTuple):
    """A phone number in its normal form, or why it has none."""

    e164: str  # "" if it has none
    problem: str = ""  # "extension", "invalid", or ""
    extension: str = ""  # "12" of "202-555-0143 x12"


# A board of a day reads the same numbers over and over.
@functools.lru_cache(maxsize=8192)
def read_number(text, region=""):
    """Return the :class:`Number` that ``text`` is, to send to and to compare by.

    One number is written in one way, however it came in: Mexico without the 1 after
    +52, mobile numbers of Argentina and Brazil with their 9, no channel before it. A
    number with an extension can't be texted, and has no normal form.

    :param region: two-letter country of a number without its country code

    >>> read_number("rcs:+5215512345678").e164
    '+525512345678'
    >>> read_number("202-555-0143 x12", "US").problem
    'extension'
    """
    text = _CHANNEL.sub("", text or "").strip()
    if _E164.fullmatch(text) and not text.startswith(_TWO_WAYS):
        return Number(text)
    try:
        parsed = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException:
        return Number("", INVALID)
    if parsed.extension:
        return Number("", EXTENSION, parsed.extension)
    national = _one_way(parsed.country_code, str(parsed.national_number))
    e164 = f"+{parsed.country_code}{national}"
    if parsed.italian_leading_zero:
        zeros = "0" * (parsed.number_of_leading_zeros or 1)
        e164 = f"+{parsed.country_code}{zeros}{national}"
    return Number(e164) if _E164.fullmatch(e164) else Number("", INVALID)


def normal_form(text, region=""):
    """Return ``text`` in the normal form of :func:`read_number`, "" if it has none.

    >>> normal_form("+54 11 2345-6789") == normal_form("whatsapp:+5491123456789")
    True
    """
    return read_number(text, region).e164


def ways_to_write(e164):
    """Return every way in which a number in its normal form may be stored elsewhere.

    >>> ways_to_write("+525512345678")
    ['+525512345678', '+5215512345678']
    >>> ways_to_write("+12025550143")
    ['+12025550143']
    """
    ways = [e164]
    if e164.startswith("+52"):
        ways.append(f"+521{e164[3:]}")
    elif e164.startswith("+549"):
        ways.append(f"+54{e164[4:]}")
    elif e164.startswith("+55") and e164[5:6] == "9" and len(e164) == 14:
        ways.append(f"{e164[:5]}{e164[6:]}")
    return ways


def _one_way(country_code, national):
    """Return the national part of a number in the one way that mobiles are texted."""
    if country_code == _MEXICO and len(national) == 11 and national[0] == "1":
        return national[1:]
    if country_code == _ARGENTINA:
        return _argentine(national)
    if country_code == _BRAZIL and len(national) == 10 and national[2] in "6789":
        return f"{national[:2]}9{national[2:]}"
    return national


def _argentine(national):
    """Return an Argentine number with its 9 and without the 15 of local calls.

    Who is texted has a mobile; without the 9 it would be a landline.
    """
    digits = national.removeprefix("9") if len(national) > 10 else national
    if len(digits) == 12:
        for area in (2, 3, 4):
            if digits[area : area + 2] == "15":
                digits = digits[:area] + digits[area + 2 :]
                break
    return f"9{digits}" if len(digits) == 10 else national
