# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class FsmConfirmation(models.Model):
    """What the Message Center shows above its list."""

    _inherit = "fsm.confirmation"

    @api.model
    def get_message_center_summary(self, domain):
        """What stands above the list, for the messages that are being looked at.

        :param domain: of the current search
        :return: dict with ``notices``, see :meth:`_get_message_center_notices`
        """
        self.check_access("read")
        return {"notices": self._get_message_center_notices()}

    def _get_message_center_notices(self):
        """What a person should know before anything else. An override point.

        :return: list of dict ``level`` (``danger``, ``warning`` or ``info``), ``text``
            (one plain sentence) and, when something can be done here, ``label`` and
            ``action`` (an action's dict)
        """
        return []
