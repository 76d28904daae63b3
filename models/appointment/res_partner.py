# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import functools
from collections import Counter

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from odoo.addons.phone_validation.tools import phone_validation

from ...core.kinds import QUESTION
from ...core.phones import EXTENSION, normal_form, read_number
from ...tools.dialogs import open_dialog
from ..levels import check_may_edit
from ..xmlids import ADMIN_GROUP, EDIT_GROUP, MESSAGES_ACTION, READ_GROUP

# The fields that determine the names shown on messages.
_NAMES = {"company_name", "is_company", "name", "parent_id"}
# The fields from which the time zone of a place of work follows.
_ZONE = {"country_id", "state_id", "tz"}
# Kinds of numbers that no text reaches, as far as the number itself tells.
_NOT_TEXTABLE = ("FIXED_LINE", "TOLL_FREE", "PREMIUM_RATE", "SHARED_COST", "VOICEMAIL")


@functools.lru_cache(maxsize=8192)
def _judge(number):
    """What an E.164 number itself tells: ``ok``, ``invalid`` or ``landline``."""
    # pylint: disable=import-outside-toplevel
    from phonenumbers import PhoneNumberType, number_type

    try:
        kind = number_type(phone_validation.phone_parse(number, None))
    except UserError:
        return "invalid"
    kinds = [getattr(PhoneNumberType, name) for name in _NOT_TEXTABLE]
    return "landline" if kind in kinds else "ok"


