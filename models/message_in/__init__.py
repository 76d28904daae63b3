# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import phone_blacklist
from . import fsm_confirmation_word
from . import fsm_confirmation_reply
from . import fsm_confirmation_reply_chatter
from . import fsm_confirmation_matching
from . import fsm_confirmation_auto_reply
from . import fsm_confirmation_inbox
from . import fsm_confirmation_missed_replies
