# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL
from odoo.tools.translate import _lt

from ...core.board import STATES
from ...tools.export import harmless_rows
from ..levels import check_may_edit, may_edit
from .fsm_appointment_mixin import CONFIRMATION_STATUS

# What a person sets on the board; the rest follows from texts and replies.
SET_ON_BOARD = ("confirmed", "declined", "reconfirm")

# Every Visit, and every Work Order without Visits: two rows never share an id.
_APPOINTMENTS = """
    SELECT 2 * o.id AS id, o.id AS order_id, NULL::int AS visit_id, o.name AS job_name,
           o.scheduled_date_start, o.scheduled_date_end, o.person_id, o.team_id,
           o.type AS type_id, o.location_id, o.stage_id, o.company_id,
           o.confirmation_status, o.confirmation_user_id
      FROM fsm_order o
     WHERE NOT EXISTS (SELECT FROM fsm_visit v WHERE v.order_id = o.id)
    UNION ALL
    SELECT 2 * v.id + 1, v.order_id, v.id, o.name,
           v.scheduled_date_start, v.scheduled_date_end,
           COALESCE(v.person_id, o.person_id), o.team_id,
           o.type, o.location_id, o.stage_id, o.company_id,
           v.confirmation_status, v.confirmation_user_id
      FROM fsm_visit v
      JOIN fsm_order o ON o.id = v.order_id
"""


def _is_of_company(partner):
    """As ``fsm.confirmation.recipient._is_of_company``, of a joined contact."""
    return f"""(
               {partner}.company_id IS NULL
               OR '/' || company.parent_path LIKE '%%/' || {partner}.company_id || '/%%'
           )"""


# Each of them with its newest message (one that a person has to read comes first), and
# the contact who was asked or is the most likely to be.
_WITH_MESSAGE = f"""
    SELECT a.*,
           stage.is_closed,
           m.id AS message_id,
           CASE WHEN m.kind = 'question' THEN COALESCE(m.sent_date, m.create_date) END
               AS asked_date,
           m.reply_body,
           m.reply_date,
           m.needs_reading,
           contact.id AS partner_id,
           COALESCE(m.contact_name, contact.name) AS contact_name,
           COALESCE(
               m.company_name,
               contact.commercial_company_name,
               CASE WHEN owner.is_company THEN owner.name END
           ) AS company_name,
           COALESCE(m.mobile, contact.phone_sanitized) AS mobile,
           CONCAT_WS(', ', NULLIF(place.street, ''), NULLIF(place.city, '')) AS address,
           COALESCE(
               EXTRACT(EPOCH FROM a.scheduled_date_end - a.scheduled_date_start)
               / 3600.0,
               1.0
           ) AS duration,
           m.step_id,
           m.sent_hour,
           CASE WHEN m.kind = 'question' THEN 1.0 ELSE 0.0 END AS asked_rate,
           CASE WHEN m.response IS NULL THEN 0.0 ELSE 1.0 END AS answered_rate,
           CASE WHEN a.confirmation_status = 'confirmed' THEN 1.0 ELSE 0.0 END
               AS confirmed_rate,
           EXTRACT(EPOCH FROM m.reply_date - m.sent_date) / 3600.0 AS answer_hours
      FROM ({_APPOINTMENTS}) AS a
      LEFT JOIN fsm_stage stage ON stage.id = a.stage_id
      LEFT JOIN LATERAL (
               SELECT * FROM fsm_confirmation
                WHERE order_id = a.order_id
                  AND visit_id IS NOT DISTINCT FROM a.visit_id
                  AND closed_reason IS DISTINCT FROM 'deleted'
                  AND (state != 'canceled' OR response IS NOT NULL)
                  AND (kind = 'question' OR needs_reading)
                ORDER BY needs_reading IS TRUE DESC, id DESC
                LIMIT 1
           ) AS m ON TRUE
      LEFT JOIN fsm_location location ON location.id = a.location_id
      LEFT JOIN res_partner place ON place.id = location.partner_id
      LEFT JOIN res_company company ON company.id = a.company_id
      LEFT JOIN res_partner owner ON owner.id = location.owner_id
           AND {_is_of_company("owner")}
      LEFT JOIN res_partner contact ON contact.id = COALESCE(
               m.partner_id, location.contact_id, location.owner_id, location.partner_id
           ) AND {_is_of_company("contact")}
"""
_BOARD = {"compute": "_compute_board", "technical": True}


