# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/screenshots``: the README's pictures, from a running demo.

It sends a text as the dispatcher, answers it on the phone, and shows every screen on
the way.
"""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import requests
from PIL import Image
from playwright.sync_api import sync_playwright

from . import apt
from .cache import ADDON, REPOSITORY
from .console import Problem, step
from .simulator import HEALTH
from .test import find_browser

CUSTOMER = "Emily Smith"
ORDERS = "action-fieldservice.action_fsm_operation_order"
MESSAGES = f"action-{ADDON}.fsm_confirmation_action"
LOGIN = "mc_edit"  # The dispatcher; the password is the login.
DESKTOP = {"width": 1400, "height": 900}
MOBILE = {"width": 390, "height": 844}
PLACE = {"timezone_id": "America/New_York", "locale": "en-US"}


def run(options, odoo):
    """Take all pictures."""
    for address in (f"{options.url}/web/login", f"{options.phone}{HEALTH}"):
        _check_running(address)
    browser = find_browser(odoo)
    fonts = subprocess.run(["fc-list", ":lang=ja"], capture_output=True)
    if not fonts.stdout:
        # One of the demo's customers has a Japanese name.
        apt.install(["fonts-droid-fallback"], "A font", odoo.cache / "apt.log")
    options.output.mkdir(parents=True, exist_ok=True)
    step("Taking pictures ...")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=browser, args=["--no-sandbox"]
        )
        Camera(chromium, options).take_all()
    step(f"The pictures are in {options.output}.")
    return 0


def _check_running(address):
    try:
        requests.get(address, timeout=60, proxies={"http": "", "https": ""})
    except (requests.RequestException, ValueError):
        raise Problem(
            f"Nothing answers at {address}. Start dev/demo first, or say where it runs "
            "with --url and --phone."
        ) from None


class Camera:
    """A browser in which the main loop is done, and its pictures."""

    def __init__(self, browser, options):
        self.browser = browser
        self.odoo = options.url
        self.phone = options.phone
        self.folder = options.output

    def take_all(self):
        """The main loop, once."""
        page = self._log_in(viewport=DESKTOP)
        self._send(page)
        self._answer()
        page.wait_for_selector(".o-mail-Message:has-text('Understood as: Yes')")
        page.set_viewport_size({"width": 1400, "height": 1150})
        self._take(page, "screenshot_work_order")
        page.set_viewport_size(DESKTOP)
        page.goto(f"{self.odoo}/odoo/{MESSAGES}")
        page.wait_for_selector(".o_data_row .o_fsm_look_confirmed")
        self._take(page, "screenshot_message_center")
        page.click(".o_data_row .o_fsm_confirmation_link >> nth=0")
        page.wait_for_selector(".modal .o_fsm_conversation_theirs:has-text('Yes')")
        self._take(page, "screenshot_details")
        mobile = self._log_in(viewport=MOBILE, is_mobile=True, has_touch=True)
        mobile.goto(f"{self.odoo}/odoo/{MESSAGES}")
        mobile.wait_for_selector(".o_kanban_record .o_fsm_look_confirmed")
        self._take(mobile, "screenshot_mobile")
        self._compose("screenshot_main_loop", 1800, 640)
        self._compose("cover", 1120, 560)

    def _take(self, page, name):
        # Odoo's animations and fonts need a moment; a page of it is never "idle".
        page.evaluate("document.fonts.ready")
        bot = page.locator("[title^='Close Chat Window']").first
        if bot.is_visible():
            bot.click()  # OdooBot greets a new user.
        page.wait_for_timeout(800)
        path = self.folder / f"{name}.png"
        page.screenshot(path=path, animations="disabled")
        # A screen has few colors: a palette makes the file a third of the size.
        image = Image.open(path).convert("RGB")
        image.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)
        print(path, flush=True)

    def _log_in(self, **options):
        page = self.browser.new_context(**PLACE, **options).new_page()
        page.set_default_timeout(120_000)
        page.goto(f"{self.odoo}/web/login")
        page.fill("input[name=login]", LOGIN)
        page.fill("input[name=password]", LOGIN)
        page.click(".oe_login_form button[type=submit]")
        page.wait_for_selector(".o_web_client")
        return page

    def _find_order(self, page):
        """The customer's next Work Order that was not asked about."""
        domain = [
            ("location_id.contact_id.name", "=", CUSTOMER),
            ("stage_id.is_closed", "=", False),
            ("scheduled_date_start", ">", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S}"),
            ("confirmation_status", "=", "not_sent"),
            ("visit_ids", "=", False),
        ]
        params = {"model": "fsm.order", "method": "search", "args": [domain]}
        params["kwargs"] = {"order": "scheduled_date_start", "limit": 1}
        address = f"{self.odoo}/web/dataset/call_kw"
        answer = page.request.post(address, data={"jsonrpc": "2.0", "params": params})
        if not (found := answer.json()["result"]):
            raise Problem(f"{CUSTOMER} was asked about all. Run dev/demo --fresh.")
        return found[0]

    def _send(self, page):
        page.goto(f"{self.odoo}/odoo/{ORDERS}/{self._find_order(page)}")
        page.click("button[name=action_send_confirmation]")
        page.wait_for_selector(".modal .o_fsm_confirmation_bubble")
        self._take(page, "screenshot_send")
        page.click(".modal button[name=action_send]")
        page.wait_for_selector(".modal", state="detached")
        note = f".o-mail-Message:has-text('Text message to {CUSTOMER}')"
        page.wait_for_selector(note)

    def _answer(self):
        size = {"width": 1000, "height": 720}
        context = self.browser.new_context(**PLACE, viewport=size, color_scheme="light")
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.goto(self.phone)
        page.click(f".item:has-text('{CUSTOMER}')")
        page.wait_for_selector(".text:not(.mine) .bubble:has-text('Reply YES')")
        page.fill("#body", "Yes, see you then!")
        page.click("#compose button[type=submit]")
        page.wait_for_selector(".text:not(.mine) .bubble:has-text('is confirmed')")
        self._take(page, "screenshot_phone")
        context.close()

    def _compose(self, name, width, height):
        """One picture of those before: click, phone, Message Center."""
        # A page shows only pictures that lie beside it.
        copy = shutil.copy(REPOSITORY / "dev" / f"{name}.html", self.folder)
        page = self.browser.new_page(viewport={"width": width, "height": height})
        page.goto(Path(copy).resolve().as_uri())
        self._take(page, name)
        Path(copy).unlink()
