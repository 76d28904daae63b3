# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A phone's text about a tap on a text: it belongs to exactly the text that it quotes.

Apple: Liked “...”; Google: 👍 to “...”; "from" instead of "to" takes it back. Which
words stand around the quotation depends on the phone and its language; what was
quoted is found among the texts of the conversation.
"""

import re
from typing import NamedTuple

from . import intents as lx
from .decision import (
    ANSWERED,
    ASK_BACK,
    ASK_WHICH,
    CONFIRMED,
    COURTESY,
    DECLINED,
    PERSON,
    QUESTION,
    UNRECOGNIZED,
    Decision,
)
from .lexicon import Lexicon
from .quotes import OPENING_MARKS, tapped
from .text import SYMBOL, level, tokenize

LIKED, REFUSED, REMOVED, OTHER = "liked", "refused", "removed", "other"

_MIN_QUOTE = 12
# A text of ours is no shorter; without marks around it, only a long text copies one.
_LONG = 40
_MAX_PHRASE = 6
_MAX_AROUND = 9  # words
_QUOTE = re.compile(f"[{OPENING_MARKS}]", re.DOTALL)
_CLOSING = '”»"“‟'


class Reaction(NamedTuple):
    """What was tapped, and which of our texts was quoted."""

    tap: str  # LIKED, REFUSED, REMOVED or OTHER
    said: object  # :class:`~.decision.Said`, or None if the text is not ours
    quotes: bool  # some text is quoted
    surface: str
    is_kind: bool = False  # a heart or a laugh, and no dislike or question


def read_reaction(text, lexicon, ours):
    """Return the :class:`Reaction` that a levelled ``text`` is, or None.

    :param ours: what we said, newest last
    """
    lexicon = lexicon or Lexicon.default()
    marked = any(char in OPENING_MARKS for char in text)
    parts = _split(text, ours) if marked or len(text) > _LONG else None
    if parts is None:
        return _without_quotation(text, lexicon)
    around, quoted, said = parts
    tokens = tokenize(around)
    segments = [s for s in lexicon.segment(tokens) if lx.SEPARATOR not in s.kinds]
    tap = _tap_of(segments, tokens, lexicon)
    if tap is None:
        return None
    is_kind = tap == OTHER and _is_kind(segments, tokens, lexicon)
    return Reaction(tap, said, True, " ".join(around.split()), is_kind)


def _split(text, ours):
    """Return the words around the quotation, the quotation, and whose text it is."""
    flat = " ".join(text.split())
    for said in reversed(ours):
        place = _find(flat, said.text)
        if place is not None:
            start, end = place
            quoted = flat[start:end]
            return _unquoted(flat[:start], flat[end:]), quoted, said
    found = [
        (end - start, start)
        for start in (match.start() for match in _QUOTE.finditer(flat))
        for end in (_closing_after(flat, start),)
        if end - start > _MIN_QUOTE
    ]
    if not found:
        return None
    _length, start = max(found)
    end = max((i for i, c in enumerate(flat) if c in _CLOSING), default=0)
    end = len(flat) if end <= start else end
    return _unquoted(flat[:start], flat[end + 1 :]), flat[start + 1 : end], None


def _closing_after(flat, start):
    places = (i for i in range(start + 1, len(flat)) if flat[i] in _CLOSING)
    return next(places, len(flat))


def _unquoted(before, after):
    marks = OPENING_MARKS + _CLOSING + ":>"
    for mark in marks:
        before, after = before.replace(mark, " "), after.replace(mark, " ")
    return f"{before} {after}"


def _find(flat, sent):
    """Return where a text of ours is quoted; phones cut the end off."""
    sent = " ".join(level(sent or "").split())
    if not sent:
        return None
    low, small = flat.casefold(), sent.casefold()
    if len(low) != len(flat) or len(small) != len(sent):
        low, small = flat, sent
    start = low.find(small)
    if start >= 0:
        return start, start + len(small)
    beginning = small[: max(_MIN_QUOTE, 20)]
    start = low.find(beginning)
    if start < 0:
        return None
    end = start
    for end in range(start, len(low) + 1):
        if (
            end - start >= len(small)
            or end == len(low)
            or low[end] != small[end - start]
        ):
            break
    rest = flat[end:].strip()
    return (start, end) if not rest or rest[0] in '….”"»“' else None


def _tap_of(segments, tokens, lexicon):
    """Return what the words around a quotation say was tapped, or None."""
    if not segments or len(tokens) > _MAX_AROUND:
        return None
    removes = lexicon.has(tokens, lx.REACTION_REMOVED)
    symbols = [s for s in segments if s.tokens[0].kind == SYMBOL]
    said = frozenset().union(*(s.kinds for s in segments))
    known = bool(said & {lx.REACTION, lx.REACTION_LIKE})
    kinds = tapped(segments)
    if removes:
        return REMOVED
    if symbols:
        return _tap_of_emoji(symbols)
    if kinds is not None and lx.REACTION_LIKE in kinds:
        return LIKED
    return OTHER if known else None


def _is_kind(segments, tokens, lexicon):
    """Tell a heart or a laugh from a dislike, a question or a doubtful face."""
    if lexicon.has(tokens, lx.REACTION_KIND):
        return True
    symbols = [s for s in segments if s.tokens[0].kind == SYMBOL]
    return bool(symbols) and not any(lx.UNCLEAR in s.kinds for s in symbols)


def _tap_of_emoji(symbols):
    kinds = frozenset().union(*(symbol.kinds for symbol in symbols))
    if lx.DECLINE in kinds:
        return REFUSED
    return LIKED if kinds & {lx.CONFIRM, lx.AGREE} else OTHER


def _without_quotation(text, lexicon):
    """Recognise "Liked an image"."""
    tokens = tokenize(text[:80])
    words = lexicon.begins_with(tokens[:_MAX_PHRASE], lx.REACTION) if tokens else 0
    if words > 1 or (words and words == len(tokens)):
        return Reaction(OTHER, None, False, " ".join(t.surface for t in tokens[:words]))
    return None


def decide_reaction(reaction, reader):
    """Return the :class:`~.decision.Decision` about a reaction.

    :param reader: what is known of the conversation, see :mod:`.context`
    """
    about = _about(reaction, reader)
    outcome, answer = _meaning(reaction, about)
    answers = tuple((a.id, answer) for a in about) if answer else ()
    ids = tuple(a.id for a in about)
    return Decision(
        outcome,
        answers=answers,
        reason="reaction",
        detail=reaction.surface,
        about=ids,
        mark_to_read=ids if outcome == PERSON else (),
        automatic=outcome == COURTESY,
    )


def _about(reaction, reader):
    if reaction.said is None:
        return ()
    ids = reaction.said.about
    return tuple(a for a in reader.appointments if a.id in ids)


def _meaning(reaction, about):
    """Return the outcome, and the answer if it is one."""
    said, tap = reaction.said, reaction.tap
    if said is None:
        return COURTESY, None
    asked = about[0] if said.kind == QUESTION and len(about) == 1 else None
    if tap == LIKED and said.kind == QUESTION and len(about) > 1:
        # Each of them may be meant, or all.
        waiting = any(a.is_open for a in about)
        return (ASK_WHICH if waiting else COURTESY), None
    if tap == LIKED:
        return _meaning_of_like(asked)
    waits = (asked is not None and asked.is_open) or (
        said.kind == ASK_BACK and any(a.is_open for a in about)
    )
    if waits:
        return UNRECOGNIZED, None
    answered = any(a.state in (CONFIRMED, DECLINED) for a in about)
    return (PERSON if answered and not reaction.is_kind else COURTESY), None


def _meaning_of_like(asked):
    """A like of an open question answers it; of a question refused, it contradicts."""
    if asked is not None and asked.is_open:
        return ANSWERED, CONFIRMED
    refused = asked is not None and asked.state == DECLINED
    return (PERSON if refused else COURTESY), None
