# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Medians, spreads, ratios; one table of them."""

import os
import platform
import statistics
from dataclasses import dataclass, field


@dataclass
class Figure:
    """One measured thing: repeats of ours, of theirs, and of ours when small."""

    group: str
    name: str
    unit: str = "ms"  # or "/s", "MB", "queries"
    ours: list = field(default_factory=list)
    theirs: list = field(default_factory=list)
    small: list = field(default_factory=list)  # ours with few messages
    queries: int | None = None
    note: str = ""
    target: float | None = None  # the least ratio, or None

    @property
    def ratio(self):
        """How many times better ours is than theirs; None without theirs."""
        if not self.ours or not self.theirs:
            return None
        ours, theirs = statistics.median(self.ours), statistics.median(self.theirs)
        if not ours or not theirs:
            return None
        return ours / theirs if self.unit == "/s" else theirs / ours

    @property
    def growth(self):
        """How many times slower ours is than with few messages."""
        if not self.ours or not self.small:
            return None
        return statistics.median(self.ours) / statistics.median(self.small)

    def as_dict(self):
        """For the JSON file."""
        return {
            "group": self.group,
            "name": self.name,
            "unit": self.unit,
            "ours": self.ours,
            "theirs": self.theirs,
            "ours_small": self.small,
            "queries": self.queries,
            "ratio": self.ratio,
            "growth": self.growth,
            "target": self.target,
            "note": self.note,
        }


def _spread(values):
    if not values:
        return "-"
    middle = statistics.median(values)
    places = 1 if middle < 100 else 0
    text = f"{middle:.{places}f}"
    if len(values) > 1:
        text += f" ({min(values):.{places}f}-{max(values):.{places}f})"
    return text


def print_table(figures, names):
    """Print all figures.

    :param names: headings of the columns ours, theirs, ours when small
    """
    ours, theirs, small = names
    groups = list(dict.fromkeys(figure.group for figure in figures))
    for group in groups:
        rows = [figure for figure in figures if figure.group == group]
        head = ["", ours, theirs, "ratio", small, "growth", "queries"]
        table = [head]
        for figure in rows:
            unit = "" if figure.unit == "ms" else f" [{figure.unit}]"
            table.append(
                [
                    figure.name + unit,
                    _spread(figure.ours),
                    _spread(figure.theirs),
                    f"{figure.ratio:.1f}" if figure.ratio else "-",
                    _spread(figure.small),
                    f"{figure.growth:.1f}" if figure.growth else "-",
                    str(figure.queries) if figure.queries is not None else "-",
                ]
            )
        table = _drop_empty(table)
        widths = [max(len(row[i]) for row in table) for i in range(len(table[0]))]
        print(f"\n{group}")
        for row in table:
            cells = [row[0].ljust(widths[0])]
            cells += [c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)]
            print("  " + "  ".join(cells))
        for figure in rows:
            if figure.note:
                print(f"  {figure.name}: {figure.note}")


def _drop_empty(table):
    keep = [
        i
        for i in range(len(table[0]))
        if i == 0 or any(row[i] != "-" for row in table[1:])
    ]
    return [[row[i] for i in keep] for row in table]


def machine():
    """What the figures were made on; nothing that names it."""
    model = platform.processor()
    memory = 0
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as stream:
            for line in stream:
                if line.startswith("model name"):
                    model = line.split(":", 1)[1].strip()
                    break
        with open("/proc/meminfo", encoding="utf-8") as stream:
            memory = int(stream.readline().split()[1]) // 1024
    except OSError:
        pass
    return {
        "processor": model,
        "processors": os.cpu_count(),
        "memory_mb": memory,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load": list(os.getloadavg()),
    }
