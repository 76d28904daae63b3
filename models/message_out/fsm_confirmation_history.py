# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import functools
import secrets
import socket
import time

from markupsafe import Markup, escape

from odoo import SUPERUSER_ID, api, models, modules
from odoo.modules.registry import Registry

from ...tools.throttle import Bundle
from ..appointment.fsm_appointment_mixin import READ_GROUP
from ..privacy.mail_message import SUBTYPE

# A blockquote would be folded away by the chatter as a quoted mail.
HISTORY_NOTE = (
    "<p>{title} {link}</p>"
    '<div class="border-start border-2 ps-2 my-1">{body}</div>'
    '<p class="text-muted">{state}</p>'
)
# Where a transaction collects what screens have to read again.
_CHANGES = "fsm_confirmation.changes"


@functools.cache
def _get_bundle(dbname):
    """The changes of a database that this process tells to open screens together."""
    return Bundle(functools.partial(_tell_from_outside, dbname))


def _tell_from_outside(dbname, changes):
    """Tell open screens of changes, in a transaction of its own."""
    with Registry(dbname).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        env["fsm.confirmation"]._send_to_screens(changes)


class FsmConfirmation(models.Model):
    """What is written into the histories, and what open screens are told."""

    _inherit = "fsm.confirmation"

    # ------------------------------------------------------------------
    # History and live update
    # ------------------------------------------------------------------

    def _link_to_message(self):
        return Markup('<a href="#" data-oe-model="%s" data-oe-id="%s">%s</a>') % (
            self._name,
            self.id,
            self.name,
        )

    def _history_body(self):
        """The note about this text, with its delivery state, as Markup."""
        self.ensure_one()
        states = dict(self._fields["state"]._description_selection(self.env))
        delivery = states[self.state]
        if self.state in ("failed", "canceled") and self.failure_reason:
            delivery = f"{delivery}: {self.failure_reason}"
        return Markup(HISTORY_NOTE).format(
            title=self.env._(
                "Text message to %(contact)s (%(number)s)",
                contact=self.contact_name or "",
                number=self.mobile,
            ),
            link=self._link_to_message(),
            body=self.body,
            state=self.env._("Delivery: %s", delivery),
        )

    @api.model
    def _log_note(self, target, body, author=None):
        """Write a note into the history of one record; see :meth:`_log_notes`."""
        return self._log_notes([target], body, author)

    @api.model
    def _log_notes(self, targets, body, author=None, by_text=False, company=None):
        """Write the same note into the histories of Work Order, contact and the like.

        Its subtype keeps it from users without a Message Center level. One create for
        all: Odoo's own ``_message_log`` costs a round of queries for each record.

        :param targets: records of any model; empty ones are left out
        :param body: str (is escaped) or Markup
        :param author: ``res.partner``; the user's without one
        :param by_text: the author, a customer, has written it on a phone
        :param company: whose users may read it; that of these messages without one
        :return: the ``mail.message`` records with sudo, in the order of ``targets``
        """
        author = author or self.env.user.partner_id
        companies = company or self.sudo().company_id
        company = companies if len(companies) == 1 else companies.browse()
        return self.env["mail.message"]._create_notes_sudo(
            [
                self._prepare_note_values(target, body, author, company, by_text)
                for target in targets
                if target
            ]
        )

    @api.model
    def _prepare_note_values(self, target, body, author, company, by_text=False):
        """Field values of one note; see :meth:`_log_notes`."""
        # A customer who wrote a text did not write it from an e-mail address.
        email = not by_text and author.sudo().email_formatted
        return {
            "model": target._name,
            "res_id": target.id,
            "body": escape(body),
            "message_type": "notification",
            "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id(SUBTYPE),
            "is_internal": True,
            "author_id": author.id,
            # A contact may belong to several companies, a text to one.
            "record_company_id": company.id,
            "email_from": email,
            "reply_to": email,
            "message_id": self._make_note_reference(),
            "email_add_signature": False,
        }

    @api.model
    def _make_note_reference(self):
        """A ``message_id`` of RFC 5322, as every note has to have one.

        Odoo's own begins at random, so that each note goes to another page of a large
        index. Ours begins with the time: all of them go to the last page.
        """
        moment = f"{time.time():.6f}"
        return (
            f"<{moment}.{secrets.token_hex(8)}-fsm-confirmation@{socket.gethostname()}>"
        )

    def _log_sent(self):
        """Write the texts into the histories of Work Orders and contacts.

        One create, however many texts there are.
        """
        wanted = []
        for record in self:
            author = record.user_id.partner_id or self.env.user.partner_id
            body = record._history_body()
            for name, link in (
                ("order_id", "order_message_id"),
                ("partner_id", "partner_message_id"),
            ):
                if record[name]:
                    values = self._prepare_note_values(
                        record[name], body, author, record.company_id
                    )
                    wanted.append((record, link, values))
        notes = self.env["mail.message"]._create_notes_sudo(
            [values for *_to, values in wanted]
        )
        for (record, link, _values), note in zip(wanted, notes, strict=True):
            record[link] = note

    def _refresh_history(self):
        """Bring the delivery state in the histories up to date."""
        for record in self:
            messages_sudo = (record.order_message_id | record.partner_message_id).sudo()
            if messages_sudo:
                messages_sudo.write({"body": record._history_body()})

    def _show_change(self):
        """Bring histories and open screens up to date."""
        self._refresh_history()
        self._notify_changed()

    def _notify_changed(self):
        """Tell open screens to read these records again; ids only, no content.

        However often it is called: once a transaction, when it is committed.
        """
        if self:
            self._tell_screens(self.ids, self.order_id.ids, self.partner_id.ids)

    @api.model
    def _tell_screens(self, ids, order_ids=(), partner_ids=()):
        """Collect what changed, to be told at the end of the transaction.

        :param ids: of messages; 0 stands for a reply that belongs to none
        """
        data = self.env.cr.precommit.data
        if _CHANGES not in data:
            data[_CHANGES] = {"ids": set(), "order_ids": set(), "partner_ids": set()}
            self.env.cr.precommit.add(self._send_changes)
        for key, values in zip(
            data[_CHANGES], (ids, order_ids, partner_ids), strict=True
        ):
            data[_CHANGES][key].update(values)

    @api.model
    def _send_changes(self):
        """Tell the changes of this transaction now, or soon if much happens.

        In a test nothing is committed that another transaction could tell of.
        """
        changes = self.env.cr.precommit.data.pop(_CHANGES)
        bundle = _get_bundle(self.env.cr.dbname)
        if modules.module.current_test or bundle.may_tell_now():
            self._send_to_screens(changes)
        else:
            self.env.cr.postcommit.add(functools.partial(bundle.add, changes))

    @api.model
    def _send_to_screens(self, changes):
        group_id = self.env["ir.model.data"]._xmlid_to_res_id(READ_GROUP)
        self.env["res.groups"].sudo().browse(group_id)._bus_send(
            "fsm_confirmation/changed",
            {key: sorted(values) for key, values in changes.items()},
        )
