# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reasons not to come that refuse: "sorry, I'm at work that day", "... so no".

A reason alone may only tell who opens, or that nobody does.
"""

from . import intents as lx
from .clauses import IFS, SILENT, YES, is_bare_no
from .refusal_clauses import PROPOSING, is_no_thanks, is_soft
from .wordclasses import begins, keys_of

# Who only works may still let somebody in.
_TRAVELS = tuple(
    "vacation holiday town state travel trip away abroad vacacion viaj fuera vacanc "
    "voyage deplacement urlaub verreist unterwegs vacanz ferie viagg ferias vakantie "
    "reis".split()
)
_SORRY = frozenset(
    "sorry unfortunately sadly leider helaas desole desolee malheureusement perdon "
    "purtroppo infelizmente desculpe siento disculpe disculpen disculpa lamento "
    "dispiace spiace desculpa desculpem".split()
)
_THEN = (("ese", "dia"), ("ce", "jour", "la"), ("quel", "giorno"), ("nesse", "dia"))
_THEN += (("die", "dag"), ("an", "dem", "tag"), ("then",), ("dan",), ("dann",))
_THAT_DAY = (("that", "day"), ("ese", "dia"), ("ce", "jour"), ("quel", "giorno"))
_THAT_DAY += (("that", "week"), ("esa", "semana"), ("cette", "semaine"))
_THAT_DAY += (("quella", "settimana"), ("nessa", "semana"), ("die", "week"))
_THAT_DAY += (("nesse", "dia"), ("die", "dag"), ("dem", "tag"))
_ARRANGES = {lx.ACCESS, lx.PRESENCE, lx.HOUSEHOLD, lx.CONTACT}
_SO = frozenset("so donc also dus quindi entao entonces".split())


def find_concluding_no(text):
    """Return the "no" that a reason ends in: "I'm out of state so no"."""
    said = [s for s in text.segments if lx.SEPARATOR not in s.kinds]
    while said and said[-1].kinds <= SILENT:
        said.pop()
    if len(said) < 3 or not _is_no_of(said):
        return None
    return None if any(map(_is_against_no, said[:-2])) else said[-1]


def find_excuse_then(clauses):
    """Return the reason of "sorry, I'm at work that day", if it is all."""
    sorry = reason = None
    travels = _only_travels([s for clause, _asks in clauses for s in clause])
    for clause, asks in clauses:
        if asks or any(s.is_any(_ARRANGES) or _is_against_no(s) for s in clause):
            return None
        sorry = sorry or next((s for s in clause if _regrets(s)), None)
        then = travels or any(map(_is_then, clause))
        excuses = [s for s in clause if lx.EXCUSE in s.kinds] if then else []
        reason = reason or next(iter(excuses), None)
    return reason if sorry else None


def _only_travels(said):
    """Tell whether no more is said than that one is on vacation."""
    told = [s for s in said if not s.kinds <= SILENT | {lx.TIME}]
    return all(lx.EXCUSE in s.kinds for s in told) and any(
        begins(keys_of([s]), _TRAVELS) for s in told
    )


def _regrets(segment):
    """Tell what is said with a refusal: "sorry", "no", "after all"."""
    words = {token.key for token in segment.tokens}
    returns = lx.RETURN in segment.kinds and len(segment.tokens) > 1
    return returns or is_bare_no(segment) or not words.isdisjoint(_SORRY)


def _is_then(segment):
    """Tell "that day" and the appointment's own day."""
    if segment.refs and segment.when:
        return segment.when.has_day()
    words = tuple(token.key for token in segment.tokens)
    return words[:1] == ("that",) or words[-2:] in _THAT_DAY or words in _THEN


def _is_against_no(segment):
    if segment.is_any({lx.CONDITION, lx.OTHER}) and not is_soft(segment):
        return segment.key in IFS or lx.OTHER in segment.kinds
    return segment.is_any({*YES, lx.KEEP, lx.QUESTION_WORD}) and not is_soft(segment)


def _is_no_of(said):
    """Tell "... so no" and "too early, no thank you" from a "no" of what follows."""
    last, before = said[-1], said[-2]
    if is_bare_no(last):
        return before.key in _SO
    return is_no_thanks(last) and any(lx.EXCUSE in s.kinds for s in said)


def find_excuse_with_proposal(clauses):
    """Return the reason of "I'm at work, could you come Monday?" with another day.

    Without another day it may be only a reason why somebody else opens.
    """
    excuse = None
    proposed = False
    for clause, asks in clauses:
        if _proposes_day(clause, asks):
            proposed = True
            continue
        if any(s.is_any({lx.OTHER, lx.ACCESS, lx.PRESENCE, lx.KEEP}) for s in clause):
            return None
        if any(s.is_any(YES) and lx.COMMON not in s.kinds for s in clause):
            return None
        reasons = [s for s in clause if lx.EXCUSE in s.kinds]
        excuse = excuse or next(iter(reasons), None)
    return excuse if proposed else None


def _proposes_day(clause, asks):
    """Tell whether a clause proposes another day, and refuses none."""
    days = [s for s in clause if lx.OTHER in s.kinds and s.when and s.when.has_day()]
    if not days or any(s.is_any({lx.EXCUSE, lx.NEGATION, lx.DECLINE}) for s in clause):
        return False
    return asks or any(
        lx.REQUEST in s.kinds or any(t.key in PROPOSING for t in s.tokens)
        for s in clause
    )
