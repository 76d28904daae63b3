# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, api


def migrate(cr, version):
    """Give each company the ready-made plans, switched off."""
    env = api.Environment(cr, SUPERUSER_ID, {})
    env["fsm.confirmation.plan"]._make_ready_made()
