# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read a reply in its conversation: what was said to and by a number.

Messages of ours (:class:`~.matching.Candidate`) become what :mod:`.reply` knows:
:class:`~.reply.Said` and :class:`~.reply.Appointment`.
"""

from datetime import UTC

from . import reply as reply_tools
from .kinds import SAID_AS
from .matching import INTENT_OF_RESPONSE, newest_of_each
from .reply import Said
from .reply.decision import SET_BY_HAND, STAFF_HAND, US

OUTCOME_OF_OPT_OUT_TYPE = {"STOP": "opt_out", "START": "opt_in", "HELP": "help"}
# At most this many appointments are considered, the newest ones; those that wait for an
# answer always are.
_MAX_APPOINTMENTS = 10
# What our texts are in the conversation: kind of text -> kind of :class:`Said`.
_KINDS = {
    "confirmed": "thanks_confirmed",
    "declined": "will_contact",
    "unclear": "ask_back",
    "which": "choose",
    "help": "help",
    "moved": "stale",
    "changed": "stale",
    "closed": "stale",
    "deleted": "stale",
    "past": "stale",
    "late": "stale",
}
# What Twilio says in our name, without us.
SAID_BY_TWILIO = {"opt_out": "opted_out", "opt_in": "opted_in"}
# What an earlier version, which kept no kind, has said to a reply.
SAID_TO_INTENT = {
    "confirm": "thanks_confirmed",
    "decline": "will_contact",
    "unrecognized": "ask_back",
    "help": "help",
}


# What was said -------------------------------------------------------------------


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


def get_said(candidate, others=()):
    """Return what was said by sending a message, and the end of its questions by hand.

    :param others: the other questions of the same text
    """
    asked = (candidate, *others)
    about = tuple(one.appointment for one in asked)
    kind = SAID_AS[candidate.kind]
    options = tuple(
        reply_tools.Appointment(
            letter,
            start.replace(tzinfo=UTC),
            end.replace(tzinfo=UTC),
            candidate.details.get("zone", ""),
        )
        for letter, start, end in candidate.times
    )
    text = Said(US, kind, candidate.body, about, candidate.asked_date, options)
    said = [text]
    for one in asked:
        if one.resolved_date and one.response in INTENT_OF_RESPONSE:
            about = (one.appointment,)
            said.append(Said(STAFF_HAND, SET_BY_HAND, "", about, one.resolved_date))
    return said


def only_answerable(candidates):
    """Return the messages that a reply may belong to.

    A text that asks nothing stands for its appointment where nothing was asked: who
    replies to it replies about that. One about no appointment is said, and no more: the
    reply to it belongs nowhere either, and is listed with those.

    :param candidates: list of :class:`Candidate`, newest first
    """
    asked = {one.appointment for one in candidates if one.asks}
    return [
        one
        for one in candidates
        if one.asks or not (one.is_about_none or one.appointment in asked)
    ]


# What it means --------------------------------------------------------------------


def read(text, candidates, conversation, lexicon=None, is_blocked=False):
    """Return what a text means in its conversation, as :class:`~.reply.Decision`.

    The ids in it are those of :attr:`Candidate.appointment`.

    :param text: :class:`Inbound`
    :param candidates: list of :class:`Candidate`, newest first
    :param conversation: list of :class:`~.reply.Said`, newest last
    :param is_blocked: this number has opted out, and has not opted in again
    """
    found = reply_tools.read(
        text.body,
        conversation,
        to_appointments(candidates, text),
        lexicon=lexicon,
        now=text.received_date.replace(tzinfo=UTC),
    )
    outcome = OUTCOME_OF_OPT_OUT_TYPE.get(text.opt_out_type)
    if not outcome:
        return found
    # Twilio's words for START hold YES: of who is not blocked it is an answer.
    if outcome == "opt_in" and not is_blocked and found.outcome != "unrecognized":
        return found
    # With Advanced Opt-Out Twilio has decided, also by keywords of its own.
    return reply_tools.Decision(outcome, intent=outcome, reason="word")


def to_appointments(candidates, text):
    """Return the appointments of a number as :class:`~.reply.Appointment`.

    :param candidates: list of :class:`Candidate`, newest first
    """
    newest = list(newest_of_each(candidates).values())
    if any(one.asks and not one.stale for one in newest):
        # Once it is over, nobody speaks of it, unless by its code.
        newest = [
            one for one in newest if one.stale != "past" or _names_code(text, one)
        ]
    live = [one for one in newest if one.is_live]
    kept = newest[:_MAX_APPOINTMENTS]
    kept += [one for one in live if one not in kept]
    # What was asked last is what an answer is about, also when it can't count.
    asked = live or newest[:1]
    taken = {one.code for one in live}
    return [_to_appointment(one, text, candidates, one in asked, taken) for one in kept]


def _names_code(text, candidate):
    return bool(candidate.code) and candidate.code in text.body


def _to_appointment(candidate, text, candidates, is_asked, taken):
    details = dict(candidate.details)
    start = details.pop("start", None) or text.received_date
    end = details.pop("end", None) or start
    return reply_tools.Appointment(
        id=candidate.appointment,
        start=start.replace(tzinfo=UTC),
        end=end.replace(tzinfo=UTC),
        code=_get_code(candidate, text, candidates, taken),
        state=_get_state(candidate, is_asked),
        text=candidate.body,
        **details,
    )


def _get_state(candidate, is_asked):
    if not candidate.asks:
        return "stale"
    if candidate.is_live or is_asked:
        return candidate.response or "open"
    if candidate.stale or not candidate.response:
        return "stale"
    return candidate.response


def _get_code(candidate, text, candidates, taken):
    """Return the code by which the customer may call an appointment.

    A customer who was asked twice may use the code of the earlier text.

    :param taken: codes that wait for an answer, and are nobody else's
    """
    earlier = (one for one in candidates if one.appointment == candidate.appointment)
    codes = [one.code for one in earlier if one.is_live or one.code not in taken]
    return next((c for c in codes if c and c in text.body), candidate.code)
