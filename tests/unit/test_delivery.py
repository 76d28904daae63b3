# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What becomes of a text."""

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from unittest import TestCase

from core.delivery import (
    GIVEN_UP,
    Failure,
    Report,
    Transition,
    after_call,
    after_check,
    after_failed_lookup,
    after_missing_in_list,
    after_rejection,
    after_report,
    count_checks,
    failure_class,
    failure_type,
    find_in_list,
    is_about_another,
    may_have_arrived,
    may_retry,
)
from core.twilio.client import UNREADABLE, Listing, Message, Outcome, SendResult

STATES = ("outgoing", "sending", "sent", "delivered", "failed", "canceled")
CLAIMED = datetime(2026, 3, 2, 15, 0)


class TestDelivery(TestCase):
    def test_classes_of_errors(self):
        for code, kind, failure in (
            (20429, Failure.RETRY, "temporary"),
            (63038, Failure.RETRY_LATER, "temporary"),
            (30003, Failure.UNREACHABLE, "unreachable"),
            (21211, Failure.NUMBER, "number"),
            (30006, Failure.LANDLINE, "landline"),
            (21610, Failure.CONSENT, "consent"),
            (30034, Failure.SETUP, "setup"),
            (30007, Failure.FILTERED, "filtered"),
            (99999, Failure.OTHER, "other"),
        ):
            self.assertIs(failure_class(code), kind, code)
            self.assertEqual(failure_type(code), failure, code)

    def test_may_have_arrived(self):
        arrived = [state for state in STATES if may_have_arrived(state, False, False)]
        self.assertEqual(arrived, ["outgoing", "sending", "sent", "delivered"])
        self.assertTrue(may_have_arrived("failed", "unknown", False))
        self.assertTrue(may_have_arrived("failed", "number", "SM1"))
        self.assertFalse(may_have_arrived("failed", "number", False))
        self.assertFalse(may_have_arrived("canceled", "unknown", "SM1"))

    def test_call(self):
        accepted = SendResult(Outcome.ACCEPTED, sid="SM1")
        self.assertEqual(
            after_call("sending", 1, accepted), Transition("sent", accepted=True)
        )
        unknown = SendResult(Outcome.UNKNOWN, code=500, reason="HTTP 500")
        self.assertEqual(
            after_call("sending", 1, unknown),
            Transition("sending", code=500, reason="HTTP 500"),
        )
        # A report was faster.
        for state in ("sent", "delivered", "failed"):
            for result in (accepted, unknown):
                self.assertIsNone(after_call(state, 1, result))

    def test_rejections_are_retried_with_growing_pauses_and_a_limit(self):
        for code, pauses in (
            (20429, [60, 120, 300, 900, 1800, 3600]),
            (63038, [4 * 3600, 24 * 3600]),
        ):
            steps = [
                after_rejection(attempt, code, "busy")
                for attempt in range(1, len(pauses) + 2)
            ]
            self.assertEqual(
                [step.pause.total_seconds() for step in steps[:-1]], pauses
            )
            self.assertEqual({step.state for step in steps[:-1]}, {"outgoing"})
            self.assertEqual(
                steps[-1],
                Transition("failed", failure="temporary", code=code, reason="busy"),
            )

    def test_permanent_rejections_are_never_retried(self):
        for code in (21211, 30006, 21610, 30034, 30007, 99999):
            step = after_rejection(1, code, "no")
            self.assertEqual((step.state, step.pause), ("failed", None), code)

    def test_reports_in_every_order_never_go_backwards(self):
        for steps, end in (
            (("queued", "sent", "delivered"), "delivered"),
            (("queued", "sent", "undelivered"), "failed"),
            (("queued", "failed"), "failed"),
        ):
            for order in itertools.permutations([*steps, *steps]):
                state = "outgoing"
                for status in order:
                    step = after_report(state, "unreachable", Report(status))
                    if step:
                        self.assertNotEqual(step.state, state)
                        self.assertNotIn(state, ("delivered", "failed"))
                        state = step.state
                self.assertEqual(state, end, order)

    def test_reports_that_say_nothing(self):
        for status in ("", "nonsense"):
            for state in STATES:
                self.assertIsNone(after_report(state, "", Report(status)))
        self.assertIsNone(after_report("canceled", "", Report("failed")))

    def test_canceled_at_twilio(self):
        step = after_report("sent", "", Report("canceled"))
        self.assertEqual((step.state, step.failure), ("failed", "other"))
        self.assertIn("Twilio", step.reason)

    def test_failures_that_pass(self):
        report = Report("undelivered", code=30001)
        self.assertTrue(may_retry(report))
        for other in (Report("sent", code=30001), Report("failed", code=30003)):
            self.assertFalse(may_retry(other))
        for state in ("sending", "sent"):
            again = after_report(state, "", report, attempts=2, is_still_useful=True)
            self.assertEqual(again.state, "outgoing")
            self.assertEqual(again.pause, timedelta(minutes=2))
            for options in ({"attempts": 7, "is_still_useful": True}, {"attempts": 1}):
                step = after_report(state, "", report, **options)
                self.assertEqual((step.state, step.failure), ("failed", "temporary"))
        for state in ("delivered", "failed", "canceled"):
            self.assertIsNone(after_report(state, "", report, 1, is_still_useful=True))

    def test_reports_about_another_attempt(self):
        for status, expected in (
            ("sent", True),
            ("failed", True),
            ("delivered", False),
        ):
            report = Report(status, sid="SM1")
            self.assertEqual(is_about_another(report, "", ["SM1"]), expected)
            self.assertEqual(is_about_another(report, "SM2", []), expected)
            self.assertFalse(is_about_another(report, "SM1", ["SM2"]))
            self.assertFalse(is_about_another(report, "", []))
        self.assertFalse(is_about_another(Report("sent"), "SM2", ["SM1"]))

    def test_what_twilio_says_when_it_is_asked(self):
        day = timedelta(hours=24)
        for state in ("sending", "sent"):
            for status in ("queued", "accepted", "sending", "scheduled"):
                report = Report(status)
                self.assertIsNone(after_check(state, report, day))
                self.assertEqual(after_check(state, report, day * 1.1), GIVEN_UP)
        self.assertIsNone(after_check("sent", Report("sent"), day * 3))
        # Forgotten by Twilio.
        self.assertIsNone(after_check("sent", Report(""), day * 3))
        self.assertEqual(after_check("sending", Report(""), day * 3), GIVEN_UP)
        self.assertEqual(
            [count_checks(timedelta(minutes=age)) for age in (1, 2, 59, 60, 99999)],
            [0, 1, 2, 3, 5],
        )

    def test_report_of_a_failure(self):
        self.assertEqual(
            after_report("sent", "", Report("undelivered", code=30006)),
            Transition("failed", failure="landline", code=30006),
        )

    def test_what_was_given_up_is_known_again(self):
        for status in ("queued", "sent", "delivered"):
            step = after_report("failed", "unknown", Report(status))
            self.assertTrue(step.accepted)
            self.assertIsNone(after_report("failed", "number", Report(status)))
            self.assertTrue(after_report("canceled", "", Report(status)).accepted)
        failed = after_report("failed", "unknown", Report("failed", code=30005))
        self.assertEqual((failed.state, failed.failure), ("failed", "number"))

    def test_read_is_delivered(self):
        self.assertEqual(after_report("sent", "", Report("read")).state, "delivered")

    def _message(self, sid="SM1", body="Hi", direction="outbound-api", minutes=0):
        return Message(
            sid=sid,
            to="+12125550123",
            sender="+12025550100",
            body=body,
            direction=direction,
            status="sent",
            date_created=CLAIMED + timedelta(minutes=minutes),
            error_code=0,
        )

    def _find(self, messages, body="Hi", is_whole=True, ahead=0, **options):
        listing = Listing(messages, is_whole, timedelta(seconds=ahead))
        return find_in_list(
            listing, body, "+12025550100", CLAIMED, known={"SM5"}, **options
        )

    def test_find_in_list(self):
        mine = self._message()
        others = [
            self._message("SM2", body="Hello"),
            self._message("SM3", direction="inbound"),
            self._message("SM3", direction="outbound-reply"),
            self._message("SM4", minutes=-20),
            self._message("SM5"),
            replace(self._message("SM6"), sender="+12025550199"),
        ]
        self.assertEqual(self._find([*others, mine]), (mine, True))
        self.assertEqual(self._find(others), (None, True))
        self.assertEqual(self._find(others, is_whole=False), (None, False))

    def test_a_service_is_the_sender_of_its_numbers(self):
        service = "MG" + "1" * 32
        text = replace(self._message(), sender="", service_sid=service)
        found = find_in_list(
            Listing([text], True, timedelta()), "Hi", service, CLAIMED, known=()
        )
        self.assertEqual(found, (text, True))

    def test_clocks_that_differ(self):
        for ahead in (-9000, -150, 150, 9000):
            text = self._message(minutes=ahead / 60)
            self.assertEqual(self._find([text], ahead=ahead), (text, True))
            old = self._message(minutes=ahead / 60 - 20)
            self.assertEqual(self._find([old], ahead=ahead), (None, True))

    def test_a_text_that_twilio_has_changed(self):
        body = "Olá “Ana” — amanhã, 9:00…  YES? \n"
        for there in (
            "Sent from your Twilio trial account - Olá “Ana” — amanhã, 9:00…  YES? ",
            "Olá “Ana” — amanhã, 9:00…  YES?",
            'Ola "Ana" - amanha, 9:00... YES?',
            "OLÁ ANA AMANHÃ 9:00 YES",
        ):
            text = self._message(body=there)
            self.assertEqual(self._find([text], body=body), (text, True), there)
        for there in ("Ol? ?Ana? ? amanh?, 9:00?  YES?", "", "***"):
            text = self._message(body=there)
            self.assertEqual(self._find([text], body=body), (None, False), there)

    def test_another_lost_text_is_not_this_one(self):
        other = "Job 1001: please confirm Monday at nine. Reply YES or NO."
        mine = other.replace("1001", "1002")
        listed = [self._message(body=other)]
        found = self._find(listed, body=mine, others=[other])
        self.assertEqual(found, (None, True))
        self.assertEqual(self._find(listed, body=mine), (None, False))

    def test_texts_without_letters(self):
        """A thumb up is no folded hands, whichever is looked for first."""
        thumb, hands = self._message(body="👍"), self._message("SM2", body="🙏")
        found = self._find([thumb], body="🙏", others=["👍"])
        self.assertEqual(found, (None, True))
        for listed in ([thumb, hands], [hands, thumb]):
            found = self._find(listed, body="🙏", others=["👍"])
            self.assertEqual(found, (hands, True))
        prefixed = "Sent from your Twilio trial account - 👍"
        trial = self._message(body=prefixed)
        self.assertEqual(self._find([trial], body="👍 ", others=["🙏"]), (trial, True))
        self.assertEqual(self._find([trial], body="🙏", others=["👍"]), (None, True))
        # Two of the same: each finds one of them.
        self.assertEqual(self._find([thumb], body="👍", others=["👍"]), (thumb, True))

    def test_missing_in_list(self):
        def decide(minutes=20, attempts=1, code=0, is_certain=True, block=""):
            age = timedelta(minutes=minutes)
            return after_missing_in_list(age, attempts, code, is_certain, block)

        self.assertIsNone(decide(minutes=15))
        self.assertIsNone(decide(minutes=15, is_certain=False, block="moved"))
        self.assertEqual(decide(), Transition("outgoing"))
        failed = decide(attempts=7)
        self.assertEqual((failed.state, failed.failure), ("failed", "temporary"))
        # Twilio said 2xx, but not in a way that could be read: it may have the text.
        self.assertEqual(decide(code=UNREADABLE), GIVEN_UP)
        self.assertEqual(decide(is_certain=False), GIVEN_UP)
        self.assertEqual(decide(is_certain=False, block="moved"), GIVEN_UP)
        canceled = Transition("canceled", reason="moved", is_void=True)
        self.assertEqual(decide(block="moved"), canceled)
        self.assertEqual(decide(block="moved", attempts=7), canceled)

    def test_lookup_that_fails_for_an_hour(self):
        self.assertIsNone(after_failed_lookup(timedelta(minutes=59)))
        self.assertEqual(after_failed_lookup(timedelta(minutes=61)), GIVEN_UP)
