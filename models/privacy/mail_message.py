# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.fields import Domain

from ..xmlids import NOTE_SUBTYPE, READ_GROUP


class MailMessage(models.Model):
    """Keeps texts and replies in the histories from users without a level.

    They stand in the history of Work Orders and contacts, which such users may read.
    """

    _inherit = "mail.message"

    confirmation_id = fields.Many2one(
        "fsm.confirmation",
        "Job Confirmation",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        groups=READ_GROUP,
        help="The message whose text, or a reply to it, this note shows.",
    )

    def _hides_confirmations(self):
        return not self.env.su and not self.env.user.has_group(READ_GROUP)

    @api.model
    def _search(self, domain, *args, **kwargs):
        # Also with bypass_access: that is how records are searched by their messages.
        if not self.env.su:
            domain = Domain(domain) & ~self._get_hidden_confirmations_domain()
        return super()._search(domain, *args, **kwargs)

    @api.model
    def _get_hidden_confirmations_domain(self):
        """Texts and replies that this user must not see: all of them without a level,
        else those of companies that are not the user's."""
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(NOTE_SUBTYPE)
        hidden = Domain("subtype_id", "=", subtype_id)
        if not self._hides_confirmations():
            allowed = (False, *self.env.companies.ids)
            hidden &= Domain("record_company_id", "not in", allowed)
        return hidden

    def _get_forbidden_access(self, operation):
        forbidden = super()._get_forbidden_access(operation)
        if self.env.su:
            return forbidden
        hidden_sudo = self.sudo().filtered_domain(
            self._get_hidden_confirmations_domain()
        )
        if operation in ("write", "unlink"):
            # Nobody changes what was written to a customer or by one, or what was
            # done by hand: also not its author.
            subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(NOTE_SUBTYPE)
            hidden_sudo |= self.sudo().filtered(
                lambda message: (
                    message.subtype_id.id == subtype_id
                    or message._is_confirmation_record()
                )
            )
        return forbidden | hidden_sudo.sudo(False)

    def _is_confirmation_record(self):
        """Whether this is the server's own note about a message, not a person's."""
        return self.model == "fsm.confirmation" and self.message_type != "comment"
