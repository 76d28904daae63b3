# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import pytz

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import babel_locale_parse
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
from ...core.formatting import format_date, localize
from ...core.kinds import EMAIL, STAFF, TIMES
from ...core.notices import MOVED
from ...core.status import has_passed
from ..levels import may_edit

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
    """What the Day Board says about appointments, one by one and in all."""

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
        if not may_edit(self.env) or not kept:
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
        """What the customer wrote, the time that it proposes, and whether it is about
        another time than now."""
        quoted = f"“{words.strip()}”"
        if message._has_moved():
            return self.env._("About the old time: %s", quoted)
        if message.proposed_text:
            return f"{quoted} ({message.proposed_text})"
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
            return self.env._(
                "Times proposed %s", self._format_asked(appointment, asked)
            )
        if appointment.confirmation_status == "unrecognized":
            return self.env._("We wrote back, no reply yet")
        asked = appointment.asked_date
        if not asked:
            return False
        shown = self._format_asked(appointment, asked)
        if appointment.message_id.channel == EMAIL:
            return self.env._("Asked by e-mail %s, no response yet", shown)
        return self.env._("Asked %s, no response yet", shown)

    @api.model
    def _format_asked(self, appointment, asked):
        """The hour of today, or the date, where the work happens as the appointment's.

        :param asked: naive UTC datetime
        """
        order_sudo = appointment.order_id.sudo()
        zone = order_sudo._get_appointment_timezone()
        now = fields.Datetime.now()
        if localize(asked, zone).date() == localize(now, zone).date():
            reader = order_sudo._get_reader_timezone()
            return order_sudo._format_time_in(zone, asked, reader=reader)
        locale = babel_locale_parse(get_lang(self.env).code)
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
        steps = self.env["fsm.day.board.step"]
        counts = Counter(found.state for found in examined.values())
        by_email = sum(
            found.block.actions[0] == "ask_by_email"
            for appointment, found in examined.items()
            if steps._can_ask_by_email(appointment, found)
        )
        return {
            **summary,
            "tiles": [
                {"key": state, "count": counts[state], "capped": False}
                for state in STATES
            ],
            "total": total,
            "line": self._describe_day(counts, by_email),
            "to_ask": counts["not_asked"] if may_edit(self.env) else 0,
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

    # ------------------------------------------------------------------
    # Days
    # ------------------------------------------------------------------

    @api.model
    def _get_days(self):
        """See ``fsm.appointment.get_days``."""
        today = fields.Date.context_today(self)
        tomorrow = today + timedelta(days=1)
        working_day = self._find_working_day(today)
        days = {
            "today": today,
            "tomorrow": tomorrow,
            "working_day": working_day,
            "first": self._find_busy_day(tomorrow, working_day),
        }
        return {key: fields.Date.to_string(day) for key, day in days.items()}

    @api.model
    def _find_busy_day(self, first, last):
        """The first of these days with an appointment: some work on weekends."""
        if first >= last:
            return last
        # A date in a domain begins at midnight in the user's time zone.
        appointment = self.env["fsm.appointment"].search(
            [
                ("scheduled_date_start", ">=", fields.Date.to_string(first)),
                ("scheduled_date_start", "<", fields.Date.to_string(last)),
                ("is_closed", "=", False),
            ],
            limit=1,
        )
        if not appointment:
            return last
        start = appointment.scheduled_date_start
        return fields.Datetime.context_timestamp(self, start).date()

    @api.model
    def _find_working_day(self, today):
        """The first day after today on which the company works, by its calendar."""
        calendar_sudo = self.env.company.sudo().resource_calendar_id
        tomorrow = today + timedelta(days=1)
        if not calendar_sudo:
            return tomorrow
        zone = pytz.timezone(calendar_sudo.tz or "UTC")
        start = zone.localize(fields.Datetime.to_datetime(tomorrow))
        end = start + timedelta(days=14)
        hours = calendar_sudo._work_intervals_batch(start, end)[False]
        return min((begin.date() for begin, *_rest in hours), default=tomorrow)
