# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import html2plaintext

from ..appointment.fsm_appointment_mixin import EDIT_GROUP

# The most that one call reads, whatever a client asks for.
MAX_EVENTS = 1000
# What comes first of several events in one second.
_ORDER = {"sent": 0, "received": 1, "answered": 1, "note": 2}


class FsmConfirmation(models.Model):
    """The details dialog: the conversation, and what can be done next."""

    _inherit = "fsm.confirmation"

    # In the national format of the company's country.
    mobile_display = fields.Char("Number", compute="_compute_mobile_display")
    next_steps = fields.Json(
        compute="_compute_next_steps",
        help="What this user can do about this message now, the likeliest first.",
    )

    @api.depends("mobile", "company_id")
    def _compute_mobile_display(self):
        partners = self.env["res.partner"]
        for record in self:
            record.mobile_display = record.mobile and (
                partners._format_number_for_people(record.mobile, record.company_id)
            )

    # ------------------------------------------------------------------
    # The conversation
    # ------------------------------------------------------------------

    def get_conversation(self, limit=40):
        """What was said about this message's appointment, in time.

        That is this message, other texts to the same number about the same
        appointment, their replies, our automatic answers, and what people decided by
        hand; also replies of that number that belong to no message yet.

        :param limit: how many events at most, the newest ones
        :return: dict with ``events`` (oldest first; see the ``_prepare_..._events``
            methods for their keys) and ``has_earlier`` (bool). Every text in it is
            plain text, dates are UTC strings.
        :raises AccessError: the user may not read this message
        """
        self.ensure_one()
        self.check_access("read")
        limit = min(max(int(limit), 1), MAX_EVENTS)
        thread = self._get_conversation_messages(limit + 1)
        events = [
            *thread._prepare_message_events(self),
            *thread._prepare_reply_events(self, limit + 1),
            *thread._prepare_note_events(self, limit + 1),
        ]
        # Our automatic answer, and what a reply did, have the reply's time.
        events.sort(key=lambda event: (event["date"], _ORDER[event["kind"]]))
        return {"events": events[-limit:], "has_earlier": len(events) > limit}

    def _get_asked_date(self):
        """When the customer was asked, or is about to be."""
        self.ensure_one()
        return min(filter(None, (self.sent_date, self.create_date)))

    def _get_conversation_messages(self, limit):
        """This message and the others to its number about the same appointment."""
        self.ensure_one()
        same = Domain("id", "=", self.id)
        if self.order_id:
            same |= Domain("order_id", "=", self.order_id.id) & Domain(
                "visit_id", "=", self.visit_id.id
            )
        same |= Domain("previous_id", "=", self.id)
        if self.previous_id:
            same |= Domain("id", "=", self.previous_id.id)
        alike = Domain("mobile", "=", self.mobile) & Domain(
            "company_id", "=", self.company_id.id
        )
        # A failed text may have gone to a number that was corrected since.
        alike |= Domain("id", "in", (self | self.previous_id).ids)
        alike |= Domain("previous_id", "=", self.id)
        return self.search(same & alike, limit=limit) | self

    def _prepare_message_events(self, current):
        """One event a text of ours.

        Keys: ``key``, ``kind`` (``sent``), ``date``, ``author``, ``text``, ``name``
        (Message ID), ``state``, ``state_label``, ``problem``, ``closed`` (why no
        answer is awaited), ``is_current``.
        """
        states = dict(self._fields["state"]._description_selection(self.env))
        reasons = dict(self._fields["closed_reason"]._description_selection(self.env))
        return [
            {
                "key": f"message-{record.id}",
                "kind": "sent",
                "date": fields.Datetime.to_string(
                    record.sent_date or record.create_date
                ),
                "author": record.user_id.sudo().name or "",
                "text": record.body,
                "name": record.name,
                "state": record.state,
                "state_label": states[record.state],
                "problem": (
                    record.failure_reason if record.state != "delivered" else ""
                )
                or "",
                # What was answered, or not delivered, is said in other places.
                "closed": (
                    ""
                    if record.closed_reason in ("answered", "failed")
                    else reasons.get(record.closed_reason, "")
                ),
                "is_current": record == current,
            }
            for record in self.sorted("id")
        ]

    def _prepare_reply_events(self, current, limit):
        """One event a reply, and one for the automatic answer it got.

        Keys: ``key``, ``kind`` (``received`` or ``answered``), ``date``, ``author``,
        ``text``; of a reply also ``reply_id``, ``intent``, ``intent_label``, ``why``,
        ``pictures`` (a sentence or ""), ``is_matched``, ``other_number``.
        """
        replies = self.env["fsm.confirmation.reply"].search(
            Domain("confirmation_ids", "in", self.ids)
            | (current._get_unmatched_domain()),
            order="received_date desc, id desc",
            limit=limit,
        )
        intents = dict(replies._fields["intent"]._description_selection(self.env))
        events = []
        for reply in reversed(replies):
            date = fields.Datetime.to_string(reply.received_date)
            same = reply.mobile == current.mobile
            events.append(
                {
                    "key": f"reply-{reply.id}",
                    "kind": "received",
                    "date": date,
                    "author": (same and current.contact_name) or reply.mobile,
                    "text": reply.body or "",
                    "reply_id": reply.id,
                    "intent": reply.intent or "",
                    "intent_label": intents.get(reply.intent, ""),
                    "why": reply.reason_text or "",
                    "pictures": reply._describe_pictures(),
                    "is_matched": reply.state == "matched",
                }
            )
            if reply.auto_reply_body:
                events.append(
                    {
                        "key": f"answer-{reply.id}",
                        "kind": "answered",
                        "date": date,
                        "author": self.env._("Automatic answer"),
                        "text": reply.auto_reply_body,
                    }
                )
        return events

    def _prepare_note_events(self, current, limit):
        """What people and Odoo decided: answers set by hand, opt-outs and their end.

        Keys: ``key``, ``kind`` (``note``), ``date``, ``author``, ``text``.
        """
        sources = Domain("model", "=", self._name) & Domain("res_id", "in", self.ids)
        # The reader may see this number's texts; the list of opt-outs is for others.
        entry_sudo = (
            self.env["phone.blacklist"]
            .sudo()
            .with_context(active_test=False)
            .search([("number", "=", current.mobile)], limit=1)
        )
        # Why an entry was taken off the list stands beside the tracked change.
        sources |= (
            Domain("model", "=", entry_sudo._name)
            & Domain("res_id", "=", entry_sudo.id)
            & Domain("tracking_value_ids", "!=", False)
        )
        started = min(record._get_asked_date() for record in self)
        notes_sudo = (
            self.env["mail.message"]
            .sudo()
            .search(
                sources
                & Domain("message_type", "in", ("notification", "comment"))
                & Domain("body", "not in", (False, ""))
                & Domain("date", ">=", started),
                order="date desc, id desc",
                limit=limit,
            )
        )
        events = []
        for note_sudo in reversed(notes_sudo):
            text = html2plaintext(note_sudo.body).strip()
            if text:
                events.append(
                    {
                        "key": f"note-{note_sudo.id}",
                        "kind": "note",
                        "date": fields.Datetime.to_string(note_sudo.date),
                        "author": note_sudo.author_id.name or "",
                        "text": text,
                    }
                )
        opted_out = entry_sudo.active and entry_sudo.opt_out_date
        if opted_out and opted_out >= started:
            events.append(
                {
                    "key": f"opt-out-{entry_sudo.id}",
                    "kind": "note",
                    "date": fields.Datetime.to_string(opted_out),
                    "author": "",
                    "text": entry_sudo._job_confirmation_describe(),
                }
            )
        return events

    # ------------------------------------------------------------------
    # Next steps
    # ------------------------------------------------------------------

    @api.depends("state", "response", "order_id", "next_ids", "needs_reading")
    @api.depends_context("uid", "confirmation_look_only")
    def _compute_next_steps(self):
        for record in self:
            record.next_steps = record._get_next_steps()

    def _get_next_steps(self):
        """What this user can do about this message now, the likeliest first.

        :return: list of dict ``key`` (see :meth:`action_next_step`), ``label``,
            ``icon``, ``primary`` (bool), ``stays`` (the dialog stays open below)
        """
        self.ensure_one()
        if self.env.context.get("confirmation_look_only"):
            return []
        steps = []

        def offer(key, label, icon, primary=False, stays=False):
            steps.append(
                {
                    "key": key,
                    "label": label,
                    "icon": icon,
                    "primary": primary and not steps,
                    "stays": stays,
                }
            )

        if self.env.su or self.env.user.has_group(EDIT_GROUP):
            # An opt-out in between makes the Send dialog say so.
            if self.can_send_again:
                offer("send_again", self.env._("Send Again"), "fa-repeat", primary=True)
            elif self._can_ask_again():
                offer("ask_again", self.env._("Ask Again"), "fa-repeat", primary=True)
            unclear = self.response == "unrecognized"
            if self.needs_reading and not unclear:
                offer("mark_read", self.env._("Mark as Read"), "fa-check", primary=True)
            if self.state != "canceled" or self.response:
                offer(
                    "settle",
                    self.env._("Correct the Answer")
                    if self.response
                    else self.env._("Enter the Answer"),
                    "fa-pencil",
                    primary=unclear,
                    stays=True,
                )
            if self._find_unmatched_replies(limit=1):
                offer(
                    "attach", self.env._("Attach a Reply"), "fa-link", True, stays=True
                )
            if self._can_text_another():
                offer(
                    "text_another",
                    self.env._("Text Another Contact"),
                    "fa-commenting-o",
                )
        if self.order_id and self.order_id.has_access("read"):
            offer("open_order", self.env._("Open Work Order"), "fa-external-link")
        return steps

    def _can_ask_again(self):
        """Whether the date moved, or an opt-out is over, and nobody asked since."""
        appointment_sudo = self._get_appointment_sudo()
        return (
            (self.closed_reason == "moved" or self.response == "opted_out")
            and bool(appointment_sudo)
            and appointment_sudo.confirmation_status == "reconfirm"
            and appointment_sudo._is_appointment_upcoming()
            and self._can_text_another()
        )

    def _can_text_another(self):
        """Whether its appointment can still be asked about at all."""
        appointment_sudo = self._get_appointment_sudo()
        return (
            bool(appointment_sudo and self.order_id)
            and self.company_id.sudo().job_confirmation_enabled
            and appointment_sudo._is_appointment_upcoming()
            and not appointment_sudo._is_appointment_closed()
        )

    def _get_unmatched_domain(self):
        """Domain of replies from this number that belong to no message yet."""
        return (
            Domain("mobile", "=", self.mobile)
            & Domain("company_id", "=", self.company_id.id)
            & Domain("state", "=", "unmatched")
            & Domain("is_done", "=", False)
            # What came before this text was sent is no answer to it.
            & Domain("received_date", ">=", self._get_asked_date())
        )

    def _find_unmatched_replies(self, limit=None):
        return self.env["fsm.confirmation.reply"].search(
            self._get_unmatched_domain(), limit=limit
        )

    def action_next_step(self, key):
        """Do one of :attr:`next_steps`.

        :param key: its ``key``
        :return: an action's dict, or False when it is done
        :raises UserError: it can't be done (any more)
        """
        self.ensure_one()
        self.check_access("read")
        if key not in [step["key"] for step in self._get_next_steps()]:
            raise UserError(
                self.env._("This can't be done any more. Open the message again.")
            )
        return getattr(self, f"_next_step_{key}")()

    def _next_step_send_again(self):
        return self.action_send_again()

    def _next_step_settle(self):
        return self.action_settle()

    def _next_step_mark_read(self):
        self.action_mark_read()
        return False

    def _next_step_open_order(self):
        return self.action_open_order()

    def _next_step_ask_again(self):
        return self._with_same_appointment(default_partner_id=self.partner_id.id)

    def _next_step_text_another(self):
        return self._with_same_appointment(
            confirmation_other_than=self.partner_id.id or -1
        )

    def _next_step_attach(self):
        """The dialog in which a reply of this number is attached to this message."""
        reply = self._find_unmatched_replies(limit=1)
        action = reply.action_attach()
        action["context"] |= {
            "default_confirmation_id": self.id,
            "confirmation_reply_ids": self._find_unmatched_replies(limit=20).ids,
        }
        return action

    def _with_same_appointment(self, **context):
        """The Send dialog about this message's appointment."""
        action = self.order_id.action_send_confirmation()
        action["context"] = {
            "default_order_id": self.order_id.id,
            "default_visit_id": self.visit_id.id,
            **context,
        }
        return action

    def action_mark_read(self):
        """A person read what the customer wrote later; the answer stays as it is.

        :raises AccessError: the user's level is below Edit
        """
        if not self.env.su and not self.env.user.has_group(EDIT_GROUP):
            raise AccessError(
                self.env._("Only users with the Message Center level Edit can do this.")
            )
        self.check_access("write")
        for record_sudo in self.sudo().filtered("needs_reading"):
            record_sudo.write({"needs_reading": False})
            self.env["fsm.confirmation.response"]._close_activities(record_sudo)
            record_sudo._message_log(
                body=self.env._("The later reply was read; the answer stays."),
                author_id=self.env.user.partner_id.id,
            )
            record_sudo._notify_changed()
