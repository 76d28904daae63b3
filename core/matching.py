# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Decide what a reply does with the messages that were sent to its number.

What its words mean in the conversation is read in :mod:`.talk`; :func:`decide`
carries that over to messages of ours, of which some are about appointments that have
moved or are over. It returns a :class:`MatchDecision`, which can be printed.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .kinds import QUESTION, asks

# What a decision has done with a message.
LINK = "link"  # the reply belongs to it
RESPOND = "respond"  # the customer answered it
READ = "read"  # a person has to read the reply; nothing else changes
CHOOSE = "choose"  # the customer has to say which of these
# What a decision has done with the number.
OPT_OUT = "opt_out"
OPT_IN = "opt_in"
HELP = "help"
WRONG_NUMBER = "wrong_number"  # it is not the contact's

RESPONSE_OF_INTENT = {"confirm": "confirmed", "decline": "declined"}
INTENT_OF_RESPONSE = {
    response: intent for intent, response in RESPONSE_OF_INTENT.items()
}
# Reasons of a clear answer; shown as "context" if a person has to read it.
_ANSWER_REASONS = ("word", "note", "named", "refusal")
# How many earlier replies of a number are read with a new one.
REPLIES_READ = 30
# This many within this time are a flood: further ones are stored and not processed.
FLOOD_LIMIT = REPLIES_READ
FLOOD_WITHIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Inbound:
    """One text of a customer, which may not be stored yet."""

    mobile: str  # in the form of :func:`~.phones.normal_form`
    recipient: str  # our number
    body: str
    received_date: datetime  # naive UTC
    company_id: int
    service_sid: str = ""
    opt_out_type: str = ""  # Twilio's OptOutType
    id: int = 0  # of the reply, 0 before it is stored


