# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

# Odoo's own counts of notifications, which every record with a chatter has.
_MAIL_FIELDS = (
    "has_message",
    "message_attachment_count",
    "message_has_error",
    "message_has_error_counter",
    "message_has_sms_error",
    "message_is_follower",
    "message_needaction",
    "message_needaction_counter",
)
_KINDS = ("searchable", "groupable", "exportable")


class FsmTechnicalFieldsMixin(models.AbstractModel):
    """Fields that Custom Filter, Custom Group and Export need not offer.

    Such a field is declared with ``technical=True``: only the program uses it. It can
    be read, searched and exported by its name all the same, and developer mode offers
    it.
    """

    _name = "fsm.technical.fields.mixin"
    _description = "Technical Fields"

    def _valid_field_parameter(self, field, name):
        return name == "technical" or super()._valid_field_parameter(field, name)

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        descriptions = super().fields_get(allfields, attributes)
        if self.env.user.has_group("base.group_no_one"):
            return descriptions
        for name, description in descriptions.items():
            if name in _MAIL_FIELDS or getattr(self._fields[name], "technical", False):
                for kind in description.keys() & set(_KINDS):
                    description[kind] = False
        return descriptions
