# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may do what, through real JSON-RPC as each level."""

import json

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import LEVELS, MODULE, ConfirmationHttpCase, new_user

# SPEC section 8: level -> see, send, change, delete.
MATRIX = {
    "admin": (True, True, True, True),
    "edit": (True, True, True, False),
    "read": (True, False, False, False),
    "none": (False, False, False, False),
}


@tagged("post_install", "-at_install")
class TestAccess(ConfirmationHttpCase):
    def setUp(self):
        super().setUp()
        self.record = self._send()
        self._run_outbox()
        self._customer_says("maybe")
        self._customer_says("hello", number="+12125550177")
        self.unmatched = self.env["fsm.confirmation.reply"].search(
            [("confirmation_id", "=", False)]
        )

    @mute_logger("odoo.http")
    def _rpc(self, level, model, method, *args, **kwargs):
        """Call as a user of a level; returns (result, error name)."""
        user = self.users[level]
        self.authenticate(user.login, user.login)
        payload = {
            "jsonrpc": "2.0",
            "method": "call",
            "params": {
                "model": model,
                "method": method,
                "args": list(args),
                "kwargs": {
                    "context": {"allowed_company_ids": self.company.ids},
                    **kwargs,
                },
            },
        }
        answer = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            data=json.dumps(payload),
            headers={"Content-Type": "application/json"},
        ).json()
        self.env.invalidate_all()
        if "error" in answer:
            return None, answer["error"]["data"]["name"].rpartition(".")[2]
        return answer["result"], None

    def _check(self, column, call):
        """Compare one kind of call with the matrix."""
        for level, rights in MATRIX.items():
            with self.subTest(level=level):
                _result, error = call(level)
                if rights[column]:
                    self.assertIsNone(error)
                else:
                    self.assertIn(error, ("AccessError", "AccessDenied"))

    def test_see(self):
        reading = [
            ("fsm.confirmation", "search_read", [[]]),
            ("fsm.confirmation", "web_search_read", [[], {"body": {}}]),
            ("fsm.confirmation", "formatted_read_group", [[], ["response"]]),
            ("fsm.confirmation", "export_data", [self.record.ids, ["body"]]),
            ("fsm.confirmation", "read", [self.record.ids, ["body", "mobile"]]),
            ("fsm.confirmation", "search_count", [[]]),
            ("fsm.confirmation", "name_search", ["MSG"]),
            ("fsm.confirmation.reply", "search_read", [[]]),
            ("fsm.confirmation.reply", "read", [self.unmatched.ids, ["body"]]),
            ("fsm.confirmation.word", "search_read", [[["lang", "=", "en"]]]),
            ("fsm.order", "read", [self.order.ids, ["confirmation_status"]]),
        ]
        for model, method, args in reading:
            with self.subTest(method=method, model=model):
                self._check(0, lambda level: self._rpc(level, model, method, *args))  # noqa: B023

    def test_none_sees_nothing_on_the_work_order(self):
        fields, error = self._rpc("none", "fsm.order", "fields_get")
        self.assertIsNone(error)
        for name in ("confirmation_status", "confirmation_ids", "confirmation_count"):
            self.assertNotIn(name, fields)
        views, error = self._rpc(
            "none", "fsm.order", "get_views", [[False, "form"], [False, "list"]]
        )
        self.assertIsNone(error)
        self.assertNotIn("confirmation_status", json.dumps(views["views"]))
        arch = views["views"]["form"]["arch"]
        self.assertNotIn('name="action_send_confirmation"', arch)

    def test_send(self):
        def send(level):
            wizard, error = self._rpc(
                level, "fsm.confirmation.send", "create", {"order_id": self.order.id}
            )
            if error:
                return None, error
            return self._rpc(level, "fsm.confirmation.send", "action_send", [wizard])

        self._check(1, send)

    def test_open_the_dialog(self):
        self._check(
            1,
            lambda level: self._rpc(
                level, "fsm.order", "action_send_confirmation", self.order.ids
            ),
        )

    def test_nobody_creates_messages_directly(self):
        values = {"mobile": "+12125550123", "body": "x", "company_id": self.company.id}
        for model in ("fsm.confirmation", "fsm.confirmation.reply"):
            for level in LEVELS:
                _result, error = self._rpc(level, model, "create", values)
                self.assertEqual(error, "AccessError", (model, level))

    def test_nobody_hands_in_a_customers_email(self):
        mail = "From: maria@example.com\nMessage-Id: <1@example.com>\n\nNo, cancel it"
        target = {"thread_id": self.record.id}
        values = {"custom_values": {"order_id": self.order.id, "body": "Hello"}}
        for level in MATRIX:
            for model in ("mail.thread", "fsm.confirmation", "res.partner"):
                for kwargs in (target, values, {}):
                    with self.subTest(level=level, model=model, kwargs=kwargs):
                        args = ("fsm.confirmation", mail)
                        _result, error = self._rpc(
                            level, model, "message_process", *args, **kwargs
                        )
                        self.assertEqual(error, "AccessError")
        self.assertEqual(self.record.reply_ids.mapped("body"), ["maybe"])

    def test_change(self):
        self._check(
            2,
            lambda level: self._rpc(
                level,
                "fsm.confirmation",
                "write",
                self.record.ids,
                {"response": "confirmed"},
            ),
        )
        self._check(
            2,
            lambda level: self._rpc(
                level,
                "fsm.order",
                "write",
                self.order.ids,
                {"confirmation_status": "declined"},
            ),
        )

    def test_level_without_any_field_service_role(self):
        for level in ("read", "edit"):
            login = f"mc_only_{level}"
            self.users[login] = new_user(
                self.env,
                login,
                groups=f"base.group_user,{LEVELS[level]}",
                company_id=self.company.id,
                company_ids=[(6, 0, self.company.ids)],
            )
        _result, error = self._rpc(
            "mc_only_edit",
            "fsm.order",
            "write",
            self.order.ids,
            {"confirmation_status": "confirmed"},
        )
        self.assertIsNone(error)
        self.assertEqual(self.order.confirmation_status, "confirmed")
        visit = self._make_visit(self.order, 1)
        _result, error = self._rpc(
            "mc_only_edit",
            "fsm.visit",
            "write",
            visit.ids,
            {"confirmation_status": "declined"},
        )
        self.assertIsNone(error)
        self.assertEqual(self.order.confirmation_status, "declined", "the sum follows")
        visit.unlink()
        for values in ({"confirmation_status": "declined"}, {"priority": "3"}):
            _result, error = self._rpc(
                "mc_only_read", "fsm.order", "write", self.order.ids, values
            )
            self.assertEqual(error, "AccessError")
        _result, error = self._rpc(
            "mc_only_edit", "fsm.order", "write", self.order.ids, {"priority": "3"}
        )
        self.assertEqual(error, "AccessError")
        wizard, error = self._rpc(
            "mc_only_edit",
            "fsm.confirmation.send",
            "create",
            {"order_id": self.order.id},
        )
        self.assertIsNone(error)
        _result, error = self._rpc(
            "mc_only_edit", "fsm.confirmation.send", "action_send", [wizard]
        )
        self.assertIsNone(error)

    def test_sent_text_and_words_are_immutable(self):
        for level in ("admin", "edit"):
            for model, ids, values in [
                ("fsm.confirmation", self.record.ids, {"body": "x"}),
                ("fsm.confirmation", self.record.ids, {"reply_body": "x"}),
                ("fsm.confirmation", self.record.ids, {"mobile": "+1"}),
                ("fsm.confirmation", self.record.ids, {"state": "delivered"}),
                ("fsm.confirmation", self.record.ids, {"company_id": 1}),
                ("fsm.confirmation.reply", self.unmatched.ids, {"body": "x"}),
                ("fsm.confirmation.reply", self.unmatched.ids, {"state": "matched"}),
            ]:
                _result, error = self._rpc(level, model, "write", ids, values)
                self.assertIn(error, ("AccessError", "UserError"), (level, values))
        self.assertNotEqual(self.record.body, "x")

    def test_delete(self):
        def delete(level):
            return self._rpc(level, "fsm.confirmation", "unlink", self.record.ids)

        for level in ("none", "read", "edit"):
            self.assertEqual(delete(level)[1], "AccessError", level)
        self.assertIsNone(delete("admin")[1])
        self.assertFalse(self.record.exists())

    def test_private_methods_are_no_rpc(self):
        for model, method in [
            ("fsm.confirmation.composer", "_record"),
            ("fsm.confirmation.opt.out", "_opt_out_sudo"),
            ("fsm.confirmation.inbox", "_receive_sudo"),
            ("fsm.confirmation.outbox", "_cron_send"),
        ]:
            _result, error = self._rpc("admin", model, method)
            self.assertEqual(error, "AccessError")

    def test_secrets_stay_with_system_administrators(self):
        for level in LEVELS:
            _result, error = self._rpc(
                level,
                "res.company",
                "read",
                self.company.ids,
                ["sms_twilio_auth_token"],
            )
            self.assertEqual(error, "AccessError", level)

    def test_menu_follows_the_level(self):
        menu = self.env.ref(f"{MODULE}.menu_message_center")
        for level, rights in MATRIX.items():
            visible = (
                self.env["ir.ui.menu"].with_user(self.users[level])._visible_menu_ids()
            )
            self.assertEqual(menu.id in visible, rights[0], level)

    def test_one_dropdown(self):
        privilege = self.env.ref(f"{MODULE}.privilege_message_center")
        self.assertEqual(
            privilege.group_ids.mapped("name"), ["Read Only", "Edit", "Admin"]
        )
        self.assertEqual(privilege.name, "Message Center")

    def test_guessed_ids_show_nothing_of_another_company(self):
        other = self._make_company("Other", number="+12025550199")
        self.users["stranger"] = new_user(
            self.env,
            "mc_guesser",
            groups=f"base.group_user,{LEVELS['edit']},fieldservice.group_fsm_user",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        settle, send = "fsm.confirmation.settle", "fsm.confirmation.send"
        spec = {"reply_body": {}, "reply_mobile": {}, "body": {}, "mobile": {}}
        for model, values in [
            (settle, {"reply_id": self.unmatched.id}),
            (settle, {"confirmation_id": self.record.id}),
            (send, {"order_id": self.order.id}),
            (send, {"previous_id": self.record.id, "order_id": self.order.id}),
        ]:
            known = {key: {} for key in spec if key in self.env[model]._fields}
            context = {"allowed_company_ids": other.ids}
            _result, error = self._rpc(
                "stranger", model, "create", values, context=context
            )
            self.assertEqual(error, "AccessError", (model, values))
            _result, error = self._rpc(
                "stranger", model, "onchange", [], values, [], known, context=context
            )
            self.assertEqual(error, "AccessError", (model, values))
            defaults = {f"default_{key}": value for key, value in values.items()}
            _result, error = self._rpc(
                "stranger",
                model,
                "onchange",
                [],
                {},
                [],
                {**known, **{key: {} for key in values}},
                context={**context, **defaults},
            )
            self.assertEqual(error, "AccessError", (model, values))

    def test_history_notes_are_immutable(self):
        note = (
            self.env["mail.message"]
            .search([("model", "=", "fsm.order"), ("res_id", "=", self.order.id)])
            .filtered(lambda message: "maybe" in message.body)
        )
        for level in ("edit", "admin"):
            for method, args in (("write", [{"body": "x"}]), ("unlink", [])):
                _result, error = self._rpc(
                    level, "mail.message", method, note.ids, *args
                )
                self.assertEqual(error, "AccessError", (level, method))

    def test_other_company_sees_nothing(self):
        other = self._make_company("Other", number="+12025550199")
        stranger = new_user(
            self.env,
            "mc_stranger",
            groups=f"base.group_user,{LEVELS['admin']},fieldservice.group_fsm_manager",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        messages = self.env(user=stranger, context={})["fsm.confirmation"]
        self.assertFalse(messages.search([]))
        self.assertFalse(messages.env["fsm.confirmation.reply"].search([]))
