# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The different names in messages, by which messages are found."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...models.message_center import (
    fsm_confirmation_name_index,
    fsm_confirmation_search_mixin,
)
from .test_message_center import ScreenCase


@tagged("post_install", "-at_install")
class TestNames(ScreenCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.bakery = cls._make_contact("Old Mill Bakery", False, is_company=True)
        cls.ines = cls._make_contact("Inês Okafor-100%", "+12025550171")
        cls.ines.parent_id = cls.bakery
        cls.tom = cls._make_contact("Tom Millbank", "+12025550172")
        cls.of_ines = cls._message(partner_id=cls.ines.id)
        cls.of_tom = cls._message(partner_id=cls.tom.id)

    def _find(self, field_name, operator, text):
        return self._as().search([(field_name, operator, text)], limit=80)

    def _names(self):
        self.env.flush_all()
        rows = self.env["fsm.confirmation.name.index"].sudo().search([])
        return {(row.field_name, row.name) for row in rows}

    def _vacuum(self):
        self.env.flush_all()
        self.env["fsm.confirmation.name.index"].sudo()._gc_names()
        self.env.invalidate_all()

    def _day_later(self):
        for row in self.env["fsm.confirmation.name.index"].sudo().search([]):
            if row.unused_date:
                row.unused_date -= timedelta(days=2)

    def test_part_of_a_name(self):
        both = self.of_ines | self.of_tom
        for field_name, text, wanted in (
            ("contact_name", "okafor", self.of_ines),
            ("contact_name", "OKAFOR-100%", self.of_ines),
            ("contact_name", "mill", self.of_tom),
            ("company_name", "mill b", self.of_ines),
            ("company_name", "Okafor", self.of_ines.browse()),
            ("message_search", "mill", both),
            ("message_search", "Inês", self.of_ines),
        ):
            with self.subTest(field=field_name, text=text):
                self.assertEqual(self._find(field_name, "ilike", text), wanted)

    def test_every_word_in_any_order(self):
        """ "smith emily" is Emily Smith, but not somebody with one of the names."""
        other = self._make_contact("Millbank, Ann", False)
        of_other = self._message(partner_id=other.id)
        nothing = of_other.browse()
        for words, wanted in (
            ("Tom  Millbank", self.of_tom),
            ("millbank TOM", self.of_tom),
            ("bank t mill", self.of_tom),
            ("  ann millbank ", of_other),
            ("tom ann", nothing),
            ("bakery old", self.of_ines),
            ("tom bakery", nothing),
        ):
            for limit in (200, 0):
                self.patch(fsm_confirmation_name_index, "MAX_NAMES", limit)
                with self.subTest(words=words, limit=limit):
                    found = self._find("message_search", "ilike", words)
                    self.assertEqual(found, wanted)
        self.patch(fsm_confirmation_name_index, "MAX_NAMES", 200)
        of_bakery = self._find("company_name", "ilike", "bakery  mill")
        self.assertEqual(of_bakery, self.of_ines)
        page = self._as().web_search_read(
            [("contact_name", "ilike", "millbank tom")], {"contact_name": {}}
        )
        self.assertEqual(
            (page["length"], page["records"][0]["id"]), (1, self.of_tom.id)
        )

    def test_the_same_with_and_without_names(self):
        """Whole names, or a part looked for in every message: the same is found."""
        domains = [
            [("contact_name", "ilike", "mill")],
            [("contact_name", "ilike", "millbank tom")],
            [("contact_name", "not ilike", "mill")],
            ["!", ("contact_name", "ilike", "mill")],
            ["!", ("company_name", "ilike", "mill")],
            [("message_search", "ilike", "mill")],
            ["|", ("company_name", "ilike", "mill"), ("contact_name", "ilike", "tom")],
            [("contact_name", "ilike", "mill tom")],
            [("message_search", "ilike", "mill tom")],
            ["|", ("contact_name", "ilike", "mill"), ("mobile", "ilike", "555")],
            [("contact_name", "ilike", "mill"), ("mobile", "ilike", "555")],
            [("contact_name", "=ilike", "tom%")],
            [("contact_name", "ilike", "")],
            [("contact_name", "ilike", " ")],
            [("contact_name", "ilike", False)],
            [("contact_name", "in", ["Tom Millbank"])],
            [("contact_name", "=", "Tom Millbank")],
            [("order_id.confirmation_ids.contact_name", "ilike", "mill")],
        ]
        with_names = [self._as().search(domain, limit=80) for domain in domains]
        counts = [self._as().search_count(domain) for domain in domains]
        self.patch(fsm_confirmation_name_index, "MAX_NAMES", 0)
        for domain, found, count in zip(domains, with_names, counts, strict=True):
            with self.subTest(domain=domain):
                self.assertEqual(self._as().search(domain, limit=80), found)
                self.assertEqual(self._as().search_count(domain), count)
                limited = self._as().search_count(domain, limit=1)
                self.assertEqual(limited, min(count, 1))

    def test_a_page_of_a_name_that_many_have(self):
        """Its count comes from the names, and is of what the user may see."""
        domain = [("contact_name", "ilike", "mill")]
        bar = [("message_search", "ilike", "mill")]

        def read_page(asked):
            return self._as().web_search_read(
                asked, {"name": {}}, limit=1, count_limit=9
            )

        pages = [read_page(asked) for asked in (domain, bar)]
        self.patch(fsm_confirmation_name_index, "MAX_NAMES", 0)
        for asked, page in zip((domain, bar), pages, strict=True):
            self.assertEqual(read_page(asked), page)
            self.assertEqual(page["length"], self._as().search_count(asked))
        everything = self._as().search_count(bar)
        self.of_tom.company_id = self.env["res.company"].create({"name": "Elsewhere"})
        self.env.flush_all()
        self.assertFalse(self._as().search_count(domain))
        self.assertLess(self._as().search_count(bar), everything)

    def test_newest_first_and_pages(self):
        more = self.of_tom.browse()
        for name in ("Amy Millbank", "Zoe Millbank", "Bob Millbank"):
            partner = self._make_contact(name, False)
            more |= self._message(partner_id=partner.id)
        wanted = (self.of_tom | more).sorted("id", reverse=True)
        domain = [("contact_name", "ilike", "millbank")]
        for few in (0, 5000):
            self.patch(fsm_confirmation_search_mixin, "FEW", few)
            with self.subTest(few=few):
                model = self._as()
                self.assertEqual(model.search(domain, limit=80), wanted)
                self.assertEqual(model.search(domain, limit=2), wanted[:2])
                self.assertEqual(model.search(domain, offset=2, limit=2), wanted[2:])
                self.assertEqual(model.search(domain, order="id"), wanted[::-1])
                by_name = model.search(domain, order="contact_name", limit=80)
                self.assertEqual(by_name, wanted.sorted("contact_name"))

    def test_a_new_name(self):
        """Found at once, also before it is written to the database."""
        self.ines.name = "Inês Ferreira"
        self.assertEqual(self._find("contact_name", "ilike", "ferr"), self.of_ines)
        self.assertFalse(self._find("contact_name", "ilike", "okafor"))
        self.bakery.name = "New Bakery"
        self.assertEqual(self._find("company_name", "ilike", "new b"), self.of_ines)
        self.assertFalse(self._find("company_name", "ilike", "old mill"))

    def test_written_past_the_orm(self):
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET contact_name = 'Kit Larsson' WHERE id = %s",
            [self.of_tom.id],
        )
        self.env.invalidate_all()
        self.assertEqual(self._find("contact_name", "ilike", "larss"), self.of_tom)

    def test_a_very_long_name(self):
        """No name is too long for an index: the message is recorded all the same."""
        long = "".join(chr(0x4E00 + index * 7 % 20000) for index in range(700))
        self.tom.write({"company_name": long})
        record = self._message(partner_id=self.tom.id)
        self.env.flush_all()
        self.assertTrue(record.company_name)
        self.assertTrue(long.startswith(record.company_name))
        self.assertIn(record, self._find("company_name", "ilike", long[5:20]))

    def test_unused_names_are_forgotten(self):
        old, new = ("contact_name", "Tom Millbank"), ("contact_name", "Tim Millbank")
        self.tom.name = "Tim Millbank"
        self.assertLessEqual({old, new}, self._names())
        self._vacuum()
        self.assertIn(old, self._names(), "Another transaction may just use it")
        self._day_later()
        self._vacuum()
        names = self._names()
        self.assertNotIn(old, names)
        self.assertIn(new, names)
        self.assertIn(("company_name", "Old Mill Bakery"), names)

    def test_a_name_used_again_is_kept(self):
        model = self.env["fsm.confirmation.name.index"].sudo()
        self.of_tom.unlink()
        self._vacuum()
        row = model.search([("name", "=", "Tom Millbank")])
        self.assertTrue(row.unused_date)
        again = self._message(partner_id=self.tom.id)
        self._day_later()
        self._vacuum()
        row = model.search([("name", "=", "Tom Millbank")])
        self.assertEqual(len(row), 1)
        self.assertFalse(row.unused_date)
        # Recorded by a transaction that saw the name before it was marked.
        row.unused_date = fields.Datetime.now() - timedelta(days=2)
        self._vacuum()
        self.assertFalse(row.unused_date)
        self.assertEqual(self._find("contact_name", "ilike", "tom m"), again)

    def test_a_name_twice(self):
        """Two transactions may use a name for the first time at the same moment."""
        model = self.env["fsm.confirmation.name.index"].sudo()
        self.env.flush_all()
        model.create({"name": "Tom Millbank", "field_name": "contact_name"})
        self.assertEqual(self._find("contact_name", "ilike", "tom m"), self.of_tom)
        self._vacuum()
        self.assertEqual(model.search_count([("name", "=", "Tom Millbank")]), 1)
        self.assertEqual(self._find("contact_name", "ilike", "tom m"), self.of_tom)

    def test_messages_from_before(self):
        """An update finds messages without names here, and takes theirs over."""
        self.env.flush_all()
        before = self._names()
        self.env.cr.execute(
            """
            DROP FUNCTION fsm_confirmation_remember_names CASCADE;
            DELETE FROM fsm_confirmation_name_index;
            """
        )
        self.env["fsm.confirmation.name.index"]._follow_messages()
        self.env.invalidate_all()
        self.assertLessEqual(
            {("contact_name", "Tom Millbank"), ("company_name", "Old Mill Bakery")},
            self._names(),
        )
        self.assertLessEqual(self._names(), before)
        self.tom.name = "Tim Millbank"
        self.assertEqual(self._find("contact_name", "ilike", "tim m"), self.of_tom)

    def test_nobody_reads_the_names_themselves(self):
        """They are of every company; a search shows what a user may see anyway."""
        for level in ("admin", "edit", "read"):
            model = self.env["fsm.confirmation.name.index"].with_user(self.users[level])
            with self.subTest(level=level), self.assertRaises(AccessError):
                model.search([])
        with self.assertRaises(AccessError):
            self.env["fsm.confirmation.name.index"].with_user(
                self.env.ref("base.user_admin")
            ).search([])
