# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models, tools
from odoo.fields import Domain
from odoo.tools import SQL

from ..appointment.fsm_appointment_mixin import READ_GROUP

SUBTYPE = "fieldservice_job_confirmation.mt_confirmation"


class MailMessage(models.Model):
    """Keeps texts and replies in the histories from users without a level.

    They stand in the history of Work Orders and contacts, which such users may read.
    """

    _inherit = "mail.message"

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
        subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(SUBTYPE)
        hidden = Domain("subtype_id", "=", subtype_id)
        if not self._hides_confirmations():
            allowed = (False, *self.env.companies.ids)
            hidden &= Domain("record_company_id", "not in", allowed)
        return hidden

    @api.model
    def _create_notes_sudo(self, vals_list):
        """Create notes, as :meth:`create` does, with one INSERT.

        A note has no attachment, recipient or notification, and its HTML is made of
        escaped parts, so that nearly all that create() does is done in vain. It was a
        fifth of the work of a reply.

        :param vals_list: dicts, all with the same keys, as for :meth:`create`
        :return: ``mail.message`` records with sudo
        """
        messages_sudo = self.sudo()
        if not vals_list:
            return messages_sudo.browse()
        if not self._may_insert_notes(frozenset(vals_list[0])):
            return messages_sudo.create(vals_list)
        now = fields.Datetime.now()
        always = {
            "date": now,
            "create_uid": self.env.uid,
            "create_date": self.env.cr.now(),
            "write_uid": self.env.uid,
            "write_date": self.env.cr.now(),
        }
        names = [*vals_list[0], *always]
        rows = [
            tuple(
                None
                if value is False and self._fields[name].type != "boolean"
                else str(value)
                if self._fields[name].type == "html"
                else value
                for name, value in {**vals, **always}.items()
            )
            for vals in vals_list
        ]
        found = self.env.execute_query(
            SQL(
                "INSERT INTO mail_message (%s) VALUES %s RETURNING id",
                SQL(", ").join(map(SQL.identifier, names)),
                SQL(", ").join(SQL("%s", row) for row in rows),
            )
        )
        notes_sudo = messages_sudo.browse([id_ for (id_,) in found])
        for note_sudo, vals in zip(notes_sudo, vals_list, strict=True):
            # As create() leaves it: who reads a history next finds the note in it.
            note_sudo._invalidate_documents(vals["model"], vals["res_id"])
        return notes_sudo

    @api.model
    @tools.ormcache("names")
    def _may_insert_notes(self, names):
        """Whether a row of these values is all that :meth:`create` would make of them.

        Not where another addon has its say: it extends create(), has a column that
        needs a value, or stores something that follows from messages.

        :param names: frozenset of field names
        """
        cls = type(self)
        makers = {
            base.__dict__.get("_module")
            for base in cls.__mro__
            if "create" in vars(base)
        }
        if "create" in vars(cls) or makers - {"mail", "base", None}:
            return False
        written = {*names, *models.MAGIC_COLUMNS, "date"}
        return not any(
            field.store
            and field.column_type
            and (
                any(
                    other.store and other.column_type
                    for other in self.pool.get_dependent_fields(field)
                )
                or (
                    field.name not in written
                    and (field.required or field.compute or field.default)
                )
            )
            for field in self._fields.values()
        )

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
            subtype_id = self.env["ir.model.data"]._xmlid_to_res_id(SUBTYPE)
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
