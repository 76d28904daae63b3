# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Servers that run while a command runs, and ports."""

import contextlib
import errno
import os
import socket
import subprocess
import time

from .child import stop_with_parent
from .console import Problem


def check_port(port, what, option):
    """Say so in one sentence when a port is taken.

    :param option: the command's option with which another one is chosen
    """
    if not 0 < port < 65536:
        raise Problem(f"{port} is no port; choose 1024 to 65535 with {option}.")
    # A demo that was just killed needs a moment to let go of its ports.
    for _attempt in range(30):
        code = _try_port(port)
        if code != errno.EADDRINUSE:
            break
        time.sleep(0.1)
    if code in (errno.EACCES, errno.EPERM):
        raise Problem(
            f"You may not use port {port} for {what}. Choose one from 1024 to 65535 "
            f"with {option}."
        )
    if code:
        raise Problem(
            f"Port {port} for {what} is in use. Stop what uses it, or choose another "
            f"one with {option}."
        )


def free_port():
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _try_port(port):
    """The error number of taking the port, or 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno
    return 0


class Server:
    """A child process with its output in a log file."""

    def __init__(self, name, command, log, *, env=None):
        self.name = name
        self.log = log
        with open(log, "ab") as stream:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                stdout=stream,
                stderr=stream,
                stdin=subprocess.DEVNULL,
                env=env or dict(os.environ),
                # Ctrl-C is for us; we stop the children in order.
                start_new_session=True,
                preexec_fn=stop_with_parent(),
            )

    def check(self):
        """:raises Problem: the server has ended, with the end of its log"""
        if self.process.poll() is not None:
            tail = self.log.read_text(errors="replace").splitlines()[-12:]
            raise Problem(
                f"{self.name} stopped by itself. The end of {self.log}:\n"
                + "\n".join(tail)
            )

    def wait_for(self, port, seconds=120):
        """Wait until the server accepts connections."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.check()
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return
            time.sleep(0.1)
        raise Problem(f"{self.name} did not start in {seconds} s; see {self.log}.")

    def stop(self, seconds=10):
        """Ask it to stop, and make sure that it did."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
