# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.fields import Domain

from ...core import slots
from ...core.formatting import is_other_time

# How long an appointment without an end takes.
USUAL_LENGTH = timedelta(hours=1)
# How far ahead to look for times, and the least notice.
LOOK_AHEAD = timedelta(days=21)
NOTICE = timedelta(hours=4)
# The longest that planned work can last.
_LONGEST = timedelta(days=7)


class FsmConfirmationFreeTime(models.AbstractModel):
    """When a technician is free: working hours without what is planned in them.

    Of work without a technician, when its team is.

    Everything is looked at with sudo: a dispatcher need not read every calendar.
    """

    _name = "fsm.confirmation.free.time"
    _description = "Free Time of Technicians"

    @api.model
    def _get_length(self, appointment):
        """How long an appointment takes (``timedelta``)."""
        length = appointment._get_length()
        if not length and appointment._name == "fsm.order":
            # One that has no date yet.
            length = timedelta(hours=appointment.scheduled_duration or 0)
        return length or USUAL_LENGTH

    @api.model
    def _find_starts(self, appointment, limit):
        """The first times at which an appointment's technician could come.

        :param appointment: ``fsm.order`` or ``fsm.visit``
        :return: list of naive UTC datetimes
        """
        now = fields.Datetime.now()
        end = now + LOOK_AHEAD
        busy = self._find_busy(appointment, now, end)
        busy += self._find_closed(appointment)
        return slots.find_starts(
            self._get_windows(appointment, now, end),
            busy,
            self._get_length(appointment),
            now + NOTICE,
            limit,
        )

    @api.model
    def _is_free(self, appointment, start):
        """Whether nothing else is planned or proposed then, and nobody is on leave.

        Also outside the working hours: a person decides about those.
        """
        length = self._get_length(appointment)
        busy = self._find_busy(appointment, start, start + length)
        busy += self._find_leaves(appointment, start, start + length)
        return slots.is_free(start, length, None, busy)

    # ------------------------------------------------------------------
    # Working time
    # ------------------------------------------------------------------

    @api.model
    def _get_windows(self, appointment, start, end):
        """Spans of working time, without leaves. An override point."""
        calendar_sudo, resource_sudo = self._get_calendar(appointment)
        if not calendar_sudo:
            return []
        found = calendar_sudo._work_intervals_batch(
            pytz.utc.localize(start), pytz.utc.localize(end), resource_sudo or None
        )
        spans = found[resource_sudo.id if resource_sudo else False]
        windows = [_to_utc(span) for span in spans]
        zone = appointment._get_appointment_order().sudo()._get_appointment_timezone()
        if is_other_time(start, zone, calendar_sudo.tz):
            # Hours elsewhere may be the middle of the night there.
            return slots.by_day(windows, zone)
        return windows

    @api.model
    def _find_leaves(self, appointment, start, end):
        """Spans in which the technician, or the whole company, does not work."""
        calendar_sudo, resource_sudo = self._get_calendar(appointment)
        if not calendar_sudo:
            return []
        found = calendar_sudo._leave_intervals_batch(
            pytz.utc.localize(start), pytz.utc.localize(end), resource_sudo or None
        )
        spans = found[resource_sudo.id if resource_sudo else False]
        return [_to_utc(span) for span in spans]

    @api.model
    def _get_calendar(self, appointment):
        """:return: (``resource.calendar``, ``resource.resource`` or None), with sudo"""
        order_sudo = appointment._get_appointment_order().sudo()
        person_sudo = self._get_person(appointment)
        resource_sudo = self._get_resource(person_sudo)
        calendar_sudo = (
            person_sudo.calendar_id
            or (resource_sudo and resource_sudo.calendar_id)
            or order_sudo.company_id.resource_calendar_id
        )
        return calendar_sudo, resource_sudo

    @api.model
    def _find_closed(self, appointment):
        """Spans of the days on which nobody comes, whatever the technician's hours."""
        order_sudo = appointment._get_appointment_order().sudo()
        days = self._find_blackout_days(order_sudo)
        # OCA's addon goes by the date in UTC when the appointment is set.
        zones = {order_sudo._get_appointment_timezone(), "UTC"}
        return [span for zone in zones for span in slots.day_spans(days, zone)]

    @api.model
    def _get_person(self, appointment):
        """The technician, ``fsm.person`` with sudo, maybe empty."""
        order_sudo = appointment._get_appointment_order().sudo()
        return appointment.sudo().person_id or order_sudo.person_id

    @api.model
    def _get_resource(self, person_sudo):
        """The technician's ``resource.resource``, whose leaves count; None without.

        Where employees are managed in Odoo: there is no dependency on that.
        """
        if "hr.employee" not in self.env or not person_sudo.partner_id:
            return None
        employees_sudo = self.env["hr.employee"].sudo()
        found_sudo = employees_sudo.search(
            [
                "|",
                ("work_contact_id", "=", person_sudo.partner_id.id),
                ("user_id", "in", person_sudo.partner_id.user_ids.ids),
            ],
            limit=1,
        )
        return found_sudo.resource_id or None

    @api.model
    def _find_blackout_days(self, order_sudo):
        """Days on which nobody comes, as a set of ``date``.

        Those of OCA's ``fieldservice_availability``, where it is installed: of the
        order's route, for everybody or in its postal code. Without a route it closes
        no day either.
        """
        if "fsm.blackout.day" not in self.env:
            return set()
        groups_sudo = order_sudo.fsm_route_id.fsm_blackout_group_ids
        days_sudo = groups_sudo.fsm_blackout_day_ids
        return {
            day.date for day in days_sudo if not day.zip or day.zip == order_sudo.zip
        }

    # ------------------------------------------------------------------
    # What is taken
    # ------------------------------------------------------------------

    @api.model
    def _get_whose_domain(self, appointment):
        """Whose time an appointment takes: its technician's, else its team's.

        For ``fsm.order`` and ``fsm.confirmation.slot``. Work that has equipment alone
        has a team as well, as every Work Order.
        """
        person_sudo = self._get_person(appointment)
        team_sudo = appointment._get_appointment_order().sudo().team_id
        if person_sudo:
            return [("person_id", "=", person_sudo.id)]
        return [("person_id", "=", False), ("team_id", "=", team_sudo.id)]

    @api.model
    def _get_capacity(self, appointment):
        """How many appointments may be planned at one time.

        One of a technician; without one, as many as the team has technicians.
        """
        if self._get_person(appointment):
            return 1
        team_sudo = appointment._get_appointment_order().sudo().team_id
        people_sudo = self.env["fsm.person"].sudo()
        return max(1, people_sudo.search_count([("team_id", "=", team_sudo.id)]))

    @api.model
    def _find_busy(self, appointment, start, end):
        """Spans that are planned, or proposed to another customer.

        An override point.
        """
        planned = [
            *self._find_orders_sudo(appointment, start, end),
            *self._find_visits_sudo(appointment, start, end),
        ]
        spans = [
            (each.scheduled_date_start, each.scheduled_date_start + length)
            for each in planned
            if each != appointment.sudo() and not each._is_appointment_closed()
            for length in [self._get_length(each)]
        ]
        slots_sudo = self.env["fsm.confirmation.slot"]
        whose = self._get_whose_domain(appointment)
        reserved_sudo = slots_sudo._find_reserved_sudo(whose, start, end)
        return slots.find_full(spans, self._get_capacity(appointment)) + [
            (slot.date_start, slot.date_end)
            for slot in reserved_sudo
            if slot.confirmation_id._get_appointment_sudo() != appointment.sudo()
        ]

    @api.model
    def _find_orders_sudo(self, appointment, start, end):
        orders_sudo = self.env["fsm.order"].sudo()
        return orders_sudo.search(
            [
                *self._get_whose_domain(appointment),
                ("visit_ids", "=", False),
                ("scheduled_date_start", "<", end),
                ("scheduled_date_start", ">", start - _LONGEST),
            ]
        )

    @api.model
    def _find_visits_sudo(self, appointment, start, end):
        visits_sudo = self.env["fsm.visit"].sudo()
        # One without a technician of its own is done by the Work Order's.
        whose = Domain("person_id", "=", False) & Domain(
            "order_id", "any", self._get_whose_domain(appointment)
        )
        person_sudo = self._get_person(appointment)
        if person_sudo:
            whose |= Domain("person_id", "=", person_sudo.id)
        return visits_sudo.search(
            Domain("scheduled_date_start", "<", end)
            & Domain("scheduled_date_start", ">", start - _LONGEST)
            & whose
        )


def _to_utc(interval):
    begin, close, *_rest = interval
    return tuple(at.astimezone(pytz.utc).replace(tzinfo=None) for at in (begin, close))
