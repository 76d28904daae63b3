# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import time

from odoo import api, fields, models
from odoo.tools import format_time

from ...core import hours
from ...core.kinds import PREPARED_TEXTS


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
    job_confirmation_text_ids = fields.Many2many(
        "sms.template",
        string="Auto-Replies",
        compute="_compute_job_confirmation_text_ids",
        inverse="_inverse_job_confirmation_text_ids",
        readonly=False,
        domain=[("confirmation_kind", "not in", (False, *PREPARED_TEXTS))],
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
    job_confirmation_calendar_id = fields.Many2one(
        related="company_id.job_confirmation_calendar_id", readonly=False
    )
    job_confirmation_default_hours = fields.Char(
        compute="_compute_job_confirmation_default_hours"
    )
    job_confirmation_hours_warning = fields.Char(
        compute="_compute_job_confirmation_hours_warning"
    )
    job_confirmation_email = fields.Selection(
        related="company_id.job_confirmation_email", readonly=False
    )
    job_confirmation_daily_limit = fields.Integer(
        related="company_id.job_confirmation_daily_limit", readonly=False
    )
    job_confirmation_notice_moved = fields.Selection(
        related="company_id.job_confirmation_notice_moved", readonly=False
    )
    job_confirmation_notice_canceled = fields.Selection(
        related="company_id.job_confirmation_notice_canceled", readonly=False
    )
    job_confirmation_notice_technician = fields.Selection(
        related="company_id.job_confirmation_notice_technician", readonly=False
    )
    job_confirmation_notice_minutes = fields.Integer(
        related="company_id.job_confirmation_notice_minutes", readonly=False
    )
    job_confirmation_notice_limit = fields.Integer(
        related="company_id.job_confirmation_notice_limit", readonly=False
    )
    job_confirmation_retention_months = fields.Integer(
        related="company_id.job_confirmation_retention_months", readonly=False
    )

    job_confirmation_connection = fields.Char(
        "Connection", compute="_compute_job_confirmation_connection"
    )
    job_confirmation_connected = fields.Boolean(
        compute="_compute_job_confirmation_connection"
    )

    @api.depends("company_id")
    def _compute_job_confirmation_text_ids(self):
        """The texts as they are sent: the company's own, and the standard others."""
        standard = self.env["sms.template"]._get_standard_auto_replies()
        for settings in self:
            own = settings.company_id.job_confirmation_text_ids
            kinds = own.mapped("confirmation_kind")
            settings.job_confirmation_text_ids = own | standard.filtered(
                lambda template, kinds=kinds: template.confirmation_kind not in kinds
            )

    def _inverse_job_confirmation_text_ids(self):
        """Keep the text only if it isn't the standard one, which is sent by default."""
        standard = self.env["sms.template"]._get_standard_auto_replies()
        for settings in self:
            own = settings.job_confirmation_text_ids - standard
            if own != settings.company_id.job_confirmation_text_ids:
                settings.company_id.job_confirmation_text_ids = own

    @api.depends("company_id")
    @api.depends_context("lang")
    def _compute_job_confirmation_default_hours(self):
        """The hours without a calendar, as the user's language writes them."""
        today = fields.Date.today()
        for settings in self:
            windows = settings.company_id._get_default_texting_windows()
            [(begin, end)] = windows(today)
            settings.job_confirmation_default_hours = self.env._(
                "%(begin)s to %(end)s every day",
                begin=self._format_hour(begin),
                end=self._format_hour(end),
            )

    @api.model
    def _format_hour(self, hour):
        return format_time(self.env, time(hour % 24), time_format="short")

    @api.depends("company_id", "job_confirmation_calendar_id")
    def _compute_job_confirmation_hours_warning(self):
        """Warn of hours so narrow that hardly anything is ever sent."""
        for settings in self:
            calendar = settings.job_confirmation_calendar_id
            # A Char of an empty record would show its name.
            narrow = bool(calendar) and hours.are_narrow(
                calendar._get_texting_windows(settings.company_id),
                fields.Date.today(),
            )
            settings.job_confirmation_hours_warning = narrow and self.env._(
                "No day of the next two weeks has four texting hours: "
                "automatic texts may never be sent. Add hours to the calendar."
            )

    @api.depends("company_id")
    def _compute_job_confirmation_connection(self):
        for settings in self:
            connection_sudo = self.env["fsm.confirmation.connection"]._of_sudo(
                settings.company_id
            )
            settings.job_confirmation_connected = connection_sudo._is_connected()
            if settings.job_confirmation_connected:
                base = settings.company_id.get_base_url()
                text = self.env._("Replies come to %s", base)
            elif connection_sudo._has_replies():
                text = self.env._(
                    "Replies have arrived. Click Connect to see whether all is right."
                )
            else:
                text = self.env._("Not connected: replies do not arrive yet")
            settings.job_confirmation_connection = text

    def action_job_confirmation_connect(self):
        """Point the replies to this Odoo, or show in words why that isn't possible."""
        self.ensure_one()
        return self.env["fsm.confirmation.setup"]._open_connected()

    def action_job_confirmation_check(self):
        """Check everything that texts and replies need."""
        self.ensure_one()
        return self.env["fsm.confirmation.setup"]._open_checked()

    def action_open_job_confirmation_twilio_account(self):
        """Open the account dialog of ``sms_twilio``: no secret is typed twice."""
        self.ensure_one()
        return self.company_id._action_open_sms_twilio_account_manage()
