# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import format_date, format_time

from ..core import reply
from ..core.reply import decision as said
from ..tools.dialogs import open_dialog

_ID = 1  # of the one appointment that it is about


class FsmConfirmationWordTrial(models.TransientModel):
    """Shows what a text would mean as an answer to an open question. Nothing is kept.

    It is read as customers' texts are, with the current words.
    """

    _name = "fsm.confirmation.word.trial"
    _description = "What Would This Text Mean?"

    body = fields.Text("A Customer's Text")
    outcome = fields.Selection(
        "_get_outcomes", "Meaning", compute="_compute_meaning", help="What it would do."
    )
    reason = fields.Char("Why", compute="_compute_meaning")
    words = fields.Char("Words That Decided", compute="_compute_meaning")
    note = fields.Char("Note to Read", compute="_compute_meaning")
    proposed = fields.Char("Proposed Time", compute="_compute_meaning")

    @api.model
    def _get_outcomes(self):
        """The outcomes of :mod:`~..core.reply`, an answer as yes or no."""
        return [
            (said.CONFIRMED, self.env._("Yes: the appointment is confirmed")),
            (said.DECLINED, self.env._("No: the appointment is declined")),
            (said.COURTESY, self.env._("Politeness: nothing changes")),
            (
                said.UNRECOGNIZED,
                self.env._(
                    "Unclear: the customer is asked to clarify, and staff see it"
                ),
            ),
            (said.PERSON, self.env._("For a person to read")),
            (said.ASK_WHICH, self.env._("The customer is asked which appointment")),
            (said.OPT_OUT, self.env._("Opts out of texts")),
            (said.OPT_IN, self.env._("Opts in again")),
            (said.ASK_HELP, self.env._("Asks for help: gets the help text")),
            (said.WRONG_NUMBER, self.env._("Wrong number")),
            (said.AUTOMATIC, self.env._("An automatic reply: nothing changes")),
        ]

    @api.depends("body")
    @api.depends_context("lang")
    def _compute_meaning(self):
        reasons = self.env["fsm.confirmation.reply"]._get_reasons()
        for trial in self:
            found = trial._read() if (trial.body or "").strip() else None
            answers = found.answers if found else ()
            trial.outcome = answers[0][1] if answers else bool(found) and found.outcome
            trial.reason = bool(found) and reasons.get(found.reason)
            trial.words = bool(found) and found.detail
            trial.note = bool(found) and found.note
            trial.proposed = bool(found) and trial._describe(found.proposed)

    def _read(self):
        """:return: :class:`~..core.reply.Decision`"""
        now = fields.Datetime.context_timestamp(self, fields.Datetime.now())
        now = now.replace(tzinfo=None)
        start = now.replace(hour=9, minute=0, second=0) + timedelta(days=1)
        order = self.env["fsm.order"]
        text = order._get_answer_instruction()
        appointment = said.Appointment(
            id=_ID,
            start=start,
            end=start + timedelta(hours=2),
            lang=self.env.lang or "en_US",
            company=self.env.company.name,
            text=text,
        )
        question = said.Said(by=said.US, kind=said.QUESTION, text=text, about=(_ID,))
        lexicon = self.env["fsm.confirmation.word"]._lexicon()
        return reply.read(
            self.body, [question], [appointment], lexicon=lexicon, now=now
        )

    def _describe(self, proposal):
        """A proposed day, with its hour if one was named, as the user writes it."""
        if not proposal:
            return False
        day = format_date(self.env, proposal.day)
        if not proposal.at:
            return day
        return f"{day}, {format_time(self.env, proposal.at, time_format='short')}"

    def action_try(self):
        """Show what the text means, in the same dialog."""
        self.ensure_one()
        return open_dialog(
            self.env._("What Would This Text Mean?"), self._name, self.id
        )
