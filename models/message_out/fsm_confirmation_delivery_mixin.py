# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import uuid

from odoo import api, fields, models
from odoo.tools import babel_locale_parse
from odoo.tools.misc import get_lang
from odoo.tools.translate import _lt

from ...core.formatting import format_hour, localize

STATES = [
    ("outgoing", "Waiting"),
    ("sending", "Sending"),
    ("sent", "Sent"),
    ("delivered", "Delivered"),
    ("failed", "Failed"),
    ("canceled", "Canceled"),
]
FAILURE_TYPES = [
    ("number", "This number can't be texted"),
    ("landline", "A landline"),
    ("consent", "Opted out"),
    ("setup", "Setup problem"),
    ("filtered", "Blocked by the carrier"),
    ("unreachable", "Phone not reachable"),
    ("temporary", "Twilio not available"),
    ("unknown", "Not known whether it was sent"),
    ("other", "Refused by Twilio"),
    ("email", "E-mail not delivered"),
]


class FsmConfirmationDeliveryMixin(models.AbstractModel):
    """How far a message got: the part of :class:`FsmConfirmation` that Twilio knows.

    ``fsm.confirmation.delivery`` writes these fields.
    """

    _name = "fsm.confirmation.delivery.mixin"
    _inherit = ["fsm.technical.fields.mixin"]
    _description = "Delivery of a Confirmation"

    state = fields.Selection(
        STATES, "Delivery", default="outgoing", required=True, readonly=True
    )
    sent_date = fields.Datetime("Sent On", readonly=True)
    sent_hour = fields.Selection(
        "_get_hours",
        "Hour Sent",
        compute="_compute_sent_hour",
        store=True,
        precompute=True,
        # Odoo reads it from here only.
        falsy_value_label=_lt("Not sent yet"),  # pylint: disable=translation-field
        help="The hour of the day at which it was sent, where the work happens.",
    )
    delivered_date = fields.Datetime("Delivered On", readonly=True)
    failed_date = fields.Datetime("Failed On", readonly=True)
    failure_type = fields.Selection(FAILURE_TYPES, readonly=True)
    failure_reason = fields.Char(readonly=True)
    error_code = fields.Integer("Twilio Error", readonly=True, aggregator=None)
    segment_count = fields.Integer("SMS Segments", readonly=True, aggregator="sum")
    sender = fields.Char(
        "Sent From", readonly=True, help="Our number, or the Messaging Service."
    )
    from_number = fields.Char(
        readonly=True, help="The number Twilio chose from the service.", technical=True
    )
    twilio_sid = fields.Char("Twilio SID", readonly=True, copy=False, technical=True)
    uuid = fields.Char(
        readonly=True,
        copy=False,
        required=True,
        default=lambda self: uuid.uuid4().hex,
        technical=True,
    )
    claimed_date = fields.Datetime(readonly=True, technical=True)
    refused_sids = fields.Char(
        readonly=True,
        copy=False,
        help="Twilio SIDs of earlier attempts that failed for a while only.",
        technical=True,
    )
    check_count = fields.Integer(
        readonly=True,
        aggregator=None,
        help="How often Twilio was asked what became of it, see core/delivery.py.",
        technical=True,
    )
    lookup_failed_since = fields.Datetime(
        readonly=True,
        help="Since when Twilio can't be asked what became of it.",
        technical=True,
    )
    attempt_count = fields.Integer(readonly=True, aggregator=None, technical=True)
    next_attempt_date = fields.Datetime(readonly=True, technical=True)
    at_once_until = fields.Datetime(
        readonly=True,
        help="Until then it may leave outside the texting hours: a person has just "
        "sent it.",
        technical=True,
    )

    @api.model
    def _get_hours(self):
        """The hours of a day, as the user's language writes them."""
        lang = get_lang(self.env)
        locale = babel_locale_parse(lang.code)
        return [
            (f"{hour:02}:00", format_hour(hour, locale, lang.time_format))
            for hour in range(24)
        ]

    @api.depends("sent_date")
    def _compute_sent_hour(self):
        for record in self:
            if not record.sent_date:
                record.sent_hour = False
                continue
            zone = record._get_timezone()
            zone = zone or record.company_id.sudo().partner_id.tz or "UTC"
            record.sent_hour = localize(record.sent_date, zone).strftime("%H:00")
