# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The text that was sent and the customer's words: nobody changes them, by no path."""

import json

from odoo import Command
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import LEVELS, ConfirmationHttpCase, new_user

WORDS = "maybe, said the purple elephant"


@tagged("post_install", "-at_install")
class TestImmutable(ConfirmationHttpCase):
    def setUp(self):
        super().setUp()
        self.record = self._send()
        self._run_outbox()
        self._customer_says(WORDS)
        self.reply = self.record.reply_ids
        self.body = self.record.body
        # Every right that Odoo and this addon have to give.
        self.boss = new_user(
            self.env,
            "immutable_boss",
            groups=f"base.group_system,{LEVELS['admin']},fieldservice.group_fsm_manager",
            companies=self.company,
        )
        self.notes = (self.order.message_ids | self.customer.message_ids).filtered(
            lambda note: note.subtype_id.name == "Job confirmation"
        )
        self.assertGreaterEqual(len(self.notes), 4, "text and reply, on both")

    def tearDown(self):
        self.env.invalidate_all()
        self.assertEqual(self.record.body, self.body)
        self.assertEqual(self.record.reply_body, WORDS)
        self.assertEqual(self.reply.body, WORDS)
        super().tearDown()

    @mute_logger("odoo.http")
    def _json(self, url, **params):
        response = self.url_open(
            url,
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        )
        self.env.invalidate_all()
        if not response.ok:
            return None, str(response.status_code)
        answer = response.json()
        return answer.get("result"), answer.get("error", {}).get("data", {}).get("name")

    def _rpc(self, model, method, *args, **kwargs):
        return self._json(
            f"/web/dataset/call_kw/{model}/{method}",
            model=model,
            method=method,
            args=list(args),
            kwargs=kwargs,
        )

    def test_rpc(self):
        self.authenticate(self.boss.login, self.boss.login)
        context = {"job_confirmation_anonymize": True, "tracking_disable": True}
        for model, ids, name in (
            ("fsm.confirmation", self.record.ids, "body"),
            ("fsm.confirmation", self.record.ids, "reply_body"),
            ("fsm.confirmation.reply", self.reply.ids, "body"),
        ):
            for method, args in (
                ("write", [ids, {name: "x"}]),
                ("web_save", [ids, {name: "x"}, {name: {}}]),
                ("web_save_multi", [ids, [{name: "x"}], {name: {}}]),
                ("copy", [ids, {name: "x"}]),
                ("create", [{name: "x", "mobile": "+1", "company_id": 1}]),
            ):
                with self.subTest(model=model, method=method, name=name):
                    _result, error = self._rpc(model, method, *args, context=context)
                    self.assertTrue(error)

    def test_import(self):
        self.authenticate(self.boss.login, self.boss.login)
        for record, name in (
            (self.record, "body"),
            (self.record, "reply_body"),
            (self.reply, "body"),
        ):
            result, error = self._rpc(
                record._name, "load", [".id", name], [[str(record.id), "x"]]
            )
            self.assertTrue(error or not result["ids"], (record._name, name))

    def test_through_other_records(self):
        """Commands on a relation write the record behind it."""
        command = [Command.update(self.record.id, {"body": "x"})]
        other = [Command.update(self.reply.id, {"body": "x"})]
        self.authenticate(self.boss.login, self.boss.login)
        for model, ids, values in (
            ("fsm.order", self.order.ids, {"confirmation_ids": command}),
            ("fsm.confirmation", self.record.ids, {"reply_ids": other}),
            ("fsm.confirmation.reply", self.reply.ids, {"confirmation_ids": command}),
        ):
            _result, error = self._rpc(model, "write", ids, values)
            self.assertTrue(error, (model, values))

    def test_sudo(self):
        """What an automation's code could do."""
        for record, name in (
            (self.record, "body"),
            (self.record, "reply_body"),
            (self.reply, "body"),
        ):
            with self.assertRaises(UserError):
                record.sudo().with_context(job_confirmation_anonymize=True).write(
                    {name: "x"}
                )
            with self.assertRaises(UserError):
                record.sudo()[name] = "x"
            self.env.invalidate_all()

    def test_server_action(self):
        for model, record, field in (
            ("fsm.confirmation", self.record, "body"),
            ("fsm.confirmation", self.record, "reply_body"),
            ("fsm.confirmation.reply", self.reply, "body"),
        ):
            model_id = self.env["ir.model"]._get_id(model)
            actions = self.env["ir.actions.server"].create(
                [
                    {
                        "name": "By code",
                        "model_id": model_id,
                        "state": "code",
                        "code": f"records.sudo().write({{'{field}': 'x'}})",
                    },
                    {
                        "name": "By field",
                        "model_id": model_id,
                        "state": "object_write",
                        "update_path": field,
                        "value": "x",
                    },
                ]
            )
            for action in actions:
                runner = action.with_user(self.boss).with_context(
                    active_model=model, active_ids=record.ids, active_id=record.id
                )
                with self.assertRaises(UserError):
                    runner.run()

    def test_history(self):
        self.assertIn(WORDS, self._history(self.order))
        self.authenticate(self.boss.login, self.boss.login)
        for note in self.notes:
            before = note.body
            for method, args in (
                ("write", [{"body": "x"}]),
                ("write", [{"subtype_id": False}]),
                ("write", [{"res_id": 1}]),
                ("unlink", []),
            ):
                _result, error = self._rpc("mail.message", method, note.ids, *args)
                self.assertTrue(error, (method, args))
            for body in ("x", ""):
                _result, error = self._json(
                    "/mail/message/update_content",
                    message_id=note.id,
                    update_data={"body": body, "attachment_ids": []},
                )
                self.assertTrue(error)
            self.assertEqual(note.exists().body, before)

    def test_what_was_done_by_hand_stays_written(self):
        """Who corrected an answer is its note's author, and can't change it."""
        wizard = (
            self.env["fsm.confirmation.settle"]
            .with_user(self.boss)
            .create(
                {
                    "confirmation_id": self.record.id,
                    "response": "confirmed",
                    "note": "called",
                }
            )
        )
        wizard.action_apply()
        note = self.record.message_ids[0]
        self.assertEqual(note.author_id, self.boss.partner_id)
        self.authenticate(self.boss.login, self.boss.login)
        for method, args in (("write", [{"body": "x"}]), ("unlink", [])):
            self.assertTrue(self._rpc("mail.message", method, note.ids, *args)[1])
        _result, error = self._json(
            "/mail/message/update_content",
            message_id=note.id,
            update_data={"body": "", "attachment_ids": []},
        )
        self.assertTrue(error)
        self.assertIn("called", note.exists().body)

    def test_own_remarks_can_be_changed(self):
        remark = self.record.with_user(self.boss).message_post(  # pylint: disable=translation-required
            body="Ring twice", message_type="comment"
        )
        remark.with_user(self.boss).write({"body": "Ring three times"})
        self.assertIn("three", remark.body)

    def test_merging_contacts(self):
        twin = self._make_contact("Maria Gomez (twin)", "+1 212-555-0123")
        self.env["base.partner.merge.automatic.wizard"].create({})._merge(
            (self.customer | twin).ids, dst_partner=twin
        )
        self.assertFalse(self.customer.exists())
        self.env.invalidate_all()
        self.assertEqual(self.record.partner_id, twin)
        self.assertEqual(self.reply.partner_id, twin)
        self.assertIn(WORDS, self._history(twin))
        self.assertEqual(twin.with_user(self.dispatcher).confirmation_count, 1)
        # A bare yes after a doubt would be for a person.
        self._customer_says("Yes, 9 am is fine", number=self.record.mobile)
        self.assertEqual(self.record.response, "confirmed")
        # The last words are the customer's own; tearDown looks for the first ones.
        self.assertEqual(self.record.reply_body, "Yes, 9 am is fine")
        self.env["fsm.confirmation"].browse(self.record.id)._write_words(WORDS)
