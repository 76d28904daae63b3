# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import replace
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...core.alerts import first_block
from ...core.kinds import QUESTION, TIMES
from ...core.reply.proposed import LETTERS
from ...tools.dialogs import open_dialog
from ...tools.log_redaction import private_queries
from ..levels import check_may_edit

# How long a proposed time is reserved for a customer.
RESERVED_FOR = timedelta(hours=24)


class FsmConfirmationProposal(models.AbstractModel):
    """Proposes times to a customer, and reserves them until that is decided."""

    _name = "fsm.confirmation.proposal"
    _description = "Proposing Times to Customers"

    # ------------------------------------------------------------------
    # Proposing
    # ------------------------------------------------------------------

    @api.model
    def _can_propose(self, message):
        """Whether it still makes sense to propose another time to this customer."""
        appointment_sudo = message._get_appointment_sudo()
        return (
            bool(appointment_sudo and message.order_id)
            and message.company_id.sudo().job_confirmation_enabled
            and not appointment_sudo._is_appointment_closed()
            and not message._is_of_another_customer()
            and (
                appointment_sudo._is_appointment_upcoming()
                or not appointment_sudo.scheduled_date_start
                or message.response == "declined"
            )
        )

    @api.model
    def _can_propose_first(self, appointment):
        """Whether times can be proposed to a customer who wasn't asked anything yet."""
        company_sudo = appointment._get_appointment_order().sudo().company_id
        is_closed = appointment.sudo()._is_appointment_closed()
        return company_sudo.job_confirmation_enabled and not is_closed

    @api.model
    def _find_message(self, appointment):
        """The newest message about an appointment, in whose conversation times go.

        :return: ``fsm.confirmation``, empty where the customer was asked nothing yet
        """
        found = self.env["fsm.confirmation"].search(
            [
                *appointment._get_about_domain(),
                ("kind", "in", (QUESTION, TIMES)),
                ("mobile", "!=", False),
                ("state", "!=", "canceled"),
            ],
            limit=1,
        )
        return found if found and self._can_propose(found) else found.browse()

    @api.model
    def _open(self, appointment):
        """Open the dialog in which two or three times are proposed to the customer."""
        check_may_edit(self.env)
        appointment.check_access("read")
        message = self._find_message(appointment)
        order = appointment._get_appointment_order()
        context = {"default_confirmation_id": message.id}
        if not message:
            visit_id = appointment != order and appointment.id
            context = {"default_order_id": order.id, "default_visit_id": visit_id}
        return self._open_dialog(context)

    @api.model
    def _open_dialog(self, context):
        return open_dialog(
            self.env._("Propose Times"), "fsm.confirmation.propose", **context
        )

    @api.model
    def _suggest(self, appointment, wish=False):
        """Up to three free times of an appointment, none that its customer refused.

        :param wish: one that the customer named, naive UTC datetime
        :return: list of naive UTC datetimes, in time
        """
        appointment_sudo = appointment.sudo()
        service = self.env["fsm.confirmation.free.time"]
        offered = self._find_offered_sudo(appointment_sudo)
        if wish and (
            wish <= fields.Datetime.now()
            or wish in offered
            or not service._is_free(appointment_sudo, wish)
        ):
            wish = False
        found = service._find_starts(
            appointment_sudo, len(LETTERS) + 2 + 2 * len(offered)
        )
        length = service._get_length(appointment_sudo)
        # Nor what was asked about: the customer would hardly be asked then.
        apart = {wish, appointment_sudo.scheduled_date_start, *offered} - {False}
        others = [at for at in found if all(abs(at - one) >= length for one in apart)]
        count = len(LETTERS) - bool(wish)
        return sorted([*([wish] if wish else []), *others[:count]])

    @api.model
    def _find_offered_sudo(self, appointment_sudo):
        """The times to come that the customer could have had: proposed, or declined.

        :return: set of naive UTC datetimes
        """
        now = fields.Datetime.now()
        proposed_sudo = self._search_slots_sudo(
            appointment_sudo,
            [
                ("date_start", ">", now),
                ("confirmation_id.state", "not in", ("failed", "canceled")),
            ],
        )
        declined_sudo = appointment_sudo._get_appointment_confirmations_sudo(
            [("response", "=", "declined"), ("appointment_start", ">", now)]
        )
        return {
            *proposed_sudo.mapped("date_start"),
            *declined_sudo.mapped("appointment_start"),
        }

    @api.model
    def _find_wish(self, message):
        """The message in which the customer last named a time for an appointment.

        :param message: another one about it, to the same number
        :return: ``fsm.confirmation``, maybe empty
        """
        found = message.search(
            [
                ("order_id", "=", message.order_id.id),
                ("visit_id", "=", message.visit_id.id),
                ("mobile", "=", message.mobile),
                ("proposed_date", "!=", False),
            ]
        )
        # Its newest reply named it.
        return found.sorted(lambda rec: (rec.reply_date or rec.create_date, rec.id))[
            -1:
        ]

    @api.model
    def _render(self, message, starts):
        """The text that proposes times, in the customer's language."""
        offered = message.with_context(confirmation_times=tuple(sorted(starts)))
        service = self.env["fsm.confirmation.auto.reply"]
        return service._render_about("times", offered)

    @api.model
    def _draft(self, message, starts, reason=""):
        """Draft the text that proposes times in the conversation of a message.

        :param starts: naive UTC datetimes
        :param reason: why it can't wait for the texting hours
        :return: :class:`~...fsm_confirmation_composer.Draft` with its alerts
        """
        words = self._render(message.sudo(), starts)
        service = self.env["fsm.confirmation.write.back"]
        draft = service._draft(message, words, TIMES, reason)
        draft.times = tuple(sorted(set(starts)))
        self.env["fsm.confirmation.alert"]._check([draft])
        return draft

    @api.model
    def _propose(self, message, starts, reason=""):
        """Send two or three times to the number of a message, and reserve them.

        :param starts: naive UTC datetimes
        :param reason: why it can't wait for the texting hours
        :return: the new ``fsm.confirmation``, with sudo
        :raises UserError: they can't be proposed
        """
        check_may_edit(self.env)
        message.check_access("write")
        if not self._can_propose(message):
            raise UserError(self.env._("This appointment can't be moved any more."))
        appointment_sudo = message._get_appointment_sudo()
        draft = self._draft(message, starts, reason)
        service = self.env["fsm.confirmation.write.back"]
        if sent_sudo := service._find_just_sent_sudo(message, draft):
            return sent_sudo
        self._check_starts(draft)
        self._find_slots_sudo(message)._release_sudo()
        record_sudo = service._write_back(message, draft.words, TIMES, reason)
        self._reserve(record_sudo, appointment_sudo, draft.times)
        return record_sudo

    @api.model
    def _draft_first(self, appointment, starts, reason=""):
        """Draft the text that proposes times to a customer who wasn't asked yet.

        :param starts, reason: see :meth:`_draft`
        :return: :class:`~...fsm_confirmation_composer.Draft` with its alerts
        """
        order_sudo = appointment._get_appointment_order().sudo()
        visit = appointment if appointment != order_sudo else self.env["fsm.visit"]
        partner = self.env["fsm.confirmation.recipient"]._choose(order_sudo)[order_sudo]
        composer = self.env["fsm.confirmation.composer"]
        draft = replace(
            composer._draft(order_sudo, visit, partner),
            kind=TIMES,
            template=order_sudo.company_id._get_text_templates_sudo("times_first")[:1],
            times=tuple(sorted(set(starts))),
            is_recipient=True,
            at_once_reason=reason,
        )
        self.env["fsm.confirmation.alert"]._check([draft])
        return draft

    @api.model
    def _propose_first(self, appointment, starts, reason=""):
        """Send two or three times to a customer who wasn't asked yet, and reserve them.

        :param starts, reason: see :meth:`_draft`
        :return: the new ``fsm.confirmation``, with sudo
        :raises UserError: they can't be proposed
        """
        check_may_edit(self.env)
        appointment.check_access("read")
        if not self._can_propose_first(appointment):
            raise UserError(self.env._("This appointment can't be moved any more."))
        if self._find_message(appointment):
            raise UserError(
                self.env._("Someone has texted this customer in the meantime.")
            )
        draft = self._draft_first(appointment, starts, reason)
        self._check_starts(draft)
        if block := first_block(draft.alerts):
            raise UserError(block.text)
        composer = self.env["fsm.confirmation.composer"]
        record_sudo = composer._record([draft], self.env.user)
        self._reserve(record_sudo, appointment.sudo(), draft.times)
        return record_sudo

    @api.model
    def _check_starts(self, draft):
        """:raises UserError: one of the times that a draft proposes is of no use"""
        appointment_sudo, starts = draft.appointment, draft.times
        if not 2 <= len(starts) <= len(LETTERS):
            raise UserError(self.env._("Choose two or three different times."))
        if starts[0] <= fields.Datetime.now():
            raise UserError(self.env._("A time is in the past. Choose another."))
        departures = self.env["fsm.confirmation.departure"]
        _now, departure = departures._find(draft)
        if not departure or starts[0] <= departure:
            raise UserError(
                self.env._(
                    "%s is over before the texting hours begin. Choose another time, "
                    "or send the text now with a reason.",
                    self._format(appointment_sudo, starts[0]),
                )
            )
        service = self.env["fsm.confirmation.free.time"]
        length = service._get_length(appointment_sudo)
        for before, after in zip(starts, starts[1:], strict=False):
            if after - before < length:
                raise UserError(self.env._("Two of the times overlap."))
        for start in starts:
            if not service._is_free(appointment_sudo, start):
                raise UserError(self._describe_taken(appointment_sudo, start))

    @api.model
    def _describe_taken(self, appointment_sudo, start):
        time = self._format(appointment_sudo, start)
        if self.env["fsm.confirmation.free.time"]._get_person(appointment_sudo):
            return self.env._(
                "The technician isn't free on %s. Choose another time.", time
            )
        return self.env._(
            "The team isn't free on %s: it has other work without a technician, or "
            "nobody works then. Choose another time, or assign a technician.",
            time,
        )

    @api.model
    def _format(self, appointment_sudo, start):
        """Day and time where the work happens, in the user's language."""
        order_sudo = appointment_sudo._get_appointment_order()
        zone = order_sudo._get_appointment_timezone()
        date = order_sudo._format_date_in(zone, start)
        return f"{date}, {order_sudo._format_time_in(zone, start)}"

    @api.model
    def _reserve(self, record_sudo, appointment_sudo, starts):
        """Reserve the times for this customer; the database decides who was first.

        :raises UserError: one of them has just been proposed to another customer
        """
        service = self.env["fsm.confirmation.free.time"]
        person_sudo = service._get_person(appointment_sudo)
        length = service._get_length(appointment_sudo)
        until = min(fields.Datetime.now() + RESERVED_FOR, starts[-1])
        slots_sudo = self.env["fsm.confirmation.slot"].sudo()
        slots_sudo._release_expired_sudo(service._get_whose_domain(appointment_sudo))
        team_sudo = appointment_sudo._get_appointment_order().team_id
        values = [
            {
                "confirmation_id": record_sudo.id,
                "letter": letter,
                "person_id": person_sudo.id,
                "team_id": not person_sudo and team_sudo.id,
                "date_start": start,
                "date_end": start + length,
                "held_until": until,
            }
            for letter, start in zip(LETTERS, starts, strict=False)
        ]
        try:
            with private_queries(), self.env.cr.savepoint():
                slots_sudo.create(values).flush_recordset()
        except psycopg2.errors.ExclusionViolation as error:
            raise UserError(
                self.env._(
                    "One of these times has just been proposed to another customer. "
                    "Choose others."
                )
            ) from error

    @api.model
    def _get_slots_sudo(self, records):
        """The times that texts propose."""
        slots_sudo = self.env["fsm.confirmation.slot"].sudo()
        return slots_sudo.search([("confirmation_id", "in", records.ids)])

    @api.model
    def _find_pending_sudo(self, orders):
        """Proposed times that are reserved, and on which nothing was decided yet.

        :return: dict (``fsm.order``, ``fsm.visit``) -> ``fsm.confirmation.slot``
        """
        slots_sudo = (
            self.env["fsm.confirmation.slot"]
            .sudo()
            .search(
                [
                    ("confirmation_id.order_id", "in", orders.ids),
                    ("confirmation_id.state", "not in", ("failed", "canceled")),
                    ("is_held", "=", True),
                    ("held_until", ">", fields.Datetime.now()),
                ]
            )
        )
        return slots_sudo.grouped(
            lambda slot: (
                slot.confirmation_id.order_id.sudo(False),
                slot.confirmation_id.visit_id.sudo(False),
            )
        )

    @api.model
    def _find_undecided_sudo(self, orders):
        """As :meth:`_find_pending_sudo`, those of which the customer chose none yet."""
        return {
            key: slots_sudo
            for key, slots_sudo in self._find_pending_sudo(orders).items()
            if not any(slots_sudo.mapped("is_chosen"))
        }

    @api.model
    def _describe_pending(self, slots_sudo):
        """A sentence about the times of one text, for the Work Order."""
        message_sudo = slots_sudo.confirmation_id
        appointment_sudo = message_sudo._get_appointment_sudo()
        chosen_sudo = slots_sudo.filtered("is_chosen")
        times = "; ".join(
            f"{slot.letter}: {self._format(appointment_sudo, slot.date_start)}"
            for slot in chosen_sudo or slots_sudo
        )
        known = {"who": message_sudo.contact_name or "", "times": times}
        if chosen_sudo:
            return self.env._(
                "%(who)s chose %(times)s. Set it in the message.", **known
            )
        return self.env._("These times were proposed to %(who)s: %(times)s.", **known)

    @api.model
    def _are_reserved(self, record):
        """Whether the customer can still have each of the times in a text."""
        now = fields.Datetime.now()
        return all(
            slot_sudo.is_held and min(slot_sudo.date_start, slot_sudo.held_until) > now
            for slot_sudo in self._get_slots_sudo(record)
        )

    # ------------------------------------------------------------------
    # What becomes of the times
    # ------------------------------------------------------------------

    @api.model
    def _find_slots_sudo(self, message):
        """The times last proposed to this number about the same appointment."""
        newest_sudo = message.sudo().search(
            [
                ("mobile", "=", message.mobile),
                ("company_id", "=", message.company_id.id),
                ("order_id", "=", message.order_id.id),
                ("visit_id", "=", message.visit_id.id),
                ("kind", "=", TIMES),
                ("state", "not in", ("failed", "canceled")),
            ],
            limit=1,
        )
        if not newest_sudo or not message.order_id:
            return self.env["fsm.confirmation.slot"].sudo()
        return self._get_slots_sudo(newest_sudo)

    @api.model
    def _withdraw(self, appointment_sudo):
        """What was proposed is of no use now: other customers may have those times.

        A time that the customer took and that was set by hand is still to be told.
        """
        start = appointment_sudo.scheduled_date_start
        held_sudo = self._find_held_sudo(appointment_sudo)
        is_set = any(slot.is_chosen and slot.date_start == start for slot in held_sudo)
        if not is_set or appointment_sudo._is_appointment_closed():
            held_sudo._release_sudo()

    @api.model
    def _find_held_sudo(self, appointment_sudo):
        """The times of an appointment that are reserved: ``fsm.confirmation.slot``."""
        return self._search_slots_sudo(appointment_sudo, [("is_held", "=", True)])

    @api.model
    def _search_slots_sudo(self, appointment_sudo, domain):
        """The times proposed for an appointment, as far as they match a domain."""
        about = [
            (f"confirmation_id.{name}", operator, value)
            for name, operator, value in appointment_sudo._get_about_domain()
        ]
        slots_sudo = self.env["fsm.confirmation.slot"].sudo()
        return slots_sudo.search([*domain, *about])

    @api.model
    def _withdraw_from_others(self, appointment_sudo):
        """Whose appointment it is no more keeps no times."""
        self._find_held_sudo(appointment_sudo).filtered(
            lambda slot: slot.confirmation_id._is_of_another_customer()
        )._release_sudo()

    @api.model
    def _withdraw_from(self, number, companies):
        """A number that takes no texts any more keeps no times.

        :param number: E.164
        """
        slots_sudo = self.env["fsm.confirmation.slot"].sudo()
        slots_sudo.search(
            [
                ("is_held", "=", True),
                ("confirmation_id.mobile", "=", number),
                ("confirmation_id.company_id", "in", companies.ids),
            ]
        )._release_sudo()
