# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The Day Board in a real browser, on a desktop and on a phone."""

from odoo.tests import tagged

from ..common import MODULE, ConfirmationHttpCase
from .browser import SharedBrowserMixin

BOARD = f"/odoo/action-{MODULE}.fsm_appointment_action"


class BoardToursCase(SharedBrowserMixin, ConfirmationHttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.order.unlink()
        tomorrow = cls._local_time("America/New_York", days=1, hour=9)
        customers = (("Ann Able", "+12025550171"), ("Ben Bold", ""), ("Cleo Cole", ""))
        for name, phone in customers:
            location = cls._make_location(cls._make_contact(name, phone))
            order = cls._make_order(start=tomorrow, location_id=location.id)
            if name == "Cleo Cole":
                order.sudo().confirmation_status = "confirmed"

    def _tour(self, name, level="edit"):
        self.start_tour(BOARD, name, login=self.users[level].login)
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class TestBoardTours(BoardToursCase):
    browser_size = "1400x900"

    def test_board(self):
        self._tour("fsm_day_board")
        asked = self.env["fsm.confirmation"].search([])
        self.assertEqual(asked.contact_name, "Ann Able")
        self.assertEqual(asked.order_id.confirmation_status, "confirmed")

    def test_by_technician_and_all_at_once(self):
        self._tour("fsm_day_board_technician")
        self.assertEqual(
            self.env["fsm.confirmation"].search([]).contact_name, "Ann Able"
        )

    def test_read_only(self):
        self._tour("fsm_day_board_read", "read")


@tagged("post_install", "-at_install")
class TestBoardToursPhone(BoardToursCase):
    browser_size = "390x844"
    touch_enabled = True

    def test_board(self):
        self._tour("fsm_day_board")

    def test_read_only(self):
        self._tour("fsm_day_board_read", "read")
