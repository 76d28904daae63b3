# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
# Runs in Odoo's shell: every view of everything the addon touches, and its records.
# ruff: noqa: F821

from odoo.exceptions import AccessError

MODULE = "fieldservice_job_confirmation"
ours = {
    name
    for name, model in env.registry.items()
    if not model._abstract and model._original_module == MODULE
}
assert ours, "the addon is not there"
touched = {"fsm.order", "res.partner", "res.users", "res.company", "fsm.location"}
touched |= {"res.config.settings", "sms.template", "mail.message", "mail.activity"}


def user(login, *groups):
    found = env["res.users"].search([("login", "=", login)])
    groups = [(6, 0, [env.ref(group).id for group in groups])]
    values = {"name": login, "login": login, "group_ids": groups}
    return found or env["res.users"].create(values)


manager = "fieldservice.group_fsm_manager"
nobody = user("upgrade_none", "base.group_user", manager)
reader = user("upgrade_read", "base.group_user", f"{MODULE}.group_message_center_read")
portal = user("upgrade_portal", "base.group_portal")
everybody = env.ref("base.user_admin") | nobody | reader | portal
views = env["ir.ui.view"].search([("model", "in", list(ours | touched))])
kinds = {"form", "list", "kanban", "search", "calendar", "graph", "pivot", "activity"}
for view in views:
    view._check_xml()
for model in ours | touched:
    mine = views.filtered_domain([("model", "=", model), ("mode", "=", "primary")])
    mine = mine.filtered(lambda view: view.type in kinds)
    wanted = [(view.id, view.type) for view in mine]
    wanted += [(False, kind) for kind in {view.type for view in mine}]
    for person in everybody:
        for one in wanted:
            try:
                env[model].with_user(person).get_views([one])
            except AccessError:
                assert person not in env.ref("base.user_admin"), (model, one)

# Nobody without a level sees anything of the messages, whatever else is installed.
# Technicians have a dialog of their own to say that they are on the way.
for person in nobody | portal:
    for model in ours - {"fsm.visit", "fsm.confirmation.on.my.way"}:
        try:
            found = env[model].with_user(person).search_count([])
        except AccessError:
            continue
        raise AssertionError(f"{person.login} may read {model}: {found}")
notes = env["mail.message"].search(
    [("subtype_id", "=", env.ref(f"{MODULE}.mt_confirmation").id)]
)
assert notes, "there is no history to look at"
for person in nobody | portal:
    assert not env["mail.message"].with_user(person).search([("id", "in", notes.ids)])
orders = env["fsm.order"].search([])
guarded = (name for name, field in orders._fields.items() if field.groups)
names = {name for name in guarded if "confirmation" in name}
assert names
try:
    shown = orders.with_user(portal).fields_get()
except AccessError:
    shown = {}
assert not names & set(shown), shown
assert not names & set(orders.with_user(nobody).fields_get())
# Every Work Order and contact with a history opens.
for model in ("fsm.order", "res.partner"):
    records = env[model].browse([note.res_id for note in notes if note.model == model])
    for person in env.ref("base.user_admin") | nobody:
        records.with_user(person).web_read({"display_name": {}, "message_ids": {}})
env.cr.rollback()
