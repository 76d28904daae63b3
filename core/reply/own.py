# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Find what a text repeats of its appointment, by the appointment's own data.

What is right needs no understanding; what is wrong ("yes FO121", "yes, 15 Mill Lane",
"see you Wednesday") is never ignored.
"""

from functools import lru_cache
from typing import NamedTuple

from .text import BREAK, DASH, LINE, NUMBER, QUESTION, WORD, level, tokenize
from .times import find_times
from .when import When

# Words of a street's name that many streets have; alone they name none.
_STREET_WORDS = frozenset(
    "street st avenue ave av road rd lane ln drive dr court ct place pl boulevard blvd "
    "way circle square suite unit apt n s e w north south east west calle c avenida "
    "avda paseo plaza rue avenue boulevard place chemin impasse strasse straße str weg "
    "platz gasse allee rua avenida travessa praca via viale corso piazza vicolo straat "
    "laan weg plein de del des der du da do la le les el los di dei van".split()
)
_MIN_NAME = 3


class Found(NamedTuple):
    """A part of a text that says something about appointments."""

    start: int
    end: int
    refs: frozenset  # ids of the appointments of which it is true; may be empty
    when: When | None = None
    every: bool = False  # all of ``refs`` are meant
    says: str = ""  # an answer that it implies: "neither"


class _Words(NamedTuple):
    """The words of one appointment, as keys of tokens."""

    job: tuple
    number: str  # of the house
    street: tuple  # telling words only
    names: frozenset  # technician, contacts
    phrases: tuple  # city, company: as they stand


@lru_cache(maxsize=512)
def _words_of(job, street, city, technician, company, contacts):
    street_keys = _keys(street)
    numbers = [key for key in street_keys if key.isdecimal()]
    telling = [key for key in street_keys if key not in _STREET_WORDS]
    names = {key for name in (technician, *contacts) for key in _keys(name)}
    return _Words(
        _keys(job),
        numbers[0] if numbers else "",
        tuple(key for key in telling if not key.isdecimal() and len(key) >= _MIN_NAME),
        frozenset(key for key in names if len(key) >= _MIN_NAME),
        tuple(filter(None, (_keys(city), _keys(company), _keys(street)))),
    )


def _keys(text):
    return tuple(
        token.key
        for token in tokenize(level(text or ""))
        if token.kind in (WORD, NUMBER)
    )


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
_ONES = frozenset(
    "one ones appointment appt visit cita visita rendezvous rdv termin marcacao "
    "consulta appuntamento afspraak una uno visits appointments appts citas visitas "
    "termine termin appuntamenti afspraken consultas marcacoes visites visite".split()
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


def find_choice(tokens, appointments, lang):
    """Return the words of ``tokens`` that choose among several by their order."""
    keys = [
        "" if token.key == "prima" and lang != "it" else token.key for token in tokens
    ]
    ordered = [a.id for a in sorted(appointments, key=lambda a: a.local_start)]
    found = []
    index = 0
    while index < len(keys):
        item = _choice_at(keys, index, ordered)
        if item:
            found.append(item)
        index = item.end if item else index + 1
    return found


def _choice_at(keys, index, ordered):
    """Return the :class:`Found` of "both", "neither", "the first two" at a place."""
    for read in (_all_at, _place_at):
        item = read(keys, index, ordered)
        if item:
            return item
    return None


def _all_at(keys, index, ordered):
    phrases_of = ((_NEITHER + _NEITHER_OF, "decline"), (_BOTH, ""))
    for phrases, says in phrases_of:
        ends = [
            index + len(p) for p in phrases if tuple(keys[index : index + len(p)]) == p
        ]
        if ends:
            every = _counts(keys[index : max(ends)], len(ordered))
            end = _after_one(keys, max(ends))
            return Found(index, end, frozenset(ordered), None, every, says)
    return None


def _counts(words, size):
    """Tell whether "both" is said of two and "all three" of three."""
    if not _TRIO.isdisjoint(words):
        return size == 3
    return _PAIR.isdisjoint(words) or size == 2


def _place_at(keys, index, ordered):
    place, end = _PLACE_OF.get(keys[index]), index + 1
    after = keys[end] if end < len(keys) else ""
    if keys[index] in ("1", "2", "3") and after in _ORDINALS:
        place, end = int(keys[index]) - 1, end + 1
    if place is None or place >= len(ordered):
        return None
    count = _COUNTS.get(after)
    if count:
        chosen = ordered[:count] if place == 0 else ordered[-count:]
        return Found(index, end + 1, frozenset(chosen), None, True)
    return Found(index, _after_one(keys, end), frozenset({ordered[place]}))


def _after_one(keys, end):
    return end + (end < len(keys) and keys[end] in _ONES)


def find_own(tokens, appointments, now, lang):
    """Return what ``tokens`` repeat of ``appointments``, in order, as :class:`Found`.

    :param now: the datetime in which "tomorrow" is meant, local and naive
    """
    found = [
        item
        for start, end, when in find_times(tokens, lang)
        for item in _found_times(tokens, (start, end, when), appointments, now, lang)
    ]
    if len(appointments) > 1:  # "1st yes 2nd no" are no days then
        found = [item for item in found if item.refs or not _is_lone_day(item)]
    found = _with(found, _find_numbers(tokens, appointments))
    keys = [token.key for token in tokens]
    found = _with(found, _find_names(keys, appointments))
    if len(appointments) > 1:
        waiting = [a for a in appointments if a.is_open]
        found = [item for item in found if not _may_be_ordinal(item, keys)]
        found = _with(found, find_choice(tokens, waiting, lang))
        named = found + _find_codes(keys, waiting)
        found = _with(found, _find_rest(keys, named, frozenset(a.id for a in waiting)))
    return sorted(found, key=lambda item: item.start)


def _found_times(tokens, expression, appointments, now, lang):
    """Return the times of an expression; of two days in a row one may be right."""
    start, end, when = expression
    refs = _true_of(when, appointments, now)
    commas = [i for i in range(start, end) if tokens[i].key == ","]
    if refs or not commas:
        return [Found(start, end, refs, when)]
    parts = [
        Found(begin + offset, end_ + offset, _true_of(part, appointments, now), part)
        for offset, stop in ((start, commas[0]), (commas[0] + 1, end))
        for begin, end_, part in find_times(tokens[offset:stop], lang)
    ]
    right = any(item.refs for item in parts)
    return parts if right else [Found(start, end, refs, when)]


def _may_be_ordinal(item, keys):
    """Tell whether "segunda", no appointment's Monday, is the second one."""
    return (
        not item.refs
        and item.end - item.start == 1
        and keys[item.start] in ("segunda", "terca")
        and "primeira" in keys
    )


