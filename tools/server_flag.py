# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What only the server may say of what it does."""

import contextlib
import contextvars


class ServerFlag:
    """A flag that is up within a block, in this thread.

    No context key: a client could send that.
    """

    def __init__(self, name):
        self._value = contextvars.ContextVar(f"job_confirmation_{name}", default=False)

    @contextlib.contextmanager
    def up(self):
        """Have it up within this block, or function."""
        token = self._value.set(True)
        try:
            yield
        finally:
            self._value.reset(token)

    def __bool__(self):
        return self._value.get()
