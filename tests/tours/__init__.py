# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_answer_page_look
from . import test_board_tours
from . import test_center_tours
from . import test_details_tours
from . import test_dialog_tours
from . import test_js
from . import test_setup_tours
from . import test_tours
