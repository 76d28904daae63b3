# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import fields, models

# A problem that nobody saw again for so long is over.
_SHOW_PROBLEM = timedelta(days=3)
_REPLIES_WAIT = timedelta(minutes=10)


class FsmConfirmation(models.Model):
    """What is wrong with sending and receiving, told above the Message Center."""

    _inherit = "fsm.confirmation"

    def _get_message_center_notices(self):
        return super()._get_message_center_notices() + self._get_trouble_notices()

    def _get_trouble_notices(self):
        """Notices about a queue that is stuck and senders that Twilio refuses.

        Counts and codes only, so that everybody may see them who uses the Message
        Center: a dispatcher has to know that texts don't leave.
        """
        company_ids = self.env.companies.ids
        now = fields.Datetime.now()
        senders_sudo = self.env["fsm.confirmation.sender"].sudo()
        notices = []
        stuck = sum(row[2] for row in senders_sudo._find_stuck_sudo(company_ids))
        if stuck:
            notices.append(
                {
                    "level": "danger",
                    "text": self.env._(
                        "%s text(s) wait and don't leave. Ask an administrator to "
                        "check that Odoo's scheduled jobs run.",
                        stuck,
                    ),
                }
            )
        problems_sudo = senders_sudo.search(
            [
                ("company_id", "in", company_ids),
                ("problem", "!=", False),
                ("problem_code", "!=", 0),
                ("problem_date", ">", now - _SHOW_PROBLEM),
            ]
        )
        for row_sudo in problems_sudo:
            notices.append(
                {
                    "level": "danger",
                    "text": self.env._(
                        "Texts of %(company)s don't leave: %(problem)s",
                        company=row_sudo.company_id.name,
                        problem=row_sudo.problem,
                    ),
                    **self._get_settings_way_out(),
                }
            )
        waiting = self.env["fsm.confirmation.reply"].search_count(
            [
                ("state", "=", "pending"),
                ("create_date", "<", now - _REPLIES_WAIT),
            ]
        )
        if waiting:
            notices.append(
                {
                    "level": "warning",
                    "text": self.env._(
                        "%s repl(ies) could not be worked on yet. They are kept and "
                        "tried again.",
                        waiting,
                    ),
                    "label": self.env._("Show them"),
                    "action": self._get_pending_replies_action(),
                }
            )
        unfetched_sudo = senders_sudo.search(
            [("company_id", "in", company_ids), ("fetch_error", "!=", False)], limit=1
        )
        if unfetched_sudo and not problems_sudo:
            notices.append(
                {
                    "level": "warning",
                    "text": self.env._(
                        "Replies that did not arrive can't be fetched from Twilio: %s",
                        unfetched_sudo.fetch_error,
                    ),
                    **self._get_settings_way_out(),
                }
            )
        return notices

    def _get_settings_way_out(self):
        """The button to the settings, for those who may open them."""
        if not self.env.user._is_system():
            return {}
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fieldservice.action_fsm_config"
        )
        return {"label": self.env._("Open the settings"), "action": action}

    def _get_pending_replies_action(self):
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fieldservice_job_confirmation.fsm_confirmation_reply_action"
        )
        return {**action, "domain": [("state", "=", "pending")], "context": {}}
