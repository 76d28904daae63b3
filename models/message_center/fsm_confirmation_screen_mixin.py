# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ...core.formatting import MAX_TEXT
from ...tools.dialogs import open_dialog
from ..levels import check_may_edit


class FsmConfirmationScreenMixin(models.AbstractModel):
    """What the screens ask a message for, answered by the services in this folder."""

    _name = "fsm.confirmation.screen.mixin"
    _inherit = ["fsm.technical.fields.mixin", "fsm.confirmation.talk.mixin"]
    _description = "Screens of Job Confirmations"

    # In the national format of the company's country.
    mobile_display = fields.Char(
        "Number",
        compute="_compute_mobile_display",
        help="The number, or the e-mail address, that the message went to.",
    )
    next_steps = fields.Json(
        compute="_compute_next_steps",
        technical=True,
        help="What this user can do about this message now, the likeliest first.",
    )

    can_send_again = fields.Boolean(compute="_compute_can_send_again", technical=True)

    @api.depends("mobile", "email", "company_id")
    def _compute_mobile_display(self):
        partners = self.env["res.partner"]
        for record in self:
            record.mobile_display = record.email or (
                record.mobile
                and partners._format_number_for_people(record.mobile, record.company_id)
            )

    @api.depends("state", "response", "order_id", "next_ids", "needs_reading")
    @api.depends_context("uid", "confirmation_look_only")
    def _compute_next_steps(self):
        service = self.env["fsm.confirmation.next.step"]
        for record in self:
            record.next_steps = service._get_steps(record)

    @api.depends("state", "failure_type", "next_ids", "closed_reason")
    def _compute_can_send_again(self):
        for record in self:
            record.can_send_again = (
                record.state == "failed"
                and record._asks()
                and record.failure_type != "consent"
                and not record.next_ids
                and record.closed_reason != "replaced"
                and bool(record.order_id)
            )

    def _notify_changed(self):
        """Notify open screens that these records changed."""
        chatter = self.env["fsm.confirmation.chatter"]
        for company, records in self.grouped("company_id").items():
            chatter._notify_screens(
                company, records.ids, records.order_id.ids, records.partner_id.ids
            )

    @api.model
    def get_message_center_summary(self, domain):
        """What is shown above the list of messages.

        :param domain: of the current search, without the status that a tile sets
        :return: dict with

            - ``tiles``: list of dict ``key`` (the name of a filter), ``count`` and
              ``capped`` (there are more than ``count``)
            - ``unmatched``: dict ``count`` and ``capped``, replies that belong to no
              message and that nobody has dealt with
            - ``banners``: list of dict, see ``fsm.message.center``
        """
        self.check_access("read")
        return self.env["fsm.message.center"]._get_summary(domain)

    @api.model
    def get_text_size(self, body):
        """How much room a text takes, in words.

        :param body: str, of which no more counts than fits into a text
        """
        self.check_access("read")
        composer = self.env["fsm.confirmation.composer"]
        return composer._describe_size(str(body or "")[: MAX_TEXT + 1])

    def action_next_step(self, key):
        """Do one of :attr:`next_steps`.

        :param key: its ``key``
        :return: an action's dict, or False when it is done
        :raises UserError: it can't be done (any more)
        """
        self.ensure_one()
        self.check_access("read")
        return self.env["fsm.confirmation.next.step"]._take_step(self, key)

    def action_mark_read(self):
        """A person read what the customer wrote later; the response stays as it is.

        :raises AccessError: the user's level is below Edit
        """
        if not self.env.su:
            check_may_edit(self.env)
        self.check_access("write")
        undo = self.env["fsm.confirmation.undo"]
        for record_sudo in self.sudo().filtered("needs_reading"):
            before = undo._snapshot(record_sudo)
            record_sudo.write({"needs_reading": False})
            self.env["fsm.confirmation.activity"]._close_read(record_sudo)
            record_sudo._message_log(
                body=self.env._(
                    "What the customer wrote was read. The response stays the same."
                ),
                author_id=self.env.user.partner_id.id,
            )
            undo._keep(record_sudo, before)
            record_sudo._notify_changed()

    def action_open_details(self):
        """Open the message with all its replies in a dialog."""
        self.ensure_one()
        self.check_access("read")
        return open_dialog(self.env._("Message"), self._name, self.id)

    def action_open_order(self):
        """Open the Work Order."""
        self.ensure_one()
        if self.closed_reason == "company":
            raise UserError(self.env._("This Work Order was moved to another company."))
        if not self.order_id:
            raise UserError(self.env._("This Work Order was deleted."))
        return self.order_id._get_records_action(context={})

    def action_send_again(self):
        """Open the dialog to send a failed message again."""
        self.ensure_one()
        if not self.can_send_again:
            raise UserError(
                self.env._(
                    "%s can't be sent again: only a failed message whose reason can be "
                    "fixed, once.",
                    self.name,
                )
            )
        action = self.order_id.action_send_confirmation()
        action["context"] = {
            "default_order_id": self.order_id.id,
            "default_visit_id": self.visit_id.id,
            "default_partner_id": self.partner_id.id,
            "default_previous_id": self.id,
        }
        return action

    def action_settle(self):
        """Open the dialog in which an answer is corrected by hand."""
        self.ensure_one()
        self.check_access("write")
        return open_dialog(
            self.env._("Correct Response"),
            "fsm.confirmation.settle",
            default_action="settle",
            default_confirmation_id=self.id,
            default_response=self.response,
        )
