# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/translations``: the terms of the addon and of what joins it to others."""

import dataclasses

import polib

from .cache import ADDON, REPOSITORY
from .console import step
from .database import scratch
from .process import run as run_command

GLUE = REPOSITORY / "glue"


def run(_options, odoo):
    """Export the terms, and merge them into every language's file."""
    odoo = dataclasses.replace(odoo, beside=[*odoo.beside, GLUE])
    folders = {ADDON: REPOSITORY / "i18n"}
    folders |= {path.parent.name: path for path in sorted(GLUE.glob("*/i18n"))}
    with scratch(odoo, "translations") as database:
        step("Installing the addon ...")
        database.install(*folders)
        for name, folder in folders.items():
            step(f"Exporting the terms of {name} ...")
            _update(_export(database, name), folder, name)
    return 0


def _export(database, name):
    """The terms of one addon, without those of the addons in its folder."""
    with database.configuration() as config:
        made = config.with_suffix(".pot")
        words = ["-c", config, "-d", database.name, "-o", made, name]
        run_command(
            database.odoo.command("i18n", "export", *words),
            "exporting the terms",
            log=database.log,
            env=database.environment(),
        )
    template = polib.pofile(made)
    made.unlink()
    for entry in list(template):
        places = [path for path, _line in entry.occurrences]
        if all("/glue/" in path for path in places):
            template.remove(entry)
    template.sort(key=lambda entry: entry.msgid)
    return template


def _update(template, folder, name):
    """Write an addon's template and bring its languages up to date."""
    path = folder / f"{name}.pot"
    # When nothing but its dates is new, it stays as it is.
    if not path.exists() or list(polib.pofile(path)) != list(template):
        template.save(path)
    for file in sorted(folder.glob("*.po")):
        print(_merge(template, file))


def _merge(template, path):
    """Bring one language up to date; returns a sentence about it."""
    terms = polib.pofile(path)
    terms.merge(template)
    for entry in terms:
        # Comments are the template's; polib keeps the old ones.
        if source := template.find(entry.msgid, msgctxt=entry.msgctxt):
            entry.comment = source.comment
        # As OCA's check wants it: the same word is no translation.
        if entry.msgstr == entry.msgid:
            entry.msgstr = ""
    terms.sort(key=lambda entry: entry.msgid)
    terms.save(path)
    done = len(terms.translated_entries())
    gone = len(terms.obsolete_entries())
    return f"{path}: {done} of {len(template)} translated, {gone} obsolete"
