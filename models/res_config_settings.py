# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


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
    job_confirmation_reply_hours = fields.Integer(
        related="company_id.job_confirmation_reply_hours", readonly=False
    )

    job_confirmation_rate = fields.Integer(
        related="company_id.job_confirmation_rate", readonly=False
    )
    job_confirmation_retention_months = fields.Integer(
        related="company_id.job_confirmation_retention_months", readonly=False
    )

    def action_open_job_confirmation_twilio_account(self):
        """Open the account dialog of ``sms_twilio``: no secret is typed twice."""
        self.ensure_one()
        return self.company_id._action_open_sms_twilio_account_manage()
