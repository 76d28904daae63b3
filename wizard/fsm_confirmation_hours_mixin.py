# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models
from odoo.exceptions import UserError

from ..core.formatting import plain_reason


class FsmConfirmationHoursMixin(models.AbstractModel):
    """A sending dialog that says when it is outside the texting hours.

    Its text then waits for them, unless the user gives a reason to send it now.
    """

    _name = "fsm.confirmation.hours.mixin"
    _description = "Dialog That Minds the Texting Hours"

    is_outside_hours = fields.Boolean(
        compute="_compute_is_outside_hours",
        help="It's outside the texting hours at the job site.",
    )
    send_now = fields.Boolean(
        "Send Now Anyway", help="Outside the texting hours, with a reason."
    )
    at_once_reason = fields.Char(
        "Reason", help="Why it can't wait; it is kept in the history."
    )

    def _compute_is_outside_hours(self):
        raise NotImplementedError

    def _get_at_once_reason(self):
        """Why the text is sent whatever the hour, "" when it may wait."""
        return plain_reason(self.send_now and self.at_once_reason)

    def _check_reason(self):
        """:raises UserError: the text is to be sent at once, without a reason"""
        if self.send_now and self.is_outside_hours and not self._get_at_once_reason():
            raise UserError(
                self.env._("Enter why the text can't wait for the texting hours.")
            )
