# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Notes about texts know their message by a column; until now their HTML told it."""

# Each of them has a link to its message.
_LINK = 'data-oe-model="fsm.confirmation" data-oe-id="([0-9]{1,9})"'


def migrate(cr, version):
    cr.execute(
        """
        UPDATE mail_message note SET confirmation_id = message.id
          FROM fsm_confirmation message, ir_model_data subtype
         WHERE subtype.module = 'fieldservice_job_confirmation'
           AND subtype.name = 'mt_confirmation'
           AND note.subtype_id = subtype.res_id
           AND note.confirmation_id IS NULL
           AND message.id = substring(note.body from %(link)s)::int
        """,
        {"link": _LINK},
    )
