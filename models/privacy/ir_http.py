# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import models
from odoo.http import request

from ...tools.webhook import refuse_odd_request
from ..xmlids import READ_GROUP

ROUTES = "/job_confirmation/twilio/"


class IrHttp(models.AbstractModel):
    """What a request may bring, and what a session is told."""

    _inherit = "ir.http"

    def session_info(self):
        """The screen knows the tiles before it has counted anything."""
        info = super().session_info()
        if self.env.user.has_group(READ_GROUP):
            tiles = self.env["fsm.message.center"]._describe_tiles()
            info["message_center_tiles"] = tiles
            info["day_board_tiles"] = self.env["fsm.day.board"]._describe_tiles()
        return info

    @classmethod
    def _pre_dispatch(cls, rule, args):  # pylint: disable=missing-return
        super()._pre_dispatch(rule, args)
        if request.httprequest.path.startswith(ROUTES):
            refuse_odd_request(request.httprequest)

    @classmethod
    def _dispatch(cls, endpoint):
        # Don't pass strangers' parameters on: Odoo hands each to the method by name, so
        # that one called "self" would be an error. The controller reads the signed form
        # itself.
        if request.httprequest.path.startswith(ROUTES):
            request.params = {
                key: value for key, value in request.params.items() if key == "uuid"
            }
        return super()._dispatch(endpoint)
