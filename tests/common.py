# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Records, people and a real Twilio simulator for the tests."""

import importlib.util
import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytz

from odoo import Command, fields
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tests.common import new_test_user

from ..controllers.twilio import JobConfirmationTwilio
from ..core.delivery import Report, after_rejection
from ..core.twilio.client import API_URL_VARIABLE

DEV = Path(__file__).resolve().parents[1] / "dev"
OUR_NUMBER = "+12025550100"
MODULE = "fieldservice_job_confirmation"
# Where it stands that a call of a webhook was refused.
WEBHOOK_LOG = f"odoo.addons.{MODULE}.controllers.twilio"
QUIET = {"no_reset_password": True, "tracking_disable": True}
SIMULATORS = "JOB_CONFIRMATION_SIMULATORS"  # addresses, one for each test process
# Of a day's customers, for what counts them.
STATUSES = (*["confirmed"] * 3, "awaiting", "no_answer", "declined", "not_sent")
LEVELS = {
    "admin": f"{MODULE}.group_message_center_admin",
    "edit": f"{MODULE}.group_message_center_edit",
    "read": f"{MODULE}.group_message_center_read",
    "none": None,
}


def load_migration(version, name):
    """The module of one of the addon's migration scripts."""
    path = DEV.parent / "migrations" / version / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name.replace("-", "_"), path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def new_user(env, login, companies=None, **values):
    """A user whom nobody invites by e-mail: writing that takes half of the time.

    :param companies: those that the user may see, the first one their own
    """
    if companies:
        values["company_id"] = companies[0].id
        values["company_ids"] = [Command.set(companies.ids)]
    return new_test_user(env, login, context=QUIET, **values).with_env(env)


def simulator_module():
    """The simulator's package, which lives beside the addon's own code."""
    if str(DEV) not in sys.path:
        sys.path.insert(0, str(DEV))
    import twilio_simulator

    return twilio_simulator


