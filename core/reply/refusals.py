# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A clear refusal stays one with what follows it: a proposal, a question, a reason.

Staff call back anyway. What takes it back (a yes, "don't cancel", an if) does so here
too, and a refusal of a day that is not the appointment's is none.
"""

from dataclasses import replace

from . import intents as lx
from .clauses import (
    IFS,
    REFUSALS,
    SILENT,
    YES,
    is_bare_no,
    is_worded,
)
from .excuses import (
    find_concluding_no,
    find_excuse_then,
    find_excuse_with_proposal,
)
from .refusal_clauses import clauses_of, is_soft, proposes
from .text import LINE
from .when import propose

_BEFORE = SILENT | {
    lx.OWN,
    lx.SUBJECT,
    lx.COMMON,
    lx.UNKNOWN,
    lx.EXCUSE,
    lx.JOB,
    lx.PLACE,
    lx.HOUSEHOLD,
    lx.RETURN,
    lx.BUT,
    lx.DECLINE,
    lx.RESCHEDULE,
    lx.TIME,
}
_AGAINST = {lx.OTHER, lx.CONDITION, lx.KEEP}
_RIGHT_BEFORE = SILENT | {lx.DECLINE, lx.RESCHEDULE, lx.RETURN, lx.BUT}
_FOLLOWS_NO = REFUSALS | {lx.SUBJECT, lx.QUESTION_WORD, lx.EXCUSE}
# "Cancel my subscription", "cannot log in": something else is refused.
_OBJECT = {lx.UNKNOWN, lx.COMMON, lx.CONTACT, lx.AMOUNT, lx.PLACE, lx.DOUBT}
_PASSES = frozenset("pass paso pasar passer passo passar passare".split())
_GIVEN = frozenset("the a an my our it them along el la mi le ma mon il o a".split())
# "Can't wait Monday" refuses no Monday.
_CANT_ELSE = frozenset("wait believe find open see remember hear tell complain".split())
_PERHAPS = frozenset(
    "maybe perhaps vielleicht evtl forse magari talvez quizas misschien".split()
)
# "Tomorrow's out", "ese viernes imposible".
_BAD_DAY = frozenset(
    "out bad off impossible imposible impossibile impossivel unmoglich onmogelijk "
    "schlecht slecht mort".split()
)
_VERY = frozenset(
    "very really totally muy tres vraiment ganz sehr echt total molto davvero muito "
    "heel erg".split()
)
# Our own brief text about a refusal: "...: rechazada, le llamaremos."
_OUR_REFUSALS = frozenset(
    "declined rechazada refuse recusada rifiutato abgesagt afgezegd".split()
)
_WE_CALL = frozenset(
    "call llamaremos appellerons ligar chiameremo rufen bellen".split()
)
_UNTIL = frozenset("until till til bis hasta tot fino ate jusqu through".split())
_TIMED = {lx.OTHER, lx.TIME, lx.AMOUNT}
_ENDS = frozenset("end fin fim fine ende eind einde monatsende wochenende".split())
_DAYS = frozenset(
    "day date time dia fecha jour date tag termin giorno data dag".split()
)
_ANOTHER = frozenset(
    "another other otro otra autre anderen andere altro altra outro outra".split()
)
_ASKING = frozenset("any is are do does did was have has can said says".split())
_STOPS = frozenset(".!")
_SAME_TIME = (
    ("same", "time"),
    ("misma", "hora"),
    ("meme", "heure"),
    ("gleiche", "zeit"),
    ("gleiche", "uhrzeit"),
    ("mesma", "hora"),
    ("stessa", "ora"),
    ("zelfde", "tijd"),
)


def find_refusal(text, lexicon):
    """Return the segment that refuses, though more is said with it, or None."""
    clauses = clauses_of(text.segments)
    return (
        _find_refusal_with_rest(text, clauses, lexicon)
        or _find_refused_day(clauses, lexicon)
        or find_excuse_with_proposal(clauses)
        or find_concluding_no(text)
        or find_excuse_then(clauses)
    )


def _find_refusal_with_rest(text, clauses, lexicon):
    """Return the segment that refuses, if what stands around it does not undo it."""
    for position, (clause, asks) in enumerate(clauses):
        for index, segment in enumerate(clause):
            if segment.is_any(YES):
                if not asks:
                    return None
            elif asks and lx.RESCHEDULE in segment.kinds:
                break  # "another day? I can't on Tuesday"
            elif segment.is_any(REFUSALS):
                if _is_our_text(text.segments, segment):
                    return None
                clear = not asks and (
                    _is_clear_among(clauses, position, index, lexicon)
                    or _is_own_sentence(text.segments, segment, lexicon)
                )
                return segment if clear else None
    return None


def _is_own_sentence(segments, refusal, lexicon):
    """Tell the "No." of "You must be joking. No. Last time ..." from a negation."""
    if not is_bare_no(refusal):
        return False
    place = next(i for i, s in enumerate(segments) if s is refusal)
    around = segments[max(place - 1, 0) : place] + segments[place + 1 : place + 2]
    if not all(s.tokens[0].kind == LINE or s.key in _STOPS for s in around):
        return False
    before, after = segments[:place], segments[place + 1 :]
    if any(s.key in _ASKING for s in before):
        return False  # "Any dogs. No."
    if any(map(_is_doubt, before)) or any(s.is_any(_AGAINST) for s in before):
        return False
    return all(_is_left_standing(item, lexicon) for item in clauses_of(after))


def _is_our_text(segments, refusal):
    """Tell whether a refusal stands in a copy of our own text, without its marks."""
    if refusal.key not in _OUR_REFUSALS:
        return False
    place = next(i for i, s in enumerate(segments) if s is refusal)
    after = [token.key for s in segments[place:] for token in s.tokens]
    return place > 0 and not _WE_CALL.isdisjoint(after)


def _is_clear_among(clauses, position, index, lexicon):
    clause, _asks = clauses[position]
    before = [
        s for c, asks in clauses[:position] if not (asks and proposes(c)) for s in c
    ]
    after = [s for c, _asks in clauses[position + 1 :] for s in c]
    if lx.EXCUSE in clause[index].kinds and _is_arranged(after):
        return False
    return _is_clear(clause, index, before) and all(
        _is_left_standing(item, lexicon) for item in clauses[position + 1 :]
    )


def _is_arranged(after):
    """Tell whether who will not be at home tells how to get in: "my son opens"."""
    if any(s.is_any({lx.OTHER, lx.QUESTION_WORD, lx.RESCHEDULE}) for s in after):
        return False
    return any(s.is_any({lx.ACCESS, lx.PRESENCE, lx.UNKNOWN}) for s in after)


def _find_refused_day(clauses, lexicon):
    """Return the "not" of "not Friday" and "morgen nicht", beside a proposal."""
    for position, (clause, asks) in enumerate(clauses):
        negation = None if asks else _refuses_day(clause)
        around = clauses[:position] + clauses[position + 1 :]
        if not negation and len(clause) == 1 and _is_no_good(clause[0]):
            negation = clause[0] if any(proposes(c) for c, _asks in around) else None
        if negation:
            if all(_is_left_standing(item, lexicon) for item in around):
                return negation
    return None


def _refuses_day(clause):
    """Return the "not" of "not Friday", "Montag nicht", "donderdag ben ik er niet"."""
    said = [s for s in clause if not s.kinds <= SILENT | {lx.RETURN} or s.refs]
    said = [s for s in said if s.key not in _VERY]
    while said and is_bare_no(said[0]):
        said = said[1:]
    if len(said) == 3 and said[1].is_any(YES) and said[0].refs:
        said = [said[0], said[2]]  # what a "not" behind it turns round
    if len(said) != 2:
        return None
    own, negation = sorted(said, key=lambda s: lx.NEGATION in s.kinds)
    plain = lx.NEGATION in negation.kinds and len(negation.tokens) == 1
    if not own.refs and negation.refs:
        own, negation = negation, own
    if negation.tokens[-1].key in _BAD_DAY or _is_no_good(negation):
        plain = not negation.is_any(YES)
    return negation if plain and own.refs and own.when else None


def _is_no_good(segment):
    return tuple(token.key for token in segment.tokens) in (
        ("no", "good"),
        ("not", "good"),
        ("no", "bueno"),
    )


def _is_clear(clause, index, before):
    """Tell whether a clause refuses by itself, with the appointment's own day only."""
    segment = clause[index]
    if any(map(_is_doubt, before)) or not _is_plain_around(clause, index):
        return False
    following = next((s for s in clause[index + 1 :] if not s.kinds <= SILENT), None)
    if not is_bare_no(segment):
        after = clause[index + 1 :]
        return (
            is_worded(segment)
            and not _passes_on(segment, after)
            and (not _is_object(following) or _is_verb_of_day(after, following))
        )
    if not all(s.kinds <= SILENT for s in clause[:index]):
        return False  # "my wife said no"
    if any(lx.UNKNOWN in s.kinds for s in before):
        # "That's too early for me, no"
        return len(clause) == 1 and any(lx.EXCUSE in s.kinds for s in before)
    return following is None or _may_follow_no(following, clause[index + 1])


