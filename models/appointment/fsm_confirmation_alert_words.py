# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

from ...core.alerts import ALERTS, SETUP, Alert


class FsmConfirmationAlertWords(models.AbstractModel):
    """What alerts say, each in a sentence and in a few words."""

    _name = "fsm.confirmation.alert.words"
    _description = "Alerts in Words"

    @api.model
    def _make_alert(self, code, draft, entry_sudo, asked_sudo):
        """An alert in the user's language.

        :param entry_sudo: ``phone.blacklist`` of the number, or None
        :param asked_sudo: the ``fsm.confirmation`` that was sent before, or None
        """
        words = {
            **self._get_appointment_words(draft),
            **self._get_contact_words(draft),
            **self._get_number_words(draft, entry_sudo),
            **self._get_email_words(draft, entry_sudo),
            **self._get_earlier_words(asked_sudo),
        }
        text, summary = words[code]()
        level, actions = ALERTS[code]
        return Alert(code, level, text, summary, actions)

    @api.model
    def _make_departure_alert(self, code, record_sudo):
        if code in SETUP:
            text = self.env._("not set up for %s", record_sudo.company_id.name)
        else:
            text = {
                "opted_out": self.env._(
                    "The customer opted out before the text was sent."
                ),
                "archived": self.env._(
                    "The contact was archived before the text was sent."
                ),
                "past": self.env._("The appointment passed before the text was sent."),
                "held": self.env._("Automatic texts were held before it was sent."),
            }.get(code) or self._describe_outdated(record_sudo)
        level, actions = ALERTS[code]
        return Alert(code, level, text, actions=actions)

    @api.model
    def _describe_outdated(self, record_sudo):
        if record_sudo._asks() or record_sudo._get_stale_reason():
            return self.env._("The appointment changed before the text was sent.")
        return self.env._("What it says was no longer true when it could be sent.")

    @api.model
    def _get_appointment_words(self, draft):
        """:return: dict code -> function -> (sentence, a few words for many)"""
        order, company = draft.order, draft.company
        return {
            "disabled": lambda: (
                self.env._(
                    "Job confirmations are not enabled for %s. Ask an administrator to "
                    "switch them on in Settings > Field Service.",
                    company.name,
                ),
                self.env._("Job confirmations are not enabled for %s", company.name),
            ),
            "not_ready": lambda: (
                self.env._(
                    "Twilio is not set up for %s. Ask an administrator to enter the "
                    "account and a number in Settings > Field Service.",
                    company.name,
                ),
                self.env._("Twilio is not set up for %s", company.name),
            ),
            "closed": lambda: (
                self.env._(
                    "This Work Order is %s: there is nothing to confirm.",
                    order.stage_id.name,
                ),
                self.env._("The Work Order is %s", order.stage_id.name),
            ),
            "foreign_visit": lambda: (
                self.env._("This visit belongs to another Work Order."),
                self.env._("The visit belongs to another Work Order"),
            ),
            "all_past": lambda: (
                self.env._(
                    "All visits of this Work Order are in the past. Plan the next "
                    "visit first."
                ),
                self.env._("All visits are in the past"),
            ),
            "no_visit": lambda: (
                self.env._("Choose the visit that the customer is asked about."),
                self.env._("No visit is chosen"),
            ),
            "undated": lambda: (
                self.env._("The appointment has no date. Schedule it first."),
                self.env._("It has no date"),
            ),
            "past": lambda: (
                self.env._("The appointment is in the past. Give it a new date first."),
                self.env._("The appointment is in the past"),
            ),
            "too_late": lambda: (
                self.env["fsm.confirmation.departure"]._describe_too_late(draft),
                self.env._("Its appointment begins before the next texting hours"),
            ),
            "outside_hours": lambda: (
                self.env["fsm.confirmation.departure"]._describe(draft),
                self.env._("It waits for the texting hours"),
            ),
            "no_text": lambda: (
                order._describe_template_problem(),
                self.env._("The confirmation text can't be used"),
            ),
        }

    @api.model
    def _get_contact_words(self, draft):
        """:return: dict code -> function -> (sentence, a few words for many)"""
        partner = draft.partner
        recipients = self.env["fsm.confirmation.recipient"]
        archived = partner or recipients._get_archived(draft.order)[:1]
        return {
            "archived": lambda: (
                self.env._(
                    "%s is archived. Choose another contact, or restore this one.",
                    archived.name,
                ),
                self.env._("The contact is archived"),
            ),
            "no_contact": lambda: (
                self.env._("Choose the contact who gets the text."),
                self.env._("There is no contact"),
            ),
            "foreign_contact": lambda: (
                self.env._(
                    "%s is not a contact of this customer or location.", partner.name
                ),
                self.env._("The contact is of another customer"),
            ),
        }

    @api.model
    def _get_number_words(self, draft, entry_sudo):
        """:return: dict code -> function -> (sentence, a few words for many)"""
        partner, number = draft.partner, self._format_number(draft)
        name = partner.name or number
        return {
            "number_missing": lambda: (
                self.env._(
                    "%s has no phone number. Enter a mobile number on the contact, or "
                    "choose another contact.",
                    partner.name,
                ),
                self.env._("No contact has a mobile number"),
            ),
            "number_invalid": lambda: (
                self._describe_invalid_number(draft),
                self.env._("The number is not valid"),
            ),
            "number_extension": lambda: (
                self.env._(
                    "“%(number)s” of %(contact)s has an extension, which can't be "
                    "texted. Enter a mobile number on the contact, or choose another "
                    "contact.",
                    number=partner.phone,
                    contact=partner.name,
                ),
                self.env._("The number has an extension"),
            ),
            "number_wrong": lambda: (
                self.env._(
                    "%(number)s is not the number of %(contact)s: somebody else "
                    "answered. Enter the right number on the contact, or choose "
                    "another contact.",
                    number=number,
                    contact=partner.name,
                ),
                self.env._("Wrong number"),
            ),
            "number_landline": lambda: (
                self.env._(
                    "%(number)s of %(contact)s is a landline. Enter a mobile number on "
                    "the contact, or choose another contact.",
                    number=number,
                    contact=partner.name,
                ),
                self.env._("The number is a landline"),
            ),
            "opted_out": lambda: (
                self.env._(
                    "%(contact)s opted out of texts and can't be texted. %(how)s. Call "
                    "instead, or choose another contact. A customer opts in again by "
                    "texting START.",
                    contact=name,
                    how=entry_sudo._job_confirmation_describe(),
                ),
                self.env._("%s opted out of texts", name),
            ),
            "failed_as_landline": lambda: (
                self.env._(
                    "An earlier text to %(number)s failed because it is a landline. "
                    "Enter a mobile number on the contact, or choose another contact.",
                    number=number,
                ),
                self.env._("The number is a landline"),
            ),
            "opt_out_lifted": lambda: (
                self.env._(
                    "The opt-out of %(contact)s was lifted by hand. Twilio blocks the "
                    "number until the customer texts START to you.",
                    contact=partner.name,
                ),
                self.env._("The opt-out was lifted by hand"),
            ),
        }

    @api.model
    def _get_email_words(self, draft, entry_sudo):
        """:return: dict code -> function -> (sentence, a few words for many)"""
        partner = draft.partner
        name = partner.name or self._format_number(draft)
        return {
            "email_off": lambda: (
                self.env._(
                    "%s asks nobody by e-mail. An administrator can change that in "
                    "Settings > Field Service.",
                    draft.company.name,
                ),
                self.env._("Asking by e-mail is switched off"),
            ),
            "email_missing": lambda: (
                self.env._(
                    "%s has no valid e-mail address. Enter one on the contact, or "
                    "choose another contact.",
                    partner.name,
                ),
                self.env._("The contact has no valid e-mail address"),
            ),
            "email_refused": lambda: (
                self.env._(
                    "%(email)s is on the list of addresses that take no e-mail. Call "
                    "instead, or choose another contact.",
                    email=draft.email,
                ),
                self.env._("The address takes no e-mail"),
            ),
            "texts_refused": lambda: (
                self.env._(
                    "%(contact)s opted out of texts. %(how)s. Send the e-mail only if "
                    "the customer expects it.",
                    contact=name,
                    how=entry_sudo._job_confirmation_describe(),
                ),
                self.env._("%s opted out of texts", name),
            ),
        }

    @api.model
    def _format_number(self, draft):
        return draft.mobile and draft.partner._format_number_for_people(
            draft.mobile, draft.company
        )

    @api.model
    def _describe_invalid_number(self, draft):
        if draft.mobile:
            return self.env._(
                "“%s” can't be texted: it is not a phone number.", draft.mobile
            )
        return self.env._(
            "“%(number)s” of %(contact)s is not a valid phone number. Correct it on "
            "the contact, or choose another contact.",
            number=draft.partner.phone,
            contact=draft.partner.name,
        )

    @api.model
    def _get_earlier_words(self, record_sudo):
        """:return: dict code -> function -> (sentence, a few words for many)"""
        if not record_sudo:
            return {}
        details = {
            "contact": record_sudo.contact_name or "",
            "sent": self._format_datetime(
                record_sudo.sent_date or record_sudo.create_date
            ),
            "answered": self._format_datetime(record_sudo.reply_date),
            "words": (record_sudo.reply_body or "").strip()[:80],
        }
        return {
            "confirmed": lambda: (
                self.env._(
                    "%(contact)s already confirmed this appointment on %(answered)s.",
                    **details,
                ),
                self.env._("Confirmed already"),
            ),
            "declined": lambda: (
                self.env._(
                    "%(contact)s declined this appointment on %(answered)s: "
                    "“%(words)s”. Agree on another date first.",
                    **details,
                ),
                self.env._("Declined: agree on another date first"),
            ),
            "unrecognized": lambda: (
                self.env._(
                    "%(contact)s answered on %(answered)s, but not clearly: "
                    "“%(words)s”. A new text replaces the old question.",
                    **details,
                ),
                self.env._("Answered, but not clearly: read the reply"),
            ),
            "asked": lambda: (
                self.env._(
                    "%(contact)s was already asked about this appointment on %(sent)s "
                    "and has not answered yet. A new text replaces the old question.",
                    **details,
                ),
                self.env._("Asked already, no response yet"),
            ),
        }

    @api.model
    def _format_datetime(self, value):
        """A short date and time in the user's own language and time zone."""
        return value and self.env["ir.qweb.field.datetime"].value_to_html(
            value, {"format": "short"}
        )
