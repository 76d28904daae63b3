# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What changed since the customer was asked, told by real webhooks and RPC."""

import json
from datetime import timedelta

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import ConfirmationHttpCase


@tagged("post_install", "-at_install")
class TestOneTruthStories(ConfirmationHttpCase):
    def _asked(self, order=None, **values):
        record = self._send(order, **values)
        self._run_outbox()
        return record

    @mute_logger("odoo.http")
    def _rpc(self, model, method, *args):
        user = self.dispatcher
        self.authenticate(user.login, user.login)
        params = {
            "model": model,
            "method": method,
            "args": list(args),
            "kwargs": {"context": {"allowed_company_ids": self.company.ids}},
        }
        answer = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        ).json()
        self.env.invalidate_all()
        return answer

    def test_a_yes_never_confirms_what_was_not_asked(self):
        neighbor = self._make_location(self._make_contact("Ann Lee", "+12125550177"))

        def change_number(order):
            order.location_id.contact_id.phone = "+12125550188"

        def change_owner(order):
            order.location_id.owner_id = neighbor.owner_id

        def change_location(order):
            order.location_id = neighbor

        def reset(order):
            order.location_id.contact_id.phone = "+12125550123"
            order.location_id.owner_id = self.customer

        for change in (change_number, change_owner, change_location):
            for first in ("", "Yes"):
                with self.subTest(change=change.__name__, first=first):
                    reset(self._make_order())
                    order = self._make_order()
                    record = self._asked(order)
                    if first:
                        self._customer_says(first, number="+12125550123")
                        self.assertEqual(order.confirmation_status, "confirmed")
                    change(order)
                    self.assertEqual(order.confirmation_status, "reconfirm")
                    result = self._customer_says(
                        "I can make it after all", number="+12125550123"
                    )
                    self.assertEqual(order.confirmation_status, "reconfirm")
                    self.assertTrue(record.needs_reading)
                    self.assertNotIn("is confirmed", "".join(result["replies"]))
                    order.action_cancel()

    def test_set_on_the_work_order_and_answered_later(self):
        record = self._asked()
        self._customer_says("No")
        answer = self._rpc(
            "fsm.order",
            "write",
            self.order.ids,
            {"confirmation_status": "confirmed"},
        )
        self.assertNotIn("error", answer)
        self.assertEqual((record.response, record.indicator), ("confirmed",) * 2)
        self._customer_says("Sorry, I can't make it that day")
        self.assertEqual((record.response, record.indicator), ("declined",) * 2)
        self.assertEqual(self.order.confirmation_status, "declined")

    def test_opted_out_by_rpc(self):
        record = self._asked()
        waiting = self._send(self._make_order(self.start + timedelta(days=1)))
        answer = self._rpc(
            "fsm.order",
            "write",
            self.order.ids,
            {"confirmation_status": "opted_out"},
        )
        self.assertNotIn("error", answer)
        self.assertEqual(record.response, "opted_out")
        self._run_outbox()
        self.assertEqual(waiting.response, "opted_out")
        self.assertFalse(waiting.sent_date)
        self._customer_says("START")
        self.assertFalse(self.customer.confirmation_opt_out)
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_a_client_can_not_pass_by_what_follows(self):
        record = self._asked()
        self.authenticate(self.dispatcher.login, self.dispatcher.login)
        order = self.order.with_user(self.dispatcher)
        order.with_context(
            job_confirmation_automatic=True
        ).confirmation_status = "confirmed"
        self.assertEqual(record.response, "confirmed")

    def test_a_reopened_question_is_answered(self):
        record = self._asked()
        self.order.action_cancel()
        self.assertEqual(self.order.confirmation_status, "no_answer")
        self.order.stage_id = self.env.ref("fieldservice.fsm_stage_new")
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self._customer_says("Yes")
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_two_minutes_after_the_window_began(self):
        start = fields.Datetime.now() + timedelta(hours=1)
        order = self._make_order(start.replace(second=0))
        record = self._asked(order)
        began = fields.Datetime.now() - timedelta(minutes=2)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_order SET scheduled_date_start = %s WHERE id = %s",
            (began, order.id),
        )
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET appointment_start = %s WHERE id = %s",
            (began, record.id),
        )
        self.env.invalidate_all()
        self._run_cron("ir_cron_close_passed")
        [answer] = self._customer_says("Yes")["replies"]
        self.assertNotIn("passed", answer)
        self.assertEqual(record.response, "confirmed")

    def test_what_is_over_says_so_everywhere(self):
        record = self._asked()
        self._pass_time(record, hours=1)
        self._run_cron("ir_cron_close_passed")
        self.assertEqual(record.indicator, "no_answer")
        self.assertEqual(self.order.confirmation_status, "no_answer")

    def test_the_auto_reply_stands_in_both_histories(self):
        self._asked()
        [answer] = self._customer_says("Yes")["replies"]
        for target in (self.order, self.customer):
            self.assertEqual(self._history(target).count(answer), 1)
