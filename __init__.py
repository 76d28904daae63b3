# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import models
from . import wizard
from . import controllers
from .hooks import uninstall_hook
from .tools.unavailable import answer_without_database
