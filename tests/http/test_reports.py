# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Delivery reports as they really come: early, late, twice, in any order, astray."""

import itertools

from odoo import fields
from odoo.tests import tagged

from ...core.twilio.client import Outcome, SendResult
from ..common import ConfirmationHttpCase

SID = "SM" + "5" * 32


@tagged("post_install", "-at_install")
class TestReports(ConfirmationHttpCase):
    def setUp(self):
        super().setUp()
        self.record = self._send().sudo()
        self._claim()

    def _claim(self):
        """As it is while Twilio is being called."""
        self.record.write(
            {
                "state": "sending",
                "claimed_date": fields.Datetime.now(),
                "sent_date": False,
                "delivered_date": False,
                "failed_date": False,
                "failure_type": False,
                "twilio_sid": False,
                "is_open": True,
                "closed_reason": False,
            }
        )

    def _report(self, status, error_code=None, url=None, **options):
        self.env.flush_all()
        options["url"] = url or self.outbox._get_report_url(self.record)
        with self.allow_requests(all_requests=True):
            answer = self.twilio.status(SID, status, error_code=error_code, **options)
        self.env.invalidate_all()
        return answer["status"]

    def test_report_before_the_call_is_answered(self):
        for first, expected in (
            ("queued", "sent"),
            ("sent", "sent"),
            ("delivered", "delivered"),
        ):
            self._claim()
            self.assertEqual(self._report(first), 204)
            self.assertEqual(self.record.twilio_sid, SID)
            self.deliveries._apply_result(
                self.record, SendResult(Outcome.ACCEPTED, sid=SID)
            )
            self.assertEqual((self.record.state, first), (expected, first))
            self.assertEqual(self.record.twilio_sid, SID)

    def test_report_instead_of_an_answer(self):
        """The call's answer was lost: the report says that the text left."""
        self.deliveries._apply_result(
            self.record, SendResult(Outcome.UNKNOWN, reason="time-out")
        )
        self._report("sent")
        self.assertEqual(self.record.state, "sent")
        self.assertFalse(self.record.failure_reason)

    def test_rejection_that_comes_after_a_report(self):
        """Cannot be, as Twilio reports only what it took; the report wins."""
        self._report("delivered")
        self.deliveries._apply_result(
            self.record, SendResult(Outcome.REJECTED, code=429, reason="busy")
        )
        self.assertEqual(self.record.state, "delivered")

    def test_every_order(self):
        for steps, end in (
            (("queued", "sent", "delivered"), "delivered"),
            (("queued", "sent", "undelivered"), "failed"),
            (("queued", "failed"), "failed"),
        ):
            for order in itertools.permutations(steps):
                self._claim()
                seen = []
                for status in order:
                    code = 30003 if status in ("failed", "undelivered") else None
                    # Each comes twice.
                    self.assertEqual(self._report(status, code, repeat=2), 204)
                    seen.append(self.record.state)
                self.assertEqual(self.record.state, end, order)
                ranks = ["sending", "sent", "delivered", "failed"]
                places = [ranks.index(state) for state in seen]
                self.assertEqual(places, sorted(places), (order, seen))

    def test_several_at_once(self):
        """All of a text's reports in the same moment: one note in each history."""
        order = self.record.order_id
        notes = len(order.message_ids)
        self._report("delivered", repeat=8, parallel=True)
        self.assertEqual(self.record.state, "delivered")
        self.assertEqual(len(order.message_ids), notes)

    def test_deleted_message(self):
        url = self.outbox._get_report_url(self.record)
        self._report("sent")
        self.record.unlink()
        self.assertEqual(self._report("delivered", url=url), 204)
        self.assertFalse(self.env["fsm.confirmation"].search([]))

    def test_another_account(self):
        """A stranger with an account here: rightly signed, but not theirs to say."""
        account = "AC" + "8" * 32
        token = "8" * 32
        self._make_company(
            "Other",
            number="+12025550177",
            sms_twilio_account_sid=account,
            sms_twilio_auth_token=token,
        )
        self.twilio.configure(
            accounts=[
                {
                    "sid": account,
                    "auth_token": token,
                    "numbers": [{"phone_number": "+12025550177"}],
                }
            ]
        )
        self.assertEqual(self._report("delivered", account_sid=account), 204)
        self.assertEqual(self.record.state, "sending")
        self.assertFalse(self.record.twilio_sid)

    def test_company_that_shares_the_account(self):
        self._make_company("Branch", number="+12025550178")
        self.assertEqual(self._report("delivered"), 204)
        self.assertEqual(self.record.state, "delivered")
