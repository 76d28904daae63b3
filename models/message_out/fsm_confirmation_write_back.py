# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import format_datetime

from ...core.alerts import first_block
from ...core.formatting import MAX_TEXT, plain_reason, plain_spaces
from ...core.kinds import STAFF
from ..appointment.fsm_confirmation_composer import Draft
from ..levels import check_may_edit, may_edit

# A customer who wrote this recently is waiting for an answer, at any hour.
JUST_WRITTEN = timedelta(hours=1)
# The same words to the same number within this time are a second click.
_SECOND_CLICK = timedelta(seconds=10)
_REPLY = "fsm.confirmation.reply"
# Which prepared texts staff may choose in the conversation of a record.
_PREPARED = {"fsm.confirmation": "staff", _REPLY: "staff_reply"}
# Our number; a text to another channel or a name is answered by the usual sender.
_NUMBER = re.compile(r"\+?[0-9]{3,15}")


class FsmConfirmationWriteBack(models.AbstractModel):
    """Texts that staff write to a customer in a conversation, in their own words.

    ``talk`` is a message, or a reply that belongs to none.
    """

    _name = "fsm.confirmation.write.back"
    _description = "Writing Back to Customers"

    # ------------------------------------------------------------------
    # What the screen shows
    # ------------------------------------------------------------------

    @api.model
    def _describe(self, talk):
        """See ``fsm.confirmation.talk.mixin``, ``get_write_back``."""
        if not may_edit(self.env):
            return {"may_write": False}
        draft = self._draft(talk)
        return {
            "may_write": True,
            "blocked": self._find_block(draft),
            "departure": self._describe_departure(draft, talk),
            "to": draft.partner.name or talk.mobile_display,
            "templates": [
                {"id": template_sudo.id, "name": template_sudo.name}
                for template_sudo in self._find_templates_sudo(talk)
            ],
        }

    @api.model
    def _find_templates_sudo(self, talk):
        """The prepared texts: ``sms.template`` with sudo."""
        templates_sudo = self.env["sms.template"].sudo()
        kind = _PREPARED[talk._name]
        return templates_sudo.search([("confirmation_kind", "=", kind)])

    @api.model
    def _render(self, talk, template_id):
        """A prepared text for a conversation, in the customer's language.

        :raises UserError: there is no such text (any more)
        """
        template_sudo = self._find_templates_sudo(talk).filtered(
            lambda template: template.id == template_id
        )
        if not template_sudo:
            raise UserError(
                self.env._("This prepared text no longer exists. Choose another one.")
            )
        partner_sudo = talk.partner_id.sudo()
        lang = partner_sudo._get_customer_lang(talk.company_id, template_sudo)
        rendered = template_sudo._render_field("body", talk.ids, set_lang=lang)
        return plain_spaces(str(rendered[talk.id]))[:MAX_TEXT]

    @api.model
    def _find_block(self, draft):
        """Why nothing can be written, in a sentence, or ""."""
        self.env["fsm.confirmation.alert"]._check([draft])
        alert = first_block(draft.alerts)
        return alert.text if alert else ""

    @api.model
    def _find_departure(self, draft, talk):
        """When a text that is sent now goes out.

        :return: (now, departure) as of ``fsm.confirmation.departure``, and the zone in
            which that is decided, maybe ""
        """
        now = fields.Datetime.now()
        zone = talk._get_timezone() if talk._name != _REPLY else ""
        if draft.leaves_at_once:
            return now, now, zone
        return now, draft.company._get_next_departure(now, zone), zone

    @api.model
    def _describe_departure(self, draft, talk):
        """When it will be sent, if it has to wait for the texting hours, or ""."""
        now, departure, zone = self._find_departure(draft, talk)
        if departure == now:
            return ""
        if not departure:
            return self.env._("It can't be sent: the calendar has no texting hours.")
        zone = zone or draft.company.sudo().partner_id.tz or "UTC"
        known = {
            "zone": zone.rpartition("/")[2].replace("_", " "),
            "date": format_datetime(self.env, departure, tz=zone, dt_format="short"),
        }
        end = draft.appointment.scheduled_date_end
        if end and now < end <= departure:
            return self.env._(
                "Outside the texting hours in %(zone)s: it is sent on %(date)s, after "
                "the appointment. Call instead.",
                **known,
            )
        return self.env._(
            "Outside the texting hours in %(zone)s: it is sent on %(date)s.", **known
        )

    # ------------------------------------------------------------------
    # Writing
    # ------------------------------------------------------------------

    @api.model
    def _draft(self, talk, words="", kind=STAFF, reason=""):
        """A text to the number of a conversation, about the same appointment if any.

        :param reason: why it is sent outside the texting hours, if it is
        :return: :class:`~..appointment.fsm_confirmation_composer.Draft`
        """
        about = talk if talk._name != _REPLY else self.env["fsm.confirmation"]
        draft = Draft(
            about.order_id.sudo(),
            about.visit_id.sudo(),
            talk.partner_id.sudo(),
            mobile=talk.mobile or "",
            verdict=self._get_verdict(talk),
            sender=self._get_sender(talk),
            kind=kind,
            words=words,
            home=talk.company_id.sudo(),
            leaves_at_once=bool(talk.mobile) and self._has_just_written(talk),
        )
        now, departure, _zone = self._find_departure(draft, talk)
        if reason and departure != now:
            draft.at_once_reason = reason
        return draft

    @api.model
    def _get_verdict(self, talk):
        """Whether there is a number that can be texted.

        :return: as of ``res.partner._get_confirmation_number``
        """
        if not talk.mobile:
            return "missing"  # Who was asked by e-mail may have none.
        # Services write as well, from short codes and names.
        is_number = self.env["fsm.confirmation.inbox"]._is_phone_number
        may_text = talk._name != _REPLY or is_number(talk.mobile)
        return "ok" if may_text else "invalid"

    @api.model
    def _get_sender(self, talk):
        """The sender of a text; to a customer who wrote to us, the number they know."""
        number = ""
        if talk._name == _REPLY:
            number = talk.recipient or ""
        elif talk._is_about_none():
            number = talk.sender or ""
        if _NUMBER.fullmatch(number):
            return number
        return talk.company_id.sudo()._job_confirmation_sender(talk.mobile)

    @api.model
    def _has_just_written(self, talk):
        since = fields.Datetime.now() - JUST_WRITTEN
        newest_sudo = self.env[_REPLY].sudo()
        return bool(
            newest_sudo.search(
                [
                    ("mobile", "=", talk.mobile),
                    ("company_id", "=", talk.company_id.id),
                    ("received_date", ">=", since),
                ],
                limit=1,
            )
        )

    @api.model
    def _write_back(self, talk, words, kind=STAFF, reason=""):
        """Send a person's words to the number of a conversation.

        :param reason: why it can't wait for the texting hours; kept in the histories
        :return: the new ``fsm.confirmation``, with sudo; after a second click the one
            of the first
        :raises AccessError: the user's level is below Edit
        :raises UserError: there are no words, or too many, or something is in the way
        """
        check_may_edit(self.env)
        talk.check_access("write")
        lines = (words or "").splitlines()
        words = "\n".join(plain_spaces(line) for line in lines).strip()
        self._check_words(words)
        draft = self._draft(talk, words, kind, plain_reason(reason))
        if sent_sudo := self._find_just_sent_sudo(talk, draft):
            return sent_sudo
        block = self._find_block(draft)
        if block:
            raise UserError(block)
        composer = self.env["fsm.confirmation.composer"]
        record_sudo = composer._record([draft], self.env.user)
        self._mark_read(talk)
        return record_sudo

    @api.model
    def _find_just_sent_sudo(self, talk, draft):
        """The text of a first click, if this is a second one; maybe in two processes.

        :return: ``fsm.confirmation``, maybe empty
        """
        self.env["fsm.confirmation.composer"]._lock([talk])
        # Both times are those at which the transactions began.
        since = self.env.cr.now() - _SECOND_CLICK
        messages_sudo = self.env["fsm.confirmation"].sudo()
        return messages_sudo.search(
            [
                ("mobile", "=", draft.mobile),
                ("company_id", "=", draft.company.id),
                ("order_id", "=", draft.order.id),
                ("kind", "=", draft.kind),
                ("body", "=", draft.words),
                ("state", "not in", ("failed", "canceled")),
                ("create_date", ">=", since),
            ],
            limit=1,
        )

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
    def _mark_read(self, talk):
        """Mark a conversation as read: whoever writes back has read it."""
        conversations = self.env["fsm.confirmation.conversation"]
        if conversations._is_about_none(talk):
            conversations._find_unmatched_replies(talk).action_done()
            return
        unread_sudo = conversations._find_messages(talk.sudo(), None).filtered(
            lambda rec: rec.needs_reading or rec.read_after or rec.activity_id
        )
        unread_sudo.write({"needs_reading": False, "read_after": False})
        activities = self.env["fsm.confirmation.activity"]
        activities._close_read(unread_sudo)
        unread_sudo._notify_changed()
