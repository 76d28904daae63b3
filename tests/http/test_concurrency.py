# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Two transactions at the same moment, on a real database with real commits."""

import re
import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from unittest.mock import patch

import psycopg2

from odoo import SUPERUSER_ID, api, fields
from odoo.exceptions import UserError
from odoo.modules.registry import DummyRLock, Registry
from odoo.tests import BaseCase, tagged
from odoo.tests.common import get_db_name
from odoo.tools import mute_logger

from ...tools.retry import commit_with_retries
from ..common import OUR_NUMBER, ConfirmationCase

_HOURS = "job_confirmation.texting_hours"


class _Holder(ConfirmationCase):
    """The usual records, made in an environment that is really committed."""


@tagged("post_install", "-at_install")
class TestConcurrency(BaseCase):
    def setUp(self):
        super().setUp()
        self.registry = Registry(get_db_name())
        # Odoo's own test runner holds this lock, which the threads would wait for.
        patcher = patch.object(Registry, "_lock", DummyRLock())
        patcher.start()
        self.addCleanup(patcher.stop)
        with self._environment() as env:
            self.holder = type("Records", (_Holder,), {"env": env})
            self._make(env)
        self.addCleanup(self._remove)

    @contextmanager
    def _environment(self):
        with self.registry.cursor() as cr:
            yield api.Environment(cr, SUPERUSER_ID, {})

    def _make(self, env):
        company = env.ref("base.main_company")
        self.before = company.read(
            [
                "job_confirmation_enabled",
                "sms_twilio_account_sid",
                "sms_twilio_auth_token",
            ]
        )[0]
        company.write(
            {
                "job_confirmation_enabled": True,
                "sms_twilio_account_sid": "AC" + "7" * 32,
                "sms_twilio_auth_token": "7" * 32,
            }
        )
        # Tests run at any hour.
        env["ir.config_parameter"].set_param(_HOURS, "0-24")
        records = [
            env["sms.twilio.number"].create(
                {
                    "company_id": company.id,
                    "number": OUR_NUMBER,
                    "country_id": env.ref("base.us").id,
                }
            )
        ]
        customer = self.holder._make_contact("Concurrent", "+12125550191")
        location = self.holder._make_location(customer)
        self.holder.company = company
        self.holder.location = location
        self.holder.technician = env["fsm.person"].create({"name": "Concurrent"})
        start = self.holder._local_time("America/New_York", 3, 9)
        orders = [self.holder._make_order(start) for _count in range(4)]
        records += [*orders, location, location.partner_id, customer]
        records += [self.holder.technician]
        self.orders = [order.id for order in orders]
        self.records = [(record._name, record.id) for record in records]

    def _remove(self):
        with self._environment() as env:
            messages = env["fsm.confirmation"].search([("order_id", "in", self.orders)])
            replies = env["fsm.confirmation.reply"].search(
                [("mobile", "=", "+12125550191")]
            )
            replies.unlink()
            messages.unlink()
            for name, record_id in self.records:
                env[name].browse(record_id).exists().unlink()
            env["ir.config_parameter"].search([("key", "=", _HOURS)]).unlink()
            self.before.pop("id")
            env.ref("base.main_company").write(self.before)

    def _together(self, *functions):
        """Run functions in threads that start at the same moment."""
        gate = threading.Barrier(len(functions))
        problems = []

        def run(function):
            try:
                with self._environment() as env:
                    # A snapshot of its own, taken before any of them has written.
                    env.cr.execute("SELECT count(*) FROM fsm_confirmation")
                    gate.wait(10)
                    function(env)
            except Exception as error:
                problems.append(error)

        threads = [threading.Thread(target=run, args=(func,)) for func in functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return problems

    def _send(self, order_id):
        def send(env):
            env["fsm.confirmation.send"].create({"order_id": order_id}).action_send()

        return send

    def _open_dialogs(self, *partner_ids):
        """Dialogs about the first Work Order, opened before anybody sends."""
        with self._environment() as env:
            wizards = env["fsm.confirmation.send"]
            values = {"order_id": self.orders[0]}
            dialogs = [wizards.create({**values, "partner_id": p}) for p in partner_ids]
            return [dialog.id for dialog in dialogs]

    def _request_send(self, dialog_id):
        def press(env):
            dialog = env["fsm.confirmation.send"].browse(dialog_id)
            # As Odoo runs a request: again after a conflict.
            commit_with_retries(env, dialog.action_send)

        return press

    def test_two_buttons_of_one_page(self):
        """Yes and No pressed at the same moment: one answer, and one reply."""
        with self._environment() as env:
            order = env["fsm.order"].browse(self.orders[0])
            order.location_id.contact_id.email = "concurrent@example.com"
            dialogs = env["fsm.confirmation.send"]
            dialog = dialogs.create({"order_id": order.id, "channel": "email"})
            dialog.action_send()
            record = order.confirmation_ids
            body = record.sudo().mail_id.body_html
            token = re.search(r"/answer/([\w-]{43})\?", body)[1]

        def press(answer):
            def answer_page(env):
                pages = env["fsm.confirmation.page"]
                commit_with_retries(
                    env, lambda: pages._answer(pages._find_sudo(token), answer)
                )

            return answer_page

        self.assertFalse(self._together(press("yes"), press("no")))
        with self._environment() as env:
            order = env["fsm.order"].browse(self.orders[0])
            [reply] = order.confirmation_ids.reply_ids
            said = {"confirm": "confirmed", "decline": "declined"}[reply.intent]
            self.assertEqual(order.confirmation_ids.response, said)
            self.assertEqual(order.confirmation_status, said)

    def test_two_people_ask_two_contacts_about_one_appointment(self):
        for phone in ("+12125550192", "+12125550191"):  # maybe two names for one phone
            with self._environment() as env:
                self.holder.env = env
                other = self.holder._make_contact("Other", phone)
                order = env["fsm.order"].browse(self.orders[0])
                first = order.location_id.owner_id
                other.parent_id = first.commercial_partner_id
                self.records.insert(0, (other._name, other.id))
            dialogs = self._open_dialogs(first.id, other.id)
            with self._environment() as env:
                # Nothing but the messages tells that somebody asked.
                order = env["fsm.order"].browse(self.orders[0])
                order._set_confirmation_status_sudo("awaiting")
            problems = self._together(*map(self._request_send, dialogs))
            self.assertEqual([type(one) for one in problems], [UserError])
            self.assertIn("Nothing was sent now", str(problems[0]))
            with self._environment() as env:
                messages = env["fsm.confirmation"].search(
                    [("order_id", "=", self.orders[0])]
                )
                self.assertEqual(len(messages), 1, phone)
                messages.unlink()

    def test_the_dialog_and_many_at_once(self):
        with self._environment() as env:
            order = env["fsm.order"].browse(self.orders[0])
            owner = order.location_id.owner_id
            batch = env["fsm.confirmation.batch"].create({"order_ids": self.orders})
        [dialog] = self._open_dialogs(owner.id)

        def press_send(env):
            batch_now = env["fsm.confirmation.batch"].browse(batch.id)
            commit_with_retries(env, batch_now.action_send)

        self._together(self._request_send(dialog), press_send)
        with self._environment() as env:
            messages = env["fsm.confirmation"].search([("order_id", "in", self.orders)])
            self.assertEqual(len(messages), len(self.orders))
            self.assertEqual(len(messages.order_id), len(self.orders))

    def test_two_customers_are_not_proposed_one_time(self):
        asked = self.orders[:2]
        with self._environment() as env:
            technician = env["fsm.person"].browse(self.holder.technician.id)
            env["fsm.order"].browse(asked).person_id = technician
            for order_id in asked:
                self._send(order_id)(env)
            messages = env["fsm.confirmation"].search([("order_id", "in", asked)])
            order = env["fsm.order"].browse(asked[0])
            starts = env["fsm.confirmation.proposal"]._suggest(order)[:2]
            ids = messages.ids

        def propose(message_id):
            def run(env):
                message = env["fsm.confirmation"].browse(message_id)
                service = env["fsm.confirmation.proposal"]
                commit_with_retries(env, lambda: service._propose(message, starts))

            return run

        problems = self._together(*map(propose, ids))
        self.assertEqual([type(one) for one in problems], [UserError])
        with self._environment() as env:
            slots = env["fsm.confirmation.slot"].search(
                [("confirmation_id.order_id", "in", asked)]
            )
            self.assertEqual(slots.mapped("date_start"), sorted(starts))
            self.assertEqual(len(slots.confirmation_id), 1)

    def _twice(self, press):
        """Press twice at once, as two clicks in two processes; return the new texts."""
        with self._environment() as env:
            self._send(self.orders[0])(env)
            message_id = env["fsm.confirmation"].search(self._about_first()).id
            values = {"confirmation_id": message_id}
            for name, day in (("first_date", 5), ("second_date", 6)):
                values[name] = self.holder._local_time("America/New_York", day, 10)
            dialog_id = env["fsm.confirmation.propose"].create(values).id

        def run(env):
            message = env["fsm.confirmation"].browse(message_id)
            dialog = env["fsm.confirmation.propose"].browse(dialog_id)
            commit_with_retries(env, lambda: press(message, dialog))

        self.assertFalse(self._together(run, run))
        with self._environment() as env:
            texts = env["fsm.confirmation"].search(self._about_first())
            return (texts - texts.browse(message_id)).mapped("kind")

    def _about_first(self):
        return [("order_id", "=", self.orders[0])]

    def test_the_same_words_twice(self):
        kinds = self._twice(lambda message, _d: message.action_write_back("Call us"))
        self.assertEqual(kinds, ["staff"])

    def test_the_same_words_twice_about_no_work_order(self):
        number = "+12125550191"
        with self._environment() as env:
            company = env["res.company"].browse(self.holder.company.id)
            text = {"MessageSid": "SM" + "d" * 32, "From": number, "To": OUR_NUMBER}
            inbox = env["fsm.confirmation.inbox"]
            inbox._receive_sudo(company.sudo(), {**text, "Body": "Who is this?"})
            reply = env["fsm.confirmation.reply"].search([("mobile", "=", number)])
            reply.action_done()
        reply_id = reply.id

        def run(env):
            reply = env["fsm.confirmation.reply"].browse(reply_id)
            commit_with_retries(env, lambda: reply.action_write_back("Acme Services"))

        self.assertFalse(self._together(run, run))
        with self._environment() as env:
            texts = env["fsm.confirmation"].search([("mobile", "=", number)])
            self.assertEqual(texts.mapped("kind"), ["staff"])
            texts.unlink()

    def test_one_proposal_twice(self):
        kinds = self._twice(lambda _message, dialog: dialog.action_send())
        self.assertEqual(kinds, ["times"])

    def test_a_hook_that_fails_after_the_commit(self):
        """What is stored is answered, and the other hooks run."""
        ran = []

        def fail():
            raise psycopg2.errors.SerializationFailure()

        with self._environment() as env:

            def work():
                ran.append("work")
                env.cr.postcommit.add(fail)
                env.cr.postcommit.add(lambda: ran.append("hook"))
                return "answer"

            with self.assertLogs("odoo.addons.fieldservice_job_confirmation", "WARN"):
                self.assertEqual(commit_with_retries(env, work), "answer")
        self.assertEqual(ran, ["work", "hook"])

    def test_codes_when_several_send_to_one_number_at_once(self):
        problems = self._together(*[self._send(order) for order in self.orders])
        self.assertEqual(problems, [])
        with self._environment() as env:
            messages = env["fsm.confirmation"].search([("order_id", "in", self.orders)])
            codes = messages.mapped("code")
            self.assertEqual(len(messages), 4)
            self.assertEqual(len(set(codes)), 4)
            self.assertEqual(codes.count(False), 1)
            for message in messages:
                wanted = f"YES {message.code}" if message.code else "YES to confirm"
                self.assertIn(wanted, message.body)

    def test_one_reply_when_a_webhook_comes_several_times_at_once(self):
        def receive(env):
            env["fsm.confirmation.inbox"]._receive_and_commit_sudo(
                env.ref("base.main_company"),
                {
                    "MessageSid": "SM" + "e" * 32,
                    "From": "+12125550191",
                    "To": OUR_NUMBER,
                    "Body": "hello",
                },
            )

        problems = self._together(*[receive] * 4)
        self.assertEqual(problems, [])
        with self._environment() as env:
            replies = env["fsm.confirmation.reply"].search(
                [("mobile", "=", "+12125550191")]
            )
            self.assertEqual(len(replies), 1)

    def test_texts_of_one_number_are_processed_as_they_came(self):
        """ "No" and then "ok thanks" is no yes, however slow the first one is."""
        with self._environment() as env:
            self._send(self.orders[0])(env)
            question = env["fsm.confirmation"].search(
                [("order_id", "=", self.orders[0])]
            )
            question.write({"state": "delivered", "sent_date": fields.Datetime.now()})
            env.cr.commit()
        order = []

        def receive(letter, body):
            def run(env):
                env["fsm.confirmation.inbox"]._receive_and_commit_sudo(
                    env.ref("base.main_company"),
                    {
                        "MessageSid": "SM" + letter * 32,
                        "From": "+12125550191",
                        "To": OUR_NUMBER,
                        "Body": body,
                    },
                )
                order.append(body)

            return run

        with self._environment() as env:
            # Something that takes long, with a text of this number.
            inbox = env["fsm.confirmation.inbox"]
            with inbox._in_turn("+12125550191"):
                threads = []
                for letter, body in (("a", "No"), ("b", "ok thanks")):
                    threads.append(self._start(receive(letter, body)))
                    self._wait_for_waiting(env, len(threads))
            for thread in threads:
                thread.join(60)
        self.assertEqual(order, ["No", "ok thanks"])
        with self._environment() as env:
            work = env["fsm.order"].browse(self.orders[0])
            self.assertEqual(work.confirmation_status, "declined")
            replies = env["fsm.confirmation.reply"].search(
                [("mobile", "=", "+12125550191")]
            )
            self.assertNotIn("confirmed", replies.mapped("auto_reply_kind"))

    def test_all_forms_of_a_number_have_one_turn(self):
        """Carriers write some countries' numbers in two ways, and channels before."""
        forms = {
            "+525512345678": ["+5215512345678", "whatsapp:+5215512345678"],
            "+5491123456789": ["+541123456789", "+54 9 11 2345-6789"],
            "+5511987654321": ["+551187654321"],
            "+12125550191": ["rcs:+12125550191", "+12125550191\0"],
        }
        for number, written in forms.items():
            with self.subTest(number), self._environment() as env:
                inbox = env["fsm.confirmation.inbox"]
                company = env.ref("base.main_company")
                threads = []
                with inbox._in_turn(number):
                    for form in written:
                        data = {
                            "MessageSid": f"SM{len(threads)}{number[1:]:0>31}",
                            "From": form,
                            "To": OUR_NUMBER,
                            "Body": "hello",
                        }
                        threads.append(self._start(self._receive(company.id, data)))
                        self._wait_for_waiting(env, len(threads))
            for thread in threads:
                thread.join(60)
            with self._environment() as env:
                replies = env["fsm.confirmation.reply"].search(
                    [("mobile", "=", number)]
                )
                self.assertEqual(len(replies), len(written))
                replies.unlink()

    def _receive(self, company_id, data):
        def run(env):
            company = env["res.company"].browse(company_id)
            env["fsm.confirmation.inbox"]._receive_and_commit_sudo(company, data)

        return run

    def _start(self, function):
        def run():
            with self._environment() as env:
                function(env)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    def _wait_for_waiting(self, env, count):
        """Until so many others wait for an advisory lock."""
        for _time in range(600):
            env.cr.execute(
                "SELECT count(*) FROM pg_locks"
                " WHERE locktype = 'advisory' AND NOT granted"
            )
            if env.cr.fetchone()[0] == count:
                return
            time.sleep(0.05)
        self.fail("Nobody waits for the lock.")

    def test_two_workers_share_the_queue(self):
        with self._environment() as env:
            for order in self.orders:
                self._send(order)(env)
        claimed = []

        def claim(env):
            while True:
                # So much is in flight already that only two more fit.
                rows, _pause = env["fsm.confirmation.outbox"]._claim({OUR_NUMBER: 18})
                if not rows:
                    break
                claimed.append(rows.ids)

        problems = self._together(claim, claim)
        self.assertEqual(problems, [])
        taken = [row for rows in claimed for row in rows]
        self.assertEqual(len(taken), len(set(taken)))
        self.assertEqual(len(taken), 4)
        with self._environment() as env:
            env["fsm.confirmation"].browse(taken).write({"state": "canceled"})

    def _make_wizard(self):
        """A Send dialog that is open, as its first click has saved it."""
        with self._environment() as env:
            order_id = self.orders[0]
            return env["fsm.confirmation.send"].create({"order_id": order_id}).id

    def _press_send(self, wizard_id):
        def press(env):
            env["fsm.confirmation.send"].browse(wizard_id).action_send()

        return press

    def _count_sent(self):
        with self._environment() as env:
            return env["fsm.confirmation"].search_count(
                [("order_id", "=", self.orders[0])]
            )

    def test_one_text_when_send_is_pressed_several_times_at_once(self):
        wizard_id = self._make_wizard()
        problems = self._together(*[self._press_send(wizard_id)] * 4)
        # Odoo runs a request again that came too late for its own view of the data.
        for problem in problems:
            self.assertIsInstance(problem, psycopg2.errors.SerializationFailure)
        self.assertEqual(self._count_sent(), 1)

    def test_one_text_when_send_is_pressed_while_the_first_is_at_work(self):
        wizard_id = self._make_wizard()
        with self._environment() as first:
            self._press_send(wizard_id)(first)
            with self._environment() as second:
                # The first has not committed yet: this one must not wait, nor send.
                self._press_send(wizard_id)(second)
        self.assertEqual(self._count_sent(), 1)
        with self._environment() as third:
            self._press_send(wizard_id)(third)
        self.assertEqual(self._count_sent(), 1)

    def test_one_text_when_a_new_date_is_set_twice_at_once(self):
        """By one dialog pressed twice, and by two: the customer gets one text."""
        when = self.holder._local_time("America/New_York", 5, 10)
        with self._environment() as env:
            self._send(self.orders[0])(env)
            asked = env["fsm.order"].browse(self.orders[0]).confirmation_ids
            asked.write(
                {
                    "proposed_date": when,
                    "has_proposed_hour": True,
                    "response": "declined",
                    "state": "delivered",
                    "sent_date": fields.Datetime.now(),
                    "claimed_date": fields.Datetime.now(),
                }
            )
            values = {
                "action": "move",
                "confirmation_id": asked.id,
                "scheduled_date_start": when,
            }
            dialogs = env["fsm.confirmation.settle"].create([values, values]).ids

        def press(dialog_id):
            def run(env):
                dialog = env["fsm.confirmation.settle"].browse(dialog_id)
                commit_with_retries(env, dialog.action_apply)

            return run

        problems = self._together(*map(press, [dialogs[0], *dialogs]))
        for problem in problems:
            self.assertIsInstance(problem, UserError)
        self.assertEqual(self._count_sent(), 2)

    # ------------------------------------------------------------------
    # Notices of change
    # ------------------------------------------------------------------

    def _move_all(self):
        """Every customer was asked; every date has moved, and the news are due."""
        with self._environment() as env:
            company = env.ref("base.main_company")
            names = ["job_confirmation_notice_moved", "job_confirmation_notice_limit"]
            self.before.update(company.read(names)[0])
            company.job_confirmation_notice_moved = "auto"
            company.job_confirmation_notice_limit = 50
            for order_id in self.orders:
                self._send(order_id)(env)
            asked = env["fsm.confirmation"].search([("order_id", "in", self.orders)])
            asked.write({"state": "sent", "sent_date": fields.Datetime.now()})
            for order in env["fsm.order"].browse(self.orders):
                order.scheduled_date_start += timedelta(days=1)
            changes = env["fsm.confirmation.change"].search([])
            changes.write({"due_date": fields.Datetime.now()})
            self.assertEqual(len(changes), len(self.orders))

    def _tell(self, env):
        """What the scheduled action does."""
        changes = env["fsm.confirmation.change"]
        while commit_with_retries(env, changes._tell_due):
            pass

    def _told(self):
        """The Work Orders whose customers were told, and how many still are to be."""
        with self._environment() as env:
            told = env["fsm.confirmation"].search([("tells_change", "=", "moved")])
            left = env["fsm.confirmation.change"].search_count([])
            return sorted(told.mapped("order_id.id")), len(told), left

    def test_two_processes_tell_once(self):
        self._move_all()
        self.assertEqual(self._together(*[self._tell] * 3), [])
        self.assertEqual(self._told(), (sorted(self.orders), 4, 0))

    def test_who_is_killed_while_telling_forgets_and_doubles_nothing(self):
        self._move_all()
        with suppress(psycopg2.Error), mute_logger("odoo.sql_db"):
            with self._environment() as env:
                env.cr.execute("SELECT pg_backend_pid()")
                pid = env.cr.fetchone()[0]
                self.assertEqual(env["fsm.confirmation.change"]._tell_due(), 4)
                env.flush_all()
                with self._environment() as other:
                    other.cr.execute("SELECT pg_terminate_backend(%s)", (pid,))
        self.assertEqual(self._told(), ([], 0, 4))
        self._together(self._tell, self._tell)
        self.assertEqual(self._told(), (sorted(self.orders), 4, 0))

    def test_telling_while_it_moves_again(self):
        """Whoever is first: the customer knows the last date, or is about to."""
        self._move_all()

        def move(env):
            def again():
                order = env["fsm.order"].browse(self.orders[0])
                order.scheduled_date_start += timedelta(days=1)

            commit_with_retries(env, again)

        self.assertEqual(self._together(self._tell, move), [])
        with self._environment() as env:
            order = env["fsm.order"].browse(self.orders[0])
            newest = env["fsm.confirmation"].search(
                [("order_id", "=", order.id)], limit=1
            )
            changes = env["fsm.confirmation.change"]
            if newest.appointment_start != order.scheduled_date_start:
                self.assertTrue(changes.search([("order_id", "=", order.id)]))

    # ------------------------------------------------------------------
    # The page of an e-mail
    # ------------------------------------------------------------------

    def test_yes_and_no_on_the_page_at_once(self):
        with self._environment() as env:
            order = env["fsm.order"].browse(self.orders[0])
            order.location_id.owner_id.write({"phone": False, "email": "a@example.com"})
            dialog = env["fsm.confirmation.send"].create(
                {"order_id": order.id, "channel": "email"}
            )
            dialog.action_send()
            record = dialog.sudo().confirmation_id
            token = re.search(r"/answer/([\w-]{43})\?", record.mail_id.body_html)[1]
            record_id = record.id

        def press(answer):
            def run(env):
                pages = env["fsm.confirmation.page"]
                commit_with_retries(
                    env, lambda: pages._answer(pages._find_sudo(token), answer)
                )

            return run

        problems = self._together(*map(press, ("yes", "no", "yes", "no")))
        self.assertEqual(problems, [])
        with self._environment() as env:
            record = env["fsm.confirmation"].browse(record_id)
            [reply] = record.reply_ids
            expected = {"confirm": "confirmed", "decline": "declined"}[reply.intent]
            self.assertEqual(record.response, expected)
            self.assertEqual(record.order_id.confirmation_status, expected)
            self.assertEqual(record.closed_reason, "answered")

    # ------------------------------------------------------------------
    # The planner
    # ------------------------------------------------------------------

    def _switch_on_plan(self):
        """A plan by which all of the Work Orders are due now."""
        with self._environment() as env:
            company = env.ref("base.main_company")
            self.before["job_confirmation_daily_limit"] = 3
            company.job_confirmation_daily_limit = 9
            plan = env["fsm.confirmation.plan"].create(
                {
                    "name": "Concurrent",
                    "company_id": company.id,
                    "enabled": True,
                    "step_ids": [(0, 0, {"unit": "hours", "number": 200})],
                }
            )
            self.records.append((plan._name, plan.id))

    def _plan(self, env):
        company = env.ref("base.main_company")
        while env["fsm.confirmation.planner"]._run_batch(company):
            pass

    def _planned(self):
        with self._environment() as env:
            texts = env["fsm.confirmation"].search([("step_id", "!=", False)])
            return sorted(texts.order_id.ids), len(texts)

    def test_several_planners_ask_each_customer_once(self):
        self._switch_on_plan()
        self.assertEqual(self._together(*[self._plan] * 3), [])
        self.assertEqual(self._planned(), (sorted(self.orders), 4))

    def test_a_planner_that_is_killed_loses_and_doubles_nothing(self):
        self._switch_on_plan()
        with suppress(psycopg2.Error), mute_logger("odoo.sql_db"):
            with self._environment() as env:
                env.cr.execute("SELECT pg_backend_pid()")
                pid = env.cr.fetchone()[0]
                company = env.ref("base.main_company")
                planner = env["fsm.confirmation.planner"]
                # They are one customer's: the fourth is asked in the same text.
                self.assertEqual(planner._plan_batch(company, limit=3), 4)
                env.flush_all()
                with self._environment() as other:
                    other.cr.execute("SELECT pg_terminate_backend(%s)", (pid,))
        self.assertEqual(self._planned(), ([], 0))
        with self._environment() as env:
            self._plan(env)
        self.assertEqual(self._planned(), (sorted(self.orders), 4))

    # ------------------------------------------------------------------
    # Customers to call
    # ------------------------------------------------------------------

    def _list_calls(self, env):
        env["fsm.confirmation.call.list"]._cron_list()

    def _find_lists(self, env):
        company = env.ref("base.main_company")
        return env["fsm.confirmation.call.list"].search(
            [("company_id", "=", company.id)]
        )

    def _remove_lists(self):
        with self._environment() as env:
            self._find_lists(env).unlink()

    def test_several_planners_make_one_task(self):
        self._switch_on_plan()
        self.addCleanup(self._remove_lists)
        with self._environment() as env:
            plans = env["fsm.confirmation.plan"].search([("enabled", "=", True)])
            plans.call_hours = 7 * 24
            # Who can't be texted is to be called.
            env["res.partner"].search([("name", "=", "Concurrent")]).phone = False
            self._plan(env)
        self.assertEqual(self._together(*[self._list_calls] * 3), [])
        with self._environment() as env:
            row = self._find_lists(env)
            self.assertEqual(sorted(row.order_ids.ids), sorted(self.orders))
            self.assertEqual(len(row.activity_ids), 1)
            env["fsm.confirmation.plan"].search(
                [("enabled", "=", True)]
            ).enabled = False
        self.assertEqual(self._together(*[self._list_calls] * 3), [])
        with self._environment() as env:
            self.assertFalse(self._find_lists(env).activity_ids)
