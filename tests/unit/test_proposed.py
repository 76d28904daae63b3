# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which of the proposed times a customer takes."""

from datetime import datetime, timedelta

import pytest
from core.matching import Candidate, Inbound, decide
from core.reply.decision import Appointment
from core.reply.proposed import read_choice
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
def test_read_choice(taken, text, lang):
    assert read_choice(text, OPTIONS, None, NOW, lang) == taken


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
