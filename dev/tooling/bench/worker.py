# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The process with Odoo in it: reads what to do, one line of JSON, and answers."""

import contextlib
import gc
import json
import logging
import os
import sys
import time

import odoo
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry

CONTEXT = {"lang": "en_US", "tz": "America/New_York"}


class Worker:
    """The registry of one database, and ways to use and to time it."""

    def __init__(self, database):
        self.database = database
        self.registry = Registry(database)

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
                env.cr.rollback()

    def time(self, function, login=None, *, commit=False):
        """Run ``function(env)`` once.

        :return: dict ``seconds``, ``queries``, ``result``
        """
        with self.env(login, commit=commit) as env:
            gc.collect()
            before = env.cr.sql_log_count
            start = time.perf_counter()
            result = function(env)
            env.flush_all()
            if commit:
                env.cr.commit()
            seconds = time.perf_counter() - start
            queries = env.cr.sql_log_count - before
        return {"seconds": seconds, "queries": queries, "result": result}

    def forget(self):
        """Close connections and empty the caches: the next call is a cold one."""
        odoo.sql_db.close_all()
        self.registry.clear_all_caches()
        return True


def main():
    """Answer until the input ends."""
    # Only answers may stand on the standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    odoo.tools.config.parse_config([*sys.argv[1:], "--log-level=warn"])
    odoo.netsvc.init_logger()
    # Refusals that the measured code expects are no news.
    logging.getLogger("odoo.sql_db").setLevel(logging.CRITICAL)
    worker = Worker(odoo.tools.config["db_name"][0])
    from . import fill, reads, writes

    modules = (fill, reads, writes)
    for line in sys.stdin:
        order = json.loads(line)
        name = order["name"]
        if hasattr(worker, name):
            function = getattr(worker, name)
            result = function(**order["arguments"])
        else:
            function = next(getattr(m, name) for m in modules if hasattr(m, name))
            result = function(worker, **order["arguments"])
        answers.write(json.dumps({"result": result}, default=str) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
