# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.http import request

ROUTES = "/job_confirmation/twilio/"


class IrHttp(models.AbstractModel):
    """Strangers choose their parameters' names: none of them is an argument here."""

    _inherit = "ir.http"

    @classmethod
    def _dispatch(cls, endpoint):
        # Odoo hands every parameter to the method by its name; one that is called
        # "self" would be an error. The controller reads the signed form itself.
        if request.httprequest.path.startswith(ROUTES):
            request.params = {
                key: value for key, value in request.params.items() if key == "uuid"
            }
        return super()._dispatch(endpoint)
