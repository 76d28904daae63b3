# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Staff write back in a conversation (SPEC R15.1)."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ..common import ConfirmationHttpCase


@tagged("post_install", "-at_install")
class TestWriteBack(ConfirmationHttpCase):
    """Through the simulator and real signed webhooks."""

    def setUp(self):
        super().setUp()
        self.question = self._send(self.order)
        self._run_outbox()

    def _write_back(self, words, message=None, user=None):
        message = (message or self.question).with_user(user or self.dispatcher)
        message.action_write_back(words)
        self._run_outbox()
        return self.env["fsm.confirmation"].search([], limit=1)

    def _row(self):
        return self.env["fsm.appointment"].search([("order_id", "=", self.order.id)])

    def test_it_reaches_the_phone_and_the_histories(self):
        self._customer_says("Is this the plumber?")
        self.assertTrue(self.question.activity_id)
        told = self._write_back("Yes,   this is Acme.\nSee you then!")
        self.assertEqual(told.body, "Yes, this is Acme.\nSee you then!")
        self.assertEqual((told.kind, told.state), ("staff", "delivered"))
        self.assertEqual(told.user_id, self.dispatcher)
        self.assertEqual(told.order_id, self.order)
        for record in (self.order, self.customer):
            self.assertIn("this is Acme.", self._history(record))
        [*_before, event] = self.question.get_conversation()["events"]
        self.assertEqual((event["kind"], event["state"]), ("sent", "delivered"))
        # The same words everywhere for what it is and how far it got.
        self.assertEqual(event["kind_label"], "Written by hand")
        for record in (self.order, self.customer):
            note = record.message_ids.filtered(lambda rec: "this is Acme." in rec.body)
            self.assertIn("Written by hand · Delivery: Delivered", note.body)
        self.assertEqual(event["author"], self.dispatcher.name)
        with self.assertRaises(UserError):
            told.sudo().write({"body": "something else"})

    def test_who_writes_back_has_read_it(self):
        self._customer_says("Is this the plumber?")
        self.assertEqual(self._row().board_state, "to_read")
        activity = self.question.activity_id
        self.assertEqual(activity.activity_type_id.name, "Read the reply")
        self._write_back("Yes, it is. Can you be there?")
        self.assertFalse(activity.active)
        self.assertFalse(self.question.needs_reading or self.question.activity_id)
        self.assertIn(self._row().board_state, ("awaiting", "near"))
        # Their answer to that is for a person again, and never a yes to the question.
        self._customer_says("Yes")
        self.assertTrue(self.question.needs_reading)
        self.assertEqual(self.question.response, "unrecognized")
        self.env.invalidate_all()
        self.assertEqual(self._row().board_state, "to_read")

    def test_what_else_is_to_be_done_stays(self):
        self._customer_says("no, I can't make it")
        self._write_back("What about another day?")
        self.assertEqual(self.question.activity_id.activity_type_id.name, "Reschedule")
        self.assertEqual(self.order.confirmation_status, "declined")
        self._customer_says("by the way, is the dog a problem?")
        self._write_back("Not at all.")
        self.assertEqual(self.question.activity_id.activity_type_id.name, "Reschedule")

    def test_refused_to_who_opted_out(self):
        self._customer_says("STOP")
        info = self.question.with_user(self.dispatcher).get_write_back()
        self.assertIn("opted out", info["blocked"])
        with self.assertRaisesRegex(UserError, "opted out"):
            self._write_back("Please come back")
        self.assertFalse(self.env["fsm.confirmation"].search([("kind", "=", "staff")]))

    def test_what_can_not_be_written(self):
        for words in ("", "  \n ", "x" * 1601):
            with self.assertRaises(UserError):
                self._write_back(words)
        with self.assertRaises(ValidationError):
            self._write_back("Reply STOP if you want another date")
        self.company.job_confirmation_enabled = False
        with self.assertRaisesRegex(UserError, "not enabled"):
            self._write_back("Hello")

    def test_only_with_edit(self):
        for level in ("read", "none"):
            user = self.users[level]
            with self.assertRaises(AccessError):
                self._write_back("Hello", user=user)
            with self.assertRaises(AccessError):
                self.question.with_user(user).get_prepared_text(1)
        reader = self.question.with_user(self.users["read"])
        self.assertEqual(reader.get_write_back(), {"may_write": False})

    def test_a_company_of_others(self):
        other = self._make_company("Other", number="+12025550199")
        self.dispatcher.write(
            {"company_ids": [(6, 0, other.ids)], "company_id": other.id}
        )
        with self.assertRaises(AccessError):
            self._write_back("Hello")

    def test_prepared_texts(self):
        message = self.question.with_user(self.dispatcher)
        templates = message.get_write_back()["templates"]
        self.assertGreaterEqual(len(templates), 3)
        for template in templates:
            text = message.get_prepared_text(template["id"])
            self.assertTrue(text.startswith("Acme Services: "), text)
            self.assertNotIn("{{", text)
        with self.assertRaises(UserError):
            message.get_prepared_text(
                self.env.ref("fieldservice_job_confirmation.sms_template_help").id
            )
        self.assertIn("1 SMS", message.get_text_size("Hello"))
        self.assertIn("2 SMS segments", message.get_text_size("é" * 161))

    def test_prepared_texts_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.customer.lang = "fr_FR"
        template = self.env["sms.template"].create(
            {
                "name": "Gate",
                "confirmation_kind": "staff",
                "model_id": self.env["ir.model"]._get_id("fsm.confirmation"),
                "body": "The gate?",
            }
        )
        template.with_context(lang="fr_FR").body = "Le portail ?"
        message = self.question.with_user(self.dispatcher)
        self.assertEqual(message.get_prepared_text(template.id), "Le portail ?")

    def test_texting_hours(self):
        """Who has just written is written to; else it waits for the hours."""
        calendar = self.env["resource.calendar"].create(
            {"name": "Never", "attendance_ids": [(5, 0, 0)], "tz": "America/New_York"}
        )
        self.company.job_confirmation_calendar_id = calendar
        message = self.question.with_user(self.dispatcher)
        self.assertTrue(message.get_write_back()["departure"])
        self._customer_says("Is this the plumber?")
        self.assertFalse(message.get_write_back()["departure"])
        self.assertEqual(self._write_back("Yes").state, "delivered")
        self.env.cr.execute(
            "UPDATE fsm_confirmation_reply SET received_date = %s",
            (fields.Datetime.now() - timedelta(hours=2),),
        )
        self.env.invalidate_all()
        self.assertNotEqual(self._write_back("Anyone there?").state, "delivered")

    def _close_the_hours(self):
        self.company.job_confirmation_calendar_id = self.env[
            "resource.calendar"
        ].create(
            {"name": "Never", "attendance_ids": [(5, 0, 0)], "tz": "America/New_York"}
        )

    def test_now_with_a_reason_outside_the_texting_hours(self):
        self._close_the_hours()
        message = self.question.with_user(self.dispatcher)
        message.action_write_back("Are you there?", "  ")
        message.action_write_back("Water is off, call us", " Burst pipe ")
        self._run_outbox()
        waiting, told = self.env["fsm.confirmation"].search(
            [("kind", "=", "staff")], order="id"
        )
        self.assertEqual(told.state, "delivered")
        self.assertNotEqual(waiting.state, "delivered")
        for record in (told, self.order, self.customer):
            history = self._history(record)
            self.assertIn("Sent outside the texting hours: Burst pipe", history)
        self.assertEqual(self._history(self.order).count("Sent outside"), 1)
        for level in ("read", "none"):
            with self.assertRaises(AccessError):
                self.question.with_user(self.users[level]).action_write_back("x", "y")

    def test_a_reason_within_the_texting_hours_is_none(self):
        self.question.with_user(self.dispatcher).action_write_back("Hello", "Hurry")
        self._close_the_hours()
        self._customer_says("Is this the plumber?")
        self.question.with_user(self.dispatcher).action_write_back("Yes", "Hurry")
        self._run_outbox()
        self.assertNotIn("Hurry", self._history(self.order))

    def test_a_second_click_writes_nothing(self):
        message = self.question.with_user(self.dispatcher)
        for words in ("Please call us", "Please  call us ", "Please call us!"):
            message.action_write_back(words)
        self._run_outbox()
        told = self.env["fsm.confirmation"].search([("kind", "=", "staff")])
        self.assertEqual(told.mapped("body"), ["Please call us!", "Please call us"])
        # What failed, or was said before, is written again.
        told[0].sudo().state = "failed"
        message.action_write_back("Please call us!")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET create_date = create_date - interval '1 min'"
        )
        message.action_write_back("Please call us")
        staff = [("kind", "=", "staff")]
        self.assertEqual(self.env["fsm.confirmation"].search_count(staff), 4)

    def test_the_box_says_that_it_leaves_after_the_appointment(self):
        yesterday = fields.Datetime.now() - timedelta(days=1)
        day = {"dayofweek": str(yesterday.weekday()), "hour_from": 11, "hour_to": 12}
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Once a week",
                "attendance_ids": [(5, 0, 0), (0, 0, {"name": "Noon", **day})],
                "tz": "America/New_York",
            }
        )
        self.company.job_confirmation_calendar_id = calendar
        info = self.question.with_user(self.dispatcher).get_write_back()
        self.assertIn("after the appointment. Call instead.", info["departure"])

    def test_from_the_board(self):
        row = self._row().with_user(self.dispatcher)
        self.assertIn("write_back", [step["key"] for step in row.next_steps])
        action = row.action_next_step("write_back")
        self.assertEqual(action["res_id"], self.question.id)
        self.assertTrue(action["context"]["confirmation_write_back"])
        reader = self._row().with_user(self.users["read"])
        self.assertNotIn("write_back", [step["key"] for step in reader.next_steps])


