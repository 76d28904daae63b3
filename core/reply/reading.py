# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read what the words of a text mean, whatever was said before."""

from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from . import intents as lx
from .answers import BLOCKERS, find_answers
from .choice import choose
from .clauses import (
    ANSWERS,
    CONFIRM,
    DECLINE,
    SILENT,
    Text,
    is_bare_no,
    split_clauses,
)
from .codes import mark_codes
from .languages import in_one_language
from .letters import mark_letters
from .lexicon import Lexicon
from .mockery import find_mockery
from .names import silence_names, silence_signature, silence_writer
from .notes import find_yes_with_note, note_of
from .opt_out import (
    find_opt_out,
    find_request,
    find_wrong_number,
    is_instruction_to_stop,
)
from .other_matters import find_other_matter
from .own import find_own
from .quotes import own_words
from .refusals import find_proposal, find_refusal
from .returns import find_change_of_mind, find_yes_at_end
from .text import QUESTION, WORD, level
from .understanding import (
    Answer,
    Understanding,
    answered,
    unrecognized,
    words_of,
)

# Three times the longest SMS. Of a longer text only both ends are read, for an opt-out.
MAX_LENGTH = 4800
_ENDS = (2400, 800)
_WAIT = "pará"
_MIN_ECHO_WORDS = 5
_MIN_OWN_WORDS = 4
# They go with a change of mind, and are said without one.
_WEAK_RETURNS = frozenset(
    "now wait oh oops jetzt ahora maintenant ora adesso agora nu doch toch".split()
)
# Who writes more than two pages answers no question with it.
_MAX_SEGMENTS = 400
_OWN_ANSWERS = {lx.CONFIRM, lx.AGREE}
_CONDITIONS = {lx.CONDITION, lx.OTHER, lx.RESCHEDULE}
# Who only doubted is asked, and may say yes then; a condition stays one.
_MERE_DOUBTS = frozenset(
    "maybe perhaps possibly probably might may mayb mabye sure unsure certain "
    "uncertain know idk yet quizas quiza talvez mejor vez sabe seguro vielleicht "
    "eventuell evtl weiss sicher noch forse magari ancora so sicuro misschien weet "
    "zeker nog "
    "vediamo see check checking sehen schauen ver voir vedere zien kijken "
    "etre peutetre sais sur encore aun todavia ainda sei calhar certeza".split()
)
_REAL_CONDITIONS = frozenset(
    "if unless provided when once only but long after before until till depends "
    "depending si sauf wenn falls sofern nur aber se solo ma als mits tenzij maar mas "
    "pero mais cuando quand quando".split()
)


class World(NamedTuple):
    """What a text may be about."""

    appointments: tuple = ()  # :class:`~.decision.Appointment`
    now: datetime | None = None
    lang: str = ""  # two letters; in which we write to the customer
    # an answer was given before: "after all" takes it back, and is no doubt
    returning: bool = False
    # we asked back to what sets no condition
    asked_back: bool = False
    earlier: str | None = None  # what was answered before we asked which one
    writer: str = ""  # the text that a person of the company wrote last

    @property
    def open_ids(self):
        """Return the ids of those that wait, in their order."""
        return tuple(a.id for a in self.appointments if a.is_open)

    def find_own(self):
        """Return a function of tokens that finds what they repeat of appointments."""
        if not self.appointments:
            return None
        return lambda tokens: find_own(tokens, self.appointments, self.now, self.lang)


def read_words(body, lexicon, codes, prompts, world):
    """Return the :class:`Understanding` of a text about what is in ``world``.

    A phone's reaction is read before, with what it quotes; see :mod:`.reactions`.

    :param codes: codes of the number's open confirmations
    :param prompts: texts lately sent to the number, whose copies are no answers
    """
    lexicon = lexicon or Lexicon.default()
    if not body or not body.strip():
        return unrecognized("empty")
    if len(body) > MAX_LENGTH:
        body = f"{body[: _ENDS[0]]}\n{body[-_ENDS[1] :]}"
        found = read_words(body, lexicon, codes, prompts, World())
        return found if found.intent == "opt_out" else unrecognized("too_long")
    text = level(body)
    if is_instruction_to_stop(text, lexicon):
        return Understanding("opt_out", detail=text.strip())
    own = own_words(text, lexicon, prompts, world.find_own())
    if not _says_anything(own.segments):
        if own.quoted:
            return unrecognized("quoted_prompt", automatic=_is_echo(own))
        if any(s.tokens[0].kind == QUESTION for s in own.segments):
            return Understanding("help", detail="?")
        return unrecognized("no_words")
    understanding = _understand_own(text, own, lexicon, codes, world)
    return _after_quote(understanding, own)


def _is_echo(own):
    """Tell an echoed prompt from a person who takes it literally: "Reply YES"."""
    return own.quoted >= _MIN_ECHO_WORDS


def _says_anything(segments):
    return any(not s.kinds <= {lx.SEPARATOR, lx.QUESTION_WORD} for s in segments) or (
        any(s.tokens[0].kind == WORD for s in segments)
    )


