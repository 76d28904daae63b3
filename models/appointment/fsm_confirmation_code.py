# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import re
import secrets

from odoo import api, models

from ...core.kinds import SMS

_CODE = re.compile("[0-9]{3}")
# Number of most recent codes of a number that are not used again.
_CODES_KEPT = 200


class FsmConfirmationCode(models.AbstractModel):
    """The short codes that tell open questions to one number apart."""

    _name = "fsm.confirmation.code"
    _description = "Codes of Confirmations"

    @api.model
    def _choose(self, mobile):
        """Three digits that this number has not seen lately.

        :param mobile: E.164
        """
        return self._draw(self._find_used([mobile])[mobile])

    @api.model
    def _draw(self, used):
        """:param used: set of codes, which it joins"""
        codes = [str(number) for number in range(100, 1000)]
        code = secrets.choice([code for code in codes if code not in used] or codes)
        used.add(code)
        return code

    @api.model
    def _find_used(self, numbers):
        """The codes that numbers have seen lately.

        :param numbers: E.164
        :return: dict number -> set of codes
        """
        used = {number: set() for number in numbers}
        if not used:
            return used
        recent_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search_fetch(
                [("mobile", "in", list(used)), ("code", "!=", False)],
                ["mobile", "code"],
                limit=_CODES_KEPT * len(used),
            )
        )
        for record_sudo in recent_sudo:
            used[record_sudo.mobile].add(record_sudo.code)
        return used

    @api.model
    def _ensure(self, messages):
        """Give open messages a code afterwards, so that they can be told apart."""
        for record_sudo in messages.sudo().filtered(lambda rec: not rec.code):
            record_sudo.code = self._choose(record_sudo.mobile)

    @api.model
    def _preview(self, draft):
        """The code that the text would carry now, "" for none.

        The draft's own is kept when one is needed.
        """
        others_sudo = self._find_open([draft]).filtered(
            lambda rec: (
                not rec._has_passed()
                and rec._get_appointment_sudo() != draft.appointment
            )
        )
        self._assign([draft], others_sudo)
        return draft.code

    @api.model
    def _assign(self, drafts, open_sudo):
        """Give a code to each text whose number has another open question.

        A single open question has none; the first of several that are asked now waits
        alone when it is written.

        :param open_sudo: ``fsm.confirmation`` records that wait for an answer
        """
        lines = {rec._get_line() for rec in open_sudo}
        lines |= {draft.line for draft in drafts if draft.together}
        missing = []
        for draft in drafts:
            if draft.is_email:
                draft.code = ""  # Each has a link of its own.
                continue
            if draft.line not in lines:
                draft.code = ""
            # A client may send anything.
            elif not _CODE.fullmatch(draft.code):
                missing.append(draft)
            lines.add(draft.line)
        used = self._find_used({draft.mobile for draft in missing})
        for draft in missing:
            draft.code = self._draw(used[draft.mobile])

    @api.model
    def _find_open(self, drafts):
        """Messages that wait for an answer on the lines of these texts, with sudo."""
        lines = {draft.line for draft in drafts}
        open_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search(
                [
                    ("mobile", "in", [mobile for mobile, _sender in lines if mobile]),
                    ("channel", "=", SMS),
                    ("is_open", "=", True),
                ]
            )
        )
        return open_sudo.filtered(lambda rec: rec._get_line() in lines)
