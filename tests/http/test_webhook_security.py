# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Signatures: always checked, over the public URL, for the right account."""

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import OUR_NUMBER, WEBHOOK_LOG, ConfirmationHttpCase

INBOUND = "/job_confirmation/twilio/inbound"


@tagged("post_install", "-at_install")
class TestWebhookSecurity(ConfirmationHttpCase):
    @mute_logger(WEBHOOK_LOG)
    def _post(self, path, params, token=None, signature=None, url=None):
        url = url or self.base_url() + path
        headers = {}
        if token:
            headers["X-Twilio-Signature"] = self.simulator.sign(url, params, token)
        if signature is not None:
            headers["X-Twilio-Signature"] = signature
        return self.url_open(path, data=params, headers=headers)

    def _params(self, **values):
        return {
            "MessageSid": "SM" + "a" * 32,
            "AccountSid": self.simulator.DEFAULT_ACCOUNT_SID,
            "From": "+12125550123",
            "To": OUR_NUMBER,
            "Body": "Yes",
            **values,
        }

    def _count(self):
        return self.env["fsm.confirmation.reply"].search_count([])

    def test_right_signature(self):
        answer = self._post(INBOUND, self._params(), self.simulator.DEFAULT_AUTH_TOKEN)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.headers["Content-Type"], "text/xml; charset=utf-8")
        self.assertIn("<Response", answer.text)
        self.assertEqual(self._count(), 1)

    def test_refused(self):
        other = "AC" + "9" * 32
        token = self.simulator.DEFAULT_AUTH_TOKEN
        cases = {
            "missing": self._post(INBOUND, self._params()),
            "empty": self._post(INBOUND, self._params(), signature=""),
            "wrong": self._post(INBOUND, self._params(), "b" * 32),
            "not ASCII": self._post(INBOUND, self._params(), signature="\xe9"),
            "other account": self._post(INBOUND, self._params(AccountSid=other), token),
            "no account": self._post(INBOUND, {"Body": "Yes"}, token),
            "other address": self._post(
                INBOUND,
                self._params(),
                token,
                url="https://elsewhere.example" + INBOUND,
            ),
            "nothing": self._post(INBOUND, {"x": "1"}),
        }
        for name, answer in cases.items():
            self.assertEqual(answer.status_code, 403, name)
        self.assertEqual(self._count(), 0)

    def test_company_without_token_opens_nothing(self):
        self.company.sms_twilio_auth_token = False
        self.assertEqual(self._post(INBOUND, self._params(), "x").status_code, 403)

    def test_parameters_in_the_query_are_signed_but_not_read(self):
        path = f"{INBOUND}?Body=STOP&x=%C3%A9"
        answer = self._post(path, self._params(), self.simulator.DEFAULT_AUTH_TOKEN)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(self.env["fsm.confirmation.reply"].search([]).body, "Yes")

    def test_behind_a_proxy(self):
        public = "https://odoo.example.com"
        self.env["ir.config_parameter"].set_param("web.base.url", public)
        answer = self._post(
            INBOUND,
            self._params(),
            self.simulator.DEFAULT_AUTH_TOKEN,
            url=public + INBOUND,
        )
        self.assertEqual(answer.status_code, 200)

    def test_unknown_parameters_and_blank_ones(self):
        params = self._params(NewThing="1", FromCity="", Body="")
        answer = self._post(INBOUND, params, self.simulator.DEFAULT_AUTH_TOKEN)
        self.assertEqual(answer.status_code, 200)

    def test_status_of_unknown_message(self):
        token = self.simulator.DEFAULT_AUTH_TOKEN
        for name in ("f" * 32, "nonsense"):
            path = f"/job_confirmation/twilio/status/{name}"
            params = self._params(MessageStatus="sent")
            self.assertEqual(self._post(path, params, token).status_code, 204)
            self.assertEqual(self._post(path, params).status_code, 403)

    def test_get_is_refused(self):
        self.assertEqual(self.url_open(INBOUND).status_code, 405)

    def test_a_huge_request_is_refused(self):
        answer = self._post(
            INBOUND,
            self._params(Body="x" * 200_000),
            self.simulator.DEFAULT_AUTH_TOKEN,
        )
        self.assertEqual(answer.status_code, 413)
        self.assertEqual(self._count(), 0)

    def test_odd_parameters_are_no_error(self):
        token = self.simulator.DEFAULT_AUTH_TOKEN
        for path in (INBOUND, "/job_confirmation/twilio/status/" + "f" * 32):
            for name in ("self", "uuid", "env", "_params", "kwargs"):
                answer = self._post(path, {name: "x"})
                self.assertEqual(answer.status_code, 403, (path, name))
                answer = self._post(f"{path}?{name}=x", {"a": "b"})
                self.assertEqual(answer.status_code, 403, (path, name))
        odd = [
            {"NumMedia": "²"},
            {"NumMedia": "9" * 5000},
            {"From": "+1\x00212"},
            {"To": "\x00"},
            {"OptOutType": "\x00" * 20},
            {"Body": "\x00\x01"},
        ]
        for number, values in enumerate(odd):
            params = self._params(MessageSid=f"SM{number:032d}")
            answer = self._post(INBOUND, {**params, **values}, token)
            self.assertEqual(answer.status_code, 200, values)

    def test_odd_delivery_reports_are_no_error(self):
        record = self._send().sudo()
        path = f"/job_confirmation/twilio/status/{record.uuid}"
        token = self.simulator.DEFAULT_AUTH_TOKEN
        for values in (
            {"ErrorCode": "²"},
            {"ErrorCode": "9" * 40},
            {"From": "\x00"},
            {"MessageSid": "x" * 5000},
            {"MessageStatus": "\x00"},
        ):
            params = self._params(MessageStatus="sent")
            answer = self._post(path, {**params, **values}, token)
            self.assertEqual(answer.status_code, 204, values)
