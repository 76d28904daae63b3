# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is written: preparing, sending and answering texts, over HTTP as well.

Everything here runs on a copy of the database that is dropped afterwards.
"""

import concurrent.futures
import contextlib
import secrets
import time
from unittest import mock

import requests.adapters
import urllib3

from odoo import fields

from ..database import answers
from ..harness import SENDER
from ..process import Server, free_port
from ..simulator import ACCOUNT, INBOUND, OUR_NUMBER, TOKEN, inbound, sign
from . import addon

CLIENTS = 4  # connections at once, twice as many as workers
WORKERS = 2


def set_address(session, address):
    """Tell Odoo its public address, over which signatures are made and checked."""
    with session.env(commit=True) as env:
        env["ir.config_parameter"].set_param("web.base.url", address)


def upcoming_orders(session):
    """Ids of Work Orders that can be asked about; nobody waits for an answer now."""
    with session.env(commit=True) as env:
        # Their dates have moved since they were asked, so all may be asked again.
        env.cr.execute(
            """
            UPDATE fsm_confirmation m SET is_open = false, closed_reason = CASE
                   WHEN o.scheduled_date_start > now() AT TIME ZONE 'UTC' THEN 'moved'
                   ELSE COALESCE(m.closed_reason, 'past') END
              FROM fsm_order o WHERE o.id = m.order_id
               AND (m.is_open OR o.scheduled_date_start > now() AT TIME ZONE 'UTC')
            """
        )
        upcoming = [("scheduled_date_start", ">", fields.Datetime.now())]
        orders = env["fsm.order"].search(upcoming, order="id")
        return orders.filtered(lambda order: not order.stage_id.is_closed).ids


def open_questions(session, count):
    """Numbers of contacts with one question that nobody has answered yet."""
    with session.env() as env:
        env.cr.execute(
            """
            SELECT mobile FROM fsm_confirmation
             WHERE is_open AND response IS NULL AND state IN ('delivered', 'sent')
               AND appointment_start > now() AT TIME ZONE 'UTC'
             GROUP BY mobile HAVING count(*) = 1 ORDER BY mobile LIMIT %s
            """,
            [count],
        )
        return [row[0] for row in env.cr.fetchall()]


def pending_sms(session, count, state="pending"):
    """Texts of Odoo's own SMS that wait for a delivery report, or to be sent.

    :param state: ``pending`` or ``outgoing``
    :return: list of {"id", "uuid", "number"}
    """
    status = {"pending": "pending", "outgoing": "ready"}[state]
    with session.env(commit=True) as env:
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
        rows = env.cr.dictfetchall()
        env.cr.execute(
            "UPDATE mail_notification SET notification_status = %s"
            " WHERE sms_id_int = ANY(%s)",
            [status, [row["id"] for row in rows]],
        )
        return rows


# Preparing


def prepare_one_by_one(env, ids):
    """Through the dialog, as a dispatcher does it, committed once."""
    for order_id in ids:
        env["fsm.confirmation.send"].create({"order_id": order_id}).action_send()


def prepare_batch(env, ids):
    """All at once, through the dialog for several Work Orders."""
    env["fsm.confirmation.batch"].create({"order_ids": ids}).action_send()


def prepare_theirs(env, ids):
    """Odoo's own dialog for several records, with the same template."""
    values = {
        "composition_mode": "mass",
        "res_model": "fsm.order",
        "res_ids": repr(ids),
        "template_id": addon.template(env).id,
        "mass_keep_log": True,
    }
    env["sms.composer"].create(values).action_send_sms()


# Planning


def make_due(session, count):
    """All Work Orders are open, over a year; so many customers are to be asked now."""
    with session.env(commit=True) as env:
        env["ir.config_parameter"].set_param("job_confirmation.texting_hours", "0-24")
        env["fsm.confirmation.plan"].create(
            {
                "name": "Bench",
                "enabled": True,
                "step_ids": [fields.Command.create({"unit": "hours", "number": 30})],
            }
        )
        env.cr.execute("UPDATE fsm_confirmation SET is_open = false WHERE is_open")
        env.cr.execute(
            """
              WITH chosen AS (
                   SELECT id, row_number() OVER (ORDER BY turn, id) AS number
                     FROM (SELECT id,
                                  row_number() OVER (PARTITION BY location_id) AS turn
                             FROM fsm_order) AS each)
            UPDATE fsm_order o SET confirmation_status = 'not_sent', stage_id = %s,
                   scheduled_date_start = date_trunc('hour', now() AT TIME ZONE 'UTC')
                       + interval '1 day' * (CASE WHEN number <= %s THEN 1
                                                  ELSE 3 + number %% 360 END)
              FROM chosen c WHERE c.id = o.id
            """,
            [env["fsm.order"]._default_stage_id().id, count],
        )


