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
    composer = order.env["fsm.confirmation.composer"]
    draft = composer._draft(order, order.env["fsm.visit"], contact)
    return composer._record([draft], user)


def receive(company, mobile, body):
    """Take a reply, as the controller does; returns its record."""
    data = inbound(mobile, body, "SM" + secrets.token_hex(16))
    return company.env["fsm.confirmation.inbox"]._receive_sudo(company, data)


def send_some(env):
    """One run of the job that sends."""
    env["fsm.confirmation.outbox"]._cron_send()


def plan(env):
    """Runs of the planner, until nothing is left to look at."""
    company = env.ref("base.main_company")
    while env["fsm.confirmation.planner"]._run_batch(company):
        pass


def take_over_names(env):
    """Fill the index of names from the messages."""
    env["fsm.confirmation.name.index"]._take_over_names()
