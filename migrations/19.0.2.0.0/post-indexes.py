# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Indexes of single columns that no field asks for any more; Odoo itself keeps them."""

from odoo import SUPERUSER_ID, api
from odoo.tools.sql import drop_index, make_index_name

MODULE = "fieldservice_job_confirmation"


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    for model in env.registry.values():
        if model._original_module != MODULE or not model._auto or model._abstract:
            continue
        for field in model._fields.values():
            if field.store and field.column_type and not field.index:
                name = make_index_name(model._table, field.name)
                drop_index(cr, name, model._table)
