# License AGPL-3.0 or later (https://www.gnu.org/licenses/agpl).
"""Whether an appointment's customer is to be asked now, by which step, or why not.

Everything is worked out from the data as they are, at the moment when it is asked for.
Datetimes are naive UTC; windows are those of :mod:`core.hours`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from .board import PATIENCE, SOON
from .formatting import localize
from .hours import LONGEST_CLOSED, may_leave, next_departure, to_utc
from .status import change_reason

# A step this much later than planned is late: then it needs the least notice.
GRACE = timedelta(hours=1)
# Nobody gets two automatic texts about one appointment within this time.
REST = timedelta(hours=12)
# When to check again what keeps a text back, like a missing number.
LOOK_AGAIN = timedelta(minutes=30)
# The longest that a finding holds, as something may have changed unnoticed.
_LONGEST_OUTLOOK = timedelta(days=1)
# How long before the texting hours end a step outside them is sent.
_BEFORE_CLOSING = 1.0  # hours

# audience of a step -> the ``confirmation_status`` of who belongs to it
AUDIENCES = {
    "not_asked": ("not_sent", "reconfirm"),
    "unanswered": ("awaiting",),
    "unconfirmed": ("not_sent", "reconfirm", "awaiting"),
    "confirmed": ("confirmed",),
}
ASKED_ABOUT = AUDIENCES["unconfirmed"]
# Who is only reminded: the text asks nothing.
REMINDED = "confirmed"
# All that the planner looks at.
LOOKED_AT = (*ASKED_ABOUT, *AUDIENCES[REMINDED])
# Reasons why a text is not sent now, but will be automatically. Empty: it is sent now.
WAITING = ("", "later", "settling", "hours", "asked_lately", "daily_limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """When customers are asked, and which of them.

    Either ``days`` before at ``hour`` on the clock of the place of work, or ``hours``
    before the start.
    """

    id: int
    audience: str = "unconfirmed"  # a key of AUDIENCES
    days: int | None = None
    hour: float = 9.0
    hours: float = 0.0
    held: bool = False  # A person keeps it back.

    @property
    def is_reminder(self):
        return self.audience == REMINDED


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in which customers are asked."""

    steps: tuple
    # How long before the start a late step must be sent at the latest.
    notice: timedelta = timedelta(hours=4)
    # How long before the start unconfirmed customers are called; 0: never.
    to_people: timedelta = timedelta()

    def get_steps_for(self, status):
        """The steps that may come to an appointment of a ``confirmation_status``."""
        confirmed = status in AUDIENCES[REMINDED]
        return [step for step in self.steps if step.is_reminder == confirmed]

    def get_notice_for(self, step):
        """``notice`` of a step, None for a reminder: it is only useful on time."""
        return None if step.is_reminder else self.notice


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedAppointment:
    """An appointment as it is now."""

    start: datetime | None
    zone: str  # name of the time zone of the place of work
    status: str = "not_sent"  # a ``confirmation_status``
    is_closed: bool = False  # The work is done or canceled.
    held: bool = False  # A person keeps automatic texts back.
    # From when on its date is asked about: it was moved, and may be moved once more.
    settled: datetime | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text about the appointment that was recorded, by whomever."""

    date: datetime
    start: datetime | None  # that it spoke of; None: it told that it was canceled
    step: int | None = None  # id of the step that it was recorded for
    end: datetime | None = None  # of the window that it spoke of
    arrived: bool = True  # The customer has got it, as far as known, or will.
    id: int = 0


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets the text."""

    daily_limit: int  # the most automatic texts to the number on that day
    block: str = ""  # what stands in the way, a key of :data:`core.alerts.ALERTS`
    texts_today: int = 0  # automatic ones to the number, on the day where the work is


@dataclass(frozen=True, slots=True)
class PlanDecision:
    """What is to be done about an appointment now.

    With a step and no reason the text is due. With a reason nothing is sent now; ``at``
    says when that may change, None if time alone changes nothing.
    """

    step: Step | None = None
    reason: str = ""
    at: datetime | None = None

    @property
    def is_due(self):
        return self.step is not None and not self.reason


