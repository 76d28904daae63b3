# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What companies wrote to be replied becomes templates, as all texts to customers are.

At the end of the update: the languages of the standard texts have been loaded, and the
old columns are still there.
"""

import json
import re

from odoo import SUPERUSER_ID, api
from odoo.tools import SQL
from odoo.tools.sql import column_exists

# Old column -> the kinds of reply that it was for.
_KINDS = {
    "job_confirmation_confirmed_text": ["confirmed"],
    "job_confirmation_declined_text": ["declined"],
    "job_confirmation_unclear_text": ["unclear"],
    "job_confirmation_which_text": ["which"],
    "job_confirmation_moved_text": ["moved", "moved_undated"],
    "job_confirmation_closed_text": ["closed"],
    "job_confirmation_help_text": ["help"],
}
# What stood in single braces -> the field with it.
_MESSAGE = {
    "company": "company_id.name",
    "phone": "company_id.phone",
    "job": "job_name",
    "date": "date_text",
    "time": "time_text",
    "new_date": "new_date_text",
    "new_time": "new_time_text",
    "choices": "",
}
_FIELDS = {
    "which": {**_MESSAGE, "choices": "choices_text"},
    "help": {"company": "name", "phone": "phone", "choices": ""},
}


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {})
    codes = [code for code, _name in env["res.lang"].get_installed()]
    for column, kinds in _KINDS.items():
        if not column_exists(cr, "res_company", column):
            continue
        cr.execute(
            SQL(
                "SELECT id, %(texts)s FROM res_company WHERE %(texts)s IS NOT NULL",
                texts=SQL.identifier(column),
            )
        )
        for company_id, texts in cr.fetchall():
            if any(texts.values()):
                company = env["res.company"].browse(company_id)
                for kind in kinds:
                    make_template(company, kind, texts, codes)


def make_template(company, kind, texts, codes):
    """Give a company its own template of a kind.

    :param texts: dict language code -> text, "" where the standard text was sent
    :param codes: of the installed languages
    """
    standard = company.env["sms.template"]._get_standard_auto_reply(kind)
    bodies = {}
    for code in ["en_US", *codes]:
        # Odoo shows the English text where a language has none.
        text = texts.get(code, texts.get("en_US"))
        own = text and convert(text, kind)
        bodies[code] = own or standard.with_context(lang=code).body
    template = company.env["sms.template"].create(
        {
            "name": f"{standard.name} ({company.name})",
            "confirmation_kind": kind,
            "model_id": standard.model_id.id,
            "body": standard.body,
        }
    )
    # By SQL: what a company has been sending so far is not checked anew.
    company.env.flush_all()
    company.env.cr.execute(
        "UPDATE sms_template SET body = %s::jsonb WHERE id = %s",
        (json.dumps(bodies), template.id),
    )
    template.invalidate_recordset()
    company.job_confirmation_text_ids |= template


def convert(text, kind):
    """A text in the old language of templates as one in Odoo's.

    Only the known words in braces were filled in; all else was sent as it stood.
    """
    known = _FIELDS.get(kind, _MESSAGE)

    def replace(found):
        name = found["name"]
        if not name:
            return found["brace"]
        if name not in known:
            return "{" + name + "}"
        return "{{ object." + known[name] + " }}" if known[name] else ""

    # Two braces side by side would begin or end an expression.
    return re.sub(r"\{+(?P<name>\w+)\}+|(?P<brace>[{}])(?P=brace)+", replace, text)
