# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

# Kinds of answers that a company can word itself.
STANDARD_TEXTS = (
    "confirmed",
    "declined",
    "unclear",
    "which",
    "moved",
    "closed",
    "help",
)


class ResConfigSettings(models.TransientModel):
    """Settings > Field Service > Job Confirmations."""

    _inherit = "res.config.settings"

    job_confirmation_enabled = fields.Boolean(
        related="company_id.job_confirmation_enabled", readonly=False
    )
    job_confirmation_sender_id = fields.Many2one(
        related="company_id.job_confirmation_sender_id", readonly=False
    )
    job_confirmation_service_sid = fields.Char(
        related="company_id.job_confirmation_service_sid", readonly=False
    )
    job_confirmation_template_id = fields.Many2one(
        related="company_id.job_confirmation_template_id", readonly=False
    )
    job_confirmation_help_text = fields.Char(
        related="company_id.job_confirmation_help_text", readonly=False
    )
    job_confirmation_confirmed_text = fields.Char(
        related="company_id.job_confirmation_confirmed_text", readonly=False
    )
    job_confirmation_declined_text = fields.Char(
        related="company_id.job_confirmation_declined_text", readonly=False
    )
    job_confirmation_unclear_text = fields.Char(
        related="company_id.job_confirmation_unclear_text", readonly=False
    )
    job_confirmation_which_text = fields.Char(
        related="company_id.job_confirmation_which_text", readonly=False
    )
    job_confirmation_moved_text = fields.Char(
        related="company_id.job_confirmation_moved_text", readonly=False
    )
    job_confirmation_closed_text = fields.Char(
        related="company_id.job_confirmation_closed_text", readonly=False
    )
    job_confirmation_auto_reply = fields.Boolean(
        related="company_id.job_confirmation_auto_reply", readonly=False
    )
    job_confirmation_read_minutes = fields.Integer(
        related="company_id.job_confirmation_read_minutes", readonly=False
    )
    job_confirmation_reply_hours = fields.Integer(
        related="company_id.job_confirmation_reply_hours", readonly=False
    )

    job_confirmation_rate = fields.Integer(
        related="company_id.job_confirmation_rate", readonly=False
    )
    job_confirmation_retention_months = fields.Integer(
        related="company_id.job_confirmation_retention_months", readonly=False
    )

    job_confirmation_confirmed_standard = fields.Char(
        compute="_compute_job_confirmation_standard"
    )
    job_confirmation_declined_standard = fields.Char(
        compute="_compute_job_confirmation_standard"
    )
    job_confirmation_unclear_standard = fields.Char(
        compute="_compute_job_confirmation_standard"
    )
    job_confirmation_which_standard = fields.Char(
        compute="_compute_job_confirmation_standard"
    )
    job_confirmation_moved_standard = fields.Char(
        compute="_compute_job_confirmation_standard"
    )
    job_confirmation_closed_standard = fields.Char(
        compute="_compute_job_confirmation_standard"
    )
    job_confirmation_help_standard = fields.Char(
        compute="_compute_job_confirmation_standard"
    )
    job_confirmation_connection = fields.Char(
        "Connection", compute="_compute_job_confirmation_connection"
    )
    job_confirmation_connected = fields.Boolean(
        compute="_compute_job_confirmation_connection"
    )

    @api.depends("company_id")
    def _compute_job_confirmation_standard(self):
        """The texts that are used where a company has none of its own."""
        for settings in self:
            for kind in STANDARD_TEXTS:
                settings[f"job_confirmation_{kind}_standard"] = (
                    settings.company_id._get_standard_text(kind, {"new_date": True})
                )

    @api.depends("company_id")
    def _compute_job_confirmation_connection(self):
        for settings in self:
            health_sudo = self.env["fsm.confirmation.health"]._of_sudo(
                settings.company_id
            )
            settings.job_confirmation_connected = health_sudo._is_connected()
            if settings.job_confirmation_connected:
                base = settings.company_id.get_base_url()
                text = self.env._("Replies come to %s", base)
            elif health_sudo._has_replies():
                text = self.env._(
                    "Replies have arrived. Click Connect to see whether all is right."
                )
            else:
                text = self.env._("Not connected: replies do not arrive yet")
            settings.job_confirmation_connection = text

    def action_job_confirmation_connect(self):
        """Point the replies to this Odoo; shows in words what hinders it."""
        self.ensure_one()
        return self.env["fsm.confirmation.setup"]._open_connected()

    def action_job_confirmation_check(self):
        """Look at everything that texts and replies need."""
        self.ensure_one()
        return self.env["fsm.confirmation.setup"]._open_checked()

    def action_open_job_confirmation_twilio_account(self):
        """Open the account dialog of ``sms_twilio``: no secret is typed twice."""
        self.ensure_one()
        return self.company_id._action_open_sms_twilio_account_manage()