@dataclass(frozen=True, slots=True)
class Candidate:
    """One message of ours that a reply may be about."""

    id: int
    appointment: tuple[str, int]  # what it is about: its model and id
    kind: str = QUESTION  # one of :data:`~.kinds.KINDS`
    carrier: int = 0  # id of the message in whose text it was asked, maybe its own
    body: str = ""
    asked_date: datetime | None = None  # when it was sent, naive UTC
    resolved_date: datetime | None = None  # when a person set its response
    code: str = ""
    is_open: bool = True
    stale: str = ""  # why an answer can't count any more
    # of the appointment, where a person set it there; or "wrong_number"
    response: str = ""
    answered_later: bool = False  # by another reply, written after this one
    newer: "Candidate | None" = None  # the open question that replaced this one
    times: tuple = ()  # that it proposes: (letter, start, end), naive UTC, in time
    is_about_none: bool = False  # It was written back to a reply that belongs nowhere.
    # Of :class:`~.reply.Appointment`: ``start`` and ``end`` (naive UTC), ``zone``,
    # ``lang``, ``job``, ``street``, ``city``, ``technician``, ``company``, ``contacts``
    details: dict = field(default_factory=dict, compare=False)

    @property
    def asks(self):
        """Whether it is a question, which an answer may be given to."""
        return asks(self.kind)

    @property
    def is_live(self):
        """Whether an answer is awaited and would count."""
        return self.asks and self.is_open and not self.stale


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that a reply does."""

    kind: str  # LINK, RESPOND ...
    messages: tuple[int, ...] = ()  # ``fsm.confirmation`` ids
    response: str = ""  # of RESPOND
    say: str = ""  # the kind of the auto-reply, "" for none
    note: str = ""  # what the customer added to an answer
    proposed: object = None  # :class:`~.reply.Proposal` of another time
    chosen: str = ""  # the letter of the proposed time that the customer takes


@dataclass(frozen=True, slots=True)
class MatchDecision:
    """What a reply means for the messages that were sent to its number."""

    intent: str  # as it is kept with the reply
    reason: str
    effects: tuple[Effect, ...] = ()
    about: int = 0  # the likeliest ``fsm.confirmation`` id, also of an unmatched reply
    resolves_questions: bool = False  # "Which appointment?" is answered
    automatic: bool = False  # no person wrote it, so that it is never answered


# Of a text that is stored and nothing else.
FLOOD = MatchDecision(intent="", reason="flood")

# Floods, and what comes late -------------------------------------------------------


def is_flood(received_dates, now):
    """Tell whether a number sends so much that somebody must be playing with us.

    Each text that is processed costs much more than one that is stored.

    :param received_dates: of the number's other replies, newest first
    """
    oldest = received_dates[FLOOD_LIMIT - 1 : FLOOD_LIMIT]
    return bool(oldest) and oldest[0] > now - FLOOD_WITHIN


def without_opting(decision):
    """Return a decision without its opt-out or opt-in.

    For a text that reached us late: the customer has opted out, or in again, since.
    """
    effects = tuple(
        replace(effect, kind=LINK) if effect.kind in (OPT_OUT, OPT_IN) else effect
        for effect in decision.effects
    )
    return replace(decision, effects=effects)


# The decision ---------------------------------------------------------------------


def decide(found, candidates, conversation=()):
    """Return the :class:`MatchDecision` about a reply.

    :param found: what it means, see :func:`read`
    :param candidates: list of :class:`Candidate`, newest first
    :param conversation: list of :class:`~.reply.Said`, newest last
    """
    if _is_unaware(found, candidates, conversation):
        effects, intent = _decide_unaware(found, candidates), found.intent
    else:
        effects = _RULES[found.outcome](found, candidates)
        intent = _get_intent(found, effects)
    reason = _get_reason(found, effects)
    if reason == "chosen":
        intent = reason
    return MatchDecision(
        intent=intent,
        reason=reason,
        effects=tuple(effects),
        about=next(iter(_get_ids(_likeliest(candidates))), 0),
        resolves_questions=found.outcome == "answered",
        automatic=found.automatic,
    )


def _get_intent(found, effects):
    """Return how a text was understood, as people read it."""
    if found.outcome == "answered":
        responses = {response for _id, response in found.answers}
        single = responses.pop() if len(responses) == 1 else ""
        return INTENT_OF_RESPONSE.get(single, "answers")
    if found.outcome in _SAME_INTENT:
        return found.outcome
    # Nothing was asked: the words are all there is.
    return "unrecognized" if effects else found.intent


def _get_reason(found, effects):
    """Return why a reply was understood so, as it is kept with the reply."""
    if any(effect.kind == CHOOSE for effect in effects):
        return "ambiguous"
    changes = (one.say for one in effects if one.say in ("moved", "changed"))
    if change := next(changes, ""):
        return change
    if found.chosen:
        return "chosen"
    if found.outcome == "person" and found.reason in _ANSWER_REASONS:
        return "context"
    return found.reason


def _get_ids(candidates):
    return tuple(candidate.id for candidate in candidates)


def newest_of_each(candidates):
    """Return the newest message of each appointment: appointment -> Candidate."""
    newest = {}
    for candidate in candidates:
        newest.setdefault(candidate.appointment, candidate)
    return newest


def _likeliest(candidates):
    """Return the newest live message, else the newest: a list of one, or of none."""
    return (_live(candidates) or candidates)[:1]


def _live(candidates):
    return [candidate for candidate in candidates if candidate.is_live]


def _changeable(candidates):
    """Return the newest message of each appointment that an answer may be about."""
    newest = newest_of_each(candidates).values()
    return [one for one in newest if one.asks and not one.stale]


def _about(found, candidates):
    """Return the newest message of each appointment that a text belongs to."""
    newest = newest_of_each(candidates)
    return [newest[id_] for id_ in found.about if id_ in newest]


def _decide_opt_out(_found, candidates):
    # It answers every open question of the number, which the inbox looks up, since not
    # all of them need be candidates. This is the message it answers if none is open.
    return [Effect(OPT_OUT, _get_ids(_changeable(candidates)[:1]))]


def _decide_opt_in(_found, candidates):
    return [Effect(OPT_IN, _get_ids(_likeliest(candidates)))]


def _decide_help(_found, candidates):
    return [Effect(HELP, _get_ids(_likeliest(candidates)), say="help")]


def _decide_wrong_number(_found, candidates):
    targets = _live(candidates) or _likeliest(candidates)
    return [Effect(WRONG_NUMBER, _get_ids(targets))] if targets else []


def _decide_courtesy(found, candidates):
    target = (_about(found, candidates) or candidates)[:1]
    return [Effect(LINK, _get_ids(target))] if target else []


def _is_unaware(found, candidates, conversation):
    """Tell whether a customer answers once more what is not true any more.

    After our thank-you, or as we have told them to when we asked back.
    """
    ours = [said.kind for said in conversation if said.by != "customer"]
    if found.intent not in RESPONSE_OF_INTENT or ours[-1:] not in _EXPECTING:
        return False
    stale = {one.stale for one in _about(found, candidates)} - {""}
    if found.outcome == "courtesy":
        stale &= _UNTOLD
    return found.outcome in ("courtesy", "person") and bool(stale)


def _decide_unaware(found, candidates):
    return [
        Effect(READ, (one.id,), say=one.stale)
        for one in _about(found, candidates)
        if one.stale
    ]


def _decide_person(found, candidates):
    """Somebody reads it, and looks at the answers that it may put in doubt."""
    doubted = [
        one
        for one in _about(found, candidates)
        if one.appointment in found.mark_to_read
    ]
    targets = doubted or (_about(found, candidates) or candidates)[:1]
    return [
        Effect(
            READ,
            (one.id,),
            note=found.note,
            proposed=found.proposed,
            chosen=found.chosen,
        )
        for one in targets
    ]


def _decide_unrecognized(found, candidates):
    live = _live(_about(found, candidates))
    if len(live) == 1:
        return [_ask_back(live[0], found)]
    return _choose(live) if live else _decide_person(found, candidates)


def _ask_back(target, found):
    if target.answered_later:
        return Effect(READ, (target.id,))
    return Effect(
        RESPOND, (target.id,), "unrecognized", say="unclear", proposed=found.proposed
    )


def _decide_ask_which(found, candidates):
    live = _live(candidates)
    # Of one that waits and one that is answered, either may be meant.
    several = live if len(live) > 1 else _changeable(candidates)
    return _choose(several) or _decide_person(found, candidates)


def _decide_answered(found, candidates):
    """Every clear answer is applied to the message it belongs to, and to no other."""
    newest = newest_of_each(candidates)
    brief = "_brief" if len(found.answers) > 1 else ""
    effects, answered = [], set()
    for id_, response in found.answers:
        effects += _answer(newest[id_], response, brief, answered, found)
        answered |= _get_answered(effects)
    return effects


def _get_answered(effects):
    return {
        id_ for effect in effects if effect.kind == RESPOND for id_ in effect.messages
    }


def _answer(target, response, brief, answered, found):
    """Return what one clear answer does.

    :param brief: "_brief" has the auto-reply name the appointment, as one of several
    :param answered: ids of messages that the same text has answered already
    """
    if not target.asks:
        return [Effect(READ, (target.id,), note=found.note, proposed=found.proposed)]
    if target.stale:
        return [Effect(READ, (target.id,), say=target.stale)]
    noted = target.appointment in found.mark_to_read
    effects = []
    if target.newer and target.newer.id not in answered:
        # The same question about the same date, asked twice.
        effects.append(Effect(LINK, (target.id,)))
        target = target.newer
    if target.answered_later:
        return [*effects, Effect(READ, (target.id,))]
    respond = Effect(
        RESPOND,
        (target.id,),
        response,
        say=response + brief,
        note=found.note if noted else "",
        proposed=found.proposed if response == "declined" else None,
    )
    return [*effects, respond]


def _choose(candidates):
    """Several messages are open: list them with their codes, guess nothing."""
    return [Effect(CHOOSE, _get_ids(candidates), say="which")] if candidates else []


# After these a customer believes that an answer counts.
_EXPECTING = (["thanks_confirmed"], ["ask_back"])
# What happens to an appointment without a word to the customer.
_UNTOLD = {"moved", "changed", "closed", "deleted"}
_SAME_INTENT = ("opt_out", "opt_in", "help", "wrong_number", "courtesy")
_RULES = {
    "answered": _decide_answered,
    "courtesy": _decide_courtesy,
    "automatic": _decide_courtesy,
    "unrecognized": _decide_unrecognized,
    "person": _decide_person,
    "ask_which": _decide_ask_which,
    "opt_out": _decide_opt_out,
    "opt_in": _decide_opt_in,
    "help": _decide_help,
    "wrong_number": _decide_wrong_number,
}
