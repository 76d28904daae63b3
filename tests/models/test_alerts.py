# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What stands in the way of a text: the same for one, for many and at departure."""

from datetime import timedelta

from odoo import fields

from ...core.alerts import BLOCK, SETUP, first_block, first_for_many
from ..common import ConfirmationTransactionCase


class TestAlerts(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.alerts = (
            cls.env["fsm.confirmation.alert"]
            .with_user(cls.dispatcher)
            .with_context(allowed_company_ids=cls.company.ids)
        )

    def _of_one(self, order=None, partner=None):
        """Codes of the list, as the dialog shows it."""
        wizard = self._wizard(order or self.order)
        wizard.partner_id = partner or wizard.partner_id
        shown = [alert["code"] for alert in wizard.alerts or []]
        appointment = wizard.visit_id or wizard.order_id
        found = self.alerts._get_alerts(appointment, wizard.partner_id)
        self.assertEqual([alert.code for alert in found], shown)
        return shown

    def _of_many(self, order=None):
        composer = self.env["fsm.confirmation.composer"].with_user(self.dispatcher)
        [draft] = composer._draft_many(order or self.order)
        return draft

    def _assert_same(self, code):
        """One and many are told the same, and the batch leaves it out because of it."""
        self.assertEqual(self._of_one(), [code])
        draft = self._of_many()
        self.assertEqual([alert.code for alert in draft.alerts], [code])
        alert = first_for_many(draft.alerts)
        self.assertEqual(alert.code, code)
        self.assertTrue(alert.summary)
        self.assertEqual(
            self._wizard().blocking_reason, alert.text if alert.level == BLOCK else ""
        )

    def test_one_and_many_are_told_the_same(self):
        self.assertEqual(self._of_one(), [])
        self.assertFalse(self._of_many().alerts)
        self.company.job_confirmation_enabled = False
        self._assert_same("disabled")
        self.company.job_confirmation_enabled = True
        self.company.sms_twilio_auth_token = False
        self._assert_same("not_ready")

    def test_numbers(self):
        for phone, code in (
            (False, "number_missing"),
            ("555-CALL", "number_invalid"),
            ("+49 30 23125 001", "number_landline"),
        ):
            self.customer.phone = phone
            self._assert_same(code)

    def test_an_opt_out(self):
        self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
            "+12125550123", "reply", "Stop it"
        )
        self._assert_same("opted_out")
        self.customer.with_user(self.dispatcher)._lift_opt_out("agreed on the phone")
        self.assertEqual(self._of_one(), ["opt_out_lifted"])
        draft = self._of_many()
        self.assertEqual([alert.code for alert in draft.alerts], ["opt_out_lifted"])
        # It only warns: the text is sent with the others.
        self.assertIsNone(first_for_many(draft.alerts))

    def test_a_number_that_failed_as_a_landline(self):
        record = self._send().sudo()
        record.write({"state": "failed", "failure_type": "landline", "is_open": False})
        self._assert_same("failed_as_landline")

    def test_answers(self):
        for words, code in (
            ("hm, perhaps", "unrecognized"),
            ("yes", "confirmed"),
            ("no", "declined"),
        ):
            self._send()
            self._assert_same("asked")
            self._reply(words)
            self._assert_same(code)

    def test_an_unanswered_question_beyond_the_time_limit_may_be_asked_again(self):
        self._send().sudo().sent_date = fields.Datetime.now() - timedelta(hours=5)
        self.company.job_confirmation_reply_hours = 4
        self.assertEqual(self._of_one(), [])
        self.assertFalse(self._of_many().alerts)

    def test_appointments(self):
        self.order.action_cancel()
        self._assert_same("closed")

    def test_all_visits_are_past(self):
        self._make_visit(self.order, -30)
        self._assert_same("all_past")

    def test_who_is_no_contact_of_the_customer(self):
        stranger = self._make_contact("Stranger", "+12125550177")
        self.assertEqual(self._of_one(partner=stranger), ["foreign_contact"])

    def test_several_things_at_once(self):
        self.customer.phone = False
        self.company.sms_twilio_auth_token = False
        self.order.action_cancel()
        self.assertEqual(self._of_one(), ["not_ready", "closed", "number_missing"])
        alerts = self._of_many().alerts
        self.assertEqual(first_for_many(alerts), first_block(alerts))
        self.assertEqual(first_for_many(alerts).code, "not_ready")


