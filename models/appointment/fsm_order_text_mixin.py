# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...core.formatting import shorten
from ...core.kinds import EMAIL
from ...core.reply.proposed import LETTERS

# What the texts know besides the order itself, given in the context.
CONTEXT_KEYS = (
    "lang",
    "confirmation_visit_ids",
    "confirmation_codes",
    "confirmation_readers",
    "confirmation_channel",
    "confirmation_arrivals",
    "confirmation_proposed",
    "confirmation_together",
)


class FsmOrderTextMixin(models.AbstractModel):
    """What texts say of a Work Order, in words."""

    _name = "fsm.order.text.mixin"
    _description = "Work Order in Texts"

    # Details for the text, usable as placeholders in the template. They follow the
    # context: the visit, the contact and the contact's language.
    confirmation_company = fields.Char(
        "Company Name (text)", compute="_compute_confirmation_details"
    )
    confirmation_job = fields.Char(
        "Job ID and Type (text)", compute="_compute_confirmation_details"
    )
    confirmation_date = fields.Char(
        "Weekday and Date (text)", compute="_compute_confirmation_details"
    )
    confirmation_time = fields.Char(
        "Time (text)", compute="_compute_confirmation_details"
    )
    confirmation_address = fields.Char(
        "Address (text)", compute="_compute_confirmation_details"
    )
    confirmation_technician = fields.Char(
        "Technician (text)", compute="_compute_confirmation_details"
    )
    confirmation_worker = fields.Char(
        "Who Comes (text)", compute="_compute_confirmation_details"
    )
    confirmation_arrival = fields.Char(
        "Expected Arrival (text)", compute="_compute_confirmation_details"
    )
    confirmation_times = fields.Char(
        "Proposed Times (text)",
        compute="_compute_confirmation_details",
        help="With their letters, where a text proposes some.",
    )
    confirmation_answer = fields.Char(
        "How to Answer (text)", compute="_compute_confirmation_details"
    )
    confirmation_opt_out = fields.Char(
        "How to Opt Out (text)", compute="_compute_confirmation_details"
    )
    confirmation_choices = fields.Char(
        "Appointments of the Day (text)",
        compute="_compute_confirmation_details",
        help="With their codes, where one text is about several.",
    )

    @api.depends(
        "name",
        "type",
        "company_id.name",
        "location_id",
        "person_id",
        "scheduled_date_start",
        "scheduled_date_end",
    )
    @api.depends_context(*CONTEXT_KEYS)
    def _compute_confirmation_details(self):
        # Several, when the texts of several Work Orders are rendered at once.
        visits = self.env["fsm.visit"].browse(
            self.env.context.get("confirmation_visit_ids") or []
        )
        codes = dict(self.env.context.get("confirmation_codes") or ())
        readers = dict(self.env.context.get("confirmation_readers") or ())
        arrivals = dict(self.env.context.get("confirmation_arrivals") or ())
        proposed = dict(self.env.context.get("confirmation_proposed") or ())
        is_email = self.env.context.get("confirmation_channel") == EMAIL
        visit_of = {visit.order_id: visit for visit in visits}
        for order in self:
            mine = visit_of.get(order._origin, visits.browse())
            appointment = mine or order
            person = mine.person_id or order.person_id
            order.confirmation_company = shorten(order.company_id.name)
            kind = order.sudo().type.name
            order.confirmation_job = (
                f"{order.name} ({shorten(kind)})" if kind else order.name
            )
            order.confirmation_date = order._format_appointment_date(appointment)
            order.confirmation_time = order._format_appointment_time(
                appointment, readers.get(order._origin.id)
            )
            order.confirmation_address = order._format_appointment_address()
            order.confirmation_technician = (
                order.env._("With %s.", shorten(person.name)) if person else ""
            )
            order.confirmation_worker = (
                shorten(person.name) if person else order.env._("Our technician")
            )
            order.confirmation_arrival = order._format_arrival(
                arrivals.get(order._origin.id)
            )
            order.confirmation_times = order._describe_times(
                order._get_appointment_timezone(),
                proposed.get(order._origin.id, ()),
                readers.get(order._origin.id),
            )
            # An e-mail is answered on the page that its links open.
            order.confirmation_answer = not is_email and order._get_answer_instruction(
                codes.get(order._origin.id, "")
            )
            order.confirmation_opt_out = not is_email and order.env._(
                "STOP to opt out."
            )
            order.confirmation_choices = order._describe_choices(
                self.env.context.get("confirmation_together") or (),
                readers.get(order._origin.id),
            )

    def _describe_choices(self, choices, reader):
        """The appointments that one text is about, with their codes.

        :param choices: tuples (id of the Work Order, of the visit or False, code or "")
        :param reader: the reader's time zone, None for one who is there
        """
        texts = []
        place = None
        for order_id, visit_id, code in choices:
            order = self.browse(order_id)
            visit = self.env["fsm.visit"].browse(visit_id or ())
            time = order._format_appointment_time(visit or order, reader)
            name = " ".join(filter(None, (order.name, visit.name)))
            parts = [f"{code}: {time}" if code else time, name]
            if order._format_appointment_address() != place:
                place = order._format_appointment_address()
                parts.append(place)
            texts.append(", ".join(filter(None, parts)))
        return "; ".join(texts)

    def _describe_times(self, zone, starts, reader):
        """The times that are proposed to a customer, with their letters.

        :param zone: name of the time zone where the work happens
        :param starts: naive UTC datetimes, in time
        :param reader: the reader's time zone, None for one who is there
        """
        return "; ".join(
            self.env._(
                "%(letter)s: %(date)s, %(time)s",
                letter=letter,
                date=self._format_date_in(zone, start),
                time=self._format_time_in(zone, start, reader=reader),
            )
            for letter, start in zip(LETTERS, starts, strict=False)
        )

    def _format_arrival(self, arrival):
        """:param arrival: naive UTC datetime, None when it is not known"""
        if not arrival:
            return ""
        zone = self._get_appointment_timezone()
        time_text = self._format_time_in(zone, fields.Datetime.to_datetime(arrival))
        return self.env._("ETA about %s.", time_text)

    def _get_answer_instruction(self, code=""):
        """How to answer, in the context's language, with a code when there is one."""
        if code:
            return self.env._(
                "Reply YES %(code)s to confirm or NO %(code)s to decline.", code=code
            )
        return self.env._("Reply YES to confirm or NO to decline.")

    def _format_appointment_date(self, appointment):
        """Weekday and date where the work happens, in the context's language."""
        zone = self._get_appointment_timezone()
        return self._format_date_in(zone, appointment.scheduled_date_start)

    def _format_appointment_time(self, appointment, reader=None):
        """Start (and end) time where the work happens, as the language writes it.

        :param reader: the time zone of who reads it; None: the same
        """
        return self._format_time_in(
            self._get_appointment_timezone(),
            appointment.scheduled_date_start,
            appointment.scheduled_date_end,
            reader,
        )

    def _format_appointment_address(self):
        """Street and city of the service location, or its name without them."""
        self.ensure_one()
        place_sudo = self.sudo().location_id.partner_id
        parts = [place_sudo.street, place_sudo.street2, place_sudo.city]
        address = ", ".join(part.strip() for part in parts if part)
        return shorten(address or place_sudo.name)

    def _render_confirmation_body(self, partner, visit=None, code=""):
        """The text for a contact, exactly as it will be sent.

        :param partner: ``res.partner`` who gets it; decides about the language
        :param visit: ``fsm.visit`` or None
        :param code: short code, when the number has other open confirmations
        :rtype: str
        """
        self.ensure_one()
        composer = self.env["fsm.confirmation.composer"]
        visit = visit or self.env["fsm.visit"]
        return composer._render([composer._draft(self, visit, partner, code)])[0]

    def _describe_template_problem(self):
        """Why there is no text: the company's template can't be used."""
        self.ensure_one()
        return self.env._(
            "The confirmation text “%s” is empty or has a wrong placeholder. Ask an "
            "administrator to correct it in Settings > Field Service.",
            self.company_id._job_confirmation_template().name,
        )
