# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Conditions and doubts that are said of things: "it leaks when it rains".

They would take a yes back if the customer said them of the visit: "when I get paid".
"""

from . import intents as lx
from .clauses import IFS, ONLY, REFUSALS, SILENT, YES
from .instructions import INSTRUCTS
from .wordclasses import MONEY, NOT, begins, keys_of

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
_I = frozenset("i im we yo je ich io eu ik wir noi".split())
_OF_THINGS = {lx.ACCESS, lx.HOUSEHOLD, lx.CONTACT}
_FIRST = frozenset("first erst zuerst primero prima primeiro dabord eerst".split())
_WORSE = frozenset("worse louder schlimmer lauter peor pire pior peggio erger".split())
_BEYOND = frozenset(
    "after before nach vor apres avant despues antes depois dopo prima na voor".split()
)
# Of what is told with a number, and is no hour.
_UNITS = frozenset(
    "feet foot ft inch inches meter meters metre metres m km mile miles yard yards yd "
    "gallon gallons gal liter liters litre litres psi degrees amp amps volt volts watt "
    "watts lbs pounds kg percent metros metro kilometros litros grados pies mts metri "
    "metro litri gradi graus grad schritte steps escalones marches stufen gradini "
    "treden degraus pas".split()
)
_MODALS = frozenset("puede pueden pode podem puo peut kan kann".split())
_THEN = frozenset("then dann entonces alors entao allora dan".split())
_LIMITS = frozenset("by before until till after if bis hasta antes avant prima".split())
_CODES = frozenset(
    "code combo combination passcode pin codigo clave senha kombination codice "
    "combinatie cijfercode turcode".split()
)
_MIN_IF_WORDS = 4
_OTHERS = frozenset(
    "other otro otra autre lautre andere anderen anderer altra altro laltra laltro "
    "outro outra".split()
)
_OTHER_THING = tuple(
    "neighbo vecin voisin nachbar vicin vizinh buren lock closed broken stuck "
    "blocked cerrad fermee bloquee verschlossen zu kaputt gesperrt chius rott "
    "fechad trancad dicht kapot".split()
)
MOSTLY = frozenset(
    "mostly mainly usually often sometimes especially sobretodo todo generalmente "
    "normalmente principalmente surtout souvent parfois meistens meist manchmal "
    "hauptsachlich soprattutto spesso meestal vooral soms sobretudo especialmente "
    "normally".split()
)
# "Rather than the house phone", "en vez del fijo": one thing instead of another.
_INSTEAD = frozenset(
    "rather than instead vez lugar plutot lieu statt invece posto plaats".split()
)
_ERRORS = frozenset(
    "error errore erreur erro fehler storing foutcode fehlercode".split()
)
_MAPS = frozenset(
    "gps maps map navi satnav waze google navigatore navigatie navegador "
    "navigationsgerat navigation mapa mapas".split()
)
_EITHER = frozenset("either tampoco plus auch neanche nemmeno tambem ook".split())
_SAYS_NOT = NOT | frozenset("tampoco neanche nemmeno".split())
# "Careful on the steps, they haven't been salted yet"
_WARNINGS = frozenset(
    "mind careful watch beware caution cuidado ojo atencion attention vorsicht achtung "
    "attenzione attenti attento attenta occhio atencao let pas opgepast voorzichtig "
    "faites fais passen passt".split()
)
_WARNED = frozenset(
    "the for on of out with that dem der die den das auf con el la al del a aux au "
    "du les ad alla allo agli alle ai com ao o as aos op voor met de het attention "
    "bitte sie wel u".split()
)
_NO_THINGS = frozenset(
    "lawyer abogado avocat anwalt avvocato advogado advocaat what how that lo que was "
    "wie ce quello quel wat hoe".split()
)


def is_of_things(segment, index, around):
    """Tell whether a condition, doubt or number is said of things only.

    :param around: :class:`~.harmless.Around`
    """
    key = segment.key
    if _is_measure(segment, around.before(index), around.after(index)):
        return True
    if _is_of_two_things(segment, index, around):
        return True
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
        (MOSTLY, _is_mostly_there),
        (_ERRORS, _is_error_code),
        (_EITHER, _is_another_fault),
    ):
        if key in keys and tell(around, index):
            return True
    return False


def _is_measure(segment, before, after):
    """Tell "12 feet from the deck" from "at 12"."""
    digits = all(token.key.isdecimal() for token in segment.tokens)
    in_time = before is not None and before.key in ("in", "at", "um", "om")
    return digits and not in_time and after is not None and after.key in _UNITS


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
    if said and not _answers(around) and any(lx.JOB in s.kinds for s in after[:3]):
        return True  # "porch lights flicker when the AC kicks on"
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


def _is_of_two_things(segment, index, around):
    """Tell "the other one is the neighbor's" and "rather than the house phone"."""
    if segment.is_any({lx.OTHER} | REFUSALS):
        return False
    after, words = around.clause[index + 1 :], keys_of(around.clause)
    if segment.key in _MODALS and lx.HOUSEHOLD in around.topics:
        return not NOT.isdisjoint(keys_of(around.clause[:index]))  # "el gato no puede"
    if segment.tokens[-1].key in _OTHERS:
        if after and after[0].is_any({lx.ACCESS, lx.PLACE}) and not _answers(around):
            return lx.ACCESS in after[0].kinds or not INSTRUCTS.isdisjoint(words)
        told = begins(keys_of(after), _OTHER_THING)
        return told and bool(around.beside & {lx.ACCESS, lx.PLACE})
    if segment.tokens[0].key in _INSTEAD:
        things = {lx.ACCESS, lx.PLACE, lx.CONTACT}
        before = around.clause[:index]
        return all(any(s.is_any(things) for s in part) for part in (before, after))
    return segment.is_any({lx.UNCLEAR, lx.NEGATION}) and not _MAPS.isdisjoint(words)


def _is_mostly_there(around, _index):
    """Tell "mostly around the dishwasher" from "mornings mostly"."""
    places = {lx.JOB, lx.PLACE, lx.ACCESS, lx.HOUSEHOLD}
    return not _answers(around) and bool(around.topics & places)


def _is_error_code(around, index):
    """Tell "shows error E10" from "there's an error"."""
    after = around.after(index)
    if after is None or lx.JOB not in around.beside:
        return False
    return lx.AMOUNT in after.kinds or len(after.tokens[0].key) == 1


def _is_another_fault(around, index):
    """Tell "the bell doesn't work either" from "either day"."""
    words = keys_of(around.clause)
    if _SAYS_NOT.isdisjoint(words) and not any(map(_fails, around.clause[:index])):
        return False
    if not _I.isdisjoint(words):
        return False
    return (
        bool(around.topics & {lx.JOB, lx.ACCESS}) and lx.PRESENCE not in around.topics
    )


def _fails(segment):
    """Tell "doesn't work"."""
    return segment.kinds >= {lx.COMMON, lx.DECLINE} and len(segment.tokens) > 1


def warns(clause):
    """Tell whether a clause warns of a thing: "mind the step"."""
    words = keys_of(clause)
    if words[:1] == ["ne"]:  # "ne faites pas attention au désordre"
        words = words[1:]
    if not words or words[0] not in _WARNINGS or _WARNED.isdisjoint(words[1:4]):
        return False
    return not begins(words, (*MONEY, "cancel")) and _NO_THINGS.isdisjoint(words)
