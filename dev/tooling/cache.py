# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where things are kept, who may touch them at once, and the repository's files."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import tomllib
from pathlib import Path

from .console import Problem, step

REPOSITORY = Path(__file__).resolve().parents[2]
ADDON = "fieldservice_job_confirmation"
UNIT = REPOSITORY / "tests" / "unit"  # tests without Odoo
# Odoo, the packages and one demo database together.
NEEDED_MIB = 3000


def folder():
    """The cache folder: downloads, environments, databases.

    ``JOB_CONFIRMATION_CACHE`` wins, then ``XDG_CACHE_HOME``. Root's lies outside its
    home, because PostgreSQL runs as another user and must read it.
    """
    if chosen := os.environ.get("JOB_CONFIRMATION_CACHE"):
        path = Path(chosen).expanduser().resolve()
    elif os.geteuid() == 0:
        path = Path("/var/cache") / ADDON
    else:
        home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        path = Path(home).resolve() / ADDON
    return make(path, "the environment variable JOB_CONFIRMATION_CACHE")


def make(path, option):
    """Make a folder.

    :param option: with what the person chooses another one
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Problem(f"{path} is no folder. Name another one with {option}.") from None
    if os.geteuid() == 0:
        path.chmod(path.stat().st_mode | 0o011)
    if REPOSITORY in path.parents:
        # As pytest and ruff do it: nothing in it is a file of the addon.
        (path / ".gitignore").write_text("*\n")
    return path


def check_space(path, needed_mib=NEEDED_MIB):
    """Say so before, not after, when the disk is too small."""
    free_mib = shutil.disk_usage(path).free // (1024 * 1024)
    if free_mib < needed_mib:
        raise Problem(
            f"The disk is nearly full: {path} has {free_mib} MB free and {needed_mib} "
            "MB are needed. Free some space, or name another folder in the environment "
            "variable JOB_CONFIRMATION_CACHE."
        )


def digest(*parts):
    """A short name for a combination of texts."""
    joined = "\0".join(map(str, parts)).encode()
    return hashlib.sha256(joined).hexdigest()[:12]


def files():
    """Paths, from the repository, of what git tracks or would track."""
    command = ["git", "-C", REPOSITORY, "ls-files", "-co", "--exclude-standard"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        names = set(done.stdout.splitlines())
    except (OSError, subprocess.CalledProcessError):
        # No git, a downloaded archive, or somebody else's checkout.
        paths = (path.relative_to(REPOSITORY) for path in REPOSITORY.rglob("*"))
        names = {str(p) for p in paths if not p.parts[0].startswith(".")}
    return sorted(name for name in names if (REPOSITORY / name).is_file())


def addon_digest():
    """A name for the state of the files that run."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    shipped = set(wheel["only-include"])
    state = hashlib.sha256()
    for name in files():
        if name.partition("/")[0] in shipped and not name.endswith((".pyc", ".png")):
            state.update(name.encode() + b"\0" + (REPOSITORY / name).read_bytes())
    return state.hexdigest()[:16]


@contextlib.contextmanager
def locked(path, busy=None):
    """Hold a lock file; wait for another holder, or raise ``busy`` as a Problem."""
    with open(path, "a", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if busy:
                raise Problem(busy) from None
            step("Waiting for another setup to finish ...")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def addons_folder():
    """A folder in which this checkout appears under the addon's technical name."""
    path = folder() / "checkouts" / digest(REPOSITORY)
    path.mkdir(parents=True, exist_ok=True)
    link = path / ADDON
    if not link.is_symlink() or Path(os.readlink(link)) != REPOSITORY:
        # In one go, because another run may look at it now.
        making = path / f"making-{os.getpid()}"
        making.symlink_to(REPOSITORY)
        making.replace(link)
    return path
