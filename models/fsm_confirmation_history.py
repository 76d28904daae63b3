# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from markupsafe import Markup

from odoo import api, models

from .mail_message import SUBTYPE

# A blockquote would be folded away by the chatter as a quoted mail.
HISTORY_NOTE = (
    "<p>{title} {link}</p>"
    '<div class="border-start border-2 ps-2 my-1">{body}</div>'
    '<p class="text-muted">{state}</p>'
)


class FsmConfirmation(models.Model):
    """What is written into the histories, and what open screens are told."""

    _inherit = "fsm.confirmation"

    # ------------------------------------------------------------------
    # History and live update
    # ------------------------------------------------------------------

    def _link_to_message(self):
        return Markup('<a href="#" data-oe-model="%s" data-oe-id="%s">%s</a>') % (
            self._name,
            self.id,
            self.name,
        )

    def _history_body(self):
        """The note about this text, with its delivery state, as Markup."""
        self.ensure_one()
        states = dict(self._fields["state"]._description_selection(self.env))
        delivery = states[self.state]
        if self.state in ("failed", "canceled") and self.failure_reason:
            delivery = f"{delivery}: {self.failure_reason}"
        return Markup(HISTORY_NOTE).format(
            title=self.env._(
                "Text message to %(contact)s (%(number)s)",
                contact=self.contact_name or "",
                number=self.mobile,
            ),
            link=self._link_to_message(),
            body=self.body,
            state=self.env._("Delivery: %s", delivery),
        )

    @api.model
    def _log_note(self, target, body, author=None):
        """Write a note into the history of a Work Order or contact.

        Its subtype keeps it from users without a Message Center level.

        :return: the ``mail.message`` with sudo
        """
        if not target:
            return self.env["mail.message"]
        note_sudo = target._message_log(body=body, author_id=author and author.id)
        note_sudo.subtype_id = self.env.ref(SUBTYPE)
        return note_sudo

    def _log_sent(self):
        """Write the text into the histories of Work Order and contact."""
        self.ensure_one()
        author = self.user_id.partner_id
        body = self._history_body()
        self.order_message_id = self._log_note(self.order_id, body, author)
        self.partner_message_id = self._log_note(self.partner_id, body, author)

    def _refresh_history(self):
        """Bring the delivery state in the histories up to date."""
        for record in self:
            messages_sudo = (record.order_message_id | record.partner_message_id).sudo()
            if messages_sudo:
                messages_sudo.write({"body": record._history_body()})

    def _show_change(self):
        """Bring histories and open screens up to date."""
        self._refresh_history()
        self._notify_changed()

    def _notify_changed(self):
        """Tell open screens to read these records again; ids only, no content."""
        if not self:
            return
        group = self.env.ref("fieldservice_job_confirmation.group_message_center_read")
        group.sudo()._bus_send(
            "fsm_confirmation/changed",
            {
                "ids": self.ids,
                "order_ids": self.order_id.ids,
                "partner_ids": self.partner_id.ids,
            },
        )
