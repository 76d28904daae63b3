# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Decide what a text answers.

The rule is coverage: a text is an answer only if every word of it is accounted for.
"Yes" among words that nobody knows may be "Yes I am away", so it is left to people.
What the lexicon calls a condition, question, negation or doubt undoes an answer, and
two different answers undo each other unless each has the code of its appointment.

"""

from . import intents as lx
from .clauses import ANSWERS, POLITE, REFUSALS, SILENT, is_idle_time, is_worded
from .codes import combine
from .placing import is_break
from .text import SYMBOL, WORD
from .understanding import answered, unrecognized, words_of

# "no", "non", "não", "nee": words that also negate what follows.
_NO_LENGTH = 3
# Words that may tell why a worded refusal is given.
_MAX_WORDS_OF_STORY = 8
_RECEIVED = frozenset("received got".split())
_MESSAGES = frozenset("message text reminder notification".split())
# In the order in which they are given as the reason.
BLOCKERS = (lx.OTHER, lx.QUESTION_WORD, lx.CONDITION, lx.UNCLEAR, lx.NEGATION)
_ANNOYED = {lx.UNCLEAR, lx.EXCUSE}
_UNREADABLE = {lx.REACTION, lx.REACTION_LIKE, lx.INSTRUCTION, lx.AUTO_REPLY}


def find_answers(text, codes):
    """Return the :class:`Understanding` of a text of which every word is known."""
    segments = text.segments
    mentioned = _codes_in(segments)
    given = [s for s in segments if s.is_any(ANSWERS)]
    reason, words = _find_obstacle(segments, given)
    if reason:
        known = tuple(code for code in mentioned if code in codes)
        return unrecognized(reason, words, mentioned if given else known or mentioned)
    if not given:
        reason = "code_only" if mentioned else "no_answer"
        told = [s for s in segments if not s.kinds <= {lx.SEPARATOR}]
        return unrecognized(reason, told, mentioned)
    answers = None if _keeps(segments, given) else combine(segments, given, codes)
    if answers is None:
        return unrecognized("contradiction", given, mentioned)
    return answered(answers, _reason(answers, given, mentioned), words_of(given))


def _codes_in(segments):
    return tuple(dict.fromkeys(s.key for s in segments if lx.CODE in s.kinds))


def _keeps(segments, given):
    """Tell whether "No, don't cancel" refuses the canceling, not the appointment."""
    refuses = any(segment.is_any(REFUSALS) for segment in given)
    return refuses and any(lx.KEEP in segment.kinds for segment in segments)


def _reason(answers, given, mentioned):
    if any(answer.code for answer in answers):
        return "code" if mentioned else "all"
    reschedules = any(lx.RESCHEDULE in segment.kinds for segment in given)
    return "reschedule" if reschedules else "word"


def _find_obstacle(segments, given):
    """Return why ``segments`` can't be an answer, with the words, or (None, ())."""
    unknown = [s for s in segments if lx.UNKNOWN in s.kinds]
    story = set()
    if _refuses(given):
        story.update(_story_of_refusal(segments, unknown, given))
        story.update(id(s) for s in segments if _is_annoyed_face(s))
    for blocker in BLOCKERS:
        words = _blocking(segments, blocker, story)
        if words:
            return blocker, words
    unclear = _find_unclear(segments)
    if unclear:
        return "unclear", unclear
    if not all(id(s) in story for s in unknown):
        return "unknown_words", unknown
    return _find_odd_remark(segments, given)


def _refuses(given):
    """Tell whether there are answers, and all of them refuse."""
    return bool(given) and all(s.is_any(REFUSALS) for s in given)


def _is_annoyed_face(segment):
    """Tell an emoji that takes back a yes, and goes with a no."""
    return segment.tokens[0].kind == SYMBOL and segment.kinds >= _ANNOYED


def _blocking(segments, blocker, story):
    return [
        segment
        for index, segment in enumerate(segments)
        if blocker in segment.kinds
        and not _is_plain(segments, index)
        and not (blocker == lx.UNCLEAR and id(segment) in story)
    ]


def _find_unclear(segments):
    """Return what is no answer and asks for something else, if anything."""
    unreadable = [s for s in segments if s.is_any(_UNREADABLE)]
    unreadable += _no_of_something(segments)
    unreadable += _yes_of_receipt(segments)
    return unreadable or [
        segment
        for segment in segments
        if segment.is_any({lx.HELP, lx.OPT_IN, lx.OPT_OUT_ALONE})
        and not segment.is_any(ANSWERS | POLITE)
    ]


def _yes_of_receipt(segments):
    """Find "yes I received your message", which may say no more than that."""
    return [
        after
        for segment, after in zip(segments, segments[1:], strict=False)
        if segment.is_any(ANSWERS)
        and after.kinds <= POLITE
        and len(after.tokens) > 2
        and {t.key for t in after.tokens} & _RECEIVED
        and {t.key for t in after.tokens} & _MESSAGES
        and sum(s.is_any(ANSWERS) for s in segments) == 1
    ]


def _no_of_something(segments):
    """Find a "no" that negates a word instead of answering: "it is no good"."""
    afters = [*segments[2:], None]
    return [
        segment
        for before, segment, after in zip(segments, segments[1:], afters, strict=False)
        if lx.DECLINE in segment.kinds
        and len(segment.key) <= _NO_LENGTH
        and len(segment.tokens) == 1
        and before.kinds <= {lx.GLUE, lx.TIME, lx.CONDITION, lx.NAME_INTRO}
        and before.tokens[0].kind == WORD
        and not (after and lx.CODE in after.kinds)  # "and no 512"
    ]


