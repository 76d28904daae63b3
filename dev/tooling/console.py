# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Talking to the person at the terminal: progress lines and clear problems."""

import contextlib
import errno
import os
import sys
import time

from .child import run_quietly

_START = time.monotonic()


class Problem(Exception):
    """Something the person has to mend; its text is the whole message."""


def step(text):
    """Print one progress line with the seconds since the start."""
    seconds = time.monotonic() - _START
    # In one piece, because two threads may have something to say.
    sys.stdout.write(f"[{seconds:5.1f} s] {text}\n")
    sys.stdout.flush()


@contextlib.contextmanager
def clear_problems():
    """Turn what can go wrong into one sentence and exit code 1, no traceback."""
    try:
        yield
    except Problem as problem:
        _fail(str(problem))
    except KeyboardInterrupt:
        _fail("Stopped.", code=130)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            _fail("The disk is full. Free some space and start again.")
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            _fail(f"No permission to use {error.filename}. Choose another folder.")
        if os.environ.get("JOB_CONFIRMATION_DEBUG"):
            raise
        _fail(f"{error.strerror or error} ({error.filename or 'no file'}).")


def _fail(text, code=1):
    print(f"\n{text}", file=sys.stderr, flush=True)
    raise SystemExit(code)


def run(command, what, *, log=None, env=None, cwd=None, hint=""):
    """Run a command quietly; on failure say what was tried and show its last lines.

    :param command: list of strings
    :param what: what it does, for the sentence ("installing Python packages")
    :param log: a path that gets the whole output
    :param hint: what the person can do about a failure
    :raises Problem: the command failed
    """
    try:
        code, output = run_quietly(command, env=env, cwd=cwd)
    except FileNotFoundError as error:
        raise Problem(
            f"The program “{command[0]}” is missing, needed for {what}. {hint}"
        ) from error
    if log:
        with open(log, "a", encoding="utf-8") as stream:
            stream.write(f"$ {' '.join(map(str, command))}\n{output}\n")
    if code:
        raise Problem(_explain(what, output, hint))
    return output


def _explain(what, output, hint):
    """One sentence for a failed command, from the usual words in its output."""
    text = output.lower()
    if "no space left on device" in text:
        return f"The disk is full: {what} failed. Free some space and start again."
    no_network = (
        "temporary failure resolving",
        "could not resolve",
        "name or service not known",
        "temporary failure in name resolution",
        "network is unreachable",
        "failed to establish a new connection",
        "connection refused",
        "connection timed out",
        "could not connect to",
    )
    if any(words in text for words in no_network):
        return (
            f"No network: {what} could not reach its package registry. "
            "Connect this machine (or set its proxy) and start again."
        )
    tail = "\n".join(output.strip().splitlines()[-12:])
    return f"{what[:1].upper()}{what[1:]} failed. {hint}\n{tail}"
