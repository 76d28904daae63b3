# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows for the measurement, in numbers that the ORM could not make in time.

Odoo and the addon make some records by their own means, the *seeds*: customers, Work
Orders, texts, replies. SQL then copies them as often as wanted. A copy has other names,
numbers and dates; what points to a seed points to its copy. So every column holds what
Odoo would have written. ``check_rows`` has Odoo compute a sample again.

The copies of customers have the numbers 0 (the seeds, three years ago) to
``copies - 1`` (now; the last 2 % are still to come).
"""

import contextlib
from datetime import timedelta

from odoo import Command, fields

from .. import records
from . import addon

DISPATCHER = "bench_edit"
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
# In the order in which their rows point to each other.
CUSTOMERS = ("res_partner", "fsm_location", "fsm_order")
TEXTS = ("mail_message", "sms_sms", "mail_notification", "sms_tracker")
MESSAGES = ("mail_message", "fsm_confirmation", "fsm_confirmation_reply")
TABLES = {*CUSTOMERS, *TEXTS, *MESSAGES, "fsm_confirmation_name_index"}
# What is not as in the seed: SQL over its row s, the copy's number k, and back, how
# long before now the copy lies.
PHONE = "'+1' || 212 + k % 8 || 220 + k / 8 || right(s.{}, 4)"
UNIQUE = "md5(s.{} || k)"
COLUMNS = {
    **dict.fromkeys(("phone", "phone_sanitized", "mobile", "number"), PHONE),
    "sms_number": PHONE,
    **dict.fromkeys(("uuid", "sms_uuid"), UNIQUE),
    "twilio_sid": "'SM' || md5(s.twilio_sid || k)",
    "sms_twilio_sid": "'SM' || md5(s.sms_twilio_sid || k)",
    "message_id": "'<' || md5(s.message_id || k) || '@bench>'",
    "sent_hour": "to_char((s.sent_date - back) AT TIME ZONE 'UTC' AT TIME ZONE"
    " s.timezone, 'HH24:00')",
    # What is over, nobody waits for any more.
    "fsm_order.stage_id": "CASE WHEN past THEN {closed} ELSE s.stage_id END",
    "is_open": "s.is_open AND NOT past",
    "closed_reason": "CASE WHEN s.is_open AND past THEN 'past'"
    " ELSE s.closed_reason END",
    "indicator": "CASE WHEN s.indicator = 'awaiting' AND past THEN 'no_answer'"
    " ELSE s.indicator END",
}


def _rows(cr, sql, *values):
    cr.execute(sql, values or None)
    return cr.fetchall()


def _existing_tables(cr):
    return [name for name in TABLES if _rows(cr, "SELECT to_regclass(%s)", name)[0][0]]


def _last_id(cr, table):
    return _rows(cr, f"SELECT COALESCE(max(id), 0) FROM {table}")[0][0]


# ----------------------------------------------------------------------
# Copies
# ----------------------------------------------------------------------


@contextlib.contextmanager
def _copied(session, tables, copies, step=1):
    """Copy what is made in some tables within the block.

    :param copies: how many copies of customers there are
    :param step: of every how many of them there shall be such rows; the seeds point to
        the last one when they are not customers themselves
    """
    with session.env(commit=True) as env:
        cr = env.cr
        first = {table: _last_id(cr, table) + 1 for table in tables}
        yield env
        env.flush_all()
        cr.execute(
            "CREATE TABLE IF NOT EXISTS bench_seed"
            " (name varchar, first integer, size integer, copies integer)"
        )
        for table, start in first.items():
            row = (table, start, _last_id(cr, table) - start + 1, copies // step)
            cr.execute("DELETE FROM bench_seed WHERE name = %s", [table])
            cr.execute("INSERT INTO bench_seed VALUES (%s, %s, %s, %s)", row)
        # Copied rows hold valid references; checking 20 million takes minutes.
        cr.execute("SET LOCAL session_replication_role = replica")
        with _without_indexes(cr):
            for table in tables:
                _copy_table(cr, table, tables, copies, step)


def _copy_table(cr, table, tables, copies, step):
    """Copy the seeds of a table, then give them the dates of the first copy."""
    known = {name: rest for name, *rest in _rows(cr, "SELECT * FROM bench_seed")}
    start, size, number = known[table]
    last = copies - 1
    cr.execute("DROP TABLE IF EXISTS bench_copy")
    # j: which copy of these rows, k: which copy of customers.
    cr.execute("CREATE TABLE bench_copy (j int, k int, past boolean, back interval)")
    for j in range(number):
        k = last - (number - 1 - j) * step
        past = k < min(copies * 0.98, last)
        back = timedelta(days=(copies - k) * 1095 // copies if past else 0)
        cr.execute("INSERT INTO bench_copy VALUES (%s, %s, %s, %s)", (j, k, past, back))
    words = "(ARRAY[" + ",".join(f"'{name}'" for name in LAST_NAMES) + "])"
    origin = 0 if table in CUSTOMERS else last
    closed = "SELECT id FROM fsm_stage WHERE is_closed AND stage_type = 'order'"
    parameters = {
        "old_word": _word(origin),
        "old_job": f"FO{origin}-",
        "word": f"{words}[1 + k % 48] || '-' || {words}[1 + k / 48]",
        "last": last,
        "closed": _rows(cr, closed)[0][0],
    }
    found = _expressions(cr, table, known, tables)
    values = {f'"{name}"': sql.format(**parameters) for name, sql in found.items()}
    seeds = f"s.id BETWEEN {start} AND {start + size - 1}"
    cr.execute(
        f"INSERT INTO {table} ({', '.join(values)}) SELECT {', '.join(values.values())}"
        f" FROM {table} s, bench_copy WHERE {seeds} AND j > 0 ORDER BY j, s.id"
    )
    changes = ", ".join(f"{name} = {sql}" for name, sql in values.items())
    cr.execute(
        f"UPDATE {table} s SET {changes} FROM bench_copy WHERE {seeds} AND j = 0"
    )


def _expressions(cr, table, known, tables):
    """What each column of a copy holds: name -> SQL."""
    links = _rows(
        cr,
        "SELECT attname, confrelid::regclass::text FROM pg_constraint JOIN pg_attribute"
        " ON attrelid = conrelid AND attnum = conkey[1] WHERE contype = 'f' AND"
        " conrelid = %s::regclass",
        table,
    )
    links = {name: target for name, target in links if target in known}
    links |= {"id": table, "sms_id_int": "sms_sms", "mail_message_id": "mail_message"}
    found = _rows(
        cr,
        "SELECT column_name, data_type FROM information_schema.columns WHERE table_name"
        " = %s AND table_schema = 'public' AND is_generated = 'NEVER'",
        table,
    )
    own_id = f"({_moved('s.id', *known[table], True)})"
    result = {}
    for name, kind in found:
        if name in links:
            sql = _moved(f's."{name}"', *known[links[name]], links[name] in tables)
        elif name == "res_id":
            moved = {
                model: _moved("s.res_id", *known[model.replace(".", "_")], False)
                for model in ("res.partner", "fsm.order")
            }
            cases = [f"WHEN '{model}' THEN {sql}" for model, sql in moved.items()]
            sql = f"CASE s.model {' '.join(cases)} ELSE s.res_id END"
        elif name == "parent_path":
            sql = f"{own_id} || '/'"
        elif name == "name" and table == "fsm_confirmation":
            sql = f"'MSG' || lpad({own_id}::text, 7, '0')"
        elif sql := COLUMNS.get(name) or COLUMNS.get(f"{table}.{name}"):
            sql = sql.replace("{}", name)
        elif kind.startswith("timestamp"):
            sql = f's."{name}" - back'
        elif kind in ("text", "character varying"):
            sql = (
                f"replace(replace(s.\"{name}\", '{{old_word}}', {{word}}),"
                " '{old_job}', 'FO' || k || '-')"
            )
        else:
            sql = f's."{name}"'
        result[name] = sql
    return result


def _moved(column, start, size, copies, is_new):
    """The id in the copy of a row, for an id of a seed.

    :param is_new: whether these rows are copied now; else the seeds point to the last
        copy
    """
    moved = f"{column} + j * {size}"
    if not is_new:
        start += (copies - 1) * size
        moved = f"{column} - ({{last}} - k) * {size}"
    return f"CASE WHEN {column} >= {start} THEN {moved} ELSE {column} END"


def _word(number):
    """The second name of all customers of a copy."""
    return f"{LAST_NAMES[number % 48]}-{LAST_NAMES[number // 48]}"


@contextlib.contextmanager
def _without_indexes(cr):
    """Drop plain indexes and make them again, which is several times faster."""
    cr.execute("SET LOCAL maintenance_work_mem = '512MB'")
    indexes = _rows(
        cr,
        """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid),
               obj_description(indexrelid)
          FROM pg_index
         WHERE indrelid = ANY (SELECT to_regclass(name)::oid FROM unnest(%s) name)
           AND NOT indisprimary
           AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
        """,
        list(TABLES),
    )
    for name, *_rest in indexes:
        cr.execute(f"DROP INDEX {name}")
    yield
    for name, definition, comment in indexes:
        cr.execute(definition)
        # By its comment Odoo sees that an index has to be made anew.
        cr.execute(f"COMMENT ON INDEX {name} IS %s", [comment])
    for table in _existing_tables(cr):
        sequence = f"pg_get_serial_sequence('{table}', 'id')"
        cr.execute(f"SELECT setval({sequence}, (SELECT max(id) FROM {table}))")


# ----------------------------------------------------------------------
# Seeds
# ----------------------------------------------------------------------


def fill_customers(session, customers, copies):
    """Companies, contacts with a location each, and two Work Orders for each."""
    with session.env(commit=True) as env:
        records.set_up_company(env, name="Bench Services")
        _make_user(env, "Field Service User", USER)
        people = env["fsm.person"].create(
            [{"name": f"Technician {i}"} for i in range(9)]
        )
    with _copied(session, CUSTOMERS, copies) as env:
        env = env(context={**env.context, "tracking_disable": True})
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


def _make_user(env, name, login, *groups):
    groups = ["base.group_user", "fieldservice.group_fsm_user", *groups]
    values = {"name": name, "login": login, "password": login}
    values["tz"] = "America/New_York"
    values["group_ids"] = [Command.set([env.ref(group).id for group in groups])]
    return env["res.users"].create(values)


def _asked_orders(env, rows, customers, copies):
    """Which Work Orders the seeds are about: those of the last copy, each in turn.

    :return: (Work Orders, one for each text; step between copies)
    """
    each = max(1, rows // (2 * customers * copies))
    step = max(1, 2 * customers * copies * each // rows)
    orders = env["fsm.order"].search([], order="id desc", limit=2 * customers)
    return [order for order in orders.sorted("id") for _text in range(each)], step


def fill_sms(session, rows, customers, copies):
    """``rows`` texts in Odoo's own list, each with what Odoo keeps about it."""
    with session.env() as env:
        orders, step = _asked_orders(env, rows, customers, copies)
        ids = [order.id for order in orders]
    with _copied(session, TEXTS, copies, step) as env:
        for order in map(env["fsm.order"].browse, ids):
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


