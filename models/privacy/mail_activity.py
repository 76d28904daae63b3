# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain

from ..appointment.fsm_appointment_mixin import EDIT_GROUP, READ_GROUP

MODULE = "fieldservice_job_confirmation"
# What an answer asks a person to do. A person may plan such activities as well.
ANSWER_TYPES = (
    "mail_activity_type_reschedule",
    "mail_activity_type_call",
    "mail_activity_type_read",
    "mail_activity_type_ask_again",
    "mail_activity_type_number",
)
# In the context while such an activity is marked as done, see ``fsm.order``.
KEEP_FROM_OTHERS = "job_confirmation_keep_from_others"


class MailActivity(models.Model):
    """Keeps what an answer asks for from users without a Message Center level.

    "The customer declined: agree on another date" tells what a customer answered.
    It stands on the Work Order, which such users may read.
    """

    _inherit = "mail.activity"

    @api.model
    def _hides_answers(self):
        return not self.env.su and not self.env.user.has_group(READ_GROUP)

    @api.model
    def _get_answer_domain(self):
        """Activities that an answer made, and that nobody planned by hand."""
        find = self.env["ir.model.data"]._xmlid_to_res_id
        ids = [find(f"{MODULE}.{name}") for name in ANSWER_TYPES]
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
        user = self.env.user
        if not self or self.env.su or user.has_group(EDIT_GROUP):
            return result
        hidden_sudo = self.sudo().filtered_domain(self._get_answer_domain())
        if not self._hides_answers():
            # Read Only looks; what somebody with Edit gave to this user may be done.
            if operation == "read":
                return result
            hidden_sudo = hidden_sudo.filtered(lambda act: act.user_id != user)
        if not hidden_sudo:
            return result
        hidden = hidden_sudo.sudo(False)
        forbidden = (result[0] if result else self.browse()) | hidden
        return forbidden, lambda: forbidden._make_access_error(operation)

    def _action_done(self, feedback=False, attachment_ids=None):
        # The note that it is done stays in the same eyes.
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
            kept = activity.with_context(**{KEEP_FROM_OTHERS: True})
            done, planned_too = super(MailActivity, kept)._action_done(
                feedback, attachment_ids
            )
            # The note repeats what was asked for.
            done.sudo().confirmation_id = asked_sudo.get(activity)
            messages, planned = messages | done, planned | planned_too
        return messages, planned
