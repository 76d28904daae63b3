# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Opting out, opting in and asking for help."""

from . import lexicon as lx
from .clauses import ANSWERS, POLITE, REFUSALS, SILENT, split_clauses
from .text import QUESTION, SYMBOL, WORD, tokenize
from .understanding import Understanding, words_of


def find_opt_out(text):
    """Return the segments that opt out, if any."""
    segments = text.segments
    for index, segment in enumerate(segments):
        if lx.OPT_OUT in segment.kinds and not _is_denied(segments, index):
            return [segment]
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
    meanings = [lexicon.meanings_of(token.key) for token in tokens]
    stops = [lx.OPT_OUT_ALONE in found for found in meanings]
    answers = [bool(found & {lx.CONFIRM, lx.DECLINE}) for found in meanings]
    if not any(stops) or any(
        answer and not stop for answer, stop in zip(answers, stops, strict=True)
    ):
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


def _is_of_instruction(segment):
    if segment.is_any({lx.CONFIRM, lx.QUESTION_WORD, lx.NEGATION}):
        return False
    if lx.DECLINE in segment.kinds and lx.OPT_OUT_ALONE not in segment.kinds:
        return False
    return segment.is_any(_OF_INSTRUCTION)


def find_wrong_number(text):
    """Return the segments that say that we text the wrong person, if any."""
    for index, segment in enumerate(text.segments):
        if lx.WRONG_NUMBER in segment.kinds and not _is_denied(text.segments, index):
            return [segment]
    return []
