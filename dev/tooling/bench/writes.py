# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is written: preparing and sending texts, renaming, deleting notes.

Everything here runs on a copy of the database that is dropped afterwards.
"""

import os
import time

from odoo import fields

from .fill import DISPATCHER

CLOSED = (
    "UPDATE fsm_confirmation SET is_open = false, closed_reason = 'past' WHERE is_open"
)


def set_address(worker, address):
    """Tell Odoo its public address, over which signatures are made and checked."""
    with worker.env(commit=True) as env:
        env["ir.config_parameter"].set_param("web.base.url", address)
    return True


def upcoming_orders(worker):
    """Ids of Work Orders that can be asked about; nobody waits for an answer now."""
    with worker.env(commit=True) as env:
        env.cr.execute(CLOSED)
        # Their dates have moved since they were asked, so all may be asked again.
        env.cr.execute(
            """
            UPDATE fsm_confirmation m SET closed_reason = 'moved'
              FROM fsm_order o
             WHERE o.id = m.order_id
               AND o.scheduled_date_start > now() AT TIME ZONE 'UTC'
            """
        )
        orders = env["fsm.order"].search(
            [("scheduled_date_start", ">", fields.Datetime.now())], order="id"
        )
        return orders.filtered(lambda order: not order.stage_id.is_closed).ids


def open_questions(worker, count, state="delivered"):
    """Have messages of different contacts wait for an answer, or to be sent.

    :param state: ``delivered`` or ``outgoing``
    :return: list of {"id", "mobile"}
    """
    with worker.env(commit=True) as env:
        env.cr.execute(CLOSED)
        has_indicator = "indicator" in env["fsm.confirmation"]._fields and (
            env["fsm.confirmation"]._fields["indicator"].store
        )
        env.cr.execute(
            f"""
            UPDATE fsm_confirmation m
               SET is_open = true, closed_reason = NULL, response = NULL,
                   reply_body = NULL, reply_date = NULL, needs_reading = false,
                   state = %(state)s, appointment_start = o.scheduled_date_start,
                   failure_type = NULL, failure_reason = NULL, error_code = NULL,
                   attempt_count = 0, code = NULL
                   {", indicator = 'awaiting'" if has_indicator else ""},
                   sent_date = CASE WHEN %(state)s <> 'outgoing'
                        THEN now() AT TIME ZONE 'UTC' - interval '1 hour' END,
                   claimed_date = CASE WHEN %(state)s <> 'outgoing'
                        THEN now() AT TIME ZONE 'UTC' - interval '1 hour' END,
                   twilio_sid = CASE WHEN %(state)s <> 'outgoing' THEN twilio_sid END
              FROM fsm_order o
             WHERE o.id = m.order_id AND m.id IN (
                   SELECT DISTINCT ON (c.mobile) c.id FROM fsm_confirmation c
                     JOIN fsm_order o ON o.id = c.order_id
                    WHERE o.scheduled_date_start > now() AT TIME ZONE 'UTC'
                      AND c.mobile NOT IN (SELECT number FROM phone_blacklist
                                            WHERE active)
                    ORDER BY c.mobile, c.id DESC LIMIT %(count)s)
            RETURNING m.id, m.mobile
            """,
            {"count": count, "state": state},
        )
        rows = env.cr.fetchall()
        # As sending leaves it: an answer then has to change the Work Order too.
        env.cr.execute(
            """
            UPDATE fsm_order o SET confirmation_status = 'awaiting'
              FROM fsm_confirmation m WHERE m.order_id = o.id AND m.id = ANY(%s)
            """,
            [[row[0] for row in rows]],
        )
        return [{"id": row[0], "mobile": row[1]} for row in rows]


def pending_sms(worker, count, state="pending"):
    """Texts of Odoo's own SMS that wait for a delivery report, or to be sent.

    :param state: ``pending`` or ``outgoing``
    :return: list of {"id", "uuid", "number"}
    """
    status = {"pending": "pending", "outgoing": "ready"}[state]
    with worker.env(commit=True) as env:
        env.cr.execute(
            """
            UPDATE sms_sms SET state = %s, to_delete = false, failure_type = NULL
             WHERE id IN (SELECT DISTINCT ON (number) id FROM sms_sms
                           WHERE id > (SELECT max(id) FROM sms_sms) - %s
                           ORDER BY number, id DESC LIMIT %s)
            RETURNING id, uuid, number
            """,
            [state, count * 20, count],
        )
        rows = env.cr.fetchall()
        env.cr.execute(
            "UPDATE mail_notification SET notification_status = %s"
            " WHERE sms_id_int = ANY(%s)",
            [status, [row[0] for row in rows]],
        )
    return [{"id": row[0], "uuid": row[1], "number": row[2]} for row in rows]


# ----------------------------------------------------------------------
# Preparing
# ----------------------------------------------------------------------


def prepare_one_by_one(worker, ids):
    """Through the dialog, as a dispatcher does it, committed once."""

    def work(env):
        for order_id in ids:
            wizard = env["fsm.confirmation.send"].create({"order_id": order_id})
            wizard.action_send()

    return worker.time(work, DISPATCHER, commit=True)


def prepare_batch(worker, ids):
    """All at once, through the dialog for several Work Orders; None without one."""
    if "fsm.confirmation.batch" not in worker.registry:
        return None

    def work(env):
        wizard = env["fsm.confirmation.batch"].create({"order_ids": ids})
        wizard.action_send()
        return len(wizard.confirmation_ids)

    return worker.time(work, DISPATCHER, commit=True)


def prepare_theirs(worker, ids):
    """Odoo's own dialog for several records, with the same template."""

    def work(env):
        template = env["res.company"].browse(1)._job_confirmation_template()
        composer = env["sms.composer"].create(
            {
                "composition_mode": "mass",
                "res_model": "fsm.order",
                "res_ids": repr(ids),
                "template_id": template.id,
                "mass_keep_log": True,
            }
        )
        composer.action_send_sms()
        return env["sms.sms"].search_count([("state", "=", "outgoing")])

    return worker.time(work, "admin", commit=True)


