# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import csv
import re
import time
from datetime import datetime
from itertools import product
from math import prod
from pathlib import Path
from unittest import TestCase

from conversations import intent_of, read_alone
from core import reply
from core.reply.text import level, tokenize
from hypothesis import given, settings
from hypothesis import strategies as st

DATA = Path(__file__).parent / "data"
PROMPT = (
    "Acme Services: your appointment (Job 0042) is Tue, Nov 24, 9:00 AM - 11:00 AM at "
    "12 Main St, Springfield. Technician: Bob. Reply YES to confirm or NO to decline. "
    "Reply STOP to opt out."
)
CODE_PROMPT = PROMPT.replace("YES", "YES 427").replace("NO to", "NO 427 to")
# What the default prompt may look like once translated.
PROMPTS = [
    PROMPT,
    CODE_PROMPT,
    "Acme: su cita (trabajo 0042) es el mar 24 nov, 9:00 - 11:00 en Calle Mayor 12. "
    "Técnico: Bob. Responda SÍ para confirmar o NO para rechazar. Responda STOP para "
    "darse de baja.",
    "Acme : votre rendez-vous (0042) est le mar. 24 nov., 9:00 - 11:00, 12 rue Haute. "
    "Technicien : Bob. Répondez OUI pour confirmer ou NON pour refuser. Répondez "
    "STOP pour vous désabonner.",
    "Acme: Ihr Termin (0042) ist am Di, 24. Nov, 9:00 - 11:00, Hauptstr. 12. "
    "Techniker: Bob. Antworten Sie JA zum Bestätigen oder NEIN zum Absagen. "
    "Antworten Sie STOP, um sich abzumelden.",
    "Acme: o seu agendamento (0042) é ter, 24 nov, 9:00 - 11:00 na Rua Alta 12. "
    "Técnico: Bob. Responda SIM para confirmar ou NÃO para recusar. Responda STOP "
    "para cancelar a inscrição.",
    "Acme: il tuo appuntamento (0042) è mar 24 nov, 9:00 - 11:00, Via Alta 12. "
    "Tecnico: Bob. Rispondi SÌ per confermare o NO per rifiutare. Rispondi STOP per "
    "annullare l'iscrizione.",
    "Acme: uw afspraak (0042) is di 24 nov, 9:00 - 11:00, Hoofdstraat 12. Monteur: "
    "Bob. Antwoord JA om te bevestigen of NEE om te weigeren. Antwoord STOP om u af "
    "te melden.",
]
INTENTS = {
    "confirm": "confirm",
    "decline": "decline",
    "decline+opt-out": "opt_out",
    "opt-out": "opt_out",
    "opt-in": "opt_in",
    "help": "help",
    "unrecognised": "unrecognized",
}
CLEAR = {
    "confirm": ["yes", "Yep", "confirm", "sí", "oui", "ja", "sim", "va bene", "ok"],
    "decline": [
        "no",
        "nope",
        "I can't make it",
        "non merci",
        "nein",
        "não posso",
        "nee",
        "no puedo",
        "non posso",
    ],
    "opt_out": ["stop", "unsubscribe", "stop texting me", "arrêt", "abmelden"],
}
BEFORE = ["", "Hi, ", "Hello! ", "Hi John, ", "Good morning. ", "Hola, ", "Bonjour, "]
AFTER = ["", " thanks", ", thank you!", " please", " gracias", ". Merci", " - Maria"]
MARKS = ["", ".", "!", "!!!", " 🙂", "❤️", " 🙏🏽", " :)", "\u200b", "\n", "  "]
CASES = [str, str.lower, str.upper, str.capitalize]
SETTINGS = settings(max_examples=150, deadline=None, derandomize=True, database=None)


def _decoded(text):
    """Return ``text`` with the literal escapes of the data files decoded."""
    return re.sub(
        r"\\(?:u([0-9a-fA-F]{4})|(n))",
        lambda found: chr(int(found[1], 16)) if found[1] else "\n",
        text,
    )


