# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The only calls of the addon's private methods, for what is measured."""

import secrets

from ..simulator import inbound


def template(env):
    """The template of the first company's texts."""
    return env.ref("base.main_company")._job_confirmation_template()


def record_text(order, user):
    """Record a text about a Work Order to its contact, without the dialog."""
    contact = order.location_id.contact_id
    return order.env["fsm.confirmation"]._record_sudo(
        order, order.env["fsm.visit"], contact, contact.phone_sanitized, user
    )


def receive(company, mobile, body):
    """Take a reply, as the controller does; returns what the customer is answered."""
    data = inbound(mobile, body, "SM" + secrets.token_hex(16))
    replies = company.env["fsm.confirmation.reply"]
    return replies._store_and_process_sudo(company, data, None)


def send_some(env):
    """One run of the job that sends."""
    env["fsm.confirmation"]._cron_send()


def take_over_names(env):
    """Fill the index of names from the messages."""
    env["fsm.confirmation.name"]._take_over_names()
