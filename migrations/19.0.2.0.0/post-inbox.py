# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Replies are processed by ``fsm.confirmation.inbox``, no longer by the replies.

The scheduled action is one of the records that an update leaves as they are.
"""

from odoo import SUPERUSER_ID, api

CRON = "fieldservice_job_confirmation.ir_cron_process_replies"
MODEL = "fieldservice_job_confirmation.model_fsm_confirmation_inbox"


def migrate(cr, version):
    if not version:
        return
    env = api.Environment(cr, SUPERUSER_ID, {})
    cron = env.ref(CRON, raise_if_not_found=False)
    if cron:
        cron.model_id = env.ref(MODEL)
