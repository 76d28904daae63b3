# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from ..core.segments import count_segments
from ..models.appointment.fsm_appointment_mixin import EDIT_GROUP

# Answers of _find_obstacles: what blocks, and what only warns.
BLOCK = "block"
WARN = "warn"


class Obstacle(NamedTuple):
    """What stands in the way of sending, or should be known before.

    ``ways`` names the ways out, see :meth:`FsmConfirmationSend._get_ways_out`.
    """

    level: str  # BLOCK or WARN
    text: str
    ways: tuple = ()


class FsmConfirmationSend(models.TransientModel):
    """The Send Confirmation dialog.

    ``create({"order_id": id})`` fills in the rest, ``action_send()`` sends. What is
    sent is rendered by the server at that moment, never taken from the client.
    """

    _name = "fsm.confirmation.send"
    _inherit = ["fsm.confirmation.reference.mixin"]
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
    seen_message_id = fields.Integer(
        "Newest Message When Opened",
        compute="_compute_seen_message_id",
        store=True,
        readonly=False,
        help="ID of the earlier message that the dialog told of; 0 for none.",
    )
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
    sender_display = fields.Char(
        "Sent From",
        compute="_compute_sender_display",
        help="Who the phone shows above the text.",
    )
    obstacles = fields.Json(
        compute="_compute_obstacles",
        help="Dicts with level (block or warn), text and ways (dicts key, label).",
    )
    blocking_reason = fields.Text(compute="_compute_obstacles")
    warning = fields.Text(compute="_compute_obstacles")

    def _get_reference_fields(self):
        return ["order_id", "visit_id", "previous_id", "partner_id", "confirmation_id"]

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
        for wizard in self:
            order = wizard.order_id
            contacts = self.env["res.partner"]
            if order:
                contacts = order._get_confirmation_contacts()
            contacts = contacts._filter_textable(order.company_id) or contacts
            wizard.available_partner_ids = self.env["res.partner"].browse(contacts.ids)

    @api.depends("order_id")
    def _compute_partner_id(self):
        for wizard in self:
            if not wizard.partner_id and wizard.order_id:
                contact = wizard._get_first_contact()
                wizard.partner_id = self.env["res.partner"].browse(contact.ids)

    def _get_first_contact(self):
        """The contact that the dialog begins with; empty when one is to be chosen."""
        other_than = self.env.context.get("confirmation_other_than")
        if not other_than:
            return self.order_id._get_default_confirmation_contact()
        others = self.env["res.partner"].browse(
            [id_ for id_ in self.available_partner_ids.ids if id_ != other_than]
        )
        numbers = {
            partner: partner._get_confirmation_number(self.company_id)[0]
            for partner in others
        }
        opted_out = self.env["phone.blacklist"]._job_confirmation_find_sudo(
            {number for number in numbers.values() if number}
        )
        return others.filtered(
            lambda rec: numbers[rec] and numbers[rec] not in opted_out
        )[:1]

    @api.depends("order_id", "visit_id")
    def _compute_seen_message_id(self):
        for wizard in self:
            wizard.seen_message_id = wizard._find_current_earlier().id

    @api.depends("partner_id", "order_id")
    def _compute_mobile(self):
        for wizard in self:
            number = ""
            if wizard.partner_id and wizard.order_id:
                number = wizard.partner_id._get_confirmation_number(wizard.company_id)[
                    0
                ]
            wizard.mobile = number
            wizard.mobile_display = (
                number
                and wizard.partner_id._format_number_for_people(
                    number, wizard.company_id
                )
            )

    @api.depends("mobile", "company_id")
    def _compute_sender_display(self):
        for wizard in self:
            company = wizard.company_id
            sender = company and company._job_confirmation_sender(wizard.mobile) or ""
            wizard.sender_display = (
                self.env["res.partner"]._format_number_for_people(sender, company)
                if sender.startswith("+")
                # A Messaging Service chooses the number when the text leaves.
                else company.name
            )

    @api.depends("order_id", "visit_id", "partner_id", "code")
    def _compute_body(self):
        for wizard in self:
            order = wizard.order_id
            appointment = wizard.visit_id or order
            if not wizard.partner_id or not appointment.scheduled_date_start:
                wizard.body = wizard.segment_info = False
                continue
            try:
                body = order._render_confirmation_body(
                    wizard.partner_id.sudo(),
                    wizard.visit_id,
                    wizard.code or "",
                )
            except UserError:
                body = ""  # A wrong placeholder: it is said as an obstacle.
            wizard.body = body
            wizard.segment_info = body and wizard._describe_size(body)

    @api.depends("order_id", "visit_id", "partner_id")
    def _compute_code(self):
        for wizard in self:
            others = wizard._find_other_questions()
            if not others:
                wizard.code = False
            elif not wizard.code:
                composer = self.env["fsm.confirmation.composer"]
                wizard.code = composer._choose_code(wizard.mobile)

    def _find_other_questions(self):
        """Open messages to this number about other appointments, with sudo.

        With any, the text carries a short code, so that an answer is never guessed.
        """
        messages_sudo = self.env["fsm.confirmation"].sudo()
        if not self.mobile or not self.order_id:
            return messages_sudo
        appointment = self.visit_id or self.order_id
        now = fields.Datetime.now()
        others_sudo = messages_sudo._search_open_sudo(
            self.mobile, self.company_id._job_confirmation_sender(self.mobile)
        ).filtered(lambda rec: rec.appointment_start and rec.appointment_start > now)
        return others_sudo - appointment._get_appointment_confirmations_sudo()

    def _describe_size(self, body):
        size = count_segments(body)
        if size.count == 1:
            text = self.env._("%s characters, 1 SMS", len(body))
        else:
            text = self.env._(
                "%(characters)s characters, %(segments)s SMS segments",
                characters=len(body),
                segments=size.count,
            )
        if size.culprits:
            text += " " + self.env._(
                "(characters that take more room: %s)", size.culprits[:20]
            )
        return text

    @api.depends("order_id", "visit_id", "partner_id")
    def _compute_obstacles(self):
        for wizard in self:
            found = wizard._find_obstacles() if wizard.order_id else []
            labels = wizard._get_ways_out()
            wizard.obstacles = [
                {
                    "level": obstacle.level,
                    "text": obstacle.text,
                    "ways": [
                        {"key": key, "label": labels[key]}
                        for key in obstacle.ways
                        if key in labels
                    ],
                }
                for obstacle in found
            ]
            for level, name in ((BLOCK, "blocking_reason"), (WARN, "warning")):
                wizard[name] = "\n".join(
                    obstacle.text for obstacle in found if obstacle.level == level
                )

    # ------------------------------------------------------------------
    # What stands in the way
    # ------------------------------------------------------------------

    def _find_obstacles(self):
        """Everything that stands in the way or should be known before sending.

        :return: list of :class:`Obstacle`, each with a sentence that names the way out
        """
        self.ensure_one()
        found = [
            *self._find_setup_obstacles(),
            *self._find_appointment_obstacles(),
            *self._find_contact_obstacles(),
            *self._find_text_obstacles(),
            *self._find_earlier_messages(),
        ]
        return [Obstacle(*obstacle) for obstacle in found]

    def _find_setup_obstacles(self):
        company = self.company_id
        if not company.sudo().job_confirmation_enabled:
            yield (
                BLOCK,
                self.env._(
                    "Job confirmations are not enabled for %s. Ask an administrator to "
                    "switch them on in Settings > Field Service.",
                    company.name,
                ),
                ("open_settings",),
            )
        elif not company._job_confirmation_ready():
            yield (
                BLOCK,
                self.env._(
                    "Twilio is not set up for %s. Ask an administrator to enter the "
                    "account and a number in Settings > Field Service.",
                    company.name,
                ),
                ("open_settings",),
            )

    def _find_appointment_obstacles(self):
        order = self.order_id
        appointment = self.visit_id or order
        if order.stage_id.is_closed:
            yield (
                BLOCK,
                self.env._(
                    "This Work Order is %s: there is nothing to confirm.",
                    order.stage_id.name,
                ),
            )
            return
        if self.visit_id and self.visit_id.order_id != order:
            yield BLOCK, self.env._("This visit belongs to another Work Order.")
        elif order.visit_ids and not self.available_visit_ids:
            yield (
                BLOCK,
                self.env._(
                    "All visits of this Work Order are in the past. Plan the next "
                    "visit first."
                ),
                ("open_order",),
            )
        elif order.visit_ids and not self.visit_id:
            yield (
                BLOCK,
                self.env._("Choose the visit that the customer is asked about."),
                ("choose_visit",),
            )
        elif not appointment.scheduled_date_start:
            yield (
                BLOCK,
                self.env._("The appointment has no date. Schedule it first."),
                ("open_schedule",),
            )
        elif appointment.scheduled_date_start <= fields.Datetime.now():
            yield (
                BLOCK,
                self.env._("The appointment is in the past. Give it a new date first."),
                ("open_schedule",),
            )

    def _find_contact_obstacles(self):
        partner = self.partner_id
        if not partner:
            yield (
                BLOCK,
                self.env._("Choose the contact who gets the text."),
                ("choose_contact",),
            )
            return
        partner_sudo = partner.sudo()
        if partner_sudo not in self.order_id._get_confirmation_contacts():
            yield (
                BLOCK,
                self.env._(
                    "%s is no contact of this customer or location.", partner_sudo.name
                ),
                ("choose_contact",),
            )
            return
        number, verdict = partner._get_confirmation_number(self.company_id)
        sentences = {
            "missing": self.env._(
                "%s has no phone number. Enter a mobile number on the contact, or "
                "choose another contact.",
                partner_sudo.name,
            ),
            "invalid": self.env._(
                "“%(number)s” of %(contact)s is no valid phone number. Correct it on "
                "the contact, or choose another contact.",
                number=partner_sudo.phone,
                contact=partner_sudo.name,
            ),
            "landline": self.env._(
                "%(number)s of %(contact)s is a landline. Enter a mobile number on the "
                "contact, or choose another contact.",
                number=self.mobile_display,
                contact=partner_sudo.name,
            ),
        }
        if verdict in sentences:
            yield BLOCK, sentences[verdict], ("open_contact", "choose_contact")
            return
        entry = self.env["phone.blacklist"]._job_confirmation_find_sudo([number])
        if entry:
            yield (
                BLOCK,
                self.env._(
                    "%(contact)s can't be texted. %(how)s. Call instead, or choose "
                    "another contact. A customer opts in again by texting START.",
                    contact=partner_sudo.name,
                    how=entry[number]._job_confirmation_describe(),
                ),
                ("choose_contact", "allow_texts", "open_contact"),
            )
        elif partner._has_failed_as_landline(number):
            yield (
                BLOCK,
                self.env._(
                    "An earlier text to %(number)s failed because it is a landline. "
                    "Enter a mobile number on the contact, or choose another contact.",
                    number=self.mobile_display,
                ),
                ("open_contact", "choose_contact"),
            )
        elif self.env["phone.blacklist"]._job_confirmation_is_lifted_sudo(number):
            yield (
                WARN,
                self.env._(
                    "The opt-out of %(contact)s was lifted by hand. Twilio blocks the "
                    "number until the customer texts START to you.",
                    contact=partner_sudo.name,
                ),
            )

    def _find_text_obstacles(self):
        appointment = self.visit_id or self.order_id
        if self.partner_id and appointment.scheduled_date_start and not self.body:
            yield BLOCK, self.order_id._describe_template_problem(), ("open_settings",)

    def _find_earlier_messages(self):
        record = self._find_current_earlier()
        if record:
            ways = ("open_message",)
            if record.response == "declined":
                ways = ("open_schedule", *ways)
            yield WARN, self._describe_earlier(record.sudo()), ways

    def _find_current_earlier(self):
        """The newest earlier message about this appointment that still matters."""
        appointment = self.visit_id or self.order_id
        messages_sudo = self.env["fsm.confirmation"].sudo()
        if appointment:
            messages_sudo = appointment._get_appointment_confirmations_sudo()
        for record_sudo in messages_sudo._without_taken_back():
            current = not record_sudo._get_stale_reason()
            if current and self._describe_earlier(record_sudo):
                return record_sudo.sudo(self.env.su)
        return messages_sudo.browse().sudo(self.env.su)

    def _describe_earlier(self, record):
        """One sentence about an earlier message on this appointment, or ""."""
        known = {
            "contact": record.contact_name or "",
            "sent": self._format_moment(record.sent_date or record.create_date),
            "answered": self._format_moment(record.reply_date),
            "words": (record.reply_body or "").strip()[:80],
        }
        if record.response == "confirmed":
            return self.env._(
                "%(contact)s already confirmed this appointment on %(answered)s.",
                **known,
            )
        if record.response == "declined":
            return self.env._(
                "%(contact)s declined this appointment on %(answered)s: “%(words)s”. "
                "Agree on another date first.",
                **known,
            )
        if record.response == "unrecognized":
            return self.env._(
                "%(contact)s answered on %(answered)s, but not clearly: “%(words)s”. A "
                "new text replaces the old question.",
                **known,
            )
        if record.is_open:
            return self.env._(
                "%(contact)s was already asked about this appointment on %(sent)s and "
                "has not answered yet. A new text replaces the old question.",
                **known,
            )
        return ""

    def _format_moment(self, moment):
        # A short date and time in the user's own language and time zone.
        return moment and self.env["ir.qweb.field.datetime"].value_to_html(
            moment, {"format": "short"}
        )

    # ------------------------------------------------------------------
    # Ways out
    # ------------------------------------------------------------------

    def _get_ways_out(self):
        """What this user may do about an obstacle.

        The screen itself does ``choose_contact`` and ``choose_visit``, everything else
        is a method ``_way_out_...`` that returns an action. An override point.

        :return: dict key -> label of the button
        """
        self.ensure_one()
        labels = {
            "choose_contact": self.env._("Choose another contact")
            if self.partner_id
            else self.env._("Choose a contact"),
            "choose_visit": self.env._("Choose a visit"),
            "open_message": self.env._("Show that message"),
            "allow_texts": self.env._("Allow texts again"),
        }
        others = set(self.available_partner_ids.ids) - set(self.partner_id.ids)
        if not any(
            partner._get_confirmation_number(self.company_id)[1] == "ok"
            for partner in self.env["res.partner"].browse(others)
        ):
            del labels["choose_contact"]
        if self.partner_id and self.partner_id.has_access("write"):
            labels["open_contact"] = self.env._("Open the contact")
        if self.env["res.config.settings"].has_access("create"):
            labels["open_settings"] = self.env._("Open the settings")
        if self.order_id and self.order_id.has_access("write"):
            labels["open_order"] = self.env._("Plan a visit")
            appointment = self.visit_id or self.order_id
            labels["open_schedule"] = (
                self.env._("Change the date")
                if appointment.scheduled_date_start
                else self.env._("Set the date")
            )
        return labels

    def action_way_out(self, key):
        """Open what helps with an obstacle.

        :param key: of :meth:`_get_ways_out`
        :return: an action's dict; with ``target`` ``new`` it is shown above this
            dialog, which reads itself again afterwards (:meth:`action_refresh`)
        :raises UserError: this user can't do that
        """
        self.ensure_one()
        method = getattr(self, f"_way_out_{key}", None)
        if key not in self._get_ways_out() or not method:
            raise UserError(self.env._("You can't do this. Ask an administrator."))
        return method()

    def _open_above(self, record, **context):
        return {
            "type": "ir.actions.act_window",
            "name": record.display_name,
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
            "target": "new",
            "context": context,
        }

    def _way_out_open_contact(self):
        return self._open_above(self.partner_id)

    def _way_out_open_order(self):
        return self._open_above(self.order_id)

    def _way_out_open_schedule(self):
        return self._open_above(self.visit_id or self.order_id)

    def _way_out_open_message(self):
        message = self._find_current_earlier()
        if not message:
            raise UserError(self.env._("That message doesn't stand in the way now."))
        return self._open_above(message, confirmation_look_only=True)

    def _way_out_open_settings(self):
        return self.env["ir.actions.actions"]._for_xml_id(
            "fieldservice.action_fsm_config"
        )

    def _way_out_allow_texts(self):
        return self.partner_id.action_lift_opt_out()

    def action_refresh(self):
        """Look again at what the preview is made of, after somebody changed it."""
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
        """Record the text; it leaves as soon as this transaction is committed.

        :raises UserError: something stands in the way
        """
        self.ensure_one()
        if not self.env.user.has_group(EDIT_GROUP):
            raise AccessError(
                self.env._("Only users with the Message Center level Edit can send.")
            )
        self.order_id.check_access("read")
        if self.visit_id:
            self.visit_id.check_access("read")
        if not self.try_lock_for_update() or self.sudo().confirmation_id:
            # A second click: the first one has sent it.
            return {"type": "ir.actions.act_window_close"}
        # What a caller wrote over a computed value, like the number, doesn't count.
        self.env.flush_all()
        self.invalidate_recordset()
        found = [
            obstacle.text
            for obstacle in self._find_obstacles()
            if obstacle.level == BLOCK
        ]
        if found:
            raise UserError("\n".join(found))
        self._check_asked_meanwhile()
        previous = self.previous_id
        if previous and (
            previous.order_id != self.order_id or not previous.can_send_again
        ):
            previous = previous.browse()
        composer = self.env["fsm.confirmation.composer"]
        draft = composer._draft(
            self.order_id.sudo(),
            self.visit_id.sudo(),
            self.partner_id.sudo(),
            self.mobile,
            self._get_wanted_code(),
            previous,
        )
        self.sudo().confirmation_id = composer._record([draft], self.env.user)
        return self._tell_sent()

    def _check_asked_meanwhile(self):
        """Refuse when somebody else asked the customer while this dialog was open.

        :raises UserError: the warning of an earlier message could not be seen here
        """
        earlier_sudo = self._find_current_earlier().sudo()
        if earlier_sudo.id <= self.seen_message_id:
            return
        raise UserError(
            self.env._(
                "While this dialog was open, %(user)s asked %(contact)s about this "
                "appointment (%(message)s). Nothing was sent now. Close the dialog; if "
                "another text is wanted, click Send Confirmation once more.",
                user=earlier_sudo.user_id.name or "",
                contact=earlier_sudo.contact_name or "",
                message=earlier_sudo.name,
            )
        )

    def _tell_sent(self):
        """What the screen does after Send: close the dialog and say so for a moment."""
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "success",
                "message": self.env._(
                    "The text to %s is on its way.", self.partner_id.sudo().name
                ),
                "next": {"type": "ir.actions.act_window_close"},
            },
        }

    def _get_wanted_code(self):
        """The code of the preview, if it looks like one: a client may send anything."""
        code = self.code or ""
        return code if len(code) == 3 and code.isascii() and code.isdigit() else ""