def _is_plain_around(clause, index):
    """Tell whether the clause has no other day, no condition and no other subject."""
    around = clause[:index] + clause[index + 1 :]
    against = [s for s in _without_end(around) if s.is_any(_AGAINST)]
    if not all(map(is_soft, against)):
        return False
    if any(s.is_any(YES) for s in around):
        return False
    if not all(s.kinds <= _BEFORE or is_soft(s) for s in clause[:index]):
        return False
    return not index or clause[index - 1].is_any(_RIGHT_BEFORE)  # "Bob can't make it"


def _without_end(clause):
    """Leave out "until the 24th" and "until the end of the month", when one is back."""
    ends = [index for index, s in enumerate(clause) if s.key in _UNTIL]
    for index in ends:
        after = clause[index + 1 : index + 3]
        words = {token.key for s in clause[index : index + 3] for token in s.tokens}
        if any(s.when or s.is_any(_TIMED) for s in after) or words & _ENDS:
            return clause[:index] + clause[index + 3 :]
    return clause


def _passes_on(segment, after):
    """Tell "have to pass the code to my wife" from "have to pass this time"."""
    if segment.tokens[-1].key not in _PASSES or not after:
        return False
    said = next((s for s in after if not s.kinds <= SILENT or s.refs), None)
    given = after[0].key in _GIVEN and said is not None
    return given and not (said.refs or said.is_any({lx.TIME, lx.EXCUSE}))


