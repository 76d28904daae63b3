# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Nothing lost, nothing doubled: the outbox when Twilio or Odoo misbehaves."""

import time
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import OUR_NUMBER, ConfirmationHttpCase

SERVICE = "MG" + "a" * 32


class TrustCase(ConfirmationHttpCase):
    def _send_and_deliver(self, order=None):
        record = self._send(order)
        self._run_outbox()
        return record

    def _sender_row(self):
        return self.env["fsm.confirmation.sender"].search(
            [("sender", "=", OUR_NUMBER), ("company_id", "=", self.company.id)]
        )

    def _banners(self, level="edit"):
        messages = self.env["fsm.confirmation"].with_user(self.users[level])
        summary = messages.with_context(
            allowed_company_ids=self.company.ids
        ).get_message_center_summary([])
        return "\n".join(banner["text"] for banner in summary["banners"])


@tagged("post_install", "-at_install")
class TestUnknownOutcome(TrustCase):
    def test_twilio_was_asked_and_does_not_have_it_so_it_is_sent_again(self):
        for kind in ("500", "timeout", "reset"):
            with self.subTest(kind):
                self.twilio.reset()
                self.setUp()
                options = {"max_seconds": 0.2} if kind == "timeout" else {}
                self.twilio.add_fault(kind, count=1, **options)
                record = self._send_and_deliver()
                self.assertEqual(record.state, "sending")
                # A list that lags says nothing yet.
                self._age_claims(record, minutes=10)
                self._run_outbox()
                self.assertEqual(record.state, "sending")
                self.assertEqual(self.twilio.sent(), [])
                self._age_claims(record, minutes=6)
                self._run_outbox()
                self.assertEqual(record.state, "outgoing")
                self._run_outbox()
                self.assertEqual(record.state, "delivered")
                self.assertEqual(len(self.twilio.sent()), 1)
                record._close_sudo("closed")

    def test_text_that_still_waits_at_twilio_is_found_although_it_was_not_sent(self):
        self.twilio.configure(auto_deliver=False, list_hides_unsent=True)
        self.twilio.add_fault("500", count=1, accepted=True)
        record = self._send_and_deliver()
        self._age_claims(record, minutes=20)
        self._run_outbox()
        [text] = self.twilio.sent()
        self.assertEqual((record.state, record.twilio_sid), ("sent", text["sid"]))

    def test_text_that_twilio_said_yes_to_is_never_sent_again(self):
        self.twilio.add_fault("html", count=1)
        record = self._send_and_deliver()
        self._age_claims(record, minutes=20)
        self._run_outbox()
        self.assertEqual((record.state, record.failure_type), ("failed", "unknown"))
        self._run_outbox()
        self.assertEqual(self.twilio.sent(), [])
        self.assertTrue(record.can_send_again)

    def test_twilio_that_can_not_be_asked_leaves_it_to_a_person(self):
        self.twilio.add_fault("500", count=1)
        record = self._send_and_deliver()
        self.twilio.add_fault("500", count=50, match={"method": "GET"})
        self._age_claims(record, minutes=20)
        self._run_outbox()
        self.assertEqual(record.state, "sending")
        self.assertTrue(record.lookup_failed_since)
        record.lookup_failed_since -= timedelta(minutes=61)
        self._run_outbox()
        self.assertEqual((record.state, record.failure_type), ("failed", "unknown"))
        self.assertEqual(self.twilio.sent(), [])
        self.assertEqual(record.order_id.confirmation_status, "not_sent")

    def test_one_failed_question_after_a_long_outage_decides_nothing(self):
        self.twilio.add_fault("accept_no_answer", count=1, max_seconds=0.2)
        record = self._send_and_deliver()
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET state = 'sending', twilio_sid = NULL,"
            " sent_date = NULL WHERE id = %s",
            (record.id,),
        )
        self._age_claims(record, hours=2)
        self.twilio.add_fault("500", count=1, match={"method": "GET"})
        self._run_outbox()
        self.assertEqual(record.state, "sending")
        self._run_outbox()
        self.assertEqual(record.state, "delivered")

    def test_appointment_that_moved_meanwhile_is_not_asked_about_again(self):
        self.twilio.add_fault("500", count=1)
        record = self._send_and_deliver()
        self.order.scheduled_date_start += timedelta(days=1)
        self._age_claims(record, minutes=20)
        self._run_outbox()
        self._run_outbox()
        self.assertEqual(record.state, "canceled")
        self.assertIn("changed", record.failure_reason)
        self.assertEqual(self.twilio.sent(), [])
        # Nobody was asked about the old date.
        self.assertEqual(self.order.confirmation_status, "not_sent")

    def test_delivery_report_before_the_look_up(self):
        self.twilio.configure(auto_deliver=False)
        self.twilio.add_fault("accept_no_answer", count=1, max_seconds=0.2)
        record = self._send_and_deliver()
        [text] = self.twilio.sent()
        with self.allow_requests(all_requests=True):
            self.twilio.status(text["sid"], "delivered")
        self.env.invalidate_all()
        self.assertEqual((record.state, record.twilio_sid), ("delivered", text["sid"]))
        self._age_claims(record, minutes=20)
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), 1)