class ConfirmationCase:
    """A company that is ready to send, a customer, a Work Order for tomorrow."""

    @classmethod
    def _set_up_confirmation(cls):
        cls.simulator = simulator_module()
        parameters = cls.env["ir.config_parameter"].sudo()
        parameters.set_param("web.base.url.freeze", "True")
        # Tests run at any hour.
        parameters.set_param("job_confirmation.texting_hours", "0-24")
        # Field service's own stages belong to the first company only.
        cls.env["fsm.stage"].search([]).write({"company_id": False})
        cls.company = cls._make_company("Acme Services")
        cls.env.user.company_ids |= cls.company
        cls.env = cls.env(
            context=dict(cls.env.context, allowed_company_ids=cls.company.ids)
        )
        cls.technician = cls.env["fsm.person"].create({"name": "Bob Ray"})
        cls.customer = cls._make_contact("Maria Gomez", "+12125550123")
        cls.location = cls._make_location(cls.customer)
        cls.start = cls._local_time("America/New_York", days=2, hour=9)
        cls.order = cls._make_order()
        cls.users = cls._make_users()
        cls.dispatcher = cls.users["edit"]

    @classmethod
    def _make_users(cls):
        """A user of each level; one by one they would take more than twice as long."""
        values = []
        for level, group in LEVELS.items():
            names = [
                "base.group_user",
                "base.group_allow_export",
                "fieldservice.group_fsm_user",
                *filter(None, [group]),
            ]
            login = f"mc_test_{level}"
            values.append(
                {
                    "name": f"{login} ({','.join(names)})",
                    "login": login,
                    "password": login,
                    "email": "m.m@example.com",
                    "group_ids": [
                        Command.set([cls.env.ref(name).id for name in names])
                    ],
                    "company_id": cls.company.id,
                    "company_ids": [Command.set(cls.company.ids)],
                    "tz": "America/New_York",
                }
            )
        users = cls.env["res.users"].with_context(**QUIET).create(values)
        return {
            level: cls.env["res.users"].browse(user_id)
            for level, user_id in zip(LEVELS, users.ids, strict=True)
        }

    @classmethod
    def _make_company(cls, name, number=OUR_NUMBER, **values):
        simulator = simulator_module()
        country = cls.env.ref("base.us")
        company = cls.env["res.company"].create(
            {
                "name": name,
                "country_id": country.id,
                "sms_provider": "twilio",
                "sms_twilio_account_sid": simulator.DEFAULT_ACCOUNT_SID,
                "sms_twilio_auth_token": simulator.DEFAULT_AUTH_TOKEN,
                "job_confirmation_enabled": True,
                # A person reads what is unclear at once, without the usual pause.
                "job_confirmation_read_minutes": 0,
                **values,
            }
        )
        cls.env["sms.twilio.number"].create(
            {"company_id": company.id, "number": number, "country_id": country.id}
        )
        cls.env["fsm.team"].create({"name": f"Team {name}", "company_id": company.id})
        return company

    @classmethod
    def _make_contact(cls, name, phone, **values):
        return cls.env["res.partner"].create(
            {
                "name": name,
                "phone": phone,
                "country_id": cls.env.ref("base.us").id,
                "lang": "en_US",
                **values,
            }
        )

    @classmethod
    def _make_location(cls, contact, tz="America/New_York", **values):
        return cls.env["fsm.location"].create(
            {
                "name": f"Home of {contact.name}",
                "owner_id": contact.id,
                "contact_id": contact.id,
                "street": "12 Main St",
                "city": "Springfield",
                "tz": tz,
                **values,
            }
        )

    @classmethod
    def _make_order(cls, start=None, hours=2.0, **values):
        return cls.env["fsm.order"].create(
            {
                "location_id": cls.location.id,
                "company_id": cls.company.id,
                "person_id": cls.technician.id,
                "scheduled_date_start": start or cls.start,
                "scheduled_duration": hours,
                **values,
            }
        )

    @classmethod
    def _make_asked(cls, status, start):
        """An appointment whose customer was asked two days earlier."""
        order = cls._make_order(start)
        sent = start - timedelta(days=2)
        answered = status in ("confirmed", "declined")
        cls.env["fsm.confirmation"].create(
            {
                "order_id": order.id,
                "partner_id": cls.customer.id,
                "company_id": cls.company.id,
                "appointment_start": start,
                "appointment_end": order.scheduled_date_end,
                "mobile": cls.customer._phone_format(),
                "body": "Will it suit you?",
                "is_open": False,
                "state": "failed" if status == "not_sent" else "delivered",
                "sent_date": sent,
                "response": status if answered else False,
                "reply_date": answered and sent + timedelta(hours=3),
            }
        )
        order._set_confirmation_status_sudo(status)

    @property
    def outbox(self):
        return self.env["fsm.confirmation.outbox"]

    @property
    def deliveries(self):
        return self.env["fsm.confirmation.delivery"]

    def _apply_report(self, record, status, **values):
        """Twilio reports on a text; see :class:`~...core.delivery.Report`."""
        self.deliveries._apply_report(record.sudo(), Report(status, **values))

    def _apply_rejection(self, record, code, reason):
        """Twilio refuses a text."""
        step = after_rejection(record.attempt_count, code, reason)
        self.deliveries._make_transition(record.sudo(), step)

    def _resolve(self, record, response, reason=""):
        """The dispatcher corrects a response by hand."""
        record = record.with_user(self.dispatcher)
        record.env["fsm.confirmation.response"]._resolve(record, response, reason)

    @classmethod
    def _make_visit(cls, order, days, **values):
        start = cls.start + timedelta(days=days)
        return cls.env["fsm.visit"].create(
            {
                "order_id": order.id,
                "scheduled_date_start": start,
                "scheduled_date_end": start + timedelta(hours=1),
                **values,
            }
        )

    @staticmethod
    def _local_time(zone, days, hour, minute=0):
        """A naive UTC datetime some days ahead at a local hour."""
        local = datetime.now(pytz.timezone(zone)) + timedelta(days=days)
        naive = local.replace(
            hour=hour, minute=minute, second=0, microsecond=0, tzinfo=None
        )
        aware = pytz.timezone(zone).localize(naive)
        return aware.astimezone(pytz.utc).replace(tzinfo=None)

    def _wizard(self, order=None, user=None, **values):
        user = user or self.dispatcher
        wizards = (
            self.env["fsm.confirmation.send"]
            .with_user(user)
            .with_context(allowed_company_ids=user.company_ids.ids)
        )
        return wizards.create({"order_id": (order or self.order).id, **values})

    def _send(self, order=None, user=None, **values):
        """Press Send; the text is recorded, not handed to Twilio."""
        known = self.env["fsm.confirmation"].search([])
        self._wizard(order, user, **values).action_send()
        return self.env["fsm.confirmation"].search([]) - known

    def _let_a_moment_pass(self):
        """Have all that was said so far lie further back: no two things are said in one
        second, as it would often be here."""
        self.env.flush_all()
        columns = {
            "fsm_confirmation": ("claimed_date", "resolved_date", "sent_date"),
            "fsm_confirmation_reply": ("received_date",),
        }
        for table, names in columns.items():
            moved = ", ".join(f"{name} = {name} - interval '2 s'" for name in names)
            # pylint: disable-next=sql-injection
            self.env.cr.execute(f"UPDATE {table} SET {moved}")
        self.env.invalidate_all()

    def _history(self, record):
        """All notes of a record as one text."""
        return "\n".join(record.message_ids.mapped("body"))

    def _pass_time(self, confirmations, **delta):
        """Have the appointment of messages lie further in the past."""
        for record in confirmations:
            moment = fields.Datetime.now() - timedelta(**delta)
            self.env.cr.execute(
                "UPDATE fsm_confirmation SET appointment_start = %s,"
                " appointment_end = %s WHERE id = %s",
                (moment, moment, record.id),
            )
            table = "fsm_visit" if record.visit_id else "fsm_order"
            appointment = record.visit_id or record.order_id
            self.env.cr.execute(
                f"UPDATE {table} SET scheduled_date_start = %s,"
                " scheduled_date_end = %s WHERE id = %s",
                (moment, moment, appointment.id),
            )
        self.env.invalidate_all()