class FsmAppointment(models.Model):
    """Every appointment, asked about or not, with what was said about it.

    Read-only: a row is a Visit, or a Work Order without Visits. What is done on the Day
    Board is done on these, or on the message.
    """

    _name = "fsm.appointment"
    _description = "Appointment on the Day Board"
    _inherit = ["fsm.appointment.search.mixin", "fsm.technical.fields.mixin"]
    _auto = False
    _order = "scheduled_date_start, id"
    _rec_name = "job_name"
    _table_query = _WITH_MESSAGE
    _depends = {
        "fsm.order": [
            "name",
            "scheduled_date_start",
            "scheduled_date_end",
            "person_id",
            "team_id",
            "type",
            "location_id",
            "stage_id",
            "company_id",
            "confirmation_status",
            "confirmation_user_id",
        ],
        "fsm.visit": [
            "order_id",
            "scheduled_date_start",
            "scheduled_date_end",
            "person_id",
            "confirmation_status",
            "confirmation_user_id",
        ],
        "fsm.confirmation": [
            "order_id",
            "visit_id",
            "partner_id",
            "contact_name",
            "company_name",
            "mobile",
            "state",
            "response",
            "reply_body",
            "reply_date",
            "needs_reading",
            "sent_date",
            "sent_hour",
            "step_id",
            "closed_reason",
            "kind",
        ],
        "fsm.stage": ["is_closed"],
        "fsm.location": ["contact_id", "owner_id", "partner_id"],
        "res.partner": [
            "name",
            "commercial_company_name",
            "is_company",
            "phone_sanitized",
            "street",
            "city",
        ],
    }

    order_id = fields.Many2one("fsm.order", "Work Order", readonly=True)
    visit_id = fields.Many2one("fsm.visit", readonly=True)
    job_name = fields.Char("Job ID", readonly=True)
    type_id = fields.Many2one("fsm.order.type", readonly=True)
    person_id = fields.Many2one("fsm.person", "Technician", readonly=True)
    team_id = fields.Many2one("fsm.team", readonly=True)
    location_id = fields.Many2one("fsm.location", readonly=True)
    address = fields.Char(readonly=True)
    stage_id = fields.Many2one("fsm.stage", readonly=True)
    company_id = fields.Many2one("res.company", "Our Company", readonly=True)
    is_closed = fields.Boolean("Completed or Canceled", readonly=True)
    scheduled_date_start = fields.Datetime("Appointment", readonly=True)
    scheduled_date_end = fields.Datetime("End", readonly=True)
    duration = fields.Float("Hours", aggregator="sum", readonly=True)
    confirmation_status = fields.Selection(CONFIRMATION_STATUS, readonly=True)
    confirmation_user_id = fields.Many2one(
        "res.users", "Response Set By", readonly=True
    )

    message_id = fields.Many2one("fsm.confirmation", readonly=True)
    partner_id = fields.Many2one("res.partner", "Contact", readonly=True)
    contact_name = fields.Char(readonly=True)
    company_name = fields.Char("Customer Company", readonly=True)
    mobile = fields.Char("Mobile Number", readonly=True)
    asked_date = fields.Datetime("Asked On", readonly=True)
    reply_body = fields.Text("Customer's Words", readonly=True)
    reply_date = fields.Datetime("Answered On", readonly=True)
    customer_note = fields.Text("Customer's Note", compute="_compute_customer_note")
    needs_reading = fields.Boolean("Unread Reply", readonly=True)

    step_id = fields.Many2one(
        "fsm.confirmation.plan.step",
        "Plan Step",
        readonly=True,
        # Odoo reads it from here only.
        falsy_value_label=_lt("Not by a plan"),  # pylint: disable=translation-field
    )
    sent_hour = fields.Selection(
        lambda self: self.env["fsm.confirmation"]._get_hours(),
        "Hour Asked",
        readonly=True,
        # Odoo reads it from here only.
        falsy_value_label=_lt("Not asked"),  # pylint: disable=translation-field
    )
    # Shares: 0 or 1 for one appointment.
    asked_rate = fields.Float("Asked", aggregator="avg", readonly=True)
    answered_rate = fields.Float("Answered", aggregator="avg", readonly=True)
    confirmed_rate = fields.Float("Confirmed", aggregator="avg", readonly=True)
    answer_hours = fields.Float(
        "Time to Response (Median)", aggregator="avg", readonly=True
    )

    time_text = fields.Char(
        "Time", compute="_compute_time_text", help="Where the work happens."
    )
    board_state = fields.Selection(
        "_get_board_states",
        "Day Board",
        compute="_compute_board",
        search="_search_board_state",
    )
    remark = fields.Char(
        "Reply or Reason",
        compute="_compute_board",
        help="Why the customer can't be asked, what came back, or since when an answer "
        "is missing.",
    )
    shown_contact = fields.Char(
        "Customer", compute="_compute_board", help="Who was asked, or would be."
    )
    shown_mobile = fields.Char("Number", compute="_compute_board")
    next_steps = fields.Json(
        help="What this user can do now, the likeliest first.", **_BOARD
    )

    may_set_status = fields.Boolean(
        help="Whether this user can set the response by hand.", **_BOARD
    )

    # ------------------------------------------------------------------
    # Computes
    # ------------------------------------------------------------------

    @api.model
    def _get_board_states(self):
        """The tiles of the Day Board; see :data:`~...core.board.STATES`."""
        labels = {
            "not_asked": self.env._("Not asked"),
            "cant_ask": self.env._("Can't be asked"),
            "awaiting": self.env._("Awaiting"),
            "near": self.env._("Starting soon, unconfirmed"),
            "declined": self.env._("Declined"),
            "to_read": self.env._("To read"),
            "confirmed": self.env._("Confirmed"),
            "passed": self.env._("Past"),
        }
        return [(state, labels[state]) for state in STATES]

    @api.depends("confirmation_status", "message_id", "scheduled_date_start")
    @api.depends_context("uid", "lang", "tz")
    def _compute_board(self):
        board = self.env["fsm.day.board"]
        steps = self.env["fsm.day.board.step"]
        for appointment, found in board._examine(self).items():
            appointment.board_state = found.state
            appointment.remark = board._describe(appointment, found)
            appointment.shown_contact, appointment.shown_mobile = board._get_contact(
                appointment, found
            )
            appointment.next_steps = steps._get_steps(appointment, found)
            appointment.may_set_status = may_edit(self.env)

    @api.depends("order_id.confirmation_note", "visit_id.confirmation_note")
    @api.depends_context("uid", "lang")
    def _compute_customer_note(self):
        for appointment in self:
            note = appointment._get_appointment().confirmation_note
            appointment.customer_note = note

    @api.depends("scheduled_date_start", "scheduled_date_end", "order_id")
    @api.depends_context("lang", "tz")
    def _compute_time_text(self):
        orders_sudo = self.env["fsm.order"].sudo()
        reader = orders_sudo._get_reader_timezone()
        for appointment in self:
            order_sudo = appointment.order_id.sudo()
            zone = order_sudo._get_appointment_timezone() if order_sudo else "UTC"
            appointment.time_text = orders_sudo._format_time_in(
                zone,
                appointment.scheduled_date_start,
                appointment.scheduled_date_end,
                reader,
            )

    def _export_rows(self, fields, *, _is_toplevel_call=True):
        rows = super()._export_rows(fields, _is_toplevel_call=_is_toplevel_call)
        return harmless_rows(rows)

    @api.model
    def _read_group_select(self, aggregate_spec, query):
        if aggregate_spec == "answer_hours:avg":
            return SQL(
                "percentile_cont(0.5) WITHIN GROUP (ORDER BY %s)",
                self._field_to_sql(self._table, "answer_hours", query),
            )
        return super()._read_group_select(aggregate_spec, query)

    # ------------------------------------------------------------------
    # The Day Board
    # ------------------------------------------------------------------

    def _get_appointment(self):
        """The ``fsm.visit``, or ``fsm.order`` without visits, that this row shows."""
        self.ensure_one()
        return self.visit_id or self.order_id

    @api.model
    def get_day_board_summary(self, domain):
        """What is shown above the appointments.

        :param domain: of the current search, without the state that a tile sets
        :return: see ``fsm.day.board._get_summary``
        """
        self.check_access("read")
        return self.env["fsm.day.board"]._get_summary(domain)

    @api.model
    def get_days(self):
        """The days that the board offers, in the user's time zone.

        :return: dict ``today``, ``tomorrow``, ``working_day`` (the next one) and
            ``first`` (with which the board begins): YYYY-MM-DD
        """
        self.check_access("read")
        return self.env["fsm.day.board"]._get_days()

    def action_next_step(self, key):
        """Do one of :attr:`next_steps`.

        :return: an action's dict, or False when it is done
        :raises UserError: it can't be done (any more)
        """
        self.ensure_one()
        self.check_access("read")
        return self.env["fsm.day.board.step"]._take_step(self, key)

    def action_open(self):
        """Open the conversation, or the Work Order when nothing was said yet."""
        self.ensure_one()
        self.check_access("read")
        if self.message_id:
            return self.message_id.action_open_details()
        return self.action_open_order()

    def action_open_order(self):
        """Open the Work Order."""
        self.ensure_one()
        self.check_access("read")
        return self.order_id._get_records_action(context={})

    def action_set_status(self, status):
        """Set the answer by hand.

        :param status: one of :data:`SET_ON_BOARD`
        :raises AccessError: the user's level is below Edit
        """
        self.ensure_one()
        check_may_edit(self.env)
        self.check_access("read")
        if status not in SET_ON_BOARD:
            raise UserError(self.env._("This status can't be set here."))
        self._get_appointment().write({"confirmation_status": status})
        return False

    def action_ask(self):
        """Open the dialog that asks about all of these that were not asked about."""
        return self._ask_many(again=False)

    def action_ask_again(self):
        """As :meth:`action_ask`, also about those not answered yet."""
        return self._ask_many(again=True)

    def _ask_many(self, again):
        check_may_edit(self.env)
        self.check_access("read")
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "fieldservice_job_confirmation.fsm_confirmation_batch_action"
        )
        action["context"] = {
            "default_order_ids": self.order_id.ids,
            "default_visit_ids": self.visit_id.ids,
            "default_is_again": again,
        }
        return action

    @api.model
    def action_ask_all(self, domain):
        """Open the dialog that asks about every one of these that was not asked about.

        :param domain: of the current search, without the state that a tile sets
        """
        check_may_edit(self.env)
        examined = self._examine_all(Domain(domain))
        ids = [rec.id for rec, found in examined.items() if found.state == "not_asked"]
        return self.browse(ids).action_ask()

    def action_mark_read(self):
        """A person read what the customers wrote; their answers stay as they are.

        :raises AccessError: the user's level is below Edit
        """
        check_may_edit(self.env)
        self.check_access("read")
        self.message_id.action_mark_read()
