# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Decide what a text means.

The rule is coverage: a text is an answer only if every word of it is accounted for.
"Yes" among words that nobody knows may be "Yes I am away", so it is left to people.
What the lexicon calls a condition, question, negation or doubt undoes an answer, and
two different answers undo each other unless each has the code of its appointment.

Opting out is the exception: it is looked for first, and in any text.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from . import lexicon as lx
from .quotes import appointed_times, is_break, own_words, read_reaction
from .text import DASH, LINE, NUMBER, QUESTION, SYMBOL, WORD, level

# Ten times the longest SMS; what comes after is not read.
MAX_LENGTH = 16000
_CODE_LENGTH = 3
_MAX_NAME_WORDS = 3
_MAX_SIGNATURE_LINES = 3
_MIN_PHONE_DIGITS = 7
# "no", "non", "não", "nee": words that also negate what follows.
_NO_LENGTH = 3
_MAX_DETAIL = 200
_MIN_ECHO_WORDS = 5
# Words that may tell why a worded refusal is given.
_MAX_WORDS_OF_STORY = 8

CONFIRM, DECLINE = "confirm", "decline"
_ANSWERS = {lx.CONFIRM, lx.AGREE, lx.DECLINE, lx.RESCHEDULE}
_REFUSALS = {lx.DECLINE, lx.RESCHEDULE}
_CLEAR = {lx.CONFIRM, *_REFUSALS}
# What an unknown word becomes that needs not be known: a name, a signature.
_SILENCED = frozenset({lx.FILLER})
_POLITE = {lx.FILLER, lx.GREETING, lx.THANKS}
_SILENT = _POLITE | {lx.GLUE, lx.NAME_INTRO, lx.DECORATION, lx.SEPARATOR, lx.SIGNATURE}
# In the order in which they are given as the reason.
_BLOCKERS = (lx.QUESTION_WORD, lx.CONDITION, lx.UNCLEAR, lx.NEGATION)
_UNREADABLE = {lx.REACTION, lx.REACTION_LIKE, lx.INSTRUCTION, lx.AUTO_REPLY}


@dataclass(frozen=True, slots=True)
class Answer:
    """One clear answer."""

    intent: str  # "confirm" or "decline"
    code: str | None = None  # as given by the customer; None without


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a text means."""

    # "confirm", "decline", "answers" (different ones with their codes), "opt_out",
    # "opt_in", "help" or "unrecognized"
    intent: str
    answers: tuple[Answer, ...] = ()
    codes: tuple[str, ...] = ()  # the codes mentioned
    reason: str = "word"  # stable key
    detail: str = ""  # the words that decided, for staff
    automatic: bool = False  # no person wrote this to us: never answer it


class _Text(NamedTuple):
    """The segments of a customer's own words, with what is needed about them."""

    segments: list
    signature: int
    is_mixed_case: bool


def understand(
    body: str | None,
    *,
    lexicon: lx.Lexicon | None = None,
    codes: Collection[str] = (),
    prompts: Collection[str] = (),
) -> Understanding:
    """Return what ``body`` means; never raises, whatever the text.

    :param lexicon: the words; those shipped with the addon by default
    :param codes: codes of the number's open confirmations
    :param prompts: texts lately sent to the number, whose copies are no answers
    """
    lexicon = lexicon or lx.Lexicon.default()
    if not body or not body.strip():
        return _unrecognized("empty")
    text = level(body[:MAX_LENGTH])
    reaction = read_reaction(text, lexicon, prompts)
    if reaction:
        return _understand_reaction(reaction)
    own = own_words(text, lexicon, prompts)
    if not _says_anything(own.segments):
        if own.quoted:
            return _unrecognized("quoted_prompt", automatic=_is_echo(own))
        if any(s.tokens[0].kind == QUESTION for s in own.segments):
            return Understanding("help", detail="?")
        return _unrecognized("no_words")
    understanding = _understand_own(own, lexicon, codes, prompts)
    if len(body) > MAX_LENGTH and understanding.intent != "opt_out":
        return _unrecognized("too_long")
    return _after_quote(understanding, own)


