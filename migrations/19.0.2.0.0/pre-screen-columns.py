# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fill what the Message Center shows in databases of the first versions.

Odoo would compute new stored fields row by row.
"""

from odoo.tools import SQL
from odoo.tools.sql import column_exists, create_column

from odoo.addons.fieldservice_job_confirmation.core.status import indicator_sql

_TABLE = "fsm_confirmation"


def migrate(cr, version):
    if not column_exists(cr, _TABLE, "indicator"):
        create_column(cr, _TABLE, "indicator", "varchar")
        shown = SQL(indicator_sql(kind="'question'"))
        cr.execute(SQL("UPDATE fsm_confirmation SET indicator = %s", shown))
    if not column_exists(cr, _TABLE, "sent_hour"):
        create_column(cr, _TABLE, "sent_hour", "varchar(5)")
        _fill_sent_hour(cr)
    _drop_old_name_index(cr)


def _fill_sent_hour(cr):
    cr.execute(
        """
        UPDATE fsm_confirmation m
           SET sent_hour = to_char(
               m.sent_date AT TIME ZONE 'UTC' AT TIME ZONE
               COALESCE(own.name, ours.name, 'UTC'), 'HH24:00')
          FROM fsm_confirmation s
          LEFT JOIN fsm_order o ON o.id = s.order_id
          LEFT JOIN fsm_location l ON l.id = o.location_id
          LEFT JOIN res_partner p ON p.id = l.partner_id
          LEFT JOIN pg_timezone_names own ON own.name = p.tz
          LEFT JOIN res_company c ON c.id = s.company_id
          LEFT JOIN res_partner cp ON cp.id = c.partner_id
          LEFT JOIN pg_timezone_names ours ON ours.name = cp.tz
         WHERE s.id = m.id AND m.sent_date IS NOT NULL
        """
    )


def _drop_old_name_index(cr):
    """Odoo makes a missing index, but leaves one of another kind as it is."""
    cr.execute(
        """
        SELECT 1 FROM pg_indexes
         WHERE indexname = 'fsm_confirmation__name_index'
           AND schemaname = current_schema AND indexdef NOT LIKE '%USING gin%'
           AND EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')
        """
    )
    if cr.fetchone():
        cr.execute("DROP INDEX fsm_confirmation__name_index")
