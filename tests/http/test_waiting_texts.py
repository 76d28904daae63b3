# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A text of any kind that has waited says nothing any more that is not true."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import ConfirmationHttpCase

TOLD = ("staff", "notice", "on_my_way", "times", "reminder")


@tagged("post_install", "-at_install")
class TestWaitingTexts(ConfirmationHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.canceled = cls.env.ref("fieldservice.fsm_stage_cancelled")
        cls.other_technician = cls.env["fsm.person"].create({"name": "Ann Lee"})
        cls.dispatcher.group_ids |= cls.env.ref("fieldservice.group_fsm_dispatcher")

    def _tell(self, kind, order=None, tells_change="", **known):
        """A text that is recorded and has not left yet, as through an outage."""
        order = order or self.order
        composer = self.env["fsm.confirmation.composer"]
        visit = self.env["fsm.visit"]
        draft = composer._draft(order, visit, self.customer)
        draft.kind, draft.words = kind, f"About {kind}"
        draft.tells_change = tells_change
        for name, value in known.items():
            setattr(draft, name, value)
        return composer._record([draft], self.dispatcher)

    def _leave(self, record):
        """It is tried now; returns whether it left, else why it did not."""
        record.next_attempt_date = False
        before = len(self.twilio.sent())
        self._run_outbox()
        left = len(self.twilio.sent()) - before
        if left:
            self.assertIn(record.state, ("sent", "delivered"))
        else:
            self.assertEqual(record.state, "canceled")
            self.assertTrue(record.failure_reason)
        return bool(left) or record.failure_reason

    def _propose(self):
        """Times are proposed; returns the text that waits, and the slots."""
        question = self._send(self.order)
        self._run_outbox()
        dialogs = self.env["fsm.confirmation.propose"].with_user(self.dispatcher)
        dialogs = dialogs.with_context(default_confirmation_id=question.id)
        dialogs.create({}).action_send()
        record = self.env["fsm.confirmation"].search([("kind", "=", "times")]).sudo()
        slots = self.env["fsm.confirmation.slot"]
        return record, slots.search([("confirmation_id", "=", record.id)])

    def test_they_leave_while_they_are_true(self):
        today = self._local_time("America/New_York", days=0, hour=23, minute=30)
        order = self._make_order(today, hours=0.25)
        for kind in TOLD:
            with self.subTest(kind):
                self.assertIs(self._leave(self._tell(kind, order)), True)

    def test_canceled_and_on_again(self):
        self.order.stage_id = self.canceled
        record = self._tell("notice", tells_change="canceled")
        self.order.stage_id = self.env.ref("fieldservice.fsm_stage_new")
        self.assertIn("no longer true", self._leave(record))

    def test_canceled_still(self):
        self.order.stage_id = self.canceled
        self.assertIs(self._leave(self._tell("notice", tells_change="canceled")), True)

    def test_another_technician_than_it_says(self):
        record = self._tell("notice", tells_change="technician")
        self.order.person_id = self.other_technician
        self.assertIn("no longer true", self._leave(record))

    def test_canceled_or_moved_since(self):
        for kind in ("question", "notice", "on_my_way", "times", "reminder"):
            for change in ("cancel", "move"):
                with self.subTest((kind, change)):
                    today = self._local_time("America/New_York", 0, 23, 30)
                    order = self._make_order(today, hours=0.25)
                    record = self._tell(kind, order)
                    if change == "cancel":
                        order.stage_id = self.canceled
                    else:
                        order.scheduled_date_start = self.start
                    self.assertIsNot(self._leave(record), True)

    def test_deleted_since(self):
        for kind in ("question", "notice", "on_my_way", "times", "reminder"):
            with self.subTest(kind):
                today = self._local_time("America/New_York", 0, 23, 30)
                order = self._make_order(today, hours=0.25)
                record = self._tell(kind, order)
                order.unlink()
                self.env.invalidate_all()
                self.assertIsNot(self._leave(record), True)

    def test_another_number_of_the_contact(self):
        for kind in ("question", "notice", "on_my_way", "reminder"):
            with self.subTest(kind):
                today = self._local_time("America/New_York", 0, 23, 30)
                order = self._make_order(today, hours=0.25)
                self.customer.phone = "+12125550123"
                record = self._tell(kind, order)
                self.customer.phone = "+12125550129"
                self.assertIsNot(self._leave(record), True)

    def test_what_a_person_wrote_leaves_whatever_changed(self):
        record = self._tell("staff")
        self.order.stage_id = self.canceled
        self.assertIs(self._leave(record), True)

    def test_on_my_way_long_ago(self):
        today = self._local_time("America/New_York", days=0, hour=23, minute=30)
        record = self._tell("on_my_way", self._make_order(today, hours=0.25))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET create_date = create_date"
            " - interval '3 hours' WHERE id = %s",
            [record.id],
        )
        self.env.invalidate_all()
        self.assertIsNot(self._leave(record), True)

    def test_proposed_times_that_are_over(self):
        record, slots = self._propose()
        begun = fields.Datetime.now() - timedelta(minutes=5)
        slots[0].write({"date_start": begun, "date_end": begun + timedelta(hours=1)})
        self.assertIsNot(self._leave(record), True)
        self.assertFalse(any(slots.mapped("is_held")), "free for others")

    def test_proposed_times_that_are_no_longer_reserved(self):
        record, slots = self._propose()
        slots.write({"held_until": fields.Datetime.now() - timedelta(minutes=1)})
        self.assertIsNot(self._leave(record), True)

    def test_who_opted_out_gets_none(self):
        records = self.env["fsm.confirmation"].sudo()
        today = self._local_time("America/New_York", days=0, hour=23, minute=30)
        order = self._make_order(today, hours=0.25)
        for kind in ("question", *TOLD):
            records |= self._tell(kind, order)
        self._customer_says("STOP")
        for record in records:
            with self.subTest(record.kind):
                self.assertIn("opted out", self._leave(record))


