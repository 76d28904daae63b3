# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by Odoo's shell: a company that may send, customers, Work Orders, texts.

The variable HARNESS_VALUES holds, as JSON, the public address and the customers' phone
numbers. Each is sent a text, as a dispatcher does it in the dialog.
"""

import json
import os
from datetime import timedelta

from odoo import fields

from tooling import records

url, numbers = json.loads(os.environ["HARNESS_VALUES"])
env = env(context={**env.context, "tracking_disable": True})  # noqa: F821
company = records.set_up_company(env, job_confirmation_enabled=True)
env["ir.config_parameter"].set_param("web.base.url", url)
contacts = [{"name": f"Customer {number}", "phone": number} for number in numbers]
locations = records.make_locations(records.make_contacts(env, contacts))
orders = env["fsm.order"].create(
    [
        {
            "location_id": location.id,
            "company_id": company.id,
            "scheduled_date_start": fields.Datetime.now() + timedelta(days=3),
            "scheduled_duration": 1.0,
        }
        for location in locations
    ]
)
env.cr.commit()
wizard = env["fsm.confirmation.send"].with_context(tracking_disable=False)
for order in orders:
    wizard.create({"order_id": order.id}).action_send()
    env.cr.commit()
