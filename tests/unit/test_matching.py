# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Candidates and what the words mean: which messages a reply is about."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core import matching
from core.matching import Candidate, Decision, Effect, Said
from core.reply import Answer, Understanding, understand

NOW = datetime(2026, 11, 23, 12)


def candidate(id_, appointment=None, **values):
    """A message that asks about an appointment of its own, if no other is given."""
    values = {"body": f"Acme: your appointment {id_}. Reply YES or NO.", **values}
    return Candidate(id_, appointment or ("fsm.order", id_), **values)


def answered(id_, appointment=None, **values):
    return candidate(id_, appointment, is_open=False, **values)


def decide(body, *candidates):
    """The decision about a text, the newest message first."""
    codes = [found.code for found in candidates if found.is_live and found.code]
    prompts = [found.body for found in candidates]
    understanding = understand(body, codes=codes, prompts=prompts)
    return matching.decide(understanding, list(candidates), body)


def respond(id_, response, say=None):
    return Effect("respond", (id_,), response, response if say is None else say)


def test_yes_to_the_only_question():
    decision = decide("Yes", candidate(7))
    assert decision == Decision(
        intent="confirm",
        reason="word",
        effects=(respond(7, "confirmed"),),
        about=7,
        resolves_questions=True,
    )
    assert "confirmed" in repr(decision)


def test_no_changes_the_newest_answer():
    decision = decide("No, sorry", answered(9, response="confirmed"))
    assert decision.effects == (respond(9, "declined"),)


def test_yes_without_any_message():
    decision = decide("Yes")
    assert (decision.intent, decision.effects, decision.about) == ("confirm", (), 0)


def test_yes_to_several_questions_guesses_nothing():
    decision = decide("Yes", candidate(8, code="427"), candidate(7))
    assert decision.effects == (Effect("choose", (8, 7), say="which"),)
    assert (decision.intent, decision.reason) == ("unrecognized", "ambiguous")
    assert not decision.resolves_questions


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


def code_answers(*pairs):
    answers = tuple(Answer(intent, code) for intent, code in pairs)
    return Understanding("answers" if len(pairs) > 1 else pairs[0][0], answers)


def test_an_unknown_code_asks_about_what_is_still_open():
    understanding = code_answers(("confirm", "427"), ("decline", "999"))
    candidates = [candidate(8, code="512"), candidate(7, code="427")]
    decision = matching.decide(understanding, candidates, "YES 427 NO 999")
    assert decision.effects == (
        respond(7, "confirmed", "confirmed_brief"),
        Effect("choose", (8,), say="which"),
    )
    assert decision.reason == "ambiguous"


def test_an_unknown_code_is_for_a_person_when_nothing_is_open():
    understanding = code_answers(("confirm", "999"))
    decision = matching.decide(understanding, [answered(7, code="427")], "YES 999")
    assert decision.effects == (Effect("read", (7,)),)


@pytest.mark.parametrize("stale", ["moved", "closed", "deleted", "past", "late"])
def test_a_stale_appointment_is_told_and_not_changed(stale):
    decision = decide("Yes", candidate(7, stale=stale))
    assert decision.effects == (Effect("read", (7,), say=stale),)
    assert decision.reason == ("moved" if stale == "moved" else "word")


def test_an_answer_to_a_replaced_question_answers_the_new_one():
    newer = candidate(12, ("fsm.order", 7))
    decision = decide("Yes", answered(7, newer=newer))
    assert decision.effects == (Effect("link", (7,)), respond(12, "confirmed"))


def test_a_replaced_question_whose_successor_is_answered_by_the_same_text():
    newer = candidate(12, ("fsm.order", 7), code="512")
    old = answered(7, code="427", newer=newer)
    understanding = code_answers(("confirm", "512"), ("decline", "427"))
    decision = matching.decide(understanding, [newer, old], "YES 512 NO 427")
    assert decision.effects == (
        respond(12, "confirmed", "confirmed_brief"),
        respond(7, "declined", "declined_brief"),
    )


def test_a_reply_that_came_late_does_not_undo_a_later_one():
    late = answered(7, response="confirmed", answered_later=True)
    assert decide("No", late).effects == (Effect("read", (7,)),)
    asked = candidate(7, answered_later=True)
    assert decide("xyzzy plugh", asked).effects == (Effect("read", (7,)),)


