# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""``dev/upgrade``: the life of the addon in real databases."""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from . import cache, neighbours
from .cache import ADDON
from .console import Problem, step
from .database import scratch

HERE = Path(__file__).resolve().parent
SCRIPTS = HERE / "upgrade_scripts"
# The first version that could be installed and used, and the last one of one piece.
OLD_VERSIONS = ("042b099", "0eb6da8")
# What Odoo itself says at that log level without anything being wrong.
HARMLESS = ("DeprecationWarning", "wkhtmltopdf", "--without-demo")
BAD = re.compile(" (WARNING|ERROR|CRITICAL) ")
# What an update must keep: table -> columns, and a condition.
# Nothing awaits a response since 2.0.0 when no question is open any more.
_STATUS = (
    "CASE WHEN confirmation_status = 'awaiting' AND NOT EXISTS (SELECT FROM"
    " fsm_confirmation m WHERE m.{column} = {table}.id AND m.is_open)"
    " THEN 'no_answer' ELSE confirmation_status END AS status"
)
KEPT = {
    "fsm_confirmation": (
        "id, name, order_id, visit_id, partner_id, contact_name, job_name, mobile,"
        " company_id, user_id, body, code, appointment_start, state, response,"
        " reply_body, reply_date, sent_date, twilio_sid, is_open, closed_reason,"
        " sender, uuid"
    ),
    "fsm_confirmation_reply": (
        "id, confirmation_id, partner_id, mobile, body, intent, state, twilio_sid,"
        " received_date, company_id"
    ),
    "fsm_visit": "id, order_id, name, scheduled_date_start, "
    + _STATUS.format(table="fsm_visit", column="visit_id"),
    "fsm_order": "id, " + _STATUS.format(table="fsm_order", column="order_id"),
    "phone_blacklist": "id, number, active",
    "fsm_confirmation_word WHERE phrase = 'life goes on'": "id, phrase, lang, intent",
    "res_company": (
        "id, job_confirmation_enabled, job_confirmation_reply_hours,"
        " job_confirmation_auto_reply, job_confirmation_template_id,"
        " job_confirmation_sender_id"
    ),
    "sms_template": "id, body",
    "res_groups_users_rel r JOIN res_users u ON u.id = r.uid JOIN ir_model_data d ON"
    " d.model = 'res.groups' AND d.res_id = r.gid AND"
    f" d.module = '{ADDON}'": "u.login || ' ' || d.name",
    "mail_message WHERE body LIKE '%fsm.confirmation%'": "id, model, res_id, body",
    "mail_activity WHERE res_model = 'fsm.order'": "id, res_id, activity_type_id",
}
KEPT = {table: f"SELECT {columns} FROM {table}" for table, columns in KEPT.items()}
# What is the same before the addon came and after it went: table -> key.
STRUCTURE = {
    "ir_model": "model",
    "ir_model_fields": "model || '.' || name",
    "information_schema.columns": "table_name || '.' || column_name",
    **dict.fromkeys(
        "ir_ui_view ir_ui_menu ir_act_window ir_act_server ir_cron ir_sequence"
        " res_groups res_groups_privilege mail_message_subtype mail_activity_type"
        " sms_template".split(),
        "id",
    ),
    "ir_config_parameter": "key",
    "ir_model_data": "module || '.' || name",
}
STRUCTURE = {table: f"SELECT {key} FROM {table}" for table, key in STRUCTURE.items()}
# What an update leaves as a new installation makes it.
SAME = {
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": "SELECT conrelid::regclass || '.' || conname,"
    " pg_get_constraintdef(oid) FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace",
    "columns": "SELECT table_name || '.' || column_name, data_type, is_nullable,"
    " column_default FROM information_schema.columns WHERE table_schema = 'public'",
    "names": f"SELECT name FROM ir_model_data WHERE module = '{ADDON}'",
}
# Rows that point to the addon: table -> condition.
GONE = {
    "mail_activity": "res_model LIKE 'fsm.confirmation%'"
    " OR note LIKE '%fsm.confirmation%'",
    "mail_message": "model LIKE 'fsm.confirmation%' OR model = 'fsm.visit'"
    " OR body LIKE '%data-oe-model=\"fsm.confirmation\"%'",
    "ir_attachment": "res_model LIKE 'fsm.confirmation%' OR res_model = 'fsm.visit'",
    "ir_exports": "resource LIKE 'fsm.confirmation%' OR resource = 'fsm.visit'",
    "ir_exports_line": "name LIKE 'confirmation_%'",
    "ir_filters": "model_id LIKE 'fsm.confirmation%' OR model_id = 'fsm.visit'"
    " OR domain LIKE '%confirmation_%' OR context LIKE '%confirmation_%'",
    "mail_followers": "res_model LIKE 'fsm.confirmation%' OR res_model = 'fsm.visit'",
}
GONE = {table: f"SELECT * FROM {table} WHERE {rows}" for table, rows in GONE.items()}


def run(options, odoo):
    """Run the chosen steps, each in a database of its own."""
    for name in options.steps or STEPS:
        for arguments in OLD_VERSIONS if name == "update" else [None]:
            step(f"--- {name} {arguments or ''}")
            with scratch(odoo, "upgrade", demo=True) as database:
                STEPS[name](database, arguments)
    step("All is well.")
    return 0


