# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from collections import defaultdict

from odoo import api, models
from odoo.tools import SQL

from ...core.delivery import Transition
from ...core.formatting import MAX_TEXT, plain_spaces
from ...core.notices import TECHNICIAN

_MOST_IN_ONE = 5  # appointments
_WAITS = ("outgoing", "sending")


class FsmConfirmationSameDay(models.AbstractModel):
    """Appointments of one customer on one day: asked about, or told of, in one text.

    Each has a record of its own; a question has a code. One of them, the carrier, is
    the text that is sent; the others follow its delivery.
    """

    _name = "fsm.confirmation.same.day"
    _description = "Questions in One Text"

    # ------------------------------------------------------------------
    # Drafts
    # ------------------------------------------------------------------

    @api.model
    def _put_together(self, drafts):
        """Find what is asked in one text: the drafts' ``together``.

        :return: the drafts, those of one text side by side
        """
        found = defaultdict(list)
        for draft in drafts:
            found[self._get_key(draft) or id(draft)].append(draft)
        ordered = []
        for mine in found.values():
            mine.sort(key=lambda draft: draft.start or False)
            for first in range(0, len(mine), _MOST_IN_ONE):
                part = tuple(mine[first : first + _MOST_IN_ONE])
                for draft in part:
                    draft.together = part if len(part) > 1 else ()
                ordered += part
        return ordered

    @api.model
    def _count_texts(self, drafts):
        drafts = self._put_together(drafts)
        return len({id(draft.together or draft) for draft in drafts})

    @api.model
    def _get_key(self, draft):
        """What drafts of one text have in common; None for a text of its own.

        Of whichever step: one that is about to be asked has none yet.
        """
        start = draft.start
        # In an e-mail each has a link of its own.
        if not start or not draft.mobile or draft.is_email or draft.previous:
            return None
        is_plain = draft.asks and not draft.template and not draft.words
        if draft.is_alone or not (is_plain or draft.tells_change):
            return None
        return (
            draft.line,
            draft.company,
            draft.partner._get_customer_lang(draft.company),
            draft.step and draft.step.id,
            draft.at_once_reason,
            draft.tells_change,
            # Who comes is said once.
            draft.tells_change == TECHNICIAN and draft.appointment._get_person(),
            draft.appointment._get_local_day(),
        )

    @api.model
    def _render(self, drafts):
        """The text about all of these, as str."""
        first = drafts[0]
        change = first.tells_change
        kind = f"several_{change}" if change else "several"
        template_sudo = first.company._get_text_templates_sudo(kind)[:1].with_context(
            confirmation_together=tuple(
                (draft.order.id, draft.visit.id, draft.code) for draft in drafts
            ),
            confirmation_visit_ids=tuple(first.visit.ids),
            confirmation_readers=((first.order.id, first.partner.tz),)
            if first.partner.tz
            else (),
        )
        lang = first.partner._get_customer_lang(first.company, template_sudo)
        bodies = template_sudo._render_field("body", first.order.ids, set_lang=lang)
        return plain_spaces(str(bodies[first.order.id]))[:MAX_TEXT]

    @api.model
    def _join(self, drafts, records_sudo):
        """Have the first of each text carry the others."""
        pairs = list(zip(drafts, records_sudo, strict=True))
        carriers = {}
        for draft, record_sudo in pairs:
            if not draft.together:
                continue
            carrier_sudo = carriers.setdefault(id(draft.together), record_sudo)
            if carrier_sudo != record_sudo:
                record_sudo.write({"carrier_id": carrier_sudo.id, "segment_count": 0})

    # ------------------------------------------------------------------
    # Recorded texts
    # ------------------------------------------------------------------

    @api.model
    def _get_all(self, records):
        """These texts, and the questions and notices that they carry."""
        # Only questions with a code, and notices, carry others.
        carriers = records.filtered(lambda rec: rec.code or rec.tells_change)
        return records | carriers.carried_ids

    @api.model
    def _claim(self, ids):
        """The questions that claimed texts carry are on their way as well."""
        self.env.cr.execute(
            SQL(
                """
                UPDATE fsm_confirmation AS carried
                   SET state = carrier.state, claimed_date = carrier.claimed_date,
                       attempt_count = carrier.attempt_count, error_code = 0,
                       twilio_sid = NULL
                  FROM fsm_confirmation AS carrier
                 WHERE carried.carrier_id = carrier.id AND carrier.id = ANY(%s)
                   AND carried.state = 'outgoing'
                """,
                list(ids),
            )
        )

    @api.model
    def _stop(self, record, stops):
        """Don't send a text of which a part is no longer true.

        Its other questions are asked again, in a text of their own.

        :param record: a claimed ``fsm.confirmation`` with sudo
        :param stops: dict ``fsm.confirmation`` -> ``Transition``, of what must not be
            sent
        """
        deliveries = self.env["fsm.confirmation.delivery"]
        everything = self._get_all(record)
        left = everything.filtered(lambda rec: rec not in stops)
        steps = {rec: (rec.step_id, rec.step_after) for rec in left}
        reason = self.env._("Another appointment in this text changed: asked again.")
        # The new text is recorded for the same step.
        anew = Transition("canceled", reason=reason, is_void=True)
        for one in everything.filtered(lambda rec: rec.state in _WAITS):
            deliveries._make_one_transition(one, stops.get(one) or anew)
        drafts = [self._draft_again(rec, *step) for rec, step in steps.items()]
        composer = self.env["fsm.confirmation.composer"]
        composer._record([draft for draft in drafts if draft], record.user_id)

    @api.model
    def _draft_again(self, record, step, step_after):
        """A draft of what was not sent, of a change if that is still to be told.

        :return: :class:`~.fsm_confirmation_composer.Draft`, None if there is nothing
        """
        changes = self.env["fsm.confirmation.change"]
        kind, told_sudo = None, None
        if record.tells_change:
            kind, told_sudo = changes._find(record._get_appointment_sudo())
        if not kind and not record._asks():
            return None  # It isn't so any more.
        if kind:
            draft = changes._draft(record, kind, told_sudo)
        else:
            composer = self.env["fsm.confirmation.composer"]
            draft = composer._draft(record.order_id, record.visit_id, record.partner_id)
            draft.step, draft.step_after = step, step_after
        draft.leaves_at_once = bool(record.at_once_until)
        return draft

    @api.model
    def _hand_over(self, records):
        """Have another question carry those that a deleted one carried."""
        for record in records.filtered("carried_ids"):
            left = record.carried_ids - records
            left[:1].carrier_id = False
            left[1:].carrier_id = left[:1]
