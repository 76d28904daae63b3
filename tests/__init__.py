# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""All tests, for Odoo's own runner: it runs the modules that it finds in here."""

from .http import *
from .models import *
from .tooling import *
from .tours import *
