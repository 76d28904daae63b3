# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import re

from twilio.request_validator import RequestValidator

from odoo import SUPERUSER_ID
from odoo.http import Controller, request, route

from ..core.delivery import Report
from ..core.twilio.address import REFUSED_HEADER
from ..core.twilio.client import to_int
from ..tools.log_redaction import private_queries
from ..tools.retry import LOCK_WAIT, commit_with_retries
from ..tools.unavailable import answer_while_locked
from ..tools.webhook import MAX_REQUEST

_logger = logging.getLogger(__name__)

_ACCOUNT = re.compile(r"AC[0-9a-zA-Z]{32}")
_MESSAGE = re.compile(r"(SM|MM)[0-9a-zA-Z]{32}")
_NUMBER = re.compile(r"[\w+:-]{1,64}", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{32}")
_ROUTE = {
    "type": "http",
    "auth": "none",  # by Twilio's signature alone; Odoo takes that for reading only
    "readonly": False,
    "methods": ["POST"],
    "csrf": False,
    "save_session": False,
    "max_content_length": MAX_REQUEST,
}
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


class JobConfirmationTwilio(Controller):
    """What Twilio calls: verify, hand over, answer."""

    INBOUND_URL = "/job_confirmation/twilio/inbound"
    STATUS_URL = "/job_confirmation/twilio/status/<string:uuid>"

    @route(INBOUND_URL, **_ROUTE)
    @answer_while_locked
    @private_queries()
    def inbound(self, **_params):
        """A customer's text. The response is TwiML, with at most one message."""
        form, companies_sudo = self._verify()
        if not companies_sudo:
            return self._forbidden()
        sid = form.get("MessageSid") or form.get("SmsSid") or ""
        if not _MESSAGE.fullmatch(sid) or not form.get("From"):
            _logger.warning("Inbound webhook without MessageSid or From: ignored")
            return self._twiml("")
        # Stored and committed when it returns: else Twilio gets no 2xx, tries again.
        inbox = request.env["fsm.confirmation.inbox"]
        return self._twiml(inbox._receive_and_commit_sudo(companies_sudo, form))

    @route(STATUS_URL, **_ROUTE)
    @answer_while_locked
    @private_queries()
    def status(self, uuid, **_params):
        """A delivery report of one text that we sent."""
        form, companies_sudo = self._verify()
        if not companies_sudo:
            return self._forbidden()
        # Reports come before replies, and in each process.
        request.env["fsm.confirmation.word"]._keep_lexicon_ready()
        if _UUID.fullmatch(uuid):
            deliveries = request.env["fsm.confirmation.delivery"]
            report = self._read_report(form)
            commit_with_retries(
                request.env,
                lambda: deliveries._receive_report_sudo(companies_sudo, uuid, report),
                lock_wait=LOCK_WAIT,
            )
        return request.make_response("", status=204)

    def _read_report(self, form):
        """A delivery report out of Twilio's parameters; what is odd in it is empty."""
        sid = form.get("MessageSid") or ""
        number = form.get("From") or ""
        return Report(
            form.get("MessageStatus") or form.get("SmsStatus") or "",
            sid=sid if _MESSAGE.fullmatch(sid) else "",
            code=to_int(form.get("ErrorCode") or "", 999_999),
            from_number=number if _NUMBER.fullmatch(number) else "",
        )

    def _verify(self):
        """Check the signature over the exact public URL.

        :return: (form, ``res.company`` records with sudo whose account signed it);
            none when the signature is missing or wrong
        """
        http = request.httprequest
        # Nobody is logged in: the server itself acts, on what the signature proves.
        request.update_env(user=SUPERUSER_ID)
        nobody = request.env["res.company"].sudo().browse()
        form = http.form
        account = form.get("AccountSid") or ""
        signature = http.headers.get("X-Twilio-Signature") or ""
        if not signature or not _ACCOUNT.fullmatch(account):
            return form, nobody
        companies_sudo = nobody._find_by_account_sudo(account)
        accepted = self._find_signers(companies_sudo, form, signature)
        if companies_sudo and not accepted:
            request.env["fsm.confirmation.connection"]._record_refusal_sudo(
                companies_sudo, self._get_public_url(companies_sudo[0])
            )
        return form, accepted

    def _find_signers(self, companies_sudo, form, signature):
        """The companies whose token made the signature; it is checked once for each."""
        known = {}
        for company_sudo in companies_sudo:
            token = company_sudo._twilio_token_sudo
            key = token, self._get_public_url(company_sudo)
            if token and key not in known:
                known[key] = RequestValidator(token).validate(key[1], form, signature)
        return companies_sudo.filtered(
            lambda company: known.get(
                (company._twilio_token_sudo, self._get_public_url(company))
            )
        )

    def _get_public_url(self, company_sudo):
        """The URL that Twilio called, and so signed.

        Scheme and host come from the configured base, as Odoo does not see the public
        ones behind a proxy; the path is taken as it was sent, not decoded.
        """
        environ = request.httprequest.environ
        path = environ.get("RAW_URI") or environ.get("REQUEST_URI")
        if not path or not path.startswith("/"):
            path = request.httprequest.full_path.rstrip("?")
        return company_sudo.get_base_url().rstrip("/") + path

    def _forbidden(self):
        # No number, no text, no parameter: only that it happened.
        _logger.warning(
            "Twilio webhook refused: signature missing or wrong (%s)",
            "inbound" if request.httprequest.path == self.INBOUND_URL else "status",
        )
        # The header tells our own check of the address who refused it.
        return request.make_response("", [(REFUSED_HEADER, "refused")], status=403)

    def _twiml(self, text):
        """What Twilio understands; anything else could be texted as it is."""
        body = EMPTY_TWIML
        if text:
            # pylint: disable=import-outside-toplevel
            from twilio.twiml.messaging_response import MessagingResponse

            response = MessagingResponse()
            response.message(text)
            body = str(response)
        return request.make_response(
            body, [("Content-Type", "text/xml; charset=utf-8")]
        )
