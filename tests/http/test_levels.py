# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""The levels of SPEC section 8 on everything that a client can call, by real HTTP.

``LEVELS_MAY`` mirrors the specification. ``MODELS``, ``CALLS`` and ``LOOKS`` say which
column of it each model, method, export, menu and screen belongs to. What the addon
defines and nobody has put in here makes ``TestLevelsAreComplete`` fail.
"""

import json
from collections import namedtuple

from odoo import http
from odoo.exceptions import AccessError
from odoo.models import BaseModel
from odoo.tests import tagged
from odoo.tools import mute_logger

from ..common import (
    LEVELS,
    MODULE,
    ConfirmationHttpCase,
    ConfirmationTransactionCase,
    new_user,
)

# SPEC section 8. "manage": what is set up, the words and the senders.
LEVELS_MAY = {
    "admin": {"see", "send", "change", "delete", "manage"},
    "edit": {"see", "send", "change"},
    "read": {"see"},
    "none": set(),
}
# Field service's own roles, which give what they give without this addon as well.
ROLES = {
    "no_role": None,
    "own": "fieldservice.group_fsm_user_own",
    "user": "fieldservice.group_fsm_user",
    "dispatcher": "fieldservice.group_fsm_dispatcher",
    "manager": "fieldservice.group_fsm_manager",
}
PLANS = {"own", "user", "dispatcher", "manager"}
NOBODY = "nobody"


def _visit_right(*roles):
    return lambda person: person.role in roles and person.level != "outside"


# Model -> (read, create, write, unlink). Visits are planned with field service's roles.
MODELS = {
    "fsm.confirmation": ("see", NOBODY, "change", "delete"),
    "fsm.confirmation.reply": ("see", NOBODY, "change", "delete"),
    "fsm.appointment": ("see", NOBODY, NOBODY, NOBODY),
    "fsm.confirmation.change": ("see", NOBODY, NOBODY, NOBODY),
    "fsm.confirmation.name.index": (NOBODY, NOBODY, NOBODY, NOBODY),
    "fsm.confirmation.rename": (NOBODY, NOBODY, NOBODY, NOBODY),
    "fsm.confirmation.undo": (NOBODY, NOBODY, NOBODY, NOBODY),
    "fsm.confirmation.word": ("see", "manage", "manage", "manage"),
    "fsm.confirmation.word.trial": ("manage", "manage", "manage", "manage"),
    "fsm.confirmation.sender": ("manage", NOBODY, NOBODY, NOBODY),
    "fsm.confirmation.send": ("send", "send", "send", "send"),
    "fsm.confirmation.batch": ("send", "send", "send", "send"),
    "fsm.confirmation.settle": ("change", "change", "change", "change"),
    "fsm.confirmation.propose": ("send", "send", "send", "send"),
    "fsm.confirmation.tell": ("send", "send", "send", "send"),
    "fsm.confirmation.slot": (NOBODY, NOBODY, NOBODY, NOBODY),
    "fsm.confirmation.plan": ("see", "manage", "manage", "manage"),
    "fsm.confirmation.plan.step": ("see", "manage", "manage", "manage"),
    "fsm.confirmation.plan.switch": ("manage", "manage", "manage", "manage"),
    "fsm.confirmation.forecast.line": ("see", NOBODY, NOBODY, NOBODY),
    "fsm.confirmation.outlook": (NOBODY, NOBODY, NOBODY, NOBODY),
    "fsm.confirmation.call.list": ("see", NOBODY, NOBODY, NOBODY),
    # Odoo's own system administrators set Twilio up, see test_setup_access.
    "fsm.confirmation.connection": (NOBODY, NOBODY, NOBODY, NOBODY),
    "fsm.confirmation.setup": (NOBODY, NOBODY, NOBODY, NOBODY),
    "fsm.visit": (
        lambda person: person.may("see") or _visit_right(*PLANS)(person),
        _visit_right(*PLANS),
        _visit_right(*PLANS),
        _visit_right("dispatcher", "manager"),
    ),
}


# The technician tells the customers of his own jobs, see test_on_my_way.
def _goes_there(person):
    return person.may("send") or _visit_right(*PLANS)(person)


MODELS["fsm.confirmation.on.my.way"] = (_goes_there,) * 4
Call = namedtuple("Call", "right model method ids args")


def _call(right, model, method, ids=None, *args):
    return Call(right, model, method, ids, args)


# Methods: the right they need, and on what. ``ids`` names an attribute of the test.
CALLS = [
    _call("see", "fsm.confirmation", "action_open_details", "message"),
    _call("see", "fsm.confirmation", "action_open_order", "message"),
    _call("see", "fsm.confirmation", "get_conversation", "message"),
    _call("see", "fsm.confirmation", "get_write_back", "message"),
    _call("see", "fsm.confirmation", "get_text_size", None, "Hello"),
    _call("send", "fsm.confirmation", "action_write_back", "message", "Hello"),
    _call("change", "fsm.confirmation", "action_mark_read", "message"),
    _call("change", "fsm.confirmation", "action_next_step", "message", "resolve"),
    _call("send", "fsm.confirmation", "action_send_again", "failed"),
    _call("change", "fsm.confirmation", "action_settle", "message"),
    _call("change", "fsm.confirmation", "action_move_as_proposed", "message"),
    _call("change", "fsm.confirmation", "action_reschedule", "message"),
    _call("see", "fsm.confirmation", "action_next_step", "message", "open_order"),
    _call("see", "fsm.confirmation", "get_message_center_summary", None, []),
    _call("see", "fsm.confirmation.reply", "get_conversation", "stray"),
    _call("see", "fsm.confirmation.reply", "get_write_back", "stray"),
    _call("see", "fsm.confirmation.reply", "action_open_conversation", "stray"),
    _call("send", "fsm.confirmation.reply", "action_write_back", "stray", "Hello"),
    _call("change", "fsm.confirmation.reply", "action_done", "stray"),
    _call("change", "fsm.confirmation.reply", "action_attach", "stray"),
    _call("see", "fsm.confirmation.reply", "action_open_message", "reply"),
    _call("send", "fsm.order", "action_send_confirmation", "order"),
    _call("send", "fsm.order", "action_ask_again", "order"),
    _call("send", "fsm.order", "action_propose_times", "order"),
    _call("send", "fsm.visit", "action_propose_times", "visit"),
    _call("send", "fsm.visit", "action_send_confirmation", "visit"),
    _call("see", "fsm.order", "action_view_confirmations", "order"),
    _call("see", "res.partner", "action_view_confirmations", "customer"),
    _call("see", "fsm.appointment", "get_day_board_summary", None, []),
    _call("see", "fsm.appointment", "get_days", None),
    _call("see", "fsm.appointment", "action_open", "appointment"),
    _call("see", "fsm.appointment", "action_open_order", "appointment"),
    _call("see", "fsm.appointment", "action_next_step", "appointment", "open_order"),
    _call("send", "fsm.appointment", "action_next_step", "appointment", "send"),
    _call("send", "fsm.appointment", "action_ask", "appointment"),
    _call("send", "fsm.appointment", "action_ask_again", "appointment"),
    _call("send", "fsm.appointment", "action_ask_all", None, []),
    _call("change", "fsm.appointment", "action_mark_read", "appointment"),
    _call("change", "fsm.appointment", "action_set_status", "appointment", "declined"),
    _call(NOBODY, "fsm.appointment", "write", "appointment", {"job_name": "X"}),
    _call("change", "res.partner", "action_opt_out", "customer"),
    _call("change", "res.partner", "action_lift_opt_out", "customer"),
    _call("change", "res.partner", "action_trust_number", "customer"),
    _call("change", "fsm.order", "action_hold_confirmation", "order"),
    _call("change", "fsm.visit", "action_hold_confirmation", "visit"),
    _call("manage", "fsm.confirmation.plan", "action_switch_on", "plan"),
    _call("manage", "fsm.confirmation.plan", "action_switch_off", "plan"),
    _call("see", "fsm.confirmation.plan", "action_forecast", "plan"),
    _call("change", "fsm.confirmation.plan.step", "action_hold", "step"),
    _call("manage", "fsm.confirmation.plan.step", "write", "step", {"is_held": True}),
    _call("see", "fsm.confirmation.forecast.line", "action_open"),
    _call("see", "fsm.confirmation.call.list", "action_open", "call_list"),
    _call("see", "fsm.order", "read", "order", ["confirmation_plan_info"]),
    _call("see", "res.partner", "read", "customer", ["confirmation_plan_info"]),
    # Not our own methods, but what they do with our data.
    _call("change", "fsm.order", "write", "order", {"confirmation_status": "declined"}),
    _call("change", "fsm.visit", "write", "visit", {"confirmation_status": "declined"}),
    _call("change", "fsm.confirmation", "write", "message", {"response": "declined"}),
    _call("change", "fsm.confirmation", "web_save", "message", {"response": False}, {}),
    _call(NOBODY, "fsm.confirmation", "write", "message", {"state": "failed"}),
    _call(NOBODY, "fsm.confirmation", "copy", "message"),
    _call(NOBODY, "fsm.confirmation.reply", "copy", "reply"),
    _call("see", "fsm.order", "read", "order", ["confirmation_status"]),
    _call("see", "fsm.order", "read", "order", ["confirmation_count"]),
    _call("see", "fsm.order", "read", "order", ["has_moved_appointment"]),
    _call("see", "fsm.order", "read", "order", ["has_opted_in_again"]),
    _call("see", "res.partner", "read", "customer", ["confirmation_opt_out"]),
    _call("see", "res.partner", "read", "customer", ["confirmation_count"]),
    _call("see", "fsm.order", "search_count", None, [["confirmation_ids", "!=", 0]]),
    _call(
        "see", "fsm.order", "formatted_read_group", None, [], ["confirmation_status"]
    ),
    _call("see", "fsm.order", "web_read_group", None, [], ["confirmation_status"]),
]
# Public methods that need no row above, because a test of their own tells why.
ELSEWHERE = {
    ("fsm.confirmation.change", "action_tell"),  # test_notices
    ("fsm.confirmation.change", "action_review"),  # test_notices
    ("fsm.confirmation.tell", "action_send"),  # test_notices
    ("fsm.confirmation.change", "action_dismiss"),  # test_notices
    ("fsm.order", "action_tell_change"),  # test_notices
    # Opens a dialog, which checks by itself, see test_on_my_way.
    ("fsm.order", "action_on_my_way"),
    ("fsm.visit", "action_on_my_way"),
    ("fsm.confirmation.on.my.way", "action_send"),
    ("fsm.confirmation.send", "action_send"),  # test_dialogs
    ("fsm.confirmation.send", "action_resolve_alert"),  # tests.test_dialogs
    ("fsm.confirmation.send", "action_refresh"),  # tests.test_dialogs
    ("fsm.confirmation.settle", "action_apply"),  # test_dialogs
    ("fsm.confirmation.reply", "action_detach"),  # test_one_truth
    ("fsm.confirmation", "get_prepared_text"),  # test_write_back
    ("fsm.confirmation.reply", "get_prepared_text"),  # test_write_back
    ("fsm.confirmation.propose", "action_send"),  # test_propose
    # Field service's own.
    ("fsm.order", "onchange_scheduled_duration"),
    # On a dialog of one's own; nobody reaches another's, see test_dialogs.
    ("fsm.confirmation.send", "action_refresh"),
    ("fsm.confirmation.send", "action_resolve_alert"),
    ("fsm.confirmation.batch", "action_send"),  # test_batch
    ("fsm.confirmation.word.trial", "action_try"),  # opens the same dialog again
    # On lines and dialogs of one's own, see test_planner.
    ("fsm.confirmation.forecast.line", "action_hold"),
    ("fsm.confirmation.forecast.line", "action_open_order"),
    ("fsm.confirmation.plan.switch", "action_forecast"),
    ("fsm.confirmation.plan.switch", "action_switch_on"),
    # System administrators only, see test_setup_access.
    ("fsm.confirmation.setup", "action_check"),
    ("fsm.confirmation.setup", "action_connect"),
    ("fsm.confirmation.setup", "action_connect_agreed"),
    ("fsm.confirmation.setup", "action_keep_address"),
    ("fsm.confirmation.setup", "action_load_numbers"),
    ("fsm.confirmation.setup", "action_send_test"),
    ("res.config.settings", "action_job_confirmation_check"),
    ("res.config.settings", "action_job_confirmation_connect"),
    # Reads nothing: opens the account dialog, which checks for itself.
    ("res.config.settings", "action_open_job_confirmation_twilio_account"),
}
# What a customer wrote, what was written to one, and what an answer asks for.
SECRETS = (
    "purple elephant",
    "stray giraffe",
    "needs attention",
    "Reply YES to confirm or NO to decline",
)
Person = namedtuple("Person", "login level role")


def _may(person, right):
    if callable(right):
        return right(person)
    return right in LEVELS_MAY.get(person.level, ())


Person.may = _may


class LevelsCase(ConfirmationHttpCase):
    def setUp(self):
        super().setUp()
        self.message = self._send()
        self._run_outbox()
        self._customer_says("maybe, said the purple elephant")
        self._customer_says("the stray giraffe", number="+12125550177")
        replies = self.env["fsm.confirmation.reply"].search([])
        self.reply = replies.filtered("confirmation_id")
        self.stray = replies - self.reply
        other = self._make_order(self._local_time("America/New_York", 5, 9))
        self.failed = self._send(other)
        self.failed.sudo().write(
            {"state": "failed", "failure_type": "temporary", "is_open": False}
        )
        later = self._make_order(self._local_time("America/New_York", 6, 9))
        self.visit = self._make_visit(later, 6)
        self.sender = self.env["fsm.confirmation.sender"]._get_or_create_sudo(
            "+12025550100", self.company
        )
        self.word = self.env["fsm.confirmation.word"].create(
            {"phrase": "purple elephant", "intent": "filler", "lang": "en"}
        )
        plans = self.env["fsm.confirmation.plan"]
        plans = plans.search([("company_id", "=", self.company.id)])
        self.plan, self.spare_plan = plans[0], plans[1]
        self.step = self.plan.step_ids[:1]
        self.call_list = self.env["fsm.confirmation.call.list"].create(
            {
                "user_id": self.dispatcher.id,
                "company_id": self.company.id,
                "order_ids": self.order.ids,
            }
        )
        self.appointment = self.env["fsm.appointment"].search(
            [("visit_id", "=", self.visit.id)]
        )
        self.env.flush_all()

    # ------------------------------------------------------------------
    # People
    # ------------------------------------------------------------------

    def _people(self, roles=tuple(ROLES)):
        """Every level with every role, or some of them."""
        for level in LEVELS_MAY:
            for role in roles:
                yield self._person(level, role, [LEVELS[level], ROLES[role]])

    def _outsiders(self):
        other = self._make_company("Other", number="+12025550199")
        everything = [LEVELS["admin"], ROLES["manager"]]
        yield self._person("outside", "other_company", everything, other)
        yield self._person("outside", "portal", [], kind="base.group_portal")
        yield Person(None, "outside", "public")

    def _person(self, level, role, groups, company=None, kind="base.group_user"):
        login = f"levels_{level}_{role}"
        company = company or self.company
        export = "base.group_allow_export" if kind == "base.group_user" else None
        new_user(
            self.env,
            login,
            groups=",".join(filter(None, [kind, export, *groups])),
            companies=company,
            tz="America/New_York",
        )
        return Person(login, level, role)

    def _each(self, people, rows, check):
        """Check every row as every person; whatever a call changed is undone."""
        for person in people:
            self.authenticate(person.login, person.login)
            self.company_ids = (
                self.env["res.users"]
                .search([("login", "=", person.login)])
                .company_ids.ids
                if person.login
                else []
            )
            for row in rows:
                with self.subTest(level=person.level, role=person.role, row=row):
                    self.env.flush_all()
                    self.env.cr.execute("SAVEPOINT one_call")
                    try:
                        check(person, row)
                    finally:
                        self.env.cr.execute("ROLLBACK TO SAVEPOINT one_call")
                        self.env.cr.execute("RELEASE SAVEPOINT one_call")
                        self.env.invalidate_all()

    # ------------------------------------------------------------------
    # Calls
    # ------------------------------------------------------------------

    @mute_logger("odoo.http")
    def _json(self, url, **params):
        """:return: (result, name of the error), one of them None"""
        response = self.url_open(
            url,
            data=json.dumps({"jsonrpc": "2.0", "method": "call", "params": params}),
            headers={"Content-Type": "application/json"},
        )
        if response.status_code in (401, 403, 404):
            return None, f"HTTP {response.status_code}"
        answer = response.json()
        if "error" in answer:
            return None, answer["error"]["data"]["name"].rpartition(".")[2]
        return answer["result"], None

    def _rpc(self, model, method, *args, route="call_kw", **kwargs):
        context = {"allowed_company_ids": self.company_ids}
        context.update(kwargs.pop("context", {}))
        return self._json(
            f"/web/dataset/{route}/{model}/{method}",
            model=model,
            method=method,
            args=list(args),
            kwargs={"context": context, **kwargs},
        )

    def _ids(self, name):
        return [getattr(self, name).ids] if name else []

    def _refused(self, error):
        self.assertIn(
            error,
            (
                "AccessError",
                "AccessDenied",
                "UserError",
                "MissingError",
                "SessionExpiredException",
                "HTTP 403",
                "HTTP 404",
            ),
        )

    def _expect(self, allowed, error):
        if allowed:
            self.assertIsNone(error)
        else:
            self._refused(error)


@tagged("post_install", "-at_install")
class TestLevels(LevelsCase):
    # ------------------------------------------------------------------
    # Models
    # ------------------------------------------------------------------

    def _records(self, model):
        return {
            "fsm.confirmation": self.failed,
            "fsm.confirmation.reply": self.stray,
            "fsm.confirmation.word": self.word,
            "fsm.confirmation.sender": self.sender,
            "fsm.confirmation.plan": self.spare_plan,
            "fsm.confirmation.plan.step": self.spare_plan.step_ids[0],
            "fsm.visit": self.visit,
            "fsm.appointment": self.appointment,
            "fsm.confirmation.call.list": self.call_list,
        }.get(model, self.env[model])

    def _model_rows(self):
        """(right, model, method, args) of everything Odoo offers on a model."""
        for model, (read, create, write, unlink) in MODELS.items():
            ids = self._records(model).ids
            fields = {
                "fsm.confirmation.send": ["body", "mobile"],
                "fsm.confirmation.settle": ["reply_body", "note"],
                "fsm.confirmation.word": ["phrase"],
                "fsm.confirmation.sender": ["sender"],
                "fsm.confirmation.batch": ["skipped_info", "ready_info"],
                "fsm.confirmation.connection": ["refused_count"],
                "fsm.confirmation.rename": ["below"],
                "fsm.confirmation.undo": ["before"],
                "fsm.confirmation.setup": ["display_name"],
                "fsm.visit": ["name"],
                "fsm.appointment": ["reply_body", "remark"],
                "fsm.confirmation.name.index": ["name"],
                "fsm.confirmation.plan": ["name", "steps_text"],
                "fsm.confirmation.plan.step": ["name"],
                "fsm.confirmation.plan.switch": ["steps_text"],
                "fsm.confirmation.forecast.line": ["reason"],
                "fsm.confirmation.outlook": ["reason"],
                "fsm.confirmation.call.list": ["name", "order_ids"],
                "fsm.confirmation.change": ["told_text", "contact_name"],
                "fsm.confirmation.tell": ["ready_info", "skipped_info"],
                "fsm.confirmation.slot": ["letter"],
            }.get(model, ["body"])
            group = {
                "fsm.confirmation": "response",
                "fsm.confirmation.reply": "state",
                "fsm.confirmation.word": "intent",
                "fsm.confirmation.sender": "company_id",
                "fsm.visit": "person_id",
                "fsm.appointment": "person_id",
                "fsm.confirmation.send": "partner_id",
                "fsm.confirmation.settle": "action",
                "fsm.confirmation.batch": "create_uid",
                "fsm.confirmation.word.trial": "create_uid",
                "fsm.confirmation.connection": "company_id",
                "fsm.confirmation.name.index": "field_name",
                "fsm.confirmation.rename": "partner_id",
                "fsm.confirmation.undo": "message_id",
                "fsm.confirmation.setup": "create_uid",
                "fsm.confirmation.plan": "company_id",
                "fsm.confirmation.plan.step": "plan_id",
                "fsm.confirmation.plan.switch": "plan_id",
                "fsm.confirmation.forecast.line": "outcome",
                "fsm.confirmation.outlook": "company_id",
                "fsm.confirmation.call.list": "user_id",
                "fsm.confirmation.change": "kind",
                "fsm.confirmation.on.my.way": "order_id",
                "fsm.confirmation.propose": "create_uid",
                "fsm.confirmation.tell": "create_uid",
                "fsm.confirmation.slot": "letter",
            }[model]
            spec = {name: {} for name in fields}
            yield read, model, "search_read", [[], fields]
            yield read, model, "search_count", [[]]
            yield read, model, "search", [[]]
            yield read, model, "web_search_read", [[], spec]
            yield read, model, "name_search", [""]
            yield read, model, "formatted_read_group", [[], [group], ["__count"]]
            yield read, model, "web_read_group", [[], [group]]
            if ids:
                yield read, model, "export_data", [ids, fields]
                yield read, model, "read", [ids, fields]
                yield read, model, "web_read", [ids, spec]
                yield unlink, model, "unlink", [ids]
            values = {
                "fsm.confirmation": {"response": "declined"},
                "fsm.confirmation.reply": {"confirmation_id": self.message.id},
                "fsm.confirmation.word": {"lang": "fr"},
                "fsm.confirmation.sender": {"problem": "x"},
                "fsm.confirmation.plan": {"sequence": 3},
                "fsm.confirmation.plan.step": {"number": 4},
                "fsm.visit": {"sequence": 3},
            }.get(model)
            if values:
                yield write, model, "write", [ids, values]
                yield write, model, "web_save", [ids, values, spec]
            values = {
                "fsm.confirmation": {"mobile": "+1", "body": "x"},
                "fsm.confirmation.reply": {"mobile": "+1"},
                "fsm.confirmation.word": {"phrase": "abc", "intent": "filler"},
                "fsm.confirmation.sender": {"sender": "+1"},
                "fsm.confirmation.send": {"order_id": self.order.id},
                "fsm.confirmation.settle": {"confirmation_id": self.message.id},
                "fsm.confirmation.batch": {"order_ids": self.order.ids},
                "fsm.confirmation.connection": {"refused_count": 0},
                "fsm.confirmation.name.index": {
                    "name": "x",
                    "field_name": "contact_name",
                },
                "fsm.confirmation.setup": {},
                "fsm.confirmation.rename": {"partner_id": self.customer.id},
                "fsm.confirmation.undo": {"message_id": self.message.id},
                "fsm.confirmation.change": {"order_id": self.order.id},
                "fsm.confirmation.on.my.way": {"order_id": self.order.id},
                "fsm.confirmation.propose": {"confirmation_id": self.message.id},
                "fsm.confirmation.tell": {"change_ids": []},
                "fsm.confirmation.slot": {"letter": "A"},
                "fsm.confirmation.word.trial": {"body": "yes"},
                "fsm.confirmation.plan": {"name": "x"},
                "fsm.confirmation.plan.step": {"plan_id": self.spare_plan.id},
                "fsm.confirmation.plan.switch": {"plan_id": self.spare_plan.id},
                "fsm.confirmation.forecast.line": {"order_id": self.order.id},
                "fsm.confirmation.call.list": {
                    "user_id": self.env.uid,
                    "company_id": self.company.id,
                },
                "fsm.confirmation.outlook": {
                    "order_id": self.order.id,
                    "company_id": self.company.id,
                    "appointment_start": "2040-01-01 10:00:00",
                    "next_date": "2040-01-01 10:00:00",
                },
                "fsm.appointment": {"job_name": "X"},
                "fsm.visit": {
                    "order_id": self.visit.order_id.id,
                    "scheduled_date_start": "2040-01-01 10:00:00",
                },
            }[model]
            yield create, model, "create", [values]
            yield create, model, "web_save", [[], values, spec]

    def _check_model_row(self, person, row):
        right, model, method, args = row
        result, error = self._rpc(model, method, *args)
        if self.env[model]._transient:
            self.assertFalse(method == "search_read" and result)
        self._expect(person.may(right), error)

    def test_models(self):
        """The roles matter for visits alone; elsewhere the least and the most do."""
        rows = list(self._model_rows())
        visits = [row for row in rows if row[1] == "fsm.visit"]
        some = ("no_role", "manager")
        self._each(self._people(some), rows, self._check_model_row)
        others = [role for role in ROLES if role not in some]
        self._each(self._people(others), visits, self._check_model_row)

    def test_models_from_outside(self):
        """Another company, a customer with a login, a stranger: nothing at all."""

        def check(person, row):
            _right, model, method, args = row
            result, error = self._rpc(model, method, *args)
            if error:
                return
            self.assertEqual(person.role, "other_company", "has rights, but no records")
            self.assertNotIn(method, ("read", "write", "unlink", "export_data"))
            text = json.dumps(result)
            for secret in (*SECRETS, "+1212555"):
                self.assertNotIn(secret, text)

        rows = [row for row in self._model_rows() if row[1] != "fsm.confirmation.word"]
        self._each(self._outsiders(), rows, check)

    def test_harmless_questions(self):
        """What Odoo answers everybody holds nothing of anybody's."""

        def check(_person, row):
            model, method, args = row
            result, _error = self._rpc(model, method, *args)
            for secret in (*SECRETS, "+1212555"):
                self.assertNotIn(secret, json.dumps(result))

        rows = []
        for model in MODELS:
            names = [name for name in self.env[model]._fields if name != "id"]
            rows += [
                (model, "default_get", [names]),
                (model, "fields_get", []),
                (model, "get_views", [[[False, "form"], [False, "list"]]]),
            ]
            if not self.env[model]._transient:
                spec = {name: {} for name in names}
                rows.append((model, "onchange", [[], {}, [], spec]))
        people = [self._person("none", "user", [ROLES["user"]]), *self._outsiders()]
        self._each(people, rows, check)

    # ------------------------------------------------------------------
    # Methods and dialogs
    # ------------------------------------------------------------------

    def test_calls(self):
        def check(person, row):
            ids = self._ids(row.ids)
            route = "call_button" if row.method.startswith("action_") else "call_kw"
            _result, error = self._rpc(
                row.model, row.method, *ids, *row.args, route=route
            )
            self._expect(person.may(row.right), error)

        self._each(self._people(), CALLS, check)

    def test_calls_from_outside(self):
        def check(person, row):
            _result, error = self._rpc(row.model, row.method, *self._ids(row.ids))
            if error is None:
                # Rights in a company of their own, and nothing named.
                self.assertEqual((person.role, row.ids), ("other_company", None))

        rows = [row for row in CALLS if row.ids and row.model != "res.partner"]
        self._each(self._outsiders(), rows, check)

    def test_dialogs(self):
        """The dialogs' last step needs the right, also on a dialog of somebody else."""

        def send(values=None):
            wizard, error = self._rpc(
                "fsm.confirmation.send", "create", {"order_id": self.order.id}
            )
            if error:
                return error
            return self._rpc(
                "fsm.confirmation.send", "action_send", [wizard], route="call_button"
            )[1]

        def settle(values):
            wizard, error = self._rpc("fsm.confirmation.settle", "create", values)
            if error:
                return error
            return self._rpc(
                "fsm.confirmation.settle", "action_apply", [wizard], route="call_button"
            )[1]

        rows = [
            ("send", "send", send, None),
            (
                "change",
                "settle",
                settle,
                {"confirmation_id": self.message.id, "response": "confirmed"},
            ),
            (
                "change",
                "attach",
                settle,
                {
                    "action": "attach",
                    "reply_id": self.stray.id,
                    "confirmation_id": self.message.id,
                },
            ),
            (
                "change",
                "lift",
                settle,
                {"action": "lift", "partner_id": self.customer.id, "note": "asked"},
            ),
        ]

        def check(person, row):
            right, _name, action, values = row
            self._expect(person.may(right), action(values))

        self._each(self._people(), rows, check)
        self._each(
            self._outsiders(),
            rows[:3],
            lambda person, row: self._refused(row[2](row[3])),
        )
        # Somebody's open dialog does not lend its rights to others.
        theirs = self._wizard()
        mine = self.env["fsm.confirmation.settle"].with_user(self.dispatcher)
        settling = mine.create({"confirmation_id": self.message.id})

        def others(_person, row):
            self._refused(self._rpc(row[0], row[1], row[2].ids)[1])

        self._each(
            [self._person("read", "stranger", [LEVELS["read"]])],
            [
                (theirs._name, "action_send", theirs),
                (theirs._name, "read", theirs),
                (settling._name, "action_apply", settling),
                (settling._name, "read", settling),
            ],
            others,
        )

    # ------------------------------------------------------------------
    # What can be seen in passing
    # ------------------------------------------------------------------

    def _looks(self):
        """name -> function: what a user without a level may call, and what it shows."""
        order, partner = self.order, self.customer
        note = self.env["mail.message"].search(
            [("model", "=", "fsm.order"), ("body", "ilike", "purple elephant")]
        )
        self.assertTrue(note)
        activity = self.message.activity_id
        self.assertTrue(activity)
        by_words = [["message_ids.body", "ilike", "purple elephant"]]
        by_task = [["activity_ids.summary", "ilike", "needs attention"]]

        def rpc(*args, **kwargs):
            return lambda: self._rpc(*args, **kwargs)

        def thread(record, requests):
            params = {
                "thread_model": record._name,
                "thread_id": record.id,
                "request_list": requests,
            }
            return lambda: self._json(
                "/mail/data", fetch_params=[["mail.thread", params]]
            )

        def messages(record):
            return lambda: self._json(
                "/mail/thread/messages",
                thread_model=record._name,
                thread_id=record.id,
            )

        def count(model, domain):
            """Whether a search by hidden things finds something."""

            def look():
                found, error = self._rpc(model, "search_count", domain)
                return ("purple elephant" if found else "nothing"), error

            return look

        summary = ["activity_summary", "activity_state", "activity_type_icon"]
        return {
            "chatter of the order": messages(order),
            "chatter of the contact": messages(partner),
            "chatter of the message": messages(self.message),
            "data of the order": thread(order, ["messages", "activities", "followers"]),
            "messages of the order": rpc(
                "mail.message", "search_read", [["res_id", "=", order.id]], ["body"]
            ),
            "all messages": rpc("mail.message", "search_read", [], ["body"]),
            "one message": rpc("mail.message", "read", note.ids, ["body"]),
            "messages in groups": rpc(
                "mail.message", "formatted_read_group", by_words[:0], ["body"]
            ),
            "exported messages": rpc("mail.message", "export_data", note.ids, ["body"]),
            "message_ids": rpc(
                "fsm.order",
                "web_read",
                order.ids,
                {"message_ids": {"fields": {"body": {}}}},
            ),
            "exported order": rpc(
                "fsm.order", "export_data", order.ids, ["message_ids/body"]
            ),
            "orders by words": count("fsm.order", by_words),
            "contacts by words": count("res.partner", by_words),
            "activities": rpc("mail.activity", "search_read", [], ["summary"]),
            "one activity": rpc("mail.activity", "read", activity.ids, ["summary"]),
            "activity_format": rpc("mail.activity", "activity_format", activity.ids),
            "activity view": rpc(
                "mail.activity",
                "get_activity_data",
                "fsm.order",
                [["id", "=", order.id]],
            ),
            "activities in groups": rpc(
                "mail.activity", "formatted_read_group", [], ["summary"]
            ),
            "order's activities": rpc(
                "fsm.order",
                "web_read",
                order.ids,
                {"activity_ids": {"fields": {"summary": {}}}},
            ),
            "order's summary": rpc("fsm.order", "read", order.ids, summary),
            "orders by activity": count("fsm.order", by_task),
            "report": lambda: self._get(
                f"/report/html/fieldservice.report_fsm_order/{order.id}"
            ),
        }

    def _get(self, url):
        response = self.url_open(url)
        return response.text, None if response.ok else f"HTTP {response.status_code}"

    # Here nobody finds anything of ours; that there is no secret is all.
    NEVER = ("report", "chatter of the message", "exported messages")
    # Odoo shows the activities of a record to those who may write it.
    FOR_WRITERS = (
        "data of the order",
        "activities",
        "one activity",
        "activity_format",
        "activity view",
        "activities in groups",
        "order's activities",
        "order's summary",
    )

    def test_looks(self):
        looks = self._looks()

        def check(person, name):
            result, error = looks[name]()
            text = json.dumps(result)
            shown = [secret for secret in SECRETS if secret in text]
            if name in self.FOR_WRITERS and person.role == "no_role":
                self.assertTrue(person.may("see") or not shown)
            elif person.may("see") and name not in self.NEVER:
                self.assertIsNone(error)
                self.assertTrue(shown)
            else:
                self.assertFalse(shown)

        self._each(self._people(("no_role", "user", "manager")), looks, check)
        self._each(self._outsiders(), looks, check)

    def test_activity_counters(self):
        """Sums that Odoo makes of activities tell nothing either."""
        order = self.order
        order.activity_ids.write({"date_deadline": "2020-01-01"})
        plain = self._make_order(self._local_time("America/New_York", 8, 9))
        domain = [["id", "in", (order | plain).ids]]

        def states():
            words = [("in", ["overdue"]), ("=", False), ("not in", ["overdue"])]
            return [
                self._rpc("fsm.order", "search", [*domain, ["activity_state", *word]])[
                    0
                ]
                for word in words
            ]

        def check(person, _row):
            sees = person.may("see")
            found = states()
            self.assertEqual(found[0], order.ids if sees else [])
            self.assertEqual(set(found[1]), set((plain if sees else plain | order).ids))
            self.assertEqual(set(found[2]), set(found[1]))
            groups, error = self._rpc(
                "fsm.order", "formatted_read_group", domain, ["activity_state"]
            )
            self.assertIsNone(error)
            names = {group["activity_state"] for group in groups}
            self.assertEqual("overdue" in names, sees)
            [row] = self._rpc(
                "fsm.order", "read", order.ids, ["activity_state", "activity_user_id"]
            )[0]
            self.assertEqual(row["activity_state"], "overdue" if sees else False)
            self.assertEqual(bool(row["activity_user_id"]), sees)
            found = self._rpc(
                "fsm.order", "search", [*domain, ["activity_user_id", "!=", False]]
            )[0]
            self.assertEqual(found, order.ids if sees else [])

        self._each(self._people(("user", "manager")), ["states"], check)

    def test_systray(self):
        """The counter above every screen, for somebody who lost the level."""
        sender = self.dispatcher
        self.message.activity_id.user_id = sender
        self.message.flush_recordset()
        self.company_ids = self.company.ids
        self.authenticate(sender.login, sender.login)

        def counted():
            data, error = self._json(
                "/mail/data", fetch_params=["systray_get_activities"]
            )
            self.assertIsNone(error)
            groups = data["Store"]["activityGroups"]
            return [group for group in groups if group["model"] == "fsm.order"]

        self.assertTrue(counted())
        sender.group_ids -= self.env.ref(LEVELS["edit"])
        self.env.flush_all()
        self.assertFalse(counted())
        self._refused(
            self._rpc("mail.activity", "action_feedback", self.message.activity_id.ids)[
                1
            ]
        )

    def test_tiles_of_a_session(self):
        """The screen is told its tiles by whoever may see what they count."""

        def check(person, _row):
            info, _error = self._json("/web/session/get_session_info")
            tiles = [tile["key"] for tile in info.get("message_center_tiles", ())]
            self.assertEqual("confirmed" in tiles, person.may("see"))

        self._each(self._people(("no_role",)), [None], check)

    def test_read_only_settles_no_task(self):
        task = self.message.activity_id
        user = self.users["read"]
        self.assertEqual(task.with_user(user).summary, task.summary)
        self.assertFalse(task.with_user(user).can_write)
        for action in ("action_feedback", "action_cancel", "unlink"):
            with self.assertRaises(AccessError):
                getattr(task.with_user(user), action)()
        with self.assertRaises(AccessError):
            task.with_user(user).write({"summary": "x"})
        # Unless somebody with Edit gives it to them.
        task.with_user(self.dispatcher).user_id = user
        self.env.flush_all()
        task.with_user(user).action_feedback(feedback="Called")
        self.assertFalse(task.active)

    def test_a_task_done_stays_in_the_same_eyes(self):
        self.message.activity_id.with_user(self.dispatcher).action_feedback(
            feedback="Called the purple elephant"
        )
        planned = self.order.activity_schedule("mail.mail_activity_data_todo")
        planned.with_user(self.dispatcher).action_feedback(feedback="Keys are ready")
        for level in ("read", "none"):
            user = self.users[level]
            bodies = "".join(self.order.with_user(user).message_ids.mapped("body"))
            self.assertIn("Keys are ready", bodies, level)
            self.assertEqual("purple elephant" in bodies, level == "read")
            self.env.invalidate_all()

    def test_what_was_planned_by_hand_is_seen(self):
        """A colleague without a level may plan such an activity for themselves."""
        user = self.users["none"]
        kind = self.env.ref(f"{MODULE}.mail_activity_type_call")
        mine = (
            self.env["mail.activity"]
            .with_user(user)
            .create(
                {
                    "res_model_id": self.env["ir.model"]._get_id("fsm.order"),
                    "res_id": self.order.id,
                    "activity_type_id": kind.id,
                    "user_id": user.id,
                }
            )
        )
        self.assertIn(mine, self.order.with_user(user).activity_ids)

    # ------------------------------------------------------------------
    # Exports, menus, actions
    # ------------------------------------------------------------------

    def test_exports(self):
        def check(person, row):
            model, kind = row
            data = {
                "model": model,
                "fields": [{"name": "body", "label": "Body", "type": "text"}],
                "ids": False,
                "domain": [],
                "groupby": [],
                "import_compat": False,
            }
            response = self.url_open(
                f"/web/export/{kind}",
                data={
                    "data": json.dumps(data),
                    "csrf_token": http.Request.csrf_token(self),
                },
            )
            self.assertEqual(response.ok, person.may("see"))
            if not person.may("see"):
                for secret in SECRETS:
                    self.assertNotIn(secret, response.text)

        kinds = [
            (model, kind)
            for model in ("fsm.confirmation", "fsm.confirmation.reply")
            for kind in ("csv", "xlsx")
        ]
        people = [
            self._person(level, "user", [LEVELS[level], ROLES["user"]])
            for level in LEVELS_MAY
        ]
        with self.assertLogs("odoo.addons.web.controllers.export"):
            self._each(people, kinds, check)

    def test_menus_and_actions(self):
        menus = self.env["ir.ui.menu"].search([])
        ours = menus.filtered(
            lambda menu: (menu.get_external_id()[menu.id] or "").startswith(MODULE)
        )
        self.assertTrue(ours)
        for person in self._people():
            user = self.env["res.users"].search([("login", "=", person.login)])
            self.env.registry.clear_cache()
            visible = self.env["ir.ui.menu"].with_user(user)._visible_menu_ids()
            if person.may("manage"):
                self.assertIn(ours[0].id, visible)
            if not person.may("see"):
                self.assertFalse(set(ours.ids) & set(visible), person)
        actions = self.env["ir.actions.act_window"].search(
            [("res_model", "in", list(MODELS))]
        )
        people = [self._person("none", "again", [ROLES["manager"]])]

        def check(_person, action):
            result, error = self._json("/web/action/load", action_id=action.id)
            self.assertIsNone(error)
            for secret in SECRETS:
                self.assertNotIn(secret, json.dumps(result))

        self._each(people, actions, check)


