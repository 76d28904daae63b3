# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The page on which who was asked by e-mail answers, over real HTTP."""

import re
import secrets
from datetime import datetime, time, timedelta

import pytz
import vobject

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import MODULE, ConfirmationHttpCase

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
        body = self.record.sudo().mail_id.body_html
        self.token = re.search(r"/answer/([\w-]{43})\?", body)[1]
        self.env.flush_all()

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
        body = record.sudo().mail_id.body_html
        token = re.search(r"/answer/([\w-]{43})\?", body)[1]
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
            body = record.sudo().mail_id.body_html
            own = record.with_context(lang=shown.replace("-", "_"))
            self.assertIn(own.date_text, record.sudo().mail_id.subject)
            self.env.flush_all()
            page = self._get(token=re.search(r"/answer/([\w-]{43})\?", body)[1])
            self.assertIn(f'lang="{shown}"', page.text)

    def test_who_is_logged_in_is_a_customer_there(self):
        self.authenticate(self.users["none"].login, self.users["none"].login)
        self._press("yes")
        self.assertEqual(self.record.response, "confirmed")
