# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Why texts don't wait for the texting hours: the histories say what is so."""

from datetime import timedelta

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .test_notices import NoticesCase

SENTENCE = "Sent outside the texting hours: Storm"


@tagged("post_install", "-at_install")
class TestReasons(NoticesCase):
    def setUp(self):
        super().setUp()
        self.dispatcher.group_ids |= self.env.ref("fieldservice.group_fsm_dispatcher")

    def _press_send(self, name, **values):
        dialogs = self.env[f"fsm.confirmation.{name}"].with_user(self.dispatcher)
        now = {"send_now": True, "at_once_reason": "Storm", **values}
        return dialogs.create(now).action_send()

    def _close_the_hours(self):
        calendar = {"name": "Never", "attendance_ids": [Command.clear()]}
        calendars = self.env["resource.calendar"]
        self.company.job_confirmation_calendar_id = calendars.create(calendar)

    def _press_every_button(self, outside_hours=False):
        """Send, Propose Times, Tell and On My Way, each about its own Work Order."""
        days = range(20, 22)
        first, second = (self._local_time("America/New_York", d, 10) for d in days)
        self._automatic(job_confirmation_notice_canceled="hand")
        told = self._make_order(self.start + timedelta(days=1))
        self._asked(told)
        told.stage_id = self.canceled
        if outside_hours:
            self._close_the_hours()
        today = self._make_order(fields.Datetime.now() + timedelta(minutes=20))
        asked = self._make_order(self.start + timedelta(days=2))
        self._press_send("send", order_id=asked.id)
        self._press_send("on.my.way", order_id=today.id)
        self._press_send("tell", change_ids=self.changes.search([]).ids)
        dates = {"first_date": first, "second_date": second}
        self._press_send("propose", order_id=self.order.id, **dates)
        return asked + today + told + self.order

    def test_in_the_texting_hours_there_is_none(self):
        for order in self._press_every_button():
            self.assertTrue(order.confirmation_ids)
            self.assertNotIn("Storm", self._history(order))

    def test_outside_of_them_it_is_in_the_history(self):
        for order in self._press_every_button(outside_hours=True):
            self.assertIn(SENTENCE, self._history(order))

    def test_only_where_it_is_night(self):
        parameters = self.env["ir.config_parameter"].sudo()
        parameters.set_param("job_confirmation.texting_hours", "8-20")
        contact = self._make_contact("Day Person", "+12125550161")
        day = self._make_location(contact, tz=False)
        day.partner_id.tz = self._zone_where_it_is(12)
        self.location.partner_id.tz = self._zone_where_it_is(22)
        inside = self._make_order(location_id=day.id)
        orders = [Command.set((self.order + inside).ids)]
        self._press_send("batch", order_ids=orders)
        self.assertTrue(inside.confirmation_ids)
        self.assertIn(SENTENCE, self._history(self.order))
        self.assertNotIn("Storm", self._history(inside))

    def _zone_where_it_is(self, hour):
        ahead = (hour - fields.Datetime.now().hour + 11) % 24 - 11
        return f"Etc/GMT{-ahead:+d}" if ahead else "Etc/GMT"

    def test_an_email_goes_at_any_hour(self):
        self._close_the_hours()
        self.customer.write({"phone": False, "email": "maria@example.com"})
        self._press_send("send", order_id=self.order.id, channel="email")
        self.assertTrue(self.order.confirmation_ids)
        self.assertNotIn("Storm", self._history(self.order))

    def test_what_says_nothing_is_no_reason(self):
        self._close_the_hours()
        for reason in ("\u200b", "\u2060", ".", " "):
            with self.assertRaisesRegex(UserError, "Enter why"):
                self._press_send("send", order_id=self.order.id, at_once_reason=reason)

    def test_nobody_is_told_of_no_change(self):
        with self.assertRaisesRegex(UserError, "have been notified"):
            self.order.with_user(self.dispatcher).action_tell_change()
        self._automatic(job_confirmation_notice_canceled="hand")
        stage = self.order.stage_id
        self._asked()
        self.order.stage_id = self.canceled
        change = self.changes.search([])
        # As it was again, which another process has not noticed.
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_order SET stage_id = %s WHERE id = %s",
            (stage.id, self.order.id),
        )
        self.env.invalidate_all()
        action = change.with_user(self.dispatcher).action_tell()
        self.assertEqual(action["tag"], "soft_reload")
        self.assertFalse(change.exists())
