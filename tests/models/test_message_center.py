# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The Message Center's screen: what it counts, finds and groups."""

import ast
from datetime import datetime, timedelta
from unittest.mock import patch

from lxml import etree

from odoo import Command, fields
from odoo.exceptions import AccessError
from odoo.tests import Form, tagged

from ...models.message_center import fsm_message_center
from ..common import (
    MODULE,
    OUR_NUMBER,
    ConfirmationTransactionCase,
    load_migration,
)

# What nobody who filters, groups or exports has a use for.
TECHNICAL = {
    "fsm.confirmation": (
        "activity_id",
        "lookup_failed_since",
        "attempt_count",
        "can_send_again",
        "claimed_date",
        "from_number",
        "has_message",
        "lang",
        "message_attachment_count",
        "message_has_error",
        "message_has_error_counter",
        "message_has_sms_error",
        "message_is_follower",
        "message_needaction",
        "message_needaction_counter",
        "next_attempt_date",
        "next_steps",
        "order_message_id",
        "own_reply_ids",
        "partner_message_id",
        "resolved_date",
        "shared_reply_ids",
        "timezone",
        "twilio_sid",
        "uuid",
    ),
    "fsm.confirmation.reply": (
        "attempt_count",
        "auto_reply_after",
        "auto_reply_kind",
        "further_confirmation_ids",
        "opt_out_type",
        "reason",
        "service_sid",
        "twilio_sid",
    ),
}


class ScreenCase(ConfirmationTransactionCase):
    """Messages of every status, made as the server makes them."""

    counter = 0

    @classmethod
    def _message(cls, **values):
        """A message that was sent yesterday and waits for an answer."""
        ScreenCase.counter += 1
        return (
            cls.env["fsm.confirmation"]
            .sudo()
            .create(
                {
                    "order_id": cls.order.id,
                    "partner_id": cls.customer.id,
                    "mobile": f"+1202555{ScreenCase.counter:04d}",
                    "company_id": cls.company.id,
                    "sender": OUR_NUMBER,
                    "body": "Your appointment ...",
                    "appointment_start": cls.start,
                    "sent_date": fields.Datetime.now() - timedelta(days=1),
                    "state": "delivered",
                    **values,
                }
            )
        )

    @classmethod
    def _answered(cls, response, **values):
        return cls._message(
            response=response, is_open=False, closed_reason="answered", **values
        )

    @classmethod
    def _one_of_each(cls):
        """Two confirmed, one of each other status."""
        cls._answered("confirmed")
        cls._answered("confirmed")
        cls._answered("declined")
        cls._answered("opted_out")
        cls._message(response="unrecognized")
        cls._message()
        cls._message(state="failed", is_open=False, closed_reason="failed")
        cls._message(state="canceled", is_open=False, closed_reason="replaced")
        cls._message(is_open=False, closed_reason="past")
        cls._message(response="confirmed", is_open=False, closed_reason="moved")
        cls._answered("confirmed", needs_reading=True)

    def _as(self, level="read"):
        return self.env["fsm.confirmation"].with_user(self.users[level])

    def _tiles(self, domain=(), level="read"):
        summary = self._as(level).get_message_center_summary(list(domain))
        return {tile["key"]: tile["count"] for tile in summary["tiles"]}

    def _view_filters(self):
        """Name -> domain (as text) of every filter of the search view."""
        arch = self.env["fsm.confirmation"].get_view(
            self.env.ref(f"{MODULE}.fsm_confirmation_view_search").id, "search"
        )["arch"]
        return {
            node.get("name"): node.get("domain")
            for node in etree.fromstring(arch).iter("filter")
            if node.get("domain")
        }

    def _filtered(self, name, level="read"):
        """What a page of a filter shows."""
        domain = self._view_filters()[name].replace("uid", str(self.users[level].id))
        return self._as(level).search(ast.literal_eval(domain), limit=80)


