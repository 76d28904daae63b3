# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Labelled replies in their conversations, and what a decision about one is worth.

One row of ``data/conversations.jsonl`` has the appointments, what was said before, the
customer's text, and what a thoughtful person at the office would do with it.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path

from core import reply
from core.reply.context import CLASSES, SITUATIONS, TABLE

START = datetime(2026, 11, 24, 9)
CONVERSATIONS = Path(__file__).parent / "data" / "conversations.jsonl"


def read_rows(path=CONVERSATIONS):
    """Return the rows of a file, as dicts."""
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def conversation_of(row):
    """Return the appointments and what was said before, as the core takes them."""
    states = {a["key"]: "open" for a in row["appointments"]}
    said = []
    for item in row["said"]:
        states.update(item.get("took") or {})
        if item["by"] == "us" and item["kind"] == "stale":
            states.update(dict.fromkeys(item.get("about", ()), "stale"))
        said.append(
            reply.Said(
                item["by"],
                item.get("kind", ""),
                item.get("text", ""),
                tuple(item.get("about", ())),
            )
        )
    appointments = tuple(
        reply.Appointment(
            id=a["key"],
            start=datetime.fromisoformat(a["start"]),
            end=datetime.fromisoformat(a["end"]),
            zone=a["zone"],
            lang=row["lang"],
            code=a["code"],
            job=a["job"],
            street=a["street"],
            city=a["city"],
            technician=a["technician"],
            company=a["company"],
            state=states[a["key"]],
        )
        for a in row["appointments"]
    )
    return appointments, tuple(said)


def read_row(row):
    """Return the decision about one row."""
    appointments, said = conversation_of(row)
    now = datetime.fromisoformat(row["now"])
    return reply.read(row["text"], said, appointments, now=now)


def read_alone(text, *, lexicon=None, codes=(), prompts=()):
    """Return the decision about a text of which little is known but the question.

    :param codes: those of the appointments that wait for an answer
    :param prompts: our texts
    """
    said = [reply.Said("us", "question", prompt, tuple(codes)) for prompt in prompts]
    appointments = [
        reply.Appointment(code, START, START + timedelta(hours=2), code=code)
        for code in codes
    ]
    return reply.read(text, said, appointments, lexicon=lexicon, now=START)


def intent_of(text, **known):
    """Return what the words of a text mean; who has a wrong number wants no texts."""
    intent = read_alone(text, **known).intent
    return "opt_out" if intent == "wrong_number" else intent


def outcome_of(decision):
    """Return (outcome, answers) as rows are labelled; a phone's text is a courtesy."""
    outcome = "courtesy" if decision.outcome == "automatic" else decision.outcome
    return outcome, dict(decision.answers)


def judge(row, decision):
    """Return the verdict about one row: "right" or what is wrong."""
    accepted = [(e["outcome"], e["answers"]) for e in [row["expect"], *row["also"]]]
    found, answers = outcome_of(decision)
    if (found, answers) in accepted:
        return "right"
    for response, verdict in (("confirmed", "wrong yes"), ("declined", "wrong no")):
        given = {key for key, value in answers.items() if value == response}
        allowed = {k for _o, a in accepted for k, v in a.items() if v == response}
        if given - allowed:
            return verdict
    outcomes = {outcome for outcome, _answers in accepted}
    if "opt_out" in outcomes:
        return "missed opt-out"
    if found == "opt_out":
        return "false opt-out"
    if "answered" in outcomes and found != "answered":
        return "needlessly unrecognized"
    if found == "courtesy":
        return "dropped"
    return "bothered" if outcomes == {"courtesy"} else "other"


def table_as_markdown():
    """Return the table of what words mean in which situation, for doc/replies.md."""
    rows = [["said last", *CLASSES]]
    rows += [[each, *(TABLE[each, words] for words in CLASSES)] for each in SITUATIONS]
    # As prettier writes it.
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    lines = [map(str.ljust, row, widths) for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