def _examples(name):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        for row in reader:
            also = [part.strip() for part in (row["also_acceptable"] or "").split(",")]
            meanings = [row["meaning"], *filter(None, also)]
            yield _decoded(row["text"]), [INTENTS[meaning] for meaning in meanings]


class TestReplyExamples(TestCase):
    def _check_file(self, name):
        for text, accepted in _examples(name):
            with self.subTest(text=text):
                self.assertIn(intent_of(text), accepted)

    def test_given_examples(self):
        self._check_file("replies.tsv")

    def test_more_examples(self):
        self._check_file("more_replies.tsv")

    def test_examples_with_prompts_and_codes_known(self):
        """Knowing our texts or codes never turns one answer into another."""
        opposite = {"confirm": {"decline"}, "decline": {"confirm"}}
        for name in ("replies.tsv", "more_replies.tsv"):
            for text, accepted in _examples(name):
                found = intent_of(text, prompts=[PROMPT], codes=["427", "512"])
                with self.subTest(text=text):
                    self.assertNotIn(found, opposite.get(accepted[0], ()))
                    if accepted == ["opt_out"]:
                        self.assertEqual(found, "opt_out")

    def test_answers(self):
        for text, response in (("Yes, thanks", "confirmed"), ("nope", "declined")):
            found = read_alone(text, codes=["427"])
            self.assertEqual(found.answers, (("427", response),))
        for text in ("STOP", "help", "start", "maybe", "", "512"):
            self.assertEqual(read_alone(text, codes=["427"]).answers, ())

    def test_reasons(self):
        for text, reason in [
            ("", "empty"),
            (None, "empty"),
            (" \n ", "empty"),
            (".", "no_words"),
            ("Yes if you come before 4", "condition"),
            ("yes?", "question"),
            ("yes and no", "unclear"),
            ("yes, no", "contradiction"),
            ("never said yes", "negation"),
            ("Yes my gremlin hums", "unknown_words"),
            ("Yes Tuesday", "time"),
            ("Yes 5", "number"),
            ("Yes I'm sick", "excuse"),
            ("Thanks", "no_answer"),
            ("427", "code_only"),
            (PROMPT, "quoted_prompt"),
            (f"Loved “{PROMPT}”", "reaction"),
            ("Out of office", "auto_reply"),
        ]:
            with self.subTest(text=text):
                found = read_alone(text)
                self.assertEqual((found.intent, found.reason), ("unrecognized", reason))
                self.assertIsInstance(found.detail, str)

    def test_detail_names_the_words(self):
        self.assertEqual(read_alone("Yes if it rains").detail, "if")
        self.assertEqual(read_alone("Hi, stop texting me!").detail, "stop texting me")

    def test_automatic(self):
        for text in (
            PROMPT,
            "Automatic reply: I am away",
            "Liked “See you soon, at ten o'clock then.”",
        ):
            self.assertTrue(read_alone(text).automatic, text)
        for text in (
            "yes",
            "maybe",
            "What?",
            "Reply YES",
            f"Hm?\n> {PROMPT}",
        ):
            self.assertFalse(read_alone(text).automatic, text)


