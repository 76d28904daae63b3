# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Runs in Odoo's shell, without the addon: nothing is left, and everything opens.
# ruff: noqa: F821, E501
import json

MODULE = "fieldservice_job_confirmation"


def rows(sql, *values):
    env.cr.execute(sql, values)
    return env.cr.fetchall()


left = {
    "data": rows("SELECT model, name FROM ir_model_data WHERE module = %s", MODULE),
    "models": rows(
        "SELECT model FROM ir_model WHERE model LIKE 'fsm.confirmation%%'"
        " OR model IN ('fsm.visit', 'fsm.appointment.mixin')"
    ),
    "tables": rows(
        "SELECT table_name FROM information_schema.tables"
        " WHERE table_name LIKE 'fsm_confirmation%%' OR table_name = 'fsm_visit'"
    ),
    "columns": rows(
        "SELECT table_name, column_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND (column_name LIKE 'job_confirmation%%'"
        " OR column_name LIKE 'confirmation\\_%%' OR column_name LIKE 'opt\\_out\\_%%'"
        " OR column_name LIKE 'fsm\\_confirmation%%')"
    ),
    "fields": rows(
        "SELECT model, name FROM ir_model_fields WHERE name LIKE 'job_confirmation%%'"
        " OR name LIKE 'confirmation\\_%%' OR relation LIKE 'fsm.confirmation%%'"
    ),
    "views": rows(
        "SELECT name FROM ir_ui_view WHERE name LIKE '%%job.confirmation%%'"
        " OR arch_db::text LIKE '%%fsm_confirmation%%'"
        " OR arch_db::text LIKE '%%confirmation_status%%'"
    ),
    "actions": rows(
        "SELECT name FROM ir_act_window WHERE res_model LIKE 'fsm.confirmation%%'"
    ),
    "server actions": rows(
        "SELECT name FROM ir_act_server WHERE code LIKE '%%fsm.confirmation%%'"
        " OR name::text LIKE '%%Job Confirmations%%'"
    ),
    "crons": rows(
        "SELECT id FROM ir_cron WHERE cron_name LIKE '%%Job Confirmations%%'"
    ),
    "menus": rows(
        "SELECT name FROM ir_ui_menu WHERE name::text LIKE '%%Message Center%%'"
    ),
    "groups": rows(
        "SELECT name FROM res_groups_privilege WHERE name::text LIKE '%%Message Center%%'"
    ),
    "subtypes": rows(
        "SELECT name FROM mail_message_subtype WHERE name::text LIKE '%%Job confirmation%%'"
    ),
    "activity types": rows(
        "SELECT name FROM mail_activity_type WHERE name::text LIKE '%%Read the reply%%'"
        " OR res_model LIKE 'fsm.confirmation%%'"
    ),
    "activities": rows(
        "SELECT id FROM mail_activity WHERE res_model LIKE 'fsm.confirmation%%'"
        " OR note LIKE '%%fsm.confirmation%%'"
    ),
    "notes": rows(
        "SELECT id, model FROM mail_message WHERE model LIKE 'fsm.confirmation%%'"
        " OR model = 'fsm.visit' OR body LIKE '%%data-oe-model=\"fsm.confirmation\"%%'"
    ),
    "followers": rows(
        "SELECT id FROM mail_followers WHERE res_model LIKE 'fsm.confirmation%%'"
    ),
    "parameters": rows(
        "SELECT key FROM ir_config_parameter WHERE key LIKE '%%job_confirmation%%'"
    ),
    "sequences": rows("SELECT code FROM ir_sequence WHERE code = 'fsm.confirmation'"),
    "templates": rows(
        "SELECT name FROM sms_template WHERE name::text LIKE '%%Job Conf%%'"
    ),
}
left = {what: found for what, found in left.items() if found}
assert not left, left

admin = env.ref("base.user_admin")
for model in ("fsm.order", "res.partner", "res.users", "res.config.settings"):
    views = env["ir.ui.view"].search([("model", "=", model)])
    for view in views:
        view._check_xml()
        if view.mode == "primary" and view.type in ("form", "list", "kanban", "search"):
            env[model].with_user(admin).get_views([(view.id, view.type)])
spec = {"display_name": {}, "message_ids": {}, "activity_ids": {}}
for model in ("fsm.order", "res.partner"):
    for record in env[model].with_user(admin).search([]):
        record.web_read(spec)
        record.message_post(body="Still here")
env.cr.rollback()
print("UPGRADE-RESULT " + json.dumps({}))
