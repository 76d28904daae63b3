# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A clear yes with a note: the yes decides if the rest is harmless by kind.

Harmless is what tells how to get in, of animals, whom to call, where it is, what is to
be done, who will be there. Every clause beside the yes has to be about one of these,
and nothing in it may be a condition, a doubt, another time or a question: "Yes" before
words that nobody knows may be sarcasm.
"""

from typing import NamedTuple

from . import intents as lx
from .clauses import IFS, POLITE, REFUSALS, SILENT, is_bare_no, split_clauses

_YES = {lx.CONFIRM, lx.AGREE}
_NUMBERED = {lx.ACCESS, lx.CONTACT, lx.PLACE, lx.JOB, lx.HOUSEHOLD}
# What a "but" right after the yes may be about: "yes but call first".
_ARRANGED = {lx.CONTACT, lx.ACCESS, lx.HOUSEHOLD}
_HARD = {
    lx.OTHER,
    lx.HELP,
    lx.OPT_IN,
    lx.OPT_OUT,
    lx.OPT_OUT_ALONE,
    lx.AUTO_REPLY,
    lx.RESCHEDULE,
    lx.REACTION,
    lx.REACTION_LIKE,
}
_VETOES = {
    lx.CONDITION,
    lx.QUESTION_WORD,
    lx.UNCLEAR,
    lx.EXCUSE,
    lx.TIME,
    lx.DOUBT,
    lx.INSTRUCTION,
}
# "Yes for the fridge" is one to a part.
_SCOPES = frozenset("for to on about with pour fur para per voor sobre".split())
# What joins a reason to what follows from it.
_SO = frozenset("so and y asi et donc alors und also e entao quindi en dus".split())
_COME = frozenset("come vengan venez kommen venham venite kom".split())
# Who comes: what is said of them are no conditions of the customer's.
_YOU = frozenset(
    "you u ya he she they usted ustedes vous tu sie ihr du lei voi voce voces u je "
    "jullie il er".split()
)
# "Better knock": a word that compares, before what the technician may do.
_BETTER = frozenset(
    "better mejor plutot besser lieber meglio melhor beter liever".split()
)
_ONLY = frozenset("only solo nur seulement uniquement alleen apenas soltanto".split())
# "The door is fixed" may be a reason why nobody has to come; "needs to be fixed" not.
_DONE = frozenset(
    "fixed repaired resolved solved sorted replaced arreglado arreglada arreglaron "
    "arreglo reparado reparada repararon reparee repare reparee resolu gerichtet "
    "repariert behoben gemacht gefixt erledigt riparato riparata sistemato sistemata "
    "risolto aggiustato aggiustata consertado consertada consertaram arrumado arrumada "
    "fait faite hecho hecha fatto fatta feito feita gedaan pumped swept serviced "
    "resolvido gemaakt gerepareerd opgelost hersteld".split()
)
_TO_BE_DONE = frozenset(
    "need needs needed be to want please get getting wants must ser estar sea etre "
    "werden muss mussen sollte essere deve devono debe deben worden moet moeten "
    "not never hasnt wasnt isnt havent no nicht nie non niet".split()
)
_AGAIN = frozenset("again wieder weer alweer nuevo vez nouveau nuovo novo".split())
# "It leaks again" is what is to be done.
_FAULTS = tuple(
    "leak drip brok stuck clog block jam fault err out down nois smell act trip beep "
    "dead not wont doesnt isnt cant stop squeak rattl fail kaputt tropf klemm quietsch "
    "brumm nicht gote fuga rot ruido fuite pann bruit perde rumor lek kapot piep niet "
    "vaza ping quebr barulh coule bouch".split()
)
_MAX_HOUR = 24
_MAX_DAY = 31
_MAX_PREPOSITION = 3
_ME = frozenset("me us moi nous mich uns mir mi nosotros mim nos noi ons mij".split())
_MAX_UNKNOWN = 6
_MAX_TOLD = 3
_FOR = frozenset("for por pour fur dass per voor that de".split())
_MAX_UNKNOWN_BESIDE = 4  # in a clause that is about nothing known
_PLAIN = SILENT | {lx.COMMON, lx.UNKNOWN, lx.RETURN, lx.PRESENCE, lx.SUBJECT}


class _Around(NamedTuple):
    """What stands around a segment of a note."""

    clause: list
    topics: frozenset  # of the clause
    rest: list  # of the segments of the text, without those that say yes
    beside: frozenset  # topics of the whole text
    seen: bool  # something harmless was said in a clause before

    def before(self, index):
        return self.clause[index - 1] if index else None

    def after(self, index):
        return self.clause[index + 1] if index + 1 < len(self.clause) else None

    def place(self, segment):
        return next(i for i, s in enumerate(self.rest) if s is segment)


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
    if not (_has_subject(rest) or any(lx.THANKS in topics for topics in about)):
        return []
    beside = frozenset().union(*about)
    for place, (clause, _question) in enumerate(clauses):
        seen = any(about[:place])
        if not _is_harmless(_Around(clause, about[place], rest, beside, seen)):
            return []
    return yes


def _asks(item):
    """Tell whether a clause is a question, and no "can you bring a filter?"."""
    clause, asks = item
    return asks and not any(lx.REQUEST in segment.kinds for segment in clause)


def _has_subject(rest):
    """Tell whether a note is about something: "call me" alone wants to talk."""
    topics = _topics_of_all(rest)
    if topics == {lx.CONTACT}:
        return any(s.is_any({lx.LEAD, lx.AMOUNT}) for s in rest)
    return bool(topics)


def _topics_of(segment):
    if lx.ATTEND in segment.kinds:
        return frozenset({lx.PRESENCE})
    return segment.kinds & lx.TOPICS


def _topics_of_all(segments):
    return frozenset().union(*map(_topics_of, segments))


def _topics_of_clause(clause):
    """Return what a clause is about; "thanks for fitting us in" is about thanks."""
    topics = _topics_of_all(clause)
    thanks = any(
        lx.THANKS in s.kinds and after.key in _FOR
        for s, after in zip(clause, clause[1:], strict=False)
    )
    return topics | {lx.THANKS} if thanks else topics


def _leading_yes(clause, lexicon):
    """Return the segment that says yes, if a clause begins with it."""
    for index, segment in enumerate(clause):
        if segment.is_any(_YES):
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
    if lx.CONDITION in segment.kinds:
        return False  # "si llueve"
    if after.is_any(_YES | {lx.OWN}):
        return True
    mine = clause[index + 2 : index + 3]
    if mine and mine[0].key in _ME and after.key in _SCOPES:
        return True  # "c'est d'accord pour moi"
    if after.key in _SCOPES and not _names_own(clause[index + 1 :]):
        return False  # "ok for the furnace"
    if lexicon.has(segment.tokens[:1], lx.PLAIN_YES):
        # "confirmo si llueve"
        return len(segment.tokens) == 1 or not lexicon.has(
            segment.tokens[-1:], lx.CONDITION
        )
    if len(segment.tokens) > 1:
        return after.kinds <= POLITE | {lx.RETURN} or after.key in _SO
    return after.kinds <= SILENT or after.is_any(lx.TOPICS)


def _names_own(after):
    return any(segment.refs for segment in after[:3])


def _is_clear(clauses, yes):
    """An "OK" counts where the text begins; a yes wherever its clause does."""
    first = next(
        (s for c, _question in clauses for s in c if not s.kinds <= SILENT), None
    )
    return any(s is first or lx.CONFIRM in s.kinds for s in yes)


def _is_harmless(around):
    """Tell whether a clause is about something harmless, and takes nothing back."""
    unknown = said = 0
    for index, segment in enumerate(around.clause):
        if _is_done(around.clause, index) or _is_elsewhere(around.clause, index):
            return False
        if segment.is_any(_YES) and not segment.is_any(REFUSALS):
            if lx.CONDITION in segment.kinds and len(around.clause) > 1:
                return False  # "si llueve"
        elif not segment.kinds <= SILENT:
            if not _may_stand(segment, index, around, said):
                return False
            said += 1
            unknown += _is_unknown(segment)
    if around.topics:
        return unknown <= _MAX_UNKNOWN
    return not unknown or (bool(around.beside) and unknown <= _MAX_UNKNOWN_BESIDE)


def _is_unknown(segment):
    return lx.UNKNOWN in segment.kinds and not segment.is_any(lx.NOTE_KINDS | {lx.OWN})


def _may_stand(segment, index, around, said):
    """Tell whether a segment takes nothing back where it stands.

    :param said: how much was said in its clause before it
    """
    kinds = segment.kinds
    if _is_harmless_here(segment, index, around):
        return True
    if lx.BUT in kinds and not (around.seen or said or around.topics & _ARRANGED):
        return False
    if kinds & {lx.NEGATION} or is_bare_no(segment):
        if not _negates_a_thing(segment, index, around):
            return False
    if lx.LEAD in kinds and not kinds & lx.TOPICS:
        return _leads_to_call(around.clause, index)
    if _is_allowed(segment, index, around) or _is_excused(segment, around):
        return True
    return bool(around.beside - {lx.PRESENCE}) and _is_odd(segment)


def _is_done(clause, index):
    """Tell "I got the door fixed" and "it works again" from "needs to be fixed"."""
    keys = [token.key for token in clause[index].tokens]
    before = {t.key for s in clause[max(index - 3, 0) : index] for t in s.tokens}
    if not _DONE.isdisjoint(keys):
        return _TO_BE_DONE.isdisjoint(before | set(keys))
    if keys[0] not in _AGAIN:
        return False
    words = [token.key for segment in clause for token in segment.tokens]
    return not any(word.startswith(_FAULTS) for word in words)


def _is_elsewhere(clause, index):
    """Tell "I'm in Mexico" from "I'm in"."""
    segment = clause[index]
    after = clause[index + 1] if index + 1 < len(clause) else None
    if after is None or lx.PRESENCE not in segment.kinds:
        return False
    return segment.tokens[-1].key == "in" and after.kinds <= {lx.UNKNOWN, lx.FILLER}


def _is_harmless_here(segment, index, around):
    """Tell whether a word that may undo a yes does not where it stands."""
    before, after = around.before(index), around.after(index)
    key = segment.key
    if len(segment.tokens) > 1 or segment.is_any({lx.OTHER, lx.CODE, *REFUSALS}):
        return False
    if lx.AMOUNT in segment.kinds and key.isdecimal():
        return _counts_a_thing(key, after, around)
    if key in _ONLY:
        return before is not None and before.is_any({lx.ACCESS, lx.PLACE})
    if key in _BETTER:
        later = around.clause[index + 1 :]
        return any(s.is_any({lx.ACCESS, lx.CONTACT}) for s in later)
    if lx.TIME in segment.kinds and key.isalpha() and len(key) <= _MAX_PREPOSITION:
        return after is not None and not after.is_any({lx.AMOUNT, lx.OWN, lx.OTHER})
    return False


def _counts_a_thing(key, after, around):
    """Tell the number of a flat or a house, and an age in brackets, from an hour."""
    if int(key[:9]) > _MAX_DAY and around.beside:
        return key[:2] not in ("19", "20") or len(key) != 4  # a year
    if len(around.clause) == 1 and around.beside:
        return lx.PRESENCE in around.beside
    lettered = after is not None and len(after.key) == 1
    numbered = bool(around.beside & _NUMBERED)
    return numbered and (lettered or int(key[:9]) > _MAX_HOUR)


def _negates_a_thing(segment, index, around):
    """Tell "no elevator" from "no for the fridge" and "she can't let you in"."""
    after = around.after(index)
    if not around.topics or _is_absence(around.clause, index):
        return False
    if after is None:
        return not is_bare_no(segment)  # "the sink leaks no"
    return after.key not in _SCOPES


def _is_excused(segment, around):
    """Tell whether who is away said who will be there: "my son, I'm at work"."""
    if lx.EXCUSE not in segment.kinds or segment.is_any({lx.CONDITION, lx.DOUBT}):
        return False
    before = around.rest[: around.place(segment)]
    return any(lx.PRESENCE in s.kinds for s in before)


def _is_odd(segment):
    """Tell whether a word is odd beside an answer only: "left", "closed", "text"."""
    return (
        len(segment.tokens) == 1
        and segment.is_any({lx.UNCLEAR, lx.EXCUSE})
        and segment.kinds <= {lx.UNCLEAR, lx.EXCUSE, *SILENT, lx.UNKNOWN, lx.KEEP}
    )


def _leads_to_call(clause, index):
    """Tell "call when outside" from a condition: "once my landlord has the key"."""
    if any(lx.CONTACT in s.kinds for s in clause[:index]):
        return True
    after = next((s for s in clause[index + 1 :] if not s.kinds <= SILENT), None)
    if after is not None and lx.CONTACT in after.kinds:
        return True
    if _is_of_visit(clause, index):
        return True
    # "If no one answers just go around the side"
    return len(clause[index].tokens) > 2 and index + 1 < len(clause)


def _is_of_visit(clause, index):
    """Tell "let the dog out before you come in" from "after I get paid"."""
    topics = _topics_of_all(clause)
    if not topics & {lx.ACCESS, lx.CONTACT, lx.HOUSEHOLD}:
        return False
    following = clause[index + 1 : index + 3]
    return any(token.key in _YOU for s in following for token in s.tokens)


def _is_allowed(segment, index, around):
    """Tell whether a segment may stand in a harmless clause, by its kinds."""
    kinds = segment.kinds
    if kinds & (_HARD - {lx.OPT_OUT_ALONE} if lx.COMMON in kinds else _HARD):
        return False
    if kinds & (lx.TOPICS | {lx.BUT}):
        return True
    if lx.DOUBT in kinds:
        return False
    if kinds & REFUSALS and not is_bare_no(segment):
        return _is_about_a_thing(segment, index, around)
    if kinds & {lx.COMMON, lx.OWN}:
        return True
    if lx.REQUEST in kinds:
        return bool(around.topics)
    if kinds & {lx.AMOUNT, lx.CODE}:
        return bool(around.topics & _NUMBERED) or _is_floor(segment, around)
    return not kinds & _VETOES


def _is_floor(segment, around):
    """Tell the number of a floor that ends in a stop: "3. Stock"."""
    place = around.place(segment)
    after = around.rest[place + 1 : place + 3]
    return [s.key for s in after[:1]] == ["."] and any(
        lx.PLACE in s.kinds for s in after
    )


def _is_about_a_thing(segment, index, around):
    """Tell a refusal from "buzzer doesn't work" and from an absence with a stand-in."""
    before = around.before(index)
    if lx.COMMON in segment.kinds:  # what things do: "doesn't work"
        return before is not None and before.is_any(
            {lx.ACCESS, lx.JOB, lx.HOUSEHOLD, lx.CONTACT}
        )
    if lx.EXCUSE not in segment.kinds:
        return False
    after = around.rest[around.place(segment) + 1 :]
    return any(s.is_any({lx.PRESENCE, lx.ACCESS}) for s in after)


def _is_absence(clause, index):
    """Tell whether who would be there will not: "my wife can't let you in"."""
    after = clause[index + 1 : index + 3]
    return any(lx.PRESENCE in segment.kinds for segment in after)


def find_yes_at_end(text, *, asked_back=False):
    """Return the yes of "I looked it up, Friday is fine": a story, then a plain yes.

    The story needs not be understood, as long as it takes nothing back. Unless we asked
    back to something that sets no condition, the yes has to name the day.
    """
    clauses = list(split_clauses(text.segments))
    saying = [c for c, _asks in clauses if any(not _says_nothing(s) for s in c)]
    if len(saying) < 2 or any(asks for _c, asks in clauses):
        return []
    *story, last = saying
    yes = _plain_yes(last)
    if not yes or any(map(_is_unknown, last)):
        return []
    if not (asked_back and any(lx.CONFIRM in s.kinds for s in yes)):
        if not any(s.refs and s.when and s.when.has_day() for s in last):
            return []
    told = [s for clause in story for s in clause if not s.kinds <= SILENT]
    if not all(_may_be_told(s, asked_back) for s in told):
        return []
    unknown = sum(map(_is_unknown, told))
    return yes if unknown <= (_MAX_UNKNOWN if asked_back else _MAX_TOLD) else []


def _says_nothing(segment):
    return segment.kinds <= SILENT and not segment.refs


def _may_be_told(segment, asked_back):
    if segment.is_any(_HARD | REFUSALS) or lx.NEGATION in segment.kinds:
        return False
    if asked_back and segment.kinds <= {lx.UNCLEAR, lx.RETURN}:
        return len(segment.tokens) == 1
    if lx.DOUBT in segment.kinds and lx.CONDITION not in segment.kinds:
        return asked_back and len(segment.tokens) == 1
    return segment.is_any({lx.GLUE}) or not segment.is_any(_VETOES)


def find_change_of_mind(text):
    """Return what says yes after a no: "never mind, I got the day off, Friday works".

    The reason that is given needs not be understood, as long as it takes nothing back.
    """
    found = []
    returns = any(lx.RETURN in s.kinds for s in text.segments)
    for clause, asks in _cut_at_so(text.segments):
        if asks or any(s.kinds & _HARD for s in clause):
            return []
        yes = _plain_yes(clause)
        if not yes and any(map(_takes_back, clause)):
            return []
        found += yes
        returns = returns or bool(yes) and _names_or_attends(clause, yes)
    return found if returns else []


def _plain_yes(clause):
    """Return what says yes in a clause that says nothing else."""
    yes = [
        s for s in clause if (s.is_any(_YES) or _comes(s)) and not s.is_any(REFUSALS)
    ]
    return yes if all(s.kinds <= _PLAIN or s in yes for s in clause) else []


def _names_or_attends(clause, yes):
    """Tell whether a yes names the day, or says that the customer will be there."""
    if any(lx.ATTEND in s.kinds for s in yes):
        return True
    named = any(s.refs and s.when for s in clause)
    return named and any(lx.FAREWELL not in s.kinds for s in yes)


def _comes(segment):
    """Tell "come" and "works now", which say yes only after a no."""
    words = tuple(token.key for token in segment.tokens)
    return segment.key in _COME or words[-1:] == ("now",) and len(words) > 1


def _cut_at_so(segments):
    """Yield the clauses, cut also where a reason ends: "I got the day off so I can"."""
    for clause, asks in split_clauses(segments):
        start = 0
        for index, segment in enumerate(clause):
            if segment.key in _SO and start < index:
                yield clause[start:index], False
                start = index
        yield clause[start:], asks


def _takes_back(segment):
    if segment.is_any({lx.RETURN, lx.GLUE}):
        return False
    if lx.CONDITION in segment.kinds:
        return len(segment.tokens) > 1 or segment.key in IFS
    return segment.is_any({lx.QUESTION_WORD, *REFUSALS})


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
    if segment.is_any(_YES) and not segment.is_any(lx.TOPICS | {lx.UNKNOWN}):
        return False
    return not segment.kinds <= SILENT | {lx.KEEP, lx.CODE, lx.RETURN}


def _leads(segment, kept):
    """Tell whether a small word belongs to what stands beside it: "the gate"."""
    return (
        id(segment) not in kept
        and segment.is_any({lx.GLUE, lx.NAME_INTRO, lx.OWN})
        and not segment.is_any(_YES | {lx.THANKS, lx.GREETING})
    )
