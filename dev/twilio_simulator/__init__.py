# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A simulator of Twilio's messaging, for tests and demos. See README.md."""

from .client import SimulatorClient, SimulatorError, SimulatorProcess
from .state import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN, DEFAULT_NUMBER
from .webhooks import sign

__all__ = [
    "DEFAULT_ACCOUNT_SID",
    "DEFAULT_AUTH_TOKEN",
    "DEFAULT_NUMBER",
    "SimulatorClient",
    "SimulatorError",
    "SimulatorProcess",
    "sign",
]
