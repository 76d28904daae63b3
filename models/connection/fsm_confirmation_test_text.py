# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import time

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.phone_validation.tools import phone_validation

from ...core.phones import EXTENSION, read_number
from ...core.segments import count_segments
from ...core.twilio.account import SetupApi
from ...core.twilio.client import Outcome

_logger = logging.getLogger(__name__)

# How long a test text is followed, so that most failures are seen at once.
POLLS = (0.5, 1, 1.5, 2)  # seconds


class FsmConfirmationTestText(models.AbstractModel):
    """Sends an administrator a text, to see that texts arrive and replies come in.

    No message about a customer is recorded.
    """

    _name = "fsm.confirmation.test.text"
    _description = "Test Text"

    @api.model
    def _send(self, connection_sudo, number):
        """Send one text, once, whatever happens, and follow it for seconds.

        :param connection_sudo: the company's ``fsm.confirmation.connection``
        :param number: the administrator's own, as a person types it
        :return: (``ok``, ``warning`` or ``problem``; one sentence or two)
        :raises UserError: it can't be sent at all
        """
        connection_sudo._lock()
        company = connection_sudo.company_id
        mobile = self._parse_number(company, number)
        self._check_may_send(company, mobile)
        sender = company._job_confirmation_sender(mobile)
        body = self.env._(
            "%(company)s: this is a test of job confirmations. Answer it, and your "
            "answer appears in Odoo. Reply STOP to opt out.",
            company=company.name,
        )
        api_sudo = company._twilio_api_sudo(SetupApi)
        result = api_sudo.send(mobile, body, sender, "")
        words = self.env["fsm.confirmation.check.words"]
        if result.outcome is Outcome.REJECTED:
            return "problem", words._explain_code(result.code, result.reason)
        if result.outcome is Outcome.UNKNOWN:
            return "warning", self.env._(
                "Twilio did not answer clearly (%s). Look at the phone before you try "
                "again.",
                result.reason,
            )
        status, code = self._follow(api_sudo, result.sid)
        if status in ("failed", "undelivered"):
            return "problem", words._explain_code(code, "")
        connection_sudo.test_date = fields.Datetime.now()
        parts = result.segments or count_segments(body).count
        return "ok", self._describe(status, mobile, sender, parts)

    def _parse_number(self, company, number):
        """:return: E.164"""
        country = company.country_id
        if read_number(number, country.code or "").problem == EXTENSION:
            raise UserError(
                self.env._(
                    "This number has an extension, and can't be texted. Enter a mobile "
                    "number."
                )
            )
        try:
            return phone_validation.phone_format(
                number or "", country.code, country.phone_code, force_format="E164"
            )
        except UserError as error:
            raise UserError(
                self.env._("This isn't a phone number. Write it like +1 202 555 0123.")
            ) from error

    def _check_may_send(self, company, mobile):
        """:raises UserError: Twilio is not set up, or the number has opted out"""
        alerts = self.env["fsm.confirmation.alert"]
        codes = alerts._find_number_alert_codes(company, mobile, enabled=True)
        if "not_ready" in codes:
            raise UserError(
                self.env._("Enter the Twilio account and choose a sender first.")
            )
        if "opted_out" in codes:
            raise UserError(
                self.env._(
                    "This number has opted out of texts, so nothing is sent to it. "
                    "Text START from it to our number first."
                )
            )

    def _follow(self, api_sudo, sid):
        """What became of a text within seconds.

        :return: (Twilio's MessageStatus or "", error code or 0)
        """
        status, code = "", 0
        for pause in POLLS:
            time.sleep(pause)
            try:
                status, code = api_sudo.fetch_status(sid)
            except Exception as error:
                _logger.info("Test text: %s", type(error).__name__)
                break
            if status in ("delivered", "failed", "undelivered"):
                break
        return status, code

    def _describe(self, status, mobile, sender, parts):
        """:param parts: how many SMS the text took"""
        words = self.env["fsm.confirmation.check.words"]
        facts = {
            "number": words._format_number(mobile),
            "sender": words._format_number(sender),
            "parts": parts,
        }
        if status == "delivered":
            return self.env._(
                "Delivered to %(number)s, sent from %(sender)s, SMS parts: %(parts)s. "
                "Now answer it from the phone: the answer appears under Message Center "
                "> Unmatched Replies.",
                **facts,
            )
        return self.env._(
            "Twilio took it for %(number)s, sent from %(sender)s, SMS parts: "
            "%(parts)s. When it is on the phone, answer it: the answer appears under "
            "Message Center > Unmatched Replies.",
            **facts,
        )
