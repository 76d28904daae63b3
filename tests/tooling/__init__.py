# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from . import test_bench
from . import test_chaos
from . import test_clock
from . import test_demo
from . import test_mail_catcher
from . import test_simulator
from . import test_unavailable
from . import test_upgrade
from . import test_wheel
