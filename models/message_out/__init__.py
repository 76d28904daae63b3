# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import fsm_confirmation_question_mixin
from . import fsm_confirmation_proposal_mixin
from . import fsm_confirmation
from . import fsm_confirmation_shortcuts
from . import fsm_confirmation_sender
from . import fsm_confirmation_rate
from . import fsm_confirmation_delivery
from . import fsm_confirmation_outbox
from . import fsm_confirmation_response
from . import fsm_confirmation_chatter
from . import fsm_confirmation_expiry
from . import fsm_confirmation_retention
from . import fsm_confirmation_undo
from . import fsm_confirmation_write_back
from . import fsm_confirmation_slot
from . import fsm_confirmation_proposal
