# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""When somebody is free."""

from datetime import date, datetime, timedelta

from core.slots import by_day, day_spans, find_full, find_starts, is_free

TWO_HOURS = timedelta(hours=2)


def at(day, hour, minute=0):
    return datetime(2026, 12, day, hour, minute)


DAYS = [(at(day, 8), at(day, 17)) for day in (1, 2)]


def test_the_first_free_starts():
    assert find_starts(DAYS, [], TWO_HOURS, at(1, 0), 3) == [
        at(1, 8),
        at(1, 12),
        at(2, 8),
    ]


def test_what_is_taken_is_left_out():
    busy = [(at(1, 8, 45), at(1, 10, 10)), (at(1, 13), at(1, 17))]
    assert find_starts(DAYS, busy, TWO_HOURS, at(1, 0), 2) == [at(1, 10, 30), at(2, 8)]


def test_nothing_begins_before_it_may():
    assert find_starts(DAYS, [], TWO_HOURS, at(1, 14, 1), 2) == [
        at(1, 14, 30),
        at(2, 8),
    ]
    assert find_starts(DAYS, [], timedelta(hours=10), at(1, 0), 2) == []


def test_is_free():
    busy = [(at(1, 10), at(1, 12))]
    assert is_free(at(1, 8), TWO_HOURS, DAYS, busy)
    assert is_free(at(1, 12), TWO_HOURS, DAYS, busy)
    assert not is_free(at(1, 9), TWO_HOURS, DAYS, busy)
    assert not is_free(at(1, 16), TWO_HOURS, DAYS, busy)
    assert is_free(at(1, 16), TWO_HOURS, None, busy)


def test_closed_days_as_the_clocks_show_them_there():
    days = [date(2026, 3, 8), date(2026, 11, 1)]  # clocks go forward, and back
    assert day_spans(days, "America/New_York") == [
        (datetime(2026, 3, 8, 5), datetime(2026, 3, 9, 4)),
        (datetime(2026, 11, 1, 4), datetime(2026, 11, 2, 5)),
    ]
    [(begin, _end)] = day_spans([date(2026, 7, 1)], "Australia/Sydney")
    assert begin == datetime(2026, 6, 30, 14)


def test_who_works_around_the_clock_has_closed_days_as_well():
    begin = datetime(2026, 7, 1, 0)
    always = [(begin, begin + timedelta(days=3))]
    closed = day_spans([date(2026, 7, 1), date(2026, 7, 2)], "UTC")
    found = find_starts(always, closed, timedelta(hours=2), begin, 1)
    assert found == [datetime(2026, 7, 3)]


def test_work_of_several_days_begins_in_the_morning():
    length = timedelta(days=1, hours=3)
    week = [(at(day, 8), at(day, 16)) for day in range(1, 8)]
    assert find_starts(week, [], length, at(1, 0), 3) == [at(1, 8), at(3, 8), at(5, 8)]
    busy = [(at(4, 10), at(4, 12))]
    assert find_starts(week, busy, length, at(1, 9), 2) == [at(2, 8), at(5, 8)]


def test_hours_elsewhere_are_cut_to_the_day_of_the_place():
    # From 8 to 17 in New York is from 5 to 14 in Los Angeles.
    assert by_day([(at(1, 13), at(1, 22))], "America/Los_Angeles") == [
        (at(1, 15), at(1, 22))
    ]
    # A night shift leaves an evening and a morning.
    assert by_day([(at(1, 18), at(2, 9))], "Europe/London") == [
        (at(1, 18), at(1, 20)),
        (at(2, 7), at(2, 9)),
    ]
    assert by_day([(at(1, 1), at(1, 3))], "Europe/London") == []


def test_full():
    spans = [(at(1, 9), at(1, 11)), (at(1, 10), at(1, 12)), (at(1, 12), at(1, 13))]
    assert find_full(spans, 1) == [(at(1, 9), at(1, 12)), (at(1, 12), at(1, 13))]
    assert find_full(spans, 2) == [(at(1, 10), at(1, 11))]
    assert find_full(spans, 3) == []
    assert find_full([], 1) == []
