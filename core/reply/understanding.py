# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a text means, as a value."""

from dataclasses import dataclass

from . import lexicon as lx

MAX_DETAIL = 200


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


def unrecognized(reason, segments=(), codes=(), *, automatic=False):
    return Understanding(
        "unrecognized",
        codes=tuple(codes),
        reason=reason,
        detail=words_of(segments),
        automatic=automatic,
    )


def words_of(segments):
    surfaces = [s.surface for s in segments if lx.SEPARATOR not in s.kinds]
    return " ".join(surfaces)[:MAX_DETAIL]


def answered(answers, reason, detail):
    intents = {answer.intent for answer in answers}
    codes = dict.fromkeys(answer.code for answer in answers if answer.code)
    return Understanding(
        intents.pop() if len(intents) == 1 else "answers",
        answers=tuple(answers),
        codes=tuple(codes),
        reason=reason,
        detail=detail[:MAX_DETAIL],
    )
