# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Customers who were told of an appointment are told what changed since."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import ConfirmationHttpCase


class NoticesCase(ConfirmationHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.changes = cls.env["fsm.confirmation.change"]
        cls.canceled = cls.env.ref("fieldservice.fsm_stage_cancelled")
        cls.completed = cls.env.ref("fieldservice.fsm_stage_completed")
        cls.other_technician = cls.env["fsm.person"].create({"name": "Ann Lee"})

    def _automatic(self, **values):
        self.company.write(
            {
                "job_confirmation_notice_moved": "auto",
                "job_confirmation_notice_canceled": "auto",
                "job_confirmation_notice_technician": "auto",
                **values,
            }
        )

    def _asked(self, order=None):
        record = self._send(order)
        self._run_outbox()
        self.assertEqual(record.state, "delivered")
        return record

    def _settle(self):
        """The settling time passes."""
        self.env.flush_all()
        self.changes.search([]).write({"due_date": fields.Datetime.now()})
        self._run_cron("ir_cron_tell_of_changes")
        self._run_outbox()

    def _answer(self, record, words):
        with self.allow_requests(all_requests=True):
            self.twilio.inbound(record.mobile, words)
            self.assertTrue(self.twilio.wait(20))
        self.env.invalidate_all()

    def _move(self, days=1, order=None):
        order = order or self.order
        order.scheduled_date_start = order.scheduled_date_start + timedelta(days=days)


@tagged("post_install", "-at_install")
class TestNotices(NoticesCase):
    # ------------------------------------------------------------ automatic

    def test_two_moves_make_one_text_whose_yes_counts(self):
        self._automatic()
        first = self._asked()
        self._move()
        self._move()
        self.order.person_id = self.other_technician
        self._settle()
        second = self.order.confirmation_ids - first
        self.assertEqual(len(second), 1)
        self.assertEqual((second.kind, second.tells_change), ("question", "moved"))
        self.assertEqual(second.appointment_start, self.order.scheduled_date_start)
        self.assertIn("has moved to", second.body)
        self.assertIn("Reply YES to confirm", second.body)
        self.assertEqual(second.segment_count, 1)
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self._answer(second, "Yes")
        self.env.invalidate_all()
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertFalse(self.changes.search([]))

    def test_nothing_is_told_before_it_has_settled(self):
        self._automatic()
        self._asked()
        self._move()
        self._run_cron("ir_cron_tell_of_changes")
        self.assertEqual(len(self.order.confirmation_ids), 1)
        self.assertTrue(self.changes.search([]))

    def test_a_change_that_was_taken_back_is_not_told(self):
        self._automatic()
        self._asked()
        self._move(1)
        self._move(-1)
        self.assertFalse(self.changes.search([]))

    def test_what_has_passed_meanwhile_is_forgotten(self):
        self._automatic()
        record = self._asked()
        self._move()
        self.assertTrue(self.changes.search([]))
        self.env.flush_all()
        self._pass_time(record, hours=1)
        self._settle()
        self.assertFalse(self.changes.search([]))
        self.assertEqual(self.order.confirmation_ids, record)

    def test_canceled(self):
        self._automatic()
        self._asked()
        self.order.stage_id = self.canceled
        self._settle()
        notice = self.order.confirmation_ids[0]
        self.assertEqual((notice.kind, notice.tells_change), ("notice", "canceled"))
        self.assertIn("has been canceled", notice.body)
        self.assertNotIn("YES", notice.body)
        self.assertFalse(notice.is_open)
        # Once: it is known now.
        self.order.description = "called"
        self._settle()
        self.assertEqual(len(self.order.confirmation_ids), 2)

    def test_a_yes_to_a_notice_answers_no_other_question(self):
        self._automatic()
        self._asked()
        other = self._make_order(self.start + timedelta(days=3))
        question = self._asked(other)
        self.order.stage_id = self.canceled
        self._settle()
        for words in ("ok", "Thank you"):
            self._customer_says(words)
            self.assertFalse(self.order.confirmation_ids.filtered("needs_reading"))
        self._customer_says("Yes")
        self.assertEqual(other.confirmation_status, "awaiting")
        self.assertFalse(question.response or question.needs_reading)
        self.assertTrue(self.order.confirmation_ids.filtered("needs_reading"))
        # With its code, it is answered.
        self._customer_says(f"Yes {question.code}")
        self.assertEqual(other.confirmation_status, "confirmed")

    def test_texts_that_failed_hide_nothing_that_arrived(self):
        self._automatic()
        record = self._asked()
        for _time in range(6):
            failed = self._send(self.order)
            failed.sudo().write({"state": "failed", "failure_type": "number"})
        self.order.stage_id = self.canceled
        change = self.changes.search([])
        self.assertEqual((change.kind, change.told_id), ("canceled", record))

    def test_completed_is_nothing_to_tell(self):
        self._automatic()
        self._asked()
        done = self.order.with_context(bypass_order_completed_stage=True)
        done.stage_id = self.completed
        self.assertFalse(self.changes.search([]))

    def test_it_takes_place_after_all(self):
        self._automatic()
        self._asked()
        stage = self.order.stage_id
        self.order.stage_id = self.canceled
        self.order.stage_id = stage
        self.assertFalse(self.changes.search([]))
        self.order.stage_id = self.canceled
        self._settle()
        self.order.stage_id = stage
        self._settle()
        newest = self.order.confirmation_ids[0]
        self.assertEqual((newest.kind, newest.tells_change), ("question", "moved"))

    def test_canceled_and_reopened_says_so(self):
        self._automatic()
        self._asked()
        stage = self.order.stage_id
        self.order.stage_id = self.canceled
        self._settle()
        self.order.stage_id = stage
        order = self.order.with_user(self.dispatcher)
        self.assertIn("was told “Canceled”", order.confirmation_change_text)
        self._settle()
        newest = self.order.confirmation_ids[0]
        self.assertIn("is back on", newest.body)
        self.assertNotIn("moved", newest.body)
        self.assertIn("Reply YES", newest.body)

    def test_an_email_that_is_not_so_any_more_does_not_leave(self):
        self._automatic()
        self.customer.write({"phone": False, "email": "maria@example.com"})
        record = self._send(channel="email").sudo()
        record.mail_id.state = "sent"
        self.env["fsm.confirmation.email"]._record_outcome(record)
        stage = self.order.stage_id
        self.order.stage_id = self.canceled
        self._settle()
        notice = (self.order.confirmation_ids - record).sudo()
        self.assertEqual(notice.mail_id.state, "outgoing")
        self.order.description = "whatever"
        self.assertEqual(notice.state, "outgoing")
        self.order.stage_id = stage
        self.assertEqual((notice.state, notice.mail_id.state), ("canceled", "cancel"))
        self.assertFalse(self.changes.search([]))
        self.assertEqual(self.order.confirmation_status, "awaiting")

    def test_another_number_is_no_news_of_the_date(self):
        self._automatic()
        self._asked()
        for phone in (False, "+12125550144"):
            self.customer.phone = phone
            self._move()
            self._move(-1)
            self.order.stage_id, stage = self.canceled, self.order.stage_id
            self.order.stage_id = stage
            self.assertFalse(self.changes.search([]), phone)
            self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_moved_and_then_canceled_by_hand(self):
        self._automatic(job_confirmation_notice_canceled="hand")
        self._asked()
        self._move()
        self.order.stage_id = self.canceled
        order = self.order.with_user(self.dispatcher)
        self.assertFalse(order.has_moved_appointment)
        self.assertIn("Canceled", order.confirmation_change_text)
        self.env.flush_all()
        row = self.env["fsm.appointment"].with_user(self.dispatcher)
        row = row.search([("order_id", "=", order.id)])
        self.assertIn("Canceled", row.remark)
        self.assertEqual(row.next_steps[0]["key"], "tell_change")
        self._press_send(row.action_next_step("tell_change"))
        self._run_outbox()
        self.assertIn("has been canceled", self.order.confirmation_ids[0].body)

    def test_what_waits_for_a_person_and_has_passed_is_forgotten(self):
        self._automatic(job_confirmation_notice_moved="hand")
        record = self._asked()
        self._move()
        self.assertTrue(self.changes.search([]).is_held)
        self.env.flush_all()
        self._pass_time(record, hours=1)
        self._run_cron("ir_cron_tell_of_changes")
        self.assertFalse(self.changes.search([]))

    def test_several_are_told_by_email(self):
        self._automatic()
        orders = self.env["fsm.order"]
        for number in range(3):
            contact = self._make_contact(f"C{number}", False, email=f"c{number}@x.com")
            orders |= self._make_order(location_id=self._make_location(contact).id)
        for order in orders:
            record = self._send(order, channel="email").sudo()
            record.mail_id.state = "sent"
            self.env["fsm.confirmation.email"]._record_outcome(record)
        orders.person_id = self.other_technician
        self._settle()
        notices = orders.confirmation_ids.filtered("tells_change")
        self.assertEqual(notices.mapped("channel"), ["email"] * 3)
        self.assertFalse(self.changes.search([]))

    def test_one_that_can_not_be_told_keeps_none_of_the_others(self):
        self._automatic()
        other = self._make_company("Other", number="+12025550199")
        self.env["sms.template"].search(
            [("confirmation_kind", "=", "notice_technician")]
        ).body = "{{ object.technician_text }}"
        self.assertTrue(other)
        contact = self._make_contact("Zoe Last", "+12125550166")
        order = self._make_order(location_id=self._make_location(contact).id)
        self._asked(order)
        self._asked()
        order.person_id = self.env["fsm.person"].create({"name": " "})
        self.order.stage_id = self.canceled
        self._settle()
        self.assertEqual(self.order.confirmation_ids[0].tells_change, "canceled")
        [held] = self.changes.search([])
        self.assertEqual(held.order_id, order)
        self.assertTrue(held.is_held and held.problem)

    def test_another_technician(self):
        self._automatic()
        record = self._asked()
        self._answer(record, "Yes")
        self.order.person_id = self.other_technician
        self._settle()
        notice = self.order.confirmation_ids[0]
        self.assertEqual(notice.kind, "notice")
        self.assertIn("Ann Lee will come", notice.body)
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_who_was_never_told_is_told_nothing(self):
        self._automatic()
        self._move()
        self.order.stage_id = self.canceled
        self.assertFalse(self.changes.search([]))

    def test_who_declined_knows_of_the_cancellation(self):
        self._automatic()
        record = self._asked()
        self._answer(record, "No")
        self.env.invalidate_all()
        self.order.stage_id = self.canceled
        self.assertFalse(self.changes.search([]))

    def test_who_opted_out_is_left_to_a_person(self):
        self._automatic()
        record = self._asked()
        self._answer(record, "STOP")
        self.env.invalidate_all()
        self._move()
        self._settle()
        self.assertEqual(self.order.confirmation_ids, record)
        change = self.changes.search([])
        self.assertTrue(change.is_held and change.problem)
        with self.assertRaises(UserError):
            change.with_user(self.dispatcher).action_tell()

    def test_off(self):
        self._automatic(job_confirmation_notice_moved="off")
        self._asked()
        self._move()
        self.assertFalse(self.changes.search([]))

    def test_the_whole_window_that_the_customer_was_told(self):
        self.company.job_confirmation_notice_moved = "hand"
        self.company.job_confirmation_notice_canceled = "hand"
        self._asked()
        written = self._make_order(self.start + timedelta(days=3))
        # As by demo data or an integrator: without the end of the window.
        self.env["fsm.confirmation"].sudo().create(
            {
                "order_id": written.id,
                "partner_id": self.customer.id,
                "mobile": "+12025550123",
                "company_id": self.company.id,
                "body": "Tomorrow at nine?",
                "appointment_start": written.scheduled_date_start,
                "state": "delivered",
            }
        )
        for order in (self.order, written):
            job, told = order.name, order.confirmation_ids
            known = told.appointment_text
            self.assertIn("11:00", known)
            self._move(order=order)
            self.assertEqual(told.appointment_text, known)
            self.assertEqual(self.changes.search([]).told_text, known)
            order.unlink()
            self.env.invalidate_all()
            change = self.changes.search([])
            self.assertEqual((change.told_text, change.job_name), (known, job))
            change.sudo().unlink()

    def test_asking_by_hand_tells_it(self):
        self._automatic()
        self._asked()
        self._move()
        self._send()
        self.assertFalse(self.changes.search([]))

    def test_asking_again_tells_of_the_move(self):
        # As Notify Customers does, and the dialog shows what is sent.
        first = self._asked()
        self._answer(first, "Yes")
        self._move()
        self.env.flush_all()
        # Our thanks were not said in the second in which the customer is asked again.
        self.env.cr.execute(
            "UPDATE fsm_confirmation_reply"
            " SET received_date = received_date - INTERVAL '1 minute'"
        )
        self.env.invalidate_all()
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        context = self.order.action_ask_again()["context"]
        wizard = (
            self.env["fsm.confirmation.send"]
            .with_user(self.dispatcher)
            .with_context(**context)
            .create({})
        )
        shown = wizard.body
        self.assertIn("has moved to", shown)
        self.assertIn("Reply YES to confirm", shown)
        wizard.action_send()
        second = self.order.confirmation_ids - first
        self.assertEqual(second.body, shown)
        self.assertEqual((second.kind, second.tells_change), ("question", "moved"))
        self.assertFalse(self.changes.search([]))
        self._run_outbox()
        self._answer(second, "Yes")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        # It is known now.
        again = self.env["fsm.confirmation.send"].create({"order_id": self.order.id})
        self.assertNotIn("has moved to", again.body)

    def test_asking_again_tells_of_a_move_that_waits_for_nobody(self):
        """The customer knows another date, whatever became of the notice."""
        first = self._asked()
        self._move()
        self.changes.search([]).action_dismiss()
        self.company.job_confirmation_notice_moved = "off"
        self._move()
        self.assertFalse(self.changes.search([]))
        wizard = self.env["fsm.confirmation.send"].create({"order_id": self.order.id})
        self.assertIn("has moved to", wizard.body)
        batch = self.env["fsm.confirmation.batch"].create(
            {"order_ids": self.order.ids, "is_again": True}
        )
        batch.action_send()
        second = self.order.confirmation_ids - first
        self.assertEqual(second.body, wizard.body)
        self.assertEqual(second.tells_change, "moved")

    def test_the_planner_tells_of_the_move(self):
        self.company.job_confirmation_notice_moved = "off"
        first = self._asked()
        self._move()
        self.env["fsm.confirmation.plan"].create(
            {
                "name": "Soon",
                "company_id": self.company.id,
                "enabled": True,
                "step_ids": [(0, 0, {"unit": "hours", "number": 24 * 9})],
            }
        )
        self.env.flush_all()
        later = fields.Datetime.now() + timedelta(minutes=20)
        self.env["fsm.confirmation.planner"]._plan_batch(self.company, later)
        second = self.order.confirmation_ids - first
        self.assertIn("has moved to", second.body)
        self.assertEqual(second.tells_change, "moved")
        self.assertTrue(second.step_id)

    def test_only_who_was_told_is_told_of_the_move(self):
        self._asked()
        self._move()
        other = self.env["res.partner"].create(
            {"name": "Neighbor", "phone": "+12025550187"}
        )
        wizard = self.env["fsm.confirmation.send"].create({"order_id": self.order.id})
        self.assertIn("has moved to", wizard.body)
        wizard.partner_id = other
        self.assertNotIn("has moved to", wizard.body)
        self._move(-1)
        wizard.partner_id = self.order.confirmation_ids.partner_id
        self.assertNotIn("has moved to", wizard.body)

    def test_asking_many_again_tells_of_the_moves(self):
        first = self._asked()
        self._move()
        batch = self.env["fsm.confirmation.batch"].create(
            {"order_ids": self.order.ids, "is_again": True}
        )
        batch.action_send()
        second = self.order.confirmation_ids - first
        self.assertIn("has moved to", second.body)
        self.assertEqual(second.tells_change, "moved")

    def test_so_many_at_once_wait_for_a_person(self):
        self._automatic(job_confirmation_notice_limit=2)
        orders = self.env["fsm.order"]
        for number in range(3):
            contact = self._make_contact(f"C{number}", f"+1212555019{number}")
            place = self._make_location(contact)
            orders |= self._make_order(location_id=place.id)
        for order in orders:
            self._asked(order)
            self._move(order=order)
        self._settle()
        held = self.changes.search([])
        self.assertEqual(held.mapped("is_held"), [True] * 3)
        center = self.env["fsm.message.center"].with_user(self.dispatcher)
        [banner] = center._get_change_banners()
        self.assertIn("3 customers haven't been notified", banner["text"])
        # How many get what is shown first.
        contact = orders[0].confirmation_ids.partner_id
        contact.phone = False
        action = held.with_user(self.dispatcher).action_review()
        dialog = self.env[action["res_model"]].with_user(self.dispatcher)
        dialog = dialog.browse(action["res_id"])
        self.assertEqual((dialog.ready_count, dialog.skipped_count), (2, 1))
        self.assertEqual(dialog.ready_info, "Date moved: 2")
        self.assertIn("C0: No contact has a mobile number", dialog.skipped_info)
        self.assertEqual(len(orders.confirmation_ids), 3)
        result = dialog.action_send()
        self.assertIn("2", result["params"]["message"])
        self.assertEqual(len(orders.confirmation_ids), 5)
        left = self.changes.search([])
        self.assertEqual(left.order_id, orders[0])
        self.assertTrue(left.problem)
        contact.phone = "+12125550190"
        dialog.action_send()
        self.assertFalse(center._get_change_banners())
        with self.assertRaisesRegex(UserError, "in the meantime"):
            dialog.action_send()

    # ------------------------------------------------------------ by hand

    def _press_send(self, action):
        dialogs = self.env[action["res_model"]].with_user(self.dispatcher)
        dialogs.browse(action["res_id"]).action_send()

    def test_by_hand(self):
        self.company.job_confirmation_notice_canceled = "hand"
        self._asked()
        self.order.stage_id = self.canceled
        self._settle()
        self.assertEqual(len(self.order.confirmation_ids), 1)
        order = self.order.with_user(self.dispatcher)
        self.assertIn("Canceled", order.confirmation_change_text)
        self._press_send(order.action_tell_change())
        notice = self.order.confirmation_ids[0]
        self.assertEqual(notice.user_id, self.dispatcher)
        self.assertFalse(order.confirmation_change_text)

    def test_review_of_all_where_none_is_chosen(self):
        self._asked()
        self.order.stage_id = self.canceled
        changes = self.changes.with_user(self.dispatcher)
        action = changes.action_review()
        dialog = changes.env["fsm.confirmation.tell"].browse(action["res_id"])
        self.assertEqual(dialog.change_ids, self.changes.search([]))
        for level in ("read", "none"):
            with self.assertRaises(AccessError):
                self.changes.with_user(self.users[level]).action_review()

    # ------------------------------------------------------------ texting hours

    def _close_the_hours(self):
        self.company.job_confirmation_calendar_id = self.env[
            "resource.calendar"
        ].create(
            {"name": "Never", "attendance_ids": [(5, 0, 0)], "tz": "America/New_York"}
        )

    def test_outside_the_texting_hours_the_dialog_asks_for_a_reason(self):
        self.company.job_confirmation_notice_canceled = "hand"
        self._asked()
        self.order.stage_id = self.canceled
        self._close_the_hours()
        action = self.order.with_user(self.dispatcher).action_tell_change()
        dialog = self.env[action["res_model"]].with_user(self.dispatcher)
        dialog = dialog.browse(action["res_id"])
        self.assertTrue(dialog.is_outside_hours)
        self.assertFalse(dialog.ready_count)
        dialog.send_now = True
        with self.assertRaisesRegex(UserError, "can't wait"):
            dialog.action_send()
        dialog.at_once_reason = "They leave at six"
        self.assertEqual((dialog.ready_count, dialog.skipped_count), (1, 0))
        dialog.action_send()
        self._run_outbox()
        notice = self.order.confirmation_ids[0]
        self.assertEqual((notice.tells_change, notice.state), ("canceled", "delivered"))
        for record in (notice, self.order, self.customer):
            self.assertIn("hours: They leave at six", self._history(record))

    def test_what_would_come_too_late_is_left_to_a_person(self):
        self._automatic()
        self._asked()
        self.order.stage_id = self.canceled
        self._close_the_hours()
        self._settle()
        self.assertEqual(len(self.order.confirmation_ids), 1)
        change = self.changes.search([])
        self.assertTrue(change.is_held)
        self.assertIn("send the text now with a reason", change.problem)

    def test_access(self):
        self._asked()
        self.order.stage_id = self.canceled
        change = self.changes.search([])
        self.assertTrue(change)
        for level in ("read", "none"):
            with self.assertRaises(AccessError):
                change.with_user(self.users[level]).action_tell()
            with self.assertRaises(AccessError):
                change.with_user(self.users[level]).action_dismiss()
            with self.assertRaises(AccessError):
                change.with_user(self.users[level]).action_review()
            with self.assertRaises(AccessError):
                self.env["fsm.confirmation.tell"].with_user(self.users[level]).create(
                    {"change_ids": change.ids}
                )
            with self.assertRaises(AccessError):
                self.order.with_user(self.users[level]).action_tell_change()
        stranger = self._make_company("Other", "+12025550111")
        company_ids = stranger.ids
        other = self.dispatcher.copy(
            {
                "login": "other",
                "company_id": stranger.id,
                "company_ids": [Command.set(company_ids)],
            }
        )
        elsewhere = change.with_user(other).with_context(
            allowed_company_ids=company_ids
        )
        self.assertFalse(elsewhere.search([]))
        with self.assertRaises(AccessError):
            elsewhere.action_tell()
        with self.assertRaises(AccessError):
            elsewhere.action_review()
        with self.assertRaises(AccessError):
            self.env["fsm.confirmation.tell"].with_user(other).with_context(
                allowed_company_ids=company_ids
            ).create({"change_ids": change.ids})
        change.with_user(self.dispatcher).action_dismiss()
        self.assertFalse(change.exists())


@tagged("post_install", "-at_install")
class TestNoticesOfOneDay(NoticesCase):
    """Two appointments of a customer that change together: one text."""

    def setUp(self):
        super().setUp()
        self._automatic()
        self.other = self._make_order(self.start + timedelta(hours=5))
        self.orders = self.order + self.other
        for order in self.orders:
            self._asked(order)
        self.asked = self.orders.confirmation_ids

    def _told(self):
        self._settle()
        return (self.orders.confirmation_ids - self.asked).sorted("appointment_start")

    def _texts(self):
        return [text["body"] for text in self.twilio.sent()][2:]

    def test_moved(self):
        for order in self.orders:
            self._move(order=order)
        first, second = self._told()
        [text] = self._texts()
        self.assertEqual(text, first.body)
        self.assertIn("your appointments have moved to", text)
        for record in (first, second):
            self.assertEqual((record.kind, record.tells_change), ("question", "moved"))
            self.assertEqual(record.state, "delivered")
            self.assertIn(f"{record.code}: ", text)
            self.assertIn(record.job_name, text)
            self.assertIn(record.name, self._history(record.order_id))
        self.assertEqual(second.carrier_id, first)
        self._customer_says("yes to both")
        self.assertEqual(self.orders.mapped("confirmation_status"), ["confirmed"] * 2)
        self.assertFalse(self.changes.search([]))

    def test_moved_to_different_days(self):
        self._move(1, self.order)
        self._move(2, self.other)
        first, second = self._told()
        self.assertFalse(first.carrier_id or second.carrier_id)
        self.assertEqual(len(self._texts()), 2)

    def test_canceled(self):
        self.orders.stage_id = self.canceled
        first, second = self._told()
        [text] = self._texts()
        self.assertIn("have been canceled", text)
        for record in (first, second):
            self.assertEqual((record.kind, record.state), ("notice", "delivered"))
            self.assertIn(record.job_name, text)
        self.assertNotIn(": ,", text)
        self.assertNotIn("YES", text)
        self._settle()
        self.assertEqual(len(self._texts()), 1)

    def test_another_technician(self):
        self.orders.person_id = self.other_technician
        self._told()
        [text] = self._texts()
        self.assertIn("Ann Lee will come to your appointments on", text)

    def test_one_after_the_other_settle_together(self):
        self._move(order=self.order)
        first = self.changes.search([])
        first.due_date = fields.Datetime.now() + timedelta(minutes=2)
        self._move(order=self.other)
        self.assertEqual(len(set(self.changes.search([]).mapped("due_date"))), 1)

    def test_of_other_customers_nothing_waits(self):
        contact = self._make_contact("Zoe Last", "+12125550166")
        order = self._make_order(location_id=self._make_location(contact).id)
        self._asked(order)
        self._move(order=order)
        soon = fields.Datetime.now() + timedelta(minutes=2)
        self.changes.search([]).due_date = soon
        self._move(order=self.order)
        mine = self.changes.search([("order_id", "=", order.id)])
        self.assertEqual(mine.due_date, soon)

    def test_one_moves_back_before_it_leaves(self):
        for order in self.orders:
            self._move(order=order)
        self.env.flush_all()
        self.changes.search([]).write({"due_date": fields.Datetime.now()})
        self._run_cron("ir_cron_tell_of_changes")
        waiting = self.orders.confirmation_ids - self.asked
        self.assertEqual(set(waiting.mapped("state")), {"outgoing"})
        self._move(-1, self.other)
        self._run_outbox()
        [text] = self._texts()
        self.assertIn(f"your appointment {self.order.name} has moved to", text)
        self.assertIn("Reply YES", text)
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self.assertEqual(self.other.confirmation_status, "awaiting")

    def _record_the_text(self):
        """The settling time passes; the text waits to be sent."""
        self.env.flush_all()
        self.changes.search([]).write({"due_date": fields.Datetime.now()})
        self._run_cron("ir_cron_tell_of_changes")
        waiting = self.orders.confirmation_ids - self.asked
        self.assertEqual(set(waiting.mapped("state")), {"outgoing"})
        return waiting

    def test_both_move_back_before_it_leaves(self):
        for order in self.orders:
            self._move(order=order)
        waiting = self._record_the_text()
        for order in self.orders:
            self._move(-1, order)
        self.assertEqual(self.asked.mapped("is_open"), [True] * 2)
        self._run_outbox()
        self.env.invalidate_all()
        self.assertFalse(self._texts())
        self.assertEqual(set(waiting.mapped("state")), {"canceled"})
        self.assertEqual(self.orders.mapped("confirmation_status"), ["awaiting"] * 2)
        self.assertEqual(self.asked.mapped("is_open"), [True] * 2)
        # It could be either of them: the customer is asked which.
        [question] = self._customer_says("yes")["replies"]
        self.env.invalidate_all()
        self.assertNotIn("confirmed", self.orders.mapped("confirmation_status"))
        for record in self.asked:
            self.assertIn(f"{record.code}: ", str(question))
        for record in self.asked:
            self._customer_says(f"yes {record.code}")
        self.env.invalidate_all()
        self.assertEqual(self.orders.mapped("confirmation_status"), ["confirmed"] * 2)

    def test_confirmed_and_both_move_back_before_it_leaves(self):
        self._customer_says("yes to both")
        self.env.invalidate_all()
        self.assertEqual(self.orders.mapped("confirmation_status"), ["confirmed"] * 2)
        for order in self.orders:
            self._move(order=order)
        self._record_the_text()
        for order in self.orders:
            self._move(-1, order)
        self._run_outbox()
        self.env.invalidate_all()
        self.assertEqual(self.orders.mapped("confirmation_status"), ["confirmed"] * 2)

    def test_the_carrier_moves_back_before_it_leaves(self):
        for order in self.orders:
            self._move(order=order)
        carrier = self._record_the_text().filtered("carried_ids")
        self._move(-1, carrier.order_id)
        self._run_outbox()
        self.env.invalidate_all()
        other = self.orders - carrier.order_id
        [text] = self._texts()
        self.assertIn(f"your appointment {other.name} has moved to", text)
        self.assertEqual(self.orders.mapped("confirmation_status"), ["awaiting"] * 2)
        self.assertEqual(
            [len(order.confirmation_ids.filtered("is_open")) for order in self.orders],
            [1, 1],
        )

    def test_both_move_back_as_it_is_about_to_leave(self):
        """The outbox has claimed it already: it is stopped right before the call."""
        for order in self.orders:
            self._move(order=order)
        self._record_the_text()
        outbox = self.env["fsm.confirmation.outbox"]
        claimed, _pause = outbox._claim_now({}, None)
        self.assertEqual(claimed.state, "sending")
        for order in self.orders:
            self._move(-1, order)
        stops = outbox._find_stops(claimed)[claimed]
        self.assertEqual(len(stops), 2)
        self.env["fsm.confirmation.same.day"]._stop(claimed, stops)
        self.env.invalidate_all()
        self.assertEqual(claimed.state, "canceled")
        self.assertEqual(self.orders.mapped("confirmation_status"), ["awaiting"] * 2)
        self.assertEqual(self.asked.mapped("is_open"), [True] * 2)

    def test_what_no_text_can_say_together_settles_by_itself(self):
        self.order.stage_id = self.canceled
        soon = fields.Datetime.now() + timedelta(minutes=2)
        first = self.changes.search([])
        first.due_date = soon
        # Another kind on the same day, and the same kind on another day.
        self.other.person_id = self.other_technician
        far = self._make_order(self.start + timedelta(days=30))
        self._asked(far)
        far.stage_id = self.canceled
        self.assertEqual(len(self.changes.search([])), 3)
        self.assertEqual(first.due_date, soon)

    def test_others_put_it_off_for_a_limited_time(self):
        minutes = timedelta(minutes=self.company.job_confirmation_notice_minutes)
        self._move(order=self.order)
        first = self.changes.search([])
        noticed = fields.Datetime.now() - 2 * minutes + timedelta(minutes=1)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_confirmation_change SET create_date = %s, due_date = %s",
            [noticed, noticed + minutes],
        )
        self.env.invalidate_all()
        self._move(order=self.other)
        self.assertEqual(first.due_date, noticed + 2 * minutes)
        triggers = self.env["ir.cron.trigger"].search(
            [("call_at", "=", first.due_date)]
        )
        self.assertTrue(triggers)

    def test_by_hand_says_one_text(self):
        self._automatic(job_confirmation_notice_canceled="hand")
        self.orders.stage_id = self.canceled
        action = self.changes.with_user(self.dispatcher).action_review()
        dialog = self.env["fsm.confirmation.tell"].browse(action["res_id"])
        self.assertEqual(dialog.ready_count, 1)
        dialog.action_send()
        self._run_outbox()
        self.assertEqual(len(self._texts()), 1)

    def test_the_day_the_customer_knows(self):
        """One was moved and then canceled: the customer knows the day before."""
        self._move(3, self.other)
        self.orders.stage_id = self.canceled
        self._told()
        texts = self._texts()
        self.assertEqual(len(texts), 2)
        for text in texts:
            self.assertIn(self.asked[0].date_text, text)
