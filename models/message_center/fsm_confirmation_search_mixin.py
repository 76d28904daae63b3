# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import copy

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.orm.domains import DomainAnd, DomainCondition, DomainOr
from odoo.tools import SQL

from ...core.phones import digits_to_find
from .fsm_confirmation_name_index import NAME_FIELDS, every_word

# Up to this many messages, sorting them is faster than walking along an index.
FEW = 5000


def _asks_for_text(condition):
    return (
        condition.operator == "ilike"
        and isinstance(condition.value, str)
        and condition.value.strip()
    )


def _asks_for_name(condition):
    return condition.field_expr in NAME_FIELDS and _asks_for_text(condition)


class FsmConfirmationSearchMixin(models.AbstractModel):
    """Searching messages so that an index answers, at any number of them."""

    _name = "fsm.confirmation.search.mixin"
    _description = "Search of Job Confirmations"

    # For searching only: they hold nothing.
    message_search = fields.Char(
        "Name, Number or Job",
        search="_search_message_search",
        store=False,
        compute=False,
        exportable=False,
    )
    mobile_search = fields.Char(
        "Mobile Number",
        search="_search_mobile_search",
        store=False,
        compute=False,
        exportable=False,
    )

    @api.depends("name", "contact_name", "job_name", "appointment_start")
    @api.depends_context("confirmation_details")
    def _compute_display_name(self):
        """Where a message is chosen: with whom and what it was about."""
        for record in self:
            parts = [record.name]
            if self.env.context.get("confirmation_details"):
                parts += [record.contact_name, record.job_name]
                parts.append(record.appointment_text)
            record.display_name = ", ".join(part for part in parts if part)

    @api.model
    def name_search(self, name="", domain=None, operator="ilike", limit=100):
        """Where a reply is attached: its customer's messages come first."""
        reply = self.env["fsm.confirmation.reply"].browse(
            self.env.context.get("confirmation_reply_id") or []
        )
        if not reply.exists() or not reply.has_access("read"):
            return super().name_search(name, domain, operator, limit)
        found = []
        matching = self.env["fsm.confirmation.matching"]
        for likely in matching._get_likely_domains(reply.ensure_one()):
            if limit and len(found) >= limit:
                break
            mine = Domain(domain or []) & likely
            mine &= Domain("id", "not in", [id_ for id_, _name in found])
            left = limit and limit - len(found)
            found += super().name_search(name, mine, operator, left)
        return found

    def _search_message_search(self, operator, value):
        """The one search bar: a name, a company, a number, a job, a Message ID.

        Of a name every word counts, in any order; see :meth:`_find_by_whole_names`.
        Each alternative has an index of its own: one without would make PostgreSQL read
        every message.
        """
        if operator == "in":
            return Domain.OR(self._search_message_search("ilike", val) for val in value)
        if operator != "ilike":
            return NotImplemented
        text = str(value or "").strip()
        return Domain.OR(
            [
                Domain("name", "in", list({text, text.upper()})),
                Domain("contact_name", "ilike", text),
                Domain("company_name", "ilike", text),
                Domain("job_name", "ilike", text),
                Domain("mobile_search", "ilike", text),
            ]
        )

    def _search_mobile_search(self, operator, value):
        """Find a number however it is typed: only its digits are compared."""
        if operator == "in":
            return Domain.OR(self._search_mobile_search("ilike", val) for val in value)
        if operator not in ("ilike", "like"):
            return NotImplemented
        digits = digits_to_find(str(value or ""))
        return Domain("mobile", "like", digits) if digits else Domain.FALSE

    @api.model
    def _find_by_whole_names(self, domain):
        """Search whole names instead of part of a name, which is much faster.

        :return: ``Domain``
        """
        found = {}

        def open_search_bar(condition):
            if condition.field_expr == "message_search" and _asks_for_text(condition):
                return self._search_message_search("ilike", condition.value)
            return condition

        def ask_for_names(condition):
            field_name, text = condition.field_expr, condition.value
            if not _asks_for_name(condition):
                return condition
            if text not in found:
                self.flush_model(NAME_FIELDS)
                found[text] = self.env["fsm.confirmation.name.index"]._find_sudo(text)
            if found[text] is None:
                return every_word(field_name, text)
            return Domain(field_name, "in", found[text][field_name])

        domain = Domain(domain)
        names = {condition.field_expr for condition in domain.iter_conditions()}
        if names.isdisjoint((*NAME_FIELDS, "message_search")):
            return domain
        domain = domain.map_conditions(open_search_bar)
        return domain.map_conditions(ask_for_names)

    @api.model
    def _with_whole_names(self, domain):
        """Look the names up once, for several searches with one domain.

        :return: (this model to search in, ``Domain``)
        """
        model = self.with_context(confirmation_names_known=True)
        return model, self._find_by_whole_names(domain)

    @api.model
    def _has_several_names(self, domain):
        """Whether a domain asks for one of several whole names."""
        return any(
            condition.field_expr in NAME_FIELDS
            and condition.operator == "in"
            and len(condition.value) > 1
            for condition in domain.iter_conditions()
        )

    @api.model
    def _are_few(self, query):
        """Whether a query without its limit finds few messages."""
        every = copy.copy(query)
        every.order = None
        every.offset = None
        every.limit = FEW + 1
        return len(every) <= FEW

    @api.model
    @api.readonly
    def search_count(self, domain, limit=None):
        """Count from the name index if very many names contain a text.

        One in fifty customers has a frequent first name: PostgreSQL would read ten
        thousand messages to count them.
        """
        domain = Domain(domain)
        if not self.env.context.get("confirmation_names_known"):
            self, domain = self._with_whole_names(domain)  # noqa: PLW0642
        several = isinstance(domain, DomainOr)
        for alternative in domain.children if several else [domain]:
            by_names = self._ask_table_of_names(alternative)
            if by_names:
                found = super().search_count(by_names, limit)
                if not several or found == limit:
                    return found
        return super().search_count(domain, limit)

    @api.model
    def _ask_table_of_names(self, domain):
        """The same as a condition on parts of a name, asked of the table of names.

        :return: ``Domain``, or None when something else is asked for
        """
        conditions = domain.children if isinstance(domain, DomainAnd) else [domain]
        if not all(
            isinstance(condition, DomainCondition)
            and _asks_for_name(condition)
            and condition.field_expr == conditions[0].field_expr
            for condition in conditions
        ):
            return None
        names_sudo = self.env["fsm.confirmation.name.index"].sudo()
        field_name = conditions[0].field_expr
        query = names_sudo._search(
            Domain("field_name", "=", field_name)
            & Domain.AND(
                Domain("name", "ilike", condition.value) for condition in conditions
            )
        )
        query.order = None
        names = query.subselect(SQL.identifier(names_sudo._table, "name"))
        return Domain.custom(
            to_sql=lambda model, alias, _query: SQL(
                "%s IN %s", SQL.identifier(alias, field_name), names
            )
        )

    @api.model
    @api.readonly
    def web_search_read(self, domain, *args, **kwargs):
        """The page and its count ask for the same names."""
        model, domain = self._with_whole_names(domain)
        return super(FsmConfirmationSearchMixin, model).web_search_read(
            list(domain), *args, **kwargs
        )

    @api.readonly
    def web_read(self, specification):
        """Fetch only the names of users and companies; Odoo would read every column."""
        if len(self) > 1:
            if "user_id" in specification:
                users_sudo = self.user_id.sudo()
                users_sudo.fetch(["partner_id"])
                users_sudo.partner_id.fetch(["name"])
            if "person_id" in specification:
                persons_sudo = self.person_id.sudo()
                persons_sudo.fetch(["partner_id"])
                persons_sudo.partner_id.fetch(["name"])
            if "company_id" in specification:
                self.company_id.sudo().fetch(["name"])
        return super().web_read(specification)

    def _search(self, domain, offset=0, limit=None, order=None, **kwargs):
        """Sort by date instead of id within a range of days, as an index does.

        Ids and dates run in parallel, which PostgreSQL does not know: for a week of
        last year it would read everything that was sent since.
        """
        domain = Domain(domain)
        if not self.env.context.get("confirmation_names_known"):
            domain = self._find_by_whole_names(domain)
        if limit and order == self._order:
            order = self._get_order_for_days(domain) or order
        query = super()._search(domain, offset, limit, order, **kwargs)
        newest_first = limit and order == self._order
        if newest_first and self._has_several_names(domain) and self._are_few(query):
            # PostgreSQL takes them for more than they are, and would walk.
            query.order = SQL("%s + 0 DESC", SQL.identifier(self._table, "id"))
        return query

    @api.model
    def _get_order_for_days(self, domain):
        """:return: the order for a range of days, or "" when there is none"""
        conditions = [domain, *getattr(domain, "children", ())]
        bounds = {
            (condition.field_expr, condition.operator[0])
            for condition in conditions
            if isinstance(condition, DomainCondition)
            and condition.operator in ("<", "<=", ">", ">=")
        }
        if isinstance(domain, DomainOr):
            return ""
        if ("appointment_start", ">") in bounds:
            return "appointment_start, id"  # As the day will go.
        if ("appointment_start", "<") in bounds:
            return "appointment_start desc, id desc"
        if bounds & {("sent_date", "<"), ("sent_date", ">")}:
            return "sent_date desc, id desc"
        return ""