@tagged("post_install", "-at_install")
class TestRate(TrustCase):
    def test_share_of_a_sender(self):
        rate = self.env["fsm.confirmation.rate"]
        take = lambda wanted: rate._take_share_sudo(  # noqa: E731
            OUR_NUMBER, self.company, wanted
        )
        self.assertEqual(take(50), (50, None))
        self.company.job_confirmation_rate = 10
        allowed, pause = take(50)
        self.assertEqual(allowed, 2)
        self.assertTrue(0 < pause <= 0.1)
        self.assertEqual(take(1)[0], 0)

    def test_every_text_leaves_at_its_rate(self):
        self.company.job_confirmation_rate = 20
        orders = [self.order] + [self._make_order() for _count in range(11)]
        records = self.env["fsm.confirmation"]
        for order in orders:
            records |= self._send(order)
        self._run_outbox()
        self.assertEqual(set(records.mapped("state")), {"delivered"})
        self.assertEqual(len(self.twilio.sent()), 12)


@tagged("post_install", "-at_install")
class TestAdministratorIsTold(TrustCase):
    def test_wrong_credentials(self):
        token = self.company.sms_twilio_auth_token
        self.company.sms_twilio_auth_token = "0" * 32
        record = self._send_and_deliver()
        self.assertEqual(record.failure_type, "setup")
        row = self._sender_row()
        self.assertEqual(row.problem_code, 20003)
        self.assertEqual(len(row.activity_ids), 1)
        self.assertTrue(
            row.activity_ids.user_id.has_group(
                "fieldservice_job_confirmation.group_message_center_admin"
            )
        )
        self.assertIn("aren't going out", self._banners())
        # The second failure is not told again.
        other = self._make_order()
        self._send_and_deliver(other)
        self.assertEqual(len(row.activity_ids), 1)
        # Fixed: banner and activity go by themselves.
        self.company.sms_twilio_auth_token = token
        self._send_and_deliver(self._make_order())
        self.assertFalse(row.problem)
        self.assertFalse(row.activity_ids)
        self.assertNotIn("going out", self._banners())

    def test_no_number_of_a_customer(self):
        """What is told of a sender stays when the texts are gone."""
        sentence = "The number +12125550123 is unverified."
        self.twilio.add_fault(
            "error", count=1, http_status=400, code=21608, message=sentence
        )
        record = self._send_and_deliver()
        self.assertIn(sentence, record.failure_reason)
        row = self._sender_row()
        for told in (row.problem, row.activity_ids.note):
            self.assertIn("is unverified", told)
            self.assertNotIn("2125550123", told)

    def test_queue_that_is_stuck(self):
        record = self._send()
        self.assertNotIn("wait", self._banners())
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET create_date = create_date - interval '1 hour'"
            " WHERE id = %s",
            (record.id,),
        )
        self.assertIn("1 text is waiting", self._banners())
        self._run_cron("ir_cron_process_replies")
        self.assertEqual(len(self._sender_row().activity_ids), 1)
        self._run_outbox()
        self.assertNotIn("wait", self._banners())
        self.assertFalse(self._sender_row().activity_ids)

    def test_questions_about_what_is_over_are_closed(self):
        record = self._send_and_deliver()
        visit = self._make_visit(self._make_order(), 1)
        visit.confirmation_status = "declined"
        self._make_visit(visit.order_id, 2)
        self._pass_time(record, hours=1)
        self.env.cr.execute(
            "UPDATE fsm_visit SET scheduled_date_start = now() - interval '2 hours',"
            " scheduled_date_end = now() - interval '1 hour' WHERE id = %s",
            (visit.id,),
        )
        self._run_cron("ir_cron_close_passed")
        self.assertEqual(record.closed_reason, "past")
        self.assertEqual(visit.order_id.confirmation_status, "not_sent")

    def test_another_company_is_told_nothing(self):
        self.company.sms_twilio_auth_token = "0" * 32
        self._send_and_deliver()
        other = self._make_company("Other", "+12025550177")
        user = self.users["edit"]
        user.write({"company_ids": [(4, other.id)], "company_id": other.id})
        messages = self.env["fsm.confirmation"].with_user(user)
        summary = messages.with_context(
            allowed_company_ids=other.ids
        ).get_message_center_summary([])
        self.assertNotIn("going out", str(summary["banners"]))


