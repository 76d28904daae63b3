# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A clear yes with a note: the yes decides if the rest is harmless by kind.

Every clause beside the yes has to be harmless (see :mod:`.harmless`): "Yes" before
words that nobody knows may be sarcasm.
"""

from . import intents as lx
from .clauses import POLITE, REFUSALS, SCOPES, SILENT, SO, YES, split_clauses
from .harmless import (
    Around,
    is_harmless,
    is_named_and_good,
    is_said_again,
    names_own,
    topics_of_all,
)
from .instructions import conditions_of, instructs_if
from .of_things import warns
from .wordclasses import ARTICLES

_ME = frozenset("me us moi nous mich uns mir mi nosotros mim nos noi ons mij".split())
_FOR = frozenset("for por pour fur dass per voor that de".split())


def find_yes_with_note(text, lexicon):
    """Return the segments that say yes beside a harmless note; else an empty list."""
    clauses = list(split_clauses(text.segments))
    yes = [_leading_yes(clause, lexicon) for clause, asks in clauses if not asks]
    yes = [segment for segment in yes if segment is not None]
    plain = [segment for segment in yes if not segment.is_any(lx.TOPICS)]
    yes = plain or yes  # "will be home" may be what is told of a son
    if not yes or not _is_clear(clauses, yes) or any(map(_asks, clauses)):
        return []
    given = {id(segment) for segment in yes}
    rest = [s for s in text.segments if id(s) not in given]
    about = [_topics_of_clause(clause) for clause, _question in clauses]
    noted = any(topics & {lx.THANKS, lx.PLACE} for topics in about)
    if not (noted or _has_subject(rest)):
        return []
    beside = frozenset().union(*about)
    told = [[], *(clause for clause, _question in clauses), []]
    for place, (before, clause, after) in enumerate(
        zip(told, told[1:], told[2:], strict=False)
    ):
        seen = any(about[:place])
        around = Around(clause, about[place], rest, beside, seen, before, after)
        if not is_harmless(around._replace(conditions=conditions_of(around))):
            return []
    return yes


def _asks(item):
    """Tell whether a clause is a question, and no "can you bring a filter?".

    Who asks "can someone call me?" wants to talk.
    """
    clause, asks = item
    if not asks:
        return False
    if topics_of_all(clause) == {lx.CONTACT} and not instructs_if(clause):
        return not any(lx.LEAD in segment.kinds for segment in clause)
    return not any(lx.REQUEST in segment.kinds for segment in clause)


def _has_subject(rest):
    """Tell whether a note is about something: "call me" alone wants to talk."""
    topics = topics_of_all(rest)
    if topics == {lx.CONTACT}:
        return any(s.is_any({lx.LEAD, lx.AMOUNT}) for s in rest) or instructs_if(rest)
    return bool(topics)


def _topics_of_clause(clause):
    """Return what a clause is about; "thanks for fitting us in" is about thanks."""
    topics = topics_of_all(clause)
    thanks = any(
        lx.THANKS in s.kinds and _leads_to_reason(after)
        for s, after in zip(clause, clause[1:], strict=False)
    )
    if warns(clause):
        topics |= {lx.PLACE}
    return topics | {lx.THANKS} if thanks else topics


def _leads_to_reason(segment):
    """Tell the "for" of "thanks for coming", also in "merci d'être venus"."""
    return segment.key in _FOR or segment.surface[:2].lower() == "d'"


def _leading_yes(clause, lexicon):
    """Return the segment that says yes, if a clause begins with it."""
    for index, segment in enumerate(clause):
        if segment.is_any(YES):
            if segment.is_any(REFUSALS) or not _stands_alone(clause, index, lexicon):
                return None
            return segment
        if not segment.kinds <= SILENT:
            return None
    return None


def _stands_alone(clause, index, lexicon):
    """Tell a yes from the beginning of a phrase: "perfect timing", "I'm in Boise"."""
    segment = clause[index]
    after = clause[index + 1] if index + 1 < len(clause) else None
    if after is None:
        return True
    if lx.CONDITION in segment.kinds:  # not "si llueve"
        return is_said_again(clause, index) or is_named_and_good(clause[index + 1 :])
    if after.is_any(YES | {lx.OWN}):
        return True
    mine = clause[index + 2 : index + 3]
    if mine and mine[0].key in _ME and after.key in SCOPES:
        return True  # "c'est d'accord pour moi"
    if after.key in SCOPES and not names_own(clause[index + 1 :]):
        return _names_day(clause[:index])  # not "ok for the furnace"
    if lexicon.has(segment.tokens[:1], lx.PLAIN_YES):
        # "confirmo si llueve"
        return len(segment.tokens) == 1 or not lexicon.has(
            segment.tokens[-1:], lx.CONDITION
        )
    if len(segment.tokens) > 1:
        if after.kinds <= POLITE | {lx.RETURN} or after.key in SO:
            return True
        return lx.ATTEND not in segment.kinds and _tells_of(clause[index + 1 :])
    return after.kinds <= SILENT or after.is_any(lx.TOPICS)


def _names_day(before):
    """Tell "Monday 8am is fine for the garage"."""
    return any(s.refs and s.when and s.when.has_day() for s in before)


def _tells_of(after):
    """Tell what is told next, without a comma: "all good key is under the mat"."""
    said = [s for s in after if s.key not in ARTICLES]
    if len(said) < 2 or said[0].is_any({lx.JOB, lx.CONTACT}):
        return False
    if len(said) == 2 and lx.AMOUNT not in said[1].kinds:
        return False
    return said[0].is_any({lx.ACCESS, lx.HOUSEHOLD, lx.PLACE})


def _is_clear(clauses, yes):
    """An "OK" counts where the text begins; a yes wherever its clause does."""
    first = next(
        (s for c, _question in clauses for s in c if not s.kinds <= SILENT), None
    )
    return any(s is first or lx.CONFIRM in s.kinds for s in yes)


def note_of(text, answers):
    """Return the words of a text from the first to the last that tells something.

    :param answers: the segments that answer
    """
    kept = {id(segment) for segment in answers}
    segments = text.segments
    telling = [i for i, s in enumerate(segments) if id(s) not in kept and _tells(s)]
    if not telling:
        return ""
    start, end = telling[0], telling[-1] + 1
    while start and _leads(segments[start - 1], kept):
        start -= 1
    while end < len(segments) and _leads(segments[end], kept):
        end += 1
    tokens = [token for s in segments[start:end] for token in s.tokens]
    return text.surface_of(start, tokens)


# "That day" tells nothing of a refusal.
_THAT_TIME = frozenset(
    line.strip()
    for line in """that day|that date|that time|then|ese dia|a esa hora|esa hora|ce jour
    ce jour la|cette date|la|an dem tag|dann|quel giorno|a quellora|die dag|dan
    nesse dia|nessa data|naquele dia|nessa hora|at that time|on that day|this day
    this time
    """.replace("\n", "|").split("|")
)


def _tells(segment):
    if " ".join(token.key for token in segment.tokens) in _THAT_TIME:
        return False
    if segment.is_any(YES) and not segment.is_any(lx.TOPICS | {lx.UNKNOWN}):
        return False
    return not segment.kinds <= SILENT | {lx.KEEP, lx.CODE, lx.RETURN}


def _leads(segment, kept):
    """Tell whether a small word belongs to what stands beside it: "the gate"."""
    return (
        id(segment) not in kept
        and segment.is_any({lx.GLUE, lx.NAME_INTRO, lx.OWN})
        and not segment.is_any(YES | {lx.THANKS, lx.GREETING})
    )
