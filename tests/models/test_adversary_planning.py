# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Calls are made in the loop that defines them.
# ruff: noqa: B023
"""What an adversary calls of what asks by itself, of the Day Board and of contacts."""

from datetime import timedelta

from odoo import Command

from .test_adversary import AdversaryCase, in_every_type

CHANGED = "purple elephant"  # what a call returns that did what it must not


class PlanningCase(AdversaryCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.secret_plan = cls._make_plan(cls.company, "Plan purple elephant", 17)
        cls.own_plan = cls._make_plan(cls.other, "Own plan", 2)

    @classmethod
    def _make_plan(cls, company, name, days):
        return cls.env["fsm.confirmation.plan"].create(
            {
                "name": name,
                "company_id": company.id,
                "step_ids": [Command.create({"number": days})],
            }
        )

    def _specify(self, records):
        return {
            key: {"fields": {"display_name": {}}} if field.relational else {}
            for key, field in records._fields.items()
        }

    def _see(self, record):
        """Everything that its user can read of a record."""
        record.env.flush_all()
        record.env.invalidate_all()
        names = [
            key for key in record._fields if key not in ("create_uid", "write_uid")
        ]
        return [
            self._attempt(lambda: record.read(names)),
            self._attempt(lambda: record.web_read(self._specify(record))),
            [self._attempt(lambda: record.mapped(key)) for key in names],
        ]

    def _reread(self):
        self.env.flush_all()
        self.env.invalidate_all()


class TestPlans(PlanningCase):
    def test_switching_on(self):
        """The dialog that says what a plan will send, with another company's plan."""
        admin = self.strangers["admin"]
        name = "fsm.confirmation.plan.switch"
        dialogs = self._as(admin, name)
        for value in in_every_type(self.secret_plan.id):

            def create():
                return self._see(dialogs.create({"plan_id": value}))

            def write():
                dialog = dialogs.create({"plan_id": self.own_plan.id})
                dialog.write({"plan_id": value})
                return self._see(dialog)

            def onchange():
                return dialogs.onchange({"plan_id": value}, [], self._specify(dialogs))

            def default():
                asked = self._as(admin, name, default_plan_id=value)
                return asked.onchange({}, [], self._specify(asked))

            for call in (create, write, onchange, default):
                self._check(f"{call.__name__} {value!r}", call, "17 days before")

    def test_into_another_company(self):
        """No plan is put where it would text another company's customers."""
        admin = self.strangers["admin"]

        def is_theirs(plan):
            self._reread()
            return plan.sudo().company_id == self.company and CHANGED

        for value in in_every_type(self.company.id):
            plans = self._as(admin, "fsm.confirmation.plan")
            mine = self._as(admin, self.own_plan)
            with_default = self._as(
                admin, "fsm.confirmation.plan", default_company_id=value
            )
            company = {"company_id": value}

            def write():
                mine.write({**company, "enabled": True})
                return is_theirs(mine)

            for case, call in {
                "write": write,
                "create": lambda: is_theirs(plans.create({"name": "x", **company})),
                "copy": lambda: is_theirs(mine.copy(company)),
                "default": lambda: is_theirs(with_default.create({"name": "x"})),
            }.items():
                self._check(f"{case} {value!r}", call)

    def test_steps_of_others(self):
        """No step is added to, or taken from, another company's plan."""
        admin = self.strangers["admin"]
        steps = self._as(admin, "fsm.confirmation.plan.step")
        step = self._as(admin, self.own_plan.step_ids)
        for value in in_every_type(self.secret_plan.id):

            def create():
                made = steps.create({"plan_id": value, "number": 3})
                self._reread()
                return made.sudo().plan_id == self.secret_plan and CHANGED

            def write():
                step.write({"plan_id": value})
                self._reread()
                return step.sudo().plan_id == self.secret_plan and CHANGED

            self._check(f"create {value!r}", create)
            self._check(f"write {value!r}", write)

        def take():
            command = Command.link(self.secret_plan.step_ids.id)
            self._as(admin, self.own_plan).write({"step_ids": [command]})
            self._reread()
            return not self.secret_plan.step_ids and CHANGED

        self._check("take", take)

    def test_forecast(self):
        self.own_plan.enabled = True
        self.secret_plan.enabled = True
        name = "fsm.confirmation.forecast.line"
        for level in ("read", "admin"):
            user = self.strangers[level]
            for company in (self.other, self.company):
                lines = self._as(user, name, allowed_company_ids=company.ids)

                def forecast():
                    return self._see(lines.search(lines.action_open()["domain"]))

                self._check(f"{level} {company.name}", forecast)
            plan = self._as(user, self.secret_plan)
            self._check(f"{level} plan", lambda: plan.action_forecast() and CHANGED)

    def test_holding(self):
        """Texts are held by Edit, and in one's own company."""
        held = {"confirmation_hold": True}
        for level, user in self.strangers.items():
            theirs = self._as(user, self.secret_order)
            self._check(level, lambda: theirs.action_hold_confirmation() or CHANGED)
            self._check(level, lambda: theirs.write(held) and CHANGED)
        order = {"location_id": self.location.id, "company_id": self.other.id}
        visit = {
            "order_id": self.own_order.id,
            "name": "x",
            "scheduled_date_start": "2040-01-01 09:00:00",
            "scheduled_date_end": "2040-01-01 10:00:00",
        }
        for level in ("none", "read"):
            user = self.strangers[level]
            for model, values in (("fsm.order", order), ("fsm.visit", visit)):
                records = self._as(user, model)

                def create(**context):
                    made = records.with_context(**context).create(values)
                    return made.sudo().confirmation_hold and CHANGED

                def stored():
                    defaults = records.env["ir.default"]
                    defaults.set(model, "confirmation_hold", True, True)
                    return create()

                for case, call in {
                    "create": lambda: records.create({**values, **held}) and CHANGED,
                    "stored default": stored,
                    "context": lambda: create(default_confirmation_hold=True),
                }.items():
                    self._check(f"{level} {model} {case}", call)

    def test_plan_info(self):
        """A shared contact tells nothing of another company's Work Orders."""
        shared = self._make_contact("Shared Sam", "+12125550166")
        order = self._make_order(location_id=self._make_location(shared).id)
        self.secret_plan.enabled = True
        for user in [*self.strangers.values(), self.portal]:
            contact = self._as(user, shared)
            self._check(user.login, lambda: self._see(contact), order.name)


class TestDayBoard(PlanningCase):
    def test_rows(self):
        for user in [*self.strangers.values(), self.portal]:
            board = self._as(user, "fsm.appointment")
            row = board.browse(2 * self.secret_order.id)
            of_zoe = [("contact_name", "=", "Zoe Secret")]
            words = ("reply_body", "ilike", "purple")
            calls = {
                "see": lambda: self._see(row),
                "search": lambda: self._see(board.search([])),
                "archived": lambda: board.with_context(active_test=False).search_read(
                    []
                ),
                "names": lambda: board.name_search(""),
                "groups": lambda: board.formatted_read_group(
                    [], ["contact_name", "reply_body", "mobile", "location_id"]
                ),
                "panel": lambda: board.search_panel_select_range("location_id"),
                "panels": lambda: board.search_panel_select_multi_range("partner_id"),
                "tiles": lambda: (
                    board.get_day_board_summary(of_zoe)["total"] and CHANGED
                ),
                "export": lambda: board.search([]).export_data(
                    ["contact_name", "reply_body", "message_id/body"]
                ),
                "export row": lambda: row.export_data(["contact_name", "reply_body"]),
                "step": lambda: row.action_next_step("conversation"),
                "open": lambda: row.action_open(),
                "ask": lambda: row.action_ask(),
                "ask all": lambda: (
                    board.action_ask_all(of_zoe)["context"]["default_order_ids"]
                    and CHANGED
                ),
                "mark": lambda: row.action_mark_read() or CHANGED,
                "set": lambda: row.action_set_status("confirmed") or CHANGED,
                "oracle": lambda: board.search_count([words]) and CHANGED,
                "path": lambda: (
                    board.search_count([("message_id.reply_body", "ilike", "purple")])
                    and CHANGED
                ),
                "state": lambda: (
                    board.search_count([("board_state", "=", "to_read")]) and CHANGED
                ),
                "bar": lambda: (
                    board.search_count([("appointment_search", "ilike", "Zoe")])
                    and CHANGED
                ),
            }
            for case, call in calls.items():
                self._check(f"{user.login} {case}", call)

    def test_moved_to_another_company(self):
        """A Work Order that moves to another company takes no words along."""
        self.secret_order.location_id.partner_id.company_id = False
        self.zoe.company_id = False
        self.secret_order.company_id = self.other
        self._reread()
        words = "purple elephant"
        for user in self.strangers.values():
            order = self._as(user, self.secret_order)
            row = self._as(user, "fsm.appointment").browse(2 * order.id)
            for record in (order, row, self._as(user, self.message)):
                found = str(self._attempt(lambda: self._see(record)))
                self.assertNotIn(words, found, (user.login, record))
            found = str(self._attempt(lambda: order.message_ids.mapped("body")))
            self.assertNotIn(words, found, user.login)

    def test_what_was_to_be_told_stays_behind(self):
        """A change of a Work Order that is another company's now is in no list."""
        self.company.job_confirmation_notice_moved = "hand"
        self._mark_sent(self.message)
        self.secret_order.location_id.partner_id.company_id = False
        self.zoe.company_id = False
        self.secret_order.scheduled_date_start += timedelta(days=1)
        changes = self.env["fsm.confirmation.change"]
        self.assertTrue(changes.search([]))
        self.secret_order.company_id = self.other
        self._reread()
        user = self._make_user("change_reader", "edit", self.company)
        changes = self._as(user, changes)
        self.assertFalse(changes.web_search_read([], self._specify(changes))["records"])

    def test_dispatchers_lead_nowhere(self):
        """Whose list of calls it is leads to nothing that the user may not search."""
        self.env["fsm.confirmation.call.list"].create(
            {
                "user_id": self.dispatcher.id,
                "company_id": self.company.id,
                "order_ids": [Command.set(self.secret_order.ids)],
            }
        )
        user = self._make_user("board_reader", "read", self.company)
        board = self._as(user, "fsm.appointment")
        found = board.search([("call_user_id", "=", self.dispatcher.id)])
        self.assertEqual(found.order_id, self.secret_order)
        name = [("call_user_id.login", "=", self.dispatcher.login)]
        self.assertEqual(board.search(name), found)
        self.assertFalse(board.search([("call_user_id.login", "=", "nobody")]))
        self.assertNotIn(
            found, board.search([("call_user_id", "!=", self.dispatcher.id)])
        )
        token = "sms_twilio_auth_token"
        for domain in (
            [(f"call_user_id.company_ids.{token}", "=like", "%")],
            [("call_user_id", "any", [(f"company_ids.{token}", "=like", "%")])],
            [("call_user_id", "not any", [(f"company_ids.{token}", "=like", "Z%")])],
        ):
            self._check(domain, lambda: (board.search_count(domain), CHANGED))


class TestContactsOfOthers(PlanningCase):
    def test_at_a_location(self):
        """A contact whose id was guessed at an own location is shown with no number."""
        for level in self.strangers:
            user = self._make_user(
                f"manager_{level}",
                level,
                self.other,
                "fieldservice.group_fsm_manager",
                "base.group_partner_manager",
            )
            self.env.flush_all()
            for name in ("contact_id", "owner_id"):

                def guess():
                    owner = {"name": "Guess", "owner_id": self.customer.id}
                    places = self._as(user, "fsm.location")
                    place = places.create({**owner, name: self.zoe.id})
                    order = self._as(user, "fsm.order").create(
                        {
                            "location_id": place.id,
                            "company_id": self.other.id,
                            "scheduled_date_start": self.start,
                        }
                    )
                    self.env.flush_all()
                    board = self._as(user, "fsm.appointment")
                    found = [self._see(order), self._see(board.browse(2 * order.id))]
                    number = [("mobile", "like", "5550188")]
                    return found, self._attempt(lambda: board.search_count(number))

                found, count = self._attempt(guess)
                for secret in ("5550188", "555-0188"):
                    self.assertNotIn(secret, str(found), (level, name))
                self.assertFalse(count, (level, name))

    def test_names_with_numbers(self):
        """The number beside a name is for who may read the contact."""
        place = self._make_location(self.customer, name="Shared place")
        place.contact_id = self.zoe
        for level, user in self.strangers.items():
            places = self._as(user, place, confirmation_company_id=self.other.id)
            named = {"contact_id": {"fields": {"display_name": {}}}}
            for call in (
                lambda: places.read(["contact_id"]),
                lambda: places.web_read(named),
                lambda: places.formatted_read_group(
                    [("id", "=", place.id)], ["contact_id"]
                ),
            ):
                found = str(self._attempt(call))
                self.assertIn("Zoe Secret", found)
                self.assertNotIn("555-0188", found, level)


class TestUndo(PlanningCase):
    def test_of_others(self):
        self._resolve(self.message, "confirmed")
        for level, user in self.strangers.items():
            undo = self._as(user, "fsm.confirmation.undo")
            message = self._as(user, self.message)
            self._check(level, lambda: undo.search_read([]))
            self._check(level, lambda: undo._undo(message) or CHANGED)

    def test_why_an_opt_out_was_undone(self):
        """It is told in the company of the message, whichever the user works in."""
        user = self.strangers["edit"]
        order = self._make_order(
            self._local_time("America/New_York", 5, 9), company_id=self.other.id
        )
        message = self._send(order, user)
        self._mark_sent(message)
        user.company_ids |= self.company
        user.company_id = self.company
        both = (self.company | self.other).ids
        record = self._as(user, message, allowed_company_ids=both)
        record.env["fsm.confirmation.response"]._resolve(record, "opted_out")
        record.env["fsm.confirmation.undo"]._undo(record)
        self._reread()
        entry = (
            self.env["phone.blacklist"]
            .with_context(active_test=False)
            .search([("number", "=", message.mobile)])
        )
        notes = entry.message_ids.filtered(lambda note: "by mistake" in note.body)
        self.assertEqual(notes.record_company_id, self.other)
