# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Staff propose times, the customer takes one, a person sets it (SPEC R15.2)."""

from datetime import timedelta

import pytz

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import ConfirmationHttpCase


@tagged("post_install", "-at_install")
class TestPropose(ConfirmationHttpCase):
    """Through the simulator and real signed webhooks."""

    def setUp(self):
        super().setUp()
        calendar = self.env["resource.calendar"].create(
            {
                "name": "Weekdays 8 to 17",
                "tz": "America/New_York",
                "company_id": self.company.id,
            }
        )
        self.technician.calendar_id = calendar
        self.order.person_id = self.technician
        self.dispatcher.group_ids |= self.env.ref("fieldservice.group_fsm_dispatcher")
        self.question = self._send(self.order)
        self._run_outbox()

    def _suggest(self, message):
        appointment = message._get_appointment_sudo()
        proposals = self.env["fsm.confirmation.proposal"]
        return proposals._suggest(appointment, message.proposed_date)

    def _propose(self, message=None, **values):
        message = message or self.question
        dialogs = self.env["fsm.confirmation.propose"].with_user(self.dispatcher)
        dialogs = dialogs.with_context(default_confirmation_id=message.id)
        dialog = dialogs.create(values)
        dialog.action_send()
        self._run_outbox()
        return self.env["fsm.confirmation"].search([("kind", "=", "times")], limit=1)

    def _slots(self, record):
        return self.env["fsm.confirmation.slot"].search(
            [("confirmation_id", "=", record.id)]
        )

    def _steps(self, message=None):
        message = (message or self.question).with_user(self.dispatcher)
        return {step["key"]: step for step in message.next_steps}

    def test_from_no_to_a_new_date(self):
        self._customer_says("no, I can't make it")
        before = self.order.scheduled_date_start
        length = self.order.scheduled_date_end - before
        record = self._propose()
        row = self._row()
        self.assertEqual(row.board_state, "awaiting")
        self.assertIn("Times proposed", row.remark)
        self.assertEqual((record.kind, record.state), ("times", "delivered"))
        self.assertRegex(record.body, r"A: .+; B: .+; C: .+\. Reply with the letter")
        slots = self._slots(record)
        self.assertEqual(slots.mapped("letter"), ["A", "B", "C"])
        result = self._customer_says("b please")
        self.assertFalse(result["replies"])
        reply = self.env["fsm.confirmation.reply"].search([], limit=1)
        self.assertEqual(reply.intent_text, "Chose a time")
        self.assertIn("Understood as: Chose a time", self._history(self.order))
        self.assertEqual(self.order.scheduled_date_start, before, "only by a click")
        self.assertTrue(self.question.needs_reading)
        step = self._steps()["take_time"]
        self.assertTrue(step["primary"])
        self.assertIn("Set to B: ", step["label"])
        self.assertIn("gets a text with the new time", step["confirm"]["body"])
        self.assertIn(step["label"].removeprefix("Set to B: "), step["confirm"]["body"])
        [on_board] = [each for each in self._row().next_steps if "confirm" in each]
        self.assertEqual(on_board["confirm"], step["confirm"])
        self.question.with_user(self.dispatcher).action_next_step("take_time")
        self.assertEqual(self.order.scheduled_date_start, slots[1].date_start)
        self.assertEqual(
            self.order.scheduled_date_end - self.order.scheduled_date_start, length
        )
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertFalse(self.question.needs_reading or self.question.activity_id)
        self.assertNotIn("take_time", self._steps())
        self._run_outbox()
        told = self.env["fsm.confirmation"].search([], limit=1)
        self.assertEqual((told.kind, told.state), ("notice", "delivered"))
        self.assertIn("your appointment has been moved to", told.body)
        self.assertFalse(any(slots.mapped("is_held")))
        # No notice of the same change follows.
        changes = self.env["fsm.confirmation.change"]
        self.assertFalse(changes.search([("order_id", "=", self.order.id)]))
        # What agrees with that bothers nobody.
        self._customer_says("ok thanks")
        self.assertFalse(self.question.needs_reading)

    def test_a_second_click_proposes_nothing(self):
        self.order.person_id = False
        dialogs = self.env["fsm.confirmation.propose"].with_user(self.dispatcher)
        values = {
            "confirmation_id": self.question.id,
            "first_date": self._local_time("America/New_York", 5, 10),
            "second_date": self._local_time("America/New_York", 6, 10),
        }
        dialog, other = dialogs.create([values, values])
        dialog.action_send()
        self._run_outbox()
        for again in (dialog, other):
            again.action_send()
        self._run_outbox()
        times = self.env["fsm.confirmation"].search([("kind", "=", "times")])
        self.assertEqual(len(times), 1)
        self.assertEqual(self._slots(times).mapped("is_held"), [True, True])

    def test_none_of_these_is_for_a_person(self):
        record = self._propose()
        self._customer_says("B")
        self.assertIn("take_time", self._steps())
        for words in ("none of these", "Yes", "no"):
            self.question.sudo().needs_reading = False
            result = self._customer_says(words)
            self.assertFalse(result["replies"], words)
            self.assertTrue(self.question.needs_reading, words)
            self.assertNotIn("take_time", self._steps())
        self.assertFalse(self.question.response)
        self.assertTrue(self._slots(record))

    def test_the_customers_wish_comes_first(self):
        start = self._local_time("America/New_York", 9, 10)
        self.question.sudo().proposed_date = start
        starts = self._suggest(self.question)
        self.assertIn(start, starts)
        self.assertEqual(starts, sorted(starts))
        self.assertEqual(len(starts), 3)
        other = self._make_order(start, person_id=self.technician.id)
        self.assertNotIn(start, self._suggest(self.question))
        self.assertTrue(other)

    def test_what_was_refused_is_not_proposed_again(self):
        self._customer_says("no")
        first = self._slots(self._propose()).mapped("date_start")
        self._customer_says("none of these")
        context = {"default_confirmation_id": self.question.id}
        dialogs = self.env["fsm.confirmation.propose"].with_user(self.dispatcher)
        again = dialogs.with_context(**context).create({})
        self.assertEqual(len(again._get_starts()), 3)
        self.assertFalse(set(first) & set(again._get_starts()))

    def test_a_wish_instead_of_what_was_proposed(self):
        self._customer_says("no")
        self._propose()
        day = self._local_time("America/New_York", 9, 15)
        while day.weekday() > 4:
            day += timedelta(days=1)
        self._customer_says(f"none of these, how about {day:%B} {day.day} at 3pm?")
        action = self.order.with_user(self.dispatcher).action_propose_times()
        dialogs = self.env["fsm.confirmation.propose"].with_user(self.dispatcher)
        dialog = dialogs.with_context(**action["context"]).create({})
        self.assertTrue(dialog.wish)
        self.assertIn(day, dialog._get_starts())

    def test_only_free_times_are_suggested(self):
        service = self.env["fsm.confirmation.free.time"]
        first, *_rest = service._find_starts(self.order, 3)
        self._make_order(first - timedelta(minutes=30), person_id=self.technician.id)
        again = service._find_starts(self.order, 3)
        self.assertTrue(all(at >= first + timedelta(minutes=90) for at in again))
        leave = first + timedelta(days=1)
        self.env["resource.calendar.leaves"].create(
            {
                "calendar_id": self.technician.calendar_id.id,
                "date_from": fields.Datetime.now(),
                "date_to": leave,
            }
        )
        self.assertTrue(all(at >= leave for at in service._find_starts(self.order, 3)))

    def test_days_on_which_the_company_is_closed(self):
        service = self.env["fsm.confirmation.free.time"]
        first, *_rest = service._find_starts(self.order, 3)
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Closed",
                "company_id": self.company.id,
                "calendar_id": False,
                "date_from": first - timedelta(hours=12),
                "date_to": first + timedelta(hours=36),
            }
        )
        again = service._find_starts(self.order, 3)
        self.assertGreaterEqual(again[0], first + timedelta(hours=36))

    def test_leaves_of_the_employee(self):
        if "hr.employee" not in self.env:
            self.skipTest("Employees are not managed in Odoo here")
        self.technician.calendar_id = False
        employee = self.env["hr.employee"].create(
            {
                "name": "Bob Ray",
                "company_id": self.company.id,
                "work_contact_id": self.technician.partner_id.id,
            }
        )
        service = self.env["fsm.confirmation.free.time"]
        self.assertEqual(service._get_resource(self.technician), employee.resource_id)
        first, *_rest = service._find_starts(self.order, 3)
        self.env["resource.calendar.leaves"].create(
            {
                "name": "Vacation",
                "calendar_id": employee.resource_id.calendar_id.id,
                "resource_id": employee.resource_id.id,
                "date_from": first - timedelta(hours=12),
                "date_to": first + timedelta(days=3),
            }
        )
        again = service._find_starts(self.order, 3)
        self.assertGreaterEqual(again[0], first + timedelta(days=3))

    def test_one_time_is_not_proposed_to_two(self):
        record = self._propose()
        taken = self._slots(record)[1].date_start
        other = self._make_order(
            self._local_time("America/New_York", 3, 9), person_id=self.technician.id
        )
        question = self._send(other)
        self._run_outbox()
        suggested = self._suggest(question)
        self.assertFalse(set(suggested) & set(self._slots(record).mapped("date_start")))
        with self.assertRaisesRegex(UserError, "isn't free"):
            self._propose(
                question, first_date=taken, second_date=suggested[2], third_date=False
            )
        # After its hour it is free again.
        self._slots(record).held_until = fields.Datetime.now() - timedelta(minutes=1)
        self._propose(
            question, first_date=taken, second_date=suggested[2], third_date=False
        )

    def test_work_without_a_technician_reserves_the_teams_time(self):
        """With nobody assigned, or equipment alone."""
        is_free = self.env["fsm.confirmation.free.time"]._is_free
        self.order.person_id = False
        record = self._propose()
        first, second = self._slots(record)[:2].mapped("date_start")
        self.assertEqual(self._slots(record).team_id, self.order.team_id)
        other = self._make_order(
            self._local_time("America/New_York", 30, 9), person_id=False
        )
        question = self._send(other)
        self._run_outbox()
        self.assertFalse(is_free(other, first))
        times = {"first_date": first, "second_date": second, "third_date": False}
        with self.assertRaisesRegex(UserError, "The team isn't free on .* assign a"):
            self._propose(question, **times)
        # A technician has time of their own, and another team as well.
        other.person_id = self.technician
        self.assertTrue(is_free(other, first))
        other.person_id = False
        team = self.env["fsm.team"].create(
            {"name": "North", "company_id": self.company.id}
        )
        other.team_id = team
        self.assertTrue(is_free(other, first))
        other.team_id = self.order.team_id
        # What the customer took is planned then, and nobody else's.
        self._customer_says("A", number=record.mobile)
        self._let_a_moment_pass()
        self.question.with_user(self.dispatcher).action_next_step("take_time")
        self.assertEqual(self.order.scheduled_date_start, first)
        with self.assertRaisesRegex(UserError, "The team isn't free on"):
            self._propose(question, **times)
        # As many at one time as the team has technicians.
        people = [{"name": name, "team_id": team.id} for name in ("Ann", "Joe")]
        for each in self.env["fsm.person"].create(people):
            each.team_id = self.order.team_id
        self.assertTrue(is_free(other, first))
        self._propose(question, **times)

    def test_a_letter_of_two_proposals_is_for_a_person(self):
        first = self._propose()
        other = self._make_order(
            self._local_time("America/New_York", 3, 9), person_id=self.technician.id
        )
        question = self._send(other)
        self._run_outbox()
        self._let_a_moment_pass()
        second = self._propose(question)
        self.assertNotEqual(first, second)
        result = self._customer_says("A")
        self.assertFalse(result["replies"])
        slots = self._slots(first) + self._slots(second)
        self.assertFalse(slots.filtered("is_chosen"), "which of them is not known")
        for message in (self.question, question):
            self.assertTrue(message.needs_reading)
            self.assertNotIn("take_time", self._steps(message))
        # Named by what only one of them has, it is that one.
        [start] = self._slots(second)[:1].mapped("date_start")
        there = pytz.utc.localize(start).astimezone(pytz.timezone("America/New_York"))
        self._customer_says(there.strftime("%B %-d at %-I:%M %p works"))
        self.assertEqual(slots.filtered("is_chosen"), self._slots(second)[0])

    def test_what_was_taken_meanwhile_is_not_set(self):
        record = self._propose()
        self._customer_says("the second one")
        slot = self._slots(record)[1]
        self._make_order(slot.date_start, person_id=self.technician.id)
        with self.assertRaisesRegex(UserError, "taken by now"):
            self.question.with_user(self.dispatcher).action_next_step("take_time")
        self.assertNotEqual(self.order.scheduled_date_start, slot.date_start)

    def test_a_leave_entered_after_the_offer(self):
        record = self._propose()
        slot = self._slots(record)[1]
        self.env["resource.calendar.leaves"].create(
            {
                "calendar_id": self.technician.calendar_id.id,
                "date_from": slot.date_start - timedelta(hours=2),
                "date_to": slot.date_end + timedelta(hours=2),
            }
        )
        self._customer_says("B")
        before = self.order.scheduled_date_start
        with self.assertRaisesRegex(UserError, "Propose other times"):
            self.question.with_user(self.dispatcher).action_next_step("take_time")
        self.assertEqual(self.order.scheduled_date_start, before)

    def test_an_appointment_that_changed_holds_no_times(self):
        record = self._propose()
        self.order.scheduled_date_start += timedelta(days=10)
        self.assertFalse(any(self._slots(record).mapped("is_held")))
        record = self._propose()
        self.order.stage_id = self.env.ref("fieldservice.fsm_stage_cancelled")
        self.assertFalse(any(self._slots(record).mapped("is_held")))
        self._customer_says("B")
        self.assertNotIn("take_time", self._steps())
        self.assertTrue(self.question.needs_reading)

    def test_a_work_order_that_is_gone_holds_no_times(self):
        beta = self._make_company("Beta Repairs", number="+12025550177")
        stranger = self._make_contact("Stranger", "+12125550155")
        for case, leave in {
            "another customer": lambda: self.order.write(
                {"location_id": self._make_location(stranger).id}
            ),
            "another company": lambda: self.order.write({"company_id": beta.id}),
            "deleted": lambda: self.order.unlink(),
        }.items():
            with self.subTest(case):
                self.order = self._make_order(
                    self.start + timedelta(days=7), person_id=self.technician.id
                )
                self.question = self._send(self.order)
                self._run_outbox()
                slots = self._slots(self._propose())
                self.assertTrue(all(slots.mapped("is_held")))
                leave()
                self.assertFalse(any(slots.mapped("is_held")))

    def test_who_opted_out_holds_no_times(self):
        record = self._propose()
        self._customer_says("STOP")
        self.assertFalse(any(self._slots(record).mapped("is_held")))

    def test_the_chosen_time_set_by_hand_is_told_with_the_click(self):
        record = self._propose()
        self._customer_says("B")
        start = self._slots(record)[1].date_start
        self.order.scheduled_date_start = start
        self.assertIn("take_time", self._steps())
        self.question.with_user(self.dispatcher).action_next_step("take_time")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertFalse(any(self._slots(record).mapped("is_held")))

    def test_the_customers_own_day_and_hour_are_agreed_on(self):
        start = self._local_time("America/New_York", 9, 10)
        self._customer_says(f"no, can you come on {start:%B %d} at 10 am?")
        self.assertEqual(self.question.proposed_date, start)
        action = self.question.with_user(self.dispatcher).action_move_as_proposed()
        dialogs = self.env[action["res_model"]].with_user(self.dispatcher)
        dialog = dialogs.with_context(**action["context"]).create({})
        result = dialog.action_apply()
        self.assertIn("The customer gets a text", result["params"]["message"])
        self._run_outbox()
        self.assertEqual(self.order.scheduled_date_start, start)
        self.assertEqual(self.order.confirmation_status, "confirmed")
        told = self.env["fsm.confirmation"].search([], limit=1)
        self.assertEqual((told.kind, told.state), ("notice", "delivered"))
        self.assertIn("your appointment has been moved to", told.body)
        self.assertFalse(self.env["fsm.confirmation.change"].search([]))

    def test_another_time_than_the_customers_own_is_asked_about(self):
        start = self._local_time("America/New_York", 9, 10)
        self._customer_says(f"no, can you come on {start:%B %d} at 10 am?")
        action = self.question.with_user(self.dispatcher).action_move_as_proposed()
        dialogs = self.env[action["res_model"]].with_user(self.dispatcher)
        dialog = dialogs.with_context(**action["context"]).create({})
        dialog.scheduled_date_start = start + timedelta(hours=1)
        dialog.action_apply()
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_b_but_at_another_hour_is_on_the_day_of_b(self):
        record = self._propose()
        day = self._slots(record)[1].date_start
        self._customer_says("B but at 3 pm")
        self.assertNotIn("take_time", self._steps())
        place = pytz.timezone("America/New_York")
        wish = pytz.utc.localize(self.question.proposed_date).astimezone(place)
        local = pytz.utc.localize(day).astimezone(place)
        self.assertEqual((wish.date(), wish.hour), (local.date(), 15))

    def test_work_of_several_days(self):
        self.order.scheduled_date_end += timedelta(days=2)
        record = self._propose()
        self.assertEqual(len(self._slots(record)), 3)
        self._customer_says("A")
        self.question.with_user(self.dispatcher).action_next_step("take_time")
        self.assertEqual(
            self.order.scheduled_date_start, self._slots(record)[0].date_start
        )

    def test_a_place_far_from_the_technicians_hours(self):
        location = self._make_location(self.customer, tz="America/Los_Angeles")
        self.order.location_id = location
        place = pytz.timezone("America/Los_Angeles")
        for start in self._suggest(self.question):
            local = pytz.utc.localize(start).astimezone(place)
            self.assertGreaterEqual(local.hour, 7)
        question = self._send(self.order)
        location.tz = "America/Denver"
        record = self._propose(question)
        proposals = self.env["fsm.confirmation.proposal"]
        for slot in self._slots(record):
            shown = proposals._format(self.order.sudo(), slot.date_start)
            self.assertIn(f"{slot.letter}: {shown}", record.body)

    def test_what_can_not_be_proposed(self):
        start = self._local_time("America/New_York", 9, 10)
        for values, reason in (
            ({"second_date": False, "third_date": False}, "two or three"),
            ({"second_date": start + timedelta(minutes=30)}, "overlap"),
            ({"first_date": fields.Datetime.now() - timedelta(days=1)}, "past"),
        ):
            values = {"first_date": start, "third_date": False, **values}
            with self.assertRaisesRegex(UserError, reason):
                self._propose(**values)
        self._customer_says("STOP")
        with self.assertRaisesRegex(UserError, "opted out"):
            self._propose()

    def test_outside_the_texting_hours(self):
        self.company.job_confirmation_calendar_id = self.env[
            "resource.calendar"
        ].create(
            {"name": "Never", "attendance_ids": [(5, 0, 0)], "tz": "America/New_York"}
        )
        dialogs = self.env["fsm.confirmation.propose"].with_user(self.dispatcher)
        dialog = dialogs.with_context(default_confirmation_id=self.question.id)
        dialog = dialog.create({})
        self.assertTrue(dialog.is_outside_hours)
        self.assertIn("no texting hours", dialog.hours_info)
        with self.assertRaisesRegex(UserError, "now with a reason"):
            dialog.action_send()
        dialog.send_now = True
        with self.assertRaisesRegex(UserError, "can't wait"):
            dialog.action_send()
        dialog.at_once_reason = "She asked for it"
        self.assertFalse(dialog.warning)
        dialog.action_send()
        self._run_outbox()
        told = self.env["fsm.confirmation"].search([], limit=1)
        self.assertEqual((told.kind, told.state), ("times", "delivered"))
        for record in (told, self.order, self.customer):
            self.assertIn("hours: She asked for it", self._history(record))

    def test_levels(self):
        for level in ("read", "none"):
            dialogs = self.env["fsm.confirmation.propose"].with_user(self.users[level])
            with self.assertRaises(AccessError):
                dialogs.create({"confirmation_id": self.question.id})
        self._propose()
        self._customer_says("B")
        # Who may not change Work Orders does not move one.
        for name in ("dispatcher", "user"):
            self.dispatcher.group_ids -= self.env.ref(f"fieldservice.group_fsm_{name}")
        self.env.invalidate_all()
        self.assertNotIn("take_time", self._steps())
        with self.assertRaises(UserError):
            self.question.with_user(self.dispatcher).action_next_step("take_time")

    def _row(self):
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.env["fsm.appointment"].with_user(self.dispatcher)
        return rows.search([("order_id", "=", self.order.id)])

    def test_from_the_board(self):
        get_row = self._row
        self._customer_says("no")
        action = get_row().action_next_step("propose")
        self.assertEqual(action["res_model"], "fsm.confirmation.propose")
        record = self._propose()
        self._customer_says("C")
        row = get_row()
        self.assertEqual(
            (row.board_state, row.next_steps[0]["key"]), ("to_read", "take_time")
        )
        row.action_next_step("take_time")
        self.assertEqual(
            self.order.scheduled_date_start, self._slots(record)[2].date_start
        )
        self.assertEqual(get_row().board_state, "confirmed")

    def test_a_visit(self):
        order = self._make_order(person_id=self.technician.id)
        visit = self._make_visit(order, 3)
        other = self._make_visit(order, 5)
        question = self._send(order, visit_id=visit.id)
        self._run_outbox()
        self._propose(question)
        self._customer_says("A")
        before = other.scheduled_date_start
        question.with_user(self.dispatcher).action_next_step("take_time")
        slots = self._slots(
            self.env["fsm.confirmation"].search([("kind", "=", "times")])
        )
        self.assertEqual(visit.scheduled_date_start, slots[0].date_start)
        self.assertEqual(other.scheduled_date_start, before)


