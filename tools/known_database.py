# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Which database a webhook is for, without asking PostgreSQL each time.

With a ``dbfilter``, Odoo opens a connection of its own for each request without a
session, to list the databases: for a webhook that is a fifth of the work.
"""

import functools
import time

from odoo.http import Request

_PATH = "/job_confirmation/twilio/"
_HEADER = "HTTP_X_ODOO_DATABASE"
_SECONDS = 60  # that an answer is remembered
_MAX_HOSTS = 100  # anybody may make them up
_known = {}  # host -> (name of its only database, until when it is remembered)


def remember_database():
    """Have our webhooks name the database that Odoo found for their host last.

    Odoo takes it as it takes its header ``X-Odoo-Database``: through the ``dbfilter``.
    """
    find = Request._get_session_and_dbname

    @functools.wraps(find)
    def _get_session_and_dbname(self):
        http = self.httprequest
        is_ours = http.path.startswith(_PATH) and not http.cookies
        if not is_ours or _HEADER in http.environ:
            return find(self)
        host, now = http.environ["HTTP_HOST"], time.monotonic()
        name, until = _known.get(host, ("", now))
        if now < until:
            http.environ[_HEADER] = name
            return find(self)
        session, name = find(self)
        if len(_known) >= _MAX_HOSTS:
            _known.clear()
        if name:
            _known[host] = name, now + _SECONDS
        return session, name

    Request._get_session_and_dbname = _get_session_and_dbname
