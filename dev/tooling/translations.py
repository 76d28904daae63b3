# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/translations``: the addon's terms, out of a database of its own."""

import argparse
import os
import secrets
import shutil
import tempfile
from pathlib import Path

from . import cache as cache_folder
from . import child, python
from .console import clear_problems, run, step
from .database import Databases
from .postgres import Postgres

ADDON = cache_folder.ADDON
FOLDER = cache_folder.REPOSITORY / "i18n"
TEMPLATE = FOLDER / f"{ADDON}.pot"
# Runs where polib is, in Odoo's environment: merge the template into each file.
MERGE = """
import sys
import polib

template = polib.pofile(sys.argv[1])
for path in sys.argv[2:]:
    terms = polib.pofile(path)
    terms.merge(template)
    for entry in terms:
        # Comments are the template's; polib keeps the old ones.
        source = template.find(entry.msgid, msgctxt=entry.msgctxt)
        if source:
            entry.comment = source.comment
        # As OCA's check wants it: the same word is no translation.
        if entry.msgstr == entry.msgid:
            entry.msgstr = ""
    terms.sort(key=lambda entry: entry.msgid)
    terms.save(path)
    done = len(terms.translated_entries())
    gone = len(terms.obsolete_entries())
    print(f"{path}: {done} of {len(template)} translated, {gone} obsolete")
template.sort(key=lambda entry: entry.msgid)
template.save()
"""


def main():
    """Entry point of ``dev/translations``."""
    parser = argparse.ArgumentParser(
        prog="dev/translations",
        description="Write i18n's template (.pot) from the addon as it is now, and "
        "bring every language's file (.po) up to date with it. Translations are "
        "kept; those of terms that are gone are marked as such.",
    )
    parser.add_argument("--odoo", metavar="PATH", help="an existing Odoo 19 source")
    options = parser.parse_args()
    child.stop_on_signals()
    with clear_problems():
        _renew(options)


def _renew(options):
    cache = cache_folder.folder()
    odoo = python.prepare(cache, options.odoo, tests=True)
    data = cache / "test"
    data.mkdir(exist_ok=True)
    postgres = Postgres(odoo.site, data, durable=False)
    with postgres.shared(), tempfile.TemporaryDirectory() as folder:
        databases = Databases(odoo, postgres, cache, data)
        name = f"translations_{os.getpid()}_{secrets.token_hex(3)}"
        postgres.copy(databases.template(), name)
        try:
            step("Installing the addon ...")
            databases.install(name, modules=[ADDON])
            step("Exporting its terms ...")
            exported = _export(databases, name, Path(folder))
        finally:
            postgres.drop(name)
            shutil.rmtree(data / "odoo" / "filestore" / name, ignore_errors=True)
        _replace_template(exported)
    files = [str(path) for path in sorted(FOLDER.glob("*.po"))]
    command = [str(odoo.python), "-c", MERGE, str(TEMPLATE), *files]
    step("Merging them into the languages ...")
    print(run(command, "merging the terms").strip())


def _export(databases, name, folder):
    """Have Odoo write the template; returns its path."""
    # Odoo's command "i18n" takes its options from a file only.
    config = folder / "odoo.conf"
    addons = [cache_folder.addon_path(databases.cache), *databases.odoo.addons]
    config.write_text(
        "[options]\n"
        f"addons_path = {','.join(map(str, addons))}\n"
        f"data_dir = {databases.data / 'odoo'}\n"
    )
    target = folder / TEMPLATE.name
    command = databases.odoo.command("i18n", "export", "-c", str(config), "-d", name)
    run(
        [*command, "-o", str(target), ADDON],
        "exporting the terms",
        log=databases.log,
        env=databases.environment(),
    )
    return target


def _replace_template(exported):
    """Write the new template, unless nothing but its dates is new."""
    text = exported.read_text(encoding="utf-8")
    if TEMPLATE.exists():
        old = TEMPLATE.read_text(encoding="utf-8")
        if _without_dates(old) == _without_dates(text):
            return
    FOLDER.mkdir(exist_ok=True)
    TEMPLATE.write_text(text, encoding="utf-8")


def _without_dates(text):
    lines = text.splitlines()
    return [line for line in lines if not line.startswith(('"POT-C', '"PO-Rev'))]
