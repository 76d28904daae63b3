# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The Day Board: every appointment of a day, where it stands, what to do about it."""

from datetime import datetime, timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError

from ...models.appointment import fsm_appointment_search_mixin
from ..common import MODULE, ConfirmationTransactionCase, new_user

HOUR = timedelta(hours=1)


class DayBoardCase(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.numbers = 0

    @classmethod
    def _make_job(cls, phone=None, **values):
        """A Work Order of a customer of its own."""
        cls.numbers += 1
        if phone is None:
            phone = f"+1212555{3000 + cls.numbers}"
        contact = cls._make_contact(f"Customer {cls.numbers}", phone)
        return cls._make_order(location_id=cls._make_location(contact).id, **values)

    def _appointments(self, level="edit"):
        return (
            self.env["fsm.appointment"]
            .with_user(self.users[level])
            .with_context(allowed_company_ids=self.company.ids)
        )

    def _row(self, appointment, level="edit"):
        """The row of a Work Order or Visit, as it is now."""
        self.env.flush_all()
        self.env.invalidate_all()
        name = "visit_id" if appointment._name == "fsm.visit" else "order_id"
        return self._appointments(level).search([(name, "=", appointment.id)])

    def _steps(self, row):
        return [step["key"] for step in row.next_steps]

    def _tiles(self, domain=()):
        self.env.flush_all()
        self.env.invalidate_all()
        summary = self._appointments().get_day_board_summary(list(domain))
        counts = {tile["key"]: tile["count"] for tile in summary["tiles"]}
        self.assertEqual(sum(counts.values()), summary["total"])
        return {key: count for key, count in counts.items() if count}


class TestContents(DayBoardCase):
    def test_a_visit_or_an_order_without_visits(self):
        several = self._make_job()
        visits = self._make_visit(several, 0) | self._make_visit(several, 3)
        rows = self._appointments().search([])
        self.assertEqual(rows.filtered("visit_id").visit_id, visits)
        self.assertEqual(
            rows.filtered(lambda rec: not rec.visit_id).order_id, self.order
        )
        self.assertEqual(len(set(rows.ids)), 3)
        row = self._row(visits[1])
        self.assertEqual(row.scheduled_date_start, visits[1].scheduled_date_start)
        self.assertEqual(row.person_id, self.technician)
        self.assertEqual(row.job_name, several.name)

    def test_who_was_not_asked_is_there_and_can_be(self):
        row = self._row(self.order)
        self.assertEqual(row.board_state, "not_asked")
        self.assertEqual(row.shown_contact, "Maria Gomez")
        self.assertEqual(row.shown_mobile, "(212) 555-0123")
        self.assertEqual(self._steps(row)[0], "send")
        action = row.action_next_step("send")
        self.assertEqual(action["res_model"], "fsm.confirmation.send")
        self.assertEqual(action["context"]["default_order_id"], self.order.id)

    def test_send_asks_about_this_very_visit(self):
        self._make_visit(self.order, 0)
        later = self._make_visit(self.order, 2)
        action = self._row(later).action_next_step("send")
        self.assertEqual(action["context"]["default_visit_id"], later.id)

    def test_why_a_customer_cant_be_asked(self):
        none = self._make_job("")
        invalid = self._make_job("555-CALL")
        extension = self._make_job("(212) 555-0199 ext. 4")
        opted_out = self._make_job()
        self.env["phone.blacklist"].sudo()._add(
            [opted_out.location_id.contact_id.phone_sanitized]
        )
        landline = self._make_job()
        failed = self._send(landline).sudo()
        failed.write({"state": "failed", "failure_type": "landline", "is_open": False})
        landline.sudo().confirmation_status = "not_sent"
        for order, words in (
            (none, "No contact has a mobile number"),
            (invalid, "not valid"),
            (extension, "extension"),
            (opted_out, "opted out"),
            (landline, "landline"),
        ):
            row = self._row(order)
            with self.subTest(words):
                self.assertEqual(row.board_state, "cant_ask")
                self.assertIn(words, row.remark)
                self.assertIn("send", self._steps(row), "another contact")
        self.assertEqual(self._steps(self._row(opted_out))[0], "call")
        self.assertIn("allow_texts", self._steps(self._row(opted_out)))

    def test_another_contact_with_a_mobile_number_is_who_would_be_asked(self):
        order = self._make_job("")
        colleague = self._make_contact(
            "Colleague", "+12125550188", parent_id=order.location_id.owner_id.id
        )
        row = self._row(order)
        self.assertEqual(row.board_state, "not_asked")
        self.assertEqual(row.shown_contact, colleague.name)

    def test_the_company_is_not_set_up(self):
        self.company.sms_twilio_auth_token = False
        row = self._row(self.order)
        self.assertEqual(row.board_state, "cant_ask")
        self.assertIn("Twilio is not set up", row.remark)

    def test_from_the_question_to_the_answer(self):
        sent = self._send()
        row = self._row(self.order)
        self.assertEqual((row.board_state, row.message_id), ("awaiting", sent))
        self.assertIn("no response yet", row.remark)
        self._reply("Yes")
        row = self._row(self.order)
        self.assertEqual((row.board_state, row.remark), ("confirmed", "“Yes”"))
        self.assertEqual(self._steps(row)[0], "conversation")
        self._let_a_moment_pass()
        self._reply("How long will it take?")
        row = self._row(self.order)
        self.assertEqual(row.board_state, "to_read")
        self.assertEqual(row.remark, "“How long will it take?”")
        self.assertIn("mark_read", self._steps(row))
        row.action_next_step("mark_read")
        self.assertEqual(self._row(self.order).board_state, "confirmed")

    def test_declined(self):
        self._send()
        self._reply("No")
        row = self._row(self.order)
        self.assertEqual(row.board_state, "declined")
        self.assertEqual(self._steps(row)[:3], ["propose", "call", "reschedule"])
        self.assertTrue(row.next_steps[0]["primary"])
        self.assertEqual(self._steps(self._row(self.order, "read"))[0], "conversation")
        row = self._row(self.order)
        action = row.action_next_step("reschedule")
        later = self.start + timedelta(days=5)
        wizard = self.env["fsm.confirmation.settle"].with_user(self.dispatcher)
        wizard = wizard.with_context(**action["context"]).create({})
        self.assertEqual(wizard.scheduled_date_start, self.start)
        wizard.scheduled_date_start = later
        done = wizard.action_apply()
        self.assertIn("Maria Gomez doesn't know yet", done["params"]["message"])
        self.assertEqual(self.order.scheduled_date_start, later)
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_another_day_without_a_clear_no(self):
        sent = self._send()
        self._reply("Can you do Friday instead?")
        row = self._row(self.order)
        self.assertEqual(row.board_state, "to_read")
        self.assertTrue(sent.proposed_text.startswith("Fri"))
        said = f"“Can you do Friday instead?” ({sent.proposed_text})"
        self.assertEqual(row.remark, said)
        self.assertEqual(self._row(self.order, "read").remark, said)
        self.assertEqual(self._steps(row)[:3], ["move", "propose", "conversation"])
        self.assertTrue(row.next_steps[0]["primary"])
        self.assertTrue(row.action_next_step("move")["context"])

    def test_after_proposing_times_the_declined_date_is_not_what_comes_first(self):
        self._mark_sent(self._send())
        self._reply("No")
        action = self._row(self.order).action_next_step("propose")
        wizards = self.env["fsm.confirmation.propose"].with_user(self.dispatcher)
        allowed = {"allowed_company_ids": self.company.ids}
        wizards.with_context(**action["context"], **allowed).create({}).action_send()
        row = self._row(self.order)
        self.assertEqual(row.board_state, "awaiting")
        self.assertIn("Times proposed", row.remark)
        self.assertEqual(self._steps(row)[0], "conversation")
        self.assertEqual(self._steps(row)[-1], "send")

    def test_near(self):
        self.order.scheduled_date_start = fields.Datetime.now() + timedelta(hours=3)
        self._send()
        row = self._row(self.order)
        self.assertEqual(row.board_state, "near")
        self.assertEqual(self._steps(row)[0], "call")

    def test_passed(self):
        sent = self._send()
        self._pass_time(sent, hours=3)
        row = self._row(self.order)
        self.assertEqual(row.board_state, "passed")
        self.assertFalse({"send", "call"} - {"call"} & set(self._steps(row)))

    def test_canceled(self):
        """Whatever the customer answered: nobody comes."""
        self._send()
        self._reply("Yes")
        self.assertFalse(self.order.confirmation_canceled)
        self.order.stage_id = self.env.ref("fieldservice.fsm_stage_cancelled")
        self.assertEqual(self._row(self.order).board_state, "passed")
        self.assertTrue(self.order.confirmation_canceled)

    def test_a_change_that_waits_is_told_from_the_row(self):
        self.company.job_confirmation_notice_technician = "hand"
        self.order.person_id = self.technician
        self._mark_sent(self._send())
        self._reply("Yes")
        other = self.env["fsm.person"].create({"name": "Carla Other"})
        self.order.person_id = other
        row = self._row(self.order)
        self.assertIn("Carla Other", row.remark)
        self.assertEqual(self._steps(row)[0], "tell_change")
        self.assertTrue(row.next_steps[0]["primary"])
        self.assertNotIn("tell_change", self._steps(self._row(self.order, "read")))
        action = row.action_next_step("tell_change")
        dialog = row.env["fsm.confirmation.tell"].browse(action["res_id"])
        self.assertEqual(dialog.example_name, "Maria Gomez")
        self.assertIn("Carla", dialog.example_body)
        dialog.action_send()
        self.assertIn("Carla", self.order.confirmation_ids.sorted("id")[-1].body)
        row = self._row(self.order)
        self.assertNotIn("tell_change", self._steps(row))
        self.assertEqual(row.board_state, "confirmed")

    def test_every_step_can_be_taken_on_the_board(self):
        """The web client opens what has views; a button of a form adds them itself."""
        declined, opted_out = self._make_job(), self._make_job()
        self._send(declined)
        self._reply("No", number=declined.location_id.contact_id.phone_sanitized)
        number = opted_out.location_id.contact_id.phone_sanitized
        self.env["phone.blacklist"].sudo()._add([number])
        self.dispatcher.group_ids |= self.env.ref("base.group_partner_manager")
        self.dispatcher.group_ids |= self.env.ref("fieldservice.group_fsm_dispatcher")
        taken = set()
        for order in (self.order, declined, opted_out):
            row = self._row(order)
            for key in self._steps(row):
                with self.subTest(key):
                    action = row.action_next_step(key)
                    taken.add(key)
                    self.assertTrue(not action or action["views"])
        self.assertLessEqual({"send", "reschedule", "allow_texts", "contact"}, taken)

    def test_a_moved_date_is_to_be_asked_about_again(self):
        self._send()
        self._reply("Yes")
        self.order.scheduled_date_start += timedelta(days=1)
        row = self._row(self.order)
        self.assertEqual(row.board_state, "not_asked")
        self.assertIn("Confirmed for the old time", row.remark)
        order = self.order.with_user(self.dispatcher)
        self.assertTrue(order.has_moved_appointment)
        self.assertIn("Confirmed for the old time", order.confirmation_old_text)
        self.assertIn("9:00", order.confirmation_old_text.replace("\u202f", " "))

    def test_proposed_times_are_everywhere(self):
        """Nobody reads “Not sent” where the board awaits the customer's choice."""
        for appointment in (self._make_job(), self._make_visit(self._make_job(), 0)):
            order = appointment._get_appointment_order()
            self.assertFalse(order.confirmation_times_pending)
            context = appointment.with_user(self.dispatcher).action_propose_times()
            wizards = self.env["fsm.confirmation.propose"].with_user(self.dispatcher)
            allowed = {"allowed_company_ids": self.company.ids}
            wizards.with_context(**context["context"], **allowed).create(
                {}
            ).action_send()
            self.assertEqual(self._row(appointment).board_state, "awaiting")
            for shown in (order, appointment):
                mine = shown.with_user(self.users["read"])
                self.assertEqual(mine.confirmation_status, "not_sent")
                self.assertTrue(mine.confirmation_times_pending)
            appointment.sudo().confirmation_status = "confirmed"
            self.env.invalidate_all()
            self.assertFalse(appointment.confirmation_times_pending)
            self.assertEqual(self._row(appointment).board_state, "confirmed")

    def test_the_note_to_a_moved_date(self):
        self._send()
        self._reply("Yes, gate code is 1234")
        row = self._row(self.order)
        self.assertEqual(row.customer_note, "gate code is 1234")
        self.assertEqual(row.remark, "“Yes, gate code is 1234”")
        self.order.scheduled_date_start += timedelta(days=1)
        row = self._row(self.order)
        self.assertEqual(row.board_state, "to_read")
        self.assertIn("About the old time: “Yes, gate code", row.remark)
        row.action_next_step("mark_read")
        self._send()
        self._reply("Yes")
        row = self._row(self.order)
        self.assertEqual(row.remark, "“Yes”")
        self.assertIn("gate code is 1234", row.customer_note)

    def test_the_answer_set_by_hand(self):
        self._row(self.order).action_set_status("confirmed")
        self.assertEqual(self.order.sudo().confirmation_status, "confirmed")
        row = self._row(self.order)
        self.assertEqual(row.board_state, "confirmed")
        self.assertEqual(row.remark, f"Set by {self.dispatcher.name}")
        with self.assertRaises(UserError):
            row.action_set_status("opted_out")

    def test_by_hand_until_the_customer_says_so(self):
        sent = self._send()
        self._reply("No")
        self._row(self.order).action_set_status("confirmed")
        words = f"Set by {self.dispatcher.name}"
        self.assertEqual(self._row(self.order).remark, words)
        self._let_a_moment_pass()
        self._reply("Sorry, I can't make it")
        row = self._row(self.order)
        said = "“Sorry, I can't make it”"
        self.assertEqual((row.board_state, row.remark), ("declined", said))
        self._resolve(sent, "confirmed")
        row = self._row(self.order)
        self.assertEqual((row.board_state, row.remark), ("confirmed", words))
        self.order.sudo(False).with_user(self.users["admin"]).write(
            {"confirmation_user_id": self.users["admin"].id}
        )
        self.assertEqual(self._row(self.order).remark, words, "the server's to say")

    def test_asked_by_email(self):
        contact = self._make_contact("Ana Ruiz", False, email="ana@example.com")
        order = self._make_order(location_id=self._make_location(contact).id)
        self._send(order, channel="email")
        self.assertIn("Asked by e-mail", self._row(order).remark)

    def test_where_the_work_happens(self):
        contact = self._make_contact("Ken", "+13105550120")
        order = self._make_order(
            location_id=self._make_location(contact, tz="America/Los_Angeles").id
        )
        self.assertRegex(self._row(order).time_text, r"P[SD]T$")
        self.assertNotRegex(self._row(self.order).time_text, r"E[SD]T$")
        # Nothing else in the row is in another zone.
        sent = self._send(order) | self._send()
        for asked, words in (
            (datetime(2026, 3, 3, 22, 5), "2:05"),
            (datetime(2026, 3, 4, 7, 30), "11:30"),
        ):
            sent.sudo().sent_date = asked
            with freeze_time(datetime(2026, 3, 4, 7, 40)):
                remark = self._row(order).remark.replace("\u202f", " ")
                self.assertIn(f"Asked {words} PM PST,", remark)
        with freeze_time(datetime(2026, 3, 4, 7, 40)):
            self.assertIn("Asked 2:30 AM,", self._row(self.order).remark)

    def test_found_by_the_search_bar(self):
        order = self._make_job("(312) 555-0147")
        contact = order.location_id.contact_id
        for text in (contact.name, order.name, "312-555-0147", "5550147"):
            with self.subTest(text):
                found = self._appointments().search(
                    [("appointment_search", "ilike", text)]
                )
                self.assertEqual(found.order_id, order)
        found = self._appointments().search(
            [("appointment_search", "ilike", "%nobody%")]
        )
        self.assertFalse(found)


class TestSummary(DayBoardCase):
    def _make_day(self):
        self._make_job("")
        waiting = self._make_job()
        self._send(waiting)
        confirmed = self._make_job()
        number = self._send(confirmed).mobile
        self._reply("Yes", number=number)

    def test_tiles_add_up(self):
        self._make_day()
        expected = {"not_asked": 1, "cant_ask": 1, "awaiting": 1, "confirmed": 1}
        self.assertEqual(self._tiles(), expected)
        summary = self._appointments().get_day_board_summary([])
        self.assertEqual(summary["line"], "25% of 4 confirmed, 1 to ask, 1 to call")
        self.assertEqual(summary["to_ask"], 1)

    def test_a_tile_finds_what_it_counts(self):
        self._make_day()
        appointments = self._appointments()
        day = ("scheduled_date_start", ">", "2020-01-01")
        for state, count in self._tiles().items():
            with self.subTest(state):
                found = appointments.search([day, ("board_state", "=", state)])
                self.assertEqual(found.mapped("board_state"), [state] * count)
        both = [
            "|",
            ("board_state", "=", "not_asked"),
            ("board_state", "=", "awaiting"),
        ]
        self.assertEqual(appointments.search_count([day, *both]), 2)
        self.assertEqual(
            appointments.search_count([("board_state", "!=", "awaiting")]), 3
        )
        groups = appointments.web_read_group(
            [day, ("board_state", "in", ["cant_ask"])], ["person_id"], ["__count"]
        )
        self.assertEqual([group["__count"] for group in groups["groups"]], [1])

    def test_too_many_at_once(self):
        self._make_day()
        with (
            patch.object(fsm_appointment_search_mixin, "MAX_EXAMINED", 2),
            self.assertRaisesRegex(UserError, "Choose a day"),
        ):
            self._appointments().search([("board_state", "=", "awaiting")])

    def test_ask_all_who_were_not_asked(self):
        self._make_day()
        several = self._make_job()
        self._make_visit(several, 0)
        later = self._make_visit(several, 2)
        action = self._appointments().action_ask_all([])
        wizard = (
            self.env["fsm.confirmation.batch"]
            .with_user(self.dispatcher)
            .with_context(allowed_company_ids=self.company.ids, **action["context"])
            .create({})
        )
        self.assertEqual((wizard.ready_count, wizard.skipped_count), (3, 0))
        wizard.action_send()
        self.assertEqual(self._tiles(), {"cant_ask": 1, "awaiting": 4, "confirmed": 1})
        self.assertEqual(later.sudo().confirmation_status, "awaiting")

    def test_ask_again_takes_those_who_have_not_answered(self):
        self._make_day()
        rows = self._appointments().search([])
        wizards = self.env["fsm.confirmation.batch"].with_user(self.dispatcher)
        wizards = wizards.with_context(allowed_company_ids=self.company.ids)
        first = wizards.with_context(**rows.action_ask()["context"]).create({})
        again = wizards.with_context(**rows.action_ask_again()["context"]).create({})
        self.assertEqual((first.ready_count, again.ready_count), (1, 2))
        self.assertIn("Confirmed already", again.skipped_info)

    def test_the_days(self):
        days = self._appointments().get_days()
        self.assertLess(days["today"], days["tomorrow"])
        self.assertLessEqual(days["tomorrow"], days["first"])
        self.assertLessEqual(days["first"], days["working_day"])
        self._make_job(start=self._local_time("America/New_York", days=1, hour=9))
        days = self._appointments().get_days()
        self.assertEqual(days["first"], days["tomorrow"])

    def test_figures_count_appointments(self):
        self._make_day()
        [row] = self._appointments().formatted_read_group(
            [],
            [],
            ["confirmed_rate:avg", "asked_rate:avg", "answer_hours:avg", "__count"],
        )
        self.assertEqual(row["__count"], 4)
        self.assertEqual(
            (row["asked_rate:avg"], row["confirmed_rate:avg"]), (0.5, 0.25)
        )

    def test_figures_by_step_and_hour(self):
        """Each step has its own share of answers; hours stand as people write them."""
        self._make_day()
        first, second = (self._make_job() for _count in range(2))
        plan = self.env["fsm.confirmation.plan"].create(
            {
                "name": "Two steps",
                "company_id": self.company.id,
                "enabled": True,
                "step_ids": [
                    (0, 0, {"unit": "hours", "number": number}) for number in (20, 300)
                ],
            }
        )
        late, early = plan.step_ids.sorted("number")
        planner = self.env["fsm.confirmation.planner"]
        planner._plan_batch(self.company)
        self._reply("Yes", number=first.confirmation_ids.mobile)
        planner._plan_batch(self.company, second.scheduled_date_start - 20 * HOUR)
        model = self._appointments()
        groups = model.formatted_read_group(
            [], ["step_id"], ["__count", "asked_rate:avg", "confirmed_rate:avg"]
        )
        figures = {
            group["step_id"] and group["step_id"][0]: (
                group["__count"],
                group["asked_rate:avg"],
                group["confirmed_rate:avg"],
            )
            for group in groups
        }
        # Who was asked by hand and has not answered is asked by the second as well.
        expected = {early.id: (1, 1, 1), late.id: (3, 1, 0), False: (2, 0.5, 0.5)}
        self.assertEqual(figures, expected)
        hours = model.fields_get(["sent_hour"])["sent_hour"]
        self.assertIn(("09:00", "9 AM"), hours["selection"])
        self.assertEqual(hours["falsy_value_label"], "Not asked")
        groups = model.formatted_read_group([], ["sent_hour"], ["__count"])
        self.assertEqual(sum(group["__count"] for group in groups), 6)


class TestRights(DayBoardCase):
    def test_levels(self):
        row = self._row(self.order, "read")
        self.assertFalse(row.may_set_status)
        self.assertEqual(self._steps(row), ["call", "open_order"])
        self.assertFalse(self._appointments("read").get_day_board_summary([])["to_ask"])
        for name, args in (
            ("action_set_status", ["confirmed"]),
            ("action_ask", []),
            ("action_ask_again", []),
            ("action_mark_read", []),
        ):
            with self.subTest(name), self.assertRaises(AccessError):
                getattr(row, name)(*args)
        with self.assertRaises(AccessError):
            self._appointments("read").action_ask_all([])
        with self.assertRaises(UserError):
            row.action_next_step("send")

    def test_without_a_level_there_is_nothing(self):
        nobody = self._appointments("none")
        for call in (
            lambda: nobody.search([]),
            lambda: nobody.get_day_board_summary([]),
            lambda: nobody.get_days(),
            lambda: nobody.browse(2 * self.order.id).action_open(),
            lambda: nobody.browse(2 * self.order.id).action_next_step("open_order"),
        ):
            with self.assertRaises(AccessError):
                call()

    def test_nobody_writes_a_row(self):
        row = self._row(self.order, "admin")
        for call in (
            lambda: row.write({"confirmation_status": "confirmed"}),
            row.unlink,
            lambda: row.create({"job_name": "X"}),
        ):
            with self.assertRaises(AccessError):
                call()

    def test_another_company(self):
        other = self._make_company("Other Services", number="+12025550133")
        stranger = new_user(
            self.env,
            "board_stranger",
            groups=f"base.group_user,{MODULE}.group_message_center_edit",
            companies=other,
        )
        rows = self.env["fsm.appointment"].with_user(stranger)
        rows = rows.with_context(allowed_company_ids=other.ids)
        self.assertFalse(rows.search([]))
        self.assertEqual(rows.get_day_board_summary([])["total"], 0)
        guessed = rows.browse(2 * self.order.id)
        for call in (
            lambda: guessed.read(["contact_name"]),
            guessed.action_open,
            guessed.action_ask,
            lambda: guessed.action_set_status("confirmed"),
            lambda: guessed.action_next_step("send"),
        ):
            with self.assertRaises(AccessError):
                call()


class TestOtherScreens(DayBoardCase):
    def _changes(self, function):
        chatter = type(self.env["fsm.confirmation.chatter"])
        sent = []
        with patch.object(
            chatter, "_send_to_screens", lambda _self, changes: sent.append(changes)
        ):
            self.env.flush_all()
            self.env.cr.precommit.run()
            sent.clear()
            function()
            self.env.cr.precommit.run()
        key = (self.company.id, "order_ids")
        return {id_ for changes in sent for id_ in changes.get(key, ())}

    def test_they_are_told_what_others_change(self):
        visit = self._make_visit(self.order, 0)
        person = self.env["fsm.person"].create({"name": "Carla"})
        for change in (
            lambda: self.order.write({"person_id": person.id}),
            lambda: self.order.sudo().write({"confirmation_status": "confirmed"}),
            lambda: visit.write({"scheduled_date_start": self.start}),
            lambda: self._make_visit(self.order, 1),
            visit.unlink,
        ):
            self.assertIn(self.order.id, self._changes(change))
        self.assertFalse(self._changes(lambda: self.order.write({"priority": "1"})))


class TestQueries(DayBoardCase):
    def _count(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        function()
        return self.env.cr.sql_log_count - before

    def _look(self):
        appointments = self._appointments()
        domain = [("scheduled_date_start", ">", "2020-01-01")]
        names = ["time_text", "board_state", "remark", "shown_mobile", "next_steps"]
        specification = {name: {} for name in names}
        specification["person_id"] = {"fields": {"display_name": {}}}
        appointments.web_search_read(domain, specification, limit=100)
        appointments.get_day_board_summary(domain)

    def test_a_day_of_many_takes_as_many_as_one_of_few(self):
        """In a day there may be 500: what each costs is not a query."""
        for phone in (None, "", None, "555-CALL", None):
            self._make_job(phone)
        self._send(self._make_job())
        self._look()
        few = self._count(self._look)
        for number in range(45):
            self._make_job("" if number % 9 == 0 else None)
        many = self._count(self._look)
        self.assertLessEqual(many, few + 6)
        self.assertLess(many, 120)
