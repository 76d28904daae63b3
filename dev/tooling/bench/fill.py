# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows for the measurement, in numbers that the ORM could not make in time.

One record of each kind is made by Odoo itself; its row is the pattern that SQL copies,
with other values where they differ. So every column holds what Odoo would have written,
also columns that were added after this file was written. ``check_rows`` asks Odoo
whether the stored computed fields of a sample are right.
"""

from datetime import timedelta

from odoo import Command, fields

from ..simulator import DEFAULT_ACCOUNT_SID, DEFAULT_AUTH_TOKEN

OUR_NUMBER = "+12025550100"
DISPATCHER = "bench_edit"
USER = "bench_user"  # a field service user, in databases without the addon as well
TEXT = (
    "Bench Services: your appointment {job} is on {date}, 9:00 AM - 11:00 AM, at "
    "12 Main St, Springfield. Technician: Technician 7. Reply YES to confirm or NO to "
    "decline. Reply STOP to opt out."
)
FIRST_NAMES = (
    "Maria James Linda Robert Anna David Sarah Daniel Laura Kevin Nina Omar Paula "
    "Quentin Rosa Samuel Tina Ulrich Vera Walter Xenia Yusuf Zoe Ahmed Beatriz Carlos "
    "Dora Emil Fatima George Hanna Igor Julia Karl Lena Marco Nora Oscar Petra Ralf "
    "Sonja Tomas"
).split()
LAST_NAMES = (
    "Gomez Smith Jones Miller Davis Wilson Moore Taylor Thomas White Harris Martin "
    "Clark Lewis Walker Hall Young King Wright Lopez Hill Green Adams Baker Nelson "
    "Carter Mitchell Perez Roberts Turner Phillips Campbell Parker Evans Edwards "
    "Collins Stewart Sanchez Morris Rogers Reed Cook Morgan Bell Murphy Bailey Rivera "
    "Cooper Richardson Cox Howard Ward Torres Peterson Gray Ramirez Watson Brooks "
    "Kelly Sanders Price"
).split()
TRADES = (
    "Plumbing Heating Electric Roofing Garden Kitchen Window Solar Paint Floor "
    "Security Elevator Pool Cleaning Moving Glass Stone Timber Metal Cooling"
).split()
PLACES = (
    "Harbor Valley Summit Lakeside Downtown Riverside Northern Southern Eastern "
    "Western Central Highland Meadow Forest Island Canyon Prairie Desert Coastal "
    "Capital"
).split()
# Area codes of the United States; N11 is no exchange.
AREAS = (
    "212 213 214 215 216 217 218 219 224 225 228 229 231 234 239 240 248 251 252 253 "
    "254 256 260 262 267 269 270 272 276 281 301 302 303 304 305 307 308 309 310 312"
).split()
# Indexes of these are made again after the rows, which is several times faster.
TABLES = (
    "res_partner",
    "fsm_location",
    "fsm_order",
    "mail_message",
    "mail_notification",
    "sms_sms",
    "sms_tracker",
    "fsm_confirmation",
    "fsm_confirmation_name_index",
    "fsm_confirmation_reply",
)


def _array(words):
    return "(ARRAY[" + ",".join(f"'{word}'" for word in words) + "])"


def _copy_rows(cr, table, pattern, source, **columns):
    """INSERT a copy of the row ``pattern`` for every row ``s`` of ``source``.

    :param source: SQL of a FROM item with the alias s
    :param columns: SQL expressions over ``s`` and the pattern ``p``; a column that the
        table does not have is left out
    """
    cr.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        " AND table_schema = 'public' AND is_generated = 'NEVER'"
        " ORDER BY ordinal_position",
        [table],
    )
    names = [row[0] for row in cr.fetchall()]
    values = [columns.get(name, f'p."{name}"') for name in names]
    quoted = ", ".join(f'"{name}"' for name in names)
    cr.execute(
        f"INSERT INTO {table} ({quoted}) SELECT {', '.join(values)}"
        f" FROM {source} JOIN {table} p ON p.id = {int(pattern)}"
    )


def _numbers(count):
    return f"generate_series(1, {int(count)}) s(i)"


def _first_id(cr, table):
    cr.execute(f"SELECT COALESCE(max(id), 0) FROM {table}")
    return cr.fetchone()[0]


def _set_sequences(cr):
    for table in TABLES:
        if table.endswith("_rel"):
            continue
        cr.execute("SELECT to_regclass(%s)", [table])
        if cr.fetchone()[0]:
            cr.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'),"
                f" (SELECT max(id) FROM {table}))",
                [table],
            )


class _Indexes:
    """Drops the plain indexes of the filled tables, and makes them again."""

    def __init__(self, cr):
        self.cr = cr

    def __enter__(self):
        self.cr.execute(
            """
            SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid),
                   obj_description(indexrelid)
              FROM pg_index
             WHERE indrelid = ANY (SELECT to_regclass(name)::oid
                                     FROM unnest(%s) name)
               AND NOT indisprimary
               AND NOT EXISTS (SELECT FROM pg_constraint
                                WHERE conindid = indexrelid)
            """,
            [list(TABLES)],
        )
        self.found = self.cr.fetchall()
        for name, *_rest in self.found:
            self.cr.execute(f"DROP INDEX {name}")

    def __exit__(self, kind, *_args):
        if kind is None:
            for name, definition, comment in self.found:
                self.cr.execute(definition)
                # By its comment Odoo sees that an index has to be made anew.
                self.cr.execute(f"COMMENT ON INDEX {name} IS %s", [comment])


def _without_checks(cr):
    """Copied rows hold valid references; checking 20 million takes minutes."""
    cr.execute("SET LOCAL session_replication_role = replica")
    cr.execute("SET LOCAL maintenance_work_mem = '512MB'")


# ----------------------------------------------------------------------
# What both have: companies, contacts, locations, Work Orders
# ----------------------------------------------------------------------


def fill_customers(worker, contacts, companies, orders):
    """Customer companies, contacts with a location each, and Work Orders."""
    with worker.env(commit=True) as env:
        made = _make_customer_patterns(env)
    with worker.env(commit=True) as env:
        cr = env.cr
        _without_checks(cr)
        with _Indexes(cr):
            first = _first_id(cr, "res_partner")
            company = (
                f"{_array(PLACES)}[1 + s.i % 20] || ' ' ||"
                f" {_array(TRADES)}[1 + (s.i / 20) % 20] || ' ' || s.i"
            )
            _copy_rows(
                cr,
                "res_partner",
                made["customer_company"],
                _numbers(companies),
                id=f"{first} + s.i",
                name=company,
                complete_name=company,
                commercial_company_name=company,
                commercial_partner_id=f"{first} + s.i",
            )
            _make_contacts(cr, made, first, contacts, companies)
            _make_locations(cr, made, contacts)
            _make_orders(cr, made, contacts, orders)
            _set_sequences(cr)
        sequence = env.ref("fieldservice.fsm_order_sequence", False) or env[
            "ir.sequence"
        ].search([("code", "=", "fsm.order")], limit=1)
        sequence.number_next = orders + 1000
    return True


def _make_customer_patterns(env):
    """One record of each kind, by Odoo's own means."""
    company = env.ref("base.main_company")
    country = env.ref("base.us")
    company.write(
        {
            "name": "Bench Services",
            "country_id": country.id,
            "sms_provider": "twilio",
            "sms_twilio_account_sid": DEFAULT_ACCOUNT_SID,
            "sms_twilio_auth_token": DEFAULT_AUTH_TOKEN,
        }
    )
    env["sms.twilio.number"].create(
        {"company_id": company.id, "number": OUR_NUMBER, "country_id": country.id}
    )
    env["ir.config_parameter"].set_param("web.base.url.freeze", "True")
    env["res.users"].create(
        {
            "name": "Field Service User",
            "login": USER,
            "password": USER,
            "tz": "America/New_York",
            "group_ids": [
                Command.set(
                    [
                        env.ref("base.group_user").id,
                        env.ref("fieldservice.group_fsm_user").id,
                    ]
                )
            ],
        }
    )
    people = env["fsm.person"].create([{"name": f"Technician {i}"} for i in range(20)])
    partners = env["res.partner"].with_context(tracking_disable=True)
    common = {"country_id": country.id, "lang": "en_US", "tz": "America/New_York"}
    customer_company = partners.create(
        {"name": "Pattern Company", "is_company": True, **common}
    )
    employee = partners.create(
        {
            "name": "Pattern Employee",
            "parent_id": customer_company.id,
            "phone": "+12125550001",
            **common,
        }
    )
    private = partners.create(
        {"name": "Pattern Private", "phone": "+12125550002", **common}
    )
    location = env["fsm.location"].create(
        {
            "name": "Pattern Home",
            "owner_id": private.id,
            "contact_id": private.id,
            "street": "12 Main St",
            "city": "Springfield",
            **common,
        }
    )
    start = fields.Datetime.now() + timedelta(days=3)
    order = env["fsm.order"].create(
        {
            "location_id": location.id,
            "person_id": people[0].id,
            "scheduled_date_start": start,
            "scheduled_duration": 2,
        }
    )
    sms = _make_sms_pattern(env, private)
    return {
        "customer_company": customer_company.id,
        "employee": employee.id,
        "private": private.id,
        "location": location.id,
        "location_partner": location.partner_id.id,
        "order": order.id,
        "people": people.ids,
        "sms": sms.id,
    }


