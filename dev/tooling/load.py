# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/load``: how many replies a second two workers take."""

import argparse
import asyncio
import json
import os
import random
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

from . import child
from .chaos import OUR_NUMBER, make_records, open_harness
from .chaos_outbox import number_of
from .console import clear_problems, step
from .harness import INBOUND, children_of, stat_of
from .simulator import sign

DATABASE = "load"
GIVE_UP = 15  # seconds, as Twilio does
WORDS = ["Yes", "No", "yes please", "Can you come later?", "Thanks!", "YES 👍"]
STRANGERS = 0.2  # share of texts from numbers that nobody knows
TICKS = os.sysconf("SC_CLK_TCK")


def _arguments():
    parser = argparse.ArgumentParser(
        prog="dev/load",
        description="Send signed replies to an Odoo of two workers: first as fast as "
        "they are answered, then so many a second for a while. The exit code is 1 when "
        "one was not answered with a success in 15 s, or not stored.",
    )
    add = parser.add_argument
    add("--rate", type=float, default=200, help="replies a second (200)")
    add("--seconds", type=float, default=60, help="for how long (60)")
    add("--customers", type=int, default=1500, help="with an open question (1500)")
    add("--connections", type=int, default=8, help="side by side, at first (8)")
    add("--warm-up", type=float, default=15, help="seconds at full speed (15)")
    add("--seed", type=int, default=1, help="who writes what")
    add("--json", metavar="FILE", help="write the figures into a file")
    add("--keep", action="store_true", help="keep the database for a look at it")
    add("--port", type=int, help="first of six ports in a row (default: free ones)")
    add("--odoo", metavar="PATH", help="an existing Odoo 19 source")
    return parser.parse_args()


def main():
    """Entry point of ``dev/load``."""
    options = _arguments()
    child.stop_on_signals()
    with clear_problems():
        raise SystemExit(_run(options))


def _run(options):
    with open_harness(options, "chaos", DATABASE, count=1) as (
        harness,
        simulator,
        postgres,
    ):
        step(f"Recording {options.customers} open questions ...")
        make_records(harness, simulator, first=0, count=options.customers, send=True)
        harness.sql.run(
            "UPDATE fsm_confirmation SET state = 'sent', sent_date = now() AT TIME ZONE"
            " 'UTC' - interval '1 minute', twilio_sid = 'SM' || md5(id::text)"
        )
        step("Starting Odoo with two workers ...")
        harness.start_servers()
        client = Client(harness, simulator, options)
        measures = {
            "PostgreSQL": lambda: _cpu(postgres.process.pid),
            "Odoo": lambda: _cpu(harness.servers[0].server.process.pid),
            "the sender": time.process_time,
            "the whole machine": _machine_cpu,
        }
        report = {}
        for name, work, seconds in (
            ("as fast as they are answered", client.flood, options.warm_up),
            (f"{options.rate:g} a second", client.drip, options.seconds),
        ):
            step(f"Replies, {name}, for {seconds:g} s ...")
            before = {key: measure() for key, measure in measures.items()}
            sent = client.count
            started = time.monotonic()
            outcomes = asyncio.run(work(seconds))
            took = time.monotonic() - started
            stored = harness.sql.value("SELECT count(*) FROM fsm_confirmation_reply")
            report[name] = _figures(outcomes, took)
            report[name]["stored (of all until now)"] = stored
            for key, measure in measures.items():
                used = (measure() - before[key]) / took
                report[name][f"cores used by {key}"] = round(used, 2)
            report[name]["sent"] = client.count - sent
        left = harness.sql.value(
            "SELECT count(*) FROM fsm_confirmation_reply WHERE state = 'pending'"
        )
    good = stored == client.count and not any(
        value["not answered 2xx"] for value in report.values()
    )
    report["replies sent"] = client.count
    report["replies stored"] = stored
    report["replies left for later"] = left
    report["cores of this machine"] = os.cpu_count()
    _print(report)
    if options.json:
        Path(options.json).write_text(json.dumps(report, indent=1))
    if not good:
        print("Not every reply was answered with a success and stored.", flush=True)
    return 0 if good else 1


def _print(report):
    print()
    for name, value in report.items():
        if isinstance(value, dict):
            print(f"  {name}")
            for key, number in value.items():
                print(f"    {key:<40}{number:>10}")
        else:
            print(f"  {name:<42}{value:>10}")
    print(flush=True)


