# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import functools
import secrets
import socket
import time

from markupsafe import Markup

from odoo import SUPERUSER_ID, api, fields, models, modules
from odoo.modules.registry import Registry

from ...core.kinds import EMAIL
from ...tools.screen_notifications import ScreenNotifications
from ..privacy.ir_websocket import SCREENS_CHANNEL
from ..xmlids import NOTE_SUBTYPE

# A blockquote would be folded away by the chatter as a quoted mail.
_NOTE = (
    "<p>{title} {link}</p>"
    '<div class="border-start border-2 ps-2 my-1">{body}</div>'
    '<p class="text-muted">{state}</p>'
)
# Where a transaction collects what open screens have to reload.
_CHANGES = "fsm_confirmation.changes"
_KINDS = ("ids", "order_ids", "partner_ids")


@functools.cache
def _get_notifications(dbname):
    """The changes of a database that this process notifies screens of together."""
    return ScreenNotifications(functools.partial(_notify_from_outside, dbname))


def _notify_from_outside(dbname, changes):
    """Notify open screens of changes, in a transaction of its own."""
    with Registry(dbname).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        # There are no such screens if the addon was uninstalled meanwhile.
        if "fsm.confirmation.chatter" in env:
            env["fsm.confirmation.chatter"]._send_to_screens(changes)


