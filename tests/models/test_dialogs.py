# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the dialogs show and offer, as the server answers them."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, tagged

from ..common import ConfirmationTransactionCase


class DialogCase(ConfirmationTransactionCase):
    def _as(self, record, level):
        return record.with_user(self.users[level]).with_context(
            allowed_company_ids=self.company.ids
        )

    def _asked(self, order=None, **values):
        record = self._send(order, **values)
        self._mark_sent(record)
        return record

    def _events(self, record, level="read", **options):
        return self._as(record, level).get_conversation(**options)["events"]

    def _texts(self, record, kind, **options):
        return [
            event["text"]
            for event in self._events(record, **options)
            if event["kind"] == kind
        ]

    def _steps(self, record, level="edit"):
        return [step["key"] for step in self._as(record, level).next_steps]


@tagged("post_install", "-at_install")
class TestConversation(DialogCase):
    def test_question_answer_and_our_automatic_answer_in_time(self):
        record = self._asked()
        self._reply("purple elephants")
        self._reply("Yes, thank you")
        events = self._events(record)
        self.assertEqual(
            [event["kind"] for event in events],
            ["sent", "received", "answered", "received", "answered"],
        )
        question, doubt, _help, yes, thanks = events
        self.assertEqual(question["text"], record.body)
        self.assertEqual(question["author"], self.dispatcher.name)
        self.assertEqual(question["state"], "delivered")
        self.assertEqual(question["state_label"], "Delivered")
        self.assertTrue(question["is_current"])
        self.assertEqual(doubt["intent"], "unrecognized")
        self.assertTrue(doubt["why"])
        self.assertEqual(yes["author"], "Maria Gomez")
        self.assertEqual(yes["intent"], "confirm")
        self.assertEqual(yes["intent_label"], "Yes")
        self.assertIn("is confirmed", thanks["text"])
        self.assertEqual(thanks["author"], "Auto-reply")

    def test_words_are_given_as_they_are(self):
        words = "<b>yes</b> & <script>alert(1)</script> مرحبا\n" + "x" * 1500
        record = self._asked()
        self._reply(words)
        self.assertEqual(self._texts(record, "received"), [words])

    def test_pictures_are_named(self):
        record = self._asked()
        self._reply("", NumMedia="2", MediaUrl0="https://example.com/a.jpg")
        event = self._events(record)[1]
        self.assertIn("2 pictures", event["pictures"])
        self.assertNotIn("example.com", str(event))

    def test_failure_with_its_reason(self):
        record = self._send()
        self._apply_report(record, "sent", sid="SM" + "a" * 32)
        self._apply_report(record, "failed", code=30003)
        event = self._events(record)[0]
        self.assertEqual(event["state"], "failed")
        self.assertIn("off or out of reach", event["problem"])

    def test_what_a_person_decided_stands_between(self):
        record = self._asked()
        self._resolve(record, "declined", "she called")
        (note,) = self._texts(record, "note")
        self.assertIn("from no response to Declined", note)
        self.assertIn("she called", note)
        author = [event for event in self._events(record) if event["kind"] == "note"]
        self.assertEqual(author[0]["author"], self.dispatcher.name)

    def test_opt_out_and_its_end(self):
        record = self._asked()
        self._reply("STOP")
        # The reply has a transaction of its own: no value is tracked that changes in
        # the transaction that created the record.
        self.env.cr.precommit.run()
        self.assertIn("Opted out on", "".join(self._texts(record, "note")))
        self._as(self.customer, "edit")._lift_opt_out("agreed on the phone")
        self.env.flush_all()
        self.env.cr.precommit.run()  # Where Odoo writes its tracking.
        notes = "".join(self._texts(record, "note"))
        self.assertIn("agreed on the phone", notes)
        self.assertNotIn("Opted out on", notes)

    def test_sent_again_is_one_conversation(self):
        first = self._send()
        self._apply_report(first, "sent", sid="SM" + "b" * 32)
        self._apply_report(first, "failed", code=30003)
        action = self._as(first, "edit").action_next_step("send_again")
        wizard = (
            self.env["fsm.confirmation.send"]
            .with_user(self.dispatcher)
            .with_context(**action["context"])
            .create({})
        )
        wizard.action_send()
        second = wizard.confirmation_id
        self._mark_sent(second)
        for record in (first, second):
            events = self._events(record)
            self.assertEqual(
                [(event["name"], event["is_current"]) for event in events],
                [(one.name, one == record) for one in (first, second)],
            )

    def test_other_appointments_stay_out(self):
        record = self._asked()
        other = self._asked(self._make_order(self.start + timedelta(days=1)))
        self._reply(f"yes {other.code}")
        self.assertEqual(len(self._events(record)), 1)
        self.assertEqual(len(self._events(other)), 3)

    def test_an_unmatched_reply_of_the_number_is_shown_and_can_be_attached(self):
        record = self._asked()
        self._asked(self._make_order(self.start + timedelta(days=1)))
        reply = self._reply("yes")
        self.assertEqual(reply.state, "unmatched")
        event = self._events(record)[1]
        self.assertEqual(event["text"], "yes")
        self.assertFalse(event["is_matched"])
        self.assertIn("attach", self._steps(record))
        action = self._as(record, "edit").action_next_step("attach")
        self._as(self.env["fsm.confirmation.settle"], "edit").with_context(
            **action["context"]
        ).create({"response": "confirmed"}).action_apply()
        self.assertEqual(reply.confirmation_id, record)
        self.assertEqual(record.response, "confirmed")
        self.assertNotIn("attach", self._steps(record))

    def test_the_newest_ones_and_earlier_ones_on_demand(self):
        record = self._asked()
        self.company.job_confirmation_auto_reply = False
        for number in range(12):
            self._reply(f"hm {number}")
        page = self._as(record, "read").get_conversation(limit=5)
        self.assertEqual(len(page["events"]), 5)
        self.assertTrue(page["has_earlier"])
        self.assertEqual(page["events"][-1]["text"], "hm 11")
        whole = self._as(record, "read").get_conversation(limit=100000)
        self.assertEqual(len(whole["events"]), 13)
        self.assertFalse(whole["has_earlier"])
        self.assertEqual(whole["events"][0]["kind"], "sent")

    def _count_queries(self, function):
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        function()
        return self.env.cr.sql_log_count - before

    def test_queries_do_not_grow_with_the_replies(self):
        record = self._asked()
        self._reply("hm")
        read = self._as(record, "edit")
        read.get_conversation()  # Fill the caches of access rights.
        few = self._count_queries(lambda: read.get_conversation(limit=500))
        self.company.job_confirmation_auto_reply = False
        for number in range(30):
            self._reply(f"hm {number}")
        many = self._count_queries(lambda: read.get_conversation(limit=500))
        self.assertLessEqual(many, few)
        self.assertLessEqual(many, 30)

    def _form_queries(self, record, xmlid=None):
        """What a form reads when it is opened."""
        view = xmlid and self.env.ref(xmlid).id
        fields_spec = self._spec(record, view)
        record.web_read(fields_spec)
        return self._count_queries(lambda: record.web_read(fields_spec))

    def _spec(self, record, view=None):
        with Form(record, view=view) as form:
            return form._view["fields_spec"]

    def test_queries_of_the_dialog_and_of_a_work_order_are_bounded(self):
        record = self._asked()
        read = self._as(record, "edit")
        order = self._as(self.order, "edit")
        few = self._form_queries(read), self._form_queries(order)
        self.company.job_confirmation_auto_reply = False
        for number in range(30):
            self._reply(f"hm {number}")
        for days in range(1, 4):
            self._asked(self._make_order(self.start + timedelta(days=days)))
        many = self._form_queries(read), self._form_queries(order)
        self.assertLessEqual(many[0], few[0] + 2)
        self.assertLessEqual(many[1], few[1] + 2)

    def test_who_may_read_it(self):
        record = self._asked()
        for level in ("read", "edit", "admin"):
            self.assertEqual(len(self._events(record, level)), 1)
        with self.assertRaises(AccessError):
            self._events(record, "none")

    def test_another_companys_conversation_is_closed(self):
        record = self._asked()
        other = self._make_company("Other Inc", "+12025550109")
        stranger = self.users["edit"].copy(
            {
                "login": "mc_test_stranger",
                "company_id": other.id,
                "company_ids": [fields.Command.set(other.ids)],
            }
        )
        with self.assertRaises(AccessError):
            record.with_user(stranger).with_context(
                allowed_company_ids=other.ids
            ).get_conversation()
        with self.assertRaises(AccessError):
            record.with_user(stranger).with_context(
                allowed_company_ids=other.ids
            ).action_next_step("resolve")


