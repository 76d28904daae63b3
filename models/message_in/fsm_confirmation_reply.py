# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import dataclasses

import psycopg2

from odoo import Command, api, fields, models
from odoo.exceptions import AccessError, UserError

from ...core import matching, talk
from ...core.reply import Said
from ...tools.domains import search_in_all
from ...tools.export import harmless_rows


class FsmConfirmationReply(models.Model):
    """One text received from a customer.

    ``fsm.confirmation.inbox`` processes it; a text that couldn't be processed stays
    ``pending`` and is tried again.
    """

    _name = "fsm.confirmation.reply"
    _inherit = ["fsm.confirmation.reply.screen.mixin"]
    _description = "Customer Reply"
    _order = "id desc"
    _rec_name = "body"

    confirmation_id = fields.Many2one(
        "fsm.confirmation", string="Message", index=True, ondelete="set null"
    )
    # Nearly every text answers one message, which needs no row in a second table.
    further_confirmation_ids = fields.Many2many(
        "fsm.confirmation",
        "fsm_confirmation_reply_rel",
        "reply_id",
        "confirmation_id",
        string="Further Messages",
        readonly=True,
        technical=True,
    )
    confirmation_ids = fields.Many2many(
        "fsm.confirmation",
        string="Messages",
        compute="_compute_confirmation_ids",
        search="_search_confirmation_ids",
        help="Every message that this text answers.",
    )
    order_id = fields.Many2one(related="confirmation_id.order_id", string="Work Order")
    partner_id = fields.Many2one(
        "res.partner", string="Contact", readonly=True, index="btree_not_null"
    )
    mobile = fields.Char(readonly=True, help="None: answered on the e-mail's page.")
    recipient = fields.Char("Sent To", readonly=True, help="Our number.")
    body = fields.Text("Customer's Words", readonly=True)
    service_sid = fields.Char(
        "Messaging Service",
        readonly=True,
        help="The service that was answered.",
        technical=True,
    )
    media_count = fields.Integer("Pictures", readonly=True)
    intent = fields.Selection(
        [
            ("confirm", "Yes"),
            ("decline", "No"),
            ("answers", "Several answers"),
            ("opt_out", "Opt out"),
            ("opt_in", "Opt in again"),
            ("help", "Help"),
            ("wrong_number", "Wrong number"),
            ("courtesy", "Courtesy"),
            ("chosen", "Chose a time"),
            ("unrecognized", "Unrecognized"),
        ],
        string="Understood As",
        readonly=True,
    )
    reason = fields.Char(
        "Reason Key", readonly=True, help="Why it was understood so.", technical=True
    )
    state = fields.Selection(
        [
            ("pending", "Not processed yet"),
            ("matched", "Matched"),
            ("unmatched", "Unmatched"),
        ],
        default="pending",
        required=True,
        readonly=True,
    )
    twilio_sid = fields.Char("Twilio SID", readonly=True, technical=True)
    received_date = fields.Datetime(
        "Received On", required=True, readonly=True, default=fields.Datetime.now
    )
    company_id = fields.Many2one("res.company", required=True, readonly=True)
    auto_reply_body = fields.Text("Auto-Reply", readonly=True)
    auto_reply_kind = fields.Char(
        "Auto-Reply Kind",
        readonly=True,
        help="What was said, see core/talk.py.",
        technical=True,
    )
    # A webhook's response carries it. One found later is a text of its own.
    auto_reply_state = fields.Selection(
        [
            ("outgoing", "Waiting"),
            ("sending", "Sending"),
            ("sent", "Sent"),
            ("failed", "Failed"),
        ],
        "Late Auto-Reply",
        readonly=True,
    )
    auto_reply_after = fields.Datetime(
        "Auto-Reply Not Before", readonly=True, technical=True
    )
    is_done = fields.Boolean(
        "Done",
        readonly=True,
        help="A person has read it, or a later reply resolved it.",
    )
    answers = fields.Json(
        readonly=True,
        technical=True,
        help="Of several different answers: the response of each message, by its id.",
    )
    opt_out_type = fields.Char(
        readonly=True, help="Twilio's OptOutType.", technical=True
    )
    error = fields.Char("Last Error", readonly=True)
    attempt_count = fields.Integer(readonly=True, technical=True)

    # A replayed or repeated webhook must not become a second reply.
    _twilio_sid_unique = models.UniqueIndex("(twilio_sid)")
    _mobile_index = models.Index("(mobile, id)")
    _auto_reply_index = models.Index("(id) WHERE auto_reply_state = 'outgoing'")
    _pending_index = models.Index("(id) WHERE state = 'pending'")
    # Worded as Odoo words the condition of the tile and of the filter.
    _unmatched_index = models.Index(
        "(id) INCLUDE (company_id) WHERE state != 'matched' AND is_done IS NOT TRUE"
    )

    @api.depends("confirmation_id", "further_confirmation_ids")
    def _compute_confirmation_ids(self):
        for reply in self:
            reply.confirmation_ids = (
                reply.confirmation_id | reply.further_confirmation_ids
            )

    def _search_confirmation_ids(self, operator, value):
        names = ("confirmation_id", "further_confirmation_ids")
        return search_in_all(names, operator, value)

    def write(self, vals):
        # Also not with sudo: an automation's code is no way around it either.
        if "body" in vals:
            raise UserError(self.env._("A customer's words can't be changed."))
        if not self.env.su:
            if vals.keys() - {"confirmation_id"}:
                raise AccessError(
                    self.env._("A reply can only be linked to a message.")
                )
            self.check_access("write")
            for reply in self:
                reply._attach(
                    self.env["fsm.confirmation"].browse(vals.get("confirmation_id"))
                )
            return True
        return super().write(vals)

    def copy(self, default=None):  # pylint: disable=method-required-super
        raise UserError(self.env._("A reply can't be duplicated."))

    def unlink(self):
        self.check_access("unlink")
        retention = self.env["fsm.confirmation.retention"]
        # One of several may have been deleted along with its message.
        present = self.exists()
        retention._erase_traces_sudo(present.confirmation_id.browse(), present)
        return super().unlink()

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        rows = super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)
        return harmless_rows(rows)

    # ------------------------------------------------------------------
    # Store, and read as plain data
    # ------------------------------------------------------------------

    @api.model
    def _store_once(self, values):
        """Store a reply, unless its MessageSid is known already.

        :return: whether it was not known
        """
        if self.search_count([("twilio_sid", "=", values["twilio_sid"])], limit=1):
            return False
        try:
            with self.env.cr.savepoint():
                self.create(values).flush_recordset()
        except psycopg2.errors.UniqueViolation:
            return False
        return True

    @api.model
    def _get_newest(self, mobile):
        """A number's newest replies, of every company, newest first."""
        return self.search_fetch(
            [("mobile", "=", mobile)],
            [
                "auto_reply_body",
                "auto_reply_kind",
                "body",
                "confirmation_id",
                "intent",
                "is_done",
                "reason",
                "received_date",
                "recipient",
                "service_sid",
                "state",
                "twilio_sid",
            ],
            limit=matching.REPLIES_READ + 1,
        )

    @api.model
    def _prepare_inbound(self, values):
        """A text as plain data.

        :param values: dict of field values, of a reply that may not be stored yet
        :return: :class:`~...core.matching.Inbound`
        """
        names = ("mobile", "recipient", "service_sid", "body", "opt_out_type")
        return matching.Inbound(
            received_date=values["received_date"],
            company_id=values["company_id"],
            id=values.get("id", 0),
            **{name: values[name] or "" for name in names},
        )

    def _to_inbound(self):
        """This reply as plain data; see :meth:`_prepare_inbound`."""
        names = [field.name for field in dataclasses.fields(matching.Inbound)]
        [values] = self.read(names, load=None)
        return self._prepare_inbound(values)

    def _prepare_said(self, appointments):
        """What this reply said, and what was said to it.

        :param appointments: dict ``fsm.confirmation`` id -> what it asks about
        :return: list of :class:`~...core.reply.Said`
        """
        about = appointments.get(self.confirmation_id.id)
        common = {"about": (about,) if about else (), "time": self.received_date}
        said = [Said("customer", "", self.body or "", **common)]
        kind = self.auto_reply_kind or talk.SAID_BY_TWILIO.get(self.intent, "")
        if self.auto_reply_body and not kind:
            kind = talk.SAID_TO_INTENT.get(self.intent, "")
        if kind or self.auto_reply_body:
            text = self.auto_reply_body or ""
            said.append(Said("us", kind, text, **common))
        return said

    def _has_opted_since(self, text):
        """Whether one of these, written after a text, opts out or in again.

        :param text: :class:`~...core.matching.Inbound`, which comes late to us
        """
        # One that is not stored yet is the newest of its second.
        mine = (text.received_date, text.id or float("inf"))
        return any(
            reply.intent in ("opt_out", "opt_in")
            and (reply.received_date, reply.id) > mine
            for reply in self
        )

    def _is_to_line_of(self, text):
        """Whether this went to the same number or Messaging Service as another text.

        :param text: :class:`~...core.matching.Inbound`
        """
        service = text.service_sid
        return self.recipient == text.recipient or (
            bool(service) and self.service_sid == service
        )

    def _resolve_questions(self, text, messages):
        """Replies that could belong to several messages are resolved now.

        :param text: :class:`~...core.matching.Inbound` that says which one is meant
        :param messages: the ``fsm.confirmation`` that it is about
        """
        resolved = self.filtered(
            lambda reply: (
                reply._is_to_line_of(text)
                and reply.state == "unmatched"
                and reply.reason == "ambiguous"
                and not reply.is_done
            )
        )
        values = {"is_done": True}
        if messages:
            values.update(state="matched", confirmation_id=messages[0].id)
        if messages[1:]:
            # None is linked to it yet; to make sure of that is a query.
            values["further_confirmation_ids"] = [Command.set(messages[1:].ids)]
        resolved.write(values)

    # ------------------------------------------------------------------
    # Histories and open screens
    # ------------------------------------------------------------------

    def _log_reply(self, messages):
        """Write this reply, and its auto-reply, into the histories of its messages."""
        reply_chatter = self.env["fsm.confirmation.reply.chatter"]
        reply_chatter._log_texts(self, [(messages, self.intent)], self.auto_reply_body)

    @api.model
    def _notify_unmatched(self, company, partner):
        """Tell open screens of a reply that belongs to no message."""
        chatter = self.env["fsm.confirmation.chatter"]
        chatter._notify_screens(company, [0], partner_ids=partner.ids)

    def _notify_changed(self):
        """Tell open screens that this reply changed."""
        if self.confirmation_id:
            self.confirmation_id._notify_changed()
        else:
            self._notify_unmatched(self.company_id, self.partner_id)
