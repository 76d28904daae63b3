# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import fsm_confirmation_cached_mixin
from . import fsm_technical_fields_mixin
from . import fsm_confirmation_name_index
from . import fsm_confirmation_search_mixin
from . import fsm_confirmation_talk_mixin
from . import fsm_confirmation_screen_mixin
from . import fsm_confirmation_reply_screen_mixin
from . import fsm_confirmation_conversation
from . import fsm_confirmation_next_step
from . import fsm_message_center
from . import fsm_day_board
from . import fsm_day_board_step