def _odoo(database, *words, what, addons=None, script=None, env=None):
    """Run Odoo on the database; anything in its log is a problem. Returns the log.

    :param addons: folders of addons; the present ones by default
    :param script: the name of one beside this file, for Odoo's shell
    """
    step(f"{what[:1].upper()}{what[1:]} ...")
    output = database.run(
        *("--log-level=warn", "--max-cron-threads=0"),
        *([] if script else ["--stop-after-init"]),
        *words,
        what=what,
        addons_path=addons,
        script=script and (SCRIPTS / f"{script}.py").read_text(),
        env=env,
    )
    bad = [line for line in output.splitlines() if BAD.search(line)]
    bad = [line for line in bad if not any(word in line for word in HARMLESS)]
    if bad:
        raise Problem("\n".join(["Odoo is not content:", *bad[:20], output[-3000:]]))
    return output


def _update(database, version):
    """From an old version, with data, to the present one."""
    with tempfile.TemporaryDirectory(prefix="upgrade-") as folder:
        archive = Path(folder) / "old.tar"
        command = ["git", "-C", cache.REPOSITORY, "archive", "-o", archive, version]
        if subprocess.run(command, capture_output=True).returncode:
            step(f"Skipped: this copy of the repository does not hold {version}.")
            return
        shutil.unpack_archive(archive, Path(folder) / ADDON, filter="data")
        old = [folder, *database.odoo.addons_path[1:]]
        words = ["-i", ADDON, "--with-demo"]
        _odoo(database, *words, what=f"installing {version}", addons=old)
        _odoo(database, what="working with it", addons=old, script="make_data")
    before = _read(database, KEPT)
    _odoo(database, "-u", ADDON, what="updating it to the present version")
    _compare(before, _read(database, KEPT))
    _odoo(database, what="looking at every screen", script="check_screens")
    _odoo(database, what="looking at its data", script="check_updated")
    with scratch(database.odoo, "upgrade", demo=True) as new:
        _odoo(new, "-i", ADDON, "--with-demo", what="comparing it with a new one")
        _compare(_read(new, SAME), found := _read(database, SAME))
        _compare(found, _read(new, SAME))


def _read(database, queries):
    """What queries find: {name: {value of the first column: row}}."""
    found = {}
    for name, sql in queries.items():
        rows = database.postgres.execute(sql, database.name)
        found[name] = {next(iter(row.values())): row for row in rows}
    return found


def _compare(before, after):
    """:raises Problem: something that was there is not there any more"""
    for table, rows in before.items():
        for key, row in rows.items():
            if after[table].get(key) != row:
                raise Problem(f"{table}: {row} became {after[table].get(key)}")
        step(f"{table.split()[0]}: {len(rows)} kept")


def _uninstall(database, _arguments):
    """With data; then look for what is left, and install it again."""
    before = _read(database, STRUCTURE)
    _odoo(database, "-i", ADDON, "--with-demo", what="installing it, with demo data")
    _odoo(database, what="working with it", script="make_data")
    views = len(_read(database, STRUCTURE)["ir_ui_view"])
    _odoo(database, what="uninstalling it", script="uninstall")
    for name, found in _read(database, STRUCTURE).items():
        if left := set(found) - set(before[name]):
            raise Problem(f"Left in {name}: {sorted(left)[:10]}")
    for table, left in _read(database, GONE).items():
        if left:
            raise Problem(f"Left in {table}: {[*left.values()][:5]}")
    _odoo(database, what="looking whether all opens", script="check_uninstalled")
    _odoo(database, "-i", ADDON, what="installing it again")
    if len(_read(database, STRUCTURE)["ir_ui_view"]) < views:
        raise Problem("There are fewer views than before.")


def _together(database, _arguments):
    """With OCA's other field service addons."""
    names = neighbours.move_in(database)
    words = ["-i", ",".join([*names, ADDON]), "--with-demo"]
    _odoo(database, *words, what=f"installing it with {len(names)} others")
    for script in ("make_data", "check_screens"):
        _odoo(database, what=script.replace("_", " "), script=script)


def _jobs(database, _arguments):
    """With OCA's job queue: the glue addon installs itself, and its tests pass."""
    folder = neighbours.fetch(database.odoo)
    # What queue_job needs lies beside it.
    env = {"PYTHONPATH": str(folder.parents[1])}
    _test_glue(database, "queue_job", addons=[folder], env=env)


def _digest(database, _arguments):
    """With Odoo's digest mails, in the same way."""
    _test_glue(database, "digest")


def _dashboard(database, _arguments):
    """With Odoo's dashboards, in the same way."""
    _test_glue(database, "spreadsheet_dashboard", glue="spreadsheet")


def _test_glue(database, name, glue=None, addons=(), env=None):
    """Install the addon beside another one; what joins them comes by itself.

    :param glue: how the name of what joins them ends; by default with the other's
    """
    output = _odoo(
        database,
        *("-i", f"{ADDON},{name}", "--test-tags", f"/{ADDON}_{glue or name}"),
        "--log-handler=odoo.tests.result:INFO",
        what=f"testing it with {name}",
        addons=[*database.odoo.addons_path, cache.REPOSITORY / "glue", *addons],
        env=env,
    )
    if not re.search(r"0 failed, 0 error\(s\) of [1-9]", output):
        raise Problem("The glue addon's tests did not run.")


STEPS = {
    "update": _update,
    "uninstall": _uninstall,
    "together": _together,
    "jobs": _jobs,
    "digest": _digest,
    "dashboard": _dashboard,
}
