# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Databases with Odoo in them."""

import contextlib
import os
import secrets
import shutil

import urllib3

from . import cache
from .console import step
from .postgres import THROW_AWAY, Postgres
from .process import Server, run

# What the addon builds on; a template holds these so that only ours is installed.
BASE_MODULES = ["fieldservice", "sms_twilio"]


class Database:
    """One database of one Odoo on one PostgreSQL."""

    def __init__(self, odoo, postgres, name):
        self.odoo = odoo
        self.postgres = postgres
        self.name = name
        self.data = postgres.folder / "odoo"  # files that Odoo keeps
        self.log = postgres.folder / "odoo-setup.log"

    def options(self, addons_path=None):
        """Options that every Odoo process here needs."""
        return [
            f"--addons-path={','.join(map(str, addons_path or self.odoo.addons_path))}",
            f"--data-dir={self.data}",
            f"--database={self.name}",
            f"--db-filter=^{self.name}$",
            "--no-database-list",
        ]

    @contextlib.contextmanager
    def configuration(self):
        """A file with what every Odoo process here needs, for as long as it is used."""
        path = self.postgres.folder / f"{self.name}.conf"
        path.write_text(
            "[options]\n"
            f"addons_path = {','.join(map(str, self.odoo.addons_path))}\n"
            f"data_dir = {self.data}\n"
            f"db_name = {self.name}\n"
            f"dbfilter = ^{self.name}$\n"
        )
        try:
            yield path
        finally:
            path.unlink()

    def environment(self):
        """Variables for an Odoo process."""
        env = self.postgres.environment()
        env["PYTHONDONTWRITEBYTECODE"] = "1"
        # Odoo starts itself anew as "python", after it has met one of its limits.
        env["PATH"] = os.pathsep.join([str(self.odoo.folder / "bin"), env["PATH"]])
        # A person's own Odoo configuration must not leak in.
        env["ODOO_RC"] = os.devnull
        env.pop("OPENERP_SERVER", None)
        # Nor does the machine's proxy, if it has one, know this machine's ports.
        others = env.get("no_proxy") or env.get("NO_PROXY") or ""
        env["no_proxy"] = env["NO_PROXY"] = f"localhost,127.0.0.1,{others}"
        return env

    def run(self, *words, what, script=None, addons_path=None, env=None):
        """Run Odoo until it stops by itself; returns what it wrote.

        :param what: what it does, for a sentence when it fails
        :param script: Python for Odoo's shell
        :param env: further variables
        """
        mode = ["shell"] if script else []
        words = [*mode, *self.options(addons_path), "--no-http", *words]
        return run(
            self.odoo.command(*words),
            what,
            log=self.log,
            env={**self.environment(), **(env or {})},
            **({"input": script} if script else {}),
        )

    def install(self, *modules, update=(), demo=False):
        """Install or update modules."""
        words = ["--stop-after-init", "--log-level=warn"]
        words += ["--with-demo"] if demo else []
        words += ["-i", ",".join(modules)] if modules else []
        words += ["-u", ",".join(update)] if update else []
        names = ", ".join([*modules, *update])
        return self.run(*words, what=f"installing {names} in Odoo")

    def server(self, port, *words, env=None):
        """An Odoo server on it, to be started.

        :param words: further options
        :param env: further variables
        """
        address = ["--http-interface=127.0.0.1", f"--http-port={port}"]
        return Server(
            "Odoo",
            self.odoo.command(*self.options(), *address, *words),
            self.postgres.folder / "odoo.log",
            env={**self.environment(), **(env or {})},
        )

    def drop(self):
        """Drop it with its files, and what a test process that died made of it."""
        for name in [self.name, *self.postgres.databases()]:
            if name == self.name or name.startswith(f"{self.name}-"):
                self.postgres.drop(name)
        for folder in (self.data / "filestore").glob(f"{self.name}*"):
            shutil.rmtree(folder, ignore_errors=True)


def answers(port, path):
    """Whether a server on this machine shows a page (the first time takes long)."""
    url = f"http://127.0.0.1:{port}{path}"
    with contextlib.suppress(urllib3.exceptions.HTTPError):
        # Unlike others, urllib3 does not ask the machine's proxy, if it has one.
        return urllib3.request("GET", url, retries=False, timeout=60).status == 200
    return False


def template(odoo, postgres, *, demo=False):
    """The name of a database with what the addon builds on, made once."""
    name = f"template_{'demo' if demo else 'plain'}_{odoo.version}"
    with cache.locked(postgres.folder / f"{name}.lock"):
        if name not in postgres.databases():
            step("Installing Odoo's field service in a template database ...")
            making = Database(odoo, postgres, f"{name}_making")
            postgres.drop(making.name)
            making.install(*BASE_MODULES, demo=demo)
            postgres.rename(making.name, name)
    return name


@contextlib.contextmanager
def scratch(odoo, purpose, *, demo=False):
    """A :class:`Database` with what the addon builds on, dropped at the end."""
    folder = cache.make(odoo.cache / "scratch", "JOB_CONFIRMATION_CACHE")
    postgres = Postgres(odoo, folder, THROW_AWAY)
    with postgres.shared():
        name = f"{purpose}_{os.getpid()}_{secrets.token_hex(3)}"
        database = Database(odoo, postgres, name)
        postgres.copy(template(odoo, postgres, demo=demo), name)
        try:
            yield database
        finally:
            database.drop()
