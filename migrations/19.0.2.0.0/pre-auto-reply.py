# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What we say to a reply is an auto-reply, no longer an answer."""

from odoo.tools.sql import column_exists, rename_column

TABLE = "fsm_confirmation_reply"
_COLUMNS = {
    "answer_body": "auto_reply_body",
    "answer_state": "auto_reply_state",
    "answer_after": "auto_reply_after",
}


def migrate(cr, version):
    for old, new in _COLUMNS.items():
        if column_exists(cr, TABLE, old):
            rename_column(cr, TABLE, old, new)
    cr.execute(
        "ALTER INDEX IF EXISTS fsm_confirmation_reply_answer_index"
        " RENAME TO fsm_confirmation_reply_auto_reply_index"
    )
