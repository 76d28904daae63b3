# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The dialog: whom, what, and what stands in the way."""

from datetime import datetime

from freezegun import freeze_time

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import Form, tagged

from ..common import MODULE, ConfirmationTransactionCase


@tagged("post_install", "-at_install")
class TestSending(ConfirmationTransactionCase):
    def _assert_blocked(self, words, **values):
        wizard = self._wizard(**values)
        self.assertRegex(wizard.blocking_reason, words)
        with self.assertRaisesRegex(UserError, words):
            wizard.action_send()
        self.assertFalse(self.order.sudo().confirmation_ids)

    # ------------------------------------------------------------ whom

    def test_contact_is_filled_in(self):
        wizard = self._wizard()
        self.assertEqual(wizard.partner_id, self.customer)
        self.assertEqual(wizard.mobile, "+12125550123")
        self.assertEqual(wizard.mobile_display, "(212) 555-0123")

    def test_first_contact_that_can_be_texted(self):
        owner = self._make_contact("Owner", "+1 212 555 0144")
        self.location.owner_id = owner
        self.customer.phone = "+49 30 23125 001"  # a landline
        self.assertEqual(self._wizard().partner_id, owner)

    def test_a_number_that_failed_as_a_landline_is_passed_over(self):
        owner = self._make_contact("Owner", "+1 212 555 0144")
        self.location.owner_id = owner
        failed = self._send().sudo()
        self._apply_report(failed, "undelivered", sid=f"SM{1:032d}", code=30006)
        wizard = self._wizard()
        self.assertEqual(wizard.partner_id, owner)
        self.assertFalse(wizard.blocking_reason)
        self.assertNotIn(self.customer, wizard.available_partner_ids)
        owner.phone = False
        wizard = self._wizard()
        self.assertEqual(wizard.partner_id, self.customer)
        self.assertIn("because it is a landline", wizard.blocking_reason)

    def test_only_contacts_that_can_be_texted_are_offered(self):
        child = self._make_contact(
            "Child", "(212) 555-0145", parent_id=self.customer.id
        )
        without = self._make_contact("No Phone", False, parent_id=self.customer.id)
        self._make_contact("Stranger", "(212) 555-0146")
        offered = self._wizard().available_partner_ids
        self.assertIn(self.customer, offered)
        self.assertIn(child, offered)
        self.assertNotIn(without, offered)
        self.assertNotIn("Stranger", offered.mapped("name"))

    def test_all_are_offered_when_nobody_can_be_texted(self):
        self.customer.phone = False
        self.assertIn(self.customer, self._wizard().available_partner_ids)

    def test_another_contact_of_the_customer(self):
        child = self._make_contact(
            "Child", "(212) 555-0145", parent_id=self.customer.id
        )
        record = self._send(partner_id=child.id)
        self.assertEqual(record.partner_id, child)
        self.assertEqual(record.mobile, "+12125550145")

    def test_a_stranger_is_refused(self):
        stranger = self._make_contact("Stranger", "(212) 555-0146")
        self._assert_blocked("not a contact of this customer", partner_id=stranger.id)

    # ------------------------------------------------------------ what

    def test_the_text(self):
        record = self._send()
        self.assertEqual(
            record.body,
            f"Acme Services: {self.order.name} on {self.order.confirmation_date}, "
            "9:00 AM - 11:00 AM at 12 Main St, Springfield. With Bob Ray. "
            "Reply YES to confirm or NO to decline. STOP to opt out.",
        )
        self.assertRegex(
            self.order.confirmation_date, r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \w{3} \d+"
        )
        self.assertEqual(record.segment_count, 1)

    def test_preview_is_what_is_sent(self):
        wizard = self._wizard()
        preview = wizard.body
        wizard.action_send()
        self.assertEqual(self.order.confirmation_ids.body, preview)

    def test_a_body_from_the_client_is_ignored(self):
        record = self._send(body="Pay 500 dollars", mobile="+19995550100")
        self.assertNotIn("Pay", record.body)
        self.assertEqual(record.mobile, "+12125550123")
        wizard = self._wizard()
        wizard.write({"body": "Pay 500 dollars"})
        wizard.action_send()
        self.assertNotIn("Pay", self.order.confirmation_ids[0].body)

    def test_a_number_from_the_client_is_ignored(self):
        wizard = self._wizard(mobile="+12125559999")
        wizard.write({"mobile": "+12125559999", "mobile_display": "555"})
        wizard.action_send()
        self.assertEqual(wizard.confirmation_id.mobile, "+12125550123")

    def test_long_details_leave_room_for_how_to_answer(self):
        self._send()
        self.location.partner_id.street = "Main Street " * 300
        self.technician.name = "Robert " * 300
        self.company.name = "Acme " * 300
        second = self._send(self._make_order())
        self.assertLessEqual(len(second.body), 1600)
        self.assertIn(f"YES {second.code}", second.body)
        self.assertIn("STOP to opt out.", second.body)
        self.assertIn("Main Street Main Street", second.body)

    def _use_template(self, body):
        self.company.job_confirmation_template_id = self.env["sms.template"].create(
            {
                "name": "Our own",
                "model_id": self.env["ir.model"]._get_id("fsm.order"),
                "body": body,
            }
        )

    def test_digits_of_the_job_are_no_code(self):
        self._use_template("{{ object.name }}: YES or NO?")
        self.order.name = "Job 427"
        body = self.order._render_confirmation_body(self.customer, code="427")
        self.assertEqual(
            body, "Job 427: YES or NO? Reply YES 427 to confirm or NO 427 to decline."
        )

    def test_no_character_that_doubles_the_price(self):
        self.assertIn("GSM", self._encoding(self._send().body))

    def _encoding(self, body):
        from ...core.segments import count_segments

        return count_segments(body).encoding

    @freeze_time("2026-03-01 12:00:00")
    def test_time_of_the_location_across_daylight_saving(self):
        cases = [
            # 2026-03-08 02:00 New York springs forward; 2026-11-01 falls back.
            ("America/New_York", datetime(2026, 3, 7, 14), ", 9:00 AM"),
            ("America/New_York", datetime(2026, 3, 8, 13), ", 9:00 AM"),
            ("America/New_York", datetime(2026, 11, 1, 14), ", 9:00 AM"),
            ("America/New_York", datetime(2026, 10, 31, 13), ", 9:00 AM"),
            ("America/Los_Angeles", datetime(2026, 3, 8, 16), ", 9:00 AM"),
            # Two hours of work across the gap at 2 in the morning.
            ("America/New_York", datetime(2026, 3, 8, 6, 30), "1:30 AM - 4:30 AM"),
        ]
        for zone, start, expected in cases:
            with self.subTest(zone=zone, start=start):
                self.location.tz = zone
                order = self._make_order(start)
                body = self._wizard(order).body
                self.assertIn(expected, body)

    def test_language_and_formats_are_the_contacts(self):
        self.env["res.lang"]._activate_lang("de_DE")
        self.env["ir.module.module"]._load_module_terms([MODULE], ["de_DE"])
        self.customer.lang = "de_DE"
        body = self._wizard().body
        self.assertIn("09:00 - 11:00", body)
        self.assertRegex(body, r"(Mo|Di|Mi|Do|Fr|Sa|So)\.?, \d+\. ")

    def test_no_end_no_technician_no_street(self):
        self.location.partner_id.write({"street": False, "city": False})
        order = self._make_order(hours=0, person_id=False)
        body = self._wizard(order).body
        self.assertIn(f"9:00 AM at {self.location.name}. Reply YES", body)

    def test_template_of_the_company(self):
        template = self.env["sms.template"].create(
            {
                "name": "Short",
                "model_id": self.env["ir.model"]._get_id("fsm.order"),
                "body": "{{ object.name }} ok? {{ object.confirmation_answer }}",
            }
        )
        self.company.job_confirmation_template_id = template
        self.assertEqual(
            self._send().body,
            f"{self.order.name} ok? Reply YES to confirm or NO to decline.",
        )

    def test_template_that_asks_for_an_opt_out_word(self):
        for body in (
            "Reply CANCEL to cancel.",
            "Text YES to confirm or QUIT to decline",
            "reply 'end' if you can't",
            "Answer YES or STOP",
            "Reply STOP to cancel the appointment",
        ):
            with (
                self.subTest(body),
                self.assertRaisesRegex(ValidationError, "opting out"),
            ):
                self._template(body)
        for body in (
            "Reply YES or NO. Reply STOP to opt out.",
            "Text STOP to unsubscribe",
            "Zum Abmelden antworten Sie mit STOP.",
            "Antwoord STOP om u af te melden",
            "Responda STOP para dejar de recibir mensajes",
            "Call us to cancel. Reply YES to confirm.",
            "Answer YES; your appointment will end at 5.",
        ):
            with self.subTest(body):
                self._template(body)

    def _template(self, body):
        return self.env["sms.template"].create(
            {
                "name": "Test",
                "model_id": self.env["ir.model"]._get_id("fsm.order"),
                "body": body,
            }
        )

    # ------------------------------------------------------- alerts

    def test_no_number(self):
        self.customer.phone = False
        self._assert_blocked("has no phone number")

    def test_invalid_number(self):
        self.customer.phone = "555-CALL"
        self._assert_blocked("not a valid phone number")

    def test_landline(self):
        self.customer.phone = "+49 30 23125 001"
        self._assert_blocked("is a landline")

    def test_opted_out(self):
        self.env["phone.blacklist"]._job_confirmation_opt_out_sudo(
            "+12125550123", "reply", "Stop it", self.company
        )
        self._assert_blocked("Opted out on .*“Stop it”")

    def test_past(self):
        self.order.scheduled_date_start = fields.Datetime.to_datetime("2020-01-01")
        self._assert_blocked("in the past")

    def test_without_date(self):
        self.order.write({"scheduled_date_start": False, "scheduled_duration": 0})
        self.order.scheduled_date_start = False
        self._assert_blocked("no date")

    def test_closed(self):
        self.order.action_cancel()
        self._assert_blocked("nothing to confirm")

    def test_twilio_not_set_up(self):
        self.company.sms_twilio_auth_token = False
        self._assert_blocked("Twilio is not set up")

    def test_not_enabled(self):
        self.company.job_confirmation_enabled = False
        self._assert_blocked("not enabled")

    def test_template_that_gives_no_text(self):
        for body in ("  ", "{{ object.no_such_field }}"):
            self._use_template(body)
            self._assert_blocked("“Our own” is empty or has a wrong placeholder")
        self._use_template("  ")
        batch = (
            self.env["fsm.confirmation.batch"]
            .with_user(self.dispatcher)
            .create({"order_ids": [Command.set(self.order.ids)]})
        )
        with self.assertRaisesRegex(UserError, "“Our own” is empty"):
            batch.action_send()

    def test_warns_of_earlier_messages(self):
        self.assertFalse(self._wizard().warning)
        record = self._send()
        self.assertIn("has not answered yet", self._wizard().warning)
        self._reply("yes")
        self.assertEqual(record.response, "confirmed")
        self.assertIn("already confirmed", self._wizard().warning)

    def test_second_click_sends_nothing(self):
        wizard = self._wizard()
        wizard.action_send()
        wizard.action_send()
        self.assertEqual(len(self.order.confirmation_ids), 1)

    def test_two_dialogs_open_at_once_send_one_text(self):
        dialogs = self.env["fsm.confirmation.send"].with_user(self.dispatcher)
        dialogs = dialogs.with_context(default_order_id=self.order.id)
        first, second = Form(dialogs), Form(dialogs)
        first.save().action_send()
        self.assertFalse(second.warning)
        wizard = second.save()
        with self.assertRaisesRegex(UserError, "While this dialog was open"):
            wizard.action_send()
        self.assertEqual(len(self.order.confirmation_ids), 1)
        # Whoever has read the warning may ask again.
        again = Form(dialogs)
        self.assertIn("has not answered yet", again.warning)
        again.save().action_send()
        self.assertEqual(len(self.order.confirmation_ids), 2)
        self.assertEqual(len(self.order.confirmation_ids.filtered("is_open")), 1)

    def test_asking_again_replaces_the_old_question(self):
        first = self._send()
        second = self._send()
        self.assertEqual(first.state, "canceled")
        self.assertEqual(first.closed_reason, "replaced")
        self.assertFalse(second.code)
        self._reply("yes")
        self.assertFalse(first.response)
        self.assertEqual(second.response, "confirmed")

    def test_names_are_searched_and_stay(self):
        parent = self._make_contact("Globex", False, is_company=True)
        self.customer.parent_id = parent
        record = self._send()
        self.assertEqual(record.company_name, "Globex")
        messages = self.env["fsm.confirmation"]
        for typed in ("(212) 555-0123", "+1212", "5550123", "212.555.0123"):
            self.assertEqual(
                messages.search([("mobile_search", "ilike", typed)]), record
            )
        self.assertFalse(messages.search([("mobile_search", "ilike", "999")]))
        self.assertFalse(messages.search([("mobile_search", "ilike", "Maria")]))
        self.customer.name = "Maria Lopez"
        self.assertEqual(record.contact_name, "Maria Lopez")

    def test_each_sending_process_is_woken(self):
        first = self.env.ref(f"{MODULE}.ir_cron_send_confirmations")
        beside = self.env.ref(f"{MODULE}.ir_cron_send_beside")
        beside.active = True
        more = beside.copy()
        triggers = self.env["ir.cron.trigger"].sudo()
        known = triggers.search([])
        self._send()
        woken = (triggers.search([]) - known).cron_id
        self.assertEqual(woken & (first | beside | more), first | beside | more)


