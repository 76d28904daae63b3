# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class FsmConfirmationSlot(models.Model):
    """A time that was proposed to a customer, reserved for them for a while.

    One technician's time is never reserved for two customers: the database decides.
    Nobody but the server reads or writes these.
    """

    _name = "fsm.confirmation.slot"
    _description = "Proposed Time"
    _order = "date_start, id"
    _rec_name = "letter"

    confirmation_id = fields.Many2one(
        "fsm.confirmation", required=True, ondelete="cascade", index=True
    )
    letter = fields.Char(required=True)
    person_id = fields.Many2one("fsm.person", ondelete="cascade", index=True)
    date_start = fields.Datetime(required=True)
    date_end = fields.Datetime(required=True)
    held_until = fields.Datetime(required=True)
    is_held = fields.Boolean(default=True)
    is_chosen = fields.Boolean(help="The customer took it; nothing is moved yet.")

    # A range of one number compares with "=" without an extension of PostgreSQL.
    _held_once = models.Constraint(
        "EXCLUDE USING gist (int4range(person_id, person_id, '[]') WITH =,"
        " tsrange(date_start, date_end) WITH &&)"
        " WHERE (is_held IS TRUE AND person_id IS NOT NULL)",
        "This time has just been proposed to another customer.",
    )

    @api.model
    def _find_reserved_sudo(self, person, start, end):
        """A technician's times that are reserved in a span (naive UTC)."""
        return self.sudo().search(
            [
                ("person_id", "=", person.id),
                ("is_held", "=", True),
                ("held_until", ">", fields.Datetime.now()),
                ("date_start", "<", end),
                ("date_end", ">", start),
            ]
        )

    @api.model
    def _release_expired_sudo(self, person):
        """Release the times that no customer chose while they were reserved."""
        self.sudo().search(
            [
                ("person_id", "=", person.id),
                ("is_held", "=", True),
                ("held_until", "<=", fields.Datetime.now()),
            ]
        ).write({"is_held": False})

    def _release_sudo(self):
        """Release these times for other customers."""
        self.sudo().write({"is_held": False, "is_chosen": False})
