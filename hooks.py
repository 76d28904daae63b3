# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What has to happen besides what Odoo does by itself."""

from .models.message_center.fsm_confirmation_name_index import FUNCTION
from .models.privacy.mail_activity import ANSWER_TYPES, MODULE
from .models.privacy.mail_message import SUBTYPE


def uninstall_hook(env):
    """Remove what would be left of the messages in other records' histories.

    Without this addon nothing keeps the texts from users without a level, their links
    lead nowhere, and activities keep their types from being removed. The list of
    numbers that opted out stays: it is Odoo's, and the customers' will.
    """
    subtype = env.ref(SUBTYPE, raise_if_not_found=False)
    if subtype:
        env["mail.message"].search([("subtype_id", "=", subtype.id)]).unlink()
    names = (*ANSWER_TYPES, "mail_activity_type_set_up")
    types = [env.ref(f"{MODULE}.{name}", raise_if_not_found=False) for name in names]
    ids = [kind.id for kind in types if kind]
    activities = env["mail.activity"].with_context(active_test=False)
    activities.search([("activity_type_id", "in", ids)]).unlink()
    done = env["mail.message"].search([("mail_activity_type_id", "in", ids)])
    done.write({"mail_activity_type_id": False})
    # The standard ones go with the addon; nothing sends those of a company then.
    env["sms.template"].search([("confirmation_kind", "!=", False)]).filtered(
        lambda template: not template.get_external_id()[template.id]
    ).unlink()
    env.cr.execute(f"DROP FUNCTION IF EXISTS {FUNCTION} CASCADE")
