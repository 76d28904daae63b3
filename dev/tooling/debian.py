# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Debian packages unpacked into a folder, without touching the system.

The archive's address is taken from the machine's own apt sources. A private apt
state (sources, lists, cache) lets an ordinary user fetch packages, of another suite
too.
"""

import os
import re
import shutil
from pathlib import Path

from .console import Problem, run, step

_SUITES = re.compile(
    r"^(bookworm|trixie|forky|duke|sid|unstable|testing|stable|oldstable)$"
)
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


def _archives():
    """The addresses of Debian archives named in this machine's apt sources."""
    root = Path("/etc/apt")
    files = [root / "sources.list", *sorted((root / "sources.list.d").glob("*"))]
    for path in files:
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if path.suffix == ".sources":
            yield from _from_deb822(text)
        elif path.suffix == ".list":
            yield from _from_list(text)


def _from_list(text):
    for line in text.splitlines():
        found = re.match(r"deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)", line.strip())
        if found and _SUITES.match(found[2]) and "main" in found[3].split():
            yield found[1]


def _from_deb822(text):
    for block in re.split(r"\n\s*\n", text):
        lines = [line for line in block.splitlines() if not line.startswith("#")]
        fields = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if colon and not line[:1].isspace():
                fields[name.strip().lower()] = value.split()
        if "main" not in fields.get("components", []):
            continue
        if any(_SUITES.match(suite) for suite in fields.get("suites", [])):
            yield from fields.get("uris", [])


class Archive:
    """A private apt state for one suite."""

    def __init__(self, folder, suite, name="apt"):
        """:param folder: where the state is kept; :param suite: ``sid``, ...

        :param name: another one for each of two states that are used at once
        """
        self.folder = folder / f"{name}-{suite}"
        self.suite = suite

    def _options(self):
        folder = self.folder
        return [
            "-o",
            f"Dir::Etc::sourcelist={folder}/sources.list",
            "-o",
            "Dir::Etc::sourceparts=/dev/null",
            "-o",
            f"Dir::State::lists={folder}/lists",
            "-o",
            f"Dir::Cache={folder}/cache",
            # Root's apt would hand over to a user who may not read this folder.
            "-o",
            f"APT::Sandbox::User={'root' if os.geteuid() == 0 else ''}",
            "-o",
            "Acquire::Retries=3",
            # Otherwise a failed download is a warning only.
            "-o",
            "APT::Update::Error-Mode=any",
        ]

    def _update(self, log):
        if not shutil.which("apt-get"):
            raise Problem(
                "This is not a Debian machine, so Odoo cannot be fetched as a Debian "
                "package. Get Odoo's 19.0 source and start with --odoo PATH."
            )
        address = next(iter(_archives()), None)
        if not address:
            raise Problem(
                "No Debian archive is named in this machine's apt sources. "
                "Get Odoo's 19.0 source and start with --odoo PATH."
            )
        for name in ("lists/partial", "cache/archives/partial", "deb"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        signed = f"[signed-by={KEYRING}] " if Path(KEYRING).exists() else ""
        (self.folder / "sources.list").write_text(
            f"deb {signed}{address} {self.suite} main\n", encoding="utf-8"
        )
        run(
            ["apt-get", *self._options(), "-qq", "update"],
            f"reading Debian's package list ({self.suite})",
            log=log,
        )

    def unpack(self, packages, target, log):
        """Download packages (without what they depend on) and unpack them."""
        self._update(log)
        deb = self.folder / "deb"
        for path in deb.glob("*.deb"):
            path.unlink()  # what a stopped set-up left
        run(
            ["apt-get", *self._options(), "-qq", "download", *packages],
            f"downloading {', '.join(packages)}",
            log=log,
            cwd=deb,
        )
        target.mkdir(parents=True, exist_ok=True)
        for path in sorted(deb.glob("*.deb")):
            run(["dpkg", "-x", str(path), str(target)], f"unpacking {path.name}")
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
