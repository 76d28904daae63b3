# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The short cuts past the ORM write what the long way writes."""

import re
from datetime import timedelta
from unittest.mock import patch

from markupsafe import Markup

from odoo.orm.registry import TriggerTree

from ...core.kinds import TIMES
from ...models.message_out.fsm_confirmation_shortcuts import SWITCH, Told
from ..common import ConfirmationTransactionCase, load_migration

# What differs between any two rows.
_OWN = {
    "id",
    "uuid",
    "message_id",
    "twilio_sid",
    "date",
    "create_date",
    "write_date",
    "claimed_date",
    "sent_date",
    "delivered_date",
    "reply_date",
    "received_date",
    "resolved_date",
    "at_once_until",
    "opt_out_date",
}
_TABLES = (
    "fsm_confirmation",
    "fsm_confirmation_reply",
    "mail_message",
    "mail_activity",
    "phone_blacklist",
)
# Columns that name rows of these tables.
_LINKS = {
    "confirmation_id": "fsm_confirmation",
    "order_message_id": "mail_message",
    "partner_message_id": "mail_message",
    "activity_id": "mail_activity",
    "parent_id": "mail_message",
}


class _Undo(Exception):
    pass


class TestShortcuts(ConfirmationTransactionCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.orders = cls.order
        for number in (1, 2):
            contact = cls._make_contact(f"Customer {number}", f"+1212555020{number}")
            location = cls._make_location(contact)
            cls.orders |= cls._make_order(location_id=location.id)

    def _switch(self, value):
        self.env["ir.config_parameter"].sudo().set_param(SWITCH, value)

    def _rows_after(self, story):
        """Rows that a story adds, without what is a row's own; it is undone."""
        self.env.flush_all()
        before = {table: self._last_id(table) for table in _TABLES}
        rows = {}
        try:
            with self.env.cr.savepoint():
                story()
                self.env.flush_all()
                for table in _TABLES:
                    self.env.cr.execute(
                        f"SELECT * FROM {table} WHERE id > %s ORDER BY id",
                        [before[table]],
                    )
                    rows[table] = [
                        self._without_own(row, before)
                        for row in self.env.cr.dictfetchall()
                    ]
                raise _Undo
        except _Undo:
            self.env.invalidate_all()
        return rows

    def _last_id(self, table):
        self.env.cr.execute(f"SELECT last_value, is_called FROM {table}_id_seq")
        last, is_called = self.env.cr.fetchone()
        return last if is_called else 0

    def _without_own(self, row, before):
        """A row with other rows of the story by their place in it."""
        kept = {}
        for name, value in row.items():
            if name in _LINKS and value and value > before[_LINKS[name]]:
                value -= before[_LINKS[name]]
            elif isinstance(value, str):
                value = re.sub(r"MSG\d+", "MSG", value)
                value = re.sub(r'data-oe-id="\d+"', "", value)
            kept[name] = value
        if kept.get("model") in ("fsm.confirmation", "phone.blacklist"):
            kept["res_id"] -= before[kept["model"].replace(".", "_")]
        return {name: kept[name] for name in kept.keys() - _OWN}

    def _tell_story(self):
        """Ask three customers, who confirm, decline and opt out."""
        batch = self.env["fsm.confirmation.batch"].with_user(self.dispatcher)
        batch = batch.with_context(allowed_company_ids=self.company.ids)
        batch.create({"order_ids": self.orders.ids}).action_send()
        messages = self.orders.confirmation_ids.sorted("id")
        self._mark_sent(messages)
        words = ("yes", "no", "stop texting me <b>now</b> & for ever")
        for message, body in zip(messages, words, strict=True):
            self._reply(body, number=message.mobile)
        self._resolve(messages[1], "confirmed", "called & asked")
        self.assertEqual(
            messages.mapped("response"), ["confirmed", "confirmed", "opted_out"]
        )

    def test_the_long_way_writes_the_same_rows(self):
        quick = self._rows_after(self._tell_story)
        self._switch("False")
        slow = self._rows_after(self._tell_story)
        for table in _TABLES:
            self.assertTrue(quick[table], table)
            self.assertEqual(len(quick[table]), len(slow[table]), table)
            for one, other in zip(quick[table], slow[table], strict=True):
                self.assertEqual(one, other, table)

    def test_the_switch(self):
        shortcuts = self.env["fsm.confirmation.shortcuts"]
        for value, ways in (("True", 1), ("False", 0)):
            self._switch(value)
            with patch.object(
                type(shortcuts), "_may_insert_notes", return_value=True
            ) as quick:
                self.assertEqual(len(shortcuts._create_notes_sudo([self._note()])), 1)
            self.assertEqual(quick.call_count, ways, value)

    def test_the_blacklist(self):
        blacklist = self.env["phone.blacklist"]
        listed, lifted, free = (f"+1212555030{number}" for number in range(3))
        for number in (listed, lifted):
            blacklist._job_confirmation_opt_out_sudo(number, "reply", "STOP")
        blacklist._job_confirmation_opt_in_sudo(lifted, "asked for it", by_hand=True)
        numbers = [listed, lifted, free]
        for value in ("True", "False"):
            self._switch(value)
            found = blacklist._job_confirmation_find_sudo(numbers)
            self.assertEqual(list(found), [listed], value)
            found = blacklist._job_confirmation_find_lifted_sudo(numbers)
            self.assertEqual(found, {lifted}, value)

    def _note(self):
        return self.env["fsm.confirmation.chatter"]._prepare_note(
            self.order, Markup("<p>1 &lt; 2</p>"), self.customer, self.company
        )

    def test_a_new_note_is_seen_at_once(self):
        known = self.order.message_ids
        shortcuts = self.env["fsm.confirmation.shortcuts"]
        notes = shortcuts._create_notes_sudo([self._note()])
        self.assertEqual(self.order.message_ids - known, notes)

    def test_other_addons_have_their_say(self):
        """Whoever adds a value that create() would compute is asked again."""
        shortcuts = self.env["fsm.confirmation.shortcuts"]
        names = frozenset(self._note())
        # Odoo's rating is one of them.
        is_alone = "rating_value" not in self.env["mail.message"]._fields
        self.assertEqual(shortcuts._may_insert_notes(names), is_alone)
        self.assertFalse(shortcuts._may_insert_notes(names - {"message_type"}))

    def test_what_follows_from_a_new_note(self):
        """What ratings keep of the note they link to is no reason to take the long way;
        what a Work Order keeps of its notes is one."""
        shortcuts = self.env["fsm.confirmation.shortcuts"]
        notes = self.env["mail.message"]
        stored = self.env["fsm.order"]._fields["name"]
        for relation, needed in (
            (self.env["fsm.confirmation"]._fields["order_message_id"], False),
            (self.env["fsm.order"]._fields["message_ids"], True),
        ):
            tree = TriggerTree((), {relation: TriggerTree([stored])})
            with patch.object(
                self.registry, "get_field_trigger_tree", return_value=tree
            ):
                found = shortcuts._needs_create(notes._fields["is_internal"], True)
                self.assertEqual(found, needed, relation)

    def test_what_there_is_of_work_orders(self):
        shortcuts = self.env["fsm.confirmation.shortcuts"]
        noted, moved, proposed = self.orders
        nothing = self._make_order(location_id=self._make_location(self.customer).id)
        for order in (noted, moved):
            self._send(order)
        self._reply("Yes, the gate code is 4711")
        self._reply("Yes", number=moved.confirmation_ids.mobile)
        moved.scheduled_date_start += timedelta(days=1)
        self._send(proposed)
        proposed.confirmation_ids.sudo().write({"kind": TIMES, "is_open": False})
        ids = (noted | moved | proposed | nothing).ids
        by_sql, by_orm = shortcuts._read_told(ids), shortcuts._find_told_sudo(ids)
        self.assertEqual(by_sql, by_orm)
        self.assertEqual(by_sql[noted.id], Told(1, has_note=True))
        self.assertEqual(by_sql[moved.id], Told(1, has_change=True))
        self.assertEqual(by_sql[proposed.id], Told(1, has_times=True))
        self.assertNotIn(nothing.id, by_sql)
        self.assertEqual(shortcuts._get_told_sudo(nothing)[nothing], Told())


class TestLinkedNotes(ConfirmationTransactionCase):
    def _linked_notes(self, message):
        notes_sudo = self.env["mail.message"].sudo()
        return notes_sudo.search([("confirmation_id", "=", message.id)])

    def _send_and_resolve(self):
        message = self._send()
        self._mark_sent(message)
        self._reply("no")
        self._resolve(message, "confirmed", "called")
        return message

    def test_notes_that_show_a_text_know_their_message(self):
        notes = self._linked_notes(self._send_and_resolve())
        # Text and reply in both histories, and the activity that was done.
        self.assertEqual(len(notes), 5)
        self.assertEqual(set(notes.mapped("model")), {"fsm.order", "res.partner"})

    def test_an_update_links_what_was_there(self):
        messages = [self._send_and_resolve(), self._send(order=self._make_order())]
        expected = [self._linked_notes(message) for message in messages]
        self.env.flush_all()
        self.env.cr.execute("UPDATE mail_message SET confirmation_id = NULL")
        load_migration("19.0.2.0.0", "post-notes").migrate(self.env.cr, "19.0.1.4.0")
        self.env.invalidate_all()
        self.assertEqual(
            [self._linked_notes(message) for message in messages], expected
        )

    def test_the_link_is_for_those_with_a_level(self):
        messages = self.env["mail.message"]
        for level, expected in (("none", False), ("read", True)):
            fields = messages.with_user(self.users[level]).fields_get()
            self.assertEqual("confirmation_id" in fields, expected, level)
