# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..levels import check_may_edit


class FsmConfirmationTalkMixin(models.AbstractModel):
    """A text of ours or of a customer, in whose conversation staff read and write."""

    _name = "fsm.confirmation.talk.mixin"
    _description = "Conversation with a Customer"

    def _get_talk(self):
        """The record whose conversation this is in."""
        self.ensure_one()
        return self

    def get_conversation(self, limit=40):
        """What was said in this conversation, in time.

        Of a message: it, other texts to the same customer about the same appointment,
        their replies, our auto-replies, and what people decided by hand; also replies
        of that number that belong to no message. Of a reply that belongs to no message:
        all that was said with its number and is about no appointment.

        :param limit: how many events at most, the newest ones
        :return: dict with ``events`` (oldest first; see the ``_prepare_..._event``
            methods of ``fsm.confirmation.conversation`` for their keys) and
            ``has_earlier`` (bool). Every text in it is plain text, dates are UTC
            strings.
        :raises AccessError: the user may not read this record
        """
        self.ensure_one()
        self.check_access("read")
        conversations = self.env["fsm.confirmation.conversation"]
        return conversations._get_conversation(self._get_talk(), limit)

    def get_write_back(self):
        """What a user who writes to this number should know before.

        :return: dict ``may_write``; without it nothing else, else ``blocked`` (why
            nothing can be written, or ""), ``departure`` (when it leaves, if not at
            once, or ""), ``to`` (who gets it) and ``templates`` (list of dict ``id``,
            ``name``, the prepared texts)
        """
        self.ensure_one()
        self.check_access("read")
        return self.env["fsm.confirmation.write.back"]._describe(self._get_talk())

    def get_prepared_text(self, template_id):
        """A prepared text for this conversation, as plain text.

        :param template_id: of :meth:`get_write_back`
        :raises AccessError: the user's level is below Edit
        """
        self.ensure_one()
        check_may_edit(self.env)
        self.check_access("read")
        service = self.env["fsm.confirmation.write.back"]
        return service._render(self._get_talk(), template_id)

    def action_write_back(self, body, at_once_reason=""):
        """Send a person's words to this number.

        :param at_once_reason: why it can't wait for the texting hours; without one it
            waits. It is kept in the histories.
        :raises AccessError: the user's level is below Edit
        :raises UserError: it can't be sent
        """
        self.ensure_one()
        service = self.env["fsm.confirmation.write.back"]
        service._write_back(self._get_talk(), body, reason=at_once_reason)
        return True
