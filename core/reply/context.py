# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read a text as an answer to what was said last to its number.

:data:`TABLE` says what each class of words can mean after each kind of text of ours.
It is printed in ``doc/replies.md``, and each of its cells is tested in each language.
"""

from dataclasses import replace

from .decision import (
    ANSWERED,
    ASK_BACK,
    ASK_HELP,
    ASK_WHICH,
    AUTOMATIC,
    CHOOSE,
    CONFIRMED,
    COURTESY,
    CUSTOMER,
    DECLINED,
    HELP,
    NOTICE,
    OPT_IN,
    OPT_OUT,
    OPTED_IN,
    OPTED_OUT,
    PERSON,
    QUESTION,
    STAFF,
    STALE,
    THANKS_CONFIRMED,
    TIMES,
    UNRECOGNIZED,
    WILL_CONTACT,
    WRONG_NUMBER,
    Decision,
)
from .proposed import read_taken
from .reactions import decide_reaction, read_reaction
from .reading import MAX_LENGTH, World, read_words
from .text import level

# Situations: what was said last, and what was answered before.
OPEN = "question"  # the question is open, and was said last
UNHEARD = "ask_back"  # we asked back to words that said nothing
ASKED = "ask_back_question"  # we asked back to a question or a mere doubt
# we asked back to a condition, another time, a yes with what was not understood
CONDITIONAL = "ask_back_condition"
ASIDE = "aside"  # a notice of the same, or a help text, came after the open question
BY_STAFF = "staff"  # a person wrote a free text
PROPOSED = "times"  # we proposed other times
YES_GIVEN = "confirmed"  # our thank-you, or a yes entered by hand
NO_GIVEN = "declined"  # our "we will contact you", or a no entered by hand
CLOSED = "closed"  # nothing to answer: moved, opted in again

# Classes of words.
AGREES = "agree"  # ok, perfect, see you then, a thumb up
YES = "yes"  # a plain yes
COMES = "worded"  # I'll be there, please come
NAMES = "named"  # the appointment's own day, hour or job with a yes
NO = "bare"  # a plain no
NO_THANKS = "thanks"  # no thank you
CANT = "worded_no"  # I can't make it
CANT_NAMED = "named_no"  # I can't on Tuesday
POLITE = "polite"  # thanks, you're welcome
NOTE = "note"  # the gate code is 4471
UNCLEAR = "unclear"  # all else

_BY_PEOPLE = {STAFF: BY_STAFF, TIMES: PROPOSED}
_YES = CONFIRMED
_NO = DECLINED
_CLASSES = (
    AGREES,
    YES,
    COMES,
    NAMES,
    NO,
    NO_THANKS,
    CANT,
    CANT_NAMED,
    POLITE,
    NOTE,
    UNCLEAR,
)
_ROWS = {
    OPEN: (_YES, _YES, _YES, _YES, _NO, _NO, _NO, _NO)
    + (UNRECOGNIZED, UNRECOGNIZED, UNRECOGNIZED),
    UNHEARD: (_YES, _YES, _YES, _YES, _NO, _NO, _NO, _NO)
    + (COURTESY, UNRECOGNIZED, UNRECOGNIZED),
    ASKED: (COURTESY, _YES, _YES, _YES, _NO, _NO, _NO, _NO)
    + (COURTESY, UNRECOGNIZED, UNRECOGNIZED),
    CONDITIONAL: (COURTESY, PERSON, PERSON, _YES, _NO, _NO, _NO, _NO)
    + (COURTESY, UNRECOGNIZED, UNRECOGNIZED),
    ASIDE: (COURTESY, _YES, _YES, _YES, _NO, PERSON, _NO, _NO)
    + (COURTESY, UNRECOGNIZED, UNRECOGNIZED),
    BY_STAFF: (COURTESY, PERSON, PERSON, _YES, PERSON, PERSON, PERSON, _NO)
    + (COURTESY, PERSON, PERSON),
    PROPOSED: (PERSON, PERSON, PERSON, PERSON, PERSON, PERSON, PERSON, PERSON)
    + (COURTESY, PERSON, PERSON),
    YES_GIVEN: (COURTESY, COURTESY, COURTESY, COURTESY, _NO, PERSON, _NO, _NO)
    + (COURTESY, PERSON, PERSON),
    NO_GIVEN: (COURTESY, PERSON, _YES, _YES, PERSON, COURTESY, _NO, _NO)
    + (COURTESY, PERSON, PERSON),
    CLOSED: (COURTESY, PERSON, PERSON, PERSON, PERSON, PERSON, PERSON, PERSON)
    + (COURTESY, PERSON, PERSON),
}
# Situation and class of words: "confirmed", "declined" or an outcome.
TABLE = {
    (situation, words): meaning
    for situation, meanings in _ROWS.items()
    for words, meaning in zip(_CLASSES, meanings, strict=True)
}
SITUATIONS, CLASSES = tuple(_ROWS), _CLASSES

# After these an answer is about what the text was about, whatever else waits.
_TOLD = (CLOSED, BY_STAFF)
# What ends a proposal of times that was about the same appointment.
_ENDS_PROPOSAL = (QUESTION, NOTICE, THANKS_CONFIRMED, WILL_CONTACT, STALE)
# After these an answer may take back what was said before.
_RETURNING = (NO_GIVEN, YES_GIVEN, CONDITIONAL, BY_STAFF, PROPOSED)
_SAYS_NOTHING = {
    "empty",
    "no_words",
    "unknown_words",
    "no_answer",
    "number",
    "reaction",
}
_PLAIN_OUTCOMES = {
    "opt_out": OPT_OUT,
    "opt_in": OPT_IN,
    "help": ASK_HELP,
    "wrong_number": WRONG_NUMBER,
}
_RESPONSES = {"confirm": CONFIRMED, "decline": DECLINED}
_INTENTS = {response: intent for intent, response in _RESPONSES.items()}
_MAX_PROMPTS = 10


def read(text, conversation=(), appointments=(), *, lexicon=None, now=None):
    """Return the :class:`~.decision.Decision` about ``text``; never raises on a text.

    :param conversation: :class:`~.decision.Said`, newest last, without ``text``
    :param appointments: :class:`~.decision.Appointment` of this number, also those
        that were answered lately
    :param lexicon: :class:`~.lexicon.Lexicon`; the words shipped by default
    :param now: the datetime at which the text was sent, aware, or local as ``start``
    """
    reader = _Reader(conversation, appointments, lexicon, now)
    return reader.decide(text)


class _Reader:
    """What is needed about one text, looked up once."""

    def __init__(self, conversation, appointments, lexicon, now):
        self.conversation = tuple(conversation)
        self.appointments = tuple(appointments)
        self.lexicon = lexicon
        self.now = now or (appointments[0].start if appointments else None)
        self.ours = [said for said in self.conversation if said.by != CUSTOMER]
        self.last = self.ours[-1] if self.ours else None
        self.open = tuple(a for a in self.appointments if a.is_open)
        self.situation = self._situation()

    # What was said before ----------------------------------------------------------

    def _situation(self):
        kind = self.last.kind if self.last else QUESTION
        if kind in (QUESTION, CHOOSE):
            return OPEN if self.open or not self.appointments else self._answered()
        if kind == ASK_BACK:
            return self._after_ask_back() if self.open else self._answered()
        if kind in _BY_PEOPLE:
            return _BY_PEOPLE[kind]
        if kind in (NOTICE, HELP):
            return ASIDE if self._is_about_open() else self._answered()
        if kind in (STALE, OPTED_OUT, OPTED_IN):
            return CLOSED
        if kind == THANKS_CONFIRMED:
            return YES_GIVEN
        if kind == WILL_CONTACT:
            return NO_GIVEN
        return self._answered()

    def _answered(self):
        """Return the situation by the state of what was spoken of last."""
        about = self.spoken_of()
        states = {a.state for a in about}
        if states == {CONFIRMED}:
            return YES_GIVEN
        return NO_GIVEN if states == {DECLINED} else CLOSED

    def spoken_of(self):
        """Return the appointments that our last text is about."""
        return self._told_of() or self.appointments

    def _told_of(self):
        """Return the appointments that our last text names, maybe none."""
        ids = self.last.about if self.last else ()
        return tuple(a for a in self.appointments if a.id in ids)

    def _is_about_open(self):
        """Tell whether a text of ours came beside a question that is open.

        A notice of another appointment doesn't: who says yes to it answers that.
        """
        about = self.last.about
        return any(not about or a.id in about for a in self.open)

    def _after_ask_back(self):
        """Tell what we asked back to: nothing, a question, or a condition."""
        earlier = []
        for said in reversed(self.conversation):
            if said.by == CUSTOMER:
                earlier.append(said.text)
            elif said.kind in (QUESTION, CHOOSE):
                break
        readings = [self._words(text) for text in earlier]
        if any(r.proposed or r.manner == "condition" for r in readings):
            return CONDITIONAL
        nothing = all(
            r.reason in _SAYS_NOTHING and r.intent != "help" for r in readings
        )
        return UNHEARD if nothing else ASKED

    def _earlier_answer(self):
        """Return what the customer answered before we asked which one is meant."""
        if not self.last or self.last.kind != CHOOSE:
            return None
        for said in reversed(self.conversation):
            if said.by == CUSTOMER:
                found = self._words(said.text)
                return found.intent if found.intent in _RESPONSES else None
        return None

    # The words ----------------------------------------------------------------------

    def _words(self, text, **more):
        world = World(self.appointments, self.now, self._lang(), **more)
        return read_words(text, self.lexicon, self._codes(), self._prompts(), world)

    def _lang(self):
        return self.appointments[0].lang[:2] if self.appointments else ""

    def _codes(self):
        return [a.code for a in self.appointments if a.code]

    def _prompts(self):
        texts = [said.text for said in self.ours if said.text][-_MAX_PROMPTS:]
        return texts or [a.text for a in self.appointments if a.text]

    def decide(self, text):
        reaction = read_reaction(
            level((text or "")[:MAX_LENGTH]), self.lexicon, self.ours
        )
        if reaction:
            return decide_reaction(reaction, self)
        returning = self.situation in _RETURNING
        found = self._words(
            text,
            returning=returning,
            asked_back=self.situation in (UNHEARD, ASKED),
            earlier=self._earlier_answer(),
            writer=self.last.text if self.situation == BY_STAFF else "",
        )
        if found.intent in _PLAIN_OUTCOMES:
            return self._plain(found)
        if found.automatic:
            return self._decision(AUTOMATIC, found, automatic=True)
        if self.situation == PROPOSED or not found.answers:
            if chosen := self._chosen(text, found):
                return chosen
        if self.situation == PROPOSED:
            return self._after_proposal(found)
        if found.answers:
            return self._answers(found)
        return self._no_answer(found)

    def _plain(self, found):
        outcome = _PLAIN_OUTCOMES[found.intent]
        if outcome == ASK_HELP and found.detail == "?":
            return self._no_answer(found)
        return self._decision(outcome, found)

    # Proposed times ------------------------------------------------------------------

    def _takers(self, text, proposals):
        """Return the proposals of which a text takes a time, each with what it takes.

        :return: list of pairs of a proposal and its :class:`~.proposed.Taken`
        """
        known = (self.lexicon, self.now, self._lang())
        pairs = [(one, read_taken(text, one.options, *known)) for one in proposals]
        return [(one, taken) for one, taken in pairs if taken.option]

    def _pending(self):
        """Return the proposals of which the customer may choose, the newest last.

        That is the last one of each appointment, unless the customer chose of it or
        was told something else about the appointment since. What was said last always
        is: people change their minds.
        """
        pending = {}
        for said in self.conversation:
            if said.kind == TIMES:
                pending[said.about] = said
            elif said.by == CUSTOMER and pending:
                takers = self._takers(said.text, pending.values())
                if len(takers) == 1:
                    del pending[takers[0][0].about]
            elif said.kind in _ENDS_PROPOSAL:
                pending.pop(said.about, None)
        if self.situation == PROPOSED:
            pending[self.last.about] = self.last
        return [
            one
            for one in pending.values()
            if one is self.last or any(o.start > self.now for o in one.options)
        ]

    def _chosen(self, text, found):
        """Return the decision about a text that takes a proposed time, else None.

        Which appointment is never guessed. It moves nothing: a person reads it.
        """
        takers = self._takers(text, self._pending())
        if len(takers) > 1:
            ids = tuple(id_ for proposal, _taken in takers for id_ in proposal.about)
            decision = self._person(found, ids)
            return replace(decision, mark_to_read=ids, reason="ambiguous")
        if not takers:
            return None
        [(proposal, taken)] = takers
        return replace(
            self._person(found, proposal.about),
            chosen=taken.chosen or "",
            proposed=taken.other or found.proposed,
        )

    def _after_proposal(self, found):
        """The customer takes none of the proposed times: a person reads it."""
        if found.manner == "polite" and not found.answers:
            return self._decision(COURTESY, found)
        return self._person(found, [a.id for a in self.spoken_of()])

    # Answers -----------------------------------------------------------------------

    def _answers(self, found):
        named = [answer for answer in found.answers if answer.ref is not None]
        if named:
            return self._named(found, named)
        coded = [answer for answer in found.answers if answer.code]
        if coded:
            return self._coded(found, coded)
        target = self._target(found)
        if target is None:
            return self._decision(self._without_target(found), found)
        meaning = TABLE[self._situation_of(target), self._class_of(found)]
        return self._meant(meaning, found, target)

    def _class_of(self, found):
        if found.intent == "decline":
            return {"worded": CANT, "named": CANT_NAMED}.get(found.manner, found.manner)
        return found.manner

    def _situation_of(self, target):
        """Return the situation of an answer to one appointment."""
        if self.situation == OPEN and not target.is_open:
            states = {CONFIRMED: YES_GIVEN, DECLINED: NO_GIVEN}
            return states.get(target.state, CLOSED)
        if self.situation == BY_STAFF and self._names_other_time(self.last.text):
            return CLOSED
        return self.situation

    def _names_other_time(self, text):
        """Tell whether staff wrote of another time, which a yes may be about."""
        return bool(self._words(text).proposed)

    def _target(self, found):
        """Return the appointment that an answer without a name is about, or None."""
        if self.situation in (YES_GIVEN, NO_GIVEN) and self.open:
            if found.manner in (AGREES, NO_THANKS):
                return self.spoken_of()[0]
            return None
        if self.situation in _TOLD and (told := self._told_of()):
            return told[0]
        candidates = self.open or self.spoken_of()
        if len(candidates) == 1:
            return candidates[0]
        if not candidates:
            return None
        if found.manner in (AGREES,) and self.situation not in (OPEN, UNHEARD):
            return candidates[0]
        return None

    def _without_target(self, found):
        """Return what an answer is that can be about none, or about several."""
        meaning = TABLE[self.situation, self._class_of(found)]
        is_polite = meaning == COURTESY and not found.note
        return COURTESY if is_polite and not self.appointments else ASK_WHICH

    def _coded(self, found, coded):
        by_code = {a.code: a.id for a in self.appointments if a.code}
        if not all(answer.code in by_code for answer in coded):
            return self._decision(ASK_WHICH, found)
        pairs = [(by_code[a.code], _RESPONSES[a.intent]) for a in coded]
        return self._answered_as(found, pairs)

    def _named(self, found, named):
        return self._answered_as(
            found, [(answer.ref, _RESPONSES[answer.intent]) for answer in named]
        )

    def _answered_as(self, found, pairs):
        known = {a.id: a for a in self.appointments}
        changed = [
            (ref, response) for ref, response in pairs if known[ref].state != response
        ]
        if not changed and not found.note:
            return self._decision(COURTESY, found, about=[ref for ref, _r in pairs])
        return self._given(found, pairs)

    def _meant(self, meaning, found, target):
        if meaning in (CONFIRMED, DECLINED):
            if found.note and meaning == target.state:
                return self._person(found, [target.id])
            return self._given(found, [(target.id, meaning)])
        if meaning == COURTESY and found.note:
            return self._person(found, [target.id])
        if meaning == PERSON:
            return self._person(found, [target.id])
        return self._decision(meaning, found, about=[target.id])

    def _given(self, found, pairs):
        noted = [ref for ref, _response in pairs] if found.note else []
        return self._decision(
            ANSWERED,
            found,
            answers=tuple(pairs),
            note=found.note,
            about=[ref for ref, _response in pairs],
            mark_to_read=tuple(noted),
        )

    # No answer ----------------------------------------------------------------------

    def _no_answer(self, found):
        situation = self.situation
        if situation in (OPEN, UNHEARD, ASKED, CONDITIONAL) and self.open:
            if self._is_ambiguous(found):
                return self._decision(ASK_WHICH, found)
        words = {"polite": POLITE, "note": NOTE}.get(found.manner, UNCLEAR)
        if found.reason == "no_words" and found.intent != "help":
            words = POLITE if situation != OPEN else UNCLEAR
        meaning = TABLE[situation, words]
        if meaning == PERSON:
            return self._person(found, [a.id for a in self.spoken_of()])
        if meaning == UNRECOGNIZED and not self.open:
            return self._person(found, [a.id for a in self.spoken_of()])
        return self._decision(meaning, found)

    def _is_ambiguous(self, found):
        """Tell whether a text answers, but not which of several is meant."""
        return len(self.open) > 1 and found.reason == "which"

    def _person(self, found, about):
        answered = {a.id for a in self.appointments if a.state in _INTENTS}
        return self._decision(
            PERSON,
            found,
            about=about,
            note=found.note,
            mark_to_read=tuple(ref for ref in about if ref in answered),
        )

    def _decision(self, outcome, found, about=None, **more):
        if about is None:
            about = [a.id for a in self.open or self.spoken_of()]
        return Decision(
            outcome,
            proposed=found.proposed,
            reason=found.reason,
            detail=found.detail,
            about=tuple(about),
            intent=found.intent,
            **more,
        )
