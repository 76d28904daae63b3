# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many SMS segments a text takes.

Source: GSM 03.38 and https://www.twilio.com/docs/glossary/what-sms-character-limit
"""

from dataclasses import dataclass

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED = "^{}\\[~]|€\f"  # two places each
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
        units = len(body.encode("utf-16-be", "surrogatepass")) // 2
        return Segments(_parts(units, 70, 67), "UCS-2", odd)
    units = sum(_WIDTH[char] for char in body)
    return Segments(_parts(units, 160, 153), "GSM-7", "")


def _parts(units, single, several):
    return 1 if units <= single else -(-units // several)
