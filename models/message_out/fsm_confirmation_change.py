# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dataclasses import replace
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from ...core import notices
from ...core.alerts import first_block
from ...core.kinds import EMAIL, NOTICE, QUESTION, REMINDER
from ...core.notices import Known
from ...tools.dialogs import open_dialog
from ...tools.log_redaction import private_queries
from ...tools.notification import notify
from ...tools.retry import commit_with_retries
from ..levels import check_may_edit
from ..xmlids import TELL_CRON

CHANGES = [
    ("moved", "Date moved"),
    ("canceled", "Canceled"),
    ("technician", "Another technician"),
]
_BATCH = 50


class FsmConfirmationChange(models.Model):
    """A change that a customer, who was told of the appointment, doesn't know yet.

    A row stands for a text that has yet to be written. What it says is worked out when
    it is sent: several changes make one text, and a change that was undone makes none.
    """

    _name = "fsm.confirmation.change"
    _description = "Change to Notify a Customer Of"
    _order = "due_date, id"

    # Without one, its appointment was deleted: it is known by its last text alone.
    order_id = fields.Many2one(
        "fsm.order", "Work Order", readonly=True, ondelete="cascade"
    )
    visit_id = fields.Many2one("fsm.visit", readonly=True, ondelete="cascade")
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    told_id = fields.Many2one(
        "fsm.confirmation",
        "Last Text",
        required=True,
        readonly=True,
        ondelete="cascade",
        help="By which the customer knows of the appointment.",
    )
    contact_name = fields.Char("Customer", related="told_id.contact_name")
    job_name = fields.Char("Job ID", related="told_id.job_name")
    kind = fields.Selection(CHANGES, "Change", required=True, readonly=True)
    told_text = fields.Char("Customer Was Told", compute="_compute_texts")
    now_text = fields.Char("Now", compute="_compute_texts")
    due_date = fields.Datetime("Sends On", required=True, readonly=True)
    is_held = fields.Boolean(
        "Waits for a Dispatcher",
        readonly=True,
        help="It isn't sent automatically: a dispatcher decides.",
    )
    problem = fields.Char(readonly=True, help="Why the customer can't be notified.")

    # Whoever changes it at the same time: one text about one appointment.
    _appointment_unique = models.UniqueIndex("(order_id, (COALESCE(visit_id, 0)))")
    _told_unique = models.UniqueIndex("(told_id) WHERE order_id IS NULL")
    _due_index = models.Index("(due_date) WHERE is_held IS NOT TRUE")

    @api.depends("order_id", "visit_id", "told_id", "kind")
    @api.depends_context("uid", "tz", "lang")
    def _compute_texts(self):
        for change in self:
            appointment = change._get_appointment()
            change.told_text = change.told_id.appointment_text
            if change.told_id.tells_change == notices.CANCELED:
                change.told_text = self.env._("Canceled")
            change.now_text = appointment.appointment_text
            if change.kind == notices.CANCELED:
                change.now_text = self.env._("Canceled")
            elif change.kind == notices.TECHNICIAN:
                change.told_text = change.told_id.person_id.sudo().name
                change.now_text = appointment._get_person().sudo().name

    def _get_appointment(self):
        """The visit or Work Order, empty when it was deleted."""
        self.ensure_one()
        return self.visit_id or self.order_id

    def _describe(self):
        """A sentence about each of them for the Work Order."""
        return [
            self.env._(
                "%(who)s was told “%(told)s” and doesn't know about “%(now)s” yet.",
                who=change.contact_name,
                told=change.told_text,
                now=change.now_text,
            )
            for change in self
        ]

    # ------------------------------------------------------------------
    # What there is to tell
    # ------------------------------------------------------------------

    @api.model
    def _note_sudo(self, appointments):
        """Remember changes of appointments that their customers don't know yet.

        :param appointments: ``fsm.order`` or ``fsm.visit`` records
        """
        changes_sudo = self.sudo()
        for appointment_sudo in appointments.sudo():
            self._cancel_untrue_emails(appointment_sudo)
            known_sudo = changes_sudo.search(appointment_sudo._get_about_domain())
            kind, told_sudo = self._find(appointment_sudo)
            order = appointment_sudo._get_appointment_order()
            values = self._prepare_values(kind, told_sudo, order.company_id)
            if not values:
                known_sudo.unlink()
                continue
            if known_sudo:
                known_sudo.write(values)
            else:
                is_visit = appointment_sudo._name == "fsm.visit"
                values["visit_id"] = is_visit and appointment_sudo.id
                known_sudo = changes_sudo.create({**values, "order_id": order.id})
            if not known_sudo.is_held:
                known_sudo._settle_together()
                known_sudo._wake_when_due()

    @api.model
    def _note_deleted_sudo(self, appointments):
        """Remember those of these appointments, which are about to be deleted, that
        their customers expect.

        :param appointments: list of ``fsm.order`` and ``fsm.visit``
        """
        changes_sudo = self.sudo()
        for appointment in appointments:
            appointment_sudo = appointment.sudo()
            self._cancel_emails_about_deleted(appointment_sudo)
            if appointment_sudo._is_appointment_closed():
                # What is left to tell of that stays.
                known_sudo = changes_sudo.search(appointment_sudo._get_about_domain())
                known_sudo.write({"order_id": False, "visit_id": False})
                continue
            told_sudo = self._find_told_sudo(appointment_sudo)
            kind = self._find_deleted(told_sudo)
            company = appointment_sudo._get_appointment_order().company_id
            if values := self._prepare_values(kind, told_sudo, company):
                changes_sudo.create(values)._wake_when_due()

    @api.model
    def _prepare_values(self, kind, told_sudo, company):
        """Field values of a change, without its appointment; None if it isn't told.

        :param kind: one of :data:`CHANGES` or None
        """
        way = kind and company[f"job_confirmation_notice_{kind}"]
        if not kind or way == notices.OFF:
            return None
        minutes = company.job_confirmation_notice_minutes
        return {
            "kind": kind,
            "told_id": told_sudo.id,
            "company_id": company.id,
            "due_date": fields.Datetime.now() + timedelta(minutes=minutes),
            "is_held": way == notices.BY_HAND,
            "problem": False,
        }

    def _wake_when_due(self):
        """Have it told once it has settled, unless a person decides."""
        if not self.is_held:
            self.env.ref(TELL_CRON).sudo()._trigger(at=self.due_date)

    @api.model
    def _cancel_untrue_emails(self, appointment_sudo):
        """Take e-mails that tell what is not so any more out of Odoo's mail queue.

        The outbox looks at a text as it leaves.
        """
        alerts = self.env["fsm.confirmation.alert"]
        words = self.env["fsm.confirmation.alert.words"]
        about = appointment_sudo._get_about_domain()
        waiting_sudo = self._find_waiting_emails_sudo(about)
        for record_sudo in waiting_sudo.filtered(alerts._is_outdated):
            reason = words._describe_outdated(record_sudo)
            record_sudo._cancel_waiting_sudo(reason)

    @api.model
    def _cancel_emails_about_deleted(self, appointment_sudo):
        """The same for an appointment that is about to be deleted."""
        about = appointment_sudo._get_about_domain()
        waiting_sudo = self._find_waiting_emails_sudo(about).filtered(
            lambda rec: rec.tells_change != notices.CANCELED
        )
        reason = waiting_sudo._describe_cancellation("deleted")
        waiting_sudo._cancel_waiting_sudo(reason)

    @api.model
    def _renew_emails_sudo(self, partners):
        """Have notices that wait in Odoo's mail queue sent to the contacts' new
        addresses."""
        of_partners = [("partner_id", "in", partners.ids)]
        for record_sudo in self._find_waiting_emails_sudo(of_partners):
            if appointment_sudo := record_sudo._get_appointment_sudo():
                self._note_sudo(appointment_sudo)

    @api.model
    def _find_waiting_emails_sudo(self, domain):
        """Notices in Odoo's mail queue that match a domain."""
        messages_sudo = self.env["fsm.confirmation"].sudo()
        return messages_sudo.search(
            [
                *domain,
                ("channel", "=", EMAIL),
                ("kind", "=", NOTICE),
                ("state", "=", "outgoing"),
            ]
        )

    def _settle_together(self):
        """What the same text can tell of waits as long.

        That is the same kind of change on the same day. Others' changes put off what
        was noticed earlier for twice the settling time at most.
        """
        others = self.search(
            [
                ("company_id", "=", self.company_id.id),
                ("order_id", "!=", False),
                ("is_held", "=", False),
                ("told_id.mobile", "!=", False),
                ("told_id.mobile", "=", self.told_id.mobile),
                ("kind", "=", self.kind),
                ("due_date", "<", self.due_date),
            ]
        )
        day = self._get_appointment()._get_local_day()
        minutes = 2 * self.company_id.job_confirmation_notice_minutes
        for other in others:
            if not day or other._get_appointment()._get_local_day() != day:
                continue
            latest = other.create_date.replace(microsecond=0)
            until = min(self.due_date, latest + timedelta(minutes=minutes))
            if until > other.due_date:
                other.due_date = until
                other._wake_when_due()

    @api.model
    def _forget_sudo(self, appointments):
        """Forget changes: the customers were told of the appointments as they are now.

        :param appointments: list of ``fsm.order`` and ``fsm.visit``
        """
        orders = {appointment._get_appointment_order() for appointment in appointments}
        changes_sudo = self.sudo().search(
            [("order_id", "in", [order.id for order in orders])]
        )
        known = set(appointments)
        changes_sudo.filtered(lambda rec: rec._get_appointment() in known).unlink()

    @api.model
    def _find(self, appointment_sudo):
        """Find out what a customer has to be told of an appointment.

        :return: (one of :data:`CHANGES` or None, the ``fsm.confirmation`` by which the
            customer knows of it, with sudo)
        """
        told_sudo = self._find_told_sudo(appointment_sudo)
        return self._compare(appointment_sudo, told_sudo), told_sudo

    @api.model
    def _compare(self, appointment_sudo, told_sudo):
        """What a customer who was told by this text, maybe none, has to be told now.

        :return: one of :data:`CHANGES` or None
        """
        order_sudo = appointment_sudo._get_appointment_order()
        is_canceled = order_sudo.stage_id._is_canceled()
        is_over = appointment_sudo._is_appointment_closed() and not is_canceled
        if not told_sudo or is_over:
            return None
        if is_canceled and told_sudo.response == "declined":
            return None  # It is what the customer wanted.
        return notices.get_change(
            Known(
                told_sudo.appointment_start or None,
                told_sudo.person_id.id,
                told_sudo.tells_change == notices.CANCELED,
            ),
            Known(
                appointment_sudo.scheduled_date_start or None,
                appointment_sudo._get_person().id,
                is_canceled,
            ),
            # Another place or number alone is asked about again: no news of the date.
            has_moved=told_sudo._has_moved(),
            now=fields.Datetime.now(),
        )

    @api.model
    def _find_deleted(self, told_sudo):
        """What a customer has to be told of an appointment that is deleted.

        :param told_sudo: the ``fsm.confirmation`` by which they know of it, maybe empty
        :return: one of :data:`CHANGES` or None
        """
        if not told_sudo.partner_id or told_sudo.response == "declined":
            return None
        told = Known(
            told_sudo.appointment_start or None,
            is_canceled=told_sudo.tells_change == notices.CANCELED,
        )
        now = fields.Datetime.now()
        return notices.get_change(
            told, Known(is_canceled=True), has_moved=False, now=now
        )

    def _find_news(self):
        """What there still is to tell.

        :return: as of :meth:`_find`
        """
        self.ensure_one()
        if self.order_id:
            return self._find(self._get_appointment())
        told_sudo = self.sudo().told_id
        return self._find_deleted(told_sudo), told_sudo

    @api.model
    def _find_told_sudo(self, appointment_sudo):
        """The newest text, sent or waiting, that tells a customer of an appointment.

        None if the Work Order is another customer's now, who knows nothing of it yet.
        """
        found_sudo = self._search_told_sudo(appointment_sudo._get_about_domain())
        return found_sudo[:1].filtered(lambda rec: not rec._is_of_another_customer())

    @api.model
    def _search_told_sudo(self, domain):
        """Texts that told customers of appointments, newest first."""
        found_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    *domain,
                    ("kind", "in", (QUESTION, NOTICE, REMINDER)),
                    ("state", "not in", ("canceled", "outgoing")),
                    ("partner_id", "!=", False),
                    # About a visit that the Work Order had.
                    ("closed_reason", "!=", "deleted"),
                ]
            )
        )
        return found_sudo.filtered(lambda rec: rec._may_have_arrived())

    # ------------------------------------------------------------------
    # Telling
    # ------------------------------------------------------------------

    @api.model
    @private_queries()
    def _cron_tell(self):
        """Tell customers of changes that have settled, committing batch by batch."""
        self._forget_untrue_sudo()
        self._hold_masses_sudo()
        cron = self.env["ir.cron"]
        while told := commit_with_retries(self.env, self._tell_due):
            if not cron._commit_progress(told):
                break

    @api.model
    def _get_due_domain(self):
        now = fields.Datetime.now()
        return [("is_held", "=", False), ("due_date", "<=", now)]

    @api.model
    def _forget_untrue_sudo(self):
        """Forget what waits for a person and has passed, or is not so any more."""
        held_sudo = self.sudo().search([("is_held", "=", True)])
        held_sudo.filtered(lambda change: not change._find_news()[0]).unlink()

    @api.model
    def _hold_masses_sudo(self):
        """Hold changes back for a person to review if there are too many at once."""
        for company_sudo, changes_sudo in (
            self.sudo().search(self._get_due_domain()).grouped("company_id").items()
        ):
            if len(changes_sudo) > company_sudo.job_confirmation_notice_limit:
                changes_sudo.write({"is_held": True})

    @api.model
    def _tell_due(self):
        """Tell some of those that are due; the caller commits.

        :return: how many were worked off
        """
        due_sudo = self.sudo().search(self._get_due_domain(), limit=_BATCH)
        due_sudo = due_sudo.try_lock_for_update()
        count = len(due_sudo)
        try:
            with self.env.cr.savepoint():
                due_sudo._tell(self.env.user)
        except UserError:
            # One that can't be told keeps none of the others.
            for change_sudo in due_sudo.exists():
                change_sudo._tell_or_hold()
        return count

    def _tell_or_hold(self):
        """Tell one change; where that can't be done a person sees why."""
        try:
            with self.env.cr.savepoint():
                self._tell(self.env.user)
        except UserError as error:
            self.write({"is_held": True, "problem": str(error)})

    def _tell(self, user, reason=""):
        """Record a text about each of these changes, ready to send.

        Changes that are no longer true are forgotten. Where a text can't be sent, the
        change is kept for a person, with the reason.

        :param user: ``res.users`` who tells them
        :param reason: why the texts don't wait for the texting hours
        :return: the new ``fsm.confirmation`` records with sudo
        """
        drafts = self._prepare_drafts(reason)
        self.sudo().filtered(lambda change: change not in drafts).unlink()
        ready = []
        for change_sudo, draft in drafts.items():
            block = first_block(draft.alerts)
            if block:
                change_sudo.write({"is_held": True, "problem": block.text})
            else:
                ready.append(draft)
                change_sudo.unlink()
        return self.env["fsm.confirmation.composer"]._record(ready, user)

    def _prepare_drafts(self, reason=""):
        """Draft the texts about these changes, each with what blocks it.

        :param reason: why the texts don't wait for the texting hours
        :return: dict change, with sudo ->
            :class:`~...fsm_confirmation_composer.Draft`; without those that are not
            true any more
        """
        drafts = {}
        for change_sudo in self.sudo():
            kind, told_sudo = change_sudo._find_news()
            if kind:
                draft = self._draft(change_sudo, kind, told_sudo)
                draft.at_once_reason = reason
                drafts[change_sudo] = draft
        self.env["fsm.confirmation.alert"]._check(list(drafts.values()))
        return drafts

    @api.model
    def _draft(self, change_sudo, kind, told_sudo):
        """:param change_sudo: a change, or another record about the same appointment
        :return: :class:`~...fsm_confirmation_composer.Draft`"""
        is_deleted = not change_sudo.order_id
        # Of a visit that was deleted, the Work Order may be left.
        order_sudo = told_sudo.order_id if is_deleted else change_sudo.order_id
        draft = self.env["fsm.confirmation.composer"]._draft(
            order_sudo,
            change_sudo.visit_id,
            told_sudo.partner_id,
            # Where they were told of the old state they look for news of it.
            channel=told_sudo.channel,
            deleted=told_sudo if is_deleted else None,
        )
        words = self._get_words(kind, told_sudo)
        return replace(
            draft,
            # A moved date is asked about in the text that tells of it.
            kind=QUESTION if kind == notices.MOVED else NOTICE,
            words=words,
            text=words,
            tells_change=kind,
            leaves_at_once=False,
            is_recipient=True,
            is_alone=is_deleted or self._is_told_alone(kind, told_sudo),
            # Too late for its appointment it is of no use: a person is told.
            by_person=True,
        )

    @api.model
    def _is_told_alone(self, kind, told_sudo):
        """Whether a text about several appointments would not say what is so."""
        if kind == notices.MOVED:
            return told_sudo.tells_change == notices.CANCELED
        # It gives the date that they have, and not the one that the customer knows.
        return told_sudo._has_moved()

    @api.model
    def _get_words(self, kind, told_sudo):
        if kind == notices.MOVED and told_sudo.tells_change == notices.CANCELED:
            kind = "reopened"
        auto_replies = self.env["fsm.confirmation.auto.reply"]
        return auto_replies._render_about(f"notice_{kind}", told_sudo)

    @api.model
    def _add_news_of_move(self, drafts):
        """Have questions tell of the move that their contacts don't know of yet.

        :param drafts: list of :class:`~...fsm_confirmation_composer.Draft` that ask
        """
        texts_sudo = self._search_told_sudo(
            [("order_id", "in", [draft.order.id for draft in drafts if draft.order])]
        )
        # Whatever became of the change: it may be dismissed, or notices off.
        newest = {}
        for text_sudo in texts_sudo:
            newest.setdefault(text_sudo._get_appointment_sudo(), text_sudo)
        for draft in drafts:
            told_sudo = newest.get(draft.appointment)
            if not told_sudo or told_sudo.partner_id != draft.partner:
                continue
            kind = self._compare(draft.appointment, told_sudo)
            if kind == notices.MOVED and not told_sudo._is_of_another_customer():
                draft.words = self._get_words(kind, told_sudo)
                draft.tells_change = kind if draft.words else ""
                draft.is_alone = self._is_told_alone(kind, told_sudo)

    def action_tell(self):
        """Tell these customers now; outside the texting hours a dialog says so first.

        :raises AccessError: the user's level is below Edit
        :raises UserError: none of them can be told
        """
        check_may_edit(self.env)
        self.check_access("read")
        drafts = self._prepare_drafts().values()
        if self.env["fsm.confirmation.departure"]._find_waiting(drafts):
            return self.action_review()
        return self._tell_by_hand()

    def _tell_by_hand(self, reason=""):
        """Tell these customers, and the user how many.

        :param reason: why the texts don't wait for the texting hours
        :raises UserError: none of them can be told, or there are none any more
        """
        if not self:
            raise UserError(
                self.env._("These customers have been notified in the meantime.")
            )
        sent_sudo = self._tell(self.env.user, reason)
        left = self.exists()
        if left and not sent_sudo:
            raise UserError("\n".join(filter(None, left.mapped("problem"))))
        reload = {"type": "ir.actions.client", "tag": "soft_reload"}
        if not sent_sudo:
            return reload  # None of them is true any more.
        count = len(sent_sudo.filtered(lambda rec: not rec.carrier_id))
        if count == 1:
            text = self.env._("1 customer gets a message.")
        else:
            text = self.env._("%s customers get a message.", count)
        return notify(text, then=reload)

    def action_review(self):
        """Open the dialog that says how many customers are told of what.

        Of all changes where none is chosen, as on a phone.

        :raises AccessError: the user's level is below Edit
        """
        check_may_edit(self.env)
        changes = self or self.search([])
        changes.check_access("read")
        wizard = self.env["fsm.confirmation.tell"].create({"change_ids": changes.ids})
        return open_dialog(self.env._("Notify Customers"), wizard._name, wizard.id)

    def action_dismiss(self):
        """These customers know it already, or need not.

        :raises AccessError: the user's level is below Edit
        """
        check_may_edit(self.env)
        self.check_access("read")
        self.sudo().unlink()
