# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Decide which messages a reply is about, and what follows: plain data in and out.

:func:`decide` takes what the words mean and what was sent to the number, and returns a
:class:`Decision`, which can be printed. Nothing is guessed: what could mean several
appointments makes the customer choose.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from . import reply as reply_tools

# What a decision has done with a message.
LINK = "link"  # the reply belongs to it
RESPOND = "respond"  # the customer answered it
READ = "read"  # a person has to read the reply; nothing else changes
CHOOSE = "choose"  # the customer has to say which of these
# What a decision has done with the number.
OPT_OUT = "opt_out"
OPT_IN = "opt_in"
HELP = "help"

RESPONSE_OF_INTENT = {"confirm": "confirmed", "decline": "declined"}
INTENT_OF_OPT_OUT_TYPE = {"STOP": "opt_out", "START": "opt_in", "HELP": "help"}
# These say nothing: nobody has to read them after a clear answer.
IDLE_REASONS = ("no_answer", "no_words", "reaction")
# A longer reply may quote some text that was sent earlier.
PLAIN_LENGTH = 40
# A phone quotes at least so many characters of a text.
QUOTE_LENGTH = 80
# So many replies of a number say what was asked and answered. If all of them came in so
# short a time, further ones are stored and not processed.
OTHER_REPLIES = 30
FLOOD_WITHIN = timedelta(minutes=10)
# What our texts are in the conversation: kind of text -> kind of :class:`Said`.
_KINDS = {
    "confirmed": "thanks_confirmed",
    "declined": "will_contact",
    "unclear": "ask_back",
    "which": "choose",
    "help": "help",
    "moved": "stale",
    "closed": "stale",
    "deleted": "stale",
    "past": "stale",
    "late": "stale",
}
# So many of our newest texts may be copied in a reply.
QUESTIONS_COPIED = 10
AUTO_REPLIES_COPIED = 5


@dataclass(frozen=True, slots=True)
class Inbound:
    """One text of a customer, which may not be stored yet."""

    mobile: str
    recipient: str  # our number
    body: str
    received_date: datetime  # naive UTC
    company_id: int
    service_sid: str = ""
    opt_out_type: str = ""  # Twilio's OptOutType
    id: int = 0  # of the reply, 0 before it is stored


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that was said to or by a number."""

    by: str  # "us" or "customer"
    kind: str  # of ours: "question", or see :func:`get_kind`; of the customer's: ""
    text: str
    about: tuple = ()  # the appointments, as :class:`Candidate` has them
    time: datetime | None = None  # naive UTC


@dataclass(frozen=True, slots=True)
class Candidate:
    """One message of ours that a reply may be about."""

    id: int
    appointment: tuple[str, int]  # what it asks about: its model and id
    body: str = ""
    asked_date: datetime | None = None  # when it left, naive UTC
    code: str = ""
    is_open: bool = True
    stale: str = ""  # why an answer can't count any more
    response: str = ""
    answered_later: bool = False  # by another reply, written after this one
    newer: "Candidate | None" = None  # the open question that replaced this one

    @property
    def is_live(self):
        """Whether an answer is awaited and would count."""
        return self.is_open and not self.stale


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a reply does."""

    kind: str  # LINK, RESPOND ...
    messages: tuple[int, ...] = ()  # ``fsm.confirmation`` ids
    response: str = ""  # of RESPOND
    say: str = ""  # the kind of the auto-reply, "" for none


@dataclass(frozen=True, slots=True)
class Decision:
    """What a reply means for the messages that were sent to its number."""

    intent: str  # as it is kept with the reply
    reason: str
    effects: tuple[Effect, ...] = ()
    about: int = 0  # the likeliest ``fsm.confirmation`` id, also of an unmatched reply
    resolves_questions: bool = False  # "Which appointment?" is answered


# Of a text that is stored and nothing else.
FLOOD = Decision(intent="", reason="flood")

# The conversation -----------------------------------------------------------------


