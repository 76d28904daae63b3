# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Runs in Odoo's shell, without the addon: everything opens.
# ruff: noqa: F821
admin = env.ref("base.user_admin")
for model in ("fsm.order", "res.partner", "res.users", "res.config.settings"):
    for view in env["ir.ui.view"].search([("model", "=", model)]):
        view._check_xml()
        if view.mode == "primary" and view.type in ("form", "list", "kanban", "search"):
            env[model].with_user(admin).get_views([(view.id, view.type)])
spec = {"display_name": {}, "message_ids": {}, "activity_ids": {}}
for model in ("fsm.order", "res.partner"):
    for record in env[model].with_user(admin).search([]):
        record.web_read(spec)
        record.message_post(body="Still here")
env.cr.rollback()