@tagged("post_install", "-at_install")
class TestArchived(ConfirmationTransactionCase):
    """Who is archived is neither proposed nor texted."""

    def test_another_contact_is_proposed(self):
        owner = self._make_contact("Owner", "+1 212 555 0144")
        self.location.owner_id = owner
        self.customer.active = False
        wizard = self._wizard()
        self.assertEqual(wizard.partner_id, owner)
        self.assertNotIn(self.customer, wizard.available_partner_ids)

    def test_nobody_else(self):
        self.location.partner_id.phone = False
        (self.customer | self.location.partner_id).active = False
        wizard = self._wizard()
        self.assertFalse(wizard.partner_id)
        self.assertIn("archived", wizard.blocking_reason)
        with self.assertRaisesRegex(UserError, "archived"):
            wizard.action_send()
        batch = self.env["fsm.confirmation.batch"].with_user(self.dispatcher)
        batch = batch.create({"order_ids": self.order.ids})
        self.assertEqual(batch.ready_count, 0)
        self.assertIn("archived", batch.skipped_info)

    def test_chosen_by_a_client(self):
        self.customer.active = False
        wizard = self._wizard(partner_id=self.customer.id)
        self.assertIn("archived", wizard.blocking_reason)
        with self.assertRaises(UserError):
            wizard.action_send()

    def test_archived_before_it_left(self):
        record = self._send().sudo()
        self.customer.active = False
        alerts = self.env["fsm.confirmation.alert"]._get_departure_alerts(record)
        self.assertEqual([alert.code for alert in alerts[record]], ["archived"])


