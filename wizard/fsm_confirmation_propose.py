# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.alerts import first_block
from ..tools.notification import CLOSE, notify


class FsmConfirmationPropose(models.TransientModel):
    """The Propose Times dialog: two or three times at which the technician is free.

    In the conversation of a message, or about an appointment whose customer wasn't
    asked anything yet.
    """

    _name = "fsm.confirmation.propose"
    _inherit = ["fsm.confirmation.reference.mixin", "fsm.confirmation.hours.mixin"]
    _description = "Propose Times"

    confirmation_id = fields.Many2one(
        "fsm.confirmation", string="Conversation", readonly=True
    )
    order_id = fields.Many2one("fsm.order", "Work Order", readonly=True)
    visit_id = fields.Many2one("fsm.visit", readonly=True)
    contact_name = fields.Char(compute="_compute_appointment")
    wish = fields.Char("Customer Proposes", compute="_compute_wish")
    technician = fields.Char(compute="_compute_appointment")
    timezone_info = fields.Char(compute="_compute_timezone_info")
    first_date = fields.Datetime("A")
    second_date = fields.Datetime("B")
    third_date = fields.Datetime("C")
    body = fields.Text("Message", compute="_compute_body")
    segment_info = fields.Char("Size", compute="_compute_body")
    hours_info = fields.Text("Texting Hours", compute="_compute_is_outside_hours")
    warning = fields.Text(
        compute="_compute_body", help="What keeps the text from being sent."
    )
    is_sent = fields.Boolean("Sent", readonly=True)

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        # What is named is readable: the mixin has looked.
        dialog = self.new({name: values.get(name) for name in self._get_about_names()})
        if appointment_sudo := dialog._get_appointment_sudo():
            proposals = self.env["fsm.confirmation.proposal"]
            wish = dialog._find_wish().proposed_date
            starts = proposals._suggest(appointment_sudo, wish)
            names = ("first_date", "second_date", "third_date")
            values.update(zip(names, starts, strict=False))
        return values

    @api.model
    def _get_about_names(self):
        return ("confirmation_id", "order_id", "visit_id")

    def _get_appointment_sudo(self):
        """The visit or Work Order whose times these are, with sudo, maybe empty."""
        message = self.confirmation_id._origin
        if message:
            return message._get_appointment_sudo()
        return (self.visit_id._origin or self.order_id._origin).sudo()

    def _find_wish(self):
        """The message in which the customer named a time, maybe none."""
        message = self.confirmation_id._origin
        return message and self.env["fsm.confirmation.proposal"]._find_wish(message)

    @api.depends("confirmation_id")
    @api.depends_context("uid", "lang", "tz")
    def _compute_wish(self):
        for wizard in self:
            wizard.wish = wizard._find_wish().proposed_text

    @api.depends("confirmation_id", "order_id", "visit_id")
    def _compute_appointment(self):
        service = self.env["fsm.confirmation.free.time"]
        recipients = self.env["fsm.confirmation.recipient"]
        for wizard in self:
            appointment_sudo = wizard._get_appointment_sudo()
            wizard.contact_name = wizard.confirmation_id.contact_name
            wizard.technician = False
            if appointment_sudo:
                wizard.technician = service._get_person(appointment_sudo).name
                if not wizard.confirmation_id:
                    order_sudo = appointment_sudo._get_appointment_order()
                    chosen = recipients._choose(order_sudo)[order_sudo]
                    wizard.contact_name = chosen.name

    @api.depends("confirmation_id", "order_id", "visit_id")
    @api.depends_context("tz", "uid")
    def _compute_timezone_info(self):
        for wizard in self:
            wizard.timezone_info = False
            appointment_sudo = wizard._get_appointment_sudo()
            order_sudo = appointment_sudo._get_appointment_order()
            start = appointment_sudo.scheduled_date_start
            if order_sudo and order_sudo._is_appointment_elsewhere(start):
                wizard.timezone_info = self.env._(
                    "Enter times as on your clock. The text has those of the job site "
                    "(%s).",
                    order_sudo._get_appointment_timezone(),
                )

    def _get_starts(self):
        """The times that are proposed, naive UTC."""
        dates = (self.first_date, self.second_date, self.third_date)
        return [date for date in dates if date]

    def _draft(self, reason=""):
        """:return: :class:`~...fsm_confirmation_composer.Draft` with its alerts, None
        without an appointment"""
        proposal = self.env["fsm.confirmation.proposal"]
        if message := self.confirmation_id._origin:
            return proposal._draft(message, self._get_starts(), reason)
        if appointment_sudo := self._get_appointment_sudo():
            return proposal._draft_first(appointment_sudo, self._get_starts(), reason)
        return None

    @api.depends("confirmation_id", "order_id", "visit_id")
    def _compute_is_outside_hours(self):
        departures = self.env["fsm.confirmation.departure"]
        for wizard in self:
            draft = wizard._draft()
            now, departure = departures._find(draft) if draft else (None, None)
            wizard.is_outside_hours = departure != now
            waits = draft and departure != now
            wizard.hours_info = waits and departures._describe(draft)

    @api.depends(
        "confirmation_id",
        "order_id",
        "visit_id",
        "first_date",
        "second_date",
        "third_date",
        "send_now",
        "at_once_reason",
    )
    def _compute_body(self):
        composer = self.env["fsm.confirmation.composer"]
        for wizard in self:
            draft = wizard._draft(wizard._get_at_once_reason())
            has_text = draft and (draft.words or draft.template)
            [wizard.body] = composer._render([draft]) if has_text else [""]
            wizard.segment_info = composer._describe_size(wizard.body)
            wizard.warning = draft and wizard._find_problem(draft)

    def _find_problem(self, draft):
        """What is in the way of the text, in a sentence, or False."""
        if block := first_block(draft.alerts):
            return block.text
        try:
            self.env["fsm.confirmation.proposal"]._check_starts(draft)
        except UserError as error:
            return str(error)
        return False

    def action_send(self):
        """Send the proposal and reserve the times.

        :raises UserError: something is in the way
        """
        self.ensure_one()
        self._check_references()
        if not self.try_lock_for_update() or self.sudo().is_sent:
            # A second click: the first one has sent it.
            return CLOSE
        self._check_reason()
        proposal = self.env["fsm.confirmation.proposal"]
        starts, reason = self._get_starts(), self._get_at_once_reason()
        appointment = self._get_appointment_sudo().sudo(False)
        if self.confirmation_id:
            proposal._propose(self.confirmation_id, starts, reason)
        elif appointment:
            proposal._propose_first(appointment, starts, reason)
        else:
            raise UserError(self.env._("There is no appointment to propose times for."))
        self.sudo().is_sent = True
        text = self.env._("The text to %s is on its way.", self.contact_name or "")
        return notify(text if reason else self.hours_info or text, then=CLOSE)
