# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# Up to this many messages, the tiles are counted exactly: no count has to look at every
# message. More unmatched replies than that are shown as "10,000+".
COUNT_LIMIT = 10000
# Of more than that, each tile counts its own messages, up to "1,000+".
TILE_LIMIT = 1000
UNMATCHED = [("state", "!=", "matched"), ("is_done", "=", False)]
# A problem that did not occur again for this long is over.
_SHOW_PROBLEM = timedelta(days=3)
_REPLIES_WAIT = timedelta(minutes=10)


class FsmMessageCenter(models.AbstractModel):
    """What the Message Center shows above its list: banners, tiles, unmatched replies.

    A banner is a dict ``level`` (``danger``, ``warning``, ``info`` or ``success``),
    ``text`` (one plain sentence) and, when something can be done here, ``label`` and
    ``action`` (an action's dict). A list of steps is in ``items``: dict ``done``,
    ``text`` and, likewise, ``label`` and ``action``.
    """

    _name = "fsm.message.center"
    _description = "Message Center"

    @api.model
    def _get_summary(self, domain):
        """See ``fsm.confirmation.get_message_center_summary``."""
        return {
            "tiles": self._count_tiles(Domain(domain)),
            "unmatched": self._count_unmatched_replies(),
            "banners": self._get_banners(),
        }

    # ------------------------------------------------------------------
    # Tiles
    # ------------------------------------------------------------------

    @api.model
    def _get_tiles(self):
        """The tiles, in their order. An override point.

        :return: list of dict ``key`` (the name of a filter of the search view, which
            has the same domain), ``label``, ``look`` (a key of STATUS_LOOKS in
            static/src/shared/status_looks.esm.js: its icon and color) and ``domain``
        """

        def tile(key, label, domain=None):
            domain = domain or [("indicator", "=", key)]
            return {"key": key, "label": label, "look": key, "domain": domain}

        unread = [("needs_reading", "=", True)]
        # What still needs a person: nobody has asked again or resolved it by hand.
        failed = [
            ("state", "=", "failed"),
            ("closed_reason", "!=", "replaced"),
            ("indicator", "in", ("failed", "opted_out")),
        ]
        return [
            tile("awaiting", self.env._("Awaiting")),
            tile("declined", self.env._("Declined")),
            tile("unrecognized", self.env._("Unrecognized")),
            tile("needs_reading", self.env._("Unread"), unread),
            tile("failed", self.env._("Not delivered"), failed),
            tile("opted_out", self.env._("Opted out")),
            tile("confirmed", self.env._("Confirmed")),
        ]

    @api.model
    def _describe_tiles(self):
        """:return: the tiles as the screen draws them, before anything is counted"""
        return [
            {key: tile[key] for key in ("key", "label", "look")}
            for tile in self._get_tiles()
        ]

    @api.model
    def _count_tiles(self, domain):
        """Count the messages of each tile.

        If there are few messages, one query counts them all; else each tile is counted
        up to the limit, with an index of its own.

        :return: list of dict ``key``, ``count`` and ``capped`` (there are more)
        """
        tiles = {tile["key"]: Domain(tile["domain"]) for tile in self._get_tiles()}
        messages, domain = self.env["fsm.confirmation"]._with_whole_names(domain)
        limit = COUNT_LIMIT
        counts = self._count_at_once(messages, domain, tiles)
        if counts is None:
            limit = TILE_LIMIT
            counts = {
                key: messages.search_count(domain & tile, limit=TILE_LIMIT + 1)
                for key, tile in tiles.items()
            }
        return [
            {"key": key, **self._cap_count(count, limit)}
            for key, count in counts.items()
        ]

    @api.model
    def _count_at_once(self, messages, domain, tiles):
        """:return: dict tile -> count, or None: too many messages to look at"""
        query = messages._search(domain, limit=COUNT_LIMIT + 1)
        columns = {
            key: tile.optimize_full(messages)._to_sql(messages, query.table, query)
            for key, tile in tiles.items()
        }
        [(looked_at, *counts)] = self.env.execute_query(
            SQL(
                "SELECT count(*), %s FROM (%s) AS looked_at",
                SQL(", ").join(
                    SQL("count(*) FILTER (WHERE %s)", SQL.identifier(key))
                    for key in columns
                ),
                query.select(
                    *(
                        SQL("(%s) AS %s", condition, SQL.identifier(key))
                        for key, condition in columns.items()
                    )
                ),
            )
        )
        if looked_at > COUNT_LIMIT:
            return None
        return dict(zip(columns, counts, strict=True))

    @api.model
    def _cap_count(self, count, limit):
        return {"count": min(count, limit), "capped": count > limit}

    @api.model
    def _count_unmatched_replies(self):
        replies = self.env["fsm.confirmation.reply"]
        if not replies.has_access("read"):
            return self._cap_count(0, COUNT_LIMIT)
        count = replies.search_count(UNMATCHED, limit=COUNT_LIMIT + 1)
        return self._cap_count(count, COUNT_LIMIT)

    # ------------------------------------------------------------------
    # Banners
    # ------------------------------------------------------------------

    @api.model
    def _get_banners(self):
        """What a person should know before anything else. An override point.

        Counts and codes only, so that everybody may see them who uses the Message
        Center: a dispatcher has to know that texts aren't going out.
        """
        return [
            *self._get_queue_banners(),
            *self._get_sender_banners(),
            *self._get_pending_reply_banners(),
            *self._get_missed_reply_banners(),
            *self._get_change_banners(),
            *self.env["fsm.confirmation.checklist"]._get_banners(),
        ]

    @api.model
    def _get_change_banners(self):
        """Customers who wait for a person to tell them of a change."""
        changes = self.env["fsm.confirmation.change"]
        count = changes.search_count([("is_held", "=", True)])
        if not count:
            return []
        if count == 1:
            text = self.env._("1 customer hasn't been notified of a change yet.")
        else:
            text = self.env._(
                "%s customers haven't been notified of a change yet.", count
            )
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fieldservice_job_confirmation.fsm_confirmation_change_action"
        )
        label = self.env._("Show Changes")
        return [{"level": "info", "text": text, "label": label, "action": action}]

    @api.model
    def _get_queue_banners(self):
        senders_sudo = self.env["fsm.confirmation.sender"].sudo()
        stuck = senders_sudo._find_stuck_sudo(self.env.companies.ids)
        count = sum(row[2] for row in stuck)
        if not count:
            return []
        if count == 1:
            text = self.env._(
                "1 text is waiting and isn't going out. Ask an administrator to check "
                "Odoo's scheduled actions."
            )
        else:
            text = self.env._(
                "%s texts are waiting and aren't going out. Ask an administrator to "
                "check Odoo's scheduled actions.",
                count,
            )
        return [{"level": "danger", "text": text}]

    @api.model
    def _find_sender_problems_sudo(self):
        """:return: ``fsm.confirmation.sender`` that Twilio refused lately"""
        return (
            self.env["fsm.confirmation.sender"]
            .sudo()
            .search(
                [
                    ("company_id", "in", self.env.companies.ids),
                    ("problem", "!=", False),
                    ("problem_code", "!=", 0),
                    ("problem_date", ">", fields.Datetime.now() - _SHOW_PROBLEM),
                ]
            )
        )

    @api.model
    def _get_sender_banners(self):
        return [
            {
                "level": "danger",
                "text": self.env._(
                    "Texts from %(company)s aren't going out: %(problem)s",
                    company=sender_sudo.company_id.name,
                    problem=sender_sudo.problem,
                ),
                **self._get_settings_button(),
            }
            for sender_sudo in self._find_sender_problems_sudo()
        ]

    @api.model
    def _get_pending_reply_banners(self):
        waiting = self.env["fsm.confirmation.reply"].search_count(
            [
                ("state", "=", "pending"),
                ("create_date", "<", fields.Datetime.now() - _REPLIES_WAIT),
            ]
        )
        if not waiting:
            return []
        if waiting == 1:
            text = self.env._(
                "1 reply couldn't be processed yet. It is kept and will be retried."
            )
        else:
            text = self.env._(
                "%s replies couldn't be processed yet. They are kept and will be "
                "retried.",
                waiting,
            )
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fieldservice_job_confirmation.fsm_confirmation_reply_action"
        )
        return [
            {
                "level": "warning",
                "text": text,
                "label": self.env._("Show Replies"),
                "action": {
                    **action,
                    "domain": [("state", "=", "pending")],
                    "context": {},
                },
            }
        ]

    @api.model
    def _get_missed_reply_banners(self):
        senders_sudo = self.env["fsm.confirmation.sender"].sudo()
        sender_sudo = senders_sudo.search(
            [
                ("company_id", "in", self.env.companies.ids),
                ("fetch_error", "!=", False),
            ],
            limit=1,
        )
        # What keeps texts from being sent keeps replies from being fetched as well.
        if not sender_sudo or self._find_sender_problems_sudo():
            return []
        return [
            {
                "level": "warning",
                "text": self.env._(
                    "Missed replies can't be fetched from Twilio: %s",
                    sender_sudo.fetch_error,
                ),
                **self._get_settings_button(),
            }
        ]

    @api.model
    def _get_settings_button(self):
        """The button to the settings, for those who may open them."""
        if not self.env.user._is_system():
            return {}
        action = self.env["ir.actions.actions"]._for_xml_id(
            "fieldservice.action_fsm_config"
        )
        return {"label": self.env._("Open the Settings"), "action": action}
