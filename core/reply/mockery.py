# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What goes on so that a yes before it is none: mockery, money, a closed road.

"Yes, sure, and I'm the Queen of England" has only words that take nothing back; what
tells is how they follow each other. Closed classes of words, in the seven languages.
"""

from . import intents as lx
from .clauses import SILENCED, YES, split_clauses
from .text import WORD

_AND = frozenset("and n y et und e en then so entonces alors dann dan allora".split())
_THEN = frozenset(
    "then afterwards luego despues entonces apres ensuite puis dann danach nachher "
    "hinterher poi dopo depois dan daarna straks".split()
)
_AGAIN = frozenset(
    "again another more otra otro vez mas encore autre nouvelle nouveau wieder noch "
    "weitere nochmal altra unaltra ancora nuovo outra outro mais novo weer nog "
    "opnieuw".split()
)
_MONEY = tuple(
    "bill billed billing invoice charge fee paying pay dollar euro buck factura "
    "facture factur cobr pagar pago payer paye paie rechnung zahl bezahl berechne "
    "fattur fatur pagare paghi paga cobranca conta rekening betal reken".split()
)
_YOU = frozenset(
    "you youll youre they theyll nobody ustedes nadie vous personne ihr sie niemand "
    "voi nessuno voces ninguem jullie".split()
)
_I_AM = tuple(
    tuple(words.split())
    for words in (
        "im|i am|my name is|yo soy|soy|me llamo|je suis|moi je suis|moi cest|"
        "ich bin|ich heisse|io sono|sono|mi chiamo|eu sou|sou|ik ben|ik heet"
    ).split("|")
)
# With their accents: "é o", "a casa" but not "e o", "à la maison".
_IS = frozenset("is es est ist é è".split())
_THE = frozenset("the el la le der die das il lo o a de het".split())
# Pigs do, and cows jump over the moon.
_FLY = frozenset("fly flies moon vuelan volent fliegen volano voam vliegen".split())
_WHO = frozenset("who quien qui wer chi quem wie".split())
_ROADS = tuple(
    "road bridge street highway calle carretera puente camino route rue pont strasse "
    "brucke strada via ponte estrada rua weg straat brug".split()
)
_SHUT = frozenset(
    "closed blocked flooded washed cerrada cerrado cortada cortado bloqueada "
    "fermee ferme barree bloquee gesperrt zu chiusa chiuso bloccata fechada "
    "fechado interditada afgesloten gesloten dicht".split()
)
_OTHER_PEOPLE = frozenset(
    "people guys crew folks company inspector inspectors roofers painters movers "
    "gente obreros pintores albaniles gens ouvriers peintres leute handwerker maler "
    "operai muratori imbianchini pessoal pedreiros pintores mensen lui schilders "
    "verhuizers".split()
)
_COME = frozenset(
    "come comes coming arrive here vienen vendran viennent viendront kommen vengono "
    "verranno vem virao komen".split()
)
_NOT = frozenset(
    "not hasnt havent isnt arent no pas nicht nao non niet nunca never nie".split()
)
# "The part hasn't arrived": what the visit needs is not there.
_ARRIVED = frozenset(
    "arrived delivered shipped llegado llego llegaron entregado arrive arrivee arrives "
    "arrivees livre livree angekommen geliefert chegou chegaram entregue arrivato "
    "arrivata arrivati consegnato aangekomen geleverd".split()
)
_NOTHING = frozenset("nothing nada rien nichts nix niente nulla niets".split())
_TO_DO = frozenset(
    "to left anymore more else que a zu mehr da te meer para por".split()
)
_STRANGE = frozenset({lx.UNKNOWN}) | SILENCED
_CODES = frozenset("code codigo codice kode".split())


def find_mockery(segments):
    """Return the segments that make a yes before them none, or an empty list."""
    said_yes = False
    for clause, _asks in split_clauses(segments):
        first = next((i for i, s in enumerate(clause) if s.is_any(YES)), None)
        begin = 0 if said_yes or first is None else first + 1
        said_yes = said_yes or first is not None
        rest = clause[begin:]
        if said_yes and rest and any(takes(rest) for takes in _TAKE_BACK):
            return clause
    return []


def _keys(clause):
    return [token.key for segment in clause for token in segment.tokens]


def _is_somebody(clause):
    """Tell "and I'm the Queen of England" from "and I'm home"."""
    tokens = [(t, s) for s in clause for t in s.tokens if t.kind == WORD]
    keys = [token.key for token, _segment in tokens]
    for place, key in enumerate(keys):
        if key not in _AND:
            continue
        names = [
            place + 1 + len(words)
            for words in _I_AM
            if tuple(keys[place + 1 : place + 1 + len(words)]) == words
        ]
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
    if token.exact in _THE and more:
        return more[0][1].kinds <= _STRANGE
    called = token.surface[:1].isupper() or lx.NAME_INTRO in before.kinds
    return segment.kinds == {lx.UNKNOWN} or (segment.kinds == SILENCED and called)


def _is_the_pope(after):
    """Tell "(and) my dog is the Pope": somebody is what nobody is."""
    for place, (token, _segment) in enumerate(after[:4]):
        if token.exact in _IS and place and len(after) > place + 2:
            name, segment = after[place + 2]
            if after[place + 1][0].exact in _THE and segment.kinds <= _STRANGE:
                return name.surface[:1].isupper()
    return False


def _is_impossible(clause):
    """Tell "and pigs can fly"."""
    keys = _keys(clause)
    return not _AND.isdisjoint(keys) and not _FLY.isdisjoint(keys)


def _goes_on(clause):
    """Tell "and then a bill, sure", "and then you're late again".

    "And who pays for it" is no question of somebody who wants the visit, either.
    """
    keys = _keys(clause)
    pairs = zip(keys, keys[1:], strict=False)
    if any(who in _WHO and paid.startswith(_MONEY) for who, paid in pairs):
        return True
    then = next((i for i, key in enumerate(keys) if key in _THEN), None)
    joins = next((i for i, key in enumerate(keys) if key in _AND), None)
    if then is None and joins is None:
        return False
    after = keys[then if then is not None else joins :]
    again = not _AGAIN.isdisjoint(after)
    if any(key.startswith(_MONEY) or key in "$€£" for key in after):
        return then is not None or again
    return then is not None and again and not _YOU.isdisjoint(after)


def _is_road_shut(clause):
    keys = _keys(clause)
    return any(key.endswith(_ROADS) for key in keys) and not _SHUT.isdisjoint(keys)


def _is_others_visit(clause):
    """Tell "the mold people come that morning": other people come at that time."""
    keys = set(_keys(clause))
    timed = any(s.when or lx.TIME in s.kinds for s in clause)
    return timed and not (_OTHER_PEOPLE.isdisjoint(keys) or _COME.isdisjoint(keys))


def _is_timed_code(clause):
    """Tell "code 9-11 am", which may be a code or when it works."""
    return any(
        segment.tokens[-1].key in _CODES and after.when is not None
        for segment, after in zip(clause, clause[1:], strict=False)
    )


def _is_missing(clause):
    """Tell "the part hasn't arrived" and "there is nothing to fix"."""
    keys = _keys(clause)
    if not (_NOT.isdisjoint(keys) or _ARRIVED.isdisjoint(keys)):
        return True
    pairs = zip(keys, keys[1:], strict=False)
    return any(a in _NOTHING and b in _TO_DO for a, b in pairs)


_TAKE_BACK = (
    _is_missing,
    _is_somebody,
    _is_impossible,
    _goes_on,
    _is_road_shut,
    _is_others_visit,
    _is_timed_code,
)
