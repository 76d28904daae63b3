# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where and whose an appointment was when the customer was asked is known from now on.

Nothing says that it is awaiting a response when no question is open any more.
"""

_ABOUT = {
    "fsm_visit": "message.visit_id = appointment.id",
    "fsm_order": "message.order_id = appointment.id",
}


def migrate(cr, version):
    # Of what is over nobody asks.
    cr.execute(
        """
        UPDATE fsm_confirmation message
           SET location_id = place.id, owner_id = place.owner_id
          FROM fsm_order job
          JOIN fsm_location place ON place.id = job.location_id
         WHERE job.id = message.order_id
           AND message.location_id IS NULL
           AND message.appointment_start > now() AT TIME ZONE 'UTC'
        """
    )
    for table, about in _ABOUT.items():
        # pylint: disable-next=sql-injection
        cr.execute(
            f"""
            UPDATE {table} appointment
               SET confirmation_status = CASE WHEN EXISTS (
                       SELECT FROM fsm_confirmation message
                        WHERE {about} AND message.state != 'canceled'
                   ) THEN 'no_answer' ELSE 'not_sent' END
             WHERE confirmation_status = 'awaiting'
               AND NOT EXISTS (SELECT FROM fsm_confirmation message
                                WHERE {about} AND message.is_open)
            """
        )
