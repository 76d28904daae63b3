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


# Of whom a plan asks some are late for their step, and some become due one after the
# other, so that planners find some for a while: hours before, and how many a second.
STEPS = (96, 72, 48)
PER_SECOND = 4


def start_of(index, number, people):
    """When the work begins; two of one customer on one day are asked about together."""
    if people:
        return timedelta(days=3)
    return timedelta(
        hours=STEPS[int(number[-3:]) // 7 % 3], seconds=index // PER_SECOND
    )


contacts = [
    {"name": f"Customer {number}", "phone": number, "tz": zone_at(hour)}
    for number, hour, *_how in recipients
]
locations = records.make_locations(records.make_contacts(env, contacts))
# Whom a plan asks about two has one place.
place_of = {}
places = [
    location if people else place_of.setdefault(number, location)
    for location, (number, _hour, people, _w) in zip(locations, recipients, strict=True)
]


def make_orders(by_plan):
    """Work Orders of whom a plan asks, or of those whom people ask, in that order."""
    now = fields.Datetime.now()
    return env["fsm.order"].create(
        [
            {
                "location_id": place.id,
                "company_id": company.id,
                "scheduled_date_start": now + start_of(index, number, people),
                "scheduled_duration": 1.0,
            }
            for index, (place, (number, _hour, people, _written)) in enumerate(
                zip(places, recipients, strict=True)
            )
            if by_plan is (people == 0)
        ]
    )


orders = make_orders(by_plan=False)
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


asked = [recipient for recipient in recipients if recipient[2]]
for order, (_number, _hour, people, written) in zip(orders, asked, strict=True):
    if people == 2:
        send_twice(order)
    else:
        wizard.create({"order_id": order.id}).action_send()
    if written:
        order.confirmation_ids[0].action_write_back("Which entrance is it?")
    env.cr.commit()
make_orders(by_plan=True)
# Who was asked by a person since then is not asked again.
env["fsm.confirmation.plan"].create(
    {
        "name": "Harness",
        "company_id": company.id,
        "enabled": True,
        "step_ids": [
            fields.Command.create({"unit": "hours", "number": hours}) for hours in STEPS
        ],
    }
)
env.cr.commit()
