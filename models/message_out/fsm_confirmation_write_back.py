# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ...core.alerts import first_block
from ...core.formatting import MAX_TEXT, plain_spaces
from ...core.kinds import STAFF
from ..appointment.fsm_confirmation_composer import Draft
from ..levels import check_may_edit
from ..xmlids import EDIT_GROUP

# A customer who wrote so short ago waits for what is written back, at any hour.
JUST_WRITTEN = timedelta(hours=1)


class FsmConfirmationWriteBack(models.AbstractModel):
    """What staff write to a customer in a conversation, in their own words."""

    _name = "fsm.confirmation.write.back"
    _description = "Writing Back to Customers"

    # ------------------------------------------------------------------
    # What the screen shows
    # ------------------------------------------------------------------

    @api.model
    def _describe(self, message):
        """See ``fsm.confirmation.get_write_back``."""
        if not (self.env.su or self.env.user.has_group(EDIT_GROUP)):
            return {"may_write": False}
        draft = self._draft(message)
        templates_sudo = self._find_templates_sudo()
        return {
            "may_write": True,
            "blocked": self._find_block(draft),
            "departure": self._describe_departure(draft, message),
            "to": message.contact_name or message.mobile_display,
            "templates": [
                {"id": template_sudo.id, "name": template_sudo.name}
                for template_sudo in templates_sudo
            ],
        }

    @api.model
    def _find_templates_sudo(self):
        """The prepared texts: ``sms.template`` with sudo."""
        templates_sudo = self.env["sms.template"].sudo()
        return templates_sudo.search([("confirmation_kind", "=", "staff")])

    @api.model
    def _render(self, message, template_id):
        """A prepared text about a message, in the customer's language.

        :raises UserError: there is no such text (any more)
        """
        template_sudo = self._find_templates_sudo().filtered(
            lambda template: template.id == template_id
        )
        if not template_sudo:
            raise UserError(
                self.env._("This prepared text no longer exists. Choose another one.")
            )
        lang = message.partner_id.sudo()._get_customer_lang(message.company_id)
        rendered = template_sudo._render_field("body", message.ids, set_lang=lang)
        return plain_spaces(str(rendered[message.id]))[:MAX_TEXT]

    @api.model
    def _find_block(self, draft):
        """Why nothing can be written, in a sentence, or ""."""
        self.env["fsm.confirmation.alert"]._check([draft])
        alert = first_block(draft.alerts)
        return alert.text if alert else ""

    @api.model
    def _describe_departure(self, draft, message):
        """When it leaves, if it has to wait for the texting hours, or ""."""
        if draft.leaves_at_once:
            return ""
        now, zone = fields.Datetime.now(), message._get_timezone()
        departure = draft.company._get_next_departure(now, zone)
        if departure == now:
            return ""
        if not departure:
            return self.env._("It can't be sent: the calendar has no texting hours.")
        zone = zone or draft.company.sudo().partner_id.tz or "UTC"
        return self.env._(
            "Outside the texting hours in %(zone)s: it leaves on %(date)s.",
            zone=zone.rpartition("/")[2].replace("_", " "),
            date=format_datetime(self.env, departure, tz=zone, dt_format="short"),
        )

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    @api.model
    def _draft(self, message, words="", kind=STAFF):
        """A text to the number of a message, about the same appointment.

        :return: :class:`~..appointment.fsm_confirmation_composer.Draft`
        """
        company_sudo = message.company_id.sudo()
        return Draft(
            message.order_id.sudo(),
            message.visit_id.sudo(),
            message.partner_id.sudo(),
            mobile=message.mobile or "",
            # Who was asked by e-mail may have no number.
            verdict="ok" if message.mobile else "missing",
            sender=company_sudo._job_confirmation_sender(message.mobile),
            kind=kind,
            words=words,
            home=company_sudo,
            leaves_at_once=bool(message.mobile) and self._has_just_written(message),
        )

    @api.model
    def _has_just_written(self, message):
        since = fields.Datetime.now() - JUST_WRITTEN
        newest_sudo = self.env["fsm.confirmation.reply"].sudo()
        return bool(
            newest_sudo.search(
                [
                    ("mobile", "=", message.mobile),
                    ("company_id", "=", message.company_id.id),
                    ("received_date", ">=", since),
                ],
                limit=1,
            )
        )

    @api.model
    def _write_back(self, message, words, kind=STAFF):
        """Send a person's words to the number of a message.

        :return: the new ``fsm.confirmation``, with sudo
        :raises AccessError: the user's level is below Edit
        :raises UserError: there are no words, or too many, or something is in the way
        """
        check_may_edit(self.env)
        message.check_access("write")
        lines = (words or "").splitlines()
        words = "\n".join(plain_spaces(line) for line in lines).strip()
        self._check_words(words)
        draft = self._draft(message, words, kind)
        block = self._find_block(draft)
        if block:
            raise UserError(block)
        composer = self.env["fsm.confirmation.composer"]
        record_sudo = composer._record([draft], self.env.user)
        self._have_been_read(message)
        return record_sudo

    @api.model
    def _check_words(self, words):
        if not words:
            raise UserError(self.env._("Write something first."))
        if len(words) > MAX_TEXT:
            raise UserError(
                self.env._("A text has at most %s characters.", MAX_TEXT),
            )
        self.env["sms.template"]._refuse_opt_out_answer(words)

    @api.model
    def _have_been_read(self, message):
        """Who writes back has read what the customer wrote in this conversation."""
        conversations = self.env["fsm.confirmation.conversation"]
        unread_sudo = conversations._find_messages(message.sudo(), None).filtered(
            lambda rec: rec.needs_reading or rec.read_after or rec.activity_id
        )
        unread_sudo.write({"needs_reading": False, "read_after": False})
        activities = self.env["fsm.confirmation.activity"]
        activities._close_read(unread_sudo)
        unread_sudo._notify_changed()
