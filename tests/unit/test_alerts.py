# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What stands in the way of a text, decided on plain data."""

from itertools import combinations
from unittest import TestCase

from core.alerts import (
    ALERTS,
    BLOCK,
    SETUP,
    Alert,
    Facts,
    find_codes,
    first_block,
    first_for_many,
)

# One fact after the other, in the order in which they are told.
SINGLE = [
    ({"enabled": False}, "disabled"),
    ({"ready": False}, "not_ready"),
    ({"closed": True}, "closed"),
    ({"foreign_visit": True}, "foreign_visit"),
    ({"all_past": True}, "all_past"),
    ({"no_visit": True}, "no_visit"),
    ({"undated": True}, "undated"),
    ({"past": True}, "past"),
    ({"archived": True}, "archived"),
    ({"no_contact": True}, "no_contact"),
    ({"foreign_contact": True}, "foreign_contact"),
    ({"number": "missing"}, "number_missing"),
    ({"number": "invalid"}, "number_invalid"),
    ({"number": "extension"}, "number_extension"),
    ({"number": "landline"}, "number_landline"),
    ({"wrong_number": True}, "number_wrong"),
    ({"opted_out": True}, "opted_out"),
    ({"failed_as_landline": True}, "failed_as_landline"),
    ({"opt_out_lifted": True}, "opt_out_lifted"),
    ({"email": "off"}, "email_off"),
    ({"email": "missing"}, "email_missing"),
    ({"email": "refused"}, "email_refused"),
    ({"texts_refused": True}, "texts_refused"),
    ({"too_late": True}, "too_late"),
    ({"outside_hours": True}, "outside_hours"),
    ({"no_text": True}, "no_text"),
    ({"held": True}, "held"),
    ({"earlier": "confirmed"}, "confirmed"),
    ({"earlier": "declined"}, "declined"),
    ({"earlier": "unrecognized"}, "unrecognized"),
    ({"earlier": "asked"}, "asked"),
    ({"changed": True}, "changed"),
]
ORDER = [code for _facts, code in SINGLE]


def make_alert(code):
    level, actions = ALERTS[code]
    return Alert(code, level, f"{code}.", code, actions)


class TestCodes(TestCase):
    def test_nothing_stands_in_the_way(self):
        self.assertEqual(find_codes(Facts()), [])

    def test_each_fact_has_its_code(self):
        self.assertEqual(set(ORDER), set(ALERTS))
        for values, code in SINGLE:
            self.assertEqual(find_codes(Facts(**values)), [code])

    def test_two_facts_are_told_in_order_or_the_first_says_it_all(self):
        for (one, first), (two, second) in combinations(SINGLE, 2):
            if one.keys() == two.keys():
                continue  # The number and the earlier message are one thing each.
            codes = find_codes(Facts(**one, **two))
            self.assertIn(codes, ([first], [first, second]))

    def test_what_concerns_different_things_is_told_together(self):
        facts = Facts(ready=False, past=True, opted_out=True, earlier="declined")
        self.assertEqual(
            find_codes(facts), ["not_ready", "past", "opted_out", "declined"]
        )

    def test_a_number_without_texts_is_not_looked_at_further(self):
        facts = Facts(number="landline", opted_out=True)
        self.assertEqual(find_codes(facts), ["number_landline"])
        facts = Facts(opted_out=True, failed_as_landline=True, opt_out_lifted=True)
        self.assertEqual(find_codes(facts), ["opted_out"])


class TestAlerts(TestCase):
    def test_one_text_is_kept_back_by_what_blocks(self):
        warned = [make_alert("opt_out_lifted"), make_alert("asked")]
        self.assertIsNone(first_block(warned))
        blocked = [*warned, make_alert("past")]
        self.assertEqual(first_block(blocked).code, "past")

    def test_one_of_many_is_kept_back_by_what_needs_a_person(self):
        self.assertIsNone(first_for_many([make_alert("opt_out_lifted")]))
        for code in ("past", "confirmed", "declined", "unrecognized", "asked"):
            found = first_for_many([make_alert("opt_out_lifted"), make_alert(code)])
            self.assertEqual(found.code, code)

    def test_asked_again_is_kept_back_by_an_answer(self):
        self.assertIsNone(first_for_many([make_alert("asked")], is_again=True))
        for code in ("past", "confirmed", "declined", "unrecognized"):
            alerts = [make_alert("asked"), make_alert(code)]
            self.assertEqual(first_for_many(alerts, is_again=True).code, code)

    def test_what_an_administrator_puts_right_blocks(self):
        for code in SETUP:
            self.assertEqual(ALERTS[code][0], BLOCK)