def fill_confirmations(session, rows, customers, copies):
    """As many Confirmations and Replies, with their notes in both histories."""
    with session.env(commit=True) as env:
        orders, step = _asked_orders(env, rows, customers, copies)
        ids = [order.id for order in orders]
        company = env.ref("base.main_company")
        company.write({"job_confirmation_enabled": True, "job_confirmation_rate": 1000})
        logins = (DISPATCHER, "bench_edit_2", "bench_edit_3")
        users = [
            _make_user(env, f"Dispatcher {login}", login, EDIT) for login in logins
        ]
        others = env["res.users"].search([("login", "in", (USER, "admin"))])
        others.group_ids |= env.ref(EDIT)
        user_ids = [user.id for user in users]
    with _copied(session, MESSAGES, copies, step) as env:
        for number, order_id in enumerate(ids):
            user = env["res.users"].browse(user_ids[number % 3])
            message = addon.record_text(env["fsm.order"].browse(order_id), user)
            _tell_story(message, number)
        # Activities of the seeds only would be in nobody's way and in nobody's list.
        env["mail.activity"].search([("res_model", "=", "fsm.order")]).unlink()
    with session.env(commit=True) as env:
        addon.take_over_names(env)
        env.cr.execute(
            """
            UPDATE fsm_order o
               SET confirmation_status = COALESCE(m.response, 'awaiting')
              FROM fsm_confirmation m WHERE m.order_id = o.id
               AND m.id = (SELECT max(id) FROM fsm_confirmation WHERE order_id = o.id)
            """
        )
        sequence = env["ir.sequence"].search([("code", "=", "fsm.confirmation")])
        sequence.number_next = 10_000_000


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


def vacuum(session):
    """VACUUM ANALYZE, as autovacuum would have done over the years."""
    with session.registry.cursor() as cr:
        cr.commit()
        cr._cnx.set_session(autocommit=True)
        for table in _existing_tables(cr):
            cr.execute(f"VACUUM (ANALYZE) {table}")
        cr.execute("CHECKPOINT")
        cr._cnx.set_session(autocommit=False)


def check_rows(session, count=60):
    """What differs between the stored computed fields and what Odoo computes.

    :return: list of sentences, empty when all is right
    """
    wrong = []
    with session.env() as env:
        for name in ("fsm.confirmation", "fsm.confirmation.reply", "res.partner"):
            model = env[name]
            total = model.search([], order="id desc", limit=1).id
            records = model.browse(range(7, total, max(1, total // count))).exists()
            for field in model._fields.values():
                if not (field.store and field.compute) or field.type == "binary":
                    continue
                before = {rec: rec[field.name] for rec in records}
                env.add_to_compute(field, records)
                differing = [rec for rec in records if rec[field.name] != before[rec]]
                wrong += [
                    f"{record}.{field.name}: {before[record]!r} in the database, "
                    f"{record[field.name]!r} computed"
                    for record in differing[:2]
                ]
    return wrong
