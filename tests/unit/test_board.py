# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where an appointment stands on the Day Board."""

from datetime import datetime, timedelta

import pytest
from core.board import (
    STATES,
    Standing,
    board_state,
    confirmed_percent,
    may_need_text,
)

NOW = datetime(2026, 3, 9, 15, 0)


def state(status, hours=18, asked=None, **values):
    start = NOW + timedelta(hours=hours)
    asked = NOW - timedelta(hours=asked) if asked is not None else None
    return board_state(Standing(status, start, asked, **values), NOW)


@pytest.mark.parametrize(
    ("status", "values", "expected"),
    [
        ("not_sent", {}, "not_asked"),
        ("reconfirm", {}, "not_asked"),
        ("not_sent", {"is_blocked": True}, "cant_ask"),
        ("reconfirm", {"is_blocked": True}, "cant_ask"),
        ("opted_out", {}, "cant_ask"),
        ("awaiting", {"asked": 0.1}, "awaiting"),
        ("awaiting", {"asked": 3}, "near"),
        ("awaiting", {"asked": 3, "hours": 30}, "awaiting"),
        ("awaiting", {"asked": 0.1, "hours": 3}, "near"),
        ("declined", {}, "declined"),
        ("declined", {"is_written_back": True}, "awaiting"),
        ("not_sent", {"is_written_back": True}, "awaiting"),
        ("not_sent", {"is_written_back": True, "is_blocked": True}, "cant_ask"),
        ("confirmed", {"is_written_back": True}, "confirmed"),
        ("unrecognized", {}, "to_read"),
        ("confirmed", {}, "confirmed"),
        ("confirmed", {"needs_reading": True}, "to_read"),
        ("confirmed", {"has_passed": True}, "confirmed"),
        # Read or not: it was written before somebody left the place.
        ("confirmed", {"has_passed": True, "needs_reading": True}, "to_read"),
        ("awaiting", {"has_passed": True}, "passed"),
        ("confirmed", {"is_canceled": True}, "passed"),
        ("confirmed", {"is_canceled": True, "has_passed": True}, "passed"),
        ("not_sent", {"has_passed": True, "is_blocked": True}, "passed"),
    ],
)
def test_state(status, values, expected):
    assert state(status, **values) == expected
    assert expected in STATES


def test_an_unclear_answer_that_was_written_back_to():
    asked = NOW - timedelta(hours=1)
    known = {"status": "unrecognized", "start": NOW + timedelta(days=2), "asked": asked}
    assert board_state(Standing(**known), NOW) == "to_read"
    assert board_state(Standing(**known, is_written_back=True), NOW) == "awaiting"
    more = {"is_written_back": True, "needs_reading": True}
    assert board_state(Standing(**known, **more), NOW) == "to_read"


def test_without_a_date_nothing_is_near():
    assert board_state(Standing("awaiting", None, NOW), NOW) == "awaiting"


def test_who_settled_it_needs_no_text():
    assert [
        each
        for each in ("not_sent", "opted_out", "reconfirm", "awaiting")
        if may_need_text(each)
    ] == ["not_sent", "opted_out", "reconfirm"]


def test_percent_is_100_only_when_all_are_confirmed():
    assert confirmed_percent({}) == 0
    assert confirmed_percent({"confirmed": 199, "awaiting": 1}) == 99
    assert confirmed_percent({"confirmed": 3}) == 100
