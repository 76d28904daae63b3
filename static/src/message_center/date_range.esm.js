import {_t} from "@web/core/l10n/translation";
import {formatDate} from "@web/core/l10n/dates";
import {user} from "@web/core/user";

const {DateTime} = luxon;

export const DATE_FIELDS = {
    sent_date: () => _t("Sent"),
    appointment_start: () => _t("Appointment"),
};
// The only date of the Day Board.
const OTHER_FIELDS = {scheduled_date_start: () => _t("Day")};

/** Today where the user is, which need not be where the browser is. */
export function getToday() {
    const now = DateTime.now().setZone(user.tz || "local");
    return now.isValid ? now : DateTime.now();
}

/**
 * Ready-made ranges.
 *
 * @param {String} field the date that is being looked at
 * @param {luxon.DateTime} [today]
 * @returns {Object[]} key, label and the range that it sets
 */
export function getPresets(field, today = getToday()) {
    const days = (start, end) => ({
        start: today.plus({days: start}).toISODate(),
        end: today.plus({days: end}).toISODate(),
    });
    const month = {
        start: today.startOf("month").toISODate(),
        end: today.endOf("month").toISODate(),
    };
    if (field === "appointment_start") {
        return [
            {key: "today", label: _t("Today"), range: {field, ...days(0, 0)}},
            {key: "tomorrow", label: _t("Tomorrow"), range: {field, ...days(1, 1)}},
            {key: "next_days", label: _t("Next 7 days"), range: {field, ...days(0, 6)}},
            {key: "month", label: _t("This month"), range: {field, ...month}},
        ];
    }
    return [
        // What a dispatcher asks every afternoon: one click from anywhere.
        {
            key: "appointments_tomorrow",
            label: _t("Tomorrow's appointments"),
            range: {field: "appointment_start", ...days(1, 1)},
        },
        {key: "today", label: _t("Today"), range: {field, ...days(0, 0)}},
        {key: "last_days", label: _t("Last 7 days"), range: {field, ...days(-6, 0)}},
        {key: "month", label: _t("This month"), range: {field, ...month}},
    ];
}

/**
 * Put the days of a range in order.
 *
 * @returns {[Object, Boolean]} the range, and whether its days were swapped
 */
export function orderRange(range) {
    const {start, end} = range;
    if (start && end && start > end) {
        return [{...range, start: end, end: start}, true];
    }
    return [range, false];
}

/**
 * The domain of a range, both days included.
 *
 * The server reads a day as the time at which it begins in the user's time zone. The
 * day after the last one is named, because a day is not always 24 hours long.
 */
export function rangeDomain({field, start, end}) {
    const domain = [];
    if (start) {
        domain.push([field, ">=", start]);
    }
    if (end) {
        const after = DateTime.fromISO(end, {zone: "utc"}).plus({days: 1});
        domain.push([field, "<", after.toISODate()]);
    }
    return domain.length === 2 ? ["&", ...domain] : domain;
}

/** A range in words, for its facet. */
export function describeRange({field, start, end}) {
    const what = {...DATE_FIELDS, ...OTHER_FIELDS}[field]();
    const text = (day) => formatDate(DateTime.fromISO(day));
    if (start && start === end) {
        return _t("%(what)s: %(day)s", {what, day: text(start)});
    }
    if (start && end) {
        return _t("%(what)s: %(start)s to %(end)s", {
            what,
            start: text(start),
            end: text(end),
        });
    }
    if (start) {
        return _t("%(what)s: from %(start)s", {what, start: text(start)});
    }
    return end ? _t("%(what)s: through %(end)s", {what, end: text(end)}) : what;
}
