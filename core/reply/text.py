# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""From the text of an SMS to tokens that can be compared.

Phones send one and the same word in many spellings: full-width letters, curly
apostrophes, accents or none, zero-width and bidirectional marks, emoji with skin
tones. All of that is levelled here, once, for customers' texts as well as for the
phrases of the lexicon, so that no rule has to think of it again.
"""

import re
import unicodedata
from functools import lru_cache
from itertools import chain, islice, product
from typing import NamedTuple

WORD = "word"
NUMBER = "number"
SYMBOL = "symbol"
QUESTION = "question"
BREAK = "break"  # full stop, comma, bracket ...
DASH = "dash"  # " - Maria"
LINE = "line"
JOINT = "joint"  # between two numbers: "12/2", "9-11"

# A place for any small number in a phrase of the lexicon: "{n} minutes late".
ANY_NUMBER = "{n}"

# Several rules read one text.
_KEPT = 64
# More would be a slip of the pen, and must not fill the memory.
_MAX_SEQUENCES = 2000

# "nº 5" and "№ 5" would become "no 5" under NFKC.
_NUMERO = re.compile(
    r"\bn\s?[º°]|№|(?<=\bat )no\.?\s?(?=\d)|(?<=\bhouse )no\.?\s?(?=\d)"
    r"|\bnr\.\s?(?=\d)",
    re.IGNORECASE,
)
_BEFORE_NFKC = str.maketrans({"´": "'", "｀": "'", "ʼ": "'", "ˈ": "'"})
_AFTERNOON = re.compile(r"\bapr[eè]s[- ]midi\b", re.IGNORECASE)
_AM_PM = re.compile(r"\b([ap])(?:\.\s?| )m\b\.?", re.IGNORECASE)
_CLOCK = re.compile(r"\bo['\s]\s?clock\b", re.IGNORECASE)
# "o.k.", "O.K": two letters between stops are one word.
_INITIALS = re.compile(r"(?<![\w'.])([A-Za-z])\.([A-Za-z])(?:\.|(?![\w'.]))")
# "!!1!": the key without Shift.
_SHOUTED = re.compile(r"(?<=!)1+(?=[!\s]|$)")
# "S T O P", "Y-E-S"
_SPACED = re.compile(r"(?<![\w'])[A-Za-z]([ .-])[A-Za-z](?:\1[A-Za-z])+(?![\w'])")
# "c est", "j ai", "d accord": French and Italian without their apostrophes.
_ELIDED = re.compile(
    r"\b(?:c (?=est\b|etait\b|était\b|e\b|è\b)|j (?=ai\b|aurai|arrive|attend|habit)"
    r"|d (?=accord)|qu (?=il|elle|on\b)|aujourd (?=hui\b))",
    re.IGNORECASE,
)
_DOUBTFUL_SMILEY = re.compile(r"(?<![\w:]):[-']?[/\\|](?![/\w])")
_SMILEY = re.compile(
    r"(?<!\d)[:;=][-'^o]?[)(\]\[}{*DpP]+(?![^\W_])|[(\[][-']?[:;=](?!\w)|<3+(?!\d)"
)
# Most texts have nothing that :func:`_joined` changes: no smiley, no two single letters
# in a row, no number behind a "!", no "o'clock" and no "après-midi".
_MAY_BE_JOINED = re.compile(
    r"[:;=][-'^o)(\]\[}{*dp/\\|]|[(\[][-']?[:;=]|<3|!1|clock|midi"
    r"|(?<![\w'])[a-z][ .-][a-z](?![\w'])|\b[ap](?:\.\s?| )m\b"
    r"|\b(?:[cjd]|qu|aujourd) [aehioéè]",
    re.IGNORECASE,
)
_TOKEN = re.compile(
    r"(?P<word>[^\W\d_]+(?:'[^\W\d_]+)*(?:-se(?![\w-]))?)"
    r"|(?P<number>\d+%?)"
    r"|(?P<joint>(?<=\d)[/-](?=\d))"
    r"|(?P<line>\n)"
    r"|(?P<question>[?؟¿❓❔⁇⁈⁉])"
    r"|(?P<dash>[–—―~]+|-{2,}|(?<!\w)-(?!\d)|-(?=\s|$))"
    r"|(?P<break>[.,;:!()\[\]{}|。、،؛…¡])"
    r"|(?P<symbol>[^\w\s])"
)
# Punctuation is skipped, except what changes the meaning of its neighbours.
_MEANINGFUL_PUNCTUATION = frozenset("&@#")
_APOSTROPHES = frozenset("’‘‛ʹ′`＇")


class Token(NamedTuple):
    """One word, number, emoji or break of a text."""

    key: str  # folded: no case, accents or apostrophes; what phrases match on
    exact: str  # the same with its accents ("sí" is not "si")
    surface: str  # as written, for people
    kind: str


class _Levelled(dict):
    """Code point to replacement, found once per character and kept."""

    def __missing__(self, code):
        self[code] = replacement = _level(chr(code))
        return replacement


def _level(char):
    """Replace one character that survived NFKC by what the rules know."""
    if char in "\r\n\x0b\x0c\x85\u2028\u2029":
        return "\n"
    if char in _APOSTROPHES:
        return "'"
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    # Joiners, bidirectional marks, NUL, variation selectors, skin tones, and
    # combining marks that have no composed form say nothing about the answer.
    if char == "\0" or category in ("Cf", "Mn", "Me", "Mc", "Sk"):
        return ""
    if category[0] in "CZ":
        return " "
    return char


_LEVELLED = _Levelled()


@lru_cache(maxsize=_KEPT)
def level(text):
    """Return ``text`` with equal-looking characters made equal; keeps the lines."""
    text = _NUMERO.sub(" num ", text.translate(_BEFORE_NFKC))
    return unicodedata.normalize("NFKC", text).translate(_LEVELLED)


@lru_cache(maxsize=4096)
def _unaccented_char(char):
    base = unicodedata.normalize("NFD", char)[0]
    return base if base.isascii() else char


def unaccented(word):
    """Return ``word`` without the accents of Latin letters."""
    if word.isascii():
        return word
    return "".join(map(_unaccented_char, word))


def tokenize(levelled, *, joints=False):
    """Return the tokens of a text that went through :func:`level`.

    :param joints: keep what joins two numbers, which says something in times only
    """
    tokens = _tokens_of(levelled)
    return [token for token in tokens if joints or token.kind != JOINT]


@lru_cache(maxsize=_KEPT)
def _tokens_of(levelled):
    if _MAY_BE_JOINED.search(levelled):
        levelled = _joined(levelled)
    tokens = []
    for match in _TOKEN.finditer(levelled):
        kind = match.lastgroup
        surface = match.group()
        if kind == WORD:
            tokens.append(Token(*_keys_of_word(surface), surface, kind))
        elif kind != SYMBOL or _says_something(surface):
            tokens.append(Token(surface, surface, surface, kind))
    return tokens


def _joined(levelled):
    """Return a text with what is written in several ways, or in letters, as one."""
    levelled = _SHOUTED.sub("!", _AM_PM.sub(r"\1m", levelled))
    levelled = _CLOCK.sub("oclock", levelled)
    levelled = _AFTERNOON.sub("aprèsmidi", levelled)
    levelled = _ELIDED.sub(lambda found: found[0][:-1] + "'", levelled)
    levelled = _INITIALS.sub(r"\1\2", levelled)
    levelled = _SPACED.sub(lambda found: found[0].replace(found[1], ""), levelled)
    return _SMILEY.sub(" ", _DOUBTFUL_SMILEY.sub(" 😕 ", levelled))


@lru_cache(maxsize=8192)
def _keys_of_word(surface):
    """Return a word without case, accents and apostrophes, and with its accents."""
    exact = surface.casefold().replace("'", "")
    exact = exact.removesuffix("-se")  # "apaga-se": no "if"
    return unaccented(exact), exact


def _says_something(symbol):
    return symbol in _MEANINGFUL_PUNCTUATION or unicodedata.category(symbol)[0] == "S"


def is_currency(symbol):
    return unicodedata.category(symbol) == "Sc"


def tokenize_phrase(phrase):
    """Return every token sequence of a phrase of the lexicon, as (key, exact) pairs.

    ``stop (texting|calling) (me|us|)`` is six sequences; an empty choice makes the
    words optional. ``{n}`` stands for any number of up to two digits.
    """
    choices = [
        [_phrase_tokens(option) for option in (part.split("|") if odd else [part])]
        for odd, part in _with_parity(re.split(r"\(([^()]*)\)", phrase))
    ]
    sequences = islice(product(*choices), _MAX_SEQUENCES)
    return [tuple(chain.from_iterable(sequence)) for sequence in sequences]


def _with_parity(parts):
    return ((index % 2, part) for index, part in enumerate(parts))


def _phrase_tokens(text):
    pairs = []
    for part in re.split(r"(\{n\})", level(text)):
        if part == ANY_NUMBER:
            pairs.append((ANY_NUMBER, ANY_NUMBER))
            continue
        pairs += [
            (token.key, token.exact)
            for token in tokenize(part)
            if token.kind in (WORD, NUMBER, SYMBOL)
        ]
    return pairs
