# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Understand a customer's reply: text in; intent, codes and the reason out.

Pure Python without Odoo's ``env``; see :func:`understand`.
"""

from .lexicon import INTENTS, Lexicon
from .quotes import has_quotation
from .understand import understand
from .understanding import Answer, Understanding

__all__ = [
    "INTENTS",
    "Answer",
    "Lexicon",
    "Understanding",
    "has_quotation",
    "understand",
]