@tagged("post_install", "-at_install")
class TestNextSteps(DialogCase):
    def test_read_only_may_only_look(self):
        record = self._asked()
        self._reply("hm, perhaps")
        self.assertEqual(self._steps(record, "read"), ["open_order"])
        for key in ("resolve", "text_another", "mark_read"):
            with self.assertRaises(UserError):
                self._as(record, "read").action_next_step(key)
        with self.assertRaises(AccessError):
            self._as(record, "read").action_mark_read()

    def test_an_unclear_answer_is_settled_first(self):
        record = self._asked()
        self._reply("hm, perhaps")
        steps = self._as(record, "edit").next_steps
        self.assertEqual((steps[0]["key"], steps[0]["primary"]), ("resolve", True))
        self.assertEqual(
            [step["key"] for step in steps],
            ["resolve", "reschedule", "propose", "text_another", "open_order"],
        )

    def test_a_failed_text_is_sent_again_first(self):
        record = self._send()
        self._apply_report(record, "failed", sid="SM" + "c" * 32, code=30003)
        self.assertEqual(self._steps(record)[0], "send_again")

    def test_a_moved_appointment_is_asked_about_again(self):
        record = self._asked()
        self._reply("yes")
        self.order.scheduled_date_start = self.start + timedelta(days=1)
        self.assertEqual(self._steps(record)[0], "ask_again")
        action = self._as(record, "edit").action_next_step("ask_again")
        self.assertEqual(action["context"]["default_partner_id"], self.customer.id)

    def test_marking_a_later_reply_as_read(self):
        record = self._asked()
        self._reply("yes")
        self._reply("by the way, is the dog a problem?")
        self.assertTrue(record.needs_reading)
        self.assertEqual(self._steps(record)[0], "mark_read")
        self._as(record, "edit").action_next_step("mark_read")
        self.assertFalse(record.needs_reading)
        self.assertEqual(record.response, "confirmed")
        self.assertFalse(record.activity_id.filtered("active"))
        self.assertIn("was read", "".join(self._texts(record, "note")))
        self.assertNotIn("mark_read", self._steps(record))

    def _open_activities(self, record):
        activities = record.order_id.activity_ids
        return activities.activity_type_id.mapped("name")

    def test_what_else_is_to_be_done_stays_when_it_is_read(self):
        """Another date is still to be found, whatever the customer wrote besides."""
        record = self._asked()
        self._reply("No, the gate code is 1234")
        self.assertEqual(record.response, "declined")
        self.assertTrue(record.needs_reading)
        self._as(record, "edit").action_next_step("mark_read")
        self.assertFalse(record.needs_reading)
        self.assertEqual(self._open_activities(record), ["Reschedule"])

    def test_what_else_is_to_be_done_comes_back_after_a_later_reply(self):
        """The task to read a later reply takes the place of finding another date."""
        record = self._asked()
        self._reply("no")
        self._reply("by the way, is the dog a problem?")
        self.assertEqual(self._open_activities(record), ["Read the reply"])
        self._as(record, "edit").action_mark_read()
        self.assertEqual(self._open_activities(record), ["Reschedule"])

    def test_a_wrong_number_is_still_to_be_found_when_it_is_read(self):
        record = self._asked()
        self._reply("wrong number")
        self._as(record, "edit").action_mark_read()
        self.assertEqual(self._open_activities(record), ["Find the right number"])

    def test_nothing_comes_back_on_closed_work(self):
        record = self._asked()
        self._reply("no")
        self._reply("by the way, is the dog a problem?")
        self.order.action_cancel()
        self._as(record, "edit").action_mark_read()
        self.assertFalse(self._open_activities(record))

    def test_no_date_is_to_be_found_once_there_is_one(self):
        record = self._asked()
        self._reply("No, the gate code is 1234")
        self.order.scheduled_date_start = self.start + timedelta(days=1)
        self._as(record, "edit").action_mark_read()
        self.assertFalse(self._open_activities(record))

    def test_text_another_contact_begins_with_another(self):
        other = self._make_contact(
            "Juan Gomez", "+12125550124", parent_id=self.customer.id
        )
        record = self._asked()
        action = self._as(record, "edit").action_next_step("text_another")
        wizards = self.env["fsm.confirmation.send"].with_user(self.dispatcher)
        wizard = wizards.with_context(**action["context"]).create({})
        self.assertEqual(wizard.partner_id, other)
        self.assertEqual(wizard.order_id, self.order)
        other.phone = False
        wizard = wizards.with_context(**action["context"]).create({})
        self.assertFalse(wizard.partner_id)
        self.assertIn("Choose the contact", wizard.blocking_reason)

    def test_a_message_looked_at_above_a_dialog_offers_nothing(self):
        record = self._as(self._asked(), "edit")
        looked = record.with_context(confirmation_look_only=True)
        self.assertFalse(looked.next_steps)
        self.assertTrue(record.next_steps)

    def test_a_past_appointment_is_not_asked_about(self):
        record = self._asked()
        self._pass_time(record, hours=1)
        self.assertEqual(self._steps(record), ["resolve", "open_order"])


