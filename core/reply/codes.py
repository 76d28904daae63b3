# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Tell codes from other numbers, and give each answer the code it belongs to."""

from . import intents as lx
from .clauses import CLEAR, REFUSALS, intent_of, split_clauses
from .understanding import Answer

_CODE_LENGTH = 3


def mark_codes(segments, codes):
    marked = list(segments)
    for index, segment in enumerate(segments):
        if segment.kinds == {lx.AMOUNT} and _is_code(segments, index, codes):
            marked[index] = segment._replace(kinds=frozenset({lx.CODE}))
    return marked


def _is_code(segments, index, codes):
    number = segments[index].key
    if number in codes:
        return True
    if len(number) != _CODE_LENGTH or not number.isdecimal():
        return False
    around = segments[max(index - 1, 0) : index] + segments[index + 1 : index + 2]
    # "at 300 Main St", "300 dollars", "4:300", "at 930"
    return not any(s.is_any({lx.TIME, lx.UNKNOWN, lx.AMOUNT}) for s in around)


def combine(segments, given, codes):
    """Return the answers with their codes; None if they contradict each other."""
    kept = {id(segment) for segment in given}
    items = [s for s in segments if id(s) in kept or lx.CODE in s.kinds]
    items = _without_weak(_without_thanked(items, segments))
    kept &= {id(segment) for segment in items}
    intents = {intent_of(segment) for segment in items if id(segment) in kept}
    if None in intents:
        return None
    if any(lx.CODE in segment.kinds for segment in items):
        return _unite(_pairs_of(segments, items, kept, intents))
    return _without_code(segments, intents, codes)


def _without_code(segments, intents, codes):
    if len(intents) > 1:
        return None
    (intent,) = intents
    if len(codes) > 1 and any(lx.ALL in segment.kinds for segment in segments):
        return [Answer(intent, code) for code in sorted(codes)]
    return [Answer(intent)]


def _pairs_of(segments, items, kept, intents):
    """Return (code, answer) of each code, or None."""
    if len(intents) == 1 and not is_between(items):
        (intent,) = intents
        return [(s.key, intent) for s in items if lx.CODE in s.kinds]
    return _pair_in_clauses(segments, kept) or _pair_in_order(items)


def _without_thanked(items, segments):
    """An "OK" after a refusal with thanks is polite: "no thank you, all good"."""
    kept, refuses, thanks = [], False, False
    for segment in segments:
        thanks = refuses and (thanks or lx.THANKS in segment.kinds)
        if not any(segment is item for item in items):
            continue
        polite = thanks and segment.is_any({lx.AGREE}) and not segment.is_any(CLEAR)
        if not polite:
            kept.append(segment)
            refuses, thanks = segment.is_any(REFUSALS), False
    return kept


def _without_weak(items):
    """An "OK" before a refusal only acknowledges: "OK, I can't make it"."""
    return [
        item
        for item, after in zip(items, [*items[1:], None], strict=True)
        if not (
            after is not None
            and item.is_any({lx.AGREE})
            and not item.is_any(CLEAR)
            and after.is_any(REFUSALS)
        )
    ]


def is_between(items):
    """Tell whether answers stand between codes: "427 yes 512", to which?"""
    is_code = [lx.CODE in s.kinds for s in items]
    first, last = is_code.index(False), len(items) - is_code[::-1].index(False) - 1
    return any(is_code[:first]) and any(is_code[last:])


def _pair_in_clauses(segments, kept):
    """Pair in clauses that each have codes and one answer: "yes 427, 512 no"."""
    pairs = []
    for clause, _asks in split_clauses(segments):
        codes = [s.key for s in clause if lx.CODE in s.kinds]
        intents = {intent_of(s) for s in clause if id(s) in kept}
        if not codes and not intents:
            continue
        items = [s for s in clause if id(s) in kept or lx.CODE in s.kinds]
        if not codes or len(intents) != 1 or is_between(items):
            return None
        intent = intents.pop()
        pairs += [(code, intent) for code in codes]
    return pairs


def _pair_in_order(items):
    """Pair each code with the answer before it, or each with the one after it."""
    backwards = lx.CODE in items[0].kinds
    items = items[::-1] if backwards else items
    if lx.CODE not in items[-1].kinds:
        return None
    pairs, intent, pending = [], None, False
    for segment in items:
        if lx.CODE in segment.kinds:
            if intent is None:
                return None
            pairs.append((segment.key, intent))
            pending = False
        else:
            if pending and intent != intent_of(segment):
                return None
            intent, pending = intent_of(segment), True
    return pairs[::-1] if backwards else pairs


def _unite(pairs):
    if not pairs:
        return None
    answers = {}
    for code, intent in pairs:
        if answers.setdefault(code, intent) != intent:
            return None
    return [Answer(intent, code) for code, intent in answers.items()]
