# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What Twilio is told while PostgreSQL is away, or while somebody holds its tables.

A real Odoo server, whose way to the database is a link that can be taken away.
"""

import contextlib
import os
from pathlib import Path

import psycopg2
import requests

from odoo.tests import tagged

from ..common import OUR_NUMBER, simulator_module
from .test_chaos import ChaosCase

ANSWERED = "A webhook was answered 503"
# As long as Twilio waits.
PATIENCE = 15
NUMBER = "+12125550111"
# Nobody answers from it before its Work Order is held.
SILENT_NUMBER = "+12125550112"


@tagged("post_install", "-at_install")
class TestUnavailable(ChaosCase):
    """One server is enough: nothing is killed here."""

    SERVERS = 1

    @classmethod
    def _get_environment(cls):
        """The database is reached through a link, which can be taken away."""
        cls.socket = f".s.PGSQL.{os.environ.get('PGPORT', '5432')}"
        cls.real = Path(os.environ["PGHOST"]) / cls.socket
        cls.link = cls.folder / cls.socket
        cls.link.symlink_to(cls.real)
        return {**super()._get_environment(), "PGHOST": str(cls.folder)}

    @classmethod
    def setUpClass(cls):
        if not os.environ.get("PGHOST", "").startswith("/"):
            cls.skipTest(cls, "needs a PostgreSQL that is reached through a socket")
        super().setUpClass()
        # The test itself takes the straight way.
        cls.harness.sql = cls.tools.PatientSql(cls.database, os.environ)
        cls.harness.make_records(
            [(number, 12, 1, False) for number in (NUMBER, SILENT_NUMBER)]
        )
        cls.harness.start_servers()
        cls.server = cls.harness.servers[0]
        cls.simulator = simulator_module()

    def _post(self, path, sid, **values):
        """A signed webhook of Twilio; its status and how it went in the log."""
        url = self.harness.url + path
        params = {
            "MessageSid": sid,
            "AccountSid": self.simulator.DEFAULT_ACCOUNT_SID,
            "From": NUMBER,
            "To": OUR_NUMBER,
            **values,
        }
        token = self.simulator.DEFAULT_AUTH_TOKEN
        signature = self.simulator.sign(url, params, token)
        return requests.post(
            url,
            data=params,
            headers={"X-Twilio-Signature": signature},
            timeout=PATIENCE,
        ).status_code

    def _reply(self, sid, body="Yes", number=NUMBER):
        path = "/job_confirmation/twilio/inbound"
        return self._post(path, sid, Body=body, From=number)

    def _report(self, sid):
        path = "/job_confirmation/twilio/status/" + "f" * 32
        return self._post(path, sid, MessageStatus="delivered")

    @contextlib.contextmanager
    def _log_lines(self):
        """The lines that the server writes meanwhile."""
        known = self.server.log.stat().st_size
        lines = []
        yield lines
        with open(self.server.log, errors="replace") as log:
            log.seek(known)
            lines += log.read().splitlines()

    def _stored(self, sid):
        return self.harness.sql.rows(
            f"SELECT state FROM fsm_confirmation_reply WHERE twilio_sid = '{sid}'"
        )

    def _cut(self):
        self.harness.sql.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE"
            f" datname = '{self.database}' AND pid <> pg_backend_pid()",
            "postgres",
        )

    @contextlib.contextmanager
    def _no_server(self):
        self.link.unlink()
        self._cut()
        try:
            yield
        finally:
            self.link.symlink_to(self.real)

    @contextlib.contextmanager
    def _no_connections(self):
        alter = f'ALTER DATABASE "{self.database}" ALLOW_CONNECTIONS'
        self.harness.sql.run(f"{alter} false", "postgres")
        self._cut()
        try:
            yield
        finally:
            self.harness.sql.run(f"{alter} true", "postgres")

    @contextlib.contextmanager
    def _locked(self, lock):
        """Somebody else's transaction holds a table or a row."""
        connection = psycopg2.connect(dbname=self.database, **self.harness.sql.server)
        with contextlib.closing(connection), connection.cursor() as cursor:
            cursor.execute(lock)
            yield

    def test_away(self):
        """503 and one line each; what is sent again afterwards is stored."""
        for number, away in enumerate((self._no_server, self._no_connections)):
            sid = f"SM{number:032d}"
            with self.subTest(away=away.__name__), self._log_lines() as lines:
                with away():
                    for _attempt in range(2):
                        self.assertEqual(self._reply(sid), 503)
                        self.assertEqual(self._report(sid), 503)
            told = [line for line in lines if ANSWERED in line]
            self.assertEqual(len(told), 4, lines)
            mine = [line for line in lines if "/twilio/" in line or "HTTP" in line]
            self.assertEqual(mine, [], "only that line")
            self.assertFalse([line for line in lines if NUMBER in line])
            self.assertEqual(self._reply(sid), 200)
            self.assertEqual(self._report(sid), 204)
            self.assertEqual(len(self._stored(sid)), 1)

    def test_work_order_is_held(self):
        """The reply is stored at once, and processed when it can be."""
        sid = f"SM{'b' * 32}"
        row = (
            "SELECT FROM fsm_order WHERE id IN (SELECT order_id FROM fsm_confirmation"
            f" WHERE mobile = '{SILENT_NUMBER}') FOR UPDATE"
        )
        self.harness.sql.run(
            "UPDATE fsm_confirmation SET state = 'sent', sent_date = now() AT TIME"
            " ZONE 'UTC' - interval '1 min'"
        )
        with self._locked(row):
            self.assertEqual(self._reply(sid, number=SILENT_NUMBER), 200)
            self.assertEqual(self._stored(sid), [{"state": "pending"}])

    def test_replies_are_held(self):
        """503 within the time that Twilio waits, and no traceback."""
        sid = f"SM{'c' * 32}"
        with self._log_lines() as lines:
            with self._locked("LOCK TABLE fsm_confirmation_reply"):
                self.assertEqual(self._reply(sid), 503)
        self.assertEqual(len([line for line in lines if ANSWERED in line]), 1, lines)
        self.assertFalse([line for line in lines if "Traceback" in line], lines)
        self.assertEqual(self._reply(sid), 200)
        self.assertEqual(len(self._stored(sid)), 1)
