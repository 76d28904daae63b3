# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The main loop with real webhooks: send, deliver, answer, show."""

from odoo.tests import tagged

from ..common import OUR_NUMBER, ConfirmationHttpCase


@tagged("post_install", "-at_install")
class TestMainLoop(ConfirmationHttpCase):
    def _send_and_deliver(self, order=None, **values):
        record = self._send(order, **values)
        self._run_outbox()
        return record

    def test_recorded_before_twilio_is_called(self):
        record = self._send()
        self.assertEqual(record.state, "outgoing")
        self.assertFalse(record.response)
        self.assertEqual(self.twilio.sent(), [])
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self._run_outbox()
        [text] = self.twilio.sent()
        self.assertEqual(text["to"], "+12125550123")
        self.assertEqual(text["from"], OUR_NUMBER)
        self.assertEqual(text["body"], record.body)
        self.assertEqual(record.twilio_sid, text["sid"])
        self.assertEqual(record.state, "delivered")
        self.assertTrue(record.sent_date)
        self.assertTrue(record.delivered_date)

    def test_the_outbox_sends_once(self):
        self._send_and_deliver()
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), 1)

    def test_yes(self):
        record = self._send_and_deliver()
        result = self._customer_says("Yes")
        self.assertEqual(result["status"], 200)
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(record.reply_body, "Yes")
        self.assertEqual(record.indicator, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        for target in (self.order, self.customer):
            history = self._history(target)
            self.assertIn("Reply YES to confirm", history)
            self.assertIn("Delivery: Delivered", history)
            self.assertIn("Understood as: Yes", history)
            self.assertIn(f'data-oe-id="{record.id}"', history)
        self.assertIn("is confirmed", result["replies"][0])

    def test_no_then_stop(self):
        record = self._send_and_deliver()
        self._customer_says("no")
        self.assertEqual(record.response, "declined")
        self.assertEqual(record.indicator, "declined")
        self.assertEqual(self.order.confirmation_status, "declined")
        self.assertEqual(self.order.activity_ids.activity_type_id.name, "Reschedule")
        self._customer_says("STOP")
        self.assertEqual(record.response, "opted_out")
        self.assertEqual(record.indicator, "opted_out")
        self.assertEqual(self.order.confirmation_status, "opted_out")
        self.assertTrue(self.customer.phone_sanitized_blacklisted)
        self.assertIn("STOP", self.customer.confirmation_opt_out)
        wizard = self._wizard()
        self.assertIn("Opted out on", wizard.blocking_reason)
        self.assertIn("STOP", wizard.blocking_reason)

    def test_delivery_report_of_a_landline(self):
        self.twilio.set_customer("+12125550123", kind="landline")
        record = self._send_and_deliver()
        self.assertEqual(record.state, "failed")
        self.assertEqual(record.failure_type, "landline")
        self.assertEqual(record.error_code, 30006)
        self.assertTrue(record.can_send_again)
        self.assertIn("landline", self._wizard().blocking_reason)
        self.assertEqual(self.order.confirmation_status, "not_sent")
        self.assertIn("Delivery: Failed", self._history(self.order))

    def test_twilio_refuses_an_opted_out_number(self):
        self.twilio.block("+12125550123")
        record = self._send_and_deliver()
        self.assertEqual((record.state, record.failure_type), ("failed", "consent"))
        self.assertEqual(record.response, "opted_out")
        self.assertFalse(record.can_send_again)
        self.assertTrue(self.customer.phone_sanitized_blacklisted)
        self.assertEqual(self.order.confirmation_status, "opted_out")

    def test_states_never_go_backwards(self):
        self.twilio.configure(callback_order="reversed", callback_repeat=2)
        record = self._send_and_deliver()
        self.assertEqual(record.state, "delivered")
        self._twilio_reports(record, "sent")
        self.assertEqual(record.state, "delivered")
        self._twilio_reports(record, "failed", error_code=30003)
        self.assertEqual(record.state, "delivered")

    def test_the_same_webhook_many_times_is_one_reply(self):
        record = self._send_and_deliver()
        self._customer_says("Yes", repeat=5, parallel=True)
        self.assertEqual(len(record.reply_ids), 1)
        self.assertEqual(record.response, "confirmed")

    def test_odd_texts_are_stored_whole(self):
        self._send_and_deliver()
        for number, body in enumerate(
            ["yes\x00", "é" * 1600, "‮نعم‬", "", "dGVzdA==", "🙂" * 700]
        ):
            result = self._customer_says(
                body, number=f"+1212555010{number}", num_media=0 if body else 1
            )
            self.assertEqual(result["status"], 200, body[:10])
        replies = self.env["fsm.confirmation.reply"].search([])
        self.assertEqual(len(replies), 6)
        self.assertEqual(set(replies.mapped("state")), {"unmatched"})
        self.assertIn("é" * 1600, replies.mapped("body"))
        self.assertEqual(replies.filtered("media_count").body, "")

    def test_number_that_twilio_does_not_know(self):
        self.twilio.set_customer("+12125550123", kind="invalid")
        record = self._send_and_deliver()
        self.assertEqual((record.state, record.failure_type), ("failed", "number"))
        self.assertIn("21211", record.failure_reason)

    def test_wrong_credentials_are_an_administrators_matter(self):
        self.company.sms_twilio_auth_token = "0" * 32
        record = self._send_and_deliver()
        self.assertEqual((record.state, record.failure_type), ("failed", "setup"))

    def test_busy_twilio_is_asked_again_later(self):
        self.twilio.add_fault("429", count=1)
        record = self._send_and_deliver()
        self.assertEqual(record.state, "outgoing")
        self.assertTrue(record.next_attempt_date)
        self._run_outbox()
        self.assertEqual(self.twilio.sent(), [])
        record.next_attempt_date = False
        self._run_outbox()
        self.assertEqual(record.state, "delivered")
        self.assertEqual(len(self.twilio.sent()), 1)

    def test_unknown_outcome_is_looked_up_not_sent_again(self):
        for kind in ("500", "html", "half"):
            with self.subTest(kind):
                self.twilio.reset()
                self.setUp()
                self.twilio.configure(auto_deliver=False)
                self.twilio.add_fault(kind, count=1, accepted=True)
                record = self._send_and_deliver()
                self.assertEqual(record.state, "sending")
                self.assertFalse(record.twilio_sid)
                self._run_outbox()
                self.assertEqual(len(self.twilio.sent()), 1)
                self._age_claims(record, minutes=5)
                self._run_outbox()
                [text] = self.twilio.sent()
                self.assertEqual(record.twilio_sid, text["sid"])
                record._close_sudo("closed")

    def test_send_again_is_a_new_message_linked_to_the_first(self):
        self.twilio.set_customer("+12125550123", kind="unreachable")
        first = self._send_and_deliver()
        self.assertEqual(first.failure_type, "unreachable")
        self.twilio.set_customer("+12125550123", kind="mobile")
        context = first.with_user(self.dispatcher).action_send_again()["context"]
        self.assertEqual(context["default_previous_id"], first.id)
        second = self._send(previous_id=first.id)
        self._run_outbox()
        self.assertEqual(second.previous_id, first)
        self.assertEqual(second.state, "delivered")
        self.assertFalse(first.can_send_again)