@tagged("post_install", "-at_install")
class TestTimeZone(ConfirmationTransactionCase):
    """The time in the text is that of the place of work."""

    def setUp(self):
        super().setUp()
        # 12:00 in New York, 9:00 in Los Angeles.
        self.order.scheduled_date_start = self._local_time("America/New_York", 3, 12)
        self.place = self.location.partner_id
        # As the web client fills it in for who makes it.
        self.place.tz = "America/New_York"

    def _body(self):
        self.env.invalidate_all()  # As in a request of its own.
        return self._wizard().body

    def test_state_and_country(self):
        self.place.country_id = self.env.ref("base.us")
        self.place.state_id = self.env.ref("base.state_us_5")  # California
        self.assertEqual(self.place.state_id.code, "CA")
        self.assertIn(", 9:00 AM", self._body())
        record = self._send()
        self.assertEqual(record.timezone, "America/Los_Angeles")
        self.place.state_id = False
        self.assertIn("12:00 PM", self._body())
        self.place.country_id = self.env.ref("base.de")
        self.assertIn("6:00 PM", self._body())

    def test_office_hours(self):
        self.location.calendar_id = self.env["resource.calendar"].create(
            {"name": "Los Angeles", "tz": "America/Los_Angeles"}
        )
        self.assertIn(", 9:00 AM", self._body())

    def test_a_zone_that_fits_the_place_counts(self):
        self.place.country_id = self.env.ref("base.us")
        self.place.tz = "America/Chicago"
        self.assertIn("11:00 AM", self._body())

    def test_the_zone_is_said_when_the_contact_is_elsewhere(self):
        self.place.tz = "America/Los_Angeles"
        self.customer.tz = False
        self.assertNotRegex(self._body(), "P[SD]T")
        self.customer.tz = "America/New_York"
        self.assertRegex(self._body(), r", 9:00 AM( - 11:00 AM)? P[SD]T")
        self.assertEqual(self._send().body, self._body())
        self.customer.tz = "US/Pacific"
        self.assertNotRegex(self._body(), "P[SD]T")

    def test_the_dialog_says_when_it_is_not_the_users(self):
        self.assertFalse(self._wizard().timezone_info)
        self.place.tz = "America/Los_Angeles"
        self.assertIn("America/Los_Angeles", self._wizard().timezone_info)
