# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Candidates and what the words mean: which messages a reply is about."""

from datetime import datetime, timedelta

import pytest
from core import matching, talk
from core.matching import Candidate, Effect, Inbound, MatchDecision
from core.reply import OUTCOMES, Decision, Said

NOW = datetime(2026, 11, 23, 12)


def candidate(id_, appointment=None, **values):
    """A message that asks about an appointment of its own, if no other is given."""
    values = {"body": f"Acme: your appointment {id_}. Reply YES or NO.", **values}
    return Candidate(id_, appointment or ("fsm.order", id_), **values)


def answered(id_, appointment=None, **values):
    return candidate(id_, appointment, is_open=False, **values)


def inbound(body, **values):
    return Inbound("+12025550123", "+12025550100", body, NOW, 1, **values)


def decide(body, *candidates, said=(), **values):
    """The decision about a text, the newest message first."""
    asked = [Said("us", "question", one.body, (one.appointment,)) for one in candidates]
    text = inbound(body, **values)
    conversation = [*reversed(asked), *said]
    found = talk.read(text, list(candidates), conversation)
    return matching.decide(found, list(candidates), conversation)


def say(kind, *about, body=""):
    return Said("us", kind, body, tuple(("fsm.order", id_) for id_ in about))


def respond(id_, response, say=None):
    return Effect("respond", (id_,), response, response if say is None else say)


def test_yes_to_the_only_question():
    decision = decide("Yes", candidate(7))
    assert decision == MatchDecision(
        intent="confirm",
        reason="word",
        effects=(respond(7, "confirmed"),),
        about=7,
        resolves_questions=True,
    )
    assert "confirmed" in repr(decision)


def test_no_changes_the_newest_answer():
    said = [say("thanks_confirmed", 9)]
    decision = decide("No, sorry", answered(9, response="confirmed"), said=said)
    assert decision.effects == (respond(9, "declined"),)


def test_yes_without_any_message():
    decision = decide("Yes")
    assert (decision.intent, decision.effects, decision.about) == ("confirm", (), 0)


def test_yes_to_several_questions_guesses_nothing():
    decision = decide("Yes", candidate(8, code="427"), candidate(7))
    assert decision.effects == (Effect("choose", (8, 7), say="which"),)
    assert (decision.intent, decision.reason) == ("unrecognized", "ambiguous")
    assert not decision.resolves_questions


def test_the_appointment_names_itself():
    tuesday = {"start": datetime(2026, 11, 24, 14), "zone": "America/New_York"}
    friday = {"start": datetime(2026, 11, 27, 14), "zone": "America/New_York"}
    both = [candidate(8, details=friday), candidate(7, details=tuesday)]
    decision = decide("yes for tuesday no for friday", *both)
    assert set(decision.effects) == {
        respond(7, "confirmed", "confirmed_brief"),
        respond(8, "declined", "declined_brief"),
    }
    assert decision.intent == "answers"
    assert decide("Tuesday works", *both).effects == (respond(7, "confirmed"),)


def test_a_code_names_the_message():
    decision = decide("NO 427", candidate(8, code="512"), candidate(7, code="427"))
    assert decision.effects == (respond(7, "declined"),)


def test_two_answers_in_one_text():
    decision = decide(
        "YES 427 NO 512", candidate(8, code="512"), candidate(7, code="427")
    )
    assert set(decision.effects) == {
        respond(7, "confirmed", "confirmed_brief"),
        respond(8, "declined", "declined_brief"),
    }


def test_a_code_of_a_live_message_comes_before_the_same_of_an_old_one():
    old = answered(9, code="427", stale="past")
    decision = decide("YES 427", old, candidate(8, code="427"))
    assert decision.effects == (respond(8, "confirmed"),)


def test_an_unknown_code_is_asked_back():
    both = [candidate(8, code="512"), candidate(7, code="427")]
    decision = decide("YES 427 NO 999", *both)
    assert decision.effects == (Effect("choose", (8, 7), say="which"),)
    assert decision.reason == "ambiguous"


@pytest.mark.parametrize("stale", ["moved", "closed", "deleted", "past", "late"])
def test_a_stale_appointment_is_told_and_not_changed(stale):
    decision = decide("Yes", candidate(7, stale=stale))
    assert decision.effects == (Effect("read", (7,), say=stale),)
    assert decision.reason == ("moved" if stale == "moved" else "word")
    told = [say("stale", 7)]
    ok = decide("ok thanks", candidate(7, stale=stale), said=told)
    assert ok.effects == (Effect("link", (7,)),)
    yes = decide("Yes", candidate(7, stale=stale), said=told)
    assert yes.effects == (Effect("read", (7,)),)


def test_who_answers_once_more_is_told_that_it_has_moved():
    moved = answered(7, response="confirmed", stale="moved")
    told = Effect("read", (7,), say="moved")
    for kind, body in (("thanks_confirmed", "ok see you then"), ("ask_back", "Yes")):
        asked = [Said("customer", "", "Yes but after 3pm", ()), say(kind, 7)]
        assert decide(body, moved, said=asked).effects == (told,), body
    over = answered(7, response="confirmed", stale="past")
    said = [say("thanks_confirmed", 7)]
    assert decide("ok", over, said=said).effects == (Effect("link", (7,)),)
    refused = answered(7, response="declined", stale="moved")
    said = [say("will_contact", 7)]
    assert decide("ok thanks", refused, said=said).effects == (Effect("link", (7,)),)


