# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The words of an opt-out belong to the company that they were sent to."""

from odoo.tools.sql import column_exists, create_column, rename_column

TABLE = "phone_blacklist"


def migrate(cr, version):
    if not column_exists(cr, TABLE, "opt_out_words"):
        return
    rename_column(cr, TABLE, "opt_out_words", "opt_out_text")
    create_column(cr, TABLE, "opt_out_company_id", "int4")
    cr.execute(
        """
        UPDATE phone_blacklist AS entry SET opt_out_company_id =
               (SELECT reply.company_id FROM fsm_confirmation_reply AS reply
                 WHERE reply.mobile = entry.number AND reply.intent = 'opt_out'
                 ORDER BY reply.id DESC LIMIT 1)
         WHERE entry.opt_out_text IS NOT NULL
        """
    )
