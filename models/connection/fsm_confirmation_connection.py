# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import logging
import re
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.phone_validation.tools import phone_validation

from ...controllers.twilio import JobConfirmationTwilio
from ...core.twilio import address as twilio_address
from ...core.twilio import setup as twilio_setup
from ...core.twilio.account import SetupApi, error_code
from ...core.twilio.checks import Check, Level, Report
from ...core.twilio.client import OVERRIDES

_logger = logging.getLogger(__name__)

# Refused requests older than this no longer count.
REFUSALS_COUNT_FOR = timedelta(days=7)
# At most one refusal in this time is recorded, however many arrive.
REFUSAL_PAUSE = timedelta(minutes=1)
# In this many different minutes; a single one may be a stranger's attempt.
REFUSALS_THAT_MATTER = 3
REGISTRATION_CODES = (30032, 30034)
REGISTRATION_DAYS = 14
# The order in which checks are shown.
_SUBJECTS = (
    "account",
    "sender",
    "address",
    "webhook",
    "registration",
    "reply",
    "signature",
)
_PRINTABLE = re.compile(r"[^\x21-\x7e]")


def _has_problem(checks):
    return any(check.level is Level.PROBLEM for check in checks)


class FsmConfirmationConnection(models.Model):
    """How a company's connection with Twilio is doing: one row for each company.

    Not on ``res.company``, because the webhook writes here when a signature is wrong,
    while everybody reads a company's row all the time.
    """

    _name = "fsm.confirmation.connection"
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
            INSERT INTO fsm_confirmation_connection (company_id, refused_count)
                 SELECT id, 0 FROM res_company c
                  WHERE NOT EXISTS (
                      SELECT FROM fsm_confirmation_connection known
                       WHERE known.company_id = c.id)
            """
        )

    @api.model
    def _of_sudo(self, company):
        """The row of a company, with sudo."""
        connection_sudo = self.sudo().search([("company_id", "=", company.id)])
        return connection_sudo or self.sudo().create({"company_id": company.id})

    # ------------------------------------------------------------------
    # Signatures
    # ------------------------------------------------------------------

    @api.model
    def _record_refusal_sudo(self, companies_sudo, address):
        """Record that a request for a known account had a wrong signature.

        A stranger can cause this, so it is one cheap update per minute and company,
        which never waits and never fails the request.

        :param address: the URL that the signature was checked with
        """
        now = fields.Datetime.now()
        try:
            with self.env.cr.savepoint(flush=False):
                self.env.cr.execute(
                    SQL(
                        """
                        UPDATE fsm_confirmation_connection
                           SET refused_count = CASE WHEN refused_date > %(old)s
                                   THEN refused_count + 1 ELSE 1 END,
                               refused_since = CASE WHEN refused_date > %(old)s
                                   THEN refused_since ELSE %(now)s END,
                               refused_date = %(now)s,
                               refused_address = %(address)s
                         WHERE id IN (SELECT id FROM fsm_confirmation_connection
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
    # State
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
        """Address and senders as one string: what the connection was made for."""
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
        """Lock the row: one click at a time per company. Webhooks skip it meanwhile.

        :raises UserError: somebody else is at it
        """
        if not self.try_lock_for_update():
            raise UserError(
                self.env._("Somebody else is checking this connection. Wait a moment.")
            )

    # ------------------------------------------------------------------
    # Checks
    # ------------------------------------------------------------------

    def _check_twilio(self, address_checks=None):
        """Check Odoo's address and everything that concerns us at Twilio.

        Takes seconds, as Twilio is asked. Nothing is changed there.

        :param address_checks: made just before, not to call ourselves again
        :return: (list of :class:`~...core.twilio.checks.Check`, list of
            :class:`~...core.twilio.checks.Change`)
        """
        self.ensure_one()
        company_sudo = self.company_id.sudo()
        sid = company_sudo.sms_twilio_account_sid or ""
        token = company_sudo._twilio_token_sudo
        checks, changes = [], []
        if sid and token:
            api_sudo = company_sudo._twilio_api_sudo(SetupApi)
            checks += twilio_setup.check_account(api_sudo)
            if checks[-1].level is not Level.PROBLEM:
                report = self._check_senders(api_sudo)
                checks += report.checks
                changes = report.changes
        else:
            checks.append(Check("account", "empty", Level.PROBLEM))
        if address_checks is None:
            address_checks = self._check_address(sid, token)
        return checks + address_checks, changes

    def _check_senders(self, api_sudo):
        senders = self._get_senders()
        address = self._get_address() + OVERRIDES
        if not senders:
            report = Report()
            report.add("sender", "empty", Level.PROBLEM)
            return report
        if senders[0].startswith("MG"):
            return twilio_setup.check_service(api_sudo, senders[0], address)
        return twilio_setup.check_numbers(api_sudo, senders, address)

    def _check_address(self, sid, token):
        checks = twilio_address.check_address(self._get_address(), sid, token)
        if checks[0].level is not Level.PROBLEM and self._is_address_loose():
            facts = {"address": self.company_id.get_base_url()}
            checks.append(Check("address", "loose", Level.WARNING, facts))
        return checks

    def _is_address_loose(self):
        """Whether Odoo changes the address when an administrator logs in elsewhere."""
        get_param = self.env["ir.config_parameter"].sudo().get_param
        own = (get_param("web.base.url") or "").rstrip("/")
        return (
            self.company_id.get_base_url().rstrip("/") == own
            and not get_param("web.base.url.freeze")
            and not twilio_address.may_be_local()
        )

    def _check_database(self):
        """Checks of our own database: whether texts arrive and replies come in."""
        self.ensure_one()
        last_sudo = self._get_last_reply_sudo()
        return [
            *self._check_registration(),
            self._check_last_reply(last_sudo),
            self._check_signatures(last_sudo),
        ]

    def _check_last_reply(self, last_sudo):
        if not last_sudo:
            return Check("reply", "none", Level.WARNING)
        facts = {"datetime": self._format_datetime(last_sudo.received_date)}
        return Check("reply", "ok", Level.OK, facts)

    def _check_signatures(self, last_sudo):
        recent = fields.Datetime.now() - REFUSALS_COUNT_FOR
        if not self.refused_date or self.refused_date < recent:
            return Check("signature", "ok", Level.OK)
        # A good request since then: what was refused was a stranger, or is fixed.
        fixed = last_sudo.received_date and last_sudo.received_date > self.refused_date
        minor = fixed or self.refused_count < REFUSALS_THAT_MATTER
        return Check(
            "signature",
            "past" if fixed else "refused",
            Level.WARNING if minor else Level.PROBLEM,
            {
                "count": str(self.refused_count),
                "since": self._format_datetime(self.refused_since),
                "datetime": self._format_datetime(self.refused_date),
                "address": self.refused_address or "",
            },
        )

    def _check_registration(self):
        """:return: list of at most one check: carriers refuse unregistered numbers"""
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
        # One that arrived later says that it has been fixed.
        if not failed_sudo or messages_sudo.search_count(
            [company, ("state", "=", "delivered"), ("id", ">", failed_sudo[0].id)],
            limit=1,
        ):
            return []
        code = "toll_free" if failed_sudo[0].error_code == 30032 else "missing"
        facts = {"count": str(len(failed_sudo)), "days": str(REGISTRATION_DAYS)}
        return [Check("registration", code, Level.PROBLEM, facts)]

    def _format_datetime(self, utc):
        return self.env["ir.qweb.field.datetime"].value_to_html(
            utc, {"format": "short"}
        )

    # ------------------------------------------------------------------
    # The clicks
    # ------------------------------------------------------------------

    def _check(self):
        """Check everything.

        :return: list of dict, see ``fsm.confirmation.check.words``
        """
        self._lock()
        checks, changes = self._check_twilio()
        self._remember(checks, changes)
        return self._describe(checks)

    def _remember(self, checks, changes):
        """Remember whether replies come here: the checklist doesn't ask Twilio."""
        webhooks = [check for check in checks if check.subject == "webhook"]
        if webhooks and not _has_problem(webhooks):
            if not self._is_connected():
                self.write(
                    {
                        "connected_date": fields.Datetime.now(),
                        "connected_to": self._get_connection_key(),
                    }
                )
            return
        senders = [
            check
            for check in checks
            if check.subject == "sender" and not check.code.endswith("unavailable")
        ]
        if webhooks or changes or _has_problem(senders):
            self.write({"connected_date": False, "connected_to": False})

    def _connect(self, agreed=()):
        """Point the replies to this Odoo, unless somebody else's use of them ends.

        :param agreed: texts out of ``question`` that an administrator said yes to
        :return: dict ``level`` and ``headline``; ``question``, a list of sentences to
            be asked first; ``checks``, see ``fsm.confirmation.check.words``
        """
        self._lock()
        checks, changes = self._check_twilio()
        by_subject = {
            subject: [check for check in checks if check.subject == subject]
            for subject in _SUBJECTS
        }
        if _has_problem(by_subject["account"] + by_subject["address"]) or not (
            changes or by_subject["webhook"]
        ):
            return self._prepare_result(checks, "problem")
        words = self.env["fsm.confirmation.check.words"]
        question = [words._ask_about(change) for change in changes if change.foreign]
        if set(question) - set(agreed):
            self._remember(checks, changes)
            return {**self._prepare_result(checks, "question"), "question": question}
        if changes:
            checks, changes = self._apply(changes, by_subject["address"])
        self._remember(checks, changes)
        return self._prepare_result(checks, "problem" if _has_problem(checks) else "ok")

    def _apply(self, changes, address_checks):
        """Change what is needed, and check again: only what Twilio says now is true.

        :return: see :meth:`_check_twilio`
        """
        api_sudo = self.company_id._twilio_api_sudo(SetupApi)
        address = self._get_address() + OVERRIDES
        _done, error = twilio_setup.apply_changes(api_sudo, changes, address)
        checks, changes = self._check_twilio(address_checks)
        if error:
            checks.append(Check("webhook", error, Level.PROBLEM))
        return checks, changes

    def _prepare_result(self, checks, outcome):
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
            "checks": self._describe(checks),
        }

    def _describe(self, checks):
        """These checks and those of our database for the screen, in their order."""
        words = self.env["fsm.confirmation.check.words"]
        checks = [*checks, *self._check_database()]
        checks.sort(key=lambda check: _SUBJECTS.index(check.subject))
        return [words._describe(check) for check in checks]

    def _load_numbers(self):
        """Enter the account's numbers that can text, as the account dialog would.

        :raises UserError: there is none, or Twilio does not say
        """
        company_sudo = self.company_id.sudo()
        try:
            phones = company_sudo._twilio_api_sudo(SetupApi).list_numbers()
        except Exception as error:
            code = error_code(error)
            if code in ("missing", "forbidden"):
                code = "credentials"
            check = Check("account", code, Level.PROBLEM)
            entry = self.env["fsm.confirmation.check.words"]._describe(check)
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
