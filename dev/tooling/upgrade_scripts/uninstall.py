# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Runs in Odoo's shell.
# ruff: noqa: F821

module = env["ir.module.module"].search(
    [("name", "=", "fieldservice_job_confirmation")]
)
module.button_immediate_uninstall()
env.cr.commit()
