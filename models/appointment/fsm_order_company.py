# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models

from ..privacy.mail_message import SUBTYPE


class FsmOrder(models.Model):
    """A Work Order that goes to another company leaves its messages behind."""

    _inherit = "fsm.order"

    def write(self, vals):
        if "company_id" not in vals:
            return super().write(vals)
        before = {order: order.company_id for order in self}
        result = super().write(vals)
        moved = self.filtered(lambda order: order.company_id != before[order])
        for order in moved:
            order._leave_confirmations_behind()
        return result

    def _leave_confirmations_behind(self):
        """What was sent by another company stays there, with all that was written.

        The customer was asked in the name of the other company, by its number: the new
        one must neither see, nor answer, nor inherit it, and asks anew.
        """
        self.ensure_one()
        order_sudo = self.sudo()
        messages_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    ("order_id", "=", order_sudo.id),
                    ("company_id", "!=", order_sudo.company_id.id),
                ]
            )
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
        messages_sudo._move_notes_sudo(order_sudo)
        messages_sudo._leave_order_sudo()
        order_sudo._set_confirmation_status_sudo("not_sent")
        order_sudo.visit_ids._set_confirmation_status_sudo("not_sent")


class FsmConfirmation(models.Model):
    """What becomes of the messages of a Work Order that went to another company."""

    _inherit = "fsm.confirmation"

    def _move_notes_sudo(self, order_sudo):
        """Have the notes about these messages stand on the messages themselves.

        A note without a link to its message goes to the newest one.
        """
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(SUBTYPE)
        notes_sudo = (
            self.env["mail.message"]
            .sudo()
            .search(
                [
                    ("model", "=", order_sudo._name),
                    ("res_id", "=", order_sudo.id),
                    ("subtype_id", "=", subtype_id),
                ]
            )
        )
        for note_sudo in notes_sudo:
            target = note_sudo.confirmation_id & self or self.sorted("id")[-1:]
            note_sudo.write({"model": self._name, "res_id": target.id})

    def _leave_order_sudo(self):
        """Close these messages: what waits does not leave, no answer counts."""
        waiting_sudo = self.filtered(lambda rec: rec.state == "outgoing")
        self._close_sudo("company")
        reason = self.env._("The Work Order was moved to another company.")
        waiting_sudo.write({"failure_reason": reason})
        self.write({"order_id": False, "visit_id": False, "needs_reading": False})
        for record_sudo in self:
            record_sudo._message_log(body=reason)
        self._notify_changed()
