# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Reply Words: what would this text mean?"""

from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ..common import ConfirmationTransactionCase


@tagged("post_install", "-at_install")
class TestWordTrial(ConfirmationTransactionCase):
    def _trials(self, level="admin"):
        trials = self.env["fsm.confirmation.word.trial"]
        return trials.with_user(self.users[level])

    def _try(self, body):
        return self._trials().create({"body": body})

    def test_what_texts_mean(self):
        expected = {
            "Yes, thank you!": "confirmed",
            "No, I can't": "declined",
            "STOP": "opt_out",
            "Wrong number": "wrong_number",
            "Is this about the boiler?": "unrecognized",
            "HELP": "help",
        }
        for body, outcome in expected.items():
            with self.subTest(body):
                self.assertEqual(self._try(body).outcome, outcome)

    def test_why_and_what_else(self):
        doubt = self._try("Yes if it doesn't rain")
        self.assertEqual(doubt.outcome, "unrecognized")
        self.assertEqual(doubt.reason, "Has a condition or doubt")
        noted = self._try("Yes. The gate code is 4417")
        self.assertEqual(noted.outcome, "confirmed")
        self.assertIn("4417", noted.note)
        proposed = self._try("No, can you come on January 15 at 3 pm?")
        self.assertEqual(proposed.outcome, "declined")
        self.assertIn("3:00", proposed.proposed.replace("\u202f", " "))

    def test_with_the_words_as_they_are_now(self):
        self.assertEqual(self._try("yuppidoo").outcome, "unrecognized")
        words = self.env["fsm.confirmation.word"].with_user(self.users["admin"])
        words.create({"phrase": "yuppidoo", "lang": "en", "intent": "confirm"})
        self.assertEqual(self._try("yuppidoo").outcome, "confirmed")

    def test_in_the_dialog(self):
        form = Form(self._trials())
        self.assertFalse(form.outcome)
        form.body = "Yes"
        self.assertEqual(form.outcome, "confirmed")
        form.body = " "
        self.assertFalse(form.outcome)
        self.assertFalse(self.env["fsm.confirmation.reply"].search([]))

    def test_admins_only(self):
        for level in ("none", "read", "edit"):
            with self.subTest(level), self.assertRaises(AccessError):
                self._trials(level).create({"body": "Yes"})
