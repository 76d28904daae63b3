# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What each command accepts, and its help text."""

import argparse
import random
from pathlib import Path

BENCH_PARTS = [
    *("reads", "cold", "forms", "prepare", "plan", "send", "processes", "webhooks")
]
UPGRADE_STEPS = ["update", "uninstall", "together", "jobs", "digest", "dashboard"]
PICTURES = Path(__file__).resolve().parents[2] / "static" / "description"


def parse(name, words):
    """The options of a command; wrong ones, and ``--help``, end the program."""
    description, options = COMMANDS[name]
    parser = argparse.ArgumentParser(prog=f"dev/{name}", description=description)
    for flag, (value, text) in options.items():
        parser.add_argument(flag, **_settings(value, text))
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19 source")
    if name == "upgrade":
        steps = [*UPGRADE_STEPS, []]
        parser.add_argument("steps", nargs="*", choices=steps, help="all by default")
    if name == "replies":
        text = "labelled replies, as in tests/unit/data/conversations.jsonl (that one)"
        parser.add_argument("file", nargs="?", type=Path, help=text)
    if name != "test":
        return parser.parse_args(words)
    parser.epilog = (
        "Other arguments go to pytest, for example: dev/test -k opt_out -x. Files may "
        "be named by their path in the repository (tests/models/test_batch.py)."
    )
    known, known.pytest = parser.parse_known_args(words)
    return known


def _settings(value, text):
    """How argparse is told of an option.

    :param value: its default, or its type when it has none
    """
    if value is False:
        return {"action": "store_true", "help": text}
    if isinstance(value, type):
        return {"type": value, "help": text}
    return {"type": type(value), "default": value, "help": f"{text} (%(default)s)"}


RUN = {
    "--json": (Path, "write the figures into this file"),
    "--keep": (False, "keep the database for a look at it"),
    "--port": (int, "first of six ports in a row (default: free ones)"),
}
COMMANDS = {
    "bench": (
        "Measure the addon beside Odoo's own SMS; see doc/performance.md.",
        {
            "--rows": (str, "numbers of messages, the largest first (1000000,10000)"),
            "--repeats": (7, "timed calls"),
            "--texts": (1000, "texts sent and prepared"),
            "--quick": (False, "few rows: shows that everything works, not how fast"),
            "--only": (",".join(BENCH_PARTS), "parts"),
            "--match": ("", "only reads whose name holds this text"),
            "--json": (Path, "write the figures into this file"),
            "--plans": (Path, "write the plans of the reads' queries into this file"),
            "--fresh": (False, "make the databases anew"),
        },
    ),
    "chaos": (
        "Break things while two Odoo servers send and receive; see doc/reliability.md.",
        {
            "--messages": (1000, "texts to send"),
            "--replies": (1000, "replies to receive"),
            "--missed": (50, "replies while Odoo is down"),
            "--quick": (False, "100 texts, 100 replies, 10 missed"),
            "--seed": (random.randrange(10000), "repeats an order of what is broken"),
            **RUN,
        },
    ),
    "demo": (
        "Start Odoo 19 with demo data, the Twilio simulator and a page for e-mails.",
        {
            "--port": (8069, "Odoo's"),
            "--twilio-port": (8070, "the simulator's"),
            "--mail-port": (8071, "the page's that shows e-mails"),
            "--data": (Path, "folder for database and files (in the cache folder)"),
            "--fresh": (False, "begin with a new database"),
            "--at": (
                str,
                'move its clock on, in the time of Springfield: "tomorrow 8:59", '
                '"2026-12-01 8:59", "+16h". It goes on from there, at later starts '
                "too, and back only with --fresh. The plan “Once, the day before” is "
                "switched on, for 9:00, and no text leaves at night",
            ),
        },
    ),
    "load": (
        "Send signed replies to two workers, so many a second; see doc/reliability.md.",
        {
            "--rate": (200.0, "replies a second"),
            "--seconds": (60.0, "for how long"),
            "--customers": (1500, "with an open question"),
            "--seed": (1, "who writes what"),
            **RUN,
        },
    ),
    "replies": (
        "Judge how replies are read in their conversations, by a file of labelled "
        "ones: counts by set and kind, and every wrong yes, wrong no, and missed or "
        "false opt-out.",
        {
            "--quiet": (False, "counts only, no text"),
            "--all": (False, "also what is not grave"),
            "--table": (False, "print what words mean after which text instead"),
            "--time": (False, "print how long the reading takes instead"),
        },
    ),
    "screenshots": (
        "Make the README's pictures again from a running dev/demo. It sends a text in "
        "that demo and answers it, so begin with a new one: dev/demo --fresh.",
        {
            "--url": ("http://localhost:8069", "the demo's Odoo"),
            "--phone": ("http://localhost:8070", "the demo's Twilio simulator"),
            "--output": (PICTURES, "where the pictures go"),
        },
    ),
    "test": (
        "Run lint and every test, on databases of their own.",
        {
            "--lint": (False, "lint only"),
            "--no-lint": (False, "skip lint"),
            "--fix": (False, "let ruff and prettier correct files first"),
            "--unit": (False, "only tests/unit, without Odoo"),
            "--together": (False, "with OCA's other field service addons beside it"),
            "-n": (int, "processes side by side (2; none for single files, --pdb, -s)"),
        },
    ),
    "translations": (
        "Bring i18n/ up to date with the addon; translations are kept.",
        {},
    ),
    "upgrade": (
        "update from old versions; uninstall and look for what is left; install "
        "together with OCA's other field service addons.",
        {},
    ),
}
