# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which of the proposed times a customer takes: "B", "the second one", "Friday".

Nothing is guessed: a text that may mean two of them, or none, is for a person.
"""

import re
from typing import NamedTuple

from .lexicon import Lexicon
from .reading import World, read_words
from .text import level
from .when import Proposal

LETTERS = ("A", "B", "C")
_PLACES = ("first", "second", "third")
# What leads to a letter and says no more than that it is chosen. Without a letter
# behind them these words are read as all others.
_LEAD = (
    "i|id|i'd|ill|i'll|we|we'd|we'll|will|would|can|could|let's|lets|let us|the|yo|je|"
    "j'|ich|wir|würde|wurde|eu|io|ik|la|el|le|les|die|den|der|das|il|de|het|a|o|que"
)
_BEFORE = (
    "yes|ja|si|sí|sim|oui|ok|okay|option|choice|letter|time|slot|number|opcion|opción|letra|hora|lettre|choix|"
    "buchstabe|möglichkeit|moglichkeit|termin|opcao|opção|opzione|lettera|scelta|optie|"
    "keuze|take|prefer|choose|pick|like|want|do|go with|going with|go for|prefiero|"
    "elijo|prefere|prefiro|escolho|préfère|prefere|choisis|prends|prendrai|nehme|nehmen|"
    "wähle|preferisco|scelgo|prendo|kies|neem|preferiría|quiero|quero|voglio|wil|möchte"
)
_AFTER = (
    "please|pls|plz|works?|would|is|fits?|suits?|it|thanks?|thank|thx|bitte|passt|geht|"
    "danke|por|gracias|está|esta|funciona|sirve|va|merci|svp|me|convient|obrigad[oa]|"
    "grazie|per|bene|graag|bedankt|dank|past|lukt|s'il"
)
_LETTER = re.compile(
    rf"(?:\b(?:{_LEAD})\W{{1,2}}){{0,4}}\b(?:{_BEFORE})\W{{1,3}}(?:(?:the|la|el|le|die|"
    rf"de|option)\W){{0,2}}(?P<after>[bc]|a(?!\s+\w))(?![\w'])"
    r"|^\W*(?P<alone>[abc])\W*$"
    rf"|^\W*(?P<before>[abc])\W{{1,3}}(?=(?:{_AFTER})\b)"
    r"|(?:\b(?:the|la|el|le|il|die|den|de|a)\s)?(?<![\w'])(?P<quoted>(?-i:[BC]))(?![\w'])"
    r"|(?<=[\"'“„«(])(?P<marked>a)(?=[\"'”“»)])"
    r"|(?<![\w'])(?P<stopped>(?-i:A))(?=[):.!,])",
    re.IGNORECASE,
)
# Not quite that time: "B but an hour later".
_SHIFT = re.compile(
    r"\b(?:later|earlier|sooner|m[aá]s (?:tarde|temprano)|antes|plus t[oô]t|plus tard|"
    r"fr[uü]her|sp[aä]ter|mais (?:tarde|cedo)|pi[uù] (?:tardi|presto)|prima|eerder|"
    r"vroeger)\b",
    re.IGNORECASE,
)
_PLEASE = re.compile(r"\bs'il (?:vous|te) pla[iî]t\b", re.IGNORECASE)


class Taken(NamedTuple):
    """What a text takes of the proposed times."""

    option: str | None = None  # its id; the customer may want another hour of its day
    chosen: str | None = None  # the same, if it is quite that time
    other: Proposal | None = None  # what is wanted instead


def read_taken(text, options, lexicon=None, now=None, lang=""):
    """Return the :class:`Taken` of a text.

    "B but at 10" takes the day of B, at another hour: who only reads the hour would
    take it for one on the day that was asked about first.

    :param options: list of :class:`~.decision.Appointment`, at least two, in time; the
        first is A
    :param now: as of :func:`~.context.read`
    :param lang: two letters; in which we write to the customer
    """
    if len(options) < 2 or not text or len(text) > 300:
        return Taken()
    letters = _find_letters(text)
    if len(letters) > 1:
        return Taken()
    body = _with_places(text)

    def read(known):
        world = World(tuple(known), now, lang, earlier="confirm")
        return read_words(body, lexicon or Lexicon.default(), (), (), world)

    found = read(options)
    taken = {
        answer.ref
        for answer in found.answers
        if answer.ref is not None and answer.intent == "confirm"
    }
    # With a letter, an hour that another one has is another hour on the day of this.
    lettered = {
        each.id
        for letter, each in zip(LETTERS, options, strict=False)
        if letter in letters
    }
    is_other = found.proposed or (lettered and taken - lettered)
    if taken and lettered:
        taken = lettered
    if len(taken) != 1:
        return Taken()
    [taken] = taken
    if not is_other:
        return Taken(taken, None if _SHIFT.search(text) else taken)
    other = read(each for each in options if each.id == taken).proposed
    return Taken(taken, other=other) if other else Taken()


def _find_letters(text):
    """Return the letters that a text names, as a set."""
    matches = _LETTER.finditer(_PLEASE.sub("svp", level(text)))
    return {match[match.lastgroup].upper() for match in matches}


def _with_places(text):
    """Return a text with its letter in words."""
    text = _PLEASE.sub("svp", level(text))
    for match in reversed(list(_LETTER.finditer(text))):
        place = _PLACES[LETTERS.index(match[match.lastgroup].upper())]
        # What leads to the letter goes with it.
        text = f"{text[: match.start()]}the {place} one {text[match.end() :]}"
    return text
