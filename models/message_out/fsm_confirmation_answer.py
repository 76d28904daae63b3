# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields, models
from odoo.tools import SQL

from ..appointment.fsm_appointment_mixin import EDIT_GROUP


class FsmConfirmation(models.Model):
    """What a customer's answer, or its absence, does."""

    _inherit = "fsm.confirmation"

    # ------------------------------------------------------------------
    # Answers
    # ------------------------------------------------------------------

    def _get_appointment_sudo(self):
        """The visit or Work Order asked about, with sudo; empty when it is gone."""
        self.ensure_one()
        if self.visit_id or self.closed_reason == "deleted":
            return self.visit_id.sudo()
        return self.order_id.sudo()

    def _get_stale_reason(self):
        """Why an answer to this message can't count any more, or "".

        :return: ``moved``, ``closed``, ``deleted``, ``past`` or ``late``
        """
        self.ensure_one()
        appointment_sudo = self._get_appointment_sudo()
        if not appointment_sudo:
            return "deleted"
        moved = appointment_sudo.scheduled_date_start != self.appointment_start
        begins = appointment_sudo.scheduled_date_start
        if begins and not appointment_sudo._is_appointment_upcoming():
            return "past"  # Also when it was moved to a date that is over.
        if appointment_sudo._is_appointment_closed():
            return "closed"
        if moved:
            return "moved"
        hours = self.company_id.job_confirmation_reply_hours
        asked = self.sent_date or self.create_date
        if hours and asked + timedelta(hours=hours) < fields.Datetime.now():
            return "late"
        return ""

    def _is_current(self):
        """Whether the appointment is still as the customer was asked about it."""
        return self._get_stale_reason() in ("", "late")

    def _get_newer_open(self):
        """A newer message about the same appointment that waits for an answer."""
        return (
            self._get_appointment_sudo()
            ._get_appointment_confirmations_sudo()
            .filtered(lambda rec: rec.id > self.id and rec.is_open)[:1]
        )

    def _was_asked_since(self):
        """Whether a newer text about the same appointment left, or is about to."""
        appointment_sudo = self._get_appointment_sudo()
        return bool(appointment_sudo) and bool(
            appointment_sudo._get_appointment_confirmations_sudo(
                [("id", ">", self.id), ("state", "not in", ("failed", "canceled"))]
            )
        )

    def _get_timezone(self):
        """Name of the time zone that the text spoke of, "" when it is not known."""
        self.ensure_one()
        if self.timezone:
            return self.timezone
        # Recorded before it was kept.
        order_sudo = self.order_id.sudo()
        return order_sudo._get_appointment_timezone() if order_sudo else ""

    def _describe_appointment(self):
        """Date and time for texts: as asked, and as they are now.

        :return: dict with ``job``, ``date``, ``time``, ``new_date``, ``new_time``
        """
        self.ensure_one()
        appointment_sudo = self._get_appointment_sudo()
        order_sudo = self.order_id.sudo()
        known = {"job": self.job_name or "", "new_date": "", "new_time": ""}
        if not order_sudo:
            return {**known, "date": "", "time": ""}
        zone = self._get_timezone()
        start = self.appointment_start
        same = appointment_sudo.scheduled_date_start == start
        end = same and appointment_sudo.scheduled_date_end
        known["date"] = order_sudo._format_date_in(zone, start)
        known["time"] = order_sudo._format_time_in(zone, start, end)
        if same:
            known.update(new_date=known["date"], new_time=known["time"])
        elif appointment_sudo:
            known["new_date"] = order_sudo._format_appointment_date(appointment_sudo)
            known["new_time"] = order_sudo._format_appointment_time(appointment_sudo)
        return known

    def _may_have_arrived(self):
        """Whether the customer may have got this text; also one that failed may."""
        if self.state == "failed":
            return bool(self.twilio_sid) or self.failure_type == "unknown"
        return self.state != "canceled"

    def _without_taken_back(self):
        """These messages, newest first, without what an opt-out took back.

        That is the opt-out's own message, and what the same number answered before.
        """
        opted_out = set()
        kept = []
        for record in self:
            if record.response == "opted_out":
                opted_out.add(record.mobile)
            if record.mobile not in opted_out:
                kept.append(record.id)
        return self.browse(kept)

    def _take_up_again(self):
        """The date moved back to the one asked about here: the answer counts again.

        Not if the customer was told of another date meanwhile, by a newer text (the
        caller's to see) or as the answer to a reply.
        """
        if (
            not self
            or self.closed_reason != "moved"
            or not self._is_current()
            or "moved" in self.reply_ids.mapped("reason")
        ):
            return
        response = self.response
        if response in ("confirmed", "declined"):
            self.write({"closed_reason": "answered"})
            if response == "declined" and not self.needs_reading:
                self._update_activity(response)
        elif response != "opted_out" and self.state in ("sent", "delivered"):
            self._reopen()
        if self.closed_reason == "moved":
            return
        self._get_appointment_sudo()._set_confirmation_status_sudo(
            response or "awaiting"
        )
        note = self.env._(
            "%(message)s: the appointment is back at the date that it asked about "
            "(%(date)s), so the answer counts again.",
            message=self.name,
            date=self._describe_appointment()["date"],
        )
        author = self.env.user.partner_id
        self._log_notes([self.order_id, self.partner_id], note, author)
        self._notify_changed()

    def _reopen(self):
        """The customer was asked after all: wait for an answer again."""
        settled = self.response and self.response != "unrecognized"
        if settled or self._get_stale_reason():
            return
        others = self._search_open_sudo(self.mobile, self.sender)
        if others and not self.code:
            self.env["fsm.confirmation.composer"]._ensure_codes(self)
        if self.code in others.mapped("code"):
            return
        self.write({"is_open": True, "closed_reason": False})
        appointment_sudo = self._get_appointment_sudo()
        if appointment_sudo.confirmation_status == "not_sent":
            appointment_sudo._set_confirmation_status_sudo("awaiting")

    def _keep_words(self, reply_sudo):
        """Show a reply's words on the row, unless later ones stand there."""
        if not self.reply_date or self.reply_date <= reply_sudo.received_date:
            self._write_words(reply_sudo.body, {"reply_date": reply_sudo.received_date})

    def _apply_answer(self, response, reply_sudo):
        """The customer answered this message.

        :param response: a key of ``response``
        :param reply_sudo: the ``fsm.confirmation.reply``
        """
        self.ensure_one()
        values = {
            "response": response,
            "reply_date": reply_sudo.received_date,
            "needs_reading": False,
        }
        if response != "unrecognized":
            values.update(is_open=False, closed_reason="answered")
        self._write_response(values, reply_sudo.body)
        self._update_activity(response)
        if response != "unrecognized":
            self._close_other_activities_sudo()

    def _close_other_activities_sudo(self):
        """What was asked of a person about the same appointment is done as well."""
        appointment_sudo = self._get_appointment_sudo()
        if not appointment_sudo:
            return
        self.flush_model(["activity_id", "order_id"])
        # Every clear answer asks this, and nearly always there is none.
        found = self.env.execute_query(
            SQL(
                """SELECT id FROM fsm_confirmation
                    WHERE order_id = %s AND activity_id IS NOT NULL AND id != %s""",
                self.order_id.id,
                self.id,
            )
        )
        others_sudo = self.sudo().browse([id_ for (id_,) in found])
        others_sudo.filtered(
            lambda rec: rec._get_appointment_sudo() == appointment_sudo
        )._close_activities()

    def _flag_reply(self, reply_sudo):
        """A reply that changes nothing by itself, but that a person should read."""
        self.ensure_one()
        self.write({"needs_reading": True})
        self._keep_words(reply_sudo)
        self._update_activity("read")
        self._notify_changed()

    def _write_response(self, values, words=None):
        """Write the answer, and show it on the appointment.

        :param words: the customer's; None leaves those that stand there
        """
        if words is None:
            self.with_context(tracking_disable=True).write(values)
        else:
            self._write_words(words, values)
        appointment_sudo = self._get_appointment_sudo()
        if appointment_sudo and values.get("response") and self._is_current():
            appointment_sudo._set_confirmation_status_sudo(values["response"])
        self._notify_changed()

    @api.model
    def _opt_out_sudo(self, number, confirmations, source, words="", company=None):
        """A number opted out: remember it, answer its open messages, tell the contact.

        :param number: E.164
        :param confirmations: ``fsm.confirmation`` records that this opt-out answers
        :param source: a key of ``phone.blacklist.opt_out_source``
        """
        entry_sudo = self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
            number, source, words
        )
        now = fields.Datetime.now()
        for record_sudo in confirmations.sudo():
            values = {
                "response": "opted_out",
                "is_open": False,
                "closed_reason": "answered",
                "reply_date": now,
            }
            record_sudo._write_response(values, words or None)
            record_sudo._update_activity("opted_out")
        partners_sudo = confirmations.sudo().partner_id
        company_ids = [False, *(company.ids if company else [])]
        if not partners_sudo:
            partners_sudo = (
                self.env["res.partner"]
                .sudo()
                .search(
                    [
                        ("phone_sanitized", "=", number),
                        ("company_id", "in", company_ids),
                    ],
                    limit=10,
                )
            )
        note = entry_sudo._job_confirmation_describe()
        company = company or confirmations.sudo().company_id
        self._log_notes(list(partners_sudo), note, company=company)
        # What waited to be asked about again can't be asked about now.
        for record_sudo in self._find_newest_sudo(number, company, "reconfirm"):
            record_sudo._on_opt_out_without_question()
        return entry_sudo

    def _on_opt_out_without_question(self):
        """The customer opted out while nothing was asked: a person has to call.

        An appointment that waits to be asked about again can't be asked about now.
        """
        self._update_activity("opted_out")
        appointment_sudo = self._get_appointment_sudo()
        if appointment_sudo.confirmation_status == "reconfirm":
            appointment_sudo._set_confirmation_status_sudo("opted_out")
        self._notify_changed()

    @api.model
    def _on_opt_in_sudo(self, number, companies, remind=True):
        """A number takes texts again: what its opting out took back is asked again.

        :param number: E.164
        :param companies: ``res.company`` records whose appointments these are
        :param remind: have a person do it; False when a person has just lifted it
        """
        for record_sudo in self._find_newest_sudo(number, companies, "opted_out"):
            appointment_sudo = record_sudo._get_appointment_sudo()
            appointment_sudo._set_confirmation_status_sudo("reconfirm")
            note = self.env._(
                "The customer takes texts again: %s is to be asked again.",
                record_sudo.name,
            )
            record_sudo._log_notes([record_sudo.order_id, record_sudo.partner_id], note)
            record_sudo._update_activity("ask_again" if remind else "settled")
            record_sudo._notify_changed()

    @api.model
    def _find_newest_sudo(self, number, companies, status):
        """The newest message to a number about each coming appointment of a status.

        :param number: E.164
        :param status: a key of ``confirmation_status``
        """
        found_sudo = self.sudo().search(
            [("mobile", "=", number), ("company_id", "in", companies.ids)], limit=100
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

    def _get_opt_out_status(self):
        """What an opt-out means for its appointment now: it may be over."""
        listed = self.env["phone.blacklist"]._job_confirmation_find_sudo([self.mobile])
        return "opted_out" if listed else "reconfirm"

    def _settle(self, response, reason=""):
        """Correct the answer by hand; who did it and why is in the history.

        :param response: a key of ``response``, or False
        """
        self.ensure_one()
        if self.response == response and not reason:
            return
        record_sudo = self.sudo()
        labels = dict(self._fields["response"]._description_selection(self.env))
        old = labels.get(record_sudo.response) or self.env._("no answer")
        new = labels.get(response) or self.env._("no answer")
        values = {"response": response, "needs_reading": False}
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
            note = entry_sudo._job_confirmation_describe()
            self._log_note(record_sudo.partner_id, note, self.env.user.partner_id)
        note = self.env._(
            "%(message)s: answer changed from %(old)s to %(new)s.",
            message=self.name,
            old=old,
            new=new,
        )
        if reason:
            note += " " + self.env._("Reason: %s", reason)
        author = self.env.user.partner_id
        record_sudo._message_log(body=note, author_id=author.id)
        self._log_notes([record_sudo.order_id, record_sudo.partner_id], note, author)
        record_sudo._update_activity(response)
        record_sudo._notify_changed()

    # ------------------------------------------------------------------
    # Activities
    # ------------------------------------------------------------------

    def _update_activity(self, response, note=""):
        """Have a person act on an answer that needs one; a settled one closes it.

        :param response: the answer; ``read`` asks a person to read the reply, and
            ``ask_again`` to send another text
        """
        self.ensure_one()
        xmlids = {
            "declined": "mail_activity_type_reschedule",
            "opted_out": "mail_activity_type_call",
            "unrecognized": "mail_activity_type_read",
            "read": "mail_activity_type_read",
            "ask_again": "mail_activity_type_ask_again",
        }
        record_sudo = self.sudo()
        # A done activity is archived, and stays as it is.
        old_sudo = record_sudo.activity_id.filtered("active")
        name = xmlids.get(response)
        order_sudo = record_sudo.order_id
        if not name or not order_sudo:
            if old_sudo:
                record_sudo.activity_id = False
                old_sudo.action_feedback(feedback=self.env._("Settled"))
            return
        kind = self.env.ref(f"fieldservice_job_confirmation.{name}")
        if old_sudo.activity_type_id == kind:
            return
        old_sudo.unlink()
        record_sudo.activity_id = order_sudo.activity_schedule(
            activity_type_id=kind.id,
            note=note or self._link_to_message(),
            user_id=self._get_responsible_user().id,
        )

    def _close_activities(self):
        """What a person was asked to do about these messages is done."""
        for record_sudo in self.sudo().filtered("activity_id"):
            record_sudo._update_activity("settled")

    def _get_responsible_user(self):
        """Who acts on an answer: the sender, else who made the Work Order.

        Somebody who may settle it: without the level Edit a user sees no answer. When
        neither may any more, it is the first user of the company who may.
        """
        order_sudo = self.sudo().order_id
        company_sudo = self.sudo().company_id
        users_sudo = self.sudo().user_id | order_sudo.create_uid
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
