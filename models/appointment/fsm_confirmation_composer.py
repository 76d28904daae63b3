# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import secrets
from collections import Counter, defaultdict
from dataclasses import dataclass

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...core.formatting import MAX_TEXT, plain_spaces, with_instruction
from ...core.status import has_passed
from ...tools.log_redaction import private_queries

# How often a text is recorded anew because another one took its code meanwhile.
_MAX_ATTEMPTS = 20
# So many newest codes of a number are not used again.
_CODES_KEPT = 200


@dataclass(slots=True)
class Draft:
    """A text about one appointment that is to be recorded, or why it can't be."""

    order: object  # ``fsm.order``
    visit: object  # ``fsm.visit``, empty without visits
    partner: object = None  # ``res.partner`` with sudo
    mobile: str = ""  # E.164
    sender: str = ""  # our number, or a Messaging Service
    code: str = ""  # used when the number has another open question
    previous: object = None  # the ``fsm.confirmation`` that this is sent again for
    reason: str = ""  # one sentence why it can't be asked about; empty: it can

    @property
    def appointment(self):
        """The visit, or the Work Order without visits."""
        return self.visit or self.order

    @property
    def line(self):
        """Messages on one line wait for answers together."""
        return self.mobile, self.sender


class FsmConfirmationComposer(models.AbstractModel):
    """Makes the texts that ask customers: to whom, whether at all, what, recorded."""

    _name = "fsm.confirmation.composer"
    _description = "Job Confirmation Composer"

    # ------------------------------------------------------------------
    # Whom to ask about what
    # ------------------------------------------------------------------

    @api.model
    def _draft(self, order, visit, partner, mobile, code="", previous=None):
        """A :class:`Draft` for one contact.

        :param mobile: E.164
        :param code: the code to begin with, when one is needed
        :param previous: the ``fsm.confirmation`` that this one is sent again for
        """
        sender = order.company_id._job_confirmation_sender(mobile)
        return Draft(order, visit, partner, mobile, sender, code, previous)

    @api.model
    def _plan(self, orders):
        """What asking about all these Work Orders comes to.

        The same rules as in the dialog for one of them, with one query each for all.
        What needs a person's decision there is left out here, with the reason.

        :return: list of :class:`Draft`, in the order of the records
        """
        drafts = []
        # With sudo, as a dispatcher need not read every contact's record.
        for order in orders.sudo():
            draft = Draft(order, order._get_next_visit())
            draft.reason = self._find_order_reason(order, draft.visit)
            if not draft.reason:
                self._choose_contact(draft)
            drafts.append(draft)
        self._check_numbers([draft for draft in drafts if not draft.reason])
        self._check_answers([draft for draft in drafts if not draft.reason])
        return drafts

    @api.model
    def _find_order_reason(self, order, visit):
        """Why this appointment can't be asked about whoever is texted, or ""."""
        company = order.company_id
        if not company.job_confirmation_enabled:
            return self.env._("Job confirmations are not enabled for %s", company.name)
        if not company._job_confirmation_ready():
            return self.env._("Twilio is not set up for %s", company.name)
        if order.stage_id.is_closed:
            return self.env._("The Work Order is %s", order.stage_id.name)
        if order.visit_ids and not visit:
            return self.env._("All visits are in the past")
        appointment = visit or order
        if not appointment.scheduled_date_start:
            return self.env._("It has no date")
        if not appointment._is_appointment_upcoming():
            return self.env._("The appointment is in the past")
        return ""

    @api.model
    def _choose_contact(self, draft):
        """The first of the main contacts with a number that can be texted."""
        order = draft.order
        location = order.location_id
        # Not their union: each of them is read together with all other drafts'.
        for partner in (location.contact_id, location.owner_id, location.partner_id):
            if not partner:
                continue
            number, verdict = partner._get_confirmation_number(order.company_id)
            if verdict == "ok":
                draft.partner, draft.mobile = partner, number
                draft.sender = order.company_id._job_confirmation_sender(number)
                return
        draft.reason = self.env._("No usual contact has a mobile number")

    @api.model
    def _check_numbers(self, drafts):
        """Leave out numbers that opted out, or that turned out to be landlines."""
        numbers = {draft.mobile for draft in drafts}
        opted_out = self.env["phone.blacklist"]._job_confirmation_find_sudo(numbers)
        landlines = set(
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [("mobile", "in", list(numbers)), ("failure_type", "=", "landline")]
            )
            .mapped("mobile")
        )
        for draft in drafts:
            if draft.mobile in opted_out:
                draft.reason = self.env._("%s opted out of texts", draft.partner.name)
            elif draft.mobile in landlines:
                draft.reason = self.env._("The number is a landline")

    @api.model
    def _check_answers(self, drafts):
        """Leave out appointments that were asked about as they are now."""
        reasons = {
            "confirmed": self.env._("Confirmed already"),
            "declined": self.env._("Declined: agree on another date first"),
            "unrecognized": self.env._("Answered, but not clearly: read the reply"),
            False: self.env._("Asked already, no answer yet"),
        }
        orders = {draft.order.id for draft in drafts}
        asked = (
            self.env["fsm.confirmation"]
            .sudo()
            .search([("order_id", "in", list(orders)), ("state", "!=", "canceled")])
            .grouped(lambda record: (record.order_id, record.visit_id))
        )
        nothing = self.env["fsm.confirmation"]
        for draft in drafts:
            earlier = asked.get((draft.order, draft.visit), nothing)
            for record in earlier._without_taken_back():
                same = (
                    record.appointment_start == draft.appointment.scheduled_date_start
                )
                counts = (
                    record.response in reasons if record.response else (record.is_open)
                )
                if same and counts and record.closed_reason != "moved":
                    draft.reason = reasons[record.response]
                    break

    # ------------------------------------------------------------------
    # The text
    # ------------------------------------------------------------------

    @api.model
    def _render(self, drafts):
        """The texts, exactly as they will be sent. An override point.

        :return: list of str in the order of the drafts; "" where the template gives
            no text
        :raises UserError: the template has a wrong placeholder
        """
        # Together where template and language are the same; an order once each time.
        seen = Counter()
        groups = defaultdict(list)
        for draft in drafts:
            lang = draft.order._get_confirmation_lang(draft.partner)
            groups[draft.order.company_id, lang, seen[draft.order]].append(draft)
            seen[draft.order] += 1
        texts = {}
        for (company, lang, _turn), members in groups.items():
            rendered = self._render_together(company, lang, members)
            texts.update(zip(map(id, members), rendered, strict=True))
        return [texts[id(draft)] for draft in drafts]

    @api.model
    def _render_together(self, company, lang, drafts):
        """The texts of different Work Orders of one company in one language."""
        template_sudo = company._job_confirmation_template().with_context(
            confirmation_visit_id=tuple(
                draft.visit.id for draft in drafts if draft.visit
            ),
            confirmation_codes=tuple(
                (draft.order.id, draft.code) for draft in drafts if draft.code
            ),
        )
        ids = [draft.order.id for draft in drafts]
        bodies = template_sudo._render_field("body", ids, set_lang=lang)
        return [
            self._finish_text(draft, plain_spaces(str(bodies[draft.order.id])), lang)
            for draft in drafts
        ]

    @api.model
    def _finish_text(self, draft, text, lang):
        if draft.code:
            order = draft.order.with_context(lang=lang)
            text = with_instruction(text, order._get_answer_instruction(draft.code))
        return text[:MAX_TEXT]

    # ------------------------------------------------------------------
    # Codes
    # ------------------------------------------------------------------

    @api.model
    def _choose_code(self, mobile):
        """Three digits that this number has not seen lately.

        :param mobile: E.164
        """
        return self._draw_code(self._find_used_codes([mobile])[mobile])

    @api.model
    def _draw_code(self, used):
        """:param used: set of codes, which it joins"""
        codes = [str(number) for number in range(100, 1000)]
        code = secrets.choice([code for code in codes if code not in used] or codes)
        used.add(code)
        return code

    @api.model
    def _find_used_codes(self, numbers):
        """The codes that numbers have seen lately.

        :param numbers: E.164
        :return: dict number -> set of codes
        """
        used = {number: set() for number in numbers}
        recent_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search_fetch(
                [("mobile", "in", list(used)), ("code", "!=", False)],
                ["mobile", "code"],
                limit=_CODES_KEPT * len(used),
            )
        )
        for record_sudo in recent_sudo:
            used[record_sudo.mobile].add(record_sudo.code)
        return used

    @api.model
    def _ensure_codes(self, confirmations):
        """Give open messages a code afterwards, so that they can be told apart."""
        for record_sudo in confirmations.sudo().filtered(lambda rec: not rec.code):
            record_sudo.code = self._choose_code(record_sudo.mobile)

    @api.model
    def _assign_codes(self, drafts, busy):
        """Give a code to each text whose number has another open question.

        A single open question has none; the first of several that are asked now waits
        alone when it is written.

        :param busy: set of the lines that have an open question
        """
        lines = set(busy)
        needing = []
        for draft in drafts:
            if draft.line in lines:
                needing.append(draft)
            else:
                draft.code = ""
            lines.add(draft.line)
        missing = [draft for draft in needing if not draft.code]
        used = self._find_used_codes({draft.mobile for draft in needing})
        for draft in missing:
            draft.code = self._draw_code(used[draft.mobile])

    # ------------------------------------------------------------------
    # Record
    # ------------------------------------------------------------------

    @api.model
    def _record(self, drafts, user):
        """Record texts, ready to leave when this transaction is committed.

        The caller has checked that the user may send and that nothing stands in the
        way. One text or many: the number of queries does not grow with theirs. The
        texts are rendered here and nowhere else.

        :param drafts: list of :class:`Draft`, at most one about each appointment
        :param user: ``res.users`` who sends
        :return: the new ``fsm.confirmation`` records with sudo
        :raises UserError: the template gives no text
        """
        if not drafts:
            return self.env["fsm.confirmation"].sudo()
        self._replace_earlier(drafts)
        self._assign_codes(drafts, self._find_busy_lines(drafts))
        records_sudo = self._insert(drafts, user)
        about_order_sudo = records_sudo.filtered(lambda rec: not rec.visit_id)
        for appointments in (records_sudo.visit_id, about_order_sudo.order_id):
            appointments._set_confirmation_status_sudo("awaiting")
        self.env["fsm.confirmation.chatter"]._log_sent(records_sudo)
        records_sudo._notify_changed()
        self.env.ref(
            "fieldservice_job_confirmation.ir_cron_send_confirmations"
        ).sudo()._trigger()
        return records_sudo

    @api.model
    def _replace_earlier(self, drafts):
        """Asking again ends what was asked and to be done about these appointments."""
        lines = {draft.appointment: draft.line for draft in drafts}
        # Not what was answered long ago: nothing of it changes.
        earlier_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                Domain("order_id", "in", [draft.order.id for draft in drafts])
                & (
                    Domain("is_open", "=", True)
                    | Domain("activity_id", "!=", False)
                    | Domain("state", "=", "failed")
                    | Domain("response", "in", ("declined", "opted_out"))
                )
            )
            .filtered(lambda rec: rec._get_appointment_sudo() in lines)
        )
        earlier_sudo.filtered(
            lambda rec: (
                rec.is_open
                and (rec.mobile, rec.sender) == lines[rec._get_appointment_sudo()]
            )
        )._close_sudo("replaced")
        # Asking again is what a person does about an earlier answer, or a failure.
        self.env["fsm.confirmation.response"]._close_activities(earlier_sudo)
        earlier_sudo._mark_replaced_sudo()

    @api.model
    def _find_busy_lines(self, drafts):
        """Lines with an open question; those about what is over are closed.

        :return: set of (number, sender)
        """
        lines = {draft.line for draft in drafts}
        open_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    ("mobile", "in", [draft.mobile for draft in drafts]),
                    ("is_open", "=", True),
                ]
            )
            .filtered(lambda rec: (rec.mobile, rec.sender) in lines)
        )
        now = fields.Datetime.now()
        expired_sudo = open_sudo.filtered(
            lambda rec: has_passed(rec.appointment_start, now)
        )
        expired_sudo._close_sudo("past")
        return {(rec.mobile, rec.sender) for rec in open_sudo - expired_sudo}

    @api.model
    def _insert(self, drafts, user):
        """Create the rows; somebody else may take a code, or a number, meanwhile.

        Whether a question is the only one of its number, and whether a code is free,
        is decided by unique indexes: a look beforehand would race.
        """
        for _attempt in range(_MAX_ATTEMPTS):
            values = self._prepare_values(drafts, user)
            try:
                with private_queries(), self.env.cr.savepoint():
                    records_sudo = self.env["fsm.confirmation"].sudo().create(values)
                    records_sudo.flush_recordset()
                    return records_sudo
            except psycopg2.errors.UniqueViolation:
                if len(drafts) > 1:
                    records_sudo = self.env["fsm.confirmation"].sudo()
                    return records_sudo.concat(
                        *(self._insert([draft], user) for draft in drafts)
                    )
                drafts[0].code = self._choose_code(drafts[0].mobile)
        raise UserError(
            self.env._("Too many open messages to this number. Wait for an answer.")
        )

    @api.model
    def _prepare_values(self, drafts, user):
        """Field values of the ``fsm.confirmation`` records. An override point."""
        texts = self._render(drafts)
        for draft, text in zip(drafts, texts, strict=True):
            if not text:
                raise UserError(draft.order._describe_template_problem())
        return [
            {
                "order_id": draft.order.id,
                "visit_id": draft.visit.id if draft.visit else False,
                "partner_id": draft.partner.id,
                "person_id": (draft.visit.person_id or draft.order.person_id).id,
                "mobile": draft.mobile,
                "company_id": draft.order.company_id.id,
                "user_id": user.id,
                "sender": draft.sender,
                "appointment_start": draft.appointment.scheduled_date_start,
                "code": draft.code or False,
                "previous_id": draft.previous.id if draft.previous else False,
                "body": text,
            }
            for draft, text in zip(drafts, texts, strict=True)
        ]
