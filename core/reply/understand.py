# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Decide what a text means."""

from collections.abc import Collection

from . import lexicon as lx
from .answers import BLOCKERS, find_answers
from .appointed import silence_appointed_times
from .clauses import ANSWERS, CONFIRM, DECLINE, REFUSALS, Text
from .codes import mark_codes
from .names import silence_names, silence_signature
from .opt_out import find_opt_out, find_request
from .quotes import appointed_times, own_words, read_reaction
from .text import QUESTION, WORD, level
from .understanding import (
    MAX_DETAIL,
    Answer,
    Understanding,
    answered,
    unrecognized,
    words_of,
)

# Ten times the longest SMS; what comes after is not read.
MAX_LENGTH = 16000
_MIN_ECHO_WORDS = 5


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
        return unrecognized("empty")
    text = level(body[:MAX_LENGTH])
    reaction = read_reaction(text, lexicon, prompts)
    if reaction:
        return _understand_reaction(reaction)
    own = own_words(text, lexicon, prompts)
    if not _says_anything(own.segments):
        if own.quoted:
            return unrecognized("quoted_prompt", automatic=_is_echo(own))
        if any(s.tokens[0].kind == QUESTION for s in own.segments):
            return Understanding("help", detail="?")
        return unrecognized("no_words")
    understanding = _understand_own(own, lexicon, codes, prompts)
    if len(body) > MAX_LENGTH and understanding.intent != "opt_out":
        return unrecognized("too_long")
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
            automatic=_is_echo(own),
        )
    return understanding


def _understand_reaction(reaction):
    """A like of a prompt agrees; of anything else, or another reaction, is none."""
    codes = reaction.codes
    if reaction.asks and len(codes) <= 1:
        code = codes[0] if codes else None
        kinds = reaction.kinds
        if kinds & {lx.REACTION_LIKE, lx.CONFIRM, lx.AGREE} and not kinds & REFUSALS:
            return answered([Answer(CONFIRM, code)], "reaction", reaction.surface)
        if kinds & REFUSALS:
            return answered([Answer(DECLINE, code)], "reaction", reaction.surface)
    return Understanding(
        "unrecognized",
        codes=codes,
        reason="reaction",
        detail=reaction.surface[:MAX_DETAIL],
        automatic=not reaction.asks,
    )


def _understand_own(own, lexicon, codes, prompts):
    appointed = ()
    if any(lx.TIME in s.kinds for s in own.segments):
        appointed = appointed_times(prompts, lexicon)
    text = _prepare(own, frozenset(codes), appointed)
    opting_out = find_opt_out(text)
    if opting_out:
        return Understanding("opt_out", detail=words_of(opting_out))
    automatic = [s for s in text.segments if lx.AUTO_REPLY in s.kinds]
    if automatic:
        return unrecognized("auto_reply", automatic, automatic=True)
    return find_request(text) or find_answers(text, codes)


def _prepare(own, codes, appointed):
    """Tell codes from other numbers, and names and signatures from unknown words."""
    segments = mark_codes(own.segments, codes)
    silence_appointed_times(segments, appointed)
    letters = "".join(
        token.surface
        for segment in segments
        for token in segment.tokens
        if token.kind == WORD
    )
    text = Text(segments, own.signature, has_case_information(letters))
    silence_names(text)
    silence_signature(text)
    return text


def has_case_information(letters):
    return letters != letters.upper() and letters[1:] != letters[1:].lower()
