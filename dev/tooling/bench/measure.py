# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The parts of the measurement; each adds figures. Ours and theirs take turns."""

import contextlib
import random
from collections import Counter

from .. import processes
from ..console import Problem, step
from ..simulator import SimulatorProcess
from . import webhooks
from .process import WorkerProcess
from .report import Figure

USER = "bench_user"  # as in fill, which needs Odoo to be imported

PARTS = ("reads", "cold", "forms", "write", "prepare", "send", "webhooks", "memory")


class Bench:
    """One run: the processes it uses and the figures it has made."""

    def __init__(self, data, rows, options):
        """:param data: ``data.Data``; :param rows: numbers of messages, largest first
        :param options: of the command line
        """
        self.data = data
        self.rows = rows
        self.options = options
        self.figures = []
        self.plans = []
        self.counts = {}
        self._workers = {}

    def worker(self, database, **options):
        """The Odoo process on a database, started when first asked for."""
        if database not in self._workers:
            self._workers[database] = WorkerProcess(
                self.data.databases, database, **options
            )
        return self._workers[database]

    def stop(self, database=None):
        """End one process, or all of them."""
        for name in [database] if database else list(self._workers):
            if name in self._workers:
                self._workers.pop(name).stop()

    @property
    def large(self):
        """The database with most messages."""
        return self.data.with_addon(self.rows[0])

    @property
    def small(self):
        """The one with fewest, or None when there is one size only."""
        return self.data.with_addon(self.rows[-1]) if len(self.rows) > 1 else None

    # ------------------------------------------------------------------
    # Reads
    # ------------------------------------------------------------------

    def _read_cases(self):
        names = None
        for database in filter(None, (self.large, self.small)):
            found = self.worker(database).call("read_cases")
            names = found if names is None else [n for n in names if n in found]
        match = self.options.match
        chosen = [name for name in names if not match or match in name]
        if not chosen:
            raise Problem(
                f"No read has {match!r} in its name. The names are: {', '.join(names)}."
            )
        return chosen

    def _sides(self):
        """Who reads: (attribute of Figure, database, side)."""
        sides = [("ours", self.large, 0), ("theirs", self.large, 1)]
        if self.small:
            sides.append(("small", self.small, 0))
        return sides

    def measure_reads(self):
        """Message Center against the list of Odoo's own SMS, warm."""
        step("Reading, warm ...")
        names = self._read_cases()
        self.counts = self.worker(self.large).call("row_counts")
        figures = {
            name: Figure("Message Center, warm", name, target=20) for name in names
        }
        for repeat in range(self.options.repeats + 1):
            for name, figure in figures.items():
                for attribute, database, side in self._sides():
                    found = self.worker(database).call(
                        "time_read", name=name, side=side
                    )
                    if not repeat:
                        continue  # the first one warms up
                    getattr(figure, attribute).append(found["seconds"] * 1000)
                    if attribute == "ours":
                        figure.queries = found["queries"]
        self.figures += figures.values()
        if self.options.plans:
            for name in names:
                plans = self.worker(self.large).call("plan", name=name)
                self.plans += [f"==== {name}", *plans]

    def measure_cold(self):
        """The same after a restart of PostgreSQL, with Odoo's caches empty."""
        step("Reading, cold (a restart of PostgreSQL before each) ...")
        names = self._read_cases()
        figures = {name: Figure("Message Center, cold", name) for name in names}
        jobs = [(name, side) for name in names for side in self._sides()]
        for _repeat in range(self.options.cold_repeats):
            random.shuffle(jobs)
            for name, (attribute, database, side) in jobs:
                self._restart()
                found = self.worker(database).call(
                    "time_read", name=name, side=side, cold=True
                )
                getattr(figures[name], attribute).append(found["seconds"] * 1000)
        self.figures += figures.values()

    def _restart(self):
        for worker in self._workers.values():
            worker.call("forget")
        self.data.postgres.stop()
        self.data.postgres.start()

    # ------------------------------------------------------------------
    # Forms
    # ------------------------------------------------------------------

    def measure_forms(self):
        """Opening a Work Order and a contact, with and without the addon."""
        step("Opening Work Orders and contacts, with and without the addon ...")
        without = self.data.without_addon(self.rows[0])
        ids = self.worker(self.large).call("form_samples")
        for model, label in (
            ("fsm.order", "opening a Work Order"),
            ("res.partner", "opening a contact"),
        ):
            figure = Figure("With the addon / without it", label)
            for repeat in range(self.options.repeats + 1):
                for values, database in (
                    (figure.ours, self.large),
                    (figure.theirs, without),
                ):
                    found = self.worker(database).call(
                        "time_form", model=model, ids=ids[model]
                    )
                    if repeat:
                        values.append(found["seconds"] * 1000 / len(ids[model]))
                    if database == self.large:
                        figure.queries = found["queries"] // len(ids[model])
            self.figures.append(figure)
        self.stop(without)

    # ------------------------------------------------------------------
    # Writing, on a copy
    # ------------------------------------------------------------------

    @contextlib.contextmanager
    def _scratch(self, template=None, **options):
        """A process on a copy of the large database; both are gone afterwards."""
        template = template or self.large
        # PostgreSQL copies a database only while nobody uses it.
        self.stop(template)
        with self.data.scratch(template) as name:
            try:
                yield self.worker(name, **options)
            finally:
                self.stop(name)

    def measure_write(self):
        """What the messages cost whoever writes."""
        rows = min(10_000, self.rows[0])
        create = Figure("Writing", "recording one text, beside Odoo's own")
        notes = Figure("Writing", "deleting 20 notes, with and without the addon")
        contact = Figure("Writing", f"renaming a contact with {rows:,} messages")
        company = Figure("Writing", f"renaming a company with {rows:,} messages")
        with self._scratch() as worker:
            step("Writing ...")
            orders = worker.call("upcoming_orders")
            size = max(1, min(20, len(orders) // 4))
            for repeat in range(self.options.repeats + 1):
                ids = orders[:size]
                random.shuffle(ids)
                for call, values in (
                    ("create_ours", create.ours),
                    ("create_theirs", create.theirs),
                ):
                    found = worker.call(call, ids=ids)
                    if repeat:
                        values.append(found["seconds"] * 1000 / size)
                    if call == "create_ours":
                        create.queries = found["queries"] // size
            for _repeat in range(self.options.repeats):
                found = worker.call("delete_notes")
                notes.ours.append(found["seconds"] * 1000)
                notes.queries = found["queries"]
            moved = worker.call("move_messages", count=rows)
            for figure, key in ((contact, "partner"), (company, "company")):
                for _repeat in range(min(3, self.options.repeats)):
                    found = worker.call("rename", partner_id=moved[key])
                    figure.ours.append(found["seconds"] * 1000)
                    figure.queries = found["queries"]
        with self._scratch(self.data.without_addon(self.rows[0])) as worker:
            for _repeat in range(self.options.repeats):
                found = worker.call("delete_notes")
                notes.theirs.append(found["seconds"] * 1000)
            for figure, key in ((contact, "partner"), (company, "company")):
                for _repeat in range(min(3, self.options.repeats)):
                    found = worker.call("rename", partner_id=moved[key])
                    figure.theirs.append(found["seconds"] * 1000)
        self.figures += [create, notes, contact, company]

    def measure_prepare(self):
        """Preparing many texts: our dialog, our batch, Odoo's own batch."""
        group = f"Preparing {self.options.texts:,} texts, ms for each"
        one = Figure(group, "one dialog for each, beside Odoo's own batch")
        batch = Figure(group, "one batch, beside Odoo's own batch")
        with self._scratch() as worker:
            step(f"Preparing {self.options.texts:,} texts ...")
            orders = worker.call("upcoming_orders")
            random.shuffle(orders)
            count = min(self.options.texts, len(orders) // 3)
            rounds = 1 if self.options.quick else 5
            size = max(1, count // rounds)
            for start in range(0, size * rounds * 3, size * 3):
                parts = [orders[start + i * size :][:size] for i in range(3)]
                for figure, values, call, ids in (
                    (one, one.ours, "prepare_one_by_one", parts[0]),
                    (batch, batch.ours, "prepare_batch", parts[1]),
                    (None, one.theirs, "prepare_theirs", parts[2]),
                ):
                    found = worker.call(call, ids=ids)
                    if not found:
                        continue
                    values.append(found["seconds"] * 1000 / len(ids))
                    if figure:
                        figure.queries = round(found["queries"] / len(ids), 1)
                    if figure is batch:
                        figure.note = f"{found['queries']} queries for {len(ids)} texts"
        batch.theirs = one.theirs
        self.figures += [figure for figure in (one, batch) if figure.ours]

    # ------------------------------------------------------------------
    # Twilio
    # ------------------------------------------------------------------

    def measure_send(self):
        """Texts a second to a Twilio that answers in 100 ms."""
        figure = Figure("Twilio", "texts sent", "/s", target=10)
        with SimulatorProcess() as twilio:
            twilio.configure(latency=0.1, auto_deliver=False)
            env = {"JOB_CONFIRMATION_TWILIO_API_URL": twilio.url}
            with self._scratch(env=env) as worker:
                step(f"Sending {self.options.texts:,} texts, ours ...")
                waiting = worker.call(
                    "open_questions", count=self.options.texts, state="outgoing"
                )
                found = worker.call("send_ours")
                figure.ours.append(found["count"] / found["seconds"])
                messages = twilio.sent()
                doubled = len(messages) - len({m["to"] for m in messages})
                figure.note = (
                    f"ours: {found['count']} of {len(waiting)} sent, Twilio has "
                    f"{len(messages)}, {doubled} doubled"
                )
                step("Sending texts, Odoo's own ...")
                texts = worker.call(
                    "pending_sms", count=self.options.texts, state="outgoing"
                )
                found = worker.call("send_theirs", ids=[text["id"] for text in texts])
                figure.theirs.append(found["count"] / found["seconds"])
                figure.note += f"; theirs: {found['count']} of {len(texts)} sent"
        self.figures.append(figure)

    def measure_webhooks(self):
        """Replies a second, complete, beside the delivery reports of sms_twilio."""
        figure = Figure("Twilio", "replies / their delivery reports", "/s", target=1)
        rounds = 2 if self.options.quick else 5
        port = self.options.port or processes.free_port()
        with self._scratch() as worker:
            name = worker.database
            step("Receiving replies over HTTP ...")
            worker.call("set_address", address=f"http://127.0.0.1:{port}")
            count = self.options.texts
            questions = worker.call("open_questions", count=count)
            texts = worker.call("pending_sms", count=count)
            known = worker.call("count_inbound", mobile=questions[0]["mobile"])
            figure.queries = known["queries"]
            self.stop(name)
            with webhooks.server(self.data.databases, name, port):
                inbound = webhooks.inbound(questions)
                reports = webhooks.delivered(texts)
                size = max(1, min(len(inbound), len(reports)) // (rounds + 1))
                wrong = Counter()
                for part in range(rounds + 1):
                    chosen = slice(part * size, (part + 1) * size)
                    for values, requests in (
                        (figure.ours, inbound[chosen]),
                        (figure.theirs, reports[chosen]),
                    ):
                        seconds, statuses, answers = webhooks.send_all(port, requests)
                        wrong.update({k: v for k, v in statuses.items() if k != 200})
                        if values is figure.ours:
                            empty = sum(b"<Message>" not in text for text in answers)
                            wrong.update({"no answer": empty} if empty else {})
                        if part:  # the first one warms up
                            values.append(len(requests) / seconds)
                figure.note = f"other answers: {dict(wrong)}" if wrong else ""
        self.figures.append(figure)

    def measure_memory(self):
        """Memory of a worker with and without the addon."""
        step("Memory of a worker ...")
        start = Figure("Memory of a worker", "after its start", "MB")
        used = Figure("Memory of a worker", "after some requests", "MB")
        port = self.options.port or processes.free_port()
        for database, side in (
            (self.large, "ours"),
            (self.data.without_addon(self.rows[0]), "theirs"),
        ):
            with webhooks.server(self.data.databases, database, port) as odoo:
                before, after = webhooks.worker_memory(odoo, port, database, USER)
            getattr(start, side).append(before)
            getattr(used, side).append(after)
        self.figures += [start, used]
