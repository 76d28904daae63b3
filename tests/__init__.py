# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_access
from . import test_batch
from . import test_concurrency
from . import test_main_loop
from . import test_query_counts
from . import test_reply
from . import test_sending
from . import test_stories
from . import test_tours
from . import test_translations
from . import test_trust
from . import test_twilio_api
from . import test_webhook_security
