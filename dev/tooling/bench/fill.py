# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows for the measurement, in numbers that the ORM could not make in time.

Odoo and the addon make some records by their own means, the *seeds*: customers, Work
Orders, texts, replies. SQL then copies them as often as wanted. A copy has other names,
numbers and dates; what points to a seed points to its copy. So every column holds what
Odoo would have written. ``check_rows`` has Odoo compute a sample again.

The copies have the numbers 0 (the seeds themselves, moved to three years ago) to
``copies - 1`` (now; the last 2 % are still to come).
"""

import contextlib
import json
from datetime import timedelta

from odoo import Command, fields
from odoo.tools.populate import PopulateContext

from .. import records
from . import addon

DISPATCHER = "bench_edit"
DISPATCHERS = (DISPATCHER, "bench_edit_2", "bench_edit_3")
USER = "bench_user"  # a field service user, in databases without the addon as well
EDIT = "fieldservice_job_confirmation.group_message_center_edit"
TEXT = (
    "Bench Services: your appointment {} is on {:%a, %b %d}, 9:00 AM - 11:00 AM, at 12"
    " Main St, Springfield. Technician: Technician 7. Reply YES to confirm or NO to"
    " decline. Reply STOP to opt out."
)
# Made-up names; the second ones differ from copy to copy.
FIRST_NAMES = [a + b for a in "MJLRDSKPTUVWY" for b in ("aria", "onna", "essa")]
LAST_NAMES = [a + b for a in "BCDFGHJKLMNPRSTW" for b in ("omez", "ilson", "arter")]
TRADES = "Plumbing Heating Electric Roofing Garden Kitchen Window Solar".split()
CUSTOMERS = ("res_partner", "fsm_location", "fsm_order")
TEXTS = ("mail_message", "sms_sms", "mail_notification", "sms_tracker")
TABLES = (*CUSTOMERS, *TEXTS, "fsm_confirmation", "fsm_confirmation_reply")
FIRST_IDS = "bench.first_ids"
# Links without a foreign key: column -> table.
LINKS = {"sms_id_int": "sms_sms", "mail_message_id": "mail_message"}
# What is not as in the seed: SQL over its row s and a row of bench_copy.
PHONE = "'+1' || 212 + k % 8 || 220 + k / 8 || right(s.{}, 4)"
UNIQUE = "md5(s.{} || k)"
RENAMED = "replace(replace(s.\"{}\", '{old_word}', word), 'FO0-', 'FO' || k || '-')"
COLUMNS = {
    **dict.fromkeys(("phone", "phone_sanitized", "mobile", "number"), PHONE),
    "sms_number": PHONE,
    **dict.fromkeys(("uuid", "sms_uuid"), UNIQUE),
    **dict.fromkeys(("twilio_sid", "sms_twilio_sid"), f"'SM' || {UNIQUE}"),
    "message_id": f"'<' || {UNIQUE} || '@bench>'",
    "sent_hour": "to_char((s.sent_date - back) AT TIME ZONE 'UTC' AT TIME ZONE"
    " s.timezone, 'HH24:00')",
    # What is over, nobody waits for any more.
    "fsm_order.stage_id": "CASE WHEN past THEN (SELECT id FROM fsm_stage WHERE"
    " is_closed AND stage_type = 'order' LIMIT 1) ELSE s.stage_id END",
    "is_open": "s.is_open AND NOT past",
    "closed_reason": "CASE WHEN s.is_open AND past THEN 'past'"
    " ELSE s.closed_reason END",
    "indicator": "CASE WHEN s.indicator = 'awaiting' AND past THEN 'no_answer'"
    " ELSE s.indicator END",
    "confirmation_status": "CASE WHEN asked THEN s.{} ELSE 'not_sent' END",
    "confirmation_note": "CASE WHEN asked THEN s.{} END",
}


def _rows(cr, sql, *values):
    cr.execute(sql, values or None)
    return cr.fetchall()


def _last_id(cr, table):
    return _rows(cr, f"SELECT COALESCE(max(id), 0) FROM {table}")[0][0]


# Copies


def count_texts(rows, customers, copies):
    """How many texts the seeds have to be: as many about each of their orders."""
    return 2 * customers * max(1, rows // (2 * customers * copies))


def copy_seeds(session, copies, asked):
    """Copy what was made so far.

    :param asked: how many of the copies have texts
    """
    with session.env(commit=True) as env, contextlib.ExitStack() as indexes:
        cr = env.cr
        first = json.loads(env["ir.config_parameter"].get_param(FIRST_IDS))
        tables = [name for name in TABLES if name.replace("_", ".") in env]
        seeds = {name: (first.get(name, 1), _last_id(cr, name)) for name in tables}
        _number_copies(cr, copies, asked)
        # Copied rows hold valid references; checking 20 million takes minutes.
        cr.execute("SET LOCAL session_replication_role = replica")
        cr.execute("SET LOCAL maintenance_work_mem = '512MB'")
        for table in tables:
            model = env[table.replace("_", ".")]
            indexes.enter_context(PopulateContext().ignore_indexes(model))
        for table in tables:
            _copy_table(cr, table, seeds)
        if "fsm.confirmation" in env:
            addon.take_over_names(env)
            sequence = env["ir.sequence"].search([("code", "=", "fsm.confirmation")])
            sequence.number_next = 10_000_000


def _number_copies(cr, copies, asked):
    """Make a table of the copies; ``back`` is how long before now one lies."""
    last = copies - 1
    chosen = {number * last // max(1, asked - 1) for number in range(asked)}
    cr.execute(
        "CREATE TEMP TABLE bench_copy"
        " (k int, past boolean, back interval, word varchar, asked boolean)"
    )
    for k in range(copies):
        past = k < min(copies * 0.98, last)
        back = timedelta(days=(copies - k) * 1095 // copies if past else 0)
        row = (k, past, back, _word(k), k in chosen)
        cr.execute("INSERT INTO bench_copy VALUES %s", [row])


def _copy_table(cr, table, seeds):
    """Copy the seeds of a table, then make them the first copy."""
    values = _expressions(cr, table, seeds)
    chosen = "s.id BETWEEN {} AND {}".format(*seeds[table])
    asked = "TRUE" if table in CUSTOMERS else "asked"
    cr.execute(
        f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())}"
        f" FROM {table} s, bench_copy WHERE {chosen} AND k > 0 AND {asked}"
        " ORDER BY k, s.id"
    )
    changes = ", ".join(f"{name} = {sql}" for name, sql in values.items())
    cr.execute(f"UPDATE {table} s SET {changes} FROM bench_copy WHERE {chosen} AND k=0")
    sequence = f"pg_get_serial_sequence('{table}', 'id')"
    cr.execute(f"SELECT setval({sequence}, max(id)) FROM {table}")


def _expressions(cr, table, seeds):
    """What each column of a copy holds: quoted name -> SQL."""
    links = _rows(
        cr,
        "SELECT attname, confrelid::regclass::text FROM pg_constraint JOIN pg_attribute"
        " ON attrelid = conrelid AND attnum = conkey[1] WHERE contype = 'f' AND"
        " conrelid = %s::regclass",
        table,
    )
    links = {name: seeds[target] for name, target in links if target in seeds}
    links |= {name: seeds[target] for name, target in LINKS.items()}
    links["id"] = seeds[table]
    found = _rows(
        cr,
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name"
        " = %s AND table_schema = 'public' AND is_generated = 'NEVER'",
        table,
    )
    own_id = _moved("id", *links["id"])
    moved = {name: _moved("res_id", *seeds[name]) for name in CUSTOMERS}
    special = {
        "res_id": f"CASE s.model WHEN 'fsm.order' THEN {moved['fsm_order']}"
        f" WHEN 'res.partner' THEN {moved['res_partner']} ELSE s.res_id END",
        "parent_path": f"{own_id} || '/'",
        "fsm_confirmation.name": f"'MSG' || lpad({own_id}::text, 7, '0')",
        **COLUMNS,
    }
    result = {}
    for name, kind in found:
        sql = f's."{name}"'
        if name in links:
            sql = _moved(name, *links[name])
        elif known := special.get(name) or special.get(f"{table}.{name}"):
            sql = known.replace("{}", name)
        elif kind.startswith("timestamp"):
            sql = f's."{name}" - back'
        elif kind in ("text", "character varying"):
            sql = RENAMED.replace("{}", name).replace("{old_word}", _word(0))
        result[f'"{name}"'] = sql
    return result


def _moved(column, first, last):
    """The id in the copy, for one of a seed."""
    column = f's."{column}"'
    moved = f"{column} + k * {last - first + 1}"
    found = f"{column} BETWEEN {first} AND {last}"
    return f"(CASE WHEN {found} THEN {moved} ELSE {column} END)"


def _word(number):
    """The second name of all customers of a copy."""
    return f"{LAST_NAMES[number % 48]}-{LAST_NAMES[number // 48]}"


# Seeds


def make_customers(session, customers):
    """Companies, contacts with a location each, and two Work Orders for each."""
    with session.env(commit=True) as env:
        env = env(context={**env.context, "tracking_disable": True})
        records.set_up_company(env, name="Bench Services")
        for login in (USER, *DISPATCHERS):
            _make_user(env, login)
        names = [{"name": f"Technician {i}"} for i in range(9)]
        people = env["fsm.person"].create(names)
        first = {name: _last_id(env.cr, name) + 1 for name in (*CUSTOMERS, *TEXTS)}
        env["ir.config_parameter"].set_param(FIRST_IDS, json.dumps(first))
        word = _word(0)
        companies = records.make_contacts(
            env,
            [
                {"name": f"{trade} {word} {n}", "is_company": True}
                for n in range(max(1, customers // 40))
                for trade in TRADES
            ],
        )
        contacts = records.make_contacts(
            env,
            [
                {
                    "name": f"{FIRST_NAMES[n % 39]} {word} {LAST_NAMES[n % 48]}",
                    "parent_id": companies[n % len(companies)].id if n % 2 else False,
                    "phone": f"+1212220{n:04}",
                }
                for n in range(customers)
            ],
        )
        locations = records.make_locations(contacts)
        now = fields.Datetime.now()
        env["fsm.order"].create(
            [
                {
                    "name": f"FO0-{n:04}",
                    "location_id": locations[n % customers].id,
                    "person_id": people[n % len(people)].id,
                    "scheduled_date_start": now + timedelta(days=2 + n % 12),
                    "scheduled_duration": 2,
                }
                for n in range(2 * customers)
            ]
        )


def _make_user(env, login):
    groups = ("base.group_user", "fieldservice.group_fsm_user")
    values = {"name": f"User {login}", "login": login, "password": login}
    values["tz"] = "America/New_York"
    values["group_ids"] = [Command.set([env.ref(group).id for group in groups])]
    return env["res.users"].create(values)


def _orders(env, count):
    """The Work Orders of so many texts, all in turn."""
    orders = env["fsm.order"].search([("name", "like", "FO0-")], order="id")
    return [order for order in orders for _text in range(count // len(orders))]


def make_sms(session, count):
    """Texts in Odoo's own list, each with what Odoo keeps about it."""
    with session.env(commit=True) as env:
        for order in _orders(env, count):
            contact = order.location_id.contact_id
            contact._message_sms(
                TEXT.format(order.name, order.scheduled_date_start),
                partner_ids=contact.ids,
                put_in_queue=True,
                sms_pid_to_number={},
            )
        env.flush_all()
        shares = "CASE WHEN id % 100 < 82 THEN 'sent' WHEN id % 100 < 92 THEN 'pending'"
        shares += " WHEN id % 100 < 97 THEN '{}' ELSE 'canceled' END"
        env.cr.execute(
            f"UPDATE sms_sms SET to_delete = false, state = {shares.format('error')},"
            " failure_type = CASE WHEN id % 100 BETWEEN 92 AND 96 THEN 'sms_server' END"
        )
        env.cr.execute(
            "UPDATE mail_notification SET notification_status ="
            f" {shares.format('exception')} WHERE notification_type = 'sms'"
        )


