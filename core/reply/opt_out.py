# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Opting out, opting in and asking for help."""

from . import intents as lx
from .clauses import ANSWERS, POLITE, REFUSALS, SILENT, split_clauses
from .stop_texting import asks_to_stop
from .text import QUESTION, SYMBOL, WORD, tokenize
from .understanding import Understanding, words_of
from .wordclasses import keys_of


def find_opt_out(text):
    """Return the segments that opt out, if any."""
    segments = text.segments
    for index, segment in enumerate(segments):
        if lx.OPT_OUT in segment.kinds and not _is_denied(segments, index):
            return [segment]
    if asks_to_stop(keys_of(segments)):
        return segments
    whole = [s for s in segments if not s.kinds <= {lx.SEPARATOR, lx.DECORATION}]
    if whole and all(lx.OPT_OUT_ALONE in s.kinds for s in whole):
        return whole
    for clause, asks in split_clauses(segments):
        if not asks and _is_opt_out_clause(clause):
            return [s for s in clause if lx.OPT_OUT_ALONE in s.kinds]
    return _shouted_opt_out(text, whole)


def _is_opt_out_word(segment):
    """Tell whether a word opts out also among politeness.

    "Cancel" is a carrier's keyword as a whole text only; in a sentence it is a verb
    that means the appointment.
    """
    return lx.OPT_OUT_ALONE in segment.kinds and not segment.is_any(REFUSALS)


def _is_opt_out_clause(clause):
    if not any(map(_is_opt_out_word, clause)):
        return False
    return all(
        _is_opt_out_word(s)
        or s.is_any(POLITE | ANSWERS)
        or s.tokens[0].kind == SYMBOL
        or lx.CODE in s.kinds
        for s in clause
    )


def _shouted_opt_out(text, whole):
    """Find the keyword in capitals at either end: "not my appointment STOP"."""
    if len(whole) < 2 or not text.is_mixed_case:
        return []
    if any(s.tokens[0].kind == QUESTION for s in text.segments):
        return []
    for segment, beside in ((whole[0], None), (whole[-1], whole[-2])):
        if (
            _is_opt_out_word(segment)
            and len(segment.key) > 3
            and all(token.surface.isupper() for token in segment.tokens)
            and not (beside and beside.is_any({lx.NEGATION}))
        ):
            return [segment]
    return []


def _is_denied(segments, index):
    """Tell whether an opting out is negated ("I never opted out") or an accident."""
    for before in reversed(segments[max(index - _REACH, 0) : index]):
        if lx.NEGATION in before.kinds:
            return True
        if not before.is_any({lx.FILLER, lx.GLUE}):
            break
    after = segments[index + 1] if index + 1 < len(segments) else None
    return after is not None and lx.UNCLEAR in after.kinds and len(after.tokens) > 1


def find_request(text):
    """Return the understanding of a request for help or for opting in, or None."""
    said = _telling(text.segments)
    if not said:
        return None
    for kind, intent in ((lx.OPT_IN, "opt_in"), (lx.HELP, "help")):
        if all(kind in segment.kinds for segment in said):
            return Understanding(intent, detail=words_of(said))
    if any(segment.is_any(ANSWERS) for segment in said):
        return None
    for clause, _asks in split_clauses(text.segments):
        asking = _telling(clause)
        # Single words ("help") only count as the whole text.
        if asking and all(lx.HELP in s.kinds and len(s.tokens) > 1 for s in asking):
            return Understanding("help", detail=words_of(asking))
    return None


def _telling(segments):
    return [
        s for s in segments if not s.kinds <= SILENT and s.tokens[0].kind != QUESTION
    ]


# So far before an opting out it may be negated.
_REACH = 8
# A customer's text of more words copies more than how to stop.
_MAX_INSTRUCTION_WORDS = 8
_MAX_INSTRUCTION = 80
_OF_INSTRUCTION = {
    lx.INSTRUCTION,
    lx.PROMPT,
    lx.OPT_OUT,
    lx.OPT_OUT_ALONE,
    lx.SEPARATOR,
    lx.DECORATION,
    *SILENT,
}


def is_instruction_to_stop(levelled, lexicon):
    """Tell whether a whole text is "Reply STOP", "send stop" or "STOP to opt out"."""
    if len(levelled) > _MAX_INSTRUCTION:
        return False
    tokens = tokenize(levelled)
    stops = [lx.OPT_OUT_ALONE in lexicon.meanings_of(t.key) for t in tokens]
    if not any(stops) or any(_answers(token, lexicon) for token in tokens):
        return False
    if not 2 <= sum(token.kind == WORD for token in tokens) <= _MAX_INSTRUCTION_WORDS:
        return False
    segments = lexicon.segment(tokens)
    begins = segments[0].is_any({lx.INSTRUCTION, *SILENT}) or stops[0]
    return (
        begins
        and any(segment.is_any({lx.INSTRUCTION, lx.PROMPT}) for segment in segments)
        and all(_is_of_instruction(segment) for segment in segments)
    )


