# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter, defaultdict

from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from ..core.alerts import BLOCK, cant_text, first_for_many
from ..models.levels import check_may_edit
from ..tools.fields import set_ids
from ..tools.notification import CLOSE, notify

# More at once would keep the dispatcher waiting.
MAX_ORDERS = 2000
NAMES_SHOWN = 15  # with each reason
# Up to this many Work Orders, a reason is told in the Send dialog's sentences.
_SENTENCES_SHOWN = 3


class FsmConfirmationBatch(models.TransientModel):
    """Asks about the chosen Work Orders at once.

    Before sending, it says how many texts will be sent, and which Work Orders are
    skipped and why. Each customer gets the text that the dialog for one Work Order
    shows.
    """

    _name = "fsm.confirmation.batch"
    _inherit = ["fsm.confirmation.hours.mixin", "fsm.confirmation.example.mixin"]
    _description = "Send Confirmations"

    order_ids = fields.Many2many("fsm.order", string="Work Orders", required=True)
    visit_ids = fields.Many2many(
        "fsm.visit",
        string="Visits",
        help="Of these Work Orders, the visits to ask about instead of the next one.",
    )
    is_again = fields.Boolean(
        "Ask Again", help="Also those who were asked and haven't answered yet."
    )
    by_email = fields.Boolean(
        "Ask Those Who Can't Be Texted by E-mail",
        compute="_compute_by_email",
        store=True,
        readonly=False,
        help="Those who have an e-mail address, and did not opt out.",
    )
    can_email = fields.Boolean(compute="_compute_plan")
    email_count = fields.Integer("E-mails to Send", compute="_compute_plan")
    ready_count = fields.Integer("Texts to Send", compute="_compute_plan")
    ready_info = fields.Text("Recipients", compute="_compute_plan")
    hours_info = fields.Text("Texting Hours", compute="_compute_plan")
    skipped_count = fields.Integer("Skipped", compute="_compute_plan")
    skipped_info = fields.Text("Reason Skipped", compute="_compute_plan")
    confirmation_ids = fields.Many2many(
        "fsm.confirmation", string="Messages", readonly=True
    )

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        if self.env.context.get("active_model") == "fsm.order":
            ids = self.env.context.get("active_ids") or []
            orders = self.env["fsm.order"].browse(ids).exists()
            values["order_ids"] = [Command.set(orders._filtered_access("read").ids)]
        return values

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            # Only the server records what was sent.
            vals.pop("confirmation_ids", None)
            set_ids(vals, "order_ids")
        return super().create(vals_list)

    @api.depends("order_ids")
    def _compute_is_outside_hours(self):
        departures = self.env["fsm.confirmation.departure"]
        for wizard in self:
            orders_sudo = wizard.order_ids._origin._filtered_access("read").sudo()
            found = [departures._find_for(rec, rec.company_id) for rec in orders_sudo]
            wizard.is_outside_hours = any(now != departure for now, departure in found)

    @api.depends("order_ids")
    def _compute_by_email(self):
        for wizard in self:
            companies = wizard.order_ids._origin._filtered_access("read").company_id
            wizard.by_email = any(each._asks_by_email_itself() for each in companies)

    @api.depends(
        "order_ids", "visit_ids", "is_again", "by_email", "send_now", "at_once_reason"
    )
    def _compute_plan(self):
        emails = self.env["fsm.confirmation.email"]
        for wizard in self:
            ready, left_out = wizard._get_drafts()
            wizard.email_count = sum(draft.is_email for draft in ready)
            wizard.can_email = bool(wizard.email_count) or any(
                cant_text(draft.alerts)
                and emails._is_offered(draft.partner, draft.company)
                for draft in left_out
            )
            same_day = self.env["fsm.confirmation.same.day"]
            wizard.ready_count = same_day._count_texts(ready)
            wizard.ready_info = wizard._describe_ready(ready)
            wizard.hours_info = wizard._describe_hours(ready)
            wizard.skipped_count = len(left_out)
            wizard.skipped_info = wizard._describe_left_out(left_out)
            wizard._show_example(ready)

    @api.model
    def _describe_ready(self, drafts):
        """A line for each customer: the Work Orders that are asked about.

        Those of one day go in one text.
        """
        names = defaultdict(list)
        for draft in drafts:
            names[draft.partner, draft.address].append(draft.order.name)
        lines = [
            f"{partner.name}: {', '.join(orders)}"
            for (partner, _address), orders in names.items()
        ]
        more = len(lines) - NAMES_SHOWN
        if more > 0:
            lines[NAMES_SHOWN:] = [self.env._("and %s more customers", more)]
        return "\n".join(lines)

    @api.model
    def _describe_hours(self, drafts):
        """A line for each place whose texts wait for the texting hours."""
        waiting = [
            alert.text
            for draft in drafts
            for alert in draft.alerts
            if alert.code == "outside_hours"
        ]
        return "\n".join(list(dict.fromkeys(waiting))[:NAMES_SHOWN])

    def _describe_left_out(self, drafts):
        """A line for each reason: the Work Orders that it keeps from being asked."""
        alerts = {
            id(draft): first_for_many(draft.alerts, self.is_again) for draft in drafts
        }
        counts = Counter(alert.code for alert in alerts.values())
        names = defaultdict(list)
        for draft in drafts:
            alert = alerts[id(draft)]
            reason = alert.summary
            if alert.level == BLOCK and counts[alert.code] <= _SENTENCES_SHOWN:
                reason = alert.text.rstrip(".")
            names[reason].append(draft.order.name)
        lines = []
        for reason, orders in names.items():
            shown = ", ".join(orders[:NAMES_SHOWN])
            if len(orders) > NAMES_SHOWN:
                shown = self.env._(
                    "%(names)s and %(count)s more",
                    names=shown,
                    count=len(orders) - NAMES_SHOWN,
                )
            lines.append(f"{reason}: {shown}")
        return "\n".join(lines)

    def _get_drafts(self):
        """The texts that can be sent, and those that can't or need a person's decision.

        :return: two lists of :class:`~...fsm_confirmation_composer.Draft`
        """
        self.ensure_one()
        orders = self.order_ids._origin._filtered_access("read")
        if len(orders) > MAX_ORDERS:
            raise UserError(
                self.env._("Choose at most %s Work Orders at once.", MAX_ORDERS)
            )
        visits = self.visit_ids._origin._filtered_access("read")
        composer = self.env["fsm.confirmation.composer"]
        drafts = composer._draft_many(
            orders, visits, by_person=True, at_once_reason=self._get_at_once_reason()
        )
        if self.by_email:
            composer._ask_by_email(drafts)
        ready, left_out = [], []
        for draft in drafts:
            kept_back = first_for_many(draft.alerts, self.is_again)
            (left_out if kept_back else ready).append(draft)
        self.env["fsm.confirmation.change"]._add_news_of_move(ready)
        return ready, left_out

    def action_send(self):
        """Record a text for each Work Order that can be asked about.

        :raises UserError: there is none
        """
        self.ensure_one()
        check_may_edit(self.env)
        if not self.try_lock_for_update() or self.sudo().confirmation_ids:
            # A second click: the first one has sent them.
            return CLOSE
        self._check_reason()
        drafts, _left_out = self._get_drafts()
        if not drafts:
            raise UserError(
                self.env._("No confirmation can be sent for these Work Orders.")
            )
        count = self.env["fsm.confirmation.same.day"]._count_texts(drafts)
        composer = self.env["fsm.confirmation.composer"]
        self.sudo().confirmation_ids = composer._record(drafts, self.env.user)
        text = self._describe_hours(drafts) or self.env._("Messages sent: %s", count)
        return notify(text, then=CLOSE)
