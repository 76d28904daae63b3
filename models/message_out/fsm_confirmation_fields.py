# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models

# What Custom Filter, Custom Group and Export need not offer: only the program uses it,
# or it counts Odoo's own notifications.
TECHNICAL = {
    "fsm.confirmation": (
        "activity_id",
        "asked_date",
        "attempt_count",
        "can_send_again",
        "claimed_date",
        "from_number",
        "has_message",
        "lang",
        "message_attachment_count",
        "message_has_error",
        "message_has_error_counter",
        "message_has_sms_error",
        "message_is_follower",
        "message_needaction",
        "message_needaction_counter",
        "next_attempt_date",
        "next_steps",
        "order_message_id",
        "own_reply_ids",
        "partner_message_id",
        "resolved_date",
        "shared_reply_ids",
        "timezone",
        "twilio_sid",
        "uuid",
    ),
    "fsm.confirmation.reply": (
        "attempt_count",
        "auto_reply_after",
        "auto_reply_kind",
        "further_confirmation_ids",
        "opt_out_type",
        "reason",
        "service_sid",
        "twilio_sid",
    ),
}
# Only to search by: there is nothing in them.
WITHOUT_VALUE = ("message_search", "mobile_search")


def hide_technical_fields(records, descriptions):
    """Have the dialogs that list fields not offer technical ones.

    They can be read, searched and exported by their names all the same, and developer
    mode offers them.

    :param descriptions: what ``fields_get`` returns; is changed
    """
    hidden = {name: ("exportable",) for name in WITHOUT_VALUE}
    if not records.env.user.has_group("base.group_no_one"):
        kinds = ("searchable", "groupable", "exportable")
        hidden |= dict.fromkeys(TECHNICAL[records._name], kinds)
    for name in hidden.keys() & descriptions.keys():
        for kind in hidden[name]:
            if kind in descriptions[name]:
                descriptions[name][kind] = False
    return descriptions


class FsmConfirmation(models.Model):
    """Which fields a user is offered."""

    _inherit = "fsm.confirmation"

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        return hide_technical_fields(self, super().fields_get(allfields, attributes))


class FsmConfirmationReply(models.Model):
    """Which fields a user is offered."""

    _inherit = "fsm.confirmation.reply"

    @api.model
    def fields_get(self, allfields=None, attributes=None):
        return hide_technical_fields(self, super().fields_get(allfields, attributes))
