# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Runs in Odoo's shell after the update: what was written before works like new.
# ruff: noqa: F821

MODULE = "fieldservice_job_confirmation"
replies = env["fsm.confirmation.reply"].search([("confirmation_id", "!=", False)])
assert replies
for reply in replies:
    assert reply.confirmation_id in reply.confirmation_ids, reply
    assert reply in reply.confirmation_id.reply_ids, reply
subtype = env.ref(f"{MODULE}.mt_confirmation")
models = ("fsm.order", "res.partner")
about = [("body", "like", 'data-oe-model="fsm.confirmation"')]
old = env["mail.message"].search([("model", "in", models), *about])
assert old
assert old.subtype_id == subtype, old.mapped("subtype_id.name")
assert all(old.mapped("record_company_id"))
assert all(note.confirmation_id for note in old)
for model in ("fsm.visit", "fsm.order"):
    waiting = env[model].search([("confirmation_status", "=", "awaiting")])
    # A Work Order with visits sums up theirs.
    for record in waiting.filtered(lambda rec: rec._has_own_status()):
        assert record._get_appointment_confirmations_sudo([("is_open", "=", True)])
jobs = env["ir.cron"].search([("name", "like", "Job Confirmations:")])
assert jobs
for job in jobs:
    method = job.code.removeprefix("model.").removesuffix("()")
    assert hasattr(env[job.model_id.model], method), job.name
# What a company wrote to be replied is a template now, in every language.
texts = {text.confirmation_kind: text for text in env.company.job_confirmation_text_ids}
assert set(texts) == {"confirmed", "help"}, texts
details = "{{ object.company_id.name }}, {{ object.date_text }}."
assert texts["confirmed"].body == f"Life: {details}", texts["confirmed"].body
spanish = {kind: text.with_context(lang="es_ES").body for kind, text in texts.items()}
assert spanish["confirmed"] == f"Vida: {details}", spanish
assert texts["help"].body == spanish["help"] == "Life: {{ object.phone }} {odd}", texts
standard = env["sms.template"]._get_standard_auto_reply("declined")
assert standard.body != standard.with_context(lang="es_ES").body, standard.body
# The words of an old message are understood and matched as those of a new one.
message = env["fsm.confirmation"].search(
    [("is_open", "=", True), ("body", "like", "Life:")], limit=1
)
parties = {"From": message.mobile, "To": message.sender}
reply = env["fsm.confirmation.inbox"]._receive_sudo(
    message.company_id.sudo(),
    {**parties, "MessageSid": "SM" + "e" * 32, "Body": "yes, please come"},
)
assert message.response == "confirmed", (message.response, reply.state, reply.reason)
assert reply.auto_reply_body.startswith(f"Life: {message.company_id.name}, "), reply
env.cr.rollback()
