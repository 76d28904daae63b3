# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the web client asks for, ours and Odoo's own, as calls of the server.

The fields, search fields and filters are those of the real views, so a changed view is
measured as it is.
"""

from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.tools.safe_eval import safe_eval

from .fill import DISPATCHER, USER

OURS = "fsm.confirmation"
THEIRS = "sms.sms"
LIST_LIMIT = 80  # rows of a page, as in the web client
COUNT_LIMIT = 10001  # the web client counts no further
LOGIN = {OURS: DISPATCHER, THEIRS: "admin"}


def _views(env, model, view):
    """The client's arch and fields of a view: (element, dict model -> fields)."""
    found = env[model].get_views([(False, view)])
    return etree.fromstring(found["views"][view]["arch"]), found["models"]


def _specification(node, model, models):
    """What the client asks to read for a list or a form."""
    known = models[model]["fields"]
    # Fields of a list within a form belong to its own specification.
    depth = len(node.xpath("ancestor::field"))
    children = node.xpath(f".//field[count(ancestor::field) = {depth}]")
    return {
        child.get("name"): _field_specification(child, known[child.get("name")], models)
        for child in children
        if child.get("name") in known
    }


def _field_specification(child, field, models):
    if field["type"] == "many2one":
        hidden = child.get("column_invisible") or child.get("invisible")
        return {"fields": {} if hidden in ("1", "True") else {"display_name": {}}}
    if field["type"] not in ("one2many", "many2many"):
        return {}
    inner = child.xpath("list|kanban")
    if not inner or field["relation"] not in models:
        return {"fields": {"display_name": {}}}
    fields_of = _specification(inner[0], field["relation"], models)
    return {"fields": fields_of, "limit": 40, "order": ""}


def _search(env, model, domain):
    """Open or filter the list: the page's rows and the count beside the pager."""
    arch, models = _views(env, model, "list")
    specification = _specification(arch, model, models)
    action = [("to_delete", "!=", True)] if model == THEIRS else []
    return lambda env: env[model].web_search_read(
        [*action, *domain],
        specification,
        limit=LIST_LIMIT,
        count_limit=COUNT_LIMIT,
    )["length"]


def _group(env, model, domain, groupby):
    return lambda env: len(
        env[model].formatted_read_group(domain, groupby, ["__count"])
    )


def _open(env, model, ids):
    """Open forms, one after the other."""
    arch, models = _views(env, model, "form")
    specification = _specification(arch, model, models)
    return lambda env: len([env[model].browse(i).web_read(specification) for i in ids])


