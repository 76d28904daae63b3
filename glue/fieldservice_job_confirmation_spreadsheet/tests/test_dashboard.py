# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
import ast
import json
import re
from datetime import timedelta

from lxml import etree

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools import file_open

from odoo.addons.fieldservice_job_confirmation.tests.common import (
    STATUSES,
    ConfirmationTransactionCase,
)

MODULE = "fieldservice_job_confirmation"
LEVELS = ("read", "edit", "admin")


@tagged("post_install", "-at_install")
class TestDashboard(ConfirmationTransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.dashboard = cls.env.ref(
            f"{MODULE}_spreadsheet.spreadsheet_dashboard_job_confirmations"
        )
        cls.data = json.loads(cls.dashboard.spreadsheet_data)
        cls.board, cls.sheet = cls.data["sheets"]
        cls.order.unlink()
        cls.yesterday = fields.Datetime.now() - timedelta(hours=20)
        for status in STATUSES:
            cls._make_asked(status, cls.yesterday)

    def _dashboard(self, level):
        return self.dashboard.with_user(self.users[level])

    def _records(self, model, user):
        companies = user.sudo().company_ids.ids
        records = self.env[model].with_user(user)
        return records.with_context(allowed_company_ids=companies)

    def _read_pivot(self, number, user, days=30):
        """What the browser reads for it: the rows, and what they come to."""
        pivot = self.data["pivots"][str(number)]
        domain = pivot["domain"]
        if period := pivot["fieldMatching"].get("period"):
            since = fields.Datetime.now() - timedelta(days=days)
            domain = Domain(domain) & Domain(period["chain"], ">=", since)
        groups = [
            ":".join(filter(None, (each["fieldName"], each.get("granularity"))))
            for each in (*pivot["rows"], *pivot["columns"])
        ]
        rows, [total] = self._records(
            pivot["model"], user
        ).formatted_read_grouping_sets(
            list(domain),
            [groups, []],
            [measure["id"] for measure in pivot["measures"]],
        )
        return rows, total

    def _read_list(self, user):
        listed = self.data["lists"]["1"]
        order = ", ".join(
            f"{each['name']} {'asc' if each['asc'] else 'desc'}"
            for each in listed["orderBy"]
        )
        return self._records(listed["model"], user).search_read(
            listed["domain"], listed["columns"], limit=10, order=order
        )

    def test_every_level_reads_all_of_it(self):
        """So every model, field, measure and domain in it exists."""
        for level in ("read", "edit", "admin"):
            user = self.users[level]
            dashboard = self._dashboard(level)
            self.assertTrue(dashboard.search([("id", "=", dashboard.id)]))
            self.assertTrue(dashboard._get_serialized_readonly_dashboard())
            for number in self.data["pivots"]:
                self._read_pivot(number, user)
            self._read_list(user)
            for each in self.data["globalFilters"]:
                if each["type"] == "relation":
                    self._records(each["modelName"], user).name_search()

    def test_who_has_no_level_reads_nothing_of_it(self):
        user = self.users["none"]
        dashboard = self._dashboard("none")
        self.assertFalse(dashboard.search([("id", "=", dashboard.id)]))
        with self.assertRaises(AccessError):
            dashboard.read(["spreadsheet_data"])
        # Who manages dashboards sees that there is one, and none of its figures.
        user.sudo().group_ids += self.env.ref(
            "spreadsheet_dashboard.group_dashboard_manager"
        )
        for number in self.data["pivots"]:
            with self.assertRaises(AccessError):
                self._read_pivot(number, user)
        with self.assertRaises(AccessError):
            self._read_list(user)

    def test_no_public_copy_of_it(self):
        """Nor of a dashboard of somebody's own that shows messages."""
        empty = json.dumps({"sheets": [], "revisionId": "START_REVISION"})
        own = self.dashboard.copy({"group_ids": self.env.ref("base.group_user").ids})
        for dashboard in (self.dashboard, own):
            shares = self.env["spreadsheet.dashboard.share"]
            with self.assertRaisesRegex(UserError, "public link"):
                shares.with_user(self.users["read"]).action_get_share_url(
                    {"dashboard_id": dashboard.id, "spreadsheet_data": empty}
                )
        own.spreadsheet_data = empty
        shares.create({"dashboard_id": own.id})

    def test_figures(self):
        user = self.users["read"]
        _rows, sent = self._read_pivot(1, user)
        _rows, failed = self._read_pivot(3, user)
        self.assertEqual((sent["__count"], failed["__count"]), (6, 1))
        rows, total = self._read_pivot(5, user)
        counts = {row["confirmation_status"]: row["__count"] for row in rows}
        self.assertEqual(
            counts, {"confirmed": 3, "awaiting": 1, "no_answer": 1, "declined": 1}
        )
        # Half of those who were asked; all answered within three hours.
        self.assertEqual(total["confirmed_rate:avg"], 0.5)
        self.assertAlmostEqual(total["answer_hours:avg"], 3)

    def test_the_period_counts(self):
        user = self.users["read"]
        self._make_asked("declined", self.yesterday - timedelta(days=60))
        for days, asked in ((30, 6), (90, 7)):
            self.assertEqual(self._read_pivot(5, user, days)[1]["__count"], asked)

    def test_each_company_has_its_own(self):
        other = self._make_company("Other", number="+12025550177")
        user = self.users["read"]
        user.sudo().write({"company_ids": other.ids, "company_id": other.id})
        for number in self.data["pivots"]:
            self.assertFalse(self._read_pivot(number, user)[1]["__count"])
        self.assertFalse(self._read_list(user))

    def test_needs_attention_is_the_filter(self):
        """What the list shows is what the Message Center's filter finds."""
        arch = self.env["fsm.confirmation"].get_view(view_type="search")["arch"]
        [found] = etree.fromstring(arch).xpath("//filter[@name='needs_attention']")
        wanted = Domain(ast.literal_eval(found.get("domain")))
        link = self.board["cells"]["A44"]
        action = json.loads(link[link.index("{") : link.rindex(")")])["action"]
        for domain in (
            self.data["lists"]["1"]["domain"],
            self.data["pivots"]["11"]["domain"],
            action["domain"],
        ):
            self.assertEqual(list(Domain(domain)), list(wanted))

    def test_statuses_have_their_colors(self):
        """A green bar is "Confirmed" here as everywhere else."""
        with file_open(f"{MODULE}/static/src/shared/status_looks.esm.js") as file:
            looks = dict(
                re.findall(r'^    (\w+): {[^}]*?chart: "(#\w{6})"', file.read(), re.M)
            )
        charts = [
            figure["data"]
            for figure in self.board["figures"]
            if figure["data"]["type"] == "bar"
        ]
        self.assertEqual(len(charts), 4)
        for chart in charts:
            for series in chart["dataSets"]:
                cell = series["dataRange"].partition("!")[2].partition(":")[0]
                status = self.sheet["cells"][cell].split('"')[-2]
                self.assertEqual(series["backgroundColor"].lower(), looks[status])

    def test_menus_lead_somewhere(self):
        figures = {figure["id"] for figure in self.board["figures"]}
        menus = self.data["chartOdooMenusReferences"]
        self.assertEqual(set(menus), figures)
        for xmlid in menus.values():
            self.assertTrue(self.env.ref(xmlid).action)

    def test_the_sample(self):
        """Shown until the first text: it asks for nothing, and looks the same."""
        sample = self.dashboard._get_sample_dashboard()
        self.assertEqual(
            (sample["pivots"], sample["lists"], sample["globalFilters"]), ({}, {}, [])
        )
        board = sample["sheets"][0]
        self.assertEqual(
            [figure["id"] for figure in board["figures"]],
            [figure["id"] for figure in self.board["figures"]],
        )
        self.assertFalse(self._dashboard("read")._dashboard_is_empty())
