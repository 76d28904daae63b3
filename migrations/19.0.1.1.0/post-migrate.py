# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Bring what earlier versions wrote up to date; safe to run on any of them."""

# A note about a message, in the history of a Work Order or contact, links to it.
_LINK = 'data-oe-model="fsm.confirmation" data-oe-id="([0-9]{1,9})"'


def migrate(cr, version):
    """:param version: the installed version, None on a new installation"""
    if not version:
        return
    cr.execute(
        """
        SELECT res_id FROM ir_model_data
         WHERE module = 'fieldservice_job_confirmation' AND name = 'mt_confirmation'
        """
    )
    subtype = cr.fetchone()
    if not subtype:
        return
    # Notes are kept from users without a level by their subtype, and from other
    # companies by the company of their message.
    cr.execute(
        """
        UPDATE mail_message note
           SET subtype_id = %(subtype)s, is_internal = TRUE,
               record_company_id = message.company_id
          FROM fsm_confirmation message
         WHERE note.model IN ('fsm.order', 'res.partner')
           AND note.body LIKE '%%data-oe-model="fsm.confirmation"%%'
           AND message.id = substring(note.body from %(link)s)::int
           AND (note.subtype_id IS DISTINCT FROM %(subtype)s
                OR note.record_company_id IS DISTINCT FROM message.company_id)
        """,
        {"subtype": subtype[0], "link": _LINK},
    )
