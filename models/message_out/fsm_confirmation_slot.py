# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models


class FsmConfirmationSlot(models.Model):
    """A time that was proposed to a customer, reserved for them for a while.

    One technician's time is never reserved for two customers, nor is that of a team for
    work without a technician: the database decides.
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
    team_id = fields.Many2one(
        "fsm.team",
        ondelete="cascade",
        index="btree_not_null",
        help="Where no technician is assigned.",
    )
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

    _held_once_by_team = models.Constraint(
        "EXCLUDE USING gist (int4range(team_id, team_id, '[]') WITH =,"
        " tsrange(date_start, date_end) WITH &&)"
        " WHERE (is_held IS TRUE AND person_id IS NULL AND team_id IS NOT NULL)",
        "This time has just been proposed to another customer.",
    )

    @api.model
    def _find_reserved_sudo(self, whose, start, end):
        """Times that are reserved in a span (naive UTC).

        :param whose: domain of the technician or team, see
            ``_get_whose_domain`` of ``fsm.confirmation.free.time``
        """
        return self.sudo().search(
            [
                *whose,
                ("is_held", "=", True),
                ("held_until", ">", fields.Datetime.now()),
                ("date_start", "<", end),
                ("date_end", ">", start),
            ]
        )

    @api.model
    def _release_expired_sudo(self, whose):
        """Release the times that no customer chose while they were reserved.

        :param whose: see :meth:`_find_reserved_sudo`
        """
        self.sudo().search(
            [
                *whose,
                ("is_held", "=", True),
                ("held_until", "<=", fields.Datetime.now()),
            ]
        ).write({"is_held": False})

    def _release_sudo(self):
        """Release these times for other customers."""
        self.sudo().write({"is_held": False, "is_chosen": False})
