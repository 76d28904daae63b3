# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Requests that no Twilio and no screen sends."""

import io
import json
import zipfile
from unittest.mock import patch

from twilio.request_validator import RequestValidator

from odoo import http
from odoo.tests import tagged
from odoo.tools import mute_logger

from ...models.message_in import fsm_confirmation_word
from ..common import (
    LEVELS,
    OUR_NUMBER,
    WEBHOOK_LOG,
    ConfirmationHttpCase,
    new_user,
)

INBOUND = "/job_confirmation/twilio/inbound"
STATUS = "/job_confirmation/twilio/status/" + "f" * 32
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@tagged("post_install", "-at_install")
class TestOddWebhooks(ConfirmationHttpCase):
    def _params(self, **values):
        return {
            "MessageSid": "SM" + "a" * 32,
            "AccountSid": self.simulator.DEFAULT_ACCOUNT_SID,
            "From": "+12125550123",
            "To": OUR_NUMBER,
            "Body": "Yes",
            **values,
        }

    @mute_logger(WEBHOOK_LOG)
    def _request(self, method, path, data=None, params=None, token=None, **headers):
        """Signed over the parameters, whatever the body is."""
        url = self.base_url() + path
        token = token or self.simulator.DEFAULT_AUTH_TOKEN
        known = self._params() if params is None else params
        headers["X-Twilio-Signature"] = self.simulator.sign(url, known, token)
        return self.opener.request(
            method, url, data=known if data is None else data, headers=headers
        )

    def _count(self):
        return self.env["fsm.confirmation.reply"].search_count([])

    def test_other_methods(self):
        for path in (INBOUND, STATUS):
            for method in ("OPTIONS", "GET", "HEAD", "PUT", "DELETE", "PATCH"):
                answer = self._request(method, path)
                self.assertIn(answer.status_code, (404, 405), (method, path))
        self.assertEqual(self._count(), 0)

    def test_too_many_parameters(self):
        """Refused before they are read, also with the right signature."""
        many = self._params(**{f"p{number}": "" for number in range(17_000)})
        few = self._params(**{f"p{number}": "" for number in range(100)})
        for path in (INBOUND, STATUS):
            answer = self._request("POST", path, params=many)
            self.assertIn(answer.status_code, (403, 413), path)
            answer = self._request("POST", f"{path}?{'&'.join(['x=1'] * 300)}")
            self.assertEqual(answer.status_code, 403, path)
        self.assertEqual(self._count(), 0)
        self.assertEqual(self._request("POST", INBOUND, params=few).status_code, 200)
        self.assertEqual(self._count(), 1)

    def test_the_signature_is_checked_once(self):
        """Companies that share an account share the look at its signature."""
        for number in range(3):
            self._make_company(f"Same {number}", number=f"+1202555018{number}")
        # Counted, and done all the same.
        validate = RequestValidator.validate
        with patch.object(RequestValidator, "validate", autospec=True) as counted:
            counted.side_effect = validate
            self.assertEqual(self._request("POST", INBOUND).status_code, 200)
            self.assertEqual(counted.call_count, 1)
            refused = self._request("POST", INBOUND, token="x" * 32)
            self.assertEqual(refused.status_code, 403)
            self.assertEqual(counted.call_count, 2)
        self.assertEqual(self._count(), 1)

    def test_bodies_that_are_no_form(self):
        multipart = (
            "--x\r\nContent-Disposition: form-data; name=a\r\n"
            "Content-Type: multipart/mixed; boundary=x\r\n\r\n" * 200
        )
        bodies = [
            ("multipart/form-data; boundary=x", multipart),
            ("multipart/form-data", multipart),
            ("multipart/form-data; boundary=", "--"),
            ("application/json", "{"),
            ("application/json", json.dumps([[[]]] * 50)),
            ("application/json-rpc", json.dumps({"params": {"Body": "Yes"}})),
            ("text/xml", "<a/>"),
            ("", "Body=Yes"),
            ("application/x-www-form-urlencoded; charset=utf-99", "Body=%ff%fe&%="),
            ("application/x-www-form-urlencoded", "%" * 5000),
            ("application/x-www-form-urlencoded", "Body=1&" * 150),
            ("application/x-www-form-urlencoded", "=" * 5000),
            ("application/x-www-form-urlencoded", "AccountSid[]=1&AccountSid=2"),
            (
                "application/x-www-form-urlencoded",
                "\x00=\x00&\ud800".encode("utf-8", "replace"),
            ),
        ]
        for path in (INBOUND, STATUS):
            for kind, body in bodies:
                answer = self._request("POST", path, body, **{"Content-Type": kind})
                self.assertIn(
                    answer.status_code,
                    (400, 403, 405, 413, 415),
                    (path, kind, body[:40]),
                )
            # Nor one whose size is not said.
            answer = self._request("POST", path, iter([b"Body=Yes"]), **FORM)
            self.assertIn(answer.status_code, (400, 403, 411, 413), path)
        self.assertEqual(self._count(), 0)

    def test_tokens_that_are_none(self):
        for token in (" ", "   ", "\t", "x", "token", "dummytoken", " dummytoken "):
            self.company.sms_twilio_auth_token = token
            self.env.flush_all()
            for used in {token, token.strip() or " "}:
                answer = self._request("POST", INBOUND, token=used)
                self.assertEqual(answer.status_code, 403, repr(token))
            self.assertFalse(self.company._job_confirmation_ready())
        self.assertEqual(self._count(), 0)

    def test_a_copied_token_with_a_blank(self):
        token = self.simulator.DEFAULT_AUTH_TOKEN
        self.company.sms_twilio_auth_token = f" {token}\n"
        self.assertEqual(self._request("POST", INBOUND).status_code, 200)


