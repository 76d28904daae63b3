# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import fsm_on_my_way_mixin
from . import fsm_appointment_mixin
from . import fsm_order_text_mixin
from . import fsm_order
from . import fsm_visit
from . import fsm_appointment
from . import fsm_stage
from . import fsm_location
from . import res_country
from . import res_partner
from . import sms_template
from . import fsm_confirmation_recipient
from . import fsm_confirmation_free_time
from . import fsm_confirmation_alert
from . import fsm_confirmation_composer
from . import fsm_confirmation_same_day
