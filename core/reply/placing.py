# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Cut a line into phrases and into what it repeats of the appointment."""

from . import intents as lx
from .calendar_words import SINCE
from .lexicon import Segment
from .text import BREAK, DASH, JOINT, LINE, QUESTION, WORD, Token

# "Bis Donnerstag": see you, if Thursday is right; else it may be until.
_SEE_YOU = frozenset("bis tot hasta a ate".split())
_PAST = frozenset({lx.COMMON, lx.UNKNOWN})
_SMALL = frozenset({lx.GLUE})
_MAX_PREPOSITION = 4
_MAX_PROMPT_WORDS = 2
# Before a place or a street: "in via Mazzini", "na Rua da Prata".
_AT_PLACE = frozenset(
    "in en at a on nella nel alla an am auf im chez au aux a la na aan op bij".split()
)
_ROADS = frozenset("rua avenida travessa praca estrada largo alameda".split())
# Behind a day or an hour, where nothing follows: "tomorrow 2-4 good".
_FINE = frozenset("good great ideal".split())
_IT_IS = (("it", "is"), ("itis",), ("its",), ("good", "too"))
# What stands for the time of the appointment in a phrase of the lexicon.
_THAT = tuple(
    Token(word, word, word, WORD)
    for word in "that it then darauf drauf eso cela dat questo isso".split()
)
_ANSWERING = frozenset({lx.CONFIRM, lx.DECLINE})
_MAX_BEFORE_THAT = 4
_FINE_KINDS = frozenset({lx.CONFIRM})
_STOPPING = frozenset({lx.OPT_OUT, lx.OPT_OUT_ALONE})
_POLITE = frozenset({lx.GREETING, lx.THANKS, lx.FILLER, *lx.MARKS})


def segment_with_own(tokens, lexicon, find_own):
    """Cut ``tokens`` into phrases and into what they repeat of the appointment.

    :param find_own: function of tokens; see :func:`~.own.find_own`; None for none
    """
    whole = lexicon.segment(_without_joints(tokens))
    found = find_own(tokens) if find_own else ()
    if not found:
        return whole
    polite = {
        id(token)
        for segment in whole
        if len(segment.tokens) > 1 and segment.kinds <= _POLITE
        for token in segment.tokens
    }
    stopping = {
        id(token)
        for segment in whole
        if len(segment.tokens) > 1 and segment.is_any(_STOPPING)
        for token in segment.tokens
    }
    segments = []
    place = 0
    for item in found:
        if _is_polite(item, tokens, polite) or _is_among(item, tokens, stopping):
            continue
        sees = _is_see_you(tokens, place, item)
        start = item.start - sees
        segments += _before_own(tokens[place:start], item, tokens[start], lexicon)
        segments.append(
            Segment(
                _kinds_of_found(item, tokens, sees),
                tuple(tokens[start : item.end]),
                when=item.when,
                refs=item.refs,
                every=item.every,
            )
        )
        place = item.end
    segments += lexicon.segment(_without_joints(tokens[place:]))
    return _joined_around_own(_with_fine_time(segments), lexicon)


def _without_joints(tokens):
    return [token for token in tokens if token.kind != JOINT]


def _is_polite(item, tokens, polite):
    """Tell "Good morning", which names no morning."""
    if not item.when or item.when.has_day() or item.when.hour is not None:
        return False
    return _is_among(item, tokens, polite)


def _is_among(item, tokens, ids):
    """Tell whether a phrase that names no appointment has it: the all of "stop all"."""
    return all(id(token) in ids for token in tokens[item.start : item.end])


def _joined_around_own(segments, lexicon):
    """Join a refusal that has the day in its middle: "muss den Montag stornieren"."""
    for index in range(1, len(segments) - 1):
        for before, after in ((1, 1), (2, 1), (1, 2)) if segments[index].when else ():
            start, end = index - before, index + after + 1
            if start < 0 or end > len(segments):
                continue
            joined = _refusal_of(
                segments[start:index], segments[index + 1 : end], lexicon
            )
            if joined:
                rest = [*segments[:start], joined, segments[index], *segments[end:]]
                return _joined_around_own(rest, lexicon)
    return segments