class TestReplyCodes(TestCase):
    def _check(self, text, expected, codes=("427", "512")):
        with self.subTest(text=text):
            answers = read_alone(text, codes=codes).answers
            given = {code: response[0] for code, response in answers}
            self.assertEqual(given, expected)

    def test_one_code(self):
        for text in (
            "yes 427",
            "427 YES",
            "Y427",
            "y-427",
            "#427 yes",
            "code 427 yes",
            "Yes, 427 please",
            "ＹＥＳ ４２７",
            "yes ٤٢٧",
            "sí 427",
        ):
            self._check(text, {"427": "c"})
        self._check("no 427", {"427": "d"})
        self._check("yes 427", {"427": "c"}, codes=("427",))
        self.assertEqual(read_alone("yes 999", codes=["427"]).answers, ())

    def test_several_codes(self):
        mixed = {"427": "c", "512": "d"}
        for text in (
            "YES 427 NO 512",
            "427 yes, 512 no",
            "yes to 427 no to 512",
            "Yes 427\nNo 512",
            "no 512, yes 427",
            "y427 n512",
            "427: yes / 512: no",
            "Yes 427, 512 no",
            "Yes 427 and no 512",
            "yes to 427 but no to 512",
            "YES 427 NO 512 thanks",
            "yes to 427 but not 512",
        ):
            self._check(text, mixed)
        for text in ("Yes 427 and 512", "427 & 512 yes", "yes 427 yes 512"):
            self._check(text, {"427": "c", "512": "c"})
        three = ("427", "512", "613")
        self._check("YES 427 YES 512 YES 613", dict.fromkeys(three, "c"), codes=three)
        mixed["613"], mixed["512"] = "d", "c"
        self._check("Yes 427 and 512, no 613", mixed, codes=three)

    def test_single_letters(self):
        for text in (
            "427 Y / 512 N",
            "427=Y 512=N",
            "Y427 N512",
            "427y,512n",
            "427Y 512N",
            "427 y 512 n",
            "427-Y, 512-N",
            "427: Y; 512: N",
            "427 (Y) 512 (N)",
            "Y 427 / N 512",
            "Y-427 N-512",
            "Y=427, N=512",
            "y: 427 n: 512",
            "427 y/512 n",
            "427Y/512N",
            "427 Y & 512 N",
            "427 Y and 512 N",
            "427 -> Y  512 -> N",
            "427 Y | 512 N",
            "427 Y + 512 N",
            "427.Y 512.N",
            "427_Y 512_N",
            "N 512 Y 427",
            "512 N / 427 Y",
            "512N,427Y",
            "Y for 427, N for 512",
            "427 YES / 512 NO",
            "427 S / 512 N",
            "427=S 512=N",
            "S427 N512",
            "427s,512n",
            "427 sí / 512 no",
            "427 O / 512 N",
            "427=O 512=N",
            "O427 N512",
            "427o,512n",
            "427 J / 512 N",
            "427=J 512=N",
            "J427 N512",
            "427j,512n",
            "427s 512n",
            "427=S, 512=N",
        ):
            self._check(text, {"427": "c", "512": "d"})
        for text in ("427 Y / 512 Y", "427Y 512Y", "427=S 512=S"):
            self._check(text, {"427": "c", "512": "c"})
        for text in ("427 N / 512 N", "N427 N512", "427n 512n"):
            self._check(text, {"427": "d", "512": "d"})
        self._check("427 y 512 no", {"427": "d", "512": "d"})  # "427 and 512 no"

    def test_all(self):
        for text in ("Yes to all", "yes all of them", "both yes", "sí a todas"):
            self._check(text, {"427": "c", "512": "c"})
        self._check("no to both", {"427": "d", "512": "d"})
        self._check("yes to all", {"427": "c"}, codes=("427",))
        self._check("yes all except 427", {"427": "d", "512": "c"})

    def test_unclear_codes(self):
        for text in (
            "yes 427 no 427",
            "427 yes 512",
            "yes 427 512 no",
            "yes 427 but no",
            "427 maybe but no 512",
            "427",
            "no, yes 427",
        ):
            self._check(text, {})

    def test_numbers_that_are_no_codes(self):
        for text in (
            "yes at 300 Main St",
            "Yes 427 dollars",
            "yes $427",
            "yes at 930",
            "yes 427-5120",
            "yes 3",
        ):
            self._check(text, {}, codes=("613",))
        for text in ("Yes, running 10 min late", "yes 100%"):
            self._check(text, {"613": "c"}, codes=("613",))


