# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Nothing lost, nothing doubled, with real Odoo processes that are really killed.

The small size of ``dev/chaos``: two Odoo servers of several processes each, and one
more process that sends, on a copy of the test's database, and the simulator of Twilio
that misbehaves.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import config

from ..common import DEV

TEXTS = 40
MISSED = 6
BREAK_SENDING = {"kill_cron_worker": 5, "cut_connections": 1}
BREAK_RECEIVING = {"kill_request_worker": 5, "cut_connections": 1, "kill_server": 1}


def tooling():
    """The modules behind ``dev/chaos``."""
    if str(DEV) not in sys.path:
        sys.path.insert(0, str(DEV))
    from tooling import chaos_inbox, chaos_outbox, console, harness

    return harness, chaos_outbox, chaos_inbox, console


class ChaosCase(BaseCase):
    """Real Odoo servers on a copy of the test's database, and a Twilio."""

    SERVERS = 2

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tools, cls.outbox, cls.inbox, console = tooling()
        try:
            cls.tools.PatientSql(get_db_name(), os.environ).run("SELECT 1")
            cls._run("pg_dump", "--version")
        except (OSError, console.Problem):
            cls.skipTest(cls, "needs psql and pg_dump, with PGHOST for the server")
        cls.database = f"{get_db_name()}_{cls.__name__.lower()}"
        cls._copy_database()
        cls.addClassCleanup(cls._run, "dropdb", "--if-exists", "--force", cls.database)
        cls.folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.harness = cls.tools.Harness(
            cls.folder,
            sys.executable,
            cls.database,
            [
                f"--addons-path={','.join(config['addons_path'])}",
                f"--data-dir={cls.folder}",
                f"--database={cls.database}",
                f"--db-filter=^{cls.database}$",
                "--no-database-list",
            ],
            cls._get_environment(),
        )
        cls.twilio = cls.harness.simulator
        cls.addClassCleanup(cls.harness.stop)
        cls.harness.add_servers(cls.SERVERS)

    @classmethod
    def _get_environment(cls):
        """Variables for Odoo, and with which it finds the database."""
        return {**os.environ, "ODOO_RC": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"}

    @classmethod
    def _copy_database(cls):
        """A copy: as a template a database has to be closed by everybody."""
        cls._run("dropdb", "--if-exists", "--force", cls.database)
        if unused := os.environ.get("JOB_CONFIRMATION_TEMPLATE"):
            cls._run("createdb", f"--template={unused}", cls.database)
            return
        cls._run("createdb", cls.database)
        with subprocess.Popen(
            ["pg_dump", get_db_name()], stdout=subprocess.PIPE
        ) as dump:
            subprocess.run(
                ["psql", "-qX", "-o", os.devnull, cls.database],
                stdin=dump.stdout,
                check=True,
                capture_output=True,
            )

    @staticmethod
    def _run(*command):
        subprocess.run(command, check=True, capture_output=True)


@tagged("post_install", "-at_install")
class TestChaos(ChaosCase):
    def _monkey(self, actions, seed, pause):
        return self.tools.Monkey(self.harness, seed, actions, pause=pause)

    def test_everything_once(self):
        self.outbox.prepare(self.harness, TEXTS)
        self._send_while_things_break()
        missed = self._write_while_odoo_is_down()
        self.harness.start_servers()
        compressor = self.outbox.Compressor(self.harness.sql)
        compressor.calls_are_over()
        self.assertEqual(self.outbox.drain(self.harness, compressor, 120), 0)
        self.outbox.ask_about_the_rest(self.harness, compressor)
        figures, broken = self.outbox.check(self.harness, TEXTS)
        self.assertEqual(broken, [], figures)
        self._receive_while_things_break(missed)

    def _send_while_things_break(self):
        # Some of each, whatever chance decides.
        for kind in ("accept_no_answer", "timeout", "half", "html", "429", "reset"):
            self.twilio.add_fault(
                kind,
                count=1,
                max_seconds=2,
                match={"operation": "^CreateMessage$"},
            )
        self.harness.start_servers()
        monkey = self._monkey(BREAK_SENDING, 1, (0.2, 0.8))
        monkey.senders = 1
        compressor = self.outbox.Compressor(self.harness.sql)
        self.outbox.drain(self.harness, compressor, 8, monkey)
        for server in self.harness.servers:
            server.kill()
        self.outbox.calm(self.twilio)

    def _write_while_odoo_is_down(self):
        """Replies whose webhooks nobody takes: Twilio keeps them, and that is all."""
        self.phones = self.inbox.Phones(self.twilio, threads=8)
        missed = self.inbox.strangers(MISSED)
        self.phones.deliver(missed)
        self.assertFalse(any(self.phones.taken[reply[0]] for reply in missed))
        return missed

    def _receive_while_things_break(self, missed):
        replies = self.inbox.plan(self.harness, TEXTS, 3)
        monkey = self._monkey(BREAK_RECEIVING, 4, (0.5, 3))
        # Some of the missed ones come late as well, while the addon fetches.
        late = self.phones.start([(reply, 2) for reply in missed[::2]])
        given_up = self.phones.write(replies, self.harness, monkey)
        for future in late:
            future.result()
        asked = [*missed, *given_up]
        self.assertEqual(self.inbox.fetch_missed(self.harness, asked), len(asked))
        self.assertEqual(self.inbox.finish(self.harness), 0)
        figures, broken = self.inbox.check(self.harness, self.phones)
        self.assertEqual(broken, [], figures)
        self.assertEqual(self.phones.replies, {*replies, *missed})
        secrets = self.inbox.secrets_of(self.phones.replies)
        numbers = [self.outbox.number_of(index) for index in range(TEXTS)]
        self.assertEqual(self.harness.find_in_logs([*secrets, *numbers]), [])
