# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_alerts
from . import test_auto_replies
from . import test_batch
from . import test_dialogs
from . import test_inbox
from . import test_message_center
from . import test_name_index
from . import test_one_truth
from . import test_query_counts
from . import test_screen_notifications
from . import test_replies
from . import test_sending
from . import test_shortcuts
from . import test_translations
