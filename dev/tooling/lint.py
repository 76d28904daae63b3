# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Lint: ruff, prettier, pylint-odoo and OCA's checks."""

import concurrent.futures
import os
import shutil
import subprocess

from . import cache as cache_folder
from . import node
from .console import Problem, run, step

REPOSITORY = cache_folder.REPOSITORY
# The README is Markdown for everybody who reads it outside OCA's own site.
OCA_DISABLED = ["--disable=prefer-readme-rst"]
PRETTIER = {"prettier": "3.6.2", "@prettier/plugin-xml": "3.4.2"}


def run_all(cache, odoo, *, fix=False):
    """Run every linter; print what they say. Returns 0 when all are content."""
    step("Checking the code ...")
    prettier = _prettier(cache, odoo)
    if fix:
        _fix(odoo, prettier)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(_lint, name, command, env)
            for name, command, env in _linters(cache, odoo, prettier)
        ]
        results = [job.result() for job in jobs]
    failed = [name for name, code in results if code]
    if failed:
        print(f"Lint failed: {', '.join(failed)}", flush=True)
    else:
        step(f"Lint is content: {', '.join(name for name, _code in results)}")
    return 1 if failed else 0


def _files(*suffixes):
    """Files of the repository that git tracks or would track."""
    command = ["git", "-C", str(REPOSITORY), "ls-files", "-co", "--exclude-standard"]
    try:
        names = run(command, "listing files").splitlines()
    except Problem:
        # No git, a downloaded archive, or somebody else's checkout.
        paths = (path.relative_to(REPOSITORY) for path in cache_folder.own_paths())
        ignored = {"__pycache__", "node_modules"}
        names = [
            str(path)
            for path in paths
            if ignored.isdisjoint(path.parts) and not path.parts[0].startswith(".")
        ]
    names = sorted({name for name in names if (REPOSITORY / name).is_file()})
    return [name for name in names if name.endswith(suffixes)]


def _prettier(cache, odoo):
    """The command of prettier, installed once with its XML plugin."""
    wanted = [f"{name}@{version}" for name, version in PRETTIER.items()]
    program, modules = node.install(cache, odoo, "prettier", wanted)
    plugin = modules / "@prettier/plugin-xml/src/plugin.js"
    binary = modules / "prettier/bin/prettier.cjs"
    return [str(program), str(binary), f"--plugin={plugin}"]


def _fix(odoo, prettier):
    ruff = [str(odoo.python), "-m", "ruff"]
    subprocess.run([*ruff, "check", "--fix", "-q", "."], cwd=REPOSITORY)
    subprocess.run([*ruff, "format", "-q", "."], cwd=REPOSITORY)
    files = _files(".xml", ".js", ".css", ".scss")
    if files:
        subprocess.run(
            [*prettier, "--write", "--log-level=warn", *files], cwd=REPOSITORY
        )


def _linters(cache, odoo, prettier):
    """(name, command, environment) of every linter."""
    python = str(odoo.python)
    addon = cache_folder.addon_path(cache) / cache_folder.ADDON
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    yield "ruff", [python, "-m", "ruff", "check", "."], env
    yield "ruff format", [python, "-m", "ruff", "format", "--check", "."], env
    files = _files(".xml", ".js", ".css", ".scss")
    if files:
        yield "prettier", [*prettier, "--check", "--log-level=warn", *files], env
    modules = [str(addon / name) for name in _files(".py")]
    modules = [name for name in modules if not name.startswith(str(addon / "dev"))]
    pylint = [python, "-m", "pylint", f"--rcfile={REPOSITORY / '.pylintrc'}", "-j2"]
    yield "pylint-odoo", [*pylint, *modules], env
    hooks = "import sys; from oca_pre_commit_hooks.cli import main; sys.exit(main())"
    copy = _copy_for_oca(cache)
    yield "oca-checks", [python, "-c", hooks, str(copy), *OCA_DISABLED], env
    po = _files(".po", ".pot")
    if po:
        hooks = hooks.replace(".cli import", ".cli_po import")
        yield "oca-checks-po", [python, "-c", hooks, *po], env


def _copy_for_oca(cache):
    """A copy of the addon in a folder of its name, below the mark of a repository.

    OCA's checks look for addons below a repository's root only; ours is the root
    itself, and they would pass over it without a word.
    """
    root = cache / "lint" / cache_folder.digest(REPOSITORY)
    shutil.rmtree(root, ignore_errors=True)
    (root / ".git").mkdir(parents=True)
    copy = root / cache_folder.ADDON
    for name in _files(""):
        if name.startswith(("dev/", ".")):
            continue
        target = copy / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / name, target)
    return copy


def _lint(name, command, env):
    done = subprocess.run(
        command,
        cwd=REPOSITORY,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        print(f"--- {name} ---\n{done.stdout.strip()}\n", flush=True)
    return name, done.returncode
