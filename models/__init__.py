# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import connection
from . import privacy
from . import message_center  # its mixins are inherited by the ones below
from . import planning  # its mixin as well
from . import appointment
from . import message_out
from . import message_in