class ResPartner(models.Model):
    """Contact: its messages, and whether it may be texted."""

    _inherit = "res.partner"

    confirmation_count = fields.Integer(
        compute="_compute_confirmation_messages", groups=READ_GROUP
    )
    confirmation_opt_out = fields.Char(
        "Opted Out of Texts",
        compute="_compute_confirmation_opt_out",
        search="_search_confirmation_opt_out",
        groups=READ_GROUP,
        help="When and how the contact opted out of text messages.",
    )

    confirmation_wrong_number = fields.Char(
        "Wrong Number",
        compute="_compute_confirmation_messages",
        groups=READ_GROUP,
        help="When and how somebody else answered from this number.",
    )

    confirmation_plan_info = fields.Text(
        "Asked Automatically",
        compute="_compute_confirmation_plan_info",
        compute_sudo=False,
        groups=READ_GROUP,
        help="When the contact is asked next about each Work Order, or why not.",
    )

    @api.model
    def _shows_confirmations(self):
        """Whether the user has a level. Odoo evaluates paths as superuser, so the
        fields' own groups don't hold there."""
        return self.env.uid == SUPERUSER_ID or self.env.user.has_group(READ_GROUP)

    @api.depends("phone")
    @api.depends_context("uid", "lang", "tz", "allowed_company_ids")
    def _compute_confirmation_plan_info(self):
        words = self.env["fsm.confirmation.plan.words"]
        shown = self._shows_confirmations()
        for partner in self:
            described = shown and words._describe_contact(partner._origin)
            partner.confirmation_plan_info = described

    @api.depends("phone_sanitized")
    @api.depends_context("allowed_company_ids", "uid")
    def _compute_confirmation_messages(self):
        self.confirmation_count = 0
        self.confirmation_wrong_number = False
        if not self._shows_confirmations():
            return
        # Count those of a company's contacts for the company, as the button shows them.
        groups = self.env["fsm.confirmation"]._read_group(
            [("partner_id", "child_of", self.ids)],
            ["partner_id"],
            ["__count", "is_wrong_number:bool_or"],
        )
        counts = Counter()
        for partner_sudo, count, _is_wrong in groups:
            partner_sudo = partner_sudo.sudo()
            while partner_sudo:
                counts[partner_sudo.id] += count
                partner_sudo = partner_sudo.parent_id
        wrong = {partner.id for partner, _count, is_wrong in groups if is_wrong}
        for partner in self:
            partner.confirmation_count = counts[partner._origin.id]
            if partner._origin.id in wrong:
                partner.confirmation_wrong_number = partner._describe_wrong_number()

    def write(self, vals):
        addresses = {}
        if vals.keys() & {"phone", "country_id", "email"}:
            addresses = self._find_asked_addresses_sudo()
        names = self._get_shown_names_sudo() if vals.keys() & _NAMES else {}
        result = super().write(vals)
        self._on_addresses_changed_sudo(addresses)
        if "email" in vals:
            self.env["fsm.confirmation.change"]._renew_emails_sudo(self)
        if vals.keys() & _ZONE:
            locations_sudo = self.env["fsm.location"].sudo()
            locations_sudo = locations_sudo.with_context(active_test=False)
            locations_sudo.search([("partner_id", "in", self.ids)])._on_zone_changed()
        if names:
            now = self._get_shown_names_sudo()
            renamed = self.filtered(lambda partner: names[partner] != now[partner])
            self.env["fsm.confirmation.rename"]._follow_sudo(renamed)
        return result

    def _get_shown_names_sudo(self):
        """:return: dict contact -> the names that its messages show"""
        return {
            partner: (partner_sudo.name, partner_sudo.commercial_company_name)
            for partner, partner_sudo in zip(self, self.sudo(), strict=True)
        }

    def unlink(self):
        # Who may delete messages erases what is known of the contact; so does Odoo
        # itself, as when a contact's data is to be forgotten.
        erases = self.env.su or self.env.user.has_group(ADMIN_GROUP)
        mine = [("partner_id", "in", self.ids if erases else [])]
        messages_sudo = self.env["fsm.confirmation"].sudo().search(mine)
        replies_sudo = self.env["fsm.confirmation.reply"].sudo().search(mine)
        result = super().unlink()
        if messages_sudo or replies_sudo:
            retention = self.env["fsm.confirmation.retention"]
            retention._erase_contacts_sudo(messages_sudo, replies_sudo)
        return result

    def _find_asked_addresses_sudo(self):
        """Numbers and e-mail addresses of these contacts, who were asked there about
        what is to come.

        :return: dict ``fsm.confirmation`` with sudo -> the contact's number, or e-mail
            address, now
        """
        asked_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    ("partner_id", "in", self.ids),
                    ("kind", "=", QUESTION),
                    "|",
                    ("appointment_start", ">", fields.Datetime.now()),
                    ("appointment_end", ">", fields.Datetime.now()),
                ]
            )
        )
        return {record: record._get_address_now() for record in asked_sudo}

    @api.model
    def _on_addresses_changed_sudo(self, addresses):
        """What was asked at another number or address is asked again, or counts again.

        :param addresses: see :meth:`_find_asked_addresses_sudo`, from before
        """
        for record_sudo, before in addresses.items():
            asked_at, now = record_sudo._get_address(), record_sudo._get_address_now()
            if now == before:
                continue
            if asked_at == before:
                record_sudo._close_sudo("number")
            elif asked_at == now and record_sudo.closed_reason == "number":
                record_sudo.closed_reason = "changed"
            else:
                continue
            record_sudo._get_appointment_sudo()._on_place_changed()

    def _get_opt_out_number(self):
        """The number whose opt-out counts, or "".

        Odoo's own may be missing: without a country on the contact, it depends on the
        company in which the number was entered.
        """
        self.ensure_one()
        own = self.phone_sanitized
        return normal_form(own) or self._get_confirmation_number(self.env.company)[0]

    @api.depends("phone_sanitized")
    @api.depends_context("allowed_company_ids", "uid")
    def _compute_confirmation_opt_out(self):
        if not self._shows_confirmations():
            self.confirmation_opt_out = False
            return
        numbers = {partner: partner._get_opt_out_number() for partner in self}
        entries = self.env["phone.blacklist"]._job_confirmation_find_sudo(
            set(numbers.values())
        )
        for partner in self:
            entry_sudo = entries.get(numbers[partner])
            partner.confirmation_opt_out = (
                entry_sudo._job_confirmation_describe() if entry_sudo else False
            )

    @api.depends("phone_sanitized")
    @api.depends_context("confirmation_company_id")
    def _compute_display_name(self):
        """Where the contact of a text is chosen, show its number and any opt-out."""
        super()._compute_display_name()
        company = self.env["res.company"].browse(
            self.env.context.get("confirmation_company_id") or []
        )
        if not company or not self.env.user.has_group(EDIT_GROUP):
            return
        # Odoo asks as superuser for the name of whatever a field leads to.
        stored = self.filtered("id")
        readable = stored.sudo(False)._filtered_access("read")
        numbers = {
            partner: partner._get_confirmation_number(company)[0]
            for partner in self
            if partner.id in readable._ids
        }
        found = self.env["phone.blacklist"]._job_confirmation_find_sudo(
            {number for number in numbers.values() if number}
        )
        for partner, number in numbers.items():
            name = partner.display_name or ""
            if number:
                shown = partner._format_number_for_people(number, company)
                name = f"{name}, {shown}"
            if number in found:
                name = self.env._("%s (opted out of texts)", name)
            partner.display_name = name

    def _describe_wrong_number(self):
        """Who answered from the contact's number, False if it is right."""
        newest_sudo = self._find_wrong_number_sudo()[:1]
        return bool(newest_sudo) and self.env._(
            "Somebody else answered from %(number)s on %(date)s: “%(words)s”",
            number=newest_sudo.mobile,
            date=self._format_day(newest_sudo.reply_date),
            words=newest_sudo.reply_body or "",
        )

    def _format_day(self, moment):
        """The day of a naive UTC datetime, as the user writes it."""
        day = moment and fields.Datetime.context_timestamp(self, moment).date()
        return day and self.env["ir.qweb.field.date"].value_to_html(day, {})

    def _find_wrong_number_sudo(self):
        """The messages of the user's companies by which the number is a wrong one."""
        self.ensure_one()
        number = self._get_opt_out_number()
        messages_sudo = self.env["fsm.confirmation"].sudo()
        if not number or not self._origin:
            return messages_sudo
        return messages_sudo.search(
            [
                ("mobile", "=", number),
                ("partner_id", "=", self._origin.id),
                ("is_wrong_number", "=", True),
                ("company_id", "in", self.env.companies.ids),
            ]
        )

    @api.model
    def _search_confirmation_opt_out(self, operator, value):
        if operator != "in":
            return NotImplemented
        if not self._shows_confirmations():
            return Domain.TRUE if False in value else Domain.FALSE
        entries = self.env["phone.blacklist"].sudo()._search([("active", "=", True)])
        opted_out = Domain("phone_sanitized", "in", entries.subselect("number"))
        # [("confirmation_opt_out", "!=", False)] comes as "not in {False}".
        return ~opted_out if False in value else opted_out

    def _get_customer_lang(self, company, template_sudo=None):
        """Code of the language in which a contact, or nobody known, is written to.

        An override point.

        :param template_sudo: the ``sms.template`` of the text, with sudo; by default
            the one of the company's question
        """
        template_sudo = template_sudo or company._job_confirmation_template()
        return template_sudo._choose_lang(self._get_wanted_langs(company))

    def _get_wanted_langs(self, company):
        """Codes of the languages in which somebody is written to, the best first."""
        wanted = (self.lang, company.partner_id.lang, self.env.lang, "en_US")
        return tuple(filter(None, wanted))

    def _get_confirmation_number(self, company):
        """The number to text, and whether it can be.

        :param company: ``res.company`` whose country a bare number belongs to
        :return: (E.164 number or "", verdict): ``ok``, ``missing``, ``invalid``,
            ``extension``, ``landline``
        """
        self.ensure_one()
        phone = self.sudo().phone
        if not (phone or "").strip():
            return "", "missing"
        country = self.sudo().country_id or company.sudo().country_id
        found = read_number(phone, country._job_confirmation_code(country.id) or "")
        if found.problem == EXTENSION:
            return "", "extension"
        verdict = _judge(found.e164) if found.e164 else "invalid"
        return "" if verdict == "invalid" else found.e164, verdict

    @api.model
    def _format_number_for_people(self, number, company):
        """A number in the national format of the company's country, as far as it can.

        :param number: E.164
        """
        return (
            self._phone_format(
                number=number,
                country=company.sudo().country_id,
                force_format="NATIONAL",
            )
            or number
        )

    def action_view_confirmations(self):
        """Open the Message Center with this contact's messages."""
        self.ensure_one()
        self.env["fsm.confirmation"].check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(MESSAGES_ACTION)
        action["domain"] = [("partner_id", "child_of", self.id)]
        action["context"] = {"create": False}
        return action

    def action_opt_out(self):
        """Open the dialog in which the contact is opted out of texts."""
        return self._open_decision("opt_out", self.env._("Opt Out of Texts"))

    def action_lift_opt_out(self):
        """Open the dialog in which an opt-out is lifted with a reason."""
        return self._open_decision("lift", self.env._("Allow Texts Again"))

    def action_trust_number(self):
        """Open the dialog in which a number is trusted again with a reason."""
        return self._open_decision("trust", self.env._("The Number Is Right"))

    def _open_decision(self, decision, title):
        """:param decision: an ``action`` of ``fsm.confirmation.settle``"""
        self.ensure_one()
        self._check_may_decide()
        return open_dialog(
            title,
            "fsm.confirmation.settle",
            default_action=decision,
            default_partner_id=self.id,
        )

    def _trust_number(self, reason):
        """The contact's number is right after all; the reason is in the history.

        :raises AccessError: the user's level is below Edit
        """
        self._check_may_decide()
        for partner in self:
            found_sudo = partner._find_wrong_number_sudo()
            if not found_sudo:
                continue
            found_sudo.write({"is_wrong_number": False, "needs_reading": False})
            activities = self.env["fsm.confirmation.activity"]
            activities._close(found_sudo)
            note = self.env._(
                "%(number)s is the contact's number. Reason: %(reason)s",
                number=found_sudo[0].mobile,
                reason=reason,
            )
            chatter = self.env["fsm.confirmation.chatter"]
            for company_sudo in found_sudo.company_id:
                chatter._log([partner], note, company_sudo)
            found_sudo._notify_changed()

    def _check_may_decide(self):
        """:raises AccessError: the user's level is below Edit"""
        if not self.env.su:
            check_may_edit(self.env)
        self.check_access("read")

    def _opt_out(self, reason=""):
        """Put the contact's number on the blacklist: the customer wants no texts.

        :raises AccessError: the user's level is below Edit
        :raises UserError: there is no number that could be opted out
        """
        self._check_may_decide()
        for partner in self:
            number = partner._get_opt_out_number()
            if not number:
                raise UserError(
                    self.env._("%s has no valid phone number.", partner.display_name)
                )
            opt_outs = self.env["fsm.confirmation.opt.out"]
            opt_outs._opt_out_contact(partner, number, reason)

    def _lift_opt_out(self, reason):
        """Take the contact's number off the blacklist, with the reason in the history.

        :raises AccessError: the user's level is below Edit
        """
        self._check_may_decide()
        for partner in self:
            number = partner._get_opt_out_number()
            if not number:
                continue
            note = self.env._("Texts are allowed again. Reason: %s", reason)
            self.env["phone.blacklist"]._job_confirmation_opt_in_sudo(
                number, note, by_hand=True, company=self.env.company
            )
            opt_outs = self.env["fsm.confirmation.opt.out"]
            opt_outs._on_lifted(number, partner, note)
