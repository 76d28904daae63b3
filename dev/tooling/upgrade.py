# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/upgrade``: the addon's life in real databases. See ``main``'s help text."""

import argparse
import contextlib
import io
import json
import os
import secrets
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from . import cache as cache_folder
from . import child, python
from .console import Problem, clear_problems, run, step
from .database import Databases
from .postgres import Postgres

ADDON = cache_folder.ADDON
HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "upgrade_scripts"
NEIGHBOURS = HERE / "requirements-neighbours.txt"
# The first version that could be installed and used.
FIRST_VERSION = "042b099"
RESULT = "UPGRADE-RESULT "
# What Odoo itself says at that log level without anything being wrong.
HARMLESS = ("DeprecationWarning", "wkhtmltopdf", "--without-demo")


def main():
    """Entry point of ``dev/upgrade``."""
    parser = argparse.ArgumentParser(
        prog="dev/upgrade",
        description="Try the addon's life in real databases with demo data. update: "
        "from the first version, with data, to the present one. uninstall: with data, "
        "look for what is left, install again. together: with OCA's other field "
        "service addons.",
    )
    parser.add_argument("steps", nargs="*", choices=[*STEPS, []], help="all by default")
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19 source")
    options = parser.parse_args()
    child.stop_on_signals()
    with clear_problems():
        _run(options.steps or list(STEPS), options.odoo)


def _run(steps, odoo_path):
    cache = cache_folder.folder()
    odoo = python.prepare(cache, odoo_path)
    data = cache / "test"
    data.mkdir(exist_ok=True)
    postgres = Postgres(odoo.site, data, durable=False)
    with postgres.shared():
        databases = Databases(odoo, postgres, cache, data)
        template = databases.template(demo=True)
        for name in steps:
            step(f"--- {name}")
            with _life(databases, template) as life:
                STEPS[name](life)
    step("All is well.")


@contextlib.contextmanager
def _life(databases, template):
    """A copy of the template, dropped afterwards."""
    name = f"life_{os.getpid()}_{secrets.token_hex(3)}"
    databases.postgres.copy(template, name)
    try:
        with tempfile.TemporaryDirectory(prefix="life-") as folder:
            yield Life(databases, name, Path(folder))
    finally:
        databases.postgres.drop(name)
        shutil.rmtree(databases.data / "odoo" / "filestore" / name, ignore_errors=True)


class Life:
    """One database, and what can happen to it."""

    def __init__(self, databases, name, folder):
        self.databases = databases
        self.name = name
        self.folder = folder
        self.present = cache_folder.addon_path(databases.cache)

    def odoo(self, *options, addons=None, more=(), script=None):
        """Run Odoo on the database; anything in its log is a problem.

        :param addons: the folder that holds our addon; the present one by default
        :param more: further addon folders
        :param script: Python for Odoo's shell
        :return: what it wrote
        """
        odoo = self.databases.odoo
        paths = [addons or self.present, *more, *odoo.addons]
        command = odoo.command(
            *(["shell"] if script else []),
            f"--addons-path={','.join(map(str, paths))}",
            f"--data-dir={self.databases.data / 'odoo'}",
            f"--database={self.name}",
            "--no-http",
            "--log-level=warn",
            "--max-cron-threads=0",
            *([] if script else ["--stop-after-init"]),
            *options,
        )
        done = subprocess.run(
            command,
            input=script,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=self.databases.environment(),
        )
        lines = done.stdout.splitlines()
        bad = [
            line
            for line in lines
            if any(word in line for word in (" WARNING ", " ERROR ", " CRITICAL "))
            and not any(word in line for word in HARMLESS)
        ]
        if done.returncode or bad:
            tail = "\n".join([*bad[:20], *lines[-40:]])
            raise Problem(f"Odoo is not content:\n{tail}")
        return done.stdout

    def ask(self, script, **options):
        """Run one of the scripts beside this file in Odoo's shell.

        :return: what it handed over
        """
        text = (SCRIPTS / f"{script}.py").read_text()
        output = self.odoo(script=text, **options)
        for line in output.splitlines():
            if line.startswith(RESULT):
                return json.loads(line.removeprefix(RESULT))
        raise Problem(f"{script} came to no end:\n{output[-2000:]}")


def _update(life):
    """From the first version, with data, to the present one."""
    old = life.folder / "old" / ADDON
    old.mkdir(parents=True)
    repository = str(cache_folder.REPOSITORY)
    command = ["git", "-C", repository, "archive", "--format=tar", FIRST_VERSION]
    archive = subprocess.run(command, capture_output=True)
    if archive.returncode:
        step("Skipped: this copy of the repository does not hold the first version.")
        return
    with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
        tar.extractall(old, filter="data")
    step("Installing the first version, with demo data ...")
    life.odoo("-i", ADDON, "--with-demo", addons=old.parent)
    step("Working with it ...")
    life.ask("make_data", addons=old.parent)
    before = life.ask("snapshot", addons=old.parent)
    step("Updating it to the present one ...")
    life.odoo("-u", ADDON)
    after = life.ask("snapshot")
    _compare(before, after)
    step("Looking at every screen ...")
    life.ask("check_screens")
    life.ask("check_updated")


def _compare(before, after):
    """:raises Problem: something that was there is not there any more"""
    for what, rows in before.items():
        for key, row in rows.items():
            new = after[what].get(key)
            if new is None:
                raise Problem(f"{what} {key} is gone: {row}")
            changed = {
                name: new.get(name) for name in row if row[name] != new.get(name)
            }
            if changed:
                raise Problem(f"{what} {key} changed: {row} -> {changed}")
        step(f"{what}: {len(rows)} kept")


def _uninstall(life):
    """With data; then look for what is left, and install it again."""
    step("Installing it, with demo data ...")
    life.odoo("-i", ADDON, "--with-demo")
    life.ask("make_data")
    schema = life.ask("check_screens")
    step("Uninstalling it ...")
    life.ask("uninstall")
    step("Looking for what is left ...")
    life.ask("check_uninstalled")
    step("Installing it again ...")
    life.odoo("-i", ADDON)
    again = life.ask("check_screens")
    if again["views"] < schema["views"]:
        raise Problem("There are fewer views than before.")


def _together(life):
    """With OCA's other field service addons."""
    folder, names = _neighbours(life.databases)
    step(f"Installing it together with {', '.join(names)} ...")
    life.odoo("-i", ",".join([*names, ADDON]), "--with-demo", more=[folder])
    step("Looking at every screen ...")
    life.ask("make_data", more=[folder])
    found = life.ask("check_screens", more=[folder])
    step(f"{found['views']} views of {found['models']} models are whole")


def _neighbours(databases):
    """OCA's other addons, in a folder of their own.

    :return: (folder, their technical names)
    """
    wanted = NEIGHBOURS.read_text()
    target = databases.cache / f"neighbours-{cache_folder.digest(wanted)}"
    addons = target / "odoo" / "addons"
    if not (target / ".complete").exists():
        step("Fetching OCA's other field service addons ...")
        shutil.rmtree(target, ignore_errors=True)
        # Without what they need themselves: that is Odoo, and each other.
        command = [databases.odoo.python, "-m", "pip", "install", "-q", "--no-deps"]
        command += ["--target", target, "-r", NEIGHBOURS]
        run([str(word) for word in command], "fetching addons", log=databases.log)
        (target / ".complete").touch()
    return addons, sorted(path.name for path in addons.iterdir() if path.is_dir())


STEPS = {"update": _update, "uninstall": _uninstall, "together": _together}
