# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...core.kinds import NOTICE
from ...core.status import OUTDATED
from ...tools.notification import notify
from ..levels import check_may_edit


class FsmConfirmationAgreedTime(models.AbstractModel):
    """The time that a customer chose or named: applied by a person, and told.

    No text moves anything.
    """

    _name = "fsm.confirmation.agreed.time"
    _description = "Times That Customers Agreed To"

    @api.model
    def _choose(self, message, letter):
        """Note which of the times the customer chose, if any; a person decides.

        :param letter: "" takes back what was chosen before
        """
        for slot_sudo in self._find_slots_sudo(message):
            slot_sudo.is_chosen = slot_sudo.letter == letter

    @api.model
    def _find_chosen_sudo(self, message):
        """The time that the customer chose and nobody has applied yet, or none.

        Only for users who may apply it.
        """
        appointment_sudo = message._get_appointment_sudo()
        can_propose = self.env["fsm.confirmation.proposal"]._can_propose
        may_apply = appointment_sudo.sudo(False).has_access("write")
        if not may_apply or not can_propose(message):
            return self.env["fsm.confirmation.slot"].sudo()
        return self._find_slots_sudo(message).filtered("is_chosen")[:1]

    @api.model
    def _describe_chosen(self, slot_sudo):
        """The label of the button that applies the chosen time."""
        appointment_sudo = slot_sudo.confirmation_id._get_appointment_sudo()
        return self.env._(
            "Set to %(letter)s: %(time)s",
            letter=slot_sudo.letter,
            time=self._format(appointment_sudo, slot_sudo.date_start),
        )

    @api.model
    def _describe_applying(self, message, slot_sudo):
        """What applying the chosen time will do, and who is told of it.

        :return: dict ``title``, ``body`` and ``label`` of the question before it
        """
        appointment_sudo = message._get_appointment_sudo()
        known = {
            "who": message.contact_name or "",
            "job": message.job_name or "",
            "time": self._format(appointment_sudo, slot_sudo.date_start),
        }
        moves = self.env._("%(job)s moves to %(time)s and is confirmed.", **known)
        told = self._describe_telling(message)
        return {
            "title": self.env._("Set the time that %(who)s chose?", **known),
            "body": f"{moves} {told}",
            "label": self.env._("Set the Time"),
        }

    @api.model
    def _describe_telling(self, message):
        """Say whether and when the customer is told a time that is agreed on."""
        who = message.contact_name or ""
        service = self.env["fsm.confirmation.write.back"]
        draft = service._draft(message, "-", NOTICE)
        if service._find_block(draft):
            return self.env._("%s can't be texted: call.", who)
        told = self.env._("%s gets a text with the new time.", who)
        waits = service._describe_departure(draft, message)
        return " ".join(filter(None, [told, waits]))

    @api.model
    def _apply_chosen(self, message):
        """Move the appointment to the chosen time, and tell the customer.

        With the rights of the user on it.

        :raises UserError: it is not free any more
        """
        check_may_edit(self.env)
        slot_sudo = self._find_chosen_sudo(message)
        if not slot_sudo:
            raise UserError(
                self.env._("This is no longer possible. Open the message again.")
            )
        appointment_sudo = message._get_appointment_sudo()
        start = slot_sudo.date_start
        service = self.env["fsm.confirmation.free.time"]
        self.env["fsm.confirmation.composer"]._lock([message.order_id])
        if start <= fields.Datetime.now() or not service._is_free(
            appointment_sudo, start
        ):
            raise UserError(
                self.env._(
                    "%s is taken by now. Propose other times.",
                    self._format(appointment_sudo, start),
                )
            )
        return self._set_agreed(message, start)

    @api.model
    def _is_agreed(self, message, start):
        """Whether the customer named just this day and hour."""
        return message.has_proposed_hour and start == message.proposed_date

    @api.model
    def _set_agreed(self, message, start, then=None):
        """Move the appointment to a time that the customer named, and tell them.

        :param then: the action that follows
        :return: the action that says so
        """
        appointment_sudo = message._get_appointment_sudo()
        appointment = appointment_sudo.sudo(False)
        appointment.scheduled_date_start = start
        # The customer chose it, and would wonder about being asked again.
        appointment.confirmation_status = "confirmed"
        self._find_slots_sudo(message)._release_sudo()
        is_told = self._tell(message)
        time = self._format(appointment_sudo, start)
        if is_told:
            text = self.env._("Moved to %s. The customer gets a text.", time)
        else:
            text = self.env._("Moved to %s. The customer can't be texted: call.", time)
        return notify(text, "success" if is_told else "warning", then)

    @api.model
    def _tell(self, message):
        """Tell the customer the new time, if they can be texted.

        :return: whether they are told
        """
        appointment_sudo = message._get_appointment_sudo()
        words = self.env["fsm.confirmation.auto.reply"]._render_about(
            "time_set", message.sudo()
        )
        service = self.env["fsm.confirmation.write.back"]
        draft = service._draft(message, words, NOTICE)
        is_told = bool(words) and not service._find_block(draft)
        if is_told:
            composer = self.env["fsm.confirmation.composer"]
            composer._record([draft], self.env.user)
            # No notice of the same change.
            self.env["fsm.confirmation.change"]._forget_sudo([appointment_sudo])
        service._mark_read(message)
        activities = self.env["fsm.confirmation.activity"]
        messages_sudo = appointment_sudo._get_appointment_confirmations_sudo()
        activities._close(
            messages_sudo.filtered(lambda rec: rec.closed_reason in OUTDATED)
        )
        return is_told

    @api.model
    def _find_slots_sudo(self, message):
        return self.env["fsm.confirmation.proposal"]._find_slots_sudo(message)

    @api.model
    def _format(self, appointment_sudo, start):
        return self.env["fsm.confirmation.proposal"]._format(appointment_sudo, start)