@tagged("post_install", "-at_install")
class TestTiles(ScreenCase):
    def test_counts(self):
        self._one_of_each()
        for level in ("read", "edit", "admin"):
            with self.subTest(level=level):
                self.assertEqual(
                    self._tiles(level=level),
                    {
                        "awaiting": 1,
                        "confirmed": 3,
                        "declined": 1,
                        "opted_out": 1,
                        "unrecognized": 1,
                        "failed": 1,
                        "needs_reading": 1,
                    },
                )
        with self.assertRaises(AccessError):
            self._as("none").get_message_center_summary([])

    def test_a_tile_counts_what_its_filter_finds(self):
        self._one_of_each()
        # 21610: the text failed because the number had opted out.
        self._answered("opted_out", state="failed")
        tiles = self._tiles()
        self.assertEqual(tiles["failed"], 2)
        self.assertEqual(tiles["opted_out"], 2)
        for name, count in tiles.items():
            with self.subTest(tile=name):
                self.assertEqual(len(self._filtered(name)), count)

    def test_failed_is_what_a_person_has_to_see_to(self):
        """Not what was asked again since, whichever way, or was settled by hand."""
        first = self._send()
        self._apply_rejection(first, 30005, "unknown number")
        self.assertEqual(self._tiles()["failed"], 1)
        self.customer.phone = "+12125550177"
        again = self._send()  # From the Work Order: nothing links it to the first.
        self.assertEqual(self._tiles()["failed"], 0)
        self.assertFalse(self._filtered("failed"))
        self.assertEqual(first.indicator, "failed")
        self.assertFalse(first.can_send_again)
        self._apply_rejection(again, 30005, "unknown number")
        self.assertEqual(self._filtered("failed"), again)
        self._resolve(again, "confirmed", "called")
        self.assertFalse(self._filtered("failed"))
        self.assertEqual(again.state, "failed")

    def test_failed_and_asked_again_before_this_version(self):
        first = self._send().sudo()
        self._apply_rejection(first, 30005, "unknown number")
        self.customer.phone = "+12125550177"
        self._apply_rejection(self._send(), 30005, "unknown number")
        first.closed_reason = "failed"
        self.env.flush_all()
        script = load_migration("19.0.1.4.0", "post-asked-again")
        script.migrate(self.env.cr, None)
        self.env.invalidate_all()
        self.assertEqual(self._tiles()["failed"], 2)
        script.migrate(self.env.cr, "19.0.1.3.0")
        self.env.invalidate_all()
        self.assertEqual(self._tiles()["failed"], 1)
        self.assertEqual(first.closed_reason, "replaced")

    def test_failed_after_another_contact_was_asked(self):
        first = self._send()
        son = self._make_contact(
            "Luis Gomez", "+12125550199", parent_id=self.customer.id
        )
        second = self._send(partner_id=son.id)
        self._apply_rejection(first, 30005, "unknown number")
        self.assertFalse(self._filtered("failed"))
        self._apply_rejection(second, 30005, "unknown number")
        self.assertEqual(self._filtered("failed"), second)

    def test_failed_and_asked_again_with_many(self):
        visits = [self._make_visit(self.order, days) for days in (1, 2)]
        failed = [self._send(visit_id=visit.id) for visit in visits]
        for record in failed:
            self._apply_rejection(record, 30005, "unknown number")
        self.customer.phone = "+12125550177"
        wizard = self.env["fsm.confirmation.batch"].with_user(self.dispatcher)
        wizard.create({"order_ids": self.order.ids}).action_send()
        self.assertEqual(self._filtered("failed"), failed[1])

    def test_what_is_being_looked_at(self):
        self._one_of_each()
        other = self._answered("declined", mobile="+442079460018")
        found = self._tiles([("mobile_search", "ilike", "020 7946 0018")])
        self.assertEqual(found["declined"], 1)
        self.assertEqual(found["confirmed"], 0)
        found = self._tiles([("id", "!=", other.id)])
        self.assertEqual(found["declined"], 1)
        self.assertFalse(any(self._tiles([(0, "=", 1)]).values()))

    def test_other_company(self):
        self._one_of_each()
        before = self._tiles()
        other = self._make_company("Other Services", "+12025550199")
        self._answered("confirmed", company_id=other.id, order_id=False)
        self._message(company_id=other.id, order_id=False, state="failed")
        self.assertEqual(self._tiles(), before)
        user = self.users["read"]
        user.company_ids = [Command.link(other.id)]
        both = self._as().with_context(allowed_company_ids=[self.company.id, other.id])
        tiles = {
            tile["key"]: tile["count"]
            for tile in both.get_message_center_summary([])["tiles"]
        }
        self.assertEqual(tiles["confirmed"], before["confirmed"] + 1)
        self.assertEqual(tiles["failed"], before["failed"] + 1)

    def test_many_are_counted_up_to_a_limit(self):
        self._one_of_each()
        exact = self._tiles()
        with (
            patch.object(fsm_message_center, "COUNT_LIMIT", 2),
            patch.object(fsm_message_center, "TILE_LIMIT", 2),
        ):
            summary = self._as().get_message_center_summary([])
        tiles = {tile["key"]: tile for tile in summary["tiles"]}
        self.assertEqual((tiles["confirmed"]["count"]), 2)
        self.assertTrue(tiles["confirmed"]["capped"])
        for key, tile in tiles.items():
            if key != "confirmed":
                self.assertEqual(tile["count"], exact[key], key)
                self.assertFalse(tile["capped"], key)

    def test_unmatched_replies(self):
        def count(level="read"):
            return self._as(level).get_message_center_summary([])["unmatched"]["count"]

        self.assertEqual(count(), 0)
        reply = self._reply("hello", number="+12125550177")
        self.assertEqual(count(), 1)
        reply.with_user(self.dispatcher).action_done()
        self.assertEqual(count(), 0)

    def test_banners(self):
        self.assertEqual(self._as().get_message_center_summary([])["banners"], [])
        banner = {"level": "warning", "text": "Ten texts wait.", "items": []}
        model = type(self.env["fsm.message.center"])
        with patch.object(model, "_get_banners", lambda self: [banner]):
            summary = self._as().get_message_center_summary([])
        self.assertEqual(summary["banners"], [banner])

    def test_every_tile_is_in_the_search_view(self):
        filters = self._view_filters()
        for tile in self.env["fsm.message.center"]._get_tiles():
            self.assertEqual(ast.literal_eval(filters[tile["key"]]), tile["domain"])


