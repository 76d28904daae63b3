# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import functools
import logging

from odoo import api, fields, models

from ...tools.log_redaction import private_queries
from ...tools.retry import CONFLICTS, commit_with_retries
from ..xmlids import MODULE

_logger = logging.getLogger(__name__)

CRON = f"{MODULE}.ir_cron_rename"
_FIRST_BATCH = 200  # messages, in the transaction of the user who renames
_BATCH = 1000  # messages, in a transaction of the scheduled action
_NAMES = ("contact_name", "company_name")


class FsmConfirmationRename(models.Model):
    """A contact who was renamed, and whose older messages have yet to follow.

    The newest ones follow at once. A longtime customer has thousands more, each an
    UPDATE of all its indexes: nobody waits for them, the scheduled action does it right
    after the commit.
    """

    _name = "fsm.confirmation.rename"
    _description = "Renamed Contact"
    _log_access = False

    partner_id = fields.Many2one(
        "res.partner", required=True, readonly=True, ondelete="cascade"
    )
    below = fields.Integer(
        readonly=True, help="Messages with a smaller ID have yet to follow."
    )

    @api.model
    def _follow_sudo(self, partners):
        """Have messages show the names of contacts, and of companies, as they are now.

        :param partners: ``res.partner`` that were renamed, or have another company
        """
        left = [
            {"partner_id": partner.id, "below": below}
            for partner in partners
            if (below := self._rename(partner, _FIRST_BATCH))
        ]
        if left:
            self.sudo().create(left)
            self.env.ref(CRON).sudo()._trigger()

    @api.model
    @private_queries()
    def _cron_follow(self):
        """Rename the messages that are left, the newest first."""
        cron = self.env["ir.cron"]
        for row in self.search([]):
            while row.exists():
                try:
                    commit_with_retries(
                        self.env, functools.partial(self._go_on, row.id)
                    )
                except CONFLICTS:
                    _logger.info("Messages of a renamed contact follow later")
                    break
                if not cron._commit_progress(1):
                    return

    @api.model
    def _go_on(self, row_id):
        row = self.browse(row_id)
        row.below = self._rename(row.partner_id, _BATCH, row.below)
        if not row.below:
            row.unlink()

    @api.model
    def _rename(self, partner, limit, below=0):
        """Rename messages of a contact and of those below it.

        :param limit: how many at most, the newest first
        :param below: only messages with a smaller id; 0: all
        :return: the smallest id of them, 0 if there are no more
        """
        mine = [("partner_id", "child_of", partner.id)]
        if below:
            mine.append(("id", "<", below))
        messages_sudo = self.env["fsm.confirmation"].sudo()
        found_sudo = messages_sudo.search(mine, order="id desc", limit=limit)
        for name in _NAMES:
            self.env.add_to_compute(messages_sudo._fields[name], found_sudo)
        found_sudo._recompute_recordset(_NAMES)
        return found_sudo[-1:].id if len(found_sudo) == limit else 0
