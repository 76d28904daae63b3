# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import functools
from datetime import datetime, time, timedelta

import pytz

from odoo import models
from odoo.fields import Domain


class ResourceCalendar(models.Model):
    """Texting hours are a calendar's hours and closed days."""

    _name = "resource.calendar"
    _inherit = ["resource.calendar", "fsm.texting.hours.mixin"]

    def _get_texting_companies_sudo(self):
        companies_sudo = self.env["res.company"].sudo()
        if not self:
            return companies_sudo
        return companies_sudo.search([("job_confirmation_calendar_id", "in", self.ids)])

    def _get_texting_windows(self, company):
        """The hours as :mod:`...core.hours` takes them, on the clock of each place.

        A day is closed when a closed time of the calendar, or of all calendars of the
        company, covers its noon.

        :param company: ``res.company``
        """
        self.ensure_one()
        calendar_sudo = self.sudo()
        rows = [
            (row.dayofweek, row.week_type, row.hour_from, row.hour_to)
            for row in calendar_sudo.attendance_ids
            if not row.display_type
        ]
        two_weeks = calendar_sudo.two_weeks_calendar
        get_week_type = self.env["resource.calendar.attendance"].get_week_type
        closed = calendar_sudo._get_closed_times(company)

        @functools.cache
        def windows(day):
            noon = datetime.combine(day, time(12))
            if any(begin <= noon < end for begin, end in closed):
                return ()
            week = str(get_week_type(day)) if two_weeks else False
            return tuple(
                (begin, end)
                for weekday, week_type, begin, end in rows
                if weekday == str(day.weekday()) and (week_type or False) == week
            )

        return windows

    def _get_closed_times(self, company):
        """(begin, end) of the closed times, naive on the calendar's own clock."""
        zone = pytz.timezone(self.tz or "UTC")
        mine = Domain("calendar_id", "=", self.id)
        of_all = Domain("calendar_id", "=", False)
        of_all &= Domain("company_id", "=", company.id)
        leaves = self.env["resource.calendar.leaves"].search(
            Domain("resource_id", "=", False) & (mine | of_all)
        )
        return [
            tuple(
                pytz.utc.localize(moment).astimezone(zone).replace(tzinfo=None)
                for moment in (leave.date_from, leave.date_to + timedelta(seconds=1))
            )
            for leave in leaves
        ]
