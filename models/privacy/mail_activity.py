# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from ..levels import may_edit
from ..xmlids import ANSWER_ACTIVITIES, READ_GROUP
from .mail_message import WRITTEN_BY_SERVER


class MailActivity(models.Model):
    """Keeps what an answer asks for from users without a Message Center level.

    "The customer declined: agree on another date" tells what a customer answered. It is
    on the Work Order, which such users may read.
    """

    _inherit = "mail.activity"

    @api.model
    def _hides_answers(self):
        return not self.env.su and not self.env.user.has_group(READ_GROUP)

    @api.model
    def _get_answer_domain(self):
        """Activities that an answer made, and that nobody planned by hand."""
        find = self.env["ir.model.data"]._xmlid_to_res_id
        ids = [find(xmlid) for xmlid in ANSWER_ACTIVITIES]
        kind = Domain("activity_type_id", "in", [id_ for id_ in ids if id_])
        return kind & Domain("automated", "=", True)

    @api.model
    def _search(self, domain, *args, **kwargs):
        # Also with bypass_access: that is how Work Orders are searched by activities.
        if self._hides_answers():
            domain = Domain(domain) & ~self._get_answer_domain()
        return super()._search(domain, *args, **kwargs)

    def _check_access(self, operation):
        result = super()._check_access(operation)
        if not self or may_edit(self.env):
            return result
        hidden_sudo = self.sudo().filtered_domain(self._get_answer_domain())
        if not self._hides_answers():
            # A user with Read Only sees them, and may do those assigned to them.
            if operation == "read":
                return result
            hidden_sudo = hidden_sudo.filtered(lambda act: act.user_id != self.env.user)
        if not hidden_sudo:
            return result
        hidden = hidden_sudo.sudo(False)
        forbidden = (result[0] if result else self.browse()) | hidden
        return forbidden, lambda: forbidden._make_access_error(operation)

    def _action_done(self, feedback=False, attachment_ids=None):
        # The note that it is done is visible to the same users as the activity.
        answers = self.filtered_domain(self._get_answer_domain())
        others = self - answers
        if not answers:
            return super()._action_done(feedback, attachment_ids)
        asked_sudo = (
            self.env["fsm.confirmation"]
            .sudo()
            .search([("activity_id", "in", answers.ids)])
            .grouped("activity_id")
        )
        messages, planned = super(MailActivity, others)._action_done(
            feedback, attachment_ids
        )
        for activity in answers:
            # See fsm.activity.privacy.mixin.
            with WRITTEN_BY_SERVER.up():
                done, planned_too = super(MailActivity, activity)._action_done(
                    feedback, attachment_ids
                )
                # The note repeats what was asked for.
                done.sudo().confirmation_id = asked_sudo.get(activity)
            messages, planned = messages | done, planned | planned_too
        return messages, planned
