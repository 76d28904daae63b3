# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where the Twilio simulator is, and what of the addon it meets.

The only module here that imports the simulator.
"""

from twilio_simulator import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_NUMBER,
    SimulatorProcess,
    sign,
)

from .cache import REPOSITORY

__all__ = ["SimulatorProcess", "sign"]
ACCOUNT, TOKEN, OUR_NUMBER = DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, DEFAULT_NUMBER
FOLDER = REPOSITORY / "dev" / "twilio_simulator"
CUSTOMERS = FOLDER / "demo_customers.json"
HEALTH = "/_simulator/health"
# The variable with which the addon is led to another Twilio, and its own address.
API_URL = "JOB_CONFIRMATION_TWILIO_API_URL"
INBOUND = "/job_confirmation/twilio/inbound"


def inbound(number, body, sid):
    """What Twilio posts for a text to our number."""
    place = {"FromCity": "NEW YORK", "FromState": "NY", "FromZip": "10001"}
    place |= {"ToCity": "", "ToState": "DC", "ToZip": ""}
    return {
        **dict.fromkeys(("FromCountry", "ToCountry"), "US"),
        **place,
        **dict.fromkeys(("SmsMessageSid", "SmsSid", "MessageSid"), sid),
        "SmsStatus": "received",
        "Body": body,
        "From": number,
        "To": OUR_NUMBER,
        "NumMedia": "0",
        "NumSegments": "1",
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
    }
