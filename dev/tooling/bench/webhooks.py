# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A real Odoo server with workers, and Twilio's webhooks to it over real HTTP."""

import collections
import contextlib
import http.client
import json
import os
import secrets
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

from .. import processes
from ..console import Problem
from ..simulator import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_NUMBER,
    sign,
)

HOST = "127.0.0.1"
CLIENTS = 4  # connections at once, twice as many as workers
WORKERS = 2


@contextlib.contextmanager
def server(databases, database, port):
    """Odoo with two worker processes, as in production; yields its process."""
    processes.check_port(port, "Odoo", "--port")
    options = [
        *databases.odoo_options(database),
        f"--http-interface={HOST}",
        f"--http-port={port}",
        f"--gevent-port={port + 1}",
        f"--workers={WORKERS}",
        "--max-cron-threads=0",
        "--log-level=warn",
    ]
    odoo = processes.Server(
        "Odoo",
        databases.odoo.command(*options),
        databases.data / "odoo.log",
        env=databases.environment(),
    )
    try:
        odoo.wait_for(port)
        _request(port, "GET", "/web/login")
        yield odoo
    finally:
        odoo.stop()


def _request(port, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return answer.status, answer.read(), answer
    finally:
        connection.close()


def send_all(port, requests):
    """Post signed webhooks over several connections at once.

    :param requests: list of (path, parameters)
    :return: (seconds, Counter of HTTP statuses, answers)
    """
    base = f"http://{HOST}:{port}"
    prepared = []
    for path, params in requests:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": sign(base + path, params, DEFAULT_AUTH_TOKEN),
        }
        prepared.append((path, urlencode(params), headers))
    waiting = collections.deque(prepared)
    statuses = collections.Counter()
    answers = []

    def work():
        with contextlib.suppress(IndexError):
            while True:
                path, body, headers = waiting.popleft()
                status, answer, _rest = _request(port, "POST", path, body, headers)
                statuses[status] += 1
                answers.append(answer)

    threads = [threading.Thread(target=work, daemon=True) for _i in range(CLIENTS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - start, statuses, answers


def inbound(questions):
    """Replies as Twilio posts them, one to each open question."""
    result = []
    for question in questions:
        sid = "SM" + secrets.token_hex(16)
        params = {
            "ToCountry": "US",
            "ToState": "DC",
            "SmsMessageSid": sid,
            "NumMedia": "0",
            "ToCity": "",
            "FromZip": "10001",
            "SmsSid": sid,
            "FromState": "NY",
            "SmsStatus": "received",
            "FromCity": "NEW YORK",
            "Body": "Yes, thank you",
            "FromCountry": "US",
            "To": DEFAULT_NUMBER,
            "ToZip": "",
            "NumSegments": "1",
            "MessageSid": sid,
            "AccountSid": DEFAULT_ACCOUNT_SID,
            "From": question["mobile"],
            "ApiVersion": "2010-04-01",
        }
        result.append(("/job_confirmation/twilio/inbound", params))
    return result


def delivered(texts):
    """Delivery reports as Twilio posts them to ``sms_twilio``."""
    result = []
    for text in texts:
        sid = "SM" + secrets.token_hex(16)
        params = {
            "SmsSid": sid,
            "SmsStatus": "delivered",
            "MessageStatus": "delivered",
            "To": text["number"],
            "MessageSid": sid,
            "AccountSid": DEFAULT_ACCOUNT_SID,
            "From": DEFAULT_NUMBER,
            "ApiVersion": "2010-04-01",
        }
        result.append((f"/sms_twilio/status/{text['uuid']}", params))
    return result


# ----------------------------------------------------------------------
# Memory
# ----------------------------------------------------------------------


def _children(pid):
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            if int(fields[1]) == pid:
                found.append(int(path.parent.name))
    return found


def _resident_mb(pid):
    """0 for a process that has ended meanwhile: Odoo replaces its workers."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def worker_memory(odoo, port, database, login):
    """Resident memory of a worker in MB, after its start and after first requests.

    :return: (after its start, after requests)
    """
    workers = _children(odoo.process.pid)
    before = max(_resident_mb(pid) for pid in workers)
    _use_as(port, database, login)
    workers = _children(odoo.process.pid)
    return before, max(_resident_mb(pid) for pid in workers)


def _use_as(port, database, login):
    """What a session begins with, and two lists; often, so that every worker has it."""

    def call(path, params, cookie=""):
        body = json.dumps({"jsonrpc": "2.0", "method": "call", "params": params})
        headers = {"Content-Type": "application/json", "Cookie": cookie}
        status, text, answer = _request(port, "POST", path, body, headers)
        values = json.loads(text) if status == 200 else {}
        if "result" not in values:
            raise Problem(f"Odoo refused {path}: {text[:300]!r}")
        return answer

    for _session in range(3 * WORKERS):
        answer = call(
            "/web/session/authenticate",
            {"db": database, "login": login, "password": login},
        )
        cookie = answer.getheader("Set-Cookie", "").split(";")[0]
        for model in ("fsm.order", "res.partner"):
            call(
                f"/web/dataset/call_kw/{model}/web_search_read",
                {
                    "model": model,
                    "method": "web_search_read",
                    "args": [[], {"display_name": {}}],
                    "kwargs": {"limit": 80},
                },
                cookie,
            )
            call(
                f"/web/dataset/call_kw/{model}/get_views",
                {
                    "model": model,
                    "method": "get_views",
                    "args": [[[False, "list"], [False, "form"]]],
                    "kwargs": {},
                },
                cookie,
            )
