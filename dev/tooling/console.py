# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Talking to the person at the terminal: progress lines, tables, clear problems."""

import contextlib
import errno
import os
import sys
import time

# Kept over the change to Odoo's Python.
_START = float(os.environ.setdefault("JOB_CONFIRMATION_STARTED", str(time.time())))


class Problem(Exception):
    """Something the person has to correct; its text is the whole message."""


def step(text):
    """Print one progress line with the seconds since the start."""
    # In one piece, because two threads may have something to say.
    sys.stdout.write(f"[{time.time() - _START:5.1f} s] {text}\n")
    sys.stdout.flush()


def print_figures(report):
    """Print figures as one table; those that are dicts as a part with a heading."""
    print()
    for name, value in report.items():
        if isinstance(value, dict):
            print(f"  {name}")
            for key, number in value.items():
                print(f"    {key:<50}{number:>8}")
        elif not isinstance(value, list):
            print(f"  {name:<52}{value:>8}")
    print(flush=True)


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
        raise


def _fail(text, code=1):
    print(f"\n{text}", file=sys.stderr, flush=True)
    sys.stdout.flush()
    # At once: threads may still wait for a download, which ends with this process.
    os._exit(code)
