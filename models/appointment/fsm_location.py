# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import fields, models


class FsmLocation(models.Model):
    """Place of work: what was asked there was asked of its owner."""

    _inherit = "fsm.location"

    # As it is without this addon, but in a column: Odoo's Privacy Lookup looks for one,
    # and finds nothing of anybody without it.
    active = fields.Boolean(related="partner_id.active", store=True, readonly=False)

    def write(self, vals):
        before = {rec: rec.owner_id for rec in self if "owner_id" in vals}
        result = super().write(vals)
        for location, owner in before.items():
            if location.owner_id != owner:
                location._on_owner_changed()
        if "calendar_id" in vals:
            self._on_zone_changed()
        return result

    def _on_zone_changed(self):
        """Its clock may show another hour: steps have other times."""
        if self:
            self.env["fsm.confirmation.outlook"]._forget_locations_sudo(self)

    def _on_owner_changed(self):
        """Another owner has not been asked about anything yet."""
        messages_sudo = self.env["fsm.confirmation"].sudo()
        asked_sudo = messages_sudo.search(
            [
                ("order_id.location_id", "in", self.ids),
                ("company_id", "!=", False),
            ]
        )
        asked_sudo.order_id.sudo(False)._on_place_changed()