@tagged("post_install", "-at_install")
class TestMissedReplies(TrustCase):
    def _fetch(self):
        self._run_cron("ir_cron_fetch_missed_replies")

    def _lose_webhooks(self, lost=True):
        """Odoo is down: webhooks go to a port where nobody listens."""
        url = "http://127.0.0.1:9/" if lost else self._inbound_url()
        self.twilio.set_number(OUR_NUMBER, sms_url=url)

    def _inbound_url(self):
        return f"{self.base_url()}/job_confirmation/twilio/inbound"

    def _replies(self):
        return self.env["fsm.confirmation.reply"].search(
            [("mobile", "=", "+12125550123")], order="id"
        )

    def test_replies_while_odoo_was_down_are_worked_on_in_order_once(self):
        record = self._send_and_deliver()
        self._fetch()
        self._lose_webhooks()
        for body in ("Yes", "hm, no", "Actually yes, please come"):
            self._customer_says(body)
        self.assertFalse(self._replies())
        self._fetch()
        replies = self._replies()
        self.assertEqual(
            replies.mapped("body"), ["Yes", "hm, no", "Actually yes, please come"]
        )
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(record.reply_body, "Actually yes, please come")
        self._fetch()
        self.assertEqual(self._replies(), replies)
        self.assertFalse(self._sender_row().fetch_error)

    def test_reply_is_matched_although_the_delivery_report_came_late(self):
        record = self._send().sudo()
        now = fields.Datetime.now()
        record.write({"state": "sending", "claimed_date": now - timedelta(minutes=20)})
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            url = self.outbox._get_report_url(record)
            self.twilio.status("SM" + "5" * 32, "delivered", url=url)
        self.env.invalidate_all()
        reply = self.env["fsm.confirmation.inbox"]._receive_sudo(
            self.company.sudo(),
            {
                "MessageSid": "SM" + "6" * 32,
                "From": record.mobile,
                "To": OUR_NUMBER,
                "Body": "Yes",
            },
            received_date=now - timedelta(minutes=10),
        )
        self.assertEqual(reply.state, "matched")

    def test_webhook_that_comes_after_all_changes_nothing(self):
        record = self._send_and_deliver()
        self._fetch()
        self._lose_webhooks()
        self._customer_says("Yes")
        self._fetch()
        [reply] = self._replies()
        self._lose_webhooks(False)
        self._customer_says("Yes", sid=reply.twilio_sid)
        self.assertEqual(self._replies(), reply)
        self.assertEqual(record.response, "confirmed")

    def test_the_customer_gets_one_answer_when_it_is_worked_on_late(self):
        self._send_and_deliver()
        self._fetch()
        self._lose_webhooks()
        self._customer_says("Yes")
        self._customer_says("who are you again")
        before = len(self.twilio.sent())
        self._fetch()
        self._run_cron("ir_cron_process_replies")
        self._run_cron("ir_cron_process_replies")
        answers = self.twilio.sent()[before:]
        self.assertEqual(len(answers), 1)
        self.assertEqual(self._replies()[-1].auto_reply_state, "sent")

    def _receive_in_time(self, limit):
        """In time for Twilio, although Odoo heard of it when all was over."""
        self.company.job_confirmation_reply_hours = limit
        record = self._send_and_deliver().sudo()
        # Six hours pass, in which the customer answers and the appointment ends.
        now = fields.Datetime.now()
        sent, wrote = now - timedelta(hours=6), now - timedelta(hours=5)
        record.write({"claimed_date": sent, "sent_date": sent})
        self._pass_time(record, hours=2)
        self.env["fsm.confirmation.expiry"]._close_expired_sudo()
        self.assertEqual(record.closed_reason, "past")
        data = {
            "MessageSid": "SM" + "3" * 32,
            "From": "+12125550123",
            "To": OUR_NUMBER,
            "Body": "Yes",
        }
        inbox = self.env["fsm.confirmation.inbox"]
        inbox._receive_sudo(self.company.sudo(), data, wrote)
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(record.closed_reason, "answered")
        self.assertEqual(record.reply_date, wrote)
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertFalse(record.reply_ids.auto_reply_body, "it is over")

    def test_a_reply_counts_by_its_own_time(self):
        self._receive_in_time(0)

    def test_a_reply_counts_by_its_own_time_within_the_limit(self):
        self._receive_in_time(2)

    def test_a_reply_that_came_too_late_to_twilio_as_well(self):
        record = self._send_and_deliver().sudo()
        self._pass_time(record, hours=2)
        now = fields.Datetime.now()
        data = {
            "MessageSid": "SM" + "3" * 32,
            "From": "+12125550123",
            "To": OUR_NUMBER,
            "Body": "Yes",
        }
        inbox = self.env["fsm.confirmation.inbox"]
        inbox._receive_sudo(self.company.sudo(), data, now - timedelta(minutes=30))
        self.assertFalse(record.response)

    def _answer_by_clock(self, skew):
        """An answer does not come before its question, nor long after."""
        self.twilio.configure(clock_skew=skew)
        record = self._send_and_deliver().sudo()
        self._fetch()
        self._lose_webhooks()
        self._customer_says("Yes")
        self._fetch()
        self.assertEqual(record.response, "confirmed")
        difference = fields.Datetime.now() - self._replies().received_date
        self.assertLess(abs(difference.total_seconds()), 60)

    def test_replies_by_a_clock_that_is_behind(self):
        self._answer_by_clock(-900)

    def test_replies_by_a_clock_that_is_ahead(self):
        self._answer_by_clock(900)

    def test_twilio_that_can_not_be_asked_keeps_the_window(self):
        self._send_and_deliver()
        self._fetch()
        row = self._sender_row()
        until = row.fetched_until
        self._lose_webhooks()
        self._customer_says("Yes")
        self.twilio.add_fault("500", count=1, match={"method": "GET"})
        self._fetch()
        self.assertEqual(row.fetched_until, until)
        self.assertIn("500", row.fetch_error)
        self.assertFalse(self._replies())
        self.assertIn("can't be fetched", self._banners())
        self._fetch()
        self.assertEqual(len(self._replies()), 1)
        self.assertFalse(row.fetch_error)

    def test_numbers_of_a_messaging_service(self):
        self.twilio.set_service(SERVICE, numbers=[OUR_NUMBER])
        self.company.job_confirmation_service_sid = SERVICE
        self.company.sms_twilio_number_ids.unlink()
        record = self._send_and_deliver()
        self.assertTrue(record.from_number)
        self.assertIn(
            record.from_number,
            self.env["fsm.confirmation.missed.replies"]._get_numbers_sudo(
                self.company.sudo()
            ),
        )


