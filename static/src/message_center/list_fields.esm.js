import {FIELD_WIDTHS} from "@web/views/list/column_width_hook";
import {dateTimeField} from "@web/views/fields/datetime/datetime_field";
import {many2OneAvatarUserField} from "@mail/views/web/fields/many2one_avatar_user_field/many2one_avatar_user_field";
import {registry} from "@web/core/registry";

// Odoo's width is for a date of another year, with seconds. These parts of it hold a
// date of this year and one of another, both without seconds.
const THIS_YEAR = 0.65;
const ANY_YEAR = 0.9;

// What the name of a time zone takes behind it, in pixels.
const ZONE = 14;

// Odoo knows its widths when the user's language is loaded.
export const getDateWidth = () => [
    Math.ceil(FIELD_WIDTHS.datetime * THIS_YEAR),
    Math.ceil(FIELD_WIDTHS.datetime * ANY_YEAR),
];
export const getAppointmentWidth = () => getDateWidth().map((width) => width + ZONE);

/** A date and time that is shown whole, however many columns there are. */
registry.category("fields").add("fsm_confirmation_datetime", {
    ...dateTimeField,
    listViewWidth: getDateWidth,
});

/** A user's picture, and the name where there is room for it. */
registry.category("fields").add("fsm_confirmation_user", {
    ...many2OneAvatarUserField,
    listViewWidth: [56, 160],
});
