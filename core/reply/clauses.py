# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the rules share: groups of meanings, and a text cut into clauses."""

from typing import NamedTuple

from . import intents as lx
from .placing import is_break
from .text import QUESTION

CONFIRM, DECLINE = "confirm", "decline"
ANSWERS = {lx.CONFIRM, lx.AGREE, lx.DECLINE, lx.RESCHEDULE}
REFUSALS = {lx.DECLINE, lx.RESCHEDULE}
YES = {lx.CONFIRM, lx.AGREE}
CLEAR = {lx.CONFIRM, *REFUSALS}
# What an unknown word becomes that needs not be known: a name, a signature.
SILENCED = frozenset({lx.FILLER})
POLITE = {lx.FILLER, lx.GREETING, lx.THANKS}
SILENT = POLITE | {
    lx.GLUE,
    lx.NAME_INTRO,
    lx.DECORATION,
    lx.SEPARATOR,
    lx.SIGNATURE,
    lx.OWN,
    lx.FAREWELL,
    lx.SUBJECT,
}
# Conditions and doubts, beside other words that only compare or order.
IFS = frozenset(
    "if unless provided providing assuming except maybe perhaps might may depends "
    "yet si sauf quizas quiza talvez wenn falls sofern vielleicht se caso forse "
    "magari als tenzij mits indien misschien".split()
)
# "Only" leaves out the rest, "yes for the fridge" is one to a part.
ONLY = frozenset(
    "only just solo nur seulement uniquement alleen so apenas soltanto".split()
)
SCOPES = frozenset("for to on about with pour fur para per voor sobre".split())
# What joins a reason to what follows from it.
SO = frozenset("so and y asi et donc alors und also e entao quindi en dus".split())
# "no", "non", "não", "nee": words that also negate what follows.
_NO_LENGTH = 4


class Text(NamedTuple):
    """The segments of a customer's own words, with what is needed about them."""

    segments: list
    signature: int
    is_mixed_case: bool
    whole: str = ""  # the levelled text

    def surface_of(self, start, tokens):
        """Return the words of ``tokens`` as they stand in the text.

        :param start: index of the segment that begins with the first of ``tokens``
        """
        skipped = [token for s in self.segments[:start] for token in s.tokens]
        place = begin = 0
        for index, token in enumerate(skipped + tokens):
            found = self.whole.find(token.surface, place)
            if found < 0:
                return " ".join(token.surface for token in tokens)
            if index == len(skipped):
                begin = found
            place = found + len(token.surface)
        return " ".join(self.whole[begin:place].split())


def split_clauses(segments):
    """Yield the clauses, each with whether it is a question."""
    clause = []
    for segment in segments:
        if is_break(segment):
            if clause:
                yield clause, segment.tokens[0].kind == QUESTION
            clause = []
        else:
            clause.append(segment)
    if clause:
        yield clause, False


def silence(segments, indexes):
    for index in indexes:
        segments[index] = segments[index]._replace(kinds=SILENCED)


def intent_of(segment):
    """Return the answer of a segment; None if languages contradict each other."""
    agrees = segment.is_any({lx.CONFIRM, lx.AGREE})
    refuses = segment.is_any(REFUSALS)
    if agrees and refuses:
        return None
    return CONFIRM if agrees else DECLINE


def is_idle_time(segment):
    """A word for a time in one language, a small word of another ("on", "dan")."""
    return segment.is_any({lx.GLUE, *POLITE})


def is_worded(segment):
    """Tell whether a refusal is more than a bare "no"."""
    return segment.is_any(REFUSALS) and (
        len(segment.tokens) > 1 or len(segment.key) > 4
    )


def is_bare_no(segment):
    """Tell whether a segment is a short "no", which may also negate what follows."""
    return (
        lx.DECLINE in segment.kinds
        and len(segment.tokens) == 1
        and len(segment.key) <= _NO_LENGTH
    )