def decide(appointment, texts, plan, windows, now, recipient=None):
    """The step that is due, or the reason why none is.

    :param appointment: :class:`PlannedAppointment`
    :param texts: list of :class:`Text` about it, the oldest first
    :param plan: :class:`Plan`, None when none applies
    :param recipient: :class:`Recipient`; None looks at the dates alone
    :return: :class:`PlanDecision`
    """
    reason = _get_exclusion(appointment, plan, now)
    if reason:
        return PlanDecision(reason=reason)
    texts, _after = find_holding(texts, appointment)
    asked = max((text.date for text in texts), default=None)
    placed = _place_steps(plan, appointment, windows)
    if placed is None:
        return PlanDecision(reason="no_hours")
    steps = _find_steps_left(placed, texts, asked)
    due = [
        (at, step)
        for at, step in steps
        if at <= now and appointment.status in AUDIENCES[step.audience]
    ]
    coming = next(((at, step) for at, step in steps if at > now), None)
    decision = None
    if due:
        # Never two at once: what an earlier step would have said is said with this.
        at, step = due[-1]
        when = _find_departure(asked, now, appointment.zone, windows)
        notice = plan.get_notice_for(step)
        if _is_in_time(at, when, appointment.start, notice):
            calm = _find_settled(when, appointment, windows)
            if calm != when and _is_in_time(at, calm, appointment.start, notice):
                return PlanDecision(step, "settling", calm)
            decision = _judge(step, when, asked, now, recipient)
            if decision.reason == "daily_limit":
                decision = put_off(step, now, appointment, plan, windows)
            if decision.reason != "over_limit":
                return decision
        else:
            opens = next_departure(now, appointment.zone, windows)
            is_open = opens is not None and opens < appointment.start
            decision = PlanDecision(step, "too_late" if is_open else "no_hours")
    if coming:
        return PlanDecision(coming[1], "later", coming[0])
    return decision or PlanDecision(reason="no_step_left")


def _get_exclusion(appointment, plan, now):
    """Why the appointment as it is gets no text at all, "" if it may get one."""
    if appointment.start is None:
        return "undated"
    checks = (
        ("closed", appointment.is_closed),
        ("past", appointment.start <= now),
        (appointment.status, not _may_be_texted(appointment.status, plan)),
        ("no_plan", plan is None or not plan.steps),
        ("held", appointment.held),
    )
    return next((reason for reason, holds in checks if holds), "")


def _may_be_texted(status, plan):
    """Whether an appointment of that status is asked about, or reminded of."""
    if status in AUDIENCES[REMINDED]:
        return plan is not None and bool(plan.get_steps_for(status))
    return status in ASKED_ABOUT


def find_holding(texts, appointment):
    """The texts that speak of an appointment as it is.

    What was said before another date was told does not hold any more: going back to it
    is another change. A new start within the window that a customer has confirmed is
    none.

    :param texts: list of :class:`Text`, the oldest first
    :return: (list of those that hold, id of the newest that does not, 0 without one)
    """
    confirmed = appointment.status in AUDIENCES[REMINDED]
    holding = []
    for text in reversed(texts):
        end = text.end if confirmed else None
        if not change_reason(text.start, appointment.start, end):
            holding.append(text)
        elif text.arrived:
            return holding[::-1], text.id
    return holding[::-1], 0


def _find_settled(when, appointment, windows):
    """When a text that may leave at ``when`` leaves if it waits for the date to settle.

    :return: naive UTC datetime, ``when`` itself when it need not wait; None for never
    """
    if appointment.settled is None or appointment.settled <= when:
        return when
    return next_departure(appointment.settled, appointment.zone, windows)


def _place_steps(plan, appointment, windows):
    """The steps that may come to it, with their times.

    :return: list of (datetime, step); None when the texting hours allow none of them
    """
    steps = plan.get_steps_for(appointment.status)
    placed = [
        (at, step)
        for step in steps
        if (at := find_time(step, appointment.start, appointment.zone, windows))
    ]
    if steps and not placed:
        return None
    return [(at, step) for at, step in placed if at < appointment.start]


def _find_steps_left(placed, texts, asked):
    """The steps that are left after what was sent, with their times.

    :param placed: as of :func:`_place_steps`
    :param asked: datetime of the last text, None without one
    :return: list of (datetime, step), in time
    """
    # Clocks of several hosts differ: a step that was done is known by its id as well.
    done = {text.step for text in texts}
    said = [at for at, step in placed if step.id in done]
    last = max([*said, *([asked] if asked else [])], default=datetime.min)
    return sorted(
        ((at, step) for at, step in placed if at > last), key=lambda pair: pair[0]
    )


def _find_departure(asked, now, zone, windows):
    """The next time at which a text may leave, None when there is none."""
    earliest = max(now, asked + REST) if asked else now
    return next_departure(earliest, zone, windows)


def _is_in_time(at, when, start, notice):
    """Whether a step planned for ``at`` is still useful when sent at ``when``.

    :param notice: see :class:`Plan`; None for what is only useful on time
    """
    if when is None or when >= start:
        return False
    return when - at <= GRACE or (notice is not None and start - when >= notice)


def _judge(step, when, asked, now, recipient):
    """A step whose time has come, and that is in time: does it leave now?"""
    if step.held:
        return PlanDecision(step, "step_held")
    if when > now:
        rested = asked is None or asked + REST <= now
        return PlanDecision(step, "hours" if rested else "asked_lately", when)
    if recipient is None:
        return PlanDecision(step, at=now)
    if recipient.block:
        return PlanDecision(step, recipient.block, now + LOOK_AGAIN)
    if recipient.texts_today >= recipient.daily_limit:
        return PlanDecision(step, "daily_limit")
    return PlanDecision(step, at=now)