@tagged("post_install", "-at_install")
class TestLevelsAreComplete(ConfirmationTransactionCase):
    """Whoever adds a model, a public method or an action decides who may use it."""

    def _our_models(self):
        return {
            name
            for name, model in self.env.registry.items()
            if model._original_module == MODULE and not model._abstract
        }

    def test_every_model_is_in_the_table(self):
        self.assertEqual(
            self._our_models(),
            set(MODELS),
            "a model was added or removed: give it a row in MODELS",
        )

    def test_every_model_has_rights_and_a_company_rule(self):
        for name in self._our_models():
            rights = self.env["ir.model.access"].search([("model_id.model", "=", name)])
            self.assertTrue(rights, name)
            self.assertTrue(all(rights.mapped("group_id")), f"{name}: for everybody")
            rules = self.env["ir.rule"].search([("model_id.model", "=", name)])
            transient = self.env[name]._transient
            if "company_id" in self.env[name]._fields and not transient:
                self.assertTrue(
                    rules.filtered(lambda rule: not rule.groups),
                    f"{name}: a rule for companies that no group widens",
                )

    def test_every_public_method_is_in_the_table(self):
        known = {(row.model, row.method) for row in CALLS} | ELSEWHERE
        standard = set(dir(BaseModel)) | set(dir(self.env.registry["mail.thread"]))
        standard |= set(dir(self.env.registry["mail.activity.mixin"]))
        missing = set()
        for name, model in self.env.registry.items():
            for base in model.__mro__:
                if not base.__module__.startswith(f"odoo.addons.{MODULE}."):
                    continue
                for method, function in vars(base).items():
                    if (
                        callable(function)
                        and not method.startswith("_")
                        and method not in standard
                        and not getattr(function, "_api_private", False)
                        and not model._abstract
                        and (name, method) not in known
                    ):
                        missing.add((name, method))
        self.assertFalse(missing, "give each of these a row in CALLS")

    def test_server_actions_and_reports(self):
        crons = self.env["ir.cron"].with_context(active_test=False).search([])
        crons = crons.ir_actions_server_id
        actions = self.env["ir.actions.server"].search([]) - crons
        for records in (actions, self.env["ir.actions.report"].search([])):
            ours = records.filtered(
                lambda rec: (rec.get_external_id()[rec.id] or "").startswith(MODULE)
            )
            for action in ours:
                self.assertTrue(action.group_ids, f"{action.name}: for everybody")