@tagged("post_install", "-at_install")
class TestAlerts(DialogCase):
    def _actions(self, wizard):
        return {
            (alert["level"], action["key"])
            for alert in wizard.alerts
            for action in alert["actions"]
        }

    def test_nothing_stands_in_the_way(self):
        wizard = self._wizard()
        self.assertFalse(wizard.alerts)
        self.assertEqual(wizard.sender_display, "(202) 555-0100")
        self.assertEqual(wizard.mobile_display, "(212) 555-0123")

    def test_a_bad_number_is_corrected_on_the_contact(self):
        self.customer.phone = "555-CALL-NOW"
        self.dispatcher.group_ids |= self.env.ref("base.group_partner_manager")
        wizard = self._wizard()
        self.assertIn(("block", "open_contact"), self._actions(wizard))
        action = wizard.action_resolve_alert("open_contact")
        self.assertEqual(
            (action["res_model"], action["res_id"], action["target"]),
            ("res.partner", self.customer.id, "new"),
        )
        self.customer.with_user(self.dispatcher).phone = "+12125550123"
        wizard.action_refresh()
        self.assertFalse(wizard.alerts)
        wizard.action_send()
        self.assertEqual(self.order.confirmation_ids.mobile, "+12125550123")

    def test_who_may_not_change_contacts_is_not_led_there(self):
        self.customer.phone = False
        self.dispatcher.group_ids -= self.env.ref("base.group_partner_manager")
        wizard = self._wizard()
        self.assertTrue(wizard.blocking_reason)
        self.assertNotIn(("block", "open_contact"), self._actions(wizard))
        with self.assertRaises(UserError):
            wizard.action_resolve_alert("open_contact")

    def test_another_contact_is_offered_when_there_is_one(self):
        self.customer.phone = False
        action = ("block", "choose_contact")
        self.assertNotIn(action, self._actions(self._wizard()))
        self._make_contact("Juan Gomez", "+12125550124", parent_id=self.customer.id)
        self.assertIn(action, self._actions(self._wizard(partner_id=self.customer.id)))

    def test_an_opt_out_is_lifted_from_the_dialog(self):
        self._asked()
        self._reply("STOP")
        wizard = self._wizard()
        self.assertIn(("block", "allow_texts"), self._actions(wizard))
        action = wizard.action_resolve_alert("allow_texts")
        self._as(self.env["fsm.confirmation.settle"], "edit").with_context(
            **action["context"]
        ).create({"note": "agreed on the phone"}).action_apply()
        wizard.invalidate_recordset()
        self.assertEqual(
            {level for level, _action in self._actions(wizard)} - {"warn"}, set()
        )
        self.assertFalse(wizard.blocking_reason)
        self.assertIn("texts START", wizard.warning)

    def test_a_date_in_the_past_or_missing_is_changed(self):
        self.env.cr.execute(
            "UPDATE fsm_order SET scheduled_date_start = %s,"
            " scheduled_date_end = NULL WHERE id = %s",
            (fields.Datetime.now() - timedelta(hours=1), self.order.id),
        )
        self.env.invalidate_all()
        wizard = self._wizard()
        self.assertIn(("block", "open_schedule"), self._actions(wizard))
        action = wizard.action_resolve_alert("open_schedule")
        self.assertEqual(action["res_model"], "fsm.order")
        self.assertEqual(action["res_id"], self.order.id)

    def test_a_visit_in_the_past_leads_to_the_visit(self):
        visit = self._make_visit(self.order, 1)
        wizard = self._wizard(visit_id=visit.id)
        self.env.cr.execute(
            "UPDATE fsm_visit SET scheduled_date_start = %s,"
            " scheduled_date_end = NULL WHERE id = %s",
            (fields.Datetime.now() - timedelta(hours=1), visit.id),
        )
        self.env.invalidate_all()
        self.assertIn(("block", "open_order"), self._actions(wizard))
        self.assertEqual(
            wizard.action_resolve_alert("open_schedule")["res_id"], visit.id
        )

    def test_settings_only_for_those_who_may(self):
        self.company.sms_twilio_account_sid = False
        action = ("block", "open_settings")
        wizard = self._wizard()
        self.assertNotIn(action, self._actions(wizard))
        with self.assertRaises(UserError):
            wizard.action_resolve_alert("open_settings")
        chief = self.users["admin"]
        chief.group_ids |= self.env.ref("base.group_system")
        wizard = self._wizard(user=chief)
        self.assertIn(action, self._actions(wizard))
        action = wizard.action_resolve_alert("open_settings")
        self.assertEqual(action["res_model"], "res.config.settings")

    def test_an_earlier_message_is_shown(self):
        record = self._asked()
        wizard = self._wizard()
        self.assertIn(("warn", "open_message"), self._actions(wizard))
        action = wizard.action_resolve_alert("open_message")
        self.assertEqual(action["res_id"], record.id)
        self.assertTrue(action["context"]["confirmation_look_only"])
        self._reply("no")
        self.assertIn(("warn", "open_schedule"), self._actions(self._wizard()))

    def test_no_other_method_is_reached(self):
        wizard = self._wizard()
        for key in ("send", "", "__class__", "choose_contact", "of_here"):
            with self.assertRaises(UserError):
                wizard.action_resolve_alert(key)
        with self.assertRaises(AccessError):
            self._as(wizard, "read").action_resolve_alert("open_message")

    def test_sending_says_so_and_closes(self):
        wizard = self._wizard()
        action = wizard.action_send()
        self.assertIn("Maria Gomez", action["params"]["message"])
        self.assertEqual(
            action["params"]["next"], {"type": "ir.actions.act_window_close"}
        )
        self.assertEqual(wizard.action_send(), {"type": "ir.actions.act_window_close"})
        self.assertEqual(len(self.order.confirmation_ids), 1)

    def test_the_phone_shows_the_company_when_a_service_sends(self):
        self.company.job_confirmation_service_sid = "MG" + "1" * 32
        self.assertEqual(self._wizard().sender_display, "Acme Services")

    def test_a_code_follows_a_corrected_number(self):
        self._asked(self._make_order(self.start + timedelta(days=1)))
        wizard = self._wizard()
        self.assertTrue(wizard.code)
        self.customer.phone = "+12125550177"
        wizard.action_refresh()
        self.assertFalse(wizard.code)
        self.assertNotIn("YES 1", wizard.body)


