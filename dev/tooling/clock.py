# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A clock for the demo that shows another time than this machine's.

``libfaketime`` (https://github.com/wolfcw/libfaketime), loaded into each process, gives
it the time. Clocks that only measure how long something takes stay as they are.
"""

import os
import platform
import re
import time
from pathlib import Path

from babel.dates import format_datetime, get_timezone

from . import apt, cache
from .console import Problem, step
from .process import run

PLACE, ZONE = "Springfield", "America/New_York"  # of the demo's company
EXAMPLES = '"tomorrow 8:59", "2026-12-01 8:59" or "+16h"'
_UNITS = {"d": "days", "h": "hours", "m": "minutes"}
# In Debian, and elsewhere.
_FOLDERS = ("usr/lib/*/faketime", "usr/lib*/faketime")


class Clock:
    """How far it is ahead of this machine's clock, kept in a file."""

    def __init__(self, odoo, folder, *, fresh):
        self.odoo = odoo
        self.file = folder / "clock"
        kept = self.file.exists() and not fresh
        self.ahead = int(self.file.read_text()) if kept else 0  # seconds

    def read(self, words):
        """What a person means, in the time of the place: seconds since 1970.

        :raises Problem: it is no time, or it is over
        """
        # "+16h" as GNU's date wants it.
        plain = re.sub(r"(?<=\d)([dhm])\b", lambda unit: _UNITS[unit[1]], words)
        env = {**os.environ, **self.variables(), "TZ": ZONE, "LC_ALL": "C"}
        try:
            at = int(run(["date", "-d", plain, "+%s"], "reading --at", env=env))
        except Problem:
            raise Problem(f"“{words}” is no time. Try --at {EXAMPLES}.") from None
        if at < time.time() + self.ahead:
            raise Problem(
                f"{self.show(at)} is over: the demo's clock shows {self.show()} and "
                "can't go back, because of the data. Only --fresh starts over."
            )
        return at

    def show(self, at=None):
        """A time as a person in the place writes it, now if none is given."""
        at = time.time() + self.ahead if at is None else at
        form, zone = "EEEE, MMMM d, h:mm a", get_timezone(ZONE)
        return format_datetime(at, form, tzinfo=zone, locale="en_US")

    def start(self, at=None):
        """Give the time to all processes that start from now on.

        :param at: what it shows, None to go on as it was
        """
        if at:
            self.ahead = round(at - time.time())
        os.environ.update(self.variables())
        self.file.write_text(str(self.ahead))

    def variables(self):
        """Environment variables of a process that sees this clock."""
        if not self.ahead:
            return {}
        return {
            "LD_PRELOAD": str(self._library()),
            "FAKETIME": f"{self.ahead:+d}",
            "DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DISABLE_SHM": "1",
        }

    def _library(self):
        """The library: this machine's, or Debian's for it, unpacked into the cache."""
        folder = self.odoo.cache / "faketime"
        places = [(root, each) for root in (Path("/"), folder) for each in _FOLDERS]
        for root, place in places:
            for found in root.glob(f"{place}/libfaketimeMT.so.1"):
                return found
        step("Fetching libfaketime ...")
        suite = platform.freedesktop_os_release().get("VERSION_CODENAME", "sid")
        log = self.odoo.cache / "setup.log"
        with cache.locked(self.odoo.cache / "setup.lock"):
            apt.unpack(["libfaketime"], folder, folder / "apt", log, suite)
        return self._library()
