# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The hot paths ask the database a bounded number of times, whatever there is."""

from datetime import timedelta

from odoo import fields

from ..common import MODULE, OUR_NUMBER, ConfirmationTransactionCase


class TestQueryCounts(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customers = 0

    def _count(self, function):
        """Queries of a call that finds nothing in the cache of this transaction."""
        self.env.flush_all()
        self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        function()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before

    def _assert_at_most(self, count, limit):
        """Other addons beside ours may ask for something of their own, but not for each
        record: that is told by comparing."""
        others = [
            ("state", "=", "installed"),
            ("name", "=like", "fieldservice\\_%"),
            ("name", "!=", MODULE),
        ]
        if not self.env["ir.module.module"].search_count(others, limit=1):
            self.assertLessEqual(count, limit)

    def _make_orders(self, count):
        orders = self.env["fsm.order"]
        for _number in range(count):
            type(self).customers += 1
            number = f"+1212555{2000 + self.customers}"
            contact = self._make_contact(f"Customer {self.customers}", number)
            orders |= self._make_order(location_id=self._make_location(contact).id)
        return orders

    def _ask_all(self, orders):
        wizard = (
            self.env["fsm.confirmation.batch"]
            .with_user(self.dispatcher)
            .with_context(allowed_company_ids=self.company.ids)
            .create({"order_ids": orders.ids})
        )
        wizard.action_send()

    def _make_old_messages(self, order, count):
        """Messages about an order that were answered long ago, with a reply each."""
        contact = order.location_id.contact_id
        asked = fields.Datetime.now() - timedelta(days=30)
        messages = (
            self.env["fsm.confirmation"]
            .sudo()
            .create(
                [
                    {
                        "order_id": order.id,
                        "partner_id": contact.id,
                        "mobile": contact.phone_sanitized,
                        "company_id": self.company.id,
                        "sender": OUR_NUMBER,
                        "body": f"Your appointment {number}",
                        "appointment_start": asked,
                        "sent_date": asked,
                        "state": "delivered",
                        "response": "confirmed",
                        "is_open": False,
                        "closed_reason": "answered",
                    }
                    for number in range(count)
                ]
            )
        )
        self.env["fsm.confirmation.reply"].sudo().create(
            [
                {
                    "confirmation_id": message.id,
                    "partner_id": contact.id,
                    "mobile": contact.phone_sanitized,
                    "recipient": OUR_NUMBER,
                    "body": "Yes",
                    "state": "matched",
                    "intent": "confirm",
                    "twilio_sid": f"SMold{message.id:029d}",
                    "received_date": asked,
                    "company_id": self.company.id,
                }
                for message in messages
            ]
        )
        return messages

    def _send_one(self, order):
        self._wizard(order).action_send()

    def test_the_dialog(self):
        """What is known of an order and a number is asked for once in each request."""
        first, order = self._make_orders(2)
        self._make_old_messages(order, 5)
        self._send_one(first)
        wizards = self.env["fsm.confirmation.send"].with_user(self.dispatcher)
        wizards = wizards.with_context(default_order_id=order.id)
        specification = dict.fromkeys(
            (
                "alerts",
                "available_partner_ids",
                "body",
                "mobile_display",
                "order_id",
                "partner_id",
                "seen_message_id",
                "segment_info",
                "visit_id",
            ),
            {},
        )
        opened = self._count(lambda: wizards.onchange({}, [], specification))
        sent = self._count(lambda: self._send_one(order))
        self.assertEqual(len(order.confirmation_ids), 6)
        # The customer was told of another date: the text tells of the move.
        self.assertTrue(opened <= 30 and sent <= 46, (opened, sent))

    def test_preparing_many(self):
        few, many = self._make_orders(3), self._make_orders(30)
        self._ask_all(self._make_orders(2))
        queries_few = self._count(lambda: self._ask_all(few))
        queries_many = self._count(lambda: self._ask_all(many))
        sent = self.env["fsm.confirmation"].search([("order_id", "in", many.ids)])
        self.assertEqual(len(sent), 30)
        # Not one more for each of them; a few for what is read in portions.
        self.assertLessEqual(queries_many, queries_few + 15)
        self._assert_at_most(queries_many, 110)

    def test_preparing_many_whose_usual_contact_has_no_number(self):
        few, many = self._make_orders(3), self._make_orders(30)
        for order in few | many:
            usual = order.location_id.contact_id
            self._make_contact("Colleague", usual.phone, parent_id=usual.id)
            usual.phone = False
        self._ask_all(self._make_orders(2))
        queries_few = self._count(lambda: self._ask_all(few))
        queries_many = self._count(lambda: self._ask_all(many))
        sent = self.env["fsm.confirmation"].search([("order_id", "in", many.ids)])
        self.assertEqual(set(sent.mapped("contact_name")), {"Colleague"})
        self.assertEqual(len(sent), 30)
        self.assertLessEqual(queries_many, queries_few + 15)

    def test_one_customer_with_many_appointments(self):
        """A code for each, and still not a query for each of them."""
        few, many = (
            self._make_orders(1).location_id,
            self._make_orders(1).location_id,
        )
        counts = []
        for location, number in ((few, 3), (few, 3), (many, 30)):
            orders = self.env["fsm.order"].concat(
                *(self._make_order(location_id=location.id) for _each in range(number))
            )
            counts.append(self._count(lambda orders=orders: self._ask_all(orders)))
            self.assertEqual(len(orders.confirmation_ids), number)
        self.assertLessEqual(counts[2], counts[1] + 15)

    def test_one_reply(self):
        orders = self._make_orders(3)
        counts = []
        for order, history in zip(orders, (0, 2, 40), strict=True):
            self._make_old_messages(order, history)
            number = self._send(order).mobile
            self._reply("hello", number="+13105550111")
            counts.append(
                self._count(lambda number=number: self._reply("Yes", number=number))
            )
            self.assertEqual(order.confirmation_status, "confirmed")
        self.assertLessEqual(counts[2], counts[1] + 3)
        self._assert_at_most(max(counts), 70)

    def test_one_reply_over_the_webhook(self):
        [order] = self._make_orders(1)
        [first] = self._make_orders(1)
        inbox = self.env["fsm.confirmation.inbox"]
        counts = []
        for asked in (first, order):
            number = self._send(asked).mobile
            # It has left; and what a worker keeps in memory is there.
            self._reply("hello", number="+13105550111")
            text = {
                "MessageSid": f"SMweb{asked.id:029d}",
                "From": number,
                "To": OUR_NUMBER,
                "Body": "Yes",
            }
            company_sudo = self.company.sudo()
            counts.append(
                self._count(
                    lambda text=text, company_sudo=company_sudo: inbox._receive_sudo(
                        company_sudo, text
                    )
                )
            )
            self.assertEqual(asked.confirmation_status, "confirmed")
        # Two of them for the place and the people that a customer may name, one for the
        # same question by e-mail; all that is needed of the company is one.
        self._assert_at_most(counts[1], 13)

    def test_details(self):
        few, many = self._make_orders(2)
        first = self._make_old_messages(few, 1)
        second = self._make_old_messages(many, 1)
        reply = second.reply_ids
        for number in range(20):
            reply.sudo().create(
                {
                    **reply.read(["mobile", "recipient", "body", "intent"])[0],
                    "confirmation_id": second.id,
                    "state": "matched",
                    "twilio_sid": f"SMmore{number:028d}",
                    "company_id": self.company.id,
                }
            )
        specification = {
            "name": {},
            "indicator": {},
            "appointment_text": {},
            "body": {},
            "order_id": {"fields": {"display_name": {}}},
            "user_id": {"fields": {"display_name": {}}},
            "reply_ids": {
                "fields": {"body": {}, "intent": {}, "reason_text": {}},
                "limit": 40,
            },
        }
        counts = []
        for message in (first, first, second):
            mine = message.with_user(self.dispatcher)
            counts.append(self._count(lambda mine=mine: mine.web_read(specification)))
        self.assertLessEqual(counts[2], counts[1])
        self._assert_at_most(counts[2], 30)

    def test_opening_a_work_order(self):
        few, many = self._make_orders(2)
        self._make_old_messages(few, 1)
        self._make_old_messages(many, 40)
        specification = {
            "name": {},
            "confirmation_status": {},
            "confirmation_count": {},
            "has_moved_appointment": {},
            "has_opted_in_again": {},
            "confirmation_change_text": {},
            "confirmation_times_pending": {},
            "confirmation_times_text": {},
            "confirmation_note": {},
            "can_send_on_my_way": {},
            "confirmation_plan_info": {},
            "visit_ids": {"fields": {"display_name": {}}},
        }
        counts = []
        for order in (few, few, many):
            mine = order.with_user(self.dispatcher)
            counts.append(self._count(lambda mine=mine: mine.web_read(specification)))
        self.assertLessEqual(counts[2], counts[1])
        self._assert_at_most(counts[2], 8)

    def test_opening_a_contact(self):
        few, many = self._make_orders(2)
        self._make_old_messages(few, 1)
        self._make_old_messages(many, 40)
        specification = {
            "name": {},
            "confirmation_count": {},
            "confirmation_opt_out": {},
            "confirmation_plan_info": {},
            "confirmation_wrong_number": {},
        }
        counts = []
        for order in (few, few, many):
            mine = order.location_id.contact_id.with_user(self.dispatcher)
            counts.append(self._count(lambda mine=mine: mine.web_read(specification)))
        self.assertLessEqual(counts[2], counts[1])
        self._assert_at_most(counts[2], 7)

    def test_list_page(self):
        few, many = self._make_orders(2)
        self._make_old_messages(few, 2)
        self._make_old_messages(many, 40)
        specification = {
            "name": {},
            "contact_name": {},
            "company_name": {},
            "indicator": {},
            "body": {},
            "visit_id": {"fields": {"display_name": {}}},
            "user_id": {"fields": {"display_name": {}}},
        }
        messages = self.env["fsm.confirmation"].with_user(self.dispatcher)
        counts = []
        for order in (few, few, many):
            domain = [("order_id", "=", order.id)]
            counts.append(
                self._count(
                    lambda domain=domain: messages.web_search_read(
                        domain, specification, limit=80, count_limit=10001
                    )
                )
            )
        self.assertLessEqual(counts[2], counts[1])

    def test_searching_a_name(self):
        """One query for the names, however many; the messages in as many as ever."""
        for _number in range(30):
            self._make_old_messages(self._make_orders(1), 3)
        messages = self.env["fsm.confirmation"].with_user(self.dispatcher)
        everyone = [("contact_name", "ilike", "Customer")]
        nobody = [("contact_name", "ilike", "Zyxwvut")]
        counts = {
            label: self._count(
                lambda domain=domain: messages.web_search_read(
                    domain, {"contact_name": {}}, limit=80, count_limit=10001
                )
            )
            for label, domain in (
                ("warm up", []),
                ("page", []),
                ("everyone", everyone),
                ("nobody", nobody),
            )
        }
        # The names for the page and for its count, and whether they are few.
        self.assertLessEqual(counts["everyone"], counts["page"] + 3)
        self.assertLessEqual(counts["nobody"], 2)
