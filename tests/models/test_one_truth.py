# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A fact that is set in one place is the same fact everywhere."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import Form

from ..common import ConfirmationTransactionCase

ATTENTION = [
    ("appointment_start", ">=", fields.Datetime.now()),
    ("closed_reason", "!=", "replaced"),
    ("indicator", "in", ("declined", "unrecognized", "opted_out", "failed")),
]


class TruthCase(ConfirmationTransactionCase):
    def _asked(self, order=None, **values):
        record = self._send(order, **values)
        self._mark_sent(record)
        return record

    def _set(self, appointment, status):
        appointment.with_user(self.dispatcher).confirmation_status = status

    def _tile(self, key):
        summary = self.env["fsm.confirmation"].get_message_center_summary(
            [("company_id", "=", self.company.id)]
        )
        return {tile["key"]: tile["count"] for tile in summary["tiles"]}[key]

    def _changes(self):
        """What open screens are told of, since the last time."""
        data = self.env.cr.precommit.data.get("fsm_confirmation.changes") or {}
        found = {key: set(values) for key, values in data.items()}
        for values in data.values():
            values.clear()
        return found


class TestSetByHand(TruthCase):
    def test_a_status_set_on_the_work_order_is_the_answer(self):
        record = self._asked()
        self._reply("No")
        self._set(self.order, "confirmed")
        self.assertEqual((record.response, record.indicator), ("confirmed",) * 2)
        self.assertFalse(record.is_open)
        self.assertTrue(record.resolved_date)
        self.assertEqual((self._tile("declined"), self._tile("confirmed")), (0, 1))
        self.assertFalse(self.env["fsm.confirmation"].search(ATTENTION) & record)
        self.assertEqual(record.reply_body, "No", "the customer's words stay")
        [note] = [
            event
            for event in record.with_user(self.dispatcher).get_conversation()["events"]
            if event["kind"] == "note"
        ]
        self.assertIn("from Declined to Confirmed", note["text"])
        self.assertEqual(note["author"], self.dispatcher.name)
        self.assertIn("Declined to Confirmed", self._history(self.customer))

    def test_it_settles_whatever_was_asked_about_it(self):
        """Also of another contact, and a text that failed."""
        other = self._make_contact(
            "Juan Gomez", "+12125550124", parent_id=self.customer.id
        )
        failed = self._send()
        self._apply_rejection(failed, 30005, "unknown")
        first = self._asked(partner_id=other.id)
        second = self._asked()
        self.assertEqual((self._tile("failed"), self._tile("awaiting")), (0, 2))
        self._set(self.order, "confirmed")
        self.assertEqual(second.response, "confirmed")
        self.assertFalse(first.is_open or first.response)
        self.assertEqual(self._tile("awaiting"), 0)

    def test_a_failed_text_is_settled_too(self):
        record = self._send()
        self._apply_rejection(record, 30005, "unknown")
        self.assertEqual(self._tile("failed"), 1)
        self._set(self.order, "confirmed")
        self.assertEqual(self._tile("failed"), 0)
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_a_text_that_waits_does_not_leave(self):
        record = self._send()
        self._set(self.order, "confirmed")
        self.assertFalse(record.is_open)
        alerts = self.env["fsm.confirmation.alert"]
        self.assertTrue(alerts._get_departure_alert(record))
        other = self._make_order()
        waiting = self._send(other)
        self._set(other, "not_sent")
        self.assertEqual(waiting.state, "canceled")

    def test_the_same_from_the_message(self):
        other = self._make_contact(
            "Juan Gomez", "+12125550124", parent_id=self.customer.id
        )
        first = self._asked(partner_id=other.id)
        second = self._asked()
        self._resolve(first, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertFalse(second.is_open)

    def test_ask_again_by_hand_takes_the_answer_back(self):
        record = self._asked()
        self._reply("Yes")
        self._set(self.order, "reconfirm")
        self.assertEqual(record.indicator, "moved")
        self.assertIn(
            "ask_again",
            [step["key"] for step in record.with_user(self.dispatcher).next_steps],
        )

    def test_awaiting_needs_a_question(self):
        with self.assertRaisesRegex(UserError, "Send Confirmation"):
            self._set(self.order, "awaiting")
        record = self._asked()
        self._reply("No")
        self._set(self.order, "awaiting")
        self.assertTrue(record.is_open)
        self.assertFalse(record.response)
        self.assertEqual(self.order.confirmation_status, "awaiting")

    def test_of_a_moved_date_nothing_is_said(self):
        record = self._asked()
        self.order.scheduled_date_start += timedelta(days=1)
        self._set(self.order, "confirmed")
        self.assertFalse(record.response)
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_confirmed_on_the_phone_and_moved(self):
        """Without any text."""
        self._set(self.order, "confirmed")
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_on_a_work_order_with_visits(self):
        first, second = (self._make_visit(self.order, days) for days in (1, 2))
        with self.assertRaisesRegex(UserError, "visit"):
            self._set(self.order, "confirmed")
        record = self._asked(visit_id=first.id)
        self._reply("No")
        self._set(self.order, "confirmed")
        self.assertEqual(first.confirmation_status, "confirmed")
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(second.confirmation_status, "not_sent")
        self.assertEqual(self.order.confirmation_status, "not_sent")
        self._set(second, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")


class TestOptedOutByHand(TruthCase):
    def _assert_opted_out(self, record, other):
        self.assertIn("Opted out", self.customer.confirmation_opt_out)
        self.assertTrue(self._wizard().blocking_reason)
        for message in record | other:
            self.assertEqual(message.response, "opted_out")
            self.assertEqual(message.order_id.confirmation_status, "opted_out")
            self.assertFalse(message.is_open)
            self.assertEqual(
                message.order_id.activity_ids.activity_type_id.name, "Call the customer"
            )

    def test_the_same_effect_whichever_way(self):
        opt_out = {
            "text": lambda record: self._reply("STOP"),
            "message": lambda record: self._resolve(record, "opted_out"),
            "order": lambda record: self._set(record.order_id, "opted_out"),
            "rpc": lambda record: record.with_user(self.dispatcher).write(
                {"response": "opted_out"}
            ),
        }
        for way, do_it in opt_out.items():
            with self.subTest(way):
                other_order = self._make_order(self.start + timedelta(days=1))
                record, other = self._asked(), self._asked(other_order)
                do_it(record)
                self._assert_opted_out(record, other)
                self.customer.with_user(self.dispatcher)._lift_opt_out("agreed")
                self.assertFalse(self.customer.confirmation_opt_out)
                self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_without_a_message(self):
        self._set(self.order, "opted_out")
        self.assertIn("entered in Odoo", self.customer.confirmation_opt_out)
        self.assertTrue(self._wizard().blocking_reason)
        self.customer.with_user(self.dispatcher)._lift_opt_out("agreed")
        self.assertNotEqual(self.order.confirmation_status, "opted_out")

    def test_without_a_number(self):
        self.customer.phone = False
        self.location.phone = False
        with self.assertRaisesRegex(UserError, "number"):
            self._set(self.order, "opted_out")

    def test_open_contacts_see_it(self):
        self._changes()
        self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
            "+12125550123", "user"
        )
        self.customer.with_user(self.dispatcher)._lift_opt_out("agreed")
        self.assertIn(self.customer.id, self._changes()["partner_ids"])


class TestWhatWasConfirmed(TruthCase):
    def _confirmed(self):
        record = self._asked()
        self._reply("Yes")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        return record

    def test_another_location(self):
        record = self._confirmed()
        neighbor = self._make_location(self._make_contact("Ann Lee", "+12125550177"))
        self.order.location_id = neighbor
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertEqual(record.indicator, "moved")
        self.assertTrue(self.order.has_moved_appointment)
        self.order.location_id = self.location
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_late_yes_after_another_location(self):
        record = self._asked()
        neighbor = self._make_location(self._make_contact("Ann Lee", "+12125550177"))
        self.order.location_id = neighbor
        self.assertFalse(record.is_open)
        reply = self._reply("Yes")
        self.assertFalse(record.response)
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertIn("no longer planned", reply.auto_reply_body)
        self.assertTrue(record.needs_reading)

    def test_another_owner(self):
        self._confirmed()
        self.location.owner_id = self._make_contact("Ann Lee", "+12125550177")
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_another_number(self):
        record = self._confirmed()
        self.customer.phone = "+1 (212) 555-0123"
        self.assertEqual(self.order.confirmation_status, "confirmed", "the same one")
        self.customer.phone = "+12125550188"
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertEqual(record.indicator, "moved")
        self.customer.phone = "+12125550123"
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_late_yes_from_the_old_number(self):
        record = self._confirmed()
        self.customer.phone = "+12125550188"
        self._reply("I can make it after all", number="+12125550123")
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertTrue(record.needs_reading)

    def test_another_number_of_who_has_not_answered(self):
        record = self._asked()
        self.customer.phone = "+12125550188"
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertFalse(record.is_open)

    def test_visits_of_a_work_order_at_another_location(self):
        visit = self._make_visit(self.order, 1)
        self._asked(visit_id=visit.id)
        self._reply("Yes")
        neighbor = self._make_location(self._make_contact("Ann Lee", "+12125550177"))
        self.order.location_id = neighbor
        self.assertEqual(visit.confirmation_status, "reconfirm")
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_inside_the_confirmed_window(self):
        record = self._confirmed()
        self.order.scheduled_date_start += timedelta(minutes=30)
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertEqual(record.indicator, "confirmed")
        self.assertIn("answer stays", self._history(self.order))
        self.order.scheduled_date_start += timedelta(hours=2)
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertEqual(record.indicator, "moved")

    def test_another_technician_and_a_longer_job(self):
        self._confirmed()
        self.order.person_id = self.env["fsm.person"].create({"name": "Sue Park"})
        self.assertIn("Sue Park", self._history(self.order))
        end = self.order.scheduled_date_end
        self.order.scheduled_date_end = end + timedelta(hours=1)
        self.assertEqual(self.order.scheduled_date_start, self.start)
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertEqual(self._history(self.order).count("answer stays"), 2)

    def test_reopened(self):
        """What was true is true again."""
        stages = self.env.ref("fieldservice.fsm_stage_new")
        awaited = self._asked()
        confirmed, waiting = self._make_order(), self._make_order()
        code = self._asked(confirmed).code
        self._reply(f"Yes {code}")
        declined = self._make_order()
        code = self._asked(declined).code
        self._reply(f"No {code}")
        left = self._send(waiting)
        orders = self.order | confirmed | waiting | declined
        orders.action_cancel()
        self.assertEqual(
            orders.mapped("confirmation_status"),
            ["no_answer", "confirmed", "not_sent", "declined"],
        )
        self.assertEqual(left.state, "canceled")
        orders.write({"stage_id": stages.id})
        self.assertEqual(
            orders.mapped("confirmation_status"),
            ["awaiting", "confirmed", "not_sent", "declined"],
        )
        self.assertTrue(awaited.is_open)
        self.assertEqual(declined.activity_ids.activity_type_id.name, "Reschedule")

    def test_moved_while_canceled(self):
        record = self._confirmed()
        self.order.action_cancel()
        self.order.scheduled_date_start += timedelta(days=1)
        self.order.write({"stage_id": self.env.ref("fieldservice.fsm_stage_new").id})
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.assertEqual(record.indicator, "moved")

    def test_moved_before_anything_reached_the_customer(self):
        record = self._send()
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(record.state, "canceled")
        self.assertEqual(self.order.confirmation_status, "not_sent")

    def test_passed_without_an_answer(self):
        visit = self._make_visit(self._make_order(), 1)
        records = self._asked(), self._asked(visit.order_id, visit_id=visit.id)
        self._mark_sent(records[1])
        for record in records:
            self._pass_time(record, hours=1)
        self.env["fsm.confirmation.expiry"]._close_expired_sudo()
        for record in records:
            self.assertEqual(record.indicator, "no_answer")
            self.assertEqual(record.order_id.confirmation_status, "no_answer")
        self.assertEqual(visit.confirmation_status, "no_answer")
        self.order.scheduled_date_start = self.start
        self.assertEqual(self.order.confirmation_status, "reconfirm")

    def test_passed_with_an_answer(self):
        self._pass_time(self._confirmed(), hours=1)
        self.env["fsm.confirmation.expiry"]._close_expired_sudo()
        self.assertEqual(self.order.confirmation_status, "confirmed")


class TestMovedStart(TruthCase):
    def test_it_keeps_the_length(self):
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(
            self.order.scheduled_date_end - self.order.scheduled_date_start,
            timedelta(hours=2),
        )
        orders = self.order | self._make_order(self.start + timedelta(days=3), hours=1)
        orders.write({"scheduled_date_start": self.start})
        self.assertEqual(
            orders.mapped("scheduled_date_end"),
            [self.start + timedelta(hours=2), self.start + timedelta(hours=1)],
        )

    def test_in_the_form(self):
        order = self._make_order()
        self.env.cr.execute(
            "UPDATE fsm_order SET scheduled_duration = 0 WHERE id = %s", (order.id,)
        )
        order.invalidate_recordset()
        with Form(order) as form:
            form.scheduled_date_start = self.start + timedelta(days=1)
            self.assertEqual(
                form.scheduled_date_end, self.start + timedelta(days=1, hours=2)
            )

    def test_the_proposed_time(self):
        record = self._asked()
        self._reply("No, can you come Friday at 3pm?")
        self.env["fsm.confirmation.settle"].with_user(self.users["admin"]).sudo().create(
            {
                "action": "move",
                "confirmation_id": record.id,
                "scheduled_date_start": record.proposed_date,
            }
        ).action_apply()
        self.assertEqual(
            self.order.scheduled_date_end, record.proposed_date + timedelta(hours=2)
        )

    def test_the_next_visit_that_is_not_confirmed(self):
        first, second, third = (self._make_visit(self.order, days) for days in (1, 2, 3))
        self._set(first, "confirmed")
        self.assertEqual(self._wizard().visit_id, second)
        [draft] = self.env["fsm.confirmation.composer"]._draft_many(self.order)
        self.assertEqual(draft.visit, second)
        for visit in second | third:
            self._set(visit, "confirmed")
        self.assertEqual(self._wizard().visit_id, first)


class TestAttach(TruthCase):
    def _dialog(self, reply, **values):
        action = reply.with_user(self.dispatcher).action_attach()
        self.assertEqual(action["res_model"], "fsm.confirmation.settle")
        dialogs = self.env["fsm.confirmation.settle"].with_user(self.dispatcher)
        return dialogs.with_context(**action["context"]).create(values)

    def _candidates(self, dialog, words=""):
        messages = self.env["fsm.confirmation"].with_user(self.dispatcher)
        messages = messages.with_context(
            confirmation_details=True, confirmation_reply_id=dialog.reply_id.id
        )
        return messages.name_search(words, [("state", "!=", "canceled")], limit=8)

    def _state(self, *records):
        """All that is stored of records, but for what says when it was written."""
        self.env.flush_all()
        found = []
        for record in records:
            self.env.cr.execute(
                f"SELECT * FROM {record._table} WHERE id = ANY(%s) ORDER BY id",
                (record.ids,),
            )
            columns = [column.name for column in self.env.cr.description]
            left_out = {"write_date", "write_uid", "undo"}
            found += [
                {
                    key: value or None  # A check box says no in two ways.
                    for key, value in zip(columns, row, strict=True)
                    if key not in left_out
                }
                for row in self.env.cr.fetchall()
            ]
        return found

    def test_this_customers_messages_come_first(self):
        mine = self._asked()
        later = self._asked(self._make_order(self.start + timedelta(hours=5)))
        company = self._make_contact("Gomez Inc", "+12125550190", is_company=True)
        self.customer.parent_id = company
        sister = self._make_contact("Ann Gomez", "+12125550177", parent_id=company.id)
        of_sister = self._asked(
            self._make_order(location_id=self._make_location(sister).id)
        )
        for number in range(9):
            stranger = self._make_contact(f"Zoe {number}", f"+1212555020{number}")
            self._asked(self._make_order(location_id=self._make_location(stranger).id))
        reply = self._reply("Yes")
        self.assertEqual(reply.state, "unmatched")
        dialog = self._dialog(reply)
        found = self._candidates(dialog)
        self.assertEqual([id_ for id_, _name in found[:3]], [later.id, mine.id, of_sister.id])
        names = dict(found)
        self.assertIn("9:00 AM", names[mine.id])
        self.assertIn("2:00 PM", names[later.id])
        self.assertEqual(len(found), 8)
        self.assertEqual(len(self._candidates(dialog, "Zoe")), 8)
        self.assertFalse(dialog.confirmation_id, "it may be one or the other")

    def test_the_only_open_message_of_the_number_is_chosen(self):
        record = self._asked()
        self._asked(self._make_order(self.start - timedelta(days=1)))
        reply = self._reply("yes please")
        self._set(record.order_id, "confirmed")
        other = self.env["fsm.confirmation"].search([("is_open", "=", True)])
        self.assertEqual(self._dialog(reply).confirmation_id, other)

    def test_the_answer_is_what_was_understood(self):
        self._asked()
        self._asked(self._make_order())
        self.assertEqual(self._dialog(self._reply("Yes")).response, "confirmed")
        self.assertEqual(self._dialog(self._reply("No")).response, "declined")
        unclear = self._reply("hm", number="+12125550166")
        self.assertFalse(self._dialog(unclear).response)

    def test_undo_restores_everything(self):
        record = self._asked()
        other = self._asked(self._make_order(self.start + timedelta(days=1)))
        self._reply("perhaps")
        for response in ("confirmed", "declined", "opted_out", "unrecognized"):
            with self.subTest(response):
                reply = self._reply("hello there", number="+12125550166")
                everything = (record, other, record.order_id, other.order_id, reply)
                before = self._state(*everything)
                activities = self.order.activity_ids.mapped(
                    lambda rec: (rec.activity_type_id, rec.user_id, rec.date_deadline)
                )
                self._dialog(
                    reply, confirmation_id=record.id, response=response
                ).action_apply()
                self.assertEqual(record.response, response)
                self.assertEqual(reply.confirmation_id, record)
                steps = [s["key"] for s in record.with_user(self.dispatcher).next_steps]
                self.assertIn("undo", steps)
                reply.with_user(self.dispatcher).action_detach()
                self.assertEqual(
                    [
                        {k: v for k, v in row.items() if k != "activity_id"}
                        for row in self._state(*everything)
                    ],
                    [
                        {k: v for k, v in row.items() if k != "activity_id"}
                        for row in before
                    ],
                )
                self.assertEqual(
                    self.order.activity_ids.mapped(
                        lambda rec: (
                            rec.activity_type_id,
                            rec.user_id,
                            rec.date_deadline,
                        )
                    ),
                    activities,
                )
                self.assertFalse(self.customer.confirmation_opt_out)
                self.assertIn("undone", self._history(self.order))

    def test_undo_of_a_correction_and_of_mark_as_read(self):
        record = self._asked()
        self._reply("Yes")
        self._reply("maybe not, it depends")
        self.assertTrue(record.needs_reading)
        before = self._state(record, self.order)
        mine = record.with_user(self.dispatcher)
        for do_it in (
            mine.action_mark_read,
            lambda: self._resolve(record, "declined", "called"),
        ):
            do_it()
            mine.invalidate_recordset()
            mine.action_next_step("undo")
            after = self._state(record, self.order)
            for row in before + after:
                row.pop("activity_id", None)
            self.assertEqual(after, before)
            self.assertEqual(
                self.order.activity_ids.activity_type_id.name, "Read the reply"
            )

    def test_no_undo_after_something_came(self):
        record = self._asked()
        self._resolve(record, "declined")
        self._reply("actually yes, please come")
        self.assertEqual(record.response, "confirmed")
        steps = [step["key"] for step in record.with_user(self.dispatcher).next_steps]
        self.assertNotIn("undo", steps)
        with self.assertRaises(UserError):
            record.with_user(self.dispatcher).action_next_step("undo")

    def test_undo_of_a_status_on_the_work_order(self):
        record = self._asked()
        self._reply("No")
        before = self._state(record, self.order)
        self._set(self.order, "confirmed")
        record.with_user(self.dispatcher).action_next_step("undo")
        after = self._state(record, self.order)
        for row in before + after:
            row.pop("activity_id", None)
        self.assertEqual(after, before)
