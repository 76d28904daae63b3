# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a stranger writes is text: no HTML, no link, no formula, no flood of work."""

import csv
import io
import json
import zipfile

from lxml import html

from odoo import http
from odoo.tests import tagged

from ...core.matching import FLOOD_LIMIT
from ...tools.export import harmless_cell
from ..common import ConfirmationHttpCase, ConfirmationTransactionCase

EVIL = (
    '<script>alert(1)</script><img src=x onerror="alert(1)">'
    '<a href="javascript:alert(1)">yes</a> http://evil.example/pay '
    '<a href="https://evil.example">click</a> {{7*7}} ${7*7} %(x)s'
)
FORMULAS = (
    '=HYPERLINK("http://evil.example","yes")',
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)",
    "\t=1+1",
    "  =1+1",
    "＝1+1",
    "http://evil.example/pay",
    "external:c:\\x.xlsx",
)


@tagged("post_install", "-at_install")
class TestSafety(ConfirmationHttpCase):
    def setUp(self):
        super().setUp()
        self.record = self._send()
        self._run_outbox()

    def _links(self, text):
        """Every link and every script in a piece of HTML that is not the addon's."""
        tree = html.fromstring(f"<div>{text}</div>")
        bad = tree.xpath(
            "//script | //img | //iframe | //@*[starts-with(name(), 'on')]"
        )
        return bad + [
            link.get("href")
            for link in tree.iter("a")
            if link.get("href") not in ("#", None)
        ]

    def test_no_html_and_no_link(self):
        self._customer_says(EVIL)
        reply = self.env["fsm.confirmation.reply"].search([])
        self.assertEqual(reply.body, EVIL, "kept as it was written")
        places = [
            self._history(self.order),
            self._history(self.customer),
            self._history(self.record),
            *self.order.activity_ids.mapped("note"),
            *self.order.activity_ids.mapped("summary"),
        ]
        for text in places:
            self.assertFalse(self._links(text), text)
        self.assertIn("evil.example", self._history(self.order), "but shown as text")
        # Nobody's browser or server follows what is no link.
        self.assertFalse(
            self.env["mail.message.link.preview"].search(
                [("message_id", "in", self.order.message_ids.ids)]
            )
        )

    def test_no_link_preview_of_a_stranger(self):
        """Odoo fetches links of a message when it is asked to; here are none."""
        self._customer_says("see http://evil.example/pay and https://evil.example")
        note = self.order.message_ids.filtered(lambda mess: "evil" in mess.body)
        self.authenticate(self.dispatcher.login, self.dispatcher.login)
        response = self.url_open(
            "/mail/link_preview",
            data=json.dumps({"params": {"message_id": note.id}}),
            headers={"Content-Type": "application/json"},
        )
        self.assertTrue(response.ok)
        self.assertFalse(self.env["mail.link.preview"].search([]))

    def test_opt_out_words_are_text(self):
        self._customer_says("stop texting me <img src=x onerror=alert(1)>")
        self.assertFalse(self._links(self._history(self.customer)))
        entry = self.env["phone.blacklist"].search([])
        self.assertFalse(self._links("".join(entry.message_ids.mapped("body"))))

    def test_media_is_never_fetched(self):
        """Addresses of pictures are not even kept."""
        seen = len(self.twilio.requests())
        self._customer_says(
            "look",
            media=[
                {"url": f"{self.twilio.url}/_evil.jpg", "content_type": "image/jpeg"}
            ],
        )
        reply = self.env["fsm.confirmation.reply"].search([])
        self.assertEqual(reply.media_count, 1)
        values = json.dumps(reply.read()[0], default=str)
        self.assertNotIn("_evil", values)
        self.assertFalse(self.env["ir.attachment"].search([("url", "like", "_evil")]))
        for request in self.twilio.requests()[seen:]:
            self.assertNotIn("_evil", json.dumps(request, default=str))

    def _export(self, kind, model, names, domain=()):
        user = self.users["edit"]
        self.authenticate(user.login, user.login)
        data = {
            "model": model,
            "fields": [{"name": name, "label": name, "type": "text"} for name in names],
            "ids": False,
            "domain": list(domain),
            "groupby": [],
            "import_compat": False,
        }
        response = self.url_open(
            f"/web/export/{kind}",
            data={
                "data": json.dumps(data),
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        self.assertTrue(response.ok)
        return response.content

    def test_exports_hold_no_formula(self):
        for formula in FORMULAS:
            self._customer_says(formula)
        for model, names in (
            ("fsm.confirmation.reply", ["body", "mobile"]),
            ("fsm.confirmation", ["reply_body", "reply_ids/body"]),
            ("fsm.order", ["name", "confirmation_ids/reply_ids/body"]),
        ):
            rows = csv.reader(io.StringIO(self._export("csv", model, names).decode()))
            cells = [cell for row in rows for cell in row]
            self.assertTrue([cell for cell in cells if "HYPERLINK" in cell])
            for cell in cells:
                self.assertNotIn(cell[:1], ("=", "+", "-", "@", "\t", "\r", "＝"), cell)
                self.assertNotIn(cell.lstrip()[:1], ("=", "@"), cell)
            book = zipfile.ZipFile(io.BytesIO(self._export("xlsx", model, names)))
            for name in book.namelist():
                if name.startswith("xl/worksheets"):
                    sheet = book.read(name).decode()
                    self.assertNotIn("<f>", sheet, model)
                    self.assertNotIn("<hyperlink", sheet, model)

    def test_harmless_cells(self):
        for formula in FORMULAS[:1] + FORMULAS[3:]:
            self.assertEqual(harmless_cell(formula), f"'{formula}")
        for value in ("yes", "+12025550123", "-", "I'll be there = ok", 5, False, ""):
            self.assertEqual(harmless_cell(value), value)

    def test_the_answer_is_plain_text(self):
        """What goes back to the customer is XML-escaped TwiML, and no template."""
        seen = self._customer_says(EVIL)
        self.assertNotIn("<script", json.dumps(seen))


@tagged("post_install", "-at_install")
class TestFlood(ConfirmationTransactionCase):
    """One number that writes very much: bounded work, and opting out always counts."""

    def setUp(self):
        super().setUp()
        self.record = self._send()

    def _flood(self, count, body="blah blah"):
        for _number in range(count):
            last = self._reply(body)
        return last

    def test_a_flood_is_stored_and_left(self):
        self._flood(FLOOD_LIMIT)
        notes = len(self.order.message_ids)
        activities = self.env["mail.activity"].search_count([])
        last = self._flood(20)
        self.assertEqual((last.state, last.reason), ("unmatched", "flood"))
        self.assertFalse(last.auto_reply_body)
        self.assertTrue(last.reason_text)
        self.env.invalidate_all()
        self.assertEqual(len(self.order.message_ids), notes)
        self.assertEqual(self.env["mail.activity"].search_count([]), activities)
        stored = self.env["fsm.confirmation.reply"].search_count([])
        self.assertEqual(stored, FLOOD_LIMIT + 20)
        # Also a yes in a flood is no yes: a person reads it.
        self.assertEqual(self._reply("yes").reason, "flood")
        self.assertEqual(self.record.response, "unrecognized")

    def test_opting_out_counts_in_a_flood_once(self):
        self._flood(FLOOD_LIMIT + 3)
        self._reply("STOP")
        self.assertEqual(self.record.response, "opted_out")
        notes = len(self.customer.message_ids)
        again = self._flood(5, "STOP")
        self.assertEqual(again.reason, "flood")
        self.env.invalidate_all()
        self.assertEqual(len(self.customer.message_ids), notes)

    def test_others_are_not_held_up(self):
        self._flood(FLOOD_LIMIT + 1)
        contact = self._make_contact("Paul Neighbor", "+12125550188")
        order = self._make_order(location_id=self._make_location(contact).id)
        asked = self._send(order)
        self._reply("yes", number="+12125550188")
        self.assertEqual(asked.response, "confirmed")

    def test_a_flood_ends(self):
        self._flood(FLOOD_LIMIT + 1)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_confirmation_reply"
            " SET received_date = received_date - interval '11 minutes'"
        )
        self.env.invalidate_all()
        self._reply("yes")
        self.assertEqual(self.record.response, "confirmed")

    def test_work_is_bounded(self):
        """The queries for a text in a flood don't grow with what came before."""
        self._flood(FLOOD_LIMIT)
        self._reply("blah")

        def cost():
            before = self.env.cr.sql_log_count
            self._reply("blah")
            self.env.flush_all()
            return self.env.cr.sql_log_count - before

        first = cost()
        self._flood(60)
        self.assertLessEqual(cost(), first + 1)
        self.assertLess(first, 25)
