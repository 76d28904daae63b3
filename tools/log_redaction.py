# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep what people write, and their numbers, out of the log.

Odoo logs every query that fails, with its values: when two transactions want one
row, those are a customer's words. Here such a line keeps only the kind of the error.
"""

import logging
import re
import traceback

import psycopg2

from .server_flag import ServerFlag

_LINK = re.compile(r"(/job_confirmation/answer/)[^/?\s\"]+")
_private = ServerFlag("private")
# No values of failing queries in the log, within a block or a function.
private_queries = _private.up


class _HideQueries(logging.Filter):
    def filter(self, record):
        if record.levelno <= logging.DEBUG:
            return True
        error = next(
            (arg for arg in record.args or () if isinstance(arg, Exception)), None
        )
        # On a closed connection nothing was executed: Odoo logs the last query before
        # that, which may have been one of ours.
        if _private or isinstance(error, psycopg2.InterfaceError):
            record.msg = "A query failed: %s"
            record.args = (describe(error) if error else "see the next lines",)
        return True


class _HideLinks(logging.Filter):
    """The access log names no link with which a customer answers."""

    def filter(self, record):
        if isinstance(record.msg, str):
            record.msg = _hide_link(record.msg)
        if isinstance(record.args, tuple):
            record.args = tuple(
                _hide_link(arg) if isinstance(arg, str) else arg for arg in record.args
            )
        return True


def _hide_link(text):
    return _LINK.sub(r"\1...", text)


logging.getLogger("odoo.sql_db").addFilter(_HideQueries())
logging.getLogger("werkzeug").addFilter(_HideLinks())


def describe(error):
    """The kind of an exception, without its message, which may quote values."""
    code = getattr(error, "pgcode", None)
    return f"{type(error).__name__} {code}" if code else type(error).__name__


def where(error):
    """The lines of code an exception came through, without its message."""
    return "".join(traceback.format_tb(error.__traceback__))
