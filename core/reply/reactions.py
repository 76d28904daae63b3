# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A phone's text about a tap on a text: it belongs to exactly the text that it quotes.

Apple: Liked “...”; Google: 👍 to “...”; "from" instead of "to" takes it back. Which
words stand around the quotation depends on the phone and its language; what was
quoted is found among the texts of the conversation.
"""

import re
from typing import NamedTuple

from . import lexicon as lx
from .decision import (
    ANSWERED,
    ASK_BACK,
    CONFIRMED,
    COURTESY,
    DECLINED,
    PERSON,
    QUESTION,
    UNRECOGNIZED,
    Decision,
)
from .quotes import OPENING_MARKS, tapped
from .text import SYMBOL, level, tokenize

LIKED, REFUSED, REMOVED, OTHER = "liked", "refused", "removed", "other"

_MIN_QUOTE = 12
# A text of ours is no shorter; without marks around it, only a long text copies one.
_LONG = 40
_MAX_PHRASE = 6
_QUOTE = re.compile(f"[{OPENING_MARKS}]", re.DOTALL)
_CLOSING = '”»"“‟'
_TAKEN_BACK = frozenset(
    "removed remove from retire supprime enlevo quito elimino removeu retirou rimosso "
    "tolto entfernt verwijderd verwijderde weggehaald von de da van di".split()
)
_REMOVING = frozenset(
    "removed remove retire supprime quito elimino removeu retirou rimosso tolto "
    "entfernt verwijderd verwijderde weggehaald".split()
)
_HEARTY = frozenset("loved love".split())


class Reaction(NamedTuple):
    """What was tapped, and which of our texts was quoted."""

    tap: str  # LIKED, REFUSED, REMOVED or OTHER
    said: object  # :class:`~.decision.Said`, or None if the text is not ours
    quotes: bool  # some text is quoted
    surface: str


def read_reaction(text, lexicon, ours):
    """Return the :class:`Reaction` that a levelled ``text`` is, or None.

    :param ours: what we said, newest last
    """
    lexicon = lexicon or lx.Lexicon.default()
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
    return Reaction(tap, said, True, " ".join(around.split()))


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
    keys = {token.key for token in tokens}
    symbols = [s for s in segments if s.tokens[0].kind == SYMBOL]
    if not segments or len(tokens) > 9:
        return None
    if keys & _REMOVING and len(tokens) <= 7:
        return REMOVED
    kinds = tapped(segments)
    said = frozenset().union(*(s.kinds for s in segments))
    known = said & {lx.REACTION, lx.REACTION_LIKE}
    if kinds is None and not known and not symbols:
        return None
    if keys & _REMOVING and (known or symbols):
        return REMOVED
    if symbols:
        if "from" in keys or (keys & _TAKEN_BACK and keys & _REMOVING):
            return REMOVED
        emoji = frozenset().union(*(s.kinds for s in symbols))
        if emoji & {lx.DECLINE}:
            return REFUSED
        return LIKED if emoji & {lx.CONFIRM, lx.AGREE} else OTHER
    if kinds is None or lx.REACTION_LIKE not in kinds:
        return OTHER if known else None
    return LIKED


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
        auto_reply=answer or ("unclear" if outcome == UNRECOGNIZED else ""),
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
    is_question = said.kind == QUESTION and len(about) == 1
    waiting = is_question and about[0].is_open
    if tap == LIKED and waiting:
        return ANSWERED, CONFIRMED
    if tap == LIKED:
        disagrees = is_question and about[0].state == DECLINED
        return (PERSON if disagrees else COURTESY), None
    if tap == REFUSED and waiting:
        return UNRECOGNIZED, None
    if waiting or (said.kind == ASK_BACK and any(a.is_open for a in about)):
        return UNRECOGNIZED, None
    answered = any(a.state in (CONFIRMED, DECLINED) for a in about)
    hearty = tap == OTHER and _is_kind(reaction)
    if answered and not hearty:
        return PERSON, None
    return COURTESY, None


def _is_kind(reaction):
    """Tell a heart or a laugh, which only is kind, from a dislike or a question."""
    words = {token.key for token in tokenize(reaction.surface)}
    return bool(words & _KIND)


_KIND = frozenset(
    "loved love encanto adore adoro amou amato adorato geliebt liebt geweldig prachtig "
    "laughed haha gracioso ❤ 😂 ♥ 😍 🙏 🎉 😀 😊 ❤️".split()
)
