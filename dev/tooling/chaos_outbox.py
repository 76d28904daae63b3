# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The outbox under fire: each text leaves exactly once, or fails where staff see it."""

import time
from collections import Counter

from .console import Problem

FIRST_NUMBER = 2000000
# What the simulator does to calls that create a text, and how often.
SEND_FAULTS = [
    {"kind": "429", "rate": 0.04},
    {"kind": "500", "rate": 0.02},
    {"kind": "500", "rate": 0.02, "accepted": True},
    {"kind": "503", "rate": 0.01, "body": "html"},
    {"kind": "html", "rate": 0.01},
    {"kind": "html", "rate": 0.01, "accepted": True},
    {"kind": "half", "rate": 0.02},
    {"kind": "reset", "rate": 0.01},
    {"kind": "reset", "rate": 0.02, "accepted": True},
    {"kind": "accept_no_answer", "rate": 0.02, "max_seconds": 3},
    {"kind": "timeout", "rate": 0.01, "max_seconds": 3},
    {"kind": "accept_no_answer", "count": 3},
    {"kind": "timeout", "count": 3},
    {"kind": "slow", "rate": 0.05, "delay": 1.5},
]
LIST_FAULTS = [
    {"kind": "500", "rate": 0.1},
    {"kind": "html", "rate": 0.05},
    {"kind": "half", "rate": 0.05},
]
# Callbacks twice, in any order, and a fifth of them never.
CALLBACKS = {
    "callback_order": "shuffled",
    "callback_repeat": 2,
    "callback_missing": 0.2,
    "callback_delay": 0.2,
}
CALM = {
    "callback_order": "normal",
    "callback_repeat": 1,
    "callback_missing": 0,
    "callback_delay": 0,
}
# How the customers' phones are: every so many of them is of that kind.
KINDS = {37: "landline", 41: "invalid", 53: "unreachable", 59: "not_mobile"}
WAITING = "state IN ('outgoing', 'sending')"
# Steps of a text that must never be seen, whatever comes in which order.
BACKWARDS = """
CREATE TABLE harness_steps (id serial, message int, before text, after text, why text);
CREATE FUNCTION harness_note() RETURNS trigger AS $$ BEGIN
  INSERT INTO harness_steps (message, before, after, why)
  VALUES (NEW.id, OLD.state, NEW.state, OLD.failure_type); RETURN NULL;
END $$ LANGUAGE plpgsql;
CREATE TRIGGER harness_note AFTER UPDATE OF state ON fsm_confirmation
  FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION harness_note();
"""
ALLOWED = {
    "outgoing": {"sending", "canceled", "failed"},
    "sending": {"sent", "delivered", "failed", "outgoing", "canceled"},
    "sent": {"delivered", "failed"},
}


def number_of(index):
    """The phone number of customer ``index``."""
    return f"+1212{FIRST_NUMBER + index}"


def customers(count):
    """The simulator's customers that are not just a phone that works."""
    return [
        {"number": number_of(index), "kind": kind}
        for index in range(count)
        for every, kind in KINDS.items()
        if index % every == every - 1
    ]


