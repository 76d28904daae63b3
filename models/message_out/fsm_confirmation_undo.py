# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json
from datetime import datetime

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.log_redaction import private_queries
from ..levels import check_may_edit

# What a person's decision may change on messages.
_FIELDS = (
    "response",
    "is_open",
    "closed_reason",
    "state",
    "failure_reason",
    "needs_reading",
    "read_after",
    "reply_body",
    "reply_date",
    "customer_note",
    "resolved_date",
    "code",
)
_REPLY_FIELDS = ("confirmation_id", "state", "partner_id", "is_done")
_ACTIVITY_FIELDS = ("activity_type_id", "user_id", "date_deadline", "summary", "note")
_MAX_MESSAGES = 200


class FsmConfirmationUndo(models.TransientModel):
    """Undoes what a person did by hand, as long as nothing came after it.

    A row keeps the state before and after: only what is still as it was left is undone.
    Rows expire by themselves, and nobody but the server reads them.
    """

    _name = "fsm.confirmation.undo"
    _description = "Undo of What Was Entered by Hand"
    _transient_max_hours = 48

    message_id = fields.Many2one(
        "fsm.confirmation", required=True, index=True, ondelete="cascade"
    )
    reply_id = fields.Many2one("fsm.confirmation.reply", ondelete="cascade")
    before = fields.Json()
    after = fields.Json()

    # ------------------------------------------------------------------
    # Remember
    # ------------------------------------------------------------------

    @api.model
    def _snapshot(self, record, reply=None):
        """Read the state that a decision about a message may change, as plain data.

        :param record: one ``fsm.confirmation``
        :param reply: the ``fsm.confirmation.reply`` that is attached to it
        """
        record_sudo = record.sudo()
        messages_sudo = self._find_concerned(record_sudo)
        appointments = {each._get_appointment_sudo() for each in messages_sudo}
        blacklist = self.env["phone.blacklist"]
        numbers = blacklist._job_confirmation_find_sudo([record_sudo.mobile])
        facts = {
            "messages": messages_sudo.read(["id", *_FIELDS], load=None),
            "activities": [
                [each.id, self._read_activity(each)] for each in messages_sudo
            ],
            "statuses": sorted(
                [each._name, each.id, each.confirmation_status]
                for each in appointments
                if each
            ),
            "replies": reply.sudo().read(_REPLY_FIELDS, load=None) if reply else [],
            "opted_out": bool(numbers),
        }
        return json.loads(json.dumps(facts, default=str))

    @api.model
    def _find_concerned(self, record_sudo):
        """The messages about the same appointment, and the number's coming ones."""
        appointment_sudo = record_sudo._get_appointment_sudo()
        mine_sudo = record_sudo
        if appointment_sudo:
            mine_sudo |= appointment_sudo._get_appointment_confirmations_sudo()
        if not record_sudo.mobile:
            return mine_sudo.sorted("id")
        of_number = [
            ("mobile", "=", record_sudo.mobile),
            ("company_id", "=", record_sudo.company_id.id),
            "|",
            ("appointment_start", ">", fields.Datetime.now()),
            ("appointment_end", ">", fields.Datetime.now()),
        ]
        mine_sudo |= record_sudo.search(of_number, limit=_MAX_MESSAGES)
        return mine_sudo.sorted("id")

    @api.model
    def _read_activity(self, record_sudo):
        """The activity that waits, or None: done ones are no part of how it is."""
        activity_sudo = record_sudo.activity_id.filtered("active")
        if not activity_sudo:
            return None
        [values] = activity_sudo.read(_ACTIVITY_FIELDS, load=None)
        return values

    @api.model
    def _keep(self, record, before, reply=None):
        """Remember a decision about a message, and drop the one before it for good.

        :param before: of :meth:`_snapshot`
        """
        after = self._snapshot(record, reply)
        if after == before:
            return
        self._find_sudo(record).unlink()
        self.sudo().create(
            {
                "message_id": record.id,
                "reply_id": reply.id if reply else False,
                "before": before,
                "after": after,
            }
        )

    # ------------------------------------------------------------------
    # Take back
    # ------------------------------------------------------------------

    @api.model
    def _find_sudo(self, record):
        """What was kept of the last decision about a message, maybe nothing."""
        return self.sudo().search([("message_id", "=", record.id)])

    @api.model
    def _can_undo(self, record):
        """Whether everything is as the last decision by hand has left it."""
        kept_sudo = self._find_sudo(record)
        return bool(kept_sudo) and (
            self._snapshot(record, kept_sudo.reply_id) == kept_sudo.after
        )

    @api.model
    def _undo(self, record):
        """Restore everything to what it was before the last decision by hand.

        :raises AccessError: the user's level is below Edit
        :raises UserError: something came after it
        """
        if not self.env.su:
            check_may_edit(self.env)
        record.check_access("write")
        record_sudo = record.sudo()
        if not self._can_undo(record):
            raise UserError(
                self.env._(
                    "This can't be undone any more: something came after it. Correct "
                    "the response instead."
                )
            )
        kept_sudo = self._find_sudo(record)
        before, after = kept_sudo.before, kept_sudo.after
        try:
            with private_queries(), self.env.cr.savepoint():
                self._restore_messages(before["messages"], after["messages"])
                self.env.flush_all()
        except psycopg2.errors.UniqueViolation as error:
            raise UserError(
                self.env._("The customer has been asked again since then.")
            ) from error
        self._restore_activities(before["activities"])
        self._restore_replies(before["replies"])
        self._restore_statuses(before["statuses"])
        if after["opted_out"] and not before["opted_out"]:
            note = self.env._("Opted out by mistake.")
            blacklist = self.env["phone.blacklist"]
            blacklist._job_confirmation_opt_in_sudo(
                record_sudo.mobile,
                note,
                by_hand=False,
                company=record_sudo.company_id,
            )
        kept_sudo.unlink()
        self._log_undone(record_sudo, before["messages"])

    @api.model
    def _restore_messages(self, before, after):
        messages_sudo = self.env["fsm.confirmation"].sudo()
        changed = [values for values in before if values not in after]
        # One that closes makes room for one that opens.
        for values in sorted(changed, key=lambda values: values["is_open"]):
            message_sudo = messages_sudo.browse(values["id"])
            restored = {name: _to_value(message_sudo, name, values) for name in _FIELDS}
            words = restored.pop("reply_body")
            message_sudo._write_words(words, restored)
            if restored["state"] == "outgoing":
                message_sudo.mail_id.filtered(
                    lambda mail: mail.state == "cancel"
                ).mark_outgoing()
                self.env["fsm.confirmation.outbox"]._wake(message_sudo)
            self.env["fsm.confirmation.chatter"]._refresh(message_sudo)

    @api.model
    def _restore_activities(self, before):
        messages_sudo = self.env["fsm.confirmation"].sudo()
        activities_sudo = self.env["mail.activity"].sudo()
        for message_id, values in before:
            message_sudo = messages_sudo.browse(message_id)
            now_sudo = message_sudo.activity_id.filtered("active")
            if now_sudo.id == (values or {}).get("id", False):
                continue
            now_sudo.unlink()
            if not values:
                continue
            old_sudo = activities_sudo.with_context(active_test=False).browse(
                values["id"]
            )
            if old_sudo.exists():
                old_sudo.write({"active": True, "date_done": False, "feedback": False})
            else:
                activity = {name: values[name] for name in _ACTIVITY_FIELDS}
                old_sudo = message_sudo.order_id.activity_schedule(**activity)
            message_sudo.activity_id = old_sudo

    @api.model
    def _restore_replies(self, before):
        for values in before:
            reply_sudo = self.env["fsm.confirmation.reply"].sudo().browse(values["id"])
            reply_sudo.write({name: values[name] for name in _REPLY_FIELDS})
            reply_sudo._notify_changed()

    @api.model
    def _restore_statuses(self, before):
        for name, id_, status in before:
            appointment_sudo = self.env[name].sudo().browse(id_).exists()
            if appointment_sudo and appointment_sudo._has_own_status():
                appointment_sudo._set_confirmation_status_sudo(status)

    @api.model
    def _log_undone(self, record_sudo, before):
        note = self.env._("%s: what was entered by hand was undone.", record_sudo.name)
        self.env["fsm.confirmation.response"]._log_decision(record_sudo, note)
        record_sudo.browse([values["id"] for values in before])._notify_changed()


def _to_value(record, name, values):
    """A value as the field takes it."""
    value = values[name]
    if value and record._fields[name].type == "datetime":
        return datetime.fromisoformat(value)
    return value
