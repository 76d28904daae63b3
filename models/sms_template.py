# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, models
from odoo.exceptions import ValidationError

# Carriers and Twilio block the number of a customer who answers with one of these.
OPT_OUT_WORDS = ["STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"]
# "reply CANCEL to ...", "answer with END", "text QUIT for ...", in seven languages.
_ASKING = (
    r"\b(?:reply|replying|answer|answering|text|texting|respond|responding|type|send|"
    r"responda|responde|conteste|envíe|répondez|répondre|envoyez|antworten|antworte|"
    r"schreiben|senden|rispondi|risponda|invia|antwoord|stuur|responder|envie)\b"
)
_ASKED_WORD = re.compile(
    _ASKING
    + r"[^.!?\n]{0,60}?[\"“'«„(]?\b("
    + "|".join([*OPT_OUT_WORDS, "STOP"])
    + r")\b"
    r"(?P<after>[^.!?\n]{0,60})",
    re.IGNORECASE,
)
_FOR_OPTING_OUT = re.compile(
    r"opt[\s-]?out|unsubscribe|no more|not (?:get|receive)|stop (?:getting|receiving)|"
    r"baja|no recibir|désabonn|ne plus|abmeld|abbestell|disiscri|non ricevere|afmeld|"
    r"uitschrijv|cancelar a|sair|end (?:these )?(?:texts|messages)",
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
        for found in _ASKED_WORD.finditer(body):
            if _FOR_OPTING_OUT.search(found["after"]):
                continue  # "Reply STOP to opt out" is what the word is for.
            raise ValidationError(
                self.env._(
                    "This text asks the customer to answer “%(word)s”. Carriers take "
                    "that word as opting out and block every later text to that "
                    "customer. Ask for YES or NO instead.",
                    word=found[1],
                )
            )
