# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A customer's words: of one company, for as long as it keeps them."""

import json
from datetime import timedelta

from odoo import fields

from .test_adversary import THEIR_NUMBER, AdversaryCase


class TestWordsOfOneCompany(AdversaryCase):
    """What a shared contact wrote to Beta is Beta's, and so is why it was lifted."""

    def setUp(self):
        super().setUp()
        self.beta = self.strangers["edit"]
        self.ours = self._send(self.order)
        self.theirs = self._send(self.own_order, self.beta)
        self._reply(
            "STOP texting me, turquoise zebra",
            recipient=THEIR_NUMBER,
            company=self.other,
        )

    def _see(self, user):
        """All that a user sees of the shared contact and its number."""
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.invalidate_all()
        partner = self._as(user, self.customer)
        entries = self._as(user, "phone.blacklist").sudo().search([])
        order = self.order if user == self.dispatcher else self.own_order
        message = self.ours if user == self.dispatcher else self.theirs
        dialog = self._as(user, "fsm.confirmation.send").create({"order_id": order.id})
        notes = entries.sudo(False).env["mail.message"].search([])
        found = [
            partner.read(["confirmation_opt_out", "display_name"]),
            partner.message_ids.mapped("body"),
            dialog.read(["alerts", "blocking_reason", "warning"]),
            entries.read(["opt_out_words"]),
            entries.export_data(["opt_out_words"]),
            entries.with_env(partner.env)
            .sudo()
            .message_ids.filtered(lambda note: note in notes)
            .mapped("body"),
            self._as(user, message).get_conversation(),
        ]
        return json.dumps(found, default=str, ensure_ascii=False)

    def test_words(self):
        self.assertEqual(self.theirs.response, "opted_out")
        self.assertIn("turquoise zebra", self._see(self.beta))
        seen = self._see(self.dispatcher)
        self.assertNotIn("zebra", seen)
        self.assertIn("Opted out on", seen)

    def test_reason_of_lifting(self):
        partner = self._as(self.dispatcher, self.customer)
        partner._lift_opt_out("she told Bob, the violet walrus")
        self.assertIn("violet walrus", self._see(self.dispatcher))
        seen = self._see(self.beta)
        self.assertNotIn("walrus", seen)
        self.assertNotIn(self.dispatcher.name, seen)

    def test_lifting_is_true_for_all(self):
        self._as(self.dispatcher, self.customer)._lift_opt_out("on the phone")
        self.assertEqual(self.own_order.confirmation_status, "reconfirm")
        self.assertEqual(self.own_order.activity_ids.activity_type_id.name, "Ask again")

    def test_start_is_true_for_all(self):
        self._reply("START")
        self.assertEqual(self.own_order.confirmation_status, "reconfirm")

    def test_two_companies_at_once(self):
        """A note is written for each company, never one for all."""
        for note in self.env["mail.message"].search(
            [("body", "ilike", "zebra"), ("model", "=", "res.partner")]
        ):
            self.assertEqual(note.record_company_id, self.other)

    def test_contacts_of_another_company_are_not_proposed(self):
        self.location.contact_id = self.zoe
        dialog = self._as(self.beta, "fsm.confirmation.send").create(
            {"order_id": self.own_order.id}
        )
        self.assertNotEqual(dialog.partner_id, self.zoe)
        self.assertNotIn(self.zoe, dialog.available_partner_ids)


class TestRetentionOfWords(AdversaryCase):
    def test_no_word_and_no_number_is_left(self):
        """Of what is old: of replies to nothing, opt-outs and why they were lifted."""
        stranger = self._make_contact("Old Stranger", "+12125550166")
        message = self._send(self.order)
        self._reply("crimson otter, by text", number="+12125550166")
        self._reply("STOP, said the crimson otter")
        partner = self.customer.with_user(self.dispatcher)
        partner._lift_opt_out("crimson otter on the phone")
        self._resolve(message, "confirmed", "crimson otter called")
        # pylint: disable-next=translation-required
        message.with_user(self.dispatcher).message_post(
            body="the crimson otter is odd", message_type="comment"
        )
        pending = self._reply("pending crimson otter", number="+12125550166")
        self.env.flush_all()
        self.env.cr.precommit.run()
        self.env.flush_all()
        months = timedelta(days=400)
        for table, name in (
            ("fsm_confirmation", "create_date"),
            ("fsm_confirmation_reply", "received_date"),
            ("mail_message", "date"),
            ("phone_blacklist", "opt_out_date"),
            ("fsm_confirmation_undo", "create_date"),
        ):
            # pylint: disable-next=sql-injection
            self.env.cr.execute(f"UPDATE {table} SET {name} = {name} - %s", [months])
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET state = 'sent' WHERE state = 'outgoing'"
        )
        self.env.cr.execute(
            "UPDATE fsm_confirmation_reply SET state = 'pending' WHERE id = %s",
            [pending.id],
        )
        self.env.invalidate_all()
        self.company.job_confirmation_retention_months = 12
        before = fields.Datetime.now() - timedelta(days=365)
        retention = self.env["fsm.confirmation.retention"]
        for step in (
            retention._anonymize_messages,
            retention._anonymize_replies,
            retention._anonymize_other_notes,
            retention._anonymize_opt_outs,
        ):
            while step(self.company, before, 2):
                pass
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT table_name, column_name FROM information_schema.columns
             WHERE data_type IN ('text', 'character varying', 'jsonb')
               AND table_schema = 'public'
               AND table_name ~ '^(fsm_(conf|order|visit)|mail_|phone_|bus_)'
            """
        )
        for table, column in self.env.cr.fetchall():
            # pylint: disable-next=sql-injection
            self.env.cr.execute(
                f'SELECT 1 FROM "{table}" WHERE "{column}"::text ~ %s LIMIT 1',
                ["crimson otter|12125550166"],
            )
            if self.env.cr.fetchall():
                self.shown.append((table, column))
        self.assertTrue(stranger.exists())