@tagged("post_install", "-at_install")
class TestStoredStatus(ScreenCase):
    def _stored(self, record):
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT indicator FROM fsm_confirmation WHERE id = %s", [record.id]
        )
        return self.env.cr.fetchone()[0]

    def test_follows_what_happens(self):
        record = self._send()
        self.assertEqual(self._stored(record), "awaiting")
        self._reply("maybe")
        self.assertEqual(self._stored(record), "unrecognized")
        self._reply("Yes, 9 am is fine")
        self.assertEqual(self._stored(record), "confirmed")
        self.order.scheduled_date_start += timedelta(days=1)
        self.assertEqual(self._stored(record), "moved")

    def test_failure_and_opt_out(self):
        record = self._send()
        self._apply_report(record, "failed", sid="SM1", code=30003)
        self.assertEqual(self._stored(record), "failed")
        again = self._send()
        self._reply("STOP")
        self.assertEqual(self._stored(again), "opted_out")

    def test_closed_without_an_answer(self):
        record = self._send()
        self._mark_sent(record)
        record._close_sudo("past")
        self.assertEqual(self._stored(record), "no_answer")

    def test_update_of_an_older_database(self):
        """The columns are filled by SQL with what the ORM would compute."""
        self._one_of_each()
        tokyo = self._make_location(self.customer, tz="Asia/Tokyo")
        self._message(order_id=self._make_order(location_id=tokyo.id).id)
        self._message(order_id=False)
        self._message(sent_date=False)
        model = self.env["fsm.confirmation"]
        records = model.search([])
        self.env.flush_all()
        expected = {rec.id: (rec.indicator, rec.sent_hour) for rec in records}
        self.env.cr.execute(
            "ALTER TABLE fsm_confirmation DROP COLUMN indicator, DROP COLUMN sent_hour"
        )
        script = load_migration("19.0.2.0.0", "pre-screen-columns")
        script.migrate(self.env.cr, "19.0.1.0.0")
        self.env.invalidate_all()
        found = {rec.id: (rec.indicator, rec.sent_hour) for rec in records}
        self.assertEqual(found, expected)


