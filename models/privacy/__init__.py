# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import ir_http
from . import ir_ui_menu
from . import ir_websocket
from . import mail_message
from . import mail_thread
from . import mail_activity
from . import fsm_activity_privacy_mixin
