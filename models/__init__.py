# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import res_company
from . import res_config_settings
from . import phone_blacklist
from . import res_partner
from . import ir_http
from . import mail_message
from . import sms_template
from . import fsm_confirmation_word
from . import fsm_appointment_mixin
from . import fsm_order
from . import fsm_visit
from . import fsm_confirmation
from . import fsm_confirmation_outbox
from . import fsm_confirmation_answer
from . import fsm_confirmation_history
from . import fsm_confirmation_dashboard
from . import fsm_confirmation_reply
