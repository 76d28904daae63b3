# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Replies on the right appointment: whole stories."""

import ast
import re
from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged

from ...core.delivery import GIVEN_UP
from ..common import OUR_NUMBER, ConfirmationHttpCase, ConfirmationTransactionCase


@tagged("post_install", "-at_install")
class TestStoriesOverHttp(ConfirmationHttpCase):
    """Through real signed webhooks."""

    def _open(self, order=None, **values):
        record = self._send(order, **values)
        self._run_outbox()
        return record

    def test_two_orders_one_customer(self):
        second_order = self._make_order(self.start + timedelta(days=1))
        first = self._open()
        second = self._open(second_order)
        self.assertFalse(first.code)
        self.assertRegex(second.code, r"^[1-9]\d\d$")
        self.assertIn(f"Reply YES {second.code} to confirm", second.body)
        self.assertIn(f"NO {second.code} to decline", second.body)

        # Without a code nothing is guessed: the customer is asked which one.
        result = self._customer_says("Yes")
        self.assertFalse(first.response)
        self.assertFalse(second.response)
        [question] = result["replies"]
        self.assertTrue(first.code, "the first one has a code now as well")
        self.assertIn(first.code, question)
        self.assertIn(second.code, question)
        reply = self.env["fsm.confirmation.reply"].search([], limit=1)
        self.assertEqual((reply.state, reply.intent), ("unmatched", "unrecognized"))

        # The next reply settles it.
        self._customer_says(f"{first.code} yes")
        self.assertEqual(first.response, "confirmed")
        self.assertFalse(second.response)
        # After our thank-you it could be either of them.
        [question] = self._customer_says("no")["replies"]
        self.assertIn(first.code, question)
        self.assertFalse(second.response)
        self._customer_says(f"no {second.code}")
        self.assertEqual(second.response, "declined")
        self.assertEqual(first.response, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertEqual(second_order.confirmation_status, "declined")

    def test_three_visits_confirmed_in_one_text(self):
        visits = [self._make_visit(self.order, days) for days in (1, 2, 3)]
        records = [self._open(visit_id=visit.id) for visit in visits]
        self.assertEqual([bool(rec.code) for rec in records], [False, True, True])
        self._customer_says("ok")
        codes = [rec.code for rec in records]
        self.assertTrue(all(codes))
        self.assertEqual(len(set(codes)), 3)
        self._customer_says(f"YES {codes[0]} NO {codes[1]} yes {codes[2]}")
        self.assertEqual(
            [rec.response for rec in records], ["confirmed", "declined", "confirmed"]
        )
        self.assertEqual(
            [visit.confirmation_status for visit in visits],
            ["confirmed", "declined", "confirmed"],
        )
        self.assertEqual(self.order.confirmation_status, "declined")
        self._customer_says(f"yes {codes[1]}")
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_change_of_mind(self):
        record = self._open()
        self._customer_says("Yes")
        self._customer_says("sorry, no")
        self.assertEqual(record.response, "declined")
        self._customer_says("Actually yes, please come")
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(len(record.reply_ids), 3)
        self.assertFalse(self.order.activity_ids)
        # Thanks after an answer change nothing and get no answer.
        result = self._customer_says("Thanks")
        self.assertEqual(record.response, "confirmed")
        self.assertFalse(result["replies"])

    def test_code_of_somebody_else(self):
        other = self._make_contact("Other", "+12125550188")
        self.location.owner_id = other
        self._open(self._make_order(), partner_id=other.id)
        theirs = self._open(self._make_order(), partner_id=other.id)
        mine = self._open(partner_id=self.customer.id)
        self.assertTrue(theirs.code)
        self._customer_says(f"yes {theirs.code}")
        self.assertFalse(theirs.response)
        self.assertEqual(mine.response, "unrecognized", "a number that is not its own")

    def test_same_number_on_two_contacts(self):
        wife = self._make_contact("Wife", "212-555-0123", parent_id=self.customer.id)
        first = self._open()
        second = self._open(self._make_order(), partner_id=wife.id)
        self.assertTrue(second.code)
        self._customer_says(f"No {second.code}")
        self.assertEqual(second.response, "declined")
        self.assertFalse(first.response)
        reply = second.reply_ids
        self.assertEqual(reply.partner_id, wife)

    def test_moved_meanwhile(self):
        record = self._open()
        self.order.write(
            {
                "scheduled_date_start": self.start + timedelta(days=1),
                "scheduled_duration": 2.0,
            }
        )
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertEqual(record.closed_reason, "moved")
        result = self._customer_says("Yes")
        self.assertFalse(record.response)
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertIn("has since been moved to", result["replies"][0])
        self.assertEqual(record.reply_ids.body, "Yes")
        self.assertEqual(
            self.order.activity_ids.activity_type_id.name, "Read the reply"
        )
        # Ask again: the new question is the one that is answered.
        again = self._open()
        self._customer_says("Yes")
        self.assertEqual(again.response, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_canceled_meanwhile(self):
        record = self._open()
        self.order.action_cancel()
        result = self._customer_says("Yes")
        self.assertFalse(record.response)
        self.assertIn("no longer scheduled", result["replies"][0])

    def test_passed_meanwhile(self):
        record = self._open()
        self._pass_time(record, hours=1)
        result = self._customer_says("Yes")
        self.assertFalse(record.response)
        self.assertIn("has passed", result["replies"][0])

    def test_visit_deleted_meanwhile(self):
        visit = self._make_visit(self.order, 1)
        record = self._open(visit_id=visit.id)
        visit.unlink()
        self.assertEqual(record.closed_reason, "deleted")
        result = self._customer_says("Yes")
        self.assertFalse(record.response)
        self.assertIn("no longer scheduled", result["replies"][0])

    def test_unclear_is_asked_back_once_in_one_text(self):
        record = self._open()
        result = self._customer_says("maybe, if it rains")
        self.assertEqual(record.response, "unrecognized")
        self.assertEqual(self.order.confirmation_status, "unrecognized")
        self.assertEqual(len(result["replies"]), 1)
        self.assertIn("Reply YES to confirm or NO", result["replies"][0])
        # A bare yes may still mean "if it rains"; naming the time does not.
        self._customer_says("ok yes")
        self.assertEqual(record.response, "unrecognized")
        self.assertTrue(record.needs_reading)
        self._customer_says("Yes, 9 am is fine")
        self.assertEqual(record.response, "confirmed")
        kind = self.order.activity_ids.activity_type_id.name
        self.assertEqual(kind, "Read the reply", "nobody has read the first yes")

    def test_no_loop_with_a_machine(self):
        record = self._open()
        self.assertFalse(self._customer_says(record.body)["replies"])
        self.assertFalse(
            self._customer_says("I'm driving with Do Not Disturb turned on.")["replies"]
        )
        answers = [
            len(self._customer_says("what?? hmm")["replies"]) for _count in range(12)
        ]
        self.assertLessEqual(sum(answers), 6)
        self.assertNotIn(record.response, ("confirmed", "declined", "opted_out"))

    def test_help(self):
        self._open()
        replies = self._customer_says("HELP")["replies"]
        self.assertTrue(any("Acme Services" in text for text in replies))

    def test_opt_out_and_in_again(self):
        record = self._open()
        result = self._customer_says("Stop texting me")
        self.assertFalse(result["replies"])
        self.assertEqual(record.response, "opted_out")
        self.assertTrue(self._wizard().blocking_reason)
        self.assertIn("Stop texting me", self._history(self.customer))
        result = self._customer_says("START")
        self.assertNotEqual(record.response, "confirmed")
        self.assertFalse(self._wizard().blocking_reason)
        self.assertFalse(self.customer.confirmation_opt_out)

    def _order_of(self, company):
        """A Work Order of another company for the same customer."""
        self.dispatcher.company_ids |= company
        team = self.env["fsm.team"].search([("company_id", "=", company.id)], limit=1)
        return (
            self.env["fsm.order"]
            .with_company(company)
            .create(
                {
                    "location_id": self.location.id,
                    "company_id": company.id,
                    "scheduled_date_start": self.start,
                    "scheduled_duration": 1.0,
                    "team_id": team.id,
                }
            )
        )

    def _answer_from_two_numbers(self, other):
        ours = self._open()
        theirs = self._open(self._order_of(other))
        self.assertEqual(theirs.sender, "+12025550199")
        self.assertFalse(theirs.code, "another number asks: no doubt which one")
        self._customer_says("No", to="+12025550199")
        self.assertEqual(theirs.response, "declined")
        self.assertFalse(ours.response)
        self._customer_says("Yes", to=OUR_NUMBER)
        self.assertEqual(ours.response, "confirmed")
        self.assertEqual(theirs.response, "declined")
        self.assertEqual(theirs.reply_ids.company_id, other)

    def test_two_companies_share_an_account(self):
        other = self._make_company("Other", number="+12025550199")
        self.twilio.set_number(
            "+12025550199",
            sms_url=self.base_url() + "/job_confirmation/twilio/inbound",
        )
        self._answer_from_two_numbers(other)

    def test_two_companies_with_accounts_of_their_own(self):
        account = {"sid": "AC" + "9" * 32, "auth_token": "9" * 32}
        self.twilio.configure(accounts=[{**account, "numbers": []}])
        self.twilio.set_number(
            "+12025550199",
            account_sid=account["sid"],
            sms_url=self.base_url() + "/job_confirmation/twilio/inbound",
        )
        other = self._make_company(
            "Other",
            number="+12025550199",
            sms_twilio_account_sid=account["sid"],
            sms_twilio_auth_token=account["auth_token"],
        )
        self._answer_from_two_numbers(other)

    def test_two_companies_share_a_number(self):
        other = self._make_company("Other")
        ours = self._open()
        theirs = self._open(self._order_of(other))
        self.assertTrue(theirs.code)
        self._customer_says("Yes")
        self.assertFalse(ours.response or theirs.response)
        self._customer_says(f"no {theirs.code}")
        self.assertEqual(theirs.response, "declined")
        self.assertFalse(ours.response)
        self.assertEqual(theirs.reply_ids.company_id, other)
        self._customer_says(f"yes {ours.code}")
        self.assertEqual(ours.response, "confirmed")
        self.assertEqual(ours.reply_ids.company_id, self.company)

    def test_answer_in_the_contacts_language_falls_back(self):
        record = self._open()
        result = self._customer_says("Sí, gracias")
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(len(result["replies"]), 1)

    def test_advanced_opt_out_is_twilios_word(self):
        record = self._open()
        result = self._customer_says("no more of this", opt_out_type="STOP")
        self.assertFalse(result["replies"])
        self.assertEqual(record.response, "opted_out")
        result = self._customer_says("again please", opt_out_type="START")
        self.assertFalse(result["replies"])
        self.assertFalse(self._wizard().blocking_reason)
        self.assertFalse(self._customer_says("HELP", opt_out_type="HELP")["replies"])

    def test_answers_switched_off(self):
        self.company.job_confirmation_auto_reply = False
        record = self._open()
        self.assertFalse(self._customer_says("Yes")["replies"])
        self.assertEqual(record.response, "confirmed")

    def test_own_texts_with_placeholders(self):
        self.company.job_confirmation_text_ids = self.env["sms.template"].create(
            {
                "name": "Ours",
                "confirmation_kind": "confirmed",
                "model_id": self.env["ir.model"]._get("fsm.confirmation").id,
                "body": "See you {{ object.date_text }} {nonsense} "
                "{company.sms_twilio_auth_token}",
            }
        )
        self._open()
        [answer] = self._customer_says("Yes")["replies"]
        self.assertTrue(answer.startswith("See you "))
        self.assertIn("{nonsense} {company.sms_twilio_auth_token}", answer)


@tagged("post_install", "-at_install")
class TestStories(ConfirmationTransactionCase):
    """The same without HTTP, where HTTP adds nothing."""

    def test_unmatched_reply_is_attached_by_hand(self):
        record = self._send()
        reply = self._reply("Yes, Tuesday is fine", number="+12125550166")
        self.assertEqual(reply.state, "unmatched")
        self.assertFalse(
            reply.auto_reply_body, "no question was open, none is answered"
        )
        mine = reply.with_user(self.dispatcher)
        with self.assertRaises(AccessError):
            reply.with_user(self.users["read"]).write({"confirmation_id": record.id})
        wizard = (
            self.env["fsm.confirmation.settle"]
            .with_user(self.dispatcher)
            .create(
                {
                    "action": "attach",
                    "reply_id": mine.id,
                    "confirmation_id": record.id,
                    "response": "confirmed",
                }
            )
        )
        wizard.action_apply()
        self.assertEqual(reply.state, "matched")
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(record.reply_body, "Yes, Tuesday is fine")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertIn("attached by hand", self._history(self.order))
        self.assertIn("Yes, Tuesday is fine", self._history(self.customer))
        with self.assertRaises(UserError):
            mine.write({"confirmation_id": record.id})

    def test_answer_is_corrected_by_hand(self):
        record = self._send()
        self._reply("perhaps")
        self.assertEqual(
            self.order.activity_ids.activity_type_id.name, "Read the reply"
        )
        self.env["fsm.confirmation.settle"].with_user(self.dispatcher).create(
            {
                "action": "settle",
                "confirmation_id": record.id,
                "response": "confirmed",
                "note": "called",
            }
        ).action_apply()
        self.assertEqual(record.response, "confirmed")
        self.assertFalse(self.order.activity_ids)
        history = self._history(self.order)
        self.assertIn("from Unrecognized to Confirmed", history)
        self.assertIn("called", history)
        note = self.order.message_ids.filtered(lambda msg: "called" in msg.body)
        self.assertEqual(note.author_id, self.dispatcher.partner_id)

    def test_status_by_hand_is_in_the_history(self):
        # The Work Order was there before: what is new is not tracked.
        self.env.cr.flush()
        self.order.with_user(self.dispatcher).confirmation_status = "confirmed"
        self.env.flush_all()
        self.env.cr.precommit.run()
        tracking = self.order.message_ids.tracking_value_ids
        self.assertEqual(tracking.old_value_char, "Not sent")
        self.assertEqual(tracking.new_value_char, "Confirmed")
        self.assertEqual(tracking.mail_message_id.author_id, self.dispatcher.partner_id)

    def test_lifting_an_opt_out_needs_a_reason(self):
        self._send()
        self._reply("stop")
        wizards = self.env["fsm.confirmation.settle"].with_user(self.dispatcher)
        values = {"action": "lift", "partner_id": self.customer.id}
        with self.assertRaises(UserError):
            wizards.create(values).action_apply()
        wizards.create({**values, "note": "asked for texts at the desk"}).action_apply()
        self.assertFalse(self.customer.phone_sanitized_blacklisted)
        self.assertIn("asked for texts at the desk", self._history(self.customer))
        self.assertFalse(self._wizard().blocking_reason)

    def test_codes_are_unique_in_the_database(self):
        self._send()
        second = self._send(self._make_order())
        third = self._send(self._make_order())
        self.assertNotEqual(second.code, third.code)
        with (
            self.assertRaisesRegex(Exception, "code_unique"),
            self.env.cr.savepoint(),
        ):
            self.env.cr.execute(
                "UPDATE fsm_confirmation SET code = %s WHERE id = %s",
                (second.code, third.id),
            )

    def test_visits(self):
        visits = [self._make_visit(self.order, days) for days in (3, 1, -10)]
        wizard = self._wizard()
        self.assertEqual(wizard.visit_id, visits[1])
        self.assertEqual(
            wizard.available_visit_ids.sorted("scheduled_date_start"),
            visits[1] | visits[0],
        )
        first_text = wizard.body
        wizard.visit_id = visits[0]
        self.assertNotEqual(wizard.body, first_text)
        self.assertIn(
            self.order.with_context(
                confirmation_visit_ids=visits[0].ids
            ).confirmation_date,
            wizard.body,
        )
        record = self._send(visit_id=visits[0].id)
        self.assertEqual(record.visit_id, visits[0])
        self.assertEqual(visits[0].confirmation_status, "awaiting")
        self.assertEqual(visits[1].confirmation_status, "not_sent")
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self._reply("yes")
        self.assertEqual(visits[0].confirmation_status, "confirmed")
        self.assertEqual(self.order.confirmation_status, "not_sent")

    def test_moving_one_visit(self):
        visits = [self._make_visit(self.order, days) for days in (1, 2)]
        first = self._send(visit_id=visits[0].id)
        second = self._send(visit_id=visits[1].id)
        self._mark_sent(first | second)
        visits[0].scheduled_date_start += timedelta(minutes=30)
        self.assertEqual(visits[0].confirmation_status, "reconfirm")
        self.assertEqual(visits[1].confirmation_status, "awaiting")
        self.assertFalse(first.is_open)
        self.assertTrue(second.is_open)
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self._reply("yes")
        self.assertEqual(second.response, "confirmed")

    def test_a_text_that_waits_is_not_sent_after_the_date_moved(self):
        record = self._send()
        self.order.write({"scheduled_date_start": self.start + timedelta(days=3)})
        self.assertEqual(record.state, "canceled")

    def test_deleting_the_order_keeps_the_message(self):
        record = self._send()
        name = self.order.name
        self.order.unlink()
        self.assertTrue(record.exists())
        self.assertEqual(record.job_name, name)
        self.assertEqual(record.contact_name, "Maria Gomez")
        self._reply("yes")
        self.assertFalse(record.response)

    def test_answer_to_a_text_that_seemed_to_have_failed(self):
        record = self._send().sudo()
        self._apply_report(record, "sent", sid="SM" + "1" * 32)
        self._apply_report(record, "undelivered", code=30003)
        self.assertEqual(record.state, "failed")
        self._reply("yes")
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_all_visits_in_the_past(self):
        self._make_visit(self.order, -5)
        self.assertIn("in the past", self._wizard().blocking_reason)

    def test_opt_out_shows_where_a_contact_is_chosen(self):
        partners = self.env["res.partner"]
        chosen = self.customer.with_context(confirmation_company_id=self.company.id)
        self.assertEqual(chosen.display_name, "Maria Gomez, (212) 555-0123")
        self.assertNotIn(
            self.customer, partners.search([("confirmation_opt_out", "!=", False)])
        )
        self._send()
        self._reply("STOP")
        chosen.invalidate_recordset()
        self.assertIn("opted out of texts", chosen.display_name)
        self.assertEqual(self.customer.display_name, "Maria Gomez")
        self.assertIn(
            self.customer, partners.search([("confirmation_opt_out", "!=", False)])
        )
        self.assertNotIn(
            self.customer, partners.search([("confirmation_opt_out", "=", False)])
        )

    def test_merging_contacts(self):
        record = self._send()
        other = self._make_contact("Maria G.", "+12125550123")
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            [self.customer.id, other.id], other
        )
        record.invalidate_recordset()
        self.assertEqual(record.partner_id, other)
        self._reply("yes", number="+12125550123")
        self.assertEqual(record.response, "confirmed")

    def test_changing_the_contacts_number(self):
        record = self._send()
        self._mark_sent(record)
        self.customer.phone = "+12125550170"
        self._reply("yes", number="+12125550170")
        self.assertFalse(record.response)
        # Whose number that is now, nobody knows.
        self._reply("yes", number="+12125550123")
        self.assertFalse(record.response)
        self.assertTrue(record.needs_reading)
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_a_problem_keeps_the_reply(self):
        self._mark_sent(self._send())
        template = self.env.ref("fieldservice_job_confirmation.mail_activity_type_read")
        template.unlink()
        inbox = self.env["fsm.confirmation.inbox"]
        text = {
            "MessageSid": "SM" + "d" * 32,
            "From": "+12125550123",
            "To": OUR_NUMBER,
            "Body": "maybe",
        }
        inbox._store_pending_sudo(self.company.sudo(), text)
        reply = self.env["fsm.confirmation.reply"].search([("body", "=", "maybe")])
        inbox._process_pending(reply.sudo())
        self.assertEqual(reply.state, "pending")
        self.assertTrue(reply.error)
        self.assertEqual(reply.body, "maybe")

    def test_doubt_after_a_clear_answer_is_shown(self):
        record = self._send()
        self._reply("yes")
        reply = self._reply("hmm, maybe, depends on the weather")
        self.assertEqual(record.response, "confirmed", "only a clear answer replaces")
        self.assertTrue(record.needs_reading)
        self.assertIn("depends", record.reply_body)
        self.assertFalse(reply.auto_reply_body)
        self.assertEqual(
            self.order.activity_ids.activity_type_id.name, "Read the reply"
        )
        self._reply("Actually no")
        self.assertEqual(record.response, "declined")
        self.assertTrue(record.needs_reading, "nobody has read the doubt")
        self.assertEqual(self.order.activity_ids.activity_type_id.name, "Reschedule")

    def _like_an_old_text(self):
        """The old text has its answer, which a like of it puts in doubt.

        :return: the new one, which has none
        """
        old = self._send()
        self._reply("no")
        new = self._send(self._make_order(self.start + timedelta(days=1)))
        self._reply(f"Liked “{old.body}”")
        self.assertFalse(new.response)
        self.assertEqual(old.response, "declined")
        self.assertTrue(old.needs_reading)
        return new

    def test_like_of_an_old_text_is_no_answer_to_the_new_question(self):
        new = self._like_an_old_text()
        self._reply(f"👍 to “{new.body}”")
        self.assertEqual(new.response, "confirmed")

    def test_short_answer_to_a_short_old_text(self):
        """Also a text of ours that is no longer than a plain answer may be quoted."""
        self.order.company_id.job_confirmation_template_id = self.env[
            "sms.template"
        ].create(
            {
                "name": "Short",
                "model_id": self.env.ref("fieldservice.model_fsm_order").id,
                "body": "{{ object.name }}: still fine for you?",
            }
        )
        new = self._like_an_old_text()
        self._reply("yes")
        self.assertEqual(new.response, "confirmed")

    def test_several_answers_are_replies_of_every_message(self):
        first = self._send()
        second = self._send(self._make_order(self.start + timedelta(days=1)))
        self.env["fsm.confirmation.code"]._ensure(first)
        reply = self._reply(f"yes {first.code} no {second.code}")
        self.assertEqual(first.reply_ids, reply)
        self.assertEqual(second.reply_ids, reply)
        self.assertEqual(reply.confirmation_ids, first | second)
        self.assertIn(": confirmed.", reply.auto_reply_body)
        self.assertIn(": declined", reply.auto_reply_body)

        third = self._send(self._make_order(self.start + timedelta(days=2)))
        mine = [("id", "in", (first | second | third).ids)]
        for condition, wanted in (
            (("reply_ids", "=", reply.id), first | second),
            (("reply_ids", "!=", reply.id), third),
            (("reply_ids", "=", False), third),
            (("reply_ids", "!=", False), first | second),
            (("reply_ids", "ilike", first.code), first | second),
            (("reply_ids.body", "ilike", first.code), first | second),
            (("reply_ids", "in", [reply.id, False]), first | second | third),
        ):
            with self.subTest(condition=condition):
                found = self.env["fsm.confirmation"].search([*mine, condition])
                self.assertEqual(found, wanted.sorted("id", reverse=True))
        inbox = self.env["fsm.confirmation.reply"]
        for message in (first, second):
            domain = [("confirmation_ids", "=", message.id)]
            self.assertEqual(inbox.search(domain), reply)

    def test_ambiguous_reply_is_settled_by_the_next_one(self):
        self._send()
        second = self._send(self._make_order(self.start + timedelta(days=1)))
        question = self._reply("yes")
        self.assertEqual(question.state, "unmatched")
        self.assertFalse(question.is_done)
        self.assertIn("Several appointments", question.reason_text)
        self._reply(f"yes {second.code}")
        self.assertTrue(question.is_done)

    def test_why_a_clear_reply_belongs_to_no_message(self):
        reply = self._reply("Yes", number="+12125550166")
        self.assertEqual((reply.state, reply.intent), ("unmatched", "confirm"))
        self.assertIn("No appointment is awaiting", reply.reason_text)

    def test_details_say_why_a_text_was_not_sent(self):
        record = self._wizard()
        record.action_send()
        message = record.sudo().confirmation_id
        self.order.action_cancel()
        self.assertEqual(message.state, "canceled")
        [event] = message.get_conversation()["events"]
        self.assertEqual(event["closed"], "Work Order completed or canceled")

    def test_unmatched_reply_is_marked_done(self):
        reply = self._reply("Is this the plumber?", number="+12125550166")
        with self.assertRaises(AccessError):
            reply.with_user(self.users["read"]).action_done()
        reply.with_user(self.dispatcher).action_done()
        self.assertTrue(reply.is_done)

    def test_history_is_kept_from_users_without_a_level(self):
        self._send()
        self._reply("yes please")
        texts = self._history(self.order)
        self.assertIn("yes please", texts)
        for target in (self.order, self.customer):
            domain = [("model", "=", target._name), ("res_id", "=", target.id)]
            notes = self.env["mail.message"].search(domain)
            for level, seen in (("none", False), ("read", True), ("edit", True)):
                self.env.invalidate_all()
                messages = self.env["mail.message"].with_user(self.users[level])
                shown = messages.search(domain)
                self.assertEqual("yes please" in "".join(shown.mapped("body")), seen)
                hidden = messages.browse((notes - shown).ids)
                self.assertEqual(not hidden, seen)
                if hidden:
                    with self.assertRaises(AccessError):
                        hidden.read(["body"])

    def test_stop_after_the_date_moved(self):
        self._mark_sent(self._send())
        self.order.write(
            {
                "scheduled_date_start": self.start + timedelta(days=1),
                "scheduled_duration": 2.0,
            }
        )
        self._reply("STOP")
        self.assertEqual(self.order.confirmation_status, "opted_out")
        self.assertEqual(
            self.order.activity_ids.activity_type_id.name, "Call the customer"
        )

    def _move(self, **delta):
        """Move the Work Order to so long after the date it had first."""
        self.order.write(
            {
                "scheduled_date_start": self.start + timedelta(**delta),
                "scheduled_duration": 2.0,
            }
        )

    def test_moved_and_moved_back(self):
        """An answer counts again when the appointment is as it was asked about."""
        for words, response in (("yes", "confirmed"), ("no", "declined")):
            record = self._send()
            self._reply(words)
            activities = self.order.activity_ids
            self._move(days=1)
            self.assertEqual(self.order.confirmation_status, "reconfirm")
            self.assertEqual(record.indicator, "moved")
            self._move(days=1, hours=1)
            self.assertEqual(self.order.confirmation_status, "reconfirm")
            self._move(days=0)
            self.assertEqual(self.order.confirmation_status, response)
            self.assertEqual(record.indicator, response)
            self.assertFalse(self.order.has_moved_appointment)
            self.assertEqual(len(self.order.activity_ids), len(activities))
            for target in (self.order, self.customer):
                self.assertIn(
                    f"{record.name}: the appointment is back", self._history(target)
                )

    def test_moved_and_moved_back_without_an_answer(self):
        record = self._send()
        self._mark_sent(record)
        other = self._make_order(self.start + timedelta(days=3))
        self._move(days=1)
        self.assertFalse(self._send(other).code)
        self._move(days=0)
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self.assertTrue(record.is_open)
        self.assertEqual(record.indicator, "awaiting")
        self._reply(f"yes {record.code}")
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_moved_and_moved_back_with_an_unclear_answer(self):
        record = self._send()
        self._reply("maybe, said the purple elephant")
        self._move(days=1)
        self._move(days=0)
        self.assertEqual(self.order.confirmation_status, "unrecognized")
        self.assertTrue(record.is_open)
        self.assertEqual(
            self.order.activity_ids.activity_type_id.name, "Read the reply"
        )

    def test_moved_back_after_the_customer_was_asked_about_another_date(self):
        self._send()
        self._reply("yes")
        self._move(days=1)
        self._mark_sent(self._send())
        self._reply("yes")
        self._move(days=0)
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self._move(days=1)
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_moved_back_before_the_new_question_left(self):
        self._send()
        self._reply("yes")
        self._move(days=1)
        waiting = self._send()
        self._move(days=0)
        self.assertEqual(waiting.state, "canceled")
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_moved_back_after_the_customer_was_told_of_another_date(self):
        record = self._send()
        self._reply("yes")
        self._move(days=1)
        late = self._reply("yes")
        self.assertIn("moved", late.auto_reply_body)
        self.assertEqual(late.reason_text, "Came after the appointment had moved")
        record.with_user(self.dispatcher).action_mark_read()
        self._move(days=0)
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_a_visit_moved_and_moved_back(self):
        visit = self._make_visit(self.order, 1)
        self._send(visit_id=visit.id)
        self._reply("yes")
        visit.scheduled_date_start += timedelta(days=1)
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        visit.scheduled_date_start -= timedelta(days=1)
        self.assertEqual(visit.confirmation_status, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_after_opting_in_again_the_customer_is_to_be_asked_again(self):
        other = self._make_order(self.start + timedelta(days=1))
        past = self._make_order(self.start + timedelta(days=2))
        record = self._send()
        self._send(other)
        gone = self._send(past)
        self._reply("STOP")
        orders = self.order | other | past
        self.assertEqual(set(orders.mapped("confirmation_status")), {"opted_out"})
        self._pass_time(gone, hours=1)
        self._reply("START")
        self.assertEqual(past.confirmation_status, "opted_out")
        self.assertFalse(past.activity_ids)
        for order in self.order | other:
            self.assertEqual(order.confirmation_status, "reconfirm")
            self.assertTrue(order.has_opted_in_again)
            self.assertFalse(order.has_moved_appointment)
            self.assertEqual(
                order.activity_ids.summary,
                "The customer opted back in: send the confirmation again",
            )
            self.assertEqual(order.activity_ids.user_id, self.dispatcher)
            self.assertIn("opted back in", self._history(order))
        self.assertIn("opted back in", self._history(self.customer))
        self.assertFalse(self._wizard().warning)
        steps = record.with_user(self.dispatcher).next_steps
        self.assertEqual(steps[0]["key"], "ask_again")
        # Sent again, it is like any other question.
        self._send()
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self.assertFalse(self.order.activity_ids)
        self.assertFalse(self.order.has_opted_in_again)
        # Opting out once more takes back what waited to be asked, too.
        self._reply("STOP")
        for order in self.order | other:
            self.assertEqual(order.confirmation_status, "opted_out")
            self.assertEqual(
                order.activity_ids.activity_type_id.name, "Call the customer"
            )

    def test_after_lifting_an_opt_out_the_customer_is_to_be_asked_again(self):
        self._send()
        self._reply("STOP")
        self.customer.with_user(self.dispatcher)._lift_opt_out("asked at the desk")
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertFalse(self.order.activity_ids)  # Somebody is at it.
        self.assertIn("opted back in", self._history(self.order))

    def test_after_opting_in_again_others_keep_their_answer(self):
        maria = self._send()
        self._reply("STOP")
        son = self._make_contact(
            "Luis Gomez", "+12125550199", parent_id=self.customer.id
        )
        self._send(partner_id=son.id)
        self._reply("yes", number="+12125550199")
        self._reply("START")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertFalse(self.order.activity_ids)
        self.assertEqual(maria.response, "opted_out")

    def test_a_deleted_question_after_opting_in_again(self):
        self._send()
        self._reply("STOP")
        self._reply("START")
        self._send().sudo().unlink()
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_activities_are_closed_by_what_settles_them(self):
        self._send()
        self._reply("STOP")
        self.assertTrue(self.order.activity_ids)
        self._reply("START")
        self.assertEqual(self.order.activity_ids.activity_type_id.name, "Ask again")
        self._send()
        self.assertFalse(self.order.activity_ids)
        self._reply("no")
        self.assertTrue(self.order.activity_ids)
        self._send()
        self.assertFalse(self.order.activity_ids, "asking again settles it")

    def test_activities_are_closed_by_what_a_person_does(self):
        """Another date, another status, no appointment any more."""
        visit = self._make_visit(self.order, 1)
        other = self._make_order()

        def decline(order=None):
            self._send(order)
            self._reply("no")
            activities = (order or self.order).activity_ids
            self.assertEqual(activities.activity_type_id.name, "Reschedule")
            return (order or self.order).sudo()

        order = decline()
        visit.scheduled_date_start += timedelta(days=1)
        self.assertFalse(order.activity_ids, "moved")
        decline()
        visit.unlink()
        self.assertFalse(order.activity_ids, "visit deleted")
        order = decline(other)
        other.with_user(self.dispatcher).confirmation_status = "confirmed"
        self.assertFalse(order.activity_ids, "settled by hand")
        decline(other)
        other.action_cancel()
        self.assertFalse(order.activity_ids, "canceled")

    def test_a_moved_date_does_not_settle_what_was_written(self):
        self._send()
        self._reply("Can you bring a ladder?")
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(
            self.order.activity_ids.activity_type_id.name, "Read the reply"
        )

    def test_opt_out_of_a_number_that_only_its_company_can_read(self):
        """A contact without a country, entered in a company of another one."""
        berlin = self._make_company("Berlin", "+4915112345678")
        berlin.country_id = self.env.ref("base.de")
        hans = self._make_contact("Hans", "0151 23456780", country_id=False)
        self.assertFalse(hans.phone_sanitized)
        self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
            "+4915123456780", "reply", "STOP", berlin
        )
        self.assertFalse(hans.confirmation_opt_out)
        there = hans.with_company(berlin)
        self.assertIn("STOP", there.confirmation_opt_out)
        there._lift_opt_out("He asked for it")
        there.invalidate_recordset()
        self.assertFalse(there.confirmation_opt_out)

    def test_a_status_set_by_hand_settles_the_activity_too(self):
        self._send()
        self._reply("maybe")
        order = self.order.with_user(self.dispatcher)
        order.confirmation_status = "declined"
        self.assertEqual(self.order.activity_ids.activity_type_id.name, "Reschedule")
        order.confirmation_status = "confirmed"
        self.assertFalse(self.order.activity_ids)

    def test_stop_takes_back_every_open_question(self):
        """Also a text that waits to be sent, and one from another number of ours."""
        asked = self._send()
        self._mark_sent(asked)
        numbers = self.env["sms.twilio.number"]
        numbers.search([("company_id", "=", self.company.id)]).unlink()
        numbers.create(
            {
                "company_id": self.company.id,
                "number": "+12025550111",
                "country_id": self.env.ref("base.us").id,
            }
        )
        other = self._make_order(self.start + timedelta(days=1))
        elsewhere = self._send(other)
        self._mark_sent(elsewhere)
        last = self._make_order(self.start + timedelta(days=2))
        waiting = self._send(last)
        self.assertNotEqual(asked.sender, waiting.sender)
        self._reply("STOP")
        for record in (asked, elsewhere, waiting):
            self.assertEqual(record.response, "opted_out")
            self.assertFalse(record.is_open)
        for order in (self.order, other, last):
            self.assertEqual(order.confirmation_status, "opted_out")

    def test_a_sender_that_is_no_phone_number(self):
        for number in ("12345", "+1", "anonymous", "whatsapp:+12125550123"):
            for words in ("STOP", "START", "yes"):
                reply = self._reply(words, number=number)
                self.assertEqual((reply.state, reply.error), ("unmatched", False))

    def test_an_answer_to_what_was_moved_into_the_past(self):
        self._mark_sent(self._send())
        self.order.scheduled_date_start = fields.Datetime.now() - timedelta(days=1)
        answer = self._reply("yes").auto_reply_body
        self.assertIn("passed", answer)
        self.assertNotIn("moved", answer)

    def test_yes_to_both_when_the_first_has_no_code_yet(self):
        other = self._make_order(self.start + timedelta(days=1))
        records = [self._send(), self._send(other)]
        for record in records:
            self._mark_sent(record)
        self._reply("Yes to both")
        self.assertEqual([rec.response for rec in records], ["confirmed"] * 2)

    def test_what_belongs_to_no_message_is_in_the_history_too(self):
        reply = self._reply("Hello, when do you open?")
        self.assertEqual((reply.state, reply.partner_id), ("unmatched", self.customer))
        [note] = self._notes(self.customer, "when do you open")
        self.assertEqual(note.record_company_id, self.company)
        self.assertEqual(note.author_id, self.customer)
        other = self._make_order(self.start + timedelta(days=1))
        for order in (self.order, other):
            self._mark_sent(self._send(order))
        self._reply("sure, yes")
        for record in (self.order, other, self.customer):
            [note] = self._notes(record, "sure, yes")
            self.assertIn("Several appointments", note.body)
        self._reply("nobody knows me", number="+13105550111")
        self.assertFalse(self._notes(self.customer, "nobody knows me"))

    def _notes(self, record, words):
        notes = self.env["mail.message"].sudo()
        return notes.search(
            [
                ("model", "=", record._name),
                ("res_id", "=", record.id),
                ("body", "ilike", words),
            ]
        )

    def test_settings_that_make_no_sense_are_refused(self):
        for name in ("reply_hours", "rate", "retention_months"):
            with self.assertRaisesRegex(ValidationError, "negative"):
                self.company[f"job_confirmation_{name}"] = -1
        model = self.env["ir.model"]._get("res.partner")
        template = self.env["sms.template"].create(
            {"name": "Birthday", "model_id": model.id, "body": "Dear {{ object.name }}"}
        )
        with self.assertRaisesRegex(ValidationError, "a template for Work Orders"):
            self.company.job_confirmation_template_id = template

    def test_lifting_by_hand_warns_of_twilios_own_block(self):
        self._send()
        self._reply("STOP")
        self.customer.with_user(self.dispatcher)._lift_opt_out("asked at the desk")
        wizard = self._wizard()
        self.assertFalse(wizard.blocking_reason)
        self.assertIn("texts START", wizard.warning)
        self._reply("START")
        self.assertNotIn("START", self._wizard().warning or "")

    def test_moving_a_visit_keeps_its_length(self):
        visit = self._make_visit(self.order, 1)
        visit.scheduled_date_start += timedelta(days=2)
        length = visit.scheduled_date_end - visit.scheduled_date_start
        self.assertEqual(length, timedelta(hours=1))

    def test_answer_about_an_older_date_shows_as_moved(self):
        visits = [self._make_visit(self.order, days) for days in (1, 2)]
        first = self._send(visit_id=visits[0].id)
        self._reply("yes")
        visits[1].confirmation_status = "declined"
        visits[0].scheduled_date_start += timedelta(hours=1)
        self.assertEqual(first.response, "confirmed")
        self.assertEqual(first.indicator, "moved")
        self.assertEqual(self.order.confirmation_status, "declined")
        self.assertTrue(self.order.has_moved_appointment)
        context = self.order.with_user(self.dispatcher).action_ask_again()["context"]
        self.assertEqual(context["default_visit_id"], visits[0].id)

    def test_nobody_answers_a_text_that_has_not_left(self):
        first = self._send()
        self._mark_sent(first)
        self._reply("no")
        second = self._send(self._make_order(self.start + timedelta(days=1)))
        second.sudo().write(
            {"state": "outgoing", "next_attempt_date": fields.Datetime.now()}
        )
        reply = self.env["fsm.confirmation.inbox"]._receive_sudo(
            self.company.sudo(),
            {
                "MessageSid": "SM" + "c" * 32,
                "From": "+12125550123",
                "To": OUR_NUMBER,
                "Body": "Actually yes, please come",
            },
        )
        self.assertEqual(reply.confirmation_id, first)
        self.assertEqual(first.response, "confirmed")
        self.assertFalse(second.response)

    def test_a_reply_that_was_worked_on_late_is_older(self):
        record = self._send()
        late = self._reply("no")
        self.assertEqual(record.response, "declined")
        late.sudo().write({"state": "pending", "received_date": "2020-01-01"})
        self._reply("actually yes, please come")
        self.assertEqual(record.response, "confirmed")
        late.sudo().write(
            {"received_date": record.sent_date, "confirmation_ids": [(5, 0, 0)]}
        )
        newer = record.reply_ids
        newer.sudo().received_date = record.sent_date + timedelta(hours=1)
        late.sudo().confirmation_id = False
        self.env["fsm.confirmation.inbox"]._process_pending(late.sudo())
        self.assertEqual(record.response, "confirmed")
        self.assertTrue(record.needs_reading)

    def test_quotes_are_told_apart_with_a_long_company_name(self):
        self.company.name = (
            "Springfield Heating, Cooling, Plumbing and Electrical Services of Central"
            " Illinois LLC"
        )
        visits = [self._make_visit(self.order, days) for days in (1, 2)]
        first, second = (self._send(visit_id=visit.id) for visit in visits)
        self.assertEqual(first.body[:80], second.body[:80])
        self._reply(f"Liked “{first.body}”")
        self.assertEqual(first.response, "confirmed")
        self.assertFalse(second.response)

    def test_deleted_visit_leaves_the_order_alone(self):
        visit = self._make_visit(self.order, 1)
        record = self._send(visit_id=visit.id)
        self._reply("yes")
        visit.unlink()
        self.assertEqual(self.order.confirmation_status, "not_sent")
        reply = self._reply("no")
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(self.order.confirmation_status, "not_sent")
        self.assertIn("no longer scheduled", reply.auto_reply_body)

    def test_no_text_about_an_old_date_after_a_refusal(self):
        record = self._send().sudo()
        record.write({"state": "sending", "attempt_count": 1})
        self.order.write({"scheduled_date_start": self.start + timedelta(days=3)})
        self._apply_rejection(record, 20429, "busy")
        alert = self.env["fsm.confirmation.alert"]._get_departure_block(record)
        self.assertIn("changed before", alert.text)

    def test_refusal_of_one_text_closes_the_others(self):
        first = self._send()
        second = self._send(self._make_order(self.start + timedelta(days=1)))
        self._apply_rejection(second, 21610, "blocked")
        self.assertEqual(first.response, "opted_out")
        self.assertEqual(second.response, "opted_out")
        self.assertEqual(self.order.confirmation_status, "opted_out")

    def test_text_that_was_given_up_and_arrived(self):
        record = self._send().sudo()
        record.write({"state": "sending"})
        self.deliveries._make_transition(record, GIVEN_UP)
        self.assertFalse(record.is_open)
        self._apply_report(record, "delivered", sid="SM" + "d" * 32)
        self.assertTrue(record.is_open)
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self._reply("yes")
        self.assertEqual(record.response, "confirmed")

    def test_answer_to_the_first_of_two_same_questions(self):
        self._send(self._make_order(self.start + timedelta(days=1)))
        first = self._send()
        second = self._send()
        self.assertEqual(first.closed_reason, "replaced")
        first.sudo().state = "sent"
        first.sudo().sent_date = fields.Datetime.now()
        reply = self._reply(f"yes {first.code}")
        self.assertEqual(second.response, "confirmed")
        self.assertIn("is confirmed", reply.auto_reply_body)

    def test_opting_out_by_hand_blocks_texts(self):
        record = self._send()
        self._reply("please never write again")
        self._resolve(record, "opted_out", "read it")
        self.assertIn("can't be texted", self._wizard().blocking_reason)

    def test_taking_an_answer_back_waits_again(self):
        record = self._send()
        self._reply("yes")
        self._resolve(record, False, "wrong person")
        self.assertTrue(record.is_open)
        self.assertEqual(self.order.confirmation_status, "awaiting")

    def test_a_done_activity_is_followed_by_a_new_one(self):
        self._send()
        self._reply("hmm")
        self.order.activity_ids.action_feedback()
        self.assertFalse(self.order.activity_ids)
        self._reply("hmm, perhaps")
        self.assertTrue(self.order.activity_ids)

    def test_numbers_are_shown_to_senders_only(self):
        for level, shown in (("none", False), ("read", False), ("edit", True)):
            self.env.invalidate_all()
            contact = self.customer.with_user(self.users[level]).with_context(
                confirmation_company_id=self.company.id
            )
            self.assertEqual("555" in contact.display_name, shown, level)

    def test_words_are_data(self):
        record = self._send()
        self._reply("zorglub indeed")
        self.assertEqual(record.response, "unrecognized")
        words = self.env["fsm.confirmation.word"]
        word = words.create(
            {"lang": "en", "intent": "confirm", "phrase": "zorglub indeed"}
        )
        record = self._send()
        self._reply("ZORGLUB indeed!!")
        self.assertEqual(record.response, "confirmed")
        word.active = False
        self._reply("no")
        self._reply("zorglub indeed")
        self.assertEqual(record.response, "declined")

    def test_status_is_no_default_for_those_who_may_not_settle(self):
        planner = self.users["read"]
        planner.group_ids |= self.env.ref("fieldservice.group_fsm_dispatcher")
        values = {"order_id": self.order.id, "scheduled_date_start": self.start}
        visits = self.env["fsm.visit"].with_context(
            default_confirmation_status="confirmed"
        )
        with self.assertRaises(AccessError):
            visits.with_user(planner).create(values)
        dispatcher = self.dispatcher
        dispatcher.group_ids |= self.env.ref("fieldservice.group_fsm_dispatcher")
        visit = visits.with_user(dispatcher).create(values)
        self.assertEqual(visit.confirmation_status, "confirmed")

    def test_colleague_without_a_level_works_on_as_before(self):
        nobody = self.users["none"]
        nobody.group_ids |= self.env.ref("fieldservice.group_fsm_dispatcher")
        record = self._send()
        self._mark_sent(record)
        order = self.order.with_user(nobody)
        order.write({"scheduled_date_start": self.start + timedelta(hours=3)})
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertEqual(record.closed_reason, "moved")
        visit = (
            self.env["fsm.visit"]
            .with_user(nobody)
            .create({"order_id": order.id, "scheduled_date_start": self.start})
        )
        visit.scheduled_date_start += timedelta(hours=1)
        visit.unlink()
        with self.assertRaises(AccessError):
            order.confirmation_status = "confirmed"
        order.action_cancel()

    def test_time_limit_for_replies(self):
        self.company.job_confirmation_reply_hours = 1
        record = self._send()
        self._mark_sent(record)
        record.sudo().sent_date = fields.Datetime.now() - timedelta(hours=2)
        reply = self._reply("yes")
        self.assertFalse(record.response)
        self.assertIn("too late", reply.auto_reply_body)

    def test_preview_shows_the_code_that_is_sent(self):
        self._send()
        wizard = self._wizard(self._make_order())
        self.assertRegex(wizard.code, r"^[1-9]\d\d$")
        preview = wizard.body
        self.assertIn(f"YES {wizard.code}", preview)
        wizard.action_send()
        self.assertEqual(wizard.confirmation_id.body, preview)
        # A code that somebody makes up is no code.
        wizard = self._wizard(self._make_order(), code="<b>")
        wizard.action_send()
        self.assertRegex(wizard.confirmation_id.code, r"^[1-9]\d\d$")

    def test_the_code_in_the_text_is_the_code_of_the_row(self):
        self._send()
        second = self._send(self._make_order())
        self.assertEqual(
            re.findall(r"(?:YES|NO) (\d{3})", second.body), [second.code] * 2
        )

    def test_nobody_waits_for_what_is_over(self):
        record = self._send()
        self._mark_sent(record)
        expiry = self.env["fsm.confirmation.expiry"]
        expiry._close_expired_sudo()
        self.assertEqual(record.indicator, "awaiting")
        self._pass_time(record, hours=1)
        expiry._close_expired_sudo(fields.Datetime.now() + timedelta(days=2))
        self.assertTrue(record.is_open, "looked at before")
        expiry._close_expired_sudo(fields.Datetime.now())
        self.assertFalse(record.is_open)
        self.assertEqual(record.closed_reason, "past")
        self.assertEqual(record.indicator, "no_answer")
        reply = self._reply("yes")
        self.assertFalse(record.response)
        self.assertTrue(record.needs_reading)
        self.assertIn("has passed", reply.auto_reply_body)

    def test_visits_that_have_begun_are_not_summed_up(self):
        visits = [self._make_visit(self.order, days) for days in (1, 3)]
        first = self._send(visit_id=visits[0].id)
        self._reply("no")
        self._send(visit_id=visits[1].id)
        self._reply("yes")
        self.assertEqual(self.order.confirmation_status, "declined")
        self._pass_time(first, hours=1)
        expiry = self.env["fsm.confirmation.expiry"]
        expiry._update_orders_of_ended_visits_sudo(fields.Datetime.now())
        self.assertEqual(self.order.confirmation_status, "declined")
        expiry._update_orders_of_ended_visits_sudo()
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self._pass_time(self.order.confirmation_ids, hours=1)
        expiry._update_orders_of_ended_visits_sudo()
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_a_text_that_fails_takes_nothing_back(self):
        """What the customer said before is still so."""

        def fail(record):
            self._apply_report(
                record, "undelivered", sid=f"SM{record.id:032d}", code=30003
            )
            return self.order.confirmation_status

        self.assertEqual(fail(self._send()), "not_sent")
        self._send()
        self._reply("yes")
        again = self._send()
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self.assertEqual(fail(again), "confirmed")
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(fail(self._send()), "reconfirm")
        self.assertTrue(self.order.has_moved_appointment)

    def test_deleting_an_open_message(self):
        first = self._send()
        second = self._send()
        first.with_user(self.users["admin"]).unlink()
        self.assertEqual(self.order.confirmation_status, "awaiting")
        second.with_user(self.users["admin"]).unlink()
        self.assertEqual(self.order.confirmation_status, "not_sent")

    def test_messages_of_a_company_are_those_of_its_contacts(self):
        parent = self._make_contact("Globex", False, is_company=True)
        self.customer.parent_id = parent
        self._send()
        for partner in (parent, self.customer):
            action = partner.with_user(self.dispatcher).action_view_confirmations()
            found = self.env["fsm.confirmation"].search_count(action["domain"])
            self.assertEqual((partner.confirmation_count, found), (1, 1))

    def test_unanswered_work_orders_by_their_visits(self):
        view = self.env["fsm.order"].get_view(
            self.env.ref("fieldservice_job_confirmation.fsm_order_search_view").id,
            "search",
        )
        [node] = etree.fromstring(view["arch"]).xpath(
            "//filter[@name='confirmation_unanswered']"
        )
        domain = ast.literal_eval(node.get("domain"))

        def found():
            return self.env["fsm.order"].search(domain) & (self.order | other)

        other = self._make_order(start=self.start + timedelta(days=20))
        self.assertEqual(found(), self.order)
        visit = self._make_visit(other, 0)
        self.assertEqual(found(), self.order | other)
        visit.confirmation_status = "confirmed"
        self.assertEqual(found(), self.order)
        self._make_visit(self.order, 10)
        self.assertFalse(found(), "its own date is not the appointment any more")