def is_flood(received_dates, now):
    """Tell whether a number has sent so much lately that somebody plays with us.

    Each text that is processed costs much more than one that is stored.

    :param received_dates: of the number's other replies, newest first
    """
    oldest = received_dates[OTHER_REPLIES - 1 : OTHER_REPLIES]
    return bool(oldest) and oldest[0] > now - FLOOD_WITHIN


def get_kind(texts):
    """Return what an auto-reply is in the conversation.

    :param texts: the kinds of the texts that it is made of: ``confirmed``, ``declined``
        (and ``..._brief``), ``unclear``, ``which``, ``help`` or a stale reason
    :return: ``thanks_confirmed``, ``will_contact``, ``ask_back``, ``choose``, ``help``,
        ``stale``; ``several`` for different ones of which none asks
    """
    kinds = {_KINDS[text.removesuffix("_brief")] for text in texts}
    if len(kinds) > 1:
        return "choose" if "choose" in kinds else "several"
    return kinds.pop()


def get_prompts(conversation):
    """Return those texts of ours whose copy in a reply is no answer, newest first."""
    ours = [said for said in reversed(conversation) if said.by == "us"]
    questions = [said.text for said in ours if said.kind == "question"]
    auto_replies = [said.text for said in ours if said.kind != "question"]
    return questions[:QUESTIONS_COPIED] + auto_replies[:AUTO_REPLIES_COPIED]


def is_plain_answer(understanding, body):
    """Tell whether a reply is a short yes or no without a code or a quotation.

    It is about the only open question then, whatever else was ever sent.
    """
    answers = understanding.answers
    return (
        len(answers) == 1
        and not answers[0].code
        and len(body) <= PLAIN_LENGTH
        and not reply_tools.has_quotation(body)
    )


# The decision ---------------------------------------------------------------------


def decide(understanding, candidates, body):
    """Return the :class:`Decision` about a reply.

    :param understanding: of its words, see :func:`~.reply.understand`
    :param candidates: list of :class:`Candidate`, newest first
    """
    effects = _RULES[understanding.intent](understanding, candidates, body)
    intent, reason = understanding.intent, understanding.reason
    if any(effect.kind == CHOOSE for effect in effects):
        intent, reason = "unrecognized", "ambiguous"
    elif any(effect.say == "moved" for effect in effects):
        reason = "moved"
    return Decision(
        intent=intent,
        reason=reason,
        effects=tuple(effects),
        about=next(iter(_likeliest(candidates)), 0),
        resolves_questions=bool(understanding.answers) and reason != "ambiguous",
    )


def _likeliest(candidates):
    """Return the id of the newest live message, else of the newest, in a tuple."""
    return tuple(found.id for found in (_live(candidates) or candidates)[:1])


def _live(candidates):
    return [candidate for candidate in candidates if candidate.is_live]


def _changeable(candidates):
    """Return the newest message of each appointment that an answer may be about."""
    newest = {}
    for candidate in candidates:
        newest.setdefault(candidate.appointment, candidate)
    return [candidate for candidate in newest.values() if not candidate.stale]


def _decide_opt_out(_understanding, candidates, _body):
    # Whatever is open is answered by it, else the newest that may be answered at all.
    changeable = _changeable(candidates)
    return [Effect(OPT_OUT, tuple(found.id for found in changeable[:1]))]


def _decide_opt_in(_understanding, candidates, _body):
    return [Effect(OPT_IN, _likeliest(candidates))]


def _decide_help(_understanding, candidates, _body):
    return [Effect(HELP, _likeliest(candidates), say="help")]


def _decide_unrecognized(understanding, candidates, _body):
    live = _live(candidates)
    if len(live) == 1:
        return [_ask_back(live[0])]
    if live:
        return _choose(live)
    # A "thanks" after a clear answer changes nothing and needs no answer.
    idle = understanding.automatic or understanding.reason in IDLE_REASONS
    changeable = _changeable(candidates)
    if len(changeable) > 1 and not idle:
        return _choose(changeable)
    target = tuple(found.id for found in (changeable or candidates)[:1])
    if not target:
        return []
    if idle:
        return [Effect(LINK, target)]
    return [Effect(READ, target, say="unclear" if changeable else "")]


