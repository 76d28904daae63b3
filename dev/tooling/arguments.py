# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What each command accepts, and its help text."""

import argparse
import random
from pathlib import Path

BENCH_PARTS = (
    *("reads", "cold", "forms", "write", "prepare"),
    *("send", "webhooks", "memory"),
)


def parse(name, words):
    """The options of a command; wrong ones, and ``--help``, end the program."""
    description, add_options = COMMANDS[name]
    parser = argparse.ArgumentParser(prog=f"dev/{name}", description=description)
    add_options(parser.add_argument)
    if name == "screenshots":
        return parser.parse_args(words, argparse.Namespace(odoo=None))
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19 source")
    if name != "test":
        return parser.parse_args(words)
    parser.epilog = (
        "Other arguments go to pytest, for example: dev/test -k opt_out -x. Files may "
        "be named by their path in the repository (tests/test_send.py)."
    )
    options, options.pytest = parser.parse_known_args(words)
    return options


def _demo(add):
    add("--port", type=int, default=8069, help="Odoo's (8069)")
    add("--twilio-port", type=int, default=8070, help="the simulator's (8070)")
    add("--data", metavar="DIR", help="database and files (in the cache folder)")
    add("--fresh", action="store_true", help="begin with a new database")


def _test(add):
    add("--lint", action="store_true", help="lint only")
    add("--no-lint", action="store_true", help="skip lint")
    add("--fix", action="store_true", help="let ruff and prettier correct files first")
    add("--unit", action="store_true", help="only tests/unit, without Odoo")
    add(
        *("-n", "--processes"),
        help="how many processes test side by side, 0 for none (2; none with a debugger "
        "or for a single file)",
    )


def _chaos(add):
    add("--messages", type=int, default=1000, help="texts to send (1000)")
    add("--replies", type=int, default=1000, help="replies to receive (1000)")
    add("--missed", type=int, default=50, help="replies while Odoo is down (50)")
    add("--quick", action="store_true", help="100 texts, 100 replies, 10 missed")
    add(
        *("--seed",),
        type=int,
        default=random.randrange(10000),
        help="makes the order of what is broken repeatable",
    )
    _run_options(add)


def _load(add):
    add("--rate", type=float, default=200, help="replies a second (200)")
    add("--seconds", type=float, default=60, help="for how long (60)")
    add("--customers", type=int, default=1500, help="with an open question (1500)")
    add("--connections", type=int, default=8, help="side by side, at first (8)")
    add("--warm-up", type=float, default=15, help="seconds at full speed (15)")
    add("--seed", type=int, default=1, help="who writes what")
    _run_options(add)


def _run_options(add):
    add("--json", metavar="FILE", type=Path, help="write the figures into a file")
    add("--keep", action="store_true", help="keep the database for a look at it")
    add("--port", type=int, help="first of six ports in a row (default: free ones)")


def _bench(add):
    add(
        "--rows",
        help="numbers of messages, the largest first (1000000,10000; with --quick "
        "2000,500). The databases are made once, about ten minutes for a million, and "
        "kept in the cache folder",
    )
    add("--repeats", type=int, default=7, help="timed calls (7)")
    add("--texts", type=int, default=1000, help="texts sent and prepared (1000)")
    add(
        "--quick",
        action="store_true",
        help="few rows and repeats: shows that everything works, not how fast",
    )
    add(
        "--only",
        default=",".join(BENCH_PARTS),
        help=f"parts, separated by commas: {', '.join(BENCH_PARTS)}",
    )
    add("--match", default="", help="only reads whose name holds this text")
    add("--json", metavar="FILE", type=Path, help="write the figures as JSON")
    add(
        *("--plans",),
        metavar="FILE",
        type=Path,
        help="write the plans of the reads' queries",
    )
    add("--fresh", action="store_true", help="make the databases anew")
    add("--port", type=int, help="Odoo's port (any free one); the next is used too")


def _upgrade(add):
    steps = ["update", "uninstall", "together"]
    add("steps", nargs="*", choices=[*steps, []], default=steps, help="all by default")


def _screenshots(add):
    default = "http://localhost:{}"
    add("--url", default=default.format(8069), help="the demo's Odoo")
    add("--phone", default=default.format(8070), help="the demo's Twilio simulator")
    folder = Path(__file__).resolve().parents[2] / "static" / "description"
    add(
        *("--output",),
        metavar="DIR",
        type=Path,
        default=folder,
        help="where the pictures go (static/description)",
    )


def _translations(add):
    """Nothing of its own."""


COMMANDS = {
    "bench": (
        "Measure the addon beside Odoo's own SMS, on the same database in the same "
        "run. Ratios count, seconds depend on the machine.",
        _bench,
    ),
    "chaos": (
        "Two Odoo servers on one database send texts and take replies, while their "
        "processes are killed, PostgreSQL is restarted and the Twilio simulator "
        "misbehaves. In the end every text must have left once and every reply must be "
        "applied once. The exit code is 1 when that is not so.",
        _chaos,
    ),
    "demo": ("Start Odoo 19 with demo data and the Twilio simulator.", _demo),
    "load": (
        "Send signed replies to an Odoo of two workers: first as fast as they are "
        "answered, then so many a second for a while. The exit code is 1 when one was "
        "not answered with a success in 15 s, or not stored.",
        _load,
    ),
    "screenshots": (
        "Make the README's pictures again from a running dev/demo. It sends a text in "
        "that demo and answers it, so begin with a new one: dev/demo --fresh.",
        _screenshots,
    ),
    "test": ("Set up Odoo 19 and PostgreSQL, run lint and every test.", _test),
    "translations": (
        "Write i18n's template (.pot) from the addon as it is now, and bring every "
        "language's file (.po) up to date with it. Translations are kept; those of "
        "terms that are gone are marked as such.",
        _translations,
    ),
    "upgrade": (
        "Try the addon's life in real databases with demo data. update: from the first "
        "version, with data, to the present one. uninstall: with data, look for what "
        "is left, install again. together: with OCA's other field service addons.",
        _upgrade,
    ),
}
