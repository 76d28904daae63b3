# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError


class FsmConfirmationExampleMixin(models.AbstractModel):
    """A dialog that texts many customers, and shows before what one of them gets."""

    _name = "fsm.confirmation.example.mixin"
    _description = "Dialog That Shows an Example of Its Texts"

    example_name = fields.Char("To", compute="_compute_plan")
    example_body = fields.Text("Text", compute="_compute_plan")
    sender_display = fields.Char("From", compute="_compute_plan")
    segment_info = fields.Char("Size", compute="_compute_plan")

    def _compute_plan(self):
        raise NotImplementedError

    def _show_example(self, drafts):
        """Show what the first customer gets; a code in it is an example, too.

        :param drafts: list of :class:`~...fsm_confirmation_composer.Draft` that will
            be sent
        """
        composer = self.env["fsm.confirmation.composer"]
        drafts = self.env["fsm.confirmation.same.day"]._put_together(drafts)
        # An e-mail has another look.
        first = next((draft for draft in drafts if not draft.is_email), None)
        body = ""
        if first:
            try:
                body = composer._render_example(first)
            except UserError:
                body = ""  # A wrong placeholder: sending says so.
        self.example_name = first.partner.name if body else False
        self.example_body = body
        self.sender_display = body and composer._describe_sender(
            first.company, first.mobile
        )
        self.segment_info = body and composer._describe_size(body)
