# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class FsmConfirmationTransfer(models.AbstractModel):
    """What becomes of messages whose Work Order goes to another company."""

    _name = "fsm.confirmation.transfer"
    _description = "Transfer of a Work Order to Another Company"

    @api.model
    def _leave_behind(self, order):
        """What was sent by another company stays there, with all that was written.

        The customer was asked in the name of the other company, by its number: the new
        one must neither see, nor answer, nor inherit it, and asks anew.
        """
        order_sudo = order.sudo()
        messages_sudo = order_sudo.env["fsm.confirmation"].search(
            [
                ("order_id", "=", order_sudo.id),
                ("company_id", "!=", order_sudo.company_id.id),
            ]
        )
        if not messages_sudo:
            return
        activities_sudo = order_sudo.env["mail.activity"]
        activities_sudo.with_context(active_test=False).search(
            [
                ("res_model", "=", order_sudo._name),
                ("res_id", "=", order_sudo.id),
                *activities_sudo._get_answer_domain(),
            ]
        ).unlink()
        self._move_notes(order_sudo, messages_sudo)
        self._detach(messages_sudo)
        # They stand in the list of people who may not read the Work Order any more.
        changes = self.env["fsm.confirmation.change"]
        changes._forget_sudo([order_sudo, *order_sudo.visit_ids])
        for appointments in (order_sudo, order_sudo.visit_ids):
            appointments._set_confirmation_status_sudo("not_sent")

    @api.model
    def _move_notes(self, order_sudo, messages_sudo):
        """Move the notes about messages to the messages themselves.

        A note without a message goes to the newest one.
        """
        notes_sudo = messages_sudo.env["mail.message"].search(
            [
                ("model", "=", order_sudo._name),
                ("res_id", "=", order_sudo.id),
                ("subtype_id", "=", order_sudo._get_private_subtype_id()),
            ]
        )
        newest_sudo = messages_sudo.sorted("id")[-1:]
        for note_sudo in notes_sudo:
            target_sudo = note_sudo.confirmation_id & messages_sudo or newest_sudo
            note_sudo.write({"model": target_sudo._name, "res_id": target_sudo.id})

    @api.model
    def _detach(self, messages_sudo):
        """Close messages: waiting ones are not sent, and no answer counts."""
        messages_sudo._close_sudo("company")
        reason = messages_sudo._describe_cancellation("company")
        waiting_sudo = messages_sudo.filtered(lambda rec: rec.state == "outgoing")
        waiting_sudo._cancel_waiting_sudo(reason)
        messages_sudo.write(
            {"order_id": False, "visit_id": False, "needs_reading": False}
        )
        for record_sudo in messages_sudo:
            record_sudo._message_log(body=reason)
        messages_sudo._notify_changed()