@tagged("post_install", "-at_install")
class TestWords(ConfirmationHttpCase):
    def test_nobody_waits_for_changed_words(self):
        """A reply is read with the words of before, until the new ones are ready."""
        record = self._send()
        self._run_outbox()
        self._customer_says("zorglub indeed")
        self.assertEqual(record.response, "unrecognized")
        words = self.env["fsm.confirmation.word"]
        words.create({"lang": "en", "intent": "confirm", "phrase": "zorglub indeed"})
        self.env.flush_all()
        self._customer_says("zorglub indeed")
        self.assertEqual(record.response, "unrecognized")
        for builder in [*fsm_confirmation_word._builders.values()]:
            builder.join()
        record = self._send()
        self._run_outbox()
        self._customer_says("zorglub indeed")
        self.assertEqual(record.response, "confirmed")


@tagged("post_install", "-at_install")
class TestScreens(ConfirmationHttpCase):
    def test_changes_reach_the_companys_screens_alone(self):
        other = self._make_company("Beta Repairs", number="+12025550177")
        stranger = new_user(
            self.env,
            "screens_stranger",
            groups=f"base.group_user,{LEVELS['admin']}",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        known = self.env["bus.bus"].sudo().search([], order="id desc", limit=1).id or 0
        record = self._send()
        self.env.cr.precommit.run()
        sent = (
            self.env["bus.bus"]
            .sudo()
            .search(
                [("id", ">", known), ("message", "like", "fsm_confirmation/changed")]
            )
        )
        self.assertIn(str(record.id), "".join(sent.mapped("message")))
        told = {note.channel for note in sent}
        own = json.dumps(
            [self.env.cr.dbname, "res.company", self.company.id, "fsm_confirmation"],
            separators=(",", ":"),
        )
        self.assertEqual({channel.replace(" ", "") for channel in told}, {own})
        for user, expected in (
            (self.users["read"], self.company),
            (self.users["none"], self.company.browse()),
            (stranger, other),
        ):
            channels = self._channels(user)
            self.assertEqual(channels, expected, user.login)

    def _channels(self, user):
        """The companies whose changes a user's screens hear of."""
        self.authenticate(user.login, user.login)
        context = {"allowed_company_ids": user.company_ids.ids}
        found = self.env(user=user, context=context)["ir.websocket"]
        fake = type("Request", (), {"session": self.session})()
        with patch("odoo.addons.bus.models.ir_websocket.wsrequest", fake):
            channels = found._build_bus_channel_list([])
        companies = self.env["res.company"]
        for channel in channels:
            if isinstance(channel, tuple) and channel[1] == "fsm_confirmation":
                companies |= channel[0].sudo(False).with_env(companies.env)
        return companies


@tagged("post_install", "-at_install")
class TestWorkbooks(ConfirmationHttpCase):
    """No cell and no heading of a file is a formula or a link."""

    FORMULA = '=HYPERLINK("http://evil.example") maybe, who knows'

    def _export(self, user, model, names, groupby=(), import_compat=False, kind="xlsx"):
        self.authenticate(user.login, user.login)
        data = {
            "model": model,
            "fields": [{"name": name, "label": name, "type": "char"} for name in names],
            "ids": False,
            "domain": [],
            "groupby": list(groupby),
            "import_compat": import_compat,
            "context": {"allowed_company_ids": self.company.ids},
        }
        answer = self.url_open(
            f"/web/export/{kind}",
            data={
                "data": json.dumps(data),
                "csrf_token": http.Request.csrf_token(self),
            },
        )
        self.assertTrue(answer.ok, answer.text[:500])
        return answer.content

    def _get_parts(self, *args, **options):
        book = zipfile.ZipFile(io.BytesIO(self._export(*args, **options)))
        return {name: book.read(name).decode() for name in book.namelist()}

    def _check(self, user, model, names, groupby=(), import_compat=False):
        parts = self._get_parts(user, model, names, groupby, import_compat)
        text = "".join(parts.values())
        self.assertTrue("HYPERLINK" in text, (model, names, groupby, import_compat))
        for name, part in parts.items():
            self.assertNotIn("<f>", part, (model, names, name))
            self.assertNotIn("<hyperlink", part, (model, names, name))

    def test_xlsx(self):
        self._send().sudo()._write_words(self.FORMULA)
        self._customer_says(self.FORMULA)
        self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
            "+12125550123", "reply", self.FORMULA, self.company
        )
        self._make_contact(self.FORMULA, "+12125550133", ref="http://evil.example/x")
        user = new_user(
            self.env,
            "workbooks",
            groups="base.group_system,base.group_allow_export,"
            f"fieldservice.group_fsm_manager,{LEVELS['admin']}",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.env.flush_all()
        for model, names in (
            ("phone.blacklist", ["number", "opt_out_words"]),
            ("fsm.confirmation", ["name", "reply_body"]),
            ("fsm.confirmation.reply", ["body", "mobile"]),
            ("fsm.order", ["name", "confirmation_ids/reply_body"]),
            ("fsm.appointment", ["contact_name", "reply_body", "remark"]),
        ):
            for import_compat in (False, True):
                self._check(user, model, names, import_compat=import_compat)
        for model, names, groupby in (
            ("fsm.confirmation", ["name"], ["reply_body"]),
            ("fsm.confirmation", ["name"], ["response", "reply_body"]),
            ("fsm.confirmation.reply", ["mobile"], ["body"]),
            ("fsm.appointment", ["job_name"], ["reply_body"]),
        ):
            self._check(user, model, names, groupby)

    def test_csv(self):
        """Odoo sees to the usual beginnings of a formula, not to all."""
        words = "@SUM(1) maybe, who knows"
        self._send().sudo()._write_words(words)
        user = self.users["read"]
        for model in ("fsm.confirmation", "fsm.appointment"):
            text = self._export(user, model, ["reply_body"], kind="csv").decode()
            self.assertIn(f"'{words}", text, model)

    def test_others_are_as_odoo_makes_them(self):
        self._make_contact("Link", "+12125550133", ref="http://odoo.example/x")
        user = new_user(
            self.env,
            "workbooks_plain",
            groups="base.group_user,base.group_allow_export,"
            f"fieldservice.group_fsm_user,{LEVELS['read']}",
            company_id=self.company.id,
            company_ids=[(6, 0, self.company.ids)],
        )
        self.env.flush_all()
        for groupby in ((), ["name"]):
            parts = self._get_parts(user, "res.partner", ["ref"], groupby)
            self.assertIn("<hyperlink", "".join(parts.values()))
            names = ["ref", "confirmation_opt_out"]
            parts = self._get_parts(user, "res.partner", names, groupby)
            self.assertNotIn("<hyperlink", "".join(parts.values()))
