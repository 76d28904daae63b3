# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""One browser for all tours of a class: starting it takes longer than a tour."""

import functools
import itertools
import json
import shutil
import time
from unittest.mock import patch

import websocket

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tests import common

from ..common import MODULE, ConfirmationHttpCase

MESSAGES = f"/odoo/action-{MODULE}.fsm_confirmation_action"


# What each page of the web client loads.
_STYLES = ("web.assets_web", "web.assets_web_print", "web.assets_tests")
_SCRIPTS = ("web.assets_web", "web.assets_tests", "bus.websocket_worker_assets")


@functools.cache
def make_bundles(database):
    """Make the web client's scripts and styles, as Odoo does before its own tests.

    Otherwise the first tour of a class makes them, while the page's other requests wait
    for its cursor, on a slow machine for too long.
    """
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        for name in _SCRIPTS:
            env["ir.qweb"]._get_asset_bundle(name, css=False, js=True).js()
        for name in _STYLES:
            env["ir.qweb"]._get_asset_bundle(name, css=True, js=False).css()


class BrowserProcess:
    """The running browser, which opens and closes tabs."""

    def __init__(self, process, port, folder, version):
        self.process, self.port, self.folder = process, port, folder
        self._ids = itertools.count()
        self._ws = websocket.create_connection(
            version["webSocketDebuggerUrl"], suppress_origin=True, timeout=20
        )

    def ask(self, method, **params):
        """The answer to a DevTools command; None: the browser refuses it."""
        number = next(self._ids)
        self._ws.send(json.dumps({"id": number, "method": method, "params": params}))
        while (answer := json.loads(self._ws.recv())).get("id") != number:
            pass
        return answer.get("result")

    def open(self):
        """The identifier of a new tab."""
        return self.ask("Target.createTarget", url="about:blank")["targetId"]

    def close(self, page):
        """Close a tab, and what worked for it: a worker outlives its tab by seconds."""
        self.ask("Target.closeTarget", targetId=page)
        for _ in range(100):
            left = [t for t in self._get_targets() if self._outlives(t, page)]
            if not left:
                break
            for target in left:
                self.ask("Target.closeTarget", targetId=target["targetId"])
            time.sleep(0.05)

    def _get_targets(self):
        return self.ask("Target.getTargets")["targetInfos"]

    @staticmethod
    def _outlives(target, page):
        return target["targetId"] == page or target["type"].endswith("worker")

    def quit(self):
        """Close it for good, with all that it keeps."""
        self.ask("Browser.close")
        self._ws.close()
        self.process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)


class Tab(common.ChromeBrowser):
    """What a tour takes for a browser: a tab of the one that all share.

    Scripts and styles stay in the browser's cache. Whatever else one user's page leaves
    behind (cookies, workers, what the web client keeps on disk) goes before the next
    user logs in, and while nothing runs that could bring it back.
    """

    def __init__(self, test_case, success_signal, *, shared, **options):
        self._shared = shared
        super().__init__(test_case, success_signal, **options)
        self._websocket_request(
            "Storage.clearDataForOrigin",
            params={"origin": test_case.base_url(), "storageTypes": "all"},
        )

    def _chrome_start(self, user_data_dir, **options):
        if browser := self._shared.get("browser"):
            shutil.rmtree(user_data_dir)
            return browser.process, browser.port
        self.chrome, self.devtools_port = super()._chrome_start(
            user_data_dir, **options
        )
        self._shared["browser"] = BrowserProcess(
            self.chrome,
            self.devtools_port,
            user_data_dir,
            self._json_command("version"),
        )
        return self.chrome, self.devtools_port

    def _open_websocket(self):
        self._page = self._shared["browser"].open()
        ws = websocket.create_connection(
            f"ws://{common.HOST}:{self.devtools_port}/devtools/page/{self._page}",
            enable_multithread=True,
            suppress_origin=True,
        )
        ws.settimeout(0.01)
        return ws

    def _wait_ready(self, *args, **options):
        """Ask now and then whether the page is there.

        Odoo asks without a pause, hundreds of times, in the process that makes it.
        """
        ask = self._websocket_request

        def ask_later(*words, **more):
            time.sleep(0.05)
            return ask(*words, **more)

        with patch.object(self, "_websocket_request", ask_later):
            return super()._wait_ready(*args, **options)

    def stop(self):  # pylint: disable=missing-return
        """Close the tab and what works for it; the browser stays."""
        self._result.cancel()
        self._shared["browser"].close(self._page)
        self.ws.close()


class SharedBrowserMixin:
    """For an ``HttpCase``: its tours run one after another in one browser."""

    @classmethod
    def setUpClass(cls):
        make_bundles(common.get_db_name())
        super().setUpClass()
        shared = {}
        cls.startClassPatcher(
            patch.object(common, "ChromeBrowser", functools.partial(Tab, shared=shared))
        )
        cls.addClassCleanup(lambda: shared and shared["browser"].quit())

    def authenticate(self, *args, **options):
        """Log in while no other thread is at the cursor of the test.

        Odoo lets the server's threads (a closing websocket's, say) use it already.
        """
        with common._registry_test_lock:
            return super().authenticate(*args, **options)


class TourCase(SharedBrowserMixin, ConfirmationHttpCase):
    """What most tours need: an order, perhaps asked and answered, and a user."""

    browser_size = "1400x900"

    def _order_url(self):
        return f"/odoo/action-fieldservice.action_fsm_operation_order/{self.order.id}"

    def _tour(self, name, url=None, level="edit"):
        """Run a tour as a user with a level, on the order's form unless told."""
        url = url or self._order_url()
        self.start_tour(url, name, login=self.users[level].login)
        self.env.invalidate_all()

    def _asked(self, answer=None):
        """The message that asked the order's customer, who may have answered."""
        record = self._send()
        self._run_outbox()
        if answer:
            self._customer_says(answer)
        return record
