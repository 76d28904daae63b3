# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models


class FsmConfirmationReplyChatter(models.AbstractModel):
    """Writes customers' texts, and the auto-replies to them, into the histories.

    The notes themselves are those of ``fsm.confirmation.chatter``.
    """

    _name = "fsm.confirmation.reply.chatter"
    _description = "Histories of Replies"

    @api.model
    def _log_texts(self, text, links, auto_reply=""):
        """Write a text into the histories of messages it belongs to.

        :param text: :class:`~...core.matching.Inbound`, or a reply
        :param links: pairs of ``fsm.confirmation`` and how the text was understood for
            them, "" if it was not
        :param auto_reply: what the customer got back, told once in each history
        """
        told = set()
        for messages, intent in links:
            for record in messages:
                targets = [
                    each for each in (record.order_id, record.partner_id) if each
                ]
                new = [each for each in targets if each not in told]
                for mine, answer in ((new, auto_reply), (told & set(targets), "")):
                    if mine:
                        self._log_text(text, record, mine, intent, answer)
                told.update(targets)

    @api.model
    def _log_text(self, text, record, targets, intent, auto_reply):
        intents = self.env["fsm.confirmation.reply"]._fields["intent"]
        labels = dict(intents._description_selection(self.env))
        chatter = self.env["fsm.confirmation.chatter"]
        body = chatter._format_text(
            title=self._describe_origin(text, record),
            body=text.body or self.env._("(picture)"),
            state=self.env._("Understood as: %s", labels.get(intent, "")),
            record=record,
            auto_reply=auto_reply,
        )
        author = record.partner_id if text.mobile == record.mobile else None
        company, date = record.company_id, text.received_date
        chatter._log_text(record, targets, body, author, company, date)

    @api.model
    def _log_late_auto_reply(self, reply):
        """Write an auto-reply that was just sent as its own text into the histories."""
        chatter = self.env["fsm.confirmation.chatter"]
        title = self.env._("Auto-reply to %s", reply.mobile)
        author = self.env.user.partner_id
        told = set()
        for record in reply.confirmation_ids or [None]:
            targets = (
                (record.order_id, record.partner_id) if record else reply.partner_id
            )
            new = [each for each in targets if each and each not in told]
            told.update(new)
            body = chatter._format_text(title, reply.auto_reply_body, "", record)
            chatter._create_notes(new, body, author, reply.company_id, record=record)

    @api.model
    def _describe_origin(self, text, message):
        """Who wrote: the contact, or another number whose reply a person attached."""
        name_visit = self.env["fsm.confirmation.chatter"]._name_visit
        if not text.mobile:
            title = self.env._(
                "Answer by e-mail from %(contact)s (%(email)s) to",
                contact=message.contact_name or "",
                email=message.email or "",
            )
            return name_visit(title, message)
        if text.mobile != message.mobile:
            title = self.env._("Reply by text from the number %s to", text.mobile)
            return name_visit(title, message)
        title = self.env._(
            "Reply by text from %(contact)s (%(number)s) to",
            contact=message.contact_name or "",
            number=text.mobile,
        )
        return name_visit(title, message)

    @api.model
    def _log_unmatched(self, text, several, company, partner, auto_reply=""):
        """Write a text that belongs to no message into the histories it concerns.

        :param several: the ``fsm.confirmation`` of which the customer has to choose one
        :param company: ``res.company`` whose customer it is
        :param partner: ``res.partner`` who wrote it, maybe empty
        :param auto_reply: what the customer got back
        """
        parts = [
            (company, [*records.order_id, *records.partner_id])
            for company, records in several.grouped("company_id").items()
        ] or [(company, [partner])]
        state = self.env._("Belongs to no message")
        if several:
            state = self.env._("Several appointments are awaiting a response")
        chatter = self.env["fsm.confirmation.chatter"]
        body = chatter._format_text(
            title=self.env._("Text from %s", text.mobile),
            body=text.body or self.env._("(picture)"),
            state=state,
            record=None,
            auto_reply=auto_reply,
        )
        for company, targets in parts:
            date = text.received_date
            chatter._log_text(None, targets, body, partner, company, date)
