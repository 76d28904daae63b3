# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Phone numbers as people type them."""

import re
import unicodedata

_FEWEST_DIGITS = 3
# With so many digits it is a number from its start, and no part of one.
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
