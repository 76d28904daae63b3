# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
{
    "name": "Field Service Job Confirmations: Job Queue",
    "summary": "Send confirmations as jobs of OCA's queue_job, one per sender",
    "version": "19.0.1.0.0",
    "author": "Job Confirmations, Odoo Community Association (OCA)",
    "license": "AGPL-3",
    "category": "Services/Field Service",
    "depends": ["fieldservice_job_confirmation", "queue_job"],
    "data": ["data/queue_job.xml"],
    "auto_install": True,
}