class TestReplyQuotes(TestCase):
    def test_copy_of_prompt_is_no_answer(self):
        for prompt in PROMPTS:
            for form in ("{}", "“{}”", "> {}", "Fwd: {}", "Loved “{}”", "« {} »"):
                for known in ((), (prompt,)):
                    found = read_alone(form.format(prompt), prompts=known)
                    with self.subTest(text=form.format(prompt), known=bool(known)):
                        self.assertEqual(found.intent, "unrecognized")

    def test_any_part_of_a_known_prompt(self):
        for prompt in PROMPTS:
            words = prompt.split()
            for start in range(len(words)):
                for end in range(start + 5, len(words) + 1):
                    text = " ".join(words[start:end])
                    found = read_alone(text, prompts=[prompt])
                    # Who sends no more than how to stop wants to stop.
                    stops = text in prompt.rpartition(". ")[2]
                    accepted = {"unrecognized"} | ({"opt_out"} if stops else set())
                    self.assertIn(found.intent, accepted, text)

    def test_own_words_beside_a_copy(self):
        for prompt in PROMPTS:
            for form in (
                "{own}\n> {prompt}",
                "> {prompt}\n{own}",
                "{own}\n{prompt}",
                "{own} “{prompt}”",
                "{own}\n\nOn Mon, Nov 23, 2026 Acme wrote:\n> {prompt}",
            ):
                for intent, own in (
                    ("confirm", "Yes"),
                    ("decline", "I can't make it"),
                    ("opt_out", "stop texting me"),
                ):
                    text = form.format(own=own, prompt=prompt)
                    for known in ((), (prompt,)):
                        with self.subTest(text=text, known=bool(known)):
                            found = read_alone(text, prompts=known)
                            self.assertEqual(found.intent, intent)


class TestReplyLexicon(TestCase):
    def _rows(self):
        path = Path(reply.__file__).parents[2] / "data" / "fsm.confirmation.word.csv"
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def test_shipped_rows(self):
        rows = self._rows()
        self.assertEqual(list(rows[0]), ["id", "lang", "intent", "phrase"])
        ids = [row["id"] for row in rows]
        self.assertEqual(len(ids), len(set(ids)))
        for row in rows:
            self.assertRegex(row["id"], r"^word_[a-z0-9_]+$")
            self.assertIn(row["intent"], reply.INTENTS)
            self.assertTrue(row["phrase"].strip())

    def test_shipped_rows_are_not_cut_off(self):
        for row in self._rows():
            choices = re.findall(r"\(([^()]*)\)", row["phrase"])
            with self.subTest(phrase=row["phrase"]):
                self.assertLess(prod(c.count("|") + 1 for c in choices), 2000)

    def test_phrases_share_their_beginnings_and_ends(self):
        rows = [("en", "confirm", "(a|b|c|d) (e|f|g|h) (i|j|k|l)")]
        nodes, waiting = {}, [reply.Lexicon.from_rows(rows)._root]
        while waiting:
            node = waiting.pop()
            if id(node) not in nodes:
                nodes[id(node)] = node
                waiting += node.children.values()
        self.assertEqual(len(nodes), 4)

    def test_accents_of_short_words(self):
        rows = [("es", "confirm", "sí"), ("fr", "decline", "si")]
        lexicon = reply.Lexicon.from_rows(rows)
        for text, intent in (
            ("sí", "confirm"),
            ("sì", "confirm"),
            ("si", "unrecognized"),
        ):
            with self.subTest(text=text):
                self.assertEqual(intent_of(text, lexicon=lexicon), intent)

    def test_typing_errors_inside_phrases(self):
        for text in (
            "I confirm my apointment",
            "I am avaliable",
            "Yes, plese",
            "thnks, yes",
        ):
            with self.subTest(text=text):
                self.assertEqual(intent_of(text), "confirm")

    def test_administrator_adds_a_word(self):
        rows = [
            (r["lang"], r["intent"], r["phrase"])
            for r in self._rows()
            if r["lang"] == "en"
        ]
        self.assertEqual(intent_of("Jämäkkä!"), "unrecognized")
        lexicon = reply.Lexicon.from_rows([*rows, ("fi", "confirm", "jämäkkä")])
        self.assertEqual(intent_of("Jamakka!", lexicon=lexicon), "confirm")

    def test_administrator_archives_a_word(self):
        rows = [
            (r["lang"], r["intent"], r["phrase"])
            for r in self._rows()
            if r["lang"] == "en" and r["phrase"] != "absolutely"
        ]
        lexicon = reply.Lexicon.from_rows(rows)
        self.assertEqual(intent_of("absolutely"), "confirm")
        found = read_alone("absolutely", lexicon=lexicon)
        self.assertEqual(found.intent, "unrecognized")

    def test_word_after_a_shortened_one(self):
        rows = [
            ("fr", "access", "échelle"),
            ("en", "job", "boiler"),
            ("en", "confirm", "yes"),
        ]
        lexicon = reply.Lexicon.from_rows(rows)
        for text, kind in (
            ("l'échelle", "access"),
            ("d'échelle", "access"),
            ("L\u2019ECHELLE", "access"),
            ("the boiler's", "job"),
        ):
            with self.subTest(text=text):
                tokens = tokenize(level(text))
                self.assertTrue(lexicon.has(tokens, kind))
                found = lexicon.segment(tokens)[-1]
                self.assertIn(kind, found.kinds)
                self.assertEqual(lexicon.begins_with(tokens[-1:], kind), 1)
        for text in ("x'échelle", "d'yes", "l'échelles", "boiler'd"):
            with self.subTest(text=text):
                segments = lexicon.segment(tokenize(level(text)))
                self.assertEqual([s.kinds for s in segments], [{"unknown"}])

    def test_last_noun_of_a_compound(self):
        rows = [
            ("de", "place", "schrank"),
            ("en", "job", "sink"),
            ("de", "confirm", "passt"),
            ("de", "decline", "absage"),
        ]
        lexicon = reply.Lexicon.from_rows(rows)
        for text, kind in (("Zählerschrank", "place"), ("Küchenschrank", "place")):
            self.assertTrue(lexicon.has(tokenize(level(text)), kind), text)
        for text in ("Hauptabsage", "undpasst", "kitchensink"):
            tokens = tokenize(level(text))
            kinds = lexicon.segment(tokens)[0].kinds
            self.assertEqual(kinds, {"unknown"}, text)

    def test_phrase_with_choices_and_number(self):
        lexicon = reply.Lexicon.from_rows(
            [("en", "confirm", "in (about|) {n} (min|minutes)"), ("en", "odd", "x")]
        )
        for text in ("in 5 min", "In about 10 minutes!"):
            self.assertEqual(intent_of(text, lexicon=lexicon), "confirm")
        self.assertEqual(intent_of("in min", lexicon=lexicon), "unrecognized")

    def test_empty_lexicon_and_odd_rows(self):
        for rows in ([], [("en", "confirm", "")], [(None, "confirm", "((|")]):
            lexicon = reply.Lexicon.from_rows(rows)
            self.assertEqual(intent_of("yes", lexicon=lexicon), "unrecognized")


