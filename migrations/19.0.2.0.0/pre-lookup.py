# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Since when Twilio can't be asked about a text has a name of its own."""

from odoo.tools.sql import column_exists, rename_column

TABLE = "fsm_confirmation"


def migrate(cr, version):
    if column_exists(cr, TABLE, "asked_date"):
        rename_column(cr, TABLE, "asked_date", "lookup_failed_since")
