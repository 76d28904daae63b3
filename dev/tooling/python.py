# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo 19 with its Python packages, in a virtual environment of its own."""

import concurrent.futures
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from . import cache as cache_folder
from .child import run_quietly, stop_commands
from .console import Problem, run, step
from .debian import Archive

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements.txt"
REQUIREMENTS_TEST = HERE / "requirements-test.txt"
REQUIREMENTS_ADDONS = HERE / "requirements-addons.txt"
DEBIAN_PACKAGES = [
    "odoo-19",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
]


@dataclass
class Odoo:
    """A runnable Odoo."""

    source: Path  # the folder that holds the package ``odoo``
    python: Path  # the interpreter of the environment
    site: Path  # its site-packages
    version: str  # names the combination, for databases made with it

    def command(self, *arguments):
        """The command line of Odoo's own launcher."""
        return [str(self.python), "-m", "odoo", *arguments]

    @property
    def addons(self):
        """Addon folders besides the ones inside the package."""
        beside = self.source / "addons"
        return [beside] if (beside / "web").is_dir() else []


def prepare(cache, odoo_path=None, tests=False):
    """Get everything that is missing and return a runnable :class:`Odoo`.

    :param odoo_path: an existing Odoo 19 source, or None to fetch Debian's
    :param tests: also what lint and tests need
    """
    if sys.version_info < (3, 11):
        raise Problem(
            f"Python 3.11 or newer is needed, this is {platform.python_version()}."
        )
    log = cache / "setup.log"
    with cache_folder.locked(cache / "setup.lock"):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            fetching = pool.submit(_source, cache, odoo_path, log)
            environment = pool.submit(_environment, cache, odoo_path, tests, log)
            for job in concurrent.futures.as_completed([fetching, environment]):
                if job.exception():
                    stop_commands()  # no need to wait for the other one
                    raise job.exception()
            source = fetching.result()
            python, site = environment.result()
        _join(source, site)
        _addons(python, site, log)
        if not odoo_path:
            _complete(source, site)
    version = cache_folder.digest(
        source,
        *(path.read_text() for path in (REQUIREMENTS, REQUIREMENTS_ADDONS)),
    )
    return Odoo(source, python, site, version)


def _source(cache, odoo_path, log):
    """The folder that holds the package ``odoo``."""
    if odoo_path:
        source = Path(odoo_path).expanduser().resolve()
        if not (source / "odoo" / "release.py").is_file():
            raise Problem(
                f"{source} holds no Odoo source (no odoo/release.py). Point --odoo at "
                "a checkout of Odoo's 19.0 branch."
            )
        _check_release(source)
        return source
    root = cache / "odoo"
    source = root / "usr/lib/python3/dist-packages"
    done = root / ".complete"
    if not done.exists():
        cache_folder.check_space(cache)
        step("Fetching Odoo 19 (Debian's package, 123 MB) ...")
        for old in (root, *cache.glob("odoo-making-*")):
            shutil.rmtree(old, ignore_errors=True)
        # A killed set-up's dpkg may write on for a moment, into a folder of its own.
        making = cache / f"odoo-making-{os.getpid()}"
        Archive(cache, "sid").unpack(DEBIAN_PACKAGES, making, log)
        (making / done.name).touch()
        making.rename(root)
        step("Odoo 19 is here.")
    return source


def _check_release(source):
    release = {}
    try:
        exec((source / "odoo" / "release.py").read_text(), release)  # noqa: S102
        series = tuple(release["version_info"][:2])
        version = release["version"]
    except Exception as error:
        raise Problem(
            f"{source}/odoo/release.py names no version ({error}). Point --odoo at a "
            "checkout of Odoo's 19.0 branch."
        ) from error
    if series != (19, 0):
        raise Problem(f"{source} is Odoo {version}; this addon needs Odoo 19.0.")


