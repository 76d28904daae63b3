# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The inbox under fire: each reply is stored once, applied once, answered once."""

import concurrent.futures
import random
import threading
import time
from collections import Counter, defaultdict

from .chaos_outbox import number_of, summary
from .console import step
from .simulator import OUR_NUMBER

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


def plan(harness, count, seed):
    """Who writes what: (sid, number, words) for each reply.

    Most customers who got one text answer once, some twice, and some strangers write.
    Who got one of staff as well would answer that.
    """
    dice = random.Random(seed)
    asked = [
        row["mobile"]
        for row in harness.sql.rows(
            "SELECT mobile FROM fsm_confirmation GROUP BY mobile HAVING count(*) = 1"
            " AND bool_and(is_open) AND min(state) IN ('sent', 'delivered')"
            " ORDER BY min(id)"
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


def strangers(count):
    """Replies of customers who were never asked."""
    return [
        (f"SMdead{index:028x}", number_of(NOBODY * 2 + index), "Yes")
        for index in range(count)
    ]


def secrets_of(replies):
    """Numbers and words that no log may hold."""
    words = {words for words, *_meaning in WORDS if " " in words}
    return sorted(words | {number for _sid, number, _words in replies})


class Phones:
    """Sends replies to the addon through the simulator, several times each."""

    def __init__(self, simulator, threads=24):
        self.simulator = simulator
        self.threads = threads
        self.replies = set()
        self.statuses = Counter()
        self.taken = defaultdict(int)  # sid -> webhooks answered 2xx
        self.texts = defaultdict(int)  # sid -> texts in the answers
        self.odd = []  # answers that no webhook may get
        self._lock = threading.Lock()

    def _deliver(self, reply, copies):
        sid, number, words = reply
        options = {"to": OUR_NUMBER, "sid": sid, "repeat": copies, "parallel": True}
        answer = self.simulator.inbound(number, words, **options)
        with self._lock:
            self.replies.add(reply)
            for delivery in answer["deliveries"]:
                status = delivery["status"]
                self.statuses[status or delivery["error"]] += 1
                self.taken[sid] += 200 <= (status or 0) < 300
                self.texts[sid] += len(delivery["replies"])
                # 503 without a database, 502 without a server: Twilio tries again.
                if status and status not in (200, 502, 503):
                    self.odd.append((sid, status))

    def start(self, jobs):
        """Begin to deliver ``(reply, copies)`` jobs; returns what can be waited for."""
        pool = concurrent.futures.ThreadPoolExecutor(self.threads)
        futures = [pool.submit(self._deliver, *job) for job in jobs]
        pool.shutdown(wait=False)
        return futures

    def deliver(self, replies):
        """Deliver each once."""
        for future in self.start([(reply, 1) for reply in replies]):
            future.result()

    def write(self, replies, harness, monkey):
        """Deliver each five times, three of them at once, while things break.

        :return: the replies that Twilio gave up after its own retries
        """
        jobs = [(reply, AT_ONCE) for reply in replies]
        jobs += [(reply, 1) for reply in replies for _copy in range(COPIES - AT_ONCE)]
        monkey.dice.shuffle(jobs)
        futures = self.start(jobs)
        said, taken = time.monotonic(), -1
        try:
            while not all(future.done() for future in futures):
                # Else, on a slow machine, every request would meet a killed worker.
                if (now := sum(self.taken.values())) > taken:
                    taken = now
                    monkey.turn()
                time.sleep(0.2)
                if time.monotonic() > said + 15:
                    done = sum(future.done() for future in futures)
                    step(f"  {done} of {len(jobs)} deliveries")
                    said = time.monotonic()
        finally:
            # After Ctrl-C nothing more is delivered.
            for future in futures:
                future.cancel()
        for future in futures:
            future.result()
        harness.start_servers()
        return [reply for reply in replies if not self.taken[reply[0]]]


def _run_cron(harness, cron, count, wanted, seconds=120):
    """Have a job run until a query returns ``wanted``; returns what it returns."""
    end = time.monotonic() + seconds
    while (found := harness.sql.value(count)) != wanted and time.monotonic() < end:
        harness.wake_cron(cron)
        time.sleep(1)
    return found


def finish(harness):
    """Have the jobs finish what was left; returns how many replies are pending."""
    pending = (
        "SELECT count(*) FROM fsm_confirmation_reply WHERE state = 'pending'"
        " OR auto_reply_state IN ('outgoing', 'sending')"
    )
    left = _run_cron(harness, "ir_cron_process_replies", pending, 0)
    harness.simulator.wait(30)
    return left


def fetch_missed(harness, replies):
    """Have the addon fetch replies that it never heard of; returns how many it has."""
    listed = ", ".join(f"'{sid}'" for sid, *_words in replies) or "''"
    here = (
        "SELECT count(DISTINCT twilio_sid) FROM fsm_confirmation_reply"
        f" WHERE twilio_sid IN ({listed})"
    )
    return _run_cron(harness, "ir_cron_fetch_missed_replies", here, len(replies))


def check(harness, phones):
    """Compare what customers wrote with what the addon made of it.

    :return: (figures: name -> number, broken promises: list of sentences)
    """
    rows = harness.sql.rows(
        "SELECT id, twilio_sid, state, intent, mobile, body, confirmation_id, error,"
        " coalesce(auto_reply_body, '') AS answer, auto_reply_state,"
        " extract(epoch FROM received_date) AS received FROM fsm_confirmation_reply"
    )
    wanted = {sid: (number, words) for sid, number, words in phones.replies}
    intents = {words: intent for words, intent, _response in WORDS}
    by_sid = defaultdict(list)
    for row in rows:
        by_sid[row["twilio_sid"]].append(row)
    ours = [row for sid in wanted for row in by_sid[sid]]
    done = [row for row in ours if row["state"] != "pending"]
    # An answer found late, when no webhook waits any more, is a text of its own.
    late = Counter(
        # A trial account puts words of its own before them.
        (message["to"], message["body"].rpartition("trial account - ")[2])
        for message in harness.simulator.sent()
        if not message["status_callback"]
    )
    meant = Counter(
        (row["mobile"], row["answer"]) for row in ours if row["auto_reply_state"]
    )
    answers = {
        row["twilio_sid"]: phones.texts[row["twilio_sid"]]
        + (row["auto_reply_state"] == "sent")
        for row in ours
    }
    several = [sid for sid, number in answers.items() if number > 1]
    notes, wrong = _check_applied(harness, ours)
    figures = {
        "replies stored": len(ours),
        "matched": sum(row["state"] == "matched" for row in ours),
        "answered late, by a text of its own": late.total(),
        "answers that never reached Twilio": sum(
            bool(row["answer"]) and not answers[row["twilio_sid"]] for row in ours
        ),
    }
    wrote = Counter(row["mobile"] for row in ours)
    broken = {
        "lost": [sid for sid in wanted if not by_sid[sid]],
        "stored twice": [sid for sid in wanted if len(by_sid[sid]) > 1],
        "sent by nobody": [sid for sid in by_sid if sid not in wanted],
        "still waiting": [row["id"] for row in ours if row["state"] == "pending"],
        "other words or another number than sent": [
            row["id"]
            for row in ours
            if (row["mobile"], row["body"]) != wanted[row["twilio_sid"]]
        ],
        "understood differently": [
            (row["body"], row["intent"])
            for row in done
            # A second text of one number is read in its conversation: thanks, maybe.
            if row["intent"] != intents[row["body"]] and wrote[row["mobile"]] == 1
        ],
        "answered more than once": several
        + [key for key, number in late.items() if number > meant[key]],
        "notes in the history missing or doubled": notes,
        "messages whose response is not the newest answer": wrong,
        "answers that Twilio does not expect": phones.odd,
    }
    return summary(figures, broken)


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
