# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import res_company
from . import res_config_settings
from . import fsm_confirmation_connection
from . import fsm_confirmation_check_words
from . import fsm_confirmation_test_text
from . import fsm_confirmation_checklist
