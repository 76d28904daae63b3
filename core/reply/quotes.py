# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Take out of a text what the customer didn't say.

Copies of our own prompt (quoted, forwarded, echoed, inside a phone's reaction) are
full of "YES", "NO" and "STOP"; none of these may count as the customer's.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from . import lexicon as lx
from .calendar_words import SINCE
from .text import (
    BREAK,
    DASH,
    JOINT,
    LINE,
    NUMBER,
    QUESTION,
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
# "Tue", "Di": how long the short form of a day is at least.
_SHORTENED = 3
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


class Reaction(NamedTuple):
    """A phone's text about a tap on one of our texts."""

    kinds: frozenset  # what was tapped
    asks: bool  # the text tapped on was a prompt
    codes: tuple  # the codes in it
    surface: str


# Prompts --------------------------------------------------------------------------


@lru_cache(maxsize=512)
def _prompt_words(prompt):
    """Return the words of one of our texts, and all runs of them that betray it."""
    words = tuple(
        token.key for token in tokenize(level(prompt)) if token.kind in _COMPARED
    )
    runs = _runs(words, _COPIED_WORDS)
    return words, frozenset(runs)


class AppointedTimes(NamedTuple):
    """The words for days and hours in one of our texts."""

    words: tuple
    hours: tuple  # ("9", "00"); the first one is when the appointment begins

    def says(self, word):
        """Tell whether the text has ``word``, or the short form of it: "Tue"."""
        return any(
            word == said or (len(said) >= _SHORTENED and word.startswith(said))
            for said in self.words
        )

    def begins_at(self, hour):
        """Tell whether ``hour``, with minutes or without, is the first of the text."""
        if not self.hours:
            return False
        hours, minutes = self.hours[0]
        return list(hour) in ([hours], [hours, minutes]) if hour else False


def appointed_times(prompts, lexicon):
    """Return the :class:`AppointedTimes` of those ``prompts`` that name a time."""
    times = (_times_of(prompt, lexicon) for prompt in prompts)
    return [found for found in times if found.words and found.hours]


def _times_of(prompt, lexicon):
    tokens = tokenize(level(prompt))
    words = tuple(
        token.key
        for segment in lexicon.segment(tokens)
        if lx.TIME in segment.kinds
        for token in segment.tokens
    )
    hours = tuple(
        (hour.key, minutes.key)
        for hour, colon, minutes in zip(tokens, tokens[1:], tokens[2:], strict=False)
        if hour.kind == minutes.kind == NUMBER and colon.key == ":"
    )
    return AppointedTimes(words, hours)


def _runs(words, length):
    return [words[i : i + length] for i in range(len(words) - length + 1)]


def _copied(tokens, prompts):
    """Return the indexes of the tokens that are copied from ``prompts``."""
    places = [i for i, token in enumerate(tokens) if token.kind in _COMPARED]
    words = tuple(tokens[i].key for i in places)
    copied = set()
    if len(words) < _COPIED_TEXT:
        return copied
    for prompt in prompts:
        prompt_words, prompt_runs = _prompt_words(prompt)
        if words in _runs(prompt_words, len(words)):
            return set(places)
        for start, run in enumerate(_runs(words, _COPIED_WORDS)):
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


def read_reaction(text, lexicon, prompts):
    """Return the :class:`Reaction` that ``text`` is, or None.

    Apple: Liked “...”; Google: 👍 to “...”; with other words in other languages.
    """
    quotation = _QUOTATION.search(text)  # not the quotes of “Mi piace”
    start = (
        quotation.start()
        if quotation
        else next((i for i, char in enumerate(text) if char in OPENING_MARKS), None)
    )
    if start is None:
        return _read_reaction_without_quote(text, lexicon)
    end = max((i for i, char in enumerate(text) if char in _CLOSING), default=start)
    if end <= start:
        end = len(text)
    # Read together what stands on both sides: Vond “...” leuk.
    around = [
        segment
        for segment in lexicon.segment(tokenize(f"{text[:start]} {text[end + 1 :]}"))
        if lx.SEPARATOR not in segment.kinds
    ]
    kinds = tapped(around)
    if kinds is None:
        return None
    quoted = text[start + 1 : end]
    tokens = tokenize(quoted)
    copied = _copied(tokens, prompts)
    words = sum(token.kind in _COMPARED for token in tokens)
    segments = lexicon.segment(tokens)
    asks = _is_prompt_like(segments) or (words and len(copied) == words)
    # A code stands behind the word to answer with; other numbers are no codes.
    codes = dict.fromkeys(
        segment.key
        for before, segment in zip(segments, segments[1:], strict=False)
        if segment.tokens[0].kind == NUMBER
        and len(segment.key) == 3
        and before.is_any({lx.CONFIRM, lx.DECLINE})
    )
    surface = " ".join(segment.surface for segment in around)
    return Reaction(kinds, bool(asks), tuple(codes), surface)


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


def _read_reaction_without_quote(text, lexicon):
    """Recognise "Liked an image": phrases of at least two words only."""
    segments = lexicon.segment(tokenize(text[:80]))
    if (
        segments
        and lx.REACTION in segments[0].kinds
        and (len(segments[0].tokens) > 1 or len(segments) == 1)
    ):
        return Reaction(segments[0].kinds, False, (), segments[0].surface)
    return None


def has_quotation(body):
    """Tell whether a text may hold a copy of another: a quotation mark, a new line."""
    return any(char in OPENING_MARKS or char == "\n" for char in level(body))


# Own words ------------------------------------------------------------------------


# "Bis Donnerstag": see you, if Thursday is right; else it may be until.
_SEE_YOU = frozenset("bis tot hasta a ate".split())
_PAST = frozenset({lx.COMMON, lx.UNKNOWN})
_MAX_PREPOSITION = 4
_MAX_PROMPT_WORDS = 2
_POLITE = frozenset({lx.GREETING, lx.THANKS, lx.FILLER, *lx.MARKS})


def segment_with_own(tokens, lexicon, find_own):
    """Cut ``tokens`` into phrases and into what they repeat of the appointment.

    :param find_own: function of tokens; see :func:`~.own.find_own`; None for none
    """
    plain = [token for token in tokens if token.kind != JOINT]
    whole = lexicon.segment(plain)
    found = find_own(tokens) if find_own else ()
    if not found:
        return whole
    polite = {
        id(token)
        for segment in whole
        if len(segment.tokens) > 1 and segment.kinds <= _POLITE
        for token in segment.tokens
    }
    segments = []
    place = 0
    for item in found:
        start = item.start
        # "Good morning" names no morning.
        if item.when and not item.when.has_day() and item.when.hour is None:
            if all(id(token) in polite for token in tokens[start : item.end]):
                continue
        kinds = _kinds_of_found(item)
        if not item.refs and start and tokens[start - 1].key in SINCE:
            kinds = _PAST
        if _is_see_you(tokens, place, item):
            start -= 1
            kinds |= {lx.CONFIRM, lx.FAREWELL}
        segments += _before_own(tokens[place:start], item, lexicon)
        segments.append(
            lx.Segment(
                kinds,
                tuple(tokens[start : item.end]),
                when=item.when,
                refs=item.refs,
                every=item.every,
            )
        )
        place = item.end
    segments += lexicon.segment([t for t in tokens[place:] if t.kind != JOINT])
    return _joined_around_own(segments, lexicon)


def _joined_around_own(segments, lexicon):
    """Join a refusal that has the day in its middle: "muss den Montag stornieren"."""
    for index in range(1, len(segments) - 1):
        own = segments[index]
        if not own.when:
            continue
        for before, after in ((1, 1), (2, 1), (1, 2)):
            start, end = index - before, index + after + 1
            if start < 0 or end > len(segments):
                continue
            around = segments[start:index] + segments[index + 1 : end]
            if any(s.when or is_break(s) or lx.DECLINE in s.kinds for s in around):
                if not (before == 2 and lx.DECLINE in around[-1].kinds):
                    continue
            joined = lexicon.segment([token for s in around for token in s.tokens])
            if len(joined) == 1 and lx.DECLINE in joined[0].kinds:
                rest = [*segments[:start], joined[0], own, *segments[end:]]
                return _joined_around_own(rest, lexicon)
    return segments


def _before_own(tokens, item, lexicon):
    """Cut what stands before a name or a time: "oui pour" of a prompt is a yes there.

    "On the", "um", "alle" belong to the time that follows.
    """
    tokens = [token for token in tokens if token.kind != JOINT]
    segments = lexicon.segment(tokens)
    segments = [
        part
        for segment in segments
        for part in (
            [s for token in segment.tokens for s in lexicon.segment([token])]
            if lx.PROMPT in segment.kinds and len(segment.tokens) <= _MAX_PROMPT_WORDS
            else [segment]
        )
    ]
    for place in (-1, -2) if item.when else ():
        if len(segments) < -place:
            break
        last = segments[place]
        if lx.TIME in last.kinds and len(last.key) <= _MAX_PREPOSITION:
            segments[place] = last._replace(
                kinds=frozenset({lx.GLUE}), senses=frozenset()
            )
        elif lx.GLUE not in last.kinds:
            break
    return segments


def _kinds_of_found(item):
    kinds = {lx.OWN} if item.refs else {lx.OTHER}
    if item.when and not item.refs:
        kinds.add(lx.TIME)
    if item.says:
        kinds.add(item.says)
    return frozenset(kinds)


def _is_see_you(tokens, place, item):
    return bool(
        item.refs
        and item.when
        and item.when.has_day()
        and item.start > place
        and tokens[item.start - 1].key in _SEE_YOU
    )


def own_words(text, lexicon, prompts, find_own=None):
    """Return the :class:`OwnWords` of a levelled ``text``."""
    lines = _QUOTATION.sub(r"\n\1\n", text).split("\n")
    segments, quoted, signature = [], 0, None
    tokens_of_lines = []
    for line in lines:
        if _QUOTED_LINE.match(line):
            quoted += len(line.split())
        elif _SIGNATURE_LINE.match(line):
            tokens_of_lines.append(None)
        else:
            tokens_of_lines.append(tokenize(line, joints=bool(find_own)))
    copied = _copied(
        [token for tokens in tokens_of_lines for token in tokens or ()], prompts
    )
    copied = _without_own(copied, tokens_of_lines, find_own)
    offset = 0
    for tokens in tokens_of_lines:
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
            segments += [*line, lx.Segment(frozenset({lx.SEPARATOR}), (_END_OF_LINE,))]
    return OwnWords(segments, quoted, len(segments) if signature is None else signature)


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


def is_break(segment):
    """Tell whether ``segment`` ends a clause."""
    return segment.tokens[0].kind in (BREAK, DASH, LINE, QUESTION)
