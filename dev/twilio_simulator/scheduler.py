# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Work that happens later: the steps of a message's life, and the webhooks."""

import heapq
import itertools
import logging
import queue
import threading
import time

_logger = logging.getLogger(__name__)

WORKERS = 64


class Scheduler:
    """Runs short steps at their time, and slow calls in worker threads.

    ``wait_idle`` returns when nothing is left to do. ``reset`` forgets all that is
    planned, and what still runs no longer counts.
    """

    def __init__(self):
        self._condition = threading.Condition()
        self._heap = []
        self._order = itertools.count()
        self._queue = queue.SimpleQueue()
        self._pending = 0
        self._idle_workers = 0
        self._workers = 0
        self._stopped = False
        self.generation = 0
        threading.Thread(target=self._run_steps, daemon=True, name="steps").start()

    def later(self, delay, function, *args, counted=True):
        """Call ``function(*args)`` after ``delay`` seconds; it must be quick.

        :param counted: whether ``wait_idle`` waits for it
        """
        with self._condition:
            self._pending += counted
            due = time.monotonic() + max(0, delay)
            heapq.heappush(
                self._heap,
                (due, next(self._order), self.generation, counted, function, args),
            )
            self._condition.notify_all()

    def submit(self, function, *args):
        """Call ``function(*args)`` in a worker thread, as soon as one is free."""
        with self._condition:
            self._pending += 1
            busy = self._queue.qsize() >= self._idle_workers
            if busy and self._workers < WORKERS:
                self._workers += 1
                threading.Thread(target=self._work, daemon=True, name="worker").start()
            self._queue.put((self.generation, function, args))

    def wait_idle(self, timeout):
        """Wait until nothing is planned or running; return whether that came true."""
        with self._condition:
            return self._condition.wait_for(lambda: not self._pending, timeout)

    @property
    def pending(self):
        """How many steps and calls are planned or running."""
        with self._condition:
            return self._pending

    def reset(self):
        """Forget all that is planned."""
        with self._condition:
            self.generation += 1
            self._heap.clear()
            self._pending = 0
            self._condition.notify_all()

    def stop(self):
        """End the step thread; workers are daemons."""
        with self._condition:
            self._stopped = True
            self._heap.clear()
            self._condition.notify_all()
            for _number in range(self._workers):
                self._queue.put(None)

    def _done(self, generation, counted=True):
        with self._condition:
            if generation == self.generation and counted:
                self._pending -= 1
                self._condition.notify_all()

    def _run_steps(self):
        while True:
            with self._condition:
                while not self._stopped:
                    wait = None
                    if self._heap:
                        wait = self._heap[0][0] - time.monotonic()
                        if wait <= 0:
                            break
                    self._condition.wait(wait)
                if self._stopped:
                    return
                _due, _order, generation, counted, function, args = heapq.heappop(
                    self._heap
                )
            self._call(function, args)
            self._done(generation, counted)

    def _work(self):
        while True:
            with self._condition:
                self._idle_workers += 1
            job = self._queue.get()
            with self._condition:
                self._idle_workers -= 1
            if job is None:
                return
            generation, function, args = job
            if generation == self.generation:
                self._call(function, args)
            self._done(generation)

    def _call(self, function, args):
        try:
            function(*args)
        except Exception:  # one step that fails must not end the thread
            _logger.exception("A step of the simulator failed")
