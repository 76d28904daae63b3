# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Take out of a text what the customer didn't say.

Copies of our own prompt (quoted, forwarded, echoed, inside a phone's reaction) are
full of "YES", "NO" and "STOP"; none of these may count as the customer's.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from . import intents as lx
from .lexicon import Segment
from .placing import segment_with_own
from .text import (
    LINE,
    NUMBER,
    SYMBOL,
    WORD,
    Token,
    level,
    tokenize,
)

OPENING_MARKS, _CLOSING = '“„«"”‟', '”“»"‟'
_QUOTED_LINE = re.compile(r"^\s*(?:>|\|\s)")
# A quotation of this many letters is a text of its own; “YES” only copies a word.
_QUOTATION = re.compile(
    f"[{OPENING_MARKS}]([^{OPENING_MARKS}{_CLOSING}]{{20,}})(?:[{_CLOSING}]|$)"
)
_SIGNATURE_LINE = re.compile(r"^\s*(?:-{2,}|_{2,})\s*$")
# So many words in the same order as in a prompt are no coincidence.
_COPIED_WORDS = 4
# All of a text may be copied from a prompt with fewer.
_COPIED_TEXT = 3
# "Reply with YES": words between the verb and what is to be replied.
_INSTRUCTION_REACH = 4
_MAX_REACTION_WORDS = 6
_KEYWORDS = {
    lx.CONFIRM,
    lx.DECLINE,
    lx.OPT_OUT,
    lx.OPT_OUT_ALONE,
    lx.OPT_IN,
    lx.HELP,
}
_COMPARED = (WORD, NUMBER)
_END_OF_LINE = Token("\n", "\n", "\n", LINE)


class OwnWords(NamedTuple):
    """What is left of a text, in segments, and what was found around it."""

    segments: list
    quoted: int  # words taken out as quoted
    signature: int  # index of the first segment of the signature


# Prompts --------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _prompt_words(prompt):
    """Return the words of one of our texts, and all runs of them that betray it."""
    words = tuple(
        token.key for token in tokenize(level(prompt)) if token.kind in _COMPARED
    )
    runs = _runs(words, _COPIED_WORDS)
    return words, frozenset(runs)


def _runs(words, length):
    return [words[i : i + length] for i in range(len(words) - length + 1)]


def _copied(tokens, prompts):
    """Return the indexes of the tokens that are copied from ``prompts``."""
    places = [i for i, token in enumerate(tokens) if token.kind in _COMPARED]
    words = tuple(tokens[i].key for i in places)
    copied = set()
    if len(words) < _COPIED_TEXT:
        return copied
    runs = _runs(words, _COPIED_WORDS)
    for prompt in prompts:
        prompt_words, prompt_runs = _prompt_words(prompt)
        if words[0] in prompt_words and words in _runs(prompt_words, len(words)):
            return set(places)
        for start, run in enumerate(runs):
            if run in prompt_runs:
                copied.update(places[start : start + _COPIED_WORDS])
    return copied


def _is_prompt_like(segments):
    """Tell whether a line tells its reader what to reply, as only prompts do."""
    reach = 0
    for segment in segments:
        # "Stop 2 quit" is written by both sides.
        if lx.PROMPT in segment.kinds and lx.OPT_OUT not in segment.kinds:
            return True
        if reach and len(segment.tokens) == 1 and segment.is_any(_KEYWORDS):
            return True
        if lx.INSTRUCTION in segment.kinds:
            reach = _INSTRUCTION_REACH
        elif segment.key == ".":
            reach = 0  # "Pocket text. Yes"
        elif reach:
            reach -= 1
    return False


def _is_quote_header(segments):
    """Tell whether a line is a mail's "On Monday Acme wrote:" or "Fwd:"."""
    said = [segment for segment in segments if lx.SEPARATOR not in segment.kinds]
    if not said:
        return False
    # "Am 23.11.2026 schrieb Acme:"
    introduces = segments[-1].key == ":"
    places = said if introduces else (said[0], said[-1])
    return any(lx.QUOTE_START in segment.kinds for segment in places)


# Reactions ------------------------------------------------------------------------


def tapped(around):
    """Return what the words around the quotation say was tapped, or None."""
    if not around or sum(len(s.tokens) for s in around) > _MAX_REACTION_WORDS:
        return None
    first = around[0]
    if first.is_any({lx.REACTION, lx.REACTION_LIKE}):
        kinds = frozenset().union(*(segment.kinds for segment in around))
        # "Vond “...” niet leuk": what follows may take the like back.
        if kinds & {lx.REACTION, lx.NEGATION}:
            return frozenset({lx.REACTION})
        return frozenset({lx.REACTION_LIKE})
    if first.tokens[0].kind == SYMBOL and len(around) <= 2:
        linked = len(around) == 1 or around[1].tokens[0].kind == WORD
        return first.kinds if linked else None
    return None


# Own words ------------------------------------------------------------------------


def own_words(text, lexicon, prompts, find_own=None):
    """Return the :class:`OwnWords` of a levelled ``text``."""
    lines, quoted = _read_lines(text, joints=bool(find_own))
    copied = _copied([token for tokens in lines for token in tokens or ()], prompts)
    copied = _without_own(copied, lines, find_own)
    segments, signature, offset = [], None, 0
    for tokens in lines:
        if tokens is None:
            signature = len(segments) if signature is None else signature
            continue
        kept = [t for i, t in enumerate(tokens, offset) if i not in copied]
        offset += len(tokens)
        quoted += len(tokens) - len(kept)
        line = segment_with_own(kept, lexicon, find_own)
        if _is_prompt_like(line) or _is_quote_header(line):
            quoted += len(kept)
        elif kept:
            segments += [*line, Segment(frozenset({lx.SEPARATOR}), (_END_OF_LINE,))]
    return OwnWords(segments, quoted, len(segments) if signature is None else signature)


def _read_lines(text, *, joints):
    """Return the tokens of each line, None for "--", and how many words are quoted."""
    lines, quoted = [], 0
    for line in _QUOTATION.sub(r"\n\1\n", text).split("\n"):
        if _QUOTED_LINE.match(line):
            quoted += len(line.split())
        else:
            signs = _SIGNATURE_LINE.match(line)
            lines.append(None if signs else tokenize(line, joints=joints))
    return lines, quoted


def _without_own(copied, tokens_of_lines, find_own):
    """Keep what a line repeats of the appointment: "maandag 7 december 10 uur"."""
    if not copied or not find_own:
        return copied
    kept, offset = set(), 0
    for tokens in tokens_of_lines:
        if tokens is None:
            continue
        own = {
            offset + index
            for item in find_own(tokens)
            for index in range(item.start, item.end)
        }
        line = copied & set(range(offset, offset + len(tokens)))
        if len(line - own) > 1:
            kept |= line
        offset += len(tokens)
    return kept
