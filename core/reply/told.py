# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is told beside a yes: since when it fails, what an animal may not, who comes.

Times, negations and doubts that are said of these take nothing back.
"""

from . import intents as lx
from .clauses import SILENT, YES
from .instructions import INSTRUCTS
from .wordclasses import ARTICLES, NOT, NOTHING, begins, ends_at, keys_of, phrases_of

_SINCE = frozenset("since depuis desde seit dal dalla da sinds vanaf".split())
_EVERY = frozenset(
    "every each all whole toda todas cada toutes tous toute jede "
    "jeden ganze tutta tutte "
    "ogni elke iedere hele durante during single".split()
)
_WORKS = frozenset(
    "works working runs running fine funciona anda marche "
    "fonctionne funktioniert lauft "
    "geht funziona werkt doet ok okay good bien gut bene bem "
    "goed again clean mow check".split()
)
_FAILED = frozenset(
    "snapped broke burst died cracked started failed fell popped "
    "tripped exploded leaked "
    "rompio revento fallo empezo estropeo lache casse pete gerissen gebrochen geplatzt "
    "ausgefallen rotto rotta scoppiato quebrou rebentou estourou gesprongen gebroken "
    "begaf".split()
)
_ANIMALS = tuple(
    "dog dogs cat cats pup kitten kitty perr gat chien chat hund kater katze cane cani "
    "cachorr cao caes hond kat katten poes pup".split()
)
_IT = frozenset(
    "he she it they el ella il elle er sie es lui lei ele ela hij ze".split()
)
_MAY = frozenset(
    "can cant cannot may must mustnt shouldnt allowed puede "
    "pueden debe deben peut doit "
    "darf kann soll puo deve devono possono pode podem mag mogen kan get go be".split()
)
_PEOPLE = frozenset("i we you my our ich wir yo je io eu ik mein meine mi mijn".split())
_NOT_ME = phrases_of(
    "not me|no yo|pas moi|nicht ich|ich nicht|non io|nao eu|eu nao|niet ik|ik niet"
)
_HAPPENS = frozenset(
    "happens comes moves turns pasa sale passe sort passiert tut kommt succede esce "
    "acontece sai gebeurt komt".split()
)
_SOFT = frozenset(
    "maybe perhaps better quizas talvez vielleicht forse magari misschien".split()
)
_ASKS = frozenset(
    "would could podria podrian konnte wurde zou pourrait potrebbe".split()
)
_COMER = frozenset("he she guy chap man lady tech technician they".split())
_HANDLES = frozenset(
    "take leave wear keep park use give buzz ring bring wipe aparque garez parken "
    "parcheggi estacione parkeer".split()
)
_WANTS_TALK = frozenset(
    "call text ask tell phone app bel llame ligue chiami try".split()
)


def is_told(segment, index, around):
    """Tell whether a time, a doubt or a negation is part of what is told.

    :param around: :class:`~.harmless.Around`
    """
    return any(
        tells(segment, index, around)
        for tells in (
            _is_time_of_fault,
            _is_of_animal,
            _is_allowed,
            _is_not_me,
            _is_nothing_of_thing,
            _is_soft_instruction,
            _is_greeting,
        )
    )


def _is_time_of_fault(segment, index, around):
    """Tell "drips every night" and "snapped Sunday night" from "works at night"."""
    if not segment.is_any({lx.TIME, lx.OTHER}) or lx.CODE in segment.kinds:
        return False
    if segment.when is not None and segment.when.hour is not None:
        return False
    words = keys_of(around.clause)
    if lx.JOB not in around.topics and lx.ACCESS not in around.topics:
        return False
    if lx.PRESENCE in around.topics or not _WORKS.isdisjoint(words):
        return False
    before = [key for key in keys_of(around.clause[:index]) if key not in ARTICLES]
    day = segment.when is not None and segment.when.has_day()
    since = before[-1:] and before[-1] in (_SINCE if day else _SINCE | _EVERY)
    return bool(since) or not _FAILED.isdisjoint(before)


def _is_of_animal(segment, index, around):
    """Tell "the dog can't get over the fence" from "my kids can't be there"."""
    keys = keys_of([segment])
    if not keys or not set(keys) <= _MAY | NOT or segment.is_any({lx.OTHER, lx.EXCUSE}):
        return False
    before = keys_of(around.clause[:index])
    if not _PEOPLE.isdisjoint(before) and not begins(before[1:], _ANIMALS):
        return False
    if begins(before, _ANIMALS):
        return True
    theirs = begins(keys_of(around.preceding), _ANIMALS)
    return theirs and bool(before) and before[0] in _IT


def _is_allowed(segment, index, around):
    """Tell the Dutch "de bus mag op de oprit" from a "mag" that likes."""
    if segment.key != "mag" or not index or len(segment.tokens) > 1:
        return False
    return bool(around.topics & {lx.ACCESS, lx.PLACE, lx.HOUSEHOLD})


def _is_not_me(segment, index, around):
    """Tell "my wife will be there, not me"."""
    keys = keys_of([segment])
    if len(keys) not in ends_at(keys, 0, _NOT_ME):
        return False
    before = [*around.preceding, *around.clause[:index]]
    return any(s.is_any({lx.PRESENCE}) for s in before)


def _is_nothing_of_thing(segment, index, around):
    """Tell "the key turns but nothing happens" from "there's nothing to do"."""
    after = around.after(index)
    if segment.key not in NOTHING or after is None or after.key not in _HAPPENS:
        return False
    return bool(around.topics & {lx.ACCESS, lx.JOB})


def _is_soft_instruction(segment, index, around):
    """Tell "maybe park on the street" from "maybe call me first"."""
    after = keys_of(around.clause[index + 1 :])
    if not NOT.isdisjoint(after) or len(segment.tokens) > 1:
        return False
    if segment.key in _SOFT:
        told = after[:1] and after[0] in (INSTRUCTS | _HANDLES) - _WANTS_TALK
        return bool(told) and bool(around.topics & {lx.ACCESS, lx.PLACE})
    if segment.key not in _ASKS or any(s.is_any(YES) for s in around.clause[:index]):
        return False
    comer = after[1:2] if after[:1] and after[0] in ARTICLES else after[:1]
    named = around.after(index) is not None and _is_comer(around.after(index))
    asked = named or not _COMER.isdisjoint(comer)
    return asked and not _HANDLES.isdisjoint(after[1:4])


def _is_comer(segment):
    """Tell the technician's name from a day."""
    return bool(segment.refs) and segment.when is None


def _is_greeting(segment, index, around):
    """Tell the Dutch "dag" that stands alone before the yes."""
    if lx.GREETING not in segment.kinds or around.preceding:
        return False
    return all(s.kinds <= SILENT or s is segment for s in around.clause)
