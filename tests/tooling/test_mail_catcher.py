# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page of ``dev/demo`` that shows e-mails, without Odoo's data."""

import importlib.util
import re
import smtplib
import socket
import subprocess
import sys
import tempfile
import time
from email.message import EmailMessage

import requests

from odoo.tests import BaseCase, tagged

from ..common import DEV


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@tagged("post_install", "-at_install")
class TestMailCatcher(BaseCase):
    def setUp(self):
        super().setUp()
        if not importlib.util.find_spec("aiosmtpd"):
            self.skipTest("The demo's packages are not installed")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.smtp_port, port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{port}/"
        command = [sys.executable, "-B", DEV / "mail_catcher", "--port", port]
        command += ["--smtp-port", self.smtp_port, "--folder", folder.name + "/mails"]
        process = subprocess.Popen([str(word) for word in command])
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        self.session = requests.Session()
        self.session.trust_env = False
        self.page = self._wait()

    def _wait(self):
        end = time.monotonic() + 60
        while True:
            try:
                return self.session.get(self.url, timeout=10).text
            except requests.ConnectionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def _send(self, subject, html=None):
        mail = EmailMessage()
        mail["From"], mail["To"] = "office@example.com", "Gwen <gwen@example.com>"
        mail["Subject"] = subject
        mail.set_content("<b>plain</b>")
        if html:
            mail.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=30) as smtp:
            smtp.send_message(mail)
        return self.session.get(self.url, timeout=30)

    def test_a_mail_and_its_links(self):
        self.assertIn("No mails yet", self.page)
        page = self._send("Señora García?", '<a href="https://example.com/x">Yes</a>')
        self.assertIn("Señora García?", page.text)
        self.assertIn("Gwen &lt;gwen@example.com&gt;", page.text)
        self.assertIn("https://example.com/x", page.text)
        self.assertIn("default-src 'none'", page.headers["Content-Security-Policy"])
        # What is no HTML is shown as it is, and an older one can be opened.
        page = self._send("Second").text
        self.assertIn("&amp;lt;b&amp;gt;plain", page)
        [_newest, older] = re.findall(r'href="\?mail=([^"]+)"', page)
        opened = self.session.get(self.url, params={"mail": older}, timeout=30)
        self.assertIn("https://example.com/x", opened.text)

    def test_under_another_name_it_shows_nothing(self):
        response = self.session.get(
            self.url, headers={"Host": "evil.example.com"}, timeout=30
        )
        self.assertEqual(response.status_code, 403)
