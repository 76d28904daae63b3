# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The index of names has another name. It is filled again from the messages."""


def migrate(cr, version):
    if version:
        cr.execute("DROP FUNCTION IF EXISTS fsm_confirmation_remember_names CASCADE")
        cr.execute("DROP TABLE IF EXISTS fsm_confirmation_name")
