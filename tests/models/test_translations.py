# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Customers are texted, and understood, in their own language."""

import ast
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from odoo import Command
from odoo.tests import TransactionCase, tagged
from odoo.tools.babel.python_extractor import extract_python

from ...core.reply import Appointment, read
from ...core.segments import count_segments
from ..common import MODULE, ConfirmationTransactionCase


def _asked(*codes):
    """Return the appointments that wait for an answer with these codes."""
    start, end = datetime(2026, 5, 6, 9), datetime(2026, 5, 6, 11)
    return [Appointment(code, start, end, code=code) for code in codes]


class Language(NamedTuple):
    """What a customer's texts have to show."""

    yes: str
    no: str
    weekday: str  # a Wednesday
    month: str  # May
    confirmed: str


LANGUAGES = {
    "es_ES": Language("SI", "NO", "mié", "may", "queda confirmada"),
    # Whoever speaks another Spanish or Portuguese gets es.po and pt.po as well.
    "es_MX": Language("SI", "NO", "mié", "may", "queda confirmada"),
    "fr_FR": Language("OUI", "NON", "mer.", "mai", "est confirmé"),
    "de_DE": Language("JA", "NEIN", "Mi.", "Mai", "ist bestätigt"),
    "pt_PT": Language("SIM", "NAO", "quarta", "mai", "fica confirmada"),
    "pt_BR": Language("SIM", "NAO", "qua.", "mai", "fica confirmada"),
    "it_IT": Language("SI", "NO", "mer", "mag", "è confermato"),
    "nl_NL": Language("JA", "NEE", "wo", "mei", "is bevestigd"),
}
KINDS = (
    "confirmed declined confirmed_brief declined_brief unclear which help moved "
    "closed deleted past late"
).split()
ASKING_KINDS = ("unclear", "which", "help")
ENGLISH = r"(?i)\b(?:reply|your|appointment|thank|technician|contact you)\b"


