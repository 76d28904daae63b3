# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The dialogs in a real browser, as users with each level work with them."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..common import MODULE
from .browser import MESSAGES, TourCase

CHANGES = f"/odoo/action-{MODULE}.fsm_confirmation_change_action"
UNMATCHED = f"/odoo/action-{MODULE}.fsm_confirmation_reply_action"


@tagged("post_install", "-at_install")
class TestDialogTours(TourCase):
    def test_send(self):
        self._tour("fsm_dialogs_send_by_keyboard")
        self.assertEqual(len(self.order.confirmation_ids), 1)
        self.assertEqual(self.order.confirmation_status, "awaiting")

    def test_conversation(self):
        self._asked("Yes, thank you")
        self._tour("fsm_dialogs_conversation", MESSAGES)
        self._tour("fsm_dialogs_conversation", MESSAGES, level="read")

    def test_conversation_read_only(self):
        self._asked("hm, perhaps")
        self._tour("fsm_dialogs_read_only", MESSAGES, level="read")

    def test_write_back(self):
        self._asked("Is this the plumber?")
        self._tour("fsm_dialogs_write_back", MESSAGES)
        told = self.order.confirmation_ids.filtered(lambda rec: rec.kind == "staff")
        self.assertEqual(told.body, "Yes, this is Acme.")
        self._tour("fsm_dialogs_write_back_read_only", MESSAGES, level="read")
        self._customer_says("STOP")
        self._tour("fsm_dialogs_write_back_opted_out", MESSAGES)

    def test_write_back_outside_the_texting_hours(self):
        self._asked()
        yesterday = fields.Datetime.now() - timedelta(days=1)
        day = {"dayofweek": str(yesterday.weekday()), "hour_from": 11, "hour_to": 12}
        self.company.job_confirmation_calendar_id = self.env[
            "resource.calendar"
        ].create(
            {
                "name": "Once a week",
                "attendance_ids": [(5, 0, 0), (0, 0, {"name": "Noon", **day})],
                "tz": "America/New_York",
            }
        )
        self._tour("fsm_dialogs_write_back_now", MESSAGES)
        told = self.order.confirmation_ids.filtered(lambda rec: rec.kind == "staff")
        self.assertEqual(told.mapped("body"), ["Good night", "The water is off"])
        self.assertIn("hours: Burst pipe", self._history(self.order))

    def test_tell_many_of_changes(self):
        self.company.job_confirmation_notice_moved = "hand"
        neighbor = self._make_contact("Zoe Last", "+12125550166")
        other = self._make_order(location_id=self._make_location(neighbor).id)
        for order in self.order + other:
            self._send(order)
            self._run_outbox()
            order.scheduled_date_start += timedelta(days=1)
        self._tour("fsm_dialogs_tell_many", CHANGES)
        texts = (self.order + other).confirmation_ids
        self.assertEqual(texts.mapped("tells_change").count("moved"), 2)

    def test_propose_times(self):
        self.order.person_id = self.technician
        record = self._asked("no, I can't make it")
        self._tour("fsm_dialogs_propose", MESSAGES)
        self._run_outbox()
        slots = self.env["fsm.confirmation.slot"].search([])
        self.assertEqual(slots.mapped("letter"), ["A", "B", "C"])
        self._customer_says("b please")
        self._tour("fsm_dialogs_take_time", MESSAGES)
        self.assertEqual(self.order.scheduled_date_start, slots[1].date_start)
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertFalse(record.needs_reading)

    def test_write_back_to_an_unmatched_reply(self):
        self._customer_says("Is this the plumber?", number="+12125550188")
        self._tour("fsm_dialogs_unmatched_read_only", UNMATCHED, level="read")
        self._tour("fsm_dialogs_unmatched", UNMATCHED)
        told = self.env["fsm.confirmation"].search([])
        self.assertEqual(
            (told.kind, told.mobile, told.body),
            ("staff", "+12125550188", "Yes, this is Acme."),
        )

    def test_propose_first(self):
        self.order.person_id = self.technician
        self._tour("fsm_dialogs_propose_first")
        self.assertEqual(self.order.confirmation_ids.kind, "times")

    def test_by_email(self):
        self.customer.write({"phone": False, "email": "maria@example.com"})
        self._tour("fsm_dialogs_email")
        record = self.order.confirmation_ids
        self.assertEqual((record.channel, record.email), ("email", "maria@example.com"))

    def test_settle(self):
        record = self._asked("hm, perhaps")
        self._tour("fsm_dialogs_settle", MESSAGES)
        self.assertEqual(record.response, "declined")
        self.assertEqual(self.order.confirmation_status, "declined")
        self.assertIn("She called", self._history(self.order))

    def test_send_again(self):
        first = self._asked()
        self._twilio_reports(first, "undelivered", error_code=30003)
        first.sudo().write({"state": "sent", "failure_type": False})
        self._apply_report(first, "failed", code=30003)
        self._tour("fsm_dialogs_send_again", MESSAGES)
        self.assertEqual(self.order.confirmation_ids.previous_id, first)

    def test_ways_out(self):
        self.customer.phone = "555-CALL-NOW"
        self.dispatcher.group_ids |= self.env.ref("base.group_partner_manager")
        self._tour("fsm_dialogs_ways_out")
        self.assertEqual(self.order.confirmation_ids.mobile, "+12125550123")

    def test_opt_out_lifted_in_the_dialog(self):
        self._asked("STOP")
        self._tour("fsm_dialogs_opt_out")
        self.assertFalse(self.customer.confirmation_opt_out)
        self.assertIn("Agreed on the phone", self._history(self.customer))

    def test_opt_out_lifted_on_the_contact(self):
        self._asked("STOP")
        url = f"/odoo/action-base.action_partner_form/{self.customer.id}"
        self._tour("fsm_dialogs_contact_read_only", url, level="read")
        self._tour("fsm_dialogs_contact", url)
        self.assertFalse(self.customer.confirmation_opt_out)

    def test_send_for_a_visit(self):
        for days, hours in ((1, 0), (2, 6)):
            visit = self._make_visit(self.order, days)
            visit.scheduled_date_end += timedelta(hours=hours)
            visit.scheduled_date_start += timedelta(hours=hours)
        self._tour("fsm_dialogs_visit")
        self.assertEqual(self.order.confirmation_ids.visit_id.name, "Visit 2")

    def test_status_by_hand(self):
        self._asked()
        self._tour("fsm_dialogs_status_read_only", level="read")
        self._tour("fsm_dialogs_status_none", level="none")
        self._tour("fsm_dialogs_status")
        self.assertEqual(self.order.confirmation_status, "confirmed")


@tagged("post_install", "-at_install")
class TestDialogToursPhone(TestDialogTours):
    """The same on a phone-sized screen."""

    browser_size = "390x844"
    touch_enabled = True
