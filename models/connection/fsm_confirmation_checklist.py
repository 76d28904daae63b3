# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

MESSAGE_CENTER_ADMIN = "fieldservice_job_confirmation.group_message_center_admin"
# Don't bury a user of many companies under checklists.
MAX_CHECKLISTS = 2


class FsmConfirmationChecklist(models.AbstractModel):
    """What is left to do before customers can be texted, above the Message Center."""

    _name = "fsm.confirmation.checklist"
    _description = "Set-up of Job Confirmations"

    @api.model
    def _get_banners(self):
        """Banners about companies that are not set up: a checklist for administrators,
        a sentence for others. Twilio is not asked."""
        user = self.env.user
        administers = user._is_system() or user.has_group(MESSAGE_CENTER_ADMIN)
        banners = []
        for company in self.env.companies:
            enabled = company.sudo().job_confirmation_enabled
            if not enabled and company != self.env.company:
                continue
            if administers:
                banner = self._get_setup_checklist(company)
                banner = banner or self._get_setup_warning(company)
            else:
                banner = self._get_setup_sentence(company)
            if banner:
                banners.append(banner)
            if len(banners) == MAX_CHECKLISTS:
                break
        return banners

    @api.model
    def _get_setup_warning(self, company):
        """What went wrong after everything was green; None if nothing did."""
        connection_sudo = self.env["fsm.confirmation.connection"]._of_sudo(company)
        if connection_sudo._are_replies_refused():
            text = self.env._(
                "Replies to %s may be lost: requests were refused for a wrong "
                "signature. Check the connection.",
                company.name,
            )
        elif connection_sudo.connected_date and not connection_sudo._is_connected():
            text = self.env._(
                "The address or the sender of %s has changed since the replies were "
                "connected. Connect again.",
                company.name,
            )
        else:
            return None
        banner = {"level": "warning", "text": text}
        if self.env.user._is_system() and company == self.env.company:
            banner["label"] = self.env._("Check")
            banner["action"] = self._get_connection_action()
        return banner

    @api.model
    def _get_connection_action(self):
        """The action that checks the connection, as the web client runs it."""
        actions = self.env["ir.actions.actions"].sudo()
        return actions._for_xml_id(
            "fieldservice_job_confirmation.fsm_confirmation_setup_action"
        )

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
        done = self._get_setup_progress(company)
        count = sum(done.values())
        if count == len(done):
            return None
        # Settings are those of the current company, and for who may open them.
        may_do = self.env.user._is_system()
        steps = self._get_setup_steps(company, may_do and company == self.env.company)
        items = [{"done": done[key], **step} for key, step in steps.items()]
        if may_do:
            text = self.env._(
                "Set up job confirmations for %(company)s: %(done)s of %(all)s steps "
                "are done.",
                company=company.name,
                done=count,
                all=len(items),
            )
        else:
            text = self.env._(
                "Job confirmations for %(company)s: %(done)s of %(all)s steps are "
                "done. A system administrator does the rest.",
                company=company.name,
                done=count,
                all=len(items),
            )
        return {"level": "info", "text": text, "items": items}

    @api.model
    def _get_setup_progress(self, company):
        """:return: dict step -> whether it is done, in order"""
        company_sudo = company.sudo()
        connection_sudo = self.env["fsm.confirmation.connection"]._of_sudo(company)
        mine = [("company_id", "=", company.id)]
        account = bool(
            company_sudo.sms_twilio_account_sid and company_sudo._twilio_token_sudo
        )
        texted = bool(connection_sudo.test_date) or self.env[
            "fsm.confirmation"
        ].sudo().search_count([*mine, ("state", "in", ("sent", "delivered"))], limit=1)
        replied = connection_sudo._has_replies()
        return {
            "enabled": bool(company_sudo.job_confirmation_enabled),
            "account": account,
            "sender": account and bool(connection_sudo._get_senders()),
            "connected": replied or connection_sudo._is_connected(),
            "texted": bool(texted),
            "replied": replied,
        }

    @api.model
    def _get_setup_steps(self, company, may_do):
        """:return: dict step -> dict ``text`` and, if ``may_do``, ``label`` and
        ``action``"""
        texts = {
            "enabled": self.env._("Job confirmations are switched on"),
            "account": self.env._("The Twilio account is entered"),
            "sender": self.env._("A sender is chosen"),
            "connected": self.env._("Replies come to this Odoo"),
            "texted": self.env._("A test text was sent"),
            "replied": self.env._("A reply has arrived"),
        }
        steps = {key: {"text": text} for key, text in texts.items()}
        if not may_do:
            return steps
        actions = self.env["ir.actions.actions"].sudo()
        settings = actions._for_xml_id("fieldservice.action_fsm_config")
        connection = self._get_connection_action()
        account = company._action_open_sms_twilio_account_manage()
        for key, label, action in (
            ("enabled", self.env._("Open the Settings"), settings),
            ("account", self.env._("Enter It"), account),
            ("sender", self.env._("Choose It"), settings),
            ("connected", self.env._("Connect"), connection),
            ("texted", self.env._("Send It"), connection),
            ("replied", self.env._("Check"), connection),
        ):
            steps[key].update(label=label, action=action)
        return steps
