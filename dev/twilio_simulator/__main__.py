# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Start the simulator: ``python3 dev/twilio_simulator --port 8070``."""

import argparse
import json
import logging
import sys
from pathlib import Path

if not __package__:
    # Started as a folder: make it the package that the other modules are part of.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    __package__ = Path(__file__).resolve().parent.name
    __import__(__package__)

from .server import Simulator
from .state import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, DEFAULT_NUMBER, ConfigError


def parse(arguments):
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        prog="twilio_simulator",
        description="A simulator of Twilio: nothing is really sent. Open the printed "
        "address in a browser to be the customers' phones.",
    )
    parser.add_argument("--port", type=int, default=8070, help="0: any free one")
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
    parser.add_argument("--quiet", action="store_true", help="print only errors")
    return parser.parse_args(arguments)


def configuration(options):
    """Return the configuration out of the file and the command line.

    :raises ValueError: the file is no JSON
    :raises OSError: it can't be read
    """
    path = "/dev/stdin" if options.config == "-" else options.config
    config = json.loads(Path(path).read_text("utf-8")) if path else {}
    account, *others = config.get("accounts") or [{}]
    numbers = [*account.get("numbers", []), *options.number]
    numbers = numbers or ([] if path else [DEFAULT_NUMBER])
    numbers = [{"phone_number": n} if isinstance(n, str) else n for n in numbers]
    if url := options.inbound_url:
        numbers = [{**n, "sms_url": url, "sms_fallback_url": url} for n in numbers]
    return {**config, "accounts": [{**account, "numbers": numbers}, *others]}


def main(arguments=None):
    """Run it; return the exit code."""
    options = parse(arguments)
    logging.basicConfig(
        level=logging.ERROR if options.quiet else logging.WARNING,
        format="%(levelname)s %(message)s",
    )
    if not options.quiet and not options.config:
        print("Twilio simulator: nothing is really sent. The credentials are fake:")
        print(f"account {DEFAULT_ACCOUNT_SID}, token {DEFAULT_AUTH_TOKEN}")
    try:
        config = configuration(options)
        simulator = Simulator(config, options.port, options.state)
        simulator.run(lambda address: print(f"ready on {address}", flush=True))
    except (ConfigError, OSError, OverflowError, ValueError) as error:
        print(f"twilio_simulator: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
