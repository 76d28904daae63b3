# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import datetime

import pytz

from odoo import api, fields, models
from odoo.tools import SQL

from ...tools.fields import VisibleOne2many
from ..xmlids import NOTE_SUBTYPE
from .mail_message import WRITTEN_BY_SERVER


class FsmActivityPrivacyMixin(models.AbstractModel):
    """Keeps what an answer asks for from users without a Message Center level.

    Odoo sums up a record's activities with more rights than the user has: in fields, in
    searches by them and in groups.
    """

    _name = "fsm.activity.privacy.mixin"
    _inherit = ["mail.activity.mixin"]
    _description = "Privacy of Activities"

    activity_ids = VisibleOne2many()
    activity_type_id = fields.Many2one(related_sudo=False)
    activity_type_icon = fields.Char(related_sudo=False)
    activity_summary = fields.Char(related_sudo=False)

    def _search_activity_state(self, operator, value):
        if not self.env["mail.activity"]._hides_answers():
            return super()._search_activity_state(operator, value)
        if operator not in ("in", "not in"):
            return NotImplemented
        states = {"overdue", "today", "planned", False}
        wanted = {state or False for state in value}
        wanted = states & wanted if operator == "in" else states - wanted
        # Orders without any activity are not in the query.
        negative = False in wanted
        query = SQL(
            "(SELECT res_id FROM %s AS known WHERE activity_state = ANY(%s))",
            self._get_visible_activity_states(),
            sorted(states - wanted if negative else wanted),
        )
        return [("id", "not in" if negative else "in", query)]

    def _read_group_groupby(self, alias, groupby_spec, query):
        if (
            groupby_spec != "activity_state"
            or not self.env["mail.activity"]._hides_answers()
        ):
            return super()._read_group_groupby(alias, groupby_spec, query)
        self._check_field_access(self._fields["activity_state"], "read")
        joined = query.make_alias(self._table, "visible_activity_state")
        if joined not in query._joins:
            joined = query.left_join(
                self._table,
                "id",
                self._get_visible_activity_states(),
                "res_id",
                "visible_activity_state",
            )
        return SQL.identifier(joined, "activity_state")

    @api.model
    def _get_visible_activity_states(self):
        """A query of (``res_id``, ``activity_state``) without what answers made."""
        activities_sudo = self.env["mail.activity"].sudo()
        domain = ~activities_sudo._get_answer_domain()
        query = activities_sudo._search(
            [("res_model", "=", self._name), ("active", "=", True), *domain]
        )
        today = SQL(
            "DATE_TRUNC('day', %s AT TIME ZONE COALESCE(user_tz, 'utc'))::date",
            pytz.utc.localize(datetime.utcnow()),
        )
        days = SQL("MIN(date_deadline - %s)", today)
        return SQL(
            """(SELECT res_id, CASE WHEN %(days)s > 0 THEN 'planned'
                                    WHEN %(days)s < 0 THEN 'overdue'
                                    ELSE 'today' END AS activity_state
                  FROM mail_activity WHERE id IN %(visible)s GROUP BY res_id)""",
            days=days,
            visible=query.subselect(),
        )

    def message_post(self, **kwargs):
        if WRITTEN_BY_SERVER:
            kwargs.pop("subtype_xmlid", None)
            kwargs["subtype_id"] = self._get_private_subtype_id()
            # Nobody gets it by e-mail, even if they follow notes of this kind.
            kwargs["notify_skip_followers"] = True
        return super().message_post(**kwargs)

    @api.model
    def _get_private_subtype_id(self):
        """The subtype of notes that nobody without a level sees."""
        return self.env["ir.model.data"]._xmlid_to_res_id(NOTE_SUBTYPE)
