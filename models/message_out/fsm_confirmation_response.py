# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime, time, timedelta

import pytz

from odoo import SUPERUSER_ID, api, fields, models

from ...core.formatting import localize
from ...core.phones import ways_to_write
from ..xmlids import EDIT_GROUP, PROCESS_CRON

# What each response has a person do; the last three keys are no responses.
_ACTIVITY_TYPES = {
    "declined": "mail_activity_type_reschedule",
    "opted_out": "mail_activity_type_call",
    "unrecognized": "mail_activity_type_read",
    "read": "mail_activity_type_read",
    "ask_again": "mail_activity_type_ask_again",
    "wrong_number": "mail_activity_type_number",
}
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
        """The date moved back to the one asked about: the response counts again.

        Not if the customer was told of another date meanwhile, by a newer text (the
        caller's to see) or by an auto-reply.

        :param record: one ``fsm.confirmation``, or none
        """
        if (
            not record
            or record.closed_reason != "moved"
            or not record._is_current()
            or "moved" in record.reply_ids.mapped("reason")
        ):
            return
        response = record.response
        if response in ("confirmed", "declined"):
            record.write({"closed_reason": "answered"})
            if response == "declined" and not record.needs_reading:
                self._update_activity(record, response)
        elif response != "opted_out" and record.state in ("sent", "delivered"):
            record._reopen()
        if record.closed_reason == "moved":
            return
        record._get_appointment_sudo()._set_confirmation_status_sudo(
            response or "awaiting"
        )
        note = self.env._(
            "%(message)s: the appointment is back at the date that it asked about "
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
        record_sudo = record.sudo()
        note = self._describe_resolution(record_sudo, response, reason)
        values = {
            "response": response,
            "needs_reading": False,
            "read_after": False,
            "resolved_date": fields.Datetime.now(),
        }
        if response in ("confirmed", "declined", "opted_out"):
            values.update(is_open=False, closed_reason="answered")
        record_sudo.with_context(tracking_disable=True).write(values)
        appointment_sudo = record_sudo._get_appointment_sudo()
        if not response:
            record_sudo._reopen()
        if appointment_sudo and record_sudo._is_current():
            appointment_sudo._set_confirmation_status_sudo(response or "awaiting")
        if response == "opted_out":
            entry_sudo = self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
                record_sudo.mobile, "user", record_sudo.reply_body
            )
            opt_out = entry_sudo._job_confirmation_describe()
            chatter = self.env["fsm.confirmation.chatter"]
            chatter._log([record_sudo.partner_id], opt_out, record_sudo.company_id)
        author = self.env.user.partner_id
        record_sudo._message_log(body=note, author_id=author.id)
        self._log(record_sudo, note)
        self._update_activity(record_sudo, response)
        record_sudo._notify_changed()

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
        entry_sudo = self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
            number, source, words
        )
        values = {
            "response": "opted_out",
            "is_open": False,
            "closed_reason": "answered",
            "reply_date": fields.Datetime.now(),
        }
        records_sudo = records.sudo()
        for record_sudo in records_sudo:
            self._store_response(record_sudo, values, words or None)
            self._update_activity(record_sudo, "opted_out")
        partners_sudo = records_sudo.partner_id or self._find_partners_sudo(
            number, company
        )
        company = company or records_sudo.company_id
        opt_out = entry_sudo._job_confirmation_describe()
        self.env["fsm.confirmation.chatter"]._log(partners_sudo, opt_out, company)
        # What waited to be asked about again can't be asked about now.
        for record_sudo in self._find_newest_sudo(number, company, "reconfirm"):
            self._on_opt_out_without_question(record_sudo)
        return entry_sudo

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
    def _opt_in_sudo(self, number, companies, remind=True):
        """A number takes texts again: what its opting out took back is asked again.

        :param number: E.164
        :param companies: ``res.company`` records whose appointments these are
        :param remind: have a person do it; False when a person has just lifted it
        """
        for record_sudo in self._find_newest_sudo(number, companies, "opted_out"):
            appointment_sudo = record_sudo._get_appointment_sudo()
            appointment_sudo._set_confirmation_status_sudo("reconfirm")
            note = self.env._(
                "The customer opted back in: send %s again.",
                record_sudo.name,
            )
            self._log(record_sudo, note)
            self._update_activity(record_sudo, "ask_again" if remind else "resolved")
            record_sudo._notify_changed()

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
                [("mobile", "=", number), ("company_id", "in", companies.ids)],
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
        record_sudo.activity_id = order_sudo.activity_schedule(
            activity_type_id=kind.id,
            note=self.env["fsm.confirmation.chatter"]._get_link(record),
            user_id=self._get_responsible_user(record).id,
        )

    @api.model
    def _close_activities(self, records):
        """What a person was asked to do about these messages is done."""
        for record_sudo in records.sudo().filtered("activity_id"):
            self._update_activity(record_sudo, "resolved")

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
