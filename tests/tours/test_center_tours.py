# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What users do on the Message Center's screen, in a real browser."""

from datetime import datetime

from odoo.tests import tagged

from ..common import OUR_NUMBER, ConfirmationHttpCase
from .browser import MESSAGES, SharedBrowserMixin


@tagged("post_install", "-at_install")
class TestCenterTours(SharedBrowserMixin, ConfirmationHttpCase):
    browser_size = "1400x900"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        company = cls._make_contact("Lakeside Dental", False, is_company=True)
        ann = cls._make_contact("Ann Able", "+12025550171")
        ben = cls._make_contact("Ben Bold", "+12025550172", parent_id=company.id)
        cleo = cls._make_contact("Cleo Cole", "+442079460018")
        tomorrow = cls._local_time("America/New_York", days=1, hour=9)
        later = cls._local_time("America/New_York", days=5, hour=9)
        # The day on which clocks go forward in New York: it ends at 4:00 UTC.
        cls._message(ann, datetime(2026, 3, 9, 3, 59, 59), tomorrow)
        cls._message(
            ben,
            datetime(2026, 3, 9, 4, 0),
            later,
            response="confirmed",
            is_open=False,
            closed_reason="answered",
            reply_body="Yes",
        )
        cls._message(
            cleo,
            False,
            tomorrow,
            name="MSG-CLEO",
            state="failed",
            is_open=False,
            closed_reason="failed",
        )

    @classmethod
    def _message(cls, contact, sent, appointment, **values):
        return (
            cls.env["fsm.confirmation"]
            .sudo()
            .create(
                {
                    "order_id": cls._make_order(start=appointment).id,
                    "partner_id": contact.id,
                    "mobile": contact._phone_format(),
                    "company_id": cls.company.id,
                    "user_id": cls.dispatcher.id,
                    "sender": OUR_NUMBER,
                    "body": "Your appointment ...",
                    "appointment_start": appointment,
                    "sent_date": sent,
                    "state": "delivered",
                    **values,
                }
            )
        )

    def _tour(self, name, level="edit", url=MESSAGES):
        self.start_tour(
            url, f"fsm_confirmation_screen_{name}", login=self.users[level].login
        )
        self.env.invalidate_all()

    def _unmatched(self):
        self._customer_says("hello there", number="+12125550177")
        return self.env["fsm.confirmation.reply"].search(
            [("confirmation_id", "=", False)]
        )

    def test_search(self):
        self._tour("search")

    def test_search_read_only(self):
        self._tour("search", "read")

    def test_filters(self):
        self._tour("filters")

    def test_filters_read_only(self):
        self._tour("filters", "read")

    def test_dates(self):
        self._tour("dates")

    def test_dates_read_only(self):
        self._tour("dates", "read")

    def test_analysis(self):
        for by in ("over_time", "by_technician", "by_hour"):
            self._tour("analysis", url=f"{MESSAGES}_{by}")

    def test_attach(self):
        reply = self._unmatched()
        self._tour("attach")
        self.assertEqual(reply.confirmation_id.contact_name, "Ben Bold")

    def test_unmatched_read_only(self):
        self._unmatched()
        self._tour("read_only", "read")


@tagged("post_install", "-at_install")
class TestCenterToursPhone(TestCenterTours):
    """The same on a phone-sized screen."""

    browser_size = "390x844"
    touch_enabled = True
