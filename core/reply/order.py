# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which of several appointments is meant by order: "the first one", "both", "the rest".

Closed classes of words, in the seven languages.
"""

from typing import NamedTuple

from .when import When
from .wordclasses import by_first_word, ends_at


class Found(NamedTuple):
    """A part of a text that says something about appointments."""

    start: int
    end: int
    refs: frozenset  # ids of the appointments of which it is true; may be empty
    when: When | None = None
    every: bool = False  # all of ``refs`` are meant
    says: str = ""  # an answer that it implies: "neither"


# Which of several is meant, counted from the first or from the last.
_PLACES = {
    0: "first 1st primera primero premier premiere erste ersten erster erstes primeira "
    "primeiro prima primo eerste",
    1: "second 2nd segunda segundo deuxieme seconde zweite zweiten zweiter zweites "
    "seconda secondo tweede",
    2: "third 3rd tercera tercero troisieme dritte dritten dritter terceira terceiro "
    "terza terzo derde",
    -1: "last ultima ultimo derniere dernier letzte letzten letzter laatste later "
    "latter spatere spateren latere",
}
_PLACE_OF = {word: place for place, text in _PLACES.items() for word in text.split()}
_PLACE_OF |= dict.fromkeys(("earlier", "former", "fruhere", "vroegere"), 0)
# "The late one"; of three, "the middle one".
_PLACE_OF_ONE = dict.fromkeys("early temprana tot fruhe fruhen vroege cedo".split(), 0)
_PLACE_OF_ONE |= dict.fromkeys("late tarde tardia spate spaten late tard".split(), -1)
_MIDDLE = frozenset(
    "middle mittlere mittleren milieu middelste medio meio mezzo intermedia".split()
)
# Around "1 and 3 yes"; a "1" elsewhere counts something.
_NUMBERED = frozenset("# num number no nr numero nummer".split())
_BESIDE_NUMBER = frozenset(
    "and y n s o j = et und e en yes no not si oui non ja nein nee sim nao , & : . - "
    "is works ok okay good fine".split()
)
_ONES = frozenset(
    "one ones appointment appt visit cita visita rendezvous rdv termin marcacao "
    "consulta appuntamento afspraak una uno visits appointments appts citas visitas "
    "termine termin appuntamenti afspraken consultas marcacoes visites visite".split()
)
_DAYS = frozenset(
    "days dates times dias fechas jours dates tage termine giorni datas dagen".split()
)
_OTHERS = frozenset(
    "other others otra otro otras otros demas autre autres andere anderer anderen "
    "anderes outra outro outras outros altra altro altre altri lautre laltro laltra "
    "rest remaining remainder resto reste restlichen restliche ubrigen ubrige overige "
    "resterende".split()
)
_ORDINALS = frozenset("st nd rd o a er e".split())
_COUNTS = {"two": 2, "dos": 2, "deux": 2, "zwei": 2, "duas": 2, "due": 2, "twee": 2}
_BOTH = (("las", "dos"), ("los", "dos"), ("les", "deux"), ("tutti", "e", "due"))
_BOTH += (("both",), ("ambas",), ("ambos",), ("beide",), ("entrambi",), ("entrambe",))
_BOTH += (("as", "duas"), ("os", "dois"), ("alle", "beide"), ("alle", "drei"))
_BOTH += (("allebei",), ("tutte", "e", "due"), ("all", "of", "them"), ("them", "all"))
_BOTH += (("all", "three"), ("all",), ("todas",), ("todos",), ("toutes",), ("tous",))
_BOTH += (("alle",), ("tutti",), ("tutte",), ("allemaal",), ("everything",))
_BOTH += (("all", "of", "those"), ("all", "of", "these"), ("both", "of", "them"))
_BOTH += (("las", "tres"), ("los", "tres"), ("les", "trois"), ("tutti", "e", "tre"))
_BOTH += (("as", "tres"), ("os", "tres"), ("alle", "drie"), ("tutte", "e", "tre"))
_BOTH += (("both", "of", "those"), ("both", "of", "these"), ("all", "3"), ("beides",))
_BOTH += (("todas", "ellas"), ("todos", "ellos"), ("tous", "les", "deux"))
_BOTH += (("toutes", "les", "deux"), ("tutti", "quanti"), ("alle", "zwei"))
_BOTH += (("the", "lot"), ("the", "whole", "lot"), ("every", "one", "of", "them"))
_BOTH += (("die", "beiden"), ("beiden",), ("de", "beide"), ("alle", "twee"))
_NEITHER_OF = tuple(
    (*begin, *end)
    for begin in (
        ("cant", "do"),
        ("cant", "make"),
        ("cannot", "do"),
        ("cannot", "make"),
    )
    for end in (("any", "of", "them"), ("any", "of", "those"), ("any", "of", "these"))
)
_PAIR = frozenset(
    "both two dos deux zwei due twee duas dois ambas ambos beide beides beiden "
    "entrambi entrambe allebei".split()
)
_TRIO = frozenset("three tres trois drei tre drie 3".split())
_NEITHER = (("cant", "do", "either"), ("cant", "make", "either"))
_NEITHER += (("neither",), ("neither", "one"), ("neither", "of", "them"))
_NEITHER += (("none", "of", "them"), ("ninguna", "de", "las", "dos"), ("ninguna",))
_NEITHER += (("ninguno",), ("ninguno", "de", "los", "dos"), ("aucun", "des", "deux"))
_NEITHER += (("aucune", "des", "deux"), ("ni", "lun", "ni", "lautre"))
_NEITHER += (("keiner", "von", "beiden"), ("keinen", "von", "beiden"), ("keiner",))
_NEITHER += (("nenhuma", "das", "duas"), ("nenhum", "dos", "dois"), ("nenhuma",))
_NEITHER += (("nessuno", "dei", "due"), ("nessuna", "delle", "due"), ("nessuno",))
_NEITHER += (("geen", "van", "beide"), ("geen", "van", "beiden"), ("neither", "works"))
_NEITHER += (
    ("none", "of", "those"),
    ("none", "of", "these"),
    ("neither", "of", "those"),
)
_NEITHER += (("neither", "of", "these"), ("none",), ("not", "either"), ("aucun",))
_NEITHER += (("ninguna", "de", "las", "tres"), ("ninguno", "de", "los", "tres"))
_NEITHER += (("aucune",), ("aucun", "des", "trois"), ("ni", "lune", "ni", "lautre"))
_NEITHER += (
    ("keine", "von", "beiden"),
    ("keins", "von", "beiden"),
    ("keiner", "davon"),
)
_NEITHER += (("keinen", "davon"), ("keines", "von", "beiden"), ("beide", "nicht"))
_NEITHER += (("nessuno", "dei", "tre"), ("nessuna", "delle", "due"), ("nenhum",))
_NEITHER += (("ne", "luno", "ne", "laltro"), ("geen", "enkele"), ("geen", "van", "de"))
_NEITHER += (("geen", "van", "de", "twee"), ("geen", "van", "de", "drie"))


_NONE_OF_THEM, _ALL_OF_THEM = map(by_first_word, (_NEITHER + _NEITHER_OF, _BOTH))


def find_all(length, find_at):
    """Walk over tokens; what is found at one goes on after its end.

    :param find_at: function of an index -> :class:`Found`, or None
    :return: list of them
    """
    found = []
    index = 0
    while index < length:
        item = find_at(index)
        if item:
            found.append(item)
        index = item.end if item else index + 1
    return found


def find_choice(tokens, appointments, lang):
    """Return the words of ``tokens`` that choose among several by their order."""
    keys = [
        "" if token.key == "prima" and lang != "it" else token.key for token in tokens
    ]
    ordered = [a.id for a in sorted(appointments, key=lambda a: a.local_start)]
    return find_all(len(keys), lambda index: _choice_at(keys, index, ordered))


def _choice_at(keys, index, ordered):
    """Return the :class:`Found` of "both", "neither", "the first two" at a place."""
    for read in (_all_at, _place_at):
        item = read(keys, index, ordered)
        if item:
            return item
    return None


def _all_at(keys, index, ordered):
    for phrases, says in ((_NONE_OF_THEM, "decline"), (_ALL_OF_THEM, "")):
        ends = ends_at(keys, index, phrases)
        if ends:
            every = _counts(keys[index : max(ends)], len(ordered))
            end = after_one(keys, max(ends), _ONES | _DAYS)
            return Found(index, end, frozenset(ordered), None, every, says)
    return None


def _counts(words, size):
    """Tell whether "both" is said of two and "all three" of three."""
    if not _TRIO.isdisjoint(words):
        return size == 3
    return _PAIR.isdisjoint(words) or size == 2


def _place_at(keys, index, ordered):
    place, end = _place_of(keys, index, len(ordered))
    after = keys[end] if end < len(keys) else ""
    if keys[index] in ("1", "2", "3") and after in _ORDINALS:
        place, end = int(keys[index]) - 1, end + 1
    if place is None or place >= len(ordered):
        return None
    count = _COUNTS.get(after)
    if count:
        chosen = ordered[:count] if place == 0 else ordered[-count:]
        return Found(index, end + 1, frozenset(chosen), None, True)
    return Found(index, after_one(keys, end), frozenset({ordered[place]}))


def _place_of(keys, index, size):
    """Return the place that a word means of ``size``, or None, and where it ends."""
    key, end = keys[index], index + 1
    after = keys[end] if end < len(keys) else ""
    if key in _NUMBERED and after.isdecimal() and 0 < int(after[:4]) <= size:
        return int(after) - 1, end + 1
    if key in _PLACE_OF_ONE and after in _ONES:
        return _PLACE_OF_ONE[key], end
    if key in _MIDDLE and size == 3:
        return 1, end
    return _PLACE_OF.get(key), end


def find_numbered(tokens, appointments, found):
    """Return the :class:`Found` of "1 and 3 yes", if no number can be a time."""
    ordered = [a.id for a in sorted(appointments, key=lambda a: a.local_start)]
    keys = [token.key for token in tokens]
    places = [i for i, key in enumerate(keys) if key.isdecimal()]
    times = {
        n for a in appointments for n in (a.local_start.day, a.local_start.hour % 12)
    }
    if found or any(int(keys[i][:4]) > len(ordered) for i in places):
        return []
    if all(int(keys[i]) in times for i in places) or "0" in keys:
        return []
    beside = {
        key for i in places for key in keys[max(i - 1, 0) : i] + keys[i + 1 : i + 2]
    }
    if not beside <= _BESIDE_NUMBER:
        return []
    return [Found(i, i + 1, frozenset({ordered[int(keys[i]) - 1]})) for i in places]


def after_one(keys, end, ones=_ONES):
    """Return where "the 9 to 11 one" and "both days" end."""
    return end + (end < len(keys) and keys[end] in ones)


def find_rest(keys, found, waiting):
    """Find "the other one": those that were not named before it."""
    for index, key in enumerate(keys):
        named = [item.refs & waiting for item in found if item.end <= index]
        if key not in _OTHERS or not (any(named) or len(waiting) == 1):
            continue
        rest = waiting - frozenset().union(*named)
        end = index + 1
        count = _COUNTS.get(keys[end]) if end < len(keys) else None
        if count or (end < len(keys) and keys[end] in _ONES):
            end += 1
        if rest and (count is None or count == len(rest)):
            return [Found(index, end, rest, None, len(rest) > 1)]
    return []
