# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from typing import NamedTuple

from odoo import api, models, tools
from odoo.tools import SQL

from ...core.kinds import TIMES
from ..privacy.mail_message import WRITTEN_BY_SERVER
from ..xmlids import MODULE

# The switch, a system parameter: "False" has the ORM do all of it. For whoever suspects
# that another addon is passed over here.
SWITCH = "job_confirmation.orm_shortcuts"


class Told(NamedTuple):
    """What there is of a Work Order, for who may see it."""

    count: int = 0  # of messages
    has_note: bool = False
    has_times: bool = False  # proposed ones
    has_change: bool = False  # that the customer doesn't know yet


class FsmConfirmationShortcuts(models.AbstractModel):
    """Every short cut past the ORM for speed, each with the long way beside it.

    Both leave the same rows, which a test compares. Where SQL does what the ORM can't
    (locks, rates, anonymizing), it stands where it is needed.
    """

    _name = "fsm.confirmation.shortcuts"
    _description = "Short Cuts Past the ORM"

    @api.model
    def _are_on(self):
        parameters_sudo = self.env["ir.config_parameter"].sudo()
        return tools.str2bool(parameters_sudo.get_param(SWITCH, "True"), default=True)

    # ------------------------------------------------------------------
    # Notes
    # ------------------------------------------------------------------

    @api.model
    def _create_notes_sudo(self, vals_list):
        """Create notes, as ``mail.message.create`` does, with one INSERT.

        A note has no attachment, recipient or notification, and its HTML is made of
        escaped parts, so that nearly all that create() does is done in vain. It was a
        fifth of the work of a reply.

        :param vals_list: dicts, all with the same keys, as for ``create``
        :return: ``mail.message`` records with sudo
        """
        messages_sudo = self.env["mail.message"].sudo()
        if not vals_list:
            return messages_sudo
        names = frozenset(vals_list[0])
        if not (self._are_on() and self._may_insert_notes(names)):
            with WRITTEN_BY_SERVER.up():
                return messages_sudo.create(vals_list)
        always = {
            "create_uid": self.env.uid,
            "create_date": self.env.cr.now(),
            "write_uid": self.env.uid,
            "write_date": self.env.cr.now(),
        }
        columns = [messages_sudo._fields[name] for name in [*vals_list[0], *always]]
        rows = [
            tuple(_to_column(field, values[field.name]) for field in columns)
            for values in ({**vals, **always} for vals in vals_list)
        ]
        found = self.env.execute_query(
            SQL(
                "INSERT INTO mail_message (%s) VALUES %s RETURNING id",
                SQL(", ").join(SQL.identifier(field.name) for field in columns),
                SQL(", ").join(SQL("%s", row) for row in rows),
            )
        )
        notes_sudo = messages_sudo.browse([id_ for (id_,) in found])
        for note_sudo, vals in zip(notes_sudo, vals_list, strict=True):
            # As create() leaves it: who reads a history next finds the note in it.
            note_sudo._invalidate_documents(vals["model"], vals["res_id"])
        return notes_sudo

    @api.model
    @tools.ormcache("names")
    def _may_insert_notes(self, names):
        """Whether a row of these values is all that ``create`` would make of them.

        Not where another addon has its say: it extends create(), has a column that
        needs a value, or stores something that follows from messages. Ours only
        looks at what users write.

        :param names: frozenset of field names
        """
        messages = self.env["mail.message"]
        cls = type(messages)
        makers = {
            base.__dict__.get("_module")
            for base in cls.__mro__
            if "create" in vars(base)
        }
        if "create" in vars(cls) or makers - {"mail", "base", MODULE, None}:
            return False
        written = {*names, *models.MAGIC_COLUMNS}
        return not any(
            self._needs_create(field, field.name in written)
            for field in messages._fields.values()
            if field.store and field.column_type
        )

    def _needs_create(self, field, is_written):
        """Whether ``create`` would make more of a column than an INSERT does."""
        tree = self.pool.get_field_trigger_tree(field)
        followers = [*tree.root]
        for relation, below in tree.items():
            # A rating, or whatever else links to a note, can't link to a new one yet.
            if relation.type != "many2one":
                followers += (
                    each for node in below.depth_first() for each in node.root
                )
        if any(other.store and other.column_type for other in followers):
            return True
        return not is_written and bool(field.required or field.compute or field.default)

    # ------------------------------------------------------------------
    # Work Orders
    # ------------------------------------------------------------------

    @api.model
    def _get_told_sudo(self, orders):
        """What customers were told, and told us, of Work Orders, in one query.

        Every form of a Work Order shows it. By the ORM it is a query more, and each
        takes three times as long.

        :param orders: ``fsm.order`` records, maybe new ones
        :return: dict ``fsm.order`` -> :class:`Told`
        """
        ids, told = orders._origin.ids, {}
        if ids:
            find = self._read_told if self._are_on() else self._find_told_sudo
            told = find(ids)
        return {order: told.get(order._origin.id, Told()) for order in orders}

    @api.model
    def _read_told(self, ids):
        """:return: dict id -> :class:`Told`, by SQL"""
        names = ["customer_note", "kind", "order_id"]
        self.env["fsm.confirmation"].flush_model(names)
        self.env["fsm.confirmation.change"].flush_model(["order_id", "told_id"])
        rows = self.env.execute_query(
            SQL(
                """
                SELECT m.order_id, count(*), count(m.customer_note) > 0,
                       bool_or(m.kind = %s),
                       EXISTS (SELECT FROM fsm_confirmation_change c
                                WHERE c.order_id = m.order_id)
                       OR bool_or(m.id IN (SELECT told_id FROM fsm_confirmation_change
                                            WHERE order_id IS NULL))
                  FROM fsm_confirmation m WHERE m.order_id IN %s GROUP BY m.order_id
                """,
                TIMES,
                tuple(ids),
            )
        )
        return {id_: Told(*values) for id_, *values in rows}

    @api.model
    def _find_told_sudo(self, ids):
        """:return: dict id -> :class:`Told`, by the ORM"""
        mine = [("order_id", "in", ids)]
        changed = self.env["fsm.order"].sudo().browse(ids)._find_changes()
        changed = changed.told_id.order_id | changed.order_id
        groups = (
            self.env["fsm.confirmation"]
            .sudo()
            ._read_group(
                mine,
                ["order_id"],
                ["__count", "customer_note:count", "kind:array_agg"],
            )
        )
        return {
            order.id: Told(count, notes > 0, TIMES in kinds, order in changed)
            for order, count, notes, kinds in groups
        }

    # ------------------------------------------------------------------
    # Numbers
    # ------------------------------------------------------------------

    @api.model
    def _draw_names(self, count):
        """Message IDs out of the sequence, all in one query where it allows it."""
        code = "fsm.confirmation"
        sequences_sudo = self.env["ir.sequence"].sudo()
        if not count or not self._are_on():
            return [sequences_sudo.next_by_code(code) for _i in range(count)]
        sequence_sudo = sequences_sudo.search_fetch(
            [
                ("code", "=", code),
                ("company_id", "in", (self.env.company.id, False)),
            ],
            ["implementation", "padding", "prefix", "suffix", "use_date_range"],
            order="company_id",
            limit=1,
        )
        plain = (
            sequence_sudo.implementation == "standard"
            and not sequence_sudo.use_date_range
        )
        if not plain:
            return [sequences_sudo.next_by_code(code) for _i in range(count)]
        rows = self.env.execute_query(
            SQL(
                "SELECT nextval(%s) FROM generate_series(1, %s)",
                f"ir_sequence_{sequence_sudo.id:03d}",
                count,
            )
        )
        return [sequence_sudo.get_next_char(row[0]) for row in rows]

    @api.model
    def _find_opt_outs_sudo(self, numbers):
        """Entries of the blacklist: active ones, and those that were lifted by hand.

        Odoo's own search reads and formats each number again as the user's country
        writes it.

        :param numbers: in E.164
        :return: ``phone.blacklist`` records with sudo
        """
        entries_sudo = self.env["phone.blacklist"].sudo()
        if not self._are_on():
            return entries_sudo.with_context(active_test=False).search(
                [
                    ("number", "in", numbers),
                    "|",
                    ("active", "=", True),
                    ("opt_out_lifted", "=", True),
                ]
            )
        entries_sudo.flush_model(["active", "number", "opt_out_lifted"])
        found = self.env.execute_query(
            SQL(
                """
                SELECT id FROM phone_blacklist
                 WHERE (active OR opt_out_lifted) AND number IN %s
                """,
                tuple(numbers),
            )
        )
        return entries_sudo.browse([id_ for (id_,) in found])


def _to_column(field, value):
    """A value as the column has it."""
    if value is False and field.type != "boolean":
        return None
    return str(value) if field.type == "html" else value