# Sending


def send_ours(session):
    """The cron's work until nothing waits; returns how many texts were sent."""
    waiting = [("state", "=", "outgoing")]
    with session.env() as env:
        messages = env["fsm.confirmation"]
        count = left = messages.search_count(waiting)
        for _run in range(100):
            if left:
                addon.send_some(env)
                env.cr.commit()
                env.invalidate_all()
                left = messages.search_count(waiting)
    return count - left


def send_theirs(session, texts, address):
    """``sms.sms.send`` with Twilio's address replaced by the simulator's.

    :param texts: as of :func:`pending_sms`
    :return: how many texts were sent
    """
    ids = [text["id"] for text in texts]
    send = requests.adapters.HTTPAdapter.send

    def send_there(adapter, request, **options):
        request.url = request.url.replace("https://api.twilio.com", address)
        return send(adapter, request, **options)

    with mock.patch.object(requests.adapters.HTTPAdapter, "send", send_there):
        with session.env(commit=True) as env:
            env["sms.sms"].browse(ids).send()
            return env["sms.sms"].search_count(
                [("id", "in", ids), ("state", "=", "pending")]
            )


@contextlib.contextmanager
def senders(database, count):
    """Further processes that send what waits, as on other hosts."""
    log = database.postgres.folder / "senders.log"
    log.unlink(missing_ok=True)
    command = database.odoo.command("shell", *database.options(), "--no-http")
    env = database.environment()
    senders = [
        Server("A sender", command, log, env=env, script=SENDER) for _ in range(count)
    ]
    try:
        for sender in senders:
            sender.start()
        while log.read_text().splitlines().count("ready") < count:
            time.sleep(0.2)
        yield
    finally:
        for sender in senders:
            sender.kill()


def count_waiting(session):
    """How many texts have not been given to Twilio yet."""
    with session.env() as env:
        unsent = [("state", "in", ("outgoing", "sending"))]
        return env["fsm.confirmation"].search_count(unsent)


# Receiving


def count_inbound(session, mobile):
    """Queries of one reply, stored, matched and answered, by a process at work."""
    with session.env() as env:
        company = env.ref("base.main_company")
        for number in ("+12122209999", mobile):
            before = env.cr.sql_log_count
            addon.receive(company, number, "Yes, thank you")
            env.flush_all()
            env.invalidate_all()
        return env.cr.sql_log_count - before


@contextlib.contextmanager
def server(database, port):
    """Odoo with two worker processes, as in production."""
    odoo = database.server(
        *(port, f"--gevent-port={free_port()}", f"--workers={WORKERS}"),
        *("--max-cron-threads=0", "--log-level=warn"),
    )
    try:
        odoo.start().wait_until(lambda: answers(port, "/web/login"))
        yield
    finally:
        odoo.kill()  # Asked to stop, its workers take ten seconds.


def send_all(port, posts):
    """Post signed webhooks over several connections at once.

    :param posts: list of (path, parameters)
    :return: (webhooks a second, what was not answered as it should be: list)
    """
    base = f"http://127.0.0.1:{port}"
    # Twilio uses a new connection each time.
    pool = urllib3.PoolManager(maxsize=CLIENTS, headers={"Connection": "close"})

    def send(job):
        path, params, signature = job
        return pool.request_encode_body(
            "POST",
            base + path,
            params,
            {**pool.headers, "X-Twilio-Signature": signature},
            encode_multipart=False,
        )

    jobs = [(path, params, sign(base + path, params, TOKEN)) for path, params in posts]
    start = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as threads:
        got = list(threads.map(send, jobs))
    rate = len(jobs) / (time.perf_counter() - start)
    wrong = [answer.status for answer in got if answer.status != 200]
    silent = [
        "no answer"
        for (path, _params), answer in zip(posts, got, strict=True)
        if path == INBOUND and b"<Message>" not in answer.data
    ]
    return rate, wrong + silent


def replies(numbers):
    """A reply from each number, as Twilio posts them."""
    text = "Yes, thank you"
    return [(INBOUND, inbound(number, text, _new_sid())) for number in numbers]


def reports(texts):
    """Delivery reports as Twilio posts them to ``sms_twilio``."""
    result = []
    for text in texts:
        sid = _new_sid()
        params = {
            **dict.fromkeys(("SmsSid", "MessageSid"), sid),
            **dict.fromkeys(("SmsStatus", "MessageStatus"), "delivered"),
            "To": text["number"],
            "AccountSid": ACCOUNT,
            "From": OUR_NUMBER,
            "ApiVersion": "2010-04-01",
        }
        result.append((f"/sms_twilio/status/{text['uuid']}", params))
    return result


def _new_sid():
    return "SM" + secrets.token_hex(16)