@tagged("post_install", "-at_install")
class ConfirmationTransactionCase(ConfirmationCase, TransactionCase):
    """Without HTTP: replies are handed in as the controller does after its check."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_confirmation()
        cls.counter = 0

    def _reply(self, body, number=None, recipient=OUR_NUMBER, company=None, **data):
        """A verified inbound text; returns the reply. What was recorded has left."""
        type(self).counter += 1
        self._let_a_moment_pass()
        waiting = self.env["fsm.confirmation"].search([("state", "=", "outgoing")])
        waiting.sudo().write({"state": "sent", "sent_date": fields.Datetime.now()})
        reply = self.env["fsm.confirmation.inbox"]._receive_sudo(
            (company or self.company).sudo(),
            {
                "MessageSid": data.pop("sid", f"SM{self.counter:032x}"),
                "From": number or self.customer._phone_format(),
                "To": recipient,
                "Body": body,
                **data,
            },
        )
        self._let_a_moment_pass()
        return reply

    def _mark_sent(self, confirmations):
        for record in confirmations:
            self._apply_report(record, "delivered", sid=f"SM{record.id:032d}")


@tagged("post_install", "-at_install")
class ConfirmationHttpCase(ConfirmationCase, HttpCase):
    """With a real simulator of Twilio in a process of its own, and real webhooks."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._set_up_confirmation()
        cls.twilio = cls._get_simulator()
        previous = os.environ.get(API_URL_VARIABLE)
        os.environ[API_URL_VARIABLE] = cls.twilio.url
        cls.addClassCleanup(cls._restore_environment, previous)

    @classmethod
    def _get_simulator(cls):
        """The one of this test process, if ``dev/test`` started some; else our own."""
        addresses = os.environ.get(SIMULATORS, "").split()
        number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:])
        if number >= len(addresses):
            return cls.enterClassContext(cls.simulator.SimulatorProcess())
        simulator = cls.simulator.SimulatorClient(addresses[number])
        # Nothing that is under way reaches the next class.
        cls.addClassCleanup(simulator.reset)
        return simulator

    @staticmethod
    def _restore_environment(previous):
        if previous is None:
            os.environ.pop(API_URL_VARIABLE, None)
        else:
            os.environ[API_URL_VARIABLE] = previous

    def setUp(self):
        super().setUp()
        base = self.base_url()
        self.env["ir.config_parameter"].sudo().set_param("web.base.url", base)
        self.twilio.reset()
        self.twilio.configure(delay=0)
        self.twilio.set_number(
            OUR_NUMBER, sms_url=base + JobConfirmationTwilio.INBOUND_URL
        )

    def _run_outbox(self):
        """What the cron does, and Twilio's delivery reports after it."""
        self._run_cron("ir_cron_send_confirmations")

    def _run_cron(self, name):
        """Run one of the addon's scheduled actions, and what Twilio does after it."""
        self.env.flush_all()
        cron = self.env.ref(f"{MODULE}.{name}")
        # Reports that come meanwhile wait until this thread lets go of the cursor.
        self.http_request_allow_all = True
        cron.with_user(self.env.ref("base.user_root")).method_direct_trigger()
        with self.allow_requests(all_requests=True):
            self.assertTrue(self.twilio.wait(20))
        self.env.invalidate_all()

    def _age_claims(self, confirmations, **delta):
        """Have calls to Twilio lie further in the past."""
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE fsm_confirmation SET claimed_date = claimed_date - %s"
            " WHERE id = ANY(%s)",
            (timedelta(**delta), confirmations.ids),
        )
        self.env.invalidate_all()

    def _customer_says(self, body, number=None, to=OUR_NUMBER, **options):
        """The customer answers on the phone; returns what the simulator saw."""
        self._let_a_moment_pass()
        with self.allow_requests(all_requests=True):
            result = self.twilio.inbound(
                number or self.customer._phone_format(), body, to=to, **options
            )
        self._let_a_moment_pass()
        return result

    def _twilio_reports(self, record, status, **options):
        """One delivery report by hand."""
        self.env.flush_all()
        with self.allow_requests(all_requests=True):
            result = self.twilio.status(record.twilio_sid, status, **options)
        self.env.invalidate_all()
        return result