class Client:
    """Posts signed replies, each with a MessageSid of its own, over new connections."""

    def __init__(self, harness, simulator, options):
        self._url = harness.url + INBOUND
        self._account, self._token = simulator.account_sid, simulator.auth_token
        self._dice = random.Random(options.seed)
        self._options = options
        self._port = harness.servers[0].port
        self._host = harness.url.partition("//")[2]
        self.count = 0

    def _request(self):
        """The bytes of the next reply."""
        self.count += 1
        stranger = self._dice.random() < STRANGERS
        number = self._dice.randrange(self._options.customers)
        params = {
            "ToCountry": "US",
            "ToState": "DC",
            "SmsMessageSid": f"SM{self.count:032x}",
            "NumMedia": "0",
            "ToCity": "",
            "FromZip": "10001",
            "SmsSid": f"SM{self.count:032x}",
            "FromState": "NY",
            "SmsStatus": "received",
            "FromCity": "NEW YORK",
            "Body": self._dice.choice(WORDS),
            "FromCountry": "US",
            "To": OUR_NUMBER,
            "ToZip": "",
            "NumSegments": "1",
            "MessageSid": f"SM{self.count:032x}",
            "AccountSid": self._account,
            "From": number_of(self.count + 100_000 if stranger else number),
            "ApiVersion": "2010-04-01",
        }
        body = urlencode(params).encode()
        head = (
            f"POST {INBOUND} HTTP/1.1\r\nHost: {self._host}\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
            f"X-Twilio-Signature: {sign(self._url, params, self._token)}\r\n"
            "User-Agent: TwilioProxy/1.1\r\nAccept: */*\r\nConnection: close\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def _post(self, request, due):
        """Send one; returns (status or what went wrong, seconds since it was due)."""
        try:
            async with asyncio.timeout_at(due + GIVE_UP):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    writer.write(request)
                    answer = await reader.read()
                finally:
                    writer.close()
            status = int(answer[9:12]) if answer else "cut"
        except TimeoutError:
            status = "no answer in 15 s"
        except OSError as error:
            status = type(error).__name__
        return status, asyncio.get_running_loop().time() - due

    async def flood(self, seconds):
        """Each connection sends its next reply as soon as the last one is answered."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        outcomes = []

        async def one_after_the_other():
            while loop.time() < end:
                outcomes.append(await self._post(self._request(), loop.time()))

        connections = range(self._options.connections)
        await asyncio.gather(*[one_after_the_other() for _number in connections])
        return outcomes

    async def drip(self, seconds):
        """Send at a rate, whether earlier ones are answered or not."""
        loop = asyncio.get_running_loop()
        start = loop.time() + 0.1
        tasks = []
        for number in range(int(seconds * self._options.rate)):
            due = start + number / self._options.rate
            request = self._request()
            await asyncio.sleep(max(0, due - loop.time()))
            tasks.append(asyncio.ensure_future(self._post(request, due)))
        return await asyncio.gather(*tasks)


def _figures(outcomes, took):
    statuses = Counter(status for status, _seconds in outcomes)
    good = sorted(seconds for status, seconds in outcomes if status in (200, 204))
    figures = {"answered 2xx a second": round(len(good) / took, 1)}
    figures["not answered 2xx"] = len(outcomes) - len(good)
    for share in (50, 95, 99):
        place = min(len(good) - 1, len(good) * share // 100)
        value = round(good[place] * 1000) if good else 0
        figures[f"p{share}, ms"] = value
    for status, number in statuses.items():
        figures[f"answer: {status}"] = number
    return figures


def _cpu(pid):
    """CPU seconds of a process, its children, and its children that have ended."""
    words = stat_of(pid)
    own = sum(map(int, words[11:15]))
    for other in children_of(pid):
        try:
            own += sum(map(int, stat_of(other)[11:15]))
        except OSError:
            continue  # It has ended meanwhile.
    return own / TICKS


def _machine_cpu():
    """CPU seconds of everything that runs here, other people's work too."""
    with open("/proc/stat", encoding="ascii") as stream:
        words = [int(word) for word in stream.readline().split()[1:]]
    return (sum(words) - words[3] - words[4]) / TICKS
