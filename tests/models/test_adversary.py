# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Calls are made in the loop that defines them.
# ruff: noqa: B023
"""What an adversary calls: every level, two companies, every type of argument.

What Odoo offers on our records and on those beside them, with the arguments that no
screen sends. A refusal is fine, of whatever kind; what counts is what is shown and
what is changed.
"""

import json

import psycopg2

from odoo import Command
from odoo.exceptions import UserError
from odoo.orm.identifiers import NewId
from odoo.tools import mute_logger

from ..common import LEVELS, MODULE, ConfirmationTransactionCase, new_user

THEIR_NUMBER = "+12025550177"
NOTE_SUBTYPE = f"{MODULE}.mt_confirmation"
# What stands in the other company's records, and in nobody else's.
SECRETS = ("purple elephant", "Zoe Secret", "555-0188", "5550188", "Zoe's home")
REFUSALS = (
    AssertionError,
    AttributeError,
    KeyError,
    TypeError,
    UserError,
    ValueError,
    psycopg2.Error,
)


class AdversaryCase(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.other = cls._make_company("Beta Repairs", number=THEIR_NUMBER)
        cls.env.user.company_ids |= cls.other
        cls.strangers = {
            level: cls._make_user(f"adversary_{level}", level, cls.other)
            for level in LEVELS
        }
        cls.portal = new_user(
            cls.env,
            "adversary_portal",
            groups="base.group_portal",
            companies=cls.company,
        )
        # Of the first company alone: contact, Work Order, message, reply.
        cls.zoe = cls._make_contact(
            "Zoe Secret", "+12125550188", company_id=cls.company.id
        )
        place = cls._make_location(cls.zoe, name="Zoe's home")
        place.partner_id.company_id = cls.company
        cls.secret_order = cls._make_order(location_id=place.id)
        cls.own_order = cls._make_order(
            cls._local_time("America/New_York", 4, 9), company_id=cls.other.id
        )

    def setUp(self):
        super().setUp()
        self.looks, self.shown = 0, []
        self.message = self._send(self.secret_order)
        self._reply("maybe, the purple elephant", number="+12125550188")
        self._reply("a stray purple elephant", number="+12125550199")
        replies = self.env["fsm.confirmation.reply"].search([])
        self.reply = replies.filtered("confirmation_id")
        self.stray = replies - self.reply
        self.env.flush_all()

    @classmethod
    def _make_user(cls, login, level, company, *groups):
        return new_user(
            cls.env,
            login,
            groups=",".join(
                filter(
                    None,
                    [
                        "base.group_user",
                        "base.group_allow_export",
                        "fieldservice.group_fsm_dispatcher",
                        LEVELS[level],
                        *groups,
                    ],
                )
            ),
            companies=company,
            tz="America/New_York",
        )

    def _as(self, user, model, **context):
        """A model, by name, or a record, as a user calls it by RPC."""
        context = {"allowed_company_ids": user.company_ids.ids, **context}
        env = self.env(user=user, context=context, su=False)
        if isinstance(model, str):
            return env[model]
        return env[model._name].browse(model.ids)

    def _attempt(self, call):
        """What a call returns, or None when it is refused; nothing of it stays."""
        self.env.flush_all()
        self.env.invalidate_all()
        savepoint = self.env.cr.savepoint(flush=False)
        try:
            with mute_logger("odoo.sql_db", "odoo.models", "odoo.addons.base"):
                result = call()
                self.env.flush_all()
                return result
        except REFUSALS:
            return None
        finally:
            self.env.transaction.clear()
            savepoint.close(rollback=True)

    def _check(self, case, call, *more):
        """Attempt a call that has to show nothing of another company's.

        :param case: what to call it in the report
        :param more: further words that it must not show
        """
        found = self._attempt(call)
        text = json.dumps(found, default=str, ensure_ascii=False)
        for secret in (*SECRETS, *more):
            if secret in text:
                self.shown.append(f"{case} shows {secret}: {text[:300]}")
                return

    def tearDown(self):
        super().tearDown()
        self.assertFalse(self.shown, "\n".join(map(str, self.shown[:40])))


def in_every_type(id_):
    """An id as JSON and Odoo's own callers may have it."""
    return [
        id_,
        str(id_),
        f" {id_} ",
        f"{id_}.0",
        float(id_),
        [id_],
        (id_,),
        (id_, "x"),
        [str(id_)],
        {"id": id_},
        NewId(id_),
        [Command.link(id_)],
        [Command.set([id_])],
        [(4, str(id_))],
        [(6, 0, [str(id_)])],
        [(6, 0, [float(id_)])],
    ]


class TestReferences(AdversaryCase):
    """A dialog shows and does nothing with a record that its user may not read."""

    def _guesses(self):
        """(model, other values, field, record of the other company)"""
        settle, send = "fsm.confirmation.settle", "fsm.confirmation.send"
        batch = "fsm.confirmation.batch"
        order = {"order_id": self.own_order.id}
        visit = self._make_visit(self.secret_order, 3, name="Zoe's home visit")
        return [
            (settle, {"action": "attach"}, "reply_id", self.stray),
            (settle, {"action": "attach"}, "confirmation_id", self.message),
            (settle, {"action": "lift", "note": "x"}, "partner_id", self.zoe),
            (send, {}, "order_id", self.secret_order),
            (send, order, "partner_id", self.zoe),
            (send, order, "previous_id", self.message),
            (send, order, "confirmation_id", self.message),
            (send, order, "visit_id", visit),
            (batch, {}, "order_ids", self.secret_order),
            (
                batch,
                {"order_ids": self.own_order.ids},
                "confirmation_ids",
                self.message,
            ),
        ]

    def _each_guess(self):
        user = self.strangers["edit"]
        for model, values, name, record in self._guesses():
            for value in in_every_type(record.id):
                yield (
                    f"{model} {name}={value!r}",
                    user,
                    model,
                    dict(values),
                    name,
                    value,
                )

    def _specify(self, records):
        return {
            key: {"fields": {"display_name": {}}} if field.relational else {}
            for key, field in records._fields.items()
        }

    def _look(self, dialog, name):
        """Everything that its user can read of a dialog."""
        dialog.env.flush_all()
        dialog.env.invalidate_all()
        names = [
            key for key in dialog._fields if key not in ("create_uid", "write_uid")
        ]
        found = self._attempt(lambda: dialog.read(names))
        self.looks += bool(found)
        return [
            found,
            self._attempt(lambda: dialog.web_read(self._specify(dialog))),
            self._attempt(lambda: dialog.export_data([name])),
            self._attempt(
                lambda: dialog.formatted_read_group([("id", "in", dialog.ids)], [name])
            ),
            self._read_each(dialog, names),
        ]

    def _read_each(self, dialog, names):
        """The values of fields: in one go, or what is not refused, which takes long."""
        found = self._attempt(lambda: [dialog.mapped(key) for key in names])
        return found or [self._attempt(lambda: dialog.mapped(key)) for key in names]

    def test_looking_sees(self):
        """What is one's own is seen: the other tests do look."""
        for model, name, value in (
            ("fsm.confirmation.settle", "partner_id", self.customer),
            ("fsm.confirmation.send", "order_id", self.own_order),
        ):
            dialogs = self._as(self.strangers["edit"], model)
            found = self._look(dialogs.create({name: value.id}), name)
            text = json.dumps(found, default=str)
            self.assertGreaterEqual(text.count(value.display_name), 4, text)

    def test_create(self):
        for case, user, model, values, name, value in self._each_guess():
            dialogs = self._as(user, model)

            def call():
                dialog = dialogs.create({**values, name: value})
                return self._look(dialog, name)

            self._check(case, call)

    def test_write_and_save(self):
        for case, user, model, values, name, value in self._each_guess():
            dialogs = self._as(user, model)
            if model == "fsm.confirmation.send":
                values["order_id"] = self.own_order.id
            if model == "fsm.confirmation.batch":
                values["order_ids"] = self.own_order.ids

            def write():
                dialog = dialogs.create(values)
                dialog.write({name: value})
                return self._look(dialog, name)

            def save():
                dialog = dialogs.create(values)
                found = dialog.web_save({name: value}, self._specify(dialog))
                return [found, self._look(dialog, name)]

            self._check(f"write {case}", write)
            self._check(f"web_save {case}", save)

    def test_defaults(self):
        for case, user, model, values, name, value in self._each_guess():
            context = {f"default_{key}": val for key, val in values.items()}
            dialogs = self._as(user, model, **context, **{f"default_{name}": value})

            def create():
                return self._look(dialogs.create({}), name)

            def default():
                return dialogs.default_get(list(dialogs._fields))

            def new():
                return dialogs.onchange({}, [], self._specify(dialogs))

            self._check(f"default create {case}", create)
            self._check(f"default_get {case}", default)
            self._check(f"default onchange {case}", new)

    def test_stored_defaults(self):
        """``ir.default``, which every user may set for himself."""
        for case, user, model, values, name, value in self._each_guess():
            if isinstance(value, NewId):
                continue
            dialogs = self._as(user, model)

            def call():
                dialogs.env["ir.default"].set(dialogs._name, name, value, True)
                return self._look(dialogs.create(values), name)

            self._check(f"ir.default {case}", call)

    def test_onchange(self):
        for case, user, model, values, name, value in self._each_guess():
            dialogs = self._as(user, model)

            def call():
                known = {**values, name: value}
                return dialogs.onchange(known, [name], self._specify(dialogs))

            self._check(f"onchange {case}", call)

    def test_actions(self):
        """What a dialog does, it does to no other company's records."""
        actions = {
            "fsm.confirmation.settle": "action_apply",
            "fsm.confirmation.send": "action_send",
            "fsm.confirmation.batch": "action_send",
        }

        def see():
            self.env.invalidate_all()
            sent = self.env["fsm.confirmation"].search([]) - self.message
            return [
                self.message.read(["response", "reply_body"]),
                self.stray.read(["confirmation_id", "state"]),
                [record for record in sent if record.partner_id == self.zoe],
                [record for record in sent if record.company_id == self.company],
                sent.previous_id,
            ]

        before = see()
        for case, user, model, values, name, value in self._each_guess():
            dialogs = self._as(user, model)

            def call():
                dialog = dialogs.create({**values, name: value})
                dialog.env.invalidate_all()
                getattr(dialog, actions[model])()
                return see()

            found = self._attempt(call)
            if found and found != before:
                self.shown.append((f"action {case}", found, before))

    def test_visits(self):
        """Whoever plans visits names no other company's Work Order."""
        for level in LEVELS:
            visits = self._as(self.strangers[level], "fsm.visit")
            for value in in_every_type(self.secret_order.id):
                own = {
                    "order_id": self.own_order.id,
                    "scheduled_date_start": "2040-01-01 10:00:00",
                }

                def create():
                    visit = visits.create({**own, "order_id": value})
                    return self._look(visit, "order_id")

                def write():
                    visit = visits.create(own)
                    visit.write({"order_id": value})
                    return self._look(visit, "order_id")

                name = self.secret_order.name
                self._check(f"create visit {level} {value!r}", create, name)
                self._check(f"write visit {level} {value!r}", write, name)

    def test_replies(self):
        """A reply is linked by hand to no other company's message."""
        stranger = self.strangers["admin"]
        reply = self._as(
            stranger,
            self._reply(
                "who knows",
                number="+12125550155",
                recipient=THEIR_NUMBER,
                company=self.other,
            ),
        )
        self.assertFalse(reply.sudo().confirmation_id)
        for value in in_every_type(self.message.id):

            def call():
                reply.write({"confirmation_id": value})
                return self._look(reply, "confirmation_id")

            self._check(f"reply {value!r}", call, self.message.name)
