# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...core.phones import normal_form, ways_to_write
from ...tools.export import harmless_columns
from ...tools.log_redaction import private_queries
from ...tools.server_flag import ServerFlag

# Up while the addon itself changes the list: then its own code does what follows, not
# the methods that react to changes made by others.
_by_us = ServerFlag("blacklist_by_us")


class PhoneBlacklist(models.Model):
    """Who opted out of texts, which all of Odoo's SMS respects; and how they did."""

    _inherit = "phone.blacklist"

    opt_out_date = fields.Datetime("Opted Out On", readonly=True)
    opt_out_source = fields.Selection(
        [
            ("reply", "Reply by text"),
            ("twilio", "Refused by Twilio"),
            ("user", "Entered by a user"),
        ],
        string="Opted Out By",
        readonly=True,
    )
    opt_out_words = fields.Char(
        "Customer's Words",
        compute="_compute_opt_out_words",
        help="Shown to the company that they were sent to.",
    )
    # The list is every company's; what a customer wrote is one company's.
    opt_out_text = fields.Char(readonly=True, groups=fields.NO_ACCESS)
    opt_out_company_id = fields.Many2one(
        "res.company", readonly=True, groups=fields.NO_ACCESS, ondelete="set null"
    )
    opt_out_lifted = fields.Boolean(
        "Lifted by Hand",
        readonly=True,
        help="Twilio may still block this number, until the customer texts START.",
    )

    @api.depends("opt_out_text", "opt_out_company_id")
    @api.depends_context("allowed_company_ids", "uid")
    def _compute_opt_out_words(self):
        for entry in self:
            words = entry._get_words(self.env.companies)
            entry.opt_out_words = words or False

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        rows = super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)
        return harmless_columns(rows, fields, ("opt_out_words",))

    def _get_words(self, companies):
        """What the customer wrote, "" for other companies than the one written to."""
        entry_sudo = self.sudo()
        is_theirs = entry_sudo.opt_out_company_id in companies
        return (is_theirs and entry_sudo.opt_out_text) or ""

    @api.model
    @private_queries()
    def _job_confirmation_find_sudo(self, numbers):
        """Active opt-outs of E.164 numbers.

        :return: dict number -> ``phone.blacklist`` record with sudo
        """
        return self._job_confirmation_find_all_sudo(numbers)[0]

    # ------------------------------------------------------------------
    # Odoo's own screens, imports and other modules
    # ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        entries = super().create(vals_list)
        entries.filtered("active")._job_confirmation_follow_block()
        return entries

    def write(self, vals):
        changed = self.browse()
        if "active" in vals:
            changed = self.filtered(lambda entry: entry.active != bool(vals["active"]))
        result = super().write(vals)
        if changed and vals["active"]:
            changed._job_confirmation_follow_block()
        elif changed:
            changed._job_confirmation_follow_lift(changed.mapped("number"))
        return result

    def unlink(self):
        numbers = self.filtered("active").mapped("number")
        result = super().unlink()
        self.browse()._job_confirmation_follow_lift(numbers)
        return result

    def _job_confirmation_follow_block(self):
        """Numbers were put on the list: questions to them are over."""
        if _by_us:
            return
        opt_outs = self.env["fsm.confirmation.opt.out"]
        opt_outs._opt_out_blocked_sudo(set(map(normal_form, self.mapped("number"))))

    def _job_confirmation_follow_lift(self, numbers):
        """Numbers were taken off the list: the same as by our own button.

        :param numbers: list of str, as the list has them
        """
        if _by_us:
            return
        for entry_sudo in self.sudo():
            entry_sudo.opt_out_lifted = entry_sudo._job_confirmation_is_at_twilio()
        opt_outs = self.env["fsm.confirmation.opt.out"]
        for number in {normal_form(number) or number for number in numbers}:
            self._job_confirmation_notify(number)
            partners_sudo = opt_outs._find_partners_sudo(number, self.env.companies)
            note = self.env._(
                "Texts are allowed again: %s is no longer on the list of blocked "
                "numbers.",
                number,
            )
            opt_outs._on_lifted(number, partners_sudo, note)

    def _job_confirmation_is_at_twilio(self):
        """Whether Twilio blocks the number as well, until the customer texts START."""
        return self.opt_out_source in ("reply", "twilio")

    # ------------------------------------------------------------------
    # Ours
    # ------------------------------------------------------------------

    @api.model
    def _job_confirmation_opt_out_sudo(self, number, source, words="", company=None):
        """Put a number on the list, and say when and how.

        Odoo's other texts go to a number as the contact has it, so it is listed in
        every way in which it may be written.

        :param company: ``res.company`` that the words were sent to
        :return: the entry, with sudo
        """
        with _by_us.up():
            entries_sudo = self.sudo()._add(self._job_confirmation_ways(number))
        entries_sudo.write(
            {
                "opt_out_date": fields.Datetime.now(),
                "opt_out_source": source,
                "opt_out_text": (words or "")[:160],
                "opt_out_company_id": company.id if len(company or ()) == 1 else False,
                "opt_out_lifted": False,
            }
        )
        self._job_confirmation_notify(number)
        return entries_sudo[:1]

    @api.model
    def _job_confirmation_notify(self, number):
        """Contacts with this number show at once whether it takes texts."""
        partners_sudo = self.env["res.partner"].sudo()
        partners_sudo.invalidate_model(["confirmation_opt_out"])
        found_sudo = partners_sudo.search(
            [("phone_sanitized", "in", ways_to_write(number))], limit=100
        )
        if not found_sudo:
            return
        chatter = self.env["fsm.confirmation.chatter"]
        for company in (
            self.env["res.company"]
            .sudo()
            .search([("job_confirmation_enabled", "=", True)])
        ):
            shown = found_sudo.filtered_domain(
                [("company_id", "in", (False, company.id))]
            )
            chatter._notify_screens(company, [], partner_ids=shown.ids)

    @api.model
    def _job_confirmation_ways(self, number):
        """How a number may be written, as far as the list takes it."""
        ways = ways_to_write(number)
        if len(ways) == 1:
            return ways
        user = self.env.user
        taken = [user._phone_format(number=way) for way in ways]
        return list(dict.fromkeys(filter(None, taken))) or [number]

    @api.model
    def _job_confirmation_opt_in_sudo(self, number, note, by_hand, company=None):
        """Take a number off the list.

        :param note: why, for the history of the list's entry
        :param by_hand: a person lifted it; Twilio's own block stays then
        :param company: ``res.company`` whose users may read why
        """
        ways = self._job_confirmation_ways(number)
        with _by_us.up():
            entries_sudo = self.sudo()._remove(ways)
        chatter = self.env["fsm.confirmation.chatter"]
        chatter._log(entries_sudo, note, company or self.env.company)
        for entry_sudo in entries_sudo:
            is_at_twilio = entry_sudo._job_confirmation_is_at_twilio()
            entry_sudo.opt_out_lifted = by_hand and is_at_twilio
        self._job_confirmation_notify(number)

    @api.model
    @private_queries()
    def _job_confirmation_find_lifted_sudo(self, numbers):
        """Those E.164 numbers whose opt-out was lifted by hand and not by the customer.

        :return: set of numbers
        """
        return self._job_confirmation_find_all_sudo(numbers)[1]

    @api.model
    @private_queries()
    def _job_confirmation_find_all_sudo(self, numbers):
        """What the list tells of E.164 numbers, in one query.

        :return: what :meth:`_job_confirmation_find_sudo` and
            :meth:`_job_confirmation_find_lifted_sudo` return
        """
        ways = {
            way: number for number in numbers if number for way in ways_to_write(number)
        }
        active, lifted = {}, set()
        if ways:
            shortcuts = self.env["fsm.confirmation.shortcuts"]
            for entry_sudo in shortcuts._find_opt_outs_sudo(list(ways)):
                number = ways[entry_sudo.number]
                if entry_sudo.active:
                    active.setdefault(number, entry_sudo)
                else:
                    lifted.add(number)
        return active, lifted

    def _job_confirmation_describe(self, companies=None):
        """One sentence: when and how this number opted out, in the user's language.

        :param companies: ``res.company`` whose users read it; by default the user's
        """
        self.ensure_one()
        local = fields.Datetime.context_timestamp(
            self, self.opt_out_date or self.create_date
        )
        date = self.env["ir.qweb.field.date"].value_to_html(local.date(), {})
        words = self._get_words(companies or self.env.companies)
        if self.opt_out_source == "reply" and words:
            return self.env._(
                "Opted out on %(date)s by text: “%(words)s”", date=date, words=words
            )
        if self.opt_out_source == "reply":
            return self.env._("Opted out on %s by text", date)
        if self.opt_out_source == "twilio":
            return self.env._(
                "Opted out on %(date)s: Twilio refuses texts to this number", date=date
            )
        return self.env._("Opted out on %(date)s, entered in Odoo", date=date)
