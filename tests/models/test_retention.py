# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Keep Texts and Numbers: what is older than that is gone, wherever it was written."""

from datetime import timedelta

from odoo import fields
from odoo.tests import tagged

from ..common import ConfirmationHttpCase
from .test_adversary import AdversaryCase
from .test_email import ADDRESS, EmailCase


@tagged("post_install", "-at_install")
class TestRetention(ConfirmationHttpCase):
    """Through the simulator and real signed webhooks."""

    def _send_and_deliver(self, order=None):
        record = self._send(order)
        self._run_outbox()
        return record

    def test_texts_and_numbers_of_old_messages_go_counts_stay(self):
        old = self._send_and_deliver()
        self._customer_says("Yes, Maria")
        young = self._send_and_deliver(self._make_order())
        self.company.job_confirmation_retention_months = 6
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET create_date = create_date -"
            " interval '7 months' WHERE id = %s",
            (old.id,),
        )
        self.env.cr.execute(
            "UPDATE fsm_confirmation_reply SET received_date = received_date -"
            " interval '7 months'"
        )
        self.env.invalidate_all()
        self._run_cron("ir_cron_anonymize")
        self.assertEqual((old.body, old.mobile, old.reply_body), ("-", "-", "-"))
        self.assertEqual((old.reply_ids.body, old.reply_ids.mobile), ("-", "-"))
        self.assertEqual(old.response, "confirmed")
        self.assertEqual(old.order_id.confirmation_count, 1)
        for record in (self.order, self.customer):
            history = self._history(record)
            self.assertNotIn("Yes, Maria", history)
        self.assertNotIn("Reply YES", self._history(self.order))
        self.assertIn("Reply YES", self._history(young.order_id))
        self.assertEqual(young.mobile, "+12125550123")
        self.assertIn("was removed", self._history(self.order))

    def test_nothing_goes_unless_the_company_says_so(self):
        record = self._send_and_deliver()
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET create_date = create_date - interval '9 years'"
        )
        self._run_cron("ir_cron_anonymize")
        self.assertEqual(record.mobile, "+12125550123")

    def test_retention_takes_told_texts_too(self):
        composer = self.env["fsm.confirmation.composer"]
        draft = composer._draft(self.order, self.env["fsm.visit"], self.customer)
        draft.kind, draft.words = "staff", "Secret words"
        told = composer._record([draft], self.dispatcher).sudo(False)
        self._run_outbox()
        self.company.job_confirmation_retention_months = 1
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET create_date = %s, state = 'delivered'"
            " WHERE id = %s",
            (fields.Datetime.now() - timedelta(days=90), told.id),
        )
        self.env.invalidate_all()
        self.env["fsm.confirmation.retention"]._cron_anonymize()
        self.assertEqual((told.body, told.indicator), ("-", "delivered"))
        self.assertNotIn("Secret words", self._history(self.order))


class TestRetentionOfEmails(EmailCase):
    def test_nothing_of_an_email_is_left(self):
        """Of one that did not leave, and of what the customer wrote back."""
        record = self._ask().sudo()
        self._queue(record, state="exception", failure_reason=f"{ADDRESS} is unknown")
        mail = record.search([("id", "=", record.id)]).mail_id
        record.message_post(  # pylint: disable=translation-required
            body="a green walrus",
            subject="Re: the green walrus",
            message_type="email",
            email_from=f"Ana <{ADDRESS}>",
            attachments=[("walrus.txt", b"a green walrus")],
        )
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET create_date = create_date - interval '9 years'"
        )
        self.env.invalidate_all()
        retention = self.env["fsm.confirmation.retention"]
        retention._anonymize_messages(self.company, fields.Datetime.now(), 100)
        self.env.flush_all()
        self.assertFalse(mail.exists())
        self.assertFalse(
            self.env["ir.attachment"].search([("res_model", "=", record._name)])
        )
        self.env.cr.execute(
            "SELECT concat_ws(' ', subject, body, email_from, reply_to)"
            " FROM mail_message WHERE model = 'fsm.confirmation'"
        )
        notes = str(self.env.cr.fetchall())
        self.assertNotIn("walrus", notes)
        self.assertNotIn(ADDRESS, notes)

    def test_kept_no_longer_than_chosen(self):
        record = self._ask()
        self._queue(record)
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET create_date = now() - interval '3 months'"
            " WHERE id = %s",
            [record.id],
        )
        retention = self.env["fsm.confirmation.retention"]
        before = fields.Datetime.now() - timedelta(days=60)
        retention._anonymize_messages(self.company, before, 10)
        retention._anonymize_replies(self.company, before, 10)
        self.env.invalidate_all()
        self.assertFalse(record.email or record.sudo().answer_key)
        self.assertNotIn(self.order.name, record.body)


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
