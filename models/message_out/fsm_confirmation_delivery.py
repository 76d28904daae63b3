# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from odoo import api, fields, models

from ...core import delivery
from ...core.delivery import Transition
from ...core.kinds import TIMES, ends_with_appointment

# What is copied from a text to each question that it carries.
_SHARED = ("twilio_sid", "from_number", "refused_sids", "sent_date")


class FsmConfirmationDelivery(models.AbstractModel):
    """Records what Twilio says about texts, and does what follows from it.

    What a result, a report or a look-up means is decided in :mod:`...core.delivery`.
    """

    _name = "fsm.confirmation.delivery"
    _description = "Delivery of Confirmations"

    # ------------------------------------------------------------------
    # What is heard
    # ------------------------------------------------------------------

    @api.model
    def _receive_report_sudo(self, companies_sudo, uuid, report):
        """Apply a delivery report to the text that it is about, if there is one.

        :param companies_sudo: ``res.company`` records of the account that reports
        :param uuid: of the text, from the URL that Twilio called
        :param report: :class:`~...core.delivery.Report`
        """
        messages_sudo = self.env["fsm.confirmation"].sudo()
        record_sudo = messages_sudo.search(
            [
                ("uuid", "=", uuid),
                ("state", "!=", "delivered"),  # As in the condition of the index.
                ("company_id", "in", companies_sudo.ids),
            ]
        )
        # Of a delivered or deleted message, or another account: nothing to do.
        if record_sudo:
            self._apply_report(record_sudo, report)

    @api.model
    def _apply_report(self, record, report):
        """Apply one delivery report.

        :param report: :class:`~...core.delivery.Report`
        """
        refused = (record.refused_sids or "").split()
        if delivery.is_about_another(report, record.twilio_sid, refused):
            return
        values = {}
        if report.sid and not record.twilio_sid:
            values["twilio_sid"] = report.sid
        if report.from_number and not record.from_number:
            values["from_number"] = report.from_number
            if record.sender != report.from_number:
                # One of the service's numbers: replies to it may be missed as well.
                self.env["fsm.confirmation.sender"]._get_or_create_sudo(
                    report.from_number, record.company_id
                )
        is_still_useful = delivery.may_retry(report) and self._is_still_useful(record)
        step = delivery.after_report(
            record.state,
            record.failure_type,
            report,
            attempts=record.attempt_count,
            is_still_useful=is_still_useful,
        )
        if step and step.state == "outgoing":
            # It is sent once more, under a SID of its own.
            sid = report.sid or record.twilio_sid
            refused_sids = " ".join(filter(None, [*refused, sid]))
            values.update(twilio_sid=False, refused_sids=refused_sids, sent_date=False)
        self._make_transition(record, step, values)

    @api.model
    def _is_still_useful(self, record):
        """Whether a text that wasn't delivered would still be of use if sent again."""
        alerts = self.env["fsm.confirmation.alert"]
        everything = self.env["fsm.confirmation.same.day"]._get_all(record)
        return any(
            (one.is_open or not one._asks()) and not alerts._get_departure_block(one)
            for one in everything
        )

    @api.model
    def _apply_result(self, record, result):
        """Record what a call came to.

        :param result: :class:`~...core.twilio.client.SendResult`
        """
        if result.sid and result.sid in (record.refused_sids or "").split():
            return  # A report was faster, and said that it failed.
        values = {}
        if result.sid:
            values["twilio_sid"] = result.sid
        if result.segments:
            values["segment_count"] = result.segments
        step = delivery.after_call(record.state, record.attempt_count, result)
        self._make_transition(record, step, values)

    @api.model
    def _apply_lookup(self, record, listing):
        """Record what Twilio's list said about a text whose call never came back.

        :param listing: the number's :class:`~...core.twilio.client.Listing`, or None
            when Twilio could not be asked
        """
        if record.state != "sending" or record.twilio_sid:
            return  # A delivery report was faster.
        if listing is None:
            self._apply_failed_lookup(record)
            return
        message, is_certain = self._find_in_list(record, listing)
        if message:
            found = Transition("sent", accepted=True)
            self._make_transition(record, found, {"twilio_sid": message.sid})
            self._apply_report(record, self._to_report(message))
            return
        if self._is_list_late(record, listing):
            self._apply_failed_lookup(record)
            return
        alerts = self.env["fsm.confirmation.alert"]
        useful = self._is_still_useful(record)
        alert = None if useful else alerts._get_departure_block(record)
        step = delivery.after_missing_in_list(
            age=fields.Datetime.now() - record.claimed_date,
            attempts=record.attempt_count,
            code=record.error_code,
            is_certain=is_certain,
            block=alert.text if alert else "",
        )
        self._make_transition(record, step)

    @api.model
    def _apply_check(self, record, message):
        """Record what Twilio said about a text that it has.

        :param message: :class:`~...core.twilio.client.Message`, or None when Twilio
            could not be asked
        """
        if record.state not in ("sending", "sent"):
            return  # A delivery report was faster.
        dates = filter(None, [record.claimed_date, record.sent_date])
        age = fields.Datetime.now() - min(dates)
        report = self._to_report(message) if message else delivery.Report("")
        if message:
            record.check_count = delivery.count_checks(age)
            self._apply_report(record, report)
        self._make_transition(record, delivery.after_check(record.state, report, age))

    @api.model
    def _to_report(self, message):
        """What Twilio says about a text when it is asked, as a delivery report.

        :param message: :class:`~...core.twilio.client.Message`
        """
        return delivery.Report(
            message.status,
            sid=message.sid,
            code=message.error_code,
            from_number=message.sender if message.sender.startswith("+") else "",
        )

    @api.model
    def _apply_failed_lookup(self, record):
        """Record that Twilio couldn't be asked, maybe not for the first time."""
        now = fields.Datetime.now()
        if not record.lookup_failed_since:
            record.lookup_failed_since = now
            return
        unanswered = now - record.lookup_failed_since
        self._make_transition(record, delivery.after_failed_lookup(unanswered))

    @api.model
    def _find_in_list(self, record, listing):
        """The message in Twilio's list that carries this text.

        :return: see :func:`~...core.delivery.find_in_list`
        """
        listed = [message.sid for message in listing.messages]
        mine = [("mobile", "=", record.mobile), ("id", "!=", record.id)]
        others = record.search([*mine, ("twilio_sid", "in", listed)])
        known = set(others.mapped("twilio_sid"))
        for again in record.search(
            [("mobile", "=", record.mobile), ("refused_sids", "!=", False)]
        ):
            known.update(again.refused_sids.split())
        lost = [("state", "=", "sending"), ("twilio_sid", "=", False)]
        return delivery.find_in_list(
            listing,
            record.body,
            record.sender,
            record.claimed_date,
            known,
            others=record.search([*mine, *lost]).mapped("body"),
        )

    @api.model
    def _is_list_late(self, record, listing):
        """Whether Twilio's list still lacks another text that Twilio had by then."""
        complete = fields.Datetime.now() - delivery.LIST_COMPLETE_AFTER
        around = record.search(
            [
                ("mobile", "=", record.mobile),
                ("company_id", "=", record.company_id.id),
                ("twilio_sid", "!=", False),
                ("claimed_date", ">=", record.claimed_date - delivery.LIST_BEFORE),
                ("claimed_date", "<=", complete),
            ]
        )
        listed = {message.sid for message in listing.messages}
        return not listed.issuperset(around.mapped("twilio_sid"))

    # ------------------------------------------------------------------
    # What follows
    # ------------------------------------------------------------------

    @api.model
    def _make_transition(self, record, step, values=None):
        """Move a text to its next state, with the questions that it carries.

        :param step: :class:`~...core.delivery.Transition`, None when its state stays
        :param values: further field values, written along
        """
        if not (step or values):
            return
        state = record.state
        self._make_one_transition(record, step, values)
        carried = self.env["fsm.confirmation.same.day"]._get_all(record) - record
        shared = {name: values[name] for name in _SHARED if name in (values or {})}
        for other in carried.filtered(lambda rec: rec.state == state):
            self._make_one_transition(other, step, shared)

    @api.model
    def _make_one_transition(self, record, step, values=None):
        """Move one question to its next state, with all that follows from it."""
        if step and step.accepted and record.state in ("failed", "canceled"):
            record._reopen()
        record.write({**(values or {}), **self._prepare_values(record, step)})
        if step and step.state == "failed":
            self._on_failed(record)
        elif step and step.state == "canceled":
            self._close_unsent(record)
            record.sudo().mail_id.cancel()
        if step and step.is_void:
            self.env["fsm.confirmation.outlook"]._forget_sudo(record.order_id)
        self.env["fsm.confirmation.chatter"]._refresh(record)
        record._notify_changed()

    @api.model
    def _prepare_values(self, record, step):
        """Field values of a text's next state; see :meth:`_make_transition`."""
        if not step:
            return {}
        now = fields.Datetime.now()
        values = {
            "state": step.state,
            "error_code": step.code,
            "failure_reason": self._describe_step(step) or False,
            "failure_type": step.failure or False,
            "failed_date": step.state == "failed" and now,
            "next_attempt_date": step.pause and now + step.pause,
        }
        if step.is_void:
            values["step_id"] = False
        if step.accepted and not record.sent_date:
            # A report may be late: a reply may have come before it.
            values["sent_date"] = record.claimed_date or now
        if step.state == "delivered":
            values["delivered_date"] = now
        return values

    @api.model
    def _defer(self, records, departure):
        """Make texts wait for the texting hours; cancel those that would be too late.

        :param departure: naive UTC datetime, None when the hours never come
        """
        late = (
            self.env["fsm.confirmation.same.day"]
            ._get_all(records)
            .filtered(
                lambda rec: (
                    not departure
                    or (
                        ends_with_appointment(rec.kind)
                        and rec.appointment_start
                        and rec.appointment_start <= departure
                    )
                )
            )
        )
        reason = self.env._(
            "Its appointment begins before the next texting hours. Call instead."
        )
        stop = Transition("canceled", reason=reason)
        same_day = self.env["fsm.confirmation.same.day"]
        for record in late & records:
            mine = same_day._get_all(record) & late
            same_day._stop(record, dict.fromkeys(mine, stop))
        waiting = records - late
        if not waiting:
            return
        same_day._get_all(waiting).write(
            {
                "next_attempt_date": departure,
                "failure_reason": self.env._(
                    "Outside the texting hours where the work happens."
                ),
            }
        )
        self.env["fsm.confirmation.outbox"]._wake(waiting, departure)
        waiting._notify_changed()

    @api.model
    def _on_failed(self, record):
        """React to a text that didn't reach the customer and won't be sent again."""
        if record.failure_type in ("setup", "temporary"):
            self.env["fsm.confirmation.sender"]._report_problem_sudo(
                record.sender,
                record.company_id,
                record.error_code,
                record.failure_reason,
            )
        if record.failure_type != "consent":
            self._close_unsent(record)
            return
        others = record.search(
            [
                ("mobile", "=", record.mobile),
                ("company_id", "=", record.company_id.id),
                ("is_open", "=", True),
            ]
        )
        answered = record.filtered(lambda rec: rec._asks()) | others
        opt_outs = self.env["fsm.confirmation.opt.out"]
        opt_outs._opt_out_sudo(
            record.mobile, answered, "twilio", company=record.company_id
        )
        if not answered:
            opt_outs._on_opt_out_without_question(record)

    @api.model
    def _close_unsent(self, record):
        """Close a question that never arrived, unless another message asks it."""
        if not record._asks():
            if record.kind == TIMES and not record._may_have_arrived():
                proposals = self.env["fsm.confirmation.proposal"]
                proposals._get_slots_sudo(record)._release_sudo()
            return
        was_open, was_sent = record.is_open, record._may_have_arrived()
        record._close_sudo("failed")
        if record.state == "failed" and record._was_asked_since():
            record._mark_replaced_sudo()
        if was_open or not was_sent:
            record._get_appointment_sudo()._stop_waiting_sudo(was_sent)

    @api.model
    def _describe_step(self, step):
        """One sentence for staff: what delays or stops a text, "" when nothing does.

        :param step: :class:`~...core.delivery.Transition`
        """
        if step.accepted:
            return ""
        if step.state == "canceled":
            return step.reason
        if step.state == "failed":
            return self._describe_failure(step.failure, step.code, step.reason)
        if step.state == "sending":
            return self.env._(
                "Twilio did not answer clearly (%s); asking it what became of this "
                "text.",
                step.reason,
            )
        if not step.pause:
            return self.env._(
                "Twilio was asked and does not have this text; sending it again."
            )
        return self.env._(
            "It can't be sent right now (%(code)s); next try in %(minutes)s minutes.",
            code=step.code,
            minutes=int(step.pause.total_seconds() // 60),
        )

    @api.model
    def _describe_failure(self, failure, code, reason):
        """One sentence for staff: what went wrong and what to do.

        :param failure: a key of ``failure_type``
        """
        sentences = {
            "number": self.env._("This number can't get texts. Correct it and retry."),
            "landline": self.env._("This is a landline. Choose a mobile number."),
            "consent": self.env._("The customer opted out of texts. Call instead."),
            "setup": self.env._(
                "Twilio rejected this account's configuration. Tell an admin."
            ),
            "filtered": self.env._("The carrier blocked this text. Call instead."),
            "unreachable": self.env._("The phone is off or out of reach."),
            "temporary": self.env._("Twilio didn't accept it after several attempts."),
            "unknown": self.env._(
                "It's unclear whether this text was sent. Ask the customer "
                "before sending it again."
            ),
            "other": self.env._("Twilio refused it."),
            "email": self.env._(
                "The e-mail could not be delivered. Correct the address, or call."
            ),
        }
        detail = ": ".join(str(part) for part in (code or "", reason or "") if part)
        return f"{sentences[failure]} ({detail})" if detail else sentences[failure]
