# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The examples of doc/integrators.md work as they stand there."""

import ast
import re

from odoo.tests import tagged

from ..common import DEV, ConfirmationTransactionCase

DOCUMENT = DEV.parent / "doc" / "integrators.md"
FENCED = re.compile(r"```python\n(.*?)```", re.DOTALL)


@tagged("post_install", "-at_install")
class TestIntegrators(ConfirmationTransactionCase):
    def test_examples(self):
        if not DOCUMENT.exists():
            self.skipTest("this is no clone of the repository")
        self.dispatcher.group_ids |= self.env.ref("fieldservice.group_fsm_dispatcher")
        hours = {"name": "Weekdays", "company_id": self.company.id}
        self.technician.calendar_id = self.env["resource.calendar"].create(hours)
        company_ids = self.company.ids
        env = self.env(
            user=self.dispatcher, context={"allowed_company_ids": company_ids}
        )
        orders = self._make_order() | self._make_order()
        names = {
            "env": env,
            "order": self.order.with_env(env),
            "orders": orders.with_env(env),
        }
        blocks = FENCED.findall(DOCUMENT.read_text())
        self.assertGreaterEqual(len(blocks), 4)
        for block in blocks:
            for statement in ast.parse(block).body:
                if "take_time" in ast.unparse(statement):
                    self._reply("A")
                code = compile(ast.Module([statement], []), str(DOCUMENT), "exec")
                exec(code, names)
            names["message"] = self.order.confirmation_ids[:1].with_env(env)
            self.env.invalidate_all()
        texts = self.env["fsm.confirmation"].search([])
        asked = texts.filtered(lambda text: text.kind == "question")
        self.assertEqual(asked.order_id, self.order | orders)
        kinds = {"question", "staff", "times", "notice"}
        self.assertEqual(set(texts.mapped("kind")), kinds)
