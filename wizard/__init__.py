# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import fsm_confirmation_reference_mixin
from . import fsm_confirmation_hours_mixin
from . import fsm_confirmation_example_mixin
from . import fsm_confirmation_batch
from . import fsm_confirmation_send
from . import fsm_confirmation_settle
from . import fsm_confirmation_propose
from . import fsm_confirmation_tell
from . import fsm_confirmation_setup
from . import fsm_confirmation_forecast_line
from . import fsm_confirmation_plan_switch
from . import fsm_confirmation_on_my_way
from . import fsm_confirmation_word_trial
