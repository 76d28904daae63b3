# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, time, timedelta

import pytz

from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...core.formatting import localize
from ...core.kinds import QUESTION
from ...core.phones import ways_to_write
from ...core.status import OUTDATED
from ..appointment.fsm_appointment_mixin import RESPONSES
from ..xmlids import EDIT_GROUP, MODULE, PROCESS_CRON

# What each response has a person do; the last three keys are no responses.
_ACTIVITY_TYPES = {
    "declined": "mail_activity_type_reschedule",
    "opted_out": "mail_activity_type_call",
    "unrecognized": "mail_activity_type_read",
    "read": "mail_activity_type_read",
    "ask_again": "mail_activity_type_ask_again",
    "wrong_number": "mail_activity_type_number",
}
# What ended a question or answer, and may be taken back.
_RESTORED = ("moved", "changed")
# Where a customer names a part of the day, the hour at which it begins at work.
_PARTS_OF_DAY = {"morning": time(9), "afternoon": time(13), "evening": time(17)}


class FsmConfirmationResponse(models.AbstractModel):
    """What the customer's response does, or its absence, or a person's correction."""

    _name = "fsm.confirmation.response"
    _description = "Responses to Confirmations"

    # ------------------------------------------------------------------
    # Responses
    # ------------------------------------------------------------------

    @api.model
    def _respond(self, record, effect, reply_sudo):
        """The customer responded to a message.

        Who reads an unclear response is decided when the auto-reply is known, see
        :meth:`_have_unclear_read`.

        :param effect: :class:`~...core.matching.Effect`
        :param reply_sudo: the ``fsm.confirmation.reply``, or the text that becomes one
        """
        response = effect.response
        is_clear = response != "unrecognized"
        # What a person has not read yet stays to be read, whatever came after it.
        unread = record.needs_reading
        values = {
            "response": response,
            "reply_date": reply_sudo.received_date,
            "needs_reading": unread or bool(effect.note),
            "customer_note": effect.note or False,
            **self._prepare_proposal(record, effect.proposed),
        }
        if is_clear:
            values.update(is_open=False, closed_reason="answered", read_after=False)
        self._store_response(record, values, reply_sudo.body)
        if is_clear:
            if response != "confirmed" or not unread:
                self._update_activity(record, response)
            self._close_other_activities_sudo(record)

    @api.model
    def _prepare_proposal(self, record, proposed):
        """Values of another time that the customer proposed.

        :param proposed: :class:`~...core.reply.Proposal`, or None
        """
        if not proposed:
            return {"proposed_date": False, "has_proposed_hour": False}
        zone = record._get_timezone() or "UTC"
        asked = record.appointment_start
        usual = localize(asked, zone).time() if asked else time(9)
        hour = proposed.at or _PARTS_OF_DAY.get(proposed.part) or usual
        local = pytz.timezone(zone).localize(datetime.combine(proposed.day, hour))
        return {
            "proposed_date": local.astimezone(pytz.utc).replace(tzinfo=None),
            "has_proposed_hour": bool(proposed.at),
        }

    @api.model
    def _have_unclear_read(self, record, is_asked_back):
        """Have a person read an unclear reply, unless the customer may still say it.

        :param is_asked_back: the customer was told how to answer
        """
        minutes = record.company_id.job_confirmation_read_minutes
        if not is_asked_back or not minutes:
            record.read_after = False
            self._update_activity(record, "unrecognized")
        elif not record.read_after:
            record.read_after = fields.Datetime.now() + timedelta(minutes=minutes)
            cron = self.env.ref(PROCESS_CRON)
            cron.sudo()._trigger(at=record.read_after)

    @api.model
    def _have_waiting_read(self):
        """Have a person read what the customer has not made clear in time."""
        waiting_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search([("read_after", "<=", fields.Datetime.now())], limit=500)
        )
        for record_sudo in waiting_sudo:
            if record_sudo.response == "unrecognized":
                self._update_activity(record_sudo, "unrecognized")
        waiting_sudo.write({"read_after": False})

    @api.model
    def _apply_wrong_number(self, records, reply_sudo):
        """Who answered is not the contact: nothing counts that this number said.

        :param records: the ``fsm.confirmation`` that the reply belongs to
        :param reply_sudo: the ``fsm.confirmation.reply``, or the text that becomes one
        """
        records_sudo = records.sudo()
        records_sudo |= records_sudo.search(
            [
                ("mobile", "in", records_sudo.mapped("mobile")),
                ("company_id", "in", records_sudo.company_id.ids),
                ("is_open", "=", True),
            ]
        )
        records_sudo._close_sudo("wrong_number")
        for record_sudo in records_sudo:
            values = {
                "closed_reason": "wrong_number",
                "is_wrong_number": True,
                "needs_reading": True,
                "read_after": False,
                "reply_date": reply_sudo.received_date,
            }
            if record_sudo.response == "confirmed":
                values["response"] = "unrecognized"
            self._store_response(record_sudo, values, reply_sudo.body)
            record_sudo._get_appointment_sudo()._stop_waiting_sudo()
            self._update_activity(record_sudo, "wrong_number")
            note = self.env._(
                "%(number)s is not the number of %(contact)s, by text: “%(words)s”",
                number=record_sudo.mobile,
                contact=record_sudo.contact_name or "",
                words=reply_sudo.body or "",
            )
            self._log(record_sudo, note)

    @api.model
    def _store_response(self, record, values, words=None):
        """Write the response, and show it on the appointment.

        :param words: the customer's; None leaves those that stand there
        """
        if words is None:
            record.with_context(tracking_disable=True).write(values)
        else:
            record._write_words(words, values)
        appointment_sudo = record._get_appointment_sudo()
        is_current = record._is_current(values.get("reply_date"))
        if appointment_sudo and values.get("response") and is_current:
            appointment_sudo._set_confirmation_status_sudo(values["response"])
        record._notify_changed()

    @api.model
    def _flag(self, record, effect, reply_sudo):
        """A reply that changes nothing by itself, but that a person should read.

        :param effect: :class:`~...core.matching.Effect`
        """
        values = {"needs_reading": True}
        if effect.proposed:
            values.update(self._prepare_proposal(record, effect.proposed))
        record.write(values)
        self.env["fsm.confirmation.proposal"]._choose(record, effect.chosen)
        if effect.note:
            note = "\n".join(filter(None, [record.customer_note, effect.note]))
            record._write_words(record.reply_body, {"customer_note": note})
        self._keep_words(record, reply_sudo)
        self._update_activity(record, "read")
        record._notify_changed()

    @api.model
    def _keep_words(self, record, reply_sudo):
        """Show a reply's words on the row, unless later ones stand there."""
        received = reply_sudo.received_date
        if not record.reply_date or record.reply_date <= received:
            record._write_words(reply_sudo.body, {"reply_date": received})

    @api.model
    def _restore(self, record):
        """The appointment is as it was asked about again: the response counts again.

        Not if the customer was told of another date meanwhile, by a newer text (the
        caller's to see) or by an auto-reply.

        :param record: one ``fsm.confirmation``, or none
        """
        if (
            not record
            or record.closed_reason not in _RESTORED
            or not record._is_current()
            or {"moved", "changed"} & set(record.reply_ids.mapped("reason"))
        ):
            return
        response = record.response
        if response in ("confirmed", "declined"):
            record.write({"closed_reason": "answered"})
            if response == "declined" and not record.needs_reading:
                self._update_activity(record, response)
        elif response != "opted_out" and record.state in ("sent", "delivered"):
            record._reopen()
        if record.closed_reason in _RESTORED:
            return
        record._get_appointment_sudo()._set_confirmation_status_sudo(
            response or "awaiting"
        )
        note = self.env._(
            "%(message)s: the appointment is back at what it asked about "
            "(%(date)s), so the answer counts again.",
            message=record.name,
            date=record._describe_appointment()["date"],
        )
        self._log(record, note)
        record._notify_changed()

    @api.model
    def _resolve(self, record, response, reason=""):
        """Correct the response by hand; who did it and why is in the history.

        :param response: a key of ``response``, or False
        """
        if record.response == response and not reason:
            return
        if not record._asks():
            raise UserError(
                self.env._("%s asks nothing: there is no answer to it.", record.name)
            )
        undo = self.env["fsm.confirmation.undo"]
        before = undo._take(record)
        self._apply_resolution(record.sudo(), response, reason)
        undo._keep(record, before)

    @api.model
    def _apply_resolution(self, record_sudo, response, reason):
        self._log_resolution(record_sudo, response, reason)
        appointment_sudo = record_sudo._get_appointment_sudo()
        if response == "opted_out":
            self._opt_out_by_hand(record_sudo.mobile, record_sudo)
        else:
            self._write_resolution(record_sudo, response)
        if not appointment_sudo or record_sudo._get_change():
            return
        if response in ("confirmed", "declined"):
            others_sudo = appointment_sudo._get_appointment_confirmations_sudo()
            self._close_settled(others_sudo - record_sudo)
        if response != "opted_out" and record_sudo._is_current():
            appointment_sudo._set_confirmation_status_sudo(
                response or appointment_sudo._get_known_status_sudo()
            )

    @api.model
    def _write_resolution(self, record_sudo, response):
        """What a person decided stands on the message, and nothing is to be done."""
        values = {
            "response": response,
            "needs_reading": False,
            "read_after": False,
            "resolved_date": fields.Datetime.now(),
        }
        if response in ("confirmed", "declined"):
            values.update(is_open=False, closed_reason="answered")
        record_sudo.with_context(tracking_disable=True).write(values)
        if not response:
            record_sudo._reopen()
        self._update_activity(record_sudo, response)
        record_sudo._notify_changed()

    @api.model
    def _settle(self, appointment, known):
        """A person set the status: it is the answer to what was asked.

        :param appointment: ``fsm.order`` or ``fsm.visit``, which has it already
        :param known: its status until now
        :raises UserError: it can't be so
        """
        messages_sudo = appointment._get_appointment_confirmations_sudo()
        current_sudo = messages_sudo.filtered(self._may_be_settled)
        newest_sudo = current_sudo[:1]
        undo = self.env["fsm.confirmation.undo"]
        before = undo._take(newest_sudo) if newest_sudo else {}
        for entry in before.get("statuses", ()):
            if entry[:2] == [appointment._name, appointment.id]:
                entry[2] = known
        self._apply_status(appointment, current_sudo)
        self._close_activities(messages_sudo - current_sudo)
        if newest_sudo:
            undo._keep(newest_sudo, before)

    @api.model
    def _apply_status(self, appointment, current_sudo):
        """What the status says is said of the messages about the appointment.

        :param current_sudo: the ``fsm.confirmation`` that it may be about, newest first
        """
        status = appointment.sudo().confirmation_status
        newest_sudo = current_sudo[:1]
        if status == "opted_out":
            number = newest_sudo.mobile or self._find_number_of(appointment)
            if newest_sudo:
                self._log_resolution(newest_sudo, status)
            self._opt_out_by_hand(number, newest_sudo, appointment)
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
    def _may_be_settled(self, record_sudo):
        """Whether an answer entered by hand may be the one to this message."""
        return (
            record_sudo.state != "canceled"
            and record_sudo.closed_reason not in ("replaced", "wrong_number")
            and not record_sudo._get_change()
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
            raise UserError(self.env._("There is no number that could be opted out."))
        return number

    @api.model
    def _close_settled(self, records_sudo):
        """What else was asked about the same appointment is settled as well."""
        open_sudo = records_sudo.filtered("is_open")
        open_sudo._close_sudo("replaced")
        open_sudo.write({"resolved_date": fields.Datetime.now()})
        self._close_activities(records_sudo.filtered(lambda rec: not rec.needs_reading))
        records_sudo._mark_replaced_sudo()

    @api.model
    def _await_again(self, record_sudo):
        """The question is open again, whatever was answered.

        :raises UserError: nothing was asked, or it is over
        """
        if record_sudo:
            self._log_resolution(record_sudo, False)
            self._write_resolution(record_sudo, False)
        if not record_sudo.is_open:
            raise UserError(
                self.env._(
                    "No text is awaiting a response about this appointment. Use Send "
                    "Confirmation."
                )
            )

    @api.model
    def _reset(self, records_sudo):
        """Nothing that was asked or answered counts any more."""
        self._close_activities(records_sudo)
        if not records_sudo:
            return
        note = self.env._("It was decided to ask the customer again.")
        records_sudo[0]._message_log(body=note, author_id=self.env.user.partner_id.id)
        records_sudo.write({"needs_reading": False, "read_after": False})
        records_sudo._close_sudo("reset")
        records_sudo._notify_changed()

    @api.model
    def _log_resolution(self, record_sudo, response, reason=""):
        """Who decided what is in the conversation and in the histories."""
        note = self._describe_resolution(record_sudo, response, reason)
        author = self.env.user.partner_id
        record_sudo._message_log(body=note, author_id=author.id)
        self._log(record_sudo, note)

    @api.model
    def _describe_resolution(self, record, response, reason):
        """One sentence: who has the response corrected from what to what, and why."""
        labels = dict(record._fields["response"]._description_selection(self.env))
        note = self.env._(
            "%(message)s: answer changed from %(old)s to %(new)s.",
            message=record.name,
            old=labels.get(record.response) or self.env._("no answer"),
            new=labels.get(response) or self.env._("no answer"),
        )
        if reason:
            note += " " + self.env._("Reason: %s", reason)
        return note

    @api.model
    def _log(self, record, note):
        """Write a note into the histories of a message's Work Order and contact."""
        targets = [record.order_id, record.partner_id]
        company = record.sudo().company_id
        self.env["fsm.confirmation.chatter"]._log(targets, note, company)

    # ------------------------------------------------------------------
    # Opting out and in
    # ------------------------------------------------------------------

    @api.model
    def _opt_out_sudo(self, number, records, source, words="", company=None):
        """A number opted out: remember it, answer its open messages, note it.

        :param number: E.164
        :param records: ``fsm.confirmation`` records that this opt-out answers
        :param source: a key of ``phone.blacklist.opt_out_source``
        :param company: ``res.company`` when it answers no message
        :return: the entry of the blacklist, with sudo
        """
        company = company or records.sudo().company_id
        entry_sudo = self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
            number, source, words, company
        )
        values = {
            "response": "opted_out",
            "is_open": False,
            "closed_reason": "answered",
        }
        if source == "user":
            values.update(
                resolved_date=fields.Datetime.now(),
                needs_reading=False,
                read_after=False,
            )
        else:
            values["reply_date"] = fields.Datetime.now()
        records_sudo = records.sudo()
        for record_sudo in records_sudo:
            # What a person enters is no text of the customer.
            said = words if source != "user" else ""
            self._store_response(record_sudo, values, said or None)
            self._update_activity(record_sudo, "opted_out")
        company = company or records_sudo.company_id
        partners_sudo = records_sudo.partner_id or self._find_partners_sudo(
            number, company
        )
        self._log_opt_out(entry_sudo, partners_sudo, company)
        # What waited to be asked about again can't be asked about now.
        for record_sudo in self._find_newest_sudo(number, company, "reconfirm"):
            self._on_opt_out_without_question(record_sudo)
        return entry_sudo

    @api.model
    def _opt_out_by_hand(self, number, record_sudo, appointment=None):
        """A person knows that a number opted out: the same as by text.

        :param number: E.164
        :param record_sudo: the ``fsm.confirmation`` that this answers, maybe none
        :param appointment: whose status says so already
        """
        about = record_sudo.order_id or appointment._get_appointment_order()
        company = record_sudo.company_id or about.sudo().company_id
        open_sudo = record_sudo.search(
            [
                ("mobile", "=", number),
                ("company_id", "=", company.id),
                ("is_open", "=", True),
            ]
        )
        words = record_sudo.reply_body or ""
        self._opt_out_sudo(number, record_sudo | open_sudo, "user", words, company)

    @api.model
    def _log_opt_out(self, entry_sudo, partners, companies):
        """Write into contacts' histories when and how they opted out.

        Each company reads its own note: only one of them knows the words.
        """
        for company in companies:
            opt_out = entry_sudo._job_confirmation_describe(company)
            self.env["fsm.confirmation.chatter"]._log(partners, opt_out, company)

    @api.model
    def _find_partners_sudo(self, number, company):
        """Contacts with a number, of a company or of all."""
        partners_sudo = self.env["res.partner"].sudo()
        company_ids = [False, *(company.ids if company else [])]
        return partners_sudo.search(
            [
                ("phone_sanitized", "in", ways_to_write(number)),
                ("company_id", "in", company_ids),
            ],
            limit=10,
        )

    @api.model
    def _on_opt_out_without_question(self, record):
        """The customer opted out while nothing was asked: a person has to call.

        An appointment that waits to be asked about again can't be asked about now.
        """
        self._update_activity(record, "opted_out")
        appointment_sudo = record._get_appointment_sudo()
        if appointment_sudo.confirmation_status == "reconfirm":
            appointment_sudo._set_confirmation_status_sudo("opted_out")
        record._notify_changed()

    @api.model
    def _opt_in_sudo(self, number, lifted_by=()):
        """A number takes texts again: what its opting out took back is asked again.

        The list of numbers is every company's, so it is so for all of them.

        :param number: E.164
        :param lifted_by: ``res.company`` records whose user has just done it, and needs
            no reminder
        """
        # pylint: disable-next=no-search-all
        companies_sudo = self.env["res.company"].sudo().search([])
        for record_sudo in self._find_newest_sudo(number, companies_sudo, "opted_out"):
            appointment_sudo = record_sudo._get_appointment_sudo()
            appointment_sudo._set_confirmation_status_sudo("reconfirm")
            is_own = record_sudo.company_id in lifted_by
            # Who lifted it is no business of another company.
            service = self if is_own else self.with_user(SUPERUSER_ID)
            note = self.env._(
                "The customer opted back in: send %s again.",
                record_sudo.name,
            )
            service._log(record_sudo, note)
            service._update_activity(record_sudo, "resolved" if is_own else "ask_again")
            record_sudo._notify_changed()
        for appointment_sudo in self._find_opted_out_unasked_sudo(
            number, companies_sudo
        ):
            appointment_sudo._set_confirmation_status_sudo("not_sent")

    @api.model
    def _find_opted_out_unasked_sudo(self, number, companies):
        """Appointments of a number that a person opted out and nobody had asked.

        :return: list of ``fsm.order`` and ``fsm.visit``, with sudo
        """
        ways = ways_to_write(number)
        whose = Domain.OR(
            [(f"location_id.{name}.phone_sanitized", "in", ways)]
            for name in ("contact_id", "owner_id", "partner_id")
        )
        known = Domain("confirmation_status", "=", "opted_out")
        known &= Domain("confirmation_ids", "=", False)
        known &= Domain("company_id", "in", companies.ids)
        orders_sudo = self.env["fsm.order"].sudo()
        visits_sudo = self.env["fsm.visit"].sudo()
        found_sudo = orders_sudo.search(known & whose & Domain("visit_ids", "=", False))
        of_visits = Domain("order_id", "any", whose)
        return [*found_sudo, *visits_sudo.search(known & of_visits)]

    @api.model
    def _find_newest_sudo(self, number, companies, status):
        """The newest message to a number about each coming appointment of a status.

        :param number: E.164
        :param status: a key of ``confirmation_status``
        """
        found_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    ("mobile", "=", number),
                    ("company_id", "in", companies.ids),
                    ("kind", "=", QUESTION),
                ],
                limit=100,
            )
        )
        newest = {}
        for record_sudo in found_sudo:
            newest.setdefault(record_sudo._get_appointment_sudo(), record_sudo.id)
        return found_sudo.browse(
            id_
            for appointment_sudo, id_ in newest.items()
            if appointment_sudo
            and appointment_sudo.confirmation_status == status
            and appointment_sudo.company_id in companies
            and appointment_sudo._is_appointment_upcoming()
            and not appointment_sudo._is_appointment_closed()
        )

    # ------------------------------------------------------------------
    # Activities
    # ------------------------------------------------------------------

    @api.model
    def _update_activity(self, record, response):
        """Have a person act on a response that needs it; a resolved one closes it.

        :param response: the response; ``read`` asks a person to read the reply,
            ``ask_again`` to send another text, and ``resolved`` asks for nothing
        """
        record_sudo = record.sudo()
        # A done activity is archived, and stays as it is.
        old_sudo = record_sudo.activity_id.filtered("active")
        name = _ACTIVITY_TYPES.get(response)
        order_sudo = record_sudo.order_id
        if not name or not order_sudo:
            if old_sudo:
                old_sudo.action_feedback(feedback=self.env._("Resolved"))
                record_sudo.activity_id = False
            return
        kind = self.env.ref(f"fieldservice_job_confirmation.{name}")
        if old_sudo.activity_type_id == kind:
            return
        old_sudo.unlink()
        user_sudo = self._get_responsible_user(record)
        followed = user_sudo.partner_id in order_sudo.message_partner_ids
        record_sudo.activity_id = order_sudo.activity_schedule(
            activity_type_id=kind.id,
            note=self.env["fsm.confirmation.chatter"]._get_link(record),
            user_id=user_sudo.id,
        )
        if not followed:
            # Everybody sees who follows a Work Order, and would see what it means.
            order_sudo.message_unsubscribe(user_sudo.partner_id.ids)

    @api.model
    def _renew_activity(self, record):
        """Have a person act on what was left undone when the work was canceled."""
        if record.needs_reading:
            self._update_activity(record, "read")
        elif record and record._is_current() and record.closed_reason not in OUTDATED:
            self._update_activity(record, record.response)

    @api.model
    def _close_activities(self, records):
        """What a person was asked to do about these messages is done."""
        for record_sudo in records.sudo().filtered("activity_id"):
            self._update_activity(record_sudo, "resolved")

    @api.model
    def _close_read_activities(self, records):
        """What customers wrote was read; what else is to be done stays."""
        kind = self.env.ref(f"{MODULE}.{_ACTIVITY_TYPES['read']}")
        self._close_activities(
            records.sudo().filtered(
                lambda rec: rec.activity_id.activity_type_id == kind
            )
        )

    @api.model
    def _close_other_activities_sudo(self, record):
        """What was asked of a person about the same appointment is done as well.

        Not reading what the customer wrote and nobody has read.
        """
        appointment_sudo = record._get_appointment_sudo()
        if not appointment_sudo:
            return
        others_sudo = record.sudo().search(
            [
                ("order_id", "=", record.order_id.id),
                ("activity_id", "!=", False),
                ("id", "!=", record.id),
            ]
        )
        self._close_activities(
            others_sudo.filtered(
                lambda rec: (
                    rec._get_appointment_sudo() == appointment_sudo
                    and not rec.needs_reading
                )
            )
        )

    @api.model
    def _get_responsible_user(self, record):
        """Who acts on a response: the sender, else who made the Work Order.

        Somebody who may resolve it: without the level Edit a user sees no response.
        When neither may any more, it is the first user of the company who may. An
        override point.
        """
        record_sudo = record.sudo()
        company_sudo = record_sudo.company_id
        users_sudo = record_sudo.user_id | record_sudo.order_id.create_uid
        able_sudo = users_sudo.filtered(
            lambda user: (
                user.active
                and not user.share
                and user._is_internal()
                and user.has_group(EDIT_GROUP)
                and company_sudo in user.company_ids
            )
        )
        if not able_sudo:
            able_sudo = users_sudo.search(
                [
                    ("all_group_ids", "in", self.env.ref(EDIT_GROUP).ids),
                    ("company_ids", "in", company_sudo.ids),
                    ("share", "=", False),
                    ("id", "!=", SUPERUSER_ID),
                ],
                order="id",
                limit=1,
            )
        return able_sudo[:1] or self.env.ref("base.user_admin")
