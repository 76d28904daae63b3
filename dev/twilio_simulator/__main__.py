# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Start the simulator: ``python3 dev/twilio_simulator --port 8070``."""

import argparse
import asyncio
import json
import logging
import signal
import sys
from pathlib import Path

if not __package__:
    # Started as a folder: make it the package that the other modules are part of.
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    __package__ = Path(__file__).resolve().parent.name
    __import__(__package__)

from .config import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, DEFAULT_NUMBER, ConfigError
from .server import Simulator


def parse(arguments):
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        prog="twilio_simulator",
        description="A simulator of Twilio: nothing is really sent. Open the printed "
        "address in a browser to be the customers' phones.",
    )
    parser.add_argument("--port", type=int, default=8070, help="0: any free one")
    parser.add_argument("--host", default="127.0.0.1", help="default: 127.0.0.1")
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

    :raises ConfigError: the file can't be used
    :raises OSError: the file can't be read
    """
    text = "{}"
    if options.config:
        # "-" is standard input.
        path = "/dev/stdin" if options.config == "-" else options.config
        text = Path(path).read_text(encoding="utf-8")
    try:
        config = json.loads(text)
        accounts = config.setdefault("accounts", [])
    except (ValueError, AttributeError) as error:
        raise ConfigError(f"{options.config} is no JSON object: {error}.") from error
    account = accounts[0] if accounts else {}
    accounts[:1] = [account]
    numbers = account.get("numbers", []) + options.number
    if not numbers and not options.config:
        numbers = [DEFAULT_NUMBER]
    numbers = [{"phone_number": n} if isinstance(n, str) else n for n in numbers]
    for number in numbers if options.inbound_url else ():
        number["sms_url"] = number["sms_fallback_url"] = options.inbound_url
    account["numbers"] = numbers
    return config


async def run(options):
    """Run until Ctrl-C or SIGTERM.

    :raises ConfigError: the configuration or the state file can't be used
    :raises OSError: a file or the port can't be used
    """
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    simulator = await Simulator(
        configuration(options), options.host, options.port, options.state
    ).start()
    if not options.quiet and not options.config:
        print("Twilio simulator: nothing is really sent. The credentials are fake:")
        print(f"account {DEFAULT_ACCOUNT_SID}, token {DEFAULT_AUTH_TOKEN}")
    print(f"ready on http://{options.host}:{simulator.port}", flush=True)
    await stop.wait()
    await simulator.stop()


def main(arguments=None):
    """Run it; return the exit code."""
    options = parse(arguments)
    logging.basicConfig(
        level=logging.ERROR if options.quiet else logging.WARNING,
        format="%(levelname)s %(message)s",
    )
    try:
        asyncio.run(run(options))
    except (ConfigError, OSError, OverflowError) as error:
        print(f"twilio_simulator: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
