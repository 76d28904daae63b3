# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Find what a text repeats of its appointment, by the appointment's own data.

What is right needs no understanding; what is wrong ("yes FO121", "yes, 15 Mill Lane",
"see you Wednesday") is never ignored.
"""

from functools import lru_cache
from typing import NamedTuple

from .order import Found, after_one, find_all, find_choice, find_numbered, find_rest
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
# "Goethestr.", "Kerkstr."
_CUTS = {"asse": "strasse", "aat": "straat"}
_TWO = frozenset("two dos duas due deux zwei twee".split())
_MIN_NAME = 3


class _Words(NamedTuple):
    """The words of one appointment, as keys of tokens."""

    job: tuple
    number: str  # of the house
    street: tuple  # telling words only
    names: frozenset  # technician, contacts
    phrases: tuple  # city, company: as they stand
    telling: frozenset  # a text without one of these names nothing of it


@lru_cache(maxsize=512)
def _words_of(job, street, city, technician, company, contacts):
    street_keys = _keys(street)
    numbers = [key for key in street_keys if key.isdecimal()]
    telling = [key for key in street_keys if key not in _STREET_WORDS]
    telling += [
        key.removesuffix(cut)
        for cut, whole in _CUTS.items()
        for key in telling
        if key.endswith(whole)
    ]
    telling = [k for k in telling if not k.isdecimal() and len(k) >= _MIN_NAME]
    names = {key for name in (technician, *contacts) for key in _keys(name)}
    names = frozenset(key for key in names if len(key) >= _MIN_NAME)
    phrases = tuple(filter(None, (_keys(city), _keys(company), _keys(street))))
    job = _keys(job)
    return _Words(
        job,
        numbers[0] if numbers else "",
        tuple(telling),
        names,
        phrases,
        names.union(telling, job[:1], (phrase[0] for phrase in phrases)),
    )


def _keys(text):
    return tuple(
        token.key
        for token in tokenize(level(text or ""))
        if token.kind in (WORD, NUMBER)
    )


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
    found = [item for item in found if not _greets(item, keys)]
    found = _with(found, _find_names(keys, appointments))
    if len(appointments) > 1:
        waiting = [a for a in appointments if a.is_open]
        found = [
            item._replace(end=after_one(keys, item.end))
            for item in found
            if not _may_be_choice(item, keys)
        ]
        found = _with(found, find_choice(tokens, waiting, lang))
        found = _with(found, find_numbered(tokens, waiting, found))
        named = found + _find_codes(keys, waiting)
        found = _with(found, find_rest(keys, named, frozenset(a.id for a in waiting)))
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


def _greets(item, keys):
    """Tell the "Morgen" of "Guten Morgen" from tomorrow."""
    alone = item.end - item.start == 1 and keys[item.start] == "morgen"
    return alone and item.start > 0 and keys[item.start - 1] in _GOOD


def _may_be_choice(item, keys):
    """Tell whether "segunda", no appointment's Monday, is the second one.

    "Sí a las dos" may be about both.
    """
    if item.refs or item.end - item.start > 1:
        return False
    if keys[item.start] in _TWO:
        return True
    return keys[item.start] in ("segunda", "terca") and "primeira" in keys


_GOOD = frozenset("guten gute goeden goede goeie".split())


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
        if token.kind != NUMBER or not token.key.isdecimal():
            continue
        if len(token.key) > 2:
            found += _find_clock(index, token.key, appointments)
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


def _find_clock(index, key, appointments):
    """Return the hour that is written as "830" or "1630", if it is the start of one."""
    if any(a.code for a in appointments) or len(key) > 4:
        return []
    hour, minute = int(key[:-2]), int(key[-2:])
    refs = frozenset(
        a.id
        for a in appointments
        if minute == a.local_start.minute
        and hour in (a.local_start.hour, (a.local_start.hour - 1) % 12 + 1)
    )
    return [Found(index, index + 1, refs, When(hour=hour, minute=minute))] * bool(refs)


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
    said = {*keys, *(key.removesuffix("s") for key in keys)}  # "Oscar's"
    if all(own.telling.isdisjoint(said) for own in words.values()):
        return []
    return find_all(len(keys), lambda index: _name_at(keys, index, words))


def _is_lone_day(item):
    return item.when == When(day=item.when.day) and item.when.day in (1, 2, 3)


def _find_codes(keys, appointments):
    refs = {a.code: frozenset({a.id}) for a in appointments if a.code}
    return [Found(i, i + 1, refs[key]) for i, key in enumerate(keys) if key in refs]


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
        stop = keys[end : end + 1] == ["."]  # "Goethestr. 17"
        if not number and keys[end + stop : end + stop + 1] == [own.number]:
            end += 1 + stop
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