def _is_plain(segments, index):
    """Tell whether a blocking phrase is a plain answer here.

    "Si" is "yes" in Spanish and "if" in French. Since every other word has to be
    accounted for, an "if" has nowhere to hide but between answers: "oui si je peux".
    "No puedo" (I can't) refuses alone and negates an answer that follows it.
    """
    segment = segments[index]
    if len(segment.tokens) == 1:
        if not segment.is_any(ANSWERS):
            return _only_softens(segments, index)
        return lx.CONDITION not in segment.kinds or not _is_between_answers(
            segments, index
        )
    followed = index + 1 < len(segments) and segments[index + 1].is_any(ANSWERS)
    return (
        segment.kinds <= REFUSALS | {lx.NEGATION}
        and segment.is_any(REFUSALS)
        and not followed
    )


def _is_between_answers(segments, index):
    """Tell whether an answer stands before and another one right after."""
    after = segments[index + 1] if index + 1 < len(segments) else None
    if after is None or not after.is_any(ANSWERS) or lx.CONDITION in after.kinds:
        return False
    before = [s for s in segments[:index] if s.is_any(ANSWERS)]
    return any(lx.CONDITION not in s.kinds for s in before)


def _only_softens(segments, index):
    """Tell whether a "but" takes nothing back: "sorry, but I can't".

    It is a condition and a small word in one. Between politeness and a refusal it
    only softens; between answers that each have their code it only joins. A "so",
    which is "only" in other languages, leads to an answer: "I'm away so I can't".
    """
    segment = segments[index]
    if segment.kinds - {lx.GLUE} == {lx.CONDITION, lx.FILLER}:
        return index > 0 and _leads_to_answer(segments[index + 1 :])
    if not segment.kinds >= {lx.CONDITION, lx.GLUE}:
        return False
    before, after = segments[:index], segments[index + 1 :]
    following = next((s for s in after if not s.kinds <= SILENT), None)
    if following is None or not following.is_any(ANSWERS):
        return False
    if any(lx.CODE in s.kinds for s in before):
        return any(lx.CODE in s.kinds for s in after)
    return (
        following.is_any(REFUSALS)
        and all(s.kinds <= SILENT for s in before)
        and any(s.is_any(POLITE) for s in before)
    )


def _leads_to_answer(after):
    following = [s for s in after if not s.kinds <= SILENT]
    return bool(following) and all(s.is_any(ANSWERS) for s in following)


def _find_odd_remark(segments, given):
    """Times, numbers and reasons: in order beside a worded refusal only."""
    refuses = _refuses(given)
    worded = refuses and any(map(is_worded, given))
    times = [s for s in segments if lx.TIME in s.kinds]
    numbers = [s for s in segments if lx.AMOUNT in s.kinds]
    for reason, words, fits in (
        (lx.TIME, _odd_times(times), worded),
        (lx.EXCUSE, _excuses(segments), refuses),
        ("number", numbers, worded and times),
    ):
        if words and not fits:
            return reason, words
    return None, ()


def _odd_times(times):
    return [s for s in times if not s.is_any(ANSWERS) and not is_idle_time(s)]


def _excuses(segments):
    excuses = [segment for segment in segments if lx.EXCUSE in segment.kinds]
    return [segment for segment in excuses if not segment.is_any(ANSWERS | SILENT)]


def _story_of_refusal(segments, unknown, given):
    """Return the ids of the segments that only tell why a worded refusal is given.

    These are unknown words, and excuses that undo any other answer ("delayed"). No
    story goes with an absence, which is an excuse and a refusal in one: who will not
    be at home may tell how to get in.
    """
    if any(lx.EXCUSE in s.kinds for s in given):
        return ()
    odd = [s for s in segments if s.kinds >= _ANNOYED]
    for words in (unknown + odd, unknown):
        ids = {id(s) for s in words}
        if len(ids) <= _MAX_WORDS_OF_STORY and (
            _is_before_refusal(segments, ids, given[-1])
            or _is_after_refusal(segments, ids, given[0], needs_reason=bool(odd))
        ):
            return ids
    return ()


def _is_before_refusal(segments, story, refusal):
    """Tell whether a story leads up to the refusal: "My kid is ill so I can't come"."""
    end = next(i for i, s in enumerate(segments) if s is refusal)
    # "Bob can't make it" is not the customer's own refusal.
    if end and id(segments[end - 1]) in story:
        return False
    if _length_of_refusal(segments, end) < 3:
        return False
    return not any(id(s) in story for s in segments[end:])


def _length_of_refusal(segments, index):
    """Return how many words a refusal has, with the phrase before it: "I need to"."""
    length = len(segments[index].tokens)
    before = segments[index - 1] if index else None
    if before and before.kinds == {lx.GLUE} and len(before.tokens) > 1:
        length += len(before.tokens)
    return length


def _is_after_refusal(segments, story, refusal, *, needs_reason):
    """Tell whether a story follows the refusal: "I can't make it, my car broke"."""
    end = next(i for i, s in enumerate(segments) if s is refusal) + 1
    if _length_of_refusal(segments, end - 1) < 2 or not is_worded(refusal):
        return False
    while end < len(segments) and segments[end].kinds <= SILENT:
        if is_break(segments[end]) and not needs_reason:
            break
        end += 1
    if end == len(segments) or any(id(s) in story for s in segments[:end]):
        return False
    return is_break(segments[end]) or segments[end].kinds == {lx.EXCUSE}
