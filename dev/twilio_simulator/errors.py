# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Twilio's error codes, as far as the simulator answers with them.

Source: Twilio's error and warning dictionary (https://www.twilio.com/docs/api/errors).
"""

# Refusals of an API request: code -> (HTTP status, message).
REFUSALS = {
    20001: (400, "Invalid parameter"),
    20003: (401, "Authenticate"),
    20004: (405, "Method not allowed"),
    20005: (403, "Account not active"),
    20404: (404, "The requested resource {path} was not found"),
    20409: (409, "The resource is still in use"),
    20429: (429, "Too Many Requests"),
    20500: (500, "An internal server error has occurred"),
    20503: (503, "Service unavailable"),
    21211: (400, "Invalid 'To' Phone Number: {to}"),
    21212: (400, "Invalid From Number (caller ID): {from}"),
    21266: (400, "'To' and 'From' number cannot be the same: {to}"),
    21402: (400, "Invalid URL: {url}"),
    21408: (
        400,
        "Permission to send an SMS has not been enabled for the region indicated by "
        "the 'To' number: {to}",
    ),
    21602: (400, "Message body is required."),
    21603: (400, "A 'From' phone number is required."),
    21604: (400, "A 'To' phone number is required."),
    21606: (
        400,
        "The 'From' phone number {from} is not a valid, message-capable Twilio phone "
        "number for this account.",
    ),
    21608: (
        400,
        "The number {to} is unverified. Trial accounts cannot send messages to "
        "unverified numbers; verify {to} at twilio.com/user/account/phone-numbers/"
        "verified, or purchase a Twilio number to send messages to unverified numbers",
    ),
    21609: (400, "The 'StatusCallback' URL {url} is not a valid URL."),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (
        400,
        "This 'From' number {from} has exceeded the maximum number of queued messages",
    ),
    21612: (
        400,
        "The 'To' phone number: {to}, is not currently reachable using the 'From' "
        "phone number: {from} via SMS.",
    ),
    21614: (400, "'To' number is not a valid mobile number: {to}"),
    21617: (
        400,
        "The concatenated message body exceeds the 1600 character limit. For more "
        "information see: https://www.twilio.com/docs/errors/21617",
    ),
    21623: (400, "Number of media files exceeds allowed limit."),
    21635: (400, "'To' number cannot be a landline: {to}"),
    21701: (400, "The Messaging Service does not exist."),
    21703: (
        400,
        "The Messaging Service does not have a phone number available to send a "
        "message.",
    ),
    21712: (
        400,
        "The 'From' phone number {from} does not belong to the Messaging Service.",
    ),
    30409: (409, "The message can't be canceled any more."),
    35114: (400, "SendAt time must be between 300 seconds and 35 days from now"),
    35118: (400, "MessagingServiceSid is required to schedule a message"),
}

# What became of an accepted message: code -> text.
DELIVERY = {
    21610: "Attempt to send to unsubscribed recipient",
    21611: "Source number has exceeded max number of queued messages",
    30001: "Queue overflow",
    30002: "Account suspended",
    30003: "Unreachable destination handset",
    30004: "Message blocked",
    30005: "Unknown destination handset",
    30006: "Landline or unreachable carrier",
    30007: "Message filtered",
    30008: "Unknown error",
    30017: "Carrier network congestion",
    30022: "US A2P 10DLC - Rate Limits Exceeded",
    30023: "US A2P 10DLC - Daily Message Cap Reached",
    30027: "US A2P 10DLC - T-Mobile Daily Message Limit Reached",
    30032: "Toll-Free Number Has Not Been Verified",
    30034: "US A2P 10DLC - Message from an Unregistered Number",
    30036: "Validity Period Expired",
    30450: "Message delivery blocked",
    63018: "Rate limit exceeded for Channel",
    63038: "Account exceeded the daily messages limit",
}

# Problems with a webhook, as Twilio's debugger lists them.
WEBHOOK = {
    11200: "HTTP retrieval failure",
    11205: "HTTP connection failure",
    11750: "TwiML response body too large",
    12100: "Document parse failure",
    12200: "Schema validation warning",
    12300: "Invalid Content-Type",
    14103: "Invalid Body",
    21610: "Attempt to send to unsubscribed recipient",
}


class TwilioError(Exception):
    """A refusal as Twilio answers it; made with ``refuse``."""

    def __init__(self, code, status, message):
        super().__init__(message)
        self.code, self.status, self.message = code, status, message

    def body(self):
        """Return the JSON body of the answer."""
        return {
            "code": self.code,
            "message": self.message,
            "more_info": f"https://www.twilio.com/docs/errors/{self.code}",
            "status": self.status,
        }


def refuse(code, message=None, **values):
    """Return the TwilioError for a code, to be raised by the caller.

    :param message: instead of the dictionary's own text
    :param values: what the text names (``to``, ``from_``, ``url``, ``path``)
    """
    status, text = REFUSALS.get(code, (400, f"Error {code}"))
    if message is None:
        message = text.format(**{k.rstrip("_"): v for k, v in values.items()})
    return TwilioError(code, status, message)
