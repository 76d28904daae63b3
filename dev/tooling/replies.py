# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/replies``: judge how replies are read in their conversations."""

import statistics
import sys
import time
from collections import Counter, defaultdict
from datetime import datetime

from .cache import REPOSITORY, UNIT

sys.path[:0] = [str(REPOSITORY), str(UNIT)]

import conversations  # noqa: E402

GRAVE = ("wrong yes", "wrong no", "missed opt-out", "false opt-out")


def run(options, _odoo):
    """Print the counts per set and kind, and every grave error."""
    if options.table:
        print(conversations.table_as_markdown())
        return 0
    rows = conversations.read_rows(options.file or conversations.CONVERSATIONS)
    if options.time:
        _print_times(rows)
    else:
        _judge_all(rows, options)
    return 0


def _describe(row, verdict, decision):
    before = [
        f"{item.get('kind') or 'customer'}: {item.get('text', '')[:60]!r}"
        for item in row["said"]
        if item.get("kind") != "question"
    ]
    starts = ", ".join(a["start"][5:] for a in row["appointments"])
    wanted, read = row["expect"], decision
    return (
        f"{verdict}: {row['id']} {row['kind']} {row['lang']} [{starts}] "
        f"{' | '.join(before)}\n    {row['text']!r}\n"
        f"    is {wanted['outcome']} {wanted['answers']} {wanted.get('proposed') or ''}"
        f", read as {read.outcome} {dict(read.answers)} {read.proposed or ''}"
        f" ({read.reason}: {read.detail!r})"
    )


def _judge_all(rows, options):
    """Read all rows and print what came of them."""
    kinds, sets, kept = (defaultdict(Counter) for _number in range(3))
    for row in rows:
        decision = conversations.read_row(row)
        verdict, wanted = conversations.judge(row, decision), row["expect"]
        kinds[row["set"], row["kind"]][verdict] += 1
        sets[row["set"]].update([verdict, f"is {wanted['outcome']}"])
        words = wanted["note"].lower().split() if verdict == "right" else []
        if words:
            found = sum(word in decision.note.lower() for word in words)
            kept["notes"][found * 2 >= len(words)] += 1
        if proposed := wanted.get("proposed"):
            kept["proposals"][str(decision.proposed) == proposed] += 1
        if verdict in GRAVE or (options.all and verdict != "right"):
            if not options.quiet:
                print(_describe(row, verdict, decision))
    for (name, kind), found in sorted(kinds.items()):
        wrong = ", ".join(f"{n} {v}" for v, n in sorted(found.items()) if v != "right")
        print(f"{name:13}{kind:24}{found['right']:4}/{found.total():<4}{wrong}")
    for name, found in sets.items():
        # Each row counts twice: as what it is, and as how it was read.
        total, clear = found.total() // 2, found["is answered"]
        unclear = found["needlessly unrecognized"]
        grave = ", ".join(f"{verdict} {found[verdict]}" for verdict in GRAVE)
        print(
            f"{name}: {found['right']}/{total} right ({found['right'] / total:.1%}); "
            f"clear ones needlessly unrecognized {unclear}/{clear} "
            f"({unclear / max(clear, 1):.1%}); {grave}"
        )
    for name, found in kept.items():
        print(f"{name} kept {found[True]}/{found.total()}")


def _print_times(rows):
    """Print how much CPU the reading of a text takes, the first of each row."""
    conversations.read_row(rows[0])  # reads the words, once per process
    taken = []
    for row in rows:
        appointments, said = conversations.conversation_of(row)
        now = datetime.fromisoformat(row["now"])
        start = time.process_time()
        conversations.reply.read(row["text"], said, appointments, now=now)
        taken.append((time.process_time() - start) * 1000)
    middle, most = statistics.median(taken), statistics.quantiles(taken, n=10)[-1]
    print(f"{len(taken)} texts: median {middle:.2f} ms, nine of ten in {most:.2f} ms")
