# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.sms_twilio.tools.sms_twilio import get_twilio_from_number

from ...core.twilio.client import TwilioApi

# What Odoo's neutralization leaves of a token. Everybody knows it, so it is none.
NEUTRALIZED_TOKEN = "dummytoken"
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")


# Which of its own texts a company answers a reply with.
OWN_TEXTS = {
    "help": "job_confirmation_help_text",
    "confirmed": "job_confirmation_confirmed_text",
    "declined": "job_confirmation_declined_text",
    "unclear": "job_confirmation_unclear_text",
    "which": "job_confirmation_which_text",
    "moved": "job_confirmation_moved_text",
    "closed": "job_confirmation_closed_text",
    "deleted": "job_confirmation_closed_text",
}
PLACEHOLDER_HELP = (
    "Empty: the standard text. {company}, {phone}, {job}, {date} and {time} are "
    "filled in."
)
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
_NEEDED_FOR_REPLIES = (
    "job_confirmation_auto_reply",
    "job_confirmation_has_own_texts",
    "job_confirmation_read_minutes",
    "job_confirmation_reply_hours",
    "name",
    "partner_id",
    "phone",
    "sms_twilio_account_sid",
    "sms_twilio_auth_token",
)


class ResCompany(models.Model):
    """What a company decides about its job confirmations."""

    _inherit = "res.company"

    job_confirmation_enabled = fields.Boolean("Job Confirmations")
    job_confirmation_sender_id = fields.Many2one(
        "sms.twilio.number",
        string="Confirmations Are Sent From",
        ondelete="set null",
        domain="[('company_id', '=', id)]",
        help="Empty: the Twilio number of the customer's country, else the first one.",
    )
    job_confirmation_service_sid = fields.Char(
        "Messaging Service SID",
        help="Starts with MG. When set, Twilio chooses the number from this service.",
    )
    job_confirmation_template_id = fields.Many2one(
        "sms.template",
        string="Confirmation Text",
        domain="[('model', '=', 'fsm.order')]",
        ondelete="set null",
        default=lambda self: self.env.ref(
            "fieldservice_job_confirmation.sms_template_job_confirmation",
            raise_if_not_found=False,
        ),
    )
    job_confirmation_help_text = fields.Char(
        "Help Text",
        translate=True,
        help="What a customer gets who texts HELP. Empty: the company's name, phone "
        "and how to opt out.",
    )
    job_confirmation_confirmed_text = fields.Char(
        "Answer to Yes", translate=True, help=PLACEHOLDER_HELP
    )
    job_confirmation_declined_text = fields.Char(
        "Answer to No", translate=True, help=PLACEHOLDER_HELP
    )
    job_confirmation_unclear_text = fields.Char(
        "Answer to an Unclear Reply", translate=True, help=PLACEHOLDER_HELP
    )
    job_confirmation_which_text = fields.Char(
        "Question Which Appointment",
        translate=True,
        help="Empty: the standard text. {choices} lists the appointments with their "
        "numbers; {company} and {phone} are filled in.",
    )
    job_confirmation_moved_text = fields.Char(
        "Answer When the Appointment Was Moved",
        translate=True,
        help="Empty: the standard text. {new_date} and {new_time} are the new ones; "
        "{company}, {phone}, {job}, {date} and {time} are filled in.",
    )
    job_confirmation_closed_text = fields.Char(
        "Answer When the Appointment Was Canceled",
        translate=True,
        help=PLACEHOLDER_HELP,
    )
    job_confirmation_has_own_texts = fields.Boolean(
        compute="_compute_job_confirmation_has_own_texts",
        store=True,
        help="Whether any answer differs from the standard text, in any language.",
    )
    job_confirmation_auto_reply = fields.Boolean("Answer Replies", default=True)
    job_confirmation_reply_hours = fields.Integer(
        "Time Limit for Replies",
        default=0,
        help="Hours after the text was sent in which an answer counts. 0: until the "
        "appointment starts.",
    )

    job_confirmation_read_minutes = fields.Integer(
        "Wait for a Clear Answer",
        default=30,
        help="Minutes after an unclear reply that was asked back to, until a person is "
        "asked to read it. 0: at once.",
    )
    job_confirmation_rate = fields.Integer(
        "Texts a Second",
        default=0,
        help="How many texts a second one sender hands to Twilio at most. 0: as fast "
        "as Twilio takes them; it keeps what a number can't send at once for up to ten "
        "hours. A US long code sends 1 a second, a toll-free number 3, a short code "
        "100.",
    )
    job_confirmation_retention_months = fields.Integer(
        "Keep Texts and Numbers",
        default=0,
        help="After so many months texts and phone numbers of messages are made "
        "anonymous; counts and answers stay. 0: they are kept.",
    )

    @api.depends(*OWN_TEXTS.values())
    def _compute_job_confirmation_has_own_texts(self):
        codes = [code for code, _name in self.env["res.lang"].get_installed()]
        names = set(OWN_TEXTS.values())
        for company in self:
            company.job_confirmation_has_own_texts = any(
                company.with_context(lang=code)[name]
                for code in codes
                for name in names
            )

    @api.constrains(
        "job_confirmation_rate",
        "job_confirmation_read_minutes",
        "job_confirmation_reply_hours",
        "job_confirmation_retention_months",
    )
    def _check_job_confirmation_numbers(self):
        for company in self:
            if (
                min(
                    company.job_confirmation_rate,
                    company.job_confirmation_read_minutes,
                    company.job_confirmation_reply_hours,
                    company.job_confirmation_retention_months,
                )
                < 0
            ):
                raise ValidationError(
                    self.env._(
                        "The rate, the time limit for replies, the minutes and the "
                        "months can't be negative. Enter 0 for none."
                    )
                )

    @api.constrains("job_confirmation_template_id")
    def _check_job_confirmation_template(self):
        for company in self:
            template_sudo = company.job_confirmation_template_id.sudo()
            if template_sudo and template_sudo.model != "fsm.order":
                raise ValidationError(
                    self.env._(
                        "“%s” is no template for Work Orders. Choose one that applies "
                        "to Work Orders.",
                        template_sudo.name,
                    )
                )

    @property
    def _twilio_service(self):
        return (self.job_confirmation_service_sid or "").strip()

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        self.env["fsm.confirmation.health"].sudo().create(
            [{"company_id": company.id} for company in companies]
        )
        return companies

    def write(self, vals):
        service = vals.get("job_confirmation_service_sid")
        if service and not _SERVICE_SID.fullmatch(service.strip()):
            raise ValidationError(
                self.env._(
                    "A Messaging Service SID starts with MG and has 32 hexadecimal "
                    "digits after it. Copy it from Twilio's console."
                )
            )
        if "job_confirmation_enabled" in vals:
            # Who sees which menu depends on it, see ir_ui_menu.py.
            self.env.registry.clear_cache()
        return super().write(vals)

    @api.model
    def _find_by_account_sudo(self, account):
        """The companies that use a Twilio account, with sudo.

        Of a company's two hundred columns only those are read that a reply needs.
        """
        return self.sudo().search_fetch(
            [("sms_twilio_account_sid", "=", account)], _NEEDED_FOR_REPLIES
        )

    @property
    def _twilio_token_sudo(self):
        """The account's auth token, "" without a real one; call it with sudo."""
        token = self.sms_twilio_auth_token or ""
        return "" if token == NEUTRALIZED_TOKEN else token

    def _job_confirmation_template(self):
        """The company's ``sms.template`` for confirmations, with sudo."""
        self.ensure_one()
        return (
            self.sudo().job_confirmation_template_id
            or self.env.ref(
                "fieldservice_job_confirmation.sms_template_job_confirmation"
            ).sudo()
        )

    def _job_confirmation_sender(self, to_number):
        """Where a text to ``to_number`` (E.164) is sent from.

        :return: E.164 number, Messaging Service SID, or "" when none is set up
        """
        self.ensure_one()
        company_sudo = self.sudo()
        if company_sudo._twilio_service:
            return company_sudo._twilio_service
        number = company_sudo.job_confirmation_sender_id or get_twilio_from_number(
            company_sudo, to_number
        )
        return self._phone_e164(number.number) if number else ""

    def _get_twilio_numbers_sudo(self):
        """The company's own Twilio numbers, as E.164."""
        numbers = self.sudo().sms_twilio_number_ids.mapped("number")
        return [self._phone_e164(number) for number in numbers]

    def _phone_e164(self, number):
        """A Twilio number as E.164; people also type it with spaces."""
        return re.sub(r"[^\d+]", "", number or "")

    def _get_job_confirmation_text(self, kind, known):
        """What a customer is answered, in the context's language.

        :param kind: ``confirmed``, ``declined`` (and ``..._brief``), ``unclear``,
            ``which``, ``help``, ``moved``, ``closed``, ``deleted``, ``past`` or
            ``late``
        :param known: dict placeholder -> str
        """
        self.ensure_one()
        name = self.job_confirmation_has_own_texts and OWN_TEXTS.get(kind)
        if name:
            self.fetch([name])  # By itself Odoo would read all there is of a company.
        own = name and self[name]
        if kind == "which" and own and "{choices}" not in own:
            own += " {choices}"  # Without the numbers nobody could answer.
        text = own or self._get_standard_text(kind, known)
        # Only known names: a company's text is no format string for its data.
        text = _PLACEHOLDER.sub(lambda found: str(known.get(found[1], found[0])), text)
        return " ".join(text.split())

    def _get_standard_text(self, kind, known):
        """The standard answer of a kind, with placeholders."""
        texts = {
            "confirmed": self.env._(
                "{company}: thank you, your appointment on {date}, {time} is confirmed."
            ),
            "declined": self.env._(
                "{company}: thank you. We will contact you about another date."
            ),
            "confirmed_brief": self.env._("{date}, {time}: confirmed."),
            "declined_brief": self.env._("{date}, {time}: declined, we will call you."),
            "unclear": self.env._(
                "{company}: sorry, we did not understand. Reply YES to confirm or NO "
                "to decline your appointment on {date}, {time}."
            ),
            "which": self.env._(
                "{company}: which appointment? Reply YES or NO with its number. "
                "{choices}"
            ),
            "help": self.env._(
                "{company}: we text about your appointments. Reply YES or NO to "
                "answer. {phone} Reply STOP to opt out."
            ),
            "moved": self.env._(
                "{company}: this appointment has since been moved to {new_date}, "
                "{new_time}. We will ask you again."
            ),
            "closed": self.env._(
                "{company}: this appointment is no longer planned. Call us with any "
                "question. {phone}"
            ),
            "past": self.env._(
                "{company}: this appointment has passed. Call us with any question. "
                "{phone}"
            ),
            "late": self.env._(
                "{company}: your answer came too late to count. We will contact you."
            ),
        }
        texts["deleted"] = texts["closed"]
        if kind == "moved" and not known.get("new_date"):
            return self.env._(
                "{company}: this appointment has since been moved. We will contact you."
            )
        return texts[kind]

    def _job_confirmation_ready(self):
        """Whether the Twilio account of this company is set up."""
        self.ensure_one()
        company_sudo = self.sudo()
        return bool(
            company_sudo.sms_twilio_account_sid
            and company_sudo._twilio_token_sudo
            and (
                company_sudo._twilio_service
                or company_sudo.job_confirmation_sender_id
                or company_sudo.sms_twilio_number_ids
            )
        )

    def _get_account_companies_sudo(self):
        """Companies that share this company's Twilio account, itself among them."""
        self.ensure_one()
        account = self.sudo().sms_twilio_account_sid
        return self._find_by_account_sudo(account) if account else self.sudo()

    def _twilio_api_sudo(self, api_class=TwilioApi, connections=10):
        """The account's :class:`~...core.twilio.client.TwilioApi`, or a subclass of it.

        :param connections: how many calls may run side by side
        """
        self.ensure_one()
        company_sudo = self.sudo()
        return api_class(
            company_sudo.sms_twilio_account_sid or "",
            company_sudo._twilio_token_sudo,
            connections,
        )
