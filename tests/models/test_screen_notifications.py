# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Open screens are told at once, and together when much happens."""

import json
import threading
import time

from odoo.modules.registry import Registry
from odoo.tests import BaseCase, TransactionCase, tagged

from ...models.message_out.fsm_confirmation_chatter import _notify_from_outside
from ...tools.screen_notifications import ScreenNotifications

LONG = 20  # seconds, for a machine that has much to do


class TestScreenNotifications(BaseCase):
    def setUp(self):
        super().setUp()
        self.told = []
        self.was_told = threading.Event()

    def _tell(self, changes):
        self.told.append(changes)
        self.was_told.set()

    def test_the_first_is_told_at_once_and_further_ones_together(self):
        notifications = ScreenNotifications(self._tell, pause=0.2)
        self.assertTrue(notifications.may_notify_now())
        self.assertFalse(notifications.may_notify_now())
        notifications.add({"ids": [1], "order_ids": []})
        notifications.add({"ids": [2, 1], "order_ids": [7]})
        self.assertFalse(notifications.may_notify_now())
        self.assertTrue(self.was_told.wait(LONG))
        self.assertEqual(self.told, [{"ids": {1, 2}, "order_ids": {7}}])

    def test_from_many_threads_nothing_is_lost(self):
        notifications = ScreenNotifications(self._tell, pause=0.01)

        def add(numbers):
            for number in numbers:
                notifications.add({"ids": [number]})

        threads = [
            threading.Thread(target=add, args=(range(start, 2000, 4),))
            for start in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        end = time.monotonic() + LONG
        told = set()
        while len(told) < 2000 and time.monotonic() < end:
            time.sleep(0.01)
            told = set().union(*(changes["ids"] for changes in list(self.told)))
        self.assertEqual(told, set(range(2000)))

    def test_after_a_problem_it_goes_on(self):
        def fail(changes):
            self._tell(changes)
            raise ValueError("+12025550123")

        notifications = ScreenNotifications(fail, pause=0.2)
        for number in (1, 2):
            with self.assertLogs("odoo.addons", level="WARNING") as logs:
                notifications.add({"ids": [number]})
                notifications._timer.join(LONG)
            self.assertNotIn("+1202", "".join(logs.output))
        self.assertEqual(self.told, [{"ids": {1}}, {"ids": {2}}])


@tagged("post_install", "-at_install")
class TestTelling(TransactionCase):
    def test_in_a_transaction_of_its_own(self):
        """As the thread does it, with a real commit."""
        database = self.env.cr.dbname
        mark = 2_000_000_001
        self.addCleanup(self._forget, database, mark)
        company_id = self.env.company.id
        changes = {(company_id, "ids"): {mark, 0}, (company_id, "order_ids"): set()}
        _notify_from_outside(database, changes)
        with Registry(database).cursor() as cr:
            cr.execute(
                "SELECT message FROM bus_bus WHERE message LIKE %s", [f"%{mark}%"]
            )
            [(message,)] = cr.fetchall()
        message = json.loads(message)
        self.assertEqual(message["type"], "fsm_confirmation/changed")
        expected = {"ids": [0, mark], "order_ids": [], "partner_ids": []}
        self.assertEqual(message["payload"], expected)

    def _forget(self, database, mark):
        with Registry(database).cursor() as cr:
            cr.execute("DELETE FROM bus_bus WHERE message LIKE %s", [f"%{mark}%"])