@tagged("post_install", "-at_install")
class TestHourSent(ScreenCase):
    def test_hour_where_the_work_happens(self):
        noon = datetime(2026, 1, 15, 12, 0)
        self.assertEqual(self._message(sent_date=noon).sent_hour, "07:00")
        summer = datetime(2026, 7, 15, 12, 30)
        self.assertEqual(self._message(sent_date=summer).sent_hour, "08:00")
        self.assertFalse(self._message(sent_date=False).sent_hour)

    def test_grouped(self):
        for hour in (14, 14, 15):
            self._answered("confirmed", sent_date=datetime(2026, 1, 15, hour, 10))
        groups = self._as().formatted_read_group(
            [], ["sent_hour", "indicator"], ["__count"]
        )
        self.assertEqual(
            [(group["sent_hour"], group["__count"]) for group in groups],
            [("09:00", 2), ("10:00", 1)],
        )

    def test_kept_when_the_work_order_is_deleted(self):
        order = self._make_order()
        record = self._message(
            order_id=order.id, sent_date=datetime(2026, 1, 15, 12, 0)
        )
        order.sudo().unlink()
        self.assertEqual(record.sent_hour, "07:00")
        self.assertTrue(record.exists())

    def test_measures_make_sense(self):
        """Nothing that nobody would add up is offered to be added up."""
        known = self.env["fsm.confirmation"].fields_get(
            attributes=["type", "aggregator", "store"]
        )
        numbers = {
            name
            for name, field in known.items()
            if field["type"] in ("integer", "float", "monetary")
            and field.get("aggregator")
            and field.get("store")
            and name != "id"
        }
        self.assertEqual(numbers, {"segment_count"})


@tagged("post_install", "-at_install")
class TestSearch(ScreenCase):
    NUMBER = "+12025550123"
    WAYS = [
        "(202) 555-0123",
        "+1202",
        "+1 202 555 0123",
        "5550123",
        "202-555-0123",
        "202.555.0123",
        "1 (202) 555-0123",
        "0012025550123",
        "+12025550123",
        " 2025550123 ",
        "0123",
        "２０２５５５０１２３",
    ]

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls._make_contact("Lakeside Dental", False, is_company=True)
        cls.helen = cls._make_contact("Dr. Hélène Park", cls.NUMBER)
        cls.helen.parent_id = company
        cls.wanted = cls._message(mobile=cls.NUMBER, partner_id=cls.helen.id)
        cls.london = cls._message(
            mobile="+447400998877",
            order_id=False,
            partner_id=cls._make_contact("Ann Lee", "+447400998877").id,
        )

    def _bar(self, text):
        """What the one search bar finds."""
        arch = self.env["fsm.confirmation"].get_view(
            self.env.ref(f"{MODULE}.fsm_confirmation_view_search").id, "search"
        )["arch"]
        first = etree.fromstring(arch).find("field")
        self.assertFalse(first.get("filter_domain"), "Searched by the server's rules")
        return self._as().search([(first.get("name"), "ilike", text.strip())])

    def test_number_however_typed(self):
        for text in self.WAYS:
            with self.subTest(text=text):
                self.assertEqual(self._bar(text), self.wanted)
                found = self._as().search([("mobile_search", "ilike", text)])
                self.assertEqual(found, self.wanted)

    def test_number_with_a_national_zero(self):
        for text in ("07400 998877", "+44 (0)7400 998877", "0044 7400 998877"):
            with self.subTest(text=text):
                self.assertEqual(self._bar(text), self.london)

    def test_name_company_job_message(self):
        self.assertEqual(self._bar("park"), self.wanted)
        self.assertEqual(self._bar("lakeside"), self.wanted)
        self.assertEqual(self._bar(self.order.name), self.wanted)
        self.assertEqual(self._bar(self.wanted.name.lower()), self.wanted)

    def test_no_surprise(self):
        for text in ("zzz", "12", "Suite 202 555", "%%%", "( ) -", "٣"):
            with self.subTest(text=text):
                self.assertFalse(self._as().search([("mobile_search", "ilike", text)]))

    def test_the_bar_reads_indexes_only(self):
        """One column without a fitting index has every message read."""
        self.env.cr.execute(
            "SELECT indexdef FROM pg_indexes WHERE tablename = 'fsm_confirmation'"
        )
        definitions = [row[0] for row in self.env.cr.fetchall()]
        for name in ("name", "contact_name", "company_name", "mobile", "job_name"):
            with self.subTest(column=name):
                self.assertTrue(
                    any(
                        "USING gin" in text and f"({name} " in text.replace('"', "")
                        for text in definitions
                    )
                )

    def test_every_search_field(self):
        arch = self.env["fsm.confirmation"].get_view(
            self.env.ref(f"{MODULE}.fsm_confirmation_view_search").id, "search"
        )["arch"]
        names = [node.get("name") for node in etree.fromstring(arch).iter("field")]
        for name in ("contact_name", "company_name", "mobile_search", "job_name"):
            self.assertIn(name, names)

    def test_other_operators(self):
        model = self._as()
        self.assertEqual(
            model.search([("mobile_search", "=", "(202) 555-0123")]), self.wanted
        )
        self.assertEqual(
            model.search([("mobile_search", "not ilike", "2025550123")]), self.london
        )


