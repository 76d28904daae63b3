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
        return inbox_sudo.env["fsm.confirmation.matching"]._gather(
            text, earlier_sudo
        )

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
