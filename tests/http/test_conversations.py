# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Never a wrong yes: what customers write, read after what was said last."""

from datetime import timedelta

from odoo.tests import tagged

from ..common import OUR_NUMBER, ConfirmationHttpCase

# What only agrees or is polite, in every language.
COURTESIES = (
    "ok",
    "k",
    "👍",
    "Perfect",
    "Got it",
    "Sure",
    "no problem",
    "ok thanks",
    "d'accord merci",
    "alles klar danke",
    "va bene grazie",
    "vale gracias",
    "ok obrigado",
    "oké bedankt",
)


@tagged("post_install", "-at_install")
class TestConversations(ConfirmationHttpCase):
    """Through real signed webhooks."""

    def _open(self, order=None, **values):
        record = self._send(order, **values)
        self._run_outbox()
        return record

    def _say_all(self, record, texts, response):
        """Nothing changes, nothing is answered, nobody is bothered."""
        activities = self.order.activity_ids
        for text in texts:
            result = self._customer_says(text)
            self.assertEqual(record.response, response, text)
            self.assertFalse(result["replies"], text)
            self.assertEqual(self.order.activity_ids, activities, text)
            reply = self.env["fsm.confirmation.reply"].search([], limit=1)
            self.assertEqual((reply.body, reply.state), (text, "matched"))
        self.assertIn(texts[0], self._history(self.order))

    def test_courtesies_after_a_refusal(self):
        record = self._open()
        result = self._customer_says("Sorry, I can't make it that day")
        self.assertIn("We will contact you", result["replies"][0])
        record.sudo().needs_reading = False
        self._say_all(record, COURTESIES, "declined")
        self.assertFalse(record.needs_reading)
        self.assertEqual(self.order.activity_ids.activity_type_id.name, "Reschedule")

    def test_a_bare_yes_after_a_refusal_is_for_a_person(self):
        record = self._open()
        self._customer_says("no")
        result = self._customer_says("Yes")
        self.assertFalse(result["replies"])
        self.assertEqual((record.response, record.needs_reading), ("declined", True))
        self._customer_says("I can make it after all")
        self.assertEqual(record.response, "confirmed")
        self.assertTrue(record.needs_reading, "nobody has read the Yes")

    def test_courtesies_after_a_no_entered_by_hand(self):
        record = self._open()
        self._resolve(record, "declined", "customer called")
        self._say_all(record, COURTESIES[:3], "declined")

    def test_courtesies_after_a_no_entered_on_the_work_order(self):
        record = self._open()
        self.order.with_user(self.dispatcher).confirmation_status = "declined"
        self._customer_says("ok")
        self._customer_says("Yes")
        self.assertNotEqual(record.response, "confirmed")
        self.assertEqual(self.order.confirmation_status, "declined")

    def test_courtesies_after_opting_out_and_in(self):
        record = self._open()
        self._customer_says("STOP")
        self._customer_says("START")
        self._say_all(record, COURTESIES[:3], "opted_out")
        self._customer_says("yes")
        self.assertEqual(record.response, "opted_out")
        self.assertTrue(record.needs_reading)

    def test_courtesies_after_we_asked_back(self):
        for unclear in (
            "Can we do Friday instead?",
            "Yes but after 3pm",
            "Sí, pero después de las 3",
            "Ja, aber erst nach 15 Uhr",
        ):
            order = self._make_order()
            record = self._open(order)
            result = self._customer_says(unclear)
            self.assertNotEqual(record.response, "confirmed", unclear)
            before = (record.response, order.activity_ids)
            if record.response == "unrecognized":
                self.assertTrue(result["replies"], unclear)
            for text in ("ok", "alles klar danke"):
                self._customer_says(text)
                self.assertEqual((record.response, order.activity_ids), before, text)
            order.action_cancel()

    def test_a_like_belongs_to_the_text_that_it_quotes(self):
        record = self._open()
        foreign = "We miss you! Reply YES for a 10% coupon"
        self._customer_says(f"Liked “{foreign}”")
        self.assertFalse(record.response)
        result = self._customer_says("no")
        [our_text] = result["replies"]
        self._customer_says(f"Liked “{our_text}”")
        self.assertEqual(record.response, "declined")
        self.assertFalse(record.needs_reading)

    def test_a_like_of_the_question_and_what_takes_it_back(self):
        record = self._open()
        self._customer_says(f"Liked “{record.body}”")
        self.assertEqual(record.response, "confirmed")
        for text in ("Removed a like from “%s”", "Disliked “%s”"):
            record.sudo().needs_reading = False
            result = self._customer_says(text % record.body)
            self.assertEqual(record.response, "confirmed")
            self.assertTrue(record.needs_reading, text)
            self.assertFalse(result["replies"])

    def test_a_thank_you_that_is_liked_confirms_nothing_else(self):
        first = self._open()
        [thanks] = self._customer_says("yes")["replies"]
        second = self._open(self._make_order(self.start + timedelta(days=1)))
        self._customer_says(f"Liked “{thanks}”")
        self.assertEqual(first.response, "confirmed")
        self.assertFalse(second.response)

    def test_two_visits_named_by_their_weekdays(self):
        visits = [self._make_visit(self.order, days) for days in (1, 3)]
        first, second = (self._open(visit_id=visit.id) for visit in visits)
        names = [
            (self.start + timedelta(days=days)).strftime("%A").lower() for days in (1, 3)
        ]
        self._customer_says(f"yes for {names[0]} no for {names[1]}")
        self.assertEqual((first.response, second.response), ("confirmed", "declined"))

    def test_the_first_one(self):
        visits = [self._make_visit(self.order, days) for days in (1, 3)]
        first, second = (self._open(visit_id=visit.id) for visit in visits)
        self._customer_says("the first one yes")
        self.assertEqual((first.response, second.response), ("confirmed", False))

    def test_a_note_beside_a_yes(self):
        record = self._open()
        result = self._customer_says("Yes, gate code is 1234")
        self.assertIn("is confirmed", result["replies"][0])
        self.assertEqual((record.response, record.needs_reading), ("confirmed", True))
        self.assertIn("1234", record.customer_note)
        self.assertIn("1234", self.order.confirmation_note)
        self.assertFalse(self.order.activity_ids)

    def test_a_refusal_that_proposes_another_time(self):
        record = self._open()
        day = self.start + timedelta(days=3)
        self._customer_says(f"No, can you come {day.strftime('%A')} at 3pm?")
        self.assertEqual(record.response, "declined")
        self.assertEqual(
            record.proposed_date.date(),
            day.date(),
        )
        self.assertIn("3:00", record.proposed_text)

    def test_yes_from_a_number_that_was_never_blocked(self):
        """Twilio calls it START, as it is one of its words for opting in."""
        record = self._open()
        self._customer_says("Yes", opt_out_type="START")
        self.assertEqual(record.response, "confirmed")

    def test_a_stop_from_another_channel(self):
        record = self._open()
        self._customer_says("STOP", params={"From": f"rcs:{record.mobile}"})
        self.assertEqual(record.response, "opted_out")
        blacklist = self.env["phone.blacklist"]
        self.assertTrue(blacklist._job_confirmation_find_sudo([record.mobile]))

    def test_wrong_number(self):
        record = self._open()
        result = self._customer_says("Wrong number")
        self.assertFalse(result["replies"])
        self.assertFalse(record.is_open)
        self.assertEqual(record.closed_reason, "wrong_number")
        self.assertFalse(record.response)
        self.assertEqual(self.order.confirmation_status, "not_sent")
        kind = self.order.activity_ids.activity_type_id.name
        self.assertEqual(kind, "Find the right number")
        blacklist = self.env["phone.blacklist"]
        self.assertFalse(blacklist._job_confirmation_find_sudo([record.mobile]))
        self._customer_says("yes")
        self.assertFalse(record.response)

    def test_a_reply_to_another_number_of_the_service(self):
        service = "MG" + "a" * 32
        record = self._open()
        record.sudo().write({"sender": service, "from_number": OUR_NUMBER})
        self.twilio.set_number(
            "+12025550177",
            sms_url=self.base_url() + "/job_confirmation/twilio/inbound",
        )
        self._customer_says(
            "yes", to="+12025550177", params={"MessagingServiceSid": service}
        )
        self.assertEqual(record.response, "confirmed")
