# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Two transactions that want the same row: try again, don't show it to anybody."""

import contextlib
import logging
import random
import time

import psycopg2

from .log_redaction import describe, private_queries

_logger = logging.getLogger(__name__)

CONFLICTS = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)
ATTEMPTS = 10
# Milliseconds that an attempt of a webhook waits for what others hold: all of them
# together take less than the 15 seconds that Twilio waits.
LOCK_WAIT = 1000
_LONGEST_PAUSE = 0.5  # seconds


def commit_with_retries(env, work, attempts=ATTEMPTS, lock_wait=None):
    """Run ``work`` and commit; after a conflict roll back and run it again.

    For code that has to have its result in the database before it goes on: a webhook
    that is about to be answered, a text that Twilio has taken.

    :param work: function without arguments; runs again from the start, so it must
        read what it needs itself
    :param lock_wait: see :func:`retries`
    :return: what ``work`` returned
    :raises psycopg2.Error: the last conflict, when every attempt had one; the
        transaction is rolled back then
    """
    result = None
    for transaction in retries(env, attempts, lock_wait):
        with transaction:
            result = work()
    return result


def commit_unless_done(env, work):
    """As :func:`commit_with_retries`, where another process may do the same just now.

    A unique index decides who was first.

    :return: what ``work`` returned; None if another process was first
    """
    try:
        return commit_with_retries(env, work)
    except psycopg2.errors.UniqueViolation as error:
        env.cr.rollback()
        env.transaction.clear()
        _logger.info("Another process was first: %s", describe(error))
        return None


def retries(env, attempts=ATTEMPTS, lock_wait=None):
    """Yield context managers that commit, until one of them has: see
    :func:`commit_with_retries`, of which this is the loop::

        for transaction in retries(env):
            with transaction:
                ...

    :param lock_wait: milliseconds that an attempt waits for what another transaction
        holds; None: as long as it takes
    :raises psycopg2.Error: out of the last ``with``, when every attempt had a conflict
    """
    for attempt in range(1, attempts + 1):
        conflicts = []
        yield _committed(env, conflicts, attempt == attempts, lock_wait)
        if not conflicts:
            return
        _logger.info("%s, attempt %s", type(conflicts[0]).__name__, attempt)
        # A little longer each time, and never at the same moment as the other.
        time.sleep(random.uniform(0, min(_LONGEST_PAUSE, 0.01 * 2**attempt)))


@contextlib.contextmanager
def _committed(env, conflicts, is_last, lock_wait):
    stored = []
    try:
        with private_queries():
            # The first of the hooks: once it ran, everything is in the database.
            env.cr.postcommit.add(lambda: stored.append(True))
            if lock_wait:
                env.cr.execute("SET LOCAL lock_timeout = %s", (lock_wait,))
            yield
            _commit(env.cr, stored)
    except CONFLICTS as error:
        env.cr.rollback()
        env.transaction.clear()
        if is_last:
            raise
        conflicts.append(error)


def _commit(cr, stored):
    """Commit. A hook that fails afterwards takes nothing back, and stops no other.

    :param stored: list that is not empty once it is committed
    """
    try:
        cr.commit()  # pylint: disable=invalid-commit
    except Exception as error:
        if not stored:
            raise
        _logger.warning("After a commit: %s", describe(error))
        while cr.postcommit:
            with contextlib.suppress(Exception):
                cr.postcommit.run()
