# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is deleted for a customer's sake leaves none of the customer's words."""

from odoo.tools import SQL

from ..common import ConfirmationTransactionCase

WORDS = "purple elephant"
NUMBER = "+12125550123"


class TestErasure(ConfirmationTransactionCase):
    def setUp(self):
        super().setUp()
        self.customer.email = "maria@example.com"
        # Another customer's, which stay.
        self.other = self._make_contact("Otto", "+12125550144")
        place = self._make_location(self.other)
        self.kept = self._send(self._make_order(location_id=place.id))
        self._reply("yes, the orange giraffe opens", number="+12125550144")
        self.message = self._send()
        self._reply(f"yes, {WORDS} is in the yard")
        self._reply(f"maybe {WORDS}?")
        self._reply(f"a stray {WORDS}", recipient="+12025550109")
        self.message.invalidate_recordset()
        self._resolve(self.message, "declined", f"said {WORDS} by phone")
        self._reply("STOP")
        entry = self.env["phone.blacklist"].search([("number", "=", NUMBER)])
        entry.sudo().opt_out_text = f"stop {WORDS}"
        self.env.flush_all()
        self.assertTrue(self._find(WORDS))

    def _find(self, words):
        """The tables and columns of the whole database in which some words stand."""
        self.env.flush_all()
        columns = self.env.execute_query(
            SQL(
                """
                SELECT c.table_name, c.column_name
                  FROM information_schema.columns c
                  JOIN information_schema.tables t USING (table_schema, table_name)
                 WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE'
                   AND c.data_type IN ('character varying', 'text', 'jsonb')
                """
            )
        )
        return [
            (table, column, rows)
            for table, column in columns
            if (
                rows := self.env.execute_query(
                    SQL(
                        "SELECT left(%s::text, 200) FROM %s WHERE %s::text ILIKE %s",
                        SQL.identifier(column),
                        SQL.identifier(table),
                        SQL.identifier(column),
                        f"%{words}%",
                    )
                )
            )
        ]

    def _check_gone(self):
        self.assertEqual(self._find(WORDS), [])
        self.assertTrue(self._find("orange giraffe"))
        self.assertIn("orange giraffe", self.kept.reply_body)
        # That nobody texts the number any more is the customer's will.
        entry = self.env["phone.blacklist"].search([("number", "=", NUMBER)])
        self.assertTrue(entry)

    def test_contact(self):
        """Deleting a contact erases for who may delete messages, and for the server."""
        self._reply(f"another {WORDS}", number=NUMBER)
        self.order.location_id.write(
            {"owner_id": self.other.id, "contact_id": self.other.id}
        )
        self.customer.unlink()
        self._check_gone()
        message = self.message.exists()
        self.assertEqual((message.body, message.mobile), ("-", "-"))
        self.assertEqual(message.response, "opted_out")
        self.assertEqual(message.contact_name, "-")

    def test_privacy_lookup(self):
        """Odoo's own search for everything about a person, which then deletes it."""
        lookups = self.env.get("privacy.lookup.wizard")
        if lookups is None:
            self.skipTest("privacy_lookup is not installed")
        lookup = lookups.create(
            {"name": self.customer.name, "email": "maria@example.com"}
        )
        lookup.action_lookup()
        found = {(line.res_model, line.res_id) for line in lookup.line_ids}
        mine = [("partner_id", "=", self.customer.id)]
        for model in ("fsm.confirmation", "fsm.confirmation.reply"):
            records = self.env[model].search(mine)
            self.assertTrue(records)
            self.assertLessEqual({(model, id_) for id_ in records.ids}, found)
        self.assertIn(("fsm.location", self.order.location_id.id), found)
        self.assertNotIn(("fsm.confirmation", self.kept.id), found)
        ours = ("fsm.confirmation", "fsm.confirmation.reply")
        lookup.line_ids.filtered(
            lambda line: line.res_model in ours
        ).action_unlink_all()
        lookup.line_ids.unlink()  # as Odoo does within a day
        self._check_gone()

    def test_an_archived_location(self):
        place = self.order.location_id
        place.partner_id.active = False
        self.assertFalse(place.active)
        self.assertFalse(place.search([("id", "=", place.id)]))
        place.active = True
        self.assertTrue(place.partner_id.active)

    def test_contact_by_somebody_else(self):
        """Without the level Admin nobody erases a customer's words."""
        user = self.users["edit"]
        user.group_ids |= self.env.ref("base.group_partner_manager")
        self.order.location_id.write(
            {"owner_id": self.other.id, "contact_id": self.other.id}
        )
        replies = self.message.reply_ids.mapped("body")
        self.customer.with_user(user).unlink()
        self.env.invalidate_all()
        self.assertEqual(self.message.reply_ids.mapped("body"), replies)

    def test_messages_and_replies(self):
        admin = self.users["admin"]
        replies = self.env["fsm.confirmation.reply"].search([("mobile", "=", NUMBER)])
        (replies - self.message.reply_ids).with_user(admin).unlink()
        self.message.with_user(admin).unlink()
        self._check_gone()

    def test_one_reply(self):
        """The message stays, with what else was said."""
        admin = self.users["admin"]
        replies = self.env["fsm.confirmation.reply"].search(
            [("mobile", "=", NUMBER), ("body", "ilike", WORDS)]
        )
        replies.with_user(admin).unlink()
        self.message.invalidate_recordset()
        found = self._find(WORDS)
        # Why a dispatcher decided so, and the opt-out, are not these replies.
        tables = {table for table, *_rest in found}
        self.assertLessEqual(tables, {"mail_message", "phone_blacklist"}, found)
        notes = [
            text
            for table, _c, rows in found
            if table == "mail_message"
            for (text,) in rows
        ]
        self.assertTrue(all("by phone" in note for note in notes), notes)
        self.assertEqual(self.message.mobile, NUMBER)
