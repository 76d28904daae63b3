# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo in this process, on the databases that are measured."""

import contextlib
import gc
import logging
import os
import time

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

CONTEXT = {"lang": "en_US", "tz": "America/New_York"}


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
