# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/test``: lint, and every test on databases of their own."""

import contextlib
import os
import shutil
from concurrent.futures import ThreadPoolExecutor

from . import apt, lint, neighbours
from .cache import ADDON, REPOSITORY, UNIT, addons_folder
from .console import step
from .database import scratch
from .process import run_in_front
from .simulator import SimulatorProcess

BROWSERS = ["google-chrome", "chromium", "chromium-browser", "google-chrome-stable"]
PROCESSES = 2


def run(options, odoo):
    """Run what was asked for; returns the exit code."""
    words = options.pytest
    if options.unit:
        command = [odoo.python, "-m", "pytest", *words]
        return run_in_front(command, cwd=UNIT, env=_environment(os.environ))
    if options.lint or options.fix:
        code = lint.run_all(odoo, fix=options.fix)
        if code or options.lint:
            return code
    elif not options.no_lint and not words:
        # Beside the tests, which often wait; it ends with them when they are stopped.
        linting = ThreadPoolExecutor(1).submit(lint.run_all, odoo)
        code = _test(options, odoo)
        if linting.result():
            step("Lint has failed, see above.")
        return code or linting.result()
    return _test(options, odoo)


def _test(options, odoo):
    """Run pytest in a database of its own; returns its exit code."""
    find_browser(odoo)
    with scratch(odoo, "test") as database:
        step("Installing the addon ...")
        others = neighbours.move_in(database) if options.together else []
        database.install(*others, ADDON)
        step("Running the tests ...")
        return _pytest(database, options.n, options.pytest)


def find_browser(odoo):
    """The path of a browser, installed if there is none."""
    if found := next(filter(None, map(shutil.which, BROWSERS)), None):
        return found
    apt.install(["chromium"], "Chromium", odoo.cache / "apt.log")
    return shutil.which("chromium")


def _pytest(database, processes, words):
    """Run pytest in Odoo's way; returns its exit code."""
    addon = addons_folder() / ADDON
    words = [_below(addon, word) for word in words]
    named = [word for word in words if word.startswith(str(addon))]
    if processes is None:
        alone = named or "--pdb" in words or "-s" in words
        processes = 0 if alone else PROCESSES
    command = [database.odoo.python, "-m", "pytest", "-p", "no:cacheprovider"]
    command += ["-p", "tooling.pytest_plugin", "--odoo-http"]
    command += ["--import-mode=importlib", f"--rootdir={addon}"]
    command += ["-c", str(addon / "pyproject.toml")]
    # By class, in our order: what a class sets up is set up once.
    command += ["-n", str(processes), "--dist=loadscope", "--no-loadscope-reorder"]
    command += words if named else [*words, str(addon / "tests")]
    with database.configuration() as config, contextlib.ExitStack() as end:
        # Started once, and not by each class; every test process has its own.
        simulators = [
            end.enter_context(SimulatorProcess()) for _ in range(processes or 1)
        ]
        env = _environment(database.environment()) | {"ODOO_RC": str(config)}
        env["JOB_CONFIRMATION_SIMULATORS"] = " ".join(one.url for one in simulators)
        if processes:
            # Each has a copy, so that nobody uses this one: it can be copied again.
            env["JOB_CONFIRMATION_TEMPLATE"] = database.name
        return run_in_front([*command, f"--odoo-config={config}"], env=env, cwd=addon)


def _environment(variables):
    return {**variables, "PYTHONPATH": str(REPOSITORY / "dev")}


def _below(addon, word):
    """A path of the repository as one of the linked addon; other words as they are."""
    # An option's value can look like a path as well, so options stay as they are.
    is_path = not word.startswith("-") and (REPOSITORY / word.split("::")[0]).exists()
    return str(addon / word) if is_path else word
