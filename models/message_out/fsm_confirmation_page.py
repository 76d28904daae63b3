# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
from datetime import date, timedelta

import pytz
import vobject

from odoo import api, fields, models
from odoo.tools import hmac

from ...core import matching
from ...core.formatting import is_whole_day, localize
from ...core.reply import Proposal
from .fsm_confirmation_email import make_key

_TOKEN = re.compile(r"[\w-]{43}", re.ASCII)
_RESPONSES = {"yes": "confirmed", "no": "declined"}
MAX_NOTE = 1000  # characters
# Further away nobody means it.
_FURTHEST_DAY = timedelta(days=366)


class FsmConfirmationPage(models.AbstractModel):
    """The page on which a customer answers a question that came by e-mail.

    Whoever has the link is taken for the customer. An answer here does the same as an
    answer by text.
    """

    _name = "fsm.confirmation.page"
    _description = "Answers to Confirmations by E-mail"

    @api.model
    def _find_sudo(self, token):
        """The question that a link is about, with sudo; empty when there is none.

        It is looked up by the hash of the token, so the time that takes reveals nothing
        about any token.
        """
        records_sudo = self.env["fsm.confirmation"].sudo()
        if not _TOKEN.fullmatch(token):
            return records_sudo
        return records_sudo.search([("answer_key", "=", make_key(token))], limit=1)

    @api.model
    def _get_reason(self, record_sudo):
        """Why the question can't be answered here, \"\" when it can be."""
        stale = record_sudo._get_stale_reason()
        if record_sudo.is_open:
            return stale
        if record_sudo.closed_reason == "answered" and stale not in ("", "late"):
            return stale  # The answer is about what is not so any more.
        return record_sudo.closed_reason or "closed"

    @api.model
    def _is_confirmed(self, record_sudo):
        """Whether the customer said yes, and the appointment is still the same."""
        return record_sudo.response == "confirmed" and record_sudo._is_current()

    # ------------------------------------------------------------------
    # What is shown
    # ------------------------------------------------------------------

    @api.model
    def _describe(self, record_sudo):
        """What the page says, in the customer's language.

        :param record_sudo: ``fsm.confirmation``, maybe empty
        :return: dict with ``company``, ``phone``, ``can_answer``, ``sentence``,
            ``response``; and of what was asked ``when``, ``text``, ``today``
        """
        if not record_sudo:
            return {"can_answer": False, "sentence": self._describe_reason("unknown")}
        reason = self._get_reason(record_sudo)
        company_sudo = record_sudo.company_id
        known = {
            "company": company_sudo.name,
            "phone": company_sudo.phone or "",
            "can_answer": not reason,
            "sentence": "",
            "response": record_sudo.response if reason == "answered" else False,
        }
        if reason:
            key = known["response"] or reason
            known["sentence"] = self._describe_reason(key)
            if self._is_confirmed(record_sudo):
                known["when"] = self._describe_when(record_sudo)
            return known
        return {**known, **self._describe_appointment(record_sudo)}

    @api.model
    def _describe_appointment(self, record_sudo):
        """What the customer was asked about, with the time zone of the place."""
        return {
            "when": self._describe_when(record_sudo),
            "text": record_sudo.body,
            "today": fields.Date.to_string(fields.Date.today()),
            "max_note": MAX_NOTE,
        }

    @api.model
    def _describe_when(self, record_sudo):
        order_sudo = record_sudo.order_id.with_env(self.env).sudo()
        zone = record_sudo._get_timezone()
        start, end = record_sudo.appointment_start, record_sudo.appointment_end
        day = order_sudo._format_date_in(zone, start)
        hours = order_sudo._format_time_in(zone, start, end, reader="")
        return ", ".join(part for part in (day, hours) if part)

    @api.model
    def _describe_reason(self, key):
        """One sentence for the customer.

        :param key: a response, a ``closed_reason`` or one of
            :func:`~...core.status.stale_reason`
        """
        changed = self.env._(
            "This appointment has changed since we asked you. We will contact you."
        )
        gone = self.env._("This appointment is no longer scheduled.")
        return {
            "confirmed": self.env._("Thank you. Your appointment is confirmed."),
            "declined": self.env._(
                "Thank you. We will contact you about another date."
            ),
            "moved": changed,
            "changed": changed,
            "number": changed,
            "reset": changed,
            "closed": gone,
            "deleted": gone,
            "company": gone,
            "past": self.env._("This appointment has passed."),
            "late": self.env._("It is too late to answer here. Please call us."),
            "replaced": self.env._(
                "This question is answered already, or there is a newer one: please "
                "look for our latest message."
            ),
        }.get(
            key,
            self.env._(
                "This link can't be used any more. Please look for our latest message, "
                "or call us."
            ),
        )

    # ------------------------------------------------------------------
    # The answer
    # ------------------------------------------------------------------

    @api.model
    def _answer(self, record_sudo, answer, note="", day=""):
        """Apply the customer's answer from the page, unless it can't count any more.

        Of two at once, the database makes the second one run again, and it then finds
        the question answered.

        :param answer: "yes" or "no"
        :param note: in the customer's words
        :param day: another one that the customer proposes, "YYYY-MM-DD"
        """
        response = _RESPONSES.get(answer)
        if not record_sudo or not response or self._get_reason(record_sudo):
            return
        note = note.replace("\0", "").strip()[:MAX_NOTE]
        proposed = self._read_day(day) if response == "declined" else None
        if proposed:
            note = ", ".join(
                filter(None, [note, self._name_day(record_sudo, proposed)])
            )
        intent = matching.INTENT_OF_RESPONSE[response]
        reply_sudo = self._create_reply_sudo(record_sudo, intent, note)
        effect = matching.Effect(
            matching.RESPOND,
            (record_sudo.id,),
            response=response,
            note=note,
            proposed=proposed,
        )
        self.env["fsm.confirmation.response"]._respond(record_sudo, effect, reply_sudo)
        self.env["fsm.confirmation.reply.chatter"]._log_texts(
            reply_sudo, [(record_sudo, intent)]
        )

    @api.model
    def _read_day(self, text):
        """:return: :class:`~...core.reply.Proposal` of a day to come, or None"""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            return None
        today = fields.Date.today()
        return Proposal(day) if today <= day <= today + _FURTHEST_DAY else None

    @api.model
    def _name_day(self, record_sudo, proposed):
        """The day that the customer proposes, as our texts to them write dates.

        :param proposed: :class:`~...core.reply.Proposal`
        """
        responses = self.env["fsm.confirmation.response"]
        values = responses._prepare_proposal(record_sudo, proposed)
        order_sudo = record_sudo.order_id.with_context(lang=record_sudo.lang)
        zone = record_sudo._get_timezone()
        return order_sudo._format_date_in(zone, values["proposed_date"])

    @api.model
    def _create_reply_sudo(self, record_sudo, intent, note):
        """Store the answer as a reply, so that it's listed with all the others."""
        words = self.with_context(lang=record_sudo.lang).env._("Yes")
        if intent == "decline":
            words = self.with_context(lang=record_sudo.lang).env._("No")
        return (
            self.env["fsm.confirmation.reply"]
            .sudo()
            .create(
                {
                    "confirmation_id": record_sudo.id,
                    "partner_id": record_sudo.partner_id.id,
                    "company_id": record_sudo.company_id.id,
                    # As a person would write it: also where it stands on one line.
                    "body": ". ".join(filter(None, [words, note])),
                    "intent": intent,
                    "reason": "page",
                    "state": "matched",
                }
            )
        )

    @api.model
    def _get_span(self, record_sudo):
        """Begin and end as iCalendar has them: dict of ``dtstart`` and maybe ``dtend``.

        The end of whole days, which are dates, is the day after the last one.
        """
        start, end = record_sudo.appointment_start, record_sudo.appointment_end
        zone = record_sudo._get_timezone()
        if is_whole_day(start, end, zone):
            # The last day may end at midnight, or a minute before.
            last = localize(end - timedelta(minutes=1), zone).date()
            return {
                "dtstart": localize(start, zone).date(),
                "dtend": last + timedelta(days=1),
            }
        span = {"dtstart": pytz.utc.localize(start)}
        if end and end > start:
            span["dtend"] = pytz.utc.localize(end)
        return span

    @api.model
    def _make_calendar(self, record_sudo):
        """The confirmed appointment as an iCalendar file, in bytes."""
        order_sudo = record_sudo.order_id.with_env(self.env).sudo()
        company_sudo = record_sudo.company_id
        calendar = vobject.iCalendar()
        event = calendar.add("vevent")
        # Asked about again after a move it takes the place of the earlier one.
        about = repr((record_sudo.order_id.id, record_sudo.visit_id.id))
        uid = hmac(self.env(su=True), "job_confirmation_calendar", about)
        event.add("uid").value = f"{uid[:32]}@job-confirmation"
        event.add("sequence").value = str(record_sudo.id)
        event.add("dtstamp").value = pytz.utc.localize(fields.Datetime.now())
        for name, value in self._get_span(record_sudo).items():
            event.add(name).value = value
        job = " ".join(filter(None, [record_sudo.job_name, record_sudo.visit_id.name]))
        event.add("summary").value = f"{company_sudo.name}: {job}"
        event.add("location").value = order_sudo._format_appointment_address() or ""
        event.add("description").value = record_sudo.body
        return calendar.serialize().encode()
