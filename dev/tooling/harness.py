# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo servers on one database behind one address, and how to break them.

Used by ``dev/chaos``, ``dev/load`` and the addon's own tests. Standard library only.
"""

import asyncio
import concurrent.futures
import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from . import processes
from .child import run_quietly, stop_with_parent
from .console import Problem

INBOUND = "/job_confirmation/twilio/inbound"
LAUNCHER = Path(__file__).parent / "launcher" / "odoo-server"
SENDER = Path(__file__).with_name("harness_sender.py")
RECORDS = Path(__file__).with_name("harness_records.py")
# Odoo's worker for cron jobs makes itself this much nicer than the others.
CRON_NICENESS = 10
BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
)


class Sql:
    """Reads and changes a database beside Odoo, with ``psql``."""

    def __init__(self, database, environment):
        self.database = database
        self.environment = environment

    def run(self, sql, database=None, *, patient=False):
        """Run SQL; returns what it printed.

        :param patient: try again while the server is being restarted
        :raises Problem: it failed
        """
        command = ["psql", "-XAqt", "-v", "ON_ERROR_STOP=1"]
        command += ["-d", database or self.database, "-c", sql]
        for _attempt in range(60 if patient else 1):
            code, output = run_quietly(command, env=self.environment)
            if not code:
                return output.strip()
            time.sleep(0.5 if patient else 0)
        raise Problem(f"SQL failed: {sql}\n{output[-600:]}")

    def rows(self, sql):
        """The rows of a query as dicts."""
        wrapped = f"SELECT coalesce(json_agg(t), '[]') FROM ({sql}) t"
        return json.loads(self.run(wrapped, patient=True))

    def value(self, sql):
        """The single number that a query returns."""
        return int(self.run(sql, patient=True) or 0)


class OdooServer:
    """One Odoo in several processes (prefork), which can be killed in parts."""

    def __init__(self, harness, name, port, gevent_port, options):
        self.harness = harness
        self.name = name
        self.port = port
        self.log = harness.folder / f"{name}.log"
        self.command = harness.odoo_command(
            f"--http-port={port}",
            f"--gevent-port={gevent_port}",
            "--http-interface=127.0.0.1",
            *options,
        )
        self.server = None

    def start(self):
        """Start it; see :meth:`wait_until_ready`."""
        self.server = processes.Server(
            f"Odoo ({self.name})",
            self.command,
            self.log,
            env=self.harness.server_environment,
        )

    @property
    def running(self):
        """Whether its main process is there."""
        return bool(self.server) and self.server.process.poll() is None

    @property
    def listens(self):
        """Whether it accepts connections."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

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

    def wait_until_ready(self, seconds=120):
        """:raises Problem: it did not get ready, or it ended"""
        end = time.monotonic() + seconds
        while not self.ready:
            self.server.check()
            if time.monotonic() > end:
                raise Problem(f"{self.server.name} is not ready; see {self.log}.")
            time.sleep(0.2)

    def workers(self, cron):
        """Process ids of the workers for cron jobs, or of those for requests."""
        if not self.running:
            return []
        found = []
        for pid in children_of(self.server.process.pid):
            with contextlib.suppress(OSError, ValueError, IndexError):
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                if b"gevent" in words:
                    continue
                nice = stat_of(pid)[16]
                if (int(nice) >= CRON_NICENESS) == cron:
                    found.append(pid)
        return found

    def kill_worker(self, cron, dice=random):
        """End one worker as the kernel would when memory runs out; whether one was."""
        pids = self.workers(cron)
        if not pids:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(dice.choice(pids), signal.SIGKILL)
        return True

    def kill(self):
        """End all its processes at once, as a power cut would."""
        if self.server:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.server.process.pid, signal.SIGKILL)
            self.server.process.wait()

    def stop(self):
        """Ask it to stop, then make sure that none of its processes is left."""
        if self.server:
            self.server.stop()
            self.kill()