def _is_echo(own):
    """Tell an echoed prompt from a person who takes it literally: "Reply YES"."""
    return own.quoted >= _MIN_ECHO_WORDS


def _says_anything(segments):
    return any(not s.kinds <= {lx.SEPARATOR, lx.QUESTION_WORD} for s in segments) or (
        any(s.tokens[0].kind == WORD for s in segments)
    )


def _unrecognized(reason, segments=(), codes=(), *, automatic=False):
    return Understanding(
        "unrecognized",
        codes=tuple(codes),
        reason=reason,
        detail=_words(segments),
        automatic=automatic,
    )


def _words(segments):
    surfaces = [s.surface for s in segments if lx.SEPARATOR not in s.kinds]
    return " ".join(surfaces)[:_MAX_DETAIL]


def _after_quote(understanding, own):
    """Mark what is left of an echoed prompt as such, to keep out of loops."""
    if (
        understanding.intent == "unrecognized"
        and own.quoted
        and not any(
            s.is_any(_ANSWERS) or s.is_any(_BLOCKERS) or s.is_any({lx.HELP})
            for s in own.segments
        )
    ):
        return _unrecognized(
            "quoted_prompt",
            own.segments,
            understanding.codes,
            automatic=_is_echo(own),
        )
    return understanding


def _understand_reaction(reaction):
    """A like of a prompt agrees; of anything else, or another reaction, is none."""
    codes = reaction.codes
    if reaction.asks and len(codes) <= 1:
        code = codes[0] if codes else None
        kinds = reaction.kinds
        if kinds & {lx.REACTION_LIKE, lx.CONFIRM, lx.AGREE} and not kinds & _REFUSALS:
            return _answered([Answer(CONFIRM, code)], "reaction", reaction.surface)
        if kinds & _REFUSALS:
            return _answered([Answer(DECLINE, code)], "reaction", reaction.surface)
    return Understanding(
        "unrecognized",
        codes=codes,
        reason="reaction",
        detail=reaction.surface[:_MAX_DETAIL],
        automatic=not reaction.asks,
    )


def _answered(answers, reason, detail):
    intents = {answer.intent for answer in answers}
    codes = dict.fromkeys(answer.code for answer in answers if answer.code)
    return Understanding(
        intents.pop() if len(intents) == 1 else "answers",
        answers=tuple(answers),
        codes=tuple(codes),
        reason=reason,
        detail=detail[:_MAX_DETAIL],
    )


def _understand_own(own, lexicon, codes, prompts):
    appointed = ()
    if any(lx.TIME in s.kinds for s in own.segments):
        appointed = appointed_times(prompts, lexicon)
    text = _prepare(own, frozenset(codes), appointed)
    opting_out = _find_opt_out(text)
    if opting_out:
        return Understanding("opt_out", detail=_words(opting_out))
    automatic = [s for s in text.segments if lx.AUTO_REPLY in s.kinds]
    if automatic:
        return _unrecognized("auto_reply", automatic, automatic=True)
    return _find_request(text) or _find_answers(text, codes)


# Preparing ------------------------------------------------------------------------


def _prepare(own, codes, appointed):
    """Tell codes from other numbers, and names and signatures from unknown words."""
    segments = _mark_codes(own.segments, codes)
    _silence_appointed_times(segments, appointed)
    letters = "".join(
        token.surface
        for segment in segments
        for token in segment.tokens
        if token.kind == WORD
    )
    text = _Text(segments, own.signature, _has_case_information(letters))
    _silence_names(text)
    _silence_signature(text)
    return text


def _has_case_information(letters):
    return letters != letters.upper() and letters[1:] != letters[1:].lower()


def _mark_codes(segments, codes):
    marked = list(segments)
    for index, segment in enumerate(segments):
        if segment.kinds == {lx.AMOUNT} and _is_code(segments, index, codes):
            marked[index] = segment._replace(kinds=frozenset({lx.CODE}))
    return marked


