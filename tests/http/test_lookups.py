# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What Twilio is asked about: texts of which nothing, or nothing final, was heard."""

from datetime import timedelta
from urllib.parse import urlsplit

from odoo import fields
from odoo.tests import tagged

from ..common import OUR_NUMBER
from .test_trust import SERVICE, TrustCase


@tagged("post_install", "-at_install")
class TestTextsThatTwilioHas(TrustCase):
    """Nothing is stuck: each text is asked about until its end is known."""

    def _send_with_fate(self, **settings):
        self.twilio.configure(**settings)
        return self._send_and_deliver().sudo()

    def _move_on(self, record, status, code=None):
        """Twilio goes on with a text and its report is lost."""
        record.invalidate_recordset()
        sid = record.twilio_sid or self.twilio.sent()[-1]["sid"]
        with self.allow_requests(all_requests=True):
            self.twilio.status(
                sid, status, error_code=code, update=True, url="http://127.0.0.1:9/"
            )

    def test_a_text_whose_call_broke_and_whose_report_said_queued(self):
        for status in ("queued", "sending"):
            for how in ("500", "reset", "half"):
                with self.subTest((status, how)):
                    self.twilio.reset()
                    self.setUp()
                    self.twilio.add_fault(how, count=1, accepted=True)
                    record = self._send_with_fate(auto_deliver=False)
                    [text] = self.twilio.sent()
                    url = self.outbox._get_report_url(record)
                    with self.allow_requests(all_requests=True):
                        self.twilio.status(text["sid"], status, url=url)
                    self.env.invalidate_all()
                    self.assertEqual(record.twilio_sid, text["sid"])
                    self._move_on(record, "delivered")
                    self._age_claims(record, minutes=5)
                    self._run_outbox()
                    self.assertEqual(record.state, "delivered")
                    self.assertEqual(len(self.twilio.sent()), 1)
                    record._close_sudo("closed")

    def test_sent_is_asked_about_later(self):
        for status, code, state in (
            ("delivered", None, "delivered"),
            ("undelivered", 30005, "failed"),
            ("failed", 30004, "failed"),
            ("canceled", None, "failed"),
        ):
            with self.subTest(status):
                self.twilio.reset()
                self.setUp()
                record = self._send_with_fate(callback_missing=1.0, auto_deliver=False)
                self.assertEqual(record.state, "sent")
                self._run_outbox()
                self.assertFalse(record.check_count, "not at once")
                self._move_on(record, status, code)
                self._age_claims(record, minutes=11)
                self._run_outbox()
                self.assertEqual(record.state, state)
                self.assertEqual(len(self.twilio.sent()), 1)
                record._close_sudo("closed")

    def test_it_is_asked_about_again_and_again_but_not_all_the_time(self):
        record = self._send_with_fate(callback_missing=1.0)
        self.assertEqual(record.state, "sent")
        # A carrier that reports nothing: "sent" is the last that Twilio knows.
        self._move_on(record, "sent")
        asked = []
        for minutes in (5, 6, 9, 39, 5, 300, 5, 1080, 600, 3000):
            self._age_claims(record, minutes=minutes)
            before = self._count_fetches()
            self._run_outbox()
            self._run_outbox()
            asked.append(self._count_fetches() - before)
        self.assertEqual(asked, [0, 1, 0, 0, 1, 1, 0, 1, 0, 0])
        self.assertEqual(record.state, "sent")

    def _count_fetches(self):
        operations = [request["operation"] for request in self.twilio.requests()]
        return operations.count("FetchMessage")

    def test_what_never_leaves_twilio_is_for_a_person(self):
        record = self._send_with_fate(auto_deliver=False)
        self._age_claims(record, hours=23)
        self._run_outbox()
        self.assertEqual(record.state, "sent")
        self._age_claims(record, hours=2)
        self._run_outbox()
        self.assertEqual((record.state, record.failure_type), ("failed", "unknown"))
        self.assertFalse(record.is_open)
        # It leaves after all, and says so.
        self._twilio_reports(record, "delivered")
        self.assertEqual(record.state, "delivered")
        self.assertTrue(record.is_open)

    def test_twilio_that_can_not_be_asked_is_asked_again(self):
        record = self._send_with_fate(auto_deliver=False, callback_missing=1.0)
        self._move_on(record, "undelivered", 30005)
        self._age_claims(record, minutes=11)
        for fault in ("500", "429", "html", "half", "reset"):
            self.twilio.add_fault(fault, count=1, match={"method": "GET"})
            self._run_outbox()
            self.assertEqual(record.state, "sent", fault)
        self._run_outbox()
        self.assertEqual((record.state, record.failure_type), ("failed", "number"))

    def test_a_text_that_was_deleted_at_twilio_stays_sent(self):
        record = self._send_with_fate(callback_missing=1.0, auto_deliver=False)
        record.twilio_sid = "SM" + "e" * 32
        self._age_claims(record, hours=25)
        self._run_outbox()
        self.assertEqual(record.state, "sent")
        before = self._count_fetches()
        self._run_outbox()
        self.assertEqual(self._count_fetches(), before)

    def test_the_number_of_the_service_is_learned(self):
        self.company.job_confirmation_service_sid = SERVICE
        self.twilio.configure(
            accounts=[
                {
                    "sid": self.company.sms_twilio_account_sid,
                    "auth_token": self.company.sms_twilio_auth_token,
                    "numbers": [{"phone_number": OUR_NUMBER}],
                    "services": [{"sid": SERVICE, "numbers": [OUR_NUMBER]}],
                }
            ]
        )
        record = self._send_with_fate(callback_missing=1.0)
        self._age_claims(record, minutes=11)
        self._run_outbox()
        self.assertEqual(record.state, "delivered")
        self.assertEqual(record.from_number, OUR_NUMBER)

    def test_reports_are_tried_again_by_twilio(self):
        self._send_with_fate()
        [text] = self.twilio.sent()
        self.assertEqual(urlsplit(text["status_callback"]).fragment, "rc=5&rp=all")


