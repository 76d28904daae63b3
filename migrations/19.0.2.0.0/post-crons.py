# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the scheduled jobs call has moved to services of its own.

The jobs are not updated with the addon, so that their times stay as they were set.
"""

# What a job has called -> (model, method) that it calls now.
_CALLS = {
    "_cron_process": ("fsm.confirmation.inbox", "_cron_process"),
    "_cron_send": ("fsm.confirmation.outbox", "_cron_send"),
    "_cron_fetch_missed_replies": ("fsm.confirmation.missed.replies", "_cron_fetch"),
    "_cron_close_passed": ("fsm.confirmation.expiry", "_cron_close_expired"),
    "_cron_anonymize": ("fsm.confirmation.retention", "_cron_anonymize"),
}


def migrate(cr, version):
    for old, (model, method) in _CALLS.items():
        cr.execute(
            """
            UPDATE ir_act_server action
               SET model_id = model.id, code = %s
              FROM ir_model model, ir_cron cron
             WHERE model.model = %s
               AND cron.ir_actions_server_id = action.id
               AND action.code = %s
            """,
            (f"model.{method}()", model, f"model.{old}()"),
        )
