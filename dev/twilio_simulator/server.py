# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The HTTP server: Twilio's API, the control API and the phone page on one port."""

import asyncio
import json
import logging
import re
import socket
import time
from datetime import UTC, datetime
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl

import jinja2
from aiohttp import hdrs, web

from .api import Api, Call
from .control import PREFIX, Control
from .errors import refuse
from .faults import draw
from .openapi import Description
from .state import State
from .texting import Texting
from .webhooks import Poster

_logger = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
# The page may load only what comes from here.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(STATIC),
    autoescape=True,
    undefined=jinja2.ChainableUndefined,
)
TEMPLATES.filters["iso"] = lambda time: datetime.fromtimestamp(time, UTC).isoformat()
TEMPLATES.filters["phone"] = lambda number: re.sub(
    r"^\+1(\d{3})(\d{3})(\d{4})$", r"+1 (\1) \2-\3", str(number)
)
PAGE = "<!DOCTYPE html><html><body><h1>Something went wrong</h1></body></html>"

MAX_REQUEST_BODY = 4 * 1024 * 1024
MAX_SILENCE = 300  # seconds that a request may stay unanswered (fault "timeout")
SAVE_INTERVAL = 1.0  # seconds between two writings of the state file
EVENT_INTERVAL = 0.15  # seconds between two events for the phone page, at least
LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")