class Cases:
    """Every read that is measured: ``pairs``, name -> (ours, theirs).

    Each side is a function of an env.
    """

    def __init__(self, session):
        self.session = session
        self.pairs = {}
        with session.env(DISPATCHER) as env:
            self.env = env
            self.samples = self._choose_samples()
            self.search, _models = _views(env, OURS, "search")
            self._add_searches()
            self._add_filters()
            self._add_details()
        del self.env

    def time(self, name, side, cold=False):
        """Time one read once; see ``Session.time``.

        :param side: 0 ours, 1 theirs
        """
        if cold:
            # What every request does first is not what is measured.
            for login in LOGIN.values():
                with self.session.env(login) as env:
                    env.user.has_group("base.group_user")
        return self.session.time(self.pairs[name][side], LOGIN[(OURS, THEIRS)[side]])

    def plan(self, name):
        """The plans of the queries of one of our reads, as PostgreSQL ran them."""
        plans = []
        with self.session.env(DISPATCHER) as env:
            execute = env.cr.execute

            def explained(query, params=None, log_exceptions=True):
                code = getattr(query, "code", query)
                if "FSM_CONFIRM" in code.upper() and code.lstrip().startswith("SELECT"):
                    values = getattr(query, "params", None) or params
                    execute("EXPLAIN (ANALYZE, BUFFERS) " + code, values)
                    rows = "\n".join(row[0] for row in env.cr.fetchall())
                    plans.append(f"{env.cr.mogrify(code, values).decode()}\n{rows}")
                return execute(query, params, log_exceptions)

            env.cr.execute = explained
            self.pairs[name][0](env)
        return plans

    def _choose_samples(self):
        """A message from the middle; what is searched for stands in it."""
        model = self.env[OURS].sudo()
        newest = model.search([], order="id desc", limit=1).id
        middle = [("company_name", "!=", False), ("id", "<=", newest - newest // 2)]
        record = model.search(middle, limit=1)
        number = record.mobile.removeprefix("+1")
        return {
            "name": record.contact_name,
            "first name only": record.contact_name.split()[0],
            "a name that nobody has": "Zyxwvut",
            "company": record.company_name,
            "number": f"+1{number}",
            "number as people write it": f"({number[:3]}) {number[3:6]}-{number[6:]}",
            "last seven digits of a number": number[3:],
            "job": record.job_name,
        }

    def _field_domain(self, name, value, position=0):
        """What the search bar makes of a value: the domain of a search field."""
        node = self.search.findall(f".//field[@name='{name}']")[position]
        text = node.get("filter_domain")
        if text:
            return safe_eval(text, {"self": value})
        return [(name, node.get("operator") or "ilike", value)]

    def _filter_domain(self, node):
        return safe_eval(
            node.get("domain"),
            {
                "uid": self.env.uid,
                "context_today": lambda: fields.Date.context_today(self.env.user),
            },
        )

    def _add(self, name, ours, theirs, make=_search, more=((), ())):
        """Add a read of both lists.

        :param ours: domain; theirs: domain
        :param make: one of the functions above
        :param more: further arguments of it, ours and theirs
        """
        sides = []
        for model, domain, extra in ((OURS, ours, more[0]), (THEIRS, theirs, more[1])):
            with self.session.env(LOGIN[model]) as env:
                sides.append(make(env, model, domain, *extra))
        self.pairs[name] = tuple(sides)

    def _add_searches(self):
        self._add("first page", [], [])
        # Odoo's own list finds a number only as it is stored, and keeps no replies:
        # there, words are looked for in what was sent.
        fields_of = {"company": ("company_name", 0), "job": ("job_name", 0)}
        for kind, value in self.samples.items():
            digits = "".join(char for char in value if char.isdigit())
            ours, theirs = fields_of.get(kind, ("contact_name", -1)), "partner_id"
            if "number" in kind:
                ours, theirs, value = ("mobile_search", 0), "number", digits
            elif kind == "job":
                theirs = "body"
            domain = self._field_domain(ours[0], self.samples[kind], ours[1])
            self._add(f"search {kind}", domain, [(theirs, "ilike", value)])
        for kind, word, their_word in (
            ("a word that many wrote", "thank", "appointment"),
            ("a word that nobody wrote", "Zyxwvut", "Zyxwvut"),
        ):
            domain = self._field_domain("reply_body", word)
            self._add(f"search {kind}", domain, [("body", "ilike", their_word)])
        # The first field of the search bar looks everywhere.
        everywhere = self.search.find("./field").get("name")
        for kind, value in self.samples.items():
            if kind in ("number", "last seven digits of a number"):
                continue
            digits = "".join(char for char in value if char.isdigit())
            self._add(
                f"one search bar: {kind}",
                self._field_domain(everywhere, value),
                [
                    *("|", "|"),
                    ("number", "ilike", digits if "number" in kind else value),
                    ("partner_id", "ilike", value),
                    ("body", "ilike", value),
                ],
            )

    def _add_filters(self):
        state_of = {
            "failed": [("state", "=", "error")],
            "my_messages": [("create_uid", "=", 2)],
        }
        name = self._field_domain("contact_name", self.samples["name"], -1)
        their_name = [("partner_id", "ilike", self.samples["name"])]
        for node in self.search.iterdescendants("filter"):
            if not node.get("domain"):
                continue
            # Their list knows delivery states only.
            theirs = state_of.get(node.get("name"), [("state", "=", "sent")])
            ours = self._filter_domain(node)
            self._add(f"filter {node.get('string')}", ours, theirs)
            if node.get("name") == "failed":
                self._add("filter Failed and a name", ours + name, theirs + their_name)
        now = fields.Datetime.now()
        for label, start, end in (
            ("last week", 7, 0),
            ("a week last year", 400, 393),
            ("two years", 900, 170),
        ):
            first, last = now - timedelta(days=start), now - timedelta(days=end)
            self._add(
                f"date range: {label}",
                [("sent_date", ">=", first), ("sent_date", "<=", last)],
                [("create_date", ">=", first), ("create_date", "<=", last)],
            )

    def _add_details(self):
        months = (["sent_date:month"],), (["create_date:month"],)
        self._add("graph by month", [], [], _group, months)

        def tiles(env, model, domain):
            if model == THEIRS:
                return _group(env, model, domain, ["state"])
            return lambda env: bool(env[OURS].get_message_center_summary(domain))

        name = self._field_domain("contact_name", self.samples["name"], -1)
        theirs = [("partner_id", "ilike", self.samples["name"])]
        self._add("tiles", [], [], tiles)
        self._add("tiles of a search", name, theirs, tiles)
        self._add("details of ten messages", [], [], _open_ten)


def _open_ten(env, model, _domain):
    newest = env[model].sudo().search([], order="id desc", limit=1).id
    ids = range(max(1, newest // 11), newest, max(1, newest // 11))
    return _open(env, model, env[model].sudo().browse(ids).exists().ids)


def read_form(session, model, ids):
    """A function that opens some records in their form, as a field service user."""
    with session.env(USER) as env:
        arch, models = _views(env, model, "form")
        specification = _specification(arch, model, models)

    def read(env):
        for record_id in ids:
            # Each is a request of its own, which knows nothing of the last one.
            env.invalidate_all()
            env[model].browse(record_id).web_read(specification)

    return read


def form_samples(session, count=20):
    """Ids of Work Orders and contacts that have messages."""
    with session.env() as env:
        orders = env["fsm.order"].search([], order="id desc", limit=4000).ids
        orders = orders[:: max(1, len(orders) // count)][:count]
        partners = env["fsm.order"].browse(orders).location_id.contact_id.ids
    return {"fsm.order": orders, "res.partner": partners}


def row_counts(session):
    """Rows of the tables that matter."""
    models = (OURS, "fsm.confirmation.reply", THEIRS, "mail.message", "fsm.order")
    with session.env() as env:
        counts = {env[model]._table: env[model].search_count([]) for model in models}
        env.cr.execute("SHOW server_version")
        return {**counts, "postgresql": env.cr.fetchone()[0]}
