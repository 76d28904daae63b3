# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Calls are made in the loop that defines them.
# ruff: noqa: B023
"""What a user may not see is no condition, group or order that tells of it either."""

from odoo import fields

from ..common import LEVELS
from .test_adversary import NOTE_SUBTYPE, AdversaryCase


class TestOracles(AdversaryCase):
    """Two Work Orders, two contacts, two visits: alike but for what a customer said.

    Whatever is asked without a level gives the same for both.
    """

    def setUp(self):
        super().setUp()
        self.user = self._make_user("oracle", "none", self.company)
        self.said = self._make_order(
            self._local_time("America/New_York", 9, 9), person_id=False
        )
        twin = self._make_contact("Maria Twin", "+12125550124")
        self.silent = self._make_order(
            self._local_time("America/New_York", 9, 9),
            location_id=self._make_location(twin).id,
            person_id=False,
        )
        self.pairs = {
            "fsm.order": (self.said, self.silent),
            "res.partner": (self.customer, twin),
            "fsm.location": (self.location, self.silent.location_id),
        }
        self.env["fsm.visit"].search([]).unlink()
        user = self._make_user("oracle_sender", "edit", self.company)
        self._send(self.said, user)
        self._reply("no, STOP texting me")
        activities = self.said.activity_ids
        self.assertTrue(activities)
        notes = self.env["mail.message"].search(
            [("subtype_id", "=", self.env.ref(NOTE_SUBTYPE).id)]
        )
        self.activity_ids, self.note_ids = activities.ids, notes.ids
        self.partners = activities.user_id.partner_id
        self.env.flush_all()

    def _conditions(self):
        own = (self.activity_ids, self.note_ids)
        for name, ids in zip(("activity_ids", "message_ids"), own, strict=True):
            for operator in ("=", "!=", "in", "not in"):
                for value in (False, [False], ids, ids[0], [*ids, False], str(ids[0])):
                    yield name, operator, value
            for operator in ("any", "not any"):
                yield name, operator, [("id", "in", ids)]
                yield name, operator, []
            yield f"{name}.id", "in", ids
            yield f"{name}.create_date", "!=", False
            yield f"{name}.display_name", "!=", False
            yield name, "ilike", "%"
        for name, values in {
            "has_message": [True, False],
            "message_partner_ids": [self.partners.ids, False],
            "message_follower_ids": [False],
            "message_follower_ids.partner_id": [self.partners.ids],
            "activity_state": ["overdue", "today", "planned", False],
            "activity_user_id": [True, False, self.partners.user_ids.ids],
            "activity_summary": [False, "Call"],
            "activity_type_id": [False, "Call"],
            "activity_date_deadline": [False],
            "activity_exception_decoration": [False, "warning"],
            "message_has_error": [True],
            "message_needaction": [True],
            "confirmation_opt_out": [False, "STOP"],
            "confirmation_wrong_number": [False],
            "confirmation_status": ["opted_out", "not_sent"],
            "confirmation_ids": [False],
            "confirmation_count": [0, 1],
            "confirmation_note": [False],
            "has_moved_appointment": [True, False],
        }.items():
            for value in values:
                for operator in (
                    ("in", "not in")
                    if isinstance(value, list)
                    else (
                        "=",
                        "!=",
                    )
                ):
                    yield name, operator, value

    def _paths(self):
        """(model, path before the field): from other models' records as well."""
        yield "fsm.order", ""
        yield "res.partner", ""
        yield "fsm.location", ""
        yield "fsm.location", "partner_id."
        yield "fsm.location", "owner_id."
        yield "fsm.order", "location_id.partner_id."
        yield "fsm.order", "location_id.owner_id."

    def _compare(self, case, ask):
        """Note a call that tells the one from the other."""
        answers = [self._attempt(lambda: ask(record)) for record in self.pair]
        if answers[0] != answers[1]:
            self.shown.append((case, answers))

    def test_conditions(self):
        for model, prefix in self._paths():
            records = self._as(self.user, model)
            self.pair = self.pairs[model]
            for name, operator, value in self._conditions():
                condition = (prefix + name, operator, value)

                def count(record):
                    mine = [("id", "=", record.id), condition]
                    return records.search_count(mine)

                def keep(record):
                    mine = records.browse(record.id)
                    return bool(mine.filtered_domain([condition]))

                self._compare(("search", model, condition), count)
                self._compare(("filtered_domain", model, condition), keep)

    def test_groups_and_orders(self):
        for model, prefix in self._paths():
            records = self._as(self.user, model)
            self.pair = self.pairs[model]
            for name in sorted({name.split(".")[0] for name, *_ in self._conditions()}):

                def group(record):
                    domain = [("id", "=", record.id)]
                    found = records.formatted_read_group(
                        domain,
                        [prefix + name],
                        ["__count"],
                    )
                    for row in found:
                        row.pop("__extra_domain")
                    return found

                self._compare(("group", model, prefix + name), group)

    def test_reading(self):
        for model, pair in self.pairs.items():
            records = self._as(self.user, model)
            self.pair = pair
            for name in records._fields:
                if not name.startswith(("activity", "message", "has_", "confirmation")):
                    continue
                if name in ("message_follower_ids", "message_ids"):
                    continue  # Ids differ; they are looked at below.
                if name.startswith("confirmation_") and name not in (
                    "confirmation_status",
                    "confirmation_opt_out",
                    "confirmation_note",
                ):
                    continue

                def read(record):
                    mine = records.browse(record.id)
                    [values] = mine.read([name])
                    return values[name], mine.export_data([name])

                self._compare(("read", model, name), read)
            for record in pair:
                mine = self._as(self.user, record)
                self.assertFalse(set(mine.message_ids.ids) & set(self.note_ids))
                self.assertFalse(set(mine.message_partner_ids) & set(self.partners))

    def test_directly(self):
        for name, ids in (
            ("mail.activity", self.activity_ids),
            ("mail.message", self.note_ids),
        ):
            for user in (self.user, self.portal, self.strangers["admin"]):
                records = self._as(user, name)
                for call in (
                    lambda: records.search([("id", "in", ids)]).ids,
                    lambda: records.search_count([("id", "in", ids)]),
                    lambda: records.browse(ids).read(["id"]),
                    lambda: records.browse(ids).export_data(["res_id"])["datas"],
                    lambda: records.formatted_read_group(
                        [("id", "in", ids)], ["res_id"]
                    ),
                    lambda: records.name_search("", [("id", "in", ids)]),
                ):
                    found = self._attempt(call)
                    if found:
                        self.shown.append((name, user.login, found))
        followers = self._as(self.user, "mail.followers")
        self.assertFalse(
            followers.search_count(
                [
                    ("res_model", "=", "fsm.order"),
                    ("res_id", "=", self.said.id),
                    ("partner_id", "in", self.partners.ids),
                ]
            )
        )

    def test_who_has_a_level_finds_them(self):
        for level in LEVELS:
            orders = self._as(
                self._make_user(f"finds_{level}", level, self.company), "fsm.order"
            )
            expected = level != "none"
            for condition in (
                ("activity_ids", "!=", False),
                ("activity_ids", "in", self.activity_ids),
                ("message_ids", "in", self.note_ids),
            ):
                found = orders.search(
                    [("id", "in", (self.said | self.silent).ids), condition]
                )
                self.assertEqual(self.said in found, expected, (level, condition))

    def test_a_module_redefines_a_guarded_field(self):
        """As ``hr`` does for employees, with a plain one2many: it goes on from ours."""
        for name, comodel in (
            ("message_ids", "mail.message"),
            ("activity_ids", "mail.activity"),
        ):
            defined = tuple(
                field
                for definition in reversed(type(self.env["fsm.order"]).mro())
                if getattr(definition, "pool", None) is None
                for field in getattr(definition, "_field_definitions", ())
                if field.name == name
            )
            plain = fields.One2many(groups="base.group_user", _base_fields__=defined)
            found = plain._get_attrs(type(self.env["fsm.order"]), name)
            self.assertEqual(found["comodel_name"], comodel)
            self.assertEqual(found["groups"], "base.group_user")
