# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read a command's words, get what this machine lacks, and run it in Odoo's Python."""

import importlib
import os
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from tooling import arguments, environment, process  # noqa: E402
from tooling.console import clear_problems  # noqa: E402

# What a command needs beside Odoo.
PACKAGES = {
    "demo": ("demo",),
    "screenshots": ("screenshots",),
    "test": ("test", "demo"),
}


def main():
    """Entry point of every command; its name is the first word."""
    name, *words = sys.argv[1:]
    options = arguments.parse(name, words)
    process.stop_on_signals()
    with clear_problems():
        for option in ("port", "twilio_port", "mail_port"):
            if port := getattr(options, option, None):
                process.check_port(port, f"--{option.replace('_', '-')}")
        odoo = environment.prepare(
            options.odoo,
            packages=PACKAGES.get(name, ()),
            with_odoo=name != "replies" and not getattr(options, "unit", False),
        )
        if Path(sys.prefix) != odoo.folder:
            os.execv(odoo.python, [odoo.python, "-B", __file__, name, *words])
        command = importlib.import_module(f"tooling.{name}")
        raise SystemExit(command.run(options, odoo))


main()
