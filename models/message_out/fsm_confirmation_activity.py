# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, api, models

from ...core.status import OUTDATED
from ..xmlids import EDIT_GROUP, MODULE

# What each response has a person do; the last three keys are no responses.
_ACTIVITY_TYPES = {
    "declined": "mail_activity_type_reschedule",
    "opted_out": "mail_activity_type_call",
    "unrecognized": "mail_activity_type_read",
    "read": "mail_activity_type_read",
    "ask_again": "mail_activity_type_ask_again",
    "wrong_number": "mail_activity_type_number",
}


class FsmConfirmationActivity(models.AbstractModel):
    """What a person has to do about a response, and who that is."""

    _name = "fsm.confirmation.activity"
    _description = "Activities of Confirmations"

    @api.model
    def _update(self, record, response):
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
        kind = self.env.ref(f"{MODULE}.{name}")
        if old_sudo.activity_type_id == kind:
            return
        old_sudo.unlink()
        # Where nobody may resolve it, an administrator has to change that.
        user_sudo = self._get_responsible_user(record) or self.env.ref(
            "base.user_admin"
        )
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
    def _renew(self, record):
        """Have a person act on what was left undone when the work was canceled."""
        if record.needs_reading:
            self._update(record, "read")
        elif record and record._is_current() and record.closed_reason not in OUTDATED:
            self._update(record, record.response)

    @api.model
    def _close(self, records):
        """Close the activities of these messages: what they asked for is done."""
        for record_sudo in records.sudo().filtered("activity_id"):
            self._update(record_sudo, "resolved")

    @api.model
    def _close_read(self, records):
        """Close the activities that only asked to read what customers wrote.

        What else is to be done, such as finding another date, stays, also when the
        activity to read has taken its place meanwhile.
        """
        read, reschedule = (
            self.env.ref(f"{MODULE}.{_ACTIVITY_TYPES[key]}")
            for key in ("read", "declined")
        )
        for record_sudo in records.sudo():
            kind = record_sudo.activity_id.activity_type_id
            task = self._find_task(record_sudo)
            if kind == read or (kind == reschedule and not task):
                self._update(record_sudo, "resolved")
            if kind == read and task:
                self._update(record_sudo, task)

    @api.model
    def _find_task(self, record):
        """What a response asks for besides reading it, as a key of :meth:`_update`.

        :return: "" when there is nothing (any more)
        """
        if record._was_asked_since() or not record._is_current():
            return ""
        response = record.response
        status = record._get_appointment_sudo().confirmation_status
        if record.is_wrong_number:
            return "wrong_number"
        if response == "opted_out" and status == "reconfirm":
            return "ask_again"
        is_so = response in ("declined", "opted_out") and status == response
        return response if is_so else ""

    @api.model
    def _get_responsible_user(self, record, order=None):
        """Who acts on a response: who sent the text, else the Work Order's creator.

        It must be a user who may resolve it: without the level Edit a user sees no
        response. If neither of them may, it is the first user of the company who may.
        An override point.

        :param record: ``fsm.confirmation``, maybe empty when ``order`` is given
        :return: ``res.users``, empty if nobody of the company may resolve it
        """
        record_sudo = record.sudo()
        order_sudo = order.sudo() if order else record_sudo.order_id
        company_sudo = (record_sudo or order_sudo).company_id
        users_sudo = record_sudo.user_id | order_sudo.create_uid
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
        return able_sudo[:1]