def test_yes_once_more_when_all_are_confirmed():
    both = [answered(8, response="confirmed"), answered(7, response="confirmed")]
    assert decide("Yes", *both).effects == (respond(8, "confirmed"),)
    assert decide("No", *both).effects == (Effect("choose", (8, 7), say="which"),)


def test_the_newest_message_of_each_appointment_counts():
    twice = [
        answered(8, ("fsm.order", 1)),
        answered(7, ("fsm.order", 1), response="declined"),
    ]
    assert decide("Yes", *twice).effects == (respond(8, "confirmed"),)


def test_a_like_answers_the_text_it_quotes():
    first, second = candidate(8), answered(7)
    decision = decide(f"Liked “{second.body}”", first, second)
    assert decision.effects == (respond(7, "confirmed"),)


def test_a_like_of_a_text_that_two_appointments_share():
    same = {"body": "Acme: your appointment. Reply YES to confirm or NO to decline."}
    both = [candidate(8, **same), candidate(7, **same)]
    decision = decide(f"Liked “{same['body']}”", *both)
    assert decision.effects == (Effect("choose", (8, 7), say="which"),)


def test_unclear_words_are_asked_back():
    decision = decide("xyzzy plugh", candidate(7))
    assert decision.effects == (respond(7, "unrecognized", "unclear"),)
    assert decide("xyzzy plugh", answered(7)).effects == (
        Effect("read", (7,), say="unclear"),
    )
    assert decide("xyzzy plugh", answered(7, stale="past")).effects == (
        Effect("read", (7,)),
    )


def test_unclear_words_about_several():
    chosen = (Effect("choose", (8, 7), say="which"),)
    assert decide("xyzzy plugh", candidate(8), candidate(7)).effects == chosen
    assert decide("xyzzy plugh", answered(8), answered(7)).effects == chosen
    assert decide("xyzzy plugh").effects == ()


def test_thanks_after_an_answer_bothers_nobody():
    decision = decide("Thanks", answered(7, response="confirmed"))
    assert decision.effects == (Effect("link", (7,)),)


def test_what_is_about_the_number():
    live, old = candidate(7), answered(9, stale="past")
    assert decide("STOP", old, live).effects == (Effect("opt_out", (7,)),)
    assert decide("STOP", old).effects == (Effect("opt_out", ()),)
    assert decide("START", old, live).effects == (Effect("opt_in", (7,)),)
    assert decide("START", old).effects == (Effect("opt_in", (9,)),)
    assert decide("HELP").effects == (Effect("help", (), say="help"),)


def test_every_intent_has_a_rule():
    for intent in ("confirm", "decline", "answers", *matching.INTENT_OF_OPT_OUT_TYPE):
        intent = matching.INTENT_OF_OPT_OUT_TYPE.get(intent, intent)
        assert matching.decide(Understanding(intent), [], "").effects is not None


def test_a_plain_answer_needs_no_look_at_old_texts():
    def is_plain(body, **values):
        return matching.is_plain_answer(replace(understand(body), **values), body)

    assert is_plain("Yes")
    assert is_plain("no thank you")
    assert not is_plain("xyzzy plugh")
    assert not is_plain("Liked “Yes”")
    assert not is_plain("Yes" + " please" * 10)
    assert not is_plain("Yes 427", answers=(Answer("confirm", "427"),))


def test_flood():
    dates = [NOW - timedelta(seconds=number) for number in range(40)]
    assert matching.is_flood(dates, NOW)
    assert not matching.is_flood(dates[: matching.OTHER_REPLIES - 1], NOW)
    assert not matching.is_flood(dates, NOW + timedelta(hours=1))


def test_our_newest_texts_may_be_copied():
    conversation = [
        Said(by, kind, f"{kind} {number}", (), NOW + timedelta(minutes=number))
        for number in range(20)
        for by, kind in (("us", "question"), ("customer", ""), ("us", "help"))
    ]
    prompts = matching.get_prompts(conversation)
    assert prompts[0] == "question 19"
    assert prompts[matching.QUESTIONS_COPIED] == "help 19"
    assert len(prompts) == matching.QUESTIONS_COPIED + matching.AUTO_REPLIES_COPIED


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
    assert matching.get_kind(texts) == kind