class TestRecipients(ConfirmationTransactionCase):
    def setUp(self):
        super().setUp()
        self.recipients = self.env["fsm.confirmation.recipient"]

    def _assert_chosen(self, partner):
        self.assertEqual(self._wizard().partner_id, partner)
        composer = self.env["fsm.confirmation.composer"].with_user(self.dispatcher)
        [draft] = composer._draft_many(self.order)
        self.assertEqual(draft.partner, partner)

    def test_many_are_asked_whom_the_dialog_proposes(self):
        self._assert_chosen(self.customer)
        self.customer.phone = False
        self._assert_chosen(self.customer)
        colleague = self._make_contact(
            "Juan Gomez", "+12125550124", parent_id=self.customer.id
        )
        self._assert_chosen(colleague)
        neighbor = self._make_contact(
            "Ann Neighbor", "+12125550125", service_location_id=self.location.id
        )
        colleague.active = False
        self._assert_chosen(neighbor)

    def test_each_order_has_its_own(self):
        other_customer = self._make_contact("Rosa Diaz", False)
        other = self._make_order(location_id=self._make_location(other_customer).id)
        below = self._make_contact("Their Office", False, parent_id=other_customer.id)
        deep = self._make_contact("Luz Diaz", "+12125550126", parent_id=below.id)
        chosen = self.recipients._choose(self.order | other)
        self.assertEqual(chosen, {self.order: self.customer, other: deep})
        self.assertIn(deep, self.recipients._get_all(other))
        self.assertNotIn(deep, self.recipients._get_all(self.order))

    def test_contacts_of_another_company_stay_out(self):
        company = self._make_company("Other Services", number="+12025550177")
        self.customer.phone = False
        self._make_contact(
            "Theirs", "+12125550127", parent_id=self.customer.id, company_id=company.id
        )
        self._assert_chosen(self.customer)


class TestDeparture(ConfirmationTransactionCase):
    def _codes(self, record):
        found = self.env["fsm.confirmation.alert"]._get_departure_alerts(record)
        return [alert.code for alert in found.get(record, [])]

    def test_what_keeps_a_text_from_leaving(self):
        record = self._send()
        alerts = self.env["fsm.confirmation.alert"]
        self.assertEqual(self._codes(record), [])
        self.assertIsNone(alerts._get_departure_block(record))
        self.company.sms_twilio_auth_token = False
        self.assertEqual(self._codes(record), ["not_ready"])
        self.company.job_confirmation_enabled = False
        self.assertEqual(self._codes(record), ["disabled"])
        # An administrator puts that right: it is no reason to give the text up.
        self.assertLessEqual(set(self._codes(record)), SETUP)
        self.assertIsNone(alerts._get_departure_block(record))

    def test_the_appointment(self):
        record = self._send()
        self.order.scheduled_date_start = self.start + timedelta(days=3)
        self.assertEqual(self._codes(record), ["changed"])
        alerts = self.env["fsm.confirmation.alert"]
        self.assertIn("changed before", alerts._get_departure_block(record).text)

    def test_what_has_passed_and_who_opted_out(self):
        first = self._send()
        second = self._send(self._make_order(self.start + timedelta(days=1)))
        self._pass_time(first, hours=1)
        self.env["phone.blacklist"].sudo()._add(["+12125550123"])
        self.assertEqual(self._codes(second)[0], "opted_out")
        found = self.env["fsm.confirmation.alert"]._get_departure_alerts(first | second)
        self.assertEqual(found[first][0].code, "past")
        self.assertIn("passed before", found[first][0].text)
        self.assertIn("opted out before", found[second][0].text)

    def test_a_text_without_a_sender(self):
        record = self._send().sudo()
        record.sender = False
        self.assertEqual(self._codes(record), ["not_ready"])
