# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.fields import Domain
from odoo.tools import SQL

# More than this is shown as "10,000+", as Odoo's own pager does: a count never has to
# look at every message.
COUNT_LIMIT = 10000
# When even more are looked at, each tile counts up to "1,000+".
TILE_LIMIT = 1000
# What each tile counts; the search view has a filter of the same name and domain.
TILES = {
    "awaiting": [("indicator", "=", "awaiting")],
    "declined": [("indicator", "=", "declined")],
    "unrecognized": [("indicator", "=", "unrecognized")],
    "needs_reading": [("needs_reading", "=", True)],
    # What a person has to see to: not asked again since, and not settled by hand.
    "failed": [
        ("state", "=", "failed"),
        ("closed_reason", "!=", "replaced"),
        ("indicator", "in", ("failed", "opted_out")),
    ],
    "opted_out": [("indicator", "=", "opted_out")],
    "confirmed": [("indicator", "=", "confirmed")],
}
UNMATCHED = [("state", "!=", "matched"), ("is_done", "=", False)]


class FsmConfirmation(models.Model):
    """What the Message Center shows above its list."""

    _inherit = "fsm.confirmation"

    @api.model
    def get_message_center_summary(self, domain):
        """What stands above the list, for the messages that are being looked at.

        :param domain: of the current search, without the status that a tile sets
        :return: dict with

            - ``tiles``: list of dict ``key`` (the name of a filter), ``label``,
              ``count`` and ``capped`` (there are more than ``count``)
            - ``unmatched``: dict ``count`` and ``capped``, replies that belong to no
              message and that nobody has dealt with
            - ``notices``: see :meth:`_get_message_center_notices`
        """
        self.check_access("read")
        return {
            "tiles": self._get_message_center_tiles(Domain(domain)),
            "unmatched": self._count_unmatched_replies(),
            "notices": self._get_message_center_notices(),
        }

    def _get_message_center_notices(self):
        """What a person should know before anything else. An override point.

        :return: list of dict ``level`` (``danger``, ``warning``, ``info`` or
            ``success``), ``text`` (one plain sentence) and, when something can be done
            here, ``label`` and ``action`` (an action's dict); a list of steps stands in
            ``items``: dict ``done``, ``text`` and, likewise, ``label`` and ``action``
        """
        return []

    # ------------------------------------------------------------------
    # Counts
    # ------------------------------------------------------------------

    def _get_message_center_tile_labels(self):
        return {
            "awaiting": self.env._("Awaiting"),
            "declined": self.env._("Declined"),
            "unrecognized": self.env._("Unrecognized"),
            "needs_reading": self.env._("To read"),
            "failed": self.env._("Failed"),
            "opted_out": self.env._("Opted out"),
            "confirmed": self.env._("Confirmed"),
        }

    def _get_message_center_tiles(self, domain):
        """Count the messages of each tile.

        As long as few messages are looked at, one query counts them all; else each tile
        is counted up to the limit, with an index of its own.
        """
        limit = COUNT_LIMIT
        model, domain = self._with_whole_names(domain)
        counts = model._count_tiles_at_once(domain)
        if counts is None:
            counts = {
                key: model.search_count(domain & Domain(tile), limit=TILE_LIMIT + 1)
                for key, tile in TILES.items()
            }
            limit = TILE_LIMIT
        labels = self._get_message_center_tile_labels()
        return [
            {"key": key, "label": labels[key], **self._cap_count(counts[key], limit)}
            for key in TILES
        ]

    @api.model
    def _cap_count(self, count, limit=COUNT_LIMIT):
        return {"count": min(count, limit), "capped": count > limit}

    def _count_tiles_at_once(self, domain):
        """:return: dict tile -> count, or None: too many messages to look at"""
        query = self._search(domain, limit=COUNT_LIMIT + 1)
        failed, needs_reading = (
            Domain(TILES[key]).optimize_full(self)._to_sql(self, query.table, query)
            for key in ("failed", "needs_reading")
        )
        indicator = self._field_to_sql(query.table, "indicator", query)
        found = self.env.execute_query(
            SQL(
                "SELECT *, count(*) FROM (%s) AS looked_at GROUP BY 1, 2, 3",
                query.select(
                    SQL("%s AS indicator", indicator),
                    SQL("(%s) AS failed", failed),
                    SQL("(%s) AS needs_reading", needs_reading),
                ),
            )
        )
        if sum(count for *_keys, count in found) > COUNT_LIMIT:
            return None
        counts = dict.fromkeys(TILES, 0)
        for indicator, failed, needs_reading, count in found:
            if indicator in counts and indicator != "failed":
                counts[indicator] += count
            if failed:
                counts["failed"] += count
            if needs_reading:
                counts["needs_reading"] += count
        return counts

    @api.model
    def _count_unmatched_replies(self):
        replies = self.env["fsm.confirmation.reply"]
        if not replies.has_access("read"):
            return self._cap_count(0)
        return self._cap_count(replies.search_count(UNMATCHED, limit=COUNT_LIMIT + 1))
