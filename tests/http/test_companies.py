# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Several companies: nothing of one is seen in, sent from or answered for another.

With real webhooks, against the simulator of Twilio.
"""

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..common import LEVELS, OUR_NUMBER, ConfirmationHttpCase, new_user

THEIR_NUMBER = "+12025550177"
BRANCH_NUMBER = "+12025550144"
OTHER_ACCOUNT = "AC" + "b" * 32
OTHER_TOKEN = "b" * 32


class CompaniesCase(ConfirmationHttpCase):
    def _second_company(self, number=THEIR_NUMBER, own_account=False, **values):
        """A company with a person, a Work Order and a contact that both may share."""
        if own_account:
            values.update(
                sms_twilio_account_sid=OTHER_ACCOUNT, sms_twilio_auth_token=OTHER_TOKEN
            )
            self.twilio.configure(
                accounts=[{"sid": OTHER_ACCOUNT, "auth_token": OTHER_TOKEN}]
            )
        self.other = self._make_company("Beta Repairs", number=number, **values)
        sid = values.get("sms_twilio_account_sid")
        url = f"{self.base_url()}/job_confirmation/twilio/inbound"
        account = {"account_sid": sid} if sid else {}
        self.twilio.set_number(number, sms_url=url, **account)
        self.env.user.company_ids |= self.other
        self.beta = self._user("beta", self.other)
        self.beta_order = self._make_order(
            self._local_time("America/New_York", 4, 9), company_id=self.other.id
        )
        return self.other

    def _user(self, name, *companies, level="edit"):
        companies = self.env["res.company"].concat(*companies)
        return new_user(
            self.env,
            f"companies_{name}",
            groups=f"base.group_user,fieldservice.group_fsm_user,{LEVELS[level]}",
            companies=companies,
            tz="America/New_York",
        )

    def _seen_by(self, user, record):
        """What a user of a level reads in a record's history."""
        self.env.invalidate_all()
        return "\n".join(self._as(user, record).message_ids.mapped("body"))

    def _as(self, user, record):
        return record.with_user(user).with_context(
            allowed_company_ids=user.company_ids.ids
        )


