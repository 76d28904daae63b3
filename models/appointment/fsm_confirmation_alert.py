# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...core.alerts import SETUP, Facts, find_codes
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

# What is needed of earlier messages, out of their hundred columns.
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
    """What blocks a text, or should be known before it is sent.

    One list for everything that sends: the dialog, many at once, the last check before
    a text is sent, auto-replies and test texts. The facts are gathered here, for many
    texts with a bounded number of queries; what follows from them is decided in
    :mod:`core.alerts`, and put into words by ``fsm.confirmation.alert.words``.
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
        what is added to ``draft.alerts`` is respected and shown everywhere. What blocks
        a question about an appointment doesn't concern a text that asks nothing.

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
        words = self.env["fsm.confirmation.alert.words"]
        self._look_earlier(drafts)
        for draft in drafts:
            asked_sudo = draft.earlier
            values = {
                **self._get_company_facts(draft.company),
                **self._get_appointment_facts(draft),
                **self._get_contact_facts(draft),
                "no_text": draft.text == "",
                "earlier": (asked_sudo.response or "asked") if asked_sudo else "",
            }
            if draft.is_email:
                values.update(emails._get_facts(draft, refused, opted_out))
            else:
                values.update(
                    departures._get_facts(draft) if draft.by_person else {},
                    opted_out=draft.mobile in opted_out,
                    failed_as_landline=draft.mobile in landlines,
                    wrong_number=(draft.partner, draft.company, draft.mobile) in wrong,
                    opt_out_lifted=draft.mobile in lifted,
                )
            facts = Facts(**values)
            entry_sudo = opted_out.get(draft.mobile)
            draft.alerts = [
                words._make_alert(code, draft, entry_sudo, asked_sudo)
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
            # A number that wrote to us may be written to, whoever it is.
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
        """Whether this asked the customer about the appointment as it is now."""
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
    def _get_departure_alerts(self, messages):
        """What blocks recorded texts that are about to be sent.

        The setup's (:data:`~...core.alerts.SETUP`) come first. An override point.

        :return: dict ``fsm.confirmation`` -> list of :class:`~...core.alerts.Alert`,
            without those that may be sent
        """
        opted_out = self.env["phone.blacklist"]._job_confirmation_find_sudo(
            set(messages.mapped("mobile"))
        )
        words = self.env["fsm.confirmation.alert.words"]
        found = {}
        for record_sudo in messages.sudo():
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
                    held=record_sudo._is_held(),
                    changed=self._is_outdated(record_sudo),
                )
            )
            if codes:
                found[record_sudo] = [
                    words._make_departure_alert(code, record_sudo) for code in codes
                ]
        return found

    @api.model
    def _is_outdated(self, record_sudo):
        """Whether a recorded text is no longer true, or no longer asked."""
        facts = {} if record_sudo._asks() else self._get_told_facts(record_sudo)
        stale, is_open = record_sudo._get_stale_reason(), record_sudo.is_open
        return is_outdated(Waiting(record_sudo.kind, stale, is_open, **facts))

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
    def _get_departure_block(self, message):
        """The first alert of a recorded text that isn't about the setup, or None."""
        alerts = self._get_departure_alerts(message).get(message, [])
        return next((alert for alert in alerts if alert.code not in SETUP), None)

    @api.model
    def _find_number_alert_codes(self, company, mobile, **overrides):
        """What stands in the way of a text to a number about no appointment.

        For auto-replies and test texts, which have words of their own for it.

        :param mobile: E.164
        :param overrides: facts that override the company's: a test text is sent before
            confirmations are enabled
        :return: list of keys of :data:`~...core.alerts.ALERTS`
        """
        opted_out = self.env["phone.blacklist"]._job_confirmation_find_sudo([mobile])
        facts = {**self._get_company_facts(company), "opted_out": bool(opted_out)}
        return find_codes(Facts(**{**facts, **overrides}))