@tagged("post_install", "-at_install")
class TestFailuresThatPass(TrustCase):
    def test_a_temporary_failure_is_tried_again(self):
        for code, minutes in (
            (30001, 1),
            (30017, 1),
            (30022, 1),
            (21611, 1),
            (30023, 240),
            (30027, 240),
            (63018, 240),
            (63038, 240),
        ):
            with self.subTest(code):
                self.twilio.reset()
                self.setUp()
                self.twilio.configure(auto_deliver=False)
                record = self._send_and_deliver().sudo()
                first = record.twilio_sid
                self._twilio_reports(record, "sent")
                now = fields.Datetime.now()
                report = {"error_code": code, "update": True, "repeat": 2}
                self._twilio_reports(record, "undelivered", **report)
                self.assertEqual(record.state, "outgoing")
                wait = (record.next_attempt_date - now).total_seconds() / 60
                self.assertAlmostEqual(wait, minutes, delta=1)
                self.assertTrue(record.is_open)
                # What is late, or comes twice, is about the first attempt.
                url = self.outbox._get_report_url(record)
                for status in ("sent", "undelivered", "queued"):
                    with self.allow_requests(all_requests=True):
                        self.twilio.status(first, status, url=url, error_code=code)
                self.env.invalidate_all()
                self.assertEqual(record.state, "outgoing")
                record.next_attempt_date = False
                self.twilio.configure(auto_deliver=True)
                self._run_outbox()
                self.assertEqual(record.state, "delivered")
                self.assertNotEqual(record.twilio_sid, first)
                self.assertEqual(len(self.twilio.sent()), 2)
                record._close_sudo("closed")

    def test_not_for_ever(self):
        self.twilio.set_customer("+12125550123", kind="mobile", status="undelivered")
        self.twilio.set_customer("+12125550123", error_code=30001)
        record = self._send_and_deliver().sudo()
        for _attempt in range(6):
            self.assertEqual(record.state, "outgoing")
            record.next_attempt_date = False
            self._run_outbox()
        self.assertEqual((record.state, record.failure_type), ("failed", "temporary"))
        self.assertEqual(len(self.twilio.sent()), 7)
        self.assertTrue(record.can_send_again)

    def test_only_while_it_is_of_use(self):
        for change in ("moved", "closed", "answered", "opted_out"):
            with self.subTest(change):
                self.twilio.reset()
                self.setUp()
                self.twilio.configure(auto_deliver=False)
                record = self._send_and_deliver().sudo()
                if change == "opted_out":
                    self.env["phone.blacklist"]._add(["+12125550123"])
                else:
                    record._close_sudo(change)
                self._twilio_reports(record, "undelivered", error_code=30001)
                self.assertEqual(record.state, "failed")
                self.assertEqual(record.failure_type, "temporary")

    def test_failed_before_the_call_was_answered(self):
        record = self._send().sudo()
        record.write({"state": "sending", "claimed_date": fields.Datetime.now()})
        record.attempt_count = 1
        sid = "SM" + "6" * 32
        self.env.flush_all()
        url = self.outbox._get_report_url(record)
        with self.allow_requests(all_requests=True):
            self.twilio.status(sid, "failed", url=url, error_code=30001)
        self.env.invalidate_all()
        self.assertEqual(record.state, "outgoing")
        result = self._accepted(sid)
        self.deliveries._apply_result(record, result)
        self.assertEqual((record.state, record.twilio_sid), ("outgoing", False))

    def _accepted(self, sid):
        from ...core.twilio.client import Outcome, SendResult

        return SendResult(Outcome.ACCEPTED, sid=sid)