def _is_code(segments, index, codes):
    number = segments[index].key
    if number in codes:
        return True
    if len(number) != _CODE_LENGTH or not number.isdecimal():
        return False
    around = segments[max(index - 1, 0) : index] + segments[index + 1 : index + 2]
    # "at 300 Main St", "300 dollars", "4:300", "at 930"
    return not any(s.is_any({lx.TIME, lx.UNKNOWN, lx.AMOUNT}) for s in around)


def _silence_appointed_times(segments, appointed):
    """Take out of the way what repeats the day and the hour of the appointment.

    "Tuesday at 9 is fine" says nothing new if every text that we sent lately and that
    names a time names this one.
    """
    if not appointed:
        return
    for index, segment in enumerate(segments):
        if segment.kinds >= {lx.TIME} and not segment.is_any(_ANSWERS):
            if all(t.says(token.key) for t in appointed for token in segment.tokens):
                _silence(segments, (index,))
    for index, segment in enumerate(segments):
        end = index + 1
        if segment.kinds != {lx.AMOUNT} or not _is_beside_time(segments, index):
            continue
        if [s.key for s in segments[end : end + 1]] == [":"]:
            end += 2
        hour = [s.key for s in segments[index:end] if s.tokens[0].kind == NUMBER]
        if all(t.begins_at(hour) for t in appointed):
            _silence(segments, range(index, end))


def _is_beside_time(segments, index):
    around = segments[max(index - 1, 0) : index] + segments[index + 1 : index + 4]
    return any(s.kinds == _SILENCED and s.tokens[0].kind == WORD for s in around)


def _silence_names(text):
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
            _silence(segments, range(start, end))
        start = end


def _silence(segments, indexes):
    for index in indexes:
        segments[index] = segments[index]._replace(kinds=_SILENCED)


def _may_be_name(segment):
    return lx.UNKNOWN in segment.kinds and segment.tokens[0].kind == WORD


def _is_particle(segments, index):
    """Tell whether a small word joins two words of a name: "Jan de Vries"."""
    return (
        index + 1 < len(segments)
        and lx.GLUE in segments[index].kinds
        and len(segments[index].key) <= 3
        and segments[index - 1].tokens[0].surface[:1].isupper()
        and _may_be_name(segments[index + 1])
        and segments[index + 1].tokens[0].surface[:1].isupper()
    )


def _is_name(text, start, end):
    segments = text.segments
    before = segments[start - 1] if start else None
    ends_clause = end == len(segments) or is_break(segments[end])
    ends_text = all(s.kinds <= _SILENT for s in segments[end:])
    capitals = text.is_mixed_case and all(
        s.tokens[0].surface[:1].isupper()
        for s in segments[start:end]
        if lx.UNKNOWN in s.kinds
    )
    length = sum(lx.UNKNOWN in s.kinds for s in segments[start:end])
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


def _silence_signature(text):
    """Unknown words of a signature are nobody's answer; known ones still count."""
    segments = text.segments
    _silence_lines_of_names(text)
    in_line = False
    for index, segment in enumerate(segments):
        if segment.tokens[0].kind == LINE:
            in_line = False
        elif lx.SIGNATURE in segment.kinds:
            in_line = True
        elif (in_line or index >= text.signature) and segment.kinds <= {
            lx.UNKNOWN,
            lx.AMOUNT,
            lx.CODE,
            lx.TIME,
        }:
            _silence(segments, (index,))


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
        _silence(segments, range(start, end))
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
        and all(s.kinds <= {lx.UNKNOWN, lx.FILLER, lx.EXCUSE} for s in words)
    )


# Opting out, opting in, help ------------------------------------------------------


def _find_opt_out(text):
    """Return the segments that opt out, if any."""
    segments = text.segments
    for index, segment in enumerate(segments):
        if lx.OPT_OUT in segment.kinds and not _is_denied(segments, index):
            return [segment]
    whole = [s for s in segments if not s.kinds <= {lx.SEPARATOR, lx.DECORATION}]
    if whole and all(lx.OPT_OUT_ALONE in s.kinds for s in whole):
        return whole
    for clause, asks in _clauses(segments):
        if not asks and _is_opt_out_clause(clause):
            return [s for s in clause if lx.OPT_OUT_ALONE in s.kinds]
    return _shouted_opt_out(text, whole)