@tagged("post_install", "-at_install")
class TestOfferedFields(ScreenCase):
    """What Custom Filter, Custom Group and Export offer."""

    KINDS = ("searchable", "groupable", "exportable")

    def _offered(self, model, kind):
        fields_ = self._as("edit").env[model].fields_get(attributes=self.KINDS)
        return {name for name, known in fields_.items() if known[kind]}

    def test_nothing_technical(self):
        for model, names in TECHNICAL.items():
            self.assertLessEqual(set(names), set(self.env[model]._fields))
            for kind in self.KINDS:
                with self.subTest(model=model, kind=kind):
                    self.assertFalse(self._offered(model, kind) & set(names))

    def test_what_people_ask_for(self):
        wanted = {"contact_name", "indicator", "state", "sent_date", "reply_body"}
        for kind in ("searchable", "exportable"):
            self.assertLessEqual(wanted, self._offered("fsm.confirmation", kind))
        self.assertIn("mobile_search", self._offered("fsm.confirmation", "searchable"))
        self.assertNotIn(
            "mobile_search", self._offered("fsm.confirmation", "exportable")
        )

    def test_everything_can_be_asked_for_by_name(self):
        record = self._message(twilio_sid="SM1")
        model = self._as("edit")
        self.assertEqual(model.search([("twilio_sid", "=", "SM1")]), record)
        self.assertEqual(record.export_data(["twilio_sid"])["datas"], [["SM1"]])

    def test_developer_mode_offers_all(self):
        with patch.object(type(self.env.user), "has_group", lambda *_args: True):
            self.assertIn("uuid", self._offered("fsm.confirmation", "searchable"))


