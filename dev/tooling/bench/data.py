# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The databases that are measured: made once, copied for what writes in them."""

import contextlib

from .. import cache as cache_folder
from ..console import run, step
from ..database import Stamp
from .process import WorkerProcess

# Filling only: what is lost in a crash is made again.
FILL_SETTINGS = (
    "fsync=off",
    "full_page_writes=off",
    # On: VACUUM leaves out rows whose commit may not be on the disk yet.
    "synchronous_commit=on",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=8GB",
    "shared_buffers=1GB",
    "work_mem=128MB",
    "maintenance_work_mem=512MB",
    "autovacuum=off",
)
# Measuring: as durable as production, with the memory that a small server has.
MEASURE_SETTINGS = (
    "fsync=on",
    "full_page_writes=on",
    "synchronous_commit=on",
    "shared_buffers=1GB",
    "effective_cache_size=3GB",
    "work_mem=16MB",
    "max_wal_size=4GB",
    "autovacuum=off",
)


class Data:
    """Databases of the wanted sizes; names say what is in them."""

    def __init__(self, databases, sizes):
        """:param sizes: dict with ``contacts``, ``companies``, ``orders``"""
        self.databases = databases
        self.postgres = databases.postgres
        self.sizes = sizes
        here = cache_folder.REPOSITORY / "dev" / "tooling" / "bench" / "fill.py"
        # Small and large ones are kept side by side; older makes of each are not.
        self.kind = f"bench_{sizes['orders']}_"
        self.key = self.kind + cache_folder.digest(
            databases.odoo.version, here.read_text()
        )
        self.stamp = Stamp(databases.data / "bench.json")

    def with_addon(self, rows):
        """Name of the database with the addon and this many messages."""
        return f"{self.key}_{rows}"

    def without_addon(self, rows):
        """Name of the same database without the addon."""
        return f"{self.key}_{rows}_without"

    def remove_old(self):
        """Drop databases that other versions of this command have made."""
        for name in self.postgres.databases():
            if name.startswith(self.kind) and not name.startswith(self.key):
                self.postgres.drop(name)

    def prepare(self, sizes, *, keep_without):
        """Make what is missing.

        :param sizes: numbers of messages
        :param keep_without: the size of which the database without the addon is needed
        :return: the names of databases that were made or updated now
        """
        self.remove_old()
        addon = cache_folder.addon_digest()
        known = self.stamp.read()
        made = []
        for rows in sizes:
            name = self.with_addon(rows)
            wanted = {name}
            if rows == keep_without:
                wanted.add(self.without_addon(rows))
            if wanted - set(self.postgres.databases()):
                self._make(rows, keep=rows == keep_without)
                made.append(name)
            elif known.get(name) != addon:
                step(f"The addon has changed: updating {name} ...")
                self.databases.install(name, update=[cache_folder.ADDON])
                with self.worker(name) as worker:
                    worker.call("finish")
                made.append(name)
            known[name] = addon
            self.stamp.write(**known)
        return made

    def _base(self):
        name = f"{self.key}_base"
        if name not in self.postgres.databases():
            step(
                "Making {contacts:,} contacts, {companies:,} companies and {orders:,} "
                "Work Orders ...".format(**self.sizes)
            )
            making = f"{name}_making"
            self.copy(self.databases.template(), making)
            with self.worker(making) as worker:
                worker.call("fill_customers", **self.sizes)
                worker.call("finish")
            self.postgres.rename(making, name)
        return name

    def _make(self, rows, *, keep):
        base = self._base()
        without = self.without_addon(rows)
        making = f"{self.key}_making"
        step(f"Making {rows:,} texts of Odoo's own SMS ...")
        self.copy(base, making)
        with self.worker(making) as worker:
            worker.call("fill_sms", rows=rows)
            worker.call("finish")
        if keep:
            self.postgres.drop(without)
            self.copy(making, without)
        step("Installing the addon ...")
        self.databases.install(making, modules=[cache_folder.ADDON])
        step(f"Making {rows:,} Confirmations and Replies ...")
        with self.worker(making) as worker:
            worker.call("fill_confirmations", rows=rows)
            worker.call("finish")
            wrong = worker.call("check_rows")
        for sentence in wrong:
            step(f"A row is not as Odoo would write it: {sentence}")
        self.postgres.drop(self.with_addon(rows))
        self.postgres.rename(making, self.with_addon(rows))

    def copy(self, template, name):
        """Copy a database file by file, which is fast for a large one."""
        self.postgres.drop(name)
        command = [str(self.postgres.bin / "createdb"), "-S", "file_copy"]
        run(
            [*command, "-T", template, name],
            f"making the database {name}",
            env=self.postgres.environment(),
        )

    @contextlib.contextmanager
    def worker(self, name, **options):
        """An Odoo process on a database, ended at the end."""
        worker = WorkerProcess(self.databases, name, **options)
        try:
            yield worker
        finally:
            worker.stop()

    @contextlib.contextmanager
    def scratch(self, template, name="bench_scratch"):
        """A copy of a database to write in, dropped at the end."""
        step(f"Copying {template} to write in it ...")
        self.copy(template, name)
        try:
            yield name
        finally:
            self.postgres.drop(name)
