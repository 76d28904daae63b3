# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class FsmConfirmationReferenceMixin(models.AbstractModel):
    """A dialog whose records a user names by id: only ones that the user may read.

    Dialogs compute with more rights than the user has, and Odoo shows the name of every
    record that a field leads to, so a guessed id would show what is in another
    company's records. Records are checked rather than values: Odoo and PostgreSQL
    accept ids of more types than one could list.
    """

    _name = "fsm.confirmation.reference.mixin"
    _description = "Dialog That Checks Its References"

    @api.model
    def _get_reference_names(self):
        """Names of the fields that a client can set to a record."""
        return [
            field.name
            for field in self._fields.values()
            if field.type == "many2one"
            and field.store
            and field.name not in models.MAGIC_COLUMNS
        ]

    def _may_refer_to(self, _name, record):
        """Whether this dialog may show a record.

        :param name: of the field that leads to it
        """
        return record.has_access("read")

    def _check_references(self):
        """:raises AccessError: the user may not read what a field leads to"""
        if self.env.su:
            return
        for wizard in self:
            for name in self._get_reference_names():
                record = wizard[name]._origin
                if record and not wizard._may_refer_to(name, record):
                    record.check_access("read")

    def _check_stored_references(self):
        """As :meth:`_check_references`, of what the database made of the values."""
        if self.env.su:
            return
        self.flush_recordset()
        self.invalidate_recordset(self._get_reference_names())
        self._check_references()

    def _check_reference_values(self, values):
        """As :meth:`_check_references`, of values that are not stored."""
        # All of them are set: Odoo would ask default_get for the others.
        given = {
            name: values.get(name, self[name].id if self else False)
            for name in self._get_reference_names()
        }
        self.new(given)._check_references()

    @api.model
    def default_get(self, fields):
        values = super().default_get(fields)
        self._check_reference_values(values)
        return values

    @api.model_create_multi
    def create(self, vals_list):
        wizards = super().create(vals_list)
        wizards._check_stored_references()
        return wizards

    def write(self, vals):
        result = super().write(vals)
        self._check_stored_references()
        return result

    def onchange(self, values, field_names, fields_spec):
        self._check_reference_values(values)
        return super().onchange(values, field_names, fields_spec)