def _environment(cache, odoo_path, tests, log):
    """A virtual environment with the pinned packages."""
    name = cache_folder.digest(sys.version_info[:2], REQUIREMENTS.read_text())
    if odoo_path:
        name += "-" + cache_folder.digest(Path(odoo_path).expanduser().resolve())
    folder = cache / f"python-{name}"
    python = folder / "bin" / "python"
    # The Python that it was made with may be gone (an upgrade, a version manager).
    if not (folder / ".complete").exists() or not python.exists():
        step("Making a Python environment ...")
        shutil.rmtree(folder, ignore_errors=True)
        _make_environment(cache, folder, log)
        step("Installing Python packages ...")
        _pip(python, ["-r", str(REQUIREMENTS)], log)
        (folder / ".complete").touch()
        step("Python packages are installed.")
    wanted = REQUIREMENTS_TEST.read_text() if tests else ""
    installed = folder / ".tests"
    if wanted and (not installed.exists() or installed.read_text() != wanted):
        step("Installing packages for tests ...")
        _pip(python, ["-r", str(REQUIREMENTS_TEST)], log)
        installed.write_text(wanted)
    return python, _site(python)


def _site(python):
    lib = python.parents[1] / "lib"
    return next(lib.glob("python3.*/site-packages"))


def _make_environment(cache, folder, log):
    """``python -m venv``; where Debian left out pip, pip's wheel from its archive."""
    code, _output = run_quietly([sys.executable, "-m", "venv", str(folder)])
    if code == 0:
        return
    shutil.rmtree(folder, ignore_errors=True)
    run(
        [sys.executable, "-m", "venv", "--without-pip", str(folder)],
        "making a Python environment",
        hint="Install Python's venv module: sudo apt-get install python3-venv",
    )
    unpacked = cache / "pip"
    Archive(cache, "sid", "apt-pip").unpack(["python3-pip-whl"], unpacked, log)
    wheel = next((unpacked / "usr/share/python-wheels").glob("pip-*.whl"))
    python = folder / "bin" / "python"
    env = {**os.environ, "PYTHONPATH": str(wheel)}
    command = [str(python), "-m", "pip", "install", "-q", str(wheel)]
    run(command, "installing pip", log=log, env=env)


def _pip(python, arguments, log):
    for info in _site(python).glob("*.dist-info"):
        if not (info / "RECORD").exists():
            # pip writes it last; it takes such a half-installed package for whole.
            shutil.rmtree(info)
    # A wheel for every pin exists, so nothing is compiled; binary packages first.
    command = [str(python), "-m", "pip", "install", "-q", "--prefer-binary"]
    run(
        [*command, "--disable-pip-version-check", *arguments],
        "installing Python packages",
        log=log,
    )


def _join(source, site):
    """Make ``import odoo`` and pip both see the source as Odoo 19.0."""
    paths = f"{source}\n"
    joined = site / "odoo_source.pth"
    if not joined.exists() or joined.read_text() != paths:
        joined.write_text(paths)
    info = site / "odoo-19.0.dist-info"
    if not info.exists():
        info.mkdir()
        (info / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: odoo\nVersion: 19.0\n"
        )
        (info / "INSTALLER").write_text("dev\n")
        (info / "RECORD").write_text("")


def _addons(python, site, log):
    """OCA's addons, from their packages."""
    wanted = REQUIREMENTS_ADDONS.read_text()
    done = site / ".addons"
    if not done.exists() or done.read_text() != wanted:
        step("Installing OCA field service ...")
        _pip(python, ["-r", str(REQUIREMENTS_ADDONS)], log)
        done.write_text(wanted)


def _complete(source, site):
    """Put back what Debian's build of Odoo leaves out of the web client."""
    addons = source / "odoo" / "addons"
    segmentation = addons / "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
    if not segmentation.exists():
        segmentation.parent.mkdir(parents=True, exist_ok=True)
        # Only video calls use it; a missing file is an error on every page.
        segmentation.write_text("/* left out of Debian's package */\n")
    # Odoo draws its icons with version 4.7; Debian's links lead to another version.
    ours = site / "xstatic/pkg/font_awesome/data/fonts"
    for folder in (
        addons / "web/static/src/libs/fontawesome/fonts",
        addons / "web/static/lib/fontawesome/fonts",
    ):
        if not folder.is_dir() or not ours.is_dir():
            continue
        for font in ours.iterdir():
            target = folder / font.name
            if target.is_symlink() or not target.exists():
                target.unlink(missing_ok=True)
                shutil.copy(font, target)
