# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo makes new indexes, and leaves those that nothing needs any more."""


def migrate(cr, version):
    cr.execute("DROP INDEX IF EXISTS fsm_confirmation_twilio_sid_index")
