# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which of the proposed times a customer takes."""

from datetime import datetime, timedelta

import pytest
from core.matching import Candidate, Inbound, decide
from core.reply.decision import Appointment, Said
from core.reply.proposed import read_taken
from core.talk import get_said, read

NOW = datetime(2026, 11, 28, 10)
STARTS = {
    "A": datetime(2026, 12, 1, 9),  # a Tuesday
    "B": datetime(2026, 12, 3, 14),
    "C": datetime(2026, 12, 4, 10),
}
OPTIONS = [
    Appointment(id=letter, start=start, end=start + timedelta(hours=2))
    for letter, start in STARTS.items()
]


@pytest.mark.parametrize(
    ("taken", "text", "lang"),
    [
        *[
            ("A", text, "en")
            for text in ("A", "a", "a works", "A, please", "go with A")
        ],
        *[("A", text, "en") for text in ("first", "Tuesday at 9", "I will take a")],
        *[("B", text, "en") for text in ("B", "b please", "B!", "'B'", "b)", "yes b")],
        *[("B", text, "en") for text in ("the second one", "Option B", "I'd like B")],
        *[("B", text, "en") for text in ("Thursday works", "Dec 3", "B works for me")],
        ("B", "Hi, B works best for us. Thank you, Maria", "en"),
        *[("C", text, "en") for text in ("the last one", "C is good", "let's do C")],
        *[("B", text, "es") for text in ("la segunda", "B por favor", "prefiero B")],
        *[("B", text, "fr") for text in ("le deuxième", "B s'il vous plaît")],
        *[("B", text, "de") for text in ("B passt", "der zweite", "Termin B bitte")],
        *[("B", text, "pt") for text in ("B por favor", "prefiro B")],
        *[("B", text, "it") for text in ("la B va bene", "il secondo")],
        *[("B", text, "nl") for text in ("B graag", "de tweede")],
        *[
            (None, text, "en")
            for text in (
                "A or B",
                "none of these",
                "neither",
                "no",
                "yes",
                "ok",
                "2",
                "not B",
                "can't do A",
                "B doesn't work",
                "B but only if you come before 3",
                "Thursday at 5pm",
                "can you do Monday?",
                "A good time would be 5",
                "Take a look",
                "c ya",
                "c u then",
                "Is B still available?",
                "no to B, C please",
                "B but at 10",
                "B but an hour later",
                "B, a little earlier please",
                "B" * 400,
                "",
            )
        ],
    ],
)
def test_what_is_chosen(taken, text, lang):
    assert read_taken(text, OPTIONS, None, NOW, lang).chosen == taken


def _decide(text, *, asked=None):
    order = ("fsm.order", 7)
    times = Candidate(
        9,
        order,
        kind="times",
        is_open=False,
        body="Acme: we can come A: Tue 9:00, B: Thu 14:00, C: Fri 10:00.",
        asked_date=NOW,
        times=tuple((k, at, at + timedelta(hours=2)) for k, at in STARTS.items()),
    )
    candidates = [asked or times]
    conversation = [*(get_said(asked) if asked else ()), *get_said(times)]
    message = Inbound("+12025550123", "+12025550100", text, NOW, 1)
    found = read(message, candidates, conversation)
    return decide(found, candidates, conversation)


def test_a_choice_moves_nothing_and_is_read():
    question = Candidate(
        5, ("fsm.order", 7), body="Reply YES", asked_date=NOW - timedelta(1)
    )
    for asked in (None, question):
        decision = _decide("B please", asked=asked)
        [effect] = decision.effects
        assert (effect.kind, effect.chosen, effect.say) == ("read", "B", "")
        assert (decision.intent, decision.reason) == ("chosen", "chosen")


