# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/translations``: the addon's terms, out of a database of its own."""

import polib

from .cache import ADDON, REPOSITORY
from .console import step
from .database import scratch
from .process import run as run_command

FOLDER = REPOSITORY / "i18n"


def run(_options, odoo):
    """Export the terms, and merge them into every language's file."""
    path = FOLDER / f"{ADDON}.pot"
    with scratch(odoo, "translations") as database:
        step("Installing the addon ...")
        database.install(ADDON)
        step("Exporting its terms ...")
        with database.configuration() as config:
            made = config.with_suffix(".pot")
            words = ["-c", config, "-d", database.name, "-o", made, ADDON]
            run_command(
                odoo.command("i18n", "export", *words),
                "exporting the terms",
                log=database.log,
                env=database.environment(),
            )
        template = polib.pofile(made)
        made.unlink()
    template.sort(key=lambda entry: entry.msgid)
    # When nothing but its dates is new, it stays as it is.
    if not path.exists() or list(polib.pofile(path)) != list(template):
        template.save(path)
    for file in sorted(FOLDER.glob("*.po")):
        print(_merge(template, file))
    return 0


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
