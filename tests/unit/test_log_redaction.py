# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""No number and no word of a customer in the log, whatever fails."""

import contextlib
import logging

import psycopg2
import pytest
from tools.log_redaction import private_queries

QUERY = b"SELECT id FROM res_partner WHERE phone_sanitized = '+12125550123'"


@pytest.mark.parametrize(
    ("block", "error", "is_hidden"),
    [
        (private_queries, psycopg2.OperationalError("connection lost"), True),
        # The query of another addon, which its log is to name.
        (contextlib.nullcontext, psycopg2.OperationalError("connection lost"), False),
        # Nothing was executed: the query is the last one before.
        (contextlib.nullcontext, psycopg2.InterfaceError("cursor closed"), True),
    ],
)
def test_queries_that_fail(caplog, block, error, is_hidden):
    logger = logging.getLogger("odoo.sql_db")
    caplog.set_level(logging.ERROR, logger.name)
    logger.addHandler(caplog.handler)  # Odoo's own set-up may end above it.
    with block():
        # As Odoo's cursor does it.
        logger.error("bad query: %s\nERROR: %s", QUERY, error)
    logger.removeHandler(caplog.handler)
    assert ("+12125550123" not in caplog.text) == is_hidden
    assert (type(error).__name__ in caplog.text) == is_hidden


def test_links_of_customers(caplog):
    logger = logging.getLogger("werkzeug")
    caplog.set_level(logging.INFO, logger.name)
    logger.addHandler(caplog.handler)
    path = "GET /job_confirmation/answer/s3cret-Token_/appointment.ics?answer=yes"
    # As werkzeug does it.
    logger.info('"%s" %s %s', f"{path} HTTP/1.1", 200, "-")
    logger.info(path)
    logger.removeHandler(caplog.handler)
    assert "s3cret" not in caplog.text
    assert "/job_confirmation/answer/.../appointment.ics?answer=yes" in caplog.text
