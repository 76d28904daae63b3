# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the words of a text mean by themselves, as a value."""

from dataclasses import dataclass

from . import intents as lx

MAX_DETAIL = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """One clear answer."""

    intent: str  # "confirm" or "decline"
    code: str | None = None  # as given by the customer; None without
    ref: object = None  # id of the appointment that is named otherwise


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a text means."""

    # "confirm", "decline", "answers" (different ones with their codes), "opt_out",
    # "opt_in", "help", "wrong_number" or "unrecognized"
    intent: str
    answers: tuple[Answer, ...] = ()
    codes: tuple[str, ...] = ()  # the codes mentioned
    reason: str = "word"  # stable key
    detail: str = ""  # the words that decided, for staff
    automatic: bool = False  # no person wrote this to us: never answer it
    note: str = ""  # what stands beside a clear answer
    proposed: object = None  # :class:`~.when.Proposal`
    # "agree" (ok, polite), "yes", "worded" (comes, changes its mind), "named" (the
    # appointment's own day); of a refusal "bare", "thanks" or "worded"
    manner: str = ""


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


def answered(answers, reason, detail, **more):
    intents = {answer.intent for answer in answers}
    codes = dict.fromkeys(answer.code for answer in answers if answer.code)
    return Understanding(
        intents.pop() if len(intents) == 1 else "answers",
        answers=tuple(answers),
        codes=tuple(codes),
        reason=reason,
        detail=detail[:MAX_DETAIL],
        **more,
    )
