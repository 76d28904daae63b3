# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What goes on so that a yes before it is none: mockery, bitterness, money.

"Yes, sure, and I'm the Queen of England" has only words that take nothing back; what
tells is how they follow each other. Closed classes of words, in the seven languages.
"""

from . import intents as lx
from .clauses import SILENCED, YES, split_clauses
from .text import WORD
from .wordclasses import (
    AGAIN,
    AND,
    AND_SO,
    ARTICLES,
    IS,
    IS_EXACT,
    MY,
    PAY,
    THE,
    ends_at,
    has_phrase,
    keys_of,
    phrases_of,
)

_THEN = frozenset(
    "then afterwards luego despues entonces apres ensuite puis dann danach nachher "
    "hinterher poi dopo depois dan daarna straks".split()
)
_YOU = frozenset(
    "you youll youre they theyll nobody ustedes nadie vous personne ihr sie niemand "
    "voi nessuno voces ninguem jullie".split()
)
_I_AM = phrases_of(
    """im|i am|my name is|yo soy|soy|me llamo|je suis|moi je suis|moi cest|
    ich bin|ich heisse|io sono|sono|mi chiamo|eu sou|sou|ik ben|ik heet"""
)
# Pigs do, and cows jump over the moon.
_FLY = frozenset("fly flies moon vuelan volent fliegen volano voam vliegen".split())
_WHO = frozenset("who quien qui wer chi quem wie".split())
_NOBODY = frozenset(
    "president presidente bundeskanzler kanzler pope papa pape papst paus king "
    "queen emperor rey reina emperador roi reine empereur konig konigin kaiser re "
    "regina imperatore rei rainha imperador koning koningin keizer santa "
    "sinterklaas kerstman weihnachtsmann osterhase napoleon napoleone napoleao "
    "einstein elvis batman superman astronaut astronauta astronaute jesus".split()
)
# "Perfect. Just perfect."
_JUST = frozenset(
    "just simply absolutely truly really so simplemente sencillamente realmente "
    "verdaderamente juste simplement vraiment absolument einfach ganz wirklich echt "
    "semplicemente proprio davvero simplesmente mesmo realmente gewoon heel echt "
    "werkelijk".split()
)
_PRAISE = tuple(
    "perfe great wonder fantas lovely brilliant terrific marvel super splend "
    "awesome genia excel maravill estupend fenomen parfait formid magnif toll prima "
    "klasse wunderb herrlich grossart ottim bene bello bella bellissim meravig otim "
    "bonit lind fijn leuk gewel prachtig mooi".split()
)
_IN_WORK = phrases_of(
    """middle of the work|middle of my work|middle of my shift|middle of the workday|
    middle of the day|plena jornada|pleno horario|mitad de la jornada|
    pleine journee|plein travail|plein boulot|plein horaire|mitten in der arbeit|
    mitten in der arbeitszeit|mitten am tag|wahrend der arbeitszeit|pieno orario|
    piena giornata|orario di lavoro|meio do horario|meio do trabalho|
    horario de trabalho|midden in werktijd|midden onder werktijd|onder werktijd|
    midden op de dag"""
)
_GO_ON = phrases_of(
    """keep texting|keep asking|keep sending|keep calling|keep reminding|
    keep bothering|siga mandando|sigan mandando|sigan preguntando|
    continuez a menvoyer|continuez de menvoyer|continuez a demander|
    schreiben sie nur weiter|schreibt nur weiter|fragt nur weiter|
    continuate a scrivere|continuate a mandare|continuem a mandar|
    continuem mandando|blijf maar sturen|blijf maar appen|blijf maar vragen"""
)
_STRANGE = frozenset({lx.UNKNOWN}) | SILENCED


def find_mockery(segments):
    """Return the segments that make a yes before them none, or an empty list."""
    clauses = [clause for clause, _asks in split_clauses(segments)]
    if _is_bitter(clauses):
        return segments
    said_yes = False
    for clause in clauses:
        first = next((i for i, s in enumerate(clause) if s.is_any(YES)), None)
        begin = 0 if said_yes or first is None else first + 1
        said_yes = said_yes or first is not None
        rest = clause[begin:]
        if said_yes and rest and any(takes(rest) for takes in _TAKE_BACK):
            return clause
    return []


def _is_somebody(clause):
    """Tell "and I'm the Queen of England" from "and I'm home"."""
    tokens = [(t, s) for s in clause for t in s.tokens if t.kind == WORD]
    keys = [token.key for token, _segment in tokens]
    for place, key in enumerate(keys):
        if key not in AND_SO:
            continue
        names = ends_at(keys, place + 1, _I_AM)
        if names and _begins_name(tokens[max(names) - 1][1], tokens[max(names) :]):
            return True
        if _is_the_pope(tokens[place + 1 :]):
            return True
    return False


def _begins_name(before, after):
    """Tell a name, or an article before what somebody is."""
    if not after:
        return False
    (token, segment), more = after[0], after[1:]
    if token.exact in THE and more:
        return more[0][1].kinds <= _STRANGE
    called = token.surface[:1].isupper() or lx.NAME_INTRO in before.kinds
    return segment.kinds == {lx.UNKNOWN} or (segment.kinds == SILENCED and called)


def _is_the_pope(after):
    """Tell "(and) my dog is the Pope": somebody is what nobody is."""
    for place, (token, _segment) in enumerate(after[:4]):
        if token.exact in IS_EXACT and place and len(after) > place + 2:
            name, segment = after[place + 2]
            if after[place + 1][0].exact in THE and segment.kinds <= _STRANGE:
                return name.surface[:1].isupper()
    return False


def _is_impossible(clause):
    """Tell "and pigs can fly"."""
    keys = keys_of(clause)
    return not AND_SO.isdisjoint(keys) and not _FLY.isdisjoint(keys)


def _goes_on(clause):
    """Tell "and then a bill, sure", "and then you're late again".

    "And who pays for it" is no question of somebody who wants the visit, either.
    """
    keys = keys_of(clause)
    pairs = zip(keys, keys[1:], strict=False)
    if any(who in _WHO and paid.startswith(PAY) for who, paid in pairs):
        return True
    then = next((i for i, key in enumerate(keys) if key in _THEN), None)
    joins = next((i for i, key in enumerate(keys) if key in AND_SO), None)
    if then is None and joins is None:
        return False
    after = keys[then if then is not None else joins :]
    again = not AGAIN.isdisjoint(after)
    if any(key.startswith(PAY) or key in "$€£" for key in after):
        return then is not None or again
    return then is not None and again and not _YOU.isdisjoint(after)


def _is_nobody(clause):
    """Tell "and my cat is the president", "und i bin da Papst"."""
    keys = keys_of(clause)
    for place, key in enumerate(keys):
        if key in _NOBODY and place and not (AND | MY).isdisjoint(keys[:place]):
            before = keys[place - 1]
            before = keys[place - 2] if before in ARTICLES else before
            if before in IS:
                return True
    return False


def _is_bitter(clauses):
    """Tell "Perfect. Just perfect." and "great, right in the middle of my shift"."""
    said = [key for clause in clauses for key in keys_of(clause)]
    praised = [i for i, key in enumerate(said) if key.startswith(_PRAISE)]
    if praised and has_phrase(said, _IN_WORK):
        return True
    return any(
        said[place] in said[:place] and said[place - 1] in _JUST
        for place in praised
        if place
    )


def _keeps_asking(clause):
    """Tell "keep asking, that'll help"."""
    return has_phrase(keys_of(clause), _GO_ON)


_TAKE_BACK = (_keeps_asking, _is_somebody, _is_nobody, _is_impossible, _goes_on)
