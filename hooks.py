# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What has to happen besides what Odoo does by itself."""

import re

from .models.message_center.fsm_confirmation_name_index import FUNCTION
from .models.xmlids import ANSWER_ACTIVITIES, MODULE, NOTE_SUBTYPE, SETUP_ACTIVITY


def uninstall_hook(env):
    """Remove what would be left of the messages in other records' histories.

    Without this addon nothing keeps the texts from users without a level, their links
    lead nowhere, and activities keep their types from being removed. The list of
    numbers that opted out stays: it is Odoo's, and the customers' will.
    """
    subtype = env.ref(NOTE_SUBTYPE, raise_if_not_found=False)
    if subtype:
        env["mail.message"].search([("subtype_id", "=", subtype.id)]).unlink()
    xmlids = (*ANSWER_ACTIVITIES, SETUP_ACTIVITY)
    types = [env.ref(xmlid, raise_if_not_found=False) for xmlid in xmlids]
    ids = [kind.id for kind in types if kind]
    activities = env["mail.activity"].with_context(active_test=False)
    activities.search([("activity_type_id", "in", ids)]).unlink()
    done = env["mail.message"].search([("mail_activity_type_id", "in", ids)])
    done.write({"mail_activity_type_id": False})
    # The standard ones go with the addon; nothing sends those of a company then.
    env["sms.template"].search([("confirmation_kind", "!=", False)]).filtered(
        lambda template: not template.get_external_id()[template.id]
    ).unlink()
    models = env.registry.items()
    ours = [name for name, model in models if model._original_module == MODULE]
    _remove_references(env, ours)
    _remove_searches(env, ours)
    env.cr.execute(f"DROP FUNCTION IF EXISTS {FUNCTION} CASCADE")


def _remove_references(env, ours):
    """Remove what names our models without being theirs.

    Modules whose mixins a model uses have names of their own for its fields and more.

    :param ours: names of models
    """
    env["ir.attachment"].search([("res_model", "in", ours)]).unlink()
    fields = env["ir.model.fields"].search([("model", "in", ours)])
    parents = env["ir.model.inherit"].search([("model_id.model", "in", ours)])
    for records in (fields, fields.selection_ids, parents):
        env["ir.model.data"].search(
            [
                ("model", "=", records._name),
                ("res_id", "in", records.ids),
                ("module", "!=", MODULE),
            ]
        ).unlink()


def _remove_searches(env, ours):
    """Remove the favorites and export templates that would only fail from now on.

    :param ours: names of models
    """
    gone = {
        name
        for model in env.registry.values()
        for name, field in model._fields.items()
        if set(field._modules) == {MODULE} and "confirmation_" in name
    }

    def is_lost(model, *texts):
        return model in ours or not gone.isdisjoint(re.findall(r"\w+", " ".join(texts)))

    filters = env["ir.filters"].with_context(active_test=False).search([])
    filters.filtered(
        lambda found: is_lost(found.model_id, found.domain, found.context, found.sort)
    ).unlink()
    exports = env["ir.exports"].search([])
    lines = exports.export_fields
    lines.filtered(lambda line: is_lost(line.export_id.resource, line.name)).unlink()
    exports.filtered(lambda export: not export.export_fields).unlink()