@tagged("post_install", "-at_install")
class TestCompanies(CompaniesCase):
    def _check_own_answers_only(self):
        mine = self._send()
        theirs = self._send(self.beta_order, self.beta)
        self.assertFalse(mine.code or theirs.code, "two senders: nothing to tell apart")
        self._run_outbox()
        self.assertEqual((mine | theirs).mapped("state"), ["delivered"] * 2)
        self.assertEqual(theirs.sender, THEIR_NUMBER)
        self._customer_says("no", to=THEIR_NUMBER)
        self.assertFalse(mine.response)
        self.assertEqual(theirs.response, "declined")
        self.assertEqual(self.order.confirmation_status, "awaiting")
        self._customer_says("yes")
        self.assertEqual(mine.response, "confirmed")
        self.assertEqual(theirs.response, "declined")
        for user, own in ((self.dispatcher, mine), (self.beta, theirs)):
            env = self.env(
                user=user, context={"allowed_company_ids": user.company_ids.ids}
            )
            self.assertEqual(env["fsm.confirmation"].search([]).ids, own.ids)
            self.assertEqual(
                env["fsm.confirmation.reply"].search([]).ids, own.reply_ids.ids
            )
            partner = self.customer.with_env(env)
            self.assertEqual(partner.confirmation_count, 1)

    def test_shared_account(self):
        self._second_company()
        self._check_own_answers_only()

    def test_own_accounts(self):
        self._second_company(own_account=True)
        self._check_own_answers_only()

    def test_one_account_cannot_speak_for_another(self):
        """A webhook signed by one account touches nothing of another."""
        self._second_company(own_account=True)
        mine = self._send()
        self._run_outbox()
        # Beta's account says that this reply came to Acme's number.
        self.twilio.set_number(
            OUR_NUMBER,
            account_sid=OTHER_ACCOUNT,
            sms_url=f"{self.base_url()}/job_confirmation/twilio/inbound",
        )
        self._customer_says("yes", to=OUR_NUMBER)
        self.assertFalse(mine.response)
        reply = self.env["fsm.confirmation.reply"].search([])
        self.assertEqual((reply.company_id, reply.state), (self.other, "unmatched"))

    def test_a_shared_contact_has_two_histories(self):
        self._second_company()
        self._send()
        self._send(self.beta_order, self.beta)
        self._run_outbox()
        self._customer_says("maybe, the acme elephant")
        self._customer_says("maybe, the beta giraffe", to=THEIR_NUMBER)
        for user, own, foreign in (
            (self.dispatcher, "acme elephant", "beta giraffe"),
            (self.beta, "beta giraffe", "acme elephant"),
        ):
            text = self._seen_by(user, self.customer)
            self.assertIn(own, text)
            self.assertNotIn(foreign, text)
            found = (
                self.env["res.partner"]
                .with_user(user)
                .with_context(allowed_company_ids=user.company_ids.ids)
                .search_count([("message_ids.body", "ilike", foreign)])
            )
            self.assertFalse(found)
        both = self._user("both_histories", self.company, self.other)
        text = self._seen_by(both, self.customer)
        self.assertIn("acme elephant", text)
        self.assertIn("beta giraffe", text)

    def _day_of(self, message):
        return message.appointment_start.strftime("%A")

    def test_shared_number(self):
        """One number for two: codes tell the questions apart."""
        self._second_company(number=OUR_NUMBER)
        mine = self._send()
        theirs = self._send(self.beta_order, self.beta)
        self.assertTrue(theirs.code)
        self._run_outbox()
        self._customer_says(f"no {theirs.code}")
        self.assertFalse(mine.response)
        self.assertEqual(theirs.response, "declined")
        self.assertEqual(theirs.reply_ids.company_id, self.other)
        # A bare yes after "We will contact you" would be for a person.
        self._customer_says("Yes, I can make it on " + self._day_of(mine))
        self.assertEqual(mine.response, "confirmed")
        self.assertEqual(theirs.response, "declined")
        self.assertEqual(mine.reply_ids.company_id, self.company)

    def test_a_user_in_two_companies(self):
        """Sends for the company of the Work Order, whatever company is chosen above."""
        self._second_company()
        both = self._user("both", self.company, self.other)
        for order, sender in (
            (self.order, OUR_NUMBER),
            (self.beta_order, THEIR_NUMBER),
        ):
            record = self._send(order, both)
            self.assertEqual(record.company_id, order.company_id)
            self.assertEqual(record.sender, sender)
            self.assertIn(order.company_id.name, record.body)
        # With one company chosen, the other's messages are not there.
        env = self.env(user=both, context={"allowed_company_ids": self.other.ids})
        found = env["fsm.confirmation"].search([])
        self.assertEqual(found.company_id, self.other.with_env(env))

    def test_a_reply_goes_to_no_other_company_by_hand(self):
        self._second_company()
        both = self._user("attaching", self.company, self.other)
        self._customer_says("hello", number="+12125550155")
        stray = self.env["fsm.confirmation.reply"].search([])
        theirs = self._send(self.beta_order, self.beta)
        with self.assertRaises(UserError):
            stray.with_user(both).with_context(
                allowed_company_ids=both.company_ids.ids
            ).write({"confirmation_id": theirs.id})

    def test_no_order_of_another_company(self):
        self._second_company()
        with self.assertRaises(AccessError):
            self._wizard(self.beta_order)
        with self.assertRaises(AccessError):
            self.beta_order.with_user(self.dispatcher).action_send_confirmation()

    def test_dialogs_are_the_users_own(self):
        self._second_company()
        theirs = self._wizard(self.beta_order, self.beta)
        with self.assertRaises(AccessError):
            theirs.with_user(self.dispatcher).read(["body"])
        env = self.env(user=self.dispatcher)
        self.assertFalse(env["fsm.confirmation.send"].search([]))


@tagged("post_install", "-at_install")
class TestBranch(CompaniesCase):
    """A branch has a setup of its own, or none; it never uses its parent's."""

    def setUp(self):
        super().setUp()
        self.branch = self.env["res.company"].create(
            {"name": "Acme North", "parent_id": self.company.id}
        )
        self.env.user.company_ids |= self.branch
        self.env["fsm.team"].create(
            {"name": "Team North", "company_id": self.branch.id}
        )
        self.north = self._user("north", self.branch)
        self.north_order = self._make_order(
            self._local_time("America/New_York", 4, 9), company_id=self.branch.id
        )

    def test_a_branch_without_set_up_says_so(self):
        wizard = self._wizard(self.north_order, self.north)
        self.assertIn("Acme North", wizard.blocking_reason)
        with self.assertRaisesRegex(UserError, "Acme North"):
            wizard.action_send()
        self.branch.job_confirmation_enabled = True
        wizard = self._wizard(self.north_order, self.north)
        self.assertIn("Twilio is not set up for Acme North", wizard.blocking_reason)

    def test_a_branch_with_set_up(self):
        simulator = self.simulator
        self.branch.write(
            {
                "job_confirmation_enabled": True,
                "sms_provider": "twilio",
                "sms_twilio_account_sid": simulator.DEFAULT_ACCOUNT_SID,
                "sms_twilio_auth_token": simulator.DEFAULT_AUTH_TOKEN,
            }
        )
        self.env["sms.twilio.number"].create(
            {
                "company_id": self.branch.id,
                "number": BRANCH_NUMBER,
                "country_id": self.env.ref("base.us").id,
            }
        )
        self.twilio.set_number(
            BRANCH_NUMBER,
            sms_url=f"{self.base_url()}/job_confirmation/twilio/inbound",
        )
        theirs = self._send(self.north_order, self.north)
        mine = self._send()
        self.assertEqual(theirs.sender, BRANCH_NUMBER)
        self.assertIn("Acme North", theirs.body)
        self._run_outbox()
        self._customer_says("yes", to=BRANCH_NUMBER)
        self.assertEqual(theirs.response, "confirmed")
        self.assertFalse(mine.response)
        env = self.env(
            user=self.north, context={"allowed_company_ids": self.branch.ids}
        )
        self.assertEqual(env["fsm.confirmation"].search([]).ids, theirs.ids)


