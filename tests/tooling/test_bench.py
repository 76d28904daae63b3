# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/bench`` works: a small run of it, of which no speed is asked."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import odoo.release
from odoo.tests import BaseCase, tagged

from ..common import DEV

PARTS = ("reads", "forms", "prepare", "plan", "send", "webhooks")
ROWS = 300


@tagged("post_install", "-at_install")
class TestBench(BaseCase):
    def test_a_small_run(self):
        if not (DEV / "bench").exists():
            self.skipTest("dev is not installed with the addon")
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            path = Path(folder) / "figures.json"
            done = subprocess.run(
                [
                    *(sys.executable, "-B", DEV / "tooling", "bench", "--quick"),
                    *("--rows", str(ROWS), "--only", ",".join(PARTS)),
                    *("--json", path, *self._which_odoo()),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            if "is running already" in done.stdout + done.stderr:
                self.skipTest("somebody measures at the moment")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            measured = json.loads(path.read_text())
        self.assertGreaterEqual(measured["counts"]["fsm_confirmation"], ROWS)
        self.assertNotIn("A row is not as Odoo would write it", done.stdout)
        figures = {figure["name"]: figure for figure in measured["figures"]}
        self.assertTrue(all(figure["ours"] for figure in figures.values()), figures)
        self.assertIn("one search bar: company", figures)
        self.assertIn("0 doubled", figures["texts sent"]["note"])
        # Every reply was understood and answered, every report accepted.
        self.assertFalse(figures["replies / their delivery reports"]["note"])

    def _which_odoo(self):
        """The option for an Odoo that dev/test was pointed to."""
        if str(DEV) not in sys.path:
            sys.path.insert(0, str(DEV))
        from tooling import cache

        source = Path(odoo.release.__file__).resolve().parents[1]
        own = cache.folder().resolve() in source.parents
        return [] if own else ["--odoo", source]
