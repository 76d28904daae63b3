# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Field Service Job Confirmations: Dashboard",
    "summary": "Texts, responses and what needs attention among Odoo's dashboards",
    "version": "19.0.1.0.0",
    "author": "Job Confirmations, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "category": "Services/Field Service",
    "depends": ["fieldservice_job_confirmation", "spreadsheet_dashboard"],
    "data": ["data/spreadsheet_dashboard.xml"],
    "auto_install": True,
}
