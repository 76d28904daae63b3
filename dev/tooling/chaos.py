# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/chaos``: nothing lost, nothing doubled, tried by breaking things."""

import argparse
import contextlib
import json
import random
import shutil
import sys
import time

from . import cache as cache_folder
from . import chaos_inbox, chaos_outbox, child, processes, python
from .console import clear_problems, step
from .database import Databases
from .harness import INBOUND, Harness, Monkey
from .postgres import Postgres
from .simulator import SimulatorProcess

DATABASE = "chaos"
OUR_NUMBER = "+12025550100"
BREAK_SENDING = {
    "kill_cron_worker": 10,
    "kill_sender": 3,
    "kill_request_worker": 3,
    "kill_server": 2,
    "cut_connections": 1,
    "restart_postgres_fast": 0.7,
    "restart_postgres_immediate": 0.7,
}
BREAK_RECEIVING = {
    "kill_request_worker": 10,
    "kill_cron_worker": 1,
    "kill_server": 1.5,
    "cut_connections": 1,
    "restart_postgres_fast": 0.7,
    "restart_postgres_immediate": 0.7,
}
LABELS = {
    "kill_cron_worker": "sending processes killed",
    "kill_sender": "further sending processes killed",
    "kill_request_worker": "answering processes killed",
    "kill_server": "whole servers killed",
    "cut_connections": "all connections cut",
    "restart_postgres_fast": "PostgreSQL restarted",
    "restart_postgres_immediate": "PostgreSQL crashed",
}


def _arguments():
    parser = argparse.ArgumentParser(
        prog="dev/chaos",
        description="Two Odoo servers on one database send texts and take replies, "
        "while their processes are killed, PostgreSQL is restarted and the Twilio "
        "simulator misbehaves. In the end every text must have left once and every "
        "reply must be applied once. The exit code is 1 when that is not so.",
    )
    add = parser.add_argument
    add("--messages", type=int, default=1000, help="texts to send (1000)")
    add("--replies", type=int, default=1000, help="replies to receive (1000)")
    add("--missed", type=int, default=50, help="replies while Odoo is down (50)")
    add("--seed", type=int, help="makes the order of what is broken repeatable")
    add("--quick", action="store_true", help="100 texts, 100 replies, 10 missed")
    add("--json", metavar="FILE", help="write the figures into a file")
    add("--keep", action="store_true", help="keep the database for a look at it")
    add("--port", type=int, help="first of six ports in a row (default: free ones)")
    add("--odoo", metavar="PATH", help="an existing Odoo 19 source")
    options = parser.parse_args()
    if options.quick:
        options.messages, options.replies, options.missed = 100, 100, 10
    if options.seed is None:
        options.seed = random.randrange(10000)
    return options


def main():
    """Entry point of ``dev/chaos``."""
    options = _arguments()
    child.stop_on_signals()
    with clear_problems():
        raise SystemExit(_run(options))


