# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The parts of the measurement; each adds figures. Ours and theirs take turns."""

import contextlib
import functools
import os
import random
import time
from collections import Counter

import odoo

from ..console import Problem, step
from ..process import free_port
from ..simulator import API_URL, SimulatorProcess
from . import addon, reads, writes
from .data import Session
from .fill import DISPATCHER, USER
from .report import Figure


class Bench:
    """One run: the figures it has made."""

    def __init__(self, data, rows, options):
        """:param data: ``data.Data``; :param rows: numbers of messages, largest first
        :param options: of the command line
        """
        self.data = data
        self.options = options
        self.figures = []
        self.plans = []
        self.counts = {}
        self.large = data.name(rows[0])
        self.small = data.name(rows[-1]) if len(rows) > 1 else None
        self.without = data.name(rows[0], addon=False)

    def _take_turns(self, calls):
        """Time calls one after the other, as often as wanted and once to warm up.

        :param calls: list of (figure, its side, function); see ``Session.time``
        """
        for repeat in range(self.options.repeats + 1):
            for figure, side, call in calls:
                figure.add(side, *call(), keep=repeat > 0)

    # Reads

    @contextlib.contextmanager
    def _cases(self, group):
        """The reads that are measured, as calls for :meth:`_take_turns`."""
        with contextlib.ExitStack() as stack:
            names = filter(None, (self.large, self.small))
            cases = [reads.Cases(stack.enter_context(Session(name))) for name in names]
            pairs = cases[0].pairs
            if not (found := [name for name in pairs if self.options.match in name]):
                names = ", ".join(pairs)
                raise Problem(f"No read has such a name. The names are: {names}.")
            figures = {name: Figure(group, name) for name in found}
            sides = [("ours", cases[0], 0), ("theirs", cases[0], 1)]
            sides += [("small", case, 0) for case in cases[1:]]
            yield (
                cases[0],
                [
                    (figure, side, functools.partial(case.time, name, which))
                    for name, figure in figures.items()
                    for side, case, which in sides
                ],
            )
            self.figures += figures.values()

    def measure_reads(self):
        """Message Center against the list of Odoo's own SMS, warm."""
        step("Reading, warm ...")
        with self._cases("Message Center, warm") as (large, calls):
            self.counts = reads.row_counts(large.session)
            self._take_turns(calls)
            if self.options.plans:
                for name in dict.fromkeys(figure.name for figure, *_call in calls):
                    self.plans += [f"==== {name}", *large.plan(name)]

    def measure_cold(self):
        """The same after a restart of PostgreSQL, with Odoo's caches empty."""
        step("Reading, cold (a restart of PostgreSQL before each) ...")
        with self._cases("Message Center, cold") as (large, calls):
            for _repeat in range(min(3, self.options.repeats)):
                random.shuffle(calls)
                for figure, side, call in calls:
                    odoo.sql_db.close_all()
                    large.session.registry.clear_all_caches()
                    self.data.postgres.restart()
                    figure.add(side, *call())

    def measure_forms(self):
        """Opening a Work Order and a contact, with and without the addon."""
        step("Opening Work Orders and contacts, with and without the addon ...")
        with Session(self.large) as ours, Session(self.without) as theirs:
            for model, ids in reads.form_samples(ours).items():
                figure = Figure("With the addon / without it", f"opening a {model}")
                figure.each = len(ids)
                self.figures.append(figure)
                calls = []
                for side, session in (("ours", ours), ("theirs", theirs)):
                    read = reads.forms(session, model, ids)
                    call = functools.partial(session.time, read, USER)
                    calls.append((figure, side, call))
                self._take_turns(calls)

    # Writing, on a copy

    def measure_prepare(self):
        """Preparing many texts: our dialog, our batch, Odoo's own batch."""
        group = f"Preparing {self.options.texts:,} texts, ms for each"
        one = Figure(group, "one dialog for each, beside Odoo's own batch")
        batch = Figure(group, "one batch, beside Odoo's own batch")
        # Each has its own place for theirs; the time is the same.
        batch.theirs = one.theirs
        self.figures += [one, batch]
        with self.data.scratch(self.large) as session:
            step(f"Preparing {self.options.texts:,} texts ...")
            orders = writes.upcoming_orders(session)
            random.shuffle(orders)
            rounds = 1 if self.options.quick else 5
            one.each = batch.each = size = max(
                1, min(self.options.texts, len(orders) // 3) // rounds
            )
            for _round in range(rounds):
                for figure, side, work, login in (
                    (one, "ours", writes.prepare_one_by_one, DISPATCHER),
                    (batch, "ours", writes.prepare_batch, DISPATCHER),
                    (one, "theirs", writes.prepare_theirs, "admin"),
                ):
                    ids, orders = orders[:size], orders[size:]
                    figure.add(side, *session.time(work, login, ids, commit=True))

    def measure_plan(self):
        """The planner, when many customers are to be asked, and when nobody is."""
        count = 100 if self.options.quick else 5000
        due = Figure("Asking automatically", f"{count:,} due among all Work Orders")
        nothing = Figure("Asking automatically", "nothing due")
        self.figures += [due, nothing]
        with self.data.scratch(self.large) as session:
            writes.make_due(session, count)
            self.data.vacuum(session.database)
            step(f"Planning {count:,} texts ...")
            due.add("ours", *session.time(addon.plan, None, commit=True))
            self.data.vacuum(session.database)
            for repeat in range(self.options.repeats + 1):
                spent = session.time(addon.plan, None, commit=True)
                nothing.add("ours", *spent, keep=repeat > 0)

    # Twilio

    def measure_send(self):
        """Texts a second to a Twilio that answers in 100 ms."""
        figure = Figure("Twilio", "texts sent", "/s")
        self.figures.append(figure)
        with SimulatorProcess() as twilio, self.data.scratch(self.large) as session:
            twilio.configure(latency=0.1, auto_deliver=False)
            os.environ[API_URL] = twilio.url
            count = self.options.texts
            ids = writes.upcoming_orders(session)[:count]
            step(f"Sending {len(ids):,} texts ...")
            session.time(writes.prepare_batch, DISPATCHER, ids, commit=True)
            texts = writes.pending_sms(session, count, "outgoing")
            start = time.perf_counter()
            sent = writes.send_ours(session)
            figure.ours.append(sent / (time.perf_counter() - start))
            messages = twilio.sent()
            doubled = len(messages) - len({m["status_callback"] for m in messages})
            start = time.perf_counter()
            theirs = writes.send_theirs(session, texts, twilio.url)
            figure.theirs.append(theirs / (time.perf_counter() - start))
            figure.note = (
                f"ours: {sent} of {len(ids)} sent, Twilio has {len(messages)}, "
                f"{doubled} doubled; theirs: {theirs} of {len(texts)} sent"
            )

    def measure_processes(self):
        """Texts a second that several processes send from one queue."""
        with SimulatorProcess() as twilio, self.data.scratch(self.large) as session:
            # So slow that the processors of this machine are not what is measured.
            twilio.configure(latency=1, auto_deliver=False)
            os.environ[API_URL] = twilio.url
            orders = writes.upcoming_orders(session)
            for count in (1, 2, 4):
                name = f"texts sent by {count} process{'es' * (count > 1)}"
                figure = Figure("Twilio", name, "/s")
                self.figures.append(figure)
                texts = self.options.texts * count // 2
                ids, orders = orders[:texts], orders[texts:]
                step(f"Sending {len(ids):,} texts from {count} ...")
                before = len(twilio.sent())
                with writes.senders(self.data.database(session.database), count):
                    session.time(writes.prepare_batch, DISPATCHER, ids, commit=True)
                    start = time.perf_counter()
                    while writes.count_waiting(session):
                        time.sleep(0.05)
                    figure.ours.append(len(ids) / (time.perf_counter() - start))
                figure.note = f"Twilio has {len(twilio.sent()) - before} of {len(ids)}"

    def measure_webhooks(self):
        """Replies a second, complete, beside the delivery reports of sms_twilio."""
        figure = Figure("Twilio", "replies / their delivery reports", "/s")
        self.figures.append(figure)
        rounds = 2 if self.options.quick else 5
        port = free_port()
        with self.data.scratch(self.large) as session:
            step("Receiving replies over HTTP ...")
            writes.set_address(session, f"http://127.0.0.1:{port}")
            questions = writes.open_questions(session, self.options.texts)
            texts = writes.pending_sms(session, self.options.texts)
            figure.queries = writes.count_inbound(session, questions[0])
            with writes.server(self.data.database(session.database), port):
                ours, theirs = writes.replies(questions), writes.reports(texts)
                size = max(1, min(len(ours), len(theirs)) // (rounds + 1))
                wrong = Counter()
                for start in range(0, size * (rounds + 1), size):
                    for values, posts in ((figure.ours, ours), (figure.theirs, theirs)):
                        chosen = posts[start : start + size]
                        rate, others = writes.send_all(port, chosen)
                        wrong.update(others)
                        if start:  # The first one warms up.
                            values.append(rate)
        if wrong:
            figure.note = f"other answers: {dict(wrong)}"
