# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Conditions and doubts that are said of things: "it leaks when it rains".

They would take a yes back if the customer said them of the visit: "when I get paid".
"""

from . import intents as lx
from .clauses import IFS, ONLY, REFUSALS, SILENT, YES

_WHENS = frozenset("when whenever cuando quand quando wenn als wanneer".split())
# "Fix the leak when you have time" tells the technician when to come.
_TASKS = frozenset(
    "fix repair replace install look check do clean come reparar arreglar revisar "
    "hacer vengan reparer changer faire venez reparieren machen kommen richten "
    "riparare sistemare fare venite repareren maken doen kom arranjar consertar fazer "
    "venham kommt".split()
)
_WE = frozenset(
    "i im ill we you u yo nosotros usted ustedes je j nous vous tu ich wir sie ihr "
    "du io noi voi lei eu nos voce voces ik wij we jullie jij".split()
)
# What one is to do with an animal, a door or a bell; see _is_if_of_thing.
_INSTRUCTS = frozenset(
    "just please ignore simply push pull ring knock text call use tell wait shell "
    "hell theyll bitte einfach klingeln anrufen klopfen drucken llame llamen toque "
    "toquen ignore ignoren empuje empujen ignorez sonnez appelez frappez poussez "
    "suoni suonate chiami chiamate bussi bussate spinga bel klop app gewoon negeer "
    "duw ligue liguem bata batam empurre".split()
)
_OF_THINGS = {lx.ACCESS, lx.HOUSEHOLD, lx.CONTACT}
_FIRST = frozenset("first erst zuerst primero prima primeiro dabord eerst".split())
_WORSE = frozenset("worse louder schlimmer lauter peor pire pior peggio erger".split())
_BEYOND = frozenset(
    "after before nach vor apres avant despues antes depois dopo prima na voor".split()
)
_THEN = frozenset("then dann entonces alors entao allora dan".split())
_LIMITS = frozenset("by before until till after if bis hasta antes avant prima".split())
_CODES = frozenset(
    "code combo combination passcode pin codigo clave senha kombination codice "
    "combinatie cijfercode turcode".split()
)
_MIN_IF_WORDS = 4


def is_of_things(segment, index, around):
    """Tell whether a condition, doubt or number is said of things only.

    :param around: :class:`~.harmless.Around`
    """
    key = segment.key
    if len(segment.tokens) > 1:
        return _is_code(segment, around.before(index))
    if segment.is_any(REFUSALS):
        return False
    for keys, tell in (
        (_WHENS, _is_when_of_fault),
        (ONLY, _is_only_of_thing),
        (IFS, _is_if_of_thing),
        (_FIRST, _is_first_of_work),
        (_THEN, _is_then),
        (_WORSE, _is_worse_fault),
        (_BEYOND, _is_beyond_place),
    ):
        if key in keys and tell(around, index):
            return True
    return False


def _answers(around):
    """Tell whether the clause is that of the yes itself."""
    return any(s.is_any(YES) and not s.is_any(lx.TOPICS) for s in around.clause)


def _is_code(segment, before):
    """Tell the digits of a lock from a time: "lock combo 22-8-41"."""
    if before is None or lx.OTHER not in segment.kinds or segment.when is None:
        return False
    digits = all(token.key.isdecimal() or token.key == "-" for token in segment.tokens)
    return digits and before.tokens[-1].key in _CODES


def _is_when_of_fault(around, index):
    """Tell "the pump rattles when it starts" from "fix it when you have time"."""
    before, after = around.clause[:index], around.clause[index + 1 :]
    said = [s for s in before if not s.kinds <= SILENT | {lx.COMMON, lx.UNKNOWN}]
    keys = {token.key for s in before for token in s.tokens}
    following = {token.key for s in after[:2] for token in s.tokens}
    if not after or not keys.isdisjoint(_TASKS) or not following.isdisjoint(_WE):
        return False
    things = [i for i, s in enumerate(before) if lx.JOB in s.kinds]
    verbs = before[things[0] + 1 :] if things else []
    return bool(said) and any(not s.kinds <= SILENT for s in verbs)


def _is_only_of_thing(around, index):
    """Tell "the leak only shows at night" from "yes only the kitchen"."""
    before, after = around.clause[:index], around.after(index)
    if _answers(around) or after is None or after.is_any(lx.TOPICS):
        return False
    return any(s.is_any(lx.TOPICS) for s in before)


def _is_if_of_thing(around, index):
    """Tell "if the dogs bark just ignore them" from "if the price is right"."""
    before, after = around.clause[:index], around.clause[index + 1 :]
    if _answers(around) or any(not s.kinds <= SILENT for s in before):
        return False
    if len(after) < _MIN_IF_WORDS or after[0].key in _WE:
        return False
    told = {token.key for s in after[2:] for token in s.tokens}
    return any(s.is_any(_OF_THINGS) for s in after[:3]) and bool(told & _INSTRUCTS)


def _is_first_of_work(around, _index):
    """Tell "the panel needs to be off first" from "let me ask first"."""
    return not _answers(around) and bool(
        around.topics & {lx.JOB, lx.ACCESS, lx.HOUSEHOLD}
    )


def _is_worse_fault(around, _index):
    """Tell "the noise is worse at night" from "Tuesday is worse"."""
    return not _answers(around) and lx.JOB in around.topics


def _is_beyond_place(around, index):
    """Tell "after the bridge" from "after I get paid"."""
    return any(lx.PLACE in s.kinds for s in around.clause[index + 1 : index + 3])


def _is_then(around, index):
    """Tell "yes for Monday then" from "by then"."""
    before = around.before(index)
    return before is None or before.tokens[-1].key not in _LIMITS