@contextlib.contextmanager
def open_harness(options, folder, database, **servers):
    """A durable PostgreSQL, a database with the addon, servers, and the simulator.

    :return: (harness, simulator, PostgreSQL); the servers are prepared, not started
    """
    cache = cache_folder.folder()
    data = cache / folder
    data.mkdir(parents=True, exist_ok=True)
    cache_folder.check_space(data, 1000)
    busy = f"Another run uses {data}. Wait for it."
    with (
        cache_folder.locked(data / "run.lock", busy=busy),
        contextlib.ExitStack() as end,
    ):
        odoo = python.prepare(cache, options.odoo)
        postgres = Postgres(odoo.site, data)
        end.callback(postgres.stop)
        postgres.start()
        databases = Databases(odoo, postgres, cache, data)
        template = databases.template()
        postgres.copy(template, database)
        if not options.keep:
            end.callback(postgres.drop, database)
            filestore = data / "odoo" / "filestore" / database
            end.callback(shutil.rmtree, filestore, ignore_errors=True)
        step("Installing the addon ...")
        databases.install(database, modules=[cache_folder.ADDON])

        ports = [options.port + n for n in range(6)] if options.port else []
        public = ports[0] if ports else processes.free_port()
        harness = Harness(
            data,
            odoo.python,
            database,
            databases.odoo_options(database),
            databases.environment(),
            public,
        )
        simulator = SimulatorProcess(
            {
                "accounts": [
                    {
                        "sid": "AC5555555555555555555555555555fa4e",
                        "auth_token": "fa4e0000000000000000000000000000",
                        "numbers": [
                            {
                                "phone_number": OUR_NUMBER,
                                "sms_url": f"{harness.url}{INBOUND}#rc=5&rp=all",
                            }
                        ],
                    }
                ]
            },
            port=ports[1] if ports else 0,
            timeout=120,
        )
        end.callback(simulator.stop)
        simulator.start()
        harness.server_environment["JOB_CONFIRMATION_TWILIO_API_URL"] = simulator.url
        end.callback(harness.stop)
        for log in (*data.glob("odoo-?.log"), *data.glob("senders.log")):
            log.unlink()
        harness.add_servers(ports=ports[2:], **servers)
        yield harness, simulator, postgres


def make_records(harness, simulator, **values):
    """Customers, Work Orders and texts; see ``harness_records.py``."""
    harness.make_records(
        url=harness.url,
        our_number=OUR_NUMBER,
        account=simulator.account_sid,
        token=simulator.auth_token,
        **values,
    )


def _run(options):
    started = time.monotonic()
    step(f"Seed {options.seed}")
    with open_harness(options, "chaos", DATABASE, count=2) as (
        harness,
        simulator,
        postgres,
    ):
        report = {"seed": options.seed}
        broken = []
        _outbox(options, harness, simulator, postgres, report, broken)
        _inbox(options, harness, simulator, postgres, report, broken)
        _missed(options, harness, simulator, report, broken)
        report["errors in Odoo's logs"] = _count_errors(harness)
        _privacy(options, harness, report, broken)
    report["seconds"] = round(time.monotonic() - started)
    report["broken promises"] = broken
    _print(report)
    for sentence in broken:
        print(f"BROKEN  {sentence}")
    if not broken:
        print("Every promise was kept.")
    sys.stdout.flush()
    if options.json:
        with open(options.json, "w", encoding="utf-8") as stream:
            json.dump(report, stream, indent=1)
    return 1 if broken else 0


def _outbox(options, harness, simulator, postgres, report, broken):
    count = options.messages
    step(f"Recording {count} texts, as a dispatcher does ...")
    simulator.configure(customers=chaos_outbox.customers(count))
    make_records(harness, simulator, first=0, count=count, send=True)
    harness.sql.run(chaos_outbox.BACKWARDS)
    step("Starting two Odoo servers ...")
    chaos_outbox.prepare(simulator)
    harness.start_servers()
    step("Sending, while things break ...")
    monkey = Monkey(harness, options.seed, BREAK_SENDING, postgres=postgres)
    monkey.senders = 2
    compressor = chaos_outbox.Compressor(harness.sql)
    chaos_outbox.under_fire(harness, monkey, compressor, 30 + count * 0.15, step)
    harness.kill_senders()
    step("Nothing is broken any more; the queue has to become empty.")
    chaos_outbox.until_empty(harness, compressor, 300, step)
    hits = {
        f"{fault['kind']}{' accepted' if fault.get('accepted') else ''}"
        f" {fault['match']['operation'].strip('^$')}": fault["hits"]
        for fault in simulator.faults()
    }
    simulator.clear_faults()
    simulator.wait(60)
    figures, failures = chaos_outbox.check(harness, simulator, count)
    report["outbox"] = figures
    report["outbox broken"] = monkey.done
    report["simulator's faults"] = hits
    broken += [f"Outbox: {sentence}" for sentence in failures]
    _print(report)


