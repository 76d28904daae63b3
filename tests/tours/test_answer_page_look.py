# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page of an e-mail in a real browser, on the narrowest phone."""

import re

from odoo.tests import tagged

from ..common import ConfirmationHttpCase
from .browser import SharedBrowserMixin

# Nothing is cut off or beside the screen, and a thumb finds every button.
_FITS = """
    const root = document.documentElement;
    if (root.scrollWidth > innerWidth) {
        throw new Error(`${root.scrollWidth} pixels wide`);
    }
    for (const el of document.querySelectorAll("button, .button")) {
        if (el.getBoundingClientRect().height < 44) {
            throw new Error(`too low: ${el.textContent}`);
        }
    }
    if (document.scripts.length) {
        throw new Error("it needs a script");
    }
    console.log("test successful");
"""


@tagged("post_install", "-at_install")
class TestAnswerPageLook(SharedBrowserMixin, ConfirmationHttpCase):
    browser_size = "320x640"
    touch_enabled = True

    def test_at_320_pixels(self):
        self.company.name = "Brightwaterhomeservicesandrepairsincorporated"
        self.company.phone = "+1 202-555-0100"
        self.customer.write({"phone": False, "email": "maria@example.com"})
        record = self._send(channel="email")
        body = record.sudo().mail_id.body_html
        url = re.search(r"/job_confirmation/answer/[\w-]{43}", body)[0]
        self.env.flush_all()
        for query in ("?answer=yes", "?answer=no"):
            self.browser_js(
                url + query, _FITS, "document.querySelector('form') !== null"
            )
        self._resolve(record, "confirmed")
        self.env.flush_all()
        ready = "document.querySelector('a[href$=ics]') !== null"
        self.browser_js(url, _FITS, ready)