class TestReplyNeverGuesses(TestCase):
    """A yes beside what takes it back is none, in whatever language."""

    YES = {
        "en": ["yes", "ok", "I'll be there", "that works", "go ahead", "understood"],
        "es": ["sí", "vale", "confirmo", "adelante", "estaré", "muy bien"],
        "fr": ["oui", "d'accord", "je confirme", "ça marche", "c'est noté", "mais oui"],
        "de": ["ja", "passt", "bestätigt", "ich kann", "machen wir", "aber ja"],
        "pt": ["sim", "tudo bem", "combinado", "pode vir", "estarei", "entendi"],
        "it": ["sì", "va bene", "confermo", "ma certo", "intesi", "venite pure"],
        "nl": ["ja", "akkoord", "is goed", "doen we", "lijkt me goed", "kom maar"],
    }
    BUT = {
        "en": "if I'm home|but call me|but not today|unless it snows|maybe|I think|"
        "not|never|at 5pm|on Friday|later|only mornings|what time|cancel|wrong date",
        "es": "si llueve|pero llámame|pero no puedo|pero más tarde|quizás|creo|no|"
        "nunca|a las 5|el viernes|más tarde|a qué hora|cancelar|nadie en casa",
        "fr": "si je peux|si je suis là|mais appelez-moi|mais pas demain|peut-être|"
        "je crois|non|jamais|à 15h|vendredi|plus tard|à quelle heure|annuler|personne",
        "de": "wenn ich da bin|aber erst um 5|aber nein|aber ich kann nicht|vielleicht|"
        "ich glaube|nein|nie|um 15 Uhr|Freitag|später|wann|absagen|niemand da",
        "pt": "se puder|mas me ligue|mas não posso|mas mais tarde|talvez|acho|não|"
        "nunca|às 15h|sexta|mais tarde|a que horas|cancelar|ninguém em casa",
        "it": "se posso|ma chiamatemi|ma non posso|ma più tardi|forse|credo|no|mai|"
        "alle 15|venerdì|più tardi|a che ora|annullare|nessuno",
        "nl": "als ik kan|maar bel me|maar ik kan niet|maar later|misschien|denk ik|"
        "nee|nooit|om 15 uur|vrijdag|later|hoe laat|annuleren|niemand thuis",
    }

    FORMS = ["{0} {1}", "{0}, {1}", "{0}. {1}", "{0}\n{1}", "{1} {0}"]

    def test_yes_with_what_takes_it_back(self):
        for lang, answers in self.YES.items():
            remarks = self.BUT[lang].split("|")
            for form, answer, remark in product(self.FORMS, answers, remarks):
                text = form.format(answer, remark)
                with self.subTest(text=text):
                    self.assertNotEqual(intent_of(text), "confirm")


