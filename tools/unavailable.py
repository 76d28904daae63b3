# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""While PostgreSQL is away Twilio is told so, and calls again."""

import functools
import logging

import psycopg2
from psycopg2.pool import PoolError
from werkzeug.exceptions import ServiceUnavailable

from odoo.http import RegistryError, Request

from .log_redaction import describe

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
    serve = Request._serve_db

    @functools.wraps(serve)
    def _serve_db(self):
        if not self.httprequest.path.startswith(_PATH):
            return serve(self)
        try:
            return serve(self)
        except _AWAY as error:
            kind = describe(error.__cause__ or error)
            _logger.warning("A webhook was answered 503, without a database: %s", kind)
            raise ServiceUnavailable() from None

    Request._serve_db = _serve_db
