# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Child processes, which never outlive the command that started them, and ports."""

import contextlib
import ctypes
import errno
import os
import re
import signal
import socket
import subprocess
import time

from .console import Problem

# Loaded here, because a child between fork and exec must not load a library.
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_stopping_since = float("-inf")
_NO_NETWORK = re.compile(
    "temporary failure|could not resolve|name or service not known|network is"
    " unreachable|failed to establish a new connection|connection refused|connection"
    " timed out|could not connect to"
)


def stop_with_parent(number=signal.SIGTERM):
    """A ``preexec_fn``: the kernel stops the child when its parent dies anyhow.

    The parent is the thread that starts the child.
    """
    return lambda: _LIBC.prctl(_PR_SET_PDEATHSIG, number)


def stop_on_signals():
    """Have a closed terminal and a plain kill stop everything, as Ctrl-C does."""
    for number in _SIGNALS:
        # Under nohup it goes on without its terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(_number, _frame):
    global _stopping_since
    # An impatient second Ctrl-C must not cut the orderly stop short; one that comes
    # later counts, as the first was lost when it met a finalizer.
    if time.monotonic() - _stopping_since > 20:
        _stopping_since = time.monotonic()
        raise KeyboardInterrupt


def run(command, what, *, log=None, **options):
    """Run a command quietly; on failure say what was tried and show its last lines.

    :param command: list of words
    :param what: what it does, for the sentence ("installing Python packages")
    :param log: a path that gets the whole output
    :param options: further ones of ``subprocess.run``
    :return: what it wrote, to standard output and error
    :raises Problem: the command failed
    """
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    try:
        done = subprocess.run(
            [str(word) for word in command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            preexec_fn=stop_with_parent(),
            **options,
        )
    except FileNotFoundError as error:
        raise Problem(
            f"The program “{command[0]}” is missing, needed for {what}."
        ) from error
    if log:
        with open(log, "a", encoding="utf-8") as stream:
            stream.write(f"$ {' '.join(map(str, command))}\n{done.stdout}\n")
    if done.returncode:
        raise Problem(_explain(what, done.stdout))
    return done.stdout


def _explain(what, output):
    """One sentence for a failed command, from the usual words in its output."""
    text = output.lower()
    if "no space left on device" in text:
        return f"The disk is full: {what} failed. Free some space and start again."
    if _NO_NETWORK.search(text):
        return (
            f"No network: {what} could not reach its package registry. "
            "Connect this machine (or set its proxy) and start again."
        )
    tail = "\n".join(output.strip().splitlines()[-20:])
    return f"{what[:1].upper()}{what[1:]} failed.\n{tail}"


def run_in_front(command, **options):
    """Run a command that has the terminal; after Ctrl-C it has time to clean up.

    :return: its exit code
    """
    process = subprocess.Popen(command, preexec_fn=stop_with_parent(), **options)
    try:
        return process.wait()
    except KeyboardInterrupt:
        # The terminal has told it as well; a plain kill has not.
        for seconds in (3, 15):
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(seconds)
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        process.kill()
        raise


def check_port(port, option):
    """Say so in one sentence when a port can't be used.

    :param option: the command's option with which another one is chosen
    """
    if not 0 < port < 65536:
        raise Problem(f"{port} is no port; choose 1024 to 65535 with {option}.")
    # A demo that was just killed needs a moment to let go of its ports.
    for _attempt in range(30):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                return probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise Problem(
                        f"You may not use port {port}. Choose one from 1024 to 65535 "
                        f"with {option}."
                    ) from error
        time.sleep(0.1)
    raise Problem(
        f"Port {port} is in use. Stop what uses it, or choose another with {option}."
    )


def free_port():
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A child process with its output in a log file."""

    def __init__(self, name, command, log, *, env=None, script=os.devnull, **options):
        """:param script: a path, for a command that reads its input
        :param options: further ones of ``subprocess.Popen``
        """
        self.name = name
        self.command = [str(word) for word in command]
        self.log = log
        self.env = env or dict(os.environ)
        self.script = script
        self.options = {"preexec_fn": stop_with_parent(), **options}
        self.process = None

    def start(self):
        """Start it; returns itself."""
        with open(self.log, "ab") as stream, open(self.script) as script:
            self.process = subprocess.Popen(
                self.command,
                stdout=stream,
                stderr=stream,
                stdin=script,
                env=self.env,
                # Ctrl-C is for us; we stop the children in order.
                start_new_session=True,
                **self.options,
            )
        return self

    @property
    def running(self):
        """Whether it was started and has not ended."""
        return bool(self.process) and self.process.poll() is None

    def check(self):
        """:raises Problem: the server has ended, with the end of its log"""
        if not self.running:
            tail = self.log.read_text(errors="replace").splitlines()[-12:]
            raise Problem(
                f"{self.name} stopped by itself. The end of {self.log}:\n"
                + "\n".join(tail)
            )

    def wait_until(self, ready, seconds=120):
        """Wait for ``ready()`` to be true.

        :raises Problem: it ended, or the time is over
        """
        end = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > end:
                raise Problem(f"{self.name} did not start; see {self.log}.")
            time.sleep(0.2)

    def kill(self):
        """End it, with what it started, at once, as a power cut would."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self, seconds=10):
        """Ask it to stop, and make sure that it did, and nothing of it is left."""
        if self.running:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(seconds)
        self.kill()
