# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A customer's words belong to one company."""

import json

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
