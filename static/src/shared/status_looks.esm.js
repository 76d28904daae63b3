import {_t} from "@web/core/l10n/translation";

/**
 * How each status looks wherever it is shown: marks, tiles, calendar, conversation,
 * charts. Color is never the only sign: every status has an icon and its word as well.
 * In charts they stand in this order.
 *
 * - `icon`: of Font Awesome
 * - `look`: which colors of status_looks.scss
 * - `chart`: the color of its bars
 * - `event`: the color of an event in a calendar, below dark words
 * - `short`: its word where there is little room; elsewhere the server's is shown
 */
export const STATUS_LOOKS = {
    confirmed: {
        icon: "fa-check-circle",
        look: "confirmed",
        chart: "#2e9e57",
        event: "#8fd6a6",
        short: _t("Confirmed"),
    },
    declined: {
        icon: "fa-calendar-times-o",
        look: "declined",
        chart: "#f2c230",
        event: "#ffe28a",
        short: _t("Declined"),
    },
    unrecognized: {
        icon: "fa-question-circle",
        look: "unrecognized",
        chart: "#8a63d2",
        event: "#c9b3ee",
        short: _t("Unrecognized"),
    },
    opted_out: {
        icon: "fa-ban",
        look: "opted_out",
        chart: "#b3202c",
        event: "#f1a3a9",
        short: _t("Opted out"),
    },
    reconfirm: {
        icon: "fa-refresh",
        look: "reconfirm",
        chart: "#f08c3a",
        event: "#ffcfa8",
        short: _t("Ask again"),
    },
    moved: {icon: "fa-refresh", look: "reconfirm", chart: "#f08c3a"},
    awaiting: {
        icon: "fa-clock-o",
        look: "awaiting",
        chart: "#9aa3ab",
        event: "#d0d5da",
        short: _t("Awaiting"),
    },
    times_proposed: {
        icon: "fa-calendar-plus-o",
        look: "awaiting",
        event: "#d0d5da",
        short: _t("Times proposed"),
    },
    needs_reading: {icon: "fa-envelope", look: "needs_reading"},
    failed: {icon: "fa-exclamation-triangle", look: "failed", chart: "#e8707a"},
    canceled: {
        icon: "fa-times",
        look: "quiet",
        chart: "#e9ecef",
        event: "#f1f3f5",
        short: _t("Canceled"),
    },
    no_answer: {icon: "fa-minus-circle", look: "quiet", chart: "#d0d5da"},
    passed: {icon: "fa-history", look: "quiet"},
    // Of a text that asks nothing: how far it got.
    outgoing: {icon: "fa-hourglass-o", look: "quiet", chart: "#e9ecef"},
    sent: {icon: "fa-check", look: "quiet", chart: "#d0d5da"},
    delivered: {icon: "fa-check-square-o", look: "quiet", chart: "#c3c9ce"},
    not_sent: {
        icon: "fa-circle-o",
        look: "quiet",
        chart: "#e9ecef",
        event: "#f1f3f5",
    },
};

/**
 * @param {Object} data of an appointment, or of a record without these fields
 * @param {String|false} status its own
 * @returns {String|false} the key of its look
 */
export const getShownStatus = (data, status) => {
    // Of an appointment that doesn't take place no answer counts any more.
    if (data.confirmation_canceled) {
        return "canceled";
    }
    // The customer has yet to choose: of what was answered before, nothing counts.
    return data.confirmation_times_pending ? "times_proposed" : status;
};

/** @param {String|false} status */
export const getStatusLook = (status) => STATUS_LOOKS[status] || STATUS_LOOKS.not_sent;
