# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Recognise names and signatures: their unknown words are nobody's answer."""

from typing import NamedTuple

from . import intents as lx
from .clauses import SILENT, silence
from .placing import is_break
from .text import DASH, LINE, NUMBER, WORD, level, tokenize

_MAX_NAME_WORDS = 3
_MAX_SIGNATURE_LINES = 3
_MIN_PHONE_DIGITS = 7
_MAX_TITLE_WORDS = 8
_IN_TITLE = frozenset("of for and de der von van di do da e und y et".split())
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


def silence_writer(text, written):
    """Take the name of who wrote last out of the way: "vale Carmen, gracias".

    :param written: the text of a person of the company
    """
    names = {
        token.key
        for token in tokenize(level(written))
        if token.kind == WORD and token.surface.istitle()
    }
    for index, segment in enumerate(text.segments if names else ()):
        if segment.kinds == {lx.UNKNOWN} and segment.key in names:
            silence(text.segments, (index,))


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


class _Words(NamedTuple):
    """Unknown words in a row, and what decides whether they are a name."""

    length: int
    capitals: bool
    ends_clause: bool
    ends_text: bool


def _is_name(text, start, end):
    """Tell whether unknown words stand where names stand."""
    if not start:
        return False
    segments = text.segments
    before = segments[start - 1]
    if before.key == "." and start > 1 and lx.GREETING in segments[start - 2].kinds:
        before = segments[start - 2]  # "Dr. Smith"
    words = _describe(text, start, end)
    if before.is_any({lx.NAME_INTRO, lx.GREETING, lx.THANKS}):
        return _is_name_after(before, words)
    if (
        before.is_any({lx.AGREE, lx.CONFIRM}) and len(before.tokens) > 1
    ):  # "sounds good Carol"
        return words.length == 1 and words.capitals and words.ends_text
    if not (words.ends_clause and words.ends_text and words.length <= 2):
        return False
    if before.tokens[0].kind in (DASH, LINE):  # "yes - Maria"
        if text.is_mixed_case:
            return words.capitals
        return words.length == 1 or segments[start].surface.isupper()
    return is_break(before) and words.capitals and _signs(segments, start, words)


def _signs(segments, start, words):
    """Tell whether a text ends in a name: "yes, Maria"; "yes. Regards. Maria"."""
    if segments[start - 1].key == "," or words.length == 2:
        return True
    return start > 1 and lx.THANKS in segments[start - 2].kinds


def _describe(text, start, end):
    segments = text.segments
    words = [segment for segment in segments[start:end] if _may_be_name(segment)]
    return _Words(
        len(words),
        text.is_mixed_case and all(s.surface[:1].isupper() for s in words),
        end == len(segments) or is_break(segments[end]),
        all(segment.kinds <= SILENT for segment in segments[end:]),
    )


def _is_name_after(before, words):
    """Tell a name after "this is", "hi" or "thanks"."""
    if lx.NAME_INTRO in before.kinds:  # "this is Maria Lopez"
        short = words.capitals and words.length <= 2
        if lx.GLUE in before.kinds:  # "it's Maria", but "it's raining"
            return words.ends_clause and short
        return words.ends_clause or short
    if lx.GREETING in before.kinds:  # "hi John yes"
        return words.length <= 2
    return words.ends_clause and (words.length == 1 or words.capitals)


def silence_signature(text):
    """Unknown words of a signature are nobody's answer; known ones still count."""
    segments = text.segments
    _silence_lines_of_names(text)
    _silence_title(text)
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


def _silence_title(text):
    """Silence a name with a title and a firm at the end: "Al Moretti, Site Manager"."""
    segments = text.segments
    end = len(segments)
    while end and is_break(segments[end - 1]):
        end -= 1
    start = end
    while start and (
        _is_of_title(segments[start - 1]) or is_break(segments[start - 1])
    ):
        start -= 1
    while start < end and is_break(segments[start]):
        start += 1
    words = [s for s in segments[start:end] if not is_break(s)]
    if not (start and text.is_mixed_case and 2 <= len(words) <= _MAX_TITLE_WORDS):
        return
    if not any(map(is_break, segments[start + 1 : start + _MAX_NAME_WORDS + 1])):
        return
    marked = is_break(segments[start - 1])
    if not (marked or segments[start - 1].is_any({lx.THANKS, lx.NAME_INTRO})):
        return
    names = words[:2]
    if all(lx.UNKNOWN in s.kinds and s.surface[:1].isupper() for s in names):
        silence(segments, range(start, end))


def _is_of_title(segment):
    """Tell whether a word may be of a name, a title or a firm: "Mgmt", "of"."""
    if segment.tokens[0].kind != WORD or segment.key == "i":
        return False
    if segment.key in _IN_TITLE or (segment.refs and segment.when is None):
        return True
    known = segment.kinds - lx.NOTE_KINDS - {lx.UNKNOWN, lx.FILLER, lx.EXCUSE}
    return not known and all(t.surface[:1].isupper() for t in segment.tokens)


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
