# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Nobody waits for an answer about what has passed, or is closed."""

from odoo.tools import SQL


def migrate(cr, version):
    if not version:
        return
    for table, link in (("fsm_visit", "visit_id"), ("fsm_order", "order_id")):
        cr.execute(
            SQL(
                """
                UPDATE %(table)s asked SET confirmation_status = 'no_answer'
                 WHERE confirmation_status = 'awaiting'
                   AND EXISTS (
                       SELECT FROM fsm_confirmation
                        WHERE %(link)s = asked.id AND indicator = 'no_answer'
                          AND closed_reason IN ('past', 'closed')
                   )
                   AND NOT EXISTS (
                       SELECT FROM fsm_confirmation
                        WHERE %(link)s = asked.id AND is_open
                   )
                """,
                table=SQL.identifier(table),
                link=SQL.identifier(link),
            )
        )