def children_of(pid):
    """The process ids of a process's children."""
    path = Path(f"/proc/{pid}/task/{pid}/children")
    with contextlib.suppress(OSError):
        return [int(word) for word in path.read_text().split()]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            if int(stat_of(folder.name)[1]) == pid:
                found.append(int(folder.name))
    return found


def stat_of(pid):
    """The fields of /proc/PID/stat behind the name: state, parent, ...

    :raises OSError: there is no such process
    """
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


class Balancer:
    """One public address in front of several servers, as a proxy would be.

    It goes round the servers, passes over those that refuse, and answers 502 when
    none is left.
    """

    def __init__(self, port, backends):
        self.port = port
        self.backends = list(backends)
        self._next = 0
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        """Begin to listen."""
        self._thread.start()
        if not self._ready.wait(10):
            raise Problem(f"Port {self.port} can't be used.")

    def stop(self):
        """Let go of the port."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(
            asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1000)
        )
        self._ready.set()
        self._loop.run_forever()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))

    async def _serve(self, reader, writer):
        try:
            backend = await self._connect()
            if not backend:
                writer.write(BAD_GATEWAY)
                await writer.drain()
                return
            to_client = asyncio.ensure_future(_pump(backend[0], writer))
            to_server = asyncio.ensure_future(_pump(reader, backend[1]))
            await asyncio.wait(
                [to_client, to_server], return_when=asyncio.FIRST_COMPLETED
            )
            for task in (to_client, to_server):
                task.cancel()
            backend[1].close()
        except OSError:
            pass  # One side was killed: the other one sees a cut connection.
        finally:
            writer.close()

    async def _connect(self):
        for _attempt in self.backends:
            self._next += 1
            port = self.backends[self._next % len(self.backends)]
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", port)
        return None


async def _pump(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


class Harness:
    """Odoo servers, the address in front of them, and the database beside them."""

    def __init__(self, folder, python, database, options, environment, public_port):
        """:param folder: for logs
        :param python: the interpreter of Odoo's environment
        :param options: what every Odoo process needs: addons, data folder, database
        :param environment: variables for Odoo and ``psql``
        """
        self.folder = folder
        self._python = str(python)
        self._options = list(options)
        self.environment = environment
        self.server_environment = dict(environment)
        self.sql = Sql(database, environment)
        self.servers = []
        self.senders = []
        self.public_port = public_port
        self.url = f"http://127.0.0.1:{public_port}"
        self.balancer = None

    def odoo_command(self, *options, shell=False):
        """The command line of an Odoo on this database."""
        words = ["shell"] if shell else []
        return [self._python, str(LAUNCHER), *words, *self._options, *options]

    def add_servers(self, count, *, ports=(), options=()):
        """Prepare servers of two request workers and two for cron jobs each."""
        ports = list(ports) or [processes.free_port() for _ in range(2 * count)]
        known = ["--workers=2", "--max-cron-threads=2", "--log-level=warn"]
        for number in range(count):
            name = f"odoo-{'abcdef'[number]}"
            pair = ports[2 * number : 2 * number + 2]
            self.servers.append(OdooServer(self, name, *pair, [*known, *options]))
        self.balancer = Balancer(self.public_port, [s.port for s in self.servers])
        self.balancer.start()

    def start_servers(self):
        """Start those that don't run, and wait until all are ready."""
        for server in self.servers:
            if not server.running:
                server.kill()
                server.start()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(OdooServer.wait_until_ready, self.servers))

    def keep_senders(self, count):
        """Have so many further processes that send, beside the servers' own jobs.

        Odoo runs a job in one process at a time. These do not ask for its lock, as if
        other hosts were sending the same queue.
        """
        self.senders = [one for one in self.senders if one.poll() is None]
        command = self.odoo_command("--no-http", "--log-level=warn", shell=True)
        while len(self.senders) < count:
            log = self.folder / "senders.log"
            with open(SENDER, encoding="utf-8") as script, open(log, "ab") as stream:
                self.senders.append(
                    subprocess.Popen(
                        command,
                        stdin=script,
                        stdout=stream,
                        stderr=stream,
                        env=self.server_environment,
                        preexec_fn=stop_with_parent(),
                    )
                )

    def kill_senders(self):
        """End these processes at once."""
        for sender in self.senders:
            sender.kill()
            sender.wait()
        self.senders = []

    def stop(self):
        """Stop everything that this harness started."""
        self.kill_senders()
        for server in self.servers:
            server.stop()
        if self.balancer:
            self.balancer.stop()
            self.balancer = None

    def make_records(self, **values):
        """Make data with Odoo's own shell; see ``harness_records.py`` for the values.

        :raises Problem: it failed
        """
        known = self.environment | {"HARNESS_VALUES": json.dumps(values)}
        command = self.odoo_command("--no-http", "--log-level=error", shell=True)
        with open(RECORDS, encoding="utf-8") as script:
            code, output = run_quietly(command, env=known, stdin=script)
        if code or "HARNESS DONE" not in output:
            raise Problem(f"The records could not be made.\n{output[-1500:]}")

    def wake_cron(self, *names):
        """Have jobs of the addon run now instead of at their next minute."""
        listed = ", ".join(f"'{name}'" for name in names)
        self.sql.run(
            "INSERT INTO ir_cron_trigger (cron_id, call_at) SELECT d.res_id,"
            " now() AT TIME ZONE 'UTC' FROM ir_model_data d WHERE d.model = 'ir.cron'"
            " AND d.module = 'fieldservice_job_confirmation'"
            f" AND d.name IN ({listed}) AND NOT EXISTS (SELECT 1 FROM ir_cron_trigger t"
            " WHERE t.cron_id = d.res_id AND t.call_at <= now() AT TIME ZONE 'UTC')"
        )
        self.sql.run(f"NOTIFY cron_trigger, '{self.sql.database}'", "postgres")

    def find_in_logs(self, words):
        """Which of some words, like customers' numbers, stand in Odoo's logs."""
        paths = [server.log for server in self.servers]
        paths += self.folder.glob("senders.log")
        logs = [path.read_text(errors="replace") for path in paths]
        return [word for word in words if any(word in log for log in logs)]

    def has_cron(self, name):
        """Whether the addon has this job."""
        return bool(
            self.sql.value(
                "SELECT count(*) FROM ir_model_data WHERE model = 'ir.cron' AND module"
                f" = 'fieldservice_job_confirmation' AND name = '{name}'"
            )
        )


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
        for server in self.harness.servers:
            if not server.running:
                server.kill()
                server.start()
        self.harness.keep_senders(self.senders)
        name = self.dice.choices([*self.actions], [*self.actions.values()])[0]
        if getattr(self, name)():
            self.done[name] += 1
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
        if not all(server.listens for server in self.harness.servers):
            return False
        self.dice.choice(self.harness.servers).kill()
        return True

    def kill_sender(self):
        """SIGKILL a process that sends beside the servers."""
        if not self.harness.senders:
            return False
        self.dice.choice(self.harness.senders).kill()
        return True

    def cut_connections(self):
        """Have PostgreSQL close every connection to the database."""
        self.harness.sql.run(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE"
            f" datname = '{self.harness.sql.database}' AND pid <> pg_backend_pid()",
            "postgres",
        )
        return True

    def restart_postgres_fast(self):
        """A restart in which open transactions are rolled back."""
        self.postgres.restart(signal.SIGINT)
        return True

    def restart_postgres_immediate(self):
        """A crash: no clean shutdown, recovery from the log at the start."""
        self.postgres.restart(signal.SIGQUIT)
        return True


def has_psql():
    """Whether ``psql`` reaches the server that the environment names."""
    command = ["psql", "-XAqt", "-d", "postgres", "-c", "SELECT 1"]
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False
