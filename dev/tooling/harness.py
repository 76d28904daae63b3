# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo servers on one database behind one address, and how to break them.

Used by ``dev/chaos``, ``dev/load`` and the addon's own tests.
"""

import asyncio
import contextlib
import http.client
import json
import random
import signal
import threading
import time
from pathlib import Path

import psutil
import psycopg2

from . import cache, database
from .console import Problem, step
from .postgres import Postgres, Sql
from .process import Server, check_port, free_port, run
from .simulator import ACCOUNT, API_URL, INBOUND, OUR_NUMBER, TOKEN, SimulatorProcess

HERE = Path(__file__).resolve().parent
SENDER = HERE / "harness_sender.py"
BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


class PatientSql(Sql):
    """Reads and changes one database beside Odoo, also while the server restarts."""

    def __init__(self, name, environment):
        super().__init__(environment)
        self.name = name

    def run(self, sql, name=None):
        """Run SQL, also in another database.

        :raises Problem: it failed
        """
        try:
            return self.execute(sql, name or self.name)
        except psycopg2.OperationalError as error:
            raise Problem(f"SQL failed: {sql}\n{error}") from error

    def rows(self, sql):
        """The rows of a query as dicts."""
        for _attempt in range(60):
            with contextlib.suppress(Problem):
                return self.run(sql)
            time.sleep(0.5)
        return self.run(sql)

    def value(self, sql):
        """The single number that a query returns."""
        return next(iter(self.rows(sql)[0].values())) or 0


class OdooServer(Server):
    """One Odoo in several processes (prefork), which can be killed in parts."""

    def __init__(self, name, command, log, port, *, env):
        super().__init__(f"Odoo ({name})", command, log, env=env)
        self.port = port

    @property
    def ready(self):
        """Whether it serves the addon's pages: a stranger is refused."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("POST", INBOUND, b"")
            return connection.getresponse().status == 403
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def workers(self, cron):
        """The workers for cron jobs, or those for requests."""
        found = []
        with contextlib.suppress(psutil.NoSuchProcess):
            parent = psutil.Process(self.process.pid)
            for child in parent.children():
                with contextlib.suppress(psutil.NoSuchProcess):
                    # Odoo's workers for cron jobs make themselves nicer.
                    is_cron = child.nice() > parent.nice()
                    if is_cron == cron and "gevent" not in child.cmdline():
                        found.append(child)
        return found

    def kill_worker(self, cron, dice):
        """End one worker as the kernel would when memory runs out; whether one was."""
        workers = self.workers(cron)
        if workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                dice.choice(workers).kill()
        return bool(workers)


class Balancer:
    """One public address in front of several servers, as a proxy would be.

    It goes round the servers, passes over those that refuse, and answers 502 when
    none is left.
    """

    def __init__(self, port, backends):
        self.port = port
        self.backends = list(backends)
        self._loop = asyncio.new_event_loop()
        serving = asyncio.start_server(self._serve, "127.0.0.1", port, backlog=1000)
        self._loop.run_until_complete(serving)
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def stop(self):
        """Answer no more."""
        self._loop.call_soon_threadsafe(self._loop.stop)

    async def _serve(self, reader, writer):
        with contextlib.suppress(OSError), contextlib.closing(writer):
            backend = await self._connect()
            if not backend:
                writer.write(BAD_GATEWAY)
                return await writer.drain()
            ways = ((reader, backend[1]), (backend[0], writer))
            tasks = [asyncio.ensure_future(_pump(*way)) for way in ways]
            # When one side was killed, the other one sees a cut connection.
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            backend[1].close()

    async def _connect(self):
        for _attempt in self.backends:
            self.backends.append(self.backends.pop(0))
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", self.backends[-1])
        return None


