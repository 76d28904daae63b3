# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Numbers as people type them, and in their normal form."""

from unittest import TestCase

from core.phones import digits_to_find, normal_form, read_number


class TestPhones(TestCase):
    def test_digits_to_find(self):
        for text, expected in {
            "(202) 555-0123": "2025550123",
            "+1 202.555.0123": "12025550123",
            "5550123": "5550123",
            "0044 7400 123456": "447400123456",
            "+44 (0)7400 123456": "447400123456",
            "07400 123456": "7400123456",
            "0123": "0123",
            "\uff12\uff10\uff12-555": "202555",
            "12": "",
            "Maria": "",
            "Job 123": "",
            "": "",
        }.items():
            self.assertEqual(digits_to_find(text), expected, text)

    def test_one_number_in_one_way(self):
        for ways in (
            ("+525512345678", "+5215512345678", "whatsapp:+52 1 55 1234 5678"),
            ("+541123456789", "+5491123456789", "+54 11 15 2345-6789"),
            ("+551187654321", "+5511987654321"),
            ("+12025550143", "rcs:+12025550143", "+1 (202) 555-0143"),
        ):
            self.assertEqual(len({normal_form(way) for way in ways}), 1, ways)
        self.assertEqual(normal_form("(202) 555-0143", "US"), "+12025550143")
        self.assertEqual(normal_form("0351 15 234 5678", "AR"), "+5493512345678")
        self.assertEqual(normal_form("+551134567890"), "+551134567890")  # a landline
        self.assertEqual(normal_form("+39 06 6982 1234"), "+390669821234")

    def test_numbers_without_a_normal_form(self):
        for text in ("202-555-0143 x12", "202-555-0143 ext. 12", "+12025550143;ext=12"):
            found = read_number(text, "US")
            self.assertEqual(found, ("", "extension", "12"), text)
        for text in ("", None, "Maria", "12345"):
            self.assertEqual(read_number(text), ("", "invalid", ""), text)
