# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Calls are made in the loop that defines them.
# ruff: noqa: B023
"""Nobody without rights costs the server what it keeps in memory."""

from ..common import new_user
from .test_adversary import AdversaryCase

MODELS = ("fsm.confirmation.word", "fsm.stage", "sms.template")


class TestCaches(AdversaryCase):
    def setUp(self):
        super().setUp()
        self.words = self.env["fsm.confirmation.word"]
        self.env.registry.clear_cache()
        self.words._lexicon()

    def _is_kept(self):
        """Whether what is kept is still there."""
        [cache] = [self.env.registry._Registry__caches["default"]]
        return bool(len(cache)) and any("_get_version" in str(key) for key in cache)

    def test_calls_that_change_nothing(self):
        self.assertTrue(self._is_kept())
        public = self.env.ref("base.public_user")
        plain = new_user(self.env, "cache_plain", groups="base.group_user")
        self.words._lexicon()
        for user in (plain, self.portal, public, self.strangers["edit"]):
            for name in MODELS:
                some = self.env[name].search([], limit=1)
                for records in (some, some.browse()):
                    mine = self._as(user, records)
                    # Odoo's own unlink of templates clears its caches itself.
                    for call in (
                        lambda: name == "sms.template" or mine.unlink(),
                        lambda: mine.write({}),
                        lambda: mine.write({"name": "x"}),
                        lambda: mine.write({"is_closed": True}),
                        lambda: mine.write({"phrase": "x"}),
                        lambda: mine.write({"job_confirmation_enabled": True}),
                        lambda: mine.create([]),
                        lambda: mine.create({}),
                        lambda: mine.update_field_translations("name", {}),
                        lambda: mine.update_field_translations(
                            "body", {"en_US": {"a": "b"}}
                        ),
                    ):
                        self._attempt(call)
                        if not self._is_kept():
                            self.shown.append((user.login, name, records.ids))
                            self.words._lexicon()

    def test_words_outlive_odoos_caches(self):
        lexicon = self.words._lexicon()
        self.portal.tz = "Europe/Berlin"
        self.env.registry.clear_all_caches()
        self.assertIs(self.words._lexicon(), lexicon)
        word = self.words.create({"phrase": "zonk", "intent": "filler", "lang": "en"})
        self.assertIsNot(self.words._lexicon(), lexicon)
        word.active = False
        self.assertIs(self.words._lexicon(), lexicon)
        word.active = True
        self.assertIsNot(self.words._lexicon(), lexicon)
        word.unlink()
        self.assertIs(self.words._lexicon(), lexicon)
