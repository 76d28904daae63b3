# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Runs in Odoo's shell, in every version of the addon: what a company has after a while.
# ruff: noqa: F821
from datetime import timedelta

from odoo import fields

company = env.company
company.write(
    {
        "job_confirmation_enabled": True,
        "job_confirmation_reply_hours": 48,
    }
)
# The texts to customers, changed and translated.
env["res.lang"]._activate_lang("es_ES")
spanish = company.with_context(lang="es_ES")
asking = env.ref("fieldservice_job_confirmation.sms_template_job_confirmation")
asking.body = "Life: {{ object.name }}, YES or NO?"
asking.with_context(lang="es_ES").body = "Vida: {{ object.name }}, SI o NO?"
if "job_confirmation_confirmed_text" in company._fields:  # Before 19.0.2.0.0
    company.job_confirmation_confirmed_text = "Life: {company}, {date}."
    spanish.job_confirmation_confirmed_text = "Vida: {company}, {date}."
    company.job_confirmation_help_text = "Life: {phone} {odd}"
else:
    for kind, model in (("confirmed", "fsm.confirmation"), ("help", "res.company")):
        company.job_confirmation_text_ids |= env["sms.template"].create(
            {
                "name": f"Life {kind}",
                "confirmation_kind": kind,
                "model_id": env["ir.model"]._get(model).id,
                "body": "Life",
            }
        )
env["fsm.confirmation.word"].create(
    {"phrase": "life goes on", "intent": "confirm", "lang": "en"}
)
country = env.ref("base.us")
contact = env["res.partner"].create(
    {"name": "Life Contact", "phone": "+12125550123", "country_id": country.id}
)
location = env["fsm.location"].create(
    {"name": "Life Home", "owner_id": contact.id, "contact_id": contact.id}
)
team = env["fsm.team"].search([("company_id", "in", (company.id, False))], limit=1)
start = fields.Datetime.now() + timedelta(days=3)
order = env["fsm.order"].create(
    {
        "location_id": location.id,
        "team_id": team.id,
        "scheduled_date_start": start,
        "scheduled_duration": 2.0,
    }
)
visit = env["fsm.visit"].create(
    {"name": "Visit 1", "order_id": order.id, "scheduled_date_start": start}
)
words = ("Yes please", "No, sorry", "maybe <b>later</b>", "STOP")
answers = ("confirmed", "declined", "unrecognized", "opted_out")
for number, (body, response) in enumerate(zip(words, answers, strict=True)):
    mobile = f"+1212555016{number}"
    message = (
        env["fsm.confirmation"]
        .sudo()
        .create(
            {
                "order_id": order.id,
                "visit_id": visit.id if number == 1 else False,
                "partner_id": contact.id,
                "mobile": mobile,
                "company_id": company.id,
                "user_id": env.user.id,
                "body": f"Life: your appointment {number}. Reply YES or NO.",
                "sender": "+12025550100",
                "state": "delivered",
                "twilio_sid": f"SM{number:032d}",
                "appointment_start": start,
                "sent_date": fields.Datetime.now() - timedelta(hours=2),
                "is_open": response == "unrecognized",
                "response": response,
                "reply_body": body,
                "reply_date": fields.Datetime.now(),
            }
        )
    )
    if "fsm.confirmation.chatter" in env:
        env["fsm.confirmation.chatter"]._log_sent(message)
    elif hasattr(message, "_log_sent"):  # Before 19.0.2.0.0
        message._log_sent()
    env["fsm.confirmation.reply"].sudo().create(
        {
            "confirmation_id": message.id,
            "partner_id": contact.id,
            "mobile": mobile,
            "body": body,
            "state": "matched",
            "company_id": company.id,
            "twilio_sid": f"SMin{number:030d}",
        }
    )
    if response == "declined":
        if "fsm.confirmation.response" in env:
            env["fsm.confirmation.response"]._update_activity(message, "declined")
        else:  # Before 19.0.2.0.0
            message._update_activity("declined")
order.sudo().write({"confirmation_status": "declined"})
env["fsm.confirmation.reply"].sudo().create(
    {
        "mobile": "+12125550177",
        "body": "Who is this?",
        "state": "unmatched",
        "company_id": company.id,
        "twilio_sid": "SMstray",
    }
)
login = env["res.users"].create(
    {
        "name": "Life Editor",
        "login": "upgrade_editor",
        "group_ids": [
            (4, env.ref("fieldservice_job_confirmation.group_message_center_edit").id)
        ],
    }
)
env.cr.commit()
