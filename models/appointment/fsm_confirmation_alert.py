# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...core.alerts import ALERTS, SETUP, Alert, Facts, find_codes
from ...core.kinds import (
    EMAIL,
    QUESTION,
    TIMES,
    Waiting,
    ends_with_appointment,
    is_outdated,
)
from ...core.notices import CANCELED
from ...core.status import OUTDATED

# What is read of earlier messages, of their hundred columns.
_NEEDED_OF_EARLIER = (
    "appointment_end",
    "appointment_start",
    "closed_reason",
    "contact_name",
    "create_date",
    "is_open",
    "kind",
    "location_id",
    "mobile",
    "order_id",
    "owner_id",
    "reply_body",
    "reply_date",
    "response",
    "sent_date",
    "visit_id",
)


class FsmConfirmationAlert(models.AbstractModel):
    """What stands in the way of a text, or should be known before it is sent.

    One list for all that send: the dialog, many at once, the last look before a text
    leaves, automatic answers and test texts. The facts are gathered here, for many
    texts with a number of queries that does not grow with theirs; what follows from
    them is decided in :mod:`core.alerts`.
    """

    _name = "fsm.confirmation.alert"
    _description = "Job Confirmation Alert"

    # ------------------------------------------------------------------
    # A draft
    # ------------------------------------------------------------------

    @api.model
    def _get_alerts(self, appointment, partner):
        """What stands in the way of asking a contact, or should be known before.

        :param appointment: ``fsm.order`` or ``fsm.visit``
        :return: list of :class:`~...core.alerts.Alert`
        """
        order = appointment._get_appointment_order()
        visit = self.env["fsm.visit"]
        if appointment._name == visit._name:
            visit = appointment
        draft = self.env["fsm.confirmation.composer"]._draft(order, visit, partner)
        self._check([draft])
        return draft.alerts

    @api.model
    def _check(self, drafts):
        """Find what stands in the way of texts, or should be known before.

        The same for one text in the dialog and for many at once. An override point:
        what is added to ``draft.alerts`` is respected and shown everywhere. What
        stands in the way of asking about an appointment is none of a text that asks
        nothing.

        :param drafts: list of :class:`Draft`, whose ``alerts`` are filled
        """
        numbers = {draft.mobile for draft in drafts if draft.verdict == "ok"}
        emails = self.env["fsm.confirmation.email"]
        refused = emails._find_refused(drafts)
        blacklist = self.env["phone.blacklist"]
        opted_out, lifted = blacklist._job_confirmation_find_all_sudo(numbers)
        recipients = self.env["fsm.confirmation.recipient"]
        landlines, wrong = recipients._find_unreachable_sudo(numbers)
        departures = self.env["fsm.confirmation.departure"]
        self._look_earlier(drafts)
        for draft in drafts:
            asked_sudo = draft.earlier
            known = {
                **self._get_company_facts(draft.company),
                **self._get_appointment_facts(draft),
                **self._get_contact_facts(draft),
                "no_text": draft.text == "",
                "earlier": (asked_sudo.response or "asked") if asked_sudo else "",
            }
            if draft.is_email:
                known.update(emails._get_facts(draft, refused, opted_out))
            else:
                known.update(
                    departures._get_facts(draft) if draft.by_person else {},
                    opted_out=draft.mobile in opted_out,
                    failed_as_landline=draft.mobile in landlines,
                    wrong_number=(draft.partner, draft.company, draft.mobile) in wrong,
                    opt_out_lifted=draft.mobile in lifted,
                )
            facts = Facts(**known)
            entry_sudo = opted_out.get(draft.mobile)
            draft.alerts = [
                self._make_alert(code, draft, entry_sudo, asked_sudo)
                for code in find_codes(facts)
            ]

    @api.model
    def _get_company_facts(self, company):
        """Facts about the company. An override point."""
        return {
            "enabled": company.sudo().job_confirmation_enabled,
            "ready": company._job_confirmation_ready(),
        }

    @api.model
    def _get_appointment_facts(self, draft):
        """Facts about the appointment, whoever is texted. An override point."""
        if not draft.asks:
            return {}
        order, visit = draft.order, draft.visit
        start = draft.appointment.scheduled_date_start
        return {
            "closed": draft.appointment._is_appointment_closed(),
            "foreign_visit": bool(visit) and visit.order_id != order,
            "all_past": bool(order.visit_ids) and not order._get_next_visit(),
            "no_visit": bool(order.visit_ids) and not visit,
            "undated": not start,
            "past": bool(start) and not draft.appointment._is_appointment_upcoming(),
        }

    @api.model
    def _get_contact_facts(self, draft):
        """Facts about the contact. An override point."""
        recipients = self.env["fsm.confirmation.recipient"]
        if not draft.asks and draft.mobile and not draft.is_email:
            # A number that wrote to us is written to, whoever it is.
            archived = bool(draft.partner) and not draft.partner.active
            return {"archived": archived, "number": draft.verdict}
        if not draft.partner:
            archived = bool(recipients._get_archived(draft.order))
            return {"archived": archived, "no_contact": True}
        if not draft.partner.active:
            return {"archived": True}
        if draft.is_recipient is None:
            draft.is_recipient = recipients._is_recipient(draft.order, draft.partner)
        return {
            "foreign_contact": not draft.is_recipient,
            "number": "ok" if draft.is_email else draft.verdict,
        }

    @api.model
    def _look_earlier(self, drafts):
        """Fill ``earlier`` of those drafts whose caller has not looked yet."""
        new = [draft for draft in drafts if draft.earlier is None]
        found = self._find_earlier([draft.appointment for draft in new if draft.asks])
        for draft in new:
            draft.earlier = found.get(draft.appointment)

    @api.model
    def _find_earlier(self, appointments):
        """The newest earlier message about each appointment that still matters.

        :param appointments: list of ``fsm.order`` and ``fsm.visit``
        :return: dict appointment -> ``fsm.confirmation`` with sudo
        """
        orders = {appointment._get_appointment_order() for appointment in appointments}
        messages_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search_fetch(
                [
                    ("order_id", "in", [order.id for order in orders]),
                    ("kind", "=", QUESTION),
                ],
                _NEEDED_OF_EARLIER,
            )
        )
        wanted = set(appointments)
        found = {}
        for appointment, mine_sudo in messages_sudo.grouped(
            lambda rec: rec._get_appointment_sudo()
        ).items():
            if appointment not in wanted:
                continue
            for record_sudo in mine_sudo._without_taken_back():
                if self._matters(record_sudo):
                    found[appointment] = record_sudo
                    break
        return found

    @api.model
    def _matters(self, record_sudo):
        """Whether the customer was asked with this about the appointment as it is."""
        counts = record_sudo.response in ("confirmed", "declined", "unrecognized") or (
            record_sudo.is_open and not record_sudo.response
        )
        return (
            counts
            and record_sudo.closed_reason not in OUTDATED
            and not record_sudo._get_stale_reason()
        )

    # ------------------------------------------------------------------
    # A recorded text, and one about no appointment
    # ------------------------------------------------------------------

    @api.model
    def _get_departure_alerts(self, confirmations):
        """What stands in the way of recorded texts that are about to leave.

        The setup's (:data:`~...core.alerts.SETUP`) come first. An override point.

        :return: dict ``fsm.confirmation`` -> list of :class:`~...core.alerts.Alert`,
            without those that may leave
        """
        opted_out = self.env["phone.blacklist"]._job_confirmation_find_sudo(
            set(confirmations.mapped("mobile"))
        )
        found = {}
        for record_sudo in confirmations.sudo():
            company = self._get_company_facts(record_sudo.company_id)
            codes = find_codes(
                Facts(
                    enabled=company["enabled"],
                    ready=company["ready"] and bool(record_sudo.sender),
                    past=ends_with_appointment(record_sudo.kind)
                    and record_sudo._has_passed(),
                    archived=bool(record_sudo.partner_id)
                    and not record_sudo.partner_id.active,
                    opted_out=record_sudo.mobile in opted_out,
                    changed=self._is_outdated(record_sudo),
                )
            )
            if codes:
                found[record_sudo] = [
                    self._make_departure_alert(code, record_sudo) for code in codes
                ]
        return found

    @api.model
    def _is_outdated(self, record_sudo):
        """Whether what a recorded text says is not true, or not asked, any more."""
        known = {} if record_sudo._asks() else self._get_told_facts(record_sudo)
        stale, is_open = record_sudo._get_stale_reason(), record_sudo.is_open
        return is_outdated(Waiting(record_sudo.kind, stale, is_open, **known))

    @api.model
    def _get_told_facts(self, record_sudo):
        """Facts for :class:`~...core.kinds.Waiting` about a text that asks nothing."""
        appointment_sudo = record_sudo._get_appointment_sudo()
        person_sudo = appointment_sudo and appointment_sudo._get_person()
        partner_sudo, company = record_sudo.partner_id, record_sudo.company_id
        number = record_sudo.mobile
        if partner_sudo and record_sudo.channel != EMAIL:
            number, _verdict = partner_sudo._get_confirmation_number(company)
        proposals = self.env["fsm.confirmation.proposal"]
        return {
            "tells_canceled": record_sudo.tells_change == CANCELED,
            "is_canceled": record_sudo.order_id.stage_id._is_canceled(),
            "same_technician": person_sudo == record_sudo.person_id,
            "same_number": number == record_sudo.mobile,
            "age": fields.Datetime.now() - record_sudo.create_date,
            "times_are_reserved": record_sudo.kind != TIMES
            or proposals._are_reserved(record_sudo),
        }

    @api.model
    def _get_departure_block(self, confirmation):
        """What stands in the way of one recorded text, but for the setup, or None."""
        alerts = self._get_departure_alerts(confirmation).get(confirmation, [])
        return next((alert for alert in alerts if alert.code not in SETUP), None)

    @api.model
    def _make_departure_alert(self, code, record_sudo):
        if code in SETUP:
            text = self.env._("not set up for %s", record_sudo.company_id.name)
        else:
            text = {
                "opted_out": self.env._(
                    "The customer opted out before the text was sent."
                ),
                "archived": self.env._(
                    "The contact was archived before the text was sent."
                ),
                "past": self.env._("The appointment passed before the text was sent."),
            }.get(code) or self._describe_outdated(record_sudo)
        level, actions = ALERTS[code]
        return Alert(code, level, text, actions=actions)

    @api.model
    def _describe_outdated(self, record_sudo):
        if record_sudo._asks() or record_sudo._get_stale_reason():
            return self.env._("The appointment changed before the text was sent.")
        return self.env._("What it says was no longer true when it could be sent.")

    @api.model
    def _find_number_alert_codes(self, company, mobile, **known):
        """What stands in the way of a text to a number about no appointment.

        For auto-replies and test texts, which have words of their own for it.

        :param mobile: E.164
        :param known: facts that are not as the company has them: a test text leaves
            before confirmations are enabled
        :return: list of keys of :data:`~...core.alerts.ALERTS`
        """
        opted_out = self.env["phone.blacklist"]._job_confirmation_find_sudo([mobile])
        facts = {**self._get_company_facts(company), "opted_out": bool(opted_out)}
        return find_codes(Facts(**{**facts, **known}))

    # ------------------------------------------------------------------
    # Words
    # ------------------------------------------------------------------

    @api.model
    def _make_alert(self, code, draft, entry_sudo, asked_sudo):
        """An alert in the user's language.

        :param entry_sudo: ``phone.blacklist`` of the number, or None
        :param asked_sudo: the ``fsm.confirmation`` that was sent before, or None
        """
        words = {
            **self._get_appointment_words(draft),
            **self._get_contact_words(draft, entry_sudo),
            **self._get_earlier_words(asked_sudo),
        }
        text, summary = words[code]()
        level, actions = ALERTS[code]
        return Alert(code, level, text, summary, actions)

    @api.model
    def _get_appointment_words(self, draft):
        """:return: dict code -> function -> (sentence, a few words for many)"""
        order, company = draft.order, draft.company
        return {
            "disabled": lambda: (
                self.env._(
                    "Job confirmations are not enabled for %s. Ask an administrator to "
                    "switch them on in Settings > Field Service.",
                    company.name,
                ),
                self.env._("Job confirmations are not enabled for %s", company.name),
            ),
            "not_ready": lambda: (
                self.env._(
                    "Twilio is not set up for %s. Ask an administrator to enter the "
                    "account and a number in Settings > Field Service.",
                    company.name,
                ),
                self.env._("Twilio is not set up for %s", company.name),
            ),
            "closed": lambda: (
                self.env._(
                    "This Work Order is %s: there is nothing to confirm.",
                    order.stage_id.name,
                ),
                self.env._("The Work Order is %s", order.stage_id.name),
            ),
            "foreign_visit": lambda: (
                self.env._("This visit belongs to another Work Order."),
                self.env._("The visit belongs to another Work Order"),
            ),
            "all_past": lambda: (
                self.env._(
                    "All visits of this Work Order are in the past. Plan the next "
                    "visit first."
                ),
                self.env._("All visits are in the past"),
            ),
            "no_visit": lambda: (
                self.env._("Choose the visit that the customer is asked about."),
                self.env._("No visit is chosen"),
            ),
            "undated": lambda: (
                self.env._("The appointment has no date. Schedule it first."),
                self.env._("It has no date"),
            ),
            "past": lambda: (
                self.env._("The appointment is in the past. Give it a new date first."),
                self.env._("The appointment is in the past"),
            ),
            "too_late": lambda: (
                self.env["fsm.confirmation.departure"]._describe_too_late(draft),
                self.env._("Its appointment begins before the next texting hours"),
            ),
            "outside_hours": lambda: (
                self.env["fsm.confirmation.departure"]._describe(draft),
                self.env._("It waits for the texting hours"),
            ),
            "no_text": lambda: (
                order._describe_template_problem(),
                self.env._("The confirmation text can't be used"),
            ),
        }

    @api.model
    def _get_contact_words(self, draft, entry_sudo):
        """:return: dict code -> function -> (sentence, a few words for many)"""
        partner = draft.partner
        recipients = self.env["fsm.confirmation.recipient"]
        archived = partner or recipients._get_archived(draft.order)[:1]
        number = draft.mobile and partner._format_number_for_people(
            draft.mobile, draft.company
        )
        name = partner.name or number
        return {
            "email_off": lambda: (
                self.env._(
                    "%s asks nobody by e-mail. An administrator can change that in "
                    "Settings > Field Service.",
                    draft.company.name,
                ),
                self.env._("Asking by e-mail is switched off"),
            ),
            "email_missing": lambda: (
                self.env._(
                    "%s has no valid e-mail address. Enter one on the contact, or "
                    "choose another contact.",
                    partner.name,
                ),
                self.env._("The contact has no valid e-mail address"),
            ),
            "email_refused": lambda: (
                self.env._(
                    "%(email)s is on the list of addresses that take no e-mail. Call "
                    "instead, or choose another contact.",
                    email=draft.email,
                ),
                self.env._("The address takes no e-mail"),
            ),
            "texts_refused": lambda: (
                self.env._(
                    "%(contact)s opted out of texts. %(how)s. Send the e-mail only if "
                    "the customer expects it.",
                    contact=name,
                    how=entry_sudo._job_confirmation_describe(),
                ),
                self.env._("%s opted out of texts", name),
            ),
            "archived": lambda: (
                self.env._(
                    "%s is archived. Choose another contact, or restore this one.",
                    archived.name,
                ),
                self.env._("The contact is archived"),
            ),
            "no_contact": lambda: (
                self.env._("Choose the contact who gets the text."),
                self.env._("There is no contact"),
            ),
            "foreign_contact": lambda: (
                self.env._(
                    "%s is not a contact of this customer or location.", partner.name
                ),
                self.env._("The contact is of another customer"),
            ),
            "number_missing": lambda: (
                self.env._(
                    "%s has no phone number. Enter a mobile number on the contact, or "
                    "choose another contact.",
                    partner.name,
                ),
                self.env._("No contact has a mobile number"),
            ),
            "number_invalid": lambda: (
                self._describe_invalid_number(draft),
                self.env._("The number is not valid"),
            ),
            "number_extension": lambda: (
                self.env._(
                    "“%(number)s” of %(contact)s has an extension, which can't be "
                    "texted. Enter a mobile number on the contact, or choose another "
                    "contact.",
                    number=partner.phone,
                    contact=partner.name,
                ),
                self.env._("The number has an extension"),
            ),
            "number_wrong": lambda: (
                self.env._(
                    "%(number)s is not the number of %(contact)s: somebody else "
                    "answered. Enter the right number on the contact, or choose "
                    "another contact.",
                    number=number,
                    contact=partner.name,
                ),
                self.env._("Wrong number"),
            ),
            "number_landline": lambda: (
                self.env._(
                    "%(number)s of %(contact)s is a landline. Enter a mobile number on "
                    "the contact, or choose another contact.",
                    number=number,
                    contact=partner.name,
                ),
                self.env._("The number is a landline"),
            ),
            "opted_out": lambda: (
                self.env._(
                    "%(contact)s opted out of texts and can't be texted. %(how)s. Call "
                    "instead, or choose another contact. A customer opts in again by "
                    "texting START.",
                    contact=name,
                    how=entry_sudo._job_confirmation_describe(),
                ),
                self.env._("%s opted out of texts", name),
            ),
            "failed_as_landline": lambda: (
                self.env._(
                    "An earlier text to %(number)s failed because it is a landline. "
                    "Enter a mobile number on the contact, or choose another contact.",
                    number=number,
                ),
                self.env._("The number is a landline"),
            ),
            "opt_out_lifted": lambda: (
                self.env._(
                    "The opt-out of %(contact)s was lifted by hand. Twilio blocks the "
                    "number until the customer texts START to you.",
                    contact=partner.name,
                ),
                self.env._("The opt-out was lifted by hand"),
            ),
        }

    @api.model
    def _describe_invalid_number(self, draft):
        if draft.mobile:
            return self.env._(
                "“%s” can't be texted: it is not a phone number.", draft.mobile
            )
        return self.env._(
            "“%(number)s” of %(contact)s is not a valid phone number. Correct it on "
            "the contact, or choose another contact.",
            number=draft.partner.phone,
            contact=draft.partner.name,
        )

    @api.model
    def _get_earlier_words(self, record_sudo):
        """:return: dict code -> function -> (sentence, a few words for many)"""
        if not record_sudo:
            return {}
        known = {
            "contact": record_sudo.contact_name or "",
            "sent": self._format_datetime(
                record_sudo.sent_date or record_sudo.create_date
            ),
            "answered": self._format_datetime(record_sudo.reply_date),
            "words": (record_sudo.reply_body or "").strip()[:80],
        }
        return {
            "confirmed": lambda: (
                self.env._(
                    "%(contact)s already confirmed this appointment on %(answered)s.",
                    **known,
                ),
                self.env._("Confirmed already"),
            ),
            "declined": lambda: (
                self.env._(
                    "%(contact)s declined this appointment on %(answered)s: "
                    "“%(words)s”. Agree on another date first.",
                    **known,
                ),
                self.env._("Declined: agree on another date first"),
            ),
            "unrecognized": lambda: (
                self.env._(
                    "%(contact)s answered on %(answered)s, but not clearly: "
                    "“%(words)s”. A new text replaces the old question.",
                    **known,
                ),
                self.env._("Answered, but not clearly: read the reply"),
            ),
            "asked": lambda: (
                self.env._(
                    "%(contact)s was already asked about this appointment on %(sent)s "
                    "and has not answered yet. A new text replaces the old question.",
                    **known,
                ),
                self.env._("Asked already, no response yet"),
            ),
        }

    @api.model
    def _format_datetime(self, value):
        """A short date and time in the user's own language and time zone."""
        return value and self.env["ir.qweb.field.datetime"].value_to_html(
            value, {"format": "short"}
        )