async def _pump(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


class Harness:
    """Odoo servers, the address in front of them, and the database beside them."""

    def __init__(self, folder, python, name, options, environment, ports=()):
        """:param folder: for logs
        :param python: the interpreter of Odoo's environment
        :param name: of the database, which has the addon
        :param options: what every Odoo process needs: addons, data folder, database
        :param environment: variables for Odoo and the database
        :param ports: to use instead of free ones
        """
        self.folder = folder
        self.command = [python, str(HERE / "launcher" / "odoo-server")]
        self.options = list(options)
        self.environment = {**environment, "PYTHONPATH": str(HERE.parent)}
        self.sql = PatientSql(name, environment)
        self.servers = []
        self.senders = []
        self.balancer = None
        self._ports = [*ports]
        self.public_port = self._port()
        self.url = f"http://127.0.0.1:{self.public_port}"
        self.simulator = self._make_simulator(self._port() if ports else 0)
        for log in (*folder.glob("odoo-?.log"), *folder.glob("senders.log")):
            log.unlink()

    def _port(self):
        return self._ports.pop(0) if self._ports else free_port()

    def _make_simulator(self, port):
        """A Twilio, of which the servers will know."""
        url = f"{self.url}{INBOUND}#rc=5&rp=all"
        number = {"phone_number": OUR_NUMBER, "sms_url": url}
        account = {"sid": ACCOUNT, "auth_token": TOKEN, "numbers": [number]}
        simulator = SimulatorProcess({"accounts": [account]}, port=port, timeout=120)
        simulator.start()
        self.environment[API_URL] = simulator.url
        return simulator

    def _command(self, *options, shell=False):
        words = ["shell"] if shell else []
        return [*self.command, *words, *self.options, *options]

    def add_servers(self, count):
        """Prepare servers of two workers for requests and two for cron jobs each."""
        for letter in "abcdef"[:count]:
            port = self._port()
            command = self._command(
                f"--http-port={port}",
                f"--gevent-port={self._port()}",
                *("--http-interface=127.0.0.1", "--log-level=warn"),
                *("--workers=2", "--max-cron-threads=2"),
            )
            log = self.folder / f"odoo-{letter}.log"
            server = OdooServer(letter, command, log, port, env=self.environment)
            self.servers.append(server)
        self.balancer = Balancer(self.public_port, [s.port for s in self.servers])

    def start_servers(self, *, wait=True):
        """Start those that don't run, and wait until all are ready."""
        for server in self.servers:
            if not server.running:
                server.kill()
                server.start()
        if wait:
            for server in self.servers:
                server.wait_until(lambda server=server: server.ready)

    def keep_senders(self, count):
        """Have so many further processes that send, beside the servers' own jobs.

        Odoo runs a job in one process at a time. These do not ask for its lock, as if
        other hosts were sending the same queue.
        """
        self.senders = [one for one in self.senders if one.running]
        command = self._command("--no-http", "--log-level=warn", shell=True)
        log, env = self.folder / "senders.log", self.environment
        while len(self.senders) < count:
            sender = Server("A sender", command, log, env=env, script=SENDER)
            self.senders.append(sender.start())

    def kill_senders(self):
        """End these processes at once."""
        for sender in self.senders:
            sender.kill()
        self.senders = []

    def stop(self):
        """Stop everything that this harness started; Odoo would take ten seconds."""
        for process in (*self.senders, *self.servers):
            process.kill()
        if self.balancer:
            self.balancer.stop()
        self.simulator.stop()

    def make_records(self, recipients):
        """Customers, Work Orders, and a text to each.

        :param recipients: list of (number, hour of the day there, how many people
            press Send at once, or 0: the planner asks; whether staff write as well)
        """
        values = json.dumps([self.url, recipients])
        run(
            self._command("--no-http", "--log-level=error", shell=True),
            "making records",
            input=(HERE / "harness_records.py").read_text(),
            env=self.environment | {"HARNESS_VALUES": values},
        )

    def wake_cron(self, name):
        """Have a job of the addon run now instead of at its next minute."""
        self.sql.run(
            "INSERT INTO ir_cron_trigger (cron_id, call_at) SELECT d.res_id,"
            " now() AT TIME ZONE 'UTC' FROM ir_model_data d WHERE d.model = 'ir.cron'"
            f" AND d.module = '{cache.ADDON}' AND d.name = '{name}' AND NOT EXISTS"
            " (SELECT 1 FROM ir_cron_trigger t WHERE t.cron_id = d.res_id AND"
            " t.call_at <= now() AT TIME ZONE 'UTC')"
        )
        self.sql.run(f"NOTIFY cron_trigger, '{self.sql.name}'", "postgres")

    def find_in_logs(self, words):
        """Which of some words, like customers' numbers, stand in Odoo's logs."""
        paths = [server.log for server in self.servers]
        paths += self.folder.glob("senders.log")
        logs = [path.read_text(errors="replace") for path in paths]
        return [word for word in words if any(word in log for log in logs)]

    def count_errors(self):
        """How many errors Odoo wrote into its logs; killed databases make many."""
        return self.count_in_logs(" ERROR ") + self.count_in_logs(" CRITICAL ")

    def count_in_logs(self, words):
        """How often some words stand in the servers' logs."""
        logs = [server.log.read_text(errors="replace") for server in self.servers]
        return sum(log.count(words) for log in logs)


@contextlib.contextmanager
def open_harness(options, odoo, name, count):
    """A :class:`Harness` on a durable PostgreSQL, with a new database.

    :param count: of Odoo servers, which are prepared, not started
    :return: (harness, PostgreSQL)
    """
    ports = range(options.port, options.port + 6) if options.port else ()
    for port in ports:
        check_port(port, "--port")
    folder = cache.make(odoo.cache / "chaos", "JOB_CONFIRMATION_CACHE")
    cache.check_space(folder, 1000)
    busy = f"Another run uses {folder}. Wait for it."
    with cache.locked(folder / "run.lock", busy=busy), contextlib.ExitStack() as end:
        postgres = Postgres(odoo, folder)
        end.callback(postgres.stop)
        postgres.start()
        used = database.Database(odoo, postgres, name)
        postgres.copy(database.template(odoo, postgres), name)
        if not options.keep:
            end.callback(used.drop)
        step("Installing the addon ...")
        used.install(cache.ADDON)
        environment = used.environment()
        harness = Harness(folder, odoo.python, name, used.options(), environment, ports)
        end.callback(harness.stop)
        harness.add_servers(count)
        yield harness, postgres


class Monkey:
    """Breaks one thing after the other while it gets its turns.

    What it did is counted in ``done``. It is no thread of its own: what a thread
    starts, the kernel stops when that thread ends.
    """

    def __init__(self, harness, seed, actions, *, pause=(0.4, 1.6), postgres=None):
        """:param actions: what -> weight; see the methods below
        :param pause: shortest and longest time between two, in seconds
        """
        self.harness = harness
        self.dice = random.Random(seed)
        self.actions = actions
        self.pause = pause
        self.postgres = postgres
        self.senders = 0  # how many further processes send
        self.done = dict.fromkeys(actions, 0)
        self._next = 0

    def turn(self):
        """Break something, if it is time to."""
        if time.monotonic() < self._next:
            return
        self.harness.start_servers(wait=False)
        self.harness.keep_senders(self.senders)
        name = self.dice.choices([*self.actions], [*self.actions.values()])[0]
        self.done[name] += bool(getattr(self, name)())
        self._next = time.monotonic() + self.dice.uniform(*self.pause)

    def kill_cron_worker(self):
        """SIGKILL a process that sends."""
        return self.dice.choice(self.harness.servers).kill_worker(True, self.dice)

    def kill_request_worker(self):
        """SIGKILL a process that answers requests."""
        return self.dice.choice(self.harness.servers).kill_worker(False, self.dice)

    def kill_server(self):
        """SIGKILL a whole server; it is started again at the next turn.

        Not while one is still starting: on a slow machine nothing would ever run.
        """
        if not all(server.workers(cron=False) for server in self.harness.servers):
            return False
        self.dice.choice(self.harness.servers).kill()
        return True

    def kill_sender(self):
        """SIGKILL a process that sends beside the servers."""
        if self.harness.senders:
            self.dice.choice(self.harness.senders).kill()
        return bool(self.harness.senders)

    def cut_connections(self):
        """Have PostgreSQL close every connection to the database."""
        self.harness.sql.run(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
            f" datname = '{self.harness.sql.name}' AND pid <> pg_backend_pid()",
            "postgres",
        )
        return True

    def restart_postgres(self):
        """A restart in which open transactions are rolled back."""
        self.postgres.restart(signal.SIGINT)
        return True

    def crash_postgres(self):
        """No clean shutdown, recovery from the log at the start."""
        self.postgres.restart(signal.SIGQUIT)
        return True
