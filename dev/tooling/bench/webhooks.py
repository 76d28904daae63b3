# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A real Odoo server with workers, and Twilio's webhooks to it over real HTTP."""

import concurrent.futures
import contextlib
import secrets
import time

import urllib3

from ..database import answers
from ..process import free_port
from ..simulator import ACCOUNT, INBOUND, OUR_NUMBER, TOKEN, inbound, sign

CLIENTS = 4  # connections at once, twice as many as workers
WORKERS = 2


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
        odoo.stop()


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
