# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Notify open screens of rare changes at once, and of frequent ones together.

Every notification costs the server a connection to PostgreSQL, and makes every open
screen read its records: that took a quarter of a reply's time.
"""

import logging
import threading
import time

from .log_redaction import describe

_logger = logging.getLogger(__name__)

PAUSE = 1  # second


class ScreenNotifications:
    """Collects changes of one process, and notifies of them at most once in a pause.

    :param notify: called with a dict name -> set of ids, in a thread of its own
    :param pause: in seconds
    """

    def __init__(self, notify, pause=PAUSE):
        self._notify = notify
        self._pause = pause
        self._lock = threading.Lock()
        self._last = None  # The last notification, in monotonic seconds.
        self._waiting = {}
        self._timer = None

    def may_notify_now(self):
        """Whether nothing was notified of lately; if so, the caller may do it now."""
        with self._lock:
            now = time.monotonic()
            quiet = self._last is None or now - self._last >= self._pause
            if self._timer or not quiet:
                return False
            self._last = now
            return True

    def add(self, changes):
        """Notify of changes soon, together with all others.

        :param changes: dict name -> ids
        """
        with self._lock:
            for name, ids in changes.items():
                self._waiting.setdefault(name, set()).update(ids)
            if not self._timer:
                # No daemon: a worker that ends waits for it.
                self._timer = threading.Timer(self._pause, self._notify_of_waiting)
                self._timer.start()

    def _notify_of_waiting(self):
        with self._lock:
            changes, self._waiting = self._waiting, {}
            self._timer = None
            self._last = time.monotonic()
        try:
            self._notify(changes)
        except Exception as error:
            # What changed is stored; a screen shows it with the next change.
            _logger.warning("Open screens were not notified: %s", describe(error))
