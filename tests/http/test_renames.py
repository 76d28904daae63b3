# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""A longtime customer is renamed: the newest messages follow at once, others after."""

from ...models.message_out import fsm_confirmation_rename
from ..common import MODULE, OUR_NUMBER, ConfirmationHttpCase


class TestRenames(ConfirmationHttpCase):
    def setUp(self):
        super().setUp()
        self.patch(fsm_confirmation_rename, "_FIRST_BATCH", 3)
        self.patch(fsm_confirmation_rename, "_BATCH", 2)
        self.globex = self._make_contact("Globex", False, is_company=True)
        self.ana = self._make_contact("Ana Gomez", False, parent_id=self.globex.id)
        self.messages = (
            self.env["fsm.confirmation"]
            .sudo()
            .create(
                [
                    {
                        "order_id": self.order.id,
                        "partner_id": self.ana.id,
                        "mobile": "+12125550123",
                        "company_id": self.company.id,
                        "sender": OUR_NUMBER,
                        "body": f"Your appointment {number}",
                        "state": "delivered",
                        "is_open": False,
                        "closed_reason": "past",
                    }
                    for number in range(8)
                ]
            )
        )
        self.rows = self.env["fsm.confirmation.rename"].sudo()

    def _follow(self):
        self._run_cron("ir_cron_rename")

    def _find(self, name, text):
        return self.env["fsm.confirmation"].search([(name, "ilike", text)])

    def test_a_contact(self):
        triggers = self.env["ir.cron.trigger"].sudo()
        known = triggers.search([])
        self.ana.name = "Ana Lopez"
        self.assertEqual(self._find("contact_name", "lopez"), self.messages[:-4:-1])
        cron = self.env.ref(f"{MODULE}.ir_cron_rename")
        self.assertEqual((triggers.search([]) - known).cron_id, cron)
        self._follow()
        self.assertEqual(self._find("contact_name", "lopez"), self.messages[::-1])
        self.assertFalse(self._find("contact_name", "gomez"))
        self.assertFalse(self.rows.search([]))

    def test_a_company(self):
        self.globex.name = "Initech"
        self._follow()
        self.assertEqual(set(self.messages.mapped("company_name")), {"Initech"})
        self.assertEqual(set(self.messages.mapped("contact_name")), {"Ana Gomez"})

    def test_another_company(self):
        initech = self._make_contact("Initech", False, is_company=True)
        self.ana.parent_id = initech
        self._follow()
        self.assertEqual(set(self.messages.mapped("company_name")), {"Initech"})

    def test_renamed_again_meanwhile(self):
        self.ana.name = "Ana Lopez"
        self.ana.name = "Ana Diaz"
        self._follow()
        self.assertEqual(set(self.messages.mapped("contact_name")), {"Ana Diaz"})
        self.assertFalse(self.rows.search([]))

    def test_deleted_meanwhile(self):
        """A name stays as the messages have it when its contact is gone."""
        self.ana.name = "Ana Lopez"
        self.env.flush_all()
        self.ana.unlink()
        self._follow()
        self.assertFalse(self.rows.search([]))
        self.assertTrue(all(self.messages.mapped("contact_name")))

    def test_a_few(self):
        """Nothing is left over for the scheduled action."""
        self.messages[2:].unlink()
        self.ana.name = "Ana Lopez"
        self.assertFalse(self.rows.search([]))
        self.assertEqual(len(self._find("contact_name", "lopez")), 2)

    def test_the_same_name(self):
        """Whoever saves a form unchanged renames nothing."""
        before = self.env.cr.sql_log_count
        self.ana.write({"name": self.ana.name})
        self.env.flush_all()
        self.assertLess(self.env.cr.sql_log_count - before, 8)
        self.assertFalse(self.rows.search([]))
