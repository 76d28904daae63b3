# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by Odoo's shell: plan, and send what waits, until the process is ended.

It calls what the jobs call, without the lock that keeps two servers from running one
job at once.
"""

import logging
import time

import psycopg2

print("ready", flush=True)
while True:
    try:
        env["fsm.confirmation.planner"]._cron_plan()  # noqa: F821
        env["fsm.confirmation.outbox"]._cron_send()  # noqa: F821
        env.cr.commit()  # noqa: F821
    except psycopg2.Error:
        logging.getLogger("harness_sender").exception("The database is gone")
        break
    time.sleep(0.5)
