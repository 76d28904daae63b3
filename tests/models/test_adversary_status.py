# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Calls are made in the loop that defines them.
# ruff: noqa: B023
"""The status comes from the server and from Edit alone; words from customers alone."""

from odoo import Command

from ..common import LEVELS
from .test_adversary import NOTE_SUBTYPE, AdversaryCase


class TestStatus(AdversaryCase):
    """Without Edit nobody sets, moves, resets or erases a confirmation status."""

    def setUp(self):
        super().setUp()
        self.answered = self._make_order()
        self.answered.confirmation_status = "confirmed"
        self.visited = self._make_order()
        self.visit = self._make_visit(self.visited, 3, confirmation_status="confirmed")
        self.free = self._make_order()
        self.free_visit = self._make_visit(self._make_order(), 4)
        self.planners = {
            level: self._make_user(f"planner_{level}", level, self.company)
            for level in LEVELS
        }
        both = [Command.set((self.company | self.other).ids)]
        for user in self.planners.values():
            user.company_ids = both
        self.env.flush_all()

    def _statuses(self):
        self.env.flush_all()
        self.env.invalidate_all()
        orders = self.env["fsm.order"].search([], order="id")
        return {
            record: record.confirmation_status
            for record in (*orders, *self.env["fsm.visit"].search([], order="id"))
        }

    def _visit_values(self, order, **values):
        return {
            "order_id": order.id,
            "scheduled_date_start": "2040-01-01 10:00:00",
            **values,
        }

    def _calls(self, user):
        """(what it is, function) of everything that might change a status."""
        visits, orders = self._as(user, "fsm.visit"), self._as(user, "fsm.order")
        visit, visited = self._as(user, self.visit), self._as(user, self.visited)
        answered, free = self._as(user, self.answered), self._as(user, self.free)
        status = {"confirmation_status": "confirmed"}
        place = {"location_id": self.location.id, "company_id": self.company.id}
        yield "write", lambda: free.write(status)
        yield "write more", lambda: free.write({**status, "priority": "1"})
        yield "write visit", lambda: self._as(user, self.free_visit).write(status)
        yield "web_save", lambda: free.web_save(status, {})
        yield "reset", lambda: answered.write({"confirmation_status": "not_sent"})
        yield "empty", lambda: answered.write({"confirmation_status": False})
        yield "create", lambda: orders.create({**place, **status})
        yield (
            "context",
            lambda: orders.with_context(default_confirmation_status="confirmed").create(
                place
            ),
        )
        yield (
            "automatic",
            lambda: free.with_context(job_confirmation_automatic=True).write(status),
        )
        yield "copy", lambda: answered.copy(status)
        yield "copy alone", lambda: answered.copy()
        yield (
            "load",
            lambda: orders.load(
                [".id", "confirmation_status"], [[str(self.free.id), "confirmed"]]
            ),
        )
        yield (
            "load new",
            lambda: visits.load(
                ["order_id/.id", "scheduled_date_start", "confirmation_status"],
                [[str(self.free.id), "2040-01-01 10:00:00", "confirmed"]],
            ),
        )
        for model, values in (
            (visits, self._visit_values(self.free)),
            (orders, place),
        ):
            for target in (True, False, user.id):

                def call(model=model, values=values, target=target):
                    defaults = model.env["ir.default"]
                    defaults.set(model._name, "confirmation_status", "declined", target)
                    return model.create(values)

                yield f"ir.default {model._name} {target}", call
        yield "create visit", lambda: visits.create(self._visit_values(self.answered))
        yield "move a visit", lambda: visit.write({"order_id": self.free.id})
        yield "move by name", lambda: visit.write({"order_id": str(self.free.id)})
        yield (
            "move to answered",
            lambda: self._as(user, self.free_visit).write(
                {"order_id": self.answered.id}
            ),
        )
        yield "delete a visit", lambda: visit.unlink()
        yield (
            "delete command",
            lambda: visited.write({"visit_ids": [Command.delete(visit.id)]}),
        )
        yield "clear", lambda: visited.write({"visit_ids": [Command.clear()]})
        yield (
            "set",
            lambda: free.write({"visit_ids": [Command.set(self.visit.ids)]}),
        )
        yield (
            "link",
            lambda: answered.write({"visit_ids": [Command.link(self.free_visit.id)]}),
        )
        yield (
            "update command",
            lambda: visited.write(
                {
                    "visit_ids": [
                        Command.update(visit.id, {"confirmation_status": "declined"})
                    ]
                }
            ),
        )
        yield (
            "create command",
            lambda: free.write(
                {
                    "visit_ids": [
                        Command.create({**self._visit_values(self.free), **status})
                    ]
                }
            ),
        )

        def add_and_delete():
            visits.create(self._visit_values(self.answered)).unlink()

        yield "add and delete", add_and_delete

    def test_without_edit(self):
        before = self._statuses()
        for level in ("read", "none"):
            for case, call in self._calls(self.planners[level]):

                def change():
                    call()
                    return self._statuses()

                for record, status in (self._attempt(change) or {}).items():
                    if status != before.get(record, "not_sent"):
                        self.shown.append((level, case, record, status))

    def test_another_companys_order(self):
        """Who has one company only reaches no order of another, with any value."""
        visits = self._as(self.strangers["none"], "fsm.visit")
        before = self._statuses()
        company = {"company_id": self.other.id}
        for order in (self.answered, self.visited, self.free):
            for more in ({}, company, {"confirmation_status": "not_sent"}):

                def change():
                    visits.create(self._visit_values(order, **more))
                    return self._statuses()

                def move():
                    visit = visits.create(self._visit_values(self.own_order))
                    visit.write({"order_id": order.id, **more})
                    return self._statuses()

                for call in (change, move):
                    if self._attempt(call) not in (None, before):
                        self.shown.append((order, more))

    def test_planning_goes_on(self):
        """What changes no status stays what field service lets its people do."""
        for level in LEVELS:
            user = self.planners[level]
            visits = self._as(user, "fsm.visit")
            visit = visits.create(self._visit_values(self.free))
            visit.write({"order_id": self.free_visit.order_id.id})
            visit.unlink()
        self._send(self.free)
        self.assertEqual(self.free.confirmation_status, "awaiting")

    def test_edit_leaves_a_trace(self):
        """Whoever sets it stands in the history, whatever the client's context."""
        self.env.cr.precommit.run()
        user = self.planners["edit"]
        order = self._as(
            user,
            self.free,
            tracking_disable=True,
            mail_notrack=True,
            job_confirmation_automatic=True,
        )
        order.write({"confirmation_status": "declined"})
        self.env.flush_all()
        self.env.cr.precommit.run()
        values = self.free.message_ids.sudo().tracking_value_ids
        self.assertIn("Declined", values.mapped("new_value_char"))


