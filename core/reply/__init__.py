# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Read a customer's text in its conversation: plain data in, a decision out.

Pure Python without Odoo's ``env``; see :func:`read`.
"""

from .context import read
from .decision import OUTCOMES, Appointment, Decision, Said
from .intents import INTENTS
from .lexicon import Lexicon
from .when import Proposal

__all__ = [
    "INTENTS",
    "OUTCOMES",
    "Appointment",
    "Decision",
    "Lexicon",
    "Proposal",
    "Said",
    "read",
]
