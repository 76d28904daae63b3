# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Start the simulator: ``python3 dev/twilio_simulator --port 8070``."""

import argparse
import errno
import json
import logging
import signal
import sys
import threading
from pathlib import Path

if not __package__:
    # Started as a folder: make it the package that the other modules are part of.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    __package__ = Path(__file__).resolve().parent.name
    __import__(__package__)

from .server import Simulator
from .state import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_NUMBER,
    ConfigError,
)


def parse(arguments):
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        prog="twilio_simulator",
        description="A simulator of Twilio: nothing is really sent. Open the printed "
        "address in a browser to be the customers' phones.",
    )
    parser.add_argument("--port", type=int, default=8070, help="default: 8070; 0: any")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
    parser.add_argument("--account-sid", metavar="AC...", help="default: a fake one")
    parser.add_argument("--auth-token", metavar="TOKEN", help="default: a fake one")
    parser.add_argument(
        "--number",
        metavar="+1...",
        action="append",
        default=[],
        help=f"a number of the account; may be repeated; default: {DEFAULT_NUMBER}",
    )
    parser.add_argument(
        "--inbound-url", metavar="URL", help="where replies to the numbers are posted"
    )
    parser.add_argument(
        "--config", metavar="FILE", help="JSON: accounts, customers, settings"
    )
    parser.add_argument(
        "--state", metavar="FILE", help="keeps texts and blocks over a restart"
    )
    parser.add_argument(
        "--delay", type=float, metavar="SECONDS", help="between queued, sent, delivered"
    )
    parser.add_argument("--quiet", action="store_true", help="print only errors")
    return parser.parse_args(arguments)


def configuration(options):
    """Return the configuration out of the file and the command line.

    :raises ConfigError: the file can't be used
    :raises OSError: the file can't be read
    """
    config = {}
    if options.config:
        try:
            config = json.loads(Path(options.config).read_text(encoding="utf-8"))
        except ValueError as error:
            raise ConfigError(f"{options.config} is no JSON: {error}.") from error
        if not isinstance(config, dict):
            raise ConfigError(f"{options.config} must hold a JSON object.")
    accounts = config.setdefault("accounts", [])
    if not accounts or options.account_sid:
        accounts.insert(0, {"sid": options.account_sid or DEFAULT_ACCOUNT_SID})
    account = accounts[0]
    if options.auth_token:
        account["auth_token"] = options.auth_token
    numbers = [
        {"phone_number": number} if isinstance(number, str) else number
        for number in account.get("numbers", []) + options.number
    ]
    if not numbers and not options.config:
        numbers = [{"phone_number": DEFAULT_NUMBER}]
    if options.inbound_url:
        for number in numbers:
            number["sms_url"] = options.inbound_url
            number["sms_fallback_url"] = options.inbound_url
    account["numbers"] = numbers
    if options.delay is not None:
        config.setdefault("settings", {})["delay"] = options.delay
    return config


def explain(error, options):
    """Return in one sentence why the simulator can't start."""
    if isinstance(error, ConfigError):
        return str(error)
    if getattr(error, "filename", None):
        return f"{error.filename} can't be used: {error.strerror}."
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        return (
            f"Port {options.port} on {options.host} is in use by another program; "
            "choose another one with --port."
        )
    reason = getattr(error, "strerror", None) or str(error).rstrip(".")
    return f"Can't listen on {options.host}:{options.port}: {reason}."


def main(arguments=None):
    """Run until Ctrl-C or SIGTERM; return the exit code."""
    options = parse(arguments)
    logging.basicConfig(
        level=logging.ERROR if options.quiet else logging.WARNING,
        format="%(levelname)s %(message)s",
    )
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_signal: stop.set())
    try:
        simulator = Simulator(
            configuration(options), options.host, options.port, options.state
        ).start()
    except (ConfigError, OSError, OverflowError) as error:
        print(f"twilio_simulator: {explain(error, options)}", file=sys.stderr)
        return 1
    if not options.quiet and not (options.auth_token or options.config):
        print("Twilio simulator: nothing is really sent. The credentials are fake:")
        print(f"  account {DEFAULT_ACCOUNT_SID}  token {DEFAULT_AUTH_TOKEN}")
        print(f"  numbers {', '.join(simulator.state.numbers)}")
    print(f"ready on {simulator.url}", flush=True)
    stop.wait()
    try:
        simulator.stop()
    except OSError as error:
        print(f"twilio_simulator: the state was not saved: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