class Compressor:
    """Makes the addon's pauses pass quickly: it sets dates back in the database.

    A pause before the next attempt is over at once. For a text whose call never came
    back, time runs as if every 5 s were 4 minutes, beginning 85 s after the claim,
    when the longest call is certainly over, until 20 minutes are over: Twilio's list is
    complete then. The hour for which the addon goes on asking is not made shorter.
    """

    CALL_OVER = 85  # seconds: begun within 60, and at most 20 long
    LONGEST = 20  # minutes
    STEP = 5  # seconds between two steps of 4 minutes

    def __init__(self, sql):
        self.sql = sql
        self._next = 0

    def calls_are_over(self):
        """Every process was killed, so no call runs: nobody needs to wait for one."""
        self.sql.run(
            "UPDATE fsm_confirmation SET claimed_date = claimed_date - interval"
            " '20 minutes' WHERE state = 'sending' AND twilio_sid IS NULL"
        )

    def turn(self):
        """Set dates back, if it is time to."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + self.STEP
        now = "now() AT TIME ZONE 'UTC'"
        lock = "ORDER BY id FOR UPDATE SKIP LOCKED"
        self.sql.run(
            f"UPDATE fsm_confirmation SET next_attempt_date = {now} WHERE id IN (SELECT"
            " id FROM fsm_confirmation WHERE state IN ('outgoing', 'sending') AND"
            f" next_attempt_date > {now} {lock})"
        )
        self.sql.run(
            "UPDATE fsm_confirmation SET claimed_date = claimed_date - interval"
            " '4 minutes' WHERE id IN (SELECT id FROM fsm_confirmation WHERE state ="
            f" 'sending' AND twilio_sid IS NULL AND claimed_date < {now} - interval"
            f" '{self.CALL_OVER} seconds' AND claimed_date > {now} - interval"
            f" '{self.LONGEST} minutes' {lock})"
        )


def prepare(simulator):
    """Have the simulator misbehave."""
    faults = [
        {**fault, "match": {"operation": "^CreateMessage$"}} for fault in SEND_FAULTS
    ]
    faults += [
        {**fault, "match": {"operation": "^ListMessage$"}} for fault in LIST_FAULTS
    ]
    for fault in faults:
        simulator.add_fault(fault.pop("kind"), **fault)
    simulator.configure(delay=0.3, latency=0.15, **CALLBACKS)


def count_waiting(harness):
    """How many texts have not come to an end."""
    return harness.sql.value(f"SELECT count(*) FROM fsm_confirmation WHERE {WAITING}")


def under_fire(harness, monkey, compressor, seconds, say):
    """Let the queue run while things break, until it is empty or the time is over."""
    end = time.monotonic() + seconds
    say_at = 0
    while time.monotonic() < end:
        try:
            waiting = count_waiting(harness)
            if not waiting:
                break
            if time.monotonic() > say_at:
                broken = sum(monkey.done.values())
                say(f"  {waiting} texts wait, {broken} things were broken")
                say_at = time.monotonic() + 15
            harness.wake_cron("ir_cron_send_confirmations")
            compressor.turn()
        except Problem:
            pass  # The database is being restarted.
        monkey.turn()
        time.sleep(0.2)
    harness.start_servers()


def until_empty(harness, compressor, seconds, say):
    """Let the queue run in peace until it is empty; returns how many still wait."""
    end = time.monotonic() + seconds
    say_at = 0
    while (waiting := count_waiting(harness)) and time.monotonic() < end:
        if time.monotonic() > say_at:
            say(f"  {waiting} texts wait")
            say_at = time.monotonic() + 15
        harness.wake_cron("ir_cron_send_confirmations")
        compressor.turn()
        time.sleep(1)
    return waiting


def check(harness, simulator, count):
    """Compare what the addon believes with what the simulator has.

    :return: (figures: name -> number, broken promises: list of sentences)
    """
    texts = {}
    for message in simulator.sent():
        uuid = (message["status_callback"] or "").rpartition("/")[2]
        texts.setdefault(uuid, []).append(message)
    rows = harness.sql.rows(
        "SELECT id, uuid, state, failure_type, twilio_sid, attempt_count, mobile"
        " FROM fsm_confirmation"
    )
    figures = Counter(recorded=len(rows))
    broken = []
    doubled, lost, stuck, wrong_sid = [], [], [], []
    left_though_failed, unclear, not_reported = [], [], []
    for row in rows:
        there = texts.pop(row["uuid"], [])
        state, reason = row["state"], row["failure_type"]
        figures[state] += 1
        figures["tried more than once"] += (row["attempt_count"] or 0) > 1
        if len(there) > 1:
            doubled.append(row["id"])
        if state in ("sent", "delivered") and not there:
            lost.append(row["id"])
        if state in ("outgoing", "sending"):
            stuck.append(row["id"])
        if state == "canceled" and there:
            left_though_failed.append(row["id"])
        if there and row["twilio_sid"] not in [text["sid"] for text in there]:
            wrong_sid.append(row["id"])
        if state == "failed":
            undelivered = [t for t in there if t["status"] in ("failed", "undelivered")]
            if there and not undelivered:
                left_though_failed.append(row["id"])
            if reason == "unknown":
                unclear.append(row["id"])
        if state == "sent" and there and there[0]["status"] != "sent":
            not_reported.append(row["id"])
    steps = harness.sql.rows(
        "SELECT DISTINCT message, before, after, why FROM harness_steps"
    )
    backwards = [
        step
        for step in steps
        if step["after"] not in ALLOWED.get(step["before"], ())
        and not (step["before"] == "failed" and step["why"] == "unknown")
    ]
    figures.update(
        {
            "texts at the simulator": len(simulator.sent()),
            "doubled": len(doubled),
            "lost": len(lost),
            "stuck": len(stuck),
            "failed although the text left": len(left_though_failed),
            "left to a person (not known)": len(unclear),
            "last report missing": len(not_reported),
            "backwards": len(backwards),
        }
    )
    promises = {
        f"{len(rows)} messages instead of {count}": len(rows) != count,
        f"sent twice or more: {doubled}": doubled,
        f"said to be sent, but the simulator has none: {lost}": lost,
        f"still waiting: {stuck}": stuck,
        f"failed or canceled, but the text left: {left_though_failed}": (
            left_though_failed
        ),
        f"another text's SID, or none: {wrong_sid}": wrong_sid,
        f"texts that belong to no message: {len(texts)}": texts,
        f"states that went backwards: {backwards[:10]}": backwards,
    }
    broken += [sentence for sentence, is_broken in promises.items() if is_broken]
    return figures, broken
