# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/bench``: the addon's figures beside those of Odoo's own SMS.

``data`` has ``fill`` make the databases; ``measure`` times what ``reads`` and
``writes`` do in them; ``report`` makes a table of it. ``addon`` holds what is called of
the addon's private methods. See doc/performance.md.
"""

import json

from .. import cache
from ..arguments import BENCH_PARTS
from ..console import Problem, step
from ..postgres import Postgres
from . import report
from .data import FILL_SETTINGS, MEASURE_SETTINGS, Data, start_odoo
from .measure import Bench

# 100,000 customers with two Work Orders each; the copies are made by SQL.
FULL = {"customers": 200, "copies": 500}
QUICK = {"customers": 25, "copies": 20}


def run(options, odoo):
    """Make the databases, measure, print a table."""
    rows = _read_rows(options)
    parts = options.only.split(",")
    if unknown := set(parts) - set(BENCH_PARTS):
        raise Problem(f"No such part: {', '.join(unknown)}. There are {BENCH_PARTS}.")
    if options.quick:
        options.repeats, options.texts = 1, min(options.texts, 20)
    folder = cache.make(odoo.cache / "bench", "JOB_CONFIRMATION_CACHE")
    cache.check_space(folder, 800 + rows[0] // 40)
    busy = "A measurement is running already. Wait for it, or stop it."
    with cache.locked(folder / "bench.lock", busy=busy):
        postgres = Postgres(odoo, folder, FILL_SETTINGS)
        data = Data(odoo, postgres, QUICK if options.quick else FULL)
        start_odoo(data.database("postgres"))
        bench = Bench(data, rows, options)
        try:
            step("Starting PostgreSQL ...")
            postgres.start()
            data.prepare(rows, fresh=options.fresh)
            postgres.execute("CHECKPOINT")
            postgres.settings = MEASURE_SETTINGS
            postgres.restart()
            for part in BENCH_PARTS:
                if part in parts:
                    getattr(bench, f"measure_{part}")()
        finally:
            postgres.stop()
            # Also when a later part fails: what was measured took its time.
            if bench.figures:
                _show(bench, rows, options)
    return 0


def _read_rows(options):
    text = options.rows or ("2000,500" if options.quick else "1000000,10000")
    rows = sorted(int(word) for word in text.split(",") if word.isdigit())[::-1]
    if not rows or rows[-1] < 100:
        raise Problem("--rows takes numbers from 100 on, like 1000000,10000.")
    return rows


def _show(bench, rows, options):
    report.print_table(bench.figures, rows)
    known = report.machine()
    print(
        f"\n{known['processors']} processors, "
        f"{known['memory_mb'] // 1024} GB; load {known['load']:.1f} at the end."
        " Milliseconds, median (least-most).",
        flush=True,
    )
    if options.json:
        figures = [figure.as_dict() for figure in bench.figures]
        values = {"machine": known, "rows": rows, "counts": bench.counts}
        values |= {"settings": MEASURE_SETTINGS, "figures": figures}
        options.json.write_text(json.dumps(values, indent=1) + "\n")
    if options.plans:
        options.plans.write_text("\n\n".join(bench.plans) + "\n")