def _after_quote(understanding, own):
    """Mark what is left of an echoed prompt as such, to keep out of loops."""
    if (
        understanding.intent == "unrecognized"
        and own.quoted
        and not any(
            s.is_any(ANSWERS) or s.is_any(BLOCKERS) or s.is_any({lx.HELP})
            for s in own.segments
        )
    ):
        return unrecognized(
            "quoted_prompt",
            own.segments,
            understanding.codes,
            automatic=_is_echo(own) and not _is_told_around(own),
        )
    return understanding


def _is_told_around(own):
    """Tell a person, who writes around the words of a prompt, from an echo."""
    words = [t for s in own.segments for t in s.tokens if t.kind == WORD]
    return len(words) >= _MIN_OWN_WORDS


def _understand_own(whole, own, lexicon, codes, world):
    text = _prepare(whole, own, frozenset(codes), world)
    opting_out = find_opt_out(text)
    if opting_out:
        return Understanding("opt_out", detail=words_of(opting_out))
    wrong = find_wrong_number(text)
    if wrong:
        return Understanding("wrong_number", detail=words_of(wrong))
    automatic = [s for s in text.segments if lx.AUTO_REPLY in s.kinds]
    if automatic:
        answers = any(lx.PLAIN_YES in s.kinds for s in text.segments)
        return unrecognized("auto_reply", automatic, automatic=not answers)
    if len(text.segments) > _MAX_SEGMENTS:
        return unrecognized("too_long")
    return find_request(text) or _read_answers(text, lexicon, codes, world)


def _read_answers(text, lexicon, codes, world):
    """Return the answers; strictly first, then with what may stand beside them."""
    aside = find_mockery(text.segments) or find_other_matter(text.segments)
    if aside:
        return unrecognized("unclear", aside)
    if len(world.appointments) > 1:
        choice = choose(text.segments, world.open_ids, world.earlier)
        if choice:
            return _chosen(text, choice, world)
    found = find_answers(text, codes)
    if found.answers:
        given = [s for s in text.segments if s.is_any(ANSWERS)]
        return _described(found, text, given, lexicon, world)
    yes = (
        find_yes_with_note(text, lexicon)
        or (world.returning and find_change_of_mind(text))
        or find_yes_at_end(text, asked_back=world.asked_back)
    )
    if yes:
        found = answered([Answer(CONFIRM)], "note", words_of(yes))
        return _described(found, text, yes, lexicon, world)
    refusal = find_refusal(text, lexicon)
    if refusal:
        found = answered([Answer(DECLINE)], "refusal", refusal.surface)
        return _described(found, text, [refusal], lexicon, world)
    if len(world.open_ids) > 1 and any(s.refs for s in text.segments):
        found = replace(found, reason="which")
    return replace(found, proposed=_proposed(text, world), manner=_manner_of_rest(text))


def _chosen(text, choice, world):
    answers = [Answer(intent, ref=ref) for ref, intent in choice.answers.items()]
    given = [s for s in text.segments if s.is_any(ANSWERS)]
    note = ""
    if choice.rest:
        inside = {id(segment) for segment in choice.rest}
        note = note_of(text, [s for s in text.segments if id(s) not in inside])
    return answered(
        answers,
        "named",
        words_of(given),
        note=note,
        manner="named",
        proposed=_proposed(text, world) if note else None,
    )


def _described(found, text, given, lexicon, world):
    """Add the note, the proposal and the manner to an answer that was found."""
    declines = found.intent == "decline"
    manner = _manner_of_no if declines else _manner_of_yes
    return replace(
        found,
        note=note_of(text, given),
        proposed=_proposed(text, world) if declines else None,
        manner=manner(text, given, lexicon, world),
    )


def _proposed(text, world):
    if not world.appointments:
        return None
    appointment = next(
        (a for a in world.appointments if a.is_open), world.appointments[0]
    )
    return find_proposal(text.segments, appointment, appointment.today(world.now))


def _manner_of_yes(text, given, lexicon, world):
    """Tell how a yes is said; see :class:`~.understanding.Understanding`."""
    tokens = [token for segment in text.segments for token in segment.tokens]
    if any(map(_names_it, text.segments)) and any(
        lx.FAREWELL not in s.kinds for s in given
    ):
        return "named"
    if lexicon.has(tokens, lx.ATTEND) or (world.returning and _returns(text)):
        return "worded"
    return "yes" if lexicon.has(tokens, lx.PLAIN_YES) else "agree"


def _names_it(segment):
    """Tell whether a segment names the appointment, by more than "the morning"."""
    when = segment.when
    if not segment.refs or when is None:
        return bool(segment.refs)
    return when.has_day() or when.hour is not None or bool(when.loose)


def _returns(text):
    """Tell whether a change of mind is said in words: "actually that's fine"."""
    return any(
        lx.RETURN in s.kinds and s.key not in _WEAK_RETURNS for s in text.segments
    )