def _is_verb_of_day(after, following):
    """Tell "can't swing Wednesday" from "can't open the gate"."""
    said = [s for s in after if not s.kinds <= SILENT or s.refs]
    if len(said) != 2 or following.kinds != {lx.UNKNOWN}:
        return False
    return following.key not in _CANT_ELSE and bool(said[1].refs and said[1].when)


def _is_object(following):
    """Tell whether something else is refused: "cancel my subscription"."""
    if following is None:
        return False
    return following.kinds <= _OBJECT or lx.NEGATION in following.kinds


def _may_follow_no(following, next_segment):
    """Tell a clause of its own from what a "no" negates: "no heat"."""
    if lx.NEGATION in following.kinds:
        return following is next_segment
    return following.is_any(_FOLLOWS_NO) or lx.SUBJECT in next_segment.kinds


def _is_doubt(segment):
    """Tell whether what is said before a refusal makes it no plain one."""
    if segment.is_any({lx.QUESTION_WORD, lx.KEEP, *YES}):
        return not is_soft(segment)
    if lx.CONDITION not in segment.kinds or is_soft(segment):
        return False
    return len(segment.tokens) > 1 or segment.key in IFS


def _is_left_standing(item, lexicon):
    """Tell whether a clause that follows takes nothing back."""
    clause, asks = _without_end(item[0]), item[1]
    if all(s.is_any({lx.AMOUNT, lx.CODE}) for s in clause):
        return False  # "no. 5"
    if len(clause) > 2 and clause[-1].key in _PERHAPS:
        clause = clause[:-1]  # "2 weeks from now maybe"
    proposes = asks or any(
        _is_another_day(s)
        or s.is_any({lx.OTHER, lx.RESCHEDULE, lx.TIME, lx.REQUEST})
        and not s.is_any({lx.GLUE})
        for s in clause
    )
    return not any(_takes_back(segment, proposes, lexicon) for segment in clause)


def _is_another_day(segment):
    """Tell "call me to find another day"."""
    words = {token.key for token in segment.tokens}
    return not (words.isdisjoint(_ANOTHER) or words.isdisjoint(_DAYS))


def _takes_back(segment, proposes, lexicon):
    if lx.HELP in segment.kinds:
        return True
    if segment.is_any({lx.KEEP, lx.UNCLEAR}) and len(segment.tokens) > 1:
        if lx.KEEP in segment.kinds or lexicon.has(segment.tokens[1:], lx.DECLINE):
            return True
    if proposes or is_soft(segment) or segment.is_any(REFUSALS):
        return False
    if segment.is_any(YES):
        return len(segment.tokens) > 1 or lx.COMMON not in segment.kinds
    if lx.CONDITION not in segment.kinds:
        return False
    return len(segment.tokens) > 1 or segment.key in IFS


def find_proposal(segments, appointment, today):
    """Return the :class:`~.when.Proposal` of another time in a text, or None."""
    if all(segment.when is None for segment in segments):
        return None
    words = [token.key for s in segments for token in s.tokens]
    same = any(pair in _SAME_TIME for pair in zip(words, words[1:], strict=False))
    for clause, _asks in clauses_of(segments):
        when = _proposed_in(clause)
        found = when and propose(when, appointment.local_start, today, same_time=same)
        if found:
            return found
    return None


def _proposed_in(clause):
    """Return the other time of a clause; its day and its hour may stand apart."""
    whens = [
        segment.when
        for before, segment in zip([None, *clause], clause, strict=False)
        if segment.when is not None
        and not segment.refs
        and not (before is not None and before.tokens[-1].key in _UNTIL)
    ]
    if not whens:
        return None
    hours = [w for w in whens[1:] if w.hour is not None and not w.has_day()]
    if whens[0].hour is None and hours:
        hour = hours[0]
        return replace(whens[0], hour=hour.hour, minute=hour.minute, half=hour.half)
    return whens[0]
