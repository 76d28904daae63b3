# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import export
from . import twilio
from . import answer