def test_what_is_over_stands_in_nobodys_way():
    past = answered(9, stale="past")
    assert decide("Yes", past, candidate(7)).effects == (respond(7, "confirmed"),)
    confirmed = answered(7, response="confirmed")
    said = [say("thanks_confirmed", 7)]
    decision = decide("Sorry, I can't make it", past, confirmed, said=said)
    assert decision.effects == (respond(7, "declined"),)


def test_an_answer_to_a_replaced_question_answers_the_new_one():
    newer = candidate(12, ("fsm.order", 7))
    decision = decide("Yes", answered(7, newer=newer))
    assert decision.effects == (Effect("link", (7,)), respond(12, "confirmed"))


def test_a_replaced_question_whose_successor_is_answered_by_the_same_text():
    newer = candidate(12, ("fsm.order", 7), code="512")
    old = answered(7, code="427", newer=newer)
    assert decide("YES 427", newer, old).effects == (respond(12, "confirmed"),)
    assert decide("YES 512", newer, old).effects == (respond(12, "confirmed"),)


def test_a_reply_that_came_late_does_not_undo_a_later_one():
    late = answered(7, response="confirmed", answered_later=True)
    said = [say("thanks_confirmed", 7)]
    assert decide("No", late, said=said).effects == (Effect("read", (7,)),)
    asked = candidate(7, answered_later=True)
    assert decide("xyzzy plugh", asked).effects == (Effect("read", (7,)),)


def test_yes_once_more_when_all_are_confirmed():
    both = [answered(8, response="confirmed"), answered(7, response="confirmed")]
    said = [say("thanks_confirmed", 8)]
    assert decide("Yes", *both, said=said).effects == (Effect("link", (8,)),)


def test_the_newest_message_of_each_appointment_counts():
    twice = [
        candidate(8, ("fsm.order", 1)),
        answered(7, ("fsm.order", 1), response="declined"),
    ]
    assert decide("Yes", *twice).effects == (respond(8, "confirmed"),)


def test_a_like_answers_the_text_it_quotes():
    first, second = candidate(8), candidate(7)
    decision = decide(f"Liked “{second.body}”", first, second)
    assert decision.effects == (respond(7, "confirmed"),)
    old = answered(7, response="declined")
    assert decide(f"Liked “{old.body}”", old).effects == (Effect("read", (7,)),)
    foreign = "Liked “We miss you! Reply YES for a 10% coupon”"
    assert decide(foreign, first).effects == (Effect("link", (8,)),)


def test_unclear_words_are_asked_back():
    decision = decide("xyzzy plugh", candidate(7))
    assert decision.effects == (respond(7, "unrecognized", "unclear"),)
    said = [say("thanks_confirmed", 7)]
    known = answered(7, response="confirmed")
    assert decide("xyzzy plugh", known, said=said).effects == (Effect("read", (7,)),)
    assert decide("xyzzy plugh", answered(7, stale="past")).effects == (
        Effect("read", (7,)),
    )


def test_unclear_words_about_several():
    chosen = (Effect("choose", (8, 7), say="which"),)
    assert decide("xyzzy plugh", candidate(8), candidate(7)).effects == chosen
    assert decide("xyzzy plugh").effects == ()


def test_thanks_after_an_answer_bothers_nobody():
    said = [say("thanks_confirmed", 7)]
    decision = decide("Thanks", answered(7, response="confirmed"), said=said)
    assert decision.effects == (Effect("link", (7,)),)
    assert decision.intent == "courtesy"


def test_a_yes_is_none_after_a_refusal():
    """Agreeing with "we will contact you" takes no refusal back."""
    refused = answered(7, response="declined")
    said = [say("will_contact", 7)]
    assert decide("ok thanks", refused, said=said).effects == (Effect("link", (7,)),)
    decision = decide("Yes", refused, said=said)
    assert decision.effects == (Effect("read", (7,)),)
    assert (decision.intent, decision.reason) == ("unrecognized", "context")
    decision = decide("I can make it after all", refused, said=said)
    assert decision.effects == (respond(7, "confirmed"),)


def test_a_note_stays_with_the_answer():
    [effect] = decide("Yes, gate code is 1234", candidate(7)).effects
    assert (effect.kind, effect.response) == ("respond", "confirmed")
    assert "1234" in effect.note


def test_a_zone_by_an_older_name():
    details = {"start": datetime(2026, 11, 24, 14), "zone": "US/Eastern"}
    text = inbound("Yes, 9 am is fine")
    [appointment] = talk.to_appointments([candidate(7, details=details)], text)
    assert appointment.local_start == datetime(2026, 11, 24, 9)


