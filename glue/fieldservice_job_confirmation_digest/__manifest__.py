# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Field Service Job Confirmations: Digest",
    "summary": "Confirmed, unanswered and declined appointments in Odoo's digest mail",
    "version": "19.0.1.0.0",
    "author": "Job Confirmations, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "category": "Services/Field Service",
    "depends": ["fieldservice_job_confirmation", "digest"],
    "data": ["data/digest_digest.xml", "views/digest_digest_views.xml"],
    "auto_install": True,
}
