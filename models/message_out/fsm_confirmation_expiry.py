# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain

_BATCH = 500
# The time between two runs is counted from the end of the first.
_OVERLAP = timedelta(minutes=5)


class FsmConfirmationExpiry(models.AbstractModel):
    """Closes what time has run out on: nobody waits for an answer about the past."""

    _name = "fsm.confirmation.expiry"
    _description = "Expiry of Confirmations"

    @api.model
    def _cron_close_expired(self):
        """Close questions about appointments that are over, and forget their visits."""
        last = self.env.context.get("lastcall")
        since = last and fields.Datetime.to_datetime(last) - _OVERLAP
        self._update_orders_of_ended_visits_sudo(since)
        cron = self.env["ir.cron"]
        while cron._commit_progress():
            if not self._close_expired_sudo(since):
                return

    @api.model
    def _close_expired_sudo(self, since=None, limit=_BATCH):
        """Close questions that can't be answered any more.

        :param since: naive UTC; appointments before it were looked at already
        :return: whether there may be more
        """
        domain = [
            ("appointment_start", "<=", fields.Datetime.now()),
            "|",
            ("appointment_end", "=", False),
            ("appointment_end", "<=", fields.Datetime.now()),
            ("is_open", "=", True),
            # The outbox decides about texts that have not been sent yet.
            ("state", "not in", ("outgoing", "sending")),
        ]
        if since:
            # Without it every past message would be read. One day more than needed, in
            # case a run was interrupted.
            domain.append(("appointment_start", ">", since - timedelta(days=1)))
        found_sudo = self.env["fsm.confirmation"].sudo().search(domain, limit=limit)
        # Some may end later by now.
        expired_sudo = found_sudo.filtered(lambda rec: rec._has_passed())
        expired_sudo._close_sudo("past")
        for record_sudo in expired_sudo:
            record_sudo._get_appointment_sudo()._stop_waiting_sudo()
        return len(found_sudo) == limit and bool(expired_sudo)

    @api.model
    def _update_orders_of_ended_visits_sudo(self, since=None):
        """Have Work Orders sum up the visits that are still to come.

        Only where one has ended since the last time: a status that was set by hand
        stays until then.

        :param since: naive UTC; visits before it were looked at already
        """
        now = fields.Datetime.now()
        since = since or now - timedelta(days=1)
        ended = Domain("scheduled_date_end", "<=", now)
        ended &= Domain("scheduled_date_end", ">", since)
        # One without an end is over when it begins.
        begun = Domain("scheduled_date_start", "<=", now)
        begun &= Domain("scheduled_date_start", ">", since)
        begun &= Domain("scheduled_date_end", "=", False)
        visits_sudo = self.env["fsm.visit"].sudo().search(ended | begun)
        visits_sudo.order_id._update_status_from_visits_sudo()
