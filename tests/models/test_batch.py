# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Asking about many Work Orders at once."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import AccessError, UserError

from ..common import ConfirmationTransactionCase


class TestBatch(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.orders = cls._make_orders(4)

    @classmethod
    def _make_orders(cls, count, first=200):
        """Work Orders of different customers."""
        orders = cls.env["fsm.order"]
        for number in range(first, first + count):
            contact = cls._make_contact(f"Customer {number}", f"+12125550{number}")
            location = cls._make_location(contact)
            orders |= cls._make_order(location_id=location.id)
        return orders

    def _batch(self, orders, user=None):
        wizards = self.env["fsm.confirmation.batch"].with_user(user or self.dispatcher)
        return wizards.with_context(
            allowed_company_ids=self.company.ids,
            active_model="fsm.order",
            active_ids=orders.ids,
        ).create({})

    def _sent_to(self, orders):
        return self.env["fsm.confirmation"].search([("order_id", "in", orders.ids)])

    def test_each_gets_what_the_dialog_sends(self):
        self.orders[1].location_id.contact_id.lang = self._french()
        wizard = self._batch(self.orders)
        self.assertEqual(wizard.ready_count, 4)
        self.assertFalse(wizard.skipped_count)
        expected = {order: self._wizard(order).body for order in self.orders}
        self.assertEqual(wizard.example_name, "Customer 200")
        self.assertEqual(wizard.example_body, expected[self.orders[0]])
        self.assertIn("SMS segment", wizard.segment_info)
        wizard.action_send()
        sent = self._sent_to(self.orders)
        self.assertEqual(len(sent), 4)
        self.assertEqual({rec.order_id: rec.body for rec in sent}, expected)
        self.assertEqual(len(set(sent.mapped("name"))), 4)
        self.assertEqual(sent.user_id, self.dispatcher)
        self.assertEqual(sent.person_id, self.technician)
        self.assertEqual(set(sent.mapped("state")), {"outgoing"})
        self.assertEqual(set(self.orders.mapped("confirmation_status")), {"awaiting"})
        self.assertEqual(wizard.sudo().confirmation_ids, sent)
        for record in sent:
            self.assertEqual(record.mobile, record.partner_id.phone_sanitized)
            self.assertIn(record.name, self._history(record.order_id))
            self.assertIn(record.name, self._history(record.partner_id))
            self.assertEqual(record.order_message_id.res_id, record.order_id.id)
            self.assertEqual(record.partner_message_id.res_id, record.partner_id.id)

    def _french(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        return "fr_FR"

    def test_who_is_left_out_and_why(self):
        past, closed, missing, opted_out, landline, asked, confirmed, declined, fine = (
            self._make_orders(9, first=300)
        )
        self._pass_time_of(past)
        closed.action_cancel()
        missing.location_id.contact_id.phone = False
        self.env["phone.blacklist"].sudo()._add(
            [opted_out.location_id.contact_id.phone_sanitized]
        )
        failed = self._send(landline).sudo()
        failed.write({"state": "failed", "failure_type": "landline", "is_open": False})
        self._send(asked)
        number = self._send(confirmed).mobile
        self._reply("Yes", number=number)
        number = self._send(declined).mobile
        self._reply("No", number=number)
        orders = (
            past
            + closed
            + missing
            + opted_out
            + landline
            + asked
            + confirmed
            + declined
        )
        before = self._sent_to(orders)
        wizard = self._batch(orders + fine)
        self.assertEqual((wizard.ready_count, wizard.skipped_count), (1, 8))
        reasons = {}
        for line in wizard.skipped_info.splitlines():
            reason, names = line.rsplit(": ", 1)
            reasons.update(dict.fromkeys(names.split(", "), reason))
        for order, words in (
            (past, "in the past"),
            (closed, closed.stage_id.name),
            (missing, "mobile number"),
            (opted_out, "opted out"),
            (landline, "landline"),
            (asked, "Asked already"),
            (confirmed, "Confirmed already"),
            (declined, "Declined"),
        ):
            self.assertIn(words, reasons[order.name])
        name = fine.location_id.contact_id.name
        self.assertEqual(wizard.ready_info, f"{name}: {fine.name}")
        wizard.action_send()
        self.assertEqual(self._sent_to(orders), before)
        self.assertEqual(len(self._sent_to(fine)), 1)

    def _pass_time_of(self, order):
        order.scheduled_date_start = fields.Datetime.now() - timedelta(hours=3)

    def test_who_is_asked(self):
        """By customer: who has several appointments gets several texts."""
        orders = self._make_orders(17, first=500)
        contact = orders[1].location_id.contact_id
        more = self._make_order(location_id=orders[1].location_id.id)
        lines = self._batch(orders + more).ready_info.splitlines()
        self.assertEqual(lines[-1], "and 2 more customers")
        self.assertIn(f"{contact.name}: {orders[1].name}, {more.name}", lines)

    def test_an_opt_out_that_is_over_takes_back_what_was_answered(self):
        [order] = self._make_orders(1, first=600)
        first = self._send(order)
        self._reply("No", number=first.mobile)
        second = self._send(order)
        self._reply("STOP", number=first.mobile)
        self._reply("START", number=first.mobile)
        self.assertEqual((first.response, second.response), ("declined", "opted_out"))
        self.assertEqual(self._batch(order).ready_count, 1)
        self.assertFalse(self._wizard(order).warning)
        # What somebody else answered counts.
        contact = self._make_contact(
            "Somebody else",
            "+12125550699",
            parent_id=order.location_id.contact_id.id,
        )
        self._send(order, partner_id=contact.id)
        self._reply("No", number=contact.phone_sanitized)
        self._send(order)
        self._reply("STOP", number=first.mobile)
        self._reply("START", number=first.mobile)
        self.assertEqual(self._batch(order).ready_count, 0)
        self.assertIn("Somebody else", self._wizard(order).warning)

    def test_reasons_are_grouped(self):
        orders = self._make_orders(17, first=400)
        orders.action_cancel()
        lines = self._batch(orders).skipped_info.splitlines()
        self.assertEqual(len(lines), 1)
        self.assertIn(orders[0].name, lines[0])
        self.assertTrue(lines[0].endswith("and 2 more"))

    def test_moved_appointment_is_asked_again(self):
        order = self.orders[0]
        number = self._send(order).mobile
        self._reply("Yes", number=number)
        order.scheduled_date_start = order.scheduled_date_start + timedelta(days=1)
        self._batch(order).action_send()
        self.assertEqual(len(self._sent_to(order)), 2)
        self.assertEqual(order.confirmation_status, "awaiting")

    def test_one_customer_with_several_orders_gets_codes(self):
        customer = self.orders[0].location_id
        second = self._make_order(location_id=customer.id)
        self._batch(self.orders | second).action_send()
        sent = self._sent_to(self.orders | second)
        self.assertEqual(len(sent), 5)
        own = sent.filtered(lambda rec: rec.order_id in self.orders[0] | second)
        codes = own.mapped("code")
        # The first one waits alone when it is written, so it needs no code.
        self.assertEqual(len(set(codes)), 2)
        self.assertTrue(any(codes))
        others = sent - own
        self.assertFalse(any(others.mapped("code")))

    def test_somebody_asks_meanwhile(self):
        order = self.orders[0]
        other = self._make_order(location_id=order.location_id.id)
        composer = self.env["fsm.confirmation.composer"].with_user(self.dispatcher)
        drafts = composer._draft_many(self.orders)
        self._send(other)
        records = composer._record(drafts, self.dispatcher)
        self.assertEqual(len(records), 4)
        self.assertTrue(records.filtered(lambda rec: rec.order_id == order).code)

    def test_visits(self):
        order = self.orders[0]
        first = self._make_visit(order, 1)
        self._make_visit(order, 5)
        self._batch(self.orders[:2]).action_send()
        sent = self._sent_to(order)
        self.assertEqual(sent.visit_id, first)
        self.assertEqual(sent.appointment_start, first.scheduled_date_start)
        contact = order.location_id.contact_id
        self.assertEqual(sent.body, order._render_confirmation_body(contact, first))
        self.assertEqual(first.confirmation_status, "awaiting")
        plain = self._sent_to(self.orders[1])
        self.assertFalse(plain.visit_id)
        self.assertNotEqual(plain.body, sent.body)

    def test_second_click_sends_nothing(self):
        wizard = self._batch(self.orders)
        wizard.action_send()
        wizard.action_send()
        self.assertEqual(len(self._sent_to(self.orders)), 4)

    def test_the_example_of_several_on_one_day(self):
        orders = self.orders[0] | self._make_order(
            location_id=self.orders[0].location_id.id
        )
        wizard = self._batch(orders)
        self.assertEqual(wizard.ready_count, 1)
        self.assertEqual(wizard.example_body.count("Reply"), 1)
        for order in orders:
            self.assertIn(order.name, wizard.example_body)

    def test_nothing_to_send(self):
        self.orders.action_cancel()
        with self.assertRaisesRegex(UserError, "No confirmation can be sent"):
            self._batch(self.orders).action_send()

    def test_levels(self):
        for level in ("none", "read"):
            with self.assertRaises(AccessError):
                self._batch(self.orders, self.users[level])
        self._batch(self.orders, self.users["admin"]).action_send()
        self.assertEqual(len(self._sent_to(self.orders)), 4)

    def test_other_companies_stay_out(self):
        other = self._make_company("Other Services", number="+12025550177")
        foreign = self._make_order(company_id=other.id)
        wizard = self._batch(self.orders[:1])
        # A client may name any id.
        wizard.sudo().order_ids = [Command.link(foreign.id)]
        wizard.action_send()
        self.assertEqual(
            self._sent_to(self.orders[0] | foreign).order_id, self.orders[0]
        )
