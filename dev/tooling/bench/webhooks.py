# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A real Odoo server with workers, and Twilio's webhooks to it over real HTTP."""

import concurrent.futures
import contextlib
import http.client
import secrets
import time
from urllib.parse import urlencode

from ..process import check_port
from ..simulator import ACCOUNT, INBOUND, OUR_NUMBER, TOKEN, inbound, sign

HOST = "127.0.0.1"
CLIENTS = 4  # connections at once, twice as many as workers
WORKERS = 2


@contextlib.contextmanager
def server(database, port):
    """Odoo with two worker processes, as in production."""
    check_port(port, "--port")
    odoo = database.server(
        *(port, f"--gevent-port={port + 1}", f"--workers={WORKERS}"),
        *("--max-cron-threads=0", "--log-level=warn"),
    )
    try:
        odoo.start().wait_until(lambda: _is_ready(port))
        yield odoo
    finally:
        odoo.stop()


def _is_ready(port):
    try:
        return _request(port, "GET", "/web/login")[0] == 200
    except OSError:
        return False


def _request(port, method, path, body=None, headers=None):
    """(status, text) of one request over a connection of its own."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read()


def send_all(port, posts):
    """Post signed webhooks over several connections at once.

    :param posts: list of (path, parameters)
    :return: (webhooks a second, their answers: (status, text))
    """
    jobs = []
    for path, params in posts:
        signature = sign(f"http://{HOST}:{port}{path}", params, TOKEN)
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        headers["X-Twilio-Signature"] = signature
        jobs.append((port, "POST", path, urlencode(params), headers))
    start = time.perf_counter()
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        answers = list(pool.map(lambda job: _request(*job), jobs))
    return len(jobs) / (time.perf_counter() - start), answers


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
            "SmsSid": sid,
            "SmsStatus": "delivered",
            "MessageStatus": "delivered",
            "To": text["number"],
            "MessageSid": sid,
            "AccountSid": ACCOUNT,
            "From": OUR_NUMBER,
            "ApiVersion": "2010-04-01",
        }
        result.append((f"/sms_twilio/status/{text['uuid']}", params))
    return result


def _new_sid():
    return "SM" + secrets.token_hex(16)
