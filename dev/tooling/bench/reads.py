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
    result = {}
    for child in node.iterdescendants("field"):
        # Fields of a list within a form belong to its own specification.
        if any(parent.tag == "field" for parent in _between(child, node)):
            continue
        name = child.get("name")
        field = known.get(name)
        if not field:
            continue
        result[name] = _field_specification(child, field, models)
    return result


def _between(child, node):
    for parent in child.iterancestors():
        if parent is node:
            return
        yield parent


def _field_specification(child, field, models):
    if field["type"] == "many2one":
        hidden = child.get("column_invisible") or child.get("invisible")
        return {"fields": {} if hidden in ("1", "True") else {"display_name": {}}}
    if field["type"] in ("one2many", "many2many"):
        inner = next((sub for sub in child if sub.tag in ("list", "kanban")), None)
        if inner is not None and field["relation"] in models:
            return {
                "fields": _specification(inner, field["relation"], models),
                "limit": 40,
                "order": "",
            }
        return {"fields": {"display_name": {}}}
    return {}


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
    """Every read that is measured: name -> (ours, theirs), functions of an env."""

    def __init__(self, worker):
        self.worker = worker
        self.pairs = {}
        with worker.env(DISPATCHER) as env:
            self.env = env
            self.samples = self._choose_samples()
            self.search, _models = _views(env, OURS, "search")
            self._add_lists()
        del self.env

    def _choose_samples(self):
        """A message from the middle; what is searched for stands in it."""
        model = self.env[OURS].sudo()
        newest = model.search([], order="id desc", limit=1).id
        record = model.search(
            [
                ("company_name", "!=", False),
                ("id", "<=", newest - newest // 2),
            ],
            limit=1,
        )
        number = record.mobile.removeprefix("+1")
        return {
            "name": record.contact_name,
            "company": record.company_name,
            "number": f"+1{number}",
            "number as people write it": f"({number[:3]}) {number[3:6]}-{number[6:]}",
            "last seven digits of a number": number[3:],
            "job": record.job_name,
            "first name only": record.contact_name.split()[0],
            "a name that nobody has": "Zyxwvut",
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

    def _add(self, name, ours, theirs, groupby=None):
        make = _group if groupby else _search
        more = groupby or ((), ())
        sides = []
        for model, domain, extra in ((OURS, ours, more[0]), (THEIRS, theirs, more[1])):
            if domain is None:
                sides.append(None)
                continue
            with self.worker.env(LOGIN[model]) as env:
                sides.append(make(env, model, domain, *([extra] if groupby else [])))
        self.pairs[name] = tuple(sides)

    def _add_lists(self):
        known = self.samples
        self._add("first page", [], [])
        for kind in ("name", "first name only", "a name that nobody has"):
            self._add(
                f"search {kind}",
                self._field_domain("contact_name", known[kind], -1),
                [("partner_id", "ilike", known[kind])],
            )
        self._add(
            "search company",
            self._field_domain("company_name", known["company"]),
            [("partner_id", "ilike", known["company"])],
        )
        for kind in (
            "number",
            "number as people write it",
            "last seven digits of a number",
        ):
            digits = "".join(char for char in known[kind] if char.isdigit())
            # Odoo's own list finds a number only as it is stored.
            self._add(
                f"search {kind}",
                self._field_domain("mobile_search", known[kind]),
                [("number", "ilike", digits)],
            )
        self._add(
            "search job",
            self._field_domain("job_name", known["job"]),
            [("body", "ilike", known["job"])],
        )
        # Odoo keeps no replies: what was sent is the text there.
        for kind, word, their_word in (
            ("a word that many wrote", "thank", "appointment"),
            ("a word that nobody wrote", "Zyxwvut", "Zyxwvut"),
        ):
            self._add(
                f"search {kind}",
                self._field_domain("reply_body", word),
                [("body", "ilike", their_word)],
            )
        # The first field of the search bar looks everywhere.
        self.everywhere = self.search.find("./field").get("name")
        everywhere = ("name", "company", "number as people write it", "job")
        for kind in (*everywhere, "first name only", "a name that nobody has"):
            digits = "".join(char for char in known[kind] if char.isdigit())
            self._add(
                f"one search bar: {kind}",
                self._field_domain(self.everywhere, known[kind]),
                [
                    "|",
                    "|",
                    ("number", "ilike", digits if "number" in kind else known[kind]),
                    ("partner_id", "ilike", known[kind]),
                    ("body", "ilike", known[kind]),
                ],
            )
        self._add_filters()

    def _add_filters(self):
        state_of = {
            "failed": [("state", "=", "error")],
            "my_messages": [("create_uid", "=", 2)],
        }
        for node in self.search.iterdescendants("filter"):
            if node.get("domain"):
                # Their list knows delivery states only.
                theirs = state_of.get(node.get("name"), [("state", "=", "sent")])
                label = node.get("string")
                self._add(f"filter {label}", self._filter_domain(node), theirs)
        failed = self.search.find(".//filter[@name='failed']")
        if failed is not None:
            self._add(
                "filter Failed and a name",
                [
                    *self._filter_domain(failed),
                    *self._field_domain("contact_name", self.samples["name"], -1),
                ],
                [
                    ("state", "=", "error"),
                    ("partner_id", "ilike", self.samples["name"]),
                ],
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
        self._add(
            "graph by month", [], [], (["sent_date:month"], ["create_date:month"])
        )
        self._add_details()

    def _add_details(self):
        name = self._field_domain("contact_name", self.samples["name"], -1)

        def tiles(domain):
            return lambda env: bool(env[OURS].get_message_center_summary(domain))

        for label, domain, theirs in (
            ("tiles", [], []),
            (
                "tiles of a search",
                name,
                [("partner_id", "ilike", self.samples["name"])],
            ),
        ):
            with self.worker.env(LOGIN[THEIRS]) as env:
                other = _group(env, THEIRS, theirs, ["state"])
            self.pairs[label] = (tiles(domain), other)
        ids = {}
        for model in (OURS, THEIRS):
            with self.worker.env() as env:
                newest = env[model].search([], order="id desc", limit=1).id
                step = max(1, newest // 11)
                ids[model] = env[model].browse(range(step, newest, step)).exists().ids
        sides = []
        for model in (OURS, THEIRS):
            with self.worker.env(LOGIN[model]) as env:
                sides.append(_open(env, model, ids[model]))
        self.pairs["details of ten messages"] = tuple(sides)


def read_cases(worker):
    """Prepare and name the cases.

    :return: list of [name, whether their side exists]
    """
    worker.cases = Cases(worker)
    return list(worker.cases.pairs)


def time_read(worker, name, side, cold=False):
    """Time one read once; see ``worker.Worker.time``.

    :param side: 0 ours, 1 theirs
    """
    if cold:
        # What every request does first is not what is measured.
        for login in LOGIN.values():
            with worker.env(login) as env:
                env.user.has_group("base.group_user")
    function = worker.cases.pairs[name][side]
    return worker.time(function, LOGIN[(OURS, THEIRS)[side]])


def plan(worker, name, side=0):
    """The plans of the queries of one read, as PostgreSQL ran them."""
    plans = []
    with worker.env(LOGIN[(OURS, THEIRS)[side]]) as env:
        execute = env.cr.execute

        def explained(query, params=None, log_exceptions=True):
            text = str(getattr(query, "code", query)).lstrip().upper()
            if text.startswith("SELECT") and (
                "FSM_CONFIRM" in text or "SMS_SMS" in text
            ):
                code = getattr(query, "code", query)
                values = getattr(query, "params", None) or params
                execute("EXPLAIN (ANALYZE, BUFFERS) " + code, values)
                rows = "\n".join(row[0] for row in env.cr.fetchall())
                plans.append(f"{env.cr.mogrify(code, values).decode()}\n{rows}")
            return execute(query, params, log_exceptions)

        env.cr.execute = explained
        worker.cases.pairs[name][side](env)
    return plans


def form_specification(worker, model):
    """The specification of a form, and ids to open."""
    with worker.env(USER) as env:
        arch, models = _views(env, model, "form")
        return _specification(arch, model, models)


def time_form(worker, model, ids):
    """Open some records in their form, as a field service user."""
    if not hasattr(worker, "specifications"):
        worker.specifications = {}
    if model not in worker.specifications:
        worker.specifications[model] = form_specification(worker, model)
    specification = worker.specifications[model]

    def read(env):
        for record_id in ids:
            # Each is a request of its own, which knows nothing of the last one.
            env.invalidate_all()
            env[model].browse(record_id).web_read(specification)
        return len(specification)

    return worker.time(read, USER)


def form_samples(worker, count=20):
    """Ids of Work Orders and contacts that have messages."""
    with worker.env() as env:
        orders = env["fsm.order"].search([], order="id desc", limit=4000).ids
        orders = orders[:: max(1, len(orders) // count)][:count]
        partners = env["fsm.order"].browse(orders).location_id.contact_id.ids
    return {"fsm.order": orders, "res.partner": partners}


def row_counts(worker):
    """Rows of the tables that matter."""
    with worker.env() as env:
        counts = {}
        for table in (
            "fsm_confirmation",
            "fsm_confirmation_reply",
            "sms_sms",
            "mail_message",
            "res_partner",
            "fsm_order",
        ):
            env.cr.execute("SELECT to_regclass(%s)", [table])
            if env.cr.fetchone()[0]:
                env.cr.execute(f"SELECT count(*) FROM {table}")
                counts[table] = env.cr.fetchone()[0]
        env.cr.execute("SHOW server_version")
        return {**counts, "postgresql": env.cr.fetchone()[0]}
