# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts that ask nothing: sent like questions, and counted like none."""

from datetime import timedelta

import psycopg2

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import ConfirmationHttpCase

TOLD = ("staff", "notice", "on_my_way", "times", "reminder")


@tagged("post_install", "-at_install")
class TestKinds(ConfirmationHttpCase):
    """Through the simulator and real signed webhooks."""

    def _tell(self, kind="staff", words="Is the gate open?", order=None):
        order = order or self.order
        composer = self.env["fsm.confirmation.composer"]
        recipients = self.env["fsm.confirmation.recipient"]
        order_sudo = order.sudo()
        partner = recipients._choose(order_sudo)[order_sudo]
        draft = composer._draft(order, self.env["fsm.visit"], partner)
        draft.kind, draft.words = kind, words
        record = composer._record([draft], self.dispatcher).sudo(False)
        self._run_outbox()
        return record

    def test_a_told_text_is_sent_and_counts_for_nothing(self):
        for kind in TOLD:
            record = self._tell(kind, f"About {kind}")
            self.assertEqual((record.state, record.is_open), ("delivered", False), kind)
            self.assertEqual(record.indicator, "delivered")
            self.assertFalse(record.code or record.closed_reason or record.response)
            self.assertEqual(self.order.confirmation_status, "not_sent")
            self.assertIn(f"About {kind}", self._history(self.order))
            self.assertIn(f"About {kind}", self._history(record.partner_id))
            self.assertFalse(record.can_send_again)
        tiles = self.env["fsm.message.center"]._count_tiles(
            [("order_id", "=", self.order.id)]
        )
        self.assertFalse(any(tile["count"] for tile in tiles))

    def test_a_question_beside_told_texts(self):
        self._tell()
        question = self._send(self.order)
        self._run_outbox()
        self.assertFalse(question.code)
        told = self._tell("notice", "Your technician is Kim now.")
        self.assertTrue(question.is_open)
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self._customer_says("Yes")
        self.assertEqual(question.response, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertFalse(told.response)

    def test_a_yes_to_staff_confirms_nothing(self):
        question = self._send(self.order)
        self._run_outbox()
        self._tell("staff", "Can we come at the back door?")
        result = self._customer_says("Yes")
        self.assertFalse(result["replies"])
        self.assertFalse(question.response)
        self.assertTrue(question.needs_reading)
        self.assertEqual(self.order.confirmation_status, "awaiting")

    def test_a_reply_where_nothing_was_asked(self):
        told = self._tell("staff", "Is the gate open?")
        for words in (
            "Yes",
            "Tuesday is fine, I will be there",
            "no",
            "the code is 4471",
        ):
            told.sudo().needs_reading = False
            result = self._customer_says(words)
            self.assertFalse(result["replies"], words)
            self.assertEqual((told.response, told.needs_reading), (False, True), words)
            self.assertEqual(self.order.confirmation_status, "not_sent")
        reply = self.env["fsm.confirmation.reply"].search([], limit=1)
        self.assertEqual((reply.state, reply.confirmation_id), ("matched", told))
        shown = [event["text"] for event in told.get_conversation()["events"]]
        self.assertEqual(shown[:2], ["Is the gate open?", "Yes"])
        result = self._customer_says("thanks!")
        self.assertFalse(result["replies"])

    def test_stop_to_a_told_text(self):
        told = self._tell()
        self._customer_says("STOP")
        self.assertFalse(told.response)
        self.assertTrue(told.partner_id.confirmation_opt_out)

    def test_twilio_refuses_a_told_text(self):
        self.twilio.block("+12125550123")
        told = self._tell()
        self.assertEqual((told.state, told.indicator), ("failed", "failed"))
        self.assertFalse(told.response)
        self.assertEqual(self.order.confirmation_status, "not_sent")
        self.assertTrue(self.customer.phone_sanitized_blacklisted)

    def test_what_stands_in_the_way(self):
        """One list of alerts, whatever is sent: what is about asking is left out."""
        self.order.scheduled_date_start = fields.Datetime.now() - timedelta(days=3)
        draft = self.env["fsm.confirmation.composer"]._draft(
            self.order, self.env["fsm.visit"], self.customer
        )
        check = self.env["fsm.confirmation.alert"]._check
        check([draft])
        self.assertEqual([alert.code for alert in draft.alerts], ["past"])
        draft.kind = "staff"
        check([draft])
        self.assertFalse(draft.alerts)
        self._customer_says("STOP")
        check([draft])
        self.assertEqual([alert.code for alert in draft.alerts], ["opted_out"])

    def test_what_moves_keeps_what_was_told(self):
        told = self._tell("staff", "See you")
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(self.order.confirmation_status, "not_sent")
        self.assertFalse(told.closed_reason)

    def test_a_told_text_that_is_refused_is_for_a_person(self):
        for how in ("at once", "by a report"):
            for kind in TOLD:
                with self.subTest((how, kind)):
                    self.twilio.reset()
                    self.setUp()
                    today = self._local_time("America/New_York", 0, 23, 50)
                    order = self._make_order(today, hours=0.1)
                    if how == "at once":
                        self.twilio.block("+12125550123")
                    else:
                        self.twilio.configure(auto_deliver=False)
                    told = self._tell(kind, order=order)
                    if how != "at once":
                        self._twilio_reports(told, "failed", error_code=21610)
                    self.assertEqual(told.failure_type, "consent")
                    [activity] = order.activity_ids
                    self.assertEqual(
                        activity.activity_type_id.name, "Call the customer"
                    )
                    self.env["phone.blacklist"].search([]).unlink()

    def test_only_what_a_person_wrote_outlives_its_appointment(self):
        composer = self.env["fsm.confirmation.composer"]
        records = {}
        for kind in ("staff", "notice", "reminder"):
            draft = composer._draft(self.order, self.env["fsm.visit"], self.customer)
            draft.kind, draft.words = kind, kind
            records[kind] = composer._record([draft], self.dispatcher)
        self.order.scheduled_date_start += timedelta(days=1)
        self._run_outbox()
        states = {kind: record.state for kind, record in records.items()}
        self.assertEqual(
            states,
            {"staff": "delivered", "notice": "canceled", "reminder": "canceled"},
        )

    def test_nobody_answers_what_asks_nothing(self):
        told = self._tell()
        with self.assertRaises(UserError):
            told.with_user(self.dispatcher).response = "confirmed"
        with (
            self.assertRaises(psycopg2.errors.CheckViolation),
            mute_logger("odoo.sql_db"),
            self.env.cr.savepoint(),
        ):
            told.sudo().write({"response": "confirmed"})
            told.flush_recordset()

    def test_a_told_text_is_on_no_board(self):
        self._tell()
        row = self.env["fsm.appointment"].search([("order_id", "=", self.order.id)])
        self.assertFalse(row.message_id or row.asked_date)
        self.assertEqual((row.board_state, row.asked_rate), ("not_asked", 0.0))
        self._customer_says("Yes")
        row.invalidate_recordset()
        self.assertEqual(row.board_state, "to_read")