def _manner_of_no(text, given, lexicon, world):
    """Tell how a no is said; see :class:`~.understanding.Understanding`."""
    if any(s.refs for s in text.segments):
        return "named"
    if not all(s.kinds <= SILENT or s in given for s in text.segments):
        return "worded"
    bare = [s for s in given if is_bare_no(s)]
    thanked = [s for s in given if lexicon.has(s.tokens[1:], lx.THANKS)]
    if len(bare) + len(thanked) < len(given):
        return "worded"
    thanks = thanked or any(lx.THANKS in s.kinds for s in text.segments)
    return "thanks" if thanks else "bare"


def _manner_of_rest(text):
    """Tell what is no answer: only polite, or a note that says how to get in."""
    if all(s.kinds <= SILENT for s in text.segments):
        return "polite"
    if _sets_condition(text.segments):
        return "condition"
    return "note" if any(s.is_any(lx.TOPICS) for s in text.segments) else ""


def _sets_condition(segments):
    """Tell a condition, or a yes beside what nobody understands, from a doubt."""
    asks = any(lx.QUESTION_WORD in s.kinds for s in segments)
    doubts = False
    for segment in segments:
        if segment.is_any(SILENT):
            continue
        if segment.is_any(_CONDITIONS) and not _is_mere_doubt(segment):
            return True
        doubts = doubts or _is_mere_doubt(segment)
        if asks or doubts:
            continue  # "I'm not sure I'll be in"
        if segment.is_any({lx.CONFIRM, lx.AGREE, lx.TIME}):
            return True
    return False


def _is_mere_doubt(segment):
    words = {token.key for token in segment.tokens}
    if {"no", "se"} <= words:  # "no sé"
        return True
    return (
        segment.is_any({lx.CONDITION, lx.UNCLEAR, lx.DOUBT})
        and lx.OTHER not in segment.kinds
        and not words.isdisjoint(_MERE_DOUBTS)
        and words.isdisjoint(_REAL_CONDITIONS)
    )


# Preparing ------------------------------------------------------------------------


def _prepare(whole, own, codes, world):
    """Tell codes from other numbers, and names and signatures from unknown words."""
    segments = list(map(_of_wait, own.segments))
    if codes or not world.appointments:
        segments = mark_codes(segments, codes)
    segments = in_one_language(segments)
    segments = [
        _of_elsewhere(*pair)
        for pair in zip(segments, [*segments[1:], None], strict=True)
    ]
    if world.returning:
        segments = [_without_doubt(segment) for segment in segments]
    if world.appointments:
        segments = [_with_ref(segment, world) for segment in segments]
        segments = mark_letters(segments, whole, world.lang)
    letters = "".join(
        token.surface
        for segment in segments
        for token in segment.tokens
        if token.kind == WORD
    )
    segments = _with_may_be(segments)
    text = Text(segments, own.signature, _has_case_information(letters), whole)
    silence_writer(text, world.writer)
    silence_names(text)
    silence_signature(text)
    return text


def _with_may_be(segments):
    """Take "quarta às 9h pode ser" for a yes: it may be then, at the asked hour."""
    if not any(map(_is_may_be, segments)):
        return segments
    for clause, asks in split_clauses(segments):
        rest = [s for s in clause if not _is_may_be(s)]
        named = any(s.refs and s.when for s in rest)
        if named and not asks and all(s.kinds <= SILENT for s in rest):
            return [_agreeing(s) if _is_may_be(s) else s for s in segments]
    return segments


def _agreeing(segment):
    return segment._replace(kinds=frozenset({lx.AGREE}))


def _is_may_be(segment):
    return [token.key for token in segment.tokens] == ["pode", "ser"]


def _of_wait(segment):
    """Take "pará" for "wait": only without its accent it may be a "stop"."""
    if len(segment.tokens) > 1 or segment.tokens[0].exact != _WAIT:
        return segment
    return segment._replace(kinds=frozenset({lx.UNCLEAR, lx.DOUBT}), senses=frozenset())


def _of_elsewhere(segment, after):
    """Take "we'll be in Florida" for a reason not to come."""
    if after is None or lx.CONFIRM not in segment.kinds:
        return segment
    if not segment.is_any({lx.PRESENCE, lx.ATTEND}):
        return segment
    if segment.tokens[-1].key != "in" or after.kinds != {lx.UNKNOWN}:
        return segment
    named = after.tokens[0].surface[:1].isupper()
    return segment._replace(kinds=frozenset({lx.EXCUSE})) if named else segment


def _without_doubt(segment):
    """Let "actually" and "after all" say nothing once an answer was given."""
    if lx.RETURN in segment.kinds and not segment.is_any(_OWN_ANSWERS):
        return segment._replace(kinds=frozenset({lx.FILLER, lx.RETURN}))
    return segment


def _with_ref(segment, world):
    """Let a code name its appointment; one that none has is none of ours."""
    if lx.CODE not in segment.kinds:
        return segment
    refs = frozenset(a.id for a in world.appointments if a.code == segment.key)
    if refs:
        return segment._replace(refs=refs)
    return segment._replace(kinds=segment.kinds | {lx.OTHER})


def _has_case_information(letters):
    return letters != letters.upper() and letters[1:] != letters[1:].lower()
