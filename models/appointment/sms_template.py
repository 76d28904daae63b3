# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from ...core.formatting import choose_language

# What a customer is told in reply, or when a person proposes times. The addon has a
# standard template of each kind.
AUTO_REPLIES = [
    ("confirmed", "Reply to Yes"),
    ("declined", "Reply to No"),
    ("confirmed_brief", "Reply to Yes, One of Several"),
    ("declined_brief", "Reply to No, One of Several"),
    ("unclear", "Reply to an Unclear Text"),
    ("which", "Question Which Appointment"),
    ("several", "Question About Several Appointments"),
    ("reminder", "Reminder to Confirmed Customers"),
    ("moved", "Appointment Was Moved"),
    ("moved_undated", "Appointment Was Moved, No New Date Yet"),
    ("closed", "Appointment Was Canceled"),
    ("past", "Appointment Has Passed"),
    ("late", "Reply Came Too Late"),
    ("help", "Reply to HELP"),
    ("notice_moved", "Notice: Appointment Moved"),
    ("notice_canceled", "Notice: Appointment Canceled"),
    ("notice_technician", "Notice: Another Technician"),
    ("notice_reopened", "Notice: Appointment Takes Place After All"),
    ("several_moved", "Notice: Several Appointments Moved"),
    ("several_canceled", "Notice: Several Appointments Canceled"),
    ("several_technician", "Notice: Another Technician for Several Appointments"),
    ("on_my_way", "On My Way"),
    ("times", "Proposed Times"),
    ("times_first", "Proposed Times, Nothing Asked Before"),
    ("time_set", "Proposed Time Was Set"),
]
# What staff may send in a conversation instead of typing it.
PREPARED = [
    ("staff", "Prepared Text in Conversations"),
    ("staff_reply", "Prepared Text to Unmatched Replies"),
]

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
    """Texts to customers: the question about an appointment, and the auto-replies.

    Refuses one that would make customers opt out by accident.
    """

    _name = "sms.template"
    _inherit = ["sms.template", "fsm.confirmation.cached.mixin"]

    confirmation_kind = fields.Selection(
        [*AUTO_REPLIES, *PREPARED],
        "Used As",
        index="btree_not_null",
        help="The auto-reply that a company may send with this text instead of the "
        "standard one, or a text that staff may choose in a conversation.",
    )

    @api.model
    def _get_auto_reply_model(self, kind):
        """Name of the model whose record a text of this kind is written about."""
        # Whoever asks for help, or is visited, may never have been asked anything.
        models = {
            "help": "res.company",
            "on_my_way": "fsm.order",
            "several": "fsm.order",
            "several_moved": "fsm.order",
            "several_canceled": "fsm.order",
            "several_technician": "fsm.order",
            "reminder": "fsm.order",
            "times_first": "fsm.order",
            "staff_reply": "fsm.confirmation.reply",
        }
        return models.get(kind, "fsm.confirmation")

    @api.model
    def _get_standard_auto_reply(self, kind):
        """The addon's own template of a kind, empty when it is gone."""
        xmlid = f"fieldservice_job_confirmation.sms_template_{kind}"
        return self.env.ref(xmlid, raise_if_not_found=False) or self.browse()

    @api.model
    def _get_standard_auto_replies(self):
        """The addon's own templates, one of each kind."""
        standard = [self._get_standard_auto_reply(kind) for kind, _name in AUTO_REPLIES]
        return self.browse().concat(*standard)

    @api.model
    @tools.ormcache("company_id", "kind", "wanted")
    def _get_auto_reply_bodies(self, company_id, kind, wanted):
        """What a reply of this kind is rendered from, best first.

        :param wanted: tuple of codes of languages, the most wanted first
        :return: tuple of (text, its language): the company's own text, if it has one;
            the standard text
        """
        company = self.env["res.company"].browse(company_id)
        found = []
        for template_sudo in company._get_text_templates_sudo(kind):
            lang = template_sudo._choose_lang(wanted)
            found.append((template_sudo.with_context(lang=lang).body, lang))
        return tuple(found)

    @tools.ormcache("self.id", "wanted")
    def _choose_lang(self, wanted):
        """Code of the language in which a text with this template is written.

        :param wanted: tuple of codes, the most wanted first
        """
        self.ensure_one()
        return choose_language(
            self._fields["body"]._get_stored_translations(self), wanted
        )

    @api.onchange("confirmation_kind")
    def _onchange_confirmation_kind(self):
        if self.confirmation_kind:
            model = self._get_auto_reply_model(self.confirmation_kind)
            self.model_id = self.env["ir.model"]._get(model)

    def _check_for_work_orders(self):
        """:raises ValidationError: one of them can't ask about a Work Order"""
        for template in self:
            if template.model != "fsm.order":
                raise ValidationError(
                    self.env._(
                        "“%s” isn't a template for Work Orders. Choose one that "
                        "applies to Work Orders.",
                        template.name,
                    )
                )

    @api.constrains("confirmation_kind", "model_id")
    def _check_confirmation_kind(self):
        for template in self.filtered("confirmation_kind"):
            model = self._get_auto_reply_model(template.confirmation_kind)
            if template.model != model:
                raise ValidationError(
                    self.env._(
                        "“%(name)s” has to apply to “%(model)s”.",
                        name=template.name,
                        model=self.env["ir.model"]._get(model).name,
                    )
                )

    @api.constrains("body", "model_id", "confirmation_kind")
    def _check_job_confirmation_words(self):
        for template in self:
            if template.model != "fsm.order" and not template.confirmation_kind:
                continue
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

    def _get_cached(self):
        return self.sudo().filtered(
            lambda template: template.confirmation_kind or template.model == "fsm.order"
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_except_standard_auto_reply(self):
        for template in self & self._get_standard_auto_replies():
            raise UserError(
                self.env._(
                    "“%s” is the standard text for every company. Change it instead.",
                    template.name,
                )
            )