@tagged("post_install", "-at_install")
class TestLostTexts(TrustCase):
    """No second text: what the look-up can't see is for a person."""

    def _lose(self, record, minutes=20):
        """Its call never came back, and no report either."""
        self._age_claims(record, minutes=minutes)
        self._run_outbox()
        self._run_outbox()
        return len(self.twilio.sent())

    def _send_lost(self, **settings):
        self.twilio.configure(auto_deliver=False, **settings)
        self.twilio.add_fault("reset", count=1, accepted=True)
        return self._send_and_deliver().sudo()

    def test_more_texts_than_a_page_holds(self):
        """A property manager: one number, very many appointments."""
        self.twilio.configure(auto_deliver=False, page_limit=10)
        orders = [self._make_order() for _number in range(25)]
        records = self.env["fsm.confirmation"]
        for order in orders[:5]:
            records |= self._send(order)
        self.twilio.add_fault("reset", rate=1, accepted=True)
        self._run_outbox()
        self.twilio.clear_faults()
        for order in orders[5:]:
            self._send(order)
        self._run_outbox()
        self.assertEqual(set(records.mapped("state")), {"sending"})
        sent = len(self.twilio.sent())
        self.assertEqual(self._lose(records), sent)
        self.assertEqual(set(records.mapped("state")), {"sent"})
        sids = records.mapped("twilio_sid")
        self.assertEqual(len(set(sids)), len(records))

    def test_clocks_that_differ(self):
        for skew in (-3000, -150, 150, 3000):
            with self.subTest(skew):
                self.twilio.reset()
                self.setUp()
                record = self._send_lost(clock_skew=skew)
                # The text keeps the time that Twilio gave it.
                self.assertEqual(self._lose(record, minutes=3), 1)
                self.assertEqual(record.state, "sent")
                record._close_sudo("closed")

    def test_a_text_that_twilio_has_changed(self):
        trial = {"type": "Trial", "verified": ["*"]}
        for change in ("trial", "trimmed", "smart"):
            with self.subTest(change):
                self.twilio.reset()
                self.setUp()
                template = self.company._job_confirmation_template()
                template.body = "“{{ object.name }}” — it’s you… YES?" + "\xa0"
                if change == "trial":
                    account = {"sid": self.company.sms_twilio_account_sid, **trial}
                    self.twilio.configure(accounts=[account])
                elif change == "trimmed":
                    self.twilio.configure(trim_body=True)
                else:
                    self._use_service()
                record = self._send_lost()
                self.assertNotEqual(record.body, self.twilio.sent()[0]["body"] + "x")
                self.assertEqual(self._lose(record), 1)
                self.assertEqual(record.state, "sent")
                record._close_sudo("closed")

    def _use_service(self):
        self.company.job_confirmation_service_sid = SERVICE
        self.twilio.configure(
            accounts=[
                {
                    "sid": self.company.sms_twilio_account_sid,
                    "auth_token": self.company.sms_twilio_auth_token,
                    "numbers": [{"phone_number": OUR_NUMBER}],
                    "services": [{"sid": SERVICE, "numbers": [OUR_NUMBER]}],
                }
            ]
        )

    def test_what_may_be_the_text_is_for_a_person(self):
        record = self._send_lost()
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET body = replace(body, 'o', '?')"
        )
        self.env.invalidate_all()
        self.assertEqual(self._lose(record), 1)
        self.assertEqual((record.state, record.failure_type), ("failed", "unknown"))

    def test_a_list_that_lags_is_for_a_person(self):
        self.twilio.configure(auto_deliver=False)
        other = self._send(self._make_order())
        self._run_outbox()
        record = self._send_lost(list_lag=7200)
        self.assertEqual(other.state, "sent")
        self._age_claims(other, minutes=25)
        self.assertEqual(self._lose(record), 2)
        self.assertEqual(record.state, "sending")
        record.lookup_failed_since -= timedelta(minutes=61)
        self.assertEqual(self._lose(record), 2)
        self.assertEqual((record.state, record.failure_type), ("failed", "unknown"))

    def test_json_that_is_no_message(self):
        """A 2xx that says nothing of use: Twilio most likely has the text."""
        from ...core.twilio.client import UNREADABLE, Outcome, _explain

        for error in (TypeError(), AttributeError(), KeyError(), ValueError()):
            result = _explain(error)
            self.assertIs(result.outcome, Outcome.UNKNOWN)
            self.assertEqual(result.code, UNREADABLE)

    def test_what_the_list_says_is_said(self):
        """Twilio does not have it, and it must not leave any more: that is known."""
        for change in ("moved", "attempts", "past", "opted_out"):
            with self.subTest(change):
                self.twilio.reset()
                self.setUp()
                self.twilio.add_fault("reset", count=1)
                record = self._send_and_deliver(self._make_order()).sudo()
                self.assertEqual(record.state, "sending")
                if change == "moved":
                    record.order_id.scheduled_date_start += timedelta(days=1)
                elif change == "opted_out":
                    self.env["phone.blacklist"]._add(["+12125550123"])
                elif change == "past":
                    self._pass_time(record, hours=3)
                else:
                    record.attempt_count = 7
                self.assertEqual(self._lose(record), 0)
                expected = "failed" if change == "attempts" else "canceled"
                self.assertEqual(record.state, expected)
                self.assertNotEqual(record.failure_type, "unknown")
                self.assertTrue(record.failure_reason)
                self.assertFalse(record.is_open)


