# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Medians, spreads, ratios; one table of them."""

import dataclasses
import os
import statistics
from dataclasses import dataclass, field
from itertools import groupby

import psutil


@dataclass
class Figure:
    """One measured thing: repeats of ours, of theirs, and of ours when small."""

    group: str
    name: str
    unit: str = "ms"  # or "/s"
    ours: list = field(default_factory=list)
    theirs: list = field(default_factory=list)
    small: list = field(default_factory=list)  # ours with few messages
    queries: float | None = None
    note: str = ""
    each: int = 1  # so many were done in one go

    def add(self, side, spent, queries, *, keep=True):
        """Note one timed call.

        :param side: ours, theirs, small
        :param keep: False for one that warmed up
        """
        if keep:
            getattr(self, side).append(spent / self.each)
        if side == "ours":
            self.queries = round(queries / self.each, 1)

    @property
    def ratio(self):
        """How many times better ours is than theirs; None without theirs."""
        return self._divide(*("ours", "theirs")[:: 1 if self.unit == "/s" else -1])

    @property
    def growth(self):
        """How many times slower ours is than with few messages."""
        return self._divide("ours", "small")

    def _divide(self, *names):
        """The median of one side by that of another."""
        if not all(getattr(self, name) for name in names):
            return None
        above, below = (statistics.median(getattr(self, name)) for name in names)
        return above / below if below else None

    def as_dict(self):
        """For the JSON file."""
        ratios = {"ratio": self.ratio, "growth": self.growth}
        return dataclasses.asdict(self) | ratios

    def cells(self):
        """A row of the table."""
        ratios = (f"{one:.1f}" if one else "-" for one in (self.ratio, self.growth))
        ratio, growth = ratios
        name = self.name + ("" if self.unit == "ms" else f" [{self.unit}]")
        sides = [_spread(values) for values in (self.ours, self.theirs, self.small)]
        queries = "-" if self.queries is None else f"{self.queries:g}"
        return [name, *sides[:2], ratio, sides[2], growth, queries]


def _spread(values):
    if not values:
        return "-"
    middle = statistics.median(values)
    places = 1 if middle < 100 else 0
    text = f"{middle:.{places}f}"
    if len(values) > 1:
        text += f" ({min(values):.{places}f}-{max(values):.{places}f})"
    return text


def print_table(figures, rows):
    """Print all figures.

    :param rows: numbers of messages, the largest first
    """
    head = [f"ours, {rows[0]:,}", "Odoo's own", "ratio"]
    head += [f"ours, {rows[-1]:,}", "growth", "queries"]
    for group, found in groupby(figures, lambda figure: figure.group):
        print(f"\n{group}\n{'':50}" + "".join(f"{word:>20}" for word in head))
        for figure in found:
            name, *cells = figure.cells()
            print(f"  {name:48}" + "".join(f"{cell:>20}" for cell in cells))
            if figure.note:
                print(f"  {figure.name}: {figure.note}")


def machine():
    """What the figures were made on; nothing that names it."""
    memory = psutil.virtual_memory().total // 2**20
    return {
        "processors": os.cpu_count(),
        "memory_mb": memory,
        "load": os.getloadavg()[0],
    }
