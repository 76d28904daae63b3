# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The inbox under fire: each reply is stored once, applied once, answered once."""

import concurrent.futures
import random
import threading
import time
from collections import Counter, defaultdict

from .chaos_outbox import number_of

# What customers write, what it means, and what their message's response becomes.
WORDS = [
    ("Yes", "confirm", "confirmed"),
    ("yes please", "confirm", "confirmed"),
    ("No", "decline", "declined"),
    ("Maybe, if it does not rain", "unrecognized", "unrecognized"),
]
RESPONSE = {"confirm": "confirmed", "decline": "declined"}
COPIES = 5
AT_ONCE = 3
NOBODY = 5000  # numbers from here on belong to no customer
FETCH_CRON = "ir_cron_fetch_missed_replies"


def plan(harness, count, seed):
    """Who writes what: (sid, number, words) for each reply.

    Most customers who got a text answer once, some twice, and some strangers write.
    """
    dice = random.Random(seed)
    asked = [
        row["mobile"]
        for row in harness.sql.rows(
            "SELECT mobile FROM fsm_confirmation WHERE is_open AND state IN ('sent',"
            " 'delivered') ORDER BY id"
        )
    ]
    strangers = [number_of(NOBODY + index) for index in range(count)]
    twice = max(1, count // 10)
    numbers = asked[: count - twice - count // 20]
    numbers += dice.sample(numbers, min(twice, len(numbers)))
    numbers += strangers[: count - len(numbers)]
    dice.shuffle(numbers)
    return [
        (f"SM{seed % 0xFFFF:04x}{index:028x}", number, dice.choice(WORDS)[0])
        for index, number in enumerate(numbers)
    ]


class Phones:
    """Sends replies to the addon through the simulator, several times each."""

    def __init__(self, simulator, our_number, threads=24):
        self.simulator = simulator
        self.our_number = our_number
        self.threads = threads
        self.statuses = Counter()
        self.taken = defaultdict(int)  # sid -> webhooks answered 2xx
        self.texts = defaultdict(int)  # sid -> texts in the answers
        self.odd = []  # answers that no webhook may get
        self._lock = threading.Lock()

    def _deliver(self, reply, copies):
        sid, number, words = reply
        answer = self.simulator.inbound(
            number,
            words,
            to=self.our_number,
            sid=sid,
            repeat=copies,
            parallel=True,
        )
        with self._lock:
            for delivery in answer["deliveries"]:
                status = delivery["status"]
                self.statuses[status or delivery["error"]] += 1
                self.taken[sid] += 200 <= (status or 0) < 300
                self.texts[sid] += len(delivery["replies"])
                # Odoo says 404 while its database is away; Twilio tries again.
                if status and status not in (200, 404, 500, 502, 503):
                    self.odd.append((sid, status))

    def start(self, jobs):
        """Begin to deliver ``(reply, copies)`` jobs; returns what can be waited for."""
        pool = concurrent.futures.ThreadPoolExecutor(self.threads)
        futures = [pool.submit(self._deliver, *job) for job in jobs]
        pool.shutdown(wait=False)
        return futures


def work(harness, phones, replies, monkey, seed, say=print):
    """Deliver every reply five times, three of them at once, while things break.

    What Twilio gave up after its own retries is delivered again in the end; the
    number of such replies is returned.
    """
    dice = random.Random(seed)
    jobs = [(reply, AT_ONCE) for reply in replies]
    jobs += [(reply, 1) for reply in replies for _copy in range(COPIES - AT_ONCE)]
    dice.shuffle(jobs)
    futures = phones.start(jobs)
    said = time.monotonic()
    try:
        while not all(future.done() for future in futures):
            monkey.turn()
            time.sleep(0.2)
            if time.monotonic() > said + 15:
                done = sum(future.done() for future in futures)
                say(
                    f"  {done} of {len(jobs)} deliveries,"
                    f" {sum(monkey.done.values())} things broken"
                )
                said = time.monotonic()
    finally:
        # After Ctrl-C nothing more is delivered.
        for future in futures:
            future.cancel()
    for future in futures:
        future.result()
    harness.start_servers()
    missed = [reply for reply in replies if not phones.taken[reply[0]]]
    return missed


def settle(harness, simulator, seconds=120):
    """Have the jobs finish what was left; returns how many replies are pending."""
    end = time.monotonic() + seconds
    while True:
        harness.wake_cron("ir_cron_process_replies")
        pending = harness.sql.value(
            "SELECT count(*) FROM fsm_confirmation_reply WHERE state = 'pending'"
            " OR auto_reply_state IN ('outgoing', 'sending')"
        )
        if not pending or time.monotonic() > end:
            simulator.wait(30)
            return pending
        time.sleep(1)


def fetch_missed(harness, sids, seconds=120):
    """Have the addon fetch replies that it never heard of; returns how many it has."""
    listed = ", ".join(f"'{sid}'" for sid in sids) or "''"
    end = time.monotonic() + seconds
    while True:
        harness.wake_cron(FETCH_CRON)
        here = harness.sql.value(
            "SELECT count(DISTINCT twilio_sid) FROM fsm_confirmation_reply"
            f" WHERE twilio_sid IN ({listed})"
        )
        if here == len(sids) or time.monotonic() > end:
            return here
        time.sleep(1)


def check(harness, simulator, phones, replies):
    """Compare what customers wrote with what the addon made of it.

    :return: (figures: name -> number, broken promises: list of sentences)
    """
    rows = harness.sql.rows(
        "SELECT id, twilio_sid, state, intent, mobile, body, confirmation_id, error,"
        " coalesce(auto_reply_body, '') AS answer, auto_reply_state,"
        " extract(epoch FROM received_date) AS received FROM fsm_confirmation_reply"
    )
    wanted = {sid: (number, words) for sid, number, words in replies}
    intents = {words: intent for words, intent, _response in WORDS}
    by_sid = defaultdict(list)
    for row in rows:
        by_sid[row["twilio_sid"]].append(row)
    ours = [row for sid in wanted for row in by_sid[sid]]
    lost = [sid for sid in wanted if not by_sid[sid]]
    doubled = [sid for sid in wanted if len(by_sid[sid]) > 1]
    strange = [sid for sid in by_sid if sid not in wanted]
    pending = [row["id"] for row in ours if row["state"] == "pending"]
    changed = [
        row["id"]
        for row in ours
        if (row["mobile"], row["body"]) != wanted[row["twilio_sid"]]
    ]
    misread = [
        (row["id"], row["body"], row["intent"])
        for row in ours
        if row["state"] != "pending" and row["intent"] != intents[row["body"]]
    ]
    # An answer found late, when no webhook waits any more, is a text of its own.
    late = Counter(
        (message["to"], message["body"])
        for message in simulator.sent()
        if not message["status_callback"]
    )
    answers = {
        row["twilio_sid"]: phones.texts[row["twilio_sid"]]
        + (row["auto_reply_state"] == "sent")
        for row in ours
    }
    several = [sid for sid, number in answers.items() if number > 1]
    meant = Counter(
        (row["mobile"], row["answer"]) for row in ours if row["auto_reply_state"]
    )
    several += [key for key, number in late.items() if number > meant[key]]
    unanswered = [
        row["id"] for row in ours if row["answer"] and not answers[row["twilio_sid"]]
    ]
    figures = {
        "replies stored": len(ours),
        "lost": len(lost),
        "doubled": len(doubled),
        "pending": len(pending),
        "matched": sum(row["state"] == "matched" for row in ours),
        "answered more than once": len(several),
        "answered late, by a text of its own": late.total(),
        "answers that never reached Twilio": len(unanswered),
    }
    notes, wrong = _check_applied(harness, ours)
    promises = {
        f"replies that are lost: {lost[:20]}": lost,
        f"replies stored twice: {doubled[:20]}": doubled,
        f"replies that nobody sent: {strange[:20]}": strange,
        f"replies that still wait: {pending[:20]}": pending,
        f"other words or another number than sent: {changed[:20]}": changed,
        f"understood differently: {misread[:20]}": misread,
        f"more than one answer: {several[:20]}": several,
        f"notes in the history that are missing or doubled: {notes[:20]}": notes,
        f"messages whose response is not the newest answer: {wrong[:20]}": wrong,
        f"answers that Twilio does not expect: {phones.odd[:20]}": phones.odd,
    }
    figures["notes missing or doubled"] = len(notes)
    figures["wrong response"] = len(wrong)
    return figures, [sentence for sentence, bad in promises.items() if bad]


def _check_applied(harness, replies):
    """Messages whose history or response does not fit their replies."""
    noted = {
        (row["model"], row["res_id"]): row["notes"]
        for row in harness.sql.rows(
            "SELECT model, res_id, count(*) AS notes FROM mail_message WHERE model IN"
            " ('fsm.order', 'res.partner') AND body LIKE '%Reply by text from%'"
            " GROUP BY model, res_id"
        )
    }
    messages = {
        row["id"]: row
        for row in harness.sql.rows(
            "SELECT id, order_id, partner_id, response FROM fsm_confirmation"
        )
    }
    grouped = defaultdict(list)
    for reply in replies:
        if reply["confirmation_id"]:
            grouped[reply["confirmation_id"]].append(reply)
    notes, wrong = [], []
    for message_id, group in grouped.items():
        message = messages[message_id]
        for model, column in (("fsm.order", "order_id"), ("res.partner", "partner_id")):
            found = noted.get((model, message[column]), 0)
            if found != len(group):
                notes.append((message_id, model, found, len(group)))
        group.sort(key=lambda reply: (reply["received"], reply["id"]))
        # Doubt changes nothing that was clear before.
        clear = [RESPONSE[r["intent"]] for r in group if r["intent"] in RESPONSE]
        expected = clear[-1] if clear else "unrecognized"
        if message["response"] != expected:
            wrong.append((message_id, message["response"], expected))
    return notes, wrong
