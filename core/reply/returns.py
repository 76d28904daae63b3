# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A yes after a story or after a no: "I looked it up, Friday is fine".

The story needs not be understood, as long as it takes nothing back.
"""

from . import intents as lx
from .clauses import IFS, REFUSALS, SILENT, SO, YES, split_clauses
from .harmless import HARD, MAX_UNKNOWN, VETOES, is_unknown

_COME = frozenset("come vengan venez kommen venham venite kom".split())
_MAX_TOLD = 3
_PLAIN = SILENT | {lx.COMMON, lx.UNKNOWN, lx.RETURN, lx.PRESENCE, lx.SUBJECT}


def find_yes_at_end(text, *, asked_back=False):
    """Return the yes of "I looked it up, Friday is fine": a story, then a plain yes.

    The story needs not be understood, as long as it takes nothing back. Unless we asked
    back to something that sets no condition, the yes has to name the day.
    """
    clauses = list(split_clauses(text.segments))
    saying = [c for c, _asks in clauses if any(not _says_nothing(s) for s in c)]
    if len(saying) < 2 or any(asks for _c, asks in clauses):
        return []
    *story, last = saying
    yes = _plain_yes(last)
    if not yes or any(map(is_unknown, last)):
        return []
    if not (asked_back and any(lx.CONFIRM in s.kinds for s in yes)):
        if not any(s.refs and s.when and s.when.has_day() for s in last):
            return []
    told = [s for clause in story for s in clause if not s.kinds <= SILENT]
    if not all(_may_be_told(s, asked_back) for s in told):
        return []
    unknown = sum(map(is_unknown, told))
    return yes if unknown <= (MAX_UNKNOWN if asked_back else _MAX_TOLD) else []


def _says_nothing(segment):
    return segment.kinds <= SILENT and not segment.refs


def _may_be_told(segment, asked_back):
    if segment.is_any(HARD | REFUSALS) or lx.NEGATION in segment.kinds:
        return False
    if asked_back and segment.kinds <= {lx.UNCLEAR, lx.RETURN}:
        return len(segment.tokens) == 1
    if lx.DOUBT in segment.kinds and lx.CONDITION not in segment.kinds:
        return asked_back and len(segment.tokens) == 1
    return segment.is_any({lx.GLUE}) or not segment.is_any(VETOES)


def find_change_of_mind(text):
    """Return what says yes after a no: "never mind, I got the day off, Friday works".

    The reason that is given needs not be understood, as long as it takes nothing back.
    """
    found = []
    returns = any(lx.RETURN in s.kinds for s in text.segments)
    for clause, asks in _cut_at_so(text.segments):
        if asks or any(s.kinds & HARD for s in clause):
            return []
        yes = _plain_yes(clause)
        if not yes and any(map(_takes_back, clause)):
            return []
        found += yes
        returns = returns or bool(yes) and _names_or_attends(clause, yes)
    return found if returns else []


def _plain_yes(clause):
    """Return what says yes in a clause that says nothing else."""
    yes = [s for s in clause if (s.is_any(YES) or _comes(s)) and not s.is_any(REFUSALS)]
    return yes if all(s.kinds <= _PLAIN or s in yes for s in clause) else []


def _names_or_attends(clause, yes):
    """Tell whether a yes names the day, or says that the customer will be there."""
    if any(lx.ATTEND in s.kinds for s in yes):
        return True
    named = any(s.refs and s.when for s in clause)
    return named and any(lx.FAREWELL not in s.kinds for s in yes)


def _comes(segment):
    """Tell "come" and "works now", which say yes only after a no."""
    words = tuple(token.key for token in segment.tokens)
    return segment.key in _COME or words[-1:] == ("now",) and len(words) > 1


def _cut_at_so(segments):
    """Yield the clauses, cut also where a reason ends: "I got the day off so I can"."""
    for clause, asks in split_clauses(segments):
        start = 0
        for index, segment in enumerate(clause):
            if segment.key in SO and start < index:
                yield clause[start:index], False
                start = index
        yield clause[start:], asks


def _takes_back(segment):
    if segment.is_any({lx.RETURN, lx.GLUE}):
        return False
    if lx.CONDITION in segment.kinds:
        return len(segment.tokens) > 1 or segment.key in IFS
    return segment.is_any({lx.QUESTION_WORD, *REFUSALS})
