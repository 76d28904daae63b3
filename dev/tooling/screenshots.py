# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/screenshots``: the README's pictures, from a running demo."""

import argparse
import os
import shutil
import urllib.error
import urllib.request
from pathlib import Path

from . import cache as cache_folder
from . import child, node, python
from .console import Problem, clear_problems, run, step
from .debian import Archive
from .simulator import HEALTH
from .testing import BROWSERS

SCRIPT = cache_folder.REPOSITORY / "dev" / "screenshots.js"
OUTPUT = cache_folder.REPOSITORY / "static" / "description"
PLAYWRIGHT = "playwright-core@1.65.1"
# One of the demo's customers has a Japanese name.
FONT = "fonts-droid-fallback"
FONTS_CONF = """<?xml version="1.0"?>
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{folder}</dir>
</fontconfig>
"""
# A screen has few colours: a palette makes the files a third of the size.
SHRINK = """
import sys
from PIL import Image
for path in sys.argv[1:]:
    image = Image.open(path).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
"""


def _arguments():
    parser = argparse.ArgumentParser(
        prog="dev/screenshots",
        description="Make the README's pictures again from a running dev/demo. "
        "It sends a text in that demo and answers it, so begin with a new one: "
        "dev/demo --fresh.",
    )
    parser.add_argument(
        "--odoo", metavar="URL", default="http://localhost:8069", help="the demo's Odoo"
    )
    parser.add_argument(
        "--phone",
        metavar="URL",
        default="http://localhost:8070",
        help="the demo's Twilio simulator",
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=OUTPUT,
        help="where the pictures go (static/description)",
    )
    return parser.parse_args()


def main():
    """Entry point of ``dev/screenshots``."""
    options = _arguments()
    child.stop_on_signals()
    with clear_problems():
        raise SystemExit(_run(options))


def _run(options):
    _check_running(f"{options.odoo}/web/login")
    _check_running(f"{options.phone}{HEALTH}")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if not browser:
        raise Problem(
            "Chromium is missing. Install it with: "
            "sudo apt-get install -y --no-install-recommends chromium"
        )
    cache = cache_folder.folder()
    odoo = python.prepare(cache, tests=True)
    program, modules = _playwright(cache, odoo)
    options.output.mkdir(parents=True, exist_ok=True)
    env = {**os.environ, "NODE_PATH": str(modules), **_fonts(cache)}
    step("Taking pictures ...")
    command = [program, str(SCRIPT), options.odoo, options.phone]
    command += [str(options.output.resolve()), browser]
    code = child.run_in_front(command, env=env)
    if code:
        return code
    pictures = sorted(map(str, options.output.glob("screenshot_*.png")))
    run([str(odoo.python), "-c", SHRINK, *pictures], "making the pictures smaller")
    step(f"The pictures are in {options.output}.")
    return 0


def _fonts(cache):
    """Variables with which the browser finds a font for every name in the demo."""
    folder = cache / "fonts"
    conf = folder / "fonts.conf"
    try:
        if not conf.exists():
            step("Fetching a font ...")
            Archive(cache, "sid").unpack([FONT], folder, cache / "setup.log")
            conf.write_text(FONTS_CONF.format(folder=folder), encoding="utf-8")
    except Problem:
        return {}  # The machine's own fonts have to do.
    return {"FONTCONFIG_FILE": str(conf)}


def _check_running(address):
    # The machine's proxy, if it has one, knows nothing of this machine's ports.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        opener.open(address, timeout=60).close()
    except (urllib.error.URLError, ValueError, OSError):
        raise Problem(
            f"Nothing answers at {address}. Start dev/demo first, or say where it runs "
            "with --odoo and --phone."
        ) from None


def _playwright(cache, odoo):
    """Node and a folder of modules with Playwright, installed once.

    ``playwright-core`` brings no browser of its own: the machine's Chromium is used.
    """
    program, modules = node.install(cache, odoo, "Playwright", [PLAYWRIGHT])
    return str(program), modules
