# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Texts that failed and were asked again since are nobody's task any more."""


def migrate(cr, version):
    if not version:
        return
    cr.execute(
        """
        UPDATE fsm_confirmation failed SET closed_reason = 'replaced'
         WHERE state = 'failed'
           AND closed_reason IS DISTINCT FROM 'replaced'
           AND (response IS NULL OR response = 'opted_out')
           AND EXISTS (
               SELECT FROM fsm_confirmation newer
                WHERE newer.order_id = failed.order_id
                  AND newer.visit_id IS NOT DISTINCT FROM failed.visit_id
                  AND newer.id > failed.id
                  AND newer.state != 'canceled'
           )
        """
    )
