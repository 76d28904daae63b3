# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter
from dataclasses import dataclass, field

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import babel_locale_parse, format_time
from odoo.tools.misc import get_lang

from ...core.alerts import first_block
from ...core.board import (
    MAX_EXAMINED,
    STATES,
    TO_CALL,
    Standing,
    board_state,
    confirmed_percent,
    may_need_text,
)
from ...core.formatting import format_date
from ...core.kinds import EMAIL, STAFF, TIMES
from ...core.notices import CANCELED, MOVED
from ...core.status import has_passed
from ..xmlids import EDIT_GROUP

# Look of each tile: a key of STATUS_LOOKS in static/src/shared/status_looks.esm.js.
_LOOKS = {
    "not_asked": "not_sent",
    "cant_ask": "opted_out",
    "awaiting": "awaiting",
    "near": "reconfirm",
    "declined": "declined",
    "to_read": "needs_reading",
    "confirmed": "confirmed",
    "passed": "passed",
}


@dataclass(slots=True)
class Examined:
    """An appointment of the board as it is now."""

    state: str  # of ``core.board.STATES``
    draft: object = None  # what asking would come to, where it matters
    alerts: list = field(default_factory=list)
    # The ``fsm.confirmation.change`` that waits for a dispatcher, or None.
    change: object = None
    # The ``fsm.confirmation`` whose proposed times wait for the customer, or None.
    times: object = None

    @property
    def block(self):
        """The :class:`~...core.alerts.Alert` that keeps a text from being sent."""
        return first_block(self.alerts)