def _inbox(options, harness, simulator, postgres, report, broken):
    simulator.configure(delay=0, latency=0, **chaos_outbox.CALM)
    replies = chaos_inbox.plan(harness, options.replies, options.seed)
    step(f"{len(replies)} replies, five times each, while things break ...")
    phones = chaos_inbox.Phones(simulator, OUR_NUMBER)
    monkey = Monkey(
        harness, options.seed + 1, BREAK_RECEIVING, pause=(0.5, 3), postgres=postgres
    )
    missed = chaos_inbox.work(harness, phones, replies, monkey, options.seed, say=step)
    step(f"  {len(missed)} replies that Twilio gave up")
    if missed and harness.has_cron(chaos_inbox.FETCH_CRON):
        chaos_inbox.fetch_missed(harness, [reply[0] for reply in missed])
    elif missed:
        for future in phones.start([(reply, 1) for reply in missed]):
            future.result()
    chaos_inbox.settle(harness, simulator)
    figures, failures = chaos_inbox.check(harness, simulator, phones, replies)
    figures["given up by Twilio, fetched later"] = len(missed)
    report["inbox"] = figures
    report["inbox broken"] = monkey.done
    report["webhooks"] = {
        f"answered {status}" if isinstance(status, int) else status: number
        for status, number in phones.statuses.most_common()
    }
    broken += [f"Inbox: {sentence}" for sentence in failures]
    options.known_replies = replies


def _missed(options, harness, simulator, report, broken):
    if not harness.has_cron(chaos_inbox.FETCH_CRON):
        report["missed"] = {"not tried: the addon fetches no replies": 0}
        return
    step(f"{options.missed} replies while Odoo is down ...")
    for server in harness.servers:
        server.kill()
    number_of = chaos_outbox.number_of
    replies = [
        (f"SMdead{index:028x}", number_of(chaos_inbox.NOBODY * 2 + index), "Yes")
        for index in range(options.missed)
    ]
    phones = chaos_inbox.Phones(simulator, OUR_NUMBER)
    for future in phones.start([(reply, 1) for reply in replies]):
        future.result()
    refused = sum(not phones.taken[reply[0]] for reply in replies)
    harness.start_servers()
    # Half of them come late as well, while the addon fetches.
    late = phones.start([(reply, 2) for reply in replies[::2]])
    fetched = chaos_inbox.fetch_missed(harness, [reply[0] for reply in replies])
    for future in late:
        future.result()
    chaos_inbox.settle(harness, simulator)
    known = options.known_replies + replies
    figures, failures = chaos_inbox.check(harness, simulator, phones, known)
    report["missed"] = {
        "webhooks that nobody took": refused,
        "fetched or delivered late": fetched,
        "lost": figures["lost"],
        "doubled": figures["doubled"],
    }
    broken += [f"Missed replies: {sentence}" for sentence in failures]


def _privacy(options, harness, report, broken):
    numbers = [chaos_outbox.number_of(index) for index in range(options.messages)]
    numbers += {number for _sid, number, _words in options.known_replies}
    words = [words for words, *_meaning in chaos_inbox.WORDS if " " in words]
    told = harness.find_in_logs([*sorted(set(numbers)), *words])
    report["numbers and texts in Odoo's logs"] = len(told)
    if told:
        broken.append(f"Odoo's logs hold numbers or texts: {told[:5]}")


def _count_errors(harness):
    """How many errors Odoo wrote into its logs; killed databases make many."""
    return sum(
        line.count(" ERROR ") + line.count(" CRITICAL ")
        for server in harness.servers
        for line in server.log.read_text(errors="replace").splitlines()
    )


def _print(report):
    """Print the figures as one table."""
    print()
    for name, value in report.items():
        if isinstance(value, dict):
            print(f"  {name}")
            for key, number in value.items():
                print(f"    {LABELS.get(key, key):<44}{number:>8}")
        elif name != "broken promises":
            print(f"  {name:<46}{value:>8}")
    print(flush=True)
