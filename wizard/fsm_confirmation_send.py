# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.alerts import BLOCK, WARN
from ..core.kinds import EMAIL, SMS
from ..models.levels import check_may_edit
from ..tools.dialogs import open_record
from ..tools.notification import CLOSE, notify


class FsmConfirmationSend(models.TransientModel):
    """The Send Confirmation dialog.

    ``create({"order_id": id})`` fills in the rest, ``action_send()`` sends. What is
    sent is rendered by the server when it is sent, never taken from the client.
    """

    _name = "fsm.confirmation.send"
    _inherit = ["fsm.confirmation.reference.mixin", "fsm.confirmation.hours.mixin"]
    _description = "Send Confirmation"

    order_id = fields.Many2one(
        "fsm.order", string="Work Order", required=True, readonly=True
    )
    company_id = fields.Many2one(related="order_id.company_id")
    available_visit_ids = fields.Many2many(
        "fsm.visit", compute="_compute_available_visit_ids"
    )
    visit_id = fields.Many2one(
        "fsm.visit",
        string="Visit Schedule",
        compute="_compute_visit_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', available_visit_ids)]",
    )
    available_partner_ids = fields.Many2many(
        "res.partner", compute="_compute_available_partner_ids"
    )
    partner_id = fields.Many2one(
        "res.partner",
        string="To / Contact",
        compute="_compute_partner_id",
        store=True,
        readonly=False,
        domain="[('id', 'in', available_partner_ids)]",
    )
    previous_id = fields.Many2one("fsm.confirmation", string="Sent Again For")
    confirmation_id = fields.Many2one("fsm.confirmation", readonly=True)
    earlier_id = fields.Many2one(
        "fsm.confirmation",
        compute="_compute_earlier_id",
        help="The earlier message about this appointment that matters now.",
    )
    seen_message_id = fields.Integer(
        "Newest Message When Opened",
        compute="_compute_seen_message_id",
        store=True,
        readonly=False,
        help="ID of the earlier message that the dialog told of; 0 for none.",
    )
    channel = fields.Selection(
        [("sms", "Text"), ("email", "E-mail")],
        "By",
        compute="_compute_channel",
        store=True,
        readonly=False,
        help="Customers who can't be texted are asked by e-mail.",
    )
    email = fields.Char("E-mail Address", compute="_compute_mobile")
    mobile = fields.Char(
        compute="_compute_mobile", help="The number in international format."
    )
    mobile_display = fields.Char("Number", compute="_compute_mobile")
    code = fields.Char(
        compute="_compute_code",
        store=True,
        help="Short code in the text, when the number has another open question.",
    )
    body = fields.Text("Message", compute="_compute_body")
    segment_info = fields.Char("Size", compute="_compute_body")
    email_subject = fields.Char("Subject", compute="_compute_email_body")
    email_body = fields.Html(
        "E-mail",
        compute="_compute_email_body",
        help="The e-mail as the customer will see it, with links that lead nowhere.",
    )
    timezone_info = fields.Char(
        compute="_compute_timezone_info",
        help="The time zone of the text, when it is not the user's.",
    )
    sender_display = fields.Char(
        "Sent From",
        compute="_compute_sender_display",
        help="Who the phone shows above the text.",
    )
    alerts = fields.Json(
        compute="_compute_alerts",
        help="What stands in the way or should be known: dicts with code, level (block "
        "or warn), text and actions (dicts key, label).",
    )
    blocking_reason = fields.Text(compute="_compute_alerts")
    warning = fields.Text(compute="_compute_alerts")

    def _may_refer_to(self, name, record):
        # The contacts of an order that the user may read are shown as such.
        return super()._may_refer_to(name, record) or (
            name == "partner_id" and record in self.available_partner_ids
        )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.depends("order_id")
    def _compute_available_visit_ids(self):
        for wizard in self:
            wizard.available_visit_ids = wizard.order_id._get_upcoming_visits()

    @api.depends("order_id")
    def _compute_visit_id(self):
        for wizard in self:
            if not wizard.visit_id:
                wizard.visit_id = wizard.order_id and wizard.order_id._get_next_visit()

    @api.depends("order_id")
    def _compute_available_partner_ids(self):
        recipients = self.env["fsm.confirmation.recipient"]
        for wizard in self:
            contacts = self.env["res.partner"]
            order = wizard.order_id
            if order:
                contacts = recipients._get_all(order)
                textable = recipients._filter_textable(contacts, order.company_id)
                contacts = textable or contacts
            wizard.available_partner_ids = self.env["res.partner"].browse(contacts.ids)

    @api.depends("order_id")
    def _compute_partner_id(self):
        recipients = self.env["fsm.confirmation.recipient"]
        other_than = self.env.context.get("confirmation_other_than")
        for wizard in self:
            order = wizard.order_id
            if wizard.partner_id or not order:
                continue
            if other_than:
                contact = recipients._choose_another(order, other_than)
            else:
                contact = recipients._choose(order)[order]
            wizard.partner_id = self.env["res.partner"].browse(contact.ids)

    @api.depends("order_id", "visit_id")
    def _compute_earlier_id(self):
        alerts = self.env["fsm.confirmation.alert"]
        for wizard in self:
            appointment = (wizard.visit_id or wizard.order_id).sudo()
            found = alerts._find_earlier([appointment]) if appointment else {}
            wizard.earlier_id = found.get(appointment)

    @api.depends("order_id", "visit_id")
    def _compute_seen_message_id(self):
        for wizard in self:
            wizard.seen_message_id = wizard.earlier_id.id

    def _draft(self):
        """Draft what would be sent, as :class:`~...fsm_confirmation_composer.Draft`."""
        composer = self.env["fsm.confirmation.composer"]
        draft = composer._draft(
            self.order_id,
            self.visit_id,
            self.partner_id,
            self.code,
            channel=self.channel or SMS,
        )
        draft.by_person = True
        draft.earlier = self.earlier_id.sudo()
        draft.at_once_reason = self._get_at_once_reason()
        return draft

    def _draft_to_send(self):
        """As :meth:`_draft`, also telling of a move that the customer doesn't know
        of."""
        draft = self._draft()
        self.env["fsm.confirmation.change"]._add_news_of_move([draft])
        return draft

    @api.depends("partner_id")
    def _compute_channel(self):
        for wizard in self:
            wizard.channel = SMS

    @api.depends("partner_id", "order_id", "channel")
    def _compute_mobile(self):
        for wizard in self:
            draft = wizard._draft()
            number = draft.mobile
            wizard.email = draft.email
            wizard.mobile = number
            wizard.mobile_display = (
                number
                and wizard.partner_id._format_number_for_people(
                    number, wizard.company_id
                )
            )

    @api.depends("mobile", "company_id")
    def _compute_sender_display(self):
        composer = self.env["fsm.confirmation.composer"]
        for wizard in self:
            wizard.sender_display = composer._describe_sender(
                wizard.company_id, wizard.mobile
            )

    @api.depends("order_id", "visit_id", "partner_id", "code", "channel")
    def _compute_body(self):
        composer = self.env["fsm.confirmation.composer"]
        for wizard in self:
            appointment = wizard.visit_id or wizard.order_id
            if not wizard.partner_id or not appointment.scheduled_date_start:
                wizard.body = wizard.segment_info = False
                continue
            try:
                [body] = composer._render([wizard._draft_to_send()])
            except UserError:
                body = ""  # A wrong placeholder: an alert says so.
            wizard.body = body
            is_text = bool(body) and wizard.channel != EMAIL
            wizard.segment_info = is_text and composer._describe_size(body)

    @api.depends("body", "channel")
    def _compute_email_body(self):
        emails = self.env["fsm.confirmation.email"]
        for wizard in self:
            parts = {}
            if wizard.body and wizard.channel == EMAIL:
                parts = emails._preview(wizard._draft(), wizard.body)
            wizard.email_subject = parts.get("subject", False)
            wizard.email_body = parts.get("body_html", False)

    @api.depends("order_id", "visit_id")
    @api.depends_context("tz", "uid")
    def _compute_timezone_info(self):
        for wizard in self:
            order = wizard.order_id
            start = (wizard.visit_id or order).scheduled_date_start
            wizard.timezone_info = (
                bool(order)
                and order._is_appointment_elsewhere(start)
                and self.env._(
                    "Times are in the job site's time zone (%s), not yours.",
                    order._get_appointment_timezone(),
                )
            )

    @api.depends("order_id", "visit_id", "partner_id", "channel")
    def _compute_code(self):
        codes = self.env["fsm.confirmation.code"]
        for wizard in self:
            draft = wizard._draft()
            code = draft.mobile and codes._preview(draft)
            wizard.code = code or False

    @api.depends("order_id")
    def _compute_is_outside_hours(self):
        departures = self.env["fsm.confirmation.departure"]
        for wizard in self:
            order_sudo = wizard.order_id.sudo()
            zone = order_sudo._get_appointment_timezone() if order_sudo else ""
            now, departure = departures._find_in(zone, wizard.company_id)
            wizard.is_outside_hours = departure != now

    @api.depends(
        "order_id", "visit_id", "partner_id", "channel", "send_now", "at_once_reason"
    )
    def _compute_alerts(self):
        for wizard in self:
            alerts = wizard._find_alerts() if wizard.order_id else []
            labels = wizard._get_action_labels()
            wizard.alerts = [
                {
                    "code": alert.code,
                    "level": alert.level,
                    "text": alert.text,
                    "actions": [
                        {"key": key, "label": labels[key]}
                        for key in alert.actions
                        if key in labels
                    ],
                }
                for alert in alerts
            ]
            for level, name in ((BLOCK, "blocking_reason"), (WARN, "warning")):
                wizard[name] = "\n".join(
                    alert.text
                    for alert in alerts
                    if alert.level == level and not wizard._needs_only_reason(alert)
                )

    def _needs_only_reason(self, alert):
        """Whether Send may be offered although it blocks: it asks for the reason."""
        return alert.code == "too_late" and self.send_now

    def _find_alerts(self):
        """See :meth:`FsmConfirmationAlert._check`."""
        draft = self._draft()
        if self.partner_id and draft.appointment.scheduled_date_start:
            draft.text = self.body or ""
        self.env["fsm.confirmation.alert"]._check([draft])
        return draft.alerts

    # ------------------------------------------------------------------
    # Actions of alerts
    # ------------------------------------------------------------------

    def _get_action_labels(self):
        """Labels of what this user may do about an alert.

        The screen itself does ``choose_contact`` and ``choose_visit``, everything else
        is in :meth:`_get_actions`. An override point.

        :return: dict key -> label of the button
        """
        self.ensure_one()
        labels = {
            "choose_visit": self.env._("Choose a Visit"),
            "open_message": self.env._("Show That Message"),
            "allow_texts": self.env._("Allow Texts Again"),
            "trust_number": self.env._("The Number Is Right"),
        }
        emails = self.env["fsm.confirmation.email"]
        if emails._is_offered(self.partner_id, self.company_id):
            labels["ask_by_email"] = self.env._("Ask by E-mail")
        if self._has_other_contact():
            labels["choose_contact"] = (
                self.env._("Choose Another Contact")
                if self.partner_id
                else self.env._("Choose a Contact")
            )
        if self.partner_id and self.partner_id.has_access("write"):
            labels["open_contact"] = self.env._("Open the Contact")
        if self.env["res.config.settings"].has_access("create"):
            labels["open_settings"] = self.env._("Open the Settings")
        if self.order_id and self.order_id.has_access("write"):
            labels["open_order"] = self.env._("Schedule a Visit")
            labels["open_schedule"] = (
                self.env._("Change the Date")
                if (self.visit_id or self.order_id).scheduled_date_start
                else self.env._("Set the Date")
            )
        return labels

    def _has_other_contact(self):
        """Whether there is another contact with a number that may be a mobile one."""
        others = set(self.available_partner_ids.ids) - set(self.partner_id.ids)
        return any(
            partner._get_confirmation_number(self.company_id)[1] == "ok"
            for partner in self.env["res.partner"].browse(others)
        )

    def _get_actions(self):
        """What the actions open. An override point.

        :return: dict key -> function that returns an action
        """
        return {
            "ask_by_email": self._ask_by_email,
            "allow_texts": self.partner_id.action_lift_opt_out,
            "trust_number": self.partner_id.action_trust_number,
            "open_contact": lambda: open_record(self.partner_id),
            "open_message": self._open_message,
            "open_order": lambda: open_record(self.order_id),
            "open_schedule": lambda: open_record(self.visit_id or self.order_id),
            "open_settings": self._open_settings,
        }

    def action_resolve_alert(self, key):
        """Open what helps with an alert.

        :param key: of :meth:`_get_action_labels`
        :return: an action's dict; with ``target`` ``new`` it is shown above this
            dialog, which reads itself again afterwards (:meth:`action_refresh`);
            False: it reads itself again at once
        :raises UserError: this user can't do that
        """
        self.ensure_one()
        action = self._get_actions().get(key)
        if not action or key not in self._get_action_labels():
            raise UserError(self.env._("You can't do this. Ask an administrator."))
        return action()

    def _ask_by_email(self):
        self.channel = EMAIL
        return False

    def _open_message(self):
        self.invalidate_recordset(["earlier_id"])
        message = self.earlier_id
        if not message:
            raise UserError(self.env._("That message no longer blocks sending."))
        return open_record(message, confirmation_look_only=True)

    def _open_settings(self):
        return self.env["ir.actions.actions"]._for_xml_id(
            "fieldservice.action_fsm_config"
        )

    def action_refresh(self):
        """Recompute the preview after somebody changed what it is made from."""
        self.ensure_one()
        self.env.flush_all()
        self.invalidate_recordset()
        self._compute_code()
        self._compute_seen_message_id()
        return True

    # ------------------------------------------------------------------
    # Send
    # ------------------------------------------------------------------

    def action_send(self):
        """Record the text; it is sent as soon as this transaction is committed.

        :raises UserError: an alert blocks it
        """
        self.ensure_one()
        check_may_edit(self.env)
        self.order_id.check_access("read")
        if self.visit_id:
            self.visit_id.check_access("read")
        if not self.try_lock_for_update() or self.sudo().confirmation_id:
            # A second click: the first one has sent it.
            return CLOSE
        # What a caller wrote over a computed value, like the number, doesn't count.
        self.env.flush_all()
        self.invalidate_recordset()
        self._check_reason()
        found = [alert.text for alert in self._find_alerts() if alert.level == BLOCK]
        if found:
            raise UserError("\n".join(found))
        self._check_asked_meanwhile()
        previous = self.previous_id
        if previous and (
            previous.order_id != self.order_id or not previous.can_send_again
        ):
            previous = previous.browse()
        draft = self._draft_to_send()
        draft.previous = previous
        composer = self.env["fsm.confirmation.composer"]
        self.sudo().confirmation_id = composer._record([draft], self.env.user)
        return self._notify_sent(draft)

    def _check_asked_meanwhile(self):
        """Refuse when somebody else asked the customer while this dialog was open.

        :raises UserError: the warning of an earlier message could not be seen here
        """
        earlier_sudo = self.earlier_id.sudo()
        if earlier_sudo.id <= self.seen_message_id:
            return
        raise UserError(
            self.env._(
                "While this dialog was open, %(user)s asked %(contact)s about this "
                "appointment (%(message)s). Nothing was sent now. Close the dialog; "
                "to send another text, click Send Confirmation again.",
                user=earlier_sudo.user_id.name or "",
                contact=earlier_sudo.contact_name or "",
                message=earlier_sudo.name,
            )
        )

    def _notify_sent(self, draft):
        """The action after Send: close the dialog and notify the user."""
        departures = self.env["fsm.confirmation.departure"]
        now, departure = departures._find(draft)
        if draft.is_email:
            message = self.env._(
                "The e-mail to %s is on its way.", self.partner_id.sudo().name
            )
        elif departure == now:
            message = self.env._(
                "The text to %s is on its way.", self.partner_id.sudo().name
            )
        else:
            message = departures._describe(draft)
        return notify(message, then=CLOSE)
