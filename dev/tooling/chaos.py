# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/chaos``: nothing lost, nothing doubled, tried by breaking things."""

import json
import time

from . import chaos_inbox, chaos_outbox
from .console import print_figures, step
from .harness import Monkey, open_harness

BREAK_SENDING = {
    "kill_cron_worker": 10,
    "kill_sender": 3,
    "kill_request_worker": 3,
    "kill_server": 2,
    "cut_connections": 1,
    "restart_postgres": 0.7,
    "crash_postgres": 0.7,
}
BREAK_RECEIVING = {
    "kill_request_worker": 10,
    "kill_cron_worker": 1,
    "kill_server": 1.5,
    "cut_connections": 1,
    "restart_postgres": 0.7,
    "crash_postgres": 0.7,
}


def run(options, odoo):
    """Break things; returns 1 when a promise was broken."""
    if options.quick:
        options.messages, options.replies, options.missed = 100, 100, 10
    started = time.monotonic()
    step(f"Seed {options.seed}")
    report, broken = {"seed": options.seed}, []
    with open_harness(options, odoo, "chaos", count=2) as (harness, postgres):
        _send(options, harness, postgres, report, broken)
        print_figures(report)
        phones = chaos_inbox.Phones(harness.simulator)
        _receive(options, harness, postgres, phones, report, broken)
        _miss(options, harness, phones, report, broken)
        report["errors in Odoo's logs"] = harness.count_errors()
        unhandled = harness.count_in_logs("Exception during request handling")
        report["webhooks with a traceback in Odoo's logs"] = unhandled
        broken += ["Webhooks with a traceback in Odoo's logs"] if unhandled else []
        told = harness.find_in_logs(chaos_inbox.secrets_of(phones.replies))
        report["numbers and texts in Odoo's logs"] = len(told)
        broken += [f"Odoo's logs hold numbers or texts: {told[:5]}"] if told else []
    report["seconds"] = round(time.monotonic() - started)
    report["broken promises"] = broken
    print_figures(report)
    for sentence in broken or ["Every promise was kept."]:
        print(f"{'BROKEN  ' if broken else ''}{sentence}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    return 1 if broken else 0


def _send(options, harness, postgres, report, broken):
    count = options.messages
    step(f"Recording {count} texts, as a dispatcher does ...")
    chaos_outbox.prepare(harness, count)
    step("Starting two Odoo servers ...")
    harness.start_servers()
    step("Sending, while things break ...")
    monkey = Monkey(harness, options.seed, BREAK_SENDING, postgres=postgres)
    monkey.senders = 2
    compressor = chaos_outbox.Compressor(harness.sql)
    chaos_outbox.drain(harness, compressor, 30 + count * 0.15, monkey)
    step("Nothing is broken any more; the queue has to become empty.")
    chaos_outbox.drain(harness, compressor, 300)
    simulator = harness.simulator
    report["simulator's faults"] = {
        f"{fault['kind']}{' accepted' if fault.get('accepted') else ''}"
        f" {fault['match']['operation'].strip('^$')}": fault["hits"]
        for fault in simulator.faults()
    }
    chaos_outbox.calm(simulator)
    simulator.wait(60)
    step("What was not reported is asked about ...")
    chaos_outbox.ask_about_the_rest(harness, compressor)
    report["outbox"], failures = chaos_outbox.check(harness, count)
    report["outbox broken"] = monkey.done
    broken += [f"Outbox: {sentence}" for sentence in failures]


def _receive(options, harness, postgres, phones, report, broken):
    replies = chaos_inbox.plan(harness, options.replies, options.seed)
    step(f"{len(replies)} replies, five times each, while things break ...")
    seed = options.seed + 1
    monkey = Monkey(harness, seed, BREAK_RECEIVING, pause=(0.5, 3), postgres=postgres)
    given_up = phones.write(replies, harness, monkey)
    step(f"  {len(given_up)} replies that Twilio gave up")
    chaos_inbox.fetch_missed(harness, given_up)
    chaos_inbox.finish(harness)
    report["inbox"], failures = chaos_inbox.check(harness, phones)
    report["inbox"]["given up by Twilio, fetched later"] = len(given_up)
    report["inbox broken"] = monkey.done
    report["webhooks"] = {
        f"answered {status}" if isinstance(status, int) else status: number
        for status, number in phones.statuses.most_common()
    }
    broken += [f"Inbox: {sentence}" for sentence in failures]


def _miss(options, harness, phones, report, broken):
    step(f"{options.missed} replies while Odoo is down ...")
    for server in harness.servers:
        server.kill()
    replies = chaos_inbox.strangers(options.missed)
    phones.deliver(replies)
    refused = sum(not phones.taken[sid] for sid, *_words in replies)
    harness.start_servers()
    # Half of them come late as well, while the addon fetches.
    late = phones.start([(reply, 2) for reply in replies[::2]])
    fetched = chaos_inbox.fetch_missed(harness, replies)
    for future in late:
        future.result()
    chaos_inbox.finish(harness)
    figures, failures = chaos_inbox.check(harness, phones)
    report["missed"] = {
        "webhooks that nobody took": refused,
        "fetched or delivered late": fetched,
        "lost": figures["lost"],
        "stored twice": figures["stored twice"],
    }
    broken += [f"Missed replies: {sentence}" for sentence in failures]
