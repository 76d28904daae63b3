# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The HTTP server: Twilio's API, the control API and the phone page on one port."""

import json
import logging
import select
import socket
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from .api import Answer, Api
from .control import PREFIX, Control
from .errors import REFUSALS, refuse
from .faults import Faults
from .openapi import Description
from .scheduler import Scheduler
from .state import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_NUMBER,
    State,
)
from .texting import Texting
from .webhooks import Poster

_logger = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
STATIC_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/phone.css": ("phone.css", "text/css; charset=utf-8"),
    "/phone.js": ("phone.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
# The page may load only what comes from here.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}

MAX_REQUEST_BODY = 4 * 1024 * 1024
MAX_SILENCE = 300  # seconds that a request may stay unanswered (fault "timeout")
SAVE_INTERVAL = 1.0  # seconds between two writings of the state file, at least
EVENT_INTERVAL = 0.15  # seconds between two events for the phone page, at least
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")

DEFAULT_CONFIG = {
    "accounts": [
        {
            "sid": DEFAULT_ACCOUNT_SID,
            "auth_token": DEFAULT_AUTH_TOKEN,
            "numbers": [DEFAULT_NUMBER],
        }
    ]
}


class _Cut(Exception):
    """The connection is to be closed without (the rest of) an answer."""

    def __init__(self, sent=b"", reset=False):
        super().__init__()
        self.sent, self.reset = sent, reset


class Handler(BaseHTTPRequestHandler):
    """One connection. Attributes of the request are set by ``_read``."""

    protocol_version = "HTTP/1.1"
    server_version = "twilio-simulator"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 120

    def do_GET(self):
        self._serve()

    def do_POST(self):
        self._serve()

    def do_DELETE(self):
        self._serve()

    def do_PUT(self):
        self._serve()

    def _serve(self):
        try:
            answer = self._read() or self._route()
        except _Cut as cut:
            self._cut(cut)
            return
        except OSError:
            self.close_connection = True
            return
        except Exception as error:  # a fault of the simulator itself: say so
            _logger.exception("%s %s failed", self.command, self.path)
            answer = Answer(500, {"error": f"The simulator failed: {error!r}"})
            self.close_connection = True
        if answer is not None:
            self._send(answer)

    # Reading

    def _read(self):
        """Read the body and take the request apart; return an Answer if it can't."""
        self.method = self.command
        parts = urlsplit(self.path)
        self.raw_path, self.raw_query = parts.path, parts.query
        self.form, self.data = [], b""
        length = self.headers.get("Content-Length", "0")
        if self.headers.get("Transfer-Encoding") or not length.isdigit():
            self.close_connection = True
            return Answer(411, {"error": "Content-Length is needed"})
        if int(length) > MAX_REQUEST_BODY:
            self.close_connection = True
            return Answer(413, {"error": "The request is too large"})
        self.data = self.rfile.read(int(length))
        return None

    def _route(self):
        simulator = self.server.simulator
        if self.raw_path.startswith(("/2010-04-01/", "/v1/")):
            return self._twilio()
        if not simulator.allows_host(self.headers.get("Host", "")):
            return Answer(403, {"error": "Open it as http://127.0.0.1 please"})
        if self.raw_path.startswith(PREFIX):
            return self._control(self.raw_path[len(PREFIX) :])
        if self.method == "GET" and self.raw_path in STATIC_FILES:
            file, kind = STATIC_FILES[self.raw_path]
            data = (STATIC / file).read_bytes()
            return Answer(200, data, kind, SECURITY_HEADERS)
        return Answer(404, {"error": f"There is no {self.raw_path}"})

    # Answering

    def _head(self, answer, length):
        """Return the status line and the headers as bytes."""
        phrase = ""
        if answer.status in HTTPStatus._value2member_map_:
            phrase = HTTPStatus(answer.status).phrase
        lines = [f"HTTP/1.1 {answer.status} {phrase}"]
        headers = {
            "Server": self.server_version,
            "Date": self.date_time_string(),
            "Content-Type": answer.content_type,
            "Content-Length": length,
            **answer.headers,
        }
        if answer.status == 204:
            del headers["Content-Type"], headers["Content-Length"]
        if self.close_connection:
            headers["Connection"] = "close"
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")

    def _send(self, answer):
        try:
            # One write, so that the answer is one packet.
            self.wfile.write(self._head(answer, len(answer.body)) + answer.body)
        except OSError:
            self.close_connection = True

    def _cut(self, cut):
        self.close_connection = True
        try:
            if cut.sent:
                self.wfile.write(cut.sent)
            if cut.reset:
                # Zero linger: the client gets a reset instead of an orderly end.
                self.connection.setsockopt(
                    socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0"
                )
            else:
                self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    # Twilio's API

    def _twilio(self):
        simulator = self.server.simulator
        started = time.time()
        self.query = parse_qsl(self.raw_query, keep_blank_values=True)
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if self.data and kind == "application/x-www-form-urlencoded":
            text = self.data.decode("utf-8", "replace")
            self.form = parse_qsl(text, keep_blank_values=True)
        operation, sids = simulator.description.find(self.method, self.raw_path)
        entry = {
            "time": started,
            "method": self.method,
            "path": self.raw_path,
            "operation": operation.name if operation else None,
            "params": self.query + self.form,
            "status": None,
            "code": None,
            "fault": None,
        }
        try:
            answer = self._with_faults(simulator, operation, sids, entry)
            entry["status"] = answer.status
            if answer.status >= 400 and answer.body.startswith(b"{"):
                entry["code"] = json.loads(answer.body).get("code")
            return answer
        finally:
            entry["seconds"] = time.time() - started
            with simulator.state.lock:
                simulator.state.requests.append(entry)
                simulator.state.request_count += 1

    def _with_faults(self, simulator, operation, sids, entry):
        """Return the Answer, after the faults that are set for this request."""
        form = dict(self.query + self.form)
        facts = {
            "method": self.method,
            "path": self.raw_path,
            "operation": entry["operation"],
            "to": form.get("To"),
            "from": form.get("From"),
            "body": form.get("Body"),
        }
        delay, fault = simulator.faults.draw(facts, simulator.state.random)
        delay += simulator.state.settings["latency"]
        if delay:
            simulator.stopping.wait(delay)
        request = _ApiRequest(self)
        if not fault:
            return simulator.api.handle(request, operation, sids)
        entry["fault"] = fault.kind
        real = None
        if fault.accepted:
            real = simulator.api.handle(request, operation, sids)
            entry["accepted"] = real.status
        return self._faulty(simulator, fault, real)

    def _faulty(self, simulator, fault, real):
        """Return the Answer that a fault gives, or cut the connection."""
        values = fault.values
        if fault.kind in ("timeout", "accept_no_answer"):
            self._stay_silent(simulator, values.get("max_seconds", MAX_SILENCE))
        if fault.kind == "reset":
            raise _Cut(reset=True)
        if fault.kind == "half":
            raise _Cut(
                self._head(real, len(real.body)) + real.body[: len(real.body) // 2]
            )
        if fault.kind == "html":
            return Answer(200, _PAGE, "text/html; charset=utf-8")
        codes = {"429": 20429, "500": 20500, "503": 20503}
        code = values.get("code", codes.get(fault.kind, 20500))
        error = refuse(code, values.get("message"), path=self.raw_path, **_NOBODY)
        if fault.kind != "error":
            error.status = int(fault.kind)
        elif "http_status" in values or code not in REFUSALS:
            error.status = values.get("http_status", 400)
        headers = {}
        if error.status == 429 or "retry_after" in values:
            headers["Retry-After"] = values.get("retry_after", 1)
        if values.get("body") == "html":
            return Answer(error.status, _PAGE, "text/html; charset=utf-8", headers)
        return Answer(error.status, error.body(), headers=headers)

    def _stay_silent(self, simulator, seconds):
        """Wait until the client hangs up, or ``seconds``; then cut the connection."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not simulator.stopping.is_set():
            readable, _w, _x = select.select([self.connection], [], [], 0.2)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                break
        raise _Cut()

    # Control

    def _control(self, name):
        simulator = self.server.simulator
        if name == "events" and self.method == "GET":
            self._events(simulator)
            return None
        body = {}
        if self.method != "GET":
            # A page of another site can't send this type without being asked.
            kind = self.headers.get("Content-Type", "").partition(";")[0].strip()
            if kind != "application/json":
                return Answer(415, {"error": "Content-Type must be application/json"})
            try:
                body = json.loads(self.data or b"{}")
            except ValueError as error:
                return Answer(400, {"error": f"The body is no JSON: {error}"})
            if not isinstance(body, dict):
                return Answer(400, {"error": "The body must be a JSON object"})
        query = dict(parse_qsl(self.raw_query))
        return simulator.control.handle(self.method, name, query, body)

    def _events(self, simulator):
        """Send an event whenever something changed that the page shows."""
        self.close_connection = True
        answer = Answer(200, None, "text/event-stream", SECURITY_HEADERS)
        head = self._head(answer, 0).replace(b"Content-Length: 0\r\n", b"")
        state, seen = simulator.state, -1
        try:
            self.wfile.write(head + b"retry: 1000\n\n")
            while not simulator.stopping.is_set():
                with state.changed:
                    last = seen
                    state.changed.wait_for(lambda last=last: state.version != last, 15)
                    version = state.version
                if version == seen:
                    self.wfile.write(b": still here\n\n")
                else:
                    seen = version
                    self.wfile.write(f"data: {version}\n\n".encode())
                simulator.stopping.wait(EVENT_INTERVAL)
        except OSError:
            pass

    def log_message(self, format, *args):
        _logger.debug(format, *args)


class _ApiRequest:
    """What the API needs of a request."""

    def __init__(self, handler):
        self.method, self.path = handler.method, handler.raw_path
        self.query, self.form = handler.query, handler.form
        self.headers = {name.lower(): value for name, value in handler.headers.items()}
        self.key = None


class Server(ThreadingHTTPServer):
    """A thread for each connection, and a queue for the ones that wait."""

    daemon_threads = True
    request_queue_size = 1024

    def handle_error(self, request, client_address):
        """A client that hangs up is no error of the simulator."""
        _logger.debug("Connection of %s ended", client_address, exc_info=True)

    def server_bind(self):
        # Without the look-up of the own host name, which may take seconds.
        socket.setdefaulttimeout(None)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = self.server_address[:2]


class Simulator:
    """The whole simulator, to be started in a thread of the caller's process.

    ::

        with Simulator(config) as simulator:
            print(simulator.url)
    """

    def __init__(self, config=None, host="127.0.0.1", port=0, state_file=None):
        """Listen on a port, without answering yet.

        :param config: accounts, customers and settings (see the README); by default
            one account with clearly fake credentials and one number
        :param port: 0 for any free one
        :param state_file: keeps messages and blocks over a restart
        :raises OSError: the port is in use, or the file can't be read
        :raises ConfigError: the configuration or the file can't be used
        """
        self.stopping = threading.Event()
        self.description = Description()
        self.state = State(config or DEFAULT_CONFIG)
        self.state_file = state_file
        loaded = state_file and Path(state_file).exists()
        if loaded:
            self.state.load(state_file)
        elif state_file:
            # Rather fail now than with the first text.
            self.state.save(state_file)
        self._server = Server((host, port), Handler)
        self._server.simulator = self
        self.host, self.port = host, self._server.server_port
        self._local = host in ("127.0.0.1", "localhost", "::1")
        self.scheduler = Scheduler()
        self.faults = Faults()
        self.texting = Texting(
            self.state, self.scheduler, Poster(lambda: self.state.settings)
        )
        self.api = Api(self.state, self.description, self.texting)
        self.control = Control(self.state, self.scheduler, self.texting, self.faults)
        self._threads = []
        if loaded:
            self.texting.resume()

    @property
    def url(self):
        """The address to reach it at."""
        host = "127.0.0.1" if self.host in ("", "0.0.0.0") else self.host
        return f"http://{host}:{self.port}"

    def allows_host(self, header):
        """Whether the page and the control API may be asked under this name.

        A name of somebody else that leads to this machine (DNS rebinding) may not.
        """
        name, colon, port = header.rpartition(":")
        return not self._local or (name if colon and port.isdigit() else header) in (
            *LOCAL_NAMES,
            "",
        )

    def start(self):
        """Answer requests, in a thread; return self."""
        for target in (self._server.serve_forever, self._save_now_and_then):
            thread = threading.Thread(target=target, daemon=True)
            thread.start()
            self._threads.append(thread)
        return self

    def stop(self):
        """Stop answering, free the port and write the state file."""
        if self.stopping.is_set():
            return
        self.stopping.set()
        if self._threads:
            self._server.shutdown()
        self._server.server_close()
        self.scheduler.stop()
        for thread in self._threads:
            thread.join(10)
        if self.state_file:
            self.state.save(self.state_file)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_error):
        self.stop()

    def _save_now_and_then(self):
        """Write the state file when something changed, without hogging the machine."""
        pause = SAVE_INTERVAL
        while self.state_file and not self.stopping.wait(pause):
            if not self.state.dirty:
                continue
            started = time.monotonic()
            try:
                self.state.save(self.state_file)
            except OSError as error:
                _logger.warning("The state could not be written: %s", error)
            pause = max(SAVE_INTERVAL, 10 * (time.monotonic() - started))


_PAGE = b"<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"

# Texts of refusals name numbers and addresses that a fault doesn't know.
_NOBODY = {"to": "", "from_": "", "url": ""}
