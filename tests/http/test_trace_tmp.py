"""The way of a reply, traced (not committed)."""

import os
import sys
import threading
from pathlib import Path

from odoo.tests import tagged

from ..common import ConfirmationHttpCase
from ...controllers import twilio as controllers_twilio
from ...models.appointment.fsm_appointment_mixin import FsmAppointmentMixin

ROOT = os.path.realpath(Path(__file__).resolve().parents[2])


@tagged("post_install", "-at_install")
class TestTrace(ConfirmationHttpCase):
    def test_trace(self):
        record = self._send()
        self._run_outbox()
        self._customer_says("hello", number="+13105550111")
        other = self._send(
            self._make_order(
                location_id=self._make_location(
                    self._make_contact("Other", "+12125550777")
                ).id
            )
        )
        self._run_outbox()
        self._customer_says("Yes", number="+12125550777")
        self.assertEqual(other.response, "confirmed")
        calls, stacks = [], []

        def name(frame):
            path = frame.f_code.co_filename
            if not path.startswith("/"):
                return None
            path = os.path.realpath(path)
            return path[len(ROOT) + 1 :] if path.startswith(ROOT + os.sep) else None

        def profile(frame, event, _arg):
            if event != "call":
                return
            here = name(frame)
            if not here or here.startswith(("tests/", "dev/")):
                return
            code = frame.f_code
            depth, up, chain = 0, frame, []
            while up:
                there = name(up)
                if there and not there.startswith(("tests", "dev")):
                    depth += 1
                    chain.append(f"{there}:{up.f_code.co_name}")
                up = up.f_back
            calls.append(
                (
                    depth,
                    here,
                    code.co_qualname if hasattr(code, "co_qualname") else code.co_name,
                )
            )
            if code.co_name in ("_set_confirmation_status_sudo",) or (
                code.co_name == "write" and "fsm_order" in here
            ):
                stacks.append(chain[::-1])

        threading.setprofile(profile)
        try:
            self._customer_says("Yes")
        finally:
            threading.setprofile(None)
        self.assertEqual(record.response, "confirmed")
        with open("/tmp/trace_reply.txt", "w") as out:
            print(
                len(calls),
                "calls",
                len({c[1] for c in calls}),
                "files",
                "depth",
                max(c[0] for c in calls),
                file=out,
            )
            for stack in stacks:
                print("STACK", file=out)
                for frame in stack:
                    print("   ", frame, file=out)
            for depth, path, func in calls:
                print("  " * depth + f"{path}:{func}", file=out)