class Simulator:
    """The whole simulator."""

    def __init__(self, config, port, state_file):
        """Make it, without listening yet.

        :param config: accounts, customers and settings (see the README)
        :param port: 0 for any free one
        :param state_file: keeps messages and blocks over a restart
        :raises ConfigError: the configuration or the file can't be used
        :raises OSError: the file can't be read
        """
        self.port, self.state_file = port, state_file
        self.state = State(config)
        if state_file and Path(state_file).exists():
            self.state.load(state_file)
        self.faults, self.description = [], Description()

    def run(self, started):
        """Answer requests until SIGINT or SIGTERM.

        :param started: function that is called with the address
        :raises OSError: the port is in use, or the state file can't be written
        """
        app = web.Application(client_max_size=MAX_REQUEST_BODY)
        app.on_response_prepare.append(self._add_headers)
        for path in ("/2010-04-01/{rest:.*}", "/v1/{rest:.*}"):
            app.router.add_route("*", path, self._twilio)
        app.router.add_get(f"{PREFIX}events", self._events)
        app.router.add_route("*", PREFIX + "{name}", self._control)
        app.router.add_get("/{file:|phone.css|phone.js|icon.svg}", self._page)
        app.cleanup_ctx.append(self._live)
        with socket.create_server(("127.0.0.1", self.port), backlog=1024) as listening:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            web.run_app(
                app,
                sock=listening,
                backlog=1024,
                access_log=None,
                shutdown_timeout=0.2,
                print=lambda _text: started(address),
            )

    async def _live(self, _app):
        """Have what works beside the requests, until the server stops."""
        texting = Texting(self.state, Poster())
        self.api = Api(self.state, self.description, texting)
        self.control = Control(self.state, texting, self.faults)
        texting.resume()
        saving = asyncio.create_task(self._save_now_and_then())
        yield
        saving.cancel()
        texting.reset()
        await texting.poster.session.close()
        if self.state_file:
            self.state.save(self.state_file)

    async def _save_now_and_then(self):
        """Write the state file when something changed."""
        saved = self.state.version
        while self.state_file:
            await asyncio.sleep(SAVE_INTERVAL)
            if self.state.version != saved:
                saved = self.state.version
                try:
                    self.state.save(self.state_file)
                except OSError as error:
                    _logger.warning("The state could not be written: %s", error)

    async def _add_headers(self, request, response):
        response.headers[hdrs.DATE] = formatdate(self.state.now(), usegmt=True)
        response.headers[hdrs.SERVER] = "twilio-simulator"
        if not request.path.startswith(("/2010-04-01/", "/v1/")):
            response.headers.update(SECURITY_HEADERS)

    # Twilio's API

    async def _twilio(self, request):
        started = time.time()
        kind, form = request.content_type, ""
        if kind == "application/x-www-form-urlencoded":
            form = (await request.read()).decode("utf-8", "replace")
        call = Call(
            request.method,
            request.path,
            list(request.query.items()),
            parse_qsl(form, keep_blank_values=True),
            request.headers.get(hdrs.AUTHORIZATION, ""),
        )
        operation, call.sids = self.description.find(call.method, call.path)
        entry = {
            "time": started,
            "method": call.method,
            "path": call.path,
            "operation": operation.name if operation else None,
            "params": call.query + call.form,
            "status": None,  # of Twilio: a fault may give another one
        }
        try:
            return await self._with_faults(request, call, operation, entry)
        finally:
            entry["seconds"] = time.time() - started
            self.state.requests.append(entry)

    async def _with_faults(self, request, call, operation, entry):
        """Return the response, after the faults that are set for this request."""
        form = dict(call.query + call.form)
        values = {"to": form.get("To"), "from": form.get("From")}
        facts = {**entry, **values, "body": form.get("Body")}
        delay, fault = draw(self.faults, facts, self.state.random)
        await asyncio.sleep(delay + self.state.settings["latency"])
        real = None
        if not fault or fault.accepted:
            status, value = self.api.handle(call, operation)
            entry["status"], real = status, _json(status, value)
        entry["fault"] = fault and fault.kind
        return await self._faulty(request, fault, real) if fault else real

    async def _faulty(self, request, fault, real):
        """Return the response that a fault gives, or cut the connection."""
        values = fault.values
        if fault.kind in ("timeout", "accept_no_answer"):
            # Until the client hangs up.
            end = time.monotonic() + values.get("max_seconds", MAX_SILENCE)
            while request.transport and time.monotonic() < end:
                await asyncio.sleep(0.1)
            return _cut(request)
        if fault.kind == "reset" and request.transport:
            # Zero linger: the client gets a reset instead of an orderly end.
            connection = request.transport.get_extra_info("socket")
            linger = b"\1\0\0\0\0\0\0\0"
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return _cut(request)
        if fault.kind == "half":
            headers = {"Content-Length": str(len(real.body))}
            half = web.StreamResponse(status=real.status, headers=headers)
            half.content_type = real.content_type
            await half.prepare(request)
            await half.write(real.body[: len(real.body) // 2])
            return _cut(request)
        if fault.kind == "html":
            return web.Response(text=PAGE, content_type="text/html")
        codes = {"429": 20429, "500": 20500, "503": 20503}
        code = codes.get(fault.kind) or values.get("code", 20500)
        error = refuse(code, values.get("message"), path=request.path)
        if fault.kind == "error":
            error.status = values.get("http_status", error.status)
        else:
            error.status = int(fault.kind)
        response = _json(error.status, error.body())
        if values.get("body") == "html":
            response.text, response.content_type = PAGE, "text/html"
        if error.status == 429 or "retry_after" in values:
            response.headers["Retry-After"] = str(values.get("retry_after", 1))
        return response

    # Control and the page

    def _check_host(self, request):
        """Refuse a name of somebody else that leads to this machine (DNS rebinding)."""
        if request.url.host not in LOCAL_NAMES:
            raise web.HTTPForbidden(text="Open it as http://127.0.0.1 please")

    async def _control(self, request):
        self._check_host(request)
        values = dict(request.query)
        if request.method != "GET":
            # A page of another site can't send this type without being asked.
            if request.content_type != "application/json":
                raise web.HTTPUnsupportedMediaType(text="It must be application/json")
            try:
                values |= json.loads(await request.read() or b"{}")
            except (ValueError, TypeError) as error:
                return _json(400, {"error": f"The body is no JSON object: {error}"})
        name = request.match_info["name"]
        return _json(*await self.control.handle(request.method, name, values))

    async def _page(self, request):
        self._check_host(request)
        if file := request.match_info["file"]:
            return web.FileResponse(STATIC / file)
        shown, query = self.control.conversations(), request.query
        wanted = {"customer": query.get("customer"), "ours": query.get("ours")}
        for conversation in shown["conversations"]:
            if conversation | wanted == conversation:
                shown["open"] = conversation
        html = TEMPLATES.get_template("index.html").render(shown)
        return web.Response(text=html, content_type="text/html")

    async def _events(self, request):
        """Send an event whenever something changed that the page shows."""
        self._check_host(request)
        response = web.StreamResponse()
        response.content_type = "text/event-stream"
        await response.prepare(request)
        seen = None
        while request.transport and not request.transport.is_closing():
            if self.state.version != seen:
                seen = self.state.version
                await response.write(f"data: {seen}\n\n".encode())
            await asyncio.sleep(EVENT_INTERVAL)
        return response


def _json(status, value):
    """Return a JSON response; an empty one for None."""
    body = b"" if value is None else json.dumps(value).encode()
    response = web.Response(status=status, body=body, content_type="application/json")
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="Twilio API"'
    return response


def _cut(request):
    """Close the connection as it is; return a response that nobody gets."""
    if request.transport:
        request.transport.close()
    return web.Response()