def _with(found, more):
    """Return ``found`` with what of ``more`` stands elsewhere."""
    taken = {index for item in found for index in range(item.start, item.end)}
    return found + [
        item for item in more if not taken.intersection(range(item.start, item.end))
    ]


# What stands before or behind the number of a day or an hour that stands alone.
_BEFORE_NUMBER = frozenset(
    "do make at for le el il den der o dia die de the on um as alle om for to van por "
    "para pour fur yes no ok oui non si ja nein nee sim nao not".split()
)
_AFTER_NUMBER = frozenset(
    "it is works work ok okay good fine yes no not y n oui non si ja nein nee sim nao "
    "geht passt goed kan va bien bene bem am pm then doesnt isnt wont".split()
)
_ORDINAL_MARKS = frozenset("st nd rd th".split())
_BEFORE_HOUR = frozenset("on at a as um alle om ab".split())
_BEFORE_DAY = frozenset("le el il den der o dia die de the".split())


def _find_numbers(tokens, appointments):
    """Return the numbers that stand alone and are a day or an hour: "can't do 7"."""
    found = []
    for index, token in enumerate(tokens):
        if token.kind != NUMBER or len(token.key) > 2 or not token.key.isdecimal():
            continue
        end, value = index + 1, int(token.key)
        after = tokens[end] if end < len(tokens) else None
        marked = after is not None and after.key in _ORDINAL_MARKS
        if not (marked or _stands_as_time(tokens, index)):
            continue
        is_day = marked or (index > 0 and tokens[index - 1].key in _BEFORE_DAY)
        refs = frozenset(
            a.id for a in appointments if value in _numbers_of(a, day_only=is_day)
        )
        if refs:
            when = When(day=value) if is_day else When(loose=[value])
            found.append(Found(index, end + marked, refs, when))
    return found


def _numbers_of(appointment, *, day_only):
    start = appointment.local_start
    hours = () if day_only else (start.hour, (start.hour - 1) % 12 + 1)
    return (start.day, *hours)


def _stands_as_time(tokens, index):
    """Tell whether a number stands where people name a day or an hour."""
    before = tokens[index - 1] if index else None
    after = tokens[index + 1] if index + 1 < len(tokens) else None
    ends = after is None or after.kind in (BREAK, DASH, LINE, QUESTION)
    if after is not None and after.key in _BEFORE_HOUR:
        named = before is not None and before.key in _BEFORE_DAY
        return named or after.key == "on"  # "el 14 a las 9", "11 on Friday"
    if after is not None and after.key in _AFTER_NUMBER:
        return before is None or before.kind in (BREAK, LINE) or before.kind == WORD
    return before is not None and before.key in _BEFORE_NUMBER and ends