def _refusal_of(before, after, lexicon):
    """Return the one refusal that the words on both sides are, or None."""
    around = before + after
    if any(s.when or is_break(s) for s in around):
        return None
    refuses = any(lx.DECLINE in s.kinds for s in around)
    if refuses and not (len(before) == 2 and lx.DECLINE in after[-1].kinds):
        return None
    joined = lexicon.segment([token for s in around for token in s.tokens])
    return joined[0] if len(joined) == 1 and lx.DECLINE in joined[0].kinds else None


def _before_own(tokens, item, first, lexicon):
    """Cut what stands before a name or a time: "oui pour" of a prompt is a yes there.

    "On the", "um", "alle" belong to the time that follows.
    """
    segments = []
    for segment in lexicon.segment(_without_joints(tokens)):
        if lx.PROMPT in segment.kinds and len(segment.tokens) <= _MAX_PROMPT_WORDS:
            for token in segment.tokens:
                segments += lexicon.segment([token])
        else:
            segments.append(segment)
    if segments and not item.when and _leads_to_place(segments[-1], first):
        segments[-1] = segments[-1]._replace(kinds=_SMALL, senses=frozenset())
    if item.when and item.refs:
        segments = _with_that(segments, lexicon)
    for place in range(-1, -min(len(segments), 2) - 1, -1) if item.when else ():
        last = segments[place]
        if lx.TIME in last.kinds and len(last.key) <= _MAX_PREPOSITION:
            segments[place] = last._replace(kinds=_SMALL, senses=frozenset())
        elif lx.GLUE not in last.kinds:
            break
    return segments


def _with_that(segments, lexicon):
    """Let what says "happy with that" say so of the appointment: "happy with Tuesday".

    Only what ends in one of :data:`_THAT` and answers as a whole does.
    """
    if not any(lx.UNKNOWN in s.kinds for s in segments[-2:]):
        return segments
    for size in range(min(len(segments), _MAX_BEFORE_THAT), 0, -1):
        tail = segments[-size:]
        if any(s.when or s.refs or is_break(s) for s in tail):
            continue
        tokens = [token for s in tail for token in s.tokens]
        for word in _THAT:
            whole = lexicon.segment([*tokens, word])
            if len(whole) == 1 and whole[0].kinds & _ANSWERING and len(tokens) > 1:
                joined = whole[0]._replace(tokens=tuple(tokens))
                return [*segments[:-size], joined]
    return segments


def _leads_to_place(segment, first):
    """Tell the "in" of "in via Mazzini"; ``first`` is the first word of the place."""
    if segment.key == "na" and first.key not in _ROADS:
        return False  # also a "no"
    return len(segment.tokens) == 1 and segment.key in _AT_PLACE


def _with_fine_time(segments):
    """Let "good" agree behind the right time with which a clause begins."""
    begins = True
    for index, segment in enumerate(segments):
        named = segment.when is not None and bool(segment.refs)
        if named and begins and index + 1 < len(segments):
            after, end = segments[index + 1], segments[index + 2 : index + 3]
            words = tuple(token.key for token in after.tokens)
            fine = words in _IT_IS or (len(words) == 1 and words[0] in _FINE)
            if fine and (not end or is_break(end[0]) or lx.THANKS in end[0].kinds):
                if not (end and end[0].tokens[0].kind == QUESTION):
                    segments[index + 1] = after._replace(kinds=_FINE_KINDS)
        begins = is_break(segment) or (begins and named) or segment.kinds <= _POLITE
    return segments


def _kinds_of_found(item, tokens, sees):
    """Return the kinds of what is found; ``sees`` tells that "see you" leads to it."""
    if not item.refs:
        if item.start and tokens[item.start - 1].key in SINCE:
            return _PAST
        return frozenset({lx.OTHER, lx.TIME} if item.when else {lx.OTHER})
    kinds = {lx.OWN, item.says or lx.OWN}
    return frozenset(kinds | {lx.CONFIRM, lx.FAREWELL} if sees else kinds)


def _is_see_you(tokens, place, item):
    return bool(
        item.refs
        and item.when
        and item.when.has_day()
        and item.start > place
        and tokens[item.start - 1].key in _SEE_YOU
    )


def is_break(segment):
    """Tell whether ``segment`` ends a clause."""
    return segment.tokens[0].kind in (BREAK, DASH, LINE, QUESTION)
