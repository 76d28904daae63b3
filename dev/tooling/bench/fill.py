# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Rows for the measurement, in numbers that the ORM could not make in time.

One record of each kind is made by Odoo itself; its row is the pattern that SQL copies,
with other values where they differ. So every column holds what Odoo would have written,
also columns that were added after this file was written. ``check_rows`` asks Odoo
whether the stored computed fields of a sample are right.

Four tables that are dropped in the end hold what the rows have in common:
``bench_contact``, ``bench_order``, ``bench_text`` and ``bench_message``.
"""

import contextlib
from datetime import timedelta

from odoo import Command, fields

from ..simulator import ACCOUNT, OUR_NUMBER, TOKEN
from . import addon

DISPATCHER = "bench_edit"
USER = "bench_user"  # a field service user, in databases without the addon as well
EDIT = "fieldservice_job_confirmation.group_message_center_edit"
TEXT = (
    "Bench Services: your appointment ' || o.name || ' is on ' || to_char(o.start, 'Dy,"
    " Mon DD') || ', 9:00 AM - 11:00 AM, at 12 Main St, Springfield. Technician:"
    " Technician 7. Reply YES to confirm or NO to decline. Reply STOP to opt out."
)
# Made-up names, as many different ones as a company has customers.
FIRST_NAMES = [a + b for a in "MJLRDSKPTUVWY" for b in ("aria", "onna", "essa")]
LAST_NAMES = [a + b for a in "BCDFGHJKLMNPRSTW" for b in ("omez", "ilson", "arter")]
PLACES = "Harbor Valley Summit Lakeside Downtown Riverside Northern Highland".split()
TRADES = "Plumbing Heating Electric Roofing Garden Kitchen Window Solar".split()
# Indexes of these are made again after the rows, which is several times faster.
TABLES = (
    *("res_partner", "fsm_location", "fsm_order", "mail_message", "mail_notification"),
    *("sms_sms", "sms_tracker", "fsm_confirmation", "fsm_confirmation_name"),
    "fsm_confirmation_reply",
)


def _array(words):
    return "(ARRAY[" + ",".join(f"'{word}'" for word in words) + "])"


def _rows(cr, sql, *values):
    cr.execute(sql, values or None)
    return cr.fetchall()


def _last_id(cr, table):
    return _rows(cr, f"SELECT COALESCE(max(id), 0) FROM {table}")[0][0]


def _existing_tables(cr):
    return [name for name in TABLES if _rows(cr, "SELECT to_regclass(%s)", name)[0][0]]


def _copy_rows(cr, table, pattern, source, **columns):
    """INSERT a copy of the row ``pattern`` for every row ``s`` of ``source``.

    :param source: SQL of a FROM item with the alias s
    :param columns: SQL expressions over ``s`` and the pattern ``p``; a column that the
        table does not have is left out
    """
    found = _rows(
        cr,
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
        " AND table_schema = 'public' AND is_generated = 'NEVER'",
        table,
    )
    names = [row[0] for row in found]
    values = [columns.get(name, f'p."{name}"') for name in names]
    quoted = ", ".join(f'"{name}"' for name in names)
    cr.execute(
        f"INSERT INTO {table} ({quoted}) SELECT {', '.join(values)}"
        f" FROM {source} JOIN {table} p ON p.id = {int(pattern)}"
    )


@contextlib.contextmanager
def _filling(session):
    """A cursor without checks and plain indexes; all of it is made good in the end."""
    with session.env(commit=True) as env:
        cr = env.cr
        # Copied rows hold valid references; checking 20 million takes minutes.
        cr.execute("SET LOCAL session_replication_role = replica")
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
        yield env
        for name, definition, comment in indexes:
            cr.execute(definition)
            # By its comment Odoo sees that an index has to be made anew.
            cr.execute(f"COMMENT ON INDEX {name} IS %s", [comment])
        for table in _existing_tables(cr):
            cr.execute(
                "SELECT setval(pg_get_serial_sequence(%s, 'id'),"
                f" (SELECT max(id) FROM {table}))",
                [table],
            )


# ----------------------------------------------------------------------
# What both have: companies, contacts, locations, Work Orders
# ----------------------------------------------------------------------


def fill_customers(session, contacts, companies, orders):
    """Customer companies, contacts with a location each, and Work Orders."""
    with session.env(commit=True) as env:
        made = _make_customer_patterns(env)
    with _filling(session) as env:
        first = _last_id(env.cr, "res_partner")
        _make_companies(env.cr, made, first, companies)
        _make_contacts(env.cr, made, first, contacts, companies)
        _make_locations(env.cr, made)
        _make_orders(env.cr, made, contacts, orders)
        sequence = env["ir.sequence"].search([("code", "=", "fsm.order")], limit=1)
        sequence.number_next = orders + 1000


def _make_user(env, name, login, *groups):
    groups = ["base.group_user", "fieldservice.group_fsm_user", *groups]
    values = {"name": name, "login": login, "password": login}
    values["tz"] = "America/New_York"
    values["group_ids"] = [Command.set([env.ref(group).id for group in groups])]
    return env["res.users"].create(values)


def _make_customer_patterns(env):
    """One record of each kind, by Odoo's own means."""
    company = env.ref("base.main_company")
    country = env.ref("base.us").id
    company.write(
        {
            "name": "Bench Services",
            "country_id": country,
            "sms_provider": "twilio",
            "sms_twilio_account_sid": ACCOUNT,
            "sms_twilio_auth_token": TOKEN,
        }
    )
    env["sms.twilio.number"].create(
        {"company_id": company.id, "number": OUR_NUMBER, "country_id": country}
    )
    env["ir.config_parameter"].set_param("web.base.url.freeze", "True")
    _make_user(env, "Field Service User", USER)
    people = env["fsm.person"].create([{"name": f"Technician {i}"} for i in range(20)])
    common = {"country_id": country, "lang": "en_US", "tz": "America/New_York"}
    partners = env["res.partner"].with_context(tracking_disable=True)
    client = partners.create({"name": "Pattern Company", "is_company": True, **common})
    employee = partners.create(
        {
            "name": "Pattern Employee",
            "parent_id": client.id,
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
    order = env["fsm.order"].create(
        {
            "location_id": location.id,
            "person_id": people[0].id,
            "scheduled_date_start": fields.Datetime.now() + timedelta(days=3),
            "scheduled_duration": 2,
        }
    )
    # A text of Odoo's own: message, notification, tracker, row.
    private._message_sms(
        "A text", partner_ids=private.ids, put_in_queue=True, sms_pid_to_number={}
    )
    return {
        "client": client.id,
        "employee": employee.id,
        "private": private.id,
        "location": location.id,
        "location_partner": location.partner_id.id,
        "order": order.id,
        "people": people.ids,
    }


def _make_companies(cr, made, first, companies):
    name = (
        f"{_array(PLACES)}[1 + s.i % 8] || ' ' ||"
        f" {_array(TRADES)}[1 + (s.i / 8) % 8] || ' ' || s.i"
    )
    _copy_rows(
        cr,
        "res_partner",
        made["client"],
        f"generate_series(1, {companies}) s(i)",
        id=f"{first} + s.i",
        name=name,
        complete_name=name,
        commercial_company_name=name,
        commercial_partner_id=f"{first} + s.i",
    )


def _make_contacts(cr, made, first, contacts, companies):
    names, surnames = len(FIRST_NAMES), len(LAST_NAMES)
    # All exchanges but N11, as in the plan of the numbers.
    cr.execute(
        f"""
        CREATE TABLE bench_contact AS
        SELECT c.*, p.name AS company
          FROM (SELECT i, {first + companies} + i AS id,
                       {_last_id(cr, "fsm_location")} + i AS location_id,
                       CASE WHEN i % 2 = 0 THEN {first} + 1 + (i * 7) % {companies} END
                            AS company_id,
                       {_array(FIRST_NAMES)}[1 + i % {names}] || ' ' ||
                       {_array(LAST_NAMES)}[1 + (i / {names}) % {surnames}] || ' ' ||
                       {_array(LAST_NAMES)}[1 + (i / {names * surnames}) % {surnames}]
                            AS name,
                       '+1212' ||
                       (ARRAY(SELECT e FROM generate_series(220, 998) e
                               WHERE e % 100 <> 11))
                            [1 + ((i * 104729::bigint) % 7000000) / 10000] ||
                       lpad(((i * 104729::bigint) % 10000)::text, 4, '0') AS phone
                  FROM generate_series(1, {contacts}) i) c
     LEFT JOIN res_partner p ON p.id = c.company_id
         ORDER BY c.i
        """
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


def _make_locations(cr, made):
    partner = _last_id(cr, "res_partner")
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
        id="s.location_id",
        partner_id=f"{partner} + s.i",
        owner_id="COALESCE(s.company_id, s.id)",
        contact_id="s.id",
        complete_name=name,
        parent_path="s.location_id || '/'",
    )


def _make_orders(cr, made, contacts, orders):
    """In the order of their dates: three years past, the newest 2 % still to come."""
    stages = _rows(
        cr,
        "SELECT id FROM fsm_stage WHERE stage_type = 'order' ORDER BY is_closed"
        " IS TRUE, id LIMIT 2",
    )
    (new,), (closed,) = stages
    past = int(orders * 0.98)
    cr.execute(
        f"""
        CREATE TABLE bench_order AS
        SELECT s.i, {_last_id(cr, "fsm_order")} + s.i AS id,
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


def fill_sms(session, rows):
    """``rows`` texts in Odoo's own list, each with what Odoo keeps about it."""
    with _filling(session) as env:
        cr = env.cr
        _make_texts(cr, rows)
        sms = env["sms.sms"].search([], order="id", limit=1)
        note = sms.mail_message_id
        known = [("mail_message_id", "=", note.id)]
        notification = env["mail.notification"].search(known, limit=1)
        tracker = env["sms.tracker"].search([("sms_uuid", "=", sms.uuid)], limit=1)
        ids = {
            record._table: f"{_last_id(cr, record._table)} + s.i"
            for record in (sms, note, notification, tracker)
        }
        failed = "CASE WHEN s.i % 100 BETWEEN 92 AND 96 THEN 'sms_server' END"
        state = (
            "CASE WHEN s.i % 100 < 82 THEN 'sent' WHEN s.i % 100 < 92 THEN 'pending'"
            " WHEN s.i % 100 < 97 THEN '{}' ELSE 'canceled' END"
        )
        dates = {"create_date": "s.sent", "write_date": "s.sent"}
        columns = {
            note: {
                "res_id": "s.partner_id",
                "body": "'<p>' || s.body || '</p>'",
                "date": "s.sent",
                "message_id": "'<' || md5(s.i::text) || '@bench-sms>'",
                **dates,
            },
            sms: {
                "uuid": "md5('sms' || s.i)",
                "number": "s.phone",
                "body": "s.body",
                "partner_id": "s.partner_id",
                "mail_message_id": ids["mail_message"],
                "state": state.format("error"),
                "failure_type": failed,
                "to_delete": "false",
                **dates,
            },
            notification: {
                "mail_message_id": ids["mail_message"],
                "res_partner_id": "s.partner_id",
                "sms_id_int": ids["sms_sms"],
                "sms_number": "s.phone",
                "notification_status": state.format("exception"),
                "failure_type": failed,
            },
            tracker: {
                "sms_uuid": "md5('sms' || s.i)",
                "sms_twilio_sid": "'SM' || md5('sid' || s.i)",
                "mail_notification_id": ids["mail_notification"],
            },
        }
        for record, values in columns.items():
            values["id"] = ids[record._table]
            _copy_rows(cr, record._table, record.id, "bench_text s", **values)


def _make_texts(cr, rows):
    """Which texts there are: to whom, about which Work Order, when."""
    orders = _rows(cr, "SELECT count(*) FROM bench_order")[0][0]
    per_order = max(1, -(-rows // orders))
    # Few texts are spread over the same years as many.
    step = max(1, orders // rows)
    # A text can't have been sent in the future.
    cr.execute(
        f"""
        CREATE TABLE bench_text AS
        SELECT s.i, o.id AS order_id, o.partner_id, o.contact, o.phone, o.name AS job,
               o.company_id, o.start, o.past, '{TEXT}' AS body,
               s.i % {per_order} = 0 AS last,
               least(o.start - interval '3 days'
                     + (s.i % {per_order}) * interval '1 hour',
                     now() AT TIME ZONE 'UTC' - interval '2 hours') AS sent
          FROM generate_series(1, {rows}) s(i)
          JOIN bench_order o
            ON o.i = {orders} - {step} * (({rows} - s.i) / {per_order})
         ORDER BY s.i
        """
    )


# ----------------------------------------------------------------------
# Ours
# ----------------------------------------------------------------------


def fill_confirmations(session, rows):
    """As many Confirmations and Replies, with their notes in both histories."""
    with session.env(commit=True) as env:
        made = _make_confirmation_patterns(env)
    with _filling(session) as env:
        cr = env.cr
        _make_messages(cr)
        _copy_confirmations(cr, made)
        _copy_replies(cr, made)
        cr.execute(
            """
            UPDATE fsm_order o
               SET confirmation_status = COALESCE(m.response, CASE
                   WHEN m.is_open THEN 'awaiting' ELSE 'not_sent' END)
              FROM bench_message m
             WHERE m.order_id = o.id AND m.last
            """
        )
        addon.take_over_names(env)
        cr.execute("DROP TABLE bench_message, bench_text, bench_order, bench_contact")
        sequence = env["ir.sequence"].search([("code", "=", "fsm.confirmation")])
        sequence.number_next = rows + 1000


def _make_confirmation_patterns(env):
    company = env.ref("base.main_company")
    company.write({"job_confirmation_enabled": True, "job_confirmation_rate": 1000})
    dispatchers = env["res.users"].browse()
    for login in (DISPATCHER, "bench_edit_2", "bench_edit_3"):
        dispatchers |= _make_user(env, f"Dispatcher {login}", login, EDIT)
    users = env["res.users"].search([("login", "=", USER)])
    (users | env.ref("base.user_admin")).group_ids |= env.ref(EDIT)
    order = env["fsm.order"].search([], order="id", limit=1)
    order.write({"scheduled_date_start": fields.Datetime.now() + timedelta(days=3)})
    message = addon.record_text(order, dispatchers[0])
    message.write({"state": "sent", "sent_date": fields.Datetime.now()})
    addon.receive(company, message.mobile, "Yes, thank you")
    reply = env["fsm.confirmation.reply"].search([], order="id desc", limit=1)
    env.flush_all()
    newer = [("id", ">", message.partner_message_id.id), ("model", "!=", False)]
    notes = {note.model: note.id for note in env["mail.message"].search(newer)}
    return {
        "confirmation": message.id,
        "order_note": message.order_message_id.id,
        "partner_note": message.partner_message_id.id,
        "reply": reply.id,
        "reply_order_note": notes["fsm.order"],
        "reply_partner_note": notes["res.partner"],
        "users": dispatchers.ids,
    }


def _make_messages(cr):
    """By hundredths: how each was delivered, and what the customer said."""
    cr.execute(
        f"""
        CREATE TABLE bench_message AS
        SELECT m.*,
               NOT past AND last AND state IN ('delivered', 'sent')
                   AND (response IS NULL OR response = 'unrecognized') AS is_open,
               CASE WHEN state IN ('failed', 'canceled') THEN 'failed'
                    WHEN response IN ('confirmed', 'declined', 'opted_out')
                         THEN 'answered'
                    WHEN NOT last THEN 'replaced'
                    WHEN past THEN 'past' END AS closed_reason
          FROM (SELECT t.*, {_last_id(cr, "fsm_confirmation")} + t.i AS id,
                       CASE WHEN t.h < 88 THEN 'delivered' WHEN t.h < 93 THEN 'sent'
                            WHEN t.h < 97 THEN 'failed' ELSE 'canceled' END AS state,
                       CASE WHEN t.h >= 93 THEN NULL WHEN t.h < 60 THEN 'confirmed'
                            WHEN t.h < 68 THEN 'declined'
                            WHEN t.h < 71 THEN 'unrecognized'
                            WHEN t.h < 72 THEN 'opted_out' END AS response
                  FROM (SELECT t.*, (t.i * 37) % 100 AS h, p.name AS company_name,
                               t.sent + interval '1 hour' AS replied, o.person_id
                          FROM bench_text t
                          JOIN fsm_order o ON o.id = t.order_id
                     LEFT JOIN res_partner p ON p.id = t.company_id) t) m
         ORDER BY m.i
        """
    )


def _copy_confirmations(cr, made):
    first, note = _last_id(cr, "fsm_confirmation"), _last_id(cr, "mail_message")
    user = f"(ARRAY[{','.join(map(str, made['users']))}])[1 + s.i % 3]"
    left = "s.state IN ('delivered', 'sent')"
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
        user_id=user,
        create_uid=user,
        body="s.body",
        appointment_start="s.start",
        state="s.state",
        response="s.response",
        reply_body="CASE WHEN s.response IS NOT NULL THEN 'Yes, thank you' END",
        reply_date="CASE WHEN s.response IS NOT NULL THEN s.replied END",
        needs_reading="s.i % 500 = 0",
        is_open="s.is_open",
        closed_reason="s.closed_reason",
        indicator="CASE WHEN s.response IS NOT NULL THEN s.response"
        " WHEN s.state IN ('failed', 'canceled') THEN s.state"
        " WHEN s.is_open THEN 'awaiting' ELSE 'no_answer' END",
        sent_date=f"CASE WHEN {left} THEN s.sent END",
        delivered_date="CASE WHEN s.state = 'delivered' THEN s.sent END",
        failed_date="CASE WHEN s.state = 'failed' THEN s.sent END",
        failure_type="CASE WHEN s.state = 'failed' THEN 'unreachable' END",
        sent_hour=f"CASE WHEN {left} THEN to_char((s.sent AT TIME ZONE 'UTC')"
        " AT TIME ZONE 'America/New_York', 'HH24:00') END",
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
    body = (
        "'<p>Text message</p><div class=\"border-start border-2 ps-2 my-1\">'"
        " || s.body || '</div><p class=\"text-muted\">Delivery: Delivered</p>'"
    )
    _copy_notes(cr, made, "{}_note", "bench_message s", "s.sent", body=body)


def _copy_notes(cr, made, pattern, source, date, **columns):
    """Two notes for each row, in the histories of its Work Order and its contact."""
    first = _last_id(cr, "mail_message")
    for kind, shift in (("order", -1), ("partner", 0)):
        _copy_rows(
            cr,
            "mail_message",
            made[pattern.format(kind)],
            source,
            id=f"{first} + 2 * s.i + {shift}",
            res_id=f"s.{kind}_id",
            date=date,
            create_date=date,
            write_date=date,
            message_id=f"'<' || md5(({first} + 2 * s.i + {shift})::text) || '@bench>'",
            **columns,
        )


def _copy_replies(cr, made):
    """A reply to each answered text; the others are second thoughts and strangers'."""
    first = _last_id(cr, "fsm_confirmation_reply")
    target = "CASE WHEN m.response IS NOT NULL OR m.h < 90 THEN m.id END"
    source = f"SELECT m.*, {target} AS target FROM bench_message m"
    _copy_rows(
        cr,
        "fsm_confirmation_reply",
        made["reply"],
        f"({source}) s",
        id=f"{first} + s.i",
        confirmation_id="s.target",
        partner_id="CASE WHEN s.target IS NOT NULL THEN s.partner_id END",
        mobile="CASE WHEN s.target IS NOT NULL THEN s.phone ELSE '+1646' ||"
        " (2200000 + s.i) END",
        intent="CASE WHEN s.target IS NULL THEN 'unrecognized' WHEN s.response ="
        " 'declined' THEN 'decline' WHEN s.response = 'opted_out' THEN 'opt_out'"
        " WHEN s.response = 'unrecognized' THEN 'unrecognized' ELSE 'confirm' END",
        state="CASE WHEN s.target IS NULL THEN 'unmatched' ELSE 'matched' END",
        is_done="s.target IS NULL AND s.i % 7 <> 0",
        twilio_sid="'SM' || md5('in' || s.i)",
        received_date="s.replied",
        create_date="s.replied",
        write_date="s.replied",
    )
    matched = f"({source} WHERE {target} IS NOT NULL) s"
    _copy_notes(
        cr, made, "reply_{}_note", matched, "s.replied", author_id="s.partner_id"
    )


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
