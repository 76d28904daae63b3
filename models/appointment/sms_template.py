# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, models
from odoo.exceptions import ValidationError

# Carriers and Twilio block the number of a customer who answers with one of these.
OPT_OUT_WORDS = "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT".split()
# Words that ask for an answer, in seven languages.
_ASKING = re.compile(
    r"\b(?:reply|replying|answer|answering|text|texting|respond|responding|type|send|"
    r"responda|responde|responder|conteste|envíe|envie|répondez|répondre|envoyez|"
    r"antworten|antworte|schreiben|senden|rispondi|risponda|invia|antwoord|stuur)\b"
    r"(?P<clause>[^.!?;\n]{0,120})",
    re.IGNORECASE,
)
_WORDS = "|".join(OPT_OUT_WORDS)
# As an answer these words are in capitals, in quotes, or right after "reply" or "or".
_ASKED_WORD = re.compile(
    rf"\b(?P<capital>{_WORDS})\b|[\"“”'«„(]\s?(?P<quoted>(?i:{_WORDS}))\b"
    rf"|(?:^\s*(?i:with|the word|mit|par|con|com|met)?|\b(?i:or|o|ou|oder|of|oppure))"
    rf"\s+(?P<plain>(?i:{_WORDS}))\b"
)
_FOR_OPTING_OUT = re.compile(
    r"opt[\s-]?out|unsubscribe|no more|not (?:get|receive)|stop (?:getting|receiving)|"
    r"baja|no recibir|dejar de recibir|deixar de receber|désabonn|ne plus|abmeld|"
    r"abbestell|disiscri|non ricevere|afmeld|af te melden|uitschrijv|uit te schrijven|"
    r"cancelar a|sair|end (?:these )?(?:texts|messages)",
    re.IGNORECASE,
)


class SmsTemplate(models.Model):
    """Refuses a confirmation text that would make customers opt out by accident."""

    _inherit = "sms.template"

    @api.constrains("body", "model_id")
    def _check_job_confirmation_words(self):
        for template in self.filtered(lambda record: record.model == "fsm.order"):
            bodies = {template.body}
            for lang, _name in self.env["res.lang"].get_installed():
                bodies.add(template.with_context(lang=lang).body)
            for body in bodies:
                template._refuse_opt_out_answer(body or "")

    def _refuse_opt_out_answer(self, body):
        """:raises ValidationError: it asks for an answer that carriers act upon"""
        for asking in _ASKING.finditer(body):
            clause = asking["clause"]
            for found in _ASKED_WORD.finditer(clause):
                # "Reply STOP to opt out" is what the word is for.
                if _FOR_OPTING_OUT.search(clause[found.end() :]):
                    continue
                # "Zum Abmelden antworten Sie mit STOP": said just before.
                if found["capital"] == "STOP" and _FOR_OPTING_OUT.search(
                    body[max(asking.start() - 40, 0) : asking.start()]
                ):
                    continue
                raise ValidationError(
                    self.env._(
                        "This text asks the customer to answer “%(word)s”. Carriers "
                        "take that word as opting out and block every later text to "
                        "that customer. Ask for YES or NO instead.",
                        word=found["capital"] or found["quoted"] or found["plain"],
                    )
                )