@tagged("post_install", "-at_install")
class TestWorkOrder(DialogCase):
    def test_a_visit_has_its_own_send(self):
        visits = self._make_visit(self.order, 1) | self._make_visit(self.order, 2)
        action = self._as(visits[1], "edit").action_send_confirmation()
        wizard = (
            self.env["fsm.confirmation.send"]
            .with_user(self.dispatcher)
            .with_context(**action["context"])
            .create({})
        )
        self.assertEqual(wizard.visit_id, visits[1])
        with self.assertRaises(AccessError):
            self._as(visits[1], "read").action_send_confirmation()

    def test_which_visits_can_be_asked_about(self):
        visit = self._make_visit(self.order, 1)
        self.assertTrue(visit.is_upcoming)
        visit.scheduled_date_start = fields.Datetime.now() - timedelta(hours=1)
        self.assertFalse(visit.is_upcoming)

    def test_a_status_set_by_hand_tells_who_and_from_what_to_what(self):
        self._asked()
        self.env.flush_all()
        self.env.cr.precommit.run()
        self._as(self.order, "edit").confirmation_status = "confirmed"
        self.env.flush_all()
        self.env.cr.precommit.run()
        message = self.order.message_ids.filtered("tracking_value_ids")[0]
        self.assertEqual(message.author_id, self.dispatcher.partner_id)
        value = message.tracking_value_ids.filtered(
            lambda tracking: tracking.field_id.name == "confirmation_status"
        )
        self.assertEqual(
            (value.old_value_char, value.new_value_char),
            ("Awaiting response", "Confirmed"),
        )
        # Without what it tells, the screen would show it as a deleted note.
        for level, expected in (("none", 0), ("read", 1)):
            notes = self._as(message, level)
            self.assertEqual(notes.search_count([("id", "=", message.id)]), expected)

    def test_the_status_stands_in_the_header_for_each_level(self):
        for level, readonly in (("edit", None), ("read", "1")):
            arch = self._as(self.order, level).get_view(view_type="form")["arch"]
            (node,) = self._find_status(arch)
            self.assertEqual(node.get("readonly") or None, readonly)
        arch = self._as(self.order, "none").get_view(view_type="form")["arch"]
        self.assertEqual(self._find_status(arch), [])

    def test_searching_work_orders_calls_nothing_a_browser_lacks(self):
        # The web client evaluates it, and knows no str().
        self.assertNotIn("str(", self.order.get_view(view_type="search")["arch"])

    def _find_status(self, arch):
        # pylint: disable=import-outside-toplevel
        from lxml import etree

        return etree.fromstring(arch).xpath(
            "//header/field[@name='confirmation_status']"
        )