def _is_opt_out_word(segment):
    """Tell whether a word opts out also among politeness.

    "Cancel" is a carrier's keyword as a whole text only; in a sentence it is a verb
    that means the appointment.
    """
    return lx.OPT_OUT_ALONE in segment.kinds and not segment.is_any(_REFUSALS)


def _is_opt_out_clause(clause):
    if not any(map(_is_opt_out_word, clause)):
        return False
    return all(
        _is_opt_out_word(s)
        or s.is_any(_POLITE | _ANSWERS)
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
    for before in reversed(segments[:index]):
        if lx.NEGATION in before.kinds:
            return True
        if not before.is_any({lx.FILLER, lx.GLUE}):
            break
    after = segments[index + 1] if index + 1 < len(segments) else None
    return after is not None and lx.UNCLEAR in after.kinds and len(after.tokens) > 1


def _clauses(segments):
    """Yield the clauses, each with whether it is a question."""
    clause = []
    for segment in segments:
        if is_break(segment):
            if clause:
                yield clause, segment.tokens[0].kind == QUESTION
            clause = []
        else:
            clause.append(segment)
    if clause:
        yield clause, False


def _find_request(text):
    """Return the understanding of a request for help or for opting in, or None."""
    said = [s for s in text.segments if not s.kinds <= _SILENT]
    said = [s for s in said if s.tokens[0].kind != QUESTION]
    if not said:
        return None
    if all(lx.OPT_IN in s.kinds for s in said):
        return Understanding("opt_in", detail=_words(said))
    if all(lx.HELP in s.kinds for s in said):
        return Understanding("help", detail=_words(said))
    if any(s.is_any(_ANSWERS) for s in said):
        return None
    for clause, _asks in _clauses(text.segments):
        asking = [s for s in clause if not s.kinds <= _SILENT]
        # Single words ("help") only count as the whole text.
        if asking and all(lx.HELP in s.kinds and len(s.tokens) > 1 for s in asking):
            return Understanding("help", detail=_words(asking))
    return None


# Answers --------------------------------------------------------------------------


def _find_answers(text, codes):
    segments = text.segments
    mentioned = tuple(dict.fromkeys(s.key for s in segments if lx.CODE in s.kinds))
    given = [s for s in segments if s.is_any(_ANSWERS)]
    reason, words = _find_obstacle(segments, given)
    if reason:
        if len(mentioned) and not set(mentioned) <= set(codes) and not given:
            mentioned = tuple(c for c in mentioned if c in codes) or mentioned
        return _unrecognized(reason, words, mentioned)
    if not given:
        reason = "code_only" if mentioned else "no_answer"
        return _unrecognized(reason, _told(segments), mentioned)
    # "No, don't cancel" refuses the canceling, not the appointment.
    keeps = any(lx.KEEP in s.kinds for s in segments)
    refuses = any(s.is_any(_REFUSALS) for s in given)
    answers = None if keeps and refuses else _combine(segments, given, codes)
    if answers is None:
        return _unrecognized("contradiction", given, mentioned)
    reason = "word"
    if any(answer.code for answer in answers):
        reason = "code" if mentioned else "all"
    elif any(lx.RESCHEDULE in s.kinds for s in given):
        reason = "reschedule"
    return _answered(answers, reason, _words(given))


def _told(segments):
    return [s for s in segments if not s.kinds <= {lx.SEPARATOR}]


def _find_obstacle(segments, given):
    """Return why ``segments`` can't be an answer, with the words, or (None, ())."""
    unknown = [s for s in segments if lx.UNKNOWN in s.kinds]
    story = _story_of_refusal(segments, unknown, given)
    for blocker in _BLOCKERS:
        words = [
            segment
            for index, segment in enumerate(segments)
            if blocker in segment.kinds
            and not _is_plain(segments, index)
            and not (blocker == lx.UNCLEAR and id(segment) in story)
        ]
        if words:
            return blocker, words
    unreadable = [s for s in segments if s.is_any(_UNREADABLE)]
    unreadable += _no_of_something(segments)
    asking = [s for s in segments if s.is_any({lx.HELP, lx.OPT_IN, lx.OPT_OUT_ALONE})]
    asking = [s for s in asking if not s.is_any(_ANSWERS | _POLITE)]
    if unreadable or asking:
        return "unclear", unreadable or asking
    if not all(id(s) in story for s in unknown):
        return "unknown_words", unknown
    return _find_odd_remark(segments, given)


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
        if not segment.is_any(_ANSWERS):
            return _only_softens(segments, index)
        return lx.CONDITION not in segment.kinds or not _is_between_answers(
            segments, index
        )
    followed = index + 1 < len(segments) and segments[index + 1].is_any(_ANSWERS)
    return (
        segment.kinds <= _REFUSALS | {lx.NEGATION}
        and segment.is_any(_REFUSALS)
        and not followed
    )


def _is_between_answers(segments, index):
    """Tell whether an answer stands before and another one right after."""
    after = segments[index + 1] if index + 1 < len(segments) else None
    if after is None or not after.is_any(_ANSWERS) or lx.CONDITION in after.kinds:
        return False
    before = [s for s in segments[:index] if s.is_any(_ANSWERS)]
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
    following = next((s for s in after if not s.kinds <= _SILENT), None)
    if following is None or not following.is_any(_ANSWERS):
        return False
    if any(lx.CODE in s.kinds for s in before):
        return any(lx.CODE in s.kinds for s in after)
    return (
        following.is_any(_REFUSALS)
        and all(s.kinds <= _SILENT for s in before)
        and any(s.is_any(_POLITE) for s in before)
    )


def _leads_to_answer(after):
    following = [s for s in after if not s.kinds <= _SILENT]
    return bool(following) and all(s.is_any(_ANSWERS) for s in following)


def _find_odd_remark(segments, given):
    """Times, numbers and reasons: in order beside a worded refusal only."""
    refuses = bool(given) and all(s.is_any(_REFUSALS) for s in given)
    worded = refuses and any(map(_is_worded, given))
    kinds = [] if worded else [lx.TIME]
    if not refuses:
        kinds.append(lx.EXCUSE)
    for kind in kinds:
        words = [s for s in segments if kind in s.kinds and not s.is_any(_ANSWERS)]
        words = [s for s in words if kind == lx.TIME or not s.is_any(_SILENT)]
        words = [s for s in words if not (kind == lx.TIME and _is_idle_time(s))]
        if words:
            return kind, words
    numbers = [s for s in segments if lx.AMOUNT in s.kinds]
    if numbers and not (worded and any(lx.TIME in s.kinds for s in segments)):
        return "number", numbers
    return None, ()


def _is_idle_time(segment):
    """A word for a time in one language, a small word of another ("on", "dan")."""
    return segment.is_any({lx.GLUE, *_POLITE})


def _is_worded(segment):
    """Tell whether a refusal is more than a bare "no"."""
    return segment.is_any(_REFUSALS) and (
        len(segment.tokens) > 1 or len(segment.key) > 4
    )


def _story_of_refusal(segments, unknown, given):
    """Return the ids of the segments that only tell why a worded refusal is given.

    These are unknown words, and excuses that undo any other answer ("delayed"). No
    story goes with an absence, which is an excuse and a refusal in one: who will not
    be at home may tell how to get in.
    """
    if not given or not all(s.is_any(_REFUSALS) for s in given):
        return ()
    if any(lx.EXCUSE in s.kinds for s in given):
        return ()
    odd = [s for s in segments if s.kinds >= {lx.UNCLEAR, lx.EXCUSE}]
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
    if _length_of_refusal(segments, end - 1) < 2 or not _is_worded(refusal):
        return False
    while end < len(segments) and segments[end].kinds <= _SILENT:
        if is_break(segments[end]) and not needs_reason:
            break
        end += 1
    if end == len(segments) or any(id(s) in story for s in segments[:end]):
        return False
    return is_break(segments[end]) or segments[end].kinds == {lx.EXCUSE}


# Answers and codes ----------------------------------------------------------------


def _intent_of(segment):
    """Return the answer of a segment; None if languages contradict each other."""
    agrees = segment.is_any({lx.CONFIRM, lx.AGREE})
    refuses = segment.is_any(_REFUSALS)
    if agrees and refuses:
        return None
    return CONFIRM if agrees else DECLINE


def _combine(segments, given, codes):
    """Return the answers with their codes; None if they contradict each other."""
    kept = {id(segment) for segment in given}
    items = [s for s in segments if id(s) in kept or lx.CODE in s.kinds]
    items = _without_weak(_without_thanked(items, segments))
    given = [s for s in items if id(s) in kept]
    kept = {id(segment) for segment in given}
    intents = {_intent_of(segment) for segment in given}
    if None in intents:
        return None
    if not any(lx.CODE in s.kinds for s in items):
        if len(intents) > 1:
            return None
        intent = intents.pop()
        if len(codes) > 1 and any(lx.ALL in s.kinds for s in segments):
            return [Answer(intent, code) for code in sorted(codes)]
        return [Answer(intent)]
    if len(intents) == 1 and not _is_between(items):
        pairs = [(s.key, next(iter(intents))) for s in items if lx.CODE in s.kinds]
    else:
        pairs = _pair_in_clauses(segments, kept) or _pair_in_order(items)
    return _unite(pairs)


def _without_thanked(items, segments):
    """An "OK" after a refusal with thanks is polite: "no thank you, all good"."""
    kept, refuses, thanks = [], False, False
    for segment in segments:
        thanks = refuses and (thanks or lx.THANKS in segment.kinds)
        if not any(segment is item for item in items):
            continue
        polite = thanks and segment.is_any({lx.AGREE}) and not segment.is_any(_CLEAR)
        if not polite:
            kept.append(segment)
            refuses, thanks = segment.is_any(_REFUSALS), False
    return kept


def _without_weak(items):
    """An "OK" before a refusal only acknowledges: "OK, I can't make it"."""
    return [
        item
        for item, after in zip(items, [*items[1:], None], strict=True)
        if not (
            after is not None
            and item.is_any({lx.AGREE})
            and not item.is_any(_CLEAR)
            and after.is_any(_REFUSALS)
        )
    ]


def _is_between(items):
    """Tell whether answers stand between codes: "427 yes 512", to which?"""
    is_code = [lx.CODE in s.kinds for s in items]
    first, last = is_code.index(False), len(items) - is_code[::-1].index(False) - 1
    return any(is_code[:first]) and any(is_code[last:])


def _pair_in_clauses(segments, kept):
    """Pair in clauses that each have codes and one answer: "yes 427, 512 no"."""
    pairs = []
    for clause, _asks in _clauses(segments):
        codes = [s.key for s in clause if lx.CODE in s.kinds]
        intents = {_intent_of(s) for s in clause if id(s) in kept}
        if not codes and not intents:
            continue
        items = [s for s in clause if id(s) in kept or lx.CODE in s.kinds]
        if not codes or len(intents) != 1 or _is_between(items):
            return None
        intent = intents.pop()
        pairs += [(code, intent) for code in codes]
    return pairs


def _pair_in_order(items):
    """Pair each code with the answer before it, or each with the one after it."""
    backwards = lx.CODE in items[0].kinds
    items = items[::-1] if backwards else items
    if lx.CODE not in items[-1].kinds:
        return None
    pairs, intent, pending = [], None, False
    for segment in items:
        if lx.CODE in segment.kinds:
            if intent is None:
                return None
            pairs.append((segment.key, intent))
            pending = False
        else:
            if pending and intent != _intent_of(segment):
                return None
            intent, pending = _intent_of(segment), True
    return pairs[::-1] if backwards else pairs


def _unite(pairs):
    if not pairs:
        return None
    answers = {}
    for code, intent in pairs:
        if answers.setdefault(code, intent) != intent:
            return None
    return [Answer(intent, code) for code, intent in answers.items()]
