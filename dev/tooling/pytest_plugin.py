# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A pytest plugin for several test processes side by side, and for unit tests in them.

``pytest-odoo`` copies the database for each process, but lets them share its files:
here each has its own. What takes longest begins first, so that no process waits for
another one in the end. Warnings and errors in the log are listed, since OCA's CI
refuses them (``checklog-odoo``): what is expected is asserted with ``assertLogs``, or
muted with ``mute_logger``.
"""

import contextlib
import logging
import os
import shutil
import sys
import types

import pytest_odoo

from odoo.tools import config

LONGEST = (
    *("tooling/test_chaos", "tooling/test_bench", "tooling/test_unavailable"),
    *("tours/", "test_levels", "http/", "test_adversary"),
)
# As in the checklog-odoo.cfg of OCA's repositories.
IGNORED = "Killing chrome descendants-or-self"


@contextlib.contextmanager
def _own_files(original, name):
    """The files of a copied database; Odoo never changes one, so they are links."""
    source, target = config.filestore(original), config.filestore(name)
    if name != original and os.path.isdir(source):
        shutil.copytree(source, target, copy_function=os.link, dirs_exist_ok=True)
    yield


pytest_odoo._shared_filestore = _own_files
# The unit tests are no part of the addon: importing them must not import its tests.
for _name in ("tests", "tests.unit"):
    sys.modules[_name] = types.ModuleType(_name)
    sys.modules[_name].__path__ = []


def pytest_collection_modifyitems(items):
    """The longest first, all others in their order."""

    def place(item):
        found = [n for n, part in enumerate(LONGEST) if part in item.nodeid]
        return found[0] if found else len(LONGEST)

    items.sort(key=place)


class _Unexpected(logging.Handler):
    """Notes what reaches the log at the test that runs; muted records don't."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.noted = []

    def emit(self, record):
        line = f"{record.levelname} {record.name}: {record.getMessage()}"
        if IGNORED not in line:
            self.noted.append(("log", line))


_unexpected = _Unexpected()
logging.getLogger().addHandler(_unexpected)


def pytest_runtest_protocol(item):
    """Reports carry what is noted, from other processes as well."""
    _unexpected.noted = item.user_properties


def pytest_terminal_summary(terminalreporter):
    """List it at the end."""
    reports = [each for found in terminalreporter.stats.values() for each in found]
    lines = [
        f"{report.nodeid.rpartition('/')[2]}: {text[:300]}"
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, text in report.user_properties
        if name == "log"
    ]
    if lines:
        terminalreporter.section(f"{len(lines)} warnings and errors in the log")
        terminalreporter.write_line("\n".join(lines))