def _ask_back(target):
    if target.answered_later:
        return Effect(READ, (target.id,))
    return Effect(RESPOND, (target.id,), "unrecognized", say="unclear")


def _decide_answers(understanding, candidates, body):
    """Every clear answer is applied to the message it belongs to, and to no other."""
    live = _live(candidates)
    effects, answered, unknown = [], set(), False
    brief = "_brief" if len(understanding.answers) > 1 else ""
    for answer in understanding.answers:
        targets = _find_targets(answer, candidates, body)
        if targets is None:
            return _choose(live or _changeable(candidates))
        unknown = unknown or not targets
        response = RESPONSE_OF_INTENT[answer.intent]
        for target in targets:
            effects += _answer(target, response, brief, answered)
            answered |= _get_answered(effects)
    still_open = [candidate for candidate in live if candidate.id not in answered]
    if unknown and still_open:
        return effects + _choose(still_open)
    if unknown and candidates and not effects:
        return [Effect(READ, (candidates[0].id,))]
    return effects


def _get_answered(effects):
    return {
        id_ for effect in effects if effect.kind == RESPOND for id_ in effect.messages
    }


def _answer(target, response, brief, answered):
    """Return what one clear answer does.

    :param brief: "_brief" has the auto-reply name the appointment, as one of several
    :param answered: ids of messages that the same text has answered already
    """
    if target.stale:
        return [Effect(READ, (target.id,), say=target.stale)]
    effects = []
    if target.newer and target.newer.id not in answered:
        # The same question about the same date, asked twice.
        effects.append(Effect(LINK, (target.id,)))
        target = target.newer
    if target.answered_later:
        return [*effects, Effect(READ, (target.id,))]
    return [*effects, Effect(RESPOND, (target.id,), response, say=response + brief)]


def _choose(candidates):
    """Several messages are open: list them with their codes, guess nothing."""
    ids = tuple(candidate.id for candidate in candidates)
    return [Effect(CHOOSE, ids, say="which")] if ids else []


def _find_targets(answer, candidates, body):
    """Return the message that an answer is about in a list, which is empty without one.

    :return: None when there are several and the customer has to say which
    """
    live = _live(candidates)
    if answer.code:
        coded = [found for found in candidates if found.code == answer.code]
        return (_live(coded) or coded)[:1]
    quoted = _find_quoted(candidates, body)
    if quoted is None or quoted:
        return quoted
    if live:
        return live if len(live) == 1 else None
    changeable = _changeable(candidates)
    if len(changeable) > 1:
        same = {RESPONSE_OF_INTENT[answer.intent]}
        # "Yes" once more, when all are confirmed already, changes nothing.
        if {candidate.response for candidate in changeable} != same:
            return None
    return (changeable or candidates)[:1]


def _find_quoted(candidates, body):
    """Return the message whose text this reply quotes or reacts to, in a list.

    A like of an old text is no answer to the new question.

    :return: None when it could be several
    """
    words = _plain(body)
    quoted = [
        found for found in candidates if found.body and _plain(found.body) in words
    ]
    if not quoted:
        # Phones shorten what they quote.
        quoted = [
            found
            for found in candidates
            if found.body and _plain(found.body)[:QUOTE_LENGTH] in words
        ]
    if len({found.appointment for found in quoted}) > 1:
        return None
    return quoted[:1]


def _plain(text):
    return " ".join(text.split()).casefold()


_RULES = {
    "opt_out": _decide_opt_out,
    "opt_in": _decide_opt_in,
    "help": _decide_help,
    "unrecognized": _decide_unrecognized,
    "confirm": _decide_answers,
    "decline": _decide_answers,
    "answers": _decide_answers,
}
