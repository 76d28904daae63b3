# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""While PostgreSQL is away, or busy, Twilio is told so, and calls again."""

import functools
import logging

import psycopg2
from psycopg2.pool import PoolError
from werkzeug.exceptions import ServiceUnavailable

from odoo.http import RegistryError, Request, db_list

from .log_redaction import describe
from .retry import CONFLICTS

_logger = logging.getLogger(__name__)

_PATH = "/job_confirmation/twilio/"
_AWAY = (
    psycopg2.OperationalError,
    psycopg2.InterfaceError,
    PoolError,
    RegistryError,
)


def answer_without_database():
    """Have our webhooks answer 503, with one line in the log, without a database.

    Odoo itself writes a traceback for each, or says that the page does not exist. Most
    of it happens before any controller or model is reached, so that only the request
    can see it.
    """
    serve, serve_without = Request._serve_db, Request._serve_nodb

    @functools.wraps(serve)
    def _serve_db(self):
        if not self.httprequest.path.startswith(_PATH):
            return serve(self)
        try:
            return serve(self)
        except _AWAY as error:
            raise _refuse(describe(error.__cause__ or error)) from None

    @functools.wraps(serve_without)
    def _serve_nodb(self):
        # With a filter Odoo asks PostgreSQL which databases there are. Where several
        # are, the address is at fault, and calling again won't help.
        if self.httprequest.path.startswith(_PATH) and not db_list(force=True):
            raise _refuse("there is none")
        return serve_without(self)

    Request._serve_db, Request._serve_nodb = _serve_db, _serve_nodb


def answer_while_locked(method):
    """Have a webhook answer 503 when others hold for too long what it needs.

    Odoo would run the whole request again, longer than Twilio waits.
    """

    @functools.wraps(method)
    def answer(*args, **kwargs):
        try:
            return method(*args, **kwargs)
        except CONFLICTS as error:
            raise _refuse(describe(error)) from None

    return answer


def _refuse(kind):
    """The answer 503, after its line in the log."""
    _logger.warning("A webhook was answered 503, without a database: %s", kind)
    return ServiceUnavailable()
