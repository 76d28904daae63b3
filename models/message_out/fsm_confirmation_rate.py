# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, models
from odoo.tools import SQL

# What may be sent at once after a pause, in seconds' worth of the rate.
_BURST = 0.2
_LOCKED_PAUSE = 0.05  # seconds


class FsmConfirmationRate(models.AbstractModel):
    """How many texts a sender may send now, so that carriers take them."""

    _name = "fsm.confirmation.rate"
    _description = "Rate of Confirmations"

    @api.model
    def _take_share_sudo(self, sender, companies_sudo, wanted):
        """Take a share of the sender's rate, for every process of this database.

        The row lock makes processes wait for their turn; the caller commits at once.

        :param companies_sudo: ``res.company`` records that send from it now
        :param wanted: how many texts are to be sent
        :return: (how many may be sent now, pause): seconds until the next may be sent,
            or None when all may
        """
        rates = [
            company.job_confirmation_rate
            for company in companies_sudo
            if company.job_confirmation_rate > 0
        ]
        if not rates:
            return wanted, None
        rate = min(rates)
        # One row, also for a number that several companies share.
        senders_sudo = self.env["fsm.confirmation.sender"].sudo()
        row_sudo = senders_sudo.search([("sender", "=", sender)], order="id", limit=1)
        row_sudo = row_sudo or senders_sudo._get_or_create_sudo(
            sender, companies_sudo[0]
        )
        rows = self.env.execute_query(
            SQL(
                """
                SELECT tokens, tokens_time, EXTRACT(EPOCH FROM clock_timestamp())::float
                  FROM fsm_confirmation_sender WHERE id = %s FOR UPDATE SKIP LOCKED
                """,
                row_sudo.id,
            )
        )
        if not rows:
            return 0, _LOCKED_PAUSE  # Another process takes its share right now.
        tokens, since, now = rows[0]
        burst = max(1.0, rate * _BURST)
        tokens = min(burst, (tokens or 0.0) + rate * (now - (since or 0.0)))
        allowed = min(wanted, int(tokens))
        row_sudo.write({"tokens": tokens - allowed, "tokens_time": now})
        row_sudo.flush_recordset()
        if allowed == wanted:
            return allowed, None
        return allowed, max((1 - (tokens - allowed)) / rate, 0.001)