@tagged("post_install", "-at_install")
class TestFilters(ScreenCase):
    def test_filters(self):
        self._one_of_each()
        self._message(user_id=self.users["read"].id)
        expected = {
            "responded": 7,
            "not_responded": 3,
            "awaiting": 2,
            "confirmed": 3,
            "declined": 1,
            "unrecognized": 1,
            "opted_out": 1,
            "failed": 1,
            "needs_reading": 1,
            "moved": 1,
            "no_answer": 1,
            "my_messages": 1,
        }
        found = {name: len(self._filtered(name)) for name in expected}
        self.assertEqual(found, expected)

    def test_needs_attention(self):
        """What a person can still do something about, in one place."""
        soon = {
            name: self._answered(name)
            for name in ("confirmed", "declined", "opted_out")
        }
        soon["unrecognized"] = self._message(response="unrecognized")
        soon["awaiting"] = self._message()
        soon["failed"] = self._message(
            state="failed", is_open=False, closed_reason="failed"
        )
        gone = fields.Datetime.now() - timedelta(days=1)
        later = self.start + timedelta(days=5)
        for response in ("declined", "opted_out"):
            self._answered(response, appointment_start=gone)
        self._message(appointment_start=later)  # There is time.
        self._message(
            state="failed",
            is_open=False,
            closed_reason="failed",
            appointment_start=gone,
        )
        # That one is under Unread Reply.
        self._answered("confirmed", needs_reading=True, appointment_start=gone)
        to_read = self._answered("confirmed", needs_reading=True)
        declined_later = self._answered("declined", appointment_start=later)
        soon.pop("confirmed")
        wanted = to_read | declined_later
        for record in soon.values():
            wanted |= record
        found = self._filtered("needs_attention")
        self.assertEqual(set(found), set(wanted))
        # The soonest first.
        self.assertEqual(
            found, found.sorted(lambda rec: (rec.appointment_start, rec.id))
        )

    def test_a_window_needs_attention_until_it_ends(self):
        now = fields.Datetime.now()
        hour = timedelta(hours=1)
        inside = self._answered(
            "declined", appointment_start=now - hour, appointment_end=now + hour
        )
        waiting = self._message(
            appointment_start=now - hour, appointment_end=now + hour
        )
        self._answered(
            "declined", appointment_start=now - 2 * hour, appointment_end=now - hour
        )
        self.assertEqual(self._filtered("needs_attention"), inside | waiting)

    def test_asked_again_needs_no_attention(self):
        first = self._send()
        self._reply("no")
        self.assertEqual(self._filtered("needs_attention"), first)
        second = self._send()
        self.assertEqual(first.indicator, "declined")
        self.assertEqual(self._filtered("needs_attention"), second)
        self._reply("yes")
        self.assertFalse(self._filtered("needs_attention"))

    def _day(self, days, hour):
        return self._local_time("America/New_York", days=days, hour=hour)

    def test_appointments(self):
        late = self._message(appointment_start=self._day(1, 23))
        early = self._message(appointment_start=self._day(1, 0))
        today = self._message(appointment_start=self._day(0, 12))
        third = self._message(appointment_start=self._day(2, 12))
        fourth = self._message(appointment_start=self._day(3, 0))
        self.assertEqual(self._filtered("appointment_tomorrow"), early | late)
        self.assertEqual(self._filtered("appointment_today"), today)
        within = self._filtered("appointment_next_days")
        self.assertEqual(within, third | today | early | late)
        self.assertNotIn(fourth, within)

    def test_range_of_days(self):
        """The domain that the date control makes, in the user's time zone."""

        def found(zone, start, after):
            user = self.users["read"]
            user.tz = zone
            model = self._as().with_context(tz=zone)
            return model.search(
                [("sent_date", ">=", start), ("sent_date", "<", after)]
            ).mapped("sent_date")

        moments = {
            # Clocks go forward on 8 March 2026 and back on 1 November 2026.
            "America/New_York": [
                ("2026-03-08", "2026-03-09", (5, 4)),
                ("2026-11-01", "2026-11-02", (4, 5)),
            ],
            "Asia/Tokyo": [("2026-03-08", "2026-03-09", (-9, -9))],
            "Pacific/Kiritimati": [("2026-03-08", "2026-03-09", (-14, -14))],
        }
        for zone, days in moments.items():
            for start, after, (begins, ends) in days:
                with self.subTest(zone=zone, day=start):
                    first = datetime.fromisoformat(start) + timedelta(hours=begins)
                    last = datetime.fromisoformat(after) + timedelta(hours=ends)
                    second = timedelta(seconds=1)
                    for moment in (first - second, first, last - second, last):
                        self._message(sent_date=moment)
                    self.assertEqual(
                        sorted(found(zone, start, after)), [first, last - second]
                    )
                    self.env["fsm.confirmation"].sudo().search([]).unlink()


