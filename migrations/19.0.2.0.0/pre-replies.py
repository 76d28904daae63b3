# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The window that customers were asked about, and numbers in their normal form."""

from odoo.tools.sql import column_exists, create_column

from odoo.addons.fieldservice_job_confirmation.core.phones import normal_form

# Countries whose numbers are written in two ways, and numbers after a channel.
_OTHERWISE = "mobile LIKE ANY (ARRAY['+52%', '+54%', '+55%', '%:%'])"


def migrate(cr, version):
    if not column_exists(cr, "fsm_confirmation", "appointment_end"):
        create_column(cr, "fsm_confirmation", "appointment_end", "timestamp")
        _fill_appointment_end(cr)
    for table in ("fsm_confirmation", "fsm_confirmation_reply"):
        _normalize_numbers(cr, table)


def _fill_appointment_end(cr):
    """As the appointment is now, where it is still the one that was asked about."""
    cr.execute(
        """
        UPDATE fsm_confirmation m
           SET appointment_end = a.scheduled_date_end
          FROM fsm_visit a
         WHERE a.id = m.visit_id AND a.scheduled_date_start = m.appointment_start
        """
    )
    cr.execute(
        """
        UPDATE fsm_confirmation m
           SET appointment_end = a.scheduled_date_end
          FROM fsm_order a
         WHERE a.id = m.order_id AND m.visit_id IS NULL
           AND a.scheduled_date_start = m.appointment_start
        """
    )


def _normalize_numbers(cr, table):
    """Write each number as replies from it are compared.

    Where two open questions would be the same then, the older one stays as it is: it
    is closed when its appointment is over.
    """
    # pylint: disable-next=sql-injection
    cr.execute(f"SELECT DISTINCT mobile FROM {table} WHERE {_OTHERWISE}")
    for (mobile,) in cr.fetchall():
        normal = normal_form(mobile)
        if normal and normal != mobile:
            _rename(cr, table, mobile, normal)


def _rename(cr, table, mobile, normal):
    taken = ""
    if table == "fsm_confirmation":
        taken = """
           AND NOT (is_open IS TRUE AND EXISTS (
               SELECT FROM fsm_confirmation other
                WHERE other.mobile = %(normal)s AND other.is_open
                  AND other.sender IS NOT DISTINCT FROM fsm_confirmation.sender
                  AND COALESCE(other.code, '') = COALESCE(fsm_confirmation.code, '')))
        """
    cr.execute(
        f"UPDATE {table} SET mobile = %(normal)s WHERE mobile = %(mobile)s {taken}",
        {"normal": normal, "mobile": mobile},
    )
