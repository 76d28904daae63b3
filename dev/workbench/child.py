# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Child processes that never outlive the command that started them."""

import contextlib
import ctypes
import signal
import subprocess
import threading

# Loaded here: between fork and exec it is too late for that.
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def stop_with_parent(number=signal.SIGTERM):
    """A ``preexec_fn``: the kernel sends the signal when the parent dies anyhow."""

    def prepare():
        _LIBC.prctl(_PR_SET_PDEATHSIG, number)

    return prepare


def stop_on_signals():
    """Make a closed terminal and a plain kill stop everything, as Ctrl-C does."""
    for number in _STOPPING:
        signal.signal(number, _interrupt)


def _interrupt(_number, _frame):
    # Impatience (a second Ctrl-C) must not cut the orderly stop short.
    for number in _STOPPING:
        signal.signal(number, lambda *_args: None)
    commands.stop()
    raise KeyboardInterrupt


class Commands:
    """The commands that run now, also those of other threads."""

    def __init__(self):
        # Reentrant: the signal handler interrupts whoever holds it.
        self._lock = threading.RLock()
        self._running = set()
        self._stopped = False

    def run(self, command, **options):
        """``subprocess.run`` that :meth:`stop` ends; returns (code, output)."""
        with self._lock:
            if self._stopped:
                raise KeyboardInterrupt
            process = subprocess.Popen(
                command, preexec_fn=stop_with_parent(), **options
            )
            self._running.add(process)
        try:
            output, _errors = process.communicate()
            return process.returncode, output
        except BaseException:
            process.kill()
            process.wait()
            raise
        finally:
            self._running.discard(process)

    def stop(self):
        """End the commands that run, and let other threads start no more."""
        self._stopped = threading.active_count() > 1
        for process in list(self._running):
            with contextlib.suppress(OSError):
                process.terminate()


commands = Commands()


def run_in_front(command, **options):
    """Run a command that has the terminal; leave it time to clean up on Ctrl-C."""
    process = subprocess.Popen(command, preexec_fn=stop_with_parent(), **options)
    try:
        return process.wait()
    except KeyboardInterrupt:
        # The terminal has told it as well, a plain kill has not.
        for seconds in (3, 15):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
                break
            process.send_signal(signal.SIGINT)
        process.kill()
        process.wait()
        raise
