# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class FsmConfirmationReferenceMixin(models.AbstractModel):
    """A dialog whose records a user names by id: only ones that the user may read.

    Dialogs compute with more rights than the user has, so a guessed id would show
    what stands in another company's records.
    """

    _name = "fsm.confirmation.reference.mixin"
    _description = "Dialog That Checks Its References"

    def _get_reference_fields(self):
        """Names of the many2one fields that a client may set."""
        raise NotImplementedError

    @api.model
    def _check_reference_values(self, values):
        """:raises AccessError: the user may not read what a field names"""
        for name in self._get_reference_fields():
            record_id = values.get(name)
            if isinstance(record_id, int) and record_id and not self.env.su:
                model = self.env[self._fields[name].comodel_name]
                model.browse(record_id).check_access("read")

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        self._check_reference_values(values)
        return values

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._check_reference_values(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._check_reference_values(vals)
        return super().write(vals)

    def onchange(self, values, field_names, fields_spec):
        ids = {
            name: value.get("id") if isinstance(value, dict) else value
            for name, value in values.items()
        }
        self._check_reference_values(ids)
        return super().onchange(values, field_names, fields_spec)
