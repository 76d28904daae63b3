# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Nothing lost, nothing doubled, with real Odoo processes that are really killed.

The small size of ``dev/chaos``: two Odoo servers of several processes each, and one
more process that sends, on a copy of the test's database, and a simulator for Twilio
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

from ..common import DEV, OUR_NUMBER

TEXTS = 40
MISSED = 6
BREAK_SENDING = {"kill_cron_worker": 5, "cut_connections": 1}
BREAK_RECEIVING = {"kill_request_worker": 5, "cut_connections": 1, "kill_server": 1}


def tooling():
    """The modules behind ``dev/chaos``."""
    if str(DEV) not in sys.path:
        sys.path.insert(0, str(DEV))
    from tooling import chaos_inbox, chaos_outbox, harness, processes, simulator

    return harness, chaos_outbox, chaos_inbox, processes, simulator


@tagged("post_install", "-at_install")
class TestChaos(BaseCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.tools, cls.outbox, cls.inbox, cls.processes, simulator = tooling()
        if not shutil.which("pg_dump") or not cls.tools.has_psql():
            cls.skipTest(cls, "needs psql and pg_dump, with PGHOST for the server")
        cls.database = f"{get_db_name()}_chaos"
        cls._copy_database()
        cls.addClassCleanup(cls._run, "dropdb", "--if-exists", "--force", cls.database)
        cls.folder = Path(tempfile.mkdtemp(prefix="chaos-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        public_port = cls.processes.free_port()
        url = f"http://127.0.0.1:{public_port}{cls.tools.INBOUND}#rc=5&rp=all"
        number = {"phone_number": OUR_NUMBER, "sms_url": url}
        account = {
            "sid": simulator.DEFAULT_ACCOUNT_SID,
            "auth_token": simulator.DEFAULT_AUTH_TOKEN,
            "numbers": [number],
        }
        cls.twilio = simulator.SimulatorProcess({"accounts": [account]})
        cls.twilio.start()
        cls.addClassCleanup(cls.twilio.stop)
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
            {**os.environ, "ODOO_RC": os.devnull, "PYTHONDONTWRITEBYTECODE": "1"},
            public_port,
        )
        variable = "JOB_CONFIRMATION_TWILIO_API_URL"
        cls.harness.server_environment[variable] = cls.twilio.url
        cls.addClassCleanup(cls.harness.stop)
        cls.harness.add_servers(2)

    @classmethod
    def _copy_database(cls):
        """A copy as of now; a template would have to be closed by everybody."""
        cls._run("dropdb", "--if-exists", "--force", cls.database)
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

    def _monkey(self, actions, seed):
        return self.tools.Monkey(self.harness, seed, actions, pause=(0.2, 0.8))

    def _nothing(self, _text):
        """Nobody reads the progress here."""

    def test_everything_once(self):
        self.harness.make_records(
            url=self.harness.url,
            our_number=OUR_NUMBER,
            account=self.twilio.account_sid,
            token=self.twilio.auth_token,
            first=0,
            count=TEXTS,
            send=True,
        )
        self.harness.sql.run(self.outbox.BACKWARDS)
        self._send_while_things_break()
        self.harness.kill_senders()
        missed = self._write_while_odoo_is_down()
        self.harness.start_servers()
        compressor = self.outbox.Compressor(self.harness.sql)
        compressor.calls_are_over()
        left = self.outbox.until_empty(self.harness, compressor, 120, self._nothing)
        self.assertEqual(left, 0)
        self.twilio.wait(20)
        figures, broken = self.outbox.check(self.harness, self.twilio, TEXTS)
        self.assertEqual(broken, [], figures)
        self._receive_while_things_break(missed)

    def _send_while_things_break(self):
        self.twilio.configure(customers=self.outbox.customers(TEXTS))
        self.outbox.prepare(self.twilio)
        # Some of each, whatever chance decides.
        for kind in ("accept_no_answer", "timeout", "half", "html", "429", "reset"):
            self.twilio.add_fault(
                kind,
                count=1,
                max_seconds=2,
                match={"operation": "^CreateMessage$"},
            )
        self.harness.start_servers()
        monkey = self._monkey(BREAK_SENDING, 1)
        monkey.senders = 1
        compressor = self.outbox.Compressor(self.harness.sql)
        self.outbox.under_fire(self.harness, monkey, compressor, 8, self._nothing)
        for server in self.harness.servers:
            server.kill()
        self.twilio.clear_faults()
        self.twilio.configure(delay=0, latency=0, **self.outbox.CALM)

    def _write_while_odoo_is_down(self):
        """Replies whose webhooks nobody takes: Twilio keeps them, and that is all."""
        self.phones = self.inbox.Phones(self.twilio, OUR_NUMBER, threads=8)
        strangers = range(self.inbox.NOBODY * 2, self.inbox.NOBODY * 2 + MISSED)
        missed = [
            (f"SMdead{index:028x}", self.outbox.number_of(index), "Yes")
            for index in strangers
        ]
        for future in self.phones.start([(reply, 1) for reply in missed]):
            future.result()
        self.assertFalse(any(self.phones.taken[reply[0]] for reply in missed))
        return missed

    def _receive_while_things_break(self, missed):
        replies = self.inbox.plan(self.harness, TEXTS, 3)
        monkey = self._monkey(BREAK_RECEIVING, 4)
        # Some of the missed ones come late as well, while the addon fetches.
        late = self.phones.start([(reply, 2) for reply in missed[::2]])
        given_up = self.inbox.work(
            self.harness, self.phones, replies, monkey, 5, say=self._nothing
        )
        for future in late:
            future.result()
        sids = [reply[0] for reply in [*missed, *given_up]]
        self.assertEqual(self.inbox.fetch_missed(self.harness, sids), len(sids))
        self.assertEqual(self.inbox.settle(self.harness, self.twilio), 0)
        figures, broken = self.inbox.check(
            self.harness, self.twilio, self.phones, [*replies, *missed]
        )
        self.assertEqual(broken, [], figures)
        numbers = [self.outbox.number_of(index) for index in range(TEXTS)]
        self.assertEqual(self.harness.find_in_logs(numbers), [])
