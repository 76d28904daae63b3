# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What a reply leaves behind: notes, proposals, wrong numbers, a task to read it."""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError

from ..common import LEVELS, OUR_NUMBER, ConfirmationTransactionCase, new_user


class TestReplies(ConfirmationTransactionCase):
    # ------------------------------------------------------------------
    # Notes
    # ------------------------------------------------------------------

    def _make_technician(self):
        user = new_user(
            self.env,
            "mc_test_technician",
            groups="base.group_user,fieldservice.group_fsm_user",
            companies=self.company,
        )
        person = self.env["fsm.person"].create(
            {"name": "Tess", "partner_id": user.partner_id.id}
        )
        return user, person

    def test_who_sees_the_note(self):
        user, person = self._make_technician()
        self._send()
        self._reply("Yes, gate code is 1234")
        self.assertIn("1234", self.order.confirmation_note)
        for level, shown in (("none", False), ("read", True), ("edit", True)):
            note = self.order.with_user(self.users[level]).confirmation_note
            self.assertEqual("1234" in (note or ""), shown, level)
        mine = self.order.with_user(user)
        self.assertFalse(mine.confirmation_note)
        self.order.person_id = person
        self.env.invalidate_all()
        self.assertIn("1234", mine.confirmation_note)
        with self.assertRaises(AccessError):
            mine.confirmation_ids.mapped("body")

    def test_nobody_becomes_the_technician_on_a_screen(self):
        user, person = self._make_technician()
        self._send()
        self._reply("Yes, gate code is 1234")
        order = self.order.with_user(user)
        changed = order.new({"person_id": person.id}, origin=order)
        self.assertEqual(changed.person_id._origin, person.with_user(user))
        self.assertFalse(changed.confirmation_note)

    def test_the_note_of_a_visit(self):
        user, person = self._make_technician()
        mine = self._make_visit(self.order, 1, person_id=person.id)
        other = self._make_visit(self.order, 2)
        for visit in (mine, other):
            self._send(visit_id=visit.id)
            self._reply(f"Yes, gate code is {visit.id}")
        self.assertIn(str(mine.id), mine.with_user(user).confirmation_note)
        self.assertFalse(other.with_user(user).confirmation_note)
        note = self.order.with_user(user).confirmation_note
        self.assertIn(f"code is {mine.id}", note)
        self.assertNotIn(f"code is {other.id}", note)

    def test_the_note_of_the_answer_that_counts(self):
        record = self._send()
        self._reply("Yes, gate code is 1234")
        self.assertTrue(record.needs_reading)
        self._reply("Sorry, I can't make it after all")
        self.assertEqual(record.response, "declined")
        self.assertFalse(self.order.confirmation_note)
        self.assertTrue(record.needs_reading, "nobody has read it")

    def test_the_note_outlives_a_moved_date(self):
        user, person = self._make_technician()
        self.order.person_id = person
        self._send()
        self._reply("Yes, gate code is 1234")
        self.order.scheduled_date_start += timedelta(days=2)
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        for reader in (self.dispatcher, user):
            note = self.order.with_user(reader).confirmation_note
            self.assertIn("1234", note)
            self.assertIn("given for", note, "the customer said it about another date")
        self._send()
        self._reply("Yes")
        self.assertIn("1234", self.order.with_user(user).confirmation_note)
        self._resolve(self.order.confirmation_ids[0], "declined")
        self.assertFalse(self.order.confirmation_note)

    def test_the_note_stays_at_its_place(self):
        self._send()
        self._reply("Yes, gate code is 1234")
        contact = self._make_contact("Bo Brook", "+12125550124")
        self.order.location_id = self._make_location(contact)
        self.assertFalse(self.order.confirmation_note)

    # ------------------------------------------------------------------
    # Another time
    # ------------------------------------------------------------------

    def test_the_proposed_time_is_set_with_a_click(self):
        record = self._send().with_user(self.dispatcher)
        day = self.start + timedelta(days=3)
        self._reply(f"No, can you come {day.strftime('%A')} at 3pm?")
        self.assertEqual(record.response, "declined")
        self.assertIn("3:00 PM", record.proposed_text.replace("\u202f", " "))
        steps = self.env["fsm.confirmation.next.step"].with_user(self.dispatcher)
        self.assertIn("move", [step["key"] for step in steps._get_steps(record)])
        context = record.action_next_step("move")["context"]
        wizard = self.env["fsm.confirmation.settle"].with_user(self.dispatcher)
        dialog = wizard.with_context(**context).create({})
        self.assertIn("gets a text with the new time", dialog.move_info)
        dialog.scheduled_date_start = record.proposed_date + timedelta(hours=1)
        self.assertIn("isn't notified by this", dialog.move_info)
        self.company.job_confirmation_notice_moved = "auto"
        self.env.invalidate_all()
        self.assertIn("will be notified automatically", dialog.move_info)
        dialog.scheduled_date_start = record.proposed_date
        dialog.action_apply()
        self.assertEqual(self.order.scheduled_date_start, record.proposed_date)
        self.assertEqual(self.order.scheduled_date_start.date(), day.date())
        self.assertNotIn("move", [step["key"] for step in steps._get_steps(record)])

    def test_the_proposed_time_is_not_set_without_rights(self):
        user = new_user(
            self.env,
            "mc_test_office",
            groups=f"base.group_user,{LEVELS['edit']}",
            companies=self.company,
        )
        record = self._send().with_user(user)
        self._reply("No, can you come next Friday?")
        steps = self.env["fsm.confirmation.next.step"].with_user(user)
        self.assertNotIn("move", [step["key"] for step in steps._get_steps(record)])
        wizard = self.env["fsm.confirmation.settle"].with_user(user)
        context = record.action_move_as_proposed()["context"]
        with self.assertRaises(AccessError):
            wizard.with_context(**context).create({}).action_apply()

    # ------------------------------------------------------------------
    # Wrong numbers
    # ------------------------------------------------------------------

    def test_a_wrong_number_is_not_texted(self):
        record = self._send()
        self._reply("Wrong number")
        self.assertEqual(record.closed_reason, "wrong_number")
        self.assertTrue(record.needs_reading)
        self.assertIn("Wrong number", self.customer.confirmation_wrong_number)
        self.assertIn("somebody else answered", self._wizard().blocking_reason)
        self.assertIn("is not the number of", self._history(self.customer))
        self.customer.phone = "+12125550144"
        self.assertFalse(self.customer.confirmation_wrong_number)
        self.assertFalse(self._wizard().blocking_reason)

    def test_a_wrong_number_that_is_right(self):
        self._send()
        self._reply("Wrong number")
        with self.assertRaises(AccessError):
            self.customer.with_user(self.users["read"])._trust_number("because")
        self.customer.with_user(self.dispatcher)._trust_number("a child answered")
        self.assertFalse(self._wizard().blocking_reason)
        self.assertFalse(self.order.activity_ids)
        self.assertIn("a child answered", self._history(self.customer))

    def test_a_yes_of_a_wrong_number_is_none(self):
        record = self._send()
        self._reply("yes")
        self._reply("oh sorry, wrong number")
        self.assertEqual(record.response, "unrecognized")
        self.assertEqual(self.order.confirmation_status, "unrecognized")

    # ------------------------------------------------------------------
    # One number, however it is written
    # ------------------------------------------------------------------

    def test_numbers_with_two_ways_to_write_them(self):
        for country, stored, normal, inbound in (
            ("mx", "+52 55 1234 5678", "+525512345678", "+5215512345678"),
            ("ar", "+54 11 2345-6789", "+5491123456789", "+5491123456789"),
            ("br", "+55 11 97123-4567", "+5511971234567", "+551171234567"),
        ):
            contact = self._make_contact(
                country, stored, country_id=self.env.ref(f"base.{country}").id
            )
            number, verdict = contact._get_confirmation_number(self.company)
            self.assertEqual((number, verdict), (normal, "ok"), country)
            order = self._make_order(location_id=self._make_location(contact).id)
            record = self._send(order)
            self.assertEqual(record.mobile, normal)
            self._reply("Yes", number=inbound)
            self.assertEqual(record.response, "confirmed", country)
            self._reply("STOP", number=f"whatsapp:{inbound}")
            self.assertTrue(contact.confirmation_opt_out, country)
            self.assertTrue(contact.phone_blacklisted, country)
            self._reply("START", number=inbound)
            self.env.invalidate_all()
            self.assertFalse(contact.confirmation_opt_out, country)
            self.assertFalse(contact.phone_blacklisted, country)

    def test_an_extension_is_not_texted(self):
        self.customer.phone = "202-555-0143 x12"
        self.assertIn("extension", self._wizard().blocking_reason)

    # ------------------------------------------------------------------
    # What waits to be read
    # ------------------------------------------------------------------

    def _run_cron(self):
        self.env["fsm.confirmation.response"]._flag_still_unclear()

    def test_a_pause_before_a_person_reads(self):
        self.company.job_confirmation_read_minutes = 30
        record = self._send()
        self._reply("zorglub plugh")
        self.assertEqual(record.response, "unrecognized")
        self.assertFalse(self.order.activity_ids)
        cron = self.env.ref("fieldservice_job_confirmation.ir_cron_process_replies")
        triggers = self.env["ir.cron.trigger"].search([("cron_id", "=", cron.id)])
        self.assertIn(record.read_after, triggers.mapped("call_at"))
        self._run_cron()
        self.assertFalse(self.order.activity_ids)
        with freeze_time(fields.Datetime.now() + timedelta(minutes=31)):
            self._run_cron()
        kind = self.order.activity_ids.activity_type_id.name
        self.assertEqual(kind, "Read the reply")

    def test_no_task_after_a_clear_answer(self):
        self.company.job_confirmation_read_minutes = 30
        record = self._send()
        self._reply("zorglub plugh")
        self._reply("yes")
        self.assertEqual(record.response, "confirmed")
        with freeze_time(fields.Datetime.now() + timedelta(minutes=31)):
            self._run_cron()
        self.assertFalse(self.order.activity_ids)

    def test_a_task_at_once_when_nothing_is_asked_back(self):
        self.company.job_confirmation_read_minutes = 30
        self.company.job_confirmation_auto_reply = False
        self._send()
        self._reply("Yes but after 3pm")
        self.assertTrue(self.order.activity_ids)
        self._reply("ok")
        self.assertEqual(self.order.confirmation_status, "unrecognized")

    # ------------------------------------------------------------------
    # Windows
    # ------------------------------------------------------------------

    def test_a_window_has_passed_when_it_ends(self):
        record = self._send()
        self.assertEqual(record.appointment_end, self.start + timedelta(hours=2))
        expiry = self.env["fsm.confirmation.expiry"]
        self._mark_sent(record)
        with freeze_time(self.start + timedelta(hours=1)):
            expiry._close_expired_sudo()
            self.assertTrue(record.is_open)
            self._reply("yes")
            self.assertEqual(record.response, "confirmed")
        record.sudo().write({"is_open": True, "closed_reason": False})
        with freeze_time(self.start + timedelta(hours=2)):
            expiry._close_expired_sudo()
            self.assertEqual(record.closed_reason, "past")

    def test_the_conversation_is_of_one_company(self):
        """What another company said with this number answers nothing here."""
        other = self._make_company("Other", number="+12025550199")
        record = self._send()
        self._reply("hello", recipient="+12025550199", company=other)
        reply = self.env["fsm.confirmation.reply"].search([("body", "=", "hello")])
        reply.sudo().write({"auto_reply_body": "Hi", "auto_reply_kind": "will_contact"})
        self._reply("ok", recipient=OUR_NUMBER)
        self.assertEqual(record.response, "confirmed")
