# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# By then, any transaction that used a name before it was found unused has ended.
UNUSED_FOR = timedelta(days=1)
# Names in messages are cut here, so that an index takes every one of them.
MAX_NAME = 256  # characters
# If there are more names than this, the messages themselves are searched.
MAX_NAMES = 200

NAME_FIELDS = ("contact_name", "company_name")
FUNCTION = "fsm_confirmation_remember_names"  # Of the trigger, and the trigger's name.
# A name may be stored twice if two transactions use it first at the same time: with a
# unique index one of them would wait for the other, and fail.
_REMEMBER = """
        IF NEW.{field} IS NOT NULL AND NOT EXISTS (
            SELECT FROM fsm_confirmation_name_index
             WHERE name = NEW.{field} AND field_name = '{field}'
               AND unused_date IS NULL
        ) THEN
            INSERT INTO fsm_confirmation_name_index (name, field_name)
                 VALUES (NEW.{field}, '{field}');
        END IF;
"""
# By the database, not by create() and write(): the ORM recomputes a stored name without
# calling either.
_TRIGGER = f"""
    CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger AS $$
    BEGIN
        {"".join(_REMEMBER.format(field=field) for field in NAME_FIELDS)}
        RETURN NULL;
    END;
    $$ LANGUAGE plpgsql;
    DROP TRIGGER IF EXISTS {FUNCTION} ON fsm_confirmation;
    CREATE TRIGGER {FUNCTION}
        AFTER INSERT OR UPDATE OF {", ".join(NAME_FIELDS)} ON fsm_confirmation
        FOR EACH ROW EXECUTE FUNCTION {FUNCTION}();
"""
_IS_USED = SQL(
    "CASE n.field_name %s END",
    SQL(" ").join(
        SQL(
            "WHEN %s THEN EXISTS (SELECT FROM fsm_confirmation WHERE %s = n.name)",
            field,
            SQL.identifier("fsm_confirmation", field),
        )
        for field in NAME_FIELDS
    ),
)


def every_word(field_name, text):
    """Domain: each word is a part of the field, as Odoo's ``ilike`` compares."""
    return Domain.AND(Domain(field_name, "ilike", word) for word in text.split())


class FsmConfirmationNameIndex(models.Model):
    """Each different name of a contact or customer company in the messages.

    Part of a name is searched here, among few rows, and the messages are then found by
    the whole name. A trigger in the database keeps the table up to date.
    """

    _name = "fsm.confirmation.name.index"
    _description = "Index of Names in Job Confirmations"
    _log_access = False

    name = fields.Char(required=True, readonly=True, index="trigram")
    field_name = fields.Char(required=True, readonly=True)  # One of NAME_FIELDS.
    unused_date = fields.Datetime(readonly=True)  # No message has had it since then.

    _whole_index = models.Index("(name, field_name)")

    def init(self):
        self.pool.post_init(self._follow_messages)

    def _follow_messages(self):
        """Create the trigger; take over the names of messages from before."""
        known = self.env.execute_query(
            SQL("SELECT FROM pg_proc WHERE proname = %s", FUNCTION)
        )
        self.env.cr.execute(_TRIGGER)
        if not known:
            self._take_over_names()

    @api.model
    def _take_over_names(self):
        """Add the names of all messages that are missing here."""
        for name in NAME_FIELDS:
            self.env.cr.execute(
                SQL(
                    """
                    INSERT INTO fsm_confirmation_name_index (name, field_name)
                    SELECT DISTINCT %(field)s, %(name)s FROM fsm_confirmation
                     WHERE %(field)s IS NOT NULL
                    EXCEPT
                    SELECT name, field_name FROM fsm_confirmation_name_index
                     WHERE unused_date IS NULL
                    """,
                    field=SQL.identifier(name),
                    name=name,
                )
            )

    @api.model
    def _find_sudo(self, text):
        """The names that have every word of a text in them, in any order.

        :return: dict: one of ``NAME_FIELDS`` -> list of str; None when there are too
            many names to be of use
        """
        query = self.sudo()._search(every_word("name", text), limit=MAX_NAMES + 1)
        query.order = None  # With one, PostgreSQL may walk along it instead.
        columns = [SQL.identifier(self._table, name) for name in ("field_name", "name")]
        rows = self.env.execute_query(query.select(*columns))
        if len(rows) > MAX_NAMES:
            return None
        found = {field_name: [] for field_name in NAME_FIELDS}
        for field_name, name in dict.fromkeys(rows):
            found[field_name].append(name)
        return found

    @api.autovacuum
    def _gc_names(self):
        """Forget names a day after the last message with them is gone or renamed.

        Duplicates are removed.
        """
        now = fields.Datetime.now()
        before = now - UNUSED_FOR
        self.env.cr.execute(
            SQL(
                """
                UPDATE fsm_confirmation_name_index n SET unused_date = NULL
                 WHERE unused_date < %(before)s AND %(is_used)s;
                DELETE FROM fsm_confirmation_name_index n
                 WHERE unused_date < %(before)s AND NOT %(is_used)s;
                UPDATE fsm_confirmation_name_index n SET unused_date = %(now)s
                 WHERE unused_date IS NULL AND NOT %(is_used)s;
                DELETE FROM fsm_confirmation_name_index n
                 USING fsm_confirmation_name_index other
                 WHERE n.name = other.name AND n.field_name = other.field_name
                   AND n.id > other.id AND other.unused_date IS NULL;
                """,
                before=before,
                now=now,
                is_used=_IS_USED,
            )
        )