@tagged("post_install", "-at_install")
class TestTranslations(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for code in LANGUAGES:
            cls.env["res.lang"]._activate_lang(code)
        cls.env["ir.module.module"]._load_module_terms(
            [MODULE], list(LANGUAGES), overwrite=True
        )
        cls.env.invalidate_all()

    def _each_language(self):
        """Yield every language with a new customer who speaks it."""
        for number, (code, language) in enumerate(LANGUAGES.items()):
            self.customer = self._make_contact(
                "Maria Gomez", f"+1212555013{number}", lang=code
            )
            self.location = self._make_location(self.customer)
            yield code, language

    def _new_order(self, **values):
        return self._make_order(location_id=self.location.id, **values)

    def _ask(self, **values):
        record = self._send(self._new_order(**values))
        self._mark_sent(record)
        return record

    def _standard_texts(self, code):
        """Every standard answer in a language, by kind."""
        replies = self.env["fsm.confirmation.auto.reply"]
        record = self._ask(start=datetime(2031, 5, 7, 13, 0))
        record.code = "123"
        company = self.company
        texts = {
            kind: replies._render(
                kind, company if kind == "help" else record, company, code, record
            )
            for kind in KINDS
        }
        record.order_id.scheduled_date_start = False
        texts["moved, no date"] = replies._render("moved", record, company, code)
        return texts

    # The question -----------------------------------------------------------------

    def test_the_question_asks_in_the_customers_language(self):
        for code, language in self._each_language():
            with self.subTest(code):
                order = self._new_order()
                body = order._render_confirmation_body(self.customer)
                self.assertRegex(body, rf"\b{language.yes}\b")
                self.assertRegex(body, rf"\b{language.no}\b")
                self.assertRegex(body, r"\bSTOP\b")
                self.assertNotRegex(body, ENGLISH)
                self.assertNotIn("{", body)
                for part in ("Acme Services", order.name, "12 Main St", "Bob Ray"):
                    self.assertIn(part, body)

    def test_the_date_is_written_as_the_language_does(self):
        for code, language in self._each_language():
            with self.subTest(code):
                order = self._new_order(start=datetime(2031, 5, 7, 13, 0))
                body = order._render_confirmation_body(self.customer)
                date = order.with_context(lang=self.customer.lang).confirmation_date
                self.assertIn(date, body)
                self.assertTrue(date.startswith(language.weekday), date)
                self.assertRegex(date, rf"\b(?:{language.month}\b|0?5/)")
                self.assertIn("2031", date)
                self.assertIn("09:00 - 11:00", body)
                self.assertNotIn("AM", body)
                # Letters outside the basic alphabet would more than double the price.
                self.assertEqual(count_segments(body).culprits, "")

    def test_with_a_code_both_words_carry_it(self):
        for code, language in self._each_language():
            with self.subTest(code):
                first, second = self._ask(), self._ask()
                self.assertRegex(second.code, r"^\d{3}$")
                self.assertIn(f"{language.yes} {second.code}", second.body)
                self.assertIn(f"{language.no} {second.code}", second.body)
                self.assertNotRegex(second.body, ENGLISH)
                self._reply(f"{language.no.lower()} {second.code}")
                self.assertEqual(second.response, "declined")
                self.assertFalse(first.response)

    def test_opting_out_is_no_answer_that_the_question_asks_for(self):
        template = self.company._job_confirmation_template()
        for code, _language in self._each_language():
            with self.subTest(code):
                localized = template.with_context(lang=code)
                self.assertNotEqual(localized.body, template.body)
                localized._refuse_opt_out_answer(localized.body)
                body = self._new_order()._render_confirmation_body(self.customer)
                template._refuse_opt_out_answer(body)
                for text in self._standard_texts(code).values():
                    template._refuse_opt_out_answer(text)

    # The answer -------------------------------------------------------------------

    def test_the_words_asked_for_are_understood(self):
        for code, language in self._each_language():
            with self.subTest(code):
                for word, response in (
                    (language.yes, "confirmed"),
                    (language.no.lower(), "declined"),
                    (f"{language.yes.capitalize()}.", "confirmed"),
                ):
                    record = self._ask()
                    reply = self._reply(word)
                    self.assertEqual(record.response, response, word)
                    self.assertEqual(reply.confirmation_id, record)
                for word in (language.yes, language.no):
                    for text in (f"{word} 427", f"427 {word.lower()}"):
                        found = read(text, (), _asked("427", "512"))
                        [(asked, _response)] = found.answers
                        self.assertEqual(asked, "427", text)

    def test_the_confirmation_is_answered_in_the_language(self):
        for code, language in self._each_language():
            with self.subTest(code):
                record = self._ask()
                answer = self._reply(language.yes).auto_reply_body
                self.assertTrue(answer.startswith("Acme Services"), answer)
                self.assertIn(language.confirmed, answer)
                self.assertNotRegex(answer, ENGLISH)
                order = record.order_id.with_context(lang=self.customer.lang)
                self.assertIn(
                    f"{order.confirmation_date}, {order.confirmation_time}", answer
                )

    def test_an_unclear_reply_is_answered_with_the_words_to_use(self):
        for code, language in self._each_language():
            with self.subTest(code):
                record = self._ask()
                answer = self._reply("xyzzy plugh").auto_reply_body
                self.assertRegex(answer, rf"\b{language.yes}\b")
                self.assertRegex(answer, rf"\b{language.no}\b")
                self.assertNotRegex(answer, ENGLISH)
                self.assertEqual(record.response, "unrecognized")

    def _ask_which(self, language):
        """Two open questions and an answer without a code."""
        start = datetime(2031, 5, 7, 13, 0)
        records = self._ask(start=start) | self._ask(start=start)
        question = self._reply(language.yes).auto_reply_body
        self.assertFalse(any(records.mapped("response")))
        return records, question

    def test_which_one_is_asked_in_the_language(self):
        for code, language in self._each_language():
            with self.subTest(code):
                records, question = self._ask_which(language)
                self.assertRegex(question, rf"\b{language.no}\b")
                self.assertNotRegex(question, ENGLISH)
                for record in records:
                    self.assertIn(record.code, question)

    def test_which_one_is_asked_with_dates_of_the_language(self):
        self.customer.lang = "de_DE"
        _records, question = self._ask_which(LANGUAGES["de_DE"])
        self.assertIn("Mi., 7. Mai 2031, 09:00 - 11:00", question)

    def test_every_standard_answer_is_translated(self):
        english = self._standard_texts("en_US")
        for code, language in self._each_language():
            with self.subTest(code):
                texts = self._standard_texts(code)
                for kind, text in texts.items():
                    self.assertNotEqual(text, english[kind], kind)
                    self.assertNotRegex(text, ENGLISH)
                    self.assertNotIn("{", text)
                    for number in filter(english[kind].__contains__, "1234"):
                        self.assertIn(number, text, kind)
                for kind in ASKING_KINDS:
                    self.assertRegex(texts[kind], rf"\b{language.yes}\b")
                    self.assertRegex(texts[kind], rf"\b{language.no}\b")
                self.assertIn("STOP", texts["help"])

    # Echoes -----------------------------------------------------------------------

    def test_an_echoed_question_is_no_answer(self):
        for code, _language in self._each_language():
            with self.subTest(code):
                record = self._ask()
                for body in (record.body, f"> {record.body}", record.body.upper()):
                    reply = self._reply(body)
                    self.assertIn(record.response, (False, "unrecognized"))
                    self.assertEqual(reply.intent, "unrecognized")
                    self.assertFalse(reply.auto_reply_body)
                self.assertFalse(self.customer.phone_sanitized_blacklisted)

    def test_copies_of_our_texts_are_never_taken_for_an_answer(self):
        """Also when it isn't known that the text is ours."""
        for code, _language in self._each_language():
            with self.subTest(code):
                order = self._new_order()
                texts = [
                    order._render_confirmation_body(self.customer),
                    order._render_confirmation_body(self.customer, code="427"),
                    *self._standard_texts(code).values(),
                ]
                for text in texts:
                    for copy in (text, text.lower(), f"Re: {text}", f"“{text}”"):
                        for codes in ((), ("427", "512")):
                            found = read(copy, (), _asked(*codes))
                            self.assertIn(found.intent, ("unrecognized", "help"), copy)

    def test_a_reaction_to_the_question_is_understood(self):
        for code, _language in self._each_language():
            with self.subTest(code):
                # No number of three digits, which looks like a code.
                record = self._ask(name="FO12345")
                self._reply(f"Liked “{record.body}”")
                self.assertEqual(record.response, "confirmed")

    # A language without texts -----------------------------------------------------

    def test_a_text_is_in_one_language(self):
        """Who speaks a language without texts gets dates as in the text's language."""
        self.env["res.lang"]._activate_lang("pl_PL")
        self.customer.lang = "pl_PL"
        order = self._make_order(start=datetime(2031, 5, 7, 13, 0))
        record = self._send(order)
        self.assertIn("Wed, May 7, 2031, 9:00 AM - 11:00 AM", record.body)
        self._mark_sent(record)
        answer = self._reply("yes").auto_reply_body
        self.assertIn("Wed, May 7, 2031, 9:00 AM - 11:00 AM", answer)

    def test_a_text_is_in_the_companys_language_next(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.customer.lang = "pl_PL"
        self.company.partner_id.lang = "de_DE"
        order = self._make_order(start=datetime(2031, 5, 7, 13, 0))
        record = self._send(order)
        self.assertIn("Mi., 7. Mai 2031, 09:00 - 11:00", record.body)
        self.assertIn("Antworten", record.body)
        self._mark_sent(record)
        answer = self._reply("ja").auto_reply_body
        self.assertIn("Mi., 7. Mai 2031, 09:00 - 11:00", answer)
        self.assertNotRegex(answer, ENGLISH)

    def test_a_text_of_ones_own_in_another_language(self):
        self.env["res.lang"]._activate_lang("pl_PL")
        self.customer.lang = "pl_PL"
        template = self.company._job_confirmation_template()
        order = self._make_order(start=datetime(2031, 5, 7, 13, 0))
        self.assertIn("Wed, May 7", order._render_confirmation_body(self.customer))
        template.with_context(
            lang="pl_PL"
        ).body = "Wizyta {{ object.confirmation_date }}. Odpowiedz TAK lub NIE."
        body = order._render_confirmation_body(self.customer)
        self.assertTrue(body.startswith("Wizyta śr., 7 maj 2031."), body)

    def test_each_text_is_in_the_wanted_language_if_it_can(self):
        """The question exists in English only, what answers the reply in German too."""
        self.customer.lang = "de_DE"
        standard = self.company._job_confirmation_template()
        self.company.job_confirmation_template_id = standard.create(
            {
                "name": "Ours",
                "model_id": standard.model_id.id,
                "body": "Visit {{ object.confirmation_date }}. Reply YES or NO.",
            }
        )
        record = self._send(self._make_order(start=datetime(2031, 5, 7, 13, 0)))
        self.assertIn("Visit Wed, May 7, 2031", record.body)
        self.assertEqual(record.lang, "de_DE")
        self._mark_sent(record)
        answer = self._reply("yes").auto_reply_body
        self.assertIn("Mi., 7. Mai 2031", answer)
        self.assertNotRegex(answer, ENGLISH)

    # A user of another language ---------------------------------------------------

    def test_the_senders_language_makes_no_difference(self):
        self.dispatcher.lang = "de_DE"
        self.dispatcher.company_ids = [Command.link(self.company.id)]
        self.customer.lang = "it_IT"
        record = self._send()
        self.assertIn("Risponda SI per confermare", record.body)
        self.assertIn("Con Bob Ray.", record.body)
        self.assertNotIn("Antworten", record.body)


class TestTerms(TransactionCase):
    def test_what_users_read_is_exported_and_nothing_else(self):
        """Odoo's export takes parentheses after ``_`` for a call of it, those of a
        tuple in a later line as well if no name stands between; and it passes over
        f-strings."""
        root = Path(__file__).resolve().parents[2]
        for path in root.glob("[mwct]*/**/*.py"):
            if path.parts[len(root.parts)] != "tests":
                with self.subTest(path=path), path.open("rb") as source:
                    found = extract_python(source, {"_": None}, (), {})
                    exported = {_first(each[2]) for each in found} - {None}
                    self.assertEqual(exported, _terms(path))


def _first(messages):
    return messages[0] if isinstance(messages, tuple) else messages


def _terms(path):
    """The literal first arguments of all calls of a translating function."""
    calls = [
        n for n in ast.walk(ast.parse(path.read_text())) if isinstance(n, ast.Call)
    ]
    return {
        call.args[0].value
        for call in calls
        if getattr(call.func, "attr", getattr(call.func, "id", "")) == "_"
    }
