# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

import psycopg2

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ...core.alerts import cant_text
from ...core.formatting import MAX_TEXT, plain_spaces, with_instruction
from ...core.kinds import EMAIL, QUESTION, REMINDER, SMS, asks
from ...core.segments import count_segments
from ...tools.log_redaction import private_queries

# Indexes of ``fsm.confirmation`` that refuse to record an automatic text twice.
STEP_UNIQUE = "fsm_confirmation_step_unique"
WAY_UNIQUE = "fsm_confirmation_way_unique"
# How often to try again when another text has taken the code meanwhile.
_MAX_ATTEMPTS = 20


@dataclass(slots=True)
class Draft:
    """A text about one appointment for one contact, not recorded yet."""

    order: object  # ``fsm.order`` with sudo, maybe empty if it asks nothing
    visit: object  # ``fsm.visit`` with sudo, empty without visits
    partner: object  # ``res.partner`` with sudo, maybe empty
    mobile: str = ""  # E.164
    channel: str = SMS  # the way in which the customer is asked
    email: str = ""  # the address, of an e-mail
    token: str = ""  # in the link of an e-mail, made when it is recorded
    verdict: str = ""  # of ``res.partner._get_confirmation_number``
    sender: str = ""  # our number, or a Messaging Service
    code: str = ""  # used when the number has another open question
    previous: object = None  # the ``fsm.confirmation`` that this is sent again for
    step: object = None  # the ``fsm.confirmation.plan.step`` it is sent for
    step_after: int = 0  # the id of the newest text that spoke of another date
    template: object = None  # ``sms.template``, without one the step's or company's
    text: str | None = None  # None: not rendered yet
    kind: str = QUESTION  # one of ``core.kinds.KINDS``
    words: str = ""  # a person's own, instead of a template
    arrival: object = None  # when the technician is expected, naive UTC
    times: tuple = ()  # that are proposed, naive UTC, in time
    tells_change: str = ""  # what the customer learns, one of ``core.notices.CHANGES``
    # True: whatever the hour; False: in the texting hours only; None: as usual for a
    # person, or for a step.
    leaves_at_once: bool | None = None
    home: object = None  # ``res.company`` of a text about no Work Order
    # The ``fsm.confirmation`` by which an appointment is known that was deleted.
    deleted: object = None
    is_recipient: bool | None = None  # None: not checked yet
    # The newest ``fsm.confirmation`` about it that matters, maybe empty; None: not
    # looked for yet.
    earlier: object = None
    by_person: bool = False  # A person is about to send it.
    at_once_reason: str = ""  # why it is sent outside the texting hours
    is_alone: bool = False  # It says what no text about several does.
    alerts: list = field(default_factory=list)  # of ``core.alerts.Alert``
    # The drafts that are asked in one text, itself among them; empty: it alone.
    together: tuple = field(default=(), compare=False, repr=False)

    @property
    def company(self):
        return self.order.company_id or self.home

    @property
    def asks(self):
        return asks(self.kind)

    @property
    def keeps_hours(self):
        """Whether it waits for the texting hours."""
        if self.at_once_reason:
            return False
        if self.leaves_at_once is None:
            return bool(self.step)
        return not self.leaves_at_once

    @property
    def appointment(self):
        """The visit, or the Work Order without visits."""
        return self.visit or self.order

    @property
    def start(self):
        """When the appointment begins, naive UTC, or False."""
        if self.deleted:
            return self.deleted.appointment_start
        return self.appointment.scheduled_date_start

    @property
    def end(self):
        if self.deleted:
            return self.deleted.appointment_end
        return self.appointment.scheduled_date_end

    @property
    def timezone(self):
        """Name of the time zone where the work happens, "" where there is none."""
        if self.deleted:
            return self.deleted._get_timezone()
        return self.order._get_appointment_timezone() if self.order else ""

    @property
    def template_sudo(self):
        """The ``sms.template`` of its text, with sudo."""
        chosen = self.template or (self.step and self.step.template_id)
        if chosen:
            return chosen.sudo()
        if self.kind == REMINDER:
            return self.company._get_text_templates_sudo("reminder")[:1]
        return self.company._job_confirmation_template()

    @property
    def line(self):
        """Messages on one line wait for answers together."""
        if self.is_email:
            return self.email, EMAIL
        return self.mobile, self.sender

    @property
    def is_email(self):
        return self.channel == EMAIL

    @property
    def address(self):
        """Where it goes: the number, or the e-mail address."""
        return self.email if self.is_email else self.mobile