@tagged("post_install", "-at_install")
class TestMovedOrder(CompaniesCase):
    """A Work Order that goes to another company leaves its messages behind."""

    def setUp(self):
        super().setUp()
        self._second_company()

    def _move(self):
        mover = self.env["fsm.order"].browse(self.order.id)
        team = self.env["fsm.team"].search([("company_id", "=", self.other.id)])[0]
        mover.write({"company_id": self.other.id, "team_id": team.id})
        self.env.invalidate_all()

    def test_an_open_question(self):
        record = self._send()
        self._run_outbox()
        self._customer_says("maybe, said the elephant")
        self.assertTrue(record.activity_id)
        self._move()
        self.assertEqual(self.order.confirmation_status, "not_sent")
        self.assertEqual((record.is_open, record.closed_reason), (False, "company"))
        self.assertFalse(record.order_id)
        self.assertEqual(record.job_name, self.order.name, "its name stays")
        self.assertFalse(self.order.activity_ids)
        # The new company sees nothing, the old one everything.
        self.assertNotIn("elephant", self._seen_by(self.beta, self.order))
        self.assertNotIn("Reply YES", self._seen_by(self.beta, self.order))
        mine = record.with_user(self.dispatcher)
        text = self._seen_by(self.dispatcher, mine)
        self.assertIn("elephant", text)
        self.assertIn("Reply YES", text)
        self.assertIn("another company", text)
        with self.assertRaisesRegex(UserError, "another company"):
            mine.action_open_order()
        seen = self._as(self.beta, self.order)
        self.assertEqual(seen.confirmation_count, 0)
        self.assertFalse(seen.confirmation_ids)
        # A late answer is the old company's, and touches nothing.
        self._let_a_moment_pass()
        self._customer_says("Actually yes, please come")
        self.assertEqual(self.order.confirmation_status, "not_sent")
        self.assertNotEqual(record.response, "confirmed")
        self.assertTrue(record.needs_reading)
        self.assertNotIn("yes", self._seen_by(self.beta, self.order).lower())
        reply = record.reply_ids.sorted("id")[-1]
        self.assertIn("no longer scheduled", reply.auto_reply_body)
        # The new company asks by itself, from its own number.
        theirs = self._send(self.order, self.beta)
        self.assertEqual(theirs.sender, THEIR_NUMBER)
        self._run_outbox()
        self._customer_says("yes", to=THEIR_NUMBER)
        self.assertEqual(theirs.response, "confirmed")
        self.assertEqual(self.order.confirmation_status, "confirmed")

    def test_a_waiting_text_does_not_leave(self):
        record = self._send()
        self._move()
        self.assertEqual(record.state, "canceled")
        self.assertIn("another company", record.failure_reason)
        self._run_outbox()
        self.assertFalse(self.twilio.sent())

    def test_a_text_on_its_way(self):
        """Twilio has it already: its reports go on, nothing else does."""
        record = self._send()
        record.sudo().write({"state": "sent", "twilio_sid": "SM" + "1" * 32})
        self._move()
        self._apply_report(record, "delivered")
        self.assertEqual(record.state, "delivered")
        self.assertEqual(self.order.confirmation_status, "not_sent")

    def test_an_answered_question(self):
        record = self._send()
        self._run_outbox()
        self._customer_says("yes")
        self._move()
        self.assertEqual(record.response, "confirmed", "that is what was answered")
        self.assertEqual(self.order.confirmation_status, "not_sent")

    def test_visits(self):
        visit = self._make_visit(self.order, 1)
        record = self._send()
        self._run_outbox()
        self._customer_says("yes")
        self.assertEqual(visit.confirmation_status, "confirmed")
        self._move()
        self.assertEqual(visit.company_id, self.other)
        self.assertEqual(visit.confirmation_status, "not_sent")
        self.assertFalse(self._as(self.beta, visit).confirmation_ids)
        self.assertEqual(record.company_id, self.company)

    def test_nothing_sent_nothing_changed(self):
        self._move()
        self.assertEqual(self.order.confirmation_status, "not_sent")
        self.assertEqual(self.order.company_id, self.other)
