# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, time, timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...core.formatting import localize
from ..appointment.fsm_appointment_mixin import RESPONSES
from ..xmlids import PROCESS_CRON

# Reasons for closing a question that may cease to apply.
_RESTORED = ("moved", "changed")
# The hour at which a part of the day begins, when a customer names only that.
_PARTS_OF_DAY = {"morning": time(9), "afternoon": time(13), "evening": time(17)}


class FsmConfirmationResponse(models.AbstractModel):
    """Applies customers' responses, and corrections that people make by hand."""

    _name = "fsm.confirmation.response"
    _description = "Responses to Confirmations"

    @api.model
    def _respond(self, message, effect, text):
        """Apply the customer's response to a message.

        Whether a person has to read an unclear response is decided once the auto-reply
        is known, see :meth:`_flag_unclear`.

        :param effect: :class:`~...core.matching.Effect`
        :param text: :class:`~...core.matching.Inbound`, or a ``fsm.confirmation.reply``
        """
        response = effect.response
        is_clear = response != "unrecognized"
        # What a person has not read yet stays to be read, whatever came after it.
        unread = message.needs_reading
        values = {
            "response": response,
            "reply_date": text.received_date,
            "needs_reading": unread or bool(effect.note),
            "customer_note": effect.note or False,
            **self._prepare_proposal(message, effect.proposed),
        }
        if is_clear:
            values.update(is_open=False, closed_reason="answered", read_after=False)
        self._store_response(message, values, text.body)
        if is_clear:
            if response != "confirmed" or not unread:
                self.env["fsm.confirmation.activity"]._update(message, response)
            self._close_others(message)

    @api.model
    def _close_others(self, message):
        """Close what else waits about the same appointment: one answer is enough.

        A customer asked by text and by e-mail has answered both. Activities are closed
        too, except to read what the customer wrote.

        :param message: the ``fsm.confirmation`` that was answered
        """
        appointment_sudo = message._get_appointment_sudo()
        if not appointment_sudo:
            return
        others_sudo = (
            message.sudo()
            .search(
                [
                    ("order_id", "=", message.order_id.id),
                    ("id", "!=", message.id),
                    "|",
                    ("is_open", "=", True),
                    ("activity_id", "!=", False),
                ]
            )
            .filtered(lambda rec: rec._get_appointment_sudo() == appointment_sudo)
        )
        others_sudo.filtered(
            lambda rec: (
                rec.is_open
                and rec.channel != message.channel
                and rec.partner_id
                and rec.partner_id == message.partner_id
            )
        )._close_sudo("replaced")
        self.env["fsm.confirmation.activity"]._close(
            others_sudo.filtered(lambda rec: not rec.needs_reading)
        )

    @api.model
    def _prepare_proposal(self, message, proposed):
        """Values of another time that the customer proposed.

        :param proposed: :class:`~...core.reply.Proposal`, or None
        """
        if not proposed:
            return {"proposed_date": False, "has_proposed_hour": False}
        zone = message._get_timezone() or "UTC"
        asked = message.appointment_start
        usual = localize(asked, zone).time() if asked else time(9)
        hour = proposed.at or _PARTS_OF_DAY.get(proposed.part) or usual
        local = pytz.timezone(zone).localize(datetime.combine(proposed.day, hour))
        return {
            "proposed_date": local.astimezone(pytz.utc).replace(tzinfo=None),
            "has_proposed_hour": bool(proposed.at),
        }

    @api.model
    def _flag_unclear(self, message, is_asked_back):
        """Have a person read an unclear reply, unless the customer may still say it.

        :param is_asked_back: the customer was told how to answer
        """
        minutes = message.company_id.job_confirmation_read_minutes
        if not is_asked_back or not minutes:
            message.read_after = False
            self.env["fsm.confirmation.activity"]._update(message, "unrecognized")
        elif not message.read_after:
            message.read_after = fields.Datetime.now() + timedelta(minutes=minutes)
            cron = self.env.ref(PROCESS_CRON)
            cron.sudo()._trigger(at=message.read_after)

    @api.model
    def _flag_still_unclear(self):
        """Have a person read what the customer has not made clear in time."""
        waiting_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search([("read_after", "<=", fields.Datetime.now())], limit=500)
        )
        for message_sudo in waiting_sudo:
            if message_sudo.response == "unrecognized":
                self.env["fsm.confirmation.activity"]._update(
                    message_sudo, "unrecognized"
                )
        waiting_sudo.write({"read_after": False})

    @api.model
    def _apply_wrong_number(self, messages, text):
        """Nothing that this number said counts: it isn't the contact's.

        :param messages: the ``fsm.confirmation`` that the reply belongs to
        :param text: :class:`~...core.matching.Inbound`, or a ``fsm.confirmation.reply``
        """
        messages_sudo = messages.sudo()
        messages_sudo |= messages_sudo.search(
            [
                ("mobile", "in", messages_sudo.mapped("mobile")),
                ("company_id", "in", messages_sudo.company_id.ids),
                ("is_open", "=", True),
            ]
        )
        messages_sudo._close_sudo("wrong_number")
        for message_sudo in messages_sudo:
            values = {
                "closed_reason": "wrong_number",
                "is_wrong_number": True,
                "needs_reading": True,
                "read_after": False,
                "reply_date": text.received_date,
            }
            if message_sudo.response == "confirmed":
                values["response"] = "unrecognized"
            self._store_response(message_sudo, values, text.body)
            message_sudo._get_appointment_sudo()._stop_waiting_sudo()
            self.env["fsm.confirmation.activity"]._update(message_sudo, "wrong_number")
            note = self.env._(
                "%(number)s is not the number of %(contact)s, by text: “%(words)s”",
                number=message_sudo.mobile,
                contact=message_sudo.contact_name or "",
                words=text.body or "",
            )
            self._log(message_sudo, note)

    @api.model
    def _store_response(self, message, values, words=None):
        """Write the response, and show it on the appointment.

        :param words: the customer's; None keeps those on the message
        """
        if words is None:
            message.with_context(tracking_disable=True).write(values)
        else:
            message._write_words(words, values)
        appointment_sudo = message._get_appointment_sudo()
        is_current = message._is_current(values.get("reply_date"))
        if appointment_sudo and values.get("response") and is_current:
            appointment_sudo._set_confirmation_status_sudo(values["response"])
        message._notify_changed()

    @api.model
    def _flag_for_reading(self, message, effect, text):
        """Flag a reply that changes nothing by itself, but that a person should read.

        :param effect: :class:`~...core.matching.Effect`
        :param text: as in :meth:`_respond`
        """
        values = {"needs_reading": True}
        if effect.proposed:
            values.update(self._prepare_proposal(message, effect.proposed))
        message.write(values)
        self.env["fsm.confirmation.agreed.time"]._choose(message, effect.chosen)
        if effect.note:
            note = "\n".join(filter(None, [message.customer_note, effect.note]))
            message._write_words(message.reply_body, {"customer_note": note})
        self._keep_words(message, text)
        self.env["fsm.confirmation.activity"]._update(message, "read")
        message._notify_changed()

    @api.model
    def _keep_words(self, message, text):
        """Show a reply's words on the row, unless it shows later ones."""
        received = text.received_date
        if not message.reply_date or message.reply_date <= received:
            message._write_words(text.body, {"reply_date": received})

    @api.model
    def _restore(self, message):
        """Count the response again: the appointment is back at what was asked about.

        Not if the customer was told of another date meanwhile, by a newer text (which
        the caller checks) or by an auto-reply.

        :param message: one ``fsm.confirmation``, or none
        """
        if (
            not message
            or message.closed_reason not in _RESTORED
            or not message._is_current()
            or {"moved", "changed"} & set(message.reply_ids.mapped("reason"))
        ):
            return
        response = message.response
        if response in ("confirmed", "declined"):
            message.write({"closed_reason": "answered"})
            if response == "declined" and not message.needs_reading:
                self.env["fsm.confirmation.activity"]._update(message, response)
        elif response != "opted_out" and message.state in ("sent", "delivered"):
            message._reopen()
        if message.closed_reason in _RESTORED:
            return
        message._get_appointment_sudo()._set_confirmation_status_sudo(
            response or "awaiting"
        )
        note = self.env._(
            "%(message)s: the appointment is back at what it asked about "
            "(%(date)s), so the response counts again.",
            message=message.name,
            date=message._describe_appointment()["date"],
        )
        self._log(message, note)
        message._notify_changed()

    @api.model
    def _resolve(self, message, response, reason=""):
        """Correct the response by hand; who did it and why is in the history.

        :param response: a key of ``response``, or False
        """
        if message.response == response and not reason:
            return
        if not message._asks():
            raise UserError(
                self.env._("%s isn't a question, so it has no response.", message.name)
            )
        if response == "opted_out" and not message.mobile:
            raise UserError(
                self.env._(
                    "%s was sent by e-mail: there is no number to opt out.",
                    message.name,
                )
            )
        undo = self.env["fsm.confirmation.undo"]
        before = undo._snapshot(message)
        self._apply_resolution(message.sudo(), response, reason)
        undo._keep(message, before)

    @api.model
    def _apply_resolution(self, message_sudo, response, reason):
        self._log_resolution(message_sudo, response, reason)
        appointment_sudo = message_sudo._get_appointment_sudo()
        if response == "opted_out":
            self.env["fsm.confirmation.opt.out"]._opt_out_by_hand(
                message_sudo.mobile, message_sudo
            )
        else:
            self._write_resolution(message_sudo, response)
        if not appointment_sudo or message_sudo._get_change():
            return
        if response in ("confirmed", "declined"):
            others_sudo = appointment_sudo._get_appointment_confirmations_sudo()
            self._close_settled(others_sudo - message_sudo)
        if response != "opted_out" and message_sudo._is_current():
            appointment_sudo._set_confirmation_status_sudo(
                response or appointment_sudo._get_known_status_sudo()
            )
            appointment_sudo._set_by_hand_sudo()

    @api.model
    def _write_resolution(self, message_sudo, response):
        """Write what a person decided on the message, and leave nothing to do."""
        values = {
            "response": response,
            "needs_reading": False,
            "read_after": False,
            "resolved_date": fields.Datetime.now(),
        }
        if response in ("confirmed", "declined"):
            values.update(is_open=False, closed_reason="answered")
        message_sudo.with_context(tracking_disable=True).write(values)
        if not response:
            message_sudo._reopen()
        self.env["fsm.confirmation.activity"]._update(message_sudo, response)
        message_sudo._notify_changed()

    @api.model
    def _settle(self, appointment, old_status):
        """Take a status that a person set as the answer to what was asked.

        :param appointment: ``fsm.order`` or ``fsm.visit``, which has it already
        :param old_status: its status until now
        :raises UserError: the messages don't allow it
        """
        messages_sudo = appointment._get_appointment_confirmations_sudo()
        current_sudo = messages_sudo.filtered(self._may_be_settled)
        newest_sudo = current_sudo[:1]
        undo = self.env["fsm.confirmation.undo"]
        snapshot = undo._snapshot(newest_sudo) if newest_sudo else {}
        for entry in snapshot.get("statuses", ()):
            if entry[:2] == [appointment._name, appointment.id]:
                entry[2] = old_status
        self._apply_status(appointment, current_sudo)
        self.env["fsm.confirmation.activity"]._close(messages_sudo - current_sudo)
        if newest_sudo:
            undo._keep(newest_sudo, snapshot)

    @api.model
    def _apply_status(self, appointment, current_sudo):
        """Bring the messages about the appointment in line with its status.

        :param current_sudo: the ``fsm.confirmation`` that it may be about, newest first
        """
        status = appointment.sudo().confirmation_status
        newest_sudo = current_sudo[:1]
        if status == "opted_out":
            number = newest_sudo.mobile or self._find_number_of(appointment)
            if newest_sudo:
                self._log_resolution(newest_sudo, status)
            self.env["fsm.confirmation.opt.out"]._opt_out_by_hand(
                number, newest_sudo, appointment
            )
        elif status in dict(RESPONSES):
            if newest_sudo and newest_sudo.response != status:
                self._log_resolution(newest_sudo, status)
            self._write_resolution(newest_sudo, status)
            self._close_settled(current_sudo - newest_sudo)
        elif status == "awaiting":
            self._await_again(newest_sudo)
        else:
            self._reset(current_sudo)

    @api.model
    def _may_be_settled(self, message_sudo):
        """Whether an answer entered by hand may be the one to this message."""
        return (
            message_sudo.state != "canceled"
            and message_sudo.closed_reason not in ("replaced", "wrong_number")
            and not message_sudo._get_change()
        )

    @api.model
    def _find_number_of(self, appointment):
        """The number that a text about an appointment would go to.

        :raises UserError: there is none
        """
        order_sudo = appointment._get_appointment_order().sudo()
        recipients = self.env["fsm.confirmation.recipient"]
        partner_sudo = recipients._choose(order_sudo)[order_sudo]
        company = order_sudo.company_id
        number = partner_sudo and partner_sudo._get_confirmation_number(company)[0]
        if not number:
            raise UserError(self.env._("There is no number to opt out."))
        return number

    @api.model
    def _close_settled(self, messages_sudo):
        """Close the other questions about the same appointment."""
        open_sudo = messages_sudo.filtered("is_open")
        open_sudo._close_sudo("replaced")
        open_sudo.write({"resolved_date": fields.Datetime.now()})
        self.env["fsm.confirmation.activity"]._close(
            messages_sudo.filtered(lambda rec: not rec.needs_reading)
        )
        messages_sudo._mark_replaced_sudo()

    @api.model
    def _await_again(self, message_sudo):
        """Reopen the question, whatever was answered.

        :raises UserError: nothing was asked, or it is over
        """
        if message_sudo:
            self._log_resolution(message_sudo, False)
            self._write_resolution(message_sudo, False)
        if not message_sudo.is_open:
            raise UserError(
                self.env._(
                    "No text is awaiting a response about this appointment. Use Send "
                    "Confirmation."
                )
            )

    @api.model
    def _reset(self, messages_sudo):
        """Discard what was asked and answered: the customer is to be asked again."""
        self.env["fsm.confirmation.activity"]._close(messages_sudo)
        if not messages_sudo:
            return
        note = self.env._("It was decided to ask the customer again.")
        messages_sudo[0]._message_log(body=note, author_id=self.env.user.partner_id.id)
        messages_sudo.write({"needs_reading": False, "read_after": False})
        messages_sudo._close_sudo("reset")
        messages_sudo._notify_changed()

    @api.model
    def _log_resolution(self, message_sudo, response, reason=""):
        """Log that a person set the response, and why."""
        note = self._describe_resolution(message_sudo, response, reason)
        self._log_decision(message_sudo, note)

    @api.model
    def _describe_resolution(self, message, response, reason):
        """One sentence: what the response was changed from and to, and why."""
        labels = dict(message._fields["response"]._description_selection(self.env))
        note = self.env._(
            "%(message)s: response changed from %(old)s to %(new)s.",
            message=message.name,
            old=labels.get(message.response) or self.env._("no response"),
            new=labels.get(response) or self.env._("no response"),
        )
        if reason:
            note += " " + self.env._("Reason: %s", reason)
        return note

    @api.model
    def _log_decision(self, message_sudo, note):
        """Write what a person decided into the conversation and the histories."""
        author = self.env.user.partner_id
        message_sudo._message_log(body=note, author_id=author.id)
        self._log(message_sudo, note)

    @api.model
    def _log(self, message, note):
        """Write a note into the histories of a message's Work Order and contact."""
        targets = [message.order_id, message.partner_id]
        company = message.sudo().company_id
        self.env["fsm.confirmation.chatter"]._log(targets, note, company)