@tagged("post_install", "-at_install")
class TestQueries(ScreenCase):
    def _rows(self, count):
        for number in range(count):
            contact = self._make_contact(f"Contact {number}", f"+1212555{number:04d}")
            order = self._make_order(location_id=self._make_location(contact).id)
            visit = self._make_visit(order, 1)
            record = self._message(
                order_id=order.id,
                visit_id=visit.id,
                partner_id=contact.id,
                person_id=self.env["fsm.person"].create({"name": f"P {number}"}).id,
                user_id=self.dispatcher.id,
            )
            self.env["fsm.confirmation.reply"].sudo().create(
                {
                    "confirmation_id": record.id,
                    "mobile": record.mobile,
                    "body": "hm",
                    "twilio_sid": f"SM{record.id}",
                    "company_id": self.company.id,
                    "state": "matched",
                }
            )

    def _first_page(self, view_type):
        """Open the first page as the browser does; returns the number of queries."""
        model = self._as()
        view = self.env.ref(f"{MODULE}.fsm_confirmation_view_{view_type}")
        arch = etree.fromstring(model.get_view(view.id, view_type)["arch"])
        specification = {}
        for node in arch.iter("field"):
            many2one = model._fields[node.get("name")].type == "many2one"
            specification[node.get("name")] = (
                {"fields": {"display_name": {}}} if many2one else {}
            )
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        page = model.web_search_read([], specification, limit=80, count_limit=10001)
        model.get_message_center_summary([])
        queries = self.env.cr.sql_log_count - before
        return queries, page["length"]

    def test_queries_do_not_grow_with_rows(self):
        for view_type in ("list", "kanban"):
            with self.subTest(view=view_type):
                self.env["fsm.confirmation"].sudo().search([]).unlink()
                self._rows(5)
                self._first_page(view_type)  # warm caches
                few, length = self._first_page(view_type)
                self.assertEqual(length, 5)
                self._rows(45)
                many, length = self._first_page(view_type)
                self.assertEqual(length, 50)
                self.assertLessEqual(many, few)

    def test_summary_is_one_query_a_subject(self):
        self._one_of_each()
        model = self._as()
        model.get_message_center_summary([])
        self.env.flush_all()
        self.env.invalidate_all()
        # Tiles, unmatched replies; five of the notices, with their companies.
        with self.assertQueryCount(9):
            model.get_message_center_summary([])


@tagged("post_install", "-at_install")
class TestScreen(ScreenCase):
    def test_columns(self):
        """R7.1, in the list itself."""
        arch = etree.fromstring(
            self.env["fsm.confirmation"].get_view(
                self.env.ref(f"{MODULE}.fsm_confirmation_view_list").id, "list"
            )["arch"]
        )
        columns = [
            node for node in arch.iter("field") if node.get("column_invisible") != "1"
        ]
        self.assertLessEqual(
            set(
                "name sent_date appointment_start job_name visit_id contact_name "
                "company_name mobile body reply_body indicator state user_id".split()
            ),
            {node.get("name") for node in columns},
        )
        # What says the same on every row, or little, is not shown at first.
        self.assertEqual(
            [node.get("name") for node in columns if node.get("optional") != "hide"],
            "name sent_date appointment_start job_name contact_name company_name "
            "mobile_display person_id reply_body indicator".split(),
        )

    def test_newest_first(self):
        older, newer = self._message(), self._message()
        self.assertEqual(self._as().search([]).ids, [newer.id, older.id])

    def test_order_of_days(self):
        """A range of days is read in the order of its index; the rest by id."""
        now = fields.Datetime.now()
        first = self._message(sent_date=now - timedelta(hours=1), appointment_start=now)
        second = self._message(
            sent_date=now - timedelta(hours=2),
            appointment_start=now + timedelta(hours=1),
        )
        since = now - timedelta(days=1)
        model = self._as()

        def found(domain):
            return model.search(domain, limit=80).ids

        self.assertEqual(found([]), [second.id, first.id])
        self.assertEqual(found([("sent_date", ">=", since)]), [first.id, second.id])
        self.assertEqual(
            found([("appointment_start", ">=", since), ("id", "!=", 0)]),
            [first.id, second.id],
        )
        self.assertEqual(
            model.search([("sent_date", ">=", since)], limit=80, order="id").ids,
            [first.id, second.id],
        )
        either = ["|", ("sent_date", ">=", since), ("id", "=", 0)]
        self.assertEqual(found(either), [second.id, first.id])

    def test_form_opens(self):
        record = self._message()
        self.assertEqual(Form(record).name, record.name)
