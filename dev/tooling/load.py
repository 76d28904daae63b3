# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/load``: how many replies a second two workers take."""

import asyncio
import json
import os
import random
import statistics
from collections import Counter

import aiohttp

from .chaos_outbox import number_of
from .console import print_figures, step
from .harness import open_harness
from .simulator import INBOUND, TOKEN, inbound, sign

GIVE_UP = 15  # seconds, as Twilio does
WORDS = ["Yes", "No", "yes please", "Can you come later?", "Thanks!", "YES 👍"]
STRANGERS = 0.2  # share of texts from numbers that nobody knows


def run(options, odoo):
    """Returns 1 when a reply was not answered with a success, or not stored."""
    with open_harness(options, odoo, "load", count=1) as (harness, _postgres):
        step(f"Recording {options.customers} open questions ...")
        numbers = [number_of(index) for index in range(options.customers)]
        harness.make_records([(number, 12, 1, False) for number in numbers])
        harness.sql.run(
            "UPDATE fsm_confirmation SET state = 'sent', sent_date = now() AT TIME ZONE"
            " 'UTC' - interval '1 minute', twilio_sid = 'SM' || md5(id::text)"
        )
        step("Starting Odoo with two workers ...")
        harness.start_servers()
        step(f"{options.rate:g} replies a second, for {options.seconds:g} s ...")
        replies = [*_make_replies(options, 8 + int(options.seconds * options.rate))]
        report = _figures(*asyncio.run(_drip(harness, replies, options.rate)))
        rows = "SELECT count(*) FROM fsm_confirmation_reply"
        report["stored"] = harness.sql.value(rows)
        report["left for later"] = harness.sql.value(f"{rows} WHERE state = 'pending'")
    report["cores of this machine"] = os.cpu_count()
    print_figures(report)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    if report["not answered 2xx"] or report["stored"] != len(replies):
        print("Not every reply was answered with a success and stored.", flush=True)
        return 1
    return 0


def _make_replies(options, count):
    """What Twilio posts, each with a MessageSid of its own."""
    dice = random.Random(options.seed)
    for number in range(1, count + 1):
        sender = dice.randrange(options.customers)
        if dice.random() < STRANGERS:
            sender = number + 100_000
        yield inbound(number_of(sender), dice.choice(WORDS), f"SM{number:032x}")


async def _post(session, harness, params, due):
    """Send one; returns (status or what went wrong, seconds since it was due)."""
    # The address is the balancer's, and so is the signature's.
    address = harness.url + INBOUND
    headers = {"Host": address.split("/")[2]}
    headers["X-Twilio-Signature"] = sign(address, params, TOKEN)
    url = f"http://127.0.0.1:{harness.servers[0].port}{INBOUND}"
    try:
        async with (
            asyncio.timeout_at(due + GIVE_UP),
            session.post(url, data=params, headers=headers) as response,
        ):
            await response.read()
            status = response.status
    except (TimeoutError, aiohttp.ClientError) as error:
        status = type(error).__name__
    return status, asyncio.get_running_loop().time() - due


async def _drip(harness, replies, rate):
    """Send at a rate, whether earlier ones are answered or not.

    :return: (outcomes, seconds)
    """
    loop = asyncio.get_running_loop()
    # Twilio uses a new connection each time.
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector) as session:
        # Each worker reads the words at its first reply: that is not measured.
        first = [_post(session, harness, one, loop.time() + 60) for one in replies[:8]]
        await asyncio.gather(*first)
        start, tasks = loop.time() + 0.1, []
        for number, reply in enumerate(replies[8:]):
            due = start + number / rate
            await asyncio.sleep(max(0, due - loop.time()))
            tasks.append(asyncio.ensure_future(_post(session, harness, reply, due)))
        return await asyncio.gather(*tasks), loop.time() - start


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
