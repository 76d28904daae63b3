# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Fields that ask for what a user may see, and values of fields."""

from odoo import Command, fields
from odoo.fields import Domain
from odoo.tools import SQL


class _OrPlain(type(fields.One2many)):
    """Lets a module redefine such a field as a plain one2many, as ``hr`` does.

    Odoo goes on from the field before only if that is of the new one's type.
    """

    def __instancecheck__(cls, field):
        return isinstance(field, fields.One2many)


class VisibleOne2many(fields.One2many, metaclass=_OrPlain):
    """A one2many whose records a search counts only if its user would find them.

    Odoo compares ids, and "has any", with more rights than the user has. Where a
    model's ``_search`` hides records, that tells who has them.
    """

    def condition_to_sql(self, field_expr, operator, value, model, alias, query):
        ask = super().condition_to_sql
        if model.env.su or operator not in ("in", "not in"):
            return ask(field_expr, operator, value, model, alias, query)
        model = model.with_context(active_test=False)
        has, has_not = ("any", "not any") if operator == "in" else ("not any", "any")
        known = Domain("id", "in", [id_ for id_ in value if id_])
        parts = [ask(field_expr, has, known, model, alias, query)]
        if False in value:
            parts.append(ask(field_expr, has_not, Domain.TRUE, model, alias, query))
        return SQL("(%s)", SQL(" OR " if operator == "in" else " AND ").join(parts))

    def filter_function(self, records, field_expr, operator, value):
        # Odoo's mark of a user's condition that it evaluates as superuser.
        by_user = records.env.context.get("filter_function_reset_sudo")
        if records.env.su and not by_user:
            return super().filter_function(records, field_expr, operator, value)
        get = self.expression_getter(field_expr)

        def read(some):
            return get(some.sudo(False))

        ids = value
        if isinstance(value, Domain):
            ids = set(read(records).filtered_domain(value)._ids)
        return lambda record: (
            any(id_ in ids for id_ in read(record)._ids)
            or (False in ids and not read(record))
        )


def set_ids(vals, name):
    """Let a list of ids stand for the records of an x2many field.

    ``create`` passes over ids that are no commands.
    """
    ids = vals.get(name)
    if ids and all(isinstance(value, int) for value in ids):
        vals[name] = [Command.set(ids)]
