# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..tools.notification import CLOSE, notify


class FsmConfirmationPropose(models.TransientModel):
    """The Propose Times dialog: two or three times at which the technician is free."""

    _name = "fsm.confirmation.propose"
    _inherit = ["fsm.confirmation.reference.mixin"]
    _description = "Propose Times"

    confirmation_id = fields.Many2one(
        "fsm.confirmation", string="Conversation", required=True, readonly=True
    )
    contact_name = fields.Char(related="confirmation_id.contact_name")
    wish = fields.Char(
        "Customer Proposes", related="confirmation_id.proposed_text", related_sudo=False
    )
    technician = fields.Char(compute="_compute_technician")
    first_date = fields.Datetime("A")
    second_date = fields.Datetime("B")
    third_date = fields.Datetime("C")
    body = fields.Text("Message", compute="_compute_body")
    segment_info = fields.Char("Size", compute="_compute_body")
    warning = fields.Text(
        compute="_compute_body", help="What keeps the text from being sent."
    )

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        message = self.env["fsm.confirmation"].browse(values.get("confirmation_id"))
        if message:
            starts = self.env["fsm.confirmation.proposal"]._suggest(message)
            names = ("first_date", "second_date", "third_date")
            values.update(zip(names, starts, strict=False))
        return values

    @api.depends("confirmation_id")
    def _compute_technician(self):
        service = self.env["fsm.confirmation.free.time"]
        for wizard in self:
            appointment_sudo = wizard.confirmation_id._get_appointment_sudo()
            wizard.technician = appointment_sudo and (
                service._get_person(appointment_sudo).name
            )

    def _get_starts(self):
        """The times that are proposed, naive UTC."""
        dates = (self.first_date, self.second_date, self.third_date)
        return [date for date in dates if date]

    @api.depends("confirmation_id", "first_date", "second_date", "third_date")
    def _compute_body(self):
        proposal = self.env["fsm.confirmation.proposal"]
        composer = self.env["fsm.confirmation.composer"]
        for wizard in self:
            message = wizard.confirmation_id._origin
            starts = wizard._get_starts()
            wizard.body = proposal._render(message.sudo(), starts)
            wizard.segment_info = composer._describe_size(wizard.body)
            wizard.warning = wizard._find_problem(message, starts)

    def _find_problem(self, message, starts):
        """What stands in the way, in a sentence, or False."""
        proposal = self.env["fsm.confirmation.proposal"]
        write_back = self.env["fsm.confirmation.write.back"]
        block = write_back._find_block(write_back._draft(message))
        if block:
            return block
        try:
            proposal._check_starts(message._get_appointment_sudo(), sorted(set(starts)))
        except UserError as error:
            return str(error)
        return False

    def action_send(self):
        """Send the proposal and hold the times.

        :raises UserError: something is in the way
        """
        self.ensure_one()
        proposal = self.env["fsm.confirmation.proposal"]
        proposal._propose(self.confirmation_id, self._get_starts())
        text = self.env._("The text to %s is on its way.", self.contact_name or "")
        return notify(text, then=CLOSE)
