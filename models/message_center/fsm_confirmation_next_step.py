# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError

from ...core.status import OUTDATED
from ..levels import may_edit


class FsmConfirmationNextStep(models.AbstractModel):
    """What a user can do about a message now, and doing it."""

    _name = "fsm.confirmation.next.step"
    _description = "Next Steps of a Job Confirmation"

    @api.model
    def _get_steps(self, message):
        """The steps that this user can take, the likeliest first.

        :return: list of dict ``key``, ``label``, ``icon``, ``primary`` (bool),
            ``stays`` (the details stay open below what it opens), and where it acts
            at once ``confirm``: what is asked before, a dict ``title``, ``body``,
            ``label``
        """
        if self.env.context.get("confirmation_look_only"):
            return []
        steps = []
        if may_edit(self.env):
            steps += self._get_edit_steps(message)
        if message.order_id and message.order_id.has_access("read"):
            label = self.env._("Open Work Order")
            steps.append(self._prepare_step("open_order", label, "fa-external-link"))
        for step in steps[1:]:
            step["primary"] = False
        return steps

    @api.model
    def _prepare_step(self, key, label, icon, primary=False, stays=False):
        return {
            "key": key,
            "label": label,
            "icon": icon,
            "primary": primary,
            "stays": stays,
        }

    @api.model
    def _get_edit_steps(self, message):
        """The steps of users who may change a message. An override point."""
        step = self._prepare_step
        unclear = message.response == "unrecognized"
        steps = self._get_time_steps(message)
        # An opt-out in between makes the Send dialog say so.
        if message.can_send_again:
            steps.append(
                step("send_again", self.env._("Send Again"), "fa-repeat", primary=True)
            )
        elif self._can_ask_again(message):
            steps.append(
                step("ask_again", self.env._("Ask Again"), "fa-repeat", primary=True)
            )
        if message.needs_reading and not unclear:
            steps.append(
                step("mark_read", self.env._("Mark as Read"), "fa-check", primary=True)
            )
        steps += self._get_move_steps(message)
        if message._asks() and (message.state != "canceled" or message.response):
            steps.append(self._prepare_resolve_step(message, unclear))
        if unclear and not message.proposed_date and self._can_move(message):
            steps.append(self._prepare_reschedule_step(primary=False))
        steps += self._get_propose_steps(message)
        about_none = message._is_about_none()
        if not about_none and self._find_unmatched_replies(message, limit=1):
            label = self.env._("Attach Reply")
            steps.append(step("attach", label, "fa-link", primary=True, stays=True))
        if self.env["fsm.confirmation.undo"]._can_undo(message):
            steps.append(step("undo", self.env._("Undo"), "fa-undo"))
        if self._can_text_another(message):
            label = self.env._("Text Another Contact")
            steps.append(step("text_another", label, "fa-commenting-o"))
        return steps

    @api.model
    def _get_move_steps(self, message):
        """Another date: what the customer proposed, or what a person sets."""
        steps = []
        if self._can_move_as_proposed(message):
            label, icon = self.env._("Set the Proposed Time"), "fa-calendar-check-o"
            steps.append(self._prepare_step("move", label, icon, True, True))
        elif message.response == "declined" and self._can_move(message):
            steps.append(self._prepare_reschedule_step(primary=True))
        return steps

    @api.model
    def _get_propose_steps(self, message):
        if not self.env["fsm.confirmation.proposal"]._can_propose(message):
            return []
        label = self.env._("Propose Times")
        return [self._prepare_step("propose", label, "fa-calendar-plus-o")]

    @api.model
    def _prepare_reschedule_step(self, primary):
        label = self.env._("Set a New Date")
        return self._prepare_step("reschedule", label, "fa-calendar-o", primary, True)

    @api.model
    def _get_time_steps(self, message):
        """Setting the time that the customer chose of those that were proposed."""
        agreed_times = self.env["fsm.confirmation.agreed.time"]
        slot_sudo = agreed_times._find_chosen_sudo(message)
        if not slot_sudo:
            return []
        label = agreed_times._describe_chosen(slot_sudo)
        icon = "fa-calendar-check-o"
        step = self._prepare_step("take_time", label, icon, primary=True)
        confirm = agreed_times._describe_applying(message, slot_sudo)
        return [{**step, "confirm": confirm}]

    @api.model
    def _prepare_resolve_step(self, message, unclear):
        if message.response:
            label = self.env._("Correct Response")
        else:
            label = self.env._("Enter Response")
        return self._prepare_step("resolve", label, "fa-pencil", unclear, stays=True)

    @api.model
    def _can_ask_again(self, message):
        """Whether the date moved, or an opt-out is over, and nobody asked since."""
        appointment_sudo = message._get_appointment_sudo()
        return (
            (message.closed_reason in OUTDATED or message.response == "opted_out")
            and bool(appointment_sudo)
            and appointment_sudo.confirmation_status == "reconfirm"
            and self._can_text_another(message)
        )

    @api.model
    def _can_move_as_proposed(self, message):
        """Whether the customer proposed another time, and this user may set it."""
        return bool(message.proposed_date) and self._can_move(message)

    @api.model
    def _can_move(self, message):
        """Whether the customer can't come then, and this user may set another date."""
        appointment_sudo = message._get_appointment_sudo()
        return (
            bool(appointment_sudo)
            and message.response in ("declined", "unrecognized")
            and message.closed_reason not in OUTDATED
            and not message._is_of_another_customer()
            and not appointment_sudo._is_appointment_closed()
            and appointment_sudo.sudo(False).has_access("write")
        )

    @api.model
    def _can_text_another(self, message):
        """Whether its appointment can still be asked about at all."""
        appointment_sudo = message._get_appointment_sudo()
        return (
            bool(appointment_sudo and message.order_id)
            and message.company_id.sudo().job_confirmation_enabled
            and appointment_sudo._is_appointment_upcoming()
            and not appointment_sudo._is_appointment_closed()
        )

    @api.model
    def _find_unmatched_replies(self, message, limit):
        conversations = self.env["fsm.confirmation.conversation"]
        return conversations._find_unmatched_replies(message, limit)

    # ------------------------------------------------------------------
    # Taking a step
    # ------------------------------------------------------------------

    @api.model
    def _take_step(self, message, key):
        """See ``fsm.confirmation.action_next_step``."""
        if key not in [step["key"] for step in self._get_steps(message)]:
            raise UserError(
                self.env._("This is no longer possible. Open the message again.")
            )
        return self._get_methods()[key](message) or False

    @api.model
    def _get_methods(self):
        """:return: dict step -> function of the message. An override point."""
        return {
            "send_again": lambda message: message.action_send_again(),
            "ask_again": self._ask_again,
            "mark_read": lambda message: message.action_mark_read(),
            "move": lambda message: message.action_move_as_proposed(),
            "reschedule": lambda message: message.action_reschedule(),
            "propose": self._propose,
            "take_time": self.env["fsm.confirmation.agreed.time"]._apply_chosen,
            "resolve": lambda message: message.action_settle(),
            "attach": self._attach,
            "undo": self.env["fsm.confirmation.undo"]._undo,
            "text_another": self._text_another,
            "open_order": lambda message: message.action_open_order(),
        }

    @api.model
    def _propose(self, message):
        """The dialog in which two or three times are proposed to the customer."""
        proposals = self.env["fsm.confirmation.proposal"]
        return proposals._open_dialog({"default_confirmation_id": message.id})

    @api.model
    def _ask_again(self, message):
        return self._open_send_dialog(message, default_partner_id=message.partner_id.id)

    @api.model
    def _text_another(self, message):
        return self._open_send_dialog(
            message, confirmation_other_than=message.partner_id.id or -1
        )

    @api.model
    def _open_send_dialog(self, message, **context):
        """The Send dialog about this message's appointment."""
        action = message.order_id.action_send_confirmation()
        action["context"] = {
            "default_order_id": message.order_id.id,
            "default_visit_id": message.visit_id.id,
            **context,
        }
        return action

    @api.model
    def _attach(self, message):
        """The dialog in which a reply of this number is attached to this message."""
        replies = self._find_unmatched_replies(message, limit=20)
        action = replies[:1].action_attach()
        action["context"] |= {
            "default_confirmation_id": message.id,
            "confirmation_reply_ids": replies.ids,
        }
        return action
