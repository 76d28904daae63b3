# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by Odoo's shell: a company that may send, customers, Work Orders, texts.

The values come as JSON in the variable HARNESS_VALUES: ``url`` (the public address),
``our_number``, ``account``, ``token``, ``first`` and ``count`` (the customers'
numbers are +12122000000 + number), ``send`` (record a text to each, as a dispatcher
does in the dialog).
"""

import json
import os
from datetime import timedelta

from odoo import fields

values = json.loads(os.environ["HARNESS_VALUES"])
env = env(context={**env.context, "tracking_disable": True})  # noqa: F821
set_param = env["ir.config_parameter"].set_param
set_param("web.base.url", values["url"])
set_param("web.base.url.freeze", "True")
us = env.ref("base.us")
company = env.ref("base.main_company")
company.write(
    {
        "country_id": us.id,
        "sms_provider": "twilio",
        "sms_twilio_account_sid": values["account"],
        "sms_twilio_auth_token": values["token"],
        "job_confirmation_enabled": True,
    }
)
numbers = env["sms.twilio.number"].search([("company_id", "=", company.id)])
if values["our_number"] not in numbers.mapped("number"):
    numbers.create(
        {
            "company_id": company.id,
            "number": values["our_number"],
            "country_id": us.id,
        }
    )
env.cr.commit()
start = fields.Datetime.now() + timedelta(days=3)
for number in range(values["first"], values["first"] + values["count"]):
    contact = env["res.partner"].create(
        {
            "name": f"Customer {number}",
            "phone": f"+1212{2000000 + number}",
            "country_id": us.id,
            "lang": "en_US",
        }
    )
    location = env["fsm.location"].create(
        {
            "name": f"Home of {contact.name}",
            "owner_id": contact.id,
            "contact_id": contact.id,
            "tz": "America/New_York",
        }
    )
    order = env["fsm.order"].create(
        {
            "location_id": location.id,
            "company_id": company.id,
            "scheduled_date_start": start,
            "scheduled_duration": 1.0,
        }
    )
    if values["send"]:
        wizard = env["fsm.confirmation.send"].with_context(tracking_disable=False)
        wizard.create({"order_id": order.id}).action_send()
    if number % 50 == 49:
        env.cr.commit()
env.cr.commit()
print("HARNESS DONE")
