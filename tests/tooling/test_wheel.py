# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What customers install: what runs and nothing else, whatever the clone is called."""

import ast
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from odoo.tests import BaseCase, tagged

from ..common import MODULE

ROOT = Path(__file__).resolve().parents[2]
HOME = f"odoo/addons/{MODULE}"


@tagged("post_install", "-at_install")
class TestWheel(BaseCase):
    def test_content(self):
        if not (ROOT / "pyproject.toml").exists() or not shutil.which("git"):
            self.skipTest("this is no clone of the repository")
        if not importlib.util.find_spec("hatchling"):
            self.skipTest("needs hatchling")
        with tempfile.TemporaryDirectory(prefix="wheel-") as folder:
            clone, out = Path(folder) / "a-clone", Path(folder) / "out"
            shutil.copytree(ROOT, clone, ignore=shutil.ignore_patterns(".*", "*.pyc"))
            command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
            subprocess.run(
                [*command, "-d", out], cwd=clone, check=True, capture_output=True
            )
            (wheel,) = out.glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                names = archive.namelist()
                metadata = next(name for name in names if name.endswith("/METADATA"))
                lines = archive.read(metadata).decode().splitlines()
        self.assertTrue(wheel.name.startswith(f"odoo_addon_{MODULE}-19.0."))
        known = {name.split("/")[3] for name in names if name.startswith(f"{HOME}/")}
        manifest = self._data_folders()
        self.assertLessEqual({"models", "core", "static", "i18n", *manifest}, known)
        self.assertFalse(known & {"dev", "tests", "doc", "pyproject.toml"})
        self.assertFalse([name for name in names if "/tests/" in name])
        self.assertIn("Requires-Dist: odoo==19.0.*", lines)
        self.assertIn("Requires-Dist: odoo-addon-fieldservice==19.0.*", lines)

    def _data_folders(self):
        """The folders of the files that the manifest names."""
        manifest = ast.literal_eval((ROOT / "__manifest__.py").read_text())
        return {name.split("/")[0] for name in manifest["data"] + manifest["demo"]}
