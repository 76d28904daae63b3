# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/load``: how many replies a second two workers take."""

import asyncio
import json
import os
import random
import statistics
import time
from collections import Counter

import aiohttp
import psutil

from .chaos_outbox import number_of
from .console import print_figures, step
from .harness import open_harness
from .simulator import INBOUND, TOKEN, inbound, sign

GIVE_UP = 15  # seconds, as Twilio does
WORDS = ["Yes", "No", "yes please", "Can you come later?", "Thanks!", "YES 👍"]
STRANGERS = 0.2  # share of texts from numbers that nobody knows


def run(options, odoo):
    """Returns 1 when a reply was not answered with a success, or not stored."""
    with open_harness(options, odoo, "load", count=1) as (harness, postgres):
        step(f"Recording {options.customers} open questions ...")
        harness.make_records(first=0, count=options.customers)
        harness.sql.run(
            "UPDATE fsm_confirmation SET state = 'sent', sent_date = now() AT TIME ZONE"
            " 'UTC' - interval '1 minute', twilio_sid = 'SM' || md5(id::text)"
        )
        step("Starting Odoo with two workers ...")
        harness.start_servers()
        client = Client(harness, options)
        measures = {
            "PostgreSQL": lambda: _cpu(postgres.process()),
            "Odoo": lambda: _cpu(psutil.Process(harness.servers[0].process.pid)),
            "the sender": time.process_time,
            # Other people's work too.
            "the whole machine": lambda: sum(_busy(psutil.cpu_times())),
        }
        report = {}
        for name, work, seconds in (
            ("as fast as they are answered", client.flood, options.warm_up),
            (f"{options.rate:g} a second", client.drip, options.seconds),
        ):
            step(f"Replies, {name}, for {seconds:g} s ...")
            before = {key: measure() for key, measure in measures.items()}
            started = time.monotonic()
            outcomes = asyncio.run(client.within_session(work, seconds))
            took = time.monotonic() - started
            report[name] = _figures(outcomes, took)
            for key, measure in measures.items():
                used = (measure() - before[key]) / took
                report[name][f"cores used by {key}"] = round(used, 2)
        replies = "SELECT count(*) FROM fsm_confirmation_reply"
        stored = harness.sql.value(replies)
        left = harness.sql.value(f"{replies} WHERE state = 'pending'")
    refused = sum(figures["not answered 2xx"] for figures in report.values())
    report["replies sent"] = client.count
    report["replies stored"] = stored
    report["replies left for later"] = left
    report["cores of this machine"] = os.cpu_count()
    print_figures(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    if refused or stored != client.count:
        print("Not every reply was answered with a success and stored.", flush=True)
        return 1
    return 0


class Client:
    """Posts signed replies, each with a MessageSid of its own, over new connections."""

    def __init__(self, harness, options):
        self._url = harness.url + INBOUND
        self._port = harness.servers[0].port
        self._dice = random.Random(options.seed)
        self._options = options
        self.count = 0

    async def within_session(self, work, seconds):
        """Do some work with a session to post in."""
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with aiohttp.ClientSession(connector=connector) as self._session:
            return await work(seconds)

    def _next_reply(self):
        self.count += 1
        number = self._dice.randrange(self._options.customers)
        if self._dice.random() < STRANGERS:
            number = self.count + 100_000
        words = self._dice.choice(WORDS)
        return inbound(number_of(number), words, f"SM{self.count:032x}")

    async def _post(self, due):
        """Send one; returns (status or what went wrong, seconds since it was due)."""
        params = self._next_reply()
        # The address is the balancer's, and so is the signature's.
        headers = {
            "Host": self._url.split("/")[2],
            "X-Twilio-Signature": sign(self._url, params, TOKEN),
        }
        url = f"http://127.0.0.1:{self._port}{INBOUND}"
        try:
            async with (
                asyncio.timeout_at(due + GIVE_UP),
                self._session.post(url, data=params, headers=headers) as response,
            ):
                await response.read()
                status = response.status
        except (TimeoutError, aiohttp.ClientError) as error:
            status = type(error).__name__
        return status, asyncio.get_running_loop().time() - due

    async def flood(self, seconds):
        """Each connection sends its next reply as soon as the last one is answered."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        outcomes = []

        async def one_after_the_other():
            while loop.time() < end:
                outcomes.append(await self._post(loop.time()))

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
            await asyncio.sleep(max(0, due - loop.time()))
            tasks.append(asyncio.ensure_future(self._post(due)))
        return await asyncio.gather(*tasks)


def _figures(outcomes, took):
    statuses = Counter(f"answer: {status}" for status, _seconds in outcomes)
    good = [seconds * 1000 for status, seconds in outcomes if status in (200, 204)]
    shares = statistics.quantiles(good, n=100) if len(good) > 1 else [0] * 99
    return {
        "answered 2xx a second": round(len(good) / took, 1),
        "not answered 2xx": len(outcomes) - len(good),
        **{f"p{share}, ms": round(shares[share - 1]) for share in (50, 95, 99)},
        **statuses,
    }


def _busy(times):
    """The kinds of CPU seconds in which something was done."""
    idle = {"idle", "iowait", "guest", "guest_nice"}
    return [seconds for kind, seconds in times._asdict().items() if kind not in idle]


def _cpu(process):
    """CPU seconds of a process, its children, and its children that have ended."""
    used = 0
    for one in (process, *process.children()):
        try:
            used += sum(one.cpu_times()[:4])
        except psutil.NoSuchProcess:
            continue  # It has ended meanwhile.
    return used