@tagged("post_install", "-at_install")
class TestProposeFirst(ConfirmationHttpCase):
    """To a customer who was asked nothing yet, from the Work Order and the board."""

    def setUp(self):
        super().setUp()
        calendar = self.env["resource.calendar"].create(
            {"name": "Weekdays", "tz": "America/New_York"}
        )
        self.technician.calendar_id = calendar
        self.order.person_id = self.technician
        self.dispatcher.group_ids |= self.env.ref("fieldservice.group_fsm_dispatcher")

    def _dialog(self, appointment, **values):
        action = appointment.with_user(self.dispatcher).action_propose_times()
        dialogs = self.env[action["res_model"]].with_user(self.dispatcher)
        return dialogs.with_context(**action["context"]).create(values)

    def _propose(self, appointment, **values):
        self._dialog(appointment, **values).action_send()
        self._run_outbox()
        return self.env["fsm.confirmation"].search([("kind", "=", "times")], limit=1)

    def _take(self, record):
        message = record.with_user(self.dispatcher)
        self.assertIn("take_time", [step["key"] for step in message.next_steps])
        message.action_next_step("take_time")
        self._run_outbox()

    def _row(self):
        self.env.flush_all()
        self.env.invalidate_all()
        row = self.env["fsm.appointment"].search([("order_id", "=", self.order.id)])
        return row.with_user(self.dispatcher)

    def test_an_order_without_a_date(self):
        self.order.write({"scheduled_date_start": False, "scheduled_date_end": False})
        self.order.scheduled_duration = 2
        dialog = self._dialog(self.order)
        self.assertEqual(dialog.contact_name, "Maria Gomez")
        self.assertEqual(dialog.technician, "Bob Ray")
        self.assertFalse(dialog.warning)
        text = dialog.body
        record = self._propose(self.order)
        self.assertEqual((record.kind, record.state), ("times", "delivered"))
        self.assertEqual(record.body, text)
        self.assertIn(self.order.name, record.body)
        self.assertRegex(record.body, r"A: .+; B: .+; C: .+\. Reply with the letter")
        self.assertEqual(self.order.confirmation_status, "not_sent")
        self._customer_says("B")
        self.assertTrue(record.needs_reading)
        slots = self.env["fsm.confirmation.slot"].search([])
        self.assertEqual(slots[1].date_end - slots[1].date_start, timedelta(hours=2))
        self._take(record)
        self.assertEqual(self.order.scheduled_date_start, slots[1].date_start)
        self.assertEqual(self.order.scheduled_date_end, slots[1].date_end)
        self.assertEqual(self.order.confirmation_status, "confirmed")
        told = self.env["fsm.confirmation"].search([], limit=1)
        self.assertEqual((told.kind, told.state), ("notice", "delivered"))
        self.assertIn("your appointment has been moved to", told.body)

    def test_from_the_board(self):
        row = self._row()
        self.assertEqual(row.board_state, "not_asked")
        self.assertIn("propose", [step["key"] for step in row.next_steps])
        action = row.action_next_step("propose")
        self.assertEqual(action["context"]["default_order_id"], self.order.id)
        record = self._propose(self.order)
        row = self._row()
        self.assertEqual(row.board_state, "awaiting")
        self.assertIn("Times proposed", row.remark)
        steps = [step["key"] for step in row.next_steps]
        self.assertLessEqual({"send", "propose"}, set(steps))
        order = self.order.with_user(self.dispatcher)
        self.assertIn(
            "were proposed to Maria Gomez: A: ", order.confirmation_times_text
        )
        self._customer_says("the first one")
        order.invalidate_recordset()
        self.assertIn("Maria Gomez chose A: ", order.confirmation_times_text)
        row = self._row()
        self.assertEqual((row.board_state, row.message_id), ("to_read", record))
        row.action_next_step("take_time")
        self.assertEqual(self._row().board_state, "confirmed")
        reader = row.with_user(self.users["read"])
        self.assertNotIn("propose", [step["key"] for step in reader.next_steps])

    def test_a_visit(self):
        visit = self._make_visit(self.order, 3)
        record = self._propose(visit)
        self.assertEqual((record.order_id, record.visit_id), (self.order, visit))
        self._customer_says("A")
        self._take(record)
        slot = self.env["fsm.confirmation.slot"].search([], limit=1)
        self.assertEqual(visit.scheduled_date_start, slot.date_start)

    def test_who_was_asked_is_written_to_in_that_conversation(self):
        question = self._send(self.order)
        self._run_outbox()
        action = self.order.with_user(self.dispatcher).action_propose_times()
        self.assertEqual(action["context"], {"default_confirmation_id": question.id})

    def test_two_people_at_once(self):
        first, second = self._dialog(self.order), self._dialog(self.order)
        first.action_send()
        with self.assertRaisesRegex(UserError, "in the meantime"):
            second.action_send()

    def test_what_stands_in_the_way(self):
        self.customer.phone = False
        dialog = self._dialog(self.order)
        self.assertIn("no phone number", dialog.warning)
        with self.assertRaisesRegex(UserError, "no phone number"):
            dialog.action_send()
        self.customer.phone = "+12125550123"
        self.order.stage_id = self.env.ref("fieldservice.fsm_stage_cancelled")
        with self.assertRaisesRegex(UserError, "can't be moved"):
            self._dialog(self.order).action_send()
        dialogs = self.env["fsm.confirmation.propose"].with_user(self.dispatcher)
        with self.assertRaisesRegex(UserError, "no appointment"):
            dialogs.create({}).action_send()

    def test_only_with_edit(self):
        for level in ("read", "none"):
            order = self.order.with_user(self.users[level])
            with self.assertRaises(AccessError):
                order.action_propose_times()
            with self.assertRaises(AccessError):
                self.env["fsm.confirmation.propose"].with_user(
                    self.users[level]
                ).create({"order_id": self.order.id})
