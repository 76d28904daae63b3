# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Runs in Odoo's shell: everything that an update must keep, as {what: {key: row}}.
# ruff: noqa: F821
import json


def table(sql, key="id"):
    env.cr.execute(sql)
    return {str(row[key]): row for row in env.cr.dictfetchall()}


result = {
    "messages": table(
        """
        SELECT id, name, order_id, visit_id, partner_id, contact_name, job_name, mobile,
               company_id, user_id, body, code, appointment_start::text, state,
               response, reply_body, reply_date::text, sent_date::text, twilio_sid,
               is_open, closed_reason, sender, uuid
          FROM fsm_confirmation
        """
    ),
    "replies": table(
        """
        SELECT id, confirmation_id, partner_id, mobile, body, intent, state, twilio_sid,
               received_date::text, company_id
          FROM fsm_confirmation_reply
        """
    ),
    "visits": table(
        """
        SELECT id, order_id, name, scheduled_date_start::text, confirmation_status
          FROM fsm_visit
        """
    ),
    "work orders": table("SELECT id, confirmation_status FROM fsm_order"),
    "opt-outs": table("SELECT id, number, active FROM phone_blacklist"),
    "own words": table(
        """
        SELECT id, phrase, lang, intent, active FROM fsm_confirmation_word
         WHERE phrase = 'life goes on'
        """
    ),
    "settings": table(
        """
        SELECT id, job_confirmation_enabled, job_confirmation_reply_hours,
               job_confirmation_confirmed_text, job_confirmation_auto_reply,
               job_confirmation_template_id, job_confirmation_sender_id
          FROM res_company
        """
    ),
    "levels": table(
        """
        SELECT u.login || ' ' || d.name AS level FROM res_groups_users_rel r
          JOIN res_users u ON u.id = r.uid
          JOIN ir_model_data d ON d.model = 'res.groups' AND d.res_id = r.gid
         WHERE d.module = 'fieldservice_job_confirmation'
        """,
        "level",
    ),
    "history": table(
        """
        SELECT id, model, res_id, body FROM mail_message
         WHERE body LIKE '%fsm.confirmation%'
        """
    ),
    "activities": table(
        "SELECT id, res_id, activity_type_id FROM mail_activity"
        " WHERE res_model = 'fsm.order'"
    ),
}
print("UPGRADE-RESULT " + json.dumps(result))
