# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Takes e-mails and shows them on a page: ``python3 dev/mail_catcher --port 8071``.

Nothing is sent on. Whoever opens the page is the customer: the links work.
"""

import argparse
import asyncio
import mailbox
from email import message_from_bytes, policy
from html import escape
from pathlib import Path

import jinja2
from aiohttp import web
from aiosmtpd.handlers import Mailbox
from aiosmtpd.smtp import SMTP

HERE = Path(__file__).parent
TEMPLATES = jinja2.Environment(loader=jinja2.FileSystemLoader(HERE), autoescape=True)
HOST = "127.0.0.1"
LOCAL_NAMES = ("localhost", HOST, "::1")
# A mail is somebody else's page: no script runs, and its links open beside this one.
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "img-src data:; frame-src 'self'; frame-ancestors 'self'",
}


def parse(arguments=None):
    """Return the command line's options."""
    parser = argparse.ArgumentParser(prog="mail_catcher", description=__doc__)
    parser.add_argument("--port", type=int, default=8071, help="the page's")
    parser.add_argument("--smtp-port", type=int, default=8025, help="where mails come")
    parser.add_argument("--folder", type=Path, required=True, help="keeps the mails")
    return parser.parse_args(arguments)


class MailCatcher:
    """A Maildir that SMTP fills and a page shows."""

    def __init__(self, folder):
        self.folder = folder
        # aiosmtpd makes what lies in it.
        self.handler = Mailbox(folder)

    def read(self):
        """Return the mails, newest first: dicts for the page."""
        kept = mailbox.Maildir(self.folder, create=False)
        shown = []
        for key in sorted(kept.keys(), reverse=True):
            mail = message_from_bytes(kept.get_bytes(key), policy=policy.default)
            names = ("to", "from", "subject", "date")
            texts = {name: str(mail[name] or "") for name in names}
            shown.append({"key": key, **texts, "body": self._get_html(mail)})
        return shown

    def _get_html(self, mail):
        part = mail.get_body(("html", "plain"))
        text = part.get_content() if part else ""
        if part and part.get_content_type() == "text/plain":
            text = f"<pre>{escape(text)}</pre>"
        return f'<base target="_blank">{text}'

    async def page(self, request):
        """The list of mails, and the one that is open."""
        if request.url.host not in LOCAL_NAMES:
            raise web.HTTPForbidden(text="Open it as http://localhost please")
        mails = self.read()
        wanted = request.query.get("mail")
        opened = [mail for mail in mails if mail["key"] == wanted] or mails
        template = TEMPLATES.get_template("index.html")
        html = template.render(mails=mails, opened=next(iter(opened), None))
        return web.Response(text=html, content_type="text/html", headers=HEADERS)


async def serve(options):
    """Take mails and show them, until the process ends."""
    catcher = MailCatcher(options.folder)
    loop = asyncio.get_running_loop()
    await loop.create_server(
        lambda: SMTP(catcher.handler, enable_SMTPUTF8=True, loop=loop),
        HOST,
        options.smtp_port,
    )
    app = web.Application()
    app.router.add_get("/", catcher.page)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, HOST, options.port).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(parse()))