@tagged("post_install", "-at_install")
class TestReplyThatCanNotBeWorkedOn(TrustCase):
    def test_it_stays_with_its_reason_and_is_worked_on_later(self):
        record = self._send_and_deliver()
        # Something in the database makes the work fail: the lexicon is broken.
        self.env.cr.execute(
            "ALTER TABLE fsm_confirmation_word RENAME TO fsm_confirmation_word_gone"
        )
        self.env.registry.clear_cache()
        result = self._customer_says("Yes")
        self.assertEqual(result["status"], 200, result)
        [reply] = self.env["fsm.confirmation.reply"].search(
            [("mobile", "=", record.mobile)]
        )
        self.assertEqual(reply.state, "pending")
        self.assertEqual(reply.error, "UndefinedTable 42P01")
        self.assertFalse(record.response)
        self.env.cr.execute(
            "ALTER TABLE fsm_confirmation_word_gone RENAME TO fsm_confirmation_word"
        )
        self.env.registry.clear_cache()
        self.env.cr.execute(
            "UPDATE fsm_confirmation_reply SET create_date = create_date -"
            " interval '1 minute'"
        )
        self.env.invalidate_all()
        self._run_cron("ir_cron_process_replies")
        self.assertEqual(reply.state, "matched")
        self.assertEqual(record.response, "confirmed")