@tagged("post_install", "-at_install")
class TestNights(ConfirmationHttpCase):
    """At night nobody is told that the technician is on the way, unless with reason."""

    def setUp(self):
        super().setUp()
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("job_confirmation.texting_hours", "8-20")
        now = fields.Datetime.now()
        # A place of work where it is 3 o'clock.
        ahead = (3 - now.hour + 12) % 24 - 12
        self.location.partner_id.tz = f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"
        self.order = self._make_order(now + timedelta(hours=1), hours=0.25)

    def _dialog(self, user, **values):
        dialogs = self.env["fsm.confirmation.on.my.way"].with_user(user)
        dialogs = dialogs.with_context(allowed_company_ids=self.company.ids)
        return dialogs.create({"order_id": self.order.id, **values})

    def test_by_a_stage(self):
        stage = self.env["fsm.stage"].create(
            {
                "name": "Under way",
                "stage_type": "order",
                "sequence": 77,
                "confirmation_on_my_way": True,
            }
        )
        self.order.stage_id = stage
        self._run_outbox()
        self.assertFalse(self.order.confirmation_ids or self.twilio.sent())

    def test_by_a_dispatcher(self):
        dialog = self._dialog(self.dispatcher)
        self.assertIn("outside the texting hours", dialog.problem)
        dialog.send_now = True
        with self.assertRaisesRegex(UserError, "texting hours"):
            dialog.action_send()
        dialog.at_once_reason = "No water at night"
        self.assertFalse(dialog.problem)
        dialog.action_send()
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), 1)
        self.assertIn("No water at night", self._history(self.order))

    def test_by_the_technician(self):
        worker = self.users["none"]
        worker.group_ids |= self.env.ref("fieldservice.group_fsm_user_own")
        worker.partner_id = self.technician.partner_id
        dialog = self._dialog(worker, send_now=True, at_once_reason="I am near")
        with self.assertRaisesRegex(UserError, "call"):
            dialog.action_send()

    def test_what_staff_write(self):
        """Only an answer to who has just written leaves."""
        question = self._send(self.order, send_now=True, at_once_reason="Burst pipe")
        self._run_outbox()
        question.with_user(self.dispatcher).action_write_back("Which floor is it?")
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), 1)
        self._customer_says("hello?")
        before = len(self.twilio.sent())
        question.with_user(self.dispatcher).action_write_back("Which floor?")
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), before + 1)
