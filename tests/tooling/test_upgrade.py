# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Updating and uninstalling, in short. In real databases: ``dev/upgrade``."""

import importlib.util
from pathlib import Path

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ...hooks import uninstall_hook
from ..common import LEVELS, MODULE, ConfirmationTransactionCase, new_user

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


@tagged("post_install", "-at_install")
class TestUpgrade(ConfirmationTransactionCase):
    def setUp(self):
        super().setUp()
        self.record = self._send()
        self._reply("maybe, said the purple elephant")
        self.reply = self.record.reply_ids
        self.notes = self.order.message_ids.filtered(
            lambda note: note.subtype_id.name == "Job confirmation"
        )
        self.assertTrue(self.reply and self.notes and self.record.activity_id)

    def _migrate(self, version):
        path = MIGRATIONS / "19.0.1.1.0" / "post-migrate.py"
        spec = importlib.util.spec_from_file_location("post_migrate", path)
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        self.env.flush_all()
        script.migrate(self.env.cr, version)
        self.env.invalidate_all()

    def test_migration(self):
        """What the first version wrote: notes without subtype."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE mail_message SET subtype_id = NULL, record_company_id = NULL"
            " WHERE id = ANY(%s)",
            (self.notes.ids,),
        )
        self.env.invalidate_all()
        for _time in range(2):  # Once more does no harm.
            self._migrate("19.0.1.0.0")
            self.assertEqual(self.record.reply_ids, self.reply)
            nobody = self.order.with_user(self.users["none"])
            self.assertFalse(nobody.message_ids & self.notes)
            self.assertEqual(self.notes.record_company_id, self.company)
            self.env.invalidate_all()

    def test_a_new_installation_migrates_nothing(self):
        self._migrate(None)

    def test_uninstall_hook(self):
        own = self.order.message_post(body="A person's own note")  # pylint: disable=translation-required
        planned = self.order.activity_schedule("mail.mail_activity_data_todo")
        uninstall_hook(self.env)
        self.env.invalidate_all()
        self.assertFalse(self.notes.exists())
        self.assertEqual(self.order.activity_ids, planned)
        self.assertIn(own, self.order.message_ids)
        types = self.env.ref(f"{MODULE}.mail_activity_type_read")
        types.unlink()  # Nothing holds it any more.

    def test_every_view_for_every_level(self):
        models = {
            name
            for name, model in self.env.registry.items()
            if model._original_module == MODULE and not model._abstract
        }
        models |= {"fsm.order", "res.partner", "res.config.settings"}
        views = self.env["ir.ui.view"].search(
            [("model", "in", list(models)), ("mode", "=", "primary")]
        )
        boss = new_user(
            self.env, "upgrade_boss", groups=f"base.group_system,{LEVELS['admin']}"
        )
        for user in (*self.users.values(), boss):
            for view in views.filtered(lambda view: view.type != "qweb"):
                model = self.env[view.model].with_user(user)
                try:
                    model.get_views([(view.id, view.type)])
                except AccessError:
                    self.assertNotEqual(user, boss, view.name)
