# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Auto-replies are templates: the standard ones, or those of a company."""

import importlib.util
from pathlib import Path

from odoo.exceptions import UserError, ValidationError
from odoo.tools import mute_logger

from ...models.appointment.sms_template import AUTO_REPLIES
from ..common import ConfirmationTransactionCase

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"
SERVICE = "odoo.addons.fieldservice_job_confirmation.models.message_in"


class TestAutoReplies(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.templates = cls.env["sms.template"]

    def _make_template(self, body, kind="confirmed", **values):
        model = self.templates._get_auto_reply_model(kind)
        return self.templates.create(
            {
                "name": body[:20],
                "confirmation_kind": kind,
                "model_id": self.env["ir.model"]._get(model).id,
                "body": body,
                **values,
            }
        )

    def _answer(self, words="Yes"):
        self._mark_sent(self._send(self._make_order()))
        return self._reply(words).auto_reply_body

    def test_a_company_has_a_text_of_its_own(self):
        standard = self._answer()
        self.assertIn("thank you", standard)
        own = self._make_template("See you, {{ object.contact_name }}!")
        self.company.job_confirmation_text_ids = own
        self.assertEqual(self._answer(), "See you, Maria Gomez!")
        own.body = "Bye"
        self.assertEqual(self._answer(), "Bye")
        self.assertIn("another date", self._answer("No"))
        own.unlink()
        self.assertIn("thank you", self._answer())

    def test_a_translation_counts_at_once(self):
        self.env["res.lang"]._activate_lang("es_ES")
        self.customer.lang = "es_ES"
        own = self._make_template("See you")
        self.company.job_confirmation_text_ids = own
        self.assertEqual(self._answer(), "See you")
        own.update_field_translations("body", {"es_ES": "Nos vemos"})
        self.assertEqual(self._answer(), "Nos vemos")

    def test_help_is_about_the_company(self):
        self.company.phone = "+1 202 555 0199"
        self.assertIn("Acme Services", self._reply("HELP").auto_reply_body)
        own = self._make_template("Call {{ object.phone }}", "help")
        self.company.job_confirmation_text_ids = own
        answer = self._reply("HELP", number="+12125550188").auto_reply_body
        self.assertEqual(answer, "Call +1 202 555 0199")

    def test_choices_are_named_whatever_the_text_says(self):
        own = self._make_template("Which one?", "which")
        self.company.job_confirmation_text_ids = own
        records = self._send() | self._send(self._make_order())
        self._mark_sent(records)
        answer = self._reply("Yes").auto_reply_body
        self.assertTrue(answer.startswith("Which one? "))
        for record in records:
            self.assertIn(f"{record.code}: {record.sudo().date_text}", answer)

    def test_a_broken_text_is_not_sent(self):
        own = self._make_template("{{ object.nonsense }}")
        self.company.job_confirmation_text_ids = own
        with (
            mute_logger("odoo.addons.mail.models.mail_render_mixin"),
            self.assertLogs(SERVICE, "WARNING"),
        ):
            self.assertIn("thank you", self._answer())

    def test_an_opt_out_word_as_an_answer_is_refused(self):
        for kind in ("unclear", "help"):
            with self.assertRaisesRegex(ValidationError, "CANCEL"):
                self._make_template("Reply YES or CANCEL.", kind)
        standard = self.templates._get_standard_auto_reply("unclear")
        with self.assertRaisesRegex(ValidationError, "CANCEL"):
            standard.body = "Reply YES or CANCEL."

    def test_one_text_of_each_kind(self):
        texts = self._make_template("One") | self._make_template("Two")
        with self.assertRaisesRegex(ValidationError, "same reply"):
            self.company.job_confirmation_text_ids = texts
        other = self.company._job_confirmation_template()
        with self.assertRaisesRegex(ValidationError, "isn't an auto-reply"):
            self.company.job_confirmation_text_ids = other
        with self.assertRaisesRegex(ValidationError, "has to apply to"):
            texts[0].confirmation_kind = "help"

    def test_standard_texts_stay(self):
        standard = self.templates._get_standard_auto_replies()
        kinds = [key for key, _name in AUTO_REPLIES]
        self.assertEqual(standard.mapped("confirmation_kind"), kinds)
        with self.assertRaisesRegex(UserError, "standard text"):
            standard[0].unlink()

    def test_settings_show_what_is_sent(self):
        standard = self.templates._get_standard_auto_replies()
        settings = self.env["res.config.settings"].with_company(self.company)
        shown = settings.create({})
        self.assertEqual(shown.job_confirmation_text_ids, standard)
        own = self._make_template("Ours")
        shown.job_confirmation_text_ids |= own
        self.assertEqual(self.company.job_confirmation_text_ids, own)
        replaced = standard.filtered(lambda text: text.confirmation_kind == "confirmed")
        shown = settings.create({})
        self.assertEqual(shown.job_confirmation_text_ids, standard - replaced + own)
        shown.job_confirmation_text_ids -= own
        self.assertFalse(self.company.job_confirmation_text_ids)

    def test_texts_of_earlier_versions(self):
        path = MIGRATIONS / "19.0.2.0.0" / "end-auto-replies.py"
        spec = importlib.util.spec_from_file_location("end_auto_replies", path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        name = "{{ object.company_id.name }}"
        for old, kind, new in (
            ("{company}: bye", "confirmed", f"{name}: bye"),
            ("{company}: {phone}", "help", "{{ object.name }}: {{ object.phone }}"),
            ("{nonsense} {date}", "help", "{nonsense} {date}"),
            ("{{company}} {{ x }} }}{{", "closed", f"{name} {{ x }} }}{{"),
            ("{choices}?", "which", "{{ object.choices_text }}?"),
            ("{choices}?", "unclear", "?"),
        ):
            self.assertEqual(script.convert(old, kind), new)
        self.env["res.lang"]._activate_lang("es_ES")
        standard = self.templates._get_standard_auto_reply("closed")
        standard.with_context(lang="es_ES").body = "Anulada"
        for texts, english, spanish in (
            ({"en_US": "Off {job}"}, "Off {{ object.job_name }}", None),
            ({"en_US": "Off", "es_ES": ""}, "Off", "Anulada"),
            ({"en_US": "", "es_ES": "Hola"}, standard.body, "Hola"),
        ):
            self.company.job_confirmation_text_ids = False
            script.make_template(self.company, "closed", texts, ["en_US", "es_ES"])
            own = self.company.job_confirmation_text_ids
            self.assertEqual(own.with_context(lang="en_US").body, english)
            localized = own.with_context(lang="es_ES").body
            self.assertEqual(localized, spanish or english)
