# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo 19 with its Python packages, in a virtual environment of its own."""

import concurrent.futures
import importlib.util
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from . import apt, cache
from .console import Problem, step
from .process import run

HERE = Path(__file__).resolve().parent
# The sets of pinned packages: what Odoo and the tooling need, OCA's field service.
BASE, ADDONS = "requirements", "requirements-addons"
DEBIAN_PACKAGES = (
    "odoo-19 fonts-roboto-unhinted libjs-jquery libjs-jquery-form libjs-underscore"
).split()


@dataclass
class Odoo:
    """A runnable Odoo."""

    cache: Path  # the cache folder
    folder: Path  # the virtual environment
    source: Path | None  # the folder that holds the package ``odoo``
    beside: tuple = ()  # more folders of addons

    @property
    def python(self):
        """The interpreter of the environment."""
        return str(self.folder / "bin" / "python")

    @property
    def site(self):
        """Its site-packages."""
        return next(self.folder.glob("lib/python3.*/site-packages"))

    @property
    def version(self):
        """A name for the combination, for databases that are made with it."""
        return cache.digest(self.source, _wanted(BASE), _wanted(ADDONS))

    @property
    def addons_path(self):
        """Folders of addons: this checkout's, Odoo's and further ones."""
        odoo = self.source / "addons"
        more = [odoo] if (odoo / "web").is_dir() else []
        return [cache.addons_folder(), *more, *self.beside]

    def command(self, *words):
        """The command line of Odoo.

        The launcher is a file, as Odoo starts its process for the websocket with it.
        """
        return [self.python, str(HERE / "launcher" / "odoo-server"), *words]


def prepare(odoo_path=None, *, packages=(), with_odoo=True):
    """Get everything that is missing and return a runnable :class:`Odoo`.

    :param odoo_path: an existing Odoo 19 source, or None to fetch Debian's
    :param packages: further sets of packages: ``demo``, ``test``, ``screenshots``
    :param with_odoo: False when its Python packages are enough
    """
    if sys.version_info < (3, 11):
        raise Problem(
            f"Python 3.11 or newer is needed, this is {platform.python_version()}."
        )
    folder = cache.folder()
    log = folder / "setup.log"
    path = Path(odoo_path).expanduser().resolve() if odoo_path else None
    with cache.locked(folder / "setup.lock"):
        # Not waited for when the main thread fails: it ends with the process.
        making = concurrent.futures.ThreadPoolExecutor(1).submit(
            _environment, folder, path, log
        )
        source = _source(folder, path, log) if with_odoo else None
        odoo = Odoo(folder, making.result(), source)
        for name in packages:
            _install(odoo, f"{BASE}-{name}", f"packages for {name}", log)
        if with_odoo:
            _join(odoo)
            _install(odoo, ADDONS, "OCA field service", log)
            if not path:
                _complete(odoo)
    return odoo


def _source(folder, path, log):
    """The folder that holds the package ``odoo``."""
    if path:
        release = path / "odoo" / "release.py"
        if not release.is_file() or "(19, 0, " not in release.read_text():
            raise Problem(
                f"{path} is no Odoo 19.0 (by its odoo/release.py). Point --odoo at a "
                "checkout of Odoo's 19.0 branch."
            )
        return path
    root = folder / "odoo"
    if not (root / ".complete").exists():
        cache.check_space(folder)
        step("Fetching Odoo 19 (Debian's package, 123 MB) ...")
        for old in (root, *folder.glob("odoo-making-*")):
            shutil.rmtree(old, ignore_errors=True)
        # A killed setup's dpkg may write on for a moment, into a folder of its own.
        making = folder / f"odoo-making-{os.getpid()}"
        apt.unpack(DEBIAN_PACKAGES, making, folder / "apt-sid", log)
        (making / ".complete").touch()
        making.rename(root)
        step("Odoo 19 is here.")
    return root / "usr/lib/python3/dist-packages"


def _environment(folder, path, log):
    """A virtual environment with the pinned packages; returns its folder."""
    name = cache.digest(sys.version_info[:2], _wanted(BASE), path or "")
    made = folder / f"python-{name}"
    # The Python that it was made with may be gone (an upgrade, a version manager).
    if not (made / ".complete").exists() or not (made / "bin" / "python").exists():
        step("Making a Python environment ...")
        shutil.rmtree(made, ignore_errors=True)
        # Debian's Python lacks it at first.
        if not importlib.util.find_spec("ensurepip"):
            apt.install(["python3-venv"], "Python's venv module", log)
        run([sys.executable, "-m", "venv", made], "making a Python environment")
        _install(Odoo(folder, made, None), BASE, "Python packages", log)
        (made / ".complete").touch()
    return made


def _wanted(packages):
    return (HERE / f"{packages}.txt").read_text()


def _install(odoo, packages, what, log):
    """Have a set of packages installed, unless it is."""
    wanted = _wanted(packages)
    done = odoo.folder / f".{packages}"
    if done.exists() and done.read_text() == wanted:
        return
    step(f"Installing {what} ...")
    for info in odoo.site.glob("*.dist-info"):
        if not (info / "RECORD").exists():
            # pip writes it last; it takes such a half-installed package for whole.
            shutil.rmtree(info)
    # A wheel for every pin exists, so nothing is compiled.
    command = [odoo.python, "-m", "pip", "install", "-q", "--prefer-binary"]
    command += ["--disable-pip-version-check", "-r", HERE / f"{packages}.txt"]
    run(command, f"installing {what}", log=log)
    done.write_text(wanted)


def _join(odoo):
    """Make ``import odoo`` and pip both see the source as Odoo 19.0."""
    (odoo.site / "odoo_source.pth").write_text(f"{odoo.source}\n")
    info = odoo.site / "odoo-19.0.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odoo\nVersion: 19.0\n")
    (info / "RECORD").touch()


def _complete(odoo):
    """Put back what Debian's build of Odoo leaves out of the web client."""
    addons = odoo.source / "odoo" / "addons"
    segmentation = addons / "mail/static/lib/selfie_segmentation/selfie_segmentation.js"
    if not segmentation.exists():
        segmentation.parent.mkdir(parents=True, exist_ok=True)
        # Only video calls use it; a missing file is an error on every page.
        segmentation.write_text("/* left out of Debian's package */\n")
    # Odoo draws its icons with version 4.7; Debian's links lead to another version.
    icons = odoo.site / "xstatic/pkg/font_awesome/data/fonts"
    for folder in (addons / "web/static").glob("**/fontawesome/fonts"):
        for font in icons.iterdir():
            target = folder / font.name
            if target.is_symlink() or not target.exists():
                target.unlink(missing_ok=True)
                shutil.copy(font, target)