def _make_sms_pattern(env, partner):
    """A text as Odoo's own SMS records it: message, notification, tracker, row."""
    message = partner._message_sms(
        TEXT, partner_ids=partner.ids, put_in_queue=True, sms_pid_to_number={}
    )
    return env["sms.sms"].search([("mail_message_id", "=", message.id)])


def _make_contacts(cr, made, first, contacts, companies):
    first_names, last_names = len(FIRST_NAMES), len(LAST_NAMES)
    # All exchanges but N11, as in the plan of the numbers.
    cr.execute(
        f"""
        CREATE TABLE bench_contact AS
        SELECT i, {first} + {companies} + i AS id,
               CASE WHEN i % 2 = 0 THEN {first} + 1 + (i * 7) % {companies} END
                    AS company_id,
               {_array(FIRST_NAMES)}[1 + i % {first_names}] || ' ' ||
               {_array(LAST_NAMES)}[1 + (i / {first_names}) % {last_names}] || ' ' ||
               {_array(LAST_NAMES)}[1 + (i / {first_names * last_names}) % {last_names}]
                    AS name,
               '+1' || {_array(AREAS)}[1 + i % {len(AREAS)}] ||
               (ARRAY(SELECT e FROM generate_series(220, 998) e WHERE e % 100 <> 11))
                    [1 + ((i * 104729::bigint) % 7000000) / 10000] ||
               lpad(((i * 104729::bigint) % 10000)::text, 4, '0') AS phone
          FROM generate_series(1, {contacts}) i
        """
    )
    cr.execute("ALTER TABLE bench_contact ADD company varchar")
    cr.execute(
        "UPDATE bench_contact SET company = p.name FROM res_partner p"
        " WHERE p.id = bench_contact.company_id"
    )
    for pattern, chosen in (("employee", "IS NOT NULL"), ("private", "IS NULL")):
        _copy_rows(
            cr,
            "res_partner",
            made[pattern],
            f"(SELECT * FROM bench_contact WHERE company_id {chosen}) s",
            id="s.id",
            name="s.name",
            complete_name="COALESCE(s.company || ', ', '') || s.name",
            parent_id="s.company_id",
            commercial_partner_id="COALESCE(s.company_id, s.id)",
            commercial_company_name="s.company",
            phone="s.phone",
            phone_sanitized="s.phone",
        )


