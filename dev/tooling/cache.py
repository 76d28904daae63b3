# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where things are kept, and who may touch them at once."""

import contextlib
import fcntl
import hashlib
import os
import shutil
from pathlib import Path

from .console import Problem, step

REPOSITORY = Path(__file__).resolve().parents[2]
ADDON = "fieldservice_job_confirmation"
# Odoo, the packages and one demo database together.
NEEDED_MIB = 3000


def folder():
    """The cache folder: downloads, environments, databases.

    ``JOB_CONFIRMATION_CACHE`` wins, then ``XDG_CACHE_HOME``. Root's default lies
    outside its home, because PostgreSQL runs as another user and must read it.
    """
    chosen = os.environ.get("JOB_CONFIRMATION_CACHE")
    if chosen:
        path = Path(chosen).expanduser().resolve()
    elif os.environ.get("XDG_CACHE_HOME"):
        path = Path(os.environ["XDG_CACHE_HOME"]).resolve() / ADDON
    elif os.geteuid() == 0:
        path = Path("/var/cache") / ADDON
    else:
        path = Path.home() / ".cache" / ADDON
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise Problem(
            f"The cache folder {path} is no folder. Name another one in the "
            "environment variable JOB_CONFIRMATION_CACHE."
        ) from None
    if os.geteuid() == 0:
        os.chmod(path, path.stat().st_mode | 0o011)
    if REPOSITORY in path.parents:
        # As pytest and ruff do it: nothing in it is a file of the addon.
        (path / ".gitignore").write_text("*\n")
    return path


def own_paths():
    """What lies in the repository, but for a cache folder within it."""
    chosen = folder()
    for path in REPOSITORY.rglob("*"):
        if chosen != path and chosen not in path.parents:
            yield path


def check_space(
    path,
    needed_mib=NEEDED_MIB,
    other="name another folder in the environment variable JOB_CONFIRMATION_CACHE",
):
    """Say so before, not after, when the disk is too small for the first start."""
    free_mib = shutil.disk_usage(path).free // (1024 * 1024)
    if free_mib < needed_mib:
        raise Problem(
            f"The disk is nearly full: {path} has {free_mib} MB free and the set-up "
            f"needs {needed_mib} MB. Free some space, or {other}."
        )


def digest(*parts):
    """A short name for a combination of texts."""
    joined = "\0".join(map(str, parts)).encode()
    return hashlib.sha256(joined).hexdigest()[:12]


def addon_digest():
    """A name for the state of the addon's own files (not dev, not tests)."""
    state = hashlib.sha256()
    for path in sorted(own_paths()):
        inside = path.relative_to(REPOSITORY)
        top = inside.parts[0]
        if top.startswith(".") or top in {"dev", "tests", "readme", "doc"}:
            continue
        if path.suffix in {".pyc", ".md", ".png"} or not path.is_file():
            continue
        state.update(str(inside).encode() + b"\0" + path.read_bytes())
    return state.hexdigest()[:16]


@contextlib.contextmanager
def locked(path, busy=None):
    """Hold a lock file; wait for another holder, or raise ``busy`` as a Problem."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if busy:
                raise Problem(busy) from None
            step("Waiting for another set-up to finish ...")
            fcntl.flock(stream, fcntl.LOCK_EX)
        yield stream


def addon_path(cache):
    """A folder in which this checkout appears under the addon's technical name."""
    path = cache / "checkouts" / digest(REPOSITORY)
    path.mkdir(parents=True, exist_ok=True)
    link = path / ADDON
    if not link.is_symlink() or Path(os.readlink(link)) != REPOSITORY:
        # In one go, because another run may look at it now.
        making = path / f"making-{os.getpid()}"
        making.unlink(missing_ok=True)
        making.symlink_to(REPOSITORY)
        making.replace(link)
    return path
