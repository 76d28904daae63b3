# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A text with a refusal, cut into clauses as people without commas say them.

"No sorry I'm away", "can't do Monday can you come Tuesday" have two each.
"""

from . import intents as lx
from .clauses import REFUSALS, SILENT, YES, is_bare_no, split_clauses

_I = frozenset(
    "i im ive id we were weve ich wir je jai nous ik wij ho devo sono abbiamo tengo "
    "estoy tenemos tenho estou vou to bin hab habe muss ben heb moet".split()
)
# "Cancel my plan" has an object; after "can't make it my" a reason begins.
_TRANSITIVE = (
    "cancel annul anul storn resched postpon absag afzeg mov chang skip declin do need"
).split()
_THANKS = frozenset(
    "thanks thank thx ty gracias merci danke grazie obrigado obrigada dank "
    "bedankt".split()
)
_AND = frozenset("and y et und e en so".split())
_ALREADY = frozenset("already ya deja schon gia ja al".split())
_REASONS = {lx.EXCUSE, lx.PRESENCE, lx.HOUSEHOLD}
# What tells that a day is proposed, beside a question.
PROPOSING = frozenset(
    "please pls try "
    "instead rather better maybe perhaps free available works work possible could "
    "fine ok good geht passt lieber besser frei stattdessen vielleicht gerne kan kann "
    "evtl eventuell ggf eventueel eventuellement "
    "liever beter vrij misschien puedo mejor libre podria podemos posso meglio libero "
    "libera magari melhor livre talvez dispo libre plutot possible peux peutetre mieux "
    "try only solo nur seulement alleen so apenas".split()
)


def clauses_of(segments):
    """Return the clauses, cut also before a question and after a bare "no"."""
    result = []
    for clause, asks in split_clauses(segments):
        start = 0
        for index in range(len(clause)):
            if index > start and _begins_clause(clause, start, index):
                result.append((clause[start:index], False))
                start = index
        result.append((clause[start:], asks))
    return result


def _begins_clause(clause, start, index):
    segment = clause[index]
    after = clause[index + 1] if index + 1 < len(clause) else None
    if lx.BUT in segment.kinds or lx.REQUEST in segment.kinds:
        return True
    if lx.QUESTION_WORD in segment.kinds:
        if len(segment.tokens) > 1 or (after and after.key in ("about", "if")):
            return True
    if after is not None and lx.OTHER in after.kinds:
        if segment.is_any(YES):
            return True  # "not available Monday | yes Tuesday"
        if lx.CONDITION in segment.kinds and segment.key in PROPOSING:
            return True  # "morgen nicht | evtl nächste Woche"
    before = clause[start:index]
    if lx.OTHER in segment.kinds and after is not None and after.is_any(YES):
        said = [s for s in before if not s.kinds <= SILENT]
        return bool(said) and all(s.is_any(REFUSALS) for s in said)
    if segment.key in PROPOSING and proposes(clause[index:]):
        said = [s for s in before if not s.kinds <= SILENT]
        return bool(said) and all(s.is_any(REFUSALS | {lx.EXCUSE}) for s in said)
    return _ends_in_refusal(before, segment)


def _ends_in_refusal(before, segment):
    """Tell whether a sentence begins: "no sorry | I'm away", but "cancel my plan"."""
    said = [s for s in before if not s.kinds <= SILENT]
    if not said or not all(s.is_any(REFUSALS) for s in said):
        return False
    if all(map(is_bare_no, said)) and segment.key in _AND:
        return True
    if segment.key in _ALREADY and not all(map(is_bare_no, said)):
        return True  # "no vengan ya lo arreglé"
    if all(map(is_no_thanks, said)):
        return not segment.is_any({lx.OTHER, *YES})
    if segment.key in _I and before[-1].refs:
        return True  # "disdico domani | ho il battesimo"
    if not segment.is_any({lx.SUBJECT, *_REASONS}):
        return False
    if segment.key in _I or all(map(is_bare_no, said)):
        return True
    if before[-1].refs:
        return True  # "can't make it Monday | my sister is ill"
    return not said[-1].tokens[-1].key.startswith(tuple(_TRANSITIVE))


def is_no_thanks(segment):
    keys = [token.key for token in segment.tokens]
    return len(keys) > 1 and len(keys[0]) < 5 and keys[1] in _THANKS


def proposes(clause):
    return any(lx.OTHER in segment.kinds for segment in clause)


def is_soft(segment):
    return segment.is_any({lx.GLUE, lx.BUT}) or segment.kinds <= SILENT