def _make_locations(cr, made, contacts):
    partner = _first_id(cr, "res_partner")
    location = _first_id(cr, "fsm_location")
    name = "'Home of ' || s.name || ' ' || s.i"
    _copy_rows(
        cr,
        "res_partner",
        made["location_partner"],
        "bench_contact s",
        id=f"{partner} + s.i",
        name=name,
        complete_name=f"COALESCE(s.company, s.name) || ', ' || {name}",
        parent_id="s.id",
        commercial_partner_id="COALESCE(s.company_id, s.id)",
        commercial_company_name="s.company",
        street="s.i || ' Main St'",
    )
    _copy_rows(
        cr,
        "fsm_location",
        made["location"],
        "bench_contact s",
        id=f"{location} + s.i",
        partner_id=f"{partner} + s.i",
        owner_id="COALESCE(s.company_id, s.id)",
        contact_id="s.id",
        complete_name=name,
        parent_path=f"({location} + s.i) || '/'",
    )
    cr.execute("ALTER TABLE bench_contact ADD location_id integer")
    cr.execute(f"UPDATE bench_contact SET location_id = {location} + i")


def _make_orders(cr, made, contacts, orders):
    """In the order of their dates: three years past, the newest 2 % still to come."""
    first = _first_id(cr, "fsm_order")
    cr.execute(
        "SELECT id FROM fsm_stage WHERE stage_type = 'order' ORDER BY is_closed"
        " IS TRUE, id LIMIT 2"
    )
    new, closed = (row[0] for row in cr.fetchall())
    past = int(orders * 0.98)
    cr.execute(
        f"""
        CREATE TABLE bench_order AS
        SELECT s.i, {first} + s.i AS id,
               'FO' || lpad((s.i + 100)::text, 6, '0') AS name,
               c.id AS partner_id, c.location_id, c.name AS contact, c.phone,
               c.company_id, date_trunc('hour', now() AT TIME ZONE 'UTC') +
               CASE WHEN s.i <= {past}
                    THEN -(({past} - s.i)::float / {past}) * interval '1095 days'
                    ELSE interval '1 day' * (2 + (s.i - {past}) % 14) END AS start,
               s.i <= {past} AS past
          FROM generate_series(1, {orders}) s(i)
          JOIN bench_contact c ON c.i = 1 + (s.i - 1) % {contacts}
        """
    )
    people = f"(ARRAY[{','.join(map(str, made['people']))}])"
    _copy_rows(
        cr,
        "fsm_order",
        made["order"],
        "bench_order s",
        id="s.id",
        name="s.name",
        location_id="s.location_id",
        person_id=f"{people}[1 + s.i % 20]",
        stage_id=f"CASE WHEN s.past THEN {closed} ELSE {new} END",
        scheduled_date_start="s.start",
        scheduled_date_end="s.start + interval '2 hours'",
        create_date="s.start - interval '7 days'",
        write_date="s.start",
        request_early="s.start - interval '7 days'",
    )


