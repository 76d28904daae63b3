# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import fsm_texting_hours_mixin
from . import resource_calendar
from . import resource_calendar_attendance
from . import resource_calendar_leaves
from . import fsm_planned_appointment_mixin
from . import fsm_confirmation_plan
from . import fsm_confirmation_plan_step
from . import fsm_confirmation_outlook
from . import fsm_confirmation_planner
from . import fsm_confirmation_call_list
from . import fsm_confirmation_plan_words
