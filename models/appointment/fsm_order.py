# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...core.kinds import QUESTION
from ...core.status import find_noted, most_urgent
from ...core.zones import is_same_time, zone_of_place
from ...tools.dialogs import open_dialog
from ..levels import check_may_edit
from ..xmlids import MESSAGES_ACTION, READ_GROUP


class FsmOrder(models.Model):
    """Work Order: its visits, its confirmations and the customer's answer."""

    _name = "fsm.order"
    # The first one extends what "fsm.order" inherits, so it comes before it.
    _inherit = [
        "fsm.activity.privacy.mixin",
        "fsm.order",
        "fsm.appointment.mixin",
        "fsm.order.text.mixin",
    ]

    # The Day Board asks for one day out of all.
    _scheduled_index = models.Index("(scheduled_date_start)")

    visit_ids = fields.One2many("fsm.visit", "order_id", string="Visits", copy=True)
    confirmation_ids = fields.One2many(
        "fsm.confirmation", "order_id", string="Confirmations", groups=READ_GROUP
    )
    confirmation_count = fields.Integer(
        compute="_compute_confirmation_note", compute_sudo=False, groups=READ_GROUP
    )
    has_moved_appointment = fields.Boolean(
        compute="_compute_has_moved_appointment",
        groups=READ_GROUP,
        help="The appointment changed after the customer was asked, or a dispatcher "
        "set it to be asked again.",
    )
    has_opted_in_again = fields.Boolean(
        compute="_compute_has_moved_appointment",
        groups=READ_GROUP,
        help="The customer opted back in, and was not asked again.",
    )
    confirmation_old_text = fields.Char(
        "Earlier Response",
        compute="_compute_has_moved_appointment",
        groups=READ_GROUP,
        help="What the customer answered before the appointment changed.",
    )
    job_confirmation_enabled = fields.Boolean(
        related="company_id.job_confirmation_enabled"
    )
    confirmation_contact = fields.Char(
        "Customer", compute="_compute_confirmation_contact"
    )
    confirmation_phone = fields.Char(
        "Customer's Phone", compute="_compute_confirmation_contact"
    )
    confirmation_change_text = fields.Char(
        compute="_compute_confirmation_note",
        compute_sudo=False,
        groups=READ_GROUP,
        help="What the customer doesn't know yet.",
    )
    confirmation_times_text = fields.Char(
        compute="_compute_confirmation_note",
        compute_sudo=False,
        groups=READ_GROUP,
        help="Which times were proposed to the customer, and which one is chosen.",
    )

    @api.depends(
        "company_id",
        "location_id.contact_id.company_id",
        "location_id.contact_id.name",
        "location_id.contact_id.phone",
    )
    def _compute_confirmation_contact(self):
        recipients = self.env["fsm.confirmation.recipient"]
        for order in self:
            # Any contact's id may be entered at a location, also of another company.
            contact_sudo = order.sudo().location_id.contact_id
            if not recipients._is_of_company(contact_sudo, order):
                contact_sudo = contact_sudo.browse()
            order.confirmation_contact = contact_sudo.name
            # As people write it, whatever the contact's card says.
            phone = contact_sudo.phone
            order.confirmation_phone = phone and (
                contact_sudo._format_number_for_people(phone, order.company_id)
            )

    @api.depends_context("tz", "lang")
    def _compute_confirmation_note(self):
        """And what else the form shows of messages, which few Work Orders have."""
        told = self.env["fsm.confirmation.shortcuts"]._get_told_sudo(self)
        for order in self:
            order.confirmation_count = told[order].count
            order.confirmation_note = False
        self._show_changes(self.filtered(lambda order: told[order].has_change))
        self._show_proposed_times(self.filtered(lambda order: told[order].has_times))
        noted = self.filtered(lambda order: told[order].has_note)
        return super(FsmOrder, noted)._compute_confirmation_note()

    def _show_changes(self, changed):
        """:param changed: those of these Work Orders with changes to notify of"""
        self.confirmation_change_text = ""
        # Users without a level may see a note, but not what is texted.
        if changed and (self.env.su or self.env.user.has_group(READ_GROUP)):
            found = changed._find_changes()
            by_order = found.grouped(lambda change: change.told_id.order_id)
            for order in changed:
                mine = by_order.get(order._origin, found.browse())
                order.confirmation_change_text = " ".join(map(str, mine._describe()))

    def _show_proposed_times(self, proposed):
        """:param proposed: those of these Work Orders with texts that propose times"""
        self.confirmation_times_text = False
        if proposed:
            proposals = self.env["fsm.confirmation.proposal"]
            sentences = {}
            found = proposals._find_pending_sudo(proposed)
            for (order, _visit), slots_sudo in found.items():
                sentence = proposals._describe_pending(slots_sudo)
                sentences.setdefault(order, []).append(sentence)
            for order in proposed:
                mine = sentences.get(order._origin, [])
                order.confirmation_times_text = " ".join(mine) or False

    def _compute_confirmation_times_pending(self):
        proposed = self.filtered("confirmation_times_text")
        (self - proposed).confirmation_times_pending = False
        if not proposed:
            return None
        return super(FsmOrder, proposed)._compute_confirmation_times_pending()

    @api.depends("confirmation_status", "visit_ids.confirmation_status")
    @api.depends_context("tz", "lang")
    def _compute_has_moved_appointment(self):
        for order in self:
            again = order._get_appointment_to_reconfirm()
            messages_sudo = again and again._get_appointment_confirmations_sudo()
            opted_out = bool(again) and messages_sudo[:1].response == "opted_out"
            order.has_moved_appointment = bool(again) and not opted_out
            order.has_opted_in_again = opted_out
            answered_sudo = messages_sudo and messages_sudo.filtered("response")[:1]
            text = answered_sudo and answered_sudo._describe_old_response()
            order.confirmation_old_text = f"{text}." if text else False

    def _get_appointment_to_reconfirm(self):
        """The visit, or the order itself, whose customer is to be asked again.

        :return: ``fsm.visit`` or ``fsm.order``, maybe empty
        """
        self.ensure_one()
        if self._is_appointment_closed():
            return self.browse()
        moved = self._get_upcoming_visits().filtered(
            lambda visit: visit.confirmation_status == "reconfirm"
        )[:1]
        if moved or self.visit_ids:
            return moved
        return self.filtered(lambda rec: rec.confirmation_status == "reconfirm")

    def _get_appointment_timezone(self):
        """Name of the time zone in which the work happens.

        That of the location's office hours, which nobody enters by chance; then that of
        its state or country. The zone on its contact is often that of who made it, as
        the web client fills it in, and counts where the place may lie in it or has no
        address.
        """
        self.ensure_one()
        order_sudo = self.sudo()
        place_sudo = order_sudo.location_id.partner_id
        countries = self.env["res.country"]
        all_zones = pytz.all_timezones_set
        # One after the other: each is a query, and an early one is usually known.
        for get_name in (
            lambda: order_sudo.location_id.calendar_id.tz,
            lambda: zone_of_place(
                countries._job_confirmation_code(place_sudo.country_id.id) or "",
                place_sudo.state_id.code or "",
                place_sudo.tz or "",
                fields.Datetime.now(),
            ),
            lambda: place_sudo.tz,
            lambda: order_sudo.company_id.resource_calendar_id.tz,
            lambda: order_sudo.company_id.partner_id.tz,
        ):
            if (name := get_name()) in all_zones:
                return name
        return "UTC"

    def _is_appointment_elsewhere(self, start):
        """Whether clocks where the work happens differ from the user's, if known.

        :param start: naive UTC datetime, or False
        """
        reader = self._get_reader_timezone()
        if reader not in pytz.all_timezones_set or not start:
            return False
        return not is_same_time(reader, self._get_appointment_timezone(), start)

    # ------------------------------------------------------------------
    # Appointment
    # ------------------------------------------------------------------

    def _get_appointment_order(self):
        return self

    def _get_about_domain(self):
        return [("order_id", "=", self.id), ("visit_id", "=", False)]

    def _get_appointment_confirmations_sudo(self, domain=()):
        self.ensure_one()
        found_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search([*self._get_about_domain(), ("kind", "=", QUESTION), *domain])
        )
        # Not the messages about visits that were deleted.
        return found_sudo.filtered(lambda record: record.closed_reason != "deleted")

    def _find_notes_sudo(self):
        """What customers added to the answers that count.

        :return: dict ``fsm.order`` or ``fsm.visit`` -> str
        """
        answered_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search([("order_id", "in", self.ids), ("response", "!=", False)])
            .filtered(lambda rec: rec.closed_reason != "wrong_number")
        )
        by_appointment = answered_sudo.grouped(lambda rec: rec._get_appointment_sudo())
        notes = {}
        for appointment_sudo, messages_sudo in by_appointment.items():
            noted = find_noted(
                rec._get_noted() for rec in messages_sudo if not rec._is_elsewhere()
            )
            if noted:
                notes[appointment_sudo.sudo(False)] = noted.source._get_note_text()
        return notes

    def _get_shown_appointments(self):
        return [self, *self.visit_ids]

    def _get_planned_appointments(self):
        return list(self._get_upcoming_visits()) if self.visit_ids else [self]

    def _set_held_sudo(self, held):
        if not held:
            # It is resumed with all that belongs to it.
            self.sudo().visit_ids.filtered("confirmation_hold")._set_held_sudo(False)
        return super()._set_held_sudo(held)

    def _format_note(self, noted, note):
        return note if noted == self._origin else f"{noted.name}: {note}"

    def _get_next_visit(self):
        """The next upcoming visit that is not confirmed yet, else the next of all.

        :return: ``fsm.visit``, maybe empty
        """
        self.ensure_one()
        upcoming = self._get_upcoming_visits()
        open_ones = upcoming.filtered(
            lambda visit: visit.sudo().confirmation_status != "confirmed"
        )
        return (open_ones or upcoming)[:1]

    def _get_upcoming_visits(self):
        """Visits still to come, in time."""
        self.ensure_one()
        return self.visit_ids.filtered(
            lambda visit: visit._is_appointment_upcoming()
        ).sorted("scheduled_date_start")

    def _update_status_from_visits_sudo(self):
        """Sum up the upcoming visits, the most urgent answer first.

        After the last visit nobody awaits an answer: its status stays as the summary.
        """
        for order_sudo in self.sudo():
            visits_sudo = order_sudo._get_upcoming_visits()
            if not visits_sudo and order_sudo.confirmation_status == "awaiting":
                visits_sudo = order_sudo.visit_ids.sorted("scheduled_date_start")[-1:]
            summary = most_urgent(visits_sudo.mapped("confirmation_status"))
            if summary:
                order_sudo._set_confirmation_status_sudo(summary)

    def _has_own_status(self):
        return not self.visit_ids

    def _stop_waiting_sudo(self, was_sent=True):
        with_visits = self.filtered("visit_ids")
        with_visits._update_status_from_visits_sudo()
        return super(FsmOrder, self - with_visits)._stop_waiting_sudo(was_sent)

    def _on_status_set_by_hand(self, before):
        visit = self._get_visit_of_status(before)
        if not visit:
            return super()._on_status_set_by_hand(before)
        # The visit's is the one that counts; the Work Order sums up.
        visit.confirmation_status = self.sudo().confirmation_status
        return self._update_status_from_visits_sudo()

    def _get_visit_of_status(self, status):
        """The visit whose status the Work Order shows, maybe none.

        :raises UserError: it may be one or another
        """
        upcoming = self._get_upcoming_visits()
        shown = upcoming.filtered(
            lambda visit: visit.sudo().confirmation_status == status
        )
        if len(upcoming) > 1 and len(shown) != 1:
            raise UserError(
                self.env._(
                    "%s has several visits: set the status of the visit.", self.name
                )
            )
        return shown if len(shown) == 1 else upcoming

    def _on_place_changed(self):
        self.visit_ids._on_place_changed()
        return super()._on_place_changed()

    def _note_change(self):
        # Where a visit has no technician of its own, the Work Order's comes.
        self.visit_ids._note_change()
        return super()._note_change()

    def _get_length(self):
        # Its end may have been lost, see write().
        return super()._get_length() or timedelta(hours=self.scheduled_duration)

    def write(self, vals):
        if self._moves_start_alone(vals):
            for order in self:
                order.write(order._with_moved_end(vals))
            return True
        if self._moves_end_alone(vals):
            # Field service would move the start, but a longer job begins when it did.
            for order in self:
                start = order.scheduled_date_start
                order.write({**vals, "scheduled_date_start": start})
            return True
        before = {order: order.company_id for order in self if "company_id" in vals}
        closed_before = self.filtered("is_closed") if "stage_id" in vals else self
        stages = {order: order.stage_id for order in self if "stage_id" in vals}
        result = super(FsmOrder, self._with_trace(vals)).write(vals)
        if "stage_id" in vals:
            closed = self.filtered("is_closed")
            for appointments in (closed, closed.visit_ids):
                appointments._on_appointment_closed()
            entered = self.filtered(
                lambda order: (
                    order.stage_id.confirmation_on_my_way
                    and stages[order] != order.stage_id
                )
            )
            for appointments in (
                entered - entered.visit_ids.order_id,
                entered.visit_ids,
            ):
                appointments._tell_on_my_way()
            reopened = closed_before - closed
            for appointments in (reopened, reopened.visit_ids):
                appointments._on_appointment_reopened()
        for order, company in before.items():
            if order.company_id != company:
                self.env["fsm.confirmation.transfer"]._leave_behind(order)
        return result

    def _moves_start_alone(self, vals):
        """Whether the values move the start without saying anything about the end.

        Field service would have the appointment end when it starts.
        """
        return (
            bool(vals.get("scheduled_date_start"))
            and vals.keys().isdisjoint({"scheduled_date_end", "scheduled_duration"})
            and any(order._get_length() for order in self)
        )

    def _moves_end_alone(self, vals):
        end = fields.Datetime.to_datetime(vals.get("scheduled_date_end"))
        return (
            bool(end)
            and vals.keys().isdisjoint({"scheduled_date_start", "scheduled_duration"})
            and bool(self)
            and all(
                order.scheduled_date_start and order.scheduled_date_start < end
                for order in self
            )
        )

    @api.onchange("scheduled_date_start", "scheduled_duration")
    def onchange_scheduled_duration(self):
        """Field service's: without a duration it would lose the end."""
        result = super().onchange_scheduled_duration()
        before = self._origin
        if (
            before.scheduled_date_end
            and self.scheduled_date_start
            and not self.scheduled_duration
            and not before.scheduled_duration
        ):
            self.scheduled_date_end = self.scheduled_date_start + before._get_length()
        return result

    def unlink(self):
        appointments = [*self.filtered(lambda rec: not rec.visit_ids), *self.visit_ids]
        self.env["fsm.confirmation.change"]._note_deleted_sudo(appointments)
        messages_sudo = (
            self.env["fsm.confirmation"].sudo().search([("order_id", "in", self.ids)])
        )
        messages_sudo._close_sudo("deleted")
        return super().unlink()

    # ------------------------------------------------------------------
    # Actions
    # ------------------------------------------------------------------

    def _find_changes(self):
        """What customers don't know yet: ``fsm.confirmation.change``."""
        return self.env["fsm.confirmation.change"].search(
            [
                "|",
                ("order_id", "in", self.ids),
                # Of visits that were deleted.
                ("told_id.order_id", "in", self.ids),
            ]
        )

    def action_tell_change(self):
        """Open the dialog that tells the customer what changed since the last text.

        :raises AccessError: the user's level is below Edit
        """
        self.ensure_one()
        check_may_edit(self.env)
        self.check_access("read")
        found = self._find_changes()
        # Of no change at all it says so.
        return found.action_review() if found else found.action_tell()

    def action_send_confirmation(self):
        """Open the Send Confirmation dialog."""
        self.ensure_one()
        self.env["fsm.confirmation.send"].check_access("create")
        self.check_access("read")
        return open_dialog(
            self.env._("Send Confirmation"),
            "fsm.confirmation.send",
            default_order_id=self.id,
        )

    def action_ask_again(self):
        """Open the dialog for the appointment that is to be asked about again."""
        action = self.action_send_confirmation()
        moved = self._get_appointment_to_reconfirm()
        if moved._name == "fsm.visit":
            action["context"]["default_visit_id"] = moved.id
        return action

    def action_view_confirmations(self):
        """Open the Message Center with this Work Order's messages."""
        self.ensure_one()
        self.env["fsm.confirmation"].check_access("read")
        self.check_access("read")
        action = self.env["ir.actions.actions"]._for_xml_id(MESSAGES_ACTION)
        action["domain"] = [("order_id", "=", self.id)]
        action["context"] = {"create": False}
        return action
