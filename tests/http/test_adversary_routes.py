# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Odoo's own routes for histories, of which some act as superuser for their user."""

import json

from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import LEVELS, ConfirmationHttpCase, new_user

WORDS = "maybe, the purple elephant"
NOTE_SUBTYPE = "fieldservice_job_confirmation.mt_confirmation"
REQUESTED = ["activities", "followers", "messages", "scheduledMessages", "display_name"]


@tagged("post_install", "-at_install")
class TestRoutes(ConfirmationHttpCase):
    def setUp(self):
        super().setUp()
        self.message = self._send()
        self._run_outbox()
        self._customer_says(WORDS)
        self.records = (self.order, self.customer, self.message)
        self.notes = self.env["mail.message"].search(
            [
                "|",
                ("subtype_id", "=", self.env.ref(NOTE_SUBTYPE).id),
                ("model", "=", "fsm.confirmation"),
            ]
        )
        self.assertIn(WORDS, "".join(self.notes.mapped("body")))
        self.activity = self.message.activity_id
        self.assertTrue(self.activity)
        other = self._make_company("Beta Repairs", number="+12025550177")
        self.stranger = new_user(
            self.env,
            "routes_stranger",
            groups=f"base.group_user,fieldservice.group_fsm_dispatcher,{LEVELS['admin']}",
            companies=other,
        )
        self.portal = new_user(
            self.env,
            "routes_portal",
            groups="base.group_portal",
            companies=self.company,
        )
        for level in ("none", "read", "edit"):
            self.users[level].group_ids |= self.env.ref(
                "fieldservice.group_fsm_dispatcher"
            )
        self.env.flush_all()

    @mute_logger("odoo.http")
    def _call(self, path, **params):
        data = {"jsonrpc": "2.0", "method": "call", "params": params, "id": 1}
        headers = {"Content-Type": "application/json"}
        return self.url_open(path, data=json.dumps(data), headers=headers).text

    def _log_in(self, user):
        login = user.login if user else None
        self.authenticate(login, login)

    def _get_readings(self):
        for record in self.records:
            of_record = {"thread_model": record._name, "thread_id": record.id}
            yield "/mail/thread/messages", of_record
            found = {"search_term": "elephant"}
            yield "/mail/thread/messages", {**of_record, "fetch_params": found}
            wanted = {**of_record, "request_list": REQUESTED}
            yield "/mail/data", {"fetch_params": [["mail.thread", wanted]]}
        for path in ("/mail/inbox/messages", "/mail/history/messages"):
            yield path, {"fetch_params": {"search_term": "elephant"}}

    def test_what_is_read(self):
        """Nobody without a level, of another company or from outside reads it."""
        self._log_in(self.users["read"])
        texts = [self._call(path, **params) for path, params in self._get_readings()]
        self.assertIn(WORDS, "".join(texts))
        for user in (None, self.portal, self.users["none"], self.stranger):
            self._log_in(user)
            for path, params in self._get_readings():
                with self.subTest(user=user and user.login, path=path, params=params):
                    self.assertNotIn(WORDS, self._call(path, **params))

    def test_what_is_changed(self):
        """Nobody rewrites a note, reacts to it or takes it for one of his."""
        for user in (None, self.portal, self.users["none"], self.stranger):
            self._log_in(user)
            for note in self.notes:
                self._call(
                    "/mail/message/reaction",
                    message_id=note.id,
                    content="x",
                    action="add",
                )
        self.assertFalse(self.env["mail.message.reaction"].search([]))
        before = {note.id: note.body for note in self.notes}
        for user in (
            self.users["none"],
            self.users["edit"],
            self.env.ref("base.user_admin"),
        ):
            self._log_in(user)
            for note in self.notes:
                for id_ in (note.id, str(note.id)):
                    for body in ("", "rewritten"):
                        self._call(
                            "/mail/message/update_content",
                            message_id=id_,
                            update_data={"body": body, "attachment_ids": []},
                        )
        self.env.invalidate_all()
        self.assertEqual({note.id: note.body for note in self.notes.exists()}, before)

    def test_what_is_written(self):
        """No user's note looks like one that the server writes of a customer."""
        subtype = self.env.ref(NOTE_SUBTYPE)
        users = (self.portal, *self.users.values(), self.stranger)
        newest = max(self.notes.ids)
        for user in users:
            self._log_in(user)
            for record in self.records:
                for data in (
                    {"subtype_xmlid": NOTE_SUBTYPE},
                    {"subtype_xmlid": NOTE_SUBTYPE, "message_type": "notification"},
                    {"subtype_xmlid": "mail.mt_note", "message_type": "notification"},
                    {"message_type": "sms", "subtype_xmlid": "mail.mt_note"},
                    {"author_id": self.customer.id, "email_from": "maria@example.com"},
                ):
                    self._call(
                        "/mail/message/post",
                        thread_model=record._name,
                        thread_id=record.id,
                        post_data={"body": "The customer said yes", **data},
                    )
        mine = [("id", ">", newest), ("body", "ilike", "The customer said yes")]
        written = self.env["mail.message"].search(mine)
        for note in written:
            with self.subTest(author=note.author_id.name, model=note.model):
                self.assertNotEqual(note.subtype_id, subtype)
                self.assertNotEqual(note.author_id, self.customer)
                if note.model == "fsm.confirmation":
                    self.assertEqual(note.message_type, "comment")
        # A colleague's remark is no secret of the server.
        self.assertTrue(written)
