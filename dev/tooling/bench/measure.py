# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The parts of the measurement; each adds figures. Ours and theirs take turns."""

import contextlib
import os
import random
import time
from collections import Counter

import odoo

from ..console import Problem, step
from ..process import free_port
from ..simulator import API_URL, SimulatorProcess
from . import reads, webhooks, writes
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

    @contextlib.contextmanager
    def _sessions(self, *names):
        with contextlib.ExitStack() as stack:
            yield [stack.enter_context(self.data.session(name)) for name in names]

    # ------------------------------------------------------------------
    # Reads
    # ------------------------------------------------------------------

    @contextlib.contextmanager
    def _cases(self, group, **options):
        """The reads that are measured.

        :return: (figures by name, sides: (attribute of Figure, cases, which side))
        """
        with self._sessions(*filter(None, (self.large, self.small))) as sessions:
            cases = [reads.Cases(session) for session in sessions]
            names = [
                name
                for name in cases[0].pairs
                if name in cases[-1].pairs and self.options.match in name
            ]
            if not names:
                known = ", ".join(cases[0].pairs)
                raise Problem(f"No read has such a name. The names are: {known}.")
            sides = [("ours", cases[0], 0), ("theirs", cases[0], 1)]
            sides += [("small", cases[1], 0)] if self.small else []
            figures = {name: Figure(group, name, **options) for name in names}
            yield figures, sides
            self.figures += figures.values()

    def measure_reads(self):
        """Message Center against the list of Odoo's own SMS, warm."""
        step("Reading, warm ...")
        with self._cases("Message Center, warm", target=20) as (figures, sides):
            large = sides[0][1]
            self.counts = reads.row_counts(large.session)
            for repeat in range(self.options.repeats + 1):
                for name, figure in figures.items():
                    for attribute, cases, side in sides:
                        spent, queries, _result = cases.time(name, side)
                        if attribute == "ours":
                            figure.queries = queries
                        if repeat:  # The first one warms up.
                            getattr(figure, attribute).append(spent)
            if self.options.plans:
                for name in figures:
                    self.plans += [f"==== {name}", *large.plan(name)]

    def measure_cold(self):
        """The same after a restart of PostgreSQL, with Odoo's caches empty."""
        step("Reading, cold (a restart of PostgreSQL before each) ...")
        with self._cases("Message Center, cold") as (figures, sides):
            jobs = [(figure, *side) for figure in figures.values() for side in sides]
            for _repeat in range(min(3, self.options.repeats)):
                random.shuffle(jobs)
                for figure, attribute, cases, side in jobs:
                    odoo.sql_db.close_all()
                    cases.session.registry.clear_all_caches()
                    self.data.postgres.restart()
                    spent, _queries, _result = cases.time(figure.name, side, cold=True)
                    getattr(figure, attribute).append(spent)

    def measure_forms(self):
        """Opening a Work Order and a contact, with and without the addon."""
        step("Opening Work Orders and contacts, with and without the addon ...")
        with self._sessions(self.large, self.without) as (ours, theirs):
            for model, ids in reads.form_samples(ours).items():
                figure = Figure("With the addon / without it", f"opening a {model}")
                sides = (
                    (figure.ours, ours, reads.read_form(ours, model, ids)),
                    (figure.theirs, theirs, reads.read_form(theirs, model, ids)),
                )
                for repeat in range(self.options.repeats + 1):
                    for values, session, read in sides:
                        spent, queries, _result = session.time(read, USER)
                        if repeat:
                            values.append(spent / len(ids))
                        if session is ours:
                            figure.queries = queries // len(ids)
                self.figures.append(figure)

    # ------------------------------------------------------------------
    # Writing, on a copy
    # ------------------------------------------------------------------

    def measure_prepare(self):
        """Preparing many texts: our dialog, our batch, Odoo's own batch."""
        group = f"Preparing {self.options.texts:,} texts, ms for each"
        one = Figure(group, "one dialog for each, beside Odoo's own batch")
        batch = Figure(group, "one batch, beside Odoo's own batch")
        with self.data.scratch(self.large) as session:
            step(f"Preparing {self.options.texts:,} texts ...")
            orders = writes.upcoming_orders(session)
            random.shuffle(orders)
            rounds = 1 if self.options.quick else 5
            size = max(1, min(self.options.texts, len(orders) // 3) // rounds)
            for _round in range(rounds):
                for figure, work, login in (
                    (one, writes.prepare_one_by_one, DISPATCHER),
                    (batch, writes.prepare_batch, DISPATCHER),
                    (None, writes.prepare_theirs, "admin"),
                ):
                    ids, orders = orders[:size], orders[size:]
                    spent, queries, _result = session.time(
                        work(ids), login, commit=True
                    )
                    if not figure:
                        one.theirs.append(spent / size)
                        continue
                    figure.ours.append(spent / size)
                    figure.queries = round(queries / size, 1)
        batch.theirs = one.theirs
        self.figures += [one, batch]

    # ------------------------------------------------------------------
    # Twilio
    # ------------------------------------------------------------------

    def measure_send(self):
        """Texts a second to a Twilio that answers in 100 ms."""
        figure = Figure("Twilio", "texts sent", "/s", target=10)
        with SimulatorProcess() as twilio, self.data.scratch(self.large) as session:
            twilio.configure(latency=0.1, auto_deliver=False)
            os.environ[API_URL] = twilio.url
            count = self.options.texts
            ids = writes.upcoming_orders(session)[:count]
            step(f"Sending {len(ids):,} texts ...")
            session.time(writes.prepare_batch(ids), DISPATCHER, commit=True)
            texts = writes.pending_sms(session, count, "outgoing")
            start = time.perf_counter()
            sent = writes.send_ours(session)
            figure.ours.append(sent / (time.perf_counter() - start))
            messages = twilio.sent()
            doubled = len(messages) - len({m["status_callback"] for m in messages})
            figure.note = (
                f"ours: {sent} of {len(ids)} sent, Twilio has {len(messages)}, "
                f"{doubled} doubled"
            )
            start = time.perf_counter()
            sent = writes.send_theirs(
                session, [text["id"] for text in texts], twilio.url
            )
            figure.theirs.append(sent / (time.perf_counter() - start))
            figure.note += f"; theirs: {sent} of {len(texts)} sent"
        self.figures.append(figure)

    def measure_webhooks(self):
        """Replies a second, complete, beside the delivery reports of sms_twilio."""
        figure = Figure("Twilio", "replies / their delivery reports", "/s", target=1)
        rounds = 2 if self.options.quick else 5
        port = self.options.port or free_port()
        with self.data.scratch(self.large) as session:
            step("Receiving replies over HTTP ...")
            writes.set_address(session, f"http://127.0.0.1:{port}")
            questions = writes.open_questions(session, self.options.texts)
            texts = writes.pending_sms(session, self.options.texts)
            figure.queries = writes.count_inbound(session, questions[0])
            database = self.data.database(session.database)
            with webhooks.server(database, port):
                requests = webhooks.replies(questions), webhooks.reports(texts)
                size = max(1, min(map(len, requests)) // (rounds + 1))
                wrong = Counter()
                for part in range(rounds + 1):
                    chosen = slice(part * size, (part + 1) * size)
                    sides = zip((figure.ours, figure.theirs), requests, strict=True)
                    for values, known in sides:
                        rate, answers = webhooks.send_all(port, known[chosen])
                        wrong.update(s for s, _text in answers if s != 200)
                        if values is figure.ours:
                            empty = [t for _s, t in answers if b"<Message>" not in t]
                            wrong.update(["no answer"] * len(empty))
                        if part:  # The first one warms up.
                            values.append(rate)
                figure.note = f"other answers: {dict(wrong)}" if wrong else ""
        self.figures.append(figure)
