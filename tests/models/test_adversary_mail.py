# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the server notes of a customer leaves by no e-mail to who may not read it."""

from .test_adversary import AdversaryCase


class TestFollowers(AdversaryCase):
    def test_who_follows_every_kind_of_note(self):
        everything = self.env["mail.message.subtype"].search([]).ids
        users = self.users["none"] | self.users["read"] | self.strangers["admin"]
        users.write({"notification_type": "email"})
        for record in (self.secret_order, self.zoe):
            record.message_subscribe(users.partner_id.ids, everything)
        self._mark_sent(self.message)
        self._resolve(self.message, "declined", "said so by phone")
        self._reply("STOP", number="+12125550188")
        self._reply("START", number="+12125550188")
        self.env.flush_all()
        self.env.cr.precommit.run()
        told = self.env["mail.notification"].search(
            [("res_partner_id", "in", users.partner_id.ids)]
        )
        self.assertFalse(told.mail_message_id.mapped("body"))
        done = [("model", "=", "fsm.order"), ("mail_activity_type_id", "!=", False)]
        self.assertTrue(self.env["mail.message"].search(done), "there was something")
