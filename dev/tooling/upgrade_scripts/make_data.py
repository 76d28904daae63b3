# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Runs in Odoo's shell, in every version of the addon: what a company has after a while.
# ruff: noqa: F821
from datetime import timedelta

from odoo import fields

company = env.company
company.write({"job_confirmation_enabled": True, "job_confirmation_reply_hours": 48})
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
        values = {"name": f"Life {kind}", "confirmation_kind": kind, "body": "Life"}
        values["model_id"] = env["ir.model"]._get(model).id
        company.job_confirmation_text_ids |= env["sms.template"].create(values)
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
now = fields.Datetime.now()
start = now + timedelta(days=3)
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
replies = env["fsm.confirmation.reply"].sudo()
words = ("Yes please", "No, sorry", "maybe <b>later</b>", "STOP")
answers = ("confirmed", "declined", "unrecognized", "opted_out")
for number, (body, response) in enumerate(zip(words, answers, strict=True)):
    common = {"partner_id": contact.id, "company_id": company.id}
    common["mobile"] = f"+1212555016{number}"
    values = {
        "order_id": order.id,
        "visit_id": visit.id if number == 1 else False,
        "user_id": env.user.id,
        "body": f"Life: your appointment {number}. Reply YES or NO.",
        "sender": "+12025550100",
        "state": "delivered",
        "twilio_sid": f"SM{number:032d}",
        "appointment_start": start,
        "sent_date": now - timedelta(hours=2),
        "is_open": response == "unrecognized",
        "response": response,
        "reply_body": body,
        "reply_date": now,
    }
    message = env["fsm.confirmation"].sudo().create({**common, **values})
    values = {"confirmation_id": message.id, "body": body, "state": "matched"}
    values["twilio_sid"] = f"SMin{number:030d}"
    if "fsm.confirmation.chatter" in env:
        env["fsm.confirmation.chatter"]._log_sent(message)
    elif hasattr(message, "_log_sent"):  # Before 19.0.2.0.0
        message._log_sent()
    replies.create({**common, **values})
    if response == "declined":
        if "fsm.confirmation.activity" in env:
            env["fsm.confirmation.activity"]._update(message, "declined")
        elif "fsm.confirmation.response" in env:
            env["fsm.confirmation.response"]._update_activity(message, "declined")
        else:  # Before 19.0.2.0.0
            message._update_activity("declined")
order.sudo().write({"confirmation_status": "declined"})
values = {"mobile": "+12125550177", "body": "Who is this?", "state": "unmatched"}
replies.create({**values, "company_id": company.id, "twilio_sid": "SMstray"})
# What people keep of their searches and exports, of gone models and of gone fields.
for model, field in (
    ("fsm.confirmation", "state"),
    ("fsm.order", "confirmation_status"),
):
    env["ir.filters"].create(
        {
            "name": f"Life {model}",
            "model_id": model,
            "domain": f"[('{field}', '!=', False)]",
            "context": f"{{'group_by': ['{field}']}}",
        }
    )
    env["ir.exports"].create(
        {
            "name": f"Life {model}",
            "resource": model,
            "export_fields": [(0, 0, {"name": name}) for name in (field, "name")],
        }
    )
values = {"name": "life.txt", "res_model": message._name, "res_id": message.id}
env["ir.attachment"].create({**values, "raw": b"Life"})
edit = env.ref("fieldservice_job_confirmation.group_message_center_edit")
env["res.users"].create(
    {"name": "Life Editor", "login": "upgrade_editor", "group_ids": [(4, edit.id)]}
)
env.cr.commit()
