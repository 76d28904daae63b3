# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Talking to the simulator from tests, and starting it as a process of its own."""

import json
import subprocess
import sys
import threading
from pathlib import Path

import urllib3

from .state import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, DEFAULT_NUMBER


class SimulatorError(Exception):
    """The simulator refused a control request, or did not start."""


class SimulatorClient:
    """The control API as methods. Answers are the JSON ones (see the README)."""

    def __init__(self, url, timeout=60):
        """:param url: like ``http://127.0.0.1:8070``; :param timeout: seconds"""
        self.url, self.timeout = url.rstrip("/"), timeout
        # Not with proxies set in the environment, and never by ``requests``, whose
        # calls Odoo's tests intercept.
        self._pool = urllib3.PoolManager(maxsize=64, retries=False)

    def _call(self, method, name, values=None):
        """Make a control request: values are the query of a GET, else the body."""
        answer = self._pool.request(
            method,
            f"{self.url}/_simulator/{name}",
            fields=values if method == "GET" else None,
            json=None if method == "GET" else values or {},
            timeout=self.timeout,
        )
        value = answer.json() if answer.data[:1] == b"{" else {}
        if answer.status != 200:
            raise SimulatorError(value.get("error", f"HTTP {answer.status}"))
        return value

    # Setup

    def reset(self):
        """Back to the configuration it was started with; no messages, no faults."""
        self._call("POST", "reset")

    def config(self):
        """Return accounts (no secrets), customers, settings and blocks."""
        return self._call("GET", "config")

    def configure(self, accounts=(), customers=(), **settings):
        """Add or change accounts, customers and settings; return the result.

        Existing accounts, numbers and services are found by SID or number, and only
        the given fields change: ``configure(accounts=[{"sid": ..., "numbers":
        [{"phone_number": ..., "sms_url": ...}]}], delay=0)``.
        """
        values = {"accounts": list(accounts), "customers": list(customers)}
        return self._call("POST", "config", {**values, "settings": settings})

    def set_number(self, phone_number, account_sid=DEFAULT_ACCOUNT_SID, **fields):
        """Add or change a number of an account (sms_url, capabilities...)."""
        number = {"phone_number": phone_number, **fields}
        return self.configure(accounts=[{"sid": account_sid, "numbers": [number]}])

    def set_service(self, sid, account_sid=DEFAULT_ACCOUNT_SID, **fields):
        """Add or change a Messaging Service (numbers, inbound_request_url...)."""
        service = {"sid": sid, **fields}
        return self.configure(accounts=[{"sid": account_sid, "services": [service]}])

    def set_customer(self, number, name="", kind="mobile", **fields):
        """Add or change a customer's phone; kind as in the README, error_code."""
        values = {"number": number, "name": name, "kind": kind, **fields}
        return self.configure(customers=[values])

    def block(self, customer, ours=DEFAULT_NUMBER, blocked=True):
        """Set or lift Twilio's block (as STOP and START do)."""
        values = {"customer": customer, "ours": ours, "blocked": blocked}
        return self._call("POST", "blocks", values)["blocks"]

    # Faults

    def add_fault(self, kind, **options):
        """Set a fault: count, skip, rate, match, delay, accepted, ..."""
        self._call("POST", "faults", {"kind": kind, **options})

    def faults(self):
        """Return the faults with how often each was hit."""
        return self._call("GET", "faults")["faults"]

    def clear_faults(self):
        """Remove all faults."""
        self._call("DELETE", "faults")

    # What happened

    def messages(self, **filters):
        """Return messages, oldest first; filters: any fields (to, status...)."""
        return self._call("GET", "messages", filters)["messages"]

    def sent(self, **filters):
        """Return the messages that were created through the API, oldest first."""
        return self.messages(direction="outbound-api", **filters)

    def requests(self, **filters):
        """Return the API requests, oldest first; filters: method, operation..."""
        return self._call("GET", "requests", filters)["requests"]

    def clock(self, **values):
        """Return Twilio's clock, moved before if asked to.

        :param values: ``skew`` or ``by``, in seconds, or ``at``, a time in ISO 8601
        :return: {"now": since 1970, "at": ISO 8601 in UTC, "skew": seconds ahead}
        """
        return self._call("POST", "clock", values)

    def wait(self, timeout=5):
        """Wait until no step, callback or webhook is left; return whether so."""
        return self._call("POST", "wait", {"timeout": timeout})["idle"]

    # The customer

    def inbound(self, from_, body="", to=None, **options):
        """Text from a customer's phone; return what the webhook answered.

        :param to: our number; the first one by default
        :param options: media (list of {"url", "content_type"}), num_media,
            opt_out_type, params (further or other parameters), sid (the same again
            is a repetition), repeat, parallel, wait (default True)
        :return: sid, status, headers, body, error, replies (texts that the answer
            sent to the customer), hint, deliveries (one per repetition)
        """
        values = {"from": from_, "body": body, "to": to, **options}
        return self._call("POST", "inbound", values)

    def status(self, sid, status, error_code=None, **options):
        """Send one signed status callback by hand; return what was answered.

        :param options: url (where to, default the message's own), params, repeat,
            parallel, wait, update (change the message as well), and account_sid of a
            SID that the simulator doesn't know
        """
        values = {"sid": sid, "status": status, "error_code": error_code, **options}
        return self._call("POST", "status", values)


class SimulatorProcess(SimulatorClient):
    """A simulator in a process of its own, on a free port unless one is given.

    ::

        with SimulatorProcess(config={...}) as simulator:
            simulator.inbound("+12025550123", "Yes")
    """

    def __init__(self, config=None, port=0, args=(), timeout=60):
        """Prepare it; ``start`` (or ``with``) starts it.

        :param config: as in a configuration file
        :param args: further command-line arguments
        """
        super().__init__("http://127.0.0.1", timeout)
        account = (config or {}).get("accounts", [{}])[0]
        self.account_sid = account.get("sid", DEFAULT_ACCOUNT_SID)
        self.auth_token = account.get("auth_token", DEFAULT_AUTH_TOKEN)
        self._arguments = ["--port", str(port), *args]
        self._config, self._process = config, None

    def start(self, wait=15):
        """Start it and wait until it answers; return self.

        :raises SimulatorError: it did not start within ``wait`` seconds
        """
        command = [sys.executable, str(Path(__file__).parent), *self._arguments]
        if self._config is not None:
            # Not as an argument, so that no token shows in the list of processes.
            command += ["--config", "-"]
        # What it has to complain about is for a person to see: stderr is shared.
        process = self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        with process.stdin:
            process.stdin.write(json.dumps(self._config))
        late = threading.Timer(wait, process.kill)
        late.start()
        for line in process.stdout:
            if line.startswith("ready on "):
                late.cancel()
                self.url = line.split()[2]
                return self
        self.stop()
        raise SimulatorError("The simulator did not start")

    def stop(self):
        """Stop it cleanly; it writes its state file if it has one."""
        process, self._process = self._process, None
        if process:
            process.terminate()
            # It is killed if it does not end.
            late = threading.Timer(15, process.kill)
            late.start()
            process.wait()
            late.cancel()
            process.stdout.close()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        self.stop()
