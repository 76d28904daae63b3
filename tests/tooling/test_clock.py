# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The clock of ``dev/demo``, which can be moved."""

import os
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pytz

from odoo.tests import BaseCase, tagged

from ..common import DEV

HOUR = 3600
PROBE = "import time; print(time.time(), time.monotonic())"


def tooling():
    """The modules behind ``dev/demo --at``."""
    if str(DEV) not in sys.path:
        sys.path.insert(0, str(DEV))
    from tooling import cache, clock, console

    return cache, clock, console


@tagged("post_install", "-at_install")
class TestClock(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cache, cls.module, cls.console = tooling()
        cls.odoo = SimpleNamespace(cache=cache.folder())
        cls.zone = pytz.timezone("America/New_York")

    def setUp(self):
        super().setUp()
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.enterContext(patch.dict(os.environ))

    def open_clock(self, **options):
        return self.module.Clock(self.odoo, self.folder, **{"fresh": False} | options)

    def start_clock(self, at=None, **options):
        """A clock that is started as ``dev/demo`` does it."""
        clock = self.open_clock(**options)
        clock.start(clock.read(at) if at else None)
        return clock

    def test_what_a_person_means(self):
        """Times are those of Springfield."""
        clock = self.open_clock()
        today = datetime.now(self.zone).replace(tzinfo=None)
        tomorrow = today.replace(hour=8, minute=59, second=0) + timedelta(days=1)
        tomorrow = tomorrow.replace(microsecond=0)
        for words in ("tomorrow 8:59", "8:59 tomorrow", f"{tomorrow:%Y-%m-%d} 8:59"):
            with self.subTest(words):
                expected = self.zone.localize(tomorrow).timestamp()
                self.assertEqual(clock.read(words), expected)
        for words, hours in (("+16h", 16), ("+2d", 48), ("+90m", 1.5), ("+2 days", 48)):
            with self.subTest(words):
                ahead = clock.read(words) - time.time()
                self.assertAlmostEqual(ahead, hours * HOUR, delta=HOUR + 60)
        self.assertEqual(clock.show(1796133540), "Tuesday, December 1, 8:59 AM")

    def test_what_is_no_time(self):
        for words in ("soon", "8:75", "2026-13-01 8:59", "+16x"):
            with self.subTest(words), self.assertRaises(self.console.Problem) as caught:
                self.open_clock().read(words)
            self.assertIn("is no time", str(caught.exception))

    def test_it_goes_on_and_never_back(self):
        """What a moved demo stored must not lie in the future."""
        self.assertFalse(self.start_clock().variables())
        self.start_clock("+16h")
        again = self.start_clock()
        self.assertAlmostEqual(again.ahead, 16 * HOUR, delta=60)
        with self.assertRaises(self.console.Problem) as caught:
            again.read("1 hour ago")
        self.assertIn("--fresh", str(caught.exception))
        # Words are about what the demo's clock shows.
        self.assertAlmostEqual(self.start_clock("+1h").ahead, 17 * HOUR, delta=60)
        self.assertFalse(self.start_clock(fresh=True).variables())

    def test_what_processes_see(self):
        """They see the other time; how long something takes stays as it is."""
        self.start_clock("+16h")
        command = [sys.executable, "-c", PROBE]
        shown, passed = subprocess.check_output(command, text=True).split()
        self.assertAlmostEqual(float(shown), time.time() + 16 * HOUR, delta=60)
        self.assertAlmostEqual(float(passed), time.monotonic(), delta=60)
