# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import re
import time
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.phone_validation.tools import phone_validation

from ...controllers.twilio import JobConfirmationTwilio
from ...core.segments import count_segments
from ...core.twilio import setup as twilio_setup
from ...core.twilio.client import Outcome
from ...core.twilio.setup import Finding, Level, SetupApi

_logger = logging.getLogger(__name__)

# Refused requests older than this are no news any more.
REFUSALS_COUNT_FOR = timedelta(days=7)
# At most one refusal in this time is written down, however many arrive.
REFUSAL_PAUSE = timedelta(minutes=1)
# In so many different minutes; one may be a stranger who tries.
REFUSALS_THAT_MATTER = 3
REGISTRATION_CODES = (30032, 30034)
REGISTRATION_DAYS = 14
# How long a test text is followed, so that most failures are seen at once.
TEST_POLLS = (0.5, 1, 1.5, 2)  # seconds
_PRINTABLE = re.compile(r"[^\x21-\x7e]")


class FsmConfirmationHealth(models.Model):
    """How a company's connection with Twilio is doing: one row for each company.

    Apart from ``res.company``, because the webhook writes here when a signature is
    wrong, and a company's row is read by everybody all the time.
    """

    _name = "fsm.confirmation.health"
    _description = "Job Confirmation Connection"
    _rec_name = "company_id"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, ondelete="cascade"
    )
    refused_count = fields.Integer("Refused Requests", readonly=True)
    refused_since = fields.Datetime(readonly=True)
    refused_date = fields.Datetime("Last Refused On", readonly=True)
    refused_address = fields.Char(
        readonly=True, help="The address that the signature was checked with."
    )
    connected_date = fields.Datetime("Connected On", readonly=True)
    connected_to = fields.Char(
        readonly=True,
        help="Address and sender that were connected; when these change, it has to be "
        "done again.",
    )
    test_date = fields.Datetime("Test Text Sent On", readonly=True)

    _company_unique = models.UniqueIndex("(company_id)")

    def init(self):
        """A row for every company, so that a webhook only ever updates one."""
        self.env.cr.execute(
            """
            INSERT INTO fsm_confirmation_health (company_id, refused_count)
                 SELECT id, 0 FROM res_company c
                  WHERE NOT EXISTS (SELECT FROM fsm_confirmation_health h
                                     WHERE h.company_id = c.id)
            """
        )

    @api.model
    def _of_sudo(self, company):
        """The row of a company, with sudo."""
        health_sudo = self.sudo().search([("company_id", "=", company.id)])
        return health_sudo or self.sudo().create({"company_id": company.id})

    # ------------------------------------------------------------------
    # Signatures
    # ------------------------------------------------------------------

    @api.model
    def _record_refusal_sudo(self, companies_sudo, address):
        """A request for a known account had a wrong signature: write it down.

        A stranger can cause this. So it is one cheap update a minute for a company,
        it waits for nobody, and it never fails the request.

        :param address: the URL that the signature was checked with
        """
        now = fields.Datetime.now()
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    SQL(
                        """
                        UPDATE fsm_confirmation_health
                           SET refused_count = CASE WHEN refused_date > %(old)s
                                   THEN refused_count + 1 ELSE 1 END,
                               refused_since = CASE WHEN refused_date > %(old)s
                                   THEN refused_since ELSE %(now)s END,
                               refused_date = %(now)s,
                               refused_address = %(address)s
                         WHERE id IN (SELECT id FROM fsm_confirmation_health
                                       WHERE company_id IN %(companies)s
                                         AND (refused_date IS NULL
                                              OR refused_date < %(recent)s)
                                         FOR UPDATE SKIP LOCKED)
                        """,
                        old=now - REFUSALS_COUNT_FOR,
                        now=now,
                        recent=now - REFUSAL_PAUSE,
                        # The path is a stranger's: no spaces, no control characters.
                        address=_PRINTABLE.sub("", address.partition("?")[0])[:200],
                        companies=tuple(companies_sudo.ids),
                    )
                )
        except psycopg2.Error as error:
            _logger.info("A refused request was not counted: %s", type(error).__name__)
        self.sudo().invalidate_model()

    # ------------------------------------------------------------------
    # Looking
    # ------------------------------------------------------------------

    def _get_address(self):
        """Our inbound address as Twilio should call it, without overrides."""
        self.ensure_one()
        base = self.company_id.get_base_url().rstrip("/")
        return base + JobConfirmationTwilio.INBOUND_URL

    def _get_senders(self):
        """What texts may be sent from: E.164 numbers, or one Messaging Service SID."""
        self.ensure_one()
        company_sudo = self.company_id.sudo()
        if company_sudo._twilio_service:
            return [company_sudo._twilio_service]
        numbers_sudo = (
            company_sudo.job_confirmation_sender_id
            or company_sudo.sms_twilio_number_ids
        )
        senders = [company_sudo._phone_e164(entry.number) for entry in numbers_sudo]
        return list(dict.fromkeys(filter(None, senders)))

    def _get_connection_key(self):
        """Address and senders as one text; connecting is for exactly these."""
        account = self.company_id.sudo().sms_twilio_account_sid or ""
        return "|".join([self._get_address(), account, *sorted(self._get_senders())])

    def _is_connected(self):
        """Whether replies were pointed here, and nothing that matters changed since."""
        self.ensure_one()
        return bool(self.connected_date) and (
            self.connected_to == self._get_connection_key()
        )

    def _has_replies(self):
        """Whether a reply has ever come in: then they do come to this Odoo."""
        self.ensure_one()
        return bool(
            self.env["fsm.confirmation.reply"]
            .sudo()
            .search_count([("company_id", "=", self.company_id.id)], limit=1)
        )

    def _are_replies_refused(self):
        """Whether requests were refused again and again, and no reply came since."""
        self.ensure_one()
        recent = fields.Datetime.now() - REFUSALS_COUNT_FOR
        if self.refused_count < REFUSALS_THAT_MATTER or self.refused_date < recent:
            return False
        last_sudo = self._get_last_reply_sudo()
        return not last_sudo or last_sudo.received_date < self.refused_date

    def _get_last_reply_sudo(self):
        """The newest reply of the company, with sudo."""
        replies_sudo = self.env["fsm.confirmation.reply"].sudo()
        return replies_sudo.search([("company_id", "=", self.company_id.id)], limit=1)

    def _lock(self):
        """One click at a time for a company. Webhooks skip the row meanwhile.

        :raises UserError: somebody else is at it
        """
        if not self.try_lock_for_update():
            raise UserError(
                self.env._("Somebody else is checking this connection. Wait a moment.")
            )

    def _look(self, address_findings=None):
        """Look at Odoo's address and at everything that concerns us at Twilio.

        Takes seconds, as Twilio is asked. Nothing is changed there.

        :param address_findings: of a moment ago, not to call ourselves again
        :return: (list of :class:`~...core.twilio.setup.Finding`, list of
            :class:`~...core.twilio.setup.Change`)
        """
        self.ensure_one()
        company_sudo = self.company_id.sudo()
        sid = company_sudo.sms_twilio_account_sid or ""
        token = company_sudo._twilio_token_sudo
        findings, changes = [], []
        if sid and token:
            api_sudo = company_sudo._twilio_api_sudo(SetupApi)
            findings += twilio_setup.check_account(api_sudo)
            if findings[-1].level is not Level.PROBLEM:
                report = self._look_at_senders(api_sudo)
                findings += report.findings
                changes = report.changes
        else:
            findings.append(Finding("account", "empty", Level.PROBLEM))
        if address_findings is None:
            address_findings = self._look_at_address(sid, token)
        return findings + address_findings, changes

    def _look_at_senders(self, api_sudo):
        senders = self._get_senders()
        address = self._get_address() + twilio_setup.OVERRIDES
        if not senders:
            report = twilio_setup.Report()
            report.add("sender", "empty", Level.PROBLEM)
            return report
        if senders[0].startswith("MG"):
            return twilio_setup.check_service(api_sudo, senders[0], address)
        return twilio_setup.check_numbers(api_sudo, senders, address)

    def _look_at_address(self, sid, token):
        findings = twilio_setup.check_address(self._get_address(), sid, token)
        if findings[0].level is not Level.PROBLEM and self._is_address_loose():
            findings.append(
                Finding(
                    "address",
                    "loose",
                    Level.WARNING,
                    {"address": self.company_id.get_base_url()},
                )
            )
        return findings

    def _is_address_loose(self):
        """Whether Odoo changes the address when an administrator logs in elsewhere."""
        get_param = self.env["ir.config_parameter"].sudo().get_param
        own = (get_param("web.base.url") or "").rstrip("/")
        return (
            self.company_id.get_base_url().rstrip("/") == own
            and not get_param("web.base.url.freeze")
            and not twilio_setup.may_be_local()
        )

    def _look_at_messages(self):
        """Findings out of our own database."""
        self.ensure_one()
        yield from self._look_at_registration()
        last_sudo = self._get_last_reply_sudo()
        if last_sudo:
            moment = self._show_moment(last_sudo.received_date)
            yield Finding("reply", "ok", Level.OK, {"moment": moment})
        else:
            yield Finding("reply", "none", Level.WARNING)
        recent = fields.Datetime.now() - REFUSALS_COUNT_FOR
        if not self.refused_date or self.refused_date < recent:
            yield Finding("signature", "ok", Level.OK)
            return
        # A good request since then: what was refused was a stranger, or is mended.
        mended = last_sudo.received_date and last_sudo.received_date > self.refused_date
        minor = mended or self.refused_count < REFUSALS_THAT_MATTER
        yield Finding(
            "signature",
            "past" if mended else "refused",
            Level.WARNING if minor else Level.PROBLEM,
            {
                "count": str(self.refused_count),
                "since": self._show_moment(self.refused_since),
                "moment": self._show_moment(self.refused_date),
                "address": self.refused_address or "",
            },
        )

    def _look_at_registration(self):
        since = fields.Datetime.now() - timedelta(days=REGISTRATION_DAYS)
        company = ("company_id", "=", self.company_id.id)
        messages_sudo = self.env["fsm.confirmation"].sudo()
        failed_sudo = messages_sudo.search(
            [
                company,
                ("error_code", "in", REGISTRATION_CODES),
                ("failed_date", ">=", since),
            ],
            limit=100,
        )
        # One that arrived later says that it has been mended.
        if failed_sudo and not messages_sudo.search_count(
            [company, ("state", "=", "delivered"), ("id", ">", failed_sudo[0].id)],
            limit=1,
        ):
            code = failed_sudo[0].error_code
            yield Finding(
                "registration",
                "toll_free" if code == 30032 else "missing",
                Level.PROBLEM,
                {"count": str(len(failed_sudo)), "days": str(REGISTRATION_DAYS)},
            )

    def _show_moment(self, moment):
        return self.env["ir.qweb.field.datetime"].value_to_html(
            moment, {"format": "short"}
        )

    # ------------------------------------------------------------------
    # The clicks
    # ------------------------------------------------------------------

    def _check(self):
        """Look at everything.

        :return: list of dict, see :meth:`_describe`
        """
        self._lock()
        findings, changes = self._look()
        self._remember(findings, changes)
        return self._describe_all(findings)

    def _remember(self, findings, changes):
        """Keep whether replies come here; the checklist asks Twilio nothing."""
        webhooks = [entry for entry in findings if entry.subject == "webhook"]
        right = webhooks and all(entry.level is not Level.PROBLEM for entry in webhooks)
        if right:
            if not self._is_connected():
                self.write(
                    {
                        "connected_date": fields.Datetime.now(),
                        "connected_to": self._get_connection_key(),
                    }
                )
        elif (
            webhooks
            or changes
            or any(
                entry.subject == "sender"
                and entry.level is Level.PROBLEM
                and not entry.code.endswith("unavailable")
                for entry in findings
            )
        ):
            self.write({"connected_date": False, "connected_to": False})

    def _connect(self, agreed=()):
        """Point the replies to this Odoo, unless somebody else's use of them ends.

        :param agreed: texts out of ``question`` that an administrator said yes to
        :return: dict ``level`` and ``headline``; ``question``, a list of sentences to
            be asked first; ``checks``, see :meth:`_describe`
        """
        self._lock()
        findings, changes = self._look()
        by_subject = {
            subject: [entry for entry in findings if entry.subject == subject]
            for subject in ("account", "sender", "address", "webhook")
        }
        hindered = any(
            entry.level is Level.PROBLEM
            for entry in by_subject["account"] + by_subject["address"]
        )
        question = [self._ask_about(change) for change in changes if change.foreign]
        if hindered or not (changes or by_subject["webhook"]):
            return self._answer(findings, "problem")
        if set(question) - set(agreed):
            self._remember(findings, changes)
            return {**self._answer(findings, "question"), "question": question}
        if changes:
            api_sudo = self.company_id._twilio_api_sudo(SetupApi)
            address = self._get_address() + twilio_setup.OVERRIDES
            _done, error = twilio_setup.apply_changes(api_sudo, changes, address)
            # Only what Twilio says now is true.
            findings, changes = self._look(by_subject["address"])
            if error:
                findings.append(Finding("webhook", error, Level.PROBLEM))
        self._remember(findings, changes)
        wrong = any(entry.level is Level.PROBLEM for entry in findings)
        return self._answer(findings, "problem" if wrong else "ok")

    def _answer(self, findings, outcome):
        headline, level = {
            "ok": (self.env._("Connected: replies come to this Odoo."), "ok"),
            "question": (
                self.env._("Nothing was changed yet. Please decide:"),
                "warning",
            ),
            "problem": (
                self.env._("Not connected. The red line says why, and what to do."),
                "problem",
            ),
        }[outcome]
        return {
            "level": level,
            "headline": headline,
            "question": [],
            "checks": self._describe_all(findings),
        }

    def _describe_all(self, findings):
        order = (
            "account",
            "sender",
            "address",
            "webhook",
            "registration",
            "reply",
            "signature",
        )
        findings = [*findings, *self._look_at_messages()]
        findings.sort(key=lambda entry: order.index(entry.subject))
        return [self._describe(entry) for entry in findings]

    def _load_numbers(self):
        """Enter the account's numbers that can text, as the account dialog would.

        :raises UserError: there is none, or Twilio does not say
        """
        company_sudo = self.company_id.sudo()
        try:
            phones = company_sudo._twilio_api_sudo(SetupApi).list_numbers()
        except Exception as error:
            code = twilio_setup.error_code(error)
            finding = Finding("account", code, Level.PROBLEM)
            if code in ("missing", "forbidden"):
                finding = Finding("account", "credentials", Level.PROBLEM)
            entry = self._describe(finding)
            raise UserError(
                self.env._(
                    "%(what)s %(advice)s", what=entry["text"], advice=entry["advice"]
                )
            ) from error
        known = set(company_sudo._get_twilio_numbers_sudo())
        values = []
        for phone in phones:
            code = phone_validation.phone_get_country_code_for_number(phone)
            country = self.env["res.country"].search([("code", "=", code)], limit=1)
            country = country or self.company_id.country_id
            if phone not in known and country:
                values.append(
                    {
                        "company_id": self.company_id.id,
                        "number": phone,
                        "country_id": country.id,
                    }
                )
        if not phones:
            raise UserError(
                self.env._(
                    "The account has no number that can text. Buy one in Twilio's "
                    "console first."
                )
            )
        self.env["sms.twilio.number"].create(values)

    def _keep_address(self):
        """Have Odoo never change its public address by itself."""
        self.env["ir.config_parameter"].set_param("web.base.url.freeze", "True")

    # ------------------------------------------------------------------
    # A test text
    # ------------------------------------------------------------------

    def _format_number(self, number):
        """A number as one reads it, or "" when it can't be one."""
        country = self.company_id.country_id
        return phone_validation.phone_format(
            number or "",
            country.code,
            country.phone_code,
            force_format="INTERNATIONAL",
            raise_exception=False,
        )

    def _send_test(self, number):
        """Send one text to an administrator's own phone, and follow it for seconds.

        No message about a customer is recorded. It is sent once, whatever happens.

        :param number: as a person types it
        :return: (``ok``, ``warning`` or ``problem``; one sentence or two)
        :raises UserError: it can't be sent at all
        """
        self.ensure_one()
        self._lock()
        company = self.company_id
        country = company.country_id
        try:
            mobile = phone_validation.phone_format(
                number or "",
                country.code,
                country.phone_code,
                force_format="E164",
            )
        except UserError as error:
            raise UserError(
                self.env._("This is no phone number. Write it like +1 202 555 0123.")
            ) from error
        alerts = self.env["fsm.confirmation.alert"]
        codes = alerts._find_number_alert_codes(company, mobile, enabled=True)
        if "not_ready" in codes:
            raise UserError(
                self.env._("Enter the Twilio account and choose a sender first.")
            )
        if "opted_out" in codes:
            raise UserError(
                self.env._(
                    "This number has opted out of texts, so nothing is sent to it. "
                    "Text START from it to our number first."
                )
            )
        sender = company._job_confirmation_sender(mobile)
        body = self.env._(
            "%(company)s: this is a test of job confirmations. Answer it, and your "
            "answer appears in Odoo. Reply STOP to opt out.",
            company=company.name,
        )
        api_sudo = company._twilio_api_sudo(SetupApi)
        result = api_sudo.send(mobile, body, sender, "")
        if result.outcome is Outcome.REJECTED:
            return "problem", self._explain_code(result.code, result.reason)
        if result.outcome is Outcome.UNKNOWN:
            return "warning", self.env._(
                "Twilio did not answer clearly (%s). Look at the phone before you try "
                "again.",
                result.reason,
            )
        status, code = self._follow(api_sudo, result.sid)
        if status in ("failed", "undelivered"):
            return "problem", self._explain_code(code, "")
        self.test_date = fields.Datetime.now()
        facts = {
            "number": self._format_number(mobile),
            "sender": sender
            if sender.startswith("MG")
            else self._format_number(sender),
            "parts": result.segments or count_segments(body).count,
        }
        if status == "delivered":
            return "ok", self.env._(
                "Delivered to %(number)s, sent from %(sender)s, SMS parts: %(parts)s. "
                "Now answer it from the phone: the answer appears under Message Center "
                "> Unmatched Replies.",
                **facts,
            )
        return "ok", self.env._(
            "Twilio took it for %(number)s, sent from %(sender)s, SMS parts: "
            "%(parts)s. When it is on the phone, answer it: the answer appears under "
            "Message Center > Unmatched Replies.",
            **facts,
        )

    def _follow(self, api_sudo, sid):
        """What became of a text within seconds.

        :return: (Twilio's MessageStatus or "", error code or 0)
        """
        status, code = "", 0
        for pause in TEST_POLLS:
            time.sleep(pause)
            try:
                status, code = api_sudo.fetch_status(sid)
            except Exception as error:
                _logger.info("Test text: %s", type(error).__name__)
                break
            if status in ("delivered", "failed", "undelivered"):
                break
        return status, code
