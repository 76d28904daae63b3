# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import hashlib
import secrets

from lxml import html

from odoo import api, fields, models
from odoo.tools import email_normalize, formataddr, html2plaintext, html_sanitize

from ...core.delivery import Transition
from ...core.formatting import choose_language
from ...core.kinds import EMAIL, SMS
from ..xmlids import MODULE

_QUESTION_TEMPLATE = f"{MODULE}.mail_template_job_confirmation"
_NOTICE_TEMPLATE = f"{MODULE}.mail_template_notice"
_MAIL_CRON = "mail.ir_cron_mail_scheduler_action"
_MAX_WORDS = 10_000  # of an e-mail; nobody reads more in a conversation
_RENDERED = ("subject", "body_html", "email_from", "reply_to")
_BATCH = 500  # outcomes recorded in one run


def make_key(token):
    """Hash a token for storing: nobody who reads the database can answer with it."""
    return hashlib.sha256(token.encode()).hexdigest()


def _get_subjects(template_sudo):
    """The subject of an e-mail in every language that there is: {code: text}."""
    return template_sudo._fields["subject"]._get_stored_translations(template_sudo)


class FsmConfirmationEmail(models.AbstractModel):
    """What is asked and told by e-mail: made with a ``mail.template``, sent by Odoo's
    mail queue.

    Whether one may be sent is decided by the same alerts as for a text.
    """

    _name = "fsm.confirmation.email"
    _description = "Confirmations by E-mail"

    # ------------------------------------------------------------------
    # May it be sent?
    # ------------------------------------------------------------------

    @api.model
    def _get_address(self, partner):
        """:return: the one address of a contact, in normal form, or \"\""""
        return email_normalize(partner.sudo().email or "") or ""

    @api.model
    def _is_offered(self, partner, company):
        """Whether a contact that can't be texted may be asked by e-mail."""
        chosen = company.sudo().job_confirmation_email
        return chosen != "never" and bool(self._get_address(partner))

    @api.model
    def _find_refused(self, drafts):
        """The addresses of drafts that are on the e-mail blacklist: a set."""
        addresses = [draft.email for draft in drafts if draft.is_email and draft.email]
        if not addresses:
            return set()
        found_sudo = self.env["mail.blacklist"].sudo()
        return set(found_sudo.search([("email", "in", addresses)]).mapped("email"))

    @api.model
    def _get_facts(self, draft, refused, opted_out):
        """Facts for :mod:`...core.alerts` about a question by e-mail.

        :param refused: see :meth:`_find_refused`
        :param opted_out: the numbers that take no texts
        """
        if draft.company.sudo().job_confirmation_email == "never":
            email = "off"
        elif not draft.email:
            email = "missing"
        else:
            email = "refused" if draft.email in refused else "ok"
        # It needs no Twilio, and wakes nobody.
        return {
            "ready": True,
            "email": email,
            "texts_refused": draft.mobile in opted_out,
        }

    # ------------------------------------------------------------------
    # Send
    # ------------------------------------------------------------------

    @api.model
    def _prepare_address(self, draft):
        """Field values: the channel by which a draft is sent, and the address."""
        if not draft.is_email:
            return {"channel": SMS, "mobile": draft.mobile, "sender": draft.sender}
        # What only tells something has no link.
        draft.token = secrets.token_urlsafe(32) if draft.asks else ""
        return {
            "channel": EMAIL,
            "email": draft.email,
            # None, and not "": of those there could be one only.
            "answer_key": make_key(draft.token) if draft.token else False,
        }

    @api.model
    def _send(self, drafts, records_sudo):
        """Hand what was recorded to Odoo's mail queue, which sends after the commit.

        :param drafts: list of :class:`Draft`, each with its token
        :param records_sudo: what was recorded of them, in the same order
        """
        tokens = {
            record_sudo.id: draft.token
            for draft, record_sudo in zip(drafts, records_sudo, strict=True)
            if draft.is_email
        }
        mine_sudo = records_sudo.browse(tokens)
        if not mine_sudo:
            return
        bodies = self._render(mine_sudo, tokens)
        mails_sudo = self.env["mail.mail"].sudo()
        mails_sudo = mails_sudo.create(
            [self._prepare_mail(record, bodies[record.id]) for record in mine_sudo]
        )
        for record_sudo, mail_sudo in zip(mine_sudo, mails_sudo, strict=True):
            record_sudo.mail_id = mail_sudo
        self.env.ref(_MAIL_CRON).sudo()._trigger()

    @api.model
    def _render(self, records_sudo, tokens):
        """:return: dict id -> dict of the mail's parts, each in one language"""
        urls = {
            record.id: self._get_url(record, tokens[record.id])
            for record in records_sudo
            if tokens[record.id]
        }
        names = {True: _QUESTION_TEMPLATE, False: _NOTICE_TEMPLATE}
        templates_sudo = {asks: self.env.ref(names[asks]).sudo() for asks in names}
        subjects = {asks: _get_subjects(each) for asks, each in templates_sudo.items()}
        groups = records_sudo.grouped(
            lambda record: (
                record._asks(),
                choose_language(subjects[record._asks()], self._get_langs(record)),
            )
        )
        rendered = {}
        for (asks, lang), mine_sudo in groups.items():
            template_sudo = templates_sudo[asks].with_context(
                answer_urls=urls, template_preview_lang=lang
            )
            rendered.update(template_sudo._generate_template(mine_sudo.ids, _RENDERED))
        return rendered

    @api.model
    def _get_langs(self, record_sudo, *others):
        """The languages for an e-mail, or its page: a tuple, the best first.

        :param others: more codes that would do, or False
        """
        wanted = (record_sudo.lang, record_sudo.company_id.partner_id.lang, *others)
        installed = dict(self.env["res.lang"].get_installed())
        return tuple(lang for lang in wanted if lang in installed)

    @api.model
    def _preview(self, draft, body):
        """Render what the customer will see, with links that lead nowhere.

        :param draft: :class:`Draft` whose text is ``body``
        :return: dict ``subject`` and ``body_html``
        """
        record_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .new(
                {
                    "order_id": draft.order.id,
                    "visit_id": draft.visit.id,
                    "company_id": draft.company.id,
                    "partner_id": draft.partner.id,
                    "contact_name": draft.partner.name,
                    "email": draft.email,
                    "lang": draft.partner._get_customer_lang(draft.company),
                    "appointment_start": draft.appointment.scheduled_date_start,
                    "body": body,
                }
            )
        )
        template_sudo = self.env.ref(_QUESTION_TEMPLATE).sudo()
        # It's recorded when it is sent: until then the record has no number.
        rendered = template_sudo._generate_template(
            [record_sudo.id], ("subject", "body_html")
        )
        return rendered[record_sudo.id]

    @api.model
    def _get_url(self, record, token):
        """The link to the page on which the customer answers."""
        return f"{record.company_id.get_base_url()}/job_confirmation/answer/{token}"

    @api.model
    def _prepare_mail(self, record, parts):
        """Field values of the ``mail.mail``.

        Its ``mail.message`` has no body, as the links in it are the customer's alone,
        and stays: a bounce is known by it.
        """
        return {
            **{name: parts.get(name) or False for name in _RENDERED},
            "email_to": formataddr((record.contact_name or "", record.email)),
            "model": record._name,
            "res_id": record.id,
            "message_type": "user_notification",  # no part of the conversation
            "record_company_id": record.company_id.id,
            "is_notification": True,
            "auto_delete": False,  # until its outcome is recorded
            "state": "outgoing",
        }

    # ------------------------------------------------------------------
    # What became of it
    # ------------------------------------------------------------------

    @api.model
    def _wake(self):
        """Have the outcomes of e-mails recorded soon."""
        self.env["fsm.confirmation.outbox"]._wake(self.env["fsm.confirmation"])

    @api.model
    def _record_outcomes(self):
        """Record what Odoo's mail queue has done, and give up what came too late."""
        outbox = self.env["fsm.confirmation.outbox"]
        for record_sudo in self._find_unsettled_sudo():
            outbox._record_safely(record_sudo, self._record_outcome)

    @api.model
    def _find_unsettled_sudo(self):
        """Questions whose mail waits, or was sent again in Odoo's list of e-mails."""
        messages_sudo = self.env["fsm.confirmation"].sudo()
        waiting = [("channel", "=", EMAIL), ("state", "=", "outgoing")]
        again = [("mail_id.state", "=", "sent")]
        return messages_sudo.search(waiting, limit=_BATCH) | messages_sudo.search(
            again, limit=_BATCH
        )

    @api.model
    def _record_outcome(self, record_sudo):
        mail_sudo = record_sudo.mail_id
        step = self._get_step(mail_sudo)
        if step:
            values = {"claimed_date": mail_sudo.write_date or fields.Datetime.now()}
            deliveries = self.env["fsm.confirmation.delivery"]
            deliveries._make_transition(record_sudo, step, values)
        elif record_sudo._has_passed():
            record_sudo._close_sudo("past")
            record_sudo._get_appointment_sudo()._stop_waiting_sudo()
        if mail_sudo.state == "sent":
            mail_sudo.unlink()  # with the token

    @api.model
    def _get_step(self, mail_sudo):
        """What the state of a mail says about its question, or None: it waits."""
        if mail_sudo.state == "sent":
            return Transition("sent", accepted=True)
        if mail_sudo.state == "exception":
            # Its reason may have lines; some servers write pages.
            reason = " ".join((mail_sudo.failure_reason or "").split())[:200]
            return Transition("failed", failure="email", reason=reason)
        if not mail_sudo or mail_sudo.state == "cancel":
            reason = self.env._("The e-mail was taken out of Odoo's mail queue.")
            return Transition("canceled", reason=reason)
        return None

    @api.model
    def _on_bounced(self, records):
        """A bounce came in: this e-mail couldn't be delivered."""
        for record_sudo in records.sudo():
            if record_sudo.channel != EMAIL or record_sudo.response:
                continue
            if record_sudo.state == "failed":
                continue
            reason = self.env._("the address returned it")
            self.env["fsm.confirmation.delivery"]._make_transition(
                record_sudo, Transition("failed", failure="email", reason=reason)
            )

    @api.model
    def _on_replied(self, records, mail):
        """The customer replied by e-mail: a person reads it.

        :param mail: dict of Odoo's mail gateway
        """
        words = self._read_words(mail)
        sender = email_normalize(mail.get("email_from") or "") or ""
        for record_sudo in records.sudo():
            # Whoever else writes says so.
            by_other = sender and sender != record_sudo.email
            reply_sudo = self._create_reply_sudo(
                record_sudo, f"{sender}: {words}" if by_other else words
            )
            record_sudo.needs_reading = True
            self.env["fsm.confirmation.response"]._keep_words(record_sudo, reply_sudo)
            self.env["fsm.confirmation.reply.chatter"]._log_texts(
                reply_sudo, [(record_sudo, reply_sudo.intent)]
            )
            self.env["fsm.confirmation.activity"]._update(record_sudo, "read")
            record_sudo._notify_changed()

    @api.model
    def _read_words(self, mail):
        """What a customer wrote in an e-mail, without what it quotes."""
        body = html_sanitize(mail.get("body") or "", silent=True)
        tree = html.fragment_fromstring(body, create_parent="div")
        for quote in tree.xpath("//*[@data-o-mail-quote]"):
            quote.drop_tree()
        words = html2plaintext(html.tostring(tree, encoding="unicode"))
        return words.replace("\0", "").strip()[:_MAX_WORDS]

    @api.model
    def _create_reply_sudo(self, record_sudo, words):
        """Store what came by e-mail as a reply, so that it's where all others are."""
        return (
            self.env["fsm.confirmation.reply"]
            .sudo()
            .create(
                {
                    "confirmation_id": record_sudo.id,
                    "partner_id": record_sudo.partner_id.id,
                    "company_id": record_sudo.company_id.id,
                    "body": words,
                    "intent": "unrecognized",
                    "reason": "email",
                    "state": "matched",
                }
            )
        )
