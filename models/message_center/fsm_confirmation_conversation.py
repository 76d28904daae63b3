# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import html2plaintext

from ...core.kinds import EMAIL
from ..xmlids import NOTE_SUBTYPE

_REPLY = "fsm.confirmation.reply"
# The most that one call reads, whatever a client asks for.
MAX_EVENTS = 1000
# The order of events within one second: our auto-reply, and what a reply did, have the
# reply's time.
_ORDER = {"sent": 0, "received": 1, "answered": 1, "note": 2}
# Why no response is awaited any more, where the conversation itself shows it.
_CLOSED_VISIBLY = ("answered", "failed")


class FsmConfirmationConversation(models.AbstractModel):
    """What was said about an appointment, or with a number, as events for the screen.

    Every event has ``key``, ``kind``, ``date`` (UTC, as a string), ``author`` and
    ``text`` (plain text). ``current`` is the ``fsm.confirmation`` that is looked at, or
    the ``fsm.confirmation.reply`` that belongs to none; ``messages`` are all of its
    conversation.
    """

    _name = "fsm.confirmation.conversation"
    _description = "Conversation about an Appointment"

    @api.model
    def _get_conversation(self, current, limit):
        """See ``fsm.confirmation.get_conversation``."""
        limit = min(max(int(limit), 1), MAX_EVENTS)
        messages = self._find_messages(current, limit + 1)
        events = [
            *self._prepare_message_events(messages, current),
            *self._prepare_reply_events(messages, current, limit + 1),
            *self._prepare_note_events(messages, current, limit + 1),
        ]
        events.sort(key=lambda event: (event["date"], _ORDER[event["kind"]]))
        return {"events": events[-limit:], "has_earlier": len(events) > limit}

    @api.model
    def _get_asked_date(self, message):
        """When the customer was asked, or is about to be."""
        return min(filter(None, (message.sent_date, message.create_date)))

    @api.model
    def _is_about_none(self, current):
        """Whether it is in a conversation with a number, about no appointment."""
        return current._name == _REPLY or current._is_about_none()

    # ------------------------------------------------------------------
    # Our texts
    # ------------------------------------------------------------------

    @api.model
    def _find_messages(self, current, limit):
        """This message and the others to its number about the same appointment."""
        if self._is_about_none(current):
            messages = self.env["fsm.confirmation"]
            return messages.search(self._get_number_domain(current), limit=limit)
        found = Domain("id", "in", (current | current.previous_id).ids)
        # A failed text may have gone to a number that was corrected since.
        found |= Domain("previous_id", "=", current.id)
        about = Domain("order_id", "=", current.order_id.id)
        if not current.order_id:
            # It was deleted.
            about &= Domain("job_name", "=", current.job_name)
        found |= (
            about
            & Domain("visit_id", "=", current.visit_id.id)
            & self._get_customer_domain(current)
            & Domain("company_id", "=", current.company_id.id)
        )
        return current.search(found, limit=limit) | current

    @api.model
    def _get_number_domain(self, current):
        """Messages to a number about no appointment."""
        return (
            Domain("mobile", "=", current.mobile)
            & Domain("company_id", "=", current.company_id.id)
            & Domain("order_id", "=", False)
            & Domain("job_name", "=", False)
        )

    @api.model
    def _get_customer_domain(self, current):
        """Messages to the same customer: to that number, and by e-mail."""
        if not current.mobile:
            return Domain("partner_id", "=", current.partner_id.id)
        by_email = Domain("channel", "=", EMAIL) & Domain(
            "partner_id", "=", current.partner_id.id
        )
        return Domain("mobile", "=", current.mobile) | by_email

    @api.model
    def _prepare_message_events(self, messages, current):
        """One event per text of ours, of kind ``sent``.

        Further keys: ``name`` (Message ID), ``kind_label`` (what kind of text it is, ""
        for a question), ``state``, ``state_label``, ``problem``, ``closed`` (why no
        response is awaited), ``is_current``.
        """
        states = self._get_labels(messages, "state")
        reasons = self._get_labels(messages, "closed_reason")
        return [
            {
                "key": f"message-{message.id}",
                "kind": "sent",
                "date": fields.Datetime.to_string(
                    message.sent_date or message.create_date
                ),
                "author": message.user_id.sudo().name or "",
                "text": message.body,
                "name": message.name,
                "kind_label": message._get_kind_label(),
                "state": message.state,
                "state_label": states[message.state],
                "problem": (message.state != "delivered" and message.failure_reason)
                or "",
                "closed": ""
                if message.closed_reason in _CLOSED_VISIBLY
                else reasons.get(message.closed_reason, ""),
                "is_current": message == current,
            }
            for message in messages.sorted("id")
        ]

    @api.model
    def _get_labels(self, records, field_name):
        return dict(records._fields[field_name]._description_selection(self.env))

    # ------------------------------------------------------------------
    # Replies
    # ------------------------------------------------------------------

    @api.model
    def _find_unmatched_replies(self, current, limit=None):
        """Replies from this number that belong to no message and wait for a person."""
        return self.env["fsm.confirmation.reply"].search(
            self._get_waiting_domain(current), limit=limit
        )

    @api.model
    def _get_waiting_domain(self, current):
        """Those of :meth:`_get_unmatched_domain` that a person has yet to handle."""
        return self._get_unmatched_domain(current) & Domain("is_done", "=", False)

    @api.model
    def _get_unmatched_domain(self, current):
        """Replies from this number that belong to no message."""
        if not current.mobile:
            return Domain.FALSE
        unmatched = (
            Domain("mobile", "=", current.mobile)
            & Domain("company_id", "=", current.company_id.id)
            & Domain("state", "=", "unmatched")
        )
        if self._is_about_none(current):
            return unmatched
        # A reply from before this text was sent can't be an answer to it.
        return unmatched & Domain("received_date", ">=", self._get_asked_date(current))

    @api.model
    def _prepare_reply_events(self, messages, current, limit):
        """One event per reply, and one for the auto-reply that it got."""
        replies = self.env["fsm.confirmation.reply"].search(
            Domain("confirmation_ids", "in", messages.ids)
            | self._get_shown_domain(current),
            order="received_date desc, id desc",
            limit=limit,
        )
        events = []
        for reply in reversed(replies):
            events.append(self._prepare_reply_event(reply, current))
            if reply.auto_reply_body:
                events.append(self._prepare_auto_reply_event(reply))
        return events

    @api.model
    def _get_shown_domain(self, current):
        """Which replies are shown that belong to no message."""
        if self._is_about_none(current):
            return self._get_unmatched_domain(current)
        return self._get_waiting_domain(current)

    @api.model
    def _prepare_reply_event(self, reply, current):
        """An event of kind ``received``.

        Further keys: ``reply_id``, ``intent``, ``intent_label``, ``why``, ``pictures``
        (a sentence or ""), ``is_matched``.
        """
        same_number = reply.mobile == current.mobile
        return {
            "key": f"reply-{reply.id}",
            "kind": "received",
            "date": fields.Datetime.to_string(reply.received_date),
            "author": ((same_number or not reply.mobile) and self._get_name(current))
            or reply.mobile_display,
            "text": reply.body or "",
            "reply_id": reply.id,
            "intent": reply.intent or "",
            "intent_label": reply.intent_text,
            "why": reply.reason_text or "",
            "pictures": reply._describe_pictures(),
            "is_matched": reply.state == "matched",
        }

    @api.model
    def _get_name(self, current):
        if current._name == _REPLY:
            return current.partner_id.sudo().name
        return current.contact_name

    @api.model
    def _prepare_auto_reply_event(self, reply):
        return {
            "key": f"answer-{reply.id}",
            "kind": "answered",
            "date": fields.Datetime.to_string(reply.received_date),
            "author": self.env._("Auto-reply"),
            "text": reply.auto_reply_body,
        }

    # ------------------------------------------------------------------
    # What people and Odoo decided
    # ------------------------------------------------------------------

    @api.model
    def _prepare_note_events(self, messages, current, limit):
        """Events of kind ``note``: responses set by hand, opt-outs and their end."""
        since = min(map(self._get_asked_date, messages), default=None)
        since = since or current.received_date  # Nobody has written back yet.
        # The reader may see this number's texts; the list of opt-outs is for others.
        entry_sudo = (
            self.env["phone.blacklist"]
            .sudo()
            .with_context(active_test=False)
            .search([("number", "=", current.mobile)], limit=1)
        )
        events = [
            {
                "key": f"note-{note_sudo.id}",
                "kind": "note",
                "date": fields.Datetime.to_string(note_sudo.date),
                "author": note_sudo.author_id.name or "",
                "text": text,
            }
            for note_sudo in self._find_notes_sudo(
                messages, current, entry_sudo, since, limit
            )
            if (text := html2plaintext(note_sudo.body).strip())
        ]
        opted_out = entry_sudo.active and entry_sudo.opt_out_date
        if opted_out and opted_out >= since:
            events.append(self._prepare_opt_out_event(entry_sudo, current.company_id))
        return events

    @api.model
    def _find_notes_sudo(self, messages, current, entry_sudo, since, limit):
        """:return: ``mail.message``, with sudo, the oldest first"""
        of_messages = Domain("model", "=", messages._name) & Domain(
            "res_id", "in", messages.ids
        )
        # Why an entry was taken off the list, if this company's user or customer did.
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(NOTE_SUBTYPE)
        of_entry = (
            Domain("model", "=", entry_sudo._name)
            & Domain("res_id", "=", entry_sudo.id)
            & Domain("subtype_id", "=", subtype_id)
            & Domain("record_company_id", "in", current.company_id.ids)
        )
        notes_sudo = (
            self.env["mail.message"]
            .sudo()
            .search(
                (of_messages | of_entry)
                & Domain("message_type", "in", ("notification", "comment"))
                & Domain("body", "not in", (False, ""))
                & Domain("date", ">=", since),
                order="date desc, id desc",
                limit=limit,
            )
        )
        return notes_sudo[::-1]

    @api.model
    def _prepare_opt_out_event(self, entry_sudo, companies):
        return {
            "key": f"opt-out-{entry_sudo.id}",
            "kind": "note",
            "date": fields.Datetime.to_string(entry_sudo.opt_out_date),
            "author": "",
            "text": entry_sudo._job_confirmation_describe(companies),
        }
