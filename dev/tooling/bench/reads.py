# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""What the web client asks for, ours and Odoo's own, as calls of the server.

The fields, search fields and filters are those of the real views, so a changed view is
measured as it is.
"""

import functools
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
EXPLAIN = """
LOAD 'auto_explain';
SET LOCAL auto_explain.log_min_duration = 0;
SET LOCAL auto_explain.log_analyze = on;
SET LOCAL auto_explain.log_buffers = on;
SET LOCAL client_min_messages = log;
"""


def _views(env, model, view):
    """The client's (arch, specification of what it reads) of a view."""
    found = env[model].get_views([(False, view)])
    arch = etree.fromstring(found["views"][view]["arch"])
    return arch, _specification(arch, model, found["models"])


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


# Reads: functions of an environment, a model, what is asked for (a domain, or ids of
# records) and the specification of its list, or of its form.


def _search(env, model, domain, specification):
    """Open or filter the list: the page's rows and the count beside the pager."""
    action = [("to_delete", "!=", True)] if model == THEIRS else []
    env[model].web_search_read(
        [*action, *domain], specification, limit=LIST_LIMIT, count_limit=COUNT_LIMIT
    )


def _by_month(env, model, domain, _specification):
    date = "sent_date" if model == OURS else "create_date"
    env[model].formatted_read_group(domain, [f"{date}:month"], ["__count"])


def _tiles(env, model, domain, _specification):
    if model == OURS:
        env[model].get_message_center_summary(domain)
    else:
        env[model].formatted_read_group(domain, ["state"], ["__count"])


def _open(env, model, ids, specification):
    """Open forms, one after the other."""
    for record_id in ids:
        env[model].browse(record_id).web_read(specification)


def _open_apart(env, model, ids, specification):
    """Open forms; each is a request of its own, which knows nothing of the last one."""
    for record_id in ids:
        env.invalidate_all()
        _open(env, model, [record_id], specification)


def forms(session, model, ids):
    """A function that opens some records in their form, as a field service user."""
    with session.env(USER) as env:
        _arch, specification = _views(env, model, "form")
    return functools.partial(
        _open_apart, model=model, ids=ids, specification=specification
    )


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
            self.search, _nothing = _views(env, OURS, "search")
            self._add_searches()
            self._add_filters()
            self._add_others()
        del self.env

    def time(self, name, side):
        """Time one read once; see ``Session.time``.

        :param side: 0 ours, 1 theirs
        """
        return self.session.time(self.pairs[name][side], LOGIN[(OURS, THEIRS)[side]])

    def plan(self, name):
        """The plans of the queries of one of our reads, as PostgreSQL ran them."""
        with self.session.env(DISPATCHER) as env:
            env.cr.execute(EXPLAIN)
            del env.cr._cnx.notices[:]
            self.pairs[name][0](env)
            return [text for text in env.cr._cnx.notices if "fsm_confirm" in text]

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

    def _add(self, name, ours, theirs, read=_search, view="list"):
        """Add a read of both lists: domains, or ids of what is opened."""
        sides = []
        for model, asked in ((OURS, ours), (THEIRS, theirs)):
            with self.session.env(LOGIN[model]) as env:
                values = model, asked, _views(env, model, view)[1]
            sides.append(lambda env, values=values: read(env, *values))
        self.pairs[name] = sides

    def _add_searches(self):
        self._add("first page", [], [])
        # Odoo's own list finds a number only as it is stored, and keeps no replies:
        # there, words are looked for in what was sent.
        fields_of = {"company": ("company_name", 0), "job": ("job_name", 0)}
        for kind, value in self.samples.items():
            digits = "".join(filter(str.isdigit, value))
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
            if kind not in ("number", "last seven digits of a number"):
                digits = "".join(filter(str.isdigit, value))
                number = digits if "number" in kind else value
                theirs = [(name, "ilike", value) for name in ("partner_id", "body")]
                theirs = ["|", "|", ("number", "ilike", number), *theirs]
                ours = self._field_domain(everywhere, value)
                self._add(f"one search bar: {kind}", ours, theirs)

    def _add_filters(self):
        state_of = {
            "failed": [("state", "=", "error")],
            "my_messages": [("create_uid", "=", 2)],
        }
        today = fields.Date.context_today(self.env.user)
        known = {"uid": self.env.uid, "context_today": lambda: today}
        name = self._field_domain("contact_name", self.samples["name"], -1)
        their_name = [("partner_id", "ilike", self.samples["name"])]
        for node in self.search.iterdescendants("filter"):
            if not node.get("domain"):
                continue
            # Their list knows delivery states only.
            theirs = state_of.get(node.get("name"), [("state", "=", "sent")])
            ours = safe_eval(node.get("domain"), known)
            self._add(f"filter {node.get('string')}", ours, theirs)
            if node.get("name") == "failed":
                self._add(
                    "filter Not Delivered and a name", ours + name, theirs + their_name
                )
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

    def _add_others(self):
        name = self._field_domain("contact_name", self.samples["name"], -1)
        theirs = [("partner_id", "ilike", self.samples["name"])]
        self._add("graph by month", [], [], _by_month)
        self._add("tiles", [], [], _tiles)
        self._add("tiles of a search", name, theirs, _tiles)
        ids = map(self._choose_ten, (OURS, THEIRS))
        self._add("details of ten messages", *ids, _open, "form")

    def _choose_ten(self, name):
        model = self.env[name].sudo()
        newest = model.search([], order="id desc", limit=1).id
        step = max(1, newest // 11)
        return model.browse(range(step, newest, step)).exists().ids


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
