# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""OCA's other addons, to be installed beside ours."""

import dataclasses
import shutil
from pathlib import Path

from . import cache
from .console import step
from .process import run

WANTED = Path(__file__).resolve().parent / "requirements-neighbours.txt"


def fetch(odoo):
    """The folder of the addons, fetched once."""
    target = odoo.cache / f"neighbours-{cache.digest(WANTED.read_text())}"
    if not (target / ".complete").exists():
        step("Fetching OCA's other field service addons ...")
        shutil.rmtree(target, ignore_errors=True)
        # Without what they need themselves: that is Odoo, and each other.
        words = ["-m", "pip", "install", "-q", "--no-deps", "--target", target]
        words += ["-r", WANTED]
        run([odoo.python, *words], "fetching addons", log=odoo.cache / "setup.log")
        (target / ".complete").touch()
    return target / "odoo" / "addons"


def move_in(database):
    """Let a database find the addons; returns the names of those to be installed.

    Odoo's ``rating`` is one of them: it takes short cuts from ours.
    """
    folder = fetch(database.odoo)
    database.odoo = dataclasses.replace(database.odoo, beside=(folder,))
    return ["rating", *sorted(path.name for path in folder.glob("fieldservice*"))]
