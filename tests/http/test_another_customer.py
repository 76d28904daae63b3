# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A Work Order is another customer's now: who was asked before hears no more of it."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..common import ConfirmationHttpCase

BERTA = "+12125550177"


@tagged("post_install", "-at_install")
class TestAnotherCustomer(ConfirmationHttpCase):
    def setUp(self):
        super().setUp()
        self.dispatcher.group_ids |= self.env.ref("fieldservice.group_fsm_dispatcher")
        self.when = self._local_time("America/New_York", 5, 10)

    def _ask(self):
        self.question = self._send(self.order)
        self._run_outbox()

    def _dialog(self, name, **values):
        dialogs = self.env[f"fsm.confirmation.{name}"].with_user(self.dispatcher)
        dialogs = dialogs.with_context(allowed_company_ids=self.company.ids)
        return dialogs.create(values)

    def _propose(self):
        return self._dialog(
            "propose",
            confirmation_id=self.question.id,
            first_date=self.when,
            second_date=self._local_time("America/New_York", 6, 10),
        )

    def _wish(self, when=None):
        """The dialog that sets what the customer named, open."""
        self._ask()
        self.question.write(
            {
                "proposed_date": when or self.when,
                "has_proposed_hour": True,
                "response": "declined",
            }
        )
        return self._dialog(
            "settle",
            action="move",
            confirmation_id=self.question.id,
            scheduled_date_start=when or self.when,
        )

    def _give_to_berta(self):
        contact = self._make_contact("Berta Second", BERTA)
        self.order.location_id = self._make_location(contact)
        self.env.flush_all()
        self.env.invalidate_all()

    def _refused(self, call):
        """Nothing is sent, moved or confirmed."""
        start, sent = self.order.scheduled_date_start, len(self.twilio.sent())
        with self.assertRaises(UserError):
            call()
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), sent)
        self.assertEqual(self.order.scheduled_date_start, start)
        self.assertNotEqual(self.order.confirmation_status, "confirmed")

    def _steps(self):
        message = self.question.with_user(self.dispatcher)
        return {step["key"] for step in message.next_steps}

    def test_on_my_way(self):
        self.order.write(
            {
                "scheduled_date_start": self._local_time(
                    "America/New_York", days=0, hour=23, minute=30
                ),
                "scheduled_duration": 0.25,
                "person_id": self.technician.id,
            }
        )
        self._ask()
        self._give_to_berta()
        dialog = self._dialog("on.my.way", order_id=self.order.id)
        self.assertEqual(dialog.contact_name, "Berta Second")
        dialog.action_send()
        self._run_outbox()
        self.assertEqual(self.twilio.sent()[-1]["to"], BERTA)
        self.assertEqual(len(self.twilio.sent()), 2)

    def test_the_wish_of_who_was_asked(self):
        dialog = self._wish()
        self.assertIn("move", self._steps())
        self._give_to_berta()
        self.assertFalse({"move", "reschedule", "propose"} & self._steps())
        self._refused(dialog.action_apply)

    def test_the_time_that_was_chosen(self):
        self._ask()
        self._propose().action_send()
        self._run_outbox()
        self._customer_says("A")
        self.assertIn("take_time", self._steps())
        self._give_to_berta()
        message = self.question.with_user(self.dispatcher)
        self._refused(lambda: message.action_next_step("take_time"))
        agreed_times = self.env["fsm.confirmation.agreed.time"]
        agreed_times = agreed_times.with_user(self.dispatcher)
        self._refused(lambda: agreed_times._apply_chosen(message))

    def test_proposing_in_the_old_conversation(self):
        self._ask()
        dialog = self._propose()
        self._give_to_berta()
        self._refused(dialog.action_send)

    # ------------------------------------------------------------------
    # What else changed while the dialog was open
    # ------------------------------------------------------------------

    def test_canceled_meanwhile(self):
        dialog = self._wish()
        self.order.stage_id = self.env.ref("fieldservice.fsm_stage_cancelled")
        self._refused(dialog.action_apply)

    def test_a_wish_that_has_passed(self):
        past = fields.Datetime.now().replace(microsecond=0) - timedelta(days=1)
        self._refused(self._wish(past).action_apply)

    def test_pressed_twice(self):
        dialog = self._wish()
        dialog.action_apply()
        dialog.action_apply()
        self._run_outbox()
        self.assertEqual(len(self.twilio.sent()), 2)
        self.assertEqual(self.order.scheduled_date_start, self.when)
        self.assertEqual(self.order.confirmation_status, "confirmed")
