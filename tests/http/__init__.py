# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_access
from . import test_adversary_http
from . import test_companies
from . import test_concurrency
from . import test_conversations
from . import test_fuzz
from . import test_immutable
from . import test_levels
from . import test_main_loop
from . import test_one_truth_stories
from . import test_reports
from . import test_safety
from . import test_setup
from . import test_setup_access
from . import test_stories
from . import test_trust
from . import test_webhook_security