# ----------------------------------------------------------------------
# Odoo's own texts
# ----------------------------------------------------------------------


def fill_sms(worker, rows):
    """``rows`` texts in Odoo's own list, each with what Odoo keeps about it."""
    with worker.env(commit=True) as env:
        sms = env["sms.sms"].search([], order="id", limit=1)
        message = sms.mail_message_id
        notification = env["mail.notification"].search(
            [("mail_message_id", "=", message.id)], limit=1
        )
        tracker = env["sms.tracker"].search([("sms_uuid", "=", sms.uuid)], limit=1)
        patterns = sms.id, message.id, notification.id, tracker.id
    with worker.env(commit=True) as env:
        cr = env.cr
        _without_checks(cr)
        with _Indexes(cr):
            _copy_sms(cr, patterns, rows)
            _set_sequences(cr)
    return True


def _copy_sms(cr, patterns, rows):
    sms, message, notification, tracker = patterns
    cr.execute("SELECT count(*) FROM bench_order")
    orders = cr.fetchone()[0]
    per_order = max(1, -(-rows // orders))
    # Few texts are spread over the same years as many.
    step = max(1, orders // rows)
    first = {
        table: _first_id(cr, table)
        for table in ("sms_sms", "mail_message", "mail_notification", "sms_tracker")
    }
    text = TEXT.replace("{job}", "' || o.name || '")
    text = (
        "'" + text.replace("{date}", "' || to_char(o.start, 'Dy, Mon DD') || '") + "'"
    )
    cr.execute(
        f"""
        CREATE TABLE bench_text AS
        SELECT s.i, o.id AS order_id, o.partner_id, o.contact, o.phone, o.name AS job,
               o.company_id, o.start, o.past, {text} AS body,
               s.i % {per_order} = 0 AS last,
               o.start - interval '3 days' + (s.i % {per_order}) * interval '1 hour'
                    AS sent
          FROM generate_series(1, {rows}) s(i)
          JOIN bench_order o
            ON o.i = {orders} - {step} * (({rows} - s.i) / {per_order})
         ORDER BY s.i
        """
    )
    # A text can't have been sent in the future.
    now = "(now() AT TIME ZONE 'UTC')"
    cr.execute(
        f"UPDATE bench_text SET sent = {now} - interval '2 hours' WHERE sent > {now}"
    )
    _copy_rows(
        cr,
        "mail_message",
        message,
        "bench_text s",
        id=f"{first['mail_message']} + s.i",
        res_id="s.partner_id",
        body="'<p>' || s.body || '</p>'",
        date="s.sent",
        create_date="s.sent",
        write_date="s.sent",
        message_id="'<' || md5(s.i::text) || '@bench-sms>'",
    )
    _copy_rows(
        cr,
        "sms_sms",
        sms,
        "bench_text s",
        id=f"{first['sms_sms']} + s.i",
        uuid="md5('sms' || s.i)",
        number="s.phone",
        body="s.body",
        partner_id="s.partner_id",
        mail_message_id=f"{first['mail_message']} + s.i",
        state="CASE WHEN s.i % 100 < 82 THEN 'sent' WHEN s.i % 100 < 92 THEN 'pending'"
        " WHEN s.i % 100 < 97 THEN 'error' ELSE 'canceled' END",
        failure_type="CASE WHEN s.i % 100 BETWEEN 92 AND 96 THEN 'sms_server' END",
        to_delete="false",
        create_date="s.sent",
        write_date="s.sent",
    )
    _copy_rows(
        cr,
        "mail_notification",
        notification,
        "bench_text s",
        id=f"{first['mail_notification']} + s.i",
        mail_message_id=f"{first['mail_message']} + s.i",
        res_partner_id="s.partner_id",
        sms_id_int=f"{first['sms_sms']} + s.i",
        sms_number="s.phone",
        notification_status="CASE WHEN s.i % 100 < 82 THEN 'sent' WHEN s.i % 100 < 92"
        " THEN 'pending' WHEN s.i % 100 < 97 THEN 'exception' ELSE 'canceled' END",
        failure_type="CASE WHEN s.i % 100 BETWEEN 92 AND 96 THEN 'sms_server' END",
    )
    _copy_rows(
        cr,
        "sms_tracker",
        tracker,
        "bench_text s",
        id=f"{first['sms_tracker']} + s.i",
        sms_uuid="md5('sms' || s.i)",
        sms_twilio_sid="'SM' || md5('sid' || s.i)",
        mail_notification_id=f"{first['mail_notification']} + s.i",
    )


# ----------------------------------------------------------------------
# Ours
# ----------------------------------------------------------------------


def fill_confirmations(worker, rows):
    """As many Confirmations and Replies, with their notes in both histories."""
    with worker.env(commit=True) as env:
        made = _make_confirmation_patterns(env)
    with worker.env(commit=True) as env:
        cr = env.cr
        _without_checks(cr)
        with _Indexes(cr):
            _copy_confirmations(cr, made)
            _copy_replies(cr, made)
            _set_order_status(cr)
            _set_sequences(cr)
        env["fsm.confirmation.name.index"]._take_over_names()
        for table in ("bench_message", "bench_text", "bench_order", "bench_contact"):
            cr.execute(f"DROP TABLE {table}")
        sequence = env["ir.sequence"].search([("code", "=", "fsm.confirmation")])
        sequence.number_next = rows + 1000
    return True


def _make_confirmation_patterns(env):
    company = env.ref("base.main_company")
    company.job_confirmation_enabled = True
    rate = next((name for name in company._fields if "rate" in name.split("_")), None)
    if rate and company._fields[rate].type in ("integer", "float"):
        company[rate] = 1000
    edit = env.ref("fieldservice_job_confirmation.group_message_center_edit")
    dispatchers = env["res.users"].create(
        [
            {
                "name": f"Dispatcher {login}",
                "login": login,
                "password": login,
                "tz": "America/New_York",
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [
                    Command.set(
                        [
                            env.ref("base.group_user").id,
                            env.ref("fieldservice.group_fsm_user").id,
                            edit.id,
                        ]
                    )
                ],
            }
            for login in (DISPATCHER, "bench_edit_2", "bench_edit_3")
        ]
    )
    users = env["res.users"].search([("login", "=", USER)])
    (users | env.ref("base.user_admin")).group_ids |= edit
    order = env["fsm.order"].search([], order="id", limit=1)
    order.write({"scheduled_date_start": fields.Datetime.now() + timedelta(days=3)})
    contact = order.location_id.contact_id
    composer = env["fsm.confirmation.composer"]
    draft = composer._draft(order, env["fsm.visit"], contact)
    draft.mobile = draft.mobile or "+12125550002"
    record = composer._record([draft], dispatchers[0])
    record.write({"state": "sent", "sent_date": fields.Datetime.now()})
    reply = env["fsm.confirmation.inbox"]._receive_sudo(
        company,
        {
            "MessageSid": "SM" + "0" * 32,
            "From": record.mobile,
            "To": OUR_NUMBER,
            "Body": "Yes, thank you",
        },
    )
    env.flush_all()
    notes = env["mail.message"].search(
        [("id", ">", record.partner_message_id.id), ("model", "!=", False)], order="id"
    )
    by_model = {note.model: note.id for note in notes}
    return {
        "confirmation": record.id,
        "order_note": record.order_message_id.id,
        "partner_note": record.partner_message_id.id,
        "reply": reply.id,
        "reply_order_note": by_model["fsm.order"],
        "reply_partner_note": by_model["res.partner"],
        "users": dispatchers.ids,
    }


def _copy_confirmations(cr, made):
    cr.execute("SELECT count(*) FROM bench_text")
    rows = cr.fetchone()[0]
    first = _first_id(cr, "fsm_confirmation")
    note = _first_id(cr, "mail_message")
    # By hundredths: how it was delivered and what the customer said.
    cr.execute(
        f"""
        CREATE TABLE bench_message AS
        SELECT t.*, {first} + t.i AS id,
               CASE WHEN t.h < 88 THEN 'delivered' WHEN t.h < 93 THEN 'sent'
                    WHEN t.h < 97 THEN 'failed' ELSE 'canceled' END AS state,
               CASE WHEN t.h >= 93 THEN NULL WHEN t.h < 60 THEN 'confirmed'
                    WHEN t.h < 68 THEN 'declined' WHEN t.h < 71 THEN 'unrecognized'
                    WHEN t.h < 72 THEN 'opted_out' END AS response,
               t.company AS company_name
          FROM (SELECT t.*, (t.i * 37) % 100 AS h, p.name AS company, o.person_id
                  FROM bench_text t
                  JOIN fsm_order o ON o.id = t.order_id
             LEFT JOIN res_partner p ON p.id = t.company_id) t
         ORDER BY t.i
        """
    )
    cr.execute(
        "ALTER TABLE bench_message ADD is_open boolean, ADD closed_reason varchar"
    )
    cr.execute(
        """
        UPDATE bench_message SET
               is_open = NOT past AND last AND state IN ('delivered', 'sent')
                         AND (response IS NULL OR response = 'unrecognized'),
               closed_reason = CASE
                    WHEN state IN ('failed', 'canceled') THEN 'failed'
                    WHEN response IN ('confirmed', 'declined', 'opted_out')
                         THEN 'answered'
                    WHEN NOT last THEN 'replaced'
                    WHEN past THEN 'past' END
        """
    )
    answered = "s.response IS NOT NULL"
    indicator = (
        "CASE WHEN s.response IS NOT NULL THEN s.response"
        " WHEN s.state IN ('failed', 'canceled') THEN s.state"
        " WHEN s.is_open THEN 'awaiting' ELSE 'no_answer' END"
    )
    users = f"(ARRAY[{','.join(map(str, made['users']))}])"
    _copy_rows(
        cr,
        "fsm_confirmation",
        made["confirmation"],
        "bench_message s",
        id="s.id",
        name=f"'MSG' || lpad((s.i + {first} + 10)::text, 5, '0')",
        order_id="s.order_id",
        partner_id="s.partner_id",
        person_id="s.person_id",
        contact_name="s.contact",
        # A private customer has no company; a Work Order's owner may be one.
        company_name="s.company_name",
        mobile="s.phone",
        job_name="s.job",
        user_id=f"{users}[1 + s.i % 3]",
        create_uid=f"{users}[1 + s.i % 3]",
        body="s.body",
        appointment_start="s.start",
        state="s.state",
        response="s.response",
        reply_body=f"CASE WHEN {answered} THEN 'Yes, thank you' END",
        reply_date=f"CASE WHEN {answered} THEN s.sent + interval '1 hour' END",
        needs_reading="s.i % 500 = 0",
        is_open="s.is_open",
        closed_reason="s.closed_reason",
        indicator=indicator,
        sent_date="CASE WHEN s.state IN ('delivered', 'sent') THEN s.sent END",
        delivered_date="CASE WHEN s.state = 'delivered' THEN s.sent END",
        failed_date="CASE WHEN s.state = 'failed' THEN s.sent END",
        failure_type="CASE WHEN s.state = 'failed' THEN 'unreachable' END",
        sent_hour=_sent_hour(cr),
        claimed_date="s.sent",
        twilio_sid="'SM' || md5('out' || s.i)",
        uuid="md5('out' || s.i)",
        order_message_id=f"{note} + 2 * s.i - 1",
        partner_message_id=f"{note} + 2 * s.i",
        activity_id="NULL",
        previous_id="NULL",
        create_date="s.sent",
        write_date="s.sent",
    )
    for pattern, target, shift in (
        ("order_note", "s.order_id", -1),
        ("partner_note", "s.partner_id", 0),
    ):
        _copy_rows(
            cr,
            "mail_message",
            made[pattern],
            "bench_message s",
            id=f"{note} + 2 * s.i + {shift}",
            res_id=target,
            body="'<p>Text message</p><div class=\"border-start border-2 ps-2 my-1\">'"
            " || s.body || '</div><p class=\"text-muted\">Delivery: Delivered</p>'",
            date="s.sent",
            create_date="s.sent",
            write_date="s.sent",
            message_id=f"'<' || md5((2 * s.i + {shift})::text) || '@bench-note>'",
        )
    return rows


def _sent_hour(cr):
    """The hour a text left, if the addon keeps it: a number, or a text like 09:00."""
    cr.execute(
        "SELECT data_type FROM information_schema.columns WHERE column_name ="
        " 'sent_hour' AND table_name = 'fsm_confirmation'"
    )
    found = cr.fetchone()
    hour = (
        "(s.sent AT TIME ZONE 'UTC') AT TIME ZONE 'America/New_York'"
        if found
        else "s.sent"
    )
    if found and found[0] == "integer":
        value = f"extract(hour FROM {hour})::integer"
    else:
        value = f"to_char({hour}, 'HH24:00')"
    return f"CASE WHEN s.state IN ('delivered', 'sent') THEN {value} END"


def _copy_replies(cr, made):
    """A reply to each answered text; the others are second thoughts and strangers'."""
    first = _first_id(cr, "fsm_confirmation_reply")
    note = _first_id(cr, "mail_message")
    target = "CASE WHEN m.response IS NOT NULL OR m.h < 90 THEN m.id END"
    source = f"(SELECT m.*, {target} AS target FROM bench_message m) s"
    linked = (
        f"(SELECT m.*, {target} AS target FROM bench_message m"
        f" WHERE {target} IS NOT NULL) s"
    )
    intent = (
        "CASE WHEN s.target IS NULL THEN 'unrecognized' WHEN s.response = 'declined'"
        " THEN 'decline' WHEN s.response = 'opted_out' THEN 'opt_out'"
        " WHEN s.response = 'unrecognized' THEN 'unrecognized' ELSE 'confirm' END"
    )
    _copy_rows(
        cr,
        "fsm_confirmation_reply",
        made["reply"],
        source,
        id=f"{first} + s.i",
        confirmation_id="s.target",
        partner_id="CASE WHEN s.target IS NOT NULL THEN s.partner_id END",
        mobile="CASE WHEN s.target IS NOT NULL THEN s.phone ELSE '+1646' ||"
        " (2200000 + s.i) END",
        intent=intent,
        state="CASE WHEN s.target IS NULL THEN 'unmatched' ELSE 'matched' END",
        is_done="s.target IS NULL AND s.i % 7 <> 0",
        twilio_sid="'SM' || md5('in' || s.i)",
        received_date="s.sent + interval '1 hour'",
        create_date="s.sent + interval '1 hour'",
        write_date="s.sent + interval '1 hour'",
    )
    for pattern, record, shift in (
        ("reply_order_note", "s.order_id", -1),
        ("reply_partner_note", "s.partner_id", 0),
    ):
        _copy_rows(
            cr,
            "mail_message",
            made[pattern],
            linked,
            id=f"{note} + 2 * s.i + {shift}",
            res_id=record,
            author_id="s.partner_id",
            date="s.sent + interval '1 hour'",
            create_date="s.sent + interval '1 hour'",
            write_date="s.sent + interval '1 hour'",
            message_id=f"'<' || md5((2 * s.i + {shift})::text) || '@bench-reply>'",
        )


def _set_order_status(cr):
    cr.execute(
        """
        UPDATE fsm_order o
           SET confirmation_status = COALESCE(m.response, CASE
               WHEN m.is_open THEN 'awaiting' ELSE 'not_sent' END)
          FROM bench_message m
         WHERE m.order_id = o.id AND m.last
        """
    )


def finish(worker):
    """VACUUM ANALYZE, as autovacuum would have done over the years."""
    with worker.registry.cursor() as cr:
        cr.commit()
        cr._cnx.set_session(autocommit=True)
        try:
            cr.execute("CHECKPOINT")
            for table in TABLES:
                cr.execute("SELECT to_regclass(%s)", [table])
                if cr.fetchone()[0]:
                    cr.execute(f"VACUUM (ANALYZE) {table}")
            cr.execute("CHECKPOINT")
        finally:
            cr._cnx.set_session(autocommit=False)
    return True


def check_rows(worker, count=60):
    """What differs between the stored computed fields and what Odoo computes.

    :return: list of sentences, empty when all is right
    """
    wrong = []
    with worker.env() as env:
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
