# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What becomes of a text."""

import itertools
from datetime import datetime, timedelta
from unittest import TestCase

from core.delivery import (
    GIVEN_UP,
    Failure,
    Report,
    Transition,
    after_call,
    after_failed_lookup,
    after_missing_in_list,
    after_rejection,
    after_report,
    failure_class,
    failure_type,
    find_in_list,
)
from core.twilio.client import UNREADABLE, Message, Outcome, SendResult

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
        for status in ("", "scheduled", "canceled", "nonsense"):
            for state in STATES:
                self.assertIsNone(after_report(state, "", Report(status)))
        for status in ("queued", "sent", "delivered", "failed"):
            self.assertIsNone(after_report("canceled", "", Report(status)))

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
        self.assertIsNone(after_report("failed", "unknown", Report("failed")))

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

    def test_find_in_list(self):
        mine = self._message()
        others = [
            self._message("SM2", body="Hello"),
            self._message("SM3", direction="inbound"),
            self._message("SM4", minutes=-5),
            self._message("SM5"),
        ]
        found = find_in_list([*others, mine], "Hi", CLAIMED, known={"SM5"})
        self.assertEqual(found, mine)
        self.assertIsNone(find_in_list(others, "Hi", CLAIMED, known={"SM5"}))

    def test_missing_in_list(self):
        def decide(minutes=20, attempts=1, code=0, may_leave=True):
            age = timedelta(minutes=minutes)
            return after_missing_in_list(age, attempts, code, may_leave)

        self.assertIsNone(decide(minutes=15))
        self.assertEqual(decide(), Transition("outgoing"))
        self.assertEqual(decide(attempts=7), GIVEN_UP)
        # Twilio said 2xx, but not in a way that could be read: it may have the text.
        self.assertEqual(decide(code=UNREADABLE), GIVEN_UP)
        self.assertEqual(decide(may_leave=False), GIVEN_UP)

    def test_lookup_that_fails_for_an_hour(self):
        self.assertIsNone(after_failed_lookup(timedelta(minutes=59)))
        self.assertEqual(after_failed_lookup(timedelta(minutes=61)), GIVEN_UP)
