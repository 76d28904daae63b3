# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The demo data: it loads as Odoo loads it, and shows what the README promises."""

import json
import sys
from datetime import timedelta

import pytz

from odoo import fields
from odoo.modules.loading import load_data
from odoo.modules.module_graph import ModuleGraph
from odoo.tests import TransactionCase, tagged

from ..common import DEV, MODULE

PHONES = DEV / "twilio_simulator/demo_customers.json"


def demo_module():
    """``dev/demo``'s own module."""
    if str(DEV) not in sys.path:
        sys.path.insert(0, str(DEV))
    from tooling import demo

    return demo


@tagged("post_install", "-at_install")
class TestDemo(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A company that nobody has named yet, as in a new database.
        cls.company = cls.env.ref("base.main_company")
        cls.company.name = "My Company"
        installed = cls.env["ir.module.module"].search([("state", "=", "installed")])
        graph = ModuleGraph(cls.env.cr, mode="load")
        graph.extend(installed.mapped("name"))
        known = {name: cls.env[name].search([]) for name in cls._models}
        # Odoo itself would only warn when it fails, and go on without it.
        with cls._no_warning():
            load_data(cls.env, {}, "init", kind="demo", package=graph[MODULE])
            cls.env.flush_all()
        cls.orders, cls.visits, cls.messages, cls.replies = (
            cls.env[name].search([]) - known[name] for name in cls._models
        )

    _models = ("fsm.order", "fsm.visit", "fsm.confirmation", "fsm.confirmation.reply")

    @classmethod
    def _no_warning(cls):
        return cls("test_every_status").assertNoLogs(level="WARNING")

    def test_every_status(self):
        """Every color of the Message Center, and of the Work Orders."""
        self.assertEqual(self.company.name, "Brightwater Home Services")
        shown = set(self.messages._fields["indicator"].get_values(self.env))
        # What texts say that ask nothing: the demo's all ask.
        shown -= {"outgoing", "sent", "delivered"}
        self.assertEqual(shown, set(self.messages.mapped("indicator")))
        now = fields.Datetime.now()
        upcoming = self.orders.filtered(
            lambda rec: (rec.scheduled_date_start or now) > now
        )
        statuses = self.orders._fields["confirmation_status"].get_values(self.env)
        # Nobody answered in time: only what has passed can say so.
        expected = set(statuses) - {"no_answer"}
        self.assertEqual(expected, set(upcoming.mapped("confirmation_status")))
        self.assertGreater(len(set(self.visits.mapped("confirmation_status"))), 1)

    def test_nobody_awaits_what_has_passed(self):
        now = fields.Datetime.now()
        for appointment in [*self.orders, *self.visits]:
            start = appointment.scheduled_date_start
            if start and appointment.scheduled_date_end < now:
                with self.subTest(appointment.display_name):
                    self.assertNotEqual(appointment.confirmation_status, "awaiting")

    def test_tomorrow_has_every_reason(self):
        """Whatever may keep a customer from being asked is there to be looked at."""
        rows = self.env["fsm.appointment"].search([("order_id", "in", self.orders.ids)])
        found = self.env["fsm.day.board"]._examine(rows)
        codes = {each.block.code for each in found.values() if each.block}
        expected = {
            "archived",
            "failed_as_landline",
            "number_extension",
            "number_invalid",
            "number_missing",
            "number_wrong",
            "opted_out",
            "undated",
        }
        self.assertLessEqual(expected, codes)

    def test_every_customer_has_a_phone(self):
        """Whoever can be texted is on the simulator's page, with a name."""
        partners = self.orders.location_id.contact_id
        partners |= self.messages.partner_id
        phones = json.loads(PHONES.read_text())["customers"]
        known = {phone["number"]: phone["name"] for phone in phones}
        for partner in partners.filtered("phone_sanitized"):
            with self.subTest(partner.name):
                first_name = known.get(partner.phone_sanitized, "nobody").split()[0]
                self.assertIn(first_name, partner.name)

    def test_somebody_can_be_on_the_way(self):
        """There is an appointment today, at any hour, which is still to come."""
        dispatcher = self.env.ref(f"{MODULE}.user_mc_edit")
        orders = self.orders.with_user(dispatcher).filtered("can_send_on_my_way")
        self.assertIn("confirmed", orders.mapped("confirmation_status"))

    def test_the_first_thing_to_try(self):
        """The 26th Work Order, FO026 in a new database: Emily Smith can be asked."""
        # The demo texts at any hour.
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("job_confirmation.texting_hours", "0-24")
        order = self.orders.sorted("id")[25]
        self.assertEqual(order.location_id.contact_id.name, "Emily Smith")
        self.assertEqual(order.confirmation_status, "not_sent")
        wizard = self.env["fsm.confirmation.send"].create({"order_id": order.id})
        self.assertIn(order.name, wizard.body)
        self.assertFalse(wizard.alerts)

    def test_a_moved_clock_asks(self):
        """``dev/demo --at``: at 9:00 the next day, the day after is asked about."""
        self.env.cr.execute(demo_module().PLAN_IS_ON)
        self.env.invalidate_all()
        self.env.registry.clear_cache()
        zone = pytz.timezone("America/New_York")
        nine = fields.Datetime.now().replace(hour=9, minute=0) + timedelta(days=1)
        nine = zone.localize(nine).astimezone(pytz.utc).replace(tzinfo=None)
        day_after = (nine + timedelta(days=1)).date()
        asked = []
        for now in (nine - timedelta(minutes=1), nine):
            while self.env["fsm.confirmation.planner"]._plan_batch(self.company, now):
                pass
            planned = self.env["fsm.confirmation"].search([("step_id", "!=", False)])
            dates = [start.date() for start in planned.mapped("appointment_start")]
            asked.append(dates.count(day_after))
        self.assertEqual(asked[0], 0)
        self.assertGreater(asked[1], 5)

    def test_the_messages_are_whole(self):
        """Answers go with replies, and what was sent and failed says when and why."""
        for record in self.messages:
            with self.subTest(record.body):
                self.assertTrue(record.body and record.job_name and record.contact_name)
                # Who says that the number is a wrong one answers nothing.
                self.assertEqual(
                    bool(record.response or record.is_wrong_number),
                    bool(record.reply_ids and record.reply_body and record.reply_date),
                )
                if record.reply_ids:
                    self.assertIn(record.reply_body, record.reply_ids.mapped("body"))
                self.assertEqual(record.is_open, not record.closed_reason)
                if record.state == "failed":
                    self.assertTrue(record.failure_type and record.failure_reason)
                elif record.state != "canceled":
                    self.assertTrue(record.sent_date and record.twilio_sid)
        kinds = set(self.replies.mapped("state"))
        self.assertEqual(kinds, {"matched", "unmatched"})

    def test_the_statuses_follow_the_answers(self):
        """Nothing that the code would not have made of these answers."""
        single = self.orders.filtered(lambda order: not order.visit_ids)
        for appointment in [*single, *self.visits]:
            newest = appointment._get_appointment_confirmations_sudo()[:1]
            if newest.response:
                moved = newest.closed_reason == "moved"
                with self.subTest(newest.body):
                    self.assertEqual(
                        appointment.confirmation_status,
                        "reconfirm" if moved else newest.response,
                    )

    def test_the_histories(self):
        """Text and reply of an upcoming Work Order are in both histories."""
        answered = self.messages.filtered("order_message_id").filtered("reply_ids")
        self.assertTrue(answered)
        for record in answered:
            for target in (record.order_id, record.partner_id):
                notes = "\n".join(target.message_ids.mapped("body"))
                self.assertIn(record.name, notes)
                for reply in record.reply_ids:
                    self.assertIn(reply.body.split("'")[0], notes)

    def test_what_a_person_has_to_do(self):
        """Declined, opted out and unclear answers have their activity."""
        now = fields.Datetime.now()
        for record in self.messages:
            if record.appointment_start > now and record.indicator in (
                "declined",
                "opted_out",
                "unrecognized",
            ):
                self.assertTrue(record.activity_id, record.body)
        opted_out = self.messages.filtered(lambda rec: rec.response == "opted_out")
        found = self.env["phone.blacklist"]._job_confirmation_find_sudo(
            opted_out.mapped("mobile")
        )
        self.assertEqual(set(found), set(opted_out.mapped("mobile")))