STRANGER = "+12125550188"


@tagged("post_install", "-at_install")
class TestWriteBackToUnmatched(ConfirmationHttpCase):
    """A reply that belongs to no message is answered where it is listed."""

    def _stray(self, words="Is this the plumber?", number=STRANGER, **options):
        known = self.env["fsm.confirmation.reply"].search([])
        self._customer_says(words, number=number, **options)
        self.env.invalidate_all()
        return self.env["fsm.confirmation.reply"].search([]) - known

    def _write_back(self, reply, words="Yes, this is Acme.", user=None):
        reply.with_user(user or self.dispatcher).action_write_back(words)
        self._run_outbox()
        return self.env["fsm.confirmation"].search([], limit=1)

    def _texts(self, reply):
        return [event["text"] for event in reply.get_conversation()["events"]]

    def test_a_stranger(self):
        reply = self._stray()
        self.assertEqual(reply.state, "unmatched")
        info = reply.with_user(self.dispatcher).get_write_back()
        self.assertEqual((info["blocked"], info["departure"]), ("", ""))
        self.assertEqual(info["to"], reply.mobile_display)
        told = self._write_back(reply)
        self.assertEqual((told.kind, told.state), ("staff", "delivered"))
        self.assertEqual((told.mobile, told.user_id), (STRANGER, self.dispatcher))
        self.assertEqual(told.company_id, reply.company_id)
        self.assertFalse(told.order_id or told.partner_id or told.is_open)
        self.assertEqual(self.twilio.messages()[-1]["from"], reply.recipient)
        with self.assertRaises(UserError):
            told.sudo().write({"body": "something else"})
        self.assertTrue(reply.is_done)
        words = ["Is this the plumber?", "Yes, this is Acme."]
        self.assertEqual(self._texts(reply), words)
        self.assertEqual(self._texts(told), words)
        [_heard, event] = reply.get_conversation()["events"]
        self.assertEqual((event["kind"], event["state"]), ("sent", "delivered"))

    def test_what_comes_back_is_listed_again(self):
        first = self._stray()
        told = self._write_back(first)
        second = self._stray("Yes, when do you come?")
        self.assertEqual((second.state, second.is_done), ("unmatched", False))
        self.assertFalse(second.auto_reply_body)
        self.assertEqual(len(self._texts(second)), 3)
        # Written back to in the details of our own text: it is read as well.
        told.with_user(self.dispatcher).action_write_back("On Friday.")
        self.assertTrue(second.is_done)
        thanks = self._stray("ok thanks")
        self.assertEqual((thanks.intent, thanks.is_done), ("courtesy", True))
        self.assertFalse(told.needs_reading or told.reply_ids)

    def test_a_yes_to_it_confirms_nothing(self):
        reply = self._stray(number=self.customer._phone_format())
        question = self._send(self.order)
        self._run_outbox()
        self._write_back(reply, "Can you send a picture?")
        self._customer_says("Yes")
        self.assertNotEqual(question.response, "confirmed")
        self.assertTrue(question.needs_reading)

    def test_a_question_asked_later_is_answered(self):
        reply = self._stray(number=self.customer._phone_format())
        self.assertEqual(reply.partner_id, self.customer)
        told = self._write_back(reply)
        self.assertEqual(told.partner_id, self.customer)
        self.assertIn("Yes, this is Acme.", self._history(self.customer))
        question = self._send(self.order)
        self._run_outbox()
        self.assertFalse(question.code)
        self._customer_says("Yes")
        self.assertEqual(question.response, "confirmed")

    def test_refused_to_who_opted_out(self):
        reply = self._stray()
        self._stray("STOP")
        info = reply.with_user(self.dispatcher).get_write_back()
        self.assertIn("opted out", info["blocked"])
        with self.assertRaisesRegex(UserError, "opted out"):
            self._write_back(reply)
        self.assertFalse(self.env["fsm.confirmation"].search([]))

    def test_what_is_no_number(self):
        reply = self._stray()
        for mobile in ("12345", "AMAZON"):
            self.env.cr.execute(
                "UPDATE fsm_confirmation_reply SET mobile = %s WHERE id = %s",
                (mobile, reply.id),
            )
            self.env.invalidate_all()
            info = reply.with_user(self.dispatcher).get_write_back()
            self.assertIn("can't be texted", info["blocked"])
            with self.assertRaisesRegex(UserError, "can't be texted"):
                self._write_back(reply)

    def test_now_with_a_reason_outside_the_texting_hours(self):
        reply = self._stray()
        self.company.job_confirmation_calendar_id = self.env[
            "resource.calendar"
        ].create(
            {"name": "Never", "attendance_ids": [(5, 0, 0)], "tz": "America/New_York"}
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_confirmation_reply SET received_date = %s",
            (fields.Datetime.now() - timedelta(hours=2),),
        )
        self.env.invalidate_all()
        reply.with_user(self.dispatcher).action_write_back("Yes", "Burst pipe")
        self._run_outbox()
        told = self.env["fsm.confirmation"].search([], limit=1)
        self.assertEqual(told.state, "delivered")
        self.assertIn("texting hours: Burst pipe", self._history(told))

    def test_a_matched_reply_is_in_its_conversation(self):
        question = self._send(self.order)
        self._run_outbox()
        reply = self._stray("hm, perhaps", number=self.customer._phone_format())
        self.assertEqual(reply.confirmation_id, question)
        self.assertEqual(self._texts(reply), self._texts(question))
        self.assertEqual(self._write_back(reply).order_id, self.order)

    def test_prepared_texts(self):
        reply = self._stray().with_user(self.dispatcher)
        templates = reply.get_write_back()["templates"]
        self.assertTrue(templates)
        for template in templates:
            text = reply.get_prepared_text(template["id"])
            self.assertTrue(text.startswith("Acme Services: "), text)
        with self.assertRaises(UserError):
            reply.get_prepared_text(
                self.env.ref("fieldservice_job_confirmation.sms_template_staff_call").id
            )

    def test_only_with_edit(self):
        reply = self._stray()
        for level in ("read", "none"):
            with self.assertRaises(AccessError):
                self._write_back(reply, user=self.users[level])
        reader = reply.with_user(self.users["read"])
        self.assertEqual(reader.get_write_back(), {"may_write": False})
        self.assertEqual(self._texts(reader), ["Is this the plumber?"])
        other = self._make_company("Other", number="+12025550199")
        self.dispatcher.write(
            {"company_ids": [(6, 0, other.ids)], "company_id": other.id}
        )
        for method in ("get_conversation", "get_write_back"):
            with self.assertRaises(AccessError):
                getattr(reply.with_user(self.dispatcher), method)()
        with self.assertRaises(AccessError):
            self._write_back(reply)
