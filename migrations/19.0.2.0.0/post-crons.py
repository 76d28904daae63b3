# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the scheduled jobs call has moved to services of its own.

The jobs are not updated with the addon, so that their times stay as they were set.
"""

# Method -> the model that has it now.
_MODELS = {
    "_cron_process": "fsm.confirmation.inbox",
    "_cron_send": "fsm.confirmation.outbox",
}


def migrate(cr, version):
    for method, model in _MODELS.items():
        cr.execute(
            """
            UPDATE ir_act_server SET model_id = model.id, model_name = model.model
              FROM ir_model model
             WHERE model.model = %s AND code = %s
               AND ir_act_server.id IN (SELECT ir_actions_server_id FROM ir_cron)
            """,
            (model, f"model.{method}()"),
        )
