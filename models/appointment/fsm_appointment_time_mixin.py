# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.tools import babel_locale_parse
from odoo.tools.misc import get_lang

from ...core.formatting import (
    format_date,
    format_time_range,
    is_other_time,
    is_whole_day,
)


class FsmAppointmentTimeMixin(models.AbstractModel):
    """Date and time of an appointment in words, by the clocks where it takes place."""

    _name = "fsm.appointment.time.mixin"
    _description = "Appointment's Time in Words"

    appointment_text = fields.Char(
        "Local Date and Time",
        compute="_compute_appointment_text",
        help="Date and time of the appointment in the time zone of the place of work, "
        "which is named if it isn't the user's.",
    )
    appointment_elsewhere = fields.Char(
        "Date and Time There",
        compute="_compute_appointment_elsewhere",
        help="Date and time of the appointment in the time zone of the place of work, "
        "if the user's clock shows another time.",
    )
    appointment_local = fields.Char(
        compute="_compute_appointment_elsewhere",
        help="Date and time where the work happens, if its clocks differ from the "
        "user's.",
    )

    @api.depends("scheduled_date_start", "scheduled_date_end")
    @api.depends_context("uid", "tz", "lang")
    def _compute_appointment_text(self):
        reader = self._get_reader_timezone()
        for appointment in self:
            order = appointment._get_appointment_order()
            start, end = (
                appointment.scheduled_date_start,
                appointment.scheduled_date_end,
            )
            if not start or not order:
                appointment.appointment_text = False
                continue
            zone = order._get_appointment_timezone()
            parts = [
                self._format_date_in(zone, start),
                self._format_time_in(zone, start, end, reader),
            ]
            appointment.appointment_text = ", ".join(parts)

    @api.depends("scheduled_date_start", "scheduled_date_end")
    @api.depends_context("uid", "tz", "lang")
    def _compute_appointment_elsewhere(self):
        reader = self._get_reader_timezone()
        for appointment in self:
            order = appointment._get_appointment_order()
            start = appointment.scheduled_date_start
            zone = order._get_appointment_timezone() if start and order else ""
            local = self._format_elsewhere(zone, start, reader)
            appointment.appointment_local = local
            # The long form is written only where it is shown.
            appointment.appointment_elsewhere = local and appointment.appointment_text

    @api.model
    def _format_date_in(self, zone, start):
        """:param zone: name of a time zone; :param start: naive UTC datetime"""
        if not start:
            return ""
        locale = babel_locale_parse(get_lang(self.env).code)
        return format_date(start, zone, locale, fields.Datetime.now())

    @api.model
    def _format_time_in(self, zone, start, end=False, reader=None):
        """Start and end time, or "all day".

        :param zone: name of a time zone
        :param start, end: naive UTC datetimes
        :param reader: the reader's time zone; see
            :func:`~...core.formatting.format_time_range`
        """
        if not start:
            return ""
        if is_whole_day(start, end, zone):
            return self.env._("all day")
        lang = get_lang(self.env)
        locale = babel_locale_parse(lang.code)
        return format_time_range(start, end, zone, locale, lang.time_format, reader)

    @api.model
    def _format_elsewhere(self, zone, start, reader):
        """Date and time where the work happens, with its zone; False where the
        reader's clock shows the same.

        :param zone: name of a time zone; :param start: naive UTC datetime
        :param reader: name of the reader's, "" if unknown
        """
        if not zone or not start or not is_other_time(start, zone, reader):
            return False
        lang = get_lang(self.env)
        locale = babel_locale_parse(lang.code)
        now = fields.Datetime.now()
        parts = [
            format_date(start, zone, locale, now, weekday=""),
            format_time_range(start, False, zone, locale, lang.time_format, reader),
        ]
        return ", ".join(parts)

    @api.model
    def _get_reader_timezone(self):
        """The time zone in which the user's screen shows times, "" if unknown."""
        return self.env.context.get("tz") or self.env.user.tz or ""