class FsmConfirmationChatter(models.AbstractModel):
    """What is written into the histories, and what open screens are notified of."""

    _name = "fsm.confirmation.chatter"
    _description = "Histories of Confirmations"

    # ------------------------------------------------------------------
    # Notes
    # ------------------------------------------------------------------

    @api.model
    def _get_link(self, record):
        """A link to a message, as Markup, which the chatter opens."""
        return Markup('<a href="#" data-oe-model="%s" data-oe-id="%s">%s</a>') % (
            record._name,
            record.id,
            record.name,
        )

    @api.model
    def _format_text(self, title, body, state, record, auto_reply=""):
        """What a note shows of a text, as Markup.

        :param title: who wrote to whom
        :param body: the words
        :param state: what is known of it, one line
        :param record: the ``fsm.confirmation`` that the title links to, or none
        :param auto_reply: what the customer got back
        """
        link = self._get_link(record) if record else ""
        note = Markup(_NOTE).format(title=title, link=link, body=body, state=state)
        if auto_reply:
            title = self.env._("Auto-reply")
            note += Markup(_NOTE).format(
                title=title, link="", body=auto_reply, state=""
            )
        return note

    @api.model
    def _format_sent(self, record):
        """The note about a text of ours, with its delivery state, as Markup."""
        states = dict(record._fields["state"]._description_selection(self.env))
        delivery = states[record.state]
        if record.state in ("failed", "canceled") and record.failure_reason:
            delivery = f"{delivery}: {record.failure_reason}"
        if record.channel == EMAIL:
            title = self.env._(
                "E-mail to %(contact)s (%(email)s)",
                contact=record.contact_name or "",
                email=record.email,
            )
        else:
            title = self.env._(
                "Text message to %(contact)s (%(number)s)",
                contact=record.contact_name or "",
                number=record.mobile,
            )
        state = self.env._("Delivery: %s", delivery)
        return self._format_text(
            self._name_visit(title, record),
            record.body,
            " · ".join(filter(None, (record._get_kind_label(), state))),
            record,
        )

    @api.model
    def _name_visit(self, title, record):
        """The title of a note with the visit that it is about, if it is about one."""
        visit_sudo = record.visit_id.sudo()
        return f"{title}, {visit_sudo.name}," if visit_sudo else title

    @api.model
    def _log(self, targets, sentence, company):
        """Write a sentence into the histories of Work Order, contact and the like.

        Its subtype keeps it from users without a Message Center level.

        :param targets: records of any model; empty ones are left out
        :param company: ``res.company`` whose users may read it; several or none: all
        """
        author = self.env.user.partner_id
        body = Markup("<p>%s</p>") % sentence
        self._create_notes(targets, body, author, company)

    @api.model
    def _log_text(self, record, targets, body, author, company, date=None):
        """Write a customer's text, or what it was answered, into histories.

        :param record: the ``fsm.confirmation`` that it answers, or none
        :param targets: see :meth:`_log`
        :param body: see :meth:`_format_text`
        :param author: ``res.partner`` who has written it; none: the user notes it
        :param company: see :meth:`_log`
        :param date: when it was written, naive UTC; None: now
        """
        by_text = bool(author)
        author = author or self.env.user.partner_id
        self._create_notes(targets, body, author, company, by_text, record, date)

    @api.model
    def _create_notes(
        self, targets, body, author, company, by_text=False, record=None, date=None
    ):
        """One create for all: Odoo's own ``_message_log`` costs queries for each."""
        company = company if len(company) == 1 else company.browse()
        self.env["fsm.confirmation.shortcuts"]._create_notes_sudo(
            [
                self._prepare_note(target, body, author, company, by_text, record, date)
                for target in targets
                if target
            ]
        )

    @api.model
    def _prepare_note(
        self, target, body, author, company, by_text=False, record=None, date=None
    ):
        """Field values of one note.

        :param body: Markup, made of escaped parts
        :param by_text: the author, a customer, has written it on a phone
        :param record: the ``fsm.confirmation`` whose text, or a reply to it, it shows
        :param date: when the text was written, naive UTC; None: now
        """
        # A customer who wrote a text did not write it from an e-mail address.
        email = not by_text and author.sudo().email_formatted
        return {
            "confirmation_id": bool(record) and record.id,
            "model": target._name,
            "res_id": target.id,
            "body": body,
            "date": date or fields.Datetime.now(),
            "message_type": "notification",
            "subtype_id": self.env["ir.model.data"]._xmlid_to_res_id(NOTE_SUBTYPE),
            "is_internal": True,
            "author_id": author.id,
            # A contact may belong to several companies, a text to one.
            "record_company_id": company.id,
            "email_from": email,
            "reply_to": email,
            "message_id": self._make_reference(),
            "email_add_signature": False,
        }

    @api.model
    def _make_reference(self):
        """A ``message_id`` of RFC 5322, as every note has to have one.

        Odoo's own begins at random, so that each note goes to another page of a large
        index. Ours begins with the time: all of them go to the last page.
        """
        now = f"{time.time():.6f}"
        return f"<{now}.{secrets.token_hex(8)}-fsm-confirmation@{socket.gethostname()}>"

    @api.model
    def _log_sent(self, records):
        """Write the texts into the histories of Work Orders and contacts.

        One create, however many texts there are.
        """
        wanted = []
        for record in records:
            author = record.user_id.partner_id or self.env.user.partner_id
            body = self._format_sent(record)
            for name, link in (
                ("order_id", "order_message_id"),
                ("partner_id", "partner_message_id"),
            ):
                # One text about several appointments is one note.
                if record[name] and record[name] != record.carrier_id[name]:
                    values = self._prepare_note(
                        record[name],
                        body,
                        author,
                        record.company_id,
                        record=record,
                        date=record.sent_date,
                    )
                    wanted.append((record, link, values))
        notes = self.env["fsm.confirmation.shortcuts"]._create_notes_sudo(
            [values for *_to, values in wanted]
        )
        for (record, link, _values), note in zip(wanted, notes, strict=True):
            record[link] = note

    @api.model
    def _refresh(self, records):
        """Bring the delivery state in the histories up to date."""
        for record in records:
            notes_sudo = (record.order_message_id | record.partner_message_id).sudo()
            if notes_sudo:
                values = {"body": self._format_sent(record)}
                if record.sent_date:
                    values["date"] = record.sent_date
                notes_sudo.write(values)

    # ------------------------------------------------------------------
    # Open screens
    # ------------------------------------------------------------------

    @api.model
    def _notify_screens(self, company, ids, order_ids=(), partner_ids=()):
        """Collect what open screens have to reload; ids only, no content.

        However often it is called, they are notified once, on commit.

        :param company: ``res.company`` whose users' screens these are
        :param ids: of messages; 0 stands for a reply that belongs to none
        """
        data = self.env.cr.precommit.data
        if _CHANGES not in data:
            data[_CHANGES] = {}
            self.env.cr.precommit.add(self._send_changes)
        for name, values in zip(_KINDS, (ids, order_ids, partner_ids), strict=True):
            data[_CHANGES].setdefault((company.id, name), set()).update(values)

    @api.model
    def _send_changes(self):
        """Notify screens of this transaction's changes now, or soon if there are many.

        In a test always now: nothing is committed for another transaction to see.
        """
        changes = self.env.cr.precommit.data.pop(_CHANGES)
        notifications = _get_notifications(self.env.cr.dbname)
        if modules.module.current_test or notifications.may_notify_now():
            self._send_to_screens(changes)
        else:
            self.env.cr.postcommit.add(functools.partial(notifications.add, changes))

    @api.model
    def _send_to_screens(self, changes):
        """:param changes: dict (id of a company, kind of ids) -> ids"""
        payloads = {}
        for (company_id, name), ids in changes.items():
            payload = payloads.setdefault(company_id, dict.fromkeys(_KINDS, []))
            payload[name] = sorted(ids)
        for company_id, payload in payloads.items():
            company_sudo = self.env["res.company"].sudo().browse(company_id)
            self.env["bus.bus"].sudo()._sendone(
                (company_sudo, SCREENS_CHANNEL), "fsm_confirmation/changed", payload
            )
