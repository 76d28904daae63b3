# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Debian packages unpacked into a folder, without touching the system.

A private apt state (sources, lists, cache) lets an ordinary user fetch packages, of
another suite too. The archive's address is that of the machine's own apt sources.
"""

import os
import re
import shutil

from .console import Problem, step
from .process import run

_SUITES = re.compile(
    r"(bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable) main (\S+)"
)
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
CONFIG = """
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State::lists "{folder}/lists";
Dir::Cache "{folder}/cache";
// Root's apt would hand over to a user who may not read this folder.
APT::Sandbox::User "{user}";
Acquire::Retries "3";
// Otherwise a failed download is a warning only.
APT::Update::Error-Mode "any";
"""


def _archive():
    """The address of Debian's archive."""
    if not shutil.which("apt-get"):
        raise Problem(
            "This is not a Debian machine, so nothing can be fetched as a Debian "
            "package. Get Odoo's 19.0 source and start with --odoo PATH; for --at, "
            "install libfaketime."
        )
    form = "$(CODENAME) $(COMPONENT) $(REPO_URI)"
    listed = run(["apt-get", "indextargets", "--format", form], "reading apt's sources")
    for line in listed.splitlines():
        if found := _SUITES.fullmatch(line):
            return found[2]
    raise Problem(
        "No Debian archive is named in this machine's apt sources. "
        "Get Odoo's 19.0 source and start with --odoo PATH."
    )


def unpack(packages, target, state, log, suite="sid"):
    """Download packages, without what they depend on, and unpack them.

    :param state: folder for apt's own files, another one for each of two at once
    """
    deb = state / "deb"
    shutil.rmtree(deb, ignore_errors=True)  # What a stopped setup left.
    for folder in (deb, state / "lists/partial", state / "cache/archives/partial"):
        folder.mkdir(parents=True, exist_ok=True)
    signed = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
    (state / "sources.list").write_text(f"deb {signed}{_archive()} {suite} main\n")
    user = "" if os.geteuid() else "root"
    (state / "apt.conf").write_text(CONFIG.format(folder=state, user=user))
    options = {"log": log, "cwd": deb}
    options["env"] = {**os.environ, "APT_CONFIG": str(state / "apt.conf")}
    run(["apt-get", "-qq", "update"], "reading Debian's package list", **options)
    what = f"downloading {', '.join(packages)}"
    run(["apt-get", "-qq", "download", *packages], what, **options)
    for path in sorted(deb.glob("*.deb")):
        run(["dpkg", "-x", path, target], f"unpacking {path.name}")
        path.unlink()


def install(packages, what, log):
    """Install system packages, or name the command that does.

    :raises Problem: not root; the sentence holds the command
    """
    command = f"apt-get install -y --no-install-recommends {' '.join(packages)}"
    if os.geteuid() or not shutil.which("apt-get"):
        raise Problem(f"{what} is missing. Install it with: sudo {command}")
    step(f"{what} is missing: installing it ...")
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "-qq", "update"], "reading Debian's package list", log=log, env=env)
    run(command.split(), f"installing {' '.join(packages)}", log=log, env=env)
