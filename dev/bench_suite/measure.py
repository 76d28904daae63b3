# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The parts of the measurement; each adds figures. Ours and theirs take turns."""

import random

from workbench.say import step

from .process import Inside
from .report import Figure

PARTS = ("reads", "cold", "forms", "write", "prepare", "send", "webhooks", "memory")


class Bench:
    """One run: the processes it uses and the figures it has made."""

    def __init__(self, data, rows, options):
        """:param data: ``data.Data``; :param rows: numbers of messages, largest first
        :param options: of the command line
        """
        self.data = data
        self.rows = rows
        self.options = options
        self.figures = []
        self.plans = []
        self.counts = {}
        self._inside = {}

    def inside(self, database, **options):
        """The Odoo process on a database, started when first asked for."""
        if database not in self._inside:
            self._inside[database] = Inside(self.data.databases, database, **options)
        return self._inside[database]

    def stop(self, database=None):
        """End one process, or all of them."""
        for name in [database] if database else list(self._inside):
            if name in self._inside:
                self._inside.pop(name).stop()

    @property
    def large(self):
        """The database with most messages."""
        return self.data.with_addon(self.rows[0])

    @property
    def small(self):
        """The one with fewest, or None when there is one size only."""
        return self.data.with_addon(self.rows[-1]) if len(self.rows) > 1 else None

    # ------------------------------------------------------------------
    # Reads
    # ------------------------------------------------------------------

    def _read_cases(self):
        names = None
        for database in filter(None, (self.large, self.small)):
            found = self.inside(database).call("read_cases")
            names = found if names is None else [n for n in names if n in found]
        match = self.options.match
        return [name for name in names if not match or match in name]

    def _sides(self):
        """Who reads: (attribute of Figure, database, side)."""
        sides = [("ours", self.large, 0), ("theirs", self.large, 1)]
        if self.small:
            sides.append(("small", self.small, 0))
        return sides

    def measure_reads(self):
        """Message Center against the list of Odoo's own SMS, warm."""
        step("Reading, warm ...")
        names = self._read_cases()
        self.counts = self.inside(self.large).call("row_counts")
        figures = {
            name: Figure("Message Center, warm", name, target=20) for name in names
        }
        for repeat in range(self.options.repeats + 1):
            for name, figure in figures.items():
                for attribute, database, side in self._sides():
                    found = self.inside(database).call(
                        "time_read", name=name, side=side
                    )
                    if not repeat:
                        continue  # the first one warms up
                    getattr(figure, attribute).append(found["seconds"] * 1000)
                    if attribute == "ours":
                        figure.queries = found["queries"]
        self.figures += figures.values()
        if self.options.plans:
            for name in names:
                plans = self.inside(self.large).call("plan", name=name)
                self.plans += [f"==== {name}", *plans]

    def measure_cold(self):
        """The same after a restart of PostgreSQL, with Odoo's caches empty."""
        step("Reading, cold (a restart of PostgreSQL before each) ...")
        names = self._read_cases()
        figures = {name: Figure("Message Center, cold", name) for name in names}
        jobs = [(name, side) for name in names for side in self._sides()]
        for _repeat in range(self.options.cold_repeats):
            random.shuffle(jobs)
            for name, (attribute, database, side) in jobs:
                self._restart()
                found = self.inside(database).call(
                    "time_read", name=name, side=side, cold=True
                )
                getattr(figures[name], attribute).append(found["seconds"] * 1000)
        self.figures += figures.values()

    def _restart(self):
        for inside in self._inside.values():
            inside.call("forget")
        self.data.postgres.stop()
        self.data.postgres.start()

    # ------------------------------------------------------------------
    # Forms
    # ------------------------------------------------------------------

    def measure_forms(self):
        """Opening a Work Order and a contact, with and without the addon."""
        step("Opening Work Orders and contacts, with and without the addon ...")
        without = self.data.without_addon(self.rows[0])
        ids = self.inside(self.large).call("form_samples")
        for model, label in (
            ("fsm.order", "opening a Work Order"),
            ("res.partner", "opening a contact"),
        ):
            figure = Figure("With the addon / without it", label)
            for repeat in range(self.options.repeats + 1):
                for values, database in (
                    (figure.ours, self.large),
                    (figure.theirs, without),
                ):
                    found = self.inside(database).call(
                        "time_form", model=model, ids=ids[model]
                    )
                    if repeat:
                        values.append(found["seconds"] * 1000 / len(ids[model]))
                    if database == self.large:
                        figure.queries = found["queries"] // len(ids[model])
            self.figures.append(figure)
        self.stop(without)