class FsmDayBoard(models.AbstractModel):
    """What the Day Board says about appointments, and what can be done about each."""

    _name = "fsm.day.board"
    _description = "Day Board"

    # ------------------------------------------------------------------
    # Where an appointment stands
    # ------------------------------------------------------------------

    @api.model
    def _examine(self, appointments):
        """Work out where appointments stand, with a bounded number of queries.

        :param appointments: ``fsm.appointment`` that the user may read
        :return: dict ``fsm.appointment`` -> :class:`Examined`
        """
        now = fields.Datetime.now()
        drafts = self._draft(appointments, now)
        times = self._find_times(appointments)
        written_back = self._find_written_back(appointments)
        changes = self._find_changes(appointments)
        found = {}
        for appointment in appointments:
            draft = drafts.get(appointment)
            alerts = draft.alerts if draft else []
            key = (appointment.order_id, appointment.visit_id)
            mine = times.get(key)
            standing = Standing(
                status=appointment.confirmation_status or "not_sent",
                start=appointment.scheduled_date_start or None,
                asked=appointment.asked_date or None,
                has_passed=self._has_passed(appointment, now),
                needs_reading=bool(appointment.needs_reading),
                is_blocked=bool(first_block(alerts)),
                is_canceled=appointment.stage_id._is_canceled(),
                is_written_back=appointment in written_back or bool(mine),
            )
            state = board_state(standing, now)
            change = changes.get(key)
            found[appointment] = Examined(state, draft, alerts, change, mine)
        return found

    @api.model
    def _find_changes(self, appointments):
        """Changes that wait until a dispatcher tells the customer, or leaves it.

        A moved date is none of them: the customer is asked again.

        :return: dict (``fsm.order``, ``fsm.visit``) -> ``fsm.confirmation.change``
        """
        kept = appointments.filtered(
            lambda rec: (
                rec.confirmation_status != "reconfirm" or rec.stage_id._is_canceled()
            )
        )
        if not self._may_edit() or not kept:
            return {}
        changes = self.env["fsm.confirmation.change"].search(
            [
                ("order_id", "in", kept.order_id.ids),
                ("is_held", "=", True),
                ("kind", "!=", MOVED),
            ]
        )
        return {(change.order_id, change.visit_id): change for change in changes}

    @api.model
    def _find_times(self, appointments):
        """Texts whose proposed times the customer has yet to choose from.

        :return: dict (``fsm.order``, ``fsm.visit``) -> ``fsm.confirmation``
        """
        proposals = self.env["fsm.confirmation.proposal"]
        return {
            key: slots_sudo.confirmation_id.sudo(False)
            for key, slots_sudo in proposals._find_undecided_sudo(
                appointments.order_id
            ).items()
        }

    @api.model
    def _find_written_back(self, appointments):
        """Those whose customer was unclear and has been written to since.

        :return: ``fsm.appointment``
        """
        unclear = appointments.filtered(
            lambda rec: rec.confirmation_status == "unrecognized" and rec.reply_date
        )
        if not unclear:
            return unclear
        written = self.env["fsm.confirmation"].search_fetch(
            [
                ("order_id", "in", unclear.order_id.ids),
                ("kind", "in", (STAFF, TIMES)),
                ("state", "not in", ("failed", "canceled")),
            ],
            ["order_id", "visit_id", "create_date", "sent_date"],
        )
        newest = {}
        for record in written:
            at = record.sent_date or record.create_date
            newest.setdefault((record.order_id, record.visit_id), at)
        return unclear.filtered(
            lambda rec: (
                (at := newest.get((rec.order_id, rec.visit_id)))
                and at >= rec.reply_date
            )
        )

    @api.model
    def _has_passed(self, appointment, now):
        start, end = appointment.scheduled_date_start, appointment.scheduled_date_end
        return appointment.is_closed or has_passed(start or None, now, end or None)

    @api.model
    def _draft(self, appointments, now):
        """What asking would come to, for those who may still have to be asked.

        :return: dict ``fsm.appointment`` -> ``Draft`` with its alerts
        """
        open_ones = appointments.filtered(
            lambda rec: (
                may_need_text(rec.confirmation_status or "not_sent")
                and not self._has_passed(rec, now)
            )
        )
        drafts = self.env["fsm.confirmation.composer"]._draft_many(
            open_ones.order_id, open_ones.visit_id
        )
        by_appointment = {draft.appointment: draft for draft in drafts}
        return {
            appointment: by_appointment[appointment._get_appointment().sudo()]
            for appointment in open_ones
            if appointment._get_appointment().sudo() in by_appointment
        }

    # ------------------------------------------------------------------
    # Words
    # ------------------------------------------------------------------

    @api.model
    def _describe(self, appointment, found):
        """What a dispatcher has to know about it, in a few words, or False."""
        message = appointment.message_id
        if found.change:
            return self.env._("Not notified yet: %s", found.change.now_text)
        if found.state == "cant_ask":
            # Whoever can't be texted may have been asked by e-mail.
            if message.channel == EMAIL and message.state == "failed":
                return self._describe_failure(message)
            return self._describe_block(found)
        if found.state == "not_asked":
            return self._describe_not_asked(appointment, message)
        if found.state in ("awaiting", "near"):
            return self._describe_waiting(appointment, found)
        words = appointment.reply_body
        if appointment.confirmation_user_id and not appointment.needs_reading:
            # What the customer wrote before says something else, or nothing.
            return self._describe_by_hand(appointment)
        if appointment.needs_reading:
            replies_sudo = message.sudo().own_reply_ids
            words = replies_sudo.sorted("id")[-1:].body or words
        return self._quote(message, words) if words else False

    @api.model
    def _quote(self, message, words):
        """What the customer wrote, and whether it is about another time than now."""
        quoted = f"“{words.strip()}”"
        if message._has_moved():
            return self.env._("About the old time: %s", quoted)
        return quoted

    @api.model
    def _describe_by_hand(self, appointment):
        name = appointment.confirmation_user_id.sudo().name
        return self.env._("Set by %s", name)

    @api.model
    def _describe_block(self, found):
        if found.block:
            return found.block.summary or found.block.text
        return self.env._("Opted out of texts")

    @api.model
    def _describe_failure(self, message):
        return self.env._(
            "Not delivered: %s", message.failure_reason or self.env._("unknown")
        )

    @api.model
    def _describe_not_asked(self, appointment, message):
        if appointment.confirmation_status == "reconfirm":
            if message.response == "opted_out":
                return self.env._("Opted back in: ask again")
            if appointment.confirmation_user_id:
                return self._describe_by_hand(appointment)
            old_response = message and message._describe_old_response()
            return old_response or self.env._("The customer needs to be asked again")
        if message.state == "failed":
            return self._describe_failure(message)
        return False

    @api.model
    def _describe_waiting(self, appointment, found):
        if found.times:
            asked = found.times.sent_date or found.times.create_date
            return self.env._("Times proposed %s", self._format_asked(asked))
        if appointment.confirmation_status == "unrecognized":
            return self.env._("We wrote back, no reply yet")
        asked = appointment.asked_date
        if not asked:
            return False
        shown = self._format_asked(asked)
        if appointment.message_id.channel == EMAIL:
            return self.env._("Asked by e-mail %s, no response yet", shown)
        return self.env._("Asked %s, no response yet", shown)

    @api.model
    def _format_asked(self, asked):
        """The hour of today, or the date, on the user's clock.

        :param asked: naive UTC datetime
        """
        local = fields.Datetime.context_timestamp(self, asked)
        if local.date() == fields.Date.context_today(self):
            return format_time(self.env, local.time(), time_format="short")
        locale = babel_locale_parse(get_lang(self.env).code)
        zone = self.env["fsm.order"]._get_reader_timezone() or "UTC"
        now = fields.Datetime.now()
        return format_date(asked, zone, locale, now, weekday="")

    @api.model
    def _get_contact(self, appointment, found):
        """Who was asked or would be, and the number as people write it.

        :return: (name, number), each a str or False
        """
        name, number = appointment.contact_name, appointment.mobile
        if found.draft and found.draft.partner:
            name = found.draft.partner.name
            number = found.draft.mobile or found.draft.partner.phone
        if number:
            number = self.env["res.partner"]._format_number_for_people(
                number, appointment.company_id
            )
        return name, number or False

    # ------------------------------------------------------------------
    # What to do
    # ------------------------------------------------------------------

    @api.model
    def _get_steps(self, appointment, found):
        """The steps that this user can take, the likeliest first. An override point.

        :return: list of dict ``key``, ``label``, ``icon``, ``primary`` (bool), and for
            a call ``href``; ``confirm`` as of ``fsm.confirmation.next.step``
        """
        steps = []
        may_edit = self._may_edit()
        if found.change and (found.state != "passed" or found.change.kind == CANCELED):
            label = self.env._("Notify Customer")
            steps.append(self._prepare_step("tell_change", label, "fa-bullhorn"))
        if may_edit and found.state not in ("confirmed", "passed"):
            steps += self._get_edit_steps(appointment, found)
        known = {step["key"] for step in steps}
        if appointment.message_id and "conversation" not in known:
            label = self.env._("Conversation")
            steps.append(self._prepare_step("conversation", label, "fa-comments-o"))
        if may_edit and appointment.message_id:
            label = self.env._("Write Back")
            steps.append(self._prepare_step("write_back", label, "fa-pencil-square-o"))
        if may_edit and "propose" not in known:
            steps += self._get_propose_steps(appointment, found)
        if may_edit and found.state in ("awaiting", "near", "declined", "to_read"):
            label = self.env._("Text Another Contact")
            steps.append(self._prepare_step("text_another", label, "fa-commenting-o"))
        self._add_call(steps, appointment, found)
        label = self.env._("Open Work Order")
        steps.append(self._prepare_step("open_order", label, "fa-external-link"))
        # What waits for the customer, or for nobody, asks for no click.
        steps[0]["primary"] = bool(found.change) or (
            may_edit and found.state not in ("awaiting", "confirmed", "passed")
        )
        return steps

    @api.model
    def _add_call(self, steps, appointment, found):
        """A call comes first where a text is of no use any more.

        Who declined can be texted other times first.
        """
        number = found.draft.mobile if found.draft else appointment.mobile
        if not number:
            return
        call = self._prepare_step("call", self.env._("Call"), "fa-phone")
        call["href"] = f"tel:{number}"
        if found.state == "near" or self._is_opted_out(found):
            steps.insert(0, call)
        elif found.state == "declined":
            steps.insert(1, call)
        else:
            steps.append(call)

    @api.model
    def _get_propose_steps(self, appointment, found):
        if not self._can_propose(appointment, found):
            return []
        label = self.env._("Propose Times")
        return [self._prepare_step("propose", label, "fa-calendar-plus-o")]

    @api.model
    def _can_propose(self, appointment, found):
        message = appointment.message_id
        if message and not message._is_of_another_customer():
            return self.env["fsm.confirmation.proposal"]._can_propose(message)
        return found.state == "not_asked" or bool(found.times)

    @api.model
    def _may_edit(self):
        return self.env.su or self.env.user.has_group(EDIT_GROUP)

    @api.model
    def _prepare_step(self, key, label, icon):
        return {"key": key, "label": label, "icon": icon, "primary": False}

    @api.model
    def _is_opted_out(self, found):
        block = found.block
        return found.state == "cant_ask" and bool(block) and block.code == "opted_out"

    @api.model
    def _get_edit_steps(self, appointment, found):
        if found.state == "cant_ask":
            return self._get_ways_out(appointment, found)
        step = self._prepare_step
        if found.state == "not_asked":
            label = self.env._("Send")
            if appointment.asked_date:
                label = self.env._("Ask Again")
            return [step("send", label, "fa-commenting-o")]
        if found.state in ("awaiting", "near"):
            label = self.env._("Ask Again")
            if not appointment.asked_date:
                label = self.env._("Send")
            return [step("send", label, "fa-repeat")]
        if found.state == "to_read":
            next_steps = self.env["fsm.confirmation.next.step"]
            message = appointment.message_id
            steps = [
                *next_steps._get_time_steps(message),
                step("conversation", self.env._("Read"), "fa-envelope-open-o"),
            ]
            if appointment.needs_reading:
                label = self.env._("Mark as Read")
                steps.append(step("mark_read", label, "fa-check"))
            return steps
        return self._get_new_date_steps(appointment, found)

    @api.model
    def _get_new_date_steps(self, appointment, found):
        """What a dispatcher does for whoever declined, the likeliest first."""
        steps = []
        message = appointment.message_id
        next_steps = self.env["fsm.confirmation.next.step"]
        if message and next_steps._can_move_as_proposed(message):
            label = self.env._("Set the Proposed Time")
            steps.append(self._prepare_step("move", label, "fa-calendar-check-o"))
        if message.mobile:
            steps += self._get_propose_steps(appointment, found)
        label = self.env._("Set a New Date")
        if message and next_steps._can_move(message):
            steps.append(self._prepare_step("reschedule", label, "fa-calendar-o"))
        elif appointment._get_appointment().has_access("write"):
            steps.append(self._prepare_step("schedule", label, "fa-calendar-o"))
        return steps

    @api.model
    def _get_ways_out(self, appointment, found):
        """What helps when the customer can't be asked, as the alert says."""
        step = self._prepare_step
        by_email, choose = self.env._("Ask by E-mail"), self.env._("Choose Contact")
        contact, schedule = self.env._("Open Contact"), self.env._("Set the Date")
        allow = self.env._("Allow Texts Again")
        trust = self.env._("The Number Is Right")
        known = {
            "ask_by_email": step("ask_by_email", by_email, "fa-envelope-o"),
            "choose_contact": step("send", choose, "fa-user-o"),
            "open_contact": step("contact", contact, "fa-user-o"),
            "allow_texts": step("allow_texts", allow, "fa-unlock"),
            "trust_number": step("trust_number", trust, "fa-check"),
            "open_schedule": step("schedule", schedule, "fa-calendar-o"),
        }
        may = {
            "ask_by_email": lambda: self._can_ask_by_email(appointment, found),
            "open_contact": lambda: self._get_partner(found).has_access("write"),
            "open_schedule": lambda: appointment._get_appointment().has_access("write"),
        }
        actions = found.block.actions if found.block else ("choose_contact",)
        return [
            known[key]
            for key in actions
            if key in known and may.get(key, lambda: True)()
        ]

    @api.model
    def _can_ask_by_email(self, appointment, found):
        """Whether an e-mail is a way out where no text can be sent."""
        return (
            found.state == "cant_ask"
            and bool(found.block)
            and "ask_by_email" in found.block.actions
            and self.env["fsm.confirmation.email"]._is_offered(
                found.draft.partner, appointment.company_id
            )
        )

    @api.model
    def _take_step(self, appointment, key):
        """See ``fsm.appointment.action_next_step``."""
        found = self._examine(appointment)[appointment]
        if key not in [step["key"] for step in self._get_steps(appointment, found)]:
            raise UserError(
                self.env._(
                    "This is no longer possible. Something changed in the meantime."
                )
            )
        return self._get_methods(found)[key](appointment) or False

    @api.model
    def _get_methods(self, found):
        """:return: dict step -> function of the appointment. An override point."""
        partner = self._get_partner(found)
        next_steps = self.env["fsm.confirmation.next.step"]
        return {
            "send": self._send,
            "ask_by_email": lambda rec: self._send(
                rec, default_partner_id=partner.id, default_channel=EMAIL
            ),
            "text_another": lambda rec: self._send(
                rec, confirmation_other_than=rec.partner_id.id or -1
            ),
            "conversation": lambda rec: rec.message_id.action_open_details(),
            "write_back": self._write_back,
            "propose": self._propose,
            "take_time": lambda rec: next_steps._take_step(rec.message_id, "take_time"),
            "mark_read": lambda rec: rec.message_id.action_mark_read(),
            "move": lambda rec: rec.message_id.action_move_as_proposed(),
            "reschedule": lambda rec: rec.message_id.action_reschedule(),
            "open_order": lambda rec: rec.action_open_order(),
            "schedule": lambda rec: self._open_form(rec._get_appointment()),
            "contact": lambda _rec: self._open_form(partner),
            "allow_texts": lambda _rec: partner.action_lift_opt_out(),
            "trust_number": lambda _rec: partner.action_trust_number(),
            "tell_change": lambda _rec: found.change.action_review(),
            "call": lambda _rec: False,
        }

    @api.model
    def _get_partner(self, found):
        """The contact whom the alert is about, with the user's rights, maybe empty."""
        draft = found.draft
        if not draft:
            return self.env["res.partner"]
        archived = self.env["fsm.confirmation.recipient"]._get_archived(draft.order)
        return (draft.partner or archived[:1]).sudo(False)

    @api.model
    def _send(self, appointment, **context):
        """The Send dialog about this very appointment."""
        action = appointment._get_appointment().action_send_confirmation()
        action["context"] |= context
        return action

    @api.model
    def _write_back(self, appointment):
        """The conversation, where the user can write at once."""
        action = appointment.message_id.action_open_details()
        action["context"] = {"confirmation_write_back": True}
        return action

    @api.model
    def _propose(self, appointment):
        if appointment.message_id:
            next_steps = self.env["fsm.confirmation.next.step"]
            return next_steps._propose(appointment.message_id)
        return appointment._get_appointment().action_propose_times()

    @api.model
    def _open_form(self, record):
        return {
            "type": "ir.actions.act_window",
            "name": record.display_name,
            "res_model": record._name,
            "res_id": record.id,
            "views": [(False, "form")],
            "target": "new",
        }

    # ------------------------------------------------------------------
    # Above the appointments
    # ------------------------------------------------------------------

    @api.model
    def _describe_tiles(self):
        """:return: the tiles as the screen draws them, before anything is counted"""
        labels = dict(self.env["fsm.appointment"]._get_board_states())
        return [
            {"key": state, "label": labels[state], "look": _LOOKS[state]}
            for state in STATES
        ]

    @api.model
    def _get_summary(self, domain):
        """Tiles that add up to the appointments that are being looked at.

        :return: dict with

            - ``tiles``: list of dict ``key``, ``count``, ``capped``; none when more
              than a day is looked at, and too many
            - ``total``: number of appointments
            - ``line``: the day in one sentence
            - ``to_ask``: how many this user can ask at once
            - ``undated``: how many open Work Orders have no date
            - ``unmatched`` and ``banners``: as in the Message Center
        """
        appointments = self.env["fsm.appointment"]
        domain = Domain(domain)
        center = self.env["fsm.message.center"]
        summary = {
            "unmatched": center._count_unmatched_replies(),
            "banners": center._get_banners(),
            "undated": appointments.search_count(
                [("scheduled_date_start", "=", False), ("is_closed", "=", False)],
                limit=MAX_EXAMINED,
            ),
        }
        total = appointments.search_count(domain, limit=MAX_EXAMINED + 1)
        if total > MAX_EXAMINED:
            line = self.env._("More than %s appointments: choose a day.", MAX_EXAMINED)
            return {**summary, "tiles": [], "total": total, "line": line, "to_ask": 0}
        examined = appointments._examine_all(domain)
        counts = Counter(found.state for found in examined.values())
        by_email = sum(
            found.block.actions[0] == "ask_by_email"
            for appointment, found in examined.items()
            if self._can_ask_by_email(appointment, found)
        )
        return {
            **summary,
            "tiles": [
                {"key": state, "count": counts[state], "capped": False}
                for state in STATES
            ],
            "total": total,
            "line": self._describe_day(counts, by_email),
            "to_ask": counts["not_asked"] if self._may_edit() else 0,
        }

    @api.model
    def _describe_day(self, counts, by_email=0):
        """“71% confirmed, 6 to call”.

        :param by_email: of those who can't be texted, how many are best sent an e-mail
        """
        total = sum(counts.values())
        if not total:
            return self.env._("No appointments")
        line = self.env._(
            "%(percent)s%% of %(total)s confirmed",
            percent=confirmed_percent(counts),
            total=total,
        )
        to_call = sum(counts[state] for state in TO_CALL) - by_email
        parts = [line]
        if counts["not_asked"]:
            parts.append(self.env._("%s to ask", counts["not_asked"]))
        if to_call:
            parts.append(self.env._("%s to call", to_call))
        if by_email:
            parts.append(self.env._("%s to e-mail", by_email))
        if counts["to_read"]:
            parts.append(self.env._("%s to read", counts["to_read"]))
        return ", ".join(parts)
