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


def leads_to_module(module, model, paths):
    """Whether a column or group shows a model of an addon, or a field of it.

    :param module: name of the addon
    :param model: that is exported
    :param paths: as of an export (``a/b``) or a group (``a.b``, ``a:day``)
    """
    return any(_leads_to(module, model, re.split("[/.:]", path)) for path in paths)


def _leads_to(module, model, names):
    for name in names:
        if model._original_module == module:
            return True
        field = model._fields.get(name)
        if not field:
            return False
        related = (field.related or "").split(".")
        if module in field._modules or _leads_to(module, model, related):
            return True
        if not field.comodel_name:
            return False
        model = model.env[field.comodel_name]
    return model._original_module == module


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