@tagged("post_install", "-at_install")
class TestCanceledTexts(TrustCase):
    """A text that does not leave says why; nobody is asked again who never was."""

    def test_each_reason(self):
        changes = {
            "date": lambda order: order.write(
                {"scheduled_date_start": self.start + timedelta(days=1)}
            ),
            "completed or canceled": lambda order: order.action_cancel(),
            "deleted": lambda order: order.unlink(),
        }
        for words, change in changes.items():
            order = self._make_order()
            record = self._send(order).sudo()
            change(order)
            self.assertEqual(record.state, "canceled")
            self.assertIn(words, record.failure_reason)
            self.assertIn(words, self._history(self.customer))
        self._run_outbox()
        self.assertEqual(self.twilio.sent(), [])

    def test_a_visit_that_is_deleted(self):
        visit = self._make_visit(self.order, 1)
        record = self._send(visit_id=visit.id).sudo()
        visit.unlink()
        self.assertEqual(record.state, "canceled")
        self.assertIn("deleted", record.failure_reason)

    def test_another_text_that_takes_its_place(self):
        record = self._send().sudo()
        self._send()
        self.assertEqual(record.state, "canceled")
        self.assertIn("asked again", record.failure_reason)

    def test_a_date_that_moves_before_anything_was_sent(self):
        self._send()
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(self.order.confirmation_status, "not_sent")
        visit = self._make_visit(self.order, 3)
        self._send(visit_id=visit.id)
        visit.scheduled_date_start += timedelta(days=1)
        self.assertEqual(visit.confirmation_status, "not_sent")

    def test_a_date_that_moves_after_something_was_sent(self):
        self._send_and_deliver()
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self._send()
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(self.order.confirmation_status, "reconfirm")