def _answers(token, lexicon):
    """Tell whether a word answers, and is none that stops as well: "cancel"."""
    found = lexicon.meanings_of(token.key)
    return lx.OPT_OUT_ALONE not in found and bool(found & {lx.CONFIRM, lx.DECLINE})


def _is_of_instruction(segment):
    if segment.is_any({lx.CONFIRM, lx.QUESTION_WORD, lx.NEGATION}):
        return False
    if lx.DECLINE in segment.kinds and lx.OPT_OUT_ALONE not in segment.kinds:
        return False
    return segment.is_any(_OF_INSTRUCTION)


def find_wrong_number(text):
    """Return the segments that say that we text the wrong person, if any."""
    for index, segment in enumerate(text.segments):
        if lx.WRONG_NUMBER not in segment.kinds:
            continue
        if len(segment.tokens) < _MIN_SENTENCE and _is_denied(text.segments, index):
            continue
        if not (_is_mistake(segment) and _is_of_visit(text.segments, index)):
            return [segment]
    said = [
        [s for s in clause if not s.kinds <= _MANNERS]
        for clause, _asks in split_clauses(text.segments)
    ]
    said = [clause for clause in said if clause]
    if all(map(_is_not_me, said)):
        return [segment for clause in said for segment in clause]
    return []


def _is_not_me(said):
    words = " ".join(token.key for s in said for token in s.tokens)
    return words in _NOT_ME or _is_somebody_else(said)


# "You have the wrong phone" begins a sentence that no "not" before it denies.
_MIN_SENTENCE = 4
# "You are mistaken" may be about the day, too.
_MISTAKEN = tuple(
    "mistak youre equivoc tromp erreur irr tausch vertan verwechsl engan erro "
    "sbagli vergis".split()
)
_ABOUT = frozenset(
    "about of in on with de en sur dans im am mit bei no na con di su nel sulla giorno "
    "data ora van met over op with jour dia".split()
)
_OF_VISIT = lx.TOPICS | {lx.AMOUNT, lx.OTHER, lx.CONFIRM, lx.RESCHEDULE}
_SOMEBODY = tuple(
    "number person phone guy customer numero telefon client pessoa nummer kunde "
    "telefoon klant persoon destinataire moi habite nhabite vivo vivimos wohne abito "
    "abitiamo moro moramos woon live".split()
)


def _is_mistake(segment):
    keys = [token.key for token in segment.tokens]
    mistaken = any(key.startswith(_MISTAKEN) for key in keys)
    return mistaken and not any(key.startswith(_SOMEBODY) for key in keys)


def _is_of_visit(segments, index):
    """Tell "you're mistaken about the day" from "you're mistaken, that's not me"."""
    beside = segments[:index] + segments[index + 1 :]
    if any(t.key.startswith(_SOMEBODY) for s in beside for t in s.tokens):
        return False
    after = segments[index + 1] if index + 1 < len(segments) else None
    if after is not None and after.key in _ABOUT:
        return True
    if sum(lx.UNKNOWN in s.kinds for s in beside) > 1:
        return True
    return any(s.when or s.refs or s.is_any(_OF_VISIT) for s in beside)


# As the whole text; among others they may be about who opens the door.
_NOT_ME = frozenset(
    line.strip()
    for line in """
    not me|its not me|it isnt me|that isnt me|thats not me|this is not me|this isnt me
    not my appointment|thats not my appointment|this is not my appointment
    this isnt my appointment|no soy yo|no es mi cita|esa no es mi cita
    pas moi|ce nest pas moi|cest pas moi|ce nest pas mon rendezvous
    nicht ich|bin ich nicht|das bin ich nicht|das bin nicht ich|nicht mein termin
    das ist nicht mein termin|nao sou eu|nao e a minha marcacao|nao sou eu nao
    non sono io|non e il mio appuntamento
    ik niet|dat ben ik niet|ben ik niet|niet mijn afspraak|dat is niet mijn afspraak
    """.replace("\n", "|").split("|")
)
_MANNERS = POLITE | {lx.SEPARATOR, lx.DECORATION}
_I_AM_NOT = tuple(
    tuple(words.split())
    for words in (
        "im not|i am not|this is not|this isnt|its not|no soy|je ne suis pas|"
        "ich bin nicht|non sono|nao sou|ik ben niet|this is no longer|"
        "das ist nicht|das ist nicht mehr"
    ).split("|")
)
_PHONES = frozenset("phone number cell mobile nummer handy telefon".split())


def _is_somebody_else(said):
    """Tell "I'm not Maria" and "this isn't Tom's phone" as the whole text."""
    words = [token for segment in said for token in segment.tokens]
    keys = tuple(token.key for token in words)
    begin = next((b for b in _I_AM_NOT if keys[: len(b)] == b), None)
    if begin is None:
        return False
    named = words[len(begin) :]
    if named and named[-1].key in ("anymore", "longer"):
        named = named[:-1]
    if named and named[-1].key in _PHONES:
        named = named[:-1]
    elif not all(s.kinds <= {lx.UNKNOWN} or s.refs for s in said[-len(named) :]):
        return False
    return 0 < len(named) <= 2 and all(t.surface[:1].isupper() for t in named)