def test_a_proposal_stays_with_the_refusal():
    details = {"start": datetime(2026, 11, 24, 14), "zone": "America/New_York"}
    [effect] = decide(
        "No, can you come Friday at 3pm?", candidate(7, details=details)
    ).effects
    assert (effect.kind, effect.response) == ("respond", "declined")
    assert str(effect.proposed) == "2026-11-27T15:00"


def test_wrong_number():
    both = [candidate(8), candidate(7), answered(6, response="confirmed")]
    decision = decide("Wrong number", *both)
    assert decision.effects == (Effect("wrong_number", (8, 7)),)
    assert decision.intent == "wrong_number"
    assert decide("Wrong number").effects == ()


def test_what_is_about_the_number():
    live, old = candidate(7), answered(9, stale="past")
    assert decide("STOP", old, live).effects == (Effect("opt_out", (7,)),)
    assert decide("STOP", old).effects == (Effect("opt_out", ()),)
    assert decide("START", old, live).effects == (Effect("opt_in", (7,)),)
    assert decide("START", old).effects == (Effect("opt_in", (9,)),)
    assert decide("HELP").effects == (Effect("help", (), say="help"),)


def test_every_outcome_has_a_rule():
    for outcome in OUTCOMES:
        found = Decision(outcome)
        assert matching.decide(found, []).effects is not None


def test_what_twilio_takes_for_an_opt_in():
    """Its words for START hold YES, which is an answer of who is not blocked."""
    asked = candidate(7)
    start = inbound("Yes", opt_out_type="START")
    said = talk.get_said(asked)
    found = talk.read(start, [asked], said)
    assert found.answers == ((asked.appointment, "confirmed"),)
    assert talk.read(start, [asked], said, is_blocked=True).outcome == "opt_in"
    own_word = inbound("wieder", opt_out_type="START")
    assert talk.read(own_word, [asked], said).outcome == "opt_in"
    stop = inbound("basta", opt_out_type="STOP")
    assert talk.read(stop, [asked], said).outcome == "opt_out"


def test_flood():
    dates = [NOW - timedelta(seconds=number) for number in range(40)]
    assert matching.is_flood(dates, NOW)
    assert not matching.is_flood(dates[: matching.FLOOD_LIMIT - 1], NOW)
    assert not matching.is_flood(dates, NOW + timedelta(hours=1))


def test_what_a_person_set_by_hand_is_part_of_the_conversation():
    asked = candidate(
        7,
        asked_date=NOW,
        resolved_date=NOW + timedelta(hours=1),
        response="declined",
        is_open=False,
    )
    question, by_hand = talk.get_said(asked)
    assert (question.by, question.kind, question.text) == ("us", "question", asked.body)
    assert (by_hand.by, by_hand.kind) == ("staff_hand", "set_by_hand")
    found = talk.read(inbound("ok"), [asked], [question, by_hand])
    assert found.outcome == "courtesy"


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["confirmed"], "thanks_confirmed"),
        (["declined_brief", "declined_brief"], "will_contact"),
        (["confirmed_brief", "declined_brief"], "several"),
        (["confirmed_brief", "which"], "choose"),
        (["unclear"], "ask_back"),
        (["help"], "help"),
        (["past"], "stale"),
    ],
)
def test_what_an_auto_reply_is_in_the_conversation(texts, kind):
    assert talk.get_kind(texts) == kind


def told(id_, appointment, kind="staff", **values):
    return candidate(id_, appointment, kind=kind, is_open=False, **values)


def test_a_text_that_asks_nothing_stands_where_nothing_was_asked():
    order = ("fsm.order", 7)
    staff, asked = told(9, order), candidate(7, order)
    assert talk.only_answerable([staff, asked]) == [asked]
    other = told(8, ("fsm.order", 5))
    assert talk.only_answerable([staff, other, asked]) == [other, asked]


@pytest.mark.parametrize("body", ["Yes", "no", "I will be there", "STOP BY", "7 pm?"])
def test_no_answer_to_what_asks_nothing(body):
    staff = told(9, ("fsm.order", 7), body="Is the gate open?")
    said = [say("staff", 7, body=staff.body)]
    found = talk.read(inbound(body), [staff], said)
    decision = matching.decide(found, [staff], said)
    assert [effect.kind for effect in decision.effects] == ["read"]
    assert not any(effect.say or effect.response for effect in decision.effects)


def test_text_about_no_appointment_is_said_and_no_more():
    order = ("fsm.order", 7)
    none = told(9, ("fsm.confirmation", 9), is_about_none=True)
    assert talk.only_answerable([none]) == []
    assert talk.only_answerable([none, candidate(7, order)]) == [candidate(7, order)]


@pytest.mark.parametrize(
    ("body", "intent"),
    [
        ("ok thanks", "courtesy"),
        ("Yes", "confirm"),
        ("ok, but call me", "unrecognized"),
    ],
)
def test_what_comes_back_about_no_appointment(body, intent):
    said = [say("staff", body="Yes, this is Acme.")]
    decision = matching.decide(talk.read(inbound(body), [], said), [], said)
    assert (decision.intent, decision.effects) == (intent, ())