def create_ours(worker, ids):
    """Record texts, without the dialog."""

    def work(env):
        composer = env["fsm.confirmation.composer"]
        for order in env["fsm.order"].browse(ids):
            contact = order.location_id.contact_id
            draft = composer._draft(order, env["fsm.visit"], contact)
            composer._record([draft], env.user)
        env.flush_all()

    return worker.time(work)


def create_theirs(worker, ids):
    """Record the same texts as ``sms.sms`` with message and notification."""

    def work(env):
        template = env["res.company"].browse(1)._job_confirmation_template()
        for order in env["fsm.order"].browse(ids):
            contact = order.location_id.contact_id
            body = template._render_field("body", order.ids)[order.id]
            contact._message_sms(body, partner_ids=contact.ids, put_in_queue=True)
        env.flush_all()

    return worker.time(work)


# ----------------------------------------------------------------------
# Sending
# ----------------------------------------------------------------------


def send_ours(worker):
    """The cron's work until nothing waits; returns seconds and texts sent."""
    waiting = [("state", "=", "outgoing")]
    with worker.env() as env:
        count = env["fsm.confirmation"].search_count(waiting)
    start = time.perf_counter()
    with worker.env() as env:
        for _run in range(100):
            env["fsm.confirmation.outbox"]._cron_send()
            env.cr.commit()
            env.invalidate_all()
            if not env["fsm.confirmation"].search_count(waiting):
                break
    seconds = time.perf_counter() - start
    with worker.env() as env:
        left = env["fsm.confirmation"].search_count(waiting)
    return {"seconds": seconds, "count": count - left}


def send_theirs(worker, ids):
    """``sms.sms.send`` with Twilio's address replaced by the simulator's."""
    import requests.adapters

    address = os.environ["JOB_CONFIRMATION_TWILIO_API_URL"]

    class ToSimulator(requests.adapters.HTTPAdapter):
        def send(self, request, **options):
            request.url = request.url.replace("https://api.twilio.com", address)
            return super().send(request, **options)

    session = requests.Session

    class Session(session):
        def __init__(self):
            super().__init__()
            self.mount("https://api.twilio.com", ToSimulator())

    requests.Session = Session
    try:
        start = time.perf_counter()
        with worker.env(commit=True) as env:
            env["sms.sms"].browse(ids).send()
        seconds = time.perf_counter() - start
    finally:
        requests.Session = session
    with worker.env() as env:
        env.cr.execute(
            "SELECT count(*) FROM sms_sms WHERE id = ANY(%s) AND state = 'pending'",
            [ids],
        )
        sent = env.cr.fetchone()[0]
    return {"seconds": seconds, "count": sent}


# ----------------------------------------------------------------------
# What the messages cost others
# ----------------------------------------------------------------------


def count_inbound(worker, mobile):
    """Queries of one reply, stored, matched and answered."""
    with worker.env() as env:
        company = env.ref("base.main_company")
        data = {
            "MessageSid": "SM" + "f" * 32,
            "From": mobile,
            "To": "+12025550100",
            "Body": "Yes",
        }
        inbox = env["fsm.confirmation.inbox"]
        before = env.cr.sql_log_count
        answer = inbox._receive_sudo(company, data).auto_reply_body
        env.flush_all()
        return {"queries": env.cr.sql_log_count - before, "answer": answer}


def move_messages(worker, count):
    """Give many messages to one contact of a company.

    :return: dict ``partner``, ``company``, ``count``
    """
    with worker.env(commit=True) as env:
        partner = env["res.partner"].search(
            [
                ("parent_id.is_company", "=", True),
                ("fsm_location", "=", False),
                ("phone", "!=", False),
            ],
            order="id desc",
            limit=1,
        )
        env.cr.execute(
            """
            UPDATE fsm_confirmation
               SET partner_id = %s, contact_name = %s, company_name = %s
             WHERE id IN (SELECT id FROM fsm_confirmation ORDER BY id LIMIT %s)
            """,
            [partner.id, partner.name, partner.commercial_company_name, count],
        )
        moved = env.cr.rowcount
        return {
            "partner": partner.id,
            "company": partner.commercial_partner_id.id,
            "count": moved,
        }


def rename(worker, partner_id):
    """Change the name of a contact or company, and change it back."""

    def work(env):
        partner = env["res.partner"].browse(partner_id)
        partner.name = f"{partner.name} renamed"
        env.flush_all()

    return worker.time(work)


def delete_notes(worker, count=20):
    """Delete notes of Work Orders, as deleting a Work Order does."""
    with worker.env() as env:
        ids = (
            env["mail.message"]
            .search(
                [("model", "=", "res.partner"), ("message_type", "=", "sms")],
                order="id desc",
                limit=count,
            )
            .ids
        )

    def work(env):
        env["mail.message"].browse(ids).unlink()
        return len(ids)

    return worker.time(work)
