# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Run by Odoo's shell: a company that may send, customers, Work Orders, texts.

The variable HARNESS_VALUES holds, as JSON, the public address and for each text the
number, the hour of the day where the work is, how many people send it at once, and
whether staff write as well. All is done as a dispatcher does it in the dialog; whom
nobody asks, a plan does.
"""

import contextlib
import json
import os
import threading
from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.service.model import retrying

from tooling import records

url, recipients = json.loads(os.environ["HARNESS_VALUES"])
env = env(context={**env.context, "tracking_disable": True})  # noqa: F821
company = records.set_up_company(env, job_confirmation_enabled=True)
env["ir.config_parameter"].set_param("web.base.url", url)
env["ir.config_parameter"].set_param("job_confirmation.texting_hours", "8-20")


def zone_at(hour):
    """A time zone in which it is that hour of the day now."""
    ahead = (hour - fields.Datetime.now().hour + 12) % 24 - 12
    return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"


contacts = [
    {"name": f"Customer {number}", "phone": number, "tz": zone_at(hour)}
    for number, hour, *_how in recipients
]
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


def press_send(dialog_id):
    """Press Send as a request does; the other one is told that somebody asked."""
    with env.registry.cursor() as cr:
        own = wizard.with_env(env(cr=cr)).browse(dialog_id)
        with contextlib.suppress(UserError):
            retrying(own.action_send, own.env)


def send_twice(order):
    """Two people have the dialog open, each with another contact."""
    owner = order.location_id.owner_id
    number = owner.phone.replace("+1212", "+1213")
    [other] = records.make_contacts(env, [{"name": "Other", "phone": number}])
    other.write({"parent_id": owner.id, "tz": owner.tz})
    dialogs = [
        wizard.create({"order_id": order.id, "partner_id": contact.id}).id
        for contact in (owner, other)
    ]
    env.cr.commit()
    threads = [threading.Thread(target=press_send, args=(one,)) for one in dialogs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


for order, (_number, _hour, people, written) in zip(orders, recipients, strict=True):
    if people == 2:
        send_twice(order)
    elif people:
        wizard.create({"order_id": order.id}).action_send()
    if written:
        order.confirmation_ids[0].action_write_back("Which entrance is it?")
    env.cr.commit()
# Everybody is due since yesterday; who was asked since is not asked again.
env["fsm.confirmation.plan"].create(
    {
        "name": "Harness",
        "company_id": company.id,
        "enabled": True,
        "step_ids": [fields.Command.create({"unit": "hours", "number": 96})],
    }
)
env.cr.commit()
