# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The row that says how a company is connected is no longer called its health."""

from odoo.tools import SQL
from odoo.tools.sql import table_exists

OLD, NEW = "fsm_confirmation_health", "fsm_confirmation_connection"
_MODELS = NEW.replace("_", "."), OLD.replace("_", ".")


def migrate(cr, version):
    if not table_exists(cr, OLD) or table_exists(cr, NEW):
        return
    _rename(cr, "ALTER TABLE %s RENAME TO %s", OLD)
    _rename(cr, "ALTER SEQUENCE %s RENAME TO %s", f"{OLD}_id_seq")
    _rename_constraints(cr)
    cr.execute("UPDATE ir_model SET model = %s WHERE model = %s", _MODELS)
    cr.execute("UPDATE ir_model_fields SET model = %s WHERE model = %s", _MODELS)
    cr.execute("UPDATE ir_model_fields SET relation = %s WHERE relation = %s", _MODELS)
    cr.execute(
        """
        UPDATE ir_model_data SET name = replace(name, %(old)s, %(new)s)
         WHERE module = 'fieldservice_job_confirmation' AND strpos(name, %(old)s) > 0
        """,
        {"old": OLD, "new": NEW},
    )


def _rename_constraints(cr):
    """Primary key, foreign keys and indexes carry the table's name."""
    cr.execute(
        "SELECT conname FROM pg_constraint"
        " WHERE conrelid = %s::regclass AND starts_with(conname, %s)",
        (NEW, OLD),
    )
    for (name,) in cr.fetchall():
        _rename(cr, f"ALTER TABLE {NEW} RENAME CONSTRAINT %s TO %s", name)
    cr.execute(
        "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema"
        " AND tablename = %s AND starts_with(indexname, %s)",
        (NEW, OLD),
    )
    for (name,) in cr.fetchall():
        _rename(cr, "ALTER INDEX %s RENAME TO %s", name)
    cr.execute(
        "UPDATE ir_model_constraint SET name = replace(name, %(old)s, %(new)s)"
        " WHERE starts_with(name, %(old)s)",
        {"old": OLD, "new": NEW},
    )


def _rename(cr, statement, name):
    new = SQL.identifier(name.replace(OLD, NEW))
    cr.execute(SQL(statement, SQL.identifier(name), new))
