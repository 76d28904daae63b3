# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Everything that was sent until now was a text.

By a default of the column, which writes no row: Odoo would write each of them.
"""

from odoo.tools.sql import column_exists


def migrate(cr, version):
    if column_exists(cr, "fsm_confirmation", "channel"):
        return
    cr.execute("ALTER TABLE fsm_confirmation ADD COLUMN channel varchar DEFAULT 'sms'")
    cr.execute("ALTER TABLE fsm_confirmation ALTER COLUMN channel DROP DEFAULT")
