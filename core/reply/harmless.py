# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What takes nothing back beside a clear yes: the rules for one clause of a note.

Harmless is what tells how to get in, of animals, whom to call, where it is, what is to
be done, who will be there. Nothing in it may be a condition, a doubt, another time or a
question.
"""

from typing import NamedTuple

from . import intents as lx
from .clauses import IFS, ONLY, REFUSALS, SCOPES, SILENT, YES, is_bare_no
from .instructions import INSTRUCTS, instructs, waits_for_means
from .of_things import MOSTLY, is_of_things, warns
from .told import is_told
from .wordclasses import ARTICLES, MY, NOT, keys_of

_NUMBERED = {lx.ACCESS, lx.CONTACT, lx.PLACE, lx.JOB, lx.HOUSEHOLD}
# Most is told of how to get in; fewer words that nobody knows take it back.
_AT_THE_DOOR = {lx.ACCESS, lx.PLACE, lx.HOUSEHOLD}
# What a "but" right after the yes may be about: "yes but call first".
_ARRANGED = {lx.CONTACT, lx.ACCESS, lx.HOUSEHOLD}
_DIRECTS = frozenset(
    "park use aparquen aparque estacionen garez utilisez parken parkt parcheggiate "
    "parcheggi estacionem estacione parkeer".split()
)
HARD = {
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
VETOES = {
    lx.CONDITION,
    lx.QUESTION_WORD,
    lx.UNCLEAR,
    lx.EXCUSE,
    lx.TIME,
    lx.DOUBT,
    lx.INSTRUCTION,
}
# Who comes: what is said of them are no conditions of the customer's.
_YOU = frozenset(
    "you u ya he she they usted ustedes vous tu sie ihr du lei voi voce voces u je "
    "jullie il er".split()
)
# "Better knock": a word that compares, before what the technician may do.
_BETTER = frozenset(
    "better mejor plutot besser lieber meglio melhor beter liever".split()
)
# "The door is fixed" may be a reason why nobody has to come; "needs to be fixed" not.
_DONE = frozenset(
    "fixed repaired resolved solved sorted replaced arreglado arreglada arreglaron "
    "arreglo reparado reparada repararon reparee repare reparee resolu gerichtet "
    "repariert behoben gemacht gefixt erledigt riparato riparata sistemato sistemata "
    "risolto aggiustato aggiustata consertado consertada consertaram arrumado arrumada "
    "fait faite hecho hecha fatto fatta feito feita gedaan pumped swept serviced "
    "resolvido gemaakt gerepareerd opgelost hersteld unclogged snaked destapo "
    "destapado desatasco desatascado debouche debouchee entstopft sturato sturata "
    "stasato ontstopt desentupiu desentupido".split()
)
_TO_BE_DONE = frozenset(
    "need needs needed be to want please get getting wants must ser estar sea etre "
    "werden muss mussen sollte essere deve devono debe deben worden moet moeten "
    "not never hasnt wasnt isnt havent no nicht nie non niet".split()
)
# "Don't come", "don't know".
_NEVER_FORBIDDEN = frozenset(
    "come bother need want know think send care like have get make show expect go "
    "wait be-late".split()
)
# What an if is never before.
_COME = frozenset("come venga vengan vengase pasen pase venid".split())
# "Call me after" wants to talk about it.
_AFTERWARDS = frozenset("after later despues luego apres danach dopo depois".split())
_SOME = frozenset("un une du des de beaucoup trop uno una um uma muito".split())
_AGAIN = frozenset("again wieder weer alweer nuevo vez nouveau nuovo novo".split())
# "It leaks again" is what is to be done.
_FAULTS = tuple(
    "leak drip brok stuck clog block jam fault err out down nois smell act trip beep "
    "dead not wont doesnt isnt cant stop squeak rattl fail kaputt tropf klemm quietsch "
    "brumm nicht gote fuga rot ruido fuite pann bruit perde rumor lek kapot piep niet "
    "vaza ping quebr barulh coule bouch".split()
)
_BE = frozenset("is are was runs looks seems est sont ist sind esta estan e is".split())
_BEGINS_THING = frozenset("den dem los las les gli i os as".split()) | ARTICLES | MY
_MAX_HOUR = 24
_MAX_DAY = 31
_MAX_PREPOSITION = 3
# Words that nobody knows carry most of what takes a yes back: few may stand beside it.
MAX_UNKNOWN = 2
_MAX_UNKNOWN_BESIDE = 2  # in a clause that is about nothing known


class Around(NamedTuple):
    """What stands around a segment of a note."""

    clause: list
    topics: frozenset  # of the clause
    rest: list  # of the segments of the text, without those that say yes
    beside: frozenset  # topics of the whole text
    seen: bool  # something harmless was said in a clause before
    preceding: list = []  # the clause before
    following: list = []  # the clause after
    conditions: frozenset = frozenset()  # see :func:`~.instructions.conditions_of`

    def before(self, index):
        return self.clause[index - 1] if index else None

    def after(self, index):
        return self.clause[index + 1] if index + 1 < len(self.clause) else None

    def place(self, segment):
        return next(i for i, s in enumerate(self.rest) if s is segment)


def _topics_of(segment):
    if lx.ATTEND in segment.kinds:
        return frozenset({lx.PRESENCE})
    return segment.kinds & lx.TOPICS


def topics_of_all(segments):
    return frozenset().union(*map(_topics_of, segments))


def is_harmless(around):
    """Tell whether a clause is about something harmless, and takes nothing back."""
    if lx.PRESENCE in around.topics and not MOSTLY.isdisjoint(keys_of(around.clause)):
        return False  # "someone is usually home"
    if waits_for_means(around):
        return False
    unknown = said = 0
    for index, segment in enumerate(around.clause):
        if _is_done(around.clause, index) or _is_elsewhere(around.clause, index):
            return False
        if segment.is_any(YES) and not segment.is_any(REFUSALS):
            if lx.CONDITION in segment.kinds and not (
                _is_followed_by_yes(around, index) or index in around.conditions
            ):
                return False  # "si llueve"
            if _is_fine_now(around, index):
                return False
        elif not segment.kinds <= SILENT:
            if not _may_stand(segment, index, around, said):
                return False
            said += 1
            unknown += is_unknown(segment)
    if warns(around.clause):
        return unknown <= MAX_UNKNOWN * 2
    if around.topics:
        return unknown <= MAX_UNKNOWN + bool(around.topics & _AT_THE_DOOR)
    return not unknown or (bool(around.beside) and unknown <= _MAX_UNKNOWN_BESIDE)


def _is_followed_by_yes(around, index):
    """Tell "si yes my wife opens" from "oui si mon fils est là"."""
    if len(around.clause) == 1:
        return True
    if index == 0 and is_named_and_good(around.clause[1:]):
        return True
    return is_said_again(around.clause, index)


def is_said_again(clause, index):
    """Tell "si yes my wife opens" and "si please come" from "si puedo"."""
    if index or len(clause) < 2:
        return False
    after = clause[1]
    if lx.CONDITION in after.kinds or not after.is_any({lx.CONFIRM}):
        return False
    return lx.PLAIN_YES in after.kinds or after.tokens[-1].key in _COME


def is_named_and_good(after):
    """Tell "si mañana bien" from "si mañana llueve"."""
    good = any(s.is_any(YES) and lx.CONDITION not in s.kinds for s in after)
    said = SILENT | YES | {lx.COMMON}
    return good and names_own(after) and all(s.kinds <= said for s in after)


def names_own(after):
    return any(segment.refs for segment in after[:3])


def _is_fine_now(around, index):
    """Tell "the boiler is fine", a reason why nobody has to come."""
    before = around.clause[:index]
    if not any(lx.JOB in s.kinds for s in before) or around.topics & {lx.ACCESS}:
        return False
    said = {
        t.key for s in around.clause[max(index - 1, 0) : index + 1] for t in s.tokens
    }
    return not said.isdisjoint(_BE)


def is_unknown(segment):
    if lx.UNKNOWN not in segment.kinds or segment.key in INSTRUCTS:
        return False
    if len(segment.key) == 1:
        return False  # "code F28"
    return not segment.is_any(lx.NOTE_KINDS | {lx.OWN})


def _may_stand(segment, index, around, said):
    """Tell whether a segment takes nothing back where it stands.

    :param said: how much was said in its clause before it
    """
    kinds = segment.kinds
    if _is_harmless_here(segment, index, around):
        return True
    if lx.BUT in kinds:
        if _refuses_entry(around.clause, index):
            return False
        if not (around.seen or said or _arranges(around, index)):
            return False
    if kinds & {lx.NEGATION} or is_bare_no(segment):
        if not _negates_a_thing(segment, index, around):
            return False
    if lx.LEAD in kinds and not kinds & lx.TOPICS:
        return _leads_to_call(around.clause, index)
    if _is_allowed(segment, index, around) or _is_excused(segment, around):
        return True
    return bool(around.beside - {lx.PRESENCE}) and _is_odd(segment)


def _refuses_entry(clause, index):
    """Tell "my wife is home but she doesn't want it"."""
    after = clause[index + 1 :]
    if not any(lx.PRESENCE in _topics_of(s) for s in clause[:index]):
        return False
    if any(lx.CONTACT in s.kinds for s in after):
        return False  # "but she speaks no English"
    return any(token.key in NOT for s in after for token in s.tokens)


def _arranges(around, index):
    """Tell "yes but call first" and "yes but park on the grass" from a condition."""
    after = around.after(index)
    directs = after is not None and after.key in _DIRECTS
    return directs or bool(around.topics & _ARRANGED)


def _is_done(clause, index):
    """Tell "I got the door fixed" and "it works again" from "needs to be fixed"."""
    keys = [token.key for token in clause[index].tokens]
    before = {t.key for s in clause[max(index - 3, 0) : index] for t in s.tokens}
    if not _DONE.isdisjoint(keys) and not _makes_noise(clause, index):
        return _TO_BE_DONE.isdisjoint(before | set(keys))
    if keys[0] not in _AGAIN or not topics_of_all(clause) & {lx.JOB}:
        return False
    words = [token.key for segment in clause for token in segment.tokens]
    return not any(word.startswith(_FAULTS) for word in words)


def _makes_noise(clause, index):
    """Tell "fait un bruit" from "c'est fait"."""
    tokens = [t.key for s in clause[index : index + 2] for t in s.tokens]
    pairs = zip(tokens, tokens[1:], strict=False)
    return any(a in ("fait", "fa", "faz") and b in _SOME for a, b in pairs)


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
    if is_of_things(segment, index, around) or _is_invitation(segment, index, around):
        return True
    if is_told(segment, index, around):
        return True
    if _is_of_instruction(segment, index, around) or _is_warned_of(segment, around):
        return True
    if segment.is_any({lx.OTHER, lx.CODE, *REFUSALS}):
        return False
    if lx.TIME in segment.kinds and all(map(_is_short, segment.tokens)):
        return after is not None and not after.is_any({lx.AMOUNT, lx.OWN, lx.OTHER})
    if len(segment.tokens) > 1:
        return False
    if lx.AMOUNT in segment.kinds and key.isdecimal():
        return _counts_a_thing(key, after, around)
    if key in ONLY:
        return before is not None and before.is_any({lx.ACCESS, lx.PLACE})
    if key in _BETTER:
        later = around.clause[index + 1 :]
        return any(s.is_any({lx.ACCESS, lx.CONTACT}) for s in later)
    return _answers_who(segment, index, around) or _calls_to(key, around)


def _is_of_instruction(segment, index, around):
    """Tell what stands in "call if you can't find it", and its "if"."""
    if index in around.conditions:
        return not segment.is_any({lx.OTHER, lx.CODE} | REFUSALS)
    if segment.is_any(HARD | REFUSALS) and not is_bare_no(segment):
        return False
    if instructs(around.clause, index) and around.topics & {lx.ACCESS, lx.PLACE}:
        return lx.DOUBT not in segment.kinds or lx.UNCLEAR in segment.kinds
    return bool(around.conditions)


def _is_warned_of(segment, around):
    """Tell what stands in "careful on the steps they haven't been salted yet"."""
    undoes = HARD | REFUSALS | {lx.TIME, lx.LEAD, lx.EXCUSE}
    return (
        warns(around.clause) and segment.key not in IFS and not segment.is_any(undoes)
    )


def _is_invitation(segment, index, around):
    """Tell "yes sir, come on" from "oh come on"."""
    if [token.key for token in segment.tokens] != ["come", "on"]:
        return False
    said = [
        s for s in around.preceding + around.clause[:index] if not s.kinds <= SILENT
    ]
    plain = len(said) == 1 and lx.PLAIN_YES in said[0].kinds
    return plain and around.after(index) is None


def _is_short(token):
    return token.key.isalpha() and len(token.key) <= _MAX_PREPOSITION


def _answers_who(segment, index, around):
    """Tell "my daughter does the talking" from "does it cost"."""
    before = around.before(index)
    return segment.key == "does" and before is not None and lx.UNKNOWN in before.kinds


def _calls_to(key, around):
    """Tell an "only" before what one is to do: "só buzinar", "nur klopfen"."""
    place = next(i for i, s in enumerate(around.clause) if s.key == key)
    after = around.after(place)
    return key in ONLY and after is not None and lx.CONTACT in after.kinds


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
    if _is_absence(around.clause, index) or _is_wrong_job(around.clause, index):
        return False
    if len(around.clause) == 2 and after is not None and after.key.isdecimal():
        # "Apartment 4, not 14"
        return lx.PLACE in topics_of_all(around.preceding)
    if not around.topics and not (around.beside and _forbids(around, index)):
        return False
    if after is None:
        return not is_bare_no(segment)  # "the sink leaks no"
    return after.key not in SCOPES


def _is_wrong_job(clause, index):
    """Tell "the dryer, not the washer" from "the dryer is not in the basement"."""
    after = clause[index + 1 : index + 3]
    if not after or not _begins_thing(after[0].tokens[0]):
        return False
    named = any(lx.JOB in s.kinds for s in after)
    return named and any(lx.JOB in s.kinds for s in clause[:index])


def _begins_thing(token):
    """Tell "the", "my" and the "l'" of "l'asciugatrice"."""
    return token.key in _BEGINS_THING or token.surface[1:2] == "'"


def _forbids(around, index):
    """Tell "don't be gentle", said of a thing, from "don't come"."""
    after = around.after(index)
    if around.clause[index].key not in ("dont", "do") or after is None:
        return False
    first = all(s.kinds <= SILENT for s in around.clause[:index])
    return first and after.key not in _NEVER_FORBIDDEN


def _is_excused(segment, around):
    """Tell whether who is away said who will be there: "my son, I'm at work"."""
    if lx.EXCUSE not in segment.kinds or lx.CONDITION in segment.kinds:
        return False
    place = around.place(segment)
    if any(lx.PRESENCE in s.kinds for s in around.rest[:place]):
        return True
    index = next(i for i, s in enumerate(around.clause) if s is segment)
    return _is_stood_in_for(around.clause[index + 1 :])


def _is_stood_in_for(after):
    """Tell "I'm at work but my son will be home"."""
    but = next((i for i, s in enumerate(after) if lx.BUT in s.kinds), None)
    if but is None or not NOT.isdisjoint(keys_of(after[but:])):
        return False
    if any(lx.EXCUSE in s.kinds for s in after[but:]):
        return False
    return any(s.is_any({lx.PRESENCE, lx.ACCESS}) for s in after[but:])


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
        return index + 1 < len(clause) or clause[index].key not in _AFTERWARDS
    after = next((s for s in clause[index + 1 :] if not s.kinds <= SILENT), None)
    if after is not None and lx.CONTACT in after.kinds:
        return True
    if _is_of_visit(clause, index):
        return True
    # "If no one answers just go around the side"
    return len(clause[index].tokens) > 2 and index + 1 < len(clause)


def _is_of_visit(clause, index):
    """Tell "let the dog out before you come in" from "after I get paid"."""
    topics = topics_of_all(clause)
    if not topics & {lx.ACCESS, lx.CONTACT, lx.HOUSEHOLD}:
        return False
    following = clause[index + 1 : index + 3]
    return any(token.key in _YOU for s in following for token in s.tokens)


def _is_allowed(segment, index, around):
    """Tell whether a segment may stand in a harmless clause, by its kinds."""
    kinds = segment.kinds
    if kinds & (HARD - {lx.OPT_OUT_ALONE} if lx.COMMON in kinds else HARD):
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
    return not kinds & VETOES


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
