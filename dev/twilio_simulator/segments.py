# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""How many SMS segments a text takes (GSM 03.38 and UCS-2)."""

GSM_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENDED = frozenset("^{}\\[~]|€\f")


def count_segments(text):
    """Return the number of SMS segments (at least 1) that ``text`` is sent in."""
    if all(char in GSM_BASIC or char in GSM_EXTENDED for char in text):
        size = len(text) + sum(char in GSM_EXTENDED for char in text)
        single, several = 160, 153
    else:
        size = len(text.encode("utf-16-be", "surrogatepass")) // 2
        single, several = 70, 67
    return 1 if size <= single else -(-size // several)
