# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Every text that was sent until now is a question.

By a default of the column, which writes no row: Odoo would write each of them.
"""

from odoo.tools.sql import column_exists


def migrate(cr, version):
    if column_exists(cr, "fsm_confirmation", "kind"):
        return
    cr.execute(
        "ALTER TABLE fsm_confirmation ADD COLUMN kind varchar DEFAULT 'question'"
    )
    cr.execute("ALTER TABLE fsm_confirmation ALTER COLUMN kind DROP DEFAULT")
