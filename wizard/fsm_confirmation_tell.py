# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter

from odoo import api, fields, models

from ..core.alerts import first_block
from ..models.levels import check_may_edit
from ..tools.fields import set_ids


class FsmConfirmationTell(models.TransientModel):
    """Tells many customers of changes: says first how many get what, and who can't."""

    _name = "fsm.confirmation.tell"
    _inherit = ["fsm.confirmation.hours.mixin", "fsm.confirmation.example.mixin"]
    _description = "Notify Customers of Changes"

    change_ids = fields.Many2many(
        "fsm.confirmation.change", string="Changes", required=True
    )
    ready_count = fields.Integer("Messages to Send", compute="_compute_plan")
    ready_info = fields.Text("What Is Sent", compute="_compute_plan")
    hours_info = fields.Text("Texting Hours", compute="_compute_plan")
    skipped_count = fields.Integer("Can't Be Notified", compute="_compute_plan")
    skipped_info = fields.Text("Why They Can't Be Notified", compute="_compute_plan")

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            set_ids(vals, "change_ids")
        return super().create(vals_list)

    def _get_changes(self):
        """Those of them that the user may see and that are not told yet."""
        return self.change_ids._origin.exists()._filtered_access("read")

    @api.depends("change_ids")
    def _compute_is_outside_hours(self):
        departures = self.env["fsm.confirmation.departure"]
        for wizard in self:
            drafts = wizard._get_changes()._prepare_drafts().values()
            wizard.is_outside_hours = bool(departures._find_waiting(drafts))

    @api.depends("change_ids", "send_now", "at_once_reason")
    def _compute_plan(self):
        departures = self.env["fsm.confirmation.departure"]
        for wizard in self:
            reason = wizard._get_at_once_reason()
            drafts = wizard._get_changes()._prepare_drafts(reason)
            blocks = {
                change: first_block(each.alerts) for change, each in drafts.items()
            }
            ready = [change for change, block in blocks.items() if not block]
            waiting = departures._find_waiting([drafts[change] for change in ready])
            wizard.hours_info = "\n".join(waiting)
            same_day = self.env["fsm.confirmation.same.day"]
            wizard.ready_count = same_day._count_texts([drafts[each] for each in ready])
            wizard.ready_info = wizard._describe_ready(ready, drafts)
            skipped = {change: block for change, block in blocks.items() if block}
            wizard.skipped_count = len(skipped)
            wizard.skipped_info = "\n".join(
                f"{change.contact_name}: {block.summary or block.text}"
                for change, block in skipped.items()
            )
            wizard._show_example([drafts[change] for change in ready])

    def _describe_ready(self, changes, drafts):
        """How many are told of what, a line for each kind of change."""
        kinds = self.env["fsm.confirmation.change"]._fields["kind"]
        labels = dict(kinds._description_selection(self.env))
        counts = Counter(drafts[change].tells_change for change in changes)
        lines = [f"{labels[kind]}: {counts[kind]}" for kind in labels if counts[kind]]
        by_email = sum(drafts[change].is_email for change in changes)
        if by_email:
            lines.append(self.env._("Of these by e-mail: %s", by_email))
        return "\n".join(lines)

    def action_send(self):
        """Tell those who can be told.

        :raises UserError: none of them can, or somebody has told them meanwhile
        """
        self.ensure_one()
        check_may_edit(self.env)
        changes = self._get_changes()
        self._check_reason()
        return changes._tell_by_hand(self._get_at_once_reason())