class TestForgedHistory(AdversaryCase):
    """Nobody but the server writes notes that carry customers' words."""

    def setUp(self):
        super().setUp()
        self.people = [
            self._make_user(f"forger_{level}", level, self.company) for level in LEVELS
        ]
        self.people.append(self.portal)
        self.order.message_subscribe(self.portal.partner_id.ids)
        self.sent = self._send(self.order)
        self._reply("we will see, said Maria")
        self.notes = self._find_notes()
        self.subtype = self.env.ref(NOTE_SUBTYPE)

    def _find_notes(self):
        messages = self.env["mail.message"].sudo()
        return messages.search([("subtype_id", "=", self.env.ref(NOTE_SUBTYPE).id)])

    def _forged(self):
        """New messages that look as if a customer or the server had written them."""
        self.env.flush_all()
        self.env.invalidate_all()
        found = self.env["mail.message"].sudo().search([("id", ">", self.newest)])
        customers = self.customer | self.zoe
        return [
            (note.id, note.model, note.author_id.name, note.subtype_id.name)
            for note in found
            if note.subtype_id == self.subtype
            or note.confirmation_id
            or note.author_id in customers
        ]

    def _calls(self, user):
        order, partner = self._as(user, self.order), self._as(user, self.customer)
        message = self._as(user, self.sent)
        messages = self._as(user, "mail.message")
        text = {"body": "Maria says no"}
        for record in (order, partner, message):
            where = {"model": record._name, "res_id": record.id}
            post = record.message_post
            for value in (
                self.subtype.id,
                str(self.subtype.id),
                float(self.subtype.id),
            ):
                yield "subtype", lambda p=post, v=value: p(subtype_id=v, **text)
                yield (
                    "create subtype",
                    lambda w=where, v=value: messages.create(
                        {**w, **text, "subtype_id": v, "message_type": "notification"}
                    ),
                )
            yield "subtype name", lambda p=post: p(subtype_xmlid=NOTE_SUBTYPE, **text)
            for key in (
                "job_confirmation_keep_from_others",
                "job_confirmation_automatic",
                "default_confirmation_id",
            ):
                yield (
                    key,
                    lambda r=record, k=key: r.with_context(
                        **{k: self.sent.id}
                    ).message_post(**text),
                )
            for key, value in (
                ("default_subtype_id", self.subtype.id),
                ("default_author_id", self.customer.id),
                ("default_confirmation_id", self.sent.id),
            ):
                yield (
                    f"create {key}",
                    lambda w=where, k=key, v=value: messages.with_context(
                        **{k: v}
                    ).create({**w, **text}),
                )
            for value in (self.customer.id, str(self.customer.id)):
                yield "author", lambda p=post, v=value: p(author_id=v, **text)
                yield (
                    "create author",
                    lambda w=where, v=value: messages.create(
                        {**w, **text, "author_id": v}
                    ),
                )
            for kind in ("comment", "notification", "sms", "email", "auto_comment"):
                yield (
                    f"author {kind}",
                    lambda p=post, k=kind: p(
                        author_id=self.customer.id, message_type=k, **text
                    ),
                )
            for value in (self.sent.id, str(self.sent.id)):
                yield (
                    "link",
                    lambda w=where, v=value: messages.create(
                        {**w, **text, "confirmation_id": v}
                    ),
                )
                yield "post link", lambda p=post, v=value: p(confirmation_id=v, **text)
            yield from self._indirect_calls(user, record, where, text)

    def _indirect_calls(self, user, record, where, text):
        post = record.message_post
        yield (
            "notify",
            lambda r=record: r.message_notify(
                partner_ids=self.dispatcher.partner_id.ids,
                subtype_id=self.subtype.id,
                author_id=self.customer.id,
                **text,
            ),
        )
        own = {
            "subtype_id": self.subtype.id,
            "author_id": self.customer.id,
            "confirmation_id": self.sent.id,
        }
        for name, value in own.items():

            def rewrite(post=post, name=name, value=value):
                post(**text).write({name: value})

            yield f"write {name}", rewrite

        def compose(where=where):
            self._as(user, "mail.compose.message").create(
                {
                    "model": where["model"],
                    "res_ids": repr([where["res_id"]]),
                    "author_id": self.customer.id,
                    "subtype_id": self.subtype.id,
                    **text,
                }
            ).action_send_mail()

        yield "compose", compose

        def schedule(where=where):
            scheduled = self._as(user, "mail.scheduled.message").create(
                {
                    **where,
                    **text,
                    "author_id": self.customer.id,
                    "scheduled_date": "2040-01-01 10:00:00",
                }
            )
            scheduled.post_message()

        yield "schedule", schedule

    def test_nobody_writes_as_the_server(self):
        self.newest = self.env["mail.message"].sudo().search([], limit=1).id
        for user in self.people:
            for case, call in self._calls(user):

                def forge():
                    call()
                    return self._forged()

                found = self._attempt(forge)
                if found:
                    self.shown.append((user.login, case, found))

    def test_nobody_changes_a_note(self):
        bodies = {note: note.body for note in self.notes}
        for user in self.people:
            for note in self.notes:
                mine = self._as(user, note)
                for case, call in (
                    ("write", lambda: mine.write({"body": "x"})),
                    ("unlink", lambda: mine.unlink()),
                    ("move", lambda: mine.write({"res_id": 1})),
                    (
                        "access",
                        lambda: mine._get_with_access(mine.id, mode="create"),
                    ),
                    (
                        "access write",
                        lambda: mine._get_with_access(mine.id, mode="write"),
                    ),
                ):

                    def change():
                        found = call()
                        self.env.invalidate_all()
                        if case.startswith("access"):
                            return bool(found)
                        return {n: n.exists().body for n in self.notes} != bodies

                    if self._attempt(change):
                        self.shown.append((user.login, case, note.body))

    def test_who_sees_nothing_reaches_no_note(self):
        for user in (self.people[-1], self.people[3]):
            for note in self.notes:
                mine = self._as(user, note)
                found = self._attempt(lambda: mine._get_with_access(mine.id).ids)
                if found:
                    self.shown.append((user.login, note.body))

    def test_own_notes_are_written_as_ever(self):
        for user in self.people[:2]:
            for record in (self.order, self.sent):
                note = self._as(user, record).message_post(
                    body="I called her", message_type="comment"
                )
                self.assertEqual(note.sudo().author_id, user.partner_id)
                note.write({"body": "I called her twice"})
