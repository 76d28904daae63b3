# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Child processes that never outlive the command that started them."""

import contextlib
import ctypes
import signal
import subprocess
import threading

# Loaded here, because a child between fork and exec must not load a library.
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_quiet = set()  # the commands that run now, also those of other threads
_stopped = threading.Event()


def stop_with_parent(number=signal.SIGTERM):
    """A ``preexec_fn``: the kernel stops the child when its parent dies anyhow."""
    return lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, number)


def stop_on_signals():
    """Have a closed terminal and a plain kill stop everything, as Ctrl-C does."""
    for number in _SIGNALS:
        # Under nohup it goes on without its terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number, _frame):
    # An impatient second Ctrl-C must not cut the orderly stop short.
    for number in _SIGNALS:
        signal.signal(number, lambda *_args: None)
    stop_commands()
    raise KeyboardInterrupt


def stop_commands():
    """End the commands of :func:`run_quietly`; other threads start no more."""
    _stopped.set()
    for process in list(_quiet):
        with contextlib.suppress(OSError):
            process.terminate()


def run_quietly(command, **options):
    """Run a command that :func:`stop_commands` ends; returns (code, output)."""
    # The main thread may still run what cleans up.
    if _stopped.is_set() and threading.current_thread() != threading.main_thread():
        raise KeyboardInterrupt
    options.setdefault("stdin", subprocess.DEVNULL)
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        preexec_fn=stop_with_parent(),
        **options,
    ) as process:
        _quiet.add(process)
        try:
            output, _errors = process.communicate()
        except BaseException:
            process.kill()
            raise
        finally:
            _quiet.discard(process)
    return process.returncode, output


def run_in_front(command, **options):
    """Run a command that has the terminal; after Ctrl-C it has time to clean up."""
    process = subprocess.Popen(command, preexec_fn=stop_with_parent(), **options)
    try:
        return process.wait()
    except KeyboardInterrupt:
        # The terminal has told it as well; a plain kill has not.
        for seconds in (3, 15):
            try:
                process.wait(seconds)
                break
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
        else:
            process.kill()
        raise
