# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The outbox under fire: each text leaves exactly once, or fails where staff see it."""

import contextlib
import time
from collections import Counter, defaultdict

from .console import Problem, step
from .simulator import ACCOUNT, TOKEN

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
BUSY = 43  # every so many: undelivered for a reason that passes (30001), each time
# Every third text goes to one number, as to a property manager.
MANAGER = 3
# Every so many of those get a text of staff as well, all in the same words.
WRITTEN = 6
# Every so many have the work where it is night: nobody presses Send there just now.
NIGHT = 10
# Every so many are sent by two people at once, to two contacts; others by a plan.
TWO_PEOPLE = 7
BY_PLAN = 4
# Every so many whom a plan asks have a second appointment on that day.
SAME_DAY = 3
# What a dispatcher sent in the night has to wait; all that staff write is by day.
BY_NIGHT = "(kind = 'question' AND at_once_until IS NULL AND step_id IS NULL)"
WAITS = f"state IN ('outgoing', 'sending') AND NOT {BY_NIGHT}"
WAITING = f"""
SELECT (SELECT count(*) FROM fsm_confirmation WHERE {WAITS})
     + (SELECT count(*) FROM fsm_order o WHERE NOT EXISTS
           (SELECT FROM fsm_confirmation m WHERE m.order_id = o.id))
"""
# Twilio as it is on a bad day: its clock, its list, a trial account.
ODD = {
    "clock_skew": -150,
    "list_lag": 10,
    "page_limit": 10,
    "trim_body": True,
    "steps": ["sending", "sent"],
}
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
TWICE = "sent twice or more"
# What must not be, as a function of a message's state, its SID and its texts.
PROMISES = {
    TWICE: lambda _state, _sid, texts: len(_arrived(texts)) > 1,
    "sent, though Twilio knows the end": (
        lambda state, _sid, texts: (
            state == "sent" and texts and texts[-1]["status"] != "sent"
        )
    ),
    "said to be sent, but the simulator has none": (
        lambda state, _sid, texts: state in ("sent", "delivered") and not texts
    ),
    "still waiting": lambda state, _sid, _texts: state in ("outgoing", "sending"),
    "canceled, but the text left": (
        lambda state, _sid, texts: state == "canceled" and texts
    ),
    "failed, but the text left": (
        lambda state, _sid, texts: (
            state == "failed"
            and texts
            and not any(text["status"] in ("failed", "undelivered") for text in texts)
        )
    ),
    "another text's SID, or none": (
        lambda _state, sid, texts: texts and sid not in [text["sid"] for text in texts]
    ),
}
ALLOWED = {
    "outgoing": {"sending", "canceled", "failed"},
    "sending": {"sent", "delivered", "failed", "outgoing", "canceled"},
    "sent": {"delivered", "failed", "outgoing"},  # a failure that passes
}


def _arrived(texts):
    return [text for text in texts if text["status"] not in ("failed", "undelivered")]


def number_of(index):
    """The phone number of customer ``index``."""
    return f"+1212{FIRST_NUMBER + index}"


def customers(count):
    """The simulator's customers that are not just a phone that works."""
    busy = {"kind": "mobile", "status": "undelivered", "error_code": 30001}
    return [
        {"number": number_of(index), **fate}
        for index in range(1, count)
        for every, fate in (*((n, {"kind": k}) for n, k in KINDS.items()), (BUSY, busy))
        if index % every == every - 1
    ]


