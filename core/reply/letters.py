# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Single letters that answer each of several appointments: "572 Y / 318 N".

"Y", "o" and "s" are small words elsewhere ("572 y 318" is both in Spanish), so letters
answer only where every name has its own answer beside it.
"""

import re

from . import intents as lx
from .clauses import CONFIRM, DECLINE, REFUSALS, SCOPES, SILENT, YES

_LETTERS = {"y": CONFIRM, "s": CONFIRM, "o": CONFIRM, "j": CONFIRM, "n": DECLINE}
_KINDS = {CONFIRM: frozenset({lx.CONFIRM}), DECLINE: frozenset({lx.DECLINE})}
# Letters that join words, by the language in which we write.
_JOINS = {"y": ("es",), "o": ("es", "it", "pt")}
# What tells "572=y, 318=n" and "572y 318n" from "572 y 318 n".
_APART = re.compile(r"[=/,;:|()\[\]\-–>&+.\n_]|\d[yo]|\b[yo]\d", re.IGNORECASE)


def mark_letters(segments, whole, lang):
    """Let each letter beside a name answer, if all names have an answer beside them."""
    items = [(i, _item_of(s)) for i, s in enumerate(segments)]
    items = [(index, item) for index, item in items if item != ""]
    letters = [i for i, item in items if item and _is_letter(segments[i])]
    if not letters or not _alternates([item for _index, item in items]):
        return segments
    if not _APART.search(whole) and _joins(segments, items, lang):
        return segments
    marked = list(segments)
    for index in letters:
        kinds = _KINDS[_LETTERS[segments[index].key]]
        marked[index] = segments[index]._replace(kinds=kinds, senses=frozenset())
    return marked


def _item_of(segment):
    """Return "name", an answer, "" for what says nothing, None for all else."""
    if segment.refs:
        return "name"
    if _is_letter(segment):
        return _LETTERS[segment.key]
    if segment.is_any(YES) and not segment.is_any(REFUSALS):
        return CONFIRM
    if segment.is_any(REFUSALS):
        return DECLINE
    return "" if segment.kinds <= SILENT or segment.key in SCOPES else None


def _is_letter(segment):
    return len(segment.tokens) == 1 and segment.key in _LETTERS and not segment.refs


def _alternates(items):
    """Tell whether names and answers take turns, two of each at least."""
    names = [item == "name" for item in items]
    if None in items or len(items) < 4 or len(items) % 2:
        return False
    return all(a != b for a, b in zip(names, names[1:], strict=False))


def _joins(segments, items, lang):
    """Tell where a letter may be an "and": "572 y 318 n", "572 y 318 no"."""
    keys = [segments[i].key for i, item in items if item != "name"]
    if any(lang in _JOINS.get(key, ()) for key in keys):
        return True
    return any(key in _JOINS for key in keys) and any(
        key not in _LETTERS for key in keys
    )
