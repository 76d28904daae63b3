# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

MESSAGE_CENTER_ADMIN = "fieldservice_job_confirmation.group_message_center_admin"
# Somebody in many companies is not buried under checklists.
MAX_CHECKLISTS = 2


class FsmConfirmation(models.Model):
    """What is left to do before customers can be texted, above the Message Center."""

    _inherit = "fsm.confirmation"

    def _get_message_center_notices(self):
        return [*super()._get_message_center_notices(), *self._get_setup_notices()]

    @api.model
    def _get_setup_notices(self):
        """Notices about companies that are not set up: a checklist for administrators,
        a sentence for others. Twilio is not asked."""
        user = self.env.user
        administers = user._is_system() or user.has_group(MESSAGE_CENTER_ADMIN)
        notices = []
        for company in self.env.companies:
            enabled = company.sudo().job_confirmation_enabled
            if not enabled and company != self.env.company:
                continue
            if administers:
                notice = self._get_setup_checklist(company)
            else:
                notice = self._get_setup_sentence(company)
            if notice:
                notices.append(notice)
            if len(notices) == MAX_CHECKLISTS:
                break
        return notices

    @api.model
    def _get_setup_sentence(self, company):
        """Whom to ask, for a user who can't set it up; None when all is ready."""
        if not company.sudo().job_confirmation_enabled:
            text = self.env._(
                "Job confirmations are not switched on for %s, so no text can be sent. "
                "Ask a system administrator.",
                company.name,
            )
        elif not company._job_confirmation_ready():
            text = self.env._(
                "Twilio is not set up for %s yet, so no text can be sent. Ask a system "
                "administrator.",
                company.name,
            )
        else:
            return None
        return {"level": "warning", "text": text}

    @api.model
    def _get_setup_checklist(self, company):
        """The steps of a company with which are done; None when all are."""
        items = self._get_setup_steps(company)
        done = sum(item["done"] for item in items)
        if done == len(items):
            return None
        may_do = self.env.user._is_system()
        if not may_do or company != self.env.company:
            # Others see how far it is; settings are those of the current company.
            for item in items:
                item.pop("label", None)
                item.pop("action", None)
        if not may_do:
            text = self.env._(
                "Job confirmations for %(company)s: %(done)s of %(all)s steps are "
                "done. A system administrator does the rest.",
                company=company.name,
                done=done,
                all=len(items),
            )
        else:
            text = self.env._(
                "Set up job confirmations for %(company)s: %(done)s of %(all)s steps "
                "are done.",
                company=company.name,
                done=done,
                all=len(items),
            )
        return {"level": "info", "text": text, "items": items}

    @api.model
    def _get_setup_steps(self, company):
        """:return: list of dict ``done``, ``text``, ``label`` and ``action``"""
        company_sudo = company.sudo()
        health_sudo = self.env["fsm.confirmation.health"]._of_sudo(company)
        settings = self._get_setup_action("fieldservice.action_fsm_config")
        connection = self._get_setup_action(
            "fieldservice_job_confirmation.fsm_confirmation_setup_action"
        )
        mine = [("company_id", "=", company.id)]
        messages_sudo = self.sudo()
        texted = bool(health_sudo.test_date) or bool(
            messages_sudo.search_count(
                [*mine, ("state", "in", ("sent", "delivered"))], limit=1
            )
        )
        replied = bool(
            self.env["fsm.confirmation.reply"].sudo().search_count(mine, limit=1)
        )
        account = bool(
            company_sudo.sms_twilio_account_sid and company_sudo._twilio_token_sudo
        )
        return [
            {
                "done": bool(company_sudo.job_confirmation_enabled),
                "text": self.env._("Job confirmations are switched on"),
                "label": self.env._("Open the settings"),
                "action": settings,
            },
            {
                "done": account,
                "text": self.env._("The Twilio account is entered"),
                "label": self.env._("Enter it"),
                "action": company._action_open_sms_twilio_account_manage(),
            },
            {
                "done": account and bool(health_sudo._get_senders()),
                "text": self.env._("A sender is chosen"),
                "label": self.env._("Choose it"),
                "action": settings,
            },
            {
                "done": health_sudo._is_connected(),
                "text": self.env._("Replies come to this Odoo"),
                "label": self.env._("Connect"),
                "action": connection,
            },
            {
                "done": texted,
                "text": self.env._("A test text was sent"),
                "label": self.env._("Send it"),
                "action": connection,
            },
            {
                "done": replied,
                "text": self.env._("A reply has arrived"),
                "label": self.env._("Check"),
                "action": connection,
            },
        ]

    @api.model
    def _get_setup_action(self, xmlid):
        """An action as the web client runs it."""
        return self.env["ir.actions.actions"].sudo()._for_xml_id(xmlid)