def recipients(count):
    """What is recorded: number, hour there, how many press Send, staff write."""
    found, planned = [], []
    odd = {customer["number"] for customer in customers(count)}
    for index in range(count):
        number, hour, people = number_of(index), 12, 1
        if index % MANAGER == 0:
            number = number_of(0)
        elif index % BY_PLAN == 1:
            people = 0
        if index % NIGHT == NIGHT - 1:
            hour, people = 2, 1
        if index % TWO_PEOPLE == TWO_PEOPLE - 1:
            people = 2
        if not people and number not in odd:
            planned.append(number)
            if len(planned) % SAME_DAY == 0:
                number = planned[-2]
        found.append((number, hour, people, index % WRITTEN == 0))
    return found


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

    def checks_are_due(self):
        """So much time passes that Twilio is asked about what it did not report."""
        self.sql.run(
            "UPDATE fsm_confirmation SET claimed_date = claimed_date - interval"
            " '15 minutes' WHERE state IN ('sending', 'sent')"
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


def prepare(harness, count):
    """Have texts recorded, their steps watched, and the simulator misbehave."""
    faults = [
        *(
            {**fault, "match": {"operation": "^CreateMessage$"}}
            for fault in SEND_FAULTS
        ),
        *({**fault, "match": {"operation": "^ListMessage$"}} for fault in LIST_FAULTS),
    ]
    for fault in faults:
        harness.simulator.add_fault(**fault)
    trial = {"sid": ACCOUNT, "auth_token": TOKEN, "type": "Trial", "verified": ["*"]}
    harness.simulator.configure(
        accounts=[trial],
        customers=customers(count),
        delay=0.3,
        latency=0.15,
        **CALLBACKS,
        **ODD,
    )
    harness.make_records(recipients(count))
    harness.sql.run(BACKWARDS)


def calm(simulator):
    """Have the simulator behave again."""
    simulator.clear_faults()
    simulator.configure(delay=0, latency=0, **CALM)


def drain(harness, compressor, seconds, monkey=None):
    """Let the queue run until it is empty or the time is over.

    :param monkey: breaks things meanwhile; without it, in peace
    :return: how many texts still wait
    """
    end = time.monotonic() + seconds
    say_at = time.monotonic() + 5
    waiting = 1
    while waiting and time.monotonic() < end:
        # While the database is being restarted, there is nothing to do here.
        with contextlib.suppress(Problem):
            waiting = harness.sql.value(WAITING)
            harness.wake_cron("ir_cron_plan")
            harness.wake_cron("ir_cron_send_confirmations")
            compressor.turn()
        if monkey:
            monkey.turn()
        if time.monotonic() > say_at:
            broken = sum(monkey.done.values()) if monkey else 0
            step(f"  {waiting} texts wait, {broken} things were broken")
            say_at = time.monotonic() + 15
        time.sleep(0.2 if monkey else 1)
    if monkey:
        harness.kill_senders()
        harness.start_servers()
    return waiting


def ask_about_the_rest(harness, compressor):
    """Have the addon ask about what Twilio has and did not report the end of."""
    compressor.checks_are_due()
    for _turn in range(60):
        harness.wake_cron("ir_cron_send_confirmations")
        compressor.turn()
        time.sleep(1)
        harness.simulator.wait(60)
        # Nothing is under way at Twilio now: what it knows, the addon should know.
        ended = [m["sid"] for m in harness.simulator.sent() if m["status"] != "sent"]
        listed = ", ".join(f"'{sid}'" for sid in ended) or "''"
        if not harness.sql.value(
            f"SELECT count(*) FROM fsm_confirmation WHERE {WAITS}"
            f" OR state = 'sent' AND twilio_sid IN ({listed})"
        ):
            return


def check(harness, count):
    """Compare what the addon believes with what the simulator has.

    :return: (figures: name -> number, broken promises: list of sentences)
    """
    sent = harness.simulator.sent()
    texts = defaultdict(list)
    for message in sent:
        address = (message["status_callback"] or "").partition("#")[0]
        texts[address.rpartition("/")[2]].append(message)
    rows = harness.sql.rows(
        "SELECT id, state, failure_type, twilio_sid, attempt_count, mobile, body,"
        " order_id, step_id, (SELECT uuid FROM fsm_confirmation text WHERE text.id ="
        " COALESCE(m.carrier_id, m.id)) AS uuid, carrier_id IS NOT NULL AS carried,"
        f" {BY_NIGHT} AS night FROM fsm_confirmation m"
    )
    figures = Counter({"recorded": len(rows), "texts at the simulator": len(sent)})
    broken = {name: [] for name in (*PROMISES, "left in the night")}
    # Of texts in the same words to one number, any may be taken for any other.
    spare = Counter((row["mobile"], row["body"]) for row in rows)
    for row in rows:
        spare[row["mobile"], row["body"]] -= len(_arrived(texts.get(row["uuid"], [])))
    for row in rows:
        there = texts.get(row["uuid"], [])
        figures[row["state"]] += 1
        figures["by the plan"] += bool(row["step_id"])
        figures["in another's text"] += row["carried"]
        if row["night"]:
            # It waits for the morning, whatever becomes of its pauses.
            broken["left in the night"] += [row["id"]] if there else []
            continue
        figures["tried more than once"] += (row["attempt_count"] or 0) > 1
        figures["left to a person"] += row["failure_type"] == "unknown"
        late = row["state"] == "sent" and there and there[0]["status"] != "sent"
        figures["last report missing"] += bool(late)
        for name, is_broken in PROMISES.items():
            if is_broken(row["state"], row["twilio_sid"], there):
                if name != TWICE or spare[row["mobile"], row["body"]] < 0:
                    broken[name].append(row["id"])
    broken["states that went backwards"] = [
        step
        for step in harness.sql.rows("SELECT DISTINCT * FROM harness_steps")
        if step["after"] not in ALLOWED.get(step["before"], ())
        and not (step["before"] == "failed" and step["why"] == "unknown")
    ]
    broken["texts that belong to no message"] = [
        *texts.keys() - {row["uuid"] for row in rows}
    ]
    steps = Counter((row["order_id"], row["step_id"]) for row in rows if row["step_id"])
    broken["asked twice for one step"] = [key for key, n in steps.items() if n > 1]
    figures["steps of the plan"] = len({step for _order, step in steps})
    # One for each Work Order: none was asked about twice, none left out.
    planned = sum(not people for _number, _hour, people, _writes in recipients(count))
    count += len(range(0, count, WRITTEN))
    broken[f"texts instead of {count}"] = [len(rows)] if len(rows) != count else []
    wrong = figures["by the plan"] != planned
    broken[f"texts by the plan instead of {planned}"] = (
        [figures["by the plan"]] if wrong else []
    )
    return summary(figures, broken)


def summary(figures, broken):
    """Figures with the numbers of what breaks each promise, and sentences of these."""
    figures.update({name: len(found) for name, found in broken.items()})
    return figures, [f"{name}: {found[:20]}" for name, found in broken.items() if found]
