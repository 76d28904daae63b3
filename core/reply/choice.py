# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several appointments: which of them does an answer name?

Each is named by its code, day, hour, order, job or technician. What is named is
answered, the rest stays open; what could mean two of them is asked back.
"""

from typing import NamedTuple

from . import intents as lx
from .clauses import (
    CONFIRM,
    DECLINE,
    ONLY,
    REFUSALS,
    SILENT,
    YES,
    intent_of,
    split_clauses,
)
from .wordclasses import NOT, keys_of

_ANSWERS = YES | REFUSALS
# What chooses or leaves out beside a name only: "keep Tuesday", "Friday is bad".
_WORDS_OF_CHOICE = dict.fromkeys(
    (
        "keep keeping take welcome pode good great okay bien gut bene goed bom boa bon"
        " wel"
    ).split(),
    CONFIRM,
) | dict.fromkeys(
    "bad out off drop skip mal malo mala mauvais mauvaise schlecht ruim male slecht "
    "remove delete move change moving mover cambiar deplacer changer verschieben "
    "spostare cambiare mudar verzetten".split(),
    DECLINE,
)
# "All three work", "les deux me conviennent": right behind a name.
_SUITS = frozenset(
    "work works suit suits fit fits conviennent convient passen passt gehen klappen "
    "klappt convienen conviene funcionan funciona servem serve convengono lukken lukt "
    "kloppen gaan".split()
)
_GOES = frozenset("va geht works convient conviene convem good".split())
_IS = frozenset("is does geht ist va est".split())
_BAD = (("no", "good"), ("not", "good"), ("no", "bueno"), ("not", "ok"), ("no", "go"))
_VERY = frozenset("too so very really leider helaas".split())
_EXCEPT = frozenset(
    "except excepto menos sauf ausser tranne behalve exceto salvo eccetto".split()
)
_PLEASE = frozenset("please pls plz bitte porfavor svp graag perfavore".split())
_SMALL = SILENT | {lx.ALL, lx.BUT}


class Clause(NamedTuple):
    """What one clause says: answers and names in order."""

    items: tuple  # "confirm", "decline" or a set of ids
    segments: tuple
    is_clear: bool  # every word of it is accounted for


class Choice(NamedTuple):
    """The answers to appointments, and the clauses that answer none."""

    answers: dict  # id: "confirm" or "decline"
    rest: tuple  # segments


def choose(segments, open_ids, earlier=None):
    """Return the :class:`Choice` that a text makes; None if it is not clear.

    :param open_ids: ids of the appointments that wait for an answer, in their order
    :param earlier: what the customer answered before we asked which one
    """
    clauses = [_read(clause, asks, open_ids) for clause, asks in _clauses(segments)]
    clauses = [clause for clause in clauses if clause.items or not clause.is_clear]
    if not any(_names(clause) for clause in clauses):
        return None
    chooser = _Chooser(earlier)
    if not all(chooser.take(clause) for clause in clauses) or not chooser.finish():
        return None
    return Choice(chooser.answers, tuple(chooser.rest)) if chooser.answers else None


class _Chooser:
    """Collect the answers, clause by clause."""

    def __init__(self, earlier):
        self.earlier = earlier
        self.answers, self.rest = {}, []
        self.doubtful = set()  # ids that an unclear clause is about
        self.pending = []  # names that no answer stands beside yet
        self.general = None  # an answer that no name stands beside

    def take(self, clause):
        """Take one clause; tell whether the text is still clear."""
        if not clause.is_clear:
            self.rest += clause.segments
            self.doubtful.update(*_names(clause))
            return not _contradicts(clause)
        names, intents = _names(clause), _intents(clause)
        if names and intents and self.pending:
            return False
        if names and intents:
            pairs = _pair(clause.items)
            return pairs is not None and self._add(pairs)
        if len(set(intents)) > 1:
            return False
        if names and self.general:
            return self._add([(name, self.general) for name in names])
        if names:
            self.pending = names
            return True
        if self.pending:
            names, self.pending = self.pending, []
            return self._add([(name, intents[0]) for name in names])
        self.general = self.general or intents[0]
        return self.general == intents[0]

    def finish(self):
        """Settle what is left over; tell whether the text is clear."""
        if self.pending:
            if self.earlier is None or self.answers:
                return False
            if not self._add([(name, self.earlier) for name in self.pending]):
                return False
        if any(self.answers.get(ref) == CONFIRM for ref in self.doubtful):
            return False  # "yes both but can Thursday be later"
        return self.general is None or self.general in self.answers.values()

    def _add(self, pairs):
        """Add what is clear; tell whether nothing contradicts itself or means two."""
        for name, intent in pairs:
            if len(name) != 1:
                return False
            (ref,) = name
            if self.answers.setdefault(ref, intent) != intent:
                return False
        return True


def _names(clause):
    return [item for item in clause.items if isinstance(item, frozenset)]


def _intents(clause):
    return [item for item in clause.items if isinstance(item, str)]


def _contradicts(clause):
    """Tell whether an unclear clause makes the whole text unclear."""
    if clause.items and not isinstance(clause.items[0], str):
        return False  # it is about a name, which stays open
    if any(s.is_any({lx.OTHER}) for s in clause.segments):
        return False
    return any(s.is_any(_ANSWERS | {lx.CONDITION}) for s in clause.segments)


def _clauses(segments):
    """Return the clauses, cut also at a "but"; a colon cuts none: "427: yes"."""
    for clause, asks in split_clauses([s for s in segments if s.key != ":"]):
        start = 0
        for index, segment in enumerate(clause):
            if lx.BUT in segment.kinds and index > start:
                yield clause[start:index], False
                start = index
        yield clause[start:], asks


def _read(clause, asks, open_ids):
    items = []
    is_clear = not asks
    for index, segment in enumerate(clause):
        before = clause[index - 1] if index else None
        if segment.refs and lx.OTHER not in segment.kinds:
            _add_name(items, segment, before, open_ids)
        intent = _intent_at(clause, index, before, items)
        if intent:
            items.append(intent)
        elif not segment.refs and not _is_small(clause, index, before, items):
            is_clear = False
        is_clear = is_clear and lx.OTHER not in segment.kinds
    is_clear = is_clear and not _agrees_in_spite(clause, items)
    plain = _without_exceptions(clause, items, open_ids)
    is_clear, items = is_clear and plain is not None, items if plain is None else plain
    if is_clear and items and not any(isinstance(item, str) for item in items):
        if any(segment.key in ONLY | _PLEASE for segment in clause):
            items.append(CONFIRM)  # "Monday please", "only the first one"
    return Clause(tuple(items), tuple(clause), is_clear)


def _without_exceptions(clause, items, open_ids):
    """Turn "all good except the 28th" into a yes to the others and a no to that.

    :return: the items; None: what is excepted from what is not clear
    """
    if not any(segment.key in _EXCEPT for segment in clause):
        return items
    names = [item for item in items if isinstance(item, frozenset)]
    if items[:1] == names[:1] or items[-1:] != names[-1:]:
        return None
    if set(items) - set(names) != {CONFIRM}:
        return None
    left_out = names[-1]
    # "Yes except the last" names only what is left out of all of them.
    kept = names[:-1] or [frozenset({ref}) for ref in open_ids if ref not in left_out]
    return [CONFIRM, *(name for name in kept if name != left_out), DECLINE, left_out]


def _intent_at(clause, index, before, items):
    """Return the answer that a segment gives in its clause, or None."""
    segment = clause[index]
    if segment.key in _IS and len(segment.tokens) == 1 and index + 1 == len(clause):
        return CONFIRM if before and before.refs else None  # "3 is not ok, 4 is"
    if _is_silent_answer(segment, before, items) or _is_of_neither(clause, index):
        return None
    negated = _is_negated(clause, index)
    if _suits(segment) and any(s.refs for s in clause):
        if negated or _has_not(segment):
            return DECLINE
    bound = before is not None and before.refs and not _has_not(segment)
    if bound and segment.key in _SUITS:
        return CONFIRM
    if negated and segment.is_any(YES) and intent_of(segment):
        return DECLINE if len(segment.tokens) < 3 else None
    if segment.is_any(_ANSWERS):
        return intent_of(segment)
    if tuple(token.key for token in segment.tokens) in _BAD:
        return DECLINE if _is_near_name(clause, index) else None
    if segment.key in _SUITS and _follows_name(clause, index):
        return CONFIRM
    named = any(s.refs for s in clause)
    if _is_no_of_name(clause, index) or (lx.EXCUSE in segment.kinds and named):
        return DECLINE  # "not Friday", "I'm away Monday"
    if _is_near_name(clause, index):
        return _WORDS_OF_CHOICE.get(segment.key)
    return None


def _has_not(segment):
    return not NOT.isdisjoint(keys_of([segment]))


def _is_negated(clause, index):
    """Tell "Thursday klappt leider nicht" and "non conviene"."""
    near = [s for s in clause[:index] if s.key not in _VERY][-1:]
    after = [s for s in clause[index + 1 :] if s.key not in _VERY or _has_not(s)]
    if not any(s.refs for s in after):  # "Monday ok not Thursday"
        near += after[:1]
    return any({t.key for t in s.tokens} <= NOT | _VERY and _has_not(s) for s in near)


def _suits(segment):
    """Tell "works", "va", "no funciona" and "lukt niet"."""
    words = [key for key in keys_of([segment]) if key not in NOT]
    return len(words) == 1 and words[0] in _SUITS | _GOES


def _is_not_of_what_suits(clause, index):
    """Tell the "ne" of "jeudi ne me convient pas"."""
    after = clause[index + 1 : index + 2]
    return clause[index].key in NOT and any(s.is_any(YES) or _suits(s) for s in after)


def _agrees_in_spite(clause, items):
    """Tell a clause that only agrees, though something in it is negated.

    What agrees in so many words may hold the "not" itself: "no problem".
    """
    if CONFIRM not in items or DECLINE in items:
        return False
    plain = [s for s in clause if not (s.is_any(YES) and len(s.tokens) > 1)]
    return not NOT.isdisjoint(keys_of(plain))


def _follows_name(clause, index):
    """Tell whether only small words stand between a name and what suits."""
    before = clause[index - 1] if index else None
    if before is None or not before.kinds <= SILENT or before.refs:
        return False
    return index > 1 and bool(clause[index - 2].refs)


def _is_silent_answer(segment, before, items):
    """Tell the "y" of "sí 151 y no 296" and what belongs to "ninguna me va bien"."""
    if segment.refs:
        return False
    return lx.GLUE in segment.kinds and bool(items)


def _is_small(clause, index, before, items):
    """Tell whether a segment says nothing of its own beside names and answers."""
    segment = clause[index]
    if _is_silent_answer(segment, before, items) or _is_of_neither(clause, index):
        return True
    if segment.is_any(_ANSWERS):
        return False  # languages contradict each other
    if segment.is_any(_SMALL):
        return True
    if segment.key in ONLY | _EXCEPT | _VERY and any(s.refs for s in clause):
        return True  # "only the last one doesn't work"
    if _is_not_of_what_suits(clause, index):
        return True
    return _is_beside_name(clause, index)


def _is_of_neither(clause, index):
    """Tell what belongs to a "neither" before it: "aucun des deux ne me va"."""
    segment = clause[index]
    if segment.refs or not any(s.every and s.is_any(REFUSALS) for s in clause[:index]):
        return False
    if any(s.is_any(YES) for s in clause[:index]) or len(segment.tokens) > 3:
        return False
    return segment.is_any(YES | {lx.NEGATION}) or segment.key in _SUITS


def _is_near_name(clause, index):
    return any(s.refs for s in clause[max(index - 3, 0) : index + 4])


def _is_beside_name(clause, index):
    """Tell whether an ordinary word only leads to a name, or ends it: "morning one"."""
    segment = clause[index]
    if not segment.kinds <= {lx.COMMON, lx.UNKNOWN, lx.TIME, lx.SUBJECT}:
        return False
    if not segment.is_any({lx.COMMON, lx.SUBJECT}):
        return False
    return any(s.refs for s in clause[max(index - 1, 0) : index + 2])


def _is_no_of_name(clause, index):
    """Tell whether a "not" refuses what is named right after: "not Friday"."""
    segment = clause[index]
    if not segment.is_any({lx.NEGATION}) or len(segment.tokens) > 2:
        return False
    after = [s for s in clause[index + 1 :] if not s.kinds <= SILENT or s.refs]
    if not after:  # "Friday doesn't"
        return index > 0 and any(s.refs for s in clause[:index])
    return bool(after[0].refs)


def _add_name(items, segment, before, open_ids):
    """Add a name; what stands right beside another narrows it: "Tuesday at nine"."""
    refs = segment.refs.intersection(open_ids) or segment.refs
    if segment.every:
        refs = frozenset({frozenset({ref}) for ref in refs})
        items.extend(sorted(refs, key=str))
        return
    if items and isinstance(items[-1], frozenset) and items[-1] & refs:
        if before is not None and (before.refs or lx.GLUE in before.kinds):
            items[-1] &= refs
            return
    items.append(refs)


def _pair(items):
    """Give each name the answer before it, or each the one after it."""
    intents = {item for item in items if isinstance(item, str)}
    if len(intents) == 1 and not _is_between(items):
        intent = intents.pop()
        return [(item, intent) for item in items if isinstance(item, frozenset)]
    backwards = isinstance(items[0], frozenset)
    items = items[::-1] if backwards else items
    if isinstance(items[-1], str):
        return None
    return _pair_in_order(items)


def _pair_in_order(items):
    pairs, intent, used = [], None, True
    for item in items:
        if isinstance(item, frozenset) and intent is not None:
            pairs.append((item, intent))
            used = True
        elif isinstance(item, str) and (used or item == intent):
            intent, used = item, False
        else:
            return None
    return pairs


def _is_between(items):
    names = [isinstance(item, frozenset) for item in items]
    first = names.index(False)
    last = len(names) - names[::-1].index(False) - 1
    return any(names[:first]) and any(names[last + 1 :]) and len(names) > 2
