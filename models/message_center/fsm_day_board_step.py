# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import UserError

from ...core.kinds import EMAIL
from ...core.notices import CANCELED
from ...tools.dialogs import open_record
from ..levels import may_edit


class FsmDayBoardStep(models.AbstractModel):
    """What a user can do about an appointment of the Day Board, and doing it."""

    _name = "fsm.day.board.step"
    _description = "Next Steps on the Day Board"

    @api.model
    def _get_steps(self, appointment, found):
        """The steps that this user can take, the likeliest first. An override point.

        :return: list of dict ``key``, ``label``, ``icon``, ``primary`` (bool), and for
            a call ``href``; ``confirm`` as of ``fsm.confirmation.next.step``
        """
        steps = []
        editable = may_edit(self.env)
        if found.change and (found.state != "passed" or found.change.kind == CANCELED):
            label = self.env._("Notify Customer")
            steps.append(self._prepare_step("tell_change", label, "fa-bullhorn"))
        if editable and found.state not in ("confirmed", "passed"):
            steps += self._get_edit_steps(appointment, found)
        known = {step["key"] for step in steps}
        if appointment.message_id and "conversation" not in known:
            label = self.env._("Conversation")
            steps.append(self._prepare_step("conversation", label, "fa-comments-o"))
        if editable and appointment.message_id:
            label = self.env._("Write Back")
            steps.append(self._prepare_step("write_back", label, "fa-pencil-square-o"))
        if editable and "propose" not in known:
            steps += self._get_propose_steps(appointment, found)
        if editable and found.state in ("awaiting", "near", "declined", "to_read"):
            label = self.env._("Text Another Contact")
            steps.append(self._prepare_step("text_another", label, "fa-commenting-o"))
        self._add_call(steps, appointment, found)
        label = self.env._("Open Work Order")
        steps.append(self._prepare_step("open_order", label, "fa-external-link"))
        if found.times or appointment.confirmation_status == "declined":
            # Nobody is first asked again about the date that doesn't suit them.
            steps.sort(key=lambda step: step["key"] == "send")
        # What waits for the customer, or for nobody, asks for no click.
        steps[0]["primary"] = bool(found.change) or (
            editable and found.state not in ("awaiting", "confirmed", "passed")
        )
        return steps

    @api.model
    def _add_call(self, steps, appointment, found):
        """A call comes first where a text is of no use any more.

        Who declined can be texted other times first.
        """
        number = found.draft.mobile if found.draft else appointment.mobile
        if not number:
            return
        call = self._prepare_step("call", self.env._("Call"), "fa-phone")
        call["href"] = f"tel:{number}"
        if found.state == "near" or self._is_opted_out(found):
            steps.insert(0, call)
        elif found.state == "declined":
            steps.insert(1, call)
        else:
            steps.append(call)

    @api.model
    def _get_propose_steps(self, appointment, found):
        if not self._can_propose(appointment, found):
            return []
        label = self.env._("Propose Times")
        return [self._prepare_step("propose", label, "fa-calendar-plus-o")]

    @api.model
    def _can_propose(self, appointment, found):
        message = appointment.message_id
        if message and not message._is_of_another_customer():
            return self.env["fsm.confirmation.proposal"]._can_propose(message)
        return found.state == "not_asked" or bool(found.times)

    @api.model
    def _prepare_step(self, key, label, icon):
        return {"key": key, "label": label, "icon": icon, "primary": False}

    @api.model
    def _is_opted_out(self, found):
        block = found.block
        return found.state == "cant_ask" and bool(block) and block.code == "opted_out"

    @api.model
    def _get_edit_steps(self, appointment, found):
        if found.state == "cant_ask":
            return self._get_ways_out(appointment, found)
        step = self._prepare_step
        if found.state == "not_asked":
            label = self.env._("Send")
            if appointment.asked_date:
                label = self.env._("Ask Again")
            return [step("send", label, "fa-commenting-o")]
        if found.state in ("awaiting", "near"):
            label = self.env._("Ask Again")
            if not appointment.asked_date:
                label = self.env._("Send")
            return [step("send", label, "fa-repeat")]
        if found.state == "to_read":
            next_steps = self.env["fsm.confirmation.next.step"]
            message = appointment.message_id
            steps = [
                *next_steps._get_time_steps(message),
                *self._get_wish_steps(appointment, found),
                step("conversation", self.env._("Read"), "fa-envelope-open-o"),
            ]
            if appointment.needs_reading:
                label = self.env._("Mark as Read")
                steps.append(step("mark_read", label, "fa-check"))
            return steps
        return self._get_new_date_steps(appointment, found)

    @api.model
    def _get_new_date_steps(self, appointment, found):
        """What a dispatcher does for whoever declined, the likeliest first."""
        message = appointment.message_id
        next_steps = self.env["fsm.confirmation.next.step"]
        steps = self._get_wish_steps(appointment, found)
        if message.mobile and not steps:
            steps = self._get_propose_steps(appointment, found)
        label = self.env._("Set a New Date")
        if message and next_steps._can_move(message):
            steps.append(self._prepare_step("reschedule", label, "fa-calendar-o"))
        elif appointment._get_appointment().has_access("write"):
            steps.append(self._prepare_step("schedule", label, "fa-calendar-o"))
        return steps

    @api.model
    def _get_wish_steps(self, appointment, found):
        """For who named another day: that one, or some times to choose from."""
        message = appointment.message_id
        next_steps = self.env["fsm.confirmation.next.step"]
        if not message or not next_steps._can_move_as_proposed(message):
            return []
        label = self.env._("Set the Proposed Time")
        steps = [self._prepare_step("move", label, "fa-calendar-check-o")]
        if message.mobile:
            steps += self._get_propose_steps(appointment, found)
        return steps

    @api.model
    def _get_ways_out(self, appointment, found):
        """What helps when the customer can't be asked, as the alert says."""
        step = self._prepare_step
        by_email, choose = self.env._("Ask by E-mail"), self.env._("Choose Contact")
        contact, schedule = self.env._("Open Contact"), self.env._("Set the Date")
        allow = self.env._("Allow Texts Again")
        trust = self.env._("The Number Is Right")
        known = {
            "ask_by_email": step("ask_by_email", by_email, "fa-envelope-o"),
            "choose_contact": step("send", choose, "fa-user-o"),
            "open_contact": step("contact", contact, "fa-user-o"),
            "allow_texts": step("allow_texts", allow, "fa-unlock"),
            "trust_number": step("trust_number", trust, "fa-check"),
            "open_schedule": step("schedule", schedule, "fa-calendar-o"),
        }
        may = {
            "ask_by_email": lambda: self._can_ask_by_email(appointment, found),
            "open_contact": lambda: self._get_partner(found).has_access("write"),
            "open_schedule": lambda: appointment._get_appointment().has_access("write"),
        }
        actions = found.block.actions if found.block else ("choose_contact",)
        return [
            known[key]
            for key in actions
            if key in known and may.get(key, lambda: True)()
        ]

    @api.model
    def _can_ask_by_email(self, appointment, found):
        """Whether an e-mail is a way out where no text can be sent."""
        return (
            found.state == "cant_ask"
            and bool(found.block)
            and "ask_by_email" in found.block.actions
            and self.env["fsm.confirmation.email"]._is_offered(
                found.draft.partner, appointment.company_id
            )
        )

    @api.model
    def _take_step(self, appointment, key):
        """See ``fsm.appointment.action_next_step``."""
        found = self.env["fsm.day.board"]._examine(appointment)[appointment]
        if key not in [step["key"] for step in self._get_steps(appointment, found)]:
            raise UserError(
                self.env._(
                    "This is no longer possible. Something changed in the meantime."
                )
            )
        return self._get_methods(found)[key](appointment) or False

    @api.model
    def _get_methods(self, found):
        """:return: dict step -> function of the appointment. An override point."""
        partner = self._get_partner(found)
        next_steps = self.env["fsm.confirmation.next.step"]
        return {
            "send": self._send,
            "ask_by_email": lambda rec: self._send(
                rec, default_partner_id=partner.id, default_channel=EMAIL
            ),
            "text_another": lambda rec: self._send(
                rec, confirmation_other_than=rec.partner_id.id or -1
            ),
            "conversation": lambda rec: rec.message_id.action_open_details(),
            "write_back": self._write_back,
            "propose": self._propose,
            "take_time": lambda rec: next_steps._take_step(rec.message_id, "take_time"),
            "mark_read": lambda rec: rec.message_id.action_mark_read(),
            "move": lambda rec: rec.message_id.action_move_as_proposed(),
            "reschedule": lambda rec: rec.message_id.action_reschedule(),
            "open_order": lambda rec: rec.action_open_order(),
            "schedule": lambda rec: open_record(rec._get_appointment()),
            "contact": lambda _rec: open_record(partner),
            "allow_texts": lambda _rec: partner.action_lift_opt_out(),
            "trust_number": lambda _rec: partner.action_trust_number(),
            "tell_change": lambda _rec: found.change.action_review(),
            "call": lambda _rec: False,
        }

    @api.model
    def _get_partner(self, found):
        """The contact whom the alert is about, with the user's rights, maybe empty."""
        draft = found.draft
        if not draft:
            return self.env["res.partner"]
        archived = self.env["fsm.confirmation.recipient"]._get_archived(draft.order)
        return (draft.partner or archived[:1]).sudo(False)

    @api.model
    def _send(self, appointment, **context):
        """The Send dialog about this very appointment."""
        action = appointment._get_appointment().action_send_confirmation()
        action["context"] |= context
        return action

    @api.model
    def _write_back(self, appointment):
        """The conversation, where the user can write at once."""
        action = appointment.message_id.action_open_details()
        action["context"] = {"confirmation_write_back": True}
        return action

    @api.model
    def _propose(self, appointment):
        if appointment.message_id:
            next_steps = self.env["fsm.confirmation.next.step"]
            return next_steps._propose(appointment.message_id)
        return appointment._get_appointment().action_propose_times()
