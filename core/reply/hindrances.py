# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What stands in the way of the visit, or makes it needless, though a yes is said.

"Yes, the road is closed", "yes, it no longer leaks", "yes, the drain cleared itself".
Closed classes of words, in the seven languages.
"""

from . import intents as lx
from .wordclasses import (
    DECIDERS,
    MY,
    NOT,
    NOTHING,
    begins,
    has_pair,
    has_phrase,
    phrases_of,
)

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
# "The part hasn't arrived": what the visit needs is not there.
_ARRIVED = frozenset(
    "arrived delivered shipped llegado llego llegaron entregado arrive arrivee arrives "
    "arrivees livre livree angekommen geliefert chegou chegaram entregue arrivato "
    "arrivata arrivati consegnato aangekomen geleverd".split()
)
_TO_DO = frozenset(
    "to left anymore more else que a zu mehr da te meer para por".split()
)
_IF_HOME = phrases_of(
    """make sure im|make sure were|make sure i am|make sure we are|make sure someone|
    make sure somebody|make sure my|see if im|see if were|see if i am|see if we are|
    see if anyone|see if someone|check if im|check if were|check if anyone|
    check if someone|check im|check that im|check were|whether im|whether were|
    ver si estoy|ver si estamos|ver si hay|saber si estoy|asegurar que este|
    voir si je|voir si on|voir si nous|verifier que je|verifier si je|savoir si je|
    ob ich|ob wir|ob jemand|ob wer|vedere se ci|vedere se sono|sapere se ci|
    sentire se ci|ver se estou|ver se to|ver se eu|ver se tem|ver se ha|saber se estou|
    of ik er|of ik thuis|of ik|of we er|of we thuis|of er iemand"""
)
_CODES = frozenset("code codigo codice kode".split())
_FAULTS = tuple(
    "leak drip odor odeur odore olor geruch gestank geur nois smell squeak rattl "
    "flicker gotea perd pierde fug ruido huele coul fuit goutt bruit pue tropf "
    "rinnt leck gerausch larm stink gocciol perde rumor puzza lek drup lawaai "
    "geluid ping vaz gotej barulh cheir".split()
)
_NO_MORE = (
    ("longer",),
    ("anymore",),
    ("nimmer",),
    ("quit",),
    ("stopped",),
    ("aufgehort",),
    ("paro",),
    ("parou",),
    ("dejo",),
    ("deixou",),
    ("arrete",),
    ("smesso",),
    ("gestopt",),
    ("opgehouden",),
    ("ya", "no"),
    ("ja", "nao"),
    ("pas", "plus"),
    ("nicht", "mehr"),
    ("kein", "mehr"),
    ("keine", "mehr"),
    ("niet", "meer"),
    ("nie", "meer"),
    ("geen", "meer"),
    ("non", "piu"),
    ("nao", "mais"),
)
_PLUS = frozenset("plus pus pu".split())
_GONE = frozenset(
    "gone parti partie weg verschwunden sparita sparito weg sumiu".split()
)
_WAITS = tuple(
    "wait esper aguard attend attesa aspett wart abwart wacht afwacht espera".split()
)
_CARS = frozenset("car truck auto coche carro camioneta voiture wagen".split())
_BROKEN = frozenset(
    "broken broke dead kaputt stuk kapot rotto rotta roto rota averiado "
    "descompuesto quebrou quebrado avariado avariou panne brise brisee werkstatt "
    "taller officina oficina shop".split()
)
# What ended without us.
_SELF = frozenset(
    "itself themselves own solo sola solito solita solos solas seul seule seuls seules "
    "selbst selber alleine allein vanzelf zelf sozinho sozinha sozinhos".split()
)
_ENDED = frozenset(
    "cleared cleaned went gone stopped fixed resolved drained dried healed unclogged "
    "unblocked came sorted destapo destapado arreglo arreglado quito paro desaparecio "
    "volvio debouche debouchee arrete arretee revenu revenue repare "
    "reparee remis remise regle erledigt gegangen verschwunden aufgehort gelost "
    "frei sturato sturata ripartito ripartita smesso sparito sparita sistemato "
    "sistemata risolto desentupiu desentupido parou sumiu passou voltou resolveu "
    "weggegaan opgelost gestopt ontstopt verdwenen".split()
)
_WORKS_AGAIN = phrases_of(
    """came back on|come back on|came on again|is back on|are back on|back to normal|
    up and running|started working|running again|working again|works again|works now|
    volvio a funcionar|vuelve a funcionar|ya funciona|remarche|ca remarche|refonctionne|
    cest revenu|est reparti|est repartie|lauft wieder|geht wieder|funktioniert wieder|
    funzt wieder|tut wieder|e ripartito|e ripartita|funziona di nuovo|
    voltou a funcionar|ja funciona|ja trabalha|pos a andar|pos a funcionar|
    pos a trabalhar|a funcionar outra vez|a trabalhar outra vez|doet het weer|
    werkt weer|loopt weer|is weer aan"""
)
_TURNED_OUT = phrases_of(
    """turns out it was|turned out to be|turned out it was|it was just the|
    it was only the|resulta que era|resulto ser|resulto que era|era solo el|era solo la|
    en fait cetait|cetait juste|cetait seulement|il sagissait juste|war nur die|
    war nur der|war nur das|war bloss|stellte sich heraus|hat sich herausgestellt|
    era solo il|era solo un|era soltanto|si e rivelato|afinal era|era so o|era so a|
    afinal foi|was alleen de|was gewoon de"""
)
_ALL_DONE = phrases_of(
    """all done|all finished|ya terminaron|ya acabaron|todo hecho|todo terminado|
    tout est fini|tout est fait|cest fini|alles fertig|alles erledigt|alles gemacht|
    ja terminaram|tudo feito|finito tutto|tutto finito|tutto fatto|alles gedaan"""
)
_BLEEK = frozenset("bleek gebleken".split())
_ALREADY = frozenset("already ya deja schon bereits gia al".split())
_SOMEBODY = frozenset(
    "someone somebody alguien quelquun jemand einer wer qualcuno alguem iemand".split()
)
_SOMEBODY_ALREADY = phrases_of("alguem ja")
_TO_ME = phrases_of("mi si")
_DID_IT = frozenset(
    "did done fixed came hizo hecho vino arreglo estuvo fait venu passe repare hat "
    "gemacht repariert war fatto venuto passato fez veio arranjou esteve heeft "
    "gedaan geweest".split()
)
# Who may have mended it instead of us, by language, with its words for "already".
_WHO_MENDS = {
    "already": (
        "husband wife brother sister son dad father mom mother uncle cousin nephew "
        "neighbo friend buddy guy landlord plumber handyman roommate boyfriend "
        "super"
    ),
    "ya": (
        "marid espos muj herman hij padre papa tio prim sobrin vecin amig cunad "
        "suegr yern novi caser fontaner plomer"
    ),
    "deja": (
        "mari femme frere soeur fils pere oncle cousin neveu voisin ami copain beau "
        "beaufrere gendre compagnon proprio plombier"
    ),
    "schon bereits": (
        "mann frau bruder sohn vater onkel cousin neffe nachbar freund kumpel "
        "schwager schwieger hausmeister vermieter klempner"
    ),
    "gia": (
        "marit moglie fratell figli padre papa zio cugin nipote vicin amic cognat "
        "suocer genero compagn idraulic"
    ),
    "ja": (
        "marid espos irma filh pai tio prim sobrinh vizinh amig cunhad sogr genr "
        "namorad encanador canalizador"
    ),
    "al reeds": (
        "man vrouw broer zoon vader oom neef buur vriend zwager schoon huisbaas "
        "klusjesman loodgieter"
    ),
}
_MENDERS = {
    word: tuple(stems.split())
    for words, stems in _WHO_MENDS.items()
    for word in words.split()
}
# What is done for the visit, or only known of the thing.
_PREPARED = tuple(
    "has have had knows told show bought turn shut shuts move empt clear unplug "
    "disconnect tien sabe compr cerr apag vaci desench mov muestr ensen esta "
    "connait sait achet coup vid debranch deplac montr weiss kennt kauft gekauft "
    "abgestellt ausgeschaltet abgedreht geleert zeigt gezeigt conosce comprat "
    "chius spent svuot spost mostr tem sab fech deslig esvazi conhece weet kent "
    "gekocht afgesloten uitgezet leeg toon laat".split()
)

_SINCE = frozenset("since desde depuis seit dal dalla sinds".split())
_WORKS = frozenset(
    "works working funciona anda marche fonctionne funktioniert geht lauft funziona "
    "trabalha werkt doet".split()
)


def _is_road_shut(_clause, keys):
    return any(key.endswith(_ROADS) for key in keys) and not _SHUT.isdisjoint(keys)


def _is_others_visit(clause, keys):
    """Tell "the mold people come that morning": other people come at that time."""
    timed = any(s.when or lx.TIME in s.kinds for s in clause)
    return timed and not (_OTHER_PEOPLE.isdisjoint(keys) or _COME.isdisjoint(keys))


def _asks_if_home(_clause, keys):
    """Tell "call first to make sure I'm home", which promises nobody there."""
    return has_phrase(keys, _IF_HOME)


def _is_timed_code(clause, _keys):
    """Tell "code 9-11 am", which may be a code or when it works."""
    return any(
        segment.tokens[-1].key in _CODES and after.when is not None
        for segment, after in zip(clause, clause[1:], strict=False)
    )


def _is_missing(_clause, keys):
    """Tell "the part hasn't arrived" and "there is nothing to fix"."""
    if not (NOT.isdisjoint(keys) or _ARRIVED.isdisjoint(keys)):
        return True
    pairs = zip(keys, keys[1:], strict=False)
    return any(a in NOTHING and b in _TO_DO for a, b in pairs)


def _is_over(_clause, keys):
    """Tell "it no longer leaks" from "it no longer works"."""
    if not begins(keys, _FAULTS):
        return False
    ends = not (_PLUS | _GONE).isdisjoint(keys[-1:])  # "ça coule plus"
    return ends or any(has_pair(keys, pair) for pair in _NO_MORE)


def _waits(_clause, keys):
    """Tell "I'm waiting for the insurance" from "we're waiting for you"."""
    return begins(keys, _WAITS) and begins(keys, DECIDERS)


def _has_no_car(_clause, keys):
    """Tell "my car is broken", so nobody is home, from "the garage door is broken"."""
    pairs = zip(keys, keys[1:], strict=False)
    mine = any(a in MY and b in _CARS for a, b in pairs)
    mine = mine or ("lauto" in keys and has_phrase(keys, _TO_ME))
    return mine and not _BROKEN.isdisjoint(keys)


def _ended_by_itself(_clause, keys):
    """Tell "the drain cleared itself" from "the door opens by itself"."""
    return not (_SELF.isdisjoint(keys) or _ENDED.isdisjoint(keys))


def _works_again(clause, keys):
    """Tell "the heat came back on" from "the buzzer works again"."""
    if not (NOT | _ENDED - {"came"}).isdisjoint(keys):
        return False
    if any(lx.ACCESS in s.kinds for s in clause):
        return False
    return has_phrase(keys, _WORKS_AGAIN)


def _turned_out(_clause, keys):
    """Tell "turns out it was the fuse", "het bleek de stop te zijn"."""
    return not _BLEEK.isdisjoint(keys) or has_phrase(keys, _TURNED_OUT)


def _was_done(_clause, keys):
    """Tell "somebody already came" from "somebody is already there"."""
    if has_phrase(keys, _ALL_DONE):
        return True
    if _SOMEBODY.isdisjoint(keys) or _DID_IT.isdisjoint(keys):
        return False
    return not _ALREADY.isdisjoint(keys) or has_phrase(keys, _SOMEBODY_ALREADY)


def _was_mended(clause, keys):
    """Tell "the faucet, my cousin already patched it" from "... already has the key".

    Any verb counts, but those of what is prepared for the visit.
    """
    if not any(lx.JOB in s.kinds for s in clause) or begins(keys, _PREPARED):
        return False
    if any(s.is_any({lx.ACCESS, lx.LEAD}) for s in clause):
        return False
    return any(begins(keys, _MENDERS[key]) for key in keys if key in _MENDERS)


def _works_since(clause, keys):
    """Tell "the furnace works since Saturday" from "out since Saturday"."""
    if any(words.isdisjoint(keys) for words in (_SINCE, _WORKS)):
        return False
    return NOT.isdisjoint(keys) and any(lx.JOB in s.kinds for s in clause)


HINDRANCES = (
    _is_road_shut,
    _is_others_visit,
    _asks_if_home,
    _is_timed_code,
    _is_missing,
    _is_over,
    _waits,
    _has_no_car,
    _ended_by_itself,
    _works_again,
    _turned_out,
    _was_done,
    _was_mended,
    _works_since,
)
