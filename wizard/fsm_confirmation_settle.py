# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.notices import AUTOMATIC
from ..models.appointment.fsm_appointment_mixin import RESPONSES
from ..tools.notification import CLOSE, notify


class FsmConfirmationSettle(models.TransientModel):
    """What a person decides: the answer of a message, where a reply belongs, that a
    contact wants no texts, may be texted again or has the right number, or that an
    appointment moves. Who did it and why goes into the history."""

    _name = "fsm.confirmation.settle"
    _inherit = ["fsm.confirmation.reference.mixin"]
    _description = "Resolve Manually"

    action = fields.Selection(
        [
            ("settle", "Correct a response"),
            ("attach", "Attach a reply"),
            ("opt_out", "Opt out of texts"),
            ("lift", "Allow texts again"),
            ("trust", "The number is right"),
            ("move", "Set a new date"),
        ],
        required=True,
        default="settle",
        readonly=True,
    )
    reply_id = fields.Many2one("fsm.confirmation.reply")
    reply_body = fields.Text(
        related="reply_id.body", string="Customer's Words", related_sudo=False
    )
    reply_mobile = fields.Char(
        related="reply_id.mobile", string="From", related_sudo=False
    )
    confirmation_id = fields.Many2one("fsm.confirmation", string="Message")
    partner_id = fields.Many2one("res.partner", string="Contact", readonly=True)
    response = fields.Selection(RESPONSES)
    scheduled_date_start = fields.Datetime("New Date")
    move_info = fields.Char("Notification", compute="_compute_move_info")
    note = fields.Char("Reason")
    is_done = fields.Boolean("Done", readonly=True)

    @api.onchange("reply_id")
    def _onchange_reply_id(self):
        if self.action == "attach":
            self.response = self.reply_id._get_understood_response()

    @api.depends("action", "confirmation_id", "scheduled_date_start")
    def _compute_move_info(self):
        """What the customer gets to know of the move, before it is made."""
        agreed_times = self.env["fsm.confirmation.agreed.time"]
        for wizard in self:
            wizard.move_info = False
            message = wizard.confirmation_id._origin
            start = wizard.scheduled_date_start
            is_move = wizard.action == "move" and message and start
            if not is_move or not message.has_access("read"):
                continue
            if agreed_times._is_agreed(message, start):
                agreed = self.env._("The customer named this time: it is confirmed.")
                told = agreed_times._describe_telling(message)
                wizard.move_info = f"{agreed} {told}"
            else:
                wizard.move_info = wizard._describe_notice(message)

    @api.model
    def _describe_notice(self, message):
        way = message.company_id.sudo().job_confirmation_notice_moved
        who = message.contact_name or ""
        if way == AUTOMATIC:
            return self.env._("%s will be notified automatically.", who)
        return self.env._("%s isn't notified by this: use Ask Again afterward.", who)

    def action_apply(self):
        """Apply the decision, once.

        :raises UserError: something is missing, or it can't be done any more
        """
        self.ensure_one()
        if not self.try_lock_for_update() or self.is_done:
            return CLOSE  # A second click: the first one has applied it.
        action = self._apply()
        self.is_done = True
        return action or CLOSE

    def _apply(self):
        """:return: the action that says what was done, None if nothing is said"""
        if self.action == "attach":
            self.reply_id.check_access("write")
            self.reply_id._attach(self.confirmation_id, self.response)
        elif self.action in ("lift", "trust"):
            if not (self.note or "").strip():
                raise UserError(
                    self.env._(
                        "Enter a reason: the customer's consent must be on record."
                    )
                )
            if self.action == "lift":
                self.partner_id._lift_opt_out(self.note.strip())
            else:
                self.partner_id._trust_number(self.note.strip())
        elif self.action == "opt_out":
            self.partner_id._opt_out((self.note or "").strip())
        elif self.action == "move":
            return self._move()
        else:
            self.confirmation_id.check_access("write")
            self.env["fsm.confirmation.response"]._resolve(
                self.confirmation_id, self.response, (self.note or "").strip()
            )
        return None

    def _move(self):
        """Move the appointment, with the rights of the user on it.

        To just what the customer named, it is agreed on: the customer is told, and not
        asked again.

        :return: the action that says what the customer knows of it
        """
        self.confirmation_id.check_access("read")
        appointment_sudo = self.confirmation_id._get_appointment_sudo()
        if not appointment_sudo or not self.scheduled_date_start:
            raise UserError(self.env._("Choose the new date."))
        appointment = appointment_sudo.sudo(False)
        appointment.check_access("write")
        self._check_can_move(appointment_sudo)
        agreed_times = self.env["fsm.confirmation.agreed.time"]
        if agreed_times._is_agreed(self.confirmation_id, self.scheduled_date_start):
            return agreed_times._set_agreed(
                self.confirmation_id, self.scheduled_date_start, then=CLOSE
            )
        appointment.scheduled_date_start = self.scheduled_date_start
        return notify(self._describe_moved(appointment_sudo), then=CLOSE)

    def _check_can_move(self, appointment_sudo):
        """:raises UserError: what the dialog was opened for isn't so any more"""
        order_sudo = appointment_sudo._get_appointment_order()
        self.env["fsm.confirmation.composer"]._lock([order_sudo])
        if not self.env["fsm.confirmation.next.step"]._can_move(self.confirmation_id):
            raise UserError(
                self.env._("This is no longer possible. Open the message again.")
            )
        if self.scheduled_date_start <= fields.Datetime.now():
            raise UserError(self.env._("A time is in the past. Choose another."))

    def _describe_moved(self, appointment_sudo):
        """Where the appointment is now, and whether its customer knows it."""
        who, when = self.confirmation_id.contact_name, appointment_sudo.appointment_text
        changes = self.env["fsm.confirmation.change"].sudo()
        change_sudo = changes.search(appointment_sudo._get_about_domain())
        if change_sudo and not change_sudo.is_held:
            return self.env._(
                "Moved to %(when)s. %(who)s will be notified automatically.",
                when=when,
                who=who,
            )
        if appointment_sudo.confirmation_status == "reconfirm":
            return self.env._(
                "Moved to %(when)s. %(who)s doesn't know yet: use Ask Again.",
                when=when,
                who=who,
            )
        return self.env._("Moved to %s.", when)
