# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
from datetime import timedelta

from odoo import api, fields, models

from ...core import hours
from ...core.alerts import WAITING
from ...core.formatting import localize
from ...core.hours import JUST_NOW

# Twilio keeps a text for ten hours at most; for less than this it may never send it.
_LONGEST_VALIDITY = timedelta(hours=10)
_SHORTEST_VALIDITY = timedelta(seconds=10)


class FsmConfirmationDeparture(models.AbstractModel):
    """When a text that a person sends goes out, and how the screen says so.

    The rules are in :mod:`...core.hours`.
    """

    _name = "fsm.confirmation.departure"
    _description = "Departure of Confirmations"

    @api.model
    def _find(self, draft):
        """When a text that is sent now goes out, with the reason if it has to wait.

        :param draft: :class:`~...fsm_confirmation_composer.Draft`
        :return: as of :meth:`_find_in`
        """
        if draft.at_once_reason or draft.leaves_at_once or not draft.company:
            now = fields.Datetime.now()
            return now, now
        return self._find_in(draft.timezone, draft.company)

    @api.model
    def _find_in(self, zone, company):
        """When a text goes out that is sent now.

        :param zone: the time zone where the work happens, "" for a text about none
        :return: (now, departure), naive UTC: the same in the texting hours; departure
            is None when they never come
        """
        now = fields.Datetime.now()
        return now, company._get_next_departure(now, zone)

    @api.model
    def _get_facts(self, draft):
        """Facts for :mod:`...core.alerts` about a text that a person sends."""
        now, departure = self._find(draft)
        start = draft.start
        too_late = not departure or (bool(start) and now < start <= departure)
        return {
            "too_late": too_late and departure != now,
            "outside_hours": departure != now,
        }

    @api.model
    def _get_at_once_until(self, draft):
        """Until when the text may be sent whatever the hour, False if it has to wait.

        A person who presses Send within the texting hours need not fear that they end
        meanwhile. Automatic texts keep to the hours.
        """
        now, departure = self._find(draft)
        return not draft.keeps_hours and departure == now and now + JUST_NOW

    @api.model
    def _get_validity(self, record):
        """How many seconds Twilio may keep a text that is sent to it now.

        A text that Twilio queues must not arrive at night or after the appointment.
        """
        now = fields.Datetime.now()
        end = now + _LONGEST_VALIDITY
        company_sudo = record.company_id.sudo()
        if not record.at_once_until or record.at_once_until < now:
            zone = company_sudo._get_known_timezone(record.timezone)
            windows = company_sudo._get_texting_windows()
            end = hours.leaves_until(now, zone, windows, _LONGEST_VALIDITY)
        if record.appointment_start and record.appointment_start > now:
            end = min(end, record.appointment_start)
        return int(max(end - now, _SHORTEST_VALIDITY).total_seconds())

    @api.model
    def _describe(self, draft):
        """Say what time it is at the place of work, and when the text goes out."""
        known = self._get_words(draft)
        if "time" not in known:
            return self._describe_too_late(draft)
        return self.env._(
            "It is %(now)s in %(place)s: the text is sent %(day)s at %(time)s.", **known
        )

    @api.model
    def _describe_too_late(self, draft):
        """Say what time it is at the place of work, and why a text is too late."""
        known = self._get_words(draft)
        if "time" not in known:
            return self.env._(
                "It is %(now)s in %(place)s, and there are no texting hours: call, or "
                "send the text now with a reason.",
                **known,
            )
        return self.env._(
            "It is %(now)s in %(place)s. Texts go out again %(day)s at %(time)s, and "
            "the appointment will have started by then: call, or send the text now "
            "with a reason.",
            **known,
        )

    @api.model
    def _find_waiting(self, drafts):
        """What the user should know of drafts that can't be sent now, each once.

        :param drafts: list of :class:`Draft` that a person sends, with their alerts
        :return: list of str, empty in the texting hours
        """
        alerts = [alert for draft in drafts for alert in draft.alerts]
        texts = [alert.text for alert in alerts if alert.code in WAITING]
        return list(dict.fromkeys(texts))

    @api.model
    def _get_words(self, draft):
        """:return: dict ``now``, ``place``, and ``day`` and ``time`` if there are any
        texting hours"""
        now, departure = self._find(draft)
        zone = draft.timezone
        known = {
            "now": draft.order._format_time_in(zone, now),
            "place": draft.order.location_id.city or zone.split("/")[-1],
        }
        if departure:
            known["day"] = self._describe_day(draft.order, zone, now, departure)
            known["time"] = draft.order._format_time_in(zone, departure)
        return known

    @api.model
    def _describe_day(self, order, zone, now, departure):
        today, day = localize(now, zone).date(), localize(departure, zone).date()
        if day == today:
            return self.env._("today")
        if day == today + timedelta(days=1):
            return self.env._("tomorrow")
        return self.env._("on %s", order._format_date_in(zone, departure))

    @api.model
    def _is_kept_for_hours(self, draft):
        """Whether a draft would wait for the texting hours if there were no reason."""
        now, departure = self._find_in(draft.timezone, draft.company)
        return not draft.is_email and departure != now

    @api.model
    def _log_reasons(self, drafts, records_sudo):
        """Write into the histories why texts were sent outside the texting hours."""
        chatter = self.env["fsm.confirmation.chatter"]
        for draft, record_sudo in zip(drafts, records_sudo, strict=True):
            if draft.at_once_reason and self._is_kept_for_hours(draft):
                sentence = self.env._(
                    "Sent outside the texting hours: %s", draft.at_once_reason
                )
                targets = [record_sudo, record_sudo.order_id, record_sudo.partner_id]
                chatter._log(targets, sentence, record_sudo.company_id)