class TestReplyRemarks(TestCase):
    """What stands beside a yes or a no: what takes it back, and what does not."""

    def _decision(self, lang, text):
        known = {"zone": "America/New_York", "lang": lang, "job": "FO048"}
        start, end = datetime(2026, 12, 8, 14), datetime(2026, 12, 8, 16)
        asked = reply.Appointment("A", start, end, technician="Derek Stone", **known)
        said = reply.Said("us", "question", "Bright HVAC: YES or NO?", ("A",))
        now = datetime(2026, 12, 4, 10)
        return reply.read(text, [said], [asked], now=now)

    def test_remarks(self):
        with (DATA / "remarks.tsv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
        for row in rows:
            with self.subTest(text=row["text"]):
                found = dict(self._decision(row["lang"], row["text"]).answers).get("A")
                if row["meaning"] == "no yes":
                    self.assertNotEqual(found, "confirmed")
                elif row["meaning"] == "no refusal":
                    self.assertNotEqual(found, "declined")
                else:
                    self.assertEqual(found, row["meaning"])


class TestReplyStories(TestCase):
    """What customers tell around their answers."""

    def _check(self, intent, *texts):
        for text in texts:
            with self.subTest(text=text):
                self.assertEqual(intent_of(text), intent)

    def test_reason_before_or_after_a_refusal(self):
        self._check(
            "decline",
            "Our pipes froze in Boise so I can't make it",
            "No. My gremlin ate my homework so we can't make it",
            "I can't make it, my gremlin ate my homework",
            "I have to cancel because my gremlin ate my homework",
            "Please cancel. My gremlin ate my homework",
        )
        self._check(
            "unrecognized",
            "My gremlin can't make it",
            "My gremlin lets you in so I won't be home",
            "I won't be home, my gremlin opens",
            "I can't make it if my gremlin comes",
            "Yes, my gremlin ate my homework",
        )
        self._check("decline", "no, my gremlin ate my homework")

    def test_thanked_refusal(self):
        self._check("decline", "No thanks, all good", "no thank you, we're good")
        self._check("unrecognized", "No, that works", "no thanks, see you then")

    def test_signature_in_lines_of_its_own(self):
        self._check(
            "confirm",
            "Yes.\n\nDave Miller\nMiller Properties LLC\n555-201-3344",
            "Yes\nDave Miller",
            "Confirmed\n555-201-3344",
        )
        self._check(
            "unrecognized",
            "Yes\ngremlin at the disco",
            "Yes\nDave Miller Properties Gremlin LLC",
            "Yes\nGremlin Closed",
            "Yes\n5",
        )

    def test_names_after_an_introduction(self):
        self._check("confirm", "This is Ann Parker confirming", "Yes it's Ann")
        self._check("unrecognized", "yes it's raining", "This is madness yes no")


class TestReplyProperties(TestCase):
    @SETTINGS
    @given(
        body=st.one_of(
            st.none(),
            st.text(alphabet=st.characters(), max_size=400),
            st.lists(
                st.sampled_from(
                    ["yes", "no", "stop", "427", "?", "\n", "“", ">", "if", "👍", "--"]
                )
                | st.text(alphabet=st.characters(), max_size=8)
            ).map(" ".join),
        ),
        prompts=st.lists(st.sampled_from(PROMPTS) | st.text(max_size=50), max_size=2),
    )
    def test_any_text_is_understood(self, body, prompts):
        found = read_alone(body, codes=["427"], prompts=prompts)
        self.assertIn(found.outcome, reply.OUTCOMES)
        self.assertIsInstance(found.detail, str)
        self.assertEqual(bool(found.answers), found.outcome == "answered")

    @SETTINGS
    @given(
        clear=st.sampled_from([(i, own) for i in CLEAR for own in CLEAR[i]]),
        before=st.sampled_from(BEFORE),
        after=st.sampled_from(AFTER),
        mark=st.sampled_from(MARKS),
        case=st.sampled_from(CASES),
        space=st.sampled_from(["", " ", "\t", "\u00a0", "\r\n"]),
    )
    def test_wrapping_changes_nothing(self, clear, before, after, mark, case, space):
        intent, own = clear
        text = f"{space}{case(before + own + mark + after)}{space}"
        self.assertEqual(intent_of(text), intent, text)

    @SETTINGS
    @given(
        confirm=st.sampled_from(CLEAR["confirm"]),
        decline=st.sampled_from(CLEAR["decline"]),
        between=st.sampled_from([" ", ", ", ". ", "\n", " / ", " 🙂 ", " thanks "]),
        turned=st.booleans(),
    )
    def test_confirm_with_decline_is_no_confirm(
        self, confirm, decline, between, turned
    ):
        parts = [decline, confirm] if turned else [confirm, decline]
        self.assertNotEqual(intent_of(between.join(parts)), "confirm")

    @SETTINGS
    @given(
        prompt=st.sampled_from(PROMPTS),
        around=st.sampled_from(
            [
                "{}",
                "  {}  ",
                "FW: {}",
                "> {}",
                '"{}"',
                "„{}“",
                "Emphasized “{}”",
                "{}\n{}",
            ]
        ),
        case=st.sampled_from(CASES),
        known=st.booleans(),
    )
    def test_quoting_the_prompt_is_no_answer(self, prompt, around, case, known):
        text = case(around.format(prompt, prompt))
        found = read_alone(text, prompts=[prompt] if known else ())
        self.assertEqual(found.intent, "unrecognized", text)

    @SETTINGS
    @given(
        answer=st.sampled_from(CLEAR["confirm"] + CLEAR["decline"]),
        stop=st.sampled_from(CLEAR["opt_out"]),
        between=st.sampled_from([" ", ", ", ". ", "\n", "! and "]),
    )
    def test_opting_out_wins(self, answer, stop, between):
        if between == " " and answer in ("no puedo", "não posso", "non posso"):
            return  # "I can't unsubscribe" is no opting out
        text = f"{answer}{between}{stop}"
        if between == "! and " and stop not in ("unsubscribe", "stop texting me"):
            return  # "and stop" goes on, "Yes! And stop by"
        self.assertEqual(intent_of(text), "opt_out", text)

    def test_hostile_sizes(self):
        """A text as long as it may be takes no longer than a text should."""
        read_alone("warm up")
        for text in (
            "yes " * 400,
            "a" * 1600,
            "👍" * 1600,
            "don't stop texting " * 80,
            "\n>" * 800,
            '"“' * 800,
            "noooo " * 250,
            "1 " * 800,
            "(a|b)" * 300,
            "a b " * 400,
            "x" * 1_000_000,
            "“hello world " * 50_000,
            "\ud800" * 1600,
        ):
            started = time.perf_counter()
            read_alone(text, prompts=PROMPTS, codes=["427"])
            self.assertLess(time.perf_counter() - started, 1, text[:20])
