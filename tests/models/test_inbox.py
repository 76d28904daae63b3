# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What is gathered, as plain data, before a text is understood."""

from datetime import timedelta

from odoo import fields

from ...core.matching import Inbound
from ..common import OUR_NUMBER, ConfirmationTransactionCase


class TestInbox(ConfirmationTransactionCase):
    def _gather(self):
        text = Inbound(
            mobile="+12125550123",
            recipient=OUR_NUMBER,
            body="ok thanks",
            # Everything else was said before.
            received_date=fields.Datetime.now() + timedelta(minutes=1),
            company_id=self.company.id,
        )
        inbox_sudo = self.env["fsm.confirmation.inbox"]._in_companies_sudo(self.company)
        earlier_sudo = inbox_sudo.env["fsm.confirmation.reply"]._get_newest(text.mobile)
        return inbox_sudo.env["fsm.confirmation.matching"]._gather(text, earlier_sudo)

    def _get_kinds(self):
        _messages, _candidates, conversation = self._gather()
        return [(said.by, said.kind) for said in conversation]

    def test_the_conversation(self):
        record = self._send()
        self._reply("hmm, maybe, depends on the weather")
        self._reply("no")
        expected = [
            ("us", "question"),
            ("customer", ""),
            ("us", "ask_back"),
            ("customer", ""),
            ("us", "will_contact"),
        ]
        self.assertEqual(self._get_kinds(), expected)
        _messages, [candidate], conversation = self._gather()
        self.assertEqual(candidate.response, "declined")
        appointment = ("fsm.order", self.order.id)
        self.assertEqual({said.about for said in conversation}, {(appointment,)})
        self.env["fsm.confirmation.response"]._resolve(record, "confirmed")
        record.sudo().resolved_date += timedelta(seconds=1)
        expected.append(("staff_hand", "set_by_hand"))
        self.assertEqual(self._get_kinds(), expected)

    def test_what_twilio_says_for_us(self):
        self._send()
        self._reply("STOP")
        self._reply("START")
        kinds = [kind for by, kind in self._get_kinds() if by == "us"]
        self.assertEqual(kinds, ["question", "opted_out", "opted_in"])

    def test_letting_the_customer_choose(self):
        visits = [self._make_visit(self.order, days) for days in (1, 2)]
        for visit in visits:
            self._send(visit_id=visit.id)
        self._reply("yes")
        self.assertEqual(self._get_kinds()[-1], ("us", "choose"))
        messages, candidates, _conversation = self._gather()
        self.assertEqual(len(messages), 2)
        self.assertTrue(all(candidate.code for candidate in candidates))
        self.assertEqual(
            [candidate.appointment for candidate in candidates],
            [("fsm.visit", visit.id) for visit in reversed(visits)],
        )


class TestLateWishes(ConfirmationTransactionCase):
    """What the customer wrote last counts, whichever text was heard of first."""

    def setUp(self):
        super().setUp()
        self.record = self._send()
        self._mark_sent(self.record)
        ago = fields.Datetime.now() - timedelta(hours=3)
        self.record.sudo().write({"claimed_date": ago, "sent_date": ago})

    def _write(self, number, body, minutes_ago):
        """A customer's text, of so many minutes ago; the reply."""
        received = fields.Datetime.now() - timedelta(minutes=minutes_ago)
        data = {
            "MessageSid": f"SM{number:032x}",
            "From": self.record.mobile,
            "To": OUR_NUMBER,
            "Body": body,
        }
        inbox = self.env["fsm.confirmation.inbox"]
        return inbox._receive_sudo(self.company.sudo(), data, received)

    def _is_opted_out(self):
        blacklist = self.env["phone.blacklist"]
        return bool(blacklist._job_confirmation_find_sudo([self.record.mobile]))

    def test_in_again_is_older(self):
        self._write(1, "STOP", 1)
        reply = self._write(2, "START", 60)
        self.assertTrue(self._is_opted_out())
        self.assertEqual(self.record.response, "opted_out")
        self.assertEqual((reply.intent, reply.state), ("opt_in", "matched"))

    def test_out_is_older(self):
        self._write(1, "START", 1)
        reply = self._write(2, "STOP", 60)
        self.assertFalse(self._is_opted_out())
        self.assertTrue(self.record.is_open)
        self.assertEqual(reply.state, "matched")
        self.assertIn("STOP", self._history(self.order))

    def test_as_they_came(self):
        self._write(1, "STOP", 60)
        self._write(2, "START", 1)
        self.assertFalse(self._is_opted_out())
        self._write(3, "STOP", 0)
        self.assertTrue(self._is_opted_out())

    def test_a_yes_says_nothing_of_it(self):
        self._write(1, "Yes", 1)
        self._write(2, "STOP", 60)
        self.assertTrue(self._is_opted_out())

    def test_one_that_waited_to_be_processed(self):
        inbox = self.env["fsm.confirmation.inbox"]
        received = fields.Datetime.now() - timedelta(minutes=30)
        data = {"MessageSid": "SM" + "9" * 32, "From": self.record.mobile}
        data.update(To=OUR_NUMBER, Body="START")
        inbox._store_pending_sudo(self.company.sudo(), data, received)
        self._write(1, "STOP", 1)
        pending = self.env["fsm.confirmation.reply"].search([("state", "=", "pending")])
        inbox._process_pending(pending.sudo())
        self.assertEqual(pending.state, "matched")
        self.assertTrue(self._is_opted_out())
