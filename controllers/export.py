# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import json

from odoo.http import request

from odoo.addons.web.controllers import export

from ..models.xmlids import MODULE
from ..tools.export import leads_to_module


class _PlainText:
    """Cells and headings of a workbook are what they say: no formula, no link.

    Odoo hands texts to a library that makes formulas of those that look like one, also
    where a stranger wrote them.
    """

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.worksheet.strings_to_formulas = False
        self.worksheet.strings_to_urls = False


class _PlainXlsxWriter(_PlainText, export.ExportXlsxWriter):
    pass


class _PlainGroupXlsxWriter(_PlainText, export.GroupExportXlsxWriter):
    pass


def _shows_ours():
    """Whether what is exported may hold what a customer wrote."""
    wanted = json.loads(request.params["data"])
    paths = [field["name"] for field in wanted["fields"]]
    paths += wanted.get("groupby") or []
    return leads_to_module(MODULE, request.env[wanted["model"]], paths)


class PlainExcelExport(export.ExcelExport):
    """Odoo's two methods, with writers that keep texts as they are.

    For what this addon adds; everything else is as Odoo makes it.
    """

    def from_group_data(self, fields, columns_headers, groups):
        if not _shows_ours():
            return super().from_group_data(fields, columns_headers, groups)
        with _PlainGroupXlsxWriter(fields, columns_headers, groups.count) as writer:
            row, column = 1, 0
            for name, group in groups.children.items():
                row, column = writer.write_group(row, column, name, group)
        return writer.value

    def from_data(self, fields, columns_headers, rows):
        if not _shows_ours():
            return super().from_data(fields, columns_headers, rows)
        with _PlainXlsxWriter(fields, columns_headers, len(rows)) as writer:
            for row, cells in enumerate(rows, start=1):
                for column, value in enumerate(cells):
                    writer.write_cell(row, column, value)
        return writer.value
