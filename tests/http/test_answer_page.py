# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page on which who was asked by e-mail answers, over real HTTP."""

import re
import secrets
from datetime import datetime, time, timedelta

import pytz
import vobject
from lxml import html

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import MODULE, ConfirmationHttpCase, new_user

URL = "/job_confirmation/answer/"
CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


@tagged("post_install", "-at_install")
class TestAnswerPage(ConfirmationHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.phone = "+1 202-555-0100"
        cls.contact = cls._make_contact("Ana Ruiz", False, email="ana@example.com")
        cls.order = cls._make_order(location_id=cls._make_location(cls.contact).id)

    def setUp(self):
        super().setUp()
        self.record = self._send(channel="email")
        self.token = self._get_token(self.record)
        self.env.flush_all()

    def _get_token(self, record):
        body = record.sudo().mail_id.body_html
        return re.search(r"/answer/([\w-]{43})\?", body)[1]

    def _get(self, suffix="", token=None, **options):
        return self.url_open(URL + (token or self.token) + suffix, **options)

    def _press(self, answer="yes", page=None, token=None, **values):
        """The button of the page, which a person looks at."""
        page = page or self._get(token=token)
        found = CSRF.search(page.text)
        data = {"answer": answer, "csrf_token": found and found[1], **values}
        response = self.url_open(URL + (token or self.token), data=data)
        self.env.invalidate_all()
        return response

    def _assert_untouched(self):
        self.env.invalidate_all()
        self.assertFalse(self.record.response or self.record.reply_ids)
        self.assertTrue(self.record.is_open)
        self.assertEqual(self.order.confirmation_status, "awaiting")

    def test_to_look_changes_nothing(self):
        for suffix in ("", "?answer=yes", "?answer=no", "?answer=no&note=x&day=x"):
            page = self._get(suffix)
            self.assertEqual(page.status_code, 200)
            self.assertIn(self.order.name, page.text)
            self.assertIn(self.company.name, page.text)
            self.assertIn("<!DOCTYPE html>", page.text[:40])
            self._assert_untouched()
        for method in ("head", "options", "put", "delete"):
            response = self.opener.request(method, self.base_url() + URL + self.token)
            self.assertIn(response.status_code, (200, 400, 405), method)
            self._assert_untouched()

    def test_the_page_is_nobody_elses(self):
        page = self._get("?answer=yes")
        headers = page.headers
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertIn("noindex", headers["X-Robots-Tag"])
        self.assertIn("no-store", headers["Cache-Control"])
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])
        self.assertNotIn("<script", page.text)
        self.assertNotIn("http://", page.text.replace(self.base_url(), ""))
        # Of the company's time zone a customer elsewhere needs to be told.
        self.assertRegex(page.text, r"E[SD]T")
        for secret in (self.contact.email, self.record.name, "odoo"):
            self.assertNotIn(secret, page.text.lower().replace(URL, ""))

    def test_the_company_is_named_once(self):
        self.assertEqual(self._get().text.count(self.company.name), 1)
        self._press("yes")
        self.assertEqual(self._get().text.count(self.company.name), 1)

    def test_yes(self):
        done = self._press("yes", note="The gate code is 4711")
        self.assertEqual(done.status_code, 200)
        self.assertIn("Your appointment is confirmed", done.text)
        record = self.record
        self.assertEqual(record.response, "confirmed")
        self.assertEqual((record.is_open, record.closed_reason), (False, "answered"))
        self.assertEqual(record.customer_note, "The gate code is 4711")
        self.assertTrue(record.needs_reading)
        self.assertEqual(record.reply_body, "Yes. The gate code is 4711")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertEqual(self.order.confirmation_note, "The gate code is 4711")
        reply = record.reply_ids
        self.assertEqual((reply.intent, reply.state), ("confirm", "matched"))
        self.assertFalse(reply.mobile)
        for target in (self.order, self.contact):
            self.assertIn("The gate code is 4711", self._history(target))
            self.assertIn("Answer by e-mail from Ana Ruiz", self._history(target))
        events = record.get_conversation()["events"]
        received = [event for event in events if event["kind"] == "received"]
        self.assertEqual([event["author"] for event in received], ["Ana Ruiz"])

    def test_no_with_another_day(self):
        day = fields.Date.today() + timedelta(days=9)
        page = self._get("?answer=no")
        self.assertIn('type="date"', page.text)
        self._press("no", page, note="On vacation", day=str(day))
        record = self.record
        self.assertEqual(record.response, "declined")
        self.assertEqual(self.order.confirmation_status, "declined")
        self.assertEqual(record.proposed_date.date(), day)
        shown = self.order._format_date_in("America/New_York", record.proposed_date)
        self.assertEqual(record.reply_body, f"No. On vacation, {shown}")
        self.assertTrue(record.activity_id)

    def test_a_no_with_a_note_is_read_and_still_needs_another_date(self):
        self._press("no", note="On vacation")
        self.record.with_user(self.dispatcher).action_mark_read()
        self.assertFalse(self.record.needs_reading)
        self.assertEqual(self.order.activity_ids.activity_type_id.name, "Reschedule")

    def test_odd_days_and_notes(self):
        self._press("no", day="2001-01-01", note="a\0b" + "x" * 3000)
        self.assertEqual(self.record.response, "declined")
        self.assertFalse(self.record.proposed_date)
        self.assertEqual(len(self.record.customer_note), 1000)

    def test_the_calendar(self):
        self.assertEqual(self._get("/appointment.ics").status_code, 410)
        done = self._press("yes")
        self.assertIn("appointment.ics", done.text)
        got = self._get("/appointment.ics")
        self.assertEqual(got.status_code, 200)
        self.assertIn("text/calendar", got.headers["Content-Type"])
        event = vobject.readOne(got.text).vevent
        start = event.dtstart.value.replace(tzinfo=None)
        self.assertEqual(start, self.order.scheduled_date_start)
        self.assertIn("12 Main St", event.location.value)
        self.assertIn(self.company.name, event.summary.value)

    def _confirmed_event(self, order, zone=None, **values):
        """The event of the file after a yes about a Work Order, or one visit of it."""
        if zone:
            order.location_id.tz = zone
        record = self._send(order, channel="email", **values)
        token = self._get_token(record)
        self.env.flush_all()
        self._press("yes", token=token)
        got = self._get("/appointment.ics", token=token)
        return vobject.readOne(got.text).vevent

    def _night(self, zone, is_spring):
        """The day on which the clocks of a place change next, as a ``date``."""
        place = pytz.timezone(zone)
        now = fields.Datetime.now()
        change = next(
            moment
            for moment, (_utc, saving, _name) in zip(
                place._utc_transition_times, place._transition_info, strict=True
            )
            if moment > now and bool(saving) == is_spring
        )
        return pytz.utc.localize(change).astimezone(place).date()

    def test_the_calendar_over_the_nights_when_clocks_change(self):
        for zone, is_spring in (
            ("America/New_York", True),
            ("America/New_York", False),
            ("Europe/Berlin", True),
            ("Australia/Sydney", False),
        ):
            day = self._night(zone, is_spring)
            place = pytz.timezone(zone)
            start = place.localize(
                datetime.combine(day - timedelta(days=1), time(22))
            ).astimezone(pytz.utc)
            end = place.localize(datetime.combine(day, time(9))).astimezone(pytz.utc)
            order = self._make_order(location_id=self.order.location_id.id)
            order.write(
                {
                    "scheduled_date_start": start.replace(tzinfo=None),
                    "scheduled_date_end": end.replace(tzinfo=None),
                }
            )
            event = self._confirmed_event(order, zone)
            shown = [
                value.astimezone(place).strftime("%Y-%m-%d %H:%M")
                for value in (event.dtstart.value, event.dtend.value)
            ]
            self.assertEqual(
                shown, [f"{day - timedelta(days=1)} 22:00", f"{day} 09:00"], zone
            )
            hours = (event.dtend.value - event.dtstart.value).total_seconds() / 3600
            self.assertEqual(hours, 10 if is_spring else 12, zone)

    def test_the_calendar_of_whole_days(self):
        zone = "America/New_York"
        place = pytz.timezone(zone)
        day = self._night(zone, True)
        for last in (time(0), time(23, 59)):
            # Three days; the clocks change on the second one.
            ends_on = day + timedelta(days=2 if last == time(0) else 1)
            order = self._make_order(location_id=self.order.location_id.id)
            begin, end = (
                place.localize(datetime.combine(on, at))
                .astimezone(pytz.utc)
                .replace(tzinfo=None)
                for on, at in ((day - timedelta(days=1), time(0)), (ends_on, last))
            )
            order.write({"scheduled_date_start": begin, "scheduled_date_end": end})
            event = self._confirmed_event(order, zone)
            self.assertEqual(event.dtstart.value, day - timedelta(days=1))
            self.assertEqual(event.dtend.value, day + timedelta(days=2))

    def test_the_calendar_of_several_visits(self):
        visits = [self._make_visit(self.order, days) for days in (3, 5)]
        events = [
            self._confirmed_event(self.order, visit_id=visit.id) for visit in visits
        ]
        self.assertEqual(len({event.uid.value for event in events}), 2)
        for visit, event in zip(visits, events, strict=True):
            self.assertIn(visit.name, event.summary.value)
            start = event.dtstart.value.replace(tzinfo=None)
            self.assertEqual(start, visit.scheduled_date_start)

    def test_the_calendar_after_a_move_replaces_the_event(self):
        before = self._confirmed_event(self.order)
        self.order.scheduled_date_start += timedelta(days=1)
        after = self._confirmed_event(self.order)
        self.assertEqual(before.uid.value, after.uid.value)
        self.assertGreater(int(after.sequence.value), int(before.sequence.value))

    def test_once_only(self):
        page = self._get()
        self._press("yes", page)
        again = self._press("no", page)
        self.assertIn("Your appointment is confirmed", again.text)
        self.assertEqual(self.record.response, "confirmed")
        self.assertEqual(len(self.record.reply_ids), 1)
        self.assertNotIn("<form", self._get().text)

    @mute_logger("odoo.http")
    def test_not_without_the_pages_own_form(self):
        for data in ({"answer": "yes"}, {"answer": "yes", "csrf_token": "x"}):
            response = self.url_open(URL + self.token, data=data)
            self.assertEqual(response.status_code, 400)
            self._assert_untouched()

    def test_neither_yes_nor_no(self):
        for answer in ("", "maybe", "confirmed"):
            self._press(answer)
            self._assert_untouched()

    def test_too_much(self):
        with mute_logger("odoo.http"):
            response = self._press("yes", note="x" * 30_000)
        self.assertEqual(response.status_code, 413)
        self._assert_untouched()

    def test_a_link_that_is_none_tells_nothing(self):
        unknown = self._get(token=secrets.token_urlsafe(32))
        self.assertEqual(unknown.status_code, 410)
        for token in ("x", "%00", "..%2F..%2Fweb", self.token[:-1], self.token + "a"):
            response = self._get(token=token)
            self.assertIn(response.status_code, (404, 410), token)
            self.assertNotIn(self.order.name, response.text)
        self.assertNotIn(self.company.name, unknown.text)
        # Nor does what is stored lead anywhere.
        stored = self.record.sudo().answer_key[:43]
        self.assertEqual(self._get(token=stored).status_code, 410)
        done = self._press(token=secrets.token_urlsafe(32), page=self._get())
        self.assertEqual(done.status_code, 410)
        self._assert_untouched()

    def _assert_dead(self, words):
        self.env.flush_all()
        page = self._get()
        self.assertEqual(page.status_code, 410)
        self.assertIn(words, page.text)
        self.assertNotIn(self.order.name, page.text)
        self.assertNotIn("<form", page.text)

    def test_moved(self):
        page = self._get()
        self.order.scheduled_date_start += timedelta(days=1)
        self.env.flush_all()
        done = self._press("yes", page)
        self.assertEqual(done.status_code, 410)
        self.assertFalse(self.record.response)
        self._assert_dead("has changed since")

    def test_passed(self):
        self._pass_time(self.record, hours=1)
        self._assert_dead("has passed")

    def test_canceled(self):
        self.order.action_cancel()
        self._assert_dead("no longer scheduled")

    def test_deleted(self):
        self.order.with_context(tracking_disable=True).sudo().unlink()
        self.env.flush_all()
        self.assertEqual(self._get().status_code, 410)

    def test_another_address(self):
        """Whoever has the old address can't answer for the contact any more."""
        self.record.sudo().mail_id.state = "sent"
        self.env["fsm.confirmation.email"]._record_outcome(self.record.sudo())
        self.contact.email = "Ana <ANA@example.com>"
        self._assert_untouched()  # The same one.
        page = self._get()
        self.contact.email = "bo@example.com"
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.env.flush_all()
        self._press(page=page)
        self.assertFalse(self.record.response or self.record.reply_ids)
        gone = self._get()
        self.assertEqual(gone.status_code, 410)
        self.assertNotIn(self.order.name, gone.text)
        self.assertEqual(self._get("/appointment.ics").status_code, 410)
        # It is asked again at the new one, and answered there alone.
        again = self._send(channel="email")
        self.assertEqual(again.email, "bo@example.com")
        token = self._get_token(again)
        self.env.flush_all()
        self._press(token=token)
        self.assertEqual(again.response, "confirmed")
        self.assertFalse(self.record.response)
        self.assertEqual(self._get().status_code, 410)

    def test_another_address_after_the_answer(self):
        self._press()
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.contact.email = "bo@example.com"
        self.assertEqual(self.order.confirmation_status, "reconfirm")
        self.env.flush_all()
        self.assertEqual(self._get().status_code, 410)
        self.assertEqual(self._get("/appointment.ics").status_code, 410)
        # As with a number: back at the old one, what was said there counts again.
        self.contact.email = "ana@example.com"
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_a_phone_number_changes_nothing_here(self):
        self.contact.phone = "+12125550188"
        self._assert_untouched()
        self._press()
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_replaced(self):
        newer = self._send(channel="email")
        self._assert_dead("newer one")
        self.assertTrue(newer.is_open)

    def test_set_by_hand(self):
        self._resolve(self.record, "declined")
        self.env.flush_all()
        self.assertIn("another date", self._get().text)

    def test_the_customers_language(self):
        languages = self.env["res.lang"]
        languages._activate_lang("fr_FR")
        self.env["ir.module.module"]._load_module_terms([MODULE], ["fr_FR"])
        # There is no Polish: no Polish dates in an English page either.
        languages._activate_lang("pl_PL")
        for lang, shown in (("fr_FR", "fr-FR"), ("pl_PL", "en-US")):
            self.contact.lang = lang
            self._send(channel="email")
            record = self.env["fsm.confirmation"].search([], limit=1)
            own = record.with_context(lang=shown.replace("-", "_"))
            self.assertIn(own.date_text, record.sudo().mail_id.subject)
            self.env.flush_all()
            page = self._get(token=self._get_token(record))
            self.assertIn(f'lang="{shown}"', page.text)

    def test_every_language(self):
        """Page, thanks, calendar and date in each language that there is, and the
        same for who has none."""
        said = {
            "en_US": (">Yes, I confirm<", ">No, I can't make it<", "is confirmed"),
            "es_ES": (">Sí, confirmo<", ">No puedo<", "queda confirmada"),
            "fr_FR": (">Oui, je confirme<", ">Non, je ne peux pas<", "est confirmé"),
            "de_DE": (">Ja, ich bestätige<", ">Nein, ich sage ab<", "ist bestätigt"),
            "pt_PT": (">Sim, confirmo<", ">Não posso<", "fica confirmada"),
            "it_IT": (">Sì, confermo<", ">No, non posso<", "è confermato"),
            "nl_NL": (">Ja, ik bevestig<", ">Nee, ik zeg af<", "is bevestigd"),
        }
        for lang in said:
            self.env["res.lang"]._activate_lang(lang)
        self.env["ir.module.module"]._load_module_terms([MODULE], list(said))
        pages = {}
        for lang, (yes, no, thanks) in said.items():
            with self.subTest(lang):
                self.contact.lang = lang
                order = self._make_order(location_id=self.order.location_id.id)
                token = self._get_token(self._send(order, channel="email"))
                self.env.flush_all()
                page = self._get(token=token)
                refusal = self._get("?answer=no", token)
                done = self._press("yes", page, token)
                for found, wanted in (
                    (page, f'lang="{lang.replace("_", "-")}"'),
                    (page, yes),
                    (refusal, no),
                    (done, thanks),
                ):
                    self.assertTrue(wanted in found.text, wanted)
                words = ("h1", "label", "button", "a")
                pages[lang] = tuple(
                    element.text
                    for shown in (page, refusal, done)
                    for element in html.fromstring(shown.text).iter(*words)
                    if element.text and "+1" not in element.text
                    if element.text != self.company.name
                )
                self.assertIn("DTSTART", self._get("/appointment.ics", token).text)
        english = set(pages.pop("en_US"))
        for lang, words in pages.items():
            self.assertFalse(english & set(words), lang)

    def test_two_questions_to_one_address(self):
        """Each link answers its own, whatever order they come in."""
        others = [
            self._make_order(
                self.start + timedelta(days=days), location_id=self.order.location_id.id
            )
            for days in (1, 2)
        ]
        records = [self._send(order, channel="email") for order in others]
        tokens = [self._get_token(record) for record in records]
        self.env.flush_all()
        pages = [self._get(token=token) for token in tokens]
        for order, page in zip(others, pages, strict=True):
            self.assertIn(order.name, page.text)
            for stranger in (self.order, *others):
                if stranger != order:
                    self.assertNotIn(stranger.name, page.text)
        # With the form of another page of the same browser as well.
        self._press("no", pages[0], tokens[1])
        self.assertEqual([record.response for record in records], [False, "declined"])
        self._assert_untouched()
        self._press("yes", pages[1], tokens[0])
        self.assertEqual(
            [record.response for record in records], ["confirmed", "declined"]
        )
        self._assert_untouched()
        self._press("yes")
        self.assertEqual(self.record.response, "confirmed")
        self.assertEqual(
            [order.confirmation_status for order in others], ["confirmed", "declined"]
        )

    def test_after_a_stop_by_text(self):
        """STOP is about texts: the link goes on answering, and opts nobody in again."""
        self.contact.phone = "+12125550177"
        texted = self._send(self.order)
        self._run_outbox()
        self._customer_says("STOP", number="+12125550177")
        self.assertEqual(texted.response, "opted_out")
        self.assertTrue(self.record.is_open)
        self.env.flush_all()
        self.assertEqual(self._get().status_code, 200)
        self._press("yes")
        self.assertEqual(self.record.response, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")
        self.assertTrue(self.contact.confirmation_opt_out)
        self.assertEqual(texted.response, "opted_out")

    def test_another_companys_link(self):
        """Whoever opens it sees the company that asked, and nothing of another."""
        other = self._make_company("Bolt Inc", "+12025550199", phone="+1 202-555-0199")
        self.env.user.company_ids |= other
        team = self.env["fsm.team"].search([("company_id", "=", other.id)], limit=1)
        order = self.env["fsm.order"].create(
            {
                "location_id": self.order.location_id.id,
                "company_id": other.id,
                "team_id": team.id,
                "scheduled_date_start": self.start + timedelta(days=3),
                "scheduled_duration": 1,
            }
        )
        users = new_user(
            self.env,
            "mc_test_bolt",
            groups="base.group_user,fieldservice.group_fsm_user,"
            "fieldservice_job_confirmation.group_message_center_edit",
            companies=other,
        )
        record = self._send(order, users, channel="email")
        self.assertEqual(record.company_id, other)
        token = self._get_token(record)
        self.env.flush_all()
        visitors = (None, self.users["edit"].login)
        for login in visitors:
            if login:
                self.authenticate(login, login)
            for mine, theirs, own in (
                (self.company, other, self.token),
                (other, self.company, token),
            ):
                page = self._get(token=own)
                self.assertEqual(page.status_code, 200)
                for name in ("name", "phone"):
                    self.assertIn(mine[name], page.text)
                    self.assertNotIn(theirs[name], page.text)
        self._press("yes", token=token)
        self.assertEqual(record.response, "confirmed")
        self.assertEqual(record.reply_ids.company_id, other)
        self._assert_untouched()
        calendar = self._get("/appointment.ics", token).text
        self.assertIn(other.name, calendar)
        self.assertNotIn(self.company.name, calendar)

    def test_no_and_then_yes(self):
        """One question has one answer; the second page says what counts."""
        pages = [self._get(), self._get("?answer=no")]
        self._press("no", pages[1], note="Sorry")
        again = self._press("yes", pages[0])
        self.assertIn("another date", again.text)
        self.assertNotIn("<form", again.text)
        self.assertEqual(self.record.response, "declined")
        self.assertEqual(self.order.confirmation_status, "declined")
        self.assertEqual(len(self.record.reply_ids), 1)
        self.assertEqual(self._get("/appointment.ics").status_code, 410)

    def test_programs_that_look_before_the_customer(self):
        """Scanners fetch every address in a mail, also that of the calendar."""
        for _time in range(3):
            for suffix in ("", "?answer=yes", "?answer=no", "/appointment.ics"):
                for method in ("HEAD", "GET"):
                    address = self.base_url() + URL + self.token + suffix
                    got = self.opener.request(method, address)
                    expected = 410 if suffix.endswith(".ics") else 200
                    self.assertEqual(got.status_code, expected)
                    self._assert_untouched()
        self._press("yes")
        address = self.base_url() + URL + self.token + "/appointment.ics"
        self.assertEqual(self.opener.request("HEAD", address).status_code, 200)
        # What comes after the answer changes nothing either.
        for suffix in ("", "?answer=no"):
            self._get(suffix)
        self.env.invalidate_all()
        self.assertEqual(self.record.response, "confirmed")
        self.assertEqual(len(self.record.reply_ids), 1)

    def test_canceled_after_the_answer(self):
        self._press("yes")
        self.order.action_cancel()
        self.env.flush_all()
        self.assertEqual(self._get("/appointment.ics").status_code, 410)
        page = self._get()
        self.assertNotIn("is confirmed", page.text)
        self.assertIn("no longer scheduled", page.text)

    def test_moved_after_the_answer(self):
        self._press("yes")
        self.order.scheduled_date_start += timedelta(days=1)
        self.env.flush_all()
        self.assertEqual(self._get("/appointment.ics").status_code, 410)
        page = self._get()
        self.assertNotIn("is confirmed", page.text)
        self.assertIn("has changed since", page.text)

    def test_who_is_logged_in_is_a_customer_there(self):
        self.authenticate(self.users["none"].login, self.users["none"].login)
        self._press("yes")
        self.assertEqual(self.record.response, "confirmed")
