# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a Twilio account has, and where its replies go."""

import re
from dataclasses import dataclass

from .client import TwilioApi

# A number may be in a Messaging Service, whose settings then count. Looking for it
# takes one call for each service.
SERVICE_LIMIT = 20
_STATUS_IN_TEXT = re.compile(r"\bHTTP (\d{3})\b")


@dataclass(frozen=True, slots=True)
class Number:
    """A number of the account, as far as texts go."""

    sid: str
    phone: str
    sms: bool
    url: str
    method: str
    fallback_url: str
    application: str


@dataclass(frozen=True, slots=True)
class Service:
    """A Messaging Service, as far as replies go."""

    sid: str
    name: str
    url: str
    method: str
    defers: bool  # to the addresses of its numbers
    registered: bool  # for texts to the United States


class SetupApi(TwilioApi):
    """Reads an account's numbers and services, and points their replies somewhere.

    Every method raises what the SDK or the network raises; see :func:`error_code`.
    """

    def fetch_account(self):
        """:return: (status, type), like ``("active", "Trial")``"""
        account = self._rest().api.v2010.accounts(self.account_sid).fetch()
        return str(account.status or ""), str(account.type or "")

    def find_number(self, phone):
        """The account's :class:`Number` for an E.164 number, or None."""
        for entry in self._rest().incoming_phone_numbers.list(
            phone_number=phone, limit=20
        ):
            if entry.phone_number == phone:
                return Number(
                    sid=entry.sid,
                    phone=phone,
                    sms=bool(_capability(entry.capabilities, "sms")),
                    url=entry.sms_url or "",
                    method=entry.sms_method or "POST",
                    fallback_url=entry.sms_fallback_url or "",
                    application=entry.sms_application_sid or "",
                )
        return None

    def list_numbers(self):
        """E.164 numbers of the account that can text."""
        return [
            entry.phone_number
            for entry in self._rest().incoming_phone_numbers.list(limit=400)
            if _capability(entry.capabilities, "sms")
        ]

    def point_number(self, sid, address):
        """Have a number's texts posted to ``address``."""
        self._rest().incoming_phone_numbers(sid).update(
            sms_url=address,
            sms_method="POST",
            sms_fallback_url=address,
            sms_fallback_method="POST",
            sms_application_sid="",
        )

    def fetch_service(self, sid):
        """The :class:`Service` with this SID."""
        return _service(self._rest().messaging.v1.services(sid).fetch())

    def list_services(self):
        """The first :class:`Service` objects of the account."""
        services = self._rest().messaging.v1.services.list(limit=SERVICE_LIMIT)
        return [_service(entry) for entry in services]

    def list_service_numbers(self, sid):
        """E.164 numbers in a Messaging Service."""
        numbers = self._rest().messaging.v1.services(sid).phone_numbers
        return [entry.phone_number for entry in numbers.list(limit=400)]

    def point_service(self, sid, address):
        """Have the texts to all numbers of a service posted to ``address``."""
        self._rest().messaging.v1.services(sid).update(
            inbound_request_url=address,
            inbound_method="POST",
            fallback_url=address,
            fallback_method="POST",
            use_inbound_webhook_on_number=False,
        )

    def fetch_status(self, message_sid):
        """:return: (MessageStatus, error code or 0) of a text"""
        message = self._rest().messages(message_sid).fetch()
        return str(message.status or ""), int(message.error_code or 0)


def _capability(capabilities, name):
    if isinstance(capabilities, dict):
        return capabilities.get(name)
    return getattr(capabilities, name, False)


def _service(entry):
    return Service(
        sid=entry.sid,
        name=entry.friendly_name or entry.sid,
        url=entry.inbound_request_url or "",
        method=entry.inbound_method or "POST",
        defers=bool(entry.use_inbound_webhook_on_number),
        registered=bool(entry.us_app_to_person_registered),
    )


def error_code(error):
    """What an exception out of the SDK or the network means for the connection.

    :return: ``credentials``, ``forbidden``, ``missing`` or ``unavailable``
    """
    status = getattr(error, "status", None)
    if not isinstance(status, int):
        # Lists raise an exception that has its status in the text only.
        found = _STATUS_IN_TEXT.search(str(error))
        status = int(found[1]) if found else 0
    if status == 401 or getattr(error, "code", None) == 20003:
        return "credentials"
    return {403: "forbidden", 404: "missing"}.get(status, "unavailable")
