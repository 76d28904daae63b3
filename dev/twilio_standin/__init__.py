# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A stand-in for Twilio's messaging, for tests and demos. See README.md."""

from .client import StandinClient, StandinError, StandinProcess
from .server import Standin
from .state import (
    DEFAULT_ACCOUNT_SID,
    DEFAULT_AUTH_TOKEN,
    DEFAULT_NUMBER,
    ConfigError,
)
from .webhooks import sign

__all__ = [
    "DEFAULT_ACCOUNT_SID",
    "DEFAULT_AUTH_TOKEN",
    "DEFAULT_NUMBER",
    "ConfigError",
    "Standin",
    "StandinClient",
    "StandinError",
    "StandinProcess",
    "sign",
]
