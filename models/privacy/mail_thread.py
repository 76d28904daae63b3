# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools.misc import clean_context

from ...tools.fields import VisibleOne2many
from ..xmlids import MODULE


def _is_mail_gateway(env):
    """Whether an e-mail came from a mail server: Odoo fetches them as superuser, and
    its script for mail servers logs in as an administrator.
    """
    return env.su or env.user._is_system()


def _is_the_customers(env, name):
    """Whether records of a model hold, or settle, what customers answer."""
    # An entry on the list of opt-outs ends the questions to its number.
    return name == "phone.blacklist" or (
        name in env and env[name]._original_module == MODULE
    )


def _check_mail_for(env, *names):
    """:raises AccessError: a user hands in an e-mail that only a customer can write

    :param names: of the models that it goes to, or False
    """
    if not _is_mail_gateway(env) and any(_is_the_customers(env, n) for n in names):
        _refuse(env)


def _refuse(env):
    raise AccessError(env._("Nobody can write a note in the name of a customer."))


class MailThread(models.AbstractModel):
    """Keeps from users that a record has notes which they may not see, and that they
    hand Odoo's mail gateway an e-mail that nobody sent.
    """

    _inherit = "mail.thread"

    message_ids = VisibleOne2many()

    def _compute_has_message(self):
        if self.env.su:
            super()._compute_has_message()
            return
        found = self.filtered_domain(self._search_has_message("in", [True]))
        for record in self:
            record.has_message = record in found

    def _search_has_message(self, operator, value):
        if self.env.su or operator != "in":
            return super()._search_has_message(operator, value)
        # As superuser: what a user may see of these records is asked of the records.
        messages_sudo = self.env["mail.message"].sudo()
        hidden = self.env["mail.message"]._get_hidden_confirmations_domain()
        query = messages_sudo._search(Domain("model", "=", self._name) & ~hidden)
        found = Domain("id", "in", query.subselect("res_id"))
        return found if True in value else ~found

    # ------------------------------------------------------------------
    # Odoo's mail gateway: any user can call it, and it goes on as superuser
    # ------------------------------------------------------------------

    @api.model
    def message_process(
        self,
        model,
        message,
        custom_values=None,
        save_original=False,
        strip_attachments=False,
        thread_id=None,
    ):
        if not _is_mail_gateway(self.env):
            # A record would be created of them as superuser, whatever they say.
            if custom_values:
                _refuse(self.env)
            # Keyword arguments would leave the defaults where they are.
            clean = clean_context(self.env.context)
            self = self.with_context(clean)  # pylint: disable=context-overridden
        return super().message_process(
            model,
            message,
            custom_values=custom_values,
            save_original=save_original,
            strip_attachments=strip_attachments,
            thread_id=thread_id,
        )

    @api.model
    def _message_route_process(self, message, message_dict, routes):
        # The last step in which the environment is the caller's: the user that Odoo
        # takes from here on may follow from a forged sender.
        _check_mail_for(self.env, *(route[0] for route in routes or ()))
        return super()._message_route_process(message, message_dict, routes)

    @api.model
    def _routing_handle_bounce(self, email_message, message_dict):
        bounced = message_dict["bounced_message"]
        _check_mail_for(self.env, bounced.model if bounced else False)
        return super()._routing_handle_bounce(email_message, message_dict)
