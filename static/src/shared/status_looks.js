/**
 * How each status looks wherever it is shown: marks, tiles, calendar, conversation and
 * charts. Its word comes from the server; the colours of each look stand in
 * status_looks.scss. Colour is never the only sign: every look has an icon as well.
 */
export const STATUS_LOOKS = {
    confirmed: {icon: "fa-check-circle", look: "confirmed"},
    declined: {icon: "fa-calendar-times-o", look: "declined"},
    opted_out: {icon: "fa-ban", look: "opted_out"},
    unrecognized: {icon: "fa-question-circle", look: "unrecognized"},
    reconfirm: {icon: "fa-refresh", look: "reconfirm"},
    moved: {icon: "fa-refresh", look: "reconfirm"},
    awaiting: {icon: "fa-clock-o", look: "awaiting"},
    needs_reading: {icon: "fa-envelope", look: "needs_reading"},
    failed: {icon: "fa-exclamation-triangle", look: "failed"},
    canceled: {icon: "fa-times", look: "quiet"},
    no_answer: {icon: "fa-minus-circle", look: "quiet"},
    not_sent: {icon: "fa-circle-o", look: "quiet"},
};

/** @param {String|false} status */
export const getStatusLook = (status) => STATUS_LOOKS[status] || STATUS_LOOKS.not_sent;
