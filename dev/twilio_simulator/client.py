# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Talking to the simulator from tests, and starting it as a process of its own."""

import http.client
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from .state import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, DEFAULT_NUMBER
from .webhooks import sign

__all__ = ["SimulatorClient", "SimulatorError", "SimulatorProcess", "sign"]


class SimulatorError(Exception):
    """The simulator refused a control request, or did not start."""


class SimulatorClient:
    """The control API as methods. Answers are the JSON ones (see the README)."""

    def __init__(self, url, timeout=60):
        """:param url: like ``http://127.0.0.1:8070``; :param timeout: seconds"""
        self.url = url.rstrip("/")
        self.timeout = timeout

    def _call(self, method, name, values=None, query=None):
        parts = urlsplit(self.url)
        path = f"/_simulator/{name}"
        query = {k: v for k, v in (query or {}).items() if v is not None}
        if query:
            path += "?" + urlencode(query)
        # Not urllib.request: that one goes through proxies set in the environment.
        connection = http.client.HTTPConnection(
            parts.hostname, parts.port, timeout=self.timeout
        )
        try:
            body = json.dumps(values or {}) if method != "GET" else None
            headers = {"Content-Type": "application/json"} if body else {}
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            value = json.loads(answer.read())
        finally:
            connection.close()
        if answer.status != 200:
            raise SimulatorError(value.get("error", f"HTTP {answer.status}"))
        return value

    # Set-up

    def health(self):
        """Return {"ok": true, "pending": number of steps still planned}."""
        return self._call("GET", "health")

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
        return self._call(
            "POST",
            "config",
            {
                "accounts": list(accounts),
                "customers": list(customers),
                "settings": settings,
            },
        )

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
        return self._call("POST", "customers", values)

    def block(self, customer, ours=DEFAULT_NUMBER, blocked=True):
        """Set or lift Twilio's block (as STOP and START do)."""
        values = {"customer": customer, "ours": ours, "blocked": blocked}
        return self._call("POST", "blocks", values)["blocks"]

    # Faults

    def add_fault(self, kind, **options):
        """Set a fault: count, skip, rate, seed, match, delay, accepted, ...

        :return: the fault, with its ``id``
        """
        return self._call("POST", "faults", {"kind": kind, **options})["faults"][0]

    def faults(self):
        """Return the faults with how often each was hit."""
        return self._call("GET", "faults")["faults"]

    def clear_faults(self, fault_id=None):
        """Remove one fault, or all."""
        self._call("DELETE", "faults", {"id": fault_id} if fault_id else {})

    # What happened

    def messages(self, **filters):
        """Return messages, oldest first; filters: sid, to, from_, direction, status,
        origin, body (a part of it), since."""
        if "from_" in filters:
            filters["from"] = filters.pop("from_")
        return self._call("GET", "messages", query=filters)["messages"]

    def sent(self, **filters):
        """Return the messages that were created through the API, oldest first."""
        return self.messages(direction="outbound-api", **filters)

    def requests(self, **filters):
        """Return the API requests, oldest first; filters: method, path, operation."""
        return self._call("GET", "requests", query=filters)["requests"]

    def debugger(self):
        """Return the errors and warnings that Twilio's debugger would list."""
        return self._call("GET", "debugger")["entries"]

    def wait(self, timeout=5):
        """Wait until no step, callback or webhook is left; return whether so."""
        return self._call("POST", "wait", {"timeout": timeout})["idle"]

    # The customer

    def inbound(self, from_, body="", to=None, **options):
        """Text from a customer's phone; return what the webhook answered.

        :param to: our number; the first one by default
        :param options: media (list of {"url", "content_type"}), num_media,
            opt_out_type, params (further or other parameters), sid (the same again
            is a repetition), repeat, parallel, wait (default True), signature
            ("valid", "wrong", "none"), headers
        :return: sid, status, headers, body, error, replies (texts that the answer
            sent to the customer), hint, deliveries (one per repetition)
        """
        values = {"from": from_, "body": body, "to": to, **options}
        return self._call("POST", "inbound", values)

    def status(self, sid, status, error_code=None, **options):
        """Send one signed status callback by hand; return what was answered.

        :param options: url (where to, default the message's own), params, repeat,
            parallel, wait, signature, headers, update (change the message as well),
            and for a SID the simulator doesn't know: to, from, account_sid
        """
        values = {"sid": sid, "status": status, "error_code": error_code, **options}
        return self._call("POST", "status", values)

    def conversations(self):
        """Return the list that the phone page shows."""
        return self._call("GET", "conversations")["conversations"]

    def conversation(self, customer, ours=DEFAULT_NUMBER):
        """Return the texts between a customer and one of our numbers, oldest first."""
        query = {"customer": customer, "ours": ours}
        return self._call("GET", "conversations", query=query)["texts"]


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
        self.account_sid, self.auth_token = DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN
        accounts = (config or {}).get("accounts")
        if accounts:
            self.account_sid = accounts[0].get("sid", self.account_sid)
            self.auth_token = accounts[0].get("auth_token", self.auth_token)
        self.port = port
        self._config, self._args = config, list(args)
        self._process = self._folder = None

    def start(self, wait=15):
        """Start it and wait until it answers; return self.

        :raises SimulatorError: it did not start within ``wait`` seconds
        """
        command = [sys.executable, str(Path(__file__).parent), "--port", str(self.port)]
        if self._config is not None:
            # A file, so that no token shows in the list of processes.
            self._folder = tempfile.TemporaryDirectory(prefix="twilio_simulator_")
            file = Path(self._folder.name) / "config.json"
            file.write_text(json.dumps(self._config), encoding="utf-8")
            command += ["--config", str(file)]
        self._process = subprocess.Popen(
            command + self._args,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        lines = queue.Queue()
        threading.Thread(target=self._read, args=(lines,), daemon=True).start()
        while True:
            try:
                line = lines.get(timeout=wait)
            except queue.Empty:
                line = None
            if line is None:
                self._process.kill()
                error = self._process.stderr.read().strip()
                self.stop()
                raise SimulatorError(error or "The simulator did not start")
            if line.startswith("ready on "):
                self.url = line.split()[2]
                self.port = urlsplit(self.url).port
                # Nobody reads its warnings: don't let the pipe run full.
                threading.Thread(target=self._process.stderr.read, daemon=True).start()
                return self

    def _read(self, lines):
        for line in self._process.stdout:
            lines.put(line)
        lines.put(None)

    def stop(self):
        """Stop it cleanly; it writes its state file if it has one."""
        process, self._process = self._process, None
        if process:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def kill(self):
        """End it at once, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self.stop()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        self.stop()
