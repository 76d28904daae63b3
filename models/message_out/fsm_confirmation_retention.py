# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from dateutil.relativedelta import relativedelta
from markupsafe import escape

from odoo import api, fields, models
from odoo.tools import SQL

from ...core.status import indicator_sql
from ..xmlids import NOTE_SUBTYPE

# What replaces a text or a number.
REMOVED = "-"
_BATCH = 1000


class FsmConfirmationRetention(models.AbstractModel):
    """Texts and numbers of old messages are made anonymous; counts and answers stay."""

    _name = "fsm.confirmation.retention"
    _description = "Retention of Texts and Numbers"

    @api.model
    def _cron_anonymize(self):
        """Anonymize what is older than its company keeps it, in batches."""
        cron = self.env["ir.cron"]
        companies_sudo = (
            self.env["res.company"]
            .sudo()
            .search([("job_confirmation_retention_months", ">", 0)])
        )
        for company_sudo in companies_sudo:
            months = company_sudo.job_confirmation_retention_months
            before = fields.Datetime.now() - relativedelta(months=months)
            for step in (
                self._anonymize_messages,
                self._anonymize_replies,
                self._anonymize_other_notes,
                self._anonymize_opt_outs,
            ):
                while step(company_sudo, before, _BATCH):
                    if not cron._commit_progress(_BATCH):
                        return

    # ------------------------------------------------------------------
    # What is deleted
    # ------------------------------------------------------------------

    @api.model
    def _erase_contacts_sudo(self, messages, replies):
        """Erase a deleted contact from its messages; counts and answers stay.

        :param messages: ``fsm.confirmation``; what still waits to be sent stays
        :param replies: ``fsm.confirmation.reply``, whether they belong to one or not
        """
        replies |= messages.reply_ids
        self._erase_traces_sudo(messages, replies)
        messages.sudo().write({"contact_name": REMOVED})
        self._remove_texts(SQL("id = ANY(%s)", messages.ids))
        self._remove_words(SQL("id = ANY(%s)", replies.ids))

    @api.model
    def _erase_traces_sudo(self, messages, replies):
        """Remove what is stored elsewhere of messages and replies that are deleted.

        In the histories, beside opt-outs, and in what could be undone.
        """
        self.env.flush_all()
        self._anonymize_notes(messages.ids)
        for message_sudo in messages.sudo():
            self._anonymize_notes_that_name(message_sudo)
        for reply_sudo in replies.sudo():
            self._anonymize_notes_of_reply(reply_sudo)
            for message_sudo in reply_sudo.confirmation_ids:
                message_sudo._forget_words(reply_sudo.body or "")
        both = [*messages.sudo(), *replies.sudo()]
        numbers = list({each.mobile for each in both})
        undo_sudo = self.env["fsm.confirmation.undo"].sudo()
        undo_sudo.search([("message_id.mobile", "in", numbers)]).unlink()
        entries_sudo = self.env["phone.blacklist"].sudo()
        entries_sudo = entries_sudo.with_context(active_test=False).search(
            [
                ("number", "in", numbers),
                ("opt_out_company_id", "in", [each.company_id.id for each in both]),
            ]
        )
        words = {(reply.body or "")[:160] for reply in replies.sudo()}
        gone = messages.sudo().mapped("mobile")
        entries_sudo.filtered(
            lambda entry: entry.number in gone or entry.opt_out_text in words
        ).write({"opt_out_text": False})
        self.env.invalidate_all()

    @api.model
    def _anonymize_notes_that_name(self, message_sudo):
        """Remove why people decided something about a message from the histories."""
        self.env.execute_query(
            SQL(
                """
                UPDATE mail_message SET body = %(removed)s
                 WHERE subtype_id = %(subtype)s
                   AND (model = 'fsm.order' AND res_id = %(order)s
                        OR model = 'res.partner' AND res_id = %(partner)s)
                   AND position(%(name)s IN body) > 0
             RETURNING id
                """,
                removed=self._get_note(),
                subtype=self.env["ir.model.data"]._xmlid_to_res_id(NOTE_SUBTYPE),
                order=message_sudo.order_id.id or 0,
                partner=message_sudo.partner_id.id or 0,
                name=message_sudo.name,
            )
        )

    @api.model
    def _anonymize_notes_of_reply(self, reply_sudo):
        """Remove a reply's words from the histories, wherever they were noted."""
        self.env.execute_query(
            SQL(
                """
                UPDATE mail_message SET body = %(removed)s
                 WHERE subtype_id = %(subtype)s
                   AND record_company_id = %(company)s
                   AND date >= %(received)s
                   AND (position(%(words)s IN body) > 0
                        OR confirmation_id = ANY(%(ids)s) AND date = %(received)s)
             RETURNING id
                """,
                removed=self._get_note(),
                subtype=self.env["ir.model.data"]._xmlid_to_res_id(NOTE_SUBTYPE),
                company=reply_sudo.company_id.id,
                received=reply_sudo.received_date,
                words=str(escape(reply_sudo.body or REMOVED)),
                ids=reply_sudo.confirmation_ids.ids,
            )
        )

    # ------------------------------------------------------------------
    # What is old
    # ------------------------------------------------------------------

    @api.model
    def _anonymize_messages(self, company, before, limit):
        """Remove texts and numbers of messages, and of the notes about them.

        :return: whether there may be more
        """
        ids = self._remove_texts(
            SQL(
                "company_id = %s AND create_date < %s LIMIT %s",
                company.id,
                before,
                limit,
            )
        )
        self._anonymize_notes(ids)
        return len(ids) == limit

    @api.model
    def _remove_texts(self, which):
        """Make messages anonymous, which an ordinary write refuses to everybody.

        :param which: SQL condition, maybe with a limit
        :return: list of their ids
        """
        self.env.flush_all()
        closed_reason = "COALESCE(closed_reason, 'past')"
        indicator = indicator_sql(is_open="FALSE", closed_reason=closed_reason)
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE fsm_confirmation
                   SET body = %(removed)s, mobile = %(removed)s, code = NULL,
                       email = NULL, answer_key = NULL, mail_id = NULL,
                       reply_body = CASE WHEN reply_body IS NULL THEN NULL
                                         ELSE %(removed)s END,
                       customer_note = NULL, proposed_date = NULL,
                       failure_reason = NULL, is_open = FALSE, read_after = NULL,
                       needs_reading = FALSE,
                       closed_reason = %(closed_reason)s,
                       indicator = %(indicator)s
                 WHERE id IN (SELECT id FROM fsm_confirmation
                               WHERE mobile IS DISTINCT FROM %(removed)s
                                 AND state NOT IN ('outgoing', 'sending')
                                 AND %(which)s FOR UPDATE SKIP LOCKED)
             RETURNING id
                """,
                removed=REMOVED,
                closed_reason=SQL(closed_reason),
                indicator=SQL(indicator),
                which=which,
            )
        )
        self.env.invalidate_all()
        ids = [id_ for (id_,) in rows]
        self._remove_mails(ids)
        return ids

    @api.model
    def _remove_mails(self, ids):
        """Remove the e-mails of messages: ours that weren't sent, and customers'.

        What a customer has attached goes as well.
        """
        mine = [("model", "=", "fsm.confirmation"), ("res_id", "in", ids)]
        self.env["mail.mail"].sudo().search(mine).unlink()
        attached = [("res_model", "=", "fsm.confirmation"), ("res_id", "in", ids)]
        self.env["ir.attachment"].sudo().search(attached).unlink()
        self.env.flush_all()
        self.env.execute_query(
            SQL(
                """
                UPDATE mail_message
                   SET subject = NULL, email_from = NULL, reply_to = NULL,
                       incoming_email_to = NULL, incoming_email_cc = NULL
                 WHERE model = 'fsm.confirmation' AND res_id = ANY(%s)
                   AND message_type = 'email'
             RETURNING id
                """,
                ids,
            )
        )
        self.env.invalidate_all()

    @api.model
    def _anonymize_replies(self, company, before, limit):
        """Remove words and numbers of replies; see :meth:`_anonymize_messages`."""
        ids = self._remove_words(
            SQL(
                "company_id = %s AND received_date < %s LIMIT %s",
                company.id,
                before,
                limit,
            )
        )
        return len(ids) == limit

    @api.model
    def _remove_words(self, which):
        """As :meth:`_remove_texts`, of replies."""
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE fsm_confirmation_reply
                   SET body = %(removed)s, mobile = %(removed)s, error = NULL,
                       state = CASE state WHEN 'pending' THEN 'unmatched'
                                          ELSE state END,
                       is_done = is_done OR state = 'pending',
                       auto_reply_body = CASE WHEN auto_reply_body IS NULL THEN NULL
                                          ELSE %(removed)s END
                 WHERE id IN (SELECT id FROM fsm_confirmation_reply
                               WHERE mobile IS DISTINCT FROM %(removed)s
                                 AND %(which)s FOR UPDATE SKIP LOCKED)
             RETURNING id
                """,
                removed=REMOVED,
                which=which,
            )
        )
        self.env.invalidate_all()
        return [id_ for (id_,) in rows]

    @api.model
    def _anonymize_notes(self, ids):
        """Remove the texts from the histories; the notes say that there was one.

        Also what people wrote on the messages themselves.

        :param ids: of messages
        """
        self.env.execute_query(
            SQL(
                """
                UPDATE mail_message SET body = %(removed)s
                 WHERE confirmation_id = ANY(%(ids)s)
                    OR (model = 'fsm.confirmation' AND res_id = ANY(%(ids)s)
                        AND body IS NOT NULL AND body != '')
             RETURNING id
                """,
                removed=self._get_note(),
                ids=ids,
            )
        )

    @api.model
    def _anonymize_other_notes(self, company, before, limit):
        """Remove the notes in the histories about no message, or about several.

        Those are replies that belong to none, opt-outs and why they were lifted.

        :return: whether there may be more
        """
        rows = self.env.execute_query(
            SQL(
                """
                UPDATE mail_message SET body = %(removed)s
                 WHERE id IN (SELECT id FROM mail_message
                               WHERE subtype_id = %(subtype)s
                                 AND confirmation_id IS NULL
                                 AND COALESCE(record_company_id, %(company)s)
                                     = %(company)s
                                 AND date < %(before)s
                                 AND body != %(removed)s
                               LIMIT %(limit)s FOR UPDATE SKIP LOCKED)
             RETURNING id
                """,
                removed=self._get_note(),
                subtype=self.env["ir.model.data"]._xmlid_to_res_id(NOTE_SUBTYPE),
                company=company.id,
                before=before,
                limit=limit,
            )
        )
        self.env.invalidate_all()
        return len(rows) == limit

    @api.model
    def _anonymize_opt_outs(self, company, before, _limit):
        """Remove the words of opt-outs; that the number opted out stays.

        :return: False, as all of it is done at once
        """
        entries_sudo = self.env["phone.blacklist"].sudo()
        entries_sudo.with_context(active_test=False).search(
            [
                ("opt_out_company_id", "=", company.id),
                ("opt_out_date", "<", before),
                ("opt_out_text", "!=", False),
            ]
        ).write({"opt_out_text": False})
        # What can be undone by now holds the words as well.
        undo_sudo = self.env["fsm.confirmation.undo"].sudo()
        undo_sudo.search([("create_date", "<", before)]).unlink()
        return False

    @api.model
    def _get_note(self):
        """The note that replaces an anonymized one."""
        # A name of its own: Odoo's export of terms doesn't look into f-strings.
        sentence = self.env._("The text was removed after its time.")
        return f"<p>{sentence}</p>"
