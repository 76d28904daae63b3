# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts that strangers wrote, in files that spreadsheet programs open."""

import re

# What a spreadsheet takes for a formula: also after blanks, and in full width. Odoo
# sees to + and - at the beginning of a CSV cell itself, so that phone numbers in XLSX
# stay as they are.
_FORMULA = re.compile(r"\s*[=@\uff1d\uff20\uff0b\uff0d]|\s+[+-]|[\t\r]")
# What Odoo's XLSX writer makes a link of.
_LINK = re.compile(r"\s*(?:https?|ftps?|mailto|file|internal|external):", re.I)


def harmless_cell(value):
    """A cell's value that is shown as it is, neither calculated nor a link.

    >>> harmless_cell('=HYPERLINK("http://evil.example")')
    '\\'=HYPERLINK("http://evil.example")'
    """
    if isinstance(value, str) and (_FORMULA.match(value) or _LINK.match(value)):
        return f"'{value}"
    return value


def harmless_rows(rows):
    """The rows of an export, each cell as :func:`harmless_cell`."""
    return [[harmless_cell(value) for value in row] for row in rows]


def harmless_columns(rows, paths, names):
    """As :func:`harmless_rows`, of those columns alone that show one of some fields.

    :param paths: of the columns, each a list of field names
    :param names: of the fields that hold what customers wrote
    """
    columns = [bool(path) and path[0] in names for path in paths]
    return [
        [
            harmless_cell(value) if is_theirs else value
            for value, is_theirs in zip(row, columns, strict=True)
        ]
        for row in rows
    ]
