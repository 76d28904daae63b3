# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Customers who were told of an appointment that is deleted then."""

from datetime import timedelta

from odoo import Command, fields
from odoo.tests import tagged

from ..common import new_user
from .test_notices import NoticesCase


@tagged("post_install", "-at_install")
class TestDeleted(NoticesCase):
    def _notices(self):
        return self.env["fsm.confirmation"].search([("tells_change", "=", "canceled")])

    # ------------------------------------------------------------ automatic

    def test_a_deleted_work_order_is_told_of(self):
        self._automatic()
        question = self._asked()
        when, job = question.appointment_text, self.order.name
        self.order.unlink()
        self._run_cron("ir_cron_tell_of_changes")
        self.assertFalse(self._notices(), "not before it has settled")
        self._settle()
        notice = self._notices()
        self.assertEqual((notice.kind, notice.state), ("notice", "delivered"))
        self.assertIn(f"your appointment {job} on ", notice.body)
        self.assertIn("9:00 AM - 11:00 AM has been canceled", notice.body)
        self.assertEqual(notice.appointment_start, question.appointment_start)
        self.assertEqual((notice.job_name, notice.timezone), (job, question.timezone))
        # All of it is still one conversation, and in the contact's history.
        self.assertEqual(question.appointment_text, when)
        shown = question.with_user(self.dispatcher).get_conversation()["events"]
        texts = [event["text"] for event in shown if event["kind"] == "sent"]
        self.assertEqual(texts, [question.body, notice.body])
        history = self._history(self.customer)
        self.assertIn("has been canceled", history)
        self.assertIn("Reply YES to confirm", history)
        # Once, and nothing is left over.
        self._settle()
        self.assertEqual(self._notices(), notice)
        self.assertFalse(self.changes.search([]))

    def test_a_yes_to_it_is_for_a_person(self):
        self._automatic()
        self._asked()
        other = self._make_order(self.start + timedelta(days=3))
        self._asked(other)
        self.order.unlink()
        self._settle()
        self._customer_says("ok")
        self.assertFalse(self._notices().needs_reading)
        self._customer_says("Yes")
        self.assertEqual(other.confirmation_status, "awaiting")
        self.assertTrue(self._notices().needs_reading)

    def test_who_confirmed_is_told_as_well(self):
        self._automatic()
        self._asked()
        self._customer_says("Yes")
        self.order.unlink()
        self._settle()
        self.assertEqual(self._notices().state, "delivered")

    def test_what_the_customer_knows_is_what_is_told(self):
        """It had moved meanwhile, and nobody had told them."""
        self._automatic()
        question = self._asked()
        self._move(3)
        self.assertEqual(self.changes.search([]).kind, "moved")
        self.order.unlink()
        self._settle()
        self.assertEqual(self._notices().appointment_start, question.appointment_start)

    def test_by_email(self):
        self._automatic()
        self.customer.write({"phone": False, "email": "maria@example.com"})
        question = self._send(channel="email").sudo()
        question.mail_id.state = "sent"
        self.env["fsm.confirmation.email"]._record_outcome(question)
        self.order.unlink()
        self._settle()
        notice = self._notices().sudo()
        self.assertEqual((notice.channel, notice.email), ("email", "maria@example.com"))
        self.assertIn("has been canceled", notice.mail_id.body_html)
        self.assertRegex(notice.mail_id.subject, r"your appointment on \w+, ")

    def test_an_email_about_what_is_gone_does_not_leave(self):
        self._automatic(job_confirmation_notice_canceled="off")
        self.customer.write({"phone": False, "email": "maria@example.com"})
        question = self._send(channel="email").sudo()
        question.mail_id.state = "sent"
        self.env["fsm.confirmation.email"]._record_outcome(question)
        self.order.person_id = self.other_technician
        self._settle()
        notice = (self.order.confirmation_ids - question).sudo()
        self.assertEqual(
            (notice.tells_change, notice.state), ("technician", "outgoing")
        )
        self.order.unlink()
        self.assertEqual((notice.state, notice.mail_id.state), ("canceled", "cancel"))
        self.assertIn("was deleted", notice.failure_reason)

    def test_at_night_it_waits(self):
        self._automatic()
        self._asked()
        self.order.unlink()
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("job_confirmation.texting_hours", "")
        calendar = self.env["resource.calendar"].create(
            {"name": "Never now", "tz": "America/New_York", "attendance_ids": False}
        )
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        calendar.attendance_ids = [
            Command.create(
                {
                    "name": "Tomorrow",
                    "dayofweek": str(tomorrow.weekday()),
                    "hour_from": 8,
                    "hour_to": 20,
                }
            )
        ]
        self.company.job_confirmation_calendar_id = calendar
        self._settle()
        notice = self._notices()
        self.assertEqual(notice.state, "outgoing")
        self.assertGreater(notice.next_attempt_date, fields.Datetime.now())

    def test_many_at_once_wait_for_a_person(self):
        self._automatic(job_confirmation_notice_limit=1)
        orders = self.order | self._make_order(self.start + timedelta(days=1))
        for order in orders:
            self._asked(order)
        orders.unlink()
        self._settle()
        self.assertFalse(self._notices())
        self.assertEqual(self.changes.search([]).mapped("is_held"), [True, True])
        self.changes.search([]).with_user(self.dispatcher).action_review()
        wizard = self.env["fsm.confirmation.tell"].search([], limit=1)
        self.assertEqual((wizard.ready_count, wizard.skipped_count), (2, 0))
        wizard.with_user(self.dispatcher).action_send()
        self._run_outbox()
        self.assertEqual(self._notices().mapped("state"), ["delivered", "delivered"])

    def test_whoever_deletes_it(self):
        """Without a level, as whoever cancels it."""
        self._automatic()
        self._asked()
        manager = new_user(
            self.env,
            "mc_test_manager",
            groups="base.group_user,fieldservice.group_fsm_manager",
            companies=self.company,
        )
        self.order.with_user(manager).unlink()
        self._settle()
        self.assertEqual(self._notices().state, "delivered")

    # ------------------------------------------------------------ visits

    def test_a_visit_that_is_removed(self):
        self._automatic()
        first = self._make_visit(self.order, 1)
        second = self._make_visit(self.order, 3)
        for visit in (first, second):
            self._send(visit_id=visit.id)
            self._run_outbox()
        start = first.scheduled_date_start
        self.order.visit_ids = [Command.delete(first.id)]
        order = self.order.with_user(self.dispatcher)
        self.assertIn(
            "doesn't know about “Canceled” yet", order.confirmation_change_text
        )
        self._settle()
        notice = self._notices()
        self.assertEqual((notice.state, notice.order_id), ("delivered", self.order))
        self.assertEqual(notice.appointment_start, start)
        self.assertIn("has been canceled", self._history(self.order))
        self.assertEqual(self.order.confirmation_status, "awaiting")
        # The other one is as it was: nothing is told of it.
        self.order.description = "whatever"
        self._settle()
        self.assertEqual(self._notices(), notice)
        # The last one leaves a Work Order that nobody was told of.
        second.unlink()
        self._settle()
        self.assertEqual(len(self._notices()), 2)
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertFalse(self.changes.search([]))

    def test_a_work_order_with_its_visits(self):
        self._automatic()
        visits = [self._make_visit(self.order, days) for days in (1, 3)]
        for visit in visits:
            self._send(visit_id=visit.id)
            self._run_outbox()
        visits[0].unlink()
        self.order.unlink()
        self._settle()
        notices = self._notices()
        self.assertEqual(notices.mapped("state"), ["delivered", "delivered"])
        self.assertEqual(len(set(notices.mapped("appointment_start"))), 2)

    # ------------------------------------------------------------ by hand

    def test_by_hand_it_waits_for_a_dispatcher(self):
        self._automatic(job_confirmation_notice_canceled="hand")
        question = self._asked()
        self.order.unlink()
        self._settle()
        self.assertFalse(self._notices())
        change = self.changes.with_user(self.dispatcher).search([])
        self.assertTrue(change.is_held)
        question = question.with_user(self.dispatcher)
        self.assertEqual(change.told_text, question.appointment_text)
        self.assertEqual((change.now_text, change.kind), ("Canceled", "canceled"))
        self.assertEqual(change.job_name, question.job_name)
        center = self.env["fsm.message.center"].with_user(self.dispatcher)
        texts = [banner["text"] for banner in center._get_banners()]
        self.assertIn("1 customer hasn't been notified of a change yet.", texts)
        change.action_tell()
        self._run_outbox()
        self.assertEqual(self._notices().state, "delivered")
        self.assertFalse(self.changes.search([]))

    def test_by_hand_it_need_not_be_told(self):
        self._automatic(job_confirmation_notice_canceled="hand")
        self._asked()
        self.order.unlink()
        self.changes.with_user(self.dispatcher).search([]).action_dismiss()
        self._settle()
        self.assertFalse(self._notices())

    def test_a_reason_why_it_can_not_be_told(self):
        self._automatic()
        self._asked()
        self.order.unlink()
        self._customer_says("STOP")
        self._settle()
        self.assertFalse(self._notices())
        change = self.changes.search([])
        self.assertTrue(change.is_held)
        self.assertIn("opted out", change.problem)

    def test_what_has_passed_meanwhile_is_forgotten(self):
        self._automatic(job_confirmation_notice_canceled="hand")
        question = self._asked()
        self.order.unlink()
        question.sudo().write({"appointment_start": fields.Datetime.now()})
        self._settle()
        self.assertFalse(self.changes.search([]))

    # ------------------------------------------------------------ nothing to tell

    def test_nothing_to_tell(self):
        def declined():
            self._asked()
            self._customer_says("No")

        def passed():
            self._pass_time(self._asked(), hours=5)

        def switched_off():
            self.company.job_confirmation_notice_canceled = "off"
            self._asked()

        cases = {
            "never asked": lambda: None,
            "waits to be sent": self._send,
            "declined": declined,
            "passed": passed,
            "off": switched_off,
        }
        for case, prepare in cases.items():
            with self.subTest(case):
                self._automatic()
                self.order = self._make_order(self.start)
                prepare()
                self.order.unlink()
                self._settle()
                self.assertFalse(self._notices())
                self.assertFalse(self.changes.search([]))

    def test_other_companies_see_nothing_of_it(self):
        self._automatic(job_confirmation_notice_canceled="hand")
        self._asked()
        self.order.unlink()
        other = self._make_company("Bolt Inc", "+12025550199")
        stranger = new_user(
            self.env,
            "mc_test_stranger",
            groups="base.group_user,fieldservice.group_fsm_user,"
            "fieldservice_job_confirmation.group_message_center_admin",
            companies=other,
        )
        changes = self.changes.with_user(stranger)
        changes = changes.with_context(allowed_company_ids=other.ids)
        self.assertFalse(changes.search([]))
