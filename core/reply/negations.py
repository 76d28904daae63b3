# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a "not" beside a clear yes is about: a thing, a way in, or the visit itself."""

from . import intents as lx
from .clauses import SCOPES, SILENT, is_bare_no

_NOT = frozenset(
    "no not doesnt wont cant isnt dont never pas ne jamais nicht nie nao non mai niet "
    "nooit nunca".split()
)
# "nicht in der Einfahrt", "not on the grass".
_IN = frozenset(
    "in on at dans sur devant en sobre delante auf vor im in nel nella sul davanti no "
    "na op voor".split()
)
_NO_PLACES = frozenset(
    "life lifetime year years month name leben jahr jahren vida ano anos vie annee nom "
    "vita anno nome leven jaar naam".split()
)
# "Don't come", "don't know".
_NEVER_FORBIDDEN = frozenset(
    "come bother need want know think send care like have get make show expect go "
    "wait be-late".split()
)


def refuses_entry(clause, index):
    """Tell "my wife is home but she doesn't want it"."""
    after = clause[index + 1 :]
    if not any(s.is_any({lx.PRESENCE, lx.ATTEND}) for s in clause[:index]):
        return False
    if any(lx.CONTACT in s.kinds for s in after):
        return False  # "but she speaks no English"
    return any(token.key in _NOT for s in after for token in s.tokens)


def negates_a_thing(segment, index, around):
    """Tell "no elevator" from "no for the fridge" and "she can't let you in"."""
    after = around.after(index)
    if _is_absence(around.clause, index):
        return False
    if not around.topics and around.beside and _names_wrong_place(around, index):
        return True
    if not around.topics and not (around.beside and _forbids(around, index)):
        return False
    if after is None:
        return not is_bare_no(segment)  # "the sink leaks no"
    return after.key not in SCOPES


def _names_wrong_place(around, index):
    """Tell "use the back door, | not on the grass" from "not on Tuesday"."""
    after = around.clause[index + 1 :]
    if not around.seen or index or len(after) < 2 or after[0].key not in _IN:
        return False
    rest = after[1:]
    if any(token.key in _NO_PLACES for s in rest for token in s.tokens):
        return False
    return bool(around.beside & {lx.PLACE, lx.ACCESS}) and all(
        s.kinds <= {lx.GLUE, lx.UNKNOWN, lx.COMMON} and not s.refs for s in rest
    )


def _forbids(around, index):
    """Tell "don't be gentle", said of a thing, from "don't come"."""
    after = around.after(index)
    if around.clause[index].key not in ("dont", "do") or after is None:
        return False
    first = all(s.kinds <= SILENT for s in around.clause[:index])
    return first and after.key not in _NEVER_FORBIDDEN


def _is_absence(clause, index):
    """Tell whether who would be there will not: "my wife can't let you in"."""
    after = clause[index + 1 : index + 3]
    return any(lx.PRESENCE in segment.kinds for segment in after)
