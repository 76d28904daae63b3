# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Recognise names and signatures: their unknown words are nobody's answer."""

from . import lexicon as lx
from .clauses import SILENT, silence
from .quotes import is_break
from .text import DASH, LINE, NUMBER, WORD

_MAX_NAME_WORDS = 3
_MAX_SIGNATURE_LINES = 3
_MIN_PHONE_DIGITS = 7
_OPTING_OUT = {lx.OPT_OUT, lx.OPT_OUT_ALONE}


def silence_names(text):
    """Take the unknown words that stand where names stand out of the way."""
    segments = text.segments
    start = 0
    while start < len(segments):
        end = start
        while end < len(segments) and (
            _may_be_name(segments[end]) or (end > start and _is_particle(segments, end))
        ):
            end += 1
        if end == start:
            start += 1
            continue
        if end - start <= _MAX_NAME_WORDS and _is_name(text, start, end):
            silence(segments, range(start, end))
        start = end


def _may_be_name(segment):
    return (
        lx.UNKNOWN in segment.kinds
        and segment.tokens[0].kind == WORD
        and not segment.is_any({lx.DOUBT, lx.LEAD})
        and not (lx.COMMON in segment.kinds and segment.surface.islower())
    )


def _is_particle(segments, index):
    """Tell whether a small word joins two words of a name: "Jan de Vries"."""
    return (
        index + 1 < len(segments)
        and segments[index].is_any({lx.GLUE, lx.COMMON})
        and len(segments[index].key) <= 3
        and segments[index - 1].tokens[0].surface[:1].isupper()
        and _may_be_name(segments[index + 1])
        and segments[index + 1].tokens[0].surface[:1].isupper()
    )


def _is_name(text, start, end):
    segments = text.segments
    before = segments[start - 1] if start else None
    ends_clause = end == len(segments) or is_break(segments[end])
    ends_text = all(s.kinds <= SILENT for s in segments[end:])
    capitals = text.is_mixed_case and all(
        s.tokens[0].surface[:1].isupper()
        for s in segments[start:end]
        if _may_be_name(s)
    )
    length = sum(map(_may_be_name, segments[start:end]))
    if before is None:
        return False
    if before.key == "." and start > 1 and lx.GREETING in segments[start - 2].kinds:
        before = segments[start - 2]  # "Dr. Smith"
    if lx.NAME_INTRO in before.kinds:  # "this is Maria Lopez"
        if lx.GLUE in before.kinds:  # "it's Maria", but "it's raining"
            return ends_clause and capitals and length <= 2
        return ends_clause or (capitals and length <= 2)
    if before.is_any({lx.GREETING}):  # "hi John yes"
        return length <= 2
    if before.is_any({lx.THANKS}):  # "thanks John"
        return ends_clause and (length == 1 or capitals)
    if not (ends_clause and ends_text and length <= 2):
        return False
    if before.tokens[0].kind in (DASH, LINE):  # "yes - Maria"
        if text.is_mixed_case:
            return capitals
        return length == 1 or segments[start].surface.isupper()
    if not (is_break(before) and capitals):
        return False
    thanked = start > 1 and lx.THANKS in segments[start - 2].kinds
    # "yes, Maria"; "yes. Maria Lopez"; "yes. Regards. Maria"
    return before.key == "," or length == 2 or thanked


def silence_signature(text):
    """Unknown words of a signature are nobody's answer; known ones still count."""
    segments = text.segments
    _silence_lines_of_names(text)
    in_line = False
    for index, segment in enumerate(segments):
        if segment.tokens[0].kind == LINE:
            in_line = False
        elif lx.SIGNATURE in segment.kinds:
            in_line = True
        elif index >= text.signature and not segment.is_any(_OPTING_OUT):
            silence(segments, (index,))
        elif in_line and segment.kinds <= {
            lx.UNKNOWN,
            lx.AMOUNT,
            lx.CODE,
            lx.TIME,
        }:
            silence(segments, (index,))


def _silence_lines_of_names(text):
    """Silence a person, a firm and a number in lines of their own at the end."""
    segments = text.segments
    end = len(segments)
    for _line in range(_MAX_SIGNATURE_LINES):
        while end and segments[end - 1].tokens[0].kind == LINE:
            end -= 1
        start = end
        while start and segments[start - 1].tokens[0].kind != LINE:
            start -= 1
        if not start or not _is_line_of_names(segments[start:end], text):
            return
        silence(segments, range(start, end))
        end = start


def _is_line_of_names(line, text):
    digits = sum(len(s.key) for s in line if s.tokens[0].kind == NUMBER)
    words = [s for s in line if s.tokens[0].kind == WORD]
    if digits:
        return not words and digits >= _MIN_PHONE_DIGITS
    return (
        text.is_mixed_case
        and 0 < len(words) <= _MAX_NAME_WORDS
        and all(s.surface[:1].isupper() for s in words)
        and lx.UNKNOWN in words[0].kinds
        and all(
            s.kinds - lx.NOTE_KINDS <= {lx.UNKNOWN, lx.FILLER, lx.EXCUSE} for s in words
        )
    )
