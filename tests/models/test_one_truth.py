# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A fact that is set in one place is the same fact everywhere."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
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
        data = self.env.cr.precommit.data.get("fsm_confirmation.changes", {})
        found = {
            kind: set(data.get((self.company.id, kind), ()))
            for kind in ("ids", "order_ids", "partner_ids")
        }
        data.clear()
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
        self.assertTrue(alerts._get_departure_block(record))
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
            "contact": lambda _record: self._decide("opt_out", "she called"),
            "list of blocked numbers": lambda _record: self._block("+12125550123"),
            "with a context of one's own": lambda _record: self._block(
                "+12125550123", job_confirmation_followed=True
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

    def _block(self, number, **context):
        """Put a number on Odoo's own list, as its screen does."""
        numbers = self.env["phone.blacklist"].with_context(**context)
        numbers.create({"number": number})

    def _decide(self, decision, reason):
        """What the button on the contact opens, filled in and applied."""
        customer = self.customer.with_user(self.dispatcher)
        opens = {
            "opt_out": customer.action_opt_out,
            "lift": customer.action_lift_opt_out,
        }
        action = opens[decision]()
        self.env["fsm.confirmation.settle"].with_user(self.dispatcher).with_context(
            **action["context"]
        ).create({"note": reason}).action_apply()

    def test_on_the_contact_the_reason_is_kept(self):
        self._decide("opt_out", "she called")
        self.assertIn("entered in Odoo", self.customer.confirmation_opt_out)
        notes = "".join(self.customer.message_ids.mapped("body"))
        self.assertIn("she called", notes)
        self.customer.phone = "12"
        with self.assertRaisesRegex(UserError, "no valid phone number"):
            self._decide("opt_out", "")

    def test_the_same_end_whichever_way(self):
        """Odoo's own screen of blocked numbers does as our button does."""
        admin = self.users["none"]
        admin.sudo().group_ids += self.env.ref("base.group_system")
        numbers = self.env["phone.blacklist"].with_user(admin)
        lift = {
            "button": lambda _entry: self._decide("lift", "agreed"),
            "archive": lambda entry: entry.action_archive(),
            "dialog": lambda entry: (
                self.env["phone.blacklist.remove"]
                .with_user(admin)
                .create({"phone": entry.number, "reason": "agreed"})
                .action_unblacklist_apply()
            ),
            "delete": lambda entry: entry.unlink(),
        }
        for way, do_it in lift.items():
            with self.subTest(way):
                record = self._asked()
                self._reply("STOP")
                self.assertEqual(self.order.confirmation_status, "opted_out")
                do_it(numbers.search([("number", "=", "+12125550123")]))
                self.assertFalse(self.customer.confirmation_opt_out)
                self.assertEqual(self.order.confirmation_status, "reconfirm")
                self.assertFalse(record.activity_id)
                self.assertFalse(self._wizard().blocking_reason)

    def test_blocked_numbers_that_nobody_texted(self):
        numbers = self.env["phone.blacklist"]
        entry = numbers.create({"number": "+12125550199"})
        entry.action_archive()
        entry.action_unarchive()
        self.assertTrue(entry.active)

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
        self.assertIn("no longer scheduled", reply.auto_reply_body)
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
        self.assertIn("response stays", self._history(self.order))
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
        self.assertEqual(self._history(self.order).count("response stays"), 2)

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

    def test_a_visit_goes_to_another_work_order(self):
        """Its question and answer go along; at another place they are about another."""
        visit = self._make_visit(self._make_order(), 1)
        record = self._asked(visit.order_id, visit_id=visit.id)
        visit.sudo().confirmation_status = "confirmed"
        same_place = self._make_order()
        visit.order_id = same_place
        self.assertEqual(record.order_id, same_place)
        self.assertEqual(visit.confirmation_status, "confirmed")
        place = self._make_location(self._make_contact("Other", "+12125550177"))
        visit.order_id = self._make_order(location_id=place.id)
        self.assertEqual(visit.confirmation_status, "reconfirm")
        self.assertEqual(visit.order_id.confirmation_status, "reconfirm")
        row = self.env["fsm.appointment"].search([("visit_id", "=", visit.id)])
        self.assertEqual((row.message_id, row.board_state), (record, "not_asked"))

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
        self.env["fsm.confirmation.settle"].with_user(
            self.users["admin"]
        ).sudo().create(
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
        first, second, third = (
            self._make_visit(self.order, days) for days in (1, 2, 3)
        )
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
            left_out = {"write_date", "write_uid"}
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
        self.assertEqual(
            [id_ for id_, _name in found[:3]], [later.id, mine.id, of_sister.id]
        )
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
                with self.assertRaises(AccessError):
                    reply.with_user(self.users["read"]).action_detach()
                self.assertTrue(reply.with_user(self.dispatcher).can_detach)
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


class TestReplies(TruthCase):
    def _ask_two(self):
        first = self._asked()
        second = self._asked(self._make_order(self.start + timedelta(days=1)))
        return first, second

    def test_a_yes_to_one_of_several_is_shown_at_once(self):
        first, second = self._ask_two()
        self._changes()
        reply = self._reply("Yes")
        self.assertEqual((reply.state, first.response), ("unmatched", False))
        changes = self._changes()
        self.assertLessEqual(
            {first.order_id.id, second.order_id.id}, changes["order_ids"]
        )
        self.assertLessEqual({first.id, second.id}, changes["ids"])

    def test_what_is_settled_later_leaves_the_unmatched_replies(self):
        for settle in (
            lambda second: self._reply(f"Yes {second.code}"),
            lambda second: self._reply(f"{second.code}"),
        ):
            first, second = self._ask_two()
            reply = self._reply("Yes")
            unmatched = self.env["fsm.confirmation.reply"].search(
                [("state", "!=", "matched"), ("is_done", "=", False)]
            )
            self.assertIn(reply, unmatched)
            settle(second)
            self.assertEqual(second.response, "confirmed")
            unmatched = self.env["fsm.confirmation.reply"].search(
                [("state", "!=", "matched"), ("is_done", "=", False)]
            )
            self.assertNotIn(reply, unmatched)
            self.assertNotEqual(reply.state, "unmatched")
            self.assertIn(second, reply.confirmation_ids)
            for record in first | second:
                self._set(record.order_id, "not_sent")

    def test_several_answers_say_which(self):
        visits = [self._make_visit(self.order, days) for days in (1, 2)]
        first, second = (self._asked(visit_id=visit.id) for visit in visits)
        self._reply("?? what")
        reply = self._reply(f"YES {first.code} NO {second.code}")
        self.assertEqual(reply.intent, "answers")
        self.assertEqual((first.response, second.response), ("confirmed", "declined"))
        for record, visit, label in zip(
            (first, second), visits, ("Yes", "No"), strict=True
        ):
            [note] = self.order.message_ids.filtered(
                lambda note, record=record: (
                    note.confirmation_id == record
                    and "NO" in note.body
                    and "Understood" in note.body
                )
            )
            self.assertIn(f"Understood as: {label}", note.body)
            self.assertIn(visit.name, note.body)
        event = [
            event
            for event in first.with_user(self.dispatcher).get_conversation()["events"]
            if event["kind"] == "received"
        ][-1]
        self.assertIn("Visit 1: Yes", event["intent_label"])
        self.assertIn("Visit 2: No", event["intent_label"])

    def test_automatic_answers_are_in_both_histories(self):
        self._asked()
        answer = self._reply("Yes").auto_reply_body
        self.assertIn("is confirmed", answer)
        for target in (self.order, self.customer):
            self.assertIn("is confirmed", self._history(target))
        [note] = self.order.message_ids.filtered(
            lambda note: "is confirmed" in note.body
        )
        self.assertEqual(
            note.subtype_id,
            self.env.ref("fieldservice_job_confirmation.mt_confirmation"),
        )
        self._ask_two()
        self._reply("Yes")
        self.assertIn("which appointment", self._history(self.order))

    def test_notes_have_the_time_of_the_text(self):
        past = fields.Datetime.now() - timedelta(days=3)
        record = self._asked()
        reply = self.env["fsm.confirmation.inbox"]._receive_sudo(
            self.company.sudo(),
            {
                "MessageSid": "SM" + "7" * 32,
                "From": "+12125550123",
                "To": record.sender,
                "Body": "HELP",
            },
            received_date=past,
        )
        self.assertEqual(reply.received_date, past)
        [note] = self.customer.message_ids.filtered(lambda note: "HELP" in note.body)
        self.assertEqual(note.date, past)
        record.sudo().write({"sent_date": past, "state": "sent"})
        self.env["fsm.confirmation.chatter"]._refresh(record)
        self.assertEqual(record.order_message_id.date, past)

    def test_a_yes_after_the_window_began(self):
        record = self._asked()
        now = fields.Datetime.now()
        self.env.cr.execute(
            "UPDATE fsm_order SET scheduled_date_start = %(start)s,"
            " scheduled_date_end = %(end)s WHERE id = %(order)s;"
            "UPDATE fsm_confirmation SET appointment_start = %(start)s,"
            " appointment_end = %(end)s WHERE id = %(id)s",
            {
                "start": now - timedelta(minutes=2),
                "end": now + timedelta(hours=2),
                "order": self.order.id,
                "id": record.id,
            },
        )
        self.env.invalidate_all()
        self.env["fsm.confirmation.expiry"]._close_expired_sudo()
        reply = self._reply("Yes")
        self.assertEqual(record.response, "confirmed")
        self.assertNotIn("passed", reply.auto_reply_body)


class TestOneAndMany(TruthCase):
    def _many(self, order):
        wizards = self.env["fsm.confirmation.batch"].with_user(self.dispatcher)
        return wizards.create({"order_ids": [(6, 0, order.ids)]})

    def test_the_same_sentence(self):
        self.location.partner_id.phone = False
        cases = {
            "no phone number": lambda: self.customer.write({"phone": False}),
            "not a valid phone number": lambda: self.customer.write({"phone": "12"}),
            "extension": lambda: self.customer.write({"phone": "202-555-0143 x12"}),
            "landline": lambda: self.customer.write({"phone": "+442079460000"}),
            "opted out": lambda: self.env[
                "phone.blacklist"
            ]._job_confirmation_opt_out_sudo("+12125550123", "user"),
        }
        for words, break_it in cases.items():
            with self.subTest(words):
                self.customer.write({"phone": "+12125550123", "active": True})
                break_it()
                order = self._make_order()
                one = self._wizard(order)
                self.assertIn(words, one.blocking_reason.lower())
                self.assertEqual(one.partner_id, self.customer)
                sentence = one.blocking_reason.rstrip(".")
                self.assertEqual(
                    self._many(order).skipped_info, f"{sentence}: {order.name}"
                )
                self.env["phone.blacklist"]._job_confirmation_opt_in_sudo(
                    "+12125550123", "again", by_hand=False
                )

    def test_archived_contacts_are_not_proposed(self):
        other = self._make_contact(
            "Juan Gomez", "+12125550124", parent_id=self.customer.id
        )
        self.customer.active = False
        self.assertEqual(self._wizard().partner_id, other)
        self.assertNotIn(self.customer, self._wizard().available_partner_ids)
        [draft] = self.env["fsm.confirmation.composer"]._draft_many(self.order)
        self.assertEqual(draft.partner, other)
        self.assertEqual(self._many(self.order).ready_count, 1)

    def test_who_is_archived_meanwhile_gets_no_text(self):
        record = self._send()
        self.customer.active = False
        alerts = self.env["fsm.confirmation.alert"]
        self.assertTrue(alerts._get_departure_block(record))


class TestTimes(TruthCase):
    def _text(self, start, end, zone="America/New_York"):
        order = self._make_order()
        self.env.cr.execute(
            "UPDATE fsm_order SET scheduled_date_start = %s, scheduled_date_end = %s"
            " WHERE id = %s",
            (start, end, order.id),
        )
        self.env.invalidate_all()
        self.location.tz = zone
        return order._format_appointment_time(order)

    def test_over_the_end_of_daylight_saving(self):
        """2026-11-01: at 6:00 UTC the clock goes back from 2:00 to 1:00."""
        self.assertEqual(
            self._text("2026-11-01 05:45:00", "2026-11-01 06:30:00"),
            "1:45 AM EDT - 1:30 AM EST",
        )
        self.assertEqual(
            self._text("2026-11-01 06:15:00", "2026-11-01 06:45:00"),
            "1:15 AM - 1:45 AM EST",
        )
        self.assertEqual(
            self._text("2026-11-01 14:00:00", "2026-11-01 16:00:00"),
            "9:00 AM - 11:00 AM",
        )

    def test_a_whole_day(self):
        for end in (
            "2026-12-02 05:00:00",
            "2026-12-02 04:59:00",
            "2026-12-02 04:59:59",
        ):
            self.assertEqual(self._text("2026-12-01 05:00:00", end), "all day")
        self.assertEqual(
            self._text("2026-12-01 05:00:00", "2026-12-01 07:00:00"),
            "12:00 AM - 2:00 AM",
        )

    def test_the_zone_is_said_where_it_is_another(self):
        visit = self._make_visit(self._make_order(), 1)
        record = self._asked()
        here = self.dispatcher
        self.assertNotIn("E", record.with_user(here).appointment_text.split(",")[-1])
        # Lists show the user's own clock where it is the same.
        self.assertFalse(record.with_user(here).appointment_local)
        self.assertFalse(self.order.with_user(here).appointment_local)
        self.assertEqual(
            self.order.with_user(here).appointment_text,
            record.with_user(here).appointment_text,
        )
        there = self.users["admin"]
        there.tz = "America/Los_Angeles"
        zone = "EDT" if "EDT" in record.with_user(there).appointment_text else "EST"
        for mine in (record, self.order):
            text = mine.with_user(there).appointment_text
            self.assertIn(zone, mine.with_user(there).appointment_local)
            self.assertIn(f"9:00 AM - 11:00 AM {zone}", text)
        self.assertIn(zone, visit.with_user(there).display_name)
        self.assertNotIn(zone, visit.with_user(here).display_name)
        self.assertIn(zone, visit.with_user(there).appointment_text)
        self.assertNotIn(zone, record.body)
        # The same hour under another name is no other zone.
        there.tz = "America/Toronto"
        self.env.invalidate_all()
        self.assertNotIn(zone, record.with_user(there).appointment_text)

    def test_a_customer_in_another_zone_is_told_the_zone(self):
        self.customer.tz = "America/Los_Angeles"
        body = self._wizard().body
        self.assertRegex(body, "9:00 AM - 11:00 AM E[SD]T at")
        self.assertEqual(self._send().body, body)