def put_off(step, at, appointment, plan, windows):
    """Decide about a text for which the number has got too many texts on a day.

    :param at: naive UTC datetime at which it would leave
    """
    tomorrow = localize(at, appointment.zone).date() + timedelta(days=1)
    midnight = to_utc(tomorrow, 0, appointment.zone)
    when = next_departure(midnight, appointment.zone, windows)
    planned = find_time(step, appointment.start, appointment.zone, windows)
    if _is_in_time(planned, when, appointment.start, plan.get_notice_for(step)):
        return PlanDecision(step, "daily_limit", when)
    return PlanDecision(step, "over_limit")


def needs_call(appointment, plan, asked, reason, now):
    """Whether a person has to call the customer: the last step of a plan.

    A text that is still to come gets its chance first, as far as time allows.

    :param appointment: :class:`PlannedAppointment`
    :param plan: :class:`Plan`
    :param asked: datetime at which the customer was asked last, None if never
    :param reason: of the planner's :class:`PlanDecision`
    """
    if appointment.is_closed or appointment.status not in ASKED_ABOUT:
        return False
    left = appointment.start - now
    if not timedelta() < left <= plan.to_people:
        return False
    if left <= SOON:
        return True
    if appointment.status in AUDIENCES["unanswered"]:
        return asked is None or now - asked >= PATIENCE
    return reason not in WAITING


# ----------------------------------------------------------------------
# The time of a step
# ----------------------------------------------------------------------


def find_time(step, start, zone, windows):
    """When a step is to be sent for an appointment, None if never.

    A closed day is replaced by the last open day before it. Outside the texting hours,
    a step of days is moved to their beginning or shortly before their end, a step of
    hours to shortly before they last ended.
    """
    if step.days is None:
        moment = start - timedelta(hours=step.hours)
        if may_leave(moment, zone, windows):
            return moment
        return _find_open_before(moment, zone, windows)
    day = localize(start, zone).date() - timedelta(days=step.days)
    for back in range(LONGEST_CLOSED):
        open_day = day - timedelta(days=back)
        hours = _get_windows(open_day, windows)
        if hours:
            return to_utc(open_day, _fit(step.hour, hours), zone)
    return None


def _get_windows(day, windows):
    return sorted((begin, end) for begin, end in windows(day) if begin < end)


def _fit(hour, hours):
    """The hour of the day that lies in the texting hours and is nearest to ``hour``.

    :param hours: sorted list of (begin, end), not empty
    """
    for begin, end in hours:
        if hour < end:
            return max(hour, begin)
    return _close(*hours[-1])


def _close(begin, end):
    """When to send a text that must be sent before these hours end."""
    return max(begin, end - _BEFORE_CLOSING)


def _find_open_before(moment, zone, windows):
    """Shortly before the texting hours last ended, None if there were none."""
    today = localize(moment, zone).date()
    for back in range(LONGEST_CLOSED):
        day = today - timedelta(days=back)
        for begin, end in reversed(_get_windows(day, windows)):
            if to_utc(day, end, zone) <= moment:
                return to_utc(day, _close(begin, end), zone)
    return None


def find_latest_look(plan, appointment, windows, now):
    """When to look at an appointment again at the latest, whatever was found.

    So a customer who confirms meanwhile is reminded in time.

    :param plan: :class:`Plan`, or None
    """
    reminders = (
        find_time(step, appointment.start, appointment.zone, windows)
        for step in (plan.steps if plan else ())
        if step.is_reminder
    )
    coming = [at for at in reminders if at and at > now]
    return min([appointment.start, now + _LONGEST_OUTLOOK, *coming])


def find_horizon(steps, windows, today):
    """How long before its start an appointment has to be looked at: a timedelta.

    What is to be asked on the closed days that follow is asked before them.

    :param today: ``datetime.date`` (UTC)
    """
    leads = [
        timedelta(hours=step.hours) if step.days is None else timedelta(step.days + 1)
        for step in steps
    ]
    # Where the work is it may be the day before or after.
    closed = max(
        _count_closed(today + timedelta(days=ahead), windows) for ahead in range(3)
    )
    return max(leads, default=timedelta()) + timedelta(days=closed + 2)


def _count_closed(day, windows):
    """How many days are closed in a row from one on."""
    for ahead in range(LONGEST_CLOSED):
        if _get_windows(day + timedelta(days=ahead), windows):
            return ahead
    return LONGEST_CLOSED


def get_week(day):
    """The seven days from a ``datetime.date`` on."""
    return [day + timedelta(days=ahead) for ahead in range(7)]
