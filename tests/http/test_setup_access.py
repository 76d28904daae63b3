# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who may set up, who sees what before it is; the token; neutralized copies."""

import json
import logging
from datetime import timedelta

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import AccessError, UserError
from odoo.modules.neutralize import neutralize_database
from odoo.modules.registry import Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

from ...core.status import indicator
from ..common import MODULE, OUR_NUMBER, WEBHOOK_LOG, new_user
from ..setup_common import INBOUND, SetupCase

MENUS = (f"{MODULE}.menu_message_center", f"{MODULE}.menu_fsm_message_center")


class RpcCase(SetupCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = new_user(
            cls.env,
            "mc_test_manager",
            groups="base.group_erp_manager,fieldservice.group_fsm_manager,"
            f"base.group_allow_export,{MODULE}.group_message_center_admin",
            company_id=cls.company.id,
            company_ids=[(6, 0, cls.company.ids)],
        )

    def _rpc(self, user, model, method, *args, **kwargs):
        """Call by JSON-RPC; returns (the answer's text, error name)."""
        self.authenticate(user.login, user.login)
        context = {"allowed_company_ids": self.company.ids}
        with mute_logger("odoo.http"):
            answer = self.url_open(
                f"/web/dataset/call_kw/{model}/{method}",
                data=json.dumps(
                    {
                        "jsonrpc": "2.0",
                        "params": {
                            "model": model,
                            "method": method,
                            "args": list(args),
                            "kwargs": {"context": context, **kwargs},
                        },
                    }
                ),
                headers={"Content-Type": "application/json"},
            )
        self.env.invalidate_all()
        error = answer.json().get("error")
        name = error and error["data"]["name"].rpartition(".")[2]
        return answer.text, name


@tagged("post_install", "-at_install")
class TestSetupAccess(RpcCase):
    def test_only_system_administrators(self):
        dialog = self._dialog()
        connection = self.connection
        people = [*self.users.values(), self.manager]
        for user in people:
            for model, method, args in [
                ("fsm.confirmation.setup", "create", [{}]),
                ("fsm.confirmation.setup", "read", [dialog.ids]),
                ("fsm.confirmation.setup", "action_connect", [dialog.ids]),
                ("fsm.confirmation.setup", "action_connect_agreed", [dialog.ids]),
                ("fsm.confirmation.setup", "action_check", [dialog.ids]),
                ("fsm.confirmation.setup", "action_keep_address", [dialog.ids]),
                ("fsm.confirmation.setup", "action_send_test", [dialog.ids]),
                ("fsm.confirmation.connection", "read", [connection.ids]),
                ("fsm.confirmation.connection", "search_read", [[]]),
                ("fsm.confirmation.connection", "write", [connection.ids, {}]),
                ("res.config.settings", "create", [{}]),
            ]:
                with self.subTest(user=user.login, model=model, method=method):
                    _text, error = self._rpc(user, model, method, *args)
                    self.assertEqual(error, "AccessError")
        self.assertEqual(self.twilio.requests(), [])

    def test_action_of_the_menu(self):
        action = self.env.ref(f"{MODULE}.fsm_confirmation_setup_action")
        for user in (self.manager, self.users["admin"]):
            with self.assertRaises(AccessError), mute_logger("odoo.addons.base"):
                action.with_user(user).run()
        self.assertEqual(self.twilio.requests(), [])

    def test_another_company(self):
        """The dialog of a company is not for an administrator outside of it."""
        other = self._make_company("Beta Services", number="+12025550142")
        connection = self.env["fsm.confirmation.connection"].with_user(self.system)
        connection = connection.with_context(allowed_company_ids=self.company.ids)
        self.assertNotIn(other, connection.search([]).company_id)
        with self.assertRaises(AccessError):
            self._dialog(company_id=other.id)

    def test_nobody_writes_what_was_found(self):
        with self.assertRaises(AccessError):
            self.connection.with_user(self.system).write({"refused_count": 0})


@tagged("post_install", "-at_install")
class TestToken(RpcCase):
    def test_no_way_to_read_it(self):
        token = self.simulator.DEFAULT_AUTH_TOKEN
        name = "sms_twilio_auth_token"
        company = self.company.ids
        manage = (
            self.env["sms.twilio.account.manage"]
            .with_user(self.system)
            .with_company(self.company)
            .create({})
        )
        settings = self.env["res.config.settings"].with_user(self.system).create({})
        spec = {name: {}}
        calls = [
            ("res.company", "read", [company, [name]]),
            ("res.company", "read", [company]),
            ("res.company", "search_read", [[], [name]]),
            ("res.company", "web_search_read", [[], spec]),
            ("res.company", "search", [[(name, "like", token[:4])]]),
            ("res.company", "formatted_read_group", [[], [name]]),
            ("res.company", "export_data", [company, [name]]),
            ("res.company", "default_get", [[name]]),
            ("res.company", "onchange", [company, {}, [], spec]),
            ("res.company", "copy_data", [company]),
            ("res.users", "export_data", [self.manager.ids, [f"company_id/{name}"]]),
            ("fsm.confirmation", "search", [[(f"company_id.{name}", "like", "f")]]),
            ("sms.twilio.account.manage", "default_get", [[name]]),
            ("sms.twilio.account.manage", "read", [manage.ids, [name]]),
            ("sms.twilio.account.manage", "onchange", [[], {}, [], spec]),
            ("res.config.settings", "default_get", [[]]),
            ("res.config.settings", "read", [settings.ids]),
            ("res.config.settings", "onchange", [[], {}, [], {}]),
            ("fsm.confirmation.setup", "default_get", [["checks"]]),
            ("fsm.confirmation.setup", "onchange", [[], {}, [], {"checks": {}}]),
        ]
        for user in (*self.users.values(), self.manager):
            for model, method, args in calls:
                with self.subTest(user=user.login, model=model, method=method):
                    text, _error = self._rpc(user, model, method, *args)
                    self.assertNotIn(token, text)

    def test_not_in_what_we_show_or_log(self):
        token = self.simulator.DEFAULT_AUTH_TOKEN
        with (
            self.assertLogs("odoo", logging.INFO) as logs,
            self.assertLogs(level=logging.INFO) as others,
        ):
            for name in ("odoo", None):
                logging.getLogger(name).info("so that there is one")
            dialog = self._click("action_connect", test_number="+12125550188")
            self._click("action_send_test", dialog)
            self.company.sms_twilio_auth_token = token[:-1] + "f"
            self._click("action_check", dialog)
        logged = "\n".join([*logs.output, *others.output])
        self.assertNotIn(token[:-1], str(dialog.read()) + logged)
        self.assertNotIn("12125550188", logged)
        self.assertNotIn(token[:-1], str(self.connection.read()))


@tagged("post_install", "-at_install")
class TestBeforeItIsOn(RpcCase):
    def _menus(self, user):
        menus = self.env["ir.ui.menu"].with_user(user).load_menus(False)
        return {menu.get("xmlid") for menu in menus.values()}.intersection(MENUS)

    def test_menus_follow_the_switch(self):
        for level in ("admin", "edit", "read"):
            self.assertEqual(self._menus(self.users[level]), set(MENUS), level)
        self.assertFalse(self._menus(self.users["none"]))
        self.company.job_confirmation_enabled = False
        # Who is to set it up finds the checklist there.
        self.assertEqual(self._menus(self.users["admin"]), set(MENUS))
        for level in ("edit", "read", "none"):
            self.assertFalse(self._menus(self.users[level]), level)
            roots = self.env["ir.ui.menu"].with_user(self.users[level])
            names = {menu["xmlid"] for menu in roots.load_menus_root()["children"]}
            self.assertNotIn(MENUS[0], names)
        self.company.job_confirmation_enabled = True
        self.assertEqual(self._menus(self.users["read"]), set(MENUS))

    def test_one_company_is_enough(self):
        other = self._make_company("Beta Services", number="+12025550142")
        self.company.job_confirmation_enabled = False
        user = self.users["read"]
        self.assertFalse(self._menus(user))
        user.company_ids |= other
        self.assertEqual(self._menus(user), set(MENUS))

    def test_server_refuses_and_says_whom_to_ask(self):
        self.company.job_confirmation_enabled = False
        with self.assertRaisesRegex(UserError, "Ask an administrator"):
            self._wizard().action_send()
        self.assertFalse(self.order.with_user(self.dispatcher).job_confirmation_enabled)

    def _banners(self, user):
        messages = self.env["fsm.confirmation"].with_user(user)
        messages = messages.with_context(allowed_company_ids=self.company.ids)
        return messages.get_message_center_summary([])["banners"]

    def test_sentence_for_others(self):
        for level in ("edit", "read"):
            self.assertEqual(self._banners(self.users[level]), [])
        self.company.sms_twilio_auth_token = False
        (banner,) = self._banners(self.users["read"])
        self.assertIn("Twilio is not set up for Acme Services", banner["text"])
        self.assertIn("Ask a system administrator", banner["text"])
        self.company.job_confirmation_enabled = False
        (banner,) = self._banners(self.users["edit"])
        self.assertIn("not switched on for Acme Services", banner["text"])
        self.assertNotIn("items", banner)

    def test_checklist_turns_green_step_by_step(self):
        account = {
            "sms_twilio_account_sid": self.company.sms_twilio_account_sid,
            "sms_twilio_auth_token": self.company.sms_twilio_auth_token,
        }
        self.company.write(
            {
                "job_confirmation_enabled": False,
                **dict.fromkeys(account, False),
            }
        )
        self.company.sms_twilio_number_ids.unlink()
        self.twilio.set_number(OUR_NUMBER, sms_url="")

        def steps():
            (banner,) = self._banners(self.system)
            self.assertEqual(banner["level"], "info")
            done = sum(item["done"] for item in banner["items"])
            self.assertIn(f"{done} of 6", banner["text"])
            for item in banner["items"]:
                self.assertEqual(item["action"]["type"][:11], "ir.actions.")
                self.assertTrue(item["label"])
            return [item["done"] for item in banner["items"]]

        yes, no = True, False
        self.assertEqual(steps(), [no] * 6)
        self.company.job_confirmation_enabled = True
        self.assertEqual(steps(), [yes] + [no] * 5)
        self.company.write(account)
        self.assertEqual(steps(), [yes] * 2 + [no] * 4)
        self.env["sms.twilio.number"].create(
            {
                "company_id": self.company.id,
                "number": OUR_NUMBER,
                "country_id": self.env.ref("base.us").id,
            }
        )
        self.assertEqual(steps(), [yes] * 3 + [no] * 3)
        self._click("action_check")
        self.assertEqual(steps(), [yes] * 3 + [no] * 3)
        self._click("action_connect")
        self.assertEqual(steps(), [yes] * 4 + [no] * 2)
        self._click("action_send_test", test_number="+12125550188")
        self.assertEqual(steps(), [yes] * 5 + [no])
        self._customer_says("It works", number="+12125550188")
        self.assertEqual(self._banners(self.system), [])

    def test_warning_when_something_breaks_later(self):
        self._click("action_connect")
        self._click("action_send_test", test_number="+12125550188")
        self._customer_says("It works", number="+12125550188")
        self.assertEqual(self._banners(self.system), [])
        connection = self.connection
        now = fields.Datetime.now()
        connection.write(
            {"refused_count": 2, "refused_date": now + timedelta(minutes=1)}
        )
        self.assertEqual(self._banners(self.system), [])
        connection.refused_count = 3
        (banner,) = self._banners(self.system)
        self.assertIn("may be lost", banner["text"])
        self.assertEqual(banner["action"]["type"], "ir.actions.server")
        (banner,) = self._banners(self.users["admin"])
        self.assertNotIn("action", banner)
        self.assertEqual(self._banners(self.users["edit"]), [])
        connection.refused_count = 0
        param = self.env["ir.config_parameter"].sudo()
        param.set_param("web.base.url", "https://new.example.com")
        (banner,) = self._banners(self.system)
        self.assertIn("Connect again", banner["text"])

    def test_administrator_of_the_message_center_sees_how_far_it_is(self):
        (banner,) = self._banners(self.users["admin"])
        self.assertIn("A system administrator does the rest", banner["text"])
        for item in banner["items"]:
            self.assertFalse({"action", "label"} & set(item))

    def test_checklist_asks_twilio_nothing_and_is_cheap(self):
        def count():
            self._banners(self.system)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            banners = self._banners(self.system)
            return banners, self.env.cr.sql_log_count - before

        banners, unfinished = count()
        self.assertTrue(banners)
        self.assertLess(unfinished, 45)
        self.assertEqual(self.twilio.requests(), [])
        self._click("action_connect")
        self._click("action_send_test", test_number="+12125550188")
        self._customer_says("It works", number="+12125550188")
        banners, finished = count()
        self.assertEqual(banners, [])
        self.assertLess(finished, 15)


@tagged("post_install", "-at_install")
class TestNeutralized(SetupCase):
    def _neutralize(self):
        self.env.flush_all()
        with mute_logger("odoo.modules.neutralize"):
            neutralize_database(self.env.cr)
        self.env.invalidate_all()
        self.env.registry.clear_cache()

    def test_nothing_can_be_sent(self):
        waiting = self._send()
        sending = self._send(order=self._make_order(self.start + timedelta(days=1)))
        sending.sudo().write(
            {"state": "sending", "claimed_date": fields.Datetime.now()}
        )
        self._neutralize()
        self.assertEqual(waiting.state, "canceled")
        self.assertEqual((sending.state, sending.failure_type), ("failed", "unknown"))
        self.assertFalse((waiting | sending).filtered("is_open"))
        for record in waiting | sending:
            shown = indicator(
                record.response, record.state, record.is_open, record.closed_reason
            )
            self.assertEqual(record.indicator, shown)
        self.assertFalse(self.company.job_confirmation_enabled)
        self.assertFalse(self.connection._is_connected())
        crons = self.env["ir.cron"].search([("active", "=", True)])
        self.assertNotIn(self.env.ref(f"{MODULE}.ir_cron_send_confirmations"), crons)
        with self.assertRaisesRegex(UserError, "not enabled"):
            self._wizard().action_send()
        # Somebody switches it on in the copy, and runs the scheduled action.
        self.company.job_confirmation_enabled = True
        with self.assertRaisesRegex(UserError, "Twilio is not set up"):
            self._wizard().action_send()
        with self.assertRaisesRegex(UserError, "Enter the Twilio account"):
            self._click("action_send_test", test_number="+12125550188")
        waiting.sudo().write({"state": "outgoing", "is_open": True})
        self._run_outbox()
        self.assertEqual(waiting.state, "failed")
        self.assertEqual(waiting.failure_type, "setup")
        dialog = self._click("action_connect")
        self.assertEqual(dialog.headline_level, "problem")
        self.assertEqual(self.twilio.requests(), [])
        self.assertEqual(self.twilio.sent(), [])

    def test_the_dummy_token_opens_nothing(self):
        """Everybody knows the token that neutralization writes."""
        self._neutralize()
        token = self.company.sms_twilio_auth_token
        self.assertTrue(token)
        params = {
            "AccountSid": self.company.sms_twilio_account_sid,
            "MessageSid": "SM" + "1" * 32,
            "From": "+12125550123",
            "To": OUR_NUMBER,
            "Body": "Yes",
        }
        url = self.base_url() + INBOUND
        signature = self.simulator.sign(url, params, token)
        with mute_logger(WEBHOOK_LOG):
            answer = self.url_open(
                INBOUND, data=params, headers={"X-Twilio-Signature": signature}
            )
        self.assertEqual(answer.status_code, 403)
        self.assertFalse(self.env["fsm.confirmation.reply"].search_count([]))


@tagged("post_install", "-at_install")
class TestRefusalsAtTheSameMoment(BaseCase):
    """On a real database: a stranger's request neither waits nor fails."""

    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        with self.registry.cursor() as cr:
            company = self._company(cr)
            cr.execute(
                "INSERT INTO fsm_confirmation_connection (company_id, refused_count)"
                " VALUES (%s, 0) ON CONFLICT DO NOTHING",
                (company.id,),
            )
        self.addCleanup(self._forget)

    def _company(self, cr):
        return api.Environment(cr, SUPERUSER_ID, {}).ref("base.main_company")

    def _forget(self):
        with self.registry.cursor() as cr:
            self._company(cr)
            cr.execute(
                "UPDATE fsm_confirmation_connection SET refused_count = 0,"
                " refused_date = NULL, refused_since = NULL, refused_address = NULL"
            )

    def _record(self, cr):
        company = self._company(cr)
        company.env["fsm.confirmation.connection"]._record_refusal_sudo(
            company, "https://odoo.example.com/x"
        )

    def _count(self, cr):
        cr.execute(
            "SELECT refused_count FROM fsm_confirmation_connection"
            " WHERE company_id = %s",
            (self._company(cr).id,),
        )
        return cr.fetchone()[0]

    def test_locked_row_is_skipped(self):
        with self.registry.cursor() as holder, self.registry.cursor() as cr:
            holder.execute("SELECT id FROM fsm_confirmation_connection FOR UPDATE")
            cr.execute("SET LOCAL lock_timeout = '100ms'")
            self._record(cr)
            self.assertEqual(self._count(cr), 0)

    def test_conflict_is_no_error(self):
        with self.registry.cursor() as cr:
            self.assertEqual(self._count(cr), 0)  # The snapshot is taken.
            with self.registry.cursor() as faster:
                self._record(faster)
            self._record(cr)
            # The request goes on in the same transaction.
            self.assertEqual(self._count(cr), 0)
        with self.registry.cursor() as cr:
            self.assertEqual(self._count(cr), 1)
