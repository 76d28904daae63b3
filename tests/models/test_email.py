# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Who can't be texted is asked by e-mail."""

import email
from datetime import timedelta

from odoo.exceptions import AccessError, UserError
from odoo.tools import mute_logger

from ..common import LEVELS, ConfirmationTransactionCase, new_user

ADDRESS = "ana@example.com"
EMAIL_REPLY = """From: {sender}
To: office@example.com
Subject: Re: please confirm your appointment
Message-Id: <{number}@example.com>
In-Reply-To: {reference}
References: {reference}
Content-Type: text/plain; charset=utf-8

{words}

> On Monday Acme Services wrote:
> Can you make it?
"""
BOUNCE = """From: MAILER-DAEMON@example.com
To: office@example.com
Subject: Undelivered Mail
Message-Id: <bounce@example.com>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="part"

--part
Content-Type: text/plain; charset=utf-8

No such mailbox.

--part
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; {address}
Action: failed
Status: 5.1.1

--part
Content-Type: message/rfc822

From: office@example.com
To: {address}
Message-Id: {reference}
Subject: Please confirm your appointment

Can you make it?

--part--
"""


class EmailCase(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.contact = cls._make_contact(
            "Ana Ruiz", False, email="Ana <ANA@example.com>"
        )
        cls.order = cls._make_order(location_id=cls._make_location(cls.contact).id)

    def _codes(self, wizard):
        return [alert["code"] for alert in wizard.alerts]

    def _ask(self, order=None, **values):
        """Press Ask by e-mail, then Send."""
        wizard = self._wizard(order, **values)
        self.assertFalse(wizard.action_resolve_alert("ask_by_email"))
        wizard.action_refresh()
        wizard.action_send()
        return wizard.sudo().confirmation_id

    def _queue(self, record, **values):
        """What Odoo's mail queue did with the mail, and that it is recorded."""
        # Odoo sends nothing while it is tested.
        record.sudo().mail_id.write(values or {"state": "sent"})
        emails = self.env["fsm.confirmation.email"]
        self.env.flush_all()
        for record_sudo in emails._find_unsettled_sudo():
            emails._record_outcome(record_sudo)
        self.env.invalidate_all()


class TestDialog(EmailCase):
    def test_one_click_asks_by_email(self):
        wizard = self._wizard()
        self.assertEqual(self._codes(wizard), ["number_missing"])
        self.assertEqual(wizard.alerts[0]["actions"][0]["key"], "ask_by_email")
        wizard.action_resolve_alert("ask_by_email")
        wizard.action_refresh()
        self.assertFalse(wizard.alerts)
        self.assertEqual(wizard.email, ADDRESS)
        self.assertFalse(wizard.segment_info)
        self.assertIn(self.order.name, wizard.body)
        self.assertNotIn("Reply", wizard.body)
        self.assertNotIn("STOP", wizard.body)
        wizard.action_send()
        record = wizard.sudo().confirmation_id
        self.assertEqual(
            (record.channel, record.email, record.mobile, record.state),
            ("email", ADDRESS, False, "outgoing"),
        )
        self.assertEqual((record.kind, record.is_open), ("question", True))
        self.assertEqual(record.body, wizard.body)
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self.assertFalse(record.code or record.segment_count or record.sender)
        for target in (self.order, self.contact):
            self.assertIn(f"E-mail to Ana Ruiz ({ADDRESS})", self._history(target))
        self.assertEqual(record.mobile_display, ADDRESS)

    def test_the_mail(self):
        record = self._ask().sudo()
        mail = record.mail_id
        self.assertEqual(mail.state, "outgoing")
        self.assertEqual(mail.email_to, f'"Ana Ruiz" <{ADDRESS}>')
        self.assertIn(self.company.name, mail.subject)
        self.assertIn(self.order.name, mail.body_html)
        for answer in ("yes", "no"):
            self.assertRegex(
                mail.body_html,
                rf"/job_confirmation/answer/[\w-]{{43}}\?answer={answer}",
            )
        # The links are the customer's alone.
        self.assertFalse(mail.mail_message_id.body)
        self.assertNotIn("/answer/", self._history(self.order))
        self.assertNotIn("/answer/", self._history(record))
        self.assertRegex(record.answer_key, "^[0-9a-f]{64}$")
        self.assertNotIn(record.answer_key, mail.body_html)

    def test_the_preview_is_the_mail(self):
        wizard = self._wizard(channel="email")
        for words in (self.order.name, "Yes, I confirm", "No, I can't make it"):
            self.assertIn(words, wizard.email_body)
        self.assertNotIn("/answer/", wizard.email_body)
        subject = wizard.email_subject
        wizard.action_send()
        self.assertEqual(wizard.sudo().confirmation_id.mail_id.subject, subject)
        self.assertFalse(self._wizard().email_body)

    def test_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.contact.lang = "fr_FR"
        record = self._ask()
        self.assertEqual(record.lang, self.contact.lang)
        self.assertEqual(record.body, self._wizard(channel="email").body)

    def test_it_leaves_by_the_mail_queue_alone(self):
        record = self._ask()
        text = self._send(self._make_order(location_id=self.location.id))
        claimed, _pause = self.outbox._claim_now({}, None)
        self.assertIn(text, claimed)
        self.assertNotIn(record, claimed)
        self.assertEqual(record.state, "outgoing")
        self._queue(record)
        self.assertEqual(record.state, "sent")
        self.assertTrue(record.sent_date)
        self.assertFalse(record.sudo().mail_id, "its token is gone with it")
        self.assertEqual(record.indicator, "awaiting")
        self.assertIn("Sent", self._history(self.order))

    @mute_logger("odoo.addons.mail.models.mail_mail")
    def test_a_failure_has_its_reason(self):
        record = self._ask()
        self._queue(record, state="exception", failure_reason="Connection\nrefused")
        self.assertEqual((record.state, record.failure_type), ("failed", "email"))
        self.assertIn("Connection refused", record.failure_reason)
        self.assertEqual(self.order.confirmation_status, "not_sent")
        self.assertTrue(record.can_send_again)
        # Sent again in Odoo's list of e-mails.
        self._queue(record, state="sent")
        self.assertEqual((record.state, record.is_open), ("sent", True))
        self.assertEqual(self.order.confirmation_status, "awaiting")

    def test_a_bounce_is_a_failure(self):
        record = self._ask().sudo()
        self._queue(record)
        message = self.env["mail.message"].search(
            [("model", "=", record._name), ("res_id", "=", record.id)]
        )
        self.assertTrue(message)
        bounce = email.message.EmailMessage()
        self.env["mail.thread"]._routing_handle_bounce(
            bounce,
            {
                "bounced_email": ADDRESS,
                "bounced_partner": self.contact,
                "bounced_msg_ids": [message[0].message_id],
                "bounced_message": message[0],
                "email_from": "",
                "to": "",
                "message_id": "",
            },
        )
        self.assertEqual((record.state, record.failure_type), ("failed", "email"))
        self.assertIn("returned", record.failure_reason)
        self.assertFalse(record.is_open)
        self.assertEqual(self.order.confirmation_status, "not_sent")

    def test_a_reply_by_email_is_read_by_a_person(self):
        record = self._ask()
        message_id = record.sudo().mail_id.message_id
        self._queue(record)
        replies = (
            ("Ana <ana@example.com>", "Could you come at 4 pm?"),
            ("leo@example.com", "Yes we will be there"),
        )
        for number, (sender, words) in enumerate(replies):
            mail = EMAIL_REPLY.format(
                number=number, sender=sender, words=words, reference=message_id
            )
            self.env["mail.thread"].message_process(False, mail)
            self.env.invalidate_all()
            self.assertTrue(record.needs_reading)
            self.assertTrue(record.activity_id)
            self.assertFalse(record.response)
            self.assertTrue(record.is_open)
            self.assertIn(words, record.reply_body)
            self.assertNotIn("Can you make it", record.reply_body)
            events = record.with_user(self.dispatcher).get_conversation()["events"]
            self.assertIn(words, events[-1]["text"])
            for target in (self.order, self.contact):
                self.assertIn(words, self._history(target))
            row = self.env["fsm.appointment"].with_user(self.dispatcher)
            row = row.search([("order_id", "=", self.order.id)])
            self.assertEqual(row.board_state, "to_read")
            self.assertIn(words, row.remark)
        self.assertEqual(record.reply_body, "leo@example.com: Yes we will be there")
        record.with_user(self.dispatcher).action_mark_read()
        self.assertFalse(record.needs_reading)
        forged = {"body": "Yes", "email_from": ADDRESS}
        for user in self.users.values():
            record.with_user(user).message_update(forged)
        self.assertEqual(len(record.reply_ids), 2)
        self.assertFalse(record.needs_reading)

    def _hand_in(self, user, mail, model=False, **options):
        """As any user can by RPC."""
        threads = self.env["mail.thread"].with_user(user)
        context = options.pop("context", {})
        with mute_logger("odoo.addons.mail.models.mail_thread"):
            threads.with_context(**context).message_process(model, mail, **options)

    def test_no_user_hands_in_what_nobody_sent(self):
        record = self._ask()
        message_id = record.sudo().mail_id.message_id
        self._queue(record)
        values = {"number": 1, "sender": ADDRESS, "words": "No, cancel everything"}
        forged = EMAIL_REPLY.format(reference="<none@example.com>", **values)
        reply = EMAIL_REPLY.format(reference=message_id, **values)
        visit = self._make_visit(self.order, 3)
        status = {"confirmation_status": "confirmed"}
        defaults = {f"default_{name}": value for name, value in status.items()}
        created = {"order_id": self.order.id, **status}
        attempts = (
            (reply, False, {}),
            (forged, record._name, {"thread_id": record.id}),
            (forged, record._name, {"custom_values": {"order_id": self.order.id}}),
            (forged, record._name, {}),
            (forged, visit._name, {"thread_id": visit.id}),
            (forged, visit._name, {"custom_values": created}),
            (forged, visit._name, {"context": {**defaults, "uid": 1, "su": True}}),
            (forged, "fsm.confirmation.call.list", {}),
            (forged, "fsm.confirmation.sender", {}),
            (forged, "fsm.order", {"custom_values": status}),
            (forged, "phone.blacklist", {}),
        )
        models = [record._name, visit._name, "fsm.confirmation.reply"]
        models += ["mail.message", "fsm.order", "phone.blacklist"]
        counts = [self.env[name].search_count([]) for name in models]
        for user in self.users.values():
            for mail, model, options in attempts:
                with self.subTest(user=user.login, model=model, options=options):
                    with self.assertRaises(AccessError):
                        self._hand_in(user, mail, model, **options)
        self.assertEqual(counts, [self.env[name].search_count([]) for name in models])
        self.assertFalse(record.needs_reading or record.activity_id)

    def test_no_user_says_that_an_email_came_back(self):
        record = self._ask()
        message_id = record.sudo().mail_id.message_id
        self._queue(record)
        bounce = BOUNCE.format(address=ADDRESS, reference=message_id)
        # Odoo finds the e-mail that came back for those alone who may read it.
        with self.assertRaises(AccessError):
            self._hand_in(self.dispatcher, bounce)
        for user in set(self.users.values()) - {self.dispatcher}:
            self._hand_in(user, bounce)
        self.assertEqual((record.state, record.is_open), ("sent", True))
        self._hand_in(self.env.ref("base.user_root"), bounce)
        self.assertEqual((record.state, record.is_open), ("failed", False))

    def test_the_script_of_a_mail_server_logs_in_as_administrator(self):
        record = self._ask()
        message_id = record.sudo().mail_id.message_id
        self._queue(record)
        system = new_user(self.env, "mail_script", groups="base.group_system")
        reply = EMAIL_REPLY.format(
            number=1, sender=ADDRESS, words="At 4 pm?", reference=message_id
        )
        self._hand_in(system, reply)
        self.assertEqual(record.reply_body, "At 4 pm?")
        # Who isn't the gateway hands in what goes elsewhere, as Odoo has it.
        note = EMAIL_REPLY.format(
            number=2, sender="leo@example.com", words="Hello", reference="<a@b.com>"
        )
        target = {"thread_id": self.contact.id, "context": {"default_lang": "xx"}}
        self._hand_in(self.dispatcher, note, "res.partner", **target)
        self.assertIn("Hello", self._history(self.contact))

    def test_what_waits_is_canceled_with_its_question(self):
        record = self._ask().sudo()
        self.order.scheduled_date_start = self._local_time("America/New_York", 5, 9)
        self.assertEqual((record.state, record.is_open), ("canceled", False))
        self.assertEqual(record.mail_id.state, "cancel")

    def test_a_mail_that_is_gone(self):
        record = self._ask().sudo()
        record.mail_id.unlink()
        self._queue(record, state="cancel")
        self.assertEqual((record.state, record.is_open), ("canceled", False))
        self.assertEqual(self.order.confirmation_status, "not_sent")

    def test_who_has_no_address_is_not_offered_it(self):
        self.contact.email = "ana at example"
        wizard = self._wizard()
        self.assertNotIn("ask_by_email", str(wizard.alerts))
        with self.assertRaises(UserError):
            wizard.action_resolve_alert("ask_by_email")
        wizard = self._wizard(channel="email")
        self.assertEqual(self._codes(wizard), ["email_missing"])
        with self.assertRaises(UserError):
            wizard.action_send()

    def test_the_blacklist_always_refuses(self):
        self.env["mail.blacklist"]._add(ADDRESS)
        self.company.job_confirmation_email = "always"
        wizard = self._wizard(channel="email")
        self.assertEqual(self._codes(wizard), ["email_refused"])
        with self.assertRaises(UserError):
            wizard.action_send()

    def test_switched_off(self):
        self.company.job_confirmation_email = "never"
        self.assertNotIn("ask_by_email", str(self._wizard().alerts))
        wizard = self._wizard(channel="email")
        self.assertEqual(self._codes(wizard), ["email_off"])

    def test_an_opt_out_is_about_texts(self):
        self.contact.phone = "+12125550177"
        self.env["phone.blacklist"].sudo()._add(["+12125550177"])
        wizard = self._wizard()
        self.assertEqual(self._codes(wizard), ["opted_out"])
        wizard.action_resolve_alert("ask_by_email")
        wizard.action_refresh()
        [alert] = wizard.alerts
        self.assertEqual((alert["code"], alert["level"]), ("texts_refused", "warn"))
        wizard.action_send()
        self.assertEqual(wizard.sudo().confirmation_id.channel, "email")

    def test_it_needs_no_twilio(self):
        self.company.sms_twilio_account_sid = False
        self.assertEqual(self._ask().channel, "email")

    def test_another_contact_is_texted(self):
        wizard = self._wizard(channel="email")
        other = self._make_contact("Leo", "+12125550188", parent_id=self.contact.id)
        wizard.partner_id = other
        self.assertEqual(wizard.channel, "sms")

    def test_both_ways_have_one_answer(self):
        by_email = self._ask()
        self.contact.phone = "+12125550166"
        text = self._send()
        self.assertTrue(text.is_open and by_email.is_open)
        self._reply("Yes", "+12125550166")
        self.assertEqual(text.response, "confirmed")
        self.assertEqual(by_email.closed_reason, "replaced")
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_the_newer_email_replaces_the_older_one(self):
        first = self._ask()
        wizard = self._wizard(channel="email")
        self.assertEqual(self._codes(wizard), ["asked"])
        wizard.action_send()
        self.assertEqual(first.closed_reason, "replaced")

    def test_one_conversation(self):
        record = self._ask()
        self.contact.phone = "+12125550166"
        text = self._send()
        for current in (record, text):
            names = {
                event["name"]
                for event in current.get_conversation()["events"]
                if event["kind"] == "sent"
            }
            self.assertEqual(names, {record.name, text.name})

    def test_unsubscribed_by_hand_has_no_number(self):
        record = self._ask()
        with self.assertRaises(UserError):
            self._resolve(record, "opted_out")

    def test_levels(self):
        for level in ("read", "none"):
            with self.assertRaises(AccessError):
                self._wizard(user=self.users[level], channel="email")
        record = self._ask()
        for level in LEVELS:
            if level == "none":
                continue
            seen = record.with_user(self.users[level])
            self.assertEqual(seen.email, ADDRESS)
            for name in ("answer_key", "mail_id"):
                with self.assertRaises(AccessError):
                    seen.read([name])
                with self.assertRaises(AccessError):
                    seen.search([(name, "!=", False)])
        with self.assertRaises(AccessError):
            record.with_user(self.users["none"]).read(["email"])
        with self.assertRaises(AccessError):
            record.with_user(self.users["admin"]).write({"channel": "sms"})


class TestMany(EmailCase):
    def _batch(self, orders):
        wizards = self.env["fsm.confirmation.batch"].with_user(self.dispatcher)
        return wizards.with_context(
            allowed_company_ids=self.company.ids,
            active_model="fsm.order",
            active_ids=orders.ids,
        ).create({})

    def test_the_batch_asks_by_email_when_a_person_says_so(self):
        textable = self._make_order(
            location_id=self.location.id,
            start=self._local_time("America/New_York", 4, 9),
        )
        wizard = self._batch(self.order | textable)
        self.assertTrue(wizard.can_email)
        self.assertFalse(wizard.by_email)
        self.assertEqual((wizard.ready_count, wizard.skipped_count), (1, 1))
        wizard.by_email = True
        self.assertEqual((wizard.ready_count, wizard.email_count), (2, 1))
        wizard.action_send()
        sent = wizard.sudo().confirmation_ids
        self.assertEqual(set(sent.mapped("channel")), {"sms", "email"})
        self.assertTrue(sent.filtered("email").mail_id)

    def test_the_batch_by_itself(self):
        self.company.job_confirmation_email = "always"
        wizard = self._batch(self.order)
        self.assertTrue(wizard.by_email)
        self.assertEqual(wizard.email_count, 1)

    def test_no_batch_writes_to_who_opted_out(self):
        self.company.job_confirmation_email = "always"
        self.contact.phone = "+12125550177"
        self.env["phone.blacklist"].sudo()._add(["+12125550177"])
        wizard = self._batch(self.order)
        self.assertEqual((wizard.ready_count, wizard.can_email), (0, False))

    def _plan(self):
        self.env["fsm.confirmation.plan"].create(
            {
                "name": "Soon",
                "company_id": self.company.id,
                "enabled": True,
                "step_ids": [(0, 0, {"unit": "hours", "number": 72})],
            }
        )
        self.env["fsm.confirmation.planner"]._plan_batch(self.company)
        return self.env["fsm.confirmation"].search([("order_id", "=", self.order.id)])

    def test_a_plan_asks_by_email_only_where_that_is_chosen(self):
        self.assertFalse(self._plan())

    def test_a_plan_asks_by_email(self):
        self.company.job_confirmation_email = "always"
        record = self._plan()
        self.assertEqual((record.channel, record.email), ("email", ADDRESS))
        self.assertTrue(record.step_id)
        self.assertEqual(record.sudo().mail_id.state, "outgoing")

    def test_the_board_offers_it(self):
        self.env.flush_all()
        appointment = (
            self.env["fsm.appointment"]
            .with_user(self.dispatcher)
            .search([("order_id", "=", self.order.id)])
        )
        self.assertIn("ask_by_email", [step["key"] for step in appointment.next_steps])
        action = appointment.action_next_step("ask_by_email")
        wizards = self.env["fsm.confirmation.send"].with_user(self.dispatcher)
        wizard = wizards.with_context(**action["context"]).create({})
        self.assertEqual(wizard.channel, "email")
        wizard.action_send()
        self.assertEqual(wizard.sudo().confirmation_id.email, ADDRESS)


class TestNotices(EmailCase):
    """Who was asked by e-mail is told of changes by e-mail."""

    def setUp(self):
        super().setUp()
        self.company.write(
            {
                "job_confirmation_notice_moved": "auto",
                "job_confirmation_notice_canceled": "auto",
                "job_confirmation_notice_technician": "auto",
            }
        )
        self.record = self._ask()
        self._queue(self.record)

    def _tell(self):
        """The settling time passes. What was told, as ``fsm.confirmation``."""
        changes = self.env["fsm.confirmation.change"].search([])
        return changes._tell(self.env.user)

    def _assert_mail(self, told, kind, change):
        self.assertEqual((told.kind, told.tells_change), (kind, change))
        self.assertEqual((told.channel, told.email), ("email", ADDRESS))
        self.assertEqual(told.state, "outgoing")
        self.assertIn(f"E-mail to Ana Ruiz ({ADDRESS})", self._history(self.order))
        self.assertNotIn("Reply", told.body)
        self._queue(told)
        self.assertEqual(told.state, "sent")
        self.assertIn(told, self.order.confirmation_ids)
        shown = [each["text"] for each in self.record.get_conversation()["events"]]
        self.assertIn(told.body, shown)

    def test_moved_asks_again(self):
        self.order.scheduled_date_start += timedelta(days=1)
        told = self._tell()
        mail = told.sudo().mail_id
        self.assertIn("has moved to", mail.body_html)
        self.assertIn(told.date_text, mail.subject)
        self.assertRegex(mail.body_html, r"/answer/[\w-]{43}\?answer=yes")
        self._assert_mail(told, "question", "moved")
        self.assertTrue(told.is_open)
        self.assertEqual(self.order.confirmation_status, "awaiting")

    def test_canceled(self):
        self.order.action_cancel()
        told = self._tell()
        mail = told.sudo().mail_id
        self.assertIn("has been canceled", mail.body_html)
        self.assertNotIn("/answer/", mail.body_html)
        self.assertFalse(told.sudo().answer_key)
        self._assert_mail(told, "notice", "canceled")
        self.assertFalse(self._tell(), "once")

    def test_another_technician(self):
        self.order.person_id = self.env["fsm.person"].create({"name": "Ann Lee"})
        told = self._tell()
        self.assertIn("Ann Lee will come", told.sudo().mail_id.body_html)
        self._assert_mail(told, "notice", "technician")

    def test_one_that_waits_is_canceled_with_its_company(self):
        self.order.action_cancel()
        told = self._tell().sudo()
        other = self.env["res.company"].create({"name": "Beta Plumbing"})
        team = self.env["fsm.team"].create({"name": "Beta", "company_id": other.id})
        self.order.sudo().write({"company_id": other.id, "team_id": team.id})
        self.assertEqual((told.state, told.mail_id.state), ("canceled", "cancel"))

    def test_without_an_address_a_person_decides(self):
        self.contact.email = False
        self.order.action_cancel()
        self.assertFalse(self._tell())
        change = self.env["fsm.confirmation.change"].search([])
        self.assertTrue(change.is_held)
        self.assertIn("no valid e-mail address", change.problem)

    def test_one_that_waits_does_not_go_to_the_old_address(self):
        self.order.action_cancel()
        told = self._tell().sudo()
        self.contact.email = "other@example.com"
        self.assertEqual((told.state, told.mail_id.state), ("canceled", "cancel"))
        again = self._tell()
        self.assertEqual((again.email, again.state), ("other@example.com", "outgoing"))
        self.assertIn("has been canceled", again.sudo().mail_id.body_html)

    def test_a_landline_is_no_obstacle(self):
        self.contact.phone = "+442079460123"
        self.order.action_cancel()
        self._assert_mail(self._tell(), "notice", "canceled")

    def test_in_the_customers_language(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        self.contact.lang = "fr_FR"
        template = self.env.ref("fieldservice_job_confirmation.mail_template_notice")
        template.with_context(lang="fr_FR").subject = "{{ object.date_text }}, annonce"
        self.order.action_cancel()
        self.assertIn("annonce", self._tell().sudo().mail_id.subject)