@tagged("post_install", "-at_install")
class TestHistory(TrustCase):
    def test_an_answer_is_written_once_into_each_history(self):
        record = self._send_and_deliver()
        last = self.env["mail.message"].search([], limit=1, order="id desc").id
        self._customer_says("Yes")
        notes = self.env["mail.message"].search([("id", ">", last)])
        self.assertEqual(
            sorted(note.model for note in notes), ["fsm.order", "res.partner"]
        )
        self.assertFalse(record.message_ids.tracking_value_ids)


@tagged("post_install", "-at_install")
class TestTextingHours(TrustCase):
    """Nobody is woken by what leaves by itself, late."""

    def setUp(self):
        super().setUp()
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("job_confirmation.texting_hours", "8-20")

    def _send(self, order=None, user=None, **values):
        """Send whatever the hour, unless ``send_now`` says otherwise."""
        now = {"send_now": True, "at_once_reason": "She asked for it"}
        return super()._send(order, user, **{**now, **values})

    def _zone_at(self, hour):
        """A time zone in which it is that hour of the day now."""
        ahead = (hour - fields.Datetime.now().hour + 12) % 24 - 12
        # POSIX: what is ahead of UTC has a minus.
        return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"

    def _move_to_hour(self, hour):
        """Have the place of work lie where it is that hour of the day now.

        :return: when the texting hours begin there next, naive UTC
        """
        self.location.partner_id.tz = self._zone_at(hour)
        now = fields.Datetime.now()
        opening = now.replace(minute=0, second=0) + timedelta(hours=(8 - hour) % 24)
        return opening if hour >= 20 or hour < 8 else now

    def test_a_retry_waits_for_the_morning(self):
        for hour in (21, 2):
            with self.subTest(hour):
                opening = self._move_to_hour(hour)
                self.twilio.add_fault("429", count=1)
                record = self._send_and_deliver().sudo()
                self.assertEqual(record.state, "outgoing")
                record.next_attempt_date = False
                self._run_outbox()
                self.assertEqual(self.twilio.sent(), [])
                self.assertEqual(record.state, "outgoing")
                self.assertEqual(record.next_attempt_date, opening)
                self.assertIn("texting hours", record.failure_reason)
                record._close_sudo("closed")

    def test_a_text_that_waited_through_an_outage_waits_for_the_morning(self):
        opening = self._move_to_hour(3)
        record = self._send().sudo()
        record.at_once_until = fields.Datetime.now() - timedelta(minutes=1)
        self._run_outbox()
        self.assertEqual((record.state, self.twilio.sent()), ("outgoing", []))
        self.assertEqual(record.next_attempt_date, opening)
        # Days later, an hour of the day: it leaves.
        self._move_to_hour(12)
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET next_attempt_date = NULL, timezone = %s",
            (self.location.partner_id.tz,),
        )
        self.env.invalidate_all()
        self._run_outbox()
        self.assertEqual(record.state, "delivered")

    def test_a_text_that_twilio_does_not_have_waits_for_the_morning(self):
        opening = self._move_to_hour(22)
        self.twilio.add_fault("500", count=1)
        record = self._send_and_deliver().sudo()
        self._age_claims(record, minutes=20)
        self._run_outbox()
        self._run_outbox()
        self.assertEqual((record.state, self.twilio.sent()), ("outgoing", []))
        self.assertEqual(record.next_attempt_date, opening)

    def test_who_sends_knowingly_is_obeyed(self):
        self._move_to_hour(21)
        record = self._send_and_deliver()
        self.assertEqual(record.state, "delivered")
        for target in (record, self.order, self.customer):
            self.assertIn("She asked for it", self._history(target))

    def test_who_sends_at_night_is_told_and_it_waits(self):
        opening = self._move_to_hour(21)
        wizard = self._wizard()
        self.assertIn(
            "in Springfield: the text is sent tomorrow at 8:00", wizard.warning
        )
        self.assertFalse(wizard.blocking_reason)
        wizard.send_now = True
        with self.assertRaisesRegex(UserError, "can't wait"):
            wizard.action_send()
        wizard.at_once_reason = "She asked for it"
        self.assertFalse(wizard.warning)
        message = self._wizard().action_send()["params"]["message"]
        self.assertIn("tomorrow at 8:00", message)
        record = self.order.confirmation_ids.sudo()
        self._run_outbox()
        self.assertEqual((record.state, self.twilio.sent()), ("outgoing", []))
        self.assertEqual(record.next_attempt_date, opening)

    def test_twilio_keeps_nothing_until_the_night(self):
        self._move_to_hour(19)
        self.twilio.set_customer(self.customer._phone_format(), kind="stuck")
        record = self._send(send_now=False).sudo()
        record.at_once_until = False
        self._run_outbox()
        [text] = self.twilio.sent()
        self.assertLessEqual(int(text["params"]["ValidityPeriod"]), 3600)
        opening = self._move_to_hour(20)
        record.timezone = self.location.partner_id.tz
        with self.allow_requests(all_requests=True):
            self.twilio.clock(by=3601)
            while self.twilio.sent()[0]["status"] != "failed":
                time.sleep(0.1)
            self.assertTrue(self.twilio.wait(5))
        self.env.invalidate_all()
        self.assertEqual((record.state, record.error_code), ("outgoing", 30036))
        record.next_attempt_date = False
        self._run_outbox()
        self.assertEqual(record.next_attempt_date, opening)

    def test_twilio_keeps_nothing_until_the_appointment(self):
        self._move_to_hour(11)
        self.order.scheduled_date_start = fields.Datetime.now() + timedelta(hours=1)
        self._send_and_deliver()
        [text] = self.twilio.sent()
        self.assertLessEqual(int(text["params"]["ValidityPeriod"]), 3600)

    def test_many_at_night_wait_together_or_leave_with_a_reason(self):
        self._move_to_hour(2)
        first, second = self.order, self._make_order()
        batches = self.env["fsm.confirmation.batch"].with_user(self.dispatcher)
        batch = batches.create({"order_ids": (first + second).ids})
        self.assertIn("the text is sent today at 8:00", batch.hours_info)
        self.assertEqual(len(batch.hours_info.splitlines()), 1)
        batch.write({"send_now": True, "at_once_reason": "Storm is coming"})
        self.assertFalse(batch.hours_info)
        batch.action_send()
        self._run_outbox()
        for order in (first, second):
            self.assertEqual(order.confirmation_ids.state, "delivered")
            self.assertIn("Storm is coming", self._history(order))

    def test_what_would_come_too_late_is_told_before(self):
        self._move_to_hour(23)
        self.order.scheduled_date_start = fields.Datetime.now() + timedelta(hours=6)
        wizard = self._wizard()
        self.assertIn("will have started by then", wizard.blocking_reason)
        # It never leaves, so nobody is told when it does.
        self.assertNotIn("the text is sent", wizard.blocking_reason)
        with self.assertRaisesRegex(UserError, "will have started by then"):
            wizard.action_send()
        batch = self.env["fsm.confirmation.batch"].create({"order_ids": self.order.ids})
        self.assertIn("will have started by then", batch.skipped_info)
        self.assertFalse(batch.ready_count)
        self._send()
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), 1)

    def test_what_would_come_too_late_is_not_sent(self):
        self._move_to_hour(23)
        start = fields.Datetime.now() + timedelta(hours=6)
        self.order.scheduled_date_start = start
        record = self._send().sudo()
        record.at_once_until = False
        self._run_outbox()
        self.assertEqual((record.state, self.twilio.sent()), ("canceled", []))
        self.assertIn("texting hours", record.failure_reason)
        self.assertEqual(self.order.confirmation_status, "not_sent")

    def test_others_leave_meanwhile(self):
        self._move_to_hour(2)
        night = self._send().sudo()
        night.at_once_until = False
        contact = self._make_contact("Paul Neighbor", "+12125550188")
        place = self._make_location(contact, tz=False)
        place.partner_id.tz = self._zone_at(11)
        day = self._send(self._make_order(location_id=place.id)).sudo()
        day.at_once_until = False
        self._run_outbox()
        self.assertEqual((night.state, day.state), ("outgoing", "delivered"))

    def _write_late(self, minutes):
        """The customer answers, and is heard of so much later; returns the reply."""
        self._send_and_deliver()
        inbox = self.env["fsm.confirmation.inbox"]
        data = {
            "MessageSid": "SM" + "7" * 32,
            "From": self.customer._phone_format(),
            "To": OUR_NUMBER,
            "Body": "Yes",
        }
        self._let_a_moment_pass()
        received = fields.Datetime.now() - timedelta(minutes=minutes)
        sent = self.env["fsm.confirmation"].search([]).sudo()
        sent.write({"claimed_date": received, "sent_date": received})
        return inbox._receive_sudo(self.company.sudo(), data, received).sudo()

    def test_a_late_auto_reply_waits_for_the_morning(self):
        opening = self._move_to_hour(4)
        reply = self._write_late(60)
        self.assertEqual(reply.auto_reply_after, opening)

    def test_who_has_just_written_is_answered(self):
        self._move_to_hour(4)
        reply = self._write_late(5)
        self.assertLessEqual(reply.auto_reply_after, fields.Datetime.now())

    def test_an_auto_reply_that_was_held_up_until_the_night(self):
        self._move_to_hour(12)
        reply = self._write_late(60)
        opening = self._move_to_hour(23)
        reply.confirmation_id.timezone = self.location.partner_id.tz
        sent = len(self.twilio.sent())
        self._run_cron("ir_cron_process_replies")
        self.assertEqual(len(self.twilio.sent()), sent)
        self.assertEqual(reply.auto_reply_state, "outgoing")
        self.assertEqual(reply.auto_reply_after, opening)
