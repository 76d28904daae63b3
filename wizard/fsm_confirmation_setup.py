# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ..tools.dialogs import open_dialog

LEVELS = [("ok", "OK"), ("warning", "Warning"), ("problem", "Problem")]


class FsmConfirmationSetup(models.TransientModel):
    """The dialog of an administrator: connect, check, send a test text.

    It shows what the last click found: without a click, Twilio is asked nothing, and
    nothing changes there.
    """

    _name = "fsm.confirmation.setup"
    _description = "Twilio Connection"

    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
    )
    checks = fields.Json(readonly=True)
    headline = fields.Char(readonly=True)
    headline_level = fields.Selection(LEVELS, readonly=True)
    question = fields.Json(readonly=True)
    question_text = fields.Text(compute="_compute_question_text")
    is_connected = fields.Boolean(compute="_compute_is_connected")
    can_connect = fields.Boolean(compute="_compute_is_connected")
    can_keep_address = fields.Boolean(compute="_compute_offers")
    can_load_numbers = fields.Boolean(compute="_compute_offers")
    test_number = fields.Char(
        "Your Mobile Number", default=lambda self: self._default_test_number()
    )
    test_text = fields.Char(readonly=True)
    test_level = fields.Selection(LEVELS, readonly=True)

    @api.model
    def _default_test_number(self):
        partner = self.env.user.partner_id
        return partner._phone_format(force_format="INTERNATIONAL") or ""

    @api.depends("question")
    def _compute_question_text(self):
        for wizard in self:
            wizard.question_text = "\n".join(wizard.question or [])

    @api.depends("company_id", "checks")
    def _compute_is_connected(self):
        for wizard in self:
            wizard.is_connected = wizard._connection_sudo()._is_connected()
            keys = {entry["key"] for entry in wizard.checks or []}
            once = keys & {"webhook_once", "webhook_service_once"}
            wizard.can_connect = bool(once) or not wizard.is_connected

    @api.depends("checks")
    def _compute_offers(self):
        for wizard in self:
            keys = {entry["key"] for entry in wizard.checks or []}
            wizard.can_keep_address = "address_loose" in keys
            wizard.can_load_numbers = "sender_empty" in keys

    @api.model
    def _open_checked(self):
        """Check the current company's connection and show the result."""
        return self.create({}).action_check()

    @api.model
    def _open_connected(self):
        """Connect the current company, or show why it can't be."""
        return self.create({}).action_connect()

    def action_check(self):
        """Check everything again. Nothing is changed at Twilio."""
        connection_sudo = self._begin()
        self.write(
            {
                "checks": connection_sudo._check(),
                "question": False,
                "headline": False,
                "headline_level": False,
                "test_text": False,
                "test_level": False,
            }
        )
        return self._reopen()

    def action_connect(self):
        """Point the replies to this Odoo; asks first if they go elsewhere now."""
        return self._connect(())

    def action_connect_agreed(self):
        """Do what was asked about."""
        return self._connect(self.question or ())

    def _connect(self, agreed):
        connection_sudo = self._begin()
        result = connection_sudo._connect(agreed)
        self.write(
            {
                "checks": result["checks"],
                "question": result["question"],
                "headline": result["headline"],
                "headline_level": result["level"],
            }
        )
        return self._reopen()

    def action_keep_address(self):
        """Have Odoo never change its public address by itself."""
        self._begin()._keep_address()
        return self.action_check()

    def action_load_numbers(self):
        """Enter the account's numbers."""
        self._begin()._load_numbers()
        return self.action_check()

    def action_send_test(self):
        """Send one text to the number that the administrator typed."""
        connection_sudo = self._begin()
        tests = self.env["fsm.confirmation.test.text"]
        level, text = tests._send(connection_sudo, self.test_number)
        self.write({"test_level": level, "test_text": text})
        return self._reopen()

    def _begin(self):
        """The company's row, if this user may do that."""
        self.ensure_one()
        self.check_access("write")
        return self._connection_sudo()

    def _connection_sudo(self):
        # With the user's companies and language, but the right to read the token.
        return self.env["fsm.confirmation.connection"]._of_sudo(self.company_id)

    def _reopen(self):
        return open_dialog(self.env._("Twilio Connection"), self._name, self.id)
