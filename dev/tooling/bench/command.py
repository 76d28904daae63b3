# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/bench``: set-up, the databases, the measurements, the table."""

import argparse
import json
from pathlib import Path

from .. import cache as cache_folder
from .. import child, python
from ..console import Problem, clear_problems, step
from ..database import Databases
from ..postgres import Postgres
from . import report
from .data import FILL_SETTINGS, MEASURE_SETTINGS, Data
from .measure import PARTS, Bench

FULL = {"contacts": 100_000, "companies": 20_000, "orders": 200_000}
QUICK = {"contacts": 500, "companies": 100, "orders": 1_000}


def _arguments():
    parser = argparse.ArgumentParser(
        prog="dev/bench",
        description="Measure the addon beside Odoo's own SMS, on the same database in "
        "the same run. Ratios count, seconds depend on the machine.",
        epilog="The databases are made once (about ten minutes for a million "
        "messages) and kept in the cache folder.",
    )
    parser.add_argument(
        "--rows",
        help="numbers of messages, the largest first (1000000,10000; with --quick "
        "2000,500)",
    )
    parser.add_argument("--repeats", type=int, default=7, help="timed calls (7)")
    parser.add_argument(
        "--cold-repeats", type=int, default=3, help="calls after a restart (3)"
    )
    parser.add_argument(
        "--texts", type=int, default=1000, help="texts sent and prepared (1000)"
    )
    parser.add_argument(
        "--quick",
        action="store_true",
        help="few rows and repeats: shows that everything works, not how fast",
    )
    parser.add_argument(
        "--only",
        default=",".join(PARTS),
        help=f"parts, separated by commas: {', '.join(PARTS)}",
    )
    parser.add_argument("--match", help="only reads whose name holds this text")
    parser.add_argument("--json", metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--plans", metavar="FILE", help="write the plans of the reads' queries"
    )
    parser.add_argument("--fresh", action="store_true", help="make the databases anew")
    parser.add_argument(
        "--port", type=int, help="Odoo's port (any free one); the next one is used too"
    )
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19 source")
    return parser.parse_args()


def main():
    """Entry point of ``dev/bench``."""
    options = _arguments()
    child.stop_on_signals()
    with clear_problems():
        _run(options)


def _read_rows(options):
    text = options.rows or ("2000,500" if options.quick else "1000000,10000")
    try:
        rows = sorted({int(word) for word in text.split(",")}, reverse=True)
    except ValueError:
        rows = []
    if not rows or rows[-1] < 100:
        raise Problem("--rows takes numbers from 100 on, like 1000000,10000.")
    return rows


def _run(options):
    rows = _read_rows(options)
    parts = [word for word in options.only.split(",") if word]
    unknown = set(parts) - set(PARTS)
    if unknown:
        raise Problem(f"No such part: {', '.join(sorted(unknown))}. Choose of {PARTS}.")
    if options.quick:
        options.repeats = options.cold_repeats = 1
        options.texts = min(options.texts, 20)
    cache = cache_folder.folder()
    data_folder = cache / "bench"
    data_folder.mkdir(exist_ok=True)
    cache_folder.check_space(data_folder, 800 + rows[0] // 40)
    busy = "A measurement is running already. Wait for it, or stop it."
    with cache_folder.locked(data_folder / "bench.lock", busy=busy):
        odoo = python.prepare(cache, options.odoo)
        postgres = Postgres(odoo.site, data_folder, settings=FILL_SETTINGS)
        databases = Databases(odoo, postgres, cache, data_folder)
        data = Data(databases, QUICK if options.quick else FULL)
        bench = Bench(data, rows, options)
        try:
            _prepare(data, rows, options)
            postgres.settings = MEASURE_SETTINGS
            postgres.start()
            for part in PARTS:
                if part in parts:
                    getattr(bench, f"measure_{part}")()
        except KeyboardInterrupt:
            print("\nStopping ...", flush=True)
            raise
        finally:
            bench.stop()
            postgres.stop()
            # Also when a later part fails: what was measured took its time.
            if bench.figures:
                _show(bench, rows, options)


def _prepare(data, rows, options):
    postgres = data.postgres
    step("Starting PostgreSQL ...")
    postgres.start()
    if options.fresh:
        for name in postgres.databases():
            if name.startswith(data.key):
                postgres.drop(name)
    data.prepare(rows, keep_without=rows[0])
    postgres.execute("postgres", "CHECKPOINT", "writing everything down")
    postgres.stop()


def _show(bench, rows, options):
    small = f"ours, {rows[-1]:,}" if len(rows) > 1 else "-"
    names = (f"ours, {rows[0]:,}", "Odoo's own", small)
    report.print_table(bench.figures, names)
    about = {
        "machine": report.machine(),
        "rows": rows,
        "counts": bench.counts,
        "settings": MEASURE_SETTINGS,
        "repeats": options.repeats,
        "quick": options.quick,
    }
    known = about["machine"]
    print(
        f"\n{known['processor']}, {known['processors']} processors, "
        f"{known['memory_mb'] // 1024} GB; load {known['load'][0]:.1f} at the end."
        " Milliseconds, median (least-most)."
    )
    if options.json:
        values = {**about, "figures": [figure.as_dict() for figure in bench.figures]}
        Path(options.json).write_text(json.dumps(values, indent=1) + "\n")
        print(f"The figures are in {options.json}.")
    if options.plans:
        Path(options.plans).write_text("\n\n".join(bench.plans) + "\n")
        print(f"The plans are in {options.plans}.")
