# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page of Odoo's app store, from the fragments in ``readme/``."""

from .cache import REPOSITORY

PAGE = REPOSITORY / "static" / "description" / "index.html"
FRAGMENTS = {"DESCRIPTION": "Field Service - Job Confirmation"}
FRAGMENTS |= {"CONFIGURE": "Configuration", "USAGE": "Usage"}


def make():
    """The page's HTML."""
    import markdown  # Not every command has it.

    parts = ['<section class="container py-4">']
    for name, title in FRAGMENTS.items():
        text = (REPOSITORY / "readme" / f"{name}.md").read_text(encoding="utf-8")
        parts += [f"<h2>{title}</h2>", markdown.markdown(text)]
    page = "\n".join([*parts, "</section>\n"])
    page = page.replace('src="../static/description/', 'src="')
    return page.replace("<img ", '<img class="img-fluid border" ')