def make_confirmations(session, count):
    """As many Confirmations and Replies, with their notes in both histories."""
    with session.env(commit=True) as env:
        company = env.ref("base.main_company")
        company.write({"job_confirmation_enabled": True, "job_confirmation_rate": 1000})
        users = env["res.users"].search(
            [("login", "in", (*DISPATCHERS, USER, "admin"))]
        )
        users.group_ids |= env.ref(EDIT)
        dispatchers = users.filtered(lambda user: user.login in DISPATCHERS)
        for number, order in enumerate(_orders(env, count)):
            message = addon.record_text(order, dispatchers[number % 3])
            _tell_story(message, number)
        # Activities of the seeds only would be in nobody's way and in nobody's list.
        env["mail.activity"].search([("res_model", "=", "fsm.order")]).unlink()


def _tell_story(message, number):
    """How a text was delivered, and what the customer said; by hundredths."""
    share = (number * 37) % 100
    sent = fields.Datetime.now() - timedelta(hours=1 + number % 48)
    if share >= 93:
        state = "failed" if share < 97 else "canceled"
        values = {"state": state, "is_open": False, "closed_reason": "failed"}
        if state == "failed":
            values |= {"failure_type": "unreachable", "failed_date": sent}
        message.write(values)
    else:
        state = "delivered" if share < 88 else "sent"
        message.write(
            {
                "state": state,
                "sent_date": sent,
                "claimed_date": sent,
                "delivered_date": sent if state == "delivered" else False,
                "twilio_sid": f"SM{number:032x}",
            }
        )
    if share < 72:
        words = ("Yes, thank you", 60), ("No", 68), ("Maybe, if it rains", 72)
        text = next(text for text, below in words if share < below)
        addon.receive(message.company_id, message.mobile, text)
    else:
        # Strangers' texts: as many replies as messages.
        addon.receive(
            message.company_id, f"+1212220{5000 + number % 5000}", "Who is it?"
        )
    message.env.flush_all()


def check_rows(session, count=60):
    """What differs between the stored computed fields and what Odoo computes.

    :return: list of sentences, empty when all is right
    """
    wrong = []
    with session.env() as env:
        for name in ("fsm.confirmation", "fsm.confirmation.reply", "res.partner"):
            model = env[name]
            total = model.search([], order="id desc", limit=1).id
            found = model.browse(range(7, total, max(1, total // count))).exists()
            for field in model._fields.values():
                if not (field.store and field.compute) or field.type == "binary":
                    continue
                before = [rec[field.name] for rec in found]
                env.add_to_compute(field, found)
                wrong += [
                    f"{rec}.{field.name}: {old!r} in the database, {rec[field.name]!r}"
                    for rec, old in zip(found, before, strict=True)
                    if rec[field.name] != old
                ][:2]
    return wrong
