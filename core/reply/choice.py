# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several appointments: which of them does an answer name?

Each is named by its code, day, hour, order, job or technician. What is named is
answered, the rest stays open; what could mean two of them is asked back.
"""

from typing import NamedTuple

from . import lexicon as lx
from .clauses import (
    CONFIRM,
    DECLINE,
    REFUSALS,
    SILENT,
    intent_of,
    is_bare_no,
    split_clauses,
)

_YES = {lx.CONFIRM, lx.AGREE}
_ANSWERS = _YES | REFUSALS
# What chooses or leaves out beside a name only: "keep Tuesday", "Friday is bad".
_WORDS_OF_CHOICE = dict.fromkeys(
    "keep keeping take good great okay bien gut bene goed bom boa bon bonne wel".split(),
    CONFIRM,
) | dict.fromkeys(
    "bad out off drop skip mal malo mala mauvais mauvaise schlecht ruim male slecht "
    "remove delete".split(),
    DECLINE,
)
_ONLY = frozenset("only just solo nur alleen seulement so apenas soltanto".split())
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

    :param open_ids: ids of the appointments that wait for an answer
    :param earlier: what the customer answered before we asked which one
    """
    clauses = [_read(clause, asks, open_ids) for clause, asks in _clauses(segments)]
    clauses = [clause for clause in clauses if clause.items or not clause.is_clear]
    if not any(isinstance(item, frozenset) for c in clauses for item in c.items):
        return None
    answers, rest = {}, []
    pending, general = None, None
    for clause in clauses:
        if not clause.is_clear:
            rest += clause.segments
            if not clause.items or isinstance(clause.items[0], str):
                if any(s.is_any(_ANSWERS | {lx.CONDITION}) for s in clause.segments):
                    if not any(s.is_any({lx.OTHER}) for s in clause.segments):
                        return None
            continue
        names = [item for item in clause.items if isinstance(item, frozenset)]
        intents = [item for item in clause.items if isinstance(item, str)]
        if names and intents:
            pairs = _pair(clause.items)
        elif names:
            pairs, pending = (
                ((), names)
                if not general
                else (
                    [(name, general) for name in names],
                    None,
                )
            )
        elif pending and len(set(intents)) == 1:
            pairs, pending = [(name, intents[0]) for name in pending], None
        elif len(set(intents)) == 1 and general in (None, intents[0]):
            pairs, general = (), intents[0]
        else:
            return None
        if pairs is None or not _add(answers, pairs):
            return None
    if pending:
        if (
            earlier is None
            or answers
            or not _add(answers, [(n, earlier) for n in pending])
        ):
            return None
    if general and general not in answers.values():
        return None
    return Choice(answers, tuple(rest)) if answers else None


def _clauses(segments):
    """Return the clauses, cut also at a "but" and after each "and" between names."""
    for clause, asks in split_clauses(segments):
        start = 0
        for index, segment in enumerate(clause):
            if lx.BUT in segment.kinds and index > start:
                yield clause[start:index], False
                start = index
        yield clause[start:], asks


def _read(clause, asks, open_ids):
    items = []
    is_clear = not asks
    before = None
    for index, segment in enumerate(clause):
        if lx.OTHER in segment.kinds:
            is_clear = False
        elif segment.refs:
            _add_name(items, segment, before, open_ids)
            if segment.is_any(_ANSWERS):
                items.append(intent_of(segment))
        elif _belongs_to_neither(segment, before):
            pass  # "ninguna me va bien"
        elif lx.GLUE in segment.kinds and items:
            pass  # "sí 151 y no 296"
        elif segment.is_any(_ANSWERS):
            intent = intent_of(segment)
            if intent is None:
                is_clear = False
            else:
                items.append(intent)
        elif _is_no_of_name(clause, index):
            items.append(DECLINE)
        elif lx.EXCUSE in segment.kinds and any(s.refs for s in clause):
            items.append(DECLINE)  # "I'm away Monday"
        elif segment.key in _WORDS_OF_CHOICE and _is_near_name(clause, index):
            items.append(_WORDS_OF_CHOICE[segment.key])
        elif segment.key in _ONLY and any(s.refs for s in clause[index:]):
            pass  # "only the last one doesn't work"
        elif not (segment.is_any(_SMALL) or _is_beside_name(clause, index)):
            is_clear = False
        before = segment
    return Clause(tuple(items), tuple(clause), is_clear)


def _belongs_to_neither(segment, before):
    return (
        before is not None
        and before.every
        and before.is_any(REFUSALS)
        and segment.is_any(_YES)
    )


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
    refs = segment.refs & open_ids or segment.refs
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
    pairs, intent, used = [], None, True
    for item in items:
        if isinstance(item, frozenset):
            if intent is None:
                return None
            pairs.append((item, intent))
            used = True
        else:
            if not used and item != intent:
                return None
            intent, used = item, False
    return pairs


def _is_between(items):
    names = [isinstance(item, frozenset) for item in items]
    first = names.index(False)
    last = len(names) - names[::-1].index(False) - 1
    return any(names[:first]) and any(names[last + 1 :]) and len(names) > 2


def _add(answers, pairs):
    """Add what is clear; tell whether nothing contradicts itself or means two."""
    for name, intent in pairs:
        if len(name) != 1:
            return False
        (ref,) = name
        if answers.setdefault(ref, intent) != intent:
            return False
    return True


__all__ = ["CONFIRM", "Choice", "choose", "is_bare_no"]