class FsmConfirmationComposer(models.AbstractModel):
    """Makes our texts to customers: drafts, renders and records them.

    Every method takes many texts at once, with a bounded number of queries, and reads
    with sudo: a dispatcher need not have access to every contact.
    """

    _name = "fsm.confirmation.composer"
    _description = "Job Confirmation Composer"

    # ------------------------------------------------------------------
    # Drafts
    # ------------------------------------------------------------------

    @api.model
    def _draft(
        self, order, visit, partner, code="", previous=None, channel=SMS, deleted=None
    ):
        """A :class:`Draft` for one contact.

        :param code: the code to begin with, when one is needed
        :param previous: the ``fsm.confirmation`` that this one is sent again for
        :param channel: the way in which the customer is asked
        :param deleted: see :class:`Draft`
        """
        order_sudo, partner_sudo = order.sudo(), partner.sudo()
        draft = Draft(order_sudo, visit.sudo(), partner_sudo, code=code or "")
        draft.previous = previous
        if deleted:
            draft.deleted, draft.home = deleted, deleted.company_id
        if partner and draft.company:
            company = draft.company
            number, draft.verdict = partner_sudo._get_confirmation_number(company)
            draft.mobile = number
            draft.sender = company._job_confirmation_sender(number)
            if channel == EMAIL:
                draft.channel = EMAIL
                draft.email = self.env["fsm.confirmation.email"]._get_address(partner)
        return draft

    @api.model
    def _draft_many(self, orders, visits=None, **overrides):
        """Draft a question about each of these Work Orders, with its alerts.

        About the next visit of each, to the contact that the dialog proposes.

        :param visits: ``fsm.visit`` of some of them, asked about instead of the next
        :param overrides: field values of each :class:`Draft`
        :return: list of :class:`Draft`, in the order of the records
        """
        orders_sudo = orders.sudo()
        chosen = visits.sudo().grouped("order_id") if visits else {}
        recipients = self.env["fsm.confirmation.recipient"]._choose(orders_sudo)
        drafts = []
        for order_sudo in orders_sudo:
            for visit_sudo in chosen.get(order_sudo) or [order_sudo._get_next_visit()]:
                draft = self._draft(order_sudo, visit_sudo, recipients[order_sudo])
                draft.is_recipient = True
                drafts.append(replace(draft, **overrides))
        self.env["fsm.confirmation.alert"]._check(drafts)
        return drafts

    @api.model
    def _ask_by_email(self, drafts):
        """Turn texts that can't be sent, according to their alerts, into e-mails.

        Only where the contact has an e-mail address; the alerts are checked again.

        :param drafts: list of :class:`Draft` with their alerts
        """
        emails = self.env["fsm.confirmation.email"]
        turned = []
        for draft in drafts:
            address = cant_text(draft.alerts) and emails._get_address(draft.partner)
            if address:
                draft.channel, draft.email = EMAIL, address
                turned.append(draft)
        if turned:
            self.env["fsm.confirmation.alert"]._check(turned)

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
        # Grouped by template and language, with each Work Order once per group.
        seen = Counter()
        groups = defaultdict(list)
        texts = {id(draft): self._finish_words(draft) for draft in drafts}
        for together in {id(each.together): each.together for each in drafts}.values():
            if together:
                text = self.env["fsm.confirmation.same.day"]._render(together)
                texts.update((id(draft), text) for draft in together)
        for draft in drafts:
            if draft.words or draft.together:
                continue
            template_sudo = draft.template_sudo
            lang = draft.partner._get_customer_lang(draft.company, template_sudo)
            key = template_sudo, lang, draft.channel, seen[draft.order]
            groups[key].append(draft)
            seen[draft.order] += 1
        for (template_sudo, lang, _channel, _turn), members in groups.items():
            rendered = self._render_together(template_sudo, lang, members)
            texts.update(zip(map(id, members), rendered, strict=True))
        return [texts[id(draft)] for draft in drafts]

    @api.model
    def _render_together(self, template_sudo, lang, drafts):
        """The texts of different Work Orders with one template in one language."""
        template_sudo = template_sudo.with_context(
            confirmation_channel=drafts[0].channel,
            confirmation_visit_ids=tuple(
                draft.visit.id for draft in drafts if draft.visit
            ),
            confirmation_codes=tuple(
                (draft.order.id, draft.code) for draft in drafts if draft.code
            ),
            confirmation_arrivals=tuple(
                (draft.order.id, draft.arrival) for draft in drafts if draft.arrival
            ),
            confirmation_proposed=tuple(
                (draft.order.id, draft.times) for draft in drafts if draft.times
            ),
            confirmation_readers=tuple(
                (draft.order.id, draft.partner.tz)
                for draft in drafts
                if draft.partner.tz
            ),
        )
        ids = [draft.order.id for draft in drafts]
        bodies = template_sudo._render_field("body", ids, set_lang=lang)
        return [
            self._finish_text(draft, plain_spaces(str(bodies[draft.order.id])), lang)
            for draft in drafts
        ]

    @api.model
    def _finish_words(self, draft):
        """A person's own words; a question also says how to answer."""
        if draft.is_email or not (draft.words and draft.asks):
            return draft.words[:MAX_TEXT]
        lang = draft.partner._get_customer_lang(draft.order.company_id)
        order = draft.order.with_context(lang=lang)
        answer = order._get_answer_instruction(draft.code)
        return with_instruction(draft.words, answer)

    @api.model
    def _finish_text(self, draft, text, lang):
        if draft.is_email:
            return text.strip()[:MAX_TEXT]
        if draft.code:
            order = draft.order.with_context(lang=lang)
            text = with_instruction(text, order._get_answer_instruction(draft.code))
        return text[:MAX_TEXT]

    @api.model
    def _describe_size(self, body):
        """How much room a text takes, for the user who sends it."""
        size = count_segments(body)
        if size.count == 1:
            text = self.env._("%s characters, 1 SMS segment", len(body))
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

    @api.model
    def _describe_sender(self, company, mobile):
        """From whom a phone shows a text.

        :param mobile: whose phone, E.164
        """
        sender = company and company._job_confirmation_sender(mobile) or ""
        if not sender.startswith("+"):
            # A Messaging Service chooses the number when the text is sent.
            return company.name
        return self.env["res.partner"]._format_number_for_people(sender, company)

    @api.model
    def _render_example(self, draft):
        """The text that a draft would be sent in, with codes as they would be."""
        codes = self.env["fsm.confirmation.code"]
        together = draft.together or (draft,)
        for each in together:
            if each.asks:
                codes._preview(each)
        return self._render(together)[0]

    # ------------------------------------------------------------------
    # Record
    # ------------------------------------------------------------------

    @api.model
    def _record(self, drafts, user):
        """Record texts of any kind, to be sent once this transaction is committed.

        The caller has checked that the user may send and that no alert blocks it. The
        texts are rendered here, whatever the drafts say.

        :param drafts: list of :class:`Draft`, of one that asks at most one about each
            appointment
        :param user: ``res.users`` who sends
        :return: the new ``fsm.confirmation`` records with sudo
        :raises UserError: the template gives no text
        """
        if not drafts:
            return self.env["fsm.confirmation"].sudo()
        drafts = self.env["fsm.confirmation.same.day"]._put_together(drafts)
        self._lock([draft.order for draft in drafts])
        self._replace_failed_texts(drafts)
        self._prepare_to_ask([draft for draft in drafts if draft.asks])
        records_sudo = self._insert(drafts, user)
        asking_sudo = records_sudo.filtered(lambda rec: rec._asks())
        about_order_sudo = asking_sudo.filtered(lambda rec: not rec.visit_id)
        for appointments in (asking_sudo.visit_id, about_order_sudo.order_id):
            appointments._set_confirmation_status_sudo("awaiting")
        self.env["fsm.confirmation.email"]._send(drafts, records_sudo)
        asked = [draft.appointment for draft in drafts if draft.asks]
        self.env["fsm.confirmation.change"]._forget_sudo(asked)
        self.env["fsm.confirmation.chatter"]._log_sent(records_sudo)
        self.env["fsm.confirmation.departure"]._log_reasons(drafts, records_sudo)
        records_sudo._notify_changed()
        self.env["fsm.confirmation.outbox"]._wake(records_sudo)
        return records_sudo

    @api.model
    def _prepare_to_ask(self, drafts):
        """End what was asked before, and give the questions the codes they need."""
        if not drafts:
            return
        self._replace_earlier(drafts)
        codes = self.env["fsm.confirmation.code"]
        open_sudo = codes._find_open(drafts)
        expired_sudo = open_sudo.filtered(lambda rec: rec._has_passed())
        expired_sudo._close_sudo("past")
        for record_sudo in expired_sudo:
            record_sudo._get_appointment_sudo()._stop_waiting_sudo()
        codes._assign(drafts, open_sudo - expired_sudo)

    @api.model
    def _replace_failed_texts(self, drafts):
        """Writing to a number replaces its failed texts that ask nothing."""
        numbers = list({draft.mobile for draft in drafts if not draft.asks})
        if not numbers:
            return
        failed_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    ("mobile", "in", numbers),
                    ("company_id", "in", [draft.company.id for draft in drafts]),
                    ("kind", "!=", QUESTION),
                    ("state", "=", "failed"),
                ]
            )
        )
        failed_sudo.write({"closed_reason": "replaced"})

    @api.model
    def _lock(self, records):
        """Make anyone who asks about these Work Orders at this moment start over.

        A lock alone isn't enough: whoever waited for it would go on with what they had
        read before. Writing the rows makes it a serialization failure: Odoo retries the
        other transaction, which then sees what was asked meanwhile, of any contact.

        :param records: list of ``fsm.order``, or of another model
        """
        ids = tuple({record.id for record in records if record})
        if ids:
            self.env.cr.execute(
                SQL(
                    """
                    UPDATE %(table)s SET id = id
                     WHERE id IN (SELECT id FROM %(table)s WHERE id IN %(ids)s
                                   ORDER BY id FOR NO KEY UPDATE)
                    """,
                    table=SQL.identifier(records[0]._table),
                    ids=ids,
                )
            )

    @api.model
    def _replace_earlier(self, drafts):
        """Close earlier questions and activities about these appointments."""
        lines = {draft.appointment: draft.line for draft in drafts}
        # Without those answered long ago, which stay as they are.
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
                rec.is_open and rec._get_line() == lines[rec._get_appointment_sudo()]
            )
        )._close_sudo("replaced")
        # Asking again is what a person does about an earlier answer, or a failure.
        self.env["fsm.confirmation.activity"]._close(earlier_sudo)
        earlier_sudo._mark_replaced_sudo()

    @api.model
    def _insert(self, drafts, user):
        """Create the rows, again if another transaction takes a code meanwhile.

        Unique indexes decide whether a code is free, and whether a question is the only
        one to its number: to check beforehand would be a race.
        """
        for _attempt in range(_MAX_ATTEMPTS):
            values = self._prepare_values(drafts, user)
            try:
                with private_queries(), self.env.cr.savepoint():
                    records_sudo = self.env["fsm.confirmation"].sudo().create(values)
                    self._keep_job_names(drafts, records_sudo)
                    self.env["fsm.confirmation.same.day"]._join(drafts, records_sudo)
                    records_sudo.flush_recordset()
                    return records_sudo
            except psycopg2.errors.UniqueViolation as error:
                if error.diag.constraint_name in (STEP_UNIQUE, WAY_UNIQUE):
                    raise  # Another process has recorded it: no other code helps.
                texts = {
                    id(each.together or each): each.together or (each,)
                    for each in drafts
                }
                if len(texts) > 1:
                    records_sudo = self.env["fsm.confirmation"].sudo()
                    return records_sudo.concat(
                        *(self._insert(text, user) for text in texts.values())
                    )
                for draft in drafts:
                    draft.code = self.env["fsm.confirmation.code"]._choose(draft.mobile)
        raise UserError(
            self.env._("Too many open messages to this number. Wait for a response.")
        )

    @api.model
    def _prepare_values(self, drafts, user):
        """Field values of the ``fsm.confirmation`` records. An override point."""
        texts = self._render(drafts)
        emails = self.env["fsm.confirmation.email"]
        for draft, text in zip(drafts, texts, strict=True):
            if not text:
                raise UserError(draft.order._describe_template_problem())
        departures = self.env["fsm.confirmation.departure"]
        return [
            {
                "kind": draft.kind,
                "tells_change": draft.tells_change or False,
                "order_id": draft.order.id,
                "visit_id": draft.visit.id,
                "partner_id": draft.partner.id,
                "person_id": (draft.visit.person_id or draft.order.person_id).id,
                **emails._prepare_address(draft),
                "company_id": draft.company.id,
                "user_id": user.id,
                "appointment_start": draft.start,
                "appointment_end": draft.end,
                **self._prepare_deleted(draft),
                "code": draft.code or False,
                "previous_id": draft.previous.id if draft.previous else False,
                "step_id": draft.step.id if draft.step else False,
                "step_after": draft.step_after,
                "at_once_until": departures._get_at_once_until(draft),
                "body": text,
            }
            for draft, text in zip(drafts, texts, strict=True)
        ]

    @api.model
    def _prepare_deleted(self, draft):
        """Field values of what else follows from an appointment, if it was deleted."""
        if not draft.deleted:
            return {}
        known_sudo = draft.deleted.sudo()
        return {
            "lang": known_sudo.lang,
            "timezone": known_sudo.timezone,
            "person_id": known_sudo.person_id.id,
            "closed_reason": "deleted",
        }

    @api.model
    def _keep_job_names(self, drafts, records_sudo):
        """Name the Work Orders that were deleted, which Odoo leaves out of what is
        created."""
        for draft, record_sudo in zip(drafts, records_sudo, strict=True):
            if draft.deleted and not draft.order:
                record_sudo.job_name = draft.deleted.sudo().job_name
