# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The databases that are measured, and Odoo in this process on them.

They are made once, and copied for what writes in them.
"""

import contextlib
import gc
import logging
import os
import time
from pathlib import Path

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

from .. import cache
from ..console import step
from ..database import Database, template
from . import fill

CONTEXT = {"lang": "en_US", "tz": "America/New_York"}
# Filling only: what is lost in a crash is made again.
FILL_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    # On: VACUUM leaves out rows whose commit may not be on the disk yet.
    "synchronous_commit": "on",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "shared_buffers": "1GB",
    "work_mem": "128MB",
    "maintenance_work_mem": "512MB",
    "autovacuum": "off",
}
# Measuring: as durable as production, with the memory that a small server has.
MEASURE_SETTINGS = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "1GB",
    "effective_cache_size": "3GB",
    "work_mem": "16MB",
    "max_wal_size": "4GB",
    "autovacuum": "off",
}


class Data:
    """Databases of the wanted sizes; names say what is in them."""

    def __init__(self, odoo, postgres, sizes):
        """:param sizes: dict with ``customers`` and their ``copies``"""
        self.odoo = odoo
        self.postgres = postgres
        self.sizes = sizes
        # Small and large ones are kept side by side; older makes of each are not.
        self.kind = f"bench_{sizes['customers']}_"
        made_by = Path(fill.__file__).read_text()
        self.key = self.kind + cache.digest(odoo.version, made_by)

    def name(self, rows, *, addon=True):
        """The database with this many messages, with or without the addon."""
        return f"{self.key}_{rows}{'' if addon else '_without'}"

    def prepare(self, sizes, *, fresh=False):
        """Make what is missing.

        :param sizes: numbers of messages; of the first one the database without the
            addon is needed as well
        """
        addon = cache.addon_digest()
        for name in self.postgres.databases():
            current = name.startswith(self.key) and not fresh
            if name.startswith(self.kind) and not current:
                self.postgres.drop(name)
        for rows in sizes:
            name, known = self.name(rows), self.postgres.databases()
            wanted = {name, self.name(rows, addon=rows != sizes[0])}
            if not wanted <= set(known):
                self._make(rows, keep_without=rows == sizes[0])
            elif known[name] != addon:
                step(f"The addon has changed: updating {name} ...")
                self.database(name).install(update=[cache.ADDON])
                self.vacuum(name)
            self.postgres.remember(name, addon)

    def database(self, name):
        """The :class:`Database` of a name."""
        return Database(self.odoo, self.postgres, name)

    def _make(self, rows, *, keep_without):
        making, without = f"{self.key}_making", f"{self.key}_making_without"
        texts = fill.count_texts(rows, **self.sizes)
        step(f"Making {rows:,} texts of Odoo's own SMS ...")
        self.postgres.copy(template(self.odoo, self.postgres), making)
        with Session(making) as session:
            fill.make_customers(session, self.sizes["customers"])
            fill.make_sms(session, texts)
        if keep_without:
            self.postgres.copy(making, without)
            self._copy_seeds(without, rows // texts)
        step("Installing the addon ...")
        self.database(making).install(cache.ADDON)
        step(f"Making {rows:,} Confirmations and Replies ...")
        with Session(making) as session:
            fill.make_confirmations(session, texts)
        self._copy_seeds(making, rows // texts)
        with Session(making) as session:
            for sentence in fill.check_rows(session):
                step(f"A row is not as Odoo would write it: {sentence}")
        self.postgres.rename(making, self.name(rows))
        if keep_without:
            self.postgres.rename(without, self.name(rows, addon=False))

    def _copy_seeds(self, name, asked):
        with Session(name) as session:
            fill.copy_seeds(session, self.sizes["copies"], asked)
        self.vacuum(name)

    def vacuum(self, name):
        """As autovacuum would have done over the years."""
        self.postgres.execute("VACUUM (ANALYZE)", name)

    @contextlib.contextmanager
    def scratch(self, source):
        """A session on a copy of a database to write in, dropped in the end."""
        step(f"Copying {source} to write in it ...")
        self.postgres.copy(source, "bench_scratch")
        try:
            with Session("bench_scratch") as session:
                yield session
        finally:
            self.postgres.drop("bench_scratch")


def start_odoo(database):
    """Read Odoo's options, once; which database is said with each session."""
    os.environ.update(database.environment())
    log = database.postgres.folder / "bench.log"
    log.unlink(missing_ok=True)
    words = [word for word in database.options() if not word.startswith("--db-filter")]
    odoo.tools.config.parse_config([*words, "--log-level=warn", f"--logfile={log}"])
    odoo.netsvc.init_logger()
    # Refusals that the measured code expects are no news.
    logging.getLogger("odoo.sql_db").setLevel(logging.CRITICAL)


class Session:
    """The registry of one database, let go of in the end, and ways to use it."""

    def __init__(self, database):
        self.database = database
        self.registry = Registry(database)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        odoo.sql_db.close_db(self.database)
        Registry.delete(self.database)

    @contextlib.contextmanager
    def env(self, login=None, *, commit=False):
        """An environment of its own, rolled back at the end unless ``commit``.

        :param login: of a user with their rights; None for the superuser
        """
        with self.registry.cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, CONTEXT)
            if login:
                user = env["res.users"].search([("login", "=", login)])
                context = {**CONTEXT, "allowed_company_ids": user.company_ids.ids}
                env = api.Environment(cr, user.id, context)
                env.user.has_group("base.group_user")  # what a session has done
            yield env
            if commit:
                env.flush_all()
            else:
                env.invalidate_all(flush=False)
                cr.rollback()

    def time(self, function, login, *args, commit=False):
        """Run ``function(env, *args)`` once.

        :return: (milliseconds, queries)
        """
        with self.env(login, commit=commit) as env:
            gc.collect()
            before = env.cr.sql_log_count
            start = time.perf_counter()
            function(env, *args)
            env.flush_all()
            if commit:
                env.cr.commit()
            spent = (time.perf_counter() - start) * 1000
            return spent, env.cr.sql_log_count - before
