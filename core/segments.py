# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many SMS segments a text takes.

Source: GSM 03.38, https://www.twilio.com/docs/glossary/what-sms-character-limit and
Twilio's calculator, https://github.com/TwilioDevEd/message-segment-calculator
"""

import unicodedata
from dataclasses import dataclass

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "^{}\\[~]|€\f"  # two places each
_JOINER = "\u200d"
_MARKS = {"Mn", "Mc", "Me"}
_SKIN_TONES = {chr(code) for code in range(0x1F3FB, 0x1F400)}
_FLAG_LETTERS = {chr(code) for code in range(0x1F1E6, 0x1F200)}
_WIDTH = {char: 1 for char in _BASIC} | {char: 2 for char in _EXTENDED}


@dataclass(frozen=True, slots=True)
class Segments:
    """The size of a text on the air."""

    count: int
    encoding: str  # "GSM-7" or "UCS-2"
    culprits: str  # the characters that make it UCS-2, each once


def count_segments(body):
    """The :class:`Segments` of a text; an empty text takes none."""
    if not body:
        return Segments(0, "GSM-7", "")
    odd = "".join(dict.fromkeys(char for char in body if char not in _WIDTH))
    if odd:
        # UTF-16 units, as an emoji takes two.
        widths = [_utf16_width(cluster) for cluster in _split_clusters(body)]
        return Segments(_parts(widths, 70, 67), "UCS-2", odd)
    return Segments(_parts([_WIDTH[char] for char in body], 160, 153), "GSM-7", "")


def _parts(widths, single, several):
    """Number of segments, when none of the characters is cut in two."""
    if sum(widths) <= single:
        return 1
    count, used = 1, 0
    for width in widths:
        if used + width > several:
            count, used = count + 1, 0
        used += width
    return count


def _utf16_width(text):
    return len(text.encode("utf-16-be", "surrogatepass")) // 2


def _split_clusters(body):
    """What a reader takes for one character each: a family, a flag, an accented e."""
    clusters, previous = [], ""
    for char in body:
        if previous and _continues(clusters[-1], previous, char):
            clusters[-1] += char
        else:
            clusters.append(char)
        previous = char
    return clusters


def _continues(cluster, previous, char):
    if previous in "\r\n":
        return False
    if char == _JOINER or char in _SKIN_TONES or unicodedata.category(char) in _MARKS:
        return True
    if previous == _JOINER:
        return unicodedata.category(char) == "So"
    return char in _FLAG_LETTERS and len(cluster) == 1 and cluster in _FLAG_LETTERS
