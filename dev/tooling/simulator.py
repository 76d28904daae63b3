# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Where the Twilio simulator is: the only module here that imports it."""

from twilio_simulator import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_NUMBER,
    SimulatorProcess,
    sign,
)

from .cache import REPOSITORY

__all__ = [
    "DEFAULT_ACCOUNT_SID",
    "DEFAULT_AUTH_TOKEN",
    "DEFAULT_NUMBER",
    "SimulatorProcess",
    "sign",
]
FOLDER = REPOSITORY / "dev" / "twilio_simulator"
CUSTOMERS = FOLDER / "demo_customers.json"
HEALTH = "/_simulator/health"