@pytest.mark.parametrize("text", ["none of these", "Yes", "no", "can you do Monday?"])
def test_what_takes_none_is_for_a_person(text):
    [effect] = _decide(text).effects
    assert (effect.kind, effect.chosen, effect.response) == ("read", "", "")


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("B but at 10", datetime(2026, 12, 3, 10)),
        ("the second one, but 10:30", datetime(2026, 12, 3, 10, 30)),
        ("B but Friday at 11", datetime(2026, 12, 4, 11)),
    ],
)
def test_another_hour_is_one_of_the_day_that_is_taken(text, wish):
    [effect] = _decide(text).effects
    assert effect.chosen == ""
    assert datetime.combine(effect.proposed.day, effect.proposed.at) == wish


def test_thanks_and_stop_after_a_proposal():
    assert [effect.kind for effect in _decide("Thanks!").effects] == ["link"]
    assert [effect.kind for effect in _decide("STOP").effects] == ["opt_out"]


# Of another order: A is the Wednesday, B the Saturday.
OTHER_STARTS = {"A": datetime(2026, 12, 2, 9), "B": datetime(2026, 12, 5, 14)}


def _proposal(id_, order_id, starts, minutes):
    return Candidate(
        id_,
        ("fsm.order", order_id),
        kind="times",
        is_open=False,
        body="Acme: we can come " + ", ".join(f"{k}: {at}" for k, at in starts.items()),
        asked_date=NOW + timedelta(minutes=minutes),
        times=tuple((k, at, at + timedelta(hours=2)) for k, at in starts.items()),
    )


def _decide_about_two(text, between="", after=()):
    """Times were proposed for order 7, and then for order 8.

    :param between: what the customer wrote before the second proposal
    :param after: further messages of ours
    """
    first, second = _proposal(9, 7, STARTS, 0), _proposal(10, 8, OTHER_STARTS, 10)
    candidates = [*reversed(after), second, first]
    conversation = get_said(first)
    if between:
        time = NOW + timedelta(minutes=5)
        conversation.append(Said("customer", "", between, (first.appointment,), time))
    for message in (second, *after):
        conversation += get_said(message)
    received = NOW + timedelta(hours=1)
    message = Inbound("+12025550123", "+12025550100", text, received, 1)
    found = read(message, candidates, conversation)
    return decide(found, candidates, conversation)


@pytest.mark.parametrize("text", ["A", "b please", "the first one"])
def test_a_letter_of_two_proposals_takes_none(text):
    decision = _decide_about_two(text)
    assert [
        (effect.kind, effect.messages, effect.chosen, effect.say)
        for effect in decision.effects
    ] == [("read", (9,), "", ""), ("read", (10,), "", "")]
    assert decision.reason == "ambiguous"


@pytest.mark.parametrize(
    ("text", "message", "letter"),
    [
        ("C", 9, "C"),  # The other proposal has none.
        ("Tuesday works", 9, "A"),
        ("Saturday works", 10, "B"),
    ],
)
def test_what_only_one_of_two_proposals_has(text, message, letter):
    [effect] = _decide_about_two(text).effects
    assert (effect.kind, effect.messages, effect.chosen) == (
        "read",
        (message,),
        letter,
    )


def test_who_has_chosen_before_chooses_of_the_second():
    [effect] = _decide_about_two("A", between="b please").effects
    assert (effect.messages, effect.chosen) == ((10,), "A")


def test_a_letter_counts_behind_another_text():
    question = Candidate(
        11, ("fsm.order", 12), body="Reply YES", asked_date=NOW + timedelta(minutes=20)
    )
    [effect] = _decide_about_two("Saturday, B", after=[question]).effects
    assert (effect.messages, effect.chosen) == ((10,), "B")
    decision = _decide_about_two("A", after=[question])
    assert [effect.messages for effect in decision.effects] == [(9,), (10,)]
    [effect] = _decide_about_two("Yes", after=[question]).effects
    assert (effect.messages, effect.response) == ((11,), "confirmed")


def test_a_notice_ends_a_proposal():
    notice = Candidate(
        11,
        ("fsm.order", 8),
        kind="notice",
        is_open=False,
        body="Acme: your appointment has been canceled.",
        asked_date=NOW + timedelta(minutes=20),
    )
    [effect] = _decide_about_two("A", after=[notice]).effects
    assert (effect.messages, effect.chosen) == ((9,), "A")
