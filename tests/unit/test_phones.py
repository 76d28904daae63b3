# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Numbers as people type them into the search bar."""

from unittest import TestCase

from core.phones import digits_to_find


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
