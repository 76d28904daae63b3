# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/test``: set-up, lint, every test. See ``main``'s help text."""

import argparse
import os
import secrets
import shutil

from . import cache as cache_folder
from . import child, debian, lint, processes, python
from .console import clear_problems, step
from .database import Databases
from .postgres import Postgres

ADDON = cache_folder.ADDON
BROWSERS = ["google-chrome", "chromium", "chromium-browser", "google-chrome-stable"]


def _arguments():
    parser = argparse.ArgumentParser(
        prog="dev/test",
        description="Set up Odoo 19 and PostgreSQL, run lint and every test.",
        epilog="Other arguments go to pytest, for example: dev/test -k opt_out -x. "
        "Files may be named by their path in the repository (tests/test_send.py).",
    )
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19 source")
    parser.add_argument("--no-lint", action="store_true", help="skip lint")
    parser.add_argument("--lint", action="store_true", help="lint only")
    parser.add_argument(
        "--fix", action="store_true", help="let ruff and prettier mend files, then lint"
    )
    parser.add_argument(
        "--odoo-runner",
        action="store_true",
        help="use Odoo's own test runner (--test-enable) instead of pytest",
    )
    return parser.parse_known_args()


def main():
    """Entry point of ``dev/test``."""
    options, passed = _arguments()
    child.stop_on_signals()
    with clear_problems():
        raise SystemExit(_run(options, passed))


def _run(options, passed):
    cache = cache_folder.folder()
    if not (options.lint or any(map(shutil.which, BROWSERS))):
        debian.install(["chromium"], "Chromium (for browser tests)", cache / "apt.log")
    odoo = python.prepare(cache, options.odoo, tests=True)
    if not options.no_lint and (options.lint or options.fix or not passed):
        code = lint.run_all(cache, odoo, fix=options.fix)
        if code or options.lint:
            return code
    data = cache / "test"
    data.mkdir(exist_ok=True)
    postgres = Postgres(odoo.site, data, durable=False)
    with postgres.shared():
        databases = Databases(odoo, postgres, cache, data)
        template = databases.template()
        name = f"test_{os.getpid()}_{secrets.token_hex(3)}"
        postgres.copy(template, name)
        try:
            runner = _odoo_runner if options.odoo_runner else _pytest
            return runner(cache, odoo, databases, name, passed)
        finally:
            postgres.drop(name)
            for folder in (data / "odoo" / "filestore").glob(f"{name}*"):
                shutil.rmtree(folder, ignore_errors=True)


def _pytest(cache, odoo, databases, name, passed):
    step("Installing the addon ...")
    databases.install(name, modules=[ADDON])
    addon = cache_folder.addon_path(cache) / ADDON
    tests = addon / "tests"
    given = [
        str(addon / word)
        if (cache_folder.REPOSITORY / word.split("::")[0]).exists()
        # An option's value can look like a path as well, so options stay as they are.
        and not word.startswith("-")
        else word
        for word in passed
    ]
    if not any(word.startswith(str(addon)) for word in given):
        given.append(str(tests))
    config = databases.data / f"{name}.conf"
    paths = [addon.parent, *odoo.addons]
    config.write_text(
        "[options]\n"
        f"addons_path = {','.join(map(str, paths))}\n"
        f"data_dir = {databases.data / 'odoo'}\n"
        f"db_name = {name}\n"
        f"dbfilter = ^{name}$\n"
    )
    env = databases.environment()
    env["ODOO_RC"] = str(config)
    command = [str(odoo.python), "-m", "pytest", "-p", "no:cacheprovider"]
    command += [f"--odoo-config={config}", "--odoo-http", "--import-mode=importlib"]
    command += ["-c", str(addon / "pyproject.toml"), f"--rootdir={addon}"]
    # The unit tests are plain pytest, without Odoo.
    command += [f"--ignore={tests / 'unit'}", *given]
    step("Running the tests ...")
    try:
        return child.run_in_front(command, env=env, cwd=addon)
    finally:
        config.unlink()


def _odoo_runner(_cache, odoo, databases, name, passed):
    options = [*databases.odoo_options(name), "--stop-after-init", "--test-enable"]
    options += ["-i", ADDON, f"--test-tags=/{ADDON}"]
    options += [f"--http-port={processes.free_port()}"]
    options += ["--log-level=warn", "--log-handler=odoo.tests.result:INFO"]
    step("Running the tests with Odoo's own runner ...")
    command = odoo.command(*options, *passed)
    return child.run_in_front(command, env=databases.environment())