def _find_names(keys, appointments):
    words = {
        a.id: _words_of(a.job, a.street, a.city, a.technician, a.company, a.contacts)
        for a in appointments
    }
    found = []
    index = 0
    while index < len(keys):
        item = _name_at(keys, index, words)
        if item:
            found.append(item)
        index = item.end if item else index + 1
    return found


def _is_lone_day(item):
    return item.when == When(day=item.when.day) and item.when.day in (1, 2, 3)


def _find_codes(keys, appointments):
    refs = {a.code: frozenset({a.id}) for a in appointments if a.code}
    return [Found(i, i + 1, refs[key]) for i, key in enumerate(keys) if key in refs]


def _find_rest(keys, found, waiting):
    """Find "the other one": those that were not named before it."""
    for index, key in enumerate(keys):
        named = [item.refs & waiting for item in found if item.end <= index]
        if key not in _OTHERS or not any(named):
            continue
        rest = waiting - frozenset().union(*named)
        end = index + 1
        count = _COUNTS.get(keys[end]) if end < len(keys) else None
        if count or (end < len(keys) and keys[end] in _ONES):
            end += 1
        if rest and (count is None or count == len(rest)):
            return [Found(index, end, rest, None, len(rest) > 1)]
    return []


def _true_of(when, appointments, now):
    return frozenset(
        appointment.id
        for appointment in appointments
        if when.matches(
            appointment.local_start, appointment.local_end, appointment.today(now)
        )
    )


def _name_at(keys, index, words):
    """Return the :class:`Found` of a job, place or person that begins at ``index``."""
    for read in (_job_at, _phrase_at, _street_at, _person_at):
        item = read(keys, index, words)
        if item:
            return item
    return None


def _job_at(keys, index, words):
    jobs = {id_: own.job for id_, own in words.items() if own.job}
    right = [job for job in jobs.values() if _begins(keys, index, job)]
    if right:
        job = max(right, key=len)
        refs = frozenset(id_ for id_, other in jobs.items() if other == job)
        return Found(index, index + len(job), refs)
    for job in jobs.values():
        if _is_other_job(keys[index : index + len(job)], job):
            return Found(index, index + len(job), frozenset())
    return None


def _begins(keys, index, words):
    return tuple(keys[index : index + len(words)]) == words


def _is_other_job(keys, job):
    """Tell whether the letters are those of a job, and the number is not: "FO121"."""
    if len(job) < 2 or len(keys) < len(job) or job[0].isdecimal():
        return False
    return tuple(keys[:-1]) == job[:-1] and job[-1].isdecimal() and keys[-1].isdecimal()


def _phrase_at(keys, index, words):
    """Find the company, the city or the whole street."""
    found = {}
    for id_, own in words.items():
        for phrase in own.phrases:
            end = index + len(phrase)
            if tuple(keys[index:end]) == phrase and (
                len(phrase) > 1 or len(phrase[0]) > _MIN_NAME
            ):
                found.setdefault(end, set()).add(id_)
    if not found:
        return None
    end = max(found)
    return Found(index, end, frozenset(found[end]))


def _street_at(keys, index, words):
    """Find the street with its number on either side, or with another number."""
    for own in words.values():
        start = index + bool(keys[index].isdecimal() and own.number)
        end = _end_of_street(keys, start, own)
        if not any(key in own.street for key in keys[start:end]):
            continue
        number = keys[index] if start > index else ""
        if not number and keys[end : end + 1] == [own.number]:
            end += 1
        if number not in ("", own.number):
            return Found(index, end, frozenset())
        ids = [id_ for id_, other in words.items() if other.street == own.street]
        return Found(index, end, frozenset(ids))
    return None


def _end_of_street(keys, start, own):
    end = start
    while end < len(keys) and (keys[end] in own.street or keys[end] in _STREET_WORDS):
        end += 1
    return end


def _person_at(keys, index, words):
    end = index
    refs = None
    while end < len(keys):
        name = {keys[end], keys[end].removesuffix("s")}  # "Oscar's"
        ids = {id_ for id_, own in words.items() if name & own.names}
        if not ids or (refs is not None and not refs & ids):
            break
        refs = ids if refs is None else refs & ids
        end += 1
    return Found(index, end, frozenset(refs)) if refs else None
