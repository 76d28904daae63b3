# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import SUPERUSER_ID, api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.server_flag import ServerFlag
from ..xmlids import NOTE_SUBTYPE, READ_GROUP

# Where a note in a customer's name would pass for a text of that customer.
_WITH_HISTORY = ("fsm.confirmation", "fsm.order", "fsm.visit", "res.partner")
_WITH_STATUS = ("fsm.order", "fsm.visit")
# The server writes notes that only it may write, as the user who caused them.
WRITTEN_BY_SERVER = ServerFlag("by_server")


class MailMessage(models.Model):
    """Keeps texts and replies in the histories from users without a level.

    They are in the history of Work Orders and contacts, which such users may read.
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
        if self._hides_confirmations():
            return hidden | self._get_emptied_domain()
        allowed = (False, *self.env.companies.ids)
        return hidden & Domain("record_company_id", "not in", allowed)

    @api.model
    def _get_emptied_domain(self):
        """Notes that only say how a status changed, which these users don't see: the
        screen would take such a note for a deleted one."""
        get_field = self.env["ir.model.fields"]._get
        ids = tuple(get_field(name, "confirmation_status").id for name in _WITH_STATUS)

        def to_sql(_model, alias, _query):
            # No user may search by tracked values.
            return SQL(
                """
                (SELECT bool_and(tracking.field_id IS NOT NULL
                                 AND tracking.field_id IN %s)
                   FROM mail_tracking_value tracking
                  WHERE tracking.mail_message_id = %s) IS TRUE
                """,
                ids,
                SQL.identifier(alias, "id"),
            )

        def is_emptied(message):
            tracked = message.sudo().tracking_value_ids.mapped("field_id.id")
            return bool(tracked) and set(tracked) <= set(ids)

        return (
            Domain("model", "in", _WITH_STATUS)
            & Domain("body", "in", (False, ""))
            & Domain.custom(to_sql=to_sql, predicate=is_emptied)
        )

    def _get_forbidden_access(self, operation):
        forbidden = super()._get_forbidden_access(operation)
        if self.env.su:
            return forbidden
        hidden_sudo = self.sudo().filtered_domain(
            self._get_hidden_confirmations_domain()
        )
        if operation != "read":
            # Nobody changes what was written to a customer or by one, or what was
            # done by hand: also not its author. Odoo asks for "create" before it
            # changes a note on the screen.
            hidden_sudo |= self.sudo().filtered(
                lambda message: (
                    message._is_servers() or message._is_confirmation_record()
                )
            )
        if WRITTEN_BY_SERVER:
            hidden_sudo = hidden_sudo.browse()
        return forbidden | hidden_sudo.sudo(False)

    @api.model
    def _get_with_access(self, message_id, mode="read", **kwargs):
        # Odoo falls back to the record's own access, which is not enough here.
        message = super()._get_with_access(message_id, mode=mode, **kwargs)
        refused = message.sudo(False)._get_servers_forbidden(mode)
        return message.browse() if refused else message

    def _get_servers_forbidden(self, operation):
        """Those of the server's own notes that this user may not use so."""
        notes_sudo = self.sudo().filtered(
            lambda message: message._is_servers() or message._is_confirmation_record()
        )
        return notes_sudo.sudo(False)._get_forbidden_access(operation)

    def _is_servers(self):
        """Whether only the server writes such a note: it carries a customer's words."""
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(NOTE_SUBTYPE)
        return self.subtype_id.id == subtype_id or bool(self.confirmation_id)

    @api.model_create_multi
    def create(self, vals_list):
        messages = super().create(vals_list)
        messages._check_not_forged()
        return messages

    def write(self, vals):
        result = super().write(vals)
        if vals.keys() & {
            "author_id",
            "confirmation_id",
            "model",
            "res_id",
            "subtype_id",
        }:
            self._check_not_forged()
        return result

    def _check_not_forged(self):
        """:raises AccessError: a user makes what only a customer or the server writes

        The records are looked at, as an id may have come in any type. Odoo's own routes
        post as superuser what a user has written: only the author may be another then,
        as of an e-mail.
        """
        if WRITTEN_BY_SERVER or self.env.uid == SUPERUSER_ID:
            return
        self.flush_recordset()
        self.invalidate_recordset(["author_id", "confirmation_id", "subtype_id"])
        for message_sudo in self.sudo():
            is_forged = not self.env.su and message_sudo._is_in_customers_name()
            if is_forged or message_sudo._is_servers():
                raise AccessError(
                    self.env._("Nobody can write a note in the name of a customer.")
                )

    def _is_in_customers_name(self):
        """Whether its author has no login of staff, and is not who writes it."""
        author = self.author_id
        return (
            self.model in _WITH_HISTORY
            and bool(author)
            and author != self.env.user.partner_id
            and not any(
                user._is_internal()
                for user in author.with_context(active_test=False).user_ids
            )
        )

    def _is_confirmation_record(self):
        """Whether this is the server's own note about a message, not a person's."""
        return self.model == "fsm.confirmation" and self.message_type != "comment"
