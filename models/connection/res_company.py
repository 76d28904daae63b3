# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re

import pytz

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.sms_twilio.tools.sms_twilio import get_twilio_from_number

from ...core import hours
from ...core.kinds import PREPARED_TEXTS
from ...core.twilio.client import TwilioApi

# What Odoo's neutralization leaves of a token. Everybody knows it, so it is none.
NEUTRALIZED_TOKEN = "dummytoken"
_HOURS_PARAMETER = "job_confirmation.texting_hours"
_HOURS = re.compile(r"(?P<begin>\d{1,2})-(?P<end>\d{1,2})")
# Real ones have 32 characters; what could be guessed is none either.
_TOKEN = re.compile(r"[!-~]{16,}")
_SERVICE_SID = re.compile(r"MG[0-9a-fA-F]{32}")


# How customers are told of a change, see core/notices.py.
NOTICE_WAYS = [("off", "Off"), ("hand", "By hand"), ("auto", "Automatically")]
# What the planner has found follows from these as well.
_DECIDES_PLANNING = {
    "job_confirmation_calendar_id",
    "job_confirmation_daily_limit",
    "job_confirmation_enabled",
}
NEEDED_FOR_REPLIES = (
    "job_confirmation_auto_reply",
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
        help="Empty: the number in the customer's country, otherwise the first one.",
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
    job_confirmation_text_ids = fields.Many2many(
        "sms.template",
        "job_confirmation_text_rel",
        "company_id",
        "template_id",
        string="Own Auto-Replies",
        domain=[("confirmation_kind", "not in", (False, *PREPARED_TEXTS))],
        help="Sent instead of the standard text of their kind.",
    )
    job_confirmation_auto_reply = fields.Boolean("Answer Replies", default=True)
    job_confirmation_reply_hours = fields.Integer(
        "Time Limit for Replies",
        default=0,
        help="Hours after sending during which a response counts. 0: until the "
        "appointment is over.",
    )

    job_confirmation_read_minutes = fields.Integer(
        "Wait for a Clear Answer",
        default=30,
        help="Minutes to wait for a clear answer after asking the customer to clarify, "
        "before a person is asked to read the reply. 0: right away.",
    )
    job_confirmation_rate = fields.Integer(
        "Texts per Second",
        default=0,
        help="Maximum per sender. 0: as fast as Twilio accepts them; it queues what a "
        "number can't send at once for up to ten hours. A US long code sends 1 a "
        "second, a toll-free number 3, a short code 100.",
    )
    job_confirmation_calendar_id = fields.Many2one(
        "resource.calendar",
        string="Texting Hours",
        ondelete="restrict",
        domain="[('company_id', 'in', [False, id])]",
        help="When texts may be sent, in the job site's local time. Texts sent by hand "
        "wait too, unless the dispatcher gives a reason. Empty: 8:00 to 20:00 every "
        "day.",
    )
    job_confirmation_email = fields.Selection(
        [
            ("never", "Never"),
            ("by_hand", "When a dispatcher chooses it"),
            ("always", "Whenever a contact can't be texted"),
        ],
        "Ask by E-mail",
        default="by_hand",
        required=True,
        help="For contacts who can't be texted but have an e-mail address. Those who "
        "opted out of texts get one only when a person chooses it.",
    )
    job_confirmation_daily_limit = fields.Integer(
        "Automatic Texts a Day",
        default=3,
        help="The most automatic texts that one number gets in a day.",
    )
    job_confirmation_notice_moved = fields.Selection(
        NOTICE_WAYS, "Notice of a Moved Date", default="hand", required=True
    )
    job_confirmation_notice_canceled = fields.Selection(
        NOTICE_WAYS, "Notice of a Cancellation", default="hand", required=True
    )
    job_confirmation_notice_technician = fields.Selection(
        NOTICE_WAYS, "Notice of Another Technician", default="off", required=True
    )
    job_confirmation_notice_minutes = fields.Integer(
        "Wait After the Last Change",
        default=15,
        help="Minutes without a further change after which customers are told. "
        "Several changes make one text.",
    )
    job_confirmation_notice_limit = fields.Integer(
        "Changes at Once",
        default=20,
        help="When more changes than this are due at once, none is texted "
        "automatically: a person decides.",
    )
    job_confirmation_retention_months = fields.Integer(
        "Keep Texts and Numbers",
        default=0,
        help="Months after which message texts and phone numbers are erased. Counts "
        "and responses stay. 0: never.",
    )

    def _asks_by_email_itself(self):
        """Whether customers who can't be texted are sent e-mails without a click."""
        return self.sudo().job_confirmation_email == "always"

    @api.constrains(
        "job_confirmation_notice_minutes",
        "job_confirmation_notice_limit",
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
        self.job_confirmation_template_id.sudo()._check_for_work_orders()

    @api.constrains("job_confirmation_text_ids")
    def _check_job_confirmation_texts(self):
        for company in self:
            templates_sudo = company.job_confirmation_text_ids.sudo()
            for kind, same_sudo in templates_sudo.grouped("confirmation_kind").items():
                if not kind or kind == "staff":
                    raise ValidationError(
                        self.env._(
                            "“%s” isn't an auto-reply. Choose in the template which "
                            "one it is.",
                            same_sudo[0].name,
                        )
                    )
                if len(same_sudo) > 1:
                    raise ValidationError(
                        self.env._(
                            "“%(first)s” and “%(second)s” are for the same reply. "
                            "Remove one of them from the list.",
                            first=same_sudo[0].name,
                            second=same_sudo[1].name,
                        )
                    )

    @property
    def _twilio_service(self):
        return (self.job_confirmation_service_sid or "").strip()

    @api.model_create_multi
    def create(self, vals_list):
        companies = super().create(vals_list)
        self.env["fsm.confirmation.connection"].sudo().create(
            [{"company_id": company.id} for company in companies]
        )
        self.env["fsm.confirmation.plan"]._make_ready_made(companies)
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
        result = super().write(vals)
        kept = {"job_confirmation_enabled", "job_confirmation_text_ids"}
        if self and vals.keys() & kept:
            # Who sees which menu, and what customers are told, is kept in memory.
            self.env.registry.clear_cache()
        if self and vals.keys() & _DECIDES_PLANNING:
            self.env["fsm.confirmation.outlook"]._forget_companies_sudo(self)
        return result

    @api.model
    def _find_by_account_sudo(self, account):
        """The companies that use a Twilio account, with sudo.

        Of a company's two hundred columns only those are read that a reply needs.
        """
        return self.sudo().search_fetch(
            [("sms_twilio_account_sid", "=", account)], NEEDED_FOR_REPLIES
        )

    @property
    def _twilio_token_sudo(self):
        """The account's auth token, "" without a real one; call it with sudo."""
        token = (self.sms_twilio_auth_token or "").strip()
        is_real = _TOKEN.fullmatch(token) and token != NEUTRALIZED_TOKEN
        return token if is_real else ""

    def _job_confirmation_template(self):
        """The company's ``sms.template`` for confirmations, with sudo."""
        self.ensure_one()
        chosen_sudo = self.sudo().job_confirmation_template_id
        if chosen_sudo:
            return chosen_sudo
        # Kept in memory, while ``env.ref`` asks each time whether it exists.
        standard = self.env["ir.model.data"]._xmlid_to_res_id(
            "fieldservice_job_confirmation.sms_template_job_confirmation",
            raise_if_not_found=True,
        )
        return chosen_sudo.browse(standard)

    def _get_text_templates_sudo(self, kind):
        """Its own ``sms.template`` of a kind, if any, and the standard one, with sudo.

        The first one is sent.
        """
        own_sudo = self.sudo().job_confirmation_text_ids.filtered(
            lambda template: template.confirmation_kind == kind
        )
        return own_sudo + own_sudo._get_standard_auto_reply(kind)

    def _job_confirmation_sender(self, to_number):
        """Where a text to ``to_number`` (E.164) is sent from.

        :return: E.164 number, Messaging Service SID, or "" when none is set up
        """
        self.ensure_one()
        company_sudo = self.sudo()
        if company_sudo._twilio_service:
            return company_sudo._twilio_service
        number = company_sudo.job_confirmation_sender_id
        if not number:
            numbers = company_sudo.sms_twilio_number_ids
            # Where a text goes only matters if there are several.
            number = (
                numbers
                if len(numbers) < 2
                else get_twilio_from_number(company_sudo, to_number)
            )
        return self._phone_e164(number.number) if number else ""

    def _get_twilio_numbers_sudo(self):
        """The company's own Twilio numbers, as E.164."""
        numbers = self.sudo().sms_twilio_number_ids.mapped("number")
        return [self._phone_e164(number) for number in numbers]

    def _phone_e164(self, number):
        """A Twilio number as E.164; people also type it with spaces."""
        return re.sub(r"[^\d+]", "", number or "")

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

    def _get_texting_windows(self):
        """The hours in which texts may be sent, as :mod:`...core.hours` takes them.

        Those of the company's calendar, or the default ones. An override point.
        """
        calendar_sudo = self.sudo().job_confirmation_calendar_id
        if calendar_sudo:
            return calendar_sudo._get_texting_windows(self)
        return self._get_default_texting_windows()

    @api.model
    def _get_default_texting_windows(self):
        """The same hours every day, for companies without a calendar.

        The system parameter ``job_confirmation.texting_hours`` ("8-20") has others for
        the whole database.
        """
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        value = parameters_sudo.get_param(_HOURS_PARAMETER) or ""
        found = _HOURS.fullmatch(value.strip())
        if not found:
            return hours.DEFAULT_WINDOWS
        return hours.every_day((int(found["begin"]), int(found["end"])))

    def _get_next_departure(self, earliest, zone):
        """When a text that nobody sends just now may be sent.

        :param earliest: naive UTC datetime
        :param zone: name of the time zone of the place of work, empty if not known
        :return: see :func:`~...core.hours.next_departure`
        """
        self.ensure_one()
        zone = self._get_known_timezone(zone)
        return hours.next_departure(earliest, zone, self._get_texting_windows())

    def _get_known_timezone(self, zone):
        """The name of a time zone, the company's when it is not known."""
        known = zone in pytz.all_timezones_set
        return zone if known else self.sudo().partner_id.tz or "UTC"

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
